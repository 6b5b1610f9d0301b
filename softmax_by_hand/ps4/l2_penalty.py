"""The exercise l2_penalty: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Criterion, Exercise, Misconception, along_axes, purity
from autograder.checking.kit import Properties, Student, normal, with_twice
from softmax_by_hand import fixtures, lecture, mistakes


@Properties(
    shape=lambda W, strength: (),
    examples=lambda: [(normal(3, 5), 0.5), (normal(4, 4), 2.0), (normal(2, 3), 1.0)],
    hint="One number for all weights but the biases.",
)
def l2_penalty(f: Student) -> None:
    f.claim("W = [[2, -1, 7]] with strength 1 costs 5", "The last column is the bias: is it free?")
    f.agree(f(np.array([[2.0, -1, 7]]), 1.0), 5)
    f.claim("twice the strength costs twice as much", "Where does strength enter?")
    for W, strength in f.examples:
        with_twice(f, 1, W, strength)
    f.claim("twice the weights cost four times as much", "Are the weights squared?")
    for W, strength in f.examples:
        with_twice(f, 0, W, strength, gives=4)
    f.claim(
        "K rows of ones, D + 1 long, cost K D with strength 1", "Is it the sum, divided by nothing?"
    )
    for K, D in ((3, 4), (4, 3), (2, 6)):
        f.agree(f(np.ones((K, D + 1)), 1.0), K * D)


L2_PENALTY = Exercise(
    signature="l2_penalty(W, strength) -> float",
    reference=lecture.l2_penalty,
    lesson="08_batches",
    treated="\\lambda \\sum_{k,\\,j \\,\\text{not bias}} w_{kj}^2",
    criteria=(
        Criterion(
            "sum of squares",
            1.5,
            "It is strength times the sum of the squared weights, the biases left out.",
            fixtures.weights_strength,
        ),
        Criterion("biases are free", 1.0, "Biases alone cost nothing.", fixtures.only_biases),
        purity(0.5),
    ),
    misconceptions=(
        Misconception(
            "half",
            (lambda W, strength: float(strength / 2 * np.sum(W[:, :-1] ** 2)),),
            did="You halved it, as some books do; this course does not.",
            symptom="Half of what it should be.",
            experiment="Try W = [[1, 0]] and strength 1: the penalty should be 1.",
            looks_right="With the half the gradient needs no factor 2, and another strength makes "
            "up for it.",
        ),
        Misconception(
            "biases included",
            (lambda W, strength: float(strength * np.sum(W**2)),),
            did="You squared the biases too; they may be as large as they like.",
            symptom="A shift of all data costs something.",
            experiment="Try W = [[0, 5]]: the penalty should be 0.",
            looks_right="Biases are weights too, and where they are small the sum is nearly the "
            "same.",
        ),
        Misconception(
            "mean instead of sum",
            (
                lambda W, strength: float(strength * np.mean(W[:, :-1] ** 2)),
                lambda W, strength: float(strength * np.sum(W[:, :-1] ** 2) / len(W)),
            ),
            did="You divided the sum by a number of weights.",
            symptom="Too small, by a factor that depends on the shape of W.",
            experiment="Try W = [[1, 1, 0], [1, 1, 0]] and strength 1: the penalty should be 4.",
            looks_right="A mean does not grow with the number of weights, and another strength "
            "makes up for it.",
        ),
        Misconception(
            "absolute values",
            (lambda W, strength: float(strength * np.sum(np.abs(W[:, :-1]))),),
            did="You summed absolute values: that is another penalty, L1.",
            symptom="Twice the weights cost twice as much, and should cost four times.",
            experiment="Try W = [[2, 0]] and strength 1: the penalty should be 4.",
            looks_right="It too is 0 where all weights are, and grows with each of them.",
        ),
        Misconception(
            "square root",
            (lambda W, strength: float(strength * np.linalg.norm(W[:, :-1])),),
            did="You took the norm, the square root of the sum of squares.",
            symptom="Twice the weights cost twice as much, and should cost four times.",
            experiment="Try W = [[2, 0]] and strength 1: the penalty should be 4.",
            looks_right="The norm is the usual size of an array, and it too grows with each "
            "weight.",
        ),
        Misconception(
            "first column free",
            (lambda W, strength: float(strength * np.sum(W[:, 1:] ** 2)),),
            did="You left the first column out; the biases are the last.",
            symptom="A large bias costs something, and the first feature's weights nothing.",
            experiment="Try W = [[0, 5]]: the penalty should be 0.",
            looks_right="Many books put the bias first, and one column is left out.",
        ),
        Misconception(
            "square of the sum",
            (
                lambda W, strength: float(strength * np.sum(W[:, :-1]) ** 2),
                lambda W, strength: float(strength * np.sum(W) ** 2),
            ),
            did="You squared the sum of the weights, not each weight.",
            symptom="Weights of 1 and -1 cost nothing.",
            experiment="Try W = [[1, -1, 0]] and strength 1: the penalty should be 2.",
            looks_right="For a single weight it is the same, and it is never negative.",
        ),
        Misconception(
            "strength left out",
            (lambda W, strength: float(np.sum(W[:, :-1] ** 2)),),
            did="You did not multiply by the strength.",
            symptom="The penalty is the same for every strength.",
            experiment="Print l2_penalty(W, 0.0): it should be 0.",
            looks_right="For a strength of 1 it is right.",
        ),
        mistakes.changes_weights(lecture.l2_penalty),
    ),
    made=along_axes,
    properties=l2_penalty,
)
