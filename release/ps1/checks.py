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


LABELS = np.array([1, 0, 2, 1, 2])
Y5 = np.array([[0.0, 1, 0, 0, 0], [1, 0, 0, 1, 0], [0, 0, 1, 0, 1]])  # LABELS, a sample a column


# --- Properties that recur ----------------------------------------------------------------
def sums_to(f: Student, total: float, answer: np.ndarray, axis: int = 0) -> None:
    sums = answer.sum(axis=axis)
    f.agree(sums, np.full_like(sums, total), **{("column_sums", "row_sums")[axis]: sums})


def treats_columns_alike(f: Student, batch: tuple[np.ndarray, ...], *fixed: Any) -> None:
    columns = [f(*fixed, *(part[:, n] for part in batch)) for n in range(batch[0].shape[1])]
    one_by_one = np.stack(columns, axis=1)
    f.agree(f(*fixed, *batch), one_by_one, column_by_column=one_by_one)


def is_mean(f: Student, whole: Any, singles: Sequence[Any]) -> None:
    each, mean = np.array(singles), np.mean(singles, axis=0)
    evidence = {"of_each_sample": each, "their_mean": mean}
    f.agree(whole, mean, **(evidence if each.ndim == 1 else {"mean_over_its_samples": mean}))


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
    shape=lambda X: (X.shape[0] + 1, X.shape[1]),
    examples=lambda: [(normal(4, 7),), (normal(3, 3),), (normal(4, 1),)],
    hint="A column is a sample. Is the bias one more sample, or one more feature of each?",
)
def add_bias(f: Student) -> None:
    f.claim("the last row is all ones", "Which end is the last row? What stands there?")
    for X in (normal(4, 7), normal(3, 3)):
        f.expect((f(X)[-1] == 1).all())
    f.claim("above it stands X as it was", "Are all features still there, in their order?")
    for X in (normal(4, 7), normal(3, 3)):
        f.expect(np.array_equal(f(X)[:-1], X))
    f.claim("an integer X gives float64 too", "Which dtype has the array that the ones go to?")
    f(np.arange(12).reshape(4, 3))


@Properties(
    shape=lambda D, K, rng, scale=0.01: (K, D + 1),
    examples=lambda: [(4, 3, np.random.default_rng(1)), (2, 3, np.random.default_rng(2), 0.5)],
    hint="A row for each class; a column for each feature, and one more for what?",
    purity_hint="Does every random number come from the rng that is handed in?",
)
def init_weights(f: Student) -> None:
    def draw(seed: int, *scale: float, D: int = 40, K: int = 30) -> Any:
        return f(D, K, np.random.default_rng(seed), *scale)

    uses_rng_alone(f, lambda rng: f(40, 30, rng), "weights")
    f.claim("twice the scale gives twice the weights", "Where does scale enter?")
    small = draw(1, 0.1)
    f.agree(draw(1, 0.2), 2 * small, at_half_the_scale=small)
    f.claim("scale is 0.01 unless it is given", "What does the def line say of scale?")
    given = draw(1, 0.01)
    f.agree(100 * draw(1), 100 * given, with_scale_given=given)
    f.claim(
        "both signs, mean near 0, standard deviation near the scale",
        "Which distribution is centred at 0, and which method of rng draws from it?",
    )
    W = draw(1, 1.0)
    f.expect(abs(W.mean()) < 0.1 and abs(W.std() - 1) < 0.1, mean=W.mean(), deviation=W.std())
    f.claim(
        "the last column, the biases, is drawn like the others",
        "Is a column set to something afterwards, or put beside what was drawn?",
    )
    f.expect(W[:, -1].std() > 0.5, the_biases=W[:, -1], their_deviation=W[:, -1].std())
    f.claim(
        "K = 5 and K = 2 with the same seed have the same first two rows",
        "In which order do the numbers fill W: row by row, in the shape that is asked for?",
    )
    two, five = draw(1, D=3, K=2), draw(1, D=3, K=5)
    f.agree(100 * five[:2], 100 * two, with_two_classes=two)
    f.claim(
        "K (D+1) standard normal numbers are drawn from rng, and no other",
        "Is something else drawn before or after, or from another distribution?",
    )
    draws_no_more(f, lambda rng: f(40, 30, rng), lambda rng: rng.standard_normal(30 * 41))


