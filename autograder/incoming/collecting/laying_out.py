"""One hand-in in a folder: its files under safe names, when it came, and what was left out.

Knows nothing of systems and people.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import count
from pathlib import Path

from autograder.base.limits import HAND_IN
from autograder.course.handed_in.files import (
    NOTE,
    PASSED_OVER,
    TOO_LARGE,
    TOO_MANY,
    TOO_MUCH,
    HandIn,
    copy,
    write_note,
)
from autograder.course.handed_in.hard_links import Refused
from autograder.incoming.collecting.clock import stamp

TIMESTAMP = "timestamp.txt"
COPIED = ".copied"
MAX_BYTES = 150  # of a part of a path: what is made beside it gets longer names
# What is read of a hand-in as ours, or is passed over.
TAKEN = {*PASSED_OVER, TIMESTAMP, "submission_secret.txt"}


def lay_out(
    files: Mapping[str, Path],
    left_out: Mapping[str, str],
    at: datetime | None,
    folder: Path,
    refused: Refused,
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Write one hand-in into a new folder, as many files as a hand-in may have.

    Parameters
    ----------
    files : by the student's names
    left_out : what was left out before, and why
    at : when it was handed in
    refused : tells which files are hard links to the course's own

    Returns
    -------
    the student's name of each file that is there, and what was left out, in sentences
    """
    folder.mkdir(parents=True)
    there: dict[str, str] = {}
    found = HandIn(left_out=dict(left_out))
    total = 0
    names = safe_names(sorted(files))
    # The work comes before whatever fills the room.
    for name in sorted(files, key=lambda name: (not name.endswith(".ipynb"), name)):
        path, safe = files[name], names[name]
        size = path.lstat().st_size
        if len(there) >= HAND_IN.files:
            why: str | None = TOO_MANY
        elif size > HAND_IN.file_bytes:
            why = TOO_LARGE
        elif total + size > HAND_IN.total_bytes:
            why = TOO_MUCH
        else:
            why = copy(path.parent, [path.name], folder / COPIED, refused).get(path.name)
        if why is not None:
            found.left_out[safe] = why
            continue
        (folder / safe).parent.mkdir(parents=True, exist_ok=True)
        os.replace(folder / COPIED / path.name, folder / safe)
        there[safe] = name
        total += size
    if (folder / COPIED).is_dir():
        (folder / COPIED).rmdir()
    write_note(folder, found)
    if at is not None:
        (folder / TIMESTAMP).write_text(stamp(at), encoding="utf-8")
    return there, found.sentences


def contents(folder: Path) -> dict[str, bytes]:
    """Return what was handed in, by name: neither time nor note."""
    return {
        name: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and (name := path.relative_to(folder).as_posix()) not in (TIMESTAMP, NOTE)
    }


def safe_names(names: Iterable[str]) -> dict[str, str]:
    """Return a safe name for each name, no two alike on any system.

    >>> safe_names(["a?.ipynb", "A_.ipynb", "../timestamp.txt"])
    {'a?.ipynb': 'a_.ipynb', 'A_.ipynb': 'A_ (2).ipynb', '../timestamp.txt': '_/timestamp.txt'}
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    folders: set[str] = set()
    for name in names:
        path = "/".join(_safe(part) for part in name.split("/") if part)
        while any(above in taken for above in _above(path)):  # a folder called as a file is
            path = f"_{path}"
        stem, dot, ending = path.rpartition(".")
        if not dot or "/" in ending:
            stem, dot, ending = path, "", ""
        numbered = (f"{stem} ({number}){dot}{ending}" for number in count(2))
        while path.casefold() in TAKEN | taken | folders:
            path = next(numbered)
        found[name] = path
        taken.add(path.casefold())
        folders.update(_above(path))
    return found


def _above(path: str) -> list[str]:
    parts = path.casefold().split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def _safe(part: str) -> str:
    part = unicodedata.normalize("NFC", part)
    part = re.sub(r'[<>:"|?*\\]', "_", "".join(c if c.isprintable() else "_" for c in part))
    part = part.strip().rstrip(".")
    if part.startswith(".") or not part:
        part = f"_{part.lstrip('.')}"
    if part.casefold() in PASSED_OVER:
        part = f"_{part}"
    stem, dot, ending = part.rpartition(".")
    if not dot or len(ending) > 10:
        stem, dot, ending = part, "", ""
    room = MAX_BYTES - len(f"{dot}{ending}".encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + dot + ending
