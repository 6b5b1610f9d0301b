"""The commands of `autograder`, run in this process."""

from __future__ import annotations

from typing import Any

from typer.testing import CliRunner

from autograder.cli import commands


def run(*arguments: Any) -> tuple[int, str, str]:
    """Run a command; return its exit code, its output and what was said beside it."""
    result = CliRunner().invoke(commands.app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert "Traceback" not in result.output
    return result.exit_code, result.stdout, result.stderr


def refused(*arguments: Any) -> tuple[int, str]:
    """Return the exit code and the words, a line or two, of a command that does nothing."""
    code, output, said = run(*arguments)
    assert output == ""
    assert said.startswith("autograder: ")
    assert 1 <= len(said.splitlines()) <= 2
    return code, said.removeprefix("autograder: ").strip()
