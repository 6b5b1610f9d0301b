"""Reads the marks of many students at once: a few questions for a whole class's notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from autograder.gradebook.cell_marks import CellMark, Marks
from autograder.gradebook.released import Cell, ReleasedAssignment
from autograder.gradebook.tables import COMMENT, GRADE, SUBMISSION, SUBMITTED


def read_marks(
    connection: Connection, released: ReleasedAssignment, notebook: str, students: Sequence[str]
) -> dict[str, Marks]:
    """Read the marks of a notebook, by student; who has not submitted is not there.

    Raises
    ------
    GradebookError : the assignment has no such notebook
    """
    notebook_id = released.id_of(notebook)
    submitted = connection.execute(
        select(SUBMITTED.c.id, SUBMISSION.c.student_id, SUBMITTED.c.late_submission_penalty)
        .join_from(SUBMITTED, SUBMISSION, SUBMITTED.c.assignment_id == SUBMISSION.c.id)
        .where(
            SUBMISSION.c.assignment_id == released.id,
            SUBMITTED.c.notebook_id == notebook_id,
            SUBMISSION.c.student_id.in_(list(students)),
        )
    ).all()
    ids = [row.id for row in submitted]
    graded = {cell.id: cell for cell in released.graded(notebook_id)}
    commented = {cell.id: cell.name for cell in released.commented(notebook_id)}
    # A cell that nobody has graded yet waits for a person.
    none_yet = {cell.name: CellMark(cell.max_score or 0.0) for cell in graded.values()}
    cells = {key: dict(none_yet) for key in ids}
    comments: dict[str, dict[str, str]] = {key: {} for key in ids}
    for row in connection.execute(select(GRADE).where(GRADE.c.notebook_id.in_(ids))):
        if row.cell_id in graded:
            cell = graded[row.cell_id]
            cells[row.notebook_id][cell.name] = cell_mark(cell, row)
    for row in connection.execute(select(COMMENT).where(COMMENT.c.notebook_id.in_(ids))):
        said = row.auto_comment if row.manual_comment is None else row.manual_comment
        if said and row.cell_id in commented:
            comments[row.notebook_id][commented[row.cell_id]] = said
    return {
        row.student_id: Marks(
            # Sorted, since a database promises no order and the same marks are the same text.
            dict(sorted(cells[row.id].items())),
            dict(sorted(comments[row.id].items())),
            row.late_submission_penalty or 0.0,
        )
        for row in submitted
    }


def cell_mark(cell: Cell, grade: Any) -> CellMark:
    """Return the mark of a cell from its row in the table of grades."""
    return CellMark(
        cell.max_score or 0.0,
        grade.auto_score,
        grade.manual_score,
        grade.extra_credit,
        bool(grade.needs_manual_grade),
    )
