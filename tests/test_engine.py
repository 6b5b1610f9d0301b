"""A class is graded once, whatever single submissions, workers and disks do."""

from __future__ import annotations

import ast
import contextlib
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from concurrent.futures import ThreadPoolExecutor as Threads
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from classes import NOTEBOOKS, grade, graded_notebook
from databases import locked, points_in, sql
from isolation import need_isolation
from running import written

from autograder.base.limits import WRITING
from autograder.course.assignment import Assignment
from autograder.course.folder import SECRET_FILE, CourseError, Submission
from autograder.grading import engine, jobs
from autograder.grading.engine import NOT_TEXT, WORKER_LOST, ClassGrading, grade_class
from autograder.grading.history import HISTORY_FILE
from autograder.grading.jobs import Job, Outcome, fingerprint, grade_here
from autograder.grading.records import (
    SECONDS_FILE,
    VERDICTS_FILE,
    Result,
    note_seconds,
    read_seconds,
)
from autograder.grading.standing import make_jobs
from autograder.grading.workers import Workers, own_worker
from autograder.sandbox import LIMITS, IsolationUnavailable

HandIn = Callable[..., Path]
LINKED = "the folder of ps1 is a symbolic link: submit the notebook itself, not a link to it"
LOCKED = "another program is writing to it"


def points(results: dict[str, Result]) -> dict[str, float]:
    assert [result.trouble for result in results.values() if result.trouble] == []
    return {name: result.points for name, result in results.items()}


def fresh(results: dict[str, Result]) -> set[str]:
    return {name for name, result in results.items() if result.fresh}


def on(executor: Executor, course: Path) -> Iterator[Result]:
    """Grade a class one by one."""
    return ClassGrading(course, ["ps1"], [], "bwrap", LIMITS).on(executor, lambda: 1)


# --- A class --------------------------------------------------------------------------------------


def test_points_are_in_the_results_the_files_and_the_gradebook(course, hand_in, at_once):
    hand_in(ann="all-right", bob="shows-points")
    through_the_exchange = hand_in("eve", "untouched").parent
    (through_the_exchange / "timestamp.txt").write_text("2026-10-05 14:03:21 UTC")
    (through_the_exchange / "submission_secret.txt").write_text("a5" * 64)
    results = grade(course, at_once)
    assert points(results) == points_in(course) == {"ann": 14, "bob": 3, "eve": 0}
    assert {result.max_points for result in results.values()} == {14}
    assert sorted(written(course)) == [
        "ann/ps1/ps1.ipynb", "ann/ps1/verdicts.json", "bob/ps1/ps1.ipynb", "bob/ps1/verdicts.json",
        "eve/ps1/ps1.ipynb",
        "eve/ps1/submission_secret.txt",  # without it nbgrader cannot give the feedback back,
        "eve/ps1/timestamp.txt", "eve/ps1/verdicts.json",
    ]  # fmt: skip
    assert written(course)["eve/ps1/submission_secret.txt"] == b"a5" * 64
    record = json.loads(written(course)["bob/ps1/verdicts.json"])
    assert {"student": "bob", "assignment": "ps1", "isolation": "bwrap"}.items() <= record.items()
    assert [verdict["points"] for verdict in record["verdicts"]] == [3, 0, 0]


def test_what_has_not_changed_is_not_graded_again(course, hand_in, at_once):
    hand_in(ann="all-right", bob="shows-points")
    first = grade(course, at_once)
    before = {path: path.stat().st_mtime_ns for path in (course / "autograded").rglob("*")}
    second = grade(course, at_once)
    assert (fresh(first), fresh(second)) == ({"ann", "bob"}, set())
    assert points(first) == points(second)
    assert [first[name].mistakes for name in first] == [second[name].mistakes for name in first]
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_forced_grading_writes_the_same_bytes(course, hand_in, at_once):
    hand_in(ann="draws-at-random", bob="cell-ends-its-process")
    grade(course, at_once)
    before = written(course)
    assert fresh(grade(course, at_once, force=True)) == {"ann", "bob"}
    assert written(course) == before


