"""The gradebook holds what nbgrader itself would have written, or nothing and a reason."""

from __future__ import annotations

import copy
import datetime
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader import api, utils
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, SaveAutoGrades
from sqlalchemy import event
from traitlets.config import Config

from autograder.assignment import MasterCell, master_of
from autograder.course import CourseError
from autograder.gradebook import (
    GradebookError,
    GradebookStore,
    GradedCell,
    GradedSubmission,
    cells_of,
)

STUB = 'def double(x):\n    raise NotImplementedError("not written yet")'
DUE = datetime.datetime(2025, 1, 10, 12)
BEFORE, LATE = datetime.datetime(2025, 1, 9, 8, 30), datetime.datetime(2025, 1, 11, 12)


def owned(name: str, **settings: Any) -> dict[str, Any]:
    flags = {"grade": False, "solution": False, "locked": False, "task": False} | settings
    return {"nbgrader": {"grade_id": name, "schema_version": 3, **flags}}


def released() -> NotebookNode:
    """A release with a check worth 8, a check worth 3 and a written answer worth 4."""
    cells = [
        new_code_cell("import numpy", metadata=owned("setup", locked=True)),
        new_code_cell(STUB, metadata=owned("double", solution=True)),
        new_code_cell("check(double)", metadata=owned("grade_double", **graded(8))),
        new_code_cell("check(double)", metadata=owned("grade_again", **graded(3))),
        new_markdown_cell("Why?", metadata=owned("why", grade=True, solution=True, points=4)),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
        cell.metadata.nbgrader["checksum"] = utils.compute_checksum(cell)
        cell.metadata.nbgrader["cell_type"] = cell.cell_type
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def graded(points: float) -> dict[str, Any]:
    return {"grade": True, "locked": True, "points": points}


def submission(
    double: float | str, again: float | str, solved: bool = True, answer: str = "Because."
) -> NotebookNode:
    """A graded notebook: a number of points, or a trouble, for each check."""
    notebook = copy.deepcopy(released())
    if solved:
        notebook.cells[1].source = "def double(x):\n    return 2 * x"
    notebook.cells[4].source = answer
    for cell, result in zip(notebook.cells[2:4], (double, again), strict=True):
        if isinstance(result, str):
            cell.outputs = [new_output("error", ename=result, evalue="", traceback=[])]
        else:
            card = new_output("display_data", {"text/plain": "a card"})
            points = new_output("execute_result", {"text/plain": repr(result)}, execution_count=1)
            cell.outputs = [card, points]
    return notebook


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook as `nbgrader generate_assignment` fills it."""
    path = tmp_path_factory.mktemp("template") / "gradebook.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "get_alembic_version", lambda: "e43177bfe90b")  # starts a program
        gradebook = api.Gradebook(f"sqlite:///{path}")
    with gradebook:
        gradebook.add_assignment("ps1", duedate=DUE)
        gradebook.add_notebook("ps1", "ps1")
        for cell in released().cells:
            data = cell.metadata.nbgrader
            where = (data.grade_id, "ps1", "ps1")
            if data.grade:
                gradebook.add_grade_cell(*where, max_score=data.points, cell_type=cell.cell_type)
            if data.solution:
                gradebook.add_solution_cell(*where)
            gradebook.add_source_cell(
                *where,
                source=cell.source,
                cell_type=cell.cell_type,
                checksum=data.checksum,
                locked=utils.is_locked(cell),
            )
    return path


@pytest.fixture
def course(template: Path, tmp_path: Path) -> Path:
    shutil.copy(template, tmp_path / "gradebook.db")
    return tmp_path


@pytest.fixture
def store(course: Path) -> Iterator[GradebookStore]:
    with GradebookStore.open(address(course), busy_seconds=0.2) as opened:
        yield opened


def address(course: Path) -> str:
    return f"sqlite:///{course / 'gradebook.db'}"


def query(course: Path, text: str, *values: object) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(course / "gradebook.db")
    try:
        with connection:
            return connection.execute(text, values).fetchall()
    finally:
        connection.close()


def every_row(course: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that is stored of submissions, without the random ids."""
    whose = """JOIN submitted_assignment a ON a.id = n.assignment_id
        JOIN notebook m ON m.id = n.notebook_id"""
    cell = f"""JOIN base_cell b ON b.id = c.cell_id
        JOIN submitted_notebook n ON n.id = c.notebook_id {whose}"""
    named = "a.student_id, m.name"
    return {
        "student": query(course, "SELECT * FROM student ORDER BY id"),
        "submitted_assignment": query(
            course,
            "SELECT student_id, m.name, timestamp, extension FROM submitted_assignment a "
            "JOIN assignment m ON m.id = a.assignment_id ORDER BY 1",
        ),
        "submitted_notebook": query(
            course,
            f"SELECT {named}, flagged, late_submission_penalty "
            f"FROM submitted_notebook n {whose} ORDER BY 1",
        ),
        "grade": query(
            course,
            f"SELECT {named}, b.name, b.type, auto_score, manual_score, extra_credit, "
            f"needs_manual_grade FROM grade c {cell} ORDER BY 1, 2, 3",
        ),
        "comment": query(
            course,
            f"SELECT {named}, b.name, b.type, auto_comment, manual_comment "
            f"FROM comment c {cell} ORDER BY 1, 2, 3",
        ),
    }


# --- The same as nbgrader ----------------------------------------------------

FIRST = {
    "all right": (submission(8.0, 3.0), BEFORE),
    "partial": (submission(2.5, 0.0), LATE),
    "crashed": (submission("ValueError", "MemoryError"), None),
    "nothing": (submission("NotImplementedError", "x", solved=False, answer="Why?"), LATE),
}
SECOND = {
    "all right": (submission(1.0, 3.0), LATE),
    "partial": (submission(8.0, 3.0), BEFORE),
    "crashed": (submission(5.0, 3.0, answer="Why?"), None),
    "newcomer": (submission(8.0, 3.0), BEFORE),
}


def nbgrader_grades(
    course: Path, work: dict[str, tuple[NotebookNode, datetime.datetime | None]], penalty: str
) -> None:
    """Let nbgrader's own Autograde store notebooks whose outputs are there already."""
    for student, (notebook, time) in work.items():
        folder = course / "submitted" / student / "ps1"
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, folder / "ps1.ipynb")
        if time is not None:
            (folder / "timestamp.txt").write_text(f"{time} UTC")
    config = Config()
    config.CourseDirectory.root = str(course)
    config.CourseDirectory.assignment_id = "ps1"
    config.Autograde.sanitize_preprocessors = [CheckCellMetadata]
    config.Autograde.autograde_preprocessors = [SaveAutoGrades, AssignLatePenalties]
    config.Autograde.force = True
    config.LateSubmissionPlugin.penalty_method = penalty
    for student in work:
        config.CourseDirectory.student_id = student
        Autograde(coursedir=CourseDirectory(config=config), config=config).start()


