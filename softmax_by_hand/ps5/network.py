"""The exercise Network: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograder import ANOTHER, FIRST, Arguments, Criterion, Exercise, Misconception, Step, purity
from autograder.checking.kit import (
    Made,
    PropertiesOfClass,
    Several,
    StudentClass,
    Whole,
    is_mean,
    sums_to,
)
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import BACKWARD, FORWARD, Array, Generator
from softmax_by_hand.properties import FAR_HINT, are_apart, network_example, of_a_network, unit

FIT, PREDICT, W1, W2 = Step("fit"), Step("predict"), Step("W1"), Step("W2")


def arguments(rng: Generator, size: fixtures.Sizes) -> Arguments:
    return size.D, int(rng.integers(2, 6)), size.K, fixtures.seed(rng)


def forwards(rng: Generator) -> list[Arguments]:
    return [
        (*arguments(rng, size), W1, W2, FORWARD, X, PREDICT, X, PREDICT, abs(X))
        for size in (*fixtures.all_sizes(rng)[:4], fixtures.Sizes(4, 3, 4))
        for X, _ in (fixtures.labelled_data(rng, size),)
    ]


def backwards(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size in fixtures.all_sizes(rng)[:4]:
        (X, Y), (other, _) = fixtures.labelled_data(rng, size), fixtures.labelled_data(rng, size)
        calls.append((*arguments(rng, size), FORWARD, other, FORWARD, X, BACKWARD, Y, W1))
    for _ in range(2):
        X, other = fixtures.labelled_data(rng, size)[0], fixtures.labelled_data(rng, size)[0]
        first, second = arguments(rng, size), arguments(rng, size)
        second = (size.D, first[1], size.K, second[-1])  # of the same shape
        beside = (ANOTHER, *second, FORWARD, other, FIRST, BACKWARD, Y, FORWARD, X)
        calls.append((*first, FORWARD, X, *beside))
    return calls


def fits(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size, epochs in zip(fixtures.all_sizes(rng)[:4], (2, 1, 3, 1), strict=True):
        X, Y = fixtures.labelled_data(rng, size)
        batch = next(b for b in (4, 3, 2) if X.shape[1] % b)
        rate, seed = fixtures.learning_rate(rng, 0.8), fixtures.seed(rng)
        steps = (FIT, X, Y, batch, epochs, rate, seed, W1, W2, PREDICT, X)
        calls.append((*arguments(rng, size), *steps))
    return calls


def fits_to_large_scores(rng: Generator) -> list[Arguments]:
    """Draw networks that long steps lead to large scores.

    At the data each hidden unit is exactly 1 or -1, so that W1 stays where it is and a step of
    rate r with labels y moves the scores by r (y - a) times the number of units and 1.
    """
    calls: list[Arguments] = []
    # Each kind is drawn twice: a mistake is named only where it shows in two calls.
    for kind in ("close", "apart", "improbable", "apart", "improbable"):
        D, H, K, N = 7, 2 if kind == "improbable" else 4, int(rng.integers(6, 8)), 4
        certain = True
        while certain:  # rarely: every sample gets the same class; then draw again
            made = (D, H, K, fixtures.seed(rng))
            network = lecture.Network(D, H, K, made[-1].generator())
            some = rng.choice((-1.0, 1.0), (H, 24))
            at_first = lecture.softmax(network.W2 @ lecture.add_bias(some))
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
            lecture.one_hot(np.resize(labels, N), K)
            for labels in ((rare, next_rare), rare, next_rare)
        )

        def fit(X: Array, Y: Array, rate: float, N: int = N) -> Arguments:
            return FIT, X, Y, N, 1, float(rate), fixtures.seed(rng)

        if kind == "close":  # two classes near 800, about 1 apart; first, data of thousands
            far = far_unseen(rng, network, N)
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
        calls.append((*made, *steps, PREDICT, X))
    return calls


def far_unseen(rng: Generator, network: lecture.Network, N: int) -> Array:
    """Draw data far out where no hidden unit sees it, that gets other labels if it is clipped."""
    unseen = np.linalg.svd(network.W1[:, :-1])[2][-1]
    lengths = 20000.0 * np.resize((1, -1), 32) * np.arange(1, 33)
    X = rng.normal(0, 2, (len(unseen), 32)) + np.outer(unseen, lengths)
    clipped = [network.predict(np.clip(X, -limit, limit)) for limit in (20, 50, 700)]
    others = np.all(network.predict(X) != clipped, axis=0)
    return X[:, np.argsort(~others, kind="stable")[:N]]


def network_by(
    soft: mistakes.Formula = lecture.softmax,
    bend: mistakes.Formula = np.tanh,
    gradients: Callable[..., dict[str, Array]] = lecture.network_gradients,
) -> type:
    """Return the network with another softmax, activation, or backward."""

    def forward(self: Any, X: Array) -> Array:
        self.X = X
        return soft(self.W2 @ lecture.add_bias(bend(self.W1 @ lecture.add_bias(X))))

    def backward(self: Any, Y: Array) -> tuple[Array, Array]:
        found = gradients(self.W1, self.W2, self.X, Y)
        return found["W1"], found["W2"]

    return mistakes.with_methods(lecture.Network, forward=forward, backward=backward)


def network_by_softmax(soft: mistakes.Formula) -> type:
    """Return the network with another softmax, in forward and in backward."""
    return network_by(soft, gradients=mistakes.network_gradients_by(soft=soft))


def starting_at(weights: Callable[[int, int, int, Any], Sequence[Array]]) -> type:
    """Return the network with other first weights, of D, H, K and rng."""

    def __init__(self: Any, D: int, H: int, K: int, rng: Any) -> None:
        self.W1, self.W2 = weights(D, H, K, rng)

    return mistakes.with_methods(lecture.Network, __init__=__init__)


def all_equal(D: int, H: int, K: int, rng: Any) -> Sequence[Array]:
    """Start at weights of 0."""
    return np.zeros((H, D + 1)), np.zeros((K, H + 1))


def small(D: int, H: int, K: int, rng: Any) -> Sequence[Array]:
    """Start at small weights in both layers."""
    return lecture.init_weights(D, H, rng), lecture.init_weights(H, K, rng)


def last_drawn_first(D: int, H: int, K: int, rng: Any) -> Sequence[Array]:
    """Draw W2 before W1."""
    last = lecture.init_weights(H, K, rng, 1 / np.sqrt(H))
    return lecture.init_weights(D, H, rng, 1 / np.sqrt(D)), last


def without_biases(D: int, H: int, K: int, rng: Any) -> Sequence[Array]:
    """Start at biases of 0."""
    first = mistakes.without_biases(D, H, rng, 1 / np.sqrt(D))
    return first, mistakes.without_biases(H, K, rng, 1 / np.sqrt(H))


def move(network: Any, gradients: Sequence[Array], rate: float) -> None:
    """Step against the gradients by W1 and W2."""
    network.W1 = network.W1 - rate * gradients[0]
    network.W2 = network.W2 - rate * gradients[1]


def fit_by(
    update: Callable[[Any, Array, float], None] = lambda network, y, rate: move(
        network, network.backward(y), rate
    ),
    loss: mistakes.Loss = lecture.cce,
    loss_after: bool = False,
    mean: Callable[[list[float], list[int]], float] = mistakes.weighted,
    batches: Callable[..., list[list[Array]]] = mistakes.each_epoch,
) -> type:
    """Return the network whose fit differs from the lecture's in one part."""

    def fit(
        self: Any, X: Array, Y: Array, size: int, epochs: int, rate: float, rng: Generator
    ) -> Array:
        def step(batch: Array) -> float:
            x, y = X[:, batch], Y[:, batch]
            before = loss(y, self.forward(x))
            update(self, y, rate)
            return loss(y, self.forward(x)) if loss_after else before

        return mistakes.history(step, batches(X.shape[1], size, epochs, rng), mean)

    return mistakes.with_methods(lecture.Network, fit=fit)


