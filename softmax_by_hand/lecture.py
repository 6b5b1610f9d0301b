"""The mathematics, as in the lecture: one function, one formula, its shapes.

Samples are columns, the bias comes last, gradients are in denominator layout.
No validation, no options; knows nothing else of this project.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray


def add_bias(X: Array) -> Array:
    """X (D, N) -> (D+1, N): a last row of ones.

    >>> add_bias(np.array([[2, 3]]))
    array([[2., 3.],
           [1., 1.]])
    """
    return np.vstack((X, np.ones(X.shape[1])))


def init_weights(D: int, K: int, rng: np.random.Generator, scale: float = 0.01) -> Array:
    """W = scale * standard normal, (K, D+1)."""
    return scale * rng.standard_normal((K, D + 1))


def one_hot(y: Array, K: int) -> Array:
    """y (N,) of labels 0 to K-1 -> (K, N): column n is the unit vector e_{y_n}."""
    return np.eye(K)[:, y]


def scores(W: Array, Xb: Array) -> Array:
    """Z = W Xb: (K, D+1) times (D+1, N) or (D+1,) -> (K, N) or (K,)."""
    return W @ Xb


def softmax(z: Array) -> Array:
    """a_k = exp(z_k) / sum_j exp(z_j) in each column, (K,) or (K, N); the shift cancels.

    >>> softmax(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


def cce(Y: Array, Yhat: Array) -> float:
    """L = mean over samples of sum_k -y_k log yhat_k, where 0 log 0 = 0; (K,) or (K, N)."""
    log = np.log(np.where(Y == 0, 1, Yhat))
    return float(np.mean(np.sum(-Y * log, axis=0)))


def cce_from_scores(Z: Array, y: Array | int) -> float:
    """L = mean over samples of log(sum_j exp(z_j)) - z_y; Z (K, N) and y (N,), or (K,) and int."""
    m = Z.max(axis=0)
    log_sum_exp = m + np.log(np.sum(np.exp(Z - m), axis=0))
    z_y = np.take_along_axis(Z, np.expand_dims(y, 0), axis=0)[0]
    return float(np.mean(log_sum_exp - z_y))


def numerical_gradient(f: Callable[[Array], float], W: Array, h: float = 1e-5) -> Array:
    """df/dw = (f(W + h e) - f(W - h e)) / 2h for each entry's unit array e; like W."""
    W = np.array(W, dtype=np.float64)
    gradient = np.zeros_like(W)
    for index in np.ndindex(W.shape):
        step = np.zeros_like(W)
        step[index] = h
        gradient[index] = (f(W + step) - f(W - step)) / (2 * h)
    return gradient


def cce_gradient(Y: Array, Yhat: Array) -> Array:
    """dL/dyhat_k = -y_k / yhat_k of each sample's own loss, where 0/0 = 0; (K,) or (K, N)."""
    return -Y / np.where(Y == 0, 1, Yhat)


def softmax_jacobian(a: Array) -> Array:
    """J_ik = d a_k / d z_i = a_i (delta_ik - a_k): diag(a) - a a^T, (K, K)."""
    return np.diag(a) - np.outer(a, a)


def scores_gradient_x(W: Array) -> Array:
    """dz/dx = W^T: (K, D+1) -> (D+1, K)."""
    return W.T


def scores_gradient_W(x: Array, K: int) -> Array:
    """T_ijk = d z_k / d w_ij = x_j delta_ik: (D+1,) -> (K, D+1, K)."""
    return np.einsum("j,ik->ijk", x, np.eye(K))


def chain_rule(dz_dW: Array, da_dz: Array, dL_da: Array) -> Array:
    """dL/dW = dz/dW x da/dz x dL/da: (K, D+1, K), (K, K), (K,) -> (K, D+1)."""
    return dz_dW @ da_dz @ dL_da


def loss_gradient(W: Array, x: Array, y: Array) -> Array:
    """dL/dW = (a - y) x^T with a = softmax(W x): (K, D+1), (D+1,), (K,) -> (K, D+1)."""
    return np.outer(softmax(W @ x) - y, x)


# --- Layers, and training one sample at a time ------------------------------------------------


class Softmax:
    """The layer A = softmax(Z), (K,) or (K, N)."""

    def forward(self, Z: Array) -> Array:
        """Z -> A."""
        self.A = softmax(Z)
        return self.A

    def backward(self, grad_a: Array, learning_rate: float | None = None) -> Array:
        """dL/dA -> dL/dZ; there is nothing to learn."""
        return softmax_backward(self.A, grad_a)


class Dense:
    """The layer Z = W Xb, with W (K, D+1) and Xb the data with its bias row."""

    def __init__(self, D: int, K: int, rng: np.random.Generator, scale: float = 0.01) -> None:
        self.W = init_weights(D, K, rng, scale)

    def forward(self, X: Array) -> Array:
        """X (D, N) -> Z (K, N)."""
        self.Xb = add_bias(X)
        return self.W @ self.Xb

    def backward(self, grad_z: Array, learning_rate: float) -> Array:
        """dL/dZ (K, N) -> dL/dX (D, N) with the old W; then a step against the mean gradient."""
        grad_x = self.W[:, :-1].T @ grad_z
        self.W = self.W - learning_rate * grad_z @ self.Xb.T / self.Xb.shape[1]
        return grad_x


def sgd_epoch(
    W: Array, X: Array, Y: Array, learning_rate: float, order: Array
) -> tuple[Array, Array]:
    """One step for each sample, in this order; each loss is that before its own step."""
    Xb, losses = add_bias(X), []
    for n in order:
        losses.append(cce(Y[:, n], softmax(W @ Xb[:, n])))
        W = W - learning_rate * loss_gradient(W, Xb[:, n], Y[:, n])
    return W, np.array(losses)


def is_softmax(f: Callable[[Array], Array]) -> bool:
    """Whether f is softmax: for one sample, for batches, for large scores and columns far apart."""
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(4, 6))
    far = Z + rng.permutation(np.arange(6) * 400 - 1000)
    tried = (Z[:, 0], Z, Z[:, :4], Z[:, 0] + 1000, Z[:, 0] * 1000, far)
    return all(np.allclose(f(z), softmax(z), rtol=1e-6, atol=1e-12) for z in tried)


