"""What a student may run beside the notebook: ``check(softmax)``, with the function's name.

It tries properties that every right function has, and holds no answer; it needs NumPy only.
"""

from __future__ import annotations

import builtins
import contextlib
import copy
import difflib
import dis
import functools
import inspect
import io
import linecache
import os
import random
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.util import find_spec
from typing import Any

import numpy as np

__all__ = ["check"]

TOLERANCE = 1e-10  # for what is exact but for rounding
PUT_BACK = 1e-9  # for an argument that was moved and moved back, relative to each entry
# What a submission may import; the packages that the course allows are added at the end.
GRADER_HAS = {"IPython", "checks", "figures", "mpl_toolkits"}


def check(function: Any = ..., name: str | None = None, *more: Any) -> None:
    """Show which properties of an exercise a function has, up to the first that it has not.

    Parameters
    ----------
    function : the function itself, ``check(softmax)``; its name says which exercise it is
    name : the exercise, where the function is called something else
    """
    if function is ... or more or not isinstance(name, str | None):
        example = next(iter(EXERCISES), "name")
        raise one_line_error(f"check: one function at a time, with its name: check({example})")
    with undisturbed() as printed:
        card, problem = look_at(function, name)
    if card is not None:
        card.notes += printed.notes()
        show(card)
    if problem is not None:
        raise one_line_error(problem)


def look_at(function: Any, name: str | None = None) -> tuple[Card | None, str | None]:
    named = name or name_of(function)
    exercise = EXERCISES.get(named)
    kind = "class" if isinstance(function, type) else "function" if callable(function) else ""
    wanted = exercise.kind if exercise else kind or "function"
    if not named or kind != wanted:
        example = exercise.name if exercise else next(iter(EXERCISES), "name")
        return None, (
            f"check: this is {kind_of(function)}, not a {wanted}. Write check({example}), with the "
            f"name of your {wanted} and neither quotes nor brackets; was the name used for "
            f"something else? Then run the cell of your {wanted} again."
        )
    if exercise is None:
        return None, unknown(named)
    if lacking := what_the_grader_lacks(function):
        return None, f"{named}: it uses {lacking}"
    card = Card(exercise.signature.partition(";")[0])
    problem = try_properties(exercise.student(function, exercise, card), named)
    shown = card if problem is None or card.failed else None
    if earlier := earlier_version(function, named):
        card.notes.append(earlier)
        problem = f"{named}: {earlier}"
    return shown, problem


def try_properties(student: Student, named: str) -> str | None:
    card = student.card
    try:
        student.takes_and_returns_what_is_asked()
        student.exercise.ask(student)
    except NotWritten as missing:
        return f"{named}: {missing}"
    except Broken as broken:
        if does_nothing(student.function) and "no method" not in broken.message:
            return f"{named}: not written yet"
        card.failed, card.message, card.evidence = True, broken.message, broken.evidence
        # What is no answer at all needs another hint than a wrong one; nan is a wrong answer.
        if not card.hint or (broken.message and "nan" not in broken.message):
            card.hint = broken.hint or card.hint
        what = "does not hold: " + card.claims[-1]
        if broken.message:  # the first two claims say no more than the message does
            what = broken.message + ("; so " + what if len(card.claims) > 2 else "")
        return f"{named}: {what}"
    return None


def does_nothing(function: Any) -> bool:
    parts = [*vars(function).values()] if isinstance(function, type) else [function]
    made = [one for one in parts if inspect.isfunction(one)]
    steps = [step for one in made for step in dis.get_instructions(one)]
    empty = all(x.argval is None or x.argval is ... or x.opname == "RESUME" for x in steps)
    return empty and (isinstance(function, type) or bool(made))


def one_line_error(text: str, kind: type[BaseException] = AssertionError) -> BaseException:
    error = kind(line := " ".join(text.split()))
    error.__suppress_context__ = True
    error._render_traceback_ = lambda: [line]  # type: ignore[attr-defined]
    return error


def name_of(function: Any) -> str:
    own = function if isinstance(function, str) else str(getattr(function, "__name__", ""))
    notebook = vars(sys.modules["__main__"])
    names = [own, *(one for one in EXERCISES if notebook.get(one) is function)]
    return next((one for one in names if one in EXERCISES), own)


def meant(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, [one for one in names if one != name], 1, 0.75)
    return f" (did you mean {close[0]}?)" if close else ""


# --- What was run, and what a check leaves as it was ----------------------------------------
LAST_RUN: dict[str, tuple[str, str]] = {}  # of each name: the cell that defines it, its error
DEFINED = re.compile(r"^(?:async )?(?:def|class) +(\w+)", re.MULTILINE)


def remember(result: Any) -> None:
    cell = result.info.raw_cell
    failure = result.error_before_exec or result.error_in_exec
    failed = type(failure).__name__ if failure else ""
    LAST_RUN.update((name, (cell, failed)) for name in DEFINED.findall(cell))
    missing = str(getattr(failure, "name", "")) if failed == "NameError" else ""
    if missing in EXERCISES:
        print(f"{missing} is not there yet: {where_defined(missing)}.")
    elif missing and f"check({missing}" in cell.replace(" ", ""):
        print(unknown(missing))


def needs(shell: Any, kind: Any, error: Any, trail: Any, tb_offset: Any = None) -> None:
    *_, (frame, _) = traceback.walk_tb(trail)
    if frame.f_globals is vars(sys.modules["__main__"]) and str(error) == "not written yet":
        name = getattr(frame.f_code, "co_qualname", frame.f_code.co_name)
        line = f"This cell needs {name}, which is not written yet: write it, then run it and this."
        error._render_traceback_ = lambda: [line]
    shell.showtraceback((kind, error, trail), tb_offset=tb_offset)


def unknown(name: str) -> str:
    said = f"check: no exercise of this set is called {name!r}{meant(name, EXERCISES)}. "
    return f"{said}There are: {', '.join(EXERCISES)}"


def where_defined(name: str) -> str:
    failed = LAST_RUN.get(name, ("", ""))[1]
    again = f", which failed when it was last run ({failed})" if failed else ""
    return f"run the cell that defines {name}{again}"


def earlier_version(function: Any, named: str) -> str:
    for value in reached(function):
        name = named if value is function else getattr(value, "__name__", "")
        cell, failed = LAST_RUN.get(name, ("", ""))
        parts = vars(value).values() if isinstance(value, type) else [value]
        functions = [one for one in map(inspect.unwrap, parts) if inspect.isfunction(one)]
        if failed and home_of(value) == "__main__" and not all(stands_in(cell, functions)):
            return (
                f"this is the earlier version of {name}: the cell that was to change it"
                f" failed ({failed}). Run that cell without an error, then check again."
            )
    return ""


def stands_in(cell: str, functions: Iterable[Any]) -> Iterator[bool]:
    for one in functions:
        with contextlib.suppress(OSError, TypeError):
            lines = inspect.getsource(one).rstrip()
            more = rf"\s*\n{lines[: len(lines) - len(lines.lstrip())]}[ \t]+\S"
            yield bool(re.search(rf"^{re.escape(lines)}[ \t]*$(?!{more})", cell, re.MULTILINE))


class Printed(io.TextIOBase):
    start, lines = "", 0

    def write(self, text: str) -> int:
        self.start += text[: 80 - len(self.start)]
        self.lines += text.count("\n")
        return len(text)

    def notes(self) -> list[str]:
        first, many = self.start.strip().partition("\n")[0], max(1, self.lines)
        said = f"While it was tried it printed {many} line(s), left out here; the first: {first!a}."
        return [said] * bool(self.start)


