"""What an instructor changes after students have it is never held against them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from commanding import run
from isolation import need_isolation
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrading import convert

from autograder.cli.begin import begin
from autograder.course.releases import RELEASES_FILE, digest_of, known_releases, made_from

ANSWER = "def standardise(x):\n    return (x - np.mean(x)) / np.std(x)\n"
OLD = "The notebook was handed in on an earlier version of this assignment; "


def source_of(course: Path) -> Path:
    return course / "source" / "hw1" / "hw1.ipynb"


def change(course: Path, **cells: Any) -> None:
    """Set a cell's text, or what it is worth; add one that is not there."""
    notebook = nbformat.read(source_of(course), as_version=4)
    there = {cell.id: cell for cell in notebook.cells}
    for name, value in cells.items():
        if name not in there:
            there[name] = nbformat.v4.new_code_cell("", id=name)
            there[name].metadata["nbgrader"] = {
                "grade": False,
                "grade_id": name,
                "locked": True,
                "schema_version": 3,
                "solution": False,
                "task": False,
            }
            notebook.cells.insert(2, there[name])
        if isinstance(value, str):
            there[name].source = value
        elif value is None:
            notebook.cells.remove(there[name])
        else:
            there[name].metadata.nbgrader["points"] = value
    nbformat.write(notebook, source_of(course))


def hand_in(course: Path, student: str, setup: str | None = None) -> None:
    notebook = nbformat.read(course / "release" / "hw1" / "hw1.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.id == "standardise":
            cell.source = ANSWER
        elif cell.id == "setup" and setup:
            cell.source = setup
    folder = course / "submitted" / student / "hw1"
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / "hw1.ipynb")


def repairs(course: Path, student: str) -> list[str]:
    path = course / "autograded" / student / "hw1" / "verdicts.json"
    found: list[str] = json.loads(path.read_text())["repairs"]
    return found


def done(*arguments: Any) -> str:
    code, said, errors = run(*arguments)
    assert code == 0, errors
    return said


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Released, handed in by two, one of whom changed a cell; then changed, and handed in again."""
    need_isolation()
    course = tmp_path_factory.mktemp("weeks") / "course"
    begin(course)
    done("release", "hw1", "--course", course)
    hand_in(course, "early")
    hand_in(course, "meddled", "import numpy as np  # mine\nfrom checks import check")
    imports = "import numpy as np\nfrom checks import check  # see the lecture"
    change(course, setup=imports, grade_standardise=5, given="TEN = 10")
    convert(course, GenerateAssignment, assignment_id="hw1")  # Formgrader's road
    hand_in(course, "late")
    done("grade", "hw1", "--course", course)
    return course


def test_what_changed_after_it_was_handed_out_is_told_as_that(taught: Path) -> None:
    (said,) = repairs(taught, "early")
    assert said.startswith(OLD)
    for name in ("grade_standardise", "given", "setup"):
        assert name in said
    assert said.endswith(" are as in the present one.")
    assert repairs(taught, "late") == []


def test_what_a_student_changed_is_still_told(taught: Path) -> None:
    said = repairs(taught, "meddled")
    assert said[0].startswith(OLD)
    assert "The cell setup had been edited; the original is back." in said
    assert len(said) == 2


def test_an_older_hand_in_is_graded_by_the_present_release(taught: Path) -> None:
    found = {
        student: json.loads((taught / "autograded" / student / "hw1/verdicts.json").read_text())
        for student in ("early", "late")
    }
    assert [one["verdicts"][0]["points"] for one in found.values()] == [5, 5]


def test_a_damaged_record_of_releases_stops_nothing(tmp_path: Path) -> None:
    for text in ("", "[]", '{"hw1": 3}', '{"hw1": [3]}', "\xff"):
        (tmp_path / RELEASES_FILE).write_text(text, encoding="latin-1")
        assert known_releases(tmp_path, "hw1", "hw1") == ()


def test_whatever_a_submission_says_of_its_points_it_has_a_digest() -> None:
    for points in (10**400, float("nan"), None, "3", True, -1):
        assert digest_of("", {"points": points})
    assert digest_of("x", {"points": 3}) == digest_of("x", {"points": 3.0})


def test_of_two_releases_that_are_as_like_the_newest_is_meant() -> None:
    assert made_from({"a": "1"}, [{"a": "2"}, {"a": "3"}]) == {"a": "3"}
    assert made_from({"a": "1"}, [{"a": "1"}, {"a": "3"}]) == {"a": "1"}


# --- Cells that come or go though there are submissions -------------------------------------------


def test_cells_that_came_or_went_are_named_with_what_to_do(taught: Path) -> None:
    before = source_of(taught).read_bytes()
    change(taught, given=None, more="TWELVE = 12")
    try:
        code, _, said = run("release", "hw1", "--course", taught)
        with pytest.raises(NbGraderException):
            convert(taught, GenerateAssignment, assignment_id="hw1")
    finally:
        source_of(taught).write_bytes(before)
    assert code == 2
    assert "hw1 has 3 submissions in the gradebook, so its graded cells can neither come" in said
    assert "(added: more; dropped: given)" in said
    assert "`nbgrader db assignment remove hw1 --force`" in said
    assert "RuntimeError" not in said
    assert len(said.splitlines()) <= 2


def test_an_exercise_left_out_of_the_sum_may_stay(taught: Path) -> None:
    change(taught, grade_standardise=0)
    done("release", "hw1", "--course", taught)
    assert "0 / 0" in done("grade", "hw1", "--course", taught)
