"""The catalogue: right answers pass, however written; wrong ones are caught and named."""

from __future__ import annotations

import numpy as np
import pytest

from answers import assert_right, cases
from autograder.judging.judge import judge
from softmax_by_hand import EXERCISES
from softmax_by_hand.ps2.numerical_gradient import coupled, curved


def fixtures(exercise, seed=3):
    rng = np.random.default_rng(seed)
    return {criterion.name: list(criterion.fixtures(rng)) for criterion in exercise.criteria}


@pytest.mark.parametrize("seed", range(20))
def test_labels_cover_the_first_and_the_last_class_and_one_fixture_lacks_the_last(seed):
    drawn = fixtures(EXERCISES["one_hot"], seed)
    for y, K in drawn["columns"]:
        assert {0, K - 1} <= set(y.tolist()) <= set(range(K))
        assert K >= 3
    for y, K in drawn["last class absent"]:
        assert 0 <= y.min() <= y.max() < K - 1


@pytest.mark.parametrize("seed", range(20))
def test_dimensions_differ_pairwise_except_in_square_fixtures(seed):
    shapes = [
        (*W.shape, Xb.shape[1]) for W, Xb in fixtures(EXERCISES["scores"], seed)["batch"][:-1]
    ]
    assert sum(len(set(shape)) == 3 for shape in shapes) >= 2
    assert sum(len(set(shape)) == 1 for shape in shapes) >= 2


@pytest.mark.parametrize("seed", range(20))
def test_predictions_are_real_forward_passes(seed):
    for _, A in fixtures(EXERCISES["cce"], seed)["mean over samples"]:
        np.testing.assert_allclose(A.sum(axis=0), 1)
        assert np.ptp(A, axis=0).min() > 1e-3
    for (a,) in fixtures(EXERCISES["softmax_jacobian"], seed)["all entries"]:
        assert a.sum() == pytest.approx(1)


@pytest.mark.parametrize("seed", range(20))
def test_confident_predictions_hold_exact_zeros_and_ones_and_tiny_true_classes(seed):
    calls = fixtures(EXERCISES["cce"], seed)["exact 0 and 1"]
    true = [(Y * A).sum(axis=0) for Y, A in calls]
    assert sum((p == 0).any() for p in true) >= 2
    assert sum((p == 1).any() for p in true) >= 2
    assert sum(((p > 0) & (p < 1e-8)).any() and (p > 0).all() for p in true) >= 2


@pytest.mark.parametrize("make", [coupled, curved])
def test_f_is_pure_and_refuses_what_is_not_a_weight_array(make):
    shape = (3, 4)
    f = make(np.random.default_rng(0), shape)
    W = np.random.default_rng(1).normal(size=shape)
    before = W.copy()
    assert type(f(W)) is float
    assert f(W) == f(W.tolist()) == f(W)
    np.testing.assert_array_equal(W, before)
    for garbage in (W.T, W + 0j, W[0], None, "W", {}, [[1, 2], [3]], object(), W.astype(object)):
        with pytest.raises(ValueError, match=r"shape|sequence"):
            f(garbage)


# --- Right answers ----------------------------------------------------------------------------


def add_bias_by_entries(X):
    D, N = X.shape
    Xb = np.empty((D + 1, N))
    for d in range(D):
        for n in range(N):
            Xb[d, n] = X[d, n]
    Xb[D] = 1
    return Xb


def one_hot_by_entries(y, K):
    Y = np.zeros((K, len(y)))
    for n, label in enumerate(y):
        Y[label, n] = 1
    return Y


def one_hot_by_put(y, K):
    Y = np.zeros((K, y.size))
    np.put_along_axis(Y, y[None, :], 1.0, axis=0)
    return Y


def scores_by_loops(W, Xb):
    if Xb.ndim == 1:
        return np.array([sum(w * x for w, x in zip(row, Xb, strict=True)) for row in W])
    return np.column_stack([scores_by_loops(W, Xb[:, n]) for n in range(Xb.shape[1])])


def softmax_by_lists(z):
    if z.ndim == 2:
        return np.array([softmax_by_lists(column) for column in z.T]).T
    top = max(z)
    e = [float(np.exp(score - top)) for score in z]
    return np.array([term / sum(e) for term in e])


def softmax_by_log_sum_exp(x):
    top = np.amax(x, axis=0, keepdims=True)
    return np.exp(x - (top + np.log(np.sum(np.exp(x - top), axis=0, keepdims=True))))


