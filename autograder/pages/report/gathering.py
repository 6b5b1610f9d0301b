"""From what grading left to records: ``autograded/``, the gradebook, and the times.

Student code and what it wrote are never run or trusted here: verdicts are data that the
grader stored, whichever road graded, and their sentences are text.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from autograder.base.words import listed, points_text, printable
from autograder.catalogue.model import Exercise
from autograder.course.assignment import MasterCell, of_several
from autograder.course.course import Course
from autograder.course.folder import (
    CourseError,
    Submission,
    label_of,
    notebooks_in,
    require_assignment,
)
from autograder.course.handed_in.finding import FOUND
from autograder.gradebook import GradebookStore
from autograder.gradebook.scores import strangers
from autograder.grading.history import changes, read_history, why
from autograder.grading.records import VERDICTS_FILE, read_seconds
from autograder.grading.standing import (
    EXCLUDED,
    GONE,
    HOW_TO_MARK,
    NONE,
    NOTHING,
    Standing,
    Standings,
    none_counts,
)
from autograder.judging.judge import NOT_WRITTEN
from autograder.pages.report.formats import write
from autograder.pages.report.statistics import (
    BY_HAND,
    NONE_HANDED_IN,
    NOT_GRADED,
    Attempt,
    Item,
    Record,
    figures,
)
from autograder.pages.report.whole import Gathered, course_figures, student_figures
from autograder.pages.report.work import (
    code_of,
    failures,
    names_nobody,
    read_cells,
    words_of,
)
from autograder.submission.test_cells import INSIDE

HOSTILE, TIMED_OUT, DIED, UNREADABLE = "hostile sign", "timed out", "died", "unreadable"
REPAIRED, NO_ISOLATION, REMARK = "repaired", "no isolation", "remark"
STRANGER = ("not in the roster", "handed in, and is nobody in your roster")
SHOWN_REPAIRS = 2
# What the grader's sentences on a run mean; the first that fits counts.
KINDS = (
    # Signal 31: a system call that the sandbox forbids.
    (HOSTILE, r"malformed answer|symbolic link|not an ordinary file|lies outside|signal 31\b"),
    (TIMED_OUT, r"did not end within|ran out of its time|used up its"),
    (
        UNREADABLE,
        r"^(\S+: )?(The submission's path|There is no notebook|\S+\.ipynb (is|has|holds|cannot))",
    ),
    (NO_ISOLATION, r"without isolation"),
    (DIED, r"process|could not be judged|was left out|was lost"),
)


@dataclass(frozen=True)
class Graded:
    """A cell that has points.

    Parameters
    ----------
    key : its name among the scores of a submission
    name : what it is called: the exercise of a check, or the cell's own name
    """

    cell: MasterCell
    key: str
    name: str


@dataclass(frozen=True)
class Kept:
    """What grading left of one submission besides its points."""

    verdicts: dict[str, dict[str, Any]]
    repairs: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass
class Told:
    """What a person should know besides the figures, in sentences.

    Parameters
    ----------
    left_out : on each hand-in that is left out of the figures
    said : on what is in them
    """

    left_out: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def write_reports(
    course: Path,
    assignments: Sequence[str],
    names: bool,
    formats: Sequence[str],
    output: Path | None = None,
    student: str | None = None,
) -> tuple[list[Path], Told]:
    """Write the report on each assignment, on the whole course, or on one student.

    Parameters
    ----------
    course : the course's folder
    assignments : their names; none for all that are graded, in one report
    names : whether students are shown by name; otherwise by labels that stay the same
    formats : of "html", "csv" and "json"
    output : the folder for them; ``reports/`` in the course where None
    student : the one that it is about, by id or by the label of a report; is shown by name

    Returns
    -------
    the files, in the order in which they were written, and what a person should know

    Raises
    ------
    CourseError : there is no such assignment, or nothing of it is graded; nothing is written
    OSError : a file cannot be written
    """
    there = {path.parent.name for path in (course / "source").glob("*/*.ipynb")}
    known = sorted(there, key=lambda name: [part.zfill(9) for part in re.split(r"(\d+)", name)])
    for assignment in assignments or known[:1] or [""]:
        require_assignment(course, assignment)
    told = Told()
    with GradebookStore.open(Course(course).gradebook_url) as gradebook:
        if student is None and assignments:
            reports = [report(course, name, gradebook, names, told) for name in assignments]
        else:
            shown, aside = names or bool(student), told if student is None else Told()
            chosen = assignments or _released_of(course, known)
            gathered = [gather(course, one, gradebook, shown, aside) for one in chosen]
            graded = [one for one in gathered if one.is_graded]
            if not graded:
                raise CourseError("nothing is graded yet: run `autograder grade` first")
            if student is None:
                reports = [course_figures(graded)]
            else:
                reports = [student_figures(graded, _who(graded, student, Course(course).secret))]
    folder = output or course / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    book = Course(course).book
    paths = [path for one in reports for path in write(one, folder, formats, book)]
    return paths, told


def _released_of(course: Path, known: Sequence[str]) -> list[str]:
    return [name for name in known if notebooks_in(course / "release" / name)]


def _who(gathered: Sequence[Gathered], asked: str, secret: bytes) -> str:
    """Return the id of a student who is asked for by it, or by the label that a report shows."""
    there = {student for one in gathered for student in one.records}
    labels = {label_of(secret, student): student for student in there}
    label = f"student {asked.removeprefix('student ')}"
    if asked not in there and label not in labels:
        raise CourseError(
            f"nobody is called {asked!r}, in the roster or among those who handed in: "
            "say the id, as their folder in submitted/ is called, or the label of a report"
        )
    return asked if asked in there else labels[label]


def gather(
    course: Path,
    assignment: str,
    gradebook: GradebookStore,
    names: bool,
    told: Told,
) -> Gathered:
    """Return what there is of an assignment; students have labels, or names.

    Parameters
    ----------
    told : gets what a person should know
    """
    cells = graded_cells(course, assignment, gradebook)
    standings = Standings(Course(course), assignment, gradebook)
    records = read_records(course, assignment, cells, gradebook, standings)
    told.left_out += standings.left_out()
    told.said += standings.older()
    secret = Course(course).secret
    shown = (
        _names(gradebook) if names else {student: label_of(secret, student) for student in records}
    )
    known = Course(course).catalogue.of(*Course(course).sets_of(assignment))
    exercises = {
        one.name: known[name] for one in cells if (name := one.cell.exercise) and name in known
    }
    return Gathered(
        assignment,
        [_item(cell, exercises.get(cell.name)) for cell in cells],
        {
            student: replace(record, student=printable(shown.get(student, student)))
            for student, record in records.items()
        },
        lambda exercise, mistake: words_on(exercises.get(exercise), mistake),
    )


def report(
    course: Path, assignment: str, gradebook: GradebookStore, names: bool, told: Told
) -> dict[str, Any]:
    """Return the figures of one assignment; see `gather`.

    Raises
    ------
    CourseError : nothing of it is graded
    """
    found = gather(course, assignment, gradebook, names, told)
    if not found.is_graded:
        raise none_counts(assignment, told.left_out)
    shown = {student: record.student for student, record in found.records.items()}
    regrades = _regrades(course, assignment, shown)
    return figures(assignment, found.items, found.records.values(), found.about, regrades, names)


def graded_cells(course: Path, assignment: str, gradebook: GradebookStore) -> list[Graded]:
    """Return the cells of an assignment that have points, notebook after notebook."""
    notebooks = gradebook.notebooks(assignment)
    return [
        Graded(
            cell,
            of_several(cell.grade_id, notebook, notebooks),
            of_several(cell.exercise or cell.grade_id, notebook, notebooks),
        )
        for notebook in notebooks
        for cell in gradebook.released_cells(course, assignment, notebook)
        if cell.points is not None
    ]


def _regrades(course: Path, assignment: str, shown: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield each change of somebody's points."""
    for student, entries in read_history(course, assignment).items():
        for before, after in pairwise(entries if student in shown else ()):
            changed = changes(before, after)
            if changed:
                yield {
                    "at": printable(after.at),
                    "student": printable(shown[student]),
                    "points_before": before.total,
                    "points": after.total,
                    "why": ", ".join(why(before, after)),
                    "changed": printable(", ".join(changed)),
                }


