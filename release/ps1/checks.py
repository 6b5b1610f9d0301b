"""What a student may run beside the notebook: ``check(softmax)``, with the function's name.

Properties that every right function has, small steps and facts worked out by hand, but no
answer.  NumPy and the standard library are all that it needs.
"""

# ruff: noqa: NPY002  (the global random state is looked at here so that it stays as it was)

from __future__ import annotations

import builtins
import contextlib
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
from types import CoroutineType, GeneratorType
from typing import Any

import numpy as np

__all__ = ["check"]

TOLERANCE = 1e-10  # for what is exact but for rounding
PUT_BACK = 1e-9  # for an argument that was moved and moved back, relative to each entry
# What the grader has besides Python's own library: what runs the notebook, and what lies beside
# it; mpl_toolkits is a part of Matplotlib.  The course's packages are added at the end.
GRADER_HAS = {"IPython", "checks", "figures", "mpl_toolkits"}


def check(function: Any = ..., name: str | None = None, *more: Any) -> None:
    """Show which properties of an exercise a function has, up to the first that it has not.

    Parameters
    ----------
    function : the function itself, ``check(softmax)``; its name says which exercise it is
    name : the exercise, where the function is called something else
    """
    __tracebackhide__ = True
    if function is ... or more or not isinstance(name, str | None):
        example = next(iter(EXERCISES), "name")
        raise one_line_error(f"check: one function at a time, with its name: check({example})")
    with undisturbed() as printed:
        card, problem = look_at(function, name)
    if card is not None:
        card.notes += printed.told()
        show(card)
    if problem is not None:
        raise one_line_error(problem)


def look_at(function: Any, name: str | None = None) -> tuple[Card | None, str | None]:
    """Return the card to show, if any, and in one line what is wrong, if anything."""
    named = name or name_of(function)
    exercise = EXERCISES.get(named) if isinstance(named, str) else None
    wanted = exercise.kind if exercise else "function"
    kind = "class" if isinstance(function, type) else "function" if callable(function) else ""
    if not isinstance(named, str) or not kind or (exercise and kind != wanted):
        example = exercise.name if exercise else next(iter(EXERCISES), "name")
        return None, (
            f"check: this is {kind_of(function)}, not a {wanted}. Write check({example}), with the "
            f"name of your {wanted} and neither quotes nor brackets; was the name used for "
            f"something else? Then run the cell of your {wanted} again."
        )
    if exercise is None:
        return None, unknown(named)
    lacking = what_the_grader_lacks(function)
    if lacking:
        return None, f"{named}: it uses {lacking}"
    card = Card(exercise.signature.partition(";")[0])
    problem = properties_that_hold(exercise.student(function, exercise, card), named)
    shown = card if problem is None or card.failed else None
    if earlier := earlier_version(function, named):
        card.notes.append(earlier)
        problem = f"{named}: {earlier}"
    return shown, problem


def properties_that_hold(student: Student, named: str) -> str | None:
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
        card.hint = card.hint or broken.hint
        what = "does not hold: " + card.claims[-1]
        if broken.message:  # the first two claims say no more than the message does
            what = broken.message + ("; so " + what if len(card.claims) > 2 else "")
        return f"{named}: {what}"
    return None


def does_nothing(function: Any) -> bool:
    """Tell whether a function, or a class with its methods, has no more than ``pass`` in it."""
    is_class = isinstance(function, type)
    inside = vars(function).values() if is_class else (function,)
    made = [one for one in inside if inspect.isfunction(one)]
    steps = [step for one in made for step in dis.get_instructions(one)]
    # It gives back None or an ellipsis, and works with nothing else.
    empty = all(x.argval is None or x.argval is ... or x.opname == "RESUME" for x in steps)
    return empty and (is_class or bool(made))


def one_line_error(text: str, kind: type[BaseException] = AssertionError) -> BaseException:
    """Return an error that IPython shows as its one line, without the way to it."""
    line = " ".join(text.split())
    error = kind(line)
    error.__suppress_context__ = True
    error._render_traceback_ = lambda: [line]  # type: ignore[attr-defined]
    return error


def name_of(function: Any) -> Any:
    """Return the exercise that something stands for in the notebook, or else its own name."""
    if isinstance(function, str):
        return function if function in EXERCISES else None
    own, notebook = getattr(function, "__name__", None), vars(sys.modules["__main__"])
    names = [own, *(one for one in EXERCISES if notebook.get(one) is function)]
    return next((one for one in names if isinstance(one, str) and one in EXERCISES), own)


