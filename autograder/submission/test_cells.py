"""The verdict on a test cell of the instructor's own: asserts, or a number at its end.

The points are those of nbgrader's rule, with one difference: a warning is no failure.  Of what
is hidden from students nothing is told.  Knows neither where a cell ran nor the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nbformat import NotebookNode

from autograder.base.words import MAX_LINE, points_text, printable
from autograder.judging.judge import NOT_COUNTED, Finding, Verdict
from autograder.submission.graded_cells import points

OUTSIDE, INSIDE = "outside", "inside"
STAND, WAIT, REFUSE = "stand", "wait", "refuse"  # the points of what is asserted inside
CRITERION = {OUTSIDE: "its tests", INSIDE: "its tests, asserted inside"}
HIDDEN = re.compile(r"BEGIN HIDDEN TESTS(.*?)END HIDDEN TESTS", re.DOTALL)
LINE = re.compile(r'\s*File "<cell \d+>", line (\d{1,6})')


@dataclass(frozen=True)
class CellVerdict(Verdict):
    """What a test cell gives; the exercise is the cell's own name.

    Parameters
    ----------
    asserted : "outside" the student's process, or "inside" it
    earned : what its tests give, whether that counts or not
    waits : a person has to say what it is worth
    hidden : which lines of the cell students do not have, from 1
    """

    asserted: str = OUTSIDE
    earned: float = 0.0
    waits: bool = False
    hidden: tuple[int, ...] = ()


def as_counted(verdict: CellVerdict, rule: str) -> CellVerdict:
    """Return a verdict as a course counts what is asserted inside.

    >>> as_counted(verdict_on("sums", 2.0, 2.0, "", INSIDE), REFUSE).points
    0.0

    Parameters
    ----------
    rule : `STAND`, `WAIT` or `REFUSE`
    """
    if verdict.asserted != INSIDE or rule == STAND or not verdict.points:
        return verdict
    earned = f"{points_text(verdict.points)} of {points_text(verdict.max_points)} points"
    waits = rule == WAIT
    end = "a person is to look at them" if waits else "which do not count in this course"
    said = f"{NOT_COUNTED}: its tests give {earned}, asserted where student code runs; {end}"
    finding = Finding(CRITERION[INSIDE], False, 0.0, said)
    return replace(verdict, points=0.0, findings=(finding,), waits=waits)


def judged(
    cell: NotebookNode, outputs: Iterable[Mapping[str, Any]], asserted: str, released: str
) -> CellVerdict:
    """Return the verdict on a test cell that ran.

    Parameters
    ----------
    cell : with nbgrader's metadata, and its source as the instructor wrote it
    outputs : what it showed
    asserted : where it ran, `OUTSIDE` or `INSIDE`
    released : its source as students have it
    """
    owned = cell.metadata.nbgrader
    most = float(owned.get("points") or 0)
    hidden = hidden_lines(cell.source, released)
    # An error comes last, and what stands before it is no result of the cell's.
    kept = sorted(plain(outputs), key=lambda one: one.output_type != "error")
    shown = NotebookNode(cell_type="code", metadata=cell.metadata, outputs=kept)
    try:
        earned = float(points(shown, False) or 0.0)
        said = _said(shown.outputs, earned, most, hidden)
    except (ValueError, KeyError):
        # nbgrader would stop here; it is the instructor's own cell that gives too much.
        earned, said = most, f"it gives more than the {points_text(most)} points that there are"
    return verdict_on(str(owned.grade_id), most, earned, said, asserted, hidden)


def verdict_on(
    name: str,
    most: float,
    earned: float,
    said: str,
    asserted: str = OUTSIDE,
    hidden: Sequence[int] = (),
) -> CellVerdict:
    """Return a verdict on a test cell in so many words."""
    finding = Finding(CRITERION[asserted], earned >= most and not said, earned, said)
    return CellVerdict(
        *(name, earned, most, (finding,)),
        asserted=asserted,
        earned=earned,
        hidden=tuple(hidden),
    )


def plain(outputs: Iterable[Mapping[str, Any]]) -> list[NotebookNode]:
    """Return outputs in which a warning is text that was printed: it says nothing of a test."""
    kept = [NotebookNode(output) for output in outputs]
    for output in kept:
        if output.output_type == "stream":
            output["name"] = "stdout"
    return kept


def _said(
    outputs: Sequence[NotebookNode], earned: float, most: float, hidden: Sequence[int]
) -> str:
    failure = next((one for one in outputs if one.output_type == "error"), None)
    if failure is None:
        return "" if earned >= most else f"the cell itself gives {points_text(earned)}"
    if hidden and _line(failure) in (None, *hidden):
        return f"a hidden test fails ({printable(failure.ename[:MAX_LINE])})"
    first = (failure.evalue[:MAX_LINE].splitlines() or [""])[0]
    return printable(f"{failure.ename[:MAX_LINE]}: {first}".removesuffix(": "))


def _line(failure: NotebookNode) -> int | None:
    """Return in which line of the test cell itself an error came up, if that is known."""
    frames = (LINE.match(row) for row in failure.get("traceback", ()))
    return next((int(frame[1]) for frame in frames if frame), None)


def hidden_lines(source: str, released: str) -> tuple[int, ...]:
    r"""Return which lines of a cell students do not have, from 1.

    >>> hidden_lines("a\n# BEGIN HIDDEN TESTS\nb\n# END HIDDEN TESTS\nb", "a\nb")
    (2, 3, 4)
    >>> hidden_lines("a\n# other words\nb\nc", "a\nc")
    (2, 3)
    """
    lines = source.split("\n")
    marked = {
        number
        for found in HIDDEN.finditer(source)
        for number in range(
            source.count("\n", 0, found.start()), source.count("\n", 0, found.end()) + 1
        )
    }
    left = [line for number, line in enumerate(lines) if number not in marked]
    if "\n".join(left).strip() != released.strip():
        # A course has marks of its own. What could be hidden counts as hidden.
        kept = released.split("\n")
        from_end = {len(lines) - 1 - place for place in _found(kept[::-1], lines[::-1])}
        marked |= set(range(len(lines))) - (_found(kept, lines) & from_end)
    return tuple(number + 1 for number in sorted(marked))


def _found(some: Sequence[str], lines: Sequence[str]) -> set[int]:
    """Return where lines are found in others, one after the other."""
    places, rest = set(), iter(enumerate(lines))
    for line in some:
        place = next((place for place, other in rest if other == line), None)
        if place is not None:
            places.add(place)
    return places
