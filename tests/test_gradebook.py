"""The gradebook holds what nbgrader itself would have written, or nothing and a reason."""

from __future__ import annotations

import datetime
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from databases import (
    BEFORE,
    LATE,
    assert_nothing_is_lost,
    every_row,
    fill,
    released,
    result,
    sql,
    submission,
)
from masters import master_of
from nbformat import NotebookNode
from nbgrader import api
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, SaveAutoGrades
from sqlalchemy import Table, UniqueConstraint, event
from traitlets.config import Config

from autograder.course.assignment import MasterCell
from autograder.course.folder import CourseError
from autograder.gradebook import GradebookError, GradebookStore, tables
from autograder.gradebook.scores import read_max_score

# Loaded, it changes what nbgrader's Autograde looks for, and only in a course that is configured.
from autograder.nbgrader_plugin import copying  # noqa: F401
from autograder.submission.graded_cells import GradedCell, GradedSubmission, cells_of


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook as `nbgrader generate_assignment` fills it."""
    path = tmp_path_factory.mktemp("template") / "gradebook.db"
    fill(f"sqlite:///{path}", "ps1")
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


def put_release(course: Path) -> Path:
    folder = course / "release" / "ps1"
    folder.mkdir(parents=True)
    nbformat.write(released(), folder / "ps1.ipynb")
    return folder


# --- The same as nbgrader ----------------------------------------------------

Work = dict[str, tuple[NotebookNode, datetime.datetime | None]]
FIRST: Work = {
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


def nbgrader_grades(course: Path, work: Work, penalty: str) -> None:
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


def we_grade(course: Path, work: Work, penalty: str) -> None:
    rule = LateSubmissionPlugin(penalty_method=penalty).late_submission_penalty
    with GradebookStore.open(address(course)) as store:
        results = [result(student, time, cells_of(done)) for student, (done, time) in work.items()]
        store.write(results, None if penalty == "none" else rule)


def a_person_grades(course: Path) -> None:
    grades = """UPDATE grade SET manual_score = ?, extra_credit = ?, needs_manual_grade = 0
        WHERE cell_id = (SELECT id FROM base_cell WHERE name = ? AND type = 'GradeCell')"""
    sql(course, grades, 3.5, None, "why")
    sql(course, grades, None, 0.5, "grade_again")
    sql(course, "UPDATE comment SET manual_comment = 'Well said.' WHERE auto_comment IS NULL")
    sql(course, "UPDATE submitted_notebook SET flagged = 1")


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # of nbgrader's own
@pytest.mark.parametrize("penalty", ["none", "zero"])
def test_every_row_is_as_nbgrader_itself_writes_it(template, tmp_path, penalty):
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    for course in (theirs, ours):
        course.mkdir()
        shutil.copy(template, course / "gradebook.db")
    for work in (FIRST, SECOND):
        nbgrader_grades(theirs, work, penalty)
        we_grade(ours, work, penalty)
        assert every_row(address(ours)) == every_row(address(theirs))
        a_person_grades(theirs)
        a_person_grades(ours)


def test_a_regrade_keeps_what_a_person_gave_and_asks_for_another_look(course, store):
    work = [result("ada", BEFORE, cells_of(submission(8.0, 3.0)))]
    store.write(work)
    a_person_grades(course)
    store.write(work)
    marks = "SELECT auto_score, manual_score, needs_manual_grade FROM grade WHERE manual_score > 0"
    assert sql(course, marks) == [(None, 3.5, 1)]
    assert sql(course, "SELECT COUNT(*) FROM comment WHERE manual_comment = 'Well said.'") == [(3,)]
    assert sql(course, "SELECT SUM(extra_credit) FROM grade") == [(0.5,)]


def test_formgraders_sums_come_out_of_what_is_written(course, store):
    store.write([result("ada", BEFORE, cells_of(submission(2.5, 3.0)))])
    with api.Gradebook(address(course)) as gradebook:
        stored = gradebook.find_submission("ps1", "ada")
        assert (stored.score, stored.max_score, stored.needs_manual_grade) == (5.5, 17.0, True)
        notebook = gradebook.find_submission_notebook("ps1", "ps1", "ada")
        assert {grade.name for grade in notebook.grades if grade.failed_tests} == {"grade_double"}
        assert gradebook.submission_dicts("ps1")[0]["score"] == 5.5


def test_the_sums_of_a_class_are_nbgraders_own(course, store):
    we_grade(course, FIRST, "zero")
    a_person_grades(course)
    ours = store.scores("ps1")
    assert set(ours) == set(FIRST) < {person.id for person in store.roster()} | {"nobody"}
    with api.Gradebook(address(course)) as gradebook:
        for student, mine in ours.items():
            theirs = gradebook.find_submission("ps1", student)
            assert mine.score == theirs.score
            assert mine.final == max(0.0, theirs.score - theirs.late_submission_penalty)
            assert (mine.waits, mine.timestamp) == (theirs.needs_manual_grade, theirs.timestamp)
        with gradebook.db.connection() as connection:
            assert read_max_score(connection, "ps1") == theirs.max_score == 17.0
    assert any(score.late_penalty for score in ours.values())


def shape(table: Table) -> dict[str, Any]:
    """What a table's rows depend on, foreign keys and defaults apart."""
    columns = {c.name: (repr(c.type), c.nullable, c.primary_key) for c in table.columns}
    unique = [key for key in table.constraints if isinstance(key, UniqueConstraint)]
    return columns | {"unique": sorted(sorted(c.name for c in key.columns) for key in unique)}


