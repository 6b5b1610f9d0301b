"""nbgrader's database, opened once for a run, read once and written in bulk.

Writes what nbgrader's own autograde would write, so Formgrader, exports and
feedback work unchanged.  Must not know the sandbox or the catalogue.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from nbformat import NotebookNode
from nbgrader import api, utils
from sqlalchemy import bindparam, case, insert, literal_column, select, true, update
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import Session

from autograder.assignment import MasterCell, in_notebook_order, master_of
from autograder.course import CourseError
from autograder.sanitise import read_submission

BUSY_SECONDS = 60  # how long to wait for another program that writes
CHUNK = 200  # submissions to a statement; databases bound the values in one
# (student, score, seconds late) -> points to take away, as in nbgrader's plugin
LatePenalty = Callable[[str, float, float], float | None]

_STUDENT = api.Student.__table__
_ASSIGNMENT = api.Assignment.__table__
_NOTEBOOK = api.Notebook.__table__
_SOURCE_CELL = api.SourceCell.__table__
_BASE_CELL = api.BaseCell.__table__
_GRADE_CELL = api.GradeCell.__table__
_TASK_CELL = api.TaskCell.__table__
_SUBMISSION = api.SubmittedAssignment.__table__
_SUBMITTED = api.SubmittedNotebook.__table__
_GRADE = api.Grade.__table__
_COMMENT = api.Comment.__table__


class GradebookError(CourseError):
    """The gradebook cannot be used; its text says why and what to do."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message, code)


@dataclass(frozen=True)
class GradedCell:
    """What the grader says of one cell.

    Parameters
    ----------
    auto_score : points, or None for what a person must grade
    needs_manual : a person must look, whatever the points
    comment : shown with a solution cell where no person has commented
    """

    auto_score: float | None = None
    needs_manual: bool = False
    comment: str | None = None


@dataclass(frozen=True)
class GradedSubmission:
    """What the grader says of one notebook of one student.

    Parameters
    ----------
    student : nbgrader's student id
    assignment, notebook : ``"ps1"``, ``"ps1"``
    timestamp : when it was submitted, in UTC without a zone; None where unknown
    cells : by grade_id; a graded cell that is not there gets 0 points
    """

    student: str
    assignment: str
    notebook: str
    timestamp: datetime.datetime | None
    cells: Mapping[str, GradedCell]

    @classmethod
    def of(
        cls,
        student: str,
        assignment: str,
        notebook: str,
        timestamp: datetime.datetime | None,
        graded: NotebookNode,
    ) -> GradedSubmission:
        """Return what a graded notebook says, read as nbgrader itself reads it."""
        return cls(student, assignment, notebook, timestamp, cells_of(graded))


def cells_of(graded: NotebookNode) -> dict[str, GradedCell]:
    """Return points and comments of a graded notebook by nbgrader's own rules.

    The points of a check are its ``execute_result``; a written answer that is
    still as released has 0 points, any other waits for a person; a solution
    cell still as released has the comment "No response."

    Parameters
    ----------
    graded : a notebook whose checks have verdicts for outputs

    Returns
    -------
    dict of GradedCell by grade_id, for every graded and every solution cell
    """
    cells = {}
    for cell in graded.cells:
        graded_cell, solution = utils.is_grade(cell), utils.is_solution(cell)
        if not graded_cell and not solution:
            continue
        data = cell.metadata["nbgrader"]
        score = utils.determine_grade(cell)[0] if graded_cell else None
        untouched = solution and data.get("checksum") == utils.compute_checksum(cell)
        cells[data["grade_id"]] = GradedCell(
            None if score is None else float(score),
            graded_cell and score is None,
            "No response." if untouched else None,
        )
    return cells


@dataclass(frozen=True)
class _Cell:
    """A released cell that is graded, commented, or both."""

    id: str
    name: str
    kind: str
    max_score: float | None


