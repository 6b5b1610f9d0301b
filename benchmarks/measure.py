"""Runs a command and says what it cost: wall time, CPU of all its processes, peak memory.

CPU is that of every process below, those included for which nobody waits (the fork server has the
kernel reap them, so that no parent knows what they used).  A control group (version 2) counts
them; where none can be made, the whole machine is counted, and the measurement says so.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

LOOK_SECONDS = 0.05
SAMPLE_SECONDS = 0.5
EMPTY_SECONDS = 10.0
BUSY_SECONDS = 2.0
QUIET = 0.05  # share of the machine that others may use before figures are in doubt
NOT_QUIET = (
    "**The machine was not quiet: ratios and CPU hold, as what is compared was measured side by "
    "side; times and rates do not.**"
)


class BenchmarkError(Exception):
    """What was to be measured did not happen; the text says what, and where."""


@dataclass(frozen=True)
class Command:
    """What is run and measured.

    Parameters
    ----------
    arguments : the program and its arguments
    folder : where it is started
    environment : all of it
    child : part of the command line of the processes that run student code
    forked : whether these are forked from one with the same command line, as from
        a fork server, which is then none of them
    """

    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    child: str = "no such process"
    forked: bool = True


@dataclass(frozen=True)
class Measurement:
    """What a command cost.

    Parameters
    ----------
    seconds : wall time
    cpu_seconds : user and system, of all its processes
    others : share of the machine's CPU that other programs used meanwhile, 0 to 1,
        or None where they were counted in
    coordinator_megabytes : the most that the started process had in memory (VmHWM)
    child_megabytes : the largest private memory seen in a process that ran student
        code (smaps_rollup, Private_*), or None where none was seen
    code : exit code
    output : what the command printed
    """

    seconds: float
    cpu_seconds: float
    others: float | None
    coordinator_megabytes: float
    child_megabytes: float | None
    code: int
    output: str

    def done(self, what: str) -> Measurement:
        """Return it, of a command that did its work.

        Raises
        ------
        BenchmarkError : it failed
        """
        if self.code != 0:
            said = (self.output.strip().splitlines() or ["it said nothing"])[-1]
            raise BenchmarkError(f"{what} ended with exit code {self.code}: {said}")
        return self


def environment(**more: str) -> dict[str, str]:
    """Return the environment of what is measured: a person's, without this course's switches."""
    dropped = ("COURSE_PICTURES", "GRADEBOOK_URL")
    return {key: value for key, value in os.environ.items() if key not in dropped} | more


def measure(command: Command) -> Measurement:
    """Run a command to its end and measure it."""
    with control_group() as group, tempfile.TemporaryFile() as output:
        peak, child, looked, before = 0.0, None, 0.0, machine_seconds()
        started = time.monotonic()
        process = subprocess.Popen(
            [*(enter(group) if group else ()), *command.arguments],
            cwd=command.folder,
            env=dict(command.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            while not _ended(process):
                peak = max(peak, peak_memory(process.pid))
                if time.monotonic() - started >= looked + SAMPLE_SECONDS:
                    looked = time.monotonic() - started
                    now = largest_child(process.pid, command)
                    child = max((one for one in (child, now) if one is not None), default=None)
        finally:
            process.kill()  # where this was interrupted; nothing else is still there
            process.wait()
        seconds = time.monotonic() - started
        if group:
            _wait_until_empty(group)
        busy = machine_seconds() - before
        used = cpu_seconds(group) if group else busy
        output.seek(0)
        return Measurement(
            seconds,
            used,
            max(0.0, busy - used) / (seconds * (os.cpu_count() or 1)) if group else None,
            peak,
            child,
            process.returncode,
            output.read().decode(errors="replace"),
        )


def together(costs: Sequence[Measurement]) -> Measurement:
    """Return commands that ran one after the other as one measurement."""
    seconds = sum(cost.seconds for cost in costs)
    others = [cost.others * cost.seconds for cost in costs if cost.others is not None]
    return Measurement(
        seconds,
        sum(cost.cpu_seconds for cost in costs),
        sum(others) / seconds if len(others) == len(costs) else None,
        max(cost.coordinator_megabytes for cost in costs),
        max((c.child_megabytes for c in costs if c.child_megabytes is not None), default=None),
        max((cost.code for cost in costs), key=abs),
        "".join(cost.output for cost in costs),
    )


def busy(seconds: float = BUSY_SECONDS) -> str:
    """Say how busy the machine is with what others do, while nothing is measured."""
    before, started = machine_seconds(), time.monotonic()
    time.sleep(seconds)
    cores = os.cpu_count() or 1
    used = (machine_seconds() - before) / (time.monotonic() - started) / cores
    load, *_ = os.getloadavg()
    said = (
        f"At the start {load:.1f} processes ran or waited for one of the {cores} cores (load of "
        f"the last minute), and other programs used {used:.0%} of the machine."
    )
    return said + ("" if used <= QUIET else f" {NOT_QUIET}")


def _ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


# --- CPU -----------------------------------------------------------------------------------------

_numbers = itertools.count()


def group_parent(mounts: str, groups: str) -> Path | None:
    """Return where control groups of one's own go, or None where nothing is mounted.

    Parameters
    ----------
    mounts : the text of ``/proc/self/mounts``
    groups : the text of ``/proc/self/cgroup``
    """
    own = [line[3:].lstrip("/") for line in groups.splitlines() if line.startswith("0::")]
    places = [line.split()[1] for line in mounts.splitlines() if line.split()[2] == "cgroup2"]
    return Path(places[0], own[0]) if own and places else None


@contextlib.contextmanager
def control_group() -> Iterator[Path | None]:
    """Make a control group for a command, or give None where there is no right to."""
    mounts, groups = (Path("/proc/self", name).read_text() for name in ("mounts", "cgroup"))
    parent = group_parent(mounts, groups)
    group = parent and parent / f"benchmark-{os.getpid()}-{next(_numbers)}"
    try:
        if group is None:
            raise OSError("there are no control groups")
        group.mkdir()
    except OSError:
        yield None
        return
    try:
        # To make one is not yet the right to put a process into it.
        trial = subprocess.run([*enter(group), "true"], stderr=subprocess.DEVNULL)
        yield group if trial.returncode == 0 else None
    finally:
        _wait_until_empty(group)  # where this was interrupted; a full one cannot be removed
        with contextlib.suppress(OSError):
            group.rmdir()


def enter(group: Path) -> tuple[str, ...]:
    """Return the words before a command that start it in a group."""
    return ("/bin/sh", "-c", 'echo $$ > "$0" && exec "$@"', str(group / "cgroup.procs"))


def cpu_seconds(group: Path) -> float:
    """Return the CPU seconds of all that has run in a group."""
    fields = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
    return int(fields["usage_usec"]) / 1e6


def machine_seconds() -> float:
    """Return the CPU seconds that the whole machine has been busy since it started."""
    user, nice, system, _, _, irq, softirq, *_ = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _wait_until_empty(group: Path) -> None:
    """Wait for those that outlive the command; what they use is of its cost too."""
    end = time.monotonic() + EMPTY_SECONDS
    while (group / "cgroup.procs").read_text() and time.monotonic() < end:
        time.sleep(0.01)


# --- Memory --------------------------------------------------------------------------------------


def peak_memory(process: int) -> float:
    """Return the most that a process has had in memory, in MB; 0 where it has gone."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    found = [line.split()[1] for line in text.splitlines() if line.startswith("VmHWM:")]
    return int(found[0]) / 1024 if found else 0.0


def largest_child(coordinator: int, command: Command) -> float | None:
    """Return the largest private memory, in MB, of the processes that run student code now."""
    found: list[float] = []
    with contextlib.suppress(psutil.Error):
        for process in psutil.Process(coordinator).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if _runs(process, command.child) and (
                    not command.forked or _runs(process.parent(), command.child)
                ):
                    found.append(process.memory_full_info().uss / (1 << 20))
    return max(found, default=None)


def _runs(process: psutil.Process | None, child: str) -> bool:
    return process is not None and any(child in word for word in process.cmdline())