def softmax_in_place_on_a_copy(z):
    z = z.copy()
    z -= z.max(axis=0)
    np.exp(z, out=z)
    z /= z.sum(axis=0)
    return z


def softmax_in_rows(z):
    rows = z.T
    e = np.exp(rows - np.max(rows, axis=-1, keepdims=True))
    return (e / np.sum(e, axis=-1, keepdims=True)).T


class SoftmaxObject:
    """An object that is called like a function."""

    def __call__(self, z):
        return softmax_by_log_sum_exp(z)


def softmax_pairwise(z):
    with np.errstate(over="ignore"):
        return 1 / np.exp(z[None, :] - z[:, None]).sum(axis=1)


def cce_by_where(Y, Yhat):
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(Y > 0, Y * np.log(Yhat), 0.0)
    return -terms.sum(axis=0).mean()


def cce_like_xlogy(Y, Yhat):
    out = np.zeros_like(Yhat)
    with np.errstate(divide="ignore"):
        np.log(Yhat, out=out, where=Y != 0)
    samples = 1 if Y.ndim == 1 else Y.shape[1]
    return -np.tensordot(Y, out, axes=Y.ndim) / samples


def cce_by_loops(Y, Yhat):
    Y, Yhat = Y.reshape(len(Y), -1), Yhat.reshape(len(Y), -1)
    total = 0.0
    for n in range(Y.shape[1]):
        for k in range(Y.shape[0]):
            if Y[k, n] == 1:
                total += -np.log(Yhat[k, n])
    return total / Y.shape[1]


def cce_from_scores_by_logaddexp(Z, y):
    true = np.choose(y, Z)
    return np.mean(np.logaddexp.reduce(Z, axis=0) - true)


def cce_from_scores_by_loops(Z, y):
    Z, y = Z.reshape(Z.shape[0], -1), np.atleast_1d(y)
    losses = []
    for n, label in enumerate(y):
        z = Z[:, n] - Z[:, n].max()
        losses.append(np.log(np.exp(z).sum()) - z[label])
    return float(np.average(losses))


def cce_from_scores_by_branches(Z, y):
    if Z.ndim == 1:
        m = np.max(Z)
        return m + np.log(np.sum(np.exp(Z - m))) - Z[y]
    shifted = Z - np.max(Z, axis=0, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=0, keepdims=True))
    return -log_probabilities[y, np.arange(len(y))].mean()


def gradient_by_nditer(f, W, h=1e-5):
    W = W.astype(float)
    G = np.empty_like(W)
    walk = np.nditer(W, flags=["multi_index"])
    while not walk.finished:
        i = walk.multi_index
        old = W[i]
        W[i] = old + h
        above = f(W)
        W[i] = old - h
        below = f(W)
        W[i] = old
        G[i] = (above - below) / (2 * h)
        walk.iternext()
    return G


def gradient_by_flat_views(f, W, h=1e-5):
    copy = np.array(W, dtype=float)
    flat = copy.reshape(-1)
    G = []
    for i in range(flat.size):
        old = flat[i]
        above, below = old + h, old - h
        flat[i] = above
        f_above = f(copy)
        flat[i] = below
        f_below = f(copy)
        flat[i] = old
        G.append((f_above - f_below) / (above - below))
    return np.array(G).reshape(W.shape)


def gradient_by_directions(f, W, h=1e-5):
    E = np.eye(W.size).reshape(W.size, *W.shape) * h
    return np.array([f(W + e) - f(W - e) for e in E]).reshape(W.shape) / 2 / h


def gradient_restored_in_place(f, W, h=1e-5):
    if W.dtype != np.float64:
        W = W.astype(np.float64)
    G = np.zeros_like(W)
    for i in np.ndindex(*W.shape):
        W[i] += h
        above = f(W)
        W[i] -= 2 * h
        below = f(W)
        W[i] += h
        G[i] = 0.5 * (above - below) / h
    return G


def cce_gradient_by_divide(Y, Yhat):
    return -np.divide(Y, Yhat, out=np.zeros_like(Y), where=Y != 0)


def cce_gradient_by_entries(Y, Yhat):
    G = np.zeros(Y.shape)
    for i in np.ndindex(Y.shape):
        if Y[i]:
            G[i] = -1 / Yhat[i]
    return G


def cce_gradient_nan_to_zero(Y, Yhat):
    G = -Y / Yhat
    G[np.isnan(G)] = 0
    return G


