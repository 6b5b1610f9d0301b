"""What lies in a folder that a student handed in, and copies of it that follow no link.

Links, special files, and more than a hand-in has are named and never opened.  Knows
neither nbgrader nor what is in a file.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath

from autograder.limits import HAND_IN

NAMED = 5  # of what is left out; the rest is counted
# Made by working in a folder, and by nbgrader.
PASSED_OVER = frozenset((".ipynb_checkpoints", "__pycache__", "feedback", "verdicts.json"))
OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
OPEN_FOLDER = OPEN | getattr(os, "O_DIRECTORY", 0)
CHUNK = 1 << 20


@dataclass
class HandIn:
    """A folder's ordinary files, and what of it is left alone.

    Parameters
    ----------
    files : paths within the folder, in order, with their sizes
    left_out : paths within the folder, and why
    looked_at : entries of all its folders, empty ones too
    """

    files: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    looked_at: int = 0

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return what was left out, for the student and the instructor."""
        told = [
            f"{shown_name(name)} beside the notebook {why}."
            for name, why in list(self.left_out.items())[:NAMED]
        ]
        if len(self.left_out) > NAMED:
            told.append(f"So were {len(self.left_out) - NAMED} more beside it.")
        return tuple(told)


def survey(folder: Path, ignore: frozenset[str] = frozenset()) -> HandIn:
    """Look through a hand-in's folder without opening a file; never raises.

    Parameters
    ----------
    folder : a folder that is no link itself; see `is_real_folder`
    ignore : names that are passed over wherever they are
    """
    found = HandIn()
    total = 0
    for name, status in _walk(folder, folder, 0, ignore, found):
        why = _why_not(status)
        if why is None and len(found.files) >= HAND_IN.files:
            why = f"was left out: more than {HAND_IN.files} files"
        if why is None and total + status.st_size > HAND_IN.total_bytes:
            why = f"was left out: more than {HAND_IN.total_bytes >> 20} MB in all"
        if why is not None:
            found.left_out[name] = why
            continue
        total += status.st_size
        found.files[name] = status.st_size
    return found


def _why_not(status: os.stat_result) -> str | None:
    kind = stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFLNK:
        return "is a symbolic link and was left out: hand in the file itself"
    if kind != stat.S_IFREG:
        return "is no ordinary file and was left out"
    if status.st_nlink > 1:
        return "is a hard link and was left out: hand in a copy of the file"
    if status.st_size > HAND_IN.file_bytes:
        return f"is larger than {HAND_IN.file_bytes >> 20} MB and was left out"
    return None


def _walk(
    root: Path, folder: Path, depth: int, ignore: frozenset[str], found: HandIn
) -> Iterator[tuple[str, os.stat_result]]:
    here = folder.relative_to(root)
    try:
        with os.scandir(folder) as entries:
            # Not sorted before it is cut: there may be a million.
            seen = list(islice(entries, HAND_IN.entries - found.looked_at))
            if next(entries, None) is not None:
                why = f"was not looked at: more than {HAND_IN.entries} files and folders"
                found.left_out[(here / "...").as_posix()] = why
    except OSError as failure:
        why = f"cannot be read ({failure.strerror}) and was left out"
        found.left_out[here.as_posix()] = why
        return
    found.looked_at += len(seen)
    for entry in sorted(seen, key=lambda entry: entry.name):
        if entry.name in ignore:
            continue
        path = Path(entry.path)
        name = path.relative_to(root).as_posix()
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue  # gone meanwhile
        if not stat.S_ISDIR(status.st_mode):
            yield name, status
        elif depth >= HAND_IN.depth:
            found.left_out[name] = f"lies deeper than {HAND_IN.depth} folders and was left out"
        elif found.looked_at < HAND_IN.entries:
            yield from _walk(root, path, depth + 1, ignore, found)


def is_real_folder(path: Path, inside: Path) -> bool:
    """Whether a path is a folder, and no part of it below a trusted folder is a link."""
    try:
        parts = path.relative_to(inside).parts
        if ".." in parts:
            return False
        for part in parts:
            inside = inside / part
            if not stat.S_ISDIR(os.lstat(inside).st_mode):
                return False
    except (OSError, ValueError):
        return False
    return True


def copy(folder: Path, names: list[str], destination: Path) -> dict[str, str]:
    """Copy files of a hand-in's folder that may change meanwhile; follows no link.

    Each part of a path is opened as what it is seen to be, and the open file is looked at once
    more, so a file that is replaced by a link in between is left out.

    Returns
    -------
    what was left out after all, and why

    Raises
    ------
    OSError : the copy cannot be written
    """
    left_out: dict[str, str] = {}
    for name in names:
        descriptors: list[int] = []
        try:
            *folders, last = PurePosixPath(name).parts
            descriptors.append(os.open(folder, OPEN_FOLDER))
            for part in folders:
                descriptors.append(os.open(part, OPEN_FOLDER, dir_fd=descriptors[-1]))
            descriptors.append(os.open(last, OPEN, dir_fd=descriptors[-1]))
            why = _why_not(os.fstat(descriptors[-1]))
        except OSError:
            why = "changed while it was copied and was left out"
        try:
            if why is None:
                why = _copy_open(descriptors[-1], destination / name)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        if why is not None:
            left_out[name] = why
    return left_out


def _copy_open(source: int, path: Path) -> str | None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # never written through a link that was there
    written = 0
    with path.open("xb") as file:
        while chunk := os.read(source, CHUNK):
            written += len(chunk)
            if written > HAND_IN.file_bytes:
                break
            file.write(chunk)
    if written <= HAND_IN.file_bytes:
        return None
    path.unlink()
    return f"is larger than {HAND_IN.file_bytes >> 20} MB and was left out"


def sentences_about(folder: Path, inside: Path) -> tuple[str, ...]:
    """Return what of a hand-in is left alone, in sentences; of what cannot be read, none."""
    if not is_real_folder(folder, inside):
        return ()
    # Of the notebook itself `autograder.reading` says what is wrong.
    found = survey(folder, PASSED_OVER)
    found.left_out.pop(f"{folder.name}.ipynb", None)
    return found.sentences


def shown_name(name: str) -> str:
    """Return a file's name, fit for a sentence on any page.

    >>> shown_name("a\\n<b>.txt")
    "'a??b?.txt'"
    """
    return repr(re.sub(r"[^\w./ -]", "?", name, flags=re.ASCII)[:80])