@dataclass(frozen=True)
class _Released:
    """An assignment as it was released."""

    id: str
    name: str
    due: datetime.datetime | None
    notebooks: dict[str, str]
    cells: dict[str, list[_Cell]] = field(default_factory=dict)

    def graded(self, notebook_id: str) -> list[_Cell]:
        return [cell for cell in self.cells[notebook_id] if cell.max_score is not None]

    def commented(self, notebook_id: str) -> list[_Cell]:
        return [cell for cell in self.cells[notebook_id] if cell.kind != "GradeCell"]


class GradebookStore:
    """An open gradebook; use it as a context manager."""

    def __init__(self, gradebook: api.Gradebook) -> None:
        self._gradebook = gradebook

    @classmethod
    def open(cls, address: str, busy_seconds: float = BUSY_SECONDS) -> GradebookStore:
        """Open a gradebook that exists.

        Parameters
        ----------
        address : a database URL, as `autograder.course.gradebook_url` gives it
        busy_seconds : how long to wait while another program writes

        Raises
        ------
        GradebookError
            where there is none, or it cannot be opened
        """
        with _said_plainly():
            url = make_url(address)
            if url.get_backend_name() == "sqlite":
                if url.database and url.database != ":memory:" and not Path(url.database).exists():
                    raise GradebookError(
                        f"there is no gradebook {url.database}: "
                        "run `autograder release` with an assignment first",
                        code=2,
                    )
                url = url.update_query_dict({"timeout": str(busy_seconds)})
            return cls(api.Gradebook(url.render_as_string(hide_password=False)))

    def __enter__(self) -> GradebookStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._gradebook.close()

    def notebooks(self, assignment: str) -> list[str]:
        """Return the names of an assignment's notebooks, sorted."""
        with self._reading() as connection:
            return sorted(_released(connection, assignment).notebooks)

    def master_cells(self, assignment: str, notebook: str) -> list[MasterCell]:
        """Return the released cells of a notebook.

        SQLite gives them in the notebook's order; other databases promise none:
        see `autograder.sanitise.in_notebook_order`.

        Raises
        ------
        GradebookError
            where the gradebook knows no such assignment or notebook
        """
        with self._reading() as connection:
            released = _released(connection, assignment)
            notebook_id = _notebook_id(released, notebook)
            cells = select(_SOURCE_CELL).where(_SOURCE_CELL.c.notebook_id == notebook_id)
            if connection.dialect.name == "sqlite":  # where it is the order of insertion
                cells = cells.order_by(literal_column("rowid"))
            sources = connection.execute(cells).all()
        kinds: dict[str, set[str]] = {}
        points: dict[str, float] = {}
        for cell in released.cells[notebook_id]:
            kinds.setdefault(cell.name, set()).add(cell.kind)
            if cell.max_score is not None:
                points[cell.name] = cell.max_score
        return [
            MasterCell(
                row.name,
                row.cell_type,
                row.source or "",
                points.get(row.name),
                grade="GradeCell" in kinds.get(row.name, ()),
                solution="SolutionCell" in kinds.get(row.name, ()),
                locked=bool(row.locked),
                task="TaskCell" in kinds.get(row.name, ()),
                checksum=row.checksum,
            )
            for row in sources
        ]

    def released_cells(self, course: Path, assignment: str) -> list[MasterCell]:
        """Return the released cells of an assignment's one notebook, in its order."""
        released = course / "release" / assignment / f"{assignment}.ipynb"
        order = master_of(read_submission(released)) if released.is_file() else []
        return in_notebook_order(self.master_cells(assignment, assignment), order)

    def graded_students(self, assignment: str) -> set[str]:
        """Return the students of whom the gradebook holds a submission of an assignment."""
        with self._reading() as connection:
            released = _released(connection, assignment)
            submitted = _SUBMISSION.c.assignment_id == released.id
            return set(
                connection.execute(select(_SUBMISSION.c.student_id).where(submitted)).scalars()
            )

    def write(
        self, results: Iterable[GradedSubmission], late_penalty: LatePenalty | None = None
    ) -> None:
        """Write results in one transaction: all of them or none.

        Students and submissions are made where missing.  As in nbgrader, manual
        scores, extra credit and manual comments stay, and a cell with a manual
        score asks for another look.

        Parameters
        ----------
        results : at most one for each notebook of a student
        late_penalty : called for late submissions, as nbgrader's
            ``LateSubmissionPlugin.late_submission_penalty``; None takes nothing away

        Raises
        ------
        GradebookError
            where nothing could be written
        """
        batch: dict[str, list[GradedSubmission]] = {}
        for result in results:
            batch.setdefault(result.assignment, []).append(result)
        with _said_plainly(), self._gradebook.engine.begin() as connection:
            for assignment, graded in sorted(batch.items()):
                released = _released(connection, assignment)
                _check(released, graded)
                for first in range(0, len(graded), CHUNK):
                    some = graded[first : first + CHUNK]
                    submitted = _make_rows(connection, released, some)
                    _write_cells(connection, released, some, submitted)
                    _write_penalties(connection, released, some, submitted, late_penalty)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _said_plainly(), self._gradebook.engine.connect() as connection:
            yield connection


