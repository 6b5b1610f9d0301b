"""An open gradebook: what the rest of the grader may ask of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, select

from autograder.course.assignment import MasterCell, in_notebook_order
from autograder.course.handed_in.reading import UnreadableSubmission, read_bytes
from autograder.gradebook.by_hand import (
    HandMark,
    NewMark,
    Place,
    read_hand_marks,
    write_hand_marks,
)
from autograder.gradebook.cell_marks import Marks
from autograder.gradebook.database import BUSY_SECONDS, Database, GradebookError, said_plainly
from autograder.gradebook.lateness import (
    Extension,
    Times,
    read_extensions,
    read_outdated,
    write_extension,
    write_times,
)
from autograder.gradebook.marks import read_marks
from autograder.gradebook.released import read_master_cells, read_released
from autograder.gradebook.scores import (
    Person,
    SubmissionScore,
    read_max_score,
    read_roster,
    read_scores,
)
from autograder.gradebook.tables import SUBMISSION
from autograder.gradebook.writing import LatePenalty, check, write_people, write_results
from autograder.submission.graded_cells import GradedSubmission

CHUNK = 200  # submissions in one statement: databases limit the values of a statement
T = TypeVar("T")


class GradebookStore:
    """An open gradebook; use it as a context manager."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, address: str, busy_seconds: float = BUSY_SECONDS) -> GradebookStore:
        """Open a gradebook that exists.

        Parameters
        ----------
        address : a database URL, as `autograder.course.course.Course` gives it
        busy_seconds : how long to wait while another program writes

        Raises
        ------
        GradebookError
            where there is none, or it cannot be opened
        """
        with said_plainly():
            return cls(Database(address, busy_seconds))

    def __enter__(self) -> GradebookStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._database.engine.dispose()

    def notebooks(self, assignment: str) -> list[str]:
        """Return the names of an assignment's notebooks, sorted."""
        return self._read(
            lambda connection: sorted(read_released(connection, assignment).notebooks)
        )

    def master_cells(self, assignment: str, notebook: str) -> list[MasterCell]:
        """Return the released cells of a notebook, sorted by name.

        Raises
        ------
        GradebookError
            where the gradebook knows no such assignment or notebook
        """
        return self._read(lambda connection: read_master_cells(connection, assignment, notebook))

    def released_cells(self, course: Path, assignment: str, notebook: str) -> list[MasterCell]:
        """Return the released cells of a notebook, in its order.

        Raises
        ------
        GradebookError
            where the gradebook knows no such assignment, or the release cannot be read
        """
        folder = course / "release" / assignment
        try:
            released = _released_sources(folder / f"{notebook}.ipynb")
        except UnreadableSubmission as failure:
            raise GradebookError(
                f"{folder}: {failure} Run `autograder release {assignment}`"
            ) from None
        cells = in_notebook_order(self.master_cells(assignment, notebook), released)
        return [
            replace(cell, released=text)
            if (text := released.get(cell.grade_id)) not in (None, cell.source)
            else cell
            for cell in cells
        ]

    def graded_students(self, assignment: str) -> set[str]:
        """Return the students of whom the gradebook holds a submission of an assignment."""

        def students(connection: Connection) -> set[str]:
            submitted = SUBMISSION.c.assignment_id == read_released(connection, assignment).id
            return set(
                connection.execute(select(SUBMISSION.c.student_id).where(submitted)).scalars()
            )

        return self._read(students)

    def roster(self) -> list[Person]:
        """Return the students of the course by last name, first name and id."""
        return self._read(read_roster)

    def enrol(self, people: Sequence[Person]) -> None:
        """Add people to the roster, and to those who are in it what it does not know of them.

        Raises
        ------
        GradebookError
            where nothing could be written
        """
        with said_plainly():
            if people:
                self._database.write(lambda connection: write_people(connection, people))

    def scores(self, assignment: str) -> dict[str, SubmissionScore]:
        """Return what is stored of an assignment's submissions, by student.

        Raises
        ------
        GradebookError
            where the gradebook knows no such assignment
        """
        return self._read(lambda connection: read_scores(connection, assignment))

    def max_score(self, assignment: str) -> float:
        """Return the points that an assignment can earn.

        Raises
        ------
        GradebookError
            where the gradebook knows no such assignment
        """
        return self._read(lambda connection: read_max_score(connection, assignment))

    def marks(self, assignment: str, notebook: str, students: Sequence[str]) -> dict[str, Marks]:
        """Return the marks of a notebook, by student; see `cell_marks`.

        Who has no submission in the gradebook is not there.

        Raises
        ------
        GradebookError
            where the gradebook knows no such assignment
        """

        def marks(connection: Connection) -> dict[str, Marks]:
            released = read_released(connection, assignment)
            found: dict[str, Marks] = {}
            for first in range(0, len(students), CHUNK):
                some = students[first : first + CHUNK]
                found |= read_marks(connection, released, notebook, some)
            return found

        return self._read(marks)

    def hand_marks(self, assignment: str) -> dict[Place, HandMark]:
        """Return the marks of every graded cell of an assignment's submissions.

        Raises
        ------
        GradebookError
            where the gradebook knows no such assignment
        """
        return self._read(
            lambda connection: read_hand_marks(connection, read_released(connection, assignment))
        )

    def write_by_hand(
        self, assignment: str, marks: Sequence[NewMark], late_penalty: LatePenalty | None = None
    ) -> None:
        """Write what a person gave, as Formgrader does, in one transaction: all of it or nothing.

        Raises
        ------
        GradebookError
            where nothing could be written, or somebody else changed one of the marks meanwhile
        """
        with said_plainly():
            self._database.write(
                lambda connection: write_hand_marks(
                    connection, read_released(connection, assignment), marks, late_penalty
                )
            )

    def outdated(self, assignment: str, times: Times, late_penalty: LatePenalty | None) -> set[str]:
        """Return the students whose time or late penalty in the gradebook is not that of now.

        Parameters
        ----------
        times : when each student handed in, UTC without a zone; None where nobody noted it

        Raises
        ------
        GradebookError
            where the gradebook knows no such assignment
        """
        return self._read(
            lambda connection: read_outdated(
                connection, read_released(connection, assignment), times, late_penalty
            )
        )

    def write_times(self, assignment: str, times: Times, late_penalty: LatePenalty | None) -> None:
        """Set the times of hand-ins, and what is taken away by them, in one transaction.

        Raises
        ------
        GradebookError
            where nothing could be written
        """
        with said_plainly():
            self._database.write(
                lambda connection: write_times(
                    connection, read_released(connection, assignment), times, late_penalty
                )
            )

    def extend(self, assignment: str, student: str, until: datetime) -> None:
        """Give a student time until a moment, UTC without a zone.

        Raises
        ------
        GradebookError
            where there is no such student or due date, or it is no more time
        """
        with said_plainly():
            self._database.write(
                lambda connection: write_extension(
                    connection, read_released(connection, assignment), student, until
                )
            )

    def extensions(self, assignment: str) -> Sequence[Extension]:
        """Return who has more time for an assignment, by student."""
        return self._read(
            lambda connection: read_extensions(connection, read_released(connection, assignment))
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
        results : at most one for each notebook of a student; a few hundred at a time
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

        def work(connection: Connection) -> None:
            for assignment, graded in sorted(batch.items()):
                released = read_released(connection, assignment)
                check(released, graded)
                # Always in the same order, so that two programs rarely wait for each other's rows.
                graded.sort(key=lambda result: (result.student, result.notebook))
                for first in range(0, len(graded), CHUNK):
                    some = graded[first : first + CHUNK]
                    write_results(connection, released, some, late_penalty)

        with said_plainly():
            if batch:
                self._database.write(work)

    def _read(self, question: Callable[[Connection], T]) -> T:
        with said_plainly():
            return self._database.read(question)


def _released_sources(path: Path) -> dict[str, str]:
    """Return what nbgrader's cells hold in a release notebook, by name, in its order."""
    data = read_bytes(path)
    try:
        cells = [
            (cell["metadata"].get("nbgrader", {}).get("grade_id"), "".join(cell["source"]))
            for cell in json.loads(data)["cells"]
        ]
        return {name: source for name, source in cells if name}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UnreadableSubmission(f"{path.name} is not a notebook.") from None
