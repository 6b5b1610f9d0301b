"""Processes of this machine that do jobs, each within a budget.

Each thread that asks has a worker of its own: a process that does one job at a time.  A job
that uses more than its budget is ended with its process, and a new one takes its place; so it
is known whose it was, and no other job is touched.  Knows only that there are jobs, not what
they are.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize
from queue import SimpleQueue
from types import TracebackType
from typing import Any, TypeVar

from autograder.base.limits import Budget
from autograder.grading.working import (
    BEGUN,
    FAILED,
    MEGABYTE,
    NEWS,
    NO_MEMORY,
    TOO_LARGE,
    memory_of,
)

# Jobs in flight for each worker: enough that none waits, few enough that memory stays flat.
WINDOW_PER_WORKER = 4
LOOK_SECONDS = 0.05  # seconds between two measurements of a process
# For imports and a sandbox's start; the libraries of a course may take long.
PREPARATION_SECONDS = 300.0
END_SECONDS = 5  # for a process that was asked to leave
# Workers share the processors out among them, and threads that wait count as time.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
PROGRAM = (
    "import sys; sys.path[:] = sys.argv[3:]; from autograder.grading.working import main; "
    "main(int(sys.argv[1]), int(sys.argv[2]))"
)
Job = TypeVar("Job")


class OverBudget(Exception):
    """A job used more than it may, and was ended; the text says of what, and how much that is.

    Parameters
    ----------
    message : such as "took more than 3 s of the grader's own time"
    of_clock : it was wall time alone, of which a crowded machine takes more
    """

    def __init__(self, message: str, of_clock: bool = False) -> None:
        super().__init__(message, of_clock)
        self.of_clock = of_clock

    def __str__(self) -> str:
        return str(self.args[0])


class WorkerLost(BrokenExecutor):
    """A worker's process was killed, and not from here."""


class Worker:
    """One process, which does one job at a time; started when there is one."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        # One thread may wait for the answer while another one stops the process.
        self._lock = threading.Lock()
        self._given_up = False

    def do(
        self,
        function: Callable[..., Any],
        *given: Any,
        budget: Budget,
        heard: Callable[[bytes], Any] = lambda news: None,
    ) -> Any:
        """Have a function called in the process, and return what it returns.

        Parameters
        ----------
        function : found by its name there; calls `autograder.grading.working.begun`
        given : plain data
        budget : counts from `begun`
        heard : is called with what `autograder.grading.working.tell` was given, pickled

        Raises
        ------
        OverBudget : the process was ended, the next job gets a new one
        WorkerLost : it was killed by somebody else
        """
        self._start(budget)
        bounds = budget.memory_megabytes, budget.answer_megabytes
        try:
            # The job has no name here, so its memory is free as soon as it is sent.
            kind, content = self._done(pickle.dumps((function, given, *bounds)), budget, heard)
        except BaseException as failure:
            self.kill()  # a late answer would be taken for the next job's
            if isinstance(failure, (EOFError, OSError)):
                raise WorkerLost("a worker was killed") from None
            raise
        if kind == FAILED:
            raise content
        return content

    def _start(self, budget: Budget) -> None:
        if self._process is not None:
            held = memory_of(self._process.pid)
            # The next job must not be charged for what earlier jobs left in the process.
            if self._process.poll() is None and held <= budget.memory_megabytes / 2:
                return
        self.kill()
        ours, theirs = socket.socketpair()
        # Ctrl-C is blocked while the process starts, so that it ignores Ctrl-C from the beginning.
        with theirs, interrupts_held(), self._lock:
            if self._given_up:
                raise WorkerLost("the work was given up")
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-c", PROGRAM, str(theirs.fileno()), str(os.getpid())),
                    *sys.path,
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, **ONE_THREAD},
            )
            self._connection = Connection(ours.detach())

    def _done(
        self, request: bytes, budget: Budget, heard: Callable[[bytes], Any]
    ) -> tuple[int, Any]:
        """Return how a job ended, and what it returned or raised."""
        assert self._connection is not None
        assert self._process is not None
        connection, process = self._connection, self._process.pid
        begun, since, cpu_before = False, time.monotonic(), _cpu_of(process)
        looked = since
        connection.send_bytes(request)
        del request
        while True:
            if connection.poll(LOOK_SECONDS):
                most = (budget.answer_megabytes + 1) * MEGABYTE
                kind, content = pickle.loads(connection.recv_bytes(most))
                if kind == NEWS:
                    heard(content)
                elif kind == BEGUN:
                    begun, since, cpu_before = True, time.monotonic(), _cpu_of(process)
                elif kind == TOO_LARGE:
                    raise OverBudget(f"made more than {budget.answer_megabytes} MB")
                elif kind == NO_MEMORY:
                    raise _too_much_memory(budget)
                else:
                    return kind, content
            now = time.monotonic()
            if now - looked < LOOK_SECONDS:
                continue
            looked = now
            # What comes before the job has begun (imports, a sandbox) may take long.
            cpu_seconds = budget.cpu_seconds if begun else PREPARATION_SECONDS
            seconds = budget.seconds if begun else PREPARATION_SECONDS
            if _cpu_of(process) - cpu_before > cpu_seconds:
                raise OverBudget(f"took more than {cpu_seconds:g} s of the grader's own time")
            if now - since > seconds:
                raise OverBudget(f"was not done after {seconds:g} s", of_clock=True)
            if memory_of(process) > budget.memory_megabytes:
                raise _too_much_memory(budget)

    def close(self) -> None:
        """Ask the process to leave, which ends its sandbox too, and see that it does."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(END_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the process now; the kernel ends its sandbox with it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None

    def give_up(self) -> None:
        """End the process now, from another thread, and start none any more."""
        with self._lock:
            self._given_up = True
            process = self._process  # its own thread may be replacing it
        if process is not None:
            process.kill()


