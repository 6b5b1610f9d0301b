"""Measures ways of grading in rounds, one after the other, and works out the figures.

Every round has every way in it, in turn forwards and backwards, so that what drifts
(heat, a neighbour's load) falls on all alike.  Ratios are taken within a round.
Measuring aside, all here is pure.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import floor, ours, stock
from benchmarks.courses import BenchmarkError, Template, fresh_course, graded, without_gradient
from benchmarks.measure import Command, Measurement, measure, together

STOCK = "stock nbgrader"
PLUGIN = "nbgrader with our plugin"
OURS = "autograder grade"
FLOOR = "floor"
TOLD = "floor, pictures told"


@dataclass(frozen=True)
class Way:
    """One way to grade a class, or to run its cells.

    Parameters
    ----------
    commands : what to run in a course, one after the other
    prepare : what to change in the course before
    grades : whether graded notebooks must be there afterwards
    """

    commands: Callable[[Path, Sequence[str]], list[Command]]
    prepare: Callable[[Path], None] = lambda course: None
    grades: bool = True


def ways(preload: str = "") -> dict[str, Way]:
    """Return the ways by name; the floor's warm processes import `preload` before they fork."""
    return {
        STOCK: Way(stock.commands, stock.prepare),
        PLUGIN: Way(ours.plugin_commands),
        OURS: Way(ours.commands),
        FLOOR: Way(lambda course, _: [floor.command(course, preload=preload)], grades=False),
        TOLD: Way(lambda course, _: [floor.command(course, True, preload)], grades=False),
    }


@dataclass(frozen=True)
class Run:
    """One way, once, with a class of some size.

    Parameters
    ----------
    without_gradient : with TensorFlow, the graded notebooks whose cell gave none
    """

    round: int
    way: str
    submissions: int
    cost: Measurement
    without_gradient: int = 0


def run_once(way: Way, template: Template, folder: Path, submissions: int) -> Measurement:
    """Measure one way in a fresh course.

    Raises
    ------
    BenchmarkError : it did not do the work that was to be measured
    """
    course = fresh_course(template, folder, submissions)
    way.prepare(course)
    cost = together([measure(command) for command in way.commands(course, template.problem_sets)])
    done = graded(course) if way.grades else submissions
    if cost.code != 0 or done != submissions:
        said = (cost.output.strip().splitlines() or ["it said nothing"])[-1]
        raise BenchmarkError(
            f"{done} of {submissions} were graded, exit code {cost.code}; its last line: {said}"
        )
    return cost


def run_rounds(
    template: Template,
    folder: Path,
    sizes: Mapping[str, Sequence[int]],
    rounds: int,
    say: Callable[[str], None],
    preload: str = "",
) -> list[Run]:
    """Measure every way at every size, in every round.

    Parameters
    ----------
    template : the course and its class
    folder : of the course that is graded; replaced for each run
    sizes : by name of the way, how many submissions
    rounds : how many
    say : takes a line about each run
    preload : see `ways`

    Raises
    ------
    BenchmarkError : a way did not do its work
    """
    known = ways(preload)
    turns = [(name, size) for name in sizes for size in sizes[name]]
    runs = []
    for turn in range(rounds):
        for name, size in turns[:: -1 if turn % 2 else 1]:
            try:
                cost = run_once(known[name], template, folder, size)
            except BenchmarkError as failure:
                raise BenchmarkError(f"{name}, {size} submissions: {failure}") from None
            without = without_gradient(folder) if template.tensorflow else 0
            runs.append(Run(turn, name, size, cost, without))
            say(
                f"round {turn + 1} of {rounds}: {name}, {size} submissions: {cost.seconds:.1f} s, "
                f"{cost.cpu_seconds / size:.3f} CPU s each"
            )
    return runs


# --- Figures ---------------------------------------------------------------------------------

ByRound = dict[int, float]


@dataclass(frozen=True)
class Spread:
    """The median of some rounds, the least and the most."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: ByRound) -> Spread:
        there = list(values.values())
        return cls(statistics.median(there), min(there), max(there))


def seconds(cost: Measurement) -> float:
    """Wall time."""
    return cost.seconds


def cpu(cost: Measurement) -> float:
    """CPU time."""
    return cost.cpu_seconds


def each(
    runs: Sequence[Run], way: str, submissions: int, what: Callable[[Measurement], float]
) -> ByRound:
    """Return what a submission cost, start-up shared among all."""
    return {
        run.round: what(run.cost) / submissions
        for run in runs
        if (run.way, run.submissions) == (way, submissions)
    }


def further(
    runs: Sequence[Run], way: str, submissions: int, what: Callable[[Measurement], float]
) -> ByRound:
    """Return what one submission more cost: the slope from the smallest class to this one.

    Start-up is in neither; empty where this is the smallest class.
    """
    least = min(sizes_of(runs, way))
    if submissions <= least:
        return {}
    small, large = each(runs, way, least, what), each(runs, way, submissions, what)
    return {
        turn: (large[turn] * submissions - small[turn] * least) / (submissions - least)
        for turn in large
        if turn in small
    }


def sizes_of(runs: Sequence[Run], way: str) -> list[int]:
    """Return the sizes of class that a way was measured at."""
    return sorted({run.submissions for run in runs if run.way == way})


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
    runs: Sequence[Run],
    way: str,
    submissions: int,
    cost: Callable[..., ByRound] = each,
    of_stock: Callable[..., ByRound] = each,
) -> ByRound:
    """Return how many submissions a way grades while stock nbgrader grades one.

    Empty where stock was not measured.

    Parameters
    ----------
    cost, of_stock : `each`, start-up included, or `further`
    """
    there = sizes_of(runs, STOCK)
    if not there:
        return {}
    theirs = of_stock(runs, STOCK, max(there), seconds)
    return ratio(theirs, cost(runs, way, submissions, seconds))


def over_floor(
    runs: Sequence[Run],
    way: str,
    submissions: int,
    cost: Callable[..., ByRound] = each,
    of: str = FLOOR,
) -> ByRound:
    """Return a way's CPU over the floor's; the floor is always without its start-up.

    Parameters
    ----------
    cost : `each`, start-up included, or `further`
    of : which floor
    """
    there = sizes_of(runs, of)
    size = submissions if submissions in there[1:] else max(there)
    return ratio(cost(runs, way, submissions, cpu), further(runs, of, size, cpu))
