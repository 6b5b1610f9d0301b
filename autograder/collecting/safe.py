"""Names of files as students chose them, made safe: for any file system, and where names mean more.

Knows nothing but text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import count

from autograder.handed_in.files import PASSED_OVER

MAX_BYTES = 150  # of a part of a path: what is made beside it gets longer names
# What is read of a hand-in as ours, or is passed over.
TAKEN = {*PASSED_OVER, "timestamp.txt", "submission_secret.txt"}


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