def we_grade(
    course: Path, work: dict[str, tuple[NotebookNode, datetime.datetime | None]], penalty: str
) -> None:
    plugin = LateSubmissionPlugin(penalty_method=penalty)
    with GradebookStore.open(address(course)) as store:
        store.write(
            [
                GradedSubmission.of(student, "ps1", "ps1", time, notebook)
                for student, (notebook, time) in work.items()
            ],
            None if penalty == "none" else plugin.late_submission_penalty,
        )


def a_person_grades(course: Path) -> None:
    grades = """UPDATE grade SET manual_score = ?, extra_credit = ?, needs_manual_grade = 0
        WHERE cell_id = (SELECT id FROM base_cell WHERE name = ? AND type = 'GradeCell')"""
    query(course, grades, 3.5, None, "why")
    query(course, grades, None, 0.5, "grade_again")
    query(course, "UPDATE comment SET manual_comment = 'Well said.' WHERE auto_comment IS NULL")
    query(course, "UPDATE submitted_notebook SET flagged = 1")


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # of nbgrader's own
@pytest.mark.parametrize("penalty", ["none", "zero"])
def test_every_row_is_as_nbgrader_itself_writes_it(
    template: Path, tmp_path: Path, penalty: str
) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    for course in (theirs, ours):
        course.mkdir()
        shutil.copy(template, course / "gradebook.db")
    for work in (FIRST, SECOND):
        nbgrader_grades(theirs, work, penalty)
        we_grade(ours, work, penalty)
        assert every_row(ours) == every_row(theirs)
        a_person_grades(theirs)
        a_person_grades(ours)