def _released(connection: Connection, assignment: str) -> _Released:
    row = connection.execute(select(_ASSIGNMENT).where(_ASSIGNMENT.c.name == assignment)).first()
    if row is None:
        raise GradebookError(
            f"{assignment} is not in the gradebook: run `autograder release {assignment}` first",
            code=2,
        )
    notebooks = connection.execute(
        select(_NOTEBOOK.c.name, _NOTEBOOK.c.id).where(_NOTEBOOK.c.assignment_id == row.id)
    ).all()
    released = _Released(row.id, row.name, row.duedate, dict(iter(notebooks)))
    released.cells.update({key: [] for key in released.notebooks.values()})
    with_points = _BASE_CELL.outerjoin(_GRADE_CELL, _GRADE_CELL.c.id == _BASE_CELL.c.id).outerjoin(
        _TASK_CELL, _TASK_CELL.c.id == _BASE_CELL.c.id
    )
    for key, notebook_id, name, kind, points, task_points in connection.execute(
        select(
            _BASE_CELL.c.id,
            _BASE_CELL.c.notebook_id,
            _BASE_CELL.c.name,
            _BASE_CELL.c.type,
            _GRADE_CELL.c.max_score,
            _TASK_CELL.c.max_score,
        )
        .select_from(with_points)
        .where(_BASE_CELL.c.notebook_id.in_(list(released.cells)))
    ):
        most = task_points if points is None else points
        released.cells[notebook_id].append(_Cell(key, name, kind, most))
    return released


def _notebook_id(released: _Released, notebook: str) -> str:
    if notebook not in released.notebooks:
        known = ", ".join(sorted(released.notebooks)) or "none"
        raise GradebookError(
            f"{released.name} has no notebook {notebook} in the gradebook (there: {known}): "
            f"run `autograder release {released.name}` again",
            code=2,
        )
    return released.notebooks[notebook]


def _check(released: _Released, graded: list[GradedSubmission]) -> None:
    """Refuse what would be stored wrongly without a word; SQLite makes nan NULL."""
    for result in graded:
        notebook_id = _notebook_id(released, result.notebook)
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


