"""Works out the figures of what was measured, and writes them: tables, targets, `results.md`.

The tables are Markdown that reads as well in a terminal.  All here is pure, but for the page.
"""

from __future__ import annotations

import math
import os
import platform
import re
import shutil
import statistics
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

from benchmarks.measure import NOT_QUIET, QUIET, Measurement
from benchmarks.ways import FLOOR, JOBS, OUR_PAGES, OURS, PLUGIN, STOCK, STOCK_PAGES, Run

SECTIONS = ("Benchmark", "Soak", "Parts", "Feedback", "Kill matrix")
TITLE = """\
# What grading costs

Written by `make bench`, `make soak`, `make kill` and `python -m benchmarks feedback`; each
replaces its own sections and leaves the others.
"""
SUBMISSIONS, PROCESSORS = (1_000, 10_000, 100_000, 1_000_000), (2, 16, 160)
CLASS = 1000  # submissions of the class in which targets count start-up
LEGEND = (
    "Medians of the rounds, with the least and the most in brackets. "
    "*One more* is the slope from the smallest class to this one, without start-up; the other "
    "columns have start-up in them. A class that is too large to be measured in this time is told "
    "from there: its start-up, and the slope for all others. *× stock* is stock's time over this "
    "way's, *CPU × stock* the same of CPU, for the same hand-ins, measured side by side. "
    "The floor runs the cells, with the course's own pictures told in words, as they are while "
    "grading, and does nothing else. CPU is {counted}. Memory is the peak of the process that was "
    "started (VmHWM), and the largest private memory seen in a process that ran student code."
)
PACKAGES = (
    "numpy matplotlib ipython ipykernel nbgrader nbformat SQLAlchemy tensorflow-cpu tensorflow "
    "distributed"
).split()
ByRound = dict[int, float]
Cost = Callable[[Sequence[Run], str, int, str], ByRound]


# --- Figures -------------------------------------------------------------------------------------


def sizes_of(runs: Sequence[Run], way: str) -> list[int]:
    """Return the sizes of class that a way was measured at."""
    return sorted({run.submissions for run in runs if run.way == way})


def each(runs: Sequence[Run], way: str, size: int, what: str) -> ByRound:
    """Return what a submission cost, start-up shared among all.

    Of a class that was not measured it is told from the smallest one and the slope.

    Parameters
    ----------
    what : "seconds" or "cpu_seconds"
    """
    sizes = sizes_of(runs, way)
    if size not in sizes and sizes:
        least, slopes = sizes[0], further(runs, way, sizes[-1], what)
        small = each(runs, way, least, what)
        return {
            turn: (small[turn] * least + slope * (size - least)) / size
            for turn, slope in slopes.items()
        }
    here = [run for run in runs if (run.way, run.submissions) == (way, size)]
    return {run.round: getattr(run.cost, what) / size for run in here}


def further(runs: Sequence[Run], way: str, size: int, what: str) -> ByRound:
    """Return what one submission more cost: the slope from the smallest class to this one.

    Start-up is in neither; empty where this is the smallest class.
    """
    least = min(sizes_of(runs, way), default=size)
    if size <= least:
        return {}
    small, large = each(runs, way, least, what), each(runs, way, size, what)
    return {
        turn: (large[turn] * size - small[turn] * least) / (size - least)
        for turn in large
        if turn in small
    }


def ratio(numerator: ByRound, denominator: ByRound) -> ByRound:
    """Return ratios within each round, without rounds in which a cost came out as nothing.

    A slope does, where classes are small and the machine is busy.
    """
    return {
        turn: value / denominator[turn]
        for turn, value in numerator.items()
        if value > 0 and denominator.get(turn, 0.0) > 0
    }


def over_stock(
    runs: Sequence[Run], way: str, size: int, what: str = "seconds", cost: Cost = each
) -> ByRound:
    """Return how often stock nbgrader's cost is a way's: of the same class, or of one more."""
    stock = STOCK_PAGES if sizes_of(runs, STOCK_PAGES) else STOCK
    of_stock = max(sizes_of(runs, stock), default=0) if cost is further else size
    return ratio(cost(runs, stock, of_stock, what), cost(runs, way, size, what))


def over_floor(runs: Sequence[Run], way: str, size: int) -> ByRound:
    """Return what one more costs a way in CPU, over what it costs the floor."""
    largest = max(sizes_of(runs, FLOOR), default=0)
    return ratio(
        further(runs, way, size, "cpu_seconds"), further(runs, FLOOR, largest, "cpu_seconds")
    )


def one_more(runs: Sequence[Run]) -> float:
    """Return the CPU seconds of one submission more in our largest class, nan of none."""
    sizes = sizes_of(runs, OURS)
    found = further(runs, OURS, sizes[-1], "cpu_seconds").values() if sizes else ()
    return statistics.median(found) if found else math.nan


def rate(runs: Sequence[Run], way: str, size: int) -> ByRound:
    """Return how many submissions a way does in a second."""
    return {turn: 1 / value for turn, value in each(runs, way, size, "seconds").items()}


