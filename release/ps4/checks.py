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


EXERCISES: dict[str, Properties] = {}


def offer(*signed: tuple[str, Properties]) -> None:
    for signature, properties in signed:
        properties.sign(signature)
        EXERCISES[properties.name] = properties


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


LABELS = np.array([1, 0, 2, 1, 2])


# --- Properties that recur ----------------------------------------------------------------
def sums_to(f: Student, total: float, answer: np.ndarray, axis: int = 0) -> None:
    sums = answer.sum(axis=axis)
    f.agree(sums, np.full_like(sums, total), **{("column_sums", "row_sums")[axis]: sums})


def is_mean(f: Student, whole: Any, singles: Sequence[Any]) -> None:
    each, mean = np.array(singles), np.mean(singles, axis=0)
    evidence = {"of_each_sample": each, "their_mean": mean}
    f.agree(whole, mean, **(evidence if each.ndim == 1 else {"mean_over_its_samples": mean}))


def with_twice(f: Student, which: int, *arguments: Any, gives: float = 2) -> None:
    once = f(*arguments)
    twice = [2 * part if n == which else part for n, part in enumerate(arguments)]
    f.agree(f(*twice), gives * once, answer_at_half_of_it=once)


def stays(f: Student, after: Any, before: Any) -> None:
    f.agree(after, before, before_adding=before)


def uses_rng_alone(f: Student, call: Callable[..., Any], what: str) -> None:
    f.claim(f"another seed gives other {what}", "Is the rng that is handed in used at all?")
    f.expect(not same(call(np.random.default_rng(1)), call(np.random.default_rng(2))))
    f.claim("NumPy's global random state is left alone", "Is np.random itself used anywhere?")
    np.random.seed(271828)  # so that a function that seeds it, as it did before, moves it again
    before = np.random.get_state()
    call(np.random.default_rng(1))
    f.expect(same(before, np.random.get_state()))


def draws_no_more(f: Student, call: Callable[..., Any], draw: Callable[..., Any]) -> None:
    used, twin = np.random.default_rng(5), np.random.default_rng(5)
    call(used), draw(twin)
    number, wanted = used.random(), twin.random()
    f.expect(number == wanted, next_number_of_rng=number, it_should_be=wanted)


@Properties(
    shape=lambda N, batch_size, rng: Several(
        [Whole((min(batch_size, N - start),)) for start in range(0, N, batch_size)]
    ),
    examples=lambda: [
        (11, 3, np.random.default_rng(1)),
        (12, 3, np.random.default_rng(2)),
        (5, 8, np.random.default_rng(3)),
        (4, 1, np.random.default_rng(4)),
    ],
    hint="With N = 11 and batches of 3 there are four: 3, 3, 3 and 2 samples.",
    purity_hint="Two generators with one seed have to give the same batches: does every random "
    "number come from the rng that is handed in?",
)
def batch_indices(f: Student) -> None:
    f.claim("every sample comes once", "Is the order drawn once, and then cut?")
    for N, size, rng in f.examples:
        found = np.sort(np.concatenate(f(N, size, rng)))
        f.expect(np.array_equal(found, np.arange(N)), all_indices_sorted=found)
    uses_rng_alone(f, lambda rng: f(40, 7, rng), "batches")
    f.claim(
        "one batch of all N samples is rng.permutation(N)",
        "The contract says which method of rng draws the order.",
    )
    wanted = np.random.default_rng(5).permutation(9)
    f.expect(np.array_equal(f(9, 9, np.random.default_rng(5))[0], wanted), wanted=wanted)
    f.claim("rng is left where that one permutation leaves it", "How often is rng asked?")
    draws_no_more(f, lambda rng: f(9, 4, rng), lambda rng: rng.permutation(9))


def unit(*shape: int, at: tuple[int, ...]) -> np.ndarray:
    """An array of zeros with a single 1."""
    array = np.zeros(shape)
    array[at] = 1
    return array


