"""What lies beside a notebook: on no road is a link followed, or anything of it published."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import classes
import pytest
from isolation import need_isolation
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import notebook_hash
from nbgrading import settings
from running import PROGRAMS, done, ended, start

from autograder.base.limits import HAND_IN, LIMITS, ArchiveLimits
from autograder.course.assignment import Assignment
from autograder.course.folder import SECRET_FILE, Submission, secret_text, timestamp_text
from autograder.course.handed_in import archives, files, hard_links
from autograder.course.handed_in.archives import UnsoundArchive, unpack
from autograder.course.handed_in.files import HandIn, copy, is_real_folder, sentences_about, survey
from autograder.grading.jobs import Job, write_so_far
from autograder.grading.standing import make_jobs
from autograder.nbgrader_plugin.copying import Collect

UNTOUCHED = classes.NOTEBOOKS / "untouched.ipynb"
SIGN = "the course's own"
COURSE_ID = "softmax-by-hand"
PS1 = "source/ps1/ps1.ipynb"
IS_A_LINK = "'a.html' beside the notebook is a symbolic link"
NOTHING = "there is no notebook of ps1: "
BESIDE = ("timestamp.txt", "submission_secret.txt")
HARMLESS = ("more.html", "picture.svg", "data.csv")


def hostile_folder(folder: Path, course: Path) -> None:
    """Put beside a notebook what is to reach neither feedback nor graded work."""
    (folder / "deep").mkdir()
    for name, target in LINKS.items():
        (folder / name).symlink_to(course / target if target.startswith("./") else target)
    os.link(course / SECRET_FILE, folder / "hard.txt")
    os.mkfifo(folder / "pipe")
    os.mknod(folder / "socket", stat.S_IFSOCK | 0o600)
    (folder / "more.html").write_text("<script>alert(1)</script>")
    (folder / "picture.svg").write_text("<svg onload='alert(1)'/>")
    (folder / "data.csv").write_text("1,2\n")


LINKS = {
    "a.html": f"./{SECRET_FILE}", "b.txt": f"../../../{PS1}", "chain": "b.txt", "loop": "loop",
    "dangling": "nowhere", "zero": "/dev/zero", "folder": "./source",
    "deep/c.html": f"./{SECRET_FILE}",
}  # fmt: skip
LEFT_OUT = {*LINKS, "hard.txt", "pipe", "socket"}


@pytest.fixture
def course(released: Path, tmp_path: Path) -> Path:
    course = classes.copied(released, tmp_path / "course")
    (course / SECRET_FILE).write_text(SIGN * 10)
    assert (course / PS1).read_text()
    return course


def hand_in(course: Path, student: str, work: str = "untouched") -> Path:
    return classes.hand_in(course, student, work, collected=True).parent


def steal(course: Path, folder: Path, target: str) -> None:
    """Put a hard link to a file of the course in the place of a notebook."""
    (folder / "ps1.ipynb").unlink(missing_ok=True)
    os.link(course / target, folder / "ps1.ipynb")


def open_exchange(folder: Path) -> tuple[Path, str]:
    """Make an exchange; return where this course's part of it is, and the option that names it."""
    (folder / "exchange").mkdir()
    (folder / "exchange").chmod(0o777)
    return folder / "exchange" / COURSE_ID, f"--Exchange.root={folder / 'exchange'}"


def nbgrader(course: Path, *arguments: str, expected: int = 0) -> str:
    """Run nbgrader as an instructor does; return what it said."""
    code, output, said = ended(start(PROGRAMS / "nbgrader", *arguments, cwd=course))
    assert code == expected, said
    return output + said


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


def assert_only_the_page_of(student: str, feedback: dict[str, bytes]) -> None:
    found = {name for name in feedback if name.startswith(student)}
    assert found == {f"{student}/ps1/{name}" for name in ("ps1.html", *BESIDE)}


# --- A folder -------------------------------------------------------------------------------------


