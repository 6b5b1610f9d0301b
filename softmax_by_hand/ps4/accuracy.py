"""The exercise accuracy: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, purity
from autograder.checking.kit import LABELS, Properties, Student
from softmax_by_hand import fixtures, lecture
from softmax_by_hand.fixtures import Generator
from softmax_by_hand.properties import Y_GUESS, Y_TRUE


def all_or_none(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size in fixtures.sizes(rng, 2):
        y = fixtures.labels(rng, size.K, size.N)
        wrong = (y + 1) % size.K
        calls += [(y, y.copy()), (y, wrong), (wrong, y), (y[:1], y[:1].copy())]
    many = fixtures.labels(rng, size.K, 600)  # more hits than an 8-bit integer can count
    return [*calls, (many, many.copy())]


@Properties(
    shape=lambda y, y_pred: (),
    examples=lambda: [(Y_TRUE.copy(), Y_GUESS.copy()), (LABELS.copy(), LABELS.copy())],
    hint="One number: the share of samples that were predicted right.",
)
def accuracy(f: Student) -> None:
    f.claim("all right is 1", "Divided by what?")
    f.agree(f(LABELS, LABELS), 1)
    f.claim("all wrong is 0", "What is compared with what?")
    f.agree(f(LABELS, (LABELS + 1) % 3), 0)
    f.claim("6 right ones of 8 are 0.75", "Is it the share of right ones?")
    f.agree(f(Y_TRUE, Y_GUESS), 0.75)
    f.claim("300 right ones of 300 are 1", "How large a count fits its dtype?")
    f.agree(f(np.zeros(300, dtype=int), np.zeros(300, dtype=int)), 1)


ACCURACY = Exercise(
    signature="accuracy(y, y_pred) -> float; both are labels (N,)",
    reference=lecture.accuracy,
    lesson="07_sgd",
    treated="What accuracy cannot see",
    criteria=(
        Criterion(
            "share of hits",
            1.0,
            "It is the share of samples whose label was predicted, from 0 to 1.",
            fixtures.true_and_predicted,
        ),
        Criterion(
            "all or none",
            0.5,
            "All right is 1.0, all wrong is 0.0, for one sample too.",
            all_or_none,
        ),
        purity(0.5),
    ),
    misconceptions=(
        Misconception(
            "number of hits",
            (
                lambda y, y_pred: float(np.sum(y == y_pred)),
                lambda y, y_pred: int(np.sum(y == y_pred)),
            ),
            did="You counted the hits and did not divide by N.",
            symptom="More than 1.",
            experiment="Print accuracy(y, y): it must be 1.",
            looks_right="It grows with every hit, and the best of several classifiers is still the "
            "best.",
        ),
        Misconception(
            "percent",
            (lambda y, y_pred: float(100 * np.mean(y == y_pred)),),
            did="You gave percent; a share from 0 to 1 is asked for.",
            symptom="A hundred times too large.",
            experiment="Print accuracy(y, y): it must be 1.",
            looks_right="97 percent is how one says it, and the share is the same.",
        ),
        Misconception(
            "one-hot compared with labels",
            (
                lambda y, y_pred: float(np.mean(lecture.one_hot(y, int(y.max()) + 1) == y_pred)),
                lambda y, y_pred: float(
                    np.mean(
                        lecture.one_hot(y, int(max(y.max(), y_pred.max())) + 1)
                        == lecture.one_hot(y_pred, int(max(y.max(), y_pred.max())) + 1)
                    )
                ),
            ),
            did="You compared entries of one-hot arrays, where zeros agree with zeros.",
            symptom="All wrong does not give 0.",
            experiment="Print accuracy(np.array([0, 1, 2]), np.array([1, 2, 0])): it must be 0.",
            looks_right="Equal entries are counted and averaged, and the answer lies between 0 and "
            "1.",
        ),
        Misconception(
            "error rate",
            (lambda y, y_pred: float(np.mean(y != y_pred)),),
            did="You gave the share of mistakes.",
            symptom="All right gives 0.",
            experiment="Print accuracy(y, y): it must be 1.",
            looks_right="It lies between 0 and 1, and it counts the same comparisons.",
        ),
        Misconception(
            "all or nothing",
            (lambda y, y_pred: float(np.array_equal(y, y_pred)),),
            did="You asked whether all labels are right at once.",
            symptom="0 as soon as one sample is wrong.",
            experiment="Print accuracy(np.array([0, 1]), np.array([0, 0])): it must be 0.5.",
            looks_right="All right is 1 and all wrong is 0, as it should be.",
        ),
    ),
    properties=accuracy,
)
