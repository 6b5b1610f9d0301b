"""Wrong functions as people write them: no full marks, nearly all named, none falsely."""

from __future__ import annotations

import pytest
from wrong_in_public import WRONG_IN_PUBLIC

from autograder.judging.judge import judge
from softmax_by_hand import EXERCISES

CASES = [
    pytest.param(EXERCISES[exercise], function, true, id=f"{exercise}: {i}, {function.__name__}")
    for exercise, functions in WRONG_IN_PUBLIC.items()
    for i, (function, true) in enumerate(functions.items())
]


def names_of(exercise, function, seed):
    """Return the names that a judgement gives."""
    verdict = judge(exercise, function, seed)
    assert not verdict.passed
    return [finding.misconception for finding in verdict.findings if finding.misconception]


@pytest.mark.parametrize(("exercise", "function", "true"), CASES)
def test_it_is_given_its_true_name_and_no_other(exercise, function, true):
    for seed in range(4):
        assert set(names_of(exercise, function, seed)) <= set(true)


def test_nearly_all_are_given_their_name():
    known = [bool(names_of(*case.values[:2], seed=9)) for case in CASES]
    assert len(known) > 100
    assert sum(known) >= 0.95 * len(known)
