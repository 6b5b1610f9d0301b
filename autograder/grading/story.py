"""The history of one student's points, in lines for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from autograder.course.course import Course
from autograder.course.folder import CourseError
from autograder.gradebook import GradebookStore
from autograder.grading.history import Entry, changes, read_history, why
from autograder.words import points_text, printable


def story(course: Path, student: str, assignments: Sequence[str]) -> list[str]:
    """Return when and why a student's points became what they are, a line each.

    Parameters
    ----------
    assignments : none means all

    Raises
    ------
    CourseError : there is nothing to tell, or no gradebook
    """
    known = sorted(path.parent.name for path in (course / "source").glob("*/*.ipynb"))
    lines = []
    with GradebookStore.open(Course(course).gradebook_url) as gradebook:
        for name in assignments or dict.fromkeys(known):
            entries = read_history(course, name).get(student, [])
            if entries:
                told = (*_graded(name, entries), *_by_hand(gradebook, name, student))
                lines += [printable(line) for line in told]
    if not lines:
        asked = " or ".join(assignments) or "anything"
        raise CourseError(f"nothing of {student} is graded, of {asked}, in {course / 'autograded'}")
    return lines


def _graded(name: str, entries: Sequence[Entry]) -> Iterator[str]:
    for before, entry in pairwise((None, *entries)):
        assert entry is not None
        said = (
            f"{entry.at} {name}: {points_text(entry.total)} points, {', '.join(why(before, entry))}"
        )
        changed = changes(before, entry) if before is not None else []
        yield f"{said}: {', '.join(changed)}" if changed else said


def _by_hand(gradebook: GradebookStore, name: str, student: str) -> Iterator[str]:
    score = gradebook.scores(name).get(student)
    for cell, mark in sorted(score.cells.items() if score is not None else ()):
        if mark.manual_score is not None:
            yield f"by hand {name}: {cell} {points_text(mark.manual_score)} points"
        if mark.extra:
            yield f"by hand {name}: {cell} {points_text(mark.extra)} points more"