def test_what_is_no_ordinary_file_is_left_out_with_its_reason(course):
    folder = hand_in(course, "eve")
    hostile_folder(folder, course)
    found = survey(folder)
    assert set(found.left_out) == LEFT_OUT
    assert set(found.files) == {"ps1.ipynb", *BESIDE, *HARMLESS}
    said = sentences_about(folder, course / "submitted")
    assert said[0] == f"{IS_A_LINK} and was left out: hand in the file itself."
    assert said[-1] == "So were 6 more beside it."


# --- Hard links -----------------------------------------------------------------------------------


def grade_data(course: Path, student: str) -> tuple[bytes | None, tuple[str, ...]]:
    """Return what of a hand-in would be graded, and what is said beside it, or why not."""
    assignment = Assignment("ps1", (), {})
    submission = Submission(course, "ps1", student)
    job = make_jobs(submission, [assignment], b"s", "bwrap", LIMITS)["ps1"]
    return job.data, (job.unreadable,) if job.unreadable else job.beside


@pytest.mark.parametrize(
    "mine", [PS1, "release/ps1/ps1.ipynb", SECRET_FILE, "submitted/ada/ps1/ps1.ipynb"]
)
def test_a_notebook_that_is_a_hard_link_to_a_file_of_the_course_is_not_read(course, mine):
    ada = hand_in(course, "ada") / "ps1.ipynb"
    steal(course, hand_in(course, "eve"), mine)
    assert grade_data(course, "eve") == (
        None,
        (f"{NOTHING}'ps1.ipynb' is a hard link and was left out: hand in a copy of the file",),
    )
    # The owner of the linked file loses nothing.
    assert grade_data(course, "ada") == (ada.read_bytes(), ())


def test_small_files_that_are_hard_links_are_nobodys(course):
    hand_in(course, "ada")
    folder = hand_in(course, "eve")
    targets = (SECRET_FILE, "submitted/ada/ps1/submission_secret.txt")
    for name, target in zip(BESIDE, targets, strict=True):
        (folder / name).unlink()
        os.link(course / target, folder / name)
    eve, ada = (Submission(course, "ps1", student) for student in ("eve", "ada"))
    assert (timestamp_text(eve), secret_text(eve)) == (None, None)
    assert (timestamp_text(ada), secret_text(ada)) == (classes.TIME, "secret of ada")
    said = [one.split(" and ")[0] for one in grade_data(course, "eve")[1]]
    assert said == [f"'{name}' beside the notebook is a hard link" for name in sorted(BESIDE)]


def test_a_class_that_was_copied_with_hard_links_is_read_as_it_is(course, tmp_path):
    for student in ("ada", "eve"):
        (hand_in(course, student) / "data.csv").write_text("1,2")
    shutil.move(course / "submitted", tmp_path / "elsewhere")
    shutil.copytree(tmp_path / "elsewhere", course / "submitted", copy_function=os.link)
    for student in ("ada", "eve"):
        submission = Submission(course, "ps1", student)
        assert submission.path_of("ps1").stat().st_nlink == 2
        assert grade_data(course, student) == (submission.path_of("ps1").read_bytes(), ())
        assert secret_text(submission) == f"secret of {student}"


def test_nothing_is_looked_through_where_no_file_has_two_names(course, monkeypatch):
    hand_in(course, "ada")
    monkeypatch.setattr(hard_links, "_linked_files", lambda *_: pytest.fail("looked through"))
    assert grade_data(course, "ada")[0] is not None


def test_a_class_with_hard_links_is_looked_through_once(course, tmp_path, monkeypatch):
    for number in range(20):
        hand_in(course, f"s{number}")
    shutil.copytree(course / "submitted", tmp_path / "copy", copy_function=os.link)
    looked = []
    linked_files = hard_links._linked_files

    def look(*given: Any) -> Any:
        looked.append(given)
        return linked_files(*given)

    monkeypatch.setattr(hard_links, "_linked_files", look)
    monkeypatch.setattr(hard_links, "MARGIN", -3600 * 10**9)  # as if it had been done long ago
    monkeypatch.setattr(hard_links, "_looked_at", {})
    assert all(grade_data(course, f"s{number}")[0] for number in range(20))
    assert len(looked) == 1


