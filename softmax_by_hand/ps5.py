"""Problem set 5: a hidden layer, its gradients, and a network that bends borders.

Data only: each exercise is its reference, its fixture makers and its wrong
answers.  Knows nothing of the judge, the sandbox or the notebooks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.catalogue.model import Arguments, Criterion, Exercise, Fixtures, Misconception
from autograder.catalogue.values import ANOTHER, FIRST, Step
from softmax_by_hand import fixtures as draws
from softmax_by_hand import lecture as reference
from softmax_by_hand import mistakes as shared
from softmax_by_hand.fixtures import Array, Generator
from softmax_by_hand.ps1 import EPSILONS, LEFT_ALONE
from softmax_by_hand.ps2 import _unshifted
from softmax_by_hand.ps3 import (
    BACKWARD,
    FORWARD,
    OTHER_SHIFTS,
    _there_and_back,
    all_share,
    beside_another,
    by_one_maximum,
    guards,
    through_chain,
)

Formula = Callable[[Array], Array]


# --- ReLU, Tanh, Sigmoid ----------------------------------------------------------------------


def _any_scores(rng: Generator) -> list[Arguments]:
    sizes = draws.all_sizes(rng)
    batches = [rng.normal(0, 1.5, (size.K, size.N)) for size in sizes]
    shapes = (5, (4, 1), (1, 1))
    return [
        _there_and_back(rng, Z)
        for Z in (*batches, *(rng.normal(0, 1.5, shape) for shape in shapes))
    ]


def _of_any_size(rng: Generator) -> list[Arguments]:
    """Draw scores, and some up to thousands and millions, each of both signs."""
    large = [top * rng.choice((-1, 1), 8) * rng.uniform(0.01, 1, 8) for top in (1e3, 1e6)]
    for Z in large:
        Z[:2] = np.abs(Z[:2])
        Z[2] = -1000.0
    return [*_any_scores(rng), *(_there_and_back(rng, Z) for Z in large)]


def _twice(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size, fewer in zip(draws.sizes(rng, 3), (0, 0, 1), strict=True):
        Z, other = rng.normal(0, 1.5, (2, size.K, size.N))
        G = rng.normal(size=Z.shape)
        fixtures.append((FORWARD, other[:, fewer:], FORWARD, Z, BACKWARD, G, 0.5, BACKWARD, G))
    beside = [(Z, G, other, G[::-1]), (other, G, Z, G[:, ::-1])]
    beside.append((abs(Z), abs(G), abs(other), abs(G[::-1])))
    return [*fixtures, *(beside_another((), (), *parts) for parts in beside)]


def _large(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size in draws.sizes(rng, 3):
        Z = rng.normal(0, 1.5, (size.K, size.N))
        Z[0, 0], Z[1, 1] = 5000.0, -5000.0
        fixtures.append(_there_and_back(rng, Z))
    return fixtures


def _with_zeros(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size in draws.sizes(rng, 3):
        Z = rng.normal(0, 1.5, (size.K, size.N))
        Z[rng.random(Z.shape) < 0.3] = 0.0
        Z[0, 0] = 0.0
        fixtures.append(_there_and_back(rng, Z))
    return fixtures


def _some_layers(rng: Generator) -> list[Arguments]:
    return _any_scores(rng)[:3]


def _layer(forward: Formula, slope: Callable[[Array, Array], Any], upstream: bool = True) -> type:
    """Return a layer of a formula and its slope, which is given Z and A."""

    class Activation:
        def forward(self, Z: Array) -> Array:
            self.Z, self.A = Z.copy(), forward(Z)
            return self.A

        def backward(self, grad_a: Array, learning_rate: float | None = None) -> Any:
            slopes = slope(self.Z, self.A)
            return grad_a * slopes if upstream else slopes * np.ones(grad_a.shape)

    return Activation


def _first_kept(right: type) -> type:
    class Activation(right):
        def forward(self, Z: Array) -> Any:
            if not vars(self):
                return super().forward(Z)
            return right().forward(Z)

    return Activation


def _in_place(forward: Formula, right: type) -> type:
    class Activation(right):
        def forward(self, Z: Array) -> Any:
            answer = super().forward(Z.copy())
            Z[...] = forward(Z)
            return answer

    return Activation


def _in_upstream(right: type) -> type:
    class Activation(right):
        def backward(self, grad_a: Array, learning_rate: float | None = None) -> Any:
            grad_a[...] = super().backward(grad_a.copy())
            return grad_a

    return Activation


def _criteria(
    claim: str, special: Criterion, scores: Fixtures = _any_scores
) -> tuple[Criterion, ...]:
    return (
        Criterion("there and back", 2.5 if special.points < 1 else 2.0, claim, scores),
        special,
        Criterion(
            "called again",
            0.5,
            "backward belongs to the last forward of its own layer, and twice gives the same.",
            _twice,
        ),
        Criterion("purity", 0.5, LEFT_ALONE, _some_layers, aspect="purity"),
    )


def _shared(right: type, in_place: Formula) -> tuple[Misconception, ...]:
    """Return the mistakes that any such layer can have."""
    formula, layer = right().forward, right.__name__
    return (
        Misconception(
            "upstream ignored",
            (_layer(formula, _slope_of(right), upstream=False),),
            did="You returned the slope of the layer alone and left out what backward was given.",
            symptom="The answer is the same for every grad_a.",
            experiment="Call backward with grad_a = 0: the answer must be 0.",
            looks_right="Where grad_a is all ones, as in a quick test, it is right.",
        ),
        Misconception(
            "first forward kept",
            (_first_kept(right),),
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
            (_in_place(in_place, right),),
            did="forward computed in Z itself, which belongs to the layer before.",
            symptom="Z is not the same after forward.",
            experiment="Keep before = Z.copy(), call forward(Z), then print (before == Z).all().",
            looks_right="What forward returns is right, and no new array is needed.",
            shows_in="purity",
        ),
        shared.on_the_class(all_share(right, ("A", "Z"))),
        shared.changes_upstream(_in_upstream(right), name="grad_a"),
        shared.only_ones(_layer(formula, lambda Z, A: 1.0, upstream=False)),
    )


def _slope_of(right: type) -> Callable[[Array, Array], Array]:
    def slope(Z: Array, A: Array) -> Array:
        layer = right()
        layer.forward(Z)
        answer: Array = layer.backward(np.ones(Z.shape))
        return answer

    return slope


def _relu(Z: Array) -> Array:
    return np.maximum(Z, 0)


def _capped(cap: float, flat: bool) -> type:
    """Return a ReLU that stops at a number, above which it is flat, or not, on the way back."""
    end = cap if flat else np.inf
    return _layer(lambda Z: np.clip(Z, 0, cap), lambda Z, A: (Z > 0) & (end > Z))


class _CutsSlopes(reference.ReLU):
    def backward(self, grad_a: Array, learning_rate: float | None = None) -> Array:
        return np.maximum(grad_a, 0)


RELU = Exercise(
    name="ReLU",
    problem_set="ps5",
    signature="ReLU(), forward(Z) -> A, backward(grad_a, learning_rate=None) -> grad_z",
    reference=reference.ReLU,
    lesson="10_hidden_layer",
    criteria=_criteria(
        "forward keeps what is positive, however large, and gives 0 for the rest; backward lets a "
        "slope pass where the input was positive.",
        Criterion("exactly 0", 1.0, "At an input of exactly 0 the slope is 0.", _with_zeros),
        _of_any_size,
    ),
    misconceptions=(
        Misconception(
            "slope 1 at 0",
            (
                _layer(_relu, lambda Z, A: Z >= 0),
                _layer(_relu, lambda Z, A: np.where(Z == 0, 0.5, Z > 0)),
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
            (_layer(_relu, lambda Z, A: 1.0),),
            did="backward lets every slope pass, also where the input was negative.",
            symptom="backward returns grad_a as it is.",
            experiment="Call forward(np.array([-1.0])), then backward(np.ones(1)): it should be 0.",
            looks_right="For positive inputs it is right, and forward is right for all of them.",
        ),
        Misconception(
            "multiplied by the output",
            (_layer(_relu, lambda Z, A: A), _layer(_relu, lambda Z, A: Z)),
            did="You multiplied by the output, or by the input, where the slope is 1 or 0.",
            symptom="Large outputs have large slopes.",
            experiment="Call forward(np.array([5.0])), then backward(np.ones(1)): it should be 1.",
            looks_right="Other layers make their slope of the output too, and at an input of 1 it "
            "is right.",
        ),
        Misconception(
            "sign of the upstream",
            (_CutsSlopes,),
            did="You cut off negative slopes, where negative inputs are meant.",
            symptom="No entry of the answer is negative.",
            experiment="Call forward(np.ones(1)), then backward(-np.ones(1)): it should be -1.",
            looks_right="It is what ReLU does to numbers, and where input and slope are positive "
            "it is right.",
        ),
        Misconception(
            "absolute value",
            (_layer(np.abs, lambda Z, A: np.sign(Z)), _layer(np.abs, lambda Z, A: Z > 0)),
            did="forward gives the absolute value.",
            symptom="A negative input gives a positive output.",
            experiment="Print ReLU().forward(np.array([-2.0])): it should be 0.",
            looks_right="For positive inputs it is right, and nothing negative comes out.",
        ),
        Misconception(
            "leaky",
            (
                _layer(
                    lambda Z: np.where(Z > 0, Z, 0.01 * Z), lambda Z, A: np.where(Z > 0, 1, 0.01)
                ),
                _layer(lambda Z: np.where(Z > 0, Z, 0.1 * Z), lambda Z, A: np.where(Z > 0, 1, 0.1)),
            ),
            did="You let a part of the negative inputs through: that is another layer.",
            symptom="A negative input gives a negative output.",
            experiment="Print ReLU().forward(np.array([-2.0])): it should be 0.",
            looks_right="It is a layer that people use, and for positive inputs it is right.",
        ),
        Misconception(
            "capped",
            tuple(
                _capped(cap, flat)
                for cap in (6.0, 1.0, 10.0, 20.0, 100.0)
                for flat in (False, True)
            ),
            did="forward stops at some largest number: that is another layer.",
            symptom="However large an input is, the output stays the same from some number on.",
            experiment="Print ReLU().forward(np.array([5000.0])): it should be 5000.",
            looks_right="Others use such a layer, as ReLU6, and for small inputs it is right.",
        ),
        *_shared(reference.ReLU, _relu),
    ),
)


class _BracketTanh(reference.Tanh):
    def backward(self, grad_a: Array, learning_rate: float | None = None) -> Array:
        return grad_a * 1 - self.A**2


class _BracketSigmoid(reference.Sigmoid):
    def backward(self, grad_a: Array, learning_rate: float | None = None) -> Array:
        return grad_a * self.A * 1 - self.A


TANH = Exercise(
    name="Tanh",
    problem_set="ps5",
    signature="Tanh(), forward(Z) -> A, backward(grad_a, learning_rate=None) -> grad_z",
    reference=reference.Tanh,
    lesson="10_hidden_layer",
    criteria=_criteria(
        "forward is tanh, and backward multiplies by its slope at the input, which is 1 - A^2.",
        Criterion(
            "large inputs", 0.5, "Inputs of thousands, of both signs, are no trouble.", _large
        ),
    ),
    misconceptions=(
        Misconception(
            "slope at the output",
            (_layer(np.tanh, lambda Z, A: 1 - np.tanh(A) ** 2),),
            did="You took the slope of tanh at the output, as if A were the input.",
            symptom="The slope never gets below 0.42, however large the input.",
            experiment="Call forward(np.array([10.0])), then backward(np.ones(1)): nearly 0 is "
            "right.",
            looks_right="Near 0 tanh is nearly its own input, so that small inputs hide it.",
        ),
        Misconception(
            "input taken for the output",
            (_layer(np.tanh, lambda Z, A: 1 - Z**2),),
            did="You wrote 1 - Z^2; the formula 1 - A^2 wants the output.",
            symptom="For inputs beyond 1 the slope is negative.",
            experiment="Call forward(np.array([3.0])), then backward(np.ones(1)): 0.0099 is right.",
            looks_right="Near 0 input and output are nearly equal, so that small inputs hide it.",
        ),
        Misconception(
            "1 - A",
            (
                _layer(np.tanh, lambda Z, A: 1 - A),
                _layer(np.tanh, lambda Z, A: A * (1 - A)),
            ),
            did="You used another function's slope; that of tanh is 1 - A^2.",
            symptom="The slope is not the same for z and -z.",
            experiment="Compare backward after forward of 2 and of -2: the slopes should be equal.",
            looks_right="It is made of the output, as the right one is, and looks much like the "
            "sigmoid's.",
        ),
        Misconception(
            "overflow",
            (
                _layer(
                    lambda Z: (np.exp(Z) - np.exp(-Z)) / (np.exp(Z) + np.exp(-Z)),
                    lambda Z, A: 1 - A**2,
                ),
                _layer(lambda Z: (np.exp(2 * Z) - 1) / (np.exp(2 * Z) + 1), lambda Z, A: 1 - A**2),
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
            (_BracketTanh,),
            did="You multiplied grad_a with the 1 only, not with the whole of 1 - A^2.",
            symptom="With grad_a = 0 the answer is -A^2, and should be 0.",
            experiment="Call backward with grad_a = 0: the answer must be 0.",
            looks_right="Where grad_a is all ones, as in a quick test, it is right.",
        ),
        shared.passed_on(_layer(np.tanh, lambda Z, A: 1.0)),
        *_shared(reference.Tanh, np.tanh),
    ),
)


def _sigmoid(Z: Array) -> Array:
    return (1 + np.tanh(Z / 2)) / 2


SIGMOID = Exercise(
    name="Sigmoid",
    problem_set="ps5",
    signature="Sigmoid(), forward(Z) -> A, backward(grad_a, learning_rate=None) -> grad_z",
    reference=reference.Sigmoid,
    lesson="10_hidden_layer",
    criteria=_criteria(
        "forward is 1 / (1 + exp(-Z)), and backward multiplies by its slope at the input, which "
        "is A (1 - A).",
        Criterion(
            "large inputs", 1.0, "Inputs of thousands, of both signs, are no trouble.", _large
        ),
    ),
    misconceptions=(
        Misconception(
            "slope at the output",
            (_layer(_sigmoid, lambda Z, A: _sigmoid(A) * (1 - _sigmoid(A))),),
            did="You took the slope of the sigmoid at the output, as if A were the input.",
            symptom="The slope never gets below 0.19, however large the input.",
            experiment="Call forward(np.array([10.0])), then backward(np.ones(1)): nearly 0 is "
            "right.",
            looks_right="The formula is right, and for inputs near 0 the numbers differ little.",
        ),
        Misconception(
            "input taken for the output",
            (_layer(_sigmoid, lambda Z, A: Z * (1 - Z)),),
            did="You wrote Z (1 - Z); the formula A (1 - A) wants the output.",
            symptom="Negative inputs have negative slopes.",
            experiment="Call forward(np.zeros(1)), then backward(np.ones(1)): it should be 1/4.",
            looks_right="Only the letter is another one, and for inputs near 1/2 the numbers "
            "differ little.",
        ),
        Misconception(
            "1 - A^2",
            (_layer(_sigmoid, lambda Z, A: 1 - A**2),),
            did="You used the slope of tanh; that of the sigmoid is A (1 - A).",
            symptom="The slope at 0 is 3/4, and should be 1/4.",
            experiment="Call forward(np.zeros(1)), then backward(np.ones(1)): it should be 1/4.",
            looks_right="It is right for tanh, which is the same curve at another scale.",
        ),
        Misconception(
            "sign in the exponent",
            (_layer(lambda Z: _sigmoid(-Z), lambda Z, A: A * (1 - A)),),
            did="You wrote exp(Z), where exp(-Z) is meant.",
            symptom="A large input gives nearly 0.",
            experiment="Print Sigmoid().forward(np.array([5.0])): it should be nearly 1.",
            looks_right="The outputs lie between 0 and 1, and what backward gives is right.",
        ),
        Misconception(
            "overflow",
            (
                _layer(lambda Z: np.exp(Z) / (1 + np.exp(Z)), lambda Z, A: A * (1 - A)),
                _layer(_sigmoid, lambda Z, A: np.exp(-Z) / (1 + np.exp(-Z)) ** 2),
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
            (_BracketSigmoid,),
            did="You wrote A * 1 - A, where the 1 - A wants a bracket.",
            symptom="With grad_a = 0 the answer is -A, and should be 0.",
            experiment="Call backward with grad_a = 0: the answer must be 0.",
            looks_right="All parts of the formula are there, in their order.",
        ),
        shared.passed_on(_layer(_sigmoid, lambda Z, A: 1.0)),
        *_shared(reference.Sigmoid, _sigmoid),
    ),
)


# --- mse, mse_gradient ------------------------------------------------------------------------


def _targets(rng: Generator) -> list[Arguments]:
    drawn = [
        (rng.normal(size=size.N), rng.normal(0.5, 1.0, (1, size.N)))
        for size in draws.all_sizes(rng)
    ]
    y, Yhat = drawn[-1]  # large ones too
    y[0], Yhat[0, 1] = -2000.0, 3000.0
    return draws.crossed(drawn)


def _one_target(rng: Generator) -> list[Arguments]:
    return [(rng.normal(size=1), rng.normal(0.5, 1.0, (1, 1))) for _ in range(3)]


def _some_targets(rng: Generator) -> list[Arguments]:
    return _targets(rng)[:2]


def _spoils(then: Callable[[Array, Array], Any]) -> Callable[[Array, Array], Any]:
    def wrong(y: Array, Yhat: Array) -> Any:
        answer = then(y, Yhat)
        Yhat -= y
        return answer

    return wrong


MSE = Exercise(
    name="mse",
    problem_set="ps5",
    signature="mse(y, Yhat) -> float; y is (N,), Yhat is (1, N)",
    reference=reference.mse,
    lesson="10_hidden_layer",
    criteria=(
        Criterion(
            "mean over samples",
            2.0,
            "It is the mean over the samples of the squared difference of a sample's own numbers.",
            _targets,
        ),
        Criterion("one sample", 0.5, "A single sample costs its squared difference.", _one_target),
        Criterion("purity", 0.5, LEFT_ALONE, _some_targets, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "every pair of samples",
            (lambda y, Yhat: float(np.mean((Yhat.T - y) ** 2)),),
            did="(N, 1) and (N,) were broadcast to (N, N), every prediction against every target.",
            symptom="A perfect prediction does not cost 0.",
            experiment="Print mse(y, y[None]) for y = np.array([1.0, 2.0]): it should be 0.",
            looks_right="Both arrays hold N numbers, nothing is raised, and for one sample it is "
            "right.",
        ),
        Misconception(
            "sum instead of mean",
            (lambda y, Yhat: float(np.sum((Yhat - y) ** 2)),),
            did="You summed over the samples and did not divide by N.",
            symptom="N times too large.",
            experiment="Hand in every sample twice: the loss must stay the same.",
            looks_right="For one sample it is the same, and it is smallest for the same "
            "predictions.",
        ),
        Misconception(
            "half",
            (lambda y, Yhat: float(np.mean((Yhat - y) ** 2) / 2),),
            did="You halved it, as some books do; this course does not.",
            symptom="Half of what it should be.",
            experiment="Predict 3 for a target of 1: the loss should be 4.",
            looks_right="With the half the gradient needs no factor 2, and it is smallest for the "
            "same predictions.",
        ),
        Misconception(
            "root",
            (lambda y, Yhat: float(np.sqrt(np.mean((Yhat - y) ** 2))),),
            did="You took the square root: that is the root mean squared error.",
            symptom="Twice the difference costs twice as much, and should cost four times.",
            experiment="Predict 3 for a target of 1: the loss should be 4.",
            looks_right="It has the unit of the targets, and it is smallest for the same "
            "predictions.",
        ),
        Misconception(
            "absolute difference",
            (lambda y, Yhat: float(np.mean(np.abs(Yhat - y))),),
            did="You took absolute differences, not squares.",
            symptom="Twice the difference costs twice as much, and should cost four times.",
            experiment="Predict 3 for a target of 1: the loss should be 4.",
            looks_right="It too is 0 for a perfect prediction, and grows with every miss.",
        ),
        Misconception(
            "changes Yhat",
            (_spoils(reference.mse),),
            did="You computed in Yhat itself, as Yhat -= y does.",
            symptom="The second call with the same arrays gives something else.",
            experiment="Keep before = Yhat.copy() and compare after the call.",
            looks_right="What it returns is right, and no new array is needed.",
            shows_in="purity",
        ),
    ),
)

MSE_GRADIENT = Exercise(
    name="mse_gradient",
    problem_set="ps5",
    signature="mse_gradient(y, Yhat) -> (1, N); per sample, not divided by N",
    reference=reference.mse_gradient,
    lesson="10_hidden_layer",
    criteria=(
        Criterion(
            "every sample",
            2.0,
            "Each entry is the slope of that sample's own squared difference by its prediction.",
            _targets,
        ),
        Criterion("one sample", 0.5, "A single sample has one slope, (1, 1).", _one_target),
        Criterion("purity", 0.5, LEFT_ALONE, _some_targets, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "missing factor 2",
            (lambda y, Yhat: Yhat - y,),
            did="The factor 2 of the square's derivative is missing.",
            symptom="Half of what it should be.",
            experiment="Compare with a numerical gradient of one sample's squared difference.",
            looks_right="The direction is right, and of half the square it is the slope.",
        ),
        Misconception(
            "sign",
            (lambda y, Yhat: 2 * (y - Yhat),),
            did="You subtracted the prediction from the target.",
            symptom="Every entry has the wrong sign, and a step downhill goes uphill.",
            experiment="Predict 3 for a target of 1: the slope should be 4, as a larger 3 costs "
            "more.",
            looks_right="Every size is right, and in the square the order makes no difference.",
        ),
        Misconception(
            "no 2, and divided by N",
            (lambda y, Yhat: (Yhat - y) / len(y),),
            did="The factor 2 is missing, and you divided by N.",
            symptom="Too small by twice the number of samples.",
            experiment="Predict 3 for a target of 1, alone: the slope should be 4.",
            looks_right="It is the gradient of half the mean, and many books halve it.",
        ),
        Misconception(
            "divided by N",
            (lambda y, Yhat: 2 * (Yhat - y) / len(y),),
            did="You divided by N; that is done once, in the gradient of the weights.",
            symptom="Too small by the number of samples.",
            experiment="Hand in the first two samples alone: do their slopes change?",
            looks_right="The loss is a mean over N samples, and a numerical gradient of that mean "
            "agrees.",
        ),
        Misconception(
            "every pair of samples",
            (
                lambda y, Yhat: 2 * (Yhat.T - y),
                lambda y, Yhat: 2 * (Yhat - y[:, None]),
            ),
            did="(N, 1) and (N,) were broadcast to (N, N), every prediction against every target.",
            symptom="The shape is (N, N), and should be (1, N).",
            experiment="Print mse_gradient(y, Yhat).shape beside Yhat.shape.",
            looks_right="Both arrays hold N numbers, nothing is raised, and for one sample it is "
            "right.",
        ),
        Misconception(
            "one axis lost",
            (lambda y, Yhat: 2 * (Yhat[0] - y),),
            did="You returned one axis; backward of the layer before wants (1, N).",
            symptom="The shape is (N,).",
            experiment="Print mse_gradient(y, Yhat).shape beside Yhat.shape.",
            looks_right="All the numbers are right, and the targets have one axis too.",
        ),
        Misconception(
            "changes Yhat",
            (_spoils(reference.mse_gradient),),
            did="You computed in Yhat itself, as Yhat -= y does.",
            symptom="The second call with the same arrays gives something else.",
            experiment="Keep before = Yhat.copy() and compare after the call.",
            looks_right="What it returns is right, and no new array is needed.",
            shows_in="purity",
        ),
    ),
)


# --- network_gradients ------------------------------------------------------------------------


def _two_layers(rng: Generator, size: draws.Sizes, H: int) -> Arguments:
    run = draws.forward_pass(rng, size)
    W1 = rng.normal(0, 0.8, (H, size.D + 1))
    W2 = rng.normal(0, 0.8, (size.K, H + 1))
    return W1, W2, run.Xb[:-1].copy(), run.Y


def _networks(rng: Generator) -> list[Arguments]:
    sizes = draws.all_sizes(rng)
    hidden = (6, 2, 10, sizes[3].K, sizes[4].K, 6)
    calls = [_two_layers(rng, size, H) for size, H in zip(sizes, hidden, strict=True)]
    W1, W2, X, Y = calls[1]
    return [*draws.crossed(calls), (W1, W2, X[:, :1], Y[:, :1])]


def _large_networks(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size, below in zip(draws.sizes(rng, 2), (0, -1), strict=True):
        W1, W2, X, Y = _two_layers(rng, size, 4)
        W1[0], W2[:, 0] = 0.0, 800.0  # the first hidden unit is an offset of each sample
        if below:
            W2[:, -1] -= 800.0  # which is 0 or far below it
        W1[0, 0], X[0, rng.permutation(size.N)[:2]] = 1000.0, (2.0, -2.0)
        fixtures.append((W1, W2, X, Y))
        W1, W2, X, Y = _two_layers(rng, size, 4)
        W2[:, -1] += draws.two_on_top(rng, size.K, below)[0]
        fixtures.append((W1, W2, X, Y))
        W1, W2, X, Y = _two_layers(rng, size, 4)
        W2[:, -1] -= 3000.0  # so that one maximum for all is right, and that of the sizes is not
        fixtures.append((W1, W2, X, Y))
        W1, W2, X, Y = _two_layers(rng, size, 4)
        W1[:, :-1] *= 1e-4
        fixtures.append((W1, W2, 1e4 * X, Y))  # slopes that no clip leaves alone
    return fixtures


def _some_networks(rng: Generator) -> list[Arguments]:
    return _networks(rng)[:2]


def _gradients(
    slope: Callable[[Array, Array], Array] = lambda Z1, A1: 1 - A1**2,
    back: Callable[[Array, Array], Array] = lambda W2, G: W2[:, :-1].T @ G,
    scale: Callable[[int], float] = lambda N: N,
    grad_z2: Callable[[Array, Array], Array] = lambda A2, Y: A2 - Y,
    soft: Formula = reference.softmax,
    per_sample: Callable[[int], float] = lambda N: 1,
) -> Callable[..., Any]:
    """Return the gradients of a network, with one formula replaced."""

    def network_gradients(W1: Array, W2: Array, X: Array, Y: Array) -> dict[str, Array]:
        N, Xb = X.shape[1], reference.add_bias(X)
        Z1 = W1 @ Xb
        A1 = np.tanh(Z1)
        A1b = reference.add_bias(A1)
        G2 = grad_z2(soft(W2 @ A1b), Y) / per_sample(N)
        G1 = back(W2, G2)
        H1 = G1 * slope(Z1, A1)
        over = scale(N) / per_sample(N)
        return {"Z2": G2, "W2": G2 @ A1b.T / over, "A1": G1, "Z1": H1, "W1": H1 @ Xb.T / over}

    return network_gradients


def _without_bias_slopes(*call: Array) -> dict[str, Array]:
    found = reference.network_gradients(*call)
    return found | {name: found[name][:, :-1] for name in ("W1", "W2")}


NETWORK_GRADIENTS = Exercise(
    name="network_gradients",
    problem_set="ps5",
    signature="network_gradients(W1, W2, X, Y) -> dictionary of Z2, W2, A1, Z1, W1",
    reference=reference.network_gradients,
    lesson="10_hidden_layer",
    # Not batch_gradient of ps4, which would be the link of W2 as a whole.
    needs=("add_bias", "scores", "softmax", "cce_gradient", "softmax_backward"),
    criteria=(
        Criterion(
            "every link",
            5.0,
            "From the loss back to W1, each link is the slope by that intermediate: of each "
            "sample's own loss for Z2, A1, Z1, of the mean loss for W2, W1.",
            _networks,
        ),
        Criterion(
            "large scores",
            1.5,
            "Scores of thousands are no trouble, be they far apart between the samples or within "
            "one, nor is a probability of exactly 0, also that of a true class.",
            _large_networks,
        ),
        Criterion("purity", 1.5, LEFT_ALONE, _some_networks, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "slope of tanh left out",
            (_gradients(slope=lambda Z1, A1: np.ones(A1.shape)),),
            did="You went from A1 to Z1 without the slope of tanh.",
            symptom="The gradient of Z1 is that of A1.",
            experiment="Compare Z1's gradient with a numerical one.",
            looks_right="Near 0 the slope of tanh is nearly 1, so that small weights hide it.",
        ),
        Misconception(
            "slope at the output",
            (_gradients(slope=lambda Z1, A1: 1 - np.tanh(A1) ** 2),),
            did="You took the slope of tanh at its output.",
            symptom="Right as far as A1, wrong in Z1 and W1.",
            experiment="Compare Z1's gradient with a numerical one.",
            looks_right="Near 0 tanh is nearly its own input, so that small weights hide it.",
        ),
        Misconception(
            "input taken for the output",
            (_gradients(slope=lambda Z1, A1: 1 - Z1**2),),
            did="You wrote 1 - Z1^2; the formula wants the output A1.",
            symptom="Right as far as A1, wrong in Z1 and W1.",
            experiment="Compare Z1's gradient with a numerical one.",
            looks_right="Near 0 input and output are nearly equal, so that small weights hide it.",
        ),
        Misconception(
            "bias row left in",
            (
                _gradients(
                    back=lambda W2, G: W2.T @ G,
                    slope=lambda Z1, A1: reference.add_bias(1 - A1**2),
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
            (_gradients(back=lambda W2, G: W2[:, 1:].T @ G),),
            did="You dropped the first column of W2; the bias is the last one.",
            symptom="The rows of A1's gradient are shifted by one.",
            experiment="Compare A1's gradient with a numerical one.",
            looks_right="All shapes are right, and where the bias comes first the numbers are too.",
        ),
        Misconception(
            "sum instead of mean",
            (_gradients(scale=lambda N: 1),),
            did="You did not divide the weights' gradients by N.",
            symptom="W1 and W2 are N times too large.",
            experiment="Hand in every sample twice: W1 and W2 must stay the same.",
            looks_right="For one sample it is the same, and for one batch size a smaller rate "
            "makes up for it.",
            lesson="08_batches",
        ),
        Misconception(
            "divided by N twice",
            (_gradients(scale=lambda N: N * N),),
            did="You divided the weights' gradients by N twice.",
            symptom="W1 and W2 are N times too small.",
            experiment="Hand in every sample twice: W1 and W2 must stay the same.",
            looks_right="For one sample it is the same, and the direction is right for any number.",
            lesson="08_batches",
        ),
        Misconception(
            "divided by N too early",
            (_gradients(per_sample=lambda N: N),),
            did="You divided by N at Z2; here only the weights' gradients hold the 1/N.",
            symptom="Z2, A1 and Z1 are N times too small, W1 and W2 are right.",
            experiment="Compare Z2 with the probabilities minus Y.",
            looks_right="What training uses comes out right, and the 1/N has to enter somewhere.",
        ),
        Misconception(
            "sign",
            (_gradients(grad_z2=lambda A2, Y: Y - A2),),
            did="You subtracted the probabilities from the labels.",
            symptom="All gradients have the wrong sign.",
            experiment="Compare one entry with a numerical gradient.",
            looks_right="All shapes and all sizes are right.",
            lesson="05_chain_rule",
        ),
        Misconception(
            "slope of another bend",
            (
                _gradients(slope=lambda Z1, A1: A1 * (1 - A1)),
                _gradients(slope=lambda Z1, A1: Z1 > 0),
            ),
            did="You used the slope of the sigmoid, or of ReLU; the hidden layer bends with tanh.",
            symptom="Right as far as A1, wrong in Z1 and W1.",
            experiment="Compare Z1's gradient with a numerical one.",
            looks_right="Each hidden layer has a slope of this kind, and the shapes are right.",
        ),
        Misconception(
            "Jacobian skipped",
            (_gradients(grad_z2=lambda A2, Y: -Y / A2),),
            did="You took the slope by the probabilities for that by the scores.",
            symptom="The columns of Z2's gradient do not sum to 0.",
            experiment="Compare Z2 with the probabilities minus Y.",
            looks_right="It is the slope of the cross-entropy, and the first link of the chain.",
            lesson="04_jacobian",
        ),
        Misconception(
            "bias slopes left out",
            (_without_bias_slopes,),
            did="The gradients of W1 and W2 lack the biases' column.",
            symptom="W1 and W2 have one column too few.",
            experiment="Print the shape of W2's gradient beside W2's: they must be equal.",
            looks_right="All other columns are right, and a layer's inputs have no bias row.",
        ),
        shared.no_max_shift(
            _gradients(soft=_unshifted),
            experiment="Add 1000 to the biases in W2: nothing may change.",
        ),
        shared.other_shift(*(_gradients(soft=soft) for soft in OTHER_SHIFTS)),
        shared.one_maximum(_gradients(soft=by_one_maximum)),
        shared.nan_in_chain(
            _gradients(grad_z2=through_chain()),
            _gradients(
                grad_z2=lambda A, Y: reference.softmax_backward(A, reference.cce_gradient(Y, A))
            ),
        ),
        shared.epsilon_in_chain(*(_gradients(grad_z2=through_chain(eps)) for eps in EPSILONS)),
    ),
)


# --- Network ----------------------------------------------------------------------------------

FIT, PREDICT, W1, W2 = Step("fit"), Step("predict"), Step("W1"), Step("W2")


def _made(rng: Generator, size: draws.Sizes) -> Arguments:
    return size.D, int(rng.integers(2, 6)), size.K, draws.seed(rng)


def _labelled(rng: Generator, size: draws.Sizes) -> tuple[Array, Array]:
    run = draws.forward_pass(rng, size)
    return run.Xb[:-1].copy(), run.Y


def _forward(rng: Generator) -> list[Arguments]:
    return [
        (*_made(rng, size), W1, W2, FORWARD, X, PREDICT, X, PREDICT, abs(X))
        for size in (*draws.all_sizes(rng)[:4], draws.Sizes(4, 3, 4))
        for X, _ in (_labelled(rng, size),)
    ]


def _backward(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size in draws.all_sizes(rng)[:4]:
        (X, Y), (other, _) = _labelled(rng, size), _labelled(rng, size)
        fixtures.append((*_made(rng, size), FORWARD, other, FORWARD, X, BACKWARD, Y, W1))
    for _ in range(2):
        X, other = _labelled(rng, size)[0], _labelled(rng, size)[0]
        first, second = _made(rng, size), _made(rng, size)
        second = (size.D, first[1], size.K, second[-1])  # of the same shape
        beside = (ANOTHER, *second, FORWARD, other, FIRST, BACKWARD, Y, FORWARD, X)
        fixtures.append((*first, FORWARD, X, *beside))
    return fixtures


def _fit(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size, epochs in zip(draws.all_sizes(rng)[:4], (2, 1, 3, 1), strict=True):
        X, Y = _labelled(rng, size)
        batch = next(b for b in (4, 3, 2) if X.shape[1] % b)
        rate, seed = float(rng.uniform(0.2, 0.8)), draws.seed(rng)
        steps = (FIT, X, Y, batch, epochs, rate, seed, W1, W2, PREDICT, X)
        fixtures.append((*_made(rng, size), *steps))
    return fixtures


def _large_fits(rng: Generator) -> list[Arguments]:
    """Draw networks that long steps lead to large scores.

    At the data each hidden unit is exactly 1 or -1, so that W1 stays where it is and a step of
    rate r with labels y moves the scores by r (y - a) times the number of units and 1.
    """
    fixtures: list[Arguments] = []
    # Each that shows a mistake of its own stands twice: a name needs two calls that err.
    for kind in ("close", "apart", "improbable", "apart", "improbable"):
        D, H, K, N = 7, 2 if kind == "improbable" else 4, int(rng.integers(6, 8)), 4
        certain = True
        while certain:  # of one class, whatever the sample; seldom
            made = (D, H, K, draws.seed(rng))
            network = reference.Network(D, H, K, made[-1].generator())
            some = rng.choice((-1.0, 1.0), (H, 24))
            at_first = reference.softmax(network.W2 @ reference.add_bias(some))
            certain = len(set(at_first.argmax(axis=0).tolist())) == 1
        signs = some[:, np.argmin(at_first.max(axis=0))]  # where no class is near certain
        half_turned = signs * np.resize((1.0, -1.0), H)
        x, other, turned = (
            np.linalg.pinv(network.W1[:, :-1]) @ (1000 * s - network.W1[:, -1])
            for s in (signs, half_turned, -signs)
        )
        X, both = np.column_stack([x] * N), np.column_stack([x, other] * (N // 2))
        a = network.forward(X)[:, 0]
        rare, next_rare = np.argsort(a)[:2].tolist()
        mixed, one, two = (
            reference.one_hot(np.resize(labels, N), K)
            for labels in ((rare, next_rare), rare, next_rare)
        )

        def fit(X: Array, Y: Array, rate: float, N: int = N) -> Arguments:
            return FIT, X, Y, N, 1, float(rate), draws.seed(rng)

        if kind == "close":  # two classes near 800, about 1 apart; first, data of thousands
            far = _far_unseen(rng, network, N)
            first = 800 / (0.5 - a[next_rare]) / (H + 1)
            gap = first * (a[next_rare] - a[rare]) * (H + 1) + np.log(a[rare] / a[next_rare])
            second = max(gap - 1, 0) / 2 / (H + 1)
            steps = (FORWARD, far, BACKWARD, mixed, *fit(far, mixed, 0), PREDICT, far, PREDICT, X)
            steps = (*steps, *fit(X, mixed, first), *fit(X, two, second), *fit(X, mixed, 0))
        elif kind == "apart":  # one class near 1000, or 5000, or -3000, in different samples
            steps = (*fit(X, one, 1000 / (1 - a[rare])), *fit(both, one, 0))
            steps = (*steps, FORWARD, np.column_stack((x, other, turned)))
        else:
            steps = (*fit(X, one, 300 / (1 - a[rare]) / (H + 1)), *fit(X, two, 0))
        fixtures.append((*made, *steps, PREDICT, X))
    return fixtures


def _far_unseen(rng: Generator, network: reference.Network, N: int) -> Array:
    """Draw data far out where no hidden unit sees it, that gets other labels if it is clipped."""
    unseen = np.linalg.svd(network.W1[:, :-1])[2][-1]
    lengths = 20000.0 * np.resize((1, -1), 32) * np.arange(1, 33)
    X = rng.normal(0, 2, (len(unseen), 32)) + np.outer(unseen, lengths)
    clipped = [network.predict(np.clip(X, -limit, limit)) for limit in (20, 50, 700)]
    others = np.all(network.predict(X) != clipped, axis=0)
    return X[:, np.argsort(~others, kind="stable")[:N]]


def _some_fits(rng: Generator) -> list[Arguments]:
    return _fit(rng)[:2]


class _Equal(reference.Network):
    def __init__(self, D: int, H: int, K: int, rng: np.random.Generator) -> None:
        super().__init__(D, H, K, rng)
        self.W1, self.W2 = np.zeros(self.W1.shape), np.zeros(self.W2.shape)


class _Linear(reference.Network):
    def forward(self, X: Array) -> Array:
        self.X = X
        return reference.softmax(self.W2 @ reference.add_bias(self.W1 @ reference.add_bias(X)))


class _Scores(reference.Network):
    def forward(self, X: Array) -> Array:
        self.X = X
        return self.W2 @ reference.add_bias(np.tanh(self.W1 @ reference.add_bias(X)))


def _backward_by(gradients: Callable[..., dict[str, Array]]) -> type:
    class Network(reference.Network):
        def backward(self, Y: Array) -> tuple[Array, Array]:
            found = gradients(self.W1, self.W2, self.X, Y)
            return found["W1"], found["W2"]

    return Network


class _Exchanged(reference.Network):
    def backward(self, Y: Array) -> tuple[Array, Array]:
        grad_W1, grad_W2 = super().backward(Y)
        return grad_W2, grad_W1

    def fit(self, *arguments: Any) -> Any:
        right = reference.Network.__new__(reference.Network)
        right.W1, right.W2 = self.W1, self.W2
        history = right.fit(*arguments)
        self.W1, self.W2 = right.W1, right.W2
        return history


def _fit_by(
    update: Callable[[Any, Array, Array, float], None],
    mean: Callable[[Array, Array], float] = lambda losses, counts: float(
        np.average(losses, weights=counts)
    ),
    loss_after: bool = False,
    loss: Callable[[Array, Array], float] = reference.cce,
    cut: Callable[..., list[Array]] = reference.batch_indices,
) -> type:
    class Network(reference.Network):
        def fit(
            self,
            X: Array,
            Y: Array,
            batch_size: int,
            epochs: int,
            learning_rate: float,
            rng: np.random.Generator,
        ) -> Array:
            history = []
            for _ in range(epochs):
                losses, counts = [], []
                for batch in cut(X.shape[1], batch_size, rng):
                    x, y = X[:, batch], Y[:, batch]
                    before = loss(y, self.forward(x))
                    update(self, *self.backward(y), learning_rate)
                    after = loss(y, self.forward(x)) if loss_after else before
                    losses.append(after)
                    counts.append(len(batch))
                history.append(mean(np.array(losses), np.array(counts)))
            return np.array(history)

    return Network


def _both(network: Any, grad_W1: Array, grad_W2: Array, rate: float) -> None:
    network.W1 = network.W1 - rate * grad_W1
    network.W2 = network.W2 - rate * grad_W2


def _uphill(network: Any, grad_W1: Array, grad_W2: Array, rate: float) -> None:
    _both(network, grad_W1, grad_W2, -rate)


def _only_last(network: Any, grad_W1: Array, grad_W2: Array, rate: float) -> None:
    network.W2 = network.W2 - rate * grad_W2


class _LastMovedFirst(reference.Network):
    def fit(
        self,
        X: Array,
        Y: Array,
        batch_size: int,
        epochs: int,
        learning_rate: float,
        rng: np.random.Generator,
    ) -> Array:
        history = []
        for _ in range(epochs):
            total = 0.0
            for batch in reference.batch_indices(X.shape[1], batch_size, rng):
                Xb, y = reference.add_bias(X[:, batch]), Y[:, batch]
                A1 = np.tanh(self.W1 @ Xb)
                A2 = reference.softmax(self.W2 @ reference.add_bias(A1))
                total += len(batch) * reference.cce(y, A2)
                rate = learning_rate / len(batch)
                self.W2 = self.W2 - rate * (A2 - y) @ reference.add_bias(A1).T
                slope = self.W2[:, :-1].T @ (A2 - y) * (1 - A1**2)
                self.W1 = self.W1 - rate * slope @ Xb.T
            history.append(total / X.shape[1])
        return np.array(history)


class _SmallWeights(reference.Network):
    def __init__(self, D: int, H: int, K: int, rng: np.random.Generator) -> None:
        self.W1 = reference.init_weights(D, H, rng)
        self.W2 = reference.init_weights(H, K, rng)


class _LastDrawnFirst(reference.Network):
    def __init__(self, D: int, H: int, K: int, rng: np.random.Generator) -> None:
        self.W2 = reference.init_weights(H, K, rng, 1 / np.sqrt(H))
        self.W1 = reference.init_weights(D, H, rng, 1 / np.sqrt(D))


class _NoBiases(reference.Network):
    def __init__(self, D: int, H: int, K: int, rng: np.random.Generator) -> None:
        W1, W2 = rng.standard_normal((H, D)), rng.standard_normal((K, H))
        self.W1 = np.column_stack((W1 / np.sqrt(D), np.zeros(H)))
        self.W2 = np.column_stack((W2 / np.sqrt(H), np.zeros(K)))


def _with(soft: Formula) -> type:
    """Return the network with another softmax."""

    class Network(reference.Network):
        def forward(self, X: Array) -> Array:
            self.X = X
            hidden = np.tanh(self.W1 @ reference.add_bias(X))
            return soft(self.W2 @ reference.add_bias(hidden))

        def backward(self, Y: Array) -> tuple[Array, Array]:
            found = _gradients(soft=soft)(self.W1, self.W2, self.X, Y)
            return found["W1"], found["W2"]

    return Network


class _OneHot(reference.Network):
    def predict(self, X: Array) -> Array:
        return reference.one_hot(super().predict(X), len(self.W2))


class _AlongSamples(reference.Network):
    def predict(self, X: Array) -> Array:
        return np.argmax(self.forward(X), axis=1)


NETWORK = Exercise(
    name="Network",
    problem_set="ps5",
    signature="Network(D, H, K, rng), forward(X) -> (K, N), backward(Y) -> (grad_W1, grad_W2), "
    "fit(X, Y, batch_size, epochs, learning_rate, rng) -> history, predict(X) -> labels",
    reference=reference.Network,
    lesson="10_hidden_layer",
    # backward may be network_gradients: the syllabus asks for it first.
    needs=(
        "add_bias",
        "init_weights",
        "scores",
        "softmax",
        "cce",
        "cce_from_scores",
        "batch_indices",
        "network_gradients",
    ),
    tolerance=1e-8,
    criteria=(
        Criterion(
            "forward",
            3.5,
            "W1 (H, D+1), then W2 (K, H+1), are drawn from rng with scales 1/sqrt(D) and "
            "1/sqrt(H); forward gives the probabilities, predict the most probable class.",
            _forward,
        ),
        Criterion(
            "backward",
            2.5,
            "backward returns the gradients of the mean loss by W1 and W2 for the data of its own "
            "network's last forward, and moves nothing.",
            _backward,
        ),
        Criterion(
            "fit",
            2.5,
            "Each epoch goes once through batch_indices of rng and steps against both gradients; "
            "history is the mean loss over all samples, before the steps.",
            _fit,
        ),
        Criterion(
            "large scores",
            0.5,
            "Scores of thousands, to which a long step leads, are no trouble, and a loss may be in "
            "the hundreds, for nothing is clipped.",
            _large_fits,
        ),
        Criterion("purity", 1.0, LEFT_ALONE, _some_fits, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "all weights equal",
            (_Equal,),
            did="All weights start at 0, so all hidden units are and stay the same.",
            symptom="Every probability is 1/K at the start.",
            experiment="Print W1 after training: are its rows all equal?",
            looks_right="A classifier with one matrix may well start at 0, and it learns all the "
            "same.",
        ),
        Misconception(
            "other first weights",
            (_SmallWeights, _LastDrawnFirst),
            did="You drew the first weights with other scales, or those of W2 before W1.",
            symptom="Before any training W1 or W2 differs from what rng and the scales give.",
            experiment="Draw from an equal generator what the text says, and compare.",
            looks_right="The shapes are right, and such a network learns too, if not as well.",
        ),
        Misconception(
            "biases start at 0",
            (_NoBiases,),
            did="You drew weights for the features and set the biases to 0; here all are drawn.",
            symptom="The last columns of W1 and W2 are 0 at first.",
            experiment="Print W1[:, -1] of a new network: no entry should be 0.",
            looks_right="Many frameworks start so, and it does no harm to learning.",
        ),
        Misconception(
            "no bend",
            (_Linear,),
            did="forward has no tanh between the two layers; together they are one linear layer.",
            symptom="The borders between the classes are straight.",
            experiment="Print forward(1000 * X).max(axis=0) before training: no class should be "
            "certain.",
            looks_right="All shapes are right, the columns sum to 1, and small inputs are hardly "
            "bent at all.",
        ),
        Misconception(
            "scores instead of probabilities",
            (_Scores,),
            did="forward returns scores; the softmax at the end is missing.",
            symptom="The columns do not sum to 1.",
            experiment="Print forward(X).sum(axis=0): every sum should be 1.",
            looks_right="The largest score has the largest probability, so that every prediction "
            "is right.",
            lesson="02_softmax",
        ),
        Misconception(
            "one-hot predictions",
            (_OneHot,),
            did="predict returns one-hot columns, where labels are asked for.",
            symptom="The shape is (K, N).",
            experiment="Print predict(X).shape: it should be (N,).",
            looks_right="The 1 stands at the right class, and training was given one-hot columns "
            "too.",
            lesson="01_scores",
        ),
        Misconception(
            "argmax over the samples",
            (_AlongSamples,),
            did="predict looks for the best sample of each class.",
            symptom="There are K answers, where N are asked for.",
            experiment="Print predict(X).shape: it should be (N,).",
            looks_right="Where samples are rows, the classes do lie along axis 1.",
            lesson="01_scores",
        ),
        Misconception(
            "gradients exchanged",
            (_Exchanged,),
            did="backward returns the gradient of W2 first.",
            symptom="The shapes are those of the other one.",
            experiment="Print backward(Y)[0].shape beside W1.shape.",
            looks_right="Both gradients are right, and on the way back the one of W2 does come "
            "first.",
        ),
        Misconception(
            "slope of tanh left out",
            (_backward_by(_gradients(slope=lambda Z1, A1: np.ones(A1.shape))),),
            did="The slope of tanh is missing on the way back to W1.",
            symptom="The gradient of W2 is right, that of W1 is not.",
            experiment="Compare both with numerical gradients.",
            looks_right="Near 0 the slope of tanh is nearly 1, so that small weights hide it.",
        ),
        Misconception(
            "sum instead of mean",
            (_backward_by(_gradients(scale=lambda N: 1)),),
            did="backward does not divide by N.",
            symptom="N times too large.",
            experiment="Hand in every sample twice: the gradients must stay the same.",
            looks_right="For one sample it is the same, and for one batch size a smaller rate "
            "makes up for it.",
            lesson="08_batches",
        ),
        Misconception(
            "plus sign",
            (_fit_by(_uphill),),
            did="fit adds the gradients to the weights, which goes uphill.",
            symptom="The history rises.",
            experiment="Print the history of ten epochs: it should fall.",
            looks_right="Both gradients are right, and so is the length of the first step.",
            lesson="07_sgd",
        ),
        Misconception(
            "only the last layer learns",
            (_fit_by(_only_last),),
            did="fit moves W2 and leaves W1 where it was.",
            symptom="W1 is the same after training.",
            experiment="Keep before = W1.copy() and compare after fit: they should differ.",
            looks_right="The loss does fall, as the last layer can make use of random hidden "
            "units.",
        ),
        Misconception(
            "mean of batch means",
            (_fit_by(_both, mean=lambda losses, counts: float(np.mean(losses))),),
            did="You averaged the batches' mean losses, though the last batch is smaller.",
            symptom="The weights are right, and the history is not.",
            experiment="With learning rate 0 the history must be the loss of all samples.",
            looks_right="Where all batches have the same size it is the same number.",
            lesson="08_batches",
        ),
        Misconception(
            "loss after the step",
            (_fit_by(_both, loss_after=True),),
            did="You took each batch's loss after the step on it.",
            symptom="The weights are right, and the history is too small.",
            experiment="With one batch of all, the first loss is that of the first weights.",
            looks_right="The history falls as it should, and looks even a little better.",
            lesson="07_sgd",
        ),
        Misconception(
            "last layer moved first",
            (_LastMovedFirst,),
            did="You moved W2 before you used it for the slope of W1.",
            symptom="W2 is right after a single step, and W1 is not.",
            experiment="Compare W1 after one step with the old W1 and backward's first answer.",
            looks_right="For a small learning rate the difference is small, and the loss falls.",
        ),
        Misconception(
            "losses added up",
            (_fit_by(_both, mean=lambda losses, counts: float(np.sum(losses))),),
            did="You added up the batches' mean losses.",
            symptom="The smaller the batches, the larger the history, while the weights are right.",
            experiment="With learning rate 0 the history must be the loss of all samples.",
            looks_right="With one batch of all samples it is right, and the curve has the right "
            "form.",
            lesson="08_batches",
        ),
        Misconception(
            "loss of the last batch",
            (_fit_by(_both, mean=lambda losses, counts: float(losses[-1])),),
            did="You noted the loss of an epoch's last batch, not the mean over all samples.",
            symptom="The weights are right, and the history jumps up and down.",
            experiment="With learning rate 0 every epoch must have the same loss.",
            looks_right="With one batch of all samples it is right.",
            lesson="08_batches",
        ),
        Misconception(
            "not shuffled",
            (
                _fit_by(
                    _both,
                    cut=lambda N, size, rng: np.split(np.arange(N), range(size, N, size)),
                ),
            ),
            did="fit goes through the samples in their own order.",
            symptom="Generators with different seeds give the same training.",
            experiment="Train two equal networks with different rngs: W1 should differ.",
            looks_right="Every sample comes once an epoch, and the loss falls all the same.",
            lesson="08_batches",
        ),
        Misconception(
            "largest score not subtracted",
            # Training moves no sample's mean score, so that these three cannot be told apart.
            tuple(map(_with, (_unshifted, *OTHER_SHIFTS))),
            did="You took exp of scores from which each sample's largest was not subtracted first.",
            symptom="nan once training has driven the scores of a sample far enough apart.",
            experiment="Take one step with a rate of 5000, then print forward(X): is it nan?",
            looks_right="It is the formula word for word, and small steps never lead to large "
            "scores.",
            shows_in="large scores",
            lesson="02_softmax",
        ),
        shared.one_maximum(_with(by_one_maximum)),
        shared.clipped_loss(*(_fit_by(_both, loss=loss) for loss in guards(reference.cce))),
        shared.on_the_class(
            all_share(reference.Network, ("X",)),
            all_share(reference.Network, ("W1", "W2")),
            all_share(reference.Network, ("W1", "W2", "X")),
            again="backward",
        ),
    ),
)

EXERCISES = (RELU, TANH, SIGMOID, MSE, MSE_GRADIENT, NETWORK_GRADIENTS, NETWORK)
