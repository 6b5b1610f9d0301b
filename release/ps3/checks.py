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


class Truth:
    words = "True or False"

    def problem_of(self, value: Any, *_: Any) -> tuple[str, str]:
        right, hint = isinstance(value, bool | np.bool_), "What does the function have to decide?"
        return ("", "") if right else (f"it returns {kind_of(value)}, not True or False", hint)


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


def from_notebook(f: Student, name: str) -> Callable[..., Any]:
    f.claim(
        f"the notebook's own {name} is there to try it with",
        f"Run the cell that gives {name} again. Was the name used for something else?",
    )
    found = getattr(inspect.unwrap(f.function), "__globals__", {}).get(name)
    if not inspect.isfunction(found):
        raise Broken(f"the notebook has no function {name}")
    return found


# Scores of three samples so far apart that each one's probabilities are 1 and 0.  True are the
# classes 0, 1 and 2, in this order: the second sample is certain and right, the others are not.
FAR = np.array([[-350.0, -2000, -2000], [350, 2000, -3400], [0, 0, -2700]])

FAR_HINT = (
    "Which score is subtracted before exp, and from which sample? Is something divided by a "
    "probability of 0, or a small number added to one?"
)


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


def layer_examples(*shapes: tuple[int, ...]) -> list[tuple[Any, ...]]:
    return [((), ("forward", normal(*s)), ("backward", normal(*s, seed=1))) for s in shapes]


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


def slope_by_scores(f: Student, A: np.ndarray, G: np.ndarray, slope: np.ndarray) -> None:
    """What the slope by the scores has, where A are the probabilities and G the slope by them."""
    sums_to(f, 0, slope)
    ratios = slope / A
    differences, wanted = ratios - ratios[0], G - G[0]
    f.agree(differences, wanted, yours_over_a_less_its_row_0=differences, should_be=wanted)


@PropertiesOfClass(
    shape=lambda: (),
    parts={
        "forward": lambda layer, Z: Z.shape,
        "backward": lambda layer, grad_a, learning_rate=None: grad_a.shape,
    },
    examples=lambda: layer_examples((3,), (4, 1), (3, 5), (3, 3)),
    hint="(K,), (K, 1) and (K, N) come back in the shape in which they came in.",
)
def softmax_layer(f: StudentClass) -> None:
    f.claim("forward: every column sums to 1", "Along which axis does the sum run?")
    for Z in (normal(3), np.zeros((3, 1)), normal(4, 1), normal(3, 5), normal(3, 3)):
        sums_to(f, 1, f.new()("forward", Z))
    f.claim("forward: log(a_i / a_j) = z_i - z_j", "Is it softmax, and that of each column?")
    for Z in (normal(4), normal(3, 5)):
        A = f.new()("forward", Z)
        f.agree(np.log(A / A[0]), Z - Z[0], differences_to_z_0=Z - Z[0])
    passes_on_what_it_is_given(f)
    f.claim(
        "backward: equal slopes for all probabilities give 0",
        "The probabilities sum to 1 whatever the scores do. Is the whole Jacobian in it?",
    )
    for shape in ((3,), (4, 1), (3, 5), (3, 3)):
        layer = f.new()
        layer("forward", normal(*shape))
        f.agree(layer("backward", np.ones(shape)), np.zeros(shape))
    f.claim(
        "backward: every column sums to 0, and between two classes slope_i / a_i - slope_k / a_k "
        "= g_i - g_k, for (K,), (K, 1) and (K, N)",
        "What does .T do to a 1-D array? Which axis is summed in a batch?",
    )
    for shape in ((3,), (4, 1), (3, 5), (3, 3)):
        layer, G = f.new(), normal(*shape, seed=2)
        A = layer("forward", normal(*shape))
        slope_by_scores(f, A, G, layer("backward", G))
    f.claim(
        "backward twice gives the same twice, and belongs to the last forward",
        "Does backward write into what forward kept? Does forward keep it each time?",
    )
    layer, G = f.new(), normal(3, 5, seed=2)
    layer("forward", normal(3, 5, seed=3))
    A = layer("forward", normal(3, 5))
    for _ in range(2):
        slope_by_scores(f, A, G, layer("backward", G))
    f.claim("scores of 1000 are no trouble", "What may be subtracted from a column first?")
    far = normal(3, 4) + np.array([1000.0, -5, -1000, 0])
    near = f.new()("forward", normal(3, 4))
    f.agree(f.new()("forward", far), near, with_all_columns_near_0=near)
    f.claim("scores far apart give 1 and 0, and then backward gives 0", FAR_HINT)
    layer, ones = f.new(), np.eye(3)[:, [1, 1, 0]]
    f.agree(layer("forward", FAR), ones, should_be=ones)
    f.agree(layer("backward", normal(3, 3)), np.zeros((3, 3)))
    does_not_learn(f)
    are_apart(f, f.new, normal(3, 5), normal(3, 5, seed=2))


