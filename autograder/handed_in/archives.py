"""Unpacks archives that a learning management system gave, trusting nothing in them.

Students make them, or what is in them: so many files, so many bytes, no links, no
paths that lead elsewhere.  Knows neither nbgrader nor what is in a file.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
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
        for name, file in _members(archive):
            path = folder / _safe(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            room.files -= 1
            _write(file, path, room)
            paths.append(path)
    except Exception as failure:  # whatever a student made of it
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(failure, UnsoundArchive):
            raise
        raise UnsoundArchive(named(failure)) from None
    return paths


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the ordinary files of an archive, each with its name."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            for info in zipped.infolist():
                if not info.is_dir():
                    with zipped.open(info) as file:
                        yield info.filename, file
        return
    with archive.open("rb") as file:
        start = file.read(6)
    opener = next((one for sign, one in OPENERS.items() if start.startswith(sign)), open)
    with tempfile.TemporaryFile() as plain, opener(archive, "rb") as compressed:
        # Limit the uncompressed stream: Python reads a tar file's headers whole, however long.
        _copy(compressed, plain, _Room(0, HAND_IN.total_bytes))
        plain.seek(0)
        with tarfile.open(fileobj=plain, mode="r:") as tar:
            for member in tar:
                if member.isfile() and (content := tar.extractfile(member)) is not None:
                    yield member.name, content


def _safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise UnsoundArchive("a file in it has a name that leads elsewhere")
    return path


def _write(file: IO[bytes], path: Path, room: _Room) -> None:
    if room.files < 0:
        raise UnsoundArchive("it holds too many files")
    with path.open("xb") as target:
        _copy(file, target, room)


def _copy(source: IO[bytes], target: IO[bytes], room: _Room) -> None:
    while chunk := source.read(CHUNK):
        room.bytes -= len(chunk)
        if room.bytes < 0:
            raise UnsoundArchive("it holds too much")
        target.write(chunk)
