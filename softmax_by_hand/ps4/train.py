"""The exercise train: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, purity
from autograder.checking.kit import Properties, Several, Student, is_mean, normal
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import Array, Generator
from softmax_by_hand.properties import (
    FAR,
    FAR_HINT,
    FAR_LOSSES,
    FAR_SLOPES,
    in_turn,
    is_loss_of,
    of_one_sample,
    unit,
)


def trainings(batch: Callable[[int], int], penalised: bool = False) -> Callable[..., Any]:
    """Return a maker of short trainings, with batches of this size for N samples."""

    def drawn(rng: Generator) -> list[Arguments]:
        made: list[Arguments] = []
        for size, epochs in zip(fixtures.all_sizes(rng), (2, 1, 3, 2, 1, 2), strict=True):
            call = (
                *fixtures.labelled_data(rng, size),
                batch(size.N),
                epochs,
                fixtures.learning_rate(rng, 0.8),
                fixtures.seed(rng),
            )
            made.append((*call, float(rng.uniform(0.05, 0.3))) if penalised else call)
        return made[2:] if penalised else made

    return drawn


def with_remainder(N: int) -> int:
    """Return a batch size that leaves a remainder, but for N of 3 or less."""
    return next((size for size in (4, 3, 2) if 0 < size < N and N % size), 2)


def trainings_at_large_scores(rng: Generator) -> list[Arguments]:
    """Draw trainings on data at which the first weights give large scores."""
    calls: list[Arguments] = []
    for i, kind in enumerate((*("apart", "top", "improbable") * 2, "low")):
        K, N, seed = int(rng.integers(4, 6)), 3 + i, fixtures.seed(rng)
        D = int(rng.integers(K, 8))
        Z, y = rng.normal(0.0, 1.0, (K, N)), fixtures.labels(rng, K, N)
        if kind == "apart":
            Z[:, :2] += 2000.0 if i < 3 else 0.0, -2000.0
        elif kind == "low":  # one maximum for all columns is right here
            Z -= 2000.0
        elif kind == "top":
            offsets, top = fixtures.two_on_top(rng, K, 0 if i < 3 else -1)
            Z, y = Z + offsets[:, None], rng.permutation(np.resize(top, N))
        else:
            y[:] = y[0]
            Z[:] = fixtures.improbable(rng, K, int(y[0]))[:, None]
        W = lecture.init_weights(D, K, seed.generator())
        X = np.linalg.pinv(W[:, :-1]) @ (Z - W[:, -1:])
        rate = float(rng.uniform(0.2, 0.5) / np.max(np.sum(X**2, axis=0)))
        calls.append((X, lecture.one_hot(y, K), N, 2, rate, seed))
    return calls


def training_by(
    gradient: Callable[[Array, Array, Array], Array] = lecture.batch_gradient,
    pull: Callable[[Array, float], Array] = lecture.l2_gradient,
    soft: mistakes.Formula = lecture.softmax,
    loss: mistakes.Loss = lecture.cce,
    penalty: Callable[[Array, float], float] = lambda W, strength: 0.0,
    loss_after: bool = False,
    mean: Callable[[list[float], list[int]], float] = mistakes.weighted,
    batches: Callable[..., list[list[Array]]] = mistakes.each_epoch,
    weights: Callable[..., Array] = lecture.init_weights,
) -> Callable[..., Any]:
    """Return a training that differs from the lecture's in one part."""

    def train(
        X: Array,
        Y: Array,
        batch_size: int,
        epochs: int,
        learning_rate: float,
        rng: np.random.Generator,
        strength: float = 0.0,
    ) -> Any:
        Xb, W = lecture.add_bias(X), weights(len(X), len(Y), rng)

        def step(batch: Array) -> float:
            nonlocal W
            x, y, before = Xb[:, batch], Y[:, batch], W
            W = W - learning_rate * (gradient(W, x, y) + pull(W, strength))
            at = W if loss_after else before
            return loss(y, soft(at @ x)) + penalty(at, strength)

        history = mistakes.history(step, batches(X.shape[1], batch_size, epochs, rng), mean)
        return W, history

    return train


