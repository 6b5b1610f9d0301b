"""The exercise mse: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Criterion, Exercise, Misconception, purity
from autograder.checking.kit import Properties, Student, is_mean, normal
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.properties import target_example


@Properties(
    shape=lambda y, Yhat: (),
    examples=lambda: [target_example(7), target_example(3), target_example(1)],
    hint="One number. y is (N,), Yhat is (1, N): which shape has their difference?",
)
def mse(f: Student) -> None:
    f.claim("a perfect prediction costs 0", "Is each prediction compared with its own target only?")
    y = normal(5)
    f.agree(f(y, y[None, :]), 0)
    f.claim("3 predicted for 1 costs 4", "Is it squared? Halved? Is a root taken?")
    f.agree(f(np.array([1.0]), np.array([[3.0]])), 4)
    f.claim("the loss is the mean of the losses of the samples", "Divided by how many?")
    for N in (7, 3):
        y, Yhat = target_example(N)
        is_mean(f, f(y, Yhat), [f(y[n : n + 1], Yhat[:, n : n + 1]) for n in range(N)])


MSE = Exercise(
    signature="mse(y, Yhat) -> float; y is (N,), Yhat is (1, N)",
    reference=lecture.mse,
    lesson="10_hidden_layer",
    treated="mean square",
    criteria=(
        Criterion(
            "mean over samples",
            2.0,
            "It is the mean over the samples of the squared difference of a sample's own numbers.",
            fixtures.targets,
        ),
        Criterion(
            "one sample", 0.5, "A single sample costs its squared difference.", fixtures.one_target
        ),
        purity(0.5),
    ),
    misconceptions=(
        mistakes.every_pair(
            lambda y, Yhat: float(np.mean((Yhat.T - y) ** 2)),
            symptom="A perfect prediction does not cost 0.",
            experiment="Print mse(y, y[None]) for y = np.array([1.0, 2.0]): it should be 0.",
        ),
        Misconception(
            "sum instead of mean",
            (lambda y, Yhat: float(np.sum((Yhat - y) ** 2)),),
            did="You summed over the samples and did not divide by N.",
            symptom="N times too large.",
            experiment="Hand in every sample twice: the loss must stay the same.",
            looks_right="For one sample it is the same, and it is smallest for the same "
            "predictions.",
        ),
        Misconception(
            "half",
            (lambda y, Yhat: float(np.mean((Yhat - y) ** 2) / 2),),
            did="You halved it, as some books do; this course does not.",
            symptom="Half of what it should be.",
            experiment="Predict 3 for a target of 1: the loss should be 4.",
            looks_right="With the half the gradient needs no factor 2, and it is smallest for the "
            "same predictions.",
        ),
        Misconception(
            "root",
            (lambda y, Yhat: float(np.sqrt(np.mean((Yhat - y) ** 2))),),
            did="You took the square root: that is the root mean squared error.",
            symptom="Twice the difference costs twice as much, and should cost four times.",
            experiment="Predict 3 for a target of 1: the loss should be 4.",
            looks_right="It has the unit of the targets, and it is smallest for the same "
            "predictions.",
        ),
        Misconception(
            "absolute difference",
            (lambda y, Yhat: float(np.mean(np.abs(Yhat - y))),),
            did="You took absolute differences, not squares.",
            symptom="Twice the difference costs twice as much, and should cost four times.",
            experiment="Predict 3 for a target of 1: the loss should be 4.",
            looks_right="It too is 0 for a perfect prediction, and grows with every miss.",
        ),
        mistakes.changes_predictions(lecture.mse),
    ),
    properties=mse,
)
