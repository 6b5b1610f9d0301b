"""What a card says of a mistake is so: each claim is tried on every face of the mistake.

For each mistake of ps1 and ps2 what its symptom or its experiment says, as a function of the
wrong function.  It must be true of every face, and not of the right answer.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from softmax_by_hand import CATALOGUE, EXERCISES
from softmax_by_hand import lecture as r

RNG = np.random.default_rng(3)
X, X_INT = RNG.normal(size=(3, 5)), np.array([[2, 3, 4], [5, 6, 7]])
W, XB = RNG.normal(size=(3, 4)), np.vstack((RNG.normal(size=(3, 6)), np.ones(6)))
SQUARE_W, SQUARE_XB = RNG.normal(size=(4, 4)), np.vstack((RNG.normal(size=(3, 4)), np.ones(4)))
ONLY_BIAS = np.vstack((np.zeros((3, 6)), np.ones(6)))
Z = RNG.normal(size=(3, 5)) + 0.1
Z_SQUARE = RNG.normal(size=(3, 3))
LABELS = np.array([0, 2, 1, 2, 0])
Y, A = r.one_hot(LABELS, 3), r.softmax(Z)
y, a = Y[:, 0], A[:, 0]
GOOD = np.array([[0.9, 0.1, 0.05], [0.05, 0.8, 0.05], [0.05, 0.1, 0.9]])
SURE, NEVER = np.array([1.0, 0.0]), np.array([0.0, 1.0])
SURES, NEVERS = (np.stack((v, v), axis=1) for v in (SURE, NEVER))
FAR = np.array([[0.0], [-800.0]]), np.array([1])
WEIGHTS = RNG.normal(size=(3, 4))
SAMPLE = np.append(RNG.normal(size=3), 1.0)
T = r.scores_gradient_W(SAMPLE, 3)
J, SLOPES = RNG.normal(size=(3, 3)), RNG.normal(size=3)


def shape(value):
    """Return the shape of anything."""
    return np.shape(value)


def spoils(f, *arguments):
    """Tell whether a call changes an argument."""
    kept = [argument.copy() for argument in arguments]
    f(*arguments)
    return not all(map(np.array_equal, kept, arguments))


def raises(f, *arguments):
    """Tell whether a call raises."""
    try:
        f(*arguments)
    except (ValueError, IndexError, TypeError):
        return True
    return False


def weights(f, scale=0.01, seed=0):
    """Return weights of nine classes and a hundred features."""
    return f(100, 9, np.random.default_rng(seed), scale)


def moves_global_state(f):
    """Tell whether numpy.random is elsewhere after a call."""
    np.random.seed(1)  # noqa: NPY002
    f(4, 3, np.random.default_rng(0))
    return np.random.random() != np.random.RandomState(1).random()  # noqa: NPY002


def cubes(x):
    """Return the sum of cubes, whose slope at 1 is 3."""
    return float(np.sum(np.asarray(x, dtype=float) ** 3))


def total(x):
    """Return the sum, whose slopes are 1."""
    return float(np.sum(x))


def error_at(f, h):
    """Return by how much the slope of x**3 at 1 is off."""
    return abs(float(np.ravel(f(cubes, np.ones(1), h))[0]) - 3)


def gradient(f):
    """Return the gradient of one sample's loss."""
    return f(WEIGHTS.copy(), SAMPLE.copy(), y.copy())


def with_scores(*scores):
    """Return weights and a sample with these scores."""
    return np.array([[0.0, score] for score in scores]), np.array([0.5, 1.0])


def close(one, other):
    """Tell whether two values are equal up to rounding."""
    return shape(one) == shape(other) and np.allclose(one, other, rtol=1e-6, atol=1e-9)


