"""`autograder collect`: from a download to `submitted/`, nobody mixed up, nothing lost in silence.

What is newer replaces what is older, whatever the order in which downloads come; where nothing
says which is newer, nothing is replaced.  `nbgrader zip_collect` lays out the same files.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone, tzinfo
from pathlib import Path
from typing import Any

from autograder.collecting.download import Download, Opener, lay_out, without_ending
from autograder.collecting.names import folded, words_of
from autograder.collecting.people import Match, Roster, Sender, Student
from autograder.collecting.remembered import Remembered, read_memory, write_memory
from autograder.collecting.rosters import read_roster_file
from autograder.collecting.safe import safe_names
from autograder.collecting.systems import (
    SYSTEMS,
    Sent,
    has_a_form,
    is_made_by_a_system,
    read_names,
    system_of,
)
from autograder.course import settings
from autograder.course.course import Course
from autograder.course.folder import (
    UNFINISHED,
    CourseError,
    Submission,
    require_assignment,
    submitted_at,
)
from autograder.gradebook import GradebookStore
from autograder.gradebook.scores import Person
from autograder.handed_in.files import NOTE, HandIn, is_real_folder, write_note
from autograder.handed_in.hard_links import Refused, not_of
from autograder.words import counted, listed, printable

TIMESTAMP = "timestamp.txt"
INDEX = "index.html"  # Brightspace puts a table of all submissions beside them
FIRST_LINE_BYTES = 1000
NO_ROSTER = (
    "nobody knows whose these hand-ins are: give --roster FILE (Moodle's grading worksheet, "
    "Canvas's gradebook, or nbgrader's students.csv)"
)
# What became of a hand-in.
NEW, REPLACED, SAME, OLDER = (
    "new",
    "replaced what was there",
    "the same",
    "older than what is there",
)
IN_THE_WAY = "is no folder: remove it"
UNDECIDED = "another than what is there, and nothing says which is newer: --replace takes this one"


@dataclass(frozen=True)
class Row:
    """One hand-in, or one person without.

    Parameters
    ----------
    student : the id, or ""
    sent : how the download calls it
    how : matched by what
    at : when it was handed in, as `timestamp.txt` has it, or ""
    outcome : one of the words above, or why it was not collected
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
    """What `collect` found and did."""

    system: str
    rows: list[Row] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)


@dataclass
class Attempt:
    """One hand-in of one sender: files by the student's names."""

    sender: Sender
    at: datetime | None
    files: dict[str, Path] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    orders: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Laid:
    """One hand-in as it is going to lie in ``submitted/``.

    Parameters
    ----------
    folder : where it lies until then
    sent : by the name of a file, how it is called in the download
    remarks : what was left out, in sentences
    """

    folder: Path
    sent: dict[str, str]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Parameters
    ----------
    course : the course's folder
    assignment : its name
    download : a zip file or a folder
    system : one of `SYSTEMS`, or "" to find out
    roster : a file, or None for the gradebook's students
    zone : in which a system without one tells time, or "" for the course's
    told : students by what the download calls them
    replace : take this one where nothing says which is newer
    """

    course: Path
    assignment: str
    download: Path
    system: str = ""
    roster: Path | None = None
    zone: str = ""
    told: Mapping[str, str] = field(default_factory=dict)
    replace: bool = False


def collect(request: Request, dry_run: bool = False) -> Collected:
    """Collect a download.

    Raises
    ------
    CourseError : it cannot begin; nothing has been written
    OSError : something cannot be written; what was collected before it stays
    """
    with gathered(request) as gathering:
        found = gathering.found
        for student, attempt in sorted(gathering.chosen.items()):
            found.rows.append(gathering.take(student, attempt, dry_run))
        if not dry_run:
            gathering.remember()
    found.rows.sort(key=lambda row: (row.trouble, row.student, row.sent))
    return found


@contextmanager
def gathered(request: Request) -> Iterator[Gathering]:
    """Open a download and find out whose what is; what was unpacked is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="collect-") as scratch:
        yield Gathering(request, Path(scratch))


