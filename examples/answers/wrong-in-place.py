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

# %% ps3 sgd_epoch
def sgd_epoch(W, X, Y, learning_rate, order):
    losses = []
    for n in order:
        x = np.append(X[:, n], 1)
        a = softmax(W @ x)
        losses.append(cce(Y[:, n], a))
        W -= learning_rate * np.outer(a - Y[:, n], x)
    return W, np.array(losses)

# %% ps5 Tanh
class Tanh:
    def forward(self, Z):
        np.tanh(Z, out=Z)
        self.A = Z.copy()
        return self.A

    def backward(self, grad_a, learning_rate=None):
        return grad_a * (1 - self.A**2)
