"""What grading leaves in ``autograded/``: the notebook, the verdicts, and what they say in a line.

The verdicts are written last: their fingerprint says that all the rest is there.
How long each submission took differs from run to run, so it lies in a file of its own.
Must not know the gradebook, nor where a submission was graded.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from autograder.course.assignment import of_several
from autograder.course.folder import (
    SUBMISSION_SECRET,
    TIMESTAMP,
    Submission,
    clear_unfinished,
    secret_text,
    timestamp_text,
    write_atomically,
)
from autograder.grading.jobs import Outcome

VERDICTS_FILE = "verdicts.json"
SHOWN_TESTS = 5  # by name, in a line of the class's table
SECONDS_FILE = ".seconds-{}.jsonl"  # of an assignment, beside the students' folders


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the class's table.

    Parameters
    ----------
    nothing : it was not graded because there is no notebook, or none that can be read
    before : the points of the grading before this one, where there was one
    changed : the exercises whose points are others than then, a phrase each
    """

    student: str
    assignment: str
    points: float = 0.0
    max_points: float = 0.0
    mistakes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    seconds: float = 0.0
    fresh: bool = False
    trouble: str | None = None
    no_isolation: bool = False
    nothing: bool = False
    before: float | None = field(default=None, compare=False)
    changed: tuple[str, ...] = field(default=(), compare=False)


def not_graded(
    submission: Submission, trouble: str, no_isolation: bool = False, nothing: bool = False
) -> Result:
    """Return the line for a submission that could not be graded, with the reason why."""
    return Result(
        submission.student,
        submission.assignment,
        trouble=trouble,
        no_isolation=no_isolation,
        nothing=nothing,
    )


def record_of(
    outcomes: Mapping[str, Outcome], fingerprint: str, made_of: Mapping[str, str], isolation: str
) -> dict[str, Any]:
    """Return what ``verdicts.json`` holds of a submission's notebooks.

    Parameters
    ----------
    fingerprint : of all that it depends on
    made_of : hashes of parts of that, so that it can be said what is another than before
    """
    one, names = next(iter(outcomes.values())), list(outcomes)
    return {
        "assignment": one.assignment,
        "fingerprint": fingerprint,
        "isolation": isolation,
        "made_of": dict(made_of),
        "remarks": [said for name in names for said in told(outcomes[name].remarks, name, names)],
        "repairs": [said for name in names for said in told(outcomes[name].repairs, name, names)],
        "student": one.student,
        "verdicts": [
            given for name in names for given in placed(outcomes[name].verdicts, name, names)
        ],
    }


def told(sentences: Iterable[str], notebook: str, notebooks: Collection[str]) -> list[str]:
    """Return sentences about a notebook, with its name where there are several."""
    several = len(notebooks) > 1
    return [f"{notebook}: {said}" if several else said for said in sentences]


def placed(
    verdicts: Iterable[dict[str, Any]], notebook: str, notebooks: Collection[str]
) -> list[dict[str, Any]]:
    """Return verdicts with names that are a submission's own where it has several notebooks."""
    return [
        {**verdict, "exercise": of_several(verdict["exercise"], notebook, notebooks)}
        for verdict in verdicts
    ]


def summary(record: dict[str, Any], seconds: float = 0.0, fresh: bool = False) -> Result:
    """Return the line of the class's table for one record of verdicts."""
    verdicts = record["verdicts"]
    mistakes = [
        # A class makes the same mistakes many times: equal names share one text in memory.
        sys.intern(f"{verdict['exercise']}: {finding['misconception']}")
        for verdict in verdicts
        for finding in verdict["findings"]
        if finding["misconception"]
    ]
    tests = [verdict for verdict in verdicts if "asserted" in verdict]
    for said, some in (
        ("fails", [one for one in tests if one["points"] < one["max_points"] and not _inside(one)]),
        ("asserted inside", [one for one in tests if _inside(one)]),
    ):
        if some:
            mistakes.append(f"{said}: {_few([one['exercise'] for one in some])}")
    return Result(
        record["student"],
        record["assignment"],
        sum(verdict["points"] for verdict in verdicts),
        sum(verdict["max_points"] for verdict in verdicts),
        tuple(dict.fromkeys(mistakes)),
        tuple(record["remarks"]),
        seconds,
        fresh,
    )


def _inside(verdict: Mapping[str, Any]) -> bool:
    """Tell whether a test gives points, or would, by what ran beside student code."""
    return verdict["asserted"] == "inside" and verdict["earned"] > 0


def _few(names: list[str]) -> str:
    more = len(names) - SHOWN_TESTS
    return ", ".join(names[:SHOWN_TESTS]) + (f" and {more} more" if more > 0 else "")


def store_notebooks(submission: Submission, notebooks: Mapping[str, bytes]) -> None:
    """Write the graded notebooks, each whole or not at all.

    Raises
    ------
    OSError : it cannot be written; what was there before is still there
    """
    folder = submission.graded_folder
    folder.mkdir(parents=True, exist_ok=True)
    clear_unfinished(folder)
    # Old verdicts are about an earlier hand-in, and the notebooks beside them are new from now on.
    if len(notebooks) > 1:
        (folder / VERDICTS_FILE).unlink(missing_ok=True)
    for name, notebook in notebooks.items():
        write_atomically(submission.graded_path_of(name), notebook)
    (folder / VERDICTS_FILE).unlink(missing_ok=True)
    store_beside(submission)


def store_beside(submission: Submission) -> None:
    """Write what nbgrader needs beside a graded notebook: the time, and the exchange's secret.

    Raises
    ------
    OSError : it cannot be written
    """
    folder = submission.graded_folder
    for name, text in (
        (TIMESTAMP, timestamp_text(submission)),
        (SUBMISSION_SECRET, secret_text(submission)),
    ):
        if text is not None:
            write_atomically(folder / name, text, durable=False)


def store_record(submission: Submission, record: dict[str, Any]) -> None:
    """Write the verdicts, when all else is written; the same verdicts give the same bytes."""
    # Indented by a library in C: Python's own encoder is a slow one where it is to indent.
    text = msgspec.json.format(json.dumps(record, sort_keys=True).encode(), indent=1)
    # Where it is lost, or not whole, after the power failed, the submission is graded once more.
    write_atomically(submission.graded_folder / VERDICTS_FILE, text + b"\n", durable=False)


def note_seconds(course: Path, assignment: str, seconds: Mapping[str, float]) -> None:
    """Add how long submissions took to grade; the last line of a student counts.

    Parameters
    ----------
    seconds : by student

    Raises
    ------
    OSError : it cannot be written
    """
    lines = [json.dumps([student, round(took, 3)]) + "\n" for student, took in seconds.items()]
    path = course / "autograded" / SECONDS_FILE.format(assignment)
    # In one piece, so that a run beside this one, or a kill, leaves whole lines.
    with open(path, "ab", buffering=0) as file:
        file.write("".join(lines).encode())


def read_seconds(course: Path, assignment: str) -> dict[str, float]:
    """Return how long submissions took, by student; of some it may not be known."""
    try:
        lines = (course / "autograded" / SECONDS_FILE.format(assignment)).read_bytes().splitlines()
    except OSError:
        return {}
    seconds = {}
    for line in lines:
        with suppress(ValueError, TypeError):  # a line that a full disk cut off
            student, took = json.loads(line)
            if isinstance(student, str) and 0 <= took < math.inf:
                seconds[student] = float(took)
    return seconds
