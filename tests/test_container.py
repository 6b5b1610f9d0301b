"""The box works under the options of docs/container.md, and under none fewer."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from as_container import PROFILE
from isolation import why_no_isolation

ROOT = Path(__file__).resolve().parents[1]
DOCTOR = (
    "from autograder.cli.doctor import _isolation as look; c = look(); print(c.state, c.message)"
)


@pytest.fixture(scope="module", autouse=True)
def _containers() -> None:
    if os.getuid() != 0:
        pytest.skip("only root can be as a container is")
    if (reason := why_no_isolation()) is not None:
        pytest.skip(reason)


def isolation(**options: Any) -> str:
    """Return what `autograder doctor` says of isolation in a container."""
    order = {
        "root": "/",
        "course": "/",
        "command": [sys.executable, "-c", DOCTOR],
        "needed": [sys.base_prefix, sys.prefix, str(ROOT)],
        **options,
    }
    done = subprocess.run(
        [sys.executable, ROOT / "tests/as_container.py", "--json", json.dumps(order)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_cell_runs_in_the_box_of_a_container():
    assert isolation().startswith("works a cell ran inside bubblewrap")


@pytest.mark.parametrize(
    ("without", "said"),
    [
        ({"masked": True}, "Can't mount proc"),
        *(({"refused": [call]}, "Operation not permitted") for call in ("unshare", "mount")),
        *(({"refused": [call]}, "Operation not permitted") for call in ("umount2", "pivot_root")),
    ],
)
def test_each_option_is_needed_and_without_it_grading_refuses(without, said):
    answer = isolation(**without)
    assert answer.startswith("missing ")
    assert said in answer


def test_the_docs_name_the_calls_that_are_allowed_beyond_the_usual():
    text = (ROOT / "docs/container.md").read_text(encoding="utf-8")
    refused = json.loads(PROFILE.read_text())["syscalls"][0]["names"]
    named = set(
        re.findall(r"`(\w+)`", text.partition("beyond docker's own:")[2].partition("\n")[0])
    )
    assert named == {"clone", "unshare", "mount", "umount2", "pivot_root"}
    assert not named & set(refused)
