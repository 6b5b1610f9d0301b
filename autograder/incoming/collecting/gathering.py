"""A download, opened: who handed in what, and who could not be told.

Of each student the newest attempt is chosen.  What becomes of it, `collect.py` decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from autograder.base.words import counted, listed
from autograder.course.folder import CourseError
from autograder.course.handed_in.hard_links import Refused
from autograder.gradebook.scores import Person
from autograder.incoming.collecting.clock import Clock, stamp
from autograder.incoming.collecting.download import Download, Opener
from autograder.incoming.collecting.laying_out import TIMESTAMP
from autograder.incoming.collecting.people import Match, Roster, Sender, Student, joined
from autograder.incoming.collecting.remembered import Memory
from autograder.incoming.collecting.rosters import RosterFile
from autograder.incoming.collecting.systems import (
    PATTERN,
    Sent,
    has_a_form,
    is_made_by_a_system,
    possible_names,
    read_names,
    system_of,
)

INDEX = "index.html"  # Brightspace puts a table of all submissions beside them
FIRST_LINE_BYTES = 1000
BY_LOGIN = ("blackboard", "github", "folder", PATTERN)  # their names can be ids without a roster
NO_ROSTER = (
    "nobody knows whose these hand-ins are: give --roster FILE (Moodle's grading worksheet, "
    "Canvas's gradebook, or nbgrader's students.csv)"
)
CALLED_SO = (
    "there is no roster: students are called as the download calls them; --roster FILE tells who "
    "is missing, and who is nobody"
)
TIMES_ARE_IN = {
    "moodle": ": Moodle's grading worksheet has it (--roster)",
    "github": ": GitHub Classroom's table of grades has it (--roster)",
}


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Parameters
    ----------
    course : the course's folder
    assignment : its name
    download : a zip file or a folder
    system : one of `systems.SYSTEMS`, or "" to find out
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


@dataclass
class Attempt:
    """One hand-in of one sender.

    Parameters
    ----------
    at : when, in UTC, or None
    late : whether the system says that it is late
    files : by the student's names
    sent : by the student's names, those in the download
    left_out : by the student's names, why
    orders : of two files with one name the greater came later
    match : whose it is, once that is known
    """

    sender: Sender
    at: datetime | None
    late: bool = False
    files: dict[str, Path] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    orders: dict[str, int] = field(default_factory=dict)
    match: Match = field(default_factory=Match)

    def add(self, sent: Sent, name: str, download: Download) -> None:
        """Add a file of the download."""
        self.late |= sent.late
        if name in download.left_out:
            self.left_out[sent.inner] = download.left_out[name]
        elif sent.order >= self.orders.get(sent.inner, 0):  # else uploaded earlier
            self.files[sent.inner] = download.files[name]
            self.sent[sent.inner] = name.rsplit("/", 1)[-1]
            self.orders[sent.inner] = sent.order


@dataclass(frozen=True)
class Unclear:
    """A hand-in that is not collected, and why; the student where that is known."""

    sent: str
    trouble: str
    at: str = ""
    student: str = ""


@dataclass
class Gathered:
    """What is in a download.

    Parameters
    ----------
    chosen : by student, the newest attempt
    unclear : hand-ins that are not collected
    missing : who is in the roster and handed in nothing
    left_out : files that are nobody's, and why
    said : what a person should know
    """

    system: str
    roster: Roster
    made: str = ""
    chosen: dict[str, Attempt] = field(default_factory=dict)
    unclear: list[Unclear] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)


def roster_of(people: Sequence[Person], roster_file: RosterFile | None) -> Roster:
    """Return who is in the course: of a file, else those whom somebody put into the gradebook."""
    known = [Student(**vars(one)) for one in people]
    if roster_file is not None:
        return Roster(joined(roster_file.students, known))
    described = [
        replace(student, numbers=(("canvas", student.lms_user_id),))
        for student, person in zip(known, people, strict=True)
        if person.is_described
    ]
    return Roster(described) if described else Roster(known, open=True)


def gather(
    request: Request,
    scratch: Path,
    roster: Roster,
    clock: Clock,
    memory: Memory,
    refused: Refused,
    pattern: str,
) -> Gathered:
    """Open a download and find out whose what is.

    Parameters
    ----------
    scratch : an empty folder for what is unpacked
    refused : tells which files are hard links to the course's own
    pattern : the course's own, of file names, or ""

    Raises
    ------
    CourseError : it cannot be opened, or there is no roster where one is needed
    """

    def is_a_hand_in(name: str) -> bool:
        known = not roster.open and any(map(roster.knows, possible_names(name)))
        return known or has_a_form(name)

    download = Opener(scratch, refused, is_a_hand_in).open(request.download)
    names = [
        name
        for name, path in download.files.items()
        if not is_made_by_a_system(name) and not _is_same(path, request.roster)
    ]
    system = request.system or (PATTERN if pattern else "")
    everything = [*names, *download.left_out]
    found = Gathered(system or system_of(everything, request.assignment, download.cloned), roster)
    found.made = download.made
    if roster.open:
        if found.system not in BY_LOGIN:
            raise CourseError(NO_ROSTER)
        found.said.append(CALLED_SO)
    attempts = _attempts(request, names, download, found, clock, pattern)
    _choose(attempts, request, found, memory)
    for student, attempt in found.chosen.items():
        known = roster.students.get(student)
        attempt.at = attempt.at or (known.handed_in if known else None)
    return found


def _attempts(
    request: Request,
    names: Sequence[str],
    download: Download,
    found: Gathered,
    clock: Clock,
    pattern: str,
) -> list[Attempt]:
    """Put files together as they were handed in."""
    first_lines = {name: _first_line(download.files[name]) for name in names if _is_text(name)}
    left_out = [name for name in download.left_out if not is_made_by_a_system(name)]
    told = read_names(
        *(found.system, [*names, *left_out], request.assignment, found.roster.knows),
        *(first_lines, pattern),
    )
    attempts: dict[tuple[str, str], Attempt] = {}
    for name in (*names, *left_out):
        sent = told.get(name)
        if sent is None:
            if name in download.left_out:
                found.left_out[name] = download.left_out[name]
            elif name.rsplit("/", 1)[-1] != INDEX:
                found.unclear.append(Unclear(name, f"has no name that {found.system} gives"))
            continue
        key = sent.sender.key, sent.attempt
        attempt = attempts.setdefault(key, Attempt(sent.sender, clock.utc(sent.at)))
        if found.system == "folder" and sent.inner == TIMESTAMP and name in first_lines:
            attempt.at = clock.read(first_lines[name])
        else:
            attempt.add(sent, name, download)
    return list(attempts.values())


def _choose(attempts: Iterable[Attempt], request: Request, found: Gathered, memory: Memory) -> None:
    """Take of each student the newest attempt; name who is nobody or could be several."""
    of: dict[str, list[Attempt]] = {}
    could_be: frozenset[str] = frozenset()
    for attempt in attempts:
        attempt.match = _match(attempt.sender, request, found, memory)
        if attempt.match.student is not None:
            of.setdefault(attempt.match.student, []).append(attempt)
            continue
        could_be |= attempt.match.could_be
        at = stamp(attempt.at)
        found.unclear.append(Unclear(attempt.sender.key, attempt.match.trouble, at))
    for student, some in of.items():
        dated = {attempt.at for attempt in some}
        if len(some) == 1 or (None not in dated and len(dated) == len(some)):
            found.chosen[student] = max(some, key=lambda one: one.at or datetime.min)
        elif found.system == "google":
            found.chosen[student] = _all_of(some)
        else:
            trouble = f"there are {len(some)} of {student}, and nothing says which is newer"
            for attempt in some:
                found.unclear.append(Unclear(attempt.sender.key, trouble, student=student))
    if not found.roster.open:
        found.missing = sorted({*found.roster.students} - {*of} - could_be)


def _all_of(attempts: Sequence[Attempt]) -> Attempt:
    """Return files that came one by one as one hand-in: nothing tells attempts apart."""
    whole = attempts[0]
    for other in attempts[1:]:
        for inner, path in other.files.items():
            name = inner if inner not in whole.files else f"{other.sender.key}/{inner}"
            whole.files[name], whole.sent[name] = path, other.sent[inner]
        whole.left_out |= other.left_out
    return whole


def _match(sender: Sender, request: Request, found: Gathered, memory: Memory) -> Match:
    told = request.told.get(sender.key) or request.told.get(sender.number)
    if told is not None:
        if told not in found.roster.students and not found.roster.open:
            raise CourseError(f"--who {sender.key}={told}: the roster has no {told}")
        return Match(told, "as told")
    match = found.roster.match(found.system, sender)
    if match.student is None:  # another roster than before, or --who before
        before = {
            student
            for student, one in memory.students.items()
            if (one.system, one.key) == (found.system, sender.key)
            and student in found.roster.students
        }
        if len(before) == 1 and before <= (match.could_be or before):
            return Match(min(before), "as before")
    return match


def said_of_times(found: Gathered, timeless: Sequence[str], clock: Clock) -> list[str]:
    """Say what times are not known, or mean: whether something is late depends on them.

    Parameters
    ----------
    timeless : students of whose hand-in no time is known
    """
    said = []
    late = sorted(student for student in timeless if found.chosen[student].late)
    if timeless:
        said.append(
            f"of {counted(len(timeless), 'hand-in')} nothing says when it was handed in, so it "
            f"counts as in time{TIMES_ARE_IN.get(found.system, '')}"
        )
    if late:
        said.append(
            f"{found.system} calls {counted(len(late), 'hand-in')} late, and not by how much: "
            f"{listed(late)}"
        )
    if clock.assumed and any(attempt.at for attempt in found.chosen.values()):
        said.append(
            f"{found.system} writes times without a zone, which are taken for UTC: "
            "--timezone Europe/Berlin, or c.Exchange.timezone, says otherwise"
        )
    return said


def _is_same(path: Path, roster: Path | None) -> bool:
    return roster is not None and path.samefile(roster)


def _is_text(name: str) -> bool:
    return name.endswith(".txt")


def _first_line(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(FIRST_LINE_BYTES).decode("utf-8-sig", "replace").split("\n", 1)[0].strip()
