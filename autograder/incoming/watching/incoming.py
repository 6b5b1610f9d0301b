"""A folder into which hand-ins come, from a shared drive, say; `autograder collect` says whose.

What changes there is collected once it has stopped changing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from autograder.course.folder import CourseError
from autograder.incoming.collecting.collect import opened
from autograder.incoming.collecting.gathering import Request


class Incoming:
    """A folder of one assignment's hand-ins.

    Parameters
    ----------
    course, assignment : whose hand-ins they are
    folder : as `autograder collect` takes one

    Raises
    ------
    CourseError : there is no such folder
    """

    def __init__(self, course: Path, assignment: str, folder: Path) -> None:
        if not folder.is_dir():
            raise CourseError(f"there is no folder {folder}")
        self.folder = folder.resolve()
        # What changes here is what the student left there last.
        self._request = Request(course, assignment, self.folder, replace=True)
        self._taken: list[tuple[str, int, int]] = []
        self._before = self._taken

    def take(self, busy: Collection[str]) -> list[str]:
        """Collect what is new, but for these students' work; return what a person should know.

        Raises
        ------
        CourseError, OSError : it cannot be collected now
        """
        seen = sorted(self._contents())
        settled, self._before = seen == self._before, seen
        if not seen or not settled or seen == self._taken:
            return []
        with opened(self._request) as collection:
            free = [student for student in collection.students if student not in busy]
            rows = [collection.take(student, False) for student in free]
            collection.remember()
            said = list(collection.collected(rows).remarks())
            if len(free) == len(collection.students):
                self._taken = seen
        return said

    def _contents(self) -> Iterator[tuple[str, int, int]]:
        for path in self.folder.rglob("*"):
            status = path.lstat()
            yield str(path), status.st_size, status.st_mtime_ns
