"""The exercise softmax_jacobian: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, entries, purity
from autograder.checking.kit import Properties, Student, chances, sums_to
from softmax_by_hand import fixtures, lecture
from softmax_by_hand.fixtures import Array, Generator


def activations(rng: Generator) -> list[Arguments]:
    return [(fixtures.forward_pass(rng, size).A[:, 0],) for size in fixtures.sizes(rng, 5)]


def certain_activations(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size, gap in zip(fixtures.sizes(rng, 5), (1000.0, 1000.0, 15.0, 5.0, 2.0), strict=True):
        z = fixtures.far_apart(rng, size.K, int(rng.integers(size.K)), gap)
        calls.append((lecture.softmax(z),))
    return calls


def hand_out_jacobian(a: Array) -> Array:
    J = lecture.softmax_jacobian(a)
    J[1, 2] = -a[1] * a[1]
    return J


@Properties(
    shape=lambda a: (a.size, a.size),
    examples=lambda: [(chances(3),), (chances(5),)],
    hint="Every score moves every probability: how many slopes are there?",
)
def softmax_jacobian(f: Student) -> None:
    f.claim(
        "every row sums to 0",
        "The probabilities sum to 1 whatever one score does. What happens to the others when one "
        "of them grows, and which entries say so?",
    )
    for a in (chances(3), chances(5)):
        sums_to(f, 0, f(a), axis=1)
    f.claim("it is symmetric", "Compare [1, 2] with [2, 1]: which two classes are in each?")
    for a in (chances(3), chances(5)):
        J = f(a)
        f.agree(J, J.T)
    f.claim(
        "it is positive on the diagonal and negative elsewhere",
        "When one score grows, does its own probability rise? And the others?",
    )
    for a in (chances(3), chances(5)):
        J = f(a)
        f.expect((np.diag(J) > 0).all() and (J < 0).sum() == J.size - a.size)
    f.claim(
        "log(a_k / a_l) moves as z_k - z_l does: column k over a_k minus column l over a_l is 1 in "
        "row k, -1 in row l",
        "The argument is a, the probabilities, not z. Work one diagonal and one other entry by "
        "hand.",
    )
    for a in (chances(3), chances(5)):
        apart, wanted = -np.diff(f(a) / a, axis=1), -np.diff(np.eye(a.size), axis=1)
        f.agree(apart, wanted, neighbouring_columns_of_yours_over_a=apart, should_be=wanted)
    f.claim("a certain prediction, one-hot a, gives all zeros", "Is something divided by a?")
    f.expect((f(np.array([0.0, 1, 0, 0])) == 0).all())


SOFTMAX_JACOBIAN = Exercise(
    signature="softmax_jacobian(a) -> (K, K); a = softmax(z) of one sample, (K,)",
    reference=lecture.softmax_jacobian,
    lesson="04_jacobian",
    treated="The softmax Jacobian",
    criteria=(
        Criterion(
            "all entries",
            3.5,
            "Entry [i, k] tells how a_k changes with z_i: the matrix is symmetric and each of "
            "its rows and columns sums to 0.",
            activations,
        ),
        Criterion(
            "certain predictions",
            1.5,
            "Where a is one-hot, exactly or nearly, the Jacobian is 0, exactly or nearly.",
            certain_activations,
        ),
        purity(1.0),
    ),
    misconceptions=(
        Misconception(
            "-a_1 a_1 off the diagonal",
            (hand_out_jacobian, lambda a: hand_out_jacobian(a).T),
            did="You copied the entry -a_1 a_1, a slip of the pen in an old hand-out.",
            symptom="The matrix is not symmetric; one row and one column do not sum to 0.",
            experiment="Print J - J.T: which entries are not 0?",
            looks_right="It stood in print, and where a_1 and a_2 are equal the matrix is right.",
        ),
        Misconception(
            "(I - a) * a",
            (lambda a: (np.eye(len(a)) - a.T) * a, lambda a: ((np.eye(len(a)) - a.T) * a).T),
            did="You wrote (I - a.T) * a with a 1-D a: there is no transpose, so a_k meets a_k.",
            symptom="Off the diagonal each column (or row) has only one value, and the sums are "
            "not 0.",
            experiment="Print J.sum(axis=0) and J.sum(axis=1): both should be 0.",
            looks_right="The shape and the diagonal are right, and for equal probabilities all of "
            "it is.",
        ),
        Misconception(
            "diagonal only",
            (lambda a: np.diag(a * (1 - a)), lambda a: np.diag(a)),
            did="You left out the entries off the diagonal: each score moves every probability.",
            symptom="The rows do not sum to 0.",
            experiment="Move z_0 a little: which entries of softmax(z) change?",
            looks_right="One thinks first of how a score moves its own probability, and that is "
            "the diagonal.",
        ),
        Misconception(
            "a vector a(1 - a)",
            (lambda a: a * (1 - a),),
            did="You gave the derivative of the sigmoid, one number for each class.",
            symptom="The shape is (K,), and should be (K, K).",
            experiment="Print softmax_jacobian(np.array([0.2, 0.3, 0.5])).shape.",
            looks_right="These are the right numbers of the diagonal, and for a sigmoid that is "
            "all there is.",
        ),
        Misconception(
            "+ a a^T",
            (
                lambda a: np.diag(a) + np.outer(a, a),
                lambda a: np.diag(a * (1 - a)) + (1 - np.eye(len(a))) * np.outer(a, a),
            ),
            did="You gave the products of two probabilities a plus, where they have a minus.",
            symptom="No entry is negative, though raising one score lowers the other classes.",
            experiment="Print J.sum(axis=1): it should be 0.",
            looks_right="The shape is right and the matrix is symmetric, as it should be.",
        ),
        Misconception(
            "softmax applied again",
            (lambda a: lecture.softmax_jacobian(lecture.softmax(a)),),
            did="You took softmax of the argument, which is a = softmax(z) already.",
            symptom="The rows sum to 0, but a confident prediction does not give a small Jacobian.",
            experiment="Print softmax_jacobian(np.array([1.0, 0.0, 0.0])): it should be 0.",
            looks_right="It is a right Jacobian, symmetric and with row sums of 0, but that of "
            "another point.",
        ),
        Misconception(
            "row sums",
            (lambda a: lecture.softmax_jacobian(a).sum(axis=1),),
            did="You gave one 0 for each class, which is what every row of the Jacobian sums to.",
            symptom="The answer is 0 for every a, as the probabilities always sum to 1.",
            experiment="Print softmax_jacobian(a).shape, and its values for two different a.",
            looks_right="That every row sums to 0 is true, and a good test of the matrix.",
        ),
        Misconception(
            "inner product",
            (lambda a: np.diag(a) - np.dot(a, a.T), lambda a: np.diagflat(a) - np.dot(a, a)),
            did="You multiplied a 1-D a by itself with @ or np.dot, which gives one number.",
            symptom="All entries off the diagonal are equal.",
            experiment="Print np.dot(a, a.T).shape for an a of shape (3,): should it be (3, 3)?",
            looks_right="On paper a times its transpose is a matrix, for there a is a column.",
        ),
        Misconception(
            "a_i (1 - a_k) everywhere",
            (lambda a: np.outer(a, 1 - a), lambda a: np.outer(1 - a, a)),
            did="You used the rule of the diagonal for all pairs of classes.",
            symptom="No entry is below 0.",
            experiment="Print the sign of J[0, 1]: raising z_0 takes probability from class 1.",
            looks_right="The diagonal is right, and the formula is that of the sigmoid.",
        ),
        Misconception(
            "without the diagonal matrix",
            (lambda a: -np.outer(a, a),),
            did="You left out the part that stands on the diagonal alone.",
            symptom="Every entry is 0 or below.",
            experiment="Print J[0, 0]: raising z_0 raises a_0, so that it should be positive.",
            looks_right="All entries off the diagonal are right, and those are most of them.",
        ),
    ),
    made=lambda a: entries(a) ** 2,
    properties=softmax_jacobian,
)
