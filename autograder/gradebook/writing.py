"""Writes results as nbgrader's own autograde would, a batch at a time.

Rows are made and changed by their unique columns (INSERT ... ON CONFLICT), so it
does not matter whether another program has made one of them a moment ago; and
found by whole keys, so that a batch costs the same in a class of any size.
"""

from __future__ import annotations

import datetime
import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, case, func, select, true, update

from autograder.course.late_penalties import LatePenalty
from autograder.gradebook.database import GradebookError, upsert
from autograder.gradebook.released import ReleasedAssignment
from autograder.gradebook.scores import Person
from autograder.gradebook.tables import COMMENT, GRADE, STUDENT, SUBMISSION, SUBMITTED
from autograder.submission.graded_cells import GradedCell, GradedSubmission

NOT_GRADED = GradedCell(0.0)


def check(released: ReleasedAssignment, graded: list[GradedSubmission]) -> None:
    """Refuse what would be stored wrongly without a word; SQLite makes nan NULL.

    Raises
    ------
    GradebookError
    """
    for result in graded:
        notebook_id = released.id_of(result.notebook)
        known = {cell.name: cell.max_score for cell in released.commented(notebook_id)}
        known |= {cell.name: cell.max_score for cell in released.graded(notebook_id)}
        for name, cell in result.cells.items():
            where = f"{result.student}, {result.notebook}, {name}"
            if name not in known:
                raise GradebookError(
                    f"{where}: the gradebook has no such cell: "
                    f"run `autograder release {released.name}` again"
                )
            score, most = cell.auto_score, known[name]
            if score is not None and (most is None or not 0 <= score <= most):
                shown = score if math.isfinite(score) else "no number of"
                raise GradebookError(f"{where}: {shown} points, of {most or 0:g}, make no sense")


def write_results(
    connection: Connection,
    released: ReleasedAssignment,
    graded: list[GradedSubmission],
    late_penalty: LatePenalty | None,
) -> None:
    """Write results of one assignment; see `autograder.gradebook.GradebookStore.write`."""
    submissions = _submissions(connection, released, graded)
    submitted = _submitted(connection, released, submissions)
    _write_cells(connection, released, graded, submitted)
    places = {
        submitted[result.student, released.id_of(result.notebook)]: result.student
        for result in graded
    }
    write_penalties(connection, released, submissions, places, late_penalty)


def write_people(connection: Connection, people: Sequence[Person]) -> None:
    """Write a roster; what is known of a person stays. See `GradebookStore.enrol`."""
    rows = upsert(connection, STUDENT)
    named = ("first_name", "last_name", "email", "lms_user_id")
    known = {
        name: func.coalesce(func.nullif(STUDENT.c[name], ""), rows.excluded[name]) for name in named
    }
    _run(
        connection,
        rows.on_conflict_do_update(index_elements=["id"], set_=known),
        [{"id": one.id, **{name: getattr(one, name) or None for name in named}} for one in people],
    )


def _submissions(
    connection: Connection, released: ReleasedAssignment, graded: list[GradedSubmission]
) -> dict[str, Any]:
    """Make students and submissions where missing, note the times.

    Returns
    -------
    dict of rows (id, student_id, timestamp, extension) by student
    """
    times = {result.student: result.timestamp for result in graded}
    times |= {result.student: result.timestamp for result in graded if result.timestamp}
    _run(
        connection,
        upsert(connection, STUDENT).on_conflict_do_nothing(index_elements=["id"]),
        [{"id": student} for student in times],
    )
    rows = upsert(connection, SUBMISSION)
    known = func.coalesce(rows.excluded.timestamp, SUBMISSION.c.timestamp)
    _run(
        connection,
        rows.on_conflict_do_update(
            index_elements=["assignment_id", "student_id"], set_={"timestamp": known}
        ),
        [
            {"id": _new(), "assignment_id": released.id, "student_id": student, "timestamp": time}
            for student, time in times.items()
        ],
    )
    found = connection.execute(
        select(
            SUBMISSION.c.id, SUBMISSION.c.student_id, SUBMISSION.c.timestamp, SUBMISSION.c.extension
        ).where(SUBMISSION.c.assignment_id == released.id, SUBMISSION.c.student_id.in_(list(times)))
    )
    return {row.student_id: row for row in found}


def _submitted(
    connection: Connection, released: ReleasedAssignment, submissions: dict[str, Any]
) -> dict[tuple[str, str], str]:
    """Make a row for every notebook of the assignment, as nbgrader does.

    Returns
    -------
    dict from (student, notebook's id) to the submitted notebook's id
    """
    _run(
        connection,
        upsert(connection, SUBMITTED).on_conflict_do_nothing(
            index_elements=["notebook_id", "assignment_id"]
        ),
        [
            {"id": _new(), "assignment_id": row.id, "notebook_id": notebook_id, "flagged": False}
            for row in submissions.values()
            for notebook_id in released.cells
        ],
    )
    students = {row.id: student for student, row in submissions.items()}
    found = connection.execute(
        select(SUBMITTED.c.id, SUBMITTED.c.assignment_id, SUBMITTED.c.notebook_id).where(
            SUBMITTED.c.notebook_id.in_(list(released.cells)),
            SUBMITTED.c.assignment_id.in_(list(students)),
        )
    )
    return {(students[row.assignment_id], row.notebook_id): row.id for row in found}


