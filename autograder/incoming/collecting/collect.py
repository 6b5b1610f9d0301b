"""`autograder collect`: from a download to `submitted/`, nobody mixed up, nothing lost in silence.

What is newer replaces what is older, whatever the order in which downloads come; where nothing
says which is newer, nothing is replaced.  `nbgrader zip_collect` lays out the same files.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.base.words import listed, printable
from autograder.course import settings
from autograder.course.course import Course
from autograder.course.folder import (
    UNFINISHED,
    CourseError,
    Submission,
    require_assignment,
    share,
    submitted_at,
)
from autograder.course.handed_in.files import UNREADABLE, is_real_folder
from autograder.course.handed_in.hard_links import not_of
from autograder.gradebook import GradebookStore
from autograder.gradebook.scores import Person
from autograder.incoming.collecting.clock import Clock, stamp
from autograder.incoming.collecting.gathering import (
    Attempt,
    Gathered,
    Request,
    gather,
    roster_of,
    said_of_times,
)
from autograder.incoming.collecting.laying_out import contents, lay_out
from autograder.incoming.collecting.remembered import Remembered, read_memory, write_memory
from autograder.incoming.collecting.rosters import read_roster_file
from autograder.incoming.collecting.systems import SYSTEMS

# What becomes of a hand-in.
NEW, REPLACED, SAME, OLDER = "new", "replaces an older one", "the same", "older than what is there"
CORRECTED = "the same, with another time"
TAKEN = (NEW, REPLACED, CORRECTED)
UNDECIDED = "another than what is there, and nothing says which is newer: --replace takes this one"
BROKEN = "cannot be read, and what is there stays: download it again"
IN_THE_WAY = "is no folder: remove it"


@dataclass(frozen=True)
class Row:
    """One hand-in.

    Parameters
    ----------
    student : the id, or ""
    sent : how the download calls it
    how : matched by what
    at : when it was handed in, as `timestamp.txt` has it, or ""
    outcome : one of the words above, or why it is not collected
    trouble : whether a person has to do something
    remarks : what of it was left out, in sentences
    """

    student: str
    sent: str
    how: str = ""
    at: str = ""
    outcome: str = ""
    trouble: bool = False
    remarks: tuple[str, ...] = ()


@dataclass
class Collected:
    """What was found, and what became of it: a row for each hand-in, those with trouble last."""

    system: str
    rows: list[Row] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def remarks(self) -> Iterator[str]:
        """Yield what a person should know besides."""
        yield from self.said
        for row in self.rows:
            yield from (f"{printable(row.student)}: {remark}" for remark in row.remarks)
        for row in self.rows:
            if row.trouble:
                of = f" of {row.student}" if row.student and row.student != row.sent else ""
                yield f"{printable(row.sent + of)} was not collected: {printable(row.outcome)}"
        if any(row.trouble and not row.student for row in self.rows):
            yield 'run it again with --who "as it is in the download=student" to say whose one is'


def collect(request: Request, dry_run: bool = False) -> Collected:
    """Collect a download.

    Raises
    ------
    CourseError : it cannot begin; nothing has been written
    OSError : something cannot be written; what was collected before it stays
    """
    with opened(request) as collection:
        rows = [collection.take(student, dry_run) for student in collection.students]
        if not dry_run:
            collection.remember()
        return collection.collected(rows)


@contextmanager
def opened(request: Request) -> Iterator[Collection]:
    """Open a download and find out whose what is; what was unpacked is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="collect-") as scratch:
        yield Collection(request, Path(scratch))


