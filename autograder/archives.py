"""Unpacks archives of whatever origin, within limits: ordinary files alone, and not too many.

An archive may unpack to anything.  What it holds is counted while it is written, as it is
found, whatever it says of itself.  Knows neither nbgrader nor what is in a file.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from autograder.handed_in import HARD_LINK, NO_FILE, SYMBOLIC_LINK
from autograder.limits import ARCHIVES

OPENERS: dict[bytes, Any] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}
CHUNK = 1 << 20
BLOCK = 4096  # of the disk, for each member, however little is in it


class BadArchive(Exception):
    """It cannot be unpacked, or holds what no archive of files does."""


class HoldsTooMuch(Exception):
    """It unpacks to more than it may."""


@dataclass
class Allowance:
    """What may still be unpacked.

    Parameters
    ----------
    left : bytes
    of : the allowance of the archive in which this one lies
    """

    left: int
    of: Allowance | None = None

    def spend(self, size: int) -> None:
        """Count so many bytes.

        Raises
        ------
        HoldsTooMuch
        """
        self.left -= size
        if self.left < 0:
            raise HoldsTooMuch
        if self.of is not None:
            self.of.spend(size)


def allowance(archive: Path, least: int, of: Allowance | None = None) -> Allowance:
    """Return what an archive may unpack to: `least`, or some times its own size."""
    return Allowance(max(least, ARCHIVES.times_its_size * archive.stat().st_size), of)


def unpack(archive: Path, folder: Path, left: Allowance) -> dict[str, str]:
    """Unpack an archive's ordinary files into a folder: all of them or, where it fails, none.

    Returns
    -------
    names of members that were left out, and why

    Raises
    ------
    BadArchive, HoldsTooMuch, OSError
    """
    left_out: dict[str, str] = {}
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".unpacking-") as beside:
            whole = Path(beside, "whole")
            whole.mkdir()
            for name, why, file in _members(archive, left):
                if file is None:
                    left_out[name] = why
                else:
                    _write(file, whole / name, left)
            # Only now: another archive may have the same folder.
            shutil.copytree(whole, folder, copy_function=os.replace, dirs_exist_ok=True)
    except BAD as failure:
        raise BadArchive(str(failure)) from None
    except OSError as failure:
        if failure.errno in BAD_NAMES:
            raise BadArchive(str(failure)) from None
        raise
    return left_out


def _write(file: IO[bytes], path: Path, left: Allowance) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as copy:
        while chunk := file.read(CHUNK):
            left.spend(len(chunk))
            copy.write(chunk)


# What the readers of archives raise for what somebody wrote on purpose: lengths that lie,
# passwords, methods that are not known, a file where a folder is.
BAD = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError),
    *(gzip.BadGzipFile, RuntimeError, ValueError, LookupError, OverflowError),
    *(FileExistsError, NotADirectoryError, IsADirectoryError, shutil.Error),
)
BAD_NAMES = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL)


Member = tuple[str, str, "IO[bytes] | None"]  # its name, and why it is left out or what is in it


def _members(archive: Path, left: Allowance) -> Iterator[Member]:
    if zipfile.is_zipfile(archive):
        yield from _zip_members(archive, left)
    else:
        yield from _tar_members(archive, left)


def _zip_members(archive: Path, left: Allowance) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            left.spend(BLOCK)
            kind = stat.S_IFMT(member.external_attr >> 16)
            if member.is_dir():
                continue
            if kind not in (0, stat.S_IFREG) or not _is_inside(member.filename):
                yield member.filename, SYMBOLIC_LINK if kind == stat.S_IFLNK else NO_FILE, None
                continue
            with opened.open(member) as file:
                yield member.filename, "", file


def _tar_members(archive: Path, left: Allowance) -> Iterator[Member]:
    with _decompressed(archive) as stream:
        # What is read of the stream is counted too: members are passed over, headers are long.
        counted: Any = _Counted(stream, Allowance(left.left))
        with tarfile.open(fileobj=counted, mode="r|") as opened:
            for member in opened:
                left.spend(BLOCK)
                if member.isdir():
                    continue
                if not member.isreg() or member.issparse() or not _is_inside(member.name):
                    yield member.name, _why_not(member), None
                    continue
                yield member.name, "", opened.extractfile(member)


def _why_not(member: tarfile.TarInfo) -> str:
    return SYMBOLIC_LINK if member.issym() else HARD_LINK if member.islnk() else NO_FILE


@contextmanager
def _decompressed(archive: Path) -> Iterator[IO[bytes]]:
    with archive.open("rb") as file:
        start = file.read(6)
    opener = next((one for sign, one in OPENERS.items() if start.startswith(sign)), open)
    with opener(archive, "rb") as stream:
        yield stream


class _Counted:
    def __init__(self, stream: IO[bytes], left: Allowance) -> None:
        self.stream, self.left = stream, left

    def read(self, size: int) -> bytes:
        data = self.stream.read(min(size, CHUNK))
        self.left.spend(len(data))
        return data


def _is_inside(name: str) -> bool:
    parts = name.split("/")
    return bool(name) and "\\" not in name and not name.startswith("/") and ".." not in parts