def _too_much_memory(budget: Budget) -> OverBudget:
    return OverBudget(f"took more than {budget.memory_megabytes} MB of the grader's own memory")


def _cpu_of(process: int) -> float:
    """Return the processor time of a process in seconds; 0 where it has gone."""
    try:
        # The number of its clock, as clock_getcpuclockid(3) makes it in Linux.
        return time.clock_gettime(~process << 3 | 2)
    except OSError:
        return 0.0


_of_thread = threading.local()


def own_worker() -> Worker:
    """Return this thread's worker; the kernel ends its process where the thread ends."""
    if not hasattr(_of_thread, "worker"):
        _of_thread.worker = Worker()
        # At the end of a program, or of a process that `multiprocessing` started.
        Finalize(None, _of_thread.worker.close, exitpriority=1)
    worker: Worker = _of_thread.worker
    return worker


class Workers(Executor):
    """A number of threads, each with a worker of its own; see `own_worker`."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._tasks: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._workers: list[Worker] = []
        self._unfinished = 0
        self._ended = False
        self._lock = threading.Lock()

    def submit(self, function: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        """Have a function called in one of the threads."""
        future: Future[Any] = Future()
        with self._lock:
            self._unfinished += 1
            # A thread is started only when a job comes: none for a class that is graded already.
            if len(self._threads) < min(self._unfinished, self._number):
                self._threads.append(threading.Thread(target=self._serve, daemon=True))
                self._threads[-1].start()
        self._tasks.put((future, lambda: function(*given, **named)))
        return future

    def _serve(self) -> None:
        worker = own_worker()
        with self._lock:
            self._workers.append(worker)
            if self._ended:
                worker.give_up()
        while (task := self._tasks.get()) is not None:
            future, call = task
            if future.set_running_or_notify_cancel():
                try:
                    result = call()
                except BaseException as failure:
                    future.set_exception(failure)
                else:
                    future.set_result(result)
            with self._lock:
                self._unfinished -= 1
            del task, future, call
        worker.close()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the threads finish their jobs, and end their processes."""
        for _ in self._threads:
            self._tasks.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def end(self) -> None:
        """End the processes now, with whatever they are doing."""
        with self._lock:
            self._ended = True
            for worker in self._workers:
                worker.give_up()
        self.shutdown()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # After Ctrl-C nobody waits for a cell that may take long.
        if kind is None:
            self.shutdown()
        else:
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
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)
