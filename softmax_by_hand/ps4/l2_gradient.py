"""The exercise l2_gradient: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Criterion, Exercise, Misconception, along_axes, purity
from autograder.checking.kit import Properties, Student, normal, with_twice
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.properties import unit


@Properties(
    shape=lambda W, strength: W.shape,
    examples=lambda: [(normal(3, 5), 0.5), (normal(4, 4), 2.0), (normal(2, 3), 1.0)],
    hint="It is added to the gradient of the loss, so it has the shape of W, biases included.",
)
def l2_gradient(f: Student) -> None:
    f.claim("the last column is 0", "Does the penalty depend on the biases?")
    for W, strength in f.examples:
        f.expect((f(W, strength)[:, -1] == 0).all())
    f.claim("W = [[2, -1, 7]] with strength 1 has 4, -2, 0", "Which factor does a square leave?")
    f.agree(f(np.array([[2.0, -1, 7]]), 1.0), [[4, -2, 0]])
    f.claim("twice the strength gives twice the slopes", "Where does strength enter?")
    for W, strength in f.examples:
        with_twice(f, 1, W, strength)
    f.claim(
        "each weight has its own slope, the same for equal weights: those of W and V add up",
        "Is it divided by something? Does a weight's slope depend on the others?",
    )
    for W, strength in f.examples:
        V = normal(*W.shape, seed=3)
        apart = f(W, strength) + f(V, strength)
        f.agree(f(W + V, strength), apart, those_of_W_and_V_added=apart)
        ones = f(np.ones_like(W), strength)[:, :-1]
        f.agree(ones, np.full_like(ones, 2 * strength))
        for index in np.ndindex(len(W), W.shape[1] - 1):
            alone = f(unit(*W.shape, at=index), strength)
            f.expect(np.count_nonzero(alone) == 1 and alone[index] > 0)


L2_GRADIENT = Exercise(
    signature="l2_gradient(W, strength) -> (K, D+1)",
    reference=lecture.l2_gradient,
    lesson="08_batches",
    treated="2 \\lambda w_{kj}",
    criteria=(
        Criterion(
            "every weight",
            1.5,
            "It is the slope of the penalty, strength times the sum of squares without biases.",
            fixtures.weights_strength,
        ),
        Criterion("biases are free", 1.0, "The biases' column is 0.", fixtures.only_biases),
        purity(0.5),
    ),
    misconceptions=(
        Misconception(
            "half",
            (lambda W, strength: lecture.l2_gradient(W, strength / 2),),
            did="The factor 2 of the square's derivative is missing.",
            symptom="Half of what it should be; what is missing is strength * W.",
            experiment="Compare one entry with a numerical gradient of l2_penalty.",
            looks_right="The direction is right, and of half the sum of squares it is the "
            "gradient.",
        ),
        Misconception(
            "biases included",
            (lambda W, strength: 2 * strength * W,),
            did="You let the penalty pull on the biases too.",
            symptom="Wrong in the last column only.",
            experiment="Print l2_gradient(W, 1.0)[:, -1]: it must be 0.",
            looks_right="Each entry is the slope of its own square, and biases are weights too.",
        ),
        Misconception(
            "bias column left out",
            (lambda W, strength: 2 * strength * W[:, :-1],),
            did="You left out the biases' column; it belongs there, with zeros.",
            symptom="The shape is (K, D), so that it cannot be added to the loss's gradient.",
            experiment="Print l2_gradient(W, 1.0).shape beside W.shape.",
            looks_right="The biases cost nothing, so that there seems to be nothing to return for "
            "them.",
        ),
        Misconception(
            "divided by the size",
            (
                lambda W, strength: lecture.l2_gradient(W, strength) / len(W),
                lambda W, strength: lecture.l2_gradient(W, strength) / W[:, :-1].size,
            ),
            did="You divided by a number of weights or classes.",
            symptom="The factor to the right answer depends on the shape of W.",
            experiment="Compare one entry with a numerical gradient of l2_penalty.",
            looks_right="The direction is right, and another strength makes up for it.",
        ),
        Misconception(
            "signs only",
            (lambda W, strength: lecture.l2_gradient(np.sign(W), strength / 2),),
            did="You took the signs of the weights: that is the slope of absolute values.",
            symptom="Large and small weights are pulled equally.",
            experiment="Compare one entry with a numerical gradient of l2_penalty.",
            looks_right="It pulls every weight towards 0, as a penalty should.",
        ),
        Misconception(
            "first column free",
            (lambda W, strength: 2 * strength * np.column_stack((0 * W[:, 0], W[:, 1:])),),
            did="You set the first column to 0; the biases are the last.",
            symptom="Biases are pulled, and the first feature's weights are not.",
            experiment="Print l2_gradient(W, 1.0)[:, -1]: it must be 0.",
            looks_right="Many books put the bias first, and one column is 0.",
        ),
        Misconception(
            "squares",
            (lambda W, strength: strength * np.column_stack((W[:, :-1] ** 2, 0 * W[:, -1])),),
            did="You gave each weight's share of the penalty, not its slope.",
            symptom="No entry is negative.",
            experiment="Compare one entry with a numerical gradient of l2_penalty.",
            looks_right="Large weights have large entries, and the biases have 0.",
        ),
        mistakes.changes_weights(lecture.l2_gradient),
    ),
    made=along_axes,
    properties=l2_gradient,
)
