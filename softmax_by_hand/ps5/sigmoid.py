"""The exercise Sigmoid: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Criterion, Exercise, Misconception
from autograder.checking.kit import PropertiesOfClass, StudentClass, normal
from softmax_by_hand import lecture, mistakes
from softmax_by_hand.fixtures import Array
from softmax_by_hand.ps5.activations import (
    ENTRY_BY_ENTRY,
    activation,
    criteria,
    large,
    layer_of,
    shared_mistakes,
)


class WithoutBracket(lecture.Sigmoid):
    def backward(self, grad_a: Array, learning_rate: float | None = None) -> Array:
        return grad_a * self.A * 1 - self.A


def sigmoid(Z: Array) -> Array:
    return (1 + np.tanh(Z / 2)) / 2


@PropertiesOfClass(**ENTRY_BY_ENTRY)
def sigmoid_layer(f: StudentClass) -> None:
    f.claim("forward: ln 3 becomes 3/4, and -ln 3 becomes 1/4", "1 / (1 + e^-z), by hand")
    f.agree(f.new()("forward", np.log([3.0, 1 / 3, 1])), [0.75, 0.25, 0.5])
    f.claim("forward: log(a / (1 - a)) = z", "Is every z treated alike?")
    for Z in (normal(3, 5), normal(5)):
        A = f.new()("forward", Z)
        with np.errstate(all="ignore"):
            f.agree(np.log(A / (1 - A)), Z, z=Z)
    activation(f, 1, 0)


SIGMOID = Exercise(
    signature="Sigmoid(), forward(Z) -> A, backward(grad_a, learning_rate=None) -> grad_z",
    reference=lecture.Sigmoid,
    lesson="10_hidden_layer",
    treated="igmoid",
    criteria=criteria(
        "forward is 1 / (1 + exp(-Z)), and backward multiplies by its slope at the input, which "
        "is A (1 - A).",
        Criterion(
            "large inputs", 1.0, "Inputs of thousands, of both signs, are no trouble.", large
        ),
    ),
    misconceptions=(
        Misconception(
            "slope at the output",
            (layer_of(sigmoid, lambda Z, A: sigmoid(A) * (1 - sigmoid(A))),),
            did="You took the slope of the sigmoid at the output, as if A were the input.",
            symptom="The slope never gets below 0.197, however large the input.",
            experiment="Call forward(np.array([10.0])), then backward(np.ones(1)): nearly 0 is "
            "right.",
            looks_right="The formula is right, and for inputs near 0 the numbers differ little.",
        ),
        Misconception(
            "input taken for the output",
            (layer_of(sigmoid, lambda Z, A: Z * (1 - Z)),),
            did="You wrote Z (1 - Z); the formula A (1 - A) wants the output.",
            symptom="Negative inputs have negative slopes.",
            experiment="Call forward(np.zeros(1)), then backward(np.ones(1)): it should be 1/4.",
            looks_right="Only the letter is another one, and for inputs near 1/2 the numbers "
            "differ little.",
        ),
        Misconception(
            "1 - A^2",
            (layer_of(sigmoid, lambda Z, A: 1 - A**2),),
            did="You used the slope of tanh; that of the sigmoid is A (1 - A).",
            symptom="The slope at 0 is 3/4, and should be 1/4.",
            experiment="Call forward(np.zeros(1)), then backward(np.ones(1)): it should be 1/4.",
            looks_right="It is right for tanh, which is the same curve at another scale.",
        ),
        Misconception(
            "sign in the exponent",
            (layer_of(lambda Z: sigmoid(-Z), lambda Z, A: A * (1 - A)),),
            did="You wrote exp(Z), where exp(-Z) is meant.",
            symptom="A large input gives nearly 0.",
            experiment="Print Sigmoid().forward(np.array([5.0])): it should be nearly 1.",
            looks_right="The outputs lie between 0 and 1, and what backward gives is right.",
        ),
        Misconception(
            "overflow",
            (
                layer_of(lambda Z: np.exp(Z) / (1 + np.exp(Z)), lambda Z, A: A * (1 - A)),
                layer_of(sigmoid, lambda Z, A: np.exp(-Z) / (1 + np.exp(-Z)) ** 2),
            ),
            did="You divided one exponential by another, and both overflow.",
            symptom="nan at 1000 or at -1000: infinity divided by infinity.",
            experiment="Try inputs of 1000 and of -1000, forward and backward: none may give nan.",
            looks_right="On paper it is the same, and for inputs of ordinary size in the computer "
            "too.",
            shows_in="large inputs",
        ),
        Misconception(
            "a bracket left out",
            (WithoutBracket,),
            did="You wrote A * 1 - A, where the 1 - A wants a bracket.",
            symptom="With grad_a = 0 the answer is -A, and should be 0.",
            experiment="Call backward with grad_a = 0: the answer must be 0.",
            looks_right="All parts of the formula are there, in their order.",
        ),
        mistakes.passed_on(layer_of(sigmoid, lambda Z, A: 1.0)),
        *shared_mistakes(lecture.Sigmoid, sigmoid),
    ),
    properties=sigmoid_layer,
)