def dense_example(D: int, K: int, N: int, seed: int = 1) -> tuple[Any, ...]:
    arguments = (D, K, np.random.default_rng(seed), 0.5)
    return (arguments, ("forward", normal(D, N)), ("backward", normal(K, N), 0.1))


@PropertiesOfClass(
    shape=lambda D, K, rng, scale=0.01: (),
    parts={
        "forward": lambda layer, X: (len(layer.W), X.shape[1]),
        "backward": lambda layer, grad_z, learning_rate: (layer.W.shape[1] - 1, grad_z.shape[1]),
    },
    examples=lambda: [dense_example(4, 3, 7), dense_example(2, 5, 1), dense_example(3, 4, 4)],
    hint="X is (D, N), without the bias row, and so is its slope; W is (K, D+1).",
    purity_hint="Is X, or grad_z, changed in place? Does every random number come from rng?",
)
def dense_layer(f: StudentClass) -> None:
    def made(D: int = 4, K: int = 3) -> tuple[Made, np.ndarray]:
        layer = f.new(D, K, np.random.default_rng(1), 1.0)
        return layer, layer.read("W", (K, D + 1))

    def moved(X: np.ndarray, G: np.ndarray) -> np.ndarray:
        """By how much W moves in one step, over minus the rate."""
        layer, W = made(len(X), len(G))
        layer("forward", X)
        layer("backward", G, 0.5)
        return (W - layer.read("W", W.shape)) / 0.5

    f.claim(
        "W is (K, D+1): scale times K (D+1) standard normal numbers from rng, row by row",
        "Is it the init_weights of the first problem set, with the scale that is handed in?",
    )
    for D, K in ((4, 3), (2, 5)):
        numbers = np.random.default_rng(1).standard_normal((K, D + 1))
        f.agree(made(D, K)[1], numbers)
        f.agree(100 * f.new(D, K, np.random.default_rng(1)).read("W", (K, D + 1)), numbers)
    f.claim(
        "a sample of zeros has the last column of W as its scores",
        "Which column of W is the bias, and which row of the data is all ones?",
    )
    layer, W = made()
    f.agree(layer("forward", np.zeros((4, 2))), W[:, [-1, -1]], last_column_of_W=W[:, -1])
    f.claim("the sample with a single 1, in row j, adds column j", "Which rows meet which columns?")
    f.agree(layer("forward", np.eye(4)), W[:, :-1] + W[:, -1:])
    f.claim(
        "backward returns the slope by X: what x_j adds to the scores, weighed with grad_z",
        "Which column of W belongs to no output of the layer before? Which W is meant?",
    )
    for D, K, N in ((4, 3, 7), (3, 4, 4)):
        layer, _ = made(D, K)
        X, G = normal(D, N), normal(K, N)
        adds = layer("forward", np.eye(D)) - layer("forward", np.zeros((D, D)))
        layer("forward", X)
        slope = layer("backward", G, 0.0)
        for j in range(D):
            wanted = (adds[:, [j]] * G).sum(axis=0)
            label = f"what x[{j}] adds to the scores, weighed"
            f.agree(slope[j], wanted, **{f"row {j} of yours": slope[j], label: wanted})
    f.claim(
        "what backward returns does not depend on the learning rate",
        "Is W moved before it is used for the answer?",
    )
    X, G = normal(4, 7), normal(3, 7)
    answers = []
    for rate in (0.0, 1.0):
        layer, _ = made()
        layer("forward", X)
        answers.append(layer("backward", G, rate))
    f.agree(answers[1], answers[0], with_rate_0=answers[0])
    f.claim(
        "one sample: the bias column moves by minus the rate times grad_z, column j x_j times that",
        "Which sign? Is the row of ones in the product?",
    )
    for D, K in ((4, 3), (3, 4)):
        x, g = normal(D, 1), normal(K, 1)
        columns = moved(x, g)
        for j in range(D + 1):
            wanted = g[:, 0] * (x[j, 0] if j < D else 1)
            f.agree(columns[:, j], wanted, **{f"column {j} moved by the rate times": columns[:, j]})
    f.claim("a batch moves W by the mean of what its samples move it by", "Divided by what?")
    for D, K, N in ((4, 3, 7), (3, 4, 4)):
        X, G = normal(D, N), normal(K, N)
        is_mean(f, moved(X, G), [moved(X[:, [n]], G[:, [n]]) for n in range(N)])
    f.claim(
        "a second forward and backward, with fewer samples, are right too",
        "Does backward use the data of the last forward? Do the steps add up?",
    )
    layer, _ = made()
    layer("forward", normal(4, 7, seed=3))
    W = layer.read("W", (3, 5))
    for N in (7, 5):
        X, G = normal(4, N), normal(3, N)
        wanted = W - 0.5 * moved(X, G)
        layer("forward", X)
        layer("backward", G, 0.5)
        W = layer.read("W", (3, 5))
        f.agree(W, wanted, expected_from_a_new_layer=wanted)
    are_apart(f, lambda: made()[0], normal(4, 7), normal(3, 7), 0.5)