def test_a_changed_submission_is_graded_again_and_no_other(course, hand_in, at_once):
    hand_in(ann="all-right", bob="untouched")
    grade(course, at_once)
    hand_in("bob", "all-right")
    results = grade(course, at_once)
    assert fresh(results) == {"bob"}
    assert points(results) == points_in(course) == {"ann": 14, "bob": 14}


def test_only_the_students_asked_for_are_graded(course, hand_in, at_once):
    hand_in(ann="all-right", bob="all-right")
    assert points(grade(course, at_once, students=("bob",))) == points_in(course) == {"bob": 14}


def test_what_a_verdict_depends_on_is_in_the_fingerprint():
    assignment = Assignment("ps1", (), {"checks.py": b"1"})
    job = Job("ann", assignment, b"{}", None, 1, "bwrap", LIMITS)
    others = [
        replace(job, data=b"{ }"),
        replace(job, data=None, unreadable="no notebook"),
        replace(job, data=None, unreadable="a link"),
        replace(job, seed=2),
        replace(job, isolation="none"),
        replace(job, limits=replace(LIMITS, cell_seconds=1.0)),
        replace(job, assignment=Assignment("ps1", (), {"checks.py": b"2"})),
        replace(job, assignment=replace(assignment, preload=("tensorflow",))),
        replace(job, assignment=replace(assignment, packages=("numpy",))),
        replace(job, code="another catalogue"),
    ]
    prints = [fingerprint(job), *map(fingerprint, others)]
    assert len(set(prints)) == len(prints)
    assert fingerprint(job) == fingerprint(replace(job))


def empty_the_record(course: Path) -> None:
    path = course / "autograded" / "ann" / "ps1" / VERDICTS_FILE
    path.write_text(json.dumps({"fingerprint": json.loads(path.read_text())["fingerprint"]}))


def start_a_new_gradebook(course: Path) -> None:
    # As `autograder release` makes it where the old one was deleted: without students.
    for table in ("grade", "comment", "submitted_notebook", "submitted_assignment", "student"):
        sql(course, f"DELETE FROM {table}")


