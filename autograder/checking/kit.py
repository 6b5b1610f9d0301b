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
    """Return the card to show, if any, and in one line what is wrong, if anything."""
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
    """Put on the card which properties hold; return in a line what is wrong, if anything."""
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
    """Tell whether a function, or each method of a class, only returns None or an ellipsis."""
    parts = [*vars(function).values()] if isinstance(function, type) else [function]
    made = [one for one in parts if inspect.isfunction(one)]
    steps = [step for one in made for step in dis.get_instructions(one)]
    empty = all(x.argval is None or x.argval is ... or x.opname == "RESUME" for x in steps)
    return empty and (isinstance(function, type) or bool(made))


def one_line_error(text: str, kind: type[BaseException] = AssertionError) -> BaseException:
    """Return an error that IPython shows as one line, without a traceback."""
    error = kind(line := " ".join(text.split()))
    error.__suppress_context__ = True
    error._render_traceback_ = lambda: [line]  # type: ignore[attr-defined]
    return error


def name_of(function: Any) -> str:
    """Return the exercise that something stands for in the notebook, or else its own name."""
    own = function if isinstance(function, str) else str(getattr(function, "__name__", ""))
    notebook = vars(sys.modules["__main__"])
    names = [own, *(one for one in EXERCISES if notebook.get(one) is function)]
    return next((one for one in names if one in EXERCISES), own)


def meant(name: str, names: Iterable[str]) -> str:
    """Ask whether a similar name was meant, if there is one."""
    close = difflib.get_close_matches(name, [one for one in names if one != name], 1, 0.75)
    return f" (did you mean {close[0]}?)" if close else ""


# --- What was run, and what a check leaves as it was ----------------------------------------
LAST_RUN: dict[str, tuple[str, str]] = {}  # of each name: the cell that defines it, its error
DEFINED = re.compile(r"^(?:async )?(?:def|class) +(\w+)", re.MULTILINE)


def remember(result: Any) -> None:
    """Note after a cell which functions it was to define, and whether it failed."""
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
    """Say in one line, without a traceback, that a cell needs what is not written yet."""
    *_, (frame, _) = traceback.walk_tb(trail)
    if frame.f_globals is vars(sys.modules["__main__"]) and str(error) == "not written yet":
        name = getattr(frame.f_code, "co_qualname", frame.f_code.co_name)
        line = f"This cell needs {name}, which is not written yet: write it, then run it and this."
        error._render_traceback_ = lambda: [line]
    shell.showtraceback((kind, error, trail), tb_offset=tb_offset)


def unknown(name: str) -> str:
    """Say that no exercise has this name, and which there are."""
    said = f"check: no exercise of this set is called {name!r}{meant(name, EXERCISES)}. "
    return f"{said}There are: {', '.join(EXERCISES)}"


def where_defined(name: str) -> str:
    """Say what to do to have a function that the notebook defines."""
    failed = LAST_RUN.get(name, ("", ""))[1]
    again = f", which failed when it was last run ({failed})" if failed else ""
    return f"run the cell that defines {name}{again}"


def earlier_version(function: Any, named: str) -> str:
    """Say so if a function, or one that it uses, is older than a cell that failed since."""
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
    """Tell of each function whose source is known whether a cell has it just so, and no longer."""
    for one in functions:
        with contextlib.suppress(OSError, TypeError):
            lines = inspect.getsource(one).rstrip()
            more = rf"\s*\n{lines[: len(lines) - len(lines.lstrip())]}[ \t]+\S"
            yield bool(re.search(rf"^{re.escape(lines)}[ \t]*$(?!{more})", cell, re.MULTILINE))


class Printed(io.TextIOBase):
    """Takes what is printed: keeps how it begins, and counts the lines."""

    start, lines = "", 0

    def write(self, text: str) -> int:
        self.start += text[: 80 - len(self.start)]
        self.lines += text.count("\n")
        return len(text)

    def notes(self) -> list[str]:
        """Say in a line what was printed, if anything was."""
        first, many = self.start.strip().partition("\n")[0], max(1, self.lines)
        said = f"While it was tried it printed {many} line(s), left out here; the first: {first!a}."
        return [said] * bool(self.start)