def jacobian_by_loops(a):
    K = len(a)
    J = np.zeros((K, K))
    for i in range(K):
        for k in range(K):
            J[i, k] = a[i] * (1 - a[i]) if i == k else -a[i] * a[k]
    return J


def tensor_by_loops(x, K):
    T = np.zeros((K, len(x), K))
    for k in range(K):
        T[k, :, k] = x
    return T


def chain_by_loops(T, J, g):
    G = np.zeros(T.shape[:2])
    for i in range(T.shape[0]):
        for j in range(T.shape[1]):
            for k in range(J.shape[0]):
                for m in range(J.shape[1]):
                    G[i, j] += T[i, j, k] * J[k, m] * g[m]
    return G


def loss_gradient_by_label(W, x, y):
    a = softmax_by_lists(W @ x)
    a[np.argmax(y)] -= 1
    return a[:, np.newaxis] * x


def loss_gradient_through_the_jacobian(W, x, y):
    a = softmax_by_log_sum_exp(W @ x)
    t = int(np.argmax(y))
    grad_z = np.array([a[i] - (i == t) for i in range(len(a))])
    return np.einsum("ijk,k->ij", tensor_by_loops(x, len(a)), grad_z)


RIGHT = {
    "add_bias": {
        "append": lambda X: np.append(X, np.ones((1, X.shape[1])), axis=0),
        "concatenate": lambda X: np.concatenate([X, np.ones((1, X.shape[1]))]),
        "pad": lambda X: np.pad(X.astype(float), ((0, 1), (0, 0)), constant_values=1),
        "r_": lambda X: np.r_[X, np.ones((1, X.shape[1]))],
        "by entries": add_bias_by_entries,
        "insert": lambda X: np.insert(X.astype(np.float64), X.shape[0], 1, axis=0),
        "Fortran order": lambda X: np.asfortranarray(np.vstack([X, np.ones_like(X[:1], float)])),
    },
    "init_weights": {
        "normal(0, scale)": lambda D, K, rng, scale=0.01: rng.normal(0, scale, (K, D + 1)),
        "normal * scale": lambda D, K, rng, scale=0.01: rng.normal(size=(K, D + 1)) * scale,
        "reshape": lambda D, K, rng, scale=0.01: (
            scale * rng.standard_normal(K * (D + 1)).reshape(K, -1)
        ),
        "row by row": lambda D, K, rng, scale=0.01: np.array(
            [scale * rng.standard_normal(D + 1) for _ in range(K)]
        ),
    },
    "one_hot": {
        "compare": lambda y, K: (np.arange(K)[:, None] == y).astype(float),
        "transpose": lambda y, K: np.eye(K)[y].T,
        "by entries": one_hot_by_entries,
        "put": one_hot_by_put,
        "where": lambda y, K: np.where(np.arange(K).reshape(-1, 1) == y.reshape(1, -1), 1.0, 0.0),
        "list of lists": lambda y, K: np.array(
            [[float(k == label) for label in y] for k in range(K)]
        ),
    },
    "scores": {
        "dot": np.dot,
        "matmul": np.matmul,
        "einsum": lambda W, Xb: np.einsum("kd,d...->k...", W, Xb),
        "tensordot": lambda W, Xb: np.tensordot(W, Xb, axes=1),
        "loops": scores_by_loops,
        "bias apart": lambda W, Xb: (W[:, :-1] @ Xb[:-1]) + np.multiply.outer(W[:, -1], Xb[-1]),
    },
    "softmax": {
        "lists": softmax_by_lists,
        "log-sum-exp": softmax_by_log_sum_exp,
        "in place on a copy": softmax_in_place_on_a_copy,
        "rows": softmax_in_rows,
        "pairwise": softmax_pairwise,
        "apply_along_axis": lambda z: np.apply_along_axis(softmax_by_lists, 0, z),
        "einsum": lambda z: np.exp(z - z.max(0)) / np.einsum("k...->...", np.exp(z - z.max(0))),
        "logaddexp": lambda z: np.exp(z - np.logaddexp.reduce(z, axis=0)),
        "vectorize": lambda z: np.vectorize(softmax_by_lists, signature="(k)->(k)")(z.T).T,
        "an object": SoftmaxObject(),
    },
    "cce": {
        "where": cce_by_where,
        "xlogy": cce_like_xlogy,
        "loops": cce_by_loops,
        "true class": lambda Y, Yhat: -np.log(np.sum(Y * Yhat, axis=0)).mean(),
        "mask": lambda Y, Yhat: float(np.mean(-np.log(Yhat.T[Y.T == 1]))),
        "largest": lambda Y, Yhat: -np.log(np.max(Y * Yhat, axis=0)).mean(),
        "einsum": lambda Y, Yhat: np.mean(-np.log(np.einsum("k...,k...->...", Y, Yhat))),
    },
    "cce_from_scores": {
        "logaddexp": cce_from_scores_by_logaddexp,
        "loops": cce_from_scores_by_loops,
        "branches": cce_from_scores_by_branches,
        "one-hot": lambda Z, y: float(
            np.mean(np.logaddexp.reduce(Z) - np.sum(Z * (np.arange(len(Z)) == np.c_[y]).T, axis=0))
            if Z.ndim == 2
            else np.logaddexp.reduce(Z) - Z[y]
        ),
    },
    "numerical_gradient": {
        "nditer": gradient_by_nditer,
        "flat views": gradient_by_flat_views,
        "directions": gradient_by_directions,
        "restored in place": gradient_restored_in_place,
    },
    "cce_gradient": {
        "divide": cce_gradient_by_divide,
        "by entries": cce_gradient_by_entries,
        "nan to zero": cce_gradient_nan_to_zero,
        "where": lambda Y, Yhat: np.where(Y == 0, 0.0, -Y / Yhat),
        "nan_to_num": lambda Y, Yhat: -np.nan_to_num(Y / Yhat),
        "plus zero": lambda Y, Yhat: cce_gradient_by_divide(Y, Yhat) + 0.0,
    },
    "softmax_jacobian": {
        "loops": jacobian_by_loops,
        "einsum": lambda a: np.einsum("i,ik->ik", a, np.eye(len(a))) - np.einsum("i,k->ik", a, a),
        "diagflat": lambda a: np.diagflat(a) - a.reshape(-1, 1) @ a.reshape(1, -1),
        "columns": lambda a: a[:, None] * (np.eye(len(a)) - a[None, :]),
        "eye * a": lambda a: np.eye(a.size) * a - np.multiply.outer(a, a),
    },
    "scores_gradient_x": {
        "transpose": np.transpose,
        "copy": lambda W: W.T.copy(),
        "loops": lambda W: np.array([[W[k, j] for k in range(len(W))] for j in range(W.shape[1])]),
        "einsum": lambda W: np.einsum("kj->jk", W),
        "swapaxes": lambda W: np.ascontiguousarray(W.swapaxes(0, 1)),
    },
    "scores_gradient_W": {
        "loops": tensor_by_loops,
        "broadcast": lambda x, K: np.eye(K)[:, None, :] * x[None, :, None],
        "kron": lambda x, K: np.kron(np.eye(K), x[:, None]).reshape(K, len(x), K),
        "tensordot": lambda x, K: np.tensordot(np.eye(K), x, axes=0).transpose(0, 2, 1),
    },
    "chain_rule": {
        "loops": chain_by_loops,
        "einsum": lambda T, J, g: np.einsum("ijk,km,m->ij", T, J, g),
        "tensordot": lambda T, J, g: np.tensordot(T, np.dot(J, g), axes=([2], [0])),
        "right to left": lambda T, J, g: T @ (J @ g),
        "sum": lambda T, J, g: (T * (J @ g)).sum(axis=-1),
    },
    "loss_gradient": {
        "label": loss_gradient_by_label,
        "through tensors": loss_gradient_through_the_jacobian,
        "matrix product": lambda W, x, y: (softmax_in_rows(W @ x) - y)[:, None] @ x[None, :],
        "einsum": lambda W, x, y: np.einsum("k,d->kd", softmax_pairwise(W @ x) - y, x),
    },
}


