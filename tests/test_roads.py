"""Whichever road a submission takes to its grade, and however crowded, the grade is the same."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import classes
import nbformat
import pytest
from classes import NOTEBOOKS, ROOT, copied
from databases import every_row
from isolation import need_isolation
from nbgrading import released_course
from postgres import Databases
from running import (
    PROGRAMS,
    Graded,
    dask_cluster,
    done,
    ended,
    fix_secret,
    grade,
    graded,
    start,
    written,
)

from autograder.course.folder import SECRET_FILE
from autograder.grading import engine
from autograder.grading.engine import ClassGrading
from autograder.sandbox import LIMITS

PROBLEM_SETS = ("ps1", "ps2")
# Of the sample class, one of each kind; `test_examples` has the rest. None waits for a time-out.
CLASS = (
    *(
        "full-reused-name", "seed-a", "seed-b", "wrong-axis", "wrong-kinds", "wrong-then-right",
        "partly-done",
    ),
    *("broken-duplicated-cells", "broken-edited-tests", "broken-exit"),
    *("hostile-first-call", "hostile-protocol"),
)  # fmt: skip
# Those whom nbgrader grades too: it takes seconds for each.
SOME = ("broken-duplicated-cells", "broken-exit", "hostile-protocol", "seed-a", "wrong-axis")

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's"),
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),
]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course into which the sample class has handed in; copy it."""
    need_isolation()
    course = released_course(tmp_path_factory.mktemp("sample") / "course", PROBLEM_SETS)
    fix_secret(course)
    for student in CLASS:
        shutil.copytree(ROOT / "examples" / "submitted" / student, course / "submitted" / student)
    return course


