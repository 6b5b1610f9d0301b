"""Judges a function of a notebook as an exercise, in each way in which it can be called.

Knows neither how the function was found nor what is said of it in the end.
"""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from autograder.base.words import listed, printable
from autograder.catalogue.arrangements import Arrangement, same
from autograder.catalogue.model import Exercise
from autograder.catalogue.spellings import Spellings
from autograder.catalogue.values import Observation, Opaque, observe_here
from autograder.diagnosis.foreign import Running
from autograder.diagnosis.names import Known
from autograder.diagnosis.rearranged import Rearranged
from autograder.judging.judge import NEARLY_RIGHT, Verdict, judge
from autograder.sandbox import Name, RemoteObject

SEED = 0  # a fixed seed: nothing is earned here, and equal notebooks get equal answers
FLOAT32 = "numbers in float32, compared here to four digits where the course asks for float64"
FLOAT32_DIGITS = 1e-4
# The first of what speaks for a try, where its first criterion holds, or a mistake is named.
GATE_HOLDS, NAMED = 3, 2


class Watched:
    """What is kept of all calls of a function, beside its verdict.

    Parameters
    ----------
    exercise : as which it is called
    arrangement : how it is called
    """

    def __init__(self, exercise: Exercise, arrangement: Arrangement) -> None:
        self.exercise, self.claim = exercise, arrangement.claim
        self.like: list[tuple[bool, bool]] = []
        self.errors: list[str] = []
        self.right = 0  # of those that gave an answer
        self.kinds: set[str] = set()  # of answers, where they are no plain values
        self.dtypes: set[str] = set()
        self.told: list[Any] = []  # what the calls tell of the arrangement's claim

    def __call__(self, call: tuple[Any, ...], there: Observation, answer: Observation) -> None:
        right = observe_here(self.exercise.reference, call, watch_random=False)
        self.like.append(_likeness(right, answer))
        self.right += self.like[-1][0]
        if answer.error is not None:
            self.errors.append(f"{answer.error}: {answer.message}")
            return
        opaque = type(there.value) is Opaque
        kind = f"a value of type {printable(there.value.type_name)}" if opaque else ""
        if type(there.value) is list and type(right.value) is np.ndarray:
            kind = "a list"
        self.kinds.add("None" if there.value is None else kind)
        self.dtypes |= {str(array.dtype) for array in _arrays(there.value)}
        if self.claim is not None:
            self.told.append(self.claim.seen(call, answer.value))

    @property
    def likeness(self) -> tuple[float, float]:
        """In how many of the calls the answer is about the right one, and has its shape."""
        if not self.like:
            return 0.0, 0.0
        close, shaped = zip(*self.like, strict=True)
        return sum(close) / len(close), sum(shaped) / len(shaped)

    @property
    def stumble(self) -> str:
        """The error of a function that is right wherever it answers; empty for any other."""
        answered = len(self.like) - len(self.errors)
        return self.errors[0] if self.errors and 0 < answered == self.right else ""

    @property
    def refuted(self) -> str:
        """What the function gives instead of what its arrangement claims; else empty."""
        return self.claim.refuted(self.told) if self.claim is not None else ""


def _likeness(right: Observation, seen: Observation) -> tuple[bool, bool]:
    """Tell whether an answer is about right, and whether it has the kind and shape of one."""
    values = list(_arrays(right.value)), list(_arrays(seen.value))
    if seen.error is not None or not values[0] or len(values[0]) != len(values[1]):
        return False, False
    pairs = list(zip(*values, strict=True))
    if any(one.shape != other.shape or _kind(one) != _kind(other) for one, other in pairs):
        return False, False
    with np.errstate(all="ignore"):
        close = all(np.allclose(other, one, rtol=1e-3, atol=1e-5) for one, other in pairs)
    return close, True


def _arrays(value: Any) -> Iterator[np.ndarray]:
    if type(value) in (list, tuple):
        for item in value:
            yield from _arrays(item)
    elif type(value) is dict:
        yield from _arrays([value[key] for key in sorted(value, key=str)])
    elif type(value) in (np.ndarray, int, float, bool):
        yield np.asarray(value)


def _kind(array: np.ndarray) -> bool:
    return array.dtype.kind in "iub"


