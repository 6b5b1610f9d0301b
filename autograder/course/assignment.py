"""An assignment as it was released: the cells that nbgrader owns, and the files beside it.

Plain data that goes to every worker; imports nothing that takes long.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from autograder.catalogue.name import CatalogueName, installed_catalogue
from autograder.course.outside.plan import LOCKED, SOLUTION, TEST, Given, TestCell, plan

if TYPE_CHECKING:
    from autograder.catalogue.model import Exercise

SCHEMA_VERSION = 3
GRADE_PREFIX = "grade_"  # the check of the exercise `softmax` is called grade_softmax


@dataclass(frozen=True)
class MasterCell:
    """A cell as it was released: what nbgrader owns in it, and its source.

    Parameters
    ----------
    grade_id : nbgrader's name of the cell
    cell_type : ``"code"`` or ``"markdown"``
    source : of the instructor's: with what is hidden from students
    points : of a grade cell, otherwise None
    grade, solution, locked, task : nbgrader's flags
    checksum : nbgrader's, of the released cell
    released : the source in the notebook that students have; None where that is `source`
    """

    grade_id: str
    cell_type: str
    source: str
    points: float | None = None
    grade: bool = False
    solution: bool = False
    locked: bool = False
    task: bool = False
    checksum: str | None = None
    released: str | None = None

    @property
    def handed_out(self) -> str:
        """The source as students have it, without hidden tests and marking schemes."""
        return self.source if self.released is None else self.released

    @property
    def is_test(self) -> bool:
        """Whether it is code of the instructor's that gives points."""
        return self.grade and not self.solution and self.cell_type == "code"

    @property
    def nbgrader(self) -> dict[str, Any]:
        """The cell's nbgrader metadata, schema version 3."""
        metadata: dict[str, Any] = {
            "cell_type": self.cell_type,
            "checksum": self.checksum,
            "grade": self.grade,
            "grade_id": self.grade_id,
            "locked": self.locked,
            "points": self.points,
            "schema_version": SCHEMA_VERSION,
            "solution": self.solution,
            "task": self.task,
        }
        return {key: value for key, value in metadata.items() if value is not None}

    @property
    def exercise(self) -> str | None:
        """The name of the exercise that the cell has checked; None for any other cell."""
        return exercise_asked(self.grade_id, self.source) if self.is_test else None


def exercise_asked(grade_id: str, source: str) -> str | None:
    """Return which exercise a cell has checked; None where it is a test of its own.

    >>> exercise_asked("grade_softmax", "check(softmax)")
    'softmax'
    >>> exercise_asked("grade_softmax", "assert softmax([0]) == [1]") is None
    True
    """
    name = grade_id.removeprefix(GRADE_PREFIX)
    return name if name != grade_id and source.strip() == f"check({name})" else None


def of_several(name: str, notebook: str, notebooks: Collection[str]) -> str:
    """Return what a cell or an exercise is called where an assignment may have several notebooks.

    >>> of_several("squares", "part1", ["part1", "part2"])
    'part1/squares'
    """
    return f"{notebook}/{name}" if len(notebooks) > 1 else name


def in_notebook_order(master: Iterable[MasterCell], names: Iterable[str]) -> list[MasterCell]:
    """Return the master cells in the order of the names of a release; unknown ones last.

    The gradebook promises no order, and a missing cell goes back to its place by it.

    >>> cells = [MasterCell(name, "code", "") for name in "abc"]
    >>> [cell.grade_id for cell in in_notebook_order(cells, ["b", "a"])]
    ['b', 'a', 'c']
    """
    place = {name: index for index, name in enumerate(names)}
    return sorted(master, key=lambda cell: place.get(cell.grade_id, len(place)))


@dataclass(frozen=True)
class Assignment:
    """What grading needs to know of an assignment, or of one notebook of several.

    Parameters
    ----------
    name : ``"ps1"``
    master : the cells that nbgrader owns, from the gradebook
    files : what lies beside the released notebook; all that a submission sees
    preload : packages that the notebook imports and that take so long that they are
        imported once for all submissions
    carried_share : of the points that are right but for an earlier exercise, from 0 to 1
    packages : what a submission may use of what is installed; None for all of it
    catalogue : where its exercises are described
    sets : of the catalogue, whose exercises come before others of their name; without
        them that of the assignment's own name
    releases : digests of the cells of each until now; see `autograder.course.releases`.
        What is said of a hand-in depends on them, and no points do, so no digest has them
    notebook : its name, "" where that is the assignment's
    prose : the text of the released cells that nbgrader does not own; None where unknown
    planned : how its test cells are judged; None where it is for their text to say
    inside : what the points of test cells are worth that ran inside; see `settings.TestCells`
    """

    name: str
    master: tuple[MasterCell, ...]
    files: Mapping[str, bytes]
    preload: tuple[str, ...] = ()
    carried_share: float = 1.0
    packages: tuple[str, ...] | None = None
    catalogue: CatalogueName = field(default_factory=installed_catalogue)
    sets: tuple[str, ...] = ()
    releases: tuple[Mapping[str, str], ...] = ()
    notebook: str = ""
    planned: tuple[TestCell, ...] | None = None
    inside: str = "stand"
    prose: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if not self.notebook:
            object.__setattr__(self, "notebook", self.name)

    @property
    def key(self) -> str:
        """What stands for the notebook where seeds are drawn."""
        return self.name if self.notebook == self.name else f"{self.name}/{self.notebook}"

    @property
    def exercises(self) -> Mapping[str, Exercise]:
        """The catalogue's exercises by name, each for the points that its check gives.

        Those that no check asks for are there too: others may need them.
        """
        return _exercises(self.catalogue, self.sets or (self.name,), tuple(self.points.items()))

    @cached_property
    def tests(self) -> Mapping[str, TestCell]:
        """How its test cells are judged, by name."""
        planned = (
            plan(list(map(_given, self.master)), self.files)
            if self.planned is None
            else self.planned
        )
        return {cell.name: cell for cell in planned}

    @cached_property
    def points(self) -> Mapping[str, float]:
        """What the exercises that are asked for are worth, by name, in the notebook's order."""
        return {cell.exercise: cell.points or 0.0 for cell in self.master if cell.exercise}

    def left_out(self, exercise: Exercise) -> list[str]:
        """Return what an exercise may call that this notebook does not ask for."""
        if not self.master:  # no release: all of the catalogue is asked for
            return []
        return [name for name in exercise.needs if name not in self.points]

    @cached_property
    def digest(self) -> bytes:
        """A hash of all of it: the same for the same assignment, whoever computes it."""
        files = sorted(self.files.items())
        settings = (
            *(self.preload, self.carried_share, self.packages),
            *(self.catalogue.module, self.sets, self.inside),
        )
        parts = (self.key, self.master, files, *settings, *(self.planned or ()))
        return hashlib.sha256(repr(parts).encode()).digest()


def _given(cell: MasterCell) -> Given:
    kind = TEST if cell.is_test else SOLUTION if cell.solution else LOCKED
    code = cell.source if cell.cell_type == "code" else ""
    return Given(cell.grade_id, kind, code, shown=cell.handed_out)


@lru_cache(maxsize=8)
def _exercises(
    catalogue: CatalogueName, sets: tuple[str, ...], points: tuple[tuple[str, float], ...]
) -> Mapping[str, Exercise]:
    known = dict(catalogue.load().of(*sets))
    known.update({name: known[name].worth(worth) for name, worth in points if name in known})
    return known
