"""Measures the parts that everything goes through: coordinator, writer and scheduler, alone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np

from autograder.base.limits import LIMITS
from autograder.course.assignment import MasterCell
from autograder.course.course import Course
from autograder.gradebook import GradebookStore
from autograder.grading.engine import ClassGrading
from autograder.submission.graded_cells import GradedCell, GradedSubmission
from benchmarks.classes import HANDED_IN, SEED, student
from benchmarks.tables import number, table

BATCH = 50
WORKERS = 2
IN_FLIGHT = 200  # tasks: a bounded window, as in a class


def coordinator(course: Path, assignments: Sequence[str]) -> str:
    """Grade a course; return the row about this process, which reads and writes for all."""
    used = time.process_time()
    grading = ClassGrading(course, assignments, [], "bwrap", LIMITS)
    graded = sum(result.fresh for result in grading.run(WORKERS))
    used = time.process_time() - used
    files = [path for path in (course / "autograded").rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    numbers = (1000 * used / graded, graded / used, size / graded / 1000)
    return table(
        ("the coordinator alone", "workers", "CPU ms each", "a second at most", "disk kB each"),
        [
            [
                f"{graded:,} submissions of {' and '.join(assignments)}",
                str(WORKERS),
                *map(number, numbers),
            ]
        ],
    )


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