@cases(RIGHT)
def test_right_answers_pass_however_they_are_written(exercise, function):
    assert_right(exercise, function)


def test_two_mistakes_in_one_function_are_both_named():
    def softmax(z):
        return np.exp(z) / np.sum(np.exp(z))

    named = {f.criterion: f.misconception for f in judge(EXERCISES["softmax"], softmax).findings}
    assert named["batch"] == "whole-matrix sum"
    assert named["extreme scores"] == "no max shift"

    def cce(y, yhat):
        return -np.sum(y * np.log(yhat))

    named = {f.criterion: f.misconception for f in judge(EXERCISES["cce"], cce).findings}
    assert named["mean over samples"] == "sum instead of mean"
    assert named["exact 0 and 1"] == "0 log 0 is nan"


# --- Wrong answers that the catalogue does not know -------------------------------------------


def softmax32(z):
    e = np.exp((z - z.max(axis=0)).astype(np.float32))
    return (e / e.sum(axis=0)).astype(np.float64)


def softmax_with_temperature(z):
    return softmax_by_log_sum_exp(z / 1.001)


def softmax_of_three(z):
    e = [np.exp(z[k] - z.max(axis=0)) for k in range(3)]
    return np.array(e) / sum(e)


def softmax_transposed_when_square(z):
    a = softmax_by_log_sum_exp(z)
    return a.T if z.ndim == 2 and z.shape[0] == z.shape[1] else a


