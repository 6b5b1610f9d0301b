"""The course: its exercises, by problem set, and what the grader must know of them besides.

Data and mathematics; of the grader it knows the public names alone.
"""

from __future__ import annotations

from autograder import Catalogue
from softmax_by_hand.spellings import SPELLINGS

CATALOGUE = Catalogue.of_package(__name__, "ps1", "ps2", "ps3", "ps4", "ps5", spellings=SPELLINGS)
EXERCISES = CATALOGUE.exercises
