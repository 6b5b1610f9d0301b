"""The command line: `autograder init / release / grade / feedback / report / export / ...`.

Only reads arguments, shows progress and turns errors into lines and exit
codes: 0 all graded, 1 some could not be graded, 2 wrong usage, 3 no isolation.
Imports late, so that `--help` is quick.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
import typer.core

from autograder.grading.lean import skip_unused_imports

if TYPE_CHECKING:
    from autograder.grading.engine import ClassGrading
    from autograder.grading.records import Result
    from autograder.pages.marking import Filled

PIPE_WIDTH = 120
TABLE_ROWS, MAX_WIDTH = 200, 40
EXIT_SOME_FAILED, EXIT_USAGE, EXIT_NO_ISOLATION, EXIT_INTERRUPTED = 1, 2, 3, 130

NOT_CONFIGURED = (
    "nbgrader_config.py does not call `configure(c, __file__)` of autograder.nbgrader_plugin: "
    "`nbgrader autograde` and Formgrader's buttons grade in nbgrader's own way, without a sandbox"
)

app = typer.Typer(
    help="Release, grade and look after a course of Jupyter notebooks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Assignments = Annotated[list[str], typer.Argument(help="Assignments, such as ps1 ps2.")]
CourseOption = Annotated[
    Path, typer.Option("--course", help="The course's folder.", metavar="DIR", show_default=".")
]
IsolationOption = Annotated[
    str,
    typer.Option(
        help="bwrap, or none: student code then runs with your rights.", metavar="bwrap|none"
    ),
]
Students = Annotated[
    list[str] | None,
    typer.Option("--student", help="Only this student; may be given several times.", metavar="S"),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", help="How many at the same time [processors].", min=1, metavar="N"),
]


def main() -> None:
    """Run the command line; a closed pipe or Ctrl-C ends it quietly."""
    skip_unused_imports()
    try:
        app()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_SOME_FAILED)


def _stop(message: str, code: int = EXIT_USAGE) -> NoReturn:
    typer.echo(f"autograder: {message}", err=True)
    raise typer.Exit(code)


def _course_folder(course: Path, is_begun: bool = True) -> Path:
    """Return a course's folder; of one that is begun the settings must be there."""
    from autograder.course.folder import CONFIG_FILE, nothing_here

    if not course.is_dir():
        _stop(f"there is no folder {course}; `autograder init DIR` begins a course")
    folder = course.resolve()
    if is_begun and not (folder / CONFIG_FILE).is_file():
        _stop(nothing_here(folder))
    return folder


def _isolation(isolation: str) -> None:
    if isolation not in ("bwrap", "none"):
        _stop(f"--isolation is bwrap or none, not {isolation!r}")


@contextmanager
def _in_words() -> Iterator[None]:
    """Say what stops a command in a line, with its exit code."""
    from autograder.course.folder import CourseError

    try:
        yield
    except CourseError as failure:
        _stop(str(failure), failure.code)
    except KeyboardInterrupt:
        _stop("stopped; the same command goes on from here", EXIT_INTERRUPTED)
    except BrokenPipeError:
        raise
    except OSError as failure:
        from autograder.base.words import os_trouble

        _stop(os_trouble(failure), EXIT_SOME_FAILED)


@app.command()
def init(
    words: Annotated[list[str], typer.Argument(help="The new course's folder.", metavar="DIR")],
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            help="Problem sets of the installed course. Without it: one exercise to grow from.",
            metavar="PS [PS ...]",
        ),
    ] = None,
    course_id: Annotated[
        str | None,
        typer.Option(help="The course's name in nbgrader's exchange [DIR].", metavar="X"),
    ] = None,
) -> None:
    """Begin a course: a folder with settings and source notebooks that works at once."""
    with _in_words():
        from autograder.cli.begin import begin, told_apart

        where, wanted = told_apart(words, sets or [])
        notebooks = begin(where, wanted, course_id)
    for path in notebooks:
        typer.echo(f"wrote {path}")
    go = "" if where.resolve() == Path.cwd() else f"cd {shlex.quote(str(where))}; "
    typer.echo(f"next: {go}autograder release {' '.join(path.stem for path in notebooks)}")


