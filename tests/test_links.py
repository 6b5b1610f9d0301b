"""What lies beside a notebook: on no road is a link followed, or anything of it published."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from isolation import why_no_isolation
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import notebook_hash
from traitlets.config import Config

from autograder import handed_in
from autograder.course import SECRET_FILE, load_config
from autograder.handed_in import copy, is_real_folder, sentences_about, survey
from autograder.limits import HAND_IN

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "tests" / "notebooks"
SIGN = "the course's own"
COURSE_ID = "softmax-by-hand"


def hostile_folder(folder: Path, course: Path) -> None:
    """Put beside a notebook what is to reach neither feedback nor graded work."""
    (folder / "a.html").symlink_to(course / SECRET_FILE)
    (folder / "b.txt").symlink_to("../../../source/ps1/ps1.ipynb")
    (folder / "chain").symlink_to("b.txt")
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "zero").symlink_to("/dev/zero")
    (folder / "folder").symlink_to(course / "source")
    (folder / "deep").mkdir()
    (folder / "deep" / "c.html").symlink_to(course / SECRET_FILE)
    os.link(course / SECRET_FILE, folder / "hard.txt")
    os.mkfifo(folder / "pipe")
    os.mknod(folder / "socket", stat.S_IFSOCK | 0o600)
    (folder / "more.html").write_text("<script>alert(1)</script>")
    (folder / "picture.svg").write_text("<svg onload='alert(1)'/>")
    (folder / "data.csv").write_text("1,2\n")


LEFT_OUT = {
    *("a.html", "b.txt", "chain", "loop", "dangling", "zero", "folder", "deep/c.html"),
    *("hard.txt", "pipe", "socket"),
}


@pytest.fixture
def course(released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("GRADEBOOK_URL", raising=False)
    course = Path(shutil.copytree(released, tmp_path / "course"))
    (course / SECRET_FILE).write_text(SIGN * 10)
    with (course / "source" / "ps1" / "ps1.ipynb").open() as file:
        assert file.read()
    return course


def hand_in(course: Path, student: str, work: str = "untouched") -> Path:
    folder = course / "submitted" / student / "ps1"
    folder.mkdir(parents=True)
    shutil.copyfile(NOTEBOOKS / f"{work}.ipynb", folder / "ps1.ipynb")
    (folder / "timestamp.txt").write_text("2026-10-05 14:03:21 UTC")
    (folder / "submission_secret.txt").write_text(f"secret of {student}")
    return folder


def nbgrader(course: Path, *arguments: str, code: int = 0) -> str:
    """Run nbgrader as an instructor does; return what it said."""
    program = Path(sys.executable).with_name("nbgrader")
    done = subprocess.run(
        [program, *arguments], cwd=course, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def everything(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder; no link and nothing but files may be there."""
    found = {}
    for path in sorted(folder.rglob("*")):
        assert not path.is_symlink(), path
        if not path.is_dir():
            assert path.is_file(), path
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def assert_nothing_of_the_course(files: dict[str, bytes]) -> None:
    for name, data in files.items():
        assert SIGN.encode() not in data, name
        assert b"BEGIN SOLUTION" not in data, name


# --- A folder -------------------------------------------------------------------------------------


def test_what_is_no_ordinary_file_is_left_out_with_its_reason(course: Path) -> None:
    folder = hand_in(course, "eve")
    hostile_folder(folder, course)
    found = survey(folder)
    assert set(found.left_out) == LEFT_OUT
    assert set(found.files) == {
        *("ps1.ipynb", "timestamp.txt", "submission_secret.txt"),
        *("more.html", "picture.svg", "data.csv"),
    }
    said = sentences_about(folder, course / "submitted")
    assert said[0] == (
        "'a.html' beside the notebook is a symbolic link and was left out: hand in the file itself."
    )
    assert said[-1] == "So were 6 more beside it."


def test_a_hand_in_has_so_many_files_so_large_and_so_deep(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*"abcdefghij")
    deep.mkdir(parents=True)
    (deep / "x").write_text("x")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(HAND_IN.file_bytes + 1)
    for number in range(HAND_IN.files + 7):
        (tmp_path / f"{number:04}").write_text("x")
    found = survey(tmp_path)
    assert len(found.files) == HAND_IN.files
    assert "deeper than 8 folders" in found.left_out["a/b/c/d/e/f/g/h/i"]
    assert "larger than 20 MB" in found.left_out["large"]
    assert sum("more than 100 files" in why for why in found.left_out.values()) == 7


