"""Says of each test cell of an assignment where it is judged, and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from autograder.course.assignment import of_several
from autograder.course.course import Course
from autograder.course.outside.plan import INSIDE
from autograder.gradebook import GradebookStore
from autograder.submission.trial import tried_out


def ways_of(folder: Path, assignment: str) -> Iterator[str]:
    """Yield a line for each test cell of an assignment's own, once it is released.

    Which way it goes is tried with the solutions in ``source/`` and kept for grading.

    Parameters
    ----------
    folder : the course's

    Raises
    ------
    CourseError : see `autograder.course.course.Course.assignment`
    """
    course = Course(folder)
    with GradebookStore.open(course.gradebook_url) as gradebook:
        notebooks = tried_out(course, assignment, gradebook)
    names = [one.notebook for one in notebooks]
    for one in notebooks:
        for cell in one.master:
            if cell.is_test and cell.exercise is None:
                planned = one.tests[cell.grade_id]
                name = of_several(cell.grade_id, one.notebook, names)
                way = "asserted inside" if planned.way == INSIDE else "judged outside"
                yield f"{assignment}: {name} is {way}" + (f": {planned.why}" * bool(planned.why))
