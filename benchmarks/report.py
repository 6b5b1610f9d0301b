"""Says what was measured: the table, the targets, met or missed, and what else to know."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.rounds import (
    OURS,
    TOLD,
    ByRound,
    Run,
    Spread,
    cpu,
    each,
    further,
    over_floor,
    over_stock,
    seconds,
    sizes_of,
)
from benchmarks.table import number, table

QUIET = 0.05  # share of the machine that others may use before figures are in doubt
HEADERS = (
    "way",
    "submissions",
    "a second",
    "s, one more",
    "CPU s each",
    "CPU s, one more",
    "× stock",
    "× stock, one more",
    "CPU / floor",
    "CPU / floor, one more",
    "coordinator, MB",
    "child, MB",
)
LEGEND = (
    "Rounds: {rounds}. Medians, with the least and the most in brackets. *a second*, *CPU s each*, "
    "*× stock* and *CPU / floor* have start-up in them; *one more* is the slope from the smallest "
    "class to this one, without start-up. *× stock* is throughput over that of stock's largest "
    "class. The floor runs the cells as stock does, with the course's own pictures drawn, or with "
    "these told in words, as they are while grading. *CPU / floor* is over what one more costs "
    "the first of these, always. CPU is {counted}. Memory is the peak of the process that was "
    "started (VmHWM), and the largest private memory seen in a process that ran student code."
)


@dataclass(frozen=True)
class Target:
    """What was wanted of a figure, and what was found.

    Parameters
    ----------
    what : the figure, in words
    wanted : the bound; 0 allows nothing
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
    def met(self) -> bool:
        return self.found <= self.wanted if self.at_most else self.found >= self.wanted

    @property
    def verdict(self) -> str:
        """``met``, or by how much of the bound it was missed."""
        if math.isnan(self.found):
            return "not told: classes too small, or machine too busy"
        if self.met:
            return "met"
        if self.wanted == 0:
            return f"missed by {number(self.found)}"
        return f"missed by {abs(self.found / self.wanted - 1):.1%}"


def spread(values: ByRound, digits: int = 3) -> str:
    """Return the median, with the least and the most where there are several rounds."""
    if not values:
        return "-"
    one = Spread.of(values)
    if len(values) == 1:
        return number(one.median, digits)
    least, most = number(one.least, digits), number(one.most, digits)
    return f"{number(one.median, digits)} ({least}-{most})"


def rows(runs: Sequence[Run]) -> list[list[str]]:
    """Return the table's rows: every way at every size."""
    return [
        row_of(runs, way, size)
        for way in dict.fromkeys(run.way for run in runs)
        for size in sizes_of(runs, way)
    ]


def row_of(runs: Sequence[Run], way: str, size: int) -> list[str]:
    """Return one row."""
    here = [run.cost for run in runs if (run.way, run.submissions) == (way, size)]
    rate = {turn: 1 / value for turn, value in each(runs, way, size, seconds).items()}
    children = [cost.child_megabytes for cost in here if cost.child_megabytes is not None]
    return [
        way,
        f"{size:,}",
        spread(rate),
        spread(further(runs, way, size, seconds)),
        spread(each(runs, way, size, cpu)),
        spread(further(runs, way, size, cpu)),
        spread(over_stock(runs, way, size)),
        spread(over_stock(runs, way, size, further, further)),
        spread(over_floor(runs, way, size)),
        spread(over_floor(runs, way, size, further)),
        number(max(cost.coordinator_megabytes for cost in here)),
        number(max(children, default=None)),
    ]


def class_targets(
    runs: Sequence[Run], kind: str, times: float | None, floor: float | None
) -> list[Target]:
    """Return the targets of a class: in the strict reading, and without start-up.

    Parameters
    ----------
    runs : of the rounds
    kind : of notebook, in words
    times : stock's throughput, or None where nothing is asked of it
    floor : the floor's CPU, or None where nothing is asked of it
    """
    size = max(sizes_of(runs, OURS))
    head = f"{kind}, {size:,} submissions: "

    def median(values: ByRound) -> float:
        return statistics.median(values.values()) if values else math.nan

    found = []
    if floor is not None:
        strict, slope = over_floor(runs, OURS, size), over_floor(runs, OURS, size, further)
        found += [
            Target(f"{head}CPU over the floor, our start-up included", floor, median(strict)),
            Target(f"{head}CPU over the floor, one more", floor, median(slope)),
        ]
        if sizes_of(runs, TOLD):
            told = over_floor(runs, OURS, size, further, of=TOLD)
            where = "CPU over the floor with the course's pictures told, one more"
            found.append(Target(f"{head}{where}", floor, median(told)))
    if times is None:
        return found
    strict = over_stock(runs, OURS, size, each, further)
    slope = over_stock(runs, OURS, size, further, further)
    return [
        *found,
        Target(
            f"{head}throughput over stock's, our start-up included and stock's not",
            times,
            median(strict),
            at_most=False,
        ),
        Target(f"{head}throughput over stock's, one more", times, median(slope), at_most=False),
    ]


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
    return table(("target", "wanted", "found", ""), lines, left=1)


def company(runs: Iterable[Run]) -> str:
    """Say how much of the machine other programs used, and whether figures can be relied on."""
    shares = [run.cost.others for run in runs if run.cost.others is not None]
    if not shares:
        return "What other programs used could not be told apart, and is in the figures."
    said = (
        f"Other programs used {statistics.median(shares):.1%} of the machine meanwhile "
        f"(median of the runs; at most {max(shares):.1%})."
    )
    if statistics.median(shares) > QUIET:
        said += " **The machine was not quiet: measure again before relying on these figures.**"
    return said


def class_table(runs: Sequence[Run], rounds: int, counted: str) -> str:
    """Return the table of a class, what its columns mean, and who else was at work."""
    parts = [table(HEADERS, rows(runs)), LEGEND.format(rounds=rounds, counted=counted)]
    return "\n\n".join((*parts, company(runs), *spoilt(runs)))


def spoilt(runs: Sequence[Run]) -> list[str]:
    """Say which figures are not worth their name, because a gradient is missing."""
    found = []
    for way in dict.fromkeys(run.way for run in runs):
        of_way = [run for run in runs if run.way == way]
        without = sum(run.without_gradient for run in of_way)
        if without:
            graded = sum(run.submissions for run in of_way)
            found.append(
                f"**{way}: in {without} of {graded} graded notebooks the cell "
                "gave no gradient, so this way's figures are of less work.**"
            )
    return found
