"""The exercise is_gradient: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, Specimen, purity
from autograder.checking.kit import Properties, Student, Truth
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import Array, Generator

SHAPE = (3, 4)  # of W; small, as each value of f is asked of the trusted process
STEPS = "Every entry is the slope of f when that entry of W alone is moved."
ANYWHERE = "It is the slope at every W, not only at W = 0."
EACH = "Every entry has to be right, in every row and column."
Pair = tuple[Callable[[Array], float], Callable[[Array], Array]]


def pair_of(
    f: Callable[[Array], float], gradient: Callable[[Array], Array], breaks: str
) -> Arguments:
    def grad(W: Any) -> Array:
        W = np.array(W, dtype=np.float64)
        if W.shape != SHAPE:
            raise ValueError(f"grad takes an array of shape {SHAPE}")
        return gradient(W)

    return fixtures.accepting(SHAPE, f), Specimen(grad, breaks)


def classifier(rng: Generator) -> tuple[Pair, Callable[..., Callable[[Array], Array]]]:
    """Return a classifier's loss with its gradient, and how to make others from dL/dz."""
    Xb, y = fixtures.features(rng, SHAPE[1] - 1, 5), fixtures.labels(rng, SHAPE[0], 5)
    Y = lecture.one_hot(y, SHAPE[0])

    def by(grad_z: Callable[[Array, Array], Array]) -> Callable[[Array], Array]:
        def gradient(W: Array) -> Array:
            A = lecture.softmax(W @ Xb)
            each = [np.outer(grad_z(A[:, n], Y[:, n]), Xb[:, n]) for n in range(5)]
            return np.mean(each, axis=0)

        return gradient

    def loss(W: Array) -> float:
        """Return what `cce_from_scores` gives, in fewer steps: it is asked for often."""
        Z = W @ Xb
        m = Z.max(axis=0)
        return float((np.log(np.exp(Z - m).sum(axis=0)) + m - (Y * Z).sum(axis=0)).mean())

    return (loss, by(lambda a, y: a - y)), by


def wave(rng: Generator) -> Pair:
    c = rng.uniform(0.5, 2, SHAPE)
    return (lambda W: float(np.sum(np.sin(c * W)))), (lambda W: c * np.cos(c * W))


def with_and_without_penalty(rng: Generator) -> tuple[Pair, Pair, float]:
    loss, gradient = classifier(rng)[0]
    strength = float(rng.uniform(0.2, 0.5))
    both = (
        lambda W: loss(W) + lecture.l2_penalty(W, strength),
        lambda W: gradient(W) + lecture.l2_gradient(W, strength),
    )
    return (loss, gradient), both, strength


def shuffled(rng: Generator, calls: list[Arguments]) -> list[Arguments]:
    return [calls[i] for i in rng.permutation(len(calls))]


def wrong_everywhere(rng: Generator) -> list[Arguments]:
    (loss, gradient), _ = classifier(rng)
    f, slope = wave(rng)
    factor = float(rng.uniform(1.02, 1.03))
    return shuffled(
        rng,
        [
            pair_of(loss, gradient, ""),
            pair_of(f, slope, ""),
            pair_of(loss, lambda W: -gradient(W), STEPS),
            pair_of(loss, lambda W: 5 * gradient(W), STEPS),
            pair_of(f, lambda W: -slope(W), STEPS),
            pair_of(f, lambda W: factor * slope(W), STEPS),
            pair_of(loss, lambda W: gradient(W) / factor, STEPS),
            pair_of(f, lambda W: np.full(SHAPE, slope(W).mean()), STEPS),
            pair_of(loss, lambda W: 0 * W, STEPS),
        ],
    )


def right_at_zero(rng: Generator) -> list[Arguments]:
    (loss, gradient), by = classifier(rng)
    (_, without), (penalised, whole), strength = with_and_without_penalty(rng)
    f, slope = wave(rng)
    at_zero = slope(np.zeros(SHAPE))
    return shuffled(
        rng,
        [
            pair_of(loss, gradient, ""),
            pair_of(penalised, whole, ""),
            pair_of(loss, by(mistakes.through_chain(backward=mistakes.one_sided)), ANYWHERE),
            pair_of(penalised, without, ANYWHERE),
            pair_of(penalised, lambda W: without(W) + strength * W, ANYWHERE),
            pair_of(f, lambda W: at_zero.copy(), ANYWHERE),
        ],
    )


