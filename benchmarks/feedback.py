"""Measures how fast pages of feedback are made: ours, and nbgrader's, of the same graded class."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable
from pathlib import Path

from benchmarks import ours, stock
from benchmarks.courses import BIN, BenchmarkError, Template, environment, fresh_course
from benchmarks.measure import Command, Measurement, measure, together
from benchmarks.report import QUIET, Target, target_table
from benchmarks.table import number, table

STOCK, PLUGIN, OURS = (
    "stock nbgrader generate_feedback",
    "nbgrader generate_feedback with our page",
    "autograder feedback",
)
WANTED = 5  # times nbgrader's rate
HEADERS = ("way", "pages", "s", "a second", "CPU s each", "× stock")
SETTINGS = "nbgrader_config.py"


def feedback(
    template: Template, folder: Path, submissions: int, rounds: int, say: Callable[[str], None]
) -> list[str]:
    """Grade a class once, make its pages in each way, and return the tables.

    Raises
    ------
    BenchmarkError : a command failed, or pages are missing
    """
    course = fresh_course(template, folder, submissions)
    say(f"grading {submissions} submissions")
    for command in ours.commands(course, template.problem_sets):
        checked(command, measure(command))
    settings = (course / SETTINGS).read_text(encoding="utf-8")
    costs: dict[str, list[Measurement]] = {STOCK: [], PLUGIN: [], OURS: []}
    for turn in range(rounds):
        # The other way round each time, so that none is always the first.
        for way in list(costs)[:: -1 if turn % 2 else 1]:
            shutil.rmtree(course / "feedback", ignore_errors=True)
            (course / SETTINGS).write_text(settings, encoding="utf-8")
            if way == STOCK:
                stock.prepare(course)
            commands = _commands(way, course, template)
            cost = together([checked(command, measure(command)) for command in commands])
            made = len(list(course.glob("feedback/*/*/*.html")))
            if made != submissions:
                raise BenchmarkError(f"{way}: {made} of {submissions} pages were made")
            say(f"{way}: {cost.seconds:.1f} s")
            costs[way].append(cost)
    return tables(costs, submissions)


def _commands(way: str, course: Path, template: Template) -> list[Command]:
    if way == OURS:
        lines = [("autograder", "feedback", *template.problem_sets, "--jobs", str(ours.JOBS))]
    else:
        lines = [("nbgrader", "generate_feedback", name) for name in template.problem_sets]
    return [
        # None of them runs student code.
        Command((str(BIN / program), *arguments), course, environment(), child="no such process")
        for program, *arguments in lines
    ]


def checked(command: Command, cost: Measurement) -> Measurement:
    """Return what a command cost that did its work.

    Raises
    ------
    BenchmarkError : it failed
    """
    if cost.code != 0:
        said = (cost.output.strip().splitlines() or ["it said nothing"])[-1]
        raise BenchmarkError(f"{' '.join(command.arguments[:2])} failed: {said}")
    return cost


def tables(costs: dict[str, list[Measurement]], pages: int) -> list[str]:
    """Return the target, the table and what else to know, of the costs of each way by round."""
    rates = {way: [pages / cost.seconds for cost in found] for way, found in costs.items()}
    # Of one round each: the two ran one after the other, on a machine that was as busy.
    ratios = {
        way: statistics.median(rate / base for rate, base in zip(found, rates[STOCK], strict=True))
        for way, found in rates.items()
    }
    rows = [
        [
            way,
            f"{pages:,}",
            number(statistics.median(cost.seconds for cost in found)),
            number(statistics.median(rates[way])),
            number(statistics.median(cost.cpu_seconds for cost in found) / pages),
            number(ratios[way]),
        ]
        for way, found in costs.items()
    ]
    target = Target(
        "pages a second over stock nbgrader's, start-up included", WANTED, ratios[OURS], False
    )
    rounds = len(costs[OURS])
    said = (
        f"Rounds: {rounds}; medians, start-up included. nbgrader makes one page after the other, "
        f"an assignment a command; `autograder feedback` has {ours.JOBS} processes."
    )
    others = [cost.others for found in costs.values() for cost in found if cost.others is not None]
    if others:
        share = statistics.median(others)
        said += f" Other programs used {share:.1%} of the machine meanwhile."
        if share > QUIET:
            said += " **The machine was not quiet: measure again before relying on the times.**"
    return [target_table([target]), table(HEADERS, rows), said]