def meant(name: str, names: Iterable[str]) -> str:
    """Ask whether a name that is like this one was meant, if there is one."""
    close = difflib.get_close_matches(name, [one for one in names if one != name], 1, 0.75)
    return f" (did you mean {close[0]}?)" if close else ""


# --- What was run, and what a check leaves as it was ----------------------------------------
LAST_RUN: dict[str, tuple[str, str]] = {}  # of each name: the cell that defines it, its error


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
        if failed and functions and home_of(value) == "__main__":
            for one in functions:
                with contextlib.suppress(OSError, TypeError):
                    lines = inspect.getsource(one).rstrip()
                    more = rf"\s*\n{lines[: len(lines) - len(lines.lstrip())]}[ \t]+\S"
                    just_so = rf"^{re.escape(lines)}[ \t]*$(?!{more})"
                    if not re.search(just_so, cell, re.MULTILINE):
                        return (
                            f"this is the earlier version of {name}: the cell that was to change it"
                            f" failed ({failed}). Run that cell without an error, then check again."
                        )
    return ""


class Printed(io.TextIOBase):
    """Takes what is printed, and keeps its first line and how many there are."""

    first, lines, shown = "", 0, 0

    def write(self, text: str) -> int:
        if not self.lines:
            self.first += text.partition("\n")[0][: 80 - len(self.first)]
        self.lines += text.count("\n")
        return len(text)

    def show(self, *_: Any, **__: Any) -> None:
        """Take the place of what displays pictures and tables."""
        self.shown += 1

    def told(self) -> list[str]:
        """Say in a line what was printed and shown, if anything was."""
        counts = {"printed {} line(s)": self.lines or int(bool(self.first))}
        counts["showed {} output(s)"] = self.shown
        many = " and ".join(what.format(n) for what, n in counts.items() if n)
        first = f"; the first line is {self.first.strip()!a}" if self.first.strip() else ""
        return [f"While it was tried it {many}, left out here{first}."] if many else []


@contextlib.contextmanager
def undisturbed() -> Iterator[Printed]:
    """Let nothing that is tried inside print, ask, draw, or change a setting of the notebook."""
    printed, shell, pyplot = Printed(), notebook_shell(), sys.modules.get("matplotlib.pyplot")
    with contextlib.ExitStack() as given_back:
        given_back.callback(np.random.set_state, np.random.get_state())
        given_back.callback(random.setstate, random.getstate())
        for setting in (np.errstate(), np.printoptions(), warnings.catch_warnings()):
            given_back.enter_context(setting)
        given_back.enter_context(contextlib.redirect_stdout(printed))
        given_back.enter_context(contextlib.redirect_stderr(printed))
        if pyplot is not None:
            given_back.enter_context(pyplot.rc_context())
        given_back.callback(close_figures_but, pyplot.get_fignums() if pyplot else [])
        replaced = [
            (builtins, "input", nobody_answers),
            (shell, "ask_exit", sys.exit),  # the notebook's own exit() ends the kernel
            (getattr(shell, "display_pub", None), "publish", printed.show),
        ]
        for place, name, instead in replaced:
            if hasattr(place, name):
                given_back.callback(setattr, place, name, getattr(place, name))
                setattr(place, name, instead)
        yield printed


def nobody_answers(*_: Any) -> str:
    """Take the place of `input`, which would ask at each of many calls."""
    raise EOFError("input() has nobody to ask, here and while grading")


def close_figures_but(open_before: Sequence[int]) -> None:
    """Close Matplotlib's figures that a function has left open, so that none is shown."""
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        for number in set(pyplot.get_fignums()) - set(open_before):
            pyplot.close(number)


