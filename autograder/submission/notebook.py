"""One submission from bytes to verdicts: sanitise, run in the sandbox, judge.

Never raises for anything that a submission can contain.  Knows no database.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from autograder.catalogue.lent import lent
from autograder.catalogue.model import Exercise, Specimen
from autograder.course.assignment import Assignment, exercise_asked
from autograder.judging import cards
from autograder.judging.judge import (
    NOT_WRITTEN,
    Verdict,
    answered_for,
    carry_forward,
    judge,
    unjudged,
)
from autograder.sandbox import RemoteObject, Sandbox, SandboxLost, Session, SessionLost
from autograder.submission.causes import (
    NO_CELL,
    NOT_RUN,
    STOPPED,
    CellRun,
    defines,
    failed,
    why_missing,
)
from autograder.submission.graded_cells import NOTE
from autograder.submission.outputs import KeptOutputs
from autograder.submission.sanitise import free_id, sanitise
from autograder.submission.slips import blocks, does_nothing
from autograder.submission.test_cells import (
    INSIDE,
    OUTSIDE,
    CellVerdict,
    as_counted,
    judged,
    plain,
    verdict_on,
)
from autograder.submission.testing import Testing

# Takes the place, in later cells, of a function that did not come back when it was
# judged: they would hang in it one after the other.
STAND_IN = """
def {name}(*_, **__):
    raise TimeoutError("{name} did not come back when it was judged, so it is not called again")
