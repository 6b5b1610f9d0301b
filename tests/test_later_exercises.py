"""The exercises of ps3 to ps5: classes, tests of tests, training; written in other ways too."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from right_answers import MORE
from wrong_answers import WRONG

from answers import assert_right, cases
from autograder.catalogue.model import Specimen
from autograder.judging.judge import judge
from softmax_by_hand import EXERCISES
from softmax_by_hand import lecture as reference

# --- ps3 --------------------------------------------------------------------------------------


class SoftmaxByColumns:
    """Its Jacobian is built for each column; a sample is made a column and back."""

    def forward(self, Z):
        self.shape = Z.shape
        columns = Z.reshape(len(Z), -1)
        self.columns = [np.exp(z - np.logaddexp.reduce(z)) for z in columns.T]
        return np.array(self.columns).T.reshape(self.shape)

    def backward(self, grad_a, learning_rate=None):
        G = grad_a.reshape(len(grad_a), -1)
        answers = [
            (np.diag(a) - np.outer(a, a)) @ g for a, g in zip(self.columns, G.T, strict=True)
        ]
        return np.array(answers).T.reshape(self.shape)


class SoftmaxByEinsum:
    """The tensor of Jacobians, contracted over the right axes."""

    def __init__(self):
        self.output = None

    def forward(self, Z):
        e = np.exp(Z - np.max(Z, axis=0))
        self.output = e / np.sum(e, axis=0)
        return self.output.copy()

    def backward(self, grad_a, learning_rate=None):
        a = self.output
        product = np.einsum("k...,k...->...", a, grad_a)
        return np.einsum("k...,k...->k...", a, grad_a - product)


class DenseInPlace:
    """Moves its own W in place, which is nobody else's; keeps X as it is."""

    def __init__(self, D, K, rng, scale=0.01):
        self.W = rng.normal(0, scale, (K, D + 1))

    def forward(self, X):
        self.X = X.copy()
        return self.W[:, :-1] @ X + self.W[:, -1:]

    def backward(self, grad_z, learning_rate):
        answer = (self.W.T @ grad_z)[:-1]
        self.W[:, :-1] -= learning_rate * (grad_z @ self.X.T) / self.X.shape[1]
        self.W[:, -1] -= learning_rate * grad_z.mean(axis=1)
        return answer


class DenseBySamples:
    def __init__(self, D, K, rng, scale=0.01):
        self.W = np.array([scale * rng.standard_normal(D + 1) for _ in range(K)])

    def forward(self, X):
        self.samples = [np.append(x, 1.0) for x in X.T]
        return np.column_stack([self.W @ x for x in self.samples])

    def backward(self, grad_z, learning_rate):
        old = self.W
        outer = [np.outer(g, x) for g, x in zip(grad_z.T, self.samples, strict=True)]
        self.W = old - learning_rate * np.mean(outer, axis=0)
        return np.einsum("kd,kn->dn", old[:, :-1], grad_z)


def sgd_by_columns(W, X, Y, learning_rate, order):
    W, losses = W.copy(), np.zeros(len(order))
    for i, n in enumerate(order):
        x, y = np.append(X[:, n], 1.0), Y[:, n]
        z = W @ x
        losses[i] = np.logaddexp.reduce(z) - z @ y
        a = np.exp(z - np.logaddexp.reduce(z))
        W -= learning_rate * (a - y)[:, None] * x
    return W, losses


def sgd_with_bias_apart(W, X, Y, learning_rate, order):
    w, b = W[:, :-1], W[:, -1]
    losses = []
    for n in order.tolist():
        z = w @ X[:, n] + b
        z = z - z.max()
        a = np.exp(z) / np.exp(z).sum()
        losses.append(-np.log(a[Y[:, n] == 1][0]))
        w = w - learning_rate * np.outer(a - Y[:, n], X[:, n])
        b = b - learning_rate * (a - Y[:, n])
    return np.column_stack((w, b)), np.array(losses)


