"""A connection to nbgrader's database: how transactions begin, and what goes wrong, in words.

All that differs between SQLite and PostgreSQL is here.  Must not know the tables' meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Table, create_engine, inspect, select
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)

from autograder.course.folder import CourseError
from autograder.gradebook.tables import ASSIGNMENT, SCHEMA, VERSION

BUSY_SECONDS = 60  # how long to wait for another program that writes
CONNECT_SECONDS = 10  # how long to wait for a server that does not answer
TRIES = 5  # tries of a transaction that another program's disturbed
# SQLSTATE of a serialization failure and of a deadlock: the other transaction went through.
PASSING = ("40001", "40P01")
# The database itself failed, not what was to be written.
_OF_THE_DATABASE = (OperationalError, InterfaceError, OSError)
T = TypeVar("T")


class GradebookError(CourseError):
    """The gradebook cannot be used; its text says why and what to do."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message, code)


class NotReleased(GradebookError):
    """There is nothing yet of what is asked for: no gradebook, or not this assignment."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=2)


class GradebookUnusable(GradebookError):
    """Nothing can be written now, whatever it is: the database is locked, full or gone."""


class Database:
    """A gradebook's database that exists and has nbgrader's tables.

    Parameters
    ----------
    address : a database URL
    busy_seconds : how long to wait while another program writes

    Raises
    ------
    GradebookError
        where there is none, it has other tables, or it cannot be opened
    """

    def __init__(self, address: str, busy_seconds: float) -> None:
        url = parse_url(address)
        kind = url.get_backend_name()
        if kind == "sqlite":
            if url.database and url.database != ":memory:" and not Path(url.database).exists():
                raise _none_there(url)
            # Without isolation_level=None the driver begins transactions as it sees fit.
            options: dict[str, Any] = {"timeout": busy_seconds, "isolation_level": None}
            # Locked at once: SQLite does not wait for the lock of one who has read before.
            self._to_read, self._to_write = "BEGIN", "BEGIN IMMEDIATE"
        elif kind == "postgresql":
            options = {"connect_timeout": url.query.get("connect_timeout", CONNECT_SECONDS)}
            patience = f"SET LOCAL lock_timeout = {max(1, round(busy_seconds * 1000))}"
            self._to_read = self._to_write = patience
        else:
            raise GradebookError(
                f"a gradebook is in SQLite or PostgreSQL, not in {kind}: correct GRADEBOOK_URL",
                code=2,
            )
        self.engine = create_engine(url, connect_args=options)
        try:
            self._require_tables(url)
        except BaseException:
            self.engine.dispose()
            raise

    def _require_tables(self, url: URL) -> None:
        def require(connection: Connection) -> None:
            there = inspect(connection).get_table_names()
            if ASSIGNMENT.name not in there:
                raise _none_there(url)
            if VERSION.name in there:
                found = connection.execute(select(VERSION.c.version_num)).scalar()
                if found not in (None, SCHEMA):
                    raise GradebookError(f"the gradebook cannot be used: {OTHER_NBGRADER}")

        self.read(require)

    def read(self, question: Callable[[Connection], T]) -> T:
        """Return the answer to a question."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql(self._to_read)
            return question(connection)

    def write(self, work: Callable[[Connection], None]) -> None:
        """Do work in one transaction: all of it or nothing.

        Done again where another program came in between, or the server was
        restarted; so doing it twice must be the same as doing it once.
        """
        for left in reversed(range(TRIES)):
            try:
                with self.engine.connect() as connection:
                    connection.exec_driver_sql(self._to_write)
                    work(connection)
                    connection.commit()
                return
            except DBAPIError as error:
                if not left or not _passes(error):
                    raise


