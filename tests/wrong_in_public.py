"""What people really write where these functions are asked for: 70 wrong ones, and their names.

Each kind was seen in public notebooks and repositories, and is written here anew, with the
arguments of the course.  The names are those that are true of it; the first is its main one.
Where the catalogue has no name for what is wrong, there is none here.
"""

from __future__ import annotations

import numpy as np

EPS = 1e-15


# --- ps1 --------------------------------------------------------------------------------------


def row_of_ones_by_insert(X):
    return np.insert(X, 0, np.ones(X.shape[1]), axis=0)


def padded(X):
    return np.pad(X, ((0, 1), (0, 0)), constant_values=1)


def ones_written_into_the_data(X):
    X[-1, :] = 1
    return X


def seeded_inside(D, K, rng, scale=0.01):
    np.random.seed(0)  # noqa: NPY002
    return np.random.randn(K, D + 1) * scale  # noqa: NPY002


def he_weights(D, K, rng, scale=0.01):
    return rng.standard_normal((K, D + 1)) * np.sqrt(2 / D)


def one_hot_rows(y, K):
    Y = np.zeros((y.size, K))
    Y[np.arange(y.size), y] = 1
    return Y


def one_hot_of_the_largest_label(y, K):
    Y = np.zeros((y.size, y.max() + 1))
    Y[np.arange(y.size), y] = 1
    return Y.T


def one_hot_of_ten(y, K):
    Y = np.zeros((10, y.size))
    Y[y, np.arange(y.size)] = 1
    return Y


def one_hot_in_integers(y, K):
    Y = np.zeros((K, len(y)), dtype=int)
    for n, label in enumerate(y):
        Y[label][n] = 1
    return Y


def one_hot_of_one(y, K):
    Y = np.zeros(K)
    Y[y] = 1
    return Y


def one_hot_of_the_labels_present(y, K):
    classes = np.unique(y)
    return np.array([[float(label == c) for label in y] for c in classes])


def one_hot_from_one(y, K):
    Y = np.zeros((K, len(y)))
    for n, label in enumerate(y):
        Y[label - 1, n] = 1
    return Y


def softmax_of_all(z):
    return np.exp(z) / np.sum(np.exp(z))


def softmax_of_all_shifted(z):
    e = np.exp(z - np.max(z))
    return e / e.sum()


def softmax_with_one_max(z):
    e = np.exp(z - np.max(z))
    return e / e.sum(axis=0)


def softmax_with_one_max_by_builtin_sum(z):
    e = np.exp(z - np.max(z))
    return e / sum(e)


def softmax_by_builtin_sum(z):
    return np.exp(z) / sum(np.exp(z))


def softmax_by_comprehension(z):
    total = np.sum(np.exp(z), axis=0)
    return np.array([np.exp(score) / total for score in z])


def softmax_of_rows(z):
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def softmax_of_rows_if_2d(z):
    if z.ndim == 1:
        e = np.exp(z - np.max(z))
        return e / np.sum(e)
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def softmax_of_rows_by_reshape(z):
    z = z - z.max(axis=1).reshape(-1, 1)
    e = np.exp(z)
    return e / e.sum(axis=1).reshape(-1, 1)


def softmax_of_rows_unshifted(z):
    return np.exp(z) / np.sum(np.exp(z), axis=-1, keepdims=True)


def softmax_with_max_outside(z):
    e = np.exp(z) - np.max(z)
    return e / np.sum(e, axis=0)


def softmax_in_place(z):
    z -= np.max(z)
    return np.exp(z) / np.sum(np.exp(z))


def softmax_in_place_by_columns(z):
    z -= np.max(z, axis=0)
    return np.exp(z) / np.sum(np.exp(z), axis=0)


def softmax_clipped(z):
    e = np.exp(np.clip(z, None, 600))
    return e / np.sum(e, axis=0)


