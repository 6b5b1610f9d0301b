"""What is shipped beside a notebook: the checks, the pictures that it uses, and its data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from autograder.catalogue.model import Exercise
from autograder.checking import kit
from autograder.course.course import Course
from autograder.release import ReleaseError
from autograder.release.slices import sliced, used_of
from autograder.release.source import read_source
from autograder.release.written_checks import write_checks
from autograder.words import first_line

CHECKS = "checks.py"
FIGURES = Path("notebooks", "figures.py")  # beside it lie data, for the notebooks that name them
DATA = (".csv", ".gz", ".npz", ".txt")


def add_helpers(course: Course, folder: Path, exercises: Sequence[Exercise]) -> None:
    """Put the checks beside a notebook, and the course's pictures and data where there are any.

    Parameters
    ----------
    course : where its pictures and data are
    folder : with the notebook, and what else the course puts there
    exercises : those that can be checked

    Raises
    ------
    ReleaseError : the notebook cannot be read, or the pictures are no Python, or properties use
        what students do not have
    """
    root = course.folder
    text = (folder / f"{folder.name}.ipynb").read_text(encoding="utf-8")
    allowed = course.allowed_packages(folder.name, folder)
    packages = None if allowed is None else set(allowed) - kit.GRADER_HAS
    helpers = {CHECKS: write_checks(exercises, packages).encode()}
    for path in sorted((root / FIGURES.parent).glob("*")):
        if path.suffix in DATA and path.name in text:
            helpers[path.name] = path.read_bytes()
    if (root / FIGURES).is_file():
        drawn = pictures(root, folder)
        if drawn is None:
            (folder / FIGURES.name).unlink(missing_ok=True)  # of an earlier release
        else:
            helpers[FIGURES.name] = drawn.encode()
    for name, content in helpers.items():
        copied = folder / name
        if not (copied.is_file() and copied.read_bytes() == content):
            copied.write_bytes(content)


def pictures(course: Path, folder: Path) -> str | None:
    """Return the course's pictures, without those that a notebook does not use; None: it uses none.

    Used is what its code, its text and the modules beside it name; where that cannot be told, all.

    Raises
    ------
    ReleaseError : the pictures are no Python
    """
    module = FIGURES.stem
    cells = read_source(folder).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    made = (folder / CHECKS, folder / FIGURES.name)
    for path in sorted(folder.rglob("*.py")):
        if path not in made:
            code.append(path.read_text(encoding="utf-8", errors="replace"))
    text = "\n".join((*code, *(cell.source for cell in cells)))
    if not re.search(rf"\b{module}\b", text):
        return None
    used = used_of(module, code)
    try:
        source = (course / FIGURES).read_text(encoding="utf-8")
        if used is None:
            return source
        # What a text or a comment names, a student may well write.
        return sliced(source, used.union(re.findall(rf"\b{module}\.(\w+)", text)))
    except (SyntaxError, ValueError) as failure:
        raise ReleaseError(f"{FIGURES} cannot be read as Python: {first_line(failure)}") from None