CLAIMS = {
    "add_bias": {
        "ones first": lambda f: close(f(X)[0], np.ones(5)) and close(f(X)[-1], X[-1]),
        "adds a sample": lambda f: shape(f(X)) == (3, 6),
        "zeros": lambda f: close(f(X)[-1], np.zeros(5)),
        "changes X": lambda f: spoils(f, X.copy()),
        "keeps integers": lambda f: f(X_INT).dtype == X_INT.dtype,
    },
    "init_weights": {
        "no bias column": lambda f: shape(weights(f)) == (9, 100),
        "transposed": lambda f: shape(weights(f)) == (101, 9),
        "global generator": moves_global_state,
        "uniform": lambda f: np.abs(weights(f)).max() <= 0.01,
        "scale ignored": lambda f: close(weights(f, 5.0), weights(f, 0.01)),
        "all alike": lambda f: weights(f).std() < 1e-12,
        "own generator": lambda f: close(weights(f, seed=1), weights(f, seed=2)),
    },
    "one_hot": {
        "samples as rows": lambda f: shape(f(LABELS, 3)) == (5, 3),
        "K from the labels present": lambda f: 2 in shape(f(np.array([0, 1, 0]), 3)),
        "samples as rows, K from the labels": lambda f: (
            shape(f(LABELS, 3)) == (5, 3) and 3 not in shape(f(np.array([0, 1, 0, 1]), 3))
        ),
        "labels from 1": lambda f: close(abs(f(LABELS, 3) - Y).sum(axis=0), np.full(5, 2.0)),
        "integers or booleans": lambda f: f(LABELS, 3).dtype.kind in "ib",
        "K fixed at 10": lambda f: 10 in shape(f(np.array([0, 1, 0]), 3)),
        "one vector for all": lambda f: 5 not in shape(f(LABELS, 3)),
    },
    "scores": {
        "bias dropped": lambda f: close(f(W, XB) + W[:, -1:], W @ XB),
        "bias twice": lambda f: close(f(W, XB) - W[:, -1:], W @ XB),
        "elementwise": lambda f: raises(f, W, XB) and close(f(np.eye(3), np.eye(3)), np.eye(3)),
        "W transposed": lambda f: raises(f, W, XB) and not raises(f, SQUARE_W, SQUARE_XB),
        "factors exchanged": lambda f: raises(f, W, XB) or shape(f(W, XB)) == (6, 3),
        "bias first": lambda f: close(f(W, ONLY_BIAS), np.outer(W[:, 0], np.ones(6))),
    },
    "softmax": {
        "whole-matrix sum": lambda f: close(f(Z).sum(), 1.0) and close(f(Z[:, 0]).sum(), 1.0),
        "axis=1": lambda f: close(f(np.zeros((3, 1))), np.ones((3, 1))),
        "no max shift": lambda f: np.isnan(f(np.full((2, 2), 1000.0))).all(),
        "one global max": lambda f: np.isnan(f(np.array([[1000.0, -5], [999, -6]]))[:, 1]).all(),
        "subtracts the min": lambda f: np.isnan(f(np.array([1000.0, -1000.0]))).any(),
        "exp(z) - max": lambda f: not close(f(Z), f(Z + 1)) and close(f(Z).sum(axis=0), np.ones(5)),
        "no exponential": lambda f: (f(np.array([-1.0, 0.0, 2.0])) < 0).any(),
        "base 2": lambda f: close(f(np.array([0.0, 1.0]))[1] / f(np.array([0.0, 1.0]))[0], 2.0),
        "sigmoid": lambda f: close(f(np.zeros(4)).sum(), 2.0),
        "divides by the max": lambda f: (
            close(f(Z[:, 0]).max(), 1.0) or close(f(abs(Z)), f(3 * abs(Z)))
        ),
        "changes z in place": lambda f: spoils(f, Z.copy()),
        "missing keepdims": lambda f: (
            raises(f, Z) and not close(f(Z_SQUARE).sum(axis=0), np.ones(3))
        ),
        "shares of z - max": lambda f: f(np.array([0.0, 1.0, 3.0]))[2] == 0,
        "log-probabilities": lambda f: (f(Z) <= 1e-12).all() and not close(f(a).sum(), 1.0),
        "clipped scores": lambda f: close(*f(np.array([1000.0, 1001.0]))),
        "epsilon in the sum": lambda f: 0 < 1 - f(np.array([0.0, 1.0])).sum() < 1e-4,
    },
    "cce": {
        "sum instead of mean": lambda f: close(f(Y, A), 5 * r.cce(Y, A)),
        "mean over all entries": lambda f: close(f(Y, A), r.cce(Y, A) / 3),
        "log base 2": lambda f: close(f(Y, A), r.cce(Y, A) / np.log(2)),
        "log base 10": lambda f: close(f(Y, A), r.cce(Y, A) / np.log(10)),
        "sign": lambda f: f(Y, A) < 0,
        "binary cross-entropy": lambda f: (
            not close(f(y, np.array([0.5, 0.5, 0])), f(y, np.array([0.5, 0.3, 0.2])))
        ),
        "log of the mean": lambda f: f(Y, A) < r.cce(Y, A) - 1e-6,
        "1 - p": lambda f: f(np.array([1.0, 0]), np.array([0.001, 0.999])) < 1,
        "row pick": lambda f: (
            not close(np.mean(f(Y, A)), np.mean([f(Y[:, [n]], A[:, [n]]) for n in range(5)]))
        ),
        "0 log 0 is nan": lambda f: np.isnan(f(SURES, SURES)),
        "epsilon inside the log": lambda f: f(SURES, SURES) < 0 and np.isfinite(f(NEVERS, SURES)),
        "clipped probabilities": lambda f: np.isfinite(f(NEVERS, SURES)),
        "divided by K": lambda f: close(f(Y, A), r.cce(Y, A) * 5 / 3),
        "one loss for each sample": lambda f: shape(f(Y, A)) == (5,),
        "squared error": lambda f: np.isfinite(f(NEVER, SURE)),
        "log of the whole sum": lambda f: f(np.eye(3), GOOD) < 0,
    },
    "cce_from_scores": {
        "log of softmax": lambda f: not np.isfinite(f(*FAR)),
        "clipped probabilities": lambda f: not np.isfinite(f(*FAR)) or f(*FAR) < 40,
        "max not added back": lambda f: not close(f(Z, LABELS), f(Z + 1, LABELS)),
        "one global max": lambda f: (
            not np.isfinite(f(np.array([[1000.0, -1000], [1000, -1000]]), np.array([0, 1])))
        ),
        "no max shift": lambda f: np.isinf(f(np.array([[1000.0], [1000.0]]), np.array([0]))),
        "sum instead of mean": lambda f: close(f(Z, LABELS), 5 * r.cce_from_scores(Z, LABELS)),
        "shifted by the true score": lambda f: np.isinf(
            f(np.array([[0.0], [-720.0]]), np.array([1]))
        ),
        "whole-matrix sum": lambda f: (
            f(np.hstack((Z, Z)), np.tile(LABELS, 2)) > f(Z, LABELS) + 0.1
            and close(f(Z[:, :1], LABELS[:1]), r.cce_from_scores(Z[:, :1], LABELS[:1]))
        ),
        "sign": lambda f: f(Z, LABELS) < 0,
        "one loss for each sample": lambda f: shape(f(Z, LABELS)) == (5,),
        "divided by K": lambda f: close(f(Z, LABELS), r.cce_from_scores(Z, LABELS) * 5 / 3),
    },
    "numerical_gradient": {
        "forward difference": lambda f: 8 < error_at(f, 0.1) / error_at(f, 0.01) < 12,
        "missing factor 2": lambda f: close(f(total, np.ones(3)), np.full(3, 2.0)),
        "not restored": lambda f: not close(f(np.prod, np.ones(2), 0.5), np.ones(2)),
        "integer steps lost": lambda f: not close(f(np.mean, np.array([1, 2])), np.full(2, 0.5)),
        "one number for all entries": lambda f: np.allclose(f(total, np.ones((2, 3))), 6.0),
        "h ignored": lambda f: close(f(cubes, np.ones(1), 1.0), f(cubes, np.ones(1), 0.1)),
        "whole rows moved": lambda f: np.allclose(f(total, np.ones((2, 3))), 3.0),
    },
    "cce_gradient": {
        "sign": lambda f: (f(y, a) >= 0).all(),
        "-1/yhat everywhere": lambda f: np.count_nonzero(f(Y, A)) == 15,
        "last row from y_0": lambda f: f(np.array([0, 0, 1.0]), a)[2] == 0,
        "yhat - y": lambda f: (abs(f(Y, A.copy())) < 1).all(),
        "divided by N": lambda f: close(5 * f(Y, A)[:, 0], r.cce_gradient(y, a)),
        "binary derivative": lambda f: (f(Y, A)[Y == 0] > 1).all(),
        "0/0 is nan": lambda f: np.isnan(f(SURE, SURE)).any(),
        "epsilon in the denominator": lambda f: (
            abs(f(np.array([1.0, 0]), np.array([1e-20, 1.0]))[0]) < 1e19
        ),
    },
    "softmax_jacobian": {
        "-a_1 a_1 off the diagonal": lambda f: not close(f(a), f(a).T),
        "(I - a) * a": lambda f: (
            min(np.ptp(np.delete(f(a)[0], 0)), np.ptp(np.delete(f(a)[:, 0], 0))) < 1e-12
            and not close(f(a).sum(axis=0), np.zeros(3))
        ),
        "diagonal only": lambda f: not np.any(f(a)[~np.eye(3, dtype=bool)]),
        "a vector a(1 - a)": lambda f: shape(f(a)) == (3,),
        "+ a a^T": lambda f: (f(a) >= 0).all(),
        "softmax applied again": lambda f: abs(f(np.array([1.0, 0, 0]))).max() > 0.1,
        "row sums": lambda f: close(f(a), np.zeros(3)),
        "inner product": lambda f: np.ptp(f(a)[~np.eye(3, dtype=bool)]) < 1e-12,
        "a_i (1 - a_k) everywhere": lambda f: (f(a) >= 0).all(),
        "without the diagonal matrix": lambda f: (f(a) <= 0).all(),
    },
    "scores_gradient_x": {
        "W itself": lambda f: shape(f(W)) == (3, 4),
        "bias column dropped": lambda f: shape(f(W)) == (3, 3),
    },
    "scores_gradient_W": {
        "numerator layout": lambda f: shape(f(SAMPLE, 3)) == (3, 3, 4),
        "x in every slice": lambda f: close(f(SAMPLE, 3) @ (a - y), np.zeros((3, 4))),
        "a matrix": lambda f: np.ndim(f(SAMPLE, 3)) == 2,
        "x itself": lambda f: np.size(f(SAMPLE, 3)) == 4,
    },
    "chain_rule": {
        "wrong axis": lambda f: raises(f, T, J, SLOPES) or shape(f(T, J, SLOPES)) != (3, 4),
        "elementwise": lambda f: raises(f, T, J, SLOPES) or np.ndim(f(T, J, SLOPES)) == 3,
        "Jacobian skipped": lambda f: close(f(T, J, SLOPES), f(T, 0 * J, SLOPES)),
        "Jacobian transposed": lambda f: close(f(T, J, SLOPES), T @ J.T @ SLOPES),
    },
    "loss_gradient": {
        "sign": lambda f: close(gradient(f), -gradient(r.loss_gradient)),
        "transposed": lambda f: shape(gradient(f)) == (4, 3),
        "label as a number": lambda f: close(
            f(WEIGHTS, SAMPLE, Y[:, 1]).sum(axis=0), (1 - 3 * 2) * SAMPLE
        ),
        "1-D Jacobian": lambda f: close(gradient(f)[1], gradient(f)[2]),
        "diagonal Jacobian": lambda f: close(gradient(f)[1:], np.zeros((2, 4))),
        "Jacobian skipped": lambda f: close(gradient(f)[1:], np.zeros((2, 4))),
        "Jacobian twice": lambda f: abs(gradient(f)).max() < abs(gradient(r.loss_gradient)).max(),
        "label off by one": lambda f: (gradient(f) / SAMPLE)[0, 0] > 0,
        "a * y - y": lambda f: close(gradient(f)[1:], np.zeros((2, 4))),
        "no max shift": lambda f: np.isnan(f(*with_scores(1000, 1000), SURE)).any(),
        "0/0 in the chain": lambda f: np.isnan(f(*with_scores(0, -800), SURE)).any(),
        "changes its inputs": lambda f: spoils(f, WEIGHTS.copy(), SAMPLE.copy(), y.copy()),
        "sigmoid slope too": lambda f: not close(gradient(f).sum(axis=0), np.zeros(4)),
        "slope of the scores only": lambda f: shape(gradient(f)) == (3,),
        "epsilon in the chain": lambda f: abs(f(*with_scores(0, -800), NEVER)).max() < 1e-9,
        "divided by K": lambda f: close(3 * gradient(f), gradient(r.loss_gradient)),
    },
}  # fmt: skip