@contextlib.contextmanager
def undisturbed() -> Iterator[Printed]:
    printed, pyplot = Printed(), sys.modules.get("matplotlib.pyplot")
    open_before = set(pyplot.get_fignums()) if pyplot else set()

    def ask(*_: Any) -> str:
        raise EOFError("input() has nobody to ask, here and while grading")

    def close_new_figures() -> None:
        if pyplot := sys.modules.get("matplotlib.pyplot"):
            for number in set(pyplot.get_fignums()) - open_before:
                pyplot.close(number)

    replaced = [
        (builtins, "input", ask),
        (SHELL, "ask_exit", sys.exit),  # the notebook's own exit() ends the kernel
        (getattr(SHELL, "display_pub", None), "publish", lambda *_, **__: print("(an output)")),
    ]
    with contextlib.ExitStack() as given_back:
        given_back.callback(np.random.set_state, np.random.get_state())
        given_back.callback(random.setstate, random.getstate())
        settings: list[Any] = [np.errstate(), np.printoptions(), warnings.catch_warnings()]
        settings += [contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed)]
        for setting in settings + ([pyplot.rc_context()] if pyplot else []):
            given_back.enter_context(setting)
        given_back.callback(close_new_figures)
        for place, name, instead in replaced:
            if hasattr(place, name):
                given_back.callback(setattr, place, name, getattr(place, name))
                setattr(place, name, instead)
        yield printed


# The IPython that runs the notebook, or None where there is none.
SHELL: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
if SHELL is not None:
    SHELL.events.register("post_run_cell", remember)
    SHELL.set_custom_exc((NotImplementedError,), needs)


# --- What the grader does not have ---------------------------------------------------------
def what_the_grader_lacks(function: Any) -> str:
    homes = (one if isinstance(one, str) else home_of(one) for one in reached(function))
    return next(filter(None, (lacked(home.partition(".")[0]) for home in homes)), "")


