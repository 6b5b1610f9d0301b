"""What is right passes `checks.py`, what is wrong fails with one line and a hint."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import right_answers
import test_exercises
import test_later_exercises
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from test_later_exercises import STYLES

from autograder.checking import kit as checks
from autograder.checking.kit import check
from softmax_by_hand import CATALOGUE, EXERCISES
from softmax_by_hand import lecture as reference
from softmax_by_hand.ps3 import is_softmax as of_is_softmax

checks.offer(*((exercise.signature, exercise.properties) for exercise in EXERCISES.values()))
checks.GRADER_HAS |= {"numpy", "matplotlib"}

# What the notebook of problem set 3 gives: `check(is_softmax)` has no softmax of its own.
for module in (test_later_exercises, right_answers, of_is_softmax):
    vars(module).setdefault("softmax", reference.softmax)

ROOT = Path(__file__).parents[1]
SOURCE = Path(checks.__file__).read_text(encoding="utf-8")


def problem(function: Any, name: str | None = None) -> str:
    """Return the line that a failing check raises."""
    with pytest.raises(AssertionError) as caught:
        check(function, name)
    line = str(caught.value)
    assert line
    assert "\n" not in line
    return line


def card_of(function: Any, name: str | None = None) -> checks.Card:
    card, _ = checks.look_at(function, name)
    assert card is not None
    return card


# --- Right answers, in several styles -----------------------------------------------------


def softmax_by_transposing(z):
    rows = np.atleast_2d(z.T)
    powers = np.exp(rows - rows.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).T.reshape(z.shape)


def softmax_by_loops(z):
    if z.ndim == 1:
        powers = np.array([np.exp(entry - max(z)) for entry in z])
        return powers / sum(powers)
    return np.column_stack([softmax_by_loops(column) for column in z.T])


def softmax_by_logarithms(z):
    return np.exp(z - np.logaddexp.reduce(z, axis=0))


def softmax_that_warns(z):
    warnings.warn("be careful", stacklevel=1)
    np.log(np.zeros(1))
    return reference.softmax(z)


def cce_by_picking(Y, Yhat):
    return -np.log(Yhat[Y == 1]).mean()


def cce_by_loops(Y, Yhat):
    if Y.ndim == 1:
        return -sum(np.log(p) for y, p in zip(Y, Yhat, strict=True) if y > 0)
    return sum(cce_by_loops(Y[:, n], Yhat[:, n]) for n in range(Y.shape[1])) / Y.shape[1]


def cce_of_chances(Y, Yhat):
    return np.mean(-np.log((Y * Yhat).sum(axis=0)))


def cce_from_scores_by_columns(Z, y):
    if Z.ndim == 1:
        return np.logaddexp.reduce(Z) - Z[y]
    losses = [np.logaddexp.reduce(Z[:, n]) - Z[y[n], n] for n in range(Z.shape[1])]
    return np.array(losses).mean(keepdims=False)


def init_weights_by_normal(D, K, rng, scale=0.01):
    return rng.normal(0.0, scale, size=(K, D + 1))


def init_weights_row_by_row(D, K, rng, scale=0.01):
    return np.array([scale * rng.standard_normal(D + 1) for _ in range(K)])


def one_hot_by_loops(y, K):
    Y = np.zeros((K, len(y)))
    for n, label in enumerate(y):
        Y[label, n] = 1
    return Y


def one_hot_by_comparing(y, K):
    return (np.arange(K)[:, None] == y).astype(float)


def add_bias_by_filling(X):
    Xb = np.ones((X.shape[0] + 1, X.shape[1]))
    Xb[:-1] = X
    return Xb


def scores_by_einsum(W, Xb):
    return np.einsum("kj,j...->k...", W, Xb)


def numerical_gradient_of_the_flat_array(f, W, h=1e-5):
    flat, steps = W.astype(float).ravel(), h * np.eye(W.size)
    up = [f((flat + step).reshape(W.shape)) for step in steps]
    down = [f((flat - step).reshape(W.shape)) for step in steps]
    return (np.array(up) - np.array(down)).reshape(W.shape) / (2 * h)


def numerical_gradient_that_restores(f, W, h=1e-5):
    W = np.array(W, dtype=float)
    gradient = np.zeros(W.shape)
    for index in np.ndindex(W.shape):
        kept = W[index]
        W[index] = kept + h
        up = f(W)
        W[index] = kept - h
        gradient[index] = (up - f(W)) / (2 * h)
        W[index] = kept
    return gradient


def cce_gradient_by_dividing_where(Y, Yhat):
    return np.divide(-Y, Yhat, out=np.zeros_like(Yhat), where=Y != 0)


def cce_gradient_cleaned(Y, Yhat):
    return np.nan_to_num(-Y / Yhat, nan=0.0)


def softmax_jacobian_by_loops(a):
    K = len(a)
    J = np.zeros((K, K))
    for i in range(K):
        for k in range(K):
            J[i, k] = a[i] * ((i == k) - a[k])
    return J


def softmax_jacobian_by_broadcasting(a):
    return a[:, None] * (np.eye(len(a)) - a)


def scores_gradient_x_by_copying(W):
    return np.ascontiguousarray(W.T)


def scores_gradient_W_by_loops(x, K):
    T = np.zeros((K, len(x), K))
    for k in range(K):
        T[k, :, k] = x
    return T


def chain_rule_by_einsum(dz_dW, da_dz, dL_da):
    return np.einsum("ijk,kl,l->ij", dz_dW, da_dz, dL_da)


def chain_rule_from_the_right(dz_dW, da_dz, dL_da):
    return np.dot(dz_dW, np.dot(da_dz, dL_da))


def loss_gradient_by_rows(W, x, y):
    a = softmax_by_logarithms(W @ x)
    return np.array([(a[k] - y[k]) * x for k in range(len(y))])


RIGHT = {
    "add_bias": [add_bias_by_filling, lambda X: np.r_[X, np.ones((1, X.shape[1]))]],
    "init_weights": [init_weights_by_normal, init_weights_row_by_row],
    "one_hot": [one_hot_by_loops, one_hot_by_comparing, lambda y, K: np.eye(K)[y].T],
    "scores": [scores_by_einsum, lambda W, Xb: (Xb.T @ W.T).T, np.dot],
    "softmax": [
        softmax_by_transposing,
        softmax_by_loops,
        softmax_by_logarithms,
        softmax_that_warns,
        lambda z, extra=None: reference.softmax(z),
        lambda *z: reference.softmax(*z),
    ],
    "cce": [cce_by_picking, cce_by_loops, cce_of_chances],
    "cce_from_scores": [cce_from_scores_by_columns],
    "numerical_gradient": [numerical_gradient_of_the_flat_array, numerical_gradient_that_restores],
    "cce_gradient": [cce_gradient_by_dividing_where, cce_gradient_cleaned],
    "softmax_jacobian": [softmax_jacobian_by_loops, softmax_jacobian_by_broadcasting],
    "scores_gradient_x": [scores_gradient_x_by_copying],
    "scores_gradient_W": [scores_gradient_W_by_loops],
    "chain_rule": [chain_rule_by_einsum, chain_rule_from_the_right],
    "loss_gradient": [loss_gradient_by_rows],
}


@pytest.mark.parametrize("name", checks.EXERCISES)
def test_the_lecture_s_own_functions_pass(name, capsys):
    assert check(getattr(reference, name)) is None
    assert "hold" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "function"),
    [(name, function) for name, functions in RIGHT.items() for function in functions],
)
def test_a_right_function_passes_however_it_is_written(name, function):
    assert check(function, name) is None


@pytest.mark.parametrize(
    ("name", "function"),
    [
        pytest.param(name, function, id=f"{name}-{style}")
        for bank in (test_exercises.RIGHT, STYLES)
        for name, functions in bank.items()
        for style, function in functions.items()
    ],
)
def test_what_the_grader_takes_for_right_passes(name, function):
    assert check(function, name) is None


# --- Wrong answers ------------------------------------------------------------------------


def adds_bias_in_place(X):
    X += 0.0 * X + 1.0
    return np.vstack((X - 1.0, np.ones(X.shape[1])))


def init_weights_that_seed_globally(D, K, rng, scale=0.01):
    np.random.seed(0)  # noqa: NPY002
    return scale * rng.standard_normal((K, D + 1))


def init_weights_after_a_first_draw(D, K, rng, scale=0.01):
    rng.standard_normal()
    return scale * rng.standard_normal((K, D + 1))


def one_hot_from_one(y, K):
    return np.eye(K + 1)[1:, y]


def one_hot_flattened(y, K):
    Y = np.zeros((K, len(y)))
    Y[:, y.max()] = 1
    return Y


def softmax_in_place(z):
    z -= z.max(axis=0)
    return np.exp(z) / np.exp(z).sum(axis=0)


def softmax_in_place_for_a_batch(z):
    return softmax_in_place(z) if z.ndim > 1 else reference.softmax(z)


def softmax_two_dimensional_only(z):
    return np.exp(z - z.max(axis=1, keepdims=True))


def softmax_remembering(z, seen={}):  # noqa: B006
    seen["calls"] = seen.get("calls", 0) + 1
    return reference.softmax(z) / seen["calls"]


def binary_cross_entropy(Y, Yhat):
    losses = -Y * np.log(Yhat) - (1 - Y) * np.log(1 - Yhat)
    return losses.sum(axis=0).mean()


def cce_with_zero_rule(Y, Yhat, log=np.log):
    return -(Y * log(np.where(Y == 0, 1, Yhat))).sum(axis=0)


def true_scores(Z, y):
    return Z[y] if Z.ndim == 1 else Z[y, np.arange(y.size)]


def cce_from_scores_by_softmax(Z, y):
    return -np.log(true_scores(reference.softmax(Z), y)).mean()


def cce_from_scores_clipped(smallest):
    def cce_from_scores(Z, y):
        return -np.log(np.clip(true_scores(reference.softmax(Z), y), smallest, 1)).mean()

    return cce_from_scores


def cce_from_scores_summed(Z, y):
    return reference.cce_from_scores(Z, y) * np.size(y)


def differences(step_down, divisor):
    def numerical_gradient(f, W, h=1e-5):
        W = np.array(W, dtype=float)
        gradient = np.zeros(W.shape)
        for index in np.ndindex(W.shape):
            step = np.zeros(W.shape)
            step[index] = h
            gradient[index] = (f(W + step) - f(W - step_down * step)) / (divisor * h)
        return gradient

    return numerical_gradient


def numerical_gradient_restored_by_adding(f, W, h=1e-5):
    gradient = np.zeros(W.shape)
    for index in np.ndindex(W.shape):
        W[index] += h
        up = f(W)
        W[index] -= 2 * h
        gradient[index] = (up - f(W)) / (2 * h)
        W[index] += h
    return gradient


def cce_gradient_typo(Y, Yhat):
    gradient = reference.cce_gradient(Y, Yhat)
    gradient[2] = -Y[0] / Yhat[2]
    return gradient


def loss_gradient_through(jacobian):
    def loss_gradient(W, x, y):
        a = reference.softmax(W @ x)
        return np.outer(jacobian(a) @ (-y / a), x)

    return loss_gradient


def diagonal(a):
    return np.diag(a * (1 - a))


def twice(a):
    return reference.softmax_jacobian(a) @ reference.softmax_jacobian(a)


def delta(W, x, y):
    return reference.softmax(W @ x) - y


OWN: dict[str, dict[str, Callable[..., Any]]] = {
    "add_bias": {
        "changes X": adds_bias_in_place,
        "overwrites the last feature": lambda X: np.vstack((X[:-1], np.ones((2, X.shape[1])))),
        "appends in 1-D": lambda X: np.append(X, np.ones(X.shape[1])),
    },
    "init_weights": {
        "transposed": lambda D, K, rng, scale=0.01: scale * rng.standard_normal((D + 1, K)).T,
        "seeds globally": init_weights_that_seed_globally,
        "uniform, centred": lambda D, K, rng, scale=0.01: (
            scale * rng.uniform(-np.sqrt(3), np.sqrt(3), (K, D + 1))
        ),
        "biases of 0": lambda D, K, rng, scale=0.01: (
            scale * rng.standard_normal((K, D + 1)) * ([1.0] * D + [0.0])
        ),
        "another default": lambda D, K, rng, scale=0.1: scale * rng.standard_normal((K, D + 1)),
        "draws first": init_weights_after_a_first_draw,
    },
    "one_hot": {
        "from 1": one_hot_from_one,
        "one row": one_hot_flattened,
        "list": lambda y, K: np.eye(K)[:, y].tolist(),
    },
    "scores": {
        "transposed if square": lambda W, Xb: (W.T if W.shape[0] == W.shape[1] else W) @ Xb,
        "batch only": lambda W, Xb: np.matmul(W, Xb.reshape(W.shape[1], -1)),
    },
    "softmax": {
        "exp(x) - max(x)": lambda z: (np.exp(z) - z.max(axis=0)) / np.exp(z).sum(axis=0),
        "in place for a batch": softmax_in_place_for_a_batch,
        "only with two axes": softmax_two_dimensional_only,
        "argmax": lambda z: (z == z.max(axis=0)).astype(float),
        "float32": lambda z: reference.softmax(z).astype(np.float32),
        "remembers": softmax_remembering,
        "matrix": lambda z: np.asmatrix(reference.softmax(z)),
    },
    "cce": {
        "log2": lambda Y, Yhat: cce_with_zero_rule(Y, Yhat, np.log2).mean(),
        "log10": lambda Y, Yhat: cce_with_zero_rule(Y, Yhat, np.log10).mean(),
        "sign": lambda Y, Yhat: -cce_with_zero_rule(Y, Yhat).mean(),
        "binary": binary_cross_entropy,
        "log(1 - p)": lambda Y, Yhat: -np.log(1 - (Y * Yhat).sum(axis=0)).mean(),
        "nan made 0": lambda Y, Yhat: np.nan_to_num(-(Y * np.log(Yhat))).sum(axis=0).mean(),
        "one per sample": lambda Y, Yhat: cce_with_zero_rule(Y, Yhat),
        "divided by K for one sample": lambda Y, Yhat: (
            cce_with_zero_rule(Y, Yhat).sum() / Y.shape[-1]
        ),
        "zero": lambda Y, Yhat: 0.0,
    },
    "cce_from_scores": {
        "log of softmax": cce_from_scores_by_softmax,
        "clipped at 1e-7": cce_from_scores_clipped(1e-7),
        "clipped at 1e-12": cce_from_scores_clipped(1e-12),
        "sum": cce_from_scores_summed,
        "first label": lambda Z, y: reference.cce_from_scores(Z, y - y + np.ravel(y)[0]),
        "batches only": lambda Z, y: -np.mean(np.log(reference.softmax(Z)[y, np.arange(y.size)])),
        "log2": lambda Z, y: reference.cce_from_scores(Z, y) / np.log(2),
    },
    "numerical_gradient": {
        "half of a forward difference": differences(0, 2),
        "restored by adding": numerical_gradient_restored_by_adding,
        "flat": lambda f, W, h=1e-5: reference.numerical_gradient(f, W, h).ravel(),
        "no step": lambda f, W: reference.numerical_gradient(f, W),
    },
    "cce_gradient": {
        "the hand-out's typo": cce_gradient_typo,
        "a - y, masked": lambda Y, Yhat: (Yhat - Y) * Y,
        "divided by N": lambda Y, Yhat: reference.cce_gradient(Y, Yhat) / Y.shape[-1],
        "summed": lambda Y, Yhat: reference.cce_gradient(Y, Yhat).sum(axis=0),
    },
    "softmax_jacobian": {
        "sign": lambda a: -reference.softmax_jacobian(a),
        "identity": lambda a: np.eye(a.size) - 1 / a.size,
        "through logarithms": lambda a: (np.eye(a.size) - a) * np.exp(np.log(a))[:, None] * (a / a),
    },
    "scores_gradient_x": {
        "W if square": lambda W: W.copy() if W.shape[0] == W.shape[1] else W.T,
        "bias zero": lambda W: np.vstack((W[:, :-1].T, np.zeros(W.shape[0]))),
    },
    "scores_gradient_W": {
        "numerator layout if it fits": lambda x, K: (
            np.einsum("j,ik->kij", x, np.eye(K))
            if x.size == K
            else reference.scores_gradient_W(x, K)
        ),
        "ones": lambda x, K: np.einsum("j,ik->ijk", np.ones(x.size), np.eye(K)),
    },
    "chain_rule": {
        "first index of T": lambda T, J, g: np.einsum("ijk,il,l->kj", T, J, g),
        "second index of T": lambda T, J, g: np.einsum("ijk,jl,l->ik", T, J, g),
        "transposed": lambda T, J, g: (T @ J @ g).T,
        "diagonal of the Jacobian": lambda T, J, g: T @ (np.diag(J) * g),
        "Jacobian twice": lambda T, J, g: T @ J @ J @ g,
    },
    "loss_gradient": {
        "sign": lambda W, x, y: np.outer(-delta(W, x, y), x),
        "diagonal Jacobian": loss_gradient_through(diagonal),
        "Jacobian skipped": loss_gradient_through(lambda a: np.eye(a.size)),
        "Jacobian twice": loss_gradient_through(twice),
    },
}
OF_ARRAYS = [
    name
    for name, exercise in EXERCISES.items()
    if exercise.kind == "function" and name not in ("is_softmax", "is_gradient")
]
# A catalogued answer is called after its mistake; a second version of it gets ", 1".
WRONG = {
    name: {
        misconception.name + (f", {n}" if n else ""): wrong
        for misconception in exercise.misconceptions
        for n, wrong in enumerate(misconception.wrong)
    }
    | OWN.get(name, {})
    for name, exercise in EXERCISES.items()
}
WRONG_ANSWERS = [(name, what) for name, wrong in WRONG.items() for what in wrong]


@pytest.mark.parametrize(("name", "what"), WRONG_ANSWERS)
def test_a_wrong_answer_fails_with_one_line_and_a_hint(name, what):
    assert problem(WRONG[name][what], name).startswith(f"{name}: ")
    card = card_of(WRONG[name][what], name)
    assert card.failed
    assert card.hint


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        pytest.param(name, wrong, id=f"{name}-{what}")
        for bank in (test_exercises.UNSEEN, test_later_exercises.UNSEEN)
        for name, functions in bank.items()
        for what, wrong in functions.items()
    ],
)
def test_what_is_wrong_in_no_catalogued_way_fails(name, wrong):
    assert name in problem(wrong, name)


@pytest.mark.parametrize(
    ("name", "what", "property"),
    [
        ("softmax", "whole-matrix sum", "every column sums to 1"),
        ("softmax", "base 2", "log(a_i / a_j) = z_i - z_j"),
        ("softmax", "no max shift", "returns nan"),
        ("softmax", "changes z in place", "leaves its inputs"),
        ("cce", "0 log 0 is nan", "returns nan"),
        ("cce", "clipped probabilities", "costs inf"),
        (
            "cce_from_scores",
            "one global max",
            "returns nan or inf; so does not hold: scores far",
        ),
        ("numerical_gradient", "forward difference", "quadratic"),
        ("numerical_gradient", "h ignored", "100 times"),
        ("softmax_jacobian", "-a_1 a_1 off the diagonal", "row sums to 0"),
        ("one_hot", "K from the labels present", "shape (2, 5), not (4, 5)"),
        ("one_hot", "integers or booleans", "dtype int64, not float64"),
        ("one_hot", "list", "a list, not an array"),
        ("cce", "one per sample", "an array of shape (5,), not one number"),
        ("loss_gradient", "epsilon in the chain, 1", "certain and wrong"),
    ],
)
def test_the_line_names_the_property_that_is_broken(name, what, property):
    assert property in problem(WRONG[name][what], name)


def test_what_is_nearly_right_is_said_to_be_so():
    assert "nearly so" in card_of(WRONG["softmax"]["epsilon in the sum, 4"], "softmax").hint
    assert "nearly so" not in card_of(WRONG["softmax"]["whole-matrix sum"], "softmax").hint


# --- What is not (yet) a function of the exercise -----------------------------------------


def test_a_stub_is_not_written_yet():
    def softmax(z):
        raise NotImplementedError("not written yet")

    assert problem(softmax) == "softmax: not written yet"


def test_a_stub_shows_no_card(capsys):
    def softmax(z):
        raise NotImplementedError

    problem(softmax)
    assert capsys.readouterr().out == ""


def stub_helper(z):
    raise NotImplementedError("not written yet")


def loss_gradient(W, x, y):
    return np.outer(stub_helper(W @ x) - y, x)


def test_a_function_that_calls_a_stub_says_which():
    assert problem(loss_gradient) == "loss_gradient: it calls stub_helper, which is not written yet"


class Softmax:
    def forward(self, z):
        return z


class CallableSoftmax(Softmax):
    def __call__(self, z):
        return reference.softmax(z)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Softmax(), "an object of the class Softmax"),
        (CallableSoftmax(), "an object of the class CallableSoftmax"),
        (type("softmax", (), {}), "a class (softmax)"),
        (np.zeros((3, 7)), "an array of shape (3, 7)"),
        (None, "None"),
        ("softmax", "text"),
        (1.5, "a number"),
    ],
)
def test_what_is_not_a_function_is_said_to_be_what_it_is(value, said):
    assert said in problem(value)
    assert "not a function" in problem(value)


def test_an_unknown_name_lists_the_known_ones():
    def sofmax(z):
        return z

    line = problem(sofmax)
    assert "'sofmax'" in line
    assert all(name in line for name in checks.EXERCISES)


def test_a_name_given_overrides_the_function_s():
    assert check(lambda z: reference.softmax(z), "softmax") is None
    assert check(CallableSoftmax(), name="softmax") is None


class Dense(reference.Dense):
    def backward(self, grad_z, learning_rate):
        raise NotImplementedError("not written yet")


class DenseOfTwo(reference.Dense):
    def backward(self, grad_z):
        return grad_z


class DenseWithoutForward:
    def __init__(self, D, K, rng, scale=0.01):
        self.scale = scale


class DenseWithoutW(DenseWithoutForward):
    def forward(self, X):
        return X

    def backward(self, grad_z, learning_rate):
        return grad_z


class DenseThatStumbles(reference.Dense):
    def forward(self, X):
        return self.W @ X


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Dense, "Dense: not written yet"),
        (DenseOfTwo, "it takes (self, grad_z); asked for is backward(self, grad_z, learning_rate)"),
        (DenseWithoutForward, "it has no method forward"),
        (DenseWithoutW, "no attribute 'W'"),
        (DenseThatStumbles, "it stopped with ValueError"),
        (Dense(2, 3, np.random.default_rng(0)), "not a class. Write check(Dense)"),
        (problem, "a function, not a class. Write check(Dense)"),
    ],
)
def test_of_a_class_it_is_said_what_is_missing_in_which_method(value, said):
    assert said in problem(value, "Dense")


def test_the_card_of_a_class_shows_what_went_into_which_method():
    class Softmax(reference.Softmax):
        def backward(self, grad_a, learning_rate=None):
            return self.A * (1 - self.A) * grad_a

    labels = [label for label, _ in card_of(Softmax).evidence]
    assert labels[:2] == ["Z", "yours, from forward"]
    assert "yours, from backward" in labels


def test_the_wrong_number_of_parameters_says_which_are_asked_for():
    def softmax(z, axis):
        return z

    assert problem(softmax) == "softmax: it takes (z, axis); asked for is softmax(z)"


def test_a_missing_optional_parameter_is_noticed():
    def init_weights(D, K, rng):
        return 0.01 * rng.standard_normal((K, D + 1))

    assert "asked for is init_weights(D, K, rng, scale=0.01)" in problem(init_weights)


def test_parameters_in_another_order_are_noted_and_a_right_answer_holds_all_the_same():
    def cce(Yhat, Y):
        return reference.cce(Y, Yhat)

    note = "the def line has (Yhat, Y), but the order is that of cce(Y, Yhat)"
    assert card_of(cce).notes == [note]

    def scores(Xb, W):  # the names are wrong, what is done with them is right
        return Xb @ W

    card, line = checks.look_at(scores)
    assert (len(card.notes), line) == (1, None)


def test_returning_nothing_asks_whether_a_return_is_missing():
    def softmax(z):
        z / z.sum()

    assert problem(softmax) == "softmax: it returns None"
    assert card_of(softmax).hint == "Is a return missing?"


def softmax_that_stops(z):
    parts = np.exp(z)
    return parts / np.zeros(99)  # does not fit


def test_an_error_is_shown_with_its_kind_its_message_and_the_line():
    line = problem(softmax_that_stops, "softmax")
    assert "it stopped with ValueError: operands could not be broadcast" in line
    assert "in the line: return parts / np.zeros(99) # does not fit" in line


def test_an_error_whose_text_fails_is_still_one_line():
    class Rude(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    def softmax(z):
        raise Rude

    assert problem(softmax).startswith("softmax: it stopped with Rude")


def test_an_assertion_of_the_student_s_own_is_shown_as_theirs():
    def softmax(z):
        assert z.ndim == 3, "three axes\nand more"
        return z

    assert "it stopped with AssertionError: three axes" in problem(softmax)


def test_an_interrupt_is_not_swallowed():
    def softmax(z):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(softmax)


# --- What a check leaves alone ------------------------------------------------------------


def test_the_global_random_state_stays_as_it_was():
    before = np.random.get_state()  # noqa: NPY002
    problem(WRONG["init_weights"]["seeds globally"], "init_weights")
    after = np.random.get_state()  # noqa: NPY002
    assert all(np.array_equal(b, a) for b, a in zip(before, after, strict=True))


@pytest.mark.parametrize("name", OF_ARRAYS)
def test_a_function_that_spoils_its_arguments_spoils_no_later_check(name):
    def spoil(*arguments):
        for argument in arguments:
            if isinstance(argument, np.ndarray):
                argument[...] = 7
            elif isinstance(argument, np.random.Generator):
                argument.random()
        return getattr(reference, name)(*arguments)

    problem(spoil, name)
    assert check(getattr(reference, name)) is None


def test_numpy_s_settings_for_errors_do_not_matter():
    with np.errstate(all="raise"):
        assert check(reference.softmax) is None


def test_warnings_of_the_student_s_function_are_not_shown(recwarn):
    check(softmax_that_warns, "softmax")
    assert not recwarn.list


# --- The card -----------------------------------------------------------------------------


def test_the_text_card_shows_what_holds_then_yours_beside_what_does_not(capsys):
    problem(WRONG["softmax"]["whole-matrix sum"], "softmax")
    text = capsys.readouterr().out
    assert text.startswith("softmax(z) -> same shape as z, (K,) or (K, N): ")
    assert "[holds] every entry is positive" in text
    assert "[DOES NOT HOLD] every column sums to 1" in text
    assert "z, shape (3, 7):" in text
    assert "yours, shape (3, 7):" in text
    assert "column sums, shape (7,):" in text
    assert "Hint: The sum runs over the classes of one sample" in text


@pytest.mark.parametrize(("name", "what"), WRONG_ANSWERS)
def test_the_text_card_is_plain_ascii(name, what):
    assert repr(card_of(WRONG[name][what], name)).isascii()


def test_the_text_card_can_be_printed_where_only_ascii_can(monkeypatch):
    import io

    def softmax(z):
        raise ValueError("größer als \u2211")

    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    problem(softmax)
    sys.stdout.flush()
    assert b"gr\\xf6\\xdfer" in raw.getvalue() or b"ValueError" in raw.getvalue()


def test_html_of_the_student_s_is_escaped():
    def softmax(z):
        raise ValueError("<script>alert(1)</script>")

    page = card_of(softmax)._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_html_card_says_in_words_what_its_colours_say():
    page = card_of(WRONG["softmax"]["axis=1"], "softmax")._repr_html_()
    words = re.sub(r"<[^>]+>", " ", page)
    assert re.search(r"✓|&#10003;\s+holds", words)
    assert re.search(r"✗|&#10007;\s+does not hold", words)
    assert 'role="group"' in page
    assert "aria-label=" in page
    assert page.count("<dt") == page.count("<dd") == page.count("shape (") + 1


def test_the_html_card_sets_no_background_and_no_colour_of_text():
    for page in (
        card_of(reference.softmax)._repr_html_(),
        card_of(WRONG["softmax"]["axis=1"], "softmax")._repr_html_(),
    ):
        assert set(re.findall(r"background: ([^;\"]+)", page)) <= {"none"}
        coloured = set(re.findall(r"[^-]color: ([^;\"]+)", page))
        assert all(c == "inherit" or c.startswith("var(--jp-") for c in coloured)


def test_a_weird_answer_is_named_and_not_asked_for_its_text():
    class Weird:
        def __repr__(self):
            raise RuntimeError("no text")

    def softmax(z):
        return Weird()

    assert problem(softmax) == ("softmax: it returns an object of the class Weird, not an array")


def in_ipython(cell: str) -> str:
    """Run a cell in an IPython of its own and return what it says about the outcome."""
    program = f"""
        from IPython.core.interactiveshell import InteractiveShell
        from IPython.utils.capture import capture_output
        shell = InteractiveShell.instance()
        shell._showtraceback = lambda kind, value, lines: print("SHOWN", kind.__name__, lines)
        shell.run_cell("import numpy as np\\nfrom checks import check")
        with capture_output() as seen:
            shell.run_cell({cell!r})
        print(seen.stdout)
        for output in seen.outputs:
            print(sorted(output.data))
            print(output.data["text/html"][:60])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT / "release" / "ps1",
    )
    assert not done.stderr.strip()
    return done.stdout


