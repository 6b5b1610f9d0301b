"""Assignments as nbgrader has them: tests by asserts, several notebooks, data beside them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import nbformat
import nbgrader
import pytest
from classes import copied
from classes import hand_in as classes_hand_in
from commanding import run
from nbformat.v4 import new_markdown_cell
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateFeedback
from plain import (
    KERNEL,
    RIGHT,
    SQUARES,
    WRONG,
    asserting,
    hand_in,
    marks,
    notebook_of,
    owned,
    plain_course,
    write,
)
from seen import Seen
from traitlets.config import Config, PyFileConfigLoader

from autograder.course.folder import CourseError
from autograder.release.release import release

TOTAL = "def total():\n    return sum(int(x) for x in open('data/numbers.txt'))"
POINTS = {
    "ann": {"seen": 1, "hidden": 3, "partial": 2, "raises": 2, "shown": None, "why": None},
    "bob": {"seen": 1, "hidden": 0, "partial": 1.5, "raises": 0, "shown": 0, "why": 0},
    "cem": {"seen": 0, "hidden": 0, "partial": 0, "raises": 0, "shown": 0, "why": 0},
}
TWO = {
    "ann": {"first/same": 2, "second/same": 3},
    "bob": {"first/same": 0, "second/same": 3},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose assignments are released and handed in; nothing is graded."""
    course = plain_course(tmp_path_factory.mktemp("plain") / "course")
    release(course, ["squares", "two"])
    work = {"squares": RIGHT, "why": "Because so.", "shown": "print(squares(4))"}
    hand_in(course, "ann", "squares", **work)
    hand_in(course, "bob", "squares", squares=WRONG)
    hand_in(course, "cem", "squares")
    hand_in(course, "ann", "two", total=TOTAL, four_times="def four_times(x): return double(x) * 2")
    folder = hand_in(course, "bob", "two", four_times="def four_times(x): return 4 * x")
    # What lies beside the release is the course's, whatever a student sent.
    (folder / "data/numbers.txt").write_text("1\n")
    (folder / "helper.py").write_text("def double(x): return 1")
    return course


