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


def _training_set(rng: Generator, size: fixtures.Sizes) -> tuple[Array, Array, Array]:
    run = fixtures.forward_pass(rng, size)
    return run.W, run.Xb[:-1].copy(), run.Y


def _rate(rng: Generator) -> float:
    return float(rng.uniform(0.2, 0.6))


def _epochs(rng: Generator) -> list[Arguments]:
    return fixtures.crossed(
        [
            (*_training_set(rng, size), _rate(rng), rng.permutation(size.N))
            for size in fixtures.all_sizes(rng)
        ]
    )


def _other_orders(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size, count in zip(fixtures.sizes(rng, 3), (2, 5, 10), strict=True):
        order = rng.integers(size.N, size=count) if count > 2 else np.full(2, size.N - 1)
        calls.append((*_training_set(rng, size), _rate(rng), order))
    return calls


def _epochs_at_large_scores(rng: Generator) -> list[Arguments]:
    calls: list[Arguments] = []
    for size, level in zip(fixtures.sizes(rng, 2), (1000.0, -2000.0), strict=True):
        W, X, Y = _training_set(rng, size)
        W[:, -1] += level
        calls.append((W, X, Y, _rate(rng), rng.permutation(size.N)[:3]))
    for size, below in zip(fixtures.sizes(rng, 2), (0, -1), strict=True):
        W, X, _ = _training_set(rng, size)
        offsets, top = fixtures.two_on_top(rng, size.K, below)
        # No true class has a probability of exactly 0: its loss may be inf, or what it tends to.
        Y = lecture.one_hot(rng.permutation(np.resize(top, size.N)), size.K)
        W[:, -1] += offsets
        calls.append((W, X, Y, _rate(rng), rng.permutation(size.N)[:3]))
    for size in fixtures.sizes(rng, 2):
        W, X, Y = _training_set(rng, size)
        order = rng.permutation(size.N)[:3]
        W[:, -1] += fixtures.improbable(rng, size.K, int(np.argmax(Y[:, order[0]])))
        calls.append((W, X, Y, _rate(rng), order))
    W, X, Y = _training_set(rng, size)
    W[:, :-1] *= 1e-4
    # Slopes that no clip leaves alone, and steps as small as the weights.
    return [*calls, (W, 1e4 * X, Y, 1e-8 * _rate(rng), rng.permutation(size.N))]


Update = Callable[[Array, Array, Array, float], Array]


def _epoch(
    update: Update | None = None,
    loss_after: bool = False,
    ordered: Callable[[Array, int], Any] = lambda order, N: order,
    soft: Callable[[Array], Array] = lecture.softmax,
    loss: Callable[[Array, Array], float] = lecture.cce,
) -> Callable[..., Any]:
    """Return an epoch with another update, order, softmax, loss, or moment to take it."""

    def downhill(W: Array, x: Array, y: Array, rate: float) -> Array:
        return W - rate * np.outer(soft(W @ x) - y, x)

    step = update or downhill

    def sgd_epoch(W: Array, X: Array, Y: Array, learning_rate: float, order: Array) -> Any:
        Xb, losses = lecture.add_bias(X), []
        for n in ordered(order, X.shape[1]):
            x, y = Xb[:, n], Y[:, n]
            before = W if loss_after else W.copy()
            W = step(W, x, y, learning_rate)
            losses.append(loss(y, soft((W if loss_after else before) @ x)))
        return W, np.array(losses)

    return sgd_epoch


def _moved(gradient: Callable[[Array, Array, Array], Array]) -> Update:
    return lambda W, x, y, rate: W - rate * gradient(W, x, y)


def _by_features(W: Array, x: Array, y: Array) -> Array:
    gradient = lecture.loss_gradient(W, x, y)
    gradient[:, -1] = 0
    return gradient


def _one_sided_gradient(W: Array, x: Array, y: Array) -> Array:
    return np.outer(mistakes.one_sided(lecture.softmax(W @ x), y), x)


def _step_in_place(W: Array, x: Array, y: Array, rate: float) -> Array:
    W -= rate * lecture.loss_gradient(W, x, y)
    return W


def _all_from_the_start(W: Array, X: Array, Y: Array, learning_rate: float, order: Array) -> Any:
    Xb = lecture.add_bias(X)
    losses = np.array([lecture.cce(Y[:, n], lecture.softmax(W @ Xb[:, n])) for n in order])
    gradients = [lecture.loss_gradient(W, Xb[:, n], Y[:, n]) for n in order]
    return W - learning_rate * np.sum(gradients, axis=0), losses


def _only_first_step(W: Array, X: Array, Y: Array, learning_rate: float, order: Array) -> Any:
    Xb, losses = lecture.add_bias(X), []
    for i, n in enumerate(order):
        losses.append(lecture.cce(Y[:, n], lecture.softmax(W @ Xb[:, n])))
        if i == 0:
            W = W - learning_rate * lecture.loss_gradient(W, Xb[:, n], Y[:, n])
    return W, np.array(losses)


def _by_slope(grad_z: Callable[[Array, Array], Array]) -> Update:
    def gradient(W: Array, x: Array, y: Array) -> Array:
        return np.outer(grad_z(lecture.softmax(W @ x), y), x)

    return _moved(gradient)


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
            if Z is FAR:  # a loss of 1400 by way of the probability is inf
                f.agree(losses[0], FAR_LOSSES[n], scores=Z[:, n], it_should_cost=FAR_LOSSES[n])
            moved, wanted = (after - W)[:, n], -100 * FAR_SLOPES[:, n]
            f.agree(moved, wanted, scores=Z[:, n], x=X[:, n], moved_by=moved, should_be=wanted)


SGD_EPOCH = Exercise(
    signature="sgd_epoch(W, X, Y, learning_rate, order) -> (W, losses); X is (D, N), Y one-hot",
    reference=lecture.sgd_epoch,
    lesson="07_sgd",
    needs=("add_bias", "scores", "softmax", "cce", "cce_from_scores", "loss_gradient"),
    criteria=(
        Criterion(
            "one epoch",
            4.0,
            "Each sample in turn: its loss with the weights as they are, then a step against "
            "its gradient, biases too; the next sample meets the new weights.",
            _epochs,
        ),
        Criterion(
            "any order",
            1.5,
            "The order says which samples come when; it may leave some out or repeat them.",
            _other_orders,
        ),
        Criterion(
            "large scores",
            1.5,
            "Scores of thousands are no trouble, nor is a class with probability 0; a loss may "
            "be in the hundreds, for nothing is clipped.",
            _epochs_at_large_scores,
        ),
        purity(1.0),
    ),
    misconceptions=(
        Misconception(
            "plus sign",
            (_epoch(lambda W, x, y, rate: W + rate * lecture.loss_gradient(W, x, y)),),
            did="You added the gradient to W, which goes uphill.",
            symptom="The losses rise without end.",
            experiment="Run ten epochs from W = 0 and print the mean loss of each, beside ln K.",
            looks_right="The gradient is right, and so are the first loss and the length of the "
            "first step.",
        ),
        Misconception(
            "no update",
            (_epoch(lambda W, x, y, rate: W),),
            did="You never moved W.",
            symptom="From W = 0 every loss is ln K, in every epoch.",
            experiment="Print np.array_equal(W, sgd_epoch(W, ...)[0]): it should be False.",
            looks_right="Each loss is right for the weights at hand, and W has the right shape.",
        ),
        Misconception(
            "bias never updated",
            (_epoch(_moved(_by_features)),),
            did="You moved the weights of the features and left the bias where it was.",
            symptom="The last column of W never changes; accuracy often does not show it.",
            experiment="Print W[:, -1] before and after an epoch: does it change?",
            looks_right="Data around the origin needs no bias: there the loss falls nearly as it "
            "should.",
        ),
        Misconception(
            "1-D Jacobian",
            (_epoch(_moved(_one_sided_gradient)),),
            did="Your gradient uses (I - a.T) * a, which for a 1-D a is not the softmax Jacobian.",
            symptom="The loss rises while the accuracy stays high, until both are lost to nan.",
            experiment="Plot the mean loss and the accuracy of five epochs side by side, at a rate "
            "of 0.1.",
            looks_right="The row of the true class is right in every step, and the borders hardly "
            "differ.",
        ),
        Misconception(
            "loss after the step",
            (_epoch(loss_after=True),),
            did="You took each loss after the step on its own sample.",
            symptom="From W = 0 the first loss is below ln K.",
            experiment="Print losses[0] for W = 0: it must be ln K.",
            looks_right="W comes out right, and the losses fall from epoch to epoch as they "
            "should.",
        ),
        Misconception(
            "one step for all",
            (_all_from_the_start,),
            did="You took all gradients at the first weights; each sample must meet the new ones.",
            symptom="From W = 0 every loss is ln K, though W has moved at the end.",
            experiment="Print the losses of one epoch from W = 0: do they change?",
            looks_right="With a single sample it is right, and the gradients of a batch are taken "
            "like this.",
        ),
        Misconception(
            "only the first step",
            (_only_first_step,),
            did="You moved W for the first sample only.",
            symptom="W differs from its start by a multiple of one outer product.",
            experiment="Print np.linalg.matrix_rank(W_after - W): after samples of three classes "
            "2 is right.",
            looks_right="The first loss and the first step are right, and every sample has its "
            "loss.",
        ),
        Misconception(
            "order ignored",
            (_epoch(ordered=lambda order, N: range(N)),),
            did="You went through the samples from first to last, whatever the order says.",
            symptom="Two different orders give the same losses.",
            experiment="Call it with order and with order[::-1]: the losses should differ.",
            looks_right="For the order 0, 1, 2, ... it is right, and every sample has its turn.",
        ),
        Misconception(
            "diagonal only",
            (_epoch(_by_slope(lambda a, y: -(1 - a) * y)),),
            did="Your gradient uses only the diagonal a(1 - a) of the softmax Jacobian.",
            symptom="In each step only the row of the true class moves.",
            experiment="Print which rows of W differ after one step: all of them should.",
            looks_right="The row of the true class is right, and the loss does fall.",
            lesson="04_jacobian",
        ),
        Misconception(
            "Jacobian skipped",
            (_epoch(_by_slope(lambda a, y: -y / a)),),
            did="You went from the slope by the probabilities to W without the softmax Jacobian.",
            symptom="Only the row of the true class moves, the further the less probable it is.",
            experiment="Compare one step with the numerical gradient of that sample's loss.",
            looks_right="The slope by the probabilities is right, and the loss may fall all the "
            "same.",
            lesson="04_jacobian",
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
            _epoch(soft=mistakes.unshifted),
            experiment="Add 1000 to all biases: nothing may change.",
        ),
        mistakes.other_shift(*(_epoch(soft=soft) for soft in mistakes.OTHER_SHIFTS)),
        mistakes.clipped_loss(*(_epoch(loss=loss) for loss in mistakes.guards(lecture.cce))),
        mistakes.nan_in_chain(_epoch(_by_slope(mistakes.through_chain()))),
        mistakes.epsilon_in_chain(
            *(_epoch(_by_slope(mistakes.through_chain(eps))) for eps in mistakes.EPSILONS)
        ),
        Misconception(
            "changes W in place",
            (_epoch(_step_in_place),),
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
