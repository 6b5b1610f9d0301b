"""The figures of a report: pure functions over plain records.

Equal records give equal figures, in an order that says nothing of who is who.
Must not know where records come from, nor how figures are shown.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograder.base.words import listed

DIGITS = 6  # of a figure; more would be noise
BINS = 10
# A histogram of times has bins of one of these widths, in seconds.
WIDTHS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300)
EXAMPLES = 2  # of the students' code below a mistake
# Who needs help: less than this share of the points, this many mistakes by name, or one twice.
LOW, MANY = 0.5, 4
NONE_HANDED_IN, NOT_GRADED, BY_HAND = "no submission", "not graded", "written questions"


@dataclass(frozen=True)
class Item:
    """An exercise, or a question that a person marks, as it was released.

    Parameters
    ----------
    name : ``"softmax"``; of a question the name of its cell
    max_points : that it can earn
    by_hand : a person marks it
    lesson : the lesson to revisit, a path in the course; "" where none is named
    """

    name: str
    max_points: float
    by_hand: bool = False
    lesson: str = ""


@dataclass(frozen=True)
class Attempt:
    """What one student did in one item.

    Parameters
    ----------
    points : that count; None where a person has yet to mark it
    carried : the part of them that was earned by error carried forward
    blank : it was not written yet
    wrong : it lost points, though something was written
    mistakes : misconceptions by name
    asserted : of a test cell of the course's own, where it ran: "outside" or "inside"
    """

    points: float | None
    carried: float = 0.0
    blank: bool = False
    wrong: bool = False
    mistakes: tuple[str, ...] = ()
    asserted: str = ""


@dataclass(frozen=True)
class Failure:
    """Why cells of one student failed.

    Parameters
    ----------
    cause : in words, the same for the same kind
    said : what the error says
    cells : how many failed so themselves
    after_it : how many failed because one of those had
    exercises : which are not defined because of it
    """

    cause: str
    said: str
    cells: int
    after_it: int
    exercises: tuple[str, ...] = ()


@dataclass(frozen=True)
class Record:
    """One student and one assignment.

    Parameters
    ----------
    student : as they are shown
    handed_in, graded : how far it has come
    attempts : by the item's name; of what is graded
    extra : credit that a person has added
    late_penalty : points taken away for a late hand-in
    seconds : that grading took, or None where that is not known
    signs : why a person must look at it: a kind and a sentence each
    code : what was written for an exercise, by its name, where that tells nobody who wrote it
    failures : why cells failed
    """

    student: str
    handed_in: bool = False
    graded: bool = False
    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    extra: float = 0.0
    late_penalty: float = 0.0
    seconds: float | None = None
    signs: tuple[tuple[str, str], ...] = ()
    code: Mapping[str, str] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()

    @property
    def score(self) -> float:
        """All points, before a penalty; what nobody has marked counts nothing."""
        return sum(attempt.points or 0.0 for attempt in self.attempts.values()) + self.extra


def figures(
    assignment: str,
    items: Sequence[Item],
    records: Iterable[Record],
    about: Callable[[str, str], tuple[str, str]],
    regrades: Iterable[Mapping[str, Any]] = (),
    names: bool = False,
) -> dict[str, Any]:
    """Return all figures of a report, as JSON has them.

    Parameters
    ----------
    assignment : its name
    items : in the order of the notebook
    records : one for each student
    about : (exercise, mistake) -> what was done, and the lesson to revisit
    regrades : the changes of points, a row each
    names : whether it is said who made a mistake

    Returns
    -------
    dict of tables, by name; a table is a dict of figures, or a list of such
    """
    # Sorted by the labels that are shown: the order of names would give the names away.
    everybody = sorted(records, key=lambda record: record.student)
    graded = [record for record in everybody if record.graded]
    return rounded(
        {
            "assignment": assignment,
            "class": {
                "students": len(everybody),
                "handed_in": sum(record.handed_in for record in everybody),
                "graded": len(graded),
                "max_points": sum(item.max_points for item in items),
            },
            "scores": scores(items, graded),
            "exercises": [exercise(item, items, graded) for item in items],
            "mistakes": mistakes(items, graded, about, names),
            "failed_cells": failed_cells(graded),
            "carried_forward": carried_forward(items, graded),
            "help": needing_help(items, everybody),
            "matrix": matrix(items, everybody),
            "people": people(everybody),
            "regrades": sorted(regrades, key=lambda row: (row["at"], row["student"])),
            "seconds": seconds(graded),
        }
    )


def scores(items: Sequence[Item], graded: Sequence[Record]) -> dict[str, Any]:
    """Return how the scores are spread, late penalties left out.

    Returns
    -------
    dict; `bins` count per cent of the maximum, the upper bound within the last bin only;
    `waiting` counts scores to which marks of a person are still to be added
    """
    most = sum(item.max_points for item in items)
    reached = [record.score for record in graded]
    percent = [100 * score / most if most else 0.0 for score in reached]
    late = [record.late_penalty for record in graded if record.late_penalty > 0]
    return {
        **summary(reached),
        "waiting": sum(
            any(attempt.points is None for attempt in record.attempts.values()) for record in graded
        ),
        "late": len(late),
        "late_penalties": sum(late),
        "bins": histogram(percent, 100 // BINS, BINS),
    }


def exercise(item: Item, items: Sequence[Item], graded: Sequence[Record]) -> dict[str, Any]:
    """Return how hard an item was, and how well it tells students apart.

    The discrimination is the corrected item-total correlation: between the points of the
    item and the points of all other exercises, which the grader marks alike for everybody.

    Returns
    -------
    dict; `mean`, `facility` and `discrimination` are None where undefined: where no answer
    was marked, and where all have the same points; `waiting` are still to be marked
    """
    others = [other.name for other in items if not other.by_hand and other.name != item.name]
    points, rest = [], []
    attempts = [record.attempts[item.name] for record in graded if item.name in record.attempts]
    for record in graded:
        mine = record.attempts.get(item.name, Attempt(None)).points
        if mine is not None:
            points.append(mine)
            theirs = (record.attempts[name].points for name in others if name in record.attempts)
            # Rounded, so that equal sums are equal: without any spread there is no correlation.
            rest.append(round(sum(one or 0.0 for one in theirs), 9))
    waiting = sum(attempt.points is None for attempt in attempts)
    if waiting and all(attempt.blank for attempt in attempts if attempt.points is not None):
        points, rest = [], []  # answers that nobody has marked yet are left out
    mean = statistics.fmean(points) if points else None
    blank = sum(attempt.blank for attempt in attempts)
    return {
        "exercise": item.name,
        "marked_by": _marker(item, attempts),
        "lesson": item.lesson,
        "max_points": item.max_points,
        "n": len(points),
        "waiting": waiting,
        "mean": mean,
        "facility": mean / item.max_points if mean is not None and item.max_points else None,
        "discrimination": correlation(points, rest),
        "blank": blank,
        "blank_share": blank / len(attempts) if attempts else None,
        "wrong": sum(attempt.wrong for attempt in attempts),
        "wrong_unnamed": sum(attempt.wrong and not attempt.mistakes for attempt in attempts),
    }


def _marker(item: Item, attempts: Iterable[Attempt]) -> str:
    if item.by_hand:
        return "a person"
    inside = any(attempt.asserted == "inside" for attempt in attempts)
    return "its tests, asserted inside" if inside else "the grader"


def correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Return Pearson's correlation, or None where there is no spread to correlate.

    >>> correlation([0, 1, 2], [1, 2, 3])
    1.0
    >>> correlation([1, 1], [0, 5]) is None
    True
    """
    if len(set(one)) < 2 or len(set(other)) < 2:
        return None
    return max(-1.0, min(1.0, statistics.correlation(one, other)))


