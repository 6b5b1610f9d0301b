"""What a source notebook must be, before nbgrader is asked for a release of it."""

from __future__ import annotations

import ast
import difflib
import json
import math
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.base.words import first_line, listed, points_text
from autograder.catalogue.catalogue import Catalogue
from autograder.catalogue.model import Exercise
from autograder.catalogue.name import CONFIG_FILE
from autograder.course.agreement import other_language
from autograder.course.assignment import GRADE_PREFIX, exercise_asked
from autograder.course.folder import notebooks_in
from autograder.release import ReleaseError
from autograder.submission.causes import defines
from autograder.submission.sanitise import free_id

# Where students check an exercise of a catalogue; other courses have a `check` of their own.
KIT = re.compile(r"^\s*from\s+checks\s+import\b", re.MULTILINE)
CHECKED = re.compile(r"\s*check\(")


@lru_cache(maxsize=16)
def _notebook_of(text: str) -> NotebookNode:
    """Return the notebook in a text; a release asks for each of its sources several times."""
    from nbgrader.nbgraderformat import MetadataValidator

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cells without ids, and two with one
        content = json.loads(text)
        if content["nbformat"] < 4:
            content = nbformat.convert(nbformat.from_dict(content), 4)
            content["nbformat_minor"] = 4  # with ids that are others each time
        notebook = nbformat.reads(json.dumps(_with_ids(content)), 4)
    return MetadataValidator().upgrade_notebook_metadata(notebook)


def read_source(path: Path) -> NotebookNode:
    """Return a source notebook in the present format: cells with ids, nbgrader's metadata of today.

    The same file gives the same notebook.

    Raises
    ------
    ReleaseError : it cannot be read
    """
    try:
        return deepcopy(_notebook_of(path.read_text(encoding="utf-8")))
    except Exception as error:
        reason = first_line(error)[:200]
        raise ReleaseError(f"{path} cannot be read as a notebook: {reason}") from None


def _with_ids(content: dict[str, Any]) -> dict[str, Any]:
    """Give each cell of an older notebook an id; reading would give it a random one."""
    if content["nbformat_minor"] < 5:
        content["nbformat_minor"] = 5
        for cell in content["cells"]:
            cell.pop("id", None)
    ids = Counter(cell["id"] for cell in content["cells"] if "id" in cell)
    twice = [identifier for identifier, times in ids.items() if times > 1]
    if twice:  # reading would give one of them a random one
        raise ValueError(f"two cells have the id {twice[0]}")
    taken = set(ids)
    for number, cell in enumerate(content["cells"], start=1):
        if "id" not in cell:
            cell["id"] = free_id(f"cell-{number}", taken)
            taken.add(cell["id"])
    return content


def sources_in(folder: Path) -> dict[str, NotebookNode]:
    """Return the source notebooks of an assignment's folder, by name.

    Raises
    ------
    ReleaseError : one cannot be read
    """
    return {name: read_source(folder / f"{name}.ipynb") for name in notebooks_in(folder)}


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
    """Return what an assignment's source notebooks ask for.

    Parameters
    ----------
    course : the course's folder
    catalogue : where the exercises are described
    sets : of the catalogue, whose exercises come before others of their name; without
        them that of the assignment's own name

    Raises
    ------
    ReleaseError : a notebook cannot be read
    """
    folder = course / "source" / assignment
    exercises: dict[str, Exercise] = {}
    problems: list[str] = []
    remarks: list[str] = []
    for name, notebook in sources_in(folder).items():
        path = Path("source", assignment, f"{name}.ipynb")
        found = _asked_by(notebook, path, catalogue, sets or [assignment])
        problems += found.problems
        problems += [
            f"{path}: it asks for {one.name} as another notebook of {assignment} does; "
            "is it a copy?"
            for one in found.exercises
            if one.name in exercises
        ]
        exercises |= {exercise.name: exercise for exercise in found.exercises}
        remarks += found.remarks
    if not notebooks_in(folder):
        problems.append(f"there is no notebook in source/{assignment}")
    return Asked(tuple(exercises.values()), tuple(problems), tuple(remarks))


