"""Other ways to take and give the same numbers: samples as rows, labels, another order.

A function of another course is judged by the criteria of this one through an
adapter on the trusted side, which gives it its arguments as it wants them and
brings its answers back.  Knows neither the judge nor where the function runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from autograder.catalogue.values import Observation, RemoteFunction, Rng, Step, by_steps, observe

PUT_BACK = 1e-9  # by this much, relative, an entry may differ and still count as left alone
NO_SCORE = -1e4  # of a class whose probability is 0: exp of it is 0
ROWS = "samples as rows"
EXCHANGED = "arguments in the other order"
TRUTH_LAST = "the prediction before the truth"
LABELS_TELL_K = "K taken from the labels"
ALONE = "one sample as a batch of one"
SCORES = "the scores in place of the probabilities"
LABELLED = ("labels in place of one-hot vectors", "no regularisation")

Change = Callable[[Any], Any]
Watch = Callable[[tuple[Any, ...], Observation, Observation], None]


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


def widened(value: Any) -> Any:
    """Arrays of float32 as float64, those in lists and tuples too."""
    if type(value) in (list, tuple):
        return type(value)(map(widened, value))
    is_short = type(value) is np.ndarray and value.dtype == np.float32
    return value.astype(np.float64) if is_short else value


def labels(value: Any) -> Any:
    """One-hot columns, or one such vector, as labels."""
    return np.argmax(value, axis=0) if _has(value, 2) else int(np.argmax(value))


def scores_of(value: Any) -> Any:
    """Probabilities as scores whose softmax they are."""
    with np.errstate(all="ignore"):
        return np.where(value > 0, np.log(value), NO_SCORE) if type(value) is np.ndarray else value


def scores_of_rows(value: Any) -> Any:
    """The same, where samples are rows."""
    return as_row(scores_of(value))


def first_matrix(value: Any) -> Any:
    """The first of several matrices, where there is but one."""
    return value[0] if _has(value, 3) and len(value) == 1 else value


def second(value: Any) -> Any:
    """The second of several values."""
    return value[1] if type(value) is tuple and len(value) > 1 else value


def second_transposed(value: Any) -> Any:
    """The same, transposed."""
    return transposed(second(value))


def unit_data(value: Any) -> Any:
    """Data of which the scores are the weights themselves."""
    return np.eye(value.shape[1]) if _has(value, 2) else np.eye(1)


def nothing(value: Any) -> Any:
    """No regularisation."""
    return 0.0


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
        alone = self.sample is not None and _has(call[self.sample], 1)
        value = (self.one if alone else self.answer)(seen.value)
        if self.every in (as_row, as_column) and type(value) is list:
            value = self._steps(call, value)
        return replace(seen, value=value, arguments=self._after(call, seen.arguments))

    def _steps(self, call: Sequence[Any], values: list[Any]) -> list[Any]:
        """Bring back what each step of a scenario gave: to one sample, the answer to one."""
        batch = transposed if self.every is as_row else same
        return [
            flat(value) if given and _has(given[0], 1) else batch(value)
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
    function : what `autograder.catalogue.values.observe` takes
    arrangement : how it is called
    alone : the course asks for one value: of several in a tuple the first is taken
    losses : the course asks for the mean of what may come for each sample
    watch : is given each call, what was seen, and that brought back
    widen : make float32 of what it answers float64
    """

    def __init__(
        self,
        function: Any,
        arrangement: Arrangement,
        alone: bool = True,
        losses: bool = False,
        watch: Watch | None = None,
        widen: bool = False,
    ) -> None:
        self.function, self.arrangement = function, arrangement
        self.alone, self.losses, self.watch, self.widen = alone, losses, watch, widen
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
        answers = [
            self.arrangement.back(call, replace(seen, value=self._one(seen.value)))
            for call, seen in zip(calls, there_seen, strict=False)
        ]
        if self.watch is not None:
            for one in zip(calls, there_seen, answers, strict=False):
                self.watch(*one)
        return answers

    @property
    def said(self) -> tuple[str, ...]:
        """What is different from the course's own function, in words."""
        return (*self.arrangement.said, *self.also)

    def _one(self, value: Any) -> Any:
        if self.widen:
            value = widened(value)
        if self.alone and type(value) is tuple and len(value) > 1:
            self.also[f"the first of the {len(value)} values that it returns"] = None
            value = value[0]
        if self.losses and _has(value, 1) and value.size:
            self.also["one loss for each sample, averaged here"] = None
            with np.errstate(all="ignore"):
                value = np.asarray(np.mean(value))
        return value


