"""What nbgrader logs where something of ours stops it: the sentence, without the traceback."""

from __future__ import annotations

import logging
import re
from typing import Any

from autograder.release.generate import SAID_ABOVE

# The exceptions whose text is written for a person.
SAID = "NbGraderException|CourseError|ReleaseError|GradebookError|GradebookUnusable|NotReleased"
RAISED = re.compile(rf"^(?:[\w.]+\.)?(?:{SAID}): ", re.MULTILINE)


class SaidPlainly(logging.Filter):
    """Cuts a logged traceback down to what its exception says."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        text = record.getMessage()
        if text.startswith("Traceback "):
            *_, last = (None, *RAISED.finditer(text))
            if last is not None:
                record.msg, record.args = text[last.end() :].strip(), None
        elif text.startswith("Please see the the above traceback"):
            record.msg, record.args = SAID_ABOVE, None
        return True


PLAINLY = SaidPlainly()


def say_plainly(log: Any) -> None:
    """Have a logger of nbgrader's leave tracebacks out, once however often this is called."""
    getattr(log, "logger", log).addFilter(PLAINLY)
