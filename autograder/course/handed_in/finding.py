"""Which of the files that a student handed in is the work: told by what is in it, not by its name.

A notebook carries the ids of its assignment's cells (nbgrader's ``grade_id``), whatever system or
browser renamed it, and whatever folder or archive it lies in.  Knows neither nbgrader nor the
course's folders.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from autograder.base.words import listed
from autograder.course.handed_in.archives import (
    HEAD_BYTES,
    UnsoundArchive,
    is_archive,
    read_archive,
)
from autograder.course.handed_in.files import (
    NAMED,
    NOTE,
    PASSED_OVER,
    HandIn,
    is_real_folder,
    read_note,
    shown_name,
    walk,
    why_not,
)
from autograder.course.handed_in.hard_links import Refused, any_hard_link
from autograder.course.handed_in.reading import (
    MAX_BYTES,
    UnreadableSubmission,
    parse_json,
    read_bytes,
)

SUFFIX = ".ipynb"
FOUND = "The notebook of "  # so begins where it was found, of which nobody needs to be told twice
# nbgrader's, beside each hand-in that came through its exchange, and ours.
BESIDE = frozenset(("timestamp.txt", "submission_secret.txt", NOTE))
# Bytes of all files in a hand-in of which one is to be chosen; and of those without an id.
MOST_COMPARED, MOST_SEARCHED = 40 << 20, 10 << 20
MOST_SIGNS = 50  # of a notebook that has no marks
CARRIES = "lay_out({"  # in the cell with the files of a release, which nobody writes
SAME_MOMENT = 2.0  # seconds: a zip archive knows no less, and a copy of a folder takes as long
# As JSON writes the key. In a text within JSON the quotes are escaped, so no text has it.
_GRADE_ID = re.compile(rb'"grade_id"\s*:\s*"([^"\\\n]{1,200})"')
_DEFINED = r"(?:def|class)\s+{}\b"
# "ps1 (2)", "ps1-Copy1": what browsers and JupyterLab put behind the name of the next copy.
_COPY = re.compile(r"(?:\((\d{1,6})\)|-Copy(\d{1,6}))$", re.IGNORECASE)


# --- What was released ----------------------------------------------------------------------------


@dataclass(frozen=True)
class ReleasedNotebook:
    """A notebook as it was released, as far as its copies are known by it.

    Parameters
    ----------
    assignment, name : ``"ps1"``, ``"ps1"``
    ids : of the cells that nbgrader owns
    work : of those in which something is written or graded; where nothing is, of all
    sources : of all its cells, stripped
    signs : what stands in a copy that has lost the ids: each defines an exercise, or checks one
    """

    assignment: str
    name: str
    ids: frozenset[bytes]
    work: frozenset[bytes]
    sources: frozenset[str]
    signs: tuple[re.Pattern[bytes], ...]


def released_notebook(assignment: str, name: str, content: Mapping[str, Any]) -> ReleasedNotebook:
    """Return what a copy of a released notebook is known by.

    Parameters
    ----------
    content : of its file
    """
    owned = {}
    for cell in content["cells"]:
        data = cell["metadata"].get("nbgrader", {})
        if data.get("grade_id"):
            owned[data["grade_id"]] = (data, _source(cell))
    signs = []
    for grade_id, (data, source) in owned.items():
        if data.get("solution"):
            signs.append(_DEFINED.format(re.escape(grade_id)))
        elif data.get("grade"):
            signs += _telling_lines(source)
    if not owned:  # it has no marks: nothing in it is graded
        signs = _telling_lines("\n".join(map(_source, content["cells"])))[:MOST_SIGNS]
    ids = frozenset(grade_id.encode() for grade_id in owned)
    work = {
        grade_id.encode()
        for grade_id, (data, _) in owned.items()
        if any(data.get(kind) for kind in ("solution", "grade", "task"))
    }
    return ReleasedNotebook(
        assignment,
        name,
        ids,
        frozenset(work) or ids,
        frozenset(_source(cell).strip() for cell in content["cells"]),
        tuple(re.compile(sign.encode()) for sign in dict.fromkeys(signs)),
    )


def _telling_lines(text: str) -> list[str]:
    """Return patterns for the longer lines of a text, as JSON has them: with escapes."""
    lines = (json.dumps(line.strip())[1:-1] for line in text.splitlines())
    return [re.escape(line) for line in lines if len(line) > len("check(x)")]


def _source(cell: Any) -> str:
    source = cell.get("source") if isinstance(cell, dict) else None
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


# --- What was handed in ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Work:
    """A notebook that was handed in.

    Parameters
    ----------
    where : its place in the hand-in, that of its archive first: ``"work.zip/ps1.ipynb"``
    data : of its file
    """

    where: str
    data: bytes


@dataclass(frozen=True)
class Found:
    """What a hand-in has of an assignment.

    Parameters
    ----------
    works : by the name of the notebook as it was released; what is not there is not in it
    said : under which names they were found, and what was left aside, in sentences
    trouble : why there is none of them at all, what lies there included; or None
    """

    works: Mapping[str, Work] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    trouble: str | None = None


@dataclass(frozen=True)
class _Copy:
    """A file that may be a notebook of the assignment."""

    where: str
    changed: float
    data: bytes


def find_works(
    folder: Path,
    inside: Path,
    assignment: str,
    released: Sequence[ReleasedNotebook],
    refused: Refused = any_hard_link,
) -> Found:
    """Find the notebooks of an assignment in what a student handed in; never raises.

    Of several copies the newest one counts in which something was written.

    Parameters
    ----------
    folder : of the hand-in
    inside : a trusted folder, below which nothing may be a link
    assignment : the one that is asked for
    released : all notebooks of the course, as they were released
    refused : tells whether a file is a hard link to one that was not handed in
    """
    if not is_real_folder(folder, inside):
        what = "is no folder"
        if folder.is_symlink() or folder.parent.is_symlink():
            what = "is a symbolic link: submit the notebook itself, not a link to it"
        return Found(trouble=f"the folder of {assignment} {what}")
    other: dict[str, str] = {}  # what else lies there, and why it is not the work
    names = [one.name for one in released if one.assignment == assignment]
    copies: dict[str, list[_Copy]] = {}
    without: list[_Copy] = []
    known = frozenset(grade_id for one in released for grade_id in one.ids)
    for copy in _notebooks(folder, inside, refused, other):
        ids = frozenset(_GRADE_ID.findall(copy.data))
        best = _by_their_ids(ids, assignment, released)
        if best is None and ids <= known:  # of given cells alone: the others may have lost theirs
            without.append(copy)
        elif best is None:
            other[copy.where] = "has no cell of it"
        elif best.assignment != assignment:
            other[copy.where] = f"is the notebook of {best.assignment}"
        else:
            copies.setdefault(best.name, []).append(copy)
    lost = _by_their_text(without, assignment, released, set(copies), other)
    works: dict[str, Work] = {}
    said: list[str] = []
    for one in released:
        if one.assignment == assignment and (some := copies.get(one.name) or lost.get(one.name)):
            work, about = _newest(some, one, len(names) > 1)
            works[one.name] = work
            said += about
            if one.ids and one.name not in copies:
                said.append(
                    f"{shown_name(work.where)} carries no marks of {assignment}: "
                    "it is known by its text."
                )
    if works:
        return Found(works, tuple(said))
    return Found(trouble=_trouble(assignment, other))


def is_of(path: Path, inside: Path, assignment: str, released: Sequence[ReleasedNotebook]) -> bool:
    """Whether a file or a folder, wherever it lies, has a notebook of an assignment."""
    if path.is_dir() and not path.is_symlink():
        return bool(find_works(path, inside, assignment, released).works)
    try:
        status = path.lstat()
    except OSError:
        return False
    copies = _notebooks_of(path.parent, path.name, status, inside, any_hard_link, {})
    for copy in copies:
        best = _by_their_ids(frozenset(_GRADE_ID.findall(copy.data)), assignment, released)
        if best is not None and best.assignment == assignment:
            return True
    return False


def _by_their_ids(
    ids: frozenset[bytes], assignment: str, released: Sequence[ReleasedNotebook]
) -> ReleasedNotebook | None:
    """Return the released notebook whose work a copy carries: what is given says nothing.

    A course's notebooks often begin with the same given cells.
    """
    return _most_like(released, assignment, lambda one: len(ids & one.work))


def _most_like(
    released: Sequence[ReleasedNotebook],
    assignment: str,
    likeness: Callable[[ReleasedNotebook], int],
) -> ReleasedNotebook | None:
    """Return which released notebook is most like; of equals one of the assignment's."""
    ours = sorted(released, key=lambda one: one.assignment != assignment)
    best = max(ours, key=likeness, default=None)
    return best if best is not None and likeness(best) else None