def training_by_softmax(soft: mistakes.Formula) -> Callable[..., Any]:
    """Return a training with another softmax."""
    return training_by(mistakes.batch_gradient_by(soft=soft), soft=soft)


def remainder_dropped(N: int, size: int, rng: np.random.Generator) -> list[Array]:
    """Return the batches that are full."""
    batches = lecture.batch_indices(N, size, rng)
    return [batch for batch in batches if len(batch) == min(size, N)]


def with_epochs(more: int) -> Callable[..., Any]:
    """Return a training with so many epochs more than were asked for."""
    return lambda X, Y, size, epochs, *rest: lecture.train(X, Y, size, epochs + more, *rest)


def never_reset(*call: Any) -> Any:
    """Add each epoch's loss to those before."""
    W, history = lecture.train(*call)
    return W, np.cumsum(history)


def loss_at_the_end(X: Array, Y: Array, size: int, epochs: int, rate: float, *rest: Any) -> Any:
    """Note the loss of all samples after an epoch's last step."""
    copies = [copy.deepcopy(rest) for _ in range(epochs - 1)]
    runs = [lecture.train(X, Y, size, n, rate, *more) for n, more in enumerate((*copies, rest), 1)]
    A = [lecture.softmax(W @ lecture.add_bias(X)) for W, _ in runs]
    return runs[-1][0], np.array([lecture.cce(Y, each) for each in A])


def training(K: int, D: int, N: int, size: int, *more: Any) -> tuple[Any, ...]:
    return (normal(D, N), in_turn(K, N), size, 3, 0.5, np.random.default_rng(K), *more)


