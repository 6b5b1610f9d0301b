"""What the catalogue says of a mistake is so: where it looks right, it is right.

Each line has a call on which a catalogued wrong answer gives what the right one gives,
as its `looks_right` says; that it is wrong elsewhere, `test_exercises` shows.
"""

from __future__ import annotations

import numpy as np
import pytest

from autograder.catalogue.values import Rng, Step, observe_here
from softmax_by_hand import EXERCISES
from softmax_by_hand import lecture as reference

rng = np.random.default_rng(0)
D, K, N = 4, 3, 7
X, W = rng.normal(size=(D, N)), rng.normal(size=(K, D + 1))
y = np.array([0, 2, 1, 1, 0, 2, 0])
Xb, Y = reference.add_bias(X), reference.one_hot(y, K)
Z = W @ Xb
A, G = reference.softmax(Z), rng.normal(size=Z.shape)
W1, W2 = rng.normal(size=(5, D + 1)), rng.normal(size=(K, 6))
NO_BIAS = W * (np.arange(D + 1) < D)
EQUAL = np.full(K, 1 / K)
FORWARD, BACKWARD, FIT = Step("forward"), Step("backward"), Step("fit")
POSITIVE, ONES = np.abs(Z), np.ones(Z.shape)
ONE = (slice(None), slice(1))  # the first sample, as a batch
T = reference.scores_gradient_W(Xb[:, 0], K)


def cubes(w):
    return float(np.sum(w**3))


def forward_pass(layer_input, slopes):
    return FORWARD, layer_input, BACKWARD, slopes


