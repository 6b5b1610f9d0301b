"""Whole arrays, few lines: the way a user of SciPy writes."""

import numpy as np

# %% ps1 add_bias
def add_bias(X):
    return np.concatenate([np.asarray(X, dtype=float), np.ones((1, X.shape[1]))])

# %% ps1 init_weights
def init_weights(D, K, rng, scale=0.01):
    return rng.normal(0.0, scale, size=(K, D + 1))

# %% ps1 one_hot
def one_hot(y, K):
    return (np.arange(K)[:, None] == y).astype(float)

# %% ps1 scores
def scores(W, Xb):
    return np.dot(W, Xb)

# %% ps1 softmax
def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)

# %% ps1 cce
def cce(Y, Yhat):
    return -np.log((Y * Yhat).sum(axis=0)).mean()

# %% ps1 cce_from_scores
def cce_from_scores(Z, y):
    picked = Z[y] if Z.ndim == 1 else Z[y, np.arange(len(y))]
    return (np.logaddexp.reduce(Z, axis=0) - picked).mean()

# %% ps1 written_whole_matrix
# With one sample the matrix has one column, so the sum over the matrix is the sum over the
# classes. In a batch with all scores 0 every entry is $1/(KN)$ and the loss is
# $\ln(KN) = \ln K + \ln N$, which is $\ln N$ more than it should be.
# `np.allclose(softmax(Z).sum(axis=0), 1)` would have shown it.

# %% ps2 numerical_gradient
def numerical_gradient(f, W, h=1e-5):
    W = np.asarray(W, dtype=float)
    steps = h * np.eye(W.size).reshape(W.size, *W.shape)
    slopes = [(f(W + step) - f(W - step)) / (2 * h) for step in steps]
    return np.reshape(slopes, W.shape)

# %% ps2 cce_gradient
def cce_gradient(Y, Yhat):
    return np.where(Y == 0, 0.0, -Y / Yhat)

# %% ps2 softmax_jacobian
def softmax_jacobian(a):
    return a[:, None] * (np.eye(len(a)) - a)

# %% ps2 scores_gradient_x
def scores_gradient_x(W):
    return np.transpose(W)

# %% ps2 scores_gradient_W
def scores_gradient_W(x, K):
    return np.eye(K)[:, None, :] * x[:, None]

# %% ps2 chain_rule
def chain_rule(dz_dW, da_dz, dL_da):
    return np.tensordot(dz_dW, da_dz @ dL_da, axes=1)

# %% ps2 loss_gradient
def loss_gradient(W, x, y):
    z = W @ x
    return (np.exp(z - np.logaddexp.reduce(z)) - y)[:, None] * x

# %% ps2 written_sum_to_zero
# The probabilities sum to 1 and so does a one-hot vector, so the entries of $a - y$ sum to 0.
# Column $j$ of the gradient is $(a - y) x_j$ and sums to 0 as well. A step therefore never
# changes the sum of a column of $W$. A wrong sign would pass this test; the diagonal Jacobian
# would not.
