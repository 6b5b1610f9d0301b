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


def arguments(rng: Generator, size: fixtures.Sizes) -> tuple[int, int, Rng, float]:
    return size.D, size.K, fixtures.seed(rng), float(rng.uniform(0.3, 1.5))


def data(rng: Generator, size: fixtures.Sizes) -> Array:
    return rng.normal(0.3, 1.0, (size.D, size.N))


def slopes(rng: Generator, size: fixtures.Sizes) -> Array:
    return rng.normal(size=(size.K, size.N))


def scores_of_data(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = [
        (*arguments(rng, size), WEIGHTS, FORWARD, data(rng, size), WEIGHTS)
        for size in fixtures.all_sizes(rng)
    ]
    size = fixtures.sizes(rng, 1)[0]
    D, K, seed, _ = arguments(rng, size)
    return [*calls, (D, K, seed, WEIGHTS, FORWARD, data(rng, size)[:, :1])]


def slopes_by_data(rng: Generator) -> list[Arguments]:
    """Draw scenarios with a learning rate of 0: W stays, and only what is returned is compared."""
    return [
        (*arguments(rng, size), FORWARD, data(rng, size), BACKWARD, slopes(rng, size), 0.0)
        for size in (
            *fixtures.all_sizes(rng)[:-1],
            fixtures.Sizes(1, 1, 5),
            fixtures.Sizes(4, 3, 1),
        )
    ]


def steps(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size in fixtures.all_sizes(rng):
        back = (BACKWARD, slopes(rng, size), float(rng.uniform(0.3, 1.5)))
        calls.append((*arguments(rng, size), FORWARD, data(rng, size), *back, WEIGHTS))
    return calls


def called_again(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size, fewer in zip(fixtures.sizes(rng, 3), (0, 0, 1), strict=True):
        steps_of_one: list[Any] = []
        for X in (data(rng, size), data(rng, size)[:, fewer:]):
            G, rate = rng.normal(size=(size.K, X.shape[1])), float(rng.uniform(0.3, 1.5))
            steps_of_one += [FORWARD, X, BACKWARD, G, rate, WEIGHTS]
        calls.append((*arguments(rng, size), *steps_of_one))
    for change in (lambda part: 1e5 * part, abs):  # large numbers, and none below 0
        parts = [change(draw(rng, size)) for draw in (data, slopes) * 2]
        calls.append(fixtures.beside_another(arguments(rng, size), arguments(rng, size), *parts))
    return calls


Gradient = Callable[[Array, Array], Array]  # by the weights, of grad_z and Xb


def mean_gradient(G: Array, Xb: Array) -> Array:
    """Return the mean of the samples' gradients."""
    return G @ Xb.T / Xb.shape[1]


def with_last_column(times: float | Callable[[Array], float]) -> Gradient:
    """Return the mean gradient, the biases' column multiplied by a factor."""

    def gradient(G: Array, Xb: Array) -> Array:
        found = mean_gradient(G, Xb)
        found[:, -1] *= times(Xb) if callable(times) else times
        return found

    return gradient


def stepping(
    gradient: Gradient = mean_gradient,
    grad_x: Callable[[Array, Array], Array] = lambda W, G: W[:, :-1].T @ G,
) -> type:
    """Return the layer with another step, or another slope by X, of W and grad_z."""

    def backward(self: Any, grad_z: Array, learning_rate: float) -> Array:
        answer = grad_x(self.W, grad_z)
        self.W = self.W - learning_rate * gradient(grad_z, self.Xb)
        return answer

    return mistakes.with_methods(lecture.Dense, backward=backward)


def starting_at(weights: Callable[[int, int, Any, float], Array]) -> type:
    """Return the layer with other first weights, of D, K, rng and the scale."""

    def __init__(self: Any, D: int, K: int, rng: Any, scale: float = 0.01) -> None:
        self.W = weights(D, K, rng, scale)

    return mistakes.with_methods(lecture.Dense, __init__=__init__)


class Adding(lecture.Dense):
    """The layer that steps against the sum of all its gradients."""

    total: Any = 0

    def backward(self, grad_z: Array, learning_rate: float) -> Array:
        self.total = self.total + mean_gradient(grad_z, self.Xb)
        answer: Array = self.W[:, :-1].T @ grad_z
        self.W = self.W - learning_rate * self.total
        return answer


def stepping_first(self: Any, grad_z: Array, learning_rate: float) -> Array:
    """Move W, then use it for the answer."""
    self.W = self.W - learning_rate * mean_gradient(grad_z, self.Xb)
    answer: Array = self.W[:, :-1].T @ grad_z
    return answer


def dividing_upstream(self: Any, grad_z: Array, learning_rate: float) -> Array:
    """Divide by N in what was handed in."""
    answer: Array = self.W[:, :-1].T @ grad_z
    grad_z /= grad_z.shape[1]
    self.W = self.W - learning_rate * grad_z @ self.Xb.T
    return answer


def keeping_first_data(self: Any, X: Array) -> Array:
    """Keep the data of the first forward."""
    self.Xb = getattr(self, "Xb", lecture.add_bias(X))
    return self.W @ lecture.add_bias(X)


def ones_first(self: Any, X: Array) -> Array:
    """Put the row of ones above the data."""
    self.Xb = np.vstack((np.ones(X.shape[1]), X))
    return self.W @ self.Xb


def without_the_bias(self: Any, X: Array) -> Array:
    """Leave out the last column of W."""
    self.Xb = lecture.add_bias(X)
    return self.W[:, :-1] @ X


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
    treated="The other way: back to the input",
    needs=("add_bias", "init_weights", "scores"),
    criteria=(
        Criterion(
            "forward",
            3.0,
            "W is scale times standard normal draws from rng, the bias its last column, and "
            "forward gives W times the data with a last row of ones.",
            scores_of_data,
        ),
        Criterion(
            "slope by the data",
            2.0,
            "backward returns the slope by X, (D, N), also where D, K or N is 1: the bias feature "
            "is nobody's output.",
            slopes_by_data,
        ),
        Criterion(
            "step",
            2.5,
            "backward moves W against the mean gradient over the samples, and what it returns is "
            "the same for every learning rate.",
            steps,
        ),
        Criterion(
            "called again",
            1.0,
            "Each backward belongs to its own layer's forward before it, and steps add up.",
            called_again,
        ),
        purity(0.5, fixtures.first(3, steps)),
    ),
    misconceptions=(
        Misconception(
            "ones first",
            (mistakes.with_methods(lecture.Dense, forward=ones_first),),
            did="You put the row of ones above the data; the bias is the last column of W.",
            symptom="The first column of W acts as the bias.",
            experiment="Print forward(np.zeros((D, 1))) beside W[:, -1:]: they must be equal.",
            looks_right="Many books put the bias first, and the scores have the right shape.",
            lesson="01_scores",
            treated="Why last, and not first?",
        ),
        Misconception(
            "bias left out",
            (mistakes.with_methods(lecture.Dense, forward=without_the_bias),),
            did="You multiplied the data by W without its last column.",
            symptom="Every column of the scores is off by W[:, -1].",
            experiment="Print forward(np.zeros((D, 1))) beside W[:, -1:]: they must be equal.",
            looks_right="The shape is right, and where all biases are 0 the scores are too.",
            lesson="01_scores",
            treated="The bias, dropped",
        ),
        Misconception(
            "bias row left in",
            (stepping(grad_x=lambda W, G: W.T @ G),),
            did="You returned the slope by all rows of Xb, the bias row with them.",
            symptom="The shape is (D+1, N), and the layer before has only D outputs.",
            experiment="Print backward(grad_z, 0).shape beside X.shape.",
            looks_right="W was multiplied with all of Xb, and the transpose of W is the right "
            "factor on the way back.",
            lesson="10_hidden_layer",
            treated="which column of $\\mathbf{W}_2$ must stay out",
        ),
        Misconception(
            "first row dropped",
            (stepping(grad_x=lambda W, G: W[:, 1:].T @ G),),
            did="You dropped the slope by the first feature, where the last one is the bias's.",
            symptom="Each row stands where the one above it should.",
            experiment="Set W[:, 0] to 0: the first row of the answer must be 0.",
            looks_right="The shape is right, and where the bias comes first the numbers are too.",
            lesson="10_hidden_layer",
            treated="which column of $\\mathbf{W}_2$ must stay out",
        ),
        Misconception(
            "updates first",
            (mistakes.with_methods(lecture.Dense, backward=stepping_first),),
            did="You moved W before you used it for what backward returns.",
            symptom="What backward returns depends on the learning rate.",
            experiment="Make two equal layers; compare one backward with rate 0 and one with rate "
            "1.",
            looks_right="For a small learning rate the difference is small, and W moves as it "
            "should.",
        ),
        Misconception(
            "plus sign",
            (stepping(lambda G, Xb: -mean_gradient(G, Xb)),),
            did="You added the gradient; it points uphill, so that the loss grows.",
            symptom="The loss rises with every step.",
            experiment="Compute the loss before and after one step with a small rate.",
            looks_right="What backward returns is right, and so is the length of the step.",
            lesson="07_sgd",
            treated="a plus sign in the update",
        ),
        Misconception(
            "sum instead of mean",
            (stepping(lambda G, Xb: G @ Xb.T),),
            did="You summed the gradient over the samples and did not divide by N.",
            symptom="The step is N times as long, so that the rate depends on the batch size.",
            experiment="Hand in every sample twice: the step must stay the same.",
            looks_right="For one sample it is the same, and for one batch size a smaller rate "
            "makes up for it.",
            lesson="08_batches",
            treated="Sum instead of mean",
        ),
        Misconception(
            "divided by K",
            (stepping(lambda G, Xb: G @ Xb.T / len(G)),),
            did="You divided the gradient by the number of outputs, not of samples.",
            symptom="The step's length depends on how many rows grad_z has.",
            experiment="Hand in every sample twice: the step must stay the same.",
            looks_right="len(grad_z) counts rows, which are samples in most frameworks.",
            lesson="08_batches",
            treated="the $1/B$ enters once",
        ),
        Misconception(
            "bias step summed",
            (stepping(with_last_column(lambda Xb: Xb.shape[1])),),
            did="You divided the weights' gradient by N and summed that of the biases.",
            symptom="Only the last column of W moves too far, N times.",
            experiment="Hand in each sample twice and compare W[:, -1] after the step.",
            looks_right="The biases' gradient does sum over the samples, and all else is right.",
            lesson="08_batches",
            treated="the $1/B$ enters once",
        ),
        Misconception(
            "biases start at 0",
            (starting_at(mistakes.without_biases),),
            did="You drew weights for the features and set the biases to 0; here all are drawn.",
            symptom="The last column of W is 0 at first.",
            experiment="Print W[:, -1] of a new layer: no entry should be 0.",
            looks_right="Many frameworks start so, and it does no harm to learning.",
        ),
        Misconception(
            "scale ignored",
            (
                starting_at(lambda D, K, rng, scale: 0.01 * rng.standard_normal((K, D + 1))),
                starting_at(lambda D, K, rng, scale: rng.standard_normal((K, D + 1))),
            ),
            did="You did not use the scale that was handed in.",
            symptom="Layers with scale 1 and scale 2, from equal generators, have equal weights.",
            experiment="Make two such layers and divide one W by the other: 2 is right.",
            looks_right="The shape is right, and the numbers come from rng as they should.",
        ),
        Misconception(
            "weights all equal",
            (
                starting_at(lambda D, K, rng, scale: np.zeros((K, D + 1))),
                starting_at(lambda D, K, rng, scale: scale * np.ones((K, D + 1))),
            ),
            did="All weights start at the same number; they are to be drawn from rng.",
            symptom="All scores of a sample are equal at first.",
            experiment="Print W of a new layer: no two entries should be equal.",
            looks_right="A single layer learns from there too, as every class has its own slope.",
        ),
        Misconception(
            "bias never updated",
            (stepping(with_last_column(0)),),
            did="You moved the weights of the features and left the bias where it was.",
            symptom="The last column of W never changes.",
            experiment="Print W[:, -1] before and after a step: does it change?",
            looks_right="Data around the origin hardly needs a bias, so that the accuracy does not "
            "suffer.",
            lesson="07_sgd",
            treated="the bias is never updated",
        ),
        Misconception(
            "no update",
            (stepping(lambda G, Xb: 0 * mean_gradient(G, Xb)),),
            did="backward does not move W.",
            symptom="W is the same after a step, and the loss never changes.",
            experiment="Print W before and after a step: does it change?",
            looks_right="forward is right, and so is all that backward returns; only W stands "
            "still.",
            lesson="07_sgd",
            treated="no update at all",
        ),
        Misconception(
            "first data kept",
            (mistakes.with_methods(lecture.Dense, forward=keeping_first_data),),
            did="backward uses the data of the first forward, not of the last one.",
            symptom="The first step is right, the second one is not.",
            experiment="Call forward with two batches of different size, then backward.",
            looks_right="Where every forward gets the same data, as in a quick test, it is right.",
            shows_in="called again",
        ),
        Misconception(
            "gradients add up",
            (Adding,),
            did="You added each gradient to the one before and stepped against their sum.",
            symptom="The first step is right, the second one too long.",
            experiment="Take a step with grad_z = 0 after another: W must stay where it is.",
            looks_right="Some frameworks add gradients up, and set them to 0 before each step.",
            shows_in="called again",
        ),
        mistakes.on_the_class(
            mistakes.shared_by_all(lecture.Dense, "W"),
            mistakes.shared_by_all(lecture.Dense, "Xb"),
            mistakes.shared_by_all(lecture.Dense, "W", "Xb"),
        ),
        mistakes.changes_upstream(
            mistakes.with_methods(lecture.Dense, backward=dividing_upstream), name="grad_z"
        ),
    ),
    properties=dense_layer,
)
