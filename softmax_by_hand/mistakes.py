"""Mistakes that several exercises can have: told in the same words everywhere, and the wrong
functions that several of them are made of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder import ANOTHER, FIRST, Arguments, Misconception
from softmax_by_hand import lecture
from softmax_by_hand.fixtures import BACKWARD, FORWARD, Array

Wrong = Callable[..., Any]
LARGE = "large scores"


def no_max_shift(*wrong: Wrong, experiment: str) -> Misconception:
    """Return the mistake of an exp that overflows."""
    return Misconception(
        "no max shift",
        wrong,
        did="You took exp of the scores as they are, without subtracting the maximum first.",
        symptom="nan as soon as a score is above 709, where exp overflows.",
        experiment=experiment,
        looks_right="It is the formula word for word, and for scores of ordinary size the "
        "numbers are the same.",
        shows_in=LARGE,
        lesson="02_softmax",
    )


def other_shift(*wrong: Wrong) -> Misconception:
    """Return the mistake of a shift to the wrong end, or to the middle."""
    return Misconception(
        "another number subtracted",
        wrong,
        did="Before exp you subtracted from each sample another number than its largest score, as "
        "its smallest or its mean.",
        symptom="nan where a score is more than 710 above what was subtracted.",
        experiment="Try a sample with scores -2000, 2000 and -2000: one class is certain.",
        looks_right="Whatever is subtracted from a whole sample cancels, and a common offset of "
        "1000 does no harm.",
        shows_in=LARGE,
        lesson="02_softmax",
    )


def one_maximum(*wrong: Wrong) -> Misconception:
    """Return the mistake of one shift for a whole batch."""
    return Misconception(
        "one maximum for all",
        wrong,
        did="You subtracted the largest score of the whole batch, where each sample has its own.",
        symptom="nan for samples that lie more than 750 below the largest score.",
        experiment="Try two samples, one with all scores at 1000, one with all at -1000.",
        looks_right="For one sample it is right, and for a batch whose scores are alike nothing "
        "differs.",
        shows_in=LARGE,
        lesson="02_softmax",
    )


def clipped_loss(*wrong: Wrong) -> Misconception:
    """Return the mistake of a guard in the logarithm."""
    return Misconception(
        "clipped probabilities",
        wrong,
        did="You clipped the probabilities, or added a small number to them, before the logarithm.",
        symptom="However wrong a prediction is, the loss stops at some number, as 16 for 1e-7.",
        experiment="Give a true class a score 200 below another one: its loss must be 200.",
        looks_right="Warnings are gone, and for ordinary probabilities the losses have the "
        "right digits.",
        shows_in=LARGE,
        lesson="03_cross_entropy",
    )


def nan_in_chain(*wrong: Wrong) -> Misconception:
    """Return the mistake of a division by a probability of 0."""
    return Misconception(
        "0 / 0 in the chain",
        wrong,
        did="On the way back you divided by probabilities, and 0 / 0 is nan.",
        symptom="nan as soon as one score lies more than 750 below another of its sample.",
        experiment="Give one class a score 2000 below the others: the slopes must be finite.",
        looks_right="It is the chain rule word for word, and right as long as no probability is 0.",
        shows_in=LARGE,
        lesson="04_jacobian",
    )


def epsilon_in_chain(*wrong: Wrong) -> Misconception:
    """Return the mistake of a guard in a division by a probability."""
    return Misconception(
        "epsilon in the chain",
        wrong,
        did="You added a small number to the probabilities by which you divide on the way back.",
        symptom="A true class that is nearly impossible has a slope of 0, where it is steepest.",
        experiment="Give the true class a score 200 below another: its own slope should be -1.",
        looks_right="No division fails any more, and for ordinary probabilities hardly a digit "
        "differs.",
        shows_in=LARGE,
        lesson="04_jacobian",
    )


def on_the_class(*wrong: Wrong, again: str = "called again") -> Misconception:
    """Return the mistake of a state that all objects share."""
    return Misconception(
        "kept on the class",
        wrong,
        did="What one object keeps you wrote to the class or a global name, which all share.",
        symptom="A second object changes what the first gives.",
        experiment="Make two, call forward of one, then of the other, then backward of the first.",
        looks_right="As long as there is a single object, it makes no difference.",
        shows_in=again,
    )


def changes_upstream(*wrong: Wrong, name: str) -> Misconception:
    """Return the mistake of computing in the slope that was handed in."""
    return Misconception(
        f"changes {name}",
        wrong,
        did=f"You computed in {name} itself, which belongs to whoever handed it in.",
        symptom=f"{name} holds other numbers after the call.",
        experiment=f"Keep before = {name}.copy() and compare after backward.",
        looks_right="All that is returned is right, and no new array is needed.",
        shows_in="purity",
    )


def passed_on(*wrong: Wrong) -> Misconception:
    """Return the mistake of a backward without a slope of its own."""
    return Misconception(
        "slope passed on",
        wrong,
        did="backward hands back what it was given, as if the layer changed nothing.",
        symptom="The answer is grad_a itself.",
        experiment="Compare backward(grad_a) with grad_a: are they equal?",
        looks_right="The shape is right, and for a layer that only adds a number it is the answer.",
    )


def only_ones(*wrong: Wrong) -> Misconception:
    """Return the mistake of a backward that begins anew."""
    return Misconception(
        "only ones",
        wrong,
        did="backward gives 1 for every entry, whatever went forward and whatever came back.",
        symptom="The answer never changes.",
        experiment="Call backward with grad_a = 0: all of the answer must be 0.",
        looks_right="The shape is right, and a chain of slopes does begin with a 1.",
    )


# The guards against log(0) and division by zero that people write.
EPSILONS = (1e-12, 1e-7, 1e-8, 1e-9, 1e-10, 1e-15)


def normalised(e: Array, axis: int | None = 0, keepdims: bool = True) -> Array:
    return e / e.sum(axis=axis, keepdims=keepdims)


def shifted(z: Array, axis: int | None = 0) -> Array:
    return np.exp(z - z.max(axis=axis, keepdims=True))


Reduce = Callable[[Array], Any]


def unguarded(Yhat: Array) -> Array:
    return Yhat


def added(eps: float) -> Callable[[Array], Array]:
    return lambda Yhat: Yhat + eps


def clipped(eps: float, top: float) -> Callable[[Array], Array]:
    return lambda Yhat: np.clip(Yhat, eps, top)


def unshifted(z: Array) -> Array:
    e = np.exp(z)
    return e / e.sum(axis=0)


def one_sided(a: Array, y: Array) -> Array:
    return ((np.eye(len(a)) - a) * a) @ (-y / a)


def beside_another(
    made: Arguments, other: Arguments, X: Array, G: Array, X_other: Array, G_other: Array
) -> Arguments:
    """Return forward of one layer, forward and backward of another, and backward of the first."""
    there = (FORWARD, X_other.copy(), BACKWARD, G_other.copy(), 0.5)
    return (*made, FORWARD, X, ANOTHER, *other, *there, FIRST, BACKWARD, G, 0.5, FORWARD, X)


def last_axis(Z: Array) -> Array:
    e = np.exp(Z - Z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def samples_mixed(A: Array, G: Array) -> Array:
    return (
        A * G - np.multiply.outer(A, A).sum(axis=1).sum(axis=-1) @ G
        if A.ndim > 1
        else (lecture.softmax_backward(A, G))
    )


def axes_120(A: Array, G: Array) -> Array:
    if A.ndim == 1:
        return lecture.softmax_backward(A, G)
    eye = np.eye(len(A))
    J = A[:, None, :] * (eye[:, :, None] - A[None, :, :])
    product: Array = J.transpose(1, 2, 0) @ G.T[:, :, None]
    return product[:, :, 0].T


def softmax_shifted(shift: Callable[[Array], Any]) -> Callable[[Array], Array]:
    """Return softmax with something else than each sample's maximum subtracted."""

    def soft(Z: Array) -> Array:
        e = np.exp(Z - shift(Z))
        return e / e.sum(axis=0)

    return soft