def test_a_million_entries_are_not_all_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(HAND_IN.entries + 100):
        (tmp_path / f"{number}").symlink_to("x")
    found = survey(tmp_path)
    assert found.looked_at == HAND_IN.entries
    assert found.left_out.pop("...") == "was not looked at: more than 1000 files and folders"
    assert len(found.left_out) == HAND_IN.entries


def test_nor_are_a_million_empty_folders(tmp_path: Path) -> None:
    for number in range(HAND_IN.entries + 100):
        (tmp_path / f"{number % 30:02}" / f"{number}" / "empty").mkdir(parents=True)
    found = survey(tmp_path)
    assert found.looked_at == HAND_IN.entries
    assert found.sentences[0].endswith("more than 1000 files and folders.")


def test_a_file_that_becomes_a_link_while_it_is_copied_is_not_followed(tmp_path: Path) -> None:
    source, private = tmp_path / "source", tmp_path / "private"
    (source / "deep").mkdir(parents=True)
    private.mkdir()
    (private / "x").write_text("private")
    for name in ("x", "deep/x", "pipe", "hard", "gone"):
        (source / name).write_text("mine")
    names = list(survey(source).files)
    (source / "x").unlink()
    (source / "x").symlink_to(private / "x")
    shutil.rmtree(source / "deep")
    (source / "deep").symlink_to(private)
    (source / "pipe").unlink()
    os.mkfifo(source / "pipe")
    (source / "hard").unlink()
    os.link(private / "x", source / "hard")
    (source / "gone").unlink()
    assert set(copy(source, names, tmp_path / "copy")) == set(names)
    assert [path for path in (tmp_path / "copy").rglob("*") if path.is_file()] == []


def test_a_folder_is_real_where_no_part_of_it_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "a" / "link").symlink_to("b")
    assert is_real_folder(tmp_path / "a" / "b", tmp_path)
    for path in ("link", "link/b", "a/link", "a/../a", "nowhere"):
        assert not is_real_folder(tmp_path / path, tmp_path), path


def test_a_name_cannot_break_out_of_a_sentence() -> None:
    assert handed_in.shown_name("a\n**b**<script>\u202e.txt") == "'a???b???script??.txt'"


# --- nbgrader's roads -----------------------------------------------------------------------------


@pytest.fixture
def isolated() -> None:
    if (reason := why_no_isolation()) is not None:
        pytest.skip(f"student code cannot be isolated here: {reason}")


def test_from_grading_to_release_nothing_that_a_link_names_is_copied(
    course: Path, tmp_path: Path, isolated: None
) -> None:
    hostile_folder(hand_in(course, "eve"), course)
    hand_in(course, "ada")
    linked = course / "submitted" / "lin"
    linked.mkdir()
    (linked / "ps1").symlink_to(course / "source" / "ps1")
    for name in ("timestamp.txt", "submission_secret.txt"):
        for student, target in (("tim", course / SECRET_FILE), ("zoe", Path("/dev/zero"))):
            folder = course / "submitted" / student / "ps1"
            if not folder.exists():
                hand_in(course, student)
            (folder / name).unlink()
            (folder / name).symlink_to(target)

    said = nbgrader(course, "autograde", "ps1")
    assert "'a.html' beside the notebook is a symbolic link" in said
    graded = everything(course / "autograded")
    assert_nothing_of_the_course(
        {name: data for name, data in graded.items() if not name.startswith("lin/")}
    )
    assert {name for name in graded if name.startswith("eve/") and not name.endswith(".ipynb")} == {
        f"eve/ps1/{name}" for name in ("checks.py", "data.csv", "more.html", "picture.svg", *BESIDE)
    }
    notebook = nbformat.reads(graded["eve/ps1/ps1.ipynb"].decode(), as_version=4)
    assert "'a.html' beside the notebook is a symbolic link" in notebook.cells[0].source
    assert "beside" not in graded["ada/ps1/ps1.ipynb"].decode()

    # As it was left by an earlier version.
    old = course / "feedback" / "ada" / "ps1"
    old.mkdir(parents=True)
    (old / "a.html").write_text(SIGN)
    (old / "ps1.html").symlink_to(course / SECRET_FILE)
    (old / "deep").mkdir()
    (course / "autograded" / "ada" / "ps1" / "old.html").write_text(SIGN)
    nbgrader(course, "generate_feedback", "ps1")
    feedback = everything(course / "feedback")
    assert_nothing_of_the_course(feedback)
    for student in ("eve", "ada"):
        assert {name for name in feedback if name.startswith(student)} == {
            f"{student}/ps1/{name}" for name in ("ps1.html", *BESIDE)
        }

    (course / "feedback" / "ada" / "ps1" / "more.html").symlink_to(course / SECRET_FILE)
    exchange = tmp_path / "exchange"
    exchange.mkdir(mode=0o777)
    exchange.chmod(0o777)
    said = nbgrader(course, "release_feedback", "ps1", f"--Exchange.root={exchange}", code=1)
    assert "Not released: tim's ps1" in said  # it has no secret by which it is found
    released = everything(exchange / COURSE_ID / "feedback")
    assert_nothing_of_the_course(released)
    assert {"eve", "ada"} == {
        student
        for student in ("eve", "ada", "tim", "zoe", "lin")
        if f"{notebook_hash(secret=f'secret of {student}', notebook_id='ps1')}.html" in released
    }
    assert len(released) == 2


