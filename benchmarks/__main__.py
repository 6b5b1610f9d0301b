"""The command line: `python -m benchmarks bench`, `soak`, `parts`, `feedback` or `kill`.

Reads arguments, shows progress on stderr, prints the tables, and keeps them in
`results.md`.  Exit code 0: measured, whether or not targets are met; 1: something could
not be measured, or a mutant is right and nobody knows why; 2: wrong usage.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from benchmarks import kill as matrix
from benchmarks import parts as alone
from benchmarks.classes import BIN, ROOT, Template, fresh_course, make_template
from benchmarks.measure import BenchmarkError, Command, control_group, environment, measure
from benchmarks.tables import (
    LEGEND,
    Target,
    class_table,
    machine,
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
    TOLD,
    WAYS,
    run_rounds,
)
from softmax_by_hand import EXERCISES

BOTH = ("ps1", "ps2")
START_UPS = 7
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
    """

    kind: str
    problem_sets: tuple[str, ...]
    sizes: Mapping[str, tuple[int, ...]]
    quick: Mapping[str, tuple[int, ...]]
    wanted: Mapping[str, float]
    tensorflow: bool = False


BENCH = (
    Plan(
        "ps1 and ps2",
        BOTH,
        {
            STOCK: (2, 10),
            PLUGIN: (2, 10),
            OURS: (10, 100, 1000),
            FLOOR: (10, 100),
            TOLD: (10, 100),
        },
        {STOCK: (2, 4), PLUGIN: (2, 4), OURS: (2, 8), FLOOR: (2, 8), TOLD: (2, 8)},
        {"floor": 1.4, "stock": 20},
    ),
    Plan(  # Trainings on real data: a submission costs several times one of ps1 or ps2.
        "all five",
        ("ps1", "ps2", "ps3", "ps4", "ps5"),
        {OURS: (5, 20), FLOOR: (5, 10)},
        {OURS: (5, 10), FLOOR: (5, 10)},
        {"floor": 1.4},
    ),
    Plan(
        "ps1 with TensorFlow",
        ("ps1",),
        {STOCK: (1, 3), OURS: (4, 100), FLOOR: (4, 20)},
        {STOCK: (1, 2), OURS: (1, 3), FLOOR: (1, 3)},
        {"stock": 25},
        tensorflow=True,
    ),
)
SOAK = Plan(
    "ps1 and ps2",
    BOTH,
    {OURS: (10, 100, 10_000)},
    {OURS: (2, 4, 8)},
    {"growth": 1.1, "memory": 300},
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
    found: list[str] = []
    stopped = ""
    try:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            yield Path(folder), found
    except BenchmarkError as failure:  # what was measured before it stands
        stopped = str(failure)
        found.insert(0, f"**Not all was measured: {failure}**")
    except OSError as failure:
        where = f"{failure.filename}: " if failure.filename else ""
        _stop(f"{where}{failure.strerror or failure}", EXIT_FAILED)
    if len(found) > bool(stopped):
        body = "\n\n".join((machine(), *found))
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
    plan: Plan, template: Template, folder: Path, quick: bool, rounds: int
) -> tuple[list[Target], str]:
    sizes = plan.quick if quick else plan.sizes
    runs = run_rounds(template, folder, sizes, 1 if quick else rounds, _say)
    return targets_of(runs, plan.kind, plan.wanted), class_table(runs)


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
    """Compare stock nbgrader, our two doors and the floor, in one run."""
    with _section("Benchmark", results) as (folder, found):
        targets: list[Target] = []
        for number, plan in enumerate(BENCH):
            if plan.tensorflow and find_spec("tensorflow") is None:
                _say("TensorFlow is not installed, and not measured")
                continue
            template, _ = _template(folder / f"{number}", plan, quick)
            more, table = _measured(plan, template, folder / "run", quick, rounds=2)
            targets += more
            if number == 0:
                targets += _start_ups(template, folder / "graded", 8 if quick else 100)
            found[:2] = [target_table(targets), _legend()]  # the first grows with each class
            found += [f"### {plan.kind[0].upper()}{plan.kind[1:]}", table]


def _start_ups(template: Template, folder: Path, submissions: int) -> list[Target]:
    """Time what has nothing to do: help, and a class that is already graded."""
    course = fresh_course(template, folder, submissions)
    (grade,) = WAYS[OURS].commands(course, template.problem_sets)
    measure(grade).done(OURS)
    say_how = Command((str(BIN / "autograder"), "--help"), ROOT, environment())
    found = []
    for what, command, bound in (
        ("`autograder --help`", say_how, 0.3),
        (f"`autograder grade`, {submissions} submissions already graded", grade, 1.0),
    ):
        times = [measure(command).done(what).seconds for _ in range(START_UPS)]
        found.append(Target(what, bound, statistics.median(times), unit=" s"))
    return found


@app.command()
def soak(quick: Quick = False, results: Results = None) -> None:
    """Grade a very large class once, and look at what one more costs, and at memory."""
    with _section("Soak", results) as (folder, found):
        template, _ = _template(folder / "plain", SOAK, quick)
        targets, table = _measured(SOAK, template, folder / "run", quick, rounds=1)
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
        targets, table = _measured(PAGES, graded, folder / "run", quick, rounds=2)
        found += [target_table(targets), _legend(), table]


@app.command()
def parts(quick: Quick = False, results: Results = None) -> None:
    """Measure the coordinator, the one writer and Dask's scheduler, each alone."""
    submissions, many = (8, 100) if quick else (400, 10_000)
    with _section("Parts", results) as (folder, found):
        template = make_template(folder / "plain", submissions, BOTH)
        course = fresh_course(template, folder / "run", submissions)
        found.append(alone.coordinator(course, BOTH))
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
