"""A second course is released, graded, reported and explained by a grader that knows neither."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from databases import every_row
from isolation import why_no_isolation
from masters import master_of
from nbformat.v4 import new_code_cell
from running import PROGRAMS, ended, fix_secret, start
from test_examples import tree

from autograder.catalogue.name import CatalogueName
from autograder.course.assignment import Assignment
from autograder.grading.records import VERDICTS_FILE
from autograder.sandbox import Sandbox
from autograder.submission.notebook import grade_notebook
from examples import build
from examples.linear_regression.students import STUDENTS

ROOT = Path(__file__).resolve().parents[1]
COURSE = ROOT / "examples" / "linear_regression"
EXERCISES = ("predict", "mse", "mse_gradient")
WORK = {student.name: student.work["hw1"] for student in STUDENTS}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")


def run(*command: str | Path, cwd: Path) -> str:
    """Run a program of this package as a person does; return what it prints."""
    code, output, said = ended(start(PROGRAMS / command[0], *command[1:], cwd=cwd))
    assert code == 0, output + said
    return output


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the course outside the repository, released; what is handed in lies there too."""
    made = tmp_path_factory.mktemp("second") / "course"
    shutil.copytree(COURSE, made, ignore=shutil.ignore_patterns("__pycache__"))
    fix_secret(made)
    run("autograder", "release", "hw1", cwd=made)
    return made


