"""Works on its arguments, not on copies."""

import numpy as np

# %% ps1 add_bias
def add_bias(X):
    X[-1] = 1
    return X

# %% ps1 softmax
def softmax(z):
    z -= z.max(axis=0)
    return np.exp(z) / np.exp(z).sum(axis=0)

# %% ps2 numerical_gradient
def numerical_gradient(f, W, h=1e-5):
    gradient = np.zeros(W.shape)
    for index in np.ndindex(W.shape):
        W[index] += h
        above = f(W)
        W[index] -= 2 * h
        below = f(W)
        gradient[index] = (above - below) / (2 * h)
    return gradient

# %% ps2 loss_gradient
def loss_gradient(W, x, y):
    z = W @ x
    a = np.exp(z - z.max())
    a /= a.sum()
    y -= a
    return np.outer(-y, x)
