"""Points and comments that people give: read for a whole class, and written as Formgrader does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, bindparam, select, update

from autograder.course.assignment import GRADE_PREFIX
from autograder.course.late_penalties import LatePenalty
from autograder.gradebook.cell_marks import CellMark
from autograder.gradebook.database import GradebookError
from autograder.gradebook.marks import cell_mark
from autograder.gradebook.released import ReleasedAssignment
from autograder.gradebook.tables import COMMENT, GRADE, SUBMISSION, SUBMITTED
from autograder.gradebook.writing import write_penalties


class Place(NamedTuple):
    """Where a mark belongs: a graded cell of one student's notebook."""

    student: str
    notebook: str
    cell: str


@dataclass(frozen=True)
class HandMark:
    """What the gradebook says of one graded cell.

    Parameters
    ----------
    mark : its points, a person's and the grader's
    comment : a person's; "" where there is none
    """

    mark: CellMark
    comment: str = ""


@dataclass(frozen=True)
class NewMark:
    """What is to become of one mark.

    Parameters
    ----------
    before : what the person saw
    points : a person's points, or None for none
    comment : a person's, or "" for none
    looked_at : a person has looked, even where the points stay as they were
    """

    place: Place
    before: HandMark
    points: float | None
    comment: str
    looked_at: bool = False


class _Rows(NamedTuple):
    """The rows of one mark, by their ids."""

    now: HandMark
    submitted: str
    grade: str
    comment: str | None


def read_hand_marks(connection: Connection, released: ReleasedAssignment) -> dict[Place, HandMark]:
    """Return the marks of every graded cell of an assignment's submissions."""
    return {place: rows.now for place, rows in _rows(connection, released).items()}


def write_hand_marks(
    connection: Connection,
    released: ReleasedAssignment,
    marks: Sequence[NewMark],
    late_penalty: LatePenalty | None = None,
) -> None:
    """Write marks as Formgrader does: points end the waiting, and extra credit stays.

    What is taken away for being late is computed anew for those whose points change.

    Raises
    ------
    GradebookError : a mark is not what the person saw; the transaction must not be kept
    """
    rows = _rows(connection, released, GRADE)
    points, comments, changed = [], [], {}
    for new in marks:
        at = rows.get(new.place)
        if at is None or at.now != new.before:
            raise GradebookError(
                "the gradebook was changed by somebody else meanwhile; "
                "nothing was written: run this again"
            )
        before = new.before.mark
        if new.points != before.manual_score or new.looked_at:
            needs = new.points is None and before.auto_score is None
            points.append({"at": at.grade, "points": new.points, "needs": needs})
            changed[at.submitted] = new.place.student
        if at.comment is not None and new.comment != new.before.comment:
            comments.append({"at": at.comment, "comment": new.comment or None})
    if points:
        found = update(GRADE).where(GRADE.c.id == bindparam("at"))
        values = found.values(
            manual_score=bindparam("points"), needs_manual_grade=bindparam("needs")
        )
        connection.execute(values, points)
    if comments:
        found = update(COMMENT).where(COMMENT.c.id == bindparam("at"))
        connection.execute(found.values(manual_comment=bindparam("comment")), comments)
    write_penalties(connection, released, _times(connection, released), changed, late_penalty)


def _times(connection: Connection, released: ReleasedAssignment) -> dict[str, Any]:
    found = connection.execute(
        select(SUBMISSION.c.student_id, SUBMISSION.c.timestamp, SUBMISSION.c.extension).where(
            SUBMISSION.c.assignment_id == released.id
        )
    )
    return {row.student_id: row for row in found}


def _rows(
    connection: Connection, released: ReleasedAssignment, to_change: Table | None = None
) -> dict[Place, _Rows]:
    """Return the rows of all marks; nobody else changes those that are to be changed meanwhile."""
    cells = {cell.id: cell for some in released.cells.values() for cell in some}
    notebooks = {key: name for name, key in released.notebooks.items()}
    ours = SUBMISSION.join(SUBMITTED, SUBMITTED.c.assignment_id == SUBMISSION.c.id)
    comments = {
        (row.notebook_id, cells[row.cell_id].name): row
        for row in connection.execute(
            select(COMMENT)
            .select_from(ours.join(COMMENT, COMMENT.c.notebook_id == SUBMITTED.c.id))
            .where(SUBMISSION.c.assignment_id == released.id)
        )
        if row.cell_id in cells
    }
    found = {}
    marks = (
        select(SUBMISSION.c.student_id, SUBMITTED.c.notebook_id.label("released_as"), GRADE)
        .select_from(ours.join(GRADE, GRADE.c.notebook_id == SUBMITTED.c.id))
        .where(SUBMISSION.c.assignment_id == released.id)
    )
    # SQLite locks the whole database as a transaction that writes begins.
    locked = marks if to_change is None else marks.with_for_update(of=to_change)
    for row in connection.execute(locked):
        cell = cells.get(row.cell_id)
        if cell is None:
            continue
        # What is said of a check stands beside the student's code, as the grader's comments do.
        at = (row.notebook_id, cell.name), (row.notebook_id, cell.name.removeprefix(GRADE_PREFIX))
        comment = comments.get(at[0]) or comments.get(at[1])
        said = (comment.manual_comment or "") if comment is not None else ""
        found[Place(row.student_id, notebooks[row.released_as], cell.name)] = _Rows(
            HandMark(cell_mark(cell, row), said),
            row.notebook_id,
            row.id,
            comment.id if comment is not None else None,
        )
    return found
