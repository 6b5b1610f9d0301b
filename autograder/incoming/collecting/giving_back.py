"""`autograder feedback --zip`: what a system takes back, under the names that it gave.

The same pages and scores give the same bytes.  Knows pages as files, not how they are made.
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.base.words import counted
from autograder.course.course import Course
from autograder.course.folder import UNFINISHED, CourseError, Submission, write_atomically
from autograder.gradebook import GradebookStore
from autograder.incoming.collecting.download import without_ending
from autograder.incoming.collecting.remembered import Memory, Remembered, read_memory
from autograder.incoming.collecting.rosters import (
    GRADE,
    LOCKED,
    MAXIMUM,
    PARTICIPANT,
    place_of,
    table,
)
from autograder.incoming.collecting.systems import CANVAS, CANVAS_ANONYMOUS
from autograder.pages.exports import plain_number

SYSTEMS = ("moodle", "canvas", "folder")
LONG_AGO = (1980, 1, 1, 0, 0, 0)
ORDINARY = 0o100644 << 16
NOT_FROM = "was not collected from {}: run `autograder collect {}` with its download first"
NO_FILE_OF_ITS_OWN = "handed in no file on Canvas, which takes feedback back for files only"


@dataclass
class GivenBack:
    """What was written.

    Parameters
    ----------
    files : the zip, and the worksheet where there is one
    pages : how many pages are in the zip
    trouble : by student, why a page is not
    said : what a person should know
    """

    files: list[Path] = field(default_factory=list)
    pages: int = 0
    trouble: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)


def give_back(
    course: Path, assignment: str, system: str, students: Sequence[str], output: Path | None = None
) -> GivenBack:
    """Pack the pages of these students for a system, and fill in Moodle's worksheet.

    Parameters
    ----------
    system : one of `SYSTEMS`
    students : whose page is up to date
    output : the zip; in the course's folder where None

    Raises
    ------
    CourseError : nothing can be packed; nothing is written
    OSError : it cannot be written
    """
    memory = read_memory(course, assignment)
    path = (output or course / f"feedback-{assignment}-{system}.zip").absolute()
    if not path.parent.is_dir():
        raise CourseError(f"there is no folder {path.parent}")
    given, pages = GivenBack(), {}
    for student in sorted(students):
        folder = Submission(course, assignment, student).feedback_folder
        made = sorted(folder.glob("*.html"))  # one for each notebook
        for page in made:
            name, trouble = _name_for(
                *(system, assignment, student, memory.students.get(student)),
                *(page.stem, len(made) > 1),
            )
            if trouble:
                given.trouble[student] = trouble
            else:
                pages[name] = page.read_bytes()
    if not pages:
        why = "; ".join(sorted({f"{given.trouble[one]}" for one in given.trouble}))
        raise CourseError(
            f"no page of {assignment} can go back to {system}: {why or 'none is made'}"
        )
    _write_zip(path, pages)
    given.files.append(path)
    given.pages = len(pages)
    if system == "moodle":
        _fill_in(course, assignment, set(students), memory, path.with_suffix(".csv"), given)
    return given


def _name_for(
    system: str,
    assignment: str,
    student: str,
    remembered: Remembered | None,
    page: str,
    one_of_several: bool,
) -> tuple[str, str]:
    """Return how a page is called in the zip, or why it cannot be."""
    if system == "folder":
        return f"{student}/{page}.html", ""
    if remembered is None or remembered.system != system:
        return "", NOT_FROM.format(system.capitalize(), assignment)
    if system == "moodle":
        return f"{remembered.key}_assignfeedback_file_/{page}.html", ""
    # Canvas tells by two numbers in the name whose file it is, and beside which other it belongs.
    for name in sorted(remembered.files, key=lambda name: (not name.endswith(".ipynb"), name)):
        sent = remembered.files[name]
        found = CANVAS_ANONYMOUS.fullmatch(sent) or CANVAS.fullmatch(sent)
        if found is not None and found["rest"]:
            ending = f"-{page}" if one_of_several else ""
            return f"{without_ending(sent)}{ending}.html", ""
    return "", NO_FILE_OF_ITS_OWN


def _write_zip(path: Path, files: dict[str, bytes]) -> None:
    """Write a zip in one piece: names in order, no time of day, the same bytes for the same."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
    try:
        with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w") as made:
            for name, content in sorted(files.items()):
                info = zipfile.ZipInfo(name, LONG_AGO)
                info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, ORDINARY
                info.create_system = 3
                made.writestr(info, content, compresslevel=6)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _fill_in(
    course: Path, assignment: str, students: set[str], memory: Memory, path: Path, given: GivenBack
) -> None:
    """Write Moodle's worksheet with these students' scores; all else in it stays as it is."""
    if not memory.worksheet:
        given.said.append(
            f"Moodle's grading worksheet is not filled in: `autograder collect {assignment} "
            "DOWNLOAD --roster WORKSHEET` remembers it"
        )
        return
    rows = table(memory.worksheet.removeprefix("\ufeff"))
    head = [heading.strip().casefold() for heading in rows[0]]
    grade, most, locked = (place_of(head, names) for names in (GRADE, MAXIMUM, LOCKED))
    with GradebookStore.open(Course(course).gradebook_url) as gradebook:
        scores = gradebook.scores(assignment)
        max_score = gradebook.max_score(assignment)
    filled, waiting, closed, others = 0, 0, [], set()
    for row in rows[1:]:
        found = PARTICIPANT.fullmatch(row[0].strip()) if row else None
        student = memory.participants.get(found[1]) if found else None
        if student is None or student not in scores or student not in students:
            continue
        row += [""] * (len(head) - len(row))
        if locked >= 0 and row[locked].strip().casefold() in ("no", "nein", "non"):
            closed.append(student)
            continue
        if most >= 0 and _number(row[most]) not in (None, max_score):
            others.add(row[most])
        row[grade] = plain_number(scores[student].final)
        filled += 1
        waiting += scores[student].waits
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    write_atomically(path, "\ufeff" + text.getvalue())
    given.files.append(path)
    given.said.append(f"{counted(filled, 'grade')} in {path.name}")
    if waiting:
        given.said.append(
            f"{waiting} of them without what waits for a person's marks: run it again after that"
        )
    if others:
        given.said.append(
            f"Moodle counts {assignment} out of {', '.join(sorted(others))}, here it is out of "
            f"{plain_number(max_score)}: set the maximum grade in Moodle before you upload"
        )
    if closed:
        given.said.append(f"Moodle lets nobody change the grade of {', '.join(sorted(closed))}")


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
