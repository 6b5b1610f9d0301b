"""A course's catalogue: its exercises by assignment, as data."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

from autograder.catalogue.model import Exercise
from autograder.catalogue.spellings import Spellings


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The exercises of a course.

    Parameters
    ----------
    assignments : the exercises of each assignment, in their order; a name is unique within one
    spellings : what other courses call them, and how they write them; for `autograder diagnose`
    """

    assignments: Mapping[str, tuple[Exercise, ...]]
    spellings: Spellings = field(default_factory=Spellings)

    def __post_init__(self) -> None:
        for assignment, exercises in self.assignments.items():
            if not isinstance(exercises, (tuple, list)) or not all(
                isinstance(one, Exercise) for one in exercises
            ):
                raise TypeError(
                    f"{assignment} is given as {exercises!r:.80}: give its exercises in a tuple, "
                    "(MEAN,) for one"
                )
            names = [exercise.name for exercise in exercises]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(
                    f"{assignment} has two exercises called {twice[0]}: give one another name"
                )

    @classmethod
    def of_package(
        cls, package: str, *assignments: str, spellings: Spellings | None = None
    ) -> Catalogue:
        """Return what the modules of a package define: ``Catalogue.of_package(__name__, "ps1")``.

        Parameters
        ----------
        package : dotted name of the course's package
        assignments : names of packages in it; in each an exercise is a module
        spellings : see `Catalogue`

        Returns
        -------
        Catalogue; the exercises of an assignment stand in the order of their references
        """
        if not assignments:
            raise ValueError(
                f"no assignment of {package} is named: write "
                'Catalogue.of_package(__name__, "ps1"), with the name of a package in it'
            )
        found = {name: _exercises_in(f"{package}.{name}") for name in assignments}
        return cls(found, spellings or Spellings())

    def of(self, *assignments: str) -> Mapping[str, Exercise]:
        """Return every exercise by name, in the catalogue's order.

        Of several with one name it is that of the first of these assignments that has one,
        else the first.

        Parameters
        ----------
        assignments : of the catalogue; others are passed over
        """
        listed = [self.assignments.get(assignment, ()) for assignment in assignments]
        own = {one.name: one for exercises in reversed(listed) for one in exercises}
        found: dict[str, Exercise] = {}
        for exercise in chain.from_iterable(self.assignments.values()):
            if own.get(exercise.name, exercise) is exercise:
                found.setdefault(exercise.name, exercise)
        return found

    def where(self, name: str) -> list[str]:
        """Return the assignments that have an exercise of that name."""
        return [
            assignment
            for assignment, exercises in self.assignments.items()
            if any(exercise.name == name for exercise in exercises)
        ]

    @cached_property
    def exercises(self) -> Mapping[str, Exercise]:
        """Every exercise by name; of several with one name the first."""
        return self.of()


def _exercises_in(package: str) -> tuple[Exercise, ...]:
    """Return the exercises that the modules of a package define, by their references' places."""
    folder = importlib.import_module(package).__path__
    modules = [importlib.import_module(f"{package}.{m.name}") for m in pkgutil.iter_modules(folder)]
    values = [value for module in modules for value in vars(module).values()]
    found = dict.fromkeys(value for value in values if isinstance(value, Exercise))
    if not found:
        raise ValueError(f"no module of {package} defines an Exercise: is one a module there?")
    return tuple(sorted(found, key=_place))


def _place(exercise: Exercise) -> tuple[str, int]:
    module, name = exercise.reference.__module__, getattr(exercise.reference, "__name__", "")
    names = list(vars(sys.modules[module]))
    if name not in names:
        raise ValueError(
            f"the reference of {exercise.name} is no function or class that a module defines by "
            "name: write it with def"
        )
    return module, names.index(name)
