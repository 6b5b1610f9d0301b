"""The exercise init_weights: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, as_count, entries, purity
from autograder.checking.kit import Properties, Student, draws_no_more, uses_rng_alone
from softmax_by_hand import fixtures, lecture
from softmax_by_hand.fixtures import Generator


def default_scale(rng: Generator) -> list[Arguments]:
    return [(size.D, size.K, fixtures.seed(rng)) for size in fixtures.all_sizes(rng)]


def given_scale(rng: Generator) -> list[Arguments]:
    scales = (rng.uniform(0.1, 0.5), rng.uniform(1.0, 3.0), rng.uniform(20.0, 40.0))
    return [
        (size.D, size.K, fixtures.seed(rng), float(scale))
        for size, scale in zip(fixtures.sizes(rng, 3), scales, strict=True)
    ]


def either_scale(rng: Generator) -> list[Arguments]:
    return default_scale(rng)[:2] + given_scale(rng)[:1]


@Properties(
    shape=lambda D, K, rng, scale=0.01: (K, D + 1),
    examples=lambda: [(4, 3, np.random.default_rng(1)), (2, 3, np.random.default_rng(2), 0.5)],
    hint="A row for each class; a column for each feature, and one more for what?",
    purity_hint="Does every random number come from the rng that is handed in?",
)
def init_weights(f: Student) -> None:
    def draw(seed: int, *scale: float, D: int = 40, K: int = 30) -> Any:
        return f(D, K, np.random.default_rng(seed), *scale)

    uses_rng_alone(f, lambda rng: f(40, 30, rng), "weights")
    f.claim("twice the scale gives twice the weights", "Where does scale enter?")
    small = draw(1, 0.1)
    f.agree(draw(1, 0.2), 2 * small, at_half_the_scale=small)
    f.claim("scale is 0.01 unless it is given", "What does the def line say of scale?")
    given = draw(1, 0.01)
    f.agree(100 * draw(1), 100 * given, with_scale_given=given)
    f.claim(
        "both signs, mean near 0, standard deviation near the scale",
        "Which distribution is centred at 0, and which method of rng draws from it?",
    )
    W = draw(1, 1.0)
    f.expect(abs(W.mean()) < 0.1 and abs(W.std() - 1) < 0.1, mean=W.mean(), deviation=W.std())
    f.claim(
        "the last column, the biases, is drawn like the others",
        "Is a column set to something afterwards, or put beside what was drawn?",
    )
    f.expect(W[:, -1].std() > 0.5, the_biases=W[:, -1], their_deviation=W[:, -1].std())
    f.claim(
        "K = 5 and K = 2 with the same seed have the same first two rows",
        "In which order do the numbers fill W: row by row, in the shape that is asked for?",
    )
    two, five = draw(1, D=3, K=2), draw(1, D=3, K=5)
    f.agree(100 * five[:2], 100 * two, with_two_classes=two)
    f.claim(
        "K (D+1) standard normal numbers are drawn from rng, and no other",
        "Is something else drawn before or after, or from another distribution?",
    )
    draws_no_more(f, lambda rng: f(40, 30, rng), lambda rng: rng.standard_normal(30 * 41))


INIT_WEIGHTS = Exercise(
    signature="init_weights(D, K, rng, scale=0.01) -> (K, D+1)",
    reference=lecture.init_weights,
    lesson="03_cross_entropy",
    treated="with tiny weights",
    criteria=(
        Criterion(
            "standard normal",
            1.0,
            "W is scale times standard normal draws from rng, one row for each class, "
            "one column for each feature and one for the bias.",
            default_scale,
        ),
        Criterion(
            "scale", 1.0, "The spread of the weights follows the argument scale.", given_scale
        ),
        Criterion(
            "global random state",
            0.5,
            "Randomness must come from rng alone, which is asked for these numbers and no more; "
            "NumPy's global random state stays unmoved.",
            either_scale,
            aspect="global random state",
        ),
        purity(0.5, either_scale, claim="Equal generators must give equal weights."),
    ),
    misconceptions=(
        Misconception(
            "no bias column",
            (lambda D, K, rng, scale=0.01: scale * rng.standard_normal((K, D)),),
            did="You left out the column of the bias.",
            symptom="The shape is (K, D), so W @ Xb raises an error.",
            experiment="Print init_weights(4, 3, rng).shape: the data has 5 rows with its bias.",
            looks_right="There is a weight for each feature of the data; the bias feature comes "
            "only with add_bias.",
            lesson="01_scores",
            treated="$\\mathbf{W}$ is $(K, D+1)",
        ),
        Misconception(
            "transposed",
            (
                lambda D, K, rng, scale=0.01: scale * rng.standard_normal((D + 1, K)),
                lambda D, K, rng, scale=0.01: scale * rng.standard_normal((K, D + 1)).T,
            ),
            did="You made one column for each class, where W has one row for each class.",
            symptom="The shape is (D+1, K), so W @ Xb raises an error.",
            experiment="Print init_weights(4, 3, rng).shape and compare with Z = W Xb.",
            looks_right="There are as many weights as there should be, and for samples in rows "
            "this is their shape.",
            lesson="01_scores",
            treated="$\\mathbf{W}$ is $(K, D+1)",
        ),
        Misconception(
            "global generator",
            (
                lambda D, K, rng, scale=0.01: scale * np.random.standard_normal((K, D + 1)),  # noqa: NPY002
                lambda D, K, rng, scale=0.01: scale * np.random.rand(K, D + 1),  # noqa: NPY002
                lambda D, K, rng, scale=0.01: scale * np.random.randn(K, D),  # noqa: NPY002
            ),
            did="You used np.random itself, where only the rng that was passed in is to be used.",
            symptom="NumPy's global generator is not where it was before the call.",
            experiment="Run np.random.seed(1), init_weights(4, 3, rng), np.random.random(): "
            "the last one is 0.417 if the call left np.random alone.",
            looks_right="The weights look as random as they should, and after np.random.seed they "
            "even repeat.",
            shows_in="global random state",
        ),
        Misconception(
            "uniform",
            (
                lambda D, K, rng, scale=0.01: scale * rng.random((K, D + 1)),
                lambda D, K, rng, scale=0.01: rng.uniform(-scale, scale, (K, D + 1)),
                lambda D, K, rng, scale=0.01: scale * (rng.random((K, D + 1)) - 0.5),
            ),
            did="You drew from a uniform distribution.",
            symptom="No weight is larger than scale, and with rng.random none is negative.",
            experiment="Print W.min() / 0.01 and W.max() / 0.01 for W = init_weights(100, 9, rng).",
            looks_right="The weights are small, random and all different, and a linear classifier "
            "learns from them as well.",
        ),
        Misconception(
            "scale ignored",
            (
                lambda D, K, rng, scale=0.01: rng.standard_normal((K, D + 1)),
                lambda D, K, rng, scale=0.01: 0.01 * rng.standard_normal((K, D + 1)),
                lambda D, K, rng, scale=0.01: rng.standard_normal((K, D + 1)) * np.sqrt(2 / D),
                lambda D, K, rng, scale=0.01: rng.standard_normal((K, D + 1)) / np.sqrt(D),
            ),
            did="You did not multiply by scale.",
            symptom="The weights are as large for every scale, and with weights of size 1 "
            "the loss starts far above ln K.",
            experiment="Print init_weights(100, 9, rng, scale=5.0).std(): it should be near 5.",
            looks_right="The shape is right, and a histogram of the weights is the same bell but "
            "for the numbers on its axis.",
            shows_in="scale",
        ),
        Misconception(
            "all alike",
            (
                lambda D, K, rng, scale=0.01: np.zeros((K, D + 1)),
                lambda D, K, rng, scale=0.01: scale * np.ones((K, D + 1)),
            ),
            did="You gave every weight the same number, and nothing was drawn.",
            symptom="The standard deviation of W is 0.",
            experiment="Print init_weights(4, 3, rng).std(): it should be near 0.01.",
            looks_right="One layer learns from zeros as well, since its loss has a single valley.",
        ),
        Misconception(
            "own generator",
            tuple(
                lambda D, K, rng, scale=0.01, seed=seed: (
                    scale * np.random.default_rng(seed).standard_normal((K, D + 1))
                )
                for seed in (0, 42, 1, 123)
            ),
            did="You made a generator with a seed of its own, and did not draw from rng.",
            symptom="Whatever rng is passed in, the weights are always those of one seed.",
            experiment="Compare init_weights(4, 3, np.random.default_rng(1)) with that of a "
            "default_rng(2): should they be equal?",
            looks_right="The numbers are as random as they should be, and they can be repeated.",
        ),
    ),
    made=lambda D, K, rng, scale=0.01: (as_count(D) + 1) * as_count(K) * entries(scale),
    properties=init_weights,
)