class Gathering:
    """A download, opened: who handed in what.

    Parameters
    ----------
    scratch : an empty folder
    """

    def __init__(self, request: Request, scratch: Path) -> None:
        self.request, self.course = request, request.course
        require_assignment(request.course, request.assignment)
        if request.system and request.system not in SYSTEMS:
            raise CourseError(f"--from is one of {listed(SYSTEMS)}, not {request.system!r}")
        course = Course(request.course)
        self._url = course.gradebook_url
        zone = request.zone or str(course.settings.get("Exchange", {}).get("timezone", ""))
        self._zone, self._zone_is_a_guess = _zone(zone or "UTC"), not zone
        self._refused: Refused = not_of(None, request.course, None)
        self.memory = read_memory(request.course, request.assignment)
        with GradebookStore.open(self._url) as gradebook:
            people = gradebook.roster()
        self.roster_file = None
        if request.roster is not None:
            canvas = settings.read(settings.CanvasExporter, course.settings).lms_user_id
            self.roster_file = read_roster_file(request.roster, self._in_utc, canvas == "ID")
        self._opener = Opener(scratch, self._refused, self._is_a_hand_in)
        download = self._opener.open(request.download)
        names = [name for name in download.files if not is_made_by_a_system(name)]
        system = request.system or system_of(names, request.assignment, download.cloned)
        self.found = Collected(system)
        self.roster = self._make_roster(people, system)
        self.made = download.made
        self.chosen: dict[str, Attempt] = {}
        self._matched: dict[str, Match] = {}
        self._sort(download, names)

    def _is_a_hand_in(self, name: str) -> bool:
        return self.request.system in ("google",) or has_a_form(name)

    def _make_roster(self, people: Sequence[Person], system: str) -> Roster:
        known = [Student(**vars(one)) for one in people if _is_described(one)]
        if self.roster_file is not None:
            return Roster(_joined(self.roster_file.students, people))
        if known:
            return Roster([replace(one, numbers=(("canvas", one.lms_user_id),)) for one in known])
        if system not in ("blackboard", "github", "folder"):
            raise CourseError(NO_ROSTER)
        self.found.said.append(
            "there is no roster: students are called as the download calls them; --roster FILE "
            "tells who is missing, and who is nobody"
        )
        return Roster([Student(one.id) for one in people], open=True)

    # --- Who sent what ----------------------------------------------------------------------------

    def _sort(self, download: Download, names: Sequence[str]) -> None:
        first_lines = {
            name: _first_line(download.files[name]) for name in names if name.endswith(".txt")
        }
        everything = [*names, *(one for one in download.left_out if not is_made_by_a_system(one))]
        told = read_names(
            self.found.system, everything, self.request.assignment, self.roster.knows, first_lines
        )
        attempts: dict[tuple[str, str], Attempt] = {}
        for name in everything:
            sent = told.get(name)
            if sent is None:
                if name in download.files and name.rsplit("/", 1)[-1] != INDEX:
                    trouble = f"has no name that {self.found.system} gives"
                    self.found.rows.append(Row("", name, outcome=trouble, trouble=True))
                continue
            attempt = attempts.setdefault(
                (sent.sender.key, sent.attempt), Attempt(sent.sender, self._utc(sent.at))
            )
            self._add(attempt, sent, name, download)
        for name, why in download.left_out.items():
            if name not in told:
                self.found.left_out[name] = why
        self._choose(attempts.values())

    def _add(self, attempt: Attempt, sent: Sent, name: str, download: Download) -> None:
        if name in download.left_out:
            attempt.left_out[sent.inner] = download.left_out[name]
            return
        path, inner = download.files[name], sent.inner
        if self.found.system == "folder" and inner == TIMESTAMP:
            attempt.at = self._in_utc(_first_line(path)) or attempt.at
            return
        if inner in attempt.files and sent.order < attempt.orders[inner]:
            return  # the same file, uploaded earlier
        attempt.files[inner], attempt.sent[inner] = path, name.rsplit("/", 1)[-1]
        attempt.orders[inner] = sent.order

    def _choose(self, attempts: Sequence[Attempt] | Any) -> None:
        """Take of each student the newest attempt; name who is nobody or could be several."""
        of: dict[str, list[Attempt]] = {}
        could_be: frozenset[str] = frozenset()
        for attempt in attempts:
            match = self._match(attempt.sender)
            if match.student is None:
                could_be |= match.could_be
                self.found.rows.append(
                    Row("", attempt.sender.key, "", _stamp(attempt.at), match.trouble, trouble=True)
                )
                continue
            self._matched[attempt.sender.key] = match
            of.setdefault(match.student, []).append(attempt)
        for student, some in of.items():
            newest = self._newest(student, some)
            if newest is not None:
                self.chosen[student] = newest
        self._say_times()
        if not self.roster.open:
            self.found.missing = sorted({*self.roster.students} - {*of} - could_be)

    def _say_times(self) -> None:
        """Say what times are not known, or mean: whether something is late depends on them."""
        timeless = [
            student
            for student, one in self.chosen.items()
            if one.at is None and self._from_roster(student) is None
        ]
        if timeless:
            hints = {
                "moodle": ": Moodle's grading worksheet has it (--roster)",
                "github": ": GitHub Classroom's table of grades has it (--roster)",
            }
            self.found.said.append(
                f"of {counted(len(timeless), 'hand-in')} nothing says when it was handed in, so it "
                f"counts as in time{hints.get(self.found.system, '')}"
            )
        if self._zone_is_a_guess and len(timeless) < len(self.chosen):
            self.found.said.append(
                f"{self.found.system} writes times without a zone, which are taken for UTC: "
                "--timezone Europe/Berlin, or c.Exchange.timezone, says otherwise"
            )

    def _match(self, sender: Sender) -> Match:
        told = self.request.told
        if (student := told.get(sender.key) or told.get(sender.number)) is not None:
            if student not in self.roster.students and not self.roster.open:
                raise CourseError(f"--who {sender.key}={student}: the roster has no {student}")
            return Match(student, "as told")
        match = self.roster.match(self.found.system, sender)
        if match.could_be:
            before = {
                student
                for student, one in self.memory.students.items()
                if (one.system, one.key) == (self.found.system, sender.key)
            }
            if len(before) == 1:
                return Match(min(before), "as before")
        return match

    def _newest(self, student: str, attempts: list[Attempt]) -> Attempt | None:
        dated = {attempt.at for attempt in attempts}
        if len(attempts) == 1:
            return attempts[0]
        if None not in dated and len(dated) == len(attempts):
            return max(attempts, key=lambda attempt: attempt.at or datetime.min)
        keys = {attempt.sender.key for attempt in attempts}
        if self.found.system == "google":
            # A file each: nothing tells attempts apart, and all are kept.
            whole = attempts[0]
            for other in attempts[1:]:
                for inner, path in other.files.items():
                    name = inner if inner not in whole.files else f"{other.sender.key}/{inner}"
                    whole.files[name], whole.sent[name] = path, other.sent[inner]
                whole.left_out |= other.left_out
            return whole
        for key in sorted(keys):
            trouble = f"there are {len(attempts)} of {student}, and nothing says which is newer"
            self.found.rows.append(Row(student, key, outcome=trouble, trouble=True))
        return None

    # --- What becomes of it -----------------------------------------------------------------------

    def take(self, student: str, attempt: Attempt, dry_run: bool) -> Row:
        """Put one hand-in in its place, if it is newer than what is there."""
        row, submission, at = self._row(student, attempt)
        folder = submission.folder
        if os.path.lexists(folder.parent) and not is_real_folder(
            folder.parent, self.course / "submitted"
        ):
            return replace(row, outcome=f"{folder.parent} {IN_THE_WAY}", trouble=True)
        made = folder.parent / f"{UNFINISHED}{self.request.assignment}"
        if dry_run:
            with tempfile.TemporaryDirectory(prefix="collect-") as aside:
                laid = self.lay_out(attempt, at, Path(aside) / "new")
                return self._compared(row, submission, at, laid)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove(made)
        laid = self.lay_out(attempt, at, made)
        done = self._compared(row, submission, at, laid)
        self._note(done, attempt, laid)
        if done.outcome in (NEW, REPLACED):
            old = folder.parent / f"{UNFINISHED}old-{self.request.assignment}"
            _remove(old)
            if os.path.lexists(folder):
                os.replace(folder, old)
            os.replace(made, folder)
            _remove(old)
        _remove(made)
        return done

    def take_into(self, student: str, attempt: Attempt, place: Path) -> Row:
        """Lay one hand-in out elsewhere, if it is newer than what is there, which then goes."""
        row, submission, at = self._row(student, attempt)
        laid = self.lay_out(attempt, at, place)
        done = self._compared(row, submission, at, laid)
        self._note(done, attempt, laid)
        if done.outcome not in (NEW, REPLACED):
            _remove(place)
        elif done.outcome == REPLACED:
            _remove(submission.folder)
        return done

    def _row(self, student: str, attempt: Attempt) -> tuple[Row, Submission, datetime | None]:
        at = attempt.at or self._from_roster(student)
        how = self._matched[attempt.sender.key].how
        submission = Submission(self.course, self.request.assignment, student)
        return Row(student, attempt.sender.key, how, _stamp(at)), submission, at

    def _note(self, row: Row, attempt: Attempt, laid: Laid) -> None:
        """Remember how a hand-in is called, where it is the one that counts."""
        if row.outcome in (NEW, REPLACED, SAME):
            before = self._made_before(row.student) if row.outcome == SAME else ""
            self.memory.students[row.student] = Remembered(
                self.found.system, attempt.sender.key, laid.sent, max(self.made, before)
            )

    def lay_out(self, attempt: Attempt, at: datetime | None, folder: Path) -> Laid:
        """Write one hand-in into a new folder: files, time, and a note of what was left out."""
        folder.mkdir(parents=True)
        files, left_out = self._opener.unpacked(attempt.files)
        safe = safe_names(name for name in sorted(files) if not is_made_by_a_system(name))
        there, more = lay_out({safe[name]: files[name] for name in safe}, folder, self._refused)
        note = HandIn(left_out=attempt.left_out | left_out | more)
        write_note(folder, note)
        if at is not None:
            (folder / TIMESTAMP).write_text(_stamp(at), encoding="utf-8")
        sent = {safe[name]: _sent_as(name, attempt.sent) for name in safe if safe[name] in there}
        return Laid(folder, sent, note.sentences)

    def _compared(self, row: Row, submission: Submission, at: datetime | None, laid: Laid) -> Row:
        """Compare with what was handed in before, and say what is to become of it."""
        row = replace(row, remarks=laid.remarks)
        if not os.path.lexists(submission.folder):
            return replace(row, outcome=NEW)
        if not is_real_folder(submission.folder, self.course / "submitted"):
            return replace(row, outcome=f"{submission.folder} {IN_THE_WAY}", trouble=True)
        before = submitted_at(submission)
        same = _contents(submission.folder) == _contents(laid.folder)
        made_before = self._made_before(submission.student)
        if same and (at is None or before == at):
            return replace(row, outcome=SAME, at=_stamp(before))
        if at is not None and before is not None:
            newer = at > before
        elif same:
            newer = True  # now it has a time
        elif self.made and made_before and self.made != made_before:
            newer = self.made > made_before
        elif self.request.replace:
            newer = True
        else:
            return replace(row, outcome=UNDECIDED, trouble=True)
        return replace(row, outcome=REPLACED if newer else OLDER)

    def _made_before(self, student: str) -> str:
        remembered = self.memory.students.get(student)
        return remembered.made if remembered else ""

    def remember(self) -> None:
        """Note how hand-ins are called, and in the gradebook who is in the roster."""
        if self.roster_file is not None:
            if self.roster_file.kind == "moodle":
                self.memory.worksheet = self.roster_file.text
                self.memory.participants = {
                    number: one.id
                    for one in self.roster.students.values()
                    for system, number in one.numbers
                    if system == "moodle"
                }
            people = [
                Person(
                    one.id, one.first_name or one.name, one.last_name, one.email, one.lms_user_id
                )
                for one in self.roster.students.values()
            ]
            with GradebookStore.open(self._url) as gradebook:
                gradebook.enrol(people)
        write_memory(self.course, self.request.assignment, self.memory)

    # --- Times ------------------------------------------------------------------------------------

    def _from_roster(self, student: str) -> datetime | None:
        known = self.roster.students.get(student)
        return known.handed_in if known else None

    def _utc(self, moment: datetime | None) -> datetime | None:
        if moment is None:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self._zone)
        return moment.astimezone(timezone.utc).replace(tzinfo=None)

    def _in_utc(self, text: str) -> datetime | None:
        from dateutil.parser import parse

        try:
            return self._utc(parse(text))
        except (ValueError, OverflowError):  # another language's month
            return None


