"""What a student may run beside the notebook: ``check(softmax)``.

It holds properties that every right function has, small steps and facts worked out by hand,
but no answer.  Copied as it is into each release, so it must know nothing of the rest of the
package: one file, NumPy and the standard library only.
"""

# ruff: noqa: NPY002  (the global random state is looked at here so that it stays as it was)

from __future__ import annotations

import inspect
import linecache
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

__all__ = ["check"]

TOLERANCE = 1e-10  # for what is exact but for rounding
COARSE = 1e-6  # for numerical gradients, where rounding is divided by the step


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
    if isinstance(function, type) or not callable(function) or not isinstance(named, str):
        return None, (
            f"check: this is {kind_of(function)}, not a function. Write check(softmax), with the "
            "name of your function and no brackets after it; was the name used for something else?"
        )
    if named not in EXERCISES:
        return None, f"check: no exercise is called {named!r}. There are: {', '.join(EXERCISES)}"
    exercise = EXERCISES[named]
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
        self.evidence = list(zip(self.exercise.parameters, arguments, strict=False))
        self.given = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                value = self.function(*self.given)
        except NotImplementedError as failure:
            raise NotWritten(self._stub(failure)) from None
        except Exception as failure:
            raise self._stopped(failure) from None
        self.evidence.append(("yours", value))
        shape = self.exercise.shape(*arguments)
        message, hint = self._not_asked_for(value, shape, finite)
        if message:
            raise Broken(message, self.evidence, hint)
        return float(value) if shape == () else value.copy()

    def expect(self, holds: Any, **more: Any) -> None:
        """Go on if the condition holds; otherwise show the last call and these values."""
        if not holds:
            labelled = [(label.replace("_", " "), value) for label, value in more.items()]
            raise Broken("", [*self.evidence, *labelled])

    def agree(self, yours: Any, wanted: Any, tolerance: float = TOLERANCE, **more: Any) -> None:
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
        exercise = self.exercise
        names = ", ".join(exercise.parameters)
        self.claim(f"it takes {names}")
        try:
            signature = inspect.signature(self.function)
        except (TypeError, ValueError):  # some compiled functions do not tell
            pass
        else:
            try:
                signature.bind(*range(exercise.required))
                signature.bind(*range(len(exercise.parameters)))
            except TypeError:
                message = f"it takes {signature}; asked for is {exercise.name}({names})"
                hint = "Compare the def line with the one in the notebook."
                raise Broken(message, [], hint) from None
        shapes = [exercise.shape(*arguments) for arguments in self.examples]
        what = "one number" if () in shapes else "a float64 array of the right shape"
        self.claim(f"it returns {what}, finite")
        for arguments in self.examples:
            self(*arguments)
        self.claim(
            "it leaves its inputs as they were, and the same call twice gives the same answer",
            exercise.purity_hint,
        )
        for arguments, again in zip(self.examples, self.examples, strict=True):
            first = np.array(self(*arguments))
            for label, before, after in zip(
                exercise.parameters, arguments, self.given, strict=False
            ):
                if isinstance(before, np.ndarray):
                    more = {f"{label}_after_the_call": after}
                    self.expect(np.array_equal(before, after), **more)
            self.expect(np.array_equal(first, self(*again)), yours_at_the_first_call=first)

    def treats_columns_alike(self, batch: tuple[np.ndarray, ...], *fixed: Any) -> None:
        """Expect of a batch what its columns give one by one."""
        one_by_one = np.stack(
            [self(*fixed, *(part[:, n] for part in batch)) for n in range(batch[0].shape[1])],
            axis=1,
        )
        self.agree(self(*fixed, *batch), one_by_one, column_by_column=one_by_one)

    def _not_asked_for(self, value: Any, shape: tuple[int, ...], finite: bool) -> tuple[str, str]:
        if value is None:
            return "it returns None", "Is a return missing?"
        if shape == ():
            number = isinstance(value, int | float | np.integer | np.floating)
            if isinstance(value, bool) or not (number or is_plain_number(value)):
                return f"it returns {kind_of(value)}, not one number", self.exercise.hint
        elif type(value) is not np.ndarray:
            return f"it returns {kind_of(value)}, not an array", "NumPy arrays in, an array out."
        elif value.shape != shape:
            return f"it returns shape {value.shape}, not {shape}", self.exercise.hint
        elif value.dtype != np.float64:
            hint = "Which dtype does the array get when it is made?"
            return f"it returns dtype {value.dtype}, not float64", hint
        if finite and not np.isfinite(value).all():
            return "it returns nan or inf", "Which line divides by 0, or takes exp or log too far?"
        return "", ""

    def _innermost(self, failure: BaseException) -> tuple[str, str]:
        """Return the name of the innermost function of the notebook's, and its line there."""
        space, found = getattr(self.function, "__globals__", None), ("", "")
        step = failure.__traceback__
        while step is not None:
            if step.tb_frame.f_globals is space:
                code = step.tb_frame.f_code
                line = linecache.getline(code.co_filename, step.tb_lineno)
                found = (code.co_name, line.strip())
            step = step.tb_next
        return found

    def _stub(self, failure: BaseException) -> str:
        name = self._innermost(failure)[0]
        if name in ("", self.exercise.name, getattr(self.function, "__name__", "")):
            return "not written yet"
        return f"it calls {name}, which is not written yet"

    def _stopped(self, failure: BaseException) -> Broken:
        line = self._innermost(failure)[1]
        error = f"{type(failure).__name__}: {text_of(failure)}".strip(": ")
        where = f" in the line: {line}" if line else ""
        hint = f"It was called with these arguments. {self.exercise.hint}"
        return Broken(f"it stopped with {error}{where}", self.evidence, hint)


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
        cell = "text-align: left; vertical-align: top; padding: .2em 1em .2em 0"
        rows = "".join(
            f'<tr style="background: none"><th scope="row" style="{cell}">'
            f'{escape(described(label, value))}</th><td style="{cell}"><pre style="margin: 0; '
            f'background: none; color: inherit">{escape(written(value))}</pre></td></tr>'
            for label, value in self.evidence
        )
        parts = [f'<ul style="list-style: none; margin: .3em 0; padding: 0">{items}</ul>']
        if self.failed:
            parts += (
                [f'<div style="margin: .3em 0"><b>{escape(self.message)}</b></div>']
                if self.message
                else []
            )
            parts += (
                [f'<table style="color: inherit"><tbody>{rows}</tbody></table>'] if rows else []
            )
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
    shape: Callable[..., tuple[int, ...]]  # asked for, from the arguments; () is one number
    examples: Callable[[], list[tuple[Any, ...]]]  # makes the same arguments each time, anew
    hint: str  # where to look if the shape is wrong
    purity_hint: str = PURITY_HINT

    def __call__(self, properties: Properties) -> Properties:
        self.properties = properties
        self.name, _, rest = self.signature.partition("(")
        listed = rest.partition(")")[0].split(", ")
        self.parameters = [text.partition("=")[0] for text in listed]
        self.required = sum("=" not in text for text in listed)
        EXERCISES[self.name] = self
        return properties


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    """Random numbers, the same at each call with the same shape and seed."""
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def chances(*shape: int) -> np.ndarray:
    """Random probabilities: every column is positive and sums to 1."""
    parts = 0.1 + np.random.default_rng(shape).random(shape)
    return parts / parts.sum(axis=0)


