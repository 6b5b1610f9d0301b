"""A worker's process: does the jobs that `autograder.grading.workers` sends, one at a time.

Knows only that there are jobs, not what they are.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import resource
import signal
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from autograder.grading.lean import skip_unused_imports

BEGUN, NEWS, DONE, FAILED, TOO_LARGE, NO_MEMORY = range(6)
PR_SET_PDEATHSIG = 1
MEGABYTE = 1 << 20
PAGE_BYTES = resource.getpagesize()
# More than the budget: slow growth is ended from outside, and does not fail somewhere within.
ROOM_BYTES = 40 * MEGABYTE

_connection: Connection | None = None
_memory_megabytes = 0


def begun() -> None:
    """Say that the work on what a student wrote begins: from here it counts.

    Before it come imports and the start of a sandbox.  In a process that is no worker
    this says nothing to anybody.
    """
    if _connection is not None:
        _bound_memory()
        _connection.send_bytes(pickle.dumps((BEGUN, None)))


def tell(news: Any) -> None:
    """Say what is known already, so that it is not lost should this process be killed."""
    if _connection is not None:
        _connection.send_bytes(pickle.dumps((NEWS, pickle.dumps(news))))


def main(descriptor: int, parent: int) -> None:
    """Do jobs until the other end of a socket is closed."""
    global _connection, _memory_megabytes
    # Ctrl-C is the parent's to answer.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    # The kernel ends this process with its parent, whatever it is doing then.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        return
    skip_unused_imports()
    _connection = Connection(descriptor)
    with suppress(EOFError, OSError):  # the parent has left
        while True:
            function, given, _memory_megabytes, answer_megabytes = _connection.recv()
            answer = _answer(function, given)
            _free_memory()
            if len(answer) > answer_megabytes * MEGABYTE:
                answer = pickle.dumps((TOO_LARGE, None))
            _connection.send_bytes(answer)


def _answer(function: Any, given: Any) -> bytes:
    try:
        answer: tuple[int, Any] = DONE, function(*given)
        if memory_of("self") > _memory_megabytes:
            answer = NO_MEMORY, None
        return pickle.dumps(answer)
    except MemoryError:
        return pickle.dumps((NO_MEMORY, None))
    except Exception as failure:
        try:
            return pickle.dumps((FAILED, failure))
        except Exception:  # of a library's, say, which cannot be sent
            return pickle.dumps((FAILED, RuntimeError(f"{type(failure).__name__}: {failure}")))


def memory_of(process: int | str) -> float:
    """Return how many megabytes of memory a process holds; 0 where it has gone."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE_BYTES / MEGABYTE
    except (OSError, IndexError):
        return 0.0


def _bound_memory() -> None:
    """Have the kernel refuse what comes faster than somebody looks from outside."""
    held = int(Path("/proc/self/statm").read_text().split()[5]) * PAGE_BYTES
    room = max(_memory_megabytes - memory_of("self"), 0) * MEGABYTE + ROOM_BYTES
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (held + int(room), most))


def _free_memory() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
