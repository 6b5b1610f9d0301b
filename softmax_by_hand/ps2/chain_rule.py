"""The exercise chain_rule: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, along_axes, purity
from autograder.checking.kit import Properties, Student, normal, with_twice
from softmax_by_hand import fixtures, lecture
from softmax_by_hand.fixtures import Generator
from softmax_by_hand.properties import unit


def classifier_chain(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size in fixtures.all_sizes(rng):
        run = fixtures.forward_pass(rng, size)
        # The first is almost certain, so that entries are tiny, and the slopes are large.
        a = run.A[:, 0] if calls else lecture.softmax(fixtures.far_apart(rng, size.K, 0, 15.0))
        calls.append(
            (
                lecture.scores_gradient_W(run.Xb[:, 0], size.K),
                lecture.softmax_jacobian(a),
                rng.normal(size=size.K) * 1000,
            )
        )
    return calls


def mixed_chain(rng: Generator) -> list[Arguments]:
    """Draw the factors of z = S W x, a = M softmax(z), where nothing is symmetric."""
    calls = []
    for size in [*fixtures.sizes(rng, 2), *fixtures.equal_sizes(rng, 2)]:
        run = fixtures.forward_pass(rng, size)
        S, M = rng.normal(size=(2, size.K, size.K))
        a = lecture.softmax(S @ run.Z[:, 0])
        calls.append(
            (
                np.einsum("ki,j->ijk", S, run.Xb[:, 0]),
                lecture.softmax_jacobian(a) @ M.T,
                rng.normal(size=size.K),
            )
        )
    return calls


def chains(rng: Generator) -> list[Arguments]:
    return classifier_chain(rng)[:2] + mixed_chain(rng)[:1]


@Properties(
    shape=lambda dz_dW, da_dz, dL_da: dz_dW.shape[:2],
    examples=lambda: [
        (normal(K, D1, K), normal(K, K), normal(K)) for K, D1 in ((3, 5), (3, 3), (4, 3))
    ],
    hint="The gradient has the shape of W. Which index do two neighbours share and sum over?",
)
def chain_rule(f: Student) -> None:
    f.claim("twice one of the three gives twice the gradient", "Does each of the three enter once?")
    for which in range(3):
        with_twice(f, which, *f.examples[0])
    f.claim(
        "the gradients of two things that are added are added",
        "Is each product a sum over the index that two neighbours share?",
    )
    for factors in f.examples:
        for which, part in enumerate(factors):
            other = normal(*part.shape, seed=7)
            with_other, with_both = (
                [more if n == which else kept for n, kept in enumerate(factors)]
                for more in (other, part + other)
            )
            apart = f(*factors) + f(*with_other)
            f.agree(f(*with_both), apart, their_gradients_added=apart)
    f.claim(
        "W[i, j] moves z_k, z_k moves a_l, a_l moves L, and nothing else moves: 1 at [i, j] alone",
        "From the earliest variable to the latest: W, z, a, L. The input's index comes first: z is "
        "the last index of dz_dW. Where is z in da_dz?",
    )
    K, D1 = 3, 4
    for i, j, k, z, a, last in np.ndindex(K, D1, K, K, K, K):
        answer = f(unit(K, D1, K, at=(i, j, k)), unit(K, K, at=(z, a)), unit(K, at=(last,)))
        wanted = unit(K, D1, at=(i, j)) * (k == z and a == last)
        f.agree(answer, wanted, should_be=wanted)


CHAIN_RULE = Exercise(
    signature="chain_rule(dz_dW, da_dz, dL_da) -> (K, D+1); from (K, D+1, K), (K, K), (K,)",
    reference=lecture.chain_rule,
    lesson="05_chain_rule",
    treated="chain rule",
    criteria=(
        Criterion(
            "the classifier",
            2.5,
            "The last axis of each factor, an output, is summed against the first axis of the "
            "next one, the same quantity as an input.",
            classifier_chain,
        ),
        Criterion(
            "another network",
            1.0,
            "The chain multiplies left to right also where neither factor is symmetric.",
            mixed_chain,
        ),
        purity(0.5, chains),
    ),
    misconceptions=(
        Misconception(
            "wrong axis",
            (
                lambda T, J, g: np.einsum("ijk,i->jk", T, J @ g),
                lambda T, J, g: np.einsum("ijk,j->ik", T, J @ g),
                lambda T, J, g: g @ J @ T,
            ),
            did="You summed over the wrong axis of dz/dW; its last axis is z.",
            symptom="The shape is not that of W, or the answer is transposed where W is square.",
            experiment="Write the axes of each factor by name: which name do neighbours share?",
            looks_right="einsum sums over whichever axis it is told to, and where the lengths "
            "agree nothing is raised.",
            shows_in="another network",
        ),
        Misconception(
            "elementwise",
            (
                lambda T, J, g: T * J * g,
                lambda T, J, g: (T * J * g).sum(axis=-1),
                lambda T, J, g: T * (J @ g),
                lambda T, J, g: T @ J * g,
            ),
            did="You multiplied entry by entry, and nothing was summed between two factors.",
            symptom="The answer still has three axes, or the shapes do not fit.",
            experiment="Print chain_rule(dz_dW, da_dz, dL_da).shape: it should be W's.",
            looks_right="Slopes that are single numbers are multiplied like this, and broadcasting "
            "often finds a fit.",
        ),
        Misconception(
            "Jacobian skipped",
            (lambda T, J, g: T @ g,),
            did="You left out the factor in the middle, da/dz.",
            symptom="The answer does not depend on da_dz.",
            experiment="Set da_dz to zeros: the gradient must become 0.",
            looks_right="The shape is right: dz_dW and dL_da fit together without the factor in "
            "the middle.",
        ),
        Misconception(
            "Jacobian transposed",
            (lambda T, J, g: T @ (J.T @ g),),
            did="You multiplied by the transpose of da/dz.",
            symptom="Wrong for a layer whose Jacobian is not symmetric.",
            experiment="Try da_dz = [[0, 1], [0, 0]]: only z_0 may have an effect on the loss.",
            looks_right="For softmax the numbers are the same, as its Jacobian is symmetric.",
        ),
    ),
    made=along_axes,
    properties=chain_rule,
)
