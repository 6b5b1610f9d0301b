"""Grades a class on any `concurrent.futures.Executor`.

A job is plain data (the submission's bytes, the assignment's cells, a seed)
and so is its outcome, so that it does not matter where it is done.  One
coordinator writes, submission by submission: the graded notebook atomically, the
gradebook in one transaction, and last the verdicts, whose fingerprint says that
all is there.  Knows nbgrader only through `gradebook`.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat

from autograder.assignment import Assignment
from autograder.course import (
    Submission,
    assignment_files,
    course_secret,
    find_submissions,
    gradebook_url,
    require_assignment,
    seed_of,
    submitted_at,
    timestamp_text,
    write_atomically,
)
from autograder.graded_cells import GradedSubmission, cells_of
from autograder.jobs import Job, Outcome, failed, fingerprint, grade_one, start_worker
from autograder.reading import UnreadableSubmission, read_bytes
from autograder.values import first_line

if TYPE_CHECKING:
    from autograder.sandbox import Limits

VERDICTS_FILE = "verdicts.json"
WINDOW_PER_WORKER = 4
NOT_TEXT = "the name of the student's folder is not UTF-8 text: rename the folder"
WORKER_LOST = "a worker was killed; run the command again, what is graded is kept"


@dataclass(frozen=True)
class Result:
    """One line of the class's table."""

    student: str
    assignment: str
    points: float
    max_points: float
    mistakes: tuple[str, ...]
    remarks: tuple[str, ...]
    seconds: float
    fresh: bool
    trouble: str | None = None
    no_isolation: bool = False


def make_job(
    submission: Submission, assignment: Assignment, secret: bytes, isolation: str, limits: Limits
) -> Job:
    """Read a submission and say what is to be done with it; never raises."""
    data, unreadable = None, None
    try:
        data = read_bytes(submission.path, inside=submission.course / "submitted")
    except UnreadableSubmission as failure:
        unreadable = str(failure)
    seed = seed_of(secret, assignment.name, submission.student)
    return Job(submission.student, assignment, data, unreadable, seed, isolation, limits)


def grade_class(jobs: Iterable[Job], executor: Executor, window: int) -> Iterator[Outcome]:
    """Grade jobs on an executor, a bounded number at a time, as they finish.

    A worker that dies takes its executor with it; the submissions that were
    with it come back as outcomes with `trouble`.
    """
    waiting: dict[Future[Outcome], Job] = {}
    source = iter(jobs)
    try:
        while True:
            while len(waiting) < window and (job := next(source, None)) is not None:
                try:
                    waiting[executor.submit(grade_one, job)] = job
                except BrokenExecutor:
                    yield failed(job, WORKER_LOST)
            if not waiting:
                return
            finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                yield _outcome(future, waiting.pop(future))
    finally:
        for future in waiting:
            future.cancel()


def _outcome(future: Future[Outcome], job: Job) -> Outcome:
    try:
        return future.result()
    except BrokenExecutor:
        return failed(job, WORKER_LOST)
    except Exception as failure:
        return failed(job, failure)


def verdict_record(outcome: Outcome, print_of_job: str, isolation: str) -> str:
    """Return the text of ``verdicts.json``: the same verdicts give the same bytes."""
    record = {
        "assignment": outcome.assignment,
        "fingerprint": print_of_job,
        "isolation": isolation,
        "remarks": outcome.remarks,
        "repairs": outcome.repairs,
        "student": outcome.student,
        "verdicts": outcome.verdicts,
    }
    return json.dumps(record, indent=1, sort_keys=True) + "\n"


def graded_before(submission: Submission, print_of_job: str) -> Result | None:
    """Return the earlier result of the same submission under the same settings, if it stands."""
    try:
        record = json.loads((submission.graded_folder / VERDICTS_FILE).read_text())
        if record["fingerprint"] != print_of_job:
            return None
        if not (submission.graded_folder / f"{submission.assignment}.ipynb").is_file():
            return None
        return summary(record, 0.0, fresh=False)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def summary(record: dict[str, Any], seconds: float, fresh: bool) -> Result:
    """Return the line of the class's table for one record of verdicts."""
    verdicts = record["verdicts"]
    mistakes = [
        f"{verdict['exercise']}: {finding['misconception']}"
        for verdict in verdicts
        for finding in verdict["findings"]
        if finding["misconception"]
    ]
    return Result(
        record["student"],
        record["assignment"],
        sum(verdict["points"] for verdict in verdicts),
        sum(verdict["max_points"] for verdict in verdicts),
        tuple(dict.fromkeys(mistakes)),
        tuple(record["remarks"]),
        seconds,
        fresh,
    )


