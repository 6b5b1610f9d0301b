"""The exercise cce: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, along_axes, purity
from autograder.checking.kit import Y5, Properties, Student, chances, is_mean
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import Array, Generator

Average = Callable[[Array], Any]


def prediction_batches(rng: Generator) -> list[Arguments]:
    passes = fixtures.forward_passes(rng)
    one_column = (passes[0].Y[:, :1], passes[0].A[:, :1])
    other_order = (passes[0].Y, passes[-1].A)
    return [*((run.Y, run.A) for run in passes[:-1]), other_order, one_column]


def prediction_vectors(rng: Generator) -> list[Arguments]:
    passes = [fixtures.forward_pass(rng, size) for size in fixtures.sizes(rng, 4)]
    first_and_last = [
        (fixtures.unit(label, len(run.A)), run.A[:, 0])
        for run, label in zip(passes[:2], (0, len(passes[1].A) - 1), strict=True)
    ]
    return first_and_last + [(run.Y[:, 0], run.A[:, 0]) for run in passes[2:]]


def confident_predictions(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    passes = [fixtures.forward_pass(rng, size) for size in fixtures.sizes(rng, 5)]
    for run in passes[:2]:  # exact 1 at the true class, exact 0 elsewhere
        K = len(run.Z)
        columns = {n: fixtures.far_apart(rng, K, int(run.y[n])) for n in (0, 1)}
        calls.append(fixtures.predictions(run, columns))
    for run in passes[2:4]:  # exact 0 at the true class
        K = len(run.Z)
        wrong = fixtures.other_label(rng, int(run.y[1]), K)
        calls.append(fixtures.predictions(run, {1: fixtures.far_apart(rng, K, wrong)}))
    for run in passes[3:]:  # tiny at the true class, nowhere 0
        K = len(run.Z)
        tiny = {
            n: fixtures.far_apart(rng, K, fixtures.other_label(rng, int(run.y[n]), K), gap)
            for n, gap in enumerate((10.0, 20.0, 100.0))
        }
        calls.append(fixtures.predictions(run, tiny))
    everything_right = passes[4].Y
    places = ((0, 0), (1, 1), (2, 1), (4, 1))  # a column of each kind as a single sample
    single = [tuple(part[:, n] for part in calls[i]) for i, n in places]
    return [*calls, (everything_right, everything_right), *single]


def vectors_and_batches(rng: Generator) -> list[Arguments]:
    return prediction_batches(rng)[:2] + prediction_vectors(rng)[:1]


# The mean over the samples of the sum over the classes, as people write it, right or not.
AVERAGES: tuple[Average, ...] = (
    lambda terms: np.mean(np.sum(terms, axis=0)),
    lambda terms: np.sum(terms) / terms.shape[1],
    lambda terms: np.sum(terms) / terms.shape[-1],
    np.sum,
    np.mean,
)


def cross_entropy(average: Average, guard: mistakes.Formula) -> mistakes.Loss:
    """Return the cross-entropy with this average, its logarithm guarded."""
    return lambda Y, Yhat: average(-Y * np.log(guard(Yhat)))


def with_any_guard(average: Average) -> tuple[mistakes.Loss, ...]:
    """Return the cross-entropy with this average, right at 0 log 0, and then guarded."""
    guards = [
        guard
        for eps in mistakes.EPSILONS
        for guard in (mistakes.added(eps), mistakes.clipped(eps, 1.0 - eps))
    ]
    return (
        lambda Y, Yhat: average(-Y * np.log(np.where(Y == 0, 1, Yhat))),
        *(cross_entropy(average, guard) for guard in guards),
    )


def binary(Y: Array, Yhat: Array) -> Array:
    """Return the terms of the binary cross-entropy."""
    return -np.where(Y == 0, np.log(1 - Yhat), np.log(Yhat))


def true_probability(Y: Array, Yhat: Array) -> Array:
    """Return the probability of each sample's true class."""
    return np.sum(Y * Yhat, axis=0)