def notebook_shell() -> Any:
    """Return the IPython that runs the notebook, or None where there is none."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


DEFINED = re.compile(r"^(?:async )?(?:def|class) +(\w+)", re.MULTILINE)
if running := notebook_shell():
    running.events.register("post_run_cell", remember)


# --- What the grader does not have ---------------------------------------------------------
def what_the_grader_lacks(function: Any) -> str:
    """Say which package, or file, a function uses that is not there while grading, if any."""
    for value in reached(function):
        own = inspect.isfunction(value) and is_followed(value)
        imported = names_in(value.__code__)[0] if own else []
        for name in (home_of(value), *imported):
            if lacking := lacked(name.partition(".")[0]):
                return lacking
    return ""


def reached(function: Any) -> Iterator[Any]:
    """Yield something and what it uses, through functions and classes of the notebook."""
    waiting, seen, kept = [function], set(), []
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, str | bytes | int | float | complex | np.ndarray):
            continue
        seen.add(id(value))
        kept.append(value)  # so that no other value gets its id
        yield value
        if inspect.isfunction(value) and is_followed(value):
            used = names_in(value.__code__)[1]
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
            waiting += list(value.values()) if isinstance(value, dict) else list(value)
        waiting.append(getattr(value, "__wrapped__", None))
        waiting.append(getattr(value, "__func__", None))  # of a method, or a static one


def is_followed(value: Any) -> bool:
    """Tell whether what a function or class uses is looked at: it is no library's."""
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
    name = getattr(value, "__name__", "")
    if getattr(np, name, None) is value:
        return "numpy"
    for key, module in list(sys.modules.items()):
        if lacked(key.partition(".")[0]) and getattr(module, "__dict__", {}).get(name) is value:
            return key
    return "builtins"


def lacked(name: str) -> str:
    """Say what the grader lacks, if that is a module of this name."""
    if {name, "*"} & GRADER_HAS or name in sys.stdlib_module_names or name == "__main__":
        return ""
    place = ""
    with contextlib.suppress(ImportError, ValueError, AttributeError):
        found = sys.modules[name].__spec__ if name in sys.modules else find_spec(name)
        if found is not None:
            place = found.origin or next(iter(found.submodule_search_locations or ()), "")
    folders = os.path.normpath(place).split(os.sep)
    if "site-packages" in folders or "dist-packages" in folders:
        return f"{name}, which the grader does not have: write it in NumPy"
    if place and os.path.dirname(os.path.abspath(place)) == os.getcwd():
        return f"{os.path.basename(place)}, which is not handed in: put its code into the notebook"
    return ""


# --- Calling the student's function -------------------------------------------------------
class NotWritten(Exception):
    """The function, or one that it calls, is still a stub or not there at all."""


class Broken(Exception):
    """A property does not hold; `message` is empty where the claim says it all."""

    def __init__(self, message: str, evidence: Sequence[tuple[str, Any]], hint: str = "") -> None:
        super().__init__(message)
        self.message, self.evidence, self.hint = message, evidence, hint


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
        self.evidence += zip(self.exercise.calls[name][0], arguments, strict=False)
        self.given = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return function(*self.given)
        except BaseException as failure:  # SystemExit among them
            raise self.stopped(failure) from None

    def answer(
        self, function: Any, name: str, arguments: Sequence[Any], asked: Any, finite: bool = True
    ) -> Any:
        """Return an answer of the student's that is what is asked for."""
        value = self.called(function, name, arguments)
        label = "yours" if name == self.exercise.name else f"yours, from {name}"
        return self.as_asked(label, value, asked, finite)

    def as_asked(self, label: str, value: Any, asked: Any, finite: bool = True) -> Any:
        """Return a copy of a value that is what is asked for, or show how it is not."""
        self.evidence.append((label, value))
        message, hint = problem_of(value, asked, finite, self.exercise.hint)
        if message:
            raise Broken(message, self.evidence, hint)
        return copied(value)

    def expect(self, holds: Any, **more: Any) -> None:
        """Go on if the condition holds; otherwise show the last call and these values."""
        if not holds:
            labelled = [(label.replace("_", " "), value) for label, value in more.items()]
            raise Broken("", [*self.evidence, *labelled])

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
        names = ", ".join(self.exercise.parameters)
        self.claim(f"it takes {names}" if names else "it is made without arguments")
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
        parameters, required = self.exercise.calls[name]
        signature = None
        try:
            signature = inspect.signature(function)  # which some compiled functions do not tell
            signature.bind(*range(own + required))
            signature.bind(*range(own + len(parameters)))
        except (TypeError, ValueError):
            if signature is not None:
                message = f"it takes {signature}; asked for is {self.exercise.written[name]}"
                hint = "Compare the def line with the one in the notebook."
                raise Broken(message, [], hint) from None
        names = list(signature.parameters)[own:] if signature else parameters
        if names != parameters and sorted(names) == sorted(parameters):
            called = self.exercise.written[name]
            self.card.notes.append(
                f"the def line has {signature}, but the order is that of {called}"
            )

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
        parameters = self.exercise.calls[name][0]
        for label, before, after in zip(parameters, arguments, self.given, strict=False):
            if isinstance(before, np.ndarray):
                # What was moved and put back by adding may be off in the last digit.
                put_back = after.dtype == before.dtype and after.shape == before.shape
                put_back = put_back and (np.abs(after - before) <= PUT_BACK * np.abs(before)).all()
                self.expect(put_back, **{f"{label}_after_the_call": after})

    def innermost(self, failure: BaseException) -> tuple[str, str]:
        """Return the name of the innermost function of the notebook's, and its line there."""
        inside = vars(self.function).values() if isinstance(self.function, type) else ()
        functions = [self.function, *inside]
        spaces = [f.__globals__ for f in functions if inspect.isfunction(f)]
        found = ("", "")
        step = failure.__traceback__
        while step is not None:
            if any(step.tb_frame.f_globals is space for space in spaces):
                code = step.tb_frame.f_code
                line = linecache.getline(code.co_filename, step.tb_lineno)
                found = (code.co_name, line.strip())
            step = step.tb_next
        return found

    def stopped(self, failure: BaseException) -> BaseException:
        """Return what is to be told of an error that a call ended with."""
        exercise = self.exercise
        function, line = self.innermost(failure)
        where = f" in the line: {line}" if line else ""
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
            if name in EXERCISES or name in LAST_RUN:
                what = where_defined(name)
            used = f". It is used{where}" if line else ""
            return NotWritten(f"it uses {name}, which is not there yet: {what}{used}")
        error = f"{type(failure).__name__}: {text_of(failure)}".strip(": ")
        known = (text for kind, text in HINTS.items() if isinstance(failure, kind))
        hint = f"It was called with these arguments. {next(known, exercise.hint)}"
        return Broken(f"it stopped with {error}{where}", self.evidence, hint)