BESIDE = ("timestamp.txt", "submission_secret.txt")


def test_a_page_that_is_a_link_is_not_released(course: Path, tmp_path: Path) -> None:
    folder = course / "feedback" / "eve" / "ps1"
    folder.mkdir(parents=True)
    (folder / "submission_secret.txt").write_text("s")
    (folder / "timestamp.txt").write_text("2026-10-05 14:03:21 UTC")
    (folder / "ps1.html").symlink_to(course / SECRET_FILE)
    (folder / "more.html").write_text("<script>alert(1)</script>")
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    said = nbgrader(course, "release_feedback", "ps1", f"--Exchange.root={exchange}", code=1)
    assert "ps1.html is a symbolic link" in said
    assert everything(exchange / COURSE_ID / "feedback") == {}


def test_collecting_follows_no_link_and_takes_the_honest_work(course: Path, tmp_path: Path) -> None:
    exchange = tmp_path / "exchange"
    inbound = exchange / COURSE_ID / "inbound"
    inbound.mkdir(parents=True)
    exchange.chmod(0o777)
    folders = {}
    for student in ("ada", "eve"):
        folders[student] = inbound / f"{student}+ps1+2026-10-05 14:03:21 UTC+x"
        hand_in(course, student)
        shutil.move(course / "submitted" / student / "ps1", folders[student])
        shutil.rmtree(course / "submitted")
    hostile_folder(folders["eve"], course)
    # A link instead of a hand-in; and one that is newer than an honest student's own.
    (inbound / "lin+ps1+2026-10-05 14:03:21 UTC+x").symlink_to(course / "source" / "ps1")
    (inbound / "ada+ps1+2026-10-06 14:03:21 UTC+x").symlink_to(course / "source" / "ps1")
    (inbound / "..+ps1+2026-10-06 14:03:21 UTC+x").mkdir()
    settings = (f"--Exchange.root={exchange}",)
    said = nbgrader(course, "collect", "ps1", *settings)
    assert "lin+ps1+2026-10-05 14:03:21 UTC+x is no folder that was handed in" in said
    assert "'zero' beside the notebook is a symbolic link" in said or "more beside it" in said
    collected = everything(course / "submitted")
    assert_nothing_of_the_course(collected)
    assert {name for name in collected if name.startswith("ada")} == {
        f"ada/ps1/{name}" for name in ("ps1.ipynb", *BESIDE)
    }
    assert {name.split("/")[-1] for name in collected if name.startswith("eve")} == {
        *("ps1.ipynb", "data.csv", "more.html", "picture.svg", *BESIDE)
    }
    assert {name.split("/")[0] for name in collected} == {"ada", "eve"}
    # A time that is none stops nobody.
    (course / "submitted" / "eve" / "ps1" / "timestamp.txt").write_text("no time")
    (folders["ada"] / "new.txt").write_text("new")
    os.rename(folders["ada"], inbound / "ada+ps1+2026-10-07 14:03:21 UTC+x")
    nbgrader(course, "collect", "ps1", "--update", *settings)
    assert (course / "submitted" / "ada" / "ps1" / "new.txt").is_file()