def test_ipython_shows_the_card_as_html_and_the_error_as_one_line():
    said = in_ipython("def softmax(z):\n    return np.ones(z.shape)\ncheck(softmax)")
    assert "SHOWN AssertionError ['softmax: does not hold: every column sums to 1" in said
    assert "['text/html', 'text/plain']" in said
    assert '<div role="group"' in said


def test_ipython_shows_the_student_s_line():
    said = in_ipython("def softmax(z):\n    return z / np.zeros(99)\ncheck(softmax)")
    assert "in the line: return z / np.zeros(99)" in said


def test_ipython_says_of_a_stub_only_that_it_is_not_written():
    said = in_ipython("def softmax(z):\n    raise NotImplementedError()\ncheck(softmax)")
    assert said.strip() == "SHOWN AssertionError ['softmax: not written yet']"


# --- The file -----------------------------------------------------------------------------


def test_importing_it_needs_numpy_and_the_standard_library_only(tmp_path):
    (tmp_path / "checks.py").write_text(SOURCE, encoding="utf-8")
    program = (
        "import sys, numpy; before = set(sys.modules); import checks; "
        "print(*{m.partition('.')[0] for m in set(sys.modules) - before})"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {program}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) - {"checks", "numpy"} <= set(sys.stdlib_module_names)


