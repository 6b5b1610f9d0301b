"""What each submission has earned, when, and why that changed: a line for each change.

It lies beside the graded notebooks, one file an assignment, and is only added to.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from autograder.base.words import points_text
from autograder.course.assignment import Assignment
from autograder.grading.jobs import Job, catalogue_fingerprint, code_fingerprint

HISTORY_FILE = ".history-{}.jsonl"  # of an assignment, beside the students' folders
MARKS_FILE = ".marks-{}.jsonl"  # the same, of marks that people gave
SHOWN = 16  # characters of a hash: enough to tell versions apart
# What a verdict is made of, and what is said where that is another than before.
REASONS = {
    "submission": "another hand-in",
    "catalogue": "another version of the catalogue",
    "grader": "another version of the grader",
    "release": "another release or other settings",
}


@dataclass(frozen=True)
class Entry:
    """One grading of a submission.

    Parameters
    ----------
    at : when, in UTC, ``"2026-10-05 14:03:21"``
    points : what each exercise earned, by its name
    made_of : hashes of what the verdicts follow from, by the names of `REASONS`
    """

    student: str
    at: str
    points: Mapping[str, float]
    made_of: Mapping[str, str] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """The points of all exercises together."""
        return round(sum(self.points.values()), 6)


@dataclass(frozen=True)
class MarkGiven:
    """A mark that a person gave.

    Parameters
    ----------
    points : None where the person took theirs back
    comment : whether there is one
    at : when, in UTC, as in `Entry`
    by : what it came in by
    """

    student: str
    cell: str
    points: float | None
    comment: bool = False
    at: str = ""
    by: str = ""


def entry_of(record: Mapping[str, Any]) -> Entry:
    """Return the entry for a submission that was graded just now, of what is kept of it."""
    points = {verdict["exercise"]: verdict["points"] for verdict in record["verdicts"]}
    return Entry(record["student"], _now(), points, record["made_of"])


def made_of(jobs: Iterable[Job]) -> dict[str, str]:
    """Return the hashes of what the verdicts on a submission follow from."""
    one, *others = jobs
    parts = {
        "submission": _joined([job.digest or "none" for job in (one, *others)]),
        **versions_of(one.assignment),
        "release": _joined([job.assignment.digest.hex() for job in (one, *others)]),
    }
    return {name: digest[:SHOWN] for name, digest in parts.items()}


def _joined(digests: Sequence[str]) -> str:
    one, *others = digests
    return hashlib.sha256(" ".join(digests).encode()).hexdigest() if others else one


def versions_of(assignment: Assignment) -> dict[str, str]:
    """Return the versions of catalogue and grader that grade an assignment now, as entries do."""
    catalogue = catalogue_fingerprint(assignment.catalogue)
    return {"catalogue": catalogue[:SHOWN], "grader": code_fingerprint()[:SHOWN]}


def read_history(course: Path, assignment: str) -> dict[str, list[Entry]]:
    """Return the entries of each student, the oldest first."""
    found: dict[str, list[Entry]] = {}
    for entry in _entries(_lines(_file(course, assignment))):
        found.setdefault(entry.student, []).append(entry)
    return found


class Latest(dict[str, Entry]):
    """The latest entry of each student in one assignment's history, kept up to date.

    What was read once is not read again: `refresh` looks at what was added to the file since.
    """

    def __init__(self, course: Path, assignment: str) -> None:
        super().__init__()
        self._path, self._read = _file(course, assignment), 0
        self.refresh()

    def refresh(self) -> None:
        """Read what others have added."""
        with suppress(OSError), open(self._path, "rb") as file:
            if file.seek(0, os.SEEK_END) < self._read:  # it is another file, which begins anew
                self._read = 0
                self.clear()
            file.seek(self._read)
            whole = file.read().rpartition(b"\n")[0]
            self._read += len(whole) + bool(whole)
            self.update((entry.student, entry) for entry in _entries(whole.splitlines()))

    def note(self, entries: Sequence[Entry]) -> None:
        """Add to the history what is news in some entries; no points depend on it."""
        self.refresh()
        news = [entry for entry in entries if is_news(self.get(entry.student), entry)]
        with suppress(OSError):
            _add(self._path, news)
        self.update((entry.student, entry) for entry in news)


def read_marks_given(course: Path, assignment: str) -> dict[str, list[MarkGiven]]:
    """Return the marks that people gave each student, as far as they were noted, in order."""
    found: dict[str, list[MarkGiven]] = {}
    for line in _lines(_file(course, assignment, MARKS_FILE)):
        with suppress(ValueError, TypeError, AttributeError):
            given = MarkGiven(**json.loads(line))
            found.setdefault(given.student, []).append(given)
    return found


def note_marks(course: Path, assignment: str, given: Sequence[MarkGiven], by: str) -> None:
    """Note marks that a person has just given.

    Raises
    ------
    OSError : they cannot be written
    """
    at = _now()
    _add(_file(course, assignment, MARKS_FILE), [replace(one, at=at, by=by) for one in given])


def is_news(before: Entry | None, after: Entry) -> bool:
    """Tell whether an entry says anything that the one before does not."""
    if before is None:
        return True
    return (before.points, before.made_of) != (after.points, after.made_of)


def changes(before: Entry, after: Entry) -> list[str]:
    """Return what became of each exercise whose points are others, a phrase each.

    >>> changes(Entry("s001", "", {"scores": 2.0}), Entry("s001", "", {"scores": 3.0, "cce": 1.0}))
    ['scores 2 -> 3', 'cce - -> 1']
    """
    names = dict.fromkeys((*before.points, *after.points))
    return [
        f"{name} {_points(before, name)} -> {_points(after, name)}"
        for name in names
        if before.points.get(name) != after.points.get(name)
    ]


def why(before: Entry | None, after: Entry) -> list[str]:
    """Return why a submission was graded again, a phrase each."""
    if before is None:
        return ["graded for the first time"]
    others = [
        said
        for name, said in REASONS.items()
        if before.made_of.get(name) != after.made_of.get(name)
    ]
    return others or ["graded once more"]


def _points(entry: Entry, name: str) -> str:
    return points_text(entry.points[name]) if name in entry.points else "-"


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def _entries(lines: Iterable[bytes]) -> Iterator[Entry]:
    for line in lines:
        with suppress(ValueError, TypeError, AttributeError):  # a line that a full disk cut off
            entry = Entry(**json.loads(line))
            if all(isinstance(points, int | float) for points in entry.points.values()):
                yield entry


def _lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().splitlines()
    except OSError:
        return []


def _add(path: Path, entries: Sequence[Entry | MarkGiven]) -> None:
    if entries:
        lines = "".join(json.dumps(asdict(entry), sort_keys=True) + "\n" for entry in entries)
        path.parent.mkdir(exist_ok=True)
        # In one piece, so that a run beside this one, or a kill, leaves whole lines.
        with open(path, "ab", buffering=0) as file:
            file.write(lines.encode())


def _file(course: Path, assignment: str, name: str = HISTORY_FILE) -> Path:
    return course / "autograded" / name.format(assignment)