@Properties(
    shape=lambda X, Y, batch_size, epochs, learning_rate, rng, strength=0.0: Several(
        ((len(Y), len(X) + 1), (epochs,))
    ),
    examples=lambda: [training(3, 4, 11, 3), training(4, 3, 8, 8), training(3, 2, 5, 1, 0.1)],
    hint="Two values: the weights (K, D+1), and an array with one loss for each epoch.",
    purity_hint="Does every random number come from the rng that is handed in?",
)
def train(f: Student) -> None:
    K, D, rate = 3, 4, 0.5

    def run(X: Any, Y: Any, size: int, epochs: int = 1, rate: float = rate, *more: float) -> Any:
        return f(X, Y, size, epochs, rate, np.random.default_rng(K), *more)

    def visited(sequence: Sequence[int], size: int, *more: float) -> Any:
        """Train one epoch on samples that rng's order visits in this sequence."""
        twin = np.random.default_rng(K)
        twin.standard_normal((K, D + 1))
        place = np.argsort(twin.permutation(len(sequence)))
        chosen = np.array(sequence)[place]
        return run(X[:, chosen], Y[:, chosen], size, 1, rate, *more)

    def steps_of(sample: int, before: list[int]) -> Callable[[int], np.ndarray]:
        def step(label: int) -> np.ndarray:
            kept = Y.copy()
            W = visited(before, 1)[0] if before else start
            Y[:, sample] = unit(K, at=(label,))
            try:
                return (W - visited([*before, sample], 1)[0]) / rate
            finally:
                Y[:] = kept

        return step

    f.claim(
        "with learning rate 0, W is 0.01 times K (D+1) standard normal numbers from rng",
        "Is init_weights the first thing that asks rng?",
    )
    for X, Y, size, epochs, _, rng in (training(3, 4, 11, 3), training(4, 3, 8, 8)):
        W = f(X, Y, size, epochs, 0.0, rng)[0]
        f.agree(100 * W, np.random.default_rng(len(Y)).standard_normal(W.shape))
    f.claim(
        "and every epoch has the mean loss of all samples, also if the last batch is short",
        "Is each batch's loss weighted by its number of samples? Set back to 0 for each epoch?",
    )
    for X, Y, size, epochs, _, rng in (training(3, 4, 11, 3), training(4, 3, 7, 4)):
        each = [
            f(X[:, [n]], Y[:, [n]], 1, 1, 0.0, np.random.default_rng(len(Y)))[1][0]
            for n in range(Y.shape[1])
        ]
        history = f(X, Y, size, epochs, 0.0, rng)[1]
        is_mean(f, history, each)
    X, Y = normal(D, 8), in_turn(K, 8)
    start = run(X, Y, 8, 1, 0.0)[0]
    x = np.append(X[:, 0], 1)
    of_one_sample(f, steps_of(0, []), x, start @ x, "one sample, the step over minus the rate: ")
    f.claim(
        "one batch of all samples moves W by the mean of what its samples move it by",
        "Divided by what? Is every sample in it?",
    )
    each = [run(X[:, [n]], Y[:, [n]], 1)[0] for n in range(8)]
    is_mean(f, run(X, Y, 8)[0], each)
    x = np.append(X[:, 1], 1)
    first = visited([0], 1)
    what = "the second of two samples, from the W that the first has left: "
    of_one_sample(f, steps_of(1, [0]), x, first[0] @ x, what)
    f.claim(
        "the loss of a sample is taken before its step, and is -log of the true probability",
        "Is the loss taken before the step? Is it the mean over the samples?",
    )
    is_loss_of(f, first[1][0], (start - first[0]) / rate, 0, np.append(X[:, 0], 1))
    second = visited([0, 1], 1)
    loss = 2 * second[1][0] - first[1][0]
    is_loss_of(f, loss, (first[0] - second[0]) / rate, 1, x)
    f.claim(
        "batches come in the order of rng, and the last may be short: as if each sample of the "
        "first came twice, and each of the last, of 2, three times",
        "Is batch_indices called once an epoch? Is every batch used, divided by its own size?",
    )
    wanted = visited([0, 0, 1, 1, 2, 2, 3, 3, 3, 4, 4, 4], 6)[0]
    f.agree(visited([0, 1, 2, 3, 4], 3)[0], wanted, with_equal_batches=wanted)
    f.claim(
        "two epochs are one with every sample twice, the second time in a new order of rng",
        "Is batch_indices called once an epoch?",
    )
    twin = np.random.default_rng(K)
    twin.standard_normal((K, D + 1))
    orders = [*twin.permutation(8), *twin.permutation(8)]
    for strength in ((), (0.2,)):
        wanted, one = visited(orders, 2, *strength)
        W, history = run(X, Y, 2, 2, rate, *strength)
        f.agree(W, wanted, in_one_epoch=wanted)
        f.agree(history.mean(), one[0], mean_of_both_epochs=history.mean(), in_one_epoch=one[0])
    f.claim(
        "the penalty shrinks the weights by 2 rate strength of themselves at each step, not the "
        "biases: seen on samples of zeros, which move the biases alone",
        "Is l2_gradient added to each batch's gradient?",
    )
    zeros = np.zeros_like(X)
    plain, pulled = run(zeros, Y, 4, 3)[0], run(zeros, Y, 4, 3, rate, 0.2)[0]
    f.agree(100 * plain[:, :-1], 100 * start[:, :-1], without_penalty=plain)
    left = (1 - 2 * rate * 0.2) ** 6  # six steps
    f.agree(100 * pulled[:, :-1], 100 * left * start[:, :-1], with_penalty=pulled)
    f.agree(pulled[:, -1], plain[:, -1], biases_without_penalty=plain[:, -1])
    f.claim("the penalty stays out of the history", "Is history the loss alone?")
    before = run(X, Y, 8)[1]
    f.agree(run(X, Y, 8, 1, rate, 0.2)[1], before, without_penalty=before)
    f.claim(
        "scores far apart: certain and right costs 0 and moves nothing; certain and wrong costs as "
        "much as the true score lies below the largest, and moves these two biases by the rate",
        FAR_HINT + " Is a probability clipped before the logarithm?",
    )
    far = np.linalg.pinv(start[:, :-1]) @ (FAR - start[:, -1:])  # inputs with these scores
    after, history = run(far, np.eye(3), 3)
    f.agree(3 * history[0], FAR_LOSSES.sum(), losses_of_the_samples_should_be=FAR_LOSSES)
    moved, wanted = 3 * (after - start)[:, -1], -rate * FAR_SLOPES.sum(axis=1)
    f.agree(moved, wanted, biases_moved_by=moved / 3, they_should_by=wanted / 3)


