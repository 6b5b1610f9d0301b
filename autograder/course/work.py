"""Where the work is in what a student handed in: each road to a grade asks here."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from autograder.course.folder import Submission
from autograder.course.handed_in.files import PASSED_OVER
from autograder.course.handed_in.finding import (
    Found,
    ReleasedNotebook,
    find_works,
    is_of,
    released_notebook,
)
from autograder.course.handed_in.hard_links import not_of_owner

KINDS = ("source", "release")  # folders with a folder for each assignment


def find_notebooks(
    submission: Submission, released: Sequence[ReleasedNotebook] | None = None
) -> Found:
    """Return the notebooks of a submission, by the names that they were released under.

    They are told by the ids of their cells, under whatever name, in whatever folder or archive
    they lie; never raises.

    Parameters
    ----------
    released : what `released_in` gives, where many are asked for
    """
    course, folder = submission.course, submission.folder
    if released is None:
        released = released_in(course)
    refused = not_of_owner(folder, course)
    return find_works(folder, course / "submitted", submission.assignment, released, refused)


def released_in(course: Path) -> tuple[ReleasedNotebook, ...]:
    """Return what is released in a course: by it the notebooks of a submission are known."""
    paths = sorted((course / "release").glob("*/*.ipynb"))
    return _released(tuple((path, path.stat().st_mtime_ns) for path in paths))


def misplaced(course: Path, assignment: str) -> dict[str, str]:
    """Return work on an assignment that lies where no hand-in is looked for, by student.

    A file beside the folders, a folder of another name: whoever lays out work by hand does such
    things, and nobody else would miss it.  Who has a hand-in in its place is not looked at.

    Returns
    -------
    whose it may be, and where it lies, a path within the course
    """
    root = course / "submitted"
    ours = {path.parent.name for kind in KINDS for path in (course / kind).glob("*/*.ipynb")}
    lying: list[tuple[str, Path]] = []
    for path in _entries(root):
        if path.is_symlink() or not path.is_dir():
            lying.append((path.stem, path))
        elif path.name in ours:  # folders of students in one of the assignment
            lying += [(one.name if one.is_dir() else one.stem, one) for one in _entries(path)]
        else:
            lying += [(path.name, one) for one in _entries(path) if one.name not in ours]
    found: dict[str, str] = {}
    released = released_in(course) if lying else ()
    for student, path in lying:
        in_place = os.path.lexists(Submission(course, assignment, student).folder)
        if not in_place and is_of(path, root, assignment, released):
            found.setdefault(student, path.relative_to(course).as_posix())
    return found


def _entries(folder: Path) -> list[Path]:
    """Return what lies in a folder, in order, without what programs keep for themselves."""
    if not folder.is_dir():
        return []
    return [
        path
        for path in sorted(folder.iterdir())
        if not path.name.startswith(".") and path.name not in PASSED_OVER
    ]


@lru_cache(maxsize=4)
def _released(stamps: tuple[tuple[Path, int], ...]) -> tuple[ReleasedNotebook, ...]:
    """Return what released notebooks are known by, read anew when released anew."""
    found = []
    for path, _ in stamps:
        try:
            content = json.loads(path.read_bytes())
            found.append(released_notebook(path.parent.name, path.stem, content))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # whoever grades this assignment says so
    return tuple(found)
