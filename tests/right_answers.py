"""Right answers to ps3, ps4 and ps5 in more styles than the lecture's.

Loops, einsum, other names and orders, in place on own copies, closures, subclasses, slots.
"""

from __future__ import annotations

import math
from functools import partial, reduce

import numpy as np


def soft(Z, axis=0):
    e = np.exp(Z - np.max(Z, axis=axis, keepdims=True))
    e /= np.sum(e, axis=axis, keepdims=True)
    return e


def soft_in_rows(Z):
    return soft(Z.T, axis=-1).T


def soft_by_logarithms(Z):
    return np.exp(Z - np.logaddexp.reduce(Z, axis=0))


def soft_by_lists(z):
    top = max(z)
    powers = [math.exp(one - top) for one in z]
    return np.array([power / sum(powers) for power in powers])


def jacobian_times(a, g):
    return np.array(
        [
            sum(a[k] * ((i == k) - a[i]) * g[k] for k in range(len(a)))  # J is symmetric
            for i in range(len(a))
        ]
    )


def each_column(function, *arrays):
    """Apply a function of samples to one sample, or to each column."""
    if arrays[0].ndim == 1:
        return function(*arrays)
    return np.stack([function(*columns) for columns in zip(*(a.T for a in arrays), strict=True)], 1)


# --- ps3 --------------------------------------------------------------------------------------


class Layer:
    """A base class, as courses on networks have it."""

    def __init__(self):
        self.cache = {}

    def __call__(self, *inputs):
        return self.forward(*inputs)


class SoftmaxLayer(Layer):
    def forward(self, scores):
        self.cache["probabilities"] = soft(scores)
        return self.cache["probabilities"]

    def backward(self, output_gradient, learning_rate=0.1):
        p = self.cache["probabilities"]
        return p * output_gradient - p * (p * output_gradient).sum(0)


class SoftmaxByLists:
    def forward(self, Z):
        self.A = each_column(soft_by_lists, np.asarray(Z, dtype=float))
        return self.A.copy()

    def backward(self, grad_a, learning_rate=None):
        return each_column(jacobian_times, self.A, grad_a)


class SoftmaxInRows:
    __slots__ = ("rows",)

    def forward(self, Z):
        self.rows = soft(Z.T, axis=-1)
        return self.rows.T

    def backward(self, grad_a, _=None):
        G = grad_a.T
        return (self.rows * (G - np.sum(self.rows * G, axis=-1, keepdims=True))).T


class SoftmaxThatKeepsScores:
    def forward(self, Z):
        self.Z = np.array(Z)
        return soft_by_logarithms(self.Z)

    def backward(self, grad_a, learning_rate=None):
        out = np.array(grad_a)
        A = soft_by_logarithms(self.Z)
        out -= np.sum(A * out, axis=0)
        out *= A
        return out


class DenseOfParts:
    """The weights and the bias apart; W puts them together."""

    def __init__(self, D, K, rng, scale=0.01):
        drawn = scale * rng.standard_normal((K, D + 1))
        self.weights, self.bias = drawn[:, :D], drawn[:, D:]

    @property
    def W(self):
        return np.hstack([self.weights, self.bias])

    def forward(self, X):
        self.inputs = X
        return np.dot(self.weights, X) + self.bias

    def backward(self, grad_z, learning_rate):
        N = grad_z.shape[1]
        back = np.dot(self.weights.T, grad_z)
        self.weights = self.weights - learning_rate / N * np.dot(grad_z, self.inputs.T)
        self.bias = self.bias - learning_rate * grad_z.mean(axis=1, keepdims=True)
        return back


class DenseByEinsum(Layer):
    def __init__(self, D, K, rng, scale=0.01):
        super().__init__()
        self.W = rng.standard_normal(size=(K, D + 1)) * scale

    def forward(self, X):
        self.cache["X"] = np.concatenate([X, np.ones((1, X.shape[1]))], axis=0)
        return np.einsum("kd,dn->kn", self.W, self.cache["X"])

    def backward(self, grad_z, learning_rate):
        X = self.cache["X"]
        back = np.einsum("kd,kn->dn", self.W, grad_z)[:-1]
        self.W = self.W - learning_rate * np.mean(np.einsum("kn,dn->nkd", grad_z, X), axis=0)
        return back


