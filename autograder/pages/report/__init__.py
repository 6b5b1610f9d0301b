"""The report on a class: what it can do, what it misunderstood, and whom a person must look at.

`figures.py` computes them from plain records, `reading.py` makes those from what grading left,
`files.py` writes a page, CSV and JSON of the same figures.
"""

from autograder.pages.report.formats import FORMATS
from autograder.pages.report.gathering import write_reports

__all__ = ["FORMATS", "write_reports"]
