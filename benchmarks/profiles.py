"""Profiles what is left: one worker's trusted side, as `autograder.jobs.grade_one` does it.

CPU time, not wall time: what is waited for is the child's.
"""

from __future__ import annotations

import cProfile
import pstats
import time
from pathlib import Path

from autograder.course import assignment_files, gradebook_url, seed_of
from autograder.gradebook import GradebookStore
from autograder.jobs import Job, close_sandboxes, grade_one
from autograder.notebook import Assignment
from autograder.sandbox.limits import LIMITS
from benchmarks.table import table

WARM = 2
SHOWN = 25


def jobs_of(course: Path) -> list[Job]:
    """Return the jobs of a course, by student."""
    assignments: dict[str, Assignment] = {}
    made = []
    with GradebookStore.open(gradebook_url(course)) as gradebook:
        for path in sorted(course.glob("submitted/*/*/*.ipynb")):
            who, name = path.parts[-3:-1]
            if name not in assignments:
                master = tuple(gradebook.released_cells(course, name))
                assignments[name] = Assignment(name, master, assignment_files(course, name))
            made.append(
                Job(
                    student=who,
                    assignment=assignments[name],
                    data=path.read_bytes(),
                    unreadable=None,
                    seed=seed_of(b"the profile's secret, and no secret", name, who),
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
            grade_one(job)
        wall, used = time.perf_counter(), time.process_time()
        for job in timed:
            grade_one(job)
        wall, used = time.perf_counter() - wall, time.process_time() - used
        profiler = cProfile.Profile(time.process_time)
        for job in timed:
            profiler.runcall(grade_one, job)
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


def lines_of(stats: pstats.Stats, submissions: int, shown: int = SHOWN) -> str:
    """Return the functions with the most cumulative time, in milliseconds a submission."""
    found = sorted(stats.stats.items(), key=lambda item: -item[1][3])  # type: ignore[attr-defined]
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
