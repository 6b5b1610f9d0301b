"""One hand-in, answered: graded, its page made, and that released; in a thread with its worker.

Every step leaves what is up to date alone, so an answer that was broken off is simply begun anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.base.limits import LIMITS
from autograder.base.words import listed, named, points_text
from autograder.course.folder import SUBMISSION_SECRET, CourseError, Submission
from autograder.grading.engine import ClassGrading
from autograder.incoming.watching.exchange import Exchange, ExchangeTrouble
from autograder.pages.feedback import ClassFeedback


class Turns:
    """Lets submissions be graded beside each other, and one of them alone where that matters."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._beside, self._alone = 0, False

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Wait until nobody wants to be alone."""
        with self._changed:
            self._changed.wait_for(lambda: not self._alone)
            self._beside += 1
        try:
            yield
        finally:
            with self._changed:
                self._beside -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody else is at work, and keep others from beginning."""
        with self._changed:
            self._changed.wait_for(lambda: not self._alone)
            self._alone = True
            self._changed.wait_for(lambda: not self._beside)
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()


class _Here(Executor):
    """Does the jobs of one hand-in in this thread; what is to be done once more is done alone."""

    def __init__(self, turns: Turns) -> None:
        self._turns, self._again = turns, False

    def submit(self, function: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            with self._turns.alone() if self._again else self._turns.beside():
                future.set_result(function(*given, **named))
        except Exception as failure:
            future.set_exception(failure)
        self._again = True
        return future


@dataclass(frozen=True)
class Answer:
    """What became of a hand-in.

    Parameters
    ----------
    said : in a phrase
    trouble : it has to be tried once more
    no_isolation : that would be in vain
    nothing : there was nothing to grade, so that it does not count
    """

    said: str
    trouble: bool = False
    no_isolation: bool = False
    nothing: bool = False


def answer(submission: Submission, isolation: str, turns: Turns, exchange: Exchange) -> Answer:
    """Grade a hand-in, make its page and release that; never raises."""
    course, name, student = submission.course, submission.assignment, submission.student
    try:
        grading = ClassGrading(course, [name], [student], isolation, LIMITS)
        (result,) = grading.on(_Here(turns), lambda: 1)
        if result.trouble is not None:
            said = f"was not graded: {result.trouble}"
            if not result.nothing:
                return Answer(said, True, result.no_isolation)
        else:
            said = f"{points_text(result.points)} of {points_text(result.max_points)} points"
        feedback = ClassFeedback(course, [name], [student])
        (page,) = (*feedback.settled, *feedback.on(_Here(turns), 1))
        if page.trouble is not None and not page.without_marks:
            return Answer(f"has no page: {page.trouble}", trouble=True)
        if not (submission.feedback_folder / SUBMISSION_SECRET).is_file():
            where = submission.feedback_folder.relative_to(course)
            pages = listed([f"{where / one}.html" for one in feedback.jobs[0].marks])
            said += f", {pages} is made; it did not come through the exchange"
        elif exchange.release(submission):
            said += ", feedback released"
        else:
            said += ", feedback released; Fetch Feedback shows none of a hand-in without a notebook"
        return Answer(said, nothing=result.nothing)
    except ExchangeTrouble as failure:
        return Answer(f"has no feedback in the exchange: {failure}", trouble=True)
    except CourseError as failure:
        return Answer(str(failure), trouble=True)
    except Exception as failure:  # one hand-in never stops a class
        return Answer(named(failure), trouble=True)


def warm_up(course: Path, name: str, isolation: str) -> None:
    """Start this thread's worker and its sandbox, so that the first hand-in need not wait for it.

    Raises
    ------
    CourseError : isolation cannot be had, or the assignment is not released
    """
    from autograder.base.limits import GRADING
    from autograder.course.course import Course
    from autograder.gradebook import GradebookStore
    from autograder.grading.jobs import start_sandbox
    from autograder.grading.workers import own_worker
    from autograder.sandbox import IsolationUnavailable

    where = Course(course)
    with GradebookStore.open(where.gradebook_url) as gradebook:
        assignment = where.assignment(name, gradebook)[0]  # all have the same packages
    try:
        own_worker().do(start_sandbox, isolation, LIMITS, assignment, budget=GRADING)
    except IsolationUnavailable as failure:
        raise CourseError(str(failure), 3) from None
