"""A Dask cluster that grades, as a `concurrent.futures.Executor`.

Optional: `pip install .[cluster]`.  Each worker starts a sandbox of its own for its
first submission.  Knows only that there are jobs, not what they are.
"""

from __future__ import annotations

import logging
import math
import re
import time
import warnings
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any

from autograder.base.words import first_line
from autograder.course.folder import CourseError
from autograder.grading.workers import WINDOW_PER_WORKER, interrupts_held

if TYPE_CHECKING:
    from autograder.grading.engine import ClassGrading
    from autograder.grading.records import Result

LOCAL = "local"
CONNECT_SECONDS = 10  # for a scheduler to answer
WORKER_SECONDS = 60  # for the first worker to appear, as a queueing system may start it
COUNT_SECONDS = 5  # seconds for which a count of the workers is used again
ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx)://[^\s/]+:\d+")


def graded_on(address: str, workers: int, grading: ClassGrading) -> Generator[Result, None, None]:
    """Grade a class on a cluster; see `autograder.grading.engine.ClassGrading.on`.

    Parameters
    ----------
    address : of the scheduler, ``tcp://host:8786``; or ``local``, for a cluster that is
        started on this machine and ends with the command
    workers : how many are started for ``local``

    Raises
    ------
    CourseError : there is no such cluster, or it has no workers
    """
    with Cluster(address, workers) as executor:
        yield from grading.on(executor, executor.window)


class Cluster(Executor):
    """A connection to a scheduler; see `graded_on`."""

    def __init__(self, address: str, workers: int) -> None:
        if address != LOCAL and not ADDRESS.fullmatch(address):
            raise CourseError(
                f"--cluster is {LOCAL} or a scheduler's address, such as tcp://host:8786, "
                f"not {address!r}"
            )
        try:
            import distributed
        except ImportError:
            raise CourseError("--cluster needs Dask: `pip install .[cluster]`") from None
        # What matters of its news is said in our own words.
        # Each of these loggers has its own level.
        for name in ("distributed", "distributed.client", "tornado.application"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._close: list[Callable[[], Any]] = []
        self._counted_at, self._threads = -math.inf, 0
        self._seen_at = time.monotonic()  # the time at which a worker was last seen
        try:
            if address == LOCAL:
                # Starting it later would let Ctrl-C through again.
                resource_tracker.ensure_running()
                with interrupts_held(), warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # another port than it wanted
                    local = distributed.LocalCluster(
                        n_workers=workers,
                        threads_per_worker=1,
                        host="127.0.0.1",
                        dashboard_address=None,
                        memory_limit=None,  # a submission's memory is the sandbox's to bound
                        silence_logs=logging.CRITICAL,
                    )
                self._close.append(local.close)
                address = local.scheduler_address
            self._client = distributed.Client(
                address, timeout=CONNECT_SECONDS, set_as_default=False
            )
            self._close.append(self._client.close)
            self._client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except (OSError, TimeoutError) as failure:
            has_client = hasattr(self, "_client")
            self.shutdown()
            if has_client:
                why = f"no worker came within {WORKER_SECONDS} s: start one with `dask worker`"
            else:
                why = f"no scheduler answers ({first_line(failure)}): is `dask scheduler` running?"
            raise CourseError(f"{address}: {why}", 1) from None
        self._address = address
        # Not pure: the same submission graded again is graded, not remembered.
        self._executor = self._client.get_executor(pure=False)

    def window(self) -> int:
        """Return how many jobs to have there at a time; workers come and go."""
        if time.monotonic() - self._counted_at > COUNT_SECONDS:
            try:
                self._threads = sum(self._client.nthreads().values())
            except Exception as failure:
                raise self._gone() from failure
            self._counted_at = time.monotonic()
            if self._threads:
                self._seen_at = self._counted_at
            elif self._counted_at - self._seen_at > WORKER_SECONDS:
                raise CourseError(
                    f"{self._address}: no worker for {WORKER_SECONDS} s; what is graded is saved, "
                    "start one with `dask worker`, then the same command goes on from here",
                    1,
                )
        return max(1, self._threads) * WINDOW_PER_WORKER

    def submit(self, function: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        """Have a function called by one of the workers."""
        try:
            return self._executor.submit(function, *given, **named)
        except Exception as failure:
            raise self._gone() from failure

    def _gone(self) -> CourseError:
        return CourseError(
            f"{self._address}: the scheduler has gone; what is graded is saved, "
            "the same command goes on from here once it runs again",
            1,
        )

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster; what is under way there is given up."""
        while self._close:
            self._close.pop()()
