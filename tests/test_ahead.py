"""What nbgrader asks for next is graded while it is busy: the same outcomes, asked for in order."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest

from autograder.base.limits import LIMITS
from autograder.course.assignment import Assignment
from autograder.grading.jobs import Job, Outcome
from autograder.grading.workers import WorkerLost
from autograder.nbgrader_plugin import ahead
from autograder.nbgrader_plugin.ahead import Ahead

ASSIGNMENT = Assignment("ps1", (), {})
JOBS = [
    Job(f"s{number:02d}", ASSIGNMENT, b"{}", None, number, "bwrap", LIMITS, code="this")
    for number in range(40)
]


class Grader:
    """Takes the place of workers and of what is called in them, and notes who was graded."""

    def __init__(self, number: int = 1) -> None:
        self.ended = False

    graded: list[str]
    unsure: set[str]
    lost: set[str]

    def submit(self, function: Any, job: Job) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        try:
            future.set_result(function(job))
        except WorkerLost as failure:
            future.set_exception(failure)
        return future

    def end(self) -> None:
        self.ended = True


@pytest.fixture(autouse=True)
def grader(monkeypatch: pytest.MonkeyPatch) -> type[Grader]:
    Grader.graded, Grader.unsure, Grader.lost = [], set(), set()

    def grade(job: Job) -> Outcome:
        first = job.student not in Grader.graded
        Grader.graded.append(job.student)
        if first and job.student in Grader.lost:
            raise WorkerLost("a worker was killed")
        outcome = Outcome(job.student, "ps1", "ps1", job.data)
        return replace(outcome, unsure=first and job.student in Grader.unsure)

    monkeypatch.setattr(ahead, "Workers", Grader)
    for name in ("grade_one", "grade_alone"):
        monkeypatch.setattr(ahead, name, grade)
    return Grader


def test_each_is_graded_once_and_only_a_few_before_they_are_asked_for(
    grader: type[Grader],
) -> None:
    taken = iter(JOBS)
    coming = Ahead(taken)
    assert coming.outcome(JOBS[0]).student == "s00"
    assert 1 < len(grader.graded) < len(JOBS)
    assert [coming.outcome(job).student for job in JOBS[1:]] == [one.student for one in JOBS[1:]]
    assert grader.graded == [job.student for job in JOBS]


def test_those_that_are_passed_over_stand_in_nobodys_way(grader: type[Grader]) -> None:
    coming = Ahead(JOBS)
    assert [coming.outcome(job).student for job in JOBS[::5]] == [one.student for one in JOBS[::5]]
    assert len(grader.graded) == len(set(grader.graded))


def test_a_hand_in_that_changed_meanwhile_is_graded_as_it_is_now(grader: type[Grader]) -> None:
    coming, newer = Ahead(JOBS), replace(JOBS[1], data=b"[]")
    coming.outcome(JOBS[0])
    assert coming.outcome(newer).notebook == b"[]"
    assert coming.outcome(JOBS[2]).student == "s02"


@pytest.mark.parametrize("trouble", ["unsure", "lost"])
def test_what_another_try_may_change_is_graded_once_more(
    grader: type[Grader], trouble: str
) -> None:
    setattr(grader, trouble, {"s01"})
    coming = Ahead(JOBS)
    outcomes = [coming.outcome(job) for job in JOBS[:3]]
    assert not any(one.unsure for one in outcomes)
    assert [grader.graded.count(job.student) for job in JOBS[:3]] == [1, 2, 1]
