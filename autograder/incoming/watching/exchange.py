"""nbgrader's exchange, as a watcher uses it: what has come in, collecting it, releasing feedback.

Reads the settings that nbgrader's own commands read, so that all of them mean the same exchange.
Every mishap is an `ExchangeTrouble`, whose text is for a person.
"""

from __future__ import annotations

import logging
import pwd
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbgrader.apps.baseapp import NbGrader
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeError, ExchangeFactory
from nbgrader.exchange.default import ExchangeCollect
from nbgrader.utils import notebook_hash, parse_utc
from traitlets.config import Application, Config

from autograder.base.words import named
from autograder.catalogue.name import CONFIG_FILE
from autograder.course.folder import (
    SUBMISSION_SECRET,
    CourseError,
    Submission,
    write_atomically,
)
from autograder.course.handed_in.files import survey
from autograder.gradebook import GradebookStore
from autograder.incoming.watching.answered import look_of

# A hand-in without the secret that *Submit* writes last is taken after this many looks: somebody
# else put it there, or *Submit* was killed.
LOOKS_WITHOUT_SECRET = 10


class ExchangeTrouble(Exception):
    """The exchange cannot be used now; the text says why."""


class Inbound:
    """What students handed in of one assignment, and which of it is all there.

    Parameters
    ----------
    folder : the exchange's, with a folder for each hand-in
    assignment : whose hand-ins are looked for
    check_owner : a hand-in counts only where it belongs to the user in whose name it is
    """

    def __init__(self, folder: Path, assignment: str, check_owner: bool) -> None:
        self.folder, self.assignment, self.check_owner = folder, assignment, check_owner
        self._settled: dict[str, str] = {}  # the newest hand-in by student that was collected
        self._seen: dict[str, tuple[Any, int]] = {}  # how a new one looked, and how often it did
        self.not_theirs: list[str] = []  # hand-ins in a student's name by somebody else

    def ready(self) -> dict[str, str]:
        """Return the newest hand-in of each student where it is new and looks as it did before.

        Raises
        ------
        OSError : the folder cannot be read
        """
        newest: dict[str, tuple[Any, str]] = {}
        self.not_theirs = []
        for name in sorted(path.name for path in self.folder.iterdir()):
            student, when = self._parts(name)
            if when is None or (student in newest and when < newest[student][0]):
                continue
            if self.check_owner and _owner(self.folder / name) != student:
                self.not_theirs.append(name)
                continue
            newest[student] = when, name
        seen, self._seen = self._seen, {}
        found = {}
        for student, (_, name) in newest.items():
            if self._settled.get(student) == name:
                continue
            look = look_of(self.folder / name)
            before, times = seen.get(name, (None, 0))
            times = times + 1 if look == before else 0
            self._seen[name] = look, times
            if times >= (1 if _is_complete(self.folder / name) else LOOKS_WITHOUT_SECRET):
                found[student] = name
        return found

    def settle(self, student: str, name: str) -> None:
        """Note that a hand-in is collected, or that there is no need to."""
        self._settled[student] = name

    def _parts(self, name: str) -> tuple[str, Any]:
        """Return whose hand-in it is and when it came, or None where it is none of ours."""
        parts = name.rsplit("+", 3)  # student, assignment, time, and mostly a random text
        if len(parts) < 3 or parts[1] != self.assignment:
            return "", None
        try:
            return parts[0], parse_utc(parts[2])
        except Exception:  # dateutil's, of whatever a student wrote there
            return "", None


def _is_complete(hand_in: Path) -> bool:
    """Whether *Submit* is done: it writes the secret, and then opens the folder to all."""
    try:
        secret = (hand_in / SUBMISSION_SECRET).lstat()
        return secret.st_size > 0 and bool(hand_in.lstat().st_mode & stat.S_IWOTH)
    except OSError:
        return False


def _owner(path: Path) -> str | None:
    try:
        return pwd.getpwuid(path.lstat().st_uid).pw_name
    except (OSError, KeyError):
        return None


