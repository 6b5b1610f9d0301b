"""Does it to a course: writes the table of an assignment, and takes filled ones in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from autograder.base.words import counted, points_text, printable
from autograder.course.assignment import of_several
from autograder.course.course import Course
from autograder.course.folder import CourseError, label_of, require_assignment, write_atomically
from autograder.gradebook import GradebookStore
from autograder.gradebook.by_hand import NewMark, Place
from autograder.grading.history import MarkGiven, note_marks
from autograder.grading.standing import LATE, Standing, Standings, none_counts
from autograder.pages.marking.answers import Answer, read_answers
from autograder.pages.marking.merge import merge
from autograder.pages.marking.sheet import Keys, as_csv, read_csv


def write_table(
    course: Path, assignment: str, path: Path, blind: bool = False, separator: str = ","
) -> tuple[list[str], list[str]]:
    """Write what people mark of an assignment as a table to fill in.

    Parameters
    ----------
    course : the course's folder
    path : the file; it must not be there yet, since marks may be in it
    blind : students have labels instead of names, as in the report
    separator : see `autograder.pages.marking.sheet.as_csv`

    Returns
    -------
    what was written and what is not in it, a sentence each; and whose hand-ins are left out,
    because what is graded is not what lies there now

    Raises
    ------
    CourseError : there is nothing to mark, or the file is there; nothing is written
    OSError : it cannot be written
    """
    require_assignment(course, assignment)
    if path.exists():
        raise CourseError(
            f"{path} is there already, and marks may be in it: choose another name, or read it in "
            f"with --in and remove it"
        )
    if not path.absolute().parent.is_dir():
        raise CourseError(f"there is no folder {path.absolute().parent}")
    where = Course(course)
    with GradebookStore.open(where.gradebook_url) as gradebook:
        answers = _answers(course, assignment, gradebook)
        standings = Standings(where, assignment, gradebook)
        roster = {person.id: person for person in gradebook.roster()}
    if not answers:
        raise none_counts(assignment, standings.left_out())
    if not any(answer.by_hand or answer.is_for_people for answer in answers):
        raise CourseError(f"{assignment} has nothing that a person marks")
    names = {}
    for student in {answer.place.student for answer in answers}:
        person = roster[student]
        name = ", ".join(part for part in (person.last_name, person.first_name) if part)
        names[student] = (label_of(where.secret, student), "") if blind else (student, name)
    questions = list(dict.fromkeys(answer.place[1:] for answer in answers))
    answers.sort(key=lambda one: (questions.index(one.place[1:]), names[one.place.student]))
    answers = [one for one in answers if may_be_marked(standings.of(one.place.student))]
    wanted = [answer for answer in answers if answer.is_for_people]
    keys = Keys(where.secret, assignment)
    write_atomically(path.absolute(), as_csv(wanted, keys, names, separator))
    waiting = sum(answer.now.mark.waits for answer in wanted)
    said = [f"wrote {path}: {counted(len(wanted), 'answer')}, {waiting} of them to be marked"]
    empty = sum(answer.by_hand and not answer.is_for_people for answer in answers)
    if empty:
        said.append(f"{counted(empty, 'answer')} left as released: 0 points, and not in the table")
    return said, [
        f"{printable(student)}'s {assignment} {printable(standing.why)}"
        for student, standing in standings.everybody().items()
        if standing.left_out and not may_be_marked(standing)
    ]


def may_be_marked(standing: Standing) -> bool:
    """Whether a person's marks are of what lies there; when it was handed in is no matter."""
    return standing.counts or standing.state == LATE


class Filled:
    """Filled tables of an assignment: what they change, and doing it.

    Parameters
    ----------
    course : the course's folder
    paths : one or more tables; each may have marks of other answers

    Raises
    ------
    CourseError : a file is no table, or there is no such assignment
    OSError : a file cannot be read
    """

    def __init__(self, course: Path, assignment: str, paths: Sequence[Path]) -> None:
        require_assignment(course, assignment)
        self.course, self.assignment = course, assignment
        self._settings = Course(course)
        self._files = [path.name for path in paths]
        rows, self.problems = [], []
        for path in paths:
            some, problems = read_csv(path)
            rows += some
            self.problems += problems
        with GradebookStore.open(self._settings.gradebook_url) as gradebook:
            answers = _answers(course, assignment, gradebook)
            self._notebooks = gradebook.notebooks(assignment)
            standings = Standings(self._settings, assignment, gradebook)
        secret = self._settings.secret
        merged = merge(
            rows,
            answers,
            Keys(secret, assignment),
            lambda student: (student, label_of(secret, student)),
            lambda student: _why_not(standings.of(student)),
        )
        self.problems += merged.problems
        self._marks, self._shown = merged.marks, merged.shown

    @property
    def changes(self) -> list[tuple[str, str, str, str]]:
        """What changes, a row each: student, question, points and comment."""
        return [
            (printable(student), self._name(mark.place), _points(mark), _comment(mark))
            for student, mark in zip(self._shown, self._marks, strict=True)
        ]

    def write(self) -> None:
        """Write all of it, and note in the history who marked by what.

        Raises
        ------
        CourseError : nothing could be written, or the gradebook was changed meanwhile
        """
        rule = self._settings.late
        with GradebookStore.open(self._settings.gradebook_url) as gradebook:
            penalty = rule.penalty if rule is not None else None
            gradebook.write_by_hand(self.assignment, self._marks, penalty)
        given = [
            MarkGiven(mark.place.student, self._name(mark.place), mark.points, bool(mark.comment))
            for mark in self._marks
        ]
        note_marks(self.course, self.assignment, given, printable(" ".join(self._files)))

    def _name(self, place: Place) -> str:
        return of_several(place.cell, place.notebook, self._notebooks)


def _answers(course: Path, assignment: str, gradebook: GradebookStore) -> list[Answer]:
    cells = {
        notebook: gradebook.released_cells(course, assignment, notebook)
        for notebook in gradebook.notebooks(assignment)
    }
    return read_answers(course, assignment, cells, gradebook.hand_marks(assignment))


def _why_not(standing: Standing) -> str:
    return "" if may_be_marked(standing) else standing.why


def _points(mark: NewMark) -> str:
    before, after = mark.before.mark.points, mark.points
    if after is None:
        after = mark.before.mark.auto_score
    if before == after:
        return f"{_number(before)} stay" if mark.looked_at else _number(before)
    return f"{_number(before)} -> {_number(after)} of {points_text(mark.before.mark.max_score)}"


def _number(points: float | None) -> str:
    return "-" if points is None else points_text(points)


def _comment(mark: NewMark) -> str:
    before, after = (
        " ".join(printable(" ".join(text.split())).split())
        for text in (mark.before.comment, mark.comment)
    )
    if before == after:
        return ""
    return f"{before or '-'} -> {after or '-'}" if before else after