def softmax_only_1d(z):
    if z.ndim > 1:
        raise ValueError("one sample at a time, please")
    return softmax_by_log_sum_exp(z)


def softmax_only_2d(z):
    return softmax_by_log_sum_exp(z) if z.shape[1] else None


def softmax_cut_at_700(z):
    e = np.exp(np.clip(z, -700, 700))
    return e / e.sum(axis=0)


def limit_p(function, eps):
    return lambda Y, Yhat: function(Y, np.maximum(Yhat, eps))


def cce_wrong_only_at_zero(Y, Yhat):
    return np.nan_to_num(cce_by_where(Y, Yhat), posinf=0.0)


def jacobian_of_three(a):
    return jacobian_by_loops(a[:3])


def away_from_the_point(f, W, h=1e-5):
    return gradient_by_nditer(f, W + h / 2, h)


def gradient_only_2d(f, W, h=1e-5):
    G = np.zeros(W.shape)
    for i in range(W.shape[0]):
        for j in range(W.shape[1]):
            e = np.zeros(W.shape)
            e[i, j] = h
            G[i, j] = (f(W + e) - f(W - e)) / (2 * h)
    return G


def kept_for_f():
    """Return a gradient that is computed once for each f, wherever W is then."""
    known = {}
    return lambda f, W, h=1e-5: known.setdefault((f, h), gradient_by_nditer(f, W, h))


def chain_from_one_slice(T, J, g):
    return np.outer(J @ g, T[0, :, 0])


def loss_gradient_with_wrong_labels(W, x, y):
    return np.outer(softmax_by_lists(W @ x) - np.flip(y), x)


def cce_with_shift(Z, y, m):
    true = Z[y] if Z.ndim == 1 else Z[y, np.arange(len(y))]
    return float(np.mean(m + np.log(np.sum(np.exp(Z - m), axis=0)) - true))


def loss_gradient_cut(W, x, y):
    return np.outer(softmax_cut_at_700(W @ x) - y, x)


def one_way(single, batch):
    """Return a function with one formula for a single sample and another for a batch."""
    return lambda *arguments: (single if arguments[0].ndim == 1 else batch)(*arguments)


def cce_unguarded(Y, Yhat):
    return -np.sum(Y * np.log(Yhat)) / (1 if Y.ndim == 1 else Y.shape[1])


def cce_by_probabilities(Z, y):
    a = softmax_by_log_sum_exp(Z)
    return float(np.mean(-np.log(a[y] if Z.ndim == 1 else a[y, np.arange(len(y))])))


def softmax_shifted_by(shift):
    def softmax(z):
        e = np.exp(z - shift(z))
        return e / e.sum(axis=0)

    return softmax