def move_only_last(network: Any, y: Array, rate: float) -> None:
    """Leave W1 where it is."""
    network.W2 = network.W2 - rate * network.backward(y)[1]


def move_last_first(network: Any, y: Array, rate: float) -> None:
    """Use the new W2 for the slope of W1."""
    Xb, A2 = lecture.add_bias(network.X), network.forward(network.X)
    move_only_last(network, y, rate)
    slope = network.W2[:, :-1].T @ (A2 - y) * (1 - np.tanh(network.W1 @ Xb) ** 2)
    network.W1 = network.W1 - rate * slope @ Xb.T / Xb.shape[1]


def exchanged(network: Any, Y: Array) -> tuple[Array, Array]:
    """Return the gradient by W2 first."""
    grad_W1, grad_W2 = lecture.Network.backward(network, Y)
    return grad_W2, grad_W1


def move_by_exchanged(network: Any, y: Array, rate: float) -> None:
    """Return the gradients in the other order, and use them in that order."""
    move(network, network.backward(y)[::-1], rate)


def one_hot_predictions(network: Any, X: Array) -> Array:
    """Predict one-hot columns."""
    return lecture.one_hot(lecture.Network.predict(network, X), len(network.W2))


def best_samples(network: Any, X: Array) -> Array:
    """Take argmax along the wrong axis: the best sample of each class."""
    return np.argmax(network.forward(X), axis=1)