@contextlib.contextmanager
def undisturbed() -> Iterator[Printed]:
    """Let nothing that is tried inside print, ask, draw, or change a setting of the notebook."""
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
    """Say which package, or file, a function uses that is not there while grading, if any."""
    homes = (one if isinstance(one, str) else home_of(one) for one in reached(function))
    return next(filter(None, (lacked(home.partition(".")[0]) for home in homes)), "")


def reached(function: Any) -> Iterator[Any]:
    """Yield something and what it uses, through functions and classes of the notebook.

    Of a module that is imported inside a function it is the name.
    """
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
    """Tell whether what a function or class uses is looked at too: it is no library's."""
    name = home_of(value).partition(".")[0]
    return name == "__main__" or not (name in GRADER_HAS or name in sys.stdlib_module_names)


def names_in(code: Any) -> tuple[list[str], list[str]]:
    """Return which modules code imports, and which global names it uses."""
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
    """Return the module that something comes from; of an object, that of its class."""
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
    """Say what the grader lacks, if that is a module of this name."""
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
    """A property does not hold; `message` is empty where the claim says it all."""

    message: str
    hint: str = ""
    evidence: Sequence[tuple[str, Any]] = ()


class Student:
    """The student's function: each call gets copies, and its answer is looked at.

    An answer has to be what the exercise asks for (one number, or a float64 array of the
    right shape) before any property is looked at, so that the properties need not ask.
    """

    def __init__(self, function: Callable[..., Any], exercise: Properties, card: Card) -> None:
        self.function, self.exercise, self.card = function, exercise, card
        self.evidence: list[tuple[str, Any]] = []  # the arguments and the answer of the last call
        self.given: list[Any] = []

    def claim(self, text: str, hint: str = "") -> None:
        """Open a property: it holds unless something below finds otherwise."""
        self.card.claims.append(text)
        self.card.hint, self.evidence = hint, []

    @property
    def examples(self) -> list[tuple[Any, ...]]:
        """The exercise's example arguments, made anew."""
        return self.exercise.examples()

    def __call__(self, *arguments: Any, finite: bool = True) -> Any:
        self.evidence = []
        asked = self.exercise.shape(*arguments)
        return self.answer(self.function, self.exercise.name, arguments, asked, finite)

    def called(self, function: Any, name: str, arguments: Sequence[Any]) -> Any:
        """Return what the student's function, or method, gives for copies of the arguments."""
        self.evidence += zip(self.exercise.parameters(name), arguments, strict=False)
        self.given = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return function(*self.given)
        except BaseException as failure:  # SystemExit among them
            raise self.stopped(failure) from None

    def answer(self, function: Any, name: str, given: Any, asked: Any, finite: bool = True) -> Any:
        """Return an answer of the student's that is what is asked for."""
        value = self.called(function, name, given)
        label = "yours" if name == self.exercise.name else f"yours, from {name}"
        return self.as_asked(label, value, asked, finite)

    def as_asked(self, label: str, value: Any, asked: Any, finite: bool = True) -> Any:
        """Return a copy of a value that is what is asked for, or show how it is not."""
        self.evidence.append((label, value))
        message, hint = problem_of(value, asked, finite, self.exercise.hint)
        if message:
            said = f"{label.removeprefix('yours, from ')}: {message}".removeprefix("yours: ")
            raise Broken(said, hint, self.evidence)
        return copy.deepcopy(value)

    def expect(self, holds: Any, **more: Any) -> None:
        """Go on if the condition holds; otherwise show the last call and these values."""
        if not holds:
            labelled = [(label.replace("_", " "), value) for label, value in more.items()]
            raise Broken("", "", [*self.evidence, *labelled])

    def agree(self, yours: Any, wanted: Any, tolerance: float = TOLERANCE, /, **more: Any) -> None:
        """Go on if two values are equal up to rounding, relative to the larger of them and 1."""
        with np.errstate(invalid="ignore"):
            difference = np.abs(np.subtract(yours, wanted)).max()
        size = max(1.0, np.abs(wanted).max())
        close = difference <= tolerance * size
        if not close and difference <= 1e-4 * size:
            self.card.hint += " (It is nearly so: is a small number added, or something clipped?)"
        self.expect(close, **more, largest_difference=difference)

    def takes_and_returns_what_is_asked(self) -> None:
        """Look at what every exercise is held to: arguments, shape, dtype, finite, purity."""
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
        """Look at the parameters of a function, or of a method with `own` of them for self."""
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
        """Say what the examples have to give."""
        asked = [self.exercise.shape(*arguments) for arguments in self.examples]
        if any(shape == () for shape in asked):
            return "it returns one number, finite"
        if all(isinstance(shape, tuple) for shape in asked):
            return "it returns a float64 array of the right shape, finite"
        return f"it returns {asked[0].words}"

    def tried(self, example: tuple[Any, ...], watched: bool = False) -> Any:
        """Return the answer to one example; watched, its arguments have to stay as they are."""
        answer = self(*example)
        if watched:
            self.left_alone(self.exercise.name, example)
        return answer

    def left_alone(self, name: str, arguments: Sequence[Any]) -> None:
        """Expect that the last call has left its arguments as they were."""
        parameters = self.exercise.parameters(name)
        for label, before, after in zip(parameters, arguments, self.given, strict=False):
            if isinstance(before, np.ndarray):
                # What was moved and put back by adding may be off in the last digit.
                put_back = after.dtype == before.dtype and after.shape == before.shape
                put_back = put_back and (np.abs(after - before) <= PUT_BACK * np.abs(before)).all()
                self.expect(put_back, **{f"{label}_after_the_call": after})

    def innermost(self, failure: BaseException) -> tuple[str, str]:
        """Return the innermost function's name, and the lines where the notebook comes and ends."""
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
        """Return what is to be told of an error that a call ended with."""
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
    """The student's class: each of its objects' answers is looked at, as a function's is."""

    exercise: PropertiesOfClass

    def new(self, *arguments: Any) -> Made:
        """Make an object of it."""
        self.evidence = []
        return Made(self, self.called(self.function, self.exercise.name, arguments))

    def takes(self, function: Any, name: str, own: int = 0) -> None:
        """Look at the parameters of the class, and of its methods."""
        super().takes(function, name)
        for method in self.exercise.parts:
            found = getattr(function, method, None)
            if not callable(found):
                raise Broken(f"it has no method {method}", "Compare with the def lines above.")
            super().takes(found, method, own=1)

    def what_is_asked(self) -> str:
        """Say what the methods have to give."""
        return "what it returns is float64 arrays of the right shapes, finite"

    def tried(self, example: tuple[Any, ...], watched: bool = False) -> Any:
        """Return the answers of an object to some calls of methods."""
        arguments, *steps = example
        made, answers = self.new(*arguments), []
        for method, *given in steps:
            answers.append(made(method, *given))
            if watched:
                self.left_alone(method, given)
        return answers


