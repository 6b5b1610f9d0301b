"""Takes the exponential of the scores as they are."""

import numpy as np

# %% ps1 softmax
def softmax(z):
    return np.exp(z) / np.exp(z).sum(axis=0)

# %% ps1 cce_from_scores
def cce_from_scores(Z, y):
    picked = Z[y] if Z.ndim == 1 else Z[y, np.arange(len(y))]
    return np.mean(np.log(np.exp(Z).sum(axis=0)) - picked)

# %% ps2 loss_gradient
def loss_gradient(W, x, y):
    e = np.exp(W @ x)
    return np.outer(e / e.sum() - y, x)
