"""What several exercises get wrong: functions, most of them the lecture's with one part replaced,
and mistakes that are told in the same words everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograder import Misconception
from softmax_by_hand import lecture
from softmax_by_hand.fixtures import Array

Wrong = Callable[..., Any]
Formula = Callable[[Array], Array]
Slope = Callable[[Array, Array], Array]  # dL/dz, of the probabilities and the labels
Loss = Callable[[Array, Array], float]  # of the labels and the probabilities

LARGE = "large scores"  # the criterion


# --- Softmax ----------------------------------------------------------------------------------


def normalised(e: Array, axis: int | None = 0, keepdims: bool = True) -> Array:
    """Return each entry's share of the sum along an axis, or of all."""
    return e / e.sum(axis=axis, keepdims=keepdims)


def shifted(z: Array, axis: int | None = 0) -> Array:
    """Return exp of scores less the largest along an axis, or of all."""
    return np.exp(z - z.max(axis=axis, keepdims=True))


def softmax_less(shift: Callable[[Array], Any]) -> Formula:
    """Return softmax with something else than each sample's maximum subtracted."""
    return lambda Z: normalised(np.exp(Z - shift(Z)))


unshifted = softmax_less(lambda Z: 0)
by_one_maximum = softmax_less(np.max)
OTHER_SHIFTS = (softmax_less(lambda Z: Z.min(axis=0)), softmax_less(lambda Z: Z.mean(axis=0)))


def last_axis(Z: Array) -> Array:
    """Return what sums to 1 along the last axis."""
    return normalised(shifted(Z, -1), -1)


def whole_matrix(Z: Array) -> Array:
    """Return what sums to 1 over all samples together."""
    return normalised(shifted(Z, None), None)


def epsilon_in_sum(eps: float, exp: Formula = shifted) -> Formula:
    """Return softmax with a small number added to the sum by which it divides."""
    return lambda Z: exp(Z) / (exp(Z).sum(axis=0) + eps)


# --- Guards against log(0) and division by zero -----------------------------------------------

EPSILONS = (1e-12, 1e-7, 1e-8, 1e-9, 1e-10, 1e-15)  # that people write


def unguarded(A: Array) -> Array:
    """Return probabilities as they are."""
    return A


def added(eps: float) -> Formula:
    """Return the guard that adds a small number."""
    return lambda A: A + eps


def clipped(eps: float, top: float) -> Formula:
    """Return the guard that clips from below, and from above."""
    return lambda A: np.clip(A, eps, top)


GUARDS = tuple(
    guard for eps in EPSILONS for guard in (added(eps), clipped(eps, 1), clipped(eps, 1 - eps))
)


def guarded(loss: Loss, guard: Formula) -> Loss:
    """Return a loss with a guard."""
    return lambda Y, A: loss(Y, guard(A))


# --- The slope by the scores, from that by the probabilities ----------------------------------


def one_sided(A: Array, G: Array) -> Array:
    """Multiply by (I - a.T) * a, the Jacobian for a column (K, 1), and none for (K,)."""
    return ((np.eye(len(A)) - A.T) * A) @ G


def along_last(A: Array, G: Array) -> Array:
    """Sum over the samples of a batch, not over the classes."""
    return A * (G - np.sum(A * G, axis=-1, keepdims=True))


def samples_mixed(A: Array, G: Array) -> Array:
    """Sum the tensor of Jacobians over the samples, so that each meets all slopes."""
    if A.ndim == 1:
        return lecture.softmax_backward(A, G)
    totals = A.sum(axis=1)
    return A * G - np.outer(totals, totals) @ G


def axes_120(A: Array, G: Array) -> Array:
    """Multiply the tensor of Jacobians with its axes in the order 1, 2, 0."""
    if A.ndim == 1:
        return lecture.softmax_backward(A, G)
    J = A[:, None, :] * (np.eye(len(A))[:, :, None] - A[None, :, :])
    product: Array = J.transpose(1, 2, 0) @ G.T[:, :, None]
    return product[:, :, 0].T


def into_upstream(A: Array, G: Array) -> Array:
    """Write the answer into the slope that was handed in."""
    G[...] = lecture.softmax_backward(A, G)
    return G


def centres_upstream(A: Array, G: Array) -> Array:
    """Subtract in the slope that was handed in."""
    G -= np.sum(A * G, axis=0)
    return A * G


# --- The slope by the scores, and the gradients by the weights --------------------------------


def through_chain(
    guard: Formula = unguarded, backward: Callable[[Array, Array], Array] = lecture.softmax_backward
) -> Slope:
    """Return dL/dz by way of dL/da = -y/a, its denominator guarded or not; (K,) or (K, N)."""
    return lambda A, Y: backward(A, -Y / guard(A))


