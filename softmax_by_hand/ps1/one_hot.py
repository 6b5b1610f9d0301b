"""The exercise one_hot: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, as_count, entries, purity
from autograder.checking.kit import LABELS, Properties, Student, sums_to
from softmax_by_hand import fixtures, lecture
from softmax_by_hand.fixtures import Generator


def any_labels(rng: Generator) -> list[Arguments]:
    sizes = fixtures.all_sizes(rng)
    drawn = [fixtures.labels(rng, size.K, size.N) for size in sizes[:-1]]
    again = np.roll(drawn[0], 1)  # so that no answer can be kept by shape or sum
    more_than_digits = int(rng.integers(11, 20))
    return [
        *((y, size.K) for y, size in zip((*drawn, again), sizes, strict=True)),
        (fixtures.labels(rng, more_than_digits, 8), more_than_digits),
    ]


def last_class_absent(rng: Generator) -> list[Arguments]:
    sizes = [*fixtures.sizes(rng, 3), *fixtures.equal_sizes(rng, 1)]
    return [(fixtures.labels_without_last(rng, size.K, size.N), size.K) for size in sizes]


def one_label(rng: Generator) -> list[Arguments]:
    sizes = fixtures.sizes(rng, 3)
    chosen = [0, sizes[1].K - 1, int(rng.integers(sizes[2].K))]
    return [(np.array([label]), size.K) for label, size in zip(chosen, sizes, strict=True)]


@Properties(
    shape=lambda y, K: (K, y.size),
    examples=lambda: [(LABELS, 3), (2 * LABELS[:2], 3), (LABELS % 2, 4), (LABELS[1:2], 3)],
    hint="A column for each sample; a row for each of the K classes, seen in y or not.",
)
def one_hot(f: Student) -> None:
    f.claim("every entry is 0 or 1", "What else is written into the array?")
    for y, K in f.examples:
        f.expect(np.isin(f(y, K), (0, 1)).all())
    f.claim("every column sums to 1", "How many classes does one sample have?")
    for y, K in f.examples:
        sums_to(f, 1, f(y, K))
    f.claim(
        "the 1 of column n stands in row y[n], counted from 0",
        "Take the first sample by hand: which row, which column? Classes count from 0.",
    )
    for y, K in f.examples:
        rows = f(y, K).argmax(axis=0)
        f.expect(np.array_equal(rows, y), rows_of_your_ones=rows)
    f.claim("there may be more than ten classes", "Is K used, whatever it is?")
    f.expect(f(np.array([3, 11]), 12)[11, 1] == 1)


ONE_HOT = Exercise(
    signature="one_hot(y, K) -> (K, N) float64; y is (N,), labels 0 to K-1",
    reference=lecture.one_hot,
    lesson="03_cross_entropy",
    treated="one-hot",
    criteria=(
        Criterion("columns", 1.5, "Column n is 1.0 in row y[n] and 0.0 elsewhere.", any_labels),
        Criterion(
            "last class absent",
            1.5,
            "There must be K rows, also where no sample has the last label.",
            last_class_absent,
        ),
        Criterion("one sample", 0.5, "One label must give one column, (K, 1).", one_label),
        purity(0.5),
    ),
    misconceptions=(
        Misconception(
            "samples as rows",
            (lambda y, K: np.eye(K)[y],),
            did="You made one row for each sample, where samples are columns.",
            symptom="The shape is (N, K), and with N = K the matrix is transposed.",
            experiment="Print one_hot(np.array([0, 0, 0, 0]), 3): the first row should be ones.",
            looks_right="Where samples are rows this is right, and every sample does have exactly "
            "one 1.",
        ),
        Misconception(
            "K from the labels present",
            (
                lambda y, K: np.eye(int(np.max(y)) + 1)[:, y],
                lambda y, K: (np.unique(y)[:, None] == y).astype(float),
            ),
            did="You took the number of classes from the labels that are present.",
            symptom="A row is missing whenever no sample has the last label.",
            experiment="Print one_hot(np.array([0, 1, 0]), 3).shape.",
            looks_right="As long as a sample of the last class is there, the number of classes "
            "comes out right.",
            shows_in="last class absent",
        ),
        Misconception(
            "samples as rows, K from the labels",
            (
                lambda y, K: np.eye(np.max(y) + 1)[y],
                lambda y, K: (np.unique(y) == y[:, None]).astype(float),
            ),
            did="You made one row for each sample, and as many columns as there are labels.",
            symptom="The matrix lies on its side, and is narrower where the last class is absent.",
            experiment="Print one_hot(np.array([0, 1, 0]), 3).shape: the 3 is missing.",
            looks_right="Where samples are rows and every class is there, all numbers are right.",
        ),
        Misconception(
            "labels from 1",
            (lambda y, K: np.eye(K)[:, y - 1], lambda y, K: np.eye(K)[:, (y + 1) % K]),
            did="You counted the classes from 1, where the labels start at 0.",
            symptom="Every 1 is one row away from its place, and at one end it wraps around.",
            experiment="Print one_hot(np.array([0]), 3): in which row is the 1?",
            looks_right="Every column still has exactly one 1, and outside of code people count "
            "from 1.",
        ),
        Misconception(
            "integers or booleans",
            (
                lambda y, K: np.eye(K, dtype=np.int64)[:, y],
                lambda y, K: np.arange(K)[:, None] == y,
                lambda y, K: np.eye(K, dtype=np.int32)[:, y],
            ),
            did="You made an array of integers or of True and False.",
            symptom="The dtype is not float64, so that Y -= A raises an error.",
            experiment="Print one_hot(np.array([0, 2]), 3).dtype.",
            looks_right="np.array_equal says that it equals the right answer, since 1 and True "
            "equal 1.0.",
        ),
        Misconception(
            "K fixed at 10",
            (lambda y, K: np.eye(10)[:, y], lambda y, K: np.eye(10)[y]),
            did="You wrote 10 classes, those of the digits, where the argument K is meant.",
            symptom="There are ten classes in the answer, whatever K is.",
            experiment="Print one_hot(np.array([0, 1, 0]), 3).shape: no 10 belongs there.",
            looks_right="For the digits it is right, and most examples in books are about digits.",
        ),
        Misconception(
            "one vector for all",
            (
                lambda y, K: np.isin(np.arange(K), y).astype(float),
                lambda y, K: np.isin(np.arange(K), y).astype(float)[:, None],
                lambda y, K: np.isin(np.arange(10), y).astype(float)[:, None],
            ),
            did="You put the ones of all samples into a single vector.",
            symptom="However many labels there are, there are no N columns.",
            experiment="Print one_hot(np.array([2, 2, 1]), 3).sum(): three labels give three ones.",
            looks_right="For one label it holds the right numbers.",
        ),
    ),
    made=lambda y, K: as_count(K) * (as_count(K) + entries(y)),
    properties=one_hot,
)
