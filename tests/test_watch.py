"""`autograder watch`: what students submit is graded and answered as it comes, whatever happens."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from classes import NOTEBOOKS, copied
from commanding import refused
from isolation import need_isolation
from nbgrader.api import Gradebook
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import (
    ExchangeFetchFeedback,
    ExchangeReleaseAssignment,
    ExchangeSubmit,
)
from running import PATIENCE, PROGRAMS, orphans_adopted, start
from traitlets.config import Config

from autograder.incoming.watching.answer import Turns
from autograder.incoming.watching.answered import ANSWERED_FILE, DAY_SECONDS, Answered, look_of
from autograder.incoming.watching.exchange import LOOKS_WITHOUT_SECRET, Inbound
from autograder.incoming.watching.incoming import Incoming
from autograder.incoming.watching.watch import Watch

COURSE_ID = "softmax-by-hand"
HAND_IN = "{}+ps1+2026-10-05 14:03:2{}.000000 UTC+xyz"


@dataclass
class Hub:
    """A course with an exchange, its students, and a watcher that may be running."""

    course: Path
    exchange: Path
    homes: Path
    process: subprocess.Popen[str] | None = None
    lines: list[str] = field(default_factory=list)

    @property
    def inbound(self) -> Path:
        return self.exchange / COURSE_ID / "inbound"

    def do(self, step: type[Any], student: str = "*") -> None:
        """Do one of nbgrader's steps as this student, or as the instructor."""
        config = Config()
        config.Exchange.root, config.CourseDirectory.root = str(self.exchange), str(self.course)
        config.Exchange.cache = str(self.homes / student / "cache")
        config.Exchange.assignment_dir = str(self.homes / student)
        directory = CourseDirectory(
            config=config, course_id=COURSE_ID, assignment_id="ps1", student_id=student
        )
        step(coursedir=directory, authenticator=Authenticator(config=config), config=config).start()

    def submit(self, student: str, work: str | bytes = "all-right") -> None:
        """Press Submit."""
        path = self.homes / student / "ps1/ps1.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(work, str):
            work = (NOTEBOOKS / f"{work}.ipynb").read_bytes()
        path.write_bytes(work)
        self.do(ExchangeSubmit, student)

    def fetched(self, student: str) -> list[str]:
        """Press Fetch Feedback; return the pages, in the order of their hand-ins."""
        self.do(ExchangeFetchFeedback, student)
        pages = sorted(self.homes.glob(f"{student}/ps1/feedback/*/ps1.html"))
        return [page.read_text(encoding="utf-8") for page in pages]

    def watch(self) -> None:
        """Start a watcher, and wait until it watches."""
        self.process = start(
            *(PROGRAMS / "autograder", "watch", "ps1", "--jobs", "2", "--course", self.course),
            stderr=subprocess.STDOUT,
        )
        self.lines = []
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        self.said("watching ps1: ")

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.append(line.rstrip("\n"))

    def said(self, text: str) -> str:
        """Wait for a line of the watcher's, and return it."""
        found: list[str] = self.until(lambda: [one for one in list(self.lines) if text in one])
        return found[0]

    def until(self, happens: Callable[[], Any]) -> Any:
        """Wait for something while the watcher is at work, and return it."""
        until = time.monotonic() + PATIENCE
        while not (found := happens()):
            assert self.process is not None
            assert self.process.poll() is None, self.lines
            assert time.monotonic() < until, self.lines
            time.sleep(0.05)
        return found

    def end(self, how: int) -> int:
        """End the watcher; return its exit code."""
        assert self.process is not None
        os.killpg(self.process.pid, how)
        code = self.process.wait(PATIENCE)
        self.process = None
        return code


