"""A class: what is to be graded, on which workers, and what grading leaves."""
