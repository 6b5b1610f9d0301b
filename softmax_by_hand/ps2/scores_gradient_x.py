"""The exercise scores_gradient_x: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, purity
from autograder.checking.kit import Properties, Student, normal
from softmax_by_hand import fixtures, lecture
from softmax_by_hand.fixtures import Generator


def any_weights(rng: Generator) -> list[Arguments]:
    return [(fixtures.forward_pass(rng, size).W,) for size in fixtures.all_sizes(rng)]


@Properties(
    shape=lambda W: (W.shape[1], W.shape[0]),
    examples=lambda: [(normal(3, 5),), (normal(4, 4),)],
    hint="The course's layout is input shape x output shape. Which of x and z is the input?",
)
def scores_gradient_x(f: Student) -> None:
    f.claim(
        "row j is how fast the scores move when x_j moves",
        "The input's index comes first. Is that the order in which W has them?",
    )
    for (W,) in f.examples:
        for j in range(W.shape[1]):
            x = np.zeros(W.shape[1])
            x[j] = 1
            f.agree(f(W)[j], W @ x, **{f"a step of 1 in x[{j}] moves the scores by": W @ x})


SCORES_GRADIENT_X = Exercise(
    signature="scores_gradient_x(W) -> (D+1, K); W is (K, D+1)",
    reference=lecture.scores_gradient_x,
    lesson="05_chain_rule",
    treated="\\nabla_{\\mathbf{x}} \\mathbf{z} = \\mathbf{W}^{\\mathsf T}",
    criteria=(
        Criterion(
            "layout",
            1.5,
            "Entry [j, k] tells how z_k changes with x_j: input shape first, then output shape.",
            any_weights,
        ),
        purity(0.5),
    ),
    misconceptions=(
        Misconception(
            "W itself",
            (lambda W: W,),
            did="You gave the numerator layout: output shape first.",
            symptom="The shape is (K, D+1), and should be (D+1, K).",
            experiment="Print scores_gradient_x(W).shape beside x.shape and z.shape.",
            looks_right="In the other layout it is right, and for a square W the shape agrees.",
        ),
        Misconception(
            "bias column dropped",
            (lambda W: W[:, :-1].T,),
            did="You left out the bias, though x here includes its 1.",
            symptom="The shape is (D, K): one row is missing.",
            experiment="Print scores_gradient_x(W).shape beside x.shape and z.shape.",
            looks_right="The bias feature is always 1, so that its slope is of no use to anybody.",
        ),
    ),
    properties=scores_gradient_x,
)