def test_what_came_by_the_exchange_and_is_of_another_user_is_not_taken(course, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to another user")
    folder = tmp_path / "inbound" / "eve+ps1+2026-10-05 14:03:21 UTC+x"
    folder.mkdir(parents=True)
    for name, owner in (("anothers", 12345), ("own", os.geteuid())):
        (tmp_path / name).write_text("x")
        os.chown(tmp_path / name, owner, -1)
        os.link(tmp_path / name, folder / name)
    collect = Collect(coursedir=CourseDirectory(root=str(course)))
    collect.do_copy(str(folder), str(course / "submitted" / "eve" / "ps1"))
    assert set(everything(course / "submitted" / "eve" / "ps1")) == {"own", files.NOTE}


# --- The note of what was left out ----------------------------------------------------------------


def test_what_was_left_out_at_collection_is_told_when_it_is_graded(course):
    folder = hand_in(course, "eve")
    found = survey(folder)
    found.left_out = {"a.html": files.SYMBOLIC_LINK, "ps1.ipynb": files.HARD_LINK}
    files.write_note(folder, found)
    assert grade_data(course, "eve")[1] == (
        f"{IS_A_LINK} and was left out: hand in the file itself.",
        "'ps1.ipynb' is a hard link and was left out: hand in a copy of the file.",
    )
    files.write_note(folder, survey(folder, files.PASSED_OVER))
    assert not (folder / files.NOTE).exists()


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ('{"left_out": [["a", "earns 100 points"]], "more": 0}', ()),
        ('{"left_out": [["a", ["b"]]], "more": 0}', ()), ('{"left_out": 1, "more": 0}', ()),
        ('{"more": 1e999}', ()), ("[" * 9_000, ()), ("9" * 9_000, ()),
        ('{"left_out": [], "more": 10000000}', ("So were 1000 more beside it.",)),
        (
            json.dumps({"left_out": [["<b>\n" * 40, files.NO_FILE]] * 9, "more": 0}),
            (f"'{('?b??' * 500)[:80]}' beside the notebook is no ordinary file and was left out.",),
        ),
        ("x" * 20_000, ()), ('{"left_out": [["\\ud800", 1]], "more": "x"}', ()),
    ],
)  # fmt: skip
def test_a_note_that_a_student_wrote_says_nothing_else(course, note, said):
    (hand_in(course, "eve") / files.NOTE).write_text(note)
    assert grade_data(course, "eve")[1] == said


def test_a_hand_in_has_so_many_files_so_large_and_so_deep(tmp_path):
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


def test_a_million_entries_are_not_all_looked_at(tmp_path, monkeypatch):
    for number in range(HAND_IN.entries + 100):
        (tmp_path / f"{number}").symlink_to("x")
    found = survey(tmp_path)
    assert found.looked_at == HAND_IN.entries
    assert found.left_out.pop("...") == "was not looked at: more than 1000 files and folders"
    assert len(found.left_out) == HAND_IN.entries


def test_nor_are_a_million_empty_folders(tmp_path):
    for number in range(HAND_IN.entries + 100):
        (tmp_path / f"{number % 30:02}" / f"{number}" / "empty").mkdir(parents=True)
    found = survey(tmp_path)
    assert found.looked_at == HAND_IN.entries
    assert found.sentences[0].endswith("more than 1000 files and folders.")


def test_a_file_that_becomes_a_link_while_it_is_copied_is_not_followed(tmp_path):
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


def test_a_folder_is_real_where_no_part_of_it_is_a_link(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "a" / "link").symlink_to("b")
    assert is_real_folder(tmp_path / "a" / "b", tmp_path)
    for path in ("link", "link/b", "a/link", "a/../a", "nowhere"):
        assert not is_real_folder(tmp_path / path, tmp_path), path


