"""Problem set 3: layers, training one sample at a time, and tests that students write.

Data only: each exercise is its reference, its fixture makers and its wrong
answers.  Knows nothing of the judge, the sandbox or the notebooks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.catalogue.model import Arguments, Criterion, Exercise, Misconception, Specimen
from autograder.catalogue.values import ANOTHER, FIRST, Rng, Step
from softmax_by_hand import fixtures as draws
from softmax_by_hand import lecture as reference
from softmax_by_hand import mistakes as shared
from softmax_by_hand.fixtures import Array, Generator
from softmax_by_hand.ps1 import EPSILONS, LEFT_ALONE
from softmax_by_hand.ps2 import _accepting, _one_sided, _unshifted

FORWARD, BACKWARD, WEIGHTS = Step("forward"), Step("backward"), Step("W")


# --- Softmax ----------------------------------------------------------------------------------


def _there_and_back(rng: Generator, Z: Array) -> Arguments:
    return FORWARD, Z, BACKWARD, rng.normal(size=Z.shape)


def _single_scores(rng: Generator) -> list[Arguments]:
    passes = [draws.forward_pass(rng, size) for size in draws.all_sizes(rng)]
    return [_there_and_back(rng, run.Z[:, 0]) for run in passes]


def _columns_and_batches(rng: Generator) -> list[Arguments]:
    passes = [draws.forward_pass(rng, size) for size in draws.all_sizes(rng)]
    columns = [run.Z[:, :1] for run in passes[:2]]
    return [_there_and_back(rng, Z) for Z in (*columns, *(run.Z for run in passes))]


def _again(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size, fewer in zip(draws.sizes(rng, 3), (0, 0, 1), strict=True):
        Z, other = draws.forward_pass(rng, size).Z, draws.forward_pass(rng, size).Z[:, fewer:]
        G = 10000.0 * rng.normal(size=Z.shape)
        G_other = rng.normal(size=other.shape) if fewer else G
        twice = (FORWARD, Z, BACKWARD, G, 0.5, BACKWARD, G[:, ::-1].copy(), 0.5)
        fixtures.append((*twice, FORWARD, other, BACKWARD, G_other, 0.5, FORWARD, Z))
    # The last has no negative number.
    both = (Z, G, Z[:, ::-1], G[::-1]), (abs(Z), abs(G), abs(Z[::-1]), abs(G[::-1]))
    return [*fixtures, *(beside_another((), (), *parts) for parts in both)]


def beside_another(
    made: Arguments, other: Arguments, X: Array, G: Array, X_other: Array, G_other: Array
) -> Arguments:
    """Return forward of one layer, forward and backward of another, and backward of the first."""
    there = (FORWARD, X_other.copy(), BACKWARD, G_other.copy(), 0.5)
    return (*made, FORWARD, X, ANOTHER, *other, *there, FIRST, BACKWARD, G, 0.5, FORWARD, X)


def _large_scores(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size, below in zip(draws.sizes(rng, 2), (0, -1), strict=True):
        fixtures.append(_there_and_back(rng, draws.close(rng, size.K, -1000.0 if below else 1000)))
        fixtures.append(_there_and_back(rng, draws.columns_far_apart(rng, size.K, size.N)))
        fixtures.append(_there_and_back(rng, draws.two_on_top(rng, size.K, below)[0]))
        label = int(rng.integers(size.K))
        z = draws.improbable(rng, size.K, label)
        slope = -draws.unit(label, size.K) / reference.softmax(z)
        fixtures.append((FORWARD, z, BACKWARD, slope))
    return fixtures


def _both_forms(rng: Generator) -> list[Arguments]:
    return _single_scores(rng)[:1] + _columns_and_batches(rng)[2:4]


def _softmax_layer(
    forward: Callable[[Array], Array] = reference.softmax,
    backward: Callable[[Array, Array], Array] = reference.softmax_backward,
    returned: Callable[[Array], Any] = lambda A: A,
) -> type:
    """Return the layer that is made of these formulas."""

    class Softmax:
        def forward(self, Z: Array) -> Any:
            self.A = forward(Z)
            return returned(self.A)

        def backward(self, grad_a: Array, learning_rate: float | None = None) -> Array:
            return backward(self.A, grad_a)

    return Softmax


def _one_dimensional(A: Array, G: Array) -> Array:
    return ((np.eye(len(A)) - A.T) * A) @ G


def _last_axis(Z: Array) -> Array:
    e = np.exp(Z - Z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _samples_mixed(A: Array, G: Array) -> Array:
    return (
        A * G - np.multiply.outer(A, A).sum(axis=1).sum(axis=-1) @ G
        if A.ndim > 1
        else (reference.softmax_backward(A, G))
    )


def _axes_120(A: Array, G: Array) -> Array:
    if A.ndim == 1:
        return reference.softmax_backward(A, G)
    eye = np.eye(len(A))
    J = A[:, None, :] * (eye[:, :, None] - A[None, :, :])
    product: Array = J.transpose(1, 2, 0) @ G.T[:, :, None]
    return product[:, :, 0].T


def _in_place(Z: Array) -> Array:
    Z -= Z.max(axis=0)
    np.exp(Z, out=Z)
    Z /= Z.sum(axis=0)
    return Z.copy()


def _spoils_cache(A: Array, G: Array) -> Array:
    product = A * G
    grad_z = product - A * product.sum(axis=0)
    A *= 1 - A
    return grad_z


def _shifted(shift: Callable[[Array], Any]) -> Callable[[Array], Array]:
    """Return softmax with something else than each sample's maximum subtracted."""

    def soft(Z: Array) -> Array:
        e = np.exp(Z - shift(Z))
        return e / e.sum(axis=0)

    return soft


OTHER_SHIFTS = (_shifted(lambda Z: Z.min(axis=0)), _shifted(lambda Z: Z.mean(axis=0)))
by_one_maximum = _shifted(np.max)


def whole_matrix(Z: Array) -> Array:
    """Return what sums to 1 over all samples together."""
    return reference.softmax(Z.ravel()).reshape(Z.shape)


def _whole_matrix_unshifted(Z: Array) -> Array:
    e = np.exp(Z)
    return e / e.sum()


def _with_epsilon(eps: float) -> Callable[[Array], Array]:
    def soft(Z: Array) -> Array:
        e = np.exp(Z - Z.max(axis=0))
        return e / (e.sum(axis=0) + eps)

    return soft


def _along_last(A: Array, G: Array) -> Array:
    return A * (G - np.sum(A * G, axis=-1, keepdims=True))


def _in_upstream(A: Array, G: Array) -> Array:
    G -= np.sum(A * G, axis=0)
    return A * G


def _into_upstream(A: Array, G: Array) -> Array:
    G[...] = reference.softmax_backward(A, G)
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


def _first_kept() -> type:
    class Softmax(reference.Softmax):
        def forward(self, Z: Array) -> Array:
            self.A = getattr(self, "A", reference.softmax(Z))
            return reference.softmax(Z)

    return Softmax