FAR_LOSSES = np.array([700.0, 0, 700])  # by how much the true score lies below the largest

FAR_SLOPES = np.array([[-1.0, 0, 1], [1, 0, 0], [0, 0, -1]])  # of each sample's loss, by FAR

# At FAR a wrong sample's true probability is tiny, at this it is 0; the slopes are the same.
FARTHER = 2 * FAR


def in_turn(K: int, N: int) -> np.ndarray:
    """One-hot labels of samples whose classes are 0, 1, ..., K - 1, 0, 1, ..."""
    return np.hstack([np.eye(K)] * N)[:, :N]


def is_loss_of(f: Student, loss: Any, G: np.ndarray, label: int, x: np.ndarray) -> None:
    """Expect of a sample's loss what its gradient says of the true class's probability."""
    chance = 1 + G[label, -1] / x[-1]
    f.agree(np.exp(-loss), chance, exp_of_minus_your_loss=np.exp(-loss), probability_in_it=chance)


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


def raised(W: np.ndarray) -> np.ndarray:
    """Weights that give every score 1000 more."""
    return np.hstack((W[:, :-1], W[:, -1:] + 1000))


def samples_of_their_own(N: int) -> np.ndarray:
    """Inputs (N + 1, N): a single 100 in each, so that slopes are large too, and the bias's 1."""
    return np.vstack((100 * np.eye(N), np.ones(N)))


def without_bias(Z: np.ndarray) -> np.ndarray:
    """Weights that give the samples of their own these scores: sample n those of column n."""
    return np.hstack((Z / 100, np.zeros((len(Z), 1))))


def epoch_example(K: int = 3, D: int = 4) -> tuple[Any, ...]:
    return (normal(K, D + 1), normal(D, 5), in_turn(K, 5), 0.3, np.array([2, 0, 4, 1, 3]))


