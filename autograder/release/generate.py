"""nbgrader's part of a release: the students' notebook, and its cells in the gradebook."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat
import traitlets.log
from traitlets.config import Config

from autograder.base.words import os_trouble
from autograder.course.assignment import SCHEMA_VERSION
from autograder.course.course import Course
from autograder.course.folder import notebooks_in
from autograder.release import ReleaseError
from autograder.release.beside import Helpers, put
from autograder.release.source import read_source

# What nbgrader's last line becomes in its log; see `autograder.nbgrader_plugin.plain_log`.
SAID_ABOVE = "What went wrong is said above."


def generate(
    course: Course,
    name: str,
    into: Path,
    helpers: Helpers,
    gradebook: str | None = None,
    stub: str | None = None,
) -> Path:
    """Have nbgrader make an assignment's release in a folder, in this process.

    Parameters
    ----------
    course, name : the assignment
    into : a new folder for it, in a work folder in the course
    helpers : what lies beside the notebook; see `autograder.release.beside`
    gradebook : URL of the database to enter it in, or None to leave that alone
    stub : stands in place of each solution in code; None: what the course sets

    Returns
    -------
    Path of the assignment's folder
    """
    from nbgrader.api import Gradebook
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory

    config = Config(deepcopy(course.settings))
    root = course.folder
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.assignment_id = name
    # From a copy: a fresh clone's source/ has no helpers yet, and a proof writes nothing there.
    source = into.with_name(into.name + "-source")
    shutil.copytree(root / "source" / name, source / name)
    put(helpers, source / name)
    for notebook in notebooks_in(source / name):
        path = source / name / f"{notebook}.ipynb"
        if not _is_of_today(path):
            nbformat.write(read_source(path), path)
    config.CourseDirectory.source_directory = source.relative_to(root).as_posix()
    config.CourseDirectory.release_directory = into.relative_to(root).as_posix()
    config.GenerateAssignment.force = config.GenerateAssignment.create_assignment = True
    config.GenerateAssignment.permissions = 644
    if stub is not None:
        config.ClearSolutions.code_stub = {"python": stub}
    if gradebook is None:
        config.GenerateAssignment.no_database = True
        config.SaveCells.enabled = config.CheckCells.enabled = config.NoteRelease.enabled = False
        # nbgrader's preprocessors open the database that this setting names.
        config.CourseDirectory.db_url = "sqlite://"
    else:
        config.CourseDirectory.db_url = gradebook
    with _programs_of_this_python(), _in(root), _log_of_nbgrader() as log:
        try:
            if gradebook is not None:
                _make_gradebook(Gradebook, gradebook)
            GenerateAssignment(coursedir=CourseDirectory(config=config), config=config).start()
        except NbGraderException as error:
            raise ReleaseError("\n".join(_reasons(log, name) or [str(error)])) from None
        except OSError as error:
            raise ReleaseError(f"{name} cannot be released: {os_trouble(error)}") from None
        except ValueError as error:
            raise ReleaseError(f"nbgrader cannot release {name}: {error}") from None
    return into / name


def _is_of_today(path: Path) -> bool:
    """Tell whether nbgrader takes a notebook as it is, the same each time."""
    try:
        content = json.loads(path.read_bytes())
        cells = content["cells"]
        owned = [cell["metadata"].get("nbgrader") for cell in cells]
        known = all(one is None or one.get("schema_version") == SCHEMA_VERSION for one in owned)
        return known and content["nbformat_minor"] >= 5 and all("id" in cell for cell in cells)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


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
                # Its tables have no version yet, so nbgrader could not use it.
                path.unlink(missing_ok=True)
            raise


@contextmanager
def _programs_of_this_python() -> Iterator[None]:
    """Let nbgrader find `alembic`, which it starts by name, in an environment not activated."""
    places = (str(Path(sys.executable).parent), os.environ.get("PATH"))
    with mock.patch.dict(os.environ, PATH=os.pathsep.join(filter(None, places))):
        yield


@contextmanager
def _in(folder: Path) -> Iterator[None]:
    """Work in a folder: nbgrader looks for a course's `autotests.yml` where it is started."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def _log_of_nbgrader() -> Iterator[list[str]]:
    """Collect what nbgrader logs as errors, and keep it off the screen."""
    errors: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            errors.append(record.getMessage())

    logger = traitlets.log.get_logger()
    with mock.patch.multiple(logger, handlers=[Collector(logging.ERROR)], propagate=False):
        yield errors


def _reasons(log: Sequence[str], name: str) -> list[str]:
    """Return nbgrader's own reasons: of each traceback the last line, no repetition."""
    reasons = []
    for message in log:
        lines = [line.strip() for line in message.strip().splitlines() if line.strip()]
        if not lines or lines[0].startswith(("There was an error", "Please see", SAID_ABOVE)):
            continue
        reason = lines[-1] if lines[0].startswith("Traceback") else " ".join(lines)
        reason = reason.rpartition("NbGraderException: ")[2]
        reasons.append(f"nbgrader cannot release {name}: {reason[:800]}")
    return list(dict.fromkeys(reasons))
