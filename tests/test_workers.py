"""A job that uses more than it may is ended and named, and no other job is touched."""

from __future__ import annotations

import os
import pickle
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import costly
import pytest
from running import orphans_adopted

from autograder.base.limits import Budget
from autograder.grading.workers import OverBudget, Worker, WorkerLost, Workers, own_worker

SMALL = Budget(seconds=20.0, cpu_seconds=0.3, memory_megabytes=120, answer_megabytes=1)
BRIEF = Budget(seconds=0.2, cpu_seconds=20.0)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="grading needs Linux")


@pytest.fixture
def worker() -> Iterator[Worker]:
    with orphans_adopted() as left:
        one = Worker()
        yield one
        one.close()
        assert left() == []


def ask(function: Callable[..., Any], *given: Any, budget: Budget = SMALL) -> Any:
    """Call something in this thread's worker."""
    return own_worker().do(function, *given, budget=budget)


# --- A job beyond its budget ----------------------------------------------------------------------

OVER: dict[str, tuple[Callable[..., Any], tuple[Any, ...], Budget, str]] = {
    "processor": (costly.burn_in_c, (), SMALL, "took more than 0.3 s of the grader's own time"),
    "memory, slowly": (
        *(costly.grow_slowly, (), SMALL),
        "took more than 120 MB of the grader's own memory",
    ),
    "memory, at once": (
        *(costly.ask_for_much_at_once, (2000,), SMALL),
        "took more than 120 MB of the grader's own memory",
    ),
    "time": (costly.sleep, (1000,), BRIEF, "was not done after 0.2 s"),
    "answer": (costly.answer_of, (2,), SMALL, "made more than 1 MB"),
}


@pytest.mark.parametrize("what", OVER)
def test_a_job_beyond_its_budget_is_ended_and_says_of_what(worker, what):
    function, given, budget, said = OVER[what]
    before = worker.do(costly.process_number, budget=SMALL)
    with pytest.raises(OverBudget) as excess:
        worker.do(function, *given, budget=budget)
    assert str(excess.value) == said
    assert excess.value.of_clock == (what == "time")
    assert worker.do(costly.process_number, budget=SMALL) != before


def test_it_costs_what_the_budget_says_and_the_start_of_a_process():
    """Processor time, which a crowded machine does not change; the start takes half a second."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    with pytest.raises(OverBudget):
        Worker().do(costly.burn_in_c, budget=SMALL)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 4


def test_no_process_ever_holds_much_more_than_the_budget(worker):
    """However fast it grows: the kernel refuses what nobody looks at in time."""
    peak = 0.0
    for megabytes in (40, 100, 400):
        try:
            worker.do(costly.ask_for_much_at_once, megabytes, budget=SMALL)
        except OverBudget:
            continue
        status = f"/proc/{worker.do(costly.process_number, budget=SMALL)}/status"
        with open(status) as file:
            line = next(line for line in file if line.startswith("VmHWM"))
        peak = max(peak, int(line.split()[1]) / 1024)
    assert 40 < peak < SMALL.memory_megabytes + 60


def test_what_earlier_jobs_left_in_a_process_is_not_held_against_the_next(worker):
    worker.do(costly.keep, 62, budget=SMALL)
    assert worker.do(costly.ask_for_much_at_once, 60, budget=SMALL) == 60 << 20


def test_imports_and_the_start_of_a_sandbox_are_not_counted(worker):
    assert worker.do(costly.burn_before_it_begins, 0.6, budget=SMALL) == "done"


def test_what_was_told_is_known_after_the_process_has_gone(worker):
    heard: list[bytes] = []
    with pytest.raises(OverBudget):
        worker.do(costly.tell_and_burn, {"points": 3}, budget=SMALL, heard=heard.append)
    assert [pickle.loads(news) for news in heard] == [{"points": 3}]


def test_the_jobs_beside_it_never_notice():
    with orphans_adopted() as left:
        with Workers(2) as executor:
            first = [executor.submit(ask, costly.sleep, 0.05) for _ in range(4)]
            over = executor.submit(ask, costly.burn_in_c)
            killed = executor.submit(ask, costly.end_itself)
            then = [executor.submit(ask, costly.sleep, 0.05) for _ in range(4)]
            assert [one.result() for one in (*first, *then)] == ["slept"] * 8
            assert isinstance(over.exception(), OverBudget)
            assert isinstance(killed.exception(), WorkerLost)
        assert left() == []


# --- A job that fails, a process that is killed ---------------------------------------------------


def test_what_a_job_raises_is_raised_and_its_process_stays(worker):
    before = worker.do(costly.process_number, budget=SMALL)
    with pytest.raises(OSError, match="Input/output error"):
        worker.do(costly.fail, budget=SMALL)
    with pytest.raises(RuntimeError, match="Odd: of a library"):
        worker.do(costly.raise_what_cannot_be_sent, budget=SMALL)
    assert worker.do(costly.process_number, budget=SMALL) == before


def test_a_process_killed_from_outside_is_told_apart_and_replaced(worker):
    with pytest.raises(WorkerLost):
        worker.do(costly.end_itself, budget=SMALL)
    idle = worker.do(costly.process_number, budget=SMALL)
    os.kill(idle, signal.SIGKILL)
    time.sleep(0.1)
    assert worker.do(costly.process_number, budget=SMALL) != idle


def test_a_job_that_is_given_up_answers_for_no_other(worker):
    """Ctrl-C in Jupyter's server, or in nbgrader, in the middle of a job."""

    def interrupted(news: bytes) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        worker.do(costly.tell_and_burn, 1, budget=SMALL, heard=interrupted)
    assert worker.do(costly.sleep, 0.0, budget=SMALL) == "slept"


def test_jobs_end_at_once_where_the_work_is_given_up():
    with orphans_adopted() as left:
        executor = Workers(2)
        waiting = [executor.submit(ask, costly.sleep, 1000.0, budget=SMALL) for _ in range(4)]
        while not any(one.running() for one in waiting):
            time.sleep(0.01)
        executor.end()
        assert all(isinstance(one.exception(), WorkerLost) for one in waiting)
        assert left() == []


PARENT = """
import sys, threading
sys.path[:0] = [{tests!r}]
import costly
from autograder.base.limits import Budget
from autograder.grading.workers import own_worker
burn = threading.Thread(
    target=lambda: own_worker().do(
        costly.tell_and_burn, 1, budget=Budget(100, 100), heard=lambda news: print(1, flush=True)
    )
)
burn.start()
burn.join()
"""


def test_a_process_stuck_in_c_ends_with_the_one_that_started_it():
    program = PARENT.format(tests=os.path.dirname(costly.__file__))
    with orphans_adopted() as left:
        parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"1\n"
        parent.kill()
        parent.communicate()
        assert left() == []
