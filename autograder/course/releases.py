"""What earlier releases of an assignment were: digests of their cells, kept in the course.

A hand-in may be older than the release that it is graded by.  What the instructor changed since
is told as that, and never as a change of the student's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.base.words import unix_lines
from autograder.course.folder import write_atomically

if TYPE_CHECKING:
    from nbformat import NotebookNode

RELEASES_FILE = ".releases.json"
FLAGS = ("grade", "locked", "solution", "task")
KEPT = 20  # releases of an assignment, the newest last
Digests = Mapping[str, str]  # a digest by a cell's name


def digest_of(source: str, owned: Mapping[str, Any]) -> str:
    """Return what stands for a released cell; of one that students write its source is theirs."""
    text = "" if owned.get("solution") else unix_lines(source)
    points = owned.get("points")
    worth = points if isinstance(points, int | float) else 0
    settings = [bool(owned.get(flag)) for flag in FLAGS]
    said = json.dumps([text, int(worth) if worth in range(1000) else repr(worth), *settings])
    return hashlib.sha256(said.encode()).hexdigest()[:20]


def digests_of(notebook: NotebookNode) -> dict[str, str]:
    """Return the digests of a notebook's cells that nbgrader owns."""
    found = [(cell.source, cell.metadata.get("nbgrader", {})) for cell in notebook.cells]
    return {
        owned["grade_id"]: digest_of(source, owned)
        for source, owned in found
        if isinstance(owned.get("grade_id"), str) and any(map(owned.get, FLAGS))
    }


def note_release(course: Path, assignment: str, name: str, notebook: NotebookNode) -> None:
    """Add a notebook's release to those that are kept, where it is another than the last one."""
    releases, key = _read(course), _key(assignment, name)
    kept, digests = releases.get(key, []), digests_of(notebook)
    if not kept or kept[-1] != digests:
        releases[key] = [*(one for one in kept if one != digests), digests][-KEPT:]
        write_atomically(course / RELEASES_FILE, json.dumps(releases, indent=1, sort_keys=True))


def known_releases(course: Path, assignment: str, name: str) -> tuple[Digests, ...]:
    """Return the digests of a notebook's releases, the newest last; () where none is known."""
    kept = _read(course).get(_key(assignment, name))
    return tuple(one for one in kept if isinstance(one, dict)) if isinstance(kept, list) else ()


def _key(assignment: str, name: str) -> str:
    return assignment if name == assignment else f"{assignment}/{name}"


def made_from(cells: Digests, releases: Sequence[Digests]) -> Digests:
    """Return the release that a hand-in is most like; of several the newest.

    Parameters
    ----------
    cells : the digests of the hand-in
    releases : as `known_releases` gives them, one at least
    """

    def likeness(release: Digests) -> int:
        same = sum(cells.get(name) == digest for name, digest in release.items())
        return same - len(cells.keys() ^ release.keys())

    return max(reversed(releases), key=likeness)


def _read(course: Path) -> dict[str, Any]:
    try:
        found = json.loads((course / RELEASES_FILE).read_bytes())
    except (OSError, ValueError):  # no points depend on it
        return {}
    return found if isinstance(found, dict) else {}