class Collection:
    """An opened download, and where its hand-ins go.

    Parameters
    ----------
    scratch : an empty folder

    Raises
    ------
    CourseError : it cannot be opened
    """

    def __init__(self, request: Request, scratch: Path) -> None:
        self._request, self._course = request, request.course
        require_assignment(request.course, request.assignment)
        if request.system and request.system not in SYSTEMS:
            raise CourseError(f"--from is one of {listed(SYSTEMS)}, not {request.system!r}")
        course = Course(request.course)
        self._url = course.gradebook_url
        self._refused = not_of(None, request.course, None)
        self._shared = course.is_shared
        self._memory = read_memory(request.course, request.assignment)
        self._corrected = request.zone not in ("", self._memory.zone)
        self._memory.zone = request.zone or self._memory.zone
        self._clock = clock = Clock(self._memory.zone, course.settings)
        with GradebookStore.open(self._url) as gradebook:
            people = gradebook.roster()
        self._roster_file = None
        if request.roster is not None:
            canvas = settings.read(settings.CanvasExporter, course.settings).lms_user_id
            self._roster_file = read_roster_file(request.roster, clock.read, canvas == "ID")
        pattern = course.settings.get("FileNameCollectorPlugin", {}).get("named_regexp", "")
        self._found: Gathered = gather(
            *(request, scratch, roster_of(people, self._roster_file), clock, self._memory),
            *(self._refused, pattern),
        )

    @property
    def students(self) -> list[str]:
        """Whose hand-ins are known."""
        return sorted(self._found.chosen)

    def collected(self, rows: list[Row]) -> Collected:
        """Return all that is to be told, with what became of hand-ins."""
        unclear = [
            Row(one.student, one.sent, "", one.at, one.trouble, trouble=True)
            for one in self._found.unclear
        ]
        timeless = [row.student for row in rows if row.outcome in TAKEN and not row.at]
        nobodys = [f"{printable(name)} {why}" for name, why in self._found.left_out.items()]
        return Collected(
            self._found.system,
            sorted([*rows, *unclear], key=lambda row: (row.trouble, row.student, row.sent)),
            self._found.missing,
            [*self._found.said, *said_of_times(self._found, timeless, self._clock), *nobodys],
        )

    def take(self, student: str, dry_run: bool = False) -> Row:
        """Put one hand-in in its place, if it is newer than what is there."""
        submission = self._submission(student)
        folder = submission.folder
        above = folder.parent
        if os.path.lexists(above) and not is_real_folder(above, self._course / "submitted"):
            attempt = self._found.chosen[student]
            return Row(student, attempt.sender.key, outcome=f"{above} {IN_THE_WAY}", trouble=True)
        if dry_run:
            with tempfile.TemporaryDirectory(prefix="collect-") as aside:
                return self._laid(student, Path(aside) / "new", remember=False)
        above.mkdir(parents=True, exist_ok=True)
        made, old = (
            above / f"{UNFINISHED}{name}{self._request.assignment}" for name in ("", "old-")
        )
        _remove(made)
        row = self._laid(student, made)
        if row.outcome in TAKEN:
            _remove(old)
            if os.path.lexists(folder):
                os.replace(folder, old)
            os.replace(made, folder)
            _remove(old)
            if self._shared:
                share(above, self._course / "submitted")
        _remove(made)
        return row

    def take_into(self, student: str, place: Path) -> Row:
        """Lay one hand-in out elsewhere, if it is newer than what is there, which then goes."""
        row = self._laid(student, place)
        if row.outcome not in TAKEN:
            _remove(place)
        elif row.outcome != NEW:
            _remove(self._submission(student).folder)
        return row

    def remember(self) -> None:
        """Note how hand-ins are called, and in the gradebook who is in the roster."""
        if self._roster_file is not None:
            students = self._found.roster.students.values()
            if self._roster_file.kind == "moodle":
                self._memory.worksheet = self._roster_file.text
                self._memory.participants = {
                    number: one.id for one in students for _, number in one.numbers
                }
            people = [
                Person(
                    one.id, one.first_name or one.name, one.last_name, one.email, one.lms_user_id
                )
                for one in students
            ]
            with GradebookStore.open(self._url) as gradebook:
                gradebook.enrol(people)
        write_memory(self._course, self._request.assignment, self._memory)

    def _submission(self, student: str) -> Submission:
        return Submission(self._course, self._request.assignment, student)

    def _laid(self, student: str, place: Path, remember: bool = True) -> Row:
        """Lay one hand-in out, and say what is to become of it."""
        attempt = self._found.chosen[student]
        there, remarks = lay_out(attempt.files, attempt.left_out, attempt.at, place, self._refused)
        row = Row(
            *(student, attempt.sender.key, attempt.match.how, stamp(attempt.at)), remarks=remarks
        )
        before = self._memory.students.get(student)
        row = self._compared(row, attempt, place, before.made if before else "")
        if remember and row.outcome in (*TAKEN, SAME):
            again = before is not None and row.outcome in (SAME, CORRECTED)
            made = max(self._found.made, before.made if before and again else "")
            sent = {safe: attempt.sent[name] for safe, name in there.items()}
            key = attempt.sender.key
            self._memory.students[student] = Remembered(self._found.system, key, sent, made)
        return row

    def _compared(self, row: Row, attempt: Attempt, place: Path, made_before: str) -> Row:
        """Compare with what was handed in before."""
        submission, at, made = self._submission(row.student), attempt.at, self._found.made
        if not os.path.lexists(submission.folder):
            return replace(row, outcome=NEW)
        if not is_real_folder(submission.folder, self._course / "submitted"):
            return replace(row, outcome=f"{submission.folder} {IN_THE_WAY}", trouble=True)
        if not attempt.files or UNREADABLE in attempt.left_out.values():
            return replace(row, outcome=BROKEN, trouble=True)
        before = submitted_at(submission).at
        same = contents(submission.folder) == contents(place)
        if same and (at is None or before == at):
            return replace(row, outcome=SAME, at=stamp(before))
        if same and self._corrected and before is not None:
            return replace(row, outcome=CORRECTED)
        if at is not None and before is not None:
            newer = at > before
        elif same:
            newer = True  # now it has a time
        elif made and made_before and made != made_before:
            newer = made > made_before
        elif self._request.replace:
            newer = True
        else:
            return replace(row, outcome=UNDECIDED, trouble=True)
        return replace(row, outcome=REPLACED if newer else OLDER)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)