def remarks_of(found: Collected) -> Iterator[str]:
    """Yield what a person should know besides."""
    yield from found.said
    for row in found.rows:
        yield from (f"{printable(row.student)}: {remark}" for remark in row.remarks)
    for name, why in found.left_out.items():
        yield f"{printable(name)} {why}"
    for row in found.rows:
        if row.trouble:
            of = f" of {row.student}" if row.student and row.student != row.sent else ""
            yield f"{printable(row.sent + of)} was not collected: {printable(row.outcome)}"
    if any(row.trouble and not row.student for row in found.rows):
        yield 'run it again with --who "as it is in the download=student" to say whose one is'


def _zone(name: str) -> tzinfo:
    from dateutil.tz import gettz

    zone = gettz(name)
    if zone is None:
        raise CourseError(f"{name!r} is no time zone: give one such as Europe/Berlin or UTC")
    return zone


def _stamp(moment: datetime | None) -> str:
    """Return a moment as nbgrader's exchange writes it, which every reader of it understands."""
    return "" if moment is None else f"{moment.isoformat(' ')} UTC"


def _first_line(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(FIRST_LINE_BYTES).decode("utf-8-sig", "replace").split("\n", 1)[0].strip()


def _sent_as(inner: str, sent: Mapping[str, str]) -> str:
    """Return the name in the download of a student's file, or of the archive that it was in."""
    if inner in sent:
        return sent[inner]
    archives = (name for name in sent if inner.startswith(f"{without_ending(name)}/"))
    return sent.get(next(archives, ""), "")


def _contents(folder: Path) -> dict[str, bytes]:
    """Return what was handed in, by name: neither time nor note."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and path.relative_to(folder).as_posix() not in (TIMESTAMP, NOTE)
    }


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


def _is_described(person: Person) -> bool:
    """Whether somebody put this person into the gradebook: grading knows an id and no more."""
    return bool(person.first_name or person.last_name or person.email or person.lms_user_id)


def _joined(students: Sequence[Student], people: Sequence[Person]) -> list[Student]:
    """Return a roster with the ids by which the gradebook knows its people."""
    keys: dict[str, set[str]] = {}
    names: dict[tuple[str, ...], set[str]] = {}
    for person in people:
        for key in {person.id, person.email, person.lms_user_id} - {""}:
            keys.setdefault(folded(key), set()).add(person.id)
        if person.first_name and person.last_name:
            words = words_of(f"{person.first_name} {person.last_name}")
            names.setdefault(words, set()).add(person.id)
    found: dict[str, Student] = {}
    for one in students:
        ids = keys.get(folded(one.id), set())
        for key in (one.lms_user_id, *one.logins, one.email):
            ids = ids or (keys.get(folded(key), set()) if key else set())
        ids = ids or names.get(words_of(one.full_name), set())
        student = replace(one, id=min(ids)) if len(ids) == 1 else one
        if student.id in found:
            raise CourseError(
                f"the roster has two people, {found[student.id].full_name} and "
                f"{one.full_name}, whom the gradebook knows as {student.id}"
            )
        found[student.id] = student
    return list(found.values())
