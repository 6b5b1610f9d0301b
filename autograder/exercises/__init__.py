"""The catalogue: every exercise by its name.

Data for the judge, one module for each problem set; knows nothing of
sandboxes, notebooks or nbgrader.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from autograder.exercises import ps1, ps2, ps3
from autograder.exercises.model import Exercise

EXERCISES: Mapping[str, Exercise] = MappingProxyType(
    {exercise.name: exercise for exercise in (*ps1.EXERCISES, *ps2.EXERCISES, *ps3.EXERCISES)}
)
