"""The exercise softmax_backward: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, along_axes, purity
from autograder.checking.kit import Properties, Student, chances, normal, sums_to
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import Generator
from softmax_by_hand.properties import slope_by_scores


def single_samples(rng: Generator) -> list[Arguments]:
    passes = [fixtures.forward_pass(rng, size) for size in fixtures.all_sizes(rng)]
    samples = [(run.A[:, 0].copy(), rng.normal(size=len(run.A))) for run in passes]
    return [*samples, *((A[:, None], G[:, None]) for A, G in samples[:2])]


def batches(rng: Generator) -> list[Arguments]:
    passes = [fixtures.forward_pass(rng, size) for size in fixtures.all_sizes(rng)]
    spreads = (1, 1, 1, 1, 1, 10000)
    return fixtures.crossed(
        [
            (run.A, spread * rng.normal(size=run.A.shape))
            for run, spread in zip(passes, spreads, strict=True)
        ]
    )


def certain_predictions(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size in fixtures.sizes(rng, 2):
        A = lecture.softmax(fixtures.columns_far_apart(rng, size.K, size.N) * 30)
        A[:, 0] = fixtures.unit(int(rng.integers(size.K)), size.K)
        calls.append((A, rng.normal(size=A.shape)))
        label = int(rng.integers(size.K))
        a = lecture.softmax(fixtures.improbable(rng, size.K, label))
        calls.append((a, -fixtures.unit(label, size.K) / a))
    return calls


@Properties(
    shape=lambda A, grad_A: A.shape,
    examples=lambda: [(chances(*s), normal(*s)) for s in ((3, 5), (3, 3), (4,), (5, 1))],
    hint="A sum over the classes of one sample: axis 0, for (K,) and for (K, N).",
)
def softmax_backward(f: Student) -> None:
    f.claim("every column sums to 0", "Is the factor A in front of the whole bracket?")
    for A, G in f.examples:
        sums_to(f, 0, f(A, G))
    f.claim("equal slopes give 0", "The probabilities sum to 1 whatever the scores do.")
    for A, G in f.examples:
        f.agree(f(A, np.ones_like(G)), 0 * A)
    f.claim(
        "between two classes of a sample, slope_i / a_i - slope_k / a_k = g_i - g_k",
        "Which axis does the sum run along? What weighs the slopes in it?",
    )
    for A, G in f.examples:
        slope_by_scores(f, A, G, f(A, G))


SOFTMAX_BACKWARD = Exercise(
    signature="softmax_backward(A, grad_A) -> same shape, (K,) or (K, N)",
    reference=lecture.softmax_backward,
    lesson="04_jacobian",
    treated="= J\\, \\frac{\\partial L}{\\partial \\mathbf{a}}",
    # A batch has a Jacobian for each column: to bring them together is the exercise.
    needs=("softmax_jacobian",),
    criteria=(
        Criterion(
            "batch",
            2.0,
            "Each column is the Jacobian of its own probabilities times its own slopes.",
            batches,
        ),
        Criterion(
            "one sample",
            1.0,
            "A single sample works too, (K,), and as a batch, (K, 1).",
            single_samples,
        ),
        Criterion(
            "certain",
            0.5,
            "Probabilities of exactly 0 and 1 are no trouble, nor are tiny ones with the slopes "
            "of the cross-entropy: nothing is divided and nothing added.",
            certain_predictions,
        ),
        purity(0.5),
    ),
    misconceptions=(
        Misconception(
            "axes (1, 2, 0)",
            (mistakes.samples_mixed, mistakes.axes_120),
            did="You contracted the tensor of Jacobians over the wrong axes, so that samples mix.",
            symptom="A batch gives wrong numbers of the right shape, or a shape error.",
            experiment="Compare the first column of a batch with what that sample gives alone.",
            looks_right="A single sample has a single Jacobian, so that there is nothing to be "
            "mixed up.",
        ),
        Misconception(
            "sum over the samples",
            (
                mistakes.along_last,
                lambda A, G: A * (G - np.sum(A * G, axis=1, keepdims=True)),
            ),
            did="You summed along the samples; the sum runs over the classes of one sample.",
            symptom="The columns of the answer do not sum to 0.",
            experiment="Print softmax_backward(A, grad_A).sum(axis=0): every sum should be 0.",
            looks_right="Where samples are rows, the classes do lie along axis 1.",
        ),
        Misconception(
            "sum over everything",
            (lambda A, G: A * (G - np.sum(A * G)),),
            did="You summed over the whole batch, where each column has its own sum.",
            symptom="The columns of the answer do not sum to 0, and depend on each other.",
            experiment="Set grad_A to 0 in all columns but one: only that column may answer.",
            looks_right="A sum without an axis raises nothing, and for a single sample it is "
            "right.",
        ),
        Misconception(
            "A left out",
            (lambda A, G: G - np.sum(A * G, axis=0),),
            did="You left out the factor A in front of the bracket.",
            symptom="A class whose probability is 0 still gets a slope.",
            experiment="Try A with a column (0, 1, 0): its answer must be 0.",
            looks_right="What stands in the bracket is right, and so is the shape.",
        ),
        Misconception(
            "diagonal only",
            (lambda A, G: A * (1 - A) * G,),
            did="You used the diagonal a(1 - a) of the Jacobian alone.",
            symptom="Equal slopes for all classes do not give 0.",
            experiment="Print softmax_backward(A, np.ones(A.shape)): every entry should be 0.",
            looks_right="For a sigmoid it is right: there each output depends on its own input "
            "alone.",
        ),
        Misconception(
            "plain mean subtracted",
            (lambda A, G: A * (G - np.mean(G, axis=0)),),
            did="You subtracted the plain mean of the slopes; it is weighted by the probabilities.",
            symptom="The answer does not sum to 0, unless all probabilities are equal.",
            experiment="Print the sum of the answer for probabilities (0.1, 0.2, 0.7) and slopes "
            "(1, 0, 0): it should be 0.",
            looks_right="Equal slopes for all classes give 0, as they should.",
        ),
        Misconception(
            "sign",
            (
                lambda A, G: -lecture.softmax_backward(A, G),
                lambda A, G: A * (np.sum(A * G, axis=0) - G),
            ),
            did="You subtracted the other way round.",
            symptom="Every entry has the wrong sign.",
            experiment="Hand in a slope of 1 for one class, 0 else: its own entry is positive.",
            looks_right="All sizes are right, and each sample's slopes sum to 0 as they should.",
        ),
        mistakes.sum_left_out(
            lambda A, G: A * G,
            experiment="Print softmax_backward(A, np.ones(A.shape)): every entry should be 0.",
        ),
        Misconception(
            "upstream ignored",
            (lambda A, G: A - G,),
            did="You subtracted grad_A as if it were the labels.",
            symptom="With grad_A = 0 the answer is A, and should be 0.",
            experiment="Hand in twice the slopes: the answer should double.",
            looks_right="Where the cross-entropy follows softmax, a - y is the right slope by the "
            "scores.",
        ),
        Misconception(
            "slopes of the layer alone",
            (lambda A, G: A * (1 - A),),
            did="You returned a(1 - a), without what was handed in.",
            symptom="The answer is the same for every grad_A.",
            experiment="Hand in twice the slopes: the answer should double.",
            looks_right="It is a right slope: that of each probability by its own score.",
        ),
        Misconception(
            "squeezed",
            (lambda A, G: np.squeeze(lecture.softmax_backward(A, G)),),
            did="You removed axes of length 1, and a batch of one sample has one.",
            symptom="For a batch (K, 1) the shape is (K,).",
            experiment="Print softmax_backward(A[:, :1], grad_A[:, :1]).shape: (K, 1) is right.",
            looks_right="All numbers are right, and for larger batches the shape is too.",
            shows_in="one sample",
        ),
        mistakes.changes_upstream(mistakes.centres_upstream, mistakes.into_upstream, name="grad_A"),
    ),
    made=along_axes,
    properties=softmax_backward,
)
