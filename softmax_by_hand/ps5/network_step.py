"""The exercise network_step: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, along_axes, purity
from autograder.checking.kit import Properties, Several, Student, is_mean
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import Array, Generator
from softmax_by_hand.properties import (
    FAR,
    FAR_HINT,
    FAR_LOSSES,
    is_loss_of,
    network_example,
    of_a_network,
    samples_of_their_own,
    unit,
    without_bias,
)
from softmax_by_hand.ps5.network_gradients import drawn_networks, two_layers

Gradients = dict[str, Array]


def steps(rng: Generator) -> list[Arguments]:
    calls = [(*call, fixtures.learning_rate(rng, 1.5)) for call in drawn_networks(rng)]
    W1, W2, X, Y, rate = calls[1]
    return [*fixtures.crossed(calls), (W1, W2, X[:, :1], Y[:, :1], rate)]


def improbable_steps(rng: Generator) -> list[Arguments]:
    """Draw networks to which the true class of every sample is all but impossible."""
    calls: list[Arguments] = []
    for size in fixtures.sizes(rng, 4):
        W1, W2, X, Y = two_layers(rng, size, 4)
        label = int(rng.integers(size.K))
        W2[:, -1] += float(rng.uniform(800.0, 2000.0))
        W2[label, -1] -= float(rng.uniform(300.0, 500.0))
        Y = np.repeat(fixtures.unit(label, size.K)[:, None], size.N, axis=1)
        calls.append((W1, W2, X, Y, fixtures.learning_rate(rng, 0.8)))
    return calls


def step_by(
    update: Callable[[Array, Array, Gradients, float], Any] = lambda W1, W2, found, rate: (
        W1 - rate * found["W1"],
        W2 - rate * found["W2"],
    ),
    gradients: Callable[..., Gradients] = lecture.network_gradients,
    loss: mistakes.Loss = lecture.cce,
    soft: mistakes.Formula = lecture.softmax,
    loss_after: bool = False,
) -> Callable[..., Any]:
    """Return the step with one part replaced."""

    def network_step(W1: Array, W2: Array, X: Array, Y: Array, learning_rate: float) -> Any:
        def cost(V1: Array, V2: Array) -> float:
            return loss(Y, soft(V2 @ lecture.add_bias(np.tanh(V1 @ lecture.add_bias(X)))))

        before = cost(W1, W2)
        new_1, new_2 = update(W1, W2, gradients(W1, W2, X, Y), learning_rate)
        return new_1, new_2, cost(new_1, new_2) if loss_after else before

    return network_step


def step_by_softmax(soft: mistakes.Formula) -> Callable[..., Any]:
    """Return the step with another softmax, there and back."""
    return step_by(gradients=mistakes.network_gradients_by(soft=soft), soft=soft)


def last_moved_first(W1: Array, W2: Array, X: Array, Y: Array, learning_rate: float) -> Any:
    """Use the new W2 for the slope of W1."""
    A1, A2 = lecture.network_forward(W1, W2, X)
    new_2 = W2 - learning_rate * lecture.network_gradients(W1, W2, X, Y)["W2"]
    slope = new_2[:, :-1].T @ (A2 - Y) * (1 - A1**2)
    new_1 = W1 - learning_rate * slope @ lecture.add_bias(X).T / X.shape[1]
    return new_1, new_2, lecture.cce(Y, A2)


def in_place(W1: Array, W2: Array, X: Array, Y: Array, learning_rate: float) -> Any:
    """Move the caller's weights."""
    new_1, new_2, loss = lecture.network_step(W1, W2, X, Y, learning_rate)
    W1[...], W2[...] = new_1, new_2
    return W1, W2, loss


