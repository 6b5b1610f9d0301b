"""Other ways to take and give the same numbers: samples as rows, labels, another order.

A function of another course is judged by the criteria of this one through an
adapter on the trusted side, which gives it its arguments as it wants them and
brings its answers back.  Knows neither the judge nor where the function runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograder.values import Observation, RemoteFunction, Rng, Step, observe

PUT_BACK = 1e-9  # by this much, relative, an entry may differ and still count as left alone
ROWS = "samples as rows"
EXCHANGED = "arguments in the other order"

Change = Callable[[Any], Any]


# --- How one value is written elsewhere ----------------------------------------------------------


def same(value: Any) -> Any:
    """The course's own way."""
    return value


def transposed(value: Any) -> Any:
    """All matrices transposed, those in lists, tuples and dictionaries too."""
    if _has(value, 2):
        return value.T.copy()
    if type(value) in (list, tuple):
        return type(value)(map(transposed, value))
    if type(value) is dict:
        return {key: transposed(item) for key, item in value.items()}
    return value


def as_row(value: Any) -> Any:
    """(K,) as (1, K), and batches transposed."""
    return value[None, :].copy() if _has(value, 1) else transposed(value)


def as_column(value: Any) -> Any:
    """(K,) as (K, 1)."""
    return value[:, None].copy() if _has(value, 1) else value


def flat(value: Any) -> Any:
    """(1, K) and (K, 1) as (K,)."""
    return value.ravel().copy() if _has(value, 2) and 1 in value.shape else value


def labels(value: Any) -> Any:
    """One-hot columns, or one such vector, as labels."""
    return np.argmax(value, axis=0) if _has(value, 2) else int(np.argmax(value))


def labels_of_batch(value: Any) -> Any:
    """The same, where one sample is a batch of one."""
    return np.atleast_1d(labels(value))


def _has(value: Any, dimensions: int) -> bool:
    return type(value) is np.ndarray and value.ndim == dimensions


# What is undone by what; of the others the arguments cannot be brought back.
UNDO: Mapping[Change, Change] = {
    same: same,
    transposed: transposed,
    as_row: lambda value: flat(value) if value.shape[:1] == (1,) else transposed(value),
    as_column: flat,
}


# --- How a whole call is -------------------------------------------------------------------------


@dataclass(frozen=True)
class Arrangement:
    """One way to call a function in place of the course's own.

    Parameters
    ----------
    said : what is different, in words; nothing for the course's own way
    given : for each argument of theirs, which of the course's it is made from, and how;
        None gives all of them, each changed by `every`
    fewer : a method, and how many arguments it is given at most
    answer : brings the answer back
    sample : which of the course's arguments tells one sample, (K,), from a batch, if one does
    one : brings back the answer to one sample
    """

    said: tuple[str, ...] = ()
    given: tuple[tuple[int, Change], ...] | None = None
    every: Change = same
    fewer: tuple[str, int] | None = None
    answer: Change = same
    sample: int | None = None
    one: Change = same

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
        return tuple(change(call[i]) for i, change in self.parts(call))

    def back(self, call: Sequence[Any], seen: Observation) -> Observation:
        """Return what was seen as it would be of the course's own function."""
        alone = self.sample is not None and _has(call[self.sample], 1)
        value = (self.one if alone else self.answer)(seen.value)
        return replace(seen, value=value, arguments=self._after(call, seen.arguments))

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
            if type(before) is not np.ndarray or _left_alone(before, left):
                continue
            undo = UNDO.get(change)
            now[i] = undo(left) if undo is not None and type(left) is np.ndarray else None
        return tuple(now)


def _left_alone(before: np.ndarray, after: Any) -> bool:
    if type(after) is not np.ndarray or (after.shape, after.dtype) != (before.shape, before.dtype):
        return False
    return bool(np.allclose(after, before, rtol=PUT_BACK, atol=0.0, equal_nan=True))