COLUMNS: dict[str, Callable[[Sequence[Run], str, int], ByRound]] = {
    "a second": rate,
    "s, one more": partial(further, what="seconds"),
    "CPU s each": partial(each, what="cpu_seconds"),
    "CPU s, one more": partial(further, what="cpu_seconds"),
    "× stock": over_stock,
    "× stock, one more": partial(over_stock, cost=further),
    "CPU × stock, one more": partial(over_stock, what="cpu_seconds", cost=further),
    "CPU / floor, one more": over_floor,
}


# --- Targets -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """What was wanted of a figure, and what was found.

    Parameters
    ----------
    what : the figure, in words
    wanted : the bound
    values : what was found, each time; none where there was nothing to take it of
    at_most : whether the bound is an upper one
    unit : what stands after a number: `` s``, `` ×``
    """

    what: str
    wanted: float
    values: Sequence[float]
    at_most: bool = True
    unit: str = " ×"

    @property
    def found(self) -> float:
        """The median of the values, or nan."""
        return statistics.median(self.values) if self.values else math.nan

    @property
    def verdict(self) -> str:
        """``met``, or by how much of the bound it was missed."""
        if math.isnan(self.found):
            return "not told: classes too small, or machine too busy"
        if self.found <= self.wanted if self.at_most else self.found >= self.wanted:
            return "met"
        return f"missed by {abs(self.found / self.wanted - 1):.1%}"


def targets_of(runs: Sequence[Run], kind: str, wanted: Mapping[str, float]) -> list[Target]:
    """Return the targets of a class: with start-up, and without it.

    Parameters
    ----------
    kind : of class, in words
    wanted : by what is asked for: "floor", "stock", "plugin", "ten", "growth", "memory", "flat" or
        "pages"
    """
    way = OUR_PAGES if "pages" in wanted else OURS
    sizes = sizes_of(runs, way) or [0]
    size, before = sizes[-1], sizes[-2:][0]
    found: list[Target] = []

    def target(
        key: str, what: str, values: ByRound, at_most: bool = True, unit: str = " ×"
    ) -> None:
        if key in wanted:
            what = f"{kind}, {what}"
            found.append(Target(what, wanted[key], [*values.values()], at_most, unit))

    more = "one more"
    target(
        "floor", f"{more}: CPU over the floor with the same pictures", over_floor(runs, way, size)
    )
    throughput, of = "throughput over stock's", f"a class of {max(CLASS, size):,}"
    told = "" if size >= CLASS else f", told from {size}"
    for key, one in (("stock", way), ("plugin", PLUGIN)):
        named = f"with the plugin, {of}" if key == "plugin" else of
        values = over_stock(runs, one, max(CLASS, size))
        target(key, f"{named}: {throughput}, start-up included{told}", values, at_most=False)
        largest = max(sizes_of(runs, one), default=0)
        named = f"with the plugin, {more}" if key == "plugin" else more
        values = over_stock(runs, one, largest, cost=further)
        target(key, f"{named}: {throughput}", values, at_most=False)
    if "stock" in wanted:  # stock works on one processor, and ours on all: so much is left to it
        values = over_stock(runs, way, max(sizes), "cpu_seconds", further)
        what = f"{kind}, {more}: stock's CPU over ours, whose {JOBS} workers share the rest"
        found.append(Target(what, wanted["stock"] / JOBS, [*values.values()], at_most=False))
    small = {run.round: run.cost.seconds for run in runs if (run.way, run.submissions) == (way, 10)}
    target("ten", "a class of 10: time", small, unit=" s")
    for word, what in (("time", "seconds"), ("CPU", "cpu_seconds")):
        grown = ratio(further(runs, way, size, what), further(runs, way, before, what))
        target("growth", f"{size:,}: {word} of one more, over that at {before}", grown)
    peaks = {0: peak_of(runs, way, size) or math.nan}
    target("memory", f"{size:,}: the coordinator's memory", peaks, unit=" MB")
    grown = ratio(peaks, {0: peak_of(runs, way, before) or math.nan})
    target("flat", f"{size:,}: the coordinator's memory, over that at {before}", grown)
    target(
        "pages",
        f"{size:,}: pages a second over stock's",
        over_stock(runs, way, size),
        at_most=False,
    )
    return found


def peak_of(runs: Sequence[Run], way: str, size: int, child: bool = False) -> float | None:
    """Return the most memory of the coordinator, or of a child, in MB; None where none was seen."""
    here = [run.cost for run in runs if (run.way, run.submissions) == (way, size)]
    seen = [cost.child_megabytes if child else cost.coordinator_megabytes for cost in here]
    return max((one for one in seen if one is not None), default=None)


# --- Tables --------------------------------------------------------------------------------------


def class_table(runs: Sequence[Run]) -> str:
    """Return the table of every way at every size, and who else was at work."""
    if not runs:
        return "No time was left to measure it."
    rows = [
        [
            *(way, f"{size:,}"),
            *(spread(column(runs, way, size).values()) for column in COLUMNS.values()),
            *(number(peak_of(runs, way, size, child)) for child in (False, True)),
        ]
        for way in dict.fromkeys(run.way for run in runs)
        for size in sizes_of(runs, way)
    ]
    headers = ("way", "submissions", *COLUMNS, "coordinator, MB", "child, MB")
    told = [i for i in range(len(headers)) if any(row[i] not in ("-", "not seen") for row in rows)]
    kept = [[row[i] for i in told] for row in (headers, *rows)]
    rounds = f"Rounds: {len({run.round for run in runs})}."
    return "\n\n".join((table(kept[0], kept[1:]), f"{rounds} {company([r.cost for r in runs])}"))


def target_table(targets: Sequence[Target]) -> str:
    """Return the table of targets."""
    lines = [
        [
            target.what,
            f"{'at most' if target.at_most else 'at least'} {number(target.wanted)}{target.unit}",
            "-" if math.isnan(target.found) else f"{spread(target.values)}{target.unit}",
            target.verdict,
        ]
        for target in targets
    ]
    return table(("target", "wanted", "found", ""), lines)


def arithmetic(cpu_seconds: float, rate: float) -> str:
    """Return how long classes take: what they cost, shared among processors; or the coordinator.

    Parameters
    ----------
    cpu_seconds : of one submission more, all processes together
    rate : submissions a second that the coordinator keeps up with
    """
    lines = []
    for submissions in SUBMISSIONS:
        line = [f"{submissions:,}"]
        for processors in PROCESSORS:
            graded, written = submissions * cpu_seconds / processors, submissions / rate
            line.append(duration(max(graded, written)))
            if written > graded:
                line[-1] += " (the coordinator)"
        lines.append(line)
    headers = ("submissions", f"{PROCESSORS[0]} processors", *map(str, PROCESSORS[1:]))
    return "\n\n".join(
        (
            f"With {number(cpu_seconds)} s of CPU a submission, and a coordinator that keeps up "
            f"with {number(rate)} a second (what {cpu_seconds * rate:,.0f} processors grade):",
            table(headers, lines),
        )
    )


def duration(seconds: float) -> str:
    """Return a time as people say it.

    >>> [duration(seconds) for seconds in (14.2, 110, 6660)]
    ['14 s', '2 min', '1.9 h']
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def company(costs: Sequence[Measurement]) -> str:
    """Say how much of the machine other programs used, and whether figures can be relied on."""
    shares = [cost.others for cost in costs if cost.others is not None]
    if not shares:
        return "What other programs used could not be told apart, and is in the figures."
    said = (
        f"Other programs used {statistics.median(shares):.1%} of the machine meanwhile "
        f"(median of the runs; at most {max(shares):.1%})."
    )
    if statistics.median(shares) > QUIET:
        said += f" {NOT_QUIET}"
    return said