LOOKS_RIGHT = [
    ("add_bias", "keeps integers", (X,)),
    ("one_hot", "K from the labels present", (y, K)),
    ("scores", "bias dropped", (NO_BIAS, Xb)),
    ("scores", "bias twice", (NO_BIAS, Xb)),
    ("scores", "W transposed", (W[:, :3] + W[:, :3].T, Xb[:3])),
    ("softmax", "whole-matrix sum", (Z[:, 0],)),
    ("softmax", "no max shift", (Z,)),
    ("softmax", "one global max", (Z,)),
    ("softmax", "subtracts the min", (Z,)),
    ("softmax", "changes z in place", (Z,)),
    ("cce", "sum instead of mean", (Y[:, 0], A[:, 0])),
    ("cce", "log of the mean", (Y[ONE], A[ONE])),
    ("cce", "row pick", (Y[:, 0], A[:, 0])),
    ("cce", "0 log 0 is nan", (Y, A)),
    ("cce", "clipped probabilities", (Y, A)),
    ("cce_from_scores", "log of softmax", (Z, y)),
    ("cce_from_scores", "one global max", (Z, y)),
    ("cce_from_scores", "no max shift", (Z, y)),
    ("cce_from_scores", "sum instead of mean", (Z[ONE], y[:1])),
    ("numerical_gradient", "integer steps lost", (cubes, W)),
    ("numerical_gradient", "h ignored", (cubes, W)),
    ("cce_gradient", "last row from y_0", (np.eye(3)[1], A[:, 0])),
    ("cce_gradient", "0/0 is nan", (Y, A)),
    ("softmax_jacobian", "-a_1 a_1 off the diagonal", (np.array([0.5, 0.25, 0.25]),)),
    ("softmax_jacobian", "(I - a) * a", (EQUAL,)),
    ("chain_rule", "Jacobian transposed", (T, reference.softmax_jacobian(A[:, 0]), G[:, 0])),
    ("loss_gradient", "1-D Jacobian", (0 * W, Xb[:, 0], Y[:, 0])),
    ("loss_gradient", "no max shift", (W, Xb[:, 0], Y[:, 0])),
    ("loss_gradient", "0/0 in the chain", (W, Xb[:, 0], Y[:, 0])),
    ("loss_gradient", "changes its inputs", (W, Xb[:, 0], Y[:, 0])),
    ("Softmax", "1-D Jacobian", forward_pass(Z[ONE], G[ONE])),
    ("Softmax", "last axis", forward_pass(Z[:, 0], G[:, 0])),
    ("Softmax", "samples mixed in backward", forward_pass(Z[:, 0], G[:, 0])),
    ("Softmax", "no max shift", forward_pass(Z, G)),
    ("Softmax", "spoils what it kept", forward_pass(Z, G)),
    ("Softmax", "first forward kept", forward_pass(Z, G)),
    ("Dense", "plus sign", (D, K, Rng(1), *forward_pass(X, G), 0.5)),
    ("Dense", "sum instead of mean", (D, K, Rng(1), *forward_pass(X[ONE], G[ONE]), 1.0, Step("W"))),
    ("Dense", "no update", (D, K, Rng(1), *forward_pass(X, G), 0.5)),
    ("Dense", "first data kept", (D, K, Rng(1), FORWARD, X, *forward_pass(X, G), 1.0, Step("W"))),
    ("sgd_epoch", "one step for all", (W, X, Y, 0.3, np.array([2]))),
    ("sgd_epoch", "order ignored", (W, X, Y, 0.3, np.arange(N))),
    ("sgd_epoch", "no max shift", (W, X, Y, 0.3, np.arange(N))),
    ("batch_indices", "remainder dropped", (12, 3, Rng(1))),
    ("batch_indices", "empty batch at the end", (11, 3, Rng(1))),
    ("batch_indices", "shared out evenly", (12, 3, Rng(1))),
    ("batch_gradient", "sum instead of mean", (W, Xb[ONE], Y[ONE])),
    ("batch_gradient", "divided by N twice", (W, Xb[ONE], Y[ONE])),
    ("batch_gradient", "whole-matrix sum", (W, Xb[ONE], Y[ONE])),
    ("batch_gradient", "first sample only", (W, Xb[ONE], Y[ONE])),
    ("train", "mean of batch means", (X[:, :6], Y[:, :6], 3, 2, 0.3, Rng(1))),
    ("train", "one batch an epoch", (X, Y, N, 2, 0.3, Rng(1))),
    ("train", "gradient summed", (X, Y, 1, 2, 0.3, Rng(1))),
    ("train", "same order each epoch", (X, Y, 3, 1, 0.3, Rng(1))),
    ("train", "loss never reset", (X, Y, 3, 1, 0.3, Rng(1))),
    ("train", "penalty forgotten", (X, Y, 3, 2, 0.3, Rng(1))),
    ("predict", "one place in all", (W, Xb[ONE])),
    ("accuracy", "all or nothing", (y, (y + 1) % K)),
    ("confusion_matrix", "each pair once", (np.array([0, 1, 2]), np.array([0, 2, 2]), K)),
    ("confusion_matrix", "K from the labels present", (y, y, K)),
    ("ReLU", "slope 1 everywhere", forward_pass(POSITIVE, G)),
    ("ReLU", "multiplied by the output", forward_pass(ONES, G)),
    ("ReLU", "sign of the upstream", forward_pass(POSITIVE, np.abs(G))),
    ("ReLU", "absolute value", forward_pass(POSITIVE, G)),
    ("ReLU", "leaky", forward_pass(POSITIVE, G)),
    ("ReLU", "upstream ignored", forward_pass(Z, ONES)),
    ("Tanh", "overflow", forward_pass(Z, G)),
    ("Tanh", "upstream ignored", forward_pass(Z, ONES)),
    ("Sigmoid", "overflow", forward_pass(Z, G)),
    ("Sigmoid", "upstream ignored", forward_pass(Z, ONES)),
    ("mse", "every pair of samples", (Z[0, :1], G[:1, :1])),
    ("mse", "sum instead of mean", (Z[0, :1], G[:1, :1])),
    ("mse_gradient", "every pair of samples", (Z[0, :1], G[:1, :1])),
    ("network_gradients", "sum instead of mean", (W1, W2, X[ONE], Y[ONE])),
    ("network_gradients", "divided by N twice", (W1, W2, X[ONE], Y[ONE])),
    ("network_gradients", "no max shift", (W1, W2, X, Y)),
    (
        "Network",
        "mean of batch means",
        (D, 5, K, Rng(1), FIT, X[:, :6], Y[:, :6], 3, 2, 0.3, Rng(2)),
    ),
]


@pytest.mark.parametrize(
    ("exercise", "mistake", "call"),
    [pytest.param(*line, id=f"{line[0]}: {line[1]}") for line in LOOKS_RIGHT],
)
def test_where_a_mistake_looks_right_it_is_right(exercise, mistake, call):
    entry = EXERCISES[exercise]
    (wrong,) = [m.wrong[0] for m in entry.misconceptions if m.name == mistake]
    with np.errstate(all="ignore"):
        yours, right = observe_here(wrong, call), observe_here(entry.reference, call)
    assert (yours.error, right.error) == (None, None)
    assert_same(yours.value, right.value)


def assert_same(yours, right):
    if isinstance(right, dict):
        assert yours.keys() == right.keys()
        yours, right = list(yours.values()), list(right.values())
    if isinstance(right, (list, tuple)):
        assert len(yours) == len(right)
        for one, other in zip(yours, right, strict=True):
            assert_same(one, other)
    elif right is not None:
        assert np.shape(yours) == np.shape(right)
        np.testing.assert_allclose(yours, right, rtol=1e-9, atol=1e-12)