def is_gradient(f: Callable[[Array], float], grad: Callable[[Array], Array]) -> bool:
    """Whether grad is the gradient of f, at three random W of shape (3, 4)."""
    tried = np.random.default_rng(0).normal(size=(3, 3, 4))
    return all(np.allclose(grad(W), numerical_gradient(f, W), rtol=1e-5, atol=1e-7) for W in tried)


# --- Batches, regularisation, evaluation ------------------------------------------------------


def batch_indices(N: int, batch_size: int, rng: np.random.Generator) -> list[Array]:
    """A random order of the samples, cut into pieces; the last may be shorter."""
    order = rng.permutation(N)
    return [order[start : start + batch_size] for start in range(0, N, batch_size)]


def softmax_backward(A: Array, grad_A: Array) -> Array:
    """dL/dz_i = a_i (g_i - sum_k a_k g_k) in each column, (K,) or (K, N): the Jacobian times g."""
    return A * (grad_A - np.sum(A * grad_A, axis=0))


def batch_backward(J: Array, grad_A: Array) -> Array:
    """dL/dx_in = sum_k J_ikn dL/da_kn in each sample n: (I, K, N), (K, N) -> (I, N)."""
    return np.einsum("ikn,kn->in", J, grad_A)


def batch_gradient(W: Array, Xb: Array, Y: Array) -> Array:
    """dL/dW = (A - Y) Xb^T / N, (K, D+1): the mean of the samples' gradients."""
    return (softmax(W @ Xb) - Y) @ Xb.T / Xb.shape[1]


