"""nbgrader's settings for this course."""

from autograder.nbgrader_plugin import configure

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - given by traitlets
configure(c, __file__)

c.CourseDirectory.course_id = "linear-regression"
c.Catalogue.module = "linear_regression"
c.Submissions.packages = ["numpy"]