def mistakes(
    items: Sequence[Item],
    graded: Sequence[Record],
    about: Callable[[str, str], tuple[str, str]],
    names: bool = False,
) -> list[dict[str, Any]]:
    """Return the misconceptions by the number of students who have them, with examples."""
    who: dict[tuple[str, str], list[Record]] = {}
    for record in graded:
        for name, attempt in record.attempts.items():
            for mistake in attempt.mistakes:
                who.setdefault((name, mistake), []).append(record)
    found = {key: len(records) for key, records in who.items()}
    place = {item.name: number for number, item in enumerate(items)}
    lessons = {item.name: item.lesson for item in items}
    ranked = sorted(found, key=lambda key: (-found[key], place.get(key[0], len(place)), key))
    table = []
    for name, mistake in ranked:
        did, lesson = about(name, mistake)
        table.append(
            {
                "exercise": name,
                "mistake": mistake,
                "students": found[name, mistake],
                "share": found[name, mistake] / len(graded),
                "did": did,
                "lesson": lesson or lessons.get(name, ""),
                "who": "; ".join(one.student for one in who[name, mistake]) if names else "",
                "examples": examples([one.code.get(name, "") for one in who[name, mistake]]),
            }
        )
    return table


def examples(code: Iterable[str]) -> list[dict[str, Any]]:
    """Return a few of what students wrote: the most frequent, of these the shortest.

    >>> [one["code"] for one in examples(["b = 1", "a = 10", "b = 1", "", "c = 1"])]
    ['b = 1', 'c = 1']
    """
    found = Counter(filter(None, code))
    chosen = sorted(found, key=lambda text: (-found[text], len(text), text))[:EXAMPLES]
    return [
        {"example": number, "written_by": found[text], "code": text}
        for number, text in enumerate(chosen, 1)
    ]


def failed_cells(graded: Sequence[Record]) -> list[dict[str, Any]]:
    """Return why cells failed, by the number of students, with what that cost."""
    rows: dict[str, list[Failure]] = {}
    for record in graded:
        for failure in record.failures:
            rows.setdefault(failure.cause, []).append(failure)
    table = []
    for cause, found in rows.items():
        said = Counter(one.said for one in found if one.said)
        lost = Counter(name for one in found for name in one.exercises)
        table.append(
            {
                "cause": cause,
                "students": len(found),
                "cells": sum(one.cells for one in found),
                "after_it": sum(one.after_it for one in found),
                "said": min(said, key=lambda text: (-said[text], text), default=""),
                "not_defined": ", ".join(
                    f"{name} ({lost[name]})" for name in sorted(lost, key=lambda x: (-lost[x], x))
                ),
            }
        )
    return sorted(table, key=lambda row: (-row["students"], -row["cells"], row["cause"]))


