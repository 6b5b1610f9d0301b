"""Scores for a learning management system: nbgrader's export plugins for Canvas and Moodle.

`nbgrader export --exporter autograder.pages.exports.CanvasExporter` and
`autograder export --to canvas` write the same file.  A student without a
submission gets no score, never a zero: whether that is one is for the system to say.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin, ExportPlugin
from traitlets.config import Config

from autograder.base.words import listed, spreadsheet_text
from autograder.course import settings
from autograder.course.course import Course
from autograder.course.folder import (
    CourseError,
    require_assignment,
    write_atomically,
)
from autograder.gradebook import GradebookStore
from autograder.gradebook.database import said_plainly
from autograder.gradebook.scores import (
    Person,
    SubmissionScore,
    read_max_score,
    read_roster,
)
from autograder.grading.standing import HOW_TO_MARK, Standings, none_counts
from autograder.pages.strangers import said_of_strangers

DECIMALS = 2  # Canvas stores no more
COLUMNS = (
    *("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email"),
    *("raw_score", "late_submission_penalty", "score", "max_score"),
)


@dataclass(frozen=True)
class AssignmentScores:
    """What is exported of one assignment.

    Parameters
    ----------
    name : of the assignment
    max_score : points that it can earn
    scores : by student; who is not there has handed in nothing
    """

    name: str
    max_score: float
    scores: dict[str, SubmissionScore]

    def final(self, student: str, missing: str) -> str:
        """Return a student's score, late penalty taken away, or what stands for none."""
        score = self.scores.get(student)
        return missing if score is None else plain_number(score.final)


class CountingScores(ExportPlugin):
    """What all exporters share: which scores are of what lies there now."""

    course: Course | None = None  # that of nbgrader's settings where None

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.left_out: list[str] = []  # whose do not count, and why, a sentence each
        self.said: list[str] = []

    def counting(self, name: str) -> dict[str, SubmissionScore]:
        """Return the scores of an assignment that count, by student; note the others."""
        course = self.course or Course(Path(self.config.CourseDirectory.root))
        with GradebookStore.open(course.gradebook_url) as store:
            if not (course.folder / "release" / name).is_dir():
                return store.scores(name)  # what people alone have marked
            standings = Standings(course, name, store)
        self.left_out += standings.left_out()
        self.said += standings.older()
        if self.course is None:  # otherwise who has made this asks for them
            for said in (*self.left_out, *self.said):
                self.log.warning("%s", said)
        return standings.counting()


class ScoresExporter(CountingScores):
    """What the exporters of this module share: whose scores, and how they are written."""

    destination = ""

    def export(self, gradebook: Gradebook) -> None:
        """Write the file, as nbgrader asks for it."""
        try:
            with said_plainly():
                people, assignments = self._read(gradebook)
            rows = self.rows(people, assignments)
            write_atomically(Path(self.to or self.destination).absolute(), csv_text(rows))
        except (CourseError, OSError) as failure:
            if self.parent is None:
                raise
            self.parent.fail("%s", failure)

    def rows(
        self, people: Sequence[Person], assignments: Sequence[AssignmentScores]
    ) -> Iterable[Sequence[str]]:
        """Return the lines of the file."""
        raise NotImplementedError

    def _read(self, gradebook: Gradebook) -> tuple[list[Person], list[AssignmentScores]]:
        # nbgrader takes a list from the command line as it is written, numbers among it.
        students, names = set(map(str, self.student)), list(map(str, self.assignment))
        connection = gradebook.db.connection()
        known = [one.name for one in gradebook.assignments]
        assignments = [
            AssignmentScores(name, read_max_score(connection, name), self.counting(name))
            for name in (names or known)
        ]
        roster = read_roster(connection)
        unknown = students - {person.id for person in roster}
        if unknown:
            raise CourseError(f"the gradebook has no student {listed(sorted(unknown))}")
        people = [person for person in roster if not students or person.id in students]
        return people, assignments


class CanvasExporter(ScoresExporter, settings.CanvasExporter):
    """Canvas's gradebook: `Grades`, `Import`.

    Canvas finds a student by its own user id, else by the login, else by the name, and an
    assignment by its title; an empty score changes nothing that is not there.
    """

    destination = "grades-canvas.csv"

    def rows(
        self, people: Sequence[Person], assignments: Sequence[AssignmentScores]
    ) -> Iterable[Sequence[str]]:
        """Return header, points possible, and a line for each student."""
        columns = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
        yield [
            *columns,
            *(spreadsheet_text(self.titles.get(one.name, one.name)) for one in assignments),
        ]
        possible = (plain_number(one.max_score) for one in assignments)
        yield ["    Points Possible", *[""] * (len(columns) - 1), *possible]
        for person in people:
            name = ", ".join(part for part in (person.last_name, person.first_name) if part)
            lms = person.lms_user_id
            ids = (lms, "") if self.lms_user_id == "ID" else ("", lms)
            scores = (one.final(person.id, "") for one in assignments)
            yield [*map(spreadsheet_text, (name or person.id, *ids, person.id, "")), *scores]


