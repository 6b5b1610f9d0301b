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
