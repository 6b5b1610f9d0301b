"""Profiles what is left: one worker's trusted side, and the start of a command.

Of a worker CPU time, not wall time: what it waits for is the child's.
"""

from __future__ import annotations

import cProfile
import pstats
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autograder.course.assignment import Assignment
from autograder.course.course import Course
from autograder.course.folder import digest_of, seed_of
from autograder.gradebook import GradebookStore
from autograder.grading.jobs import Job, close_sandboxes, grade_here
from autograder.limits import LIMITS
from benchmarks.courses import BenchmarkError
from benchmarks.measure import Command
from benchmarks.table import table

WARM = 2
SHOWN = 25


def jobs_of(course: Path) -> list[Job]:
    """Return the jobs of a course, by student."""
    assignments: dict[str, Assignment] = {}
    made = []
    with GradebookStore.open(Course(course).gradebook_url) as gradebook:
        for path in sorted(course.glob("submitted/*/*/*.ipynb")):
            who, name = path.parts[-3:-1]
            if name not in assignments:
                assignments[name] = Course(course).assignment(name, gradebook)
            data = path.read_bytes()
            secret = b"the profile's secret, and no secret"
            made.append(
                Job(
                    student=who,
                    assignment=assignments[name],
                    data=data,
                    unreadable=None,
                    seed=seed_of(secret, name, who, digest_of(data)),
                    isolation="bwrap",
                    limits=LIMITS,
                )
            )
    return made


def profile(course: Path) -> str:
    """Grade the submissions of a course in this process and say where the time goes.

    Parameters
    ----------
    course : with more than `WARM` submissions; these pay for the start and are not counted
    """
    jobs = jobs_of(course)
    warm, timed = jobs[:WARM], jobs[WARM:]
    try:
        for job in warm:
            grade_here(job)
        wall, used = time.perf_counter(), time.process_time()
        for job in timed:
            grade_here(job)
        wall, used = time.perf_counter() - wall, time.process_time() - used
        profiler = cProfile.Profile(time.process_time)
        for job in timed:
            profiler.runcall(grade_here, job)
    finally:
        close_sandboxes()
    stats = pstats.Stats(profiler)
    under = max(cumulative for _, _, _, cumulative, _ in stats.stats.values())  # type: ignore[attr-defined]
    each = len(timed)
    return (
        f"One worker's trusted side, {each} submissions: {1000 * used / each:.0f} ms of CPU each; "
        f"in the rest of {1000 * wall / each:.0f} ms it waits for the child. Below: by cumulative "
        f"CPU time under cProfile, whose clock makes of it {1000 * under / each:.0f} ms, "
        "many small calls most of all.\n\n" + lines_of(stats, each)
    )


def profile_command(command: Command) -> str:
    """Run a command of ours and say where its time goes, from its start to its end.

    Parameters
    ----------
    command : a program of Python's
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "profile")
        program = (sys.executable, "-m", "cProfile", "-o", str(file), *command.arguments)
        done = subprocess.run(
            program, cwd=command.folder, env=dict(command.environment), capture_output=True
        )
        if not file.is_file():
            raise BenchmarkError(f"{command.arguments[0]} ended with exit code {done.returncode}")
        stats = pstats.Stats(str(file))
    return "By cumulative time under cProfile:\n\n" + lines_of(stats, 1)


def lines_of(stats: pstats.Stats, submissions: int, shown: int = SHOWN) -> str:
    """Return the functions with the most cumulative time, in milliseconds a submission."""
    every = stats.stats.items()  # type: ignore[attr-defined]
    # Every import goes through the import system's own functions; which module it was says more.
    telling = [item for item in every if not item[0][0].startswith("<frozen")]
    found = sorted(telling, key=lambda item: -item[1][3])
    rows = [
        [
            place(file, line, name),
            f"{calls / submissions:,.1f}",
            f"{1000 * own / submissions:.2f}",
            f"{1000 * cumulative / submissions:.2f}",
        ]
        for (file, line, name), (_, calls, own, cumulative, _) in found[:shown]
    ]
    return table(("function", "calls each", "own ms each", "cumulative ms each"), rows)


def place(file: str, line: int, name: str) -> str:
    """Return where a function is, without the folders of this machine."""
    if not file.endswith(".py"):
        return f"`{name}`"
    return f"`{'/'.join(Path(file).parts[-2:])}:{line} {name}`"