@Properties(
    shape=lambda W1, W2, X, Y, learning_rate: Several((W1.shape, W2.shape, ())),
    examples=lambda: [
        (*network_example(4, 6, 3, 7), 0.5),
        (*network_example(3, 4, 4, 4), 1.0),
        (*network_example(2, 5, 3, 1), 0.1),
    ],
    hint="Three values: the new W1, the new W2, and the loss, one number.",
    purity_hint="Is W1 or W2 changed in place, as W1 -= ... does? Take W1 - ... into a new array.",
)
def network_step(f: Student) -> None:
    f.claim("with learning rate 0 the weights stay", "What is the rate multiplied with?")
    for W1, W2, X, Y, _ in f.examples:
        new_1, new_2, _ = f(W1, W2, X, Y, 0.0)
        f.agree(new_1, W1)
        f.agree(new_2, W2)
    f.claim("the loss of a batch is the mean of its samples' losses", "Added up, or averaged?")
    for W1, W2, X, Y, rate in f.examples:
        each = [f(W1, W2, X[:, [n]], Y[:, [n]], rate)[2] for n in range(Y.shape[1])]
        is_mean(f, f(W1, W2, X, Y, rate)[2], each)
    for W1, W2, X, _, rate in f.examples:

        def moved(label: int, W1: Any = W1, W2: Any = W2, X: Any = X, rate: Any = rate) -> Any:
            new_1, new_2, _ = f(W1, W2, X[:, :1], unit(len(W2), 1, at=(label, 0)), rate)
            return (W1 - new_1) / rate, (W2 - new_2) / rate

        what = "one sample alone, by what the weights move over minus the rate: "
        of_a_network(f, moved, W1, W2, X[:, 0], what)
        f.claim(
            "the loss is that of the weights that were handed in",
            "Is the loss taken before the step, or after it?",
        )
        loss = f(W1, W2, X[:, :1], unit(len(W2), 1, at=(0, 0)), rate)[2]
        is_loss_of(f, loss, moved(0)[1], 0, np.ones(1))
    f.claim(
        "a batch moves both weights by the mean of what its samples move them by",
        "Is the sum divided by the number of samples, once?",
    )
    for W1, W2, X, Y, rate in f.examples:
        singles = [f(W1, W2, X[:, [n]], Y[:, [n]], rate) for n in range(Y.shape[1])]
        whole = f(W1, W2, X, Y, rate)
        for place in (0, 1):
            is_mean(f, whole[place], [one[place] for one in singles])
    f.claim(
        "scores far apart: a sample costs as much as its true score lies below the largest",
        "Is a probability clipped before the logarithm? " + FAR_HINT,
    )
    X = samples_of_their_own(3)[:-1]  # whose hidden units are 1 and 0, by these W1
    loss = f(without_bias(100 * np.eye(3)), without_bias(100 * FAR), X, np.eye(3), 0.0)[2]
    f.agree(loss, FAR_LOSSES.mean(), losses_of_the_samples_should_be=FAR_LOSSES)


