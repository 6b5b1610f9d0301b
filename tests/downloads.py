"""A class of 120 with names as people have them, and what each system gives of its hand-ins."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

NASTY = (
    ("Jürgen", "Müller"), ("Jurgen", "Muller"), ("Jörg", "Größe"), ("Siobhán", "O\u2019Brien"),
    ("Conor", "O'Brien"), ("Łukasz", "Żółw"), ("Anna-Lena", "von der Heide"), ("José", "Núñez"),
    ("Søren", "Ågård"), ("Nguyễn", "Thị Minh"), ("李", "伟"), ("Анна", "Иванова"),
    ("Ann", "Lee"), ("Lee", "Ann"), ("Kim", "Kim"), ("Ann Marie", "Lee"), ("D'Arcy", "Æther"),
    ("X", "Late"), ("Max", "Mustermann Jr."), ("Zoë", "123"),
)  # fmt: skip
TWINS = (("Sam", "Smith"), ("Sam", "Smith"))
MANY = tuple((f"First{number}", f"Last{number:03}") for number in range(98))
START = datetime(2025, 1, 31, 13, 45, 10)
UTC = "2025-01-31 13:45:10 UTC"


@dataclass(frozen=True)
class Person:
    """Somebody as a registry has them."""

    place: int
    first: str
    last: str

    @property
    def id(self) -> str:
        return f"S{self.place:03}x"

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def email(self) -> str:
        return f"{self.id}@uni.example"

    @property
    def moodle(self) -> int:
        return 70_000 + 7 * self.place

    @property
    def canvas(self) -> int:
        return 1_000 + self.place

    @property
    def github(self) -> str:
        return f"hub-{self.place}-x"

    @property
    def at(self) -> datetime:
        return START + timedelta(minutes=self.place)


CLASS = tuple(
    Person(place, first, last) for place, (first, last) in enumerate((*NASTY, *TWINS, *MANY))
)
UNLIKE = tuple(one for one in CLASS if (one.first, one.last) not in TWINS)
Work = Callable[[Person], bytes]


class Unmarked(zipfile.ZipInfo):
    """A member whose name is UTF-8 without saying so."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode(), self.flag_bits & ~0x800


def zip_of(
    path: Path, files: Mapping[str, bytes], at: datetime = START, marked: bool = True
) -> Path:
    """Write a zip; `marked` says that names are UTF-8, which some programs leave out."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            info = (zipfile.ZipInfo if marked else Unmarked)(name)
            info.date_time = at.timetuple()[:6]
            info.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(info, content)
    return path


def folder_of(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


# --- What each system calls a hand-in -------------------------------------------------------------


def moodle(people: Sequence[Person], work: Work, ending: str = "") -> dict[str, bytes]:
    """Folders: Moodle from 4.1 on writes them without an underscore at the end."""
    return {
        f"{_clean(one.name)}_{one.moodle}_assignsubmission_file{ending}/ps1.ipynb": work(one)
        for one in people
    }


def moodle_flat(people: Sequence[Person], work: Work) -> dict[str, bytes]:
    return {
        f"{_clean(one.name)}_{one.moodle}_assignsubmission_file_ps1.ipynb": work(one)
        for one in people
    }


def canvas(people: Sequence[Person], work: Work) -> dict[str, bytes]:
    files = {}
    for one in people:
        name = re.sub(r"[^\w]", "", f"{one.last}{one.first}").lower()
        late = "_LATE" if one.place % 7 == 0 else ""
        again = "-1" if one.place % 5 == 0 else ""
        files[f"{name}{late}_{one.canvas}_{90_000 + one.place}_ps1{again}.ipynb"] = work(one)
    return files


def blackboard(
    people: Sequence[Person], work: Work, title: str = "Problem Set_1", hours: int = 0
) -> dict[str, bytes]:
    files = {}
    for one in people:
        at = one.at + timedelta(hours=hours)
        stem = f"{title}_{one.id.lower()}_attempt_{at:%Y-%m-%d-%H-%M-%S}"
        told = f"Name: {one.name} ({one.id.lower()})\nAssignment: {title}\n"
        files |= {f"{stem}.txt": told.encode(), f"{stem}_ps1.ipynb": work(one)}
    return files


def brightspace(people: Sequence[Person], work: Work, hours: int = 0) -> dict[str, bytes]:
    files = {"index.html": b"<html>all of them</html>"}
    for one in people:
        at = one.at + timedelta(hours=hours)
        clock = f"{at.hour % 12 or 12}{at:%M} {at:%p}"
        day = f"{at:%b} {at.day}, {at.year} {clock}"
        files[f"{5_000 + one.place}-31415 - {one.name} - {day}/ps1.ipynb"] = work(one)
    return files


def github(people: Sequence[Person], work: Work) -> dict[str, bytes]:
    return {f"ps1-{one.github}/ps1.ipynb": work(one) for one in people}


def google(people: Sequence[Person], work: Work) -> dict[str, bytes]:
    return {f"{one.name} - ps1.ipynb": work(one) for one in people}


def plain(people: Sequence[Person], work: Work) -> dict[str, bytes]:
    return {f"{one.id.lower()}/my work ({one.place}).ipynb": work(one) for one in people}


def _clean(name: str) -> str:
    """Return a name as Moodle writes it: no apostrophe, as macOS would unpack it."""
    return unicodedata.normalize("NFD", re.sub(r"[&<>\"`|':\\/]", "", name).replace("_", " "))


# --- Rosters --------------------------------------------------------------------------------------


def rows(*lines: Sequence[object]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue()


def worksheet(people: Sequence[Person] = CLASS) -> str:
    """Moodle's grading worksheet, with the mark that it begins with."""
    head = (
        *("Identifier", "Full name", "ID number", "Email address", "Status", "Grade"),
        *("Maximum grade", "Grade can be changed", "Last modified (submission)"),
        *("Last modified (grade)", "Feedback comments"),
    )
    status = "Submitted for grading"
    lines = [
        (
            *(f"Participant {one.moodle}", one.name, one.id, one.email, status, ""),
            *("17.00", "Yes", f"{one.at:%A, %-d %B %Y, %-I:%M %p}", "-", ""),
        )
        for one in people
    ]
    return "\ufeff" + rows(head, *lines)


def canvas_gradebook(people: Sequence[Person] = CLASS) -> str:
    head = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", "ps1 (17)")
    return rows(
        head,
        ("    Points Possible", "", "", "", "", 17),
        *(
            (f"{one.last}, {one.first}", one.canvas, 8_000 + one.place, one.id, "A", "")
            for one in people
        ),
        ("Student, Test", 99_999, "", "0a1b2c", "A", ""),
    )


def students_csv(people: Sequence[Person] = CLASS) -> str:
    head = ("id", "first_name", "last_name", "email", "lms_user_id")
    return rows(head, *((one.id, one.first, one.last, one.email, "") for one in people))


def github_roster(people: Sequence[Person] = CLASS) -> str:
    head = ("identifier", "github_username", "github_id", "name")
    return rows(head, *((one.id, one.github.upper(), 5 * one.place, one.name) for one in people))
