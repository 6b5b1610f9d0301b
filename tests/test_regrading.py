"""A regrade tells who gains and who loses, and why; the history of points is kept."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from isolation import need_isolation
from running import PROGRAMS

from autograder.grading import history
from autograder.grading.history import (
    HISTORY_FILE,
    Entry,
    Latest,
    changes,
    is_news,
    read_history,
    why,
)

# A catalogue of the course's own, which is the project's but for what is replaced.
CATALOGUE = """
from dataclasses import replace
from autograder import Catalogue
import softmax_by_hand as whole

def changed(one):
    {change}
    return one

CATALOGUE = Catalogue({{
    name: tuple(changed(one) for one in some) for name, some in whole.CATALOGUE.assignments.items()
}})
"""
HALF_OF_VALUES = """if one.name == "softmax":
        first, second, *others = one.criteria
        one = replace(one, criteria=(
            replace(first, points=first.points - 1), replace(second, points=second.points + 1),
            *others))"""
ANOTHER_CRITERION = """if one.name == "scores":
        again = replace(one.criteria[0], name="values again", points=1)
        one = replace(one, criteria=(*one.criteria, again))"""
POWERS = "def softmax(z):\n    e = np.exp(z - z.max(axis=0))\n"


@pytest.fixture
def own(course: Path, hand_in: Callable[..., Path]) -> Path:
    need_isolation()
    settings = course / "nbgrader_config.py"
    text = settings.read_text().replace('"softmax_by_hand"', '"own_catalogue"')
    settings.write_text(text)
    (course / "own_catalogue.py").write_text(CATALOGUE.format(change="pass"))
    for student, work in works(course).items():
        hand_in(student, work)
    return course


def works(course: Path) -> dict[str, bytes]:
    """Right, a softmax that divides by the sum of the matrix, and nothing written."""
    notebook = (course / "release" / "ps1" / "ps1.ipynb").read_text()

    def written(bodies: dict[str, str]) -> bytes:
        answered = json.loads(notebook)
        for cell in answered["cells"]:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if name in bodies:
                cell["source"] = bodies[name].splitlines(keepends=True)
        return json.dumps(answered).encode()

    right = {
        "add_bias": "def add_bias(X):\n    return np.vstack([X, np.ones((1, X.shape[1]))])",
        "scores": "def scores(W, Xb):\n    return W @ Xb",
        "softmax": f"{POWERS}    return e / e.sum(axis=0)",
    }
    wrong = f"{POWERS}    return e / e.sum()"
    return {
        "ann": written(right),
        "ben": written({**right, "softmax": wrong}),
        "eve": written({}),
    }


def run(course: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [f"{PROGRAMS}/autograder", *arguments, "--course", str(course)],
        capture_output=True,
        text=True,
    )


def graded(course: Path, *options: str) -> list[str]:
    done = run(course, "grade", "ps1", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def kept(course: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(course)): path.read_bytes()
        for path in sorted(course.rglob("*"))
        if path.is_file() and "__pycache__" not in str(path)
    }


def test_a_regrade_names_who_changed_and_the_same_again_nobody(own: Path) -> None:
    first = graded(own)
    assert not any(line.startswith("changed") for line in first)
    (own / "own_catalogue.py").write_text(CATALOGUE.format(change=HALF_OF_VALUES))
    before = kept(own)
    told = graded(own, "--dry-run")
    assert kept(own) == before
    assert told[-1] == "nothing is written: this was --dry-run"
    second = graded(own)
    lines = [line for line in second if " -> " in line or line.startswith("changed")]
    assert lines == [line for line in told if " -> " in line or line.startswith("changed")]
    assert lines[0] == "changed: 1 of 3 (up 0, down 1)"
    assert re.fullmatch(r"ben ps1 [\d.]+ -> [\d.]+: softmax [\d.]+ -> [\d.]+", lines[1])
    assert len(lines) == 2
    # Of the table there is only who changed.
    assert [line.split()[0] for line in second if "│" in line] == ["ben"]
    assert graded(own) == ["0 graded, 3 unchanged since they were graded, 0 not graded"]


def test_points_that_are_not_released_are_told(own: Path) -> None:
    graded(own)
    path = own / "source" / "ps1" / "ps1.ipynb"
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "grade_softmax":
            cell["metadata"]["nbgrader"]["points"] = 9
    path.write_text(json.dumps(notebook))
    done = run(own, "grade", "ps1")
    assert done.returncode == 0
    assert done.stderr == (
        "autograder: source/ps1 is not as it was released: grade_softmax is worth 9 in the source "
        "and 8 in the release. If that is to count, run `autograder release ps1` first\n"
    )


def test_another_criterion_is_a_regrade_whose_points_stay_the_notebooks(own: Path) -> None:
    graded(own)
    (own / "own_catalogue.py").write_text(CATALOGUE.format(change=ANOTHER_CRITERION))
    assert "changed: 0 of 3 (up 0, down 0)" in graded(own)


def test_after_one_hand_in_only_that_one_is_shown(own: Path, hand_in: Callable[..., Path]) -> None:
    graded(own)
    hand_in("eve", works(own)["ann"])
    lines = graded(own)
    assert [line.split()[0] for line in lines if "ps1" in line and "│" in line] == ["eve"]
    assert "changed: 1 of 1 (up 1, down 0)" in lines
    told = run(own, "history", "eve").stdout.splitlines()
    assert len(told) == 2
    assert told[0].endswith("ps1: 0 points, graded for the first time")
    assert "another hand-in: add_bias 0 -> 3, scores 0 -> 3, softmax 0 -> 8" in told[1]


def test_the_report_has_whose_points_changed_and_why(own: Path) -> None:
    graded(own)
    assert run(own, "report", "ps1").returncode == 0
    page = own / "reports" / "ps1.html"
    assert "Points that changed" not in page.read_text()
    (own / "own_catalogue.py").write_text(CATALOGUE.format(change=HALF_OF_VALUES))
    graded(own)
    assert run(own, "report", "ps1", "--names").returncode == 0
    assert "Points that changed" in page.read_text()
    (row,) = json.loads((own / "reports" / "ps1.json").read_text())["regrades"]
    assert (row["student"], row["why"]) == ("ben", "another version of the catalogue")
    assert row["points_before"] - row["points"] == 1
    assert row["changed"].startswith("softmax ")
    assert f"{row['at']}: ben,why,another version" in (own / "reports" / "ps1.csv").read_text()


def test_what_another_version_graded_is_told(own: Path) -> None:
    graded(own)
    (own / "own_catalogue.py").write_text(CATALOGUE.format(change=HALF_OF_VALUES))
    done = run(own, "grade", "ps1", "--student", "ann")
    assert done.stderr == (
        "autograder: 2 other hand-ins of ps1 had another version of the catalogue or the grader: "
        "`autograder grade ps1` grades all by this one\n"
    )


def test_a_history_of_nobody_is_an_error_in_a_line(own: Path) -> None:
    graded(own)
    done = run(own, "history", "nobody")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("autograder: nothing of nobody is graded")


def test_lines_that_are_no_entries_are_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "autograded"
    folder.mkdir()
    good = '{"student": "a", "at": "now", "points": {"f": 1}, "made_of": {}}'
    bad = ["", "{", "[]", '{"student": "a"}', '{"student": "a", "at": "", "points": {"f": "1"}}']
    (folder / HISTORY_FILE.format("ps1")).write_text("\n".join((*bad, good, good[:20])))
    assert read_history(tmp_path, "ps1") == {"a": [Entry("a", "now", {"f": 1})]}
    assert read_history(tmp_path, "ps2") == {}


def test_the_latest_entries_are_read_once_and_then_what_was_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, other = Latest(tmp_path, "ps1"), Latest(tmp_path, "ps1")
    one, same, more = (Entry(name, "", {"f": n}) for name, n in (("a", 1), ("a", 1), ("b", 2)))
    first.note([one, more])
    read: list[Any] = []
    monkeypatch.setattr(history, "Entry", lambda **line: read.append(line) or Entry(**line))
    other.note([same, Entry("a", "later", {"f": 3})])
    assert len(read) == 2, "what the other one wrote"
    other.note([])
    assert len(read) == 3, "what it wrote itself"
    first.refresh()
    assert len(read) == 6
    first.refresh()
    assert len(read) == 6
    assert first == other == {"a": Entry("a", "later", {"f": 3}), "b": more}
    assert [entry.points["f"] for entry in read_history(tmp_path, "ps1")["a"]] == [1, 3]
    (tmp_path / "autograded" / HISTORY_FILE.format("ps1")).write_text("{\n")
    first.refresh()
    assert first == {}, "another file begins anew"


def test_reasons_and_changes_are_told_apart() -> None:
    one = Entry("a", "1", {"f": 1.0}, {"submission": "x", "catalogue": "c", "grader": "g"})
    same = Entry("a", "2", {"f": 1.0}, dict(one.made_of))
    other = Entry("a", "3", {"f": 2.0, "g": 1.0}, {**one.made_of, "catalogue": "d"})
    assert (is_news(None, one), is_news(one, same), is_news(one, other)) == (True, False, True)
    assert why(one, other) == ["another version of the catalogue"]
    assert why(one, same) == ["graded once more"]
    assert changes(one, other) == ["f 1 -> 2", "g - -> 1"]
