"""A course's catalogue: its exercises by assignment, as data."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from autograder.catalogue.model import Exercise


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The exercises of a course.

    Parameters
    ----------
    assignments : the exercises of each assignment, in their order; a name is unique within one
    """

    assignments: Mapping[str, tuple[Exercise, ...]]

    @classmethod
    def of_package(cls, package: str, *assignments: str) -> Catalogue:
        """Return what the modules of a package define: ``Catalogue.of_package(__name__, "ps1")``.

        Parameters
        ----------
        package : dotted name of the course's package
        assignments : names of packages in it; in each an exercise is a module

        Returns
        -------
        Catalogue; the exercises of an assignment stand in the order of their references
        """
        return cls({name: _exercises_in(f"{package}.{name}") for name in assignments})

    def of(self, assignment: str) -> Mapping[str, Exercise]:
        """Return every exercise by name, in the catalogue's order.

        Of several with one name it is that of the assignment, else the first.
        """
        own = {exercise.name: exercise for exercise in self.assignments.get(assignment, ())}
        found: dict[str, Exercise] = {}
        for exercise in chain.from_iterable(self.assignments.values()):
            if own.get(exercise.name, exercise) is exercise:
                found.setdefault(exercise.name, exercise)
        return found

    @cached_property
    def exercises(self) -> Mapping[str, Exercise]:
        """Every exercise by name; of several with one name the first."""
        return self.of("")


def _exercises_in(package: str) -> tuple[Exercise, ...]:
    """Return the exercises that the modules of a package define, by their references' places."""
    folder = importlib.import_module(package).__path__
    modules = [importlib.import_module(f"{package}.{m.name}") for m in pkgutil.iter_modules(folder)]
    values = [value for module in modules for value in vars(module).values()]
    return tuple(sorted((v for v in values if isinstance(v, Exercise)), key=_place))


def _place(exercise: Exercise) -> tuple[str, int]:
    module = exercise.reference.__module__
    return module, list(vars(sys.modules[module])).index(exercise.reference.__name__)