@pytest.fixture(scope="module")
def one_by_one(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """The sample class, graded one submission after the other."""
    course = copied(sample, tmp_path_factory.mktemp("one") / "course")
    return graded(course, done(grade(course, "ps2", "--jobs", "1")))


@pytest.fixture(scope="module")
def released_there(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database in which the problem sets were released."""
    root = tmp_path_factory.mktemp("there") / "course"
    released_course(root, PROBLEM_SETS, url=databases.new())
    return databases.made[-1]


# --- The sample class -----------------------------------------------------------------------------


def test_eight_at_a_time_get_what_they_get_one_by_one(sample, one_by_one, tmp_path):
    """Two at a time are compared on a server below, and in `test_interruptions` with one."""
    course = copied(sample, tmp_path / "course")
    assert graded(course, done(grade(course, "ps2", "--jobs", "8"))) == one_by_one


def test_a_cluster_gives_what_one_process_gives(sample, one_by_one, tmp_path):
    course = copied(sample, tmp_path / "course")
    with dask_cluster(tmp_path) as dask:
        output = done(grade(course, "ps2", "--cluster", dask.address))
    assert graded(course, output) == one_by_one


def test_a_gradebook_on_a_server_holds_what_a_file_holds(
    sample, one_by_one, tmp_path, databases, released_there
):
    course, url = copied(sample, tmp_path / "course"), databases.new(released_there)
    output = done(grade(course, "ps2", environment={"GRADEBOOK_URL": url}))
    assert graded(course, output, url) == one_by_one


def test_nbgrader_gives_the_same_points(sample, one_by_one, tmp_path):
    course = copied(sample, tmp_path / "course")
    leave_only_some(course)
    for problem_set in PROBLEM_SETS:
        code, _, said = ended(start(PROGRAMS / "nbgrader", "autograde", problem_set, cwd=course))
        assert code == 0, said
    there = every_row(f"sqlite:///{course / 'gradebook.db'}")
    here = [row for row in one_by_one.rows["grade"] if row[0] in SOME]
    assert there["grade"] == here
    assert len({row[0] for row in here}) == len(SOME)


# --- Over-commitment ------------------------------------------------------------------------------

TIGHT = replace(LIMITS, cell_seconds=1.2)
# A third of the limit for one who is alone; more than the limit where eight share two processors.
BUSY = """
import time
begun = time.process_time()
while time.process_time() - begun < {seconds}:
    pass
"""


def hand_in_busy(course: Path, student: str, seconds: float) -> None:
    """Hand in work in which a cell is busy until its process has had some time of a processor."""
    notebook = nbformat.read(NOTEBOOKS / "all-right.ipynb", as_version=4)
    cell = next(cell for cell in notebook.cells if "def scores" in cell.source)
    cell.source = BUSY.format(seconds=seconds) + cell.source
    classes.hand_in(course, student, nbformat.writes(notebook).encode())


def test_a_crowd_changes_no_grade_where_it_makes_time_run_out(course, tmp_path, monkeypatch):
    need_isolation()
    fix_secret(course)
    for number in range(8):
        hand_in_busy(course, f"s{number}", TIGHT.cell_seconds / 3)
    hand_in_busy(course, "never-ends", 1e9)
    crowded = copied(course, tmp_path / "crowded")
    tried: list[str] = []
    make_jobs = engine.make_jobs

    def counted(submission: Any, *rest: Any) -> Any:
        tried.append(submission.student)
        return make_jobs(submission, *rest)

    def grade_with(where: Path, workers: int) -> dict[str, float]:
        results = ClassGrading(where, ["ps1"], [], "bwrap", TIGHT).run(workers)
        return {result.student: result.points for result in results}

    alone = grade_with(course, 1)
    monkeypatch.setattr(engine, "make_jobs", counted)
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(processors)[:2]))
    try:
        together = grade_with(crowded, 8)
    finally:
        os.sched_setaffinity(0, processors)
    assert alone == {**{f"s{number}": 14 for number in range(8)}, "never-ends": 11}
    assert together == alone
    assert written(crowded) == written(course)
    twice = {student for student in tried if tried.count(student) == 2}
    assert twice - {"never-ends"}, "nobody's time ran out: there was no crowd"


# --- Two instructors ------------------------------------------------------------------------------


def leave_only_some(course: Path) -> None:
    for folder in (course / "submitted").iterdir():
        if folder.name not in SOME:
            shutil.rmtree(folder)


def at_once_and_one_by_one(
    sample: Path, folder: Path, together: str | None, apart: str | None
) -> tuple[Path, Path]:
    """Grade two problem sets by two commands, at the same moment and one after the other."""
    courses = (copied(sample, folder / "together"), folder / "apart")
    leave_only_some(courses[0])
    (courses[0] / SECRET_FILE).unlink()  # made anew by the first road that needs it
    copied(courses[0], courses[1])

    def command(course: Path, problem_set: str, url: str | None) -> Any:
        environment = {} if url is None else {"GRADEBOOK_URL": url}
        arguments = (problem_set, "--course", course, "--jobs", "1")
        return start(PROGRAMS / "autograder", "grade", *arguments, environment=environment)

    both = [command(courses[0], problem_set, together) for problem_set in PROBLEM_SETS]
    for process in both:
        done(process)
    shutil.copy(courses[0] / SECRET_FILE, courses[1])
    for problem_set in PROBLEM_SETS:
        done(command(courses[1], problem_set, apart))
    return courses


def test_two_instructors_at_once_lose_nothing(sample, tmp_path):
    together, apart = at_once_and_one_by_one(sample, tmp_path, None, None)
    rows = [every_row(f"sqlite:///{course / 'gradebook.db'}") for course in (together, apart)]
    assert rows[0] == rows[1]
    assert written(together) == written(apart)


def test_two_instructors_at_once_lose_nothing_on_a_server(
    sample, tmp_path, databases, released_there
):
    urls = [databases.new(released_there) for _ in range(2)]
    together, apart = at_once_and_one_by_one(sample, tmp_path, *urls)
    assert every_row(urls[0]) == every_row(urls[1])
    assert written(together) == written(apart)