@dataclass(frozen=True)
class Try:
    """One function judged as one exercise, called in one way.

    Parameters
    ----------
    known : the exercise of the catalogue
    exercise : the same, or a part of it
    also : what was changed besides the arrangement, in words
    """

    known: Known
    exercise: Exercise
    verdict: Verdict
    function: Rearranged
    watched: Watched
    also: tuple[str, ...] = ()

    @property
    def failure(self) -> str | None:
        """The first call's error, where no call at all returned."""
        seen = self.function.seen
        if not seen or any(one.error is None for one in seen):
            return None
        return f"{seen[0].error}: {seen[0].message}" if seen[0].message else seen[0].error

    @property
    def likeness(self) -> tuple[float, float]:
        """In how many of the calls the answer is about the right one, and has its shape."""
        return self.watched.likeness

    @cached_property
    def promise(self) -> tuple[Any, ...]:
        """How much speaks for it that this is what the function is meant to be."""
        gate = self.verdict.findings[0]
        elsewhere = self.known.spelling.right_elsewhere
        named = gate.misconception if gate.misconception not in elsewhere else None
        signs = (gate.passed, named, gate.message.startswith(NEARLY_RIGHT))
        likely = next((len(signs) - i for i, sign in enumerate(signs) if sign), 0)
        # Where that much is known, how close the answers are adds nothing.
        alike = (0.0, 0.0) if likely >= NAMED else self.likeness
        return likely, self.verdict.points, *alike, self.failure is None

    @property
    def said(self) -> tuple[str, ...]:
        """What is different from the course's own, in words."""
        return (*self.function.said, *self.also)

    @property
    def in_rows(self) -> bool | None:
        """Whether samples are rows here; None where the exercise has no samples."""
        return self.function.arrangement.rows if self.known.spelling.has_layout else None

    def widened(self) -> Try | None:
        """Judge again to four digits what answers in float32, where it is about right so."""
        if self.promise[0] or "float32" not in self.watched.dtypes or self.likeness[0] < 0.5:
            return None
        exercise = replace(self.exercise, tolerance=max(self.exercise.tolerance, FLOAT32_DIGITS))
        function, also = self.function, (*self.also, FLOAT32)
        return tried(
            function.function, self.known, function.arrangement, also, exercise, widen=True
        )


def tried(
    found: Any,
    known: Known,
    arrangement: Arrangement,
    also: tuple[str, ...] = (),
    exercise: Exercise | None = None,
    widen: bool = False,
) -> Try:
    """Judge a function called in one way, and keep what there is to say of it.

    Parameters
    ----------
    found : what `autograder.catalogue.values.observe` takes
    known : the exercise of the catalogue
    arrangement : how it is called
    also : what is different besides, in words
    exercise : judge as this one, which was made of it
    widen : make float32 of what it answers float64
    """
    exercise = exercise or known.exercise
    watched = Watched(exercise, arrangement)
    function = Rearranged(found, arrangement, known.spelling, watched, widen, known.gives_several)
    return Try(known, exercise, judge(exercise, function, SEED), function, watched, also)


def with_widened(tries: Sequence[Try]) -> list[Try]:
    """Return tries, and each again to four digits where it answers in float32."""
    return [*tries, *(wider for one in tries if (wider := one.widened()) is not None)]


def tries_of_class(
    found: RemoteObject, known: Known, also: tuple[str, ...], exercise: Exercise | None = None
) -> Iterator[Try]:
    """Judge a class that was made the course's, in each layout."""
    for arrangement in known.spelling.arrangements(0):
        if arrangement.fewer is None:
            one = tried(found, known, arrangement, also, exercise)
            wider = one.widened()
            yield from (one,) if wider is None else (one, wider)
            if one.verdict.passed:
                return


