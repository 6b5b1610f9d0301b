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
from typing import Any

from autograder.base.limits import LIMITS, Limits
from autograder.course.assignment import Assignment
from autograder.course.course import Course
from autograder.course.folder import (
    TIMESTAMP,
    Submission,
    digest_of,
    notebooks_in,
    seed_of,
    submitted_at,
)
from autograder.course.handed_in.files import sentences_about
from autograder.course.handed_in.hard_links import not_of_owner
from autograder.course.work import find_notebooks
from autograder.gradebook import GradebookStore
from autograder.gradebook.scores import SubmissionScore
from autograder.grading.history import made_of
from autograder.grading.jobs import Job, fingerprint, why_unreadable
from autograder.grading.records import VERDICTS_FILE, summary

CURRENT, OLDER, STALE, LATE = "current", "older", "stale", "stale in time"
NEVER, NOTHING, GONE, NONE, EXCLUDED = "never graded", "not graded", "gone", "none", "excluded"


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
    notebooks: Iterable[Assignment],
    secret: bytes,
    isolation: str,
    limits: Limits,
) -> dict[str, Job]:
    """Find a submission's notebooks and say what is to be done with each; never raises.

    A notebook that is missing beside others is graded as one in which nothing is written.

    Parameters
    ----------
    notebooks : of the assignment

    Returns
    -------
    dict of Job, by the notebook's name
    """
    found = find_notebooks(submission)
    ours = notebooks_in(submission.course / "release" / submission.assignment)
    jobs = {}
    for one in notebooks:
        name, work = one.notebook, found.works.get(one.notebook)
        data = None if work is None else work.data
        seed = seed_of(secret, one.key, submission.student, digest_of(data))
        beside = () if work or found.trouble else (f"No notebook {name}.ipynb was handed in.",)
        if name == (*ours, name)[0]:  # of several, the first one tells what lies beside them
            beside = (*beside, *found.said, *_said_beside(submission))
        jobs[name] = Job(
            submission.student, one, data, found.trouble, seed, isolation, limits, beside
        )
    return jobs


def _said_beside(submission: Submission) -> tuple[str, ...]:
    """Return what is told of a hand-in's time, and of what lies there and is left alone."""
    refused = not_of_owner(submission.folder, submission.course)
    left = sentences_about(submission.folder, submission.course / "submitted", refused)
    trouble = submitted_at(submission).trouble
    when = (f"The time of the hand-in: {TIMESTAMP} {trouble}.",) if trouble else ()
    return (*when, *left)


def why_not_graded(submission: Submission) -> str | None:
    """Return why a submission has nothing to grade, or None."""
    found = find_notebooks(submission)
    whys = (why_unreadable(work.data, f"{name}.ipynb") for name, work in found.works.items())
    return found.trouble or next(filter(None, whys), None)


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
        self._known: dict[str, Standing] = {}

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
            return Standing(NONE, "nothing was handed in")
        names = [one.notebook for one in self.notebooks]
        record = read_record(submission, names) if score is not None else None
        isolation = "bwrap" if record is None else record["isolation"]
        jobs = make_jobs(submission, self.notebooks, self.course.secret, isolation, LIMITS)
        found = compared(record, list(jobs.values()), student in self.outdated)
        if found.state in (NEVER, STALE) and (why := why_not_graded(submission)):
            return Standing(NOTHING, f"was not graded: {why}")
        return found

    def everybody(self) -> dict[str, Standing]:
        """Return how it stands with each who has something in a folder or in the gradebook."""
        students = set(self.scores)
        for root in ("submitted", "autograded"):
            for path in (self.course.folder / root).glob(f"*/{self.name}"):
                students.add(path.parent.name)
        return {student: self.of(student) for student in sorted(students) if student[:1] != "."}

    def counting(self) -> dict[str, SubmissionScore]:
        """Return the scores that are of what lies there now, by student."""
        return {student: score for student, score in self.scores.items() if self.of(student).counts}
