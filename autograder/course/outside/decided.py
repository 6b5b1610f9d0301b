"""What was decided of an assignment's test cells, kept in the course's folder.

A trial with the instructor's own solutions decides, when an assignment is released or first
graded; nothing that a student writes does. It holds as long as notebook and grader are the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from autograder.course.outside.plan import INSIDE, OUTSIDE, Decision, Given

TEST_CELLS_FILE = ".test_cells.json"


@cache
def grader_digest() -> str:
    """Return what stands for the grader's own code, which decides and judges."""
    digest, root = hashlib.sha256(), Path(__file__).resolve().parents[2]
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def digest_of(cells: Sequence[Given]) -> str:
    """Return what stands for a notebook's code cells, as the instructor has them."""
    return hashlib.sha256(repr([asdict(cell) for cell in cells]).encode()).hexdigest()[:20]


def read_decisions(course: Path, key: str, cells: Sequence[Given]) -> dict[str, Decision] | None:
    """Return what was decided of a notebook's test cells; None where nobody tried these.

    Parameters
    ----------
    key : of the notebook, "ps1" or "ps1/part2"
    cells : as they are now
    """
    kept = _read(course / TEST_CELLS_FILE).get(key)
    by = grader_digest()
    if not isinstance(kept, dict) or (kept.get("of"), kept.get("by")) != (digest_of(cells), by):
        return None
    try:
        return {str(name): _decision(one) for name, one in kept["cells"].items()}
    except (KeyError, TypeError, AttributeError):
        return None


def _decision(kept: Mapping[str, Any]) -> Decision:
    needs = kept["needs"]
    way = INSIDE if kept["way"] == INSIDE else OUTSIDE
    return Decision(way, str(kept["why"]), None if needs is None else tuple(map(str, needs)))


def with_decisions(
    course: Path, key: str, cells: Sequence[Given], decided: Mapping[str, Decision]
) -> str:
    """Return what the course's file is to hold, with what was decided of one notebook."""
    kept = _read(course / TEST_CELLS_FILE)
    said = {name: asdict(one) for name, one in decided.items()}
    kept[key] = {"of": digest_of(cells), "by": grader_digest(), "cells": said}
    return json.dumps(kept, indent=1, sort_keys=True)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
