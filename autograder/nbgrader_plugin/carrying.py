"""What nbgrader loads to make a release, before and after its own steps.

Before: whether cells came or went though there are submissions.  After: the notebook carries its
files, and what was released is kept, so that an older hand-in is known as such.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.base.words import counted, listed
from autograder.course.carried import CELL_ID, carrying_cell
from autograder.course.folder import files_beside
from autograder.course.releases import note_release
from autograder.nbgrader_plugin.plain_log import say_plainly


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


class CheckCells(NbGraderPreprocessor):
    """Says what to do where nbgrader is going to refuse a release without a word about it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        say_plainly(self.log)

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Compare the cells with those in the gradebook, if anything is handed in."""
        info = resources["nbgrader"]
        name = info["assignment"]
        with Gradebook(info["db_url"]) as gradebook:
            try:
                before = gradebook.find_notebook(info["notebook"], name)
            except MissingEntry:
                return nb, resources
            submissions = len(before.submissions)
            kinds = {
                "grade": {cell.name for cell in before.grade_cells},
                "solution": {cell.name for cell in before.solution_cells},
                "task": {cell.name for cell in before.task_cells},
                "any": {cell.name for cell in before.source_cells},
            }
        there = {(kind, cell) for kind, cells in kinds.items() for cell in cells}
        owned = [cell.metadata.get("nbgrader", {}) for cell in nb.cells]
        flags = ("grade", "solution", "task", "locked")
        now = {
            (kind, one["grade_id"])
            for one in owned
            for kind in ("grade", "solution", "task", "any")
            if (any(map(one.get, flags)) if kind == "any" else one.get(kind))
        }
        changes = {"added": now - there, "dropped": there - now}
        said = [
            f"{what}: {listed(sorted({cell for _, cell in cells}))}"
            for what, cells in changes.items()
            if cells
        ]
        if submissions and said:
            raise NbGraderException(
                f"{name} has {counted(submissions, 'submission')} in the gradebook, so its graded "
                f"cells can neither come nor go ({'; '.join(said)}). Put back what was dropped: an "
                "exercise whose check has 0 points stays and does not count. Take out what was "
                f"added, or give it a name of its own, another folder in source/. Or begin anew, "
                f"without marks by hand and due date: `nbgrader db assignment remove {name} "
                f"--force`, then `autograder release {name}` and `autograder grade {name}`"
            )
        return nb, resources


class NoteRelease(NbGraderPreprocessor):
    """Keeps digests of what was released; see `autograder.course.releases`."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Note the notebook as students get it."""
        root, info = Path(self.parent.parent.coursedir.root), resources["nbgrader"]
        note_release(root, info["assignment"], info["notebook"], nb)
        return nb, resources
