"""Whether what is graded is what lies there now: the one place that says so.

Grading, feedback, reports and exports ask here, so that none of them uses marks of another
hand-in, of other settings or of another time, and each says which it leaves out.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from autograder.base.limits import LIMITS, Limits
from autograder.base.words import counted, printable
from autograder.course.assignment import Assignment
from autograder.course.course import Course
from autograder.course.folder import (
    TIMESTAMP,
    CourseError,
    Submission,
    digest_of,
    seed_of,
    submitted_at,
)
from autograder.course.handed_in.files import sentences_about
from autograder.course.handed_in.finding import ReleasedNotebook
from autograder.course.handed_in.hard_links import not_of_owner
from autograder.course.work import find_notebooks, misplaced, released_in
from autograder.gradebook import GradebookStore
from autograder.gradebook.scores import SubmissionScore
from autograder.grading.history import made_of
from autograder.grading.jobs import Job, fingerprint, why_unreadable
from autograder.grading.records import VERDICTS_FILE, summary

CURRENT, OLDER, STALE, LATE = "current", "older", "stale", "stale in time"
NEVER, NOTHING, GONE, NONE, EXCLUDED = "never graded", "not graded", "gone", "none", "excluded"
MISPLACED = "misplaced"


@dataclass(frozen=True)
class Standing:
    """How what is graded of a hand-in stands to what lies there.

    Parameters
    ----------
    state : one of those above
    why : what is so, and what to do, after "ann's ps1"
    """

    state: str
    why: str = ""

    @property
    def counts(self) -> bool:
        """Whether the marks are those of what lies there."""
        return self.state in (CURRENT, OLDER)

    @property
    def left_out(self) -> bool:
        """Whether something was handed in, now or once, whose marks do not count."""
        return not self.counts and self.state not in (NONE, EXCLUDED)


AGAIN = "was handed in again since it was graded: run `autograder grade {}`"
OTHERWISE = (
    "was graded with other settings, from another release, or with other files beside it: "
    "run `autograder grade {}`"
)
ANOTHER_TIME = (
    "was graded with another time of handing in, due date or late penalty: "
    "run `autograder grade {}`"
)
ANOTHER_VERSION = (
    "was graded by another version of the catalogue or the grader: "
    "`autograder grade {}` grades it by this one"
)
NOT_GRADED = "is handed in but not graded: run `autograder grade {}`"
IS_GONE = (
    "was graded and is no longer in submitted/, so its marks do not count: put it back, or remove "
    "autograded/{1}/{0} too"
)
HOW_TO_MARK = "`autograder marks {0} --out {0}.csv`, or Formgrader"
LIES_ELSEWHERE = (
    "lies at {2}, where no hand-in is looked for: move it to submitted/{1}/{0}/, and run "
    "`autograder grade {0}`"
)
LEFT_OUT = "is left out by c.CourseDirectory.student_id_exclude"


def compared(record: Mapping[str, Any] | None, jobs: Sequence[Job], outdated: bool) -> Standing:
    """Compare a hand-in with what was graded.

    Parameters
    ----------
    record : what grading kept of it, as `read_record` gives it
    jobs : the hand-in as it lies there, a job for each notebook, with the settings of now
    outdated : its time or penalty in the gradebook is not that of now
    """
    name = jobs[0].assignment.name
    if any(job.unreadable for job in jobs):
        return Standing(NOTHING, f"was not graded: {jobs[0].unreadable}")
    if record is None:
        return Standing(NEVER, NOT_GRADED.format(name))
    if record["fingerprint"] == fingerprint_of(jobs):
        return Standing(LATE, ANOTHER_TIME.format(name)) if outdated else Standing(CURRENT)
    before, now = record.get("made_of", {}), made_of(jobs)
    if before.get("submission") not in (None, now["submission"]):
        return Standing(STALE, AGAIN.format(name))
    if any(before.get(part) != now[part] for part in ("catalogue", "grader")) and not outdated:
        return Standing(OLDER, ANOTHER_VERSION.format(name))
    return Standing(STALE, OTHERWISE.format(name))


def fingerprint_of(jobs: Iterable[Job]) -> str:
    """Return a hash of all that the verdicts on a submission depend on."""
    one, *others = map(fingerprint, jobs)
    return hashlib.sha256(" ".join((one, *others)).encode()).hexdigest() if others else one


def read_record(submission: Submission, notebooks: Iterable[str]) -> dict[str, Any] | None:
    """Return what grading kept of a submission, or None where it is not all there.

    Parameters
    ----------
    notebooks : the names of the assignment's
    """
    try:
        record = json.loads((submission.graded_folder / VERDICTS_FILE).read_bytes())
        fine = isinstance(record["fingerprint"], str) and isinstance(record["isolation"], str)
        summary(record)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    there = all(submission.graded_path_of(name).is_file() for name in notebooks)
    return record if fine and there else None


def make_jobs(
    submission: Submission,
    notebooks: Sequence[Assignment],
    secret: bytes,
    isolation: str,
    limits: Limits,
    released: Sequence[ReleasedNotebook] | None = None,
) -> dict[str, Job]:
    """Look through a submission, and say what is to be done with its notebooks; never raises.

    A notebook that is missing beside others is graded as one in which nothing is written.

    Parameters
    ----------
    notebooks : those of its assignment
    released : what `released_in` gives, where many are asked for

    Returns
    -------
    dict of jobs by the notebook's name
    """
    found, jobs = find_notebooks(submission, released), {}
    for number, assignment in enumerate(notebooks):
        name = assignment.notebook
        work = found.works.get(name)
        data = None if work is None else work.data
        digest = digest_of(data)
        seed = seed_of(secret, assignment.key, submission.student, digest)
        beside: tuple[str, ...] = ()
        if not work and not found.trouble:
            beside = (f"No notebook {name}.ipynb was handed in.",)
        if number == 0:  # of several notebooks the first one tells what lies beside them
            beside = (*beside, *found.said, *_beside(submission))
        jobs[name] = Job(
            *(submission.student, assignment, data, found.trouble, seed, isolation, limits),
            beside,
            known_digest=digest,
        )
    return jobs


def _beside(submission: Submission) -> tuple[str, ...]:
    refused = not_of_owner(submission.folder, submission.course)
    left = sentences_about(submission.folder, submission.course / "submitted", refused)
    trouble = submitted_at(submission).trouble
    return ((f"The time of the hand-in: {TIMESTAMP} {trouble}.",) if trouble else ()) + left


def why_not_graded(submission: Submission) -> str | None:
    """Return why a submission has nothing to grade, or None."""
    found = find_notebooks(submission)
    whys = (why_unreadable(work.data, f"{name}.ipynb") for name, work in found.works.items())
    return found.trouble or next(filter(None, whys), None)


def said_of_older(name: str, number: int, what: str = "hand-in") -> str:
    """Say how many were graded by another version of catalogue or grader."""
    return (
        f"{counted(number, what)} of {name} had another version of the catalogue or the grader: "
        f"`autograder grade {name}` grades all by this one"
    )


def said_of_misplaced(course: Path, name: str) -> list[str]:
    """Return a sentence on each work that lies where no hand-in is looked for."""
    return [
        f"{student}'s {name} {LIES_ELSEWHERE.format(name, student, where)}"
        for student, where in misplaced(course, name).items()
    ]


def none_counts(name: str, left_out: Iterable[str]) -> CourseError:
    """Return what to say where no marks count: that it is to be graded, or that it cannot be.

    Parameters
    ----------
    left_out : a sentence on each hand-in whose marks do not count
    """
    final = [said for said in left_out if NOT_GRADED.format(name) not in said]
    if final:
        more = f"; {len(final) - 1} more do not either" if len(final) > 1 else ""
        return CourseError(f"no marks of {name} count: {final[0]}{more}", 1)
    return CourseError(f"nothing of {name} is graded yet: run `autograder grade {name}` first")


class Standings:
    """How what is graded of an assignment stands to what is handed in.

    Raises
    ------
    CourseError : the assignment is not released, or release and gradebook contradict each other
    """

    def __init__(self, course: Course, name: str, gradebook: GradebookStore) -> None:
        self.course, self.name = course, name
        self.notebooks = course.assignment(name, gradebook)
        self.scores = gradebook.scores(name)
        penalty = course.late.penalty if course.late is not None else None
        times = {student: submitted_at(self._of(student)).at for student in self.scores}
        self.outdated = gradebook.outdated(name, times, penalty)
        self._released = released_in(course.folder)
        self._known: dict[str, Standing] = {}

    @cached_property
    def misplaced(self) -> dict[str, str]:
        """Where the work lies of whom it is looked for elsewhere; see `course.work.misplaced`."""
        return misplaced(self.course.folder, self.name)

    def _of(self, student: str) -> Submission:
        return Submission(self.course.folder, self.name, student)

    def of(self, student: str) -> Standing:
        """Return how it stands with one student's work, as it was when it was first asked for."""
        if student not in self._known:
            self._known[student] = self._look_at(student)
        return self._known[student]

    def _look_at(self, student: str) -> Standing:
        submission = self._of(student)
        if student in self.course.excluded:
            return Standing(EXCLUDED, LEFT_OUT)
        score = self.scores.get(student)
        graded = score is not None and any(not cell.open for cell in score.cells.values())
        if not os.path.lexists(submission.folder):
            if graded or os.path.lexists(submission.graded_folder):
                return Standing(GONE, IS_GONE.format(self.name, student))
            if student in self.misplaced:
                where = LIES_ELSEWHERE.format(self.name, student, self.misplaced[student])
                return Standing(MISPLACED, where)
            return Standing(NONE, "nothing was handed in")
        names = [one.notebook for one in self.notebooks]
        record = read_record(submission, names) if score is not None else None
        isolation = "bwrap" if record is None else record["isolation"]
        secret = self.course.secret
        made = make_jobs(submission, self.notebooks, secret, isolation, LIMITS, self._released)
        found = compared(record, [*made.values()], student in self.outdated)
        if found.state in (NEVER, STALE) and (why := why_not_graded(submission)):
            return Standing(NOTHING, f"was not graded: {why}")
        return found

    def everybody(self) -> dict[str, Standing]:
        """Return how it stands with each who has something in a folder or in the gradebook."""
        students = {*self.scores, *self.misplaced}
        for root in ("submitted", "autograded"):
            for path in (self.course.folder / root).glob(f"*/{self.name}"):
                students.add(path.parent.name)
        return {student: self.of(student) for student in sorted(students) if student[:1] != "."}

    def left_out(self) -> list[str]:
        """Return a sentence on each hand-in whose marks do not count."""
        return [
            f"{printable(student)}'s {self.name} {printable(standing.why)}"
            for student, standing in self.everybody().items()
            if standing.left_out
        ]

    def older(self, students: Iterable[str] | None = None) -> list[str]:
        """Return a sentence where marks count that another version gave, else nothing.

        Parameters
        ----------
        students : who is asked about; None: everybody
        """
        asked = self.everybody() if students is None else students
        number = [self.of(student).state for student in asked].count(OLDER)
        return [said_of_older(self.name, number)] if number else []

    def counting(self) -> dict[str, SubmissionScore]:
        """Return the scores that are of what lies there now, by student."""
        return {student: score for student, score in self.scores.items() if self.of(student).counts}