@Properties(
    shape=lambda y, K: (K, y.size),
    examples=lambda: [(LABELS, 3), (2 * LABELS[:2], 3), (LABELS % 2, 4), (LABELS[1:2], 3)],
    hint="A column for each sample; a row for each of the K classes, seen in y or not.",
)
def one_hot(f: Student) -> None:
    f.claim("every entry is 0 or 1", "What else is written into the array?")
    for y, K in f.examples:
        f.expect(np.isin(f(y, K), (0, 1)).all())
    f.claim("every column sums to 1", "How many classes does one sample have?")
    for y, K in f.examples:
        sums_to(f, 1, f(y, K))
    f.claim(
        "the 1 of column n stands in row y[n], counted from 0",
        "Take the first sample by hand: which row, which column? Classes count from 0.",
    )
    for y, K in f.examples:
        rows = f(y, K).argmax(axis=0)
        f.expect(np.array_equal(rows, y), rows_of_your_ones=rows)
    f.claim("there may be more than ten classes", "Is K used, whatever it is?")
    f.expect(f(np.array([3, 11]), 12)[11, 1] == 1)


@Properties(
    shape=lambda W, Xb: (W.shape[0], *Xb.shape[1:]),
    examples=lambda: (
        [(normal(3, 5), normal(5, *N)) for N in ([7], [1], [])]
        + [(normal(4, 4), normal(4, 4, seed=1))]
    ),
    hint="Each sample gets K scores. A single sample is 1-D, (D+1,), and so are its scores, (K,).",
)
def scores(f: Student) -> None:
    f.claim(
        "the sample with a single 1, in row j, has column j of W as its scores",
        "Which entries of W meet feature j? The last one, the bias, counts once, like any other.",
    )
    for W in (normal(3, 5), normal(4, 4)):
        for x, column in zip(np.eye(W.shape[1]), W.T, strict=True):
            f.agree(f(W, x), column, column_j_of_W=column)
    f.claim(
        "the scores of a sum of samples are the sum of their scores",
        "Scores are linear in x. Is something added that x does not multiply?",
    )
    for W, one in ((normal(3, 5), normal(5)), (normal(4, 4), normal(4, 4))):
        two = one[::-1].copy()
        apart = f(W, one) + f(W, two)
        f.agree(f(W, one + two), apart, sum_of_their_scores=apart)
    f.claim("a batch gives what its columns give one by one", "What runs over the samples?")
    treats_columns_alike(f, (normal(5, 7),), normal(3, 5))
    treats_columns_alike(f, (normal(4, 4, seed=1),), normal(4, 4))


