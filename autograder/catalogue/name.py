"""Where a course's catalogue is: a module's dotted name, which any worker can import.

The grader imports a course by this alone.  Imports nothing that takes long, and finds
a catalogue's files without running them.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import sysconfig
import traceback
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.base.words import named

if TYPE_CHECKING:
    from autograder.catalogue.catalogue import Catalogue

# Where an installed course says what its catalogue is called.
INSTALLED = "autograder.catalogues"
CONFIG_FILE = "nbgrader_config.py"
SETTING = f"c.Catalogue.module in {CONFIG_FILE}"


class CatalogueError(Exception):
    """A catalogue cannot be used; the text says which, why, and what to do."""


@dataclass(frozen=True)
class CatalogueName:
    """The name of a catalogue; plain data.

    Parameters
    ----------
    module : the dotted name of a module that has a `CATALOGUE`
    folder : where else to look for it besides what is installed, or ""
    """

    module: str
    folder: str = ""

    def load(self) -> Catalogue:
        """Return the catalogue.

        Raises
        ------
        CatalogueError : there is none
        """
        return _load(self)

    def sources(self) -> list[Path]:
        """Return the Python files that the catalogue is made of; none of them is run.

        Of a module that is no package these are all that lie beside it: it may import them.

        Raises
        ------
        CatalogueError : there is no such module, or submissions could read it
        """
        self._reach()
        try:
            found = importlib.util.find_spec(self.module)
        except (ImportError, ValueError):
            found = None
        except (Exception, SystemExit) as failure:  # to find a.b, Python runs a
            raise self._failed(failure, []) from failure
        if found is None or found.origin is None:
            beside = f", nor a folder or file of that name in {self.folder}" if self.folder else ""
            raise CatalogueError(f"no module {self.module} is installed{beside}: correct {SETTING}")
        path = Path(found.origin)
        if any(path.is_relative_to(sysconfig.get_path(name)) for name in ("purelib", "platlib")):
            self._must_be_declared()
        if found.submodule_search_locations:
            return sorted(path.parent.rglob("*.py"))
        beside_it = sorted(one for one in path.parent.glob("*.py") if one.name != CONFIG_FILE)
        for one in beside_it:
            _forget_another(one.stem)
        return beside_it

    def _failed(self, failure: BaseException, files: list[Path]) -> CatalogueError:
        return CatalogueError(
            f"the catalogue {self.module} cannot be loaded: {named(failure)}"
            f"{_line_in(failure, files)}; mend it first"
        )

    def _must_be_declared(self) -> None:
        """Refuse what the sandbox would show, as it shows what is installed."""
        declared = {entry.value.partition(".")[0] for entry in entry_points(group=INSTALLED)}
        if self.module.partition(".")[0] not in declared:
            raise CatalogueError(
                f"{self.module} is installed, and nothing says that students must not read it: "
                f'name it in its pyproject.toml under [project.entry-points."{INSTALLED}"], '
                "or move it into the course's folder"
            )

    def _reach(self) -> None:
        """Have modules looked for in the course's folder, and in no other course's."""
        if self.folder and sys.path[-1] != self.folder:
            sys.path[:] = [path for path in sys.path if path not in _reached]
            if self.folder not in sys.path:
                # Last: nothing that is installed is hidden by what lies in a course's folder.
                sys.path.append(self.folder)
                _reached.add(self.folder)
        _forget_another(self.module.partition(".")[0])


# The folders of courses that were added to Python's path here.
_reached: set[str] = set()


def _forget_another(name: str) -> None:
    """Forget a module, and what is in it, where another file is found now under its name.

    Two courses in one process may have modules of one name.
    """
    origin = getattr(getattr(sys.modules.get(name), "__spec__", None), "origin", None)
    if origin is None:
        return
    finders = (getattr(finder, "find_spec", None) for finder in sys.meta_path)
    found = next(filter(None, (find(name, None) for find in finders if find)), None)
    if found is not None and found.origin != origin:
        for other in [one for one in sys.modules if f"{one}.".startswith(f"{name}.")]:
            del sys.modules[other]


@lru_cache(maxsize=8)
def _load(name: CatalogueName) -> Catalogue:
    from autograder.catalogue.catalogue import Catalogue

    files = name.sources()
    try:
        module = importlib.import_module(name.module)
    except (Exception, SystemExit) as failure:  # whatever is wrong with a course's own code
        raise name._failed(failure, files) from failure
    found = getattr(module, "CATALOGUE", None)
    if type(found) is not Catalogue:
        place = getattr(module, "__file__", None) or "of Python itself"
        top = name.module.partition(".")[0]
        beside = [Path(name.folder, end) for end in (top, f"{top}.py")] if name.folder else []
        hidden = [one for one in beside if one.exists() and not Path(place).is_relative_to(one)]
        advice = f"give {hidden[0]} another name, also in" if hidden else "correct"
        raise CatalogueError(
            f"the module {name.module} ({place}) has no CATALOGUE: {advice} {SETTING}"
        )
    return found


def _line_in(failure: BaseException, files: list[Path]) -> str:
    """Say where in a catalogue's files an exception comes from, the last of them first."""
    if isinstance(failure, SyntaxError):  # the text of a SyntaxError names the line already
        return ""
    frames = reversed(traceback.extract_tb(failure.__traceback__))
    here = (frame for frame in frames if Path(frame.filename) in files)
    return next((f" ({frame.filename}, line {frame.lineno})" for frame in here), "")


def installed_catalogue() -> CatalogueName:
    """Return the catalogue of the course that is installed beside the grader.

    Raises
    ------
    CatalogueError : there is none, or more than one
    """
    names = sorted({entry.value for entry in entry_points(group=INSTALLED)})
    if not names:
        raise CatalogueError(f"no catalogue of exercises is installed: set {SETTING}")
    if len(names) > 1:
        raise CatalogueError(
            f"several catalogues are installed ({', '.join(names)}): say which in {SETTING}"
        )
    return CatalogueName(names[0])
