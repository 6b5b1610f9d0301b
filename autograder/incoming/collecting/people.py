"""Who handed something in: by a system's number, else a login, else a name that one person has.

Where two people could be meant nobody is taken.  Knows neither files nor what systems call them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from autograder.base.words import listed
from autograder.course.folder import CourseError
from autograder.incoming.collecting.names import (
    folded,
    plain_together,
    run_together,
    spellings,
    words_of,
)

MAX_NAME, MAX_WORDS = 255, 12  # of characters and of words: what has more is nobody's name


@dataclass(frozen=True)
class Student:
    """A person of the roster.

    Parameters
    ----------
    id : the name of the folder in ``submitted/``
    name : all of it, where the roster does not say what is first and what last
    logins : ids, logins and addresses by which systems know them
    numbers : by system, what stands for them in its downloads
    handed_in : when, in UTC, where the roster says so
    """

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""
    name: str = ""
    logins: tuple[str, ...] = ()
    numbers: tuple[tuple[str, str], ...] = ()
    handed_in: datetime | None = None

    @property
    def full_name(self) -> str:
        """Return the name, first name first where that is known."""
        return self.name or f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True)
class Sender:
    """Whose a hand-in is, as a download says it.

    Parameters
    ----------
    key : what a person reads of it, and what tells two senders apart
    number : the system's own
    logins, names : what could be one; the first is the likeliest
    """

    key: str
    number: str = ""
    logins: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Match:
    """Who a sender is.

    Parameters
    ----------
    student : the id, or None
    how : "id", "login", "name", or another word for it
    trouble : why it is nobody
    could_be : who it could be, where nobody knows
    """

    student: str | None = None
    how: str = ""
    trouble: str = ""
    could_be: frozenset[str] = frozenset()


@dataclass
class _Index:
    """Which students have a key."""

    found: dict[object, set[str]] = field(default_factory=dict)

    def add(self, keys: Iterable[object], student: str) -> None:
        for key in keys:
            self.found.setdefault(key, set()).add(student)

    def of(self, keys: Iterable[object]) -> set[str]:
        return set().union(*(self.found.get(key, ()) for key in keys))


class Roster:
    """The people of a course.

    Parameters
    ----------
    students : each with an id of its own
    open : take who is not there by what the download calls them
    """

    def __init__(self, students: Sequence[Student], open: bool = False) -> None:
        self.students = {student.id: student for student in students}
        self.open = open
        self._numbers, self._logins, self._any_case = _Index(), _Index(), _Index()
        self._words, self._spelled = _Index(), _Index()
        self._together, self._plain_together = _Index(), _Index()
        for one in students:
            logins = {one.id, one.email, one.lms_user_id, *one.logins} - {""}
            self._numbers.add(one.numbers, one.id)
            self._logins.add(logins, one.id)
            self._any_case.add(map(folded, logins), one.id)
            for name in {one.full_name, f"{one.last_name} {one.first_name}".strip()} - {""}:
                self._words.add([words_of(name)], one.id)
                self._spelled.add(spellings(name), one.id)
                self._together.add(run_together(name), one.id)
                self._plain_together.add(plain_together(name), one.id)

    def knows(self, text: str) -> bool:
        """Whether somebody of the roster is called like this."""
        match = self.match("", Sender(text, logins=(text,), names=(text,)))
        return bool(match.could_be) or match.student in self.students

    def match(self, system: str, sender: Sender) -> Match:
        """Return who a sender is."""
        numbered = self._numbers.of([(system, sender.number)]) if sender.number else set()
        named = self._by_name(sender.names)
        if sender.number and not numbered:
            # Who has another number in this system is another person, however alike the name.
            named = {one for one in named if system not in dict(self.students[one].numbers)}
        if len(numbered) == 1:
            (student,) = numbered
            if named and student not in named:
                return Match(
                    trouble=f"the number {sender.number} is {student}'s, the name is "
                    f"{listed(sorted(named))}'s: is the roster of this very assignment?",
                    could_be=frozenset(numbered | named),
                )
            return Match(student, "id")
        by_login = self._by_login(sender.logins)
        if len(by_login) == 1:
            return Match(min(by_login), "login")
        for found in (numbered, by_login, named):
            if len(found) > 1:
                trouble = f"could be {listed(sorted(found))}"
                return Match(trouble=trouble, could_be=frozenset(found))
        if len(named) == 1:
            return Match(min(named), "name")
        if self.open and sender.logins and self.open_id(sender.logins[0]):
            return Match(self.open_id(sender.logins[0]), "its own name")
        return Match(trouble="is nobody in the roster")

    def open_id(self, login: str) -> str:
        """Return the id of somebody whom no roster names, or "" where it cannot be one."""
        return safe_id(login) if login == safe_id(login) else ""

    def _by_login(self, logins: Sequence[str]) -> set[str]:
        """Return who has the first of these that anybody has, a rule that case cannot break."""
        for place, some in enumerate((logins[:1], logins[1:])):
            for index, keys in ((self._logins, some), (self._any_case, map(folded, some))):
                found = index.of(keys)
                if found and (place == 0 or len(found) == 1):
                    return found
        return set()

    def _by_name(self, names: Sequence[str]) -> set[str]:
        """Return who has one of these names, as it is written, else in plain letters."""
        short = [name for name in names if len(name) <= MAX_NAME]
        given = [name for name in short if 0 < len(words_of(name)) <= MAX_WORDS]
        whole = [name for name in given if " " not in name]
        return (
            self._words.of(map(words_of, given))
            or self._together.of(one for name in whole for one in run_together(name))
            or self._spelled.of(one for name in given for one in spellings(name))
            or self._plain_together.of(one for name in whole for one in plain_together(name))
        )


def safe_id(text: str) -> str:
    """Return a text as the name of a student's folder.

    >>> safe_id("../ann"), safe_id("ann.lee@uni.example")
    ('-ann', 'ann.lee@uni.example')
    """
    text = "".join(char if char.isprintable() and char not in "/\\+" else "-" for char in text)
    return text.strip().lstrip(".")[:128]


def joined(students: Sequence[Student], known: Sequence[Student]) -> list[Student]:
    """Return a roster with the ids by which the gradebook knows its people.

    Raises
    ------
    CourseError : two of the roster are one to the gradebook
    """
    keys, names = _Index(), _Index()
    for one in known:
        logins = {one.id, one.email, one.lms_user_id} - {""}
        keys.add(map(folded, logins), one.id)
        if one.first_name and one.last_name:
            names.add([words_of(one.full_name)], one.id)
    found: dict[str, Student] = {}
    for one in students:
        ids: set[str] = set()
        for key in (one.id, one.lms_user_id, *one.logins, one.email):
            ids = ids or (keys.of([folded(key)]) if key else set())
        ids = ids or names.of([words_of(one.full_name)])
        student = replace(one, id=min(ids)) if len(ids) == 1 else one
        if student.id in found:
            raise CourseError(
                f"the roster has two people, {found[student.id].full_name} and {one.full_name}, "
                f"whom the gradebook knows as {student.id}"
            )
        found[student.id] = student
    return list(found.values())