@Properties(
    shape=lambda W, X, Y, learning_rate, order: Several((W.shape, order.shape)),
    examples=lambda: [epoch_example(), epoch_example(4, 3), epoch_example(5, 4)],
    hint="Two values: the weights after the epoch, (K, D+1), and an array with one loss a step.",
    purity_hint="Does a line write into W, as W -= ... does?",
)
def sgd_epoch(f: Student) -> None:
    f.claim(
        "from W = 0 the first loss is ln K", "Is the loss taken before the step of its own sample?"
    )
    for K, D in ((3, 4), (4, 3)):
        W, *rest = epoch_example(K, D)
        f.agree(f(0 * W, *rest)[1][0], np.log(K), ln_K=np.log(K))
    for K, D in ((3, 4), (4, 3)):
        W, X, _, rate, _ = epoch_example(K, D)
        n = 2

        def step(label: int, W: Any = W, X: Any = X, rate: Any = rate, n: int = n) -> np.ndarray:
            Y = np.zeros((len(W), X.shape[1]))
            Y[label, n] = 1
            return (W - f(W, X, Y, rate, np.array([n]))[0]) / rate

        x = np.append(X[:, n], 1)
        of_one_sample(f, step, x, W @ x, "the step of one sample, over minus the rate: ")
    f.claim(
        "an epoch is its first sample, then the rest from the new weights",
        "Does each sample meet the weights that the one before has left? Is the order followed?",
    )
    for K, D in ((3, 4), (4, 3)):
        W, X, Y, rate, order = epoch_example(K, D)
        for count in (1, 3):
            first, losses = f(W, X, Y, rate, order[:count])
            then, more = f(first, X, Y, rate, order[count:])
            whole = f(W, X, Y, rate, order)
            f.agree(whole[0], then, in_two_parts=then)
            f.agree(whole[1], np.append(losses, more), losses_in_two_parts=np.append(losses, more))
    f.claim(
        "each loss is -log of the probability of the true class, which 1 plus that row's step has",
        "Which entry of a is meant? Is the loss taken before the step?",
    )
    W, X, Y, rate, _ = epoch_example()
    for n in range(5):
        after, losses = f(W, X, Y, rate, np.array([n]))
        is_loss_of(f, losses[0], (W - after) / rate, int(Y[:, n].argmax()), np.append(X[:, n], 1))
    f.claim("adding 1000 to all biases changes nothing", "Does exp overflow?")
    W, X, Y, rate, order = epoch_example()
    before, after = f(W, X, Y, rate, order), f(raised(W), X, Y, rate, order)
    stays(f, after[1], before[1])
    stays(f, after[0][:, :-1], before[0][:, :-1])
    f.claim(
        "scores far apart: certain and right costs 0 and moves nothing; certain and wrong costs as "
        "much as the true score lies below the largest, and moves these two rows by x",
        FAR_HINT + " Is a probability clipped before the logarithm?",
    )
    for Z in (FAR, FARTHER):
        W = without_bias(Z)
        for n in range(3):
            X = samples_of_their_own(3)[:-1]
            after, losses = f(W, X, np.eye(3), 1.0, np.array([n]), finite=Z is FAR)
            if Z is FAR:  # computed from the probability, a loss of 1400 would be inf
                f.agree(losses[0], FAR_LOSSES[n], scores=Z[:, n], it_should_cost=FAR_LOSSES[n])
            moved, wanted = (after - W)[:, n], -100 * FAR_SLOPES[:, n]
            f.agree(moved, wanted, scores=Z[:, n], x=X[:, n], moved_by=moved, should_be=wanted)


Function = Callable[[Any], Any]

# Each makes a wrong function from the notebook's own softmax.
WRONG_SOFTMAXES: dict[str, Callable[[Function], Function]] = {
    "that gives every class 1/K": lambda right: lambda z: np.full(np.shape(z), 1 / len(z)),
    "of -z, which prefers the smallest score": lambda right: lambda z: right(-np.asarray(z)),
    "of each score alone, 1 / (1 + exp(-z))": lambda right: (
        lambda z: right(np.stack((np.asarray(z, dtype=float), np.zeros(np.shape(z)))))[0]
    ),
    "of 2 z": lambda right: lambda z: right(2 * np.asarray(z)),
    "of 1.02 z": lambda right: lambda z: right(1.02 * np.asarray(z)),
    "that lets a whole batch sum to 1": lambda right: (
        lambda z: right(np.ravel(z)).reshape(np.shape(z))
    ),
    "that gives each column of a batch the probabilities of the first": lambda right: (
        lambda z: right(z) if np.ndim(z) == 1 else np.repeat(right(z)[:, :1], np.shape(z)[1], 1)
    ),
    "without the max shift, which gives nan at 1000": lambda right: (
        lambda z: np.where(np.abs(z).max(axis=0) < 700, right(z), np.nan)
    ),
    "that subtracts the largest score of the whole batch": lambda right: (
        lambda z: np.where(np.max(z, axis=0) > np.max(z) - 700, right(z), np.nan)
    ),
}


