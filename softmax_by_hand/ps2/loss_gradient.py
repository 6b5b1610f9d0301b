"""The exercise loss_gradient: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, entries, most_made, purity
from autograder.checking.kit import Y5, Properties, Student, normal
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import Array, Generator
from softmax_by_hand.properties import of_one_sample, raised, unit


def weights_sample_label(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size in fixtures.all_sizes(rng):
        run = fixtures.forward_pass(rng, size)
        for n, label in enumerate((0, size.K - 1, int(rng.integers(1, size.K - 1)))):
            calls.append((run.W, run.Xb[:, n], fixtures.unit(label, size.K)))
    return calls


def with_scores(run: fixtures.ForwardPass, z: Array) -> tuple[Array, Array]:
    """Return weights and sample of a forward pass, the bias set so that W x is z."""
    W, x = run.W.copy(), run.Xb[:, 0]
    W[:, -1] = z - W[:, :-1] @ x[:-1]
    return W, x


def extreme_forward_passes(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size in fixtures.sizes(rng, 3):
        label = int(rng.integers(1, size.K))
        wrong = fixtures.other_label(rng, label, size.K)
        for z in (
            fixtures.close(rng, size.K, level=3000.0),
            fixtures.far_apart(rng, size.K, wrong),
            fixtures.far_apart(rng, size.K, label),
        ):
            run = fixtures.forward_pass(rng, size)
            calls.append((*with_scores(run, z), fixtures.unit(label, size.K)))
    run = fixtures.forward_pass(rng, size)
    for z in (np.full(size.K, 1000.0), fixtures.close(rng, size.K, level=-1000.0)):
        calls.append((*with_scores(run, z), fixtures.unit(0, size.K)))
    W, x = run.W.copy(), run.Xb[:, 0].copy()
    W[:, :-1], x[:-1] = 1e-4 * W[:, :-1], 1e4 * x[:-1]  # a slope that no clip leaves alone
    return [*calls, (W, x, fixtures.unit(0, size.K))]


def shifted_or_not(grad_z: mistakes.Slope) -> tuple[mistakes.Wrong, mistakes.Wrong]:
    """Return the gradient with this dL/dz, and that with a softmax that is not shifted too."""
    by = mistakes.loss_gradient_by
    return by(grad_z), by(grad_z, mistakes.unshifted)


diagonal = mistakes.through_chain(backward=lambda a, g: a * (1 - a) * g)


def destroys_y(W: Array, x: Array, y: Array) -> Array:
    y -= lecture.softmax(W @ x)
    return np.outer(-y, x)


def destroys_y_reversed(W: Array, x: Array, y: Array) -> Array:
    y *= -1
    y += lecture.softmax(W @ x)
    return np.outer(y, x)


def takes_a_step(W: Array, x: Array, y: Array) -> Array:
    gradient = lecture.loss_gradient(W, x, y)
    W -= gradient
    return gradient


@Properties(
    shape=lambda W, x, y: W.shape,
    examples=lambda: [
        (normal(3, 5), normal(5), Y5[:, 0]),
        (normal(3, 5), normal(5), Y5[:, 1]),
        (normal(3, 3), normal(3), Y5[:, 2]),
    ],
    hint="y is one-hot, (K,), and the gradient has the shape of W: a row for each class.",
)
def loss_gradient(f: Student) -> None:
    W, x, _ = f.examples[0]
    of_one_sample(f, lambda label: f(W, x, unit(3, at=(label,))), x, W @ x)
    f.claim("the same where W is square", "Is an index of W taken for another?")
    W, x, y = f.examples[2]
    numbers = f(W, x, y)[:, -1:] / x[-1]
    f.agree(f(W, x, y), numbers * x, last_column_over_last_x=numbers)
    f.claim(
        "adding 1000 to all scores changes nothing",
        "Does exp overflow? What may be subtracted from the scores first?",
    )
    for W, x, y in f.examples:
        x[-1] = 1.0
        for to in (raised(W), -raised(-W)):
            before = f(W, x, y)
            f.agree(f(to, x, y), before, before_adding=before)
    f.claim(
        "scores far apart: certain and right gives 0, certain and wrong does not",
        "There is most to learn from a certain mistake. Is 0 divided by 0 on the way, or does "
        "something vanish that the last two factors, multiplied on paper, would have kept?",
    )
    W, x = np.zeros((3, 4)), np.array([2.0, -1, 3, 1])
    W[:, -1] = 1000, -1000, 0
    f.agree(f(W, x, Y5[:, 1]), np.zeros((3, 4)))
    for label, y in ((1, Y5[:, 0]), (2, Y5[:, 2])):
        lead = np.zeros((3, 4))
        lead[0], lead[label] = x, -x
        f.agree(f(W, x, y), lead, slope_of_the_lead_over_the_true_class=lead)
        lead[:, :-1] *= 1000  # W is 0 there, so the scores are as they were
        f.agree(f(W, x * [1000, 1000, 1000, 1], y), lead, with_1000_times_the_features=lead)


LOSS_GRADIENT = Exercise(
    signature="loss_gradient(W, x, y) -> (K, D+1); x is (D+1,), y is one-hot (K,)",
    reference=lecture.loss_gradient,
    lesson="05_chain_rule",
    treated="(\\mathbf{a} - \\mathbf{y})\\, \\mathbf{x}^{\\mathsf T}",
    # The long way round, link by link, is as good as a - y.
    needs=(
        "scores",
        "softmax",
        "cce_gradient",
        "softmax_jacobian",
        "scores_gradient_W",
        "chain_rule",
    ),
    criteria=(
        Criterion(
            "forward pass",
            4.0,
            "The gradient has the shape of W and agrees with small changes of each weight; each "
            "of its columns sums to 0.",
            weights_sample_label,
        ),
        Criterion(
            "extreme scores",
            2.5,
            "The gradient is finite and right for scores of any size, also where a "
            "probability has become 0.",
            extreme_forward_passes,
        ),
        purity(1.5),
    ),
    misconceptions=(
        Misconception(
            "sign",
            shifted_or_not(lambda a, y: y - a),
            did="You subtracted the probabilities from the label, not the label from them.",
            symptom="Every entry has the wrong sign, and a step downhill goes uphill.",
            experiment="Compare one entry with numerical_gradient of the loss.",
            looks_right="Every size is right, and each column sums to 0 as it should.",
        ),
        Misconception(
            "transposed",
            (
                lambda W, x, y: np.outer(x, lecture.softmax(W @ x) - y),
                lambda W, x, y: np.outer(x, mistakes.unshifted(W @ x) - y),
            ),
            did="You exchanged the factors of the outer product.",
            symptom="The shape is (D+1, K), and should be that of W.",
            experiment="Print loss_gradient(W, x, y).shape beside W.shape.",
            looks_right="All the numbers are right, and where W is square the shape is too.",
        ),
        Misconception(
            "label as a number",
            shifted_or_not(lambda a, y: a - np.argmax(y)),
            did="You subtracted the label's number from every probability, not its one-hot vector.",
            symptom="Column j sums to (1 - K label) x_j, and should sum to 0.",
            experiment="Print loss_gradient(W, x, y).sum(axis=0).",
            looks_right="Labels often are numbers, and NumPy takes a number from a vector without "
            "complaint.",
            lesson="03_cross_entropy",
            treated="A label as a distribution",
        ),
        Misconception(
            "1-D Jacobian",
            shifted_or_not(mistakes.through_chain(backward=mistakes.one_sided)),
            did="You used (I - a.T) * a, which for a 1-D a is not the softmax Jacobian.",
            symptom="The row of the true class is right; all other rows are equal, p_true times x.",
            experiment="Print the rows of the wrong classes: should they all be equal?",
            looks_right="For equal probabilities it is exactly right, and in training the accuracy "
            "stays high.",
            lesson="07_sgd",
            treated="The 1-D Jacobian of lesson 4",
        ),
        Misconception(
            "diagonal Jacobian",
            shifted_or_not(diagonal),
            did="You used only the diagonal a(1 - a) of the softmax Jacobian.",
            symptom="Only the row of the true class is not 0.",
            experiment="Print loss_gradient(W, x, y).sum(axis=0): it should be 0.",
            looks_right="The row of the true class is right, so that its score is moved as it "
            "should be.",
            lesson="04_jacobian",
            treated="a(1-a)$, from the **sigmoid**",
        ),
        Misconception(
            "Jacobian skipped",
            (
                mistakes.loss_gradient_by(lambda a, y: -y / a),
                mistakes.loss_gradient_by(lambda a, y: -y / np.where(y == 0, 1, a)),
            ),
            did="You went from dL/da to the weights without the softmax Jacobian.",
            symptom="Only the row of the true class is not 0, and it grows as 1 / p_true.",
            experiment="Print loss_gradient(W, x, y).sum(axis=0): it should be 0.",
            looks_right="The shape is right, and a step against it raises the score of the true "
            "class.",
        ),
        Misconception(
            "Jacobian twice",
            shifted_or_not(lambda a, y: lecture.softmax_jacobian(a) @ (a - y)),
            did="You multiplied a - y by the softmax Jacobian, which a - y contains already.",
            symptom="The gradient is too small, and vanishes where a prediction is surely wrong.",
            experiment="Compare one entry with numerical_gradient of the loss.",
            looks_right="The shape is right, the columns sum to 0, and a step against it lowers "
            "the loss.",
            lesson="04_jacobian",
            treated="\\nabla_{\\mathbf{z}} L = \\mathbf{a} - \\mathbf{y}",
        ),
        Misconception(
            "label off by one",
            (
                mistakes.loss_gradient_by(lambda a, y: a - np.roll(y, 1)),
                mistakes.loss_gradient_by(lambda a, y: a - np.roll(y, -1)),
            ),
            did="You subtracted 1 at the class next to the true one.",
            symptom="The columns sum to 0, but the negative row is that of a neighbour.",
            experiment="Print the rows: which one has the sign opposite to x?",
            looks_right="Each column sums to 0: it is a right gradient, but for another label.",
            lesson="03_cross_entropy",
            treated="A label as a distribution",
        ),
        Misconception(
            "a * y - y",
            shifted_or_not(lambda a, y: a * y - y),
            did="You multiplied the probabilities by y, which removes those of the wrong classes.",
            symptom="Only the row of the true class is not 0.",
            experiment="Print loss_gradient(W, x, y).sum(axis=0): it should be 0.",
            looks_right="The row of the true class is right, so that its score is moved as it "
            "should be.",
        ),
        mistakes.no_max_shift(
            mistakes.loss_gradient_by(soft=mistakes.unshifted),
            mistakes.loss_gradient_by(mistakes.through_chain(), mistakes.unshifted),
            experiment="Print your softmax of np.array([1000.0, 1000.0]): it should be one half "
            "twice.",
            looks_right="For scores of ordinary size all the numbers are the same.",
            shows_in="extreme scores",
        ),
        Misconception(
            "0/0 in the chain",
            (mistakes.loss_gradient_by(mistakes.through_chain()),),
            did="You multiplied the Jacobian by -y/a, which is 0/0 where a probability is 0.",
            symptom="nan where the scores are more than 745 apart.",
            experiment="Try scores (0, -800): a - y is finite, and the product of factors is not.",
            looks_right="On paper the factors give a - y, and for scores of ordinary size in the "
            "computer too.",
            lesson="04_jacobian",
            treated="$0 \\cdot \\infty$",
            shows_in="extreme scores",
        ),
        Misconception(
            "changes its inputs",
            (destroys_y, destroys_y_reversed, takes_a_step),
            did="You computed in place, as y -= a does, and so changed an argument.",
            symptom="y or W is not the same after the call.",
            experiment="Call loss_gradient(W, x, y) twice with the same arrays and compare.",
            looks_right="The first call gives the right gradient, and nothing says that an "
            "argument has changed.",
            shows_in="purity",
        ),
        Misconception(
            "sigmoid slope too",
            (
                *shifted_or_not(lambda a, y: (a - y) * a * (1 - a)),
                *shifted_or_not(lambda a, y: (y - a) * a * (1 - a)),
            ),
            did="You multiplied a - y by a(1 - a), the slope of a sigmoid, as well.",
            symptom="The columns do not sum to 0, and where a prediction is certain all is 0.",
            experiment="Print loss_gradient(W, x, y).sum(axis=0): should it be 0?",
            looks_right="With a squared error and a sigmoid this is the rule that books give.",
            lesson="04_jacobian",
            treated="a(1-a)$, from the **sigmoid**",
        ),
        Misconception(
            "slope of the scores only",
            (
                lambda W, x, y: lecture.softmax(W @ x) - y,
                lambda W, x, y: mistakes.unshifted(W @ x) - y,
            ),
            did="You stopped at the scores, one link before the weights.",
            symptom="The shape is (K,), and should be that of W.",
            experiment="Print loss_gradient(W, x, y).shape for two samples x of different length.",
            looks_right="It is a right slope, and the last factor, x, is easily forgotten.",
        ),
        Misconception(
            "epsilon in the chain",
            tuple(
                mistakes.loss_gradient_by(mistakes.through_chain(guard))
                for guard in mistakes.GUARDS
            ),
            did="You kept the probability by which you divide away from 0: by a small number, a "
            "clip, or a 0 in place of the quotient.",
            symptom="Where the true class has probability 0 the gradient vanishes.",
            experiment="Try scores (0, -800) and class 1: the row of class 1 should be -x.",
            looks_right="Nothing is nan any more, and ordinary predictions hardly change.",
            lesson="04_jacobian",
            treated="$0 \\cdot \\infty$",
            shows_in="extreme scores",
        ),
        Misconception(
            "divided by K",
            shifted_or_not(lambda a, y: (a - y) / len(y)),
            did="You divided by the number of classes; for one sample nothing is averaged.",
            symptom="The gradient is K times too small.",
            experiment="Compare one entry with numerical_gradient: by which factor is it off?",
            looks_right="len(y) is the number of samples where y holds the labels of a batch.",
        ),
    ),
    made=lambda W, x, y: most_made((W, x, y)) * entries(x),
    properties=loss_gradient,
)
