"""The command line: `python -m benchmarks bench`, `soak`, `parts`, `feedback` or `kill`.

Reads arguments, shows progress on stderr, prints the tables, and keeps them in
`results.md`.  Exit code 0: measured, whether or not targets are met; 1: something could
not be measured, or a mutant is right and nobody knows why; 2: wrong usage.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from benchmarks import parts as alone
from benchmarks.classes import BIN, ROOT, Template, fresh_course, make_template, student
from benchmarks.killing import matrix
from benchmarks.measure import BenchmarkError, Command, busy, control_group, environment, measure
from benchmarks.plain import NAME as PLAIN
from benchmarks.tables import (
    LEGEND,
    Target,
    arithmetic,
    class_table,
    machine,
    one_more,
    replace_section,
    target_table,
    targets_of,
)
from benchmarks.ways import (
    FLOOR,
    OUR_PAGES,
    OURS,
    PLUGIN,
    PLUGIN_PAGES,
    STOCK,
    STOCK_PAGES,
    WAYS,
    run_rounds,
)
from softmax_by_hand import EXERCISES

BOTH = ("ps1", "ps2")
START_UPS = 5
SECONDS = 560.0  # for `bench`; what does not fit is left out, and it is said
OVER = "the ten minutes were over"
LEAST_SECONDS = 80.0  # without so much time left no other class is begun
EXIT_FAILED, EXIT_USAGE = 1, 2


@dataclass(frozen=True)
class Plan:
    """What is measured of one class.

    Parameters
    ----------
    kind : of class, in words
    problem_sets : that each student hands in
    sizes : submissions, for each way; the smallest is for the slopes
    quick : the same, to try it out
    wanted : the targets, see `benchmarks.tables.targets_of`
    tensorflow : whether the notebooks import it and take a gradient
    rounds : as far as there is time for them
    """

    kind: str
    problem_sets: tuple[str, ...]
    sizes: Mapping[str, tuple[int, ...]]
    quick: Mapping[str, tuple[int, ...]]
    wanted: Mapping[str, float]
    tensorflow: bool = False
    rounds: int = 2


# The most important ones first: those for which there is no time any more are left out.
BENCH = (
    Plan(
        "ps1 and ps2",
        BOTH,
        {STOCK: (2, 8), OURS: (10, 100), FLOOR: (10, 100), PLUGIN: (2, 10)},
        {STOCK: (2, 4), OURS: (2, 10), FLOOR: (2, 10), PLUGIN: (2, 4)},
        {"floor": 1.4, "stock": 30, "plugin": 6, "ten": 2.5},
    ),
    Plan(
        "ps1 with TensorFlow",
        ("ps1",),
        {STOCK: (1, 3), OURS: (4, 60)},
        {STOCK: (1, 2), OURS: (1, 5)},
        {"stock": 35},
        tensorflow=True,
    ),
    Plan(
        "plain asserts",
        (PLAIN,),
        {STOCK: (2, 8), OURS: (10, 100)},
        {STOCK: (1, 3), OURS: (2, 10)},
        {"stock": 30},
    ),
    Plan(  # Trainings on real data: a submission costs several times one of ps1 or ps2.
        "all five",
        ("ps1", "ps2", "ps3", "ps4", "ps5"),
        {OURS: (5, 20), FLOOR: (5, 20)},
        {OURS: (5, 10), FLOOR: (5, 10)},
        {"floor": 1.4},
        rounds=1,
    ),
)
QUICK = BENCH[:3]  # to release all five takes longer than to measure them
SOAK = Plan(
    "ps1 and ps2",
    BOTH,
    {OURS: (10, 100, 10_000)},
    {OURS: (2, 4, 8)},
    {"growth": 1.1, "memory": 300, "flat": 1.2},
    rounds=1,
)
PAGES = Plan(
    "ps1 and ps2",
    BOTH,
    dict.fromkeys((STOCK_PAGES, PLUGIN_PAGES, OUR_PAGES), (100,)),
    dict.fromkeys((STOCK_PAGES, PLUGIN_PAGES, OUR_PAGES), (4,)),
    {"pages": 5},
)

app = typer.Typer(
    help="Measure what grading costs, against stock nbgrader and the bare cells.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Quick = Annotated[bool, typer.Option("--quick", help="Small numbers, to try it out.")]
Results = Annotated[
    Path | None,
    typer.Option(help="Where to keep the section; without it, it is only printed.", metavar="FILE"),
]


def _stop(message: str, code: int = EXIT_USAGE) -> NoReturn:
    typer.echo(f"benchmarks: {message}", err=True)
    raise typer.Exit(code)


def _say(line: str) -> None:
    typer.echo(line, err=True)


@contextmanager
def _section(name: str, results: Path | None) -> Iterator[tuple[Path, list[str]]]:
    """Give a folder for the courses, and a list for what is found; print and keep it at the end."""
    if results is not None and not results.parent.is_dir():  # before hours of work, not after
        _stop(f"--results {results}: there is no folder {results.parent}")
    where = "\n\n".join((machine(), busy()))
    _say(where)
    found: list[str] = []
    stopped = ""
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            yield Path(folder), found
    except BenchmarkError as failure:  # what was measured before it stands
        stopped = str(failure)
        found.insert(0, f"**Not all was measured: {failure}**")
    except OSError as failure:
        place = f"{failure.filename}: " if failure.filename else ""
        stopped = f"{place}{failure.strerror or failure}"
        found.insert(0, f"**Not all was measured: {failure.strerror or failure}**")
    if len(found) > bool(stopped):
        took = f"Measured in {(time.monotonic() - started) / 60:.1f} minutes."
        body = "\n\n".join((where, *found, took))
        typer.echo(body)
        if results is not None:
            replace_section(results, name, body)
    if stopped:
        _stop(stopped, EXIT_FAILED)


def _template(folder: Path, plan: Plan, quick: bool) -> tuple[Template, int]:
    """Make a class that is large enough for a plan; return it with its size."""
    most = max(max(sizes) for sizes in (plan.quick if quick else plan.sizes).values())
    _say(f"making a class of {most:,} submissions, {plan.kind}")
    return make_template(folder, most, plan.problem_sets, plan.tensorflow), most


def _measured(
    plan: Plan, template: Template, folder: Path, quick: bool, until: float = math.inf
) -> tuple[list[Target], str, float]:
    """Return targets, table, and the CPU seconds of one submission more."""
    sizes = plan.quick if quick else plan.sizes
    rounds = 1 if quick else plan.rounds
    runs = run_rounds(template, folder, sizes, rounds, _say, until)
    return targets_of(runs, plan.kind, plan.wanted), class_table(runs), one_more(runs)


def _legend() -> str:
    """Say what the columns mean, and how CPU is counted here."""
    with control_group() as group:
        counted = (
            "that of a control group: every process of the command, and no other"
            if group
            else "the whole machine's (/proc/stat), that of other programs included"
        )
    return LEGEND.format(counted=counted)


@app.command()
def bench(quick: Quick = False, results: Results = None) -> None:
    """Compare stock nbgrader, our two doors and the floor, in one run of ten minutes."""
    until = time.monotonic() + SECONDS
    with _section("Benchmark", results) as (folder, found):
        targets: list[Target] = []
        found[:] = ["", _legend()]  # the first grows with each class
        left_out = []
        for number, plan in enumerate(QUICK if quick else BENCH):
            if plan.tensorflow and find_spec("tensorflow") is None:
                left_out.append(f"{plan.kind}: TensorFlow is not installed")
            elif time.monotonic() > until - LEAST_SECONDS:
                left_out.append(f"{plan.kind}: {OVER}")
            else:
                template, _ = _template(folder / f"{number}", plan, quick)
                more, table, cost = _measured(plan, template, folder / "run", quick, until)
                targets += more
                found += [f"### {plan.kind[0].upper()}{plan.kind[1:]}", table]
                if number == 0 and time.monotonic() > until - LEAST_SECONDS:
                    left_out.append(f"start-up and the coordinator: {OVER}")
                elif number == 0:
                    targets.append(_coordinator(template, folder / "run", quick))
                    if not math.isnan(cost):
                        found += ["### How far it goes", arithmetic(cost, targets[-1].found)]
                    targets += _start_ups(template, folder / "graded", 8 if quick else 100)
            found[0] = target_table(targets)
        if left_out:
            found.insert(1, f"**Not measured: {'; '.join(left_out)}.**")


def _coordinator(template: Template, folder: Path, quick: bool) -> Target:
    """Measure how many submissions the coordinator keeps up with."""
    _say("the coordinator alone")
    found = alone.coordinator_costs(template, folder, 100 if quick else 1000)
    rates = [one.rate for one in found]
    what = "the coordinator alone: submissions for a second of its CPU"
    return Target(what, 600, rates, at_most=False, unit=" a second")


def _start_ups(template: Template, folder: Path, submissions: int) -> list[Target]:
    """Time what has nothing or little to do: help, a class that is graded, one student again."""
    course = fresh_course(template, folder, submissions)
    (grade,) = WAYS[OURS].commands(course, template.problem_sets)
    measure(grade).done(OURS)
    say_how = Command((str(BIN / "autograder"), "--help"), ROOT, environment())
    again = ("--student", student(0), "--force")
    one = replace(
        grade,
        arguments=(*grade.arguments[:2], template.problem_sets[0], *again, "--course", str(course)),
    )
    found = []
    for what, command, bound in (
        ("`autograder --help`", say_how, 0.3),
        (f"`autograder grade`, {submissions} submissions already graded", grade, 1.0),
        ("`autograder grade`, one student graded again", one, 1.0),
    ):
        times = [measure(command).done(what).seconds for _ in range(START_UPS)]
        found.append(Target(what, bound, times, unit=" s"))
    return found


@app.command()
def soak(quick: Quick = False, results: Results = None) -> None:
    """Grade a very large class once, and look at what one more costs, and at memory."""
    with _section("Soak", results) as (folder, found):
        template, _ = _template(folder / "plain", SOAK, quick)
        targets, table, _ = _measured(SOAK, template, folder / "run", quick)
        found += [target_table(targets), _legend(), table]


@app.command()
def feedback(quick: Quick = False, results: Results = None) -> None:
    """Make pages of feedback in our way and in nbgrader's, of the same graded class."""
    with _section("Feedback", results) as (folder, found):
        template, size = _template(folder / "plain", PAGES, quick)
        course = fresh_course(template, folder / "graded", size)
        _say(f"grading {size} submissions")
        for command in WAYS[OURS].commands(course, PAGES.problem_sets):
            measure(command).done(OURS)
        graded = replace(template, course=course)
        targets, table, _ = _measured(PAGES, graded, folder / "run", quick)
        found += [target_table(targets), _legend(), table]


