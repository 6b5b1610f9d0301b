"""The exercise Dense: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, Rng, purity
from autograder.checking.kit import Made, PropertiesOfClass, StudentClass, is_mean, normal
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import BACKWARD, FORWARD, WEIGHTS, Array, Generator
from softmax_by_hand.properties import are_apart


def _made(rng: Generator, size: fixtures.Sizes) -> tuple[int, int, Rng, float]:
    return size.D, size.K, fixtures.seed(rng), float(rng.uniform(0.3, 1.5))


def _data(rng: Generator, size: fixtures.Sizes) -> Array:
    return rng.normal(0.3, 1.0, (size.D, size.N))


def _slopes(rng: Generator, size: fixtures.Sizes) -> Array:
    return rng.normal(size=(size.K, size.N))


def _dense_forward(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = [
        (*_made(rng, size), WEIGHTS, FORWARD, _data(rng, size), WEIGHTS)
        for size in fixtures.all_sizes(rng)
    ]
    size = fixtures.sizes(rng, 1)[0]
    D, K, seed, _ = _made(rng, size)
    return [*calls, (D, K, seed, WEIGHTS, FORWARD, _data(rng, size)[:, :1])]


def _dense_backward(rng: Generator) -> list[Arguments]:
    """Draw scenarios with a learning rate of 0, so that only what is returned counts."""
    return [
        (*_made(rng, size), FORWARD, _data(rng, size), BACKWARD, _slopes(rng, size), 0.0)
        for size in (
            *fixtures.all_sizes(rng)[:-1],
            fixtures.Sizes(1, 1, 5),
            fixtures.Sizes(4, 3, 1),
        )
    ]


def _dense_step(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size in fixtures.all_sizes(rng):
        back = (BACKWARD, _slopes(rng, size), float(rng.uniform(0.3, 1.5)))
        calls.append((*_made(rng, size), FORWARD, _data(rng, size), *back, WEIGHTS))
    return calls


def _dense_again(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size, fewer in zip(fixtures.sizes(rng, 3), (0, 0, 1), strict=True):
        steps: list[Any] = []
        for X in (_data(rng, size), _data(rng, size)[:, fewer:]):
            G, rate = rng.normal(size=(size.K, X.shape[1])), float(rng.uniform(0.3, 1.5))
            steps += [FORWARD, X, BACKWARD, G, rate, WEIGHTS]
        calls.append((*_made(rng, size), *steps))
    for change in (lambda part: 1e5 * part, abs):  # large numbers, and none below 0
        parts = [change(draw(rng, size)) for draw in (_data, _slopes) * 2]
        calls.append(mistakes.beside_another(_made(rng, size), _made(rng, size), *parts))
    return calls


def _some_steps(rng: Generator) -> list[Arguments]:
    return _dense_step(rng)[:3]


Backward = Callable[[Any, Array, float], Array]


def _dense(backward: Backward) -> type:
    """Return the layer with this method `backward`."""

    class Dense(lecture.Dense):
        def backward(self, grad_z: Array, learning_rate: float) -> Array:
            return backward(self, grad_z, learning_rate)

    return Dense


def _dense_forward_by(forward: Callable[[Any, Array], Array]) -> type:
    class Dense(lecture.Dense):
        def forward(self, X: Array) -> Array:
            return forward(self, X)

    return Dense


def _stepping(
    step: Callable[[Array, Array], Array],
    grad_x: Callable[[Array, Array], Array] = lambda W, G: W[:, :-1].T @ G,
) -> Backward:
    """Return a backward whose step, for a rate of 1, is this function of grad_z and Xb."""

    def backward(layer: Any, G: Array, rate: float) -> Array:
        answer = grad_x(layer.W, G)
        layer.W = layer.W - rate * step(G, layer.Xb)
        return answer

    return backward


def _mean(G: Array, Xb: Array) -> Array:
    return G @ Xb.T / Xb.shape[1]


def _without_bias(G: Array, Xb: Array) -> Array:
    gradient = _mean(G, Xb)
    gradient[:, -1] = 0
    return gradient


def _updates_first(layer: Any, G: Array, rate: float) -> Array:
    layer.W = layer.W - rate * _mean(G, layer.Xb)
    answer: Array = layer.W[:, :-1].T @ G
    return answer


def _bias_summed(G: Array, Xb: Array) -> Array:
    gradient = _mean(G, Xb)
    gradient[:, -1] *= Xb.shape[1]
    return gradient


def _adding_up() -> type:
    class Dense(lecture.Dense):
        total: Any = 0

        def backward(self, grad_z: Array, learning_rate: float) -> Array:
            answer: Array = self.W[:, :-1].T @ grad_z
            self.total = self.total + _mean(grad_z, self.Xb)
            self.W = self.W - learning_rate * self.total
            return answer

    return Dense


def _made_by(first: Callable[[int, int, Any, float], Array]) -> type:
    """Return the layer with other first weights."""

    class Dense(lecture.Dense):
        def __init__(self, D: int, K: int, rng: Any, scale: float = 0.01) -> None:
            self.W = first(D, K, rng, scale)

    return Dense


def _no_biases(D: int, K: int, rng: Any, scale: float) -> Array:
    return np.column_stack((scale * rng.standard_normal((K, D)), np.zeros(K)))


def _keeps_first_data(layer: Any, X: Array) -> Array:
    layer.Xb = getattr(layer, "Xb", lecture.add_bias(X))
    return layer.W @ lecture.add_bias(X)


def _ones_first(layer: Any, X: Array) -> Array:
    layer.Xb = np.vstack((np.ones(X.shape[1]), X))
    return layer.W @ layer.Xb


def _bias_left_out(layer: Any, X: Array) -> Array:
    layer.Xb = lecture.add_bias(X)
    return layer.W[:, :-1] @ X


def _spoils_upstream(layer: Any, G: Array, rate: float) -> Array:
    answer: Array = layer.W[:, :-1].T @ G
    G /= G.shape[1]
    layer.W = layer.W - rate * G @ layer.Xb.T
    return answer


def dense_example(D: int, K: int, N: int, seed: int = 1) -> tuple[Any, ...]:
    arguments = (D, K, np.random.default_rng(seed), 0.5)
    return (arguments, ("forward", normal(D, N)), ("backward", normal(K, N), 0.1))


@PropertiesOfClass(
    shape=lambda D, K, rng, scale=0.01: (),
    parts={
        "forward": lambda layer, X: (len(layer.W), X.shape[1]),
        "backward": lambda layer, grad_z, learning_rate: (layer.W.shape[1] - 1, grad_z.shape[1]),
    },
    examples=lambda: [dense_example(4, 3, 7), dense_example(2, 5, 1), dense_example(3, 4, 4)],
    hint="X is (D, N), without the bias row, and so is its slope; W is (K, D+1).",
    purity_hint="Is X, or grad_z, changed in place? Does every random number come from rng?",
)
def dense_layer(f: StudentClass) -> None:
    def made(D: int = 4, K: int = 3) -> tuple[Made, np.ndarray]:
        layer = f.new(D, K, np.random.default_rng(1), 1.0)
        return layer, layer.read("W", (K, D + 1))

    def moved(X: np.ndarray, G: np.ndarray) -> np.ndarray:
        """By how much W moves in one step, over minus the rate."""
        layer, W = made(len(X), len(G))
        layer("forward", X)
        layer("backward", G, 0.5)
        return (W - layer.read("W", W.shape)) / 0.5

    f.claim(
        "W is (K, D+1): scale times K (D+1) standard normal numbers from rng, row by row",
        "Is it the init_weights of the first problem set, with the scale that is handed in?",
    )
    for D, K in ((4, 3), (2, 5)):
        numbers = np.random.default_rng(1).standard_normal((K, D + 1))
        f.agree(made(D, K)[1], numbers)
        f.agree(100 * f.new(D, K, np.random.default_rng(1)).read("W", (K, D + 1)), numbers)
    f.claim(
        "a sample of zeros has the last column of W as its scores",
        "Which column of W is the bias, and which row of the data is all ones?",
    )
    layer, W = made()
    f.agree(layer("forward", np.zeros((4, 2))), W[:, [-1, -1]], last_column_of_W=W[:, -1])
    f.claim("the sample with a single 1, in row j, adds column j", "Which rows meet which columns?")
    f.agree(layer("forward", np.eye(4)), W[:, :-1] + W[:, -1:])
    f.claim(
        "backward returns the slope by X: what x_j adds to the scores, weighed with grad_z",
        "Which column of W belongs to no output of the layer before? Which W is meant?",
    )
    for D, K, N in ((4, 3, 7), (3, 4, 4)):
        layer, _ = made(D, K)
        X, G = normal(D, N), normal(K, N)
        adds = layer("forward", np.eye(D)) - layer("forward", np.zeros((D, D)))
        layer("forward", X)
        slope = layer("backward", G, 0.0)
        for j in range(D):
            wanted = (adds[:, [j]] * G).sum(axis=0)
            label = f"what x[{j}] adds to the scores, weighed"
            f.agree(slope[j], wanted, **{f"row {j} of yours": slope[j], label: wanted})
    f.claim(
        "what backward returns does not depend on the learning rate",
        "Is W moved before it is used for the answer?",
    )
    X, G = normal(4, 7), normal(3, 7)
    answers = []
    for rate in (0.0, 1.0):
        layer, _ = made()
        layer("forward", X)
        answers.append(layer("backward", G, rate))
    f.agree(answers[1], answers[0], with_rate_0=answers[0])
    f.claim(
        "one sample: the bias column moves by minus the rate times grad_z, column j x_j times that",
        "Which sign? Is the row of ones in the product?",
    )
    for D, K in ((4, 3), (3, 4)):
        x, g = normal(D, 1), normal(K, 1)
        columns = moved(x, g)
        for j in range(D + 1):
            wanted = g[:, 0] * (x[j, 0] if j < D else 1)
            f.agree(columns[:, j], wanted, **{f"column {j} moved by the rate times": columns[:, j]})
    f.claim("a batch moves W by the mean of what its samples move it by", "Divided by what?")
    for D, K, N in ((4, 3, 7), (3, 4, 4)):
        X, G = normal(D, N), normal(K, N)
        is_mean(f, moved(X, G), [moved(X[:, [n]], G[:, [n]]) for n in range(N)])
    f.claim(
        "a second forward and backward, with fewer samples, are right too",
        "Does backward use the data of the last forward? Do the steps add up?",
    )
    layer, _ = made()
    layer("forward", normal(4, 7, seed=3))
    W = layer.read("W", (3, 5))
    for N in (7, 5):
        X, G = normal(4, N), normal(3, N)
        wanted = W - 0.5 * moved(X, G)
        layer("forward", X)
        layer("backward", G, 0.5)
        W = layer.read("W", (3, 5))
        f.agree(W, wanted, expected_from_a_new_layer=wanted)
    are_apart(f, lambda: made()[0], normal(4, 7), normal(3, 7), 0.5)


DENSE = Exercise(
    signature="Dense(D, K, rng, scale=0.01), W (K, D+1), forward(X) -> (K, N), "
    "backward(grad_z, learning_rate) -> (D, N)",
    reference=lecture.Dense,
    lesson="05_chain_rule",
    needs=("add_bias", "init_weights", "scores"),
    criteria=(
        Criterion(
            "forward",
            3.0,
            "W is scale times standard normal draws from rng, the bias its last column, and "
            "forward gives W times the data with a last row of ones.",
            _dense_forward,
        ),
        Criterion(
            "slope by the data",
            2.0,
            "backward returns the slope by X, (D, N), also where D, K or N is 1: the bias feature "
            "is nobody's output.",
            _dense_backward,
        ),
        Criterion(
            "step",
            2.5,
            "backward moves W against the mean gradient over the samples, and what it returns is "
            "the same for every learning rate.",
            _dense_step,
        ),
        Criterion(
            "called again",
            1.0,
            "Each backward belongs to its own layer's forward before it, and steps add up.",
            _dense_again,
        ),
        purity(0.5, _some_steps),
    ),
    misconceptions=(
        Misconception(
            "ones first",
            (_dense_forward_by(_ones_first),),
            did="You put the row of ones above the data; the bias is the last column of W.",
            symptom="The first column of W acts as the bias.",
            experiment="Print forward(np.zeros((D, 1))) beside W[:, -1:]: they must be equal.",
            looks_right="Many books put the bias first, and the scores have the right shape.",
            lesson="01_scores",
        ),
        Misconception(
            "bias left out",
            (_dense_forward_by(_bias_left_out),),
            did="You multiplied the data by W without its last column.",
            symptom="Every column of the scores is off by W[:, -1].",
            experiment="Print forward(np.zeros((D, 1))) beside W[:, -1:]: they must be equal.",
            looks_right="The shape is right, and where all biases are 0 the scores are too.",
            lesson="01_scores",
        ),
        Misconception(
            "bias row left in",
            (_dense(_stepping(_mean, lambda W, G: W.T @ G)),),
            did="You returned the slope by all rows of Xb, the bias row with them.",
            symptom="The shape is (D+1, N), and the layer before has only D outputs.",
            experiment="Print backward(grad_z, 0).shape beside X.shape.",
            looks_right="W was multiplied with all of Xb, and the transpose of W is the right "
            "factor on the way back.",
            lesson="10_hidden_layer",
        ),
        Misconception(
            "first row dropped",
            (_dense(_stepping(_mean, lambda W, G: W[:, 1:].T @ G)),),
            did="You dropped the slope by the first feature, where the last one is the bias's.",
            symptom="Each row stands where the one above it should.",
            experiment="Set W[:, 0] to 0: the first row of the answer must be 0.",
            looks_right="The shape is right, and where the bias comes first the numbers are too.",
            lesson="10_hidden_layer",
        ),
        Misconception(
            "updates first",
            (_dense(_updates_first),),
            did="You moved W before you used it for what backward returns.",
            symptom="What backward returns depends on the learning rate.",
            experiment="Make two equal layers; compare one backward with rate 0 and one with rate "
            "1.",
            looks_right="For a small learning rate the difference is small, and W moves as it "
            "should.",
        ),
        Misconception(
            "plus sign",
            (_dense(_stepping(lambda G, Xb: -_mean(G, Xb))),),
            did="You added the gradient; it points uphill, so that the loss grows.",
            symptom="The loss rises with every step.",
            experiment="Compute the loss before and after one step with a small rate.",
            looks_right="What backward returns is right, and so is the length of the step.",
            lesson="07_sgd",
        ),
        Misconception(
            "sum instead of mean",
            (_dense(_stepping(lambda G, Xb: G @ Xb.T)),),
            did="You summed the gradient over the samples and did not divide by N.",
            symptom="The step is N times as long, so that the rate depends on the batch size.",
            experiment="Hand in every sample twice: the step must stay the same.",
            looks_right="For one sample it is the same, and for one batch size a smaller rate "
            "makes up for it.",
            lesson="08_batches",
        ),
        Misconception(
            "divided by K",
            (_dense(_stepping(lambda G, Xb: G @ Xb.T / len(G))),),
            did="You divided the gradient by the number of outputs, not of samples.",
            symptom="The step's length depends on how many rows grad_z has.",
            experiment="Hand in every sample twice: the step must stay the same.",
            looks_right="len(grad_z) counts rows, which are samples in most frameworks.",
            lesson="08_batches",
        ),
        Misconception(
            "bias step summed",
            (_dense(_stepping(_bias_summed)),),
            did="You divided the weights' gradient by N and summed that of the biases.",
            symptom="Only the last column of W moves too far, N times.",
            experiment="Hand in each sample twice and compare W[:, -1] after the step.",
            looks_right="The biases' gradient does sum over the samples, and all else is right.",
            lesson="08_batches",
        ),
        Misconception(
            "biases start at 0",
            (_made_by(_no_biases),),
            did="You drew weights for the features and set the biases to 0; here all are drawn.",
            symptom="The last column of W is 0 at first.",
            experiment="Print W[:, -1] of a new layer: no entry should be 0.",
            looks_right="Many frameworks start so, and it does no harm to learning.",
        ),
        Misconception(
            "scale ignored",
            (
                _made_by(lambda D, K, rng, scale: 0.01 * rng.standard_normal((K, D + 1))),
                _made_by(lambda D, K, rng, scale: rng.standard_normal((K, D + 1))),
            ),
            did="You did not use the scale that was handed in.",
            symptom="Layers with scale 1 and scale 2, from equal generators, have equal weights.",
            experiment="Make two such layers and divide one W by the other: 2 is right.",
            looks_right="The shape is right, and the numbers come from rng as they should.",
        ),
        Misconception(
            "weights all equal",
            (
                _made_by(lambda D, K, rng, scale: np.zeros((K, D + 1))),
                _made_by(lambda D, K, rng, scale: scale * np.ones((K, D + 1))),
            ),
            did="All weights start at the same number; they are to be drawn from rng.",
            symptom="All scores of a sample are equal at first.",
            experiment="Print W of a new layer: no two entries should be equal.",
            looks_right="A single layer learns from there too, as every class has its own slope.",
        ),
        Misconception(
            "bias never updated",
            (_dense(_stepping(_without_bias)),),
            did="You moved the weights of the features and left the bias where it was.",
            symptom="The last column of W never changes.",
            experiment="Print W[:, -1] before and after a step: does it change?",
            looks_right="Data around the origin hardly needs a bias, so that the accuracy does not "
            "suffer.",
            lesson="07_sgd",
        ),
        Misconception(
            "no update",
            (_dense(_stepping(lambda G, Xb: 0 * _mean(G, Xb))),),
            did="backward does not move W.",
            symptom="W is the same after a step, and the loss never changes.",
            experiment="Print W before and after a step: does it change?",
            looks_right="forward is right, and so is all that backward returns; only W stands "
            "still.",
            lesson="07_sgd",
        ),
        Misconception(
            "first data kept",
            (_dense_forward_by(_keeps_first_data),),
            did="backward uses the data of the first forward, not of the last one.",
            symptom="The first step is right, the second one is not.",
            experiment="Call forward with two batches of different size, then backward.",
            looks_right="Where every forward gets the same data, as in a quick test, it is right.",
            shows_in="called again",
        ),
        Misconception(
            "gradients add up",
            (_adding_up(),),
            did="You added each gradient to the one before and stepped against their sum.",
            symptom="The first step is right, the second one too long.",
            experiment="Take a step with grad_z = 0 after another: W must stay where it is.",
            looks_right="Some frameworks add gradients up, and set them to 0 before each step.",
            shows_in="called again",
        ),
        mistakes.on_the_class(
            mistakes.all_share(lecture.Dense, ("W",)),
            mistakes.all_share(lecture.Dense, ("Xb",)),
            mistakes.all_share(lecture.Dense, ("W", "Xb")),
        ),
        mistakes.changes_upstream(_dense(_spoils_upstream), name="grad_z"),
    ),
    properties=dense_layer,
)