def make_submission(connection: Connection, released: ReleasedAssignment, student: str) -> str:
    """Make the rows of a submission where they are missing, as nbgrader does; return its id."""
    one = GradedSubmission(student, released.name, "", None, {})
    submissions = _submissions(connection, released, [one])
    submitted = _submitted(connection, released, submissions)
    for table, cells_of, values in (
        (GRADE, released.graded, {"needs_manual_grade": False}),
        (COMMENT, released.commented, {}),
    ):
        made = upsert(connection, table).on_conflict_do_nothing(
            index_elements=["cell_id", "notebook_id"]
        )
        rows = [
            _of_cell(key, cell.id) | values
            for (_, notebook), key in submitted.items()
            for cell in cells_of(notebook)
        ]
        _run(connection, made, rows)
    return str(submissions[student].id)


def _write_cells(
    connection: Connection,
    released: ReleasedAssignment,
    graded: list[GradedSubmission],
    submitted: dict[tuple[str, str], str],
) -> None:
    """Write grades and comments; what nobody has graded yet gets rows that wait for a person."""
    verdicts = {(result.student, released.id_of(result.notebook)): result for result in graded}
    grades: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    comments: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for (student, notebook_id), key in submitted.items():
        result = verdicts.get((student, notebook_id))
        cells = {} if result is None else result.cells
        for cell in released.graded(notebook_id):
            # Nobody but a person grades a task.
            told = cell.name in cells or (result is not None and cell.kind != "TaskCell")
            verdict = cells.get(cell.name, NOT_GRADED) if told else GradedCell(None)
            grades[told].append(
                _of_cell(key, cell.id)
                | {
                    "auto_score": verdict.auto_score,
                    "needs_manual_grade": verdict.needs_manual or verdict.auto_score is None,
                }
            )
        for cell in released.commented(notebook_id):
            comment = cells.get(cell.name, NOT_GRADED).comment
            comments[result is not None].append(_of_cell(key, cell.id) | {"auto_comment": comment})
    # A cell that a person has scored is marked for another look. The database decides it,
    # because it knows what was scored in the meantime.
    scored = GRADE.c.manual_score.is_not(None)
    _set(
        connection,
        GRADE,
        grades,
        lambda new: {
            "auto_score": new.auto_score,
            "needs_manual_grade": case((scored, true()), else_=new.needs_manual_grade),
        },
    )
    _set(connection, COMMENT, comments, lambda new: {"auto_comment": new.auto_comment})


def _of_cell(submitted: str, cell: str) -> dict[str, Any]:
    return {"id": _new(), "notebook_id": submitted, "cell_id": cell}


def _set(
    connection: Connection,
    table: Table,
    rows: dict[bool, list[dict[str, Any]]],
    change: Callable[[Any], dict[str, Any]],
) -> None:
    """Write rows of cells: what was told changes what is there, the rest is made where missing."""
    key = ["cell_id", "notebook_id"]
    made = upsert(connection, table)
    changed = made.on_conflict_do_update(index_elements=key, set_=change(made.excluded))
    _run(connection, changed, rows[True])
    _run(connection, made.on_conflict_do_nothing(index_elements=key), rows[False])


def write_penalties(
    connection: Connection,
    released: ReleasedAssignment,
    submissions: Mapping[str, Any],
    submitted: Mapping[str, str],
    late_penalty: LatePenalty | None,
) -> None:
    """Set the penalty of notebooks anew; see `penalties_of`."""
    penalties = penalties_of(connection, released, submissions, submitted, late_penalty)
    _run(
        connection,
        update(SUBMITTED)
        .where(SUBMITTED.c.id == bindparam("at"))
        .values(late_submission_penalty=bindparam("penalty")),
        [{"at": key, "penalty": penalty} for key, penalty in penalties.items()],
    )


def penalties_of(
    connection: Connection,
    released: ReleasedAssignment,
    submissions: Mapping[str, Any],
    submitted: Mapping[str, str],
    late_penalty: LatePenalty | None,
) -> dict[str, float | None]:
    """Return what is to be taken away from notebooks, within 0 and their score.

    Parameters
    ----------
    submissions : rows with timestamp and extension by student
    submitted : whose notebook, by the submitted notebook's id
    """
    late: dict[str, tuple[str, float]] = {}
    penalties: dict[str, float | None] = {}
    for key, student in submitted.items():
        penalties[key] = None
        row = submissions[student]
        if late_penalty is not None and released.due is not None and row.timestamp is not None:
            due = released.due + (row.extension or datetime.timedelta())
            if row.timestamp > due:
                late[key] = (student, (row.timestamp - due).total_seconds())
    if late_penalty is not None and late:
        cells = [cell.id for key in released.cells for cell in released.graded(key)]
        score = func.coalesce(GRADE.c.manual_score, GRADE.c.auto_score)
        score = func.coalesce(score + func.coalesce(GRADE.c.extra_credit, 0.0), 0.0)
        for key, total in connection.execute(
            select(GRADE.c.notebook_id, func.sum(score))
            .where(GRADE.c.cell_id.in_(cells), GRADE.c.notebook_id.in_(list(late)))
            .group_by(GRADE.c.notebook_id)
        ):
            penalty = late_penalty(late[key][0], float(total), late[key][1])
            penalties[key] = None if penalty is None else min(max(penalty, 0.0), float(total))
    return penalties


def _new() -> str:
    return os.urandom(16).hex()  # as long as nbgrader's own, which are random too


def _run(connection: Connection, statement: Any, rows: list[dict[str, Any]]) -> None:
    if rows:  # an empty list would insert one empty row
        connection.execute(statement, rows)
