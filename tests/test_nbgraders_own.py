"""The notebooks of nbgrader's own test suite, with the scores that its tests expect of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbgrader
import pytest
from commanding import run
from nbgrader.api import Gradebook
from plain import SETTINGS

FILES = Path(nbgrader.__file__).parent / "tests/apps/files"
# By source: the hand-ins, and the score of each, as in nbgrader's test_nbgrader_autograde.py.
SCORES = {
    "submitted-unchanged": {
        "submitted-unchanged": 1,
        "submitted-changed": 2,
        # Both show a number before they fail.
        "submitted-cheat-attempt": 1,
        "submitted-cheat-attempt-alternative": 1,
    },
    "autotest-simple": {"autotest-simple-unchanged": 0, "autotest-simple-changed": 1},
    "autotest-hashed": {"autotest-hashed-unchanged": 0, "autotest-hashed-changed": 1},
    "autotest-multi": {"autotest-multi-unchanged": 0, "autotest-multi-changed": 3},
    "autotest-hidden": {
        "autotest-hidden-unchanged": 0,
        "autotest-hidden-changed-wrong": 0,
        "autotest-hidden-changed-right": 1,
    },
}


@pytest.mark.skipif(not FILES.is_dir(), reason="this nbgrader comes without its tests")
def test_nbgraders_own_notebooks_have_the_scores_that_its_tests_expect(tmp_path: Path) -> None:
    course = tmp_path / "course"
    course.mkdir()
    (course / "nbgrader_config.py").write_text(SETTINGS)
    shutil.copy(FILES / "autotests.yml", course)
    for source, works in SCORES.items():
        folder = course / "source" / source
        folder.mkdir(parents=True)
        shutil.copy(FILES / f"{source}.ipynb", folder / "p1.ipynb")
        for work in works:
            folder = course / "submitted" / work / source
            folder.mkdir(parents=True)
            shutil.copy(FILES / f"{work}.ipynb", folder / "p1.ipynb")
    code, output, said = run("release", *SCORES, "--course", course)
    assert code == 0, said
    assert "inside" not in output
    code, output, said = run("grade", *SCORES, "--jobs", 1, "--course", course)
    assert code == 0, said
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        found = {
            source: {
                work: gradebook.find_submission_notebook("p1", source, work).score for work in works
            }
            for source, works in SCORES.items()
        }
    assert found == SCORES