@app.command()
def parts(quick: Quick = False, results: Results = None) -> None:
    """Measure the coordinator, the one writer and Dask's scheduler, each alone."""
    submissions, many = (40, 100) if quick else (2000, 10_000)
    with _section("Parts", results) as (folder, found):
        template = make_template(folder / "plain", alone.RECORDED, BOTH)
        found.append(alone.coordinator(template, folder / "run", submissions))
        found.append(alone.writer(fresh_course(template, folder / "empty", 0), "ps1", many))
        found.append(alone.scheduler(many))


@app.command()
def kill(
    exercises: Annotated[list[str] | None, typer.Argument(help="Names; all without any.")] = None,
    seeds: Annotated[int, typer.Option(help="At how many each mutant is judged.")] = 50,
    every: Annotated[int, typer.Option(help="Take each so-manieth mutant only.")] = 1,
    results: Results = None,
) -> None:
    """Judge wrong functions made by machine; exit code 1 if one passes and nobody says why."""
    names = exercises or list(EXERCISES)
    if unknown := [name for name in names if name not in EXERCISES]:
        _stop(f"there is no exercise {', '.join(unknown)}")
    if seeds < 1 or every < 1:
        _stop("--seeds and --every are at least 1")
    rows = []
    with _section("Kill matrix", results) as (_, found):
        try:
            for name in names:
                rows.append(matrix.kill(EXERCISES[name], range(seeds), every, _say))
                for survivor in rows[-1].unexplained:
                    _say(f"{name}: passes at {survivor.seeds} of {seeds} seeds: {survivor.label}")
        except KeyboardInterrupt:  # what was judged is shown
            _stop("\n\n".join([*matrix.table(rows), "Stopped before the end."]), EXIT_FAILED)
        found += [f"{seeds} seeds for each mutant.", *matrix.table(rows)]
    if any(row.unexplained for row in rows):
        raise typer.Exit(EXIT_FAILED)


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