def upsert(connection: Connection, table: Table) -> Any:
    """Return an INSERT that can say what is to be done ON CONFLICT."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert

        return insert(table)
    from sqlalchemy.dialects.postgresql import insert as insert_on_server

    return insert_on_server(table)


def parse_url(address: str) -> URL:
    """Return a database URL.

    Raises
    ------
    ArgumentError
        where it is none
    """
    try:
        return make_url(address)
    except ValueError as error:  # a port that is no number
        raise ArgumentError("no URL") from error


def _none_there(url: URL) -> NotReleased:
    return NotReleased(
        f"there is no gradebook {url.database or ''}: "
        "run `autograder release` with an assignment first"
    )


def _passes(error: DBAPIError) -> bool:
    """Tell whether the same transaction may go through at the next try."""
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
    return isinstance(error, IntegrityError) or error.connection_invalidated or state in PASSING


OTHER_NBGRADER = "it is of another nbgrader; back it up and run `nbgrader db upgrade`"
_BUSY = "another program is writing to it; close it or wait, then run this again"
_READ_ONLY = "it is read-only for this user; make the file and its folder writable"
_FULL = "the disk is full; make room, then run this again"
# What a database says, in lower case, and what a person is told.  The first that fits counts.
_REASONS = (
    ("locked|lock timeout|deadlock|could not serialize", _BUSY),
    ("read-only transaction", "its server accepts no changes; ask who looks after it"),
    ("readonly|read-only", _READ_ONLY),
    ("disk is full|no space left", _FULL),
    ("no such column|no such table|(column|relation) .* does not exist", OTHER_NBGRADER),
    ("not a database", "the file is not a database; put a backup in its place"),
    ("malformed", "the file is damaged; put a backup in its place"),
    ("unable to open", "it cannot be opened; see whether the file and its folder may be read"),
    (
        "(password|peer|ident) authentication failed|no password supplied|role .* does not exist",
        "its server refuses this user or password ({said}); correct GRADEBOOK_URL",
    ),
    (
        "database .* does not exist",
        "its server has no such database ({said}); make it with `createdb`",
    ),
    ("connection option", "GRADEBOOK_URL asks for what there is not: {said}"),
    ("permission denied", "this user may not do that ({said}); have the right granted"),
    ("value too long", "a name is longer than its 128 characters; rename the student's folder"),
    ("too many connections|connection slots", "its server has too many users; run this again"),
    (
        "connection|resolve|timeout expired|terminat|starting up|shutting down",
        "its server cannot be reached ({said}); see that it runs, or correct GRADEBOOK_URL",
    ),
)


@contextmanager
def said_plainly() -> Iterator[None]:
    """Turn what a database raises into one sentence; none has a URL in it, nor a password.

    Raises
    ------
    GradebookError
    """
    try:
        yield
    except IntegrityError as error:
        raise GradebookError(
            "the gradebook was changed by another program at the same moment; "
            "nothing was written: run this again"
        ) from error
    except (ArgumentError, NoSuchModuleError) as error:
        raise GradebookError(
            "the gradebook's address is no database URL; one looks like "
            "sqlite:////folder/gradebook.db or postgresql+psycopg://user:password@host/name: "
            "correct c.CourseDirectory.db_url in nbgrader_config.py, or GRADEBOOK_URL",
            code=2,
        ) from error
    except ImportError as error:
        raise GradebookError(
            f"the gradebook's database needs the Python package {error.name or 'psycopg'}; "
            "`pip install .[postgres]` gets psycopg, for postgresql+psycopg://",
            code=2,
        ) from error
    except (SQLAlchemyError, OSError) as error:
        said = _first_line(error)
        text = str(getattr(error, "orig", None) or error).lower()
        reason = next((say for sign, say in _REASONS if re.search(sign, text)), "{said}")
        kind = GradebookUnusable if isinstance(error, _OF_THE_DATABASE) else GradebookError
        raise kind(f"the gradebook cannot be used: {reason.replace('{said}', said)}") from error


def _first_line(error: BaseException) -> str:
    text = str(getattr(error, "orig", None) or error).strip()
    return (text.splitlines() or [type(error).__name__])[0].rstrip(".")