def _by_their_text(
    copies: Iterable[_Copy],
    assignment: str,
    released: Sequence[ReleasedNotebook],
    found: set[str],
    other: dict[str, str],
) -> dict[str, list[_Copy]]:
    """Return copies that have lost all ids, of notebooks of which there is no other."""
    known: dict[str, list[_Copy]] = {}
    left = MOST_SEARCHED
    for copy in copies:
        left -= len(copy.data)
        if left < 0:
            other[copy.where] = "is too large to be looked through"
            continue

        def likeness(one: ReleasedNotebook, data: bytes = copy.data) -> int:
            there = sum(sign.search(data) is not None for sign in one.signs)
            # Without marks it is known by nothing but lines that other notebooks may have too.
            return there if one.ids else one.assignment == assignment and 2 * there > len(one.signs)

        best = _most_like(released, assignment, likeness)
        if best is None or best.assignment != assignment:
            why = f"is the notebook of {best.assignment}" if best else "has no cell of it"
            other[copy.where] = _unreadable(copy) or why
        elif best.name in found:
            other[copy.where] = "carries no marks"
        else:
            known.setdefault(best.name, []).append(copy)
    return known


def _unreadable(copy: _Copy) -> str | None:
    """Say why what is called a notebook is none, if it is so."""
    try:
        parse_json(copy.data, "it")
    except UnreadableSubmission as failure:
        return str(failure).removesuffix(".").removeprefix("it ")
    except (RecursionError, MemoryError):
        return "is nested too deeply to be read"
    return None


