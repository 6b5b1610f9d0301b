"""Watches for hand-ins and has each answered as it comes: the loop, and what it says.

One thread looks and collects; each worker's thread answers one hand-in at a time.  What was
answered is on the disk, so a watcher that ends, however it ends, is simply started anew.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from autograder.base.words import counted, printable
from autograder.catalogue.name import CONFIG_FILE
from autograder.course import settings
from autograder.course.course import Course
from autograder.course.folder import CourseError, Submission, require_assignment
from autograder.gradebook import GradebookStore
from autograder.grading.standing import LEFT_OUT
from autograder.grading.workers import Workers
from autograder.incoming.watching.answer import Answer, Turns, answer, warm_up
from autograder.incoming.watching.answered import Answered, look_of
from autograder.incoming.watching.exchange import Exchange, ExchangeTrouble
from autograder.incoming.watching.incoming import Incoming

LOOK_SECONDS = 0.5  # between two looks at the exchange and at submitted/
RETRY_SECONDS = 30.0  # until what could not be answered is tried once more
RELEASE_SECONDS = 5.0  # between two looks for an assignment that is not released yet
LOCK_FILE = ".watched-{}"  # of an assignment, beside the students' folders
Key: TypeAlias = tuple[str, str]  # assignment and student


class Watch:
    """Watching the hand-ins of assignments.

    Parameters
    ----------
    course : the course's folder
    assignments : which ones
    isolation : "bwrap" or "none"
    say : is called with each line
    folder : into which hand-ins of the one assignment come, as `autograder collect` takes them,
        or None

    Raises
    ------
    CourseError : it cannot begin
    """

    def __init__(
        self,
        course: Path,
        assignments: Sequence[str],
        isolation: str,
        say: Callable[[str], None],
        folder: Path | None = None,
    ) -> None:
        if folder is not None and len(assignments) != 1:
            raise CourseError("--folder is for one assignment at a time")
        where = Course(course)
        self.course, self.isolation, self._say_line = course, isolation, say
        self._settings_look = _status(course / CONFIG_FILE)
        self._read_settings(where)
        self._gradebook_url = where.gradebook_url
        why = {name: self._why_unreleased(name) for name in assignments}
        if all(why.values()):
            raise next(filter(None, why.values()))
        # By name, when to look whether it is released by now.
        self._unreleased = {name: 0.0 for name, failure in why.items() if failure}
        self._told: dict[str, str] = {}  # the last line about each subject
        self.exchange = Exchange(
            course, self._gradebook_url, lambda line: self._say_once(line, f"nbgrader: {line}")
        )
        self.inbounds = {name: self.exchange.inbound(name) for name in assignments}
        (course / "autograded").mkdir(exist_ok=True)
        self.answered = {name: Answered(course, name) for name in assignments}
        self.folder = None if folder is None else Incoming(course, assignments[0], folder)
        self._turns = Turns()
        self._looks: dict[Key, str] = {}  # how each hand-in looked when it was last looked at
        self._waiting: dict[Key, str] = {}  # to be answered, the first that came first
        self._not_before: dict[Key, float] = {}  # by the monotonic clock
        self._at_work: dict[Future[Answer], tuple[Key, str]] = {}

    def run(self, workers: int) -> None:
        """Watch until Ctrl-C.

        Raises
        ------
        CourseError : isolation cannot be had, an assignment is not released, or it is watched
        KeyboardInterrupt
        """
        with self._locked(), Workers(workers) as executor:
            names = list(self.inbounds)
            released = [name for name in names if name not in self._unreleased]
            warm = [
                executor.submit(warm_up, self.course, name, self.isolation)
                for name in (*released, *released[:1] * (workers - len(released)))
            ]
            for one in warm:
                one.result()
            folder = "" if self.folder is None else f"{self.folder.folder}, "
            self._say(
                f"watching {' '.join(names)}: {folder}{self.exchange.inbox}, and "
                f"{self.course / 'submitted'}; Ctrl-C ends it"
            )
            while True:
                self._read_changed_settings()
                for name in filter(self.is_released, names):
                    self._take(name)
                    self._collect(name)
                    self._find(name)
                self._begin(executor, workers)
                until = time.monotonic() + LOOK_SECONDS
                while (left := until - time.monotonic()) > 0:
                    if not self._at_work:
                        time.sleep(left)
                        break
                    ended, _ = wait(self._at_work, left, FIRST_COMPLETED)
                    for future in ended:
                        self._end(future)
                    self._begin(executor, workers)

    # --- Settings ---------------------------------------------------------------------------------

    def _read_settings(self, where: Course) -> None:
        self._per_day = settings.read(settings.Watch, where.settings).answers_per_day
        self._excluded = where.excluded

    def _read_changed_settings(self) -> None:
        """Read the course's settings anew where its file is another than before."""
        look = _status(self.course / CONFIG_FILE)
        if look == self._settings_look:
            return
        self._settings_look = look
        try:
            self._read_settings(Course(self.course))
        except CourseError as failure:
            self._say(f"{failure}; until then as before")
        else:
            self._say(f"{CONFIG_FILE} was changed, and is read")

    def _why_unreleased(self, name: str) -> CourseError | None:
        try:
            require_assignment(self.course, name)
            with GradebookStore.open(self._gradebook_url) as gradebook:
                gradebook.notebooks(name)
        except CourseError as failure:
            return failure
        return None

    def is_released(self, name: str) -> bool:
        """Tell whether an assignment is released by now; say so where not."""
        look_at = self._unreleased.get(name)
        if look_at is None or time.monotonic() < look_at:
            return look_at is None
        why = self._why_unreleased(name)
        if why is None:
            del self._unreleased[name]
            self._say(f"{name} is released, and watched")
            return True
        self._unreleased[name] = time.monotonic() + RELEASE_SECONDS
        self._say_once(f"release {name}", f"{why}; looking again and again")
        return False

    # --- Looking ----------------------------------------------------------------------------------

    def _take(self, name: str) -> None:
        """Bring what has come into the folder into submitted/."""
        if self.folder is None:
            return
        busy = {student for _, student in self._being_answered()}
        try:
            said = self.folder.take(busy)
        except (CourseError, OSError) as failure:
            self._say_once("folder", f"{self.folder.folder}: {failure}; looking again and again")
            return
        for line in said:
            self._say_once(line, line)

    def _collect(self, name: str) -> None:
        """Bring what is all there from the exchange into submitted/."""
        inbound = self.inbounds[name]
        if not self.exchange.course_id:
            said = "c.CourseDirectory.course_id is not set: only submitted/ is watched"
            self._say_once("course_id", said)
            return
        subject = f"exchange {name}"
        busy = {student for assignment, student in self._being_answered() if assignment == name}
        try:
            # What a worker is reading is not replaced under its hands.
            ready = {
                student: one
                for student, one in inbound.ready().items()
                if student not in busy and not self._is_excluded(name, student)
            }
            if ready:
                self.exchange.collect(name, set(ready.values()))
        except OSError as failure:
            self._say_once(
                subject,
                f"{inbound.folder} cannot be read ({failure.strerror}); looking again and again, "
                "and at submitted/ meanwhile",
            )
            return
        except ExchangeTrouble as failure:
            self._say_once(subject, f"{name} was not collected: {failure}; looking again and again")
            return
        if self._told.pop(subject, None):
            self._say(f"{name} is collected again")
        for student, hand_in in ready.items():
            inbound.settle(student, hand_in)
            folder = Submission(self.course, name, student).folder
            if (look := look_of(folder)) is not None:
                self._looks[name, student] = look  # it is all there
        for hand_in in inbound.not_theirs:
            self._say_once(
                hand_in,
                f"{printable(str(inbound.folder / hand_in))} is of another user than its name "
                "says, and is left alone",
            )

    def _is_excluded(self, name: str, student: str) -> bool:
        """Tell whether the settings leave a student out; say so where they do."""
        if student not in self._excluded:
            return False
        key = name, student
        self._say_once(f"left out {key}", f"{_of(key)} {LEFT_OUT}")
        return True

    def _being_answered(self) -> set[Key]:
        return {key for key, _ in self._at_work.values()}

    def _find(self, name: str) -> None:
        """Note what in submitted/ is new, and looks as it did when it was looked at before."""
        root = self.course / "submitted"
        try:
            students = sorted(path.name for path in root.iterdir() if not path.name.startswith("."))
        except FileNotFoundError:
            return
        except OSError as failure:
            self._say_once("submitted", f"{root}: {failure.strerror}; looking again and again")
            return
        busy = self._being_answered()
        for student in students:
            key = name, student
            look = look_of(Submission(self.course, name, student).folder)
            if (
                look is None
                or key in busy
                or self.answered[name].has(student, look)
                or self._is_excluded(name, student)
            ):
                self._waiting.pop(key, None)
            elif self._looks.get(key) == look:
                self._waiting[key] = look
            else:
                self._waiting.pop(key, None)
                self._not_before.pop(key, None)
            if look is not None:
                self._looks[key] = look

    # --- Answering --------------------------------------------------------------------------------

    def _begin(self, executor: Workers, workers: int) -> None:
        """Have as many hand-ins answered as there are workers free."""
        for key, look in list(self._waiting.items()):
            if len(self._at_work) >= workers:
                return
            if self._not_before.get(key, 0.0) > time.monotonic() or not self._is_allowed(key):
                continue
            del self._waiting[key]
            name, student = key
            submission = Submission(self.course, name, student)
            future = executor.submit(answer, submission, self.isolation, self._turns, self.exchange)
            self._at_work[future] = key, look
            self._say_once(f"begun {key}", f"{_of(key)} is handed in, and being graded")

    def _is_allowed(self, key: Key) -> bool:
        """Tell whether a student may have another answer by now; say so where not."""
        name, student = key
        now = time.time()
        when = self.answered[name].allowed_at(student, self._per_day, now)
        if when <= now:
            return True
        until = datetime.fromtimestamp(when).astimezone()
        self._say_once(
            f"limit of {key}",
            f"{_of(key)} waits until {until:%Y-%m-%d %H:%M}: "
            f"{counted(self._per_day, 'hand-in')} in 24 hours are answered",
        )
        return False

    def _end(self, future: Future[Answer]) -> None:
        key, look = self._at_work.pop(future)
        name, student = key
        result = future.result()
        if result.no_isolation:
            raise CourseError(result.said, 3)
        if not result.trouble:
            try:
                self.answered[name].note(student, look, None if result.nothing else time.time())
            except OSError as failure:
                self._say_once("record", f"what is answered cannot be noted: {failure.strerror}")
                result = Answer(result.said, trouble=True)
        if result.trouble:
            self._not_before[key] = time.monotonic() + RETRY_SECONDS
            self._say_once(str(key), f"{_of(key)} {result.said}; it will be tried again")
            return
        for subject in (str(key), f"begun {key}"):
            self._told.pop(subject, None)
        self._say(f"{_of(key)}: {result.said}")

    # --- What is said, and the lock ---------------------------------------------------------------

    def _say(self, line: str) -> None:
        self._say_line(f"{datetime.now():%H:%M:%S} {printable(line)}")

    def _say_once(self, subject: str, line: str) -> None:
        """Say a line unless it is the last that was said about its subject."""
        if self._told.get(subject) != line:
            self._told[subject] = line
            self._say(line)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the assignments for this process; the kernel lets go of them when it ends."""
        held: list[int] = []
        try:
            for name in self.inbounds:
                path = self.course / "autograded" / LOCK_FILE.format(name)
                held.append(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644))
                try:
                    fcntl.flock(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    process = os.read(held[-1], 20).decode(errors="replace").strip()
                    raise CourseError(
                        f"{name} is watched already, by process {process}: one watcher is enough"
                    ) from None
                os.truncate(held[-1], 0)
                os.write(held[-1], f"{os.getpid()}\n".encode())
            yield
        finally:
            for descriptor in held:
                os.close(descriptor)


def _of(key: Key) -> str:
    name, student = key
    return f"{student}'s {name}"


def _status(path: Path) -> tuple[int, int] | None:
    """Return what changes when a file is written; None: there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