# What the second of two functions, a slope, takes, and how that is said.
PAIRS: Mapping[str, tuple[str, ...]] = {
    "scores": (),
    "answers": ("the slope computed from the answers",),
    "grad, scores": ("the gradient as an argument of the slope",),
    "grad, answers": ("the gradient as an argument of the slope", "computed from the answers"),
    "grad, cache": ("the gradient and what was kept as arguments of the slope",),
    "scores, grad": ("the gradient as the last argument of the slope",),
    "answers, grad": ("the gradient as the last argument", "computed from the answers"),
}
# For an argument with a default, what others call it.
BY_NAME: Mapping[str, frozenset[str]] = {
    "h": frozenset("h eps epsilon delta dx step step_size e ep d tol small".split()),
    "strength": frozenset("strength reg lam lambda_ lambd l2 alpha reg_strength".split()),
    "scale": frozenset("scale std sigma stddev std_dev factor".split()),
    "learning_rate": frozenset("learning_rate lr eta alpha".split()),
}


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
    label : the argument that may be the label of one sample, if there is one
    fewer : a method that others give fewer arguments, and how many
    several : the course itself asks for more than one value
    more : ways that fit no pattern
    """

    rows: tuple[int, ...] | None = ()
    sample: int | None = None
    orders: tuple[tuple[str, tuple[int, ...]], ...] = ()
    one_hot: int | None = None
    losses: bool = False
    label: int | None = None
    fewer: tuple[str, int] | None = None
    several: bool = False
    more: tuple[Arrangement, ...] = ()


def _two(exchanged: tuple[int, ...] = (1, 0)) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return ((EXCHANGED, exchanged),)


# X W + b: the data without its row of ones, the bias apart.
def _bias_apart(answer_of_rows: Change, one: Change | None = None) -> Iterator[Arrangement]:
    """Yield the ways to give W Xb as W, X and b.

    Parameters
    ----------
    answer_of_rows : brings back the answer to samples as rows
    one : brings back the answer to one sample, where that may be given as a batch of one
    """

    def no_ones(Xb: Any) -> Any:
        return Xb[:-1].copy()

    def no_bias(W: Any) -> Any:
        return W[:, :-1].copy()

    ways: list[tuple[str, Change, Change, Change, Change]] = [
        ("", no_ones, no_bias, lambda W: W[:, -1:].copy(), same),
        (
            ROWS,
            lambda Xb: no_ones(Xb).T.copy(),
            lambda W: no_bias(W).T.copy(),
            lambda W: W[:, -1].copy(),
            answer_of_rows,
        ),
    ]
    if one is not None:
        columns, rows = ways
        ways += [
            (ALONE, lambda Xb: as_column(no_ones(Xb)), *columns[2:]),
            (f"{ROWS}, {ALONE}", lambda Xb: as_row(no_ones(Xb)), *rows[2:]),
        ]
    for words, data, weights, bias, answer in ways:
        said = ("the bias as an argument of its own", *filter(None, (words,)))
        given = ((0, weights), (1, data))
        for first in (given, given[::-1]):
            if ALONE in words:
                yield Arrangement(
                    said, (*first, (0, bias)), answer=answer, sample=1, one=one or same
                )
            else:
                yield Arrangement(said, (*first, (0, bias)), answer=answer)


def _one_hot_labels() -> Iterator[Arrangement]:
    """Yield the ways to give scores and one-hot vectors, where the course gives labels."""
    ways: tuple[tuple[str, Change, Change], ...] = (
        ("", same, same),
        (ROWS, transposed, transposed),
        (f"{ROWS}, {ALONE}", as_row, as_row),
        (ALONE, as_column, as_column),
    )
    for words, scores, vectors in ways:
        of_labels = OfCall(partial(_one_hot_given, vectors))
        for order in ((), (EXCHANGED,)):
            given = ((0, scores), (1, of_labels))
            said = (*filter(None, (words,)), "one-hot vectors in place of labels", *order)
            yield Arrangement(said, given[::-1] if order else given)


def _of_one_hot() -> Iterator[Arrangement]:
    """Yield the ways to give one-hot vectors, or probabilities, where the course gives labels."""

    def vectors(i: int, change: Change, call: Sequence[Any]) -> Any:
        return change(np.eye(int(np.max(call[:2])) + 1)[:, call[i]])

    for words, change in (("", same), (ROWS, transposed)):
        of_both = [OfCall(partial(vectors, i, change)) for i in range(2)]
        rows = (words,) if words else ()
        yield Arrangement(
            ("vectors of all classes in place of both labels", *rows), tuple(enumerate(of_both))
        )
        for first in (0, 1):
            given: list[tuple[int, Change]] = [(first, of_both[first]), (1 - first, same)]
            yield Arrangement(
                ("vectors of all classes in place of one of the labels", *rows), tuple(given)
            )


def by_scores() -> Iterator[Arrangement]:
    """Yield the ways to give Y and Yhat where softmax and cross-entropy have one slope together."""
    for what, of_scores in (("", scores_of), ("probabilities as arguments", same)):
        for rows, change in (("", same), (ROWS, transposed)):
            for vectors, of_labels in (("", change), ("labels", labels)):
                given = (
                    (0, of_labels),
                    (1, partial(_in_turn, of_scores, change)),
                )
                said = tuple(filter(None, (what, rows, vectors and LABELLED[0])))
                for order in (given, given[::-1]):
                    yield Arrangement(said, order, answer=change)


def _in_turn(first: Change, then: Change, value: Any) -> Any:
    return then(first(value))


def _one_hot_given(change: Change, call: Sequence[Any]) -> Any:
    Z, y = call[:2]
    return change(np.eye(len(Z))[:, y])


LAYOUTS: Mapping[str, Layout] = {
    "add_bias": Layout(rows=(0,)),
    "init_weights": Layout(rows=(), more=(Arrangement((ROWS,), answer=transposed),)),
    "one_hot": Layout(
        more=(
            Arrangement((ROWS,), answer=transposed),
            Arrangement((EXCHANGED,), ((1, same), (0, same))),
            Arrangement((ROWS, EXCHANGED), ((1, same), (0, same)), answer=transposed),
            Arrangement((LABELS_TELL_K,), ((0, same),)),
            Arrangement((LABELS_TELL_K, ROWS), ((0, same),), answer=transposed),
        )
    ),
    "scores": Layout(
        rows=(0, 1), sample=1, orders=_two(), more=tuple(_bias_apart(transposed, flat))
    ),
    "softmax": Layout(rows=(0,), sample=0),
    "cce": Layout(rows=(0, 1), sample=0, orders=_two(), one_hot=0, losses=True),
    "cce_from_scores": Layout(
        rows=(0,),
        sample=0,
        orders=_two(),
        losses=True,
        label=1,
        more=(
            *_one_hot_labels(),
            *(
                Arrangement(
                    ("the scores as weights and unit vectors as data", "no regularisation", *words),
                    given,
                )
                for words, given in (
                    ((ROWS,), ((0, as_row), (0, unit_data), (1, np.atleast_1d), (0, nothing))),
                    ((), ((0, as_column), (0, unit_data), (1, np.atleast_1d), (0, nothing))),
                )
            ),
        ),
    ),
    "cce_gradient": Layout(rows=(0, 1), sample=0, orders=_two()),
    "accuracy": Layout(more=tuple(_of_one_hot())),
    "confusion_matrix": Layout(
        orders=((TRUTH_LAST, (1, 0, 2)),),
        more=(
            Arrangement((LABELS_TELL_K,), ((0, same), (1, same))),
            Arrangement((LABELS_TELL_K, TRUTH_LAST), ((1, same), (0, same))),
        ),
    ),
    "softmax_jacobian": Layout(
        more=(
            Arrangement((SCORES,), ((0, scores_of),)),
            Arrangement((f"{ROWS}, {ALONE}",), ((0, as_row),), answer=first_matrix),
            Arrangement((ALONE,), ((0, as_column),), answer=first_matrix),
            Arrangement(
                (SCORES, f"{ROWS}, {ALONE}"),
                ((0, scores_of_rows),),
                answer=first_matrix,
            ),
        )
    ),
    "softmax_backward": Layout(
        rows=(0, 1),
        sample=0,
        orders=_two(),
        more=(
            Arrangement((SCORES, EXCHANGED), ((1, same), (0, scores_of))),
            Arrangement((SCORES,), ((0, scores_of), (1, same))),
            *(
                Arrangement((SCORES, ROWS, *words), given, answer=transposed, sample=0, one=flat)
                for words, given in (
                    ((EXCHANGED,), ((1, as_row), (0, scores_of_rows))),
                    ((), ((0, scores_of_rows), (1, as_row))),
                )
            ),
        ),
    ),
    "batch_gradient": Layout(
        rows=(0, 1, 2),
        more=tuple(
            Arrangement(
                ("the second of its values", *words, *LABELLED),
                (*given, (2, labels), (0, nothing)),
                answer=answer,
            )
            for words, given, answer in (
                ((ROWS,), ((0, transposed), (1, transposed)), second_transposed),
                ((), ((0, same), (1, same)), second),
            )
        ),
        orders=(("arguments in the order Xb, Y, W", (1, 2, 0)), ("Xb, W, Y", (1, 0, 2))),
    ),
    "loss_gradient": Layout(rows=(0,)),
    "predict": Layout(rows=(0, 1), orders=_two(), more=tuple(_bias_apart(same))),
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
    one_alone: tuple[tuple[str, Change], ...] = (
        (f"{ROWS}, {ALONE}", as_row),
        (ALONE, as_column),
    )
    if layout.rows is None:
        for fewer in (None, layout.fewer) if layout.fewer else (None,):
            less = (f"{fewer[0]} without its last argument",) if fewer else ()
            if fewer:
                yield Arrangement(less, fewer=fewer)
            yield Arrangement((ROWS, *less), None, transposed, fewer, transposed)
            for words, change in one_alone:
                yield Arrangement((words, *less), None, change, fewer)
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
        yield f"{ROWS}, {ALONE}", as_row, transposed, flat
        yield ALONE, as_column, same, flat


def _change(layout: Layout, i: int, change: Change, as_labels: bool) -> Change:
    if i == layout.label and change in (as_row, as_column):
        return np.atleast_1d
    if as_labels and i == layout.one_hot:
        return labels_of_batch if change in (as_row, as_column) else labels
    return change if i in (layout.rows or ()) else same