SOFTMAX = Exercise(
    name="Softmax",
    problem_set="ps3",
    signature="Softmax(), forward(Z) -> A, backward(grad_a, learning_rate=None) -> grad_z; "
    "(K,), (K, 1) or (K, N)",
    reference=reference.Softmax,
    lesson="04_jacobian",
    # Not softmax_backward of ps4: that is what backward asks for, under another name.
    needs=("softmax", "softmax_jacobian"),
    criteria=(
        Criterion(
            "one sample",
            3.0,
            "forward gives the probabilities of a sample (K,), and backward carries any slope by "
            "them to the slope by the scores.",
            _single_scores,
        ),
        Criterion(
            "columns and batches",
            2.0,
            "A column (K, 1) and a batch (K, N) give what their columns give one by one.",
            _columns_and_batches,
        ),
        Criterion(
            "called again",
            1.0,
            "backward belongs to the last forward of its own layer, however often either was "
            "called, and the learning rate changes nothing in a layer without weights.",
            _again,
        ),
        Criterion(
            "large scores",
            1.0,
            "Scores of thousands, far apart in a sample or in a batch, are no trouble, and no "
            "probability is too small for the slopes of the cross-entropy.",
            _large_scores,
        ),
        Criterion("purity", 1.0, LEFT_ALONE, _both_forms, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "1-D Jacobian",
            (
                _softmax_layer(backward=_one_dimensional),
                _softmax_layer(
                    backward=lambda A, G: (
                        _one_dimensional if A.ndim == 1 else reference.softmax_backward
                    )(A, G)
                ),
            ),
            did="You used (I - a.T) * a; .T does nothing to a 1-D a, and this is no Jacobian.",
            symptom="With grad_a = -y/a the true class is right, and all others are equal.",
            experiment="Compare backward of a sample (3,) with that of the same column (3, 1).",
            looks_right="For a column (K, 1) all of it is right, and for a 1-D sample nothing is "
            "raised.",
        ),
        Misconception(
            "last axis",
            (
                _softmax_layer(forward=_last_axis),
                _softmax_layer(forward=_last_axis, backward=_along_last),
            ),
            did="You normalised along the last axis, which in a batch runs over the samples.",
            symptom="A column (K, 1) gives all ones.",
            experiment="Print Softmax().forward(np.zeros((3, 1))): each entry should be 1/3.",
            looks_right="For a single sample (K,) it is right, and where samples are rows it is "
            "for batches too.",
            lesson="02_softmax",
        ),
        Misconception(
            "samples mixed in backward",
            (_softmax_layer(backward=_samples_mixed), _softmax_layer(backward=_axes_120)),
            did="You multiplied the tensor of Jacobians over the wrong axes, so that one sample's "
            "Jacobian meets another sample's slopes.",
            symptom="A batch gives wrong numbers of the right shape, or a shape error.",
            experiment="Compare the first column of a batch with what that sample gives alone.",
            looks_right="A single sample has a single Jacobian, so that there is nothing to be "
            "mixed up.",
        ),
        Misconception(
            "upstream ignored",
            (
                _softmax_layer(backward=lambda A, G: A - G),
                _softmax_layer(backward=lambda A, G: G - A),
            ),
            did="You returned output - y; that is the loss's and softmax's slope in one, and "
            "backward was given the slope by the probabilities.",
            symptom="Twice the upstream slope does not give twice the answer.",
            experiment="Call backward with grad_a = 0: the answer must be 0.",
            looks_right="Where the cross-entropy follows softmax, a - y is the right slope by the "
            "scores.",
        ),
        Misconception(
            "upstream not used",
            (_softmax_layer(backward=lambda A, G: A * (1 - A)),),
            did="You returned the slopes of the layer alone, without grad_a.",
            symptom="The answer is the same for every grad_a.",
            experiment="Call backward with grad_a and with 2 * grad_a: the answer should double.",
            looks_right="a(1 - a) is a right slope: that of each probability by its own score.",
        ),
        Misconception(
            "diagonal only",
            (_softmax_layer(backward=lambda A, G: A * (1 - A) * G),),
            did="You used the diagonal a(1 - a) of the Jacobian and left the rest out.",
            symptom="With equal slopes everywhere the answer is not 0.",
            experiment="Call backward with grad_a all ones: each entry should be 0.",
            looks_right="For a sigmoid it is right: there each output depends on its own input "
            "alone.",
        ),
        Misconception(
            "forward returns None",
            (_softmax_layer(returned=lambda A: None),),
            did="forward keeps the probabilities and does not return them.",
            symptom="The result of forward is None.",
            experiment="Print Softmax().forward(np.zeros(3)): each entry should be 1/3.",
            looks_right="The probabilities are right and kept, and backward works with them.",
        ),
        Misconception(
            "sum over the samples",
            (_softmax_layer(backward=_along_last),),
            did="backward sums along the last axis; the sum runs over the classes of one sample.",
            symptom="A column (K, 1) gives all zeros.",
            experiment="Print each column's sum of backward for a batch: every one should be 0.",
            looks_right="A single sample has one axis only, and forward is right everywhere.",
        ),
        Misconception(
            "whole-matrix sum",
            (
                _softmax_layer(forward=whole_matrix),
                _softmax_layer(forward=_whole_matrix_unshifted),
            ),
            did="You divided by the sum of the whole array; each sample is to sum to 1.",
            symptom="A batch sums to 1 altogether.",
            experiment="Print Softmax().forward(np.zeros((3, 2))): each entry should be 1/3.",
            looks_right="A sample by itself is right, and np.sum without an axis raises nothing.",
            lesson="02_softmax",
        ),
        Misconception(
            "epsilon in the denominator",
            tuple(_softmax_layer(forward=_with_epsilon(eps)) for eps in (1e-7, 1e-8, 1e-6, 1e-5)),
            did="You added a small number to the sum by which you divide.",
            symptom="The probabilities of a sample sum to a little less than 1.",
            experiment="Print 1 - Softmax().forward(np.zeros(3)).sum(): at most some 1e-16.",
            looks_right="It seems to make the division safe; but with the maximum subtracted the "
            "sum is never below 1.",
            lesson="02_softmax",
        ),
        Misconception(
            "sign of backward",
            (
                _softmax_layer(backward=lambda A, G: -reference.softmax_backward(A, G)),
                _softmax_layer(backward=lambda A, G: A * (np.sum(A * G, axis=0) - G)),
            ),
            did="You subtracted the other way round, so that all of backward is negative.",
            symptom="Every entry has the wrong sign.",
            experiment="Call backward with a slope of 1 for one class, 0 else: its own entry is "
            "positive.",
            looks_right="All sizes are right, and each sample's slopes sum to 0 as they should.",
        ),
        Misconception(
            "sum left out",
            (_softmax_layer(backward=lambda A, G: A * G),),
            did="You multiplied by the probabilities and did not subtract what the classes share.",
            symptom="With equal slopes everywhere the answer is not 0 but the probabilities.",
            experiment="Call backward with grad_a all ones: each entry should be 0.",
            looks_right="The factor is right, and it was the derivative of exp that came to mind.",
        ),
        shared.passed_on(_softmax_layer(backward=lambda A, G: G)),
        shared.only_ones(_softmax_layer(backward=lambda A, G: np.ones(G.shape))),
        shared.no_max_shift(
            _softmax_layer(forward=_unshifted),
            experiment="Print Softmax().forward(np.array([1000.0, 1000.0])): one half twice is "
            "right.",
        ),
        shared.other_shift(*(_softmax_layer(forward=soft) for soft in OTHER_SHIFTS)),
        shared.one_maximum(_softmax_layer(forward=by_one_maximum)),
        shared.on_the_class(all_share(reference.Softmax, ("A",))),
        shared.changes_upstream(
            _softmax_layer(backward=_in_upstream),
            _softmax_layer(backward=_into_upstream),
            name="grad_a",
        ),
        Misconception(
            "changes Z in place",
            (_softmax_layer(forward=_in_place),),
            did="forward computed in Z itself, as Z -= Z.max(axis=0) does.",
            symptom="The scores are not the same after forward.",
            experiment="Keep before = Z.copy(), call forward(Z), then print (before == Z).all().",
            looks_right="What forward returns is right, and no new array is needed.",
            shows_in="purity",
        ),
        Misconception(
            "spoils what it kept",
            (_softmax_layer(backward=_spoils_cache),),
            did="backward changed the probabilities that forward had kept.",
            symptom="The first backward is right, and the second one after it is not.",
            experiment="Call backward twice in a row with the same grad_a and compare.",
            looks_right="In training every forward is followed by one backward, and that is right.",
            shows_in="called again",
        ),
        Misconception(
            "first forward kept",
            (_first_kept(),),
            did="backward uses the probabilities of the first forward, not of the last one.",
            symptom="A second forward with other scores does not change what backward gives.",
            experiment="Call backward after forward(Z), and after forward(0 * Z): do the answers "
            "differ?",
            looks_right="The first forward and backward are right, and a quick test calls each "
            "only once.",
            shows_in="called again",
        ),
    ),
)


