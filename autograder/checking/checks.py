"""What a student may run beside the notebook: ``check(softmax)``, ``check(Dense)``.

It holds properties that every right function has, small steps and facts worked out by hand,
but no answer.  Copied as it is into each release, so it must know nothing of the rest of the
package: one file, NumPy and the standard library only.
"""

# ruff: noqa: NPY002  (the global random state is looked at here so that it stays as it was)

from __future__ import annotations

import contextlib
import dis
import functools
import inspect
import linecache
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.util import find_spec
from typing import Any

import numpy as np

__all__ = ["check"]

TOLERANCE = 1e-10  # for what is exact but for rounding
PUT_BACK = 1e-9  # for an argument that was moved and moved back, relative to each entry
COARSE = 1e-6  # for numerical gradients, where rounding is divided by the step
# What the grader has besides Python's own library, as the course's nbgrader_config.py says;
# IPython runs the notebook, the other two lie beside it.
GRADER_HAS = {"numpy", "matplotlib", "mpl_toolkits", "IPython", "checks", "figures"}


def check(function: Any, name: str | None = None) -> None:
    """Show which properties of an exercise a function has, up to the first that it has not.

    Parameters
    ----------
    function : the function itself, ``check(softmax)``; its name says which exercise it is
    name : the exercise, where the function is called something else

    Raises
    ------
    AssertionError : one line, if a property does not hold; nothing is returned if all hold
    """
    __tracebackhide__ = True
    global_random_state = np.random.get_state()
    try:
        card, problem = look_at(function, name)
    finally:
        np.random.set_state(global_random_state)
    if card is not None:
        show(card)
    if problem is not None:
        raise one_line_error(problem) from None


def look_at(function: Any, name: str | None = None) -> tuple[Card | None, str | None]:
    """Return the card to show, if any, and in one line what is wrong, if anything."""
    named = name or getattr(function, "__name__", None)
    exercise = EXERCISES.get(named) if isinstance(named, str) else None
    wanted = exercise.kind if exercise else "function"
    kind = kind_asked_for(function)
    if not isinstance(named, str) or not kind or (exercise and kind != wanted):
        example = exercise.name if exercise else "softmax"
        return None, (
            f"check: this is {kind_of(function)}, not a {wanted}. Write check({example}), with the "
            f"name of your {wanted} and no brackets after it; was the name used for something else?"
        )
    if exercise is None:
        return None, f"check: no exercise is called {named!r}. There are: {', '.join(EXERCISES)}"
    lacking = what_the_grader_lacks(function)
    if lacking:
        return None, f"{named}: it uses {lacking}"
    card = Card(exercise.signature)
    student = Student(function, exercise, card)
    try:
        student.takes_and_returns_what_is_asked()
        exercise.properties(student)
    except NotWritten as missing:
        return None, f"{named}: {missing}"
    except Broken as broken:
        card.failed, card.message, card.evidence = True, broken.message, broken.evidence
        card.hint = card.hint or broken.hint
        what = "does not hold: " + card.claims[-1]
        if broken.message:  # the first two claims say no more than the message does
            what = broken.message + ("; so " + what if len(card.claims) > 2 else "")
        return card, f"{named}: {what}"
    return card, None


def one_line_error(text: str) -> AssertionError:
    """Return an error that IPython shows as its one line, without the way to it."""
    line = " ".join(text.split())
    error = AssertionError(line)
    error._render_traceback_ = lambda: [line]  # type: ignore[attr-defined]
    return error


# --- What the grader does not have ---------------------------------------------------------