HINTS: dict[type[BaseException], str] = {  # where an error is not one of shapes
    AttributeError: "Is the name after the dot spelt right, and set before it is used?",
    ImportError: "The grader has Python's own library and what the notebook imports.",
    RecursionError: "It calls itself: where does that end?",
    SystemExit: "A function returns; exit() and sys.exit() end the whole program.",
    EOFError: "What it needs comes in through its arguments.",
}


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
    if asked == ():
        number = isinstance(value, int | float | np.integer | np.floating)
        if isinstance(value, bool) or not (number or is_plain_number(value)):
            return f"it returns {kind_of(value)}, not one number", hint
        try:
            value = float(value)
        except OverflowError:  # of a whole number that no float can hold
            value = np.inf
    elif any(problem := problem_of_shape(value, asked, hint)):
        return problem
    elif value.dtype != np.float64:
        hint = "Which dtype does the array get when it is made?"
        return f"it returns dtype {value.dtype}, not float64", hint
    if finite and not np.isfinite(value).all():
        return "it returns nan or inf", "Which line divides by 0, or takes exp or log too far?"
    return "", ""


def problem_of_shape(value: Any, shape: tuple[int, ...], hint: str) -> tuple[str, str]:
    """Say what a value is, if it is no array of this shape."""
    if type(value) is not np.ndarray:
        return f"it returns {kind_of(value)}, not an array", "NumPy arrays in, an array out."
    right = value.shape == shape
    return ("", "") if right else (f"it returns shape {value.shape}, not {shape}", hint)


def copied(value: Any) -> Any:
    """Return a copy of an answer, its single numbers as floats."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(copied, value))
    if type(value) is np.ndarray and value.shape:
        return value.copy()
    return bool(value) if isinstance(value, bool | np.bool_) else float(value)


def same(one: Any, other: Any) -> bool:
    """Tell whether two answers are equal to the last digit."""
    if isinstance(one, dict):
        return all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return all(same(*pair) for pair in zip(one, other, strict=True))
    return bool(np.array_equal(one, other))


def text_of(failure: BaseException) -> str:
    """Return the first line of an exception's text, however badly behaved it is."""
    try:
        return (str(failure).splitlines() or [""])[0][:200]
    except Exception:
        return ""