def test_a_name_cannot_break_out_of_a_sentence():
    assert files.shown_name("a\n**b**<script>\u202e.txt") == "'a???b???script??.txt'"


# --- nbgrader's roads -----------------------------------------------------------------------------


@pytest.fixture
def isolated() -> None:
    need_isolation()


def test_from_grading_to_release_nothing_that_a_link_names_is_copied(course, tmp_path, isolated):
    hostile_folder(hand_in(course, "eve"), course)
    hand_in(course, "ada")
    note = HandIn(left_out={"k.html": files.SYMBOLIC_LINK})
    files.write_note(hand_in(course, "kim"), note)
    steal(course, hand_in(course, "mel"), PS1)
    (course / "submitted" / "lin").mkdir()
    (course / "submitted" / "lin" / "ps1").symlink_to(course / "source" / "ps1")
    for student, target in (("tim", course / SECRET_FILE), ("zoe", Path("/dev/zero"))):
        folder = hand_in(course, student)
        for name in BESIDE:
            (folder / name).unlink()
            (folder / name).symlink_to(target)

    said = nbgrader(course, "autograde", "ps1", expected=1)
    assert IS_A_LINK in said
    assert f"mel/ps1 was not graded: {NOTHING}'ps1.ipynb' is a hard link" in said
    assert "lin/ps1 was not graded: the folder of ps1 is a symbolic link" in said
    graded = everything(course / "autograded")
    assert_nothing_of_the_course(graded)
    students = {name.split("/")[0] for name in graded if "/" in name}
    assert students == {"eve", "ada", "kim", "tim", "zoe"}
    graded_by_us = ("checks.py", "verdicts.json")
    assert {name for name in graded if name.startswith("eve/") and not name.endswith(".ipynb")} == {
        f"eve/ps1/{name}" for name in (*graded_by_us, *HARMLESS, *BESIDE)
    }
    assert IS_A_LINK in classes.graded_notebook(course, "eve").cells[0].source
    assert "beside" not in graded["ada/ps1/ps1.ipynb"].decode()
    assert IS_A_LINK.replace("a.", "k.") in graded["kim/ps1/ps1.ipynb"].decode()
    assert f"kim/ps1/{files.NOTE}" not in graded

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
        assert_only_the_page_of(student, feedback)

    (course / "feedback" / "ada" / "ps1" / "more.html").symlink_to(course / SECRET_FILE)
    exchange, option = open_exchange(tmp_path)
    said = nbgrader(course, "release_feedback", "ps1", option, expected=1)
    assert "Not released: tim's ps1" in said  # it has no secret by which it is found
    released = everything(exchange / "feedback")
    assert_nothing_of_the_course(released)
    assert {"eve", "ada", "kim"} == {
        student
        for student in ("eve", "ada", "kim", "mel", "tim", "zoe", "lin")
        if f"{notebook_hash(secret=f'secret of {student}', notebook_id='ps1')}.html" in released
    }
    assert len(released) == 3


def test_a_page_that_is_a_link_is_not_released(course, tmp_path):
    folder = course / "feedback" / "eve" / "ps1"
    folder.mkdir(parents=True)
    (folder / "submission_secret.txt").write_text("s")
    (folder / "timestamp.txt").write_text(classes.TIME)
    (folder / "ps1.html").symlink_to(course / SECRET_FILE)
    (folder / "more.html").write_text("<script>alert(1)</script>")
    exchange, option = open_exchange(tmp_path)
    said = nbgrader(course, "release_feedback", "ps1", option, expected=1)
    assert "ps1.html is a symbolic link" in said
    assert everything(exchange / "feedback") == {}