class MoodleExporter(ScoresExporter):
    """Moodle's gradebook: `Import`, `CSV file`.

    Moodle asks which column tells students apart and which grade each other column is; "-"
    is no grade to it.
    """

    destination = "grades-moodle.csv"

    def rows(
        self, people: Sequence[Person], assignments: Sequence[AssignmentScores]
    ) -> Iterable[Sequence[str]]:
        """Return header, and a line for each student."""
        columns = ["First name", "Last name", "ID number", "Email address", "Username"]
        yield [*columns, *(f"Assignment: {one.name} (Real)" for one in assignments)]
        for person in people:
            who = (person.first_name, person.last_name, person.lms_user_id, person.email, person.id)
            yield [*map(spreadsheet_text, who), *(one.final(person.id, "-") for one in assignments)]


class NbgraderCsv(CsvExportPlugin, CountingScores):
    """nbgrader's own columns, quoted; what does not count, or was not handed in, has no score."""

    destination = "grades.csv"

    def export(self, gradebook: Gradebook) -> None:
        """Write the file."""
        names, students = (set(map(str, some)) for some in (self.assignment, self.student))
        rows: list[Sequence[str]] = [COLUMNS]
        for assignment in gradebook.assignments:
            if names and assignment.name not in names:
                continue
            counting = self.counting(assignment.name)
            handed_in = {one.student_id: one for one in assignment.submissions}
            for student in gradebook.students:
                if students and student.id not in students:
                    continue
                submission = handed_in.get(student.id)
                scores: Sequence[object] = ("", "", "")
                if submission is not None and student.id in counting:
                    score, penalty = submission.score, submission.late_submission_penalty
                    scores = (score, penalty, max(0.0, score - penalty))
                who = (student.id, student.last_name, student.first_name, student.email)
                when = (assignment.duedate, submission.timestamp if submission else None)
                rows.append(
                    [
                        *(assignment.name, *(str(moment or "") for moment in when)),
                        *(spreadsheet_text(text or "") for text in who),
                        *(str(one) for one in (*scores, assignment.max_score)),
                    ]
                )
        write_atomically(Path(self.to or self.destination).absolute(), csv_text(rows))


EXPORTERS: dict[str, Any] = {
    "canvas": CanvasExporter,
    "moodle": MoodleExporter,
    "csv": NbgraderCsv,
}


def export(
    course: Path, to: str, assignments: Sequence[str], output: Path | None = None
) -> tuple[Path, list[str], list[str]]:
    """Export the scores of assignments, with the course's settings.

    Parameters
    ----------
    course : the course's folder
    to : "canvas", "moodle" or "csv"
    assignments : their names
    output : the file; in the course's folder where None

    Returns
    -------
    the file, sentences on what a person should know of the scores, and one on each hand-in
    whose score is left out

    Raises
    ------
    CourseError : there is no such assignment, or nothing of it is graded; nothing is written
    OSError : the file cannot be written
    """
    where = Course(course)
    for name in assignments:
        require_assignment(course, name)
    url = where.gradebook_url
    said = []
    with GradebookStore.open(url) as store:
        for name in assignments:
            scores = store.scores(name)
            if not scores:
                is_released = (course / "release" / name).is_dir()
                left = Standings(where, name, store).left_out() if is_released else []
                raise none_counts(name, left)
            waiting = sum(score.waits for score in scores.values())
            if waiting:
                said.append(
                    f"{name}: {waiting} of {len(scores)} wait for a person's marks, "
                    f"which count nothing until then: {HOW_TO_MARK.format(name)}"
                )
    said += said_of_strangers(course, assignments)
    exporter = EXPORTERS[to]
    path = (output or course / exporter.destination).absolute()
    if not path.parent.is_dir():
        raise CourseError(f"there is no folder {path.parent}")
    plugin = exporter(config=Config(where.settings), to=str(path), assignment=list(assignments))
    plugin.course = where
    with said_plainly(), Gradebook(url) as gradebook:
        plugin.export(gradebook)
    return path, said + plugin.said, plugin.left_out


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as CSV, quoted where needed."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def plain_number(points: float) -> str:
    """Write points with a decimal point and without needless zeros.

    >>> plain_number(3.0), plain_number(2.50), plain_number(1 / 3)
    ('3', '2.5', '0.33')
    """
    return f"{points:.{DECIMALS}f}".rstrip("0").rstrip(".")