def one_entry_wrong(rng: Generator) -> list[Arguments]:
    (loss, gradient), _ = classifier(rng)
    f, slope = wave(rng)

    def spoilt(gradient: Callable[[Array], Array], index: Any) -> Callable[[Array], Array]:
        def wrong(W: Array) -> Array:
            G = gradient(W).copy()
            G[index] += 0.5
            return G

        return wrong

    return shuffled(
        rng,
        [
            pair_of(loss, gradient, ""),
            pair_of(f, slope, ""),
            pair_of(loss, spoilt(gradient, (slice(None), -1)), EACH),
            pair_of(f, spoilt(slope, (2, int(rng.integers(4)))), EACH),
            pair_of(f, spoilt(slope, (1, int(rng.integers(1, 4)))), EACH),
        ],
    )


def compared(
    at: Callable[[Generator], Array] = lambda rng: rng.normal(size=SHAPE),
    look: Callable[[Array], Any] = lambda G: G,
    tolerance: float = 1e-5,
) -> Callable[..., bool]:
    """Return a test at one W that looks at a part of the two gradients."""

    def is_gradient(f: Callable[[Array], float], grad: Callable[[Array], Array]) -> bool:
        W = at(np.random.default_rng(2))
        right = lecture.numerical_gradient(f, W)
        return bool(np.allclose(look(grad(W)), look(right), rtol=tolerance, atol=1e-6))

    return is_gradient


def exactly_equal(f: Callable[[Array], float], grad: Callable[[Array], Array]) -> bool:
    W = np.ones(SHAPE)
    return bool(np.array_equal(grad(W), lecture.numerical_gradient(f, W)))


def numbers_only(f: Callable[[Array], float], grad: Callable[[Array], Array]) -> bool:
    G = grad(np.random.default_rng(2).normal(size=SHAPE))
    return G.shape == SHAPE and bool(np.isfinite(G).all())


def f_against_itself(f: Callable[[Array], float], grad: Callable[[Array], Array]) -> bool:
    W = np.random.default_rng(2).normal(size=SHAPE)
    one, other = (lecture.numerical_gradient(f, W, h) for h in (1e-5, 1e-6))
    return bool(np.allclose(one, other, atol=1e-4))


def some_sum(W: Any) -> Any:
    """the sum of sin(W)"""
    return np.sin(W).sum()


def some_squares(W: Any) -> Any:
    """the sum of (c * W)**2, with these c"""
    return ((1 + np.arange(12).reshape(3, 4)) * W**2).sum()


def with_entry(gradient: Callable[[Any], Any], index: tuple[Any, ...]) -> Callable[[Any], Any]:
    def grad(W: Any) -> Any:
        G = gradient(W)
        G[index] += 0.5
        return G

    return grad


def squares_slope(W: Any) -> Any:
    return 2 * (1 + np.arange(12).reshape(3, 4)) * W


WRONG_GRADIENTS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "of zeros": (some_sum, lambda W: 0 * W),
    "with the wrong sign": (some_sum, lambda W: -np.cos(W)),
    "that is 1.02 times what it should be": (some_sum, lambda W: 1.02 * np.cos(W)),
    "whose rows are exchanged": (some_squares, lambda W: squares_slope(W)[::-1]),
    "with errors that cancel in the sum": (
        some_sum,
        lambda W: np.cos(W) + np.array([[0.5, -0.5, 0, 0], [0.0] * 4, [0, 0, 0, 0]]),
    ),
    "that is right at W = 0 only": (some_squares, lambda W: 0 * W),
    "with one wrong entry": (some_sum, with_entry(np.cos, (1, 2))),
    "with a wrong last column": (some_sum, with_entry(np.cos, (slice(None), -1))),
}


