"""The exercise network_forward: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, along_axes, purity
from autograder.checking.kit import Properties, Several, Student, stays, sums_to
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import Array, Generator
from softmax_by_hand.properties import (
    FAR,
    FAR_HINT,
    FAR_SLOPES,
    FARTHER,
    network_example,
    raised,
    samples_of_their_own,
    without_bias,
)
from softmax_by_hand.ps5.network_gradients import drawn_networks, large_networks


def without_labels(calls: list[Arguments]) -> list[Arguments]:
    return [call[:-1] for call in calls]


def forwards(rng: Generator) -> list[Arguments]:
    calls = drawn_networks(rng)
    W1, W2, X, _ = calls[1]
    return [*fixtures.crossed(without_labels(calls)), (W1, W2, X[:, :1])]


def large_forwards(rng: Generator) -> list[Arguments]:
    return without_labels(large_networks(rng))


def forward_by(
    bend: mistakes.Formula = np.tanh,
    soft: mistakes.Formula = lecture.softmax,
    first: Callable[[Array, Array], Array] = lambda W, X: W @ lecture.add_bias(X),
    last: Callable[[Array, Array], Array] = lambda W, X: W @ lecture.add_bias(X),
    returned: Callable[[Array, Array, Array], Any] = lambda Z1, A1, A2: (A1, A2),
) -> Callable[..., Any]:
    """Return the forward pass with one part replaced.

    Parameters
    ----------
    first, last : the scores of a layer, of its weights and its inputs
    returned : what is given back, of Z1, A1 and A2
    """

    def network_forward(W1: Array, W2: Array, X: Array) -> Any:
        Z1 = first(W1, X)
        A1 = bend(Z1)
        return returned(Z1, A1, soft(last(W2, A1)))

    return network_forward


def bias_dropped(W: Array, X: Array) -> Array:
    return W[:, :-1] @ X


def ones_first(W: Array, X: Array) -> Array:
    return W @ np.vstack((np.ones(X.shape[1]), X))


@Properties(
    shape=lambda W1, W2, X: Several(((len(W1), X.shape[1]), (len(W2), X.shape[1]))),
    examples=lambda: [
        network_example(4, 6, 3, 7)[:3],
        network_example(3, 4, 4, 4)[:3],
        network_example(2, 5, 3, 1)[:3],
    ],
    hint="Two values: what the hidden units give, (H, N), then the probabilities, (K, N).",
)
def network_forward(f: Student) -> None:
    f.claim(
        "a hidden unit gives a with log((1 + a) / (1 - a)) = 2 z, z its row of W1 times the sample "
        "and the 1 below it",
        "Is tanh taken, once, of these scores? Has the data its row of ones, as its last?",
    )
    for W1, W2, X in f.examples:
        A1, _ = f(W1, W2, X)
        for n, x in enumerate(X.T):
            twice_z = 2 * W1 @ np.append(x, 1)
            with np.errstate(all="ignore"):
                found = np.log((1 + A1[:, n]) / (1 - A1[:, n]))
            f.agree(found, twice_z, 1e-8, sample=n, your_logarithms=found, twice_z=twice_z)
    f.claim("every column of the probabilities sums to 1", "Is softmax that of each column?")
    for W1, W2, X in f.examples:
        sums_to(f, 1, f(W1, W2, X)[1])
    f.claim(
        "log(a_k / a_0) of a sample is z_k - z_0, z being W2 times your hidden values and a 1",
        "Is the row of ones added to the hidden values too? Is the second layer bent as well?",
    )
    for W1, W2, X in f.examples:
        A1, A2 = f(W1, W2, X)
        for n, hidden in enumerate(A1.T):
            z = W2 @ np.append(hidden, 1)
            with np.errstate(all="ignore"):
                found = np.log(A2[:, n] / A2[0, n])
            f.agree(found, z - z[0], sample=n, your_logarithms=found, differences=z - z[0])
    f.claim("adding 1000 to the last biases changes no probability", "Does exp overflow?")
    W1, W2, X = f.examples[0]
    stays(f, f(W1, raised(W2), X)[1], f(W1, W2, X)[1])
    f.claim("scores far apart: one class is certain, with probability 1", FAR_HINT)
    for Z in (FAR, FARTHER):
        X = samples_of_their_own(3)[:-1]  # whose hidden units are 1 and 0, by these W1
        found = f(without_bias(100 * np.eye(3)), without_bias(100 * Z), X)[1]
        f.agree(found, FAR_SLOPES + np.eye(3), should_be=FAR_SLOPES + np.eye(3))


NETWORK_FORWARD = Exercise(
    signature="network_forward(W1, W2, X) -> (A1, A2), (H, N) and (K, N)",
    reference=lecture.network_forward,
    lesson="10_hidden_layer",
    treated="A hidden layer",
    needs=("add_bias", "scores", "softmax"),
    criteria=(
        Criterion(
            "both layers",
            2.0,
            "A1 is tanh of W1 times the data, A2 softmax of W2 times A1, each with its row of "
            "ones.",
            forwards,
        ),
        Criterion(
            "large scores",
            0.5,
            "Scores of thousands are no trouble, be they far apart between the samples or within "
            "one.",
            large_forwards,
        ),
        purity(0.5),
    ),
    misconceptions=(
        Misconception(
            "no bend",
            (forward_by(bend=lambda Z: Z),),
            did="You left out tanh between the two layers; together they are one linear layer.",
            symptom="Hidden values lie beyond -1 and 1.",
            experiment="Print np.abs(A1).max() for large X: it should not be above 1.",
            looks_right="All shapes are right, the columns sum to 1, and small inputs are hardly "
            "bent at all.",
        ),
        Misconception(
            "another bend",
            (
                forward_by(bend=lambda Z: np.maximum(Z, 0)),
                forward_by(bend=lambda Z: (1 + np.tanh(Z / 2)) / 2),
            ),
            did="You bent the hidden layer with ReLU or the sigmoid; here it is tanh.",
            symptom="No hidden value is negative.",
            experiment="Print A1.min() for random X: some of them should be negative.",
            looks_right="A network with such a bend learns too, and all shapes are right.",
        ),
        Misconception(
            "scores instead of probabilities",
            (forward_by(soft=lambda Z: Z),),
            did="You returned the scores of the last layer; softmax at the end is missing.",
            symptom="The columns of the second value do not sum to 1.",
            experiment="Print A2.sum(axis=0): every sum should be 1.",
            looks_right="The largest score has the largest probability, so that every prediction "
            "is right.",
            lesson="02_softmax",
            treated="From scores to probabilities",
        ),
        Misconception(
            "tanh at the end too",
            (forward_by(soft=lambda Z: lecture.softmax(np.tanh(Z))),),
            did="You bent the scores of the last layer too, before softmax.",
            symptom="No probability is more than about 7 times another one of its sample.",
            experiment="Give one class a bias of 50: it should be certain.",
            looks_right="Each layer seems to want its bend, and the columns sum to 1.",
        ),
        Misconception(
            "softmax along the samples",
            (forward_by(soft=mistakes.last_axis),),
            did="Your softmax normalises along the samples.",
            symptom="The rows of A2 sum to 1, and the columns do not.",
            experiment="Print A2.sum(axis=0): every sum should be 1.",
            looks_right="Where samples are rows, as in most frameworks, softmax does run along "
            "axis 1.",
            lesson="02_softmax",
            treated="Along which axis runs the sum?",
        ),
        Misconception(
            "whole-matrix sum",
            (forward_by(soft=mistakes.whole_matrix),),
            did="Your softmax lets the whole batch sum to 1.",
            symptom="The columns of A2 sum to less than 1.",
            experiment="Print A2.sum(axis=0): every sum should be 1.",
            looks_right="For one sample it is right, and a batch sums to 1 too: as a whole.",
            lesson="02_softmax",
            treated="The whole-matrix sum",
        ),
        Misconception(
            "first biases left out",
            (forward_by(first=bias_dropped), forward_by(first=bias_dropped, last=bias_dropped)),
            did="You multiplied the data by W1 without its last column, the biases.",
            symptom="A sample of zeros has hidden values of 0, whatever the biases are.",
            experiment="Print A1 for X of zeros beside np.tanh(W1[:, -1]): they should be equal.",
            looks_right="The shapes are right, and biases are small at first.",
            lesson="01_scores",
            treated="The bias, dropped",
        ),
        Misconception(
            "last biases left out",
            (forward_by(last=bias_dropped),),
            did="You multiplied the hidden values by W2 without its last column, the biases.",
            symptom="The hidden values are right, and the probabilities do not depend on the "
            "last column of W2.",
            experiment="Add 5 to one bias in W2: its class should become more probable.",
            looks_right="The data got its row of ones, and the hidden layer has no row of ones of "
            "its own.",
            lesson="01_scores",
            treated="The bias, dropped",
        ),
        Misconception(
            "ones first",
            (forward_by(first=ones_first, last=ones_first),),
            did="You put the row of ones above; the biases are the last columns of W1 and W2.",
            symptom="The first columns of W1 and W2 act as biases.",
            experiment="Print A1 for X of zeros beside np.tanh(W1[:, -1]): they should be equal.",
            looks_right="Many books put the bias first, and all shapes are right.",
            lesson="01_scores",
            treated="Why last, and not first?",
        ),
        Misconception(
            "scores of the hidden layer returned",
            (forward_by(returned=lambda Z1, A1, A2: (Z1, A2)),),
            did="You returned what goes into tanh, and what comes out of it was asked for.",
            symptom="The probabilities are right, and the first value goes beyond -1 and 1.",
            experiment="Print the largest size in the first value, for large X: at most 1.",
            looks_right="The shape is the same, and the probabilities are right.",
        ),
        Misconception(
            "row of ones returned",
            (forward_by(returned=lambda Z1, A1, A2: (lecture.add_bias(A1), A2)),),
            did="You returned the hidden values with the row of ones that the next layer gets.",
            symptom="The first value has H + 1 rows.",
            experiment="Print A1.shape beside W1.shape: both begin with H.",
            looks_right="The probabilities are right, and W2 is multiplied with just this array.",
        ),
        Misconception(
            "exchanged",
            (forward_by(returned=lambda Z1, A1, A2: (A2, A1)),),
            did="You returned the probabilities first.",
            symptom="The first value sums to 1 in each column, and the second does not.",
            experiment="Print both shapes: (H, N) should come first.",
            looks_right="Both values are right, and the probabilities are the ones that matter.",
        ),
        *mistakes.shifts(
            lambda soft: forward_by(soft=soft),
            experiment="Add 1000 to the biases in W2: nothing may change.",
        ),
    ),
    made=along_axes,
    properties=network_forward,
)