def softmax_clipped_both_ways(z):
    z = np.clip(z, -500, 500)
    return np.exp(z) / np.exp(z).sum(axis=0)


def softmax_with_epsilon(z):
    e = np.exp(z - np.max(z, axis=0, keepdims=True))
    return e / (np.sum(e, axis=0, keepdims=True) + 1e-8)


def softmax_without_keepdims(z):
    e = np.exp(z - np.max(z, axis=0))
    return e / np.sum(e, axis=-1)


def sigmoids(z):
    return 1 / (1 + np.exp(-z))


def shares(z):
    return z / np.sum(z, axis=0)


def shifted_shares(z):
    shifted = z - z.max(axis=0, keepdims=True)
    return shifted / shifted.sum(axis=0, keepdims=True)


def softmax_minus_the_min(z):
    e = np.exp(z - np.min(z, axis=0))
    return e / e.sum(axis=0)


def softmax_of_scaled_scores(z):
    e = np.exp(z / np.max(z, axis=0))
    return e / np.sum(e, axis=0)


def log_softmax(z):
    return z - np.log(np.sum(np.exp(z), axis=0))


def cce_summed(Y, Yhat):
    return -np.sum(Y * np.log(Yhat))


def cce_summed_clipped(Y, Yhat):
    Yhat = np.clip(Yhat, EPS, 1 - EPS)
    return -np.sum(Y * np.log(Yhat))


def cce_over_rows(Y, Yhat):
    return -np.sum(Y * np.log(Yhat + 1e-9)) / Y.shape[0]


def cce_mean_of_rows(Y, Yhat):
    return -np.mean(np.sum(Y * np.log(Yhat + 1e-12), axis=-1))


def cce_mean_of_entries(Y, Yhat):
    return np.mean(-Y * np.log(Yhat))


def cce_with_epsilon(Y, Yhat):
    return -np.mean(np.sum(Y * np.log(Yhat + 1e-8), axis=0))


def cce_clipped(Y, Yhat):
    Yhat = np.clip(Yhat, 1e-12, 1 - 1e-12)
    return np.mean(-np.sum(Y * np.log(Yhat), axis=0))


def cce_as_in_the_formula(Y, Yhat):
    N = Y.shape[1] if Y.ndim > 1 else 1
    return -np.sum(Y * np.log(Yhat)) / N


def cce_of_two_classes(Y, Yhat):
    return -np.mean(np.sum(Y * np.log(Yhat) + (1 - Y) * np.log(1 - Yhat), axis=0))


def cce_of_two_classes_meaned(Y, Yhat):
    return -np.mean(Y * np.log(Yhat) + (1 - Y) * np.log(1 - Yhat))


def cce_for_each(Y, Yhat):
    return -np.sum(Y * np.log(Yhat), axis=0)


def cce_by_rows_picked(Y, Yhat):
    labels = np.argmax(Y, axis=0)
    return -np.mean(np.log(Yhat[labels]))


def cce_without_minus(Y, Yhat):
    return np.mean(np.sum(Y * np.log(Yhat), axis=0))


def cce_in_bits(Y, Yhat):
    return -np.mean(np.log2(np.sum(Y * Yhat, axis=0)))


def cce_log_of_sum(Y, Yhat):
    return -np.log(np.sum(Y * Yhat))


def mean_squared_error(Y, Yhat):
    return np.mean((Yhat - Y) ** 2)


def mean_wrongness(Y, Yhat):
    return np.mean(1 - np.sum(Y * Yhat, axis=0))


def scores_loss_by_probabilities(Z, y):
    e = np.exp(Z - np.max(Z, axis=0))
    p = e / e.sum(axis=0)
    return -np.mean(np.log(p[y, np.arange(len(y))] if Z.ndim == 2 else p[y]))


def scores_loss_with_epsilon(Z, y):
    e = np.exp(Z - np.max(Z, axis=0))
    p = e / e.sum(axis=0)
    return float(np.mean(-np.log((p[y, np.arange(len(y))] if Z.ndim == 2 else p[y]) + 1e-12)))


