"""A small gradebook in any database, all that is stored in it, and two programs that write at once.

What the tests of the gradebook share, and of what reads and writes it.
"""

from __future__ import annotations

import copy
import datetime
import multiprocessing
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader import api, utils
from sqlalchemy import create_engine, text

from autograder.gradebook import GradebookStore
from autograder.gradebook.tables import SCHEMA
from autograder.submission.graded_cells import GradedCell, GradedSubmission

STUB = 'def double(x):\n    raise NotImplementedError("not written yet")'
DUE = datetime.datetime(2025, 1, 10, 12)
BEFORE, LATE = datetime.datetime(2025, 1, 9, 8, 30), datetime.datetime(2025, 1, 11, 12)
CELLS = 4  # of a notebook's grades


def owned(name: str, **settings: Any) -> dict[str, Any]:
    flags = {"grade": False, "solution": False, "locked": False, "task": False} | settings
    return {"nbgrader": {"grade_id": name, "schema_version": 3, **flags}}


def graded(points: float) -> dict[str, Any]:
    return {"grade": True, "locked": True, "points": points}


def released() -> NotebookNode:
    """A release: checks worth 8 and 3, a written answer worth 4 and a task worth 2."""
    task = {"task": True, "locked": True, "points": 2}
    cells = [
        new_code_cell("import numpy", metadata=owned("setup", locked=True)),
        new_code_cell(STUB, metadata=owned("double", solution=True)),
        new_code_cell("check(double)", metadata=owned("grade_double", **graded(8))),
        new_code_cell("check(double)", metadata=owned("grade_again", **graded(3))),
        new_markdown_cell("Why?", metadata=owned("why", grade=True, solution=True, points=4)),
        new_markdown_cell("Draw it.", metadata=owned("draw", **task)),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
        cell.metadata.nbgrader["checksum"] = utils.compute_checksum(cell)
        cell.metadata.nbgrader["cell_type"] = cell.cell_type
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def submission(
    double: float | str, again: float | str, solved: bool = True, answer: str = "Because."
) -> NotebookNode:
    """A graded notebook: a number of points, or a trouble, for each check."""
    notebook = copy.deepcopy(released())
    if solved:
        notebook.cells[1].source = "def double(x):\n    return 2 * x"
    notebook.cells[4].source = answer
    for cell, result in zip(notebook.cells[2:4], (double, again), strict=True):
        if isinstance(result, str):
            cell.outputs = [new_output("error", ename=result, evalue="", traceback=[])]
        else:
            card = new_output("display_data", {"text/plain": "a card"})
            points = new_output("execute_result", {"text/plain": repr(result)}, execution_count=1)
            cell.outputs = [card, points]
    return notebook


def fill(url: str, *assignments: str) -> None:
    """Make a gradebook as `nbgrader generate_assignment` fills it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "get_alembic_version", lambda: SCHEMA)  # starts a program
        gradebook = api.Gradebook(url)
    with gradebook:
        for assignment in assignments:
            gradebook.add_assignment(assignment, duedate=DUE)
            gradebook.add_notebook(assignment, assignment)
            for cell in released().cells:
                data, kind = cell.metadata.nbgrader, cell.cell_type
                where = (data.grade_id, assignment, assignment)
                if data.grade:
                    gradebook.add_grade_cell(*where, max_score=data.points, cell_type=kind)
                if data.task:
                    gradebook.add_task_cell(*where, max_score=data.points, cell_type=kind)
                if data.solution:
                    gradebook.add_solution_cell(*where)
                gradebook.add_source_cell(
                    *where,
                    source=cell.source,
                    cell_type=kind,
                    checksum=data.checksum,
                    locked=utils.is_locked(cell),
                )


@contextmanager
def locked(course: Path) -> Iterator[None]:
    """Hold a course's SQLite gradebook, as a program that writes to it does."""
    connection = sqlite3.connect(course / "gradebook.db")
    try:
        connection.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        connection.close()


def sql(course: Path, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Run one statement on a course's SQLite gradebook, in a transaction of its own."""
    connection = sqlite3.connect(course / "gradebook.db")
    try:
        with connection:
            return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


def points_in(course: Path) -> dict[str, float]:
    """Return each student's automatic points, as a course's SQLite gradebook has them."""
    return dict(
        sql(
            course,
            "SELECT a.student_id, SUM(g.auto_score) FROM grade g"
            " JOIN submitted_notebook n ON g.notebook_id = n.id"
            " JOIN submitted_assignment a ON n.assignment_id = a.id GROUP BY a.id",
        )
    )


def query(url: str, statement: str, **values: object) -> list[tuple[Any, ...]]:
    """Run one statement, in a transaction and a connection of its own."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


def every_row(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """All that is stored of submissions, without the random ids."""
    whose = """JOIN submitted_assignment a ON a.id = n.assignment_id
        JOIN notebook m ON m.id = n.notebook_id"""
    cell = f"""JOIN base_cell b ON b.id = c.cell_id
        JOIN submitted_notebook n ON n.id = c.notebook_id {whose}"""
    named = "a.student_id, m.name"
    tables = {
        "student": "SELECT * FROM student",
        "submitted_assignment": "SELECT student_id, m.name, timestamp, extension "
        "FROM submitted_assignment a JOIN assignment m ON m.id = a.assignment_id",
        "submitted_notebook": f"SELECT {named}, flagged, late_submission_penalty "
        f"FROM submitted_notebook n {whose}",
        "grade": f"SELECT {named}, b.name, b.type, auto_score, manual_score, extra_credit, "
        f"needs_manual_grade FROM grade c {cell}",
        "comment": f"SELECT {named}, b.name, b.type, auto_comment, manual_comment "
        f"FROM comment c {cell}",
    }
    # Sorted here: databases differ in the order of letters.
    return {
        name: sorted((tuple(map(_as_in_sqlite, row)) for row in query(url, statement)), key=repr)
        for name, statement in tables.items()
    }


def _as_in_sqlite(value: Any) -> Any:
    """Return a time as the text that SQLite keeps; other values are alike in all databases."""
    return f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime.datetime) else value


def result(
    student: str = "ada",
    time: datetime.datetime | None = None,
    cells: dict[str, GradedCell] | None = None,
    assignment: str = "ps1",
) -> GradedSubmission:
    """What is to be stored of one submission."""
    return GradedSubmission(student, assignment, assignment, time, cells or {})


# --- Two programs at once ------------------------------------------------------

ROUNDS, CLASS = 6, 40


def synthetic(assignment: str, number: int) -> GradedSubmission:
    """Results that depend on the assignment and the student's number alone."""
    cells = {"grade_double": GradedCell(number % 9), "grade_again": GradedCell(len(assignment) % 4)}
    return result(f"student{number:03}", BEFORE, cells, assignment)


def write_class(url: str, assignment: str, backwards: bool, ready: Any) -> None:
    """Write a class in small batches, as another program does the same."""
    numbers = sorted(range(CLASS), reverse=backwards)
    with GradebookStore.open(url) as store:
        ready.wait(600)
        for _ in range(ROUNDS):
            for first in range(0, CLASS, 8):
                some = numbers[first : first + 8]
                store.write([synthetic(assignment, number) for number in some])


def at_the_same_moment(url: str, *assignments: str) -> None:
    """Have a process for each assignment write its class, all at once; they must all succeed."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(len(assignments))
    writers = [
        context.Process(target=write_class, args=(url, assignment, bool(place % 2), ready))
        for place, assignment in enumerate(assignments)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(600)
    try:
        assert [writer.exitcode for writer in writers] == [0] * len(writers)
    finally:
        for writer in writers:
            writer.kill()


def assert_nothing_is_lost(url: str, alone: str, *assignments: str) -> None:
    """Hold what several programs write at once against what one writes into another gradebook."""
    at_the_same_moment(url, *assignments)
    with GradebookStore.open(alone) as store:
        for assignment in sorted(set(assignments)):
            store.write([synthetic(assignment, number) for number in range(CLASS)])
    assert every_row(url) == every_row(alone)
    assert len(every_row(url)["grade"]) == len(set(assignments)) * CLASS * CELLS
