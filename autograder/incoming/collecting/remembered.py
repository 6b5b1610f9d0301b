"""What `collect` remembers of an assignment, so that feedback finds its way back.

A small file beside the students' folders, one for each assignment; students cannot write it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder.course.folder import CourseError, write_atomically

FILE = ".collected-{}.json"  # beside the students' folders; nothing there that begins with a dot is


@dataclass(frozen=True)
class Remembered:
    """How one hand-in came.

    Parameters
    ----------
    system : which one gave it
    key : how its download calls the sender
    files : the names in the download, by those in ``submitted/``
    made : when the download was packed, or ""
    """

    system: str
    key: str
    files: Mapping[str, str] = field(default_factory=dict)
    made: str = ""


@dataclass
class Memory:
    """All that is remembered of an assignment.

    Parameters
    ----------
    students : by id
    worksheet : the text of Moodle's grading worksheet, or ""
    participants : by the worksheet's numbers, the id
    zone : in which the system tells time, as somebody said it, or ""
    """

    students: dict[str, Remembered] = field(default_factory=dict)
    worksheet: str = ""
    participants: dict[str, str] = field(default_factory=dict)
    zone: str = ""


def read_memory(course: Path, assignment: str) -> Memory:
    """Return what is remembered; nothing where nothing was collected.

    Raises
    ------
    CourseError : the file is broken
    """
    path = _path(course, assignment)
    try:
        data: dict[str, Any] = json.loads(path.read_bytes())
        students = {name: Remembered(**one) for name, one in data.pop("students").items()}
        return Memory(students, **data)
    except FileNotFoundError:
        return Memory()
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise CourseError(f"{path} cannot be read: delete it, and collect again", 1) from None


def write_memory(course: Path, assignment: str, memory: Memory) -> None:
    """Remember; the same bytes for the same.

    Raises
    ------
    OSError : it cannot be written
    """
    text = json.dumps(asdict(memory), ensure_ascii=False, indent=1, sort_keys=True)
    path = _path(course, assignment)
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, text + "\n")


def _path(course: Path, assignment: str) -> Path:
    return course / "submitted" / FILE.format(assignment)
