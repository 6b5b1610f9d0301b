"""What the gradebook holds of a class: its roster, and the scores of an assignment."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from autograder.course.assignment import of_several
from autograder.gradebook.cell_marks import CellMark
from autograder.gradebook.marks import cell_mark
from autograder.gradebook.released import read_released
from autograder.gradebook.tables import GRADE, STUDENT, SUBMISSION, SUBMITTED


@dataclass(frozen=True)
class Person:
    """A student as the gradebook's roster has them; what nobody filled in is empty."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""

    @property
    def is_described(self) -> bool:
        """Whether somebody put this person into the roster: grading notes an id and no more."""
        return bool(self.first_name or self.last_name or self.email or self.lms_user_id)


def strangers(roster: Sequence[Person], students: Iterable[str]) -> list[str]:
    """Return which of these students are nobody in the roster; none where there is no roster."""
    described = {person.id for person in roster if person.is_described}
    return sorted(set(students) - described) if described else []


@dataclass(frozen=True)
class SubmissionScore:
    """What one submission has earned.

    Parameters
    ----------
    timestamp : when it was handed in (UTC, no zone), or None where nobody noted it
    late_penalty : points taken away
    cells : by the cell's name; see `autograder.course.assignment.of_several`
    """

    timestamp: datetime.datetime | None
    late_penalty: float
    cells: dict[str, CellMark] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """All points, before a penalty."""
        return sum(cell.score for cell in self.cells.values())

    @property
    def final(self) -> float:
        """What is left after the penalty."""
        return max(0.0, self.score - self.late_penalty)

    @property
    def waits(self) -> bool:
        """Whether a person has yet to look at a cell."""
        return any(cell.waits for cell in self.cells.values())


def read_roster(connection: Connection) -> list[Person]:
    """Return the students of a course by last name, first name and id."""
    people = [
        Person(
            *(row.id, row.first_name or "", row.last_name or ""),
            *(row.email or "", row.lms_user_id or ""),
        )
        for row in connection.execute(select(STUDENT))
    ]
    # Here, because each database has its own idea of the order of letters.
    return sorted(people, key=lambda person: (person.last_name, person.first_name, person.id))


def read_scores(connection: Connection, assignment: str) -> dict[str, SubmissionScore]:
    """Return what is stored of an assignment's submissions, by student.

    Raises
    ------
    GradebookError
        where the gradebook knows no such assignment
    """
    released = read_released(connection, assignment)
    known = {
        cell.id: (of_several(cell.name, notebook, released.notebooks), cell)
        for notebook, key in released.notebooks.items()
        for cell in released.cells[key]
    }
    ours = SUBMISSION.c.assignment_id == released.id
    penalty = func.coalesce(func.sum(SUBMITTED.c.late_submission_penalty), 0.0)
    scores = {
        student: SubmissionScore(timestamp, float(taken))
        for student, timestamp, taken in connection.execute(
            select(SUBMISSION.c.student_id, SUBMISSION.c.timestamp, penalty)
            .select_from(
                SUBMISSION.outerjoin(SUBMITTED, SUBMITTED.c.assignment_id == SUBMISSION.c.id)
            )
            .where(ours)
            .group_by(SUBMISSION.c.id, SUBMISSION.c.student_id, SUBMISSION.c.timestamp)
        )
    }
    for row in connection.execute(
        select(SUBMISSION.c.student_id, GRADE)
        .select_from(
            SUBMISSION.join(SUBMITTED, SUBMITTED.c.assignment_id == SUBMISSION.c.id).join(
                GRADE, GRADE.c.notebook_id == SUBMITTED.c.id
            )
        )
        .where(ours)
    ):
        name, cell = known[row.cell_id]
        scores[row.student_id].cells[name] = cell_mark(cell, row)
    return scores


def read_max_score(connection: Connection, assignment: str) -> float:
    """Return the points that an assignment can earn.

    Raises
    ------
    GradebookError
        where the gradebook knows no such assignment
    """
    released = read_released(connection, assignment)
    return float(
        sum(cell.max_score or 0.0 for key in released.cells for cell in released.graded(key))
    )
