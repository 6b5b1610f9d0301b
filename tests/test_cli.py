"""The command line: exit codes, one or two lines for every mistake, and a table that is whole."""

from __future__ import annotations

import functools
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any

import classes
import nbformat
import pytest
from commanding import refused, run
from databases import locked
from rich.console import Console

from autograder.cli import commands as cli
from autograder.cli import doctor
from autograder.course.folder import SECRET_FILE
from autograder.grading import engine, jobs
from autograder.grading.engine import ClassGrading
from autograder.grading.records import Result

HandIn = Callable[..., Path]
BAR = "\u2502"  # between the columns of a table
WAIT = "another program is writing to it; close it or wait"
BACKUP = "put a backup in its place"
NO_DATABASE = b"no database " * 1000


def rows_of(output: str) -> list[list[str]]:
    """Return the rows of a printed table."""
    rows = [[cell.strip() for cell in line.split(BAR)] for line in output.splitlines()]
    return [row for row in rows if len(row) == 4]


# --- Grading --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("in_process")
def test_every_submission_is_in_the_table_with_its_points(course, hand_in):
    hand_in(ann="all-right", **{"bob b": "cell-ends-its-process", "[red]eve": "untouched"})
    code, output, said = run("grade", "ps1", "ps1", "--course", course)
    rows = rows_of(output)
    assert rows[0] == ["[red]eve", "ps1", "0 / 14", ""]
    assert ["ann", "ps1", "14 / 14", ""] in rows
    assert ["bob b", "ps1", "14 / 14"] in [row[:3] for row in rows]
    assert "3 graded, 0 unchanged since they were graded, 0 not graded" in output
    assert f"wrote {course / 'autograded'} and the gradebook" in output
    assert (code, said) == (0, "")
    assert "\x1b" not in output
    again = run("grade", "ps1", "--course", course)
    assert "0 graded, 3 unchanged since they were graded, 0 not graded" in again[1]
    assert "│" not in again[1]  # nobody's points have changed
    assert (course / SECRET_FILE).read_text() not in output + again[1]
    forced = run("grade", "ps1", "--force", "--student", "ann", "--course", course)
    assert "1 graded, 0 unchanged" in forced[1]


@pytest.mark.usefixtures("in_process")
def test_what_could_not_be_graded_is_named_and_the_exit_code_is_1(course, hand_in, monkeypatch):
    hand_in(**dict.fromkeys(("ann", "bob", os.fsdecode(b"\xff")), "untouched"))
    store = engine.store_notebooks

    def full(submission: Any, notebooks: Any) -> None:
        if submission.student == "bob":
            raise OSError(28, "No space left on device")
        store(submission, notebooks)

    monkeypatch.setattr(engine, "store_notebooks", full)
    code, output, said = run("grade", "ps1", "--course", course)
    assert (code, said.strip().splitlines()) == (
        1,
        [
            f"autograder: bob's ps1 was not graded: cannot write to "
            f"{course / 'autograded' / 'bob' / 'ps1'}: No space left on device",
            "autograder: ?'s ps1 was not graded: "
            "the name of the student's folder is not UTF-8 text: rename the folder",
        ],
    )
    assert "1 graded, 0 unchanged since they were graded, 2 not graded" in output
    assert output.encode()


@pytest.mark.usefixtures("in_process")
def test_without_bubblewrap_the_exit_code_is_3_and_nothing_is_written(course, hand_in, monkeypatch):
    hand_in(ann="all-right", bob="all-right")
    monkeypatch.setattr(jobs, "_sandboxes", {})
    monkeypatch.setenv("PATH", "/nowhere")
    assert refused("grade", "ps1", "--course", course) == (
        3,
        "bubblewrap is not installed: run `sudo apt-get install bubblewrap` "
        "(or your system's equivalent)",
    )
    assert not (course / "autograded").exists()


@pytest.mark.usefixtures("in_process")
def test_isolation_that_fails_on_the_way_does_not_stop_the_others(course, hand_in, monkeypatch):
    hand_in(ann="untouched", bob="untouched", eve="untouched")
    whole = ClassGrading.run

    def failing(self: ClassGrading, workers: int) -> Iterator[Result]:
        for number, result in enumerate(whole(self, workers)):
            lost = replace(result, fresh=False, trouble="no memory", no_isolation=True)
            yield lost if number == 1 else result

    monkeypatch.setattr(ClassGrading, "run", failing)
    code, output, said = run("grade", "ps1", "--course", course)
    assert (code, said) == (3, "autograder: no memory\n")
    assert "2 graded, 0 unchanged since they were graded, 1 not graded" in output