class DenseByPadding:
    def __init__(self, D, K, rng, scale=0.01):
        self.W = scale * rng.normal(size=(K, D + 1))

    def forward(self, X):
        self.Xb = np.pad(X, ((0, 1), (0, 0)), constant_values=1.0)
        return np.matmul(self.W, self.Xb)

    def backward(self, grad_z, learning_rate):
        old = self.W.copy()
        self.W -= learning_rate * (self.Xb @ grad_z.T).T / len(grad_z.T)
        return (old.T @ grad_z)[:-1]


def epoch_by_indices(W, X, Y, learning_rate, order):
    W, N = np.array(W, dtype=float), len(order)
    losses = np.empty(N)
    for i in range(N):
        x, y = np.append(X[:, order[i]], 1.0), Y[:, order[i]]
        a = soft(W @ x)
        losses[i] = -np.log(a[np.argmax(y)])
        W -= learning_rate * np.outer(a - y, x)
    return W, losses


def epoch_by_scores(W, X, Y, learning_rate, order):
    Xb, labels, losses = np.r_[X, [np.ones(X.shape[1])]], Y.argmax(axis=0), []
    for n in order:
        z = W.dot(Xb[:, n])
        total = np.logaddexp.reduce(z)
        losses += [total - z[labels[n]]]
        error = np.exp(z - total)
        error[labels[n]] -= 1
        W = W - learning_rate * error[:, None] * Xb[None, :, n]
    return W, np.asarray(losses)


def epoch_as_a_fold(W, X, Y, learning_rate, order):
    def step(state, n):
        W, losses = state
        x, y = np.concatenate((X[:, n], [1])), Y[:, n]
        a = soft_by_logarithms(W @ x)
        return W - learning_rate * np.multiply.outer(a - y, x), [*losses, -np.log(a[y == 1][0])]

    W, losses = reduce(step, order, (W, []))
    return W, np.array(losses)


def tries_of_softmax():
    rng = np.random.default_rng(3)
    Z = rng.normal(size=(5, 7))
    yield from (Z[:, 0], Z[:, 1] * 3, Z, Z[:, :1], Z + 1000, Z * 1000, Z - 2000)
    yield Z + np.linspace(-1500, 1500, 7)


def softmax_is_alike(f):
    return all(np.allclose(f(Z.copy()), soft_by_logarithms(Z)) for Z in tries_of_softmax())


def softmax_raises_nothing(f):
    try:
        for Z in tries_of_softmax():
            np.testing.assert_allclose(f(Z.copy()), soft(Z), rtol=1e-7, atol=1e-9)
    except AssertionError:
        return False
    return True


def softmax_is_near(f):
    return all(np.max(np.abs(f(Z) - soft_in_rows(Z))) < 1e-8 for Z in tries_of_softmax())


def slopes_by_entries(f, W, h=1e-5):
    G = np.zeros(W.shape)
    for i in range(W.shape[0]):
        for j in range(W.shape[1]):
            up, down = W.copy(), W.copy()
            up[i, j] += h
            down[i, j] -= h
            G[i, j] = (f(up) - f(down)) / (2 * h)
    return G


def gradient_is_alike(f, grad):
    rng = np.random.default_rng(7)
    for _ in range(4):
        W = rng.standard_normal((3, 4))
        if not np.allclose(slopes_by_entries(f, W), grad(W), rtol=1e-4, atol=1e-6):
            return False
    return True


def gradient_error_is_small(f, grad):
    rng = np.random.default_rng(8)
    worst = 0.0
    for scale in (0.5, 1.0, 2.0):
        W = scale * rng.normal(size=(3, 4))
        one, other = slopes_by_entries(f, W), grad(W)
        worst = max(worst, np.linalg.norm(one - other) / (1e-6 + np.linalg.norm(one + other)))
    return bool(worst < 1e-4)


def gradient_is_near(f, grad):
    tried = np.random.default_rng(9).uniform(-2, 2, (3, 3, 4))
    return bool(max(np.abs(slopes_by_entries(f, W) - grad(W)).max() for W in tried) < 1e-6)


# --- ps4 --------------------------------------------------------------------------------------


def batches_by_while(N, batch_size, rng):
    left, batches = rng.permutation(N), []
    while left.size:
        batches.append(left[:batch_size])
        left = left[batch_size:]
    return batches


def batches_by_ceiling(N, batch_size, rng):
    order = rng.permutation(np.arange(N))
    count = math.ceil(N / batch_size)
    return [order[i * batch_size : min((i + 1) * batch_size, N)].copy() for i in range(count)]


