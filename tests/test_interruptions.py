"""Whatever is killed and whenever, nothing is lost: the end is that of an undisturbed run."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import classes
import numpy as np
import pytest
from classes import copied
from isolation import need_isolation
from running import (
    Graded,
    box,
    done,
    ended,
    fix_secret,
    fork_server,
    grade,
    graded,
    orphans_adopted,
    stopped_at,
    verdicts,
    wait_until,
    worker,
    workers,
)

NOTEBOOKS = Path(__file__).with_name("notebooks")
CLASS = 60
# None of them waits for a time-out.
WORK = (
    *("all-right", "shows-points", "cell-crashes", "untouched", "warns", "draws-at-random"),
    *("name-reused-afterwards", "not-functions", "markup-in-names-and-messages"),
    *("defined-below-its-check", "cell-ends-its-process", "function-ends-its-process"),
)
Left = Callable[[], list[str]]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")


@pytest.fixture(scope="module")
def class_of_60(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose class has handed in; copy it, see `classroom`."""
    need_isolation()
    course = copied(released, tmp_path_factory.mktemp("class") / "course")
    fix_secret(course)
    for number in range(CLASS):
        path = classes.hand_in(course, f"s{number:02}", WORK[number % len(WORK)])
        path.with_name("timestamp.txt").write_text(f"2026-10-05 14:03:{number:02} UTC")
    return course


@pytest.fixture(scope="module")
def undisturbed(class_of_60: Path, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """What is there after a run that nobody disturbed."""
    course = copied(class_of_60, tmp_path_factory.mktemp("undisturbed") / "course")
    whole = graded(course, done(grade(course)))
    assert (len(whole.table), len(whole.files)) == (CLASS, 3 * CLASS)
    return whole


@pytest.fixture
def classroom(class_of_60: Path, undisturbed: Graded, tmp_path: Path) -> Path:
    """A course of the test's own with the class of 60, nothing of it graded."""
    return copied(class_of_60, tmp_path / "course")


@pytest.fixture
def left() -> Iterator[Left]:
    """A function that tells which processes are left after some seconds; in the end none may be."""
    with orphans_adopted() as left:
        yield left
        assert left() == []


# --- The coordinator ------------------------------------------------------------------------------


def moments(number: int) -> list[tuple[str, int]]:
    """Draw moments of a run; together they leave some of the class for the last run."""
    kinds = (
        *("a submission is read", "a file is begun", "a notebook is put in place"),
        *("a row is written", "verdicts are put in place"),
    )
    generator = np.random.default_rng(3)
    # A batch may hold any number of submissions, so any number of rows may be there.
    drawn = [
        (str(kind), int(generator.integers(1, 6 if kind == "a row is written" else 5)))
        for kind in generator.choice(kinds, number - 1)
    ]
    late = ("verdicts are put in place", 20)
    assert sum(times for kind, times in [*drawn, late] if "read" not in kind) < CLASS
    drawn.insert(number // 2, late)
    return drawn


def assert_goes_on(classroom: Path, undisturbed: Graded) -> None:
    """The same command grades what is not graded yet, and ends as an undisturbed run."""
    saved = verdicts(classroom)
    output = done(grade(classroom))
    assert f"{CLASS - saved} graded, {saved} unchanged" in output
    assert graded(classroom, output) == undisturbed


def test_a_coordinator_killed_at_20_moments_goes_on_each_time(classroom, undisturbed, left):
    for number, (moment, times) in enumerate(moments(20)):
        # One worker and two in turn: two take twice the time to start.
        jobs = str(1 + number % 2)
        # Python may warn while it cleans up after a killed program.
        code, _, _ = ended(stopped_at(classroom, "KILL", moment, times, "--jobs", jobs))
        assert code == -signal.SIGKILL, (moment, times)
        assert left() == [], (moment, times)
    assert_goes_on(classroom, undisturbed)


def test_what_was_graded_before_is_not_taken_for_the_half_saved_correction(classroom, left):
    """A kill between the gradebook and the verdicts, and then the earlier hand-in comes back."""
    for path in (classroom / "submitted").glob("s[1-9]*"):
        shutil.rmtree(path)
    right, wrong = NOTEBOOKS / "all-right.ipynb", NOTEBOOKS / "untouched.ipynb"
    handed_in = [path / "ps1" / "ps1.ipynb" for path in (classroom / "submitted").iterdir()]

    def hand_in(work: Path) -> None:
        for path in handed_in:
            shutil.copy(work, path)

    hand_in(right)
    before = graded(classroom, done(grade(classroom)))
    hand_in(wrong)
    assert ended(stopped_at(classroom, "KILL", "verdicts are put in place", 1))[0] < 0
    hand_in(right)
    output = done(grade(classroom))
    assert " 0 graded" not in f" {output}"
    assert graded(classroom, output) == before


# --- Workers and sandboxes ------------------------------------------------------------------------


def test_a_run_goes_on_without_what_was_killed_in_it(classroom, undisturbed, left):
    run = grade(classroom)
    for saved, find in enumerate((worker, fork_server, box) * 2):
        wait_until(lambda enough=7 * saved: verdicts(classroom) >= enough, run)
        wait_until(lambda find=find: find(run), run).kill()
    assert graded(classroom, done(run)) == undisturbed


# --- Ctrl-C ---------------------------------------------------------------------------------------


MOMENTS = (
    ("a notebook is put in place", 3), ("a row is written", 2), ("verdicts are put in place", 12),
)  # fmt: skip


def test_ctrl_c_saves_what_is_graded_and_says_how_to_go_on(classroom, undisturbed, left):
    """Three times, each in what the one before has left to do."""
    for moment, times in MOMENTS:
        code, output, said = ended(stopped_at(classroom, "INT", moment, times))
        saved = verdicts(classroom)
        assert (code, output) == (130, "")
        assert said == (
            f"autograder: stopped after {saved} of {CLASS}; "
            "what is graded is saved, the same command goes on from here\n"
        )
        assert left() == []
    assert_goes_on(classroom, undisturbed)


def test_ctrl_c_while_workers_are_being_started_is_the_commands_alone_to_answer(classroom, left):
    run = grade(classroom)
    wait_until(lambda: workers(run), run)
    os.killpg(run.pid, signal.SIGINT)
    code, output, said = ended(run)
    assert (code, output) == (130, "")
    assert said.startswith(f"autograder: stopped after 0 of {CLASS}; ")
    assert len(said.splitlines()) == 1