def scores_loss_unshifted(Z, y):
    true = Z[y, np.arange(len(y))] if Z.ndim == 2 else Z[y]
    return np.mean(np.log(np.sum(np.exp(Z), axis=0)) - true)


def scores_loss_of_all(Z, y):
    true = Z[y, np.arange(len(y))] if Z.ndim == 2 else Z[y]
    return np.mean(np.log(np.sum(np.exp(Z))) - true)


def scores_loss_with_one_max(Z, y):
    m = np.max(Z)
    true = Z[y, np.arange(len(y))] if Z.ndim == 2 else Z[y]
    return np.mean(m + np.log(np.sum(np.exp(Z - m), axis=0)) - true)


def scores_loss_max_forgotten(Z, y):
    true = Z[y, np.arange(len(y))] if Z.ndim == 2 else Z[y]
    return np.mean(np.log(np.sum(np.exp(Z - Z.max(axis=0)), axis=0)) - true)


def scores_loss_for_each(Z, y):
    true = np.take_along_axis(Z, np.expand_dims(y, 0), axis=0)[0]
    m = Z.max(axis=0)
    return m + np.log(np.exp(Z - m).sum(axis=0)) - true


def scores_loss_shifted_by_the_true_one(Z, y):
    true = np.take_along_axis(Z, np.expand_dims(y, 0), axis=0)[0]
    return np.mean(np.log(np.sum(np.exp(Z - true), axis=0)))


# --- ps2 --------------------------------------------------------------------------------------


def gradient_with_own_h(f, W, h=1e-5):
    h = 1e-4
    gradient = np.zeros_like(W, dtype=float)
    for i in np.ndindex(W.shape):
        up, down = W.astype(float), W.astype(float)
        up[i] += h
        down[i] -= h
        gradient[i] = (f(up) - f(down)) / (2 * h)
    return gradient


def gradient_like_W(f, W, h=1e-5):
    gradient = np.zeros_like(W)
    for i in np.ndindex(W.shape):
        before = W[i]
        W[i] = before + h
        above = f(W)
        W[i] = before - h
        below = f(W)
        W[i] = before
        gradient[i] = (above - below) / (2 * h)
    return gradient


def gradient_forward(f, W, h=1e-5):
    W = W.astype(float)
    at, gradient = f(W), np.zeros(W.shape)
    for i in np.ndindex(W.shape):
        moved = W.copy()
        moved[i] += h
        gradient[i] = (f(moved) - at) / h
    return gradient


def gradient_backward(f, W, h=1e-5):
    W = W.astype(float)
    gradient = np.zeros(W.shape)
    for i in np.ndindex(W.shape):
        moved = W.copy()
        moved[i] -= h
        gradient[i] = (f(W) - f(moved)) / h
    return gradient


def gradient_of_rows(f, W, h=1e-5):
    gradient = np.zeros_like(W, dtype=float)
    for i in range(len(W)):
        up, down = W.astype(float), W.astype(float)
        up[i] += h
        down[i] -= h
        gradient[i] = (f(up) - f(down)) / (2 * h)
    return gradient


def gradient_all_at_once(f, W, h=1e-5):
    return (f(W + h) - f(W - h)) / (2 * h)


def gradient_over_h(f, W, h=1e-5):
    W = W.astype(float)
    gradient = np.zeros(W.shape)
    for i in np.ndindex(W.shape):
        step = np.zeros(W.shape)
        step[i] = h
        gradient[i] = (f(W + step) - f(W - step)) / h
    return gradient


def gradient_not_put_back(f, W, h=1e-5):
    W = W.astype(float)
    gradient = np.zeros(W.shape)
    for i in np.ndindex(W.shape):
        W[i] += h
        above = f(W)
        W[i] -= 2 * h
        gradient[i] = (above - f(W)) / (2 * h)
    return gradient