def store(submission: Submission, notebook: str) -> None:
    """Write the graded notebook, whole or not at all.

    Raises
    ------
    OSError : it cannot be written; what was there before is still there
    """
    folder = submission.graded_folder
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / f"{submission.assignment}.ipynb", notebook)
    stamp = timestamp_text(submission)
    if stamp is not None:
        write_atomically(folder / "timestamp.txt", stamp)


class ClassGrading:
    """The grading of a class: what is to be done, and doing it.

    Parameters
    ----------
    course : the course's folder
    assignments, students : what is asked for; no students means all
    isolation : "bwrap" or "none"
    limits : of one submission
    force : grade again what is unchanged

    Raises
    ------
    CourseError : it cannot begin; nothing has been written
    """

    def __init__(
        self,
        course: Path,
        assignments: Sequence[str],
        students: Sequence[str],
        isolation: str,
        limits: Limits,
        force: bool = False,
    ) -> None:
        url = gradebook_url(course)
        for name in assignments:
            require_assignment(course, name)
        self.submissions = find_submissions(course, assignments, students)
        files = {name: assignment_files(course, name) for name in assignments}
        # Late: nbgrader takes seconds to import, and a wrong name should not.
        from autograder.gradebook import GradebookStore

        self.isolation, self.limits, self.force = isolation, limits, force
        self.secret = course_secret(course)
        self.gradebook = GradebookStore.open(url)
        try:
            self.assignments = {
                name: Assignment(
                    name, tuple(self.gradebook.released_cells(course, name)), files[name]
                )
                for name in assignments
            }
            self.recorded = {name: self.gradebook.graded_students(name) for name in assignments}
        except BaseException:
            self.gradebook.close()
            raise

    @property
    def total(self) -> int:
        """How many submissions there are, the unchanged ones included."""
        return len(self.submissions)

    def run(self, workers: int) -> Generator[Result, None, None]:
        """Grade on this machine, with that many processes; see `on`."""
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(workers, self.total), context, start_worker) as executor:
            yield from self.on(executor, workers * WINDOW_PER_WORKER)

    def on(self, executor: Executor, window: int) -> Generator[Result, None, None]:
        """Grade on an executor and yield a result for each submission as it is settled."""
        at_work: dict[tuple[str, str], tuple[Submission, str]] = {}
        settled: list[Result] = []

        def jobs() -> Iterator[Job]:
            for submission in self.submissions:
                if not _is_text(submission.student):
                    settled.append(_untold(submission, NOT_TEXT))
                    continue
                assignment = self.assignments[submission.assignment]
                job = make_job(submission, assignment, self.secret, self.isolation, self.limits)
                mark = fingerprint(job)
                earlier = None if self.force else graded_before(submission, mark)
                if earlier is not None and submission.student in self.recorded[assignment.name]:
                    settled.append(earlier)
                    continue
                at_work[submission.student, assignment.name] = (submission, mark)
                yield job

        try:
            for outcome in grade_class(jobs(), executor, window):
                yield from settled
                settled.clear()
                submission, mark = at_work.pop((outcome.student, outcome.assignment))
                yield self.settle(submission, outcome, mark)
            yield from settled
        finally:
            self.gradebook.close()

    def settle(self, submission: Submission, outcome: Outcome, mark: str) -> Result:
        """Write what was found for one submission, or say why it could not be graded."""
        if outcome.notebook is None:
            return _untold(submission, outcome.trouble or "unknown", outcome.no_isolation)
        from autograder.gradebook import GradebookError

        record = verdict_record(outcome, mark, self.isolation)
        try:
            store(submission, outcome.notebook)
            self.gradebook.write(
                [
                    GradedSubmission(
                        submission.student,
                        submission.assignment,
                        submission.assignment,
                        submitted_at(submission),
                        cells_of(nbformat.reads(outcome.notebook, as_version=4)),
                    )
                ]
            )
            # Last: its fingerprint says that all the rest is there.
            write_atomically(submission.graded_folder / VERDICTS_FILE, record)
        except OSError as failure:
            where = submission.graded_folder
            return _untold(submission, f"cannot write to {where}: {failure.strerror}")
        except GradebookError as failure:
            return _untold(submission, str(failure))
        except Exception as failure:  # one submission never stops a class
            return _untold(submission, f"{type(failure).__name__}: {first_line(failure)}")
        return summary(json.loads(record), outcome.seconds, fresh=True)


def _is_text(name: str) -> bool:
    """Tell whether a file's name is text; if not, no database and no terminal takes it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _untold(submission: Submission, trouble: str, no_isolation: bool = False) -> Result:
    return Result(
        submission.student,
        submission.assignment,
        points=0.0,
        max_points=0.0,
        mistakes=(),
        remarks=(),
        seconds=0.0,
        fresh=False,
        trouble=trouble,
        no_isolation=no_isolation,
    )