@pytest.fixture(scope="module")
def hub(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    need_isolation()
    folder = tmp_path_factory.mktemp("hub")
    one = Hub(copied(released, folder / "course"), folder / "exchange", folder / "homes")
    one.exchange.mkdir()
    one.exchange.chmod(0o777)  # nbgrader asks for it
    with (one.course / "nbgrader_config.py").open("a") as settings:
        settings.write(f"c.Exchange.root = {str(one.exchange)!r}\n")
        settings.write("c.ExchangeCollect.check_owner = False\n")  # all are one user here
    one.do(ExchangeReleaseAssignment)
    with orphans_adopted() as left:
        one.watch()
        yield one
        if one.process is not None:
            assert one.end(signal.SIGINT) == 130
        assert left() == []


def test_what_is_submitted_is_graded_and_its_feedback_can_be_fetched(hub):
    hub.submit("ann")
    assert hub.said("ann's ps1: ").endswith(" ann's ps1: 14 of 14 points, feedback released")
    (page,) = hub.fetched("ann")
    assert "softmax" in page
    hub.submit("ann", "untouched")  # again: each hand-in has its own answer
    hub.said("ann's ps1: 0 of 14 points, feedback released")
    assert len(hub.fetched("ann")) == 2


def test_what_no_notebook_can_be_read_from_is_answered_and_stops_nobody(hub):
    for number, name in enumerate(("eve+ps1+no time+x", "eve+ps1+", "+ps1++", "odd")):
        (hub.inbound / name).mkdir(exist_ok=True)
        (hub.inbound / name / "ps1.ipynb").write_text(str(number))
    hub.submit("bob", b"{")
    hub.submit("cat")
    hub.said("cat's ps1: 14 of 14 points, feedback released")
    line = hub.said(
        "bob's ps1: was not graded: there is no notebook of ps1: 'ps1.ipynb' is not JSON"
    )
    assert line.endswith("feedback released")
    (page,) = hub.fetched("bob")
    assert "is not JSON" in page


@pytest.mark.parametrize(
    ("student", "name", "said"),
    [
        ("pam", "my work.ipynb", "14 of 14 points, feedback released"),
        ("pat", "essay.docx", "Fetch Feedback shows none of a hand-in without a notebook"),
    ],
)
def test_what_is_called_otherwise_is_answered(hub, student, name, said):
    folder = hub.homes / student / "ps1"
    folder.mkdir(parents=True)
    shutil.copy(NOTEBOOKS / "all-right.ipynb", folder / name)
    hub.do(ExchangeSubmit, student)
    assert hub.said(f"{student}'s ps1: ").endswith(said)
    hub.do(ExchangeFetchFeedback, student)
    pages = [path.name for path in folder.glob("feedback/*/*")]
    assert pages == (["my work.html"] if name.endswith(".ipynb") else [])


def test_what_lies_in_the_folder_is_answered_too_and_its_page_is_named(hub):
    folder = hub.course / "submitted/dan/ps1"
    folder.mkdir(parents=True)
    shutil.copy(NOTEBOOKS / "all-right.ipynb", folder / "ps1.ipynb")
    line = hub.said("dan's ps1: ")
    assert line.endswith(
        "14 of 14 points, feedback/dan/ps1/ps1.html is made; it did not come through the exchange"
    )
    assert (hub.course / "feedback/dan/ps1/ps1.html").is_file()


def test_an_exchange_that_is_gone_for_a_while_is_said_and_stops_nobody(hub):
    away = hub.exchange.with_name("away")
    hub.exchange.rename(away)
    hub.said("cannot be read (No such file or directory); looking again and again")
    assert sum("looking again" in line for line in hub.lines) == 1
    away.rename(hub.exchange)
    hub.said("ps1 is collected again")
    hub.submit("fay")
    hub.said("fay's ps1: 14 of 14 points, feedback released")


def test_a_second_watcher_of_the_same_assignment_is_refused_in_a_line(hub):
    code, said = refused("watch", "ps1", "--course", hub.course)
    assert code == 2
    assert said == f"ps1 is watched already, by process {hub.process.pid}: one watcher is enough"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_watcher_that_ends_in_the_middle_goes_on_where_it_was(hub, how):
    name = signal.Signals(how).name.lower()
    students = [f"{name}-{number}" for number in range(4)]
    for student in students:
        hub.submit(student)
    hub.said("is handed in, and being graded")
    hub.said(f"{name}-0's ps1: 14 of 14")
    code = hub.end(how)
    assert code == (-signal.SIGKILL if how == signal.SIGKILL else 130)
    if code == 130:
        assert hub.lines[-1] == "autograder: stopped; the same command goes on from here"
    assert not [line for line in hub.lines if "Traceback" in line]
    assert not [line for line in hub.lines if name in line and "not graded" in line]
    hub.watch()
    hub.until(lambda: all(hub.fetched(student) for student in students))
    assert not [line for line in hub.lines if "ann" in line], "answered before, and left alone"


def test_a_gradebook_that_is_gone_for_a_while_is_said_and_not_made_anew(hub):
    gradebook = hub.course / "gradebook.db"
    away = gradebook.rename(gradebook.with_suffix(".away"))
    hub.submit("gil")
    line = hub.said("ps1 was not collected: there is no gradebook")
    assert line.endswith("; looking again and again")
    assert not gradebook.exists()
    away.rename(gradebook)
    hub.said("gil's ps1: 14 of 14 points, feedback released")


# --- Wrong usage ----------------------------------------------------------------------------------


def test_what_cannot_be_watched_is_said_at_once(course):
    assert refused("watch", "ps9", "--course", course)[0] == 2
    assert refused("watch", "ps1", "--isolation", "no", "--course", course)[0] == 2
    (course / "gradebook.db").unlink()
    code, said = refused("watch", "ps1", "--course", course)
    assert (code, said.startswith("there is no gradebook")) == (2, True)


def test_an_assignment_that_is_not_released_yet_is_named_once_and_watched_when_it_is(
    course, monkeypatch
):
    monkeypatch.setattr("autograder.incoming.watching.watch.RELEASE_SECONDS", 0.0)
    said: list[str] = []
    watching = Watch(course, ["ps1", "ps2"], "none", said.append)
    assert watching.is_released("ps1")
    assert not watching.is_released("ps2")
    (course / "source/ps2").mkdir()
    shutil.copy(course / "source/ps1/ps1.ipynb", course / "source/ps2/ps2.ipynb")
    assert not watching.is_released("ps2")
    assert not watching.is_released("ps2")
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        gradebook.add_assignment("ps2")
    assert watching.is_released("ps2")
    no_source, no_release, released = said
    assert "no assignment 'ps2'" in no_source
    assert "run `autograder release ps2` first; looking again and again" in no_release
    assert released.endswith("ps2 is released, and watched")


@pytest.mark.parametrize("value", ["-1", "2.5", "True", "'all'"])
def test_a_limit_that_makes_no_sense_is_refused(course, value):
    with (course / "nbgrader_config.py").open("a") as settings:
        settings.write(f"c.Watch.answers_per_day = {value}\n")
    code, said = refused("watch", "ps1", "--course", course)
    assert code == 2
    assert "Watch.answers_per_day is a whole number from 0 on, not" in said


# --- At most so often -----------------------------------------------------------------------------


def test_answers_in_a_day_are_counted_over_restarts_and_damaged_lines(tmp_path):
    (tmp_path / "autograded").mkdir()
    answered, now = Answered(tmp_path, "ps1"), 6000.0
    assert answered.allowed_at("ann", 2, now) == 0
    answered.note("ann", "first", 1000.0)
    answered.note("ann", "second", 5000.0)
    answered.note("bob", "first", 5000.0)
    answered.note("bob", "nothing to read", None)
    with (tmp_path / "autograded" / ANSWERED_FILE.format("ps1")).open("a") as file:
        file.write('\n[1, 2, 3]\n{}\n["bob", "x", NaN]\n["bob", "cut off')
    answered.note("cat", "after it", 5000.0)
    again = Answered(tmp_path, "ps1")
    assert again.allowed_at("ann", 2, now) == 1000.0 + DAY_SECONDS
    assert again.allowed_at("ann", 1, now) == 5000.0 + DAY_SECONDS
    assert again.allowed_at("bob", 2, now) == 0
    assert again.has("ann", "second")
    assert again.has("bob", "nothing to read")
    assert again.has("cat", "after it")
    assert not again.has("ann", "first")
    assert again.allowed_at("ann", 0, now) == 0


def test_answers_of_a_clock_that_was_ahead_keep_nobody_waiting(tmp_path):
    (tmp_path / "autograded").mkdir()
    answered = Answered(tmp_path, "ps1")
    answered.note("ann", "by a wrong clock", 9e9)
    answered.note("ann", "by a right one", 5000.0)
    assert answered.allowed_at("ann", 2, 6000.0) == 0
    assert answered.allowed_at("ann", 1, 6000.0) == 5000.0 + DAY_SECONDS


def test_an_answer_that_a_full_disk_takes_in_part_is_not_taken_for_noted(tmp_path, monkeypatch):
    (tmp_path / "autograded").mkdir()
    answered = Answered(tmp_path, "ps1")
    whole = io.FileIO.write
    full = type("Full", (io.FileIO,), {"write": lambda self, text: whole(self, text[:9])})
    monkeypatch.setattr("builtins.open", lambda path, mode, buffering: full(path, "a"))
    with pytest.raises(OSError, match="No space left"):
        answered.note("ann", "first", 5000.0)
    monkeypatch.undo()
    assert not answered.has("ann", "first")
    answered.note("ann", "first", 5000.0)
    assert Answered(tmp_path, "ps1").has("ann", "first")


@pytest.fixture
def settings(hub: Hub) -> Iterator[Callable[[str], None]]:
    """A function that adds a line to the settings of the course that is watched."""
    file = hub.course / "nbgrader_config.py"
    before = file.read_text()

    def add(line: str) -> None:
        hub.lines.clear()
        file.write_text(f"{before}{line}\n")

    yield add
    add("")
    hub.said("nbgrader_config.py was changed, and is read")


def test_a_hand_in_beyond_the_limit_waits_says_until_when_and_goes_on_where_it_is_changed(
    hub, settings
):
    hub.submit("ivy")
    hub.said("ivy's ps1: 14 of 14")
    settings("c.Watch.answers_per_day = 1")
    hub.submit("ivy", "untouched")
    assert "1 hand-in in 24 hours are answered" in hub.said("ivy's ps1 waits until ")
    hub.submit("joe")
    hub.said("joe's ps1: 14 of 14")
    assert len(hub.fetched("ivy")) == 1
    hub.end(signal.SIGINT)
    hub.watch()
    hub.said("ivy's ps1 waits until ")
    settings("c.Watch.answers_per_day = ")
    assert "invalid syntax" in hub.said("; until then as before")
    settings("c.Watch.answers_per_day = 2")
    hub.said("ivy's ps1: 0 of 14 points, feedback released")


def test_who_is_left_out_by_the_settings_is_named_once_and_graded_when_no_longer(hub, settings):
    settings('c.CourseDirectory.student_id_exclude = "kim, leo"')
    hub.said("nbgrader_config.py was changed, and is read")
    hub.submit("kim")
    (hub.course / "submitted/leo").mkdir()
    shutil.copytree(hub.homes / "kim/ps1", hub.course / "submitted/leo/ps1")
    hub.submit("max")
    hub.said("max's ps1: 14 of 14")
    for student in ("kim", "leo"):
        hub.said(f"{student}'s ps1 is left out by c.CourseDirectory.student_id_exclude")
    assert sum("is left out by" in line for line in hub.lines) == 2
    assert not [line for line in hub.lines if "kim's ps1: " in line or "leo's ps1: " in line]
    settings("")
    hub.said("kim's ps1: 14 of 14 points, feedback released")
    hub.said("leo's ps1: 14 of 14 points, ")


# --- What is ready to be taken --------------------------------------------------------------------


@pytest.fixture
def handed_in(tmp_path: Path) -> Callable[..., Path]:
    """A function that puts a hand-in into a folder as *Submit* does, step by step."""

    def put(student: str, number: int = 1, steps: int = 3) -> Path:
        folder = tmp_path / HAND_IN.format(student, number)
        folder.mkdir(exist_ok=True)
        (folder / "ps1.ipynb").write_text("{}")
        if steps > 1:
            (folder / "submission_secret.txt").write_text("secret")
        if steps > 2:
            folder.chmod(0o777)
        return folder

    return put


def looks(inbound: Inbound, times: int) -> Sequence[set[str]]:
    return [set(inbound.ready()) for _ in range(times)]


def test_a_hand_in_is_taken_once_it_is_all_there(tmp_path, handed_in):
    inbound = Inbound(tmp_path, "ps1", check_owner=False)
    handed_in("ann", steps=1)
    assert looks(inbound, 3) == [set()] * 3
    handed_in("ann", steps=2)
    assert looks(inbound, 3) == [set()] * 3
    name = handed_in("ann").name
    assert looks(inbound, 2) == [set(), {"ann"}]
    assert inbound.ready() == {"ann": name}
    inbound.settle("ann", name)
    assert inbound.ready() == {}
    later = handed_in("ann", 2).name
    assert [inbound.ready() for _ in range(2)] == [{}, {"ann": later}]


def test_a_hand_in_that_stays_without_its_secret_is_not_lost(tmp_path, handed_in):
    inbound = Inbound(tmp_path, "ps1", check_owner=False)
    handed_in("ann", steps=1)
    found = looks(inbound, LOOKS_WITHOUT_SECRET + 1)
    assert found[-2:] == [set(), {"ann"}]


def test_a_hand_in_in_another_s_name_is_left_alone_and_hides_nothing(
    tmp_path, handed_in, monkeypatch
):
    monkeypatch.setattr(
        "autograder.incoming.watching.exchange._owner",
        lambda path: "mallory" if " 14:03:29" in path.name else "ann",
    )
    inbound = Inbound(tmp_path, "ps1", check_owner=True)
    mine, other = handed_in("ann", 1).name, handed_in("ann", 9).name
    assert [inbound.ready() for _ in range(2)] == [{}, {"ann": mine}]
    assert inbound.not_theirs == [other]


def test_a_hand_in_is_another_one_when_any_of_its_files_is(tmp_path):
    folder = tmp_path / "ps1"
    assert look_of(folder) is None
    folder.mkdir()
    seen = [look_of(folder)]
    for change in (
        lambda: (folder / "ps1.ipynb").write_text("{}"),
        lambda: (folder / "ps1.ipynb").write_text("[1]"),
        lambda: os.utime(folder / "ps1.ipynb", (1, 1)),
        lambda: (folder / "data").mkdir(),
        lambda: (folder / "data/x.csv").write_text("1"),
        lambda: (folder / "link").symlink_to("/nowhere"),
    ):
        change()
        seen.append(look_of(folder))
    assert len(set(seen)) == len(seen) - 1, "an empty folder alone is nothing"
    shutil.rmtree(folder)
    folder.symlink_to(tmp_path)
    assert look_of(folder) is not None


# --- Turns ----------------------------------------------------------------------------------------


def test_who_is_to_be_alone_waits_for_the_others_and_they_for_it():
    turns, events = Turns(), []
    inside, leave = threading.Event(), threading.Event()

    def beside() -> None:
        with turns.beside():
            inside.set()
            leave.wait(PATIENCE)
            events.append("beside")

    def alone() -> None:
        with turns.alone():
            events.append("alone")

    threads = [threading.Thread(target=beside), threading.Thread(target=alone)]
    threads[0].start()
    assert inside.wait(PATIENCE)
    threads[1].start()
    leave.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert events == ["beside", "alone"]
    with turns.beside():
        events.append("again")
    assert events[-1] == "again"


# --- A folder -------------------------------------------------------------------------------------


def test_what_comes_into_a_folder_is_collected_once_it_stops_changing(course, tmp_path):
    folder = tmp_path / "drop"
    (folder / "ann").mkdir(parents=True)
    incoming = Incoming(course, "ps1", folder)
    assert incoming.take(set()) == [], "nothing is there"
    work = (NOTEBOOKS / "untouched.ipynb").read_bytes()
    (folder / "ann/ps1.ipynb").write_bytes(work)
    submitted = course / "submitted/ann/ps1/ps1.ipynb"
    incoming.take(set())
    assert not submitted.exists()
    incoming.take(set())
    assert submitted.read_bytes() == work

    better = (NOTEBOOKS / "all-right.ipynb").read_bytes()
    (folder / "ann/ps1.ipynb").write_bytes(better)
    incoming.take({"ann"})
    incoming.take({"ann"})
    assert submitted.read_bytes() == work, "somebody reads it just now"
    incoming.take(set())
    assert submitted.read_bytes() == better
    assert incoming.take(set()) == []


def test_a_folder_to_watch_must_be_there_and_is_for_one_assignment(course, tmp_path):
    code, said = refused("watch", "ps1", "--folder", tmp_path / "none", "--course", course)
    assert (code, said) == (2, f"there is no folder {tmp_path / 'none'}")
    (course / "source/ps2").mkdir()
    shutil.copy(course / "source/ps1/ps1.ipynb", course / "source/ps2/ps2.ipynb")
    code, said = refused("watch", "ps1", "ps2", "--folder", tmp_path, "--course", course)
    assert (code, said) == (2, "--folder is for one assignment at a time")