def is_plain_number(value: Any) -> bool:
    """Tell whether a value is an array without axes that holds a number."""
    return type(value) is np.ndarray and value.shape == () and value.dtype.kind in "fiu"


def kind_of(value: Any) -> str:
    """Say what a value is, in a few words, without asking the value itself."""
    if inspect.isgenerator(value) or inspect.iscoroutine(value):
        value.close()  # what is never awaited is complained of later
    if isinstance(value, type) or inspect.ismodule(value):
        return f"a {'class' if isinstance(value, type) else 'module'} ({value.__name__})"
    if inspect.isroutine(value):
        return "a function"
    if type(value) is np.ndarray:
        return f"an array of shape {value.shape}"
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return "a number"
    return KINDS.get(type(value), f"an object of the class {type(value).__name__}")


KINDS: dict[type, str] = {
    type(None): "None",
    bool: "a truth value",
    str: "text",
    list: "a list",
    tuple: "a tuple",
    GeneratorType: "a generator (yield)",
    CoroutineType: "a coroutine (async)",
}


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
        # Text keeps the page's own colour; only the signs and the edge are coloured.  So the
        # card can be read on any background and, its signs and words being there, without colour.
        blue, orange = "var(--jp-brand-color1, #2a7fd0)", "var(--jp-warn-color0, #d2600a)"
        holds = {True: (blue, "&#10003;", "holds"), False: (orange, "&#10007;", "does not hold")}
        item = '<li style="margin: 0"><b aria-hidden="true" style="color: {}">{}</b> <b>{}</b>: '
        items = "".join(
            f"{item.format(*holds[ok])}{escape(claim)}</li>" for ok, claim in self.lines
        )
        parts = [f"<div><b>Note:</b> {escape(note)}</div>" for note in self.notes]
        parts += ['<ul style="list-style: none; margin: .3em 0; padding: 0">', items, "</ul>"]
        # A value stands below its name: in a narrow window there is no room beside it.  Where
        # even that is not enough, a row is folded between two numbers, not inside of one.
        one = "margin: 0; padding: 0; float: none; width: auto"
        fold = "background: none; color: inherit; white-space: pre-wrap; word-break: normal"
        values = "".join(
            f'<dt style="{one}"><b>{escape(described(label, value))}</b></dt><dd style="{one}">'
            f'<pre style="margin: 0 0 .4em; {fold}">{escape(written(value))}</pre></dd>'
            for label, value in self.evidence
        )
        if self.failed:
            said = f'<div style="margin: .3em 0"><b>{escape(self.message)}</b></div>'
            parts += [said] * bool(self.message)
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
    dtype = "" if value.dtype == np.float64 else f", {value.dtype}"
    return f"{label}, shape {value.shape}{dtype}"


def written(value: Any) -> str:
    """Write a value out: small arrays in full, the corners of larger ones."""
    if type(value) is np.ndarray and value.ndim and value.dtype.kind in "fiubc":
        return np.array2string(
            value, max_line_width=76, precision=4, suppress_small=True, threshold=60, edgeitems=3
        )
    if isinstance(value, float | np.floating) or is_plain_number(value):
        return f"{float(value):.10g}"
    if isinstance(value, int | np.integer):
        return str(value)
    if type(value) is str:
        return repr(value[:200])
    if inspect.isfunction(value):
        return value.__doc__ or "a function"
    return kind_of(value)


def show(card: Card) -> None:
    """Show a card in the notebook, or print it where there is none."""
    if notebook_shell() is not None:
        from IPython.display import display

        display(card)
        return
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
    kind = "function"
    student = Student

    def __call__(self, function: Callable[[Any], None]) -> Properties:
        self.ask = function
        return self

    def sign(self, signature: str) -> None:
        """Take the name and the parameters from the exercise's signature."""
        self.signature = signature
        self.calls: dict[str, tuple[list[str], int]] = {}  # parameters; how many have no default
        self.written: dict[str, str] = {}  # as the signature has it, with its defaults
        for name, listed in re.findall(r"(\w+)\(([^)]*)\)", signature):
            texts = [text for text in listed.split(", ") if text]
            parameters = [text.partition("=")[0] for text in texts]
            self.calls[name] = parameters, sum("=" not in text for text in texts)
            self.written[name] = f"{name}({listed})"
        self.name = next(iter(self.calls))
        self.parameters = self.calls[self.name][0]


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


