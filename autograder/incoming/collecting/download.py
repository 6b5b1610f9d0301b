"""Opens what a system gave: an archive, a folder, archives in it; reads with limits, no link.

Files of an archive are unpacked under numbers, so that no name that somebody chose is ever a path.
An archive that one student sent stays as it is.  Knows no system.
"""

from __future__ import annotations

import io
import os
import stat
import tarfile
import time
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path, PurePosixPath
from typing import IO

from autograder.base.limits import ARCHIVE, HAND_IN
from autograder.base.words import named
from autograder.course.folder import CourseError
from autograder.course.handed_in.archives import TOO_MANY, UnsoundArchive, tar_members
from autograder.course.handed_in.files import (
    NO_FILE,
    SYMBOLIC_LINK,
    TOO_LARGE,
    UNREADABLE,
    Refused,
    why_not,
)

GIT = ".git"
ENDINGS = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")
CHUNK = 1 << 20
MANY_MEGABYTES = f"more than {ARCHIVE.total_bytes >> 20} MB"
MANY_FILES = f"more than {ARCHIVE.files} files and folders"
UNKNOWN_TIME = (1980, 1, 1, 0, 0, 0)  # what a zip file has where nobody noted a time


class _Unusable(Exception):
    """An archive cannot be unpacked; the text says why."""


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
    is_a_hand_in : whether a name says whose file it is, so that an archive of this name stays
    """

    def __init__(
        self, scratch: Path, refused: Refused, is_a_hand_in: Callable[[str], bool]
    ) -> None:
        self._scratch, self._refused, self._is_a_hand_in = scratch, refused, is_a_hand_in
        self._numbers = count(1)
        self._files, self._bytes = ARCHIVE.files, ARCHIVE.total_bytes

    def open(self, download: Path) -> Download:
        """Return what is in a zip file, a tar file or a folder.

        Raises
        ------
        CourseError : it is neither, or too large, or broken
        """
        found = Download()
        if download.is_dir():
            self._folder(download, found)
        elif download.is_file():
            try:
                self._archive(download, found)
            except _Unusable as failure:
                raise CourseError(f"{download} {failure}") from None
        else:
            raise CourseError(f"there is no file and no folder {download}")
        top = min((name.count("/") for name in found.files), default=0)
        beside = [name for name in found.files if name.count("/") == top]
        if len({name.rpartition("/")[0] for name in beside}) == 1:  # else a folder for each student
            for name in beside:
                if self._is_of_the_class(name):
                    self._inner(name, found.files[name], found)
        if not found.files and not found.left_out:
            raise CourseError(f"there is nothing in {download}")
        return found

    def _is_of_the_class(self, name: str) -> bool:
        """Whether an archive is not what one student sent."""
        return name.lower().endswith(ENDINGS) and not any(map(self._is_a_hand_in, name.split("/")))

    def _inner(self, name: str, path: Path, found: Download) -> None:
        """Put what is in an archive in its place: a part of the class, or a person's folder."""
        inside, files, size = Download(), self._files, self._bytes
        try:
            self._archive(path, inside)
        except _Unusable:  # somebody sent it, and it stays as it is
            for unpacked in inside.files.values():
                unpacked.unlink()
            self._files, self._bytes = files, size
            return
        del found.files[name]
        where = f"{without_ending(name)}/"
        last = where.rstrip("/").rsplit("/", 1)[-1]
        if all(one.startswith(f"{last}/") for one in inside.files):
            where = where[: -len(last) - 1]  # the folder in it is called as it is
        found.files |= {f"{where}{one}": file for one, file in inside.files.items()}
        found.left_out |= {f"{where}{one}": why for one, why in inside.left_out.items()}
        found.cloned |= inside.cloned
        found.made = max(found.made, inside.made)

    def _folder(self, folder: Path, found: Download) -> None:
        for path in _walk(folder):
            if path.name == GIT:
                found.cloned = True
                continue
            name = _shown(path.relative_to(folder).as_posix())
            self._files -= 1
            if self._files < 0:
                raise CourseError(f"{folder} has {MANY_FILES}: is it the download alone?")
            why = why_not(path.lstat(), self._refused)
            # An archive of the class may be larger than a file of a student's.
            if why is None or (why == TOO_LARGE and name.lower().endswith(ENDINGS)):
                found.files[name] = path
            else:
                found.left_out[name] = why

    def _archive(self, archive: Path, found: Download) -> None:
        """Unpack what is sound of an archive; what is not costs nobody else anything."""
        try:
            with archive.open("rb") as file:
                if tarfile.is_tarfile(file):
                    file.seek(0)
                    self._tar(file, found)
                    return
            with zipfile.ZipFile(archive) as zipped:
                members = zipped.infolist()
                if len(members) > self._files:
                    self._files = -1
                    raise _Unusable(f"holds {MANY_FILES}")
                self._files -= len(members)
                found.made = _packed_at([member.date_time for member in members])
                for member in members:
                    if member.is_dir():
                        continue
                    link = stat.S_ISLNK(member.external_attr >> 16)
                    opened = partial(zipped.open, member)
                    self._take(written_name(member), SYMBOLIC_LINK if link else "", opened, found)
        except _Unusable:
            raise
        except zipfile.BadZipFile:
            raise _Unusable("is no archive, or a broken one: download it again") from None
        except Exception as failure:
            raise _Unusable(f"cannot be unpacked ({named(failure)}): download it again") from None

    def _tar(self, archive: IO[bytes], found: Download) -> None:
        times = []
        try:
            for member, content in tar_members(archive, self._files, self._bytes):
                self._files -= 1
                times.append(time.gmtime(member.mtime)[:6])
                if member.isdir():
                    continue
                why = SYMBOLIC_LINK if member.issym() else NO_FILE if content is None else ""
                data: IO[bytes] = content or io.BytesIO()
                self._take(member.name, why, partial(_itself, data), found)
        except UnsoundArchive as failure:
            many = str(failure) == TOO_MANY
            self._files = -1 if many else self._files
            what = MANY_FILES if many else f"{MANY_MEGABYTES}: unpack it, and give the folder"
            raise _Unusable(f"holds {what}") from None
        found.made = _packed_at(times)

    def _take(
        self,
        name: str,
        why: str,
        opened: Callable[[], IO[bytes]],
        found: Download,
    ) -> None:
        """Take one member of an archive, unless there is a reason why not."""
        name = name.replace("\\", "/")
        parts = PurePosixPath(name).parts
        if GIT in parts:
            found.cloned = True
        elif not parts or parts[0] == "/" or ".." in parts:
            found.left_out[_shown(name)] = NO_FILE
        elif why:
            found.left_out[_shown(name)] = why
        else:
            path = self._scratch / f"{next(self._numbers):06}"
            try:
                whole = self._unpack(name, opened, path)
            except _Unusable:
                raise
            except Exception:  # encrypted, or broken
                found.left_out[name] = UNREADABLE
                return
            if whole:
                found.files[_free("/".join(parts), found.files)] = path
            else:
                found.left_out[name] = TOO_LARGE

    def _unpack(self, name: str, opened: Callable[[], IO[bytes]], path: Path) -> bool:
        """Unpack one file; return whether it is not too large.

        Its header does not count: whoever made it may have written anything.
        """
        most = ARCHIVE.total_bytes if name.lower().endswith(ENDINGS) else HAND_IN.file_bytes
        size = 0
        with opened() as file, path.open("xb") as target:
            while chunk := file.read(CHUNK):
                size += len(chunk)
                self._bytes -= len(chunk)
                if self._bytes < 0:
                    raise _Unusable(f"holds {MANY_MEGABYTES}: unpack it, and give the folder")
                if size > most:
                    path.unlink()
                    return False
                target.write(chunk)
        return True