def test_collecting_follows_no_link_and_takes_the_honest_work(course, tmp_path):
    exchange, option = open_exchange(tmp_path)
    inbound = exchange / "inbound"
    inbound.mkdir(parents=True)
    folders = {}
    for student in ("ada", "eve"):
        folders[student] = inbound / f"{student}+ps1+{classes.TIME}+x"
        hand_in(course, student)
        shutil.move(course / "submitted" / student / "ps1", folders[student])
        shutil.rmtree(course / "submitted")
    hostile_folder(folders["eve"], course)
    (folders["eve"] / files.NOTE).write_text('{"left_out": [], "more": 999}')
    thief = inbound / "mel+ps1+2026-10-05 14:03:22 UTC+x"
    thief.mkdir()
    steal(folders["ada"], thief, "ps1.ipynb")
    # A link instead of a hand-in; and one that is newer than an honest student's own.
    (inbound / f"lin+ps1+{classes.TIME}+x").symlink_to(course / "source" / "ps1")
    (inbound / "ada+ps1+2026-10-06 14:03:21 UTC+x").symlink_to(course / "source" / "ps1")
    (inbound / "..+ps1+2026-10-06 14:03:21 UTC+x").mkdir()
    said = nbgrader(course, "collect", "ps1", option)
    assert f"lin+ps1+{classes.TIME}+x is no folder that was handed in" in said
    assert "'zero' beside the notebook is a symbolic link" in said or "more beside it" in said
    collected = everything(course / "submitted")
    assert_nothing_of_the_course(collected)
    assert {name for name in collected if name.startswith("ada")} == {
        f"ada/ps1/{name}" for name in ("ps1.ipynb", *BESIDE)
    }
    assert {name.split("/")[-1] for name in collected if name.startswith("eve")} == {
        *("ps1.ipynb", *HARMLESS, files.NOTE, *BESIDE)
    }
    assert {name.split("/")[0] for name in collected} == {"ada", "eve", "mel"}
    # The student is told when the work is graded, whatever is in the note that they wrote.
    said = grade_data(course, "eve")[1]
    assert IS_A_LINK in said[0]
    assert said[-1] == "So were 6 more beside it."
    lost = "'ps1.ipynb' is a hard link and was left out: hand in a copy of the file"
    assert grade_data(course, "mel") == (None, (f"{NOTHING}{lost}",))
    # A time that cannot be read stops nothing.
    (course / "submitted" / "eve" / "ps1" / "timestamp.txt").write_text("no time")
    (folders["ada"] / "new.txt").write_text("new")
    os.rename(folders["ada"], inbound / "ada+ps1+2026-10-07 14:03:21 UTC+x")
    nbgrader(course, "collect", "ps1", "--update", option)
    assert (course / "submitted" / "ada" / "ps1" / "new.txt").is_file()


def test_a_folder_in_the_place_of_a_file_and_no_notebook_at_all_cost_nobody_else_anything(
    course, isolated
):
    """Each of these used to end nbgrader with an error."""
    (course / "source" / "ps1" / "data.csv").write_text(SIGN)
    (course / "source" / "ps1" / "more").mkdir()
    (course / "source" / "ps1" / "more" / "x.csv").write_text(SIGN)
    for name in ("ps1.ipynb/x.txt", "data.csv/x.txt", "data.csv/ps1.ipynb/x", "PS1.ipynb"):
        path = course / "submitted" / name.replace("/", "-") / "ps1" / name
        path.parent.mkdir(parents=True)
        path.write_text("{}")
        shutil.copyfile(UNTOUCHED, course / "submitted" / name.replace("/", "-") / "ps1" / "mine")
    (course / "submitted" / "empty" / "ps1").mkdir(parents=True)
    (hand_in(course, "kim") / "more").write_text("mine")
    hand_in(course, "ada", "all-right")
    said = nbgrader(course, "autograde", "ps1", expected=1)
    assert f"empty/ps1 was not graded: {NOTHING}its folder is empty" in said
    assert "Traceback" not in said
    assert "'data.csv/x.txt' beside the notebook has the name of a file or a folder of" in said
    assert "'more' beside the notebook has the name of a file or a folder of" in said
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        scores = {one.student.id: one.score for one in gradebook.assignment_submissions("ps1")}
    assert len(scores) == 6
    assert {name for name, score in scores.items() if score} == {"ada"}
    assert {path.parts[-3] for path in course.glob("autograded/*/ps1/ps1.ipynb")} == set(scores)
    for path in course.glob("autograded/*/ps1"):
        assert (path / "data.csv").read_text() == (path / "more" / "x.csv").read_text() == SIGN