CHAINS = (through_chain(), lambda A, Y: lecture.softmax_backward(A, lecture.cce_gradient(Y, A)))
GUARDED_CHAINS = tuple(through_chain(added(eps)) for eps in EPSILONS)


def difference(A: Array, Y: Array) -> Array:
    """Return dL/dz as it should be."""
    return A - Y


def loss_gradient_by(grad_z: Slope = difference, soft: Formula = lecture.softmax) -> Wrong:
    """Return the gradient of one sample's loss with another dL/dz, or another softmax."""
    return lambda W, x, y: np.outer(grad_z(soft(W @ x), y), x)


def batch_gradient_by(
    grad_z: Slope = difference,
    soft: Formula = lecture.softmax,
    over: Callable[[Array], float] = lambda Y: Y.shape[1],
) -> Wrong:
    """Return the gradient of a batch with another dL/dz, softmax, or number to divide by."""
    return lambda W, Xb, Y: grad_z(soft(W @ Xb), Y) @ Xb.T / over(Y)


def network_gradients_by(
    grad_z: Slope = difference,
    soft: Formula = lecture.softmax,
    back: Callable[[Array, Array], Array] = lambda W2, G: W2[:, :-1].T @ G,
    slope: Callable[[Array, Array], Array] = lambda Z1, A1: 1 - A1**2,
    over: Callable[[int], float] = lambda N: N,
    over_early: Callable[[int], float] = lambda N: 1,
) -> Wrong:
    """Return the gradients of a network with one formula replaced.

    Parameters
    ----------
    back : the slope by A1, of W2 and the slope by Z2
    slope : of tanh, of Z1 and A1
    over, over_early : what is divided by in all, and of that already at Z2
    """

    def network_gradients(W1: Array, W2: Array, X: Array, Y: Array) -> dict[str, Array]:
        Xb, early = lecture.add_bias(X), over_early(X.shape[1])
        Z1 = W1 @ Xb
        A1 = np.tanh(Z1)
        A1b = lecture.add_bias(A1)
        G2 = grad_z(soft(W2 @ A1b), Y) / early
        G1 = back(W2, G2)
        H1 = G1 * slope(Z1, A1)
        late = over(X.shape[1]) / early
        return {"Z2": G2, "W2": G2 @ A1b.T / late, "A1": G1, "Z1": H1, "W1": H1 @ Xb.T / late}

    return network_gradients


# --- Training ---------------------------------------------------------------------------------


def pieces(order: Array, size: int) -> list[Array]:
    """Cut an order of the samples into batches; the last may be shorter."""
    return [order[start : start + size] for start in range(0, len(order), size)]


def each_epoch(
    N: int,
    size: int,
    epochs: int,
    rng: np.random.Generator,
    cut: Callable[..., list[Array]] = lecture.batch_indices,
) -> list[list[Array]]:
    """Return the batches of each epoch, drawn anew each time."""
    return [cut(N, size, rng) for _ in range(epochs)]


def in_own_order(N: int, size: int, epochs: int, rng: np.random.Generator) -> list[list[Array]]:
    """Return the batches of each epoch, not shuffled."""
    return [pieces(np.arange(N), size)] * epochs


def weighted(losses: list[float], counts: list[int]) -> float:
    """Return the mean loss of all samples, of the batches' mean losses and sizes."""
    return float(np.average(losses, weights=counts))


def history(
    step: Callable[[Array], float],
    epochs: list[list[Array]],
    mean: Callable[[list[float], list[int]], float] = weighted,
) -> Array:
    """Train on the batches of each epoch; `step` trains on one and gives its loss."""
    return np.array([mean([*map(step, batches)], [*map(len, batches)]) for batches in epochs])


# --- Layers -----------------------------------------------------------------------------------


def with_methods(right: type, **methods: Wrong) -> type:
    """Return a class with some methods replaced."""
    return type(right.__name__, (right,), methods)


def layer_by(
    forward: Formula,
    backward: Callable[[Array, Array, Array], Any],
    returned: Callable[[Array], Any] = lambda A: A,
) -> type:
    """Return a layer without weights, from formulas.

    Parameters
    ----------
    forward : A, of Z
    backward : dL/dZ, of Z, A and dL/dA
    returned : what forward gives, of A
    """

    class Layer:
        def forward(self, Z: Array) -> Any:
            self.Z, self.A = Z.copy(), forward(Z)
            return returned(self.A)

        def backward(self, grad_a: Array, learning_rate: float | None = None) -> Any:
            return backward(self.Z, self.A, grad_a)

    return Layer


