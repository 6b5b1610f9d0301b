"""A new course's folder: settings, notebooks to begin with, and what students read and install."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.catalogue.name import (
    CONFIG_FILE,
    CatalogueError,
    CatalogueName,
    installed_catalogue,
)
from autograder.course.folder import CourseError
from autograder.release.beside import DATA, FIGURES
from autograder.release.readme import README, REQUIREMENTS, readme, requirements

FIRST = Path(__file__).parent / "first"
OWN_MODULE, OWN_SET = "exercises", "hw1"
CARRIED = "course"  # the folder, in an installed course's package, of its sources


def told_apart(words: Sequence[str], sets: Sequence[str]) -> tuple[Path, list[str]]:
    """Return the folder and the problem sets that a command line means.

    Parameters
    ----------
    words : what stands there by itself, the folder and all problem sets but the first
    sets : what stands after `--with`

    Raises
    ------
    CourseError : no folder is named, or more than one
    """
    wanted = [name for some in sets for name in some.split(",") if name]
    known = _known() if wanted else []
    folder = next((word for word in words if word not in known), None)
    if folder is None:
        raise CourseError(
            f"which folder is to hold the course? `autograder init DIR --with "
            f"{' '.join((*wanted, *words))}`, or ./{words[0]} for one of that name"
        )
    more = [word for word in words if word is not folder]
    if more and not wanted:
        raise CourseError(
            f"one folder at a time; problem sets come after --with, not {more[0]!r}: "
            "`autograder init DIR --with ps1 ps2`"
        )
    return Path(folder), [*wanted, *more]


def begin(folder: Path, sets: Sequence[str] = (), course_id: str | None = None) -> list[Path]:
    """Make a course's folder that works at once.

    Parameters
    ----------
    folder : made where it is missing; nothing that is in it is replaced
    sets : problem sets of the installed course; without them one exercise to grow from
    course_id : as nbgrader's exchange calls the course; without it the folder's name

    Returns
    -------
    the assignments' notebooks

    Raises
    ------
    CourseError : a course is there already, there is no such problem set, or a name that no
        exchange can have; nothing is written
    """
    if course_id in (".", "..") or "/" in (course_id or ""):
        raise CourseError(
            f"--course-id {course_id!r} cannot be a folder's name, as which nbgrader's exchange "
            "uses it: take another"
        )
    files = _brought(sets) if sets else _own()
    module = installed_catalogue().module if sets else OWN_MODULE
    course_id = course_id or re.sub(r"[^\w-]+", "-", folder.resolve().name).strip("-") or "course"
    settings = (FIRST / f"{CONFIG_FILE}.txt").read_text(encoding="utf-8")
    named = {"course_id": _quoted(course_id), "module": _quoted(module)}
    notebooks = [name for name in files if name.suffix == ".ipynb"]
    for_students = {README: readme(notebooks[0].stem, True), REQUIREMENTS: requirements()}
    files = {
        Path(CONFIG_FILE): settings.format(**named).encode(),
        **files,
        **{Path("release", name): text.encode() for name, text in for_students.items()},
    }
    there = [str(name) for name in files if (folder / name).exists()]
    if there:
        raise CourseError(
            f"{folder} has {', '.join(there[:3])} already; nothing is written: name another folder"
        )
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return [folder / name for name in notebooks]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _own() -> dict[Path, bytes]:
    return {
        Path(f"{OWN_MODULE}.py"): (FIRST / f"{OWN_MODULE}.py.txt").read_bytes(),
        Path("source", OWN_SET, f"{OWN_SET}.ipynb"): (FIRST / f"{OWN_SET}.ipynb").read_bytes(),
    }


def _brought(sets: Sequence[str]) -> Mapping[Path, bytes]:
    """Return the notebooks of problem sets, with the pictures and data that they use."""
    root, known = sources_of(_installed()), _known()
    unknown = [name for name in sets if name not in known]
    if unknown:
        raise CourseError(
            f"the installed course has no problem set {unknown[0]}: it has {', '.join(known)}"
        )
    notebooks = [Path("source", name, f"{name}.ipynb") for name in dict.fromkeys(sets)]
    text = "\n".join((root / path).read_text(encoding="utf-8") for path in notebooks)
    data = [path for path in sorted((root / FIGURES.parent).glob("*")) if path.suffix in DATA]
    used = {path.stem for path in data if path.name in text}
    # With digits.npz goes what says where it is from: digits-licence.txt.
    beside = [path.relative_to(root) for path in data if path.stem.partition("-")[0] in used]
    return {path: (root / path).read_bytes() for path in (*notebooks, FIGURES, *beside)}


def _known() -> list[str]:
    """Return the problem sets that the installed course brings."""
    return sorted(path.stem for path in sources_of(_installed()).glob("source/*/*.ipynb"))


def _installed() -> CatalogueName:
    try:
        return installed_catalogue()
    except CatalogueError as failure:
        raise CourseError(f"--with brings problem sets of an installed course: {failure}") from None


def sources_of(name: CatalogueName) -> Path:
    """Return the folder with an installed course's source/ and notebooks/.

    A wheel carries them in the package, in `course/`; a checkout has them beside it.

    Raises
    ------
    CourseError : it is neither
    """
    try:
        package = name.sources()[0].parent
    except CatalogueError as failure:
        raise CourseError(str(failure)) from None
    for folder in (package / CARRIED, package.parent):
        if (folder / "source").is_dir():
            return folder
    raise CourseError(f"the installed course {name.module} brings no source/ to begin with")
