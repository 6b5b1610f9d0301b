"""What a sample class is made of: its students, and what each hands in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from examples.edits import Edit

Names = tuple[str, ...]


@dataclass(frozen=True)
class Work:
    """One submission.

    Parameters
    ----------
    what : what it is, for the table
    points : what it must score, without the written question; None: it cannot be graded
    mistakes : the catalogued mistakes that must be named, by exercise, and no others
    like : the student whose answers it has where it has none of its own; None: stubs
    edit : what happened to the notebook after it was written
    said : parts of remarks or repairs that must be there, or of why it is not graded
    """

    what: str
    points: float | None
    mistakes: Mapping[str, Names] = field(default_factory=dict)
    like: str | None = None
    edit: Edit | None = None
    said: Names = ()


@dataclass(frozen=True)
class Student:
    """A student of the sample class.

    Parameters
    ----------
    name : the folder's
    work : by problem set
    carries : the notebooks have the cell that carries files; the others are without it, as
        those of an earlier year are
    """

    name: str
    work: Mapping[str, Work]
    carries: bool = False
