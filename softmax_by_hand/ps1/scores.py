"""The exercise scores: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, along_axes, purity
from autograder.checking.kit import Properties, Student, normal, treats_columns_alike
from softmax_by_hand import fixtures, lecture
from softmax_by_hand.fixtures import Generator


def weights_and_batch(rng: Generator) -> list[Arguments]:
    passes = fixtures.forward_passes(rng)
    one_column = (passes[0].W, passes[0].Xb[:, :1])
    large = (1e5 * passes[1].W, passes[1].Xb)
    return [*((run.W, run.Xb) for run in passes), large, one_column]


def weights_and_sample(rng: Generator) -> list[Arguments]:
    sizes = [*fixtures.sizes(rng, 2), *fixtures.equal_sizes(rng, 2)]
    passes = [fixtures.forward_pass(rng, size) for size in sizes]
    return [(run.W, run.Xb[:, 0]) for run in passes]


def weights_and_either(rng: Generator) -> list[Arguments]:
    return weights_and_batch(rng)[:2] + weights_and_sample(rng)[:1]


@Properties(
    shape=lambda W, Xb: (W.shape[0], *Xb.shape[1:]),
    examples=lambda: (
        [(normal(3, 5), normal(5, *N)) for N in ([7], [1], [])]
        + [(normal(4, 4), normal(4, 4, seed=1))]
    ),
    hint="Each sample gets K scores. A single sample is 1-D, (D+1,), and so are its scores, (K,).",
)
def scores(f: Student) -> None:
    f.claim(
        "the sample with a single 1, in row j, has column j of W as its scores",
        "Which entries of W meet feature j? The last one, the bias, counts once, like any other.",
    )
    for W in (normal(3, 5), normal(4, 4)):
        for x, column in zip(np.eye(W.shape[1]), W.T, strict=True):
            f.agree(f(W, x), column, column_j_of_W=column)
    f.claim(
        "the scores of a sum of samples are the sum of their scores",
        "Scores are linear in x. Is something added that x does not multiply?",
    )
    for W, one in ((normal(3, 5), normal(5)), (normal(4, 4), normal(4, 4))):
        two = one[::-1].copy()
        apart = f(W, one) + f(W, two)
        f.agree(f(W, one + two), apart, sum_of_their_scores=apart)
    f.claim("a batch gives what its columns give one by one", "What runs over the samples?")
    treats_columns_alike(f, (normal(5, 7),), normal(3, 5))
    treats_columns_alike(f, (normal(4, 4, seed=1),), normal(4, 4))


SCORES = Exercise(
    signature="scores(W, Xb) -> (K, N), or (K,) for one sample Xb of shape (D+1,)",
    reference=lecture.scores,
    lesson="01_scores",
    treated="one score for each class",
    criteria=(
        Criterion(
            "batch",
            1.5,
            "Column n holds the K scores of sample n: row k of W times column n of Xb, "
            "the bias counted once.",
            weights_and_batch,
        ),
        Criterion("single sample", 1.0, "A sample (D+1,) has scores (K,).", weights_and_sample),
        purity(0.5, weights_and_either),
    ),
    misconceptions=(
        Misconception(
            "bias dropped",
            (lambda W, Xb: W[:, :-1] @ Xb[:-1],),
            did="You left the bias out: the last column of W was never used.",
            symptom="Every column is off by the same vector, the last column of W.",
            experiment="Set Xb to 0 but for its last row of ones: every column should be W[:, -1].",
            looks_right="The shape is right, and as long as all biases are 0 the numbers are too.",
        ),
        Misconception(
            "bias twice",
            (
                lambda W, Xb: W @ Xb + W[:, -1:],
                lambda W, Xb: W @ Xb + (W[:, -1] if Xb.ndim == 1 else W[:, -1:]),
            ),
            did="You added the bias, and the row of ones in Xb had added it already.",
            symptom="Every column is off by the same vector, the last column of W.",
            experiment="Set Xb to 0 but for its last row of ones: every column should be W[:, -1].",
            looks_right="Books write W x + b, and as long as all biases are 0 the numbers are "
            "right.",
        ),
        Misconception(
            "elementwise",
            (lambda W, Xb: W * Xb,),
            did="You multiplied entry by entry with *, where the matrix product is @.",
            symptom="It raises an error unless the shapes happen to agree.",
            experiment="Print scores(np.ones((3, 3)), np.ones((3, 3))): each score adds 3 terms.",
            looks_right="On paper the product of matrices has no sign of its own, and for two "
            "square arrays * raises nothing.",
        ),
        Misconception(
            "W transposed",
            (lambda W, Xb: W.T @ Xb,),
            did="You multiplied by the transpose of W.",
            symptom="It raises an error unless W is square, and then it is silently wrong.",
            experiment="Write the shapes of the two factors below each other: which must agree?",
            looks_right="For a square W nothing is raised and the shape is right; a symmetric one "
            "even gives the right numbers.",
        ),
        Misconception(
            "factors exchanged",
            (lambda W, Xb: Xb @ W, lambda W, Xb: Xb.T @ W.T),
            did="You wrote the product for samples in rows, where samples are columns.",
            symptom="It raises an error, or the shape is (N, K) and not (K, N).",
            experiment="Print scores(W, Xb).shape for W (3, 5) and Xb (5, 7).",
            looks_right="Frameworks keep samples in rows, and there the data does stand on the "
            "left.",
        ),
        Misconception(
            "bias first",
            (
                lambda W, Xb: W[:, 1:] @ Xb[:-1] + W[:, :1],
                lambda W, Xb: W[:, 1:] @ Xb[:-1] + (W[:, 0] if Xb.ndim == 1 else W[:, :1]),
            ),
            did="You took the first column of W for the biases; they are in the last one.",
            symptom="Where the data is 0 but for the bias feature, the scores are W[:, 0].",
            experiment="Print scores(W, np.array([0.0, 0.0, 1.0])) for a (2, 3) W beside W.",
            looks_right="In many books the bias is w_0, and its feature stands in front.",
        ),
    ),
    made=along_axes,
    properties=scores,
)
