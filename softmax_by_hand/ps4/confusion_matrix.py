"""The exercise confusion_matrix: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, purity
from autograder.checking.kit import LABELS, Properties, Student, Whole
from softmax_by_hand import fixtures, lecture
from softmax_by_hand.fixtures import Array, Generator
from softmax_by_hand.properties import Y_GUESS, Y_TRUE


def labels_and_K(rng: Generator) -> list[Arguments]:
    drawn = [(y, guess, int(y.max()) + 1) for y, guess in fixtures.true_and_predicted(rng)]
    return [  # in two of them one wrong pair occurs more often than an 8-bit integer can count
        (np.append(y, [y[0]] * 300), np.append(guess, [guess[0]] * 300), K) if i < 2 else call
        for i, call in enumerate(drawn)
        for y, guess, K in (call,)
    ]


def classes_absent(rng: Generator) -> list[Arguments]:
    """Draw labels that lack classes among the true, among the predicted, or among both."""
    calls: list[Arguments] = []
    for size in fixtures.sizes(rng, 2):
        K, N = size.K, size.N
        some = fixtures.labels_without_last(rng, K, N)
        others = rng.permutation(some)
        calls.append((some, others, K))
        calls.append((some, np.where(others == others[0], K - 1, others), K))
        calls.append((np.where(some == some[0], K - 1, some), others, K))
        calls.append((np.full(N, 1), np.where(others == 1, 0, others), K))
    K = int(rng.integers(11, 20))  # more classes than the digits
    return [*calls, (fixtures.labels(rng, K, 30), fixtures.labels(rng, K, 30), K)]


def once_each(y: Array, y_pred: Array, K: int) -> Array:
    C = np.zeros((K, K), dtype=np.int64)
    C[y, y_pred] += 1
    return C


def of_size(size: Callable[[Array, Array], int]) -> Callable[[Array, Array, int], Array]:
    """Return the counts of the first so-many classes, more or fewer than there are."""

    def wrong(y: Array, y_pred: Array, K: int) -> Array:
        K = size(y, y_pred)
        C = np.zeros((K, K), dtype=np.int64)
        np.add.at(C, (y, y_pred), 1)
        return C

    return wrong


def only_present(y: Array, y_pred: Array, K: int) -> Array:
    there = np.unique(y)
    return lecture.confusion_matrix(y, y_pred, K)[np.ix_(there, there)]


def only_true_classes(y: Array, y_pred: Array, K: int) -> Array:
    counts = lecture.confusion_matrix(y, y_pred, K)
    there = np.isin(np.arange(K), y)
    return counts * there


@Properties(
    shape=lambda y, y_pred, K: Whole((K, K)),
    examples=lambda: [(Y_TRUE.copy(), Y_GUESS.copy(), 3), (LABELS.copy(), LABELS.copy(), 5)],
    hint="A row and a column for each of the K classes, seen or not.",
)
def confusion_matrix(f: Student) -> None:
    f.claim("the entries sum to N", "Does each sample count once, also if its pair comes often?")
    for y, guess, K in f.examples:
        f.expect(f(y, guess, K).sum() == y.size)
    f.claim("row i sums to the number of samples of class i", "Is the truth in the rows?")
    for y, guess, K in f.examples:
        counts = np.bincount(y, minlength=K)
        f.expect(np.array_equal(f(y, guess, K).sum(axis=1), counts), samples_of_each_class=counts)
    f.claim(
        "one sample of class 2 that was predicted as 0 stands in row 2, column 0",
        "Truth first, prediction second.",
    )
    one = f(np.array([2]), np.array([0]), 3)
    f.expect(one[2, 0] == 1 and one.sum() == 1)
    f.expect(f(Y_TRUE, Y_GUESS, 3)[2, 2] == 3)
    f.claim("300 samples of one kind are counted as 300", "How large a count fits its dtype?")
    many = np.zeros(300, dtype=int)
    f.expect(f(many, many, 3)[0, 0] == 300)
    f.claim("there may be more than ten classes", "Is K used, whatever it is?")
    f.expect(f(np.array([11]), np.array([10]), 12)[11, 10] == 1)


CONFUSION_MATRIX = Exercise(
    signature="confusion_matrix(y, y_pred, K) -> (K, K) of int; rows are the truth",
    reference=lecture.confusion_matrix,
    lesson="08_batches",
    treated="Which digits are taken for which?",
    # one_hot(y, K) times the transpose of the other counts the pairs too.
    needs=("one_hot",),
    criteria=(
        Criterion(
            "counts",
            1.5,
            "Entry [i, j] counts the samples of class i that were predicted as j, be they none or "
            "hundreds.",
            labels_and_K,
        ),
        Criterion(
            "classes absent",
            1.0,
            "K says how many classes there are, also where one is never true, never predicted, or "
            "neither.",
            classes_absent,
        ),
        purity(0.5),
    ),
    misconceptions=(
        Misconception(
            "transposed",
            (lambda y, y_pred, K: lecture.confusion_matrix(y_pred, y, K),),
            did="Your rows are the predictions; the truth belongs in the rows.",
            symptom="The row sums do not count the samples of each class.",
            experiment="Compare C.sum(axis=1) with np.bincount(y, minlength=K): they should be "
            "equal.",
            looks_right="All counts are right, those of the diagonal are in place, and some books "
            "have it so.",
        ),
        Misconception(
            "each pair once",
            (once_each,),
            did="You wrote C[y, y_pred] += 1, which counts a pair that comes often only once.",
            symptom="Every entry is 0 or 1.",
            experiment="Print C.sum() beside N: they should be equal.",
            looks_right="Where no pair comes twice it is right, and += reads like counting.",
        ),
        Misconception(
            "shares instead of counts",
            (
                lambda y, y_pred, K: lecture.confusion_matrix(y, y_pred, K) / len(y),
                lambda y, y_pred, K: (
                    lecture.confusion_matrix(y, y_pred, K)
                    / np.maximum(np.bincount(y, minlength=K), 1)[:, None]
                ),
            ),
            did="You divided the counts.",
            symptom="The entries are fractions.",
            experiment="Print C.sum(): it must be N.",
            looks_right="Shares can be compared between data sets, and each one stands in its "
            "place.",
        ),
        Misconception(
            "floats",
            (lambda y, y_pred, K: lecture.confusion_matrix(y, y_pred, K).astype(float),),
            did="You counted in an array of floats, which is what np.zeros makes.",
            symptom="The dtype is float64, and counts are whole numbers.",
            experiment="Print confusion_matrix(y, y_pred, K).dtype: it should be int64.",
            looks_right="Every number is right, and 3.0 equals 3.",
        ),
        Misconception(
            "K from the labels present",
            (
                of_size(lambda y, y_pred: int(max(y.max(), y_pred.max())) + 1),
                of_size(lambda y, y_pred: int(y.max()) + 1),
                of_size(lambda y, y_pred: len(np.unique(y))),
                of_size(lambda y, y_pred: len(np.unique(np.append(y, y_pred)))),
                only_present,
            ),
            did="You took the number of classes from the labels that occur.",
            symptom="A row and a column are missing where the last class is absent.",
            experiment="Print confusion_matrix(np.array([0]), np.array([0]), 3).shape: (3, 3) is "
            "right.",
            looks_right="As long as the last class occurs, as a label or a prediction, it is "
            "right.",
            shows_in="classes absent",
        ),
        Misconception(
            "classes never true left out",
            (only_true_classes,),
            did="You counted only predictions of classes that are true somewhere.",
            symptom="Samples that were predicted as some other class are not counted.",
            experiment="Print C.sum() beside N: they should be equal.",
            looks_right="As long as every class has a sample, all counts are right.",
            shows_in="classes absent",
        ),
        Misconception(
            "ten classes",
            (of_size(lambda y, y_pred: 10),),
            did="You always make ten rows and columns, as for the digits.",
            symptom="The shape is (10, 10), whatever K is.",
            experiment="Print confusion_matrix(np.array([0]), np.array([0]), 3).shape: (3, 3) is "
            "right.",
            looks_right="For ten digits it is right, and all counts stand in their places.",
        ),
        Misconception(
            "counts of 8 bits",
            (
                lambda *call: lecture.confusion_matrix(*call).astype(np.uint8),
                lambda *call: lecture.confusion_matrix(*call).astype(np.int8),
            ),
            did="You count in an array of 8 bits, which holds nothing above 255, or 127.",
            symptom="A pair that comes 300 times is counted as 44.",
            experiment="Count 300 samples of class 0, all predicted right: C[0, 0] is 300.",
            looks_right="It is an integer type, and as long as no count is large all are right.",
            shows_in="counts",
        ),
    ),
    properties=confusion_matrix,
)
