"""Random pieces of fixtures: seeds, sizes, labels, scores, forward passes.

Every dimension is drawn, so that no submission passes by knowing one shape.
Knows the mathematics and no exercise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder import ANOTHER, FIRST, Arguments, Fixtures, Rng, Step
from softmax_by_hand import lecture

Generator = np.random.Generator
Array = np.ndarray


@dataclass(frozen=True)
class Sizes:
    """D features, K classes, N samples."""

    D: int
    K: int
    N: int


@dataclass(frozen=True)
class ForwardPass:
    """One network on its data: Z = W Xb, A = softmax(Z), Y the one-hot labels y."""

    W: Array
    Xb: Array
    Z: Array
    A: Array
    y: Array
    Y: Array


def seed(rng: Generator) -> Rng:
    """Draw the seed of a generator that a call is given."""
    return Rng(int(rng.integers(2**62)))


def learning_rate(rng: Generator, most: float) -> float:
    """Draw a rate that moves weights far, and no further than it has to."""
    return float(rng.uniform(0.2, most))


def sizes(rng: Generator, count: int) -> list[Sizes]:
    """Draw sizes with D, D+1, K and N pairwise different, and another K each time."""
    return [sizes_with(rng, int(K)) for K in rng.permutation(np.arange(3, 8))[:count]]


def sizes_with(rng: Generator, K: int, D: range = range(2, 8), N: range = range(3, 10)) -> Sizes:
    choices = [Sizes(d, K, n) for d in D for n in N if len({d, d + 1, K, n}) == 4]
    return choices[int(rng.integers(len(choices)))]


def equal_sizes(rng: Generator, count: int) -> list[Sizes]:
    """Draw sizes with D+1 = K = N, where a wrong axis raises nothing; another K each time."""
    return [Sizes(int(K) - 1, int(K), int(K)) for K in rng.permutation(np.arange(3, 7))[:count]]


def all_sizes(rng: Generator) -> list[Sizes]:
    """Draw three sizes with dimensions pairwise different, two equal ones, and the first again.

    Among the three are the fewest classes with many features and samples, and the most
    with few, so that none is wrong unseen; the last, so that no answer can be kept by shape.
    """
    few = sizes_with(rng, 3, range(5, 8), range(8, 10))
    many = sizes_with(rng, 7, range(2, 3), range(4, 7))
    three = [few, many, sizes_with(rng, int(rng.integers(4, 7)))]
    different = [three[i] for i in rng.permutation(3)]
    return [*different, *equal_sizes(rng, 2), different[0]]


def labels(rng: Generator, K: int, N: int) -> Array:
    """Draw N labels, 0 and K-1 among them."""
    y = rng.integers(K, size=N)
    y[:2] = 0, K - 1
    return rng.permutation(y)


def labels_without_last(rng: Generator, K: int, N: int) -> Array:
    """Draw N labels of which none is K-1."""
    y = rng.integers(K - 1, size=N)
    y[:2] = 0, K - 2
    return rng.permutation(y)


def features(rng: Generator, D: int, N: int) -> Array:
    """Draw data with its bias row, (D+1, N)."""
    return lecture.add_bias(rng.normal(0.3, 1.0, (D, N)))


def forward_pass(rng: Generator, size: Sizes) -> ForwardPass:
    """Draw weights, data and labels, and run the network on them."""
    W = rng.normal(0.0, 1.5, (size.K, size.D + 1)) / np.sqrt(size.D + 1)
    Xb = features(rng, size.D, size.N)
    Z = lecture.scores(W, Xb)
    y = labels(rng, size.K, size.N)
    return ForwardPass(W, Xb, Z, lecture.softmax(Z), y, lecture.one_hot(y, size.K))


def labelled_data(rng: Generator, size: Sizes) -> tuple[Array, Array]:
    """Draw data (D, N), and labels (K, N) that it can be told from in part."""
    run = forward_pass(rng, size)
    return run.Xb[:-1].copy(), run.Y


def forward_passes(rng: Generator) -> list[ForwardPass]:
    """Draw passes of `all_sizes`; the last is the first with its samples in another order.

    So no answer can be kept by shape, by sum, or by the weights alone.
    """
    passes = [forward_pass(rng, size) for size in all_sizes(rng)[:-1]]
    run = passes[0]
    rolled = (np.roll(part, 1, axis=-1) for part in (run.Xb, run.Z, run.A, run.y, run.Y))
    return [*passes, ForwardPass(run.W, *rolled)]


def predictions(run: ForwardPass, columns: Mapping[int, Array]) -> tuple[Array, Array]:
    """Return (Y, Yhat) of a forward pass, the scores of some columns replaced."""
    Z = run.Z.copy()
    for n, z in columns.items():
        Z[:, n] = z
    return run.Y, lecture.softmax(Z)


def unit(label: int, K: int) -> Array:
    """Return the one-hot vector of one label, (K,)."""
    return lecture.one_hot(np.array(label), K)


def other_label(rng: Generator, label: int, K: int) -> int:
    """Draw a label that is not this one."""
    return int((label + rng.integers(1, K)) % K)


def close(rng: Generator, K: int, level: float = 1000.0) -> Array:
    """Draw scores that are large and one or so apart: 1000, 999, 998, ..., shuffled."""
    return level - rng.permutation(np.arange(K)) - rng.uniform(0.0, 0.5, K)


def far_apart(rng: Generator, K: int, winner: int, gap: float = 1000.0) -> Array:
    """Draw scores of which one, the winner's, is at `gap` and the others are at `-gap`."""
    z = rng.normal(0.0, 1.0, K) - gap
    z[winner] += 2 * gap
    return z