@Properties(
    shape=lambda f, grad: Truth(),
    examples=lambda: [(some_sum, np.cos), (some_sum, np.sin)],
    hint="Both functions take a W of shape (3, 4).",
)
def is_gradient(f: Student) -> None:
    f.claim(
        "it is True for right gradients",
        "A numerical gradient has rounding errors: how much may the two differ?",
    )
    f.expect(f(some_sum, np.cos))
    f.expect(f(some_squares, squares_slope))
    for what, (function, wrong) in WRONG_GRADIENTS.items():
        f.claim(f"it is False for one {what}", "At which W, and in which entry, does it show?")
        f.expect(not f(function, wrong))


IS_GRADIENT = Exercise(
    signature="is_gradient(f, grad) -> bool; both take a W of shape (3, 4)",
    reference=lecture.is_gradient,
    lesson="06_gradient_check",
    treated="When are two gradients the same?",
    needs=("numerical_gradient",),
    criteria=(
        Criterion(
            "wrong everywhere",
            2.5,
            "True for every right gradient, and False for those that are wrong almost everywhere.",
            wrong_everywhere,
        ),
        Criterion(
            "right at 0",
            2.0,
            "False also for those that are exactly right at W = 0 and wrong elsewhere.",
            right_at_zero,
        ),
        Criterion(
            "one entry wrong",
            1.0,
            "False also for those with a single wrong entry or column.",
            one_entry_wrong,
        ),
        purity(
            0.5,
            fixtures.first(2, wrong_everywhere),
            claim="The same pair tested twice gets the same answer.",
        ),
    ),
    misconceptions=(
        Misconception(
            "accepts everything",
            (mistakes.accepts_all, numbers_only, f_against_itself),
            did="Your test accepts any gradient of the right shape; perhaps it compares f with "
            "itself, or never calls grad.",
            symptom="It is True for a gradient of zeros.",
            experiment="Hand in a grad that returns np.zeros((3, 4)): is it refused?",
            looks_right="It is True for every right gradient, as it should be.",
        ),
        Misconception(
            "refuses everything",
            (mistakes.refuses_all, exactly_equal),
            did="Your test refuses right gradients; two floats computed differently are seldom "
            "exactly equal.",
            symptom="It is False for the sum of W**2 and its gradient 2 * W.",
            experiment="Print the largest difference between the two gradients: it is not 0.",
            looks_right="It is False for every wrong gradient, and exact equality seems the "
            "strictest test.",
        ),
        Misconception(
            "only at W = 0",
            (compared(at=lambda rng: np.zeros(SHAPE)),),
            did="Your test looks at W = 0 only, where all probabilities are equal.",
            symptom="There the wrong 1-D Jacobian, or a forgotten penalty, is exactly right.",
            experiment="Test the sum of W**2 with a gradient of zeros: is it refused?",
            looks_right="W = 0 is where training may start, and a wrong sign or factor does show "
            "there.",
        ),
        Misconception(
            "only one entry",
            (compared(look=lambda G: G[0, 0]),),
            did="Your test looks at a single entry of the gradient.",
            symptom="It is True where only that entry is right.",
            experiment="Hand in a gradient that is right in [0, 0] and 0 elsewhere: is it refused?",
            looks_right="A wrong formula mostly spoils every entry, so that one of them seems "
            "enough.",
        ),
        Misconception(
            "only the sum",
            (compared(look=np.sum), compared(look=np.mean)),
            did="Your test compares sums, and errors of both signs cancel in them.",
            symptom="It is True for minus the gradient of a classifier, as its entries sum to 0.",
            experiment="Hand in a gradient whose rows are exchanged: is it refused?",
            looks_right="Equal gradients have equal sums, and a single number is quickly compared.",
        ),
        Misconception(
            "only the size",
            (compared(look=np.abs), compared(look=np.linalg.norm)),
            did="Your test compares sizes, and the sign is lost in them.",
            symptom="It is True for minus the gradient.",
            experiment="Hand in a grad with the wrong sign: is it refused?",
            looks_right="Equal gradients have equal sizes, and a wrong factor does show.",
        ),
        Misconception(
            "too loose",
            (compared(tolerance=0.1), compared(tolerance=0.05)),
            did="Your test allows differences of several percent.",
            symptom="It is True for 1.02 times the gradient.",
            experiment="Hand in 1.02 times a right gradient: is it refused?",
            looks_right="Difference quotients are never exact, and gross mistakes are refused.",
        ),
    ),
    properties=is_gradient,
)