def is_softmax_by_properties(f):
    rng = np.random.default_rng(7)
    for K, N in ((3, 5), (4, 4), (6, 2)):
        for spread in (1.0, 500.0):
            Z = rng.normal(size=(K, N)) + spread * np.arange(N)
            A = f(Z)
            if A.shape != Z.shape or not np.isfinite(A).all() or (A <= 0).any():
                return False
            if np.abs(A.sum(axis=0) - 1).max() > 1e-9:
                return False
            if np.abs(np.log(A / A[0]) - (Z - Z[0])).max() > 1e-6:
                return False
            if not all(np.allclose(f(Z[:, n]), A[:, n]) for n in range(N)):
                return False
    extreme = f(np.array([1000.0, -1000.0, 999.0]))
    return bool(np.allclose(extreme, [1 / (1 + np.exp(-1)), 0, 1 / (1 + np.e)]))


def is_softmax_against_loops(f):
    def by_hand(z):
        top = max(z)
        terms = [np.exp(score - top) for score in z]
        return [term / sum(terms) for term in terms]

    rng = np.random.default_rng(3)
    for offset in ([0, 1, 2], [1000, -1000, 0]):
        Z = rng.normal(size=(4, 3)) + np.array(offset)
        wanted = np.array([by_hand(column) for column in Z.T]).T
        if not np.allclose(f(Z), wanted) or not np.allclose(f(Z[:, 0]), wanted[:, 0]):
            return np.bool_(False)
    return np.bool_(np.allclose(f(np.array([2000.0, -2000, 0])), [1, 0, 0]))


def is_gradient_by_directions(f, grad):
    rng = np.random.default_rng(5)
    for _ in range(12):
        W, d = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
        slope = (f(W + 1e-5 * d) - f(W - 1e-5 * d)) / 2e-5
        if abs(slope - np.sum(grad(W) * d)) > 1e-6 * max(1, abs(slope)):
            return False
    return True


def is_gradient_by_entries(f, grad):
    rng = np.random.default_rng(8)
    for W in rng.normal(size=(2, 3, 4)):
        G = grad(W)
        for index in np.ndindex(W.shape):
            up, down = W.copy(), W.copy()
            up[index] += 1e-4
            down[index] -= 1e-4
            if abs((f(up) - f(down)) / 2e-4 - G[index]) > 1e-5:
                return False
    return True


# --- ps4 --------------------------------------------------------------------------------------


def batches_by_list(N, batch_size, rng):
    order, batches = list(rng.permutation(N)), []
    while order:
        batches.append(np.array(order[:batch_size]))
        order = order[batch_size:]
    return batches


def batches_by_split(N, batch_size, rng):
    order = np.arange(N)
    rng.shuffle(order)
    return np.split(order, range(batch_size, N, batch_size))


def batch_backward_by_samples(J, grad_A):
    return np.stack([J[:, :, n] @ grad_A[:, n] for n in range(grad_A.shape[1])], axis=1)


def rate_by_loops(rates, histories, last):
    best, lowest = None, np.inf
    for rate, curve in zip(rates, histories, strict=True):
        if all(map(np.isfinite, curve)) and np.mean(curve[-last:]) < lowest:
            best, lowest = rate, np.mean(curve[-last:])
    return best


def strength_by_mask(X, Y, held_out, strengths, fit):
    held = np.zeros(X.shape[1], dtype=bool)
    held[held_out] = True
    Xb = np.vstack((X, np.ones(X.shape[1])))[:, held]
    losses = np.zeros(len(strengths))
    for i, strength in enumerate(strengths):
        Z = fit(X[:, ~held], Y[:, ~held], strength) @ Xb
        losses[i] = np.mean(np.logaddexp.reduce(Z, axis=0) - np.sum(Y[:, held] * Z, axis=0))
    return strengths[losses.argmin()], losses


def strength_by_pairs(X, Y, held_out, strengths, fit):
    rest = sorted(set(range(X.shape[1])) - set(held_out.tolist()))
    losses = []
    for strength in strengths.tolist():
        W = fit(X[:, rest], Y[:, rest], strength)
        each = [
            reference.cce(Y[:, n], reference.softmax(W @ np.append(X[:, n], 1))) for n in held_out
        ]
        losses.append(sum(each) / len(each))
    return min(zip(losses, strengths.tolist(), strict=True))[1], np.array(losses)


def batch_gradient_by_samples(W, Xb, Y):
    total = np.zeros(W.shape)
    for x, y in zip(Xb.T, Y.T, strict=True):
        e = np.exp(W @ x - (W @ x).max())
        total += np.outer(e / e.sum() - y, x)
    return total / Xb.shape[1]


