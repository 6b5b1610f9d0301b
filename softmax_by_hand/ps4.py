"""Problem set 4: batches, regularisation, evaluation, and the way to a real framework.

Data only: each exercise is its reference, its fixture makers and its wrong
answers.  Knows nothing of the judge, the sandbox or the notebooks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.catalogue.model import Arguments, Criterion, Exercise, Misconception
from softmax_by_hand import fixtures as draws
from softmax_by_hand import lecture as reference
from softmax_by_hand import mistakes as shared
from softmax_by_hand.fixtures import Array, Generator
from softmax_by_hand.ps1 import EPSILONS, LEFT_ALONE
from softmax_by_hand.ps2 import _unshifted
from softmax_by_hand.ps3 import (
    OTHER_SHIFTS,
    _axes_120,
    _into_upstream,
    _last_axis,
    _samples_mixed,
    by_one_maximum,
    guards,
    through_chain,
    whole_matrix,
)

# --- batch_indices ----------------------------------------------------------------------------


def _uneven(rng: Generator) -> list[Arguments]:
    pairs = ((11, 3), (7, 2), (13, 5), (9, 4), (5, 8), (300, 128))
    return [(*pairs[i], draws.seed(rng)) for i in rng.permutation(len(pairs))]


def _even(rng: Generator) -> list[Arguments]:
    return [(*pair, draws.seed(rng)) for pair in ((12, 3), (8, 4), (6, 6), (5, 1))]


def _some_batches(rng: Generator) -> list[Arguments]:
    return _uneven(rng)[:3]


def _pieces(order: Array, size: int) -> list[Array]:
    return [order[start : start + size] for start in range(0, len(order), size)]


def _with_empty_batch(N: int, batch_size: int, rng: np.random.Generator) -> list[Array]:
    order = rng.permutation(N)
    count = N // batch_size + 1
    return [order[i * batch_size : (i + 1) * batch_size] for i in range(count)]


def _shared_evenly(N: int, batch_size: int, rng: np.random.Generator) -> list[Array]:
    return list(np.array_split(rng.permutation(N), max(N // batch_size, 1)))


def _batches_shuffled(N: int, batch_size: int, rng: np.random.Generator) -> list[Array]:
    pieces = _pieces(np.arange(N), batch_size)
    return [pieces[i] for i in rng.permutation(len(pieces))]


def _last_filled_up(N: int, batch_size: int, rng: np.random.Generator) -> list[Array]:
    order = rng.permutation(N)
    return _pieces(np.resize(order, -(-N // batch_size) * batch_size), batch_size)


def _draws_again(N: int, batch_size: int, rng: np.random.Generator) -> list[Array]:
    batches = reference.batch_indices(N, batch_size, rng)
    rng.permutation(N)
    return batches


BATCH_INDICES = Exercise(
    name="batch_indices",
    problem_set="ps4",
    signature="batch_indices(N, batch_size, rng) -> list of arrays of int",
    reference=reference.batch_indices,
    lesson="08_batches",
    criteria=(
        Criterion(
            "every sample once",
            2.0,
            "rng.permutation(N), cut into pieces of batch_size, arrays of int; the last piece is "
            "as short as it comes, also where it is the only one.",
            _uneven,
        ),
        Criterion("no remainder", 1.0, "Where N is a multiple, all pieces are full.", _even),
        Criterion(
            "global random state",
            0.5,
            "Randomness must come from rng alone, which is asked for one permutation and no more; "
            "NumPy's global random state stays unmoved.",
            _some_batches,
            aspect="global random state",
        ),
        Criterion(
            "purity",
            0.5,
            "Equal generators must give equal batches.",
            _some_batches,
            aspect="purity",
        ),
    ),
    misconceptions=(
        Misconception(
            "with replacement",
            (
                lambda N, batch_size, rng: _pieces(rng.integers(N, size=N), batch_size),
                lambda N, batch_size, rng: _pieces(rng.choice(N, N), batch_size),
            ),
            did="You drew each index anew, so that some samples come twice and others never.",
            symptom="About a third of the samples is missing from an epoch.",
            experiment="Print len(np.unique(np.concatenate(batch_indices(100, 10, rng)))): 100 is "
            "right.",
            looks_right="Each batch is random and of the right size, and on average each sample "
            "comes once.",
        ),
        Misconception(
            "remainder dropped",
            (
                lambda N, batch_size, rng: _pieces(
                    rng.permutation(N)[: N - N % batch_size], batch_size
                ),
            ),
            did="You left out the samples that do not fill a batch.",
            symptom="With N = 11 and batches of 3, only 9 samples come.",
            experiment="Print sum(len(batch) for batch in batch_indices(11, 3, rng)): it should be "
            "11.",
            looks_right="All batches have the same size, and where batch_size divides N nothing is "
            "lost.",
        ),
        Misconception(
            "not shuffled",
            (lambda N, batch_size, rng: _pieces(np.arange(N), batch_size),),
            did="You cut the samples in their own order.",
            symptom="The first batch is always 0, 1, 2, ...; sorted data then never mixes.",
            experiment="Print batch_indices(9, 3, rng) twice: the batches should differ.",
            looks_right="Every sample comes exactly once, and for data that is shuffled already it "
            "does no harm.",
        ),
        Misconception(
            "empty batch at the end",
            (_with_empty_batch,),
            did="You counted N // batch_size + 1 batches, one too many where nothing is left over.",
            symptom="With N = 12 and batches of 3, a fifth batch is empty, and its mean is nan.",
            experiment="Print [len(batch) for batch in batch_indices(12, 3, rng)]: four times 3 is "
            "right.",
            looks_right="Wherever batch_size does not divide N the batches are right.",
            shows_in="no remainder",
        ),
        Misconception(
            "shared out evenly",
            (_shared_evenly,),
            did="You split into equal shares, where each piece but the last has batch_size.",
            symptom="With N = 11 and batches of 3 the sizes are 4, 4, 3.",
            experiment="Print [len(batch) for batch in batch_indices(11, 3, rng)]: 3, 3, 3, 2 is "
            "right.",
            looks_right="Every sample comes exactly once, and where batch_size divides N the "
            "batches are right.",
        ),
        Misconception(
            "lists of indices",
            (
                lambda *call: [batch.tolist() for batch in reference.batch_indices(*call)],
                lambda *call: [list(batch) for batch in reference.batch_indices(*call)],
            ),
            did="Your batches are lists; arrays of int are asked for.",
            symptom="Each batch prints with commas between its numbers.",
            experiment="Print type(batch_indices(7, 2, rng)[0]): it should be an ndarray.",
            looks_right="All numbers are right, and X[:, batch] takes a list too.",
        ),
        Misconception(
            "batches shuffled, not samples",
            (_batches_shuffled,),
            did="You cut the samples in their own order and shuffled the pieces.",
            symptom="Within a batch the indices always follow one another.",
            experiment="Print np.diff(batch_indices(9, 3, rng)[0]): not every step should be 1.",
            looks_right="Every sample comes exactly once, and no two epochs are the same.",
        ),
        Misconception(
            "last batch filled up",
            (_last_filled_up,),
            did="You filled the last batch with samples that had come already.",
            symptom="With N = 11 and batches of 3, one sample comes twice.",
            experiment="Print [len(batch) for batch in batch_indices(11, 3, rng)]: 3, 3, 3, 2 is "
            "right.",
            looks_right="All batches have the same size, and where batch_size divides N nothing "
            "comes twice.",
        ),
        Misconception(
            "own generator",
            (
                lambda N, size, rng: _pieces(np.random.default_rng(0).permutation(N), size),
                lambda N, size, rng: _pieces(np.random.default_rng(42).permutation(N), size),
            ),
            did="You made a generator of your own and left the one that was handed in unused.",
            symptom="Every call gives the same batches, whatever rng is.",
            experiment="Print batch_indices(9, 3, rng) twice: the batches should differ.",
            looks_right="The order is a random one, and every sample comes exactly once.",
        ),
        Misconception(
            "draws again",
            (_draws_again,),
            did="You asked rng once more than the batches take.",
            symptom="The batches are right, and what rng gives afterwards is not.",
            experiment="Compare rng.random() after the call with that of an equal generator after "
            "one permutation.",
            looks_right="What is returned is right; only the next who asks rng gets other numbers.",
            shows_in="global random state",
        ),
        Misconception(
            "global generator",
            (
                lambda N, batch_size, rng: _pieces(np.random.permutation(N), batch_size),  # noqa: NPY002
            ),
            did="You used np.random itself, where only the rng that was passed in is to be used.",
            symptom="NumPy's global generator is not where it was before the call.",
            experiment="Call it twice with equal generators: are the batches equal?",
            looks_right="The batches are as random as they should be, and every sample comes "
            "exactly once.",
            shows_in="global random state",
        ),
    ),
)


# --- softmax_backward -------------------------------------------------------------------------


def _single(rng: Generator) -> list[Arguments]:
    passes = [draws.forward_pass(rng, size) for size in draws.all_sizes(rng)]
    samples = [(run.A[:, 0].copy(), rng.normal(size=len(run.A))) for run in passes]
    return [*samples, *((A[:, None], G[:, None]) for A, G in samples[:2])]


def _batches(rng: Generator) -> list[Arguments]:
    passes = [draws.forward_pass(rng, size) for size in draws.all_sizes(rng)]
    spreads = (1, 1, 1, 1, 1, 10000)
    return draws.crossed(
        [
            (run.A, spread * rng.normal(size=run.A.shape))
            for run, spread in zip(passes, spreads, strict=True)
        ]
    )


def _certain(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size in draws.sizes(rng, 2):
        A = reference.softmax(draws.columns_far_apart(rng, size.K, size.N) * 30)
        A[:, 0] = draws.unit(int(rng.integers(size.K)), size.K)
        fixtures.append((A, rng.normal(size=A.shape)))
        label = int(rng.integers(size.K))
        a = reference.softmax(draws.improbable(rng, size.K, label))
        fixtures.append((a, -draws.unit(label, size.K) / a))
    return fixtures


def _some_upstream(rng: Generator) -> list[Arguments]:
    return _batches(rng)[:2]


def _changes_upstream(A: Array, grad_A: Array) -> Array:
    grad_A -= np.sum(A * grad_A, axis=0)
    return A * grad_A


SOFTMAX_BACKWARD = Exercise(
    name="softmax_backward",
    problem_set="ps4",
    signature="softmax_backward(A, grad_A) -> same shape, (K,) or (K, N)",
    reference=reference.softmax_backward,
    lesson="04_jacobian",
    # A batch has a Jacobian for each column: to bring them together is the exercise.
    needs=("softmax_jacobian",),
    criteria=(
        Criterion(
            "batch",
            2.0,
            "Each column is the Jacobian of its own probabilities times its own slopes.",
            _batches,
        ),
        Criterion(
            "one sample", 1.0, "A single sample works too, (K,), and as a batch, (K, 1).", _single
        ),
        Criterion(
            "certain",
            0.5,
            "Probabilities of exactly 0 and 1 are no trouble, nor are tiny ones with the slopes "
            "of the cross-entropy: nothing is divided and nothing added.",
            _certain,
        ),
        Criterion("purity", 0.5, LEFT_ALONE, _some_upstream, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "axes (1, 2, 0)",
            (_samples_mixed, _axes_120),
            did="You contracted the tensor of Jacobians over the wrong axes, so that samples mix.",
            symptom="A batch gives wrong numbers of the right shape, or a shape error.",
            experiment="Compare the first column of a batch with what that sample gives alone.",
            looks_right="A single sample has a single Jacobian, so that there is nothing to be "
            "mixed up.",
        ),
        Misconception(
            "sum over the samples",
            (
                lambda A, G: A * (G - np.sum(A * G, axis=-1, keepdims=True)),
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
                lambda A, G: -reference.softmax_backward(A, G),
                lambda A, G: A * (np.sum(A * G, axis=0) - G),
            ),
            did="You subtracted the other way round.",
            symptom="Every entry has the wrong sign.",
            experiment="Hand in a slope of 1 for one class, 0 else: its own entry is positive.",
            looks_right="All sizes are right, and each sample's slopes sum to 0 as they should.",
        ),
        Misconception(
            "sum left out",
            (lambda A, G: A * G,),
            did="You multiplied by the probabilities and did not subtract what the classes share.",
            symptom="With equal slopes everywhere the answer is not 0 but the probabilities.",
            experiment="Print softmax_backward(A, np.ones(A.shape)): every entry should be 0.",
            looks_right="The factor is right, and it was the derivative of exp that came to mind.",
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
            (lambda A, G: np.squeeze(reference.softmax_backward(A, G)),),
            did="You removed axes of length 1, and a batch of one sample has one.",
            symptom="For a batch (K, 1) the shape is (K,).",
            experiment="Print softmax_backward(A[:, :1], grad_A[:, :1]).shape: (K, 1) is right.",
            looks_right="All numbers are right, and for larger batches the shape is too.",
            shows_in="one sample",
        ),
        shared.changes_upstream(_changes_upstream, _into_upstream, name="grad_A"),
    ),
)


# --- batch_gradient ---------------------------------------------------------------------------


def _whole_batches(rng: Generator) -> list[Arguments]:
    passes = [draws.forward_pass(rng, size) for size in draws.all_sizes(rng)]
    return draws.crossed([(run.W, run.Xb, run.Y) for run in passes])


def _one_column(rng: Generator) -> list[Arguments]:
    passes = [draws.forward_pass(rng, size) for size in draws.sizes(rng, 2)]
    return [(run.W, run.Xb[:, :1], run.Y[:, :1]) for run in passes]


def _large_batches(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size, below in zip(draws.sizes(rng, 2), (0, -1), strict=True):
        run = draws.forward_pass(rng, size)
        W, Xb = draws.each_apart(rng, run, above=below == 0)
        W[:, :-1] /= 1e5
        Xb[:-1] *= 1e5  # the same scores, and large slopes
        fixtures.append((W, Xb, run.Y))
        W = run.W.copy()
        W[:, -1] += draws.two_on_top(rng, size.K, below)[0]
        fixtures.append((W, run.Xb, run.Y))
        W = run.W.copy()
        W[:, -1] -= 3000.0  # so that one maximum for all is right, and that of the sizes is not
        fixtures.append((W, run.Xb, run.Y))
        W, Xb = run.W.copy(), run.Xb.copy()
        W[:, :-1], Xb[:-1] = 1e-4 * W[:, :-1], 1e4 * Xb[:-1]  # a slope that no clip leaves alone
        fixtures.append((W, Xb, run.Y))
    return fixtures


def _some_whole_batches(rng: Generator) -> list[Arguments]:
    return _whole_batches(rng)[:2]


def _gradient_by(
    grad_z: Callable[[Array, Array], Array] = lambda A, Y: A - Y,
    scale: Callable[[Array, Array], float] = lambda Y, Xb: Xb.shape[1],
    soft: Callable[[Array], Array] = reference.softmax,
) -> Callable[..., Any]:
    return lambda W, Xb, Y: grad_z(soft(W @ Xb), Y) @ Xb.T / scale(Y, Xb)


def _first_sample(W: Array, Xb: Array, Y: Array) -> Array:
    return reference.loss_gradient(W, Xb[:, 0], Y[:, 0])


def _changes_labels(W: Array, Xb: Array, Y: Array) -> Array:
    Y -= reference.softmax(W @ Xb)
    return -Y @ Xb.T / Xb.shape[1]


def _into_labels(W: Array, Xb: Array, Y: Array) -> Array:
    Y[...] = reference.softmax(W @ Xb) - Y
    return Y @ Xb.T / Xb.shape[1]


BATCH_GRADIENT = Exercise(
    name="batch_gradient",
    problem_set="ps4",
    signature="batch_gradient(W, Xb, Y) -> (K, D+1); Xb is (D+1, N), Y one-hot (K, N)",
    reference=reference.batch_gradient,
    lesson="08_batches",
    # loss_gradient is that of one sample: the mean over the columns is the exercise.
    needs=("scores", "softmax", "cce_gradient", "softmax_backward", "loss_gradient"),
    criteria=(
        Criterion(
            "mean over samples",
            2.5,
            "It is the mean of the samples' own gradients, for all N of them.",
            _whole_batches,
        ),
        Criterion("one column", 0.5, "A batch of one sample has that sample's.", _one_column),
        Criterion(
            "large scores",
            1.0,
            "Scores of thousands are no trouble, be they far apart between the samples or within "
            "one, nor is a probability of exactly 0, also that of a true class.",
            _large_batches,
        ),
        Criterion("purity", 1.0, LEFT_ALONE, _some_whole_batches, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "sum instead of mean",
            (_gradient_by(scale=lambda Y, Xb: 1),),
            did="You summed over the samples and did not divide by N.",
            symptom="N times too large, so that larger batches take longer steps.",
            experiment="Hand in every sample twice: the gradient must stay the same.",
            looks_right="For one sample it is the same, and for one batch size a smaller rate "
            "makes up for it.",
        ),
        Misconception(
            "divided by N twice",
            (_gradient_by(scale=lambda Y, Xb: Xb.shape[1] ** 2),),
            did="You divided by N twice; perhaps a slope by the scores was divided already.",
            symptom="N times too small.",
            experiment="Hand in every sample twice: the gradient must stay the same.",
            looks_right="For one sample it is the same, and the direction is right for any number.",
        ),
        Misconception(
            "divided by K",
            (
                _gradient_by(scale=lambda Y, Xb: len(Y)),
                _gradient_by(scale=lambda Y, Xb: Y.size),
            ),
            did="You divided by the number of classes.",
            symptom="The factor to the right answer depends on K.",
            experiment="Compare one entry with a numerical gradient of the mean loss.",
            looks_right="The direction is right, and so is the ratio of any two entries.",
        ),
        Misconception(
            "axis=1",
            (_gradient_by(soft=_last_axis),),
            did="Your softmax normalises along the samples.",
            symptom="The columns of the gradient do not sum to 0.",
            experiment="Print batch_gradient(W, Xb, Y).sum(axis=0): every sum is 0.",
            looks_right="Where samples are rows, as in most frameworks, softmax does run along "
            "axis 1.",
            lesson="02_softmax",
        ),
        Misconception(
            "whole-matrix sum",
            (_gradient_by(soft=whole_matrix),),
            did="Your softmax lets the whole batch sum to 1.",
            symptom="The last column of the gradient does not sum to 0.",
            experiment="Print batch_gradient(W, Xb, Y).sum(axis=0): every sum is 0.",
            looks_right="For one sample it is right, and a batch sums to 1 too: as a whole.",
            lesson="02_softmax",
        ),
        Misconception(
            "first sample only",
            (_first_sample,),
            did="You used one sample of the batch.",
            symptom="The gradient has rank 1, an outer product, whatever the batch.",
            experiment="Print np.linalg.matrix_rank(batch_gradient(W, Xb, Y)): with 3 "
            "classes 2 is right.",
            looks_right="For one sample it is right, and for a batch the shape is.",
        ),
        Misconception(
            "sign",
            (_gradient_by(grad_z=lambda A, Y: Y - A),),
            did="You subtracted the probabilities from the labels, not the labels from them.",
            symptom="Every entry has the wrong sign.",
            experiment="Compare one entry with a numerical gradient of the mean loss.",
            looks_right="Every size is right, and each column sums to 0 as it should.",
            lesson="05_chain_rule",
        ),
        Misconception(
            "transposed",
            (lambda W, Xb, Y: reference.batch_gradient(W, Xb, Y).T,),
            did="You gave the features in the rows; like W, a row belongs to a class.",
            symptom="The shape is (D+1, K).",
            experiment="Print batch_gradient(W, Xb, Y).shape beside W.shape.",
            looks_right="All numbers are right, and where samples are rows it is the shape of W.",
        ),
        Misconception(
            "biases left out",
            (
                lambda W, Xb, Y: reference.batch_gradient(W, Xb, Y)[:, :-1],
                lambda W, Xb, Y: (
                    reference.batch_gradient(W, Xb, Y) * (np.arange(len(Xb)) < len(Xb) - 1)
                ),
            ),
            did="You gave no slope for the biases, the last column.",
            symptom="The last column is 0, or there is none for the biases.",
            experiment="Compare the last column with the means of A - Y along each row.",
            looks_right="All other columns are right, and data around the origin needs no bias.",
        ),
        Misconception(
            "Jacobian skipped",
            (_gradient_by(grad_z=lambda A, Y: -Y / A),),
            did="You went from the slope by the probabilities to W without the softmax Jacobian.",
            symptom="The columns of the gradient do not sum to 0.",
            experiment="Print batch_gradient(W, Xb, Y).sum(axis=0): every sum is 0.",
            looks_right="The slope by the probabilities is right, and the loss may fall all the "
            "same.",
            lesson="04_jacobian",
        ),
        Misconception(
            "diagonal only",
            (_gradient_by(grad_z=lambda A, Y: -(1 - A) * Y),),
            did="You used only the diagonal a(1 - a) of the softmax Jacobian.",
            symptom="The columns of the gradient do not sum to 0.",
            experiment="Print batch_gradient(W, Xb, Y).sum(axis=0): every sum is 0.",
            looks_right="The rows of the true classes are right, and the loss does fall.",
            lesson="04_jacobian",
        ),
        Misconception(
            "sigmoid",
            (_gradient_by(soft=lambda Z: (1 + np.tanh(Z / 2)) / 2),),
            did="You made each score a probability by itself, with the sigmoid.",
            symptom="The columns of the gradient do not sum to 0.",
            experiment="Print batch_gradient(W, Xb, Y).sum(axis=0): every sum is 0.",
            looks_right="For two classes that exclude each other it nearly is the same.",
            lesson="02_softmax",
        ),
        shared.no_max_shift(
            _gradient_by(soft=_unshifted), experiment="Add 1000 to all biases: nothing may change."
        ),
        shared.other_shift(*(_gradient_by(soft=soft) for soft in OTHER_SHIFTS)),
        shared.one_maximum(_gradient_by(soft=by_one_maximum)),
        shared.nan_in_chain(
            _gradient_by(grad_z=through_chain()),
            _gradient_by(
                grad_z=lambda A, Y: reference.softmax_backward(A, reference.cce_gradient(Y, A))
            ),
        ),
        shared.epsilon_in_chain(*(_gradient_by(grad_z=through_chain(eps)) for eps in EPSILONS)),
        Misconception(
            "changes Y",
            (_changes_labels, _into_labels),
            did="You computed in Y itself.",
            symptom="Y is not one-hot any more after the call.",
            experiment="Keep before = Y.copy() and compare after the call.",
            looks_right="What it returns is right, and no new array is needed.",
            shows_in="purity",
        ),
    ),
)


# --- l2_penalty and l2_gradient ---------------------------------------------------------------


def _weights_strength(rng: Generator) -> list[Arguments]:
    """Draw weights, large ones too, and those of a single class."""
    shapes = [(size.K, size.D + 1) for size in draws.all_sizes(rng)]
    weights = [rng.normal(0.5, 1.0, shape) for shape in [*shapes, (3, 4), (1, 4)]]
    weights[-2][:2, :2] = (-2000.0, 3000.0), (4000.0, -5000.0)
    weights[-1] = abs(weights[-1])
    calls = [(W, float(rng.uniform(0.1, 2))) for W in weights]
    return [*draws.crossed(calls[:6]), *calls[6:]]


def _only_biases(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size in draws.sizes(rng, 3):
        W = np.zeros((size.K, size.D + 1))
        W[:, -1] = rng.normal(1.0, 1.0, size.K)
        fixtures.append((W, float(rng.uniform(0.1, 2))))
    return fixtures


def _some_weights(rng: Generator) -> list[Arguments]:
    return _weights_strength(rng)[:2]


def _changes_weights(then: Callable[[Array, float], Any]) -> Callable[[Array, float], Any]:
    def wrong(W: Array, strength: float) -> Any:
        W[:, -1] = 0
        return then(W, strength)

    return wrong


L2_PENALTY = Exercise(
    name="l2_penalty",
    problem_set="ps4",
    signature="l2_penalty(W, strength) -> float",
    reference=reference.l2_penalty,
    lesson="08_batches",
    criteria=(
        Criterion(
            "sum of squares",
            1.5,
            "It is strength times the sum of the squared weights, the biases left out.",
            _weights_strength,
        ),
        Criterion("biases are free", 1.0, "Biases alone cost nothing.", _only_biases),
        Criterion("purity", 0.5, LEFT_ALONE, _some_weights, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "half",
            (lambda W, strength: float(strength / 2 * np.sum(W[:, :-1] ** 2)),),
            did="You halved it, as some books do; this course does not.",
            symptom="Half of what it should be.",
            experiment="Try W = [[1, 0]] and strength 1: the penalty should be 1.",
            looks_right="With the half the gradient needs no factor 2, and another strength makes "
            "up for it.",
        ),
        Misconception(
            "biases included",
            (lambda W, strength: float(strength * np.sum(W**2)),),
            did="You squared the biases too; they may be as large as they like.",
            symptom="A shift of all data costs something.",
            experiment="Try W = [[0, 5]]: the penalty should be 0.",
            looks_right="Biases are weights too, and where they are small the sum is nearly the "
            "same.",
        ),
        Misconception(
            "mean instead of sum",
            (
                lambda W, strength: float(strength * np.mean(W[:, :-1] ** 2)),
                lambda W, strength: float(strength * np.sum(W[:, :-1] ** 2) / len(W)),
            ),
            did="You divided the sum by a number of weights.",
            symptom="Too small, by a factor that depends on the shape of W.",
            experiment="Try W = [[1, 1, 0], [1, 1, 0]] and strength 1: the penalty should be 4.",
            looks_right="A mean does not grow with the number of weights, and another strength "
            "makes up for it.",
        ),
        Misconception(
            "absolute values",
            (lambda W, strength: float(strength * np.sum(np.abs(W[:, :-1]))),),
            did="You summed absolute values: that is another penalty, L1.",
            symptom="Twice the weights cost twice as much, and should cost four times.",
            experiment="Try W = [[2, 0]] and strength 1: the penalty should be 4.",
            looks_right="It too is 0 where all weights are, and grows with each of them.",
        ),
        Misconception(
            "square root",
            (lambda W, strength: float(strength * np.linalg.norm(W[:, :-1])),),
            did="You took the norm, the square root of the sum of squares.",
            symptom="Twice the weights cost twice as much, and should cost four times.",
            experiment="Try W = [[2, 0]] and strength 1: the penalty should be 4.",
            looks_right="The norm is the usual size of an array, and it too grows with each "
            "weight.",
        ),
        Misconception(
            "first column free",
            (lambda W, strength: float(strength * np.sum(W[:, 1:] ** 2)),),
            did="You left the first column out; the biases are the last.",
            symptom="A large bias costs something, and the first feature's weights nothing.",
            experiment="Try W = [[0, 5]]: the penalty should be 0.",
            looks_right="Many books put the bias first, and one column is left out.",
        ),
        Misconception(
            "square of the sum",
            (
                lambda W, strength: float(strength * np.sum(W[:, :-1]) ** 2),
                lambda W, strength: float(strength * np.sum(W) ** 2),
            ),
            did="You squared the sum of the weights, not each weight.",
            symptom="Weights of 1 and -1 cost nothing.",
            experiment="Try W = [[1, -1, 0]] and strength 1: the penalty should be 2.",
            looks_right="For a single weight it is the same, and it is never negative.",
        ),
        Misconception(
            "strength left out",
            (lambda W, strength: float(np.sum(W[:, :-1] ** 2)),),
            did="You did not multiply by the strength.",
            symptom="The penalty is the same for every strength.",
            experiment="Print l2_penalty(W, 0.0): it should be 0.",
            looks_right="For a strength of 1 it is right.",
        ),
        Misconception(
            "changes W",
            (_changes_weights(reference.l2_penalty),),
            did="You set the biases of W itself to 0.",
            symptom="The last column of W is 0 after the call.",
            experiment="Keep before = W.copy() and compare after the call.",
            looks_right="What it returns is right, and biases of 0 do not count.",
            shows_in="purity",
        ),
    ),
)

L2_GRADIENT = Exercise(
    name="l2_gradient",
    problem_set="ps4",
    signature="l2_gradient(W, strength) -> (K, D+1)",
    reference=reference.l2_gradient,
    lesson="08_batches",
    criteria=(
        Criterion(
            "every weight",
            1.5,
            "It is the slope of the penalty, strength times the sum of squares without biases.",
            _weights_strength,
        ),
        Criterion("biases are free", 1.0, "The biases' column is 0.", _only_biases),
        Criterion("purity", 0.5, LEFT_ALONE, _some_weights, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "half",
            (lambda W, strength: reference.l2_gradient(W, strength / 2),),
            did="The factor 2 of the square's derivative is missing.",
            symptom="Half of what it should be; what is missing is strength * W.",
            experiment="Compare one entry with a numerical gradient of l2_penalty.",
            looks_right="The direction is right, and of half the sum of squares it is the "
            "gradient.",
        ),
        Misconception(
            "biases included",
            (lambda W, strength: 2 * strength * W,),
            did="You let the penalty pull on the biases too.",
            symptom="Wrong in the last column only.",
            experiment="Print l2_gradient(W, 1.0)[:, -1]: it must be 0.",
            looks_right="Each entry is the slope of its own square, and biases are weights too.",
        ),
        Misconception(
            "bias column left out",
            (lambda W, strength: 2 * strength * W[:, :-1],),
            did="You left out the biases' column; it belongs there, with zeros.",
            symptom="The shape is (K, D), so that it cannot be added to the loss's gradient.",
            experiment="Print l2_gradient(W, 1.0).shape beside W.shape.",
            looks_right="The biases cost nothing, so that there seems to be nothing to return for "
            "them.",
        ),
        Misconception(
            "divided by the size",
            (
                lambda W, strength: reference.l2_gradient(W, strength) / len(W),
                lambda W, strength: reference.l2_gradient(W, strength) / W[:, :-1].size,
            ),
            did="You divided by a number of weights or classes.",
            symptom="The factor to the right answer depends on the shape of W.",
            experiment="Compare one entry with a numerical gradient of l2_penalty.",
            looks_right="The direction is right, and another strength makes up for it.",
        ),
        Misconception(
            "signs only",
            (lambda W, strength: reference.l2_gradient(np.sign(W), strength / 2),),
            did="You took the signs of the weights: that is the slope of absolute values.",
            symptom="Large and small weights are pulled equally.",
            experiment="Compare one entry with a numerical gradient of l2_penalty.",
            looks_right="It pulls every weight towards 0, as a penalty should.",
        ),
        Misconception(
            "first column free",
            (lambda W, strength: 2 * strength * np.column_stack((0 * W[:, 0], W[:, 1:])),),
            did="You set the first column to 0; the biases are the last.",
            symptom="Biases are pulled, and the first feature's weights are not.",
            experiment="Print l2_gradient(W, 1.0)[:, -1]: it must be 0.",
            looks_right="Many books put the bias first, and one column is 0.",
        ),
        Misconception(
            "squares",
            (lambda W, strength: strength * np.column_stack((W[:, :-1] ** 2, 0 * W[:, -1])),),
            did="You gave each weight's share of the penalty, not its slope.",
            symptom="No entry is negative.",
            experiment="Compare one entry with a numerical gradient of l2_penalty.",
            looks_right="Large weights have large entries, and the biases have 0.",
        ),
        Misconception(
            "changes W",
            (_changes_weights(reference.l2_gradient),),
            did="You set the biases of W itself to 0.",
            symptom="The last column of W is 0 after the call.",
            experiment="Keep before = W.copy() and compare after the call.",
            looks_right="What it returns is right, and biases of 0 do not count.",
            shows_in="purity",
        ),
    ),
)


# --- train ------------------------------------------------------------------------------------


def _learnable(rng: Generator, size: draws.Sizes) -> tuple[Array, Array]:
    run = draws.forward_pass(rng, size)
    return run.Xb[:-1].copy(), run.Y


def _rate(rng: Generator) -> float:
    return float(rng.uniform(0.2, 0.8))


def _trainings(batch: Callable[[int], int], penalised: bool = False) -> Callable[..., Any]:
    """Return a maker of short trainings, with batches of this size for N samples."""

    def fixtures(rng: Generator) -> list[Arguments]:
        made: list[Arguments] = []
        for size, epochs in zip(draws.all_sizes(rng), (2, 1, 3, 2, 1, 2), strict=True):
            call = (*_learnable(rng, size), batch(size.N), epochs, _rate(rng), draws.seed(rng))
            made.append((*call, float(rng.uniform(0.05, 0.3))) if penalised else call)
        return made[2:] if penalised else made

    return fixtures


def _largest_share(N: int) -> int:
    """Return a batch size that leaves a remainder, but for N of 3 or less."""
    return next((size for size in (4, 3, 2) if 0 < size < N and N % size), 2)


def _large_trainings(rng: Generator) -> list[Arguments]:
    """Draw trainings on data at which the first weights give large scores."""
    fixtures: list[Arguments] = []
    for i, kind in enumerate((*("apart", "top", "improbable") * 2, "low")):
        K, N, seed = int(rng.integers(4, 6)), 3 + i, draws.seed(rng)
        D = int(rng.integers(K, 8))
        Z, y = rng.normal(0.0, 1.0, (K, N)), draws.labels(rng, K, N)
        if kind == "apart":
            Z[:, :2] += 2000.0 if i < 3 else 0.0, -2000.0
        elif kind == "low":  # one maximum for all is right here
            Z -= 2000.0
        elif kind == "top":
            offsets, top = draws.two_on_top(rng, K, 0 if i < 3 else -1)
            Z, y = Z + offsets[:, None], rng.permutation(np.resize(top, N))
        else:
            y[:] = y[0]
            Z[:] = draws.improbable(rng, K, int(y[0]))[:, None]
        W = reference.init_weights(D, K, seed.generator())
        X = np.linalg.pinv(W[:, :-1]) @ (Z - W[:, -1:])
        rate = float(rng.uniform(0.2, 0.5) / np.max(np.sum(X**2, axis=0)))
        fixtures.append((X, reference.one_hot(y, K), N, 2, rate, seed))
    return fixtures


def _some_trainings(rng: Generator) -> list[Arguments]:
    return _trainings(_largest_share)(rng)[:2]


def _training(
    mean: Callable[[list[float], list[int]], float] = lambda losses, counts: float(
        np.average(losses, weights=counts)
    ),
    first_only: bool = False,
    more_epochs: int = 0,
    loss_after: bool = False,
    gradient: Callable[[Array, Array, Array], Array] = reference.batch_gradient,
    pull: Callable[[Array, float], Array] = reference.l2_gradient,
    sign: float = 1.0,
    penalised_loss: bool = False,
    one_order: bool = False,
    soft: Callable[[Array], Array] = reference.softmax,
    loss_of: Callable[[Array, Array], float] = reference.cce,
    cut: Callable[..., list[Array]] = reference.batch_indices,
    first: Callable[..., Array] = reference.init_weights,
) -> Callable[..., Any]:
    """Return a training that differs from the reference in these points."""

    def train(
        X: Array,
        Y: Array,
        batch_size: int,
        epochs: int,
        learning_rate: float,
        rng: np.random.Generator,
        strength: float = 0.0,
    ) -> Any:
        Xb = reference.add_bias(X)
        W, history = first(len(X), len(Y), rng), []
        batches = cut(X.shape[1], batch_size, rng) if one_order else []
        for _ in range(epochs + more_epochs):
            losses: list[float] = []
            counts: list[int] = []
            if not one_order:
                batches = cut(X.shape[1], batch_size, rng)
            for batch in batches[:1] if first_only else batches:
                x, y = Xb[:, batch], Y[:, batch]
                moved = W - sign * learning_rate * (gradient(W, x, y) + pull(W, strength))
                at = moved if loss_after else W
                loss = loss_of(y, soft(at @ x))
                loss += reference.l2_penalty(at, strength) if penalised_loss else 0.0
                losses.append(loss)
                counts.append(len(batch))
                W = moved
            history.append(mean(losses, counts))
        return W, np.array(history)

    return train


def _with(soft: Callable[[Array], Array]) -> Callable[..., Any]:
    return _training(soft=soft, gradient=_gradient_by(soft=soft))


def _loss_at_the_end(
    X: Array,
    Y: Array,
    batch_size: int,
    epochs: int,
    learning_rate: float,
    rng: np.random.Generator,
    strength: float = 0.0,
) -> Any:
    history: list[float] = []
    Xb = reference.add_bias(X)
    W = reference.init_weights(len(X), len(Y), rng)
    for _ in range(epochs):
        for batch in reference.batch_indices(X.shape[1], batch_size, rng):
            slope = reference.batch_gradient(W, Xb[:, batch], Y[:, batch])
            W = W - learning_rate * (slope + reference.l2_gradient(W, strength))
        history.append(reference.cce(Y, reference.softmax(W @ Xb)))
    return W, np.array(history)


def _never_reset(
    X: Array,
    Y: Array,
    batch_size: int,
    epochs: int,
    learning_rate: float,
    rng: np.random.Generator,
    strength: float = 0.0,
) -> Any:
    W, history = reference.train(X, Y, batch_size, epochs, learning_rate, rng, strength)
    return W, np.cumsum(history)


TRAIN = Exercise(
    name="train",
    problem_set="ps4",
    signature="train(X, Y, batch_size, epochs, learning_rate, rng, strength=0.0) -> (W, history)",
    reference=reference.train,
    lesson="08_batches",
    needs=(
        "add_bias",
        "init_weights",
        "scores",
        "softmax",
        "cce",
        "cce_from_scores",
        "batch_indices",
        "batch_gradient",
        "l2_penalty",
        "l2_gradient",
    ),
    tolerance=1e-8,
    criteria=(
        Criterion(
            "short last batch",
            4.0,
            "W starts as init_weights of rng; each epoch goes once through batch_indices of rng; "
            "history holds, for each epoch, the mean loss over all samples, each taken before its "
            "batch's step.",
            lambda rng: draws.crossed(_trainings(_largest_share)(rng)),
        ),
        Criterion(
            "all at once, and one by one",
            1.0,
            "A batch may hold all samples, also where batch_size is larger, or a single one.",
            lambda rng: (
                _trainings(lambda N: N)(rng)[:2]
                + _trainings(lambda N: N + 3)(rng)[2:4]
                + _trainings(lambda N: 1)(rng)[4:]
            ),
        ),
        Criterion(
            "penalty",
            1.5,
            "The penalty pulls on the weights at each step; history is the loss without it.",
            _trainings(_largest_share, penalised=True),
        ),
        Criterion(
            "large scores",
            0.5,
            "Data of any size may be handed in: scores of thousands are no trouble, nor is a "
            "class with probability 0; a loss may be in the hundreds, for nothing is clipped.",
            _large_trainings,
        ),
        Criterion("purity", 1.0, LEFT_ALONE, _some_trainings, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "mean of batch means",
            (_training(mean=lambda losses, counts: float(np.mean(losses))),),
            did="You averaged the batches' mean losses, though the last batch is smaller.",
            symptom="The samples of a short last batch count more than the others.",
            experiment="With learning rate 0 the history must be the mean loss of all samples.",
            looks_right="Where all batches have the same size it is the same number.",
        ),
        Misconception(
            "loss never reset",
            (_never_reset,),
            did="You did not set the sum of losses back to 0 at the start of an epoch.",
            symptom="The history grows by one epoch's loss each time, while W is right.",
            experiment="With learning rate 0 every epoch must have the same loss.",
            looks_right="The first entry is right, and the weights are learned as they should be.",
        ),
        Misconception(
            "loss of the last batch",
            (_training(mean=lambda losses, counts: losses[-1]),),
            did="You noted the loss of an epoch's last batch, not the mean over all samples.",
            symptom="The history jumps up and down, as each time other samples come last.",
            experiment="With learning rate 0 every epoch must have the same loss.",
            looks_right="With one batch of all samples it is right, and so are the weights.",
        ),
        Misconception(
            "losses added up",
            (_training(mean=lambda losses, counts: float(np.sum(losses))),),
            did="You added up the batches' mean losses.",
            symptom="The smaller the batches, the larger the history, while W is right.",
            experiment="With learning rate 0 the history must be near ln K for any batch size.",
            looks_right="With one batch of all samples it is right, and the curve has the right "
            "form.",
        ),
        Misconception(
            "loss at the end of the epoch",
            (_loss_at_the_end,),
            did="You took the loss of all samples after an epoch's last step.",
            symptom="W is right, and the first entry of the history is well below ln K.",
            experiment="With one batch of all samples, the first loss must be near ln K.",
            looks_right="It is a mean over all samples, and says how good the weights are then.",
            lesson="07_sgd",
        ),
        Misconception(
            "not shuffled",
            (_training(cut=lambda N, size, rng: _pieces(np.arange(N), size)),),
            did="You went through the samples in their own order.",
            symptom="Two generators that draw the same first weights give the same training.",
            experiment="Print the batches of two epochs: they should differ.",
            looks_right="Every sample comes once an epoch, and the loss falls all the same.",
        ),
        Misconception(
            "remainder dropped",
            (
                _training(
                    cut=lambda N, size, rng: [
                        batch
                        for batch in reference.batch_indices(N, size, rng)
                        if len(batch) == min(size, N)
                    ]
                ),
            ),
            did="You left out the samples that do not fill a batch.",
            symptom="Where batch_size does not divide N, some samples of an epoch are never used.",
            experiment="Count the steps of one epoch with N = 11 and batches of 3: there should be "
            "4.",
            looks_right="All batches have the same size, and where batch_size divides N nothing "
            "is lost.",
        ),
        Misconception(
            "weights start at 0",
            (_training(first=lambda D, K, rng: np.zeros((K, D + 1))),),
            did="You started at weights of 0; here they are drawn, before the first batches.",
            symptom="The first loss of a batch is exactly ln K.",
            experiment="With learning rate 0, print W: it should not be 0.",
            looks_right="This classifier learns from 0 too, as every class has its own slope.",
        ),
        Misconception(
            "one batch an epoch",
            (_training(first_only=True),),
            did="You took a step for the first batch only; perhaps the return stands in the loop.",
            symptom="Most samples are never used.",
            experiment="Count the steps of one epoch with N = 11 and batches of 3: there should be "
            "4.",
            looks_right="With one batch of all samples it is right, and the history has its length "
            "anyway.",
        ),
        Misconception(
            "an epoch too many",
            (_training(more_epochs=1),),
            did="Your loop runs once too often, as while epoch <= epochs does.",
            symptom="The history has epochs + 1 entries.",
            experiment="Print len(train(X, Y, 3, 5, 0.1, rng)[1]): it should be 5.",
            looks_right="Each epoch by itself is right, and in a plot one more hardly shows.",
        ),
        Misconception(
            "an epoch too few",
            (_training(more_epochs=-1),),
            did="Your loop runs once too seldom, as range(1, epochs) does.",
            symptom="The history has epochs - 1 entries.",
            experiment="Print len(train(X, Y, 3, 5, 0.1, rng)[1]): it should be 5.",
            looks_right="Each epoch by itself is right, and in a plot one less hardly shows.",
        ),
        Misconception(
            "loss after the step",
            (_training(loss_after=True),),
            did="You took each batch's loss after the step on it.",
            symptom="The first entry of the history is too small, while W is right.",
            experiment="With one batch of all samples, the first loss must be near ln K.",
            looks_right="The history falls as it should, and looks even a little better.",
            lesson="07_sgd",
        ),
        Misconception(
            "plus sign",
            (_training(sign=-1.0),),
            did="You added the gradient to W, which goes uphill.",
            symptom="The history rises.",
            experiment="Train on easy data and print the history beside ln K.",
            looks_right="Each gradient is right, and so is the length of the first step.",
            lesson="07_sgd",
        ),
        Misconception(
            "gradient summed",
            (_training(gradient=lambda W, x, y: x.shape[1] * reference.batch_gradient(W, x, y)),),
            did="You used the sum of the samples' gradients, not their mean.",
            symptom="Larger batches take longer steps, and may overshoot.",
            experiment="Train once with each sample twice in a batch: the step must not change.",
            looks_right="With batches of one sample it is the same, and for others a smaller rate "
            "makes up for it.",
        ),
        Misconception(
            "same order each epoch",
            (_training(one_order=True),),
            did="You drew the batches once, before the loop over the epochs.",
            symptom="The first epoch is right; then rng is not asked again.",
            experiment="Print the batches of two epochs: are they the same?",
            looks_right="Every sample comes once an epoch, and they were shuffled before the "
            "first.",
        ),
        Misconception(
            "penalty forgotten",
            (_training(pull=lambda W, strength: 0 * W),),
            did="strength is never used.",
            symptom="The weights are the same with and without penalty.",
            experiment="Compare np.abs(W).sum() for strength 0 and 1: they should differ.",
            looks_right="With strength 0, which is the default, all of it is right.",
            shows_in="penalty",
        ),
        Misconception(
            "half the penalty",
            (_training(pull=lambda W, strength: reference.l2_gradient(W, strength / 2)),),
            did="The factor 2 of the square's derivative is missing in the pull of the penalty.",
            symptom="Without a penalty it is right; with one the weights stay too large.",
            experiment="Compare your pull with a numerical gradient of l2_penalty.",
            looks_right="Books that halve the penalty have it so, and the direction is right.",
            shows_in="penalty",
        ),
        Misconception(
            "biases pulled too",
            (_training(pull=lambda W, strength: 2 * strength * W),),
            did="The penalty pulls on the biases too.",
            symptom="Without a penalty it is right; with one the biases are too small.",
            experiment="Print l2_gradient(W, 1.0)[:, -1]: it must be 0.",
            looks_right="Biases are weights too, and the slope of a square is the same for each of "
            "them.",
            shows_in="penalty",
        ),
        Misconception(
            "penalty in the history",
            (_training(penalised_loss=True),),
            did="You added the penalty to the losses of the history.",
            symptom="W is right, and the history is too large where strength is not 0.",
            experiment="With learning rate 0 and strength 1000 the history must still be near ln "
            "K.",
            looks_right="It is the whole of what the steps make smaller, so that it seems to "
            "belong there.",
            shows_in="penalty",
        ),
        shared.no_max_shift(
            _with(_unshifted), experiment="Train on data with 1e6 in it and a tiny rate: is W nan?"
        ),
        shared.other_shift(*map(_with, OTHER_SHIFTS)),
        shared.one_maximum(_with(by_one_maximum)),
        shared.clipped_loss(*(_training(loss_of=loss) for loss in guards(reference.cce))),
        shared.nan_in_chain(_training(gradient=_gradient_by(grad_z=through_chain()))),
    ),
)


# --- predict, accuracy, confusion_matrix ------------------------------------------------------


def _weights_and_data(rng: Generator) -> list[Arguments]:
    passes = [draws.forward_pass(rng, size) for size in draws.all_sizes(rng)]
    drawn = [(run.W, run.Xb) for run in passes]
    W, Xb = drawn.pop()
    W[:, -1] = 0.0  # so that scores of the opposite sign come of either
    opposite = Xb.copy()
    opposite[:-1] *= -1
    return [*drawn, (W, Xb), (W, opposite), (-W, Xb)]


# Scores at which exp, a sigmoid or 32 bits make two of one, and how much they differ.
TIES = ((2000.0, 0.5), (2000.0, 1e-5), (50.0, 1e-5))


def _one_column_of_data(rng: Generator) -> list[Arguments]:
    """Draw single columns, and batches whose scores all are large, or far below 0."""
    drawn = _weights_and_data(rng)
    fixtures = [(W, Xb[:, :1]) for W, Xb in drawn[:2]]
    fixtures += [(abs(W), abs(Xb)) for W, Xb in drawn[2:3]]
    kinds = [(sign * level, gap) for sign in (1, -1) for level, gap in TIES]
    for size, (level, gap) in zip(draws.sizes(rng, 3) * 2, kinds, strict=True):
        # Of two nearly equal scores the later class has the larger one, in every sample.
        W, Xb = rng.normal(size=(size.K, size.D + 1)), draws.features(rng, size.D, size.N)
        Xb[:-1] *= 1e-9  # the biases decide
        below, above = np.sort(rng.choice(size.K, 2, replace=False))
        W[:, -1] = level - rng.uniform(1.0, 5.0, size.K)
        W[[below, above], -1] = level, level + gap
        fixtures.append((W, Xb))
    for size in draws.sizes(rng, 2):  # one sample's scores far above another's
        run = draws.forward_pass(rng, size)
        W, Xb = draws.each_apart(rng, run)
        W[:-1, -1] -= 100.0  # the last class is the largest, as no 0 among nan is
        fixtures.append((W, Xb))
    for size in draws.sizes(rng, 1):
        W, Xb = rng.normal(size=(size.K, size.D + 1)), draws.features(rng, size.D, size.N)
        W[:, -1] = 701.0 + np.arange(size.K)  # exp can tell these, and a clip at 700 cannot
        Xb[:-1] *= 1e-9
        fixtures.append((W, Xb))
    return fixtures


def _some_data(rng: Generator) -> list[Arguments]:
    return _weights_and_data(rng)[:2]


PREDICT = Exercise(
    name="predict",
    problem_set="ps4",
    signature="predict(W, Xb) -> (N,) of int",
    reference=reference.predict,
    lesson="01_scores",
    needs=("scores", "softmax"),
    criteria=(
        Criterion(
            "largest score",
            1.0,
            "Of each sample, a column, the class with the largest score.",
            _weights_and_data,
        ),
        Criterion(
            "one column, and any scores",
            0.5,
            "One sample has one label, (1,); and scores may all be large, or below 0, or nearly "
            "equal.",
            _one_column_of_data,
        ),
        Criterion("purity", 0.5, LEFT_ALONE, _some_data, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "argmax over the samples",
            (
                lambda W, Xb: np.argmax(W @ Xb, axis=1),
                lambda W, Xb: np.argmax(W @ Xb, axis=-1),
            ),
            did="You looked for the best sample of each class, not the best class of each sample.",
            symptom="There are K answers, where N are asked for.",
            experiment="Print predict(W, Xb).shape for N = 7 and K = 3.",
            looks_right="Where samples are rows, the classes do lie along axis 1.",
        ),
        Misconception(
            "one place in all",
            (lambda W, Xb: np.full(Xb.shape[1], np.argmax(W @ Xb)),),
            did="You took one argmax of the whole array of scores.",
            symptom="Labels far above K - 1.",
            experiment="Print predict(W, Xb).max(): it must be below K.",
            looks_right="For one sample it is right, and argmax without an axis raises nothing.",
        ),
        Misconception(
            "labels from 1",
            (lambda W, Xb: np.argmax(W @ Xb, axis=0) + 1,),
            did="You counted the classes from 1.",
            symptom="Label K occurs, and label 0 never.",
            experiment="Print predict(W, Xb).min() for many samples.",
            looks_right="People count from 1, and the samples are parted in the right way.",
        ),
        Misconception(
            "smallest score",
            (lambda W, Xb: np.argmin(W @ Xb, axis=0),),
            did="You took the class with the smallest score.",
            symptom="The accuracy is worse than guessing.",
            experiment="Compare with the class to which softmax gives the largest probability.",
            looks_right="Of losses one does want the smallest, and shape and type are right.",
        ),
        Misconception(
            "probabilities",
            (
                lambda W, Xb: reference.softmax(W @ Xb),
                lambda W, Xb: np.max(reference.softmax(W @ Xb), axis=0),
            ),
            did="You returned probabilities, where labels are asked for.",
            symptom="The entries lie between 0 and 1.",
            experiment="Print predict(W, Xb).dtype: it should be an int.",
            looks_right="The label is where the largest probability is; only the last step is "
            "missing.",
        ),
        Misconception(
            "bias left out",
            (lambda W, Xb: np.argmax(W[:, :-1] @ Xb[:-1], axis=0),),
            did="You computed the scores without the biases.",
            symptom="A sample of zeros, but for its 1, always gets label 0.",
            experiment="Predict for such a sample: the class with the largest bias is right.",
            looks_right="Where the data lie around the origin, biases are small and the labels "
            "mostly right.",
        ),
        Misconception(
            "exp of large scores",
            (
                lambda W, Xb: np.argmax(np.exp(W @ Xb), axis=0),
                lambda W, Xb: np.argmax(_unshifted(W @ Xb), axis=0),
            ),
            did="You took exp of the scores before comparing them, and it overflows.",
            symptom="Of several scores above 710 the first class is taken, not the largest.",
            experiment="Add 1000 to all biases: no label may change.",
            looks_right="exp keeps the order of the scores, as long as it can tell them apart.",
            shows_in="one column, and any scores",
        ),
        Misconception(
            "bent scores",
            (
                lambda W, Xb: np.argmax((1 + np.tanh(W @ Xb / 2)) / 2, axis=0),
                lambda W, Xb: np.argmax(1 / (1 + np.exp(-(W @ Xb))), axis=0),
                lambda W, Xb: np.argmax(np.tanh(W @ Xb), axis=0),
                lambda W, Xb: np.argmax(np.maximum(W @ Xb, 0), axis=0),
            ),
            did="You bent the scores, as a sigmoid or ReLU does, before comparing them.",
            symptom="Of scores that are bent to the same number the first class is taken.",
            experiment="Add 50 to all biases, then take 50 from them: no label may change.",
            looks_right="No bend changes the order of scores that it can still tell apart.",
            shows_in="one column, and any scores",
        ),
        Misconception(
            "one-hot",
            (
                lambda W, Xb: reference.one_hot(reference.predict(W, Xb), len(W)),
                lambda W, Xb: reference.one_hot(reference.predict(W, Xb), len(W)).astype(int),
            ),
            did="You returned one-hot columns, where labels are asked for.",
            symptom="The shape is (K, N), and should be (N,).",
            experiment="Print predict(W, Xb).shape.",
            looks_right="The 1 stands at the right class, and training was given one-hot columns "
            "too.",
        ),
    ),
)


def _true_and_predicted(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size in draws.all_sizes(rng):
        N = 3 * size.N
        y = draws.labels(rng, size.K, N)
        guess = np.where(rng.random(N) < 0.6, y, rng.integers(size.K, size=N))
        guess[0] = draws.other_label(rng, int(y[0]), size.K)
        fixtures.append((y, guess))
    return fixtures


def _all_or_none(rng: Generator) -> list[Arguments]:
    fixtures: list[Arguments] = []
    for size in draws.sizes(rng, 2):
        y = draws.labels(rng, size.K, size.N)
        wrong = (y + 1) % size.K
        fixtures += [(y, y.copy()), (y, wrong), (wrong, y), (y[:1], y[:1].copy())]
    many = draws.labels(rng, size.K, 600)  # more hits than 8 bits can count
    return [*fixtures, (many, many.copy())]


def _some_labels(rng: Generator) -> list[Arguments]:
    return _true_and_predicted(rng)[:2]


ACCURACY = Exercise(
    name="accuracy",
    problem_set="ps4",
    signature="accuracy(y, y_pred) -> float; both are labels (N,)",
    reference=reference.accuracy,
    lesson="07_sgd",
    criteria=(
        Criterion(
            "share of hits",
            1.0,
            "It is the share of samples whose label was predicted, from 0 to 1.",
            _true_and_predicted,
        ),
        Criterion(
            "all or none",
            0.5,
            "All right is 1.0, all wrong is 0.0, for one sample too.",
            _all_or_none,
        ),
        Criterion("purity", 0.5, LEFT_ALONE, _some_labels, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "number of hits",
            (
                lambda y, y_pred: float(np.sum(y == y_pred)),
                lambda y, y_pred: int(np.sum(y == y_pred)),
            ),
            did="You counted the hits and did not divide by N.",
            symptom="More than 1.",
            experiment="Print accuracy(y, y): it must be 1.",
            looks_right="It grows with every hit, and the best of several classifiers is still the "
            "best.",
        ),
        Misconception(
            "percent",
            (lambda y, y_pred: float(100 * np.mean(y == y_pred)),),
            did="You gave percent; a share from 0 to 1 is asked for.",
            symptom="A hundred times too large.",
            experiment="Print accuracy(y, y): it must be 1.",
            looks_right="97 percent is how one says it, and the share is the same.",
        ),
        Misconception(
            "one-hot compared with labels",
            (
                lambda y, y_pred: float(np.mean(reference.one_hot(y, int(y.max()) + 1) == y_pred)),
                lambda y, y_pred: float(
                    np.mean(
                        reference.one_hot(y, int(max(y.max(), y_pred.max())) + 1)
                        == reference.one_hot(y_pred, int(max(y.max(), y_pred.max())) + 1)
                    )
                ),
            ),
            did="You compared entries of one-hot arrays, where zeros agree with zeros.",
            symptom="All wrong does not give 0.",
            experiment="Print accuracy(np.array([0, 1, 2]), np.array([1, 2, 0])): it must be 0.",
            looks_right="Equal entries are counted and averaged, and the answer lies between 0 and "
            "1.",
        ),
        Misconception(
            "error rate",
            (lambda y, y_pred: float(np.mean(y != y_pred)),),
            did="You gave the share of mistakes.",
            symptom="All right gives 0.",
            experiment="Print accuracy(y, y): it must be 1.",
            looks_right="It lies between 0 and 1, and it counts the same comparisons.",
        ),
        Misconception(
            "all or nothing",
            (lambda y, y_pred: float(np.array_equal(y, y_pred)),),
            did="You asked whether all labels are right at once.",
            symptom="0 as soon as one sample is wrong.",
            experiment="Print accuracy(np.array([0, 1]), np.array([0, 0])): it must be 0.5.",
            looks_right="All right is 1 and all wrong is 0, as it should be.",
        ),
    ),
)


def _labels_and_K(rng: Generator) -> list[Arguments]:
    drawn = [(y, guess, int(y.max()) + 1) for y, guess in _true_and_predicted(rng)]
    return [  # two with one pair, off the diagonal, more often than 8 bits can count
        (np.append(y, [y[0]] * 300), np.append(guess, [guess[0]] * 300), K) if i < 2 else call
        for i, call in enumerate(drawn)
        for y, guess, K in (call,)
    ]


def _classes_absent(rng: Generator) -> list[Arguments]:
    """Draw labels that lack classes among the true, among the predicted, or among both."""
    fixtures: list[Arguments] = []
    for size in draws.sizes(rng, 2):
        K, N = size.K, size.N
        some = draws.labels_without_last(rng, K, N)
        others = rng.permutation(some)
        fixtures.append((some, others, K))
        fixtures.append((some, np.where(others == others[0], K - 1, others), K))
        fixtures.append((np.where(some == some[0], K - 1, some), others, K))
        fixtures.append((np.full(N, 1), np.where(others == 1, 0, others), K))
    K = int(rng.integers(11, 20))  # more than digits have
    return [*fixtures, (draws.labels(rng, K, 30), draws.labels(rng, K, 30), K)]


def _some_counts(rng: Generator) -> list[Arguments]:
    return _labels_and_K(rng)[:2]


def _once_each(y: Array, y_pred: Array, K: int) -> Array:
    C = np.zeros((K, K), dtype=np.int64)
    C[y, y_pred] += 1
    return C


def _of_size(
    size: Callable[[Array, Array], int],
) -> Callable[[Array, Array, int], Array]:
    """Return the counts of the first so-many classes, more or fewer than there are."""

    def wrong(y: Array, y_pred: Array, K: int) -> Array:
        K = size(y, y_pred)
        C = np.zeros((K, K), dtype=np.int64)
        np.add.at(C, (y, y_pred), 1)
        return C

    return wrong


def _only_present(y: Array, y_pred: Array, K: int) -> Array:
    there = np.unique(y)
    return reference.confusion_matrix(y, y_pred, K)[np.ix_(there, there)]


def _only_true_classes(y: Array, y_pred: Array, K: int) -> Array:
    counts = reference.confusion_matrix(y, y_pred, K)
    there = np.isin(np.arange(K), y)
    return counts * there


CONFUSION_MATRIX = Exercise(
    name="confusion_matrix",
    problem_set="ps4",
    signature="confusion_matrix(y, y_pred, K) -> (K, K) of int; rows are the truth",
    reference=reference.confusion_matrix,
    lesson="08_batches",
    # one_hot(y, K) times the transpose of the other counts the pairs too.
    needs=("one_hot",),
    criteria=(
        Criterion(
            "counts",
            1.5,
            "Entry [i, j] counts the samples of class i that were predicted as j, be they none or "
            "hundreds.",
            _labels_and_K,
        ),
        Criterion(
            "classes absent",
            1.0,
            "K says how many classes there are, also where one is never true, never predicted, or "
            "neither.",
            _classes_absent,
        ),
        Criterion("purity", 0.5, LEFT_ALONE, _some_counts, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "transposed",
            (lambda y, y_pred, K: reference.confusion_matrix(y_pred, y, K),),
            did="Your rows are the predictions; the truth belongs in the rows.",
            symptom="The row sums do not count the samples of each class.",
            experiment="Compare C.sum(axis=1) with np.bincount(y, minlength=K): they should be "
            "equal.",
            looks_right="All counts are right, those of the diagonal are in place, and some books "
            "have it so.",
        ),
        Misconception(
            "each pair once",
            (_once_each,),
            did="You wrote C[y, y_pred] += 1, which counts a pair that comes often only once.",
            symptom="Every entry is 0 or 1.",
            experiment="Print C.sum() beside N: they should be equal.",
            looks_right="Where no pair comes twice it is right, and += reads like counting.",
        ),
        Misconception(
            "shares instead of counts",
            (
                lambda y, y_pred, K: reference.confusion_matrix(y, y_pred, K) / len(y),
                lambda y, y_pred, K: (
                    reference.confusion_matrix(y, y_pred, K)
                    / np.maximum(np.bincount(y, minlength=K), 1)[:, None]
                ),
            ),
            did="You divided the counts.",
            symptom="The entries are fractions.",
            experiment="Print C.sum(): it must be N.",
            looks_right="Shares can be compared between data sets, and each one stands in its "
            "place.",
        ),
        Misconception(
            "floats",
            (lambda y, y_pred, K: reference.confusion_matrix(y, y_pred, K).astype(float),),
            did="You counted in an array of floats, which is what np.zeros makes.",
            symptom="The dtype is float64, and counts are whole numbers.",
            experiment="Print confusion_matrix(y, y_pred, K).dtype: it should be int64.",
            looks_right="Every number is right, and 3.0 equals 3.",
        ),
        Misconception(
            "K from the labels present",
            (
                _of_size(lambda y, y_pred: int(max(y.max(), y_pred.max())) + 1),
                _of_size(lambda y, y_pred: int(y.max()) + 1),
                _of_size(lambda y, y_pred: len(np.unique(y))),
                _of_size(lambda y, y_pred: len(np.unique(np.append(y, y_pred)))),
                _only_present,
            ),
            did="You took the number of classes from the labels that occur.",
            symptom="A row and a column are missing where the last class is absent.",
            experiment="Print confusion_matrix(np.array([0]), np.array([0]), 3).shape: (3, 3) is "
            "right.",
            looks_right="As long as the last class occurs, as a label or a prediction, it is "
            "right.",
            shows_in="classes absent",
        ),
        Misconception(
            "classes never true left out",
            (_only_true_classes,),
            did="You counted only predictions of classes that are true somewhere.",
            symptom="Samples that were predicted as some other class are not counted.",
            experiment="Print C.sum() beside N: they should be equal.",
            looks_right="As long as every class has a sample, all counts are right.",
            shows_in="classes absent",
        ),
        Misconception(
            "ten classes",
            (_of_size(lambda y, y_pred: 10),),
            did="You always make ten rows and columns, as for the digits.",
            symptom="The shape is (10, 10), whatever K is.",
            experiment="Print confusion_matrix(np.array([0]), np.array([0]), 3).shape: (3, 3) is "
            "right.",
            looks_right="For ten digits it is right, and all counts stand in their places.",
        ),
        Misconception(
            "counts of 8 bits",
            (
                lambda *call: reference.confusion_matrix(*call).astype(np.uint8),
                lambda *call: reference.confusion_matrix(*call).astype(np.int8),
            ),
            did="You count in an array of 8 bits, which holds nothing above 255, or 127.",
            symptom="A pair that comes 300 times is counted as 44.",
            experiment="Count 300 samples of class 0, all predicted right: C[0, 0] is 300.",
            looks_right="It is an integer type, and as long as no count is large all are right.",
            shows_in="counts",
        ),
    ),
)


# --- to_keras ---------------------------------------------------------------------------------


def _weights(rng: Generator) -> list[Arguments]:
    weights = [rng.normal(size=(size.K, size.D + 1)) for size in draws.all_sizes(rng)[:-1]]
    return [(W,) for W in (*weights, np.roll(weights[0], 1, axis=0))]


def _few_weights(rng: Generator) -> list[Arguments]:
    return _weights(rng)[:2]


TO_KERAS = Exercise(
    name="to_keras",
    problem_set="ps4",
    signature="to_keras(W) -> (kernel (D, K), bias (K,))",
    reference=reference.to_keras,
    lesson="09_tensorflow",
    criteria=(
        Criterion(
            "kernel and bias",
            1.5,
            "In Keras samples are rows, so the kernel is (D, K), and the bias stands apart.",
            _weights,
        ),
        Criterion("purity", 0.5, LEFT_ALONE, _few_weights, aspect="purity"),
    ),
    misconceptions=(
        Misconception(
            "not transposed",
            (lambda W: (W[:, :-1], W[:, -1]),),
            did="You kept the classes in the rows; in Keras a column belongs to a class.",
            symptom="The kernel's shape is (K, D).",
            experiment="Print to_keras(W)[0].shape for D = 4 and K = 3: it should be (4, 3).",
            looks_right="All the numbers are right, and with as many features as classes the shape "
            "fits too.",
        ),
        Misconception(
            "bias left in the kernel",
            (
                lambda W: (W.T, W[:, -1]),
                lambda W: (W.T, np.zeros(len(W))),
            ),
            did="The bias is a row of your kernel; Keras keeps it apart and has no bias feature.",
            symptom="The kernel's shape is (D+1, K).",
            experiment="Print to_keras(W)[0].shape for D = 4 and K = 3: it should be (4, 3).",
            looks_right="In this course the bias is a part of W, and the transpose is right.",
        ),
        Misconception(
            "bias lost",
            (lambda W: (W[:, :-1].T, np.zeros(len(W))),),
            did="You handed zeros as the bias.",
            symptom="Every score in Keras is off by W[:, -1].",
            experiment="Compare the scores of a sample of zeros with W[:, -1]: they should be "
            "equal.",
            looks_right="The kernel is right, and a new layer of Keras has a bias of zeros too.",
        ),
        Misconception(
            "first column as bias",
            (lambda W: (W[:, 1:].T, W[:, 0]),),
            did="You took the first column for the bias; in this course it is the last.",
            symptom="The kernel's rows are shifted by one.",
            experiment="Compare your bias with the scores of a sample of zeros: they should be "
            "equal.",
            looks_right="Many books put the bias first, and both shapes are right.",
        ),
        Misconception(
            "bias as a row",
            (lambda W: (W[:, :-1].T, W[:, -1:]), lambda W: (W[:, :-1].T, W[:, -1:].T)),
            did="Your bias has two axes; Keras wants one number for each class, (K,).",
            symptom="The bias has shape (K, 1) or (1, K).",
            experiment="Print to_keras(W)[1].shape: it should have one axis.",
            looks_right="All the numbers are right, and with two axes the bias is still a column "
            "or a row.",
        ),
    ),
)

EXERCISES = (
    BATCH_INDICES,
    SOFTMAX_BACKWARD,
    BATCH_GRADIENT,
    L2_PENALTY,
    L2_GRADIENT,
    TRAIN,
    PREDICT,
    ACCURACY,
    CONFUSION_MATRIX,
    TO_KERAS,
)
