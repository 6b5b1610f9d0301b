"""The mathematics, as in the lecture.  Samples are rows: X is (N, D), w is (D,), y is (N,)."""

from __future__ import annotations

import numpy as np


def predict(X: np.ndarray, w: np.ndarray, b: float) -> np.ndarray:
    """Each sample's features, weighed, and the intercept: (N,)."""
    return X @ w + b


def mse(y: np.ndarray, y_pred: np.ndarray) -> float:
    """The mean of the squared errors."""
    return float(np.mean((y_pred - y) ** 2))


def mse_gradient(X: np.ndarray, y: np.ndarray, w: np.ndarray, b: float) -> tuple[np.ndarray, float]:
    """The slopes of the mean squared error: by w, (D,), and by b."""
    error = predict(X, w, b) - y
    return 2 * X.T @ error / len(y), float(2 * np.mean(error))