def _asked_by(
    notebook: NotebookNode, path: Path, catalogue: Catalogue, sets: Sequence[str]
) -> Asked:
    """Return what one source notebook asks for; see `read_asked`."""
    foreign = other_language(notebook.metadata, path.parent.name)
    if foreign:
        return Asked(problems=(f"{path}: {foreign}",))
    problems = [f"{path}, {line}" for line in _mark_problems(notebook.cells)]
    if problems:
        return Asked(problems=tuple(problems))
    known = catalogue.of(*sets)
    asked: dict[str, Exercise] = {}
    solved: dict[str, str] = {}
    given: dict[str, str] = {}
    tested: list[str] = []
    odd: list[str] = []
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    has_kit = any(map(KIT.search, code))
    has_check = has_kit or any(defines(text, "check") for text in code)
    for cell in notebook.cells:
        data = cell.metadata.get("nbgrader", {})
        grade_id = str(data.get("grade_id"))
        where = f"{path}, cell {grade_id}"
        if cell.cell_type == "code" and data.get("solution"):
            solved[grade_id] = cell.source
        elif cell.cell_type == "code":
            given[cell.id] = cell.source
        if not (data.get("grade") or data.get("task")):
            continue
        if data.get("solution") or cell.cell_type != "code":
            continue
        name = grade_id.removeprefix(GRADE_PREFIX)
        if name in known and cell.source.strip() == f"check({name})" and not has_check:
            problems.append(f"{where}: put `from checks import check` into a code cell above it")
        elif not has_kit or not CHECKED.match(cell.source):
            tested.append(grade_id)
            if name != grade_id and name in known:
                odd.append(
                    f"{grade_id} tests {name} by its own code, and not as the catalogue's "
                    f"exercise: for that its source is check({name})"
                )
        if not has_kit or not CHECKED.match(cell.source):
            continue
        if name == grade_id or name not in known:
            problems.append(f"{where}: {_unknown(name, known)}")
            continue
        problems += [f"{where}: {line}" for line in _ambiguous(name, sets, catalogue)]
        asked[name] = known[name].worth(float(data["points"]))
        if name not in solved and any(_solves(other, name) for other in notebook.cells):
            problems.append(f"{where}: it stands above the cell that it checks: move it below")
        elif name in solved and not _writes(solved[name], name):
            problems.append(f"{path}, cell {name}: it does not define {name}")
        if known[name].properties is None:
            problems.append(f"{where}: {name} has no properties, so check({name}) has none to show")
        if exercise_asked(grade_id, cell.source) is None:
            problems.append(f"{where}: its source is not exactly check({name})")
    problems += [
        f"{path}: no solution cell {name}: one with that ID, in which students write {name}"
        for name in asked
        if name not in solved
    ]
    problems += [
        f"{path}, cell {cell}: it defines {name}, which is asked for: give it another name, "
        "or put it into a solution region"
        for cell, text in given.items()
        for name in asked
        if defines(text, name)
    ]
    own = [exercise.name for exercise in catalogue.assignments.get(path.parent.name, ())]
    unchecked = [name for name in own if name in solved and name not in asked]
    odd += [
        f"students get nothing of the cell {name}, all of which is the solution: its check says "
        f"NameError until they define {name}"
        for name in asked
        if not defines(_shown(solved.get(name, "")), name)
    ]
    odd += [
        f"{name} is to be written, and no cell grade_{name} checks it"
        for name in unchecked
        if f"grade_{name}" not in tested
    ]
    odd += _odd(asked, known, [x for x in own if x not in unchecked], list(given.values()))
    if not asked and not tested:
        odd.append("no cell tests anything: there is nothing for the grader to judge")
    remarks = [f"{path}: {line}" for line in odd]
    return Asked(tuple(asked.values()), tuple(problems), tuple(remarks))


def _mark_problems(cells: Sequence[NotebookNode]) -> Iterator[str]:
    """Yield what is wrong with nbgrader's marks of the cells; nbgrader itself names no cell."""
    places: dict[str, list[int]] = {}
    for number, cell in enumerate(cells, 1):
        data = cell.metadata.get("nbgrader", {})
        if not any(map(data.get, ("grade", "solution", "locked", "task"))):
            continue
        name, points = data.get("grade_id"), data.get("points")
        if not isinstance(name, str) or not name:
            yield f"cell {number}: it has no ID; give it one, in Create Assignment in the sidebar"
            continue
        places.setdefault(name, []).append(number)
        is_number = isinstance(points, int | float) and not isinstance(points, bool)
        if (data.get("grade") or data.get("task")) and points is None:
            yield f"cell {name}: it has no points; give it some, or 0, in Create Assignment"
        elif (data.get("grade") or data.get("task")) and not (is_number and 0 <= points < math.inf):
            yield f"cell {name}: {points!r} is no number of points; give it 0 or more"
    for name, numbers in places.items():
        if len(numbers) > 1:
            yield (
                f"cells {listed(list(map(str, numbers)))}: all have the ID {name}; delete all but "
                "one (copied?), since an exercise is asked for once in a notebook"
            )


def _solves(cell: NotebookNode, name: str) -> bool:
    data = cell.metadata.get("nbgrader", {})
    return bool(cell.cell_type == "code" and data.get("solution") and data["grade_id"] == name)


def _shown(source: str) -> str:
    """Return what students get of a solution cell."""
    if "BEGIN SOLUTION" not in source:  # all of it is the solution
        return ""
    return re.sub(r"[^\n]*BEGIN SOLUTION.*?END SOLUTION[^\n]*", "", source, flags=re.DOTALL)


def _writes(source: str, name: str) -> bool:
    """Tell whether a solution cell defines a name, or holds no code at all.

    >>> _writes("def f(x):\\n    return x", "f"), _writes("raise NotImplementedError()", "f")
    (True, True)
    >>> _writes("def g(x):\\n    return x", "f")
    False
    """
    if defines(source, name):
        return True
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # a cell magic, or what the release's own proof finds
        return True
    return all(isinstance(one, ast.Raise | ast.Pass | ast.Expr) for one in statements)


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
    if left_out and asked:
        yield f"the catalogue's set of this name also has {listed(left_out)}, left out here"
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
                "for nor gives: the grader answers it rightly, but where students run their code "
                "they need it"
            )
