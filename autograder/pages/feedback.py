"""Feedback pages of a class: which are to be made, in several processes, and where they go.

They lie where nbgrader puts its own, with the two files beside them that
`nbgrader release_feedback` reads.  A page that is up to date is left alone.
Must not know how a page looks; imports what makes one only when there is one to make.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from autograder.base.limits import RENDERING
from autograder.base.words import first_line, named, os_trouble
from autograder.course.course import Course
from autograder.course.folder import (
    MAX_BYTES_BESIDE,
    SUBMISSION_SECRET,
    TIMESTAMP,
    CourseError,
    Submission,
    clear_unfinished,
    find_handed_in,
    require_assignment,
    secret_text,
    share,
    timestamp_text,
    write_atomically,
)
from autograder.course.handed_in.reading import UnreadableSubmission, read_bytes
from autograder.gradebook.cell_marks import Marks
from autograder.grading.jobs import code_fingerprint
from autograder.grading.standing import (
    EXCLUDED,
    MISPLACED,
    NEVER,
    NONE,
    NOTHING,
    Standings,
)
from autograder.grading.workers import WINDOW_PER_WORKER, OverBudget, Workers, in_flight, own_worker
from autograder.grading.working import begun
from autograder.pages.allowance import INSTALLATION

# A graded notebook may be larger than what was handed in, by its outputs.
MAX_GRADED_BYTES = 200 << 20
# What goes out with a page: nbgrader needs both to find the student's own page again.
WITH_FEEDBACK = (TIMESTAMP, SUBMISSION_SECRET)
TEMPLATE = Path(__file__).resolve().parent / "templates" / "feedback"
MADE_OF = re.compile(rb'<meta name="made-of" content="([0-9a-f]{64})">')
HEAD_BYTES = 1000
NO_MARKS = "the gradebook does not know it: run `autograder grade {} --force`"
NONE_IS_GRADED = "nothing of {0} is graded in {1}: run `autograder grade {0}` first"
LOST = "a worker was killed; run the command again, the pages that are made are kept"


@dataclass(frozen=True)
class PageJob:
    """All that a worker needs to make a submission's pages; plain data.

    Parameters
    ----------
    marks : by notebook
    why : why there are none: the page says so
    shared : whether the course is a group's
    """

    submission: Submission
    marks: Mapping[str, Marks]
    force: bool
    book: str = ""
    why: str = ""
    shared: bool = False


@dataclass(frozen=True)
class PageResult:
    """What became of one page.

    Parameters
    ----------
    fresh : it was made now, and not left as it was
    trouble : why there is none, or None
    plain : why it is in a plain form, or None
    without_marks : there is a page nevertheless, which says what the trouble is
    """

    student: str
    assignment: str
    fresh: bool = False
    trouble: str | None = None
    plain: str | None = None
    without_marks: bool = False


class ClassFeedback:
    """The feedback of a class: what is to be done, and doing it.

    Parameters
    ----------
    course : the course's folder
    assignments, students : what is asked for; no students means all who are graded
    force : make pages anew that are up to date

    Raises
    ------
    CourseError : it cannot begin; nothing has been written
    """

    def __init__(
        self, course: Path, assignments: Sequence[str], students: Sequence[str], force: bool = False
    ) -> None:
        where = Course(course)
        url, self.book, shared = where.gradebook_url, where.book, where.is_shared
        for name in assignments:
            require_assignment(course, name)
        found = [find_handed_in(course, name, students) for name in assignments]
        # Imported here: the database's library takes a while, and a wrong name is told at once.
        from autograder.gradebook import GradebookStore

        self.jobs: list[PageJob] = []
        self.settled: list[PageResult] = []
        self.said: list[str] = []
        with GradebookStore.open(url) as gradebook:
            for name, submissions in zip(assignments, found, strict=True):
                asked = [one.student for one in submissions]
                marks = {
                    notebook: gradebook.marks(name, notebook, asked)
                    for notebook in gradebook.notebooks(name)
                }
                standings = Standings(where, name, gradebook)
                if not students:
                    submissions += [Submission(course, name, one) for one in standings.misplaced]
                known = {standings.of(one.student).state for one in submissions}
                if NEVER in known and known <= {NEVER, NOTHING, NONE, EXCLUDED, MISPLACED}:
                    raise CourseError(NONE_IS_GRADED.format(name, course / "autograded"))
                self.said += standings.older(asked)
                for submission in submissions:
                    student, standing = submission.student, standings.of(submission.student)
                    if standing.state == NOTHING:
                        page = {standings.notebooks[0].notebook: Marks()}
                        job = PageJob(submission, page, force, self.book, standing.why, shared)
                        self.jobs.append(job)
                    elif standing.counts:
                        its = {one: some[student] for one, some in marks.items() if student in some}
                        self.jobs.append(PageJob(submission, its, force, self.book, "", shared))
                    elif standing.left_out or student in students:
                        self.settled.append(_failed(submission, f"it {standing.why}"))

    @property
    def total(self) -> int:
        """How many submissions there are, those without a page included."""
        return len(self.jobs) + len(self.settled)

    def run(self, workers: int) -> Generator[PageResult, None, None]:
        """Make the pages, with that many processes, and yield a result for each submission."""
        yield from self.settled
        number = min(workers, len(self.jobs))
        if number:
            with Workers(number) as executor:
                yield from self.on(executor, number * WINDOW_PER_WORKER)

    def on(self, executor: Executor, window: int) -> Iterator[PageResult]:
        """Make the pages on an executor, so many at a time."""
        for ended in in_flight(executor, make_page, self.jobs, lambda: window):
            yield from (_result(future, job) for job, future in ended)


def make_page(job: PageJob) -> PageResult:
    """Make a submission's pages and what lies beside them, unless they are there already.

    It is done in this thread's worker, each page within a budget.

    Raises
    ------
    WorkerLost : the worker was killed by somebody else
    """
    made = PageResult(job.submission.student, job.submission.assignment)
    for notebook in job.marks:
        try:
            result, plain = rendered(make_here, job, notebook)
        except OverBudget as excess:
            return _failed(job.submission, f"making it, even in a plain form, {excess}")
        if result.trouble is not None:
            return _failed(job.submission, result.trouble)
        made = replace(made, fresh=made.fresh or result.fresh, plain=made.plain or plain)
    return replace(made, trouble=f"it {job.why}", without_marks=True) if job.why else made


def rendered(function: Callable[..., Any], *given: Any) -> tuple[Any, str | None]:
    """Have something made of a graded notebook, within a budget; in a plain form if need be.

    Parameters
    ----------
    function : is called with what is given, and last with whether it is to be plain

    Returns
    -------
    what it returns, and why it is plain, or None

    Raises
    ------
    OverBudget : even that used more
    """
    worker = own_worker()
    try:
        return worker.do(function, *given, False, budget=RENDERING), None
    except OverBudget as excess:
        return worker.do(function, *given, True, budget=RENDERING), str(excess)


def make_here(job: PageJob, notebook: str, plain: bool) -> PageResult:
    """Make a page where it is needed, in this process; raises only `OverBudget`."""
    submission = job.submission
    try:
        return PageResult(submission.student, submission.assignment, _make(job, notebook, plain))
    except UnreadableSubmission as failure:
        return _failed(submission, f"the graded notebook cannot be read: {failure}")
    except ImportError as failure:
        return _failed(submission, INSTALLATION.format(named(failure)))
    except OSError as failure:
        where = failure.filename or submission.feedback_folder
        if Path(where).is_relative_to(TEMPLATE.parents[1]):
            return _failed(submission, INSTALLATION.format(os_trouble(failure)))
        return _failed(submission, f"cannot write to {where}: {failure.strerror}")
    except (OverBudget, MemoryError):
        raise
    except Exception as failure:  # one page never stops a class
        from autograder.pages.feedback_page import PageError

        said = first_line(failure)
        kind = "" if isinstance(failure, PageError) else f"{type(failure).__name__}: "
        return _failed(submission, f"{kind}{said}")


def _make(job: PageJob, notebook: str, plain: bool) -> bool:
    """Make a page where it is needed; return whether it was."""
    submission = job.submission
    folder = submission.feedback_folder
    graded = job.why.encode()
    if not job.why:
        path = submission.graded_path_of(notebook)
        graded = read_graded(path, submission.course / "autograded")
    path, marks = folder / f"{notebook}.html", job.marks[notebook]
    beside = _beside(submission)
    clear_foreign(folder, {f"{name}.html" for name in job.marks})
    there = all(_read_text(folder / name) == text for name, text in beside.items())
    if there and not job.force and _page_made_of(path) == made_of(graded, marks, job.book):
        return False
    if job.why:
        from autograder.pages.feedback_page import page_without_marks

        begun()
        made = made_of(graded, marks, job.book)
        text = page_without_marks(submission.assignment, notebook, job.why, made)
    else:
        text = page_here(graded, marks, title_of(submission.assignment, notebook), plain, job.book)
    folder.mkdir(parents=True, exist_ok=True)
    clear_unfinished(folder)
    for name, content in beside.items():
        write_atomically(folder / name, content)
    write_atomically(path, text)
    if job.shared:
        share(folder, submission.course / "feedback")
    return True


def title_of(assignment: str, notebook: str) -> str:
    """Return what a page calls a notebook of an assignment."""
    return assignment if notebook == assignment else f"{assignment}, {notebook}"


def clear_foreign(folder: Path, pages: set[str]) -> list[Path]:
    """Remove what is no feedback from a folder of feedback; return what was removed."""
    if folder.is_symlink():
        folder.unlink()
        return [folder]
    removed = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        ours = path.name in pages or path.name in WITH_FEEDBACK
        if ours and path.is_file() and not path.is_symlink() and path.lstat().st_nlink == 1:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
        removed.append(path)
    return removed


def page_of(path: Path, marks: Marks, name: str, plain: bool, book: str = "") -> str:
    """Return the page of a graded notebook's file; see `page_here`."""
    return page_here(read_graded(path), marks, name, plain, book)


