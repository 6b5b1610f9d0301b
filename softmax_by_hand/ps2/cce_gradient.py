"""The exercise cce_gradient: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, along_axes, purity
from autograder.checking.kit import Y5, Properties, Student, chances, treats_columns_alike
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import Array, Generator


def prediction_vectors(rng: Generator) -> list[Arguments]:
    calls = []
    for size in fixtures.sizes(rng, 3):
        a = fixtures.forward_pass(rng, size).A
        calls += [(fixtures.unit(0, size.K), a[:, 0]), (fixtures.unit(size.K - 1, size.K), a[:, 1])]
    return calls


def prediction_batches(rng: Generator) -> list[Arguments]:
    passes = fixtures.forward_passes(rng)
    one_column = (passes[0].Y[:, :1], passes[0].A[:, :1])
    other_order = (passes[0].Y, passes[-1].A)
    return [*((run.Y, run.A) for run in passes[:-1]), other_order, one_column]


def exact_zeros(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size in fixtures.sizes(rng, 2):  # a wrong class at 0, the others mild
        z = rng.normal(0.0, 1.5, size.K)
        z[0] = -1000.0
        label = int(rng.integers(1, size.K))
        calls.append((fixtures.unit(label, size.K), lecture.softmax(z)))
    for size, gap in zip(fixtures.sizes(rng, 5), (None, 8.0, 10.0, 40.0, 250.0), strict=True):
        label = int(rng.integers(size.K))
        if gap is None:  # everything at the true class
            z = fixtures.far_apart(rng, size.K, label)
        else:  # the true class tiny
            z = fixtures.far_apart(rng, size.K, fixtures.other_label(rng, label, size.K), gap)
        calls.append((fixtures.unit(label, size.K), lecture.softmax(z)))
    for size, gap in zip(fixtures.sizes(rng, 2), (8.0, 40.0), strict=True):  # both, in a batch
        run = fixtures.forward_pass(rng, size)
        label = int(run.y[0])
        tiny = fixtures.far_apart(rng, size.K, fixtures.other_label(rng, label, size.K), gap)
        certain = fixtures.far_apart(rng, size.K, int(run.y[1]))
        calls.append(fixtures.predictions(run, {0: tiny, 1: certain}))
    return calls


def vectors_and_batches(rng: Generator) -> list[Arguments]:
    return prediction_vectors(rng)[:1] + prediction_batches(rng)[1:3]


def last_from_first(position: int) -> Callable[[Array, Array], Array]:
    def wrong(Y: Array, Yhat: Array) -> Array:
        gradient = -Y / Yhat
        gradient[position] = -Y[0] / Yhat[position]
        return gradient

    return wrong


def less_one_in_place(Y: Array, Yhat: Array) -> Array:
    # Of a batch these are whole rows, of one sample the entry of the true class.
    Yhat[np.argmax(Y, axis=0)] -= 1
    return Yhat


def samples(Y: Array) -> int:
    return Y.shape[1] if Y.ndim == 2 else 1


@Properties(
    shape=lambda Y, Yhat: Yhat.shape,
    examples=lambda: [(Y5[:, :N], chances(3, N)) for N in (5, 3, 1)] + [(Y5[:, 0], chances(3))],
    hint="One slope for each probability, for (K,) and for (K, N).",
)
def cce_gradient(f: Student) -> None:
    f.claim(
        "it is 0 where Y is 0",
        "Does a sample's loss change with the probability of a class that is not its own?",
    )
    for Y, Yhat in f.examples:
        f.expect((f(Y, Yhat)[Y == 0] == 0).all())
    f.claim(
        "it is negative where Y is 1",
        "If the true class gets more probability, does the loss rise or fall?",
    )
    for Y, Yhat in f.examples:
        f.expect((f(Y, Yhat)[Y == 1] < 0).all())
    f.claim(
        "Yhat * gradient sums to -1 in every column, whatever N",
        "Let a column of Yhat grow by 1%: by how much does its own loss fall? Each column has its "
        "own loss here; the 1/N of the mean enters later, and once. Nothing is added to Yhat.",
    )
    tiny = np.array([1e-200, 0.5, 0.5])
    for Y, Yhat in [*f.examples, (Y5[:, 1], tiny), (Y5[:, 1:2], tiny[:, None])]:
        sums = (Yhat * f(Y, Yhat)).sum(axis=0)
        f.agree(sums, -np.ones_like(sums), column_sums_of_Yhat_times_yours=sums)
    f.claim(
        "a perfect prediction is no trouble: 0/0 counts as 0",
        "Where Y and Yhat are both 0, does the loss change when that probability does?",
    )
    for Y in (Y5, Y5[:, 0]):
        f.agree(f(Y, Y), -Y)
    f.claim("a batch gives what its columns give one by one", "Which axis is summed, and why?")
    treats_columns_alike(f, (Y5, chances(3, 5)))


CCE_GRADIENT = Exercise(
    signature="cce_gradient(Y, Yhat) -> same shape, (K,) or (K, N); per sample, not divided by N",
    reference=lecture.cce_gradient,
    lesson="04_jacobian",
    treated="\\nabla_{\\mathbf{a}} L = (0,\\ -4,\\ 0)",
    criteria=(
        Criterion(
            "single sample",
            2.0,
            "The gradient of one sample's loss: -1/yhat at the true class and 0 elsewhere.",
            prediction_vectors,
        ),
        Criterion(
            "batch",
            1.5,
            "Each column is the gradient of that sample's own loss, not divided by N.",
            prediction_batches,
        ),
        Criterion(
            "exact zeros",
            1.0,
            "A wrong class at probability 0 has gradient 0, not nan; a tiny probability of the "
            "true class is used as it is.",
            exact_zeros,
        ),
        purity(0.5, vectors_and_batches),
    ),
    misconceptions=(
        Misconception(
            "sign",
            (lambda Y, Yhat: Y / np.where(Y == 0, 1, Yhat), lambda Y, Yhat: Y / Yhat),
            did="You left out the minus sign.",
            symptom="The gradient is positive: more probability at the true class would cost more.",
            experiment="Compare with numerical_gradient of the loss of one sample.",
            looks_right="The size of every entry is right, and a minus in front of a sum is easily "
            "read over.",
            lesson="05_chain_rule",
            treated="**the sign.**",
        ),
        Misconception(
            "-1/yhat everywhere",
            (lambda Y, Yhat: -1 / Yhat,),
            did="You divided 1, not y, by yhat, so that every class has a gradient.",
            symptom="No entry is 0; only the true class should have an entry that is not.",
            experiment="Count the entries that are not 0: there should be one for each sample.",
            looks_right="At the true class the number is right, since y is 1 there.",
        ),
        Misconception(
            "last row from y_0",
            (last_from_first(-1), last_from_first(2)),
            did="You copied the entry -y_0 / yhat_2, a slip of the pen in an old hand-out.",
            symptom="One entry is wrong whenever the label is 0 or that entry's own.",
            experiment="Take a sample whose true class is the last of three: only its last entry "
            "is not 0.",
            looks_right="It stood in print, and for a sample of class 1 of three the numbers are "
            "right.",
        ),
        Misconception(
            "yhat - y",
            (lambda Y, Yhat: Yhat - Y, less_one_in_place),
            did="You gave the gradient with respect to the scores, one step of the chain too far.",
            symptom="The entries are between -1 and 1; the true one should be -1 or below.",
            experiment="Print the entry of a true class with probability 0.5: it should be -2.",
            looks_right="It is a right gradient, and the one that is needed in the end: that by "
            "the scores.",
        ),
        Misconception(
            "divided by N",
            (
                lambda Y, Yhat: -Y / np.where(Y == 0, 1, Yhat) / samples(Y),
                lambda Y, Yhat: -Y / Yhat / samples(Y),
                lambda Y, Yhat: -Y / Yhat / Y.shape[-1],
            ),
            did="You divided by the number of samples; here each sample stands for itself.",
            symptom="A batch of N gives entries N times too small.",
            experiment="Compare the first column of a batch with cce_gradient of that sample.",
            looks_right="The loss is a mean over N samples, and a numerical gradient of that mean "
            "agrees.",
            lesson="06_gradient_check",
            treated="The 1/N, again",
            shows_in="batch",
        ),
        Misconception(
            "binary derivative",
            (lambda Y, Yhat: -Y / Yhat + (1 - Y) / (1 - Yhat),),
            did="You differentiated the binary cross-entropy, which has terms of 1 - y.",
            symptom="The entries of the wrong classes are above 1, and should be 0.",
            experiment="Count the entries that are not 0: there should be one for each sample.",
            looks_right="At the true class it is right, and for a single probability it is the "
            "whole derivative.",
        ),
        Misconception(
            "0/0 is nan",
            (
                lambda Y, Yhat: -Y / Yhat,
                lambda Y, Yhat: Y / Yhat,
                lambda Y, Yhat: -Y / Yhat / samples(Y),
                lambda Y, Yhat: -Y / Yhat / Y.shape[-1],
            ),
            did="You divided 0 by 0 where a wrong class has probability 0.",
            symptom="nan in the gradient, and soon in every weight.",
            experiment="Print cce_gradient(np.array([1.0, 0.0]), np.array([1.0, 0.0])): [-1, 0] is "
            "right.",
            looks_right="It is the formula word for word, and softmax of ordinary scores never "
            "gives an exact 0.",
            shows_in="exact zeros",
        ),
        Misconception(
            "epsilon in the denominator",
            tuple(
                guarded
                for eps in mistakes.EPSILONS
                for guarded in (
                    lambda Y, Yhat, eps=eps: -Y / (Yhat + eps),
                    lambda Y, Yhat, eps=eps: -Y / np.clip(Yhat, eps, 1.0),
                    lambda Y, Yhat, eps=eps: -Y / np.clip(Yhat, eps, 1.0 - eps),
                    lambda Y, Yhat, eps=eps: -Y / (Yhat + eps) / samples(Y),
                )
            ),
            did="You added a small number to yhat, or clipped it, before dividing.",
            symptom="The gradient is far too small where the true class is very improbable.",
            experiment="Print the entry of a true class with probability 1e-20: it should be "
            "-1e20.",
            looks_right="Warnings are gone, and for ordinary probabilities the difference is tiny.",
            shows_in="exact zeros",
        ),
    ),
    made=along_axes,
    properties=cce_gradient,
)
