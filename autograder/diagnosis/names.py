"""Which exercises a name of a notebook may stand for.

Names are compared without case, underscores, digits, accents and the words that say
nothing (`my_score`, `computeScore2`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from autograder.catalogue.catalogue import Catalogue
from autograder.catalogue.model import Exercise
from autograder.catalogue.spellings import Spelling, Spellings
from autograder.catalogue.values import observe_here

# Dropped before names are compared, unless nothing would be left.
FILLERS = frozenset(
    "a an the my our own get to do calc calculate compute computes func function fn np numpy "
    "funcion funcao fonction funktion hanshu calcular calcula calculer berechne jisuan de del da "
    "du la el le der die das mi meu y "
    "stable stabilized stabilised safe naive simple basic better vectorized vectorised loop loops "
    "scratch from manual custom v".split()
)


@dataclass(frozen=True, eq=False)
class Known:
    """An exercise of a catalogue, with what is known of how others write it.

    Parameters
    ----------
    place : in the order of the catalogue
    assignment : its assignment's name
    exercise : the exercise
    spelling : what others call it, and how they write it
    alone : no other assignment has an exercise of this name
    """

    place: int
    assignment: str
    exercise: Exercise
    spelling: Spelling
    alone: bool

    @property
    def name(self) -> str:
        """The exercise's name, which another assignment's exercise may have too."""
        return self.exercise.name

    @cached_property
    def gives_several(self) -> bool:
        """Whether the course itself asks for more than one value, seen at its own answer."""
        call = self.exercise.criteria[0].fixtures(np.random.default_rng(0))[0]
        right = observe_here(self.exercise.reference, call, watch_random=False)
        return type(right.value) in (list, tuple)

    @property
    def label(self) -> str:
        """The name by which a person tells it from the others, and may ask for it."""
        return self.name if self.alone else f"{self.assignment}/{self.name}"


class Names:
    """Names of functions as a course's exercises.

    Parameters
    ----------
    catalogue : the course's
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.spellings: Spellings = catalogue.spellings
        found: list[tuple[str, Exercise]] = []
        for assignment, exercises in catalogue.assignments.items():
            found += [
                (assignment, exercise)
                for exercise in exercises
                if not any(_is_same(exercise, other) for _, other in found)
            ]
        names = [exercise.name for _, exercise in found]
        self.known = [
            Known(
                place,
                assignment,
                exercise,
                self.spellings.of(assignment, exercise.name, names.index(exercise.name) == place),
                names.count(exercise.name) == 1,
            )
            for place, (assignment, exercise) in enumerate(found)
        ]

    def asked(self, text: str) -> list[Known]:
        """Return the exercises that a person means by a name or ``"ps2/name"``."""
        return [one for one in self.known if text in (one.name, f"{one.assignment}/{one.name}")]

    def meant(self, name: str, among: Collection[Known]) -> list[Known]:
        """Return which of these exercises a name of a notebook may stand for, likeliest first."""
        exact = [one for one in among if one.name == name]
        same = self.normalised(name)
        return exact or [one for one in among if same and same in self._normalised[one]]

    def slope_of(self, name: str, among: Iterable[Known]) -> list[Known]:
        """Return of which of these exercises a name may stand for the slope."""
        layers = [one for one in among if one.spelling.in_two is not None]
        slope_words = self.spellings.layers.slope_words if self.spellings.layers else frozenset()
        words = [word.lower() for word in _words(name)]
        if len(words) == 1 and words[0].startswith("d"):
            words = ["d", words[0][1:]]
        left = [word for word in words if word not in slope_words]
        return self.meant(" ".join(left), layers) if left and len(left) < len(words) else []

    def normalised(self, name: str) -> str:
        """Return a name as it is compared."""
        return _normalised(name, FILLERS | self.spellings.fillers)

    @cached_property
    def _normalised(self) -> dict[Known, frozenset[str]]:
        return {
            one: frozenset(map(self.normalised, (one.name, *one.spelling.names)))
            for one in self.known
        }


def _is_same(one: Exercise, other: Exercise) -> bool:
    """Tell whether an exercise is another assignment's too."""
    return (one.name, one.reference, one.criteria) == (other.name, other.reference, other.criteria)


def labels(known: Sequence[Known]) -> list[str]:
    """Return what a person may ask for these exercises by."""
    return [one.label for one in known]


@lru_cache(maxsize=4096)
def _normalised(name: str, fillers: frozenset[str]) -> str:
    """Return a name as it is compared.

    >>> _normalised("computeMeanError_v2", FILLERS), _normalised("my_function", FILLERS)
    ('meanerror', 'myfunction')
    """
    words = [word.lower() for word in _words(name)]
    return "".join([word for word in words if word not in fillers] or words)


def _words(name: str) -> list[str]:
    """Return the words of a name: without digits and accents, split at capitals.

    >>> _words("gradientOfMSE_2")
    ['gradient', 'Of', 'MSE']
    """
    plain = unicodedata.normalize("NFKD", name[:200].replace("_", " "))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+", plain)