def minus_y_over_yhat(Y, Yhat):
    return -(Y / Yhat)


def minus_y_over_clipped(Y, Yhat):
    return -Y / np.clip(Yhat, 1e-12, 1.0)


def minus_y_over_yhat_and_epsilon(Y, Yhat):
    return -Y / (Yhat + 1e-8)


def mean_slope(Y, Yhat):
    return -Y / Yhat / Y.shape[-1]


def difference(Y, Yhat):
    return Yhat - Y


def slope_of_two_classes(Y, Yhat):
    return (Yhat - Y) / (Yhat * (1 - Yhat))


def slope_without_minus(Y, Yhat):
    return Y / Yhat


def slope_everywhere(Y, Yhat):
    return -1 / Yhat


def sigmoid_slope(a):
    return a * (1 - a)


def sigmoid_slopes_on_a_diagonal(a):
    return np.diag(a * (1 - a))


def jacobian_with_inner_product(a):
    return np.diag(a) - np.dot(a, a.T)


def jacobian_by_identity(a):
    return (np.eye(len(a)) - a) * a


def jacobian_by_one_rule(a):
    return a.reshape(-1, 1) * (1 - a)


def jacobian_of_softmax_again(a):
    s = np.exp(a) / np.sum(np.exp(a))
    return np.diag(s) - np.outer(s, s)


def jacobian_plus(a):
    J = np.zeros((len(a), len(a)))
    for i in range(len(a)):
        for j in range(len(a)):
            J[i, j] = a[i] * (1 - a[i]) if i == j else a[i] * a[j]
    return J


def weights_as_they_are(W):
    return W


def weights_without_bias(W):
    return W.T[:-1]


def sample_as_it_is(x, K):
    return x


def sample_repeated(x, K):
    return np.tile(x, (K, 1))


def chain_from_the_other_end(T, J, g):
    return g @ J @ T


def chain_by_stars(T, J, g):
    return T * J * g


def chain_without_the_middle(T, J, g):
    return np.dot(T, g)


def unstable(z):
    return np.exp(z) / np.sum(np.exp(z))


def loss_gradient_unstable(W, x, y):
    return np.outer(unstable(W @ x) - y, x)


def loss_gradient_exchanged(W, x, y):
    return np.outer(x, unstable(W @ x) - y)


def loss_gradient_with_sign(W, x, y):
    return np.outer(y - unstable(W @ x), x)


def loss_gradient_with_sigmoid_slope(W, x, y):
    a = unstable(W @ x)
    return np.outer((a - y) * a * (1 - a), x)


def loss_gradient_of_the_scores(W, x, y):
    return unstable(W @ x) - y


def loss_gradient_by_the_chain(W, x, y):
    e = np.exp(W @ x - np.max(W @ x))
    a = e / e.sum()
    return np.outer((np.diag(a) - np.outer(a, a)) @ (-y / a), x)


def loss_gradient_by_the_chain_with_epsilon(W, x, y):
    e = np.exp(W @ x - np.max(W @ x))
    a = e / e.sum()
    return np.outer((np.diag(a) - np.outer(a, a)) @ (-y / (a + 1e-12)), x)


def loss_gradient_with_label(W, x, y):
    a = unstable(W @ x)
    return np.outer(a - np.argmax(y), x)


def loss_gradient_over_K(W, x, y):
    return np.outer((unstable(W @ x) - y) / len(y), x)


def loss_gradient_in_place(W, x, y):
    e = np.exp(W @ x - np.max(W @ x))
    y -= e / e.sum()
    return np.outer(-y, x)


