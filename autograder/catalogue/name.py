"""Where a course's catalogue is: a module's dotted name, which any worker can import.

The grader imports a course by this alone.  Imports nothing that takes long, and finds
a catalogue's files without running them.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.catalogue.catalogue import Catalogue

# Where an installed course says what its catalogue is called.
INSTALLED = "autograder.catalogues"
SETTING = "c.Catalogue.module in nbgrader_config.py"


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

        Raises
        ------
        CatalogueError : there is no such module
        """
        self._reach()
        try:
            found = importlib.util.find_spec(self.module)
        except (ImportError, ValueError):
            found = None
        if found is None or found.origin is None:
            raise CatalogueError(f"there is no module {self.module}: correct {SETTING}")
        if not found.submodule_search_locations:
            return [Path(found.origin)]
        return sorted(Path(found.origin).parent.rglob("*.py"))

    def _reach(self) -> None:
        if self.folder and self.folder not in sys.path:
            # Last: nothing that is installed is hidden by what lies in a course's folder.
            sys.path.append(self.folder)


@lru_cache(maxsize=8)
def _load(name: CatalogueName) -> Catalogue:
    from autograder.catalogue.catalogue import Catalogue

    name.sources()
    try:
        found = getattr(importlib.import_module(name.module), "CATALOGUE", None)
    except Exception as failure:  # whatever is wrong with a course's own code
        said = f"{type(failure).__name__}: {failure}".splitlines()[0][:300]
        raise CatalogueError(f"the catalogue {name.module} cannot be loaded: {said}") from failure
    if type(found) is not Catalogue:
        raise CatalogueError(f"the module {name.module} has no CATALOGUE: correct {SETTING}")
    return found


def installed_catalogue() -> CatalogueName:
    """Return the catalogue of the course that is installed beside the grader.

    Raises
    ------
    CatalogueError : there is none
    """
    names = sorted(entry.value for entry in entry_points(group=INSTALLED))
    if not names:
        raise CatalogueError(f"no catalogue of exercises is installed: set {SETTING}")
    return CatalogueName(names[0])
