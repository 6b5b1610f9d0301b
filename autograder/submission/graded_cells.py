"""Points and comments of a graded notebook, by nbgrader's own rules; plain data.

The rules are nbgrader's `determine_grade` and `compute_checksum`, written anew
because a worker would wait seconds for nbgrader to be imported; a test holds
them against nbgrader's.  Must not know the database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograder.base.words import carried_text

if TYPE_CHECKING:
    import datetime

    from nbformat import NotebookNode


# Where a graded notebook keeps, in metadata, what the grader says as plain data.
NOTE = "autograder"


@dataclass(frozen=True)
class GradedCell:
    """What the grader says of one cell.

    Parameters
    ----------
    auto_score : points, or None for what a person must grade
    needs_manual : a person must look, whatever the points
    comment : shown with a solution cell where no person has commented
    """

    auto_score: float | None = None
    needs_manual: bool = False
    comment: str | None = None


@dataclass(frozen=True)
class GradedSubmission:
    """What the grader says of one notebook of one student.

    Parameters
    ----------
    student : nbgrader's student id
    assignment, notebook : ``"ps1"``, ``"ps1"``
    timestamp : when it was submitted, in UTC without a zone; None where unknown
    cells : by grade_id; a graded cell that is not there gets 0 points, a task waits for a person
    """

    student: str
    assignment: str
    notebook: str
    timestamp: datetime.datetime | None
    cells: Mapping[str, GradedCell]


def cells_of(graded: NotebookNode) -> dict[str, GradedCell]:
    """Return points and comments of a graded notebook, as nbgrader itself reads them.

    The points of a check are its ``execute_result``; a written answer that is
    still as released has 0 points, any other waits for a person; a solution
    cell still as released has the comment "No response."

    Parameters
    ----------
    graded : a notebook whose checks have verdicts for outputs

    Returns
    -------
    dict of GradedCell by grade_id, for every graded and every solution cell

    Raises
    ------
    ValueError, KeyError
        where nbgrader raises it: more points than there are, a result without text
    """
    cells = {}
    said, waiting = comments_on(graded), waiting_in(graded)
    for cell in graded["cells"]:
        data = cell["metadata"].get("nbgrader", {})
        grade, solution = bool(data.get("grade")), bool(data.get("solution"))
        if not grade and not solution:
            continue
        untouched = solution and "checksum" in data and data["checksum"] == checksum(cell)
        score = points(cell, untouched) if grade else None
        comment = "No response." if untouched else said.get(data["grade_id"])
        score = None if data["grade_id"] in waiting else score
        cells[data["grade_id"]] = GradedCell(score, grade and score is None, comment)
    return cells


def comments_on(graded: NotebookNode) -> dict[str, str]:
    """Return what is said of points, by solution cell.

    That is which were carried forward, and which tests, of those below the cell, give points and
    were asserted inside.
    """
    said = {
        verdict["exercise"]: carried_text(
            verdict["points"], verdict["carried_points"], verdict["given"]
        )
        for verdict in verdicts_of(graded)
        if verdict["given"]
    }
    above, inside = None, dict[str, list[str]]()
    for cell in graded["cells"]:
        owned = cell["metadata"].get("nbgrader", {})
        if owned.get("solution"):
            above = str(owned["grade_id"])
        for verdict in _notes(cell):
            if above and verdict.get("asserted") == "inside" and verdict["earned"]:
                inside.setdefault(above, []).append(verdict["exercise"])
    for name, tests in inside.items():
        told = f"Asserted inside, where student code runs: {', '.join(tests)}."
        said[name] = f"{said[name]} {told}" if name in said else told
    return said


def waiting_in(graded: NotebookNode) -> set[str]:
    """Return the test cells whose points wait for a person."""
    return {one["exercise"] for one in verdicts_of(graded) if one.get("waits")}


def verdicts_of(graded: NotebookNode) -> list[dict[str, Any]]:
    """Return the verdicts that a graded notebook holds, as plain data, in its order.

    They lie beside the cards, in the outputs' metadata. A student cannot write
    there: outputs and metadata of a submission are dropped before it is graded.

    Parameters
    ----------
    graded : as `autograder.submission.notebook.judge_notebook` leaves it, whoever stored it

    Returns
    -------
    list of dict, the fields of `autograder.judging.judge.Verdict`
    """
    return [note for cell in graded["cells"] for note in _notes(cell)]


def _notes(cell: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not cell["metadata"].get("nbgrader", {}).get("grade"):
        return []
    found = [output.get("metadata", {}).get(NOTE) for output in cell.get("outputs", [])]
    return [note for note in found if note is not None]


def points(cell: Mapping[str, Any], untouched: bool) -> float | None:
    """Return the points of a graded cell, or None where a person must grade it."""
    data = cell["metadata"]["nbgrader"]
    if data.get("solution"):
        return 0.0 if untouched else None
    if cell["cell_type"] != "code":
        return None
    most = float(data["points"])
    for output in cell["outputs"]:
        kind = output["output_type"]
        if kind == "error" or (kind == "stream" and output["name"] == "stderr"):
            return 0.0
        if kind == "execute_result":
            return _shown(output["data"]["text/plain"], most)
    return most


def _shown(result: str | list[str], most: float) -> float:
    """Return the points that a result shows; like nbgrader, all of them where it is no number."""
    if not result:
        raise KeyError("a result without text")
    if isinstance(result, list):
        if len(result) > 1:
            return most
        result = result[0]
    try:
        shown = float(result)
    except ValueError:
        return most
    if shown > most:
        raise ValueError(f"{shown:g} points of {most:g}")
    return shown if shown >= 0 else most


def checksum(cell: Mapping[str, Any]) -> str:
    """Return nbgrader's checksum of a cell: of its source, kind, flags, name and points."""
    data = cell["metadata"]["nbgrader"]
    grade, solution = data.get("grade", False), data.get("solution", False)
    locked = not solution and (bool(grade) or data.get("locked", False))
    parts = [cell["source"], cell["cell_type"], str(grade), str(solution), str(locked)]
    parts.append(data["grade_id"])
    if grade:
        parts.append(str(float(data["points"])))
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()
