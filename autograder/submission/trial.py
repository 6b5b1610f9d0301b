"""Where each test cell of an assignment is judged: tried with the instructor's own solutions.

All cells run once in one process, as nbgrader runs them, and once with the tests outside.  A test
that its solution passes only in one process stays there.  What a test does with the solution's
objects is noted: a student's objects are asked for no more than that.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from autograder.base.words import printable
from autograder.course.assignment import Assignment
from autograder.course.course import Course, ReleasedCells
from autograder.course.folder import write_atomically
from autograder.course.outside.decided import TEST_CELLS_FILE, read_decisions, with_decisions
from autograder.course.outside.look import why_inside
from autograder.course.outside.names import names_of
from autograder.course.outside.plan import INSIDE, OUTSIDE, SOLUTION, TEST, Decision, Given, plan
from autograder.sandbox import IsolationUnavailable, Sandbox, SandboxLost, Session, SessionLost
from autograder.submission.testing import Testing

TRIES = 3  # of the notebook, each time with those inside that the last one found
RANDOM_SEED = 1
PATIENCE = 3  # times the time that a submission has
RANDOM = "random"  # it draws on from where the student's functions stopped
ONLY_THERE = "its own solution passes it only in one process"
ANOTHER = "another result"
FAILS_ITSELF = "its own solution does not pass it"


@dataclass(frozen=True)
class _Ended:
    """How a test cell went: its error, or the number at its end."""

    error: str = ""
    result: str = ""
    needs: tuple[str, ...] = ()


def tried(
    cells: Sequence[Given], files: Mapping[str, bytes], sandbox: Sandbox
) -> dict[str, Decision]:
    """Return how each test cell is judged, by name.

    Parameters
    ----------
    cells : of the instructor's notebook; a solution cell of which no solution is known runs as it
        was released
    files : beside the notebook
    sandbox : where they run

    Raises
    ------
    IsolationUnavailable, SandboxLost
    """
    together = _Trial(cells, files, sandbox).together()
    decided = {
        cell.name: Decision(INSIDE, why)
        for cell in cells
        if cell.kind == TEST and (why := why_inside(cell.source))
    }
    for _ in range(TRIES):
        apart, inside = _Trial(cells, files, sandbox).apart(decided)
        new = {
            name: Decision(INSIDE, f"{ONLY_THERE} ({one.error or ANOTHER})")
            for name, one in apart.items()
            if not together[name].error and one != _like(together[name], one)
        }
        for name, one in inside.items():
            if not together[name].error and one != together[name]:
                why = f"{name} stays inside and uses what it defines"
                new |= {other: Decision(INSIDE, why) for other in _defining(cells, name, apart)}
        decided |= new
        if not new:
            break
    for name, one in apart.items():
        if name not in decided:
            error = together[name].error
            why = f"{FAILS_ITSELF} ({error})" if error else ""
            # Of a test that fails before its end nobody knows what it needs.
            decided[name] = Decision(OUTSIDE, why, None if one.error else one.needs)
    draw = {name for name, one in decided.items() if RANDOM in (one.needs or ())}
    if draw:
        # Most tests that draw numbers seed themselves, or take any: then nobody chooses for them.
        alone = {name: _without(one, RANDOM) for name, one in decided.items() if name in draw}
        again, _ = _Trial(cells, files, sandbox).apart(decided | alone, alone)
        decided |= {
            name: one
            for name, one in alone.items()
            if _like(again[name], apart[name]) == apart[name]
        }
    return decided


def tried_out(
    course: Course, name: str, released: ReleasedCells, isolation: str = "bwrap"
) -> tuple[Assignment, ...]:
    """Return an assignment as it was released, its test cells tried where nobody did so yet.

    What is decided is kept in the course's folder, until the notebook changes. Without a source, or
    where nothing can be run, the text of each cell says alone where it is judged.

    Raises
    ------
    CourseError : see `Course.assignment`
    """
    return tuple(_tried_out(course, one, isolation) for one in course.assignment(name, released))


def _tried_out(course: Course, one: Assignment, isolation: str) -> Assignment:
    cells, key = course.script(one.name, one.notebook, one.master), f"{one.name}/{one.notebook}"
    asked = any(cell.kind == TEST for cell in cells)
    solved = any(cell.solution for cell in cells)
    if not asked or not solved or read_decisions(course.folder, key, cells) is not None:
        return one
    try:
        with Sandbox(isolation, preload=one.preload, packages=one.packages) as sandbox:
            # What is decided stays; it must not depend on what else the machine does now.
            usual = sandbox.limits
            sandbox.limits = replace(
                usual,
                cell_seconds=PATIENCE * usual.cell_seconds,
                session_seconds=PATIENCE * usual.session_seconds,
            )
            decided = tried(cells, one.files, sandbox)
    except (IsolationUnavailable, SandboxLost, ConnectionError):
        return one
    with suppress(OSError):  # in a course that cannot be written to it is tried each time
        kept = with_decisions(course.folder, key, cells, decided)
        write_atomically(course.folder / TEST_CELLS_FILE, kept)
    return replace(one, planned=tuple(plan(cells, one.files, decided)))


def _defining(cells: Sequence[Given], name: str, outside: Container[str]) -> Iterator[str]:
    """Yield the tests outside that define what a later test reads."""
    tests = [cell for cell in cells if cell.kind == TEST]
    last = next(place for place, cell in enumerate(tests) if cell.name == name)
    reads = names_of(tests[last].source).reads
    for cell in tests[:last]:
        if cell.name in outside and names_of(cell.source).binds & reads:
            yield cell.name


def _without(one: Decision, need: str) -> Decision:
    return replace(one, needs=tuple(other for other in one.needs or () if other != need))


def _like(one: _Ended, other: _Ended) -> _Ended:
    return _Ended(one.error, one.result, other.needs)


class _Trial:
    def __init__(
        self, cells: Sequence[Given], files: Mapping[str, bytes], sandbox: Sandbox
    ) -> None:
        self.cells, self.files, self.sandbox = cells, files, sandbox
        self.seconds = sandbox.limits.cell_seconds
        self.session: Session | None = None

    def together(self) -> dict[str, _Ended]:
        """Run all cells in one process, and return how each test went."""
        ended = {}
        for cell in self.cells:
            outputs = self._run(cell)
            if cell.kind == TEST:
                ended[cell.name] = _ended(outputs)
        self._close()
        return ended

    def apart(
        self, decided: Mapping[str, Decision], held: Container[str] = ()
    ) -> tuple[dict[str, _Ended], dict[str, _Ended]]:
        """Run all cells, those tests outside that are not decided to be inside.

        Parameters
        ----------
        held : tests for which no more is passed on than is decided

        Returns
        -------
        how each test went, those outside and those inside
        """
        ended: dict[str, _Ended] = {}
        inside: dict[str, _Ended] = {}
        planned = {one.name: one for one in plan(self.cells, self.files, decided)}
        testing = Testing(self.sandbox, self.files, RANDOM_SEED)
        for cell in self.cells:
            if cell.kind != TEST or planned[cell.name].way == INSIDE:
                outputs = self._run(cell)
                if cell.kind == TEST:
                    inside[cell.name] = _ended(outputs)
                continue
            session = self._there()
            record = cell.name not in held
            told = testing.run(planned[cell.name], cell.source, session, self.seconds, record)
            outputs = [_lost(told.lost or "")] if told.outputs is None else told.outputs
            ended[cell.name] = _ended(outputs, told.needs)
            if session.lost is not None:
                self._close()
        testing.close()
        self._close()
        return ended, inside

    def _there(self) -> Session:
        if self.session is None:
            self.session = self.sandbox.session(self.files, random_seed=RANDOM_SEED)
        return self.session

    def _run(self, cell: Given) -> list[dict[str, Any]]:
        text = cell.solution if cell.kind == SOLUTION and cell.solution else cell.source
        try:
            return self._there().run_cell(text, scored=cell.kind == TEST)
        except SessionLost as failure:
            self._close()
            return [_lost(str(failure))]

    def _close(self) -> None:
        if self.session is not None:
            self.session.close()
            self.session = None


def _lost(reason: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": "Stopped", "evalue": reason, "traceback": []}


def _ended(outputs: Sequence[Mapping[str, Any]], needs: tuple[str, ...] = ()) -> _Ended:
    error, result = "", ""
    for one in outputs:
        if one["output_type"] == "error":
            first = (one["evalue"].splitlines() or [""])[0]
            error = printable(f"{one['ename']}: {first}".removesuffix(": "))[:200]
        elif one["output_type"] == "execute_result":
            result = one["data"]["text/plain"]
    return _Ended(error, result, needs)
