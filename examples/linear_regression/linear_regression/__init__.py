"""A small course on linear regression: one assignment, three exercises."""

from autograder import Catalogue

CATALOGUE = Catalogue.of_package(__name__, "hw1")
