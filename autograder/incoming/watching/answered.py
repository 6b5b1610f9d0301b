"""Which hand-ins a watcher has answered, and when: a line each, written when all else is done.

So a watcher that was killed goes on where it was, and what a course allows each student in a
day counts over restarts.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
from contextlib import suppress
from pathlib import Path

from autograder.course.handed_in.files import survey

ANSWERED_FILE = ".answered-{}.jsonl"  # of an assignment, beside the students' folders
DAY_SECONDS = 86_400.0


def look_of(folder: Path) -> str | None:
    """Return what stands for a hand-in as it lies there, another for another; None: there is none.

    Names, sizes and times of its files tell that; links are not followed, and nothing is opened.
    """
    try:
        mode = folder.lstat().st_mode
    except OSError:
        return None
    found = [("", mode, 0)]
    if folder.is_dir() and not folder.is_symlink():
        seen = survey(folder)
        for name in (*seen.files, *seen.left_out):
            with suppress(OSError):  # gone meanwhile
                status = (folder / name).lstat()
                found.append((name, status.st_size, status.st_mtime_ns))
    return hashlib.sha256(json.dumps(sorted(found)).encode()).hexdigest()


class Answered:
    """The record of one assignment.

    Parameters
    ----------
    course : the course's folder
    assignment : whose record it is
    """

    def __init__(self, course: Path, assignment: str) -> None:
        self._path = course / "autograded" / ANSWERED_FILE.format(assignment)
        self._looks: dict[str, str] = {}
        self._times: dict[str, list[float]] = {}
        with suppress(FileNotFoundError):
            for line in self._path.read_bytes().splitlines():
                with suppress(ValueError, TypeError):  # a line that a full disk cut off
                    student, look, when = json.loads(line)
                    if isinstance(student, str) and (when is None or math.isfinite(when)):
                        self._note(student, look, when)

    def has(self, student: str, look: str) -> bool:
        """Tell whether the last answer of a student is to this hand-in."""
        return self._looks.get(student) == look

    def allowed_at(self, student: str, per_day: int, now: float) -> float:
        """Return when the next hand-in of a student may be answered, in seconds since 1970.

        Parameters
        ----------
        per_day : how many are answered in a day, or 0 for all
        now : in seconds since 1970
        """
        # A clock that was wrong and was set back would keep a student waiting for ever.
        times = sorted(when for when in self._times.get(student, ()) if when <= now)
        if not per_day or len(times) < per_day:
            return 0.0
        return times[-per_day] + DAY_SECONDS

    def note(self, student: str, look: str, when: float | None) -> None:
        """Note an answer.

        Parameters
        ----------
        when : in seconds since 1970; None where it does not count, because nothing was graded

        Raises
        ------
        OSError : it cannot be written
        """
        # In one piece, so that a kill leaves whole lines. What a full disk cut off ends here.
        line = f"\n{json.dumps([student, look, when])}".encode()
        with open(self._path, "ab", buffering=0) as file:
            if file.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._note(student, look, when)

    def _note(self, student: str, look: str, when: float | None) -> None:
        self._looks[student] = look
        if when is not None:
            self._times.setdefault(student, []).append(when)
