"""The exercise add_bias: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, along_axes, purity
from autograder.checking.kit import Properties, Student, normal
from softmax_by_hand import fixtures, lecture
from softmax_by_hand.fixtures import Array, Generator


def any_data(rng: Generator) -> list[Arguments]:
    sizes = fixtures.all_sizes(rng)
    square = [rng.normal(size=(size.K, size.K)) for size in fixtures.equal_sizes(rng, 2)]
    one_sample = rng.normal(size=(sizes[0].D, 1))
    data = [rng.normal(size=(size.D, size.N)) for size in sizes[:-1]]
    again = np.roll(data[0], 1, axis=1)  # so that no answer can be kept by shape or sum
    return [(X,) for X in (*data, again, *square, one_sample)]


def integer_data(rng: Generator) -> list[Arguments]:
    return [(rng.integers(3, 10, (size.D, size.N)),) for size in fixtures.sizes(rng, 3)]


def overwrite(index: Any) -> Callable[[Array], Array]:
    def wrong(X: Array) -> Array:
        X[index] = 1
        return X

    return wrong


@Properties(
    shape=lambda X: (X.shape[0] + 1, X.shape[1]),
    examples=lambda: [(normal(4, 7),), (normal(3, 3),), (normal(4, 1),)],
    hint="A column is a sample. Is the bias one more sample, or one more feature of each?",
)
def add_bias(f: Student) -> None:
    f.claim("the last row is all ones", "Which end is the last row? What stands there?")
    for X in (normal(4, 7), normal(3, 3)):
        f.expect((f(X)[-1] == 1).all())
    f.claim("above it stands X as it was", "Are all features still there, in their order?")
    for X in (normal(4, 7), normal(3, 3)):
        f.expect(np.array_equal(f(X)[:-1], X))
    f.claim("an integer X gives float64 too", "Which dtype has the array that the ones go to?")
    f(np.arange(12).reshape(4, 3))


ADD_BIAS = Exercise(
    signature="add_bias(X) -> (D+1, N); X is (D, N)",
    reference=lecture.add_bias,
    lesson="01_scores",
    treated="Give every sample one more feature that is always 1",
    criteria=(
        Criterion(
            "last row of ones",
            1.5,
            "Each sample, a column, gets one more feature: a last row of ones below the data.",
            any_data,
        ),
        Criterion("integer data", 1.0, "Integer data must give a float64 array too.", integer_data),
        purity(0.5),
    ),
    misconceptions=(
        Misconception(
            "ones first",
            (lambda X: np.vstack((np.ones(X.shape[1]), X)), lambda X: np.insert(X, 0, 1, axis=0)),
            did="You put the row of ones above the data.",
            symptom="The first row is all ones, and the last row is the last feature.",
            experiment="Print add_bias(X)[-1] for a small X: is it the bias or a feature?",
            looks_right="The shape is right, and for a W that keeps its biases first the scores "
            "would be right too.",
        ),
        Misconception(
            "adds a sample",
            (
                lambda X: np.hstack((X, np.ones((X.shape[0], 1)))),
                lambda X: np.hstack((np.ones((X.shape[0], 1)), X)),
            ),
            did="You added a column of ones: one more sample, where one more feature is meant.",
            symptom="The shape is (D, N+1): one column too many and one row too few.",
            experiment="Print X.shape and add_bias(X).shape for a (2, 5) array: which number grew?",
            looks_right="Where samples are rows, a column of ones is how a bias feature is added.",
        ),
        Misconception(
            "zeros",
            (lambda X: np.vstack((X, np.zeros(X.shape[1]))),),
            did="You added a row of zeros.",
            symptom="The last row is 0, so the last column of W can never have an effect.",
            experiment="Compute the scores for two W that differ in the last column only: are they "
            "equal?",
            looks_right="The shape is right, and the scores are too as long as all biases are 0.",
        ),
        Misconception(
            "changes X",
            (overwrite(-1), overwrite(0), overwrite((slice(None), -1))),
            did="You wrote the ones into X itself, over the data.",
            symptom="X is not the same array of numbers after the call.",
            experiment="Keep before = X.copy(), call add_bias(X), then print (before == X).all().",
            looks_right="No new array is needed, and ones do stand in what is returned.",
            shows_in="purity",
        ),
        Misconception(
            "keeps integers",
            (lambda X: np.vstack((X, np.ones(X.shape[1], dtype=X.dtype))),),
            did="You made the row of ones with the dtype of X, so integer data stays integer.",
            symptom="The dtype of the answer is int64 where X is int64.",
            experiment="Print add_bias(np.array([[1, 2, 3]])).dtype.",
            looks_right="Every number is right, and for data with decimals the type is right too.",
        ),
    ),
    made=along_axes,
    properties=add_bias,
)