@pytest.fixture
def archive(course: Path) -> Path:
    """The folder into which an instructor puts what a learning management system gave."""
    with (course / "nbgrader_config.py").open("a") as config:
        config.write(
            "\nc.ExtractorPlugin.zip_ext = ['.zip', '.gz', '.bz2', '.xz', '.tgz', '.tar']"
            "\nc.FileNameCollectorPlugin.named_regexp = "
            "r'.*/(?P<student_id>\\w+)_(?P<file_id>ps1)[.]ipynb'\n"
        )
    folder = course / "downloaded" / "ps1" / "archive"
    folder.mkdir(parents=True)
    return folder


def collected_by_zip(course: Path) -> tuple[set[str], str]:
    """Collect what is in `archive`; return which notebooks came, and what was said."""
    said = nbgrader(course, "zip_collect", "ps1")
    collected = everything(course / "submitted")
    assert_nothing_of_the_course(collected)
    return {name.split("/")[0] for name in collected if name.endswith("/ps1.ipynb")}, said


def test_archives_bring_ordinary_files_only(course, archive):
    for student in ("ada", "eve"):
        shutil.copyfile(UNTOUCHED, archive / f"{student}_ps1.ipynb")
    (archive / "lin_ps1.ipynb").symlink_to(course / PS1)
    os.link(course / PS1, archive / "mel_ps1.ipynb")
    os.mkfifo(archive / "pip_ps1.ipynb")
    (archive / "all").symlink_to(course / "source")
    students, said = collected_by_zip(course)
    assert students == {"ada", "eve"}
    for line in (
        *("'lin_ps1.ipynb' is a symbolic link", "'mel_ps1.ipynb' is a hard link"),
        *("'pip_ps1.ipynb' is no ordinary file", "'all' is a symbolic link"),
    ):
        assert line in said
    lost = "'lin_ps1.ipynb' is a symbolic link and was left out: hand in the file itself"
    assert grade_data(course, "lin") == (None, (f"{NOTHING}{lost}",))


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return packed.getvalue()


def test_an_archive_of_a_class_comes_whole(course, archive):
    works = {f"s{n}_ps1.ipynb": UNTOUCHED.read_bytes() for n in range(130)}
    inner = [f"s{n}_ps1.ipynb" for n in range(120, 130)]
    inside = {f"{name[:4]}.zip": zipped({name: works.pop(name)}) for name in inner}
    (archive / "class.zip").write_bytes(zipped(works | inside))
    students, said = collected_by_zip(course)
    assert students == {f"s{number}" for number in range(130)}
    assert "left out" not in said


def tar_of(path: Path, mode: str, *members: tuple[str, bytes | str]) -> None:
    """Write an archive of files, and of links where text says where to."""
    with tarfile.open(path, mode) as made:  # type: ignore[call-overload]
        for name, content in members:
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                made.addfile(member)
            else:
                member.size = len(content)
                made.addfile(member, io.BytesIO(content))


def test_what_is_no_sound_archive_is_named_and_stops_nobody(course, archive):
    notebook = UNTOUCHED.read_bytes()
    shutil.copyfile(UNTOUCHED, archive / "ada_ps1.ipynb")
    (archive / "bob_ps1.zip").write_bytes(b"PK\x03\x04 nothing")
    (archive / "cyd_ps1.tar.gz").write_bytes(gzip.compress(b"no archive"))
    (archive / "dan_ps1.tar.gz").write_bytes(b"\x1f\x8b broken")
    link = ("fay_ps1.ipynb", f"../../../../{PS1}")
    tar_of(archive / "eve.tar.gz", "w:gz", link, ("eve_ps1.ipynb", notebook))
    tar_of(archive / "kit_ps1.tar.gz", "w:gz", ("../../../escaped_ps1.ipynb", notebook))
    for mode, name in (("w:bz2", "gus.tar.bz2"), ("w:xz", "hal.tar.xz"), ("w:gz", "ida.tgz")):
        tar_of(archive / name, mode, (f"{name[:3]}_ps1.ipynb", notebook))
    tar_of(archive / "jim.tar", "w", ("jim_ps1.ipynb", notebook))
    students, said = collected_by_zip(course)
    assert students == {"ada", "eve", "gus", "hal", "ida", "jim"}
    for name in ("bob_ps1.zip", "cyd_ps1.tar.gz", "dan_ps1.tar.gz", "kit_ps1.tar.gz"):
        assert said.count(f"'{name}' was left out: ") == 1
    assert not list(course.rglob("escaped*"))
    assert f"{NOTHING}'bob_ps1.zip' cannot be unpacked" in grade_data(course, "bob")[1][0]


