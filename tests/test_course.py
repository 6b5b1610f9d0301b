"""A course's folder says where everything is, or in a line what is wrong with it."""

from __future__ import annotations

import datetime
import json
import os
import runpy
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from nbgrader.utils import parse_utc

from autograder.catalogue.catalogue import Catalogue
from autograder.course.course import Course
from autograder.course.folder import (
    INERT_CHECKS,
    MAX_FILE_BYTES,
    SECRET_FILE,
    CourseError,
    Submission,
    assignment_files,
    course_secret,
    digest_of,
    find_submissions,
    require_assignment,
    seed_of,
    submitted_at,
    timestamp_text,
    write_atomically,
)
from autograder.course.handed_in.times import read_moment
from autograder.course.settings import load_config
from softmax_by_hand import EXERCISES

ROOT = Path(__file__).resolve().parents[1]


def refusal(action: Callable[[], object]) -> tuple[str, int]:
    """Return why something was refused, and the exit code."""
    with pytest.raises(CourseError) as error:
        action()
    said = str(error.value)
    assert len(said.splitlines()) == 1
    return said, error.value.code


# --- Submissions ----------------------------------------------------------------------------------


def handed_in(course: Path, *students: str) -> None:
    for student in students:
        (course / "submitted" / student / "ps1").mkdir(parents=True)


def test_submissions_are_found_by_assignment_and_student(tmp_path):
    handed_in(tmp_path, "eve", "bob b", "\u00fcnal", "\u5f35")
    (tmp_path / "submitted" / "eve" / "ps2").mkdir()
    found = find_submissions(tmp_path, ["ps2", "ps1"])
    assert [(one.assignment, one.student) for one in found] == [
        ("ps2", "eve"),
        *(("ps1", name) for name in ("bob b", "eve", "\u00fcnal", "\u5f35")),
    ]
    assert found[1].path_of("ps1") == tmp_path / "submitted" / "bob b" / "ps1" / "ps1.ipynb"
    assert found[1].graded_folder == tmp_path / "autograded" / "bob b" / "ps1"


def test_files_and_hidden_folders_among_the_students_are_passed_over(tmp_path):
    handed_in(tmp_path, "eve", ".ipynb_checkpoints")
    (tmp_path / "submitted" / "list.csv").write_text("eve")
    (tmp_path / "submitted" / "nothing-handed-in").mkdir()
    assert [one.student for one in find_submissions(tmp_path, ["ps1"])] == ["eve"]


def test_a_link_or_a_file_in_place_of_a_submission_is_one_to_be_graded(tmp_path):
    """What is wrong with it is said when it is read; nobody is left out in silence."""
    handed_in(tmp_path, "eve")
    for name in ("linked", "dangling", "file"):
        (tmp_path / "submitted" / name).mkdir()
    (tmp_path / "submitted" / "linked" / "ps1").symlink_to("../eve/ps1")
    (tmp_path / "submitted" / "dangling" / "ps1").symlink_to("nowhere")
    (tmp_path / "submitted" / "file" / "ps1").write_text("print(1)")
    (tmp_path / "submitted" / "whole").symlink_to("eve")
    found = {one.student for one in find_submissions(tmp_path, ["ps1"])}
    assert found == {"eve", "linked", "dangling", "file", "whole"}


def test_where_nothing_is_handed_in_it_is_said_where_was_looked(tmp_path):
    (tmp_path / "release" / "ps1").mkdir(parents=True)
    (tmp_path / "release" / "ps1" / "ps1.ipynb").write_text("{}")
    said, code = refusal(lambda: find_submissions(tmp_path, ["ps1"]))
    assert code == 2
    assert said.startswith(f"no submissions of ps1: looked in {tmp_path / 'submitted'}")
    assert "nbgrader collect ps1" in said
    handed_in(tmp_path, "eve")
    said, code = refusal(lambda: find_submissions(tmp_path, ["ps1"], ["eve", "ada", "bob"]))
    assert (said.split(":")[0], code) == ("no submission of ps1 by ada, bob", 2)
    assert [one.student for one in find_submissions(tmp_path, ["ps1"], ["eve"])] == ["eve"]


@pytest.mark.parametrize("name", ["ps9", "", "..", "../ps1", "ps1/", "/etc", "a\nb", "*"])
def test_an_unknown_assignment_is_named_with_those_that_there_are(tmp_path, name):
    assert refusal(lambda: require_assignment(tmp_path, "ps1"))[0].endswith(
        "`autograder init DIR` begins a course"
    )
    for known in ("ps1", "ps2"):
        (tmp_path / "source" / known).mkdir(parents=True)
        (tmp_path / "source" / known / f"{known}.ipynb").touch()
    require_assignment(tmp_path, "ps1")
    said, code = refusal(lambda: require_assignment(tmp_path, name))
    assert (repr(name) in said, said.endswith("there are ps1, ps2"), code) == (True, True, 2)