@Properties(
    shape=lambda z: z.shape,
    examples=lambda: [(normal(4),), (normal(3, 7),), (normal(3, 3),), (normal(5, 1),)],
    hint="A sum along an axis loses that axis. Does it fit again, for (K,) and for (K, N)?",
)
def softmax(f: Student) -> None:
    f.claim("every entry is positive", "Scores may be negative. What makes each one positive?")
    for (z,) in f.examples:
        f.expect((f(z) > 0).all())
    f.claim(
        "every column sums to 1, and so does a single z",
        "The sum runs over the classes of one sample: which axis, when samples are columns?",
    )
    for (z,) in f.examples:
        sums_to(f, 1, f(z))
    f.claim("a larger score has a larger probability", "What does each entry grow with?")
    for (z,) in f.examples:
        f.expect(np.array_equal(np.argsort(f(z), axis=0), np.argsort(z, axis=0)))
    f.claim(
        "log(a_i / a_j) = z_i - z_j",
        "Their ratio depends on the difference of the scores. Is each used as it is, in base e?",
    )
    z = normal(4)
    ratios, differences = np.log(f(z) / f(z)[0]), z - z[0]
    f.agree(ratios, differences, your_log_ratios_to_a_0=ratios, differences_to_z_0=differences)
    f.claim("adding a number to a column changes nothing", "What cancels in the fraction?")
    for z, shift in ((normal(4), 2.0), (normal(3, 7), np.arange(7) - 3.0)):
        before = f(z)
        f.agree(f(z + shift), before, before_adding=before)
    f.claim(
        "a batch gives what its columns give one by one",
        "Nothing about a sample may depend on the others: which axis does each line run along?",
    )
    for (Z,) in f.examples[1:]:
        treats_columns_alike(f, (Z,))
    f.claim(
        "large scores, and scores far apart, are no trouble",
        "exp(1000) is inf. What may be subtracted from a column without a change, so that no exp "
        "is too large and not all of them are 0? Does every column have its own?",
    )
    small = f(np.array([2.0, 1, 0]))
    for shift in (998, -1002):
        f.agree(f(np.array([2.0, 1, 0]) + shift), small, at_2_1_0=small)
    f.agree(f(np.full(4, 1000.0)), np.full(4, 0.25))
    for largest in np.eye(3):
        f.agree(f(2000 * largest - 1000), largest, should_be=largest)
    near = f(normal(3, 4))
    far = normal(3, 4) + np.array([1000.0, -5, -1000, 0])
    f.agree(f(far), near, with_all_columns_near_0=near)


@Properties(
    shape=lambda Y, Yhat: (),
    examples=lambda: [(Y5[:, :N], chances(3, N)) for N in (5, 3, 1)] + [(Y5[:, 0], chances(3))],
    hint="One number, for a batch (K, N) as for a single sample (K,): which axes are left?",
)
def cce(f: Student) -> None:
    f.claim(
        "equal chances for K classes cost ln K, whatever N",
        "Natural logarithm, with which sign? Is the sum divided by N alone? Which class counts?",
    )
    for Y in (Y5[:, 0], Y5[:, 2], Y5, Y5[:, :3], np.array([0.0, 0, 1, 0, 0])):
        f.agree(f(Y, np.full(Y.shape, 1 / len(Y))), np.log(len(Y)), ln_K=np.log(len(Y)))
    y = np.array([0.0, 1, 0])
    f.claim(
        "half the chance for the true class costs ln 2 more",
        "The loss of a sample comes from one entry of yhat: which one, and by which function?",
    )
    twice = f(y, np.array([0.1, 0.8, 0.1]))
    f.agree(f(y, np.array([0.3, 0.4, 0.3])) - twice, np.log(2), at_twice_the_chance=twice)
    f.claim("how the other classes share the rest changes nothing", "What do they add to the loss?")
    before = f(y, np.array([0.3, 0.4, 0.3]))
    f.agree(f(y, np.array([0.5, 0.4, 0.1])), before, at_03_04_03=before)
    f.claim(
        "the loss of a batch is the mean of the losses of its columns",
        "Is the mean taken of the losses, or of something else, and over how many?",
    )
    for N in (5, 3):
        Y, Yhat = Y5[:, :N], chances(3, N)
        is_mean(f, f(Y, Yhat), [f(Y[:, n], Yhat[:, n]) for n in range(N)])
    f.claim(
        "an exact 0 where y is 0 is no trouble, a perfect prediction costs 0: 0 log 0 counts as 0",
        "NumPy says that 0 * log(0) is nan. Which logarithms are needed at all?",
    )
    for Y in (Y5, Y5[:, 0], Y5[:, 2], Y5[:, :3]):
        f.expect(f(Y, Y) == 0)
    f.agree(f(y, np.array([0.0, 0.25, 0.75])), np.log(4), ln_4=np.log(4))
    f.claim(
        "a true class that was given the chance 0 costs inf",
        "Is something added to yhat, or is it clipped? A certain mistake has no finite price.",
    )
    wrong = np.array([[0.5, 0.5, 0.5, 0.5, 1], [0, 0.5, 0, 0.5, 0], [0.5, 0, 0.5, 0, 0]])
    f.expect(f(Y5, wrong, finite=False) == np.inf)
    f.expect(f(Y5[:, 0], wrong[:, 0], finite=False) == np.inf)


