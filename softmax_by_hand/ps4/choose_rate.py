"""The exercise choose_rate: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, purity
from autograder.checking.kit import Properties, Student
from softmax_by_hand import lecture
from softmax_by_hand.fixtures import Array, Generator


def curves(rng: Generator, E: int, last: int) -> Arguments:
    """Draw rates and curves such that each wrong way to read them chooses another curve.

    In turn: falls slowly and ends lowest; falls fast and stays higher; touches the lowest loss
    of all, and rises; is noisy and has its lowest loss last; learns nothing; is lowest at
    first, and rises.
    """
    t = np.arange(E) / (E - 1)
    level = float(rng.uniform(0.2, 0.5))
    slow = level + 2.0 * (1 - t) ** 1.5 + 0.01 * rng.random(E)
    fast = level + 0.25 + 1.2 * np.exp(-12 * t) + 0.01 * rng.random(E)
    touches = level + 0.5 + 1.5 * np.abs(t - 0.5)
    touches[E // 2] = level / 4
    noisy = level + 0.4 + 1.5 * (1 - t) + 0.05 * rng.random(E)
    noisy[-1] = level / 2
    nothing = np.full(E, level + 4.2) + 0.01 * rng.random(E)
    rises = level + 0.4 + 3 * t
    rises[:last] = level + 0.1
    drawn = [slow, fast, touches, noisy, nothing, rises]
    return _shuffled(rng, drawn, last)


def overflowing(rng: Generator, E: int, last: int) -> Arguments:
    """Draw curves of which two end in nan and infinity, and lie below all others before that."""
    _, histories, _ = curves(rng, E, last)
    best = histories[np.argmin(ends(histories, last))]
    gone = [histories.min(axis=0) / 8 for _ in range(2)]
    # Of the second some of the last entries are still numbers.
    gone[0][-2:], gone[1][-1] = np.nan, np.inf
    back = histories.min(axis=0) / 4
    back[1] = np.nan  # nan in between; its last entries are numbers again, but not the lowest
    others = [one for one in histories if one is not best and not np.array_equal(one, best)]
    return _shuffled(rng, [best, *others, *gone, back], last)


def _shuffled(rng: Generator, drawn: list[Array], last: int) -> Arguments:
    rates = np.sort(rng.uniform(0.01, 5.0, len(drawn)))
    order = rng.permutation(len(drawn) - 1) + 1
    place = int(rng.integers(1, len(drawn) - 1))  # the best is neither first nor last
    others = [drawn[i] for i in order]
    return rates, np.array([*others[:place], drawn[0], *others[place:]]), last


def several(draw: Callable[..., Arguments]) -> Callable[[Generator], list[Arguments]]:
    """Return a maker of six calls; the first four and the last two are of one shape each."""

    def drawn(rng: Generator) -> list[Arguments]:
        one, other = ((int(rng.integers(14, 22)), int(rng.integers(3, 6))) for _ in range(2))
        calls = [draw(rng, *sizes) for sizes in (one, one, one, one, other, other)]
        # The answers differ, so that one answer remembered for each shape cannot be right.
        rates, histories, last = calls[0]
        return [*calls[1:], (rates, np.roll(histories, 1, axis=0), last), calls[0]]

    return drawn


def chosen_by(score: Callable[[Array, int], Array]) -> Callable[..., float]:
    """Return the rate of the curve with the smallest score; nan is never chosen."""

    def choose_rate(rates: Array, histories: Array, last: int) -> float:
        with np.errstate(all="ignore"):
            found = np.where(np.isfinite(histories).all(axis=1), score(histories, last), np.inf)
        return float(rates[np.argmin(found)])

    return choose_rate


def ends(histories: Array, last: int) -> Array:
    return np.asarray(histories[:, -last:].mean(axis=1))


def nan_wins(rates: Array, histories: Array, last: int) -> float:
    return float(rates[np.argmin(ends(histories, last))])


def nan_ignored(rates: Array, histories: Array, last: int) -> float:
    lowest = np.where(np.isfinite(histories), histories, np.nan)
    return float(rates[np.nanargmin(np.nanmean(lowest[:, -last:], axis=1))])


def sorts(rates: Array, histories: Array, last: int) -> float:
    found = lecture.choose_rate(rates, histories, last)
    histories.sort(axis=1)
    return found


CURVES = np.array(
    [
        [2.0, 1.6, 1.3, 1.1, 1.0, 0.9],
        [2.0, 1.0, 0.6, 0.5, 0.4, 0.4],
        [1.5, 0.7, 0.6, 0.6, 0.6, 0.6],
        [2.0, 0.1, 0.9, 1.1, 0.8, 0.7],
        [2.2, 2.0, 1.9, 1.8, 1.7, 0.2],
    ]
)
RATES = np.array([0.15, 0.3, 1.5, 3.5, 10.5])  # none of them is an index of another


@Properties(
    shape=lambda rates, histories, last: (),
    examples=lambda: [(RATES.copy(), CURVES.copy(), 2), (RATES[:3].copy(), CURVES[:3].copy(), 1)],
    hint="One number: one of the rates that were handed in.",
)
def choose_rate(f: Student) -> None:
    f.claim("the answer is one of the rates", "Is it the rate, or its place in the list?")
    for rates, histories, last in f.examples:
        f.expect(f(rates, histories, last) in rates.tolist())
    f.claim(
        "of two curves that stay level, the lower one's rate is chosen, wherever it stands",
        "Is a small loss good, or a large one?",
    )
    for level in ((0.3, 0.8), (0.8, 0.3)):
        found = f(np.array([0.5, 2.0]), np.array([[one] * 4 for one in level]), 2)
        f.expect(found == (0.5 if level[0] < level[1] else 2.0))
    f.claim(
        "what a curve does before its last entries does not matter",
        "Which epochs count? Is the average taken of these alone?",
    )
    for early in ([[9, 9, 9], [0, 0, 0]], [[0, 0, 0], [9, 9, 9]]):
        late = np.array([[0.2, 0.2], [0.4, 0.4]])
        found = f(np.array([0.5, 2.0]), np.hstack((np.array(early, dtype=float), late)), 2)
        f.expect(found == 0.5)
    f.claim(
        "a single low entry among the last ones does not win",
        "Is it their mean that counts, or the lowest, or the very last?",
    )
    steady, lucky = [0.5] * 6, [0.5, 0.9, 0.9, 0.9, 0.9, 0.1]
    f.expect(f(np.array([0.5, 2.0]), np.array([steady, lucky]), 4) == 0.5)
    f.expect(f(np.array([0.5, 2.0]), np.array([lucky, steady]), 4) == 2.0)
    f.claim(
        "a curve with nan or infinity in it has lost, however low it was elsewhere",
        "What does argmin say where one entry is nan? Print it. Is the whole curve looked at?",
    )
    for bad in (np.nan, np.inf):
        for place in (1, 4, 5):
            gone = np.full(6, 0.01)
            gone[place] = bad
            f.expect(f(np.array([0.5, 2.0]), np.array([steady, gone]), 2) == 0.5)
            f.expect(f(np.array([0.5, 2.0]), np.array([gone, steady]), 2) == 2.0)


CHOOSE_RATE = Exercise(
    signature="choose_rate(rates, histories, last) -> float, one of the rates",
    reference=lecture.choose_rate,
    lesson="07_sgd",
    treated="learning rate",
    criteria=(
        Criterion(
            "where a curve ends",
            1.5,
            "The rate is that of the curve with the lowest mean of its last entries.",
            several(curves),
        ),
        Criterion(
            "overflow",
            1.0,
            "A curve that holds nan or infinity has lost, also if it was the lowest before or "
            "after.",
            several(overflowing),
        ),
        purity(0.5),
    ),
    misconceptions=(
        Misconception(
            "lowest point anywhere",
            (chosen_by(lambda histories, last: histories.min(axis=1)),),
            did="You looked for the lowest loss that a curve has anywhere.",
            symptom="A curve that touches a low loss once, and rises, is chosen.",
            experiment="Try a curve with a single 0 in its middle and 9 elsewhere.",
            looks_right="For curves that only fall it is the last entry.",
        ),
        Misconception(
            "last entry alone",
            (chosen_by(lambda histories, last: histories[:, -1]),),
            did="You compared the very last entries; a single epoch may be luck.",
            symptom="A curve that jumps up and down is chosen when it happens to end low.",
            experiment="Try a curve of 9s with a single 0 at its end.",
            looks_right="For smooth curves the last entry and the mean of the last few hardly "
            "differ.",
        ),
        Misconception(
            "mean of the whole curve",
            (chosen_by(lambda histories, last: histories.mean(axis=1)),),
            did="You averaged whole curves; how a curve begins does not matter.",
            symptom="A rate that falls fast and stays high beats one that ends lower.",
            experiment="Put a 100 at the start of the best curve: it should still be chosen.",
            looks_right="Curves that lie below another all the way have the lower mean too.",
        ),
        Misconception(
            "first entries",
            (chosen_by(lambda histories, last: histories[:, :last].mean(axis=1)),),
            did="You averaged the first entries of each curve, not the last.",
            symptom="The curve that falls fastest is chosen, wherever it ends.",
            experiment="Put a 100 at the start of the best curve: it should still be chosen.",
            looks_right="The number of entries is right, and a fast start is a good sign.",
        ),
        Misconception(
            "largest loss",
            (chosen_by(lambda histories, last: -ends(histories, last)),),
            did="You chose the largest loss.",
            symptom="The worst of the curves is chosen.",
            experiment="Try two level curves, at 0 and at 1: the first should be chosen.",
            looks_right="The largest accuracy would be the best.",
        ),
        Misconception(
            "place instead of rate",
            (
                lambda rates, histories, last: float(
                    rates.tolist().index(lecture.choose_rate(rates, histories, last))
                ),
                lambda rates, histories, last: rates.tolist().index(
                    lecture.choose_rate(rates, histories, last)
                ),
            ),
            did="You returned which curve it is; its learning rate is asked for.",
            symptom="A whole number, that is none of the rates.",
            experiment="Print what you return beside rates: it should be among them.",
            looks_right="It is the right curve, and argmin gives its place.",
        ),
        Misconception(
            "nan wins",
            (nan_wins,),
            did="You handed means with nan in them to argmin, for which nan is the smallest.",
            symptom="A rate at which training broke down is chosen.",
            experiment="Print np.argmin([1.0, np.nan, 0.5]): it is 1.",
            looks_right="As long as no curve breaks down it is right.",
            shows_in="overflow",
        ),
        Misconception(
            "nan left out of the mean",
            (nan_ignored,),
            did="You left nan and infinity out of the mean, as np.nanmean does, and kept the "
            "curve.",
            symptom="A curve that broke down is judged by what it was before.",
            experiment="Try a curve of 0s with a single nan: it should not be chosen.",
            looks_right="No nan is left in the means, and argmin gives a proper place.",
            shows_in="overflow",
        ),
        Misconception(
            "only the last entries looked at for nan",
            (
                lambda rates, histories, last: float(
                    rates[
                        np.argmin(np.nan_to_num(ends(histories, last), nan=np.inf, posinf=np.inf))
                    ]
                ),
            ),
            did="You looked for nan and infinity in the last entries alone.",
            symptom="A curve that broke down early, and was low again later, is chosen.",
            experiment="Try a curve of 0s with nan as its second entry: it should not be chosen.",
            looks_right="A training that breaks down seldom comes back.",
            shows_in="overflow",
        ),
        Misconception(
            "changes histories",
            (sorts,),
            did="You sorted or changed the curves themselves.",
            symptom="histories holds other numbers after the call.",
            experiment="Keep before = histories.copy() and compare after the call.",
            looks_right="The right rate is returned.",
            shows_in="purity",
        ),
    ),
    properties=choose_rate,
)
