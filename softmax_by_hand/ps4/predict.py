"""The exercise predict: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, purity
from autograder.checking.kit import Properties, Student, Whole
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import Generator
from softmax_by_hand.properties import batch_of, samples_of_their_own, without_bias


def weights_and_data(rng: Generator) -> list[Arguments]:
    passes = [fixtures.forward_pass(rng, size) for size in fixtures.all_sizes(rng)]
    drawn = [(run.W, run.Xb) for run in passes]
    W, Xb = drawn.pop()
    W[:, -1] = 0.0  # without biases, -W gives the scores with the opposite sign
    opposite = Xb.copy()
    opposite[:-1] *= -1
    return [*drawn, (W, Xb), (W, opposite), (-W, Xb)]


# Scores so close, or so large, that exp, a sigmoid or float32 makes two of them equal, and how
# much they differ.
TIES = ((2000.0, 0.5), (2000.0, 1e-5), (50.0, 1e-5))


def one_column_of_data(rng: Generator) -> list[Arguments]:
    """Draw single columns, and batches whose scores all are large, or far below 0."""
    drawn = weights_and_data(rng)
    calls = [(W, Xb[:, :1]) for W, Xb in drawn[:2]]
    calls += [(abs(W), abs(Xb)) for W, Xb in drawn[2:3]]
    kinds = [(sign * level, gap) for sign in (1, -1) for level, gap in TIES]
    for size, (level, gap) in zip(fixtures.sizes(rng, 3) * 2, kinds, strict=True):
        # Of two nearly equal scores the later class has the larger one, in every sample.
        W, Xb = rng.normal(size=(size.K, size.D + 1)), fixtures.features(rng, size.D, size.N)
        Xb[:-1] *= 1e-9  # the biases decide
        below, above = np.sort(rng.choice(size.K, 2, replace=False))
        W[:, -1] = level - rng.uniform(1.0, 5.0, size.K)
        W[[below, above], -1] = level, level + gap
        calls.append((W, Xb))
    for size in fixtures.sizes(rng, 2):  # one sample's scores far above another's
        run = fixtures.forward_pass(rng, size)
        W, Xb = fixtures.each_apart(rng, run)
        W[:-1, -1] -= 100.0  # the last class is the largest, which argmax among nan is not
        calls.append((W, Xb))
    for size in fixtures.sizes(rng, 1):
        W, Xb = rng.normal(size=(size.K, size.D + 1)), fixtures.features(rng, size.D, size.N)
        # exp can tell these apart; after a clip at 700 they are equal.
        W[:, -1] = 701.0 + np.arange(size.K)
        Xb[:-1] *= 1e-9
        calls.append((W, Xb))
    return calls


@Properties(
    shape=lambda W, Xb: Whole((Xb.shape[1],)),
    examples=lambda: [batch_of(3, 4, 7)[:2], batch_of(4, 3, 4)[:2], batch_of(5, 2, 1)[:2]],
    hint="One label for each sample, which is a column.",
)
def predict(f: Student) -> None:
    f.claim("scores 1, 5, 2 mean class 1", "Count the classes from 0. The largest score wins.")
    f.expect(np.array_equal(f(np.array([[1.0], [5], [2]]), np.ones((1, 1))), [1]))
    f.claim("no class has a larger score than the predicted one", "Which axis are the classes?")
    for W, Xb in f.examples:
        for n, label in enumerate(f(W, Xb)):
            inside = 0 <= label < len(W)
            f.expect(inside and (W @ Xb[:, n] <= W[int(label)] @ Xb[:, n]).all(), sample=n)
    f.claim(
        "also if all scores of a sample are large, or all are negative",
        "Is something done to the scores that cannot tell such ones apart any more?",
    )
    large = np.array([[800.0, -900, 50, -60], [900, -800, 60, -50], [850, -850, 55, -55]])
    found = f(without_bias(large), samples_of_their_own(4))
    f.expect(np.array_equal(found, [1, 1, 1, 1]), scores=large, largest_in_row=1)


PREDICT = Exercise(
    signature="predict(W, Xb) -> (N,) of int",
    reference=lecture.predict,
    lesson="01_scores",
    treated="The largest score wins",
    needs=("scores", "softmax"),
    criteria=(
        Criterion(
            "largest score",
            1.0,
            "Of each sample, a column, the class with the largest score.",
            weights_and_data,
        ),
        Criterion(
            "one column, and any scores",
            0.5,
            "One sample has one label, (1,); and scores may all be large, or below 0, or nearly "
            "equal.",
            one_column_of_data,
        ),
        purity(0.5),
    ),
    misconceptions=(
        Misconception(
            "argmax over the samples",
            (lambda W, Xb: np.argmax(W @ Xb, axis=1), lambda W, Xb: np.argmax(W @ Xb, axis=-1)),
            did="You looked for the best sample of each class, not the best class of each sample.",
            symptom="There are K answers, where N are asked for.",
            experiment="Print predict(W, Xb).shape for N = 7 and K = 3.",
            looks_right="Where samples are rows, the classes do lie along axis 1.",
        ),
        Misconception(
            "one place in all",
            (lambda W, Xb: np.full(Xb.shape[1], np.argmax(W @ Xb)),),
            did="You took one argmax of the whole array of scores.",
            symptom="Labels far above K - 1.",
            experiment="Print predict(W, Xb).max(): it must be below K.",
            looks_right="For one sample it is right, and argmax without an axis raises nothing.",
        ),
        Misconception(
            "labels from 1",
            (lambda W, Xb: np.argmax(W @ Xb, axis=0) + 1,),
            did="You counted the classes from 1.",
            symptom="Label K occurs, and label 0 never.",
            experiment="Print predict(W, Xb).min() for many samples.",
            looks_right="People count from 1, and the samples are parted in the right way.",
        ),
        Misconception(
            "smallest score",
            (lambda W, Xb: np.argmin(W @ Xb, axis=0),),
            did="You took the class with the smallest score.",
            symptom="The accuracy is worse than guessing.",
            experiment="Compare with the class to which softmax gives the largest probability.",
            looks_right="Of losses one does want the smallest, and shape and type are right.",
        ),
        Misconception(
            "probabilities",
            (
                lambda W, Xb: lecture.softmax(W @ Xb),
                lambda W, Xb: np.max(lecture.softmax(W @ Xb), axis=0),
            ),
            did="You returned probabilities, where labels are asked for.",
            symptom="The entries lie between 0 and 1.",
            experiment="Print predict(W, Xb).dtype: it should be an int.",
            looks_right="The label is where the largest probability is; only the last step is "
            "missing.",
        ),
        Misconception(
            "bias left out",
            (lambda W, Xb: np.argmax(W[:, :-1] @ Xb[:-1], axis=0),),
            did="You computed the scores without the biases.",
            symptom="A sample of zeros, but for its 1, always gets label 0.",
            experiment="Predict for such a sample: the class with the largest bias is right.",
            looks_right="Where the data lie around the origin, biases are small and the labels "
            "mostly right.",
        ),
        Misconception(
            "exp of large scores",
            (
                lambda W, Xb: np.argmax(np.exp(W @ Xb), axis=0),
                lambda W, Xb: np.argmax(mistakes.unshifted(W @ Xb), axis=0),
            ),
            did="You took exp of the scores before comparing them, and it overflows.",
            symptom="Of several scores above 710 the first class is taken, not the largest.",
            experiment="Add 1000 to all biases: no label may change.",
            looks_right="exp keeps the order of the scores, as long as it can tell them apart.",
            shows_in="one column, and any scores",
        ),
        Misconception(
            "bent scores",
            (
                lambda W, Xb: np.argmax((1 + np.tanh(W @ Xb / 2)) / 2, axis=0),
                lambda W, Xb: np.argmax(1 / (1 + np.exp(-(W @ Xb))), axis=0),
                lambda W, Xb: np.argmax(np.tanh(W @ Xb), axis=0),
                lambda W, Xb: np.argmax(np.maximum(W @ Xb, 0), axis=0),
            ),
            did="You bent the scores, as a sigmoid or ReLU does, before comparing them.",
            symptom="Of scores that are bent to the same number the first class is taken.",
            experiment="Add 50 to all biases, then take 50 from them: no label may change.",
            looks_right="No bend changes the order of scores that it can still tell apart.",
            shows_in="one column, and any scores",
        ),
        Misconception(
            "one-hot",
            (
                lambda W, Xb: lecture.one_hot(lecture.predict(W, Xb), len(W)),
                lambda W, Xb: lecture.one_hot(lecture.predict(W, Xb), len(W)).astype(int),
            ),
            did="You returned one-hot columns, where labels are asked for.",
            symptom="The shape is (K, N), and should be (N,).",
            experiment="Print predict(W, Xb).shape.",
            looks_right="The 1 stands at the right class, and training was given one-hot columns "
            "too.",
        ),
    ),
    properties=predict,
)
