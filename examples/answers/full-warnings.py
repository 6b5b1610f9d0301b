"""Right, and warns about what it meets; stock nbgrader takes anything on stderr for a failure."""

import warnings

import numpy as np

# %% ps1 after setup
import sys
import warnings

print("starting", file=sys.stderr)
warnings.warn("this notebook warns a lot")

# %% ps1 add_bias
def add_bias(X):
    if X.dtype.kind == "i":
        warnings.warn("the data are whole numbers")
    return np.vstack((X, np.ones(X.shape[1])))

# %% ps1 softmax
def softmax(z):
    if np.abs(z).max() > 100:
        warnings.warn(f"large scores: {np.abs(z).max():.0f}", stacklevel=2)
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)

# %% ps1 cce
def cce(Y, Yhat):
    p = np.sum(Y * Yhat, axis=0)
    if np.any(p == 0):
        warnings.warn("a true class has probability 0", RuntimeWarning)
    return float(np.mean(-np.log(p)))
