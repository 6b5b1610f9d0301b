"""Reads who is in a course: Moodle's grading worksheet, Canvas's gradebook, `students.csv`, others.

Which column is which is told by its heading, in several languages, and of Moodle's worksheet by
what stands in it.  Knows neither the gradebook nor downloads.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from autograder.course.folder import CourseError
from autograder.incoming.collecting.names import words_of
from autograder.incoming.collecting.people import Student, safe_id

MAX_BYTES = 20 << 20
PARTICIPANT = re.compile(r"\D*?(\d+)")  # "Participant 12345", in whatever language
# What a column holds, by headings as they are written in small letters.
HEADINGS = {
    "first": {"first_name", "first name", "firstname", "given name", "vorname", "prénom",
              "nombre", "nome", "voornaam"},
    "last": {"last_name", "last name", "lastname", "surname", "family name", "nachname",
             "nom", "nom de famille", "apellido(s)", "cognome", "achternaam"},
    "name": {"full name", "name", "student name", "student", "vollständiger name",
             "nom complet", "nombre completo", "nome completo", "volledige naam"},
    "email": {"email", "e-mail", "email address", "e-mail address", "e-mail-adresse",
              "adresse de courriel", "dirección de correo", "indirizzo email", "e-mailadres"},
    "login": {"username", "user name", "login", "login id", "sis login id", "anmeldename",
              "nom d'utilisateur", "nombre de usuario", "gebruikersnaam",
              "student_id", "user_id", "user id"},
    "number": {"id number", "sis user id", "student id", "orgdefinedid", "id-nummer",
               "numéro d'identification", "número de id", "matrikelnummer", "idnummer"},
    "github": {"github_username", "github username"},
    "github_id": {"roster_identifier", "identifier"},
    "time": {"last modified (submission)", "zuletzt geändert (abgabe)", "submission_timestamp",
             "dernière modification (travail remis)", "última modificación (entrega)"},
}  # fmt: skip
GRADE = {"grade", "bewertung", "note", "calificación", "valutazione", "cijfer"}
MAXIMUM = {"maximum grade", "bestwertung", "note maximale", "calificación máxima"}
LOCKED = {"grade can be changed", "bewertung kann geändert werden"}
KNOWN = (
    "Moodle's grading worksheet, Canvas's gradebook, nbgrader's students.csv, or one with columns "
    "for names and ids"
)


@dataclass(frozen=True)
class RosterFile:
    """What a file says of a course.

    Parameters
    ----------
    kind : "moodle", "canvas", "nbgrader" or "other"
    students : with the ids that the file suggests
    text : of the file, as it is
    """

    kind: str
    students: tuple[Student, ...]
    text: str = ""


def read_roster_file(
    path: Path, in_utc: Callable[[str], datetime | None], canvas_number: bool = True
) -> RosterFile:
    """Read a roster.

    Parameters
    ----------
    in_utc : reads a time as the system writes it
    canvas_number : whether the gradebook has Canvas's own number as `lms_user_id`, and not the
        registry's

    Raises
    ------
    CourseError : it is none
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CourseError(f"{path} is too large for a roster: give {KNOWN}")
        text = decoded(path.read_bytes())
    except OSError as failure:
        raise CourseError(f"{path}: {failure.strerror}") from None
    rows = table(text)
    if len(rows) < 2:
        raise CourseError(f"{path} has no table of students: give {KNOWN}")
    head = [heading.strip().casefold() for heading in rows[0]]
    lines = [row + [""] * (len(head) - len(row)) for row in rows[1:]]
    kind = kind_of(head, lines)
    columns = {role: place for role in HEADINGS if (place := place_of(head, HEADINGS[role])) >= 0}
    if kind == "canvas":
        columns |= {"canvas": head.index("id")}
        lines = [row for row in lines if _is_student(row[columns["name"]], row[columns["canvas"]])]
    elif kind == "moodle":
        columns |= {"moodle": 0}
        columns.pop("github_id", None)
    elif kind == "nbgrader":
        columns |= {"id": head.index("id")}
        if "lms_user_id" in head:
            columns |= {"lms": head.index("lms_user_id")}
    if not {"id", "name", "first", "last", "email", "login", "moodle", "github"} & set(columns):
        raise CourseError(
            f"{path} has no column that says who students are ({', '.join(rows[0][:6])}): "
            f"give {KNOWN}"
        )
    lms = [role for role in ("lms", "canvas", "number") if canvas_number or role != "canvas"]
    rows = [row for row in lines if any(map(str.strip, row))]
    students = [_student(columns, row, in_utc, lms) for row in rows]
    return RosterFile(kind, tuple(_with_ids(students)), text)


