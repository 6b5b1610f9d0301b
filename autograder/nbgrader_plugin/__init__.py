"""What nbgrader and Formgrader load, and the settings that name it.

Imports nothing that takes long: every command that reads ``nbgrader_config.py`` comes here.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from autograder.course.settings import ClearSolutions

STEPS, COPYING = "autograder.nbgrader_plugin.steps", "autograder.nbgrader_plugin.copying"
CARRYING = "autograder.nbgrader_plugin.carrying"
FILTERS = "autograder.nbgrader_plugin.formgrader.filters"


def configure(c: Any, file: str) -> None:
    """Set what a course needs so that nbgrader and Formgrader grade as this grader does.

    What is set afterwards wins; so do stubs and files to ignore that are set before.

    Parameters
    ----------
    c : nbgrader's settings, from `get_config()`
    file : the course's ``nbgrader_config.py``, its ``__file__``

    Examples
    --------
    >>> from traitlets.config import Config
    >>> c = Config()
    >>> configure(c, "/srv/course/nbgrader_config.py")
    >>> c.CourseDirectory.root
    '/srv/course'
    """
    c.CourseDirectory.root = str(Path(file).absolute().parent)
    if os.environ.get("GRADEBOOK_URL"):  # otherwise gradebook.db in the course's folder
        c.CourseDirectory.db_url = os.environ["GRADEBOOK_URL"]
    # nbgrader copies what lies beside a notebook from step to step.  The grader's own record
    # is for no other step, and a student's file of that name is no record.
    ignored = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback"]
    if "ignore" in c.CourseDirectory:
        ignored = c.CourseDirectory.ignore
    c.CourseDirectory.ignore = [*ignored, "verdicts.json"]

    # A stub must parse, and must fail in a way that `check` and the graders recognise.
    stubs = ClearSolutions()
    for name in ("code_stub", "text_stub"):
        if name not in c.ClearSolutions:
            setattr(c.ClearSolutions, name, getattr(stubs, name))

    # Each notebook carries the files beside it, so that it works where it is opened alone.
    # A course that does not want this sets `c.CarryFiles.enabled = False`.
    c.GenerateAssignment.preprocessors.prepend([f"{CARRYING}.CheckCells"])
    c.GenerateAssignment.preprocessors.extend([f"{CARRYING}.CarryFiles", f"{CARRYING}.NoteRelease"])

    # nbgrader follows links when it copies, and lets all that lies beside a notebook go out
    # with feedback.  These copy ordinary files, within limits; see docs/security.md.
    c.ExchangeFactory.collect = f"{COPYING}.Collect"
    c.ExchangeFactory.release_feedback = f"{COPYING}.ReleaseFeedback"
    c.ZipCollectApp.extractor_plugin = f"{COPYING}.Extractor"
    c.ZipCollectApp.collector_plugin = f"{COPYING}.Collector"

    # `nbgrader autograde` and Formgrader's button: the same reading, repairs and verdicts as
    # `autograder grade`.  The judge reads the submission itself, in a process with a budget;
    # nbgrader's own steps before it see the notebook as it was released.  nbgrader's Execute
    # is absent on purpose: it runs student code outside the sandbox.
    c.Autograde.exporter_class = f"{STEPS}.SubmissionExporter"
    c.Autograde.sanitize_preprocessors = [
        f"{STEPS}.Sanitise",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    c.Autograde.autograde_preprocessors = [
        f"{STEPS}.Judge",
        "nbgrader.preprocessors.SaveAutoGrades",
        f"{STEPS}.SaveCarried",
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    c.AssignLatePenalties.plugin_class = f"{STEPS}.LatePenalties"

    # `nbgrader generate_feedback` and Formgrader's button: the pages of `autograder feedback`.
    # The exporter asks the gradebook itself, so nbgrader's preprocessors are not needed.
    c.GenerateFeedback.exporter_class = f"{STEPS}.FeedbackExporter"
    c.GenerateFeedback.preprocessors = []

    # Validate reads these settings at each press of its button; other commands know no validator.
    if "nbgrader.validator" in sys.modules:
        from autograder.nbgrader_plugin.validate import be_careful

        be_careful()

    # Formgrader's server: when a person gave points is noted for `autograder history`.
    if "nbgrader.server_extensions.formgrader.apihandlers" in sys.modules:
        from autograder.nbgrader_plugin.formgrader.noting import note_what_people_give

        note_what_people_give(Path(file).absolute().parent)

    # Nothing that a student wrote may run in an instructor's browser, take Jupyter's server
    # more than a moment, or pose as a verdict.  nbconvert's own switch leaves Markdown cells
    # open and spoils verdict cards; these filters do not.
    c.HTMLExporter.sanitize_html = True
    c.HTMLExporter.filters = {
        name: f"{FILTERS}.{name}"
        for name in (
            *("ansi2html", "clean_html", "highlight_code", "markdown2html"),
            "strip_files_prefix",
        )
    }
    # Formgrader finds MathJax on this computer; the rest of its page is nbgrader's own.
    nbgrader = Path(find_spec("nbgrader").origin).parent  # type: ignore[union-attr, arg-type]
    c.HTMLExporter.extra_template_basedirs = [
        str(Path(__file__).parent / "formgrader"),
        str(nbgrader / "server_extensions/formgrader/templates"),
    ]
