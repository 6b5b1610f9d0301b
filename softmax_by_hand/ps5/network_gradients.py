"""The exercise network_gradients: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, along_axes, purity
from autograder.checking.kit import Properties, Several, Student, is_mean, stays
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import Array, Generator
from softmax_by_hand.properties import (
    FAR,
    FAR_HINT,
    FAR_SLOPES,
    FARTHER,
    network_example,
    of_a_network,
    raised,
    samples_of_their_own,
    unit,
    without_bias,
)


def two_layers(rng: Generator, size: fixtures.Sizes, H: int) -> Arguments:
    run = fixtures.forward_pass(rng, size)
    W1 = rng.normal(0, 0.8, (H, size.D + 1))
    W2 = rng.normal(0, 0.8, (size.K, H + 1))
    return W1, W2, run.Xb[:-1].copy(), run.Y


def drawn_networks(rng: Generator) -> list[Arguments]:
    """Draw networks of all sizes on labelled data."""
    sizes = fixtures.all_sizes(rng)
    hidden = (6, 2, 10, sizes[3].K, sizes[4].K, 6)
    return [two_layers(rng, size, H) for size, H in zip(sizes, hidden, strict=True)]


def networks(rng: Generator) -> list[Arguments]:
    calls = drawn_networks(rng)
    W1, W2, X, Y = calls[1]
    return [*fixtures.crossed(calls), (W1, W2, X[:, :1], Y[:, :1])]


def large_networks(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size, below in zip(fixtures.sizes(rng, 2), (0, -1), strict=True):
        W1, W2, X, Y = two_layers(rng, size, 4)
        W1[0], W2[:, 0] = 0.0, 800.0  # the first hidden unit is an offset of each sample
        if below:
            W2[:, -1] -= 800.0  # which is 0 or far below it
        W1[0, 0], X[0, rng.permutation(size.N)[:2]] = 1000.0, (2.0, -2.0)
        calls.append((W1, W2, X, Y))
        W1, W2, X, Y = two_layers(rng, size, 4)
        W2[:, -1] += fixtures.two_on_top(rng, size.K, below)[0]
        calls.append((W1, W2, X, Y))
        W1, W2, X, Y = two_layers(rng, size, 4)
        # One maximum for all columns is right here; that of the absolute values is not.
        W2[:, -1] -= 3000.0
        calls.append((W1, W2, X, Y))
        W1, W2, X, Y = two_layers(rng, size, 4)
        W1[:, :-1] *= 1e-4
        calls.append((W1, W2, 1e4 * X, Y))  # slopes that no clip leaves alone
    return calls


def without_bias_slopes(*call: Array) -> dict[str, Array]:
    found = lecture.network_gradients(*call)
    return found | {name: found[name][:, :-1] for name in ("W1", "W2")}


@Properties(
    shape=lambda W1, W2, X, Y: Several(
        {
            "Z2": Y.shape,
            "W2": W2.shape,
            "A1": (len(W1), X.shape[1]),
            "Z1": (len(W1), X.shape[1]),
            "W1": W1.shape,
        }
    ),
    examples=lambda: [network_example(4, 6, 3, 7), network_example(3, 4, 4, 4)],
    hint="Every gradient has the shape of what it is the gradient of; the keys are Z2, W2, A1, "
    "Z1 and W1.",
)
def network_gradients(f: Student) -> None:
    for example in f.examples:
        W1, W2, X, Y = example

        def alone(label: int, W1: Any = W1, W2: Any = W2, X: Any = X) -> Any:
            found = f(W1, W2, X[:, :1], unit(len(W2), 1, at=(label, 0)))
            return found["W1"], found["W2"]

        of_a_network(f, alone, W1, W2, X[:, 0], "one sample alone, ")
        f.claim(
            "Z2 and Z1 of one sample are the bias columns of W2 and W1, and A1 is what each hidden "
            "unit adds to the scores, weighed with Z2",
            "The slope of a bias is that of its score. Which column of W2 is no hidden unit's?",
        )
        found = f(W1, W2, X[:, :1], Y[:, :1])
        f.agree(found["Z2"], found["W2"][:, -1:], bias_column_of_W2=found["W2"][:, -1:])
        f.agree(found["Z1"], found["W1"][:, -1:], bias_column_of_W1=found["W1"][:, -1:])
        for number, column in enumerate(W2.T[:-1]):
            wanted = column @ found["Z2"]
            f.agree(found["A1"][number], wanted, hidden_unit=number, should_be=wanted)
        f.claim(
            f"N = {Y.shape[1]}: Z2, A1 and Z1 have a column for each sample, as if it were alone",
            "Is something divided by N already?",
        )
        each = [f(W1, W2, X[:, [n]], Y[:, [n]]) for n in range(Y.shape[1])]
        found = f(*example)
        for key in ("Z2", "A1", "Z1"):
            wanted = np.hstack([one[key] for one in each])
            f.agree(found[key], wanted, **{f"{key} of each sample alone": wanted})
        f.claim("W2 and W1 are the means of those of the samples", "Divided by N once?")
        for key in ("W2", "W1"):
            is_mean(f, found[key], [one[key] for one in each])
    f.claim("scores near 1000 are no trouble", "Does exp overflow?")
    W1, W2, X, Y = network_example(4, 6, 3, 7)
    stays(f, f(W1, raised(W2), X, Y)["Z2"], f(W1, W2, X, Y)["Z2"])
    f.claim(
        "scores far apart: certain and right gives 0 in Z2, certain and wrong 1 for the largest "
        "score and -1 for the true class",
        FAR_HINT,
    )
    for Z in (FAR, FARTHER):
        X = samples_of_their_own(3)[:-1]  # whose hidden units are 1 and 0, by these W1
        found = f(without_bias(100 * np.eye(3)), without_bias(100 * Z), X, np.eye(3))["Z2"]
        f.agree(found, FAR_SLOPES, yours_in_Z2=found, should_be=FAR_SLOPES)
    f.claim(
        "1000 times the inputs, with weights as much smaller, have 1000 times the slopes by these",
        "Is a slope clipped?",
    )
    W1, W2, X, Y = network_example(4, 6, 3, 7)
    once = f(W1, W2, X, Y)["W1"][:, :-1]
    smaller = np.hstack((W1[:, :-1] / 1000, W1[:, -1:]))
    found = f(smaller, W2, 1000 * X, Y)["W1"][:, :-1] / 1000
    f.agree(found, once, yours_over_1000=found, with_the_inputs_as_they_were=once)


NETWORK_GRADIENTS = Exercise(
    signature="network_gradients(W1, W2, X, Y) -> dictionary of Z2, W2, A1, Z1, W1",
    reference=lecture.network_gradients,
    lesson="10_hidden_layer",
    treated="Backwards, one factor at a time",
    # Not batch_gradient of ps4, which would be the link of W2 as a whole.
    needs=(
        "add_bias",
        "scores",
        "softmax",
        "cce_gradient",
        "network_forward",
    ),
    criteria=(
        Criterion(
            "every link",
            5.0,
            "From the loss back to W1, each link is the slope by that intermediate: of each "
            "sample's own loss for Z2, A1, Z1, of the mean loss for W2, W1.",
            networks,
        ),
        Criterion(
            "large scores",
            1.5,
            "Scores of thousands are no trouble, be they far apart between the samples or within "
            "one, nor is a probability of exactly 0, also that of a true class.",
            large_networks,
        ),
        purity(1.5),
    ),
    misconceptions=(
        Misconception(
            "slope of tanh left out",
            (mistakes.network_gradients_by(slope=lambda Z1, A1: np.ones(A1.shape)),),
            did="You went from A1 to Z1 without the slope of tanh.",
            symptom="The gradient of Z1 is that of A1.",
            experiment="Compare Z1's gradient with a numerical one.",
            looks_right="Near 0 the slope of tanh is nearly 1, so that small weights hide it.",
        ),
        Misconception(
            "slope at the output",
            (mistakes.network_gradients_by(slope=lambda Z1, A1: 1 - np.tanh(A1) ** 2),),
            did="You took the slope of tanh at its output.",
            symptom="Right as far as A1, wrong in Z1 and W1.",
            experiment="Compare Z1's gradient with a numerical one.",
            looks_right="Near 0 tanh is nearly its own input, so that small weights hide it.",
        ),
        Misconception(
            "input taken for the output",
            (mistakes.network_gradients_by(slope=lambda Z1, A1: 1 - Z1**2),),
            did="You wrote 1 - Z1^2; the formula wants the output A1.",
            symptom="Right as far as A1, wrong in Z1 and W1.",
            experiment="Compare Z1's gradient with a numerical one.",
            looks_right="Near 0 input and output are nearly equal, so that small weights hide it.",
        ),
        Misconception(
            "bias row left in",
            (
                mistakes.network_gradients_by(
                    back=lambda W2, G: W2.T @ G, slope=lambda Z1, A1: lecture.add_bias(1 - A1**2)
                ),
            ),
            did="You used all of W2 on the way back; its last column belongs to no hidden unit.",
            symptom="A1 has one row too many.",
            experiment="Print the shape of A1's gradient: it must be (H, N).",
            looks_right="W2 was multiplied with all of A1b, and its transpose is the right factor "
            "on the way back.",
        ),
        Misconception(
            "first column dropped",
            (mistakes.network_gradients_by(back=lambda W2, G: W2[:, 1:].T @ G),),
            did="You dropped the first column of W2; the bias is the last one.",
            symptom="The rows of A1's gradient are shifted by one.",
            experiment="Compare A1's gradient with a numerical one.",
            looks_right="All shapes are right, and where the bias comes first the numbers are too.",
        ),
        Misconception(
            "sum instead of mean",
            (mistakes.network_gradients_by(over=lambda N: 1),),
            did="You did not divide the weights' gradients by N.",
            symptom="W1 and W2 are N times too large.",
            experiment="Hand in every sample twice: W1 and W2 must stay the same.",
            looks_right="For one sample it is the same, and for one batch size a smaller rate "
            "makes up for it.",
            lesson="08_batches",
            treated="Sum instead of mean",
        ),
        Misconception(
            "divided by N twice",
            (mistakes.network_gradients_by(over=lambda N: N * N),),
            did="You divided the weights' gradients by N twice.",
            symptom="W1 and W2 are N times too small.",
            experiment="Hand in every sample twice: W1 and W2 must stay the same.",
            looks_right="For one sample it is the same, and the direction is right for any number.",
            lesson="08_batches",
            treated="the $1/B$ enters once",
        ),
        Misconception(
            "divided by N too early",
            (mistakes.network_gradients_by(over_early=lambda N: N),),
            did="You divided by N at Z2; here only the weights' gradients hold the 1/N.",
            symptom="Z2, A1 and Z1 are N times too small, W1 and W2 are right.",
            experiment="Compare Z2 with the probabilities minus Y.",
            looks_right="What training uses comes out right, and the 1/N has to enter somewhere.",
        ),
        Misconception(
            "sign",
            (mistakes.network_gradients_by(lambda A2, Y: Y - A2),),
            did="You subtracted the probabilities from the labels.",
            symptom="All gradients have the wrong sign.",
            experiment="Compare one entry with a numerical gradient.",
            looks_right="All shapes and all sizes are right.",
            lesson="05_chain_rule",
            treated="**the sign.**",
        ),
        Misconception(
            "slope of another bend",
            (
                mistakes.network_gradients_by(slope=lambda Z1, A1: A1 * (1 - A1)),
                mistakes.network_gradients_by(slope=lambda Z1, A1: Z1 > 0),
            ),
            did="You used the slope of the sigmoid, or of ReLU; the hidden layer bends with tanh.",
            symptom="Right as far as A1, wrong in Z1 and W1.",
            experiment="Compare Z1's gradient with a numerical one.",
            looks_right="Each hidden layer has a slope of this kind, and the shapes are right.",
        ),
        Misconception(
            "Jacobian skipped",
            (mistakes.network_gradients_by(lambda A2, Y: -Y / A2),),
            did="You took the slope by the probabilities for that by the scores.",
            symptom="The columns of Z2's gradient do not sum to 0.",
            experiment="Compare Z2 with the probabilities minus Y.",
            looks_right="It is the slope of the cross-entropy, and the first link of the chain.",
            lesson="04_jacobian",
            treated="\\nabla_{\\mathbf{z}} L = \\mathbf{a} - \\mathbf{y}",
        ),
        Misconception(
            "bias slopes left out",
            (without_bias_slopes,),
            did="The gradients of W1 and W2 lack the biases' column.",
            symptom="W1 and W2 have one column too few.",
            experiment="Print the shape of W2's gradient beside W2's: they must be equal.",
            looks_right="All other columns are right, and a layer's inputs have no bias row.",
        ),
        *mistakes.shifts(
            lambda soft: mistakes.network_gradients_by(soft=soft),
            experiment="Add 1000 to the biases in W2: nothing may change.",
        ),
        mistakes.nan_in_chain(mistakes.network_gradients_by, mistakes.CHAINS),
        mistakes.epsilon_in_chain(mistakes.network_gradients_by),
    ),
    made=along_axes,
    properties=network_gradients,
)