CELL = "UPDATE source_cell SET source = source || '  # new' WHERE name = 'setup'"
CHANGES: dict[str, Callable[[Path], Any]] = {
    "the code": lambda course: None,
    "a damaged record": lambda course: (
        course / "autograded" / "ann" / "ps1" / VERDICTS_FILE
    ).write_text('{"fingerprint": '),
    "an empty record": empty_the_record,
    "no notebook": lambda course: (course / "autograded/ann/ps1/ps1.ipynb").unlink(),
    "a new gradebook": start_a_new_gradebook,
    "a released cell": lambda course: sql(course, CELL),
    "a released file": lambda course: (course / "release/ps1/data.csv").write_text("1"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_no_longer_stands_is_graded_again(course, hand_in, at_once, monkeypatch, change):
    hand_in("ann", "untouched")
    grade(course, at_once)
    CHANGES[change](course)
    if change == "the code":
        monkeypatch.setattr(jobs, "code_fingerprint", lambda *_: "another catalogue")
    results = grade(course, at_once)
    assert fresh(results) == {"ann"}
    assert points(results) == points_in(course) == {"ann": 0}
    assert fresh(grade(course, at_once)) == set()


def test_each_student_has_fixtures_of_their_own(course, hand_in, at_once):
    """Seen in what a wrong function is told: it shows the function's own values."""
    hand_in(ann="draws-at-random", bob="draws-at-random")
    grade(course, at_once)
    files = written(course)
    records = [json.loads(files[f"{name}/ps1/{VERDICTS_FILE}"]) for name in ("ann", "bob")]
    messages = [record["verdicts"][0]["findings"][0]["message"] for record in records]
    assert messages[0] != messages[1]
    secret = (course / SECRET_FILE).read_bytes()
    assert not any(secret in content for content in files.values())
    (course / SECRET_FILE).write_text("5" * 64)
    assert fresh(grade(course, at_once)) == {"ann", "bob"}
    assert written(course) != files


NOTES = """
asked = []
table = {table!r}
def softmax(z):
    asked.append(z.copy())
    found = table.get((z.shape, z.tobytes()))
    return z if found is None else np.frombuffer(found).reshape(z.shape)
"""
SHOWS = """
answers = {}
for z in asked:
    e = np.exp(z - z.max(axis=0))
    answers[z.shape, z.tobytes()] = (e / e.sum(axis=0)).tobytes()
print(answers)
"""


def notes_fixtures(table: dict[Any, bytes]) -> bytes:
    """Return a notebook that shows the right answers to its own fixtures below the check."""
    notebook = nbformat.read(NOTEBOOKS / "all-right.ipynb", as_version=4)
    place = {cell.id: place for place, cell in enumerate(notebook.cells)}
    check = place["softmax-check"]
    notebook.cells[place["softmax-stub"]].source = NOTES.format(table=table)
    notebook.cells.insert(check + 1, nbformat.v4.new_code_cell(SHOWS, id="shows"))
    return nbformat.writes(notebook).encode()


def test_what_a_hand_in_learnt_of_its_fixtures_is_worth_nothing_to_the_next_one(
    course, hand_in, at_once
):
    hand_in("eve", notes_fixtures({}))
    assert points(grade(course, at_once)) == {"eve": 6}
    seen = graded_notebook(course, "eve")
    table = ast.literal_eval(next(c.outputs[0].text for c in seen.cells if c.id == "shows"))
    assert len(table) > 10
    hand_in("eve", notes_fixtures(table))
    assert points(grade(course, at_once)) == {"eve": 6}


def test_the_same_bytes_meet_the_same_fixtures_and_others_meet_others(course, hand_in):
    assignment = Assignment("ps1", (), {})
    path = hand_in("ann")
    data = path.read_bytes()

    def seed(work: bytes | None) -> int:
        path.unlink(missing_ok=True)
        if work is not None:
            path.write_bytes(work)
        submission = Submission(course, "ps1", "ann")
        return make_jobs(submission, [assignment], b"secret", "bwrap", LIMITS)["ps1"].seed

    works = (data, data + b" ", (NOTEBOOKS / "untouched.ipynb").read_bytes(), None)
    seeds = [seed(work) for work in works]
    assert len(set(seeds)) == len(works)
    assert [seed(work) for work in works] == seeds
    path.symlink_to(NOTEBOOKS / "all-right.ipynb")
    submission = Submission(course, "ps1", "ann")
    linked = make_jobs(submission, [assignment], b"secret", "bwrap", LIMITS)["ps1"]
    assert (linked.data, linked.seed) == (None, seeds[-1])


# --- How long it took -----------------------------------------------------------------------------


def test_how_long_each_took_is_kept_beside_what_equal_runs_write_alike(course, hand_in, at_once):
    hand_in(ann="all-right", bob="untouched")
    results = grade(course, at_once)
    kept = read_seconds(course, "ps1")
    assert kept == {name: round(result.seconds, 3) for name, result in results.items()}
    assert all(took > 0 for took in kept.values())
    grade(course, at_once)  # nothing to do, and nothing to note
    assert read_seconds(course, "ps1") == kept
    assert "seconds" not in b"".join(written(course).values()).decode()
    assert points(grade(course, at_once, force=True, students=("ann",))) == {"ann": 14}
    assert read_seconds(course, "ps1")["bob"] == kept["bob"]


def test_the_last_time_counts_and_a_line_that_was_cut_off_costs_no_other(tmp_path):
    assert read_seconds(tmp_path, "ps1") == {}
    (tmp_path / "autograded").mkdir()
    note_seconds(tmp_path, "ps1", {"ann": 1.0, "a\nb": 2.5})
    note_seconds(tmp_path, "ps2", {"ann": 7.0})
    note_seconds(tmp_path, "ps1", {"ann": 3.0004})
    path = tmp_path / "autograded" / SECONDS_FILE.format("ps1")
    with open(path, "a") as file:
        file.write('["eve"]\n["eve", -1]\n["eve", NaN]\n["eve", "1"]\n\n["ann", 9')
    assert read_seconds(tmp_path, "ps1") == {"ann": 3.0, "a\nb": 2.5}


def test_a_grade_does_not_depend_on_the_file_of_times(course, hand_in, at_once):
    hand_in("ann", "all-right")
    (course / "autograded" / SECONDS_FILE.format("ps1")).mkdir(parents=True)
    assert points(grade(course, at_once)) == {"ann": 14}
    assert read_seconds(course, "ps1") == {}


# --- Odd submissions ------------------------------------------------------------------------------

ODD_NAMES = (
    *("bob b", "o'brien", "\u00fcnal", "u\u0308nal", "\u5f20\u4f1f", "\U0001f600", "-f", "a%20b"),
    *("[red]x", "$HOME", 'say "x"', "a\nb", "x" * 200),
)


def test_a_students_name_may_be_any_text(course, hand_in, at_once):
    hand_in(**dict.fromkeys((*ODD_NAMES, ".hidden"), "untouched"))
    results = grade(course, at_once)
    assert points(results) == points_in(course) == dict.fromkeys(ODD_NAMES, 0)
    beside = {SECONDS_FILE.format("ps1"), HISTORY_FILE.format("ps1")}
    assert set(os.listdir(course / "autograded")) == beside.union(ODD_NAMES)
    assert set(read_seconds(course, "ps1")) == set(ODD_NAMES)
    assert fresh(grade(course, at_once)) == set()


def test_a_folders_name_that_is_no_text_is_said_and_the_rest_is_graded(course, hand_in, at_once):
    hand_in("ann", "all-right")
    try:
        hand_in(os.fsdecode(b"\xff\xfe"), "all-right")
    except OSError:
        pytest.skip("this file system knows only names that are text")
    results = grade(course, at_once)
    odd = results.pop(os.fsdecode(b"\xff\xfe"))
    assert (odd.trouble, odd.fresh) == (NOT_TEXT, False)
    assert points(results) == {"ann": 14}


def test_links_files_and_nothing_in_place_of_a_notebook_are_named_with_the_reason(
    course, hand_in, at_once
):
    path = hand_in("ann", "all-right")
    odd = course / "submitted"
    for name in ("link/ps1", "folder-link", "none/ps1", "file", "folder/ps1/ps1.ipynb"):
        (odd / name).mkdir(parents=True)
    (odd / "folder-link" / "ps1").symlink_to("../ann/ps1")
    (odd / "file" / "ps1").write_text("print(1)")
    (odd / "link" / "ps1" / "ps1.ipynb").symlink_to(path)
    (odd / "student-link").symlink_to("ann")
    results = grade(course, at_once)
    assert results.pop("ann").points == points_in(course).pop("ann") == 14
    assert {name: str(result.trouble).split(": hand")[0] for name, result in results.items()} == {
        "link": "there is no notebook of ps1: 'ps1.ipynb' is a symbolic link and was left out",
        "folder-link": LINKED,
        "student-link": LINKED,
        "none": "there is no notebook of ps1: its folder is empty",
        "file": "the folder of ps1 is no folder",
        "folder": "there is no notebook of ps1: its folder is empty",
    }
    assert set(points_in(course)) == {"ann"}


# --- Workers --------------------------------------------------------------------------------------


def some_jobs(number: int) -> list[Job]:
    empty = Assignment("ps1", (), {})
    data = (NOTEBOOKS / "untouched.ipynb").read_bytes()
    return [Job(f"s{n}", empty, data, None, n, "bwrap", LIMITS) for n in range(number)]


def outcomes_of(jobs: Iterable[Job], executor: Executor, window: int) -> Iterator[Outcome]:
    for outcomes in grade_class(jobs, executor, lambda: window):
        yield from outcomes


def outcome_of(job: Job) -> Outcome:
    """Take the place of `grade_one`: what a worker can do, without a sandbox."""
    if job.student == "s2":
        os.kill(os.getpid(), 9)
    return Outcome(job.student, "ps1", "ps1", "{}")


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_a_killed_worker_is_named_and_what_was_done_is_kept(monkeypatch):
    monkeypatch.setattr(engine, "grade_one", outcome_of)
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as executor:
        outcomes = {one.student: one.trouble for one in outcomes_of(some_jobs(6), executor, 1)}
    # One at a time: two were graded, the third killed its worker, and no worker was left.
    lost = dict.fromkeys(("s2", "s3", "s4", "s5"), WORKER_LOST)
    assert outcomes == {"s0": None, "s1": None, **lost}


def process_of_worker() -> int:
    number: int = own_worker().do(os.getpid, budget=WRITING)
    return number


@pytest.mark.skipif(sys.platform != "linux", reason="grading needs Linux")
def test_a_submission_that_kills_its_process_never_kills_its_worker(course, hand_in):
    need_isolation()
    works = ("cell-ends-its-process", "cell-crashes", "function-ends-its-process")
    hand_in(**dict(zip(works, works, strict=True)))
    with Workers(1) as worker:
        before = worker.submit(process_of_worker).result()
        results = grade(course, worker)
        assert worker.submit(process_of_worker).result() == before
    assert [result.trouble for result in results.values()] == [None] * 3


class Breaking(Executor):
    """Does one job and is broken then, for one that is waiting and for those to come."""

    def __init__(self) -> None:
        self.number = 0

    def submit(self, function: Callable[..., Any], /, *given: Any, **_: Any) -> Future[Any]:
        self.number += 1
        future: Future[Any] = Future()
        if self.number > 2:
            raise BrokenExecutor
        if self.number == 2:
            future.set_exception(BrokenExecutor())
        else:
            future.set_result(function(*given))
        return future


def test_after_a_broken_executor_the_same_command_goes_on(course, hand_in, at_once):
    hand_in(ann="all-right", bob="all-right", eve="all-right")
    results = grade(course, Breaking())
    assert sorted(result.trouble or "" for result in results.values()) == ["", *[WORKER_LOST] * 2]
    again = grade(course, at_once)
    assert fresh(again) == {name for name, result in results.items() if result.trouble}
    assert points(again) == {"ann": 14, "bob": 14, "eve": 14}


def test_a_job_that_fails_on_its_way_is_named():
    class Refusing(Executor):
        def submit(self, function: Any, /, *given: Any, **_: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(ValueError("cannot be pickled"))
            return future

    (outcome,) = outcomes_of(some_jobs(1), Refusing(), 1)
    assert outcome.trouble == "ValueError: cannot be pickled"


def test_no_more_jobs_are_read_than_the_window_holds(monkeypatch):
    monkeypatch.setattr(engine, "grade_one", lambda job: Outcome(job.student, "ps1", "ps1", "{}"))
    read: list[str] = []
    done: list[str] = []
    most = 0

    def source() -> Iterator[Job]:
        for job in some_jobs(20):
            read.append(job.student)
            yield job

    with Threads(2) as executor:
        for outcome in outcomes_of(source(), executor, 3):
            most = max(most, len(read) - len(done))
            done.append(outcome.student)
    assert sorted(done) == sorted(read)
    assert (len(done), most <= 3) == (20, True)


def test_grading_that_is_broken_off_leaves_what_is_done(course, hand_in, at_once, monkeypatch):
    hand_in(ann="untouched", bob="untouched", eve="untouched")
    monkeypatch.setattr(engine, "BATCH", 1)
    results = on(at_once, course)
    first = next(results)
    results.close()
    again = grade(course, at_once)
    assert first.fresh
    assert fresh(again) == set(again) - {first.student}


WORK = b'{"cells": [{"cell_type": "code", "source": "1"}], "nbformat": 4}'
ONE = Job("ann", Assignment("ps1", (), {}), WORK, None, 1, "bwrap", LIMITS)


def test_a_worker_never_raises(monkeypatch):
    monkeypatch.setattr(jobs, "_sandboxes", {})

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a fault of the grader")

    monkeypatch.setattr("autograder.submission.notebook.grade_notebook", broken)
    outcome = grade_here(*some_jobs(1))
    assert (outcome.trouble, outcome.no_isolation) == ("RuntimeError: a fault of the grader", False)


def test_missing_isolation_is_told_apart_from_other_trouble(monkeypatch):
    monkeypatch.setattr(jobs, "_sandboxes", {})
    monkeypatch.setenv("PATH", "/nowhere")
    outcome = grade_here(ONE)
    assert (outcome.no_isolation, outcome.notebook) == (True, None)
    assert "bubblewrap is not installed" in str(outcome.trouble)


def test_every_failure_of_isolation_is_one(monkeypatch):
    class Unavailable:
        isolation, limits = "bwrap", LIMITS

        def begin(self) -> None:
            pass

        start = begin

        def session(self, *_: Any) -> None:
            raise IsolationUnavailable("a submission could not be confined")

    monkeypatch.setattr(jobs, "_sandboxes", {("bwrap", LIMITS, (), None): Unavailable()})
    assert grade_here(ONE).no_isolation


# --- Disks and databases --------------------------------------------------------------------------


def mounted(folder: Path, *options: str) -> None:
    """Mount something, or skip the test where that is not allowed."""
    if shutil.which("mount") is None or not hasattr(os, "getuid") or os.getuid() != 0:
        pytest.skip("only root can mount a small or read-only disk")
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"nothing can be mounted at_once: {done.stderr.strip()}")


@pytest.fixture
def disk(request: pytest.FixtureRequest) -> Callable[..., None]:
    """A function that mounts something until the test is over."""

    def mount(folder: Path, *options: str) -> None:
        mounted(folder, *options)
        unmount = ["umount", "--lazy", str(folder)]
        request.addfinalizer(lambda: subprocess.run(unmount, capture_output=True))

    return mount


SMALL_DISK = ("-t", "tmpfs", "-o", "size=1m", "tmpfs")


def fill(folder: Path) -> None:
    with open(folder / "filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"0" * 4096)


def cannot_write(course: Path, student: str, why: str) -> str:
    return f"cannot write to {course / 'autograded' / student / 'ps1'}: {why}"


def test_a_full_disk_loses_nothing_and_is_named(course, hand_in, at_once, disk):
    graded = course / "autograded"
    graded.mkdir()
    disk(graded, *SMALL_DISK)
    hand_in(ann="untouched", bob="untouched")
    grade(course, at_once)
    before = written(course)
    fill(graded)
    hand_in(bob="all-right")
    results = grade(course, at_once)
    assert results["bob"].trouble == cannot_write(course, "bob", "No space left on device")
    assert results["ann"].trouble is None
    (graded / "filler").unlink()
    assert written(course) == before
    assert points_in(course) == {"ann": 0, "bob": 0}
    assert points(grade(course, at_once)) == {"ann": 0, "bob": 14}


def test_a_full_disk_under_the_gradebook_is_named_and_nothing_is_half_done(
    course, hand_in, at_once, disk, monkeypatch, tmp_path
):
    small = tmp_path / "disk"
    small.mkdir()
    disk(small, *SMALL_DISK)
    shutil.copy(course / "gradebook.db", small)
    monkeypatch.setenv("GRADEBOOK_URL", f"sqlite:///{small / 'gradebook.db'}")
    fill(small)
    hand_in("ann", "all-right")
    assert "the disk is full" in str(grade(course, at_once)["ann"].trouble)
    assert not (course / "autograded" / "ann" / "ps1" / VERDICTS_FILE).exists()
    (small / "filler").unlink()
    assert fresh(grade(course, at_once)) == {"ann"}
    assert points_in(small) == {"ann": 14}


def test_a_read_only_course_is_said_to_be_so(course, hand_in, at_once, disk):
    hand_in("ann", "all-right")
    disk(course, "--bind", str(course))
    mounted(course, "-o", "remount,bind,ro")
    said = "Read-only file system; is the course read-only"
    with pytest.raises(CourseError, match=said) as error:
        grade(course, at_once)
    mounted(course, "-o", "remount,bind,rw")
    grade(course, at_once)
    hand_in("ann", "untouched")
    before = written(course)
    mounted(course, "-o", "remount,bind,ro")
    trouble = grade(course, at_once)["ann"].trouble
    assert trouble == cannot_write(course, "ann", "Read-only file system")
    assert (written(course), error.value.code) == (before, 1)


@pytest.mark.parametrize("step", ["mkstemp", "replace"])
def test_a_failing_write_is_named_and_the_rest_goes_on(course, hand_in, at_once, monkeypatch, step):
    hand_in(ann="untouched", bob="untouched", eve="untouched")
    grade(course, at_once)
    before = written(course)
    real = {"mkstemp": tempfile.mkstemp, "replace": os.replace}

    def fail_for_bob(*given: Any, **named: Any) -> Any:
        if "bob" in str((given, named)):
            raise OSError(5, "Input/output error")
        return real[step](*given, **named)

    with monkeypatch.context() as patch:
        module = "tempfile" if step == "mkstemp" else "os"
        patch.setattr(f"autograder.course.folder.{module}.{step}", fail_for_bob)
        results = grade(course, at_once, force=True)
    assert results["bob"].trouble == cannot_write(course, "bob", "Input/output error")
    assert (fresh(results), written(course)) == ({"ann", "eve"}, before)


def test_a_file_in_place_of_the_folder_for_results_is_named(course, hand_in, at_once):
    hand_in("ann", "untouched")
    (course / "autograded").write_text("")
    assert str(grade(course, at_once)["ann"].trouble).startswith("cannot write to")


def test_a_gradebook_that_refuses_is_named_and_the_submission_is_graded_next_time(
    course, hand_in, at_once
):
    hand_in(ann="untouched", bob="untouched")
    when = "BEFORE INSERT ON student WHEN NEW.id = 'bob'"
    sql(course, f"CREATE TRIGGER refuse {when} BEGIN SELECT RAISE(ABORT, 'refused'); END")
    results = grade(course, at_once)
    assert results["ann"].trouble is None
    assert str(results["bob"].trouble).startswith("the gradebook")
    sql(course, "DROP TRIGGER refuse")
    assert fresh(grade(course, at_once)) == {"bob"}


@pytest.mark.usefixtures("impatient")
def test_a_locked_gradebook_is_named_and_nothing_is_half_done(course, hand_in, at_once):
    hand_in(ann="all-right", bob="untouched")
    grading = ClassGrading(course, ["ps1"], (), "bwrap", LIMITS)
    with locked(course):
        results = {result.student: result.trouble for result in grading.on(at_once, lambda: 4)}
    assert {student: LOCKED in str(said) for student, said in results.items()} == {
        "ann": True,
        "bob": True,
    }
    assert not list((course / "autograded").rglob(VERDICTS_FILE))
    assert points_in(course) == {}
    assert points(grade(course, at_once)) == {"ann": 14, "bob": 0}


@pytest.mark.usefixtures("impatient")
def test_a_gradebook_that_stays_locked_stops_the_class(course, hand_in, at_once, monkeypatch):
    hand_in(**{f"s{number}": "untouched" for number in range(6)})
    monkeypatch.setattr(engine, "BATCH", 1)
    results = on(at_once, course)
    saved = next(results)
    with locked(course), pytest.raises(CourseError, match=rf"{LOCKED}.*goes on from here"):
        list(results)
    assert saved.trouble is None
    assert points_in(course) == {saved.student: 0}
    assert len(fresh(grade(course, at_once))) == 5


def test_a_fault_with_one_submission_never_stops_a_class(course, hand_in, at_once, monkeypatch):
    hand_in(ann="untouched", bob="untouched")
    store = engine.store_notebooks

    def broken(submission: Submission, notebooks: Any) -> None:
        if submission.student == "ann":
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")
        store(submission, notebooks)

    monkeypatch.setattr(engine, "store_notebooks", broken)
    results = grade(course, at_once)
    assert str(results["ann"].trouble).startswith("UnicodeEncodeError: ")
    assert results["bob"].trouble is None


# --- What a class cannot begin with ---------------------------------------------------------------


def begin(course: Path, assignment: str = "ps1") -> CourseError:
    """Return why grading does not begin, once it is sure that nothing was written."""
    before = (course / "gradebook.db").exists()
    with pytest.raises(CourseError) as error:
        ClassGrading(course, [assignment], [], "bwrap", LIMITS)
    assert not (course / "autograded").exists()
    assert (course / "gradebook.db").exists() == before
    return error.value


RUN_RELEASE = "Run `autograder release ps1`"
SPOILT = [
    ("gradebook.db", None, 2, "run `autograder release`"),
    ("gradebook.db", "no database " * 1000, 1, "put a backup in its place"),
    ("release/ps1/ps1.ipynb", "{", 1, rf"^/.*/release/ps1[:/ ].*{RUN_RELEASE}$"),
]


@pytest.mark.parametrize(("name", "content", "code", "says"), SPOILT)
def test_what_of_a_course_is_missing_or_damaged_is_said(course, hand_in, name, content, code, says):
    hand_in("ann")
    (course / name).unlink() if content is None else (course / name).write_text(content)
    failure = begin(course)
    assert re.search(says, str(failure), re.DOTALL)
    assert failure.code == code


def test_an_assignment_that_is_not_released_is_named(course, hand_in):
    hand_in("ann")
    shutil.copytree(course / "source" / "ps1", course / "source" / "ps2")
    (course / "source" / "ps2" / "ps1.ipynb").rename(course / "source" / "ps2" / "ps2.ipynb")
    (course / "submitted" / "ann" / "ps1").rename(course / "submitted" / "ann" / "ps2")
    assert "run `autograder release ps2`" in str(begin(course, "ps2"))
    shutil.copytree(course / "release" / "ps1", course / "release" / "ps2")
    (course / "release" / "ps2" / "ps1.ipynb").rename(course / "release" / "ps2" / "ps2.ipynb")
    assert "ps2 is not in the gradebook" in str(begin(course, "ps2"))


def test_what_is_read_ahead_of_large_hand_ins_is_bounded(course, hand_in, monkeypatch):
    """Each waits until those before it are settled, or the coordinator would hold them all."""
    monkeypatch.setattr(engine, "READ_AHEAD_BYTES", 1)

    def slowly(job: Job) -> Outcome:
        time.sleep(0.05)  # long enough for the test to see an unfinished write
        return jobs.failed(job, "not now")

    monkeypatch.setattr(engine, "grade_one", slowly)
    hand_in(ann="all-right", bob="all-right", kim="all-right")
    asked: list[Future[Any]] = []
    undone: list[int] = []

    class Watched(Threads):
        def submit(self, *given: Any, **named: Any) -> Future[Any]:
            undone.append(sum(not future.done() for future in asked))
            asked.append(super().submit(*given, **named))
            return asked[-1]

    with Watched(2) as executor:
        assert set(grade(course, executor)) == {"ann", "bob", "kim"}
    assert undone == [0, 0, 0]


def test_of_a_graded_notebook_no_character_takes_more_than_two_bytes_in_memory():
    source = "x = '\U0001f600 \\ud83d \u03c0'\ny = \"\U0010ffff\""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, id="a")])
    text = jobs.notebook_bytes(nbformat.from_dict(notebook)).decode()
    assert max(text) == "\u03c0"
    assert nbformat.reads(text, as_version=4) == notebook
