"""Counts classes from 1; adds the losses up."""

import numpy as np

# %% ps1 one_hot
def one_hot(y, K):
    Y = np.zeros((K, len(y)))
    for n in range(len(y)):
        Y[y[n] - 1, n] = 1
    return Y

# %% ps1 cce_from_scores
def cce_from_scores(Z, y):
    top = Z.max(axis=0)
    log_total = top + np.log(np.exp(Z - top).sum(axis=0))
    picked = Z[y] if Z.ndim == 1 else Z[y, np.arange(len(y))]
    return np.sum(log_total - picked)

# %% ps4 accuracy
def accuracy(y, y_pred):
    return 100 * np.mean(y == y_pred)

# %% ps4 confusion_matrix
def confusion_matrix(y, y_pred, K):
    C = np.zeros((K, K), dtype=int)
    for truth, guess in zip(y, y_pred):
        C[guess, truth] += 1
    return C