def columns_far_apart(rng: Generator, K: int, N: int) -> Array:
    """Draw mild columns, one of them at 1000, one at -1000, the others between; N >= 3."""
    offsets = rng.uniform(-50.0, 50.0, N)
    offsets[:2] = 1000.0, -1000.0
    return rng.normal(0.0, 2.0, (K, N)) + rng.permutation(offsets)


def two_on_top(
    rng: Generator, K: int, below: int, level: float = 2000.0
) -> tuple[Array, list[int]]:
    """Draw scores with two classes near `level`, the others near `-level`, and say which two.

    Class `below` is among the others, so whatever but the maximum is subtracted, exp overflows;
    and all probabilities but two are exactly 0.
    """
    top = rng.permutation(np.delete(np.arange(K), below))[:2]
    z = rng.normal(0.0, 1.0, K) - level
    z[top] += 2 * level
    return z, top.tolist()


def improbable(rng: Generator, K: int, label: int) -> Array:
    """Draw scores that give one class a probability below every guard, yet above 0."""
    z = rng.normal(0.0, 1.0, K)
    z[label] -= rng.uniform(400.0, 600.0)
    return z


def each_apart(
    rng: Generator, run: ForwardPass, level: float = 1000.0, above: bool = True
) -> tuple[Array, Array]:
    """Return (W, Xb) of a forward pass with the first feature made an offset of each sample.

    One sample's scores are near `2 * level`, another's near `-2 * level`: no one number can
    be subtracted from all.  Without `above` no score is far above 0, so that none overflows.
    """
    W, Xb = run.W.copy(), run.Xb.copy()
    W[:, 0] = level
    if not above:
        Xb[0] = -np.abs(Xb[0])
    Xb[0, rng.permutation(Xb.shape[1])[:2]] = 2.0 if above else 0.0, -2.0
    return W, Xb


def crossed(calls: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return calls with the last, of the first one's shapes, made to share an array with it.

    One call for each of the first, the second and the last array, in place of the last
    call: so no answer can be kept by a part of the question.
    """
    first, last = calls[0], calls[-1]
    arrays = [i for i, argument in enumerate(first) if isinstance(argument, np.ndarray)]
    shared = dict.fromkeys((*arrays[:2], arrays[-1]))
    return [*calls[:-1], *((*last[:i], first[i], *last[i + 1 :]) for i in shared)]


def first(count: int, draw: Fixtures) -> Fixtures:
    """Return a maker of the first few calls of another."""
    return lambda rng: draw(rng)[:count]


Loss = Callable[[Array], float]


def accepting(shape: tuple[int, ...], formula: Callable[[Array], Any]) -> Loss:
    """Return a pure function of arrays of one shape, which refuses anything else."""

    def f(W: Array) -> float:
        W = np.asarray(W)
        if W.shape != shape or W.dtype.kind not in "fiu":
            raise ValueError(f"f takes an array of real numbers of shape {shape}")
        return float(formula(W.astype(np.float64)))

    return f


FORWARD, BACKWARD, WEIGHTS = Step("forward"), Step("backward"), Step("W")


def there_and_back(rng: Generator, Z: Array) -> Arguments:
    """Draw the slopes with which one forward is followed by one backward."""
    return FORWARD, Z, BACKWARD, rng.normal(size=Z.shape)


def beside_another(
    made: Arguments, other: Arguments, X: Array, G: Array, X_other: Array, G_other: Array
) -> Arguments:
    """Return forward of one layer, forward and backward of another, and backward of the first."""
    there = (FORWARD, X_other.copy(), BACKWARD, G_other.copy(), 0.5)
    return (*made, FORWARD, X, ANOTHER, *other, *there, FIRST, BACKWARD, G, 0.5, FORWARD, X)


def weights_strength(rng: Generator) -> list[Arguments]:
    """Draw weights, large ones too, and those of a single class."""
    shapes = [(size.K, size.D + 1) for size in all_sizes(rng)]
    weights = [rng.normal(0.5, 1.0, shape) for shape in [*shapes, (3, 4), (1, 4)]]
    weights[-2][:2, :2] = (-2000.0, 3000.0), (4000.0, -5000.0)
    weights[-1] = abs(weights[-1])
    calls = [(W, float(rng.uniform(0.1, 2))) for W in weights]
    return [*crossed(calls[:6]), *calls[6:]]


def only_biases(rng: Generator) -> list[Arguments]:
    """Draw weights that are 0 but for the biases."""
    calls: list[Arguments] = []
    for size in sizes(rng, 3):
        W = np.zeros((size.K, size.D + 1))
        W[:, -1] = rng.normal(1.0, 1.0, size.K)
        calls.append((W, float(rng.uniform(0.1, 2))))
    return calls


def true_and_predicted(rng: Generator) -> list[Arguments]:
    """Draw labels, and predictions of which some are right and one at least is wrong."""
    calls: list[Arguments] = []
    for size in all_sizes(rng):
        N = 3 * size.N
        y = labels(rng, size.K, N)
        guess = np.where(rng.random(N) < 0.6, y, rng.integers(size.K, size=N))
        guess[0] = other_label(rng, int(y[0]), size.K)
        calls.append((y, guess))
    return calls


def targets(rng: Generator) -> list[Arguments]:
    """Draw the targets and the predictions of a regression."""
    drawn = [
        (rng.normal(size=size.N), rng.normal(0.5, 1.0, (1, size.N))) for size in all_sizes(rng)
    ]
    y, Yhat = drawn[-1]  # large ones too
    y[0], Yhat[0, 1] = -2000.0, 3000.0
    return crossed(drawn)


def one_target(rng: Generator) -> list[Arguments]:
    """Draw the target and the prediction of a single sample."""
    return [(rng.normal(size=1), rng.normal(0.5, 1.0, (1, 1))) for _ in range(3)]