def read_records(
    course: Path,
    assignment: str,
    cells: Sequence[Graded],
    gradebook: GradebookStore,
    standings: Standings,
) -> dict[str, Record]:
    """Return a record for each student of the roster and each who handed in, by id."""
    scores = standings.scores
    took = read_seconds(course, assignment)
    notebooks = gradebook.notebooks(assignment)
    handed_in = _students(course / "submitted", assignment)
    roster = gradebook.roster()
    known_by = {
        person.id: {person.id.lower(), *words_of(person.first_name, person.last_name)}
        for person in roster
    }
    everybody = set().union(*known_by.values())
    students = set(known_by) | handed_in | set(scores)
    nobody = set(strangers(roster, handed_in | set(scores)))
    records = {}
    for student in sorted(students | _students(course / "autograded", assignment)):
        standing = standings.of(student)
        if standing.state == EXCLUDED:
            continue
        record = Record(student, handed_in=student in handed_in)
        if not standing.counts:
            stranger = (STRANGER,) if student in nobody else ()
            signs = ((_kind(standing), standing.why), *stranger)
            records[student] = replace(record, signs=signs)
            continue
        try:
            kept = read_kept(Submission(course, assignment, student))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            why = f"its verdicts cannot be read: run `autograder grade {assignment} --force`"
            records[student] = replace(record, signs=((NOT_GRADED, why),))
            continue
        score = scores.get(student)
        marks = score.cells if score is not None else {}
        attempts: dict[str, Attempt] = {}
        for cell in cells:
            verdict = kept.verdicts.get(cell.name)
            mark = marks.get(cell.key)
            if cell.cell.is_test and verdict is not None:
                manual = mark.manual_score if mark is not None else None
                attempts[cell.name] = _attempt(verdict, manual)
            elif mark is not None:
                blank = mark.points == 0 and mark.manual_score is None and not mark.waits
                attempts[cell.name] = Attempt(mark.points, blank=blank)
        waiting = [name for name, mark in marks.items() if mark.waits]
        graded = Submission(course, assignment, student)
        runs = {name: read_cells(graded.graded_path_of(name)) for name in notebooks}
        mine = known_by.get(student, {student.lower()})
        code = {}
        for name in (name for name, attempt in attempts.items() if attempt.mistakes):
            *notebook, exercise = name.rsplit("/", 1)
            text = code_of(runs[notebook[0] if notebook else notebooks[0]], exercise)
            code[name] = text if names_nobody(text, mine) else ""
        records[student] = Record(
            student,
            student in handed_in,
            True,
            attempts,
            sum(mark.extra for mark in marks.values() if mark.points is not None),
            score.late_penalty if score is not None else 0.0,
            took.get(student),
            (*_signs(kept, waiting, assignment), *((STRANGER,) if student in nobody else ())),
            code,
            tuple(failures([*chain(*runs.values())], _not_defined(kept), everybody)),
        )
    return records


