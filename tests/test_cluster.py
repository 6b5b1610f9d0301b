"""On a Dask cluster a class is graded as on one machine, and what is wrong with it is one line."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import commanding
import pytest
from classes import copied
from isolation import need_isolation
from running import (
    dask_cluster,
    done,
    ended,
    fix_secret,
    grade,
    graded,
    orphans_adopted,
    verdicts,
    wait_until,
)

from autograder.cli import commands as cli
from autograder.course.folder import CourseError
from autograder.grading import cluster
from autograder.grading.jobs import OTHER_CODE

HandIn = Callable[..., Path]
WORK = ("all-right", "shows-points", "cell-crashes", "untouched", "function-ends-its-process")
CLASS = 60  # long enough that none is done when its first batch is saved
PACKAGE = Path(cli.__file__).parents[1]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")


@pytest.fixture
def classroom(course: Path, hand_in: HandIn) -> Path:
    need_isolation()
    fix_secret(course)
    hand_in(**{f"s{n:02}": WORK[n % len(WORK)] for n in range(CLASS)})
    return course


def refused(course: Path, address: str) -> tuple[int, str]:
    """Return the exit code and the one line of a command that cannot use a cluster."""
    answer = commanding.refused("grade", "ps1", "--course", course, "--cluster", address)
    assert "\n" not in answer[1]
    assert not (course / "autograded").exists()
    return answer


def begun(course: Path, address: str) -> subprocess.Popen[str]:
    """Start a grading on a cluster; return it once something is graded."""
    run = grade(course, "--cluster", address)
    wait_until(lambda: verdicts(course) >= 1, run)
    return run


def test_a_worker_killed_in_mid_task_costs_nothing(classroom, tmp_path):
    alone = copied(classroom, tmp_path / "alone")
    output = done(grade(alone))
    with orphans_adopted() as left:
        with dask_cluster(tmp_path) as dask:
            run = begun(classroom, dask.address)
            os.killpg(dask.workers[0].pid, signal.SIGKILL)
            there = done(run)
        assert left() == []
    assert graded(classroom, there) == graded(alone, output)


def test_ctrl_c_ends_a_cluster_of_this_machine_with_one_line(classroom):
    with orphans_adopted() as left:
        run = begun(classroom, "local")
        os.killpg(run.pid, signal.SIGINT)
        code, output, said = ended(run)
        assert (code, output) == (130, "")
        assert said == (
            f"autograder: stopped after {verdicts(classroom)} of {CLASS}; "
            "what is graded is saved, the same command goes on from here\n"
        )
        assert left() == []


def test_a_scheduler_that_is_lost_is_said_to_be_and_what_is_graded_is_kept(classroom, tmp_path):
    with dask_cluster(tmp_path) as dask:
        run = begun(classroom, dask.address)
        dask.scheduler.kill()
        code, output, said = ended(run)
    assert (code, output) == (1, "")
    assert said.startswith(f"autograder: {dask.address}: the scheduler has gone; what is graded")
    assert said.count("\n") == 1
    saved = verdicts(classroom)
    assert f"{CLASS - saved} graded, {saved} unchanged" in done(grade(classroom))


def test_workers_of_another_version_refuse(course, hand_in, tmp_path):
    hand_in("ann")
    other = Path(shutil.copytree(PACKAGE, tmp_path / "other" / "autograder")).parent
    with (other / "autograder" / "judging" / "judge.py").open("a") as file:
        file.write("# Something else.\n")
    with dask_cluster(tmp_path, 1, {"PYTHONPATH": str(other)}) as dask:
        code, output, said = ended(grade(course, "--cluster", dask.address))
    assert (code, said) == (1, f"autograder: ann's ps1 was not graded: {OTHER_CODE}\n")
    assert "0 graded, 0 unchanged since they were graded, 1 not graded" in output
    assert not (course / "autograded").exists()


def test_workers_that_cannot_isolate_end_it_as_on_one_machine(course, hand_in, tmp_path):
    hand_in(ann="all-right", bob="all-right")
    with dask_cluster(tmp_path, 1, {"PATH": "/nowhere"}) as dask:
        code, output, said = ended(grade(course, "--cluster", dask.address))
    assert (code, output, said.count("\n")) == (3, "", 1)
    assert said.startswith("autograder: bubblewrap is not installed: run ")
    assert not (course / "autograded").exists()


def test_a_cluster_without_workers_is_said_to_have_none(course, hand_in, tmp_path, monkeypatch):
    hand_in("ann")
    monkeypatch.setattr(cluster, "WORKER_SECONDS", 0.2)
    with dask_cluster(tmp_path, 0) as dask:
        code, said = refused(course, dask.address)
    why = f"{dask.address}: no worker came within 0.2 s: start one with `dask worker`"
    assert (code, said) == (1, why)


def test_a_cluster_whose_last_worker_has_gone_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    with dask_cluster(tmp_path, 1) as dask, cluster.Cluster(dask.address, 1) as executor:
        monkeypatch.setattr(cluster, "COUNT_SECONDS", 0)
        monkeypatch.setattr(cluster, "WORKER_SECONDS", 1)
        assert executor.window() > 0
        os.killpg(dask.workers[0].pid, signal.SIGKILL)
        with pytest.raises(CourseError, match="no worker for 1 s; what is graded is saved"):
            wait_until(lambda: executor.window() == 0, dask.scheduler)


def test_a_scheduler_that_is_not_there_is_said_not_to_be(course, hand_in, monkeypatch):
    hand_in("ann")
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.2)
    code, said = refused(course, "tcp://127.0.0.1:1")
    assert code == 1
    assert said.startswith("tcp://127.0.0.1:1: no scheduler answers (")
    assert said.endswith("is `dask scheduler` running?")


@pytest.mark.parametrize("address", ["127.0.0.1:8786", "tcp://host", "somewhere", "ftp://host:1"])
def test_what_is_no_address_is_refused(course, hand_in, address):
    hand_in("ann")
    known = "--cluster is local or a scheduler's address, such as tcp://host:8786"
    assert refused(course, address) == (2, f"{known}, not '{address}'")


def test_without_dask_the_package_to_install_is_named(course, hand_in, monkeypatch):
    hand_in("ann")
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert refused(course, "local") == (2, "--cluster needs Dask: `pip install .[cluster]`")