NETWORK_STEP = Exercise(
    signature="network_step(W1, W2, X, Y, learning_rate) -> (W1, W2, loss)",
    reference=lecture.network_step,
    lesson="10_hidden_layer",
    treated="Backwards, one factor at a time",
    needs=(
        "add_bias",
        "scores",
        "softmax",
        "cce",
        "cce_from_scores",
        "network_forward",
        "network_gradients",
    ),
    criteria=(
        Criterion(
            "one step",
            2.0,
            "Both weights move against their gradients of the mean loss, both taken at the old "
            "weights, and so is the loss.",
            steps,
        ),
        Criterion(
            "large scores",
            0.5,
            "Scores of thousands are no trouble, and a loss may be in the hundreds, for nothing is "
            "clipped.",
            improbable_steps,
        ),
        purity(0.5),
    ),
    misconceptions=(
        Misconception(
            "plus sign",
            (
                step_by(
                    lambda W1, W2, found, rate: (W1 + rate * found["W1"], W2 + rate * found["W2"])
                ),
            ),
            did="You added the gradients to the weights, which goes uphill.",
            symptom="The loss rises from step to step.",
            experiment="Take ten steps and print the losses: they should fall.",
            looks_right="Both gradients are right, and so is the length of the step.",
            lesson="07_sgd",
            treated="a plus sign in the update",
        ),
        Misconception(
            "loss after the step",
            (step_by(loss_after=True),),
            did="You took the loss at the new weights; that of the old ones is asked for.",
            symptom="The weights are right, and the loss depends on the learning rate.",
            experiment="Print the loss for learning rates 0 and 1: it should be the same.",
            looks_right="It falls from step to step as it should, and looks even a little better.",
            lesson="07_sgd",
            treated="the loss belongs to the weights before the step",
        ),
        Misconception(
            "only the last layer learns",
            (step_by(lambda W1, W2, found, rate: (W1, W2 - rate * found["W2"])),),
            did="You moved W2 and left W1 where it was.",
            symptom="W1 is the same after the step.",
            experiment="Print np.abs(new_W1 - W1).max(): it should not be 0.",
            looks_right="The loss does fall, as the last layer can make use of random hidden "
            "units.",
        ),
        Misconception(
            "last layer moved first",
            (last_moved_first,),
            did="You moved W2 before you used it for the slope of W1.",
            symptom="W2 is right after a single step, and W1 is not.",
            experiment="Compare (W1 - new_W1) / learning_rate with network_gradients at the old "
            "weights.",
            looks_right="For a small learning rate the difference is small, and the loss falls.",
        ),
        Misconception(
            "rate left out",
            (step_by(lambda W1, W2, found, rate: (W1 - found["W1"], W2 - found["W2"])),),
            did="You subtracted the gradients without the learning rate.",
            symptom="Every rate gives the same step.",
            experiment="Take a step with learning rate 0: the weights should stay.",
            looks_right="The direction is right, and with rate 1 all of it is.",
        ),
        Misconception(
            "no step",
            (step_by(lambda W1, W2, found, rate: (W1.copy(), W2.copy())),),
            did="You returned the weights as they were.",
            symptom="The loss is the same at each call.",
            experiment="Print np.abs(new_W2 - W2).max(): it should not be 0.",
            looks_right="The loss and the shapes are right.",
        ),
        Misconception(
            "sum instead of mean",
            (step_by(gradients=mistakes.network_gradients_by(over=lambda N: 1)),),
            did="You moved the weights by the sum of the samples' gradients, not by their mean.",
            symptom="The step is N times too long.",
            experiment="Hand in every sample twice: the new weights must stay the same.",
            looks_right="For one sample it is the same, and for one batch size a smaller rate "
            "makes up for it.",
            lesson="08_batches",
            treated="Sum instead of mean",
        ),
        Misconception(
            "divided by N twice",
            (step_by(gradients=mistakes.network_gradients_by(over=lambda N: N * N)),),
            did="You divided by N again, though the gradients are those of the mean already.",
            symptom="The step is N times too short.",
            experiment="Hand in every sample twice: the new weights must stay the same.",
            looks_right="For one sample it is the same, and the direction is right for any number.",
            lesson="08_batches",
            treated="the $1/B$ enters once",
        ),
        Misconception(
            "losses added up",
            (step_by(loss=lambda Y, A: Y.shape[1] * lecture.cce(Y, A)),),
            did="You added up the losses of the samples; their mean is asked for.",
            symptom="The more samples, the larger the loss.",
            experiment="Hand in every sample twice: the loss must stay the same.",
            looks_right="The weights are right, and for one sample the loss is too.",
        ),
        *mistakes.shifts(
            step_by_softmax,
            experiment="Add 1000 to the biases in W2: the loss may not change.",
        )[:1],
        mistakes.clipped_loss(lambda loss: step_by(loss=loss)),
        Misconception(
            "changes the weights in place",
            (in_place,),
            did="You moved the caller's own arrays, as W1 -= ... does.",
            symptom="W1 and W2 hold other numbers after the call.",
            experiment="Keep before = W1.copy() and compare after the call: they must be equal.",
            looks_right="What is returned is right, and the old weights seem to be of no use.",
            shows_in="purity",
        ),
    ),
    made=along_axes,
    properties=network_step,
)