# --- Of several copies ----------------------------------------------------------------------------


def _newest(
    copies: Sequence[_Copy], released: ReleasedNotebook, several: bool
) -> tuple[Work, tuple[str, ...]]:
    """Return the newest copy in which something was written, and what is said of it."""
    states = dict.fromkeys(copies, "")
    if len(copies) > 1:
        left = MOST_COMPARED
        for copy in copies:
            left -= len(copy.data)
            states[copy] = "not looked at" if left < 0 else _state(copy, released)
    works = [copy for copy in copies if not states[copy]] or [
        copy for copy in copies if states[copy] == UNTOUCHED
    ]
    last = max((copy.changed for copy in works), default=0.0)
    recent = [copy for copy in works if last - copy.changed <= SAME_MOMENT] or list(copies)
    best = max(recent, key=partial(_place, released=released))
    same = {copy for copy in copies if copy.data == best.data and copy is not best}
    aside = [
        f"{shown_name(copy.where)} ({'the same' if copy in same else states[copy] or 'older'})"
        for copy in sorted(copies, key=lambda copy: copy.where)
        if copy is not best
    ]
    said = []
    if best.where != f"{released.name}{SUFFIX}" or aside:
        what = f"{released.name} of {released.assignment}" if several else released.assignment
        said.append(f"{FOUND}{what} that counts is {shown_name(best.where)}.")
    if aside:
        more = f" and {len(aside) - NAMED} more" if len(aside) > NAMED else ""
        said.append(f"Left aside: {', '.join(aside[:NAMED])}{more}.")
    return Work(best.where, best.data), tuple(said)