class Made:
    """An object of the student's class: each of its answers is looked at, as a function's is."""

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
        """Return a copy of an attribute that is an array of this shape."""
        student = self.student
        value = getattr(self.made, attribute, None)
        if value is None:
            hint = f"Is self.{attribute} set in __init__?"
            raise Broken(f"it has no attribute {attribute}", hint, student.evidence)
        return student.as_asked(f"your {attribute}", value, shape)


# --- What is asked for ---------------------------------------------------------------------
def problem_of(value: Any, asked: Any, finite: bool, hint: str) -> tuple[str, str]:
    """Say what is wrong with an answer and where to look, if it is not what is asked for.

    Asked for is one number, (), or a float64 array of another shape, or what the kit's own
    classes say; `finite` allows neither nan nor inf, and `hint` is for a wrong shape.
    """
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
    """Say what a value is, if it is no array of this shape."""
    if type(value) is not np.ndarray:
        return f"it returns {kind_of(value)}, not an array", "NumPy arrays in, an array out."
    right = value.shape == shape
    return ("", "") if right else (f"it returns shape {value.shape}, not {shape}", hint)


class Truth:
    """Asks for True or False."""

    words = "True or False"

    def problem_of(self, value: Any, *_: Any) -> tuple[str, str]:
        """Say what is wrong with a value, if anything."""
        right, hint = isinstance(value, bool | np.bool_), "What does the function have to decide?"
        return ("", "") if right else (f"it returns {kind_of(value)}, not True or False", hint)


