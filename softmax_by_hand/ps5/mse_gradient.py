"""The exercise mse_gradient: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Criterion, Exercise, Misconception, purity
from autograder.checking.kit import Properties, Student
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.properties import target_example, unit


@Properties(
    shape=lambda y, Yhat: Yhat.shape,
    examples=lambda: [target_example(7), target_example(3), target_example(1)],
    hint="One slope for each prediction, in the shape of Yhat.",
)
def mse_gradient(f: Student) -> None:
    f.claim("3 predicted for 1 has slope 4", "Which factor does a square leave? Which sign?")
    f.agree(f(np.array([1.0]), np.array([[3.0]])), [[4]])
    f.claim(
        "each prediction has its own slope: being off by 1 more adds 2 to it",
        "Is it divided by N too early? Is each prediction compared with its own target only?",
    )
    for y, Yhat in f.examples:
        f.agree(f(y, y[None, :]), np.zeros_like(Yhat))
        before = f(y, Yhat)
        f.agree(f(y, Yhat + 1), before + 2, before_adding_1=before)
        f.agree(f(y - 1, Yhat), before + 2, before_taking_1_from_y=before)
        for n in range(y.size):
            step = unit(1, y.size, at=(0, n))
            f.agree(f(y, y[None, :] + 3 * step), 6 * step)
    f.claim("twice as far off has twice the slope", "Is it the slope of the square?")
    for y, Yhat in f.examples:
        once = f(y, Yhat)
        f.agree(f(y, 2 * Yhat - y), 2 * once, once=once)


MSE_GRADIENT = Exercise(
    signature="mse_gradient(y, Yhat) -> (1, N); per sample, not divided by N",
    reference=lecture.mse_gradient,
    lesson="10_hidden_layer",
    treated="mean square",
    criteria=(
        Criterion(
            "every sample",
            2.0,
            "Each entry is the slope of that sample's own squared difference by its prediction.",
            fixtures.targets,
        ),
        Criterion("one sample", 0.5, "A single sample has one slope, (1, 1).", fixtures.one_target),
        purity(0.5),
    ),
    misconceptions=(
        Misconception(
            "missing factor 2",
            (lambda y, Yhat: Yhat - y,),
            did="The factor 2 of the square's derivative is missing.",
            symptom="Half of what it should be.",
            experiment="Compare with a numerical gradient of one sample's squared difference.",
            looks_right="The direction is right, and of half the square it is the slope.",
        ),
        Misconception(
            "sign",
            (lambda y, Yhat: 2 * (y - Yhat),),
            did="You subtracted the prediction from the target.",
            symptom="Every entry has the wrong sign, and a step downhill goes uphill.",
            experiment="Predict 3 for a target of 1: the slope should be 4, as a larger 3 costs "
            "more.",
            looks_right="Every size is right, and in the square the order makes no difference.",
        ),
        Misconception(
            "no 2, and divided by N",
            (lambda y, Yhat: (Yhat - y) / len(y),),
            did="The factor 2 is missing, and you divided by N.",
            symptom="Too small by twice the number of samples.",
            experiment="Predict 3 for a target of 1, alone: the slope should be 4.",
            looks_right="It is the gradient of half the mean, and many books halve it.",
        ),
        Misconception(
            "divided by N",
            (lambda y, Yhat: 2 * (Yhat - y) / len(y),),
            did="You divided by N; that is done once, in the gradient of the weights.",
            symptom="Too small by the number of samples.",
            experiment="Hand in the first two samples alone: do their slopes change?",
            looks_right="The loss is a mean over N samples, and a numerical gradient of that mean "
            "agrees.",
        ),
        mistakes.every_pair(
            lambda y, Yhat: 2 * (Yhat.T - y),
            lambda y, Yhat: 2 * (Yhat - y[:, None]),
            symptom="The shape is (N, N), and should be (1, N).",
            experiment="Print mse_gradient(y, Yhat).shape beside Yhat.shape.",
        ),
        Misconception(
            "one axis lost",
            (lambda y, Yhat: 2 * (Yhat[0] - y),),
            did="You returned one axis; backward of the layer before wants (1, N).",
            symptom="The shape is (N,).",
            experiment="Print mse_gradient(y, Yhat).shape beside Yhat.shape.",
            looks_right="All the numbers are right, and the targets have one axis too.",
        ),
        mistakes.changes_predictions(lecture.mse_gradient),
    ),
    properties=mse_gradient,
)
