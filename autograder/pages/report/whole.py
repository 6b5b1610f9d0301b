"""The figures over all assignments of a course, of the class and of one student: pure functions.

Must not know where records come from, nor how figures are shown.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.base.words import listed, points_text
from autograder.pages.report.statistics import (
    LOW,
    Attempt,
    Item,
    Record,
    exercise,
    rounded,
    share_of,
)

HARDEST = 10  # exercises that are named
MANY = 8  # mistakes by name, over the course, after which somebody needs help


@dataclass(frozen=True)
class Gathered:
    """What there is of one assignment to report on.

    Parameters
    ----------
    items : in the notebook's order
    records : by student's id, with the student as they are shown
    about : (exercise, mistake) -> what was done, and the lesson to revisit
    """

    assignment: str
    items: Sequence[Item]
    records: Mapping[str, Record]
    about: Callable[[str, str], tuple[str, str]]

    @property
    def is_graded(self) -> bool:
        """Whether anything of it is."""
        return any(record.graded for record in self.records.values())

    @property
    def most(self) -> dict[str, float]:
        """The points of each item."""
        return {item.name: item.max_points for item in self.items}

    def share(self, student: str) -> float | None:
        """Return a student's share of the points of what is marked."""
        record = self.records.get(student)
        return share_of(self.most, record) if record is not None else None


def course_figures(gathered: Sequence[Gathered]) -> dict[str, Any]:
    """Return all figures of a report on a course, as JSON has them.

    Parameters
    ----------
    gathered : each assignment that is graded, in the course's order

    Returns
    -------
    dict of tables, by name; a table is a dict of figures, or a list of such
    """
    students = {key: one for some in gathered for key, one in some.records.items()}
    shown = sorted(students, key=lambda key: students[key].student)
    tables = {
        "assignment": "course",
        "class": {"students": len(students), "sets": len(gathered)},
        "sets": [_set(one) for one in gathered],
        "help": _needing_help(gathered, shown),
        "mistakes": _mistakes(gathered),
        "hardest": _hardest(gathered),
        "matrix": [_row(gathered, student) for student in shown],
    }
    return {name: rounded(table) for name, table in tables.items()}


def _set(one: Gathered) -> dict[str, Any]:
    graded = [student for student, record in one.records.items() if record.graded]
    shares = [share for student in graded if (share := one.share(student)) is not None]
    return {
        "set": one.assignment,
        "handed_in": sum(record.handed_in for record in one.records.values()),
        "graded": len(graded),
        "max_points": sum(item.max_points for item in one.items),
        "mean_share": statistics.fmean(shares) if shares else None,
        "median_share": statistics.median(shares) if shares else None,
        "low": sum(share < LOW for share in shares),
        "waiting": sum(_waits(one.records[student]) for student in graded),
    }


def _waits(record: Record) -> bool:
    return any(attempt.points is None for attempt in record.attempts.values())


def _row(gathered: Sequence[Gathered], student: str) -> dict[str, Any]:
    records = {one.assignment: one.records.get(student) for one in gathered}
    points = {
        name: record.score if record is not None and record.graded else None
        for name, record in records.items()
    }
    named = next(record.student for record in records.values() if record is not None)
    known = [score for score in points.values() if score is not None]
    return {"student": named, "points": points, "total": sum(known) if known else None}


def _needing_help(gathered: Sequence[Gathered], students: Sequence[str]) -> list[dict[str, Any]]:
    """Return who needs help and why, the lowest share of all points first."""
    table = []
    for student in students:
        records = {
            one.assignment: record
            for one in gathered
            if (record := one.records.get(student)) is not None
        }
        missing = [name for name, one in records.items() if not one.handed_in and not one.graded]
        low = [
            one.assignment
            for one in gathered
            if (share := one.share(student)) is not None and share < LOW
        ]
        reasons = [f"nothing handed in: {listed(missing)}"] if missing else []
        reasons += [f"less than half of the points: {listed(low)}"] if low else []
        reasons += _repeated(records)
        if reasons:
            shares = [share for one in gathered if (share := one.share(student)) is not None]
            table.append(
                {
                    "student": next(iter(records.values())).student,
                    "share": statistics.fmean(shares) if shares else None,
                    "reasons": "; ".join(reasons),
                }
            )
    return sorted(table, key=lambda row: (row["share"] or 0.0, row["student"]))


def _repeated(records: Mapping[str, Record]) -> list[str]:
    """Return which mistakes one student makes in several exercises of the course."""
    where: dict[str, list[str]] = {}
    for name, record in records.items():
        for exercise_name, attempt in record.attempts.items():
            for mistake in attempt.mistakes:
                where.setdefault(mistake, []).append(f"{name} {exercise_name}")
    told = [f"{mistake} in {listed(places)}" for mistake, places in where.items() if places[1:]]
    number = sum(map(len, where.values()))
    return told + ([f"{number} mistakes by name"] if number >= MANY else [])