def test_a_regrade_keeps_what_a_person_gave_and_asks_for_another_look(
    course: Path, store: GradebookStore
) -> None:
    result = GradedSubmission.of("ada", "ps1", "ps1", BEFORE, submission(8.0, 3.0))
    store.write([result])
    a_person_grades(course)
    store.write([result])
    assert query(
        course,
        "SELECT auto_score, manual_score, needs_manual_grade FROM grade WHERE manual_score > 0",
    ) == [(None, 3.5, 1)]
    assert query(course, "SELECT COUNT(*) FROM comment WHERE manual_comment = 'Well said.'") == [
        (2,)
    ]
    assert query(course, "SELECT SUM(extra_credit) FROM grade") == [(0.5,)]


def test_formgraders_sums_come_out_of_what_is_written(course: Path, store: GradebookStore) -> None:
    store.write([GradedSubmission.of("ada", "ps1", "ps1", BEFORE, submission(2.5, 3.0))])
    with api.Gradebook(address(course)) as gradebook:
        stored = gradebook.find_submission("ps1", "ada")
        assert (stored.score, stored.max_score, stored.needs_manual_grade) == (5.5, 15.0, True)
        notebook = gradebook.find_submission_notebook("ps1", "ps1", "ada")
        failed = {grade.name for grade in notebook.grades if grade.failed_tests}
        assert failed == {"grade_double"}
        assert gradebook.submission_dicts("ps1")[0]["score"] == 5.5


# --- Reading -----------------------------------------------------------------


def test_the_master_cells_are_those_of_the_release(store: GradebookStore) -> None:
    assert store.notebooks("ps1") == ["ps1"]
    assert store.master_cells("ps1", "ps1") == master_of(released())


def test_it_knows_who_has_been_graded(store: GradebookStore) -> None:
    assert store.graded_students("ps1") == set()
    store.write([GradedSubmission("ada", "ps1", "ps1", None, {})])
    assert store.graded_students("ps1") == {"ada"}


def test_points_and_comments_are_read_as_nbgrader_reads_them() -> None:
    assert cells_of(submission(2.5, "ValueError")) == {
        "double": GradedCell(),
        "grade_double": GradedCell(2.5),
        "grade_again": GradedCell(0.0),
        "why": GradedCell(None, needs_manual=True),
    }
    untouched = cells_of(submission(0.0, 0.0, solved=False, answer="Why?"))
    assert untouched["why"] == GradedCell(0.0, comment="No response.")
    assert untouched["double"] == GradedCell(comment="No response.")


# --- Writing -----------------------------------------------------------------


def test_what_was_not_graded_gets_zero_and_needs_nobody(
    course: Path, store: GradebookStore
) -> None:
    store.write([GradedSubmission("ada", "ps1", "ps1", None, {})])
    rows = query(course, "SELECT auto_score, needs_manual_grade FROM grade")
    assert rows == [(0.0, 0)] * 3


def test_a_person_can_be_asked_to_look_at_a_scored_cell(
    course: Path, store: GradebookStore
) -> None:
    cells = {"grade_double": GradedCell(1.0, needs_manual=True)}
    store.write([GradedSubmission("ada", "ps1", "ps1", None, cells)])
    rows = query(course, "SELECT auto_score FROM grade WHERE needs_manual_grade")
    assert rows == [(1.0,)]


def test_writing_twice_leaves_one_of_each(course: Path, store: GradebookStore) -> None:
    results = [GradedSubmission(name, "ps1", "ps1", None, {}) for name in ("ada", "bo")]
    store.write(results)
    once = every_row(course)
    store.write(results)
    store.write([])
    assert every_row(course) == once


def test_a_later_submission_without_a_time_keeps_the_known_one(
    course: Path, store: GradebookStore
) -> None:
    store.write([GradedSubmission("ada", "ps1", "ps1", BEFORE, {})])
    store.write([GradedSubmission("ada", "ps1", "ps1", None, {})])
    rows = query(course, "SELECT timestamp FROM submitted_assignment")
    assert rows == [("2025-01-09 08:30:00.000000",)]


def test_an_extension_counts_before_a_penalty(course: Path, store: GradebookStore) -> None:
    result = GradedSubmission.of("ada", "ps1", "ps1", LATE, submission(8.0, 3.0))
    seconds: list[float] = []

    def take_more_than_there_is(student: str, score: float, late: float) -> float:
        seconds.append(late)
        return score + 1

    store.write([result], take_more_than_there_is)
    rows = query(course, "SELECT late_submission_penalty FROM submitted_notebook")
    assert rows == [(11.0,)]
    with api.Gradebook(address(course)) as gradebook:
        gradebook.grant_extension("ps1", "ada", days=2)
    store.write([result], take_more_than_there_is)
    assert query(course, "SELECT late_submission_penalty FROM submitted_notebook") == [(None,)]
    assert seconds == [24 * 3600.0]


