"""From source/ to what students get: nbgrader's release, and the proof that it is fit to give.

Nothing reaches release/ before it is proved.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autograder.base.words import listed
from autograder.catalogue.catalogue import Catalogue
from autograder.catalogue.name import CONFIG_FILE
from autograder.course.carried import carried_files
from autograder.course.course import Course
from autograder.course.folder import (
    CourseError,
    nothing_here,
    require_assignment,
    write_atomically,
)
from autograder.release import ReleaseError
from autograder.release.beside import Helpers, helpers_of, put
from autograder.release.generate import generate
from autograder.release.proof import STUB, drift, release_problems, stub_problems
from autograder.release.readme import README, REQUIREMENTS, is_ours, readme, requirements
from autograder.release.source import read_asked, sources_in


@dataclass(frozen=True)
class Released:
    """What was released of one assignment; `is_enough` tells whether the notebook alone is."""

    assignment: str
    folder: Path
    files: tuple[str, ...]
    auto_points: float
    written_points: float
    is_enough: bool
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReleaseReport:
    """What was released."""

    released: tuple[Released, ...]

    def lines(self) -> list[str]:
        """Return a line for each assignment."""
        return [
            f"{item.assignment}: {item.auto_points:g} points by the grader and "
            f"{item.written_points:g} by hand; proved, and written to {item.folder} "
            f"({', '.join(item.files)}); "
            + (f"{_each(item.files)} enough alone" if item.is_enough else "students need all of it")
            for item in self.released
        ]

    def remarks(self) -> list[str]:
        """Return what is odd in the sources and may be meant, a line each."""
        return [line for item in self.released for line in item.remarks]


def _each(files: Sequence[str]) -> str:
    notebooks = [name for name in files if name.endswith(".ipynb")]
    return f"{listed(notebooks)} {'is' if len(notebooks) == 1 else 'are each'}"


def release(
    course: Path,
    assignments: Sequence[str],
    catalogue: Catalogue | None = None,
) -> ReleaseReport:
    """Make the students' versions of assignments, prove them, and enter them in the gradebook.

    Parameters
    ----------
    course : the course's folder, with nbgrader_config.py and source/
    assignments : names of folders in source/
    catalogue : where None, that of the course

    Raises
    ------
    ReleaseError
        where one is not fit; its release/ is then as it was
    CourseError
        where there is no such course, assignment or gradebook
    """
    course = course.resolve()
    return ReleaseReport(tuple(_release_one(course, name, catalogue) for name in assignments))


def prove_release(
    course: Path,
    assignments: Sequence[str],
    catalogue: Catalogue | None = None,
) -> list[str]:
    """Return what is wrong with release/ as it is; nothing is written.

    The proof: source/ and catalogue agree, a fresh release has the same bytes, and
    that release has no trace of a solution, parses, and says only "not written yet".
    """
    course = course.resolve()
    problems = []
    for name in assignments:
        require_assignment(course, name)
        with _workplace(course) as work:
            settings = Course(course)
            known = catalogue or settings.catalogue
            asked = read_asked(course, name, known, settings.sets_of(name))
            wrong = [*asked.problems, *stub_problems(settings.code_stub)]
            if not wrong:
                helpers = helpers_of(settings, course / "source" / name, asked.exercises)
                new = generate(settings, name, work / "new", helpers)
                wrong = [*drift(course / "release" / name, new)]
                wrong += _problems(settings, name, new, helpers, known)
            problems += wrong
    wanted = course / "release" / REQUIREMENTS
    if not wanted.is_file() or wanted.read_text() != requirements():
        problems.append(f"{wanted} is not as `autograder release` writes it")
    return problems


def _release_one(course: Path, name: str, catalogue: Catalogue | None) -> Released:
    require_assignment(course, name)
    if not (course / CONFIG_FILE).is_file():
        raise CourseError(nothing_here(course))
    target = course / "release" / name
    with _workplace(course) as work:
        settings = Course(course)
        known = catalogue or settings.catalogue
        asked = read_asked(course, name, known, settings.sets_of(name))
        _refuse([*asked.problems, *stub_problems(settings.code_stub)])
        source = course / "source" / name
        helpers = helpers_of(settings, source, asked.exercises)
        put(helpers, source)  # so that it runs there too
        tried = generate(settings, name, work / "tried", helpers)
        _refuse(_problems(settings, name, tried, helpers, known))
        # The one that is kept also goes into the gradebook; it must be the one proved.
        made = generate(settings, name, work / "made", helpers, settings.gradebook_url)
        _refuse(drift(tried, made))
        _replace(target, made, work / "old")
    write_atomically(course / "release" / REQUIREMENTS, requirements())
    points = {False: 0.0, True: 0.0}
    for cell in (cell for one in sources_in(source).values() for cell in one.cells):
        data = cell.metadata.get("nbgrader", {})
        if data.get("grade") or data.get("task"):
            by_hand = not data.get("grade") or data.get("solution") or cell.cell_type != "code"
            points[bool(by_hand)] += float(data["points"])
    files = tuple(path.name for path in sorted(target.iterdir()))
    notebooks = sources_in(target)
    is_enough = len(files) == len(notebooks) or all(map(carried_files, notebooks.values()))
    _write_readme(course, name, is_enough)
    return Released(name, target, files, points[False], points[True], is_enough, asked.remarks)


def _problems(
    course: Course, name: str, made: Path, helpers: Helpers, catalogue: Catalogue
) -> list[str]:
    """Return what is wrong with a release."""
    stub, raising = course.code_stub, None
    if stub != STUB:
        raising = generate(course, name, made.parents[1] / "raising", helpers, stub=STUB)
    return release_problems(course.folder, name, made, catalogue, raising, stub)


def _write_readme(course: Path, name: str, is_enough: bool) -> None:
    """Tell students how to begin; what somebody has changed in it is the course's own and stays."""
    path, known = course / "release" / README, [one.name for one in (course / "source").iterdir()]
    now = path.read_text(encoding="utf-8", errors="replace") if path.exists() else None
    if now is None or (not is_enough and is_ours(now, known)):
        write_atomically(path, readme(name, is_enough))


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise ReleaseError("not released:\n" + "\n".join(f"  {line}" for line in problems))


@contextmanager
def _workplace(course: Path) -> Iterator[Path]:
    """Give a folder that goes away; in the course, so that a move from it is atomic."""
    try:
        work = Path(tempfile.mkdtemp(prefix=".release-", dir=course))
    except OSError as error:
        raise CourseError(f"cannot write in {course}: {error.strerror}", code=1) from None
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _replace(target: Path, made: Path, old: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    if target.exists():
        target.rename(old)
    made.rename(target)
