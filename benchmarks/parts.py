"""Measures the parts that everything goes through: coordinator, writer and scheduler, alone."""

from __future__ import annotations

import pickle
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from autograder.base.limits import LIMITS
from autograder.course.assignment import MasterCell
from autograder.course.course import Course
from autograder.course.folder import digest_of
from autograder.gradebook import GradebookStore
from autograder.grading.engine import ClassGrading
from autograder.grading.jobs import Job, Outcome
from autograder.grading.workers import Workers, own_worker
from autograder.grading.working import begun
from autograder.submission.graded_cells import GradedCell, GradedSubmission
from benchmarks.classes import HANDED_IN, SEED, Template, fresh_course, student
from benchmarks.tables import number, spread, table

BATCH = 50
WORKERS = 2
RECORDED = 40  # submissions that are graded once, and answered with afterwards
IN_FLIGHT = 200  # jobs: a bounded window, as in a class that many workers grade


class Recording(Workers):
    """Workers whose outcomes are kept in a folder."""

    def __init__(self, number: int, folder: Path) -> None:
        super().__init__(number)
        self.folder = folder

    def submit(self, function: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        """Have a job done."""
        return super().submit(_recorded, function, self.folder, *given)


class Replaying(Recording):
    """Workers that give back what was kept: all the work there is, is the coordinator's."""

    def submit(self, function: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        """Have a job answered."""
        return Workers.submit(self, _replayed, self.folder, *given)


def _recorded(function: Callable[[Job], Outcome], folder: Path, job: Job) -> Outcome:
    outcome = function(job)
    (folder / digest_of(job.data)).write_bytes(pickle.dumps(outcome))
    return outcome


def _replayed(folder: Path, job: Job) -> Outcome:
    outcome: Outcome = own_worker().do(answer, folder, job, budget=job.budget)
    return outcome


def answer(folder: Path, job: Job) -> Outcome:
    """Return what was kept of the same notebook, in a worker's process."""
    begun()
    kept: Outcome = pickle.loads((folder / digest_of(job.data)).read_bytes())
    return replace(kept, student=job.student)


def coordinator_costs(
    template: Template, folder: Path, submissions: int, times: int = 3
) -> list[Measured]:
    """Measure this process while it reads a class, has it answered, and writes files and rows.

    Parameters
    ----------
    template : with a small class, which is graded first; the large one is copies of it
    folder : for the courses, replaced
    """
    found = []
    with tempfile.TemporaryDirectory() as kept:
        names = template.problem_sets
        students = min(RECORDED // len(names), len(list(template.classroom.iterdir())))
        course = fresh_course(template, folder, students * len(names))
        with Recording(WORKERS, Path(kept)) as workers:
            for _ in ClassGrading(course, names, [], "bwrap", LIMITS).on(
                workers, lambda: IN_FLIGHT
            ):
                pass
        for _ in range(times):
            course = fresh_course(template, folder, 0)
            for number in range(submissions // len(names)):
                work = template.classroom / student(number % students)
                shutil.copytree(work, course / "submitted" / student(number))
            used = time.process_time()
            grading = ClassGrading(course, names, [], "bwrap", LIMITS)
            with Replaying(WORKERS, Path(kept)) as workers:
                graded = sum(result.fresh for result in grading.on(workers, lambda: IN_FLIGHT))
            used = time.process_time() - used
            files = [path for path in (course / "autograded").rglob("*") if path.is_file()]
            size = sum(path.stat().st_size for path in files)
            found.append(Measured(graded, used, size))
    return found


@dataclass(frozen=True)
class Measured:
    """How many submissions the coordinator settled, its CPU seconds, and bytes on the disk."""

    graded: int
    used: float
    bytes: int

    @property
    def rate(self) -> float:
        """Submissions for a second of its CPU: at most so many it keeps up with."""
        return self.graded / self.used


def coordinator(template: Template, folder: Path, submissions: int) -> str:
    """Return the row about the coordinator, which reads and writes for all."""
    found = coordinator_costs(template, folder, submissions)
    what = ("the coordinator alone", "CPU ms each", "a second at most", "disk kB each")
    row = [
        f"{found[0].graded:,} submissions of {' and '.join(template.problem_sets)}, graded before",
        spread([1000 / one.rate for one in found]),
        spread([one.rate for one in found]),
        number(found[0].bytes / found[0].graded / 1000),
    ]
    return table(what, [row])


def synthetic(
    master: Sequence[MasterCell], assignment: str, students: int
) -> Iterator[GradedSubmission]:
    """Yield results as a grader would give them, without grading."""
    rng = np.random.default_rng([SEED, 2])
    for place in range(students):
        cells = {}
        for cell in master:
            if cell.solution:
                cells[cell.grade_id] = GradedCell(None, needs_manual=cell.points is not None)
            elif cell.points is not None:
                cells[cell.grade_id] = GradedCell(cell.points * int(rng.integers(5)) / 4)
        moment = HANDED_IN + timedelta(seconds=61 * place)
        yield GradedSubmission(student(place), assignment, assignment, moment, cells)


def writer(course: Path, assignment: str, students: int, batch: int = BATCH) -> str:
    """Write synthetic results into a course's gradebook and return the row about it."""
    with GradebookStore.open(Course(course).gradebook_url) as gradebook:
        master = gradebook.released_cells(course, assignment, assignment)
        results = list(synthetic(master, assignment, students))
        wall, used = time.perf_counter(), time.process_time()
        for first in range(0, students, batch):
            gradebook.write(results[first : first + batch])
        wall, used = time.perf_counter() - wall, time.process_time() - used
    size = (course / "gradebook.db").stat().st_size / (1 << 20)
    numbers = (wall, students / wall, 1000 * used / students, size)
    return table(
        ("the writer alone, SQLite", "batch", "s", "a second", "CPU ms each", "database, MB"),
        [[f"{students:,} submissions of {assignment}", str(batch), *map(number, numbers)]],
    )


def nothing(task: int) -> int:
    """Do nothing, and say which nothing it was."""
    return task


def scheduler(tasks: int) -> str:
    """Have Dask's scheduler pass tasks that do nothing; say so where Dask is not installed."""
    try:
        from distributed import Client, LocalCluster, as_completed
    except ImportError:
        return "The scheduler was not measured: distributed is not installed."
    with (
        LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        client.submit(nothing, -1, pure=False).result()
        wall = time.perf_counter()
        sent = min(IN_FLIGHT, tasks)
        done = as_completed([client.submit(nothing, task, pure=False) for task in range(sent)])
        for _ in done:
            if sent < tasks:
                done.add(client.submit(nothing, sent, pure=False))
                sent += 1
        wall = time.perf_counter() - wall
    return table(
        ("the scheduler alone, Dask", "workers", "in flight", "s", "tasks a second"),
        [
            [
                *(f"{tasks:,} tasks that do nothing", str(WORKERS), str(min(IN_FLIGHT, tasks))),
                *(number(wall), number(tasks / wall)),
            ]
        ],
    )
