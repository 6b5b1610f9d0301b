"""Unpacks archives that a learning management system gave, trusting nothing in them.

Students make them, or what is in them: so many files, so many bytes, no links, no
paths that lead elsewhere.  Knows neither nbgrader nor what is in a file.
"""

from __future__ import annotations

import bz2
import calendar
import gzip
import io
import lzma
import os
import shutil
import struct
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from autograder.base.limits import ARCHIVE, HAND_IN
from autograder.base.words import named

CHUNK = 1 << 20
TOO_MANY = "it holds too many files"
ZIP = b"PK"
ZIP_END_BYTES = (1 << 16) + 22  # within which the end of a zip file says how long its list is
ZIP_ENTRY_BYTES = 1000  # of a zip file's list, for one file
# How the compressed forms of a tar file begin.
OPENERS: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
TAR, TAR_AT = b"ustar", 257
HEAD_BYTES = 512
NESTED = 2  # archives in archives that are looked into


class UnsoundArchive(Exception):
    """An archive cannot be unpacked within its limits; the text says why."""


@dataclass
class _Room:
    """How much more may be unpacked."""

    files: int
    bytes: int


def unpack(archive: Path, folder: Path, kinds: Collection[str]) -> dict[str, str]:
    """Unpack an archive, and the archives in it, each into a folder of its own name.

    Parameters
    ----------
    archive : a zip file or a tar file, compressed or not
    folder : a new one
    kinds : how the names of archives end: ``".zip"``

    Returns
    -------
    the names of archives in it that were left as they are, and why

    Raises
    ------
    UnsoundArchive : nothing of it is in the folder
    """
    left: dict[str, str] = {}
    room = _Room(ARCHIVE.files, ARCHIVE.total_bytes)
    for path in _unpack(archive, folder, room):
        if path.suffix not in kinds:
            continue
        own = _Room(min(HAND_IN.files, room.files), min(HAND_IN.total_bytes, room.bytes))
        had = _Room(own.files, own.bytes)
        try:
            _unpack(path, own_folder(path), own)
        except UnsoundArchive as failure:
            left[path.relative_to(folder).as_posix()] = str(failure)
        else:
            room.files -= had.files - own.files
            room.bytes -= had.bytes - own.bytes
    return left


@dataclass(frozen=True)
class Member:
    """A file in an archive, open.

    Parameters
    ----------
    changed : seconds since 1970, as the archive says
    """

    name: str
    changed: float
    file: IO[bytes]


def is_archive(head: bytes) -> bool:
    """Whether a file with this beginning is an archive that can be opened."""
    return head.startswith((ZIP, *OPENERS)) or head[TAR_AT:].startswith(TAR)


def read_archive(
    data: bytes, wanted: Callable[[bytes], bool], depth: int = NESTED
) -> Iterator[tuple[str, float, bytes]]:
    """Yield files of an archive, and of archives in it, without unpacking anything.

    Parameters
    ----------
    data : the archive
    wanted : whether a file with this beginning is

    Yields
    ------
    name, time of the last change, and content

    Raises
    ------
    UnsoundArchive : what was yielded stands
    """
    yield from _read(io.BytesIO(data), wanted, depth, _Room(HAND_IN.entries, HAND_IN.total_bytes))


def _read(
    archive: IO[bytes], wanted: Callable[[bytes], bool], depth: int, room: _Room
) -> Iterator[tuple[str, float, bytes]]:
    try:
        for member in _members(archive, room.files):
            room.files -= 1
            if room.files < 0:
                raise UnsoundArchive(TOO_MANY)
            head = member.file.read(HEAD_BYTES)
            if not (wanted(head) or (depth > 1 and is_archive(head))):
                continue
            content = io.BytesIO()
            content.write(head)
            _copy(member.file, content, room)
            content.seek(0)
            if wanted(head):
                yield member.name, member.changed, content.getvalue()
                continue
            with suppress(UnsoundArchive):  # the others may be sound
                for name, changed, inner in _read(content, wanted, depth - 1, room):
                    yield f"{member.name}/{name}", changed, inner
    except UnsoundArchive:
        raise
    except Exception as failure:  # whatever a student made of it
        raise UnsoundArchive(named(failure)) from None


