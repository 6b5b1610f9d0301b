"""Opens what a system gave: a zip, a folder, archives in it; reads with limits, follows no link.

Files of an archive are unpacked under numbers, so that no name that somebody chose is ever a path.
Knows no system's names but whether one is there.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path

from autograder.course.folder import CourseError
from autograder.handed_in.archives import (
    Room,
    UnsoundArchive,
    copy_bounded,
    members,
    safe_path,
)
from autograder.handed_in.files import (
    NO_FILE,
    SYMBOLIC_LINK,
    TOO_LARGE,
    TOO_MANY,
    TOO_MUCH,
    UNREADABLE,
    UNSOUND,
    Refused,
    copy,
    why_not,
)
from autograder.limits import ARCHIVE, HAND_IN
from autograder.words import named, printable

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz")
GIT = ".git"
COPIED = ".copied"
DEPTH = 3  # of archives in a hand-in's archives
UNKNOWN_TIME = (1980, 1, 1, 0, 0, 0)  # what a zip file has where nobody noted a time


@dataclass
class Download:
    """What a download holds.

    Parameters
    ----------
    files : by the name that the system gave, folders and all, where the bytes are
    left_out : what is not among them, and why
    made : when the system packed it, by the times in it, or ""
    cloned : whether Git's own files are among it, which are left where they are
    """

    files: dict[str, Path] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    made: str = ""
    cloned: bool = False


class Opener:
    """Opens a download.

    Parameters
    ----------
    scratch : an empty folder for what is unpacked
    refused : tells which files are hard links to the course's own
    is_a_hand_in : whether a name says whose file it is, so that an archive of this name is left
        for `unpacked`
    """

    def __init__(
        self, scratch: Path, refused: Refused, is_a_hand_in: Callable[[str], bool]
    ) -> None:
        self._scratch, self._refused, self._is_a_hand_in = scratch, refused, is_a_hand_in
        self._numbers = count(1)
        self._room = Room(ARCHIVE.files, ARCHIVE.total_bytes)

    def open(self, download: Path) -> Download:
        """Return what is in a zip file or a folder.

        Raises
        ------
        CourseError : it is neither, or too large, or broken
        """
        found = Download()
        if download.is_dir():
            self._folder(download, found)
        elif download.is_file():
            found.made = _packed_at(download)
            try:
                self._archive(download, found)
            except UnsoundArchive as failure:
                raise CourseError(f"{download}: {failure}") from None
        else:
            raise CourseError(f"there is no file and no folder {download}")
        for name, path in list(found.files.items()):
            if is_archive(name) and not self._is_a_hand_in(name.rsplit("/", 1)[-1]):
                self._inner(name, path, found)
        if not found.files and not found.left_out:
            raise CourseError(f"there is nothing in {download}")
        return found

    def _inner(self, name: str, path: Path, found: Download) -> None:
        """Put what is in an archive in its place; it may be a part of the class, or one's work."""
        # A repository or a person's folder is often called as the archive is.
        inside = Download()
        try:
            self._archive(path, inside)
        except UnsoundArchive as failure:
            found.left_out[name] = str(failure)
            return
        del found.files[name]
        where = f"{without_ending(name)}/"
        last = where.rstrip("/").rsplit("/", 1)[-1]
        tops = {one.split("/")[0] for one in inside.files}
        if tops == {last} and all("/" in one for one in inside.files):
            where = where[: -len(last) - 1]
        found.files |= {f"{where}{one}": file for one, file in inside.files.items()}
        found.left_out |= {f"{where}{one}": why for one, why in inside.left_out.items()}
        found.cloned |= inside.cloned
        found.made = max(found.made, _packed_at(path))

    def _folder(self, folder: Path, found: Download) -> None:
        for path in _walk(folder):
            if path.name == GIT:
                found.cloned = True
                continue
            name = path.relative_to(folder).as_posix()
            if len(found.files) + len(found.left_out) >= ARCHIVE.files:
                raise CourseError(
                    f"{folder} has more than {ARCHIVE.files} files: is it the download alone?"
                )
            why = why_not(path.lstat(), self._refused)
            # An archive of the class may be larger than a file of a student's.
            if why is None or (why == TOO_LARGE and is_archive(name)):
                found.files[_shown(name)] = path
            else:
                found.left_out[_shown(name)] = why

    def _archive(self, archive: Path, found: Download) -> None:
        """Unpack what is sound of an archive; what is not costs nobody else anything."""
        try:
            for member in members(archive):
                name = member.name.replace("\\", "/")
                if GIT in name.split("/"):
                    found.cloned = True
                    continue
                self._room.files -= 1
                if self._room.files < 0:
                    raise UnsoundArchive(f"it holds more than {ARCHIVE.files} files")
                if member.is_link:
                    found.left_out[_shown(name)] = SYMBOLIC_LINK
                    continue
                try:
                    name = safe_path(name).as_posix()
                except UnsoundArchive:
                    found.left_out[_shown(name)] = NO_FILE
                    continue
                path = self._scratch / f"{next(self._numbers):06}"
                own = Room(1, min(HAND_IN.file_bytes, self._room.bytes))
                had = own.bytes
                try:
                    with member.open() as file, path.open("xb") as target:
                        copy_bounded(file, target, own)
                except UnsoundArchive:
                    if own.bytes < 0 and had < HAND_IN.file_bytes:
                        raise UnsoundArchive(
                            f"it holds more than {ARCHIVE.total_bytes >> 20} MB: unpack it "
                            "yourself, and give the folder"
                        ) from None
                    found.left_out[name] = TOO_LARGE
                except Exception:  # encrypted, or broken
                    found.left_out[name] = UNREADABLE
                else:
                    found.files[_free(name, found.files)] = path
                self._room.bytes -= had - max(0, own.bytes)
        except UnsoundArchive:
            raise
        except Exception as failure:  # no archive, or a broken one
            raise UnsoundArchive(
                f"it cannot be unpacked ({named(failure)}): download it again"
            ) from None

    def unpacked(self, files: dict[str, Path]) -> tuple[dict[str, Path], dict[str, str]]:
        """Return one hand-in's files, archives in it unpacked, and what was left out and why.

        Parameters
        ----------
        files : by the student's names
        """
        own = Room(HAND_IN.files, HAND_IN.total_bytes)
        found, left_out = dict(files), {}
        waiting = [(name, 1) for name in files if is_archive(name)]
        while waiting:
            name, depth = waiting.pop(0)
            trial = Room(own.files, own.bytes)
            inside: dict[str, Path] = {}
            try:
                for member in members(found[name]):
                    if member.is_link:
                        left_out[member.name] = SYMBOLIC_LINK
                        continue
                    path = self._scratch / f"{next(self._numbers):06}"
                    inner = safe_path(member.name).as_posix()
                    trial.files -= 1
                    if trial.files < 0:
                        raise UnsoundArchive(TOO_MANY)
                    with member.open() as file, path.open("xb") as target:
                        copy_bounded(file, target, trial)
                    inside[_free(inner, inside)] = path
            except Exception:  # whatever a student made of it
                left_out[name] = UNSOUND
                continue
            own = trial
            del found[name]
            where = without_ending(name)
            for inner, path in inside.items():
                inner = _free(f"{where}/{inner}", found)
                found[inner] = path
                if is_archive(inner) and depth < DEPTH:
                    waiting.append((inner, depth + 1))
        return found, left_out


