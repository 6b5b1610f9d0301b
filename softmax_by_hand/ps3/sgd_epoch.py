"""The exercise sgd_epoch: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, purity
from autograder.checking.kit import Properties, Several, Student, normal, stays
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import Array, Generator
from softmax_by_hand.properties import (
    FAR,
    FAR_HINT,
    FAR_LOSSES,
    FAR_SLOPES,
    FARTHER,
    in_turn,
    is_loss_of,
    of_one_sample,
    raised,
    samples_of_their_own,
    without_bias,
)


def training_set(rng: Generator, size: fixtures.Sizes) -> tuple[Array, Array, Array]:
    """Draw weights, data and labels."""
    run = fixtures.forward_pass(rng, size)
    return run.W, run.Xb[:-1].copy(), run.Y


def epochs(rng: Generator) -> list[Arguments]:
    return fixtures.crossed(
        [
            (*training_set(rng, size), fixtures.learning_rate(rng, 0.6), rng.permutation(size.N))
            for size in fixtures.all_sizes(rng)
        ]
    )


def other_orders(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size, count in zip(fixtures.sizes(rng, 3), (2, 5, 10), strict=True):
        order = rng.integers(size.N, size=count) if count > 2 else np.full(2, size.N - 1)
        calls.append((*training_set(rng, size), fixtures.learning_rate(rng, 0.6), order))
    return calls


def epochs_at_large_scores(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size, level in zip(fixtures.sizes(rng, 2), (1000.0, -2000.0), strict=True):
        W, X, Y = training_set(rng, size)
        W[:, -1] += level
        calls.append((W, X, Y, fixtures.learning_rate(rng, 0.6), rng.permutation(size.N)[:3]))
    for size, below in zip(fixtures.sizes(rng, 2), (0, -1), strict=True):
        W, X, _ = training_set(rng, size)
        offsets, top = fixtures.two_on_top(rng, size.K, below)
        # No true class gets a probability of exactly 0: its loss may be inf, or a large number.
        Y = lecture.one_hot(rng.permutation(np.resize(top, size.N)), size.K)
        W[:, -1] += offsets
        calls.append((W, X, Y, fixtures.learning_rate(rng, 0.6), rng.permutation(size.N)[:3]))
    for size in fixtures.sizes(rng, 2):
        W, X, Y = training_set(rng, size)
        order = rng.permutation(size.N)[:3]
        W[:, -1] += fixtures.improbable(rng, size.K, int(np.argmax(Y[:, order[0]])))
        calls.append((W, X, Y, fixtures.learning_rate(rng, 0.6), order))
    W, X, Y = training_set(rng, size)
    W[:, :-1] *= 1e-4
    # Slopes so large that any clipping changes them, and steps as small as the weights.
    return [
        *calls,
        (W, 1e4 * X, Y, 1e-8 * fixtures.learning_rate(rng, 0.6), rng.permutation(size.N)),
    ]


Gradient = Callable[[Array, Array, Array], Array]  # of W, x and y


def epoch_by(
    gradient: Gradient = lecture.loss_gradient,
    soft: mistakes.Formula = lecture.softmax,
    loss: mistakes.Loss = lecture.cce,
    loss_after: bool = False,
) -> Callable[..., Any]:
    """Return an epoch with another gradient, loss, or moment to take the loss."""

    def sgd_epoch(W: Array, X: Array, Y: Array, learning_rate: float, order: Array) -> Any:
        Xb, losses = lecture.add_bias(X), []
        for n in order:
            x, y, before = Xb[:, n], Y[:, n], W
            W = W - learning_rate * gradient(W, x, y)
            losses.append(loss(y, soft((W if loss_after else before) @ x)))
        return W, np.array(losses)

    return sgd_epoch


def epoch_by_slope(grad_z: mistakes.Slope) -> Callable[..., Any]:
    """Return an epoch with another dL/dz."""
    return epoch_by(mistakes.loss_gradient_by(grad_z))


def epoch_by_softmax(soft: mistakes.Formula) -> Callable[..., Any]:
    """Return an epoch with another softmax."""
    return epoch_by(mistakes.loss_gradient_by(soft=soft), soft)


def without_bias_slope(W: Array, x: Array, y: Array) -> Array:
    """Return the gradient, 0 for the biases."""
    return lecture.loss_gradient(W, x, y) * (np.arange(len(x)) < len(x) - 1)


def all_from_the_start(W: Array, X: Array, Y: Array, learning_rate: float, order: Array) -> Any:
    """Take all gradients and losses at the first weights."""
    steps = [lecture.sgd_epoch(W, X, Y, learning_rate, order[[i]]) for i in range(len(order))]
    return W + sum(after - W for after, _ in steps), np.array([loss[0] for _, loss in steps])


def only_first_step(W: Array, X: Array, Y: Array, learning_rate: float, order: Array) -> Any:
    """Move W for the first sample only."""
    W, losses = lecture.sgd_epoch(W, X, Y, learning_rate, order[:1])
    return W, np.append(losses, lecture.sgd_epoch(W, X, Y, 0.0, order[1:])[1])


def steps_in_place(W: Array, X: Array, Y: Array, learning_rate: float, order: Array) -> Any:
    """Write the new weights into the old ones."""
    W[...], losses = lecture.sgd_epoch(W, X, Y, learning_rate, order)
    return W, losses


def epoch_example(K: int = 3, D: int = 4) -> tuple[Any, ...]:
    return (normal(K, D + 1), normal(D, 5), in_turn(K, 5), 0.3, np.array([2, 0, 4, 1, 3]))


@Properties(
    shape=lambda W, X, Y, learning_rate, order: Several((W.shape, order.shape)),
    examples=lambda: [epoch_example(), epoch_example(4, 3), epoch_example(5, 4)],
    hint="Two values: the weights after the epoch, (K, D+1), and an array with one loss a step.",
    purity_hint="Does a line write into W, as W -= ... does?",
)
def sgd_epoch(f: Student) -> None:
    f.claim(
        "from W = 0 the first loss is ln K", "Is the loss taken before the step of its own sample?"
    )
    for K, D in ((3, 4), (4, 3)):
        W, *rest = epoch_example(K, D)
        f.agree(f(0 * W, *rest)[1][0], np.log(K), ln_K=np.log(K))
    for K, D in ((3, 4), (4, 3)):
        W, X, _, rate, _ = epoch_example(K, D)
        n = 2

        def step(label: int, W: Any = W, X: Any = X, rate: Any = rate, n: int = n) -> np.ndarray:
            Y = np.zeros((len(W), X.shape[1]))
            Y[label, n] = 1
            return (W - f(W, X, Y, rate, np.array([n]))[0]) / rate

        x = np.append(X[:, n], 1)
        of_one_sample(f, step, x, W @ x, "the step of one sample, over minus the rate: ")
    f.claim(
        "an epoch is its first sample, then the rest from the new weights",
        "Does each sample meet the weights that the one before has left? Is the order followed?",
    )
    for K, D in ((3, 4), (4, 3)):
        W, X, Y, rate, order = epoch_example(K, D)
        for count in (1, 3):
            first, losses = f(W, X, Y, rate, order[:count])
            then, more = f(first, X, Y, rate, order[count:])
            whole = f(W, X, Y, rate, order)
            f.agree(whole[0], then, in_two_parts=then)
            f.agree(whole[1], np.append(losses, more), losses_in_two_parts=np.append(losses, more))
    f.claim(
        "each loss is -log of the probability of the true class, which 1 plus that row's step has",
        "Which entry of a is meant? Is the loss taken before the step?",
    )
    W, X, Y, rate, _ = epoch_example()
    for n in range(5):
        after, losses = f(W, X, Y, rate, np.array([n]))
        is_loss_of(f, losses[0], (W - after) / rate, int(Y[:, n].argmax()), np.append(X[:, n], 1))
    f.claim("adding 1000 to all biases changes nothing", "Does exp overflow?")
    W, X, Y, rate, order = epoch_example()
    before, after = f(W, X, Y, rate, order), f(raised(W), X, Y, rate, order)
    stays(f, after[1], before[1])
    stays(f, after[0][:, :-1], before[0][:, :-1])
    f.claim(
        "scores far apart: certain and right costs 0 and moves nothing; certain and wrong costs as "
        "much as the true score lies below the largest, and moves these two rows by x",
        FAR_HINT + " Is a probability clipped before the logarithm?",
    )
    for Z in (FAR, FARTHER):
        W = without_bias(Z)
        for n in range(3):
            X = samples_of_their_own(3)[:-1]
            after, losses = f(W, X, np.eye(3), 1.0, np.array([n]), finite=Z is FAR)
            if Z is FAR:  # computed from the probability, a loss of 1400 would be inf
                f.agree(losses[0], FAR_LOSSES[n], scores=Z[:, n], it_should_cost=FAR_LOSSES[n])
            moved, wanted = (after - W)[:, n], -100 * FAR_SLOPES[:, n]
            f.agree(moved, wanted, scores=Z[:, n], x=X[:, n], moved_by=moved, should_be=wanted)


SGD_EPOCH = Exercise(
    signature="sgd_epoch(W, X, Y, learning_rate, order) -> (W, losses); X is (D, N), Y one-hot",
    reference=lecture.sgd_epoch,
    lesson="07_sgd",
    treated="Training, one sample at a time",
    needs=("add_bias", "scores", "softmax", "cce", "cce_from_scores", "loss_gradient"),
    criteria=(
        Criterion(
            "one epoch",
            4.0,
            "Each sample in turn: its loss with the weights as they are, then a step against "
            "its gradient, biases too; the next sample meets the new weights.",
            epochs,
        ),
        Criterion(
            "any order",
            1.5,
            "The order says which samples come when; it may leave some out or repeat them.",
            other_orders,
        ),
        Criterion(
            "large scores",
            1.5,
            "Scores of thousands are no trouble, nor is a class with probability 0; a loss may "
            "be in the hundreds, for nothing is clipped.",
            epochs_at_large_scores,
        ),
        purity(1.0),
    ),
    misconceptions=(
        Misconception(
            "plus sign",
            (lambda W, X, Y, rate, order: lecture.sgd_epoch(W, X, Y, -rate, order),),
            did="You added the gradient to W, which goes uphill.",
            symptom="The losses rise without end.",
            experiment="Run ten epochs from W = 0 and print the mean loss of each, beside ln K.",
            looks_right="The gradient is right, and so are the first loss and the length of the "
            "first step.",
        ),
        Misconception(
            "no update",
            (epoch_by(lambda W, x, y: 0 * W),),
            did="You never moved W.",
            symptom="From W = 0 every loss is ln K, in every epoch.",
            experiment="Print np.array_equal(W, sgd_epoch(W, ...)[0]): it should be False.",
            looks_right="Each loss is right for the weights at hand, and W has the right shape.",
        ),
        Misconception(
            "bias never updated",
            (epoch_by(without_bias_slope),),
            did="You moved the weights of the features and left the bias where it was.",
            symptom="The last column of W never changes; accuracy often does not show it.",
            experiment="Print W[:, -1] before and after an epoch: does it change?",
            looks_right="Data around the origin needs no bias: there the loss falls nearly as it "
            "should.",
        ),
        Misconception(
            "1-D Jacobian",
            (epoch_by_slope(mistakes.through_chain(backward=mistakes.one_sided)),),
            did="Your gradient uses (I - a.T) * a, which for a 1-D a is not the softmax Jacobian.",
            symptom="The loss rises while the accuracy stays high, until both are lost to nan.",
            experiment="Plot the mean loss and the accuracy of five epochs side by side, at a rate "
            "of 0.1.",
            looks_right="The row of the true class is right in every step, and the borders hardly "
            "differ.",
        ),
        Misconception(
            "loss after the step",
            (epoch_by(loss_after=True),),
            did="You took each loss after the step on its own sample.",
            symptom="From W = 0 the first loss is below ln K.",
            experiment="Print losses[0] for W = 0: it must be ln K.",
            looks_right="W comes out right, and the losses fall from epoch to epoch as they "
            "should.",
        ),
        Misconception(
            "one step for all",
            (all_from_the_start,),
            did="You took all gradients at the first weights; each sample must meet the new ones.",
            symptom="From W = 0 every loss is ln K, though W has moved at the end.",
            experiment="Print the losses of one epoch from W = 0: do they change?",
            looks_right="With a single sample it is right, and the gradients of a batch are taken "
            "like this.",
        ),
        Misconception(
            "only the first step",
            (only_first_step,),
            did="You moved W for the first sample only.",
            symptom="W differs from its start by a multiple of one outer product.",
            experiment="Print np.linalg.matrix_rank(W_after - W): after samples of three classes "
            "2 is right.",
            looks_right="The first loss and the first step are right, and every sample has its "
            "loss.",
        ),
        Misconception(
            "order ignored",
            (lambda W, X, Y, rate, order: lecture.sgd_epoch(W, X, Y, rate, np.arange(len(X.T))),),
            did="You went through the samples from first to last, whatever the order says.",
            symptom="Two different orders give the same losses.",
            experiment="Call it with order and with order[::-1]: the losses should differ.",
            looks_right="For the order 0, 1, 2, ... it is right, and every sample has its turn.",
        ),
        Misconception(
            "diagonal only",
            (epoch_by_slope(lambda a, y: -(1 - a) * y),),
            did="Your gradient uses only the diagonal a(1 - a) of the softmax Jacobian.",
            symptom="In each step only the row of the true class moves.",
            experiment="Print which rows of W differ after one step: all of them should.",
            looks_right="The row of the true class is right, and the loss does fall.",
            lesson="04_jacobian",
            treated="a(1-a)$, from the **sigmoid**",
        ),
        Misconception(
            "Jacobian skipped",
            (epoch_by_slope(lambda a, y: -y / a),),
            did="You went from the slope by the probabilities to W without the softmax Jacobian.",
            symptom="Only the row of the true class moves, the further the less probable it is.",
            experiment="Compare one step with the numerical gradient of that sample's loss.",
            looks_right="The slope by the probabilities is right, and the loss may fall all the "
            "same.",
            lesson="04_jacobian",
            treated="\\nabla_{\\mathbf{z}} L = \\mathbf{a} - \\mathbf{y}",
        ),
        Misconception(
            "rate divided by N",
            (lambda W, X, Y, rate, order: lecture.sgd_epoch(W, X, Y, rate / len(X.T), order),),
            did="You divided each step by the number of samples, as for a batch.",
            symptom="The more samples there are, the shorter each step is.",
            experiment="Hand in unused samples besides: losses and W must stay the same.",
            looks_right="A mean over the samples has this factor, and a larger rate makes up for "
            "it.",
        ),
        mistakes.no_max_shift(
            epoch_by_softmax(mistakes.unshifted),
            experiment="Add 1000 to all biases: nothing may change.",
        ),
        mistakes.other_shift(*map(epoch_by_softmax, mistakes.OTHER_SHIFTS)),
        mistakes.clipped_loss(lambda loss: epoch_by(loss=loss)),
        mistakes.nan_in_chain(epoch_by_slope, mistakes.CHAINS[:1]),
        mistakes.epsilon_in_chain(epoch_by_slope),
        Misconception(
            "changes W in place",
            (steps_in_place,),
            did="You wrote W -= ..., which changes the caller's weights.",
            symptom="W is not the same array of numbers after the call.",
            experiment="Keep before = W.copy(), run an epoch, then print (before == W).all().",
            looks_right="What it returns is right, and nothing says that the caller's W is the "
            "same array.",
            shows_in="purity",
        ),
    ),
    properties=sgd_epoch,
)
