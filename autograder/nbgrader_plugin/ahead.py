"""Grades hand-ins in workers while nbgrader is busy with those before them.

nbgrader takes one submission after the other, and most of what it does with each is its own
database.  Knows nothing of nbgrader.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, wait

from autograder.grading.jobs import Job, Outcome, fingerprint, grade_alone, grade_one
from autograder.grading.workers import WINDOW_PER_WORKER, WorkerLost, Workers


class Ahead:
    """Outcomes of jobs, which are asked for one after the other.

    Parameters
    ----------
    jobs : in the order in which they will be asked for; some may not be
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        number = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
        self._jobs, self._workers = iter(jobs), Workers(number)
        self._window = number * WINDOW_PER_WORKER
        self._coming: deque[tuple[str, Future[Outcome]]] = deque()

    def outcome(self, job: Job) -> Outcome:
        """Return the outcome of a job; where a second try may give another, that of the second.

        A hand-in that was changed since it was read is graded as it is now.

        Raises
        ------
        WorkerLost : the worker was killed by somebody else, and so was the next one
        """
        self._fill()
        mine = self._taken(fingerprint(job))
        self._fill()
        if mine is not None and not isinstance(mine.exception(), WorkerLost):
            outcome = mine.result()
            if not outcome.unsure:
                return outcome
        wait([future for _, future in self._coming])
        return grade_alone(job) if mine is None else grade_one(job)

    def close(self) -> None:
        """End what is still being graded, and its processes."""
        self._workers.end()

    def _fill(self) -> None:
        while len(self._coming) < self._window and (job := next(self._jobs, None)) is not None:
            self._coming.append((fingerprint(job), self._workers.submit(grade_one, job)))

    def _taken(self, mark: str) -> Future[Outcome] | None:
        """Return the future of a job; those before it will not be asked for."""
        if all(mark != one for one, _ in self._coming):
            return None
        while True:
            one, future = self._coming.popleft()
            if one == mark:
                return future
            future.cancel()
