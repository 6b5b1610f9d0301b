"""Whether catalogue, release and gradebook say the same of an assignment, before it is graded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.base.words import listed, points_text
from autograder.catalogue.name import CONFIG_FILE
from autograder.course.assignment import Assignment
from autograder.course.folder import CourseError, notebooks_in

PYTHON = ("python", "python3", "ipython")


def require_agreement(folder: Path, assignment: Assignment) -> None:
    """Say so where an assignment cannot be graded as it stands.

    Parameters
    ----------
    folder : the course's
    assignment : as the gradebook has it

    Raises
    ------
    CourseError : the catalogue lacks what the gradebook has, or the release differs from it
    """
    name = assignment.name
    asked = [cell.exercise for cell in assignment.master if cell.exercise]
    unknown = [exercise for exercise in asked if exercise not in assignment.exercises]
    if unknown:
        raise CourseError(
            f"{name} asks for {listed(unknown)}, "
            f"and the catalogue {assignment.catalogue.module} has no such exercise: put it back "
            f"there, or take its cells out of source/{name}/ and run `autograder release {name}`"
        )
    released = _points_of(folder / "release" / name / f"{assignment.notebook}.ipynb")
    kept = {cell.grade_id: cell.points for cell in assignment.master if cell.points is not None}
    differences = list(_differences(released, kept, "the release", "the gradebook"))
    if differences:
        raise CourseError(
            f"release/{name} and the gradebook differ: {'; '.join(differences)}. "
            f"Run `autograder release {name}`, which makes both from source/{name}"
        )


def require_notebooks(folder: Path, name: str, kept: Sequence[str]) -> None:
    """Say so where release and gradebook have other notebooks of an assignment.

    Raises
    ------
    CourseError
    """
    released = notebooks_in(folder / "release" / name)
    for some, others, here in (
        (released, kept, "the release"),
        (kept, released, "the gradebook"),
    ):
        only = sorted(set(some) - set(others))
        if only:
            raise CourseError(
                f"{name}: only {here} has {listed([f'{one}.ipynb' for one in only])}: "
                f"run `autograder release {name}`, which makes both from source/{name}"
            )


def not_released(folder: Path, name: str) -> list[str]:
    """Return what an assignment's source says otherwise than its release, a line for a person.

    It may be meant, for the next class; it does not count before it is released.
    """
    found: list[str] = []
    for notebook in notebooks_in(folder / "source" / name):
        released = folder / "release" / name / f"{notebook}.ipynb"
        try:
            source = _points_of(folder / "source" / name / f"{notebook}.ipynb")
            found += _differences(source, _points_of(released), "the source", "the release")
        except CourseError:  # half written, or a notebook that is new there
            found.append(f"{notebook}.ipynb is not released, or cannot be read")
    if not found:
        return []
    return [
        f"source/{name} is not as it was released: {'; '.join(found)}. "
        f"If that is to count, run `autograder release {name}` first"
    ]


def _differences(
    some: Mapping[str, float], others: Mapping[str, float], there: str, here: str
) -> Iterator[str]:
    for name in sorted(some.keys() | others.keys()):
        one, other = some.get(name), others.get(name)
        if one is None:
            yield f"{name} is only in {here}"
        elif other is None:
            yield f"{name} is only in {there}"
        elif one != other:
            worth = f"{points_text(one)} in {there} and {points_text(other)} in {here}"
            yield f"{name} is worth {worth}"


def _points_of(notebook: Path) -> dict[str, float]:
    """Return what the cells of a released notebook are worth, by name.

    Raises
    ------
    CourseError : it cannot be read, or is in another language than Python
    """
    try:
        content = json.loads(notebook.read_bytes())
        foreign = other_language(content["metadata"], notebook.parent.name)
        owned = [cell["metadata"].get("nbgrader", {}) for cell in content["cells"]]
        graded = [data for data in owned if data.get("grade") or data.get("task")]
        if foreign:
            raise CourseError(f"{notebook}: {foreign}")
        return {str(data["grade_id"]): float(data.get("points", 0)) for data in graded}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        name = notebook.parent.name
        raise CourseError(f"{notebook} cannot be read: run `autograder release {name}`") from None


def other_language(metadata: Mapping[str, Any], assignment: str) -> str | None:
    """Say that a notebook is in another language than Python, and what grades it; None: it is not.

    >>> other_language({"kernelspec": {"name": "python3", "language": "python"}}, "hw1") is None
    True
    """
    kernel = metadata.get("kernelspec", {})
    said = kernel.get("language") or metadata.get("language_info", {}).get("name")
    name = str(kernel.get("name", "python"))
    language = str(said or ("Python" if name.startswith("python") else name))
    if language.lower() in PYTHON:
        return None
    return (
        f"it is in {language}, and only Python is run here: grade it with nbgrader's own "
        f"`nbgrader generate_assignment {assignment}` and `nbgrader autograde {assignment}`, in a "
        f"folder whose {CONFIG_FILE} does not call `configure`"
    )
