"""The command line: `python -m benchmarks bench / soak / writer / ... / kill`.

Reads arguments, shows progress on stderr, prints the tables, and keeps them in
`results.md`.  Exit code 0: measured, whether or not targets are met; 1: something could
not be measured, or a mutant is right and nobody knows why; 2: wrong usage.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from benchmarks import ours, profiles, report
from benchmarks.courses import BenchmarkError, Template, fresh_course, make_template
from benchmarks.machine import description
from benchmarks.measure import Command, counted_by, measure
from benchmarks.rounds import FLOOR, OURS, PLUGIN, STOCK, TOLD, run_rounds
from benchmarks.table import replace_section

RESULTS = Path(__file__).parent / "results.md"
BOTH = ("ps1", "ps2")
ALL_FIVE = ("ps1", "ps2", "ps3", "ps4", "ps5")
# The variant with TensorFlow has one problem set, which is enough to see what it costs.
ONE = ("ps1",)
PROFILED = 20
START_UPS = 7
EXIT_FAILED, EXIT_USAGE = 1, 2


@dataclass(frozen=True)
class Plan:
    """How much is measured: the sizes of class for each way, the smallest for the slopes."""

    rounds: int
    plain: Mapping[str, tuple[int, ...]]
    all_five: Mapping[str, tuple[int, ...]]
    tensorflow: Mapping[str, tuple[int, ...]]
    again: int  # the class that is already graded


FULL = Plan(
    2,
    {
        STOCK: (2, 10),
        PLUGIN: (2, 10),
        OURS: (10, 100, 1000),
        FLOOR: (10, 100),
        TOLD: (10, 100),
    },
    # Trainings on real data: a submission costs several times one of ps1 or ps2.
    {OURS: (5, 20), FLOOR: (5, 10)},
    # As many of ours that the start-up, which TensorFlow makes long, does not decide.
    {STOCK: (1, 3), OURS: (4, 100), FLOOR: (4, 20)},
    again=100,
)
QUICK = Plan(
    1,
    {STOCK: (2, 4), PLUGIN: (2, 4), OURS: (2, 8), FLOOR: (2, 8), TOLD: (2, 8)},
    {OURS: (5, 10), FLOOR: (5, 10)},
    {STOCK: (1, 2), OURS: (1, 3), FLOOR: (1, 3)},
    again=8,
)

app = typer.Typer(
    help="Measure what grading costs, against stock nbgrader and the bare cells.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

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
def _workshop() -> Iterator[Path]:
    """Give a folder for the courses, and say in a line what stops the work."""
    try:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            yield Path(folder)
    except BenchmarkError as failure:
        _stop(str(failure), EXIT_FAILED)
    except OSError as failure:
        where = f"{failure.filename}: " if failure.filename else ""
        _stop(f"{where}{failure.strerror or failure}", EXIT_FAILED)


def _keep(results: Path | None, section: str, parts: Sequence[str]) -> None:
    """Print a section, with the machine it was measured on, and keep it where asked."""
    body = "\n\n".join((description(), *parts))
    typer.echo(body)
    if results is not None:
        replace_section(results, section, body)


def _writable(results: Path | None) -> None:
    # Before hours of work, not after.
    if results is not None and not results.parent.is_dir():
        _stop(f"--results {results}: there is no folder {results.parent}")


@app.command()
def bench(
    quick: Annotated[bool, typer.Option("--quick", help="Small numbers, to try it out.")] = False,
    rounds: Annotated[int | None, typer.Option(help="How often everything is measured.")] = None,
    stock: Annotated[int | None, typer.Option(help="Submissions for nbgrader's command.")] = None,
    ours_: Annotated[
        list[int] | None,
        typer.Option("--ours", help="Submissions for `autograder grade`; may be given twice."),
    ] = None,
    tensorflow: Annotated[bool, typer.Option(help="The variant with TensorFlow too.")] = True,
    results: Results = None,
) -> None:
    """Compare stock nbgrader, our two doors and the floor, in one run."""
    plan = plan_of(quick, rounds, stock, ours_)
    _writable(results)
    with _workshop() as folder:
        most = max(plan.again, PROFILED, *_sizes(plan.plain))
        template = _template(folder / "plain", most, BOTH)
        parts, targets = _plain(plan, template, folder / "run")
        more, their_targets = _all_five(plan, folder)
        parts, targets = [*parts, *more], [*targets, *their_targets]
        starts = _start_ups(template, folder / "graded", plan.again)
        failure = None
        if tensorflow:
            try:
                more, their_targets = _with_tensorflow(plan, folder)
                parts, targets = [*parts, *more], [*targets, *their_targets]
            except BenchmarkError as stopped:  # the rest was measured, and stands
                failure = stopped
        if not all(target.met for target in targets):
            parts.append(
                _profiled(
                    "a submission",
                    lambda: profiles.profile(fresh_course(template, folder / "run", PROFILED)),
                )
            )
        for target, command in starts:
            targets.append(target)
            if not target.met:
                parts.append(_profiled(target.what, partial(profiles.profile_command, command)))
        parts.insert(0, report.target_table(targets))
        if failure is not None:
            parts.insert(0, f"**With TensorFlow nothing was measured: {failure}**")
    _keep(results, "Benchmark", parts)
    if failure is not None:
        _stop(str(failure), EXIT_FAILED)


def _profiled(what: str, profile: Callable[[], str]) -> str:
    """Return the profile of what missed its target; the figures stand without it too."""
    _say(f"a target was missed: profiling {what}")
    try:
        left = profile()
    except Exception as failure:
        left = f"It could not be profiled: {type(failure).__name__}: {failure}"
        _say(left)
    return f"### What is left: {what}\n\n{left}"


def plan_of(
    quick: bool, rounds: int | None, stock: int | None, sizes: Sequence[int] | None
) -> Plan:
    """Return the plan with what was asked for put in; stops with a line where it makes no sense."""
    plan = QUICK if quick else FULL
    rounds = plan.rounds if rounds is None else rounds
    if rounds < 1:
        _stop(f"--rounds {rounds}: at least 1 is needed")
    plain = dict(plan.plain)
    if stock is not None:
        _check_size("--stock", stock, least=plain[STOCK][0])
        plain[STOCK] = plain[PLUGIN] = (plain[STOCK][0], stock)
    if sizes:
        for size in sizes:
            _check_size("--ours", size, least=plain[OURS][0])
        plain[OURS] = (plain[OURS][0], *sorted(set(sizes)))
        plain[FLOOR] = plain[TOLD] = (plain[FLOOR][0], min(sizes))
    return Plan(rounds, plain, plan.all_five, plan.tensorflow, plan.again)


def _check_size(option: str, size: int, least: int) -> None:
    if size <= least or size % len(BOTH):
        _stop(
            f"{option} {size}: an even number above {least} is needed "
            "(each student hands in two, and the small class is needed to compare with)"
        )


def _sizes(of_ways: Mapping[str, tuple[int, ...]]) -> list[int]:
    return [size for sizes in of_ways.values() for size in sizes]


def _plain(plan: Plan, template: Template, folder: Path) -> tuple[list[str], list[report.Target]]:
    runs = run_rounds(template, folder, plan.plain, plan.rounds, _say)
    targets = report.class_targets(runs, "ps1 and ps2", times=20, floor=1.4)
    return ["### ps1 and ps2", report.class_table(runs, plan.rounds, counted_by())], targets


def _all_five(plan: Plan, folder: Path) -> tuple[list[str], list[report.Target]]:
    template = _template(folder / "all-five", max(_sizes(plan.all_five)), ALL_FIVE)
    # One of ps4's cells imports it, and the grader imports it beforehand.
    preload = "tensorflow" if find_spec("tensorflow") is not None else ""
    runs = run_rounds(template, folder / "run", plan.all_five, plan.rounds, _say, preload)
    targets = report.class_targets(runs, "all five", times=None, floor=1.4)
    table = report.class_table(runs, plan.rounds, counted_by())
    return ["### All five problem sets", table], targets


def _with_tensorflow(plan: Plan, folder: Path) -> tuple[list[str], list[report.Target]]:
    heading = "### With TensorFlow: ps1, and a cell that imports it and takes one gradient"
    if find_spec("tensorflow") is None:
        return [heading, "Not measured: TensorFlow is not installed."], []
    most = max(_sizes(plan.tensorflow))
    template = _template(folder / "tensorflow", most, ONE, tensorflow=True)
    runs = run_rounds(
        template, folder / "run", plan.tensorflow, plan.rounds, _say, preload="tensorflow"
    )
    targets = report.class_targets(runs, "with TensorFlow", times=25, floor=None)
    return [heading, report.class_table(runs, plan.rounds, counted_by())], targets


def _template(
    folder: Path, submissions: int, problem_sets: Sequence[str], tensorflow: bool = False
) -> Template:
    kind = " with TensorFlow" if tensorflow else ""
    _say(f"making a class of {submissions:,} submissions{kind}")
    return make_template(folder, submissions, problem_sets, tensorflow)


def _start_ups(
    template: Template, folder: Path, submissions: int
) -> list[tuple[report.Target, Command]]:
    """Time what has nothing to do: help, and a class that is already graded."""
    course = fresh_course(template, folder, submissions)
    (grade,) = ours.commands(course, template.problem_sets)
    measure(grade)
    found = []
    for what, command, bound in (
        ("`autograder --help`", ours.help_command(), 0.3),
        (f"`autograder grade`, {submissions} submissions already graded", grade, 1.0),
    ):
        times = [_seconds(command) for _ in range(START_UPS)]
        _say(f"{what}: {', '.join(f'{one:.2f}' for one in times)} s")
        target = report.Target(what, bound, statistics.median(times), unit=" s")
        found.append((target, command))
    return found


def _seconds(command: Command) -> float:
    cost = measure(command)
    if cost.code != 0:
        raise BenchmarkError(f"{' '.join(command.arguments)} ended with exit code {cost.code}")
    return cost.seconds


@app.command()
def soak(
    submissions: Annotated[int, typer.Option(help="In the large class.")] = 10_000,
    results: Results = None,
) -> None:
    """Grade a very large class once, and watch the coordinator's memory."""
    from benchmarks.soak import SMALL
    from benchmarks.soak import soak as run_soak

    _check_size("--submissions", submissions, least=max(SMALL))
    _writable(results)
    with _workshop() as folder:
        template = _template(folder / "plain", submissions, BOTH)
        parts = run_soak(template, folder / "run", submissions, _say)
    _keep(results, "Soak", parts)