def page_here(graded: bytes, marks: Marks, name: str, plain: bool, book: str = "") -> str:
    """Return the page of a graded notebook, made in this process.

    Raises
    ------
    OverBudget : it is larger than it may be
    """
    from autograder.pages.feedback_page import page

    begun()
    text = page(graded, marks, name, made_of(graded, marks, book), plain, book)
    if len(text) > RENDERING.answer_megabytes << 20:
        raise OverBudget(f"made more than {RENDERING.answer_megabytes} MB")
    return text


def read_graded(path: Path, inside: Path | None = None) -> bytes:
    """Read a graded notebook; see `autograder.course.handed_in.reading.read_bytes`."""
    return read_bytes(path, MAX_GRADED_BYTES, inside)


def made_of(graded: bytes, marks: Marks, book: str = "") -> str:
    """Return a hash of all that a page depends on; it stands in the page's head."""
    digest = hashlib.sha256(_code().encode())
    for part in (graded, repr(marks).encode(), book.encode()):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _code() -> str:
    digest = hashlib.sha256(code_fingerprint().encode())
    for path in sorted(TEMPLATE.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _page_made_of(path: Path) -> str | None:
    """Return what the head of an earlier page says that it was made of."""
    try:
        with path.open("rb") as file:
            found = MADE_OF.search(file.read(HEAD_BYTES))
    except OSError:
        return None
    return found[1].decode() if found else None


def _beside(submission: Submission) -> dict[str, str]:
    """Return the small files that `nbgrader release_feedback` reads beside a page.

    Those of the work that was graded come first; nbgrader copies them from there too.
    """
    found = {}
    for name, handed_in in ((TIMESTAMP, timestamp_text), (SUBMISSION_SECRET, secret_text)):
        text = _read_text(submission.graded_folder / name) or handed_in(submission)
        if text is not None:
            found[name] = text
    return found


def _read_text(path: Path) -> str | None:
    try:
        return read_bytes(path, MAX_BYTES_BESIDE).decode()
    except (UnreadableSubmission, ValueError):
        return None


def _failed(submission: Submission, trouble: str) -> PageResult:
    return PageResult(submission.student, submission.assignment, trouble=trouble)


def _result(future: Future[PageResult], job: PageJob) -> PageResult:
    try:
        return future.result()
    except BrokenExecutor:
        return _failed(job.submission, LOST)
