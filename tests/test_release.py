"""What students get is proved first: no solution, no surprise, the same bytes every time."""

from __future__ import annotations

import errno
import json
import os
import re
import runpy
import shutil
import sqlite3
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import commanding
import nbformat
import numpy as np
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from traitlets import import_item

from autograder import Catalogue, Criterion, Exercise
from autograder.checking.kit import Properties, Student, normal
from autograder.course.carried import CELL_ID, carried_files, carrying_cell
from autograder.course.course import Course
from autograder.course.folder import CourseError, files_beside
from autograder.course.settings import load_config
from autograder.release import ReleaseError
from autograder.release.generate import generate
from autograder.release.proof import (
    _unparsed,
    leftovers,
    release_problems,
    tree_digest,
    unexpected_errors,
)
from autograder.release.readme import STUDENT_REQUIREMENTS
from autograder.release.release import prove_release, release
from autograder.release.source import read_asked, read_source

ROOT = Path(__file__).parents[1]


@Properties(lambda z: z.shape, lambda: [(normal(3),)], "")
def positive(f: Student) -> None:
    f.claim("every entry is positive", "Why?")
    f.expect((f(normal(3)) > 0).all())


SOFTMAX = Exercise(
    "softmax(z) -> same shape as z",
    np.exp,
    (Criterion("values", 8, "right", lambda rng: [(rng.random(3),)]),),
    properties=positive,
)
CATALOGUE = Catalogue({"ps1": (SOFTMAX,), "ps2": (replace(SOFTMAX, name="cce"),)})
SOLUTION = "shifted = np.exp(z - np.max(z, axis=0))"
SCHEME = "One point for naming the stability of the exponential."


def owned(name: str, **settings: object) -> dict[str, object]:
    flags = {"grade": False, "solution": False, "locked": False, "task": False} | settings
    return {"nbgrader": {"grade_id": name, "schema_version": 3, **flags}}