@Properties(
    shape=lambda f: Truth(),
    examples=lambda: [(np.exp,), (np.tanh,)],
    hint="Use it on a function that you trust, and on one that is surely wrong.",
)
def is_softmax(f: Student) -> None:
    right = from_notebook(f, "softmax")
    parts = right(np.log([1.0, 2, 5]) + 1000)
    f.expect(np.allclose(parts, np.divide([1, 2, 5], 8)), softmax_at_the_logarithms_of_1_2_5=parts)
    f.claim(
        "it is True for right implementations: the notebook's softmax, and that of z + 1",
        "Two floats that were computed differently are seldom equal: how much may they differ?",
    )
    f.expect(f(right))
    f.expect(f(lambda z: right(np.asarray(z, dtype=float) + 1)))
    for what, wrong in WRONG_SOFTMAXES.items():
        f.claim(f"it is False for one {what}", "For which scores does that one go wrong?")
        f.expect(not f(wrong(right)))


def some_sum(W: Any) -> Any:
    """the sum of sin(W)"""
    return np.sin(W).sum()


def some_squares(W: Any) -> Any:
    """the sum of (c * W)**2, with these c"""
    return ((1 + np.arange(12).reshape(3, 4)) * W**2).sum()


def with_entry(gradient: Callable[[Any], Any], index: tuple[Any, ...]) -> Callable[[Any], Any]:
    def grad(W: Any) -> Any:
        G = gradient(W)
        G[index] += 0.5
        return G

    return grad


def squares_slope(W: Any) -> Any:
    return 2 * (1 + np.arange(12).reshape(3, 4)) * W


WRONG_GRADIENTS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "of zeros": (some_sum, lambda W: 0 * W),
    "with the wrong sign": (some_sum, lambda W: -np.cos(W)),
    "that is 1.02 times what it should be": (some_sum, lambda W: 1.02 * np.cos(W)),
    "whose rows are exchanged": (some_squares, lambda W: squares_slope(W)[::-1]),
    "with errors that cancel in the sum": (
        some_sum,
        lambda W: np.cos(W) + np.array([[0.5, -0.5, 0, 0], [0.0] * 4, [0, 0, 0, 0]]),
    ),
    "that is right at W = 0 only": (some_squares, lambda W: 0 * W),
    "with one wrong entry": (some_sum, with_entry(np.cos, (1, 2))),
    "with a wrong last column": (some_sum, with_entry(np.cos, (slice(None), -1))),
}


@Properties(
    shape=lambda f, grad: Truth(),
    examples=lambda: [(some_sum, np.cos), (some_sum, np.sin)],
    hint="Both functions take a W of shape (3, 4).",
)
def is_gradient(f: Student) -> None:
    f.claim(
        "it is True for right gradients",
        "A numerical gradient has rounding errors: how much may the two differ?",
    )
    f.expect(f(some_sum, np.cos))
    f.expect(f(some_squares, squares_slope))
    for what, (function, wrong) in WRONG_GRADIENTS.items():
        f.claim(f"it is False for one {what}", "At which W, and in which entry, does it show?")
        f.expect(not f(function, wrong))


GRADER_HAS |= {"matplotlib", "numpy"}
offer(
    (
        "Softmax(), forward(Z) -> A, backward(grad_a, learning_rate=None) -> grad_z; (K,), (K, 1) or (K, N)",
        softmax_layer,
    ),
    (
        "Dense(D, K, rng, scale=0.01), W (K, D+1), forward(X) -> (K, N), backward(grad_z, learning_rate) -> (D, N)",
        dense_layer,
    ),
    ("sgd_epoch(W, X, Y, learning_rate, order) -> (W, losses); X is (D, N), Y one-hot", sgd_epoch),
    ("is_softmax(f) -> bool; f takes (K,) or (K, N)", is_softmax),
    ("is_gradient(f, grad) -> bool; both take a W of shape (3, 4)", is_gradient),
)
