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
COARSE = 1e-6  # for numerical gradients, where rounding is divided by the step
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


def chances(*shape: int) -> np.ndarray:
    parts = 0.1 + np.random.default_rng(shape).random(shape)
    return parts / parts.sum(axis=0)


Y5 = np.array([[0.0, 1, 0, 0, 0], [1, 0, 0, 1, 0], [0, 0, 1, 0, 1]])  # LABELS, a sample a column


# --- Properties that recur ----------------------------------------------------------------
def sums_to(f: Student, total: float, answer: np.ndarray, axis: int = 0) -> None:
    sums = answer.sum(axis=axis)
    f.agree(sums, np.full_like(sums, total), **{("column_sums", "row_sums")[axis]: sums})


def treats_columns_alike(f: Student, batch: tuple[np.ndarray, ...], *fixed: Any) -> None:
    columns = [f(*fixed, *(part[:, n] for part in batch)) for n in range(batch[0].shape[1])]
    one_by_one = np.stack(columns, axis=1)
    f.agree(f(*fixed, *batch), one_by_one, column_by_column=one_by_one)


def with_twice(f: Student, which: int, *arguments: Any, gives: float = 2) -> None:
    once = f(*arguments)
    twice = [2 * part if n == which else part for n, part in enumerate(arguments)]
    f.agree(f(*twice), gives * once, answer_at_half_of_it=once)


def linear(W: np.ndarray) -> Any:
    """the sum of c * W, with these c"""
    return (normal(*W.shape, seed=5) * W).sum()


def quadratic(W: np.ndarray) -> Any:
    """the sum of W**2, and the first entry times the last"""
    return (W**2).sum() + W.flat[0] * W.flat[-1]


def cubic(W: np.ndarray) -> Any:
    """the sum of W**3"""
    return (W**3).sum()


def quadratic_slopes(W: np.ndarray) -> np.ndarray:
    exact = 2.0 * W
    exact.flat[0] += W.flat[-1]
    exact.flat[-1] += W.flat[0]
    return exact


@Properties(
    shape=lambda f, W, h=1e-5: W.shape,
    examples=lambda: [(cubic, normal(3, 5)), (quadratic, normal(3, 3), 0.01), (cubic, normal(4))],
    hint="One slope for each entry of W, whatever its shape: what runs over the entries?",
    purity_hint="Whose array is moved? Is every entry put back where it was?",
)
def numerical_gradient(f: Student) -> None:
    f.claim(
        "on a linear f the slopes are its coefficients",
        "Does one entry move at a time, and move back? How far apart are the two points?",
    )
    for W in (normal(3, 5), normal(3, 3), normal(4)):
        c = normal(*W.shape, seed=5)
        f.agree(f(linear, W), c, COARSE, coefficients_c=c)
    f.claim(
        "on a quadratic f they are exact, even with a step of 0.5",
        "Where do the two points lie: both on one side of W, or one on each side, equally far?",
    )
    W = normal(3, 5)
    exact = quadratic_slopes(W)
    f.agree(f(quadratic, W, 0.5), exact, COARSE, exact=exact)
    f.claim(
        "on a cubic f the error falls 100 times when h falls 10 times",
        "Is h, as it is handed in, the step and also what is divided by?",
    )
    f.agree(f(cubic, W), 3 * W**2, COARSE, exact=3 * W**2)
    coarse, fine = (np.abs(f(cubic, W, h) - 3 * W**2).max() for h in (0.1, 0.01))
    errors = {"error_at_h_=_0.1": coarse, "error_at_h_=_0.01": fine}
    f.expect(50 * fine < coarse < 200 * fine, **errors)
    f.claim(
        "an integer W gives the slopes that the same W gives in float64",
        "What becomes of 3 + 0.00001 when it is written into an integer array?",
    )
    W = np.array([[1, -2, 3], [4, 0, 2]])
    exact = quadratic_slopes(W)
    f.agree(f(quadratic, W), exact, COARSE, exact=exact)


