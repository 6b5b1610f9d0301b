"""The history of one student's points, in lines for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import itemgetter
from pathlib import Path

from autograder.base.words import points_text, printable
from autograder.course.course import Course
from autograder.course.folder import CourseError
from autograder.gradebook import GradebookStore
from autograder.grading.history import (
    Entry,
    MarkGiven,
    changes,
    read_history,
    read_marks_given,
    why,
)


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
            given = read_marks_given(course, name).get(student, [])
            if entries or given:
                dated = sorted((*_graded(name, entries), *_given(name, given)), key=itemgetter(0))
                told = (*map(" ".join, dated), *_by_hand(gradebook, name, student, given))
                lines += [printable(line) for line in told]
    if not lines:
        asked = " or ".join(assignments) or "anything"
        raise CourseError(f"nothing of {student} is graded, of {asked}, in {course / 'autograded'}")
    return lines


def _graded(name: str, entries: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    for before, entry in pairwise((None, *entries)):
        assert entry is not None
        said = f"{name}: {points_text(entry.total)} points, {', '.join(why(before, entry))}"
        changed = changes(before, entry) if before is not None else []
        yield entry.at, f"{said}: {', '.join(changed)}" if changed else said


def _given(name: str, given: Sequence[MarkGiven]) -> Iterator[tuple[str, str]]:
    for one in given:
        points = "marks taken back" if one.points is None else f"{points_text(one.points)} points"
        said = " and a comment" if one.comment else ""
        yield one.at, f"{name}: {one.cell} {points}{said}, by hand ({one.by})"


def _by_hand(
    gradebook: GradebookStore, name: str, student: str, given: Sequence[MarkGiven]
) -> Iterator[str]:
    """Yield the marks by hand that count, but for those of which it was told when."""
    told = {one.cell: one.points for one in given}
    score = gradebook.scores(name).get(student)
    for cell, mark in sorted(score.cells.items() if score is not None else ()):
        if mark.manual_score is not None and told.get(cell) != mark.manual_score:
            yield f"by hand {name}: {cell} {points_text(mark.manual_score)} points"
        if mark.extra:
            yield f"by hand {name}: {cell} {points_text(mark.extra)} points more"
