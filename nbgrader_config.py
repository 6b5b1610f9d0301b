"""nbgrader's settings for this course.

nbgrader reads the file of the folder that it is started in, so start it, and
JupyterLab for Formgrader, in the course's root.
"""

from autograder.nbgrader_plugin import configure

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - given by traitlets
configure(c, __file__)

c.CourseDirectory.course_id = "softmax-by-hand"

# The module that describes the exercises: what they are worth, how they are judged, and
# the mistakes that are called by their name.
c.Catalogue.module = "softmax_by_hand"

# What a submission may use of what is installed here, besides Python's own library and what
# the released notebook imports.  Without this line: everything.
c.Submissions.packages = ["numpy", "matplotlib"]

# An exercise that fails because of an earlier one is judged once more with that one
# answered rightly, and earns this share of the criteria that then hold.
c.ErrorCarriedForward.share = 1.0

# Where the lessons are that feedback and reports name, {} for a lesson's name: `make site` makes
# the pages.  Without this line they are named only.
# c.Book.lesson = "https://course.example/lessons/{}.html"

# What is taken away for a late hand-in: nothing, until a number is put here.  A due date
# is set in Formgrader; docs/instructor.md says what these do.
# c.LatePenalties.percent_per_day = 10  # or points_per_day = 2
# c.LatePenalties.grace_hours = 1
# c.LatePenalties.at_most_percent = 50
