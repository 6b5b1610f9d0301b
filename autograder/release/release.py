"""From source/ to what students get: nbgrader's release, and the proof that it is fit to give.

Nothing reaches release/ before it is proved.  Must not know the sandbox: what
is run here is the instructor's own notebook.
"""

from __future__ import annotations

import ast
import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.course.assignment import GRADE_PREFIX
from autograder.course.course import Course
from autograder.course.folder import (
    CONFIG_FILE,
    CourseError,
    require_assignment,
    write_atomically,
)
from autograder.catalogue.model import Exercise
from autograder.judging.judge import NOT_WRITTEN
from autograder.release.reach import answers_in

CHECKS = Path(__file__).resolve().parents[1] / "checking" / "checks.py"
FIGURES = Path("notebooks", "figures.py")  # beside it lie data, for the notebooks that name them
DATA = (".csv", ".gz", ".npz", ".txt")
REGIONS = ("SOLUTION", "HIDDEN TESTS", "MARK SCHEME")
SHORTEST_LINE = 12  # shorter ones, `return z`, prove nothing
# What a student needs; the versions of pyproject.toml, and JupyterLab for jupyter.
STUDENT_REQUIREMENTS = (
    *("ipywidgets>=8.1", "jupyterlab>=4.3", "matplotlib>=3.8"),
    *("nbgrader>=0.9.5,<0.10", "numpy>=1.26"),
)


class ReleaseError(CourseError):
    """An assignment that is not fit to be released; its text has a line for each reason."""


@dataclass(frozen=True)
class Released:
    """What was released of one assignment."""

    assignment: str
    folder: Path
    files: tuple[str, ...]
    auto_points: float
    written_points: float


@dataclass(frozen=True)
class Report:
    """What was released."""

    released: tuple[Released, ...]

    def lines(self) -> list[str]:
        """Return a line for each assignment."""
        return [
            f"{item.assignment}: {item.auto_points:g} points by the grader and "
            f"{item.written_points:g} by hand; proved, and written to {item.folder} "
            f"({', '.join(item.files)})"
            for item in self.released
        ]


def release(
    course: Path,
    assignments: Sequence[str],
    exercises: Mapping[str, Exercise] | None = None,
) -> Report:
    """Make the students' versions of assignments, prove them, and enter them in the gradebook.

    Parameters
    ----------
    course : the course's folder, with nbgrader_config.py and source/
    assignments : names of folders in source/
    exercises : the course's catalogue, where None

    Raises
    ------
    ReleaseError
        where one is not fit; its release/ is then as it was
    CourseError
        where there is no such course, assignment or gradebook
    """
    course = course.resolve()
    return Report(tuple(_release_one(course, name, exercises) for name in assignments))


