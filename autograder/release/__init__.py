"""The release of an assignment: what students get, made from source/ and proved."""

from autograder.course.folder import CourseError


class ReleaseError(CourseError):
    """An assignment that is not fit to be released; its text has a line for each reason."""
