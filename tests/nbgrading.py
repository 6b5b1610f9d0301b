"""nbgrader's steps and a release, as tests do them; imported only where it is used: it is slow."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from classes import ROOT
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, PyFileConfigLoader

from autograder.release.release import release


def settings(course: Path) -> Config:
    """Return a course's own settings, as nbgrader has them when it is asked about ps1."""
    config = Config(PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config())
    config.CourseDirectory.root = str(course)
    config.CourseDirectory.assignment_id = "ps1"
    return config


def convert(course: Path, step: type[Any], **directory: str) -> None:
    """Do one of nbgrader's steps, as its command and Formgrader's button do."""
    config = settings(course)
    config.CourseDirectory.update(directory)
    config[step.__name__].force = True
    step(coursedir=CourseDirectory(config=config), config=config).start()


# --- The course of this repository --------------------------------------------------------------


@contextmanager
def releasing(url: str | None = None) -> Iterator[None]:
    """Release into this gradebook, and without the part of the proof that starts kernels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GRADEBOOK_URL", raising=False)
        if url is not None:
            patch.setenv("GRADEBOOK_URL", url)
        patch.setattr("autograder.release.proof.unexpected_errors", lambda *_: [])
        yield


def released_course(
    root: Path,
    assignments: Sequence[str],
    settings: str = "",
    url: str | None = None,
) -> Path:
    """Release problem sets of this repository in a course of a test's own."""
    for one in assignments:
        shutil.copytree(ROOT / "source" / one, root / "source" / one)
    (root / "notebooks").mkdir()
    for path in (ROOT / "notebooks" / "figures.py", *(ROOT / "notebooks").glob("digits*")):
        shutil.copy(path, root / "notebooks")
    config = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
    (root / "nbgrader_config.py").write_text(config + settings, encoding="utf-8")
    with releasing(url):
        release(root, assignments)
    return root
