"""On a PostgreSQL server the gradebook is the same as in SQLite, row by row."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from classes import copied
from conftest import CHECKED
from databases import (
    BEFORE,
    LATE,
    assert_nothing_is_lost,
    every_row,
    fill,
    query,
    result,
    submission,
)
from isolation import need_isolation
from masters import master_of
from nbgrading import releasing
from postgres import PASSWORD, Databases
from running import PROGRAMS, ended, start
from sqlalchemy import create_engine, text

from autograder import Catalogue
from autograder.gradebook import GradebookError, GradebookStore
from autograder.gradebook.by_hand import NewMark
from autograder.release.release import release
from autograder.submission.graded_cells import GradedSubmission, cells_of
from softmax_by_hand import EXERCISES

HandIn = Callable[..., Path]


@pytest.fixture(scope="module")
def small(databases: Databases) -> str:
    """The name of a database with two small assignments; see `url`."""
    fill(databases.new(), "ps1", "ps2")
    return databases.made[-1]


@pytest.fixture
def url(databases: Databases, small: str) -> str:
    """A gradebook of the test's own with two small assignments."""
    return databases.new(small)


@pytest.fixture(scope="module")
def released_there(
    databases: Databases, released: Path, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The name of a database in which the course of `released` was released."""
    course = copied(released, tmp_path_factory.mktemp("there") / "course")
    (course / "gradebook.db").unlink()
    with releasing(databases.new()):
        release(course, ["ps1"], Catalogue({"ps1": tuple(EXERCISES[name] for name in CHECKED)}))
    assert not (course / "gradebook.db").exists()
    return databases.made[-1]


@pytest.fixture
def course_url(databases: Databases, released_there: str) -> str:
    """A gradebook of the test's own that knows the release of `course`."""
    return databases.new(released_there)


def run(course: Path, url: str | None, *command: str, expected: int = 0) -> str:
    """Run a command in a course; return what it said."""
    environment = {} if url is None else {"GRADEBOOK_URL": url}
    environment["PATH"] = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    program, *arguments = command
    started = start(PROGRAMS / program, *arguments, cwd=course, environment=environment)
    code, output, said = ended(started)
    assert code == expected, output + said
    return output + said


# --- A course ------------------------------------------------------------------


@pytest.fixture
def sample(hand_in: HandIn) -> None:
    need_isolation()
    hand_in(ann="all-right", Bob="cell-crashes", zoë="name-reused-afterwards", broken=b"{")
    hand_in("ève", "untouched")


@pytest.mark.usefixtures("sample")
def test_a_class_has_the_same_rows_as_in_sqlite_by_either_command(course, course_url):
    here = f"sqlite:///{course / 'gradebook.db'}"
    run(course, None, "autograder", "grade", "ps1", expected=1)  # broken's cannot be read
    before = {path: path.read_bytes() for path in (course / "autograded").rglob("*.json")}
    shutil.rmtree(course / "autograded")
    run(course, course_url, "autograder", "grade", "ps1", expected=1)
    assert every_row(course_url) == every_row(here)
    scores = "SELECT SUM(auto_score) FROM grade"
    assert query(course_url, scores) == query(here, scores) != [(0.0,)]
    # The fingerprints are equal only if the cells are in the same order.
    assert {path: path.read_bytes() for path in before} == before

    told = []
    for url in (None, course_url):
        for command in (("report", "ps1"), ("export", "ps1", "--to", "canvas")):
            run(course, url, "autograder", *command, expected=1)
        paths = [*sorted((course / "reports").iterdir()), course / "grades-canvas.csv"]
        told.append({path: path.read_bytes() for path in paths})
    assert told[0] == told[1]
    assert len(told[0]) == 4

    query(course_url, "UPDATE grade SET auto_score = NULL, needs_manual_grade = TRUE")
    run(course, course_url, "nbgrader", "autograde", "ps1", "--force", expected=1)
    assert every_row(course_url) == every_row(here)


@pytest.mark.usefixtures("sample")
def test_what_stops_grading_is_one_line_without_the_password(course, course_url):
    wrong = course_url.replace(PASSWORD, "another-secret")
    said = run(course, wrong, "autograder", "grade", "ps1", expected=1)
    assert "its server refuses this user or password" in said
    assert (len(said.splitlines()), "another-secret" in said) == (1, False)

    name = course_url.rpartition("/")[2]
    query(course_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    one = ("autograder", "grade", "ps1", "--student", "ann")
    said = run(course, course_url, *one, expected=1)
    assert "ann's ps1 was not graded: the gradebook cannot be used: its server accepts" in said
    assert not [word for word in ("Traceback", PASSWORD) if word in said]


def test_the_cells_come_in_the_order_of_the_release_whatever_that_of_the_rows(course, course_url):
    cells = master_of(nbformat.read(course / "release" / "ps1" / "ps1.ipynb", as_version=4))
    # An update moves a row behind all others.
    for cell in cells[:3]:
        query(course_url, "UPDATE source_cell SET locked = locked WHERE name = :n", n=cell.grade_id)
    rows = [name for (name,) in query(course_url, "SELECT name FROM source_cell")]
    assert rows != [cell.grade_id for cell in cells]
    with GradebookStore.open(course_url) as store:
        assert store.released_cells(course, "ps1", "ps1") == cells


# --- Writing -------------------------------------------------------------------


def results() -> list[GradedSubmission]:
    return [
        result("ada", BEFORE, cells_of(submission(8.0, 3.0))),
        result("bo", LATE, cells_of(submission(2.5, "ValueError"))),
    ]


def test_a_regrade_keeps_what_a_person_gave_and_asks_for_another_look(url):
    with GradebookStore.open(url) as store:
        store.write(results(), lambda student, score, late: 1.0)
        query(url, "UPDATE grade SET manual_score = 3.5, extra_credit = 1 WHERE auto_score IS NULL")
        query(url, "UPDATE grade SET needs_manual_grade = FALSE")
        query(url, "UPDATE comment SET manual_comment = 'Well said.'")
        store.write(results(), lambda student, score, late: score)
        assert store.graded_students("ps1") == {"ada", "bo"}
    given = "SELECT auto_score, manual_score, extra_credit, needs_manual_grade FROM grade"
    # The answers; a task is only ever graded by a person.
    looks = sorted(query(url, f"{given} WHERE manual_score > 0"))
    assert looks == [(None, 3.5, 1.0, False)] * 2 + [(None, 3.5, 1.0, True)] * 2
    assert query(url, "SELECT DISTINCT manual_comment FROM comment") == [("Well said.",)]
    # 2.5 points, and 4.5 from a person for each of the answer and the task.
    penalties = "SELECT late_submission_penalty FROM submitted_notebook ORDER BY 1"
    assert query(url, penalties) == [(11.5,), (None,)]


def test_marks_by_hand_are_written_as_in_sqlite_and_none_over_another(url):
    with GradebookStore.open(url) as store:
        store.write(results())
        before = store.hand_marks("ps1")
        place = next(one for one in before if one.student == "ada" and one.cell == "why")
        store.write_by_hand("ps1", [NewMark(place, before[place], 3.5, "Größer!")])
        after = store.hand_marks("ps1")
        assert (after[place].mark.manual_score, after[place].mark.waits) == (3.5, False)
        assert after[place].comment == "Größer!"
        assert {key: one for key, one in after.items() if key != place} == {
            key: one for key, one in before.items() if key != place
        }
        with pytest.raises(GradebookError, match="changed by somebody else meanwhile"):
            store.write_by_hand("ps1", [NewMark(place, before[place], 1.0, "")])
        assert store.hand_marks("ps1") == after


def test_an_extension_is_read_as_one(url):
    with GradebookStore.open(url) as store:
        store.write(results())
        query(url, "UPDATE submitted_assignment SET extension = INTERVAL '2 days'")
        store.write(results(), lambda student, score, late: score)
    penalties = "SELECT DISTINCT late_submission_penalty FROM submitted_notebook"
    assert query(url, penalties) == [(None,)]


@pytest.mark.parametrize("assignments", [("ps1", "ps2"), ("ps1", "ps1")], ids=["two", "one"])
def test_two_programs_that_write_at_once_lose_nothing(databases, small, url, assignments):
    assert_nothing_is_lost(url, databases.new(small), *assignments)


def test_what_meets_another_transaction_in_a_deadlock_is_written_all_the_same(url):
    troubles: list[BaseException] = []

    def write() -> None:
        try:
            with GradebookStore.open(url) as store:
                store.write(results())
        except BaseException as trouble:
            troubles.append(trouble)

    query(url, "INSERT INTO student (id) VALUES ('ada'), ('bo')")
    insert = text(
        "INSERT INTO submitted_assignment (id, assignment_id, student_id) "
        "SELECT :student, id, :student FROM assignment WHERE name = 'ps1'"
    )
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = :name AND wait_event_type = 'Lock'"
    writer = threading.Thread(target=write)
    other = create_engine(url)
    with other.begin() as connection:
        connection.execute(text("SET LOCAL deadlock_timeout = '10min'"))  # the writer finds it
        connection.execute(insert, {"student": "bo"})
        writer.start()
        while not query(url, waiting, name=url.rpartition("/")[2]):
            assert writer.is_alive()
        connection.execute(insert, {"student": "ada"})
    other.dispose()
    writer.join(60)
    assert troubles == []
    assert query(url, "SELECT COUNT(*) FROM submitted_assignment") == [(2,)]
    assert query(url, "SELECT SUM(auto_score) FROM grade") == [(13.5,)]


def test_a_connection_that_was_lost_is_made_again(url):
    with GradebookStore.open(url) as store:
        store.write(results()[:1])
        others = "WHERE datname = :name AND pid <> pg_backend_pid()"
        end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity {others}"
        query(url, end, name=url.rpartition("/")[2])
        store.write(results()[1:])
    assert query(url, "SELECT COUNT(*) FROM student") == [(2,)]


# --- Unhappy paths -------------------------------------------------------------


def why(url: str, busy_seconds: float = 1) -> str:
    """Return why results cannot be written, in one line without a password."""
    with pytest.raises(GradebookError) as error, GradebookStore.open(url, busy_seconds) as store:
        store.write(results())
    assert "\n" not in str(error.value)
    assert PASSWORD not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("table", ["grade", "assignment"])  # written, and only read
def test_a_table_that_another_program_holds_is_said_to_be_busy(url, table):
    other = create_engine(url)
    with other.connect() as connection:
        connection.execute(text(f"LOCK TABLE {table}"))
        said = why(url, busy_seconds=0.1)
    other.dispose()
    assert "another program is writing to it; close it or wait" in said
    assert query(url, "SELECT COUNT(*) FROM student") == [(0,)]


def test_a_user_without_the_rights_is_told_so(databases, url):
    query(url, f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
    query(url, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    reader = databases.server.url(databases.made[-1], user="reader")
    assert "permission denied for table student" in why(reader)
    query(url, "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM reader")
    assert "permission denied" in why(reader)


def test_a_name_that_does_not_fit_is_said_to_be_too_long(url):
    too_long = pytest.raises(GradebookError, match="longer than its 128 characters")
    with GradebookStore.open(url) as store, too_long:
        store.write([*results(), result("n" * 129)])
    assert query(url, "SELECT COUNT(*) FROM student") == [(0,)]


def test_a_failure_halfway_leaves_nothing_behind(url):
    query(url, "ALTER TABLE comment ADD CONSTRAINT never CHECK (auto_comment = 'never')")
    query(url, "ALTER TABLE comment ALTER COLUMN auto_comment SET NOT NULL")
    assert "nothing was written" in why(url)
    assert query(url, "SELECT COUNT(*) FROM student") == [(0,)]


def test_a_gradebook_of_another_nbgrader_is_said_to_be_one(url):
    query(url, "ALTER TABLE grade DROP COLUMN extra_credit")
    dropped = "ALTER TABLE assignment DROP COLUMN duedate"
    for change in (dropped, "UPDATE alembic_version SET version_num = '167914646830'"):
        query(url, change)
        said = why(url)
        assert "of another nbgrader; back it up and run `nbgrader db upgrade`" in said, change


def test_a_server_without_the_gradebook_says_what_to_run(databases):
    assert "run `autograder release`" in why(databases.new())
    assert "no such database" in why(databases.server.url("nowhere"))


NOWHERE = f"postgresql+psycopg://grader:{PASSWORD}@127.0.0.1:1/gradebook"


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("127.0.0.1:1/gradebook", "port 1 failed: Connection refused"),
        ("nowhere.invalid/gradebook", "failed to resolve host 'nowhere.invalid'"),
        ("/gradebook?host=/nowhere", "No such file or directory"),
        ("127.0.0.1:1/x?colour=blue", 'invalid connection option "colour"'),
    ],
)
def test_a_server_that_is_not_there_or_an_option_that_is_none_is_said_to_be(address, says):
    said = why(f"{NOWHERE.partition('@')[0]}@{address}")
    assert "colour" in address or "its server cannot be reached" in said
    assert says in said


def test_a_release_to_a_server_that_is_not_there_is_refused_in_a_line(course):
    unreachable = pytest.raises(GradebookError, match="its server cannot be reached")
    with unreachable as error, releasing(NOWHERE):
        release(course, ["ps1"], Catalogue({"ps1": tuple(EXERCISES[name] for name in CHECKED)}))
    assert "\n" not in str(error.value)
    assert PASSWORD not in str(error.value)


def test_without_the_package_the_extra_to_install_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert "package psycopg; `pip install .[postgres]`" in why("postgresql+psycopg://host/name")
