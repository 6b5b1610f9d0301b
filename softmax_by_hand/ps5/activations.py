"""What ReLU, Tanh and Sigmoid share: fixtures, criteria, mistakes, and what students may run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder import Arguments, Criterion, Fixtures, Misconception, purity
from autograder.checking.kit import Made, StudentClass, is_slope, normal
from softmax_by_hand import fixtures, mistakes
from softmax_by_hand.fixtures import BACKWARD, FORWARD, Array, Generator
from softmax_by_hand.properties import (
    are_apart,
    does_not_learn,
    layer_examples,
    passes_on_what_it_is_given,
)


def any_scores(rng: Generator) -> list[Arguments]:
    sizes = fixtures.all_sizes(rng)
    batches = [rng.normal(0, 1.5, (size.K, size.N)) for size in sizes]
    shapes = (5, (4, 1), (1, 1))
    return [
        fixtures.there_and_back(rng, Z)
        for Z in (*batches, *(rng.normal(0, 1.5, shape) for shape in shapes))
    ]


def twice(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size, fewer in zip(fixtures.sizes(rng, 3), (0, 0, 1), strict=True):
        Z, other = rng.normal(0, 1.5, (2, size.K, size.N))
        G = rng.normal(size=Z.shape)
        calls.append((FORWARD, other[:, fewer:], FORWARD, Z, BACKWARD, G, 0.5, BACKWARD, G))
    beside = [(Z, G, other, G[::-1]), (other, G, Z, G[:, ::-1])]
    beside.append((abs(Z), abs(G), abs(other), abs(G[::-1])))
    return [*calls, *(fixtures.beside_another((), (), *parts) for parts in beside)]


def large(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size in fixtures.sizes(rng, 3):
        Z = rng.normal(0, 1.5, (size.K, size.N))
        Z[0, 0], Z[1, 1] = 5000.0, -5000.0
        calls.append(fixtures.there_and_back(rng, Z))
    return calls


def layer_of(forward: mistakes.Formula, slope: Callable[[Array, Array], Any]) -> type:
    """Return a layer of a formula and its slope, which is given Z and A."""
    return mistakes.layer_by(forward, lambda Z, A, G: G * slope(Z, A))


def layer_without_upstream(forward: mistakes.Formula, slope: mistakes.Formula) -> type:
    """Return a layer whose backward gives its slope, of Z, whatever comes back."""
    return mistakes.layer_by(forward, lambda Z, A, G: slope(Z))


def criteria(
    claim: str, special: Criterion, scores: Fixtures = any_scores
) -> tuple[Criterion, ...]:
    return (
        Criterion("there and back", 2.5 if special.points < 1 else 2.0, claim, scores),
        special,
        Criterion(
            "called again",
            0.5,
            "backward belongs to the last forward of its own layer, and twice gives the same.",
            twice,
        ),
        purity(0.5),
    )


def shared_mistakes(right: type, in_place: mistakes.Formula) -> tuple[Misconception, ...]:
    """Return the mistakes that any such layer can have."""
    formula, layer = right().forward, right.__name__

    def slope(Z: Array) -> Array:
        one = right()
        one.forward(Z)
        answer: Array = one.backward(np.ones(Z.shape))
        return answer

    return (
        Misconception(
            "upstream ignored",
            (layer_without_upstream(formula, slope),),
            did="You returned the slope of the layer alone and left out what backward was given.",
            symptom="The answer is the same for every grad_a.",
            experiment="Call backward with grad_a = 0: the answer must be 0.",
            looks_right="Where grad_a is all ones, as in a quick test, it is right.",
        ),
        Misconception(
            "first forward kept",
            (mistakes.keeping_the_first(right),),
            did="backward uses what the first forward kept, not the last one.",
            symptom="A second forward does not change what backward gives.",
            experiment=f"Call {layer}'s backward after forward(Z), and after forward(0 * Z): do "
            "the answers differ?",
            looks_right="The first forward and backward are right, and a quick test calls each "
            "only once.",
            shows_in="called again",
        ),
        Misconception(
            "changes Z in place",
            (mistakes.forward_in_place(right, in_place),),
            did="forward computed in Z itself, which belongs to the layer before.",
            symptom="Z is not the same after forward.",
            experiment="Keep before = Z.copy(), call forward(Z), then print (before == Z).all().",
            looks_right="What forward returns is right, and no new array is needed.",
            shows_in="purity",
        ),
        mistakes.on_the_class(mistakes.shared_by_all(right, "A", "Z")),
        mistakes.changes_upstream(mistakes.backward_in_place(right), name="grad_a"),
        mistakes.only_ones(layer_without_upstream(formula, np.ones_like)),
    )


ENTRY_BY_ENTRY: dict[str, Any] = {
    "shape": lambda: (),
    "parts": {
        "forward": lambda layer, Z: Z.shape,
        "backward": lambda layer, grad_a, learning_rate=None: grad_a.shape,
    },
    "examples": lambda: layer_examples((3, 5), (4, 4), (5,)),
    "hint": "Entry by entry: the shape stays.",
}


def activation(f: StudentClass, at_1000: float, at_minus_1000: float) -> None:
    """What every layer of one function of each entry has, its forward taken to be right."""
    passes_on_what_it_is_given(f)

    def by_steps(layer: Made, Z: np.ndarray, times: int = 1) -> None:
        G = normal(*Z.shape, seed=2)
        layer("forward", Z)
        for _ in range(times):
            is_slope(f, layer("backward", G), lambda z: f.new()("forward", z), Z, weights=G)

    f.claim(
        "backward: it is the slope by the input, by small steps",
        "Is the slope taken at the input, or written with the output? Not the one for the other.",
    )
    for Z in (2 * normal(3, 5), 2 * normal(4, 4), 2 * normal(5)):
        by_steps(f.new(), Z)
    f.claim(
        "backward twice gives the same twice, and belongs to the last forward",
        "Does backward write into what forward kept? Does forward keep it each time?",
    )
    layer = f.new()
    layer("forward", normal(3, 5, seed=3))
    by_steps(layer, normal(3, 5), times=2)
    f.claim("inputs of 1000 and -1000 are no trouble", "Which exponential is too large?")
    layer = f.new()
    f.agree(layer("forward", np.array([1000.0, -1000, 0.5]))[:2], [at_1000, at_minus_1000])
    ends = layer("backward", np.ones(3))[:2]
    f.agree(ends, [1.0 if at_1000 == 1000 else 0.0, 0.0])
    does_not_learn(f)
    are_apart(f, f.new, normal(3, 5), normal(3, 5, seed=2))
