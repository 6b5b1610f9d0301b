"""More time for one student, by a command; before and after something is handed in."""

from __future__ import annotations

import classes
import commanding
import pytest
from databases import points_in, sql

DUE = "2026-10-05 12:00:00.000000"


def run(*arguments: object) -> tuple[int, str, str]:
    return commanding.run("extension", *arguments)


def test_who_gets_more_time_loses_nothing_by_using_it(course, at_once):
    path = course / "nbgrader_config.py"
    path.write_text(path.read_text() + "\nc.LatePenalties.percent_per_day = 10\n")
    sql(course, "UPDATE assignment SET duedate = ?", DUE)
    sql(course, "INSERT INTO student VALUES ('ann', NULL, NULL, NULL, NULL)")
    until = ("--until", "2026-10-12 23:59 Europe/Berlin")
    said = "ann ps1 until 2026-10-12 21:59:00 UTC, 7 days, 9:59:00 more\n"
    code, output, _ = run("ann", "ps1", *until, "--course", course)
    assert (code, output.splitlines(True)[0]) == (0, said)
    assert points_in(course) in ({}, {"ann": None}, {"ann": 0})
    folder = classes.hand_in(course, "ann").parent
    (folder / "timestamp.txt").write_text("2026-10-12 20:00 UTC")
    penalty = "SELECT late_submission_penalty FROM submitted_notebook"
    classes.grade(course, at_once)
    assert sql(course, penalty) == [(None,)]
    assert run("ps1", "--list", "--course", course) == (0, said, "")
    run("ann", "ps1", "--until", "2026-10-05 12:00", "--course", course)
    assert run("ps1", "--list", "--course", course) == (0, "", "")
    assert classes.grade(course, at_once)["ann"].fresh
    assert sql(course, penalty) == [(11.2,)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ann", "ps1"), "say STUDENT ASSIGNMENT --until"),
        (("ann", "ps1", "--until", "soon"), "--until says 'soon', which is no time"),
        (("ann", "ps1", "--until", "2026-10-12 23:59 XYZT"), "names the zone 'XYZT'"),
        (("zoe", "ps1", "--until", "2026-10-12"), "the gradebook has no student zoe"),
        (("ann", "ps1", "--until", "2026-10-12"), "ps1 has no due date: set one"),
        (("ann", "ps9", "--until", "2026-10-12"), "no assignment 'ps9'"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_line(course, arguments, words):
    sql(course, "INSERT INTO student VALUES ('ann', NULL, NULL, NULL, NULL)")
    code, said = commanding.refused("extension", *arguments, "--course", course)
    assert (code, words in said) == (2, True), said