def batch_gradient_by_einsum(W, Xb, Y):
    Z = W @ Xb
    A = np.exp(Z - np.logaddexp.reduce(Z, axis=0))
    return np.einsum("kn,jn->kj", A - Y, Xb) / Y.shape[1]


def pull_by_mask(W, strength):
    mask = np.ones(W.shape)
    mask[:, -1] = 0
    return 2 * strength * W * mask


def pull_by_stack(W, strength):
    return np.column_stack((2 * strength * W[:, :-1], np.zeros(len(W))))


def train_by_counting(X, Y, batch_size, epochs, learning_rate, rng, strength=0.0):
    K, N = Y.shape
    Xb = np.vstack((X, np.ones(N)))
    W = rng.normal(0, 0.01, (K, len(Xb)))
    history = np.zeros(epochs)
    for epoch in range(epochs):
        for batch in batches_by_list(N, batch_size, rng):
            Z = W @ Xb[:, batch]
            each = np.logaddexp.reduce(Z, axis=0) - (Y[:, batch] * Z).sum(axis=0)
            history[epoch] += each.sum() / N
            step = batch_gradient_by_einsum(W, Xb[:, batch], Y[:, batch])
            W = W - learning_rate * (step + pull_by_mask(W, strength))
    return W, history


def train_with_bias_apart(X, Y, batch_size, epochs, learning_rate, rng, strength=0.0):
    first = 0.01 * rng.standard_normal((len(Y), len(X) + 1))
    w, b, history = first[:, :-1], first[:, -1:], []
    for _ in range(epochs):
        losses = np.zeros(X.shape[1])
        for batch in batches_by_split(X.shape[1], batch_size, rng):
            x, y = X[:, batch], Y[:, batch]
            Z = w @ x + b
            A = np.exp(Z - Z.max(axis=0))
            A = A / A.sum(axis=0)
            losses[batch] = -np.log((A * y).sum(axis=0))
            w = w - learning_rate * ((A - y) @ x.T / len(batch) + 2 * strength * w)
            b = b - learning_rate * (A - y).mean(axis=1, keepdims=True)
        history.append(losses.mean())
    return np.hstack((w, b)), np.array(history)


def confusion_by_loops(y, y_pred, K):
    C = np.zeros((K, K), dtype=int)
    for truth, guess in zip(y, y_pred, strict=True):
        C[truth, guess] += 1
    return C


# --- ps5 --------------------------------------------------------------------------------------


class ReLUByMask:
    def forward(self, Z):
        self.mask = Z > 0
        return np.where(self.mask, Z, 0.0)

    def backward(self, grad_a, learning_rate=None):
        answer = grad_a.copy()
        answer[~self.mask] = 0
        return answer


class ReLUByHalves:
    def forward(self, Z):
        self.output = (Z + np.abs(Z)) / 2
        return self.output

    def backward(self, grad_a, learning_rate=None):
        return grad_a * np.sign(self.output)


class TanhAtTheInput:
    def forward(self, Z):
        self.input = Z.copy()
        return np.tanh(Z)

    def backward(self, grad_a, learning_rate=None):
        return grad_a - grad_a * np.tanh(self.input) ** 2


class TanhByExponentials:
    def forward(self, Z):
        e = np.exp(-2 * np.abs(Z))
        self.A = np.sign(Z) * (1 - e) / (1 + e)
        return self.A.copy()

    def backward(self, grad_a, learning_rate=None):
        return grad_a * (1 - self.A) * (1 + self.A)


class SigmoidByCases:
    def forward(self, Z):
        e = np.exp(-np.abs(Z))
        self.A = np.where(Z >= 0, 1 / (1 + e), e / (1 + e))
        return self.A

    def backward(self, grad_a, learning_rate=None):
        return grad_a * (self.A - self.A**2)


class SigmoidAsInTheLecture:
    def forward(self, Z):
        with np.errstate(over="ignore"):
            self.A = 1 / (1 + np.exp(-Z))
        return self.A

    def backward(self, grad_a, learning_rate=None):
        return self.A * (1 - self.A) * grad_a


