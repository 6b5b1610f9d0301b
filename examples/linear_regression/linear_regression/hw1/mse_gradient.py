"""The exercise mse_gradient: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Criterion, Exercise, Misconception, purity
from autograder.checking.kit import Properties, Several, Student, is_mean, normal
from linear_regression import fixtures, lecture


def undivided(X: np.ndarray, y: np.ndarray, w: np.ndarray, b: float) -> tuple[np.ndarray, float]:
    error = X @ w + b - y
    return 2 * X.T @ error, float(2 * np.sum(error))


def turned(X: np.ndarray, y: np.ndarray, w: np.ndarray, b: float) -> tuple[np.ndarray, float]:
    error = y - X @ w - b
    return 2 * X.T @ error / len(y), float(2 * np.mean(error))


def single_power(X: np.ndarray, y: np.ndarray, w: np.ndarray, b: float) -> tuple[np.ndarray, float]:
    error = X @ w + b - y
    return X.T @ error / len(y), float(np.mean(error))


def without_intercept(
    X: np.ndarray, y: np.ndarray, w: np.ndarray, b: float
) -> tuple[np.ndarray, float]:
    error = X @ w - y
    return 2 * X.T @ error / len(y), float(2 * np.mean(error))


def summed_for_b(X: np.ndarray, y: np.ndarray, w: np.ndarray, b: float) -> tuple[np.ndarray, float]:
    error = X @ w + b - y
    return 2 * X.T @ error / len(y), float(2 * np.sum(error))


@Properties(
    shape=lambda X, y, w, b: Several((w.shape, ())),
    examples=lambda: [
        (normal(6, 3), normal(6), normal(3), 0.5),
        (normal(4, 4), normal(4), normal(4, seed=1), -1.0),
    ],
    hint="Two things: a slope for each weight, in the shape of w, and a number for b.",
)
def mse_gradient(f: Student) -> None:
    f.claim("where no prediction has an error all slopes are 0", "Is the error the right one?")
    for X, y, w, b in f.examples:
        grad_w, grad_b = f(X, np.full_like(y, b), 0 * w, b)
        f.agree([*grad_w, grad_b], np.zeros(w.size + 1))
    f.claim(
        "5 predicted for 4, from the feature 3, has slopes 6 and 2", "Which factor? Which sign?"
    )
    grad_w, grad_b = f(np.array([[3.0]]), np.array([4.0]), np.array([1.0]), 2.0)
    f.agree([*grad_w, grad_b], [6, 2])
    f.claim("the slopes are the mean of those of each sample alone", "Divided by how many?")
    for X, y, w, b in f.examples:
        alone = [f(X[n : n + 1], y[n : n + 1], w, b) for n in range(y.size)]
        grad_w, grad_b = f(X, y, w, b)
        is_mean(f, grad_w, [slope for slope, _ in alone])
        is_mean(f, grad_b, [slope for _, slope in alone])


MSE_GRADIENT = Exercise(
    signature="mse_gradient(X, y, w, b) -> (grad_w, grad_b); X is (N, D), grad_w is (D,)",
    reference=lecture.mse_gradient,
    needs=("predict",),
    criteria=(
        Criterion(
            "both slopes",
            3.0,
            "Each slope says how fast the mean squared error grows with its weight, or with b.",
            fixtures.problems,
        ),
        Criterion("one sample", 0.5, "A single sample has the slopes of its own.", fixtures.single),
        purity(0.5),
    ),
    misconceptions=(
        Misconception(
            "not divided by N",
            (undivided,),
            did="You did not divide by the number of samples.",
            symptom="Every slope is N times too large.",
            experiment="Hand in every sample twice: the slopes must stay the same.",
            looks_right="The direction is right, and a small learning rate hides the rest.",
        ),
        Misconception(
            "sign",
            (turned,),
            did="You subtracted the predictions from the targets, and nothing turns the sign back.",
            symptom="Every slope has the wrong sign, so a step downhill goes uphill.",
            experiment="Take a small step against the slopes and print mse before and after.",
            looks_right="Every size is right, and in the square the order makes no difference.",
        ),
        Misconception(
            "missing factor 2",
            (single_power,),
            did="The factor 2 of the square's derivative is missing.",
            symptom="Every slope is half of what it should be.",
            experiment="Compare with (mse at b + 0.001 minus mse at b - 0.001) / 0.002.",
            looks_right="The direction is right, and of half the square it is the slope.",
        ),
        Misconception(
            "intercept left out",
            (without_intercept,),
            did="You left the intercept out of the predictions.",
            symptom="The slopes stay as they are when b changes.",
            experiment="Print the slopes for two values of b: they should differ.",
            looks_right="The formula looks like the lecture's, and where b is 0 all is right.",
        ),
        Misconception(
            "sum for b alone",
            (summed_for_b,),
            did="You divided the slopes of w by the number of samples, and not that of b.",
            symptom="grad_b is N times too large; grad_w is right.",
            experiment="Hand in every sample twice: grad_b must stay the same.",
            looks_right="A sum over the errors is what the chain rule gives for each sample.",
        ),
    ),
    properties=mse_gradient,
)