def spread(values: Collection[float]) -> str:
    """Return the median, with the least and the most where there are several."""
    if not values:
        return "-"
    middle = number(statistics.median(values))
    return f"{middle} ({number(min(values))}-{number(max(values))})" if len(values) > 1 else middle


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table with its columns in line, the first to the left.

    Raises
    ------
    ValueError : a row has more or fewer cells than there are headers
    """
    lines = [[cell.replace("|", "\\|") for cell in row] for row in (headers, *rows)]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    aligned = [[line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])] for line in lines]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in (aligned[0], rule, *aligned[1:]))


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with that many significant digits, none of them lost before the point."""
    if value is None:
        return "not seen"
    if value == 0:
        return "0"
    whole = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    if whole:
        return f"{value:,.{max(0, digits - whole)}f}"
    return f"{value:.{digits}g}" if abs(value) < 1e-3 else f"{value:.{digits}f}"


# --- The page ------------------------------------------------------------------------------------


def replace_section(path: Path, name: str, body: str) -> None:
    """Write one section of a page and leave the others as they are, in their fixed order.

    Raises
    ------
    OSError : the page cannot be read or written
    """
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    parts = re.split(rf"^## ({'|'.join(SECTIONS)})\n", text, flags=re.MULTILINE)
    there = dict(zip(parts[1::2], parts[2::2], strict=True)) | {name: body}
    kept = [f"## {one}\n\n{there[one].strip(chr(10))}\n" for one in SECTIONS if one in there]
    path.write_text("\n".join((TITLE, *kept)), encoding="utf-8", newline="\n")


def machine() -> str:
    """Describe the machine in a paragraph: no names of hosts, no paths."""
    try:
        told = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        told = None
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    versions = [f"{name} {metadata.version(name)}" for name in PACKAGES if _installed(name)]
    if shutil.which("bwrap") is not None:
        said = subprocess.run(["bwrap", "--version"], capture_output=True, text=True).stdout
        versions.append(said.strip())
    return (
        f"{told[1].strip() if told else platform.machine()}, {os.cpu_count()} cores, "
        f"{gigabytes:.0f} GB, {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}, {', '.join(versions)}."
    )


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