@pytest.mark.parametrize("name", ["hw (a)", "Übung", ".hw", "hw 1"])
def test_an_assignment_that_is_there_under_a_name_it_cannot_have_is_not_denied(tmp_path, name):
    (tmp_path / "source" / name).mkdir(parents=True)
    (tmp_path / "source" / name / f"{name}.ipynb").touch()
    said, code = refusal(lambda: require_assignment(tmp_path, name))
    assert code == 2
    assert said.startswith(f"{name!r} cannot be an assignment's name: it may have letters")
    assert f"rename {tmp_path / 'source' / name}" in said


def test_of_two_exercises_with_one_name_an_assignment_has_its_own_in_its_order():
    scores, softmax = EXERCISES["scores"], EXERCISES["softmax"]
    own = replace(softmax, tolerance=0.5)
    exercises = Catalogue({"ps1": (softmax,), "ps2": (scores, own)}).of("ps2")
    assert list(exercises) == ["scores", "softmax"]
    assert exercises["softmax"] is own


# --- What a submission may use --------------------------------------------------------------------


def course_with(tmp_path: Path, settings: str, *sources: str) -> Path:
    (tmp_path / "nbgrader_config.py").write_text(f"c = get_config()\n{settings}\n")
    folder = tmp_path / "release" / "ps1"
    folder.mkdir(parents=True)
    cells = [{"cell_type": "code", "source": source.splitlines(True)} for source in sources]
    (folder / "ps1.ipynb").write_text(json.dumps({"cells": cells}))
    (folder / "figures.py").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [("", None), ('c.Submissions.packages = ["numpy"]', ("keras", "numpy", "pandas"))],
)
def test_a_course_allows_what_it_says_and_what_its_notebook_imports_or_all(
    tmp_path, settings, allowed
):
    course = course_with(
        tmp_path,
        settings,
        "%matplotlib inline\nimport os, figures, pandas as pd\nimport numpy as np",
        "if True:\n    from keras.layers import Dense\n# import torch\nprint('import jax')",
    )
    assert Course(course).allowed_packages("ps1") == allowed


@pytest.mark.parametrize("value", ['"numpy"', "3", "[1]", "True"])
def test_a_setting_of_packages_that_is_no_list_of_names_is_refused(tmp_path, value):
    course = course_with(tmp_path, f"c.Submissions.packages = {value}")
    said, code = refusal(lambda: Course(course).allowed_packages("ps1"))
    assert 'Submissions.packages is a list of names, ["numpy", "matplotlib"]' in said
    assert code == 2


def test_this_course_allows_numpy_and_matplotlib_in_every_set_and_check_knows_it():
    for problem_set in ("ps1", "ps2", "ps3", "ps4", "ps5"):
        allowed = Course(ROOT).allowed_packages(problem_set)
        assert allowed == ("matplotlib", "numpy")
        shipped = runpy.run_path(str(ROOT / "release" / problem_set / "checks.py"))
        assert set(allowed or ()) < shipped["GRADER_HAS"]


# --- What a submission sees -----------------------------------------------------------------------


def test_a_submission_sees_what_lies_beside_the_released_notebook(tmp_path):
    root = tmp_path / "release" / "ps1"
    names = "data/digits.csv checks.py .hidden/x __pycache__/checks.pyc ps1.ipynb"
    for name in names.split():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "dangling.py").symlink_to("nowhere")
    assert assignment_files(tmp_path, "ps1") == {
        "checks.py": INERT_CHECKS.read_bytes(),  # and no property of any exercise
        "data/digits.csv": b"data/digits.csv",
    }