def lay_out(
    files: dict[str, Path], folder: Path, refused: Refused
) -> tuple[dict[str, Path], dict[str, str]]:
    """Copy one hand-in's files into a folder under their names, as many as a hand-in may have.

    Returns
    -------
    what is there, by name, and what was left out and why
    """
    there: dict[str, Path] = {}
    left_out: dict[str, str] = {}
    total = 0
    # The work comes before whatever fills the room.
    for name in sorted(files, key=lambda name: (not name.endswith(".ipynb"), name)):
        path = files[name]
        size = path.lstat().st_size
        if len(there) >= HAND_IN.files:
            left_out[name] = TOO_MANY
        elif size > HAND_IN.file_bytes:
            left_out[name] = TOO_LARGE
        elif total + size > HAND_IN.total_bytes:
            left_out[name] = TOO_MUCH
        else:
            target = folder / name
            why = copy(path.parent, [path.name], folder / COPIED, refused).get(path.name)
            if why is not None:
                left_out[name] = why
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(folder / COPIED / path.name, target)
            there[name] = target
            total += size
    if (folder / COPIED).is_dir():
        (folder / COPIED).rmdir()
    return there, left_out


def is_archive(name: str) -> bool:
    """Whether a file is called as archives are."""
    return name.lower().endswith(ARCHIVES)


def without_ending(name: str) -> str:
    """Return an archive's name without what says that it is one.

    >>> without_ending("a/work.tar.gz")
    'a/work'
    """
    return name.rsplit(".", 1)[0].removesuffix(".tar")


def _free(name: str, taken: dict[str, Path]) -> str:
    """Return a name that nothing has yet, with a number before its ending."""
    stem, dot, ending = name.rpartition(".") if "." in name.rsplit("/", 1)[-1] else (name, "", "")
    numbers = (f"{stem} ({number}){dot}{ending}" for number in count(2))
    return name if name not in taken else next(one for one in numbers if one not in taken)


def _shown(name: str) -> str:
    """Return a name that can be printed, whatever bytes a file system had for it."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace") or printable(name)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield what is no folder, in order, and of what Git keeps that it is there."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name == GIT or not entry.is_dir(follow_symlinks=False):
            yield Path(entry.path)
        else:
            yield from _walk(Path(entry.path))


def _packed_at(archive: Path) -> str:
    """Return the latest time in a zip file, as text that sorts, or ""."""
    try:
        with zipfile.ZipFile(archive) as zipped:
            latest = max((info.date_time for info in zipped.infolist()), default=UNKNOWN_TIME)
        return "" if latest == UNKNOWN_TIME else datetime(*latest).isoformat(" ")
    except Exception:  # no zip file, or a time that is none
        return ""
