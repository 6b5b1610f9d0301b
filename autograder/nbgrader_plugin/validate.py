"""Validate names a cell that was copied; nbgrader itself would say "metadata may be corrupted".

A cell that is copied or split in JupyterLab keeps its mark, and nbgrader validates no notebook
with two of one mark.  Grading keeps one of them; so does this, and says which to delete.
"""

from __future__ import annotations

import sys
from typing import Any

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_locked, is_solution
from nbgrader.validator import Validator

# Where nbgrader makes its validator; it has no setting for its class.
MAKERS = ("nbgrader.apps.validateapp", "nbgrader.server_extensions.validate_assignment.handlers")
# Short: on the command line, nbgrader cuts a line after 83 characters.
COPIED = "The cell {} is there {} times (copied or split): delete all but one."


class CarefulValidator(Validator):
    """Validates a notebook in which cells were copied."""

    copied: dict[str, list[NotebookNode]]

    def _preprocess(self, nb: NotebookNode) -> NotebookNode:
        self.copied = copies_in(nb)
        for cells in self.copied.values():
            for cell in cells[:-1]:
                del cell.metadata["nbgrader"]
        notebook: NotebookNode = super()._preprocess(nb)
        return notebook

    def validate(self, filename: str) -> dict[str, list[dict[str, str]]]:
        """Return what nbgrader finds, and first each cell that is there more than once."""
        self.copied = {}
        found: dict[str, Any] = super().validate(filename)
        copied = []
        for name, cells in self.copied.items():
            said = COPIED.format(name, len(cells))
            source = cells[-1].source.strip()
            copied.append({"source": source, "error": said, "raw_error": said})
        return {**found, "failed": copied + found.get("failed", [])} if copied else found


def copies_in(notebook: NotebookNode) -> dict[str, list[NotebookNode]]:
    """Return the cells that have one mark with another, by that mark."""
    marked: dict[str, list[NotebookNode]] = {}
    for cell in notebook.cells:
        if is_grade(cell) or is_solution(cell) or is_locked(cell):
            marked.setdefault(cell.metadata.nbgrader.grade_id, []).append(cell)
    return {name: cells for name, cells in marked.items() if len(cells) > 1}


def be_careful() -> None:
    """Have nbgrader's command and JupyterLab's button validate so."""
    for maker in MAKERS:
        if maker in sys.modules:
            vars(sys.modules[maker])["Validator"] = CarefulValidator