@pytest.mark.parametrize("name", ["b.zip", "b.tar", "b.tar.gz", "b.tgz", "b.tar.bz2", "b.tar.xz"])
def test_an_archive_of_every_kind_unpacks_to_so_much(tmp_path, monkeypatch, name):
    path, members = tmp_path / name, {"small": b"1", "large": bytes(3 << 20)}
    if name.endswith(".zip"):
        path.write_bytes(zipped(members))
    else:
        mode = {"bz2": "w:bz2", ".xz": "w:xz", "tar": "w"}.get(name[-3:], "w:gz")
        tar_of(path, mode, *members.items())
    unpack(path, tmp_path / "whole", ())
    assert set(everything(tmp_path / "whole")) == {"small", "large"}
    monkeypatch.setattr(archives, "ARCHIVE", ArchiveLimits(total_bytes=2 << 20))
    with pytest.raises(UnsoundArchive, match="too much"):
        unpack(path, tmp_path / "unpacked", ())
    assert not (tmp_path / "unpacked").exists()


def test_archives_in_archives_are_bounded_together_and_the_rest_stands(course, archive):
    bomb = zipped({"bob.bin": bytes(HAND_IN.total_bytes + 1)})
    members = {"ada_ps1.ipynb": UNTOUCHED.read_bytes(), "bob_ps1.zip": bomb}
    (archive / "class.zip").write_bytes(zipped(members))
    students, said = collected_by_zip(course)
    assert students == {"ada"}
    assert said.count("'class/bob_ps1.zip' was not unpacked: it holds too much") == 1
    assert grade_data(course, "bob")[1][0] == (
        f"{NOTHING}'bob_ps1.zip' cannot be unpacked within limits and was left out"
    )


def test_formgraders_buttons_copy_no_link_either(course, isolated):
    hostile_folder(hand_in(course, "eve"), course)
    config = settings(course)
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    for press in (api.autograde, api.generate_feedback):
        result: dict[str, Any] = press("ps1", "eve")
        assert result["success"], result
    assert_nothing_of_the_course(everything(course / "autograded"))
    assert_only_the_page_of("eve", everything(course / "feedback"))


def test_the_bulk_road_names_what_it_leaves_alone_and_publishes_nothing(course, isolated):
    hostile_folder(hand_in(course, "eve"), course)
    (course / "feedback" / "eve" / "ps1").mkdir(parents=True)
    (course / "feedback" / "eve" / "ps1" / "more.html").symlink_to(course / SECRET_FILE)
    for command in ("grade", "feedback"):
        done(start(PROGRAMS / "autograder", command, "ps1", "--jobs", "1", cwd=course))
    assert IS_A_LINK in classes.graded_notebook(course, "eve").cells[0].source
    assert_only_the_page_of("eve", everything(course / "feedback"))


def test_work_whose_grading_was_ended_tells_what_lay_beside_it_too():
    assignment, said = Assignment("ps1", (), {}), f"{IS_A_LINK}."
    job = Job("eve", assignment, UNTOUCHED.read_bytes(), None, 0, "none", LIMITS, (said,))
    assert said in write_so_far(job, "it took too long", []).remarks