def network_gradients_by_samples(W1, W2, X, Y):
    parts = {"Z2": [], "A1": [], "Z1": []}
    grad_W1, grad_W2 = np.zeros(W1.shape), np.zeros(W2.shape)
    for x, y in zip(X.T, Y.T, strict=True):
        xb = np.append(x, 1.0)
        a1 = np.tanh(W1 @ xb)
        z2 = W2 @ np.append(a1, 1.0)
        g2 = np.exp(z2 - np.logaddexp.reduce(z2)) - y
        g1 = (W2.T @ g2)[:-1]
        h1 = g1 / np.cosh(W1 @ xb) ** 2
        for key, part in zip(parts, (g2, g1, h1), strict=True):
            parts[key].append(part)
        grad_W2 += np.outer(g2, np.append(a1, 1.0)) / len(X.T)
        grad_W1 += np.outer(h1, xb) / len(X.T)
    return {"W1": grad_W1, "W2": grad_W2} | {k: np.array(v).T for k, v in parts.items()}


def network_gradients_by_layers(W1, W2, X, Y):
    tanh, soft = reference.Tanh(), reference.Softmax()
    Xb = np.vstack((X, np.ones(X.shape[1])))
    A1b = np.vstack((tanh.forward(W1 @ Xb), np.ones(X.shape[1])))
    A2 = soft.forward(W2 @ A1b)
    z2 = soft.backward(-Y / A2) if (A2 > 0).all() else A2 - Y
    a1 = np.delete(W2, -1, axis=1).T @ z2
    z1 = tanh.backward(a1)
    n = Y.shape[1]
    return {"Z2": z2, "A1": a1, "Z1": z1, "W2": np.inner(z2, A1b) / n, "W1": np.inner(z1, Xb) / n}


def two_layers(bend, W1, W2, X):
    A1 = bend(W1[:, :-1] @ X + W1[:, -1:])
    Z2 = W2[:, :-1] @ A1 + W2[:, -1:]
    E = np.exp(Z2 - Z2.max(axis=0))
    return A1, E / E.sum(axis=0)


def network_forward_by_samples(W1, W2, X):
    one_by_one = [two_layers(np.tanh, W1, W2, x[:, None]) for x in X.T]
    return tuple(np.hstack(parts) for parts in zip(*one_by_one, strict=True))


def step_with(gradients, W1, W2, X, Y, learning_rate):
    found, A2 = gradients(W1, W2, X, Y), two_layers(np.tanh, W1, W2, X)[1]
    loss = -np.log(A2.T[Y.T == 1]).mean()
    return W1 - learning_rate * found["W1"], W2 - learning_rate * found["W2"], loss


class NetworkByHand:
    def __init__(self, D, H, K, rng):
        self.W1 = rng.standard_normal((H, D + 1)) / np.sqrt(D)
        self.W2 = rng.standard_normal((K, H + 1)) / np.sqrt(H)

    def forward(self, X):
        self.Xb = np.vstack((X, np.ones(X.shape[1])))
        self.A1b = np.vstack((np.tanh(self.W1 @ self.Xb), np.ones(X.shape[1])))
        Z = self.W2 @ self.A1b
        self.A2 = np.exp(Z - np.logaddexp.reduce(Z, axis=0))
        return self.A2

    def backward(self, Y):
        g2 = (self.A2 - Y) / Y.shape[1]
        g1 = (self.W2.T @ g2) * (1 - self.A1b**2)
        return g1[:-1] @ self.Xb.T, g2 @ self.A1b.T

    def fit(self, X, Y, batch_size, epochs, learning_rate, rng):
        history = np.zeros(epochs)
        for epoch in range(epochs):
            for batch in batches_by_list(X.shape[1], batch_size, rng):
                A = self.forward(X[:, batch])
                history[epoch] -= np.log(A[Y[:, batch] == 1]).sum() / X.shape[1]
                for W, gradient in zip((self.W1, self.W2), self.backward(Y[:, batch]), strict=True):
                    W -= learning_rate * gradient
        return history

    def predict(self, X):
        return self.forward(X).argmax(axis=0)