@Properties(
    shape=lambda Y, Yhat: (),
    examples=lambda: [(Y5[:, :N], chances(3, N)) for N in (5, 3, 1)] + [(Y5[:, 0], chances(3))],
    hint="One number, for a batch (K, N) as for a single sample (K,): which axes are left?",
)
def cce(f: Student) -> None:
    f.claim(
        "equal chances for K classes cost ln K, whatever N",
        "Natural logarithm, with which sign? Is the sum divided by N alone? Which class counts?",
    )
    for Y in (Y5[:, 0], Y5[:, 2], Y5, Y5[:, :3], np.array([0.0, 0, 1, 0, 0])):
        f.agree(f(Y, np.full(Y.shape, 1 / len(Y))), np.log(len(Y)), ln_K=np.log(len(Y)))
    y = np.array([0.0, 1, 0])
    f.claim(
        "half the chance for the true class costs ln 2 more",
        "The loss of a sample comes from one entry of yhat: which one, and by which function?",
    )
    twice = f(y, np.array([0.1, 0.8, 0.1]))
    f.agree(f(y, np.array([0.3, 0.4, 0.3])) - twice, np.log(2), at_twice_the_chance=twice)
    f.claim("how the other classes share the rest changes nothing", "What do they add to the loss?")
    before = f(y, np.array([0.3, 0.4, 0.3]))
    f.agree(f(y, np.array([0.5, 0.4, 0.1])), before, at_03_04_03=before)
    f.claim(
        "the loss of a batch is the mean of the losses of its columns",
        "Is the mean taken of the losses, or of something else, and over how many?",
    )
    for N in (5, 3):
        Y, Yhat = Y5[:, :N], chances(3, N)
        is_mean(f, f(Y, Yhat), [f(Y[:, n], Yhat[:, n]) for n in range(N)])
    f.claim(
        "an exact 0 where y is 0 is no trouble, a perfect prediction costs 0: 0 log 0 counts as 0",
        "NumPy says that 0 * log(0) is nan. Which logarithms are needed at all?",
    )
    for Y in (Y5, Y5[:, 0], Y5[:, 2], Y5[:, :3]):
        f.expect(f(Y, Y) == 0)
    f.agree(f(y, np.array([0.0, 0.25, 0.75])), np.log(4), ln_4=np.log(4))
    f.claim(
        "a true class that was given the chance 0 costs inf",
        "Is something added to yhat, or is it clipped? A certain mistake has no finite price.",
    )
    wrong = np.array([[0.5, 0.5, 0.5, 0.5, 1], [0, 0.5, 0, 0.5, 0], [0.5, 0, 0.5, 0, 0]])
    f.expect(f(Y5, wrong, finite=False) == np.inf)
    f.expect(f(Y5[:, 0], wrong[:, 0], finite=False) == np.inf)