def l2_penalty(W: Array, strength: float) -> float:
    """strength * sum of w_ij^2 over all weights but the biases."""
    return float(strength * np.sum(W[:, :-1] ** 2))


def l2_gradient(W: Array, strength: float) -> Array:
    """2 strength w_ij, and 0 for the biases; (K, D+1)."""
    gradient = 2 * strength * W
    gradient[:, -1] = 0
    return gradient


def train(
    X: Array,
    Y: Array,
    batch_size: int,
    epochs: int,
    learning_rate: float,
    rng: np.random.Generator,
    strength: float = 0.0,
) -> tuple[Array, Array]:
    """W and, for each epoch, the mean over samples of the loss before their batch's step."""
    Xb, N = add_bias(X), X.shape[1]
    W, history = init_weights(len(X), len(Y), rng), []
    for _ in range(epochs):
        total = 0.0
        for batch in batch_indices(N, batch_size, rng):
            total += len(batch) * cce(Y[:, batch], softmax(W @ Xb[:, batch]))
            gradient = batch_gradient(W, Xb[:, batch], Y[:, batch]) + l2_gradient(W, strength)
            W = W - learning_rate * gradient
        history.append(total / N)
    return W, np.array(history)


def choose_rate(rates: Array, histories: Array, last: int) -> float:
    """The rate whose curve has the lowest mean of its last entries, if all of it is finite."""
    broken = ~np.isfinite(histories).all(axis=1)
    ends = np.where(broken, np.inf, histories[:, -last:].mean(axis=1))
    return float(rates[np.argmin(ends)])


def predict(W: Array, Xb: Array) -> Array:
    """The class with the largest score, for each sample: (N,) of int."""
    return np.argmax(W @ Xb, axis=0)


def accuracy(y: Array, y_pred: Array) -> float:
    """The share of samples whose label was predicted."""
    return float(np.mean(y == y_pred))


def confusion_matrix(y: Array, y_pred: Array, K: int) -> Array:
    """C_ij = number of samples of class i that were predicted as j: (K, K) of int."""
    C = np.zeros((K, K), dtype=np.int64)
    np.add.at(C, (y, y_pred), 1)
    return C


def choose_strength(
    X: Array,
    Y: Array,
    held_out: Array,
    strengths: Array,
    fit: Callable[[Array, Array, float], Array],
) -> tuple[float, Array]:
    """The strength with the smallest loss on the samples held out, and the loss of each."""
    rest = np.delete(np.arange(X.shape[1]), held_out)
    weights = [fit(X[:, rest], Y[:, rest], float(strength)) for strength in strengths]
    Xb, truth = add_bias(X[:, held_out]), Y[:, held_out]
    losses = np.array([cce(truth, softmax(W @ Xb)) for W in weights])
    return float(strengths[np.argmin(losses)]), losses


def to_keras(W: Array) -> tuple[Array, Array]:
    """kernel = W without its last column, transposed (D, K), and bias (K,), as Keras has them."""
    return W[:, :-1].T, W[:, -1]


# --- A hidden layer ---------------------------------------------------------------------------


class ReLU:
    """The layer A = max(Z, 0)."""

    def forward(self, Z: Array) -> Array:
        """Z -> A."""
        self.Z = Z
        return np.maximum(Z, 0)

    def backward(self, grad_a: Array, learning_rate: float | None = None) -> Array:
        """dL/dA -> dL/dZ; the slope at 0 counts as 0."""
        return grad_a * (self.Z > 0)


class Tanh:
    """The layer A = tanh(Z), whose slope is 1 - A^2."""

    def forward(self, Z: Array) -> Array:
        """Z -> A."""
        self.A = np.tanh(Z)
        return self.A

    def backward(self, grad_a: Array, learning_rate: float | None = None) -> Array:
        """dL/dA -> dL/dZ."""
        return grad_a * (1 - self.A**2)