class NetworkOfLayers:
    """Two Dense layers and what stands between; its weights are those of the layers."""

    def __init__(self, D, H, K, rng):
        self.first = reference.Dense(D, H, rng, 1 / np.sqrt(D))
        self.second = reference.Dense(H, K, rng, 1 / np.sqrt(H))
        self.tanh = TanhAtTheInput()

    W1 = property(lambda self: self.first.W)
    W2 = property(lambda self: self.second.W)

    def forward(self, X):
        hidden = self.tanh.forward(self.first.forward(X))
        self.A = reference.softmax(self.second.forward(hidden))
        return self.A

    def gradients(self, Y, rate):
        before = self.W1, self.W2
        hidden = self.second.backward(self.A - Y, rate)
        self.first.backward(self.tanh.backward(hidden), rate)
        return before

    def backward(self, Y):
        before = self.gradients(Y, 1.0)
        found = before[0] - self.W1, before[1] - self.W2
        self.first.W, self.second.W = before
        return found

    def fit(self, X, Y, batch_size, epochs, learning_rate, rng):
        history = []
        for _ in range(epochs):
            losses = np.zeros(X.shape[1])
            for batch in batches_by_split(X.shape[1], batch_size, rng):
                losses[batch] = -np.log((self.forward(X[:, batch]) * Y[:, batch]).sum(axis=0))
                self.gradients(Y[:, batch], learning_rate)
            history.append(np.mean(losses))
        return np.array(history)

    def predict(self, X):
        return np.array([int(column.argmax()) for column in self.forward(X).T])


RIGHT = {
    "Softmax": {"by columns": SoftmaxByColumns, "by einsum": SoftmaxByEinsum},
    "Dense": {"in place": DenseInPlace, "by samples": DenseBySamples},
    "sgd_epoch": {"by columns": sgd_by_columns, "bias apart": sgd_with_bias_apart},
    "is_softmax": {
        "by properties": is_softmax_by_properties,
        "against loops": is_softmax_against_loops,
    },
    "is_gradient": {
        "by directions": is_gradient_by_directions,
        "by entries": is_gradient_by_entries,
    },
    "batch_indices": {"by list": batches_by_list, "by split": batches_by_split},
    "batch_backward": {
        "by samples": batch_backward_by_samples,
        "by product": lambda J, G: (J * G).sum(axis=1),
    },
    "batch_gradient": {
        "by samples": batch_gradient_by_samples,
        "by einsum": batch_gradient_by_einsum,
    },
    "l2_gradient": {"by mask": pull_by_mask, "by stack": pull_by_stack},
    "train": {"by counting": train_by_counting, "bias apart": train_with_bias_apart},
    "choose_rate": {
        "by loops": rate_by_loops,
        "by sorting": lambda rates, histories, last: rates[
            np.argsort(
                np.where(np.isfinite(histories.sum(axis=1)), histories[:, -last:].sum(1), np.inf)
            )[0]
        ],
    },
    "choose_strength": {"by mask": strength_by_mask, "by pairs": strength_by_pairs},
    "predict": {
        "by columns": lambda W, Xb: np.array([int(np.argmax(W @ x)) for x in Xb.T]),
        "by sorting": lambda W, Xb: np.argsort(W @ Xb, axis=0)[-1],
    },
    "accuracy": {
        "by counting": lambda y, y_pred: np.count_nonzero(y == y_pred) / len(y),
        "by loops": lambda y, y_pred: (
            sum(float(a == b) for a, b in zip(y, y_pred, strict=True)) / len(y)
        ),
    },
    "confusion_matrix": {
        "by loops": confusion_by_loops,
        "by counting pairs": lambda y, y_pred, K: np.bincount(
            K * y + y_pred, minlength=K * K
        ).reshape(K, K),
    },
    "to_keras": {
        "a list": lambda W: [W[:, :-1].T, W[:, -1]],
        "by transposing": lambda W: (W.T[:-1].copy(), W.T[-1].copy()),
        "by columns": lambda W: (np.array([row[:-1] for row in W]).T, np.array([r[-1] for r in W])),
    },
    "ReLU": {"by mask": ReLUByMask, "by halves": ReLUByHalves},
    "Tanh": {"at the input": TanhAtTheInput, "by exponentials": TanhByExponentials},
    "Sigmoid": {"by cases": SigmoidByCases, "as in the lecture": SigmoidAsInTheLecture},
    "mse": {
        "by ravel": lambda y, Yhat: np.square(Yhat.ravel() - y).mean(),
        "by dot": lambda y, Yhat: float((Yhat[0] - y) @ (Yhat[0] - y) / len(y)),
    },
    "mse_gradient": {
        "by reshape": lambda y, Yhat: 2.0 * (Yhat - y.reshape(1, -1)),
        "by sum": lambda y, Yhat: (Yhat - y) + (Yhat - y),
    },
    "network_forward": {
        "by samples": network_forward_by_samples,
        "bias apart": lambda W1, W2, X: two_layers(np.tanh, W1, W2, X),
    },
    "network_step": {
        "by samples": partial(step_with, network_gradients_by_samples),
        "by layers": partial(step_with, network_gradients_by_layers),
    },
    "network_gradients": {
        "by samples": network_gradients_by_samples,
        "by layers": network_gradients_by_layers,
    },
    "Network": {"by hand": NetworkByHand, "of layers": NetworkOfLayers},
}


