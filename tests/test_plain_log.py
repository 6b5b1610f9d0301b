"""What stops nbgrader is logged in its words, without a traceback."""

from __future__ import annotations

import logging
import traceback

import pytest
from nbgrader.converters.base import NbGraderException

from autograder.course.folder import CourseError
from autograder.nbgrader_plugin.plain_log import say_plainly

SENTENCE = "hw1 has 3 submissions (dropped: a).\nRun `autograder release hw1`: then go on"


def logged(failure: Exception, caplog: pytest.LogCaptureFixture) -> str:
    log = logging.getLogger("GenerateAssignmentApp of a test")
    say_plainly(log)
    say_plainly(log)
    assert len(log.filters) == 1
    try:
        try:
            raise KeyError("cause")
        except KeyError:
            raise failure  # noqa: B904 - chained, as nbgrader logs it
    except Exception:
        log.error(traceback.format_exc())
    return caplog.records[-1].getMessage()


@pytest.mark.parametrize("kind", [NbGraderException, CourseError])
def test_what_is_written_for_a_person_is_all_that_is_logged(
    kind: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    assert logged(kind(SENTENCE), caplog) == SENTENCE


def test_the_traceback_of_a_fault_stays(caplog: pytest.LogCaptureFixture) -> None:
    text = logged(ValueError("a fault"), caplog)
    assert text.startswith("Traceback ")
    assert text.rstrip().endswith("ValueError: a fault")
