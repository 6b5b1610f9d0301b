"""The command line: exit codes, one or two lines for every mistake, and a table that is whole."""

from __future__ import annotations

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

import pytest
from databases import locked
from rich.console import Console
from typer.testing import CliRunner

from autograder.cli import commands as cli
from autograder.cli import doctor
from autograder.course.folder import SECRET_FILE
from autograder.grading import engine, jobs
from autograder.grading.engine import ClassGrading
from autograder.grading.records import Result

HandIn = Callable[..., Path]
BAR = "\u2502"  # between the columns of a table


@pytest.fixture
def in_process(at_once: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Grade in this process, whatever number of workers is asked for."""
    monkeypatch.setattr(ClassGrading, "run", lambda self, workers: self.on(at_once, lambda: 1))


def run(*arguments: str | Path) -> tuple[int, str, str]:
    """Run a command and return exit code, output and what was said beside it."""
    result = CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert "Traceback" not in result.output
    return result.exit_code, result.stdout, result.stderr


def refused(*arguments: str | Path) -> tuple[int, str]:
    """Return the exit code and the words of a command that does nothing."""
    code, output, said = run(*arguments)
    assert output == ""
    assert said.startswith("autograder: ")
    assert 1 <= len(said.splitlines()) <= 2
    return code, said.removeprefix("autograder: ").strip()


# --- Grading --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("in_process")
def test_every_submission_is_in_the_table_with_its_points(course: Path, hand_in: HandIn) -> None:
    hand_in("ann", "all-right")
    hand_in("bob b", "cell-ends-its-process")
    hand_in("[red]eve", b"{")
    code, output, said = run("grade", "ps1", "ps1", "--course", course)
    rows = [[cell.strip() for cell in line.split("\u2502")] for line in output.splitlines()]
    rows = [row for row in rows if len(row) == 4]
    assert rows[0] == ["[red]eve", "ps1", "0 / 14", rows[0][3]]
    assert rows[0][3].startswith("ps1.ipynb is not JSON, so it is no notebook")
    assert ["ann", "ps1", "14 / 14", ""] in rows
    assert ["bob b", "ps1", "14 / 14"] in [row[:3] for row in rows]
    assert "3 graded, 0 unchanged since they were graded, 0 not graded" in output
    assert f"wrote {course / 'autograded'} and the gradebook" in output
    assert (code, said) == (0, "")
    assert "\x1b" not in output
    again = run("grade", "ps1", "--course", course)
    assert "0 graded, 3 unchanged since they were graded, 0 not graded" in again[1]
    assert again[1].splitlines()[:5] == output.splitlines()[:5]
    secret = (course / SECRET_FILE).read_text()
    assert secret not in output + again[1]
    forced = run("grade", "ps1", "--force", "--student", "ann", "--course", course)
    assert "1 graded, 0 unchanged" in forced[1]


@pytest.mark.usefixtures("in_process")
def test_what_could_not_be_graded_is_named_and_the_exit_code_is_1(
    course: Path, hand_in: HandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in("ann", "untouched")
    hand_in("bob", "untouched")
    hand_in(os.fsdecode(b"\xff"), "untouched")
    store = engine.store_notebook

    def full(submission: Any, notebook: str) -> None:
        if submission.student == "bob":
            raise OSError(28, "No space left on device")
        store(submission, notebook)

    monkeypatch.setattr(engine, "store_notebook", full)
    code, output, said = run("grade", "ps1", "--course", course)
    assert code == 1
    assert said.strip().splitlines() == [
        f"autograder: bob's ps1 was not graded: cannot write to "
        f"{course / 'autograded' / 'bob' / 'ps1'}: No space left on device",
        "autograder: ?'s ps1 was not graded: "
        "the name of the student's folder is not UTF-8 text: rename the folder",
    ]
    assert "1 graded, 0 unchanged since they were graded, 2 not graded" in output
    assert output.encode()


@pytest.mark.usefixtures("in_process")
def test_without_bubblewrap_the_exit_code_is_3_and_nothing_is_written(
    course: Path, hand_in: HandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in("ann", "all-right")
    hand_in("bob", "all-right")
    monkeypatch.setattr(jobs, "_sandboxes", {})
    monkeypatch.setenv("PATH", "/nowhere")
    code, output, said = run("grade", "ps1", "--course", course)
    assert code == 3
    assert said.strip() == (
        "autograder: bubblewrap is not installed: run `sudo apt-get install bubblewrap` "
        "(or your system's equivalent)"
    )
    assert output == ""
    assert not (course / "autograded").exists()


@pytest.mark.usefixtures("in_process")
def test_isolation_that_fails_on_the_way_does_not_stop_the_others(
    course: Path, hand_in: HandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ann", "bob", "eve"):
        hand_in(name, "untouched")
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
def test_without_isolation_every_result_says_so(course: Path, hand_in: HandIn) -> None:
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
def test_ctrl_c_keeps_what_is_graded_and_says_so(
    course: Path, hand_in: HandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ann", "bob", "eve"):
        hand_in(name, "untouched")
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


def test_what_is_not_there_is_named_with_exit_code_2(course: Path, tmp_path: Path) -> None:
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
        (("grade", "ps1", "--course", tmp_path), "there are none"),
    ):
        code, said = refused(*arguments)
        assert (code, words in said) == (2, True), (arguments, said)


def test_an_unknown_student_is_named(course: Path, hand_in: HandIn) -> None:
    hand_in("ann")
    code, said = refused("grade", "ps1", "--student", "bob", "--course", course)
    assert (code, said.startswith("no submission of ps1 by bob: looked in")) == (2, True)


def test_an_unknown_isolation_is_refused(course: Path) -> None:
    code, said = refused("grade", "ps1", "--isolation", "docker", "--course", course)
    assert (code, said) == (2, "--isolation is bwrap or none, not 'docker'")


@pytest.mark.parametrize(
    "arguments",
    [
        ("grade",),
        ("release",),
        ("grade", "ps1", "--jobs", "0"),
        ("grade", "ps1", "--jobs", "-2"),
        ("grade", "ps1", "--jobs", "many"),
        ("grade", "ps1", "--course"),
        ("grade", "ps1", "--fast"),
        ("grad", "ps1"),
    ],
    ids=" ".join,
)
def test_arguments_that_make_no_sense_are_refused(arguments: tuple[str, ...]) -> None:
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
    course: Path,
    hand_in: HandIn,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    text: str,
    words: str,
) -> None:
    hand_in("ann")
    # The small course's source is not all of ps1, which would be said first.
    monkeypatch.setattr("autograder.release.release.source_problems", lambda *_: [])
    (course / "nbgrader_config.py").write_text(text)
    code, said = refused(command, "ps1", "--course", course)
    assert (code, said) == (2, f"{course / 'nbgrader_config.py'}, {words}")


def test_a_source_that_is_not_fit_is_refused_with_all_reasons(course: Path) -> None:
    code, _, said = run("release", "ps1", "--course", course)
    assert code == 2
    assert said.splitlines()[0] == "autograder: not released:"
    assert "  source/ps1/ps1.ipynb: no cell grade_one_hot checks one_hot" in said


# --- Files and databases that do not work ---------------------------------------------------------


def test_an_assignment_that_is_not_released_says_which_command_to_run(
    course: Path, hand_in: HandIn
) -> None:
    hand_in("ann")
    (course / "release" / "ps1" / "ps1.ipynb").unlink()
    code, said = refused("grade", "ps1", "--course", course)
    assert (code, "run `autograder release ps1`" in said) == (2, True)


@pytest.mark.parametrize("content", [b"", b"no database " * 1000], ids=["empty", "text"])
def test_a_gradebook_that_is_no_database_is_refused(
    course: Path, hand_in: HandIn, content: bytes
) -> None:
    hand_in("ann")
    (course / "gradebook.db").write_bytes(content)
    code, said = refused("grade", "ps1", "--course", course)
    assert code in (1, 2)
    assert "gradebook" in said


def test_a_truncated_gradebook_is_refused(course: Path, hand_in: HandIn) -> None:
    hand_in("ann")
    whole = (course / "gradebook.db").read_bytes()
    (course / "gradebook.db").write_bytes(whole[: len(whole) // 2])
    code, said = refused("grade", "ps1", "--course", course)
    assert (code, "put a backup in its place" in said) == (1, True)


@pytest.mark.usefixtures("impatient")
def test_a_locked_gradebook_is_said_to_be_locked(course: Path, hand_in: HandIn) -> None:
    hand_in("ann")
    with locked(course):
        code, said = refused("grade", "ps1", "--course", course)
    assert (code, "another program is writing to it; close it or wait" in said) == (1, True)


def test_whatever_the_disk_refuses_is_said_in_a_line(
    course: Path, hand_in: HandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
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


@pytest.mark.parametrize("width", [200, 80, 40, 24])
def test_names_and_points_stay_whole_on_a_narrow_terminal(width: int) -> None:
    name = "a-student-with-a-very-long-name-indeed"
    results = [result("ann", 14), result(name), result("bob", trouble="no room")]
    file = io.StringIO()
    Console(file=file, width=width, force_terminal=True, color_system=None).print(
        *cli._tables(results)
    )
    lines = file.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    columns = [[cell.strip() for cell in line.split("\u2502")] for line in lines]
    rows = [row for row in columns if len(row) == 4]
    assert "14 / 14" in [row[2] for row in rows]
    assert "3.5 / 14" in [row[2] for row in rows]
    assert name in "".join(row[0] for row in rows)
    assert "\u2026" not in file.getvalue()


def test_the_table_of_a_large_class_is_one_table() -> None:
    results = [result(f"s{'x' * (number % 17)}-{number}") for number in range(450)]
    file = io.StringIO()
    console = Console(file=file, width=100, color_system=None)
    for part in cli._tables(results):
        console.print(part)
    heading, _, *rows = (
        line.replace("\u2503", BAR).split(BAR) for line in file.getvalue().splitlines()
    )
    assert heading[0].strip() == "student"
    assert [row[0].strip() for row in rows] == [one.student for one in results]
    assert len({tuple(map(len, row[:3])) for row in (heading, *rows)}) == 1


def test_a_name_cannot_steer_the_terminal() -> None:
    file = io.StringIO()
    Console(file=file, width=100, color_system=None).print(
        *cli._tables([result("\x1b[2J[bold]x"), result("a\nb"), result("\u202eann")])
    )
    assert "\x1b" not in file.getvalue()
    assert "?[2J[bold]x" in file.getvalue()
    assert "\u202e" not in file.getvalue()


@pytest.mark.parametrize(
    "command",
    [(), ("release",), ("grade",), ("report",), ("export",), ("prove",), ("doctor",)],
    ids=str,
)
def test_help_says_what_a_command_does(command: tuple[str, ...]) -> None:
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


def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    heavy = "('numpy', 'nbformat', 'nbgrader', 'rich.progress', 'sqlalchemy')"
    text = f"import sys, autograder.cli.commands; print([x for x in {heavy} if x in sys.modules])"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_a_pipe_that_nobody_reads_ends_it_quietly() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = program("grade", "--help", stdout=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.usefixtures("sandbox")
def test_the_program_grades_with_workers_and_leaves_nothing_behind(
    course: Path, hand_in: HandIn, tmp_path: Path
) -> None:
    hand_in("ann", "all-right")
    hand_in("bob", "function-ends-its-process")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary), "COLUMNS": "20", "TERM": "xterm"}
    done = program(
        "grade", "ps1", "--jobs", "1", "--course", course, stdout=subprocess.PIPE, env=environment
    )
    assert (done.returncode, done.stderr) == (0, "")
    rows = [[cell.strip() for cell in line.split("\u2502")] for line in done.stdout.splitlines()]
    assert ["ann", "ps1", "14 / 14", ""] in rows
    assert ["bob", "ps1", "11 / 14"] in [row[:3] for row in rows]
    assert "\x1b" not in done.stdout
    assert list(temporary.iterdir()) == []


# --- doctor ---------------------------------------------------------------------------------------


def test_doctor_tells_what_works_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
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
