"""A course: its folder, its settings, read once, and its assignments as they were released."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from autograder.catalogue.name import (
    CONFIG_FILE,
    CatalogueError,
    CatalogueName,
    installed_catalogue,
)
from autograder.course import settings as own
from autograder.course.agreement import require_agreement, require_notebooks
from autograder.course.assignment import Assignment, MasterCell
from autograder.course.folder import (
    CourseError,
    assignment_files,
    course_secret,
    heavy_imports,
    imports_of,
    notebooks_in,
    prose_of,
)
from autograder.course.late_penalties import LateRule, late_rule
from autograder.course.outside.decided import read_decisions
from autograder.course.outside.plan import Given, TestCell, plan
from autograder.course.outside.script import script_of
from autograder.course.releases import known_releases

if TYPE_CHECKING:
    from autograder.catalogue.catalogue import Catalogue


class ReleasedCells(Protocol):
    """What knows the cells of a release: a gradebook."""

    def notebooks(self, assignment: str) -> Sequence[str]:
        """Return the names of an assignment's notebooks, sorted."""

    def released_cells(self, course: Path, assignment: str, notebook: str) -> Sequence[MasterCell]:
        """Return the cells that nbgrader owns, in the notebook's order."""


class Course:
    """A course's folder with its settings.

    Parameters
    ----------
    folder : has ``nbgrader_config.py`` and source/
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """What ``nbgrader_config.py`` sets, which is executed once.

        Raises
        ------
        CourseError : the file cannot be run
        """
        return own.load_config(self.folder)

    @cached_property
    def secret(self) -> bytes:
        """The secret from which fixtures are drawn; see `course_secret`."""
        return course_secret(self.folder)

    @property
    def gradebook_url(self) -> str:
        """The address of the gradebook: of the settings, else ``gradebook.db``."""
        configured = own.read(own.CourseDirectory, self.settings).db_url
        if configured:
            return configured
        file = f"sqlite:///{(self.folder / 'gradebook.db').resolve()}"
        return os.environ.get("GRADEBOOK_URL") or file

    @property
    def carried_share(self) -> float:
        """The share of points for what is right but for an earlier exercise, from 0 to 1."""
        return float(own.read(own.ErrorCarriedForward, self.settings).share)

    @cached_property
    def late(self) -> LateRule | None:
        """What late hand-ins cost, or None where nothing.

        Raises
        ------
        CourseError : the settings make no sense
        """
        return late_rule(self.settings, self.folder)

    @property
    def excluded(self) -> frozenset[str]:
        """The students whom nbgrader's own setting leaves out of grading and feedback."""
        named = own.read(own.CourseDirectory, self.settings).student_id_exclude
        return frozenset(name.strip() for name in named.split(",") if name.strip())

    @property
    def is_shared(self) -> bool:
        """Whether the group may write what is written into the course's folder."""
        return own.read(own.CourseDirectory, self.settings).groupshared

    @property
    def code_stub(self) -> str:
        """What stands in a released notebook in place of a solution in Python.

        Raises
        ------
        CourseError : the settings have none for Python
        """
        stubs: dict[str, str] = own.read(own.ClearSolutions, self.settings).code_stub
        if "python" not in stubs:
            raise CourseError(
                f'{self.folder / CONFIG_FILE}: ClearSolutions.code_stub has none for "python": '
                'add one, {"python": "raise NotImplementedError()"}'
            )
        return stubs["python"]

    @property
    def is_configured(self) -> bool:
        """Whether nbgrader's own commands grade as this grader does; see `nbgrader_plugin`."""
        exporter = self.settings.get("Autograde", {}).get("exporter_class")
        return str(exporter).startswith("autograder.")

    @property
    def book(self) -> str:
        """The address of a lesson in the course's book, ``{}`` for the lesson's name, or ""."""
        return own.read(own.Book, self.settings).lesson

    @cached_property
    def catalogue_name(self) -> CatalogueName:
        """Where the catalogue is: ``c.Catalogue.module``, else that of the installed course.

        Raises
        ------
        CourseError : it is not there
        """
        module = own.read(own.Catalogue, self.settings).module
        try:
            if module is None:
                return installed_catalogue()
            name = CatalogueName(module, str(self.folder.resolve()))
            name.sources()
        except CatalogueError as failure:
            raise CourseError(f"{self.folder}: {failure}") from None
        return name

    @cached_property
    def catalogue(self) -> Catalogue:
        """The course's exercises.

        Raises
        ------
        CourseError : there is no such catalogue
        """
        try:
            return self.catalogue_name.load()
        except CatalogueError as failure:
            raise CourseError(f"{self.folder}: {failure}") from None

    def sets_of(self, assignment: str) -> tuple[str, ...]:
        """Return the catalogue's sets whose exercises come before others of their name.

        Those of ``c.Catalogue.sets``, else that with the assignment's own name.

        Raises
        ------
        CourseError : the setting names others
        """
        sets = own.read(own.Catalogue, self.settings).sets
        known = self.catalogue.assignments
        named = sets.get(assignment, [assignment])
        if assignment in sets and not set(named) <= set(known):
            raise CourseError(
                f"{self.folder / CONFIG_FILE}: Catalogue.sets names sets of the catalogue "
                f'({", ".join(known)}) by assignment, {{"hw1": ["{next(iter(known), "ps1")}"]}}, '
                f"not {sets!r}"
            )
        return tuple(named)

    def allowed_packages(
        self, assignment: str, folder: Path | None = None
    ) -> tuple[str, ...] | None:
        """Return which packages a submission may use, or None for all that are installed.

        Those of ``c.Submissions.packages``, where that is set, and those that the assignment's
        own notebook imports.

        Parameters
        ----------
        folder : with that notebook; where None, that of the release

        Raises
        ------
        CourseError : the notebook cannot be read
        """
        named = own.read(own.Submissions, self.settings).packages
        if named is None:
            return None
        folder = folder or self.folder / "release" / assignment
        beside = {path.stem for path in folder.glob("*")}
        imported = {name.partition(".")[0] for name in imports_of(folder)}
        answers = {self.catalogue_name.module.partition(".")[0]}
        return tuple(sorted({*named, *imported - beside - sys.stdlib_module_names - answers}))

    def script(self, assignment: str, notebook: str, master: Sequence[MasterCell]) -> list[Given]:
        """Return the code cells of a notebook as the instructor has them."""
        place = Path(assignment, f"{notebook}.ipynb")
        return script_of(master, self.folder / "release" / place, self.folder / "source" / place)

    def _planned(
        self,
        assignment: str,
        notebook: str,
        master: Sequence[MasterCell],
        files: Mapping[str, bytes],
    ) -> tuple[TestCell, ...]:
        cells = self.script(assignment, notebook, master)
        decided = read_decisions(self.folder, f"{assignment}/{notebook}", cells)
        return tuple(plan(cells, files, decided))

    def assignment(self, name: str, released: ReleasedCells) -> tuple[Assignment, ...]:
        """Return an assignment as it was released: each of its notebooks.

        Raises
        ------
        CourseError : it was not released, or catalogue, release and gradebook contradict
            each other
        """
        # First, because its error says what to do where nothing was released.
        assignment_files(self.folder, name)
        require_notebooks(self.folder, name, released.notebooks(name))
        masters = {
            notebook: tuple(released.released_cells(self.folder, name, notebook))
            for notebook in notebooks_in(self.folder / "release" / name)
        }
        asks = any(cell.exercise for master in masters.values() for cell in master)
        files = assignment_files(self.folder, name, asks)
        found = tuple(
            Assignment(
                name,
                master,
                files,
                heavy_imports(self.folder, name),
                self.carried_share,
                self.allowed_packages(name),
                self.catalogue_name,
                self.sets_of(name),
                known_releases(self.folder, name, notebook),
                notebook,
                self._planned(name, notebook, master, files),
                own.read(own.TestCells, self.settings).inside,
                prose=prose_of(self.folder / "release" / name / f"{notebook}.ipynb"),
            )
            for notebook, master in masters.items()
        )
        for one in found:
            require_agreement(self.folder, one)
        return found