def batches_by_generator(N, batch_size, rng):
    def cut():
        order = rng.permutation(N)
        for start in range(0, N, batch_size):
            yield order[start : start + batch_size]

    return list(cut())


def backward_in_place(A, grad_A):
    out = A * grad_A
    out -= A * out.sum(axis=0)
    return out


def backward_by_tensor(A, grad_A):
    if A.ndim == 1:
        return backward_by_tensor(A[:, None], grad_A[:, None])[:, 0]
    J = np.einsum("in,ij->nij", A, np.eye(len(A))) - np.einsum("in,jn->nij", A, A)
    return np.matmul(J, grad_A.T[:, :, None])[:, :, 0].T


def gradient_by_labels(W, Xb, Y):
    error = soft(W @ Xb)
    error[Y.argmax(axis=0), np.arange(Y.shape[1])] -= 1
    return np.dot(error, Xb.T) / Y.shape[1]


def gradient_by_accumulating(W, Xb, Y):
    total = np.zeros(W.shape)
    for x, y in zip(Xb.T, Y.T, strict=True):
        total += np.outer(soft_by_lists(W @ x) - y, x)
    return total / len(Xb.T)


def pull_in_place_on_a_copy(W, strength):
    pull = W.copy()
    pull *= 2 * strength
    pull[:, -1] *= 0
    return pull


def train_by(step):
    """Return a training that takes its steps in another way."""

    def train(X, Y, batch_size, epochs, learning_rate, rng, strength=0.0):
        D, N = X.shape
        W = 0.01 * rng.standard_normal((Y.shape[0], D + 1))
        Xb = np.vstack([X, np.ones((1, N))])
        history = np.zeros(epochs)
        for epoch in range(epochs):
            order = rng.permutation(N)
            for start in range(0, N, batch_size):
                batch = order[start : start + batch_size]
                W, losses = step(W, Xb[:, batch], Y[:, batch], learning_rate, strength)
                history[epoch] += np.sum(losses) / N
        return W, history

    return train


def step_by_scores(W, Xb, Y, rate, strength):
    Z = W @ Xb
    totals = np.logaddexp.reduce(Z, axis=0)
    pull = 2 * strength * np.c_[W[:, :-1], np.zeros(len(W))]
    gradient = (np.exp(Z - totals) - Y) @ Xb.T / Xb.shape[1] + pull
    return W - rate * gradient, totals - np.sum(Z * Y, axis=0)


def step_in_place(W, Xb, Y, rate, strength):
    A = soft(W @ Xb)
    losses = -np.log(A[np.argmax(Y, axis=0), np.arange(A.shape[1])])
    A -= Y
    shrink = np.ones(W.shape[1])
    shrink[:-1] -= 2 * rate * strength
    W = W * shrink
    W -= rate * (A @ Xb.T) / A.shape[1]
    return W, losses


def step_by_samples(W, Xb, Y, rate, strength):
    gradients, losses = [], []
    for x, y in zip(Xb.T, Y.T, strict=True):
        a = soft_by_logarithms(W @ x)
        gradients.append(np.outer(a - y, x))
        losses.append(-np.log(a[y.astype(bool)]).item())
    mask = np.ones(W.shape)
    mask[:, -1] = 0
    return W - rate * (np.mean(gradients, axis=0) + 2 * strength * W * mask), losses


def predict_by_loops(W, Xb):
    Z, labels = W @ Xb, []
    for n in range(Z.shape[1]):
        best = 0
        for k in range(len(Z)):
            if Z[k, n] > Z[best, n]:
                best = k
        labels.append(best)
    return np.array(labels)


def confusion_by_one_hot(y, y_pred, K):
    classes = np.arange(K)[:, None]
    return (classes == y).astype(int) @ (classes == y_pred).astype(int).T


def confusion_by_masks(y, y_pred, K):
    C = np.zeros((K, K), dtype=int)
    for i in range(K):
        for j in range(K):
            C[i, j] = np.sum((y == i) & (y_pred == j))
    return C


def confusion_by_histogram(y, y_pred, K):
    C, _, _ = np.histogram2d(y, y_pred, bins=[np.arange(K + 1)] * 2)
    return C.astype(np.int64)


# --- ps5 --------------------------------------------------------------------------------------