def network_example_of_steps(D: int, H: int, K: int, N: int) -> tuple[Any, ...]:
    X, Y = network_example(D, H, K, N)[2:]
    fit = ("fit", X, Y, 3, 2, 0.5, np.random.default_rng(2))
    arguments = (D, H, K, np.random.default_rng(1))
    return (arguments, ("forward", X), ("backward", Y), fit, ("predict", X))


@PropertiesOfClass(
    shape=lambda D, H, K, rng: (),
    parts={
        "forward": lambda net, X: (len(net.W2), X.shape[1]),
        "backward": lambda net, Y: Several((net.W1.shape, net.W2.shape)),
        "fit": (lambda net, X, Y, batch_size, epochs, learning_rate, rng: (epochs,)),
        "predict": lambda net, X: Whole((X.shape[1],)),
    },
    examples=lambda: [network_example_of_steps(4, 6, 3, 7), network_example_of_steps(3, 4, 4, 4)],
    hint="W1 is (H, D+1), W2 is (K, H+1); probabilities (K, N), labels (N,).",
    purity_hint="Is X changed in place? Does every random number come from the rng handed in?",
)
def network(f: StudentClass) -> None:
    def made(D: int, H: int, K: int) -> tuple[Made, np.ndarray, np.ndarray]:
        net = f.new(D, H, K, np.random.default_rng(1))
        return net, net.read("W1", (H, D + 1)), net.read("W2", (K, H + 1))

    f.claim(
        "W1, then W2, are standard normal numbers from rng, over sqrt(D) and sqrt(H)",
        "init_weights(D, H, rng, 1 / sqrt(D)) first, then init_weights(H, K, rng, 1 / sqrt(H)).",
    )
    sizes = ((4, 6, 3, 7), (3, 4, 4, 4))
    for D, H, K, _ in sizes:
        _, W1, W2 = made(D, H, K)
        rng = np.random.default_rng(1)
        f.agree(W1, rng.standard_normal((H, D + 1)) / np.sqrt(D))
        f.agree(W2, rng.standard_normal((K, H + 1)) / np.sqrt(H))
    f.claim(
        "forward: softmax of W2 times tanh of W1 times the data, each with its row of ones",
        "Are they probabilities? Is tanh between the two layers?",
    )
    for D, H, K, N in sizes:
        net, W1, W2 = made(D, H, K)
        X = network_example(D, H, K, N)[2]
        A = net("forward", X)
        sums_to(f, 1, A)
        for n, x in enumerate(X.T):
            z = W2 @ np.append(np.tanh(W1 @ np.append(x, 1)), 1)
            f.agree(np.log(A[:, n] / A[0, n]), z - z[0], sample=n, differences_of_scores=z - z[0])
        f.expect(np.array_equal(net("predict", X), A.argmax(axis=0)))
    for D, H, K, N in sizes:
        X = network_example(D, H, K, N)[2]
        _, W1, W2 = made(D, H, K)

        def alone(label: int, sizes: Any = (D, H, K), X: Any = X) -> Any:
            net, *_ = made(*sizes)
            net("forward", X[:, ::-1].copy())  # backward belongs to the last forward
            net("forward", X[:, :1])
            return net("backward", unit(sizes[2], 1, at=(label, 0)))

        of_a_network(f, alone, W1, W2, X[:, 0], "backward, one sample: ")
    f.claim(
        "backward: the gradients of a batch are the means of those of its samples",
        "In which order? Divided by N once? Of the last forward?",
    )
    for D, H, K, N in sizes:
        net, *_ = made(D, H, K)
        X, Y = network_example(D, H, K, N)[2:]
        each = []
        for n in range(N):
            net("forward", X[:, [n]])
            each.append(net("backward", Y[:, [n]]))
        net("forward", X)
        for found, parts in zip(net("backward", Y), zip(*each, strict=True), strict=True):
            is_mean(f, found, parts)
    X, Y = network_example(4, 6, 3, 7)[2:]
    f.claim(
        "fit with learning rate 0 moves nothing, and each epoch has the mean loss of all samples",
        "Is each batch's loss weighted by its number of samples?",
    )
    net, W1, _ = made(4, 6, 3)
    true = net("forward", X)[Y == 1]
    history = net("fit", X, Y, 3, 2, 0.0, np.random.default_rng(2))
    f.agree(np.exp(-7 * history), true.prod(), 1e-9, product_of_true_probabilities=true.prod())
    f.agree(net.read("W1", W1.shape), W1)
    f.claim(
        "fit on one batch steps against both gradients of backward, and takes the loss before",
        "Which sign? Do both weights move? Is the loss taken before the step?",
    )
    net, W1, W2 = made(4, 6, 3)
    net("forward", X)
    by_1, by_2 = net("backward", Y)
    history = net("fit", X, Y, 7, 1, 0.5, np.random.default_rng(2))
    f.agree(np.exp(-7 * history), true.prod(), 1e-9, product_of_true_probabilities=true.prod())
    for name, W, gradient in (("W1", W1, by_1), ("W2", W2, by_2)):
        found = net.read(name, W.shape)
        f.agree((W - found) / 0.5, gradient, **{f"your gradient of {name}": gradient})
    f.claim(
        "fit goes batch by batch in the order of rng, as if it were called with each of them",
        "Is batch_indices called once an epoch? Is every batch used? Weighted by its size?",
    )
    one, W1, W2 = made(4, 6, 3)
    other, *_ = made(4, 6, 3)
    history = one("fit", X, Y, 3, 2, 0.5, np.random.default_rng(2))
    rng, wanted = np.random.default_rng(2), []
    for _ in range(2):
        order = rng.permutation(7)
        batches = [order[:3], order[3:6], order[6:]]
        losses = [
            other("fit", X[:, part], Y[:, part], len(part), 1, 0.5, np.random.default_rng(3))[0]
            for part in batches
        ]
        wanted.append(np.dot([3, 3, 1], losses) / 7)
    f.agree(history, wanted, history_of_each_batch_alone=np.array(wanted))
    for name, W in (("W1", W1), ("W2", W2)):
        each = other.read(name, W.shape)
        f.agree(one.read(name, W.shape), each, **{f"{name} of each batch alone": each})
    f.claim(
        "fit: once a step has driven the scores far apart, the loss of a sample is as much as its "
        "true score lies below the largest, and forward gives probabilities at whatever scores",
        "Is a probability clipped before the logarithm? " + FAR_HINT,
    )
    for rate in (500.0, 5000.0):  # at 5000 a probability is 0 in floating point, its loss inf
        net, *_ = made(4, 6, 3)
        net("fit", X, Y, 7, 1, rate, np.random.default_rng(2))
        A = net("forward", X)
        sums_to(f, 1, A)
        if rate == 500:
            W1, W2 = net.read("W1", (6, 5)), net.read("W2", (3, 7))
            hidden = np.tanh(W1[:, :-1] @ X + W1[:, -1:])
            Z = W2[:, :-1] @ hidden + W2[:, -1:]
            below = Z.max(axis=0) - Z[Y.argmax(axis=0), np.arange(7)]
            history = net("fit", X, Y, 7, 1, 0.0, np.random.default_rng(2))
            f.agree(history[0], below.mean(), true_scores_below_the_largest=below)
    are_apart(f, lambda: made(4, 6, 3)[0], X, Y)