class Rearranged(RemoteFunction):
    """A function called in another way, and what came back brought back.

    Parameters
    ----------
    function : what `autograder.values.observe` takes
    arrangement : how it is called
    alone : the course asks for one value: of several in a tuple the first is taken
    losses : the course asks for the mean of what may come for each sample
    """

    def __init__(
        self, function: Any, arrangement: Arrangement, alone: bool = True, losses: bool = False
    ) -> None:
        self.function, self.arrangement = function, arrangement
        self.alone, self.losses = alone, losses
        self.seen: list[Observation] = []
        self.also: dict[str, None] = {}  # what else was done to the answers, in words

    def observe(
        self, calls: Sequence[tuple[Any, ...]], watch_random: bool = True
    ) -> list[Observation]:
        """Call the function once for each tuple of arguments; see `RemoteFunction.observe`."""
        there = [self.arrangement.there(call) for call in calls]
        if isinstance(self.function, RemoteFunction):
            there_seen = self.function.observe(there, watch_random)
        else:
            there_seen = observe(self.function, there)
        # Without the values: a function is tried in many ways, and they may be large.
        self.seen = [replace(seen, value=None, arguments=()) for seen in there_seen]
        return [
            self.arrangement.back(call, replace(seen, value=self._one(seen.value)))
            for call, seen in zip(calls, there_seen, strict=False)
        ]

    @property
    def said(self) -> tuple[str, ...]:
        """What is different from the course's own function, in words."""
        return (*self.arrangement.said, *self.also)

    def _one(self, value: Any) -> Any:
        if self.alone and type(value) is tuple and len(value) > 1:
            self.also[f"the first of the {len(value)} values that it returns"] = None
            value = value[0]
        if self.losses and _has(value, 1) and value.size:
            self.also["one loss for each sample, averaged here"] = None
            with np.errstate(all="ignore"):
                value = np.asarray(np.mean(value))
        return value


# --- Which ways there are, by exercise -----------------------------------------------------------


@dataclass(frozen=True)
class Layout:
    """How functions like one exercise's differ between courses.

    Parameters
    ----------
    rows : arguments that are transposed where samples are rows; None for all of them,
        and those of methods
    sample : the argument that may be one sample, (K,), if there is one
    orders : further orders of the arguments, each with its words
    one_hot : the argument that others give as labels, if there is one
    losses : others return one loss for each sample, and the course asks for their mean
    fewer : a method that others give fewer arguments, and how many
    several : the course itself asks for more than one value
    more : ways that fit no pattern
    """

    rows: tuple[int, ...] | None = ()
    sample: int | None = None
    orders: tuple[tuple[str, tuple[int, ...]], ...] = ()
    one_hot: int | None = None
    losses: bool = False
    fewer: tuple[str, int] | None = None
    several: bool = False
    more: tuple[Arrangement, ...] = ()


def _two(exchanged: tuple[int, ...] = (1, 0)) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return ((EXCHANGED, exchanged),)


# X W + b: the data without its row of ones, the bias apart.
BIAS_APART = tuple(
    Arrangement(
        ("the bias as an argument of its own", *((ROWS,) if rows else ())),
        (
            *(((1, data), (0, weights)) if data_first else ((0, weights), (1, data))),
            (0, bias),
        ),
        answer=transposed if rows else same,
    )
    for rows, data, weights, bias in (
        (False, lambda Xb: Xb[:-1].copy(), lambda W: W[:, :-1].copy(), lambda W: W[:, -1:].copy()),
        (
            True,
            lambda Xb: Xb[:-1].T.copy(),
            lambda W: W[:, :-1].T.copy(),
            lambda W: W[:, -1].copy(),
        ),
    )
    for data_first in (False, True)
)

