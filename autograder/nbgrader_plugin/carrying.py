"""What nbgrader loads to make a release: its last step lets a notebook carry its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.course.carried import CELL_ID, carrying_cell
from autograder.course.folder import files_beside


class CarryFiles(NbGraderPreprocessor):
    """Puts a cell with the files beside a notebook before the first code cell of it."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Carry what nbgrader has copied into the release; see `autograder.course.carried`."""
        info = resources["nbgrader"]
        folder = Path(self.parent.parent._format_dest(info["assignment"], info["student"]))
        cell = carrying_cell(info["notebook"], files_beside(folder))
        # Jupyter's server reads the settings several times, and then has this step several times.
        nb.cells = [one for one in nb.cells if one.get("id") != CELL_ID]
        code = (place for place, one in enumerate(nb.cells) if one.cell_type == "code")
        first = next(code, None)
        if cell is not None and first is not None:
            nb.cells.insert(first, cell)
        return nb, resources
