"""The test cells of one submission, in a tester's process beside the student's.

The process is made when the first one is reached, and anew where either process was lost: then
it has to be told again what the instructor's code before a cell defines.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from autograder.course.outside.plan import TestCell
from autograder.sandbox import Sandbox, Session
from autograder.sandbox.relay import Relayed, relay

# Of a `TestCell`: the tester's process is told of them, whatever it runs for that cell.
NAMES = ("names", "mine", "theirs", "imports", "step", "back")


class Testing:
    """Runs test cells outside the student's process.

    Parameters
    ----------
    files : of the assignment
    random_seed : as that of the student's process
    """

    __test__ = False  # pytest takes the name for a test's

    def __init__(self, sandbox: Sandbox, files: Mapping[str, bytes], random_seed: int) -> None:
        self.sandbox, self.files, self.random_seed = sandbox, files, random_seed
        self.ran: set[int] = set()
        self.session: Session | None = None

    def close(self) -> None:
        """End the tester's process."""
        if self.session is not None:
            self.session.close()
            self.session = None
            self.ran.clear()

    def run(
        self, cell: TestCell, source: str, student: Session, seconds: float, record: bool = False
    ) -> Relayed:
        """Run a test cell, after what it needs of the instructor's code.

        Parameters
        ----------
        source : of the cell, with its hidden tests
        student : the process of the submission
        seconds : of wall time, for the cell and for each piece of code before it
        record : note what it uses of the student's objects, and allow all of it
        """
        if self.session is None:
            left = max(student.deadline - time.monotonic(), 1.0)
            self.session = self.sandbox.session(self.files, left, self.random_seed, tester=True)
        for piece in cell.pieces:
            if piece.number not in self.ran:
                self.ran.add(piece.number)
                told = self._relay(cell, piece.source, student, seconds, record)
                if told.lost:
                    return told
        self.ran.add(cell.number)
        return self._relay(cell, source, student, seconds, record, itself=True)

    def _relay(
        self,
        cell: TestCell,
        source: str,
        student: Session,
        seconds: float,
        record: bool,
        itself: bool = False,
    ) -> Relayed:
        assert self.session is not None
        question = {
            **{name: list(getattr(cell, name)) for name in NAMES},
            "present": list(cell.present) if itself else [],
            "needs": None if cell.needs is None else list(cell.needs),
            "files": cell.files,
            "source": source,
            "record": record,
        }
        told = relay(self.session, student, question, seconds)
        if told.lost:
            self.close()
        return told