@Properties(
    shape=lambda J, grad_A: (len(J), J.shape[2]),
    examples=lambda: [
        (normal(4, 3, 6), normal(3, 6)),
        (normal(3, 3, 3), normal(3, 3, seed=1)),
        (normal(2, 5, 1), normal(5, 1)),
    ],
    hint="i says which input, k which output, n which sample: which of them is summed over?",
)
def batch_backward(f: Student) -> None:
    f.claim(
        "a single slope of 1, by output k of sample n, gives J[:, k, n] in column n, and 0 in the "
        "others",
        "Which index belongs to what was handed in, and which to what is returned? Does each "
        "sample meet its own slopes only?",
    )
    for J, G in f.examples:
        for k, n in np.ndindex(*G.shape):
            wanted = np.zeros((len(J), G.shape[1]))
            wanted[:, n] = J[:, k, n]
            f.agree(f(J, unit(*G.shape, at=(k, n))), wanted, should_be=wanted)
    f.claim("the answers to two sets of slopes add up", "Is each output's slope in the sum, once?")
    for J, G in f.examples:
        other = normal(*G.shape, seed=5)
        apart = f(J, G) + f(J, other)
        f.agree(f(J, G + other), apart, added_up=apart)
    f.claim("twice the Jacobians give twice the answer", "Is each Jacobian in it, once?")
    for J, G in f.examples:
        with_twice(f, 0, J, G)


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


