"""Processes of this machine that grade, as a `concurrent.futures.Executor`.

Knows only that there are jobs, not what they are.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, TypeVar

# Jobs in flight for each worker: enough that none waits, few enough that memory stays flat.
WINDOW_PER_WORKER = 4
Job = TypeVar("Job")


class Workers(Executor):
    """A number of processes; where one of them is killed, new ones take their place.

    The jobs that were under way then end with `BrokenExecutor`, all of them, since
    nobody can tell which one it was.  No process outlives this one, however it ends.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._context = multiprocessing.get_context("spawn")
        self._start()

    def _start(self) -> None:
        # Nothing is ever sent: a worker reads the end of it, which is this process's end too.
        theirs, self._lifeline = self._context.Pipe(duplex=False)
        # Processes are started as jobs come, so none for a class that is graded already.
        self._pool = ProcessPoolExecutor(self._number, self._context, _live_by, (theirs,))

    def submit(self, function: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        """Have a function called in one of the processes."""
        with interrupts_held():  # a process may be started here
            try:
                return self._pool.submit(function, *given, **named)
            except BrokenExecutor:
                self.end()
                self._start()
                return self._pool.submit(function, *given, **named)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the processes finish their jobs, and end them."""
        self._pool.shutdown(wait, cancel_futures=cancel_futures)

    def end(self) -> None:
        """End the processes now, with whatever they are doing."""
        self._lifeline.close()
        self._pool.shutdown(cancel_futures=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # After Ctrl-C nobody waits for a cell that may take long.
        if kind is None:
            self.shutdown()
        self.end()


def in_flight(
    executor: Executor,
    function: Callable[[Job], Any],
    jobs: Iterable[Job],
    window: Callable[[], int],
    seconds: float | None = None,
) -> Iterator[list[tuple[Job, Future[Any]]]]:
    """Have jobs done on an executor, a bounded number at a time.

    Parameters
    ----------
    executor, function : where, and what is called with each job
    jobs : taken one by one, as there is room
    window : how many may be there at the same time, asked anew each time
    seconds : how long to wait for one to end, or for ever

    Yields
    ------
    the jobs that have ended since, with their futures; none where the time went by
    without one
    """
    waiting: dict[Future[Any], Job] = {}
    source = iter(jobs)
    try:
        while True:
            while len(waiting) < window() and (job := next(source, None)) is not None:
                try:
                    future = executor.submit(function, job)
                except BrokenExecutor as failure:
                    future = Future()
                    future.set_exception(failure)
                waiting[future] = job
            if not waiting:
                return
            finished, _ = wait(waiting, seconds, FIRST_COMPLETED)
            yield [(waiting.pop(future), future) for future in finished]
    finally:
        for future in waiting:
            future.cancel()


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back for a while; what is started within is deaf to it, from its first moment."""
    resource_tracker.ensure_running()  # starting it later would let Ctrl-C through again
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)


def _live_by(lifeline: Connection) -> None:
    """Prepare a process: Ctrl-C is its parent's to answer, and it ends when its parent does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    try:
        lifeline.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)  # the kernel ends the sandbox with it