@app.command()
def release(
    assignments: Assignments,
    course: CourseOption = Path(),
) -> None:
    """Make the students' versions in release/ from source/, and prove them.

    The proof: no line of a solution is left; where exercises of a catalogue are
    checked, every cell parses, and running the notebook gives nothing but "not
    written yet". Of each test cell of the notebook's own it is said whether it is
    judged outside the student's process. Which exercises there are, and what each
    is worth, is what the notebook says; what is odd is told.
    """
    folder = _course_folder(course)
    with _in_words():
        from autograder.release.release import release as make_release

        made = make_release(folder, list(dict.fromkeys(assignments)))
        from autograder.cli.ways import ways_of

        ways = [line for item in made.released for line in ways_of(folder, item.assignment)]
        from autograder.course.course import Course

        unlike = [] if Course(folder).is_configured else [NOT_CONFIGURED]
    for line in (*unlike, *made.remarks()):
        typer.echo(f"autograder: {line}", err=True)
    for line in (*ways, *made.lines()):
        typer.echo(line)


@app.command()
def collect(
    assignment: Annotated[str, typer.Argument(help="An assignment, such as ps1.")],
    download: Annotated[
        Path, typer.Argument(help="The zip or folder that the system gave.", metavar="DOWNLOAD")
    ],
    system: Annotated[
        str,
        typer.Option(
            "--from",
            help="Which system it is of [found out].",
            metavar="moodle|canvas|blackboard|brightspace|github|google|folder",
            show_default=False,
        ),
    ] = "",
    roster: Annotated[
        Path | None,
        typer.Option(
            help="Who is in the course: Moodle's grading worksheet, Canvas's gradebook CSV, "
            "nbgrader's students.csv [the gradebook's students].",
            metavar="FILE",
        ),
    ] = None,
    who: Annotated[
        list[str] | None,
        typer.Option(
            help="Whose a hand-in is that no roster tells; may be given several times.",
            metavar="SENT=STUDENT",
        ),
    ] = None,
    zone: Annotated[
        str,
        typer.Option(
            "--timezone",
            help="In which the system tells time [c.Exchange.timezone, else UTC].",
            metavar="ZONE",
            show_default=False,
        ),
    ] = "",
    take_this: Annotated[
        bool,
        typer.Option("--replace", help="Take this one where nothing says which is newer."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing: tell what would become of it.")
    ] = False,
    course: CourseOption = Path(),
) -> None:
    """Collect what a learning management system gave into submitted/.

    Each hand-in is matched by the system's number, else by a login, else by a
    name that one person has; who could be several is named and not guessed. The
    newest attempt is taken, and none is replaced by an older one.
    Exit code 0: all are somebody's and collected; 1: some are not (they are named).
    """
    folder = _course_folder(course)
    told = dict(_pair(one) for one in who or [])
    with _in_words():
        from autograder.incoming.collecting.collect import collect as collect_download
        from autograder.incoming.collecting.gathering import Request

        request = Request(folder, assignment, download, system, roster, zone, told, take_this)
        found = collect_download(request, dry_run)
    from rich.console import Console

    from autograder.cli.collecting import summary_of, table_of

    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, PIPE_WIDTH)
    console.print(table_of(found))
    for line in summary_of(found):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    said = "nothing is written: this was --dry-run" if dry_run else f"wrote {folder / 'submitted'}"
    console.print(said, highlight=False, markup=False, soft_wrap=True)
    for line in found.remarks():
        typer.echo(f"autograder: {line}", err=True)
    if any(row.trouble for row in found.rows):
        raise typer.Exit(EXIT_SOME_FAILED)


def _pair(text: str) -> tuple[str, str]:
    sent, mark, student = text.rpartition("=")
    if not (mark and sent and student):
        _stop(f"--who says whose a hand-in is, SENT=STUDENT, not {text!r}")
    return sent, student


