"""Grades a class on any `concurrent.futures.Executor`.

A job is plain data (the submission's bytes, the assignment's cells, a seed)
and so is its outcome, so that it does not matter where it is done.  One
coordinator writes, a batch of submissions at a time: the graded notebooks, the
gradebook in one transaction, and last the verdicts, whose fingerprint says that
all is there.  So whatever is killed when, the same command goes on from there.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ThreadPoolExecutor,
)
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.course.assignment import Assignment
from autograder.course.course import Course
from autograder.course.folder import (
    CourseError,
    Submission,
    digest_of,
    find_submissions,
    notebooks_in,
    require_assignment,
    seed_of,
    submitted_at,
    timestamp_text,
)
from autograder.course.late_penalties import late_rule
from autograder.course.work import find_notebooks
from autograder.grading.history import (
    Entry,
    Latest,
    changes,
    entry_of,
    versions_of,
)
from autograder.grading.jobs import (
    Job,
    Outcome,
    failed,
    fingerprint,
    grade_one,
    why_unreadable,
)
from autograder.grading.records import (
    Result,
    graded_before,
    not_graded,
    note_seconds,
    record_of,
    store_notebooks,
    store_record,
    summary,
)
from autograder.grading.workers import WINDOW_PER_WORKER, Workers, in_flight
from autograder.handed_in.files import sentences_about
from autograder.handed_in.hard_links import not_of_owner
from autograder.submission.graded_cells import GradedSubmission
from autograder.words import named

if TYPE_CHECKING:
    from autograder.sandbox import Limits

# Graded submissions are saved when this many have gathered, or the first has waited this long.
BATCH, BATCH_CHARACTERS, BATCH_SECONDS = 50, 32 << 20, 1.0
# Bytes of hand-ins that are read and not yet finished. Above it, no further one is read.
READ_AHEAD_BYTES = 40 << 20
WRITERS = 8  # files of a batch written side by side: most of it is waiting for the disk
# Grading stops after this many batches in a row that a locked, full or lost gradebook refused;
# each of them has waited the full time for the lock.
MAX_REFUSED = 2
NOT_TEXT = "the name of the student's folder is not UTF-8 text: rename the folder"
WORKER_LOST = "a worker was killed; run the command again, what is graded is kept"


def make_job(
    submission: Submission, assignment: Assignment, secret: bytes, isolation: str, limits: Limits
) -> Job:
    """Find a submission's notebook and say what is to be done with it; never raises.

    A notebook that is missing beside others is graded as one in which nothing is written.
    """
    found, name = find_notebooks(submission), assignment.notebook
    work = found.works.get(name)
    data = None if work is None else work.data
    seed = seed_of(secret, assignment.key, submission.student, digest_of(data))
    missing = () if work or found.trouble else (f"No notebook {name}.ipynb was handed in.",)
    ours = notebooks_in(submission.course / "release" / assignment.name)
    beside: tuple[str, ...] = ()
    if name == (*ours, name)[0]:  # of several notebooks the first one tells what lies beside them
        refused = not_of_owner(submission.folder, submission.course)
        left = sentences_about(submission.folder, submission.course / "submitted", refused)
        beside = (*found.said, *left)
    beside = (*missing, *beside)
    return Job(submission.student, assignment, data, found.trouble, seed, isolation, limits, beside)


def why_not_graded(submission: Submission) -> str | None:
    """Return why a submission has nothing to grade, or None."""
    found = find_notebooks(submission)
    whys = (why_unreadable(work.data, f"{name}.ipynb") for name, work in found.works.items())
    return found.trouble or next(filter(None, whys), None)


def grade_class(
    jobs: Iterable[Job], executor: Executor, window: Callable[[], int]
) -> Iterator[list[Outcome]]:
    """Grade jobs on an executor, a bounded number at a time.

    Parameters
    ----------
    jobs : taken one by one, as there is room
    executor : where `grade_one` is called, in a thread
    window : how many may be there at the same time, asked anew each time

    Yields
    ------
    the outcomes that have come since; none where `BATCH_SECONDS` went by without one
    """
    for ended in in_flight(executor, grade_one, jobs, window, BATCH_SECONDS):
        yield [_outcome(future, job) for job, future in ended]


def _outcome(future: Future[Outcome], job: Job) -> Outcome:
    try:
        return future.result()
    except BrokenExecutor:
        return failed(job, WORKER_LOST, unsure=True)
    except Exception as failure:
        return failed(job, failure, unsure=True)


@dataclass(frozen=True)
class _Graded:
    """A graded submission that is not saved yet."""

    submission: Submission
    notebooks: Mapping[str, bytes]
    points: tuple[GradedSubmission, ...]
    record: dict[str, Any]
    seconds: float
    entry: Entry


@dataclass
class _AtWork:
    """A submission that is being graded: what is asked for of its notebooks, and what came."""

    submission: Submission
    jobs: Mapping[str, Job]
    mark: str
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        return sum(len(job.data or b"") for job in self.jobs.values())


class ClassGrading:
    """The grading of a class: what is to be done, and doing it.

    Parameters
    ----------
    course : the course's folder
    assignments, students : what is asked for; no students means all
    isolation : "bwrap" or "none"
    limits : of one submission
    force : grade again what is unchanged
    dry_run : write nothing: what is graded only tells what would become of it

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
        dry_run: bool = False,
    ) -> None:
        where = Course(course)
        self.late = late_rule(where.settings)
        for name in assignments:
            require_assignment(course, name)
        self.submissions = find_submissions(course, assignments, students)
        # Late: the database's library takes a while, and a wrong name should not.
        from autograder.gradebook import GradebookStore
        from autograder.submission.trial import tried_out

        self.course = course
        self.isolation, self.limits = isolation, limits
        self.force, self.dry_run = force, dry_run
        self.secret = where.secret
        self.saved = 0  # submissions that are settled, on the disk and in the gradebook
        self._unsaved: list[_Graded] = []
        self._saved_at = time.monotonic()
        self._refused = 0
        self.gradebook = GradebookStore.open(where.gradebook_url)
        try:
            self.assignments = {
                name: tried_out(where, name, self.gradebook, isolation) for name in assignments
            }
            self.recorded = {name: self.gradebook.graded_students(name) for name in assignments}
            self.history = {name: Latest(course, name) for name in assignments}
        except BaseException:
            self.gradebook.close()
            raise

    @property
    def total(self) -> int:
        """How many submissions there are, the unchanged ones included."""
        return len(self.submissions)

    def run(self, workers: int) -> Generator[Result, None, None]:
        """Grade on this machine, with that many processes; see `on`."""
        number = min(workers, self.total)
        with Workers(number) as executor:
            yield from self.on(executor, lambda: number * WINDOW_PER_WORKER)

    def on(self, executor: Executor, window: Callable[[], int]) -> Generator[Result, None, None]:
        """Grade on an executor and yield a result for each submission as it is saved.

        What ran out of time on a crowded machine, or was lost with its worker, is graded
        once more with nothing beside it before that counts.

        Raises
        ------
        CourseError : the gradebook takes nothing any more; what is saved is saved
        """
        again: list[Submission] = []
        try:
            yield from self._graded(self.submissions, executor, window, again)
            yield from self._graded(again, executor, lambda: 1)
        finally:
            try:
                self._save()
            finally:
                self.gradebook.close()

    def _graded(
        self,
        submissions: Iterable[Submission],
        executor: Executor,
        window: Callable[[], int],
        again: list[Submission] | None = None,
    ) -> Iterator[Result]:
        at_work: dict[tuple[str, str], _AtWork] = {}
        settled: list[Result] = []

        def room() -> int:
            read = sum(work.bytes for work in at_work.values())
            return window() if read < READ_AHEAD_BYTES else 1

        def jobs() -> Iterator[Job]:
            for submission in submissions:
                if not _is_text(submission.student):
                    settled.append(not_graded(submission, NOT_TEXT))
                    continue
                name = submission.assignment
                made = {
                    one.notebook: make_job(
                        submission, one, self.secret, self.isolation, self.limits
                    )
                    for one in self.assignments[name]
                }
                nothing = next((job.unreadable for job in made.values() if job.unreadable), None)
                if nothing is not None:
                    settled.append(not_graded(submission, nothing, nothing=True))
                    continue
                mark = self._mark(submission, made.values())
                earlier = None if self.force else graded_before(submission, mark, list(made))
                if earlier is not None and submission.student in self.recorded[name]:
                    settled.append(earlier)
                    continue
                at_work[submission.student, name] = _AtWork(submission, made, mark)
                yield from made.values()

        for outcomes in grade_class(jobs(), executor, room):
            for outcome in outcomes:
                key = (outcome.student, outcome.assignment)
                work = at_work[key]
                work.outcomes[outcome.name] = outcome
                if len(work.outcomes) < len(work.jobs):
                    continue
                del at_work[key]
                ended = work.outcomes.values()
                failed_one = next((one for one in ended if one.notebook is None), None)
                if again is not None and any(one.unsure for one in ended):
                    again.append(work.submission)
                elif failed_one is not None:
                    trouble = failed_one.trouble or "unknown"
                    settled.append(
                        not_graded(
                            *(work.submission, trouble),
                            *(failed_one.no_isolation, failed_one.nothing),
                        )
                    )
                else:
                    graded = self._to_save(work)
                    if self.dry_run:
                        settled.append(self._told(graded))
                    else:
                        self._unsaved.append(graded)
            self.saved += len(settled)
            yield from settled
            settled.clear()
            late = time.monotonic() - self._saved_at >= BATCH_SECONDS
            sizes = [len(one) for graded in self._unsaved for one in graded.notebooks.values()]
            much = sum(sizes) > BATCH_CHARACTERS
            if len(self._unsaved) >= BATCH or much or late:
                yield from self._save()
        self.saved += len(settled)
        yield from settled
        yield from self._save()

    def _mark(self, submission: Submission, jobs: Iterable[Job]) -> str:
        """Return a hash of all that what is stored depends on."""
        mark = " ".join(fingerprint(job) for job in jobs)
        if " " in mark:
            mark = hashlib.sha256(mark.encode()).hexdigest()
        if self.late is None:
            return mark
        when = f"{mark} {self.late.settings} {timestamp_text(submission)}"
        return hashlib.sha256(when.encode()).hexdigest()

    def _to_save(self, work: _AtWork) -> _Graded:
        submission, moment = work.submission, submitted_at(work.submission)
        outcomes = {name: work.outcomes[name] for name in work.jobs}
        points = tuple(
            GradedSubmission(submission.student, submission.assignment, name, moment, outcome.cells)
            for name, outcome in outcomes.items()
        )
        record = record_of(outcomes, work.mark, self.isolation)
        entry = entry_of(work.jobs.values(), record["verdicts"])
        return _Graded(
            submission,
            {name: outcome.notebook or b"" for name, outcome in outcomes.items()},
            points,
            record,
            sum(outcome.seconds for outcome in outcomes.values()),
            entry,
        )

    def _told(self, graded: _Graded) -> Result:
        """Return the line of the class's table, with what became of the grading before."""
        result = summary(graded.record, graded.seconds, fresh=True)
        before = self._before(graded.submission)
        if before is None:
            return result
        changed = changes(before, graded.entry)
        return replace(result, before=before.total, changed=tuple(changed))

    def _before(self, submission: Submission) -> Entry | None:
        return self.history[submission.assignment].get(submission.student)

    def elsewhere(self) -> dict[str, int]:
        """Return of how many students, who are not asked for, another version graded the work."""
        asked = {(one.assignment, one.student) for one in self.submissions}
        counts = {}
        for name, notebooks in self.assignments.items():
            now = versions_of(notebooks[0]).items()
            counts[name] = sum(
                not now <= entry.made_of.items()
                for student, entry in self.history[name].items()
                if (name, student) not in asked
            )
        return counts

    def _save(self) -> list[Result]:
        """Save what is waiting, step by step; what fails one step goes no further."""
        batch = self._unsaved
        self._saved_at = time.monotonic()
        results, left = [], batch
        with ThreadPoolExecutor(WRITERS) as writers:
            for step in (
                lambda some: writers.map(_notebook_trouble, some),
                self._gradebook_troubles,
                lambda some: writers.map(_record_trouble, some),
            ):
                troubles = list(step(left))
                results += [
                    not_graded(graded.submission, trouble)
                    for graded, trouble in zip(left, troubles, strict=True)
                    if trouble is not None
                ]
                left = [
                    graded
                    for graded, trouble in zip(left, troubles, strict=True)
                    if trouble is None
                ]
        told = [self._told(graded) for graded in left]
        self._note_seconds(left)
        self._note_history(left)
        self.saved += len(batch)
        self._unsaved = []  # only now: after Ctrl-C in the middle it is saved once more
        return results + told

    def _note_seconds(self, saved: Sequence[_Graded]) -> None:
        for name in self.assignments:
            took = {
                graded.submission.student: graded.seconds
                for graded in saved
                if graded.submission.assignment == name
            }
            # A failure here changes no grade.
            with suppress(OSError):
                if took:
                    note_seconds(self.course, name, took)

    def _note_history(self, saved: Sequence[_Graded]) -> None:
        for name, history in self.history.items():
            history.note([one.entry for one in saved if one.submission.assignment == name])

    def _gradebook_troubles(self, batch: Sequence[_Graded]) -> list[str | None]:
        """Write into the gradebook; return for each submission why it could not be, or None."""
        from autograder.gradebook import GradebookUnusable

        try:
            late = self.late.penalty if self.late is not None else None
            self.gradebook.write([one for graded in batch for one in graded.points], late)
        except GradebookUnusable as failure:
            self._refused += 1
            if self._refused >= MAX_REFUSED:
                self._unsaved = []  # not tried again while the run ends
                raise CourseError(
                    f"stopped after {self.saved} of {self.total}: {failure}; "
                    "what is saved is kept, the same command goes on from here",
                    1,
                ) from None
            return [str(failure)] * len(batch)
        except Exception as failure:
            if len(batch) > 1:
                # Nothing was written. Write each alone, so that one bad result loses no other.
                return [self._gradebook_troubles([graded])[0] for graded in batch]
            return [_words(failure)]
        self._refused = 0
        return [None] * len(batch)


def _notebook_trouble(graded: _Graded) -> str | None:
    return _file_trouble(graded, lambda: store_notebooks(graded.submission, graded.notebooks))


def _record_trouble(graded: _Graded) -> str | None:
    return _file_trouble(graded, lambda: store_record(graded.submission, graded.record))


def _file_trouble(graded: _Graded, write: Callable[[], None]) -> str | None:
    try:
        write()
    except OSError as failure:
        return f"cannot write to {graded.submission.graded_folder}: {failure.strerror}"
    except Exception as failure:  # one submission never stops a class
        return _words(failure)
    return None


def _words(failure: Exception) -> str:
    if isinstance(failure, CourseError):
        return str(failure)
    return named(failure)


def _is_text(name: str) -> bool:
    """Tell whether a file's name is text; if not, no database and no terminal takes it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
