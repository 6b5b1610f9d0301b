"""Grades a class on any `concurrent.futures.Executor`.

A job is plain data (the submission's bytes, the assignment's cells, a seed)
and so is its outcome, so that it does not matter where it is done.  One
coordinator writes, a batch of submissions at a time: the graded notebooks, the
gradebook in one transaction, and last the verdicts, whose fingerprint says that
all is there.  So whatever is killed when, the same command goes on from there.
"""

from __future__ import annotations

import os
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

from autograder.base.words import named
from autograder.course.course import Course
from autograder.course.folder import (
    CourseError,
    Submission,
    find_submissions,
    require_assignment,
    share,
    submitted_at,
)
from autograder.course.handed_in.files import NAMED
from autograder.course.work import released_in
from autograder.grading.history import (
    Entry,
    Latest,
    changes,
    entry_of,
    made_of,
    versions_of,
)
from autograder.grading.jobs import (
    Job,
    Outcome,
    failed,
    grade_one,
)
from autograder.grading.records import (
    Result,
    not_graded,
    note_seconds,
    record_of,
    store_beside,
    store_notebooks,
    store_record,
    summary,
)
from autograder.grading.standing import (
    CURRENT,
    IS_GONE,
    LATE,
    compared,
    fingerprint_of,
    make_jobs,
    read_record,
    said_of_misplaced,
)
from autograder.grading.workers import WINDOW_PER_WORKER, Workers, in_flight
from autograder.submission.graded_cells import GradedSubmission

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
NEW_TIME = "Nothing was run again: only the time, the due date or the late penalty is another."
WORKER_LOST = "a worker was killed; run the command again, what is graded is kept"


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
    bytes: int = field(init=False)

    def __post_init__(self) -> None:
        self.bytes = sum(len(job.data or b"") for job in self.jobs.values())


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
        self._penalty = where.late.penalty if where.late is not None else None
        for name in assignments:
            require_assignment(course, name)
        try:
            found = find_submissions(course, assignments, students)
        except CourseError as failure:
            lying = [said for name in assignments for said in said_of_misplaced(course, name)]
            raise CourseError("; ".join((str(failure), *lying[:NAMED])), failure.code) from None
        self._released = released_in(course)
        self.submissions = [one for one in found if one.student not in where.excluded]
        self.left_out = sorted({one.student for one in found} & where.excluded)
        self._everybody, self._shared = not students, where.is_shared
        # Late: the database's library takes a while, and a wrong name should not.
        from autograder.gradebook import GradebookStore
        from autograder.submission.trial import tried_out

        self.course = course
        self.isolation, self.limits = isolation, limits
        self.force, self.dry_run = force, dry_run
        self.secret = where.secret
        self.saved = 0  # submissions that are settled, on the disk and in the gradebook
        self._unsaved: list[_Graded] = []
        self._late: list[tuple[Submission, dict[str, Any]]] = []  # to get another time
        self._saved_at = time.monotonic()
        self._refused = 0
        self.gradebook = GradebookStore.open(where.gradebook_url)
        try:
            self.assignments = {
                name: tried_out(where, name, self.gradebook, isolation) for name in assignments
            }
            self.recorded = {name: self.gradebook.graded_students(name) for name in assignments}
            self.outdated = {name: self._outdated(name) for name in assignments}
            self.history = {name: Latest(course, name) for name in assignments}
        except BaseException:
            self.gradebook.close()
            raise

    def _outdated(self, name: str) -> set[str]:
        ours = [one for one in self.submissions if one.assignment == name]
        times = {one.student: submitted_at(one).at for one in ours if _is_text(one.student)}
        return self.gradebook.outdated(name, times, self._penalty)

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
                made = make_jobs(
                    *(submission, self.assignments[name], self.secret),
                    *(self.isolation, self.limits, self._released),
                )
                nothing = next((job.unreadable for job in made.values() if job.unreadable), None)
                if nothing is not None:
                    settled.append(not_graded(submission, nothing, nothing=True))
                    continue
                mark = fingerprint_of(made.values())
                if not self.force and self._is_settled(submission, made, settled):
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

    def _is_settled(
        self, submission: Submission, jobs: Mapping[str, Job], settled: list[Result]
    ) -> bool:
        """Whether nothing has to be run: what is graded stands, but for its time at most."""
        name, student = submission.assignment, submission.student
        known = student in self.recorded[name]
        record = read_record(submission, list(jobs)) if known else None
        state = compared(record, list(jobs.values()), student in self.outdated[name]).state
        if record is None or state not in (CURRENT, LATE):
            return False
        if state == CURRENT:
            settled.append(summary(record))
        elif self.dry_run:
            settled.append(_with_new_time(record))
        else:
            self._late.append((submission, record))
        return True

    def _to_save(self, work: _AtWork) -> _Graded:
        submission, moment = work.submission, submitted_at(work.submission).at
        outcomes = {name: work.outcomes[name] for name in work.jobs}
        points = tuple(
            GradedSubmission(submission.student, submission.assignment, name, moment, outcome.cells)
            for name, outcome in outcomes.items()
        )
        parts = made_of(work.jobs.values())
        record = record_of(outcomes, work.mark, parts, self.isolation)
        return _Graded(
            submission,
            {name: outcome.notebook or b"" for name, outcome in outcomes.items()},
            points,
            record,
            sum(outcome.seconds for outcome in outcomes.values()),
            entry_of(record),
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

    def gone(self) -> list[str]:
        """Return what was graded and is no longer there, or lies elsewhere, a sentence each."""
        said = []
        for name in self.assignments if self._everybody else ():
            for path in sorted((self.course / "autograded").glob(f"*/{name}")):
                student = path.parent.name
                if not os.path.lexists(Submission(self.course, name, student).folder):
                    said.append(f"{student}'s {name} {IS_GONE.format(name, student)}")
            said += said_of_misplaced(self.course, name)
        return said

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
        results, left = self._save_times(), batch
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
        for graded in left if self._shared else ():
            share(graded.submission.graded_folder, self.course / "autograded")
        told = [self._told(graded) for graded in left]
        self._note_seconds(left)
        self._note_history(left)
        self.saved += len(batch)
        self._unsaved = []  # only now: after Ctrl-C in the middle it is saved once more
        return results + told

    def _save_times(self) -> list[Result]:
        """Set the times and penalties of hand-ins of which nothing else is another."""
        late, self._late = self._late, []
        self.saved += len(late)
        results = []
        for name in self.assignments:
            ours = [
                (submission, kept) for submission, kept in late if submission.assignment == name
            ]
            times = {one.student: submitted_at(one).at for one, _ in ours}
            try:
                if ours:
                    self.gradebook.write_times(name, times, self._penalty)
                for submission, _ in ours:
                    store_beside(submission)
            except (CourseError, OSError) as failure:
                results += [not_graded(submission, str(failure)) for submission, _ in ours]
            else:
                results += [_with_new_time(kept) for _, kept in ours]
        return results

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
            results = [one for graded in batch for one in graded.points]
            self.gradebook.write(results, self._penalty)
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


def _with_new_time(record: dict[str, Any]) -> Result:
    """Return the line for a submission of which only the time, or what it costs, is another."""
    result = replace(summary(record), fresh=True)
    return replace(result, remarks=(*result.remarks, NEW_TIME))


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
