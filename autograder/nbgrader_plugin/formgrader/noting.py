"""Notes when a person gave points in Formgrader: nbgrader's gradebook has no time of it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from nbgrader.api import Grade
from sqlalchemy import event

from autograder.grading.history import MarkGiven, note_marks

FORMGRADER = "Formgrader"


def note_what_people_give(course: Path) -> None:
    """Note every change of a person's points that this process makes from now on.

    Parameters
    ----------
    course : the course's folder; called again, nothing is noted twice
    """
    if not event.contains(Grade.manual_score, "set", _given):
        # With the points before, which say whether they change at all.
        event.listen(Grade.manual_score, "set", _given, active_history=True)
    _courses[:] = [course]


_courses: list[Path] = []


def _given(grade: Any, points: float | None, before: Any, _: Any) -> None:
    if points == before or (points is None and not isinstance(before, int | float)):
        return
    # Nobody's marks depend on it.
    with suppress(Exception):
        student, assignment = grade.student.id, grade.assignment.name
        note_marks(_courses[0], assignment, [MarkGiven(student, grade.name, points)], FORMGRADER)
