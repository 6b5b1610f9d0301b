"""The exercise Tanh: its fixtures, its mistakes, and what students may run."""

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


class WithoutBracket(lecture.Tanh):
    def backward(self, grad_a: Array, learning_rate: float | None = None) -> Array:
        return grad_a * 1 - self.A**2


@PropertiesOfClass(**ENTRY_BY_ENTRY)
def tanh_layer(f: StudentClass) -> None:
    f.claim("forward: it is odd, and ln 2 becomes 3/5", "(e^z - e^-z) / (e^z + e^-z), by hand")
    f.agree(f.new()("forward", np.log([2.0, 0.5, 1])), [0.6, -0.6, 0])
    f.claim("forward: log((1 + a) / (1 - a)) = 2 z", "Is every z treated alike?")
    for Z in (normal(3, 5), normal(5)):
        A = f.new()("forward", Z)
        with np.errstate(all="ignore"):
            f.agree(np.log((1 + A) / (1 - A)), 2 * Z, twice_z=2 * Z)
    activation(f, 1, -1)


TANH = Exercise(
    signature="Tanh(), forward(Z) -> A, backward(grad_a, learning_rate=None) -> grad_z",
    reference=lecture.Tanh,
    lesson="10_hidden_layer",
    treated="tanh",
    criteria=criteria(
        "forward is tanh, and backward multiplies by its slope at the input, which is 1 - A^2.",
        Criterion(
            "large inputs", 0.5, "Inputs of thousands, of both signs, are no trouble.", large
        ),
    ),
    misconceptions=(
        Misconception(
            "slope at the output",
            (layer_of(np.tanh, lambda Z, A: 1 - np.tanh(A) ** 2),),
            did="You took the slope of tanh at the output, as if A were the input.",
            symptom="The slope never gets below 0.42, however large the input.",
            experiment="Call forward(np.array([10.0])), then backward(np.ones(1)): nearly 0 is "
            "right.",
            looks_right="Near 0 tanh is nearly its own input, so that small inputs hide it.",
        ),
        Misconception(
            "input taken for the output",
            (layer_of(np.tanh, lambda Z, A: 1 - Z**2),),
            did="You wrote 1 - Z^2; the formula 1 - A^2 wants the output.",
            symptom="For inputs beyond 1 the slope is negative.",
            experiment="Call forward(np.array([3.0])), then backward(np.ones(1)): 0.0099 is right.",
            looks_right="Near 0 input and output are nearly equal, so that small inputs hide it.",
        ),
        Misconception(
            "1 - A",
            (layer_of(np.tanh, lambda Z, A: 1 - A), layer_of(np.tanh, lambda Z, A: A * (1 - A))),
            did="You used another function's slope; that of tanh is 1 - A^2.",
            symptom="The slope is not the same for z and -z.",
            experiment="Compare backward after forward of 2 and of -2: the slopes should be equal.",
            looks_right="It is made of the output, as the right one is, and looks much like the "
            "sigmoid's.",
        ),
        Misconception(
            "overflow",
            (
                layer_of(
                    lambda Z: (np.exp(Z) - np.exp(-Z)) / (np.exp(Z) + np.exp(-Z)),
                    lambda Z, A: 1 - A**2,
                ),
                layer_of(
                    lambda Z: (np.exp(2 * Z) - 1) / (np.exp(2 * Z) + 1), lambda Z, A: 1 - A**2
                ),
            ),
            did="You wrote tanh with exponentials, which overflow.",
            symptom="nan at 1000: infinity divided by infinity.",
            experiment="Print Tanh().forward(np.array([1000.0])): it should be 1.",
            looks_right="It is the definition of tanh, and for inputs of ordinary size it is "
            "right.",
            shows_in="large inputs",
        ),
        Misconception(
            "a bracket left out",
            (WithoutBracket,),
            did="You multiplied grad_a with the 1 only, not with the whole of 1 - A^2.",
            symptom="With grad_a = 0 the answer is -A^2, and should be 0.",
            experiment="Call backward with grad_a = 0: the answer must be 0.",
            looks_right="Where grad_a is all ones, as in a quick test, it is right.",
        ),
        mistakes.passed_on(layer_of(np.tanh, lambda Z, A: 1.0)),
        *shared_mistakes(lecture.Tanh, np.tanh),
    ),
    properties=tanh_layer,
)