def test_what_is_not_released_or_too_large_is_refused(tmp_path):
    said, code = refusal(lambda: assignment_files(tmp_path, "ps1"))
    assert (said.endswith("run `autograder release ps1`"), code) == (True, 2)
    root = tmp_path / "release" / "ps1"
    root.mkdir(parents=True)
    (root / "ps1.ipynb").touch()
    with open(root / "data.bin", "wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    assert refusal(lambda: assignment_files(tmp_path, "ps1"))[0].endswith("larger than 20 MB")


# --- The secret and the seeds ---------------------------------------------------------------------


def test_the_secret_is_made_once_and_for_its_owner_only(tmp_path):
    mask = os.umask(0)
    try:
        secret = course_secret(tmp_path)
    finally:
        os.umask(mask)
    assert len(secret) == 64
    assert course_secret(tmp_path) == secret
    assert stat.S_IMODE((tmp_path / SECRET_FILE).stat().st_mode) == 0o600


def test_two_programs_that_begin_at_once_have_one_secret(tmp_path, monkeypatch):
    """The other one makes it after this one has looked and before it is done."""
    link = os.link

    def too_late(made: str, path: Path) -> None:
        path.write_bytes(b"5" * 64)
        link(made, path)

    monkeypatch.setattr("autograder.course.folder.os.link", too_late)
    assert course_secret(tmp_path) == b"5" * 64
    assert os.listdir(tmp_path) == [SECRET_FILE]


@pytest.mark.parametrize("content", [b"", b"0" * 31])
def test_a_damaged_secret_is_refused_and_left_as_it_is(tmp_path, content):
    (tmp_path / SECRET_FILE).write_bytes(content)
    said, _ = refusal(lambda: course_secret(tmp_path))
    assert said.startswith(f"{tmp_path / SECRET_FILE} is damaged: restore it from a backup")
    assert "000" not in said
    assert (tmp_path / SECRET_FILE).read_bytes() == content


def test_a_full_disk_leaves_no_half_of_a_secret(tmp_path, monkeypatch):
    def full(descriptor: int, mode: str) -> Any:
        file = MagicMock()
        file.__enter__.return_value.write.side_effect = OSError(28, "No space left on device")
        file.__exit__.side_effect = lambda *_: os.close(descriptor)
        return file

    with monkeypatch.context() as patch:
        patch.setattr("autograder.course.folder.os.fdopen", full)
        said, _ = refusal(lambda: course_secret(tmp_path))
    assert "No space left on device" in said
    assert len(course_secret(tmp_path)) == 64


def test_seeds_differ_by_student_assignment_and_hand_in_and_need_the_secret():
    secret, other = b"1" * 64, b"2" * 64
    one, two = digest_of(b"one"), digest_of(b"two")
    seeds = [
        seed_of(secret, "ps1", "eve", one),
        seed_of(secret, "ps1", "eve", two),
        seed_of(secret, "ps1", "eve", digest_of(b"")),
        seed_of(secret, "ps1", "eve", digest_of(None)),
        seed_of(secret, "ps1", "ann", one),
        seed_of(secret, "ps2", "eve", one),
        seed_of(other, "ps1", "eve", one),
        # As one text these would be the same.
        seed_of(secret, "ps", "1eve", one),
        seed_of(secret, 'ps1", "e', "ve", one),
        seed_of(secret, "ps1", f"eve{one}", ""),
        seed_of(secret, "ps1", "\udcffeve", one),
    ]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**128 for seed in seeds)
    assert seeds[0] == seed_of(secret, "ps1", "eve", digest_of(b"one"))


# --- Settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("c = get_config(\n", "line 1: '(' was never closed"),
        ("c = get_config()\nc.x = 1 / 0\n", "line 2: ZeroDivisionError: division by zero"),
        ("import sys\n\nsys.exit('no')\n", "line 3: SystemExit: no"),
        ("raise ValueError('one\\ntwo')\n", "line 1: ValueError: one"),
        ("import nowhere_to_be_found\n", "line 1: ModuleNotFoundError: No module named"),
        ("x = '\0'\n", "null bytes"),
        ("x = '\udcff'\n", "utf-8"),
    ],
)
def test_broken_settings_are_refused_with_the_line(tmp_path, text, said):
    path = tmp_path / "nbgrader_config.py"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    message, code = refusal(lambda: load_config(tmp_path))
    assert message.startswith(str(path))
    assert said in message
    assert (message.endswith("; mend it first"), code) == (True, 2)


def test_the_gradebook_is_that_of_the_settings_else_the_courses_own(tmp_path, monkeypatch):
    assert load_config(tmp_path) == {}
    assert Course(tmp_path).gradebook_url == f"sqlite:///{tmp_path.resolve() / 'gradebook.db'}"
    monkeypatch.setenv("GRADEBOOK_URL", "postgresql://one")
    assert Course(tmp_path).gradebook_url == "postgresql://one"
    (tmp_path / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.db_url = 'sqlite:////other.db'\n"
    )
    assert Course(tmp_path).gradebook_url == "sqlite:////other.db"


# --- Writing --------------------------------------------------------------------------------------


def test_a_file_is_written_whole_and_readable_by_all(tmp_path):
    path = tmp_path / "ps1.ipynb"
    write_atomically(path, "one\n")
    write_atomically(path, "two \u00fc\n")
    assert path.read_bytes() == b"two \xc3\xbc\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [item.name for item in tmp_path.iterdir()] == ["ps1.ipynb"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_what_was_there_and_nothing_else(tmp_path, monkeypatch, step):
    path = tmp_path / "ps1.ipynb"
    path.write_text("before")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"autograder.course.folder.os.{step}", fail)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, "after")
    assert path.read_text() == "before"
    assert [item.name for item in tmp_path.iterdir()] == ["ps1.ipynb"]