@pytest.fixture(scope="module")
def graded(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same course, graded by one command."""
    course = copied(made, tmp_path_factory.mktemp("graded") / "course")
    code, output, said = run("grade", "squares", "two", "--jobs", 1, "--course", course)
    assert (code, said) == (0, ""), output
    return course


@pytest.fixture(autouse=True)
def _in_one_process(in_process: None, in_this_process: None) -> None:
    """Only what `graded` holds is done by a worker with a sandbox of its own."""


def by_nbgrader(course: Path, step: Any, assignment: str) -> None:
    """Do one of nbgrader's steps, as its command and Formgrader's button do."""
    config = Config(PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config())
    config.CourseDirectory.root = str(course)
    config.CourseDirectory.assignment_id = assignment
    from nbgrader.coursedir import CourseDirectory

    step(coursedir=CourseDirectory(config=config), config=config).start()


def expected() -> dict[str, dict[str, dict[str, Any]]]:
    squares = {
        student: {f"squares/{name}": points for name, points in {**some, "drawn": None}.items()}
        for student, some in POINTS.items()
    }
    return {"squares": squares, "two": TWO}


def test_a_class_is_graded_by_one_command(graded: Path) -> None:
    assert {name: marks(graded, name) for name in ("squares", "two")} == expected()


def test_nbgraders_own_road_gives_the_same_points_and_history(graded: Path, made: Path) -> None:
    course = copied(made, made.parent / "by-nbgrader")
    for name in ("squares", "two"):
        by_nbgrader(course, Autograde, name)
    assert {name: marks(course, name) for name in ("squares", "two")} == expected()
    told = [run("history", "ann", "--course", one)[1].splitlines() for one in (graded, course)]
    assert [line[20:] for line in told[0]] == [line[20:] for line in told[1]]
    reports = []
    for one in (graded, course):
        assert (
            run("report", "two", "squares", "--names", "--format", "json", "--course", one)[0] == 0
        )
        reports.append(
            [
                {**json.loads((one / f"reports/{name}.json").read_text()), "seconds": None}
                for name in ("two", "squares")
            ]
        )
    assert reports[0] == reports[1]


def test_what_is_graded_is_known_and_a_changed_notebook_is_graded_anew(graded: Path) -> None:
    course = copied(graded, graded.parent / "again")
    assert "0 graded, 5 unchanged" in run("grade", "squares", "two", "--course", course)[1]
    path = course / "submitted/bob/two/first.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0 if notebook.cells[0].id == "total" else 1].source = TOTAL
    nbformat.write(notebook, path)
    output = run("grade", "two", "--jobs", 1, "--course", course)[1]
    assert "bob two 3 -> 5: first/same 0 -> 2" in output
    assert "1 graded, 1 unchanged" in output


def test_the_report_names_cells_by_notebook(graded: Path) -> None:
    assert run("report", "two", "--format", "json", "--course", graded)[0] == 0
    report = json.loads((graded / "reports/two.json").read_text())
    assert [row["exercise"] for row in report["exercises"]] == ["first/same", "second/same"]
    assert [row["mean"] for row in report["exercises"]] == [1, 3]


def test_each_notebook_has_a_page_by_either_road(graded: Path) -> None:
    course = copied(graded, graded.parent / "pages")
    assert run("feedback", "two", "squares", "--jobs", 1, "--course", course)[0] == 0
    pages = sorted(path.name for path in (course / "feedback/bob/two").glob("*"))
    assert pages == ["first.html", "second.html"]
    ours = (course / "feedback/bob/two/first.html").read_text()
    assert "Feedback on two, first" in ours
    shutil.rmtree(course / "feedback")
    by_nbgrader(course, GenerateFeedback, "two")
    assert (course / "feedback/bob/two/first.html").read_text() == ours


def test_feedback_says_what_failed_and_nothing_that_is_hidden(graded: Path) -> None:
    assert run("feedback", "squares", "--jobs", 1, "--course", graded)[0] == 0
    page = (graded / "feedback/bob/squares/squares.html").read_text()
    text = Seen(page).text
    assert "a hidden test fails (AssertionError)" in text
    assert "squares(0) did not raise" in text
    assert "assert squares(2) == [1, 4]" in text
    for secret in ("eleven", "121", "HIDDEN TESTS", "MARK SCHEME", "Axes: 3"):
        assert secret not in page


def test_what_is_hidden_is_no_edit(graded: Path) -> None:
    for student in ("ann", "bob", "cem"):
        kept = json.loads((graded / f"autograded/{student}/squares/verdicts.json").read_text())
        assert (kept["repairs"], kept["remarks"]) == ([], [])


def test_an_edited_test_cell_is_told_and_restored(made: Path, tmp_path: Path) -> None:
    course = copied(made, tmp_path / "course")
    hand_in(course, "dan", "squares", squares=WRONG, hidden="assert True")
    assert run("grade", "squares", "--student", "dan", "--course", course)[0] == 0
    kept = json.loads((course / "autograded/dan/squares/verdicts.json").read_text())
    assert kept["repairs"] == ["The cell hidden had been edited; the original is back."]
    assert marks(course, "squares")["dan"]["squares/hidden"] == 0


def test_one_notebook_that_is_missing_costs_its_own_points_only(made: Path, tmp_path: Path) -> None:
    course = copied(made, tmp_path / "course")
    (course / "submitted/ann/two/first.ipynb").unlink()
    assert run("grade", "two", "--student", "ann", "--course", course)[0] == 0
    assert marks(course, "two")["ann"] == {"first/same": 0, "second/same": 3}
    kept = json.loads((course / "autograded/ann/two/verdicts.json").read_text())
    assert kept["remarks"] == ["first: No notebook first.ipynb was handed in."]


def test_a_warning_costs_no_points(made: Path, tmp_path: Path) -> None:
    course = copied(made, tmp_path / "course")
    warns = "import warnings\n" + RIGHT.replace("    if", "    warnings.warn('slow')\n    if")
    hand_in(course, "dan", "squares", squares=warns)
    assert run("grade", "squares", "--student", "dan", "--course", course)[0] == 0
    assert marks(course, "squares")["dan"]["squares/hidden"] == 3


def test_a_number_that_is_too_large_gives_all_points(tmp_path: Path) -> None:
    course = plain_course(tmp_path / "course")
    write(course / "source/hw/hw.ipynb", notebook_of(asserting("3 + 4", "gives_seven", 2)))
    release(course, ["hw"])
    hand_in(course, "ann", "hw")
    assert run("grade", "hw", "--course", course)[0] == 0
    assert marks(course, "hw")["ann"] == {"hw/gives_seven": 2}


# --- What can be released -------------------------------------------------------------------------


def test_another_language_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    course = plain_course(tmp_path / "course")
    kernel = {"name": "ir", "language": "R", "display_name": "R"}
    cells = asserting("stopifnot(TRUE)", "one", 1)
    write(course / "source/stats/stats.ipynb", notebook_of(cells, kernel=kernel))
    with pytest.raises(
        CourseError, match=r"stats\.ipynb: it is in R, .*`nbgrader autograde stats`"
    ):
        release(course, ["stats"])
    assert not (course / "release").exists()


def test_another_language_is_refused_before_anything_is_graded(made: Path, tmp_path: Path) -> None:
    course = copied(made, tmp_path / "course")
    path = course / "release/two/second.ipynb"
    content = json.loads(path.read_text())
    content["metadata"]["kernelspec"] = {"name": "ir", "language": "R", "display_name": "R"}
    path.write_text(json.dumps(content))
    code, output, said = run("grade", "two", "--course", course)
    assert (code, output) == (2, "")
    assert "second.ipynb: it is in R, " in said
    assert "`nbgrader autograde two`" in said


@pytest.mark.parametrize("version", ["v0", "v1", "v2"])
def test_older_notebooks_of_nbgraders_are_released_as_they_are(
    tmp_path: Path, version: str
) -> None:
    course = plain_course(tmp_path / "course")
    files = Path(nbgrader.__file__).parent / "tests/apps/files"
    (course / "source/old").mkdir()
    shutil.copy(files / f"test-{version}.ipynb", course / "source/old")
    before = (course / f"source/old/test-{version}.ipynb").read_bytes()
    (made,) = release(course, ["old"]).released
    assert (made.auto_points, made.written_points) == (3, 3)
    assert (course / f"source/old/test-{version}.ipynb").read_bytes() == before


def test_a_check_of_the_courses_own_is_a_test_like_any_other(tmp_path: Path) -> None:
    course = plain_course(tmp_path / "course")
    (course / "source/hw").mkdir()
    (course / "source/hw/checks.py").write_text("def check(f):\n    assert f(1) == 2\n")
    cells = (
        owned("from checks import check as verify", "setup", locked=True),
        owned(
            "def f(x):\n    ### BEGIN SOLUTION\n    return x + 1\n    ### END SOLUTION",
            "f",
            solution=True,
        ),
        asserting("verify(f)", "grade_f", 1),
    )
    write(course / "source/hw/hw.ipynb", notebook_of(*cells, kernel={**KERNEL, "name": "python"}))
    release(course, ["hw"])
    hand_in(course, "ann", "hw", f="def f(x): return x + 1")
    hand_in(course, "bob", "hw", f="def f(x): return x")
    assert run("grade", "hw", "--course", course)[0] == 0
    assert marks(course, "hw") == {"ann": {"hw/grade_f": 1}, "bob": {"hw/grade_f": 0}}


def test_a_notebook_that_only_the_gradebook_has_is_told(made: Path, tmp_path: Path) -> None:
    course = copied(made, tmp_path / "course")
    (course / "release/two/second.ipynb").unlink()
    code, _, said = run("grade", "two", "--course", course)
    assert code == 2
    assert "two: only the gradebook has second.ipynb: run `autograder release two`" in said


# --- What is asserted inside ----------------------------------------------------------------------

LOOKS = "assert squares.__code__.co_argcount == 1"


@pytest.mark.parametrize(
    ("rule", "points", "page"),
    [
        ("stand", 2, "its tests, asserted inside"),
        ("wait", None, "a person is to look at them"),
        ("refuse", 0, "which do not count in this course"),
    ],
)
def test_what_is_asserted_inside_counts_as_the_course_says(
    tmp_path: Path, rule: str, points: float | None, page: str
) -> None:
    course = plain_course(tmp_path / "course", f"c.TestCells.inside = {rule!r}\n")
    cells = (owned(SQUARES, "squares", solution=True), asserting(LOOKS, "looks", 2))
    write(course / "source/hw/hw.ipynb", notebook_of(*cells))
    release(course, ["hw"])
    hand_in(course, "ann", "hw", squares=RIGHT)
    hand_in(course, "bob", "hw", squares="def squares(): return []")
    theirs = copied(course, tmp_path / "theirs")
    code, output, _ = run("grade", "hw", "--jobs", 1, "--course", course)
    assert code == 0
    assert "asserted inside: looks" in output
    assert "fails: looks" in output
    by_nbgrader(theirs, Autograde, "hw")
    for one in (course, theirs):
        assert marks(one, "hw") == {"ann": {"hw/looks": points}, "bob": {"hw/looks": 0}}
        with Gradebook(f"sqlite:///{one / 'gradebook.db'}") as gradebook:
            said = gradebook.find_comment("squares", "hw", "hw", "ann").comment
        assert said == "Asserted inside, where student code runs: looks."
    assert run("feedback", "hw", "--jobs", 1, "--course", course)[0] == 0
    assert page in Seen((course / "feedback/ann/hw/hw.html").read_text()).text
    assert run("report", "hw", "--format", "json", "--course", course)[0] == 0
    (row,) = json.loads((course / "reports/hw.json").read_text())["exercises"]
    assert row["marked_by"] == "its tests, asserted inside"
    assert row["waiting"] == (points is None)


# --- Beside exercises of a catalogue --------------------------------------------------------------


def test_asserts_two_notebooks_and_exercises_in_one_course_by_either_road(
    course: Path, tmp_path: Path
) -> None:
    for path in plain_course(tmp_path / "plain").glob("source/*"):
        shutil.copytree(path, course / "source" / path.name)
    release(course, ["squares", "two"])
    classes_hand_in(course, "ann", "all-right")
    hand_in(course, "ann", "squares", squares=RIGHT)
    hand_in(course, "ann", "two", total=TOTAL)
    theirs = copied(course, tmp_path / "theirs")
    code, output, said = run("grade", "ps1", "squares", "two", "--jobs", 1, "--course", course)
    assert (code, said) == (0, ""), output
    for name in ("ps1", "squares", "two"):
        by_nbgrader(theirs, Autograde, name)
        assert marks(course, name) == marks(theirs, name)
    points = [
        points
        for name in ("ps1", "squares", "two")
        for points in marks(course, name)["ann"].values()
    ]
    assert sum(points or 0 for points in points) == 14 + 8 + 2


def test_release_says_of_each_test_where_it_is_judged(tmp_path: Path) -> None:
    course = plain_course(tmp_path / "course")
    cells = (
        owned(SQUARES, "squares", solution=True),
        asserting(LOOKS, "looks", 2),
        asserting("assert squares(2) == [9]", "wrong", 1),
    )
    write(course / "source/hw/hw.ipynb", notebook_of(*cells))
    code, output, said = run("release", "two", "hw", "--course", course)
    assert (code, said) == (0, "")
    assert output.splitlines()[:4] == [
        "two: first/same is judged outside",
        "two: second/same is judged outside",
        "hw: looks is asserted inside: it reads how something is written (co_argcount)",
        "hw: wrong is judged outside: its own solution does not pass it (AssertionError)",
    ]


def test_release_says_where_nbgraders_own_commands_would_grade_in_another_way(
    tmp_path: Path,
) -> None:
    path = tmp_path / "source/notes/notes.ipynb"
    write(path, notebook_of(new_markdown_cell("# Notes on squares", id="notes")))
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    code, _, said = run("release", "notes", "--course", tmp_path)
    assert code == 0
    assert "does not call `configure(c, __file__)`" in said
    # Where nothing is graded, a hand-in is found all the same.
    hand_in(tmp_path, "ann", "notes")
    assert run("grade", "notes", "--course", tmp_path)[0] == 0