# --- Dense ------------------------------------------------------------------------------------


def _made(rng: Generator, size: draws.Sizes) -> tuple[int, int, Rng, float]:
    return size.D, size.K, draws.seed(rng), float(rng.uniform(0.3, 1.5))


def _data(rng: Generator, size: draws.Sizes) -> Array:
    return rng.normal(0.3, 1.0, (size.D, size.N))


def _slopes(rng: Generator, size: draws.Sizes) -> Array:
    return rng.normal(size=(size.K, size.N))


def _dense_forward(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = [
        (*_made(rng, size), WEIGHTS, FORWARD, _data(rng, size), WEIGHTS)
        for size in draws.all_sizes(rng)
    ]
    size = draws.sizes(rng, 1)[0]
    D, K, seed, _ = _made(rng, size)
    return [*fixtures, (D, K, seed, WEIGHTS, FORWARD, _data(rng, size)[:, :1])]


def _dense_backward(rng: Generator) -> list[Arguments]:
    """Draw scenarios with a learning rate of 0, so that only what is returned counts."""
    return [
        (*_made(rng, size), FORWARD, _data(rng, size), BACKWARD, _slopes(rng, size), 0.0)
        for size in (*draws.all_sizes(rng)[:-1], draws.Sizes(1, 1, 5), draws.Sizes(4, 3, 1))
    ]


def _dense_step(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size in draws.all_sizes(rng):
        back = (BACKWARD, _slopes(rng, size), float(rng.uniform(0.3, 1.5)))
        fixtures.append((*_made(rng, size), FORWARD, _data(rng, size), *back, WEIGHTS))
    return fixtures


def _dense_again(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size, fewer in zip(draws.sizes(rng, 3), (0, 0, 1), strict=True):
        steps: list[Any] = []
        for X in (_data(rng, size), _data(rng, size)[:, fewer:]):
            G, rate = rng.normal(size=(size.K, X.shape[1])), float(rng.uniform(0.3, 1.5))
            steps += [FORWARD, X, BACKWARD, G, rate, WEIGHTS]
        fixtures.append((*_made(rng, size), *steps))
    for change in (lambda part: 1e5 * part, abs):  # large numbers, and none below 0
        parts = [change(draw(rng, size)) for draw in (_data, _slopes) * 2]
        fixtures.append(beside_another(_made(rng, size), _made(rng, size), *parts))
    return fixtures


def _some_steps(rng: Generator) -> list[Arguments]:
    return _dense_step(rng)[:3]


Backward = Callable[[Any, Array, float], Array]


def _dense(backward: Backward) -> type:
    """Return the layer with this method `backward`."""

    class Dense(reference.Dense):
        def backward(self, grad_z: Array, learning_rate: float) -> Array:
            return backward(self, grad_z, learning_rate)

    return Dense


def _dense_forward_by(forward: Callable[[Any, Array], Array]) -> type:
    class Dense(reference.Dense):
        def forward(self, X: Array) -> Array:
            return forward(self, X)

    return Dense


def _stepping(
    step: Callable[[Array, Array], Array],
    grad_x: Callable[[Array, Array], Array] = lambda W, G: W[:, :-1].T @ G,
) -> Backward:
    """Return a backward whose step, for a rate of 1, is this function of grad_z and Xb."""

    def backward(layer: Any, G: Array, rate: float) -> Array:
        answer = grad_x(layer.W, G)
        layer.W = layer.W - rate * step(G, layer.Xb)
        return answer

    return backward


def _mean(G: Array, Xb: Array) -> Array:
    return G @ Xb.T / Xb.shape[1]


def _without_bias(G: Array, Xb: Array) -> Array:
    gradient = _mean(G, Xb)
    gradient[:, -1] = 0
    return gradient


def _updates_first(layer: Any, G: Array, rate: float) -> Array:
    layer.W = layer.W - rate * _mean(G, layer.Xb)
    answer: Array = layer.W[:, :-1].T @ G
    return answer


def _bias_summed(G: Array, Xb: Array) -> Array:
    gradient = _mean(G, Xb)
    gradient[:, -1] *= Xb.shape[1]
    return gradient


def _adding_up() -> type:
    class Dense(reference.Dense):
        total: Any = 0

        def backward(self, grad_z: Array, learning_rate: float) -> Array:
            answer: Array = self.W[:, :-1].T @ grad_z
            self.total = self.total + _mean(grad_z, self.Xb)
            self.W = self.W - learning_rate * self.total
            return answer

    return Dense


def _made_by(first: Callable[[int, int, Any, float], Array]) -> type:
    """Return the layer with other first weights."""

    class Dense(reference.Dense):
        def __init__(self, D: int, K: int, rng: Any, scale: float = 0.01) -> None:
            self.W = first(D, K, rng, scale)

    return Dense


def _no_biases(D: int, K: int, rng: Any, scale: float) -> Array:
    return np.column_stack((scale * rng.standard_normal((K, D)), np.zeros(K)))


def _keeps_first_data(layer: Any, X: Array) -> Array:
    layer.Xb = getattr(layer, "Xb", reference.add_bias(X))
    return layer.W @ reference.add_bias(X)


def _ones_first(layer: Any, X: Array) -> Array:
    layer.Xb = np.vstack((np.ones(X.shape[1]), X))
    return layer.W @ layer.Xb


def _bias_left_out(layer: Any, X: Array) -> Array:
    layer.Xb = reference.add_bias(X)
    return layer.W[:, :-1] @ X


def _spoils_upstream(layer: Any, G: Array, rate: float) -> Array:
    answer: Array = layer.W[:, :-1].T @ G
    G /= G.shape[1]
    layer.W = layer.W - rate * G @ layer.Xb.T
    return answer


DENSE = Exercise(
    name="Dense",
    problem_set="ps3",
    signature="Dense(D, K, rng, scale=0.01), W (K, D+1), forward(X) -> (K, N), "
    "backward(grad_z, learning_rate) -> (D, N)",
    reference=reference.Dense,
    lesson="05_chain_rule",
    needs=("add_bias", "init_weights", "scores"),
    criteria=(
        Criterion(
            "forward",
            3.0,
            "W is scale times standard normal draws from rng, the bias its last column, and "
            "forward gives W times the data with a last row of ones.",
            _dense_forward,
        ),
        Criterion(
            "slope by the data",
            2.0,
            "backward returns the slope by X, (D, N), also where D, K or N is 1: the bias feature "
            "is nobody's output.",
            _dense_backward,
        ),
        Criterion(
            "step",
            2.5,
            "backward moves W against the mean gradient over the samples, and what it returns is "
            "the same for every learning rate.",
            _dense_step,
        ),
        Criterion(
            "called again",
            1.0,
            "Each backward belongs to its own layer's forward before it, and steps add up.",
            _dense_again,
        ),
        Criterion("purity", 0.5, LEFT_ALONE, _some_steps, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "ones first",
            (_dense_forward_by(_ones_first),),
            did="You put the row of ones above the data; the bias is the last column of W.",
            symptom="The first column of W acts as the bias.",
            experiment="Print forward(np.zeros((D, 1))) beside W[:, -1:]: they must be equal.",
            looks_right="Many books put the bias first, and the scores have the right shape.",
            lesson="01_scores",
        ),
        Misconception(
            "bias left out",
            (_dense_forward_by(_bias_left_out),),
            did="You multiplied the data by W without its last column.",
            symptom="Every column of the scores is off by W[:, -1].",
            experiment="Print forward(np.zeros((D, 1))) beside W[:, -1:]: they must be equal.",
            looks_right="The shape is right, and where all biases are 0 the scores are too.",
            lesson="01_scores",
        ),
        Misconception(
            "bias row left in",
            (_dense(_stepping(_mean, lambda W, G: W.T @ G)),),
            did="You returned the slope by all rows of Xb, the bias row with them.",
            symptom="The shape is (D+1, N), and the layer before has only D outputs.",
            experiment="Print backward(grad_z, 0).shape beside X.shape.",
            looks_right="W was multiplied with all of Xb, and the transpose of W is the right "
            "factor on the way back.",
            lesson="10_hidden_layer",
        ),
        Misconception(
            "first row dropped",
            (_dense(_stepping(_mean, lambda W, G: W[:, 1:].T @ G)),),
            did="You dropped the slope by the first feature, where the last one is the bias's.",
            symptom="Each row stands where the one above it should.",
            experiment="Set W[:, 0] to 0: the first row of the answer must be 0.",
            looks_right="The shape is right, and where the bias comes first the numbers are too.",
            lesson="10_hidden_layer",
        ),
        Misconception(
            "updates first",
            (_dense(_updates_first),),
            did="You moved W before you used it for what backward returns.",
            symptom="What backward returns depends on the learning rate.",
            experiment="Make two equal layers; compare one backward with rate 0 and one with rate "
            "1.",
            looks_right="For a small learning rate the difference is small, and W moves as it "
            "should.",
        ),
        Misconception(
            "plus sign",
            (_dense(_stepping(lambda G, Xb: -_mean(G, Xb))),),
            did="You added the gradient; it points uphill, so that the loss grows.",
            symptom="The loss rises with every step.",
            experiment="Compute the loss before and after one step with a small rate.",
            looks_right="What backward returns is right, and so is the length of the step.",
            lesson="07_sgd",
        ),
        Misconception(
            "sum instead of mean",
            (_dense(_stepping(lambda G, Xb: G @ Xb.T)),),
            did="You summed the gradient over the samples and did not divide by N.",
            symptom="The step is N times as long, so that the rate depends on the batch size.",
            experiment="Hand in every sample twice: the step must stay the same.",
            looks_right="For one sample it is the same, and for one batch size a smaller rate "
            "makes up for it.",
            lesson="08_batches",
        ),
        Misconception(
            "divided by K",
            (_dense(_stepping(lambda G, Xb: G @ Xb.T / len(G))),),
            did="You divided the gradient by the number of outputs, not of samples.",
            symptom="The step's length depends on how many rows grad_z has.",
            experiment="Hand in every sample twice: the step must stay the same.",
            looks_right="len(grad_z) counts rows, which are samples in most frameworks.",
            lesson="08_batches",
        ),
        Misconception(
            "bias step summed",
            (_dense(_stepping(_bias_summed)),),
            did="You divided the weights' gradient by N and summed that of the biases.",
            symptom="Only the last column of W moves too far, N times.",
            experiment="Hand in each sample twice and compare W[:, -1] after the step.",
            looks_right="The biases' gradient does sum over the samples, and all else is right.",
            lesson="08_batches",
        ),
        Misconception(
            "biases start at 0",
            (_made_by(_no_biases),),
            did="You drew weights for the features and set the biases to 0; here all are drawn.",
            symptom="The last column of W is 0 at first.",
            experiment="Print W[:, -1] of a new layer: no entry should be 0.",
            looks_right="Many frameworks start so, and it does no harm to learning.",
        ),
        Misconception(
            "scale ignored",
            (
                _made_by(lambda D, K, rng, scale: 0.01 * rng.standard_normal((K, D + 1))),
                _made_by(lambda D, K, rng, scale: rng.standard_normal((K, D + 1))),
            ),
            did="You did not use the scale that was handed in.",
            symptom="Layers with scale 1 and scale 2, from equal generators, have equal weights.",
            experiment="Make two such layers and divide one W by the other: 2 is right.",
            looks_right="The shape is right, and the numbers come from rng as they should.",
        ),
        Misconception(
            "weights all equal",
            (
                _made_by(lambda D, K, rng, scale: np.zeros((K, D + 1))),
                _made_by(lambda D, K, rng, scale: scale * np.ones((K, D + 1))),
            ),
            did="All weights start at the same number; they are to be drawn from rng.",
            symptom="All scores of a sample are equal at first.",
            experiment="Print W of a new layer: no two entries should be equal.",
            looks_right="A single layer learns from there too, as every class has its own slope.",
        ),
        Misconception(
            "bias never updated",
            (_dense(_stepping(_without_bias)),),
            did="You moved the weights of the features and left the bias where it was.",
            symptom="The last column of W never changes.",
            experiment="Print W[:, -1] before and after a step: does it change?",
            looks_right="Data around the origin hardly needs a bias, so that the accuracy does not "
            "suffer.",
            lesson="07_sgd",
        ),
        Misconception(
            "no update",
            (_dense(_stepping(lambda G, Xb: 0 * _mean(G, Xb))),),
            did="backward does not move W.",
            symptom="W is the same after a step, and the loss never changes.",
            experiment="Print W before and after a step: does it change?",
            looks_right="forward is right, and so is all that backward returns; only W stands "
            "still.",
            lesson="07_sgd",
        ),
        Misconception(
            "first data kept",
            (_dense_forward_by(_keeps_first_data),),
            did="backward uses the data of the first forward, not of the last one.",
            symptom="The first step is right, the second one is not.",
            experiment="Call forward with two batches of different size, then backward.",
            looks_right="Where every forward gets the same data, as in a quick test, it is right.",
            shows_in="called again",
        ),
        Misconception(
            "gradients add up",
            (_adding_up(),),
            did="You added each gradient to the one before and stepped against their sum.",
            symptom="The first step is right, the second one too long.",
            experiment="Take a step with grad_z = 0 after another: W must stay where it is.",
            looks_right="Some frameworks add gradients up, and set them to 0 before each step.",
            shows_in="called again",
        ),
        shared.on_the_class(
            all_share(reference.Dense, ("W",)),
            all_share(reference.Dense, ("Xb",)),
            all_share(reference.Dense, ("W", "Xb")),
        ),
        shared.changes_upstream(_dense(_spoils_upstream), name="grad_z"),
    ),
)


# --- sgd_epoch --------------------------------------------------------------------------------


def _training_set(rng: Generator, size: draws.Sizes) -> tuple[Array, Array, Array]:
    run = draws.forward_pass(rng, size)
    return run.W, run.Xb[:-1].copy(), run.Y


def _rate(rng: Generator) -> float:
    return float(rng.uniform(0.2, 0.6))


def _epochs(rng: Generator) -> list[Arguments]:
    return draws.crossed(
        [
            (*_training_set(rng, size), _rate(rng), rng.permutation(size.N))
            for size in draws.all_sizes(rng)
        ]
    )


def _other_orders(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size, count in zip(draws.sizes(rng, 3), (2, 5, 10), strict=True):
        order = rng.integers(size.N, size=count) if count > 2 else np.full(2, size.N - 1)
        fixtures.append((*_training_set(rng, size), _rate(rng), order))
    return fixtures


def _epochs_at_large_scores(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size, level in zip(draws.sizes(rng, 2), (1000.0, -2000.0), strict=True):
        W, X, Y = _training_set(rng, size)
        W[:, -1] += level
        fixtures.append((W, X, Y, _rate(rng), rng.permutation(size.N)[:3]))
    for size, below in zip(draws.sizes(rng, 2), (0, -1), strict=True):
        W, X, _ = _training_set(rng, size)
        offsets, top = draws.two_on_top(rng, size.K, below)
        # No true class has a probability of exactly 0: its loss may be inf, or what it tends to.
        Y = reference.one_hot(rng.permutation(np.resize(top, size.N)), size.K)
        W[:, -1] += offsets
        fixtures.append((W, X, Y, _rate(rng), rng.permutation(size.N)[:3]))
    for size in draws.sizes(rng, 2):
        W, X, Y = _training_set(rng, size)
        order = rng.permutation(size.N)[:3]
        W[:, -1] += draws.improbable(rng, size.K, int(np.argmax(Y[:, order[0]])))
        fixtures.append((W, X, Y, _rate(rng), order))
    W, X, Y = _training_set(rng, size)
    W[:, :-1] *= 1e-4
    # Slopes that no clip leaves alone, and steps as small as the weights.
    return [*fixtures, (W, 1e4 * X, Y, 1e-8 * _rate(rng), rng.permutation(size.N))]


def _some_epochs(rng: Generator) -> list[Arguments]:
    return _epochs(rng)[:2]


Update = Callable[[Array, Array, Array, float], Array]


def _epoch(
    update: Update | None = None,
    loss_after: bool = False,
    ordered: Callable[[Array, int], Any] = lambda order, N: order,
    soft: Callable[[Array], Array] = reference.softmax,
    loss: Callable[[Array, Array], float] = reference.cce,
) -> Callable[..., Any]:
    """Return an epoch with another update, order, softmax, loss, or moment to take it."""

    def downhill(W: Array, x: Array, y: Array, rate: float) -> Array:
        return W - rate * np.outer(soft(W @ x) - y, x)

    step = update or downhill

    def sgd_epoch(W: Array, X: Array, Y: Array, learning_rate: float, order: Array) -> Any:
        Xb, losses = reference.add_bias(X), []
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
    gradient = reference.loss_gradient(W, x, y)
    gradient[:, -1] = 0
    return gradient


def _one_sided_gradient(W: Array, x: Array, y: Array) -> Array:
    return np.outer(_one_sided(reference.softmax(W @ x), y), x)


def _step_in_place(W: Array, x: Array, y: Array, rate: float) -> Array:
    W -= rate * reference.loss_gradient(W, x, y)
    return W


def _all_from_the_start(W: Array, X: Array, Y: Array, learning_rate: float, order: Array) -> Any:
    Xb = reference.add_bias(X)
    losses = np.array([reference.cce(Y[:, n], reference.softmax(W @ Xb[:, n])) for n in order])
    gradients = [reference.loss_gradient(W, Xb[:, n], Y[:, n]) for n in order]
    return W - learning_rate * np.sum(gradients, axis=0), losses


def _only_first_step(W: Array, X: Array, Y: Array, learning_rate: float, order: Array) -> Any:
    Xb, losses = reference.add_bias(X), []
    for i, n in enumerate(order):
        losses.append(reference.cce(Y[:, n], reference.softmax(W @ Xb[:, n])))
        if i == 0:
            W = W - learning_rate * reference.loss_gradient(W, Xb[:, n], Y[:, n])
    return W, np.array(losses)


def through_chain(eps: float = 0.0) -> Callable[[Array, Array], Array]:
    """Return dL/dz by way of dL/da = -y/a, its denominator guarded or not; (K,) or (K, N)."""
    return lambda A, Y: reference.softmax_backward(A, -Y / (A + eps))


def _by_slope(grad_z: Callable[[Array, Array], Array]) -> Update:
    def gradient(W: Array, x: Array, y: Array) -> Array:
        return np.outer(grad_z(reference.softmax(W @ x), y), x)

    return _moved(gradient)


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


SGD_EPOCH = Exercise(
    name="sgd_epoch",
    problem_set="ps3",
    signature="sgd_epoch(W, X, Y, learning_rate, order) -> (W, losses); X is (D, N), Y one-hot",
    reference=reference.sgd_epoch,
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
        Criterion("purity", 1.0, LEFT_ALONE, _some_epochs, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "plus sign",
            (_epoch(lambda W, x, y, rate: W + rate * reference.loss_gradient(W, x, y)),),
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
            (lambda W, X, Y, rate, order: reference.sgd_epoch(W, X, Y, rate / len(X.T), order),),
            did="You divided each step by the number of samples, as for a batch.",
            symptom="The more samples there are, the shorter each step is.",
            experiment="Hand in unused samples besides: losses and W must stay the same.",
            looks_right="A mean over the samples has this factor, and a larger rate makes up for "
            "it.",
        ),
        shared.no_max_shift(
            _epoch(soft=_unshifted), experiment="Add 1000 to all biases: nothing may change."
        ),
        shared.other_shift(*(_epoch(soft=soft) for soft in OTHER_SHIFTS)),
        shared.clipped_loss(*(_epoch(loss=loss) for loss in guards(reference.cce))),
        shared.nan_in_chain(_epoch(_by_slope(through_chain()))),
        shared.epsilon_in_chain(*(_epoch(_by_slope(through_chain(eps))) for eps in EPSILONS)),
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
)


# --- is_softmax -------------------------------------------------------------------------------

SUMS = "Every column sums to 1, and so does a single sample."
RATIO = "log(a_i / a_j) is z_i - z_j: the ratio follows from the difference of the scores."
GROWS = "A larger score has a larger probability."
ALONE = "A batch gives what its columns give one by one."
LARGE = "Scores of 1000 are no trouble."
FAR = "Scores of 1000 and of -1000 in one sample are no trouble."
APART = "Columns whose scores are far apart do not disturb each other."


def _specimens(rng: Generator, items: list[tuple[Callable[..., Any], str]]) -> list[Arguments]:
    """Return a call for each function, shuffled, with two right ones among them."""
    shift = float(rng.uniform(1, 3))
    right: list[tuple[Callable[..., Any], str]] = [
        (reference.softmax, ""),
        (lambda z: np.exp(z - np.logaddexp.reduce(z + shift, axis=0) + shift), ""),
    ]
    chosen = [*right, *items]
    return [(_softmax_specimen(*chosen[i]),) for i in rng.permutation(len(chosen))]


def _softmax_specimen(formula: Callable[[Array], Any], breaks: str) -> Specimen:
    """Return a specimen that takes (K,) or (K, N) of any numbers, and refuses anything else."""

    def f(z: Any) -> Any:
        z = np.array(z, dtype=np.float64)
        if z.ndim not in (1, 2) or z.size == 0:
            raise ValueError("f takes an array of scores, (K,) or (K, N)")
        with np.errstate(all="ignore"):
            return formula(z)

    return Specimen(f, breaks)


def _plainly_wrong(rng: Generator) -> list[Arguments]:
    base, power = float(rng.uniform(1.8, 2.2)), float(rng.uniform(1.02, 1.03))
    gain = float(rng.uniform(1.5, 3))
    return _specimens(
        rng,
        [
            (lambda z: 1 / (1 + np.exp(-gain * z)), SUMS),
            (lambda z: np.exp(np.clip(z, -700, 700) / gain), SUMS),
            (lambda z: reference.softmax(z * np.log(base)), RATIO),
            (lambda z: reference.softmax(power * z), RATIO),
            (lambda z: reference.softmax(z / power), RATIO),
            (lambda z: reference.softmax((z.T + np.linspace(0, gain, len(z))).T), RATIO),
            (lambda z: reference.softmax(-z), GROWS),
            (lambda z: np.full(z.shape, 1 / len(z)), GROWS),
            (lambda z: reference.softmax(z)[::-1], GROWS),
            (_sigmoids_shared, RATIO),
            (lambda z: np.exp(z - z.max(axis=0)), SUMS),
        ],
    )


def _wrong_in_batches(rng: Generator) -> list[Arguments]:
    return _specimens(
        rng,
        [
            (lambda z: reference.softmax(z.ravel()).reshape(z.shape), SUMS),
            (lambda z: reference.softmax(z.T).T, SUMS),
            (lambda z: np.roll(reference.softmax(z), z.ndim - 1, axis=-1), ALONE),
            (_like_first_column, ALONE),
        ],
    )


def _sigmoids_shared(z: Array) -> Array:
    a = (1 + np.tanh(z / 2)) / 2 + 1e-300
    return a / a.sum(axis=0)


def _like_first_column(z: Array) -> Array:
    a = reference.softmax(z)
    return a if z.ndim == 1 else np.repeat(a[:, :1], z.shape[1], axis=1)


def _wrong_for_large(rng: Generator) -> list[Arguments]:
    end = float(rng.uniform(80, 120))
    return _specimens(
        rng,
        [
            (_unshifted, LARGE),
            (lambda z: _unshifted(np.clip(z, -end, end)), LARGE),
            (lambda z: _unshifted(z - z.max()), APART),
            (lambda z: _unshifted(z - z.mean()), APART),
            (lambda z: _unshifted(z - z.min(axis=0)), FAR),
        ],
    )


def _some_specimens(rng: Generator) -> list[Arguments]:
    return _plainly_wrong(rng)[:6]


def _tried(*wanted: str) -> list[Array]:
    """Return scores to try: of one sample and of a batch, mild, large or far apart."""
    rng = np.random.default_rng(1)
    z, Z = rng.normal(size=5), rng.normal(size=(3, 4))
    far = Z + np.array([1000.0, -1000, 0, 5])
    scores = {"one": z, "batch": Z, "large one": z + 1000, "far one": 1000 * z, "far batch": far}
    return [scores[name] for name in (wanted or scores)]


def _agrees_on(*wanted: str, rtol: float = 1e-6) -> Callable[..., bool]:
    def is_softmax(f: Callable[[Array], Array]) -> bool:
        return all(
            np.allclose(f(z), reference.softmax(z), rtol=rtol, atol=rtol * 1e-3)
            for z in _tried(*wanted)
        )

    return is_softmax


def _sums_only(f: Callable[[Array], Array]) -> bool:
    return all(np.allclose(np.sum(f(z), axis=0), 1) for z in _tried())


def _total_only(f: Callable[[Array], Array]) -> bool:
    return all(np.isclose(np.sum(f(z)), 1) for z in _tried("one", "large one"))


def _one_total_only(f: Callable[[Array], Array]) -> bool:
    return bool(np.isclose(np.sum(f(_tried("one")[0])), 1))


def _shifts_only(f: Callable[[Array], Array]) -> bool:
    return all(np.allclose(f(z), f(z + 7.0)) for z in _tried("one", "batch"))


def _against_itself(f: Callable[[Array], Array]) -> bool:
    return all(np.array_equal(f(z), f(z)) for z in _tried("one", "batch"))


def _equal_scores_only(f: Callable[[Array], Array]) -> bool:
    return all(np.allclose(f(np.zeros(K)), 1 / K) for K in (3, 5))


def _accepts_all(*functions: Callable[..., Any]) -> bool:
    return True


def _refuses_all(*functions: Callable[..., Any]) -> bool:
    return False


IS_SOFTMAX = Exercise(
    name="is_softmax",
    problem_set="ps3",
    signature="is_softmax(f) -> bool; f takes (K,) or (K, N)",
    reference=reference.is_softmax,
    lesson="02_softmax",
    # Right scores to compare with are no test yet; which ones to try is the exercise.
    needs=("softmax",),
    criteria=(
        Criterion(
            "one sample",
            2.0,
            "True for every right softmax, and False for those that are wrong already on a "
            "single sample.",
            _plainly_wrong,
        ),
        Criterion(
            "batches",
            1.5,
            "False also for those that are right for a single sample and wrong for a batch.",
            _wrong_in_batches,
        ),
        Criterion(
            "large scores",
            1.0,
            "False also for those that are right until the scores are large or far apart.",
            _wrong_for_large,
        ),
        Criterion(
            "purity",
            0.5,
            "The same function tested twice gets the same answer.",
            _some_specimens,
            aspect="purity",
        ),
    ),
    misconceptions=(
        Misconception(
            "accepts everything",
            (_accepts_all, _against_itself),
            did="Your test accepts whatever it is given; perhaps it compares f with f itself.",
            symptom="It is True for a function that returns 1/K for everything.",
            experiment="Hand in np.tanh: is it refused?",
            looks_right="It is True for your own softmax, as it should be.",
        ),
        Misconception(
            "refuses everything",
            (_refuses_all,),
            did="Your test refuses right implementations too.",
            symptom="It is False for your own softmax.",
            experiment="Print is_softmax(softmax) for a softmax that you trust.",
            looks_right="It is False for every wrong function, as it should be.",
        ),
        Misconception(
            "only the sums",
            (_sums_only, _total_only, _one_total_only),
            did="Your test accepts whatever sums to 1.",
            symptom="It is True for a softmax of -z, which prefers the smallest score.",
            experiment="Hand in a function that returns 1/K for every score: is it refused?",
            looks_right="Summing to 1 is what softmax is for, and many slips do break it.",
        ),
        Misconception(
            "only shifts",
            (_shifts_only,),
            did="Your test asks only whether a number that is added to all scores changes nothing.",
            symptom="It is True for np.exp(z - z.max(axis=0)), which does not sum to 1.",
            experiment="Hand in a function that returns 1/K for every score: is it refused?",
            looks_right="softmax has this property, and many wrong ones, as the sigmoid, have not.",
        ),
        Misconception(
            "only equal scores",
            (_equal_scores_only,),
            did="Your test looks only at scores that are all equal.",
            symptom="There even the softmax of -z is right.",
            experiment="Hand in a softmax of 2 * z: is it refused?",
            looks_right="There the right answer, 1/K, is known without computing anything.",
        ),
        Misconception(
            "too loose",
            (_agrees_on(rtol=0.2), _agrees_on(rtol=0.1)),
            did="Your test allows differences of several percent.",
            symptom="It is True for probabilities that are off in the second digit.",
            experiment="Hand in a softmax of 1.02 * z: is it refused?",
            looks_right="Gross mistakes are refused, and no right function ever fails for a "
            "rounding error.",
        ),
        Misconception(
            "only one sample",
            (_agrees_on("one", "large one"), _agrees_on("one")),
            did="Your test tries single samples only, never a batch.",
            symptom="It is True for a function that lets a whole batch sum to 1.",
            experiment="Hand in a function that divides by the sum of the whole array: is it "
            "refused?",
            looks_right="Everything about the formula itself shows in a single sample.",
        ),
        Misconception(
            "only mild scores",
            (_agrees_on("one", "batch"),),
            did="Your test tries small scores only.",
            symptom="It is True for np.exp(z) / np.exp(z).sum(axis=0), which gives nan at 1000.",
            experiment="Hand in a softmax without its max shift: is it refused?",
            looks_right="The formula and the axes both show there, and mild scores are what comes "
            "to mind.",
        ),
        Misconception(
            "columns never far apart",
            (_agrees_on("one", "batch", "large one", "far one"),),
            did="Your test tries no batch whose columns are far apart.",
            symptom="It is True for a softmax that subtracts one maximum for the whole batch.",
            experiment="Hand in a softmax that subtracts np.max(z), without an axis: is it "
            "refused?",
            looks_right="Batches are tried, and large scores are too; only never both at once.",
        ),
    ),
)


# --- is_gradient ------------------------------------------------------------------------------

SHAPE = (3, 4)  # of W; small, for each value of f is a question to the trusted side
STEPS = "Every entry is the slope of f when that entry of W alone is moved."
ANYWHERE = "It is the slope at every W, not only at W = 0."
EACH = "Every entry has to be right, in every row and column."

Pair = tuple[Callable[[Array], float], Callable[[Array], Array]]


def _pair(
    f: Callable[[Array], float], gradient: Callable[[Array], Array], breaks: str
) -> Arguments:
    def grad(W: Any) -> Array:
        W = np.array(W, dtype=np.float64)
        if W.shape != SHAPE:
            raise ValueError(f"grad takes an array of shape {SHAPE}")
        return gradient(W)

    return _accepting(SHAPE, f), Specimen(grad, breaks)


def _classifier(rng: Generator) -> tuple[Pair, Callable[..., Callable[[Array], Array]]]:
    """Return a classifier's loss with its gradient, and how to make others from dL/dz."""
    Xb, y = draws.features(rng, SHAPE[1] - 1, 5), draws.labels(rng, SHAPE[0], 5)
    Y = reference.one_hot(y, SHAPE[0])

    def by(grad_z: Callable[[Array, Array], Array]) -> Callable[[Array], Array]:
        def gradient(W: Array) -> Array:
            A = reference.softmax(W @ Xb)
            each = [np.outer(grad_z(A[:, n], Y[:, n]), Xb[:, n]) for n in range(5)]
            return np.mean(each, axis=0)

        return gradient

    def loss(W: Array) -> float:
        """Return what `cce_from_scores` gives, in fewer steps: it is asked for often."""
        Z = W @ Xb
        m = Z.max(axis=0)
        return float((np.log(np.exp(Z - m).sum(axis=0)) + m - (Y * Z).sum(axis=0)).mean())

    return (loss, by(lambda a, y: a - y)), by


def _wave(rng: Generator) -> Pair:
    c = rng.uniform(0.5, 2, SHAPE)
    return (lambda W: float(np.sum(np.sin(c * W)))), (lambda W: c * np.cos(c * W))


def _with_penalty(rng: Generator) -> tuple[Pair, Pair, float]:
    loss, gradient = _classifier(rng)[0]
    strength = float(rng.uniform(0.2, 0.5))
    both = (
        lambda W: loss(W) + reference.l2_penalty(W, strength),
        lambda W: gradient(W) + reference.l2_gradient(W, strength),
    )
    return (loss, gradient), both, strength


def _shuffled(rng: Generator, calls: list[Arguments]) -> list[Arguments]:
    return [calls[i] for i in rng.permutation(len(calls))]


def _wrong_everywhere(rng: Generator) -> list[Arguments]:
    (loss, gradient), _ = _classifier(rng)
    f, slope = _wave(rng)
    factor = float(rng.uniform(1.02, 1.03))
    return _shuffled(
        rng,
        [
            _pair(loss, gradient, ""),
            _pair(f, slope, ""),
            _pair(loss, lambda W: -gradient(W), STEPS),
            _pair(loss, lambda W: 5 * gradient(W), STEPS),
            _pair(f, lambda W: -slope(W), STEPS),
            _pair(f, lambda W: factor * slope(W), STEPS),
            _pair(loss, lambda W: gradient(W) / factor, STEPS),
            _pair(f, lambda W: np.full(SHAPE, slope(W).mean()), STEPS),
            _pair(loss, lambda W: 0 * W, STEPS),
        ],
    )


def _right_at_zero(rng: Generator) -> list[Arguments]:
    (loss, gradient), by = _classifier(rng)
    (_, without), (penalised, whole), strength = _with_penalty(rng)
    f, slope = _wave(rng)
    at_zero = slope(np.zeros(SHAPE))
    return _shuffled(
        rng,
        [
            _pair(loss, gradient, ""),
            _pair(penalised, whole, ""),
            _pair(loss, by(_one_sided), ANYWHERE),
            _pair(penalised, without, ANYWHERE),
            _pair(penalised, lambda W: without(W) + strength * W, ANYWHERE),
            _pair(f, lambda W: at_zero.copy(), ANYWHERE),
        ],
    )


def _one_entry_wrong(rng: Generator) -> list[Arguments]:
    (loss, gradient), _ = _classifier(rng)
    f, slope = _wave(rng)

    def spoilt(gradient: Callable[[Array], Array], index: Any) -> Callable[[Array], Array]:
        def wrong(W: Array) -> Array:
            G = gradient(W).copy()
            G[index] += 0.5
            return G

        return wrong

    return _shuffled(
        rng,
        [
            _pair(loss, gradient, ""),
            _pair(f, slope, ""),
            _pair(loss, spoilt(gradient, (slice(None), -1)), EACH),
            _pair(f, spoilt(slope, (2, int(rng.integers(4)))), EACH),
            _pair(f, spoilt(slope, (1, int(rng.integers(1, 4)))), EACH),
        ],
    )


def _some_pairs(rng: Generator) -> list[Arguments]:
    return _wrong_everywhere(rng)[:2]


def _compared(
    at: Callable[[Generator], Array] = lambda rng: rng.normal(size=SHAPE),
    look: Callable[[Array], Any] = lambda G: G,
    tolerance: float = 1e-5,
) -> Callable[..., bool]:
    """Return a test at one W that looks at a part of the two gradients."""

    def is_gradient(f: Callable[[Array], float], grad: Callable[[Array], Array]) -> bool:
        W = at(np.random.default_rng(2))
        right = reference.numerical_gradient(f, W)
        return bool(np.allclose(look(grad(W)), look(right), rtol=tolerance, atol=1e-6))

    return is_gradient


def _exactly_equal(f: Callable[[Array], float], grad: Callable[[Array], Array]) -> bool:
    W = np.ones(SHAPE)
    return bool(np.array_equal(grad(W), reference.numerical_gradient(f, W)))


def _numbers_only(f: Callable[[Array], float], grad: Callable[[Array], Array]) -> bool:
    G = grad(np.random.default_rng(2).normal(size=SHAPE))
    return G.shape == SHAPE and bool(np.isfinite(G).all())


def _f_against_itself(f: Callable[[Array], float], grad: Callable[[Array], Array]) -> bool:
    W = np.random.default_rng(2).normal(size=SHAPE)
    one, other = (reference.numerical_gradient(f, W, h) for h in (1e-5, 1e-6))
    return bool(np.allclose(one, other, atol=1e-4))


IS_GRADIENT = Exercise(
    name="is_gradient",
    problem_set="ps3",
    signature="is_gradient(f, grad) -> bool; both take a W of shape (3, 4)",
    reference=reference.is_gradient,
    lesson="06_gradient_check",
    needs=("numerical_gradient",),
    criteria=(
        Criterion(
            "wrong everywhere",
            2.5,
            "True for every right gradient, and False for those that are wrong almost everywhere.",
            _wrong_everywhere,
        ),
        Criterion(
            "right at 0",
            2.0,
            "False also for those that are exactly right at W = 0 and wrong elsewhere.",
            _right_at_zero,
        ),
        Criterion(
            "one entry wrong",
            1.0,
            "False also for those with a single wrong entry or column.",
            _one_entry_wrong,
        ),
        Criterion(
            "purity",
            0.5,
            "The same pair tested twice gets the same answer.",
            _some_pairs,
            aspect="purity",
        ),
    ),
    misconceptions=(
        Misconception(
            "accepts everything",
            (_accepts_all, _numbers_only, _f_against_itself),
            did="Your test accepts any gradient of the right shape; perhaps it compares f with "
            "itself, or never calls grad.",
            symptom="It is True for a gradient of zeros.",
            experiment="Hand in a grad that returns np.zeros((3, 4)): is it refused?",
            looks_right="It is True for every right gradient, as it should be.",
        ),
        Misconception(
            "refuses everything",
            (
                _refuses_all,
                _exactly_equal,
            ),
            did="Your test refuses right gradients; two floats computed differently are seldom "
            "exactly equal.",
            symptom="It is False for the sum of W**2 and its gradient 2 * W.",
            experiment="Print the largest difference between the two gradients: it is not 0.",
            looks_right="It is False for every wrong gradient, and exact equality seems the "
            "strictest test.",
        ),
        Misconception(
            "only at W = 0",
            (_compared(at=lambda rng: np.zeros(SHAPE)),),
            did="Your test looks at W = 0 only, where all probabilities are equal.",
            symptom="There the wrong 1-D Jacobian, or a forgotten penalty, is exactly right.",
            experiment="Test the sum of W**2 with a gradient of zeros: is it refused?",
            looks_right="W = 0 is where training may start, and a wrong sign or factor does show "
            "there.",
        ),
        Misconception(
            "only one entry",
            (_compared(look=lambda G: G[0, 0]),),
            did="Your test looks at a single entry of the gradient.",
            symptom="It is True where only that entry is right.",
            experiment="Hand in a gradient that is right in [0, 0] and 0 elsewhere: is it refused?",
            looks_right="A wrong formula mostly spoils every entry, so that one of them seems "
            "enough.",
        ),
        Misconception(
            "only the sum",
            (_compared(look=np.sum), _compared(look=np.mean)),
            did="Your test compares sums, and errors of both signs cancel in them.",
            symptom="It is True for minus the gradient of a classifier, as its entries sum to 0.",
            experiment="Hand in a gradient whose rows are exchanged: is it refused?",
            looks_right="Equal gradients have equal sums, and a single number is quickly compared.",
        ),
        Misconception(
            "only the size",
            (_compared(look=np.abs), _compared(look=np.linalg.norm)),
            did="Your test compares sizes, and the sign is lost in them.",
            symptom="It is True for minus the gradient.",
            experiment="Hand in a grad with the wrong sign: is it refused?",
            looks_right="Equal gradients have equal sizes, and a wrong factor does show.",
        ),
        Misconception(
            "too loose",
            (_compared(tolerance=0.1), _compared(tolerance=0.05)),
            did="Your test allows differences of several percent.",
            symptom="It is True for 1.02 times the gradient.",
            experiment="Hand in 1.02 times a right gradient: is it refused?",
            looks_right="Difference quotients are never exact, and gross mistakes are refused.",
        ),
    ),
)

EXERCISES = (SOFTMAX, DENSE, SGD_EPOCH, IS_SOFTMAX, IS_GRADIENT)