UNSEEN = {
    "add_bias": {
        "all integers": lambda X: add_bias_by_entries(X).astype(np.int64),
        "float32": lambda X: add_bias_by_entries(X).astype(np.float32),
        "transposed": lambda X: add_bias_by_entries(X).T,
        "twos": lambda X: np.vstack((X, 2 * np.ones(X.shape[1]))),
        "mean": lambda X: np.vstack((X, X.mean(axis=0))),
        "twice": lambda X: add_bias_by_entries(add_bias_by_entries(X)),
        "nothing": lambda X: X,
        "rounded": lambda X: np.round(add_bias_by_entries(X), 6),
        "list": lambda X: add_bias_by_entries(X).tolist(),
    },
    "init_weights": {
        "default scale 1": lambda D, K, rng, scale=1.0: scale * rng.standard_normal((K, D + 1)),
        "bias zero": lambda D, K, rng, scale=0.01: np.hstack(
            (scale * rng.standard_normal((K, D)), np.zeros((K, 1)))
        ),
        "variance": lambda D, K, rng, scale=0.01: rng.normal(0, scale**2, (K, D + 1)),
        "other order": lambda D, K, rng, scale=0.01: rng.normal(0, scale, (D + 1, K)).T[::-1],
        "float32": lambda D, K, rng, scale=0.01: (
            (scale * rng.standard_normal((K, D + 1))).astype(np.float32)
        ),
    },
    "one_hot": {
        "ten classes": lambda y, K: np.eye(10)[:K, np.minimum(y, 9)],
        "last row lost": lambda y, K: np.eye(K)[:-1, y],
        "three classes": lambda y, K: np.eye(3)[:, y % 3],
        "unique labels": lambda y, K: np.eye(len(np.unique(y)))[:, y % len(np.unique(y))],
        "smoothed": lambda y, K: np.eye(K)[:, y] * 0.9 + 0.1 / K,
        "float32": lambda y, K: np.eye(K, dtype=np.float32)[:, y],
        "one cold": lambda y, K: 1 - np.eye(K)[:, y],
        "reversed": lambda y, K: np.eye(K)[::-1, y],
    },
    "scores": {
        "float32": lambda W, Xb: (W.astype(np.float32) @ Xb.astype(np.float32)).astype(float),
        "only batches": lambda W, Xb: W @ Xb if Xb.ndim == 2 else (W @ Xb)[:, None],
        "single precision out": lambda W, Xb: (W @ Xb).astype(np.float32),
        "tiny offset": lambda W, Xb: W @ Xb + 1e-8,
        "rounded": lambda W, Xb: np.round(W @ Xb, 6),
    },
    "softmax": {
        "first as shift": lambda z: np.exp(z - z[0]) / np.exp(z - z[0]).sum(axis=0),
        "last as shift": lambda z: np.exp(z - z[-1]) / np.exp(z - z[-1]).sum(axis=0),
        "float32": softmax32,
        "float32 out": lambda z: softmax_by_log_sum_exp(z).astype(np.float32),
        "temperature": softmax_with_temperature,
        "three classes": softmax_of_three,
        "transposed when square": softmax_transposed_when_square,
        "only 1-D": softmax_only_1d,
        "only 2-D": softmax_only_2d,
        "shifted by the mean": softmax_shifted_by(lambda z: z.mean(axis=0)),
        "shifted by the median": softmax_shifted_by(lambda z: np.median(z, axis=0)),
        "shifted by the first": softmax_shifted_by(lambda z: z[0]),
        "clip 1e-7": lambda z: np.clip(softmax_by_log_sum_exp(z), 1e-7, 1),
        "rounded": lambda z: np.round(softmax_by_log_sum_exp(z), 6),
        "negative": lambda z: softmax_by_log_sum_exp(-z),
        "twice": lambda z: softmax_by_log_sum_exp(softmax_by_log_sum_exp(z)),
        "flattened": lambda z: softmax_by_log_sum_exp(z).ravel(),
        "nan": lambda z: z * np.nan,
    },
    "cce": {
        "other epsilon": limit_p(cce_by_where, 3e-11),
        "nan in 1-D": one_way(cce_unguarded, cce_by_where),
        "clipped in 1-D": one_way(limit_p(cce_by_where, 1e-12), cce_by_where),
        "tiny limit": limit_p(cce_by_where, 1e-200),
        "0 for inf": cce_wrong_only_at_zero,
        "largest float for inf": lambda Y, Yhat: np.nan_to_num(cce_by_where(Y, Yhat)),
        "float32": lambda Y, Yhat: float(cce_by_where(Y, Yhat.astype(np.float32))),
        "list": lambda Y, Yhat: [cce_by_where(Y, Yhat)],
        "array": lambda Y, Yhat: np.array([cce_by_where(Y, Yhat)]),
        "swapped": lambda Y, Yhat: cce_by_where(Yhat, Y),
        "halved": lambda Y, Yhat: cce_by_where(Y, Yhat) / 2,
        "median": lambda Y, Yhat: np.median(-np.log(np.sum(Y * Yhat, axis=0))),
        "log1p": lambda Y, Yhat: np.mean(-np.log1p(np.sum(Y * Yhat, axis=0))),
        "rounded": lambda Y, Yhat: round(float(cce_by_where(Y, Yhat)), 6),
    },
    "cce_from_scores": {
        "smallest as shift": lambda Z, y: cce_with_shift(Z, y, Z.min(axis=0)),
        "0 or the largest": lambda Z, y: cce_with_shift(Z, y, Z.max(axis=0, initial=0)),
        "inf in 1-D": one_way(cce_by_probabilities, cce_from_scores_by_loops),
        "mean over entries": lambda Z, y: cce_from_scores_by_loops(Z, y) / len(Z),
        "only batches": lambda Z, y: cce_from_scores_by_loops(Z, y) if Z.ndim == 2 else None,
        "next label": lambda Z, y: cce_from_scores_by_loops(Z, (np.asarray(y) + 1) % len(Z)),
        "cut at 700": lambda Z, y: cce_from_scores_by_loops(np.clip(Z, -700, 700), y),
        "only the max": lambda Z, y: float(np.mean(Z.max(axis=0)) - np.mean(np.choose(y, Z))),
    },
    "numerical_gradient": {
        "off the point": away_from_the_point,
        "huge default": lambda f, W, h=10.0: gradient_by_nditer(f, W, h),
        "zeros": lambda f, W, h=1e-5: np.zeros(W.shape),
        "kept for f": kept_for_f(),
        "only 2-D": gradient_only_2d,
        "transposed": lambda f, W, h=1e-5: gradient_by_nditer(f, W, h).T,
        "float32": lambda f, W, h=1e-5: gradient_by_nditer(f, W, h).astype(np.float32),
        "large default": lambda f, W, h=1e-2: gradient_by_nditer(f, W, max(h, 5e-2)),
        "sign": lambda f, W, h=1e-5: -gradient_by_nditer(f, W, h),
        "first entry only": lambda f, W, h=1e-5: gradient_by_nditer(f, W, h) * (W.flat[0] == W),
        "half": lambda f, W, h=1e-5: gradient_by_nditer(f, W, h) / 2,
    },
    "cce_gradient": {
        "other epsilon": limit_p(cce_gradient_by_divide, 3e-11),
        "nan in 2-D": one_way(cce_gradient_by_divide, lambda Y, Yhat: -Y / Yhat),
        "clipped in 2-D": one_way(cce_gradient_by_divide, limit_p(cce_gradient_by_divide, 1e-12)),
        "tiny limit": limit_p(cce_gradient_by_divide, 1e-100),
        "only 1-D": lambda Y, Yhat: cce_gradient_by_divide(Y, Yhat)[:, None][:, 0]
        if Y.ndim == 1
        else None,
        "divided by K": lambda Y, Yhat: cce_gradient_by_divide(Y, Yhat) / len(Y),
        "squared": lambda Y, Yhat: -Y / np.where(Y == 0, 1, Yhat) ** 2,
        "clipped": lambda Y, Yhat: np.clip(cce_gradient_by_divide(Y, Yhat), -1e6, 1e6),
        "exchanged": lambda Y, Yhat: cce_gradient_by_divide(Yhat, Y),
    },
    "softmax_jacobian": {
        "three classes": jacobian_of_three,
        "negative": lambda a: -jacobian_by_loops(a),
        "epsilon": lambda a: jacobian_by_loops(a) + 1e-9,
        "float32": lambda a: jacobian_by_loops(a.astype(np.float32)),
        "batch": lambda a: jacobian_by_loops(a)[None],
        "triangle": lambda a: np.triu(jacobian_by_loops(a)),
    },
    "scores_gradient_x": {
        "reshape": lambda W: W.reshape(W.shape[::-1]),
        "only if not square": lambda W: W if W.shape[0] == W.shape[1] else W.T,
        "negative": lambda W: -W.T,
        "reversed": lambda W: W[::-1].T,
        "float32": lambda W: W.T.astype(np.float32),
    },
    "scores_gradient_W": {
        "reshape": lambda x, K: tensor_by_loops(x, K).transpose(2, 0, 1).reshape(K, len(x), K),
        "ones": lambda x, K: tensor_by_loops(np.ones_like(x), K),
        "bias dropped": lambda x, K: tensor_by_loops(x[:-1], K),
        "feature first": lambda x, K: tensor_by_loops(x, K).transpose(1, 0, 2),
        "three classes": lambda x, K: tensor_by_loops(x, 3),
        "first class": lambda x, K: tensor_by_loops(x, K) * (np.arange(K) == 0),
    },
    "chain_rule": {
        "from one slice": chain_from_one_slice,
        "negative": lambda T, J, g: -chain_by_loops(T, J, g),
        "row sums": lambda T, J, g: T @ J.sum(axis=1),
        "no upstream": lambda T, J, g: (T @ J).sum(axis=-1),
        "summed": lambda T, J, g: chain_by_loops(T, J, g).sum(),
        "transposed": lambda T, J, g: chain_by_loops(T, J, g).T,
    },
    "loss_gradient": {
        "clipped": lambda W, x, y: np.clip(loss_gradient_by_label(W, x, y), -9, 9),
        "labels flipped": loss_gradient_with_wrong_labels,
        "nan": lambda W, x, y: W * np.nan,
        "labels of the ends only": lambda W, x, y: loss_gradient_by_label(W, x, y) * (y[0] + y[-1]),
        "cut at 700": loss_gradient_cut,
        "no bias": lambda W, x, y: loss_gradient_by_label(W, x, y)[:, :-1],
        "bias never": lambda W, x, y: loss_gradient_by_label(W, x, y) * (x != 1),
        "z for a": lambda W, x, y: np.outer(W @ x - y, x),
        "sigmoid": lambda W, x, y: np.outer(1 / (1 + np.exp(-W @ x)) - y, x),
    },
}  # fmt: skip


