"""A course of one's own: some exercises of several sets, other points, another name."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from classes import ROOT
from commanding import run as said
from isolation import need_isolation
from running import PROGRAMS

from autograder.catalogue.model import Exercise
from autograder.cli import doctor
from autograder.cli.begin import begin, told_apart
from autograder.course.folder import CourseError
from softmax_by_hand import CATALOGUE

# The exercises of hw1, with what they are worth there; in the catalogue 8, 6, 8 and 3.
WORTH = {"softmax": 10.0, "cce": 3.0, "loss_gradient": 5.0, "l2_gradient": 0.0}
CHAINED = """
def loss_gradient(W, x, y):
    a = softmax(scores(W, x))
    return chain_rule(scores_gradient_W(x, len(W)), softmax_jacobian(a), cce_gradient(y, a))
"""
IMPORTS = "import numpy as np\nfrom checks import check"
SCORES = "def scores(W, Xb):\n    return W @ Xb"
WITHOUT_A_MAXIMUM = """
def softmax(z):
    return np.exp(z) / np.exp(z).sum(axis=0)
"""


def cells_of(course: Path, name: str) -> list[nbformat.NotebookNode]:
    """Return an exercise's cells, from whatever source has them."""
    for path in sorted(course.glob("source/ps*/*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        owned = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in cells}
        if name in owned:
            return [owned[name], owned[f"grade_{name}"]]
    raise LookupError(name)


def write_hw1(course: Path, worth: dict[str, float]) -> None:
    """Write a source: what is imported, and the exercises."""
    given = nbformat.v4.new_code_cell(IMPORTS, id="given")
    given.metadata["nbgrader"] = {
        "grade": False,
        "grade_id": "given",
        "locked": True,
        "schema_version": 3,
        "solution": False,
        "task": False,
    }
    cells = [given]
    for name, points in worth.items():
        stub, check = cells_of(course, name)
        check.metadata.nbgrader["points"] = points
        cells += [stub, check]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    (course / "source" / "hw1").mkdir(exist_ok=True)
    nbformat.write(notebook, course / "source" / "hw1" / "hw1.ipynb")


def hand_in(course: Path, student: str, answers: dict[str, str]) -> None:
    notebook = nbformat.read(course / "release" / "hw1" / "hw1.ipynb", as_version=4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell["source"] = answers.get(name, cell["source"])
    folder = course / "submitted" / student / "hw1"
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / "hw1.ipynb")


def run(course: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [f"{PROGRAMS}/autograder", *arguments, "--course", str(course)],
        capture_output=True,
        text=True,
    )


def verdicts(course: Path, student: str) -> dict[str, dict[str, Any]]:
    path = course / "autograded" / student / "hw1" / "verdicts.json"
    return {one["exercise"]: one for one in json.loads(path.read_text())["verdicts"]}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose hw1 has four exercises of three sets, released and graded."""
    need_isolation()
    course = tmp_path_factory.mktemp("own") / "course"
    begin(course, ["ps1", "ps2", "ps4"])
    write_hw1(course, WORTH)
    done = run(course, "release", "hw1")
    assert done.returncode == 0, done.stderr
    assert "hw1: 18 points by the grader and 0 by hand" in done.stdout
    right = {}
    for name in WORTH:
        text = cells_of(course, name)[0].source
        right[name] = re.sub(r" *### (BEGIN|END) SOLUTION\n?", "", text)
    hand_in(course, "right", right)
    hand_in(course, "overflows", {**right, "softmax": WITHOUT_A_MAXIMUM})
    hand_in(course, "chained", {**right, "loss_gradient": CHAINED})
    hand_in(course, "nothing", {})
    done = run(course, "grade", "hw1")
    assert done.returncode == 0, done.stderr
    return course


def test_a_release_tells_what_is_odd_in_a_notebook_of_ones_own(graded: Path) -> None:
    said = run(graded, "release", "hw1").stderr
    assert "softmax is worth 10 here and 8 in the catalogue" in said
    assert "l2_gradient is worth 0 points: it is judged, and does not count" in said
    assert "loss_gradient may be written with scores, cce_gradient, softmax_jacobian" in said


def test_the_notebook_says_what_an_exercise_is_worth(graded: Path) -> None:
    found = verdicts(graded, "right")
    assert {name: (one["points"], one["max_points"]) for name, one in found.items()} == {
        name: (worth, worth) for name, worth in WORTH.items()
    }
    # Of 8 points a softmax that overflows loses one criterion's: the same share of 10.
    lost = 1 - verdicts(graded, "overflows")["softmax"]["points"] / 10
    stable = {one.name: one.points for one in CATALOGUE.exercises["softmax"].criteria}
    assert lost in {points / 8 for points in stable.values()}
    assert [one["points"] for one in verdicts(graded, "nothing").values()] == [0, 0, 0, 0]


def test_what_a_notebook_leaves_out_of_a_set_is_answered_rightly_and_told(graded: Path) -> None:
    found = verdicts(graded, "chained")["loss_gradient"]
    # The chain divides 0 by 0 where scores are extreme; all else holds.
    assert (found["points"], found["carried_points"]) == (3.44, 0)
    assert found["findings"][0]["message"].startswith(
        "cce_gradient, chain_rule, scores, scores_gradient_W and softmax_jacobian are no part of "
        "this notebook: answered rightly for you."
    )


def test_an_exercise_worth_nothing_is_judged_all_the_same(graded: Path) -> None:
    first = verdicts(graded, "nothing")["l2_gradient"]["findings"][0]
    assert (first["passed"], first["message"]) == (False, "not written yet")


# --- Shares of points ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(CATALOGUE.exercises))
@pytest.mark.parametrize("points", [0, 0.01, 1, 2.5, 7, 100])
def test_shares_of_criteria_add_up_to_the_points_of_the_notebook(name: str, points: float) -> None:
    exercise: Exercise = CATALOGUE.exercises[name]
    other = exercise.worth(points)
    assert other.points == points
    assert [one.name for one in other.criteria] == [one.name for one in exercise.criteria]
    for one, before in zip(other.criteria, exercise.criteria, strict=True):
        assert abs(one.points - before.points * points / exercise.points) <= 0.01


# --- What contradicts each other ------------------------------------------------------------------


def copy_of(course: Path, to: Path) -> Path:
    subprocess.run(["cp", "-a", course, to], check=True)
    return to


def test_a_release_that_differs_from_the_gradebook_is_told_before_anything_is_graded(
    graded: Path, tmp_path: Path
) -> None:
    course = copy_of(graded, tmp_path / "course")
    path = course / "release" / "hw1" / "hw1.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "grade_cce":
            cell.metadata.nbgrader["points"] = 4
    nbformat.write(notebook, path)
    done = run(course, "grade", "hw1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "autograder: release/hw1 and the gradebook differ: grade_cce is worth 4 in the release "
        "and 3 in the gradebook. Run `autograder release hw1`, which makes both from source/hw1\n"
    )


def test_an_exercise_that_the_catalogue_has_no_more_is_told_before_anything_is_graded(
    graded: Path, tmp_path: Path
) -> None:
    course = copy_of(graded, tmp_path / "course")
    (course / "shorter.py").write_text(
        "from autograder import Catalogue\nimport softmax_by_hand as whole\n"
        "CATALOGUE = Catalogue({'hw1': tuple(\n"
        "    one for one in whole.CATALOGUE.exercises.values() if one.name != 'cce')})\n"
    )
    settings = course / "nbgrader_config.py"
    settings.write_text(settings.read_text().replace('"softmax_by_hand"', '"shorter"'))
    done = run(course, "grade", "hw1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "autograder: hw1 asks for cce, and the catalogue shorter has no such exercise: put it "
        "back there, or take its cells out of source/hw1/ and run `autograder release hw1`\n"
    )


# --- From nothing ---------------------------------------------------------------------------------


def test_a_folder_with_a_course_is_left_alone(tmp_path: Path) -> None:
    begin(tmp_path / "one")
    before = {path: path.read_bytes() for path in (tmp_path / "one").rglob("*") if path.is_file()}
    with pytest.raises(CourseError, match=r"has nbgrader_config\.py, .* already; nothing is"):
        begin(tmp_path / "one")
    assert before == {path: path.read_bytes() for path in before}
    with pytest.raises(CourseError, match="no problem set ps9: it has ps1, ps2"):
        begin(tmp_path / "other", ["ps1", "ps9"])
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("name", ["ml 101", 'Größe "x"', "..."])
def test_whatever_a_folder_is_called_its_settings_can_be_read(tmp_path: Path, name: str) -> None:
    from autograder.course.course import Course

    begin(tmp_path / name, course_id=name)
    assert Course(tmp_path / name).settings["CourseDirectory"]["course_id"] == name


@pytest.mark.parametrize("name", ["..", "a/b"])
def test_a_name_that_no_exchange_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CourseError, match="cannot be a folder's name"):
        begin(tmp_path / "new", course_id=name)
    assert not (tmp_path / "new").exists()


def test_a_new_course_has_what_students_read_and_install(tmp_path: Path) -> None:
    begin(tmp_path / "new")
    text = (tmp_path / "new" / "release" / "README.md").read_text()
    assert "one file, `hw1/hw1.ipynb`" in text
    assert "numpy" in (tmp_path / "new" / "release" / "requirements.txt").read_text()


def test_the_students_page_says_it_where_one_file_is_not_enough(tmp_path: Path) -> None:
    course, page = tmp_path / "new", tmp_path / "new" / "release" / "README.md"
    begin(course)
    with (course / "nbgrader_config.py").open("a") as settings:
        settings.write("c.CarryFiles.enabled = False\n")
    assert said("release", "hw1", "--course", course)[0] == 0
    assert "is a folder, `hw1/`" in page.read_text()
    page.write_text("Our own words.")
    assert said("release", "hw1", "--course", course)[0] == 0
    assert page.read_text() == "Our own words."


@pytest.mark.parametrize(
    ("words", "sets", "folder", "wanted"),
    [
        (["ml"], [], "ml", []),
        (["ml", "ps3"], ["ps1"], "ml", ["ps1", "ps3"]),
        (["ps3", "ml"], ["ps1"], "ml", ["ps1", "ps3"]),
        (["ml"], ["ps1,ps2", "ps3"], "ml", ["ps1", "ps2", "ps3"]),
        (["./ps3"], ["ps1"], "ps3", ["ps1"]),
        (["ml", "ps9"], ["ps1"], "ml", ["ps1", "ps9"]),
    ],
)
def test_the_folder_is_told_apart_from_problem_sets(
    words: list[str], sets: list[str], folder: str, wanted: list[str]
) -> None:
    assert told_apart(words, sets) == (Path(folder), wanted)


def test_a_problem_set_is_not_taken_for_the_folder() -> None:
    with pytest.raises(CourseError, match="which folder is to hold the course"):
        told_apart(["ps3"], ["ps1"])
    with pytest.raises(CourseError, match="one folder at a time"):
        told_apart(["a", "b"], [])


COMMANDS = (
    *(("release", "hw1"), ("grade", "hw1"), ("grade", "hw1", "--dry-run"), ("feedback", "hw1")),
    *(("report", "hw1"), ("export", "hw1", "--to", "csv"), ("history", "ann"), ("prove",)),
    *(("settings",), ("doctor",)),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_in_an_empty_folder_every_command_says_how_to_begin(
    tmp_path: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_isolation", lambda: doctor.Check("isolation", "works", ""))
    code, output, beside = said(*command, "--course", tmp_path)
    assert code in (1, 2)
    assert "nbgrader_config.py" in output + beside
    assert "`autograder init DIR` begins a course" in output + beside
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_released_is_said_by_every_command(tmp_path: Path) -> None:
    begin(tmp_path / "new")
    for command in (("grade", "hw1"), ("feedback", "hw1"), ("history", "ann")):
        code, _, beside = said(*command, "--course", tmp_path / "new")
        assert code == 2
        assert "run `autograder " in beside
    assert "`autograder release hw1`" in said("grade", "hw1", "--course", tmp_path / "new")[2]


@pytest.mark.parametrize(
    ("line", "state", "message"),
    [
        ("", "optional", "not released yet: `autograder release hw1`"),
        ("c.Catalogue.module = 'nowhere'", "missing", "correct c.Catalogue.module"),
        ("c.CourseDirectory.db_url = 'here'", "missing", "correct c.CourseDirectory.db_url"),
    ],
)
def test_the_doctor_says_the_next_step_of_a_course(
    tmp_path: Path, line: str, state: str, message: str
) -> None:
    begin(tmp_path / "new")
    with (tmp_path / "new" / "nbgrader_config.py").open("a") as settings:
        settings.write(line)
    check = doctor._course(tmp_path / "new")
    assert (check.state, message in check.message) == (state, True), check


def test_a_source_that_was_renamed_after_hand_ins_is_asked_for_by_its_name(tmp_path: Path) -> None:
    begin(tmp_path)
    (tmp_path / "submitted" / "ann" / "homework1").mkdir(parents=True)
    beside = said("grade", "homework1", "--course", tmp_path)[2]
    assert "call its source source/homework1/homework1.ipynb again" in beside


def test_a_first_course_is_proved_and_released(tmp_path: Path) -> None:
    begin(tmp_path / "first")
    for command in (("prove",), ("release", "hw1")):
        done = run(tmp_path / "first", *command)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment in which the wheel is installed, and no checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    quiet = ("--quiet", "--no-deps", "--no-build-isolation")
    sources = folder / "sources"  # building leaves its parts beside what it builds
    for name in ("autograder", "softmax_by_hand", "source", "notebooks"):
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(ROOT / name, sources / name, ignore=ignored)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, sources)
    build = [sys.executable, "-m", "pip", "wheel", *quiet, "-w", str(folder), str(sources)]
    subprocess.run(build, check=True)
    (wheel,) = folder.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "softmax_by_hand/course/source/ps1/ps1.ipynb" in names
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    (packages,) = (folder / "env" / "lib").glob("python*/site-packages")
    # What the wheel needs is taken from here; a .pth in there is not followed, so no checkout is.
    (packages / "others.pth").write_text(str(Path(nbformat.__file__).parents[1]) + "\n")
    install = ["install", "--quiet", "--no-deps", "--python", folder / "env" / "bin" / "python"]
    subprocess.run([Path(sys.executable).with_name("uv"), "pip", *install, wheel], check=True)
    return folder / "env" / "bin"


def test_from_an_installed_wheel_a_course_is_begun_released_and_graded(
    installed: Path, tmp_path: Path
) -> None:
    need_isolation()

    # nbgrader starts a program of one of its needs by name.
    path = f"{installed}{os.pathsep}{PROGRAMS}{os.pathsep}{os.environ['PATH']}"

    def done(*arguments: str) -> str:
        found = subprocess.run(
            [installed / "autograder", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
        )
        assert found.returncode == 0, found.stdout + found.stderr
        return found.stdout

    where = [installed / "python", "-c", "import autograder; print(autograder.__file__)"]
    assert str(installed.parent) in subprocess.check_output(where, cwd=tmp_path, text=True)
    assert done("init", "course", "--with", "ps1", "ps2").endswith(
        "next: cd course; autograder release ps1 ps2\n"
    )
    course = tmp_path / "course"
    write_hw1(course, {"softmax": 5.0, "cce": 5.0, "cce_gradient": 2.0, "scores": 1.0})
    done("release", "hw1", "--course", "course")
    for student in ("ann", "ben", "eve"):
        hand_in(course, student, {"scores": SCORES})
    assert done("grade", "hw1", "--course", "course").count("1 / 13") == 3


def test_the_commands_of_the_instructors_page_give_a_course_of_ones_own(
    installed: Path, tmp_path: Path
) -> None:
    need_isolation()
    page = (ROOT / "docs" / "instructor.md").read_text(encoding="utf-8")
    part = page.partition("## A course of your own\n")[2].partition("\n## ")[0]
    begun, made, graded_by = re.findall(r"^```\w*\n(.*?)^```$", part, re.DOTALL | re.MULTILINE)
    path = f"{installed}{os.pathsep}{PROGRAMS}{os.pathsep}{os.environ['PATH']}"

    def followed(commands: str, folder: Path) -> str:
        shell = ["sh", "-e", "-c", commands]
        done = subprocess.run(
            shell, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    first, rest = begun.split("python make_hw1.py\n")
    followed(first, tmp_path)
    course = tmp_path / "course"
    (course / "make_hw1.py").write_text(made)
    assert "hw1: 17 points" in followed(f"python make_hw1.py\n{rest}", course)
    for student in ("ann", "ben", "eve"):
        hand_in(course, student, {"scores": SCORES})
    said = followed(graded_by, course)
    assert said.count("4 / 17") >= 3
    assert "this was --dry-run" in said