def source() -> NotebookNode:
    """A problem set of one exercise and one written question."""
    stub = f"""def softmax(z):
    \"\"\"Return the softmax of each column.\"\"\"
    ### BEGIN SOLUTION
    {SOLUTION}
    return shifted / shifted.sum(axis=0)
    ### END SOLUTION"""
    scheme = f"Why?\n\n### BEGIN SOLUTION\n{SCHEME}\n### END SOLUTION"
    check = {"grade": True, "locked": True, "points": 8}
    cells = [
        new_markdown_cell("# Softmax"),
        new_code_cell(
            "import figures\nimport numpy as np\nfrom checks import check",
            metadata=owned("setup", locked=True),
        ),
        new_code_cell(stub, metadata=owned("softmax", solution=True)),
        new_code_cell("check(softmax)", metadata=owned("grade_softmax", **check)),
        new_code_cell("figures.draw(softmax(np.zeros(3)))"),
        new_markdown_cell(
            scheme, metadata=owned("written_why", grade=True, solution=True, points=4)
        ),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def make_course(
    root: Path, change: Callable[[NotebookNode], object] = lambda notebook: None
) -> Path:
    """A course with the project's own settings, and a change of its source."""
    notebook = source()
    change(notebook)
    (root / "source" / "ps1").mkdir(parents=True)
    nbformat.write(notebook, root / "source" / "ps1" / "ps1.ipynb")
    (root / "notebooks").mkdir()
    (root / "notebooks" / "figures.py").write_text("def draw(values):\n    pass\n")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    return root


def problems_of(root: Path, change: Callable[[NotebookNode], object]) -> list[str]:
    return list(read_asked(make_course(root, change), "ps1", CATALOGUE).problems)


@pytest.fixture(autouse=True)
def _a_gradebook_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADEBOOK_URL", raising=False)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course that has been released; tests copy it before they change it."""
    course = make_course(tmp_path_factory.mktemp("released"))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GRADEBOOK_URL", raising=False)
        # As where the environment is not activated: nbgrader starts a program of it by name.
        patch.setenv("PATH", os.defpath)
        report = release(course, ["ps1"], CATALOGUE)
    assert report.lines() == [
        f"ps1: 8 points by the grader and 4 by hand; proved, and written to "
        f"{course / 'release' / 'ps1'} (checks.py, figures.py, ps1.ipynb); "
        "ps1.ipynb is enough alone"
    ]
    return course


@pytest.fixture
def course(released: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(released, tmp_path / "course"))


@pytest.fixture
def without_running_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the part of the proof that takes seconds, where it is not the subject."""
    monkeypatch.setattr("autograder.release.proof.unexpected_errors", lambda folder, name: [])


def test_points_of_a_task_are_counted_among_those_by_hand(
    tmp_path: Path, without_running_it: None
) -> None:
    def add_task(notebook: NotebookNode) -> None:
        task = owned("draw", task=True, locked=True, points=2)
        notebook.cells.append(new_markdown_cell("Draw it.", metadata=task, id="draw"))

    report = release(make_course(tmp_path, add_task), ["ps1"], CATALOGUE)
    assert report.lines()[0].startswith("ps1: 8 points by the grader and 6 by hand; proved")


def test_a_full_disk_is_said_in_a_line(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: object, to: object, **_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(to))

    monkeypatch.setattr(shutil, "copyfile", full)
    code, said = commanding.refused("release", "ps1", "--course", course)
    assert code == 1
    assert f"source/ps1/ps1.ipynb: {os.strerror(errno.ENOSPC)}" in said
    assert "[" not in said


def notebook_of(course: Path) -> NotebookNode:
    return nbformat.read(course / "release" / "ps1" / "ps1.ipynb", as_version=4)


def cell_called(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(
        cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name
    )


def refused(course: Path, *assignments: str) -> str:
    """Return why a release was refused, once it is sure that release/ is as it was."""
    before = tree_digest(course / "release")
    with pytest.raises(CourseError) as error:
        release(course, assignments or ["ps1"], CATALOGUE)
    assert tree_digest(course / "release") == before
    assert not list(course.glob(".release-*"))
    assert "Traceback" not in str(error.value)
    return str(error.value)


# --- What is released --------------------------------------------------------


def test_students_find_a_stub_in_place_of_the_solution(released: Path) -> None:
    notebook = notebook_of(released)
    assert cell_called(notebook, "softmax").source == (
        'def softmax(z):\n    """Return the softmax of each column."""\n'
        '    raise NotImplementedError("not written yet")'
    )
    assert cell_called(notebook, "written_why").source == "Why?\n\n*Write your answer here.*"
    ids = [cell.id for cell in notebook.cells if cell.id != CELL_ID]
    assert ids == [cell.id for cell in source().cells]


def test_the_released_cells_carry_nbgraders_checksums_and_locks(released: Path) -> None:
    check = cell_called(notebook_of(released), "grade_softmax")
    assert len(check.metadata.nbgrader.checksum) == 32
    assert (check.metadata.editable, check.metadata.deletable) == (False, False)


def test_the_checks_and_the_pictures_lie_beside_the_notebook(released: Path) -> None:
    for folder in ("source", "release"):
        beside = released / folder / "ps1"
        checks = runpy.run_path(str(beside / "checks.py"))
        assert list(checks["EXERCISES"]) == ["softmax"]
        assert (beside / "figures.py").is_file()


def test_the_gradebook_knows_the_cells_and_is_whole(released: Path) -> None:
    connection = sqlite3.connect(released / "gradebook.db")
    try:
        rows = "SELECT name FROM source_cell ORDER BY rowid"
        cells = connection.execute(rows).fetchall()
        assert cells == [("setup",), ("softmax",), ("grade_softmax",), ("written_why",)]
        assert connection.execute("SELECT COUNT(*) FROM alembic_version").fetchone() == (1,)
    finally:
        connection.close()


def test_nothing_else_is_left_in_the_course(released: Path) -> None:
    assert {path.name for path in released.iterdir()} == {
        *(".releases.json", "gradebook.db", "nbgrader_config.py"),
        *("notebooks", "release", "source"),
    }


def test_students_get_the_requirements_of_the_project(released: Path) -> None:
    text = (released / "release" / "requirements.txt").read_text()
    assert text.splitlines()[1:] == list(STUDENT_REQUIREMENTS)
    needed = (ROOT / "pyproject.toml").read_text()
    for requirement in STUDENT_REQUIREMENTS:
        if not requirement.startswith("jupyterlab"):  # comes with jupyter
            assert f'"{requirement}"' in needed


@pytest.mark.usefixtures("without_running_it")
def test_students_find_all_doors_in_ten_lines(released: Path) -> None:
    text = (released / "release" / "README.md").read_text(encoding="utf-8")
    lines = text.splitlines()[2:]
    assert [line.partition(".")[0] for line in lines] == [str(n) for n in range(1, 11)]
    for door in ("JupyterLab", "VS Code", "Google Colab", "A browser alone"):
        assert f"**{door}**" in text
    for word in ("requirements.txt", "Validate", "Hand in", "Assignment List", "ps1/ps1.ipynb"):
        assert word in text
    assert text == (ROOT / "release" / "README.md").read_text(encoding="utf-8")


def test_a_release_leaves_a_readme_of_the_courses_own_alone(
    course: Path, without_running_it: None
) -> None:
    own = course / "release" / "README.md"
    own.write_text("Read this.")
    release(course, ["ps1"], CATALOGUE)
    assert own.read_text() == "Read this."


def test_a_second_release_changes_no_byte(course: Path) -> None:
    before = tree_digest(course / "release")
    release(course, ["ps1"], CATALOGUE)
    assert tree_digest(course / "release") == before


def test_a_release_is_proved_in_a_fresh_clone_and_nothing_is_written(course: Path) -> None:
    for generated in ("source/ps1/checks.py", "source/ps1/figures.py", "gradebook.db"):
        (course / generated).unlink()
    before = tree_digest(course)
    assert prove_release(course, ["ps1"], CATALOGUE) == []
    assert tree_digest(course) == before


@pytest.mark.usefixtures("without_running_it")
def test_a_hand_made_change_of_the_release_is_found(course: Path) -> None:
    (course / "release" / "ps1" / "checks.py").write_text("def check(function):\n    pass\n")
    (course / "release" / "requirements.txt").unlink()
    found = prove_release(course, ["ps1"], CATALOGUE)
    assert found[0].startswith("release/ps1/checks.py is not what source/ gives now")
    assert "requirements.txt" in found[1]


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # of nbgrader's own
@pytest.mark.usefixtures("without_running_it")
def test_a_release_after_submissions_says_why_cells_must_stay(course: Path) -> None:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        gradebook.add_student("ada")
        gradebook.add_submission("ps1", "ada")
    changed = source()
    changed.cells.insert(1, new_code_cell("pass", metadata=owned("more", locked=True), id="more"))
    nbformat.write(changed, course / "source" / "ps1" / "ps1.ipynb")
    assert "(added: more)" in refused(course)


# --- What is refused before nbgrader is asked --------------------------------


def test_a_sound_source_has_no_problems(tmp_path: Path) -> None:
    assert problems_of(tmp_path, lambda notebook: None) == []


def remarks_of(root: Path, change: Callable[[NotebookNode], object]) -> list[str]:
    asked = read_asked(make_course(root, change), "ps1", CATALOGUE)
    assert not asked.problems
    return [line.removeprefix("source/ps1/ps1.ipynb: ") for line in asked.remarks]


def check_worth(points: float) -> Callable[[NotebookNode], object]:
    return lambda notebook: cell_called(notebook, "grade_softmax").metadata.nbgrader.update(
        points=points
    )


def test_other_points_than_the_catalogues_are_taken_and_told(tmp_path: Path) -> None:
    assert remarks_of(tmp_path / "other", check_worth(9.5)) == [
        "softmax is worth 9.5 here and 8 in the catalogue: each criterion keeps its share"
    ]
    assert remarks_of(tmp_path / "none", check_worth(0)) == [
        "softmax is worth 0 points: it is judged, and does not count"
    ]
    assert remarks_of(tmp_path / "same", check_worth(8)) == []


@pytest.mark.parametrize("points", [-1, float("inf"), float("nan"), "8", True])
def test_points_that_are_no_number_are_refused(tmp_path: Path, points: object) -> None:
    assert problems_of(tmp_path, check_worth(points)) == [
        f"source/ps1/ps1.ipynb, cell grade_softmax: {points!r} is no number of points; "
        "give it 0 or more"
    ]


def test_a_check_without_points_is_refused(tmp_path: Path) -> None:
    assert problems_of(tmp_path, check_worth(None)) == [
        "source/ps1/ps1.ipynb, cell grade_softmax: it has no points; give it some, or 0, in "
        "Create Assignment"
    ]


def test_cells_of_one_name_are_told_with_their_places(tmp_path: Path) -> None:
    def copied(notebook: NotebookNode) -> None:
        for name in ("softmax", "grade_softmax"):
            copy = deepcopy(cell_called(notebook, name))
            copy["id"] = f"{name}-copy"
            notebook.cells.append(copy)

    said = problems_of(tmp_path, copied)
    assert [line.partition(";")[0].partition(", ")[2] for line in said] == [
        "cells 3 and 7: all have the ID softmax",
        "cells 4 and 8: all have the ID grade_softmax",
    ]


def test_a_check_above_what_it_checks_is_refused(tmp_path: Path) -> None:
    def turned(notebook: NotebookNode) -> None:
        notebook.cells.insert(2, notebook.cells.pop(3))

    assert problems_of(tmp_path, turned) == [
        "source/ps1/ps1.ipynb, cell grade_softmax: it stands above the cell that it checks: "
        "move it below"
    ]


def test_a_solution_that_defines_something_else_is_refused(tmp_path: Path) -> None:
    def misspelt(notebook: NotebookNode) -> None:
        cell = cell_called(notebook, "softmax")
        cell["source"] = cell.source.replace("def softmax(", "def sofmax(")

    assert problems_of(tmp_path, misspelt) == [
        "source/ps1/ps1.ipynb, cell softmax: it does not define softmax"
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("grade_sofmax", "and sofmax is none; is grade_softmax meant?"),
        ("softmax_check", "and softmax_check is none; is grade_softmax meant?"),
        ("grade_", "and  is none"),
    ],
)
def test_a_check_of_no_exercise_is_refused(tmp_path: Path, name: str, words: str) -> None:
    def change(notebook: NotebookNode) -> None:
        cell_called(notebook, "grade_softmax").metadata.nbgrader["grade_id"] = name

    called = "a check is called grade_<exercise of the catalogue>"
    assert problems_of(tmp_path, change) == [
        f"source/ps1/ps1.ipynb, cell {name}: {called}, {words}"
    ]


def test_an_exercise_of_another_set_is_taken(tmp_path: Path) -> None:
    def change(notebook: NotebookNode) -> None:
        check = cell_called(notebook, "grade_softmax")
        check.metadata.nbgrader.update(grade_id="grade_cce", points=8)
        check["source"] = "check(cce)"
        solution = cell_called(notebook, "softmax")
        solution.metadata.nbgrader["grade_id"] = "cce"
        solution["source"] = solution.source.replace("def softmax(", "def cce(")

    asked = read_asked(make_course(tmp_path, change), "ps1", CATALOGUE)
    assert (asked.problems, [one.name for one in asked.exercises]) == ((), ["cce"])
    assert asked.exercises[0].points == 8


def test_an_exercise_to_be_written_that_nothing_checks_is_told(tmp_path: Path) -> None:
    def change(notebook: NotebookNode) -> None:
        notebook.cells.remove(cell_called(notebook, "grade_softmax"))

    assert remarks_of(tmp_path, change) == [
        "softmax is to be written, and no cell grade_softmax checks it",
        "no cell tests anything: there is nothing for the grader to judge",
    ]


def test_an_answer_among_what_is_given_is_refused(tmp_path: Path) -> None:
    def change(notebook: NotebookNode) -> None:
        notebook.cells[0] = new_code_cell("def softmax(z):\n    return z", id="cell-0")

    assert problems_of(tmp_path, change) == [
        "source/ps1/ps1.ipynb, cell cell-0: it defines softmax, which is asked for: give it "
        "another name, or put it into a solution region"
    ]


def test_a_check_that_does_something_else_is_refused(tmp_path: Path) -> None:
    def change(notebook: NotebookNode) -> None:
        notebook.cells[0]["source"] = "from checks import check"
        cell_called(notebook, "grade_softmax")["source"] = "check(softmax); check(softmax)"

    assert problems_of(tmp_path, change) == [
        "source/ps1/ps1.ipynb, cell grade_softmax: its source is not exactly check(softmax)"
    ]


def test_a_test_of_its_own_that_has_an_exercises_name_is_told(tmp_path: Path) -> None:
    def change(notebook: NotebookNode) -> None:
        cell_called(notebook, "grade_softmax")["source"] = "assert True"

    assert remarks_of(tmp_path, change) == [
        "grade_softmax tests softmax by its own code, and not as the catalogue's exercise: for "
        "that its source is check(softmax)"
    ]


def test_a_check_without_its_solution_cell_is_refused(tmp_path: Path) -> None:
    assert problems_of(tmp_path, lambda notebook: notebook.cells.pop(2)) == [
        "source/ps1/ps1.ipynb: no solution cell softmax: one with that ID, in which students "
        "write softmax"
    ]


def test_two_cells_with_one_id_are_refused(tmp_path: Path) -> None:
    course = make_course(tmp_path)
    path = course / "source" / "ps1" / "ps1.ipynb"
    text = path.read_text()
    path.write_text(text.replace("cell-1", "cell-0"))
    with pytest.raises(ReleaseError, match="two cells have the id cell-0"):
        read_asked(course, "ps1", CATALOGUE)


def test_cells_without_ids_get_the_same_ones_each_time(tmp_path: Path) -> None:
    course = make_course(tmp_path)
    path = course / "source" / "ps1" / "ps1.ipynb"
    content = json.loads(path.read_text())
    for cell in content["cells"]:
        del cell["id"]
    path.write_text(json.dumps({**content, "nbformat_minor": 2}))
    ids = [cell.id for cell in read_source(path).cells]
    assert ids == [f"cell-{number}" for number in range(1, len(ids) + 1)]
    assert read_source(path).nbformat_minor == 5


def test_an_exercise_that_two_notebooks_ask_for_is_refused(tmp_path: Path) -> None:
    course = make_course(tmp_path)
    shutil.copy(course / "source/ps1/ps1.ipynb", course / "source/ps1/solved.ipynb")
    assert read_asked(course, "ps1", CATALOGUE).problems == (
        "source/ps1/solved.ipynb: it asks for softmax as another notebook of ps1 does; is it a "
        "copy?",
    )


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"nbformat": 4, "cells": 3}'])
def test_a_source_that_is_no_notebook_is_refused(tmp_path: Path, content: str) -> None:
    course = make_course(tmp_path)
    (course / "source" / "ps1" / "ps1.ipynb").write_text(content)
    with pytest.raises(CourseError, match=r"ps1\.ipynb"):
        read_asked(course, "ps1", CATALOGUE).problems


def test_an_unknown_assignment_or_a_folder_that_is_no_course_is_refused(tmp_path: Path) -> None:
    course = make_course(tmp_path)
    (course / "release").mkdir()
    assert "no assignment 'ps7'" in refused(course, "ps7")
    (course / "nbgrader_config.py").unlink()
    assert "is that the course's folder?" in refused(course)


# --- What is refused once nbgrader has made it -------------------------------


def refused_source(tmp_path: Path, name: str, text: str) -> str:
    course = make_course(tmp_path, lambda notebook: cell_called(notebook, name).update(source=text))
    (course / "release").mkdir()
    return refused(course)


def test_nbgraders_own_refusals_are_said_in_a_line(tmp_path: Path) -> None:
    said = refused_source(tmp_path / "end", "softmax", "def softmax(z):\n    ### BEGIN SOLUTION")
    assert "nbgrader cannot release ps1: No end solution statement found" in said
    scheme = f"=== BEGIN MARK SCHEME ===\n{SCHEME}\n=== END MARK SCHEME ==="
    said = refused_source(
        tmp_path / "scheme", "written_why", f"{scheme}\n### BEGIN SOLUTION\nx\n### END SOLUTION"
    )
    assert "Mark scheme region detected" in said


def test_a_stub_that_does_not_parse_is_refused(tmp_path: Path) -> None:
    said = refused_source(
        tmp_path, "softmax", "def softmax(z):\n### BEGIN SOLUTION\n    pass\n### END SOLUTION"
    )
    assert "release/ps1/ps1.ipynb, cell cell-2, line 2: does not parse" in said


def test_magics_parse() -> None:
    assert _unparsed(new_code_cell("%matplotlib inline\n!ls\nx = 1", id="magic"), "here") == []


def test_an_error_that_is_not_a_stubs_is_refused(tmp_path: Path) -> None:
    said = refused_source(
        tmp_path, "setup", "import figures\nimport numpy as np\nfrom checks import check\nlost"
    )
    assert "cell cell-1: NameError: name 'lost' is not defined" in said


def test_only_not_written_yet_counts_as_expected(tmp_path: Path) -> None:
    folder = tmp_path / "ps1"
    folder.mkdir()
    sources = {
        "stub": 'raise NotImplementedError("not written yet")',
        "check": 'raise AssertionError("softmax: not written yet")',
        "bare": "raise NotImplementedError",
        "other": 'raise AssertionError("softmax: wrong")',
        "value": 'raise ValueError("not written yet")',
    }
    cells = [new_code_cell(text, id=name) for name, text in sources.items()]
    nbformat.write(new_notebook(cells=cells), folder / "ps1.ipynb")
    before = tree_digest(folder)
    assert [line.split()[2] for line in unexpected_errors(folder, "ps1")] == [
        "bare:",
        "other:",
        "value:",
    ]
    assert tree_digest(folder) == before


# --- What must not be left ---------------------------------------------------


def test_what_a_notebook_carries_must_be_what_was_proved(
    course: Path, without_running_it: None
) -> None:
    folder = course / "release" / "ps1"
    notebook = notebook_of(course)
    files = {**files_beside(folder), "figures.py": f"# {SOLUTION}".encode(), "more.py": b""}
    places = {cell.id: place for place, cell in enumerate(notebook.cells)}
    notebook.cells[places[CELL_ID]] = carrying_cell("ps1", files)
    nbformat.write(notebook, folder / "ps1.ipynb")
    assert release_problems(course, "ps1", folder, CATALOGUE) == [
        "release/ps1/ps1.ipynb carries another figures.py than lies beside it",
        "release/ps1/ps1.ipynb carries another more.py than lies beside it",
    ]


def test_a_course_may_do_without_notebooks_that_carry_their_files(
    tmp_path: Path, without_running_it: None
) -> None:
    course = make_course(tmp_path)
    with (course / "nbgrader_config.py").open("a") as settings:
        settings.write("c.CarryFiles.enabled = False\n")
    assert release(course, ["ps1"], CATALOGUE).lines()[0].endswith("; students need all of it")
    assert carried_files(notebook_of(course)) == {}
    text = (course / "release" / "README.md").read_text(encoding="utf-8")
    assert "`ps1/`. Keep what is in it beside the notebook." in text


def leak(tmp_path: Path, name: str, text: str) -> list[str]:
    folder = tmp_path / "ps1"
    folder.mkdir(parents=True)
    (folder / name).write_text(text)
    return leftovers([source()], folder)


def test_a_line_of_a_solution_is_found_in_any_file(tmp_path: Path) -> None:
    found = leak(tmp_path, "notes.txt", f"see:   {SOLUTION}  # there")
    assert found == [f"release/ps1/notes.txt: a line of a solution is left: {SOLUTION}"]


def test_a_line_of_a_marking_scheme_is_found_behind_jsons_escapes(tmp_path: Path) -> None:
    def text(cells: list[NotebookNode]) -> str:
        return str(nbformat.writes(new_notebook(cells=cells)))

    assert len(leak(tmp_path / "source", "ps1.ipynb", text([new_markdown_cell(SCHEME)]))) == 1
    hidden = new_markdown_cell("", metadata={"note": SCHEME})
    assert len(leak(tmp_path / "metadata", "ps1.ipynb", text([hidden]))) == 1


@pytest.mark.parametrize("region", ["SOLUTION", "HIDDEN TESTS", "MARK SCHEME"])
def test_a_mark_that_is_left_is_found(tmp_path: Path, region: str) -> None:
    assert leak(tmp_path, "ps1.txt", f"# END {region}") == [
        f"release/ps1/ps1.txt: the mark END {region} is left"
    ]


def test_a_solution_cell_without_a_region_is_secret_as_a_whole(tmp_path: Path) -> None:
    notebook = source()
    cell_called(notebook, "softmax")["source"] = "def softmax(z):\n    return np.tanh(z) + 0.5"
    (tmp_path / "x.py").write_text("return np.tanh(z) + 0.5")
    assert len(leftovers([notebook], tmp_path)) == 1


def test_what_students_are_shown_anyway_is_no_leak(tmp_path: Path) -> None:
    notebook = source()
    notebook.cells[0]["source"] += f"\n<details>Hint: `{SOLUTION}`</details>"
    (tmp_path / "x.txt").write_text(SOLUTION)
    assert leftovers([notebook], tmp_path) == []


def test_trying_a_release_leaves_the_gradebook_alone(tmp_path: Path) -> None:
    course = make_course(tmp_path)
    folder = generate(Course(course), "ps1", course / "tried", {"checks.py": b""})
    assert (folder / "ps1.ipynb").is_file()
    assert not list(course.glob("gradebook*"))


def test_refusals_are_course_errors_with_exit_code_two() -> None:
    assert issubclass(ReleaseError, CourseError)
    assert ReleaseError("no").code == 2
    assert re.fullmatch("no", str(ReleaseError("no")))


def test_whatever_the_settings_name_can_be_imported() -> None:
    names = re.findall(r"'((?:autograder|nbgrader)\.[\w.]+)'", str(load_config(ROOT)))
    assert len(names) > 15
    for name in names:
        assert import_item(name)
