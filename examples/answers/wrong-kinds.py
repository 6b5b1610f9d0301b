"""Mistakes that no catalogue has: a list, float32, one argument for two, a print for a return."""

import numpy as np

# %% ps1 add_bias
def add_bias(X):
    return X.tolist() + [[1.0] * X.shape[1]]

# %% ps1 one_hot
def one_hot(y):
    return np.eye(3)[:, y]

# %% ps1 scores
def scores(W, Xb):
    print(W @ Xb)

# %% ps1 softmax
def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return (e / e.sum(axis=0)).astype(np.float32)
