"""Sums along the rows, and averages over everything."""

import numpy as np

# %% ps1 softmax
def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)

# %% ps1 cce
def cce(Y, Yhat):
    return np.mean(-Y * np.log(Yhat))

# %% ps3 Softmax
class Softmax:
    def forward(self, Z):
        e = np.exp(Z - Z.max(axis=-1, keepdims=True))
        self.A = e / e.sum(axis=-1, keepdims=True)
        return self.A

    def backward(self, grad_a, learning_rate=None):
        return self.A * (grad_a - np.sum(self.A * grad_a, axis=0))

# %% ps4 batch_backward
def batch_backward(J, grad_A):
    return np.einsum("ikm,kn->in", J, grad_A)

# %% ps4 choose_strength
def choose_strength(X, Y, held_out, strengths, fit):
    rest = np.delete(np.arange(X.shape[1]), held_out)
    losses = []
    for strength in strengths:
        W = fit(X[:, rest], Y[:, rest], strength)
        losses.append(cce(Y[:, rest], softmax(W @ add_bias(X[:, rest]))))
    return strengths[np.argmin(losses)], np.array(losses)

# %% ps4 predict
def predict(W, Xb):
    return np.argmax(W @ Xb, axis=1)