@app.command()
def grade(
    assignments: Assignments,
    student: Students = None,
    jobs: Jobs = None,
    force: Annotated[
        bool, typer.Option("--force", help="Grade again what has not changed.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Write nothing: tell what would be graded, and who gains or loses."
        ),
    ] = False,
    course: CourseOption = Path(),
    isolation: IsolationOption = "bwrap",
    cluster: Annotated[
        str | None,
        typer.Option(
            help="Grade on a Dask cluster: its scheduler's address, or local for one that is "
            "started here with --jobs workers.",
            metavar="ADDRESS|local",
        ),
    ] = None,
) -> None:
    """Grade the submissions of one or more assignments.

    What is already graded from the same submission with the same catalogue
    and settings is skipped. At the end stands whose points are others than before.
    Exit code 0: all graded, whatever the scores; 1:
    some could not be graded (they are named); 2: wrong usage; 3: isolation
    cannot be had.
    """
    _isolation(isolation)
    folder = _course_folder(course)
    assignments = list(dict.fromkeys(assignments))
    with _in_words():
        results, gone = _grade(
            folder, assignments, student or [], jobs or _cores(), force, dry_run, isolation, cluster
        )
    failed = [result for result in results if result.trouble is not None]
    for result in failed:
        if result.no_isolation:
            _stop(str(result.trouble), EXIT_NO_ISOLATION)
        _say_trouble(result.student, result.assignment, f"was not graded: {result.trouble}")
    _say_left_out(gone)
    if failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def _say_left_out(left_out: Sequence[str]) -> None:
    """Name the hand-ins that a command leaves out; then its exit code is 1."""
    for sentence in left_out:
        typer.echo(f"autograder: {sentence}", err=True)
    if left_out:
        raise typer.Exit(EXIT_SOME_FAILED)


def _say_trouble(student: str, assignment: str, trouble: str) -> None:
    from autograder.base.words import printable

    typer.echo(f"autograder: {printable(student)}'s {assignment} {trouble}", err=True)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def _grade(
    folder: Path,
    assignments: Sequence[str],
    students: Sequence[str],
    jobs: int,
    force: bool,
    dry_run: bool,
    isolation: str,
    cluster: str | None,
) -> tuple[list[Result], list[str]]:
    from rich.console import Console

    from autograder.base.limits import LIMITS
    from autograder.base.words import printable
    from autograder.course.agreement import not_released
    from autograder.grading.engine import ClassGrading
    from autograder.grading.standing import said_of_older

    console = Console()
    if not console.is_terminal:
        # Into a file or a pipe: lines long enough to be read and searched.
        console.width = max(console.width, PIPE_WIDTH)
    grading = ClassGrading(folder, assignments, students, isolation, LIMITS, force, dry_run)
    for line in (line for name in assignments for line in not_released(folder, name)):
        typer.echo(f"autograder: {line}", err=True)
    if isolation == "none":
        typer.echo(
            "autograder: without isolation student code can do all that you can; "
            "every result will say so",
            err=True,
        )
    results: list[Result] = []
    try:
        with (
            _progress("grading", grading.total) as advance,
            closing(_graded(grading, jobs, cluster)) as graded,
        ):
            for result in graded:
                if result.no_isolation and not any(earlier.fresh for earlier in results):
                    _stop(str(result.trouble), EXIT_NO_ISOLATION)  # nor for all the others
                results.append(result)
                advance()
    except KeyboardInterrupt:
        typer.echo(
            f"autograder: stopped after {grading.saved} of {grading.total}; "
            "what is graded is saved, the same command goes on from here",
            err=True,
        )
        raise typer.Exit(EXIT_INTERRUPTED) from None
    results.sort(key=lambda result: (assignments.index(result.assignment), result.student))
    # Whom a regrade leaves as he was, the numbers below count; sixty rows would hide the others.
    shown = [
        one
        for one in results
        if one.trouble is not None or (one.fresh and (one.before is None or one.changed))
    ]
    for table in _tables(shown):
        console.print(table)
    fresh = sum(result.fresh for result in results)
    kept = sum(not result.fresh and result.trouble is None for result in results)
    console.print(
        f"{fresh} graded, {kept} unchanged since they were graded, "
        f"{len(results) - fresh - kept} not graded",
        highlight=False,
    )
    for line in _changed(results):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    wrote = f"wrote {folder / 'autograded'} and the gradebook"
    if fresh or dry_run:
        said = "nothing is written: this was --dry-run" if dry_run else wrote
        console.print(said, highlight=False, soft_wrap=True)
    for name, number in grading.elsewhere().items():
        if number:
            typer.echo(f"autograder: {said_of_older(name, number, 'other hand-in')}", err=True)
    if grading.left_out:
        named = f"c.CourseDirectory.student_id_exclude leaves out {', '.join(grading.left_out)}"
        typer.echo(f"autograder: {printable(named)}", err=True)
    return results, [printable(sentence) for sentence in grading.gone()]


