"""The exercise to_keras: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, purity
from autograder.checking.kit import Properties, Several, Student, normal
from softmax_by_hand import fixtures, lecture
from softmax_by_hand.fixtures import Generator


def any_weights(rng: Generator) -> list[Arguments]:
    weights = [rng.normal(size=(size.K, size.D + 1)) for size in fixtures.all_sizes(rng)[:-1]]
    return [(W,) for W in (*weights, np.roll(weights[0], 1, axis=0))]


@Properties(
    shape=lambda W: Several(((W.shape[1] - 1, W.shape[0]), (W.shape[0],))),
    examples=lambda: [(normal(3, 5),), (normal(4, 5),), (normal(2, 4),)],
    hint="kernel is (D, K), a column for each class; bias is (K,).",
)
def to_keras(f: Student) -> None:
    f.claim(
        "samples in rows: x kernel + bias are the scores W x of each sample",
        "Which column of W is the bias? What lies on its side?",
    )
    for (W,) in f.examples:
        kernel, bias = f(W)
        for x in (*np.eye(W.shape[1] - 1), normal(W.shape[1] - 1), np.zeros(W.shape[1] - 1)):
            wanted = W @ np.append(x, 1)
            f.agree(
                x @ kernel + bias, wanted, x=x, x_kernel_plus_bias=x @ kernel + bias, W_x=wanted
            )


TO_KERAS = Exercise(
    signature="to_keras(W) -> (kernel (D, K), bias (K,))",
    reference=lecture.to_keras,
    lesson="09_tensorflow",
    treated="Translating the weights",
    criteria=(
        Criterion(
            "kernel and bias",
            1.5,
            "In Keras samples are rows, so the kernel is (D, K), and the bias stands apart.",
            any_weights,
        ),
        purity(0.5),
    ),
    misconceptions=(
        Misconception(
            "not transposed",
            (lambda W: (W[:, :-1], W[:, -1]),),
            did="You kept the classes in the rows; in Keras a column belongs to a class.",
            symptom="The kernel's shape is (K, D).",
            experiment="Print to_keras(W)[0].shape for D = 4 and K = 3: it should be (4, 3).",
            looks_right="All the numbers are right, and with as many features as classes the shape "
            "fits too.",
        ),
        Misconception(
            "bias left in the kernel",
            (lambda W: (W.T, W[:, -1]), lambda W: (W.T, np.zeros(len(W)))),
            did="The bias is a row of your kernel; Keras keeps it apart and has no bias feature.",
            symptom="The kernel's shape is (D+1, K).",
            experiment="Print to_keras(W)[0].shape for D = 4 and K = 3: it should be (4, 3).",
            looks_right="In this course the bias is a part of W, and the transpose is right.",
        ),
        Misconception(
            "bias lost",
            (lambda W: (W[:, :-1].T, np.zeros(len(W))),),
            did="You handed zeros as the bias.",
            symptom="Every score in Keras is off by W[:, -1].",
            experiment="Compare the scores of a sample of zeros with W[:, -1]: they should be "
            "equal.",
            looks_right="The kernel is right, and a new layer of Keras has a bias of zeros too.",
        ),
        Misconception(
            "first column as bias",
            (lambda W: (W[:, 1:].T, W[:, 0]),),
            did="You took the first column for the bias; in this course it is the last.",
            symptom="The kernel's rows are shifted by one.",
            experiment="Compare your bias with the scores of a sample of zeros: they should be "
            "equal.",
            looks_right="Many books put the bias first, and both shapes are right.",
        ),
        Misconception(
            "bias as a row",
            (lambda W: (W[:, :-1].T, W[:, -1:]), lambda W: (W[:, :-1].T, W[:, -1:].T)),
            did="Your bias has two axes; Keras wants one number for each class, (K,).",
            symptom="The bias has shape (K, 1) or (1, K).",
            experiment="Print to_keras(W)[1].shape: it should have one axis.",
            looks_right="All the numbers are right, and with two axes the bias is still a column "
            "or a row.",
        ),
    ),
    properties=to_keras,
)
