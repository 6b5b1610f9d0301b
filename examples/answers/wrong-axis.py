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

# %% ps4 softmax_backward
def softmax_backward(A, grad_A):
    return A * (grad_A - np.sum(A * grad_A, axis=-1, keepdims=True))

# %% ps4 predict
def predict(W, Xb):
    return np.argmax(W @ Xb, axis=1)
