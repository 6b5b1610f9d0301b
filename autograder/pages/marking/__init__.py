"""Marks by hand as a table: one for people to fill in, and what they filled in back again.

`answers.py` finds what people mark, `sheet.py` writes and reads the table, `merge.py` says what a
filled table changes, `by_table.py` does it to a course.
"""

from autograder.pages.marking.by_table import Filled, write_table

__all__ = ["Filled", "write_table"]