@dataclass(frozen=True)
class Judged:
    """A function, and all the ways in which it was tried.

    Parameters
    ----------
    name : in the notebook
    said : a person said which exercise it is
    exact : it has the name of an exercise
    notes : what else there is to say of it, a sentence each
    first : which of the course's arguments comes first by the names of its parameters, 0 or 1;
        None where they do not tell
    """

    name: str
    tries: tuple[Try, ...]
    said: bool
    exact: bool
    notes: tuple[str, ...] = ()
    first: int | None = None

    @property
    def likely(self) -> int:
        """How much speaks for it at most that it is meant to be what it was tried as."""
        return max(one.promise for one in self.tries)[0]

    def best(self, in_rows: bool | None = None) -> Try:
        """Return the likeliest try; of those alike, one in the notebook's own layout."""
        tries = self.tries
        if in_rows is not None:
            # A layout is no mistake where the rest of the notebook uses it too.
            own = [one for one in tries if one.in_rows in (in_rows, None)]
            right = any(one.verdict.passed for one in tries)
            better = right and not any(one.verdict.passed for one in own)
            tries = tuple(own if own and not better else tries)
        top = max(tries, key=lambda one: one.promise)
        alike = [one for one in tries if one.promise == top.promise]
        return min(alike, key=self._strangeness)  # the first of equals

    def _strangeness(self, one: Try) -> tuple[bool, int]:
        told = bool(one.known.spelling.told_apart) and self.first is not None
        return told and one.function.arrangement.first != self.first, len(one.said)

    @property
    def layouts(self) -> set[bool]:
        """In which layout it does best: samples as rows, or as columns; several where none is."""
        telling = [
            one
            for one in self.tries
            if one.verdict.findings[0].passed and not one.known.spelling.same_in_rows
        ]
        points = {
            rows: max(
                (one.verdict.points for one in telling if one.in_rows is rows),
                default=0.0,
            )
            for rows in (True, False)
        }
        return {rows for rows, most in points.items() if most and most == max(points.values())}