def stays(f: Student, after: Any, before: Any) -> None:
    """Expect that adding a number has changed nothing."""
    f.agree(after, before, before_adding=before)


def uses_rng_alone(f: Student, call: Callable[[np.random.Generator], Any], what: str) -> None:
    """Expect that `what` is drawn from the generator that is handed in, and from no other."""
    f.claim(f"another seed gives other {what}", "Is the rng that is handed in used at all?")
    f.expect(not same(call(np.random.default_rng(1)), call(np.random.default_rng(2))))
    f.claim("NumPy's global random state is left alone", "Is np.random itself used anywhere?")
    np.random.seed(271828)  # so that a function that seeds it, as it did before, moves it again
    before = np.random.get_state()
    call(np.random.default_rng(1))
    pairs = zip(before, np.random.get_state(), strict=True)
    f.expect(all(np.array_equal(*pair) for pair in pairs))


def draws_no_more(
    f: Student,
    call: Callable[[np.random.Generator], Any],
    draw: Callable[[np.random.Generator], Any],
) -> None:
    """Expect that a generator is left where one draw of the same kind leaves it."""
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
    purity_hint="Two generators with one seed have to give the same weights: does every random "
    "number come from the rng that is handed in?",
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
    biases = W[:, -1]
    f.expect(biases.std() > 0.5, the_biases=biases, their_deviation=biases.std())
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
    examples=lambda: [
        (np.array([2, 0, 1, 2, 2, 0, 1]), 3),
        (np.array([2, 0, 2]), 3),
        (np.array([1, 0, 1, 1, 0]), 4),  # the last classes are absent
        (np.array([0]), 3),
    ],
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
    examples=lambda: [
        (normal(3, 5), normal(5, 7)),
        (normal(3, 5), normal(5, 1)),
        (normal(3, 5), normal(5)),
        (normal(4, 4), normal(4, 4, seed=1)),
    ],
    hint="Each sample gets K scores. A single sample is 1-D, (D+1,), and so are its scores, (K,).",
)
def scores(f: Student) -> None:
    f.claim(
        "the sample with a single 1, in row j, has column j of W as its scores",
        "Which entries of W meet feature j? The last one, the bias, counts once, like any other.",
    )
    for W in (normal(3, 5), normal(4, 4)):
        for j in range(W.shape[1]):
            x = np.zeros(W.shape[1])
            x[j] = 1
            f.agree(f(W, x), W[:, j], column_j_of_W=W[:, j])
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
        "The ratio of two probabilities depends on the difference of their scores only. Is each "
        "score used as it is, and in base e?",
    )
    z = normal(4)
    ratios, differences = np.log(f(z) / f(z)[0]), z - z[0]
    f.agree(ratios, differences, your_log_ratios_to_a_0=ratios, differences_to_z_0=differences)
    f.claim("adding a number to a column changes nothing", "What cancels in the fraction?")
    for z, shift in ((normal(4), 2.0), (normal(3, 7), np.arange(7) - 3.0)):
        stays(f, f(z + shift), f(z))
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
        "Natural logarithm, with which sign? Is the sum divided by the number of samples, and only "
        "by that? What counts: the true class alone?",
    )
    for Y in (Y5[:, 0], Y5[:, 2], Y5, Y5[:, :3], np.array([0.0, 0, 1, 0, 0])):
        K = len(Y)
        f.agree(f(Y, np.full(Y.shape, 1 / K)), np.log(K), ln_K=np.log(K))
    y = np.array([0.0, 1, 0])
    f.claim(
        "half the chance for the true class costs ln 2 more",
        "The loss of a sample comes from one entry of yhat: which one, and by which function?",
    )
    twice = f(y, np.array([0.1, 0.8, 0.1]))
    f.agree(f(y, np.array([0.3, 0.4, 0.3])) - twice, np.log(2), at_twice_the_chance=twice)
    f.claim(
        "how the other classes share the rest changes nothing",
        "What do the classes with y = 0 add to the loss?",
    )
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
    examples=lambda: [
        (normal(3, 5), LABELS),
        (normal(3, 3), LABELS[:3]),
        (normal(4, 1), np.array([3])),
        (normal(4), 2),
    ],
    hint="One number, for a batch (K, N) with N labels as for a single sample (K,) with one label. "
    "Which entry of column n is the true one, by y[n]?",
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
        stays(f, f(Z + np.arange(y.size), y), f(Z, y))
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
