"""The course's catalogue can be trusted, exercise by exercise."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.catalogue.model import Exercise
from autograder.judging.catalogue_proof import problems_of
from softmax_by_hand import CATALOGUE

LESSONS = Path(__file__).resolve().parents[1] / "notebooks"


@pytest.mark.parametrize(
    ("assignment", "exercise"),
    [
        pytest.param(assignment, exercise, id=exercise.name)
        for assignment, exercises in CATALOGUE.assignments.items()
        for exercise in exercises
    ],
)
def test_of_an_exercise_of_the_course_nothing_is_wrong(assignment: str, exercise: Exercise) -> None:
    assert list(map(str, problems_of(CATALOGUE, assignment, exercise, lessons=LESSONS))) == []