def batch_of(K: int, D: int, N: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    Xb = normal(D + 1, N)
    Xb[-1] = 1
    return normal(K, D + 1), Xb, in_turn(K, N)


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


@Properties(
    shape=lambda W, Xb, Y: W.shape,
    examples=lambda: [batch_of(3, 4, 7), batch_of(4, 3, 4), batch_of(5, 2, 1)],
    hint="The gradient has the shape of W: (K, N) times (N, D+1).",
)
def batch_gradient(f: Student) -> None:
    f.claim("every column sums to 0", "Is the softmax that of each column? Is Y one-hot?")
    for W, Xb, Y in f.examples:
        sums_to(f, 0, f(W, Xb, Y))
    f.claim("every sample handed in twice gives the same gradient", "Is it a mean, divided once?")
    for W, Xb, Y in f.examples:
        once = f(W, Xb, Y)
        f.agree(f(W, np.hstack((Xb, Xb)), np.hstack((Y, Y))), once, with_each_once=once)
    for W, Xb, _ in f.examples:

        def alone(label: int, W: Any = W, Xb: Any = Xb) -> np.ndarray:
            return f(W, Xb[:, :1], unit(len(W), 1, at=(label, 0)))

        of_one_sample(f, alone, Xb[:, 0], W @ Xb[:, 0], "one sample alone: ")
    f.claim(
        "the gradient of a batch is the mean of those of its samples",
        "Divided by which number? Is every sample in it? Does each have its own softmax?",
    )
    for W, Xb, Y in f.examples:
        is_mean(f, f(W, Xb, Y), [f(W, Xb[:, [n]], Y[:, [n]]) for n in range(Y.shape[1])])
    f.claim("adding 1000 to all biases changes nothing", "Does exp overflow?")
    W, Xb, Y = batch_of(3, 4, 7)
    stays(f, f(raised(W), Xb, Y), f(W, Xb, Y))
    f.claim(
        "scores far apart: certain and right gives 0, certain and wrong x in the row of the "
        "largest score and -x in that of the true class, however large x is",
        FAR_HINT,
    )
    for Z in (FAR, FARTHER):
        found = 0.03 * f(without_bias(Z), samples_of_their_own(3), np.eye(3))[:, :-1]
        f.agree(found, FAR_SLOPES, each_sample_over_its_x=found, should_be=FAR_SLOPES)


@Properties(
    shape=lambda W, strength: W.shape,
    examples=lambda: [(normal(3, 5), 0.5), (normal(4, 4), 2.0), (normal(2, 3), 1.0)],
    hint="It is added to the gradient of the loss, so it has the shape of W, biases included.",
)
def l2_gradient(f: Student) -> None:
    f.claim("the last column is 0", "Does the penalty depend on the biases?")
    for W, strength in f.examples:
        f.expect((f(W, strength)[:, -1] == 0).all())
    f.claim("W = [[2, -1, 7]] with strength 1 has 4, -2, 0", "Which factor does a square leave?")
    f.agree(f(np.array([[2.0, -1, 7]]), 1.0), [[4, -2, 0]])
    f.claim("twice the strength gives twice the slopes", "Where does strength enter?")
    for W, strength in f.examples:
        with_twice(f, 1, W, strength)
    f.claim(
        "each weight has its own slope, the same for equal weights: those of W and V add up",
        "Is it divided by something? Does a weight's slope depend on the others?",
    )
    for W, strength in f.examples:
        V = normal(*W.shape, seed=3)
        apart = f(W, strength) + f(V, strength)
        f.agree(f(W + V, strength), apart, those_of_W_and_V_added=apart)
        ones = f(np.ones_like(W), strength)[:, :-1]
        f.agree(ones, np.full_like(ones, 2 * strength))
        for index in np.ndindex(len(W), W.shape[1] - 1):
            alone = f(unit(*W.shape, at=index), strength)
            f.expect(np.count_nonzero(alone) == 1 and alone[index] > 0)


FAR_LOSSES = np.array([700.0, 0, 700])  # by how much the true score lies below the largest


def is_loss_of(f: Student, loss: Any, G: np.ndarray, label: int, x: np.ndarray) -> None:
    """Expect of a sample's loss what its gradient says of the true class's probability."""
    chance = 1 + G[label, -1] / x[-1]
    f.agree(np.exp(-loss), chance, exp_of_minus_your_loss=np.exp(-loss), probability_in_it=chance)


def training(K: int, D: int, N: int, size: int, *more: Any) -> tuple[Any, ...]:
    return (normal(D, N), in_turn(K, N), size, 3, 0.5, np.random.default_rng(K), *more)


@Properties(
    shape=lambda X, Y, batch_size, epochs, learning_rate, rng, strength=0.0: Several(
        ((len(Y), len(X) + 1), (epochs,))
    ),
    examples=lambda: [training(3, 4, 11, 3), training(4, 3, 8, 8), training(3, 2, 5, 1, 0.1)],
    hint="Two values: the weights (K, D+1), and an array with one loss for each epoch.",
    purity_hint="Does every random number come from the rng that is handed in?",
)
def train(f: Student) -> None:
    K, D, rate = 3, 4, 0.5

    def run(X: Any, Y: Any, size: int, epochs: int = 1, rate: float = rate, *more: float) -> Any:
        return f(X, Y, size, epochs, rate, np.random.default_rng(K), *more)

    def visited(sequence: Sequence[int], size: int, *more: float) -> Any:
        """Train one epoch on samples that rng's order visits in this sequence."""
        twin = np.random.default_rng(K)
        twin.standard_normal((K, D + 1))
        place = np.argsort(twin.permutation(len(sequence)))
        chosen = np.array(sequence)[place]
        return run(X[:, chosen], Y[:, chosen], size, 1, rate, *more)

    def steps_of(sample: int, before: list[int]) -> Callable[[int], np.ndarray]:
        def step(label: int) -> np.ndarray:
            kept = Y.copy()
            W = visited(before, 1)[0] if before else start
            Y[:, sample] = unit(K, at=(label,))
            try:
                return (W - visited([*before, sample], 1)[0]) / rate
            finally:
                Y[:] = kept

        return step

    f.claim(
        "with learning rate 0, W is 0.01 times K (D+1) standard normal numbers from rng",
        "Is init_weights the first thing that asks rng?",
    )
    for X, Y, size, epochs, _, rng in (training(3, 4, 11, 3), training(4, 3, 8, 8)):
        W = f(X, Y, size, epochs, 0.0, rng)[0]
        f.agree(100 * W, np.random.default_rng(len(Y)).standard_normal(W.shape))
    f.claim(
        "and every epoch has the mean loss of all samples, also if the last batch is short",
        "Is each batch's loss weighted by its number of samples? Set back to 0 for each epoch?",
    )
    for X, Y, size, epochs, _, rng in (training(3, 4, 11, 3), training(4, 3, 7, 4)):
        each = [
            f(X[:, [n]], Y[:, [n]], 1, 1, 0.0, np.random.default_rng(len(Y)))[1][0]
            for n in range(Y.shape[1])
        ]
        history = f(X, Y, size, epochs, 0.0, rng)[1]
        is_mean(f, history, each)
    X, Y = normal(D, 8), in_turn(K, 8)
    start = run(X, Y, 8, 1, 0.0)[0]
    x = np.append(X[:, 0], 1)
    of_one_sample(f, steps_of(0, []), x, start @ x, "one sample, the step over minus the rate: ")
    f.claim(
        "one batch of all samples moves W by the mean of what its samples move it by",
        "Divided by what? Is every sample in it?",
    )
    each = [run(X[:, [n]], Y[:, [n]], 1)[0] for n in range(8)]
    is_mean(f, run(X, Y, 8)[0], each)
    x = np.append(X[:, 1], 1)
    first = visited([0], 1)
    what = "the second of two samples, from the W that the first has left: "
    of_one_sample(f, steps_of(1, [0]), x, first[0] @ x, what)
    f.claim(
        "the loss of a sample is taken before its step, and is -log of the true probability",
        "Is the loss taken before the step? Is it the mean over the samples?",
    )
    is_loss_of(f, first[1][0], (start - first[0]) / rate, 0, np.append(X[:, 0], 1))
    second = visited([0, 1], 1)
    loss = 2 * second[1][0] - first[1][0]
    is_loss_of(f, loss, (first[0] - second[0]) / rate, 1, x)
    f.claim(
        "batches come in the order of rng, and the last may be short: as if each sample of the "
        "first came twice, and each of the last, of 2, three times",
        "Is batch_indices called once an epoch? Is every batch used, divided by its own size?",
    )
    wanted = visited([0, 0, 1, 1, 2, 2, 3, 3, 3, 4, 4, 4], 6)[0]
    f.agree(visited([0, 1, 2, 3, 4], 3)[0], wanted, with_equal_batches=wanted)
    f.claim(
        "two epochs are one with every sample twice, the second time in a new order of rng",
        "Is batch_indices called once an epoch?",
    )
    twin = np.random.default_rng(K)
    twin.standard_normal((K, D + 1))
    orders = [*twin.permutation(8), *twin.permutation(8)]
    for strength in ((), (0.2,)):
        wanted, one = visited(orders, 2, *strength)
        W, history = run(X, Y, 2, 2, rate, *strength)
        f.agree(W, wanted, in_one_epoch=wanted)
        f.agree(history.mean(), one[0], mean_of_both_epochs=history.mean(), in_one_epoch=one[0])
    f.claim(
        "the penalty shrinks the weights by 2 rate strength of themselves at each step, not the "
        "biases: seen on samples of zeros, which move the biases alone",
        "Is l2_gradient added to each batch's gradient?",
    )
    zeros = np.zeros_like(X)
    plain, pulled = run(zeros, Y, 4, 3)[0], run(zeros, Y, 4, 3, rate, 0.2)[0]
    f.agree(100 * plain[:, :-1], 100 * start[:, :-1], without_penalty=plain)
    left = (1 - 2 * rate * 0.2) ** 6  # six steps
    f.agree(100 * pulled[:, :-1], 100 * left * start[:, :-1], with_penalty=pulled)
    f.agree(pulled[:, -1], plain[:, -1], biases_without_penalty=plain[:, -1])
    f.claim("the penalty stays out of the history", "Is history the loss alone?")
    before = run(X, Y, 8)[1]
    f.agree(run(X, Y, 8, 1, rate, 0.2)[1], before, without_penalty=before)
    f.claim(
        "scores far apart: certain and right costs 0 and moves nothing; certain and wrong costs as "
        "much as the true score lies below the largest, and moves these two biases by the rate",
        FAR_HINT + " Is a probability clipped before the logarithm?",
    )
    far = np.linalg.pinv(start[:, :-1]) @ (FAR - start[:, -1:])  # inputs with these scores
    after, history = run(far, np.eye(3), 3)
    f.agree(3 * history[0], FAR_LOSSES.sum(), losses_of_the_samples_should_be=FAR_LOSSES)
    moved, wanted = 3 * (after - start)[:, -1], -rate * FAR_SLOPES.sum(axis=1)
    f.agree(moved, wanted, biases_moved_by=moved / 3, they_should_by=wanted / 3)


CURVES = np.array(
    [
        [2.0, 1.6, 1.3, 1.1, 1.0, 0.9],
        [2.0, 1.0, 0.6, 0.5, 0.4, 0.4],
        [1.5, 0.7, 0.6, 0.6, 0.6, 0.6],
        [2.0, 0.1, 0.9, 1.1, 0.8, 0.7],
        [2.2, 2.0, 1.9, 1.8, 1.7, 0.2],
    ]
)

RATES = np.array([0.15, 0.3, 1.5, 3.5, 10.5])  # none of them is an index of another


@Properties(
    shape=lambda rates, histories, last: (),
    examples=lambda: [(RATES.copy(), CURVES.copy(), 2), (RATES[:3].copy(), CURVES[:3].copy(), 1)],
    hint="One number: one of the rates that were handed in.",
)
def choose_rate(f: Student) -> None:
    f.claim("the answer is one of the rates", "Is it the rate, or its place in the list?")
    for rates, histories, last in f.examples:
        f.expect(f(rates, histories, last) in rates.tolist())
    f.claim(
        "of two curves that stay level, the lower one's rate is chosen, wherever it stands",
        "Is a small loss good, or a large one?",
    )
    for level in ((0.3, 0.8), (0.8, 0.3)):
        found = f(np.array([0.5, 2.0]), np.array([[one] * 4 for one in level]), 2)
        f.expect(found == (0.5 if level[0] < level[1] else 2.0))
    f.claim(
        "what a curve does before its last entries does not matter",
        "Which epochs count? Is the average taken of these alone?",
    )
    for early in ([[9, 9, 9], [0, 0, 0]], [[0, 0, 0], [9, 9, 9]]):
        late = np.array([[0.2, 0.2], [0.4, 0.4]])
        found = f(np.array([0.5, 2.0]), np.hstack((np.array(early, dtype=float), late)), 2)
        f.expect(found == 0.5)
    f.claim(
        "a single low entry among the last ones does not win",
        "Is it their mean that counts, or the lowest, or the very last?",
    )
    steady, lucky = [0.5] * 6, [0.5, 0.9, 0.9, 0.9, 0.9, 0.1]
    f.expect(f(np.array([0.5, 2.0]), np.array([steady, lucky]), 4) == 0.5)
    f.expect(f(np.array([0.5, 2.0]), np.array([lucky, steady]), 4) == 2.0)
    f.claim(
        "a curve with nan or infinity in it has lost, however low it was elsewhere",
        "What does argmin say where one entry is nan? Print it. Is the whole curve looked at?",
    )
    for bad in (np.nan, np.inf):
        for place in (1, 4, 5):
            gone = np.full(6, 0.01)
            gone[place] = bad
            f.expect(f(np.array([0.5, 2.0]), np.array([steady, gone]), 2) == 0.5)
            f.expect(f(np.array([0.5, 2.0]), np.array([gone, steady]), 2) == 2.0)


@Properties(
    shape=lambda W, Xb: Whole((Xb.shape[1],)),
    examples=lambda: [batch_of(3, 4, 7)[:2], batch_of(4, 3, 4)[:2], batch_of(5, 2, 1)[:2]],
    hint="One label for each sample, which is a column.",
)
def predict(f: Student) -> None:
    f.claim("scores 1, 5, 2 mean class 1", "Count the classes from 0. The largest score wins.")
    f.expect(np.array_equal(f(np.array([[1.0], [5], [2]]), np.ones((1, 1))), [1]))
    f.claim("no class has a larger score than the predicted one", "Which axis are the classes?")
    for W, Xb in f.examples:
        for n, label in enumerate(f(W, Xb)):
            inside = 0 <= label < len(W)
            f.expect(inside and (W @ Xb[:, n] <= W[int(label)] @ Xb[:, n]).all(), sample=n)
    f.claim(
        "also if all scores of a sample are large, or all are negative",
        "Is something done to the scores that cannot tell such ones apart any more?",
    )
    large = np.array([[800.0, -900, 50, -60], [900, -800, 60, -50], [850, -850, 55, -55]])
    found = f(without_bias(large), samples_of_their_own(4))
    f.expect(np.array_equal(found, [1, 1, 1, 1]), scores=large, largest_in_row=1)


Y_TRUE, Y_GUESS = np.array([0, 1, 2, 2, 1, 0, 2, 2]), np.array([0, 2, 2, 1, 1, 0, 2, 2])


@Properties(
    shape=lambda y, y_pred: (),
    examples=lambda: [(Y_TRUE.copy(), Y_GUESS.copy()), (LABELS.copy(), LABELS.copy())],
    hint="One number: the share of samples that were predicted right.",
)
def accuracy(f: Student) -> None:
    f.claim("all right is 1", "Divided by what?")
    f.agree(f(LABELS, LABELS), 1)
    f.claim("all wrong is 0", "What is compared with what?")
    f.agree(f(LABELS, (LABELS + 1) % 3), 0)
    f.claim("6 right ones of 8 are 0.75", "Is it the share of right ones?")
    f.agree(f(Y_TRUE, Y_GUESS), 0.75)
    f.claim("300 right ones of 300 are 1", "How large a count fits its dtype?")
    f.agree(f(np.zeros(300, dtype=int), np.zeros(300, dtype=int)), 1)


@Properties(
    shape=lambda y, y_pred, K: Whole((K, K)),
    examples=lambda: [(Y_TRUE.copy(), Y_GUESS.copy(), 3), (LABELS.copy(), LABELS.copy(), 5)],
    hint="A row and a column for each of the K classes, seen or not.",
)
def confusion_matrix(f: Student) -> None:
    f.claim("the entries sum to N", "Does each sample count once, also if its pair comes often?")
    for y, guess, K in f.examples:
        f.expect(f(y, guess, K).sum() == y.size)
    f.claim("row i sums to the number of samples of class i", "Is the truth in the rows?")
    for y, guess, K in f.examples:
        counts = np.bincount(y, minlength=K)
        f.expect(np.array_equal(f(y, guess, K).sum(axis=1), counts), samples_of_each_class=counts)
    f.claim(
        "one sample of class 2 that was predicted as 0 stands in row 2, column 0",
        "Truth first, prediction second.",
    )
    one = f(np.array([2]), np.array([0]), 3)
    f.expect(one[2, 0] == 1 and one.sum() == 1)
    f.expect(f(Y_TRUE, Y_GUESS, 3)[2, 2] == 3)
    f.claim("300 samples of one kind are counted as 300", "How large a count fits its dtype?")
    many = np.zeros(300, dtype=int)
    f.expect(f(many, many, 3)[0, 0] == 300)
    f.claim("there may be more than ten classes", "Is K used, whatever it is?")
    f.expect(f(np.array([11]), np.array([10]), 12)[11, 10] == 1)


def clusters(X: np.ndarray, Y: np.ndarray, strength: float) -> np.ndarray:
    """Weights from the mean of each class, which a strength makes smaller."""
    means = X @ Y.T / np.maximum(Y.sum(axis=1), 1)
    return np.hstack((means.T, np.zeros((len(Y), 1)))) / (1 + strength)


def split_example(K: int, D: int, N: int, held: int) -> tuple[Any, ...]:
    X, Y = normal(D, N), in_turn(K, N)
    return X, Y, np.arange(1, 1 + held), np.array([0.1, 0.0, 2.0, 0.5]), clusters


@Properties(
    shape=lambda X, Y, held_out, strengths, fit: Several(((), (len(strengths),))),
    examples=lambda: [split_example(3, 4, 11, 4), split_example(4, 3, 9, 3)],
    hint="Two values: one of the strengths, and an array with one loss for each of them.",
)
def choose_strength(f: Student) -> None:
    f.claim(
        "what is chosen is the strength with the smallest loss of those that you return",
        "Is it the strength, or its place? The smallest loss, or the largest?",
    )
    for example in f.examples:
        chosen, losses = f(*example)
        wanted = example[3][np.argmin(losses)]
        f.expect(chosen == wanted, your_losses=losses, their_smallest_is_that_of=wanted)
    f.claim(
        "with fit asked for weights of 0, every loss is ln K: exp of it is K",
        "Is it the mean loss? Is something added to it?",
    )
    for X, Y, held_out, strengths, _ in f.examples:

        def zeros(X: Any, Y: Any, strength: float) -> np.ndarray:
            return np.zeros((len(Y), len(X) + 1))

        losses = f(X, Y, held_out, strengths, zeros)[1]
        f.agree(np.exp(losses), np.full(len(strengths), float(len(Y))), your_losses=losses)
    f.claim(
        "fit is handed all samples that are not held out, and no other",
        "Which samples may training see? Which does np.delete leave?",
    )
    for X, Y, held_out, strengths, _ in f.examples:
        seen: list[tuple[Any, Any]] = []

        def spies(X: Any, Y: Any, strength: float, seen: Any = seen) -> np.ndarray:
            seen.append((X, Y))
            return np.zeros((len(Y), len(X) + 1))

        f(X, Y, held_out, strengths, spies)
        rest = [n for n in range(X.shape[1]) if n not in held_out]
        for one, truth in seen:
            f.expect(one.shape == X[:, rest].shape, samples_it_got=one.shape[1], wanted=len(rest))
            order, own = np.argsort(X[0, rest]), np.argsort(one[0])
            f.agree(one[:, own], X[:, rest][:, order])
            f.agree(truth[:, own], Y[:, rest][:, order])
    f.claim("each strength is handed to fit, in turn", "One training for each strength?")
    for X, Y, held_out, strengths, _ in f.examples:
        asked: list[float] = []

        def notes(X: Any, Y: Any, strength: float, asked: Any = asked) -> np.ndarray:
            asked.append(strength)
            return np.zeros((len(Y), len(X) + 1))

        f(X, Y, held_out, strengths, notes)
        f.expect(sorted(set(map(float, asked))) == sorted(strengths.tolist()))
    f.claim(
        "the losses are those of the samples held out: what the others are does not matter, if "
        "the weights stay",
        "On which samples is the loss taken? Is the penalty left out of it?",
    )
    for X, Y, held_out, strengths, _ in f.examples:
        W = normal(len(Y), len(X) + 1, seed=4)

        def stays(X: Any, Y: Any, strength: float, W: Any = W) -> np.ndarray:
            return W.copy()

        losses = f(X, Y, held_out, strengths, stays)[1]
        changed = X.copy()
        rest = [n for n in range(X.shape[1]) if n not in held_out]
        changed[:, rest] += 1
        again = f(changed, Y, held_out, strengths, stays)[1]
        f.agree(again, losses, with_the_others_as_they_were=losses)
        singles = [f(X, Y, held_out[[n]], strengths, stays)[1] for n in range(len(held_out))]
        mean = np.mean(singles, axis=0)
        f.agree(losses, mean, mean_of_each_held_out_alone=mean)
        for n, alone in zip(held_out, singles, strict=True):
            z = W @ np.append(X[:, n], 1)
            parts = np.exp(z - z[Y[:, n].argmax()]).sum()
            f.agree(np.exp(alone), np.full(len(strengths), parts))
    f.claim(
        "a true class whose score lies 400 below the largest costs 400",
        "Is a probability clipped before the logarithm?",
    )
    X, Y, held_out, strengths, _ = f.examples[0]

    def far(X: Any, Y: Any, strength: float) -> np.ndarray:
        W = np.zeros((len(Y), len(X) + 1))
        W[0, -1] = 400.0
        return W

    losses = f(X, Y, np.array([1]), strengths, far)[1]  # of class 1
    f.agree(losses, np.full(len(strengths), 400.0), your_losses=losses)


@Properties(
    shape=lambda W: Several(((W.shape[1] - 1, W.shape[0]), (W.shape[0],))),
    examples=lambda: [(normal(3, 5),), (normal(4, 5),), (normal(2, 4),)],
    hint="kernel is (D, K), a column for each class; bias is (K,).",
)
def to_keras(f: Student) -> None:
    f.claim(
        "samples in rows: x kernel + bias are the scores W x of each sample",
        "Which column of W is the bias? What lies on its side?",
    )
    for (W,) in f.examples:
        kernel, bias = f(W)
        for x in (*np.eye(W.shape[1] - 1), normal(W.shape[1] - 1), np.zeros(W.shape[1] - 1)):
            wanted = W @ np.append(x, 1)
            f.agree(
                x @ kernel + bias, wanted, x=x, x_kernel_plus_bias=x @ kernel + bias, W_x=wanted
            )


GRADER_HAS |= {"matplotlib", "numpy"}
offer(
    ("batch_indices(N, batch_size, rng) -> list of arrays of int", batch_indices),
    ("batch_backward(J, grad_A) -> (I, N); J is (I, K, N), grad_A (K, N)", batch_backward),
    ("batch_gradient(W, Xb, Y) -> (K, D+1); Xb is (D+1, N), Y one-hot (K, N)", batch_gradient),
    ("l2_gradient(W, strength) -> (K, D+1)", l2_gradient),
    ("train(X, Y, batch_size, epochs, learning_rate, rng, strength=0.0) -> (W, history)", train),
    ("choose_rate(rates, histories, last) -> float, one of the rates", choose_rate),
    ("predict(W, Xb) -> (N,) of int", predict),
    ("accuracy(y, y_pred) -> float; both are labels (N,)", accuracy),
    ("confusion_matrix(y, y_pred, K) -> (K, K) of int; rows are the truth", confusion_matrix),
    ("choose_strength(X, Y, held_out, strengths, fit) -> (strength, losses)", choose_strength),
    ("to_keras(W) -> (kernel (D, K), bias (K,))", to_keras),
)