@cases(UNSEEN)
def test_unknown_mistake_costs_points_and_is_given_no_name(exercise, function):
    for seed in range(3):
        verdict = judge(exercise, function, seed)
        assert verdict.points < verdict.max_points
        assert verdict.misconception is None, verdict


def sizes_of(name, arguments):
    """Return the numbers of classes, features and samples of a call, None where it has none."""
    shapes = [part.shape for part in arguments if isinstance(part, np.ndarray)]
    if name == "add_bias":
        return None, *shapes[0]
    if name == "init_weights":
        return arguments[1], arguments[0], None
    if name == "scores":
        return shapes[0][0], shapes[0][1] - 1, shapes[1][1] if len(shapes[1]) == 2 else None
    if name == "one_hot":
        return arguments[1], None, len(arguments[0])
    if name in ("softmax", "cce", "cce_from_scores", "cce_gradient"):
        return shapes[0][0], None, shapes[0][1] if len(shapes[0]) == 2 else None
    if name == "scores_gradient_W":
        return arguments[1], len(arguments[0]) - 1, None
    return shapes[0][0], shapes[0][1] - 1 if len(shapes[0]) > 1 else None, None


LIMITS = {"K": (6, 4), "D": (4, 3), "N": (7, 7)}  # every judgement goes above and below
SIZED = {
    "add_bias": "DN",
    "init_weights": "KD",
    "one_hot": "KN",
    "scores": "KDN",
    "softmax": "KN",
    "cce": "KN",
    "cce_from_scores": "KN",
    "cce_gradient": "KN",
    "softmax_jacobian": "K",
    "scores_gradient_x": "KD",
    "scores_gradient_W": "KD",
    "chain_rule": "KD",
    "loss_gradient": "KD",
}