class Constant:
    def forward(self, Z):
        return np.ones(Z.shape)

    def backward(self, grad_a, learning_rate=None):
        return np.zeros(grad_a.shape)


class NetworkWithReLU(reference.Network):
    def forward(self, X):
        self.X = X
        hidden = np.maximum(self.W1 @ reference.add_bias(X), 0)
        return reference.softmax(self.W2 @ reference.add_bias(hidden))


class NetworkThatForgets(reference.Network):
    def fit(self, X, Y, batch_size, epochs, learning_rate, rng):
        return super().fit(X, Y, batch_size, epochs, learning_rate / 2, rng)


class SoftmaxOfBatchesOnly(reference.Softmax):
    def forward(self, Z):
        return super().forward(Z)[:, :]


class SoftmaxScaled(reference.Softmax):
    def backward(self, grad_a, learning_rate=None):
        return super().backward(grad_a) * (learning_rate or 1)


class SoftmaxInFloat32(reference.Softmax):
    def forward(self, Z):
        return super().forward(Z).astype(np.float32)


class DenseTransposed(reference.Dense):
    def backward(self, grad_z, learning_rate):
        return super().backward(grad_z, learning_rate).T


class DenseWithMomentum(reference.Dense):
    velocity = 0

    def backward(self, grad_z, learning_rate):
        before = self.W
        answer = super().backward(grad_z, learning_rate)
        self.velocity = 0.9 * self.velocity + (before - self.W)
        self.W = before - self.velocity
        return answer


def shared_softmax(Z, shift):
    E = np.exp(Z - shift(Z))
    return E / E.sum(axis=0)


def sgd_with_clipped_slope(W, X, Y, learning_rate, order):
    losses = []
    for n in order:
        x = np.append(X[:, n], 1.0)
        a = reference.softmax(W @ x)
        losses.append(reference.cce(Y[:, n], a))
        W = W - learning_rate * np.clip(np.outer(a - Y[:, n], x), -9, 9)
    return W, np.array(losses)


