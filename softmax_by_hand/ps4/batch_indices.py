"""The exercise batch_indices: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, as_count, entries, purity
from autograder.checking.kit import (
    Properties,
    Several,
    Student,
    Whole,
    draws_no_more,
    uses_rng_alone,
)
from softmax_by_hand import fixtures, lecture, mistakes
from softmax_by_hand.fixtures import Array, Generator


def uneven(rng: Generator) -> list[Arguments]:
    pairs = ((11, 3), (7, 2), (13, 5), (9, 4), (5, 8), (300, 128))
    return [(*pairs[i], fixtures.seed(rng)) for i in rng.permutation(len(pairs))]


def even(rng: Generator) -> list[Arguments]:
    return [(*pair, fixtures.seed(rng)) for pair in ((12, 3), (8, 4), (6, 6), (5, 1))]


def with_empty_batch(N: int, batch_size: int, rng: np.random.Generator) -> list[Array]:
    order = rng.permutation(N)
    count = N // batch_size + 1
    return [order[i * batch_size : (i + 1) * batch_size] for i in range(count)]


def shared_evenly(N: int, batch_size: int, rng: np.random.Generator) -> list[Array]:
    return list(np.array_split(rng.permutation(N), max(N // batch_size, 1)))


def batches_shuffled(N: int, batch_size: int, rng: np.random.Generator) -> list[Array]:
    pieces = mistakes.pieces(np.arange(N), batch_size)
    return [pieces[i] for i in rng.permutation(len(pieces))]


def last_filled_up(N: int, batch_size: int, rng: np.random.Generator) -> list[Array]:
    order = rng.permutation(N)
    return mistakes.pieces(np.resize(order, -(-N // batch_size) * batch_size), batch_size)


def draws_again(N: int, batch_size: int, rng: np.random.Generator) -> list[Array]:
    batches = lecture.batch_indices(N, batch_size, rng)
    rng.permutation(N)
    return batches


@Properties(
    shape=lambda N, batch_size, rng: Several(
        [Whole((min(batch_size, N - start),)) for start in range(0, N, batch_size)]
    ),
    examples=lambda: [
        (11, 3, np.random.default_rng(1)),
        (12, 3, np.random.default_rng(2)),
        (5, 8, np.random.default_rng(3)),
        (4, 1, np.random.default_rng(4)),
    ],
    hint="With N = 11 and batches of 3 there are four: 3, 3, 3 and 2 samples.",
    purity_hint="Two generators with one seed have to give the same batches: does every random "
    "number come from the rng that is handed in?",
)
def batch_indices(f: Student) -> None:
    f.claim("every sample comes once", "Is the order drawn once, and then cut?")
    for N, size, rng in f.examples:
        found = np.sort(np.concatenate(f(N, size, rng)))
        f.expect(np.array_equal(found, np.arange(N)), all_indices_sorted=found)
    uses_rng_alone(f, lambda rng: f(40, 7, rng), "batches")
    f.claim(
        "one batch of all N samples is rng.permutation(N)",
        "The contract says which method of rng draws the order.",
    )
    wanted = np.random.default_rng(5).permutation(9)
    f.expect(np.array_equal(f(9, 9, np.random.default_rng(5))[0], wanted), wanted=wanted)
    f.claim("rng is left where that one permutation leaves it", "How often is rng asked?")
    draws_no_more(f, lambda rng: f(9, 4, rng), lambda rng: rng.permutation(9))


BATCH_INDICES = Exercise(
    signature="batch_indices(N, batch_size, rng) -> list of arrays of int",
    reference=lecture.batch_indices,
    lesson="08_batches",
    treated="11 samples, batches of 3",
    criteria=(
        Criterion(
            "every sample once",
            2.0,
            "rng.permutation(N), cut into pieces of batch_size, arrays of int; the last piece is "
            "as short as it comes, also where it is the only one.",
            uneven,
        ),
        Criterion("no remainder", 1.0, "Where N is a multiple, all pieces are full.", even),
        Criterion(
            "global random state",
            0.5,
            "Randomness must come from rng alone, which is asked for one permutation and no more; "
            "NumPy's global random state stays unmoved.",
            fixtures.first(3, uneven),
            aspect="global random state",
        ),
        purity(0.5, fixtures.first(3, uneven), claim="Equal generators must give equal batches."),
    ),
    misconceptions=(
        Misconception(
            "with replacement",
            (
                lambda N, batch_size, rng: mistakes.pieces(rng.integers(N, size=N), batch_size),
                lambda N, batch_size, rng: mistakes.pieces(rng.choice(N, N), batch_size),
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
                lambda N, batch_size, rng: mistakes.pieces(
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
            (lambda N, batch_size, rng: mistakes.pieces(np.arange(N), batch_size),),
            did="You cut the samples in their own order.",
            symptom="The first batch is always 0, 1, 2, ...; sorted data then never mixes.",
            experiment="Print batch_indices(9, 3, rng) twice: the batches should differ.",
            looks_right="Every sample comes exactly once, and for data that is shuffled already it "
            "does no harm.",
        ),
        Misconception(
            "empty batch at the end",
            (with_empty_batch,),
            did="You counted N // batch_size + 1 batches, one too many where nothing is left over.",
            symptom="With N = 12 and batches of 3, a fifth batch is empty, and its mean is nan.",
            experiment="Print [len(batch) for batch in batch_indices(12, 3, rng)]: four times 3 is "
            "right.",
            looks_right="Wherever batch_size does not divide N the batches are right.",
            shows_in="no remainder",
        ),
        Misconception(
            "shared out evenly",
            (shared_evenly,),
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
                lambda *call: [batch.tolist() for batch in lecture.batch_indices(*call)],
                lambda *call: [list(batch) for batch in lecture.batch_indices(*call)],
            ),
            did="Your batches are lists; arrays of int are asked for.",
            symptom="Each batch prints with commas between its numbers.",
            experiment="Print type(batch_indices(7, 2, rng)[0]): it should be an ndarray.",
            looks_right="All numbers are right, and X[:, batch] takes a list too.",
        ),
        Misconception(
            "batches shuffled, not samples",
            (batches_shuffled,),
            did="You cut the samples in their own order and shuffled the pieces.",
            symptom="Within a batch the indices always follow one another.",
            experiment="Print np.diff(batch_indices(9, 3, rng)[0]): not every step should be 1.",
            looks_right="Every sample comes exactly once, and no two epochs are the same.",
        ),
        Misconception(
            "last batch filled up",
            (last_filled_up,),
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
                lambda N, size, rng: mistakes.pieces(np.random.default_rng(0).permutation(N), size),
                lambda N, size, rng: mistakes.pieces(
                    np.random.default_rng(42).permutation(N), size
                ),
            ),
            did="You made a generator of your own and left the one that was handed in unused.",
            symptom="Every call gives the same batches, whatever rng is.",
            experiment="Print batch_indices(9, 3, rng) twice: the batches should differ.",
            looks_right="The order is a random one, and every sample comes exactly once.",
        ),
        Misconception(
            "draws again",
            (draws_again,),
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
                lambda N, batch_size, rng: mistakes.pieces(np.random.permutation(N), batch_size),  # noqa: NPY002
            ),
            did="You used np.random itself, where only the rng that was passed in is to be used.",
            symptom="NumPy's global generator is not where it was before the call.",
            experiment="Call it twice with equal generators: are the batches equal?",
            looks_right="The batches are as random as they should be, and every sample comes "
            "exactly once.",
            shows_in="global random state",
        ),
    ),
    made=lambda N, batch_size, rng: 16 * max(as_count(N), entries(N)),
    properties=batch_indices,
)