def plain(shape: dict[str, Any]) -> str:
    return repr(shape).replace(", validate_strings=True", "")


@pytest.mark.parametrize("name", sorted(tables.METADATA.tables))
def test_the_tables_are_nbgraders_own(name):
    ours, theirs = tables.METADATA.tables[name], api.Base.metadata.tables[name]
    assert plain(shape(ours)) == plain(shape(theirs))


def test_the_schema_is_that_of_the_nbgrader_that_is_installed():
    from alembic.config import Config as Settings
    from alembic.script import ScriptDirectory

    settings = Settings()
    settings.set_main_option("script_location", str(Path(api.__file__).parent / "alembic"))
    settings.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(settings).get_heads() == [tables.SCHEMA]


# --- Reading -----------------------------------------------------------------


def test_the_master_cells_are_those_of_the_release(store):
    assert store.notebooks("ps1") == ["ps1"]
    by_name = sorted(master_of(released()), key=lambda cell: cell.grade_id)
    assert store.master_cells("ps1", "ps1") == by_name


def test_it_knows_who_has_been_graded(store):
    assert store.graded_students("ps1") == set()
    store.write([result()])
    assert store.graded_students("ps1") == {"ada"}


def test_the_released_cells_come_in_the_order_of_the_release(course, store):
    put_release(course)
    assert store.released_cells(course, "ps1", "ps1") == master_of(released())


@pytest.mark.parametrize(
    "damage", [b"{", b"[]", b'{"cells": 1}', b'{"cells": [{}]}', b"\xff", b"[" * 100_000, None]
)
def test_a_release_that_cannot_be_read_says_what_to_run(course, store, damage):
    release = put_release(course) / "ps1.ipynb"
    release.unlink() if damage is None else release.write_bytes(damage)
    with pytest.raises(GradebookError, match="Run `autograder release ps1`") as error:
        store.released_cells(course, "ps1", "ps1")
    assert str(release.parent) in str(error.value)


def test_a_run_begins_without_waiting_for_nbgrader_to_be_imported(course):
    put_release(course)
    code = """if True:
        import sys
        from pathlib import Path
        from autograder.submission.graded_cells import cells_of
        from autograder.gradebook import GradebookStore
        with GradebookStore.open(sys.argv[1]) as store:
            print(len(store.released_cells(Path(sys.argv[2]), "ps1", "ps1")))
            print(len(store.graded_students("ps1")))
        print(sorted({"nbgrader", "nbformat", "nbconvert", "alembic"} & set(sys.modules)))
    """
    command = [sys.executable, "-c", code, address(course), course]
    assert subprocess.check_output(command, text=True).split() == ["6", "0", "[]"]


