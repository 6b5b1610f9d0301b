"""What nbgrader loads for its steps from a submission to feedback.

They give `nbgrader autograde` and Formgrader's button the same reading,
repairs and verdicts as `autograder grade`, and keep what students wrote from
running in an instructor's browser.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import Exporter, NotebookExporter
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.converters.base import NbGraderException
from nbgrader.plugins import BasePlugin
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import default

from autograder.base.limits import LIMITS
from autograder.course import settings
from autograder.course.assignment import Assignment
from autograder.course.course import Course
from autograder.course.folder import CourseError, Submission
from autograder.course.late_penalties import late_rule, read_policy
from autograder.gradebook import GradebookError, GradebookStore
from autograder.grading.history import Latest, entry_of, made_of
from autograder.grading.jobs import Job, Outcome, grade_alone, notebook_bytes
from autograder.grading.records import record_of
from autograder.grading.standing import fingerprint_of, make_jobs
from autograder.nbgrader_plugin.ahead import Ahead
from autograder.nbgrader_plugin.copying import be_careful, keep_record, outcomes_so_far
from autograder.pages.feedback import NO_MARKS, page_of, rendered, title_of
from autograder.submission.graded_cells import comments_on, waiting_in
from autograder.submission.sanitise import empty_submission, sanitise
from autograder.submission.trial import tried_out


class SubmissionExporter(NotebookExporter):
    """Stands between nbgrader and what was handed in, which `Judge` alone reads."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        be_careful(self.parent)
        # Read before the first submission: settings that make no sense stop nbgrader here, and not
        # at each submission, where they would leave a notebook that looks graded.
        try:
            settings.require_sense(self.config)
            late_rule(self.config)
        except CourseError as failure:
            self.log.error("%s", failure)
            raise NbGraderException(str(failure)) from None

    def from_filename(  # type: ignore[override]
        self, filename: str, resources: dict[str, Any] | None = None, **_: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return a notebook for the steps before `Judge`, without anything that a student wrote."""
        resources = resources if resources is not None else {}
        if getattr(self.parent, "_sanitizing", True):
            notebook = empty_submission()
        else:
            # The second pass reads back what the first one wrote.
            notebook = nbformat.read(filename, as_version=4)
        resources["metadata"] = {"name": Path(filename).stem, "path": ""}
        return self.from_notebook_node(notebook, resources=resources)

    def from_notebook_node(  # type: ignore[override]
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **options: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return the notebook after all steps as `autograder grade` writes it, in little memory."""
        notebook, resources = Exporter.from_notebook_node(self, nb, resources, **options)
        return notebook_bytes(notebook).decode(), resources


class Sanitise(NbGraderPreprocessor):
    """Makes of no submission the notebook as it was released, for nbgrader's own checks."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Put in the cells that nbgrader owns; see `autograder.submission.sanitise`."""
        info = resources["nbgrader"]
        released = _notebooks(_course_of(self), info)[info["notebook"]]
        notebook, _ = sanitise(nb, released.master)
        return notebook, resources


class Judge(NbGraderPreprocessor):
    """Has a submission graded as `autograder grade` does: in a worker, within its budget."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Grade the submission itself; nbgrader then reads the points from the outputs."""
        info, converter = resources["nbgrader"], _converter_of(self)
        course, name = _course_of(self), info["notebook"]
        secret, notebooks = Course(course).secret, [*_notebooks(course, info).values()]

        def jobs_of(student: str) -> dict[str, Job]:
            submission = Submission(course, info["assignment"], student)
            return make_jobs(submission, notebooks, secret, "bwrap", LIMITS)

        submission = Submission(course, info["assignment"], info["student"])
        jobs = jobs_of(submission.student)
        outcome = _outcome(converter, jobs[name], jobs_of)
        if outcome.notebook is None:
            raise NbGraderException(outcome.trouble)
        outcomes = outcomes_so_far(converter, submission)
        outcomes[name] = outcome
        if len(outcomes) == len(jobs):
            parts = made_of(jobs.values())
            record = record_of(
                {one: outcomes[one] for one in jobs}, fingerprint_of(jobs.values()), parts, "bwrap"
            )
            keep_record(converter, submission, record)
            _history(course, info["assignment"]).note([entry_of(record)])
        return nbformat.reads(outcome.notebook, as_version=4), resources


def _outcome(converter: Any, job: Job, jobs_of: Callable[[str], dict[str, Job]]) -> Outcome:
    """Return what became of a job: of several hand-ins those that come next are graded already."""
    if converter.ahead is None and (coming := converter.students_after(job.student)):
        students = (job.student, *coming)
        converter.ahead = Ahead(one for name in students for one in jobs_of(name).values())
    return grade_alone(job) if converter.ahead is None else converter.ahead.outcome(job)


class SaveCarried(NbGraderPreprocessor):
    """Says in the gradebook what nbgrader cannot tell from the outputs, after it saved the rest."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Set comments of solution cells, and which tests wait, as `autograder grade` does."""
        info = resources["nbgrader"]
        comments, waiting = comments_on(nb), waiting_in(nb)
        if comments or waiting:
            with Gradebook(info["db_url"]) as gradebook:
                for name, text in comments.items():
                    where = (name, info["notebook"], info["assignment"], info["student"])
                    gradebook.find_comment(*where).auto_comment = text
                for name in waiting:
                    where = (name, info["notebook"], info["assignment"], info["student"])
                    grade = gradebook.find_grade(*where)
                    grade.auto_score, grade.needs_manual_grade = None, True
                gradebook.db.commit()
        return nb, resources


class FeedbackExporter(Exporter):
    """Makes the page that `autograder feedback` makes, marks from the gradebook included."""

    export_from_notebook = None  # type: ignore[assignment]
    output_mimetype = "text/html"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        be_careful(self.parent)

    @default("file_extension")
    def _html(self) -> str:
        return ".html"

    def from_filename(  # type: ignore[override]
        self, filename: str, resources: dict[str, Any] | None = None, **_: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return the page of one graded notebook."""
        resources = resources or {}
        info = resources["nbgrader"]
        student, name = info["student"], info["assignment"]
        notebook = info["notebook"]
        with GradebookStore.open(info["db_url"]) as gradebook:
            marks = gradebook.marks(name, notebook, [student]).get(student)
        book = Course(_course_of(self)).book
        make = partial(page_of, book=book) if book else page_of
        if marks is None:
            raise GradebookError(f"{student}'s {name}: {NO_MARKS.format(name)}")
        resources["output_extension"] = self.file_extension
        text, plain = rendered(make, Path(filename).absolute(), marks, title_of(name, notebook))
        if plain is not None:
            self.log.warning("%s's page is in a plain form: making it %s", student, plain)
        return text, resources


class LatePenalties(BasePlugin, settings.LatePenalties):
    """Takes away points for late hand-ins; see `autograder.course.late_penalties.LatePolicy`."""

    def late_submission_penalty(self, student_id: str, score: float, seconds_late: float) -> float:
        """Return the points to take away, as nbgrader asks for them."""
        return read_policy(self.config).penalty(score, seconds_late)


def _notebooks(course: Path, info: dict[str, Any]) -> dict[str, Assignment]:
    """Return an assignment's notebooks as they were released, read anew when released anew."""
    released = sorted((course / "release" / info["assignment"]).glob("*.ipynb"))
    stamps = tuple((path.name, path.stat().st_mtime_ns) for path in released)
    return _read_notebooks(course, info["db_url"], info["assignment"], stamps)


@lru_cache(maxsize=4)
def _read_notebooks(
    course: Path, gradebook_url: str, name: str, stamps: tuple[tuple[str, int], ...]
) -> dict[str, Assignment]:
    with GradebookStore.open(gradebook_url) as gradebook:
        return {one.notebook: one for one in tried_out(Course(course), name, gradebook)}


_history = lru_cache(maxsize=4)(Latest)


def _course_of(step: NbGraderPreprocessor | Exporter) -> Path:
    """Return the course's root."""
    return Path(_converter_of(step).coursedir.root)


def _converter_of(step: NbGraderPreprocessor | Exporter) -> Any:
    """Return the converter that all this serves."""
    owner: Any = step.parent
    while not hasattr(owner, "coursedir"):
        owner = owner.parent
    return owner
