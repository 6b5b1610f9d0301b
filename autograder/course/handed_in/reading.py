"""Reads files that students handed in, trusting nothing about them: sizes, links, kinds of file.

What a notebook is, `autograder.submission.sanitise` knows; this module imports
nothing that takes long.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from autograder.course.handed_in.hard_links import Refused

MAX_BYTES = 20 << 20
# What reading makes of a file takes more memory than the file: an object of 230 bytes of a pair of
# brackets, a text of 60 of a pair of quotes or a line, a number of 40 of two characters.
MAX_BRACKETS, MAX_TEXTS, MAX_NUMBERS = 500_000, 1_000_000, 500_000
TOO_MANY = "{} holds far more items than a notebook has."


class UnreadableSubmission(Exception):
    """A submission that is not a notebook; its text is one sentence for the student."""


def read_bytes(
    path: str | os.PathLike[str],
    max_bytes: int = MAX_BYTES,
    inside: str | os.PathLike[str] | None = None,
    refused: Refused | None = None,
    cut: bool = False,
) -> bytes:
    """Read a submitted file, if it is an ordinary file and no link.

    Parameters
    ----------
    path : the submitted ``.ipynb``
    max_bytes : larger files are refused
    inside : a trusted folder; below it no part of the path may be a link
    refused : tells whether the open file is a hard link to one that was not handed in; see
        `autograder.course.handed_in.hard_links`
    cut : return the beginning of a larger file, and refuse none

    Raises
    ------
    UnreadableSubmission
        with the reason; nothing else is raised
    """
    path = Path(path)
    try:
        return _read(path, max_bytes, inside, refused, cut)
    except UnreadableSubmission:
        raise
    except FileNotFoundError:
        raise UnreadableSubmission(f"There is no notebook {path.name} to grade.") from None
    except OSError as error:
        reason = f"{path.name} cannot be opened: {error.strerror or type(error).__name__}."
        raise UnreadableSubmission(reason) from None
    except ValueError:  # a null byte in the name, a path outside
        raise UnreadableSubmission("The submission's path makes no sense.") from None


def _read(
    path: Path,
    max_bytes: int,
    inside: str | os.PathLike[str] | None,
    refused: Refused | None,
    cut: bool,
) -> bytes:
    _refuse_links(path, inside)
    # Non-blocking: opening a fifo would otherwise wait for a writer for ever.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableSubmission(f"{path.name} is not an ordinary file.")
        if refused is not None and refused(status):
            raise UnreadableSubmission(
                f"{path.name} is a hard link to a file that was not handed in here: "
                "submit a copy of the notebook itself."
            )
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(max_bytes + 1)
    finally:
        os.close(descriptor)
    if cut:
        return data[:max_bytes]
    if len(data) > max_bytes:
        raise UnreadableSubmission(
            f"{path.name} is larger than {max_bytes / (1 << 20):.3g} MB: "
            "clear its outputs, save and submit it again."
        )
    return data


def _refuse_links(path: Path, inside: str | os.PathLike[str] | None) -> None:
    root = path.parent if inside is None else Path(inside)
    parts = path.relative_to(root).parts
    if ".." in parts:
        raise UnreadableSubmission(f"{path.name} lies outside the folder of submissions.")
    place = os.fspath(root)
    for number, part in enumerate(parts, start=1):
        place = f"{place}/{part}"
        if stat.S_ISLNK(os.lstat(place).st_mode):
            what = path.name if number == len(parts) else f"The folder of {path.name}"
            raise UnreadableSubmission(
                f"{what} is a symbolic link: submit the notebook itself, not a link to it."
            )


def parse_json(data: bytes, name: str) -> Any:
    """Return what the JSON text in a file stands for.

    Parameters
    ----------
    name : how a message calls the file

    Raises
    ------
    UnreadableSubmission : it is no JSON, or far more than a notebook
    RecursionError : it is nested too deeply
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableSubmission(
            f"{name} is not UTF-8 text, so it is no notebook: "
            "open it in a text editor, save it as UTF-8 and submit it again."
        ) from None
    brackets = text.count("[") + text.count("{")
    texts = (text.count('"') - text.count('\\"')) / 2
    if brackets > MAX_BRACKETS or texts > MAX_TEXTS:
        raise UnreadableSubmission(TOO_MANY.format(name))
    numbers = _Numbers(name)
    try:
        return json.loads(text, parse_int=numbers.whole, parse_float=numbers.other)
    except ValueError:
        raise UnreadableSubmission(
            f"{name} is {'empty' if not text.strip() else 'not JSON, so it is no notebook'}: "
            "open it in JupyterLab, save it and submit it again."
        ) from None


class _Numbers:
    """Reads the numbers of a file, not more than a notebook has."""

    def __init__(self, name: str) -> None:
        self.name, self.left = name, MAX_NUMBERS

    def whole(self, digits: str) -> int:
        return int(self._next(digits))

    def other(self, digits: str) -> float:
        return float(self._next(digits))

    def _next(self, digits: str) -> str:
        self.left -= 1
        if self.left < 0:
            raise UnreadableSubmission(TOO_MANY.format(self.name))
        return digits