# --- When it was handed in ------------------------------------------------------------------------


def stamped(course: Path, content: bytes | None) -> Submission:
    submission = Submission(course, "ps1", "eve")
    submission.folder.mkdir(parents=True)
    if content is not None:
        (submission.folder / "timestamp.txt").write_bytes(content)
    return submission


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-10-05 14:03:21.000000 UTC", datetime.datetime(2026, 10, 5, 14, 3, 21)),
        ("2026-10-05 14:03:21 +0200\n", datetime.datetime(2026, 10, 5, 12, 3, 21)),
        ("2026-10-05 14:03:21", datetime.datetime(2026, 10, 5, 14, 3, 21)),
        ("2026-10-05T14:03:21Z", datetime.datetime(2026, 10, 5, 14, 3, 21)),
        ("2026-10-05 14:03:21 Europe/Berlin", datetime.datetime(2026, 10, 5, 12, 3, 21)),
        ("2026-10-25 02:30:00.5 Europe/Berlin", datetime.datetime(2026, 10, 25, 0, 30, 0, 500000)),
        ("2026-10-05 14:03 Etc/GMT-2", datetime.datetime(2026, 10, 5, 12, 3)),
        ("2026-10-05 14:03:21 EST", datetime.datetime(2026, 10, 5, 19, 3, 21)),
        ("Mon, 05 Oct 2026 14:03:21 +0200", datetime.datetime(2026, 10, 5, 12, 3, 21)),
        ("October 5, 2026 2:03 PM", datetime.datetime(2026, 10, 5, 14, 3)),
        ("\ufeff2026-10-05 14:03:21 UTC\r\n", datetime.datetime(2026, 10, 5, 14, 3, 21)),
    ],
)
def test_the_time_of_handing_in_is_read_as_utc(tmp_path, text, moment):
    assert submitted_at(stamped(tmp_path, text.encode())).at == moment


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"), (b"\xff", "is no text"), (b"yesterday", "'yesterday', which is no time"),
        (b"14:03", "'14:03', which is no time"), (b"10", "'10', which is no time"),
        (b"2026-10-05 14:03:21 /etc/localtime", "which is no time"),
        (b"2026-10-05 14:03:21 Europe/Nowhere", "which is no time"),
        (b"2026-10-05 14:03:21 XYZT", "the zone 'XYZT', which is unknown: read as UTC"),
        (b"1" * 5000, "which is no time"),
    ],
)  # fmt: skip
def test_a_time_that_cannot_be_read_is_said(tmp_path, content, says):
    moment = submitted_at(stamped(tmp_path, content))
    assert says in str(moment.trouble)
    assert (moment.at is not None) == ("XYZT" in says)


def test_nbgrader_reads_the_same_time_wherever_it_reads_the_right_one():
    for text in ("2026-10-05 14:03:21 UTC", "2026-10-05 14:03:21.5 Europe/Berlin", "2026-10-05"):
        assert read_moment(text.encode()).at == parse_utc(text)


NO_TIMES = {
    "none": None, "empty": b"", "words": b"yesterday", "bytes": b"\xff\xfe", "null": b"\0",
    "too late": b"9999-12-31 23:59 -2300", "long": b"1" * 5000, "signs": b"(((",
}  # fmt: skip


@pytest.mark.parametrize("what", NO_TIMES)
def test_what_is_no_time_is_none_and_no_time_zone_is_worth_a_warning(tmp_path, recwarn, what):
    submission = stamped(tmp_path, NO_TIMES[what])
    assert submitted_at(submission).at is None
    (submission.folder / "timestamp.txt").write_bytes(b"2026-10-05 14:03:21 XYZ")
    submitted_at(submission)
    assert list(recwarn) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of Unix")
def test_no_time_is_read_through_a_link_or_from_a_pipe(tmp_path):
    """A pipe would be waited for, and a link leads anywhere."""
    submission = stamped(tmp_path, None)
    path = submission.folder / "timestamp.txt"
    (tmp_path / "elsewhere").write_text("2026-10-05 14:03:21")
    for put in (lambda: path.symlink_to(tmp_path / "elsewhere"), lambda: os.mkfifo(path)):
        put()
        assert timestamp_text(submission) is None
        path.unlink()


def test_a_courses_settings_are_read_without_the_sandbox_the_judge_and_nbgrader():
    program = (
        "import sys; from pathlib import Path; from autograder.course.settings import load_config\n"
        f"assert load_config(Path({str(ROOT)!r})).Autograde.exporter_class\n"
        "names = ('autograder.sandbox', 'autograder.judging.judge', 'nbgrader', 'sqlalchemy')\n"
        "print([name for name in names if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n"
