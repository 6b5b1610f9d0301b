"""The exercise batch_gradient: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, along_axes, purity
from autograder.checking.kit import Properties, Student, is_mean, stays, sums_to
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import Array, Generator
from softmax_by_hand.properties import (
    FAR,
    FAR_HINT,
    FAR_SLOPES,
    FARTHER,
    batch_of,
    of_one_sample,
    raised,
    samples_of_their_own,
    unit,
    without_bias,
)


def whole_batches(rng: Generator) -> list[Arguments]:
    passes = [fixtures.forward_pass(rng, size) for size in fixtures.all_sizes(rng)]
    return fixtures.crossed([(run.W, run.Xb, run.Y) for run in passes])


def one_column(rng: Generator) -> list[Arguments]:
    passes = [fixtures.forward_pass(rng, size) for size in fixtures.sizes(rng, 2)]
    return [(run.W, run.Xb[:, :1], run.Y[:, :1]) for run in passes]


def large_batches(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size, below in zip(fixtures.sizes(rng, 2), (0, -1), strict=True):
        run = fixtures.forward_pass(rng, size)
        W, Xb = fixtures.each_apart(rng, run, above=below == 0)
        W[:, :-1] /= 1e5
        Xb[:-1] *= 1e5  # the same scores, and large slopes
        calls.append((W, Xb, run.Y))
        W = run.W.copy()
        W[:, -1] += fixtures.two_on_top(rng, size.K, below)[0]
        calls.append((W, run.Xb, run.Y))
        W = run.W.copy()
        # One maximum for all columns is right here; that of the absolute values is not.
        W[:, -1] -= 3000.0
        calls.append((W, run.Xb, run.Y))
        W, Xb = run.W.copy(), run.Xb.copy()
        # Slopes so large that any clipping changes them.
        W[:, :-1], Xb[:-1] = 1e-4 * W[:, :-1], 1e4 * Xb[:-1]
        calls.append((W, Xb, run.Y))
    return calls


def first_sample(W: Array, Xb: Array, Y: Array) -> Array:
    return lecture.loss_gradient(W, Xb[:, 0], Y[:, 0])


def changes_labels(W: Array, Xb: Array, Y: Array) -> Array:
    Y -= lecture.softmax(W @ Xb)
    return -Y @ Xb.T / Xb.shape[1]


def into_labels(W: Array, Xb: Array, Y: Array) -> Array:
    Y[...] = lecture.softmax(W @ Xb) - Y
    return Y @ Xb.T / Xb.shape[1]


@Properties(
    shape=lambda W, Xb, Y: W.shape,
    examples=lambda: [batch_of(3, 4, 7), batch_of(4, 3, 4), batch_of(5, 2, 1)],
    hint="The gradient has the shape of W: (K, N) times (N, D+1).",
)
def batch_gradient(f: Student) -> None:
    f.claim("every column sums to 0", "Is the softmax that of each column? Is Y one-hot?")
    for W, Xb, Y in f.examples:
        sums_to(f, 0, f(W, Xb, Y))
    f.claim("every sample handed in twice gives the same gradient", "Is it a mean, divided once?")
    for W, Xb, Y in f.examples:
        once = f(W, Xb, Y)
        f.agree(f(W, np.hstack((Xb, Xb)), np.hstack((Y, Y))), once, with_each_once=once)
    for W, Xb, _ in f.examples:

        def alone(label: int, W: Any = W, Xb: Any = Xb) -> np.ndarray:
            return f(W, Xb[:, :1], unit(len(W), 1, at=(label, 0)))

        of_one_sample(f, alone, Xb[:, 0], W @ Xb[:, 0], "one sample alone: ")
    f.claim(
        "the gradient of a batch is the mean of those of its samples",
        "Divided by which number? Is every sample in it? Does each have its own softmax?",
    )
    for W, Xb, Y in f.examples:
        is_mean(f, f(W, Xb, Y), [f(W, Xb[:, [n]], Y[:, [n]]) for n in range(Y.shape[1])])
    f.claim("adding 1000 to all biases changes nothing", "Does exp overflow?")
    W, Xb, Y = batch_of(3, 4, 7)
    stays(f, f(raised(W), Xb, Y), f(W, Xb, Y))
    f.claim(
        "scores far apart: certain and right gives 0, certain and wrong x in the row of the "
        "largest score and -x in that of the true class, however large x is",
        FAR_HINT,
    )
    for Z in (FAR, FARTHER):
        found = 0.03 * f(without_bias(Z), samples_of_their_own(3), np.eye(3))[:, :-1]
        f.agree(found, FAR_SLOPES, each_sample_over_its_x=found, should_be=FAR_SLOPES)


BATCH_GRADIENT = Exercise(
    signature="batch_gradient(W, Xb, Y) -> (K, D+1); Xb is (D+1, N), Y one-hot (K, N)",
    reference=lecture.batch_gradient,
    lesson="08_batches",
    treated="\\frac1B\\, (\\mathbf{A} - \\mathbf{Y})\\, \\mathbf{X}_b^{\\mathsf T}",
    # loss_gradient is for one sample: to take the mean over the columns is the exercise.
    needs=("scores", "softmax", "cce_gradient", "loss_gradient"),
    criteria=(
        Criterion(
            "mean over samples",
            2.5,
            "It is the mean of the samples' own gradients, for all N of them.",
            whole_batches,
        ),
        Criterion("one column", 0.5, "A batch of one sample has that sample's.", one_column),
        Criterion(
            "large scores",
            1.0,
            "Scores of thousands are no trouble, be they far apart between the samples or within "
            "one, nor is a probability of exactly 0, also that of a true class.",
            large_batches,
        ),
        purity(1.0),
    ),
    misconceptions=(
        Misconception(
            "sum instead of mean",
            (mistakes.batch_gradient_by(over=lambda Y: 1),),
            did="You summed over the samples and did not divide by N.",
            symptom="N times too large, so that larger batches take longer steps.",
            experiment="Hand in every sample twice: the gradient must stay the same.",
            looks_right="For one sample it is the same, and for one batch size a smaller rate "
            "makes up for it.",
        ),
        Misconception(
            "divided by N twice",
            (mistakes.batch_gradient_by(over=lambda Y: Y.shape[1] ** 2),),
            did="You divided by N twice; perhaps a slope by the scores was divided already.",
            symptom="N times too small.",
            experiment="Hand in every sample twice: the gradient must stay the same.",
            looks_right="For one sample it is the same, and the direction is right for any number.",
        ),
        Misconception(
            "divided by K",
            (
                mistakes.batch_gradient_by(over=lambda Y: len(Y)),
                mistakes.batch_gradient_by(over=lambda Y: Y.size),
            ),
            did="You divided by the number of classes.",
            symptom="The factor to the right answer depends on K.",
            experiment="Compare one entry with a numerical gradient of the mean loss.",
            looks_right="The direction is right, and so is the ratio of any two entries.",
        ),
        Misconception(
            "axis=1",
            (mistakes.batch_gradient_by(soft=mistakes.last_axis),),
            did="Your softmax normalises along the samples.",
            symptom="The columns of the gradient do not sum to 0.",
            experiment="Print batch_gradient(W, Xb, Y).sum(axis=0): every sum is 0.",
            looks_right="Where samples are rows, as in most frameworks, softmax does run along "
            "axis 1.",
            lesson="02_softmax",
            treated="Along which axis runs the sum?",
        ),
        Misconception(
            "whole-matrix sum",
            (mistakes.batch_gradient_by(soft=mistakes.whole_matrix),),
            did="Your softmax lets the whole batch sum to 1.",
            symptom="The last column of the gradient does not sum to 0.",
            experiment="Print batch_gradient(W, Xb, Y).sum(axis=0): every sum is 0.",
            looks_right="For one sample it is right, and a batch sums to 1 too: as a whole.",
            lesson="02_softmax",
            treated="The whole-matrix sum",
        ),
        Misconception(
            "first sample only",
            (first_sample,),
            did="You used one sample of the batch.",
            symptom="The gradient has rank 1, an outer product, whatever the batch.",
            experiment="Print np.linalg.matrix_rank(batch_gradient(W, Xb, Y)): with 3 "
            "classes 2 is right.",
            looks_right="For one sample it is right, and for a batch the shape is.",
        ),
        Misconception(
            "sign",
            (mistakes.batch_gradient_by(grad_z=lambda A, Y: Y - A),),
            did="You subtracted the probabilities from the labels, not the labels from them.",
            symptom="Every entry has the wrong sign.",
            experiment="Compare one entry with a numerical gradient of the mean loss.",
            looks_right="Every size is right, and each column sums to 0 as it should.",
            lesson="05_chain_rule",
            treated="**the sign.**",
        ),
        Misconception(
            "transposed",
            (lambda W, Xb, Y: lecture.batch_gradient(W, Xb, Y).T,),
            did="You gave the features in the rows; like W, a row belongs to a class.",
            symptom="The shape is (D+1, K).",
            experiment="Print batch_gradient(W, Xb, Y).shape beside W.shape.",
            looks_right="All numbers are right, and where samples are rows it is the shape of W.",
        ),
        Misconception(
            "biases left out",
            (
                lambda W, Xb, Y: lecture.batch_gradient(W, Xb, Y)[:, :-1],
                lambda W, Xb, Y: (
                    lecture.batch_gradient(W, Xb, Y) * (np.arange(len(Xb)) < len(Xb) - 1)
                ),
            ),
            did="You gave no slope for the biases, the last column.",
            symptom="The last column is 0, or there is none for the biases.",
            experiment="Compare the last column with the means of A - Y along each row.",
            looks_right="All other columns are right, and data around the origin needs no bias.",
        ),
        Misconception(
            "Jacobian skipped",
            (mistakes.batch_gradient_by(grad_z=lambda A, Y: -Y / A),),
            did="You went from the slope by the probabilities to W without the softmax Jacobian.",
            symptom="The columns of the gradient do not sum to 0.",
            experiment="Print batch_gradient(W, Xb, Y).sum(axis=0): every sum is 0.",
            looks_right="The slope by the probabilities is right, and the loss may fall all the "
            "same.",
            lesson="04_jacobian",
            treated="\\nabla_{\\mathbf{z}} L = \\mathbf{a} - \\mathbf{y}",
        ),
        Misconception(
            "diagonal only",
            (mistakes.batch_gradient_by(grad_z=lambda A, Y: -(1 - A) * Y),),
            did="You used only the diagonal a(1 - a) of the softmax Jacobian.",
            symptom="The columns of the gradient do not sum to 0.",
            experiment="Print batch_gradient(W, Xb, Y).sum(axis=0): every sum is 0.",
            looks_right="The rows of the true classes are right, and the loss does fall.",
            lesson="04_jacobian",
            treated="a(1-a)$, from the **sigmoid**",
        ),
        Misconception(
            "sigmoid",
            (mistakes.batch_gradient_by(soft=lambda Z: (1 + np.tanh(Z / 2)) / 2),),
            did="You made each score a probability by itself, with the sigmoid.",
            symptom="The columns of the gradient do not sum to 0.",
            experiment="Print batch_gradient(W, Xb, Y).sum(axis=0): every sum is 0.",
            looks_right="For two classes that exclude each other it nearly is the same.",
            lesson="02_softmax",
            treated="From scores to probabilities",
        ),
        *mistakes.shifts(
            lambda soft: mistakes.batch_gradient_by(soft=soft),
            experiment="Add 1000 to all biases: nothing may change.",
        ),
        mistakes.nan_in_chain(mistakes.batch_gradient_by, mistakes.CHAINS),
        mistakes.epsilon_in_chain(mistakes.batch_gradient_by),
        Misconception(
            "changes Y",
            (changes_labels, into_labels),
            did="You computed in Y itself.",
            symptom="Y is not one-hot any more after the call.",
            experiment="Keep before = Y.copy() and compare after the call.",
            looks_right="What it returns is right, and no new array is needed.",
            shows_in="purity",
        ),
    ),
    made=along_axes,
    properties=batch_gradient,
)
