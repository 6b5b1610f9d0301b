"""The exercise ReLU: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception
from autograder.checking.kit import PropertiesOfClass, StudentClass, normal
from softmax_by_hand import fixtures, lecture
from softmax_by_hand.fixtures import Array, Generator
from softmax_by_hand.ps5.activations import (
    ENTRY_BY_ENTRY,
    activation,
    any_scores,
    criteria,
    layer_of,
    shared_mistakes,
)


def of_any_size(rng: Generator) -> list[Arguments]:
    """Draw scores, and some up to thousands and millions, each of both signs."""
    large = [top * rng.choice((-1, 1), 8) * rng.uniform(0.01, 1, 8) for top in (1e3, 1e6)]
    for Z in large:
        Z[:2] = np.abs(Z[:2])
        Z[2] = -1000.0
    return [*any_scores(rng), *(fixtures.there_and_back(rng, Z) for Z in large)]


def with_zeros(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size in fixtures.sizes(rng, 3):
        Z = rng.normal(0, 1.5, (size.K, size.N))
        Z[rng.random(Z.shape) < 0.3] = 0.0
        Z[0, 0] = 0.0
        calls.append(fixtures.there_and_back(rng, Z))
    return calls


def relu(Z: Array) -> Array:
    return np.maximum(Z, 0)


def capped(cap: float, flat: bool) -> type:
    """Return a ReLU that stops at a number, above which it is flat, or not, on the way back."""
    end = cap if flat else np.inf
    return layer_of(lambda Z: np.clip(Z, 0, cap), lambda Z, A: (Z > 0) & (end > Z))


class CuttingSlopes(lecture.ReLU):
    def backward(self, grad_a: Array, learning_rate: float | None = None) -> Array:
        return np.maximum(grad_a, 0)


@PropertiesOfClass(**ENTRY_BY_ENTRY)
def relu_layer(f: StudentClass) -> None:
    f.claim("forward: -2, 0 and 3 become 0, 0 and 3", "What stays, and what becomes 0?")
    f.agree(f.new()("forward", np.array([-2.0, 0, 3])), [0, 0, 3])
    f.claim(
        "forward: what z gives less what -z gives is z, and one of the two is 0", "Is it capped?"
    )
    for Z in (100 * normal(3, 5), normal(5)):
        up, down = f.new()("forward", Z), f.new()("forward", -Z)
        f.agree(up - down, Z, of_z_less_of_minus_z=up - down)
        f.agree(up * down, 0 * Z)
    activation(f, 1000, 0)
    f.claim("backward: at an input of exactly 0 the slope is 0", "Is it > or >=?")
    layer = f.new()
    layer("forward", np.zeros(2))
    f.agree(layer("backward", np.ones(2)), [0, 0])


RELU = Exercise(
    signature="ReLU(), forward(Z) -> A, backward(grad_a, learning_rate=None) -> grad_z",
    reference=lecture.ReLU,
    lesson="10_hidden_layer",
    treated="ReLU",
    criteria=criteria(
        "forward keeps what is positive, however large, and gives 0 for the rest; backward lets a "
        "slope pass where the input was positive.",
        Criterion("exactly 0", 1.0, "At an input of exactly 0 the slope is 0.", with_zeros),
        of_any_size,
    ),
    misconceptions=(
        Misconception(
            "slope 1 at 0",
            (
                layer_of(relu, lambda Z, A: Z >= 0),
                layer_of(relu, lambda Z, A: np.where(Z == 0, 0.5, Z > 0)),
            ),
            did="Your slope at an input of exactly 0 is not 0; this course takes 0 there.",
            symptom="Wrong only where an input is exactly 0.",
            experiment="Call forward(np.zeros(2)), then backward(np.ones(2)): both should be 0.",
            looks_right="An input of exactly 0 is rare, and there any slope from 0 to 1 can be "
            "argued for.",
            shows_in="exactly 0",
        ),
        Misconception(
            "slope 1 everywhere",
            (layer_of(relu, lambda Z, A: 1.0),),
            did="backward lets every slope pass, also where the input was negative.",
            symptom="backward returns grad_a as it is.",
            experiment="Call forward(np.array([-1.0])), then backward(np.ones(1)): it should be 0.",
            looks_right="For positive inputs it is right, and forward is right for all of them.",
        ),
        Misconception(
            "multiplied by the output",
            (layer_of(relu, lambda Z, A: A), layer_of(relu, lambda Z, A: Z)),
            did="You multiplied by the output, or by the input, where the slope is 1 or 0.",
            symptom="Large outputs have large slopes.",
            experiment="Call forward(np.array([5.0])), then backward(np.ones(1)): it should be 1.",
            looks_right="Other layers make their slope of the output too, and at an input of 1 it "
            "is right.",
        ),
        Misconception(
            "sign of the upstream",
            (CuttingSlopes,),
            did="You cut off negative slopes, where negative inputs are meant.",
            symptom="No entry of the answer is negative.",
            experiment="Call forward(np.ones(1)), then backward(-np.ones(1)): it should be -1.",
            looks_right="It is what ReLU does to numbers, and where input and slope are positive "
            "it is right.",
        ),
        Misconception(
            "absolute value",
            (layer_of(np.abs, lambda Z, A: np.sign(Z)), layer_of(np.abs, lambda Z, A: Z > 0)),
            did="forward gives the absolute value.",
            symptom="A negative input gives a positive output.",
            experiment="Print ReLU().forward(np.array([-2.0])): it should be 0.",
            looks_right="For positive inputs it is right, and nothing negative comes out.",
        ),
        Misconception(
            "leaky",
            (
                layer_of(
                    lambda Z: np.where(Z > 0, Z, 0.01 * Z), lambda Z, A: np.where(Z > 0, 1, 0.01)
                ),
                layer_of(
                    lambda Z: np.where(Z > 0, Z, 0.1 * Z), lambda Z, A: np.where(Z > 0, 1, 0.1)
                ),
            ),
            did="You let a part of the negative inputs through: that is another layer.",
            symptom="A negative input gives a negative output.",
            experiment="Print ReLU().forward(np.array([-2.0])): it should be 0.",
            looks_right="It is a layer that people use, and for positive inputs it is right.",
        ),
        Misconception(
            "capped",
            tuple(
                capped(cap, flat) for cap in (6.0, 1.0, 10.0, 20.0, 100.0) for flat in (False, True)
            ),
            did="forward stops at some largest number: that is another layer.",
            symptom="However large an input is, the output stays the same from some number on.",
            experiment="Print ReLU().forward(np.array([5000.0])): it should be 5000.",
            looks_right="Others use such a layer, as ReLU6, and for small inputs it is right.",
        ),
        *shared_mistakes(lecture.ReLU, relu),
    ),
    properties=relu_layer,
)
