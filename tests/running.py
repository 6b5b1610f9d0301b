"""The real command in processes of its own: how to start it, what it wrote, what is left of it.

What the tests of interruptions and of the different roads to a grade share.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from databases import every_row

from autograder.course.folder import SECRET_FILE, UNFINISHED
from autograder.grading.records import VERDICTS_FILE

PROGRAMS = Path(sys.executable).parent
STOPPED_AT = Path(__file__).with_name("stopped_at.py")
PR_SET_CHILD_SUBREAPER = 36
PATIENCE = 120  # seconds, for what takes a few on a machine that has nothing else to do
LEFT_SECONDS = 20  # for what was killed to be gone


# --- A class, and what is known of it when it is graded -----------------------------------------


def fix_secret(course: Path) -> None:
    """Give courses the same secret, and with it the same fixtures."""
    (course / SECRET_FILE).write_text("5" * 64)


def written(course: Path) -> dict[str, bytes]:
    """Return what is in autograded/ by relative path, hidden files included."""
    root = course / "autograded"
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.parent != root  # there: how long each took
    }


def verdicts(course: Path) -> int:
    """Return how many submissions are graded and saved."""
    return len(list((course / "autograded").glob(f"*/*/{VERDICTS_FILE}")))


@dataclass(frozen=True)
class Graded:
    """All that a grading leaves: rows without their ids, files, and the printed table.

    A run that goes on prints only what it graded itself, so its table may be a part.
    """

    rows: dict[str, list[tuple[Any, ...]]]
    files: dict[str, bytes]
    table: list[str] = field(compare=False)


def graded(course: Path, output: str, url: str | None = None) -> Graded:
    """Return what a command that ended well has left of a course."""
    assert not list(course.rglob(f"{UNFINISHED}*"))
    table = [line for line in output.splitlines() if "\u2502" in line]
    return Graded(every_row(url or f"sqlite:///{course / 'gradebook.db'}"), written(course), table)


# --- Programs -----------------------------------------------------------------------------------


def start(
    *command: str | Path, environment: dict[str, str] | None = None, **settings: Any
) -> subprocess.Popen[str]:
    """Start a program as a terminal does: in a process group of its own, and hearing Ctrl-C."""
    inherited = {key: value for key, value in os.environ.items() if key != "GRADEBOOK_URL"}
    settings.setdefault("stdout", subprocess.PIPE)
    settings.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen(
        list(map(str, command)),
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        # A shell makes its background jobs, and what they start, ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        env={**inherited, **(environment or {})},
        **settings,
    )


def grade(course: Path, *options: str | Path, **settings: Any) -> subprocess.Popen[str]:
    """Start `autograder grade` on two workers, unless told otherwise."""
    arguments = ("ps1", "--course", course, *options)
    if "--jobs" not in options:
        arguments += ("--jobs", "2")
    return start(PROGRAMS / "autograder", "grade", *arguments, **settings)


def stopped_at(
    course: Path, how: str, moment: str, number: int, *options: str | Path
) -> subprocess.Popen[str]:
    """Start it so that it stops itself, see `stopped_at.py`."""
    arguments = ("ps1", "--course", course, "--jobs", "2", *options)  # the last of a kind counts
    return start(sys.executable, STOPPED_AT, how, moment, str(number), "grade", *arguments)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for a program's end; return its exit code, output and what it said beside it."""
    try:
        output, said = process.communicate(timeout=5 * PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, output, said


def done(process: subprocess.Popen[str]) -> str:
    """Wait for a program that must end well and say nothing beside its output; return that."""
    code, output, said = ended(process)
    assert (code, said) == (0, "")
    return output


def wait_until(happens: Callable[[], Any], process: subprocess.Popen[str]) -> Any:
    """Return what is found as soon as there is something; the program must still be at work."""
    until = time.monotonic() + PATIENCE
    while not (found := happens()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.005)
    return found


def _address_in(file: Path) -> str | None:
    """Return a scheduler's address once its file is written, which takes it a moment."""
    try:
        return str(json.loads(file.read_text())["address"])
    except (FileNotFoundError, ValueError):
        return None


@dataclass(frozen=True)
class DaskCluster:
    """A scheduler and its workers, each a program of its own."""

    address: str
    scheduler: subprocess.Popen[str]
    workers: list[subprocess.Popen[str]]


@contextmanager
def dask_cluster(
    folder: Path, workers: int = 2, environment: dict[str, str] | None = None
) -> Iterator[DaskCluster]:
    """Start a cluster on loopback, on ports that are free; a folder is for its files."""
    file, programs = folder / "scheduler.json", []
    common = ("--scheduler-file", file, "--host", "127.0.0.1", "--no-dashboard")
    one = ("--nworkers", "1", "--nthreads", "1", "--local-directory", folder)

    def program(*arguments: str | Path, **settings: Any) -> subprocess.Popen[str]:
        log = open(folder / f"{len(programs)}.log", "w")
        with log:
            programs.append(
                start(PROGRAMS / "dask", *arguments, stdout=log, stderr=log, **settings)
            )
        return programs[-1]

    try:
        scheduler = program("scheduler", "--port", "0", *common)
        address = wait_until(lambda: _address_in(file), scheduler)
        working = [
            program("worker", *common, *one, environment=environment) for _ in range(workers)
        ]
        yield DaskCluster(address, scheduler, working)
    finally:
        end(programs)


# --- Processes ----------------------------------------------------------------------------------


@contextmanager
def orphans_adopted() -> Iterator[Callable[[], list[str]]]:
    """Become the parent of what loses its own, so that nothing that is left can hide.

    Yields
    ------
    a function that waits until all processes started within are gone, and returns the
    command lines of those that are not
    """
    library = ctypes.CDLL(None)
    here = psutil.Process()
    before = set(here.children(recursive=True))
    library.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def left() -> list[str]:
        until = time.monotonic() + LEFT_SECONDS
        while True:
            living = [
                child
                for child in set(here.children(recursive=True)) - before
                if not _has_ended(child)
            ]
            if not living or time.monotonic() > until:
                return [" ".join(_command_line(child)) for child in living]
            time.sleep(0.02)

    try:
        yield left
    finally:
        library.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _has_ended(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        if process.status() != psutil.STATUS_ZOMBIE:
            return False
        with suppress(ChildProcessError):
            os.waitpid(process.pid, os.WNOHANG)  # its parent is gone, so it is waited for here
    return True


def _command_line(process: psutil.Process) -> list[str]:
    with suppress(psutil.Error):
        return process.cmdline()
    return []


def worker(process: subprocess.Popen[str]) -> psutil.Process | None:
    """Return one of the command's workers with a sandbox."""
    return next((one for one in workers(process) if _servers(one)), None)


def box(process: subprocess.Popen[str]) -> psutil.Process | None:
    """Return the outer bubblewrap of a worker whose fork server is at work on a submission."""
    for one in workers(process):
        if any(_children(server) for server in _servers(one)):
            return next(iter(_children(one)), None)
    return None


def fork_server(process: subprocess.Popen[str]) -> psutil.Process | None:
    """Return the Python inside bubblewrap that is at work on a submission."""
    servers = [server for one in workers(process) for server in _servers(one)]
    return next((server for server in servers if _children(server)), None)


def workers(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the command's workers, those that are only being started among them."""
    return [
        one
        for one in _children(process)
        if "autograder.grading.working" in " ".join(_command_line(one))
    ]


def _servers(one: psutil.Process) -> list[psutil.Process]:
    # Bubblewrap's command line names it too; the box's own first process is between the two.
    return [
        child
        for outer in _children(one)
        for inner in _children(outer)
        for child in _children(inner)
        if "autograder.sandbox.inside.server" in _command_line(child)
    ]


def _children(process: psutil.Process | subprocess.Popen[str]) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(process.pid).children()
    return []


def end(processes: Sequence[subprocess.Popen[str]]) -> None:
    """End programs and their process groups."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