OTHER_SHIFTS = (softmax_shifted(lambda Z: Z.min(axis=0)), softmax_shifted(lambda Z: Z.mean(axis=0)))
by_one_maximum = softmax_shifted(np.max)


def whole_matrix(Z: Array) -> Array:
    """Return what sums to 1 over all samples together."""
    return lecture.softmax(Z.ravel()).reshape(Z.shape)


def into_upstream(A: Array, G: Array) -> Array:
    G[...] = lecture.softmax_backward(A, G)
    return G


def all_share(right: type, names: tuple[str, ...]) -> type:
    """Return a class whose objects write these attributes to the class."""

    class Shared(right):
        def __setattr__(self, name: str, value: Any) -> None:
            if name in names:
                setattr(Shared, name, value)
            else:
                super().__setattr__(name, value)

    return Shared


def through_chain(eps: float = 0.0) -> Callable[[Array, Array], Array]:
    """Return dL/dz by way of dL/da = -y/a, its denominator guarded or not; (K,) or (K, N)."""
    return lambda A, Y: lecture.softmax_backward(A, -Y / (A + eps))


def guards(loss: Callable[[Array, Array], float]) -> list[Callable[[Array, Array], float]]:
    """Return this loss with the guards against log(0) that people write."""
    return [
        guarded
        for eps in EPSILONS
        for guarded in (
            lambda Y, A, eps=eps: loss(Y, A + eps),
            lambda Y, A, eps=eps: loss(Y, np.clip(A, eps, 1)),
            lambda Y, A, eps=eps: loss(Y, np.clip(A, eps, 1 - eps)),
        )
    ]


