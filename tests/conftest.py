"""What several test files share: a sandbox, a PostgreSQL server, a small course, a browser.

They are made once in a process and are as expensive as they are real: a sandbox starts
a fork server in bubblewrap, the course goes through nbgrader.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import classes
import pytest
from axe import axe_script
from axe import grave_findings as ask_axe
from browsing import Visit, chromium
from classes import NOTEBOOKS, ROOT, copied
from isolation import need_isolation
from postgres import Databases, NoServer, running_server

from autograder import Catalogue
from autograder.gradebook import GradebookStore
from autograder.grading import jobs, workers
from autograder.grading.engine import ClassGrading
from autograder.grading.workers import Worker
from autograder.pages.feedback import ClassFeedback, PageResult
from autograder.sandbox import LIMITS, Sandbox
from classroom.vendor import VendorError
from softmax_by_hand import EXERCISES

CHECKED = ("add_bias", "scores", "softmax")
# First where the programs that tests start look for packages.
LEAN = ROOT / "tests" / "lean"
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(LEAN), os.environ.get("PYTHONPATH", "")])
)
collect_ignore = [str(LEAN)]  # nor is it a module with doctests


@pytest.fixture(autouse=True)
def _a_gradebook_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADEBOOK_URL", raising=False)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A started sandbox; a test that needs other limits sets them with `monkeypatch`."""
    need_isolation()
    with Sandbox() as one:
        yield one


@pytest.fixture(scope="module")
def databases() -> Iterator[Databases]:
    """A PostgreSQL server for the tests of one file."""
    try:
        with running_server() as server:
            yield Databases(server)
    except NoServer as reason:
        pytest.skip(f"no PostgreSQL server can be had here: {reason}")


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose ps1 has three exercises and is released; copy it, see `course`."""
    from nbgrading import release, releasing

    root = tmp_path_factory.mktemp("released") / "course"
    (root / "source" / "ps1").mkdir(parents=True)
    shutil.copy(NOTEBOOKS / "source.ipynb", root / "source" / "ps1" / "ps1.ipynb")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    with releasing():
        release(root, ["ps1"], Catalogue({"ps1": tuple(EXERCISES[name] for name in CHECKED)}))
    return root


@pytest.fixture
def course(released: Path, tmp_path: Path) -> Path:
    """A released course of the test's own, with nothing handed in."""
    return copied(released, tmp_path / "course")


@pytest.fixture
def hand_in(course: Path) -> Callable[..., Path]:
    """A function that hands in work by student: `hand_in("ann", "all-right")`, or `ann=...`."""

    def hand_in(student: str | None = None, work: str | bytes = "all-right", **more: Any) -> Path:
        works = more if student is None else {student: work, **more}
        return [classes.hand_in(course, *one) for one in works.items()][-1]

    return hand_in


class Here(Worker):
    """Takes the place of a worker's process: this one does the job, in its sandbox."""

    def do(self, function: Callable[..., Any], *given: Any, **_: Any) -> Any:
        """Call a function."""
        return function(*given)


@contextmanager
def done_here() -> Iterator[None]:
    """Have what belongs in a worker done in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers._of_thread, "worker", Here(), raising=False)
        yield


class AtOnce(Executor):
    """Does each job at once, in this process and in its sandbox."""

    def submit(self, function: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            with done_here():
                future.set_result(function(*given, **named))
        except Exception as failure:
            future.set_exception(failure)
        return future


@pytest.fixture(scope="session")
def at_once(sandbox: Sandbox) -> Iterator[Executor]:
    """An executor for which no process and no other sandbox needs to be started."""
    with pytest.MonkeyPatch.context() as patch:
        # Whether a course says what a submission may use is no matter here.
        for packages in (None, ("matplotlib", "numpy")):
            patch.setitem(jobs._sandboxes, ("bwrap", LIMITS, (), packages), sandbox)
        yield AtOnce()


@pytest.fixture
def in_this_process(at_once: Executor) -> Iterator[None]:
    """Have what belongs in a worker done here, in the sandbox that is there."""
    with done_here():
        yield


@pytest.fixture
def in_process(at_once: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `grade` and `feedback` do it in this process, whatever workers are asked for."""
    monkeypatch.setattr(ClassGrading, "run", lambda self, workers: self.on(at_once, lambda: 1))

    def make_pages(self: ClassFeedback, workers: int) -> Generator[PageResult, None, None]:
        yield from self.settled
        yield from self.on(at_once, 1)

    monkeypatch.setattr(ClassFeedback, "run", make_pages)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium; not for a whole session, because its driver keeps an event loop running."""
    with chromium() as one:
        yield one


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    """A page in Chromium that nobody has seen before."""
    one = Visit(browser)
    yield one
    one.context.close()


@pytest.fixture(scope="session")
def grave_findings() -> Callable[[Any], list[str]]:
    """A function from an open page to axe-core's serious and critical findings."""
    try:
        script = axe_script()
    except VendorError as error:
        pytest.skip(str(error))
    return lambda page: ask_axe(page, script)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a busy gradebook a moment, not a minute."""
    patient = GradebookStore.open
    monkeypatch.setattr(GradebookStore, "open", lambda url: patient(url, busy_seconds=0.2))