def test_it_names_no_module_but_numpy_and_the_standard_library():
    imported = set()
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module).partition(".")[0])
    assert imported - {"numpy", "IPython"} <= set(sys.stdlib_module_names)


def test_it_can_stand_anywhere():
    assert SOURCE.isascii()
    assert "autograder" not in SOURCE
    assert "reference" not in SOURCE
    assert not re.search(r"[\"'](/|[A-Z]:\\)", SOURCE)


def test_its_exercises_are_those_of_the_catalogue():
    assert list(checks.EXERCISES) == list(EXERCISES)
    assert {name: e.kind for name, e in checks.EXERCISES.items()} == (
        {name: e.kind for name, e in EXERCISES.items()}
    )


@pytest.mark.parametrize("name", checks.EXERCISES)
def test_its_signatures_have_the_parameters_of_the_lecture_s_functions(name):
    exercise, right = checks.EXERCISES[name], getattr(reference, name)
    assert list(inspect.signature(right).parameters) == exercise.parameters(name)
    for method in getattr(exercise, "parts", ()):
        signature = inspect.signature(getattr(right, method))
        assert list(signature.parameters)[1:] == exercise.parameters(method)


# --- What the grader does not have ----------------------------------------------------------------

# Stands for a package of the student's own machine, which the grader has not.
LIBRARY = """
def softmax(z, axis=0):
    import numpy as np
    return np.exp(z) / np.exp(z).sum(axis)
class Estimator:
    def __call__(self, z): return softmax(z)
"""
USES = {
    "of a module": "import library\ndef softmax(z): return library.softmax(z)",
    "itself": "from library import softmax",
    "under another name": "from library import softmax as sm\ndef softmax(z): return sm(z)",
    "inside": "def softmax(z):\n    from library import softmax as sm\n    return sm(z)",
    "through a helper": (
        "from library import softmax as sm\ndef helper(z): return sm(z)\n"
        "def softmax(z): return [helper(z) for _ in range(1)][0]"
    ),
    "in a closure": (
        "import library\ndef make(f):\n    def softmax(z): return f(z)\n    return softmax\n"
        "softmax = make(library.softmax)"
    ),
    "in a default": "import library\ndef softmax(z, f=library.softmax): return f(z)",
    "in a table": (
        "import library\nTABLE = {'s': [library.softmax]}\ndef softmax(z): return TABLE['s'][0](z)"
    ),
    "of an object": "import library\nmodel = library.Estimator()\ndef softmax(z): return model(z)",
    "in a partial": "import library, functools\nf = functools.partial(library.softmax, axis=0)\n"
    "def softmax(z): return f(z)",
    "behind a cache": "import library, functools\n@functools.lru_cache\n"
    "def f(z): return library.softmax(z)\ndef softmax(z): return f(z)",
    "in a class": "import library\nclass S:\n    def f(self, z): return library.softmax(z)\n"
    "def softmax(z): return S().f(z)",
}
NO_USE = {
    "imported and not used": "import library\nimport numpy as np\n"
    "def softmax(z):\n    e = np.exp(z - z.max(axis=0))\n    return e / e.sum(axis=0)",
    "only its name": "import library\nimport numpy as np\nclass A: library = 1\n"
    "def softmax(z):\n    a = A.library\n    e = np.exp(z - z.max(axis=0)) * a\n"
    "    return e / e.sum(axis=0)",
    "done without": "import numpy as np\ndef softmax(z):\n    try:\n        import library\n"
    "    except ImportError:\n        pass\n    e = np.exp(z - z.max(axis=0))\n"
    "    return e / e.sum(axis=0)",
    "what the grader has": "import math, matplotlib.pyplot as plt, numpy as np\n"
    "from IPython.display import display\n"
    "def softmax(z):\n    plt.close(); display; math.pi\n    e = np.exp(z - z.max(axis=0))\n"
    "    return e / e.sum(axis=0)",
}


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Install a package, and tell of what follows from a cell."""
    site = tmp_path / "site-packages"
    site.mkdir()
    (site / "library.py").write_text(LIBRARY)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "library", raising=False)

    def ran(source):
        space = {"__name__": "__main__"}
        exec(source, space)
        return space["softmax"]

    yield ran
    sys.modules.pop("library", None)


@pytest.mark.parametrize("way", USES)
def test_a_package_that_the_grader_has_not_is_told_though_the_values_are_right(way, library):
    said = "softmax: it uses library, which the grader does not have: write it in NumPy"
    assert problem(library(USES[way]), "softmax") == said


@pytest.mark.parametrize("way", NO_USE)
def test_what_is_not_used_is_no_matter(way, library):
    assert check(library(NO_USE[way]), "softmax") is None


def test_a_file_of_the_students_own_is_told_as_one(library, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(LIBRARY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    said = problem(library("from mine import softmax"), "softmax")
    sys.modules.pop("mine")
    assert said == (
        "softmax: it uses mine.py, which is not handed in: put its code into the notebook"
    )


def test_a_test_of_softmax_is_tried_with_the_notebooks_own():
    space: dict[str, Any] = {}
    exec("def is_softmax(f): return True", space)
    assert "the notebook has no function softmax" in problem(space["is_softmax"])
    exec("def softmax(z): return z", space)
    assert "the notebook's own softmax is there" in problem(space["is_softmax"])


# --- In a notebook's kernel -----------------------------------------------------------------------

SOFTMAX = "def softmax(z):\n    e = np.exp(z - z.max(axis=0))\n    return e / e.sum(axis=0)"
EARLIER = "this is the earlier version of softmax: the cell that was to change it failed"


@pytest.fixture(scope="module")
def kernel() -> Iterator[NotebookClient]:
    """A plain ipykernel beside the released checks of problem set 1."""
    resources = {"metadata": {"path": str(ROOT / "release" / "ps1")}}
    client = NotebookClient(
        new_notebook(), kernel_name="python3", allow_errors=True, resources=resources, timeout=120
    )
    with client.setup_kernel():
        yield client


@pytest.fixture
def ran(kernel: NotebookClient) -> Callable[..., tuple[str, str, str]]:
    """Run cells as a student does after a restart; tell of the last: card, error, printed."""
    kernel.nb.cells = []
    run_cells(kernel, "%reset -f", "import sys; _ = sys.modules.pop('checks', None)")
    run_cells(kernel, "import numpy as np\nfrom checks import check")
    return lambda *cells: run_cells(kernel, *cells)


def run_cells(kernel: NotebookClient, *sources: str) -> tuple[str, str, str]:
    """Return the card, the lines of the error and what was printed, of the last of the cells."""
    for source in sources:
        cell = new_code_cell(source)
        kernel.nb.cells.append(cell)
        kernel.execute_cell(cell, len(kernel.nb.cells) - 1)
    kinds: dict[str, list[str]] = {"display_data": [], "error": [], "stream": []}
    for output in cell.outputs:
        text = output.get("text", "") or "\n".join(output.get("traceback", []))
        kinds[output.output_type].append(text or output["data"]["text/plain"])
    assert len(kinds["display_data"]) <= 1, "there is a card and nothing else"
    return tuple(map("".join, kinds.values()))


FAILING = {
    "SyntaxError": "def softmax(z):\n    return z +* 2",
    "IndentationError": "def softmax(z):\nreturn z",
    "NameError": "no_such_name\ndef softmax(z):\n    return z",
    "ZeroDivisionError": "1 / 0\ndef softmax(z):\n    return z",
    "KeyboardInterrupt": "raise KeyboardInterrupt\ndef softmax(z):\n    return z",
}


@pytest.mark.parametrize("error", FAILING)
def test_a_function_under_a_cell_that_failed_is_said_to_be_the_earlier_version(ran, error):
    card, line, _ = ran(SOFTMAX, FAILING[error], "check(softmax)")
    assert "all 10 properties hold" in card, "it is shown what is so of the earlier one"
    assert f"Note: {EARLIER} ({error})" in card
    assert line.startswith(f"softmax: {EARLIER}")
    assert "\n" not in line
    assert EARLIER in ran("1 + 1", "check(softmax)")[1], "however long ago that cell was run"


def test_a_stub_under_a_cell_that_failed_is_no_answer_that_is_not_written(ran):
    stub = "def softmax(z):\n    raise NotImplementedError('not written yet')"
    card, line, _ = ran(stub, FAILING["SyntaxError"], "check(softmax)")
    assert (card, line[: len(EARLIER) + 9]) == ("", f"softmax: {EARLIER}")


def test_an_earlier_version_of_a_helper_or_a_method_is_noticed_too(ran):
    helper = "def shifted(z):\n    return z - z.max(axis=0)"
    user = "def softmax(z):\n    e = np.exp(shifted(z))\n    return e / e.sum(axis=0)"
    line = ran(helper, user, helper + " +", "check(softmax)")[1]
    assert line.startswith("softmax: this is the earlier version of shifted")
    assert ran(helper, "check(softmax)")[1] == ""


@pytest.mark.parametrize(
    "cells",
    [
        (FAILING["SyntaxError"], SOFTMAX),
        (f"{SOFTMAX}\nsoftmax(1 / 0)",),
        (f"{SOFTMAX}\nassert False",),
        (SOFTMAX, f"{SOFTMAX}\ndef other(:"),
        (f"%%time\n{SOFTMAX}",),
        (SOFTMAX, "def cce(Y, Yhat:"),
        ("softmax = lambda z: np.exp(z - z.max(axis=0)) / np.exp(z - z.max(axis=0)).sum(axis=0)",),
        ("from functools import partial\ndef f(a, z):\n    return softmax_(z)", SOFTMAX),
    ],
)
def test_the_newest_version_is_not_said_to_be_an_earlier_one(ran, cells):
    card, line, printed = ran(*cells, "check(softmax)")
    assert ("all 10 properties hold" in card, "Note" in card, line, printed) == (
        True,
        False,
        "",
        "",
    )


def test_what_a_function_prints_and_shows_is_one_line_of_the_card(ran):
    prints = SOFTMAX.replace("return", "print('z is', z)\n    print(e)\n    return")
    card, line, printed = ran(prints, "check(softmax)")
    assert (line, printed) == ("", "")
    assert re.search(r"Note: While it was tried it printed \d+ line\(s\), left out here; ", card)
    assert "the first: 'z is [" in card
    draws = "import matplotlib.pyplot as plt\nplt.plot([1]); plt.show(); display(z); plt.plot([1])"
    draws = SOFTMAX.replace("return", draws.replace("\n", "\n    ") + "\n    return")
    card, line, printed = ran(draws, "check(softmax)")
    assert (line, printed) == ("", "")
    assert re.search(r"it printed \d+ line\(s\), left out here; the first: '\(an output\)'", card)


def test_a_function_that_prints_megabytes_is_checked_as_any_other(ran):
    card, line, printed = ran(
        SOFTMAX.replace("return", "print('x' * 1_000_000)\n    return"), "check(softmax)"
    )
    assert "all 10 properties hold" in card
    assert len(card) < 2000
    assert (line, printed) == ("", "")


def test_an_endless_loop_that_is_stopped_says_so_in_one_line(ran):
    loop = "import signal\ndef softmax(z):\n    while True:\n        signal.raise_signal(2)"
    card, line, printed = ran(loop, "check(softmax)")
    assert (card, printed) == ("", "")
    assert line == ("softmax: interrupted in the line: signal.raise_signal(2); does it ever end?")
    assert ran("print('the kernel goes on')")[2] == "the kernel goes on\n"


def test_a_function_that_is_not_there_is_told_where_to_find_it(ran):
    assert (
        "softmax is not there yet: run the cell that defines softmax." in (ran("check(softmax)")[2])
    )
    assert (
        "which failed when it was last run (SyntaxError)"
        in (ran(FAILING["SyntaxError"], "check(softmax)")[2])
    )
    printed = ran("check(sofmax)")[2]
    assert "'sofmax' (did you mean softmax?)" in printed
    assert printed.endswith(f"{', '.join(one.name for one in CATALOGUE.assignments['ps1'])}\n")


@pytest.mark.parametrize("way", ["exit()", "quit()", "sys.exit(1)", "raise SystemExit"])
def test_a_function_that_leaves_python_leaves_the_kernel_alive(ran, way):
    card, line, _ = ran(f"import sys\ndef softmax(z):\n    {way}", "check(softmax)")
    assert f"it stopped with SystemExit{': 1' if '1' in way else ''} in the line: {way}" in line
    assert "Hint: It was called with these arguments. A function returns" in card
    assert ran("print('the kernel goes on')")[2] == "the kernel goes on\n"


def test_a_function_that_asks_is_not_waited_for(ran):
    assert (
        "EOFError: input() has nobody to ask"
        in (ran("def softmax(z):\n    return float(input('axis?'))", "check(softmax)")[1])
    )


def test_settings_that_a_function_changes_are_given_back(ran):
    changes = (
        "import random, warnings, matplotlib.pyplot as plt",
        "state = lambda: (np.geterr(), np.get_printoptions(), len(warnings.filters), plt.rcParams"
        "['lines.linewidth'], random.getstate(), str(np.random.get_state()), plt.get_fignums())",
        "before = state()",
        "def softmax(z):\n    np.seterr(all='raise'); np.set_printoptions(precision=1)\n"
        "    warnings.simplefilter('error'); plt.rcParams['lines.linewidth'] = 9\n"
        "    random.random(); np.random.rand(); plt.figure()\n    return z / 0",
        "check(softmax)",
        "assert state() == before, (state(), before)",
    )
    assert ran(*changes)[1] == ""


def test_a_name_is_taken_for_the_function_that_it_stands_for(ran):
    assert ran(SOFTMAX.replace("softmax", "softmax_v2"), "softmax = softmax_v2\ncheck(softmax)")[
        0
    ].startswith("softmax(z) -> same shape as z, (K,) or (K, N): all 10 properties hold")
    undecorated = "def log(f):\n    return lambda *a: f(*a)\n@log\n"
    assert "all 10 properties hold" in ran(undecorated + SOFTMAX, "check(softmax)")[0]
    used = ran(SOFTMAX, "softmax = softmax(np.ones(3))", "check(softmax)")[1]
    assert "this is an array of shape (3,), not a function. Write check(softmax)" in used


# --- Names, helpers, and other things than functions ----------------------------------------------


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: check(), "one function at a time"),
        (lambda: check(reference.softmax, reference.cce), "one function at a time"),
        (lambda: check(reference.softmax, "softmax", 1), "one function at a time"),
        (lambda: check("softmax"), "this is text, not a function. Write check(softmax)"),
        (lambda: check("nothing"), "this is text, not a function"),
        (lambda: check(np), "this is a module (numpy), not a function"),
        (lambda: check(lambda z: z), "no exercise of this set is called '<lambda>'"),
        (lambda: check(np.exp), "no exercise of this set is called 'exp'"),
    ],
)
def test_what_cannot_be_checked_is_one_line_that_says_how_to(call, said):
    with pytest.raises(AssertionError) as caught:
        call()
    assert said in str(caught.value)
    assert caught.value._render_traceback_() == [str(caught.value)]


@pytest.mark.parametrize("name", CATALOGUE.assignments)
def test_the_names_that_are_listed_are_those_of_the_set(name):
    program = (
        "from checks import check\ndef foo(z): pass\n"
        "try: check(foo)\nexcept AssertionError as failure: print(failure)"
    )
    said = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT / "release" / name,
    ).stdout
    assert said.strip().endswith(
        f"There are: {', '.join(one.name for one in CATALOGUE.assignments[name])}"
    )


def softmax_with_a_helper(z):
    powers = stable_powers(z)  # noqa: F821 - it is not there, which is what is tried
    return powers / powers.sum(axis=0)


def softmax_with_an_exercise(z):
    return one_hott(z)  # noqa: F821 - so is this


def softmax_by_a_misspelt_name(z):
    powers = np.exp(z)
    return power / powers.sum(axis=0)  # noqa: F821 - and this


def test_a_helper_that_is_not_there_is_named_and_no_shape_is_spoken_of():
    line = problem(softmax_with_a_helper, "softmax")
    assert line.startswith("softmax: it uses stable_powers, which is not there yet: no cell")
    assert "It is used in the line: powers = stable_powers(z)" in line
    assert checks.look_at(softmax_with_a_helper, "softmax")[0] is None
    assert "(did you mean one_hot?)" in problem(softmax_with_an_exercise, "softmax")
    assert "(did you mean powers?)" in problem(softmax_by_a_misspelt_name, "softmax")


def test_a_helper_of_the_set_is_told_by_the_cell_to_run():
    space = {"__name__": "__main__", "np": np}
    exec("def cce_from_scores(Z, y):\n    return cce(np.eye(len(Z))[:, y], Z)", space)
    line = problem(space["cce_from_scores"])
    assert "it uses cce, which is not there yet: run the cell that defines cce" in line


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda z: z.softmax(), "Is the name after the dot spelt right"),
        (lambda z: __import__("no_such_package").f(z), "The grader has Python's own library"),
        (lambda z: (f := lambda: f())(), "It calls itself: where does that end?"),
        (lambda z: np.ones((3, 2)) @ z, "A @ B needs as many columns in A as there are rows in B."),
    ],
)
def test_a_hint_speaks_of_shapes_only_where_shapes_may_be_the_cause(wrong, hint):
    assert hint in card_of(wrong, "softmax").hint


def test_what_is_no_answer_is_hinted_at_before_what_the_property_is_about():
    def sgd_epoch(W, X, Y, learning_rate, order):
        return reference.sgd_epoch(W, X, Y, learning_rate, range(X.shape[1]))

    assert "of value 2: it returns shape (5,), not (1,)" in problem(sgd_epoch)
    assert card_of(sgd_epoch).hint.startswith("Two values: the weights after the epoch")


def test_of_a_class_it_is_said_which_method_gave_what_is_no_answer():
    class Softmax(reference.Softmax):
        def forward(self, Z):
            super().forward(Z)

    assert problem(Softmax) == "Softmax: forward: it returns None"


async def softmax_async(z):
    return z


def softmax_that_yields(z):
    yield z


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (softmax_async, "a coroutine (async)"),
        (softmax_that_yields, "a generator (yield)"),
        (lambda z: print, "a function"),
        (lambda z: np, "a module (numpy)"),
        (lambda z: [z], "a list"),
    ],
)
def test_what_is_returned_instead_of_an_array_is_named(wrong, said, recwarn):
    assert problem(wrong, "softmax") == f"softmax: it returns {said}, not an array"
    assert not recwarn.list


def test_a_number_that_no_float_can_hold_is_not_finite():
    assert problem(lambda Y, Yhat: 10**400, "cce") == "cce: it returns nan or inf"
