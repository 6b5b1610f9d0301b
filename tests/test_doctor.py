"""The doctor says what works, and for the rest the line to run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from databases import locked

from autograder.cli import doctor
from autograder.cli.doctor import Check, examine
from autograder.sandbox import Sandbox


def checks(course: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Check]:
    """Look at everything but the sandbox, which takes seconds."""
    monkeypatch.setattr(doctor, "_isolation", lambda: Check("isolation", "works", ""))
    return {check.name: check for check in examine(course)}


def test_a_released_course_on_this_computer_works(course, monkeypatch):
    found = checks(course, monkeypatch)
    assert {check.state for check in found.values()} <= {"works", "optional"}
    assert found["course"] == Check(
        "course", "works", f"{course}, gradebook sqlite:///{course / 'gradebook.db'}"
    )
    assert set(doctor.NEEDED) <= set(found)


@pytest.mark.parametrize(
    ("version", "state"),
    [((3, 9, 2), "missing"), ((3, 10, 0), "works"), ((3, 14, 1), "works"), ((3, 15, 0), "missing")],
)
def test_a_python_that_does_not_fit_is_named(monkeypatch, version, state):
    monkeypatch.setattr(doctor, "sys", SimpleNamespace(version_info=version))
    (check,) = doctor._python()
    assert check.state == state
    assert check.message.startswith(".".join(map(str, version)))
    assert ("Python 3.10 to 3.14 is needed" in check.message) == (state == "missing")


def test_missing_packages_come_with_the_line_that_installs_them(monkeypatch):
    monkeypatch.setattr(doctor, "_version", lambda name: None if "a" in name else "1.0")
    found = {check.name: check for check in doctor._packages()}
    assert found["numpy"] == Check("numpy", "works", "1.0")
    assert found["matplotlib"].state == "missing"
    assert found["matplotlib"].message.endswith("-m pip install matplotlib`")
    monkeypatch.setattr(doctor, "_version", lambda name: None)
    found = {check.name: check for check in doctor._packages()}
    assert found["tensorflow"].state == "optional"


# --- Formgrader -----------------------------------------------------------------------------------


def test_formulas_in_formgrader_work_where_mathjax_was_fetched(tmp_path):
    (tmp_path / doctor.MATHJAX).parent.mkdir(parents=True)
    (tmp_path / doctor.MATHJAX).touch()
    assert doctor._formgrader(tmp_path).state == "works"


@pytest.mark.parametrize(("npm", "install"), [("/usr/bin/npm", False), (None, True)])
def test_formulas_that_formgrader_shows_as_text_come_with_the_line_that_gets_mathjax(
    tmp_path, monkeypatch, npm, install
):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: npm)
    check = doctor._formgrader(tmp_path)
    assert check.state == "optional"
    assert "`npm install --prefix build/classroom mathjax@3` gets MathJax" in check.message
    assert ("apt-get install npm" in check.message) == install
    (tmp_path / "Makefile").touch()
    assert "`make lab` gets MathJax" in doctor._formgrader(tmp_path).message


# --- Isolation ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("sandbox")
def test_isolation_is_tried_and_not_guessed():
    check = doctor._isolation()
    assert (check.state, "a cell ran inside bubblewrap" in check.message) == ("works", True)


def test_missing_bubblewrap_comes_with_the_line_that_installs_it(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    check = doctor._isolation()
    assert check.state == "missing"
    assert "sudo apt-get install bubblewrap" in check.message


@pytest.mark.parametrize(
    ("setting", "value", "line"),
    [
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "user.max_user_namespaces=10000"),
        ("user/max_user_namespaces", "100", ""),
    ],
)
def test_a_kernel_that_forbids_isolation_is_told_apart(tmp_path, monkeypatch, setting, value, line):
    path = tmp_path / setting
    path.parent.mkdir()
    path.write_text(f"{value}\n")
    monkeypatch.setattr(doctor, "Path", lambda root, name: tmp_path / name)
    assert line in doctor._why_not()
    assert bool(doctor._why_not()) == bool(line)


def test_a_look_that_fails_is_a_line_and_no_end(course, monkeypatch):
    def broken() -> Check:
        raise RuntimeError("out of order")

    monkeypatch.setattr(doctor, "_isolation", broken)
    found = {check.name: check for check in examine(course)}
    assert found["isolation"] == Check("isolation", "missing", "RuntimeError: out of order")
    assert found["course"].state == "works"


def test_the_doctor_leaves_no_sandbox_behind(monkeypatch):
    closed = []

    class Broken(Sandbox):
        def session(self, *_: object, **__: object) -> None:  # type: ignore[override]
            raise OSError("no sockets")

        def close(self) -> None:
            closed.append(self)

    monkeypatch.setattr("autograder.sandbox.Sandbox", Broken)
    assert doctor._guarded("isolation", doctor._isolation).message == "OSError: no sockets"
    assert len(closed) == 1


# --- The course -----------------------------------------------------------------------------------


def no_source(course: Path) -> None:
    (course / "source").rename(course / "sources")


def no_settings(course: Path) -> None:
    (course / "nbgrader_config.py").unlink()


def broken_settings(course: Path) -> None:
    (course / "nbgrader_config.py").write_text("c = get_config(\n")


def no_gradebook(course: Path) -> None:
    (course / "gradebook.db").unlink()


def damaged_gradebook(course: Path) -> None:
    (course / "gradebook.db").write_bytes(b"no database " * 1000)


def not_released(course: Path) -> None:
    (course / "source" / "ps2").mkdir()
    (course / "source" / "ps2" / "ps2.ipynb").touch()


@pytest.mark.parametrize(
    ("spoil", "state", "words"),
    [
        (no_source, "missing", "has no source/: put an assignment's notebook at"),
        (no_settings, "missing", "has no nbgrader_config.py: is that the course's folder?"),
        (broken_settings, "missing", "line 1: '(' was never closed; mend it first"),
        (no_gradebook, "optional", "not released yet: `autograder release ps1`"),
        (damaged_gradebook, "missing", "put a backup in its place"),
        (not_released, "optional", "not released yet: `autograder release ps2`"),
    ],
)
def test_what_is_wrong_with_a_course_is_said(course, spoil, state, words):
    spoil(course)
    check = doctor._course(course)
    assert (check.state, words in check.message) == (state, True), check.message
    assert len(check.message.splitlines()) == 1


def test_a_locked_gradebook_is_said_to_be_locked(course):
    with locked(course):
        check = doctor._course(course)
    assert (check.state, "another program is writing to it" in check.message) == ("missing", True)


def test_a_course_that_cannot_be_written_to_is_said(course, monkeypatch):
    monkeypatch.setattr("autograder.cli.doctor.os.access", lambda *_: False)
    assert doctor._course(course) == Check("course", "missing", f"{course} cannot be written to")


def test_a_password_of_the_gradebook_is_not_shown(course, monkeypatch):
    from autograder.gradebook import GradebookStore

    local = GradebookStore.open
    url = f"sqlite:///{course / 'gradebook.db'}"
    monkeypatch.setattr(GradebookStore, "open", lambda _, busy_seconds: local(url, busy_seconds))
    monkeypatch.setenv("GRADEBOOK_URL", "postgresql://grader:secret@db.example.org/course")
    check = doctor._course(course)
    assert (check.state, check.message) == ("works", f"{course}, gradebook db.example.org/course")