def what_the_grader_lacks(function: Any) -> str:
    """Say which package, or file, a function uses that is not there while grading, if any.

    Followed are the names that it uses, through functions and classes of the notebook.
    """
    waiting, seen, kept = [function], set(), []
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, str | bytes | int | float | complex | np.ndarray):
            continue
        seen.add(id(value))
        kept.append(value)  # so that no other value gets its id
        name = home_of(value).partition(".")[0]
        lacking = lacked(name)
        if lacking:
            return lacking
        theirs = name not in GRADER_HAS and name not in sys.stdlib_module_names
        if inspect.isfunction(value) and (theirs or name == "__main__"):
            imported, used = names_in(value.__code__)
            lacking = next(filter(None, (lacked(one.partition(".")[0]) for one in imported)), "")
            if lacking:
                return lacking
            waiting += [value.__globals__.get(one) for one in used if one.isidentifier()]
            waiting += [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
            for cell in value.__closure__ or ():
                with contextlib.suppress(ValueError):  # not yet filled
                    waiting.append(cell.cell_contents)
        elif isinstance(value, type) and (theirs or name == "__main__"):
            waiting += [*value.__bases__, *vars(value).values()]
        elif isinstance(value, functools.partial):
            waiting += [value.func, *value.args, *value.keywords.values()]
        elif isinstance(value, list | tuple | dict) and len(value) < 100:
            waiting += list(value.values()) if isinstance(value, dict) else list(value)
        waiting.append(getattr(value, "__wrapped__", None))
        waiting.append(getattr(value, "__func__", None))  # of a method, or a static one
    return ""


def names_in(code: Any) -> tuple[list[str], list[str]]:
    """Return which modules code imports, and which global names it uses."""
    imported: list[str] = []
    used: list[str] = []
    for step in dis.get_instructions(code):
        if step.opname == "IMPORT_NAME":
            imported.append(step.argval)
        elif step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            used.append(step.argval)
    if "ImportError" in used or "ModuleNotFoundError" in used:  # it can do without
        imported.clear()
    for inside in code.co_consts:
        if inspect.iscode(inside):
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
    if name in GRADER_HAS or name in sys.stdlib_module_names or name == "__main__":
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
    """The function, or one that it calls, is still a stub."""


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

    def __init__(self, function: Callable[..., Any], exercise: Exercise, card: Card) -> None:
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
        self.evidence, self.given = [], []
        shape = self.exercise.shape(*arguments)
        return self.answer(self.function, self.exercise.parameters, arguments, shape, finite)

    def new(self, *arguments: Any) -> Made:
        """Make an object of the student's class."""
        self.evidence, self.given = [], []
        return Made(self, self.called(self.function, self.exercise.parameters, arguments))

    def called(self, function: Any, parameters: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Return what the student's function, or method, gives for copies of the arguments."""
        self.evidence += zip(parameters, arguments, strict=False)
        self.given = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return function(*self.given)
        except NotImplementedError as failure:
            raise NotWritten(self._stub(failure)) from None
        except Exception as failure:
            raise self._stopped(failure) from None

    def answer(
        self,
        function: Any,
        parameters: Sequence[str],
        arguments: Sequence[Any],
        asked: Any,
        finite: bool = True,
        label: str = "yours",
    ) -> Any:
        """Return an answer of the student's that is what is asked for."""
        value = self.called(function, parameters, arguments)
        self.evidence.append((label, value))
        return self.as_asked(value, asked, finite)

    def as_asked(self, value: Any, asked: Any, finite: bool = True) -> Any:
        """Return a copy of a value that is what is asked for, or show how it is not."""
        message, hint = self._not_asked_for(value, asked, finite)
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

    def from_notebook(self, name: str) -> Callable[..., Any]:
        """Return a function that the student's notebook has, and that is no exercise there."""
        self.claim(
            f"the notebook's own {name} is there to try it with",
            f"Run the cell that gives {name} again. Was the name used for something else?",
        )
        found = getattr(inspect.unwrap(self.function), "__globals__", {}).get(name)
        if not inspect.isfunction(found):
            raise Broken(f"the notebook has no function {name}", [])
        return found

    def takes_and_returns_what_is_asked(self) -> None:
        """Look at what every exercise is held to: arguments, shape, dtype, finite, purity."""
        exercise = self.exercise
        names = ", ".join(exercise.parameters)
        self.claim(f"it takes {names}" if names else "it is made without arguments")
        self._takes(
            self.function, f"{exercise.name}({names})", exercise.parameters, exercise.required
        )
        for method, (parameters, required, _) in exercise.methods.items():
            found = getattr(self.function, method, None)
            if not callable(found):
                raise Broken(f"it has no method {method}", [], "Compare with the def lines above.")
            asked = f"{method}({', '.join(parameters)})"
            self._takes(found, asked, ["self", *parameters], required + 1)
        self.claim(f"{'what it returns is' if exercise.methods else 'it returns'} {self._asked()}")
        for example in self.examples:
            self._try(example)
        self.claim(
            "it leaves its inputs as they were, and the same call twice gives the same answer",
            exercise.purity_hint,
        )
        for example, again in zip(self.examples, self.examples, strict=True):
            first = self._try(example, watched=True)
            self.expect(same(first, self._try(again)), yours_at_the_first_call=first)

    def _asked(self) -> str:
        if self.exercise.methods:
            return "float64 arrays of the right shapes, finite"
        asked = [self.exercise.shape(*arguments) for arguments in self.examples]
        if any(shape == () for shape in asked):
            return "one number, finite"
        if all(isinstance(shape, tuple) for shape in asked):
            return "a float64 array of the right shape, finite"
        return kind_asked(asked[0])

    def _try(self, example: tuple[Any, ...], watched: bool = False) -> Any:
        """Return the answer to one example; of a class, those of a scenario."""
        if not self.exercise.methods:
            answer = self(*example)
            if watched:
                self._left_alone(self.exercise.parameters, example)
            return answer
        arguments, *steps = example
        made, answers = self.new(*arguments), []
        for method, *given in steps:
            answers.append(made(method, *given))
            if watched:
                self._left_alone(self.exercise.methods[method][0], given)
        return answers

    def _left_alone(self, parameters: Sequence[str], arguments: Sequence[Any]) -> None:
        for label, before, after in zip(parameters, arguments, self.given, strict=False):
            if isinstance(before, np.ndarray):
                # What was moved and put back by adding may be off in the last digit.
                put_back = after.dtype == before.dtype and after.shape == before.shape
                put_back = put_back and (np.abs(after - before) <= PUT_BACK * np.abs(before)).all()
                self.expect(put_back, **{f"{label}_after_the_call": after})

    def _takes(self, function: Any, asked: str, parameters: Sequence[str], required: int) -> None:
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):  # some compiled functions do not tell
            return
        try:
            signature.bind(*range(required))
            signature.bind(*range(len(parameters)))
        except TypeError:
            message = f"it takes {signature}; asked for is {asked}"
            hint = "Compare the def line with the one in the notebook."
            raise Broken(message, [], hint) from None

    def treats_columns_alike(self, batch: tuple[np.ndarray, ...], *fixed: Any) -> None:
        """Expect of a batch what its columns give one by one."""
        one_by_one = np.stack(
            [self(*fixed, *(part[:, n] for part in batch)) for n in range(batch[0].shape[1])],
            axis=1,
        )
        self.agree(self(*fixed, *batch), one_by_one, column_by_column=one_by_one)

    def _not_asked_for(self, value: Any, asked: Any, finite: bool) -> tuple[str, str]:
        if value is None:
            return "it returns None", "Is a return missing?"
        if isinstance(asked, Several):
            return self._not_several(value, asked, finite)
        if asked is bool:
            truth = isinstance(value, bool | np.bool_)
            return ("", "") if truth else (f"it returns {kind_of(value)}, not True or False", HINT)
        whole = isinstance(asked, Whole)
        shape = asked.shape if whole else asked
        if shape == ():
            number = isinstance(value, int | float | np.integer | np.floating)
            if isinstance(value, bool) or not (number or is_plain_number(value)):
                return f"it returns {kind_of(value)}, not one number", self.exercise.hint
        elif type(value) is not np.ndarray:
            return f"it returns {kind_of(value)}, not an array", "NumPy arrays in, an array out."
        elif value.shape != shape:
            return f"it returns shape {value.shape}, not {shape}", self.exercise.hint
        elif whole and value.dtype.kind not in "iu":
            return (
                f"it returns dtype {value.dtype}, not whole numbers",
                "Labels and counts are int.",
            )
        elif not whole and value.dtype != np.float64:
            hint = "Which dtype does the array get when it is made?"
            return f"it returns dtype {value.dtype}, not float64", hint
        if finite and not np.isfinite(value).all():
            return "it returns nan or inf", "Which line divides by 0, or takes exp or log too far?"
        return "", ""

    def _not_several(self, value: Any, asked: Several, finite: bool) -> tuple[str, str]:
        parts: Any = asked.parts
        hint = self.exercise.hint
        unpacks_alike = type(parts) is tuple and type(value) is list
        if type(value) is not type(parts) and not unpacks_alike:
            return f"it returns {kind_of(value)}, not {kind_asked(asked)}", hint
        if len(value) != len(parts):
            return f"it returns {len(value)} values, not {len(parts)}", hint
        named = isinstance(parts, dict)
        if named and value.keys() != parts.keys():
            return f"its keys are {', '.join(map(str, value))}", hint
        for key in parts if named else range(len(parts)):
            message, hint = self._not_asked_for(value[key], parts[key], finite)
            if message:
                return f"of {repr(key) if named else f'value {key + 1}'}: {message}", hint
        return "", ""

    def _innermost(self, failure: BaseException) -> tuple[str, str]:
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

    def _stub(self, failure: BaseException) -> str:
        name = self._innermost(failure)[0]
        own = (self.exercise.name, getattr(self.function, "__name__", ""), *self.exercise.methods)
        if name in ("", "__init__", *own):
            return "not written yet"
        return f"it calls {name}, which is not written yet"

    def _stopped(self, failure: BaseException) -> Broken:
        line = self._innermost(failure)[1]
        error = f"{type(failure).__name__}: {text_of(failure)}".strip(": ")
        where = f" in the line: {line}" if line else ""
        hint = f"It was called with these arguments. {self.exercise.hint}"
        return Broken(f"it stopped with {error}{where}", self.evidence, hint)


class Made:
    """An object of the student's class: each of its answers is looked at, as a function's is."""

    def __init__(self, student: Student, made: Any) -> None:
        self.student, self.made = student, made

    def __call__(self, method: str, *arguments: Any, finite: bool = True) -> Any:
        parameters, _, shape = self.student.exercise.methods[method]
        function = getattr(self.made, method)
        label = f"yours, from {method}"
        try:
            asked = shape(self.made, *arguments)  # which may depend on an attribute
        except (AttributeError, TypeError) as failure:
            hint = "Is every attribute that the notebook asks for set in __init__?"
            raise Broken(text_of(failure), self.student.evidence, hint) from None
        return self.student.answer(function, parameters, arguments, asked, finite, label)

    def read(self, attribute: str, shape: tuple[int, ...]) -> Any:
        """Return a copy of an attribute that is an array of this shape."""
        student = self.student
        value = getattr(self.made, attribute, None)
        if value is None:
            hint = f"Is self.{attribute} set in __init__?"
            raise Broken(f"it has no attribute {attribute}", student.evidence, hint)
        student.evidence.append((f"your {attribute}", value))
        return student.as_asked(value, shape)


@dataclass
class Whole:
    """Asks for an array of whole numbers of a shape."""

    shape: tuple[int, ...]


@dataclass
class Several:
    """Asks for several values in a tuple, a list or a dictionary; `parts` says what each is."""

    parts: tuple[Any, ...] | list[Any] | dict[str, Any]


HINT = "What does the function have to decide?"


def kind_asked(asked: Any) -> str:
    """Say what is asked for, in a few words."""
    if asked is bool:
        return "True or False"
    if isinstance(asked, Whole):
        return "an array of whole numbers"
    if isinstance(asked, Several):
        names = {tuple: "a tuple", list: "a list", dict: "a dictionary"}
        return f"{names[type(asked.parts)]} of {len(asked.parts)} values"
    return "one number" if asked == () else "an array"


def kind_asked_for(value: Any) -> str:
    """Say whether a value is a function or a class, or neither."""
    if isinstance(value, type):
        return "class"
    return "function" if callable(value) else ""


def copied(value: Any) -> Any:
    """Return a copy of an answer, its single numbers as floats."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(copied(item) for item in value)
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if type(value) is np.ndarray and value.shape:
        return value.copy()
    return float(value)


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
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"a class ({value.__name__})"
    if inspect.isroutine(value):
        return "a function"
    if type(value) is np.ndarray:
        return f"an array of shape {value.shape}"
    known = {str: "text", list: "a list", tuple: "a tuple", bool: "a truth value"}
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return "a number"
    return known.get(type(value), f"an object of the class {type(value).__name__}")


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

    @property
    def lines(self) -> list[tuple[bool, str]]:
        last = len(self.claims) - 1
        return [(not (self.failed and n == last), claim) for n, claim in enumerate(self.claims)]

    @property
    def summary(self) -> str:
        number = len(self.claims)
        return f"property {number} fails" if self.failed else f"all {number} properties hold"

    def __repr__(self) -> str:
        text = [f"{self.title}: {self.summary}"]
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
        items = "".join(
            f'<li style="margin: 0"><b aria-hidden="true" style="color: {blue if ok else orange}">'
            f"{'&#10003;' if ok else '&#10007;'}</b> <b>{'holds' if ok else 'does not hold'}</b>: "
            f"{escape(claim)}</li>"
            for ok, claim in self.lines
        )
        # A value stands below its name: in a narrow window there is no room beside it.  Where
        # even that is not enough, a row is folded between two numbers, not inside of one.
        one = "margin: 0; padding: 0; float: none; width: auto"
        fold = "background: none; color: inherit; white-space: pre-wrap; word-break: normal"
        values = "".join(
            f'<dt style="{one}"><b>{escape(described(label, value))}</b></dt>'
            f'<dd style="{one}"><pre style="margin: 0 0 .4em; {fold}">'
            f"{escape(written(value))}</pre></dd>"
            for label, value in self.evidence
        )
        parts = [f'<ul style="list-style: none; margin: .3em 0; padding: 0">{items}</ul>']
        if self.failed:
            parts += (
                [f'<div style="margin: .3em 0"><b>{escape(self.message)}</b></div>']
                if self.message
                else []
            )
            parts += [f'<dl style="margin: .3em 0">{values}</dl>'] if values else []
            parts.append(f"<div><b>Hint:</b> {escape(self.hint)}</div>")
            parts.append("<div>What comes after it was not looked at yet.</div>")
        return (
            f'<div role="group" aria-label="check of {escape(self.title)}: {self.summary}" style="'
            f"border-left: 4px solid {orange if self.failed else blue}; padding: .1em .8em; "
            f'margin: .3em 0"><div><b><code>{escape(self.title)}</code></b>: {self.summary}</div>'
            f"{''.join(parts)}</div>"
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
    if inspect.isfunction(value):
        return value.__doc__ or "a function"
    return kind_of(value)


def show(card: Card) -> None:
    """Show a card in the notebook, or print it where there is none."""
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        from IPython.display import display

        display(card)
        return
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    print(repr(card).encode(encoding, "backslashreplace").decode(encoding))


# --- What the properties are made of ------------------------------------------------------


def parsed(signature: str) -> tuple[str, list[str], int]:
    """Return the name in a signature, its parameters, and how many of them have no default."""
    name, _, rest = signature.partition("(")
    listed = [text for text in rest.partition(")")[0].split(", ") if text]
    return name, [text.partition("=")[0] for text in listed], sum("=" not in t for t in listed)


Properties = Callable[["Student"], None]
PURITY_HINT = (
    "Does a line write into an argument (+=, -=, [...] =, out=)? Or does an array made outside "
    "the function keep something from the call before?"
)
EXERCISES: dict[str, Exercise] = {}


@dataclass
class Exercise:
    """What an exercise asks for; as a decorator, it takes its properties and enters itself."""

    signature: str  # as in the notebook
    # Asked for, from the arguments: () is one number, other tuples are shapes of float64 arrays,
    # bool is a truth value; see `Whole` and `Several`.
    shape: Callable[..., Any]
    examples: Callable[[], list[tuple[Any, ...]]]  # makes the same arguments each time, anew
    hint: str  # where to look if the shape is wrong
    purity_hint: str = PURITY_HINT
    # Of a class: each method as it is written, and the shape that it returns, from the object
    # and the arguments.  Its examples are the constructor's arguments, then calls of methods.
    parts: dict[str, Callable[..., Any]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return "class" if self.methods else "function"

    def __call__(self, properties: Properties) -> Properties:
        self.properties = properties
        self.name, self.parameters, self.required = parsed(self.signature)
        self.methods = {}
        for text, shape in self.parts.items():
            name, parameters, required = parsed(text)
            self.methods[name] = (parameters, required, shape)
        EXERCISES[self.name] = self
        return properties


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    """Random numbers, the same at each call with the same shape and seed."""
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def chances(*shape: int) -> np.ndarray:
    """Random probabilities: every column is positive and sums to 1."""
    parts = 0.1 + np.random.default_rng(shape).random(shape)
    return parts / parts.sum(axis=0)


LABELS = np.array([1, 0, 2, 1, 2])
Y5 = np.array([[0.0, 1, 0, 0, 0], [1, 0, 0, 1, 0], [0, 0, 1, 0, 1]])  # LABELS, a sample a column

# --- ps1 ----------------------------------------------------------------------------------


@Exercise(
    "add_bias(X) -> (D+1, N)",
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


@Exercise(
    "init_weights(D, K, rng, scale=0.01) -> (K, D+1)",
    shape=lambda D, K, rng, scale=0.01: (K, D + 1),
    examples=lambda: [
        (4, 3, np.random.default_rng(1)),
        (2, 3, np.random.default_rng(2), 0.5),
    ],
    hint="A row for each class; a column for each feature, and one more for what?",
    purity_hint="Two generators with one seed have to give the same weights: does every random "
    "number come from the rng that is handed in?",
)
def init_weights(f: Student) -> None:
    def draw(seed: int, *scale: float, D: int = 40, K: int = 30) -> Any:
        return f(D, K, np.random.default_rng(seed), *scale)

    f.claim("another seed gives other weights", "Is the rng that is handed in used at all?")
    f.expect(not np.array_equal(draw(1), draw(2)))
    f.claim("NumPy's global random state is left alone", "Is np.random itself used anywhere?")
    np.random.seed(271828)  # so that a function that seeds it, as it did before, moves it again
    before = np.random.get_state()
    draw(1)
    pairs = zip(before, np.random.get_state(), strict=True)
    f.expect(all(np.array_equal(one, other) for one, other in pairs))
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
        "K = 5 and K = 2 with the same seed have the same first two rows",
        "In which order do the numbers fill W: row by row, in the shape that is asked for?",
    )
    two, five = draw(1, D=3, K=2), draw(1, D=3, K=5)
    f.agree(100 * five[:2], 100 * two, with_two_classes=two)
    f.claim(
        "K (D+1) standard normal numbers are drawn from rng, and no other",
        "Is something else drawn before or after, or from another distribution?",
    )
    used, twin = np.random.default_rng(3), np.random.default_rng(3)
    f(40, 30, used)
    twin.standard_normal(30 * 41)
    f.expect(used.random() == twin.random())


@Exercise(
    "one_hot(y, K) -> (K, N)",
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
        sums = f(y, K).sum(axis=0)
        f.expect((sums == 1).all(), column_sums=sums)
    f.claim(
        "the 1 of column n stands in row y[n], counted from 0",
        "Take the first sample by hand: which row, which column? Classes count from 0.",
    )
    for y, K in f.examples:
        rows = f(y, K).argmax(axis=0)
        f.expect(np.array_equal(rows, y), rows_of_your_ones=rows)
    f.claim("there may be more than ten classes", "Is K used, whatever it is?")
    f.expect(f(np.array([3, 11]), 12)[11, 1] == 1)


@Exercise(
    "scores(W, Xb) -> (K, N)",
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
    f.treats_columns_alike((normal(5, 7),), normal(3, 5))
    f.treats_columns_alike((normal(4, 4, seed=1),), normal(4, 4))


@Exercise(
    "softmax(z) -> same shape as z",
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
        sums = f(z).sum(axis=0)
        f.agree(sums, np.ones_like(sums), column_sums=sums)
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
        before = f(z)
        f.agree(f(z + shift), before, before_adding=before)
    f.claim(
        "a batch gives what its columns give one by one",
        "Nothing about a sample may depend on the others: which axis does each line run along?",
    )
    for (Z,) in f.examples[1:]:
        f.treats_columns_alike((Z,))
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


@Exercise(
    "cce(Y, Yhat) -> float",
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
        each = np.array([f(Y[:, n], Yhat[:, n]) for n in range(N)])
        f.agree(f(Y, Yhat), each.mean(), losses_of_columns=each, their_mean=each.mean())
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


@Exercise(
    "cce_from_scores(Z, y) -> float",
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
        before = f(Z, y)
        f.agree(f(Z + np.arange(y.size), y), before, before_adding=before)
    f.claim(
        "the loss of a batch is the mean of the losses of its columns",
        "Does each column keep to itself until the mean? Along which axis does each line run?",
    )
    for Z, y in ((normal(3, 5), LABELS), (normal(3, 3), LABELS[:3])):
        each = np.array([f(Z[:, n], int(y[n])) for n in range(y.size)])
        f.agree(f(Z, y), each.mean(), losses_of_columns=each, their_mean=each.mean())
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


# --- ps2 ----------------------------------------------------------------------------------


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


@Exercise(
    "numerical_gradient(f, W, h=1e-5) -> same shape as W",
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
    f.expect(50 * fine < coarse < 200 * fine, error_at_01=coarse, error_at_001=fine)
    f.claim(
        "an integer W gives the slopes that the same W gives in float64",
        "What becomes of 3 + 0.00001 when it is written into an integer array?",
    )
    W = np.array([[1, -2, 3], [4, 0, 2]])
    exact = quadratic_slopes(W)
    f.agree(f(quadratic, W), exact, COARSE, exact=exact)


@Exercise(
    "cce_gradient(Y, Yhat) -> same shape as Yhat",
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
    f.treats_columns_alike((Y5, chances(3, 5)))


@Exercise(
    "softmax_jacobian(a) -> (K, K)",
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
        sums = f(a).sum(axis=1)
        f.agree(sums, np.zeros_like(sums), row_sums=sums)
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


@Exercise(
    "scores_gradient_x(W) -> (D+1, K)",
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


@Exercise(
    "scores_gradient_W(x, K) -> (K, D+1, K)",
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


@Exercise(
    "chain_rule(dz_dW, da_dz, dL_da) -> (K, D+1)",
    shape=lambda dz_dW, da_dz, dL_da: dz_dW.shape[:2],
    examples=lambda: [
        (normal(K, D1, K), normal(K, K), normal(K)) for K, D1 in ((3, 5), (3, 3), (4, 3))
    ],
    hint="The gradient has the shape of W. Which index do two neighbours share and sum over?",
)
def chain_rule(f: Student) -> None:
    f.claim("twice one of the three gives twice the gradient", "Does each of the three enter once?")
    factors = f.examples[0]
    once = f(*factors)
    for which in range(3):
        doubled = [part * (2 if n == which else 1) for n, part in enumerate(factors)]
        f.agree(f(*doubled), 2 * once, twice_the_gradient=2 * once)
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
        sums = gradient(label).sum(axis=0)
        f.agree(sums, np.zeros_like(sums), column_sums=sums)
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


def is_loss_of(f: Student, loss: Any, G: np.ndarray, label: int, x: np.ndarray) -> None:
    """Expect of a sample's loss what its gradient says of the true class's probability."""
    chance = 1 + G[label, -1] / x[-1]
    f.agree(np.exp(-loss), chance, exp_of_minus_your_loss=np.exp(-loss), probability_in_it=chance)


@Exercise(
    "loss_gradient(W, x, y) -> (K, D+1)",
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
        before = f(W, x, y)
        for shift in (1000.0, -1000.0):
            shifted = W.copy()
            shifted[:, -1] += shift
            f.agree(f(shifted, x, y), before, before_adding=before)
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


# --- ps3 ----------------------------------------------------------------------------------


# Scores of three samples so far apart that each one's probabilities are 1 and 0.  True are the
# classes 0, 1 and 2, in this order: the second sample is certain and right, the others are not.
FAR = np.array([[-350.0, -2000, -2000], [350, 2000, -3400], [0, 0, -2700]])
FAR_SLOPES = np.array([[-1.0, 0, 1], [1, 0, 0], [0, 0, -1]])  # of each sample's loss, by FAR
FAR_LOSSES = np.array([700.0, 0, 700])  # by how much the true score lies below the largest
# At FAR a wrong sample's true probability is tiny, at this it is 0; the slopes are the same.
FARTHER = 2 * FAR
FAR_HINT = (
    "Which score is subtracted before exp, and from which sample? Is something divided by a "
    "probability of 0, or a small number added to one?"
)


def samples_of_their_own(N: int) -> np.ndarray:
    """Inputs (N + 1, N): a single 100 in each, so that slopes are large too, and the bias's 1."""
    return np.vstack((100 * np.eye(N), np.ones(N)))


def without_bias(Z: np.ndarray) -> np.ndarray:
    """Weights that give the samples of their own these scores: sample n those of column n."""
    return np.hstack((Z / 100, np.zeros((len(Z), 1))))


def are_apart(f: Student, new: Callable[[], Made], X: Any, slopes: Any, *more: Any) -> None:
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


def does_not_learn(f: Student) -> None:
    """Expect of a layer without weights that the learning rate is nothing to it."""
    f.claim("backward gives the same with a learning rate", "Which layer has something to learn?")
    layer = f.new()
    layer("forward", normal(3, 5))
    without = layer("backward", normal(3, 5))
    f.agree(layer("backward", normal(3, 5), 0.5), without, without_learning_rate=without)


def slope_by_scores(f: Student, A: np.ndarray, G: np.ndarray, slope: np.ndarray) -> None:
    """What the slope by the scores has, where A are the probabilities and G the slope by them."""
    sums = slope.sum(axis=0)
    f.agree(sums, np.zeros_like(sums), column_sums_of_yours=sums)
    ratios = slope / A
    differences, wanted = ratios - ratios[0], G - G[0]
    f.agree(differences, wanted, yours_over_a_less_its_row_0=differences, should_be=wanted)


def layer_examples(*shapes: tuple[int, ...]) -> list[tuple[Any, ...]]:
    return [((), ("forward", normal(*s)), ("backward", normal(*s, seed=1))) for s in shapes]


@Exercise(
    "Softmax()",
    shape=lambda: (),
    parts={
        "forward(Z)": lambda layer, Z: Z.shape,
        "backward(grad_a, learning_rate=None)": lambda layer, grad_a, learning_rate=None: (
            grad_a.shape
        ),
    },
    examples=lambda: layer_examples((3,), (4, 1), (3, 5), (3, 3)),
    hint="(K,), (K, 1) and (K, N) come back in the shape in which they came in.",
)
def softmax_layer(f: Student) -> None:
    f.claim("forward: every column sums to 1", "Along which axis does the sum run?")
    for Z in (normal(3), np.zeros((3, 1)), normal(4, 1), normal(3, 5), normal(3, 3)):
        sums = f.new()("forward", Z).sum(axis=0)
        f.agree(sums, np.ones_like(sums), column_sums=sums)
    f.claim("forward: log(a_i / a_j) = z_i - z_j", "Is it softmax, and that of each column?")
    for Z in (normal(4), normal(3, 5)):
        A = f.new()("forward", Z)
        f.agree(np.log(A / A[0]), Z - Z[0], differences_to_z_0=Z - Z[0])
    f.claim(
        "backward: twice grad_a gives twice the answer, and grad_a = 0 gives 0",
        "backward is given the slope by the probabilities and passes it on. Does grad_a enter?",
    )
    for shape in ((3,), (3, 5)):
        layer, G = f.new(), normal(*shape, seed=2)
        layer("forward", normal(*shape))
        once = layer("backward", G)
        f.agree(layer("backward", 2 * G), 2 * once, twice=2 * once)
        f.agree(layer("backward", 0 * G), 0 * G)
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


@Exercise(
    "Dense(D, K, rng, scale=0.01)",
    shape=lambda D, K, rng, scale=0.01: (),
    parts={
        "forward(X)": lambda layer, X: (len(layer.W), X.shape[1]),
        "backward(grad_z, learning_rate)": lambda layer, grad_z, learning_rate: (
            layer.W.shape[1] - 1,
            grad_z.shape[1],
        ),
    },
    examples=lambda: [dense_example(4, 3, 7), dense_example(2, 5, 1), dense_example(3, 4, 4)],
    hint="X is (D, N), without the bias row, and so is its slope; W is (K, D+1).",
    purity_hint="Is X, or grad_z, changed in place? Does every random number come from rng?",
)
def dense_layer(f: Student) -> None:
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
    f.claim(
        "a batch moves W by the mean of what its samples move it by",
        "Divided by what?",
    )
    for D, K, N in ((4, 3, 7), (3, 4, 4)):
        X, G = normal(D, N), normal(K, N)
        each = [moved(X[:, [n]], G[:, [n]]) for n in range(N)]
        step, mean = moved(X, G), np.mean(each, axis=0)
        f.agree(step, mean, moved_by_the_rate_times=step, mean_over_its_samples=mean)
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


def epoch_example(K: int = 3, D: int = 4) -> tuple[Any, ...]:
    return (normal(K, D + 1), normal(D, 5), in_turn(K, 5), 0.3, np.array([2, 0, 4, 1, 3]))


def in_turn(K: int, N: int) -> np.ndarray:
    """One-hot labels of samples whose classes are 0, 1, ..., K - 1, 0, 1, ..."""
    return np.hstack([np.eye(K)] * N)[:, :N]


@Exercise(
    "sgd_epoch(W, X, Y, learning_rate, order) -> (W, losses)",
    shape=lambda W, X, Y, learning_rate, order: Several((W.shape, order.shape)),
    examples=lambda: [epoch_example(), epoch_example(4, 3), epoch_example(5, 4)],
    hint="Two values: the weights after the epoch, (K, D+1), and an array with one loss a step.",
    purity_hint="Does a line write into W, as W -= ... does?",
)
def sgd_epoch(f: Student) -> None:
    f.claim(
        "from W = 0 the first loss is ln K",
        "Is the loss taken before the step of its own sample?",
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
    shifted = W.copy()
    shifted[:, -1] += 1000
    before = f(W, X, Y, rate, order)
    after = f(shifted, X, Y, rate, order)
    f.agree(after[1], before[1], losses_before_adding=before[1])
    f.agree(after[0][:, :-1], before[0][:, :-1])
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
            if Z is FAR:  # a loss of 1400 by way of the probability is inf
                f.agree(losses[0], FAR_LOSSES[n], scores=Z[:, n], it_should_cost=FAR_LOSSES[n])
            moved, wanted = (after - W)[:, n], -100 * FAR_SLOPES[:, n]
            f.agree(moved, wanted, scores=Z[:, n], x=X[:, n], moved_by=moved, should_be=wanted)


Function = Callable[[Any], Any]


# Each makes a wrong one of the notebook's own softmax, the only right one that there is.
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


@Exercise(
    "is_softmax(f) -> bool",
    shape=lambda f: bool,
    examples=lambda: [(np.exp,), (np.tanh,)],
    hint="Use it on a function that you trust, and on one that is surely wrong.",
)
def is_softmax(f: Student) -> None:
    right = f.from_notebook("softmax")
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


@Exercise(
    "is_gradient(f, grad) -> bool",
    shape=lambda f, grad: bool,
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


# --- ps4 ----------------------------------------------------------------------------------


@Exercise(
    "batch_indices(N, batch_size, rng) -> list of arrays of int",
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
    f.claim("another seed gives another order", "Is the rng that is handed in used at all?")
    one, other = (np.concatenate(f(40, 7, np.random.default_rng(seed))) for seed in (1, 2))
    f.expect(not np.array_equal(one, other))
    f.claim("NumPy's global random state is left alone", "Is np.random itself used anywhere?")
    np.random.seed(271828)
    before = np.random.get_state()
    f(11, 3, np.random.default_rng(1))
    pairs = zip(before, np.random.get_state(), strict=True)
    f.expect(all(np.array_equal(one, other) for one, other in pairs))
    f.claim(
        "one batch of all N samples is rng.permutation(N)",
        "The contract says which method of rng draws the order.",
    )
    wanted = np.random.default_rng(5).permutation(9)
    f.expect(np.array_equal(f(9, 9, np.random.default_rng(5))[0], wanted), wanted=wanted)
    f.claim("rng is left where that one permutation leaves it", "How often is rng asked?")
    rng, twin = np.random.default_rng(5), np.random.default_rng(5)
    f(9, 4, rng)
    twin.permutation(9)
    number, expected = rng.random(), twin.random()
    f.expect(number == expected, next_number_of_rng=number, after_one_permutation=expected)


@Exercise(
    "softmax_backward(A, grad_A) -> same shape as A",
    shape=lambda A, grad_A: A.shape,
    examples=lambda: [(chances(*s), normal(*s)) for s in ((3, 5), (3, 3), (4,), (5, 1))],
    hint="A sum over the classes of one sample: axis 0, for (K,) and for (K, N).",
)
def softmax_backward(f: Student) -> None:
    f.claim("every column sums to 0", "Is the factor A in front of the whole bracket?")
    for A, G in f.examples:
        sums = f(A, G).sum(axis=0)
        f.agree(sums, np.zeros_like(sums), column_sums=sums)
    f.claim("equal slopes give 0", "The probabilities sum to 1 whatever the scores do.")
    for A, G in f.examples:
        f.agree(f(A, np.ones_like(G)), 0 * A)
    f.claim(
        "between two classes of a sample, slope_i / a_i - slope_k / a_k = g_i - g_k",
        "Which axis does the sum run along? What weighs the slopes in it?",
    )
    for A, G in f.examples:
        slope_by_scores(f, A, G, f(A, G))


def batch_of(K: int, D: int, N: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    Xb = normal(D + 1, N)
    Xb[-1] = 1
    return normal(K, D + 1), Xb, in_turn(K, N)


@Exercise(
    "batch_gradient(W, Xb, Y) -> (K, D+1)",
    shape=lambda W, Xb, Y: W.shape,
    examples=lambda: [batch_of(3, 4, 7), batch_of(4, 3, 4), batch_of(5, 2, 1)],
    hint="The gradient has the shape of W: (K, N) times (N, D+1).",
)
def batch_gradient(f: Student) -> None:
    f.claim("every column sums to 0", "Is the softmax that of each column? Is Y one-hot?")
    for W, Xb, Y in f.examples:
        sums = f(W, Xb, Y).sum(axis=0)
        f.agree(sums, np.zeros_like(sums), column_sums=sums)
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
        each = [f(W, Xb[:, [n]], Y[:, [n]]) for n in range(Y.shape[1])]
        mean = np.mean(each, axis=0)
        f.agree(f(W, Xb, Y), mean, mean_over_its_samples=mean)
    f.claim("adding 1000 to all biases changes nothing", "Does exp overflow?")
    W, Xb, Y = batch_of(3, 4, 7)
    before, shifted = f(W, Xb, Y), W.copy()
    shifted[:, -1] += 1000
    f.agree(f(shifted, Xb, Y), before, before_adding=before)
    f.claim(
        "scores far apart: certain and right gives 0, certain and wrong x in the row of the "
        "largest score and -x in that of the true class, however large x is",
        FAR_HINT,
    )
    for Z in (FAR, FARTHER):
        found = 0.03 * f(without_bias(Z), samples_of_their_own(3), np.eye(3))[:, :-1]
        f.agree(found, FAR_SLOPES, each_sample_over_its_x=found, should_be=FAR_SLOPES)


@Exercise(
    "l2_penalty(W, strength) -> float",
    shape=lambda W, strength: (),
    examples=lambda: [(normal(3, 5), 0.5), (normal(4, 4), 2.0), (normal(2, 3), 1.0)],
    hint="One number for all weights but the biases.",
)
def l2_penalty(f: Student) -> None:
    f.claim("W = [[2, -1, 7]] with strength 1 costs 5", "The last column is the bias: is it free?")
    f.agree(f(np.array([[2.0, -1, 7]]), 1.0), 5)
    f.claim("twice the strength costs twice as much", "Where does strength enter?")
    for W, strength in f.examples:
        once = f(W, strength)
        f.agree(f(W, 2 * strength), 2 * once, at_half_the_strength=once)
    f.claim("twice the weights cost four times as much", "Are the weights squared?")
    for W, strength in f.examples:
        once = f(W, strength)
        f.agree(f(2 * W, strength), 4 * once, at_half_the_weights=once)
    f.claim(
        "K rows of ones, D + 1 long, cost K D with strength 1", "Is it the sum, divided by nothing?"
    )
    for K, D in ((3, 4), (4, 3), (2, 6)):
        f.agree(f(np.ones((K, D + 1)), 1.0), K * D)


@Exercise(
    "l2_gradient(W, strength) -> (K, D+1)",
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
        once = f(W, strength)
        f.agree(f(W, 2 * strength), 2 * once, at_half_the_strength=once)
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


def training(K: int, D: int, N: int, size: int, *more: Any) -> tuple[Any, ...]:
    return (normal(D, N), in_turn(K, N), size, 3, 0.5, np.random.default_rng(K), *more)


@Exercise(
    "train(X, Y, batch_size, epochs, learning_rate, rng, strength=0.0) -> (W, history)",
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
        f.agree(history, np.mean(each), losses_of_each_sample=np.array(each))
    X, Y = normal(D, 8), in_turn(K, 8)
    start = run(X, Y, 8, 1, 0.0)[0]
    x = np.append(X[:, 0], 1)
    of_one_sample(f, steps_of(0, []), x, start @ x, "one sample, the step over minus the rate: ")
    f.claim(
        "one batch of all samples moves W by the mean of what its samples move it by",
        "Divided by what? Is every sample in it?",
    )
    each = [run(X[:, [n]], Y[:, [n]], 1)[0] for n in range(8)]
    f.agree(run(X, Y, 8)[0], np.mean(each, axis=0), mean_over_its_samples=np.mean(each, axis=0))
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


@Exercise(
    "predict(W, Xb) -> (N,) of int",
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


@Exercise(
    "accuracy(y, y_pred) -> float",
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


@Exercise(
    "confusion_matrix(y, y_pred, K) -> (K, K) of int",
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


@Exercise(
    "to_keras(W) -> (kernel, bias)",
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


# --- ps5 ----------------------------------------------------------------------------------

ACTIVATION: dict[str, Callable[..., Any]] = {
    "forward(Z)": lambda layer, Z: Z.shape,
    "backward(grad_a, learning_rate=None)": lambda layer, grad_a, learning_rate=None: grad_a.shape,
}


def activation(f: Student, at_1000: float, at_minus_1000: float) -> None:
    """What every layer of one function of each entry has, its forward taken to be right."""
    f.claim(
        "backward: twice grad_a gives twice the answer, and grad_a = 0 gives 0",
        "backward is given the slope by the output and passes it on. Does grad_a enter?",
    )
    layer, G = f.new(), normal(3, 5, seed=2)
    layer("forward", normal(3, 5))
    once = layer("backward", G)
    f.agree(layer("backward", 2 * G), 2 * once, twice=2 * once)
    f.agree(layer("backward", 0 * G), 0 * G)

    def is_slope(layer: Made, Z: np.ndarray, times: int = 1) -> None:
        ahead, behind = (f.new()("forward", Z + step) for step in (1e-5, -1e-5))
        G = normal(*Z.shape, seed=2)
        steps = G * (ahead - behind) / 2e-5
        layer("forward", Z)
        for _ in range(times):
            f.agree(layer("backward", G), steps, 1e-8, by_small_steps_of_forward=steps)

    f.claim(
        "backward: it is the slope by the input, by small steps",
        "Is the slope taken at the input, or written with the output? Not the one for the other.",
    )
    for Z in (2 * normal(3, 5), 2 * normal(4, 4), 2 * normal(5)):
        is_slope(f.new(), Z)
    f.claim(
        "backward twice gives the same twice, and belongs to the last forward",
        "Does backward write into what forward kept? Does forward keep it each time?",
    )
    layer = f.new()
    layer("forward", normal(3, 5, seed=3))
    is_slope(layer, normal(3, 5), times=2)
    f.claim("inputs of 1000 and -1000 are no trouble", "Which exponential is too large?")
    layer = f.new()
    f.agree(layer("forward", np.array([1000.0, -1000, 0.5]))[:2], [at_1000, at_minus_1000])
    ends = layer("backward", np.ones(3))[:2]
    f.agree(ends, [1.0 if at_1000 == 1000 else 0.0, 0.0])
    does_not_learn(f)
    are_apart(f, f.new, normal(3, 5), normal(3, 5, seed=2))


@Exercise(
    "ReLU()",
    shape=lambda: (),
    parts=ACTIVATION,
    examples=lambda: layer_examples((3, 5), (4, 4), (5,)),
    hint="Entry by entry: the shape stays.",
)
def relu_layer(f: Student) -> None:
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


@Exercise(
    "Tanh()",
    shape=lambda: (),
    parts=ACTIVATION,
    examples=lambda: layer_examples((3, 5), (4, 4), (5,)),
    hint="Entry by entry: the shape stays.",
)
def tanh_layer(f: Student) -> None:
    f.claim("forward: it is odd, and ln 2 becomes 3/5", "(e^z - e^-z) / (e^z + e^-z), by hand")
    f.agree(f.new()("forward", np.log([2.0, 0.5, 1])), [0.6, -0.6, 0])
    f.claim("forward: log((1 + a) / (1 - a)) = 2 z", "Is every z treated alike?")
    for Z in (normal(3, 5), normal(5)):
        A = f.new()("forward", Z)
        with np.errstate(all="ignore"):
            f.agree(np.log((1 + A) / (1 - A)), 2 * Z, twice_z=2 * Z)
    activation(f, 1, -1)


@Exercise(
    "Sigmoid()",
    shape=lambda: (),
    parts=ACTIVATION,
    examples=lambda: layer_examples((3, 5), (4, 4), (5,)),
    hint="Entry by entry: the shape stays.",
)
def sigmoid_layer(f: Student) -> None:
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


@Exercise(
    "mse(y, Yhat) -> float",
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
        each = np.array([f(y[n : n + 1], Yhat[:, n : n + 1]) for n in range(N)])
        f.agree(f(y, Yhat), each.mean(), losses_of_samples=each, their_mean=each.mean())


@Exercise(
    "mse_gradient(y, Yhat) -> (1, N)",
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


def network_example(D: int, H: int, K: int, N: int) -> tuple[Any, ...]:
    return normal(H, D + 1), normal(K, H + 1, seed=1), normal(D, N), in_turn(K, N)


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


@Exercise(
    "network_gradients(W1, W2, X, Y) -> dict",
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
            wanted = np.mean([one[key] for one in each], axis=0)
            f.agree(found[key], wanted, **{f"{key}, mean over the samples": wanted})
    f.claim("scores near 1000 are no trouble", "Does exp overflow?")
    W1, W2, X, Y = network_example(4, 6, 3, 7)
    before, shifted = f(W1, W2, X, Y), W2.copy()
    shifted[:, -1] += 1000
    f.agree(f(W1, shifted, X, Y)["Z2"], before["Z2"], before_adding=before["Z2"])
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


def network_example_of_steps(D: int, H: int, K: int, N: int) -> tuple[Any, ...]:
    X, Y = network_example(D, H, K, N)[2:]
    fit = ("fit", X, Y, 3, 2, 0.5, np.random.default_rng(2))
    arguments = (D, H, K, np.random.default_rng(1))
    return (arguments, ("forward", X), ("backward", Y), fit, ("predict", X))


@Exercise(
    "Network(D, H, K, rng)",
    shape=lambda D, H, K, rng: (),
    parts={
        "forward(X)": lambda net, X: (len(net.W2), X.shape[1]),
        "backward(Y)": lambda net, Y: Several((net.W1.shape, net.W2.shape)),
        "fit(X, Y, batch_size, epochs, learning_rate, rng)": (
            lambda net, X, Y, batch_size, epochs, learning_rate, rng: (epochs,)
        ),
        "predict(X)": lambda net, X: Whole((X.shape[1],)),
    },
    examples=lambda: [network_example_of_steps(4, 6, 3, 7), network_example_of_steps(3, 4, 4, 4)],
    hint="W1 is (H, D+1), W2 is (K, H+1); probabilities (K, N), labels (N,).",
    purity_hint="Is X changed in place? Does every random number come from the rng handed in?",
)
def network(f: Student) -> None:
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
        f.agree(A.sum(axis=0), np.ones(N), column_sums=A.sum(axis=0))
        for n, x in enumerate(X.T):
            z = W2 @ np.append(np.tanh(W1 @ np.append(x, 1)), 1)
            f.agree(np.log(A[:, n] / A[0, n]), z - z[0], sample=n, differences_of_scores=z - z[0])
        f.expect(np.array_equal(net("predict", X), A.argmax(axis=0)))
    for D, H, K, N in sizes:
        X = network_example(D, H, K, N)[2]
        _, W1, W2 = made(D, H, K)

        def alone(label: int, sizes: Any = (D, H, K), X: Any = X) -> Any:
            net, *_ = made(*sizes)
            net("forward", X[:, ::-1].copy())  # what backward belongs to is the last one
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
            f.agree(found, np.mean(parts, axis=0), mean_over_its_samples=np.mean(parts, axis=0))
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
        f.agree(A.sum(axis=0), np.ones(7), column_sums=A.sum(axis=0))
        if rate == 500:
            W1, W2 = net.read("W1", (6, 5)), net.read("W2", (3, 7))
            hidden = np.tanh(W1[:, :-1] @ X + W1[:, -1:])
            Z = W2[:, :-1] @ hidden + W2[:, -1:]
            below = Z.max(axis=0) - Z[Y.argmax(axis=0), np.arange(7)]
            history = net("fit", X, Y, 7, 1, 0.0, np.random.default_rng(2))
            f.agree(history[0], below.mean(), true_scores_below_the_largest=below)
    are_apart(f, lambda: made(4, 6, 3)[0], X, Y)