"""
SANDBOX_TRIES = 3  # tries of a submission during which the fork server is killed
NO_ISOLATION = "Graded without isolation: its code could do all that the grader can."


OnVerdict = Callable[[Verdict], None]


@dataclass(frozen=True)
class GradedNotebook:
    """A submission after grading.

    Parameters
    ----------
    notebook : with outputs; each grade cell holds its card and its points
    verdicts : in the order of the master's grade cells
    repairs : what was put right before grading, a sentence each
    remarks : how the run went where it did not go to its end, a sentence each
    isolation : how student code was confined: "bwrap" or "none"
    seconds : wall time
    starved : it ran out of time though it lacked a processor for part of it
    """

    notebook: NotebookNode
    verdicts: tuple[Verdict, ...]
    repairs: tuple[str, ...]
    remarks: tuple[str, ...]
    isolation: str
    seconds: float
    starved: bool = False


def grade_notebook(
    submission: NotebookNode,
    assignment: Assignment,
    sandbox: Sandbox,
    seed: int,
    on_verdict: OnVerdict | None = None,
    beside: tuple[str, ...] = (),
    missing: bool = False,
) -> GradedNotebook:
    """Grade one submission.

    Parameters
    ----------
    submission : as read by `autograder.submission.sanitise.read_submission`
    assignment : its master cells and files
    sandbox : where its code runs
    seed : of this student's fixtures for this assignment
    on_verdict : called with each verdict at once; a later one on the same exercise replaces it
    beside : what lies beside it and is left alone, in sentences
    missing : it was not handed in, so that each of its cells is; that is told once, in `beside`

    Returns
    -------
    GradedNotebook

    Raises
    ------
    IsolationUnavailable : the sandbox cannot be started
    SandboxLost : it was killed in the middle, again and again
    """
    notebook, repairs = sanitise(
        submission, assignment.master, assignment.releases, assignment.prose
    )
    told = () if missing else tuple(repairs)
    return judge_notebook(notebook, assignment, sandbox, seed, told, beside, on_verdict)


def judge_notebook(
    notebook: NotebookNode,
    assignment: Assignment,
    sandbox: Sandbox,
    seed: int,
    repairs: tuple[str, ...] = (),
    remarks: tuple[str, ...] = (),
    on_verdict: OnVerdict | None = None,
) -> GradedNotebook:
    """Run and judge a notebook that has been sanitised; see `grade_notebook`."""
    started = time.monotonic()
    asked = {
        exercise.name
        for cell in notebook.cells
        if (exercise := exercise_of(cell, assignment.exercises))
    }
    for left in reversed(range(SANDBOX_TRIES)):
        run = Run(assignment, sandbox, seed, set(asked), on_verdict, remarks=list(remarks))
        try:
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    run.visit(cell)
                else:
                    run.cells.append(CellRun(0, cell.cell_type, cell.source))
            run.second_chances()
            break
        except SandboxLost:
            if not left:
                raise
        finally:
            run.close()
    return _finished(notebook, run, repairs, started)


def write_unfinished(
    submission: NotebookNode,
    assignment: Assignment,
    isolation: str,
    reason: str,
    verdicts: Sequence[Verdict],
    beside: tuple[str, ...] = (),
) -> GradedNotebook:
    """Write the graded notebook of a submission whose grading was ended; nothing is run.

    Parameters
    ----------
    reason : why it was ended, for the remarks and for what is not judged
    verdicts : those that stand
    beside : what lies beside it and is left alone, in sentences
    """
    started = time.monotonic()
    notebook, repairs = sanitise(
        submission, assignment.master, assignment.releases, assignment.prose
    )
    remarks = [f"Stopped: {reason}; what was judged until then stands.", *beside]
    run = Run(assignment, Sandbox(isolation), 0, remarks=remarks)
    run.over = reason
    known = {verdict.exercise: verdict for verdict in verdicts}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            run.visit(cell)
            exercise = exercise_of(cell, assignment.exercises)
            name = exercise.name if exercise else cell.metadata.get("nbgrader", {}).get("grade_id")
            if exercise is not None and name in known:
                run.conclude(cell, exercise, known[name])
            elif isinstance(verdict := known.get(name), CellVerdict):
                run.set_down(cell, verdict)
    return _finished(notebook, run, tuple(repairs), started)


def _finished(
    notebook: NotebookNode, run: Run, repairs: tuple[str, ...], started: float
) -> GradedNotebook:
    isolation = run.sandbox.isolation
    notebook.metadata[NOTE] = {
        "isolation": isolation,
        "remarks": list(run.remarks),
        "repairs": list(repairs),
    }
    if repairs or run.remarks:
        notebook.cells.insert(0, _remarks_cell(notebook, repairs, run.remarks))
    return GradedNotebook(
        notebook,
        tuple(run.verdicts.values()),
        repairs,
        tuple(run.remarks),
        isolation,
        time.monotonic() - started,
        run.starved,
    )


@cache
def judges_specimens(exercise: Exercise) -> bool:
    """Tell whether an exercise asks for a test of functions, `Specimen`s, that it is given."""
    rng = np.random.default_rng(0)
    gate = exercise.criteria[0].fixtures(rng)
    return any(type(argument) is Specimen for call in gate for argument in call)


def exercise_of(cell: NotebookNode, exercises: Mapping[str, Exercise]) -> Exercise | None:
    """Return which of these exercises a grade cell is for, or None for any other cell."""
    owned = cell.metadata.get("nbgrader", {})
    if not owned.get("grade") or cell.cell_type != "code":
        return None
    return exercises.get(exercise_asked(str(owned.get("grade_id", "")), cell.source) or "")


@dataclass(frozen=True)
class _Later:
    """An exercise that is to be judged at the end.

    Parameters
    ----------
    found : what was judged at its check cell; None is what its name stands for at the end
    """

    cell: NotebookNode
    exercise: Exercise
    found: RemoteObject | None = None


@dataclass
class Run:
    """The course of one submission through its sessions.

    Parameters
    ----------
    pending : the exercises that have no final verdict yet: all that are asked, at first
    """

    assignment: Assignment
    sandbox: Sandbox
    seed: int
    pending: set[str] = field(default_factory=set)
    on_verdict: OnVerdict | None = None
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.limits = self.sandbox.limits
        self.exercises = self.assignment.exercises
        self.released = {cell.grade_id: cell.handed_out for cell in self.assignment.master}
        self.deadline = time.monotonic() + self.limits.session_seconds
        self.restarts = self.limits.restarts
        # Student code can see this one, and it must say nothing of the fixtures' seed.
        digest = hashlib.sha256(f"global random state {self.seed}".encode()).digest()
        self.random_seed = int.from_bytes(digest[:4], "big")
        self.testing = Testing(self.sandbox, self.assignment.files, self.random_seed)
        self.outputs = KeptOutputs(self.limits)
        self.done: list[str] = []
        self.cells: list[CellRun] = []
        self.later: list[_Later] = []
        self.judgements: Counter[str] = Counter()
        self.count = 0
        self.over: str | None = None
        self.starved = False
        if self.sandbox.isolation == "none":
            self.remarks.append(NO_ISOLATION)
        self.session: Session | None = None

    def close(self) -> None:
        self.testing.close()
        if self.session is not None:
            self.starved = self.starved or self.session.starved
            self.session.close()

    def visit(self, cell: NotebookNode) -> None:
        self.count += 1
        owned = cell.metadata.get("nbgrader", {})
        if owned.get("grade") and not owned.get("solution"):
            exercise = exercise_of(cell, self.exercises)
            if exercise is None:
                self.judge_test(cell)
            else:
                self.judge_cell(cell, exercise)
            return
        cell.execution_count = self.count
        if self.ready():
            cell.outputs = self.outputs.keep(self.run_cell(cell.source))
            self.cells.append(_ended(self.count, cell))
        else:
            cell.outputs = [_stream(f"Not run: {self.over}.\n")]
            self.cells.append(CellRun(self.count, "code", cell.source, NOT_RUN, str(self.over)))

    def ready(self) -> bool:
        """Whether there is a session to work with, starting the first one."""
        if self.session is None and self.over is None:
            self.start()
        return self.over is None

    def start(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            self.over = f"the submission used up its {self.limits.session_seconds:g} s"
            self.remarks.append(f"Stopped: {self.over}.")
            return
        self.session = self.sandbox.session(self.assignment.files, left, self.random_seed)

    def run_cell(self, source: str, scored: bool = False) -> list[Any]:
        assert self.session is not None
        try:
            outputs = self.session.run_cell(source, scored=scored)
        except SessionLost as failure:
            reason = str(failure)
            self.remarks.append(f"Code cell {self.count} was left out: {reason}.")
            self.take_up_again()
            return [_output("error", ename=STOPPED, evalue=reason, traceback=[reason])]
        self.done.append(source)
        return outputs

    def take_up_again(self) -> None:
        """Bring a fresh child to where the lost one was, without what ended it."""
        while True:
            self.close()
            if self.restarts == 0:
                self.over = f"its process was lost {self.limits.restarts + 1} times"
                self.remarks.append(f"Stopped: {self.over}.")
                return
            self.restarts -= 1
            self.start()
            if self.over is not None or self.replay():
                return

    def forget(self) -> None:
        """Go on in a fresh child that was brought to where this one is, and saw nothing.

        The right ones of the functions that a test is given answer alike in each judgement:
        what was noted of them in the first would tell them in the next.
        """
        self.close()
        self.start()
        if self.over is None and not self.replay():
            self.take_up_again()

    def replay(self) -> bool:
        assert self.session is not None
        for number, source in enumerate(self.done):
            try:
                self.session.run_cell(source)
            except SessionLost as failure:
                # It ran well the first time and not now: leave it out, so that restarting ends.
                del self.done[number]
                self.remarks.append(f"A code cell was left out when run again: {failure}.")
                return False
        return True

    def judge_test(self, cell: NotebookNode) -> None:
        """Judge a test cell of the instructor's own."""
        owned, said = cell.metadata.nbgrader, ""
        if exercise_asked(owned.grade_id, cell.source):  # `autograder grade` refuses to begin
            said = "not judged: the catalogue has no such exercise"
            self.remarks.append(f"{owned.grade_id} was {said}.")
        elif not self.ready():
            said = f"not judged: {self.over}"
        if said:
            self.set_down(cell, verdict_on(owned.grade_id, float(owned.points), 0.0, said))
            return
        released = self.released.get(owned.grade_id, cell.source)
        outputs, asserted = self.test_cell(cell)
        verdict = judged(cell, outputs, asserted, released)
        self.set_down(cell, as_counted(verdict, self.assignment.inside), outputs)

    def test_cell(self, cell: NotebookNode) -> tuple[list[Any], str]:
        """Run a test cell; return its outputs, and where it ran."""
        planned = self.assignment.tests.get(cell.metadata.nbgrader.grade_id)
        if planned is None or planned.way == INSIDE:
            return self.run_cell(cell.source, scored=True), INSIDE
        assert self.session is not None
        told = self.testing.run(planned, cell.source, self.session, self.limits.cell_seconds)
        outputs = told.outputs
        if told.lost:
            self.remarks.append(f"Test cell {planned.name}: {told.lost}.")
        if outputs is None:
            said = told.lost or ""
            outputs = [_output("error", ename=STOPPED, evalue=said, traceback=[said])]
        if self.session.lost is not None:
            self.take_up_again()
        return outputs, OUTSIDE

    def set_down(
        self, cell: NotebookNode, verdict: CellVerdict, outputs: Sequence[Any] = ()
    ) -> None:
        """Set down the verdict on a test cell: its card, what it showed, and its points."""
        self.verdicts[verdict.exercise] = verdict
        cell.execution_count = self.count
        card, result = verdict_outputs(verdict, None, self.count)
        shown = [one for one in plain(outputs) if one.output_type != "execute_result"]
        cell.outputs = [card, *self.outputs.keep(shown), result]
        if self.on_verdict is not None:
            self.on_verdict(verdict)

    def judge_cell(
        self,
        cell: NotebookNode,
        exercise: Exercise,
        last: bool = False,
        found: RemoteObject | None = None,
    ) -> None:
        """Judge an exercise at its check cell, or at the end.

        Parameters
        ----------
        last : there is no later chance
        found : what is to be judged; None is what the exercise's name stands for now
        """
        if not self.ready():
            self.conclude(cell, exercise, unjudged(exercise, f"not judged: {self.over}"))
            return
        assert self.session is not None
        try:
            if found is None or found.session is not self.session:
                # Bound now, so that using the name for something else later costs nothing.
                found = self.session.bind(exercise.name)
        except SessionLost as failure:
            self.remarks.append(f"{exercise.name} could not be judged: {failure}.")
            self.take_up_again()
            self.conclude(cell, exercise, unjudged(exercise, str(failure)))
            return
        if found.kind == "missing":
            if not last:
                self.later.append(_Later(cell, exercise))
            # Keep this exercise's place in the order of verdicts.
            self.conclude(cell, exercise, unjudged(exercise, self.missing_words(exercise)))
        elif found.kind != exercise.kind:
            what = f"{exercise.name} is {_article(found.kind)}, not a {exercise.kind}"
            self.conclude(cell, exercise, unjudged(exercise, what))
        else:
            verdict = self.told(exercise, self.judged(exercise, found)[0])
            if verdict.findings[0].message == NOT_WRITTEN and not last:
                self.later.append(_Later(cell, exercise))
            elif not verdict.passed and self.session.lost is None:
                if not last and self.pending.intersection(exercise.needs):
                    self.later.append(_Later(cell, exercise, found))
                else:
                    verdict = self.carried_forward(exercise, found, verdict)
            self.conclude(cell, exercise, self.with_cause(exercise, verdict))
            if self.session.lost is not None:
                self.remarks.append(f"Judging {exercise.name}: {self.session.lost}.")
                self.done.append(STAND_IN.format(name=exercise.name))
                self.take_up_again()

    def missing_words(self, exercise: Exercise) -> str:
        """Say that an exercise is not defined, and why."""
        why = why_missing(exercise.name, self.cells, list(self.assignment.points))
        stub = next((one for one in self.assignment.master if one.grade_id == exercise.name), None)
        # Where students get no line of it, the stub defines nothing.
        if why == NO_CELL and stub and any(one.source == stub.source for one in self.cells):
            return NOT_WRITTEN
        return f"{exercise.name} is not defined: {why}"

    def told(self, exercise: Exercise, verdict: Verdict) -> Verdict:
        """Return a verdict that says "not written yet" of a function whose body does nothing."""
        first = verdict.findings[0]
        if first.passed or first.message == NOT_WRITTEN or not self.is_left_as_found(exercise):
            return verdict
        return unjudged(exercise, NOT_WRITTEN)

    def is_left_as_found(self, exercise: Exercise) -> bool:
        """Whether the last cell that ran and defines an exercise does nothing in it."""
        ran = (one.source for one in reversed(self.cells) if one.kind == "code" and not one.error)
        source = next((source for source in ran if defines(source, exercise.name)), "")
        there = blocks(source, exercise.name)
        return len(there) == 1 == defines(source, exercise.name) and does_nothing(there[0])

    def with_cause(self, exercise: Exercise, verdict: Verdict) -> Verdict:
        """Add to a verdict which cell failed, where that is why its first criterion does."""
        first, *others = verdict.findings
        lacking = re.search(r"NameError: name '(\w{1,80})' is not defined", first.message)
        if first.message == NOT_WRITTEN:
            why, said = failed(exercise.name, self.cells), f"what stands before it is {NOT_WRITTEN}"
        elif lacking and not first.passed:
            why, said = failed(lacking[1], self.cells), first.message
        else:
            return verdict
        message = f"{why}. {said[:1].upper()}{said[1:]}" if why else first.message
        return replace(verdict, findings=(replace(first, message=message), *others))

    def judged(
        self, exercise: Exercise, function: RemoteObject, needs: Sequence[str] = ()
    ) -> tuple[Verdict, set[str]]:
        """Judge with fixtures that nothing in this submission has met before.

        So what was noted in one judgement is worth nothing in the next one.

        Parameters
        ----------
        needs : what is answered rightly meanwhile, besides what the notebook does not have

        Returns
        -------
        the verdict, and which of the needs were asked
        """
        assert self.session is not None
        self.judgements[exercise.name] += 1
        text = f"judgement {self.judgements[exercise.name]} {self.seed}"
        digest = hashlib.sha256(text.encode()).digest()
        seed = int.from_bytes(digest[:16], "big")
        absent: list[str] = []
        asked: set[str] = set()
        verdict = None
        try:
            absent = self.absent(exercise)
            if not (needs or absent):
                return judge(exercise, function, seed), set()
            answers = {name: lent(self.exercises[name]) for name in (*needs, *absent)}
            with self.session.lending(answers, absent) as asked:
                verdict = judge(exercise, function, seed)
        except SessionLost as failure:
            if needs:  # what was judged before stands
                raise
            verdict = verdict or unjudged(exercise, str(failure))
        return answered_for(verdict, sorted(asked.intersection(absent))), asked.difference(absent)

    def absent(self, exercise: Exercise) -> list[str]:
        """Return what an exercise may call that is neither asked for nor there."""
        assert self.session is not None
        left_out = self.assignment.left_out(exercise)
        return [name for name in left_out if self.session.bind(name).kind == "missing"]

    def carried_forward(
        self, exercise: Exercise, function: RemoteObject, alone: Verdict
    ) -> Verdict:
        """Judge once more with what it may call answered from here, where that may be the cause.

        Lent are only functions that this exercise needs, only while it is judged, and none
        that is still to be judged itself: its stand-in would give its answers away.
        """
        assert self.session is not None
        share = self.assignment.carried_share
        needs = [
            name for name in exercise.needs if name not in self.pending and not self.is_right(name)
        ]
        if not needs or share == 0:
            return alone
        try:
            if judges_specimens(exercise):
                self.forget()
                if self.over is not None:
                    return alone
                function = self.session.bind(exercise.name)
            helped, asked = self.judged(exercise, function, needs)
        except SessionLost as failure:
            self.remarks.append(f"Judging {exercise.name} once more: {failure}.")
            self.take_up_again()
            return alone
        return carry_forward(exercise, alone, helped, [n for n in needs if n in asked], share)

    def is_right(self, name: str) -> bool:
        verdict = self.verdicts.get(name)
        return verdict is not None and verdict.passed and not verdict.carried_points

    def second_chances(self) -> None:
        """Judge what could not be judged fairly at its check cell.

        That is what was not yet defined there, or only the stub, and what failed while
        something that it needs was so.
        """
        # In the catalogue's order, in which what an exercise needs comes before it.
        order = list(self.exercises)
        waiting = sorted(self.later, key=lambda one: order.index(one.exercise.name))
        self.later = []
        for one in waiting:
            if self.over is None and judges_specimens(one.exercise):
                self.forget()
            if self.over is None:
                self.judge_cell(one.cell, one.exercise, last=True, found=one.found)
            self.pending.discard(one.exercise.name)

    def conclude(self, cell: NotebookNode, exercise: Exercise, verdict: Verdict) -> None:
        """Set down a verdict, unless there is a better one from the check cell."""
        if all(one.exercise is not exercise for one in self.later):
            self.pending.discard(exercise.name)
        before = self.verdicts.get(exercise.name)
        if before is not None and before.points > verdict.points:
            return
        self.verdicts[exercise.name] = verdict
        cell.execution_count = self.count
        cell.outputs = verdict_outputs(verdict, exercise, self.count)
        if self.on_verdict is not None:
            self.on_verdict(verdict)


