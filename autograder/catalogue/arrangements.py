"""One call, written in another way: samples as rows, another order, one sample as a batch.

A function of another course is judged by the criteria of this one through an
arrangement on the trusted side, which gives it its arguments as it wants them and
brings its answers back.  Knows neither the judge nor where the function runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograder.catalogue.values import Observation, Rng, Step, by_steps, left_alone

ROWS = "samples as rows"
EXCHANGED = "arguments in the other order"
ALONE = "one sample as a batch of one"

Change = Callable[[Any], Any]


@dataclass(frozen=True)
class OfCall:
    """A change that needs to see all arguments of a call."""

    change: Change

    def __call__(self, call: Any) -> Any:
        return self.change(call)


# --- How one value is written elsewhere ----------------------------------------------------------


def same(value: Any) -> Any:
    """The course's own way."""
    return value


def transposed(value: Any) -> Any:
    """All matrices transposed, those in lists, tuples and dictionaries too."""
    if has_axes(value, 2):
        return value.T.copy()
    if type(value) in (list, tuple):
        return type(value)(map(transposed, value))
    if type(value) is dict:
        return {key: transposed(item) for key, item in value.items()}
    return value


def as_row(value: Any) -> Any:
    """(K,) as (1, K), and batches transposed."""
    return value[None, :].copy() if has_axes(value, 1) else transposed(value)


def as_column(value: Any) -> Any:
    """(K,) as (K, 1)."""
    return value[:, None].copy() if has_axes(value, 1) else value


def flat(value: Any) -> Any:
    """(1, K) and (K, 1) as (K,)."""
    return value.ravel().copy() if has_axes(value, 2) and 1 in value.shape else value


def has_axes(value: Any, count: int) -> bool:
    """Tell whether a value is an array with this number of axes."""
    return type(value) is np.ndarray and value.ndim == count


# The change that undoes each change. No other change can be undone on the arguments.
UNDO: Mapping[Change, Change] = {
    same: same,
    transposed: transposed,
    as_row: lambda value: flat(value) if value.shape[:1] == (1,) else transposed(value),
    as_column: flat,
}


# --- How a whole call is -------------------------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    """What must be true of the answers for an arrangement to be what its words say.

    Parameters
    ----------
    seen : takes the arguments of a call and what came back, of whatever kind; returns what
        they tell, to be kept
    refuted : takes what all calls told; returns what the function gives instead, in words, or
        "" where the claim holds
    """

    seen: Callable[[Sequence[Any], Any], Any]
    refuted: Callable[[Sequence[Any]], str]


@dataclass(frozen=True)
class Arrangement:
    """One way to call a function in place of a course's own.

    Parameters
    ----------
    said : what is different, in words; nothing for the course's own way
    given : for each argument of theirs, which of the course's it is made from, and how;
        None gives all of them, each changed by `every`
    fewer : a method, and how many arguments it is given at most
    answer : brings the answer back
    sample : which of the course's arguments tells one sample, (K,), from a batch, if one does
    one : brings back the answer to one sample
    claim : what its words say of the answers, if they say anything of them
    """

    said: tuple[str, ...] = ()
    given: tuple[tuple[int, Change], ...] | None = None
    every: Change = same
    fewer: tuple[str, int] | None = None
    answer: Change = same
    sample: int | None = None
    one: Change = same
    claim: Claim | None = None

    @property
    def first(self) -> int:
        """Which of the course's arguments comes first."""
        return self.given[0][0] if self.given else 0

    @property
    def rows(self) -> bool:
        """Whether samples are rows."""
        return any(words.startswith(ROWS) for words in self.said)

    def parts(self, call: Sequence[Any]) -> list[tuple[int, Change]]:
        """Return what the arguments of a call are made from, and how."""
        if self.given is not None:
            return [(i, change) for i, change in self.given if i < len(call)]
        kept = []
        step, count = "", 0
        for i, value in enumerate(call):
            step, count = (value.name, 0) if type(value) is Step else (step, count + 1)
            if self.fewer is None or step != self.fewer[0] or count <= self.fewer[1]:
                kept.append((i, self.every))
        return kept

    def there(self, call: Sequence[Any]) -> tuple[Any, ...]:
        """Return the arguments of a call as this function wants them."""
        return tuple(
            change(call if type(change) is OfCall else call[i]) for i, change in self.parts(call)
        )

    def back(self, call: Sequence[Any], seen: Observation) -> Observation:
        """Return what was seen as it would be of the course's own function."""
        one = call[self.sample : self.sample + 1] if self.sample is not None else ()
        alone = any(has_axes(value, 1) for value in one)
        value = (self.one if alone else self.answer)(seen.value)
        if self.every in (as_row, as_column) and type(value) is list:
            value = self._steps(call, value)
        return replace(seen, value=value, arguments=self._after(call, seen.arguments))

    def _steps(self, call: Sequence[Any], values: list[Any]) -> list[Any]:
        """Bring back what each step of a scenario gave: to one sample, the answer to one."""
        batch = transposed if self.every is as_row else same
        return [
            flat(value) if given and has_axes(given[0], 1) else batch(value)
            for (_, given), value in zip(by_steps(call)[1:], values, strict=False)
        ]

    def _after(self, call: Sequence[Any], after: Sequence[Any]) -> tuple[Any, ...]:
        """Return the course's arguments as they were after the call."""
        if not after:
            return ()
        now = [value.copy() if type(value) is np.ndarray else None for value in call]
        for (i, change), before, left in zip(
            self.parts(call), self.there(call), after, strict=False
        ):
            if type(before) is Rng:
                now[i] = left
            if type(before) is not np.ndarray or left_alone(before, left):
                continue
            undo = UNDO.get(change)
            now[i] = undo(left) if undo is not None and type(left) is np.ndarray else None
        return tuple(now)
