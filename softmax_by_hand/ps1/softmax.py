"""The exercise softmax: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, along_axes, purity
from autograder.checking.kit import (
    Properties,
    Student,
    normal,
    sums_to,
    treats_columns_alike,
)
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import Array, Generator


def score_vectors(rng: Generator) -> list[Arguments]:
    sizes = fixtures.sizes(rng, 4)
    vectors = [fixtures.forward_pass(rng, size).Z[:, 0] for size in sizes[:2]]
    return [(z,) for z in (*vectors, *(rng.normal(0.0, 2.0, size.K) for size in sizes[2:]))]


def score_columns(rng: Generator) -> list[Arguments]:
    batches = [run.Z for run in fixtures.forward_passes(rng)]
    square = fixtures.forward_pass(rng, fixtures.equal_sizes(rng, 1)[0]).Z
    return [(Z,) for Z in (*batches, square, batches[0][:, :1])]


def extreme_scores(rng: Generator) -> list[Arguments]:
    K1, K2, K3, K4 = (size.K for size in fixtures.sizes(rng, 4))
    close_columns = [
        np.stack([fixtures.close(rng, K) for _ in range(N)], axis=1)
        for K, N in ((K4, K4 + 2), (K1, K1))
    ]
    return [
        (fixtures.close(rng, K1, level=3000.0),),
        (np.full(K2, 1000.0),),
        (np.zeros(K4),),
        (fixtures.far_apart(rng, K3, int(rng.integers(1, K3 - 1))),),  # neither first nor last
        (fixtures.far_apart(rng, K1, 0),),
        (fixtures.far_apart(rng, K1, K1 - 1),),
        (fixtures.far_apart(rng, K2, 0, gap=15.0),),
        (-fixtures.far_apart(rng, K3, int(rng.integers(1, K3)), gap=400.0),),  # all but one high
        (fixtures.close(rng, K4, level=-1000.0),),
        *((Z,) for Z in close_columns),
        (fixtures.columns_far_apart(rng, K1, K1 + 3),),
        (fixtures.columns_far_apart(rng, K2, K2 + 1),),
        (fixtures.columns_far_apart(rng, K3, K3),),
    ]


def vectors_and_columns(rng: Generator) -> list[Arguments]:
    return score_vectors(rng)[:2] + score_columns(rng)[2:5]


def exp_over_max(z: Array) -> Array:
    e = np.exp(z)
    return e / e.max(axis=0)


def subtract_in_place(axis: int | None, finish: bool = False) -> Callable[[Array], Array]:
    def wrong(z: Array) -> Array:
        z -= z.max(axis=axis, keepdims=True)
        if not finish:
            return np.exp(z) / np.exp(z).sum(axis=0)
        np.exp(z, out=z)
        z /= z.sum(axis=axis, keepdims=True)
        return z

    return wrong


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
        "Their ratio depends on the difference of the scores. Is each used as it is, in base e?",
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


SOFTMAX = Exercise(
    signature="softmax(z) -> same shape as z, (K,) or (K, N); each column sums to 1",
    reference=lecture.softmax,
    lesson="02_softmax",
    treated="softmax",
    criteria=(
        Criterion(
            "one sample",
            2.5,
            "The probabilities of one sample are in proportion to exp(z) and sum to 1.",
            score_vectors,
        ),
        Criterion(
            "batch",
            2.5,
            "Each column of a (K, N) batch is the softmax of that column alone.",
            score_columns,
        ),
        Criterion(
            "extreme scores",
            2.0,
            "Adding a constant to a sample's scores changes nothing: large scores, "
            "and columns far from each other, give finite probabilities too.",
            extreme_scores,
        ),
        purity(1.0, vectors_and_columns),
    ),
    misconceptions=(
        Misconception(
            "whole-matrix sum",
            (
                mistakes.whole_matrix,
                lambda z: mistakes.normalised(mistakes.shifted(z), None),
            ),
            did="You divided by the sum over the whole matrix, not by each column's own sum.",
            symptom="One sample is right; in a batch everything together sums to 1.",
            experiment="Print softmax(z).sum(axis=0) for a (3, 2) z: every entry should be 1.",
            looks_right="For a single sample, (K,), it gives the same numbers, and a batch sums to "
            "1 too: as a whole.",
            shows_in="batch",
        ),
        Misconception(
            "axis=1",
            (
                mistakes.last_axis,
                lambda z: mistakes.normalised(mistakes.shifted(z, 1), 1),
                lambda z: mistakes.normalised(mistakes.shifted(z, 0), -1),
            ),
            did="You summed along the rows, where each sample is a column.",
            symptom="The rows sum to 1 and the columns do not; a single column gives all ones.",
            experiment="Print softmax(np.zeros((3, 1))): three equal scores share the 1.",
            looks_right="Where samples are rows, as in most frameworks, the sum does run along "
            "axis 1.",
            shows_in="batch",
        ),
        mistakes.no_max_shift(
            mistakes.unshifted,
            lambda z: mistakes.normalised(np.exp(z), None),
            lambda z: mistakes.normalised(np.exp(z), -1),
            lambda z: mistakes.normalised(np.exp(z), 1),
            lambda z: mistakes.normalised(np.exp(z), -1, keepdims=False),
            lambda z: mistakes.normalised(np.exp(z), 1, keepdims=False),
            experiment="Print softmax(np.array([1000.0, 1000.0])): it should be one half twice.",
            shows_in="extreme scores",
            lesson="",
        ),
        Misconception(
            "one global max",
            (mistakes.by_one_maximum,),
            did="You subtracted the maximum of the whole batch, not each column's own.",
            symptom="nan in a column whose scores are far below those of another column.",
            experiment="Print softmax(np.array([[1000.0, -5.0], [999.0, -6.0]])).",
            looks_right="It cures the overflow, and where all columns have scores of like size the "
            "numbers are right.",
        ),
        Misconception(
            "subtracts the min",
            (
                mistakes.softmax_less(lambda z: z.min(axis=0)),
                mistakes.softmax_less(np.min),
                lambda z: mistakes.normalised(np.exp(z - z.min()), None),
                lambda z: mistakes.normalised(np.exp(z - z.min(axis=-1, keepdims=True)), -1),
            ),
            did="You subtracted the minimum, which leaves the largest exponent large.",
            symptom="nan where the scores of one sample are more than 709 apart.",
            experiment="Print softmax(np.array([1000.0, -1000.0])).",
            looks_right="Any constant may be subtracted, and for scores of ordinary size the "
            "numbers are right.",
            shows_in="extreme scores",
        ),
        Misconception(
            "exp(z) - max",
            (lambda z: mistakes.normalised(np.exp(z) - np.max(z)),),
            did="You subtracted the maximum outside the exp: exp(z) - max, not exp(z - max).",
            symptom="Some probabilities are negative or far too small, yet they sum to 1.",
            experiment="Compare softmax(z) with softmax(z + 1): they should be equal.",
            looks_right="It has the parts of the max trick, and each column still sums to 1.",
        ),
        Misconception(
            "no exponential",
            (mistakes.normalised, lambda z: mistakes.normalised(z, None)),
            did="You divided the scores themselves by their sum, without exp.",
            symptom="Negative scores give negative probabilities.",
            experiment="Print softmax(np.array([-1.0, 0.0, 2.0])): no entry may be below 0.",
            looks_right="The shares sum to 1, and for positive scores they are positive and in the "
            "right order.",
        ),
        Misconception(
            "base 2",
            (lambda z: mistakes.normalised(2.0 ** (z - z.max(axis=0))),),
            did="You used powers of 2, where the exponential has base e.",
            symptom="One more point of score doubles the odds, and should multiply them by 2.718.",
            experiment="Print a[1] / a[0] for a = softmax(np.array([0.0, 1.0])).",
            looks_right="It is positive, sums to 1 and keeps the order: all that is said of "
            "probabilities.",
        ),
        Misconception(
            "sigmoid",
            (lambda z: 1 / (1 + np.exp(-z)),),
            did="You applied the sigmoid to each score by itself.",
            symptom="The entries do not sum to 1.",
            experiment="Print softmax(np.zeros(4)).sum().",
            looks_right="Every entry lies between 0 and 1 and grows with its own score.",
        ),
        Misconception(
            "divides by the max",
            (exp_over_max, lambda z: mistakes.normalised(np.exp(z / z.max(axis=0)))),
            did="You divided by the maximum; it is to be subtracted from the scores before exp.",
            symptom="The largest entry is 1, or multiplying the scores changes nothing.",
            experiment="Print softmax(z).sum() and compare softmax(z) with softmax(3 * z).",
            looks_right="Dividing by the maximum is a usual way to scale data, and for positive "
            "scores the order is kept.",
        ),
        Misconception(
            "changes z in place",
            (
                subtract_in_place(0),
                subtract_in_place(None),
                subtract_in_place(-1),
                subtract_in_place(0, finish=True),
                subtract_in_place(None, finish=True),
            ),
            did="You changed z itself, as z -= z.max() does.",
            symptom="The scores are not the same after the call.",
            experiment="Keep before = z.copy(), call softmax(z), then print (before == z).all().",
            looks_right="What it returns is the same as with a copy; only the caller's array is "
            "spoilt.",
            shows_in="purity",
        ),
        Misconception(
            "missing keepdims",
            (
                lambda z: mistakes.normalised(mistakes.shifted(z), -1, keepdims=False),
                lambda z: mistakes.normalised(mistakes.shifted(z), 1, keepdims=False),
            ),
            did="You summed along axis 1 without keepdims, and the sums met the wrong entries.",
            symptom="A shape error, except that a square batch is silently wrong.",
            experiment="Print softmax(z).sum(axis=0) for a (3, 3) z: every entry should be 1.",
            looks_right="For as many samples as classes nothing is raised, and every entry is "
            "positive.",
            shows_in="batch",
        ),
        Misconception(
            "shares of z - max",
            (
                lambda z: mistakes.normalised(z - z.max(axis=0)),
                lambda z: mistakes.normalised(z - z.max()),
                lambda z: mistakes.normalised(z - z.max(), None),
            ),
            did="You divided the shifted scores by their sum; exp is missing.",
            symptom="The class with the highest score gets 0.",
            experiment="Print softmax(np.array([0.0, 1.0, 3.0])): which entry is the largest?",
            looks_right="The max is subtracted as it should be, and everything sums to 1.",
        ),
        Misconception(
            "log-probabilities",
            (
                lambda z: z - z.max(axis=0) - np.log(mistakes.shifted(z).sum(axis=0)),
                lambda z: z - np.log(np.exp(z).sum(axis=0)),
                lambda z: np.log(mistakes.normalised(mistakes.shifted(z))),
            ),
            did="You gave the logarithms of the probabilities.",
            symptom="No entry is above 0, and they do not sum to 1.",
            experiment="Print softmax(np.zeros(2)): it should be one half twice.",
            looks_right="Frameworks offer log_softmax too, and the largest entry is the right one.",
        ),
        Misconception(
            "clipped scores",
            tuple(
                lambda z, low=low, high=high, axis=axis: mistakes.normalised(
                    np.exp(np.clip(z, low, high)), axis
                )
                for high in (700.0, 500.0, 709.0, 600.0, 100.0, 50.0, 20.0)
                for low in (-high, None)
                for axis in (0, None, -1)
            ),
            did="You clipped the scores before exp, so that it cannot overflow.",
            symptom="All scores above the limit get the same probability.",
            experiment="Print softmax(np.array([1000.0, 1001.0])): the odds should be 2.718.",
            looks_right="No warning comes, nothing is nan, and ordinary scores are left as they "
            "are.",
            shows_in="extreme scores",
        ),
        Misconception(
            "epsilon in the sum",
            tuple(
                mistakes.epsilon_in_sum(eps, exp)
                for eps in (1e-8, 1e-7, 1e-6, 1e-5)
                for exp in (mistakes.shifted, np.exp)
            ),
            did="You added a small number to the sum before dividing by it.",
            symptom="The probabilities add up to a little less than 1.",
            experiment="Print 1 - softmax(np.zeros(1)).sum(): it should be 0 to the last digit.",
            looks_right="It guards against a division by zero, and most digits do not change.",
        ),
    ),
    made=along_axes,
    properties=softmax,
)