@pytest.fixture
def sandboxes_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "_sandboxes", {})
        yield
        jobs.close_sandboxes()


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
@pytest.mark.usefixtures("in_process", "sandboxes_of_its_own")
def test_without_isolation_every_result_says_so(course, hand_in):
    hand_in("ann", "all-right")
    code, output, said = run("grade", "ps1", "--isolation", "none", "--course", course)
    assert code == 0
    assert "student code can do all that you can" in said
    assert "14 / 14" in output
    assert "Graded without isolation" in output
    graded = course / "autograded" / "ann" / "ps1"
    assert json.loads((graded / "verdicts.json").read_text())["isolation"] == "none"
    assert "Graded without isolation" in (graded / "ps1.ipynb").read_text()


@pytest.mark.usefixtures("in_process")
def test_ctrl_c_keeps_what_is_graded_and_says_so(course, hand_in, monkeypatch):
    hand_in(ann="untouched", bob="untouched", eve="untouched")
    whole = ClassGrading.run
    monkeypatch.setattr(engine, "BATCH", 1)

    def interrupted(self: ClassGrading, workers: int) -> Iterator[Result]:
        results = whole(self, workers)
        yield next(results)
        results.close()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ClassGrading, "run", interrupted)
        code, _, said = run("grade", "ps1", "--course", course)
    assert code == 130
    assert "autograder: stopped after 1 of 3; what is graded is saved" in said
    assert "1 unchanged since they were graded" in run("grade", "ps1", "--course", course)[1]


# --- Wrong usage ----------------------------------------------------------------------------------


def test_what_is_not_there_is_named_with_exit_code_2(course, tmp_path):
    nowhere = tmp_path / "nowhere"
    where = course / "submitted"
    for arguments, words in (
        (("grade", "ps1", "--course", nowhere), f"there is no folder {nowhere}"),
        (("release", "ps1", "--course", nowhere), f"there is no folder {nowhere}"),
        (("doctor", "--course", nowhere), f"there is no folder {nowhere}"),
        (("grade", "ps9", "--course", course), "no assignment 'ps9' in"),
        (("release", "ps9", "--course", course), "no assignment 'ps9' in"),
        (("grade", "../ps1", "--course", course), "there are ps1"),
        (("grade", "ps1", "--course", course), f"no submissions of ps1: looked in {where}"),
        (("grade", "ps1", "--course", tmp_path), "`autograder init DIR` begins a course"),
    ):
        code, said = refused(*arguments)
        assert (code, words in said) == (2, True), (arguments, said)


def test_an_unknown_student_or_isolation_is_named(course, hand_in):
    hand_in("ann")
    grade = functools.partial(refused, "grade", "ps1", "--course", course)
    code, said = grade("--student", "bob")
    assert (code, said.startswith("no submission of ps1 by bob: looked in")) == (2, True)
    assert grade("--isolation", "docker") == (2, "--isolation is bwrap or none, not 'docker'")