UNTOUCHED = "as released"


def _place(copy: _Copy, released: ReleasedNotebook) -> tuple[Any, ...]:
    """Return by what the latest of copies of one moment is known: the number, then the time."""
    path = PurePosixPath(copy.where)
    number = _COPY.search(path.stem)
    count = int(number[1] or number[2]) if number else 0
    # Of equals that with the released name, and then the first.
    own = path.name == f"{released.name}{SUFFIX}"
    return count, copy.changed, own, [-ord(letter) for letter in copy.where]


def _state(copy: _Copy, released: ReleasedNotebook) -> str:
    """Return "" for a copy in which something was written, else what it is."""
    try:
        cells = parse_json(copy.data, copy.where)["cells"]
        written = [_source(cell).strip() for cell in cells]
    except (UnreadableSubmission, RecursionError, MemoryError, TypeError, KeyError):
        return "cannot be read"
    own = [text for text in written if text and text not in released.sources]
    if not any(CARRIES not in text for text in own):
        return UNTOUCHED
    return ""


# --- Files and archives ---------------------------------------------------------------------------


def _notebooks(
    folder: Path, inside: Path, refused: Refused, other: dict[str, str]
) -> Iterator[_Copy]:
    """Yield what may be a notebook, in folders and archives."""
    looked_at = HandIn()
    for name, status in walk(folder, looked_at, PASSED_OVER):
        if name not in BESIDE:
            yield from _notebooks_of(folder, name, status, inside, refused, other)
    other.update(looked_at.left_out)
    for name, why in read_note(folder, inside, refused).left_out.items():
        other[name] = why


def _notebooks_of(
    folder: Path,
    name: str,
    status: os.stat_result,
    inside: Path,
    refused: Refused,
    other: dict[str, str],
) -> Iterator[_Copy]:
    """Yield what one file of a folder may have of notebooks."""
    path = folder / name
    why = why_not(status, refused)
    if why is not None:
        other[name] = why
        return
    try:
        if not name.lower().endswith(SUFFIX):  # perhaps large, and of no interest
            head = read_bytes(path, HEAD_BYTES, inside, refused, cut=True)
            if not (is_archive(head) or _may_be(name, head)):
                other[name] = "is no notebook"
                return
        data = read_bytes(path, MAX_BYTES, inside, refused)
        archive = is_archive(data)
    except UnreadableSubmission as failure:
        other[name] = str(failure).removesuffix(".")
        return
    if not archive:
        yield _Copy(name, status.st_mtime, data)
        return
    count = 0
    try:
        for inner, changed, content in read_archive(data, partial(_may_be, name)):
            if not PASSED_OVER.isdisjoint(PurePosixPath(inner).parts):
                continue
            count += 1
            # What is in an archive is no newer than the archive, whatever its clock says.
            yield _Copy(f"{name}/{inner}", min(changed, status.st_mtime), content)
    except UnsoundArchive as failure:
        other[name] = f"cannot be unpacked: {failure}"
    else:
        if not count:
            other[name] = "holds no notebook"


def _may_be(name: str, head: bytes) -> bool:
    """Whether a file may be a notebook; one that is called so is looked at, whatever is in it."""
    return name.lower().endswith(SUFFIX) or is_json(head)


def is_json(head: bytes) -> bool:
    """Whether a file that begins so may be a notebook, by its content."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def _trouble(assignment: str, other: dict[str, str]) -> str:
    if not other:
        return f"there is no notebook of {assignment}: its folder is empty"

    # Those first that are called notebooks.
    def place(one: tuple[str, str]) -> tuple[bool, str]:
        name, why = one
        return not (name.lower().endswith(SUFFIX) or why.startswith("cannot")), name

    named = sorted(other.items(), key=place)
    said = [f"{shown_name(name)} {why}" for name, why in named[:NAMED]]
    if more := len(named) - NAMED:
        said += [f"{more} more"] if more > 0 else []
    return f"there is no notebook of {assignment}: {listed(said)}"
