"""What filled tables change: compared with what the gradebook has now, and with each other.

A row that is as it was written says nothing.  Pure; knows neither files nor the database.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from autograder.base.words import points_text, printable
from autograder.gradebook.by_hand import NewMark
from autograder.pages.marking.answers import LOOK_AGAIN, Answer
from autograder.pages.marking.sheet import SPOILT, Keys, Row, read_points

T = TypeVar("T")
SHOWN = 60  # characters of a comment


@dataclass(frozen=True)
class Merged:
    """What the tables say together.

    Parameters
    ----------
    marks : what is to be written
    shown : how each row calls the student of a mark, in the same order
    problems : what is wrong, a sentence each; where there are any, nothing may be written
    """

    marks: list[NewMark]
    shown: list[str]
    problems: list[str]


@dataclass(frozen=True)
class _Said(Generic[T]):
    """What a row says that it did not say when it was written."""

    where: str
    value: T


def merge(
    rows: Sequence[Row],
    answers: Sequence[Answer],
    keys: Keys,
    known_as: Callable[[str], tuple[str, ...]],
    why_not: Callable[[str], str] = lambda student: "",
) -> Merged:
    """Merge the rows of filled tables.

    Parameters
    ----------
    rows : of all tables
    answers : every graded cell as it is now
    keys : of the assignment
    known_as : how tables may call a student
    why_not : why a student's answers cannot be marked now, or ""
    """
    here = {keys.who(answer.place): answer for answer in answers}
    by_who: dict[str, list[Row]] = {}
    problems = []
    for row in rows:
        if row.digests.who not in here:
            problems.append(f"{row.where}: there is no such answer in this assignment's gradebook")
        elif trouble := _misplaced(row, known_as(here[row.digests.who].place.student)):
            problems.append(f"{row.where}: {trouble}")
        else:
            by_who.setdefault(row.digests.who, []).append(row)
    marks, shown = [], []
    for who, some in by_who.items():
        answer = here[who]
        new, troubles = _merged(some, answer, keys)
        stale = why_not(answer.place.student) if new is not None and not troubles else ""
        if stale:
            named = printable(some[0].student or known_as(answer.place.student)[-1])
            troubles = [f"{some[0].where}: {named}'s work {stale}"]
        problems += troubles
        if new is not None and not troubles:
            marks.append(new)
            shown.append(some[0].student or known_as(answer.place.student)[-1])
    return Merged(marks, shown, problems)


def _misplaced(row: Row, names: Sequence[str]) -> str:
    """Say where a row's student is another than its `row` means: a column was moved alone."""
    if not row.student or any(_same_text(row.student, name) for name in names):
        return ""
    return (
        f"its column `row` is of another student than {printable(row.student)[:SHOWN]}: "
        "was one column sorted without the others?"
    )


def _same_text(one: str, other: str) -> bool:
    """Whether two texts are the same, or were before a spreadsheet took them for a number.

    >>> _same_text("7", "007"), _same_text("1.23457E+16", "12345678901234567")
    (True, True)
    """
    if one == other:
        return True
    try:
        return math.isclose(float(one.replace(",", ".")), float(other), rel_tol=1e-5)
    except ValueError:
        return False


def _merged(rows: Sequence[Row], answer: Answer, keys: Keys) -> tuple[NewMark | None, list[str]]:
    points: list[_Said[float | None]] = []
    comments: list[_Said[str]] = []
    problems, changed_since = [], []
    mark, looked_at = answer.now.mark, False
    for row in rows:
        said = []
        try:
            given = read_points(row.points)
        except ValueError:
            problems.append(
                f"{row.where}: {printable(row.points)[:SHOWN]!r} is no number of points"
            )
            continue
        if keys.points(given) != row.digests.points:
            if given is not None and not 0 <= given <= mark.max_score:
                problems.append(
                    f"{row.where}: {points_text(given)} points, "
                    f"of 0 to {points_text(mark.max_score)}"
                )
                continue
            said.append(_Said(row.where, given))
            points += said
        if row.comment is not None and keys.comment(row.comment) != row.digests.comment:
            if SPOILT.fullmatch(row.comment):
                problems.append(
                    f"{row.where}: the comment is {row.comment}: the spreadsheet took it for a "
                    "formula; write it again with an apostrophe before it"
                )
                continue
            if row.unicode or row.comment != _as_saved(answer.now.comment):
                comments.append(_Said(row.where, row.comment))
                said.append(comments[-1])  # type: ignore[arg-type]
        looked_at |= row.looked_at and answer.state == LOOK_AGAIN
        if (said or looked_at) and row.digests.answer != keys.answer(answer.text):
            changed_since.append(row.where)
    where = f"{printable(rows[0].student)} {answer.place.cell}".strip()
    if changed_since:
        problems.append(
            f"{changed_since[0]}: {where} was handed in anew since the table was made: "
            "write a new one and look again"
        )
    if problems:
        return None, problems
    new_points, trouble = _agreed(
        points, mark.points, rows, lambda row: row.digests.points, keys.points, _points
    )
    new_comment, other = _agreed(
        comments,
        answer.now.comment,
        rows,
        lambda row: row.digests.comment,
        keys.comment,
        lambda text: repr(text[:SHOWN]),
    )
    problems = [f"{where}: {one}" for one in (trouble, other) if one]
    if keys.points(new_points) == keys.points(mark.points):
        new_points = mark.manual_score
    new = NewMark(answer.place, answer.now, new_points, new_comment, looked_at)
    same = (new_points, new_comment) == (mark.manual_score, answer.now.comment)
    return (None if same and not looked_at else new), problems


def _agreed(
    said: Sequence[_Said[T]],
    now: T,
    rows: Sequence[Row],
    written: Callable[[Row], str],
    key: Callable[[T], str],
    shown: Callable[[T], str],
) -> tuple[T, str]:
    """Return what all agree on, and in what they do not."""
    if not said:
        return now, ""
    values: dict[str, _Said[T]] = {}
    for one in said:
        values.setdefault(key(one.value), one)
    if len(values) > 1:
        told = (f"{one.where} says {shown(one.value)}" for one in values.values())
        return now, f"{', '.join(told)}: which one is right?"
    first = said[0]
    before = {written(row) for row in rows if row.where == first.where}
    if key(now) not in before and key(now) != key(first.value):
        return now, (
            f"{first.where} says {shown(first.value)}, and since it was made somebody gave "
            f"{shown(now)}: which one is right?"
        )
    return first.value, ""


def _points(points: float | None) -> str:
    return "no points" if points is None else f"{points_text(points)} points"


def _as_saved(comment: str) -> str:
    """Return a comment as a file has it that cannot hold every character."""
    return comment.encode("cp1252", "replace").decode("cp1252")
