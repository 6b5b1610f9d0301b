"""docs/another-course.md, followed to the letter in an empty folder, gives a course that works."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from databases import every_row
from isolation import need_isolation
from running import PROGRAMS

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "another-course.md").read_text(encoding="utf-8")
# In the page's order: a file, by its name and its text, or commands with what they print.
STEPS = re.findall(r"(?:^`([^`\n]+)`:\n\n)?^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def in_one_line(text: str) -> str:
    """Tables are drawn as wide as the window is: what stands in them is what counts."""
    return " ".join(text.replace("┃", "│").split())


def commands(text: str) -> list[tuple[str, list[str]]]:
    """Return each command of a block with the lines that it prints, as the page has them."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(part.splitlines()[0], part.splitlines()[1:]) for part in parts]


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The folder at the end of the page, and what each of its commands printed."""
    need_isolation()
    folder = tmp_path_factory.mktemp("from-nothing")
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    printed = {}
    for name, _, text in STEPS:
        if name:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        for command, wanted in [] if name else commands(text):
            done = subprocess.run(
                command,
                shell=True,
                cwd=folder,
                env={**os.environ, "PATH": path, "COLUMNS": "120"},
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, command + "\n" + done.stdout + done.stderr
            printed[command] = done.stdout
            for line in wanted:
                assert in_one_line(line) in in_one_line(done.stdout), command
    return folder, printed


def test_the_page_has_files_and_commands() -> None:
    files = [name for name, _, _ in STEPS if name]
    assert files[0] == "nbgrader_config.py"
    assert len(files) == len(set(files)) > 5
    asked = [command for name, _, text in STEPS if not name for command, _ in commands(text)]
    words = " ".join(asked)
    for verb in ("prove", "release", "grade", "feedback", "report", "export", "diagnose"):
        assert f"autograder {verb}" in words
    assert "nbgrader autograde" in words


def test_followed_to_the_letter_it_prints_what_it_says(
    followed: tuple[Path, dict[str, str]],
) -> None:
    _, printed = followed
    assert "no problems" in printed["autograder prove"]


def test_the_students_have_pages_that_name_the_mistake(
    followed: tuple[Path, dict[str, str]],
) -> None:
    folder, _ = followed
    pages = {
        name: (folder / "feedback" / name / "hw1/hw1.html").read_text() for name in ("ada", "ben")
    }
    assert "divided by the variance" in pages["ben"]
    assert "divided by the variance" not in pages["ada"]


def test_the_report_and_the_scores_are_there(followed: tuple[Path, dict[str, str]]) -> None:
    folder, _ = followed
    (mistake,) = json.loads((folder / "reports" / "hw1.json").read_text())["mistakes"]
    assert (mistake["exercise"], mistake["students"]) == ("standardise", 1)
    assert (folder / "grades.csv").read_text().count("\n") == 3


def test_plain_nbgrader_gives_the_same_marks(followed: tuple[Path, dict[str, str]]) -> None:
    folder, _ = followed
    rows = every_row(f"sqlite:///{folder / 'gradebook.db'}")["grade"]
    assert {row[0]: row[4] for row in rows} == {"ada": 3.0, "ben": 0.0}


def test_a_foreign_notebook_is_judged(followed: tuple[Path, dict[str, str]]) -> None:
    _, printed = followed
    assert "This looks like: mean left in." in printed["autograder diagnose other.ipynb --course ."]