@Properties(
    shape=lambda Y, Yhat: Yhat.shape,
    examples=lambda: [(Y5[:, :N], chances(3, N)) for N in (5, 3, 1)] + [(Y5[:, 0], chances(3))],
    hint="One slope for each probability, for (K,) and for (K, N).",
)
def cce_gradient(f: Student) -> None:
    f.claim(
        "it is 0 where Y is 0",
        "Does a sample's loss change with the probability of a class that is not its own?",
    )
    for Y, Yhat in f.examples:
        f.expect((f(Y, Yhat)[Y == 0] == 0).all())
    f.claim(
        "it is negative where Y is 1",
        "If the true class gets more probability, does the loss rise or fall?",
    )
    for Y, Yhat in f.examples:
        f.expect((f(Y, Yhat)[Y == 1] < 0).all())
    f.claim(
        "Yhat * gradient sums to -1 in every column, whatever N",
        "Let a column of Yhat grow by 1%: by how much does its own loss fall? Each column has its "
        "own loss here; the 1/N of the mean enters later, and once. Nothing is added to Yhat.",
    )
    tiny = np.array([1e-200, 0.5, 0.5])
    for Y, Yhat in [*f.examples, (Y5[:, 1], tiny), (Y5[:, 1:2], tiny[:, None])]:
        sums = (Yhat * f(Y, Yhat)).sum(axis=0)
        f.agree(sums, -np.ones_like(sums), column_sums_of_Yhat_times_yours=sums)
    f.claim(
        "a perfect prediction is no trouble: 0/0 counts as 0",
        "Where Y and Yhat are both 0, does the loss change when that probability does?",
    )
    for Y in (Y5, Y5[:, 0]):
        f.agree(f(Y, Y), -Y)
    f.claim("a batch gives what its columns give one by one", "Which axis is summed, and why?")
    treats_columns_alike(f, (Y5, chances(3, 5)))


@Properties(
    shape=lambda a: (a.size, a.size),
    examples=lambda: [(chances(3),), (chances(5),)],
    hint="Every score moves every probability: how many slopes are there?",
)
def softmax_jacobian(f: Student) -> None:
    f.claim(
        "every row sums to 0",
        "The probabilities sum to 1 whatever one score does. What happens to the others when one "
        "of them grows, and which entries say so?",
    )
    for a in (chances(3), chances(5)):
        sums_to(f, 0, f(a), axis=1)
    f.claim("it is symmetric", "Compare [1, 2] with [2, 1]: which two classes are in each?")
    for a in (chances(3), chances(5)):
        J = f(a)
        f.agree(J, J.T)
    f.claim(
        "it is positive on the diagonal and negative elsewhere",
        "When one score grows, does its own probability rise? And the others?",
    )
    for a in (chances(3), chances(5)):
        J = f(a)
        f.expect((np.diag(J) > 0).all() and (J < 0).sum() == J.size - a.size)
    f.claim(
        "log(a_k / a_l) moves as z_k - z_l does: column k over a_k minus column l over a_l is 1 in "
        "row k, -1 in row l",
        "The argument is a, the probabilities, not z. Work one diagonal and one other entry by "
        "hand.",
    )
    for a in (chances(3), chances(5)):
        apart, wanted = -np.diff(f(a) / a, axis=1), -np.diff(np.eye(a.size), axis=1)
        f.agree(apart, wanted, neighbouring_columns_of_yours_over_a=apart, should_be=wanted)
    f.claim("a certain prediction, one-hot a, gives all zeros", "Is something divided by a?")
    f.expect((f(np.array([0.0, 1, 0, 0])) == 0).all())


@Properties(
    shape=lambda W: (W.shape[1], W.shape[0]),
    examples=lambda: [(normal(3, 5),), (normal(4, 4),)],
    hint="The course's layout is input shape x output shape. Which of x and z is the input?",
)
def scores_gradient_x(f: Student) -> None:
    f.claim(
        "row j is how fast the scores move when x_j moves",
        "The input's index comes first. Is that the order in which W has them?",
    )
    for (W,) in f.examples:
        for j in range(W.shape[1]):
            x = np.zeros(W.shape[1])
            x[j] = 1
            f.agree(f(W)[j], W @ x, **{f"a step of 1 in x[{j}] moves the scores by": W @ x})


@Properties(
    shape=lambda x, K: (K, x.size, K),
    examples=lambda: [(normal(5), 3), (normal(3), 3), (normal(3), 4)],
    hint="The input is W, (K, D+1), and the output z, (K,): input shape x output shape.",
)
def scores_gradient_W(f: Student) -> None:
    f.claim(
        "K (D+1) entries are not 0: each weight moves one score only",
        "How many scores does W[i, j] appear in?",
    )
    for x, K in f.examples:
        count = np.count_nonzero(f(x, K))
        f.expect(count == K * x.size, not_zero=count, number_of_weights=K * x.size)
    f.claim(
        "entry [i, j, k] is how fast score k moves when W[i, j] moves",
        "Take W[0, 1] by hand: which score does it move, and how fast? Where do i, j, k stand?",
    )
    for x, K in f.examples:
        T = f(x, K)
        for i, j in np.ndindex(K, x.size):
            W = np.zeros((K, x.size))
            W[i, j] = 1
            label = f"a step of 1 in W[{i}, {j}] moves the scores by"
            f.agree(T[i, j], W @ x, **{label: W @ x, f"yours [{i}, {j}]": T[i, j]})


def unit(*shape: int, at: tuple[int, ...]) -> np.ndarray:
    """An array of zeros with a single 1."""
    array = np.zeros(shape)
    array[at] = 1
    return array


