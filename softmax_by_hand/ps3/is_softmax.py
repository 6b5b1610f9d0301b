"""The exercise is_softmax: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, Specimen, purity
from autograder.checking.kit import Properties, Student, Truth, from_notebook
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import Array, Generator

SUMS = "Every column sums to 1, and so does a single sample."
RATIO = "log(a_i / a_j) is z_i - z_j: the ratio follows from the difference of the scores."
GROWS = "A larger score has a larger probability."
ALONE = "A batch gives what its columns give one by one."
LARGE = "Scores of 1000 are no trouble."
FAR = "Scores of 1000 and of -1000 in one sample are no trouble."
APART = "Columns whose scores are far apart do not disturb each other."


def with_right_ones(rng: Generator, items: list[tuple[Callable[..., Any], str]]) -> list[Arguments]:
    """Return a call for each function, shuffled, with two right ones among them."""
    shift = float(rng.uniform(1, 3))
    right: list[tuple[Callable[..., Any], str]] = [
        (lecture.softmax, ""),
        (lambda z: np.exp(z - np.logaddexp.reduce(z + shift, axis=0) + shift), ""),
    ]
    chosen = [*right, *items]
    return [(specimen(*chosen[i]),) for i in rng.permutation(len(chosen))]


def specimen(formula: Callable[[Array], Any], breaks: str) -> Specimen:
    """Return a specimen that takes (K,) or (K, N) of any numbers, and refuses anything else."""

    def f(z: Any) -> Any:
        z = np.array(z, dtype=np.float64)
        if z.ndim not in (1, 2) or z.size == 0:
            raise ValueError("f takes an array of scores, (K,) or (K, N)")
        with np.errstate(all="ignore"):
            return formula(z)

    return Specimen(f, breaks)


def plainly_wrong(rng: Generator) -> list[Arguments]:
    base, power = float(rng.uniform(1.8, 2.2)), float(rng.uniform(1.02, 1.03))
    gain = float(rng.uniform(1.5, 3))
    return with_right_ones(
        rng,
        [
            (lambda z: 1 / (1 + np.exp(-gain * z)), SUMS),
            (lambda z: np.exp(np.clip(z, -700, 700) / gain), SUMS),
            (lambda z: lecture.softmax(z * np.log(base)), RATIO),
            (lambda z: lecture.softmax(power * z), RATIO),
            (lambda z: lecture.softmax(z / power), RATIO),
            (lambda z: lecture.softmax((z.T + np.linspace(0, gain, len(z))).T), RATIO),
            (lambda z: lecture.softmax(-z), GROWS),
            (lambda z: np.full(z.shape, 1 / len(z)), GROWS),
            (lambda z: lecture.softmax(z)[::-1], GROWS),
            (sigmoids_shared, RATIO),
            (lambda z: np.exp(z - z.max(axis=0)), SUMS),
        ],
    )


def wrong_in_batches(rng: Generator) -> list[Arguments]:
    return with_right_ones(
        rng,
        [
            (lambda z: lecture.softmax(z.ravel()).reshape(z.shape), SUMS),
            (lambda z: lecture.softmax(z.T).T, SUMS),
            (lambda z: np.roll(lecture.softmax(z), z.ndim - 1, axis=-1), ALONE),
            (like_first_column, ALONE),
        ],
    )


def sigmoids_shared(z: Array) -> Array:
    a = (1 + np.tanh(z / 2)) / 2 + 1e-300
    return a / a.sum(axis=0)


def like_first_column(z: Array) -> Array:
    a = lecture.softmax(z)
    return a if z.ndim == 1 else np.repeat(a[:, :1], z.shape[1], axis=1)


def wrong_for_large(rng: Generator) -> list[Arguments]:
    end = float(rng.uniform(80, 120))
    return with_right_ones(
        rng,
        [
            (mistakes.unshifted, LARGE),
            (lambda z: mistakes.unshifted(np.clip(z, -end, end)), LARGE),
            (lambda z: mistakes.unshifted(z - z.max()), APART),
            (lambda z: mistakes.unshifted(z - z.mean()), APART),
            (lambda z: mistakes.unshifted(z - z.min(axis=0)), FAR),
        ],
    )


def scores_to_try(*wanted: str) -> list[Array]:
    """Return scores to try: of one sample and of a batch, mild, large or far apart."""
    rng = np.random.default_rng(1)
    z, Z = rng.normal(size=5), rng.normal(size=(3, 4))
    far = Z + np.array([1000.0, -1000, 0, 5])
    scores = {"one": z, "batch": Z, "large one": z + 1000, "far one": 1000 * z, "far batch": far}
    return [scores[name] for name in (wanted or scores)]


def agrees_on(*wanted: str, rtol: float = 1e-6) -> Callable[..., bool]:
    def is_softmax(f: Callable[[Array], Array]) -> bool:
        return all(
            np.allclose(f(z), lecture.softmax(z), rtol=rtol, atol=rtol * 1e-3)
            for z in scores_to_try(*wanted)
        )

    return is_softmax


def sums_only(f: Callable[[Array], Array]) -> bool:
    return all(np.allclose(np.sum(f(z), axis=0), 1) for z in scores_to_try())


def total_only(f: Callable[[Array], Array]) -> bool:
    return all(np.isclose(np.sum(f(z)), 1) for z in scores_to_try("one", "large one"))


def one_total_only(f: Callable[[Array], Array]) -> bool:
    return bool(np.isclose(np.sum(f(scores_to_try("one")[0])), 1))


def shifts_only(f: Callable[[Array], Array]) -> bool:
    return all(np.allclose(f(z), f(z + 7.0)) for z in scores_to_try("one", "batch"))


def against_itself(f: Callable[[Array], Array]) -> bool:
    return all(np.array_equal(f(z), f(z)) for z in scores_to_try("one", "batch"))


def equal_scores_only(f: Callable[[Array], Array]) -> bool:
    return all(np.allclose(f(np.zeros(K)), 1 / K) for K in (3, 5))


Function = Callable[[Any], Any]

# Each makes a wrong function from the notebook's own softmax.
WRONG_SOFTMAXES: dict[str, Callable[[Function], Function]] = {
    "that gives every class 1/K": lambda right: lambda z: np.full(np.shape(z), 1 / len(z)),
    "of -z, which prefers the smallest score": lambda right: lambda z: right(-np.asarray(z)),
    "of each score alone, 1 / (1 + exp(-z))": lambda right: (
        lambda z: right(np.stack((np.asarray(z, dtype=float), np.zeros(np.shape(z)))))[0]
    ),
    "of 2 z": lambda right: lambda z: right(2 * np.asarray(z)),
    "of 1.02 z": lambda right: lambda z: right(1.02 * np.asarray(z)),
    "that lets a whole batch sum to 1": lambda right: (
        lambda z: right(np.ravel(z)).reshape(np.shape(z))
    ),
    "that gives each column of a batch the probabilities of the first": lambda right: (
        lambda z: right(z) if np.ndim(z) == 1 else np.repeat(right(z)[:, :1], np.shape(z)[1], 1)
    ),
    "without the max shift, which gives nan at 1000": lambda right: (
        lambda z: np.where(np.abs(z).max(axis=0) < 700, right(z), np.nan)
    ),
    "that subtracts the largest score of the whole batch": lambda right: (
        lambda z: np.where(np.max(z, axis=0) > np.max(z) - 700, right(z), np.nan)
    ),
}


@Properties(
    shape=lambda f: Truth(),
    examples=lambda: [(np.exp,), (np.tanh,)],
    hint="Use it on a function that you trust, and on one that is surely wrong.",
)
def is_softmax(f: Student) -> None:
    right = from_notebook(f, "softmax")
    parts = right(np.log([1.0, 2, 5]) + 1000)
    f.expect(np.allclose(parts, np.divide([1, 2, 5], 8)), softmax_at_the_logarithms_of_1_2_5=parts)
    f.claim(
        "it is True for right implementations: the notebook's softmax, and that of z + 1",
        "Two floats that were computed differently are seldom equal: how much may they differ?",
    )
    f.expect(f(right))
    f.expect(f(lambda z: right(np.asarray(z, dtype=float) + 1)))
    for what, wrong in WRONG_SOFTMAXES.items():
        f.claim(f"it is False for one {what}", "For which scores does that one go wrong?")
        f.expect(not f(wrong(right)))


IS_SOFTMAX = Exercise(
    signature="is_softmax(f) -> bool; f takes (K,) or (K, N)",
    reference=lecture.is_softmax,
    lesson="02_softmax",
    treated="Which three one-line tests would have caught every bug",
    # A function that gives right values is no test yet: which scores to try is the exercise.
    needs=("softmax",),
    criteria=(
        Criterion(
            "one sample",
            2.0,
            "True for every right softmax, and False for those that are wrong already on a "
            "single sample.",
            plainly_wrong,
        ),
        Criterion(
            "batches",
            1.5,
            "False also for those that are right for a single sample and wrong for a batch.",
            wrong_in_batches,
        ),
        Criterion(
            "large scores",
            1.0,
            "False also for those that are right until the scores are large or far apart.",
            wrong_for_large,
        ),
        purity(
            0.5,
            fixtures.first(6, plainly_wrong),
            claim="The same function tested twice gets the same answer.",
        ),
    ),
    misconceptions=(
        Misconception(
            "accepts everything",
            (mistakes.accepts_all, against_itself),
            did="Your test accepts whatever it is given; perhaps it compares f with f itself.",
            symptom="It is True for a function that returns 1/K for everything.",
            experiment="Hand in np.tanh: is it refused?",
            looks_right="It is True for your own softmax, as it should be.",
        ),
        Misconception(
            "refuses everything",
            (mistakes.refuses_all,),
            did="Your test refuses right implementations too.",
            symptom="It is False for your own softmax.",
            experiment="Print is_softmax(softmax) for a softmax that you trust.",
            looks_right="It is False for every wrong function, as it should be.",
        ),
        Misconception(
            "only the sums",
            (sums_only, total_only, one_total_only),
            did="Your test accepts whatever sums to 1.",
            symptom="It is True for a softmax of -z, which prefers the smallest score.",
            experiment="Hand in a function that returns 1/K for every score: is it refused?",
            looks_right="Summing to 1 is what softmax is for, and many slips do break it.",
        ),
        Misconception(
            "only shifts",
            (shifts_only,),
            did="Your test asks only whether a number that is added to all scores changes nothing.",
            symptom="It is True for np.exp(z - z.max(axis=0)), which does not sum to 1.",
            experiment="Hand in a function that returns 1/K for every score: is it refused?",
            looks_right="softmax has this property, and many wrong ones, as the sigmoid, have not.",
        ),
        Misconception(
            "only equal scores",
            (equal_scores_only,),
            did="Your test looks only at scores that are all equal.",
            symptom="There even the softmax of -z is right.",
            experiment="Hand in a softmax of 2 * z: is it refused?",
            looks_right="There the right answer, 1/K, is known without computing anything.",
        ),
        Misconception(
            "too loose",
            (agrees_on(rtol=0.2), agrees_on(rtol=0.1)),
            did="Your test allows differences of several percent.",
            symptom="It is True for probabilities that are off in the second digit.",
            experiment="Hand in a softmax of 1.02 * z: is it refused?",
            looks_right="Gross mistakes are refused, and no right function ever fails for a "
            "rounding error.",
        ),
        Misconception(
            "only one sample",
            (agrees_on("one", "large one"), agrees_on("one")),
            did="Your test tries single samples only, never a batch.",
            symptom="It is True for a function that lets a whole batch sum to 1.",
            experiment="Hand in a function that divides by the sum of the whole array: is it "
            "refused?",
            looks_right="Everything about the formula itself shows in a single sample.",
        ),
        Misconception(
            "only mild scores",
            (agrees_on("one", "batch"),),
            did="Your test tries small scores only.",
            symptom="It is True for np.exp(z) / np.exp(z).sum(axis=0), which gives nan at 1000.",
            experiment="Hand in a softmax without its max shift: is it refused?",
            looks_right="The formula and the axes both show there, and mild scores are what comes "
            "to mind.",
        ),
        Misconception(
            "columns never far apart",
            (agrees_on("one", "batch", "large one", "far one"),),
            did="Your test tries no batch whose columns are far apart.",
            symptom="It is True for a softmax that subtracts one maximum for the whole batch.",
            experiment="Hand in a softmax that subtracts np.max(z), without an axis: is it "
            "refused?",
            looks_right="Batches are tried, and large scores are too; only never both at once.",
        ),
    ),
    properties=is_softmax,
)
