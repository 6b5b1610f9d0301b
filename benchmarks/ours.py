"""Our two doors: `autograder grade`, and `nbgrader autograde` with the plugin."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.courses import BIN, ROOT, environment
from benchmarks.measure import Command

FORK_SERVER = "autograder.sandbox.inside.server"
JOBS = 2


def commands(course: Path, problem_sets: Sequence[str], jobs: int = JOBS) -> list[Command]:
    """Return the command that grades a course in one go."""
    arguments = ("grade", *problem_sets, "--course", str(course), "--jobs", str(jobs))
    return [Command((str(BIN / "autograder"), *arguments), course, environment(), FORK_SERVER)]


def plugin_commands(course: Path, problem_sets: Sequence[str]) -> list[Command]:
    """Return the commands that grade a course through nbgrader, in the course's own settings."""
    return [
        Command((str(BIN / "nbgrader"), "autograde", name), course, environment(), FORK_SERVER)
        for name in problem_sets
    ]


def help_command() -> Command:
    """Return the command that only says how it is used."""
    return Command((str(BIN / "autograder"), "--help"), ROOT, environment(), FORK_SERVER)