def _itself(file: IO[bytes]) -> IO[bytes]:
    return file


def without_ending(name: str) -> str:
    """Return an archive's name without what says that it is one.

    >>> without_ending("a/work.tar.gz")
    'a/work'
    """
    stem, dot, ending = name.rpartition(".")
    return stem.removesuffix(".tar") if dot and "/" not in ending else name


def written_name(info: zipfile.ZipInfo) -> str:
    """Return a name as it was meant: many programs write UTF-8 or Windows's letters unmarked.

    >>> written_name(zipfile.ZipInfo("Müller".encode().decode("cp437")))
    'Müller'
    """
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    with suppress(UnicodeEncodeError):
        written = info.filename.encode("cp437")
        with suppress(UnicodeDecodeError):
            return written.decode("utf-8")
        # A box or a Greek letter within a name: it was no letter of DOS's.
        if not all(letter.isascii() or _is_latin(letter) for letter in info.filename):
            with suppress(UnicodeDecodeError):
                return written.decode("cp1252")
    return info.filename


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN")


def _free(name: str, taken: dict[str, Path]) -> str:
    """Return a name that nothing has yet, with a number before its ending."""
    stem, dot, ending = name.rpartition(".") if "." in name.rsplit("/", 1)[-1] else (name, "", "")
    numbers = (f"{stem} ({number}){dot}{ending}" for number in count(2))
    return name if name not in taken else next(one for one in numbers if one not in taken)


def _shown(name: str) -> str:
    """Return a name as text, whatever bytes a file system had for it."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _walk(folder: Path) -> Iterator[Path]:
    """Yield what is no folder, in order, and of what Git keeps that it is there."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name == GIT or not entry.is_dir(follow_symlinks=False):
            yield Path(entry.path)
        else:
            yield from _walk(Path(entry.path))


def _packed_at(times: Sequence[tuple[int, int, int, int, int, int]]) -> str:
    """Return the latest time in an archive, as text that sorts, or ""."""
    latest = max(times, default=UNKNOWN_TIME)
    try:
        return "" if latest <= UNKNOWN_TIME else datetime(*latest).isoformat(" ")
    except ValueError:
        return ""