NETWORK = Exercise(
    signature="Network(D, H, K, rng), forward(X) -> (K, N), backward(Y) -> (grad_W1, grad_W2), "
    "fit(X, Y, batch_size, epochs, learning_rate, rng) -> history, predict(X) -> labels",
    reference=lecture.Network,
    lesson="10_hidden_layer",
    treated="A hidden layer",
    # The class is made of the exercises before it.
    needs=(
        "add_bias",
        "init_weights",
        "scores",
        "softmax",
        "cce",
        "cce_from_scores",
        "batch_indices",
        "network_forward",
        "network_gradients",
        "network_step",
    ),
    tolerance=1e-8,
    criteria=(
        Criterion(
            "forward",
            1.5,
            "W1 (H, D+1), then W2 (K, H+1), are drawn from rng with scales 1/sqrt(D) and "
            "1/sqrt(H); forward gives the probabilities, predict the most probable class.",
            forwards,
        ),
        Criterion(
            "backward",
            0.5,
            "backward returns the gradients of the mean loss by W1 and W2 for the data of its own "
            "network's last forward, and moves nothing.",
            backwards,
        ),
        Criterion(
            "fit",
            1.0,
            "Each epoch goes once through batch_indices of rng and steps against both gradients; "
            "history is the mean loss over all samples, before the steps.",
            fits,
        ),
        Criterion(
            "large scores",
            0.5,
            "Scores of thousands, to which a long step leads, are no trouble, and a loss may be in "
            "the hundreds, for nothing is clipped.",
            fits_to_large_scores,
        ),
        purity(0.5, fixtures.first(2, fits)),
    ),
    misconceptions=(
        Misconception(
            "all weights equal",
            (starting_at(all_equal),),
            did="All weights start at 0, so all hidden units are and stay the same.",
            symptom="Every probability is 1/K at the start.",
            experiment="Print W1 after training: are its rows all equal?",
            looks_right="A classifier with one matrix may well start at 0, and it learns all the "
            "same.",
        ),
        Misconception(
            "other first weights",
            (starting_at(small), starting_at(last_drawn_first)),
            did="You drew the first weights with other scales, or those of W2 before W1.",
            symptom="Before any training W1 or W2 differs from what rng and the scales give.",
            experiment="Draw from an equal generator what the text says, and compare.",
            looks_right="The shapes are right, and such a network learns too, if not as well.",
        ),
        Misconception(
            "biases start at 0",
            (starting_at(without_biases),),
            did="You drew weights for the features and set the biases to 0; here all are drawn.",
            symptom="The last columns of W1 and W2 are 0 at first.",
            experiment="Print W1[:, -1] of a new network: no entry should be 0.",
            looks_right="Many frameworks start so, and it does no harm to learning.",
        ),
        Misconception(
            "no bend",
            (network_by(bend=lambda Z: Z),),
            did="forward has no tanh between the two layers; together they are one linear layer.",
            symptom="The borders between the classes are straight.",
            experiment="Print forward(1000 * X).max(axis=0) before training: no class should be "
            "certain.",
            looks_right="All shapes are right, the columns sum to 1, and small inputs are hardly "
            "bent at all.",
        ),
        Misconception(
            "scores instead of probabilities",
            (network_by(soft=lambda Z: Z),),
            did="forward returns scores; the softmax at the end is missing.",
            symptom="The columns do not sum to 1.",
            experiment="Print forward(X).sum(axis=0): every sum should be 1.",
            looks_right="The largest score has the largest probability, so that every prediction "
            "is right.",
            lesson="02_softmax",
            treated="From scores to probabilities",
        ),
        Misconception(
            "one-hot predictions",
            (mistakes.with_methods(lecture.Network, predict=one_hot_predictions),),
            did="predict returns one-hot columns, where labels are asked for.",
            symptom="The shape is (K, N).",
            experiment="Print predict(X).shape: it should be (N,).",
            looks_right="The 1 stands at the right class, and training was given one-hot columns "
            "too.",
            lesson="01_scores",
            treated="Which class wins?",
        ),
        Misconception(
            "argmax over the samples",
            (mistakes.with_methods(lecture.Network, predict=best_samples),),
            did="predict looks for the best sample of each class.",
            symptom="There are K answers, where N are asked for.",
            experiment="Print predict(X).shape: it should be (N,).",
            looks_right="Where samples are rows, the classes do lie along axis 1.",
            lesson="01_scores",
            treated="one sample a column",
        ),
        Misconception(
            "gradients exchanged",
            (mistakes.with_methods(fit_by(move_by_exchanged), backward=exchanged),),
            did="backward returns the gradient of W2 first.",
            symptom="The shapes are those of the other one.",
            experiment="Print backward(Y)[0].shape beside W1.shape.",
            looks_right="Both gradients are right, and on the way back the one of W2 does come "
            "first.",
        ),
        Misconception(
            "slope of tanh left out",
            (
                network_by(
                    gradients=mistakes.network_gradients_by(slope=lambda Z1, A1: np.ones(A1.shape))
                ),
            ),
            did="The slope of tanh is missing on the way back to W1.",
            symptom="The gradient of W2 is right, that of W1 is not.",
            experiment="Compare both with numerical gradients.",
            looks_right="Near 0 the slope of tanh is nearly 1, so that small weights hide it.",
        ),
        Misconception(
            "sum instead of mean",
            (network_by(gradients=mistakes.network_gradients_by(over=lambda N: 1)),),
            did="backward does not divide by N.",
            symptom="N times too large.",
            experiment="Hand in every sample twice: the gradients must stay the same.",
            looks_right="For one sample it is the same, and for one batch size a smaller rate "
            "makes up for it.",
            lesson="08_batches",
            treated="Sum instead of mean",
        ),
        Misconception(
            "plus sign",
            (fit_by(lambda network, y, rate: move(network, network.backward(y), -rate)),),
            did="fit adds the gradients to the weights, which goes uphill.",
            symptom="The history rises.",
            experiment="Print the history of ten epochs: it should fall.",
            looks_right="Both gradients are right, and so is the length of the first step.",
            lesson="07_sgd",
            treated="a plus sign in the update",
        ),
        Misconception(
            "only the last layer learns",
            (fit_by(move_only_last),),
            did="fit moves W2 and leaves W1 where it was.",
            symptom="W1 is the same after training.",
            experiment="Keep before = W1.copy() and compare after fit: they should differ.",
            looks_right="The loss does fall, as the last layer can make use of random hidden "
            "units.",
        ),
        *mistakes.of_the_history(fit_by, lesson="08_batches"),
        Misconception(
            "last layer moved first",
            (fit_by(move_last_first),),
            did="You moved W2 before you used it for the slope of W1.",
            symptom="W2 is right after a single step, and W1 is not.",
            experiment="Compare W1 after one step with the old W1 and backward's first answer.",
            looks_right="For a small learning rate the difference is small, and the loss falls.",
        ),
        Misconception(
            "not shuffled",
            (fit_by(batches=mistakes.in_own_order),),
            did="fit goes through the samples in their own order.",
            symptom="Generators with different seeds give the same training.",
            experiment="Train two equal networks with different rngs: W1 should differ.",
            looks_right="Every sample comes once an epoch, and the loss falls all the same.",
            lesson="08_batches",
            treated="rng.permutation(X_train.shape[1])",
        ),
        Misconception(
            "largest score not subtracted",
            # Training moves no sample's mean score, so that these three cannot be told apart.
            tuple(map(network_by_softmax, (mistakes.unshifted, *mistakes.OTHER_SHIFTS))),
            did="You took exp of scores from which each sample's largest was not subtracted first.",
            symptom="nan once training has driven the scores of a sample far enough apart.",
            experiment="Take one step with a rate of 5000, then print forward(X): is it nan?",
            looks_right="It is the formula word for word, and small steps never lead to large "
            "scores.",
            shows_in="large scores",
            lesson="02_softmax",
            treated="The max trick",
        ),
        mistakes.one_maximum(network_by_softmax(mistakes.by_one_maximum)),
        mistakes.clipped_loss(lambda loss: fit_by(loss=loss)),
        mistakes.on_the_class(
            mistakes.shared_by_all(lecture.Network, "X"),
            mistakes.shared_by_all(lecture.Network, "W1", "W2"),
            mistakes.shared_by_all(lecture.Network, "W1", "W2", "X"),
            again="backward",
        ),
    ),
    properties=network,
)
