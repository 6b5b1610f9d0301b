"""docs/writing-an-exercise.md, followed to the letter, gives an exercise that can be released."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook, writes

from autograder.catalogue.model import Exercise
from autograder.checking import checks
from autograder.judging.judge import judge
from autograder.release.release import release
from softmax_by_hand import lecture as reference
from softmax_by_hand import ps4

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "writing-an-exercise.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
RIGHT, ENTRY, PROPERTIES, SOLUTION, CHECK = BLOCKS


@pytest.fixture(scope="module")
def exercise() -> Exercise:
    """The catalogue's entry, as steps 1 and 2 make it."""
    lecture: dict[str, Any] = dict(vars(reference))
    exec(RIGHT, lecture)
    catalogue: dict[str, Any] = dict(vars(ps4), reference=SimpleNamespace(**lecture))
    exec(ENTRY, catalogue)
    return catalogue["CENTER"]


@pytest.fixture
def own_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`checks.py` with the properties of step 3 at its end."""
    path = tmp_path / "own_checks.py"
    path.write_text(Path(checks.__file__).read_text(encoding="utf-8") + "\n\n" + PROPERTIES)
    specification = importlib.util.spec_from_file_location("own_checks", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    monkeypatch.setitem(sys.modules, "own_checks", module)  # where dataclasses look it up
    specification.loader.exec_module(module)
    return module


def test_it_takes_less_than_thirty_lines_of_code():
    lines = [line for block in BLOCKS for line in block.splitlines() if line.strip()]
    assert len(lines) < 30
    assert max(map(len, lines)) <= 100


def test_the_right_answer_passes_on_a_hundred_seeds(exercise):
    for seed in range(100):
        verdict = judge(exercise, exercise.reference, seed)
        assert verdict.passed
        assert verdict.misconception is None


def test_the_wrong_answer_is_caught_and_named(exercise):
    (mistake,) = exercise.misconceptions
    for seed in range(5):
        verdict = judge(exercise, mistake.wrong[0], seed)
        assert verdict.points < verdict.max_points
        assert verdict.misconception == mistake.name


def test_its_words_say_why_the_mistake_looks_right_and_where_to_look(exercise):
    assert all(mistake.looks_right for mistake in exercise.misconceptions)
    assert (ROOT / f"notebooks/{exercise.lesson}.ipynb").is_file()


def test_the_check_accepts_the_solution_and_refuses_the_mistake(exercise, own_checks):
    space: dict[str, Any] = {"np": np}
    exec(SOLUTION, space)
    assert own_checks.look_at(space["center"])[1] is None
    assert own_checks.look_at(exercise.misconceptions[0].wrong[0], "center")[1]


def test_the_cells_can_be_released(exercise, own_checks, tmp_path, monkeypatch):
    def marks(grade_id: str, **more: Any) -> dict[str, Any]:
        common = {"grade": False, "locked": True, "solution": False, "task": False}
        return {"nbgrader": {**common, "grade_id": grade_id, "schema_version": 3, **more}}

    cells = [
        new_code_cell(
            "import numpy as np\nfrom checks import check", id="setup", metadata=marks("setup")
        ),
        new_code_cell(
            SOLUTION.strip(), id="stub", metadata=marks("center", solution=True, locked=False)
        ),
        new_code_cell(
            CHECK.strip(), id="check", metadata=marks("grade_center", grade=True, points=2.5)
        ),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    course = tmp_path / "course"
    (course / "source" / "ps4").mkdir(parents=True)
    (course / "source" / "ps4" / "ps4.ipynb").write_text(writes(notebook) + "\n")
    shutil.copy(ROOT / "nbgrader_config.py", course)
    named_checks = tmp_path / "checks.py"
    shutil.copy(str(own_checks.__file__), named_checks)
    monkeypatch.setattr("autograder.release.beside.CHECKS", named_checks)
    (done,) = release(course, ["ps4"], {"center": exercise}).released
    assert done.auto_points == exercise.points == 2.5
    released = (course / "release" / "ps4" / "ps4.ipynb").read_text()
    assert "not written yet" in released
    assert "keepdims" not in released
