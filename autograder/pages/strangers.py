"""Hand-ins of nobody in the roster, which no system can give a mark to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from autograder.base.words import counted, printable
from autograder.course.course import Course
from autograder.gradebook import GradebookStore
from autograder.gradebook.scores import strangers

NAMED = 10


def said_of_strangers(course: Path, assignments: Sequence[str]) -> list[str]:
    """Return a sentence on each assignment that somebody handed in whom the roster does not know.

    Raises
    ------
    CourseError : the gradebook cannot be read
    """
    said = []
    with GradebookStore.open(Course(course).gradebook_url) as gradebook:
        roster = gradebook.roster()
        for name in assignments:
            lying = {path.parent.name for path in (course / "submitted").glob(f"*/{name}")}
            found = strangers(roster, lying | set(gradebook.scores(name)))
            who = [*map(printable, found[:NAMED])]
            if len(found) > NAMED:
                who.append(f"and {len(found) - NAMED} more")
            if found:
                number = counted(len(found), "hand-in")
                said.append(f"{name}: {number} of nobody in your roster: {', '.join(who)}")
    return said