def test_a_folder_in_the_place_of_a_file_and_no_notebook_at_all_are_graded_all_the_same(
    course: Path, isolated: None
) -> None:
    """Each of these used to end nbgrader with an error, and to have no row."""
    (course / "source" / "ps1" / "data.csv").write_text(SIGN)
    (course / "source" / "ps1" / "more").mkdir()
    (course / "source" / "ps1" / "more" / "x.csv").write_text(SIGN)
    for name in ("ps1.ipynb/x.txt", "data.csv/x.txt", "data.csv/ps1.ipynb/x", "PS1.ipynb"):
        path = course / "submitted" / name.replace("/", "-") / "ps1" / name
        path.parent.mkdir(parents=True)
        path.write_text("{}")
    (course / "submitted" / "empty" / "ps1").mkdir(parents=True)
    (hand_in(course, "kim") / "more").write_text("mine")
    hand_in(course, "ada", "all-right")
    said = nbgrader(course, "autograde", "ps1")
    assert "'data.csv/x.txt' beside the notebook has the name of a file or a folder of" in said
    assert "'more' beside the notebook has the name of a file or a folder of" in said
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        scores = {one.student.id: one.score for one in gradebook.assignment_submissions("ps1")}
    assert len(scores) == 7
    assert {name for name, score in scores.items() if score} == {"ada"}
    assert {path.parts[-3] for path in course.glob("autograded/*/ps1/ps1.ipynb")} == set(scores)
    for path in course.glob("autograded/*/ps1"):
        assert (path / "data.csv").read_text() == (path / "more" / "x.csv").read_text() == SIGN
    graded = course / "autograded" / "empty" / "ps1" / "ps1.ipynb"
    assert "There is no notebook ps1.ipynb to grade." in graded.read_text()


def test_archives_bring_ordinary_files_only(course: Path, tmp_path: Path) -> None:
    archive = course / "downloaded" / "ps1" / "archive"
    archive.mkdir(parents=True)
    for student in ("ada", "eve"):
        shutil.copyfile(NOTEBOOKS / "untouched.ipynb", archive / f"{student}_ps1.ipynb")
    (archive / "lin_ps1.ipynb").symlink_to(course / "source" / "ps1" / "ps1.ipynb")
    os.mkfifo(archive / "pip_ps1.ipynb")
    with (course / "nbgrader_config.py").open("a") as settings:
        settings.write(
            "\nc.FileNameCollectorPlugin.named_regexp = "
            "r'.*/(?P<student_id>\\w+)_(?P<file_id>ps1)[.]ipynb'\n"
        )
    said = nbgrader(course, "zip_collect", "ps1")
    assert "lin_ps1.ipynb" in said
    collected = everything(course / "submitted")
    assert_nothing_of_the_course(collected)
    assert {name for name in collected if name.endswith(".ipynb")} == {
        "ada/ps1/ps1.ipynb",
        "eve/ps1/ps1.ipynb",
    }


def test_formgraders_buttons_copy_no_link_either(course: Path, isolated: None) -> None:
    hostile_folder(hand_in(course, "eve"), course)
    config = Config(load_config(course))
    config.CourseDirectory.root = str(course)
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    for press in (api.autograde, api.generate_feedback):
        result: dict[str, Any] = press("ps1", "eve")
        assert result["success"], result
    assert_nothing_of_the_course(everything(course / "autograded"))
    assert set(everything(course / "feedback")) == {
        f"eve/ps1/{name}" for name in ("ps1.html", *BESIDE)
    }


def test_the_bulk_road_names_what_it_leaves_alone_and_publishes_nothing(
    course: Path, isolated: None
) -> None:
    hostile_folder(hand_in(course, "eve"), course)
    (course / "feedback" / "eve" / "ps1").mkdir(parents=True)
    (course / "feedback" / "eve" / "ps1" / "more.html").symlink_to(course / SECRET_FILE)
    program = Path(sys.executable).with_name("autograder")
    for command in (["grade", "ps1", "--jobs", "1"], ["feedback", "ps1", "--jobs", "1"]):
        done = subprocess.run(
            [program, *command],
            cwd=course,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    notebook = nbformat.read(course / "autograded" / "eve" / "ps1" / "ps1.ipynb", as_version=4)
    assert "'a.html' beside the notebook is a symbolic link" in notebook.cells[0].source
    assert set(everything(course / "feedback")) == {
        f"eve/ps1/{name}" for name in ("ps1.html", *BESIDE)
    }
