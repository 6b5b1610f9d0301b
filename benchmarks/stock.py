"""Stock nbgrader: its own preprocessors, its own Execute, nothing of ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.courses import BIN, environment
from benchmarks.measure import Command

# What nbgrader needs to find its way in a course, and no plugin.
CONFIG = '''\
"""Stock settings: every preprocessor is nbgrader's own."""

from pathlib import Path

c = get_config()

c.CourseDirectory.course_id = "stock"
c.CourseDirectory.root = str(Path(__file__).absolute().parent)
'''


def prepare(course: Path) -> None:
    """Take our plugin out of a course's settings."""
    (course / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")


def commands(course: Path, problem_sets: Sequence[str]) -> list[Command]:
    """Return the commands that grade a course; nbgrader takes one assignment at a time."""
    return [
        Command(
            (str(BIN / "nbgrader"), "autograde", name),
            course,
            environment(),
            child="ipykernel_launcher",
            forked=False,
        )
        for name in problem_sets
    ]
