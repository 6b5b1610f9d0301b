"""Measures the parts that everything goes through: coordinator, writer and scheduler, alone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np

from autograder.course.assignment import MasterCell
from autograder.course.course import Course
from autograder.gradebook import GradebookStore
from autograder.grading.engine import ClassGrading
from autograder.limits import LIMITS
from autograder.submission.graded_cells import GradedCell, GradedSubmission
from benchmarks.classes import HANDED_IN, SEED, student
from benchmarks.table import number, table

BATCH = 50
WORKERS = 2
IN_FLIGHT = 200  # tasks: a bounded window, as in a class


def synthetic(
    master: list[MasterCell], assignment: str, students: int, seed: int = SEED
) -> Iterator[GradedSubmission]:
    """Yield results as a grader would give them, without grading."""
    rng = np.random.default_rng([seed, 2])
    for number_ in range(students):
        cells = {
            cell.grade_id: GradedCell(
                None
                if cell.points is None or cell.solution
                else cell.points * int(rng.integers(5)) / 4,
                needs_manual=cell.solution and cell.points is not None,
            )
            for cell in master
            if cell.points is not None or cell.solution
        }
        moment = HANDED_IN + timedelta(seconds=61 * number_)
        yield GradedSubmission(student(number_), assignment, assignment, moment, cells)


def writer(course: Path, assignment: str, students: int, batch: int = BATCH) -> str:
    """Write synthetic results into a course's gradebook and return the row about it."""
    with GradebookStore.open(Course(course).gradebook_url) as gradebook:
        master = list(gradebook.released_cells(course, assignment))
        results = list(synthetic(master, assignment, students))
        wall, used = time.perf_counter(), time.process_time()
        for first in range(0, students, batch):
            gradebook.write(results[first : first + batch])
        wall, used = time.perf_counter() - wall, time.process_time() - used
    size = (course / "gradebook.db").stat().st_size / (1 << 20)
    headers = ("the writer alone, SQLite", "batch", "s", "a second", "CPU ms each", "database, MB")
    row = [
        f"{students:,} submissions of {assignment}",
        str(batch),
        number(wall),
        number(students / wall),
        number(1000 * used / students),
        number(size),
    ]
    return table(headers, [row])


def coordinator(course: Path, assignments: Sequence[str], workers: int = WORKERS) -> str:
    """Grade a course and return the row about this process, which reads and writes for all."""
    used = time.process_time()
    grading = ClassGrading(course, assignments, [], "bwrap", LIMITS)
    graded = sum(result.fresh for result in grading.run(workers))
    used = time.process_time() - used
    files = [path for path in (course / "autograded").rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    headers = (
        "the coordinator alone",
        "workers",
        "CPU ms each",
        "a second at most",
        "disk kB each",
    )
    row = [
        f"{graded:,} submissions of {' and '.join(assignments)}",
        str(workers),
        number(1000 * used / graded),
        number(graded / used),
        number(size / graded / 1000),
    ]
    return table(headers, [row])


def nothing(number_: int) -> int:
    """Do nothing, and say which nothing it was."""
    return number_


def scheduler(tasks: int, workers: int = WORKERS) -> str | None:
    """Have Dask's scheduler pass tasks that do nothing; None where Dask is not installed."""
    try:
        from distributed import Client, LocalCluster, as_completed
    except ImportError:
        return None
    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        client.submit(nothing, -1, pure=False).result()
        wall = time.perf_counter()
        first = min(IN_FLIGHT, tasks)
        done = as_completed([client.submit(nothing, one, pure=False) for one in range(first)])
        sent = first
        for _ in done:
            if sent < tasks:
                done.add(client.submit(nothing, sent, pure=False))
                sent += 1
        wall = time.perf_counter() - wall
    headers = ("the scheduler alone, Dask", "workers", "in flight", "s", "tasks a second")
    row = [
        f"{tasks:,} tasks that do nothing",
        str(workers),
        str(first),
        number(wall),
        number(tasks / wall),
    ]
    return table(headers, [row])
