"""The exercise choose_strength: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, purity
from autograder.checking.kit import Properties, Several, Student, normal
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import Array, Generator
from softmax_by_hand.properties import in_turn

Fit = Callable[[Array, Array, float], Array]


def ridge(K: int, D: int, most: int, scale: float = 6.0) -> Fit:
    """Return a training in closed form, which refuses any data but its own."""

    def fit(X: Array, Y: Array, strength: float) -> Array:
        X, Y, strength = np.asarray(X, dtype=float), np.asarray(Y, dtype=float), float(strength)
        if X.ndim != 2 or len(X) != D or not 1 <= X.shape[1] <= most:
            raise ValueError(f"fit takes X of shape ({D}, n)")
        if Y.shape != (K, X.shape[1]) or not 0 <= strength < 1e9:
            raise ValueError(f"fit takes Y of shape ({K}, n), and a strength of 0 or more")
        Xb = lecture.add_bias(X)
        normal_matrix = Xb @ Xb.T + (strength + 1e-3) * np.eye(D + 1)
        return np.asarray(scale * np.linalg.solve(normal_matrix, Xb @ (Y - 1 / K).T).T)

    return fit


def splits(rng: Generator, scale: float = 6.0) -> list[Arguments]:
    """Draw data and strengths; the best one for the samples held out is not at an end."""
    calls: list[Arguments] = []
    size = fixtures.sizes(rng, 1)[0]
    while len(calls) < 6:
        N = 3 * size.N
        X, Y = fixtures.labelled_data(rng, fixtures.Sizes(size.D, size.K, N))
        strengths = np.sort(10 ** rng.uniform(-2, 2.5, 5))[rng.permutation(5)]
        held_out = rng.permutation(N)[: N // 3]
        call = (X, Y, held_out, strengths, ridge(size.K, size.D, N, scale))
        if tells(call):
            calls.append(call)
            # Two of each shape: one answer remembered for each shape cannot be right.
            if len(calls) % 2 == 0:
                size = fixtures.sizes(rng, 1)[0]
    return calls


def tells(call: Arguments) -> bool:
    """Tell whether the choice is clear, and differs from what other readings would choose."""
    with np.errstate(all="ignore"):
        best, losses = lecture.choose_strength(*call)
        if not np.isfinite(losses).all():
            return False
        first, second = np.sort(losses)[:2]
        seen = choosing(judged=lambda seen, unseen: seen)(*call)[1]
    strengths = call[3]
    return bool(
        second > first * (1 + 1e-6)
        and best != strengths[np.argmin(seen)]
        and best not in (strengths[0], strengths[-1])
    )


def certain_and_wrong(rng: Generator) -> list[Arguments]:
    """Draw splits in which a sample held out is all but impossible: its loss is in the hundreds."""
    calls: list[Arguments] = []
    for size in fixtures.sizes(rng, 3):
        N = 3 * size.N
        X, Y = fixtures.labelled_data(rng, fixtures.Sizes(size.D, size.K, N))
        held_out = rng.permutation(N)[: N // 3]
        X[:, held_out[0]] *= 200.0
        Y[:, held_out[0]] = fixtures.unit(int(rng.integers(size.K)), size.K)
        strengths = 10 ** rng.uniform(-1, 1, 3)
        fit = ridge(size.K, size.D, N, 1.0)
        rest = np.delete(X, held_out, 1), np.delete(Y, held_out, 1)
        weights = [fit(*rest, float(strength)) for strength in strengths]
        z = [W[:, :-1] @ X[:, held_out[0]] for W in weights]
        # Neither too near, nor so far that a probability is exactly 0 for any strength.
        X[:, held_out[0]] *= 500.0 / max(map(np.ptp, z))
        Y[:, held_out[0]] = fixtures.unit(int(z[0].argmin()), size.K)
        calls.append((X, Y, held_out, strengths, fit))
    return calls


Parts = tuple[Array, Array]


def choosing(
    trained: Callable[[Parts, Parts, Parts], Parts] = lambda every, rest, held: rest,
    judged: Callable[[Any, Any], Any] = lambda seen, unseen: unseen,
    loss: mistakes.Loss = lecture.cce,
    more: Callable[[Array, float], float] = lambda W, strength: 0.0,
    best: Callable[[Array], Any] = np.argmin,
    returned: Callable[[Array, Any, Array], Any] = lambda strengths, place, losses: (
        float(strengths[place]),
        losses,
    ),
) -> Callable[..., Any]:
    """Return the choice with one part replaced.

    Parameters
    ----------
    trained : the data to train on, of all, of those not held out, and of those held out
    judged : the loss that counts, of that on the samples not held out and on those held out
    more : is added to the loss, of the weights and their strength
    """

    def choose_strength(X: Array, Y: Array, held_out: Array, strengths: Array, fit: Fit) -> Any:
        every, held = (X, Y), (X[:, held_out], Y[:, held_out])
        rest = (np.delete(X, held_out, axis=1), np.delete(Y, held_out, axis=1))

        def of(W: Array, data: Parts) -> float:
            return loss(data[1], lecture.softmax(W @ lecture.add_bias(data[0])))

        losses = []
        for strength in strengths:
            W = fit(*trained(every, rest, held), float(strength))
            counted = judged(of(W, rest), of(W, held))
            losses.append(counted + more(W, float(strength)))
        return returned(strengths, best(np.array(losses)), np.array(losses))

    return choose_strength


def on_all(X: Array, Y: Array, held_out: Array, strengths: Array, fit: Fit) -> Any:
    """Judge on all samples, those trained on among them."""
    rest = np.delete(X, held_out, axis=1), np.delete(Y, held_out, axis=1)
    weights = [fit(*rest, float(strength)) for strength in strengths]
    A = [lecture.softmax(W @ lecture.add_bias(X)) for W in weights]
    losses = np.array([lecture.cce(Y, one) for one in A])
    return float(strengths[np.argmin(losses)]), losses


def share_of_errors(Y: Array, A: Array) -> float:
    return float(np.mean(Y.argmax(axis=0) != A.argmax(axis=0)))


def sorts_strengths(X: Array, Y: Array, held_out: Array, strengths: Array, fit: Fit) -> Any:
    answer = lecture.choose_strength(X, Y, held_out, strengths.copy(), fit)
    strengths.sort()
    return answer


def clusters(X: np.ndarray, Y: np.ndarray, strength: float) -> np.ndarray:
    """Weights from the mean of each class, which a strength makes smaller."""
    means = X @ Y.T / np.maximum(Y.sum(axis=1), 1)
    return np.hstack((means.T, np.zeros((len(Y), 1)))) / (1 + strength)


def split_example(K: int, D: int, N: int, held: int) -> tuple[Any, ...]:
    X, Y = normal(D, N), in_turn(K, N)
    return X, Y, np.arange(1, 1 + held), np.array([0.1, 0.0, 2.0, 0.5]), clusters


@Properties(
    shape=lambda X, Y, held_out, strengths, fit: Several(((), (len(strengths),))),
    examples=lambda: [split_example(3, 4, 11, 4), split_example(4, 3, 9, 3)],
    hint="Two values: one of the strengths, and an array with one loss for each of them.",
)
def choose_strength(f: Student) -> None:
    f.claim(
        "what is chosen is the strength with the smallest loss of those that you return",
        "Is it the strength, or its place? The smallest loss, or the largest?",
    )
    for example in f.examples:
        chosen, losses = f(*example)
        wanted = example[3][np.argmin(losses)]
        f.expect(chosen == wanted, your_losses=losses, their_smallest_is_that_of=wanted)
    f.claim(
        "with fit asked for weights of 0, every loss is ln K: exp of it is K",
        "Is it the mean loss? Is something added to it?",
    )
    for X, Y, held_out, strengths, _ in f.examples:

        def zeros(X: Any, Y: Any, strength: float) -> np.ndarray:
            return np.zeros((len(Y), len(X) + 1))

        losses = f(X, Y, held_out, strengths, zeros)[1]
        f.agree(np.exp(losses), np.full(len(strengths), float(len(Y))), your_losses=losses)
    f.claim(
        "fit is handed all samples that are not held out, and no other",
        "Which samples may training see? Which does np.delete leave?",
    )
    for X, Y, held_out, strengths, _ in f.examples:
        seen: list[tuple[Any, Any]] = []

        def spies(X: Any, Y: Any, strength: float, seen: Any = seen) -> np.ndarray:
            seen.append((X, Y))
            return np.zeros((len(Y), len(X) + 1))

        f(X, Y, held_out, strengths, spies)
        rest = [n for n in range(X.shape[1]) if n not in held_out]
        for one, truth in seen:
            f.expect(one.shape == X[:, rest].shape, samples_it_got=one.shape[1], wanted=len(rest))
            order, own = np.argsort(X[0, rest]), np.argsort(one[0])
            f.agree(one[:, own], X[:, rest][:, order])
            f.agree(truth[:, own], Y[:, rest][:, order])
    f.claim("each strength is handed to fit, in turn", "One training for each strength?")
    for X, Y, held_out, strengths, _ in f.examples:
        asked: list[float] = []

        def notes(X: Any, Y: Any, strength: float, asked: Any = asked) -> np.ndarray:
            asked.append(strength)
            return np.zeros((len(Y), len(X) + 1))

        f(X, Y, held_out, strengths, notes)
        f.expect(sorted(set(map(float, asked))) == sorted(strengths.tolist()))
    f.claim(
        "the losses are those of the samples held out: what the others are does not matter, if "
        "the weights stay",
        "On which samples is the loss taken? Is the penalty left out of it?",
    )
    for X, Y, held_out, strengths, _ in f.examples:
        W = normal(len(Y), len(X) + 1, seed=4)

        def stays(X: Any, Y: Any, strength: float, W: Any = W) -> np.ndarray:
            return W.copy()

        losses = f(X, Y, held_out, strengths, stays)[1]
        changed = X.copy()
        rest = [n for n in range(X.shape[1]) if n not in held_out]
        changed[:, rest] += 1
        again = f(changed, Y, held_out, strengths, stays)[1]
        f.agree(again, losses, with_the_others_as_they_were=losses)
        singles = [f(X, Y, held_out[[n]], strengths, stays)[1] for n in range(len(held_out))]
        mean = np.mean(singles, axis=0)
        f.agree(losses, mean, mean_of_each_held_out_alone=mean)
        for n, alone in zip(held_out, singles, strict=True):
            z = W @ np.append(X[:, n], 1)
            parts = np.exp(z - z[Y[:, n].argmax()]).sum()
            f.agree(np.exp(alone), np.full(len(strengths), parts))
    f.claim(
        "a true class whose score lies 400 below the largest costs 400",
        "Is a probability clipped before the logarithm?",
    )
    X, Y, held_out, strengths, _ = f.examples[0]

    def far(X: Any, Y: Any, strength: float) -> np.ndarray:
        W = np.zeros((len(Y), len(X) + 1))
        W[0, -1] = 400.0
        return W

    losses = f(X, Y, np.array([1]), strengths, far)[1]  # of class 1
    f.agree(losses, np.full(len(strengths), 400.0), your_losses=losses)


CHOOSE_STRENGTH = Exercise(
    signature="choose_strength(X, Y, held_out, strengths, fit) -> (strength, losses)",
    reference=lecture.choose_strength,
    lesson="08_batches",
    treated="\\lambda \\sum_{k,\\,j \\,\\text{not bias}} w_{kj}^2",
    needs=("add_bias", "scores", "softmax", "cce", "cce_from_scores"),
    criteria=(
        Criterion(
            "held out",
            2.5,
            "fit sees only samples that are not held out; each loss is the mean over those that "
            "are; the strength is that of the smallest.",
            splits,
        ),
        Criterion(
            "large scores",
            0.5,
            "A sample may be all but impossible: its loss is in the hundreds, for nothing is "
            "clipped.",
            certain_and_wrong,
        ),
        purity(1.0, lambda rng: splits(rng)[:2]),
    ),
    misconceptions=(
        Misconception(
            "trained on all samples",
            (choosing(trained=lambda every, rest, held: every),),
            did="You trained on all samples, also on those that are held out.",
            symptom="The losses are too small, and the smallest strength looks too good.",
            experiment="Print X.shape[1] inside fit: it should be N less those held out.",
            looks_right="More data makes better weights, and the loss is taken where it should be.",
        ),
        Misconception(
            "judged on what was trained on",
            (choosing(judged=lambda seen, unseen: seen),),
            did="You took the loss of the samples that the weights were trained on.",
            symptom="The smallest strength always wins.",
            experiment="Compare the losses of strengths 0 and 100: is more penalty ever better?",
            looks_right="It is the loss that training makes small, and it is cheap to have.",
        ),
        Misconception(
            "judged on all samples",
            (on_all,),
            did="You took the loss of all samples, those trained on among them.",
            symptom="The losses are too small.",
            experiment="Change a sample that is not held out, and keep the weights: no loss may "
            "change.",
            looks_right="The samples held out are among them, and more samples make a mean surer.",
        ),
        Misconception(
            "split turned round",
            (choosing(trained=lambda every, rest, held: held, judged=lambda seen, unseen: seen),),
            did="You trained on the samples held out, and judged on the others.",
            symptom="The losses are those of weights that have seen few samples.",
            experiment="Print X.shape[1] inside fit: it should be N less those held out.",
            looks_right="The two parts have no sample in common, as they should.",
        ),
        Misconception(
            "penalty in the loss",
            (choosing(more=lambda W, strength: lecture.l2_penalty(W, strength)),),
            did="You added the penalty to the loss by which you judge.",
            symptom="Large strengths look worse than they are.",
            experiment="Let fit give the same weights for every strength: the losses must be "
            "equal.",
            looks_right="It is the whole of what training makes smaller.",
        ),
        Misconception(
            "largest loss",
            (choosing(best=np.argmax),),
            did="You chose the strength with the largest loss.",
            symptom="The losses are right, and the worst strength is returned.",
            experiment="Print the losses beside the strengths, and point at the smallest.",
            looks_right="The largest accuracy would be the best.",
        ),
        Misconception(
            "place instead of strength",
            (
                choosing(returned=lambda strengths, place, losses: (float(place), losses)),
                choosing(returned=lambda strengths, place, losses: (int(place), losses)),
            ),
            did="You returned which strength it is; the strength itself is asked for.",
            symptom="A whole number, that is none of the strengths.",
            experiment="Print what you return beside strengths: it should be among them.",
            looks_right="It is the right one, and argmin gives its place.",
        ),
        Misconception(
            "sum instead of mean",
            (choosing(loss=lambda Y, A: Y.shape[1] * lecture.cce(Y, A)),),
            did="You added up the losses of the samples held out; their mean is asked for.",
            symptom="The more samples are held out, the larger the losses.",
            experiment="Let fit give weights of 0: each loss should be ln K.",
            looks_right="As many samples are added up for each strength, so the same one wins.",
        ),
        Misconception(
            "share of errors",
            (choosing(loss=share_of_errors),),
            did="You counted the wrong predictions; the loss is asked for.",
            symptom="Many strengths get the same number, between 0 and 1.",
            experiment="Let fit give weights of 0: each loss should be ln K.",
            looks_right="In the end hits are what counts, and less is better here too.",
            lesson="07_sgd",
            treated="What accuracy cannot see",
        ),
        mistakes.clipped_loss(lambda loss: choosing(loss=loss)),
        Misconception(
            "changes strengths",
            (sorts_strengths,),
            did="You sorted the strengths themselves, which belong to the caller.",
            symptom="strengths holds another order after the call.",
            experiment="Keep before = strengths.copy() and compare after the call.",
            looks_right="What is returned is right.",
            shows_in="purity",
        ),
    ),
    properties=choose_strength,
)
