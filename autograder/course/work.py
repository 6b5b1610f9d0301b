"""Where the work is in what a student handed in: each road to a grade asks here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from autograder.course.folder import Submission
from autograder.course.handed_in.finding import (
    Found,
    ReleasedNotebook,
    find_works,
    released_notebook,
)
from autograder.course.handed_in.hard_links import not_of_owner


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
