"""What is shipped beside a notebook: the checks, the pictures that it uses, and its data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.base.words import first_line
from autograder.catalogue.model import Exercise
from autograder.course.course import Course
from autograder.course.folder import imports_of, notebooks_in
from autograder.release import ReleaseError
from autograder.release.slices import sliced, used_of
from autograder.release.source import sources_in
from autograder.release.written_checks import write_checks

CHECKS = "checks.py"
FIGURES = Path("notebooks", "figures.py")  # beside it lie data, for the notebooks that name them
DATA = (".csv", ".gz", ".npz", ".txt")
# What a notebook may import that is no package: these files, and what runs it.
BESIDE = {Path(CHECKS).stem, FIGURES.stem, "IPython"}


Helpers = Mapping[str, bytes | None]


def helpers_of(course: Course, folder: Path, exercises: Sequence[Exercise]) -> Helpers:
    """Return what belongs beside a notebook: the checks, the course's pictures and data.

    Parameters
    ----------
    course : where its pictures and data are
    folder : with the notebook, and what else the course puts there
    exercises : those that can be checked

    Returns
    -------
    Each file's content by its name; None where the notebook has no use for the file

    Raises
    ------
    ReleaseError : the notebook cannot be read, or the pictures are no Python, or properties use
        what students do not have
    """
    root = course.folder
    paths = [folder / f"{name}.ipynb" for name in notebooks_in(folder)]
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    allowed = course.allowed_packages(folder.name, folder)
    packages = None if allowed is None else set(allowed) - BESIDE
    helpers: dict[str, bytes | None] = {}
    if exercises:  # elsewhere, a checks.py is the course's own
        helpers[CHECKS] = write_checks(exercises, packages).encode()
    for path in sorted((root / FIGURES.parent).glob("*")):
        if path.suffix in DATA and path.name in text:
            helpers[path.name] = path.read_bytes()
    is_there = (root / FIGURES).is_file()
    if (
        not is_there
        and not (folder / FIGURES.name).is_file()
        and FIGURES.stem in imports_of(folder)
    ):
        raise ReleaseError(
            f"a notebook of source/{folder.name} imports {FIGURES.stem}, and there is no "
            f"{FIGURES}: copy it from the course that the notebook is from (`autograder init DIR "
            "--with ps1` brings it)"
        )
    if is_there:
        drawn = pictures(root, folder)
        helpers[FIGURES.name] = None if drawn is None else drawn.encode()
    return helpers


def put(helpers: Helpers, folder: Path) -> None:
    """Put files beside a notebook, and take away what an earlier release left there."""
    for name, content in helpers.items():
        copied = folder / name
        if content is None:
            copied.unlink(missing_ok=True)
        elif not (copied.is_file() and copied.read_bytes() == content):
            copied.write_bytes(content)


def pictures(course: Path, folder: Path) -> str | None:
    """Return the course's pictures, without those that a notebook does not use; None: it uses none.

    Used is what its code, its text and the modules beside it name; where that cannot be told, all.

    Raises
    ------
    ReleaseError : the pictures are no Python
    """
    module = FIGURES.stem
    cells = [cell for notebook in sources_in(folder).values() for cell in notebook.cells]
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
        # What a text or a comment names, a student may want to use.
        return sliced(source, used.union(re.findall(rf"\b{module}\.(\w+)", text)))
    except (SyntaxError, ValueError) as failure:
        raise ReleaseError(f"{FIGURES} cannot be read as Python: {first_line(failure)}") from None
