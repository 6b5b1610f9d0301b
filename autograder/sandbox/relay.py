"""The trusted process between a student's process and a tester's: passes messages on.

A test cell runs in the tester's process, which has the instructor's code and nothing of the
student's. What it asks of the student's process goes through here, message by message: read by
the wire's rules, bounded in time, number and depth, and written anew. Neither process has
anything of the other but what stands in these messages.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from autograder.sandbox.session import MALFORMED, Session, SessionLost, shown

AFTERWARDS_SECONDS = 5  # for a test cell to end once what it called had to be ended
DEEPEST = 60  # of messages that answer each other, before nothing more is asked


@dataclass
class Relayed:
    """How a test cell went.

    Parameters
    ----------
    outputs : in notebook format 4; None where the tester's process was lost
    lost : why one of the processes had to be ended, in words; None where both are there
    needs : what it used, where that was to be noted
    """

    outputs: list[dict[str, Any]] | None = None
    lost: str | None = None
    needs: tuple[str, ...] = field(default=())


def relay(
    tester: Session, student: Session, question: Mapping[str, Any], seconds: float
) -> Relayed:
    """Run a cell in a tester's process, whose questions a student's process answers.

    Parameters
    ----------
    question : what is to be run, and what it may ask for, see `inside.tester.Tester.run`
    seconds : of wall time for all of it

    Returns
    -------
    Relayed; `Session.lost` says which process, if any, is no longer there
    """
    until = time.monotonic() + seconds
    between = _Relay(tester, student, until, seconds)
    try:
        tester.send({"do": "test", **question}, seconds)
        answer = between.run()
    except SessionLost as failure:
        if student in between.asked and student.lost is None:
            student.lose("it waited for a test that had to be ended")
        return Relayed(None, str(failure))
    outputs, needs = answer.get("outputs"), answer.get("needs")
    if type(outputs) is not list or type(needs) is not list:
        tester.lose(MALFORMED)
        return Relayed(None, tester.lost)
    outputs = shown(outputs, tester.limits, scored=True)
    return Relayed(outputs, student.lost, tuple(one for one in needs if type(one) is str))


class _Relay:
    def __init__(self, tester: Session, student: Session, until: float, seconds: float) -> None:
        self.tester, self.student = tester, student
        self.until, self.seconds = until, seconds
        # Who is to answer, the one that is asked now last: tester, student, tester, ...
        self.asked = [tester]

    def run(self) -> dict[str, Any]:
        """Pass messages on until the tester's process is done, and return its answer."""
        asked = self.asked
        while True:
            now = asked[-1]
            message = self._received(now)
            if message is None:
                # The student's process has gone: whoever waits for it is told, and goes on.
                self.until = max(self.until, time.monotonic() + AFTERWARDS_SECONDS)
                del asked[asked.index(self.student) :]
                self._answer(asked[-1], {"lost": self.student.lost})
            elif "ask" in message:
                other = self.student if now is self.tester else self.tester
                if len(asked) > DEEPEST:
                    self._answer(now, {"lost": "too many calls inside one another"})
                elif other.lost is not None:
                    self._answer(now, {"lost": other.lost})
                else:
                    self._send(other, {"do": "peer", "question": message})
                    asked.append(other)
            elif type(message.get("answer")) is dict:
                asked.pop()
                if not asked:
                    return message["answer"]
                self._answer(asked[-1], message["answer"])
            elif now is self.student:
                self.student.lose(MALFORMED)
            else:
                raise self.tester.lose(MALFORMED)

    def _received(self, session: Session) -> dict[str, Any] | None:
        """Return the next message; None where the student's process has gone."""
        try:
            what = "this test cell" if session is self.tester else "what this test cell calls"
            return session.receive(self.until, what, self.seconds)
        except SessionLost:
            if session is self.tester:
                raise
            return None

    def _answer(self, session: Session, reply: dict[str, Any]) -> None:
        # Wrapped: what a student's process answers must never be read as an order.
        self._send(session, {"reply": reply})

    def _send(self, session: Session, message: dict[str, Any]) -> None:
        try:
            session.send(message, max(self.until - time.monotonic(), 0.01))
        except SessionLost:
            if session is self.tester:
                raise
