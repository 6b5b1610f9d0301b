"""A course's catalogue: its exercises by assignment, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any

from autograder.catalogue.lent import lent
from autograder.catalogue.model import Exercise
from autograder.catalogue.spellings import Spellings


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The exercises of a course.

    Parameters
    ----------
    assignments : the exercises of each assignment, in their order; a name is unique within one
    made : about how many entries a reference makes of its arguments, by exercise; of each that
        another one needs
    spellings : what other courses call them, and how they write them; for `autograder diagnose`
    """

    assignments: Mapping[str, tuple[Exercise, ...]]
    made: Mapping[str, Callable[..., int]] = field(default_factory=dict)
    spellings: Spellings = field(default_factory=Spellings)

    def lent(self, name: str) -> Callable[..., Any]:
        """Return an exercise's reference for student code to ask."""
        return lent(self.exercises[name], self.made[name])

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