def read_kept(submission: Submission) -> Kept:
    """Return what grading left of a submission, on whichever road.

    Raises
    ------
    OSError, ValueError, KeyError, TypeError, AttributeError
        where that is damaged
    """
    kept = json.loads((submission.graded_folder / VERDICTS_FILE).read_bytes())
    verdicts = kept["verdicts"]
    for verdict in verdicts:
        _attempt(verdict, None)  # raises here if the record is damaged
    return Kept(
        {verdict["exercise"]: verdict for verdict in verdicts},
        tuple(map(str, kept["repairs"])),
        tuple(map(str, kept["remarks"])),
    )


def kind_of(remark: str) -> str:
    """Return what a sentence of the grader on a run is about.

    >>> kind_of("Code cell 6 was left out: the process crashed (signal 11).")
    'died'
    """
    return next((kind for kind, sign in KINDS if re.search(sign, remark)), REMARK)


def words_on(entry: Exercise | None, mistake: str) -> tuple[str, str]:
    """Return the catalogue's words on a mistake, and the lesson to revisit, or ""."""
    found = [one for one in entry.misconceptions if one.name == mistake] if entry else []
    lesson = (found[0].lesson if found else "") or (entry.lesson if entry else "")
    return found[0].did if found else "", _lesson(lesson)