def slopes(function: Callable[..., Any], at: np.ndarray, *fixed: Any) -> np.ndarray:
    """Derivatives by complex steps, without rounding: [i, k] is that of output k by input i."""
    rows = []
    for index in np.ndindex(at.shape):
        moved = at.astype(complex)
        moved[index] += 1e-30j
        rows.append(np.imag(function(moved, *fixed)) / 1e-30)
    return np.reshape(rows, at.shape + np.shape(rows[0]))


def tilted(d: np.ndarray, a: np.ndarray) -> Any:
    """The probabilities that a becomes when its scores move by d, for small d."""
    moved = a * np.exp(d)
    return moved / moved.sum()


def product(W: Any, x: Any) -> Any:
    return W @ x


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
    f.agree(f(np.array([1000.0, -1000, 0])), np.array([1.0, 0, 0]))
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


@Exercise(
    "numerical_gradient(f, W, h=1e-5) -> same shape as W",
    shape=lambda f, W, h=1e-5: W.shape,
    examples=lambda: [(cubic, normal(3, 5)), (quadratic, normal(3, 3), 0.01), (cubic, normal(4))],
    hint="One slope for each entry of W, whatever its shape: what runs over the entries?",
    purity_hint="Whose array is moved? Adding h and taking it away again can leave a rounding "
    "error behind, so the same number may not come back.",
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
    exact = slopes(quadratic, W)
    f.agree(f(quadratic, W, 0.5), exact, COARSE, exact=exact)
    f.claim(
        "on a cubic f the error falls 100 times when h falls 10 times",
        "Is h, as it is handed in, the step and also what is divided by?",
    )
    exact = slopes(cubic, W)
    coarse, fine = (np.abs(f(cubic, W, h) - exact).max() for h in (0.1, 0.01))
    f.expect(50 * fine < coarse < 200 * fine, error_at_01=coarse, error_at_001=fine)
    f.claim(
        "an integer W gives the slopes that the same W gives in float64",
        "What becomes of 3 + 0.00001 when it is written into an integer array?",
    )
    W = np.array([[1, -2, 3], [4, 0, 2]])
    exact = slopes(quadratic, W)
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
    for Y, Yhat in [*f.examples, (Y5[:, 1], np.array([1e-200, 0.5, 0.5]))]:
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
        "entry [i, k] is how fast a_k moves when z_i moves, by small steps",
        "The argument is a, the probabilities, not z. Work one diagonal and one other entry by "
        "hand.",
    )
    for a in (chances(3), chances(5)):
        steps = slopes(tilted, np.zeros(a.size), a)
        f.agree(f(a), steps, by_small_steps=steps)
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
        "entry [j, k] is how fast score k moves when x_j moves, by small steps",
        "The input's index comes first. Is that the order in which W has them?",
    )
    for W in (normal(3, 5), normal(4, 4)):
        steps = slopes(lambda x, W: product(W, x), np.zeros(W.shape[1]), W)
        f.agree(f(W), steps, by_small_steps=steps)


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
        "entry [i, j, k] is how fast score k moves when W[i, j] moves, by small steps",
        "Take W[0, 1] by hand: which score does it move, and how fast? Where do i, j, k stand?",
    )
    for x, K in f.examples:
        steps = slopes(product, np.zeros((K, x.size)), x)
        f.agree(f(x, K), steps, by_small_steps=steps)


