"""The exercise scores_gradient_W: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, as_count, entries, purity
from autograder.checking.kit import Properties, Student, normal
from softmax_by_hand import fixtures, lecture
from softmax_by_hand.fixtures import Generator


def samples_and_K(rng: Generator) -> list[Arguments]:
    return [(fixtures.features(rng, size.D, 1)[:, 0], size.K) for size in fixtures.all_sizes(rng)]


@Properties(
    shape=lambda x, K: (K, x.size, K),
    examples=lambda: [(normal(5), 3), (normal(3), 3), (normal(3), 4)],
    hint="The input is W, (K, D+1), and the output z, (K,): input shape x output shape.",
)
def scores_gradient_W(f: Student) -> None:
    f.claim(
        "K (D+1) entries are not 0: each weight moves one score only",
        "How many scores does W[i, j] appear in?",
    )
    for x, K in f.examples:
        count = np.count_nonzero(f(x, K))
        f.expect(count == K * x.size, not_zero=count, number_of_weights=K * x.size)
    f.claim(
        "entry [i, j, k] is how fast score k moves when W[i, j] moves",
        "Take W[0, 1] by hand: which score does it move, and how fast? Where do i, j, k stand?",
    )
    for x, K in f.examples:
        T = f(x, K)
        for i, j in np.ndindex(K, x.size):
            W = np.zeros((K, x.size))
            W[i, j] = 1
            label = f"a step of 1 in W[{i}, {j}] moves the scores by"
            f.agree(T[i, j], W @ x, **{label: W @ x, f"yours [{i}, {j}]": T[i, j]})


SCORES_GRADIENT_W = Exercise(
    signature="scores_gradient_W(x, K) -> (K, D+1, K); x is (D+1,)",
    reference=lecture.scores_gradient_W,
    lesson="05_chain_rule",
    treated="One entry of the tensor",
    criteria=(
        Criterion(
            "third-order tensor",
            4.0,
            "Entry [i, j, k] tells how z_k changes with W[i, j]; only row k of W enters z_k, so "
            "K(D+1) entries are not 0.",
            samples_and_K,
        ),
        purity(1.0),
    ),
    misconceptions=(
        Misconception(
            "numerator layout",
            (lambda x, K: np.einsum("j,ik->kij", x, np.eye(K)),),
            did="You put the index of z first; here the shape of W comes first.",
            symptom="The shape is (K, K, D+1), and should be (K, D+1, K).",
            experiment="Print scores_gradient_W(x, K).shape[:2] beside W.shape.",
            looks_right="All the numbers are right, and many books put the index of the output "
            "first.",
        ),
        Misconception(
            "x in every slice",
            (lambda x, K: np.einsum("j,ik->ijk", x, np.ones((K, K))),),
            did="You wrote x for all i and k; z_k depends on row k of W only.",
            symptom="No entry is 0, and the tensor times a - y is exactly 0.",
            experiment="Print np.count_nonzero(scores_gradient_W(x, K)): K(D+1) are expected.",
            looks_right="The shape is right, and so is row k of slice k.",
        ),
        Misconception(
            "a matrix",
            (lambda x, K: np.outer(np.ones(K), x), lambda x, K: np.outer(x, np.ones(K))),
            did="You made an array with two indices; slopes of a vector by a matrix need three.",
            symptom="The answer has 2 dimensions, and should have 3.",
            experiment="Print scores_gradient_W(x, K).ndim: W has two axes and z has one.",
            looks_right="It holds every number of the tensor that is not 0: x, once for each "
            "class.",
        ),
        Misconception(
            "x itself",
            (lambda x, K: x, lambda x, K: x.reshape(1, -1), lambda x, K: x.reshape(-1, 1)),
            did="You gave the slope of one score by its own row of W, which is x.",
            symptom="It has D+1 entries, and K times K times as many are asked for.",
            experiment="Print scores_gradient_W(x, K).size for K = 3 and for K = 4.",
            looks_right="For one class alone, as in a regression, it is the whole answer.",
        ),
    ),
    made=lambda x, K: entries(x) * as_count(K) ** 2,
    properties=scores_gradient_W,
)
