"""How functions like the exercises differ between courses: layouts, orders, other arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np

from autograder import Exercise, Step, by_steps
from autograder.catalogue.arrangements import (
    ALONE,
    EXCHANGED,
    ROWS,
    Arrangement,
    Change,
    Claim,
    OfCall,
    as_column,
    as_row,
    flat,
    has_axes,
    same,
    transposed,
)
from autograder.catalogue.spellings import Instead, Lookalike, Spelling

FOUR_DIGITS = 1e-4
NO_SCORE = -1e4  # of a class whose probability is 0: exp of it is 0
TRUTH_LAST = "the prediction before the truth"
LABELS_TELL_K = "K taken from the labels"
SCORES = "the scores in place of the probabilities"
LABELS = "labels in place of one-hot vectors"
LABELLED = (LABELS, "no regularisation")


# --- How one value is written elsewhere ----------------------------------------------------------


def labels(value: Any) -> Any:
    """One-hot columns, or one such vector, as labels."""
    return np.argmax(value, axis=0) if has_axes(value, 2) else int(np.argmax(value))


def scores_of(value: Any) -> Any:
    """Probabilities as scores whose softmax they are."""
    with np.errstate(all="ignore"):
        return np.where(value > 0, np.log(value), NO_SCORE) if type(value) is np.ndarray else value


def scores_of_rows(value: Any) -> Any:
    """The same, where samples are rows."""
    return as_row(scores_of(value))


def first_matrix(value: Any) -> Any:
    """The first of several matrices, where there is but one."""
    return value[0] if has_axes(value, 3) and len(value) == 1 else value


def second(value: Any) -> Any:
    """The second of several values."""
    return value[1] if type(value) is tuple and len(value) > 1 else value


def second_transposed(value: Any) -> Any:
    """The same, transposed."""
    return transposed(second(value))


def unit_data(value: Any) -> Any:
    """Data of which the scores are the weights themselves."""
    return np.eye(value.shape[1]) if has_axes(value, 2) else np.eye(1)


def nothing(value: Any) -> Any:
    """No regularisation."""
    return 0.0


def labels_of_batch(value: Any) -> Any:
    """The same, where one sample is a batch of one."""
    return np.atleast_1d(labels(value))


# --- How a whole call is -------------------------------------------------------------------------

Part = tuple[int, Change]
WRITTEN: tuple[tuple[str, Change], ...] = (
    ("", same),
    (ROWS, transposed),
    (f"{ROWS}, {ALONE}", as_row),
    (ALONE, as_column),
)


OTHER_ORDER = ((EXCHANGED, (1, 0)),)


def _said(*words: str) -> tuple[str, ...]:
    return tuple(filter(None, words))


def _in_turn(first: Change, then: Change, value: Any) -> Any:
    return then(first(value))


def _bias_apart(answer_of_rows: Change, one: Change | None = None) -> Iterator[Arrangement]:
    """Yield the ways to give W Xb as W, X and b: the data without its row of ones, the bias apart.

    Parameters
    ----------
    answer_of_rows : brings back the answer to samples as rows
    one : brings back the answer to one sample, where that may be given as a batch of one
    """
    alone = WRITTEN[:1:-1] if one is not None else ()
    for words, change in (*WRITTEN[:2], *alone):
        rows = words.startswith(ROWS)
        data = partial(_in_turn, lambda Xb: Xb[:-1].copy(), change)
        weights = partial(_in_turn, lambda W: W[:, :-1].copy(), transposed if rows else same)
        bias = partial(_column_of_biases, rows)
        for first in (((0, weights), (1, data)), ((1, data), (0, weights))):
            yield Arrangement(
                _said("the bias as an argument of its own", words),
                (*first, (0, bias)),
                answer=answer_of_rows if rows else same,
                sample=1 if ALONE in words else None,
                one=one if one is not None and ALONE in words else same,
            )


def _column_of_biases(flat: bool, W: np.ndarray) -> np.ndarray:
    return W[:, -1].copy() if flat else W[:, -1:].copy()


def _one_hot_labels() -> Iterator[Arrangement]:
    """Yield the ways to give scores and one-hot vectors, where the course gives labels."""

    def vectors(change: Change, call: Sequence[Any]) -> Any:
        return change(np.eye(len(call[0]))[:, call[1]])

    for words, change in WRITTEN:
        given: tuple[Part, Part] = ((0, change), (1, OfCall(partial(vectors, change))))
        said = _said(words, "one-hot vectors in place of labels")
        yield Arrangement(said, given)
        yield Arrangement((*said, EXCHANGED), given[::-1])


def _of_one_hot() -> Iterator[Arrangement]:
    """Yield the ways to give one-hot vectors, or probabilities, where the course gives labels."""

    def vectors(i: int, change: Change, call: Sequence[Any]) -> Any:
        return change(np.eye(int(np.max(call[:2])) + 1)[:, call[i]])

    for words, change in WRITTEN[:2]:
        y, y_pred = (OfCall(partial(vectors, i, change)) for i in range(2))
        said = "vectors of all classes in place of {} labels"
        both, one = _said(said.format("both"), words), _said(said.format("one of the"), words)
        yield Arrangement(both, ((0, y), (1, y_pred)))
        yield Arrangement(one, ((0, y), (1, same)))
        yield Arrangement(one, ((1, y_pred), (0, same)))


def _scores_and_labels() -> Iterator[Arrangement]:
    """Yield the ways to give Y and Yhat where softmax and cross-entropy have one slope together."""
    for what, of_scores in (("", scores_of), ("probabilities as arguments", same)):
        for rows, change in WRITTEN[:2]:
            for vectors, of_labels in (("", change), (LABELS, labels)):
                given: tuple[Part, Part] = (
                    (0, of_labels),
                    (1, partial(_in_turn, of_scores, change)),
                )
                for order in (given, given[::-1]):
                    yield Arrangement(_said(what, rows, vectors), order, answer=change)


def _by_scores() -> Iterator[Lookalike]:
    """Yield what softmax and cross-entropy together give as slope, by the scores."""
    slopes: tuple[tuple[str, Callable[..., Any]], ...] = (
        ("", lambda Y, Yhat: Yhat - Y),
        (", divided by the number of samples", lambda Y, Yhat: (Yhat - Y) / Y.shape[1]),
    )
    for words, slope in slopes:
        yield Lookalike(
            f"the gradient of the cross-entropy by the scores{words}",
            "cce_gradient is that by the probabilities",
            partial(_of_batches, slope),
            _scores_and_labels,
        )


@cache
def _of_batches(reference: Callable[..., Any], exercise: Exercise) -> Exercise:
    """Return an exercise with another right answer, asked for batches alone."""
    batch = next(one for one in exercise.criteria if one.name == "batch")

    def drawn(rng: np.random.Generator) -> list[tuple[Any, ...]]:
        return [call for call in batch.fixtures(rng) if np.ndim(call[0]) == 2]

    return replace(
        exercise,
        reference=reference,
        criteria=(replace(batch, fixtures=drawn),),
        misconceptions=(),
        tolerance=FOUR_DIGITS,
    )


@cache
def forward_alone(exercise: Exercise) -> Exercise:
    """Return an exercise on a layer without what its backward is to do."""

    def only_forward(fixtures: Any) -> Any:
        def drawn(rng: np.random.Generator) -> list[tuple[Any, ...]]:
            return [
                tuple(
                    item
                    for name, given in by_steps(call)
                    if name != "backward"
                    for item in ((Step(name), *given) if name else given)
                )
                for call in fixtures(rng)
            ]

        return drawn

    first, *others = exercise.criteria
    claim = re.split(r"[,;] (?:and )?backward", first.claim)[0].rstrip(".") + "."
    gate = replace(first, name="forward", claim=claim, fixtures=only_forward(first.fixtures))
    kept = (
        replace(one, fixtures=only_forward(one.fixtures))
        for one in others
        if one.name not in ("called again", first.name) and "slope" not in one.claim.lower()
    )
    name = f"{exercise.name}.forward"
    return replace(exercise, name=name, criteria=(gate, *kept), misconceptions=())


def _classes(call: Sequence[Any], answer: Any) -> tuple[set[int], tuple[int, ...]] | None:
    """Return how many classes the labels may be taken to tell, and the shape of the answer."""
    given = [one for one in call if type(one) is np.ndarray and one.dtype.kind == "i"]
    try:
        shape = np.shape(answer)
    except ValueError:  # a list whose rows differ in length
        return None
    if not given or not all(one.size for one in given) or len(shape) != 2:
        return None
    each = (*given, np.concatenate([one.ravel() for one in given]))
    told = {int(np.max(one)) + 1 for one in each} | {np.unique(one).size for one in each}
    return told, shape


def _other_classes(seen: Sequence[tuple[set[int], tuple[int, ...]] | None]) -> str:
    """Say how many classes there are, where it is not the labels that tell."""
    known = [one for one in seen if one is not None]
    if known and all(shape[0] in told for told, shape in known):
        return ""
    for axis in (0, 1):
        numbers = {shape[axis] for _, shape in known}
        if len(numbers) == 1:
            return f"{numbers.pop()} classes whatever the labels are"
    return "other shapes"


TELL_K = Claim(_classes, _other_classes)
EACH = "one loss for each sample"
WEIGHTS = r"(?i)w\d*|weights?|theta|params?|pesos?|poids|gewichte|beta|coef\w*"
DATA = r"(?i)x\w{0,6}|data|inputs?|features?|a_?prev|datos|dados|samples?|batch"
PREDICTED = r"(?i)pred|hat$|_p$|^yp$|^p$|guess|predic|vorher|prev"

LAYOUTS: Mapping[str, Spelling] = {
    "add_bias": Spelling(rows=(0,), common=True),
    "init_weights": Spelling(more=(Arrangement((ROWS,), answer=transposed),), common=True),
    "one_hot": Spelling(
        more=(
            Arrangement((ROWS,), answer=transposed),
            Arrangement((EXCHANGED,), ((1, same), (0, same))),
            Arrangement((ROWS, EXCHANGED), ((1, same), (0, same)), answer=transposed),
            Arrangement((LABELS_TELL_K,), ((0, same),), claim=TELL_K),
            Arrangement((LABELS_TELL_K, ROWS), ((0, same),), answer=transposed, claim=TELL_K),
        )
    ),
    "scores": Spelling(
        rows=(0, 1),
        sample=1,
        orders=OTHER_ORDER,
        more=tuple(_bias_apart(transposed, flat)),
        common=True,
        same_in_rows=True,
        # Of a layer A are the answers of the one before.
        told_apart=(("W", "A"), (WEIGHTS, DATA)),
    ),
    "softmax": Spelling(rows=(0,), sample=0),
    "cce": Spelling(
        rows=(0, 1),
        sample=0,
        orders=OTHER_ORDER,
        instead=Instead(LABELS, 0, labels, labels_of_batch),
        each=EACH,
        right_elsewhere=("squared error",),
    ),
    "cce_from_scores": Spelling(
        rows=(0,),
        sample=0,
        orders=OTHER_ORDER,
        each=EACH,
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
    "cce_gradient": Spelling(
        rows=(0, 1), sample=0, orders=OTHER_ORDER, same_in_rows=True, lookalikes=tuple(_by_scores())
    ),
    "accuracy": Spelling(more=tuple(_of_one_hot()), common=True, no_samples=True),
    "confusion_matrix": Spelling(
        orders=((TRUTH_LAST, (1, 0, 2)),),
        more=(
            Arrangement((LABELS_TELL_K,), ((0, same), (1, same)), claim=TELL_K),
            Arrangement((LABELS_TELL_K, TRUTH_LAST), ((1, same), (0, same)), claim=TELL_K),
        ),
        no_samples=True,
        second_is=PREDICTED,
    ),
    "softmax_jacobian": Spelling(
        more=(
            Arrangement((SCORES,), ((0, scores_of),)),
            Arrangement((f"{ROWS}, {ALONE}",), ((0, as_row),), answer=first_matrix),
            Arrangement((ALONE,), ((0, as_column),), answer=first_matrix),
            Arrangement(
                (SCORES, f"{ROWS}, {ALONE}"),
                ((0, scores_of_rows),),
                answer=first_matrix,
            ),
        ),
        no_samples=True,
    ),
    "batch_gradient": Spelling(
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
    "loss_gradient": Spelling(rows=(0,)),
    "predict": Spelling(
        rows=(0, 1), orders=OTHER_ORDER, more=tuple(_bias_apart(same)), common=True
    ),
    "train": Spelling(rows=(0, 1), common=True),
    "sgd_epoch": Spelling(rows=(0, 1, 2)),
    "l2_gradient": Spelling(rows=(0,)),
    "mse": Spelling(rows=(1,), orders=OTHER_ORDER, common=True, same_in_rows=True),
    "mse_gradient": Spelling(rows=(1,), orders=OTHER_ORDER, same_in_rows=True),
    "network_gradients": Spelling(rows=(0, 1, 2, 3)),
    "Softmax": Spelling(rows=None, fewer=("backward", 1)),
    **dict.fromkeys(
        ("ReLU", "Tanh", "Sigmoid"),
        Spelling(rows=None, fewer=("backward", 1), no_samples=True, in_two=forward_alone),
    ),
    "Dense": Spelling(rows=None, common=True),
    "Network": Spelling(rows=None, common=True),
}