# --- Writing -----------------------------------------------------------------


def test_what_was_not_graded_gets_zero_and_needs_nobody(course, store):
    store.write([result()])
    rows = sql(course, "SELECT auto_score, needs_manual_grade FROM grade")
    # All but the task, which is for a person.
    assert sorted(rows, key=repr) == [(0.0, 0)] * 3 + [(None, 1)]


def test_a_person_can_be_asked_to_look_at_a_scored_cell(course, store):
    store.write([result(cells={"grade_double": GradedCell(1.0, needs_manual=True)})])
    assert (1.0,) in sql(course, "SELECT auto_score FROM grade WHERE needs_manual_grade")


def test_writing_twice_leaves_one_of_each(course, store):
    results = [result(name) for name in ("ada", "bo")]
    store.write(results)
    once = every_row(address(course))
    store.write(results)
    store.write([])
    assert every_row(address(course)) == once


def test_a_later_submission_without_a_time_keeps_the_known_one(course, store):
    store.write([result(time=BEFORE)])
    store.write([result()])
    times = sql(course, "SELECT timestamp FROM submitted_assignment")
    assert times == [("2025-01-09 08:30:00.000000",)]


def test_an_extension_counts_before_a_penalty(course, store):
    work = [result("ada", LATE, cells_of(submission(8.0, 3.0)))]
    penalty = "SELECT late_submission_penalty FROM submitted_notebook"
    seconds: list[float] = []

    def take_more_than_there_is(student: str, score: float, late: float) -> float:
        seconds.append(late)
        return score + 1

    store.write(work, take_more_than_there_is)
    assert sql(course, penalty) == [(11.0,)]
    with api.Gradebook(address(course)) as gradebook:
        gradebook.grant_extension("ps1", "ada", days=2)
    store.write(work, take_more_than_there_is)
    assert sql(course, penalty) == [(None,)]
    assert seconds == [24 * 3600.0]


def statements(store: GradebookStore, results: list[GradedSubmission]) -> list[tuple[str, Any]]:
    """What is asked of the database, with the first values of each, while results are written."""
    asked: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, text: str, values: Any, ___: Any, many: bool) -> None:
        asked.append((text, values[0] if many else values))

    engine = store._database.engine
    event.listen(engine, "before_cursor_execute", note)
    store.write(results, lambda student, score, late: 0.0)
    event.remove(engine, "before_cursor_execute", note)
    return asked


def late(number: int) -> list[GradedSubmission]:
    return [result(f"student{n:03}", LATE) for n in range(number)]


def test_a_batch_takes_as_many_statements_as_one_submission(store):
    one, many = statements(store, late(1)), statements(store, late(150))
    assert [text.split()[:3] for text, _ in one] == [text.split()[:3] for text, _ in many]
    assert len(one) < 20


def test_no_statement_looks_through_the_whole_class(course, store):
    steps = [
        plan[3]
        for text, values in statements(store, late(3))
        if not text.startswith(("BEGIN", "INSERT"))
        for plan in sql(course, f"EXPLAIN QUERY PLAN {text}", *values)
    ]
    grows = r"SCAN (student|submitted_assignment|submitted_notebook|grade|comment)\b"
    assert [step for step in steps if re.match(grows, step)] == []
    assert any("SEARCH grade USING INDEX" in step for step in steps)


@pytest.mark.parametrize("assignments", [("ps1", "ps2"), ("ps1", "ps1")], ids=["two", "one"])
def test_two_programs_that_write_at_once_lose_nothing(tmp_path, assignments):
    url, alone = address(tmp_path), f"sqlite:///{tmp_path / 'alone.db'}"
    for each in (url, alone):
        fill(each, *sorted(set(assignments)))
    assert_nothing_is_lost(url, alone, *assignments)


# --- Unhappy paths -----------------------------------------------------------


