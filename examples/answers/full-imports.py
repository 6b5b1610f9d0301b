"""Right, in NumPy; imports what was useful in other courses, and is ready to do without."""

import numpy as np

# %% ps1 after setup
import scipy.special
import tensorflow as tf
import torch.nn.functional as F
from sklearn.datasets import load_digits
from tensorflow.keras.layers import *

import my_old_homework

try:
    import cupy as xp
except ImportError:
    import numpy as xp

# %% ps1 one_hot
def one_hot(y, K):
    return xp.eye(K)[:, y]

# %% ps1 cce_from_scores
def cce_from_scores(Z, y):
    import pandas

    largest = xp.max(Z, axis=0)
    sums = xp.log(xp.sum(xp.exp(Z - largest), axis=0))
    true = Z[y] if Z.ndim == 1 else Z[y, xp.arange(len(y))]
    return float(xp.mean(largest + sums - true))
