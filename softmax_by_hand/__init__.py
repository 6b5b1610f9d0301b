"""The catalogue: every exercise by its name.

Data for the judge, one module for each problem set; knows nothing of
sandboxes, notebooks or nbgrader.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from autograder.catalogue.model import Exercise
from softmax_by_hand import ps1, ps2, ps3, ps4, ps5

PROBLEM_SETS = (ps1, ps2, ps3, ps4, ps5)
EXERCISES: Mapping[str, Exercise] = MappingProxyType(
    {exercise.name: exercise for module in PROBLEM_SETS for exercise in module.EXERCISES}
)