def _lesson(stem: str) -> str:
    return f"notebooks/{stem}.ipynb" if stem else ""


def _item(graded: Graded, entry: Exercise | None) -> Item:
    lesson = _lesson(entry.lesson) if entry is not None else ""
    return Item(graded.name, graded.cell.points or 0.0, not graded.cell.is_test, lesson)


def _attempt(verdict: Mapping[str, Any], manual: float | None) -> Attempt:
    """Return an exercise's attempt; what a person has given in Formgrader goes before a verdict."""
    points, findings = float(verdict["points"]), verdict["findings"]
    said = findings[0]["message"] if findings else ""
    # A released stub raises it, in this grader's words, in nbgrader's own or in a course's.
    blank = said == NOT_WRITTEN or ("asserted" in verdict and said.startswith("NotImplemented"))
    if manual is None and verdict.get("waits"):
        return Attempt(None, asserted=INSIDE)
    found = [finding["misconception"] for finding in findings if finding["misconception"]]
    return Attempt(
        points if manual is None else manual,
        float(verdict.get("carried_points", 0.0)) if manual is None else 0.0,
        blank,
        not blank and points < float(verdict["max_points"]),
        tuple(dict.fromkeys(map(str, found))),
        str(verdict.get("asserted", "")),
    )


def _kind(standing: Standing) -> str:
    """Return the kind of a hand-in whose marks do not count."""
    if standing.state == NOTHING:
        return HOSTILE if kind_of(standing.why) == HOSTILE else UNREADABLE
    return {NONE: NONE_HANDED_IN, GONE: GONE}.get(standing.state, NOT_GRADED)


def _signs(kept: Kept, waiting: Sequence[str], assignment: str) -> Iterable[tuple[str, str]]:
    """Yield why a person must look at a submission, a kind and a sentence each."""
    for remark in kept.remarks:
        if not remark.startswith(FOUND):
            yield kind_of(remark), remark
    if kept.repairs:
        more = len(kept.repairs) - SHOWN_REPAIRS
        told = f" And {more} more, on top of the graded notebook." if more > 0 else ""
        yield REPAIRED, " ".join(kept.repairs[:SHOWN_REPAIRS]) + told
    if waiting:
        number = points_text(len(waiting))
        yield (
            BY_HAND,
            f"{number} to be marked: {listed(sorted(waiting))} ({HOW_TO_MARK.format(assignment)})",
        )


def _not_defined(kept: Kept) -> dict[str, str]:
    """Return the exercises of which a verdict says that nothing has their name, and why."""
    found = {}
    for name, verdict in kept.verdicts.items():
        name = name.rpartition("/")[2]
        said = str(verdict["findings"][0]["message"]) if verdict["findings"] else ""
        if said.startswith(f"{name} is not defined"):
            found[name] = said.removeprefix(f"{name} is not defined").removeprefix(": ")
    return found


def _names(gradebook: GradebookStore) -> dict[str, str]:
    shown = {}
    for person in gradebook.roster():
        name = ", ".join(part for part in (person.last_name, person.first_name) if part)
        shown[person.id] = f"{name} ({person.id})" if name else person.id
    return shown


def _students(root: Path, assignment: str) -> set[str]:
    """Return whose folder in the course has something of an assignment."""
    return {
        folder.name
        for folder in (root.iterdir() if root.is_dir() else ())
        if not folder.name.startswith(".")
        and folder.is_dir()
        and os.path.lexists(folder / assignment)
    }