class Sigmoid:
    """The layer A = 1 / (1 + exp(-Z)), whose slope is A (1 - A)."""

    def forward(self, Z: Array) -> Array:
        """Z -> A, by tanh, which cannot overflow."""
        self.A = (1 + np.tanh(Z / 2)) / 2
        return self.A

    def backward(self, grad_a: Array, learning_rate: float | None = None) -> Array:
        """dL/dA -> dL/dZ."""
        return grad_a * self.A * (1 - self.A)


def mse(y: Array, Yhat: Array) -> float:
    """L = mean over samples of (yhat_n - y_n)^2; y (N,), Yhat (1, N)."""
    return float(np.mean((Yhat[0] - y) ** 2))


def mse_gradient(y: Array, Yhat: Array) -> Array:
    """dL/dyhat_n = 2 (yhat_n - y_n) of each sample's own loss; (1, N)."""
    return 2 * (Yhat - y)


def network_forward(W1: Array, W2: Array, X: Array) -> tuple[Array, Array]:
    """A1 = tanh(W1 Xb), (H, N), and A2 = softmax(W2 A1b), (K, N)."""
    A1 = np.tanh(W1 @ add_bias(X))
    return A1, softmax(W2 @ add_bias(A1))


def network_gradients(W1: Array, W2: Array, X: Array, Y: Array) -> dict[str, Array]:
    """The gradients of a network with one hidden layer, last to first.

    Of Z2, A1, Z1 they are of each sample's own loss, of W2, W1 of the mean loss.
    """
    N = X.shape[1]
    A1, A2 = network_forward(W1, W2, X)
    grad_z2 = A2 - Y
    grad_a1 = W2[:, :-1].T @ grad_z2
    grad_z1 = grad_a1 * (1 - A1**2)
    return {
        "Z2": grad_z2,
        "W2": grad_z2 @ add_bias(A1).T / N,
        "A1": grad_a1,
        "Z1": grad_z1,
        "W1": grad_z1 @ add_bias(X).T / N,
    }


def network_step(
    W1: Array, W2: Array, X: Array, Y: Array, learning_rate: float
) -> tuple[Array, Array, float]:
    """W1 and W2 after a step against their gradients, and the mean loss before it."""
    loss = cce(Y, network_forward(W1, W2, X)[1])
    gradients = network_gradients(W1, W2, X, Y)
    return W1 - learning_rate * gradients["W1"], W2 - learning_rate * gradients["W2"], loss


class Network:
    """A classifier with one hidden layer, and its weights W1 (H, D+1) and W2 (K, H+1)."""

    def __init__(self, D: int, H: int, K: int, rng: np.random.Generator) -> None:
        self.W1 = init_weights(D, H, rng, scale=1 / np.sqrt(D))
        self.W2 = init_weights(H, K, rng, scale=1 / np.sqrt(H))

    def forward(self, X: Array) -> Array:
        """X (D, N) -> probabilities (K, N)."""
        self.X = X
        return network_forward(self.W1, self.W2, X)[1]

    def backward(self, Y: Array) -> tuple[Array, Array]:
        """dL/dW1 and dL/dW2 of the mean loss on the data of the last forward."""
        gradients = network_gradients(self.W1, self.W2, self.X, Y)
        return gradients["W1"], gradients["W2"]

    def fit(
        self,
        X: Array,
        Y: Array,
        batch_size: int,
        epochs: int,
        learning_rate: float,
        rng: np.random.Generator,
    ) -> Array:
        """The mean loss of each epoch, as in `train`."""
        history = []
        for _ in range(epochs):
            total = 0.0
            for batch in batch_indices(X.shape[1], batch_size, rng):
                total += len(batch) * cce(Y[:, batch], self.forward(X[:, batch]))
                grad_W1, grad_W2 = self.backward(Y[:, batch])
                self.W1 = self.W1 - learning_rate * grad_W1
                self.W2 = self.W2 - learning_rate * grad_W2
            history.append(total / X.shape[1])
        return np.array(history)

    def predict(self, X: Array) -> Array:
        """The most probable class of each sample: (N,) of int."""
        return np.argmax(self.forward(X), axis=0)
