"""What an exercise is: its reference, its fixture makers and its wrong answers.

Data, not code paths: the judge treats every exercise alike.  Knows nothing of
notebooks, sandboxes or nbgrader.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

if TYPE_CHECKING:
    from autograder.checking.kit import Properties

Arguments = tuple[Any, ...]
Fixtures = Callable[[np.random.Generator], Sequence[Arguments]]
Aspect = Literal["values", "purity", "global random state"]


def _require(holds: bool, entry: Any, field: str, wanted: str) -> None:
    """Refuse a field of an entry that is not what it has to be.

    Raises
    ------
    TypeError : it does not hold; the text says which entry, which field, and what is wanted
    """
    if not holds:
        whose = " ".join(
            filter(None, (type(entry).__name__, repr(entry.name) if entry.name else ""))
        )
        raise TypeError(f"{whose}: {field} must be {wanted}, not {getattr(entry, field)!r:.80}")


def _are_all(kind: Any, values: Any) -> bool:
    return isinstance(values, (tuple, list)) and all(isinstance(value, kind) for value in values)


@dataclass(frozen=True, eq=False)
class Specimen:
    """A function to be tested by a student's test, which may call it and nothing more.

    Parameters
    ----------
    function : the implementation; pure, and it raises for nothing that the exercise allows
    breaks : the property that it has not, in one sentence for the student; "" for a right one
    """

    function: Callable[..., Any]
    breaks: str = ""

    def __call__(self, *arguments: Any) -> Any:
        """Answer as the implementation does."""
        return self.function(*arguments)


@dataclass(frozen=True)
class Criterion:
    """One thing that a function is held to, and the points that it earns.

    Parameters
    ----------
    name : short, as a student reads it: ``"batch"``, ``"extreme scores"``
    points : share of the exercise's points
    claim : the property in one sentence, without the answer
    fixtures : draws argument tuples from a generator; at least two of them random.
        Of a class a tuple is a scenario, with `autograder.catalogue.values.Step`s; of a test
        that students write it holds `Specimen`s
    aspect : what is compared: the returned values with the reference's; that the
        arguments are left alone and the same call twice gives the same answer;
        or that NumPy's global random state is not moved
    """

    name: str
    points: float
    claim: str
    fixtures: Fixtures
    aspect: Aspect = "values"

    def __post_init__(self) -> None:
        _require(isinstance(self.points, (int, float)), self, "points", "a number")
        _require(callable(self.fixtures), self, "fixtures", "a function of a generator")
        aspects = get_args(Aspect)
        _require(self.aspect in aspects, self, "aspect", f"one of {', '.join(map(repr, aspects))}")


def purity(
    points: float,
    fixtures: Fixtures | None = None,
    claim: str = "Arguments must stay as they were, and the same call twice give the same answer.",
) -> Criterion:
    """Return the criterion that a function changes nothing that it is given, and keeps nothing.

    Parameters
    ----------
    points : its share of the exercise's points
    fixtures : draws argument tuples; without it the gate's are taken
    claim : the property in one sentence

    >>> purity(0.5).name
    'purity'
    """
    return Criterion("purity", points, claim, fixtures or _of_the_gate, aspect="purity")


def _of_the_gate(rng: np.random.Generator) -> Sequence[Arguments]:
    raise LookupError("the fixtures of an exercise's first criterion stand in for these")


@dataclass(frozen=True)
class Misconception:
    """A wrong answer with a name.

    Parameters
    ----------
    name : identifies it in verdicts and reports: ``"whole-matrix sum"``
    wrong : the wrong functions themselves; several where one mistake has several faces
    did : what the student did, in the student's language, one sentence
    symptom : the numeric sign by which it shows, one sentence
    experiment : the one small experiment that shows that it is wrong
    shows_in : the criterion in which to look for it; by default the first one
        that the wrong function fails
    looks_right : why it looks right to who made it, one sentence
    lesson : where in `notebooks/` to look, where it is not the exercise's own lesson
    treated : the words by which that lesson treats it
    """

    name: str
    wrong: tuple[Callable[..., Any], ...]
    did: str
    symptom: str
    experiment: str
    shows_in: str | None = None
    looks_right: str = ""
    lesson: str = ""
    treated: str = ""

    def __post_init__(self) -> None:
        _require(
            _are_all(Callable, self.wrong), self, "wrong", "functions in a tuple, (f,) for one"
        )
        for field in ("name", "did", "symptom", "experiment", "looks_right", "lesson", "treated"):
            _require(isinstance(getattr(self, field), str), self, field, "text")


@dataclass(frozen=True, eq=False)
class Exercise:
    """An exercise of the catalogue.

    Parameters
    ----------
    signature : as the student reads it: ``"softmax(z) -> same shape as z"``; of a class with its
        methods, ``"Dense(D, K, rng), forward(X) -> (K, N)"``
    reference : the right answer
    criteria : the first is the gate: without it no other earns points
    misconceptions : the catalogue of wrong answers
    needs : names of earlier exercises that a solution may call; functions, never what
        would be the whole answer under another name
    tolerance : relative, norm-based, with a floor
    lesson : the lesson in `notebooks/` that treats it, ``"02_softmax"``
    made : where another exercise needs this one: of the reference's arguments, about how many
        entries it makes of them, in memory or in steps
    properties : what students may run of it
    treated : the words by which the lesson treats it
    name : of the function, or class, in the notebook; without it that in the signature
    """

    signature: str
    reference: Callable[..., Any]
    criteria: tuple[Criterion, ...]
    misconceptions: tuple[Misconception, ...] = ()
    needs: tuple[str, ...] = ()
    tolerance: float = 1e-9
    lesson: str = ""
    made: Callable[..., int] | None = None
    properties: Properties | None = None
    treated: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        signed = isinstance(self.signature, str) and re.match(r"\w+\(", self.signature)
        _require(bool(signed), self, "signature", "as a student reads it, 'softmax(z) -> (K,)'")
        if not self.name:
            object.__setattr__(self, "name", self.signature.partition("(")[0])
        _require(callable(self.reference), self, "reference", "a function or a class")
        for field, kind, example in (
            ("criteria", Criterion, "(purity(0.5),)"),
            ("misconceptions", Misconception, "(SIGN,)"),
            ("needs", str, '("softmax",)'),
        ):
            holds = _are_all(kind, getattr(self, field))
            _require(holds, self, field, f"a tuple, of one: {example}")
        _require(isinstance(self.tolerance, (int, float)), self, "tolerance", "a number")
        _require(self.made is None or callable(self.made), self, "made", "a function")
        asks = self.properties is None or callable(getattr(self.properties, "ask", None))
        _require(asks, self, "properties", "a function below @Properties(...)")
        criteria = tuple(
            replace(criterion, fixtures=self.criteria[0].fixtures)
            if criterion.fixtures is _of_the_gate
            else criterion
            for criterion in self.criteria
        )
        object.__setattr__(self, "criteria", criteria)

    def worth(self, points: float) -> Exercise:
        """Return the exercise for that many points, each criterion with the share that it has.

        Parameters
        ----------
        points : what a notebook gives for it, 0 or more; criteria get hundredths

        >>> one = Exercise("f(x)", abs, (Criterion("values", 2, "", list), purity(1)))
        >>> [criterion.points for criterion in one.worth(2).criteria]
        [1.33, 0.67]
        """
        if points == self.points:
            return self
        shares = _in_hundredths([criterion.points for criterion in self.criteria], points)
        criteria = zip(self.criteria, shares, strict=True)
        return replace(self, criteria=tuple(replace(one, points=share) for one, share in criteria))

    @property
    def kind(self) -> str:
        """What is asked for: "function" or "class"."""
        return "class" if inspect.isclass(self.reference) else "function"

    @property
    def points(self) -> float:
        """The points of all criteria together."""
        return added_up(criterion.points for criterion in self.criteria)


def added_up(points: Iterable[float]) -> float:
    """Return a sum of points without what adding floats leaves behind.

    >>> added_up([0.1, 0.2])
    0.3
    """
    return round(float(sum(points)), 6)


def _in_hundredths(weights: Sequence[float], total: float) -> list[float]:
    """Divide points by weights; the hundredths left over go to the largest remainders."""
    whole = round(total * 100)
    exact = [weight * whole / sum(weights) for weight in weights]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(shares)), key=lambda place: shares[place] - exact[place])
    for place in by_remainder[: whole - sum(shares)]:
        shares[place] += 1
    return [share / 100 for share in shares]