def true_of(claim, function):
    """Tell whether a claim is true of a function."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return bool(claim(function))


@pytest.mark.parametrize(
    "exercise", [*CATALOGUE.assignments["ps1"], *CATALOGUE.assignments["ps2"]], ids=lambda e: e.name
)
def test_every_mistake_has_a_claim_that_can_be_tried(exercise):
    assert set(CLAIMS[exercise.name]) == {m.name for m in exercise.misconceptions}


@pytest.mark.parametrize(
    ("exercise", "name"), [(exercise, name) for exercise, of in CLAIMS.items() for name in of]
)
def test_what_is_said_of_a_mistake_is_true_of_each_of_its_faces(exercise, name):
    claim = CLAIMS[exercise][name]
    mistake = next(m for m in EXERCISES[exercise].misconceptions if m.name == name)
    untrue = [i for i, face in enumerate(mistake.wrong) if not true_of(claim, face)]
    assert untrue == []


@pytest.mark.parametrize(
    ("exercise", "name"), [(exercise, name) for exercise, of in CLAIMS.items() for name in of]
)
def test_what_is_said_of_a_mistake_is_not_true_of_the_right_answer(exercise, name):
    try:
        told = true_of(CLAIMS[exercise][name], EXERCISES[exercise].reference)
    except (ValueError, IndexError):  # of another shape, so there is no difference to take
        told = False
    assert not told
