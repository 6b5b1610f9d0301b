"""The cells that nbgrader owns, from a notebook as it was released; a gradebook has them too."""

from __future__ import annotations

from nbformat import NotebookNode

from autograder.course.assignment import MasterCell


def master_of(notebook: NotebookNode) -> list[MasterCell]:
    """Return the released cells of a release notebook, in its order.

    Parameters
    ----------
    notebook : a release notebook, as nbgrader made it

    Returns
    -------
    list of MasterCell, one for each cell with nbgrader metadata
    """
    cells = []
    for cell in notebook.cells:
        data = cell.metadata.get("nbgrader", {})
        flags = {key: bool(data.get(key, False)) for key in ("grade", "solution", "locked", "task")}
        if data.get("grade_id") and any(flags.values()):
            points = data.get("points")
            cells.append(
                MasterCell(
                    data["grade_id"],
                    cell.cell_type,
                    cell.source,
                    None if points is None else float(points),
                    checksum=data.get("checksum"),
                    **flags,
                )
            )
    return cells