WRONG_IN_PUBLIC = {
    "add_bias": {
        row_of_ones_by_insert: ["ones first", "keeps integers"],
        padded: ["keeps integers"],
        ones_written_into_the_data: ["changes X"],
        lambda X: np.c_[X, np.ones(X.shape[0])]: ["adds a sample"],
        lambda X: np.c_[np.ones(X.shape[0]), X]: ["adds a sample"],
        lambda X: np.append(X, np.ones(X.shape[1])): [],
    },
    "init_weights": {
        seeded_inside: ["global generator"],
        lambda D, K, rng, scale=0.01: np.random.randn(K, D) * scale: [  # noqa: NPY002
            "global generator",
            "no bias column",
        ],
        lambda D, K, rng, scale=0.01: np.zeros((K, D + 1)): ["all alike"],
        lambda D, K, rng, scale=0.01: rng.normal(size=(D + 1, K)) * scale: ["transposed"],
        lambda D, K, rng, scale=0.01: rng.normal(size=(K, D + 1)): ["scale ignored"],
        he_weights: ["scale ignored"],
        lambda D, K, rng, scale=0.01: np.random.default_rng(42).normal(0, scale, (K, D + 1)): [
            "own generator"
        ],
        lambda D, K, rng, scale=0.01: rng.uniform(-1, 1, (K, D + 1)) * scale: ["uniform"],
    },
    "one_hot": {
        one_hot_rows: ["samples as rows"],
        lambda y, K: np.eye(K)[y]: ["samples as rows"],
        one_hot_of_the_largest_label: ["K from the labels present"],
        one_hot_of_the_labels_present: ["K from the labels present"],
        one_hot_of_ten: ["K fixed at 10"],
        one_hot_in_integers: ["integers or booleans"],
        one_hot_of_one: ["one vector for all"],
        one_hot_from_one: ["labels from 1"],
    },
    "scores": {
        lambda W, Xb: np.dot(Xb.T, W.T): ["factors exchanged"],
        lambda W, Xb: W.T @ Xb: ["W transposed"],
        lambda W, Xb: W[:, :-1] @ Xb[:-1]: ["bias dropped"],
        lambda W, Xb: W[:, 1:] @ Xb[:-1] + W[:, :1]: ["bias first"],
        lambda W, Xb: W @ Xb + W[:, -1:]: ["bias twice"],
        lambda W, Xb: W * Xb: ["elementwise"],
    },
    "softmax": {
        softmax_of_all: ["whole-matrix sum", "no max shift"],
        softmax_of_all_shifted: ["whole-matrix sum"],
        softmax_with_one_max: ["one global max"],
        softmax_with_one_max_by_builtin_sum: ["one global max"],
        softmax_by_builtin_sum: ["no max shift"],
        softmax_by_comprehension: ["no max shift"],
        softmax_of_rows: ["axis=1"],
        softmax_of_rows_if_2d: ["axis=1"],
        softmax_of_rows_by_reshape: ["axis=1"],
        softmax_of_rows_unshifted: ["axis=1", "no max shift"],
        softmax_with_max_outside: ["exp(z) - max"],
        softmax_in_place: ["whole-matrix sum", "changes z in place"],
        softmax_in_place_by_columns: ["changes z in place"],
        softmax_clipped: ["clipped scores"],
        softmax_clipped_both_ways: ["clipped scores"],
        softmax_with_epsilon: ["epsilon in the sum"],
        softmax_without_keepdims: ["missing keepdims"],
        sigmoids: ["sigmoid"],
        shares: ["no exponential"],
        shifted_shares: ["shares of z - max"],
        softmax_minus_the_min: ["subtracts the min"],
        softmax_of_scaled_scores: ["divides by the max"],
        log_softmax: ["log-probabilities"],
    },
    "cce": {
        cce_summed: ["sum instead of mean", "0 log 0 is nan"],
        cce_summed_clipped: ["sum instead of mean", "clipped probabilities"],
        cce_over_rows: ["divided by K", "epsilon inside the log"],
        cce_mean_of_rows: ["divided by K", "epsilon inside the log"],
        cce_mean_of_entries: ["mean over all entries", "0 log 0 is nan"],
        cce_with_epsilon: ["epsilon inside the log"],
        cce_clipped: ["clipped probabilities"],
        cce_as_in_the_formula: ["0 log 0 is nan"],
        cce_of_two_classes: ["binary cross-entropy", "0 log 0 is nan"],
        cce_of_two_classes_meaned: ["binary cross-entropy", "0 log 0 is nan"],
        cce_for_each: ["one loss for each sample", "0 log 0 is nan"],
        cce_by_rows_picked: ["row pick"],
        cce_without_minus: ["sign", "0 log 0 is nan"],
        cce_in_bits: ["log base 2"],
        cce_log_of_sum: ["log of the whole sum"],
        mean_squared_error: ["squared error"],
        mean_wrongness: ["1 - p"],
    },
    "cce_from_scores": {
        scores_loss_by_probabilities: ["log of softmax"],
        scores_loss_with_epsilon: ["clipped probabilities"],
        scores_loss_unshifted: ["no max shift"],
        scores_loss_of_all: ["whole-matrix sum", "no max shift"],
        scores_loss_with_one_max: ["one global max"],
        scores_loss_max_forgotten: ["max not added back"],
        scores_loss_for_each: ["one loss for each sample"],
        scores_loss_shifted_by_the_true_one: ["shifted by the true score"],
    },
    "numerical_gradient": {
        gradient_with_own_h: ["h ignored"],
        gradient_like_W: ["integer steps lost"],
        gradient_forward: ["forward difference"],
        gradient_backward: ["forward difference"],
        gradient_of_rows: ["whole rows moved"],
        gradient_all_at_once: ["one number for all entries"],
        gradient_over_h: ["missing factor 2"],
        gradient_not_put_back: ["not restored"],
    },
    "cce_gradient": {
        minus_y_over_yhat: ["0/0 is nan"],
        minus_y_over_clipped: ["epsilon in the denominator"],
        minus_y_over_yhat_and_epsilon: ["epsilon in the denominator"],
        mean_slope: ["divided by N", "0/0 is nan"],
        difference: ["yhat - y"],
        slope_of_two_classes: ["binary derivative"],
        slope_without_minus: ["sign", "0/0 is nan"],
        slope_everywhere: ["-1/yhat everywhere"],
    },
    "softmax_jacobian": {
        sigmoid_slope: ["a vector a(1 - a)"],
        sigmoid_slopes_on_a_diagonal: ["diagonal only"],
        jacobian_with_inner_product: ["inner product"],
        jacobian_by_identity: ["(I - a) * a"],
        jacobian_by_one_rule: ["a_i (1 - a_k) everywhere"],
        jacobian_of_softmax_again: ["softmax applied again"],
        jacobian_plus: ["+ a a^T"],
    },
    "scores_gradient_x": {
        weights_as_they_are: ["W itself"],
        weights_without_bias: ["bias column dropped"],
    },
    "scores_gradient_W": {
        sample_as_it_is: ["x itself"],
        sample_repeated: ["a matrix"],
    },
    "chain_rule": {
        chain_from_the_other_end: ["wrong axis"],
        chain_by_stars: ["elementwise"],
        chain_without_the_middle: ["Jacobian skipped"],
    },
    "loss_gradient": {
        loss_gradient_unstable: ["no max shift"],
        loss_gradient_exchanged: ["transposed", "no max shift"],
        loss_gradient_with_sign: ["sign", "no max shift"],
        loss_gradient_with_sigmoid_slope: ["sigmoid slope too", "no max shift"],
        loss_gradient_of_the_scores: ["slope of the scores only", "no max shift"],
        loss_gradient_by_the_chain: ["0/0 in the chain"],
        loss_gradient_by_the_chain_with_epsilon: ["epsilon in the chain"],
        loss_gradient_with_label: ["label as a number", "no max shift"],
        loss_gradient_over_K: ["divided by K", "no max shift"],
        loss_gradient_in_place: ["changes its inputs"],
    },
}  # fmt: skip
