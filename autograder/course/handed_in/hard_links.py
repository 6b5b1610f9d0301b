"""Which files that a student handed in are hard links to files that the student did not.

A hard link names no target, but the file that it shares has more than one name, and is
found among the course's own.  A class that was copied with hard links has its other
names elsewhere and is read like any other.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

Names = dict[tuple[int, int], list[Path]]
Refused = Callable[[os.stat_result], bool]

OF_STUDENTS = ("submitted", "autograded", "feedback")  # a folder for each student
PLACES = ("source", "release", *OF_STUDENTS)  # besides the files in the course's root
# Tolerance in nanoseconds: the file's time may come from another computer's clock.
MARGIN = 1_000_000_000

# For each course: when its files were listed, and which had more than one name.
_looked_at: dict[Path, tuple[int, Names]] = {}


def any_hard_link(status: os.stat_result) -> bool:
    """Whether a file has more than one name."""
    return status.st_nlink > 1


def not_of(student: str | None, course: Path, folder: Path | None) -> Refused:
    """Return a function that tells which files are not this student's own.

    Parameters
    ----------
    student : who hands in; None where nobody is known yet, and no student's file is meant
    course : the course's root
    folder : the hand-in's place in the course, or None where it has just come

    Returns
    -------
    a function of a file's status
    """

    def is_anothers(status: os.stat_result) -> bool:
        for name in _names_in(status, course, PLACES):
            place, *below = name.parts
            if place not in OF_STUDENTS or not below:
                return True
            if student is None or below[0] == student:
                continue
            if place != "submitted" or folder is None or _was_first(course / name, folder):
                return True
        return False

    return is_anothers


def not_of_hand_in(student: str, folder: Path) -> Refused:
    """Return `not_of` for a folder ``<student>+...`` among those that have just come."""

    def is_anothers(status: os.stat_result) -> bool:
        return any(
            not name.parts[0].startswith(f"{student}+") and _was_first(folder.parent / name, folder)
            for name in _names_in(status, folder.parent)
        )

    return is_anothers


def not_of_owner(path: Path, course: Path) -> Refused:
    """Return `not_of` for a file or folder ``<step>/<student>/<assignment>`` of the course."""
    parts = path.relative_to(course).parts
    return not_of(parts[1], course, course.joinpath(*parts[:3]))


def _names_in(
    status: os.stat_result, root: Path, places: tuple[str, ...] | None = None
) -> list[Path]:
    """Return the names of a file within a folder; nothing is looked at where it has one.

    Parameters
    ----------
    places : the folders in it that are looked through, beside the files in itself; None is all
    """
    if not any_hard_link(status):
        return []
    root = root.absolute()
    looked, names = _looked_at.get(root, (0, {}))
    # A new hard link changes the file's change time. A list made after that time is complete.
    if status.st_ctime_ns >= looked - MARGIN:
        looked = time.time_ns()
        names = _linked_files(root, places)
        _looked_at[root] = looked, names
    return names.get((status.st_dev, status.st_ino), [])


def _linked_files(root: Path, places: tuple[str, ...] | None) -> Names:
    names: Names = {}
    folders = [root, *(root / name for name in places or ())]
    while folders:
        folder = folders.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue  # gone meanwhile
            if stat.S_ISDIR(status.st_mode):
                if folder != root or places is None:
                    folders.append(Path(entry.path))
            elif any_hard_link(status):
                name = Path(entry.path).relative_to(root)
                names.setdefault((status.st_dev, status.st_ino), []).append(name)
    return names


def _was_first(other: Path, folder: Path) -> bool:
    """Whether another student's file was there before a folder: then it is that student's.

    A link changes the time of the folder that it is put into.
    """

    def age(path: Path) -> tuple[int, str]:
        return path.stat().st_mtime_ns, str(path)

    try:
        return age(other.parent) < age(folder)
    except OSError:
        return True
