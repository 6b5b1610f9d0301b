"""nbgrader's tables as `nbgrader.api` defines them; a test holds these against those.

Foreign keys are left out: only the database needs them.  The unique columns
are here because rows are found and made by them.
"""

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Enum,
    Float,
    Interval,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA = "e43177bfe90b"  # alembic's name of this form of the tables
METADATA = MetaData()

ASSIGNMENT = Table(
    "assignment",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("duedate", DateTime),
    Column("course_id", String(128), nullable=False),
    UniqueConstraint("name"),
)

# --- What was released ---------------------------------------------------------

NOTEBOOK = Table(
    "notebook",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("assignment_id", String(32)),
    Column("kernelspec", String(1024)),
    UniqueConstraint("name", "assignment_id"),
)

SOURCE_CELL = Table(
    "source_cell",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("cell_type", Enum("code", "markdown", name="source_cell_type"), nullable=False),
    Column("locked", Boolean, nullable=False),
    Column("source", Text),
    Column("checksum", String(128)),
    Column("notebook_id", String(32)),
    UniqueConstraint("name", "notebook_id"),
)

BASE_CELL = Table(
    "base_cell",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("notebook_id", String(32), nullable=False),
    Column("type", String(50)),
    UniqueConstraint("name", "notebook_id", "type"),
)

GRADE_CELL = Table(
    "grade_cells",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("max_score", Float, nullable=False),
    Column("cell_type", Enum("code", "markdown", name="grade_cell_type"), nullable=False),
)

TASK_CELL = Table(
    "task_cells",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("max_score", Float, nullable=False),
    Column("cell_type", Enum("code", "markdown", name="grade_cell_type"), nullable=False),
)

# --- What was submitted --------------------------------------------------------

STUDENT = Table(
    "student",
    METADATA,
    Column("id", String(128), primary_key=True),
    Column("first_name", String(128)),
    Column("last_name", String(128)),
    Column("email", String(128)),
    Column("lms_user_id", String(128)),
)

SUBMISSION = Table(
    "submitted_assignment",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("assignment_id", String(32)),
    Column("student_id", String(128)),
    Column("timestamp", DateTime),
    Column("extension", Interval),
    UniqueConstraint("assignment_id", "student_id"),
)

SUBMITTED = Table(
    "submitted_notebook",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("assignment_id", String(32)),  # of the submission
    Column("notebook_id", String(32)),
    Column("flagged", Boolean),
    Column("late_submission_penalty", Float(0)),
    UniqueConstraint("notebook_id", "assignment_id"),
)

GRADE = Table(
    "grade",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("notebook_id", String(32)),  # of the submitted notebook
    Column("cell_id", String(32)),
    Column("auto_score", Float),
    Column("manual_score", Float),
    Column("extra_credit", Float),
    Column("needs_manual_grade", Boolean, nullable=False),
    UniqueConstraint("cell_id", "notebook_id"),
)

COMMENT = Table(
    "comment",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("notebook_id", String(32)),  # of the submitted notebook
    Column("cell_id", String(32)),
    Column("auto_comment", Text),
    Column("manual_comment", Text),
    UniqueConstraint("cell_id", "notebook_id"),
)

# Alembic's table, made by nbgrader; only `autograder.gradebook.database` uses it.
VERSION = Table("alembic_version", MetaData(), Column("version_num", String(32), nullable=False))
