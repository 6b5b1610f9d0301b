"""The exercise mse: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, purity
from autograder.checking.kit import Properties, Student, is_mean, normal
from linear_regression import fixtures, lecture


def several_samples(rng: np.random.Generator) -> list[Arguments]:
    return [(y, lecture.predict(X, w, b)) for X, y, w, b in fixtures.problems(rng)]


def one_sample(rng: np.random.Generator) -> list[Arguments]:
    return [(y, y + rng.uniform(2.0, 5.0, 1)) for _, y, _, _ in fixtures.single(rng)]


def in_place(y: np.ndarray, y_pred: np.ndarray) -> float:
    y_pred -= y
    return float(np.mean(y_pred**2))


@Properties(
    shape=lambda y, y_pred: (),
    examples=lambda: [(normal(6), normal(6, seed=1)), (normal(3), normal(3, seed=1))],
    hint="One number for all samples together.",
)
def mse(f: Student) -> None:
    f.claim("predictions without error cost 0", "Is each compared with its own target only?")
    for y, _ in f.examples:
        f.agree(f(y, y), 0)
    f.claim("4 predicted for 1 costs 9", "Is it squared? Halved? Is a root taken?")
    f.agree(f(np.array([1.0]), np.array([4.0])), 9)
    f.claim("the cost is the mean of what each sample costs alone", "Divided by how many?")
    for y, y_pred in f.examples:
        is_mean(f, f(y, y_pred), [f(y[n : n + 1], y_pred[n : n + 1]) for n in range(y.size)])


MSE = Exercise(
    signature="mse(y, y_pred) -> float; y and y_pred are (N,)",
    reference=lecture.mse,
    criteria=(
        Criterion(
            "mean over samples",
            2.0,
            "It is the mean over the samples of the squared error.",
            several_samples,
        ),
        Criterion("one sample", 0.5, "A single sample costs its squared error.", one_sample),
        purity(0.5),
    ),
    misconceptions=(
        Misconception(
            "sum instead of mean",
            (lambda y, y_pred: float(np.sum((y_pred - y) ** 2)),),
            did="You summed the squared errors and did not divide by the number of samples.",
            symptom="It is N times too large.",
            experiment="Hand in every sample twice: the cost must stay the same.",
            looks_right="For one sample it is the same, and the same line has the least of it.",
        ),
        Misconception(
            "half",
            (lambda y, y_pred: float(np.mean((y_pred - y) ** 2) / 2),),
            did="You halved it, as books do that want no factor 2 in the slope.",
            symptom="It is half of what it should be.",
            experiment="Predict 4 for a target of 1: the cost should be 9.",
            looks_right="The same line has the least of it, and many books define it so.",
        ),
        Misconception(
            "root",
            (lambda y, y_pred: float(np.sqrt(np.mean((y_pred - y) ** 2))),),
            did="You took the square root: that is the root mean squared error.",
            symptom="Twice the error costs twice as much, and should cost four times.",
            experiment="Predict 4 for a target of 1: the cost should be 9.",
            looks_right="It has the unit of the targets, and the same line has the least of it.",
        ),
        Misconception(
            "every pair of samples",
            (lambda y, y_pred: float(np.mean((y_pred[:, None] - y) ** 2)),),
            did="(N, 1) and (N,) were broadcast to (N, N), every prediction against every target.",
            symptom="Predictions without error do not cost 0.",
            experiment="Print mse(y, y) for y = np.array([1.0, 2.0]): it should be 0.",
            looks_right="Nothing is raised, and for one sample it is right.",
        ),
        Misconception(
            "changes y_pred",
            (in_place,),
            did="You computed in y_pred itself, as y_pred -= y does.",
            symptom="The second call with the same arrays gives something else.",
            experiment="Keep before = y_pred.copy() and compare after the call.",
            looks_right="What it returns is right, and no new array is needed.",
            shows_in="purity",
        ),
    ),
    properties=mse,
)
