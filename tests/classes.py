"""A class: how it hands in, and how it is graded in this process."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

import nbformat

from autograder.course.course import Course
from autograder.course.folder import Submission
from autograder.gradebook import GradebookStore
from autograder.grading.engine import ClassGrading
from autograder.grading.history import made_of
from autograder.grading.jobs import Outcome, fingerprint
from autograder.grading.records import Result, record_of, store_notebooks, store_record
from autograder.grading.standing import make_jobs
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


def note_as_graded(course: Path, student: str) -> None:
    """Leave beside a hand-in what grading leaves, for a test that fills the gradebook itself."""
    where = Course(course)
    with GradebookStore.open(where.gradebook_url) as gradebook:
        (assignment,) = where.assignment("ps1", gradebook)
    submission = Submission(course, "ps1", student)
    job = make_jobs(submission, [assignment], where.secret, "bwrap", LIMITS)["ps1"]
    outcome = Outcome(student, "ps1", "ps1", job.data)
    store_notebooks(submission, {"ps1": job.data or b""})
    store_record(submission, record_of({"ps1": outcome}, fingerprint(job), made_of([job]), "bwrap"))
