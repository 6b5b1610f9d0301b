"""An assignment as it was released, read from the gradebook's tables."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from autograder.course.assignment import MasterCell
from autograder.gradebook.database import GradebookError, NotReleased
from autograder.gradebook.tables import (
    ASSIGNMENT,
    BASE_CELL,
    GRADE_CELL,
    NOTEBOOK,
    SOURCE_CELL,
    TASK_CELL,
)


@dataclass(frozen=True)
class Cell:
    """A released cell that is graded, commented, or both."""

    id: str
    name: str
    kind: str
    max_score: float | None


@dataclass(frozen=True)
class ReleasedAssignment:
    """An assignment as it was released.

    Parameters
    ----------
    id, name : of the assignment
    due : in UTC without a zone, or None
    notebooks : their ids by name
    cells : by notebook's id
    """

    id: str
    name: str
    due: datetime.datetime | None
    notebooks: dict[str, str]
    cells: dict[str, list[Cell]] = field(default_factory=dict)

    def graded(self, notebook_id: str) -> list[Cell]:
        """Return the cells of a notebook that have points."""
        return [cell for cell in self.cells[notebook_id] if cell.max_score is not None]

    def commented(self, notebook_id: str) -> list[Cell]:
        """Return the cells of a notebook that have a comment."""
        return [cell for cell in self.cells[notebook_id] if cell.kind != "GradeCell"]

    def id_of(self, notebook: str) -> str:
        """Return the id of a notebook.

        Raises
        ------
        GradebookError
            where there is none of that name
        """
        if notebook not in self.notebooks:
            known = ", ".join(sorted(self.notebooks)) or "none"
            raise GradebookError(
                f"{self.name} has no notebook {notebook} in the gradebook (there: {known}): "
                f"run `autograder release {self.name}` again",
                code=2,
            )
        return self.notebooks[notebook]


def read_released(connection: Connection, assignment: str) -> ReleasedAssignment:
    """Read an assignment.

    Raises
    ------
    GradebookError
        where it was never released
    """
    row = connection.execute(select(ASSIGNMENT).where(ASSIGNMENT.c.name == assignment)).first()
    if row is None:
        raise NotReleased(
            f"{assignment} is not in the gradebook: run `autograder release {assignment}` first"
        )
    notebooks = connection.execute(
        select(NOTEBOOK.c.name, NOTEBOOK.c.id).where(NOTEBOOK.c.assignment_id == row.id)
    ).all()
    released = ReleasedAssignment(row.id, row.name, row.duedate, dict(iter(notebooks)))
    released.cells.update({key: [] for key in released.notebooks.values()})
    with_points = BASE_CELL.outerjoin(GRADE_CELL, GRADE_CELL.c.id == BASE_CELL.c.id).outerjoin(
        TASK_CELL, TASK_CELL.c.id == BASE_CELL.c.id
    )
    for notebook_id, *cell in connection.execute(
        select(
            BASE_CELL.c.notebook_id,
            BASE_CELL.c.id,
            BASE_CELL.c.name,
            BASE_CELL.c.type,
            func.coalesce(GRADE_CELL.c.max_score, TASK_CELL.c.max_score),
        )
        .select_from(with_points)
        .where(BASE_CELL.c.notebook_id.in_(list(released.cells)))
    ):
        released.cells[notebook_id].append(Cell(*cell))
    return released


def read_master_cells(connection: Connection, assignment: str, notebook: str) -> list[MasterCell]:
    """Read the released cells of a notebook, sorted by name: a database promises no order.

    Raises
    ------
    GradebookError
        where the gradebook knows no such assignment or notebook
    """
    released = read_released(connection, assignment)
    notebook_id = released.id_of(notebook)
    kinds: dict[str, set[str]] = {}
    points: dict[str, float] = {}
    for cell in released.cells[notebook_id]:
        kinds.setdefault(cell.name, set()).add(cell.kind)
        if cell.max_score is not None:
            points[cell.name] = cell.max_score
    rows = connection.execute(select(SOURCE_CELL).where(SOURCE_CELL.c.notebook_id == notebook_id))
    return [
        MasterCell(
            row.name,
            row.cell_type,
            row.source or "",
            points.get(row.name),
            grade="GradeCell" in kinds.get(row.name, ()),
            solution="SolutionCell" in kinds.get(row.name, ()),
            locked=bool(row.locked),
            task="TaskCell" in kinds.get(row.name, ()),
            checksum=row.checksum,
        )
        # Here, because each database has its own idea of the order of letters.
        for row in sorted(rows, key=lambda row: row.name)
    ]