@Properties(
    shape=lambda dz_dW, da_dz, dL_da: dz_dW.shape[:2],
    examples=lambda: [
        (normal(K, D1, K), normal(K, K), normal(K)) for K, D1 in ((3, 5), (3, 3), (4, 3))
    ],
    hint="The gradient has the shape of W. Which index do two neighbours share and sum over?",
)
def chain_rule(f: Student) -> None:
    f.claim("twice one of the three gives twice the gradient", "Does each of the three enter once?")
    for which in range(3):
        with_twice(f, which, *f.examples[0])
    f.claim(
        "the gradients of two things that are added are added",
        "Is each product a sum over the index that two neighbours share?",
    )
    for factors in f.examples:
        for which, part in enumerate(factors):
            other = normal(*part.shape, seed=7)
            with_other, with_both = (
                [more if n == which else kept for n, kept in enumerate(factors)]
                for more in (other, part + other)
            )
            apart = f(*factors) + f(*with_other)
            f.agree(f(*with_both), apart, their_gradients_added=apart)
    f.claim(
        "W[i, j] moves z_k, z_k moves a_l, a_l moves L, and nothing else moves: 1 at [i, j] alone",
        "From the earliest variable to the latest: W, z, a, L. The input's index comes first: z is "
        "the last index of dz_dW. Where is z in da_dz?",
    )
    K, D1 = 3, 4
    for i, j, k, z, a, last in np.ndindex(K, D1, K, K, K, K):
        answer = f(unit(K, D1, K, at=(i, j, k)), unit(K, K, at=(z, a)), unit(K, at=(last,)))
        wanted = unit(K, D1, at=(i, j)) * (k == z and a == last)
        f.agree(answer, wanted, should_be=wanted)


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


@Properties(
    shape=lambda W, x, y: W.shape,
    examples=lambda: [
        (normal(3, 5), normal(5), Y5[:, 0]),
        (normal(3, 5), normal(5), Y5[:, 1]),
        (normal(3, 3), normal(3), Y5[:, 2]),
    ],
    hint="y is one-hot, (K,), and the gradient has the shape of W: a row for each class.",
)
def loss_gradient(f: Student) -> None:
    W, x, _ = f.examples[0]
    of_one_sample(f, lambda label: f(W, x, unit(3, at=(label,))), x, W @ x)
    f.claim("the same where W is square", "Is an index of W taken for another?")
    W, x, y = f.examples[2]
    numbers = f(W, x, y)[:, -1:] / x[-1]
    f.agree(f(W, x, y), numbers * x, last_column_over_last_x=numbers)
    f.claim(
        "adding 1000 to all scores changes nothing",
        "Does exp overflow? What may be subtracted from the scores first?",
    )
    for W, x, y in f.examples:
        x[-1] = 1.0
        for to in (raised(W), -raised(-W)):
            before = f(W, x, y)
            f.agree(f(to, x, y), before, before_adding=before)
    f.claim(
        "scores far apart: certain and right gives 0, certain and wrong does not",
        "There is most to learn from a certain mistake. Is 0 divided by 0 on the way, or does "
        "something vanish that the last two factors, multiplied on paper, would have kept?",
    )
    W, x = np.zeros((3, 4)), np.array([2.0, -1, 3, 1])
    W[:, -1] = 1000, -1000, 0
    f.agree(f(W, x, Y5[:, 1]), np.zeros((3, 4)))
    for label, y in ((1, Y5[:, 0]), (2, Y5[:, 2])):
        lead = np.zeros((3, 4))
        lead[0], lead[label] = x, -x
        f.agree(f(W, x, y), lead, slope_of_the_lead_over_the_true_class=lead)
        lead[:, :-1] *= 1000  # W is 0 there, so the scores are as they were
        f.agree(f(W, x * [1000, 1000, 1000, 1], y), lead, with_1000_times_the_features=lead)


GRADER_HAS |= {"matplotlib", "numpy"}
offer(
    ("numerical_gradient(f, W, h=1e-5) -> same shape as W, float64", numerical_gradient),
    ("cce_gradient(Y, Yhat) -> same shape, (K,) or (K, N); per sample, not divided by N", cce_gradient),
    ("softmax_jacobian(a) -> (K, K); a = softmax(z) of one sample, (K,)", softmax_jacobian),
    ("scores_gradient_x(W) -> (D+1, K); W is (K, D+1)", scores_gradient_x),
    ("scores_gradient_W(x, K) -> (K, D+1, K); x is (D+1,)", scores_gradient_W),
    ("chain_rule(dz_dW, da_dz, dL_da) -> (K, D+1); from (K, D+1, K), (K, K), (K,)", chain_rule),
    ("loss_gradient(W, x, y) -> (K, D+1); x is (D+1,), y is one-hot (K,)", loss_gradient),
)
