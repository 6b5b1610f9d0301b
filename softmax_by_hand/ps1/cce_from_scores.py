"""The exercise cce_from_scores: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, along_axes, purity
from autograder.checking.kit import LABELS, Properties, Student, is_mean, normal
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import Array, Generator


def mild_scores(rng: Generator) -> list[Arguments]:
    passes = fixtures.forward_passes(rng)
    last_absent = fixtures.labels_without_last(rng, *passes[0].Z.shape)
    other_order = (passes[-1].Z, passes[0].y)
    one_column = (passes[1].Z[:, :1], passes[1].y[:1])
    runs = [(run.Z, run.y) for run in passes[:-1]]
    return [*runs, other_order, (passes[0].Z, last_absent), one_column]


def mild_score_vectors(rng: Generator) -> list[Arguments]:
    passes = [fixtures.forward_pass(rng, size) for size in fixtures.sizes(rng, 4)]
    chosen = (0, len(passes[1].Z) - 1, int(passes[2].y[0]), int(passes[3].y[0]))
    return [(run.Z[:, 0], label) for run, label in zip(passes, chosen, strict=True)]


def extreme_score_batches(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size in fixtures.sizes(rng, 2):  # 800 or so below the winner at the true class
        y = fixtures.labels(rng, size.K, size.N)
        winners = [fixtures.other_label(rng, int(label), size.K) for label in y]
        columns = [fixtures.far_apart(rng, size.K, winner, gap=400.0) - 400.0 for winner in winners]
        calls.append((np.stack(columns, axis=1), y))
    for size in fixtures.sizes(rng, 2):
        y = fixtures.labels(rng, size.K, size.N)
        close, y_close = [fixtures.close(rng, size.K) for _ in range(size.N)], y
        calls.append((np.stack(close, axis=1), y))
        calls.append((fixtures.columns_far_apart(rng, size.K, size.N), y))
        calls.append((np.full((size.K, size.N), 1000.0), y))
    for size in fixtures.equal_sizes(rng, 2):  # 20 or so below the winner: tiny, not 0
        y = fixtures.labels(rng, size.K, size.N)
        winners = [fixtures.other_label(rng, int(label), size.K) for label in y]
        columns = [fixtures.far_apart(rng, size.K, winner, gap=10.0) for winner in winners]
        calls.append((np.stack(columns, axis=1), y))
    single = [(Z[:, 0], int(y[0])) for Z, y in (*calls[:3], calls[4], calls[-1])]
    for size, gap in zip(fixtures.sizes(rng, 2), (360.0, 1000.0), strict=True):
        # exp overflows above 709, and below -745 it is 0: one score is between, one beyond both.
        z = fixtures.far_apart(rng, size.K, int(rng.integers(1, size.K - 1)), gap)
        calls.append((np.stack((z, z), axis=1), np.array((0, int(np.argmax(z))))))
        single += [(z, 0), (z, int(np.argmax(z)))]
    certain = (fixtures.far_apart(rng, size.K, size.K - 1, gap=13.0), size.K - 1)  # costs almost 0
    low = (np.stack(close, axis=1) - 3000.0, y_close)  # one maximum for all is right here
    return [*calls, *single, certain, low]


def scores_and_labels(rng: Generator) -> list[Arguments]:
    return mild_scores(rng)[:2] + mild_score_vectors(rng)[:1]


def at_labels(Z: Array, y: Any) -> Array:
    """Return each sample's entry at its label."""
    return np.take_along_axis(Z, np.expand_dims(y, 0), axis=0)[0]


def log_of_softmax(
    soft: mistakes.Formula,
    guard: mistakes.Formula = mistakes.unguarded,
    average: Callable[[Array], Any] = np.mean,
) -> Callable[..., Any]:
    """Return the loss by way of the probabilities."""
    return lambda Z, y: average(-np.log(guard(at_labels(soft(Z), y))))