@pytest.mark.parametrize(
    ("name", "size"), [(name, size) for name, sizes in SIZED.items() for size in sizes]
)
def test_right_only_up_to_a_size_or_only_from_a_size_on_costs_points(name, size):
    exercise, which = EXERCISES[name], "KDN".index(size)
    few, many = LIMITS[size]

    def right_where(fits):
        def narrow(*arguments):
            size = sizes_of(name, arguments)[which]
            right = exercise.reference(*arguments)
            return right if size is None or fits(size) else right * 1.01 + 0.01

        return narrow

    for seed in range(10):
        assert not judge(exercise, right_where(lambda size: size <= few), seed).passed
        assert not judge(exercise, right_where(lambda size: size >= many), seed).passed


@pytest.mark.parametrize(
    "exercise", [e for e in EXERCISES.values() if e.kind == "function"], ids=lambda e: e.name
)
def test_answers_kept_by_shape_cost_points(exercise):
    for seed in range(5):
        known = {}

        def keeps(*arguments, known=known):
            key = repr([np.shape(a) or (a if type(a) is int else None) for a in arguments])
            if exercise.name == "numerical_gradient":
                key = repr(arguments[1].shape)
            return known.setdefault(key, exercise.reference(*arguments))

        assert not judge(exercise, keeps, seed).passed