def verdict_outputs(
    verdict: Verdict, exercise: Exercise | None, count: int | None
) -> list[NotebookNode]:
    """Return what a grade cell shows: the card, and the points that nbgrader reads."""
    most = verdict.max_points if exercise is None else exercise.points
    points = min(max(float(verdict.points), 0.0), most)
    card = {
        "text/plain": cards.verdict_text(verdict, exercise),
        "text/html": cards.verdict_html(verdict, exercise),
    }
    return _check_outputs(card, {NOTE: verdict.data}, points, count)


def _check_outputs(
    card: dict[str, str], note: dict[str, Any], points: float, count: int | None
) -> list[NotebookNode]:
    shown = {"text/plain": repr(points)}
    return [
        _output("display_data", data=NotebookNode(card), metadata=NotebookNode(note)),
        _output(
            "execute_result",
            data=NotebookNode(shown),
            metadata=NotebookNode(),
            execution_count=count,
        ),
    ]


def _ended(number: int, cell: NotebookNode) -> CellRun:
    """Return how a cell ended, from what it shows."""
    failure = next((item for item in cell.outputs if item.output_type == "error"), None)
    if failure is None:
        return CellRun(number, "code", cell.source)
    frames = (re.match(r'\s*File "<cell \d+>", line (\d{1,6})', row) for row in failure.traceback)
    line = next((int(frame[1]) for frame in frames if frame), None)
    return CellRun(number, "code", cell.source, failure.ename, failure.evalue, line)


def _article(kind: str) -> str:
    if kind == "class":
        return "a class"
    if kind == "NoneType":
        return "None"
    if kind == "ndarray":
        return "an array"
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"


def _stream(text: str) -> NotebookNode:
    return _output("stream", name="stdout", text=text)


def _output(kind: str, **content: Any) -> NotebookNode:
    """Return an output; `nbformat.v4.new_output` validates each, which a class has no time for."""
    return NotebookNode(output_type=kind, **content)


def _remarks_cell(
    notebook: NotebookNode, repairs: tuple[str, ...], remarks: list[str]
) -> NotebookNode:
    lines = ["**About this submission**", ""]
    lines += [f"- {sentence}" for sentence in (*repairs, *remarks)]
    name = free_id("about-this-submission", {cell.get("id") for cell in notebook.cells})
    return new_markdown_cell("\n".join(lines), id=name)