def _changed(results: Sequence[Result]) -> Iterator[str]:
    """Yield whose points are others than before, a line each, the numbers first."""
    from autograder.base.words import points_text, printable

    again = [one for one in results if one.before is not None]
    changed = [one for one in again if one.changed]
    if again:
        up = sum(one.points > (one.before or 0) for one in changed)
        down = sum(one.points < (one.before or 0) for one in changed)
        yield f"changed: {len(changed)} of {len(again)} (up {up}, down {down})"
    for one in changed:
        yield (
            f"{printable(one.student)} {one.assignment} {points_text(one.before or 0)} -> "
            f"{points_text(one.points)}: {', '.join(one.changed)}"
        )


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar on a terminal; give what moves it on by one."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    screen = Console(stderr=True)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


def _graded(grading: ClassGrading, jobs: int, cluster: str | None) -> Generator[Result, None, None]:
    if cluster is None:
        return grading.run(jobs)
    from autograder.grading.cluster import graded_on

    return graded_on(cluster, jobs, grading)


def _tables(results: Sequence[Result]) -> Iterator[object]:
    """Yield the table in parts of equal columns: a whole one of a large class fills the memory."""
    from rich.table import Table
    from rich.text import Text

    from autograder.base.words import points_text, printable

    def cells(result: Result) -> tuple[str, str, str, str]:
        points = f"{points_text(result.points)} / {points_text(result.max_points)}"
        said = "; ".join((*result.mistakes, *result.remarks))
        if result.trouble is not None:
            points, said = "not graded", result.trouble
        return printable(result.student), result.assignment, points, printable(said)

    headings = ("student", "assignment", "points", "mistakes by name, and what happened")
    widths = [0, 0, 0]
    if len(results) > TABLE_ROWS:
        columns = zip(headings[:3], *(cells(result)[:3] for result in results), strict=True)
        widths = [min(max(map(len, column)), MAX_WIDTH) for column in columns]
    for first in range(0, len(results), TABLE_ROWS):
        table = Table(show_edge=False, pad_edge=False, header_style="bold", show_header=first == 0)
        table.add_column(headings[0], overflow="fold", min_width=widths[0])
        table.add_column(headings[1], overflow="fold", min_width=widths[1])
        table.add_column(headings[2], justify="right", no_wrap=True, min_width=widths[2])
        table.add_column(headings[3], overflow="fold")
        for result in results[first : first + TABLE_ROWS]:
            # Names and remarks are text, never markup.
            table.add_row(*map(Text, cells(result)))
        yield table


@app.command()
def watch(
    assignments: Assignments,
    from_folder: Annotated[
        Path | None,
        typer.Option(
            "--folder",
            help="A folder into which hand-ins come, as `autograder collect` takes one.",
            metavar="DIR",
        ),
    ] = None,
    jobs: Jobs = None,
    course: CourseOption = Path(),
    isolation: IsolationOption = "bwrap",
) -> None:
    """Grade hand-ins and release their feedback as they come, until Ctrl-C.

    Takes what students submit to nbgrader's exchange, what comes into a folder, and
    whatever else comes into submitted/, and says what became of each in a line. How
    many hand-ins of a student are answered in 24 hours, c.Watch.answers_per_day says.
    Ended in whatever way, the same command goes on where it was. Exit code 130:
    stopped by Ctrl-C; 2: wrong usage, or watched already; 3: isolation cannot be had.
    """
    _isolation(isolation)
    folder = _course_folder(course)
    with _in_words():
        from autograder.incoming.watching.watch import Watch

        # What ends services and containers is as good as Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        names = list(dict.fromkeys(assignments))
        watching = Watch(folder, names, isolation, typer.echo, from_folder)
        watching.run(jobs or _cores())