def log_sum_exp(
    shift: Callable[[Array], Any],
    back: Callable[[Array], Any] | None = None,
    average: Callable[[Array], Any] = np.mean,
) -> Callable[..., Any]:
    """Return the loss with another shift, added back as it should be, or otherwise."""

    def loss(Z: Array, y: Any) -> Any:
        log = np.log(np.sum(np.exp(Z - shift(Z)), axis=0))
        return average((back or shift)(Z) + log - at_labels(Z, y))

    return loss


def maxima(Z: Array) -> Any:
    """Return the largest score of each sample."""
    return Z.max(axis=0)


def nothing(Z: Array) -> Any:
    """Subtract nothing, or add nothing."""
    return 0


@Properties(
    shape=lambda Z, y: (),
    examples=lambda: (
        [(normal(3, N), LABELS[:N]) for N in (5, 3)]
        + [(normal(4, 1), np.array([3])), (normal(4), 2)]
    ),
    hint="One number, for (K, N) with N labels as for (K,) with one. Which entry does y[n] pick?",
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


CCE_FROM_SCORES = Exercise(
    signature="cce_from_scores(Z, y) -> float; Z (K, N) and labels y (N,), or z (K,) and one label",
    reference=lecture.cce_from_scores,
    lesson="03_cross_entropy",
    treated="The loss, straight from the scores",
    criteria=(
        Criterion(
            "mild scores",
            2.0,
            "The loss is the mean over the samples of log(sum of exp of the scores) minus "
            "the score of the true class.",
            mild_scores,
        ),
        Criterion(
            "extreme scores",
            1.5,
            "Scores [0, -800] and class 1 cost 800: the logarithm is never taken of a "
            "probability that has become 0, and no score is too large.",
            extreme_score_batches,
        ),
        Criterion(
            "single sample",
            1.0,
            "Scores (K,) and one integer label give the loss of that sample.",
            mild_score_vectors,
        ),
        purity(0.5, scores_and_labels),
    ),
    misconceptions=(
        Misconception(
            "log of softmax",
            tuple(
                log_of_softmax(soft, average=average)
                for average in (np.mean, np.sum)
                for soft in (lecture.softmax, mistakes.unshifted)
            ),
            did="You computed the probabilities first and took their logarithm.",
            symptom="inf where the true class is far below the others, as its probability is 0.",
            experiment="Print cce_from_scores(np.array([[0.0], [-800.0]]), np.array([1])): it "
            "should be 800.",
            looks_right="On paper it is the same, and for scores of ordinary size it is in the "
            "computer too.",
            shows_in="extreme scores",
        ),
        Misconception(
            "clipped probabilities",
            tuple(
                log_of_softmax(soft, guard, average)
                for eps in mistakes.EPSILONS
                for soft in (lecture.softmax, mistakes.unshifted)
                for guard in (
                    mistakes.clipped(eps, 1.0),
                    mistakes.clipped(eps, 1.0 - eps),
                    mistakes.added(eps),
                )
                for average in (np.mean, np.sum)
            ),
            did="You clipped the probabilities, or added a small number to them, before the log.",
            symptom="However wrong the scores, the loss stops at -ln of that number: "
            "16.118 for 1e-7, 27.631 for 1e-12.",
            experiment="Print cce_from_scores(np.array([[0.0], [-800.0]]), np.array([1])): it "
            "should be 800.",
            looks_right="The loss is always finite, and for ordinary scores it differs only far "
            "behind the point.",
            shows_in="extreme scores",
        ),
        Misconception(
            "max not added back",
            (log_sum_exp(maxima, nothing), log_sum_exp(np.max, nothing)),
            did="You subtracted the maximum inside the exp and did not add it back after the log.",
            symptom="The loss changes when a constant is added to all scores.",
            experiment="Compare cce_from_scores(Z, y) with cce_from_scores(Z + 1, y): they should "
            "be equal.",
            looks_right="In softmax the maximum cancels by itself, so that it seems to need no "
            "more care here.",
        ),
        Misconception(
            "one global max",
            (log_sum_exp(np.max),),
            did="You subtracted the maximum of the whole batch, not each column's own.",
            symptom="-inf or nan where one column's scores are far below those of another.",
            experiment="Take two columns, one all 1000 and one all -1000, and any labels: the loss "
            "is ln K.",
            looks_right="Nothing overflows, and where all columns have scores of like size the "
            "loss is right.",
        ),
        Misconception(
            "no max shift",
            (log_sum_exp(nothing), log_sum_exp(nothing, average=np.sum)),
            did="You took exp of the scores as they are, without subtracting the maximum first.",
            symptom="inf as soon as a score is above 709, where exp overflows.",
            experiment="Print cce_from_scores(np.array([[1000.0], [1000.0]]), np.array([0])): it "
            "should be 0.693.",
            looks_right="It is the formula word for word, and for scores of ordinary size the loss "
            "is right.",
            shows_in="extreme scores",
        ),
        Misconception(
            "sum instead of mean",
            (log_sum_exp(maxima, average=np.sum),),
            did="You added the losses of all samples and did not divide by their number.",
            symptom="The loss is N times too large.",
            experiment="Compare the loss of a batch with that of two copies side by side: it "
            "should stay.",
            looks_right="For one sample it is the same, and it is smallest for the same weights as "
            "the mean.",
        ),
        Misconception(
            "shifted by the true score",
            tuple(
                lambda Z, y, average=average: average(
                    np.log(np.sum(np.exp(Z - at_labels(Z, y)), axis=0))
                )
                for average in (np.mean, np.sum)
            ),
            did="You subtracted the score of the true class inside the exp, not the maximum.",
            symptom="inf where another score is more than 709 above the true one.",
            experiment="Print cce_from_scores(np.array([[0.0], [-720.0]]), np.array([1])): it "
            "should be 720.",
            looks_right="It is right on paper, and for a true class with the largest score it is "
            "stable too.",
            shows_in="extreme scores",
        ),
        Misconception(
            "whole-matrix sum",
            (
                lambda Z, y: np.mean(
                    Z.max() + np.log(np.sum(np.exp(Z - Z.max()))) - at_labels(Z, y)
                ),
                lambda Z, y: np.mean(np.log(np.sum(np.exp(Z))) - at_labels(Z, y)),
                log_of_softmax(mistakes.whole_matrix),
                log_of_softmax(mistakes.whole_matrix, mistakes.added(1e-12)),
            ),
            did="You added exp of the scores of all samples, not of each column by itself.",
            symptom="One sample is right, and each further one adds to the loss of all.",
            experiment="Compare the loss of one column with that of two copies side by side: "
            "should it grow?",
            looks_right="np.sum adds up whatever it is given, and for one sample that is right.",
        ),
        Misconception(
            "sign",
            (
                lambda Z, y: -lecture.cce_from_scores(Z, y),
                lambda Z, y: np.mean(np.log(at_labels(lecture.softmax(Z), y))),
            ),
            did="You took the score of the true class minus the logarithm: the minus is lost.",
            symptom="The loss is never above 0.",
            experiment="Print cce_from_scores(np.zeros(2), 0): it should be 0.693, and is below 0.",
            looks_right="The size is right, and log-probabilities do come with this sign.",
        ),
        Misconception(
            "one loss for each sample",
            (
                log_sum_exp(maxima, average=lambda losses: losses),
                log_of_softmax(lecture.softmax, average=lambda losses: losses),
            ),
            did="You took no mean over the samples.",
            symptom="A batch gives an array of N losses, and should give a single number.",
            experiment="Print np.shape(cce_from_scores(Z, y)) for a batch: it should be ().",
            looks_right="For one sample it is right, and so is each entry for a batch.",
        ),
        Misconception(
            "divided by K",
            (
                lambda Z, y: lecture.cce_from_scores(Z, y) * np.size(y) / len(Z),
                lambda Z, y: np.sum(-np.log(at_labels(lecture.softmax(Z), y))) / len(Z),
            ),
            did="You divided by the number of rows, the classes, where samples are columns.",
            symptom="For K classes and N samples the loss is N / K times what it should be.",
            experiment="Print it for two equal columns, then for four: it should not grow.",
            looks_right="Where samples are rows, len(Z) is how many samples there are.",
        ),
    ),
    made=along_axes,
    properties=cce_from_scores,
)
