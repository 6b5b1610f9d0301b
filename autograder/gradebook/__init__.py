"""nbgrader's database, read once a run and written in transactions, on SQLite or PostgreSQL.

Writes what nbgrader's own autograde would write, so Formgrader, exports and
feedback work unchanged, but imports nothing of nbgrader, which takes seconds.
Must not know the sandbox or the catalogue.
"""

from autograder.gradebook.database import (
    BUSY_SECONDS,
    GradebookError,
    GradebookUnusable,
    NotReleased,
)
from autograder.gradebook.store import GradebookStore
from autograder.gradebook.writing import LatePenalty

__all__ = [
    "BUSY_SECONDS",
    "GradebookError",
    "GradebookStore",
    "GradebookUnusable",
    "LatePenalty",
    "NotReleased",
]