def own_folder(archive: Path) -> Path:
    """Return the folder that an archive is unpacked into.

    >>> own_folder(Path("a/b.tar.gz")).name
    'b'
    """
    return archive.with_name(archive.stem.removesuffix(".tar"))


def _unpack(archive: Path, folder: Path, room: _Room) -> list[Path]:
    """Return the files that were in one archive, those in archives in it left out."""
    paths = []
    try:
        folder.mkdir(parents=True)
    except OSError as failure:
        raise UnsoundArchive(f"{folder.name} cannot be made: {failure.strerror}") from None
    try:
        with archive.open("rb") as opened:
            for member in _members(opened, room.files):
                path = folder / _safe(member.name)
                path.parent.mkdir(parents=True, exist_ok=True)
                room.files -= 1
                _write(member.file, path, room)
                paths.append(path)
    except Exception as failure:  # whatever a student made of it
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(failure, UnsoundArchive):
            raise
        raise UnsoundArchive(named(failure)) from None
    return paths


def _members(archive: IO[bytes], most: int) -> Iterator[Member]:
    """Yield the ordinary files of an archive.

    Parameters
    ----------
    archive : open, at its beginning
    most : entries that it may have, folders among them
    """
    start = archive.read(6)
    archive.seek(0)
    if start.startswith(ZIP):
        _bound_directory(archive, most)
        with zipfile.ZipFile(archive) as zipped:
            for info in zipped.infolist():
                if not info.is_dir():
                    with zipped.open(info) as file:
                        yield Member(info.filename, _moment(info), file)
        return
    for member, content in tar_members(archive, most, HAND_IN.total_bytes):
        if content is not None:
            yield Member(member.name, float(member.mtime), content)


def tar_members(
    archive: IO[bytes], most: int, most_bytes: int
) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """Yield what is in a tar file, compressed or not, and the content of ordinary files.

    Parameters
    ----------
    archive : open, at its beginning
    most, most_bytes : entries that it may have, and bytes when it is no longer compressed

    Raises
    ------
    UnsoundArchive : it has more
    """
    start = archive.read(6)
    archive.seek(0)
    opener = next((one for sign, one in OPENERS.items() if start.startswith(sign)), None)
    with tempfile.TemporaryFile() as plain:
        # Limit the uncompressed stream: Python reads a tar file's headers whole, however long.
        with nullcontext(archive) if opener is None else opener(archive, "rb") as unpacked:
            _copy(unpacked, plain, _Room(0, most_bytes))
        plain.seek(0)
        with tarfile.open(fileobj=plain, mode="r:") as tar:
            for number, member in enumerate(tar):
                if number >= most:
                    raise UnsoundArchive(TOO_MANY)
                yield member, tar.extractfile(member) if member.isfile() else None


def _bound_directory(archive: IO[bytes], most: int) -> None:
    """Refuse a zip file with a long list of entries: Python reads all of it at once."""
    size = archive.seek(0, os.SEEK_END)
    archive.seek(max(0, size - ZIP_END_BYTES))
    end = archive.read()
    archive.seek(0)
    at = end.rfind(b"PK\5\6")
    if at < 0 or len(end) < at + 22:
        return  # no zip file, as will be said
    (listed,) = struct.unpack_from("<L", end, at + 12)
    if listed > most * ZIP_ENTRY_BYTES or end[max(0, at - 20) : at].startswith(b"PK\6\7"):
        raise UnsoundArchive(TOO_MANY)


def _moment(info: zipfile.ZipInfo) -> float:
    """Return when a file in a zip archive was changed, as if its clock were UTC."""
    try:
        return float(calendar.timegm(info.date_time))
    except (ValueError, OverflowError):
        return 0.0


def _safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise UnsoundArchive("a file in it has a name that leads elsewhere")
    return path


def _write(file: IO[bytes], path: Path, room: _Room) -> None:
    if room.files < 0:
        raise UnsoundArchive(TOO_MANY)
    with path.open("xb") as target:
        _copy(file, target, room)


def _copy(source: IO[bytes], target: IO[bytes], room: _Room) -> None:
    while chunk := source.read(CHUNK):
        room.bytes -= len(chunk)
        if room.bytes < 0:
            raise UnsoundArchive("it holds too much")
        target.write(chunk)
