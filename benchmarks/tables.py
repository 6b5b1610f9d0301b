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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

from benchmarks.measure import Measurement
from benchmarks.ways import FLOOR, OUR_PAGES, OURS, STOCK, STOCK_PAGES, TOLD, Run

SECTIONS = ("Benchmark", "Soak", "Parts", "Feedback", "Kill matrix")
TITLE = """\
# What grading costs

Written by `make bench`, `make soak`, `make kill` and `python -m benchmarks feedback`; each
replaces its own sections and leaves the others.
"""
QUIET = 0.05  # share of the machine that others may use before figures are in doubt
LEGEND = (
    "Medians of the rounds, with the least and the most in brackets. "
    "*One more* is the slope from the smallest class to this one, without start-up; the other "
    "columns have start-up in them. *× stock* is throughput over that of stock's largest class. "
    "The floor runs the cells as stock does, with the course's own pictures drawn, or with these "
    "told in words, as they are while grading; *CPU / floor* is over what one more costs the first "
    "of these. CPU is {counted}. Memory is the peak of the process that was started (VmHWM), and "
    "the largest private memory seen in a process that ran student code."
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

    Parameters
    ----------
    what : "seconds" or "cpu_seconds"
    """
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
    runs: Sequence[Run], way: str, size: int, cost: Cost = each, of_stock: Cost = each
) -> ByRound:
    """Return how many submissions a way does while stock nbgrader does one."""
    stock = STOCK_PAGES if sizes_of(runs, STOCK_PAGES) else STOCK
    largest = max(sizes_of(runs, stock), default=0)
    return ratio(of_stock(runs, stock, largest, "seconds"), cost(runs, way, size, "seconds"))


def over_floor(
    runs: Sequence[Run], way: str, size: int, cost: Cost = each, of: str = FLOOR
) -> ByRound:
    """Return a way's CPU over the floor's; the floor is always without its start-up."""
    there = sizes_of(runs, of)
    largest = size if size in there[1:] else max(there, default=0)
    return ratio(cost(runs, way, size, "cpu_seconds"), further(runs, of, largest, "cpu_seconds"))


def rate(runs: Sequence[Run], way: str, size: int) -> ByRound:
    """Return how many submissions a way does in a second."""
    return {turn: 1 / value for turn, value in each(runs, way, size, "seconds").items()}


COLUMNS: dict[str, Callable[[Sequence[Run], str, int], ByRound]] = {
    "a second": rate,
    "s, one more": partial(further, what="seconds"),
    "CPU s each": partial(each, what="cpu_seconds"),
    "CPU s, one more": partial(further, what="cpu_seconds"),
    "× stock": over_stock,
    "× stock, one more": partial(over_stock, cost=further, of_stock=further),
    "CPU / floor": over_floor,
    "CPU / floor, one more": partial(over_floor, cost=further),
}


# --- Targets -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """What was wanted of a figure, and what was found.

    Parameters
    ----------
    what : the figure, in words
    wanted : the bound
    found : the median, or nan where there was nothing to take it of
    at_most : whether the bound is an upper one
    unit : what stands after a number: `` s``, `` ×``
    """

    what: str
    wanted: float
    found: float
    at_most: bool = True
    unit: str = " ×"

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
    wanted : by what is asked for: "floor", "stock", "growth", "memory" or "pages"
    """
    way = OUR_PAGES if "pages" in wanted else OURS
    sizes = sizes_of(runs, way)
    size, before = sizes[-1], sizes[-2:][0]
    found: list[Target] = []

    def target(
        key: str, what: str, values: ByRound, at_most: bool = True, unit: str = " ×"
    ) -> None:
        if key in wanted:
            what = f"{kind}, {size:,} submissions: {what}"
            found.append(Target(what, wanted[key], median(values), at_most, unit))

    floor, stock = "CPU over the floor", "throughput over stock's"
    strict, slope = over_floor(runs, way, size), over_floor(runs, way, size, further)
    target("floor", f"{floor}, our start-up included", strict)
    target("floor", f"{floor}, one more", slope)
    if sizes_of(runs, TOLD):
        told = over_floor(runs, way, size, further, TOLD)
        target("floor", f"{floor} with the course's pictures told, one more", told)
    strict, slope = (over_stock(runs, way, size, cost, further) for cost in (each, further))
    target("stock", f"{stock}, our start-up included and stock's not", strict, at_most=False)
    target("stock", f"{stock}, one more", slope, at_most=False)
    for word, what in (("time", "seconds"), ("CPU", "cpu_seconds")):
        grown = ratio(further(runs, way, size, what), further(runs, way, before, what))
        target("growth", f"{word} of one more, over that at {before}", grown)
    peak = {0: peak_of(runs, way, size) or math.nan}
    target("memory", "the coordinator's memory", peak, unit=" MB")
    target("pages", "pages a second over stock's", over_stock(runs, way, size), at_most=False)
    return found


def median(values: ByRound) -> float:
    """Return the median of the rounds, nan of none."""
    return statistics.median(values.values()) if values else math.nan


def peak_of(runs: Sequence[Run], way: str, size: int, child: bool = False) -> float | None:
    """Return the most memory of the coordinator, or of a child, in MB; None where none was seen."""
    here = [run.cost for run in runs if (run.way, run.submissions) == (way, size)]
    seen = [cost.child_megabytes if child else cost.coordinator_megabytes for cost in here]
    return max((one for one in seen if one is not None), default=None)


# --- Tables --------------------------------------------------------------------------------------


def class_table(runs: Sequence[Run]) -> str:
    """Return the table of every way at every size, and who else was at work."""
    rows = [
        [
            *(way, f"{size:,}"),
            *(spread(column(runs, way, size)) for column in COLUMNS.values()),
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
            "-" if math.isnan(target.found) else f"{number(target.found)}{target.unit}",
            target.verdict,
        ]
        for target in targets
    ]
    return table(("target", "wanted", "found", ""), lines)


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
        said += " **The machine was not quiet: measure again before relying on these figures.**"
    return said


def spread(values: ByRound) -> str:
    """Return the median, with the least and the most where there are several rounds."""
    if not values:
        return "-"
    if len(values) == 1:
        return number(median(values))
    least, most = number(min(values.values())), number(max(values.values()))
    return f"{number(median(values))} ({least}-{most})"


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
