"""What the tests of the catalogue do with answers that are not in it."""

import pytest

from autograder.judging.judge import judge
from softmax_by_hand import EXERCISES


def cases(table):
    """Parametrise over (exercise, function) with ids such as ``softmax: einsum``."""
    return pytest.mark.parametrize(
        ("exercise", "function"),
        [
            pytest.param(EXERCISES[name], function, id=f"{name}: {label}")
            for name, functions in table.items()
            for label, function in functions.items()
        ],
    )


def assert_right(exercise, function):
    """Assert that a right answer has all points, whatever the fixtures."""
    for seed in range(8):
        verdict = judge(exercise, function, seed)
        assert verdict.passed, [f for f in verdict.findings if not f.passed]
        assert verdict.misconception is None
