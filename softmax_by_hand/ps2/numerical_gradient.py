"""The exercise numerical_gradient: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, entries, purity
from autograder.checking.kit import COARSE, Properties, Student, normal
from softmax_by_hand import fixtures, lecture
from softmax_by_hand.fixtures import Array, Generator, Loss


def coupled(rng: Generator, shape: tuple[int, ...], steep: float = 0.0) -> Loss:
    """Return f(w) = c.w + w.M w / 2, M's diagonal 0: no curvature along any one entry.

    So every difference quotient is exact up to rounding; and since all entries
    are coupled, an entry that is not put back spoils those after it.
    """
    n = int(np.prod(shape))
    c = rng.uniform(-3.0, 3.0, n)
    c[-1] += steep
    M = np.triu(rng.uniform(1.0, 2.0, (n, n)), 1)
    return fixtures.accepting(shape, lambda W: c @ W.ravel() + W.ravel() @ M @ W.ravel())


def curved(rng: Generator, shape: tuple[int, ...]) -> Loss:
    """Return the loss of a classifier with weights W of this shape, on its own data."""
    K, columns = shape
    Xb = fixtures.features(rng, columns - 1, 6)
    y = fixtures.labels(rng, K, 6)
    return fixtures.accepting(shape, lambda W: lecture.cce_from_scores(W @ Xb, y))


def shuffled(rng: Generator, shapes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    # Small ones: over the wire each value of f is a question to the trusted side.
    return [shapes[i] for i in rng.permutation(len(shapes))]


def small_shapes(rng: Generator) -> list[tuple[int, int]]:
    return shuffled(rng, [(2, 3), (3, 2), (2, 4), (4, 2), (3, 4)])


def every_entry(rng: Generator) -> list[Arguments]:
    first, second, third, *_ = small_shapes(rng)
    square, W = coupled(rng, (3, 3), steep=500.0), rng.normal(size=(3, 3))
    return [
        (coupled(rng, first), rng.normal(size=first)),
        (coupled(rng, second), rng.normal(size=second), 1e-5),
        (coupled(rng, third), rng.normal(size=third)),
        (square, W),
        (square, W[::-1].copy()),
    ]


def two_steps(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for shape in shuffled(rng, [(3, 4), (4, 3), (3, 5)])[:2]:
        f, W = curved(rng, shape), rng.normal(size=shape)
        calls += [(f, W, 1e-1), (f, W, 1e-2)]
    return [*calls, (f, W)]


def integer_weights(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for shape in small_shapes(rng)[:2]:
        W = rng.integers(1, 5, shape) * rng.choice((-1, 1), shape)
        W[0, 0] = 0
        calls.append((coupled(rng, shape), W))
    return calls


def vectors(rng: Generator) -> list[Arguments]:
    return [(coupled(rng, (n,)), rng.normal(size=n)) for n in (4, 7)]


def coarse_steps(rng: Generator) -> list[Arguments]:
    shapes = small_shapes(rng)[:2]
    return [(coupled(rng, shape), rng.normal(size=shape), 1e-3) for shape in shapes]


Quotient = Callable[[Loss, Array, Any, float], float]


def by_entries(
    quotient: Quotient,
    take: Callable[[Array], Array] = lambda W: np.array(W, dtype=np.float64),
    answer: Callable[[Array], Array] = lambda W: np.zeros(W.shape),
    places: Callable[[Array], Iterable[Any]] = lambda W: np.ndindex(W.shape),
) -> Callable[..., Any]:
    """Return a numerical gradient: one quotient for each place in what `take` makes of W."""

    def numerical_gradient(f: Loss, W: Array, h: float = 1e-5) -> Array:
        gradient, W = answer(W), take(W)
        for place in places(W):
            gradient[place] = quotient(f, W, place, h)
        return gradient

    return numerical_gradient


def by_rows(quotient: Quotient, take: Callable[[Array], Array]) -> Callable[..., Any]:
    """Return a numerical gradient that moves all entries of a row together."""
    return by_entries(quotient, take, lambda W: np.zeros_like(take(W)), lambda W: range(len(W)))


def quotient_of(ahead: float, behind: float, over: float, step: float | None = None) -> Quotient:
    """Return (f(W + ahead h) - f(W - behind h)) / (over h), with a step of its own or h."""

    def quotient(f: Loss, W: Array, place: Any, h: float) -> float:
        above, below, h = W.copy(), W.copy(), step or h
        above[place] += ahead * h
        below[place] -= behind * h
        return (f(above) - f(below)) / (over * h)

    return quotient


CENTRAL, FORWARD, BACKWARD = quotient_of(1, 1, 2), quotient_of(1, 0, 1), quotient_of(0, 1, 1)


def left_behind(start: float, end: float) -> Quotient:
    """Return the quotient between two points to which W itself is moved, and not back."""

    def quotient(f: Loss, W: Array, place: Any, h: float) -> float:
        W[place] += start * h
        one = f(W)
        W[place] += (end - start) * h
        return (f(W) - one) / ((end - start) * h)

    return quotient


def itself(W: Array) -> Array:
    """Take W, and no copy of it."""
    return W


def as_floats(W: Array) -> Array:
    """Take a copy of W in float64."""
    return np.array(W, dtype=np.float64)


def all_at_once(f: Loss, W: Array, h: float = 1e-5) -> float:
    """Move all entries of W together."""
    return (f(W + h) - f(W - h)) / (2 * h)


def linear(W: np.ndarray) -> Any:
    """the sum of c * W, with these c"""
    return (normal(*W.shape, seed=5) * W).sum()


def quadratic(W: np.ndarray) -> Any:
    """the sum of W**2, and the first entry times the last"""
    return (W**2).sum() + W.flat[0] * W.flat[-1]


def cubic(W: np.ndarray) -> Any:
    """the sum of W**3"""
    return (W**3).sum()


def quadratic_slopes(W: np.ndarray) -> np.ndarray:
    exact = 2.0 * W
    exact.flat[0] += W.flat[-1]
    exact.flat[-1] += W.flat[0]
    return exact


@Properties(
    shape=lambda f, W, h=1e-5: W.shape,
    examples=lambda: [(cubic, normal(3, 5)), (quadratic, normal(3, 3), 0.01), (cubic, normal(4))],
    hint="One slope for each entry of W, whatever its shape: what runs over the entries?",
    purity_hint="Whose array is moved? Is every entry put back where it was?",
)
def numerical_gradient(f: Student) -> None:
    f.claim(
        "on a linear f the slopes are its coefficients",
        "Does one entry move at a time, and move back? How far apart are the two points?",
    )
    for W in (normal(3, 5), normal(3, 3), normal(4)):
        c = normal(*W.shape, seed=5)
        f.agree(f(linear, W), c, COARSE, coefficients_c=c)
    f.claim(
        "on a quadratic f they are exact, even with a step of 0.5",
        "Where do the two points lie: both on one side of W, or one on each side, equally far?",
    )
    W = normal(3, 5)
    exact = quadratic_slopes(W)
    f.agree(f(quadratic, W, 0.5), exact, COARSE, exact=exact)
    f.claim(
        "on a cubic f the error falls 100 times when h falls 10 times",
        "Is h, as it is handed in, the step and also what is divided by?",
    )
    f.agree(f(cubic, W), 3 * W**2, COARSE, exact=3 * W**2)
    coarse, fine = (np.abs(f(cubic, W, h) - 3 * W**2).max() for h in (0.1, 0.01))
    errors = {"error_at_h_=_0.1": coarse, "error_at_h_=_0.01": fine}
    f.expect(50 * fine < coarse < 200 * fine, **errors)
    f.claim(
        "an integer W gives the slopes that the same W gives in float64",
        "What becomes of 3 + 0.00001 when it is written into an integer array?",
    )
    W = np.array([[1, -2, 3], [4, 0, 2]])
    exact = quadratic_slopes(W)
    f.agree(f(quadratic, W), exact, COARSE, exact=exact)


NUMERICAL_GRADIENT = Exercise(
    signature="numerical_gradient(f, W, h=1e-5) -> same shape as W, float64",
    reference=lecture.numerical_gradient,
    lesson="06_gradient_check",
    treated="Forward or central?",
    tolerance=1e-6,
    criteria=(
        Criterion(
            "every entry",
            2.0,
            "Each entry of the gradient tells how f changes when that entry of W alone is moved.",
            every_entry,
        ),
        Criterion(
            "order of the error",
            1.5,
            "The step is h to both sides, so that the error falls 100 times when h is 10 times "
            "smaller.",
            two_steps,
        ),
        Criterion(
            "integer W",
            1.0,
            "Integer weights have the same gradient as the equal float64 weights.",
            integer_weights,
        ),
        Criterion("vectors", 0.5, "A one-dimensional W has a gradient of its shape.", vectors),
        purity(1.0, coarse_steps),
    ),
    misconceptions=(
        Misconception(
            "forward difference",
            (by_entries(FORWARD), by_entries(BACKWARD)),
            did="You took the step to one side only, and f(W) itself is the other end.",
            symptom="The error falls 10 times, not 100 times, when h is 10 times smaller.",
            experiment="Differentiate the sum of W**3 at 1 with h = 0.1 and h = 0.01, "
            "where the gradient is 3: by how much does the error fall?",
            looks_right="It is the definition of the slope, and with a small h the first digits "
            "are right.",
            shows_in="order of the error",
        ),
        Misconception(
            "missing factor 2",
            (by_entries(quotient_of(1, 1, 1)),),
            did="You divided by h; from W - h to W + h the distance is 2h.",
            symptom="Every entry is twice as large as it should be.",
            experiment="Differentiate the sum of W: every entry should be 1.",
            looks_right="Every sign is right, and so is the ratio of any two entries: it still "
            "points uphill.",
        ),
        Misconception(
            "not restored",
            tuple(
                by_entries(left_behind(start, end), take)
                for take in (as_floats, itself)
                for start, end in ((1, -1), (-1, 1), (0, 1))
            ),
            did="You did not put an entry back before you moved the next one.",
            symptom="The first entry is right, and the later ones drift off as h grows.",
            experiment="Differentiate W[0] * W[1] at (1, 1) with h = 0.5: both should be 1.",
            looks_right="The first entry is right, and with h = 1e-5 the drift hardly shows in the "
            "others.",
        ),
        Misconception(
            "integer steps lost",
            tuple(
                by_entries(quotient, take, answer)
                for quotient in (CENTRAL, FORWARD)
                for take, answer in (
                    (np.copy, lambda W: np.zeros(W.shape)),
                    (as_floats, np.zeros_like),
                    (np.copy, np.zeros_like),
                )
            ),
            did="You stored steps or quotients in an array with the dtype of W; "
            "integers cannot hold them.",
            symptom="For integer W the gradient is all zeros, whole numbers, or enormous.",
            experiment="Print numerical_gradient(np.mean, np.array([1, 2])): both should be 0.5.",
            looks_right="For float weights it works; what fails are the whole numbers that one "
            "types in for a test.",
            shows_in="integer W",
        ),
        Misconception(
            "one number for all entries",
            (all_at_once, lambda f, W, h=1e-5: np.full(W.shape, all_at_once(f, W, h))),
            did="You moved all entries of W at once, which gives one number.",
            symptom="The result is the sum of all partial derivatives.",
            experiment="Differentiate the sum of W at a (2, 3) array: six ones, not one 6.",
            looks_right="For a single weight it is the right number, and f takes all of W without "
            "complaint.",
        ),
        Misconception(
            "h ignored",
            tuple(by_entries(quotient_of(1, 1, 2, step)) for step in (1e-5, 1e-4, 1e-6)),
            did="You wrote a fixed step, and the argument h is never used.",
            symptom="The error does not change with h.",
            experiment="Differentiate the sum of W**3 at 1 with h = 1: it should be exactly 4.",
            looks_right="With the default h the numbers are the same, and 1e-5 is a good step.",
            shows_in="order of the error",
        ),
        Misconception(
            "whole rows moved",
            tuple(
                by_rows(quotient, take)
                for quotient in (CENTRAL, FORWARD)
                for take in (as_floats, itself)
            ),
            did="You went over the rows of W and moved all entries of a row together.",
            symptom="All entries of a row of the answer are equal: the sum of their slopes.",
            experiment="Differentiate the sum of W at a (2, 3) array: six ones, and no 3.",
            looks_right="For a vector each row is one entry, and there it is right.",
        ),
    ),
    made=lambda f, W, h=1e-5: entries(W) ** 2,
    properties=numerical_gradient,
)