def _attempts(gathered: Sequence[Gathered]) -> Iterator[tuple[str, str, str, Attempt]]:
    for one in gathered:
        for student, record in one.records.items():
            for name, attempt in record.attempts.items():
                yield one.assignment, student, name, attempt


def _mistakes(gathered: Sequence[Gathered]) -> list[dict[str, Any]]:
    """Return the mistakes of the course: how many have them, and how many in several exercises."""
    places: dict[str, dict[str, int]] = {}
    students: dict[str, dict[str, int]] = {}
    for assignment, student, name, attempt in _attempts(gathered):
        for mistake in attempt.mistakes:
            for found, key in ((places, f"{assignment} {name}"), (students, student)):
                counts = found.setdefault(mistake, {})
                counts[key] = counts.get(key, 0) + 1
    return [
        {
            "mistake": mistake,
            "students": len(students[mistake]),
            "more_than_once": sum(count > 1 for count in students[mistake].values()),
            "where": ", ".join(f"{place} ({count})" for place, count in places[mistake].items()),
        }
        for mistake in sorted(
            places,
            key=lambda x: (-sum(n > 1 for n in students[x].values()), -len(students[x]), x),
        )
    ]


def _hardest(gathered: Sequence[Gathered]) -> list[dict[str, Any]]:
    rows = []
    for one in gathered:
        graded = [record for record in one.records.values() if record.graded]
        for item in one.items:
            row = exercise(item, one.items, graded)
            kept = {key: row[key] for key in ("facility", "blank", "wrong", "lesson")}
            rows.append({"exercise": f"{one.assignment} {item.name}", **kept})
    known = [row for row in rows if row["facility"] is not None]
    return sorted(known, key=lambda row: (row["facility"], row["exercise"]))[:HARDEST]


# --- One student ----------------------------------------------------------------------------------


def student_figures(gathered: Sequence[Gathered], student: str) -> dict[str, Any]:
    """Return what there is to say of one student, beside the class, as JSON has it."""
    there = [(one, one.records[student]) for one in gathered if student in one.records]
    tables = {
        "assignment": "student-" + "".join(c if c.isalnum() or c in "-_" else "_" for c in student),
        "student": there[0][1].student,
        "sets": [_of_set(one, record) for one, record in there],
        "exercises": [
            row for one, record in there if record.graded for row in _of_items(one, record)
        ],
        "mistakes": [row for one, record in there for row in _own_mistakes(one, record)],
        "people": [
            {"set": one.assignment, "kind": kind, "reason": reason}
            for one, record in there
            for kind, reason in record.signs
        ],
    }
    return {name: rounded(table) for name, table in tables.items()}


def _of_set(one: Gathered, record: Record) -> dict[str, Any]:
    graded = [other for other in one.records.values() if other.graded]
    state = "graded" if record.graded else "not graded"
    if not record.handed_in and not record.graded:
        state = "nothing handed in"
    elif record.graded and _waits(record):
        state = "graded, and waits for a person"
    return {
        "set": one.assignment,
        "state": state,
        "points": record.score if record.graded else None,
        "max_points": sum(item.max_points for item in one.items),
        "late_penalty": record.late_penalty,
        "class_median": statistics.median(other.score for other in graded) if graded else None,
    }


def _of_items(one: Gathered, record: Record) -> Iterator[dict[str, Any]]:
    graded = [other for other in one.records.values() if other.graded]
    for item in one.items:
        attempt = record.attempts.get(item.name, Attempt(None))
        said = []
        if attempt.blank:
            said.append("not written yet")
        if attempt.carried:
            said.append(f"{points_text(attempt.carried)} points carried forward")
        if attempt.points is None:
            said.append("waits for a person")
        yield {
            "exercise": f"{one.assignment} {item.name}",
            "points": attempt.points,
            "max_points": item.max_points,
            "class_mean": exercise(item, one.items, graded)["mean"],
            "said": "; ".join((*said, *attempt.mistakes)),
        }


def _own_mistakes(one: Gathered, record: Record) -> Iterator[dict[str, Any]]:
    lessons = {item.name: item.lesson for item in one.items}
    for name, attempt in record.attempts.items():
        for mistake in attempt.mistakes:
            did, lesson = one.about(name, mistake)
            yield {
                "exercise": f"{one.assignment} {name}",
                "mistake": mistake,
                "did": did,
                "lesson": lesson or lessons.get(name, ""),
                "code": record.code.get(name, ""),
            }