LAYOUTS: Mapping[str, Layout] = {
    "add_bias": Layout(rows=(0,)),
    "init_weights": Layout(rows=(), more=(Arrangement((ROWS,), answer=transposed),)),
    "one_hot": Layout(
        more=(
            Arrangement((ROWS,), answer=transposed),
            Arrangement(("K taken from the labels",), ((0, same),)),
            Arrangement(("K taken from the labels", ROWS), ((0, same),), answer=transposed),
        )
    ),
    "scores": Layout(rows=(0, 1), sample=1, orders=_two(), more=BIAS_APART),
    "softmax": Layout(rows=(0,), sample=0),
    "cce": Layout(rows=(0, 1), sample=0, orders=_two(), one_hot=0, losses=True),
    "cce_from_scores": Layout(rows=(0,), sample=0, orders=_two(), losses=True),
    "cce_gradient": Layout(rows=(0, 1), sample=0, orders=_two()),
    "softmax_jacobian": Layout(),
    "softmax_backward": Layout(rows=(0, 1), sample=0, orders=_two()),
    "batch_gradient": Layout(
        rows=(0, 1, 2),
        orders=(("arguments in the order Xb, Y, W", (1, 2, 0)), ("Xb, W, Y", (1, 0, 2))),
    ),
    "loss_gradient": Layout(rows=(0,)),
    "predict": Layout(rows=(0, 1), orders=_two()),
    "train": Layout(rows=(0, 1), several=True),
    "sgd_epoch": Layout(rows=(0, 1, 2), several=True),
    "to_keras": Layout(several=True),
    "l2_penalty": Layout(rows=(0,)),
    "l2_gradient": Layout(rows=(0,)),
    "mse": Layout(rows=(1,), orders=_two()),
    "mse_gradient": Layout(rows=(1,), orders=_two()),
    "network_gradients": Layout(rows=(0, 1, 2, 3)),
    **{
        name: Layout(rows=None, fewer=("backward", 1))
        for name in ("Softmax", "ReLU", "Tanh", "Sigmoid")
    },
    "Dense": Layout(rows=None),
    "Network": Layout(rows=None),
}


def arrangements(exercise: str, arguments: int) -> Iterator[Arrangement]:
    """Yield the ways to call a function in place of an exercise's, the course's own first.

    Parameters
    ----------
    exercise : its name
    arguments : how many the course's own takes at most
    """
    yield Arrangement()
    layout = LAYOUTS.get(exercise, Layout())
    if layout.rows is None:
        for fewer in (None, layout.fewer) if layout.fewer else (None,):
            less = (f"{fewer[0]} without its last argument",) if fewer else ()
            if fewer:
                yield Arrangement(less, fewer=fewer)
            yield Arrangement((ROWS, *less), None, transposed, fewer, transposed)
        return
    orders = (("", tuple(range(arguments))), *layout.orders)
    for as_labels in (False, True) if layout.one_hot is not None else (False,):
        for order_said, order in orders:
            for rows_said, change, answer, one in _ways(layout):
                labels_said = "labels in place of one-hot vectors" if as_labels else ""
                said = tuple(filter(None, (rows_said, labels_said, order_said)))
                given = tuple((i, _change(layout, i, change, as_labels)) for i in order)
                if said:
                    yield Arrangement(said, given, answer=answer, sample=layout.sample, one=one)
    yield from layout.more


def _ways(layout: Layout) -> Iterator[tuple[str, Change, Change, Change]]:
    """Yield words, how arguments with samples change, and how answers come back."""
    yield "", same, same, same
    if layout.rows:
        yield ROWS, transposed, transposed, same
    if layout.sample is not None:
        yield f"{ROWS}, one sample as a batch of one", as_row, transposed, flat
        yield "one sample as a batch of one", as_column, same, flat


def _change(layout: Layout, i: int, change: Change, as_labels: bool) -> Change:
    if as_labels and i == layout.one_hot:
        return labels_of_batch if change in (as_row, as_column) else labels
    return change if i in (layout.rows or ()) else same
