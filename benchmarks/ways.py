"""The ways to grade a class, and to make its pages; measured in rounds, one after the other.

Every round has every way in it, small classes first and then large ones, so that what is compared
is measured side by side; in turn forwards and backwards, so that what drifts (heat, a neighbour's
load) falls on all alike.  Ratios are taken within a round.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from benchmarks import floor
from benchmarks.classes import BIN, Template, fresh_course, without_gradient
from benchmarks.measure import BenchmarkError, Command, Measurement, environment, measure, together

STOCK, PLUGIN, OURS = "stock nbgrader", "nbgrader with our plugin", "autograder grade"
FLOOR = "floor"
STOCK_PAGES, PLUGIN_PAGES, OUR_PAGES = (
    "stock nbgrader generate_feedback",
    "nbgrader generate_feedback with our page",
    "autograder feedback",
)
FORK_SERVER = "autograder.sandbox.inside.server"
JOBS = 2
# What nbgrader needs to find its way in a course, and no plugin.
STOCK_SETTINGS = '''\
"""Stock settings: every preprocessor is nbgrader's own."""

from pathlib import Path

c = get_config()

c.CourseDirectory.course_id = "stock"
c.CourseDirectory.root = str(Path(__file__).absolute().parent)
'''


@dataclass(frozen=True)
class Way:
    """One way to grade a class, to make its pages, or to run its cells.

    Parameters
    ----------
    commands : what to run in a course, one after the other
    makes : the pattern of what must be there afterwards, a file for each submission, or ""
    stock : whether our plugin is taken out of the course's settings before
    """

    commands: Callable[[Path, Sequence[str]], list[Command]]
    makes: str = "autograded/*/*/*.ipynb"
    stock: bool = False


def ours(verb: str) -> Callable[[Path, Sequence[str]], list[Command]]:
    """Return what runs a command of ours on all problem sets at once."""

    def commands(course: Path, names: Sequence[str]) -> list[Command]:
        program = (str(BIN / "autograder"), verb, *names, "--course", str(course))
        arguments = (*program, "--jobs", str(JOBS))
        return [Command(arguments, course, environment(), FORK_SERVER)]

    return commands


def nbgraders(
    verb: str, child: str = FORK_SERVER, forked: bool = True
) -> Callable[[Path, Sequence[str]], list[Command]]:
    """Return what runs a command of nbgrader's, which takes one assignment at a time."""
    return lambda course, names: [
        Command((str(BIN / "nbgrader"), verb, name), course, environment(), child, forked)
        for name in names
    ]


PAGES = "feedback/*/*/*.html"
WAYS = {
    STOCK: Way(nbgraders("autograde", "ipykernel_launcher", False), stock=True),
    PLUGIN: Way(nbgraders("autograde")),
    OURS: Way(ours("grade")),
    FLOOR: Way(lambda course, _: [floor.command(course)], ""),
    STOCK_PAGES: Way(nbgraders("generate_feedback"), PAGES, stock=True),
    PLUGIN_PAGES: Way(nbgraders("generate_feedback"), PAGES),
    OUR_PAGES: Way(ours("feedback"), PAGES),
}


@dataclass(frozen=True)
class Run:
    """One way, once, with a class of some size."""

    round: int
    way: str
    submissions: int
    cost: Measurement


def run_once(way: Way, template: Template, folder: Path, submissions: int) -> Measurement:
    """Measure one way in a fresh course.

    Raises
    ------
    BenchmarkError : it did not do the work that was to be measured
    """
    course = fresh_course(template, folder, submissions)
    if way.stock:
        (course / "nbgrader_config.py").write_text(STOCK_SETTINGS, encoding="utf-8")
    commands = way.commands(course, template.problem_sets)
    cost = together([measure(command) for command in commands]).done("it")
    made = len(list(course.glob(way.makes))) if way.makes else submissions
    if made != submissions:
        raise BenchmarkError(f"{made} of {submissions} are there: {cost.output.strip()[-200:]}")
    if template.tensorflow and way.makes and (without := without_gradient(course)):
        raise BenchmarkError(f"in {without} graded notebooks TensorFlow gave no gradient")
    return cost


def run_rounds(
    template: Template,
    folder: Path,
    sizes: Mapping[str, Sequence[int]],
    rounds: int,
    say: Callable[[str], None],
    until: float = math.inf,
) -> list[Run]:
    """Measure every way at every size, in every round.

    Parameters
    ----------
    template : the course and its class
    folder : of the course that is graded; replaced for each run
    sizes : by name of the way, how many submissions
    say : takes a line about each run
    until : no run is begun that would not be over by then, by the clock of `time.monotonic`

    Raises
    ------
    BenchmarkError : a way did not do its work
    """
    columns = zip_longest(*([(name, size) for size in sizes[name]] for name in sizes))
    turns = [one for column in columns for one in column if one is not None]
    runs: list[Run] = []
    took: dict[tuple[str, int], float] = {}
    for turn in range(rounds):
        for name, size in turns[:: -1 if turn % 2 else 1]:
            began = time.monotonic()
            if began + took.get((name, size), 0.0) > until:
                say(f"round {turn + 1} of {rounds}: {name}, {size} submissions: no time left")
                continue
            try:
                cost = run_once(WAYS[name], template, folder, size)
            except BenchmarkError as failure:
                raise BenchmarkError(f"{name}, {size} submissions: {failure}") from None
            took[name, size] = time.monotonic() - began
            runs.append(Run(turn, name, size, cost))
            say(
                f"round {turn + 1} of {rounds}: {name}, {size} submissions: {cost.seconds:.1f} s, "
                f"{cost.cpu_seconds / size:.3f} CPU s each"
            )
    shutil.rmtree(folder, ignore_errors=True)
    return runs