@pytest.fixture(scope="module")
def graded(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course, with the sample class graded from another folder, by two workers."""
    reason = why_no_isolation()
    if reason is not None:
        pytest.skip(f"student code cannot be isolated here: {reason}")
    made = tmp_path_factory.mktemp("graded") / "course"
    shutil.copytree(released, made)
    command = ("autograder", "grade", "hw1", "--course", "graded/course", "--jobs", "2")
    (made.parents[1] / "graded").symlink_to(made.parent)
    output = run(*command, cwd=made.parents[1])
    (made.parents[1] / "graded").unlink()
    (made / "printed.txt").write_text(output)
    return made


@pytest.fixture(scope="module")
def reported(graded: Path) -> Path:
    """The graded course, with pages, report and export."""
    for command in ("feedback hw1", "report hw1 --names", "export hw1 --to csv"):
        run("autograder", *command.split(), cwd=graded)
    return graded


def verdicts(course: Path, student: str) -> dict[str, Any]:
    kept = json.loads((course / "autograded" / student / "hw1" / VERDICTS_FILE).read_text())
    return {verdict["exercise"]: verdict for verdict in kept["verdicts"]}


# --- What is in the repository --------------------------------------------------------------------


def test_the_submissions_and_the_table_are_those_that_build_makes(
    released: Path, tmp_path: Path
) -> None:
    build.build(released / "release", tmp_path / "submitted", STUDENTS, COURSE)
    assert tree(tmp_path / "submitted") == tree(COURSE / "submitted"), "run `make examples`"
    assert (COURSE / "README.md").read_text() == build.regression_readme(), "run `make examples`"


def test_the_catalogue_is_proved() -> None:
    assert "3 exercises" in run("autograder", "prove", cwd=COURSE)


def test_no_line_of_the_grader_knows_of_a_course() -> None:
    for path in sorted((ROOT / "autograder").rglob("*")):
        if path.suffix in (".py", ".j2", ".css", ".html"):
            text = path.read_text(encoding="utf-8").lower()
            for name in ("softmax_by_hand", "softmax by hand", "linear_regression"):
                assert name not in text, f"{path}: {name}"


# --- Release --------------------------------------------------------------------------------------


def test_what_is_shipped_is_the_notebook_and_checks_of_its_three_exercises(released: Path) -> None:
    folder = released / "release" / "hw1"
    assert sorted(path.name for path in folder.iterdir()) == ["checks.py", "hw1.ipynb"]
    said = subprocess.run(
        [sys.executable, "-c", "import checks; checks.check(len, 'softmax')"],
        cwd=folder,
        capture_output=True,
        text=True,
    ).stderr
    assert said.endswith(f"There are: {', '.join(EXERCISES)}\n")


ASKED = """
import json, sys, nbformat, numpy as np, checks
holds = {}
for path in sys.argv[2:]:
    space = {"np": np}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and cell.source.startswith("def "):
            exec(cell.source, space)
    for name in sys.argv[1].split():
        try:
            checks.check(space[name])
            holds[f"{path}: {name}"] = True
        except Exception as error:
            holds[f"{path}: {name}"] = False
print(json.dumps(holds))
"""


def test_its_checks_accept_the_solution_and_refuse_what_two_students_wrote(released: Path) -> None:
    solution = COURSE / "source" / "hw1" / "hw1.ipynb"
    theirs = {name: COURSE / "submitted" / name / "hw1" / "hw1.ipynb" for name in WORK}
    command = [sys.executable, "-c", ASKED, " ".join(EXERCISES), solution, *theirs.values()]
    folder = released / "release" / "hw1"
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    holds = json.loads(done.stdout.splitlines()[-1])
    for name in EXERCISES:
        assert holds.pop(f"{solution}: {name}")
        for student, work in WORK.items():
            is_wrong = name in work.mistakes or (student, name) == (
                *("wrong-intercept", "mse_gradient"),
            )
            assert holds.pop(f"{theirs[student]}: {name}") is not is_wrong, (student, name)
    assert holds == {}


def test_a_helper_that_answers_one_of_its_exercises_is_refused(
    released: Path, tmp_path: Path
) -> None:
    course = Path(shutil.copytree(released, tmp_path / "course"))
    (course / "source" / "hw1" / "helper.py").write_text(
        "def line(X, w, b):\n    return X @ w + b\n"
    )
    code, _, said = ended(start(PROGRAMS / "autograder", "release", "hw1", cwd=course))
    assert code != 0
    assert "release/hw1/helper.py: line answers predict" in said


# --- Grade ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("student", WORK)
def test_each_submission_scores_what_the_table_says(graded: Path, student: str) -> None:
    work = WORK[student]
    found = verdicts(graded, student)
    carried = sum(one["carried_points"] for one in found.values())
    points = sum(one["points"] for one in found.values())
    rows = every_row(f"sqlite:///{graded / 'gradebook.db'}")["grade"]
    assert sum(row[4] or 0 for row in rows if row[0] == student) == points == work.points
    printed = next(
        line for line in (graded / "printed.txt").read_text().splitlines() if student in line
    )
    assert f"{work.points:g} / 10" in printed
    for exercise, names in work.mistakes.items():
        assert f"{exercise}: {', '.join(names)}" in printed
    assert (carried > 0) is bool(work.said)


def test_nbgrader_gives_the_same_marks(released: Path, graded: Path, tmp_path: Path) -> None:
    course = Path(shutil.copytree(released, tmp_path / "course"))
    run("nbgrader", "autograde", "hw1", cwd=course)
    theirs, ours = (every_row(f"sqlite:///{one / 'gradebook.db'}") for one in (course, graded))
    assert theirs["grade"] == ours["grade"]
    assert len(ours["grade"]) == 4 * len(WORK)


def test_a_cluster_gives_the_same_marks(released: Path, graded: Path, tmp_path: Path) -> None:
    course = Path(shutil.copytree(released, tmp_path / "course"))
    options = ("hw1", "--course", course, "--cluster", "local", "--jobs", "1")
    run("autograder", "grade", *options, cwd=tmp_path)
    theirs, ours = (every_row(f"sqlite:///{one / 'gradebook.db'}") for one in (course, graded))
    assert theirs["grade"] == ours["grade"]


SPY = """
import importlib, os, sys
found = []
names = "linear_regression linear_regression.lecture softmax_by_hand autograder.judging".split()
for name in names:
    try:
        importlib.import_module(name)
        found.append(name)
    except ImportError:
        pass
for folder in ({course!r}, {catalogue!r}, {package!r}):
    found += [folder] if os.path.exists(folder) else []
for folder, _, files in os.walk("/"):
    if not folder.startswith(("/proc", "/sys")):
        found += [folder for one in files if one in ("mse_gradient.py", "lecture.py")]
print("found", found, {course!r} in sys.path)
"""


@pytest.mark.parametrize("packages", ['["numpy"]', "None"])
def test_a_submission_can_neither_import_the_catalogue_nor_read_its_files(
    graded: Path, tmp_path: Path, packages: str
) -> None:
    course = Path(shutil.copytree(graded, tmp_path / "course"))
    with (course / "nbgrader_config.py").open("a") as settings:
        settings.write(f"c.Submissions.packages = {packages}\n")
    path = course / "submitted" / "full-loops" / "hw1" / "hw1.ipynb"
    notebook = nbformat.read(path, as_version=4)
    places = {"course": course, "catalogue": COURSE, "package": ROOT / "autograder"}
    spy = SPY.format(**{name: str(place) for name, place in places.items()})
    notebook.cells.append(new_code_cell(spy, id="spy"))
    nbformat.write(notebook, path)
    run("autograder", "grade", "hw1", "--student", "full-loops", cwd=course)
    done = nbformat.read(course / "autograded" / "full-loops" / "hw1" / "hw1.ipynb", as_version=4)
    (shown,) = next(cell.outputs for cell in done.cells if cell.id == "spy")
    assert shown["text"] == "found [] False\n"


# --- What people read -----------------------------------------------------------------------------


def test_the_pages_of_feedback_name_the_mistakes(reported: Path) -> None:
    for student, work in WORK.items():
        page = (reported / "feedback" / student / "hw1" / "hw1.html").read_text()
        named = {name for name in ("root", "sign", "intercept left out") if name in page}
        assert named >= {name for names in work.mistakes.values() for name in names}
        assert ("Error carried forward" in page) is bool(work.said)
        assert "softmax" not in page.lower()


def test_the_report_counts_the_mistakes(reported: Path) -> None:
    report = json.loads((reported / "reports" / "hw1.json").read_text())
    counted = {(row["exercise"], row["mistake"]): row["students"] for row in report["mistakes"]}
    assert counted == {
        (exercise, name): 1
        for work in WORK.values()
        for exercise, names in work.mistakes.items()
        for name in names
    }
    assert "softmax" not in (reported / "reports" / "hw1.html").read_text().lower()


def test_the_export_has_the_scores(reported: Path) -> None:
    with (reported / "grades.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["student_id"]: float(row["score"]) for row in rows} == {
        student: work.points for student, work in WORK.items()
    }


def test_a_foreign_notebook_is_judged_by_the_course_s_exercises(tmp_path: Path) -> None:
    reason = why_no_isolation()
    if reason is not None:
        pytest.skip(f"student code cannot be isolated here: {reason}")
    said = run("autograder", "diagnose", COURSE / "foreign.ipynb", "--course", COURSE, cwd=tmp_path)
    assert re.findall(r"^(\w+): (right|not right)", said, re.MULTILINE) == [
        ("predict", "right"),
        ("mse", "not right"),
        ("mse_gradient", "not right"),
    ]
    assert "This looks like: half." in said
    assert "This looks like: not divided by N." in said


# --- Two courses at once --------------------------------------------------------------------------


@pytest.fixture
def regression(released: Path) -> Assignment:
    """The assignment of this course."""
    notebook = nbformat.read(released / "release" / "hw1" / "hw1.ipynb", as_version=4)
    name = CatalogueName("linear_regression", str(released))
    return Assignment("hw1", tuple(master_of(notebook)), {"checks.py": b""}, catalogue=name)


def test_two_courses_in_one_process_judge_the_same_names_each_by_its_own(
    regression: Assignment, sandbox: Sandbox
) -> None:
    release = nbformat.read(ROOT / "release" / "ps5" / "ps5.ipynb", as_version=4)
    cells = [cell for cell in master_of(release) if cell.grade_id in ("mse", "grade_mse", "setup")]
    first = Assignment("ps5", tuple(cells), {"checks.py": b"", "figures.py": b""})
    right = {
        "ps5": "import numpy as np\ndef mse(y, Yhat):\n    return np.mean((Yhat[0] - y) ** 2)",
        "hw1": "import numpy as np\ndef mse(y, y_pred):\n    return np.mean((y_pred - y) ** 2)",
    }

    def points(assignment: Assignment, source: str) -> float:
        submitted = nbformat.v4.new_notebook(
            cells=[
                build.v4.new_code_cell(
                    source if cell.grade_id == "mse" else cell.source,
                    id=cell.grade_id.replace("_", "-"),
                    metadata={"nbgrader": cell.nbgrader},
                )
                if cell.cell_type == "code"
                else nbformat.v4.new_markdown_cell(
                    cell.source,
                    id=cell.grade_id.replace("_", "-"),
                    metadata={"nbgrader": cell.nbgrader},
                )
                for cell in assignment.master
            ],
            metadata={"kernelspec": {"display_name": "P", "language": "python", "name": "python3"}},
        )
        graded = grade_notebook(submitted, assignment, sandbox, 11)
        return next(one.points for one in graded.verdicts if one.exercise == "mse")

    for _ in range(2):
        assert points(first, right["ps5"]) == 3
        assert points(regression, right["hw1"]) == 3
        assert points(first, right["hw1"].replace("y_pred", "Yhat")) == 3
        assert points(regression, right["ps5"]) == 0, "Yhat[0] is one prediction here"
