"""A class: how it hands in, and how it is graded in this process."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

import nbformat

from autograder.grading.engine import ClassGrading
from autograder.grading.records import Result
from autograder.sandbox import LIMITS

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "tests" / "notebooks"
TIME = "2026-10-05 14:03:21 UTC"


def hand_in(
    course: Path, student: str, work: str | bytes = "all-right", collected: bool = False
) -> Path:
    """Hand in one of `tests/notebooks`, or these bytes, as collected; return the notebook."""
    folder = course / "submitted" / student / "ps1"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ps1.ipynb"
    if isinstance(work, str):
        shutil.copyfile(NOTEBOOKS / f"{work}.ipynb", path)
    else:
        path.write_bytes(work)
    if collected:
        (folder / "timestamp.txt").write_text(TIME)
        (folder / "submission_secret.txt").write_text(f"secret of {student}")
    return path


def copied(course: Path, to: Path) -> Path:
    return Path(shutil.copytree(course, to, symlinks=True))


def grade(
    course: Path, executor: Executor, force: bool = False, students: Sequence[str] = ()
) -> dict[str, Result]:
    """Grade ps1 by what an executor does; return the results by student."""
    grading = ClassGrading(course, ["ps1"], students, "bwrap", LIMITS, force)
    return {result.student: result for result in grading.on(executor, lambda: 4)}


def graded_notebook(course: Path, student: str) -> nbformat.NotebookNode:
    return nbformat.read(course / "autograded" / student / "ps1" / "ps1.ipynb", as_version=4)