def reached(function: Any) -> Iterator[Any]:
    waiting, seen = [function], dict[int, Any]()
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, str | bytes | int | float | complex | np.ndarray):
            continue
        seen[id(value)] = value  # kept, so that no other value gets its id
        yield value
        waiting += [getattr(value, "__wrapped__", None)]  # what a decorator was given
        waiting += [getattr(value, "__func__", None)]  # the function behind a method
        if inspect.isfunction(value) and is_followed(value):
            imported, used = names_in(value.__code__)
            yield from imported
            waiting += [value.__globals__.get(one) for one in used if one.isidentifier()]
            waiting += [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
            for cell in value.__closure__ or ():
                with contextlib.suppress(ValueError):  # not yet filled
                    waiting.append(cell.cell_contents)
        elif isinstance(value, type) and is_followed(value):
            waiting += [*value.__bases__, *vars(value).values()]
        elif isinstance(value, functools.partial):
            waiting += [value.func, *value.args, *value.keywords.values()]
        elif isinstance(value, list | tuple | dict) and len(value) < 100:
            waiting += [*value.values()] if isinstance(value, dict) else [*value]


def is_followed(value: Any) -> bool:
    name = home_of(value).partition(".")[0]
    return name == "__main__" or not (name in GRADER_HAS or name in sys.stdlib_module_names)


def names_in(code: Any) -> tuple[list[str], list[str]]:
    steps = list(dis.get_instructions(code))
    imported = [step.argval for step in steps if step.opname == "IMPORT_NAME"]
    used = [step.argval for step in steps if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
    if "ImportError" in used or "ModuleNotFoundError" in used:  # it can do without
        imported = []
    for inside in filter(inspect.iscode, code.co_consts):
        more = names_in(inside)
        imported, used = imported + more[0], used + more[1]
    return imported, used


def home_of(value: Any) -> str:
    if inspect.ismodule(value):
        return value.__name__
    named = inspect.isroutine(value) or isinstance(value, type | np.ufunc)
    home = getattr(value if named else type(value), "__module__", None)
    if isinstance(home, str) and not isinstance(value, np.ufunc):
        return home
    # Compiled functions do not all say where they come from.
    name, modules = getattr(value, "__name__", ""), {"numpy": np, **sys.modules}
    has_it = (
        key for key, one in modules.items() if getattr(one, "__dict__", {}).get(name) is value
    )
    return next((key for key in has_it if key == "numpy" or lacked(key.partition(".")[0])), "")


def lacked(name: str) -> str:
    if {name, "*"} & GRADER_HAS or name in sys.stdlib_module_names or name == "__main__":
        return ""
    place = ""
    with contextlib.suppress(ImportError, ValueError, AttributeError):  # it is not there
        found: Any = find_spec(name)
        place = found.origin or next(iter(found.submodule_search_locations or ()), "")
    if {"site-packages", "dist-packages"} & {*os.path.normpath(place).split(os.sep)}:
        return f"{name}, which the grader does not have: write it in NumPy"
    if place and os.path.dirname(os.path.abspath(place)) == os.getcwd():
        return f"{os.path.basename(place)}, which is not handed in: put its code into the notebook"
    return ""


# --- Calling the student's function -------------------------------------------------------
class NotWritten(Exception):
    """The function, or one that it calls, is still a stub or not there at all."""


@dataclass(eq=False)
class Broken(Exception):
    message: str
    hint: str = ""
    evidence: Sequence[tuple[str, Any]] = ()


class Student:
    def __init__(self, function: Callable[..., Any], exercise: Properties, card: Card) -> None:
        self.function, self.exercise, self.card = function, exercise, card
        self.evidence: list[tuple[str, Any]] = []  # the arguments and the answer of the last call
        self.given: list[Any] = []

    def claim(self, text: str, hint: str = "") -> None:
        self.card.claims.append(text)
        self.card.hint, self.evidence = hint, []

    @property
    def examples(self) -> list[tuple[Any, ...]]:
        return self.exercise.examples()

    def __call__(self, *arguments: Any, finite: bool = True) -> Any:
        self.evidence = []
        asked = self.exercise.shape(*arguments)
        return self.answer(self.function, self.exercise.name, arguments, asked, finite)

    def called(self, function: Any, name: str, arguments: Sequence[Any]) -> Any:
        self.evidence += zip(self.exercise.parameters(name), arguments, strict=False)
        self.given = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return function(*self.given)
        except BaseException as failure:  # SystemExit among them
            raise self.stopped(failure) from None

    def answer(self, function: Any, name: str, given: Any, asked: Any, finite: bool = True) -> Any:
        value = self.called(function, name, given)
        label = "yours" if name == self.exercise.name else f"yours, from {name}"
        return self.as_asked(label, value, asked, finite)

    def as_asked(self, label: str, value: Any, asked: Any, finite: bool = True) -> Any:
        self.evidence.append((label, value))
        message, hint = problem_of(value, asked, finite, self.exercise.hint)
        if message:
            said = f"{label.removeprefix('yours, from ')}: {message}".removeprefix("yours: ")
            raise Broken(said, hint, self.evidence)
        return copy.deepcopy(value)

    def expect(self, holds: Any, **more: Any) -> None:
        if not holds:
            labelled = [(label.replace("_", " "), value) for label, value in more.items()]
            raise Broken("", "", [*self.evidence, *labelled])

    def agree(self, yours: Any, wanted: Any, tolerance: float = TOLERANCE, /, **more: Any) -> None:
        with np.errstate(invalid="ignore"):
            difference = np.abs(np.subtract(yours, wanted)).max()
        size = max(1.0, np.abs(wanted).max())
        close = difference <= tolerance * size
        if not close and difference <= 1e-4 * size:
            self.card.hint += " (It is nearly so: is a small number added, or something clipped?)"
        self.expect(close, **more, largest_difference=difference)

    def takes_and_returns_what_is_asked(self) -> None:
        names = ", ".join(self.exercise.parameters(self.exercise.name))
        self.claim(f"it takes {names or 'no arguments'}{self.exercise.also}")
        self.takes(self.function, self.exercise.name)
        self.claim(self.what_is_asked())
        for example in self.examples:
            self.tried(example)
        self.claim(
            "it leaves its inputs as they were, and the same call twice gives the same answer",
            self.exercise.purity_hint,
        )
        for example, again in zip(self.examples, self.examples, strict=True):
            first = self.tried(example, watched=True)
            self.expect(same(first, self.tried(again)), yours_at_the_first_call=first)

    def takes(self, function: Any, name: str, own: int = 0) -> None:
        parameters, listed = self.exercise.parameters(name), self.exercise.calls[name]
        asked = f"{name}({', '.join(['self'] * own + listed)})"
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):  # some compiled functions do not tell
            return
        try:
            signature.bind(*range(own + sum("=" not in text for text in listed)))
            signature.bind(*range(own + len(listed)))
        except TypeError:
            hint = "Compare the def line with the one in the notebook."
            raise Broken(f"it takes {signature}; asked for is {asked}", hint) from None
        names = list(signature.parameters)[own:]
        if names != parameters and sorted(names) == sorted(parameters):
            self.card.notes += [f"the def line has {signature}, but the order is that of {asked}"]

    def what_is_asked(self) -> str:
        asked = [self.exercise.shape(*arguments) for arguments in self.examples]
        if any(shape == () for shape in asked):
            return "it returns one number, finite"
        if all(isinstance(shape, tuple) for shape in asked):
            return "it returns a float64 array of the right shape, finite"
        return f"it returns {asked[0].words}"

    def tried(self, example: tuple[Any, ...], watched: bool = False) -> Any:
        answer = self(*example)
        if watched:
            self.left_alone(self.exercise.name, example)
        return answer

    def left_alone(self, name: str, arguments: Sequence[Any]) -> None:
        parameters = self.exercise.parameters(name)
        for label, before, after in zip(parameters, arguments, self.given, strict=False):
            if isinstance(before, np.ndarray):
                # What was moved and put back by adding may be off in the last digit.
                put_back = after.dtype == before.dtype and after.shape == before.shape
                put_back = put_back and (np.abs(after - before) <= PUT_BACK * np.abs(before)).all()
                self.expect(put_back, **{f"{label}_after_the_call": after})

    def innermost(self, failure: BaseException) -> tuple[str, str]:
        inside = vars(self.function).values() if isinstance(self.function, type) else ()
        spaces = [f.__globals__ for f in (self.function, *inside) if inspect.isfunction(f)]
        name, lines = "", []
        for frame, number in traceback.walk_tb(failure.__traceback__):
            if any(frame.f_globals is space for space in spaces):
                lines.append(linecache.getline(frame.f_code.co_filename, number).strip())
                name = frame.f_code.co_name
        led = f", there in {name}: ".join(dict.fromkeys(filter(None, lines[:1] + lines[-1:])))
        return name, f" in the line: {led}" * bool(led)

    def stopped(self, failure: BaseException) -> BaseException:
        exercise = self.exercise
        function, where = self.innermost(failure)
        if isinstance(failure, KeyboardInterrupt):
            said = f"{exercise.name}: interrupted{where}; does it ever end?"
            return one_line_error(said, KeyboardInterrupt)
        if isinstance(failure, NotImplementedError):
            own = [exercise.name, getattr(self.function, "__name__", ""), "", "__init__"]
            if function in (*own, *getattr(exercise, "parts", ())):
                return NotWritten("not written yet")
            return NotWritten(f"it calls {function}, which is not written yet")
        name = getattr(failure, "name", None)
        if type(failure) is NameError and isinstance(name, str):
            spaces = [frame.f_locals for frame, _ in traceback.walk_tb(failure.__traceback__)]
            spaces.append(getattr(inspect.unwrap(self.function), "__globals__", {}))
            what = f"no cell that was run defines it{meant(name, {*EXERCISES}.union(*spaces))}"
            what += f"; set in another method, it is self.{name}" * (self.exercise.kind == "class")
            if name in EXERCISES or name in LAST_RUN:
                what = where_defined(name)
            used = f". It is used{where}" if where else ""
            return NotWritten(f"it uses {name}, which is not there yet: {what}{used}")
        text = ""
        with contextlib.suppress(Exception):  # its own text may fail
            text = (str(failure).splitlines() or [""])[0][:200]
        error = f"{type(failure).__name__}: {text}".strip(": ")
        known = (text for kind, text in HINTS.items() if isinstance(failure, kind))
        hint = f"It was called with these arguments. {next(known, exercise.hint)}"
        if "core dimension" in text:
            hint = f"A @ B needs as many columns in A as there are rows in B. {hint}"
        return Broken(f"it stopped with {error}{where}", hint, self.evidence)


HINTS: dict[type[BaseException], str] = {  # where the cause is no wrong shape
    AttributeError: "Is the name after the dot spelt right, and set before it is used?",
    ImportError: "The grader has Python's own library and what the notebook imports.",
    RecursionError: "It calls itself: where does that end?",
    SystemExit: "A function returns; exit() and sys.exit() end the whole program.",
    EOFError: "What it needs comes in through its arguments.",
}


class StudentClass(Student):
    exercise: PropertiesOfClass

    def new(self, *arguments: Any) -> Made:
        self.evidence = []
        return Made(self, self.called(self.function, self.exercise.name, arguments))

    def takes(self, function: Any, name: str, own: int = 0) -> None:
        super().takes(function, name)
        for method in self.exercise.parts:
            found = getattr(function, method, None)
            if not callable(found):
                raise Broken(f"it has no method {method}", "Compare with the def lines above.")
            super().takes(found, method, own=1)

    def what_is_asked(self) -> str:
        return "what it returns is float64 arrays of the right shapes, finite"

    def tried(self, example: tuple[Any, ...], watched: bool = False) -> Any:
        arguments, *steps = example
        made, answers = self.new(*arguments), []
        for method, *given in steps:
            answers.append(made(method, *given))
            if watched:
                self.left_alone(method, given)
        return answers


class Made:
    def __init__(self, student: StudentClass, made: Any) -> None:
        self.student, self.made = student, made

    def __call__(self, method: str, *arguments: Any, finite: bool = True) -> Any:
        student = self.student
        function = getattr(self.made, method)
        try:
            asked = student.exercise.parts[method](self.made, *arguments)  # may use an attribute
        except (AttributeError, TypeError) as failure:
            hint = "Is every attribute that the notebook asks for set in __init__?"
            raise Broken(str(failure), hint, student.evidence) from None
        return student.answer(function, method, arguments, asked, finite)

    def read(self, attribute: str, shape: tuple[int, ...]) -> Any:
        student = self.student
        value = getattr(self.made, attribute, None)
        if value is None:
            hint = f"Is self.{attribute} set in __init__?"
            raise Broken(f"it has no attribute {attribute}", hint, student.evidence)
        return student.as_asked(f"your {attribute}", value, shape)


# --- What is asked for ---------------------------------------------------------------------
def problem_of(value: Any, asked: Any, finite: bool, hint: str) -> tuple[str, str]:
    if value is None:
        return "it returns None", "Is a return missing?"
    if not isinstance(asked, tuple):
        message, where = asked.problem_of(value, finite, hint)
        return message, where
    if asked != ():
        if any(problem := problem_of_shape(value, asked, hint)):
            return problem
        if value.dtype != np.float64:
            hint = "Which dtype does the array get when it is made?"
            return f"it returns dtype {value.dtype}, not float64", hint
    elif kind_of(value) != "a number":
        return f"it returns {kind_of(value)}, not one number", hint
    if finite and not np.all(np.abs(value) <= sys.float_info.max):  # an int may be larger
        return "it returns nan or inf", "Which line divides by 0, or takes exp or log too far?"
    return "", ""


def problem_of_shape(value: Any, shape: tuple[int, ...], hint: str) -> tuple[str, str]:
    if type(value) is not np.ndarray:
        return f"it returns {kind_of(value)}, not an array", "NumPy arrays in, an array out."
    right = value.shape == shape
    return ("", "") if right else (f"it returns shape {value.shape}, not {shape}", hint)


@dataclass
class Whole:
    shape: tuple[int, ...]
    words = "an array of whole numbers"

    def problem_of(self, value: Any, finite: bool, hint: str) -> tuple[str, str]:
        problem = problem_of_shape(value, self.shape, hint)
        if any(problem) or value.dtype.kind in "iu":
            return problem
        return f"it returns dtype {value.dtype}, not whole numbers", "Labels and counts are int."


@dataclass
class Several:
    parts: tuple[Any, ...] | list[Any] | dict[str, Any]

    @property
    def words(self) -> str:
        names = {tuple: "a tuple", list: "a list", dict: "a dictionary"}
        return f"{names[type(self.parts)]} of {len(self.parts)} values"

    def problem_of(self, value: Any, finite: bool, hint: str) -> tuple[str, str]:
        parts: Any = self.parts
        unpacks_alike = type(parts) is tuple and type(value) is list
        if type(value) is not type(parts) and not unpacks_alike:
            return f"it returns {kind_of(value)}, not {self.words}", hint
        if len(value) != len(parts):
            return f"it returns {len(value)} values, not {len(parts)}", hint
        named = isinstance(parts, dict)
        if named and value.keys() != parts.keys():
            return f"its keys are {', '.join(map(str, value))}", hint
        for key in parts if named else range(len(parts)):
            message, where = problem_of(value[key], parts[key], finite, hint)
            if message:
                return f"of {repr(key) if named else f'value {key + 1}'}: {message}", where
        return "", ""


def same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return all(same(*pair) for pair in zip(one, other, strict=True))
    return bool(np.array_equal(one, other))


def kind_of(value: Any) -> str:
    if inspect.isgenerator(value) or inspect.iscoroutine(value):
        value.close()  # what is never awaited is complained of later
    if isinstance(value, type) or inspect.ismodule(value):
        return f"a {'class' if isinstance(value, type) else 'module'} ({value.__name__})"
    if inspect.isroutine(value):
        return "a function"
    kind, is_array = type(value).__name__, type(value) is np.ndarray
    if is_array and (value.shape or value.dtype.kind not in "fiu"):
        return f"an array of shape {value.shape}"
    if is_array or (kind != "bool" and isinstance(value, int | float | np.integer | np.floating)):
        return "a number"
    return KINDS.get(kind, f"an object of the class {kind}")


KINDS = {"NoneType": "None", "bool": "a truth value", "str": "text", "list": "a list"}
KINDS |= {"tuple": "a tuple", "generator": "a generator (yield)"}
KINDS |= {"coroutine": "a coroutine (async)"}


# --- The card -----------------------------------------------------------------------------
@dataclass
class Card:
    title: str
    claims: list[str] = field(default_factory=list)  # if it failed, the last does not hold
    failed: bool = False
    message: str = ""
    evidence: Sequence[tuple[str, Any]] = ()
    hint: str = ""
    notes: list[str] = field(default_factory=list)  # a line each, whether it failed or not

    @property
    def lines(self) -> list[tuple[bool, str]]:
        last = len(self.claims) - 1
        return [(not (self.failed and n == last), claim) for n, claim in enumerate(self.claims)]

    @property
    def summary(self) -> str:
        number = len(self.claims)
        return f"property {number} fails" if self.failed else f"all {number} properties hold"

    def __repr__(self) -> str:
        text = [f"{self.title}: {self.summary}"] + [f"  Note: {note}" for note in self.notes]
        text += [f"  [{'holds' if ok else 'DOES NOT HOLD'}] {claim}" for ok, claim in self.lines]
        if self.failed:
            text += [f"      {self.message}"] if self.message else []
            for label, value in self.evidence:
                text.append(f"      {described(label, value)}:")
                text += [f"          {line}" for line in written(value).splitlines()]
            text += [f"      Hint: {self.hint}", "  What comes after it was not looked at yet."]
        return "\n".join(text)

    def _repr_html_(self) -> str:
        # Text keeps the page's own colour, for any background; each sign is said in words too.
        blue, orange = "var(--jp-brand-color1, #2a7fd0)", "var(--jp-warn-color0, #d2600a)"
        holds = {True: (blue, "&#10003;", "holds"), False: (orange, "&#10007;", "does not hold")}
        item = '<li style="margin: 0"><b aria-hidden="true" style="color: {}">{}</b> <b>{}</b>: '
        rows = "".join(item.format(*holds[ok]) + f"{escape(text)}</li>" for ok, text in self.lines)
        parts = [f"<div><b>Note:</b> {escape(note)}</div>" for note in self.notes]
        parts += [f'<ul style="list-style: none; margin: .3em 0; padding: 0">{rows}</ul>']
        if self.failed:
            if self.message:
                parts += [f'<div style="margin: .3em 0"><b>{escape(self.message)}</b></div>']
            # A value stands below its name, for narrow windows; a long row is folded.
            one = 'style="margin: 0; padding: 0; float: none; width: auto"'
            fold = "background: none; color: inherit; white-space: pre-wrap; word-break: normal"
            values = "".join(
                f"<dt {one}><b>{escape(described(label, value))}</b></dt><dd {one}>"
                f'<pre style="margin: 0 0 .4em; {fold}">{escape(written(value))}</pre></dd>'
                for label, value in self.evidence
            )
            parts += [f'<dl style="margin: .3em 0">{values}</dl>'] * bool(values)
            parts += [f"<div><b>Hint:</b> {escape(self.hint)}</div>"]
            parts += ["<div>What comes after it was not looked at yet.</div>"]
        title, edge = escape(self.title), orange if self.failed else blue
        return (
            f'<div role="group" aria-label="check of {title}: {self.summary}" style="'
            f'border-left: 4px solid {edge}; padding: .1em .8em; margin: .3em 0">'
            f"<div><b><code>{title}</code></b>: {self.summary}</div>{''.join(parts)}</div>"
        )


def described(label: str, value: Any) -> str:
    if type(value) is not np.ndarray:
        return label
    return f"{label}, shape {value.shape}" + f", {value.dtype}" * (value.dtype != np.float64)


def written(value: Any) -> str:
    if isinstance(value, int | np.integer):
        return str(value)
    if kind_of(value) == "a number":
        return f"{float(value):.10g}"
    if type(value) is np.ndarray and value.dtype.kind in "fiubc":
        return np.array2string(
            value, max_line_width=76, precision=4, suppress_small=True, threshold=60, edgeitems=3
        )
    if type(value) is str:
        return repr(value[:200])
    if inspect.isfunction(value):
        return value.__doc__ or "a function"
    return kind_of(value)


def show(card: Card) -> None:
    if SHELL is not None:
        from IPython.display import display

        return display(card)
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    print(repr(card).encode(encoding, "backslashreplace").decode(encoding))


# --- What the properties are made of ------------------------------------------------------
@dataclass(eq=False)
class Properties:
    shape: Callable[..., Any]
    examples: Callable[[], list[tuple[Any, ...]]]
    hint: str
    purity_hint: str = (
        "Does a line write into an argument (+=, -=, [...] =, out=)? Or does an array made outside "
        "the function keep something from the call before?"
    )
    kind, also = "function", ""
    student = Student

    def __call__(self, function: Callable[[Any], None]) -> Properties:
        self.ask = function
        return self

    def sign(self, signature: str) -> None:
        self.signature = signature
        found = re.findall(r"(\w+)\(([^)]*)\)", signature)
        self.calls = {name: re.findall(r"([^, ]+)", listed) for name, listed in found}
        self.name = found[0][0]

    def parameters(self, name: str) -> list[str]:
        return [text.partition("=")[0] for text in self.calls[name]]


@dataclass(eq=False)
class PropertiesOfClass(Properties):
    parts: dict[str, Callable[..., Any]] = field(default_factory=dict)
    kind = "class"
    student = StudentClass

    @property
    def also(self) -> str:  # type: ignore[override]
        return f", and has the methods {', '.join(self.parts)}"


EXERCISES: dict[str, Properties] = {}


def offer(*signed: tuple[str, Properties]) -> None:
    for signature, properties in signed:
        properties.sign(signature)
        EXERCISES[properties.name] = properties


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


# --- Properties that recur ----------------------------------------------------------------
def sums_to(f: Student, total: float, answer: np.ndarray, axis: int = 0) -> None:
    sums = answer.sum(axis=axis)
    f.agree(sums, np.full_like(sums, total), **{("column_sums", "row_sums")[axis]: sums})


def is_mean(f: Student, whole: Any, singles: Sequence[Any]) -> None:
    each, mean = np.array(singles), np.mean(singles, axis=0)
    evidence = {"of_each_sample": each, "their_mean": mean}
    f.agree(whole, mean, **(evidence if each.ndim == 1 else {"mean_over_its_samples": mean}))


def stays(f: Student, after: Any, before: Any) -> None:
    f.agree(after, before, before_adding=before)


def is_slope(
    f: Student, slope: Any, function: Callable[[Any], Any], at: np.ndarray, weights: Any = 1
) -> None:
    steps = weights * (function(at + 1e-5) - function(at - 1e-5)) / 2e-5
    f.agree(slope, steps, 1e-8, by_small_steps=steps)


def layer_examples(*shapes: tuple[int, ...]) -> list[tuple[Any, ...]]:
    return [((), ("forward", normal(*s)), ("backward", normal(*s, seed=1))) for s in shapes]


ENTRY_BY_ENTRY: dict[str, Any] = {
    "shape": lambda: (),
    "parts": {
        "forward": lambda layer, Z: Z.shape,
        "backward": lambda layer, grad_a, learning_rate=None: grad_a.shape,
    },
    "examples": lambda: layer_examples((3, 5), (4, 4), (5,)),
    "hint": "Entry by entry: the shape stays.",
}


def are_apart(f: StudentClass, new: Callable[[], Made], X: Any, slopes: Any, *more: Any) -> None:
    """Expect of two objects that neither knows what the other was given.

    Parameters
    ----------
    new : makes an object, each time the same
    X : what forward gets; the second object gets another one of its shape
    slopes, more : what backward gets
    """
    f.claim(
        "two objects are apart: what the second is given changes nothing of the first",
        "Is it kept on self, or on something that all objects share?",
    )
    alone, one, other = new(), new(), new()
    alone("forward", X)
    wanted = alone("backward", slopes, *more)
    after = alone("forward", X)  # which sees what backward has moved
    one("forward", X)
    other("forward", X[:, ::-1] - 1)
    f.expect(same(one("backward", slopes, *more), wanted), with_one_object_alone=wanted)
    f.expect(same(one("forward", X), after), with_one_object_alone=after)


def does_not_learn(f: StudentClass) -> None:
    """Expect of a layer without weights that the learning rate is nothing to it."""
    f.claim("backward gives the same with a learning rate", "Which layer has something to learn?")
    layer = f.new()
    layer("forward", normal(3, 5))
    without = layer("backward", normal(3, 5))
    f.agree(layer("backward", normal(3, 5), 0.5), without, without_learning_rate=without)


def passes_on_what_it_is_given(f: StudentClass) -> None:
    """Expect of a layer's backward that it is linear in the slope that it is handed."""
    f.claim(
        "backward: twice grad_a gives twice the answer, and grad_a = 0 gives 0",
        "backward is given the slope by the output and passes it on. Does grad_a enter?",
    )
    for shape in ((3,), (3, 5)):
        layer, G = f.new(), normal(*shape, seed=2)
        layer("forward", normal(*shape))
        once = layer("backward", G)
        f.agree(layer("backward", 2 * G), 2 * once, twice=2 * once)
        f.agree(layer("backward", 0 * G), 0 * G)


def activation(f: StudentClass, at_1000: float, at_minus_1000: float) -> None:
    """What every layer of one function of each entry has, its forward taken to be right."""
    passes_on_what_it_is_given(f)

    def by_steps(layer: Made, Z: np.ndarray, times: int = 1) -> None:
        G = normal(*Z.shape, seed=2)
        layer("forward", Z)
        for _ in range(times):
            is_slope(f, layer("backward", G), lambda z: f.new()("forward", z), Z, weights=G)

    f.claim(
        "backward: it is the slope by the input, by small steps",
        "Is the slope taken at the input, or written with the output? Not the one for the other.",
    )
    for Z in (2 * normal(3, 5), 2 * normal(4, 4), 2 * normal(5)):
        by_steps(f.new(), Z)
    f.claim(
        "backward twice gives the same twice, and belongs to the last forward",
        "Does backward write into what forward kept? Does forward keep it each time?",
    )
    layer = f.new()
    layer("forward", normal(3, 5, seed=3))
    by_steps(layer, normal(3, 5), times=2)
    f.claim("inputs of 1000 and -1000 are no trouble", "Which exponential is too large?")
    layer = f.new()
    f.agree(layer("forward", np.array([1000.0, -1000, 0.5]))[:2], [at_1000, at_minus_1000])
    ends = layer("backward", np.ones(3))[:2]
    f.agree(ends, [1.0 if at_1000 == 1000 else 0.0, 0.0])
    does_not_learn(f)
    are_apart(f, f.new, normal(3, 5), normal(3, 5, seed=2))


@PropertiesOfClass(**ENTRY_BY_ENTRY)
def relu_layer(f: StudentClass) -> None:
    f.claim("forward: -2, 0 and 3 become 0, 0 and 3", "What stays, and what becomes 0?")
    f.agree(f.new()("forward", np.array([-2.0, 0, 3])), [0, 0, 3])
    f.claim(
        "forward: what z gives less what -z gives is z, and one of the two is 0", "Is it capped?"
    )
    for Z in (100 * normal(3, 5), normal(5)):
        up, down = f.new()("forward", Z), f.new()("forward", -Z)
        f.agree(up - down, Z, of_z_less_of_minus_z=up - down)
        f.agree(up * down, 0 * Z)
    activation(f, 1000, 0)
    f.claim("backward: at an input of exactly 0 the slope is 0", "Is it > or >=?")
    layer = f.new()
    layer("forward", np.zeros(2))
    f.agree(layer("backward", np.ones(2)), [0, 0])


@PropertiesOfClass(**ENTRY_BY_ENTRY)
def tanh_layer(f: StudentClass) -> None:
    f.claim("forward: it is odd, and ln 2 becomes 3/5", "(e^z - e^-z) / (e^z + e^-z), by hand")
    f.agree(f.new()("forward", np.log([2.0, 0.5, 1])), [0.6, -0.6, 0])
    f.claim("forward: log((1 + a) / (1 - a)) = 2 z", "Is every z treated alike?")
    for Z in (normal(3, 5), normal(5)):
        A = f.new()("forward", Z)
        with np.errstate(all="ignore"):
            f.agree(np.log((1 + A) / (1 - A)), 2 * Z, twice_z=2 * Z)
    activation(f, 1, -1)


@PropertiesOfClass(**ENTRY_BY_ENTRY)
def sigmoid_layer(f: StudentClass) -> None:
    f.claim("forward: ln 3 becomes 3/4, and -ln 3 becomes 1/4", "1 / (1 + e^-z), by hand")
    f.agree(f.new()("forward", np.log([3.0, 1 / 3, 1])), [0.75, 0.25, 0.5])
    f.claim("forward: log(a / (1 - a)) = z", "Is every z treated alike?")
    for Z in (normal(3, 5), normal(5)):
        A = f.new()("forward", Z)
        with np.errstate(all="ignore"):
            f.agree(np.log(A / (1 - A)), Z, z=Z)
    activation(f, 1, 0)


def target_example(N: int) -> tuple[np.ndarray, np.ndarray]:
    return normal(N), normal(1, N, seed=1)


@Properties(
    shape=lambda y, Yhat: (),
    examples=lambda: [target_example(7), target_example(3), target_example(1)],
    hint="One number. y is (N,), Yhat is (1, N): which shape has their difference?",
)
def mse(f: Student) -> None:
    f.claim("a perfect prediction costs 0", "Is each prediction compared with its own target only?")
    y = normal(5)
    f.agree(f(y, y[None, :]), 0)
    f.claim("3 predicted for 1 costs 4", "Is it squared? Halved? Is a root taken?")
    f.agree(f(np.array([1.0]), np.array([[3.0]])), 4)
    f.claim("the loss is the mean of the losses of the samples", "Divided by how many?")
    for N in (7, 3):
        y, Yhat = target_example(N)
        is_mean(f, f(y, Yhat), [f(y[n : n + 1], Yhat[:, n : n + 1]) for n in range(N)])


def unit(*shape: int, at: tuple[int, ...]) -> np.ndarray:
    """An array of zeros with a single 1."""
    array = np.zeros(shape)
    array[at] = 1
    return array


@Properties(
    shape=lambda y, Yhat: Yhat.shape,
    examples=lambda: [target_example(7), target_example(3), target_example(1)],
    hint="One slope for each prediction, in the shape of Yhat.",
)
def mse_gradient(f: Student) -> None:
    f.claim("3 predicted for 1 has slope 4", "Which factor does a square leave? Which sign?")
    f.agree(f(np.array([1.0]), np.array([[3.0]])), [[4]])
    f.claim(
        "each prediction has its own slope: being off by 1 more adds 2 to it",
        "Is it divided by N too early? Is each prediction compared with its own target only?",
    )
    for y, Yhat in f.examples:
        f.agree(f(y, y[None, :]), np.zeros_like(Yhat))
        before = f(y, Yhat)
        f.agree(f(y, Yhat + 1), before + 2, before_adding_1=before)
        f.agree(f(y - 1, Yhat), before + 2, before_taking_1_from_y=before)
        for n in range(y.size):
            step = unit(1, y.size, at=(0, n))
            f.agree(f(y, y[None, :] + 3 * step), 6 * step)
    f.claim("twice as far off has twice the slope", "Is it the slope of the square?")
    for y, Yhat in f.examples:
        once = f(y, Yhat)
        f.agree(f(y, 2 * Yhat - y), 2 * once, once=once)


# Scores of three samples so far apart that each one's probabilities are 1 and 0.  True are the
# classes 0, 1 and 2, in this order: the second sample is certain and right, the others are not.
FAR = np.array([[-350.0, -2000, -2000], [350, 2000, -3400], [0, 0, -2700]])

FAR_HINT = (
    "Which score is subtracted before exp, and from which sample? Is something divided by a "
    "probability of 0, or a small number added to one?"
)

FAR_SLOPES = np.array([[-1.0, 0, 1], [1, 0, 0], [0, 0, -1]])  # of each sample's loss, by FAR

# At FAR a wrong sample's true probability is tiny, at this it is 0; the slopes are the same.
FARTHER = 2 * FAR


def in_turn(K: int, N: int) -> np.ndarray:
    """One-hot labels of samples whose classes are 0, 1, ..., K - 1, 0, 1, ..."""
    return np.hstack([np.eye(K)] * N)[:, :N]


def network_example(D: int, H: int, K: int, N: int) -> tuple[Any, ...]:
    return normal(H, D + 1), normal(K, H + 1, seed=1), normal(D, N), in_turn(K, N)


def raised(W: np.ndarray) -> np.ndarray:
    """Weights that give every score 1000 more."""
    return np.hstack((W[:, :-1], W[:, -1:] + 1000))


def samples_of_their_own(N: int) -> np.ndarray:
    """Inputs (N + 1, N): a single 100 in each, so that slopes are large too, and the bias's 1."""
    return np.vstack((100 * np.eye(N), np.ones(N)))


def without_bias(Z: np.ndarray) -> np.ndarray:
    """Weights that give the samples of their own these scores: sample n those of column n."""
    return np.hstack((Z / 100, np.zeros((len(Z), 1))))


@Properties(
    shape=lambda W1, W2, X: Several(((len(W1), X.shape[1]), (len(W2), X.shape[1]))),
    examples=lambda: [
        network_example(4, 6, 3, 7)[:3],
        network_example(3, 4, 4, 4)[:3],
        network_example(2, 5, 3, 1)[:3],
    ],
    hint="Two values: what the hidden units give, (H, N), then the probabilities, (K, N).",
)
def network_forward(f: Student) -> None:
    f.claim(
        "a hidden unit gives a with log((1 + a) / (1 - a)) = 2 z, z its row of W1 times the sample "
        "and the 1 below it",
        "Is tanh taken, once, of these scores? Has the data its row of ones, as its last?",
    )
    for W1, W2, X in f.examples:
        A1, _ = f(W1, W2, X)
        for n, x in enumerate(X.T):
            twice_z = 2 * W1 @ np.append(x, 1)
            with np.errstate(all="ignore"):
                found = np.log((1 + A1[:, n]) / (1 - A1[:, n]))
            f.agree(found, twice_z, 1e-8, sample=n, your_logarithms=found, twice_z=twice_z)
    f.claim("every column of the probabilities sums to 1", "Is softmax that of each column?")
    for W1, W2, X in f.examples:
        sums_to(f, 1, f(W1, W2, X)[1])
    f.claim(
        "log(a_k / a_0) of a sample is z_k - z_0, z being W2 times your hidden values and a 1",
        "Is the row of ones added to the hidden values too? Is the second layer bent as well?",
    )
    for W1, W2, X in f.examples:
        A1, A2 = f(W1, W2, X)
        for n, hidden in enumerate(A1.T):
            z = W2 @ np.append(hidden, 1)
            with np.errstate(all="ignore"):
                found = np.log(A2[:, n] / A2[0, n])
            f.agree(found, z - z[0], sample=n, your_logarithms=found, differences=z - z[0])
    f.claim("adding 1000 to the last biases changes no probability", "Does exp overflow?")
    W1, W2, X = f.examples[0]
    stays(f, f(W1, raised(W2), X)[1], f(W1, W2, X)[1])
    f.claim("scores far apart: one class is certain, with probability 1", FAR_HINT)
    for Z in (FAR, FARTHER):
        X = samples_of_their_own(3)[:-1]  # whose hidden units are 1 and 0, by these W1
        found = f(without_bias(100 * np.eye(3)), without_bias(100 * Z), X)[1]
        f.agree(found, FAR_SLOPES + np.eye(3), should_be=FAR_SLOPES + np.eye(3))


def of_one_sample(
    f: Student, gradient: Callable[[int], np.ndarray], x: np.ndarray, z: np.ndarray, what: str = ""
) -> None:
    """What the gradient by W of one sample's loss has; the last entry of x is not 0.

    Parameters
    ----------
    gradient : gives the student's, (K, D+1), for each class taken as the true one
    x, z : the sample, (D+1,), and its scores, (K,)
    what : of which the claims speak
    """
    K = len(z)
    f.claim(
        f"{what}every column sums to 0",
        "The probabilities sum to 1, and so does y. What follows for the slopes by z? Does every "
        "class get its own?",
    )
    for label in range(K):
        sums_to(f, 0, gradient(label))
    f.claim(
        f"{what}every row is x times one number",
        "A weight's slope is that of its row's score, times the entry of x that it multiplies.",
    )
    for label in range(K):
        G = gradient(label)
        numbers = G[:, -1:] / x[-1]
        f.agree(G, numbers * x, last_column_over_last_x=numbers)
    f.claim(
        f"{what}between two classes that are not the true one, log(row i / row k) = z_i - z_k",
        "These rows stand as the probabilities of their classes do. Is the Jacobian in it once, "
        "and whole? Is softmax that of all the scores?",
    )
    for label in range(K):
        rows = gradient(label)[:, -1]
        others = [k for k in range(K) if k != label]
        with np.errstate(all="ignore"):
            found = np.log(rows[others] / rows[others[0]])
        wanted = z[others] - z[others[0]]
        f.agree(found, wanted, your_log_ratios=found, differences_of_scores=wanted)
    f.claim(
        f"{what}with another true class two rows change and no more: up by x in the old one's, "
        "down by x in the new one's",
        "Which sign? Which row belongs to the true class, and what is subtracted there?",
    )
    before = gradient(0)
    for label in range(1, K):
        wanted = before.copy()
        wanted[0] += x
        wanted[label] -= x
        f.agree(gradient(label), wanted, with_class_0_true=before, so_it_should_be=wanted)


def of_a_network(
    f: Student,
    gradients: Callable[[int], tuple[np.ndarray, np.ndarray]],
    W1: np.ndarray,
    W2: np.ndarray,
    x: np.ndarray,
    what: str,
) -> None:
    """What the gradients by W1 and W2 of one sample's loss have.

    Parameters
    ----------
    gradients : gives the student's for each class taken as the true one
    x : the sample, (D,)
    """
    z1 = W1 @ np.append(x, 1)
    hidden = np.append(np.tanh(z1), 1)
    of_one_sample(f, lambda label: gradients(label)[1], hidden, W2 @ hidden, f"{what}W2: ")
    f.claim(
        f"{what}W1: every row is x, and 1 for the bias, times one number: the slope of z1",
        "Is the bias row of X in it?",
    )
    by_1, by_2 = gradients(0)
    f.agree(by_1, by_1[:, -1:] * np.append(x, 1), slope_of_z1=by_1[:, -1])
    f.claim(
        f"{what}W1: the slope of z1 is what each hidden unit adds to the scores, weighed with the "
        "slopes of z2, times the slope of tanh, by small steps",
        "Which column of W2 belongs to no hidden unit? Is the slope of tanh in it, once?",
    )
    slope = (np.tanh(z1 + 1e-5) - np.tanh(z1 - 1e-5)) / 2e-5
    for unit_number, column in enumerate(W2.T[:-1]):
        wanted = (column * by_2[:, -1]).sum() * slope[unit_number]
        found = by_1[unit_number, -1]
        f.agree(found, wanted, 1e-8, hidden_unit=unit_number, its_slope=found, by_steps=wanted)


@Properties(
    shape=lambda W1, W2, X, Y: Several(
        {
            "Z2": Y.shape,
            "W2": W2.shape,
            "A1": (len(W1), X.shape[1]),
            "Z1": (len(W1), X.shape[1]),
            "W1": W1.shape,
        }
    ),
    examples=lambda: [network_example(4, 6, 3, 7), network_example(3, 4, 4, 4)],
    hint="Every gradient has the shape of what it is the gradient of; the keys are Z2, W2, A1, "
    "Z1 and W1.",
)
def network_gradients(f: Student) -> None:
    for example in f.examples:
        W1, W2, X, Y = example

        def alone(label: int, W1: Any = W1, W2: Any = W2, X: Any = X) -> Any:
            found = f(W1, W2, X[:, :1], unit(len(W2), 1, at=(label, 0)))
            return found["W1"], found["W2"]

        of_a_network(f, alone, W1, W2, X[:, 0], "one sample alone, ")
        f.claim(
            "Z2 and Z1 of one sample are the bias columns of W2 and W1, and A1 is what each hidden "
            "unit adds to the scores, weighed with Z2",
            "The slope of a bias is that of its score. Which column of W2 is no hidden unit's?",
        )
        found = f(W1, W2, X[:, :1], Y[:, :1])
        f.agree(found["Z2"], found["W2"][:, -1:], bias_column_of_W2=found["W2"][:, -1:])
        f.agree(found["Z1"], found["W1"][:, -1:], bias_column_of_W1=found["W1"][:, -1:])
        for number, column in enumerate(W2.T[:-1]):
            wanted = column @ found["Z2"]
            f.agree(found["A1"][number], wanted, hidden_unit=number, should_be=wanted)
        f.claim(
            f"N = {Y.shape[1]}: Z2, A1 and Z1 have a column for each sample, as if it were alone",
            "Is something divided by N already?",
        )
        each = [f(W1, W2, X[:, [n]], Y[:, [n]]) for n in range(Y.shape[1])]
        found = f(*example)
        for key in ("Z2", "A1", "Z1"):
            wanted = np.hstack([one[key] for one in each])
            f.agree(found[key], wanted, **{f"{key} of each sample alone": wanted})
        f.claim("W2 and W1 are the means of those of the samples", "Divided by N once?")
        for key in ("W2", "W1"):
            is_mean(f, found[key], [one[key] for one in each])
    f.claim("scores near 1000 are no trouble", "Does exp overflow?")
    W1, W2, X, Y = network_example(4, 6, 3, 7)
    stays(f, f(W1, raised(W2), X, Y)["Z2"], f(W1, W2, X, Y)["Z2"])
    f.claim(
        "scores far apart: certain and right gives 0 in Z2, certain and wrong 1 for the largest "
        "score and -1 for the true class",
        FAR_HINT,
    )
    for Z in (FAR, FARTHER):
        X = samples_of_their_own(3)[:-1]  # whose hidden units are 1 and 0, by these W1
        found = f(without_bias(100 * np.eye(3)), without_bias(100 * Z), X, np.eye(3))["Z2"]
        f.agree(found, FAR_SLOPES, yours_in_Z2=found, should_be=FAR_SLOPES)
    f.claim(
        "1000 times the inputs, with weights as much smaller, have 1000 times the slopes by these",
        "Is a slope clipped?",
    )
    W1, W2, X, Y = network_example(4, 6, 3, 7)
    once = f(W1, W2, X, Y)["W1"][:, :-1]
    smaller = np.hstack((W1[:, :-1] / 1000, W1[:, -1:]))
    found = f(smaller, W2, 1000 * X, Y)["W1"][:, :-1] / 1000
    f.agree(found, once, yours_over_1000=found, with_the_inputs_as_they_were=once)


FAR_LOSSES = np.array([700.0, 0, 700])  # by how much the true score lies below the largest


def is_loss_of(f: Student, loss: Any, G: np.ndarray, label: int, x: np.ndarray) -> None:
    """Expect of a sample's loss what its gradient says of the true class's probability."""
    chance = 1 + G[label, -1] / x[-1]
    f.agree(np.exp(-loss), chance, exp_of_minus_your_loss=np.exp(-loss), probability_in_it=chance)


@Properties(
    shape=lambda W1, W2, X, Y, learning_rate: Several((W1.shape, W2.shape, ())),
    examples=lambda: [
        (*network_example(4, 6, 3, 7), 0.5),
        (*network_example(3, 4, 4, 4), 1.0),
        (*network_example(2, 5, 3, 1), 0.1),
    ],
    hint="Three values: the new W1, the new W2, and the loss, one number.",
    purity_hint="Is W1 or W2 changed in place, as W1 -= ... does? Take W1 - ... into a new array.",
)
def network_step(f: Student) -> None:
    f.claim("with learning rate 0 the weights stay", "What is the rate multiplied with?")
    for W1, W2, X, Y, _ in f.examples:
        new_1, new_2, _ = f(W1, W2, X, Y, 0.0)
        f.agree(new_1, W1)
        f.agree(new_2, W2)
    f.claim("the loss of a batch is the mean of its samples' losses", "Added up, or averaged?")
    for W1, W2, X, Y, rate in f.examples:
        each = [f(W1, W2, X[:, [n]], Y[:, [n]], rate)[2] for n in range(Y.shape[1])]
        is_mean(f, f(W1, W2, X, Y, rate)[2], each)
    for W1, W2, X, _, rate in f.examples:

        def moved(label: int, W1: Any = W1, W2: Any = W2, X: Any = X, rate: Any = rate) -> Any:
            new_1, new_2, _ = f(W1, W2, X[:, :1], unit(len(W2), 1, at=(label, 0)), rate)
            return (W1 - new_1) / rate, (W2 - new_2) / rate

        what = "one sample alone, by what the weights move over minus the rate: "
        of_a_network(f, moved, W1, W2, X[:, 0], what)
        f.claim(
            "the loss is that of the weights that were handed in",
            "Is the loss taken before the step, or after it?",
        )
        loss = f(W1, W2, X[:, :1], unit(len(W2), 1, at=(0, 0)), rate)[2]
        is_loss_of(f, loss, moved(0)[1], 0, np.ones(1))
    f.claim(
        "a batch moves both weights by the mean of what its samples move them by",
        "Is the sum divided by the number of samples, once?",
    )
    for W1, W2, X, Y, rate in f.examples:
        singles = [f(W1, W2, X[:, [n]], Y[:, [n]], rate) for n in range(Y.shape[1])]
        whole = f(W1, W2, X, Y, rate)
        for place in (0, 1):
            is_mean(f, whole[place], [one[place] for one in singles])
    f.claim(
        "scores far apart: a sample costs as much as its true score lies below the largest",
        "Is a probability clipped before the logarithm? " + FAR_HINT,
    )
    X = samples_of_their_own(3)[:-1]  # whose hidden units are 1 and 0, by these W1
    loss = f(without_bias(100 * np.eye(3)), without_bias(100 * FAR), X, np.eye(3), 0.0)[2]
    f.agree(loss, FAR_LOSSES.mean(), losses_of_the_samples_should_be=FAR_LOSSES)


def network_example_of_steps(D: int, H: int, K: int, N: int) -> tuple[Any, ...]:
    X, Y = network_example(D, H, K, N)[2:]
    fit = ("fit", X, Y, 3, 2, 0.5, np.random.default_rng(2))
    arguments = (D, H, K, np.random.default_rng(1))
    return (arguments, ("forward", X), ("backward", Y), fit, ("predict", X))


@PropertiesOfClass(
    shape=lambda D, H, K, rng: (),
    parts={
        "forward": lambda net, X: (len(net.W2), X.shape[1]),
        "backward": lambda net, Y: Several((net.W1.shape, net.W2.shape)),
        "fit": (lambda net, X, Y, batch_size, epochs, learning_rate, rng: (epochs,)),
        "predict": lambda net, X: Whole((X.shape[1],)),
    },
    examples=lambda: [network_example_of_steps(4, 6, 3, 7), network_example_of_steps(3, 4, 4, 4)],
    hint="W1 is (H, D+1), W2 is (K, H+1); probabilities (K, N), labels (N,).",
    purity_hint="Is X changed in place? Does every random number come from the rng handed in?",
)
def network(f: StudentClass) -> None:
    def made(D: int, H: int, K: int) -> tuple[Made, np.ndarray, np.ndarray]:
        net = f.new(D, H, K, np.random.default_rng(1))
        return net, net.read("W1", (H, D + 1)), net.read("W2", (K, H + 1))

    f.claim(
        "W1, then W2, are standard normal numbers from rng, over sqrt(D) and sqrt(H)",
        "init_weights(D, H, rng, 1 / sqrt(D)) first, then init_weights(H, K, rng, 1 / sqrt(H)).",
    )
    sizes = ((4, 6, 3, 7), (3, 4, 4, 4))
    for D, H, K, _ in sizes:
        _, W1, W2 = made(D, H, K)
        rng = np.random.default_rng(1)
        f.agree(W1, rng.standard_normal((H, D + 1)) / np.sqrt(D))
        f.agree(W2, rng.standard_normal((K, H + 1)) / np.sqrt(H))
    f.claim(
        "forward: softmax of W2 times tanh of W1 times the data, each with its row of ones",
        "Are they probabilities? Is tanh between the two layers?",
    )
    for D, H, K, N in sizes:
        net, W1, W2 = made(D, H, K)
        X = network_example(D, H, K, N)[2]
        A = net("forward", X)
        sums_to(f, 1, A)
        for n, x in enumerate(X.T):
            z = W2 @ np.append(np.tanh(W1 @ np.append(x, 1)), 1)
            f.agree(np.log(A[:, n] / A[0, n]), z - z[0], sample=n, differences_of_scores=z - z[0])
        f.expect(np.array_equal(net("predict", X), A.argmax(axis=0)))
    for D, H, K, N in sizes:
        X = network_example(D, H, K, N)[2]
        _, W1, W2 = made(D, H, K)

        def alone(label: int, sizes: Any = (D, H, K), X: Any = X) -> Any:
            net, *_ = made(*sizes)
            net("forward", X[:, ::-1].copy())  # backward belongs to the last forward
            net("forward", X[:, :1])
            return net("backward", unit(sizes[2], 1, at=(label, 0)))

        of_a_network(f, alone, W1, W2, X[:, 0], "backward, one sample: ")
    f.claim(
        "backward: the gradients of a batch are the means of those of its samples",
        "In which order? Divided by N once? Of the last forward?",
    )
    for D, H, K, N in sizes:
        net, *_ = made(D, H, K)
        X, Y = network_example(D, H, K, N)[2:]
        each = []
        for n in range(N):
            net("forward", X[:, [n]])
            each.append(net("backward", Y[:, [n]]))
        net("forward", X)
        for found, parts in zip(net("backward", Y), zip(*each, strict=True), strict=True):
            is_mean(f, found, parts)
    X, Y = network_example(4, 6, 3, 7)[2:]
    f.claim(
        "fit with learning rate 0 moves nothing, and each epoch has the mean loss of all samples",
        "Is each batch's loss weighted by its number of samples?",
    )
    net, W1, _ = made(4, 6, 3)
    true = net("forward", X)[Y == 1]
    history = net("fit", X, Y, 3, 2, 0.0, np.random.default_rng(2))
    f.agree(np.exp(-7 * history), true.prod(), 1e-9, product_of_true_probabilities=true.prod())
    f.agree(net.read("W1", W1.shape), W1)
    f.claim(
        "fit on one batch steps against both gradients of backward, and takes the loss before",
        "Which sign? Do both weights move? Is the loss taken before the step?",
    )
    net, W1, W2 = made(4, 6, 3)
    net("forward", X)
    by_1, by_2 = net("backward", Y)
    history = net("fit", X, Y, 7, 1, 0.5, np.random.default_rng(2))
    f.agree(np.exp(-7 * history), true.prod(), 1e-9, product_of_true_probabilities=true.prod())
    for name, W, gradient in (("W1", W1, by_1), ("W2", W2, by_2)):
        found = net.read(name, W.shape)
        f.agree((W - found) / 0.5, gradient, **{f"your gradient of {name}": gradient})
    f.claim(
        "fit goes batch by batch in the order of rng, as if it were called with each of them",
        "Is batch_indices called once an epoch? Is every batch used? Weighted by its size?",
    )
    one, W1, W2 = made(4, 6, 3)
    other, *_ = made(4, 6, 3)
    history = one("fit", X, Y, 3, 2, 0.5, np.random.default_rng(2))
    rng, wanted = np.random.default_rng(2), []
    for _ in range(2):
        order = rng.permutation(7)
        batches = [order[:3], order[3:6], order[6:]]
        losses = [
            other("fit", X[:, part], Y[:, part], len(part), 1, 0.5, np.random.default_rng(3))[0]
            for part in batches
        ]
        wanted.append(np.dot([3, 3, 1], losses) / 7)
    f.agree(history, wanted, history_of_each_batch_alone=np.array(wanted))
    for name, W in (("W1", W1), ("W2", W2)):
        each = other.read(name, W.shape)
        f.agree(one.read(name, W.shape), each, **{f"{name} of each batch alone": each})
    f.claim(
        "fit: once a step has driven the scores far apart, the loss of a sample is as much as its "
        "true score lies below the largest, and forward gives probabilities at whatever scores",
        "Is a probability clipped before the logarithm? " + FAR_HINT,
    )
    for rate in (500.0, 5000.0):  # at 5000 a probability is 0 in floating point, its loss inf
        net, *_ = made(4, 6, 3)
        net("fit", X, Y, 7, 1, rate, np.random.default_rng(2))
        A = net("forward", X)
        sums_to(f, 1, A)
        if rate == 500:
            W1, W2 = net.read("W1", (6, 5)), net.read("W2", (3, 7))
            hidden = np.tanh(W1[:, :-1] @ X + W1[:, -1:])
            Z = W2[:, :-1] @ hidden + W2[:, -1:]
            below = Z.max(axis=0) - Z[Y.argmax(axis=0), np.arange(7)]
            history = net("fit", X, Y, 7, 1, 0.0, np.random.default_rng(2))
            f.agree(history[0], below.mean(), true_scores_below_the_largest=below)
    are_apart(f, lambda: made(4, 6, 3)[0], X, Y)


GRADER_HAS |= {"matplotlib", "numpy"}
offer(
    ("ReLU(), forward(Z) -> A, backward(grad_a, learning_rate=None) -> grad_z", relu_layer),
    ("Tanh(), forward(Z) -> A, backward(grad_a, learning_rate=None) -> grad_z", tanh_layer),
    ("Sigmoid(), forward(Z) -> A, backward(grad_a, learning_rate=None) -> grad_z", sigmoid_layer),
    ("mse(y, Yhat) -> float; y is (N,), Yhat is (1, N)", mse),
    ("mse_gradient(y, Yhat) -> (1, N); per sample, not divided by N", mse_gradient),
    ("network_forward(W1, W2, X) -> (A1, A2), (H, N) and (K, N)", network_forward),
    ("network_gradients(W1, W2, X, Y) -> dictionary of Z2, W2, A1, Z1, W1", network_gradients),
    ("network_step(W1, W2, X, Y, learning_rate) -> (W1, W2, loss)", network_step),
    (
        "Network(D, H, K, rng), forward(X) -> (K, N), backward(Y) -> (grad_W1, grad_W2), fit(X, Y, batch_size, epochs, learning_rate, rng) -> history, predict(X) -> labels",
        network,
    ),
)