TRAIN = Exercise(
    signature="train(X, Y, batch_size, epochs, learning_rate, rng, strength=0.0) -> (W, history)",
    reference=lecture.train,
    lesson="08_batches",
    treated="Live: an epoch of batches",
    needs=(
        "add_bias",
        "init_weights",
        "scores",
        "softmax",
        "cce",
        "cce_from_scores",
        "batch_indices",
        "batch_gradient",
        "l2_gradient",
    ),
    tolerance=1e-8,
    criteria=(
        Criterion(
            "short last batch",
            4.0,
            "W starts as init_weights of rng; each epoch goes once through batch_indices of rng; "
            "history holds, for each epoch, the mean loss over all samples, each taken before its "
            "batch's step.",
            lambda rng: fixtures.crossed(trainings(with_remainder)(rng)),
        ),
        Criterion(
            "all at once, and one by one",
            1.0,
            "A batch may hold all samples, also where batch_size is larger, or a single one.",
            lambda rng: (
                trainings(lambda N: N)(rng)[:2]
                + trainings(lambda N: N + 3)(rng)[2:4]
                + trainings(lambda N: 1)(rng)[4:]
            ),
        ),
        Criterion(
            "penalty",
            1.5,
            "The penalty pulls on the weights at each step; history is the loss without it.",
            trainings(with_remainder, penalised=True),
        ),
        Criterion(
            "large scores",
            0.5,
            "Data of any size may be handed in: scores of thousands are no trouble, nor is a "
            "class with probability 0; a loss may be in the hundreds, for nothing is clipped.",
            trainings_at_large_scores,
        ),
        purity(1.0, fixtures.first(2, trainings(with_remainder))),
    ),
    misconceptions=(
        *mistakes.of_the_history(training_by),
        Misconception(
            "loss never reset",
            (never_reset,),
            did="You did not set the sum of losses back to 0 at the start of an epoch.",
            symptom="The history grows by one epoch's loss each time, while W is right.",
            experiment="With learning rate 0 every epoch must have the same loss.",
            looks_right="The first entry is right, and the weights are learned as they should be.",
        ),
        Misconception(
            "loss at the end of the epoch",
            (loss_at_the_end,),
            did="You took the loss of all samples after an epoch's last step.",
            symptom="W is right, and the first entry of the history is well below ln K.",
            experiment="With one batch of all samples, the first loss must be near ln K.",
            looks_right="It is a mean over all samples, and says how good the weights are then.",
            lesson="07_sgd",
            treated="the loss belongs to the weights before the step",
        ),
        Misconception(
            "not shuffled",
            (training_by(batches=mistakes.in_own_order),),
            did="You went through the samples in their own order.",
            symptom="Two generators that draw the same first weights give the same training.",
            experiment="Print the batches of two epochs: they should differ.",
            looks_right="Every sample comes once an epoch, and the loss falls all the same.",
        ),
        Misconception(
            "remainder dropped",
            (training_by(batches=partial(mistakes.each_epoch, cut=remainder_dropped)),),
            did="You left out the samples that do not fill a batch.",
            symptom="Where batch_size does not divide N, some samples of an epoch are never used.",
            experiment="Count the steps of one epoch with N = 11 and batches of 3: there should be "
            "4.",
            looks_right="All batches have the same size, and where batch_size divides N nothing "
            "is lost.",
        ),
        Misconception(
            "weights start at 0",
            (training_by(weights=lambda D, K, rng: np.zeros((K, D + 1))),),
            did="You started at weights of 0; here they are drawn, before the first batches.",
            symptom="The first loss of a batch is exactly ln K.",
            experiment="With learning rate 0, print W: it should not be 0.",
            looks_right="This classifier learns from 0 too, as every class has its own slope.",
        ),
        Misconception(
            "one batch an epoch",
            (
                training_by(
                    batches=lambda *call: [found[:1] for found in mistakes.each_epoch(*call)]
                ),
            ),
            did="You took a step for the first batch only; perhaps the return stands in the loop.",
            symptom="Most samples are never used.",
            experiment="Count the steps of one epoch with N = 11 and batches of 3: there should be "
            "4.",
            looks_right="With one batch of all samples it is right, and the history has its length "
            "anyway.",
        ),
        Misconception(
            "an epoch too many",
            (with_epochs(1),),
            did="Your loop runs once too often, as while epoch <= epochs does.",
            symptom="The history has epochs + 1 entries.",
            experiment="Print len(train(X, Y, 3, 5, 0.1, rng)[1]): it should be 5.",
            looks_right="Each epoch by itself is right, and in a plot one more hardly shows.",
        ),
        Misconception(
            "an epoch too few",
            (with_epochs(-1),),
            did="Your loop runs once too seldom, as range(1, epochs) does.",
            symptom="The history has epochs - 1 entries.",
            experiment="Print len(train(X, Y, 3, 5, 0.1, rng)[1]): it should be 5.",
            looks_right="Each epoch by itself is right, and in a plot one less hardly shows.",
        ),
        Misconception(
            "plus sign",
            (
                lambda X, Y, size, epochs, rate, *rest: lecture.train(
                    X, Y, size, epochs, -rate, *rest
                ),
            ),
            did="You added the gradient to W, which goes uphill.",
            symptom="The history rises.",
            experiment="Train on easy data and print the history beside ln K.",
            looks_right="Each gradient is right, and so is the length of the first step.",
            lesson="07_sgd",
            treated="a plus sign in the update",
        ),
        Misconception(
            "gradient summed",
            (training_by(lambda W, x, y: x.shape[1] * lecture.batch_gradient(W, x, y)),),
            did="You used the sum of the samples' gradients, not their mean.",
            symptom="Larger batches take longer steps, and may overshoot.",
            experiment="Train once with each sample twice in a batch: the step must not change.",
            looks_right="With batches of one sample it is the same, and for others a smaller rate "
            "makes up for it.",
        ),
        Misconception(
            "same order each epoch",
            (
                training_by(
                    batches=lambda N, size, epochs, rng: (
                        [lecture.batch_indices(N, size, rng)] * epochs
                    )
                ),
            ),
            did="You drew the batches once, before the loop over the epochs.",
            symptom="The first epoch is right; then rng is not asked again.",
            experiment="Print the batches of two epochs: are they the same?",
            looks_right="Every sample comes once an epoch, and they were shuffled before the "
            "first.",
        ),
        Misconception(
            "penalty forgotten",
            (training_by(pull=lambda W, strength: 0 * W),),
            did="strength is never used.",
            symptom="The weights are the same with and without penalty.",
            experiment="Compare np.abs(W).sum() for strength 0 and 1: they should differ.",
            looks_right="With strength 0, which is the default, all of it is right.",
            shows_in="penalty",
        ),
        Misconception(
            "half the penalty",
            (training_by(pull=lambda W, strength: lecture.l2_gradient(W, strength / 2)),),
            did="The factor 2 of the square's derivative is missing in the pull of the penalty.",
            symptom="Without a penalty it is right; with one the weights stay too large.",
            experiment="Compare your pull with a numerical gradient of l2_penalty.",
            looks_right="Books that halve the penalty have it so, and the direction is right.",
            shows_in="penalty",
        ),
        Misconception(
            "biases pulled too",
            (training_by(pull=lambda W, strength: 2 * strength * W),),
            did="The penalty pulls on the biases too.",
            symptom="Without a penalty it is right; with one the biases are too small.",
            experiment="Print l2_gradient(W, 1.0)[:, -1]: it must be 0.",
            looks_right="Biases are weights too, and the slope of a square is the same for each of "
            "them.",
            shows_in="penalty",
        ),
        Misconception(
            "penalty in the history",
            (training_by(penalty=lecture.l2_penalty),),
            did="You added the penalty to the losses of the history.",
            symptom="W is right, and the history is too large where strength is not 0.",
            experiment="With learning rate 0 and strength 1000 the history must still be near ln "
            "K.",
            looks_right="It is the whole of what the steps make smaller, so that it seems to "
            "belong there.",
            shows_in="penalty",
        ),
        *mistakes.shifts(
            training_by_softmax,
            experiment="Train on data with 1e6 in it and a tiny rate: is W nan?",
        ),
        mistakes.clipped_loss(lambda loss: training_by(loss=loss)),
        mistakes.nan_in_chain(
            lambda grad_z: training_by(mistakes.batch_gradient_by(grad_z)), mistakes.CHAINS[:1]
        ),
    ),
    properties=train,
)