def prove_release(
    course: Path,
    assignments: Sequence[str],
    exercises: Mapping[str, Exercise] | None = None,
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
            wrong = source_problems(course, name, exercises or _exercises(course, name))
            if not wrong:
                new = _generate(course, name, work / "new")
                wrong = [*_drift(course / "release" / name, new)]
                wrong += release_problems(course, name, new)
            problems += wrong
    wanted = course / "release" / "requirements.txt"
    if not wanted.is_file() or wanted.read_text() != _requirements():
        problems.append(f"{wanted} is not as `autograder release` writes it")
    return problems


def _release_one(
    course: Path, name: str, exercises: Mapping[str, Exercise] | None
) -> Released:
    require_assignment(course, name)
    if not (course / CONFIG_FILE).is_file():
        raise CourseError(f"no {CONFIG_FILE} in {course}: is that the course's folder?")
    target = course / "release" / name
    with _workplace(course) as work:
        _refuse(source_problems(course, name, exercises or _exercises(course, name)))
        _add_helpers(course, course / "source" / name)  # so that it runs there too
        tried = _generate(course, name, work / "tried")
        _refuse(release_problems(course, name, tried))
        # The one that is kept also goes into the gradebook; it must be the one proved.
        made = _generate(course, name, work / "made", Course(course).gradebook_url)
        _refuse(_drift(tried, made))
        _replace(target, made, work / "old")
    write_atomically(course / "release" / "requirements.txt", _requirements())
    points = {False: 0.0, True: 0.0}
    for cell in _read(course, name).cells:
        data = cell.metadata.get("nbgrader", {})
        if data.get("grade"):
            points[bool(data.get("solution"))] += float(data["points"])
    files = tuple(path.name for path in sorted(target.iterdir()))
    return Released(name, target, files, points[False], points[True])


def _exercises(course: Path, assignment: str) -> Mapping[str, Exercise]:
    return Course(course).catalogue.of(assignment)


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise ReleaseError("not released:\n" + "\n".join(f"  {line}" for line in problems))


def _requirements() -> str:
    return "\n".join(("# What the notebooks need.", *STUDENT_REQUIREMENTS)) + "\n"


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


# --- What the source must be -------------------------------------------------


def _read(course: Path, name: str) -> NotebookNode:
    path = course / "source" / name / f"{name}.ipynb"
    try:
        return nbformat.read(path, as_version=4)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ReleaseError(f"{path} cannot be read as a notebook: {reason[:200]}") from None


def source_problems(
    course: Path, assignment: str, exercises: Mapping[str, Exercise]
) -> list[str]:
    """Return where a source notebook and the catalogue disagree, a line for each."""
    folder = course / "source" / assignment
    path = Path("source", assignment, f"{assignment}.ipynb")
    others = sorted(other.name for other in folder.glob("*.ipynb") if other.name != path.name)
    problems = [f"{path.parent}: one notebook an assignment, but here is {x} too" for x in others]
    if not (course / path).is_file():
        return [*problems, f"there is no {path}"]
    problems += _identifier_problems(course, path)
    if problems:
        return problems
    notebook = _read(course, assignment)
    checked, solved = set(), set()
    for cell in notebook.cells:
        data = cell.metadata.get("nbgrader", {})
        grade_id = data.get("grade_id")
        where = f"{path}, cell {grade_id}"
        if data.get("solution") and cell.cell_type == "code":
            solved.add(grade_id)
        if not data.get("grade") or data.get("solution"):
            continue
        name = str(grade_id).removeprefix(GRADE_PREFIX)
        exercise = exercises.get(name)
        if name == grade_id or exercise is None:
            problems.append(f"{where}: a check is called grade_<exercise of the catalogue>")
            continue
        checked.add(name)
        if exercise.problem_set != assignment:
            problems.append(f"{where}: the catalogue has {name} in {exercise.problem_set}")
        if float(data.get("points", 0)) != exercise.points:
            problems.append(
                f"{where}: {data.get('points', 0):g} points here, "
                f"{exercise.points:g} in the catalogue"
            )
        if cell.source.strip() != f"check({name})":
            problems.append(f"{where}: its source is not exactly check({name})")
    here = {name for name, exercise in exercises.items() if exercise.problem_set == assignment}
    problems += [f"{path}: no cell grade_{name} checks {name}" for name in sorted(here - checked)]
    problems += [f"{path}: no solution cell {name}" for name in sorted(checked - solved)]
    return problems


def _identifier_problems(course: Path, path: Path) -> list[str]:
    """Return which cells have no id of their own; reading would give them random ones."""
    try:
        content = json.loads((course / path).read_text(encoding="utf-8"))
        identifiers = [cell.get("id") for cell in content["cells"]]
        minor = content["nbformat_minor"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReleaseError(f"{path} cannot be read as a notebook: {error!r:.200}") from None
    if minor < 5 or None in identifiers:
        return [f"{path}: cells without ids: open it in JupyterLab and save it"]
    return [
        f"{path}: two cells have the id {identifier}"
        for identifier in sorted({x for x in identifiers if identifiers.count(x) > 1})
    ]


def _add_helpers(course: Path, folder: Path) -> None:
    """Put the checks beside a notebook, and the course's pictures and data where there are any."""
    text = (folder / f"{folder.name}.ipynb").read_text(encoding="utf-8")
    beside = sorted((course / FIGURES.parent).glob("*"))
    data = [path for path in beside if path.suffix in DATA and path.name in text]
    for helper in (CHECKS, course / FIGURES, *data):
        copied = folder / helper.name
        if helper.is_file() and not (
            copied.is_file() and copied.read_bytes() == helper.read_bytes()
        ):
            shutil.copyfile(helper, copied)


# --- nbgrader's part ---------------------------------------------------------


def _generate(course: Path, name: str, into: Path, gradebook: str | None = None) -> Path:
    """Have nbgrader make an assignment's release in a folder, in this process.

    Parameters
    ----------
    course, name : as in `release`
    into : a new folder for it, in a work folder in the course
    gradebook : URL of the database to enter it in, or None to leave that alone

    Returns
    -------
    Path of the assignment's folder
    """
    from nbgrader.api import Gradebook
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    config = Config(Course(course).settings)
    config.CourseDirectory.root = str(course)
    config.CourseDirectory.assignment_id = name
    # From a copy: a fresh clone's source/ has no helpers yet, and a proof writes nothing there.
    source = into.with_name(into.name + "-source")
    shutil.copytree(course / "source" / name, source / name)
    _add_helpers(course, source / name)
    config.CourseDirectory.source_directory = source.relative_to(course).as_posix()
    config.CourseDirectory.release_directory = into.relative_to(course).as_posix()
    config.GenerateAssignment.force = config.GenerateAssignment.create_assignment = True
    config.GenerateAssignment.permissions = 644
    if gradebook is None:
        config.GenerateAssignment.no_database = True
        config.SaveCells.enabled = False
        # _clean_old_notebooks and the preprocessors open whatever this says.
        config.CourseDirectory.db_url = "sqlite://"
    else:
        config.CourseDirectory.db_url = gradebook
    with _programs_of_this_python(), _log_of_nbgrader() as log:
        try:
            if gradebook is not None:
                _make_gradebook(Gradebook, gradebook)
            GenerateAssignment(coursedir=CourseDirectory(config=config), config=config).start()
        except NbGraderException as error:
            raise ReleaseError("\n".join(_reasons(log, name) or [str(error)])) from None
        except (OSError, ValueError) as error:
            raise ReleaseError(f"nbgrader cannot release {name}: {error}") from None
    return into / name


def _make_gradebook(gradebook: Any, url: str) -> None:
    """Make the gradebook where it is missing, whole or not at all."""
    from autograder.gradebook.database import parse_url, said_plainly

    with said_plainly():
        address = parse_url(url)
        lies_in_file = address.get_backend_name() == "sqlite" and address.database
        path = Path(address.database) if lies_in_file and address.database else None
        is_new = path is not None and not path.exists()
        try:
            gradebook(url).close()
        except BaseException:
            if is_new and path is not None:
                path.unlink(missing_ok=True)  # has tables but not their version: useless
            raise


@contextmanager
def _programs_of_this_python() -> Iterator[None]:
    """Let nbgrader find `alembic`, which it starts by name, in an environment not activated."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join(filter(None, (str(Path(sys.executable).parent), before)))
    try:
        yield
    finally:
        os.environ["PATH"] = before


@contextmanager
def _log_of_nbgrader() -> Iterator[list[str]]:
    """Collect what nbgrader logs as errors, and keep it off the screen."""
    import traitlets.log

    errors: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.ERROR:
                errors.append(record.getMessage())

    logger = traitlets.log.get_logger()
    assert isinstance(logger, logging.Logger)
    handlers, propagates, collector = list(logger.handlers), logger.propagate, Collector()
    for handler in handlers:
        logger.removeHandler(handler)
    logger.addHandler(collector)
    logger.propagate = False
    try:
        yield errors
    finally:
        logger.removeHandler(collector)
        for handler in handlers:
            logger.addHandler(handler)
        logger.propagate = propagates


def _reasons(log: Sequence[str], name: str) -> list[str]:
    """Return nbgrader's own reasons: of each traceback the last line, no repetition."""
    reasons = []
    for message in log:
        lines = [line.strip() for line in message.strip().splitlines() if line.strip()]
        if not lines or lines[0].startswith(("There was an error", "Please see")):
            continue
        reason = lines[-1] if lines[0].startswith("Traceback") else " ".join(lines)
        reasons.append(f"nbgrader cannot release {name}: {reason[:400]}")
    return list(dict.fromkeys(reasons))


# --- The proof ---------------------------------------------------------------


def release_problems(course: Path, assignment: str, folder: Path) -> list[str]:
    """Return what is wrong with a generated release, a line for each.

    Parameters
    ----------
    course, assignment : where its source is
    folder : the generated release of that assignment
    """
    notebook = nbformat.read(folder / f"{assignment}.ipynb", as_version=4)
    where = f"release/{assignment}/{assignment}.ipynb"
    problems = leftovers(_read(course, assignment), folder)
    catalogue = Course(course).catalogue
    for path in sorted(folder.rglob("*.py")):
        answers = answers_in(path.relative_to(folder).as_posix(), path.read_bytes(), catalogue)
        problems += [f"release/{assignment}/{line}" for line in answers]
    unparsed = [line for cell in notebook.cells for line in _unparsed(cell, where)]
    # What does not parse would only be said again by running it.
    return problems + (unparsed or unexpected_errors(folder, assignment))


def leftovers(source: NotebookNode, folder: Path) -> list[str]:
    """Return what is left in a release of what only instructors may see.

    Parameters
    ----------
    source : the source notebook
    folder : the generated release; all its files are searched
    """
    secret, public = _split(source)
    released = {
        path.relative_to(folder).as_posix(): _text_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    problems = []
    for name, text in released.items():
        where = f"release/{folder.name}/{name}"
        marks = [f"{end} {region}" for region in REGIONS for end in ("BEGIN", "END")]
        problems += [f"{where}: the mark {mark} is left" for mark in marks if mark in text]
        problems += [
            f"{where}: a line of a solution is left: {line[:80]}"
            for line in secret
            if line in text and line not in public
        ]
    return problems


def _split(source: NotebookNode) -> tuple[list[str], str]:
    """Return the lines inside solution, hidden test and mark scheme regions, and the text outside.

    A solution cell without a region is replaced as a whole, so all of it is inside.
    """
    secret: dict[str, None] = {}
    public = []
    for cell in source.cells:
        is_solution = bool(cell.metadata.get("nbgrader", {}).get("solution"))
        inside = is_solution and "BEGIN SOLUTION" not in cell.source
        for line in cell.source.splitlines():
            if any(f"BEGIN {region}" in line for region in REGIONS):
                inside = True
            elif any(f"END {region}" in line for region in REGIONS):
                inside = False
            elif not inside:
                public.append(line)
            elif len(line.strip()) >= SHORTEST_LINE:
                secret[line.strip()] = None
    return list(secret), "\n".join(public)


def _text_of(path: Path) -> str:
    """Return all text in a file; of a notebook as it reads, not as JSON escapes it."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix != ".ipynb":
        return text
    notebook = nbformat.reads(text, as_version=4)
    sources = [cell.pop("source") for cell in notebook.cells]
    return "\n".join([*sources, json.dumps(notebook, ensure_ascii=False)])


def _unparsed(cell: NotebookNode, where: str) -> list[str]:
    from IPython.core.inputtransformer2 import TransformerManager

    if cell.cell_type != "code":
        return []
    try:
        ast.parse(TransformerManager().transform_cell(cell.source))
    except SyntaxError as error:
        return [f"{where}, cell {cell.id}, line {error.lineno}: does not parse: {error.msg}"]
    return []


def unexpected_errors(folder: Path, assignment: str) -> list[str]:
    """Run a release as a student who wrote nothing; return all errors but "not written yet".

    Parameters
    ----------
    folder : the release; it is run in a copy
    assignment : the notebook's name
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    where = f"release/{assignment}/{assignment}.ipynb"
    with tempfile.TemporaryDirectory(prefix="release-run-") as run:
        desk = Path(run, assignment)
        shutil.copytree(folder, desk)
        notebook = nbformat.read(desk / f"{assignment}.ipynb", as_version=4)
        client = NotebookClient(
            notebook,
            timeout=120,
            kernel_name="python3",
            allow_errors=True,
            resources={"metadata": {"path": str(desk)}},
        )
        try:
            # Without anybody's start-up files, which may define what is missing here;
            # what the kernel itself has to say, of sockets, is no one's concern.
            client.execute(
                env={**os.environ, "IPYTHONDIR": str(Path(run, "ipython"))},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except (CellTimeoutError, DeadKernelError) as error:
            return [f"{where} cannot be run: {(str(error).splitlines() or ['?'])[0]}"]
    return [
        f"{where}, cell {cell.id}: {output.ename}: {output.evalue.splitlines()[0][:120]}"
        if output.evalue
        else f"{where}, cell {cell.id}: {output.ename}"
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error" and not _says_not_written(output)
    ]


def _says_not_written(output: NotebookNode) -> bool:
    if output.ename == "NotImplementedError":
        return bool(output.evalue == NOT_WRITTEN)
    return bool(output.ename == "AssertionError" and output.evalue.endswith(NOT_WRITTEN))


def tree_digest(folder: Path) -> dict[str, str]:
    """Return a hash of each file in a folder, by its relative path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _drift(before: Path, after: Path) -> list[str]:
    """Return the files that differ between two folders."""
    old, new = tree_digest(before), tree_digest(after)
    return [
        f"release/{after.name}/{name} is not what source/ gives now: run `autograder release`"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