def needing_help(items: Sequence[Item], records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return who needs help and why, the lowest share of the points first.

    That is who handed in nothing, has less than half of what is marked, or makes one mistake
    in several exercises, or many.
    """
    most = {item.name: item.max_points for item in items}
    table = []
    for record in records:
        share, reasons = share_of(most, record), []
        if not record.handed_in and not record.graded:
            reasons.append("nothing was handed in")
        if share is not None and share < LOW:
            reasons.append("less than half of the points")
        reasons += repeated(record)
        if reasons:
            row = {"student": record.student, "share": share, "reasons": "; ".join(reasons)}
            table.append(row)
    return sorted(table, key=lambda row: (row["share"] or 0.0, row["student"]))


def share_of(most: Mapping[str, float], record: Record) -> float | None:
    """Return the share of the points of what is marked; None where nothing is."""
    marked = {
        name: attempt.points
        for name, attempt in record.attempts.items()
        if attempt.points is not None
    }
    possible = sum(most.get(name, 0.0) for name in marked)
    return sum(marked.values()) / possible if possible else None


def repeated(record: Record) -> list[str]:
    """Return which mistakes are made more than once, and whether there are many."""
    where: dict[str, list[str]] = {}
    for name, attempt in record.attempts.items():
        for mistake in attempt.mistakes:
            where.setdefault(mistake, []).append(name)
    told = [f"{mistake} in {listed(names)}" for mistake, names in where.items() if len(names) > 1]
    number = sum(map(len, where.values()))
    return told + ([f"{number} mistakes by name"] if number >= MANY else [])


def matrix(items: Sequence[Item], records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return students by exercises: points, None where there are none yet."""
    return [
        {
            "student": record.student,
            "points": {
                item.name: record.attempts.get(item.name, Attempt(None)).points for item in items
            },
            "total": record.score if record.graded else None,
        }
        for record in records
    ]


def carried_forward(items: Sequence[Item], graded: Sequence[Record]) -> dict[str, Any]:
    """Return what errors carried forward have given: points with and without, how many students."""

    def row(names: Sequence[str]) -> dict[str, Any]:
        attempts = [
            [record.attempts[name] for name in names if name in record.attempts]
            for record in graded
        ]
        total = sum(one.points or 0.0 for some in attempts for one in some)
        carried = sum(one.carried for some in attempts for one in some)
        return {
            "students": sum(any(one.carried > 0 for one in some) for some in attempts),
            "points_with": total,
            "points_without": total - carried,
        }

    names = [item.name for item in items if not item.by_hand]
    rows = [{"exercise": name, **row([name])} for name in names]
    return {**row(names), "exercises": [one for one in rows if one["students"]]}


def people(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return the submissions that need a person, with a row for each reason."""
    return [
        {"student": record.student, "kind": kind, "reason": reason}
        for record in records
        for kind, reason in record.signs
    ]


def seconds(graded: Sequence[Record]) -> dict[str, Any]:
    """Return how long a submission took to grade, of those of which it is known."""
    known = [record.seconds for record in graded if record.seconds is not None]
    longest = max(known, default=0.0)
    width = next((one for one in WIDTHS if longest < one * BINS), WIDTHS[-1])
    number = min(max(1, math.floor(longest / width) + 1), BINS)
    return {
        **summary(known),
        "total": sum(known),
        "bins": histogram(known, width, number) if known else [],
    }


def summary(values: Sequence[float]) -> dict[str, Any]:
    """Return size, mean, spread and quartiles; None where there are too few values."""
    quartiles: Sequence[float | None] = (None, None)
    if len(values) > 1:
        lower, _, upper = statistics.quantiles(values, n=4, method="inclusive")
        quartiles = (lower, upper)
    return {
        "n": len(values),
        "mean": statistics.fmean(values) if values else None,
        "deviation": statistics.stdev(values) if len(values) > 1 else None,
        "least": min(values, default=None),
        "lower_quartile": quartiles[0],
        "median": statistics.median(values) if values else None,
        "upper_quartile": quartiles[1],
        "most": max(values, default=None),
    }


def histogram(values: Iterable[float], width: float, number: int) -> list[dict[str, Any]]:
    """Count values in bins from 0 on; what lies beyond the last bin counts in it.

    >>> [one["count"] for one in histogram([0, 9.9, 10, 20, 99], 10, 2)]
    [2, 3]
    """
    counts = [0] * number
    for value in values:
        counts[min(max(math.floor(value / width), 0), number - 1)] += 1
    return [
        {"from": place * width, "to": (place + 1) * width, "count": count}
        for place, count in enumerate(counts)
    ]


def rounded(value: Any) -> Any:
    """Return figures with as many digits as mean something."""
    if isinstance(value, float):
        return round(value, DIGITS) + 0.0  # never -0.0
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    return [rounded(part) for part in value] if isinstance(value, list) else value
