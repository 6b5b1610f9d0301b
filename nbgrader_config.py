"""nbgrader's settings for this course.

nbgrader reads the file of the folder that it is started in, so start it, and
JupyterLab for Formgrader, in the course's root.  Must not import the grader:
nbgrader imports the parts named here when it needs them.
"""

import os
from importlib.util import find_spec
from pathlib import Path

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - given by traitlets

c.CourseDirectory.course_id = "softmax-by-hand"
c.CourseDirectory.root = str(Path(__file__).absolute().parent)
if os.environ.get("GRADEBOOK_URL"):  # otherwise gradebook.db in the root
    c.CourseDirectory.db_url = os.environ["GRADEBOOK_URL"]

# nbgrader copies what lies beside a notebook from step to step.  The grader's own
# record is for no other step, and a student's file of that name is no record.
c.CourseDirectory.ignore = [
    *(".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback"),
    "verdicts.json",
]

# nbgrader follows links when it copies, and lets all that lies beside a notebook go out with
# feedback.  These copy ordinary files, within limits; see docs/security.md.
c.ExchangeFactory.collect = "autograder.nbgrader_plugin.files.Collect"
c.ExchangeFactory.release_feedback = "autograder.nbgrader_plugin.files.ReleaseFeedback"
c.ZipCollectApp.extractor_plugin = "autograder.nbgrader_plugin.files.Extractor"
c.ZipCollectApp.collector_plugin = "autograder.nbgrader_plugin.files.Collector"
# The module that describes the exercises: what they are worth, how they are judged, and
# the mistakes that are called by their name.
c.Catalogue.module = "softmax_by_hand"

# What a student finds in place of a solution.  A stub must parse and must fail
# in a way that `check` and the graders recognise.
c.ClearSolutions.code_stub = {"python": 'raise NotImplementedError("not written yet")'}
c.ClearSolutions.text_stub = "*Write your answer here.*"
c.ClearSolutions.begin_solution_delimeter = "BEGIN SOLUTION"
c.ClearSolutions.end_solution_delimeter = "END SOLUTION"
c.ClearMarkScheme.begin_mark_scheme_delimeter = "BEGIN MARK SCHEME"
c.ClearMarkScheme.end_mark_scheme_delimeter = "END MARK SCHEME"

# `nbgrader autograde` and Formgrader's button: the same reading, repairs and
# verdicts as `autograder grade`.  The judge reads the submission itself, in a process with
# a budget; nbgrader's own steps before it see the notebook as it was released.  nbgrader's
# Execute is absent on purpose: it runs student code outside the sandbox.
c.Autograde.exporter_class = "autograder.nbgrader_plugin.steps.SubmissionExporter"
c.Autograde.sanitize_preprocessors = [
    "autograder.nbgrader_plugin.steps.Sanitise",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "autograder.nbgrader_plugin.steps.Judge",
    "nbgrader.preprocessors.SaveAutoGrades",
    "autograder.nbgrader_plugin.steps.SaveCarried",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# What a submission may use of what is installed here, besides Python's own library and what
# the released notebook imports.  Without this line: everything.
c.Submissions.packages = ["numpy", "matplotlib"]

# An exercise that fails because of an earlier one is judged once more with that one
# answered rightly, and earns this share of the criteria that then hold.
c.ErrorCarriedForward.share = 1.0

# `nbgrader generate_feedback` and Formgrader's button: the pages of `autograder feedback`.
# The exporter asks the gradebook itself, so nbgrader's preprocessors are not needed.
c.GenerateFeedback.exporter_class = "autograder.nbgrader_plugin.steps.FeedbackExporter"
c.GenerateFeedback.preprocessors = []

# What is taken away for a late hand-in: nothing, until a number is put here.  A due date
# is set in Formgrader; docs/instructor.md says what these do.
c.AssignLatePenalties.plugin_class = "autograder.nbgrader_plugin.steps.LatePenalties"
# c.LatePenalties.percent_per_day = 10  # or points_per_day = 2
# c.LatePenalties.grace_hours = 1
# c.LatePenalties.at_most_percent = 50

# Nothing that a student wrote may run in an instructor's browser, take Jupyter's server
# more than a moment, or pose as a verdict.  nbconvert's own switch leaves Markdown cells open, and
# spoils verdict cards; these filters do not.
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {
    name: f"autograder.nbgrader_plugin.formgrader.filters.{name}"
    for name in ("ansi2html", "clean_html", "highlight_code", "markdown2html", "strip_files_prefix")
}

# Formgrader finds MathJax on this computer; the rest of its page is nbgrader's own.
c.HTMLExporter.extra_template_basedirs = [
    str(Path(find_spec(package).origin).parent / folder)
    for package, folder in (
        ("autograder", "nbgrader_plugin/formgrader"),
        ("nbgrader", "server_extensions/formgrader/templates"),
    )
]
