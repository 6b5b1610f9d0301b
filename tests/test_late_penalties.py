"""A late hand-in costs what the settings say, whichever road grades it, and nothing by default."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import classes
import commanding
import pytest
from databases import sql
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrading import convert
from traitlets.config import Config

from autograder.course.folder import CourseError
from autograder.course.late_penalties import DAY, OURS, LatePolicy, late_rule
from autograder.course.settings import load_config
from autograder.nbgrader_plugin import steps

HandIn = Callable[..., Path]
Penalties = dict[str, float | None]
DUE = "2026-10-05 12:00:00.000000"
# 14 points each; handed in before it is due, within the hour of grace, and on later days.
HANDED_IN = {
    "early": "2026-10-05 11:59:59 UTC", "in grace": "2026-10-05 13:00:00 UTC",
    "a day": "2026-10-06 12:59:00 UTC", "two days": "2026-10-06 13:00:01 UTC",
    "a year": "2027-10-05 12:00:00 UTC", "nobody noted when": None,
}  # fmt: skip
TEN_PERCENT = """
c.LatePenalties.percent_per_day = 10
c.LatePenalties.grace_hours = 1
c.LatePenalties.at_most_percent = 50
"""
TAKEN = {**dict.fromkeys(HANDED_IN), "a day": 1.4, "two days": 2.8, "a year": 7.0}

# nbgrader's own way of adding a submission to its session.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


@pytest.fixture
def late_class(course: Path, hand_in: HandIn) -> Path:
    """A course in which all is right, and some of it is late."""
    for student, moment in HANDED_IN.items():
        folder = hand_in(student, "all-right").parent
        if moment is not None:
            (folder / "timestamp.txt").write_text(moment)
    sql(course, "UPDATE assignment SET duedate = ?", DUE)
    return course


def configure(course: Path, text: str) -> None:
    """Add lines to a course's settings."""
    path = course / "nbgrader_config.py"
    path.write_text(path.read_text() + text)


def penalties(course: Path) -> Penalties:
    rows = sql(
        course,
        "SELECT a.student_id, n.late_submission_penalty FROM submitted_notebook n"
        " JOIN submitted_assignment a ON n.assignment_id = a.id",
    )
    return {student: None if taken is None else round(taken, 9) for student, taken in rows}


def grade(course: Path, executor: Executor) -> int:
    """Grade the class; return how many were graded anew."""
    results = classes.grade(course, executor).values()
    assert [result.trouble for result in results if result.trouble] == []
    return sum(result.fresh for result in results)


# --- How much -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "seconds", "taken"),
    [
        (LatePolicy(), 10 * DAY, 0), (LatePolicy(points_per_day=2), 1, 2),
        (LatePolicy(points_per_day=2), DAY, 2), (LatePolicy(points_per_day=2), DAY + 1, 4),
        (LatePolicy(points_per_day=2), 100 * DAY, 20),
        (LatePolicy(points_per_day=2, at_most_percent=25), 100 * DAY, 5),
        (LatePolicy(percent_per_day=5, grace_hours=24), DAY, 0),
        (LatePolicy(percent_per_day=5, grace_hours=24), DAY + 1, 1),
        (LatePolicy(percent_per_day=5, grace_hours=24), 2 * DAY + 1, 2),
        (LatePolicy(percent_per_day=0.5), 1, 0.1), (LatePolicy(), 0, 0),
    ],
)  # fmt: skip
def test_each_day_that_has_begun_counts_up_to_the_most(policy, seconds, taken):
    assert policy.penalty(20.0, seconds) == pytest.approx(taken)
    assert policy.penalty(0.0, seconds) == 0, "a score of nothing loses nothing"


# --- Both roads -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "taken"), [("", dict.fromkeys(HANDED_IN)), (TEN_PERCENT, TAKEN)]
)
def test_both_roads_take_the_same(late_class, at_once, settings, taken):
    configure(late_class, settings)
    grade(late_class, at_once)
    ours = penalties(late_class)
    assert ours["early"] is ours["nobody noted when"] is None
    assert {name: value or None for name, value in ours.items()} == taken
    for verdicts in late_class.glob("autograded/*"):
        verdicts.rename(late_class / f"{verdicts.name} before")
    sql(late_class, "UPDATE submitted_notebook SET late_submission_penalty = 0.125")
    at_once.submit(convert, late_class, Autograde).result()
    assert {name: value or None for name, value in penalties(late_class).items()} == taken


def test_changed_settings_count_at_the_next_grading_and_others_grade_nothing_anew(
    late_class, at_once
):
    def fresh() -> int:
        return grade(late_class, at_once)

    assert (fresh(), fresh()) == (len(HANDED_IN), 0)
    configure(late_class, TEN_PERCENT)
    assert (fresh(), fresh()) == (3, 0)  # whom it costs something
    assert penalties(late_class) == TAKEN
    # The same work, handed in a second time, later.
    stamp = late_class / "submitted" / "a day" / "ps1" / "timestamp.txt"
    stamp.write_text(str(HANDED_IN["two days"]))
    assert fresh() == 1
    assert penalties(late_class)["a day"] == 2.8
    configure(late_class, "\nc.LatePenalties.percent_per_day = 0\n")
    assert fresh() == 3
    assert not any(penalties(late_class).values())