CCE = Exercise(
    signature="cce(Y, Yhat) -> float; both (K, N), or (K,) for one sample",
    reference=lecture.cce,
    lesson="03_cross_entropy",
    treated="What we want from a loss",
    criteria=(
        Criterion(
            "mean over samples",
            2.5,
            "The loss is one number: the mean over the samples of -log of the probability "
            "that each sample's true class was given.",
            prediction_batches,
        ),
        Criterion(
            "single sample",
            1.5,
            "One sample (K,) has its own loss, -log of the probability of its true class.",
            prediction_vectors,
        ),
        Criterion(
            "exact 0 and 1",
            1.5,
            "0 log 0 counts as 0; a true class at probability 1 costs 0 and at 0 costs inf; "
            "small probabilities are not rounded up.",
            confident_predictions,
        ),
        purity(0.5, vectors_and_batches),
    ),
    misconceptions=(
        Misconception(
            "sum instead of mean",
            with_any_guard(np.sum),
            did="You added the losses of all samples and did not divide by their number.",
            symptom="The loss is N times too large, and doubles when the batch is repeated.",
            experiment="Compare cce(Y, Yhat) with cce of two copies side by side (np.hstack).",
            looks_right="For one sample it is the same, and it is smallest for the same weights as "
            "the mean.",
        ),
        Misconception(
            "mean over all entries",
            with_any_guard(np.mean),
            did="You averaged over all K times N entries, not over the N samples.",
            symptom="The loss is K times too small.",
            experiment="Uniform predictions cost ln K: try K = 4, where ln 4 = 1.386.",
            looks_right="np.mean takes the mean of whatever it is given, and the loss falls in "
            "training as it should.",
        ),
        Misconception(
            "log base 2",
            (lambda Y, Yhat: -np.mean(np.log2(true_probability(Y, Yhat))),),
            did="You used log2, where the natural logarithm is meant.",
            symptom="The loss is 1.4427 times too large.",
            experiment="Print cce of one sample whose true class has probability 1/2: 0.6931.",
            looks_right="A perfect guess costs 0, the loss rises and falls as it should, and "
            "information is measured in bits.",
        ),
        Misconception(
            "log base 10",
            (lambda Y, Yhat: -np.mean(np.log10(true_probability(Y, Yhat))),),
            did="You used log10, where the natural logarithm is meant.",
            symptom="The loss is 0.4343 times what it should be.",
            experiment="Print cce of one sample whose true class has probability 1/2: 0.6931.",
            looks_right="A perfect guess costs 0, and the loss rises and falls as it should.",
        ),
        Misconception(
            "sign",
            (
                lambda Y, Yhat: np.mean(np.log(true_probability(Y, Yhat))),
                lambda Y, Yhat: np.sum(np.log(true_probability(Y, Yhat))),
            ),
            did="You left out the minus sign.",
            symptom="The loss is negative.",
            experiment="Print cce for any predictions: log of a probability is never above 0.",
            looks_right="A perfect guess gives 0, and the logarithms of large probabilities are "
            "what one wants to add up.",
        ),
        Misconception(
            "binary cross-entropy",
            (
                lambda Y, Yhat: np.mean(np.sum(binary(Y, Yhat), axis=0)),
                lambda Y, Yhat: np.mean(binary(Y, Yhat)),
                lambda Y, Yhat: np.sum(binary(Y, Yhat)),
            ),
            did="You added the terms (1 - y) log(1 - yhat) of the binary cross-entropy.",
            symptom="The probabilities of the wrong classes matter one by one.",
            experiment="Move probability from one wrong class to another: the loss should stay.",
            looks_right="For a single probability and a label of 0 or 1 it is the right loss.",
        ),
        Misconception(
            "log of the mean",
            (lambda Y, Yhat: -np.log(np.mean(true_probability(Y, Yhat))),),
            did="You averaged the probabilities first and took the logarithm afterwards.",
            symptom="The loss is too small, as -log of a mean is below the mean of -log.",
            experiment="Take two samples with .9 and .1 at the true class: the mean is 1.204.",
            looks_right="For one sample, and where all samples have the same probability, it is "
            "the same number.",
        ),
        Misconception(
            "1 - p",
            (lambda Y, Yhat: np.mean(1 - true_probability(Y, Yhat)),),
            did="You took 1 minus the probability of the true class, without a logarithm.",
            symptom="The loss is never above 1, however wrong the prediction is.",
            experiment="Give the true class probability 0.001: the loss should be 6.9.",
            looks_right="A perfect guess costs 0, and the loss grows as the true class loses "
            "probability.",
        ),
        Misconception(
            "row pick",
            (
                lambda Y, Yhat: -np.mean(np.log(Yhat[np.argmax(Y, axis=0)])),
                lambda Y, Yhat: -np.log(Yhat[np.argmax(Y, axis=0)]),
            ),
            did="You indexed with the labels alone, A[y], which picks whole rows.",
            symptom="Every sample's loss is mixed with those of the others.",
            experiment="Print A[y].shape for 3 classes and 7 samples: does each sample have one "
            "number?",
            looks_right="For one sample it is the right number, and for a batch nothing is raised.",
        ),
        Misconception(
            "0 log 0 is nan",
            tuple(cross_entropy(average, mistakes.unguarded) for average in AVERAGES),
            did="You multiplied y by log(yhat) also where both are 0, and 0 times -inf is nan.",
            symptom="nan as soon as one probability of a wrong class is exactly 0.",
            experiment="Print cce(np.array([1.0, 0.0]), np.array([1.0, 0.0])): it should be 0.",
            looks_right="It is the formula word for word, and softmax of ordinary scores never "
            "gives an exact 0.",
            shows_in="exact 0 and 1",
        ),
        Misconception(
            "epsilon inside the log",
            tuple(
                cross_entropy(average, mistakes.added(eps))
                for eps in mistakes.EPSILONS
                for average in AVERAGES
            ),
            did="You added a small number inside the logarithm.",
            symptom="The loss is below 0 at p = 1, and finite where the true class has p = 0.",
            experiment="Print cce(np.array([1.0, 0.0]), np.array([1.0, 0.0])): is it below 0?",
            looks_right="Warnings are gone, and for ordinary probabilities the loss differs only "
            "far behind the point.",
            shows_in="exact 0 and 1",
        ),
        Misconception(
            "clipped probabilities",
            tuple(
                cross_entropy(average, mistakes.clipped(eps, top))
                for eps in mistakes.EPSILONS
                for top in (1.0, 1.0 - eps)
                for average in AVERAGES
            ),
            did="You clipped the probabilities before the logarithm.",
            symptom="However wrong a prediction is, the loss stays below -ln of the clip value.",
            experiment="Print cce(np.array([0.0, 1.0]), np.array([1.0, 0.0])): it should be inf.",
            looks_right="Frameworks do it too, and for ordinary probabilities the loss is exactly "
            "the same.",
            shows_in="exact 0 and 1",
        ),
        Misconception(
            "divided by K",
            (
                *with_any_guard(lambda terms: np.sum(terms) / len(terms)),
                *with_any_guard(lambda terms: np.mean(np.sum(terms, axis=-1))),
            ),
            did="You divided by the number of classes, the rows, where samples are columns.",
            symptom="For K classes and N samples the loss is N / K times what it should be.",
            experiment="Print cce of two equal columns, then of four: it should not grow.",
            looks_right="Where samples are rows, len(Y) is the number of samples.",
        ),
        Misconception(
            "one loss for each sample",
            with_any_guard(lambda terms: np.sum(terms, axis=0)),
            did="You added over the classes and took no mean over the samples.",
            symptom="A batch gives an array of N losses, and should give one number.",
            experiment="Print np.shape(cce(Y, Yhat)) for a batch: it should be ().",
            looks_right="For one sample it is right, and each loss in the array is too.",
        ),
        Misconception(
            "squared error",
            (
                lambda Y, Yhat: np.mean(np.sum((Y - Yhat) ** 2, axis=0)),
                lambda Y, Yhat: np.mean((Y - Yhat) ** 2),
                lambda Y, Yhat: np.sum((Y - Yhat) ** 2),
                lambda Y, Yhat: np.sum((Y - Yhat) ** 2) / 2,
            ),
            did="You added squared differences, which is the loss of a regression.",
            symptom="A surely wrong prediction costs a small number, and should cost inf.",
            experiment="Print cce(np.array([1.0, 0.0]), np.array([0.5, 0.5])): 0.693 is right.",
            looks_right="It is 0 for a perfect guess, and grows as a prediction gets worse.",
        ),
        Misconception(
            "log of the whole sum",
            (
                lambda Y, Yhat: -np.log(np.sum(Y * Yhat)),
                lambda Y, Yhat: -np.log(np.sum(Y * Yhat) + 1e-12),
                lambda Y, Yhat: -np.log(np.sum(Y * Yhat)) / Y.shape[-1],
            ),
            did="You added the probabilities of all samples before the logarithm.",
            symptom="A batch of good predictions has a loss below 0.",
            experiment="Print cce of two columns with probability 1 at the true class: 0 is right.",
            looks_right="For a single sample it is the same number.",
        ),
    ),
    made=along_axes,
    properties=cce,
)