def decoded(data: bytes) -> str:
    """Return a file's text, whatever program saved it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def table(text: str) -> list[list[str]]:
    """Return the rows of a CSV file; the mark between columns is what its first line has most."""
    first = text.split("\n", 1)[0]
    mark = max(",;\t", key=first.count)
    try:
        return list(
            csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=mark)
        )
    except csv.Error:
        return []


def kind_of(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return whose table this is."""
    if "id" in head and "student" in head:
        return "canvas"
    if head == ["id"] or ("id" in head and {"first_name", "last_name", "lms_user_id"} & {*head}):
        return "nbgrader"
    numbered = [row[0] for row in lines if row[0].strip()]
    if place_of(head, GRADE) > 0 and all(map(PARTICIPANT.fullmatch, map(str.strip, numbered))):
        return "moodle"
    return "other"


def place_of(head: Sequence[str], headings: set[str]) -> int:
    """Return which column has one of these headings, or -1."""
    return next((place for place, heading in enumerate(head) if heading in headings), -1)


def _is_student(name: str, number: str) -> bool:
    """Whether a row of Canvas's gradebook is one: neither totals nor the teacher's test student."""
    return bool(number.strip()) and words_of(name) not in (
        ("points", "possible"),
        ("student", "test"),
    )


def _student(
    columns: dict[str, int],
    row: Sequence[str],
    in_utc: Callable[[str], datetime | None],
    lms: Sequence[str],
) -> Student:
    def cell(role: str) -> str:
        # Brightspace writes "#" before what a spreadsheet would take for a number.
        return row[columns[role]].strip().lstrip("#") if role in columns else ""

    first, last, name = cell("first"), cell("last"), cell("name")
    if not (first or last) and "," in name:
        last, first = (part.strip() for part in name.split(",", 1))
        name = ""
    numbers = []
    if number := cell("canvas"):
        numbers.append(("canvas", number))
    if found := PARTICIPANT.fullmatch(cell("moodle")):
        numbers.append(("moodle", found[1]))
    logins = [cell("login"), cell("number"), cell("email"), cell("github"), cell("github_id")]
    own = cell("id") or cell("login") or cell("github_id") or cell("number") or cell("canvas")
    return Student(
        safe_id(own),
        first,
        last,
        cell("email"),
        next(filter(None, map(cell, lms)), ""),
        "" if first or last else name,
        tuple(dict.fromkeys(login for login in logins if login)),
        tuple(numbers),
        in_utc(cell("time")) if cell("time").strip("-") else None,
    )


def _with_ids(students: Sequence[Student]) -> list[Student]:
    """Give an id to who has none in the file, and keep one line of who stands there twice."""
    parts = Counter(one.email.split("@")[0].casefold() for one in students if one.email)
    names = Counter(words_of(one.full_name) for one in students)
    found: dict[str, Student] = {}
    for one in students:
        if not one.id:
            part = one.email.split("@")[0]
            if part and parts[part.casefold()] == 1:
                one = replace(one, id=safe_id(part))
            elif one.email:
                one = replace(one, id=safe_id(one.email))
            else:
                number = one.numbers[0][1] if one.numbers else ""
                name = "-".join(words_of(one.full_name))
                parts_of_id = [name, number if names[words_of(one.full_name)] > 1 else ""]
                one = replace(one, id=safe_id("-".join(filter(None, parts_of_id)) or number))
        if one.id and found.setdefault(one.id, one).full_name != one.full_name:
            raise CourseError(
                f"the roster has the id {one.id} twice: {found[one.id].full_name} and "
                f"{one.full_name}"
            )
    return list(found.values())