@pytest.mark.parametrize(
    "arguments",
    [
        ("grade",), ("release",), ("grade", "ps1", "--jobs", "0"), ("grade", "ps1", "--jobs", "-2"),
        ("grade", "ps1", "--jobs", "many"), ("grade", "ps1", "--course"),
        ("grade", "ps1", "--fast"), ("grad", "ps1"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_arguments_that_make_no_sense_are_refused(arguments):
    code, output, said = run(*arguments)
    assert (code, output) == (2, "")
    assert "Error: " in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("c = get_config(\n", "line 1: '(' was never closed; mend it first"),
        ("raise RuntimeError('one\\ntwo')\n", "line 1: RuntimeError: one; mend it first"),
        ("import sys\nsys.exit(0)\n", "line 2: SystemExit: 0; mend it first"),
    ],
)
@pytest.mark.parametrize("command", ["grade", "release"])
def test_broken_settings_are_named_with_the_line(
    course, hand_in, monkeypatch, command, text, words
):
    hand_in("ann")
    # The small course's source is not all of ps1, which would be said first.
    monkeypatch.setattr("autograder.release.release._refuse", lambda _: None)
    (course / "nbgrader_config.py").write_text(text)
    code, said = refused(command, "ps1", "--course", course)
    assert (code, said) == (2, f"{course / 'nbgrader_config.py'}, {words}")


def test_a_source_that_is_not_fit_is_refused_with_all_reasons(course):
    path = course / "source" / "ps1" / "ps1.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            cell.metadata.nbgrader["points"] = -1
    nbformat.write(notebook, path)
    code, _, said = run("release", "ps1", "--course", course)
    assert (code, said.splitlines()[0]) == (2, "autograder: not released:")
    assert "cell grade_add_bias: -1 is no number of points" in said
    assert said.count("is no number of points") > 1


# --- Files and databases that do not work ---------------------------------------------------------


def cut_in_half(course: Path) -> None:
    whole = (course / "gradebook.db").read_bytes()
    (course / "gradebook.db").write_bytes(whole[: len(whole) // 2])


SPOILT: dict[str, tuple[Callable[[Path], Any], int, str]] = {
    "not released": (
        lambda course: (course / "release" / "ps1" / "ps1.ipynb").unlink(),
        *(2, "run `autograder release ps1`"),
    ),
    "empty": (lambda course: (course / "gradebook.db").write_bytes(b""), 2, "gradebook"),
    "text": (lambda course: (course / "gradebook.db").write_bytes(NO_DATABASE), 1, BACKUP),
    "truncated": (cut_in_half, 1, BACKUP),
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_release_or_gradebook_that_is_not_sound_is_refused(course, hand_in, what):
    spoil, expected, words = SPOILT[what]
    hand_in("ann")
    spoil(course)
    code, said = refused("grade", "ps1", "--course", course)
    assert (code, words in said) == (expected, True), said


@pytest.fixture(scope="module")
def graded(released: Path, at_once: Executor, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course in which ann's work is graded."""
    course = classes.copied(released, tmp_path_factory.mktemp("graded") / "course")
    classes.hand_in(course, "ann")
    assert [one.trouble for one in classes.grade(course, at_once).values()] == [None]
    return course


COMMANDS = {
    "grade": ("grade", "ps1", "--force"),
    "report": ("report", "ps1"),
    "export": ("export", "ps1", "--to", "canvas"),
}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_locked_gradebook_is_said_to_be_locked(graded, command):
    with locked(graded):
        code, said = refused(*COMMANDS[command], "--course", graded)
    assert (code, WAIT in said) == (1, True)


@pytest.mark.parametrize("command", ["report", "export"])
def test_what_cannot_be_told_is_said_in_a_line_and_nothing_is_written(course, command):
    _, assignment, *options = COMMANDS[command]
    ask = functools.partial(refused, command, *options, "--course", course)
    assert ask("ps9")[1].startswith("no assignment 'ps9' in")
    said = "nothing of ps1 is graded yet: run `autograder grade ps1` first"
    assert ask(assignment) == (2, said)
    (course / "gradebook.db").write_bytes(NO_DATABASE)
    code, said = ask(assignment)
    assert (code, BACKUP in said) == (1, True)
    (course / "gradebook.db").unlink()
    assert ask(assignment)[0] == 2
    assert not (course / "reports").exists()
    assert not list(course.glob("grades*.csv"))


def test_whatever_the_disk_refuses_is_said_in_a_line(course, hand_in, monkeypatch):
    hand_in("ann")

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied", str(course / "release"))

    monkeypatch.setattr("autograder.course.course.assignment_files", refuse)
    code, said = refused("grade", "ps1", "--course", course)
    assert (code, said) == (1, f"{course / 'release'}: Permission denied")


# --- Terminals, pipes and programs ----------------------------------------------------------------


def result(student: str, points: float = 3.5, trouble: str | None = None) -> Result:
    mistakes = ("softmax: whole matrix", "scores: bias first")
    return Result(student, "ps1", points, 14, mistakes, (), 0.1, True, trouble)


def printed(width: int, *results: Result, terminal: bool = False) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=terminal, color_system=None)
    for part in cli._tables(results):
        console.print(part)
    return file.getvalue()


@pytest.mark.parametrize("width", [200, 80, 40, 24])
def test_names_and_points_stay_whole_on_a_narrow_terminal(width):
    name = "a-student-with-a-very-long-name-indeed"
    results = (result("ann", 14), result(name), result("bob", trouble="no room"))
    text = printed(width, *results, terminal=True)
    assert all(len(line) <= width for line in text.splitlines())
    rows = rows_of(text)
    assert {"14 / 14", "3.5 / 14"} <= {row[2] for row in rows}
    assert name in "".join(row[0] for row in rows)
    assert "\u2026" not in text


def test_the_table_of_a_large_class_is_one_table():
    results = [result(f"s{'x' * (number % 17)}-{number}") for number in range(450)]
    heading, _, *rows = (
        line.replace("\u2503", BAR).split(BAR) for line in printed(100, *results).splitlines()
    )
    assert heading[0].strip() == "student"
    assert [row[0].strip() for row in rows] == [one.student for one in results]
    assert len({tuple(map(len, row[:3])) for row in (heading, *rows)}) == 1


def test_a_name_cannot_steer_the_terminal():
    text = printed(100, result("\x1b[2J[bold]x"), result("a\nb"), result("\u202eann"))
    assert not {"\x1b", "\u202e"} & set(text)
    assert "?[2J[bold]x" in text


@pytest.mark.parametrize(
    "command",
    [(), ("release",), ("grade",), ("report",), ("export",), ("prove",), ("doctor",)],
    ids=str,
)
def test_help_says_what_a_command_does(command):
    code, output, said = run(*command, "--help")
    assert (code, said) == (0, "")
    assert "Usage: " in output
    for option in {
        "grade": ("--student", "--jobs", "--force", "--isolation", "--course", "--cluster"),
        "report": ("--names", "--format", "--output", "--course"),
        "export": ("--to", "--output", "--course"),
        "prove": ("--exercise", "--seeds", "--course"),
    }.get("".join(command), ()):
        assert option in output


def program(*arguments: str | Path, **settings: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "autograder.cli.commands", *map(str, arguments)]
    return subprocess.run(command, text=True, stderr=subprocess.PIPE, **settings)


def test_help_is_quick_because_nothing_heavy_is_imported():
    heavy = "('numpy', 'nbformat', 'nbgrader', 'rich.progress', 'sqlalchemy')"
    text = f"import sys, autograder.cli.commands; print([x for x in {heavy} if x in sys.modules])"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_a_pipe_that_nobody_reads_ends_it_quietly():
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = program("grade", "--help", stdout=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.usefixtures("sandbox")
def test_the_program_grades_with_workers_and_leaves_nothing_behind(course, hand_in, tmp_path):
    hand_in(ann="all-right", bob="function-ends-its-process")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary), "COLUMNS": "20", "TERM": "xterm"}
    done = program(
        "grade", "ps1", "--jobs", "1", "--course", course, stdout=subprocess.PIPE, env=environment
    )
    assert (done.returncode, done.stderr) == (0, "")
    rows = rows_of(done.stdout)
    assert ["ann", "ps1", "14 / 14", ""] in rows
    assert ["bob", "ps1", "11 / 14"] in [row[:3] for row in rows]
    assert "\x1b" not in done.stdout
    assert list(temporary.iterdir()) == []


# --- doctor ---------------------------------------------------------------------------------------


def test_doctor_tells_what_works_and_what_to_do(monkeypatch):
    checks = [
        doctor.Check("Python", "works", "3.11.7"),
        doctor.Check("tensorflow", "optional", "only the cross-checks use it"),
    ]
    monkeypatch.setattr(doctor, "examine", lambda course: iter(checks))
    assert run("doctor", "--course", tempfile.gettempdir()) == (
        0,
        "ok      Python: 3.11.7\noption  tensorflow: only the cross-checks use it\n",
        "",
    )
    checks.append(doctor.Check("isolation", "missing", "install bubblewrap"))
    code, output, _ = run("doctor", "--course", tempfile.gettempdir())
    assert (code, output.splitlines()[-1]) == (1, "MISSING isolation: install bubblewrap")
