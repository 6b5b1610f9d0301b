"""What lies in a folder that a student handed in, and copies of it that follow no link.

Links, special files, and more than a hand-in has are named and never opened.  What was left
out when work was collected is noted beside it, for whoever grades it.  Knows neither nbgrader
nor what is in a file.
"""

from __future__ import annotations

import json
import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath

from autograder.base.limits import HAND_IN
from autograder.course.handed_in.hard_links import Refused, any_hard_link
from autograder.course.handed_in.reading import UnreadableSubmission, read_bytes

NAMED = 5  # of what is left out; the rest is counted
# All sentences that a note may hold. A student can write a note too, and nothing else in it
# is shown.
SYMBOLIC_LINK = "is a symbolic link and was left out: hand in the file itself"
HARD_LINK = "is a hard link and was left out: hand in a copy of the file"
NO_FILE = "is no ordinary file and was left out"
TOO_LARGE = f"is larger than {HAND_IN.file_bytes >> 20} MB and was left out"
TOO_DEEP = f"lies deeper than {HAND_IN.depth} folders and was left out"
TOO_MANY = f"was left out: more than {HAND_IN.files} files"
TOO_MUCH = f"was left out: more than {HAND_IN.total_bytes >> 20} MB in all"
NOT_LOOKED_AT = f"was not looked at: more than {HAND_IN.entries} files and folders"
UNREADABLE = "cannot be read and was left out"
CHANGED = "changed while it was copied and was left out"
UNSOUND = "cannot be unpacked within limits and was left out"
REASONS = frozenset(
    (
        *(SYMBOLIC_LINK, HARD_LINK, NO_FILE, TOO_LARGE, TOO_DEEP, TOO_MANY, TOO_MUCH),
        *(NOT_LOOKED_AT, UNREADABLE, CHANGED, UNSOUND),
    )
)
NOTE = "left-out.json"
NOTE_BYTES = 10_000
# Made by working in a folder, by nbgrader, and here.
PASSED_OVER = frozenset((".ipynb_checkpoints", "__pycache__", "feedback", "verdicts.json", NOTE))
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
    more : how many were left out besides
    looked_at : entries of all its folders, empty ones too
    """

    files: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    more: int = 0
    looked_at: int = 0

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return what was left out, for the student and the instructor."""
        told = []
        for name, why in list(self.left_out.items())[:NAMED]:
            where = "" if name.endswith(".ipynb") else " beside the notebook"
            told.append(f"{shown_name(name)}{where} {why}.")
        if more := max(0, len(self.left_out) - NAMED) + self.more:
            told.append(f"So were {more} more beside it.")
        return tuple(told)


def survey(
    folder: Path, ignore: frozenset[str] = frozenset(), refused: Refused = any_hard_link
) -> HandIn:
    """Look through a hand-in's folder without opening a file; never raises.

    Parameters
    ----------
    folder : a folder that is no link itself; see `is_real_folder`
    ignore : names that are passed over wherever they are
    refused : tells whether a file is a hard link to one that was not handed in
    """
    found = HandIn()
    total = 0
    for name, status in walk(folder, found, ignore):
        why = why_not(status, refused)
        if why is None and len(found.files) >= HAND_IN.files:
            why = TOO_MANY
        if why is None and total + status.st_size > HAND_IN.total_bytes:
            why = TOO_MUCH
        if why is not None:
            found.left_out[name] = why
            continue
        total += status.st_size
        found.files[name] = status.st_size
    return found


def why_not(status: os.stat_result, refused: Refused = any_hard_link) -> str | None:
    """Return why one file is left out, or None."""
    kind = stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFLNK:
        return SYMBOLIC_LINK
    if kind != stat.S_IFREG:
        return NO_FILE
    if refused(status):
        return HARD_LINK
    return TOO_LARGE if status.st_size > HAND_IN.file_bytes else None


