"""What works on this computer, and what to install where something does not."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

NEEDED = ("numpy", "matplotlib", "nbgrader", "nbformat", "ipython", "jupyterlab", "SQLAlchemy")
OPTIONAL = {"tensorflow": ("tensorflow-cpu", "tensorflow")}
# Where Formgrader's page looks for it: `formgrader/formgrade/mathjax.html.j2`.
MATHJAX = "build/classroom/node_modules/mathjax/es5/tex-svg-full.js"


@dataclass(frozen=True)
class Check:
    """One thing looked at.

    Parameters
    ----------
    name : what was looked at
    state : "works", "missing" or "optional"
    message : what was found, or what to do
    """

    name: str
    state: str
    message: str


def examine(course: Path) -> Iterator[Check]:
    """Look at everything that grading in this course needs, one thing after the other."""
    yield from _python()
    yield from _packages()
    yield _guarded("isolation", _isolation)
    yield _guarded("course", lambda: _course(course))
    yield _guarded("Formgrader", lambda: _formgrader(course))


def _guarded(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except Exception as failure:
        return Check(name, "missing", f"{type(failure).__name__}: {failure}")


def _python() -> Iterator[Check]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    fits = (3, 10) <= sys.version_info[:2] <= (3, 14)
    message = version if fits else f"{version}: Python 3.10 to 3.14 is needed"
    yield Check("Python", "works" if fits else "missing", message)


def _packages() -> Iterator[Check]:
    for name in NEEDED:
        version = _version(name)
        yield Check(
            name,
            "works" if version else "missing",
            version or f"run `{Path(sys.executable).name} -m pip install {name}`",
        )
    for name, packages in OPTIONAL.items():
        version = next((found for package in packages if (found := _version(package))), None)
        yield Check(
            name,
            "works" if version else "optional",
            version or "only the cross-checks use it: `pip install '.[tensorflow]'`",
        )


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _isolation() -> Check:
    from autograder.sandbox import IsolationUnavailable, Sandbox, SessionLost

    try:
        with Sandbox() as sandbox, sandbox.session() as session:
            session.run_cell("1 + 1")
    except (IsolationUnavailable, SessionLost) as failure:
        return Check("isolation", "missing", f"{failure}{_why_not()}")
    path = shutil.which("bwrap")
    return Check("isolation", "works", f"a cell ran inside bubblewrap ({path})")


def _why_not() -> str:
    """Return what this kernel is known to forbid, and the line that allows it."""
    for setting, forbidding, allowing in (
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
        ("kernel/unprivileged_userns_clone", "0", "1"),
        ("user/max_user_namespaces", "0", "10000"),
    ):
        try:
            value = Path("/proc/sys", setting).read_text().strip()
        except OSError:
            continue
        if value == forbidding:
            name = setting.replace("/", ".")
            return f"; this system forbids user namespaces: run `sudo sysctl -w {name}={allowing}`"
    return ""


def _course(course: Path) -> Check:
    from autograder.course.course import Course
    from autograder.course.folder import CourseError, nothing_here

    try:
        where = Course(course)
        settings, url = where.settings, where.gradebook_url
        if settings:
            where.catalogue  # noqa: B018 - it says what is wrong with it
    except CourseError as failure:
        return Check("course", "missing", str(failure))
    assignments = sorted({path.parent.name for path in (course / "source").glob("*/*.ipynb")})
    if not settings or not assignments:
        return Check("course", "missing", nothing_here(course))
    if not os.access(course, os.W_OK):
        return Check("course", "missing", f"{course} cannot be written to")
    from autograder.gradebook import GradebookError, GradebookStore, NotReleased

    missing = []
    for name in assignments:
        try:
            with GradebookStore.open(url, busy_seconds=1) as gradebook:
                gradebook.notebooks(name)
        except NotReleased:
            missing.append(name)
        except GradebookError as failure:
            return Check("course", "missing", str(failure))
    if missing:
        names = " ".join(missing)
        return Check("course", "optional", f"not released yet: `autograder release {names}`")
    return Check("course", "works", f"{course}, gradebook {url.split('@')[-1]}")


def _formgrader(course: Path) -> Check:
    if (course / MATHJAX).is_file():
        return Check("Formgrader", "works", "formulas by MathJax, from this computer")
    npm = "" if shutil.which("npm") else " once npm is installed (Debian: `apt-get install npm`)"
    makes = (course / "Makefile").is_file()
    gets = "make lab" if makes else "npm install --prefix build/classroom mathjax@3"
    return Check(
        "Formgrader",
        "optional",
        f"works, with formulas as text: `{gets}` gets MathJax into build/{npm}",
    )
