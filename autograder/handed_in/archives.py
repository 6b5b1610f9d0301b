"""Unpacks archives that a learning management system gave, trusting nothing in them.

Students make them, or what is in them: so many files, so many bytes, no links, no
paths that lead elsewhere.  Knows neither nbgrader nor what is in a file.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from autograder.limits import ARCHIVE, HAND_IN
from autograder.words import named

CHUNK = 1 << 20
# How the compressed forms of a tar file begin.
OPENERS: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}


class UnsoundArchive(Exception):
    """An archive cannot be unpacked within its limits; the text says why."""


@dataclass
class Room:
    """How much more may be unpacked."""

    files: int
    bytes: int


@dataclass(frozen=True)
class Member:
    """A file in an archive.

    Parameters
    ----------
    name : as it is written there, folders and all
    open : opens it; what is wrong with it is raised then, or while it is read
    is_link : it only says where another file is
    """

    name: str
    open: Callable[[], IO[bytes]]
    is_link: bool = False


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
    room = Room(ARCHIVE.files, ARCHIVE.total_bytes)
    for path in _unpack(archive, folder, room):
        if path.suffix not in kinds:
            continue
        own = Room(min(HAND_IN.files, room.files), min(HAND_IN.total_bytes, room.bytes))
        had = Room(own.files, own.bytes)
        try:
            _unpack(path, own_folder(path), own)
        except UnsoundArchive as failure:
            left[path.relative_to(folder).as_posix()] = str(failure)
        else:
            room.files -= had.files - own.files
            room.bytes -= had.bytes - own.bytes
    return left


def own_folder(archive: Path) -> Path:
    """Return the folder that an archive is unpacked into.

    >>> own_folder(Path("a/b.tar.gz")).name
    'b'
    """
    return archive.with_name(archive.stem.removesuffix(".tar"))


def _unpack(archive: Path, folder: Path, room: Room) -> list[Path]:
    """Return the files that were in one archive, those in archives in it left out."""
    paths = []
    try:
        folder.mkdir(parents=True)
    except OSError as failure:
        raise UnsoundArchive(f"{folder.name} cannot be made: {failure.strerror}") from None
    try:
        for member in members(archive):
            if member.is_link:
                continue
            path = folder / safe_path(member.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            with member.open() as file:
                write(file, path, room)
            paths.append(path)
    except Exception as failure:  # whatever a student made of it
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(failure, UnsoundArchive):
            raise
        raise UnsoundArchive(named(failure)) from None
    return paths


def members(archive: Path) -> Iterator[Member]:
    """Yield the files of an archive.

    Raises
    ------
    Exception : whatever reading it raises
    """
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            for info in zipped.infolist():
                if not info.is_dir():
                    is_link = stat.S_ISLNK(info.external_attr >> 16)
                    yield Member(written_name(info), partial(zipped.open, info), is_link)
        return
    with archive.open("rb") as file:
        start = file.read(6)
    opener = next((one for sign, one in OPENERS.items() if start.startswith(sign)), open)
    with tempfile.TemporaryFile() as plain, opener(archive, "rb") as compressed:
        # Limit the uncompressed stream: Python reads a tar file's headers whole, however long.
        copy_bounded(compressed, plain, Room(0, HAND_IN.total_bytes))
        plain.seek(0)
        with tarfile.open(fileobj=plain, mode="r:") as tar:
            for member in tar:
                if member.isfile():
                    yield Member(member.name, partial(_opened, tar, member))
                elif not member.isdir():
                    yield Member(member.name, partial(_opened, tar, member), is_link=True)


def _opened(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = tar.extractfile(member)
    if file is None:
        raise UnsoundArchive("a file in it is no ordinary file")
    return file


def written_name(info: zipfile.ZipInfo) -> str:
    """Return a name as it was meant: many programs write UTF-8 or Windows's letters unmarked.

    >>> info = zipfile.ZipInfo("Müller".encode().decode("cp437"))
    >>> written_name(info)
    'Müller'
    """
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    with suppress(UnicodeEncodeError):
        written = info.filename.encode("cp437")
        with suppress(UnicodeDecodeError):
            return written.decode("utf-8")
        # A box or a fraction within a name: it was no letter of DOS.
        if not all(letter.isascii() or letter.isalpha() for letter in info.filename):
            with suppress(UnicodeDecodeError):
                return written.decode("cp1252")
    return info.filename


def safe_path(name: str) -> PurePosixPath:
    """Return a member's path within a folder.

    Raises
    ------
    UnsoundArchive : it leads out of it
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise UnsoundArchive("a file in it has a name that leads elsewhere")
    return path


def write(file: IO[bytes], path: Path, room: Room) -> None:
    """Write a member, which makes room smaller.

    Raises
    ------
    UnsoundArchive : there is no room for it
    """
    room.files -= 1
    if room.files < 0:
        raise UnsoundArchive("it holds too many files")
    with path.open("xb") as target:
        copy_bounded(file, target, room)


def copy_bounded(source: IO[bytes], target: IO[bytes], room: Room) -> None:
    """Copy until there is no more room."""
    while chunk := source.read(CHUNK):
        room.bytes -= len(chunk)
        if room.bytes < 0:
            raise UnsoundArchive("it holds too much")
        target.write(chunk)
