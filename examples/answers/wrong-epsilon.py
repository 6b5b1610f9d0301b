"""A small number added wherever something might be 0."""

import numpy as np

# %% ps1 cce
def cce(Y, Yhat):
    eps = 1e-15
    return -np.mean(np.sum(Y * np.log(Yhat + eps), axis=0))

# %% ps2 cce_gradient
def cce_gradient(Y, Yhat):
    eps = 1e-15
    return -Y / (Yhat + eps)
