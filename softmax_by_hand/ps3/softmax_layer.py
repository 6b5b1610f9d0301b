"""The exercise Softmax: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, purity
from autograder.checking.kit import PropertiesOfClass, StudentClass, normal, sums_to
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import BACKWARD, FORWARD, Array, Generator
from softmax_by_hand.properties import (
    FAR,
    FAR_HINT,
    are_apart,
    does_not_learn,
    layer_examples,
    passes_on_what_it_is_given,
    slope_by_scores,
)


def single_samples(rng: Generator) -> list[Arguments]:
    passes = [fixtures.forward_pass(rng, size) for size in fixtures.all_sizes(rng)]
    return [fixtures.there_and_back(rng, run.Z[:, 0]) for run in passes]


def columns_and_batches(rng: Generator) -> list[Arguments]:
    passes = [fixtures.forward_pass(rng, size) for size in fixtures.all_sizes(rng)]
    columns = [run.Z[:, :1] for run in passes[:2]]
    return [fixtures.there_and_back(rng, Z) for Z in (*columns, *(run.Z for run in passes))]


def called_again(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size, fewer in zip(fixtures.sizes(rng, 3), (0, 0, 1), strict=True):
        Z, other = fixtures.forward_pass(rng, size).Z, fixtures.forward_pass(rng, size).Z[:, fewer:]
        G = 10000.0 * rng.normal(size=Z.shape)
        G_other = rng.normal(size=other.shape) if fewer else G
        twice = (FORWARD, Z, BACKWARD, G, 0.5, BACKWARD, G[:, ::-1].copy(), 0.5)
        calls.append((*twice, FORWARD, other, BACKWARD, G_other, 0.5, FORWARD, Z))
    # The last has no negative number.
    both = (Z, G, Z[:, ::-1], G[::-1]), (abs(Z), abs(G), abs(Z[::-1]), abs(G[::-1]))
    return [*calls, *(fixtures.beside_another((), (), *parts) for parts in both)]


def large_scores(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size, below in zip(fixtures.sizes(rng, 2), (0, -1), strict=True):
        calls.append(
            fixtures.there_and_back(rng, fixtures.close(rng, size.K, -1000.0 if below else 1000))
        )
        calls.append(fixtures.there_and_back(rng, fixtures.columns_far_apart(rng, size.K, size.N)))
        calls.append(fixtures.there_and_back(rng, fixtures.two_on_top(rng, size.K, below)[0]))
        label = int(rng.integers(size.K))
        z = fixtures.improbable(rng, size.K, label)
        slope = -fixtures.unit(label, size.K) / lecture.softmax(z)
        calls.append((FORWARD, z, BACKWARD, slope))
    return calls


def both_forms(rng: Generator) -> list[Arguments]:
    return single_samples(rng)[:1] + columns_and_batches(rng)[2:4]


def softmax_layer_by(
    forward: mistakes.Formula = lecture.softmax,
    backward: Callable[[Array, Array], Array] = lecture.softmax_backward,
    returned: Callable[[Array], Any] = lambda A: A,
) -> type:
    """Return the layer with another softmax, or another backward, of A and dL/dA."""
    return mistakes.layer_by(forward, lambda Z, A, G: backward(A, G), returned)


def one_sided_for_samples(A: Array, G: Array) -> Array:
    """Return what is wrong for a single sample alone."""
    return (mistakes.one_sided if A.ndim == 1 else lecture.softmax_backward)(A, G)


def spoils_what_it_kept(A: Array, G: Array) -> Array:
    """Compute in the probabilities that forward has kept."""
    grad_z = lecture.softmax_backward(A, G)
    A *= 1 - A
    return grad_z


@PropertiesOfClass(
    shape=lambda: (),
    parts={
        "forward": lambda layer, Z: Z.shape,
        "backward": lambda layer, grad_a, learning_rate=None: grad_a.shape,
    },
    examples=lambda: layer_examples((3,), (4, 1), (3, 5), (3, 3)),
    hint="(K,), (K, 1) and (K, N) come back in the shape in which they came in.",
)
def softmax_layer(f: StudentClass) -> None:
    f.claim("forward: every column sums to 1", "Along which axis does the sum run?")
    for Z in (normal(3), np.zeros((3, 1)), normal(4, 1), normal(3, 5), normal(3, 3)):
        sums_to(f, 1, f.new()("forward", Z))
    f.claim("forward: log(a_i / a_j) = z_i - z_j", "Is it softmax, and that of each column?")
    for Z in (normal(4), normal(3, 5)):
        A = f.new()("forward", Z)
        f.agree(np.log(A / A[0]), Z - Z[0], differences_to_z_0=Z - Z[0])
    passes_on_what_it_is_given(f)
    f.claim(
        "backward: equal slopes for all probabilities give 0",
        "The probabilities sum to 1 whatever the scores do. Is the whole Jacobian in it?",
    )
    for shape in ((3,), (4, 1), (3, 5), (3, 3)):
        layer = f.new()
        layer("forward", normal(*shape))
        f.agree(layer("backward", np.ones(shape)), np.zeros(shape))
    f.claim(
        "backward: every column sums to 0, and between two classes slope_i / a_i - slope_k / a_k "
        "= g_i - g_k, for (K,), (K, 1) and (K, N)",
        "What does .T do to a 1-D array? Which axis is summed in a batch?",
    )
    for shape in ((3,), (4, 1), (3, 5), (3, 3)):
        layer, G = f.new(), normal(*shape, seed=2)
        A = layer("forward", normal(*shape))
        slope_by_scores(f, A, G, layer("backward", G))
    f.claim(
        "backward twice gives the same twice, and belongs to the last forward",
        "Does backward write into what forward kept? Does forward keep it each time?",
    )
    layer, G = f.new(), normal(3, 5, seed=2)
    layer("forward", normal(3, 5, seed=3))
    A = layer("forward", normal(3, 5))
    for _ in range(2):
        slope_by_scores(f, A, G, layer("backward", G))
    f.claim("scores of 1000 are no trouble", "What may be subtracted from a column first?")
    far = normal(3, 4) + np.array([1000.0, -5, -1000, 0])
    near = f.new()("forward", normal(3, 4))
    f.agree(f.new()("forward", far), near, with_all_columns_near_0=near)
    f.claim("scores far apart give 1 and 0, and then backward gives 0", FAR_HINT)
    layer, ones = f.new(), np.eye(3)[:, [1, 1, 0]]
    f.agree(layer("forward", FAR), ones, should_be=ones)
    f.agree(layer("backward", normal(3, 3)), np.zeros((3, 3)))
    does_not_learn(f)
    are_apart(f, f.new, normal(3, 5), normal(3, 5, seed=2))


SOFTMAX = Exercise(
    signature="Softmax(), forward(Z) -> A, backward(grad_a, learning_rate=None) -> grad_z; "
    "(K,), (K, 1) or (K, N)",
    reference=lecture.Softmax,
    lesson="04_jacobian",
    treated="= J\\, \\nabla_{\\mathbf{a}} L",
    # Not softmax_backward of ps4, which is the answer to backward.
    needs=("softmax", "softmax_jacobian"),
    criteria=(
        Criterion(
            "one sample",
            3.0,
            "forward gives the probabilities of a sample (K,), and backward carries any slope by "
            "them to the slope by the scores.",
            single_samples,
        ),
        Criterion(
            "columns and batches",
            2.0,
            "A column (K, 1) and a batch (K, N) give what their columns give one by one.",
            columns_and_batches,
        ),
        Criterion(
            "called again",
            1.0,
            "backward belongs to the last forward of its own layer, however often either was "
            "called, and the learning rate changes nothing in a layer without weights.",
            called_again,
        ),
        Criterion(
            "large scores",
            1.0,
            "Scores of thousands, far apart in a sample or in a batch, are no trouble, and no "
            "probability is too small for the slopes of the cross-entropy.",
            large_scores,
        ),
        purity(1.0, both_forms),
    ),
    misconceptions=(
        Misconception(
            "1-D Jacobian",
            (
                softmax_layer_by(backward=mistakes.one_sided),
                softmax_layer_by(backward=one_sided_for_samples),
            ),
            did="You used (I - a.T) * a; .T does nothing to a 1-D a, and this is no Jacobian.",
            symptom="With grad_a = -y/a the true class is right, and all others are equal.",
            experiment="Compare backward of a sample (3,) with that of the same column (3, 1).",
            looks_right="For a column (K, 1) all of it is right, and for a 1-D sample nothing is "
            "raised.",
        ),
        Misconception(
            "last axis",
            (
                softmax_layer_by(forward=mistakes.last_axis),
                softmax_layer_by(forward=mistakes.last_axis, backward=mistakes.along_last),
            ),
            did="You normalised along the last axis, which in a batch runs over the samples.",
            symptom="A column (K, 1) gives all ones.",
            experiment="Print Softmax().forward(np.zeros((3, 1))): each entry should be 1/3.",
            looks_right="For a single sample (K,) it is right, and where samples are rows it is "
            "for batches too.",
            lesson="02_softmax",
            treated="Along which axis runs the sum?",
        ),
        Misconception(
            "samples mixed in backward",
            (
                softmax_layer_by(backward=mistakes.samples_mixed),
                softmax_layer_by(backward=mistakes.axes_120),
            ),
            did="You multiplied the tensor of Jacobians over the wrong axes, so that one sample's "
            "Jacobian meets another sample's slopes.",
            symptom="A batch gives wrong numbers of the right shape, or a shape error.",
            experiment="Compare the first column of a batch with what that sample gives alone.",
            looks_right="A single sample has a single Jacobian, so that there is nothing to be "
            "mixed up.",
        ),
        Misconception(
            "upstream ignored",
            (
                softmax_layer_by(backward=lambda A, G: A - G),
                softmax_layer_by(backward=lambda A, G: G - A),
            ),
            did="You returned output - y; that is the loss's and softmax's slope in one, and "
            "backward was given the slope by the probabilities.",
            symptom="Twice the upstream slope does not give twice the answer.",
            experiment="Call backward with grad_a = 0: the answer must be 0.",
            looks_right="Where the cross-entropy follows softmax, a - y is the right slope by the "
            "scores.",
        ),
        Misconception(
            "upstream not used",
            (softmax_layer_by(backward=lambda A, G: A * (1 - A)),),
            did="You returned the slopes of the layer alone, without grad_a.",
            symptom="The answer is the same for every grad_a.",
            experiment="Call backward with grad_a and with 2 * grad_a: the answer should double.",
            looks_right="a(1 - a) is a right slope: that of each probability by its own score.",
        ),
        Misconception(
            "diagonal only",
            (softmax_layer_by(backward=lambda A, G: A * (1 - A) * G),),
            did="You used the diagonal a(1 - a) of the Jacobian and left the rest out.",
            symptom="With equal slopes everywhere the answer is not 0.",
            experiment="Call backward with grad_a all ones: each entry should be 0.",
            looks_right="For a sigmoid it is right: there each output depends on its own input "
            "alone.",
        ),
        Misconception(
            "forward returns None",
            (softmax_layer_by(returned=lambda A: None),),
            did="forward keeps the probabilities and does not return them.",
            symptom="The result of forward is None.",
            experiment="Print Softmax().forward(np.zeros(3)): each entry should be 1/3.",
            looks_right="The probabilities are right and kept, and backward works with them.",
        ),
        Misconception(
            "sum over the samples",
            (softmax_layer_by(backward=mistakes.along_last),),
            did="backward sums along the last axis; the sum runs over the classes of one sample.",
            symptom="A column (K, 1) gives all zeros.",
            experiment="Print each column's sum of backward for a batch: every one should be 0.",
            looks_right="A single sample has one axis only, and forward is right everywhere.",
        ),
        Misconception(
            "whole-matrix sum",
            (
                softmax_layer_by(forward=mistakes.whole_matrix),
                softmax_layer_by(forward=lambda Z: mistakes.normalised(np.exp(Z), None)),
            ),
            did="You divided by the sum of the whole array; each sample is to sum to 1.",
            symptom="A batch sums to 1 altogether.",
            experiment="Print Softmax().forward(np.zeros((3, 2))): each entry should be 1/3.",
            looks_right="A sample by itself is right, and np.sum without an axis raises nothing.",
            lesson="02_softmax",
            treated="The whole-matrix sum",
        ),
        Misconception(
            "epsilon in the denominator",
            tuple(
                softmax_layer_by(forward=mistakes.epsilon_in_sum(eps))
                for eps in (1e-7, 1e-8, 1e-6, 1e-5)
            ),
            did="You added a small number to the sum by which you divide.",
            symptom="The probabilities of a sample sum to a little less than 1.",
            experiment="Print 1 - Softmax().forward(np.zeros(3)).sum(): at most some 1e-16.",
            looks_right="It seems to make the division safe; but with the maximum subtracted the "
            "sum is never below 1.",
            lesson="02_softmax",
            treated="The smallest possible denominator?",
        ),
        Misconception(
            "sign of backward",
            (
                softmax_layer_by(backward=lambda A, G: -lecture.softmax_backward(A, G)),
                softmax_layer_by(backward=lambda A, G: A * (np.sum(A * G, axis=0) - G)),
            ),
            did="You subtracted the other way round, so that all of backward is negative.",
            symptom="Every entry has the wrong sign.",
            experiment="Call backward with a slope of 1 for one class, 0 else: its own entry is "
            "positive.",
            looks_right="All sizes are right, and each sample's slopes sum to 0 as they should.",
        ),
        mistakes.sum_left_out(
            softmax_layer_by(backward=lambda A, G: A * G),
            experiment="Call backward with grad_a all ones: each entry should be 0.",
        ),
        mistakes.passed_on(softmax_layer_by(backward=lambda A, G: G)),
        mistakes.only_ones(softmax_layer_by(backward=lambda A, G: np.ones(G.shape))),
        *mistakes.shifts(
            softmax_layer_by,
            experiment="Print Softmax().forward(np.array([1000.0, 1000.0])): one half twice is "
            "right.",
        ),
        mistakes.on_the_class(mistakes.shared_by_all(lecture.Softmax, "A")),
        mistakes.changes_upstream(
            softmax_layer_by(backward=mistakes.centres_upstream),
            softmax_layer_by(backward=mistakes.into_upstream),
            name="grad_a",
        ),
        Misconception(
            "changes Z in place",
            (mistakes.forward_in_place(lecture.Softmax, lecture.softmax),),
            did="forward computed in Z itself, as Z -= Z.max(axis=0) does.",
            symptom="The scores are not the same after forward.",
            experiment="Keep before = Z.copy(), call forward(Z), then print (before == Z).all().",
            looks_right="What forward returns is right, and no new array is needed.",
            shows_in="purity",
        ),
        Misconception(
            "spoils what it kept",
            (softmax_layer_by(backward=spoils_what_it_kept),),
            did="backward changed the probabilities that forward had kept.",
            symptom="The first backward is right, and the second one after it is not.",
            experiment="Call backward twice in a row with the same grad_a and compare.",
            looks_right="In training every forward is followed by one backward, and that is right.",
            shows_in="called again",
        ),
        Misconception(
            "first forward kept",
            (mistakes.keeping_the_first(lecture.Softmax),),
            did="backward uses the probabilities of the first forward, not of the last one.",
            symptom="A second forward with other scores does not change what backward gives.",
            experiment="Call backward after forward(Z), and after forward(0 * Z): do the answers "
            "differ?",
            looks_right="The first forward and backward are right, and a quick test calls each "
            "only once.",
            shows_in="called again",
        ),
    ),
    properties=softmax_layer,
)