class Text:
    """Asks for text."""

    words = "text"

    def problem_of(self, value: Any, finite: bool, hint: str) -> tuple[str, str]:
        """Say what is wrong with a value, if anything."""
        return ("", "") if type(value) is str else (f"it returns {kind_of(value)}, not text", hint)


@dataclass
class Whole:
    """Asks for an array of whole numbers of a shape."""

    shape: tuple[int, ...]
    words = "an array of whole numbers"

    def problem_of(self, value: Any, finite: bool, hint: str) -> tuple[str, str]:
        """Say what is wrong with a value, if anything."""
        problem = problem_of_shape(value, self.shape, hint)
        if any(problem) or value.dtype.kind in "iu":
            return problem
        return f"it returns dtype {value.dtype}, not whole numbers", "Labels and counts are int."


@dataclass
class Several:
    """Asks for several values in a tuple, a list or a dictionary; `parts` says what each is."""

    parts: tuple[Any, ...] | list[Any] | dict[str, Any]

    @property
    def words(self) -> str:
        """What is asked for, in a few words."""
        names = {tuple: "a tuple", list: "a list", dict: "a dictionary"}
        return f"{names[type(self.parts)]} of {len(self.parts)} values"

    def problem_of(self, value: Any, finite: bool, hint: str) -> tuple[str, str]:
        """Say what is wrong with the first of the values that is not right."""
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
    """Tell whether two answers are equal to the last digit."""
    if isinstance(one, dict):
        return all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return all(same(*pair) for pair in zip(one, other, strict=True))
    return bool(np.array_equal(one, other))


def kind_of(value: Any) -> str:
    """Say what a value is, in a few words, without asking the value itself."""
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
    """What a student reads: as HTML in a notebook, as plain ASCII elsewhere."""

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
    """Name a value and, if it is an array, its shape, and its dtype where that is not float64."""
    if type(value) is not np.ndarray:
        return label
    return f"{label}, shape {value.shape}" + f", {value.dtype}" * (value.dtype != np.float64)


def written(value: Any) -> str:
    """Write a value out: small arrays in full, the corners of larger ones."""
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
    """Show a card in the notebook, or print it where there is none."""
    if SHELL is not None:
        from IPython.display import display

        return display(card)
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    print(repr(card).encode(encoding, "backslashreplace").decode(encoding))


# --- What the properties are made of ------------------------------------------------------
@dataclass(eq=False)
class Properties:
    """What students may run of one exercise; as a decorator it takes the function that asks.

    Parameters
    ----------
    shape : what is asked for, from the arguments: () is one number, other tuples are shapes of
        float64 arrays; see `Truth`, `Text`, `Whole` and `Several`
    examples : makes the same arguments each time, anew
    hint : where to look if the shape is wrong
    """

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
        """Take the name and the parameters from the exercise's signature."""
        self.signature = signature
        found = re.findall(r"(\w+)\(([^)]*)\)", signature)
        self.calls = {name: re.findall(r"([^, ]+)", listed) for name, listed in found}
        self.name = found[0][0]

    def parameters(self, name: str) -> list[str]:
        """Return the names of the parameters of the function, the class or a method."""
        return [text.partition("=")[0] for text in self.calls[name]]


@dataclass(eq=False)
class PropertiesOfClass(Properties):
    """What students may run of an exercise that asks for a class.

    Parameters
    ----------
    examples : each is the constructor's arguments in a tuple, then calls of methods, each in a
        tuple: ``((0.0,), ("push", 1.0), ("push", 3.0))``; what `shape` says is not looked at
    parts : what each method returns, from the object and the arguments
    """

    parts: dict[str, Callable[..., Any]] = field(default_factory=dict)
    kind = "class"
    student = StudentClass

    @property
    def also(self) -> str:  # type: ignore[override]
        """Say which methods it has."""
        return f", and has the methods {', '.join(self.parts)}"


EXERCISES: dict[str, Properties] = {}