Factors = tuple[tuple[np.ndarray, ...], np.ndarray]


def composed(
    W: np.ndarray,
    z: Callable[[Any], Any],
    a: Callable[[Any], Any],
    L: Callable[[Any], Any],
) -> Factors:
    """The slopes of three functions in a chain, and those of the whole."""
    return (slopes(z, W), slopes(a, z(W)), slopes(L, a(z(W)))), slopes(lambda W: L(a(z(W))), W)


def forward_pass(K: int, D1: int) -> Factors:
    """Scores, softmax, and a smooth loss of all the probabilities."""
    x, c, even = normal(D1), normal(K), np.full(K, 1 / K)
    return composed(normal(K, D1), lambda W: W @ x, lambda z: tilted(z, even), lambda a: c @ a**2)


def any_chain(K: int, D1: int) -> Factors:
    """Functions without any symmetry, so that no index can pass for another."""
    x, c, B, C = normal(D1), normal(K), normal(K, K, seed=1), normal(K, K, seed=2)
    return composed(normal(K, D1), lambda W: B @ W @ x, lambda z: C @ np.sin(z), lambda a: c @ a**2)


@Exercise(
    "chain_rule(dz_dW, da_dz, dL_da) -> (K, D+1)",
    shape=lambda dz_dW, da_dz, dL_da: dz_dW.shape[:2],
    examples=lambda: [forward_pass(3, 5)[0], forward_pass(3, 3)[0], forward_pass(4, 3)[0]],
    hint="The gradient has the shape of W. Which index do two neighbours share and sum over?",
)
def chain_rule(f: Student) -> None:
    f.claim("twice one of the three gives twice the gradient", "Does each of the three enter once?")
    factors = forward_pass(3, 5)[0]
    once = f(*factors)
    for which in range(3):
        doubled = [part * (2 if n == which else 1) for n, part in enumerate(factors)]
        f.agree(f(*doubled), 2 * once, twice_the_gradient=2 * once)
    f.claim(
        "it is the gradient of loss(softmax(W x)), by small steps in W",
        "From the earliest variable to the latest: W, z, a, L. Are all three factors in it, and is "
        "each product a sum over the index that two neighbours share?",
    )
    for K, D1 in ((3, 5), (3, 3), (4, 3)):
        factors, steps = forward_pass(K, D1)
        f.agree(f(*factors), steps, by_small_steps=steps)
    f.claim(
        "the same for any other three functions in a chain",
        "The input's index comes first: z is the last index of dz_dW. Where is z in da_dz?",
    )
    for K, D1 in ((3, 5), (3, 3)):
        factors, steps = any_chain(K, D1)
        f.agree(f(*factors), steps, by_small_steps=steps)


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
    f.claim(
        "every column sums to 0",
        "The probabilities sum to 1, and so does y. What follows for the slopes by z? Does every "
        "class get its own?",
    )
    for W, x, y in f.examples:
        sums = f(W, x, y).sum(axis=0)
        f.agree(sums, np.zeros_like(sums), column_sums=sums)
    f.claim(
        "it is the slope of the loss of the true class, by small steps in W",
        "Which sign? Which row belongs to the true class? Is the Jacobian in it once, and whole?",
    )
    for (W, x, y), label in zip(f.examples, LABELS, strict=False):
        steps = slopes(
            lambda W, x, label: -np.log(tilted(W @ x, np.full(3, 1 / 3))[label]), W, x, label
        )
        f.agree(f(W, x, y), steps, by_small_steps=steps)
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
        lead = slopes(lambda W, label: (W @ x)[0] - (W @ x)[label], W, label)
        f.agree(f(W, x, y), lead, slope_of_the_lead_over_the_true_class=lead)