def walk(
    folder: Path, found: HandIn, ignore: frozenset[str] = frozenset()
) -> Iterator[tuple[str, os.stat_result]]:
    """Yield what lies in a hand-in's folder but folders, in order, by path within it.

    Parameters
    ----------
    folder : a folder that is no link itself
    found : gets what is not looked at
    ignore : names that are passed over wherever they are
    """
    yield from _walk(os.fspath(folder), "", 0, ignore, found)


def _walk(
    folder: str, before: str, depth: int, ignore: frozenset[str], found: HandIn
) -> Iterator[tuple[str, os.stat_result]]:
    try:
        with os.scandir(folder) as entries:
            # Cut before sorting: there may be a million entries.
            seen = list(islice(entries, HAND_IN.entries - found.looked_at))
            if next(entries, None) is not None:
                found.left_out[f"{before}..."] = NOT_LOOKED_AT
    except OSError:
        found.left_out[before.removesuffix("/") or "."] = UNREADABLE
        return
    found.looked_at += len(seen)
    for entry in sorted(seen, key=lambda entry: entry.name):
        if entry.name in ignore:
            continue
        name = before + entry.name
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue  # gone meanwhile
        if not stat.S_ISDIR(status.st_mode):
            yield name, status
        elif depth >= HAND_IN.depth:
            found.left_out[name] = TOO_DEEP
        elif found.looked_at < HAND_IN.entries:
            yield from _walk(entry.path, f"{name}/", depth + 1, ignore, found)


def is_real_folder(path: Path, inside: Path) -> bool:
    """Whether a path is a folder, and no part of it below a trusted folder is a link."""
    try:
        parts = path.relative_to(inside).parts
        if ".." in parts:
            return False
        place = os.fspath(inside)
        for part in parts:
            place = f"{place}/{part}"
            if not stat.S_ISDIR(os.lstat(place).st_mode):
                return False
    except (OSError, ValueError):
        return False
    return True


def copy(
    folder: Path, names: list[str], destination: Path, refused: Refused = any_hard_link
) -> dict[str, str]:
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
            why = why_not(os.fstat(descriptors[-1]), refused)
        except OSError:
            why = CHANGED
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
    return TOO_LARGE


# --- What is told of it ---------------------------------------------------------------------------


def write_note(folder: Path, found: HandIn) -> None:
    """Note beside collected work what of the hand-in was left out, if anything was."""
    path = folder / NOTE
    path.unlink(missing_ok=True)  # never written through a link that was there
    if found.left_out:
        named = [[shown_name(name)[1:-1], why] for name, why in found.left_out.items()][:NAMED]
        note = {"left_out": named, "more": found.more + len(found.left_out) - len(named)}
        path.write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")


def read_note(folder: Path, inside: Path, refused: Refused = any_hard_link) -> HandIn:
    """Return what was left out when work was collected; a student may have written the note."""
    found = HandIn()
    if not os.path.lexists(folder / NOTE):
        return found
    try:
        note = json.loads(read_bytes(folder / NOTE, NOTE_BYTES, inside, refused))
        for name, why in note["left_out"][:NAMED]:
            if why in REASONS and isinstance(name, str):
                found.left_out[name] = why
        found.more = min(max(0, int(note["more"])), HAND_IN.entries)
    except (UnreadableSubmission, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        pass
    return found


def sentences_about(
    folder: Path, inside: Path, refused: Refused = any_hard_link
) -> tuple[str, ...]:
    """Return what of a hand-in is left alone, in sentences; of what cannot be read, none."""
    if not is_real_folder(folder, inside):
        return ()
    found, noted = survey(folder, PASSED_OVER, refused), read_note(folder, inside, refused)
    found.left_out = noted.left_out | found.left_out
    found.more += noted.more
    return found.sentences


def shown_name(name: str) -> str:
    """Return a file's name, fit for a sentence on any page.

    >>> shown_name("Übung (2)\\n<b>.txt")
    "'Übung (2)??b?.txt'"
    """
    name = unicodedata.normalize("NFC", name)  # macOS writes an umlaut as two characters
    return repr(re.sub(r"[^\w./ ()À-ÖØ-öø-ɏ-]", "?", name, flags=re.ASCII)[:80])