@Properties(
    shape=lambda Z, y: (),
    examples=lambda: (
        [(normal(3, N), LABELS[:N]) for N in (5, 3)]
        + [(normal(4, 1), np.array([3])), (normal(4), 2)]
    ),
    hint="One number, for (K, N) with N labels as for (K,) with one. Which entry does y[n] pick?",
)
def cce_from_scores(f: Student) -> None:
    f.claim(
        "equal scores for K classes cost ln K, whatever N",
        "Natural logarithm, with which sign? Is the sum divided by the number of samples?",
    )
    for K, y in ((3, LABELS), (3, LABELS[:3]), (5, np.array([4, 1]))):
        f.agree(f(np.zeros((K, y.size)), y), np.log(K), ln_K=np.log(K))
    f.claim(
        "scores ln 1, ln 2, ln 5 stand for 1/8, 2/8, 5/8: class 0 costs ln 8, class 2 ln 1.6",
        "Work this one through by hand. Does y[n] pick its entry from column n, counted from 0?",
    )
    z = np.log(np.array([1.0, 2, 5]))
    for label, loss in enumerate((np.log(8), np.log(4), np.log(1.6))):
        f.agree(f(z, label), loss, by_hand=loss)
        f.agree(f(z.reshape(3, 1), np.array([label])), loss, by_hand=loss)
    f.claim(
        "adding a number to a column changes nothing",
        "If something is subtracted before exp, where does it come back?",
    )
    for Z, y in ((normal(3, 5), LABELS), (normal(3, 3), LABELS[:3])):
        before = f(Z, y)
        f.agree(f(Z + np.arange(y.size), y), before, before_adding=before)
    f.claim(
        "the loss of a batch is the mean of the losses of its columns",
        "Does each column keep to itself until the mean? Along which axis does each line run?",
    )
    for Z, y in ((normal(3, 5), LABELS), (normal(3, 3), LABELS[:3])):
        is_mean(f, f(Z, y), [f(Z[:, n], int(y[n])) for n in range(y.size)])
    f.claim(
        "scores far apart: the loss is how far the true class lies behind, 800 for 0 and -800",
        "The probability is too small for a float, its logarithm is not. Can the logarithm of the "
        "quotient be taken before there is a quotient? Does every column have its own maximum?",
    )
    for scores, label, loss in (
        ([0.0, -800], 1, 800.0),
        ([-800.0, 0], 1, 0.0),
        ([1000.0, 0, 1000], 2, np.log(2)),
        ([-1000.0, -1000, -3000], 2, 2000 + np.log(2)),
    ):
        f.agree(f(np.array(scores), label), loss, by_hand=loss)
    near = f(normal(3, 5), LABELS)
    far = normal(3, 5) + np.array([1000.0, -5, -1000, 0, 40])
    f.agree(f(far, LABELS), near, with_all_columns_near_0=near)


GRADER_HAS |= {"matplotlib", "numpy"}
offer(
    ("add_bias(X) -> (D+1, N); X is (D, N)", add_bias),
    ("init_weights(D, K, rng, scale=0.01) -> (K, D+1)", init_weights),
    ("one_hot(y, K) -> (K, N) float64; y is (N,), labels 0 to K-1", one_hot),
    ("scores(W, Xb) -> (K, N), or (K,) for one sample Xb of shape (D+1,)", scores),
    ("softmax(z) -> same shape as z, (K,) or (K, N); each column sums to 1", softmax),
    ("cce(Y, Yhat) -> float; both (K, N), or (K,) for one sample", cce),
    (
        "cce_from_scores(Z, y) -> float; Z (K, N) and labels y (N,), or z (K,) and one label",
        cce_from_scores,
    ),
)
