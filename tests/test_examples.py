"""The sample class scores what its table says, hostile and broken submissions included.

Graded as a course is graded, through the engine, in a course of its own; the secret is fixed,
so that the fixtures are the same each time.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from classes import ROOT, copied
from databases import sql
from isolation import need_isolation
from nbformat import NotebookNode, v4
from nbgrading import released_course

from autograder.course.folder import SECRET_FILE
from autograder.grading.engine import ClassGrading
from autograder.grading.records import VERDICTS_FILE, Result
from autograder.sandbox import LIMITS
from examples import build
from examples.records import Student, Work
from examples.students import STUDENTS
from softmax_by_hand import CATALOGUE, EXERCISES

PROBLEM_SETS = ("ps1", "ps2", "ps3", "ps4", "ps5")
STUB = 'def f(x):\n    "What f is."\n    raise NotImplementedError("not written yet")'
REGRADED = ("broken-exit", "hostile-protocol", "seed-a", "seed-b", "wrong-axis")

needs_links = pytest.mark.skipif(
    sys.platform == "win32", reason="a checkout on Windows has a text file for the link"
)


def submissions() -> dict[tuple[str, str], Work]:
    return {
        (student.name, problem_set): work for _, student, problem_set, work in build.submissions()
    }


def tree(folder: Path) -> dict[str, bytes | str]:
    """What a folder holds: the bytes of each file, the target of each link."""
    return {
        path.relative_to(folder).as_posix(): (
            str(path.readlink()) if path.is_symlink() else path.read_bytes()
        )
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


# --- What is handed in ------------------------------------------------------------------------


@needs_links
def test_the_submissions_in_the_repository_are_those_that_build_makes(tmp_path):
    build.build(ROOT / "release", tmp_path / "submitted")
    made, kept = tree(tmp_path / "submitted"), tree(ROOT / "examples" / "submitted")
    assert sorted(made) == sorted(kept), "run `make examples`"
    assert [name for name in made if made[name] != kept[name]] == [], "run `make examples`"


def test_the_table_in_the_repository_is_the_one_that_build_makes():
    kept = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert kept == build.readme(), "run `make examples`"


def test_every_answers_file_belongs_to_a_student():
    names = {student.name for student in STUDENTS}
    assert len(names) == len(STUDENTS)
    assert {path.stem for path in (ROOT / "examples" / "answers").glob("*.py")} <= names


def test_every_expected_mistake_is_in_the_catalogue():
    for (student, problem_set), work in submissions().items():
        for exercise, names in work.mistakes.items():
            known = {mistake.name for mistake in EXERCISES[exercise].misconceptions}
            assert set(names) <= known, (student, exercise)
            assert EXERCISES[exercise] in CATALOGUE.assignments[problem_set], (student, exercise)


def test_each_seed_must_show_at_least_four_mistakes_by_name():
    for student in STUDENTS:
        if student.name.startswith("seed-"):
            named = [
                name for work in student.work.values() for name in sum(work.mistakes.values(), ())
            ]
            assert len(named) >= 4


def test_an_answer_keeps_the_docstring_of_its_stub():
    filled = build.fill(STUB, "def f(x):\n    return x")
    assert filled == 'def f(x):\n    "What f is."\n    return x'


@pytest.mark.parametrize(
    "text",
    [
        "def f(x):\n  return x",
        "def f(x, y):\n    return x",
        "import math\n\n\ndef f(x):\n    return x",
    ],
    ids=["indented otherwise", "other arguments", "something above"],
)
def test_an_answer_of_another_form_replaces_its_stub(text):
    assert build.fill(STUB, text) == text


def released(*names: str) -> NotebookNode:
    cells = [
        v4.new_code_cell("pass", id=name, metadata={"nbgrader": {"grade_id": name}})
        for name in names
    ]
    return v4.new_notebook(cells=cells)


def test_own_cells_follow_the_cell_that_they_are_for():
    answers = [build.Answer("ps1", "softmax", True, text) for text in ("one", "two")]
    notebook = build.hand_in(released("softmax", "cce"), answers)
    assert [cell.source for cell in notebook.cells] == ["pass", "one", "two", "pass"]
    assert len({cell.id for cell in notebook.cells}) == 4


def test_an_answer_to_no_cell_is_refused_by_name():
    with pytest.raises(KeyError, match="no cell sofmax"):
        build.hand_in(released("softmax"), [build.Answer("ps1", "sofmax", False, "pass")])


def test_a_marker_with_a_slip_is_refused_by_name(tmp_path):
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / "somebody.py").write_text("# %% ps1, softmax\npass\n")
    with pytest.raises(ValueError, match="'# %% ps1, softmax'"):
        build.answers_of("somebody", tmp_path)


# --- What it scores ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with all problem sets released and nothing handed in."""
    need_isolation()
    folder = released_course(tmp_path_factory.mktemp("course"), PROBLEM_SETS)
    (folder / SECRET_FILE).write_text("0" * 64)
    return folder


@pytest.mark.parametrize("name", PROBLEM_SETS)
def test_what_is_released_is_what_the_repository_has(course, name):
    """That one is proved: its stubs are run by `test_notebooks`, its files by `test_reach`."""
    made, kept = (tree(folder / "release" / name) for folder in (course, ROOT))
    assert made == kept, "run `autograder release`"