def test_a_changed_due_date_and_an_extension_count_without_force(late_class, at_once):
    configure(late_class, TEN_PERCENT)
    assert grade(late_class, at_once) == len(HANDED_IN)
    sql(late_class, "UPDATE assignment SET duedate = ?", "2026-10-06 12:00:00.000000")
    assert grade(late_class, at_once) == 2
    assert {name: taken or None for name, taken in penalties(late_class).items()} == {
        **TAKEN, "a day": None, "two days": 1.4,
    }  # fmt: skip
    more = "UPDATE submitted_assignment SET extension = ? WHERE student_id = ?"
    sql(late_class, more, "1970-01-02 00:00:00.000000", "two days")
    assert grade(late_class, at_once) == 1
    assert not penalties(late_class)["two days"]


def test_a_plugin_in_the_courses_folder_is_found_on_both_roads(late_class, at_once, monkeypatch):
    (late_class / "own_late_rule.py").write_text(
        "from nbgrader.plugins import BasePlugin\n\n\n"
        "class Own(BasePlugin):\n"
        "    def late_submission_penalty(self, student_id, score, total_seconds_late):\n"
        "        return 1.5\n"
    )
    configure(late_class, "\nc.AssignLatePenalties.plugin_class = 'own_late_rule.Own'\n")
    grade(late_class, at_once)
    on_time = ("early", "nobody noted when")
    taken = {name: None if name in on_time else 1.5 for name in HANDED_IN}
    assert penalties(late_class) == taken
    monkeypatch.syspath_prepend(str(late_class))  # as nbgrader itself does
    at_once.submit(convert, late_class, Autograde).result()
    assert penalties(late_class) == taken


def test_a_plugin_of_the_courses_own_counts_for_autograder_grade_too(late_class, at_once):
    configure(
        late_class,
        '\nc.AssignLatePenalties.plugin_class = "nbgrader.plugins.LateSubmissionPlugin"\n'
        'c.LateSubmissionPlugin.penalty_method = "zero"\n',
    )
    grade(late_class, at_once)
    on_time = ("early", "nobody noted when")
    assert penalties(late_class) == {name: None if name in on_time else 14.0 for name in HANDED_IN}


def test_without_settings_nbgraders_own_default_takes_nothing():
    assert late_rule({}) is None
    assert late_rule(Config()) is None


# --- Settings that make no sense ------------------------------------------------------------------

WRONG = {
    "percent_per_dy = 10": "c.LatePenalties.percent_per_dy: write c.LatePenalties.percent_per_day",
    "percent_per_day = -1": "LatePenalties.percent_per_day is a number from 0 to 100, not -1",
    "percent_per_day = 101": "LatePenalties.percent_per_day is a number from 0 to 100, not 101",
    "percent_per_day = '10'": "LatePenalties.percent_per_day is a number from 0 to 100, not '10'",
    "points_per_day = True": "LatePenalties.points_per_day is a number from 0 on, not True",
    "points_per_day = float('nan')": "LatePenalties.points_per_day is a number from 0 on, not nan",
    "grace_hours = float('inf')": "LatePenalties.grace_hours is a number from 0 on, not inf",
    "points_per_day = c.LatePenalties.percent_per_day = 1": "set one of them",
    "points_per_day = 1; c.LatePenalties.at_most_percent = 0": "nothing is ever taken away",
    "points_per_day = 1; c.AssignLatePenalties.plugin_class = 'LateSubmissionPlugin'": (
        f'nothing uses it: set c.AssignLatePenalties.plugin_class = "{OURS}"'
    ),
    "points_per_day = 0; c.AssignLatePenalties.plugin_class = 'nowhere.Late'": (
        "AssignLatePenalties.plugin_class nowhere.Late cannot be used (ModuleNotFoundError: "
    ),
}


@pytest.mark.parametrize(("setting", "words"), WRONG.items(), ids=WRONG)
def test_settings_that_make_no_sense_are_said_in_a_line_before_anything_is_graded(
    late_class, setting, words
):
    configure(late_class, f"\nc.LatePenalties.{setting}\n")
    code, said = commanding.refused("grade", "ps1", "--course", late_class)
    assert (code, len(said.splitlines()), words in said) == (2, 1, True)
    assert "nbgrader_config.py: " in said
    assert not (late_class / "autograded").exists()


def test_nbgrader_says_it_too_and_leaves_nothing_that_looks_graded(late_class, caplog, monkeypatch):
    def never(*_: Any) -> None:
        pytest.fail("a submission was run")

    monkeypatch.setattr(steps, "grade_alone", never)
    configure(late_class, "\nc.LatePenalties.percent_per_day = -1\n")
    with pytest.raises(
        NbGraderException, match="percent_per_day is a number from 0 to 100, not -1"
    ):
        convert(late_class, Autograde)
    assert "percent_per_day is a number" in caplog.text
    assert "Traceback" not in caplog.text
    assert not list(late_class.glob("autograded/*/*/*"))


def test_the_message_of_a_wrong_setting_names_the_file(course):
    configure(course, "\nc.LatePenalties.percent_per_day = -1\n")
    with pytest.raises(CourseError) as error:
        late_rule(load_config(course))
    assert error.value.code == 2
    assert "nbgrader_config.py" in str(error.value)