def refused(course: Path, store: GradebookStore, *results: GradedSubmission) -> str:
    """Return why a batch was refused, once it is sure that nothing was written."""
    before = every_row(address(course))
    with pytest.raises(GradebookError) as error:
        store.write([result("good"), *results])
    assert every_row(address(course)) == before
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "run `autograder release`"),
        (b"", "run `autograder release`"),
        (b"not a database at all" * 100, "put a backup in its place"),
    ],
    ids=["missing", "empty", "text"],
)
def test_what_is_no_gradebook_says_what_to_do_and_is_left_alone(tmp_path, content, says):
    path = tmp_path / "gradebook.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CourseError if content is None else GradebookError, match=says):
        GradebookStore.open(address(tmp_path))
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == (
        {} if content is None else {path: content}
    )


def test_an_assignment_that_was_not_released_says_what_to_run(course, store):
    for call in (store.notebooks, store.graded_students):
        with pytest.raises(GradebookError, match="run `autograder release ps9` first"):
            call("ps9")
    with pytest.raises(GradebookError, match=r"no notebook extra .*\(there: ps1\)"):
        store.master_cells("ps1", "extra")
    assert "autograder release ps9" in refused(course, store, result(assignment="ps9"))


@pytest.mark.parametrize(
    ("cell", "score"),
    [*(("grade_double", score) for score in (8.5, -0.5, float("nan"), float("inf"))),
     ("double", 1.0), ("other", 1.0)],
)  # fmt: skip
def test_points_that_cannot_be_are_refused_and_the_cell_named(course, store, cell, score):
    assert f"ada, ps1, {cell}" in refused(course, store, result(cells={cell: GradedCell(score)}))


def test_a_locked_gradebook_says_so_and_writes_nothing(course, store):
    other = sqlite3.connect(course / "gradebook.db", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        assert "another program is writing" in refused(course, store)
    finally:
        other.close()
    store.write([result()])


@pytest.mark.parametrize(
    ("pragma", "says"),
    [("query_only = ON", "read-only"), ("max_page_count = 1", "the disk is full")],
)
def test_what_the_disk_refuses_is_said_and_nothing_written(course, store, pragma, says):
    @event.listens_for(store._database.engine, "checkout")
    def limit(connection: Any, record: Any, proxy: Any) -> None:
        connection.execute(f"PRAGMA {pragma}")

    assert says in refused(course, store, *(result(f"{n:0200}") for n in range(500)))


def test_a_failure_halfway_leaves_nothing_behind(course, store):
    stop = "BEGIN SELECT RAISE(ABORT, 'stop'); END"
    sql(course, f"CREATE TRIGGER stop BEFORE INSERT ON comment {stop}")
    assert "nothing was written" in refused(course, store)


@pytest.mark.parametrize(
    "change",
    ["ALTER TABLE assignment DROP COLUMN duedate",
     "UPDATE alembic_version SET version_num = '167914646830'"],
)  # fmt: skip
def test_a_gradebook_of_another_nbgrader_is_said_to_be_one(course, change):
    sql(course, change)
    says = "back it up and run `nbgrader db upgrade`"
    with pytest.raises(GradebookError, match=says), GradebookStore.open(address(course)) as store:
        store.notebooks("ps1")


NO_URL = ("nonsense", "nosuch+driver", "", "postgresql://grader:secret@host:port/name")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("mysql://grader:secret@host/name", "SQLite or PostgreSQL, not in mysql"),
        *((wrong, "database URL") for wrong in NO_URL),
    ],
)
def test_an_address_that_is_none_is_refused_without_its_password(wrong, says):
    with pytest.raises(GradebookError, match=says) as error:
        GradebookStore.open(wrong)
    assert "secret" not in str(error.value)


def test_a_master_cell_has_nbgraders_metadata():
    cell = released().cells[2]
    master = MasterCell("grade_double", "code", "", 8.0, grade=True, locked=True)
    assert master.nbgrader.items() <= dict(cell.metadata.nbgrader).items()