class Exchange:
    """The exchange of a course.

    Parameters
    ----------
    course : the course's folder
    gradebook_url : its gradebook
    say : is called with what nbgrader warns of, a line each

    Raises
    ------
    CourseError : it is of another kind
    """

    def __init__(self, course: Path, gradebook_url: str, say: Any) -> None:
        self.config = _settings(course)
        self.config.CourseDirectory.root = str(course)
        self.config.CourseDirectory.db_url = gradebook_url
        # Another hand-in of the same student takes the place of the one before.
        self.config.ExchangeCollect.update = True
        self.factory = ExchangeFactory(config=self.config)
        self._collector = self.factory.Collect(config=self.config)
        if not isinstance(self._collector, ExchangeCollect):
            raise CourseError(
                f"{course / CONFIG_FILE}: c.ExchangeFactory.collect is another exchange than "
                "nbgrader's own, in folders, which alone can be watched"
            )
        self.say, self._gradebook_url = say, gradebook_url
        self.course_id = CourseDirectory(config=self.config).course_id
        self.inbox = Path(self._collector.root) / self.course_id / "inbound"

    def inbound(self, assignment: str) -> Inbound:
        """Return what looks for hand-ins of an assignment."""
        # nbgrader warns where another user hands in in a student's name. Nobody reads that here.
        return Inbound(self.inbox, assignment, self._collector.check_owner)

    def collect(self, assignment: str, names: Collection[str]) -> None:
        """Copy these hand-ins into submitted/, as `nbgrader collect` does, and no others.

        Raises
        ------
        ExchangeTrouble
        """
        try:
            GradebookStore.open(self._gradebook_url).close()  # nbgrader would make an empty one
        except CourseError as failure:
            raise ExchangeTrouble(str(failure)) from None
        collector = self.factory.collect

        class Some(collector):  # type: ignore[misc, valid-type]
            """Takes what it is told to; others may be half written, or in another's name."""

            def _sort_by_timestamp(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
                found: list[dict[str, Any]] = super()._sort_by_timestamp(records)
                return sorted(found, key=lambda one: one["filename"] not in names)

            def init_src(self) -> None:
                super().init_src()
                records: list[dict[str, Any]] = self.src_records  # type: ignore[has-type]
                self.src_records = [one for one in records if one["filename"] in names]

        self._do(Some, assignment, "*")

    def release(self, submission: Submission) -> bool:
        """Put a student's pages where *Fetch Feedback* finds them; return whether it can.

        nbgrader looks for a page by the name of each notebook that was handed in, and so not
        for one of a notebook that its student called otherwise.

        Raises
        ------
        ExchangeTrouble
        """
        self._do(self.factory.release_feedback, submission.assignment, submission.student)
        pages = {path.stem: path for path in submission.feedback_folder.glob("*.html")}
        files = survey(submission.folder).files
        handed_in = {name.removesuffix(".ipynb") for name in files if name.endswith(".ipynb")}
        handed_in = {name for name in handed_in if "/" not in name}
        if handed_in and handed_in.isdisjoint(pages):
            secret = (submission.feedback_folder / SUBMISSION_SECRET).read_text()
            page = min(pages.items())[1].read_text(encoding="utf-8")
            for name in handed_in:
                released = f"{notebook_hash(secret=secret, notebook_id=name)}.html"
                write_atomically(self.inbox.with_name("feedback") / released, page)
        return bool(handed_in)

    def _do(self, step: type[Any], assignment: str, student: str) -> None:
        log = _Log()
        config = Config(self.config)
        directory = CourseDirectory(config=config, assignment_id=assignment, student_id=student)
        directory.log = log
        with _in_words(log):
            step(
                coursedir=directory,
                authenticator=Authenticator(config=config),
                config=config,
                log=log,
            ).start()
        for line in log.lines:
            self.say(line)


class _Log(logging.Logger):
    """Keeps what nbgrader warns of, a line each."""

    def __init__(self) -> None:
        super().__init__("nbgrader", logging.WARNING)
        self.lines: list[str] = []

    def handle(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.lines.append(" ".join(record.getMessage().split()))


@contextmanager
def _in_words(log: _Log) -> Iterator[None]:
    try:
        yield
    except ExchangeError as failure:
        # nbgrader logs what it raises, last; what it logged before says more.
        said = [line for line in log.lines if line != str(failure)]
        raise ExchangeTrouble("; ".join((*said[-1:], str(failure)))) from None
    except OSError as failure:
        where = f"{failure.filename}: " if failure.filename else ""
        raise ExchangeTrouble(f"{where}{failure.strerror or failure}") from None
    except Exception as failure:  # of the database, say; a watcher goes on
        raise ExchangeTrouble(named(failure)) from None


def _settings(course: Path) -> Config:
    """Return what nbgrader's commands read when they are started in the course's folder."""
    app = NbGrader(load_cwd_config=False, log=_Log())
    app.load_config_file()
    Application.load_config_file(app, CONFIG_FILE, path=str(course))
    settings: Mapping[str, Any] = app.config
    return Config(settings)
