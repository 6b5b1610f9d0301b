"""What people mark: each answer as it was handed in, its marking scheme, and its marks so far."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course.assignment import MasterCell
from autograder.course.folder import Submission
from autograder.gradebook.by_hand import HandMark, Place

TO_MARK, LOOK_AGAIN, MARKED = "to mark", "look again", "marked"
PICTURE = "[a picture: see Formgrader]"
NOT_THERE = "[the graded notebook cannot be read: run `autograder grade {} --force`]"
REGION = re.compile(r"(?m)^.*\b(BEGIN|END) (SOLUTION|MARK SCHEME)\b.*\n?")  # nbgrader's marks
MAX_OUTPUT = 2000  # characters of what a code answer shows


@dataclass(frozen=True)
class Answer:
    """One graded cell of one student.

    Parameters
    ----------
    text : what the student wrote
    shows : what it showed when it was run, for code
    scheme : how it is to be marked
    now : its marks
    by_hand : a person marks it; otherwise the grader does
    """

    place: Place
    text: str
    shows: str
    scheme: str
    now: HandMark
    by_hand: bool

    @property
    def state(self) -> str:
        """What a person has to do."""
        mark = self.now.mark
        return TO_MARK if mark.open else LOOK_AGAIN if mark.waits else MARKED

    @property
    def is_for_people(self) -> bool:
        """Whether it belongs in the table: not what was left as released, which has 0 points."""
        mark = self.now.mark
        given = mark.manual_score is not None
        return mark.waits or (self.by_hand and (given or mark.auto_score != 0))


def read_answers(
    course: Path,
    assignment: str,
    cells: Mapping[str, Sequence[MasterCell]],
    marks: Mapping[Place, HandMark],
) -> list[Answer]:
    """Return every graded cell of every submission, by question and student.

    Parameters
    ----------
    cells : as released, in the order of each notebook, by the notebook's name
    marks : by place
    """
    order = {
        (notebook, cell.grade_id): (number, cell)
        for notebook, some in cells.items()
        for number, cell in enumerate(some)
    }
    schemes = {
        notebook: _sources(course / "source" / assignment / f"{notebook}.ipynb")
        for notebook in cells
    }
    released = {
        notebook: _free(course / "release" / assignment / f"{notebook}.ipynb") for notebook in cells
    }
    notebooks: dict[tuple[str, str], list[dict[str, Any]] | None] = {}
    found = []
    for place, mark in marks.items():
        if (place.notebook, place.cell) not in order:
            continue
        number, cell = order[place.notebook, place.cell]
        at = place.student, place.notebook
        if at not in notebooks:
            folder = Submission(course, assignment, place.student).graded_folder
            notebooks[at] = _cells(folder / f"{place.notebook}.ipynb")
        scheme = REGION.sub("", schemes[place.notebook].get(place.cell, "")).strip()
        graded = notebooks[at]
        by_hand = cell.solution or cell.task
        if graded is None:
            text, shows = NOT_THERE.format(assignment), ""
        else:
            text, shows = _answer(graded, cell, released[place.notebook])
        answer = Answer(place, text, shows, scheme if by_hand else "", mark, by_hand)
        found.append((place.notebook, number, place.student, answer))
    return [answer for *_, answer in sorted(found, key=lambda one: one[:3])]


def _cells(path: Path) -> list[dict[str, Any]] | None:
    try:
        cells = json.loads(path.read_bytes())["cells"]
        return [{**cell, "source": _text(cell["source"])} for cell in cells]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _name(cell: Mapping[str, Any]) -> str | None:
    return cell.get("metadata", {}).get("nbgrader", {}).get("grade_id")


def _sources(path: Path) -> dict[str, str]:
    """Return the text of each cell that nbgrader owns, by its name."""
    return {name: cell["source"] for cell in _cells(path) or () if (name := _name(cell))}


def _free(path: Path) -> set[str]:
    """Return the text of all other cells."""
    return {cell["source"] for cell in _cells(path) or () if not _name(cell)}


def _answer(
    graded: Sequence[Mapping[str, Any]], cell: MasterCell, released: set[str]
) -> tuple[str, str]:
    """Return what a student wrote for a cell, and what that showed.

    A task is answered in the cells below it; what a check is about, in the exercise's own cell.
    """
    name = cell.exercise or cell.grade_id
    place = next((i for i, one in enumerate(graded) if _name(one) == name), None)
    if place is None:
        return "", ""
    own = [graded[place]]
    if cell.task:
        own = []
        for below in graded[place + 1 :]:
            if _name(below):
                break
            if below["source"] not in released and below["source"].strip():
                own.append(below)
    texts = [one["source"] + (f"\n{PICTURE}" if one.get("attachments") else "") for one in own]
    shows = [text for one in own for text in _shown(one.get("outputs", ()))]
    return "\n\n".join(texts), "\n".join(shows)[:MAX_OUTPUT]


def _shown(outputs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for output in outputs:
        data = output.get("data", {})
        if any(kind.startswith("image/") for kind in data):
            yield PICTURE
        elif "text" in output or "text/plain" in data:
            yield _text(output.get("text", data.get("text/plain", ""))).rstrip("\n")
        elif "evalue" in output:
            yield f"{output.get('ename', '')}: {output['evalue']}"


def _text(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)
