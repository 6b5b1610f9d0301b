"""What is lent while an error is carried forward answers small questions, and only those.

The functions run on the trusted side, for whatever student code gives them.
"""

from __future__ import annotations

import itertools
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder.base.limits import EXCHANGE
from autograder.catalogue.lent import lent
from autograder.catalogue.values import entries
from softmax_by_hand import EXERCISES
from softmax_by_hand import lecture as reference

NEEDED = sorted({need for exercise in EXERCISES.values() for need in exercise.needs})
TOO_MUCH = "is asked for too much"


class Rng:
    """A generator of the student's own, which gives what it likes."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *arguments: self.answer


def loss(W: Any) -> float:
    return 1.0


VECTOR, SMALL = np.linspace(0.1, 0.9, 64), np.full((8, 8), 0.125)
HOSTILE: tuple[Any, ...] = (
    *(10**9, -(10**9), 10**5, 500, 2, 0, 1, True, 1e9, 1e18, 0.5, float("nan"), float("inf")),
    *(np.array(10**9), np.array(1e9), np.array([10**5]), np.array([[500]]), np.uint8(3)),
    *(VECTOR, VECTOR[:, None], VECTOR[None], SMALL, np.ones((4, 4, 4)), np.ones((16, 16, 16))),
    *(np.ones(4096), np.ones((4096, 1)), np.ones((1, 4096)), np.ones((64, 1, 64))),
    *(np.zeros((4000, 0)), np.zeros((0, 4000)), np.zeros((60, 0, 60)), np.zeros(4096, np.int64)),
    *(np.arange(8), np.zeros((64, 64), np.int64), np.ones(64, bool), np.ones((64, 64), bool)),
    *([10**9] * 2, [1.0] * 64, [[0] * 8] * 8, (500, 500), "text", None, {"a": 1}, {}),
    *(Rng(np.ones(4096)), Rng(np.ones((1, 64))), Rng(10**9), Rng([1] * 64), Rng("x" * 4000), loss),
)  # fmt: skip


def questions(name: str) -> list[tuple[Any, ...]]:
    """Return hostile arguments, as small as they must be to be asked at all."""
    rng = np.random.default_rng(0)
    count = len(EXERCISES[name].signature.partition("(")[2].partition(")")[0].split(","))
    if count == 1:
        drawn = [tuple(one) for one in itertools.product(HOSTILE, repeat=count)]
    else:
        drawn = [
            tuple(HOSTILE[i] for i in rng.integers(len(HOSTILE), size=count)) for _ in range(300)
        ]
    same = [(one,) * count for one in HOSTILE]
    with_rng = [
        (*few, np.random.default_rng(1)) for few in itertools.product(HOSTILE[:20], repeat=2)
    ]
    asked = [*drawn, *same, *(with_rng if "rng" in EXERCISES[name].signature else [])]
    return [one for one in asked if sum(map(entries, one)) <= EXCHANGE.asked_items or counts(one)]


def counts(question: tuple[Any, ...]) -> bool:
    """Tell whether it is numbers that make a question large: these are to be seen too."""
    arrays = [one for one in question if isinstance(one, np.ndarray | list) and np.size(one) > 1]
    return sum(map(entries, arrays)) <= EXCHANGE.asked_items


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NEEDED)
def test_whatever_a_lent_function_is_given_it_takes_little_memory_and_time(name):
    function = lent(EXERCISES[name])
    tracemalloc.start()
    try:
        for question in questions(name):
            tracemalloc.reset_peak()
            before, started = tracemalloc.get_traced_memory()[0], time.process_time()
            try:
                with np.errstate(all="ignore"):
                    function(*question)
            except Exception:
                pass
            made = tracemalloc.get_traced_memory()[1] - before
            shown = [getattr(one, "shape", one) for one in question]
            assert made < 64 << 20, shown
            assert time.process_time() - started < 10, shown
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("batch_indices", (10**9, 1)), ("batch_indices", (np.array(10**9), 10)),
        ("batch_indices", (50_000, 50_000)), ("init_weights", (10**5, 10**5)),
        ("init_weights", (2, 10**9)), ("one_hot", (np.zeros(3, np.int64), 10**5)),
        ("one_hot", (np.zeros(3, np.int64), np.array(10**5))),
        ("scores_gradient_W", (np.ones(100), 100)), ("softmax_jacobian", (np.ones(1000),)),
        ("numerical_gradient", (loss, np.ones(1000))),
        ("cce_gradient", (np.ones((1000, 1)), np.ones((1, 1000)))),
        ("loss_gradient", (np.ones((64, 64)), np.ones((64, 64)), np.ones(64))),
        ("chain_rule", (np.ones((1000, 1, 2)), np.ones((2, 2)), np.ones(2))),
    ],
)  # fmt: skip
def test_what_would_make_too_much_is_refused_in_words(name, question):
    generator = [np.random.default_rng(0)] if name in ("batch_indices", "init_weights") else []
    with pytest.raises(ValueError, match=TOO_MUCH):
        lent(EXERCISES[name])(*question, *generator)


def test_keywords_are_counted_like_arguments_by_place():
    with pytest.raises(ValueError, match=TOO_MUCH):
        lent(EXERCISES["init_weights"])(D=10**5, rng=np.random.default_rng(0), K=10**5)
    with pytest.raises(TypeError):
        lent(EXERCISES["init_weights"])(E=10**5)


def test_a_lent_function_gives_what_the_lecture_gives():
    one, other = (np.random.default_rng(3) for _ in range(2))
    given = lent(EXERCISES["init_weights"])(4, 3, rng=one, scale=2)
    assert np.array_equal(given, reference.init_weights(4, 3, other, scale=2))


@pytest.fixture
def session(sandbox):
    with sandbox.session() as one:
        yield one


ASK = "import numpy as np\ndef f(rng): return {question}\n"


@pytest.mark.parametrize(
    "question",
    [
        "batch_indices(10**9, 1, rng)", "batch_indices(np.array(10**9), 1, rng)",
        "batch_indices(N=10**9, batch_size=1, rng=rng)", "batch_indices(-10**9, -1, rng)",
        "init_weights(10**5, 10**5, rng)", "init_weights(np.array([10**5]), 10**5, rng)",
        "init_weights(1000, 1000, rng)", "one_hot(np.zeros(2000, int), 2000)",
        "softmax_jacobian(np.ones((64, 64)))",
        "numerical_gradient(lambda W: 1.0, np.ones((64, 64)))",
        "cce_gradient(np.ones((2000, 1)), np.ones((1, 2000)))",
    ],
)  # fmt: skip
def test_student_code_that_asks_for_too_much_gets_an_error(session, question):
    name = question.partition("(")[0]
    assert session.run_cell(f"{name} = 1\n" + ASK.format(question=question)) == []
    f = session.bind("f")
    with session.lending({name: lent(EXERCISES[name])}):
        (seen,) = f.observe([(5,)])
        assert seen.error == "ValueError"
        assert TOO_MUCH in seen.message or seen.message == "the arguments are too large"
    assert session.lost is None
