"""docs/writing-an-exercise.md, followed to the letter, gives an exercise that can be released."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "writing-an-exercise.md").read_text(encoding="utf-8")
RIGHT, MODULE, SOLUTION, CHECK = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(COMMANDS,) = re.findall(r"```\n(autograder .*?)```", PAGE, re.DOTALL)


def test_it_takes_few_lines_of_code() -> None:
    lines = [line for block in (RIGHT, MODULE, SOLUTION) for line in block.splitlines()]
    assert len([line for line in lines if line.strip()]) < 60
    assert max(map(len, lines)) <= 100


def run(course: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a copy of the course, which comes before the installed one."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=course,
        env={**os.environ, "PYTHONPATH": str(course)},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the course, with the page's exercise in the files that the page names."""
    root = tmp_path_factory.mktemp("course")
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("softmax_by_hand", "source/ps4", "notebooks"):
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    (lecture,) = re.findall(r"At the end of `(.*?)`", PAGE)
    (module,) = re.findall(r"A module of its own, `(.*?)`", PAGE)
    (notebook,) = re.findall(r"In `(.*?\.ipynb)`", PAGE)
    with (root / lecture).open("a") as file:
        file.write("\n\n" + RIGHT)
    (root / module).write_text(MODULE)
    source = nbformat.read(root / notebook, as_version=4)
    source.cells += [
        new_code_cell(SOLUTION.strip(), id="center", metadata=owned("center", solution=True)),
        new_code_cell(
            CHECK.strip(),
            id="grade-center",
            metadata=owned("grade_center", grade=True, locked=True, points=2.5),
        ),
    ]
    nbformat.write(source, root / notebook)
    return root


def owned(grade_id: str, **more: Any) -> dict[str, Any]:
    common = {"grade": False, "locked": False, "solution": False, "task": False}
    return {"nbgrader": {**common, "grade_id": grade_id, "schema_version": 3, **more}}


@pytest.fixture(scope="module")
def said(course: Path) -> list[str]:
    """What the page's commands print, one after the other."""
    found = []
    for line in COMMANDS.splitlines():
        done = run(
            course, "-m", "autograder.cli.commands", *shlex.split(line.partition("#")[0])[1:]
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found.append(done.stdout)
    return found


def test_it_is_proved_and_released(said: list[str], course: Path) -> None:
    assert "1 exercise of 2.5 points, 1 mistake, no problems" in said[0]
    assert "42.5 points by the grader" in said[1]
    released = (course / "release" / "ps4" / "ps4.ipynb").read_text()
    assert "def center(X)" in released
    assert "np.mean(X, axis=1)[:, None]" not in released
    assert "X.mean(axis=1, keepdims=True)" not in (course / "release/ps4/checks.py").read_text()


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ("X - X.mean(axis=1, keepdims=True)", ""),
        ("X - X.mean(axis=0)", "center: does not hold: every row sums to 0"),
        ("X * 0", "center: does not hold: an X whose rows sum to 0 stays as it is"),
    ],
)
def test_students_can_check_it_with_what_is_released(
    said: list[str], course: Path, answer: str, line: str
) -> None:
    program = f"from checks import check\ndef center(X):\n    return {answer}\ncheck(center)"
    done = run(course / "release" / "ps4", "-c", program)
    assert (done.returncode == 0) == (not line)
    assert line in done.stderr


def test_a_mistake_is_judged_and_named(course: Path) -> None:
    program = (
        "from autograder import judge; from softmax_by_hand import EXERCISES; "
        "verdict = judge(EXERCISES['center'], lambda X: X - X.mean(axis=0), 3); "
        "print(verdict.points < verdict.max_points, verdict.misconception, list(EXERCISES)[-8:])"
    )
    done = run(course, "-c", program)
    assert "True mean of each sample" in done.stdout, done.stderr
