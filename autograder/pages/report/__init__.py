"""The report on a class: what it can do, what it misunderstood, and whom a person must look at.

`statistics.py` and `whole.py` compute the figures of an assignment, of a course and of one student
from plain records; `gathering.py` makes those from what grading left, `work.py` what they show of
the students' own code; `formats.py` writes a page, CSV and JSON of the same figures.
"""

from autograder.pages.report.formats import FORMATS
from autograder.pages.report.gathering import write_reports

__all__ = ["FORMATS", "write_reports"]
