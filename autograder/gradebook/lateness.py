"""Whether the times and penalties in the gradebook are those of now, and setting them right.

A due date, an extension, the course's policy or a person's marks may change after a hand-in was
graded; nothing of it needs to be graded again for that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from autograder.course.late_penalties import LatePenalty
from autograder.gradebook.database import GradebookError
from autograder.gradebook.released import ReleasedAssignment
from autograder.gradebook.tables import STUDENT, SUBMISSION, SUBMITTED
from autograder.gradebook.writing import make_submission, penalties_of, write_penalties

FEW = 200  # values in one statement
Times = Mapping[str, datetime | None]  # when each student handed in, as far as it is known


@dataclass(frozen=True)
class Extension:
    """More time for one student.

    Parameters
    ----------
    until : in UTC without a zone; None where the assignment has no due date
    """

    student: str
    extra: timedelta
    until: datetime | None


class _Row(NamedTuple):
    """When a student handed in, by now, and how much later that may be."""

    id: str
    timestamp: datetime | None
    extension: timedelta | None


def read_outdated(
    connection: Connection,
    released: ReleasedAssignment,
    times: Times,
    late_penalty: LatePenalty | None,
) -> set[str]:
    """Return the students whose time or penalty in the gradebook is not that of now."""
    before, now, submitted, stored = _rows(connection, released, times)
    penalties = penalties_of(connection, released, now, submitted, late_penalty)
    return {
        *(student for student, row in now.items() if row.timestamp != before[student].timestamp),
        *(
            submitted[key]
            for key, penalty in penalties.items()
            if not math.isclose(penalty or 0.0, stored[key] or 0.0, abs_tol=1e-9)
        ),
    }


def write_times(
    connection: Connection,
    released: ReleasedAssignment,
    times: Times,
    late_penalty: LatePenalty | None,
) -> None:
    """Set the times of hand-ins, and their penalties by them."""
    _, now, submitted, _ = _rows(connection, released, times)
    if now:
        at = update(SUBMISSION).where(SUBMISSION.c.id == bindparam("at"))
        rows = [{"at": row.id, "time": row.timestamp} for row in now.values()]
        connection.execute(at.values(timestamp=bindparam("time")), rows)
    write_penalties(connection, released, now, submitted, late_penalty)


def read_extensions(connection: Connection, released: ReleasedAssignment) -> Sequence[Extension]:
    """Return who has more time, by student."""
    rows = connection.execute(
        select(SUBMISSION.c.student_id, SUBMISSION.c.extension).where(
            SUBMISSION.c.assignment_id == released.id, SUBMISSION.c.extension.is_not(None)
        )
    )
    return [
        Extension(student, extra, None if released.due is None else released.due + extra)
        for student, extra in sorted(map(tuple, rows))
        if extra
    ]


def write_extension(
    connection: Connection, released: ReleasedAssignment, student: str, until: datetime
) -> None:
    """Give a student more time, also before anything is handed in.

    Raises
    ------
    GradebookError : there is no such student, no due date, or it is no more time
    """
    if connection.execute(select(STUDENT.c.id).where(STUDENT.c.id == student)).first() is None:
        raise GradebookError(
            f"the gradebook has no student {student}: `nbgrader db student add {student}`", code=2
        )
    if released.due is None:
        raise GradebookError(
            f"{released.name} has no due date: set one in Formgrader, or with `nbgrader db "
            f'assignment add {released.name} --duedate="2026-10-05 23:59 UTC"`',
            code=2,
        )
    if until < released.due:
        raise GradebookError(
            f"{until} UTC is before {released.name} is due, {released.due} UTC", code=2
        )
    key = make_submission(connection, released, student)
    extra = until - released.due
    connection.execute(
        update(SUBMISSION).where(SUBMISSION.c.id == key).values(extension=extra or None)
    )


def _rows(
    connection: Connection, released: ReleasedAssignment, times: Times
) -> tuple[dict[str, _Row], dict[str, _Row], dict[str, str], dict[str, float | None]]:
    """Return the rows as they are and as they should be, and of each notebook whose it is and
    its penalty."""
    ours = SUBMISSION.c.assignment_id == released.id
    if len(times) <= FEW:  # of a large class
        ours &= SUBMISSION.c.student_id.in_(list(times))
    found = connection.execute(
        select(
            SUBMISSION.c.student_id, SUBMISSION.c.id, SUBMISSION.c.timestamp, SUBMISSION.c.extension
        ).where(ours)
    )
    before = {row.student_id: _Row(*row[1:]) for row in found if row.student_id in times}
    now = {
        student: row._replace(timestamp=times[student] or row.timestamp)
        for student, row in before.items()
    }
    whose = {row.id: student for student, row in before.items()}
    notebooks = [
        row
        for row in connection.execute(
            select(SUBMITTED.c.id, SUBMITTED.c.assignment_id, SUBMITTED.c.late_submission_penalty)
            .select_from(SUBMITTED.join(SUBMISSION, SUBMITTED.c.assignment_id == SUBMISSION.c.id))
            .where(ours)
        )
        if row.assignment_id in whose
    ]
    return (
        before,
        now,
        {row.id: whose[row.assignment_id] for row in notebooks},
        {row.id: row.late_submission_penalty for row in notebooks},
    )