def activation(value, slope, keep_input):
    """Return a layer of two plain functions."""

    class Activation(Layer):
        def forward(self, Z):
            out = value(np.asarray(Z, dtype=float))
            self.cache["kept"] = np.array(Z if keep_input else out)
            return out

        def backward(self, grad_a, learning_rate=None):
            return np.multiply(slope(self.cache["kept"]), grad_a)

    return Activation


def sigmoid_stable(Z):
    e = np.exp(-np.abs(Z))
    return np.where(Z >= 0, 1 / (1 + e), e / (1 + e))


class SigmoidInPlace:
    def forward(self, inputs):
        self.out = 0.5 * np.tanh(0.5 * inputs) + 0.5
        return self.out.copy()

    def backward(self, d_out, learning_rate=None):
        d = self.out - self.out**2
        d *= d_out
        return d


class ReLUInPlace:
    def forward(self, Z):
        out = Z.copy()
        out[out < 0] = 0
        self.positive = np.greater(Z, 0)
        return out

    def backward(self, grad_a, learning_rate=None):
        grad = grad_a.copy()
        grad[~self.positive] = 0
        return grad


class TanhBySlopes:
    def forward(self, Z):
        A = np.tanh(Z)
        self.slopes = 1.0 - np.square(A)
        return A

    def backward(self, grad_a, learning_rate=None):
        return self.slopes * grad_a


def mse_by_loops(y, Yhat):
    total = 0.0
    for n in range(len(y)):
        total += (Yhat[0, n] - y[n]) ** 2
    return total / len(y)


def mse_gradient_in_place(y, Yhat):
    out = Yhat.copy()
    out -= y
    out *= 2
    return out


def with_ones(X):
    return np.concatenate((X, np.ones_like(X[:1])))


def gradients_by_labels(W1, W2, X, Y):
    Z1 = W1[:, :-1] @ X + W1[:, -1:]
    H = np.tanh(Z1)
    dZ2 = soft_by_logarithms(W2[:, :-1] @ H + W2[:, -1:])
    dZ2[Y.argmax(axis=0), np.arange(Y.shape[1])] -= 1.0
    dH = W2[:, :-1].T @ dZ2
    dZ1 = dH / np.cosh(np.clip(Z1, -300, 300)) ** 2
    N = X.shape[1]
    dW1 = np.column_stack([dZ1 @ X.T, dZ1.sum(axis=1)]) / N
    dW2 = np.column_stack([dZ2 @ H.T, dZ2.sum(axis=1)]) / N
    return {"W1": dW1, "W2": dW2, "Z1": dZ1, "Z2": dZ2, "A1": dH}


def gradients_by_einsum(W1, W2, X, Y):
    Xb = with_ones(X)
    A1 = np.tanh(np.einsum("hd,dn->hn", W1, Xb))
    A1b = with_ones(A1)
    found = {"Z2": soft(np.einsum("kh,hn->kn", W2, A1b)) - Y}
    found["W2"] = np.einsum("kn,hn->nkh", found["Z2"], A1b).mean(axis=0)
    found["A1"] = np.einsum("kh,kn->hn", W2, found["Z2"])[:-1]
    found["Z1"] = found["A1"] - found["A1"] * A1 * A1
    found["W1"] = np.einsum("hn,dn->nhd", found["Z1"], Xb).mean(axis=0)
    return found


def gradients_in_place(W1, W2, X, Y):
    Xb = with_ones(X)
    A1 = np.tanh(W1 @ Xb)
    A2 = soft(W2 @ with_ones(A1))
    A2 -= Y
    back = (W2.T @ A2)[:-1, :]
    through = back.copy()
    through *= 1 - A1 * A1
    N = float(len(X.T))
    return {
        "Z2": A2,
        "W2": (A2 / N) @ with_ones(A1).T,
        "A1": back,
        "Z1": through,
        "W1": (through / N) @ Xb.T,
    }


def by_sigmoid(W1, W2, Xb):
    A1 = 2 * sigmoid_stable(2 * (W1 @ Xb)) - 1
    return A1, soft(W2[:, :-1] @ A1 + W2[:, [-1]])


def step_by(gradients, W1, W2, X, Y, learning_rate):
    old, slopes = (W1.copy(), W2.copy()), gradients(W1, W2, X, Y)
    for W, name in zip(old, ("W1", "W2"), strict=True):
        W -= learning_rate * slopes[name]
    Z = W2 @ with_ones(np.tanh(W1 @ with_ones(X)))
    highest = Z.max(axis=0)
    lost = highest + np.log(np.exp(Z - highest).sum(axis=0)) - (Y * Z).sum(axis=0)
    return [*old, float(lost.mean())]