def _make_rows(
    connection: Connection, released: _Released, graded: list[GradedSubmission]
) -> dict[tuple[str, str], str]:
    """Make what is missing, for every notebook of the assignment, as nbgrader does.

    Returns
    -------
    dict from (student, notebook's id) to the submitted notebook's id
    """
    times = {result.student: result.timestamp for result in graded}
    times |= {result.student: result.timestamp for result in graded if result.timestamp}

    named = _STUDENT.c.id.in_(list(times))
    there = set(connection.execute(select(_STUDENT.c.id).where(named)).scalars())
    _insert(connection, _STUDENT, [{"id": name} for name in sorted(set(times) - there)])

    known = select(_SUBMISSION.c.student_id, _SUBMISSION.c.id).where(
        _SUBMISSION.c.assignment_id == released.id, _SUBMISSION.c.student_id.in_(list(times))
    )
    ids: dict[str, str] = dict(iter(connection.execute(known).all()))
    new = {student: api.new_uuid() for student in sorted(set(times) - set(ids))}
    _insert(
        connection,
        _SUBMISSION,
        [
            {
                "id": key,
                "assignment_id": released.id,
                "student_id": student,
                "timestamp": times[student],
            }
            for student, key in new.items()
        ],
    )
    moved = [
        {"at": ids[student], "time": time}
        for student, time in times.items()
        if student in ids and time is not None
    ]
    if moved:
        change = update(_SUBMISSION).where(_SUBMISSION.c.id == bindparam("at"))
        connection.execute(change.values(timestamp=bindparam("time")), moved)
    ids |= new

    of_student = {key: student for student, key in ids.items()}
    submitted = {
        (of_student[submission_id], notebook_id): key
        for key, submission_id, notebook_id in connection.execute(
            select(_SUBMITTED.c.id, _SUBMITTED.c.assignment_id, _SUBMITTED.c.notebook_id).where(
                _SUBMITTED.c.assignment_id.in_(list(of_student))
            )
        )
    }
    missing = {
        (student, notebook_id): api.new_uuid()
        for student in times
        for notebook_id in released.cells
        if (student, notebook_id) not in submitted
    }
    _insert(
        connection,
        _SUBMITTED,
        [
            {"id": key, "assignment_id": ids[student], "notebook_id": notebook_id, "flagged": False}
            for (student, notebook_id), key in missing.items()
        ],
    )
    submitted |= missing
    for rows, of in ((_GRADE, released.graded), (_COMMENT, released.commented)):
        _make_cell_rows(connection, rows, released, submitted, of)
    return submitted


def _make_cell_rows(
    connection: Connection,
    rows: Any,
    released: _Released,
    submitted: dict[tuple[str, str], str],
    of: Callable[[str], list[_Cell]],
) -> None:
    """Make a grade or a comment, still empty, for each cell that has none."""
    of_these = rows.c.notebook_id.in_(list(submitted.values()))
    found = connection.execute(select(rows.c.notebook_id, rows.c.cell_id).where(of_these))
    there = {(notebook, cell) for notebook, cell in found}
    _insert(
        connection,
        rows,
        [
            {"id": api.new_uuid(), "notebook_id": key, "cell_id": cell.id}
            for (_, notebook_id), key in submitted.items()
            for cell in of(notebook_id)
            if (key, cell.id) not in there
        ],
    )


def _write_cells(
    connection: Connection,
    released: _Released,
    graded: list[GradedSubmission],
    submitted: dict[tuple[str, str], str],
) -> None:
    grades: list[dict[str, Any]] = []
    comments: list[dict[str, Any]] = []
    nothing = GradedCell(0.0)
    for result in graded:
        notebook_id = released.notebooks[result.notebook]
        row = {"at": submitted[result.student, notebook_id]}
        for cell in released.graded(notebook_id):
            verdict = result.cells.get(cell.name, nothing)
            manual = verdict.needs_manual or verdict.auto_score is None
            grades.append(row | {"of": cell.id, "score": verdict.auto_score, "manual": manual})
        for cell in released.commented(notebook_id):
            comment = result.cells.get(cell.name, nothing).comment
            comments.append(row | {"of": cell.id, "comment": comment})
    if grades:
        # What a person has scored asks for another look; decided by the database,
        # which knows what they have scored since.
        again = case((_GRADE.c.manual_score.is_not(None), true()), else_=bindparam("manual"))
        connection.execute(
            update(_GRADE)
            .where(_GRADE.c.notebook_id == bindparam("at"), _GRADE.c.cell_id == bindparam("of"))
            .values(auto_score=bindparam("score"), needs_manual_grade=again),
            grades,
        )
    if comments:
        connection.execute(
            update(_COMMENT)
            .where(_COMMENT.c.notebook_id == bindparam("at"), _COMMENT.c.cell_id == bindparam("of"))
            .values(auto_comment=bindparam("comment")),
            comments,
        )


