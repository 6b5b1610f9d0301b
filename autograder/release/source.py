"""What a source notebook must be, before nbgrader is asked for a release of it."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.catalogue.catalogue import Catalogue
from autograder.catalogue.model import Exercise
from autograder.catalogue.name import CONFIG_FILE
from autograder.course.assignment import GRADE_PREFIX
from autograder.release import ReleaseError
from autograder.submission.causes import defines
from autograder.words import first_line, listed, points_text


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


@dataclass(frozen=True)
class Asked:
    """What a source notebook asks for, and what is to be said of it.

    Parameters
    ----------
    exercises : of the catalogue, for the points that the notebook gives, in its order
    problems : why it cannot be released, a line each
    remarks : what is odd and may be meant, a line each
    """

    exercises: tuple[Exercise, ...] = ()
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def read_asked(
    course: Path, assignment: str, catalogue: Catalogue, sets: Sequence[str] = ()
) -> Asked:
    """Return what an assignment's source notebook asks for.

    Parameters
    ----------
    course : the course's folder
    catalogue : where the exercises are described
    sets : of the catalogue, whose exercises come before others of their name; without
        them that of the assignment's own name

    Raises
    ------
    ReleaseError : the notebook cannot be read
    """
    folder = course / "source" / assignment
    path = Path("source", assignment, f"{assignment}.ipynb")
    others = sorted(other.name for other in folder.glob("*.ipynb") if other.name != path.name)
    problems = [f"{path.parent}: one notebook an assignment, but here is {x} too" for x in others]
    if not (course / path).is_file():
        return Asked(problems=(*problems, f"there is no {path}"))
    problems += _identifier_problems(course, path)
    if problems:
        return Asked(problems=tuple(problems))
    sets = sets or [assignment]
    known = catalogue.of(*sets)
    asked: dict[str, Exercise] = {}
    solved, given = set(), {}
    for cell in read_source(folder).cells:
        data = cell.metadata.get("nbgrader", {})
        grade_id = str(data.get("grade_id"))
        where = f"{path}, cell {grade_id}"
        if cell.cell_type == "code" and data.get("solution"):
            solved.add(grade_id)
        elif cell.cell_type == "code":
            given[cell.get("id", "")] = cell.source
        if not data.get("grade") or data.get("solution"):
            continue
        name = grade_id.removeprefix(GRADE_PREFIX)
        if name == grade_id or name not in known:
            problems.append(f"{where}: {_unknown(name, known)}")
            continue
        problems += [f"{where}: {line}" for line in _ambiguous(name, sets, catalogue)]
        points = data.get("points", 0)
        if not isinstance(points, int | float) or not 0 <= points < math.inf:
            problems.append(f"{where}: {points!r} is no number of points")
            continue
        asked[name] = known[name].worth(float(points))
        if known[name].properties is None:
            problems.append(f"{where}: {name} has no properties, so check({name}) has none to show")
        if cell.source.strip() != f"check({name})":
            problems.append(f"{where}: its source is not exactly check({name})")
    problems += [f"{path}: no solution cell {name}" for name in asked if name not in solved]
    problems += [
        f"{path}, cell {cell}: it defines {name}, which is asked for: give it another name, "
        "or put it into a solution region"
        for cell, text in given.items()
        for name in asked
        if defines(text, name)
    ]
    own = [exercise.name for exercise in catalogue.assignments.get(assignment, ())]
    unchecked = [name for name in own if name in solved and name not in asked]
    odd = [f"{name} is to be written, and no cell grade_{name} checks it" for name in unchecked]
    odd += _odd(asked, known, [x for x in own if x not in unchecked], list(given.values()))
    remarks = [f"{path}: {line}" for line in odd]
    return Asked(tuple(asked.values()), tuple(problems), tuple(remarks))


def _unknown(name: str, known: Mapping[str, Exercise]) -> str:
    """Say that a check cell is of no exercise, and which one may be meant."""
    close = difflib.get_close_matches(name, known, 1)
    meant = f"; is grade_{close[0]} meant?" if close else ""
    return f"a check is called grade_<exercise of the catalogue>, and {name} is none{meant}"


def _ambiguous(name: str, sets: Sequence[str], catalogue: Catalogue) -> list[str]:
    there = catalogue.where(name)
    if len(there) < 2 or set(there).intersection(sets):
        return []
    return [
        f"{name} is in {listed(there)}: say which of them is meant, "
        f'c.Catalogue.sets = {{"<this assignment>": ["{there[0]}"]}} in {CONFIG_FILE}'
    ]


def _odd(
    asked: Mapping[str, Exercise],
    known: Mapping[str, Exercise],
    own: Sequence[str],
    code: Sequence[str],
) -> Iterator[str]:
    """Yield what may be meant and may be a slip, a line each."""
    left_out = [name for name in own if name not in asked]
    if left_out:
        yield f"the catalogue's set of this name also has {listed(left_out)}, left out here"
    if not asked:
        yield "no cell checks an exercise: there is nothing for the grader to judge"
    for name, exercise in asked.items():
        usual = known[name].points
        if exercise.points == 0:
            yield f"{name} is worth 0 points: it is judged, and does not count"
        elif exercise.points != usual:
            yield (
                f"{name} is worth {points_text(exercise.points)} here and {points_text(usual)} in "
                "the catalogue: each criterion keeps its share"
            )
        lacking = [need for need in exercise.needs if need not in asked]
        if name in own:  # exercises that are left out of a set on purpose are not a slip
            lacking = [need for need in lacking if need in own]
        lacking = [need for need in lacking if not any(defines(text, need) for text in code)]
        if lacking:
            yield (
                f"{name} may be written with {listed(lacking)}, which the notebook neither asks "
                "for nor gives: students need it where they run their code"
            )


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
