"""What a gradebook says of a student's notebook: plain data, by nbgrader's own rules.

Imports nothing, so that whoever shows marks need not import a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class CellMark:
    """The mark of one graded cell.

    Parameters
    ----------
    max_score : points to be had
    auto_score : the grader's points; None where only a person can grade it
    manual_score : a person's points, which count instead; None where there are none
    extra_credit : points that a person gave besides
    waits : whether a person has still to look at it
    """

    max_score: float
    auto_score: float | None = None
    manual_score: float | None = None
    extra_credit: float | None = None
    waits: bool = True

    @property
    def points(self) -> float | None:
        """A person's points, or else the grader's; None where nobody has given any yet."""
        return self.auto_score if self.manual_score is None else self.manual_score

    @property
    def open(self) -> bool:
        """Whether nobody has given any points yet."""
        return self.points is None

    @property
    def extra(self) -> float:
        """What a person gave besides; it counts once there are points."""
        return self.extra_credit or 0.0

    @property
    def score(self) -> float:
        """The points that count; 0 where nobody has given any."""
        return 0.0 if self.points is None else self.points + self.extra


@dataclass(frozen=True)
class Marks:
    """The marks of one notebook of one student.

    Parameters
    ----------
    cells : by grade_id, sorted: every cell that has points
    comments : by grade_id, sorted: a person's comment, else the grader's
    late_penalty : points taken away for the whole notebook
    """

    cells: Mapping[str, CellMark] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    late_penalty: float = 0.0

    @property
    def score(self) -> float:
        """The points of the notebook, the late penalty taken away."""
        return sum(mark.score for mark in self.cells.values()) - self.late_penalty

    @property
    def max_score(self) -> float:
        """The points to be had."""
        return sum(mark.max_score for mark in self.cells.values())