def _write_penalties(
    connection: Connection,
    released: _Released,
    graded: list[GradedSubmission],
    submitted: dict[tuple[str, str], str],
    late_penalty: LatePenalty | None,
) -> None:
    """Set the penalty of each notebook anew, within 0 and its score."""
    keys = {
        submitted[result.student, released.notebooks[result.notebook]]: result.student
        for result in graded
    }
    penalties: dict[str, float | None] = dict.fromkeys(keys)
    if late_penalty is not None and released.due is not None:
        with Session(connection) as session:
            rows = session.execute(
                select(
                    api.SubmittedNotebook.id,
                    api.SubmittedNotebook.score,
                    api.SubmittedAssignment.timestamp,
                    api.SubmittedAssignment.extension,
                )
                .join(api.SubmittedNotebook.assignment)
                .where(api.SubmittedNotebook.id.in_(list(keys)))
            ).all()
        for key, score, time, extension in rows:
            due = released.due + (extension or datetime.timedelta())
            if time is not None and time > due:
                penalty = late_penalty(keys[key], float(score), (time - due).total_seconds())
                penalties[key] = None if penalty is None else min(max(penalty, 0.0), float(score))
    if penalties:
        connection.execute(
            update(_SUBMITTED)
            .where(_SUBMITTED.c.id == bindparam("at"))
            .values(late_submission_penalty=bindparam("penalty")),
            [{"at": key, "penalty": penalty} for key, penalty in penalties.items()],
        )


def _insert(connection: Connection, rows: Any, values: list[dict[str, Any]]) -> None:
    if values:  # an empty list would insert one empty row
        connection.execute(insert(rows), values)


_REASONS = (
    ("locked", "another program is writing to it; close it or wait, then run this again"),
    ("readonly", "it is read-only for this user; make the file and its folder writable"),
    ("read-only", "it is read-only for this user; make the file and its folder writable"),
    ("disk is full", "the disk is full; make room, then run this again"),
    ("no such column", "it is of another nbgrader; back it up and run `nbgrader db upgrade`"),
    ("no such table", "it is of another nbgrader; back it up and run `nbgrader db upgrade`"),
    ("not a database", "the file is not a database; put a backup in its place"),
    ("malformed", "the file is damaged; put a backup in its place"),
    ("unable to open", "it cannot be opened; see whether the file and its folder may be read"),
)


@contextmanager
def _said_plainly() -> Iterator[None]:
    """Turn what a database raises into one sentence."""
    try:
        yield
    except IntegrityError as error:
        raise GradebookError(
            "the gradebook was changed by another program at the same moment; "
            "nothing was written: run this again"
        ) from error
    except (ArgumentError, NoSuchModuleError) as error:
        raise GradebookError(f"that is no database URL: {_first_line(error)}", code=2) from error
    except ModuleNotFoundError as error:
        raise GradebookError(
            f"the gradebook's database needs the Python package {error.name}: install it"
        ) from error
    except (SQLAlchemyError, api.InvalidEntry, OSError) as error:
        text = str(getattr(error, "orig", None) or error)
        reason = next((say for sign, say in _REASONS if sign in text.lower()), _first_line(error))
        raise GradebookError(f"the gradebook cannot be used: {reason}") from error


def _first_line(error: BaseException) -> str:
    text = str(getattr(error, "orig", None) or error).strip()
    return (text.splitlines() or [type(error).__name__])[0].rstrip(".")