def keeping_the_first(right: type) -> type:
    """Return a layer whose backward belongs to its first forward."""

    class Layer(right):
        def forward(self, Z: Array) -> Any:
            return right().forward(Z) if vars(self) else super().forward(Z)

    return Layer


def forward_in_place(right: type, formula: Formula) -> type:
    """Return a layer whose forward computes in Z."""

    class Layer(right):
        def forward(self, Z: Array) -> Any:
            answer = super().forward(Z.copy())
            Z[...] = formula(Z)
            return answer

    return Layer


def backward_in_place(right: type) -> type:
    """Return a layer whose backward computes in what it is given."""

    class Layer(right):
        def backward(self, grad_a: Array, learning_rate: float | None = None) -> Any:
            grad_a[...] = super().backward(grad_a.copy())
            return grad_a

    return Layer


def shared_by_all(right: type, *names: str) -> type:
    """Return a class whose objects write these attributes to the class."""

    class Shared(right):
        def __setattr__(self, name: str, value: Any) -> None:
            if name in names:
                setattr(Shared, name, value)
            else:
                super().__setattr__(name, value)

    return Shared


# --- Other functions --------------------------------------------------------------------------


def without_biases(D: int, K: int, rng: np.random.Generator, scale: float) -> Array:
    """Draw weights for the features, and set the biases to 0."""
    return np.column_stack((scale * rng.standard_normal((K, D)), np.zeros(K)))


def accepts_all(*functions: Wrong) -> bool:
    """Accept whatever is tested."""
    return True


def refuses_all(*functions: Wrong) -> bool:
    """Refuse whatever is tested."""
    return False


# --- Mistakes at large scores -----------------------------------------------------------------


def shifts(with_softmax: Callable[[Formula], Wrong], experiment: str) -> list[Misconception]:
    """Return the mistakes of softmax at large scores, each in what is made with a softmax."""
    return [
        no_max_shift(with_softmax(unshifted), experiment=experiment),
        other_shift(*map(with_softmax, OTHER_SHIFTS)),
        one_maximum(with_softmax(by_one_maximum)),
    ]


def no_max_shift(
    *wrong: Wrong,
    experiment: str,
    looks_right: str = "It is the formula word for word, and for scores of ordinary size the "
    "numbers are the same.",
    shows_in: str = LARGE,
    lesson: str = "02_softmax",
) -> Misconception:
    """Return the mistake of an exp that overflows."""
    return Misconception(
        "no max shift",
        wrong,
        did="You took exp of the scores as they are, without subtracting the maximum first.",
        symptom="nan as soon as a score is above 709, where exp overflows.",
        experiment=experiment,
        looks_right=looks_right,
        shows_in=shows_in,
        lesson=lesson,
        treated="The max trick",
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
        treated="Subtract the largest score",
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
        treated="Each **column** has its own maximum",
    )


def clipped_loss(with_loss: Callable[[Loss], Wrong]) -> Misconception:
    """Return the mistake of a guard in the logarithm, in what is made with a loss."""
    return Misconception(
        "clipped probabilities",
        tuple(with_loss(guarded(lecture.cce, guard)) for guard in GUARDS),
        did="You clipped the probabilities, or added a small number to them, before the logarithm.",
        symptom="However wrong a prediction is, the loss stops at some number, as 16 for 1e-7.",
        experiment="Give a true class a score 200 below another one: its loss must be 200.",
        looks_right="Warnings are gone, and for ordinary probabilities the losses have the "
        "right digits.",
        shows_in=LARGE,
        lesson="03_cross_entropy",
        treated="clipped at 1e-7",
    )


def nan_in_chain(with_slope: Callable[[Slope], Wrong], chains: Iterable[Slope]) -> Misconception:
    """Return the mistake of a division by a probability of 0, in what is made with a dL/dz."""
    return Misconception(
        "0 / 0 in the chain",
        tuple(map(with_slope, chains)),
        did="On the way back you divided by probabilities, and 0 / 0 is nan.",
        symptom="nan as soon as one score lies more than 750 below another of its sample.",
        experiment="Give one class a score 2000 below the others: the slopes must be finite.",
        looks_right="It is the chain rule word for word, and right as long as no probability is 0.",
        shows_in=LARGE,
        lesson="04_jacobian",
        treated="$0 \\cdot \\infty$",
    )


def epsilon_in_chain(with_slope: Callable[[Slope], Wrong]) -> Misconception:
    """Return the mistake of a guard in a division by a probability, in what a dL/dz makes."""
    return Misconception(
        "epsilon in the chain",
        tuple(map(with_slope, GUARDED_CHAINS)),
        did="You added a small number to the probabilities by which you divide on the way back.",
        symptom="A true class that is nearly impossible has a slope of 0, where it is steepest.",
        experiment="Give the true class a score 200 below another: its own slope should be -1.",
        looks_right="No division fails any more, and for ordinary probabilities hardly a digit "
        "differs.",
        shows_in=LARGE,
        lesson="04_jacobian",
        treated="$0 \\cdot \\infty$",
    )