@dataclass
class Ways:
    """The ways in which a function of a notebook can be called in place of an exercise's."""

    run: Running
    name: Name
    found: RemoteObject
    spellings: Spellings
    listing: list[tuple[str, bool, bool]] = field(init=False)

    def __post_init__(self) -> None:
        told = self.run.asked(self.found, "parameters")
        listing = [
            item
            for item in (told if type(told) is list else [])
            if type(item) is tuple and tuple(map(type, item)) == (str, bool, bool, bool)
        ]
        self.listing = [item[:3] for item in listing]
        self.whole = self.name
        # Parameters that are True or False by default are switches; the exercises seldom have any.
        switch = next((i for i, item in enumerate(listing) if item[3] and item[2]), None)
        if switch is not None and self.name.most is not None:
            least = self.name.least or 0
            self.name = replace(self.name, most=max(min(self.name.most, switch), least))

    @property
    def arguments(self) -> str:
        """How many arguments it takes, in words."""
        least, most = self.name.least, self.name.most
        if most is None or least is None:
            return f"at least {least or 0} arguments"
        count = f"{least} to {most}" if least != most else f"{most}"
        return f"{count} argument{'' if count == '1' else 's'}"

    @property
    def _first_two(self) -> list[str]:
        return [name for name, _, _ in self.listing if name != "self"][:2]

    def first(self, known: Sequence[Known]) -> int | None:
        """Return which argument of an exercise comes first, by the names of the parameters."""
        names = self._first_two
        for pair in (pair for one in known for pair in one.spelling.told_apart):
            for first, order in enumerate((pair, pair[::-1])):
                if len(names) == 2 and all(map(re.fullmatch, order, names)):
                    return first
        return None

    def tries(self, known: Sequence[Known]) -> list[Try]:
        """Judge as each of these exercises, in each way in which it can be called."""
        tries: list[Try] = []
        for exercise in known:
            for one in self._of(exercise):
                tries.append(one)
                if self.found.session.lost is not None:
                    return tries
                if one.verdict.passed and not exercise.spelling.told_apart:
                    return [*tries, *self._other_layout(exercise, one)]
        return tries

    def _other_layout(self, known: Known, right: Try) -> Iterator[Try]:
        """Judge what is right in columns in rows too, to see whether it tells them apart."""
        if right.in_rows is False and not known.spelling.same_in_rows:
            yield from itertools.islice(self._of(known, only_rows=True), 2)

    def lookalike(self, known: Known) -> str:
        """Say what a function is that often has the name of an exercise; "" for any other."""
        for other in known.spelling.lookalikes:
            for arrangement in other.arrangements():
                if _fits(self.name, arrangement, 2, 2):
                    one = tried(self.found, known, arrangement, exercise=other.of(known.exercise))
                    if one.verdict.passed:
                        how = f", with {listed(arrangement.said)}" if arrangement.said else ""
                        return f"gives {other.gives}{how}; {other.but}, so it is not judged as it."
                if self.found.session.lost is not None:
                    return ""
        return ""

    def _of(self, known: Known, only_rows: bool = False) -> Iterator[Try]:
        parameters = list(inspect.signature(known.exercise.reference).parameters.values())
        needed = sum(parameter.default is parameter.empty for parameter in parameters)
        named, kept = self._by_name(parameters, needed)
        has_switch = any(type(parameter.default) is bool for parameter in parameters)
        found, name = self.found, self.whole if has_switch else self.name
        also: tuple[str, ...] = ()
        if any(named):
            found = self.run.adapted(self.found, "by_name", tuple(named)) or self.found
            name = replace(name, most=len(parameters))
        elif kept < len(parameters):
            also = (f"no {parameters[kept].name}",)
        second_is, names = known.spelling.second_is, self._first_two
        exchanged = [re.search(second_is, one) is not None for one in names] == [True, False]
        for arrangement in known.spelling.arrangements(kept):
            if second_is and exchanged != (arrangement.first == 1):
                continue
            if arrangement.given is None and kept < len(parameters) and arrangement.every is same:
                arrangement = replace(arrangement, given=tuple((i, same) for i in range(kept)))
            if _fits(name, arrangement, needed, kept) and arrangement.rows >= only_rows:
                yield tried(found, known, arrangement, also)

    def _by_name(self, parameters: Sequence[Any], needed: int) -> tuple[list[str], int]:
        """Return by what name each argument is given, empty by its place; and how many are."""
        names = ["" for _ in parameters]
        own = [name for name, _, _ in self.listing]
        if not own or self.found.kind != "function":
            return names, len(parameters)
        for place, parameter in enumerate(parameters[needed:], start=needed):
            others = self.spellings.arguments.get(parameter.name, frozenset((parameter.name,)))
            there = next((one for one in self.listing if one[0].lower() in others), None)
            if there is None and place < len(own) and place < needed + 1:
                # What stands there is something else, of which the course knows nothing.
                return ["" for _ in parameters], place
            if there is None:
                return names, place
            if not there[2] or own.index(there[0]) != place:
                names[place] = there[0]
        return names, len(parameters)

    def as_layer(self, known: Sequence[Known]) -> list[Try]:
        """Judge a layer whose methods are called, or answer, otherwise than the course's."""
        layers = self.spellings.layers
        if layers is None:
            return []
        tables = layers.forward, layers.outputs, layers.backward, layers.inputs, layers.slopes
        way = self.run.asked(self.found, "ways", tables)
        if type(way) is not tuple or len(way) != 6 or any(type(one) is not int for one in way):
            return []
        forward, output, backward, count, answer, slopes = way
        places = (forward, output, backward, answer, slopes)
        if any(not -1 <= i < len(table) for i, table in zip(places, tables, strict=True)):
            return []
        made = self.run.adapted(self.found, "layer", way, tables)
        if made is None:
            return []
        said = [
            f"{layers.forward[forward]} as forward" if forward > 0 else "",
            f"what forward leaves in `{layers.outputs[output]}`" if output >= 0 else "",
            f"{layers.backward[backward]} as backward" if backward > 0 else "",
            "backward without its last argument" if backward >= 0 and count == 1 else "",
            f"what backward leaves in `{layers.inputs[answer]}`" if answer >= 0 else "",
            f"the slopes of its method {layers.slopes[slopes]}" if slopes >= 0 else "",
        ]
        also = tuple(filter(None, said))
        return [one for each in known for one in tries_of_class(made, each, also)]


def _fits(name: Name, arrangement: Arrangement, needed: int, most: int) -> bool:
    """Tell whether a function takes as many arguments as it would be given."""
    if arrangement.given is not None:
        most = len(arrangement.given)
        needed = sum(i < needed for i, _ in arrangement.given)
    return (name.least is None or name.least <= most) and (name.most is None or name.most >= needed)
