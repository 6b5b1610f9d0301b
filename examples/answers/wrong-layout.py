"""Outputs before inputs: the numerator layout."""

import numpy as np

# %% ps1 init_weights
def init_weights(D, K, rng, scale=0.01):
    return scale * rng.standard_normal((D + 1, K))

# %% ps1 scores
def scores(W, Xb):
    return W.T @ Xb

# %% ps2 scores_gradient_x
def scores_gradient_x(W):
    return W

# %% ps2 scores_gradient_W
def scores_gradient_W(x, K):
    return np.array([[x * (i == k) for i in range(K)] for k in range(K)])
