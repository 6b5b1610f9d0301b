"""The course: its exercises, by problem set, and what the grader must know of them besides.

Data and mathematics; knows nothing of sandboxes, notebooks or nbgrader.
"""

from __future__ import annotations

from autograder.catalogue.catalogue import Catalogue
from softmax_by_hand import ps1, ps2, ps3, ps4, ps5
from softmax_by_hand.lent import MADE
from softmax_by_hand.spellings import SPELLINGS

PROBLEM_SETS = {"ps1": ps1, "ps2": ps2, "ps3": ps3, "ps4": ps4, "ps5": ps5}
CATALOGUE = Catalogue(
    {name: module.EXERCISES for name, module in PROBLEM_SETS.items()}, MADE, spellings=SPELLINGS
)
EXERCISES = CATALOGUE.exercises