def accepts_all(*functions: Callable[..., Any]) -> bool:
    return True


def refuses_all(*functions: Callable[..., Any]) -> bool:
    return False


def pieces(order: Array, size: int) -> list[Array]:
    return [order[start : start + size] for start in range(0, len(order), size)]


def gradient_by(
    grad_z: Callable[[Array, Array], Array] = lambda A, Y: A - Y,
    scale: Callable[[Array, Array], float] = lambda Y, Xb: Xb.shape[1],
    soft: Callable[[Array], Array] = lecture.softmax,
) -> Callable[..., Any]:
    return lambda W, Xb, Y: grad_z(soft(W @ Xb), Y) @ Xb.T / scale(Y, Xb)


def changes_weights(then: Callable[[Array, float], Any]) -> Callable[[Array, float], Any]:
    def wrong(W: Array, strength: float) -> Any:
        W[:, -1] = 0
        return then(W, strength)

    return wrong


Formula = Callable[[Array], Array]


def spoils(then: Callable[[Array, Array], Any]) -> Callable[[Array, Array], Any]:
    def wrong(y: Array, Yhat: Array) -> Any:
        answer = then(y, Yhat)
        Yhat -= y
        return answer

    return wrong


def gradients(
    slope: Callable[[Array, Array], Array] = lambda Z1, A1: 1 - A1**2,
    back: Callable[[Array, Array], Array] = lambda W2, G: W2[:, :-1].T @ G,
    scale: Callable[[int], float] = lambda N: N,
    grad_z2: Callable[[Array, Array], Array] = lambda A2, Y: A2 - Y,
    soft: Formula = lecture.softmax,
    per_sample: Callable[[int], float] = lambda N: 1,
) -> Callable[..., Any]:
    """Return the gradients of a network, with one formula replaced."""

    def network_gradients(W1: Array, W2: Array, X: Array, Y: Array) -> dict[str, Array]:
        N, Xb = X.shape[1], lecture.add_bias(X)
        Z1 = W1 @ Xb
        A1 = np.tanh(Z1)
        A1b = lecture.add_bias(A1)
        G2 = grad_z2(soft(W2 @ A1b), Y) / per_sample(N)
        G1 = back(W2, G2)
        H1 = G1 * slope(Z1, A1)
        over = scale(N) / per_sample(N)
        return {"Z2": G2, "W2": G2 @ A1b.T / over, "A1": G1, "Z1": H1, "W1": H1 @ Xb.T / over}

    return network_gradients
