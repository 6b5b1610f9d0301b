"""The code cells of an assignment's notebook as the instructor has them.

The gradebook knows the cells that nbgrader owns, hidden tests included; the release has the others,
and the source the solutions, where the course has it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from autograder.course.outside.plan import LOCKED, OPEN, SOLUTION, TEST, Given


class Owned(Protocol):
    """A cell that nbgrader owns, as the gradebook has it."""

    @property
    def grade_id(self) -> str:
        """nbgrader's name of it."""

    @property
    def cell_type(self) -> str:
        """``"code"`` or ``"markdown"``."""

    @property
    def source(self) -> str:
        """Its source, with what is hidden from students."""

    @property
    def solution(self) -> bool:
        """Whether students write it."""

    @property
    def is_test(self) -> bool:
        """Whether it is code of the instructor's that gives points."""

    @property
    def exercise(self) -> str | None:
        """The exercise of a catalogue that it has checked, which the judge does."""

    @property
    def handed_out(self) -> str:
        """Its source as students have it."""


def script_of(owned: Sequence[Owned], released: Path, source: Path) -> list[Given]:
    """Return the code cells of a notebook, in its order.

    Parameters
    ----------
    owned : its cells that nbgrader owns
    released, source : the notebook as released and as written; either may be missing
    """
    known = {cell.grade_id: cell for cell in owned if cell.cell_type == "code"}
    solutions = {name: text for name, text in _code_cells(source) if name in known}
    order = _code_cells(released) or [(cell.grade_id, "") for cell in known.values()]
    cells, seen = [], set()
    for name, text in order:
        cell = known.get(name)
        seen.add(name)
        if cell is not None and cell.exercise:
            continue
        if cell is None:
            cells.append(Given("", OPEN, text))
        elif cell.is_test:
            cells.append(Given(name, TEST, cell.source, shown=cell.handed_out))
        elif cell.solution:
            cells.append(Given(name, SOLUTION, cell.source, solutions.get(name, "")))
        else:
            cells.append(Given(name, LOCKED, cell.source))
    # Where a release lacks one, its text still says which names are whose.
    tests = [cell for cell in known.values() if cell.is_test and not cell.exercise]
    missing = [cell for cell in tests if cell.grade_id not in seen]
    return cells + [Given(one.grade_id, TEST, one.source, shown=one.handed_out) for one in missing]


def _code_cells(notebook: Path) -> list[tuple[str, str]]:
    try:
        cells: list[Any] = json.loads(notebook.read_bytes())["cells"]
        return [
            (
                str(cell["metadata"].get("nbgrader", {}).get("grade_id", "")),
                "".join(cell["source"]),
            )
            for cell in cells
            if cell["cell_type"] == "code"
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