# --- Unhappy paths -----------------------------------------------------------


def refused(course: Path, store: GradebookStore, *results: GradedSubmission) -> str:
    """Return why a batch was refused, once it is sure that nothing was written."""
    before = every_row(course)
    good = GradedSubmission("good", "ps1", "ps1", None, {})
    with pytest.raises(GradebookError) as error:
        store.write([good, *results])
    assert every_row(course) == before
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_missing_gradebook_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="run `autograder release`"):
        GradebookStore.open(address(tmp_path))
    assert not list(tmp_path.iterdir())


def test_an_assignment_that_was_not_released_says_what_to_run(
    course: Path, store: GradebookStore
) -> None:
    for call in (store.notebooks, store.graded_students):
        with pytest.raises(GradebookError, match="run `autograder release ps9` first"):
            call("ps9")
    with pytest.raises(GradebookError, match=r"no notebook extra .*\(there: ps1\)"):
        store.master_cells("ps1", "extra")
    unknown = GradedSubmission("ada", "ps9", "ps9", None, {})
    assert "autograder release ps9" in refused(course, store, unknown)


@pytest.mark.parametrize("score", [8.5, -0.5, float("nan"), float("inf")])
def test_impossible_points_are_refused(course: Path, store: GradebookStore, score: float) -> None:
    wrong = GradedSubmission("ada", "ps1", "ps1", None, {"grade_double": GradedCell(score)})
    assert "ada, ps1, grade_double" in refused(course, store, wrong)


def test_points_for_a_cell_that_has_none_are_refused(course: Path, store: GradebookStore) -> None:
    for name in ("double", "other"):
        wrong = GradedSubmission("ada", "ps1", "ps1", None, {name: GradedCell(1.0)})
        assert f"ada, ps1, {name}" in refused(course, store, wrong)


def test_a_locked_gradebook_says_so_and_writes_nothing(course: Path, store: GradebookStore) -> None:
    other = sqlite3.connect(course / "gradebook.db", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        assert "another program is writing" in refused(course, store)
    finally:
        other.close()
    store.write([GradedSubmission("ada", "ps1", "ps1", None, {})])


@pytest.mark.parametrize(
    ("pragma", "says"),
    [("query_only = ON", "read-only"), ("max_page_count = 1", "the disk is full")],
)
def test_what_the_disk_refuses_is_said_and_nothing_written(
    course: Path, store: GradebookStore, pragma: str, says: str
) -> None:
    @event.listens_for(store._gradebook.engine, "checkout")
    def limit(connection: Any, record: Any, proxy: Any) -> None:
        connection.execute(f"PRAGMA {pragma}")

    many = [GradedSubmission(f"{n:0200}", "ps1", "ps1", None, {}) for n in range(500)]
    assert says in refused(course, store, *many)


def test_a_failure_halfway_leaves_nothing_behind(course: Path, store: GradebookStore) -> None:
    query(
        course,
        "CREATE TRIGGER stop BEFORE UPDATE ON comment BEGIN SELECT RAISE(ABORT, 'stop'); END",
    )
    assert "nothing was written" in refused(course, store)


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "gradebook.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(GradebookError, match="put a backup in its place"):
        GradebookStore.open(address(tmp_path))


def test_a_gradebook_of_another_nbgrader_is_said_to_be_one(course: Path) -> None:
    query(course, "ALTER TABLE assignment DROP COLUMN duedate")
    with (
        GradebookStore.open(address(course)) as store,
        pytest.raises(GradebookError, match="nbgrader db upgrade"),
    ):
        store.notebooks("ps1")


@pytest.mark.parametrize("wrong", ["nonsense", "nosuch://x", ""])
def test_an_address_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(GradebookError, match="database URL"):
        GradebookStore.open(wrong)


def test_a_master_cell_has_nbgraders_metadata() -> None:
    cell = released().cells[2]
    master = MasterCell("grade_double", "code", "", 8.0, grade=True, locked=True)
    assert master.nbgrader.items() <= dict(cell.metadata.nbgrader).items()