def offer(*signed: tuple[str, Properties]) -> None:
    """Enter the exercises that can be checked, each with its signature."""
    for signature, properties in signed:
        properties.sign(signature)
        EXERCISES[properties.name] = properties


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    """Random numbers, the same at each call with the same shape and seed."""
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def chances(*shape: int) -> np.ndarray:
    """Random probabilities: every column is positive and sums to 1."""
    parts = 0.1 + np.random.default_rng(shape).random(shape)
    return parts / parts.sum(axis=0)


LABELS = np.array([1, 0, 2, 1, 2])
Y5 = np.array([[0.0, 1, 0, 0, 0], [1, 0, 0, 1, 0], [0, 0, 1, 0, 1]])  # LABELS, a sample a column


# --- Properties that recur ----------------------------------------------------------------
def sums_to(f: Student, total: float, answer: np.ndarray, axis: int = 0) -> None:
    """Expect that every column, or with axis 1 every row, sums to a number."""
    sums = answer.sum(axis=axis)
    f.agree(sums, np.full_like(sums, total), **{("column_sums", "row_sums")[axis]: sums})


def treats_columns_alike(f: Student, batch: tuple[np.ndarray, ...], *fixed: Any) -> None:
    """Expect of a batch what its columns give one by one."""
    columns = [f(*fixed, *(part[:, n] for part in batch)) for n in range(batch[0].shape[1])]
    one_by_one = np.stack(columns, axis=1)
    f.agree(f(*fixed, *batch), one_by_one, column_by_column=one_by_one)


def is_mean(f: Student, whole: Any, singles: Sequence[Any]) -> None:
    """Expect that what a batch gives is the mean of what its samples give one by one."""
    each, mean = np.array(singles), np.mean(singles, axis=0)
    evidence = {"of_each_sample": each, "their_mean": mean}
    f.agree(whole, mean, **(evidence if each.ndim == 1 else {"mean_over_its_samples": mean}))


def with_twice(f: Student, which: int, *arguments: Any, gives: float = 2) -> None:
    """Expect that with twice one of its arguments the answer is so many times what it was."""
    once = f(*arguments)
    twice = [2 * part if n == which else part for n, part in enumerate(arguments)]
    f.agree(f(*twice), gives * once, answer_at_half_of_it=once)


def stays(f: Student, after: Any, before: Any) -> None:
    """Expect that adding a number has changed nothing."""
    f.agree(after, before, before_adding=before)


def uses_rng_alone(f: Student, call: Callable[..., Any], what: str) -> None:
    """Expect that `what` is drawn from the generator that is handed in, and from no other."""
    f.claim(f"another seed gives other {what}", "Is the rng that is handed in used at all?")
    f.expect(not same(call(np.random.default_rng(1)), call(np.random.default_rng(2))))
    f.claim("NumPy's global random state is left alone", "Is np.random itself used anywhere?")
    np.random.seed(271828)  # so that a function that seeds it, as it did before, moves it again
    before = np.random.get_state()
    call(np.random.default_rng(1))
    f.expect(same(before, np.random.get_state()))


def draws_no_more(f: Student, call: Callable[..., Any], draw: Callable[..., Any]) -> None:
    """Expect that a generator is left where one draw of the same kind leaves it."""
    used, twin = np.random.default_rng(5), np.random.default_rng(5)
    call(used), draw(twin)
    number, wanted = used.random(), twin.random()
    f.expect(number == wanted, next_number_of_rng=number, it_should_be=wanted)


def is_slope(
    f: Student, slope: Any, function: Callable[[Any], Any], at: np.ndarray, weights: Any = 1
) -> None:
    """Expect the slope of a function of each entry, by small steps, weighed with others."""
    steps = weights * (function(at + 1e-5) - function(at - 1e-5)) / 2e-5
    f.agree(slope, steps, 1e-8, by_small_steps=steps)


def from_notebook(f: Student, name: str) -> Callable[..., Any]:
    """Return a function that the student's notebook has, and that is no exercise there."""
    f.claim(
        f"the notebook's own {name} is there to try it with",
        f"Run the cell that gives {name} again. Was the name used for something else?",
    )
    found = getattr(inspect.unwrap(f.function), "__globals__", {}).get(name)
    if not inspect.isfunction(found):
        raise Broken(f"the notebook has no function {name}")
    return found
