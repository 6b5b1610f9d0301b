"""The exercise batch_backward: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, along_axes, purity
from autograder.checking.kit import Properties, Student, normal, with_twice
from softmax_by_hand import fixtures, lecture
from softmax_by_hand.fixtures import Array, Generator
from softmax_by_hand.properties import unit


def jacobians(rng: Generator, inputs: int, outputs: int, N: int) -> Arguments:
    return rng.normal(0.3, 1.0, (inputs, outputs, N)), rng.normal(0.3, 1.0, (outputs, N))


def batches(rng: Generator) -> list[Arguments]:
    calls = [jacobians(rng, size.D + 1, size.K, size.N) for size in fixtures.all_sizes(rng)]
    return fixtures.crossed(calls)


def one_sample(rng: Generator) -> list[Arguments]:
    return [jacobians(rng, size.D, size.K, 1) for size in fixtures.sizes(rng, 3)]


def softmax_batches(rng: Generator) -> list[Arguments]:
    """Draw Jacobians of softmax, one of them of a sample with a probability of 1."""
    calls: list[Arguments] = []
    for size in fixtures.sizes(rng, 3):
        A = fixtures.forward_pass(rng, size).A
        A[:, 0] = fixtures.unit(int(rng.integers(size.K)), size.K)
        J = np.stack([lecture.softmax_jacobian(a) for a in A.T], axis=2)
        calls.append((J, 1000 * rng.normal(size=A.shape)))
    return calls


def in_upstream(J: Array, grad_A: Array) -> Array:
    """Write the answer into the slopes that were handed in, where that has its shape."""
    answer = lecture.batch_backward(J, grad_A)
    if answer.shape != grad_A.shape:
        grad_A *= 2
        return answer
    grad_A[...] = answer
    return grad_A


@Properties(
    shape=lambda J, grad_A: (len(J), J.shape[2]),
    examples=lambda: [
        (normal(4, 3, 6), normal(3, 6)),
        (normal(3, 3, 3), normal(3, 3, seed=1)),
        (normal(2, 5, 1), normal(5, 1)),
    ],
    hint="i says which input, k which output, n which sample: which of them is summed over?",
)
def batch_backward(f: Student) -> None:
    f.claim(
        "a single slope of 1, by output k of sample n, gives J[:, k, n] in column n, and 0 in the "
        "others",
        "Which index belongs to what was handed in, and which to what is returned? Does each "
        "sample meet its own slopes only?",
    )
    for J, G in f.examples:
        for k, n in np.ndindex(*G.shape):
            wanted = np.zeros((len(J), G.shape[1]))
            wanted[:, n] = J[:, k, n]
            f.agree(f(J, unit(*G.shape, at=(k, n))), wanted, should_be=wanted)
    f.claim("the answers to two sets of slopes add up", "Is each output's slope in the sum, once?")
    for J, G in f.examples:
        other = normal(*G.shape, seed=5)
        apart = f(J, G) + f(J, other)
        f.agree(f(J, G + other), apart, added_up=apart)
    f.claim("twice the Jacobians give twice the answer", "Is each Jacobian in it, once?")
    for J, G in f.examples:
        with_twice(f, 0, J, G)


BATCH_BACKWARD = Exercise(
    signature="batch_backward(J, grad_A) -> (I, N); J is (I, K, N), grad_A (K, N)",
    reference=lecture.batch_backward,
    lesson="04_jacobian",
    treated="= J\\, \\nabla_{\\mathbf{a}} L",
    criteria=(
        Criterion(
            "each its own",
            2.5,
            "Column n is the Jacobian of sample n times that sample's own slopes, summed over the "
            "outputs.",
            batches,
        ),
        Criterion("one sample", 0.5, "A batch of one sample is a batch too.", one_sample),
        Criterion(
            "softmax", 0.5, "It holds for the Jacobians of a layer of softmax.", softmax_batches
        ),
        purity(0.5),
    ),
    misconceptions=(
        Misconception(
            "summed over the inputs",
            (lambda J, G: np.einsum("kin,kn->in", J, G),),
            did="You summed over the first index of J; that one says which input, and is kept.",
            symptom="With as many inputs as outputs the numbers are wrong, else an error is raised "
            "or the shape is wrong.",
            experiment="Set one entry of grad_A to 1, the others to 0: a column of J should come "
            "back.",
            looks_right="A Jacobian of softmax is symmetric, so that nothing differs there.",
        ),
        Misconception(
            "samples mixed",
            (
                lambda J, G: np.einsum("ikn,km->im", J, G),
                lambda J, G: np.einsum("ikm,kn->im", J, G),
            ),
            did="You gave the samples of J and of grad_A two letters, so that one was summed over.",
            symptom="A slope by one sample's output moves other samples.",
            experiment="Set grad_A to 0 but for one column: the other columns must be 0.",
            looks_right="The shape is right, no error is raised, and for one sample the numbers "
            "are too.",
        ),
        Misconception(
            "sum over the samples",
            (
                lambda J, G: np.repeat(np.einsum("ikn,kn->i", J, G)[:, None], G.shape[1], 1),
                lambda J, G: np.einsum("ikn,kn->i", J, G),
            ),
            did="You summed over the samples too; each has an answer of its own.",
            symptom="There is one answer for the whole batch.",
            experiment="Print batch_backward(J, grad_A).shape: it ends with N.",
            looks_right="For one sample the numbers are right, and the gradient of weights is "
            "summed over the samples.",
        ),
        Misconception(
            "nothing summed",
            (lambda J, G: J * G,),
            did="You multiplied, and the outputs were not summed over.",
            symptom="The answer has three axes.",
            experiment="Print batch_backward(J, grad_A).shape: it should be (I, N).",
            looks_right="Each product is one that belongs into the sum.",
        ),
        Misconception(
            "first sample's Jacobian for all",
            (lambda J, G: J[:, :, 0] @ G,),
            did="You multiplied all slopes by the Jacobian of one sample.",
            symptom="The first column is right, and the others are not.",
            experiment="Compare the last column with J[:, :, -1] @ grad_A[:, -1].",
            looks_right="For one sample it is right, and a linear layer has the same Jacobian for "
            "all.",
        ),
        Misconception(
            "mean over the outputs",
            (lambda J, G: np.einsum("ikn,kn->in", J, G) / len(G),),
            did="You took the mean over the outputs, where their sum is asked for.",
            symptom="K times too small.",
            experiment="Set one entry of grad_A to 1, the others to 0: a column of J should come "
            "back.",
            looks_right="The direction is right, and a mean is taken of the samples elsewhere.",
        ),
        Misconception(
            "transposed",
            (lambda J, G: np.einsum("ikn,kn->ni", J, G),),
            did="You gave the samples in the rows.",
            symptom="The shape is (N, I).",
            experiment="Print batch_backward(J, grad_A).shape: it should be (I, N).",
            looks_right="All numbers are right, and where samples are rows it is the right shape.",
        ),
        Misconception(
            "changes grad_A",
            (in_upstream,),
            did="You computed in grad_A itself, which belongs to whoever handed it in.",
            symptom="grad_A holds other numbers after the call.",
            experiment="Keep before = grad_A.copy() and compare after the call.",
            looks_right="All that is returned is right, and no new array is needed.",
            shows_in="purity",
        ),
    ),
    made=along_axes,
    properties=batch_backward,
)
