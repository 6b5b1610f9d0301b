"""What a worker does: one job in, one outcome out, both plain data.

It does not matter where a job is done.  Must not know the gradebook: a worker
is started often and imports only what it needs.
"""

from __future__ import annotations

import hashlib
import json
import signal
from dataclasses import asdict, dataclass
from functools import lru_cache
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbformat import NotebookNode
from nbformat.v4.rwbase import split_lines

from autograder import __version__

if TYPE_CHECKING:
    from autograder.assignment import Assignment
    from autograder.sandbox import Limits


@dataclass(frozen=True)
class Job:
    """All that a worker needs to grade one submission; plain data."""

    student: str
    assignment: Assignment
    data: bytes | None
    unreadable: str | None
    seed: int
    isolation: str
    limits: Limits


@dataclass(frozen=True)
class Outcome:
    """What a worker found; plain data.

    Parameters
    ----------
    notebook : the graded notebook as JSON text, or None where grading failed
    verdicts : of `autograder.judge.Verdict`, as dictionaries
    trouble : why grading failed, or None
    """

    student: str
    assignment: str
    notebook: str | None
    verdicts: list[dict[str, Any]]
    repairs: list[str]
    remarks: list[str]
    seconds: float
    trouble: str | None = None
    no_isolation: bool = False


@lru_cache(maxsize=1)
def code_fingerprint() -> str:
    """Return a hash of the grader's own code: another catalogue gives other verdicts."""
    digest = hashlib.sha256(__version__.encode())
    root = Path(__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def fingerprint(job: Job) -> str:
    """Return a hash of all that a verdict depends on."""
    digest = hashlib.sha256(code_fingerprint().encode())
    for part in (
        job.data or repr(job.unreadable).encode(),
        str(job.seed).encode(),
        job.isolation.encode(),
        repr(job.limits).encode(),
        repr(job.assignment).encode(),
    ):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def start_worker() -> None:
    """Prepare a worker: Ctrl-C is the coordinator's to answer; its sandbox goes with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Finalize(None, close_sandboxes, exitpriority=1)


_sandboxes: dict[tuple[str, Limits], Any] = {}


def grade_one(job: Job) -> Outcome:
    """Grade one submission; runs in a worker, never raises.

    The worker's sandbox is started for its first submission and kept.
    """
    from autograder.sandbox import IsolationUnavailable

    try:
        return _grade(job)
    except IsolationUnavailable as failure:
        return failed(job, str(failure), no_isolation=True)
    except Exception as failure:
        return failed(job, failure)


def failed(job: Job, trouble: str | Exception, no_isolation: bool = False) -> Outcome:
    """Return the outcome of a job that could not be done, with the reason why."""
    if isinstance(trouble, Exception):
        trouble = f"{type(trouble).__name__}: {trouble}"[:500]
    return Outcome(job.student, job.assignment.name, None, [], [], [], 0.0, trouble, no_isolation)


def _grade(job: Job) -> Outcome:
    from autograder.notebook import grade_notebook
    from autograder.reading import UnreadableSubmission
    from autograder.sandbox import Sandbox
    from autograder.sanitise import empty_submission, parse_submission

    unreadable = job.unreadable
    submission = empty_submission()
    if job.data is not None:
        try:
            submission = parse_submission(job.data, f"{job.assignment.name}.ipynb")
        except UnreadableSubmission as failure:
            unreadable = str(failure)
    key = (job.isolation, job.limits)
    if key not in _sandboxes:
        _sandboxes[key] = Sandbox(job.isolation, job.limits)
    graded = grade_notebook(
        submission, job.assignment, _sandboxes[key], job.seed, unreadable=unreadable
    )
    return Outcome(
        job.student,
        job.assignment.name,
        notebook_text(graded.notebook),
        [asdict(verdict) for verdict in graded.verdicts],
        list(graded.repairs),
        list(graded.remarks),
        graded.seconds,
    )


def notebook_text(notebook: NotebookNode) -> str:
    """Return a notebook as nbformat writes it, without the copy and the validation.

    The notebook is changed: its texts become lists of lines.
    """
    plain = split_lines(notebook)
    return json.dumps(plain, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def close_sandboxes() -> None:
    """End the sandboxes that `grade_one` started in this process."""
    while _sandboxes:
        _sandboxes.popitem()[1].close()
