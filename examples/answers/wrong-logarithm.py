"""The logarithm has another base; probabilities are clipped before it."""

import numpy as np

# %% ps1 cce
def cce(Y, Yhat):
    p = (Y * Yhat).sum(axis=0)
    return -np.mean(np.log2(p))

# %% ps1 cce_from_scores
def cce_from_scores(Z, y):
    e = np.exp(Z - Z.max(axis=0))
    p = np.clip(e / e.sum(axis=0), 1e-7, 1 - 1e-7)
    picked = p[y] if p.ndim == 1 else p[y, np.arange(len(y))]
    return np.mean(-np.log(picked))