def rate_by_dictionary(rates, histories, last):
    ends = {}
    for rate, curve in zip(rates.tolist(), histories.tolist(), strict=True):
        if not any(math.isnan(loss) or math.isinf(loss) for loss in curve):
            ends[rate] = math.fsum(curve[-last:]) / last
    return min(ends, key=ends.get)


def strength_by(rest_of, X, Y, held_out, strengths, fit):
    rest = rest_of(X.shape[1], held_out)
    found = []
    for strength in strengths:
        A = soft(fit(X[:, rest], Y[:, rest], strength) @ with_ones(X[:, held_out]))
        found.append(-np.log(A[Y[:, held_out].argmax(axis=0), np.arange(len(held_out))]).mean())
    return [strengths[int(np.argmin(found))], np.array(found)]


def network_by(gradients):
    """Return a network that takes its gradients from one of these functions."""

    class Network:
        def __init__(self, D, H, K, rng):
            self.W1 = rng.standard_normal((H, D + 1)) / np.sqrt(D)
            self.W2 = rng.standard_normal((K, H + 1)) / np.sqrt(H)

        def forward(self, X):
            self.inputs = X.copy()
            return soft(self.W2 @ with_ones(np.tanh(self.W1 @ with_ones(X))))

        def backward(self, Y):
            found = gradients(self.W1, self.W2, self.inputs, Y)
            return found["W1"], found["W2"]

        def fit(self, X, Y, batch_size, epochs, learning_rate, rng):
            history, N = [], X.shape[1]
            for _ in range(epochs):
                losses = []
                for batch in batches_by_while(N, batch_size, rng):
                    probabilities = self.forward(X[:, batch])
                    losses.extend(-np.log(probabilities.T[Y[:, batch].T == 1]))
                    changes = self.backward(Y[:, batch])
                    for name, change in zip(("W1", "W2"), changes, strict=True):
                        setattr(self, name, getattr(self, name) - learning_rate * change)
                history.append(sum(losses) / N)
            return np.array(history)

        def predict(self, X):
            hidden = np.tanh(self.W1 @ with_ones(X))
            return predict_by_loops(self.W2, with_ones(hidden))

    return Network


