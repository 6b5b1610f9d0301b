"""What is done with one submission: one job in, one outcome out, both plain data.

It does not matter where a job is done.  Must not know the gradebook; imports
what grading needs only where there is something to grade.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import InitVar, dataclass, field, replace
from functools import lru_cache
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any

import msgspec

from autograder.base.limits import GRADING, RELAYING, WRITING, Budget
from autograder.catalogue.name import CatalogueError, CatalogueName
from autograder.course.assignment import Assignment
from autograder.course.folder import digest_of
from autograder.course.handed_in.reading import UnreadableSubmission
from autograder.course.outside.decided import grader_digest
from autograder.course.outside.plan import OUTSIDE
from autograder.grading.workers import OverBudget, WorkerLost, own_worker
from autograder.grading.working import begun, tell
from autograder.submission.graded_cells import GradedCell, cells_of

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from autograder.sandbox import Limits, Sandbox
    from autograder.submission.notebook import GradedNotebook

# What takes four bytes in UTF-8, and in a text of Python's makes every character do so.
WIDE = re.compile(rb"(?:[\xf0-\xf4][\x80-\xbf]{3})+")
OTHER_CODE = (
    "the worker has another version of the grader: "
    "install the same on every machine, then run this again"
)


@lru_cache(maxsize=8)
def code_fingerprint(catalogue: CatalogueName | None = None) -> str:
    """Return a hash of the grader's own code and of a catalogue's: others give other verdicts.

    Raises
    ------
    CatalogueError : there is no such catalogue
    """
    digest = hashlib.sha256(grader_digest().encode())
    if catalogue is not None:
        digest.update(catalogue_fingerprint(catalogue).encode())
    return digest.hexdigest()


@lru_cache(maxsize=8)
def catalogue_fingerprint(catalogue: CatalogueName) -> str:
    """Return a hash of the files that a catalogue is made of, wherever they lie.

    Raises
    ------
    CatalogueError : there is no such catalogue
    """
    digest, files = hashlib.sha256(), catalogue.sources()
    for path in files:
        digest.update(os.path.relpath(path, files[0].parent).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Job:
    """All that a worker needs to grade one submission; plain data.

    Parameters
    ----------
    data : of the submitted file, or None where there is none
    unreadable : then the reason why
    seed : of this student's fixtures for this assignment
    isolation : "bwrap" or "none"
    beside : what lies beside the notebook and is left alone, in sentences
    digest : of the data, as `digest_of` gives it
    known_digest : the same, where it is known already
    code : fingerprint of the grader that asks; a worker of another version refuses
    budget : of the grader's own work, seconds beside those that the limits give
    """

    student: str
    assignment: Assignment
    data: bytes | None
    unreadable: str | None
    seed: int
    isolation: str
    limits: Limits
    beside: tuple[str, ...] = ()
    digest: str = field(init=False, compare=False)
    code: str = ""
    budget: Budget = GRADING

    known_digest: InitVar[str] = ""

    def __post_init__(self, known_digest: str) -> None:
        object.__setattr__(self, "digest", known_digest or digest_of(self.data))
        if not self.code:
            object.__setattr__(self, "code", code_fingerprint(self.assignment.catalogue))
        outside = any(cell.way == OUTSIDE for cell in self.assignment.tests.values())
        if outside and self.budget is GRADING:
            object.__setattr__(self, "budget", RELAYING)


@dataclass(frozen=True)
class Outcome:
    """What a worker found; plain data.

    Parameters
    ----------
    name : of the notebook
    notebook : the graded notebook's file, or None where grading failed
    cells : points and comments of its cells, for the gradebook
    verdicts : of `autograder.judging.judge.Verdict`, as dictionaries
    trouble : why grading failed, or None
    nothing : it failed because there is no notebook, or none that can be read
    unsure : a second try, with no other submission beside it, may give another result: time
        ran out while the machine was crowded, or the process that graded it was killed
    """

    student: str
    assignment: str
    name: str
    notebook: bytes | None
    cells: Mapping[str, GradedCell] = field(default_factory=dict)
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    seconds: float = 0.0
    trouble: str | None = None
    no_isolation: bool = False
    unsure: bool = False
    nothing: bool = False


def fingerprint(job: Job) -> str:
    """Return a hash of all that a verdict depends on."""
    digest = hashlib.sha256(job.code.encode())
    for part in (
        (job.digest or repr(job.unreadable)).encode(),
        str(job.seed).encode(),
        job.isolation.encode(),
        _said_of(job.limits),
        repr(job.beside).encode(),
        job.assignment.digest,
    ):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


@lru_cache(maxsize=8)
def _said_of(limits: Limits) -> bytes:
    return repr(limits).encode()


def failed(
    job: Job, trouble: str | Exception, no_isolation: bool = False, unsure: bool = False
) -> Outcome:
    """Return the outcome of a job that could not be done, with the reason why."""
    nothing = isinstance(trouble, UnreadableSubmission)
    if nothing:
        trouble = str(trouble)
    elif isinstance(trouble, Exception):
        trouble = f"{type(trouble).__name__}: {trouble}"[:500]
    return Outcome(
        job.student,
        job.assignment.name,
        job.assignment.notebook,
        None,
        trouble=trouble,
        no_isolation=no_isolation,
        unsure=unsure,
        nothing=nothing,
    )


# The sandbox of this process, with what it was made for.
_sandboxes: dict[tuple[str, Limits, tuple[str, ...], tuple[str, ...] | None], Sandbox] = {}


def grade_one(job: Job) -> Outcome:
    """Grade one submission in this thread's worker, within a budget.

    Where grading is ended because it used more, the verdicts until then stand.

    Raises
    ------
    WorkerLost : the worker was killed by somebody else
    """
    try:
        if job.code != code_fingerprint(job.assignment.catalogue):
            return failed(job, OTHER_CODE)
    except CatalogueError as failure:
        return failed(job, failure)
    started, worker = time.monotonic(), own_worker()
    verdicts: list[bytes] = []
    budget = replace(job.budget, seconds=job.limits.session_seconds + job.budget.seconds)
    try:
        outcome: Outcome = worker.do(grade_here, job, budget=budget, heard=verdicts.append)
        return outcome
    except OverBudget as excess:
        reason, unsure = f"grading this submission {excess}", excess.of_clock
    # What was judged stands, also of a notebook that cannot be written within the budget.
    for left in (job, replace(job, data=None, unreadable=f"Not read: {reason}.")):
        with suppress(OverBudget):
            outcome = worker.do(write_so_far, left, reason, verdicts, budget=WRITING)
            return replace(outcome, seconds=time.monotonic() - started, unsure=unsure)
    return failed(job, reason, unsure=unsure)


def grade_alone(job: Job) -> Outcome:
    """Grade one submission with no other beside it; where the result is unsure, grade it twice.

    Raises
    ------
    WorkerLost : the worker was killed by somebody else, both times
    """
    with suppress(WorkerLost):
        outcome = grade_one(job)
        if not outcome.unsure:
            return outcome
    return grade_one(job)


def grade_here(job: Job) -> Outcome:
    """Grade one submission in this process; only what nobody planned for is raised.

    The process's sandbox is started for its first submission and kept.
    """
    from autograder.sandbox import IsolationUnavailable, SandboxLost

    try:
        sandbox = sandbox_for(job.isolation, job.limits, job.assignment)
        # Loaded here while the box starts.
        from autograder.submission.notebook import grade_notebook

        job.assignment.catalogue.load()
        sandbox.start()
        begun()
        graded = grade_notebook(
            *(_read(job), job.assignment, sandbox, job.seed),
            *(tell, job.beside, job.data is None),
        )
        return _outcome(job, graded)
    except IsolationUnavailable as failure:
        return failed(job, str(failure), no_isolation=True)
    except (SandboxLost, ConnectionError) as failure:
        return failed(job, str(failure), unsure=True)
    except MemoryError:
        raise
    except Exception as failure:
        return failed(job, failure)


def why_unreadable(data: bytes, name: str) -> str | None:
    """Return why a file is no notebook, or None; it is read in this thread's worker.

    Parameters
    ----------
    name : how the sentence calls it

    Raises
    ------
    WorkerLost : the worker was killed by somebody else
    """
    with suppress(OverBudget):  # as grading it will say
        why: str | None = own_worker().do(_why_unreadable, data, name, budget=WRITING)
        return why
    return None


def _why_unreadable(data: bytes, name: str) -> str | None:
    from autograder.submission.sanitise import parse_submission

    begun()
    try:
        parse_submission(data, name)
    except UnreadableSubmission as failure:
        return str(failure)
    return None


def write_so_far(job: Job, reason: str, verdicts: list[bytes]) -> Outcome:
    """Write the graded notebook of a submission whose grading was ended; nothing is run.

    Parameters
    ----------
    verdicts : as `autograder.grading.working.tell` sent them
    """
    from autograder.submission.notebook import write_unfinished
    from autograder.submission.sanitise import empty_submission

    begun()
    known = [pickle.loads(verdict) for verdict in verdicts]
    beside = job.beside
    try:
        submission = _read(job)
    except UnreadableSubmission as failure:
        if not known:
            return failed(job, failure)
        submission, beside = empty_submission(), (str(failure), *beside)
    return _outcome(
        job, write_unfinished(submission, job.assignment, job.isolation, reason, known, beside)
    )


def _read(job: Job) -> NotebookNode:
    """Return a submission.

    Raises
    ------
    UnreadableSubmission : there is none, or it is no notebook
    """
    from autograder.submission.sanitise import empty_submission, parse_submission

    if job.data is None and job.unreadable is None:
        return empty_submission()
    if job.data is None:
        raise UnreadableSubmission(job.unreadable or f"there is no {job.assignment.name}")
    return parse_submission(job.data, f"{job.assignment.notebook}.ipynb")


def sandbox_for(isolation: str, limits: Limits, assignment: Assignment) -> Sandbox:
    """Return this process's sandbox for an assignment, which has begun to start.

    Raises
    ------
    IsolationUnavailable, ConnectionError
    """
    from autograder.sandbox import Sandbox

    key = (isolation, limits, assignment.preload, assignment.packages)
    if key not in _sandboxes:
        # One is kept: a fork server with large packages takes much memory.
        close_sandboxes()
        Finalize(None, close_sandboxes, exitpriority=1)
        _sandboxes[key] = Sandbox(*key)
    _sandboxes[key].begin()
    return _sandboxes[key]


def start_sandbox(isolation: str, limits: Limits, assignment: Assignment) -> None:
    """Start this process's sandbox for an assignment before there is something to grade.

    Raises
    ------
    IsolationUnavailable, ConnectionError
    """
    sandbox_for(isolation, limits, assignment).start()


def _outcome(job: Job, graded: GradedNotebook) -> Outcome:
    return Outcome(
        job.student,
        job.assignment.name,
        job.assignment.notebook,
        cells=cells_of(graded.notebook),
        notebook=notebook_bytes(graded.notebook),
        verdicts=[verdict.data for verdict in graded.verdicts],
        repairs=list(graded.repairs),
        remarks=list(graded.remarks),
        seconds=graded.seconds,
        unsure=graded.starved,
    )


def notebook_bytes(notebook: NotebookNode) -> bytes:
    """Return a notebook as nbformat writes it, without the copy and the validation.

    A cell at a time, so that there are never several copies of a large notebook in memory.  The
    widest characters are escaped, as JSON may: one of them makes a whole text four times as large
    for whoever reads it.
    The notebook is changed: its texts become lists of lines.
    """
    from nbformat.v4.rwbase import split_lines

    cells = split_lines(notebook).cells
    # Its keys are sorted, and "cells" comes first.
    before, after = _json({**notebook, "cells": []}, b"\n").split(b"[]", 1)
    written = io.BytesIO()
    written.write(before + b"[")
    for number, cell in enumerate(cells):
        written.write(b",\n  " if number else b"\n  ")
        written.write(_json(cell, b"\n  "))
    written.write((b"\n ]" if cells else b"]") + after + b"\n")
    return written.getvalue()


def _json(value: Any, line: bytes) -> bytes:
    """Return a value as indented JSON, whose lines begin with what `line` ends with."""
    text = msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=1)
    return WIDE.sub(_escaped, text.replace(b"\n", line))


def _escaped(characters: re.Match[bytes]) -> bytes:
    return json.dumps(characters[0].decode())[1:-1].encode()


def close_sandboxes() -> None:
    """End the sandbox that `grade_one` started in this process."""
    while _sandboxes:
        _sandboxes.popitem()[1].close()