@app.command()
def writer(
    students: Annotated[int, typer.Option(help="Whose results are written.")] = 10_000,
    results: Results = None,
) -> None:
    """Measure the one writer alone: synthetic results into an SQLite gradebook."""
    from benchmarks.parts import writer as run_writer

    if students < 1:
        _stop(f"--students {students}: at least 1 is needed")
    _writable(results)
    with _workshop() as folder:
        template = _template(folder, 0, ONE)
        _keep(results, "Writer", [run_writer(template.course, "ps1", students)])


@app.command()
def coordinator(
    submissions: Annotated[int, typer.Option(help="How many are graded.")] = 400,
    results: Results = None,
) -> None:
    """Measure the coordinator alone: its processor time while workers grade, and disk space."""
    from benchmarks.parts import coordinator as run_coordinator

    _check_size("--submissions", submissions, least=0)
    _writable(results)
    with _workshop() as folder:
        template = _template(folder / "plain", submissions, BOTH)
        course = fresh_course(template, folder / "run", submissions)
        _keep(results, "Coordinator", [run_coordinator(course, BOTH)])


@app.command()
def scheduler(
    tasks: Annotated[int, typer.Option(help="How many, each doing nothing.")] = 10_000,
    results: Results = None,
) -> None:
    """Measure Dask's scheduler alone, where Dask is installed."""
    from benchmarks.parts import scheduler as run_scheduler

    if tasks < 1:
        _stop(f"--tasks {tasks}: at least 1 is needed")
    _writable(results)
    row = run_scheduler(tasks)
    if row is None:
        _say("the scheduler was not measured: distributed is not installed")
    else:
        _keep(results, "Scheduler", [row])