@app.command()
def extension(
    given: Annotated[
        list[str],
        typer.Argument(metavar="STUDENT ASSIGNMENT", help="For --list the assignment alone."),
    ],
    until: Annotated[
        str | None,
        typer.Option(
            help="The new due date, UTC unless it says otherwise; the old one ends an extension.",
            metavar='"2026-10-12 23:59 Europe/Berlin"',
        ),
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Tell who has more time.")] = False,
    course: CourseOption = Path(),
) -> None:
    """Give a student more time for an assignment, or list who has more."""
    folder = _course_folder(course)
    if listing == (until is not None) or len(given) != (1 if listing else 2):
        _stop('say STUDENT ASSIGNMENT --until "2026-10-12 23:59 UTC", or ASSIGNMENT --list')
    assignment, student = given[-1], given[0]
    with _in_words():
        from autograder.base.words import printable
        from autograder.course.course import Course
        from autograder.course.folder import require_assignment
        from autograder.course.handed_in.times import read_moment
        from autograder.gradebook import GradebookStore

        require_assignment(folder, assignment)
        moment = read_moment((until or "").encode()) if until is not None else None
        if moment is not None and (moment.at is None or moment.trouble):
            _stop(f"--until {moment.trouble}")
        with GradebookStore.open(Course(folder).gradebook_url) as gradebook:
            if moment is not None and moment.at is not None:
                gradebook.extend(assignment, student, moment.at)
            known = gradebook.extensions(assignment)
    for one in known:
        if listing or one.student == student:
            when = f"until {one.until} UTC, " if one.until else ""
            typer.echo(f"{printable(one.student)} {assignment} {when}{one.extra} more")
    if not listing:
        typer.echo(f"next: autograder grade {assignment}, for what is late by now")


@app.command()
def history(
    student: Annotated[str, typer.Argument(help="Whose points.")],
    assignments: Annotated[
        list[str] | None, typer.Argument(help="Assignments, such as ps1 ps2 [all].")
    ] = None,
    course: CourseOption = Path(),
) -> None:
    """Tell when and why a student's points became what they are."""
    folder = _course_folder(course)
    with _in_words():
        from autograder.grading.story import story

        lines = story(folder, student, assignments or [])
    for line in lines:
        typer.echo(line)


@app.command()
def marks(
    given: Annotated[
        list[str],
        typer.Argument(metavar="ASSIGNMENT", help="Such as ps1; after --in A.csv also B.csv ..."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write the table to fill in.", metavar="FILE.csv"),
    ] = None,
    filled: Annotated[
        list[Path] | None,
        typer.Option("--in", help="Take filled tables in.", metavar="FILE.csv [FILE.csv ...]"),
    ] = None,
    blind: Annotated[
        bool, typer.Option("--blind", help="With --out: labels instead of students.")
    ] = False,
    separator: Annotated[
        str,
        typer.Option(help="With --out: `;` for an Excel with decimal commas.", metavar=",|;|tab"),
    ] = ",",
    yes: Annotated[bool, typer.Option("--yes", help="With --in: write without asking.")] = False,
    course: CourseOption = Path(),
) -> None:
    """Mark by hand in a spreadsheet: a row for each answer that a person marks.

    `--out FILE.csv` writes the table, `--in FILE.csv` shows what it changes, asks, and
    writes it as Formgrader would; the tables of several people at once are merged. Rows
    that are as they were written change nothing. Exit code 0: written, or nothing to
    change; 1: nothing was written, and why; 2: wrong usage.
    """
    folder = _course_folder(course)
    if (out is None) == (not filled):
        _stop("--out FILE.csv writes the table, --in FILE.csv takes it in: say one of them")
    if separator not in (",", ";", "tab"):
        _stop(f"--separator is , or ; or tab, not {separator!r}")
    known = [name for name in given if (folder / "source" / name).is_dir()]
    assignment = (known or given)[0]
    more = [Path(name) for name in given if name != assignment]
    if more and (out is not None or len(known) > 1):
        _stop(f"one assignment at a time, not {' '.join(given)}")
    with _in_words():
        from autograder.pages.marking import Filled, write_table

        if out is not None:
            said, left_out = write_table(folder, assignment, out, blind, separator)
            for sentence in said:
                typer.echo(sentence)
            _say_left_out(left_out)
        else:
            _take_in(Filled(folder, assignment, [*(filled or ()), *more]), yes)


def _take_in(filled: Filled, yes: bool) -> None:
    """Show what filled tables change, and write it if that is wanted."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from autograder.base.words import counted

    for problem in filled.problems[:TABLE_ROWS]:
        typer.echo(f"autograder: {problem}", err=True)
    if filled.problems:
        _stop(
            f"{counted(len(filled.problems), 'problem')}: nothing is written; correct the table "
            "and take it in again",
            EXIT_SOME_FAILED,
        )
    changes = filled.changes
    if not changes:
        typer.echo("nothing to change: the gradebook has all of it already")
        return
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, PIPE_WIDTH)
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for heading in ("student", "question", "points", "comment"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "points")
    for row in changes:
        table.add_row(*map(Text, row))
    console.print(table)
    said = counted(len(changes), "mark")
    if not yes:
        try:
            yes = typer.confirm(f"write {said}?")
        except typer.Abort:
            typer.echo()
    if not yes:
        _stop("nothing is written; --yes writes without asking", EXIT_SOME_FAILED)
    filled.write()
    typer.echo(f"wrote {said} into the gradebook; `autograder feedback` makes the pages anew")


@app.command()
def feedback(
    assignments: Assignments,
    student: Students = None,
    jobs: Jobs = None,
    force: Annotated[
        bool, typer.Option("--force", help="Make pages anew that are up to date.")
    ] = False,
    zipped_for: Annotated[
        str,
        typer.Option(
            "--zip",
            help="Pack the pages as a system takes them back, under the names that it gave.",
            metavar="moodle|canvas|folder",
            show_default=False,
        ),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(help="The zip [feedback-ps1-moodle.zip, ...].", metavar="FILE"),
    ] = None,
    course: CourseOption = Path(),
) -> None:
    """Make a page of feedback for each graded submission, into feedback/.

    What could not be graded gets a page that says why. Exit code 1: some have no page, or
    one without marks, or could not be packed (they are named).
    """
    if zipped_for not in ("", "moodle", "canvas", "folder"):
        _stop(f"--zip is moodle, canvas or folder, not {zipped_for!r}")
    if out is not None and not (zipped_for and len(set(assignments)) == 1):
        _stop("--out is the file of --zip, of one assignment")
    folder = _course_folder(course)
    with _in_words():
        from autograder.pages.feedback import ClassFeedback

        pages = ClassFeedback(folder, list(dict.fromkeys(assignments)), student or [], force)
        results = []
        with (
            _progress("pages", pages.total) as advance,
            closing(pages.run(jobs or _cores())) as made,
        ):
            for result in made:
                results.append(result)
                advance()
    fresh = sum(result.fresh for result in results)
    failed = [result for result in results if result.trouble is not None]
    there = sum(result.trouble is None or result.without_marks for result in results)
    typer.echo(f"{fresh} pages made, {there - fresh} up to date")
    for result in sorted(results, key=lambda result: (result.assignment, result.student)):
        if result.plain is not None:
            said = f"has a page in a plain form: making it {result.plain}"
            _say_trouble(result.student, result.assignment, said)
    for sentence in pages.said:
        typer.echo(f"autograder: {sentence}", err=True)
    for result in sorted(failed, key=lambda result: (result.assignment, result.student)):
        has = "has a page without marks" if result.without_marks else "has no page"
        _say_trouble(result.student, result.assignment, f"{has}: {result.trouble}")
    packed = True
    if zipped_for:
        for name in dict.fromkeys(assignments):
            paged = [
                one.student
                for one in results
                if one.assignment == name and (one.trouble is None or one.without_marks)
            ]
            packed &= _give_back(folder, name, zipped_for, paged, out)
    if failed or not packed:
        raise typer.Exit(EXIT_SOME_FAILED)


def _give_back(
    folder: Path, assignment: str, system: str, students: Sequence[str], out: Path | None
) -> bool:
    """Pack pages for a system; return whether all are packed."""
    with _in_words():
        from autograder.incoming.collecting.giving_back import give_back

        given = give_back(folder, assignment, system, students, out)
    for path in given.files:
        typer.echo(f"wrote {path}")
    for sentence in given.said:
        typer.echo(f"autograder: {sentence}", err=True)
    for student, trouble in given.trouble.items():
        _say_trouble(student, assignment, f"is not in the zip: {trouble}")
    return not given.trouble


class _Report(typer.core.TyperCommand):
    """`--course` alone, without a folder, means the whole course, as no assignment does."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Leave out `--course` where no folder follows it."""
        pairs = zip(args, [*args[1:], "-"], strict=True)
        kept = [one for one, two in pairs if one != "--course" or not two.startswith("-")]
        return super().parse_args(ctx, kept)


@app.command(cls=_Report)
def report(
    assignments: Annotated[
        list[str] | None,
        typer.Argument(help="Assignments, such as ps1 ps2 [all, in one report on the course]."),
    ] = None,
    student: Annotated[
        str | None, typer.Option("--student", help="One person's page.", metavar="S")
    ] = None,
    names: Annotated[
        bool, typer.Option("--names", help="Students by name instead of by labels.")
    ] = False,
    formats: Annotated[
        str, typer.Option("--format", help="What to write.", metavar="html,csv,json")
    ] = "html,csv,json",
    output: Annotated[
        Path | None, typer.Option(help="The folder for it [reports/].", metavar="DIR")
    ] = None,
    course: CourseOption = Path(),
) -> None:
    """Report on a class: scores, exercises, mistakes, and who needs help or a person.

    Without assignments: one report over all problem sets. `--student S`: a page on one person.
    Exit code 1: some who handed in are left out of the figures (they are named).
    """
    folder, wanted = _course_folder(course), list(dict.fromkeys(formats.split(",")))
    if not set(wanted) <= {"html", "csv", "json"}:
        _stop(f"--format is of html, csv and json, with commas between, not {formats!r}")
    with _in_words():
        from autograder.pages.report import write_reports
        from autograder.pages.strangers import said_of_strangers

        chosen = list(dict.fromkeys(assignments or ()))
        paths, told = write_reports(folder, chosen, names, wanted, output, student)
        for path in paths:
            typer.echo(f"wrote {path}")
        for sentence in (*told.said, *said_of_strangers(folder, chosen)):
            typer.echo(f"autograder: {sentence}", err=True)
    _say_left_out(told.left_out)


@app.command()
def export(
    assignments: Assignments,
    to: Annotated[str, typer.Option(help="Whose format.", metavar="canvas|moodle|csv")],
    output: Annotated[
        Path | None, typer.Option(help="The file [grades-canvas.csv, ...].", metavar="FILE")
    ] = None,
    course: CourseOption = Path(),
) -> None:
    """Export scores, late penalties taken away, to a learning management system.

    Exit code 1: the scores of some who handed in are left out (they are named).
    """
    if to not in ("canvas", "moodle", "csv"):
        _stop(f"--to is canvas, moodle or csv, not {to!r}")
    folder = _course_folder(course)
    with _in_words():
        from autograder.pages.exports import export as export_scores

        path, said, left_out = export_scores(folder, to, list(dict.fromkeys(assignments)), output)
    typer.echo(f"wrote {path}")
    for sentence in said:
        typer.echo(f"autograder: {sentence}", err=True)
    _say_left_out(left_out)


@app.command()
def diagnose(
    notebook: Annotated[
        Path, typer.Argument(help="Any notebook, of whatever course; or what it is alone in.")
    ],
    named: Annotated[
        list[str] | None,
        typer.Option(
            "--as",
            help="Which function of it is an exercise's: predict=my_predict.",
            metavar="EXERCISE=NAME",
        ),
    ] = None,
    exercise: Annotated[
        list[str] | None, typer.Option(help="Judge only this one.", metavar="E")
    ] = None,
    file: Annotated[
        list[Path] | None, typer.Option(help="A file that it opens or imports.", metavar="FILE")
    ] = None,
    isolation: IsolationOption = "bwrap",
    course: Annotated[
        Path | None,
        typer.Option(help="Whose exercises [those of the installed course].", metavar="DIR"),
    ] = None,
) -> None:
    """Run a notebook in the sandbox and judge what it has of the course's functions.

    It needs no course's folder. Exit code 0: something was judged; 1: there was
    nothing to judge; 2: wrong usage; 3: isolation cannot be had.
    """
    _isolation(isolation)
    from autograder.course.course import Course
    from autograder.diagnosis.command import show
    from autograder.diagnosis.diagnose import DiagnoseError, Request

    catalogue = None
    if course is not None:
        folder = _course_folder(course)
        with _in_words():
            catalogue = Course(folder).catalogue_name
    try:
        show(Request(notebook, named or (), exercise or (), file or (), isolation, catalogue))
    except DiagnoseError as failure:
        _stop(str(failure), failure.code)
    except KeyboardInterrupt:
        _stop("stopped", EXIT_INTERRUPTED)


@app.command()
def prove(
    assignments: Annotated[
        list[str] | None, typer.Argument(help="Assignments, such as ps1 ps2 [all].")
    ] = None,
    exercise: Annotated[
        list[str] | None,
        typer.Option(help="Only this one; may be given several times.", metavar="NAME"),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(
            help="At how many seeds each wrong function is tried; the right answers are judged "
            "at 100, or as many if these are more.",
            min=1,
            metavar="N",
        ),
    ] = 3,
    course: CourseOption = Path(),
) -> None:
    """Prove the course's catalogue of exercises: say of each whether it can be trusted.

    The right answer earns all points at every seed and has the parameters of
    the signature; each wrong answer is caught and named as its mistake; no two
    mistakes are alike; points, names and words are sound. Each problem is a line
    that says where it is and what to do. Exit code 0: no problem; 1: some; 2:
    wrong usage.
    """
    folder = _course_folder(course)
    with _in_words():
        try:
            _prove(folder, assignments or [], exercise or [], seeds)
        except KeyboardInterrupt:
            _stop("stopped", EXIT_INTERRUPTED)


def _prove(folder: Path, assignments: Sequence[str], names: Sequence[str], seeds: int) -> None:
    from autograder.base.words import counted, points_text
    from autograder.course.course import Course
    from autograder.judging.catalogue_proof import Problem, problems_of
    from autograder.release import ReleaseError
    from autograder.release.written_checks import write_checks

    catalogue = Course(folder).catalogue
    _all_known("assignment", assignments, catalogue.assignments)
    wanted = {
        name: exercises
        for name, exercises in catalogue.assignments.items()
        if name in assignments or not assignments
    }
    _all_known("exercise", names, [one.name for some in wanted.values() for one in some])
    lessons = folder / "notebooks"
    has_lessons = any(lessons.glob("*.ipynb"))
    if not has_lessons:
        typer.echo(f"autograder: lessons are not looked at: {lessons} has none", err=True)
    chosen = {
        name: [one for one in exercises if one.name in names or not names]
        for name, exercises in wanted.items()
    }
    if not any(chosen.values()):
        _stop(f"nothing to prove: no exercise is in {', '.join(wanted) or 'the catalogue'}")
    problems = []
    with _progress("proving", sum(map(len, chosen.values()))) as advance:
        for name, exercises in chosen.items():
            for exercise in exercises:
                problems += problems_of(
                    catalogue, name, exercise, seeds, lessons if has_lessons else None
                )
                advance()
            try:
                write_checks(exercises, None)
            except ReleaseError as refused:
                wrong = f"it cannot be written: {refused}"
                problems.append(Problem(name, "checks.py", "", wrong, "Release refuses it too."))
    for problem in problems:
        typer.echo(str(problem))
    for name, exercises in chosen.items():
        for exercise in exercises:
            if exercise.properties is None:
                typer.echo(
                    f"autograder: {name} {exercise.name} has nothing that students may run: it "
                    "cannot be released before it has properties=...",
                    err=True,
                )
        if exercises:
            points = points_text(sum(exercise.points for exercise in exercises))
            mistakes = sum(len(exercise.misconceptions) for exercise in exercises)
            count = sum(problem.assignment == name for problem in problems)
            typer.echo(
                f"{name}: {counted(len(exercises), 'exercise')} of {points} points, "
                f"{counted(mistakes, 'mistake')}, {counted(count, 'problem')}"
            )
    if problems:
        raise typer.Exit(EXIT_SOME_FAILED)


def _all_known(what: str, names: Sequence[str], known: Collection[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        _stop(f"the catalogue has no {what} {unknown[0]}: it has {', '.join(known)}")


@app.command()
def settings(course: CourseOption = Path()) -> None:
    """List what can be set in nbgrader_config.py, and what this course sets."""
    from autograder.course.settings import load_config, page

    folder = _course_folder(course)
    with _in_words():
        typer.echo(page(load_config(folder)), nl=False)


@app.command()
def doctor(course: CourseOption = Path()) -> None:
    """Say what works on this computer, and what to install for the rest."""
    from autograder.cli.doctor import examine

    folder = _course_folder(course, is_begun=False)
    signs = {"works": "ok     ", "missing": "MISSING", "optional": "option "}
    missing = 0
    for check in examine(folder):
        typer.echo(f"{signs[check.state]} {check.name}: {check.message}")
        missing += check.state == "missing"
    if missing:
        raise typer.Exit(EXIT_SOME_FAILED)


if __name__ == "__main__":
    main()
