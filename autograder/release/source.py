"""What a source notebook must be, before nbgrader is asked for a release of it."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.catalogue.catalogue import Catalogue
from autograder.course.assignment import GRADE_PREFIX
from autograder.release import ReleaseError
from autograder.words import first_line


def read_source(folder: Path) -> NotebookNode:
    """Return the notebook of an assignment's folder.

    Raises
    ------
    ReleaseError : it cannot be read
    """
    path = folder / f"{folder.name}.ipynb"
    try:
        return nbformat.read(path, as_version=4)
    except Exception as error:
        reason = first_line(error)[:200]
        raise ReleaseError(f"{path} cannot be read as a notebook: {reason}") from None


def source_problems(course: Path, assignment: str, catalogue: Catalogue) -> list[str]:
    """Return where a source notebook and the catalogue disagree, a line for each."""
    folder = course / "source" / assignment
    path = Path("source", assignment, f"{assignment}.ipynb")
    others = sorted(other.name for other in folder.glob("*.ipynb") if other.name != path.name)
    problems = [f"{path.parent}: one notebook an assignment, but here is {x} too" for x in others]
    if not (course / path).is_file():
        return [*problems, f"there is no {path}"]
    problems += _identifier_problems(course, path)
    if problems:
        return problems
    notebook = read_source(folder)
    own = {exercise.name: exercise for exercise in catalogue.assignments.get(assignment, ())}
    checked, solved = set(), set()
    for cell in notebook.cells:
        data = cell.metadata.get("nbgrader", {})
        grade_id = data.get("grade_id")
        where = f"{path}, cell {grade_id}"
        if data.get("solution") and cell.cell_type == "code":
            solved.add(grade_id)
        if not data.get("grade") or data.get("solution"):
            continue
        name = str(grade_id).removeprefix(GRADE_PREFIX)
        exercise = own.get(name)
        if name == grade_id or exercise is None:
            sets = catalogue.assignments.items()
            elsewhere = [key for key, listed in sets if name in {one.name for one in listed}]
            problems.append(
                f"{where}: the catalogue has {name} in {', '.join(elsewhere)}"
                if elsewhere
                else f"{where}: a check is called grade_<exercise of the catalogue>"
            )
            continue
        checked.add(name)
        if exercise.properties is None:
            problems.append(f"{where}: {name} has no properties, so check({name}) has none to show")
        if float(data.get("points", 0)) != exercise.points:
            problems.append(
                f"{where}: {data.get('points', 0):g} points here, "
                f"{exercise.points:g} in the catalogue"
            )
        if cell.source.strip() != f"check({name})":
            problems.append(f"{where}: its source is not exactly check({name})")
    missing = sorted(own.keys() - checked)
    problems += [f"{path}: no cell grade_{name} checks {name}" for name in missing]
    problems += [f"{path}: no solution cell {name}" for name in sorted(checked - solved)]
    return problems


def _identifier_problems(course: Path, path: Path) -> list[str]:
    """Return which cells have no id of their own; reading would give them random ones."""
    try:
        content = json.loads((course / path).read_text(encoding="utf-8"))
        identifiers = [cell.get("id") for cell in content["cells"]]
        minor = content["nbformat_minor"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReleaseError(f"{path} cannot be read as a notebook: {error!r:.200}") from None
    if minor < 5 or None in identifiers:
        return [f"{path}: cells without ids: open it in JupyterLab and save it"]
    return [
        f"{path}: two cells have the id {identifier}"
        for identifier in sorted({x for x in identifiers if identifiers.count(x) > 1})
    ]