def hand_in(course: Path, students: Iterable[Student], into: Path) -> Path:
    """Return a copy of a course into which these students have handed in."""
    shutil.copytree(course, into, dirs_exist_ok=True)
    for student in students:
        copied(ROOT / "examples" / "submitted" / student.name, into / "submitted" / student.name)
    return into


def grade(course: Path, workers: int) -> list[Result]:
    return list(ClassGrading(course, PROBLEM_SETS, [], "bwrap", LIMITS, False).run(workers))


def record(course: Path, student: str, problem_set: str) -> Mapping[str, Any]:
    path = course / "autograded" / student / problem_set / VERDICTS_FILE
    return json.loads(path.read_text(encoding="utf-8"))


def named(verdicts: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Return the names of the mistakes that were found, by exercise."""
    found: dict[str, dict[str, None]] = {}
    for verdict in verdicts:
        names = [finding["misconception"] for finding in verdict["findings"]]
        found[verdict["exercise"]] = dict.fromkeys(filter(None, names))
    return {exercise: tuple(names) for exercise, names in found.items() if names}


def differences(course: Path, results: Sequence[Result]) -> list[str]:
    """Return a line for each thing that is not as `examples.students` has it."""
    lines = []
    expected = submissions()
    missing = set(expected) - {(result.student, result.assignment) for result in results}
    lines += [f"{student} {problem_set}: not graded" for student, problem_set in sorted(missing)]
    for result in results:
        who, work = (result.student, result.assignment), expected[result.student, result.assignment]
        if result.trouble is not None or work.points is None:
            trouble = str(result.trouble)
            if work.points is not None or not all(text in trouble for text in work.said):
                lines.append(f"{who}: {trouble}")
            continue
        seen = record(course, *who)
        mistakes = named(seen["verdicts"])
        said = " ".join((*seen["remarks"], *seen["repairs"]))
        if result.points != work.points:
            earned = {verdict["exercise"]: verdict["points"] for verdict in seen["verdicts"]}
            lines.append(f"{who}: {result.points:g}, not {work.points:g} points: {earned}")
        if mistakes != dict(work.mistakes):
            lines.append(f"{who}: named {mistakes}, not {dict(work.mistakes)}")
        lines += [
            f"{who}: nothing said of {text!r}: {said}" for text in work.said if text not in said
        ]
    return lines


def recorded_points(course: Path) -> dict[tuple[str, str], float]:
    """Return what nbgrader's own tables hold: the sum of each submission's automatic points."""
    rows = sql(
        course,
        "SELECT a.student_id, m.name, SUM(g.auto_score) FROM grade g"
        " JOIN submitted_notebook n ON g.notebook_id = n.id"
        " JOIN submitted_assignment a ON n.assignment_id = a.id"
        " JOIN assignment m ON a.assignment_id = m.id GROUP BY a.id",
    )
    return {(student, assignment): points for student, assignment, points in rows}


def solution_lines(problem_set: str) -> set[str]:
    """Return lines of the solutions that no student of the class would write by chance."""
    lines, public = set(), ""
    text = (ROOT / "source" / problem_set / f"{problem_set}.ipynb").read_text(encoding="utf-8")
    for cell in v4.reads(text).cells:
        before, begin, rest = cell.source.partition("### BEGIN SOLUTION")
        region = rest.partition("### END SOLUTION")[0] if begin else ""
        lines |= {line.strip() for line in region.splitlines() if len(line.strip()) > 50}
        public += "" if begin else before
    return {line for line in lines if line not in public}


@pytest.fixture(scope="module")
def graded(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course after the whole class was graded, once, because it takes its time."""
    class_course = hand_in(course, STUDENTS, tmp_path_factory.mktemp("class") / "course")
    before = tree(class_course / "source") | tree(class_course / "release")
    assert differences(class_course, grade(class_course, workers=2)) == []
    assert tree(class_course / "source") | tree(class_course / "release") == before
    return class_course


@needs_links
def test_the_class_scores_what_the_table_says_and_takes_nothing(graded):
    assert recorded_points(graded) == {
        who: work.points for who, work in submissions().items() if work.points is not None
    }
    assert sql(graded, "SELECT sql FROM sqlite_master WHERE type = 'trigger'") == []
    for problem_set in PROBLEM_SETS:
        solutions = solution_lines(problem_set)
        assert solutions
        for path in (graded / "autograded").glob(f"*/{problem_set}/*.ipynb"):
            text = path.read_text(encoding="utf-8")
            assert [line for line in solutions if line in text] == [], path


@needs_links
def test_a_forced_second_grading_gives_the_same_bytes(graded, tmp_path):
    work = {student.name: student.work for student in STUDENTS}
    small = copied(graded, tmp_path / "course")
    for folder in (small / "submitted").iterdir():
        if folder.name not in REGRADED:
            shutil.rmtree(folder)
    paths = [path for name in REGRADED for path in (small / "autograded" / name).rglob("*")]
    first = {path: path.read_bytes() for path in paths if path.name == VERDICTS_FILE}
    assert len(first) == sum(len(work[name]) for name in REGRADED)
    for path in first:
        path.unlink()
    results = list(ClassGrading(small, PROBLEM_SETS, [], "bwrap", LIMITS, True).run(1))
    assert len(results) == len(first)
    assert all(result.fresh and result.trouble is None for result in results)
    assert {path: path.read_bytes() for path in first} == first
