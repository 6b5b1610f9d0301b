"""Problem set 1, forward: from data to the loss.

Data only: each exercise is its reference, its fixture makers and its wrong
answers.  Knows nothing of the judge, the sandbox or the notebooks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.catalogue.model import Arguments, Criterion, Exercise, Misconception
from softmax_by_hand import fixtures as draws
from softmax_by_hand import lecture as reference
from softmax_by_hand.fixtures import Array, Generator

# The guards against log(0) and division by zero that people write.
EPSILONS = (1e-12, 1e-7, 1e-8, 1e-9, 1e-10, 1e-15)

LEFT_ALONE = "Arguments must stay as they were, and the same call twice give the same answer."


# --- add_bias ---------------------------------------------------------------------------------


def _data(rng: Generator) -> list[Arguments]:
    sizes = draws.all_sizes(rng)
    square = [rng.normal(size=(size.K, size.K)) for size in draws.equal_sizes(rng, 2)]
    one_sample = rng.normal(size=(sizes[0].D, 1))
    data = [rng.normal(size=(size.D, size.N)) for size in sizes[:-1]]
    again = np.roll(data[0], 1, axis=1)  # so that no answer can be kept by shape or sum
    return [(X,) for X in (*data, again, *square, one_sample)]


def _integer_data(rng: Generator) -> list[Arguments]:
    return [(rng.integers(3, 10, (size.D, size.N)),) for size in draws.sizes(rng, 3)]


def _overwrite(index: Any) -> Callable[[Array], Array]:
    def wrong(X: Array) -> Array:
        X[index] = 1
        return X

    return wrong


ADD_BIAS = Exercise(
    name="add_bias",
    problem_set="ps1",
    signature="add_bias(X) -> (D+1, N); X is (D, N)",
    reference=reference.add_bias,
    lesson="01_scores",
    criteria=(
        Criterion(
            "last row of ones",
            1.5,
            "Each sample, a column, gets one more feature: a last row of ones below the data.",
            _data,
        ),
        Criterion(
            "integer data",
            1.0,
            "Integer data must give a float64 array too.",
            _integer_data,
        ),
        Criterion("purity", 0.5, LEFT_ALONE, _data, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "ones first",
            (
                lambda X: np.vstack((np.ones(X.shape[1]), X)),
                lambda X: np.insert(X, 0, 1, axis=0),
            ),
            did="You put the row of ones above the data.",
            symptom="The first row is all ones, and the last row is the last feature.",
            experiment="Print add_bias(X)[-1] for a small X: is it the bias or a feature?",
            looks_right="The shape is right, and for a W that keeps its biases first the scores "
            "would be right too.",
        ),
        Misconception(
            "adds a sample",
            (
                lambda X: np.hstack((X, np.ones((X.shape[0], 1)))),
                lambda X: np.hstack((np.ones((X.shape[0], 1)), X)),
            ),
            did="You added a column of ones: one more sample, where one more feature is meant.",
            symptom="The shape is (D, N+1): one column too many and one row too few.",
            experiment="Print X.shape and add_bias(X).shape for a (2, 5) array: which number grew?",
            looks_right="Where samples are rows, a column of ones is how a bias feature is added.",
        ),
        Misconception(
            "zeros",
            (lambda X: np.vstack((X, np.zeros(X.shape[1]))),),
            did="You added a row of zeros.",
            symptom="The last row is 0, so the last column of W can never have an effect.",
            experiment="Compute the scores for two W that differ in the last column only: are they "
            "equal?",
            looks_right="The shape is right, and the scores are too as long as all biases are 0.",
        ),
        Misconception(
            "changes X",
            (_overwrite(-1), _overwrite(0), _overwrite((slice(None), -1))),
            did="You wrote the ones into X itself, over the data.",
            symptom="X is not the same array of numbers after the call.",
            experiment="Keep before = X.copy(), call add_bias(X), then print (before == X).all().",
            looks_right="No new array is needed, and ones do stand in what is returned.",
            shows_in="purity",
        ),
        Misconception(
            "keeps integers",
            (lambda X: np.vstack((X, np.ones(X.shape[1], dtype=X.dtype))),),
            did="You made the row of ones with the dtype of X, so integer data stays integer.",
            symptom="The dtype of the answer is int64 where X is int64.",
            experiment="Print add_bias(np.array([[1, 2, 3]])).dtype.",
            looks_right="Every number is right, and for data with decimals the type is right too.",
        ),
    ),
)


# --- init_weights -----------------------------------------------------------------------------


def _default_scale(rng: Generator) -> list[Arguments]:
    return [(size.D, size.K, draws.seed(rng)) for size in draws.all_sizes(rng)]


def _given_scale(rng: Generator) -> list[Arguments]:
    scales = (rng.uniform(0.1, 0.5), rng.uniform(1.0, 3.0), rng.uniform(20.0, 40.0))
    return [
        (size.D, size.K, draws.seed(rng), float(scale))
        for size, scale in zip(draws.sizes(rng, 3), scales, strict=True)
    ]


def _any_scale(rng: Generator) -> list[Arguments]:
    return _default_scale(rng)[:2] + _given_scale(rng)[:1]


INIT_WEIGHTS = Exercise(
    name="init_weights",
    problem_set="ps1",
    signature="init_weights(D, K, rng, scale=0.01) -> (K, D+1)",
    reference=reference.init_weights,
    lesson="03_cross_entropy",
    criteria=(
        Criterion(
            "standard normal",
            1.0,
            "W is scale times standard normal draws from rng, one row for each class, "
            "one column for each feature and one for the bias.",
            _default_scale,
        ),
        Criterion(
            "scale",
            1.0,
            "The spread of the weights follows the argument scale.",
            _given_scale,
        ),
        Criterion(
            "global random state",
            0.5,
            "Randomness must come from rng alone, which is asked for these numbers and no more; "
            "NumPy's global random state stays unmoved.",
            _any_scale,
            aspect="global random state",
        ),
        Criterion(
            "purity",
            0.5,
            "Equal generators must give equal weights.",
            _any_scale,
            aspect="purity",
        ),
    ),
    misconceptions=(
        Misconception(
            "no bias column",
            (lambda D, K, rng, scale=0.01: scale * rng.standard_normal((K, D)),),
            did="You left out the column of the bias.",
            symptom="The shape is (K, D), so W @ Xb raises an error.",
            experiment="Print init_weights(4, 3, rng).shape: the data has 5 rows with its bias.",
            looks_right="There is a weight for each feature of the data; the bias feature comes "
            "only with add_bias.",
            lesson="01_scores",
        ),
        Misconception(
            "transposed",
            (
                lambda D, K, rng, scale=0.01: scale * rng.standard_normal((D + 1, K)),
                lambda D, K, rng, scale=0.01: scale * rng.standard_normal((K, D + 1)).T,
            ),
            did="You made one column for each class, where W has one row for each class.",
            symptom="The shape is (D+1, K), so W @ Xb raises an error.",
            experiment="Print init_weights(4, 3, rng).shape and compare with Z = W Xb.",
            looks_right="There are as many weights as there should be, and for samples in rows "
            "this is their shape.",
            lesson="01_scores",
        ),
        Misconception(
            "global generator",
            (
                lambda D, K, rng, scale=0.01: scale * np.random.standard_normal((K, D + 1)),  # noqa: NPY002
                lambda D, K, rng, scale=0.01: scale * np.random.rand(K, D + 1),  # noqa: NPY002
                lambda D, K, rng, scale=0.01: scale * np.random.randn(K, D),  # noqa: NPY002
            ),
            did="You used np.random itself, where only the rng that was passed in is to be used.",
            symptom="NumPy's global generator is not where it was before the call.",
            experiment="Run np.random.seed(1), init_weights(4, 3, rng), np.random.random(): "
            "the last one is 0.417 if the call left np.random alone.",
            looks_right="The weights look as random as they should, and after np.random.seed they "
            "even repeat.",
            shows_in="global random state",
        ),
        Misconception(
            "uniform",
            (
                lambda D, K, rng, scale=0.01: scale * rng.random((K, D + 1)),
                lambda D, K, rng, scale=0.01: rng.uniform(-scale, scale, (K, D + 1)),
                lambda D, K, rng, scale=0.01: scale * (rng.random((K, D + 1)) - 0.5),
            ),
            did="You drew from a uniform distribution.",
            symptom="No weight is larger than scale, and with rng.random none is negative.",
            experiment="Print W.min() / 0.01 and W.max() / 0.01 for W = init_weights(100, 9, rng).",
            looks_right="The weights are small, random and all different, and a linear classifier "
            "learns from them as well.",
        ),
        Misconception(
            "scale ignored",
            (
                lambda D, K, rng, scale=0.01: rng.standard_normal((K, D + 1)),
                lambda D, K, rng, scale=0.01: 0.01 * rng.standard_normal((K, D + 1)),
                lambda D, K, rng, scale=0.01: rng.standard_normal((K, D + 1)) * np.sqrt(2 / D),
                lambda D, K, rng, scale=0.01: rng.standard_normal((K, D + 1)) / np.sqrt(D),
            ),
            did="You did not multiply by scale.",
            symptom="The weights are as large for every scale, and with weights of size 1 "
            "the loss starts far above ln K.",
            experiment="Print init_weights(100, 9, rng, scale=5.0).std(): it should be near 5.",
            looks_right="The shape is right, and a histogram of the weights is the same bell but "
            "for the numbers on its axis.",
            shows_in="scale",
        ),
        Misconception(
            "all alike",
            (
                lambda D, K, rng, scale=0.01: np.zeros((K, D + 1)),
                lambda D, K, rng, scale=0.01: scale * np.ones((K, D + 1)),
            ),
            did="You gave every weight the same number, and nothing was drawn.",
            symptom="The standard deviation of W is 0.",
            experiment="Print init_weights(4, 3, rng).std(): it should be near 0.01.",
            looks_right="One layer learns from zeros as well, since its loss has a single valley.",
        ),
        Misconception(
            "own generator",
            tuple(
                lambda D, K, rng, scale=0.01, seed=seed: (
                    scale * np.random.default_rng(seed).standard_normal((K, D + 1))
                )
                for seed in (0, 42, 1, 123)
            ),
            did="You made a generator with a seed of its own, and did not draw from rng.",
            symptom="Whatever rng is passed in, the weights are always those of one seed.",
            experiment="Compare init_weights(4, 3, np.random.default_rng(1)) with that of a "
            "default_rng(2): should they be equal?",
            looks_right="The numbers are as random as they should be, and they can be repeated.",
        ),
    ),
)


# --- one_hot ----------------------------------------------------------------------------------


def _labels(rng: Generator) -> list[Arguments]:
    sizes = draws.all_sizes(rng)
    drawn = [draws.labels(rng, size.K, size.N) for size in sizes[:-1]]
    again = np.roll(drawn[0], 1)  # so that no answer can be kept by shape or sum
    more_than_digits = int(rng.integers(11, 20))
    return [
        *((y, size.K) for y, size in zip((*drawn, again), sizes, strict=True)),
        (draws.labels(rng, more_than_digits, 8), more_than_digits),
    ]


def _labels_without_last(rng: Generator) -> list[Arguments]:
    sizes = [*draws.sizes(rng, 3), *draws.equal_sizes(rng, 1)]
    return [(draws.labels_without_last(rng, size.K, size.N), size.K) for size in sizes]


def _one_label(rng: Generator) -> list[Arguments]:
    sizes = draws.sizes(rng, 3)
    chosen = [0, sizes[1].K - 1, int(rng.integers(sizes[2].K))]
    return [(np.array([label]), size.K) for label, size in zip(chosen, sizes, strict=True)]


ONE_HOT = Exercise(
    name="one_hot",
    problem_set="ps1",
    signature="one_hot(y, K) -> (K, N) float64; y is (N,), labels 0 to K-1",
    reference=reference.one_hot,
    lesson="03_cross_entropy",
    criteria=(
        Criterion(
            "columns",
            1.5,
            "Column n is 1.0 in row y[n] and 0.0 elsewhere.",
            _labels,
        ),
        Criterion(
            "last class absent",
            1.5,
            "There must be K rows, also where no sample has the last label.",
            _labels_without_last,
        ),
        Criterion("one sample", 0.5, "One label must give one column, (K, 1).", _one_label),
        Criterion("purity", 0.5, LEFT_ALONE, _labels, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "samples as rows",
            (lambda y, K: np.eye(K)[y],),
            did="You made one row for each sample, where samples are columns.",
            symptom="The shape is (N, K), and with N = K the matrix is transposed.",
            experiment="Print one_hot(np.array([0, 0, 0, 0]), 3): the first row should be ones.",
            looks_right="Where samples are rows this is right, and every sample does have exactly "
            "one 1.",
        ),
        Misconception(
            "K from the labels present",
            (
                lambda y, K: np.eye(int(np.max(y)) + 1)[:, y],
                lambda y, K: (np.unique(y)[:, None] == y).astype(float),
            ),
            did="You took the number of classes from the labels that are present.",
            symptom="A row is missing whenever no sample has the last label.",
            experiment="Print one_hot(np.array([0, 1, 0]), 3).shape.",
            looks_right="As long as a sample of the last class is there, the number of classes "
            "comes out right.",
            shows_in="last class absent",
        ),
        Misconception(
            "samples as rows, K from the labels",
            (
                lambda y, K: np.eye(np.max(y) + 1)[y],
                lambda y, K: (np.unique(y) == y[:, None]).astype(float),
            ),
            did="You made one row for each sample, and as many columns as there are labels.",
            symptom="The matrix lies on its side, and is narrower where the last class is absent.",
            experiment="Print one_hot(np.array([0, 1, 0]), 3).shape: the 3 is missing.",
            looks_right="Where samples are rows and every class is there, all numbers are right.",
        ),
        Misconception(
            "labels from 1",
            (lambda y, K: np.eye(K)[:, y - 1], lambda y, K: np.eye(K)[:, (y + 1) % K]),
            did="You counted the classes from 1, where the labels start at 0.",
            symptom="Every 1 is one row away from its place, and at one end it wraps around.",
            experiment="Print one_hot(np.array([0]), 3): in which row is the 1?",
            looks_right="Every column still has exactly one 1, and outside of code people count "
            "from 1.",
        ),
        Misconception(
            "integers or booleans",
            (
                lambda y, K: np.eye(K, dtype=np.int64)[:, y],
                lambda y, K: np.arange(K)[:, None] == y,
                lambda y, K: np.eye(K, dtype=np.int32)[:, y],
            ),
            did="You made an array of integers or of True and False.",
            symptom="The dtype is not float64, so that Y -= A raises an error.",
            experiment="Print one_hot(np.array([0, 2]), 3).dtype.",
            looks_right="np.array_equal says that it equals the right answer, since 1 and True "
            "equal 1.0.",
        ),
        Misconception(
            "K fixed at 10",
            (lambda y, K: np.eye(10)[:, y], lambda y, K: np.eye(10)[y]),
            did="You wrote 10 classes, those of the digits, where the argument K is meant.",
            symptom="There are ten classes in the answer, whatever K is.",
            experiment="Print one_hot(np.array([0, 1, 0]), 3).shape: no 10 belongs there.",
            looks_right="For the digits it is right, and most examples in books are about digits.",
        ),
        Misconception(
            "one vector for all",
            (
                lambda y, K: np.isin(np.arange(K), y).astype(float),
                lambda y, K: np.isin(np.arange(K), y).astype(float)[:, None],
                lambda y, K: np.isin(np.arange(10), y).astype(float)[:, None],
            ),
            did="You put the ones of all samples into a single vector.",
            symptom="However many labels there are, there are no N columns.",
            experiment="Print one_hot(np.array([2, 2, 1]), 3).sum(): three labels give three ones.",
            looks_right="For one label it holds the right numbers.",
        ),
    ),
)


# --- scores -----------------------------------------------------------------------------------


def _weights_and_batch(rng: Generator) -> list[Arguments]:
    passes = draws.forward_passes(rng)
    one_column = (passes[0].W, passes[0].Xb[:, :1])
    large = (1e5 * passes[1].W, passes[1].Xb)
    return [*((run.W, run.Xb) for run in passes), large, one_column]


def _weights_and_sample(rng: Generator) -> list[Arguments]:
    sizes = [*draws.sizes(rng, 2), *draws.equal_sizes(rng, 2)]
    passes = [draws.forward_pass(rng, size) for size in sizes]
    return [(run.W, run.Xb[:, 0]) for run in passes]


def _weights_and_either(rng: Generator) -> list[Arguments]:
    return _weights_and_batch(rng)[:2] + _weights_and_sample(rng)[:1]


SCORES = Exercise(
    name="scores",
    problem_set="ps1",
    signature="scores(W, Xb) -> (K, N), or (K,) for one sample Xb of shape (D+1,)",
    reference=reference.scores,
    lesson="01_scores",
    criteria=(
        Criterion(
            "batch",
            1.5,
            "Column n holds the K scores of sample n: row k of W times column n of Xb, "
            "the bias counted once.",
            _weights_and_batch,
        ),
        Criterion("single sample", 1.0, "A sample (D+1,) has scores (K,).", _weights_and_sample),
        Criterion("purity", 0.5, LEFT_ALONE, _weights_and_either, aspect="purity"),
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
)


# --- softmax ----------------------------------------------------------------------------------


def _score_vectors(rng: Generator) -> list[Arguments]:
    sizes = draws.sizes(rng, 4)
    vectors = [draws.forward_pass(rng, size).Z[:, 0] for size in sizes[:2]]
    return [(z,) for z in (*vectors, *(rng.normal(0.0, 2.0, size.K) for size in sizes[2:]))]


def _score_columns(rng: Generator) -> list[Arguments]:
    batches = [run.Z for run in draws.forward_passes(rng)]
    square = draws.forward_pass(rng, draws.equal_sizes(rng, 1)[0]).Z
    return [(Z,) for Z in (*batches, square, batches[0][:, :1])]


def _extreme_scores(rng: Generator) -> list[Arguments]:
    K1, K2, K3, K4 = (size.K for size in draws.sizes(rng, 4))
    close_columns = [
        np.stack([draws.close(rng, K) for _ in range(N)], axis=1)
        for K, N in ((K4, K4 + 2), (K1, K1))
    ]
    return [
        (draws.close(rng, K1, level=3000.0),),
        (np.full(K2, 1000.0),),
        (np.zeros(K4),),
        (draws.far_apart(rng, K3, int(rng.integers(1, K3 - 1))),),  # neither first nor last
        (draws.far_apart(rng, K1, 0),),
        (draws.far_apart(rng, K1, K1 - 1),),
        (draws.far_apart(rng, K2, 0, gap=15.0),),
        (-draws.far_apart(rng, K3, int(rng.integers(1, K3)), gap=400.0),),  # all but one high
        (draws.close(rng, K4, level=-1000.0),),
        *((Z,) for Z in close_columns),
        (draws.columns_far_apart(rng, K1, K1 + 3),),
        (draws.columns_far_apart(rng, K2, K2 + 1),),
        (draws.columns_far_apart(rng, K3, K3),),
    ]


def _vectors_and_columns(rng: Generator) -> list[Arguments]:
    return _score_vectors(rng)[:2] + _score_columns(rng)[2:5]


def _exp_over_max(z: Array) -> Array:
    e = np.exp(z)
    return e / e.max(axis=0)


def _subtract_in_place(axis: int | None, finish: bool = False) -> Callable[[Array], Array]:
    def wrong(z: Array) -> Array:
        z -= z.max(axis=axis, keepdims=True)
        if not finish:
            return np.exp(z) / np.exp(z).sum(axis=0)
        np.exp(z, out=z)
        z /= z.sum(axis=axis, keepdims=True)
        return z

    return wrong


def _normalised(e: Array, axis: int | None = 0, keepdims: bool = True) -> Array:
    return e / e.sum(axis=axis, keepdims=keepdims)


def _shifted(z: Array, axis: int | None = 0) -> Array:
    return np.exp(z - z.max(axis=axis, keepdims=True))


SOFTMAX = Exercise(
    name="softmax",
    problem_set="ps1",
    signature="softmax(z) -> same shape as z, (K,) or (K, N); each column sums to 1",
    reference=reference.softmax,
    lesson="02_softmax",
    criteria=(
        Criterion(
            "one sample",
            2.5,
            "The probabilities of one sample are in proportion to exp(z) and sum to 1.",
            _score_vectors,
        ),
        Criterion(
            "batch",
            2.5,
            "Each column of a (K, N) batch is the softmax of that column alone.",
            _score_columns,
        ),
        Criterion(
            "extreme scores",
            2.0,
            "Adding a constant to a sample's scores changes nothing: large scores, "
            "and columns far from each other, give finite probabilities too.",
            _extreme_scores,
        ),
        Criterion("purity", 1.0, LEFT_ALONE, _vectors_and_columns, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "whole-matrix sum",
            (
                lambda z: _normalised(_shifted(z, None), None),
                lambda z: _normalised(_shifted(z), None),
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
                lambda z: _normalised(_shifted(z, -1), -1),
                lambda z: _normalised(_shifted(z, 1), 1),
                lambda z: _normalised(_shifted(z, 0), -1),
            ),
            did="You summed along the rows, where each sample is a column.",
            symptom="The rows sum to 1 and the columns do not; a single column gives all ones.",
            experiment="Print softmax(np.zeros((3, 1))): three equal scores share the 1.",
            looks_right="Where samples are rows, as in most frameworks, the sum does run along "
            "axis 1.",
            shows_in="batch",
        ),
        Misconception(
            "no max shift",
            (
                lambda z: _normalised(np.exp(z)),
                lambda z: _normalised(np.exp(z), None),
                lambda z: _normalised(np.exp(z), -1),
                lambda z: _normalised(np.exp(z), 1),
                lambda z: _normalised(np.exp(z), -1, keepdims=False),
                lambda z: _normalised(np.exp(z), 1, keepdims=False),
            ),
            did="You took exp of the scores as they are, without subtracting the maximum first.",
            symptom="nan as soon as a score is above 709, where exp overflows.",
            experiment="Print softmax(np.array([1000.0, 1000.0])): it should be one half twice.",
            looks_right="It is the formula word for word, and for scores of ordinary size the "
            "numbers are the same.",
            shows_in="extreme scores",
        ),
        Misconception(
            "one global max",
            (lambda z: _normalised(_shifted(z, None)),),
            did="You subtracted the maximum of the whole batch, not each column's own.",
            symptom="nan in a column whose scores are far below those of another column.",
            experiment="Print softmax(np.array([[1000.0, -5.0], [999.0, -6.0]])).",
            looks_right="It cures the overflow, and where all columns have scores of like size the "
            "numbers are right.",
        ),
        Misconception(
            "subtracts the min",
            (
                lambda z: _normalised(np.exp(z - z.min(axis=0))),
                lambda z: _normalised(np.exp(z - z.min())),
                lambda z: _normalised(np.exp(z - z.min()), None),
                lambda z: _normalised(np.exp(z - z.min(axis=-1, keepdims=True)), -1),
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
            (lambda z: _normalised(np.exp(z) - np.max(z)),),
            did="You subtracted the maximum outside the exp: exp(z) - max, not exp(z - max).",
            symptom="Some probabilities are negative or far too small, yet they sum to 1.",
            experiment="Compare softmax(z) with softmax(z + 1): they should be equal.",
            looks_right="It has the parts of the max trick, and each column still sums to 1.",
        ),
        Misconception(
            "no exponential",
            (_normalised, lambda z: _normalised(z, None)),
            did="You divided the scores themselves by their sum, without exp.",
            symptom="Negative scores give negative probabilities.",
            experiment="Print softmax(np.array([-1.0, 0.0, 2.0])): no entry may be below 0.",
            looks_right="The shares sum to 1, and for positive scores they are positive and in the "
            "right order.",
        ),
        Misconception(
            "base 2",
            (lambda z: _normalised(2.0 ** (z - z.max(axis=0))),),
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
            (_exp_over_max, lambda z: _normalised(np.exp(z / z.max(axis=0)))),
            did="You divided by the maximum; it is to be subtracted from the scores before exp.",
            symptom="The largest entry is 1, or multiplying the scores changes nothing.",
            experiment="Print softmax(z).sum() and compare softmax(z) with softmax(3 * z).",
            looks_right="Dividing by the maximum is a usual way to scale data, and for positive "
            "scores the order is kept.",
        ),
        Misconception(
            "changes z in place",
            (
                _subtract_in_place(0),
                _subtract_in_place(None),
                _subtract_in_place(-1),
                _subtract_in_place(0, finish=True),
                _subtract_in_place(None, finish=True),
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
                lambda z: _normalised(_shifted(z), -1, keepdims=False),
                lambda z: _normalised(_shifted(z), 1, keepdims=False),
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
                lambda z: _normalised(z - z.max(axis=0)),
                lambda z: _normalised(z - z.max()),
                lambda z: _normalised(z - z.max(), None),
            ),
            did="You divided the shifted scores by their sum; exp is missing.",
            symptom="The class with the highest score gets 0.",
            experiment="Print softmax(np.array([0.0, 1.0, 3.0])): which entry is the largest?",
            looks_right="The max is subtracted as it should be, and everything sums to 1.",
        ),
        Misconception(
            "log-probabilities",
            (
                lambda z: z - z.max(axis=0) - np.log(_shifted(z).sum(axis=0)),
                lambda z: z - np.log(np.exp(z).sum(axis=0)),
                lambda z: np.log(_normalised(_shifted(z))),
            ),
            did="You gave the logarithms of the probabilities.",
            symptom="No entry is above 0, and they do not sum to 1.",
            experiment="Print softmax(np.zeros(2)): it should be one half twice.",
            looks_right="Frameworks offer log_softmax too, and the largest entry is the right one.",
        ),
        Misconception(
            "clipped scores",
            tuple(
                lambda z, low=low, high=high, axis=axis: _normalised(
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
                lambda z, eps=eps, soft=soft: soft(z) / (soft(z).sum(axis=0) + eps)
                for eps in (1e-8, 1e-7, 1e-6, 1e-5)
                for soft in (_shifted, np.exp)
            ),
            did="You added a small number to the sum before dividing by it.",
            symptom="The probabilities add up to a little less than 1.",
            experiment="Print 1 - softmax(np.zeros(1)).sum(): it should be 0 to the last digit.",
            looks_right="It guards against a division by zero, and most digits do not change.",
        ),
    ),
)


# --- cce --------------------------------------------------------------------------------------


def _prediction_batches(rng: Generator) -> list[Arguments]:
    passes = draws.forward_passes(rng)
    one_column = (passes[0].Y[:, :1], passes[0].A[:, :1])
    other_order = (passes[0].Y, passes[-1].A)
    return [*((run.Y, run.A) for run in passes[:-1]), other_order, one_column]


def _prediction_vectors(rng: Generator) -> list[Arguments]:
    passes = [draws.forward_pass(rng, size) for size in draws.sizes(rng, 4)]
    first_and_last = [
        (draws.unit(label, len(run.A)), run.A[:, 0])
        for run, label in zip(passes[:2], (0, len(passes[1].A) - 1), strict=True)
    ]
    return first_and_last + [(run.Y[:, 0], run.A[:, 0]) for run in passes[2:]]


def _confident_predictions(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    passes = [draws.forward_pass(rng, size) for size in draws.sizes(rng, 5)]
    for run in passes[:2]:  # exact 1 at the true class, exact 0 elsewhere
        K = len(run.Z)
        columns = {n: draws.far_apart(rng, K, int(run.y[n])) for n in (0, 1)}
        fixtures.append(draws.predictions(run, columns))
    for run in passes[2:4]:  # exact 0 at the true class
        K = len(run.Z)
        wrong = draws.other_label(rng, int(run.y[1]), K)
        fixtures.append(draws.predictions(run, {1: draws.far_apart(rng, K, wrong)}))
    for run in passes[3:]:  # tiny at the true class, nowhere 0
        K = len(run.Z)
        tiny = {
            n: draws.far_apart(rng, K, draws.other_label(rng, int(run.y[n]), K), gap)
            for n, gap in enumerate((10.0, 20.0, 100.0))
        }
        fixtures.append(draws.predictions(run, tiny))
    everything_right = passes[4].Y
    places = ((0, 0), (1, 1), (2, 1), (4, 1))  # a column of each kind as a single sample
    single = [tuple(part[:, n] for part in fixtures[i]) for i, n in places]
    return [*fixtures, (everything_right, everything_right), *single]


def _predictions(rng: Generator) -> list[Arguments]:
    return _prediction_batches(rng)[:2] + _prediction_vectors(rng)[:1]


Reduce = Callable[[Array], Any]


def _mean(terms: Array) -> Any:
    return np.mean(np.sum(terms, axis=0))


def _mean_with_shape(terms: Array) -> Any:
    return np.sum(terms) / terms.shape[1]


def _mean_with_last_axis(terms: Array) -> Any:
    return np.sum(terms) / terms.shape[-1]


def _mean_with_rows(terms: Array) -> Any:
    return np.sum(terms) / terms.shape[0]


def _mean_of_rows(terms: Array) -> Any:
    return np.mean(np.sum(terms, axis=-1))


def _columns(terms: Array) -> Any:
    return np.sum(terms, axis=0)


_AVERAGES: tuple[Reduce, ...] = (_mean, _mean_with_shape, _mean_with_last_axis, np.sum, np.mean)


def _cross_entropy(reduce: Reduce, guard: Callable[[Array], Array]) -> Callable[..., Any]:
    return lambda Y, Yhat: reduce(-Y * np.log(guard(Yhat)))


def _no_zero_log(reduce: Reduce) -> Callable[..., Any]:
    """Return the cross-entropy with this average, 0 log 0 handled."""
    return lambda Y, Yhat: reduce(-Y * np.log(np.where(Y == 0, 1, Yhat)))


def _unguarded(Yhat: Array) -> Array:
    return Yhat


def _added(eps: float) -> Callable[[Array], Array]:
    return lambda Yhat: Yhat + eps


def _clipped(eps: float, top: float) -> Callable[[Array], Array]:
    return lambda Yhat: np.clip(Yhat, eps, top)


def _guarded(average: Reduce) -> tuple[Callable[..., Any], ...]:
    """Return this average as people write it: guarded against log(0), and not."""
    guards = [guard for eps in EPSILONS for guard in (_added(eps), _clipped(eps, 1.0 - eps))]
    return (_no_zero_log(average), *(_cross_entropy(average, guard) for guard in guards))


def _binary(Y: Array, Yhat: Array) -> Array:
    return -np.where(Y == 0, np.log(1 - Yhat), np.log(Yhat))


def _true_probability(Y: Array, Yhat: Array) -> Array:
    return np.sum(Y * Yhat, axis=0)


CCE = Exercise(
    name="cce",
    problem_set="ps1",
    signature="cce(Y, Yhat) -> float; both (K, N), or (K,) for one sample",
    reference=reference.cce,
    lesson="03_cross_entropy",
    criteria=(
        Criterion(
            "mean over samples",
            2.5,
            "The loss is one number: the mean over the samples of -log of the probability "
            "that each sample's true class was given.",
            _prediction_batches,
        ),
        Criterion(
            "single sample",
            1.5,
            "One sample (K,) has its own loss, -log of the probability of its true class.",
            _prediction_vectors,
        ),
        Criterion(
            "exact 0 and 1",
            1.5,
            "0 log 0 counts as 0; a true class at probability 1 costs 0 and at 0 costs inf; "
            "small probabilities are not rounded up.",
            _confident_predictions,
        ),
        Criterion("purity", 0.5, LEFT_ALONE, _predictions, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "sum instead of mean",
            _guarded(np.sum),
            did="You added the losses of all samples and did not divide by their number.",
            symptom="The loss is N times too large, and doubles when the batch is repeated.",
            experiment="Compare cce(Y, Yhat) with cce of two copies side by side (np.hstack).",
            looks_right="For one sample it is the same, and it is smallest for the same weights as "
            "the mean.",
        ),
        Misconception(
            "mean over all entries",
            _guarded(np.mean),
            did="You averaged over all K times N entries, not over the N samples.",
            symptom="The loss is K times too small.",
            experiment="Uniform predictions cost ln K: try K = 4, where ln 4 = 1.386.",
            looks_right="np.mean takes the mean of whatever it is given, and the loss falls in "
            "training as it should.",
        ),
        Misconception(
            "log base 2",
            (lambda Y, Yhat: -np.mean(np.log2(_true_probability(Y, Yhat))),),
            did="You used log2, where the natural logarithm is meant.",
            symptom="The loss is 1.4427 times too large.",
            experiment="Print cce of one sample whose true class has probability 1/2: 0.6931.",
            looks_right="A perfect guess costs 0, the loss rises and falls as it should, and "
            "information is measured in bits.",
        ),
        Misconception(
            "log base 10",
            (lambda Y, Yhat: -np.mean(np.log10(_true_probability(Y, Yhat))),),
            did="You used log10, where the natural logarithm is meant.",
            symptom="The loss is 0.4343 times what it should be.",
            experiment="Print cce of one sample whose true class has probability 1/2: 0.6931.",
            looks_right="A perfect guess costs 0, and the loss rises and falls as it should.",
        ),
        Misconception(
            "sign",
            (
                lambda Y, Yhat: np.mean(np.log(_true_probability(Y, Yhat))),
                lambda Y, Yhat: np.sum(np.log(_true_probability(Y, Yhat))),
            ),
            did="You left out the minus sign.",
            symptom="The loss is negative.",
            experiment="Print cce for any predictions: log of a probability is never above 0.",
            looks_right="A perfect guess gives 0, and the logarithms of large probabilities are "
            "what one wants to add up.",
        ),
        Misconception(
            "binary cross-entropy",
            (
                lambda Y, Yhat: np.mean(np.sum(_binary(Y, Yhat), axis=0)),
                lambda Y, Yhat: np.mean(_binary(Y, Yhat)),
                lambda Y, Yhat: np.sum(_binary(Y, Yhat)),
            ),
            did="You added the terms (1 - y) log(1 - yhat) of the binary cross-entropy.",
            symptom="The probabilities of the wrong classes matter one by one.",
            experiment="Move probability from one wrong class to another: the loss should stay.",
            looks_right="For a single probability and a label of 0 or 1 it is the right loss.",
        ),
        Misconception(
            "log of the mean",
            (lambda Y, Yhat: -np.log(np.mean(_true_probability(Y, Yhat))),),
            did="You averaged the probabilities first and took the logarithm afterwards.",
            symptom="The loss is too small, as -log of a mean is below the mean of -log.",
            experiment="Take two samples with .9 and .1 at the true class: the mean is 1.204.",
            looks_right="For one sample, and where all samples have the same probability, it is "
            "the same number.",
        ),
        Misconception(
            "1 - p",
            (lambda Y, Yhat: np.mean(1 - _true_probability(Y, Yhat)),),
            did="You took 1 minus the probability of the true class, without a logarithm.",
            symptom="The loss is never above 1, however wrong the prediction is.",
            experiment="Give the true class probability 0.001: the loss should be 6.9.",
            looks_right="A perfect guess costs 0, and the loss grows as the true class loses "
            "probability.",
        ),
        Misconception(
            "row pick",
            (
                lambda Y, Yhat: -np.mean(np.log(Yhat[np.argmax(Y, axis=0)])),
                lambda Y, Yhat: -np.log(Yhat[np.argmax(Y, axis=0)]),
            ),
            did="You indexed with the labels alone, A[y], which picks whole rows.",
            symptom="Every sample's loss is mixed with those of the others.",
            experiment="Print A[y].shape for 3 classes and 7 samples: does each sample have one "
            "number?",
            looks_right="For one sample it is the right number, and for a batch nothing is raised.",
        ),
        Misconception(
            "0 log 0 is nan",
            tuple(_cross_entropy(average, _unguarded) for average in _AVERAGES),
            did="You multiplied y by log(yhat) also where both are 0, and 0 times -inf is nan.",
            symptom="nan as soon as one probability of a wrong class is exactly 0.",
            experiment="Print cce(np.array([1.0, 0.0]), np.array([1.0, 0.0])): it should be 0.",
            looks_right="It is the formula word for word, and softmax of ordinary scores never "
            "gives an exact 0.",
            shows_in="exact 0 and 1",
        ),
        Misconception(
            "epsilon inside the log",
            tuple(
                _cross_entropy(average, _added(eps)) for eps in EPSILONS for average in _AVERAGES
            ),
            did="You added a small number inside the logarithm.",
            symptom="The loss is below 0 at p = 1, and finite where the true class has p = 0.",
            experiment="Print cce(np.array([1.0, 0.0]), np.array([1.0, 0.0])): is it below 0?",
            looks_right="Warnings are gone, and for ordinary probabilities the loss differs only "
            "far behind the point.",
            shows_in="exact 0 and 1",
        ),
        Misconception(
            "clipped probabilities",
            tuple(
                _cross_entropy(average, _clipped(eps, top))
                for eps in EPSILONS
                for top in (1.0, 1.0 - eps)
                for average in _AVERAGES
            ),
            did="You clipped the probabilities before the logarithm.",
            symptom="However wrong a prediction is, the loss stays below -ln of the clip value.",
            experiment="Print cce(np.array([0.0, 1.0]), np.array([1.0, 0.0])): it should be inf.",
            looks_right="Frameworks do it too, and for ordinary probabilities the loss is exactly "
            "the same.",
            shows_in="exact 0 and 1",
        ),
        Misconception(
            "divided by K",
            (*_guarded(_mean_with_rows), *_guarded(_mean_of_rows)),
            did="You divided by the number of classes, the rows, where samples are columns.",
            symptom="For K classes and N samples the loss is N / K times what it should be.",
            experiment="Print cce of two equal columns, then of four: it should not grow.",
            looks_right="Where samples are rows, len(Y) is the number of samples.",
        ),
        Misconception(
            "one loss for each sample",
            _guarded(_columns),
            did="You added over the classes and took no mean over the samples.",
            symptom="A batch gives an array of N losses, and should give one number.",
            experiment="Print np.shape(cce(Y, Yhat)) for a batch: it should be ().",
            looks_right="For one sample it is right, and each loss in the array is too.",
        ),
        Misconception(
            "squared error",
            (
                lambda Y, Yhat: np.mean(np.sum((Y - Yhat) ** 2, axis=0)),
                lambda Y, Yhat: np.mean((Y - Yhat) ** 2),
                lambda Y, Yhat: np.sum((Y - Yhat) ** 2),
                lambda Y, Yhat: np.sum((Y - Yhat) ** 2) / 2,
            ),
            did="You added squared differences, which is the loss of a regression.",
            symptom="A surely wrong prediction costs a small number, and should cost inf.",
            experiment="Print cce(np.array([1.0, 0.0]), np.array([0.5, 0.5])): 0.693 is right.",
            looks_right="It is 0 for a perfect guess, and grows as a prediction gets worse.",
        ),
        Misconception(
            "log of the whole sum",
            (
                lambda Y, Yhat: -np.log(np.sum(Y * Yhat)),
                lambda Y, Yhat: -np.log(np.sum(Y * Yhat) + 1e-12),
                lambda Y, Yhat: -np.log(np.sum(Y * Yhat)) / Y.shape[-1],
            ),
            did="You added the probabilities of all samples before the logarithm.",
            symptom="A batch of good predictions has a loss below 0.",
            experiment="Print cce of two columns with probability 1 at the true class: 0 is right.",
            looks_right="For a single sample it is the same number.",
        ),
    ),
)


# --- cce_from_scores --------------------------------------------------------------------------


def _mild_scores(rng: Generator) -> list[Arguments]:
    passes = draws.forward_passes(rng)
    last_absent = draws.labels_without_last(rng, *passes[0].Z.shape)
    other_order = (passes[-1].Z, passes[0].y)
    one_column = (passes[1].Z[:, :1], passes[1].y[:1])
    runs = [(run.Z, run.y) for run in passes[:-1]]
    return [*runs, other_order, (passes[0].Z, last_absent), one_column]


def _mild_score_vectors(rng: Generator) -> list[Arguments]:
    passes = [draws.forward_pass(rng, size) for size in draws.sizes(rng, 4)]
    chosen = (0, len(passes[1].Z) - 1, int(passes[2].y[0]), int(passes[3].y[0]))
    return [(run.Z[:, 0], label) for run, label in zip(passes, chosen, strict=True)]


def _extreme_score_batches(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size in draws.sizes(rng, 2):  # 800 or so below the winner at the true class
        y = draws.labels(rng, size.K, size.N)
        winners = [draws.other_label(rng, int(label), size.K) for label in y]
        columns = [draws.far_apart(rng, size.K, winner, gap=400.0) - 400.0 for winner in winners]
        fixtures.append((np.stack(columns, axis=1), y))
    for size in draws.sizes(rng, 2):
        y = draws.labels(rng, size.K, size.N)
        close, y_close = [draws.close(rng, size.K) for _ in range(size.N)], y
        fixtures.append((np.stack(close, axis=1), y))
        fixtures.append((draws.columns_far_apart(rng, size.K, size.N), y))
        fixtures.append((np.full((size.K, size.N), 1000.0), y))
    for size in draws.equal_sizes(rng, 2):  # 20 or so below the winner: tiny, not 0
        y = draws.labels(rng, size.K, size.N)
        winners = [draws.other_label(rng, int(label), size.K) for label in y]
        columns = [draws.far_apart(rng, size.K, winner, gap=10.0) for winner in winners]
        fixtures.append((np.stack(columns, axis=1), y))
    single = [(Z[:, 0], int(y[0])) for Z, y in (*fixtures[:3], fixtures[4], fixtures[-1])]
    for size, gap in zip(draws.sizes(rng, 2), (360.0, 1000.0), strict=True):
        # exp overflows above 709, and below -745 it is 0: one score is between, one beyond both.
        z = draws.far_apart(rng, size.K, int(rng.integers(1, size.K - 1)), gap)
        fixtures.append((np.stack((z, z), axis=1), np.array((0, int(np.argmax(z))))))
        single += [(z, 0), (z, int(np.argmax(z)))]
    certain = (draws.far_apart(rng, size.K, size.K - 1, gap=13.0), size.K - 1)  # costs almost 0
    low = (np.stack(close, axis=1) - 3000.0, y_close)  # one maximum for all is right here
    return [*fixtures, *single, certain, low]


def _scores_and_labels(rng: Generator) -> list[Arguments]:
    return _mild_scores(rng)[:2] + _mild_score_vectors(rng)[:1]


def _at_labels(Z: Array, y: Any) -> Array:
    return np.take_along_axis(Z, np.expand_dims(y, 0), axis=0)[0]


def _log_softmax(
    average: Reduce, soft: Callable[[Array], Array], guard: Callable[[Array], Array] = _unguarded
) -> Callable[..., Any]:
    return lambda Z, y: average(-np.log(guard(_at_labels(soft(Z), y))))


def _whole(e: Array) -> Array:
    return _normalised(e, None)


def _unshifted_softmax(z: Array) -> Array:
    return _normalised(np.exp(z))


def _log_sum_exp(Z: Array, m: Any, back: Any) -> Array:
    return back + np.log(np.sum(np.exp(Z - m), axis=0))


CCE_FROM_SCORES = Exercise(
    name="cce_from_scores",
    problem_set="ps1",
    signature="cce_from_scores(Z, y) -> float; Z (K, N) and labels y (N,), or z (K,) and one label",
    reference=reference.cce_from_scores,
    lesson="03_cross_entropy",
    criteria=(
        Criterion(
            "mild scores",
            2.0,
            "The loss is the mean over the samples of log(sum of exp of the scores) minus "
            "the score of the true class.",
            _mild_scores,
        ),
        Criterion(
            "extreme scores",
            1.5,
            "Scores [0, -800] and class 1 cost 800: the logarithm is never taken of a "
            "probability that has become 0, and no score is too large.",
            _extreme_score_batches,
        ),
        Criterion(
            "single sample",
            1.0,
            "Scores (K,) and one integer label give the loss of that sample.",
            _mild_score_vectors,
        ),
        Criterion("purity", 0.5, LEFT_ALONE, _scores_and_labels, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "log of softmax",
            tuple(
                _log_softmax(average, soft)
                for average in (np.mean, np.sum)
                for soft in (reference.softmax, _unshifted_softmax)
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
                _log_softmax(average, soft, guard)
                for eps in EPSILONS
                for soft in (reference.softmax, _unshifted_softmax)
                for guard in (_clipped(eps, 1.0), _clipped(eps, 1.0 - eps), _added(eps))
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
            (
                lambda Z, y: np.mean(_log_sum_exp(Z, Z.max(axis=0), 0) - _at_labels(Z, y)),
                lambda Z, y: np.mean(_log_sum_exp(Z, Z.max(), 0) - _at_labels(Z, y)),
            ),
            did="You subtracted the maximum inside the exp and did not add it back after the log.",
            symptom="The loss changes when a constant is added to all scores.",
            experiment="Compare cce_from_scores(Z, y) with cce_from_scores(Z + 1, y): they should "
            "be equal.",
            looks_right="In softmax the maximum cancels by itself, so that it seems to need no "
            "more care here.",
        ),
        Misconception(
            "one global max",
            (lambda Z, y: np.mean(_log_sum_exp(Z, Z.max(), Z.max()) - _at_labels(Z, y)),),
            did="You subtracted the maximum of the whole batch, not each column's own.",
            symptom="-inf or nan where one column's scores are far below those of another.",
            experiment="Take two columns, one all 1000 and one all -1000, and any labels: the loss "
            "is ln K.",
            looks_right="Nothing overflows, and where all columns have scores of like size the "
            "loss is right.",
        ),
        Misconception(
            "no max shift",
            (
                lambda Z, y: np.mean(_log_sum_exp(Z, 0, 0) - _at_labels(Z, y)),
                lambda Z, y: np.sum(_log_sum_exp(Z, 0, 0) - _at_labels(Z, y)),
            ),
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
            (
                lambda Z, y: np.sum(
                    _log_sum_exp(Z, Z.max(axis=0), Z.max(axis=0)) - _at_labels(Z, y)
                ),
            ),
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
                    np.log(np.sum(np.exp(Z - _at_labels(Z, y)), axis=0))
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
                    Z.max() + np.log(np.sum(np.exp(Z - Z.max()))) - _at_labels(Z, y)
                ),
                lambda Z, y: np.mean(np.log(np.sum(np.exp(Z))) - _at_labels(Z, y)),
                lambda Z, y: np.mean(-np.log(_at_labels(_whole(_shifted(Z, None)), y))),
                lambda Z, y: np.mean(-np.log(_at_labels(_whole(_shifted(Z, None)), y) + 1e-12)),
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
                lambda Z, y: -reference.cce_from_scores(Z, y),
                lambda Z, y: np.mean(np.log(_at_labels(reference.softmax(Z), y))),
            ),
            did="You took the score of the true class minus the logarithm: the minus is lost.",
            symptom="The loss is never above 0.",
            experiment="Print cce_from_scores(np.zeros(2), 0): it should be 0.693, and is below 0.",
            looks_right="The size is right, and log-probabilities do come with this sign.",
        ),
        Misconception(
            "one loss for each sample",
            (
                lambda Z, y: _log_sum_exp(Z, Z.max(axis=0), Z.max(axis=0)) - _at_labels(Z, y),
                lambda Z, y: -np.log(_at_labels(reference.softmax(Z), y)),
            ),
            did="You took no mean over the samples.",
            symptom="A batch gives an array of N losses, and should give a single number.",
            experiment="Print np.shape(cce_from_scores(Z, y)) for a batch: it should be ().",
            looks_right="For one sample it is right, and so is each entry for a batch.",
        ),
        Misconception(
            "divided by K",
            (
                lambda Z, y: reference.cce_from_scores(Z, y) * np.size(y) / len(Z),
                lambda Z, y: np.sum(-np.log(_at_labels(reference.softmax(Z), y))) / len(Z),
            ),
            did="You divided by the number of rows, the classes, where samples are columns.",
            symptom="For K classes and N samples the loss is N / K times what it should be.",
            experiment="Print it for two equal columns, then for four: it should not grow.",
            looks_right="Where samples are rows, len(Z) is how many samples there are.",
        ),
    ),
)

EXERCISES = (ADD_BIAS, INIT_WEIGHTS, ONE_HOT, SCORES, SOFTMAX, CCE, CCE_FROM_SCORES)