UNSEEN = {
    "Softmax": {
        "batches only": SoftmaxOfBatchesOnly,
        "scaled by the rate": SoftmaxScaled,
        "float32": SoftmaxInFloat32,
        "a function": lambda: reference.softmax,
    },
    "Dense": {
        "transposed": DenseTransposed,
        "momentum": DenseWithMomentum,
    },
    "sgd_epoch": {
        "slope clipped": sgd_with_clipped_slope,
        "losses as a list": lambda *a: (
            reference.sgd_epoch(*a)[0],
            list(reference.sgd_epoch(*a)[1]),
        ),
        "half the rate": lambda W, X, Y, rate, order: reference.sgd_epoch(W, X, Y, rate / 2, order),
        "mean loss": lambda *a: (reference.sgd_epoch(*a)[0], reference.sgd_epoch(*a)[1].mean()),
        "only W": lambda *a: reference.sgd_epoch(*a)[0],
    },
    "is_softmax": {
        "a number": lambda f: 1.0,
        "inverted": lambda f: not reference.is_softmax(f),
        "at random": lambda f: bool(np.random.default_rng(1).random() < f(np.zeros(3))[0]),
    },
    "is_gradient": {
        "a number": lambda f, grad: 1.0,
        "inverted": lambda f, grad: not reference.is_gradient(f, grad),
        "the first row": lambda f, grad: bool(
            np.allclose(
                grad(np.ones((3, 4)))[0], reference.numerical_gradient(f, np.ones((3, 4)))[0]
            )
        ),
    },
    "batch_indices": {
        "reversed": lambda *a: reference.batch_indices(*a)[::-1],
        "one array": lambda N, size, rng: rng.permutation(N),
    },
    "batch_backward": {
        "float32": lambda J, G: reference.batch_backward(J, G).astype(np.float32),
        "largest": lambda J, G: (J * G).max(axis=1),
    },
    "choose_rate": {
        "median rate": lambda rates, histories, last: float(np.sort(rates)[len(rates) // 2]),
        "an array": lambda *a: np.array([reference.choose_rate(*a)]),
    },
    "choose_strength": {
        "losses alone": lambda *a: reference.choose_strength(*a)[1],
        "a list": lambda *a: (reference.choose_strength(*a)[0], list(map(str, a[3]))),
    },
    "batch_gradient": {
        "largest size": lambda W, Xb, Y: (
            (shared_softmax(W @ Xb, lambda Z: np.abs(Z).max(axis=0)) - Y) @ Xb.T / Xb.shape[1]
        ),
        "0 or the largest": lambda W, Xb, Y: (
            (shared_softmax(W @ Xb, lambda Z: Z.max(axis=0, initial=0)) - Y) @ Xb.T / Xb.shape[1]
        ),
        "slope clipped": lambda W, Xb, Y: np.clip(reference.batch_gradient(W, Xb, Y), -9, 9),
        "rounded": lambda W, Xb, Y: np.round(reference.batch_gradient(W, Xb, Y), 6),
        "N - 1": lambda W, Xb, Y: reference.batch_gradient(W, Xb, Y) * (1 + 1 / Y.shape[1]),
    },
    "l2_gradient": {
        "three times": lambda W, strength: reference.l2_gradient(W, 1.5 * strength),
    },
    "train": {
        "rate halves": lambda X, Y, size, epochs, rate, *more: reference.train(
            X, Y, size, epochs, rate / 2, *more
        ),
        "history as a list": lambda *a: (reference.train(*a)[0], list(reference.train(*a)[1])),
        "starts at 0": lambda X, Y, *more: (0 * reference.train(X, Y, *more)[0], np.zeros(3)),
        "only W": lambda *a: reference.train(*a)[0],
    },
    "predict": {
        "clipped": lambda W, Xb: np.argmax(np.clip(W @ Xb, -700, 700), axis=0),
        "one maximum": lambda W, Xb: np.argmax(shared_softmax(W @ Xb, np.max), axis=0),
        "second best": lambda W, Xb: np.argsort(W @ Xb, axis=0)[-2],
        "floats": lambda W, Xb: reference.predict(W, Xb).astype(float),
    },
    "accuracy": {
        "hits in 8 bits": lambda y, y_pred: float(np.sum(y == y_pred, dtype=np.uint8) / len(y)),
        "of class 0": lambda y, y_pred: float(np.mean(y_pred[y == 0] == 0)),
        "rounded": lambda y, y_pred: round(reference.accuracy(y, y_pred), 1),
        "array": lambda y, y_pred: np.array([reference.accuracy(y, y_pred)]),
    },
    "confusion_matrix": {
        "ten classes": lambda y, y_pred, K: np.bincount(10 * y + y_pred, minlength=100)[
            :100
        ].reshape(10, 10)[:K, :K],
        "diagonal": lambda y, y_pred, K: np.diag(np.bincount(y[y == y_pred], minlength=K)),
        "list": lambda *a: reference.confusion_matrix(*a).tolist(),
    },
    "to_keras": {
        "negative": lambda W: (-W[:, :-1].T, W[:, -1]),
        "exchanged": lambda W: (W[:, -1], W[:, :-1].T),
    },
    "ReLU": {"constant": Constant, "tanh": reference.Tanh},
    "Tanh": {"constant": Constant, "sigmoid": reference.Sigmoid},
    "Sigmoid": {"constant": Constant, "tanh": reference.Tanh},
    "mse": {
        "median": lambda y, Yhat: float(np.median((Yhat[0] - y) ** 2)),
        "array": lambda y, Yhat: (Yhat[0] - y) ** 2,
        "cubes": lambda y, Yhat: float(np.mean(np.abs(Yhat[0] - y) ** 3)),
    },
    "mse_gradient": {
        "four times": lambda y, Yhat: 4 * (Yhat - y),
        "of the mean prediction": lambda y, Yhat: 2 * (Yhat.mean() - y[None, :]),
    },
    "network_forward": {
        "softmax in the middle": lambda *a: two_layers(reference.softmax, *a),
        "a matrix": lambda *a: np.vstack(reference.network_forward(*a)),
    },
    "network_step": {
        "half the rate": lambda W1, W2, X, Y, rate: reference.network_step(W1, W2, X, Y, rate / 2),
        "slopes": lambda W1, W2, X, Y, rate: tuple(
            part - rest
            for part, rest in zip(
                reference.network_step(W1, W2, X, Y, rate), (W1, W2, 0.0), strict=True
            )
        ),
    },
    "network_gradients": {
        "clipped": lambda *a: {
            name: np.clip(part, -9, 9) for name, part in reference.network_gradients(*a).items()
        },
        "weights only": lambda *a: {
            key: part for key, part in reference.network_gradients(*a).items() if key[0] == "W"
        },
        "a list": lambda *a: list(reference.network_gradients(*a).values()),
        "rounded": lambda *a: {
            key: np.round(part, 6) for key, part in reference.network_gradients(*a).items()
        },
    },
    "Network": {"ReLU": NetworkWithReLU, "half the rate": NetworkThatForgets},
}


# --- What holds for all of them ---------------------------------------------------------------


STYLES = {name: functions | MORE[name] for name, functions in RIGHT.items()}


@cases(STYLES)
def test_right_answers_pass_however_they_are_written(exercise, function):
    assert_right(exercise, function)


def test_each_exercise_here_has_five_right_answers_written_differently():
    assert sorted(RIGHT) == sorted(UNSEEN)
    assert all(len(functions) >= 5 for functions in STYLES.values())


@cases(UNSEEN)
def test_unknown_mistake_costs_points_and_is_given_no_name(exercise, function):
    for seed in range(3):
        verdict = judge(exercise, function, seed)
        assert verdict.points < verdict.max_points
        assert verdict.misconception is None, verdict


@pytest.mark.parametrize("name", ["is_softmax", "is_gradient"])
def test_the_lecture_s_test_tells_every_specimen_for_what_it_is(name):
    exercise = EXERCISES[name]
    for seed in range(100):
        rng = np.random.default_rng(seed)
        for criterion in exercise.criteria:
            for call in criterion.fixtures(rng):
                (specimen,) = (part for part in call if isinstance(part, Specimen))
                assert exercise.reference(*call) == (not specimen.breaks), specimen.breaks


@pytest.mark.parametrize("name", ["is_softmax", "is_gradient"])
def test_specimens_refuse_what_is_no_input_with_a_reason_and_nothing_worse(name):
    rng = np.random.default_rng(0)
    for call in EXERCISES[name].criteria[0].fixtures(rng):
        for garbage in ({}, None, np.zeros((2, 2, 2)), np.zeros(0)):
            with pytest.raises((ValueError, TypeError)):
                call[-1](garbage)


# --- Wrong answers as people write them -------------------------------------------------------


@pytest.fixture(scope="module")
def names_given():
    """Return the names that each wrong answer of the bank is given, at two seeds."""
    given = {}
    for name, functions in WRONG.items():
        for label, (function, _) in functions.items():
            verdicts = [judge(EXERCISES[name], function, seed) for seed in (11, 12)]
            assert not any(verdict.passed for verdict in verdicts), (name, label)
            given[name, label] = [
                {finding.misconception for finding in verdict.findings} - {None}
                for verdict in verdicts
            ]
    return given


def test_what_people_get_wrong_is_never_given_another_mistake_s_name(names_given):
    for (name, label), named in names_given.items():
        wanted = {*(WRONG[name][label][1] or "").split(" + ")}
        assert all(names <= wanted for names in named), (name, label, named)


def test_most_of_what_people_get_wrong_has_its_name(names_given):
    assert len(names_given) >= 200
    assert np.mean([all(named) for named in names_given.values()]) >= 0.85