# --- Mistakes of layers -----------------------------------------------------------------------


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


def sum_left_out(*wrong: Wrong, experiment: str) -> Misconception:
    """Return the mistake of a softmax's backward without what the classes share."""
    return Misconception(
        "sum left out",
        wrong,
        did="You multiplied by the probabilities and did not subtract what the classes share.",
        symptom="With equal slopes everywhere the answer is not 0 but the probabilities.",
        experiment=experiment,
        looks_right="The factor is right, and it was the derivative of exp that came to mind.",
    )


# --- Mistakes of training ---------------------------------------------------------------------


def of_the_history(training: Callable[..., Wrong], lesson: str = "") -> list[Misconception]:
    """Return the mistakes of a training's history.

    Parameters
    ----------
    training : makes one with another `mean` of the losses, or with `loss_after` each step
    lesson : that treats batches
    """
    return [
        Misconception(
            "mean of batch means",
            (training(mean=lambda losses, counts: float(np.mean(losses))),),
            did="You averaged the batches' mean losses, though the last batch is smaller.",
            symptom="The samples of a short last batch count more than the others.",
            experiment="With learning rate 0 the history must be the mean loss of all samples.",
            looks_right="Where all batches have the same size it is the same number.",
            lesson=lesson,
            treated="The mean of the means",
        ),
        Misconception(
            "losses added up",
            (training(mean=lambda losses, counts: float(np.sum(losses))),),
            did="You added up the batches' mean losses.",
            symptom="The smaller the batches, the larger the history, while the weights are right.",
            experiment="With learning rate 0 the history must be the mean loss of all samples.",
            looks_right="With one batch of all samples it is right, and the curve has the right "
            "form.",
            lesson=lesson,
            treated="The mean of the means",
        ),
        Misconception(
            "loss of the last batch",
            (training(mean=lambda losses, counts: float(losses[-1])),),
            did="You noted the loss of an epoch's last batch, not the mean over all samples.",
            symptom="The history jumps up and down, as each time other samples come last.",
            experiment="With learning rate 0 every epoch must have the same loss.",
            looks_right="With one batch of all samples it is right, and so are the weights.",
            lesson=lesson,
            treated="it counts by its size",
        ),
        Misconception(
            "loss after the step",
            (training(loss_after=True),),
            did="You took each batch's loss after the step on it.",
            symptom="The first entry of the history is too small, while the weights are right.",
            experiment="With one batch of all, the first loss is that of the first weights.",
            looks_right="The history falls as it should, and looks even a little better.",
            lesson="07_sgd",
            treated="the loss belongs to the weights before the step",
        ),
    ]


# --- Mistakes of penalties and of squared errors ----------------------------------------------


def changes_weights(right: Wrong) -> Misconception:
    """Return the mistake of a penalty that sets the biases of W itself to 0."""

    def wrong(W: Array, strength: float) -> Any:
        W[:, -1] = 0
        return right(W, strength)

    return Misconception(
        "changes W",
        (wrong,),
        did="You set the biases of W itself to 0.",
        symptom="The last column of W is 0 after the call.",
        experiment="Keep before = W.copy() and compare after the call.",
        looks_right="What it returns is right, and biases of 0 do not count.",
        shows_in="purity",
    )


def changes_predictions(right: Wrong) -> Misconception:
    """Return the mistake of a squared error that is computed in the predictions."""

    def wrong(y: Array, Yhat: Array) -> Any:
        answer = right(y, Yhat)
        Yhat -= y
        return answer

    return Misconception(
        "changes Yhat",
        (wrong,),
        did="You computed in Yhat itself, as Yhat -= y does.",
        symptom="The second call with the same arrays gives something else.",
        experiment="Keep before = Yhat.copy() and compare after the call.",
        looks_right="What it returns is right, and no new array is needed.",
        shows_in="purity",
    )


def every_pair(*wrong: Wrong, symptom: str, experiment: str) -> Misconception:
    """Return the mistake of a difference that is broadcast to all pairs of samples."""
    return Misconception(
        "every pair of samples",
        wrong,
        did="(N, 1) and (N,) were broadcast to (N, N), every prediction against every target.",
        symptom=symptom,
        experiment=experiment,
        looks_right="Both arrays hold N numbers, nothing is raised, and for one sample it is "
        "right.",
    )