@app.command()
def feedback(
    submissions: Annotated[int, typer.Option(help="Whose pages are made.")] = 100,
    rounds: Annotated[int, typer.Option(help="How often each way is measured.")] = 2,
    results: Results = None,
) -> None:
    """Make pages of feedback in our way and in nbgrader's, of the same graded class."""
    from benchmarks.feedback import feedback as run_feedback

    _check_size("--submissions", submissions, least=0)
    if rounds < 1:
        _stop(f"--rounds {rounds}: at least 1 is needed")
    _writable(results)
    with _workshop() as folder:
        template = _template(folder / "plain", submissions, BOTH)
        parts = run_feedback(template, folder / "run", submissions, rounds, _say)
    _keep(results, "Feedback", parts)


@app.command()
def profile(
    submissions: Annotated[int, typer.Option(help="How many are graded.")] = PROFILED,
) -> None:
    """Profile one worker's trusted side, in this process."""
    _check_size("--submissions", submissions, least=profiles.WARM)
    with _workshop() as folder:
        template = _template(folder / "plain", submissions, BOTH)
        typer.echo(profiles.profile(fresh_course(template, folder / "run", submissions)))


@app.command()
def kill(
    exercises: Annotated[list[str] | None, typer.Argument(help="Names; all without any.")] = None,
    seeds: Annotated[int, typer.Option(help="At how many each mutant is judged.")] = 50,
    every: Annotated[int, typer.Option(help="Take each so-manieth mutant only.")] = 1,
    results: Results = None,
) -> None:
    """Judge wrong functions made by machine; exit code 1 if one passes and nobody says why."""
    from benchmarks import kill as matrix
    from softmax_by_hand import EXERCISES

    names = exercises or list(EXERCISES)
    unknown = [name for name in names if name not in EXERCISES]
    if unknown:
        _stop(f"there is no exercise {', '.join(unknown)}")
    if seeds < 1 or every < 1:
        _stop("--seeds and --every are at least 1")
    _writable(results)
    rows, stopped = [], False
    for name in names:
        try:
            rows.append(matrix.kill(EXERCISES[name], range(seeds), every, _say))
        except KeyboardInterrupt:  # what was judged is shown
            stopped = True
            break
        for survivor in rows[-1].unexplained:
            _say(f"{name}: passes at {survivor.seeds} of {seeds} seeds: {survivor.label}")
    parts = [f"{seeds} seeds for each mutant.", *matrix.table(rows)]
    if stopped:
        _stop("\n\n".join([*parts, "Stopped before the end."]), EXIT_FAILED)
    _keep(results, "Kill matrix", parts)
    if any(row.unexplained for row in rows):
        raise typer.Exit(EXIT_FAILED)


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
