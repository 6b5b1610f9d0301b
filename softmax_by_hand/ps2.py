"""Problem set 2, backward: from the loss to the gradient of the weights.

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
from softmax_by_hand.ps1 import EPSILONS, LEFT_ALONE, _added, _clipped

Loss = Callable[[Array], float]


# --- numerical_gradient -----------------------------------------------------------------------


def _accepting(shape: tuple[int, ...], formula: Callable[[Array], Any]) -> Loss:
    """Return a pure function of arrays of one shape, which refuses anything else."""

    def f(W: Array) -> float:
        W = np.asarray(W)
        if W.shape != shape or W.dtype.kind not in "fiu":
            raise ValueError(f"f takes an array of real numbers of shape {shape}")
        return float(formula(W.astype(np.float64)))

    return f


def _coupled(rng: Generator, shape: tuple[int, ...], steep: float = 0.0) -> Loss:
    """Return f(w) = c.w + w.M w / 2, M's diagonal 0: no curvature along any one entry.

    So every difference quotient is exact up to rounding; and since all entries
    are coupled, an entry that is not put back spoils those after it.
    """
    n = int(np.prod(shape))
    c = rng.uniform(-3.0, 3.0, n)
    c[-1] += steep
    M = np.triu(rng.uniform(1.0, 2.0, (n, n)), 1)
    return _accepting(shape, lambda W: c @ W.ravel() + W.ravel() @ M @ W.ravel())


def _curved(rng: Generator, shape: tuple[int, ...]) -> Loss:
    """Return the loss of a classifier with weights W of this shape, on its own data."""
    K, columns = shape
    Xb = draws.features(rng, columns - 1, 6)
    y = draws.labels(rng, K, 6)
    return _accepting(shape, lambda W: reference.cce_from_scores(W @ Xb, y))


def _shuffled(rng: Generator, shapes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    # Small ones: over the wire each value of f is a question to the trusted side.
    return [shapes[i] for i in rng.permutation(len(shapes))]


def _small_shapes(rng: Generator) -> list[tuple[int, int]]:
    return _shuffled(rng, [(2, 3), (3, 2), (2, 4), (4, 2), (3, 4)])


def _every_entry(rng: Generator) -> list[Arguments]:
    first, second, third, *_ = _small_shapes(rng)
    square, W = _coupled(rng, (3, 3), steep=500.0), rng.normal(size=(3, 3))
    return [
        (_coupled(rng, first), rng.normal(size=first)),
        (_coupled(rng, second), rng.normal(size=second), 1e-5),
        (_coupled(rng, third), rng.normal(size=third)),
        (square, W),
        (square, W[::-1].copy()),
    ]


def _two_steps(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for shape in _shuffled(rng, [(3, 4), (4, 3), (3, 5)])[:2]:
        f, W = _curved(rng, shape), rng.normal(size=shape)
        fixtures += [(f, W, 1e-1), (f, W, 1e-2)]
    return [*fixtures, (f, W)]


def _integer_weights(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for shape in _small_shapes(rng)[:2]:
        W = rng.integers(1, 5, shape) * rng.choice((-1, 1), shape)
        W[0, 0] = 0
        fixtures.append((_coupled(rng, shape), W))
    return fixtures


def _vectors(rng: Generator) -> list[Arguments]:
    return [(_coupled(rng, (n,)), rng.normal(size=n)) for n in (4, 7)]


def _gradient_twice(rng: Generator) -> list[Arguments]:
    shapes = _small_shapes(rng)[:2]
    return [(_coupled(rng, shape), rng.normal(size=shape), 1e-3) for shape in shapes]


def _by_entries(
    quotient: Callable[[Loss, Array, Any, float], float],
    take: Callable[[Array], Array] = lambda W: np.array(W, dtype=np.float64),
    answer: Callable[[Array], Array] = lambda W: np.zeros(W.shape),
) -> Callable[..., Any]:
    """Return a numerical gradient: one quotient for each entry of what `take` makes of W."""

    def wrong(f: Loss, W: Array, h: float = 1e-5) -> Array:
        gradient, W = answer(W), take(W)
        for index in np.ndindex(W.shape):
            gradient[index] = quotient(f, W, index, h)
        return gradient

    return wrong


def _step(W: Array, index: Any, h: float) -> Array:
    moved = W.copy()
    moved[index] += h
    return moved


def _central(f: Loss, W: Array, index: Any, h: float) -> float:
    return (f(_step(W, index, h)) - f(_step(W, index, -h))) / (2 * h)


def _forward(f: Loss, W: Array, index: Any, h: float) -> float:
    return (f(_step(W, index, h)) - f(W)) / h


def _backward(f: Loss, W: Array, index: Any, h: float) -> float:
    return (f(W) - f(_step(W, index, -h))) / h


def _twice_central(f: Loss, W: Array, index: Any, h: float) -> float:
    return (f(_step(W, index, h)) - f(_step(W, index, -h))) / h


def _fixed_step(f: Loss, W: Array, index: Any, h: float) -> float:
    return _central(f, W, index, 1e-5)


def _left_below(f: Loss, W: Array, index: Any, h: float) -> float:
    W[index] += h
    above = f(W)
    W[index] -= 2 * h
    return (above - f(W)) / (2 * h)


def _left_above(f: Loss, W: Array, index: Any, h: float) -> float:
    W[index] -= h
    below = f(W)
    W[index] += 2 * h
    return (f(W) - below) / (2 * h)


def _left_after_forward(f: Loss, W: Array, index: Any, h: float) -> float:
    before = f(W)
    W[index] += h
    return (f(W) - before) / h


def _same(W: Array) -> Array:
    return W


def _all_at_once(f: Loss, W: Array, h: float = 1e-5) -> float:
    return (f(W + h) - f(W - h)) / (2 * h)


def _all_at_once_filled(f: Loss, W: Array, h: float = 1e-5) -> Array:
    return np.full(W.shape, _all_at_once(f, W, h))


def _as_floats(W: Array) -> Array:
    return np.array(W, dtype=np.float64)


def _by_rows(
    quotient: Callable[[Loss, Array, Any, float], float], take: Callable[[Array], Array]
) -> Callable[..., Any]:
    def wrong(f: Loss, W: Array, h: float = 1e-5) -> Array:
        W = take(W)
        gradient = np.zeros_like(W)
        for i in range(len(W)):
            gradient[i] = quotient(f, W, i, h)
        return gradient

    return wrong


NUMERICAL_GRADIENT = Exercise(
    name="numerical_gradient",
    problem_set="ps2",
    signature="numerical_gradient(f, W, h=1e-5) -> same shape as W, float64",
    reference=reference.numerical_gradient,
    lesson="06_gradient_check",
    tolerance=1e-6,
    criteria=(
        Criterion(
            "every entry",
            2.0,
            "Each entry of the gradient tells how f changes when that entry of W alone is moved.",
            _every_entry,
        ),
        Criterion(
            "order of the error",
            1.5,
            "The step is h to both sides, so that the error falls 100 times when h is 10 times "
            "smaller.",
            _two_steps,
        ),
        Criterion(
            "integer W",
            1.0,
            "Integer weights have the same gradient as the equal float64 weights.",
            _integer_weights,
        ),
        Criterion("vectors", 0.5, "A one-dimensional W has a gradient of its shape.", _vectors),
        Criterion("purity", 1.0, LEFT_ALONE, _gradient_twice, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "forward difference",
            (_by_entries(_forward), _by_entries(_backward)),
            did="You took the step to one side only, and f(W) itself is the other end.",
            symptom="The error falls 10 times, not 100 times, when h is 10 times smaller.",
            experiment="Differentiate the sum of W**3 at 1 with h = 0.1 and h = 0.01, "
            "where the gradient is 3: by how much does the error fall?",
            looks_right="It is the definition of the slope, and with a small h the first digits "
            "are right.",
            shows_in="order of the error",
        ),
        Misconception(
            "missing factor 2",
            (_by_entries(_twice_central),),
            did="You divided by h; from W - h to W + h the distance is 2h.",
            symptom="Every entry is twice as large as it should be.",
            experiment="Differentiate the sum of W: every entry should be 1.",
            looks_right="Every sign is right, and so is the ratio of any two entries: it still "
            "points uphill.",
        ),
        Misconception(
            "not restored",
            (
                _by_entries(_left_below),
                _by_entries(_left_above),
                _by_entries(_left_after_forward),
                _by_entries(_left_below, take=_same),
                _by_entries(_left_above, take=_same),
                _by_entries(_left_after_forward, take=_same),
            ),
            did="You did not put an entry back before you moved the next one.",
            symptom="The first entry is right, and the later ones drift off as h grows.",
            experiment="Differentiate W[0] * W[1] at (1, 1) with h = 0.5: both should be 1.",
            looks_right="The first entry is right, and with h = 1e-5 the drift hardly shows in the "
            "others.",
        ),
        Misconception(
            "integer steps lost",
            tuple(
                _by_entries(quotient, take, answer)
                for quotient in (_central, _forward)
                for take, answer in (
                    (np.copy, lambda W: np.zeros(W.shape)),
                    (lambda W: np.array(W, dtype=np.float64), np.zeros_like),
                    (np.copy, np.zeros_like),
                )
            ),
            did="You stored steps or quotients in an array with the dtype of W; "
            "integers cannot hold them.",
            symptom="For integer W the gradient is all zeros, whole numbers, or enormous.",
            experiment="Print numerical_gradient(np.mean, np.array([1, 2])): both should be 0.5.",
            looks_right="For float weights it works; what fails are the whole numbers that one "
            "types in for a test.",
            shows_in="integer W",
        ),
        Misconception(
            "one number for all entries",
            (_all_at_once, _all_at_once_filled),
            did="You moved all entries of W at once, which gives one number.",
            symptom="The result is the sum of all partial derivatives.",
            experiment="Differentiate the sum of W at a (2, 3) array: six ones, not one 6.",
            looks_right="For a single weight it is the right number, and f takes all of W without "
            "complaint.",
        ),
        Misconception(
            "h ignored",
            (
                _by_entries(_fixed_step),
                _by_entries(lambda f, W, index, h: _central(f, W, index, 1e-4)),
                _by_entries(lambda f, W, index, h: _central(f, W, index, 1e-6)),
            ),
            did="You wrote a fixed step, and the argument h is never used.",
            symptom="The error does not change with h.",
            experiment="Differentiate the sum of W**3 at 1 with h = 1: it should be exactly 4.",
            looks_right="With the default h the numbers are the same, and 1e-5 is a good step.",
            shows_in="order of the error",
        ),
        Misconception(
            "whole rows moved",
            tuple(
                _by_rows(quotient, take)
                for quotient in (_central, _forward)
                for take in (_as_floats, _same)
            ),
            did="You went over the rows of W and moved all entries of a row together.",
            symptom="All entries of a row of the answer are equal: the sum of their slopes.",
            experiment="Differentiate the sum of W at a (2, 3) array: six ones, and no 3.",
            looks_right="For a vector each row is one entry, and there it is right.",
        ),
    ),
)


# --- cce_gradient -----------------------------------------------------------------------------


def _prediction_vectors(rng: Generator) -> list[Arguments]:
    fixtures = []
    for size in draws.sizes(rng, 3):
        a = draws.forward_pass(rng, size).A
        fixtures += [(draws.unit(0, size.K), a[:, 0]), (draws.unit(size.K - 1, size.K), a[:, 1])]
    return fixtures


def _prediction_batches(rng: Generator) -> list[Arguments]:
    passes = draws.forward_passes(rng)
    one_column = (passes[0].Y[:, :1], passes[0].A[:, :1])
    other_order = (passes[0].Y, passes[-1].A)
    return [*((run.Y, run.A) for run in passes[:-1]), other_order, one_column]


def _exact_zeros(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size in draws.sizes(rng, 2):  # a wrong class at 0, the others mild
        z = rng.normal(0.0, 1.5, size.K)
        z[0] = -1000.0
        label = int(rng.integers(1, size.K))
        fixtures.append((draws.unit(label, size.K), reference.softmax(z)))
    for size, gap in zip(draws.sizes(rng, 5), (None, 8.0, 10.0, 40.0, 250.0), strict=True):
        label = int(rng.integers(size.K))
        if gap is None:  # everything at the true class
            z = draws.far_apart(rng, size.K, label)
        else:  # the true class tiny
            z = draws.far_apart(rng, size.K, draws.other_label(rng, label, size.K), gap)
        fixtures.append((draws.unit(label, size.K), reference.softmax(z)))
    for size, gap in zip(draws.sizes(rng, 2), (8.0, 40.0), strict=True):  # both, in a batch
        run = draws.forward_pass(rng, size)
        label = int(run.y[0])
        tiny = draws.far_apart(rng, size.K, draws.other_label(rng, label, size.K), gap)
        certain = draws.far_apart(rng, size.K, int(run.y[1]))
        fixtures.append(draws.predictions(run, {0: tiny, 1: certain}))
    return fixtures


def _vectors_and_batches(rng: Generator) -> list[Arguments]:
    return _prediction_vectors(rng)[:1] + _prediction_batches(rng)[1:3]


def _last_from_first(position: int) -> Callable[[Array, Array], Array]:
    def wrong(Y: Array, Yhat: Array) -> Array:
        gradient = -Y / Yhat
        gradient[position] = -Y[0] / Yhat[position]
        return gradient

    return wrong


def _less_one_in_place(Y: Array, Yhat: Array) -> Array:
    # Of a batch these are whole rows, of one sample the entry of the true class.
    Yhat[np.argmax(Y, axis=0)] -= 1
    return Yhat


def _samples(Y: Array) -> int:
    return Y.shape[1] if Y.ndim == 2 else 1


CCE_GRADIENT = Exercise(
    name="cce_gradient",
    problem_set="ps2",
    signature="cce_gradient(Y, Yhat) -> same shape, (K,) or (K, N); per sample, not divided by N",
    reference=reference.cce_gradient,
    lesson="04_jacobian",
    criteria=(
        Criterion(
            "single sample",
            2.0,
            "The gradient of one sample's loss: -1/yhat at the true class and 0 elsewhere.",
            _prediction_vectors,
        ),
        Criterion(
            "batch",
            1.5,
            "Each column is the gradient of that sample's own loss, not divided by N.",
            _prediction_batches,
        ),
        Criterion(
            "exact zeros",
            1.0,
            "A wrong class at probability 0 has gradient 0, not nan; a tiny probability of the "
            "true class is used as it is.",
            _exact_zeros,
        ),
        Criterion("purity", 0.5, LEFT_ALONE, _vectors_and_batches, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "sign",
            (lambda Y, Yhat: Y / np.where(Y == 0, 1, Yhat), lambda Y, Yhat: Y / Yhat),
            did="You left out the minus sign.",
            symptom="The gradient is positive: more probability at the true class would cost more.",
            experiment="Compare with numerical_gradient of the loss of one sample.",
            looks_right="The size of every entry is right, and a minus in front of a sum is easily "
            "read over.",
            lesson="05_chain_rule",
        ),
        Misconception(
            "-1/yhat everywhere",
            (lambda Y, Yhat: -1 / Yhat,),
            did="You divided 1, not y, by yhat, so that every class has a gradient.",
            symptom="No entry is 0; only the true class should have an entry that is not.",
            experiment="Count the entries that are not 0: there should be one for each sample.",
            looks_right="At the true class the number is right, since y is 1 there.",
        ),
        Misconception(
            "last row from y_0",
            (_last_from_first(-1), _last_from_first(2)),
            did="You copied the entry -y_0 / yhat_2, a slip of the pen in an old hand-out.",
            symptom="One entry is wrong whenever the label is 0 or that entry's own.",
            experiment="Take a sample whose true class is the last of three: only its last entry "
            "is not 0.",
            looks_right="It stood in print, and for a sample of class 1 of three the numbers are "
            "right.",
        ),
        Misconception(
            "yhat - y",
            (lambda Y, Yhat: Yhat - Y, _less_one_in_place),
            did="You gave the gradient with respect to the scores, one step of the chain too far.",
            symptom="The entries are between -1 and 1; the true one should be -1 or below.",
            experiment="Print the entry of a true class with probability 0.5: it should be -2.",
            looks_right="It is a right gradient, and the one that is needed in the end: that by "
            "the scores.",
        ),
        Misconception(
            "divided by N",
            (
                lambda Y, Yhat: -Y / np.where(Y == 0, 1, Yhat) / _samples(Y),
                lambda Y, Yhat: -Y / Yhat / _samples(Y),
                lambda Y, Yhat: -Y / Yhat / Y.shape[-1],
            ),
            did="You divided by the number of samples; here each sample stands for itself.",
            symptom="A batch of N gives entries N times too small.",
            experiment="Compare the first column of a batch with cce_gradient of that sample.",
            looks_right="The loss is a mean over N samples, and a numerical gradient of that mean "
            "agrees.",
            lesson="06_gradient_check",
            shows_in="batch",
        ),
        Misconception(
            "binary derivative",
            (lambda Y, Yhat: -Y / Yhat + (1 - Y) / (1 - Yhat),),
            did="You differentiated the binary cross-entropy, which has terms of 1 - y.",
            symptom="The entries of the wrong classes are above 1, and should be 0.",
            experiment="Count the entries that are not 0: there should be one for each sample.",
            looks_right="At the true class it is right, and for a single probability it is the "
            "whole derivative.",
        ),
        Misconception(
            "0/0 is nan",
            (
                lambda Y, Yhat: -Y / Yhat,
                lambda Y, Yhat: Y / Yhat,
                lambda Y, Yhat: -Y / Yhat / _samples(Y),
                lambda Y, Yhat: -Y / Yhat / Y.shape[-1],
            ),
            did="You divided 0 by 0 where a wrong class has probability 0.",
            symptom="nan in the gradient, and soon in every weight.",
            experiment="Print cce_gradient(np.array([1.0, 0.0]), np.array([1.0, 0.0])): [-1, 0] is "
            "right.",
            looks_right="It is the formula word for word, and softmax of ordinary scores never "
            "gives an exact 0.",
            shows_in="exact zeros",
        ),
        Misconception(
            "epsilon in the denominator",
            tuple(
                guarded
                for eps in EPSILONS
                for guarded in (
                    lambda Y, Yhat, eps=eps: -Y / (Yhat + eps),
                    lambda Y, Yhat, eps=eps: -Y / np.clip(Yhat, eps, 1.0),
                    lambda Y, Yhat, eps=eps: -Y / np.clip(Yhat, eps, 1.0 - eps),
                    lambda Y, Yhat, eps=eps: -Y / (Yhat + eps) / _samples(Y),
                )
            ),
            did="You added a small number to yhat, or clipped it, before dividing.",
            symptom="The gradient is far too small where the true class is very improbable.",
            experiment="Print the entry of a true class with probability 1e-20: it should be "
            "-1e20.",
            looks_right="Warnings are gone, and for ordinary probabilities the difference is tiny.",
            shows_in="exact zeros",
        ),
    ),
)


# --- softmax_jacobian -------------------------------------------------------------------------


def _activations(rng: Generator) -> list[Arguments]:
    return [(draws.forward_pass(rng, size).A[:, 0],) for size in draws.sizes(rng, 5)]


def _certain_activations(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size, gap in zip(draws.sizes(rng, 5), (1000.0, 1000.0, 15.0, 5.0, 2.0), strict=True):
        z = draws.far_apart(rng, size.K, int(rng.integers(size.K)), gap)
        fixtures.append((reference.softmax(z),))
    return fixtures


def _hand_out_jacobian(a: Array) -> Array:
    J = reference.softmax_jacobian(a)
    J[1, 2] = -a[1] * a[1]
    return J


SOFTMAX_JACOBIAN = Exercise(
    name="softmax_jacobian",
    problem_set="ps2",
    signature="softmax_jacobian(a) -> (K, K); a = softmax(z) of one sample, (K,)",
    reference=reference.softmax_jacobian,
    lesson="04_jacobian",
    criteria=(
        Criterion(
            "all entries",
            3.5,
            "Entry [i, k] tells how a_k changes with z_i: the matrix is symmetric and each of "
            "its rows and columns sums to 0.",
            _activations,
        ),
        Criterion(
            "certain predictions",
            1.5,
            "Where a is one-hot, exactly or nearly, the Jacobian is 0, exactly or nearly.",
            _certain_activations,
        ),
        Criterion("purity", 1.0, LEFT_ALONE, _activations, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "-a_1 a_1 off the diagonal",
            (_hand_out_jacobian, lambda a: _hand_out_jacobian(a).T),
            did="You copied the entry -a_1 a_1, a slip of the pen in an old hand-out.",
            symptom="The matrix is not symmetric; one row and one column do not sum to 0.",
            experiment="Print J - J.T: which entries are not 0?",
            looks_right="It stood in print, and where a_1 and a_2 are equal the matrix is right.",
        ),
        Misconception(
            "(I - a) * a",
            (lambda a: (np.eye(len(a)) - a.T) * a, lambda a: ((np.eye(len(a)) - a.T) * a).T),
            did="You wrote (I - a.T) * a with a 1-D a: there is no transpose, so a_k meets a_k.",
            symptom="Off the diagonal each column (or row) has only one value, and the sums are "
            "not 0.",
            experiment="Print J.sum(axis=0) and J.sum(axis=1): both should be 0.",
            looks_right="The shape and the diagonal are right, and for equal probabilities all of "
            "it is.",
        ),
        Misconception(
            "diagonal only",
            (lambda a: np.diag(a * (1 - a)), lambda a: np.diag(a)),
            did="You left out the entries off the diagonal: each score moves every probability.",
            symptom="The rows do not sum to 0.",
            experiment="Move z_0 a little: which entries of softmax(z) change?",
            looks_right="One thinks first of how a score moves its own probability, and that is "
            "the diagonal.",
        ),
        Misconception(
            "a vector a(1 - a)",
            (lambda a: a * (1 - a),),
            did="You gave the derivative of the sigmoid, one number for each class.",
            symptom="The shape is (K,), and should be (K, K).",
            experiment="Print softmax_jacobian(np.array([0.2, 0.3, 0.5])).shape.",
            looks_right="These are the right numbers of the diagonal, and for a sigmoid that is "
            "all there is.",
        ),
        Misconception(
            "+ a a^T",
            (
                lambda a: np.diag(a) + np.outer(a, a),
                lambda a: np.diag(a * (1 - a)) + (1 - np.eye(len(a))) * np.outer(a, a),
            ),
            did="You gave the products of two probabilities a plus, where they have a minus.",
            symptom="No entry is negative, though raising one score lowers the other classes.",
            experiment="Print J.sum(axis=1): it should be 0.",
            looks_right="The shape is right and the matrix is symmetric, as it should be.",
        ),
        Misconception(
            "softmax applied again",
            (lambda a: reference.softmax_jacobian(reference.softmax(a)),),
            did="You took softmax of the argument, which is a = softmax(z) already.",
            symptom="The rows sum to 0, but a confident prediction does not give a small Jacobian.",
            experiment="Print softmax_jacobian(np.array([1.0, 0.0, 0.0])): it should be 0.",
            looks_right="It is a right Jacobian, symmetric and with row sums of 0, but that of "
            "another point.",
        ),
        Misconception(
            "row sums",
            (lambda a: reference.softmax_jacobian(a).sum(axis=1),),
            did="You gave one 0 for each class, which is what every row of the Jacobian sums to.",
            symptom="The answer is 0 for every a, as the probabilities always sum to 1.",
            experiment="Print softmax_jacobian(a).shape, and its values for two different a.",
            looks_right="That every row sums to 0 is true, and a good test of the matrix.",
        ),
        Misconception(
            "inner product",
            (
                lambda a: np.diag(a) - np.dot(a, a.T),
                lambda a: np.diagflat(a) - np.dot(a, a),
            ),
            did="You multiplied a 1-D a by itself with @ or np.dot, which gives one number.",
            symptom="All entries off the diagonal are equal.",
            experiment="Print np.dot(a, a.T).shape for an a of shape (3,): should it be (3, 3)?",
            looks_right="On paper a times its transpose is a matrix, for there a is a column.",
        ),
        Misconception(
            "a_i (1 - a_k) everywhere",
            (lambda a: np.outer(a, 1 - a), lambda a: np.outer(1 - a, a)),
            did="You used the rule of the diagonal for all pairs of classes.",
            symptom="No entry is below 0.",
            experiment="Print the sign of J[0, 1]: raising z_0 takes probability from class 1.",
            looks_right="The diagonal is right, and the formula is that of the sigmoid.",
        ),
        Misconception(
            "without the diagonal matrix",
            (lambda a: -np.outer(a, a),),
            did="You left out the part that stands on the diagonal alone.",
            symptom="Every entry is 0 or below.",
            experiment="Print J[0, 0]: raising z_0 raises a_0, so that it should be positive.",
            looks_right="All entries off the diagonal are right, and those are most of them.",
        ),
    ),
)


# --- scores_gradient_x ------------------------------------------------------------------------


def _weights(rng: Generator) -> list[Arguments]:
    return [(draws.forward_pass(rng, size).W,) for size in draws.all_sizes(rng)]


SCORES_GRADIENT_X = Exercise(
    name="scores_gradient_x",
    problem_set="ps2",
    signature="scores_gradient_x(W) -> (D+1, K); W is (K, D+1)",
    reference=reference.scores_gradient_x,
    lesson="05_chain_rule",
    criteria=(
        Criterion(
            "layout",
            1.5,
            "Entry [j, k] tells how z_k changes with x_j: input shape first, then output shape.",
            _weights,
        ),
        Criterion("purity", 0.5, LEFT_ALONE, _weights, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "W itself",
            (lambda W: W,),
            did="You gave the numerator layout: output shape first.",
            symptom="The shape is (K, D+1), and should be (D+1, K).",
            experiment="Print scores_gradient_x(W).shape beside x.shape and z.shape.",
            looks_right="In the other layout it is right, and for a square W the shape agrees.",
        ),
        Misconception(
            "bias column dropped",
            (lambda W: W[:, :-1].T,),
            did="You left out the bias, though x here includes its 1.",
            symptom="The shape is (D, K): one row is missing.",
            experiment="Print scores_gradient_x(W).shape beside x.shape and z.shape.",
            looks_right="The bias feature is always 1, so that its slope is of no use to anybody.",
        ),
    ),
)


# --- scores_gradient_W ------------------------------------------------------------------------


def _samples_and_K(rng: Generator) -> list[Arguments]:
    return [(draws.features(rng, size.D, 1)[:, 0], size.K) for size in draws.all_sizes(rng)]


SCORES_GRADIENT_W = Exercise(
    name="scores_gradient_W",
    problem_set="ps2",
    signature="scores_gradient_W(x, K) -> (K, D+1, K); x is (D+1,)",
    reference=reference.scores_gradient_W,
    lesson="05_chain_rule",
    criteria=(
        Criterion(
            "third-order tensor",
            4.0,
            "Entry [i, j, k] tells how z_k changes with W[i, j]; only row k of W enters z_k, so "
            "K(D+1) entries are not 0.",
            _samples_and_K,
        ),
        Criterion("purity", 1.0, LEFT_ALONE, _samples_and_K, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "numerator layout",
            (lambda x, K: np.einsum("j,ik->kij", x, np.eye(K)),),
            did="You put the index of z first; here the shape of W comes first.",
            symptom="The shape is (K, K, D+1), and should be (K, D+1, K).",
            experiment="Print scores_gradient_W(x, K).shape[:2] beside W.shape.",
            looks_right="All the numbers are right, and many books put the index of the output "
            "first.",
        ),
        Misconception(
            "x in every slice",
            (lambda x, K: np.einsum("j,ik->ijk", x, np.ones((K, K))),),
            did="You wrote x for all i and k; z_k depends on row k of W only.",
            symptom="No entry is 0, and the tensor times a - y is exactly 0.",
            experiment="Print np.count_nonzero(scores_gradient_W(x, K)): K(D+1) are expected.",
            looks_right="The shape is right, and so is row k of slice k.",
        ),
        Misconception(
            "a matrix",
            (
                lambda x, K: np.outer(np.ones(K), x),
                lambda x, K: np.outer(x, np.ones(K)),
            ),
            did="You made an array with two indices; slopes of a vector by a matrix need three.",
            symptom="The answer has 2 dimensions, and should have 3.",
            experiment="Print scores_gradient_W(x, K).ndim: W has two axes and z has one.",
            looks_right="It holds every number of the tensor that is not 0: x, once for each "
            "class.",
        ),
        Misconception(
            "x itself",
            (lambda x, K: x, lambda x, K: x.reshape(1, -1), lambda x, K: x.reshape(-1, 1)),
            did="You gave the slope of one score by its own row of W, which is x.",
            symptom="It has D+1 entries, and K times K times as many are asked for.",
            experiment="Print scores_gradient_W(x, K).size for K = 3 and for K = 4.",
            looks_right="For one class alone, as in a regression, it is the whole answer.",
        ),
    ),
)


# --- chain_rule -------------------------------------------------------------------------------


def _classifier_chain(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size in draws.all_sizes(rng):
        run = draws.forward_pass(rng, size)
        # The first is almost certain, so that entries are tiny, and the slopes are large.
        a = run.A[:, 0] if fixtures else reference.softmax(draws.far_apart(rng, size.K, 0, 15.0))
        fixtures.append(
            (
                reference.scores_gradient_W(run.Xb[:, 0], size.K),
                reference.softmax_jacobian(a),
                rng.normal(size=size.K) * 1000,
            )
        )
    return fixtures


def _mixed_chain(rng: Generator) -> list[Arguments]:
    """Draw the factors of z = S W x, a = M softmax(z), where nothing is symmetric."""
    fixtures = []
    for size in [*draws.sizes(rng, 2), *draws.equal_sizes(rng, 2)]:
        run = draws.forward_pass(rng, size)
        S, M = rng.normal(size=(2, size.K, size.K))
        a = reference.softmax(S @ run.Z[:, 0])
        fixtures.append(
            (
                np.einsum("ki,j->ijk", S, run.Xb[:, 0]),
                reference.softmax_jacobian(a) @ M.T,
                rng.normal(size=size.K),
            )
        )
    return fixtures


def _chains(rng: Generator) -> list[Arguments]:
    return _classifier_chain(rng)[:2] + _mixed_chain(rng)[:1]


CHAIN_RULE = Exercise(
    name="chain_rule",
    problem_set="ps2",
    signature="chain_rule(dz_dW, da_dz, dL_da) -> (K, D+1); from (K, D+1, K), (K, K), (K,)",
    reference=reference.chain_rule,
    lesson="05_chain_rule",
    criteria=(
        Criterion(
            "the classifier",
            2.5,
            "The last axis of each factor, an output, is summed against the first axis of the "
            "next one, the same quantity as an input.",
            _classifier_chain,
        ),
        Criterion(
            "another network",
            1.0,
            "The chain multiplies left to right also where neither factor is symmetric.",
            _mixed_chain,
        ),
        Criterion("purity", 0.5, LEFT_ALONE, _chains, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "wrong axis",
            (
                lambda T, J, g: np.einsum("ijk,i->jk", T, J @ g),
                lambda T, J, g: np.einsum("ijk,j->ik", T, J @ g),
                lambda T, J, g: g @ J @ T,
            ),
            did="You summed over the wrong axis of dz/dW; its last axis is z.",
            symptom="The shape is not that of W, or the answer is transposed where W is square.",
            experiment="Write the axes of each factor by name: which name do neighbours share?",
            looks_right="einsum sums over whichever axis it is told to, and where the lengths "
            "agree nothing is raised.",
            shows_in="another network",
        ),
        Misconception(
            "elementwise",
            (
                lambda T, J, g: T * J * g,
                lambda T, J, g: (T * J * g).sum(axis=-1),
                lambda T, J, g: T * (J @ g),
                lambda T, J, g: T @ J * g,
            ),
            did="You multiplied entry by entry, and nothing was summed between two factors.",
            symptom="The answer still has three axes, or the shapes do not fit.",
            experiment="Print chain_rule(dz_dW, da_dz, dL_da).shape: it should be W's.",
            looks_right="Slopes that are single numbers are multiplied like this, and broadcasting "
            "often finds a fit.",
        ),
        Misconception(
            "Jacobian skipped",
            (lambda T, J, g: T @ g,),
            did="You left out the factor in the middle, da/dz.",
            symptom="The answer does not depend on da_dz.",
            experiment="Set da_dz to zeros: the gradient must become 0.",
            looks_right="The shape is right: dz_dW and dL_da fit together without the factor in "
            "the middle.",
        ),
        Misconception(
            "Jacobian transposed",
            (lambda T, J, g: T @ (J.T @ g),),
            did="You multiplied by the transpose of da/dz.",
            symptom="Wrong for a layer whose Jacobian is not symmetric.",
            experiment="Try da_dz = [[0, 1], [0, 0]]: only z_0 may have an effect on the loss.",
            looks_right="For softmax the numbers are the same, as its Jacobian is symmetric.",
        ),
    ),
)


# --- loss_gradient ----------------------------------------------------------------------------


def _weights_sample_label(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size in draws.all_sizes(rng):
        run = draws.forward_pass(rng, size)
        for n, label in enumerate((0, size.K - 1, int(rng.integers(1, size.K - 1)))):
            fixtures.append((run.W, run.Xb[:, n], draws.unit(label, size.K)))
    return fixtures


def _with_scores(run: draws.ForwardPass, z: Array) -> tuple[Array, Array]:
    """Return weights and sample of a forward pass, the bias set so that W x is z."""
    W, x = run.W.copy(), run.Xb[:, 0]
    W[:, -1] = z - W[:, :-1] @ x[:-1]
    return W, x


def _extreme_forward_passes(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size in draws.sizes(rng, 3):
        label = int(rng.integers(1, size.K))
        wrong = draws.other_label(rng, label, size.K)
        for z in (
            draws.close(rng, size.K, level=3000.0),
            draws.far_apart(rng, size.K, wrong),
            draws.far_apart(rng, size.K, label),
        ):
            run = draws.forward_pass(rng, size)
            fixtures.append((*_with_scores(run, z), draws.unit(label, size.K)))
    run = draws.forward_pass(rng, size)
    for z in (np.full(size.K, 1000.0), draws.close(rng, size.K, level=-1000.0)):
        fixtures.append((*_with_scores(run, z), draws.unit(0, size.K)))
    W, x = run.W.copy(), run.Xb[:, 0].copy()
    W[:, :-1], x[:-1] = 1e-4 * W[:, :-1], 1e4 * x[:-1]  # a slope that no clip leaves alone
    return [*fixtures, (W, x, draws.unit(0, size.K))]


def _some_forward_passes(rng: Generator) -> list[Arguments]:
    return _weights_sample_label(rng)[:3]


def _from_scores(
    grad_z: Callable[[Array, Array], Array], soft: Callable[[Array], Array] = reference.softmax
) -> Callable[..., Any]:
    """Return a loss gradient whose dL/dz is this function of a and y."""
    return lambda W, x, y: np.outer(grad_z(soft(W @ x), y), x)


def _unshifted(z: Array) -> Array:
    e = np.exp(z)
    return e / e.sum(axis=0)


def _difference(a: Array, y: Array) -> Array:
    return a - y


def _through_chain(a: Array, y: Array) -> Array:
    return reference.softmax_jacobian(a) @ (-y / a)


def _through_guarded_chain(guard: Callable[[Array], Array]) -> Callable[[Array, Array], Array]:
    return lambda a, y: reference.softmax_jacobian(a) @ (-y / guard(a))


def _one_sided(a: Array, y: Array) -> Array:
    return ((np.eye(len(a)) - a) * a) @ (-y / a)


def _diagonal(a: Array, y: Array) -> Array:
    return a * (1 - a) * (-y / a)


def _destroys_y(W: Array, x: Array, y: Array) -> Array:
    y -= reference.softmax(W @ x)
    return np.outer(-y, x)


def _destroys_y_reversed(W: Array, x: Array, y: Array) -> Array:
    y *= -1
    y += reference.softmax(W @ x)
    return np.outer(y, x)


def _takes_a_step(W: Array, x: Array, y: Array) -> Array:
    gradient = reference.loss_gradient(W, x, y)
    W -= gradient
    return gradient


LOSS_GRADIENT = Exercise(
    name="loss_gradient",
    problem_set="ps2",
    signature="loss_gradient(W, x, y) -> (K, D+1); x is (D+1,), y is one-hot (K,)",
    reference=reference.loss_gradient,
    lesson="05_chain_rule",
    # The long way round, link by link, is as good as a - y.
    needs=(
        "scores",
        "softmax",
        "cce_gradient",
        "softmax_jacobian",
        "scores_gradient_W",
        "chain_rule",
    ),
    criteria=(
        Criterion(
            "forward pass",
            4.0,
            "The gradient has the shape of W and agrees with small changes of each weight; each "
            "of its columns sums to 0.",
            _weights_sample_label,
        ),
        Criterion(
            "extreme scores",
            2.5,
            "The gradient is finite and right for scores of any size, also where a "
            "probability has become 0.",
            _extreme_forward_passes,
        ),
        Criterion("purity", 1.5, LEFT_ALONE, _some_forward_passes, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "sign",
            (_from_scores(lambda a, y: y - a), _from_scores(lambda a, y: y - a, _unshifted)),
            did="You subtracted the probabilities from the label, not the label from them.",
            symptom="Every entry has the wrong sign, and a step downhill goes uphill.",
            experiment="Compare one entry with numerical_gradient of the loss.",
            looks_right="Every size is right, and each column sums to 0 as it should.",
        ),
        Misconception(
            "transposed",
            (
                lambda W, x, y: np.outer(x, reference.softmax(W @ x) - y),
                lambda W, x, y: np.outer(x, _unshifted(W @ x) - y),
            ),
            did="You exchanged the factors of the outer product.",
            symptom="The shape is (D+1, K), and should be that of W.",
            experiment="Print loss_gradient(W, x, y).shape beside W.shape.",
            looks_right="All the numbers are right, and where W is square the shape is too.",
        ),
        Misconception(
            "label as a number",
            (
                _from_scores(lambda a, y: a - np.argmax(y)),
                _from_scores(lambda a, y: a - np.argmax(y), _unshifted),
            ),
            did="You subtracted the label's number from every probability, not its one-hot vector.",
            symptom="Column j sums to (1 - K label) x_j, and should sum to 0.",
            experiment="Print loss_gradient(W, x, y).sum(axis=0).",
            looks_right="Labels often are numbers, and NumPy takes a number from a vector without "
            "complaint.",
            lesson="03_cross_entropy",
        ),
        Misconception(
            "1-D Jacobian",
            (_from_scores(_one_sided), _from_scores(_one_sided, _unshifted)),
            did="You used (I - a.T) * a, which for a 1-D a is not the softmax Jacobian.",
            symptom="The row of the true class is right; all other rows are equal, p_true times x.",
            experiment="Print the rows of the wrong classes: should they all be equal?",
            looks_right="For equal probabilities it is exactly right, and in training the accuracy "
            "stays high.",
            lesson="07_sgd",
        ),
        Misconception(
            "diagonal Jacobian",
            (_from_scores(_diagonal), _from_scores(_diagonal, _unshifted)),
            did="You used only the diagonal a(1 - a) of the softmax Jacobian.",
            symptom="Only the row of the true class is not 0.",
            experiment="Print loss_gradient(W, x, y).sum(axis=0): it should be 0.",
            looks_right="The row of the true class is right, so that its score is moved as it "
            "should be.",
            lesson="04_jacobian",
        ),
        Misconception(
            "Jacobian skipped",
            (
                _from_scores(lambda a, y: -y / a),
                _from_scores(lambda a, y: -y / np.where(y == 0, 1, a)),
            ),
            did="You went from dL/da to the weights without the softmax Jacobian.",
            symptom="Only the row of the true class is not 0, and it grows as 1 / p_true.",
            experiment="Print loss_gradient(W, x, y).sum(axis=0): it should be 0.",
            looks_right="The shape is right, and a step against it raises the score of the true "
            "class.",
        ),
        Misconception(
            "Jacobian twice",
            (
                _from_scores(lambda a, y: reference.softmax_jacobian(a) @ (a - y)),
                _from_scores(lambda a, y: reference.softmax_jacobian(a) @ (a - y), _unshifted),
            ),
            did="You multiplied a - y by the softmax Jacobian, which a - y contains already.",
            symptom="The gradient is too small, and vanishes where a prediction is surely wrong.",
            experiment="Compare one entry with numerical_gradient of the loss.",
            looks_right="The shape is right, the columns sum to 0, and a step against it lowers "
            "the loss.",
            lesson="04_jacobian",
        ),
        Misconception(
            "label off by one",
            (
                _from_scores(lambda a, y: a - np.roll(y, 1)),
                _from_scores(lambda a, y: a - np.roll(y, -1)),
            ),
            did="You subtracted 1 at the class next to the true one.",
            symptom="The columns sum to 0, but the negative row is that of a neighbour.",
            experiment="Print the rows: which one has the sign opposite to x?",
            looks_right="Each column sums to 0: it is a right gradient, but for another label.",
            lesson="03_cross_entropy",
        ),
        Misconception(
            "a * y - y",
            (
                _from_scores(lambda a, y: a * y - y),
                _from_scores(lambda a, y: a * y - y, _unshifted),
            ),
            did="You multiplied the probabilities by y, which removes those of the wrong classes.",
            symptom="Only the row of the true class is not 0.",
            experiment="Print loss_gradient(W, x, y).sum(axis=0): it should be 0.",
            looks_right="The row of the true class is right, so that its score is moved as it "
            "should be.",
        ),
        Misconception(
            "no max shift",
            (_from_scores(_difference, _unshifted), _from_scores(_through_chain, _unshifted)),
            did="You took exp of the scores as they are, without subtracting the maximum first.",
            symptom="nan as soon as a score is above 709, where exp overflows.",
            experiment="Print your softmax of np.array([1000.0, 1000.0]): it should be one half "
            "twice.",
            looks_right="For scores of ordinary size all the numbers are the same.",
            lesson="02_softmax",
            shows_in="extreme scores",
        ),
        Misconception(
            "0/0 in the chain",
            (_from_scores(_through_chain),),
            did="You multiplied the Jacobian by -y/a, which is 0/0 where a probability is 0.",
            symptom="nan where the scores are more than 745 apart.",
            experiment="Try scores (0, -800): a - y is finite, and the product of factors is not.",
            looks_right="On paper the factors give a - y, and for scores of ordinary size in the "
            "computer too.",
            lesson="04_jacobian",
            shows_in="extreme scores",
        ),
        Misconception(
            "changes its inputs",
            (_destroys_y, _destroys_y_reversed, _takes_a_step),
            did="You computed in place, as y -= a does, and so changed an argument.",
            symptom="y or W is not the same after the call.",
            experiment="Call loss_gradient(W, x, y) twice with the same arrays and compare.",
            looks_right="The first call gives the right gradient, and nothing says that an "
            "argument has changed.",
            shows_in="purity",
        ),
        Misconception(
            "sigmoid slope too",
            tuple(
                _from_scores(grad_z, soft)
                for grad_z in (
                    lambda a, y: (a - y) * a * (1 - a),
                    lambda a, y: (y - a) * a * (1 - a),
                )
                for soft in (reference.softmax, _unshifted)
            ),
            did="You multiplied a - y by a(1 - a), the slope of a sigmoid, as well.",
            symptom="The columns do not sum to 0, and where a prediction is certain all is 0.",
            experiment="Print loss_gradient(W, x, y).sum(axis=0): should it be 0?",
            looks_right="With a squared error and a sigmoid this is the rule that books give.",
            lesson="04_jacobian",
        ),
        Misconception(
            "slope of the scores only",
            (
                lambda W, x, y: reference.softmax(W @ x) - y,
                lambda W, x, y: _unshifted(W @ x) - y,
            ),
            did="You stopped at the scores, one link before the weights.",
            symptom="The shape is (K,), and should be that of W.",
            experiment="Print loss_gradient(W, x, y).shape for two samples x of different length.",
            looks_right="It is a right slope, and the last factor, x, is easily forgotten.",
        ),
        Misconception(
            "epsilon in the chain",
            tuple(
                _from_scores(_through_guarded_chain(guard))
                for eps in EPSILONS
                for guard in (_added(eps), _clipped(eps, 1.0), _clipped(eps, 1.0 - eps))
            ),
            did="You kept the probability by which you divide away from 0: by a small number, a "
            "clip, or a 0 in place of the quotient.",
            symptom="Where the true class has probability 0 the gradient vanishes.",
            experiment="Try scores (0, -800) and class 1: the row of class 1 should be -x.",
            looks_right="Nothing is nan any more, and ordinary predictions hardly change.",
            lesson="04_jacobian",
            shows_in="extreme scores",
        ),
        Misconception(
            "divided by K",
            (
                _from_scores(lambda a, y: (a - y) / len(y)),
                _from_scores(lambda a, y: (a - y) / len(y), _unshifted),
            ),
            did="You divided by the number of classes; for one sample nothing is averaged.",
            symptom="The gradient is K times too small.",
            experiment="Compare one entry with numerical_gradient: by which factor is it off?",
            looks_right="len(y) is the number of samples where y holds the labels of a batch.",
        ),
    ),
)

EXERCISES = (
    NUMERICAL_GRADIENT,
    CCE_GRADIENT,
    SOFTMAX_JACOBIAN,
    SCORES_GRADIENT_X,
    SCORES_GRADIENT_W,
    CHAIN_RULE,
    LOSS_GRADIENT,
)