MORE = {
    "Softmax": {
        "with a base class": SoftmaxLayer,
        "by lists": SoftmaxByLists,
        "in rows": SoftmaxInRows,
        "keeps scores": SoftmaxThatKeepsScores,
    },
    "Dense": {"of parts": DenseOfParts, "by einsum": DenseByEinsum, "by padding": DenseByPadding},
    "sgd_epoch": {
        "by indices": epoch_by_indices,
        "by scores": epoch_by_scores,
        "as a fold": epoch_as_a_fold,
    },
    "is_softmax": {
        "is alike": softmax_is_alike,
        "raises nothing": softmax_raises_nothing,
        "is near": softmax_is_near,
    },
    "is_gradient": {
        "is alike": gradient_is_alike,
        "relative error": gradient_error_is_small,
        "is near": gradient_is_near,
    },
    "batch_indices": {
        "by while": batches_by_while,
        "by ceiling": batches_by_ceiling,
        "by a generator": batches_by_generator,
    },
    "batch_backward": {
        "by einsum": lambda J, G: np.einsum("ikn,kn->in", J, G, optimize=True),
        "by stacking": lambda J, G: (J.transpose(2, 0, 1) @ G.T[:, :, None])[:, :, 0].T,
        "by outputs": lambda J, G: sum(J[:, k] * G[k] for k in range(len(G))),
    },
    "choose_rate": {
        "by dictionary": rate_by_dictionary,
        "by nan": lambda rates, L, last: rates[
            np.nanargmin(np.where(np.isfinite(L).all(1), L[:, -last:].mean(1), np.nan))
        ],
        "by fit": lambda rates, L, last: min(
            (row[-last:].mean(), rate)
            for row, rate in zip(L, rates, strict=True)
            if np.isfinite(row).all()
        )[1],
    },
    "choose_strength": {
        "by set": partial(strength_by, lambda N, held: [n for n in range(N) if n not in held]),
        "by setdiff": partial(strength_by, lambda N, held: np.setdiff1d(np.arange(N), held)),
        "by isin": partial(strength_by, lambda N, held: ~np.isin(np.arange(N), held)),
    },
    "batch_gradient": {
        "by labels": gradient_by_labels,
        "by accumulating": gradient_by_accumulating,
        "in rows": lambda W, Xb, Y: ((Xb / len(Xb.T)) @ (soft_in_rows(W @ Xb) - Y).T).T,
    },
    "l2_gradient": {
        "in place": pull_in_place_on_a_copy,
        "by pad": lambda W, strength: np.pad(strength * 2 * W[:, :-1], ((0, 0), (0, 1))),
        "by where": lambda W, s: np.where(np.arange(W.shape[1]) < W.shape[1] - 1, 2 * s * W, 0.0),
    },
    "train": {
        "by scores": train_by(step_by_scores),
        "in place": train_by(step_in_place),
        "by samples": train_by(step_by_samples),
    },
    "predict": {
        "by loops": predict_by_loops,
        "in rows": lambda W, Xb: (Xb.T @ W.T).argmax(axis=1),
        "by comparing": lambda W, Xb: np.array(
            [max(range(len(z)), key=z.__getitem__) for z in (W @ Xb).T]
        ),
    },
    "accuracy": {
        "by sum": lambda y, y_pred: np.sum(y == y_pred) / y.size,
        "one minus errors": lambda y, y_pred: 1 - np.mean(y != y_pred),
        "by subtracting": lambda y, y_pred: float(np.average(np.abs(y - y_pred) < 0.5)),
    },
    "confusion_matrix": {
        "by one-hot": confusion_by_one_hot,
        "by masks": confusion_by_masks,
        "by histogram": confusion_by_histogram,
    },
    "to_keras": {
        "by split": lambda W: (np.split(W, [-1], axis=1)[0].T, np.split(W, [-1], axis=1)[1][:, 0]),
        "by delete": lambda W: (np.delete(W, -1, axis=1).T, np.take(W, -1, axis=1)),
        "by unpacking": lambda W: (np.array([*W.T][:-1]), [*W.T][-1]),
    },
    "ReLU": {
        "in place": ReLUInPlace,
        "by where": activation(lambda Z: np.where(Z > 0, Z, 0.0), lambda Z: Z > 0, True),
        "by clip": activation(lambda Z: np.clip(Z, 0, None), lambda A: np.sign(A), False),
    },
    "Tanh": {
        "by slopes": TanhBySlopes,
        "by sigmoid": activation(
            lambda Z: 2 * sigmoid_stable(2 * Z) - 1, lambda A: 1 - A**2, False
        ),
        "factors": activation(np.tanh, lambda A: (1 - A) * (1 + A), False),
    },
    "Sigmoid": {
        "in place": SigmoidInPlace,
        "stable": activation(sigmoid_stable, lambda A: A * (1 - A), False),
        "slopes of scores": activation(
            sigmoid_stable, lambda Z: sigmoid_stable(Z) * sigmoid_stable(-Z), True
        ),
    },
    "mse": {
        "by loops": mse_by_loops,
        "by norm": lambda y, Yhat: np.linalg.norm(Yhat - y) ** 2 / len(y),
        "by power": lambda y, Yhat: np.power(np.subtract(y, Yhat), 2).mean(),
    },
    "mse_gradient": {
        "in place": mse_gradient_in_place,
        "by axis": lambda y, Yhat: 2 * (Yhat - y[None]),
        "by loops": lambda y, Yhat: np.array(
            [[2 * (p - t) for p, t in zip(Yhat[0], y, strict=True)]]
        ),
    },
    "network_forward": {
        "by sigmoid": lambda W1, W2, X: by_sigmoid(W1, W2, with_ones(X)),
        "by einsum": lambda W1, W2, X: (
            np.tanh(np.einsum("hd,dn->hn", W1, with_ones(X))),
            soft(W2 @ with_ones(np.tanh(np.einsum("hd,dn->hn", W1, with_ones(X))))),
        ),
        "a list": lambda W1, W2, X: [*by_sigmoid(W1, W2, with_ones(X))],
    },
    "network_step": {
        "by labels": partial(step_by, gradients_by_labels),
        "by einsum": partial(step_by, gradients_by_einsum),
        "in place": partial(step_by, gradients_in_place),
    },
    "network_gradients": {
        "by labels": gradients_by_labels,
        "by einsum": gradients_by_einsum,
        "in place": gradients_in_place,
    },
    "Network": {
        "by labels": network_by(gradients_by_labels),
        "by einsum": network_by(gradients_by_einsum),
        "in place": network_by(gradients_in_place),
    },
}
