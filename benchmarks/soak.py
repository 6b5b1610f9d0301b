"""A soak: a very large class in one command, with the coordinator's memory over time."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import ours
from benchmarks.courses import Template, fresh_course, graded
from benchmarks.measure import Measurement, Sample, measure
from benchmarks.report import Target, company, target_table
from benchmarks.rounds import OURS, Run, cpu, each, further, ratio, run_once, seconds, ways
from benchmarks.table import number, table

SMALL = (10, 100)
REPEATS = 3
SHOWN_SAMPLES = 20
MAX_MEGABYTES = 300.0


def soak(
    template: Template, folder: Path, submissions: int, say: Callable[[str], None]
) -> tuple[str, ...]:
    """Grade a large class once, small ones before it, and return what is said of them.

    Parameters
    ----------
    template : with a class of at least that many submissions
    folder : of the course that is graded
    submissions : in the large class, more than the small ones have
    say : takes a line about each run
    """
    runs = []
    for turn in range(REPEATS):
        for size in SMALL:
            cost = run_once(ways()[OURS], template, folder, size)
            runs.append(Run(turn, OURS, size, cost))
            say(f"{size} submissions: {cost.seconds:.1f} s")
    course = fresh_course(template, folder, submissions)
    (command,) = ours.commands(course, template.problem_sets)
    say(f"{submissions:,} submissions: this takes long")
    large = measure(command, sample_seconds=2.0)
    failures = submissions - graded(course)
    if large.code != 0:
        last = (large.output.strip().splitlines() or ["it said nothing"])[-1]
        say(f"exit code {large.code}; its last line: {last}")
    say(f"{submissions:,} submissions: {large.seconds:.1f} s, {failures} failures")
    return parts(runs, large, submissions, failures)


def parts(
    runs: Sequence[Run], large: Measurement, submissions: int, failures: int
) -> tuple[str, ...]:
    """Return what is said of a soak: the classes, the targets, memory over time."""
    beside = [*runs, *(Run(turn, OURS, submissions, large) for turn in range(REPEATS))]
    small = max(SMALL)
    memory = statistics.median(
        run.cost.coordinator_megabytes for run in runs if run.submissions == small
    )
    rows = []
    for size in (*SMALL, submissions):
        here = [run.cost for run in beside if run.submissions == size]
        rows.append(
            [
                f"{size:,}",
                number(statistics.median(map(seconds, here)), 4),
                number(size / statistics.median(map(seconds, here))),
                _median(each(beside, OURS, size, cpu)),
                _median(further(beside, OURS, size, seconds)),
                _median(further(beside, OURS, size, cpu)),
                number(max(cost.coordinator_megabytes for cost in here)),
                number(max(cost.child_megabytes or 0.0 for cost in here)),
                str(failures) if size == submissions else "0",
            ]
        )
    headers = (
        *("submissions", "s", "a second", "CPU s each", "s, one more", "CPU s, one more"),
        *("coordinator, MB", "child, MB", "failures"),
    )
    head = f"{submissions:,} submissions: "
    targets = [
        Target(
            f"{head}{what} of one more, over that at {small}", 1.1, _slopes(beside, submissions, of)
        )
        for what, of in (("time", seconds), ("CPU", cpu))
    ]
    targets += [
        Target(
            f"{head}coordinator's memory over that at {small}",
            1.2,
            large.coordinator_megabytes / memory,
        ),
        Target(
            f"{head}coordinator's memory", MAX_MEGABYTES, large.coordinator_megabytes, unit=" MB"
        ),
        Target(f"{head}failures", 0, failures, unit=""),
    ]
    return (
        table(headers, rows, left=0),
        f"The small classes are medians of {REPEATS}; the large one was graded once, in one "
        f"command with two workers: exit code {large.code}. *One more* is the slope from the "
        "smallest class.",
        company(beside),
        target_table(targets),
        f"Memory over time, {len(large.samples):,} samples:",
        memory_table(large.samples),
    )


def memory_table(samples: Sequence[Sample], shown: int = SHOWN_SAMPLES) -> str:
    """Return a table of some samples, evenly spaced, with the highest since the one before."""
    rows = []
    lines = min(shown, len(samples))
    for line in range(lines):
        some = samples[line * len(samples) // lines : (line + 1) * len(samples) // lines]
        highest = max(sample.coordinator for sample in some)
        children = [sample.child for sample in some if sample.child is not None]
        rows.append(
            [
                f"{some[-1].seconds:,.0f}",
                number(some[-1].coordinator, 4),
                number(highest, 4),
                number(max(children, default=None)),
            ]
        )
    headers = ("at, s", "coordinator, MB", "highest since the last line, MB", "largest child, MB")
    return table(headers, rows, left=0)


def _median(values: dict[int, float]) -> str:
    return number(statistics.median(values.values())) if values else "-"


def _slopes(runs: Sequence[Run], submissions: int, what: Callable[[Measurement], float]) -> float:
    """Return what one more costs in the large class over what it costs in the small one."""
    large, small = (further(runs, OURS, size, what) for size in (submissions, max(SMALL)))
    found = ratio(large, small)
    return statistics.median(found.values()) if found else math.nan
