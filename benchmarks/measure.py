"""Runs a command and says what it cost: wall time, CPU of all its processes, peak memory.

CPU is that of every process below, those included for which nobody waits (the
fork server has the kernel reap them, so that no parent knows what they used).
A control group counts them; where none can be made, the whole machine is
counted, and the measurement says so.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

MEGABYTE = 1 << 20
LOOK_SECONDS = 0.05
SAMPLE_SECONDS = 0.5
EMPTY_SECONDS = 10.0


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
    child: str
    forked: bool = True


@dataclass(frozen=True)
class Sample:
    """Memory at one moment, in MB: of the coordinator, and of the largest child or None."""

    seconds: float
    coordinator: float
    child: float | None


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
    samples : memory over time
    """

    seconds: float
    cpu_seconds: float
    others: float | None
    coordinator_megabytes: float
    child_megabytes: float | None
    code: int
    output: str
    samples: tuple[Sample, ...] = field(default=(), repr=False)


def measure(command: Command, sample_seconds: float = SAMPLE_SECONDS) -> Measurement:
    """Run a command to its end and measure it.

    Parameters
    ----------
    command : what to run
    sample_seconds : time between two samples of memory
    """
    with control_group() as group, tempfile.TemporaryFile() as output:
        samples: list[Sample] = []
        peak, before = 0.0, machine_seconds()
        started = time.monotonic()
        process = subprocess.Popen(
            [*(group.enter if group else ()), *command.arguments],
            cwd=command.folder,
            env=dict(command.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            while not _ended(process):
                peak = max(peak, memory_of(process.pid, "VmHWM"))
                seconds = time.monotonic() - started
                if seconds >= sample_seconds * (len(samples) + 1):
                    now = memory_of(process.pid, "VmRSS")
                    samples.append(Sample(seconds, now, largest_child(process.pid, command)))
        finally:
            process.kill()  # where this was interrupted; nothing else is still there
            process.wait()
        seconds = time.monotonic() - started
        if group:
            group.wait_until_empty()
        busy = machine_seconds() - before
        used = group.cpu_seconds() if group else busy
        output.seek(0)
        return Measurement(
            seconds,
            used,
            max(0.0, busy - used) / (seconds * (os.cpu_count() or 1)) if group else None,
            peak,
            max((one.child for one in samples if one.child is not None), default=None),
            process.returncode,
            output.read().decode(errors="replace"),
            tuple(samples),
        )


def together(measurements: Sequence[Measurement]) -> Measurement:
    """Return commands that ran one after the other as one measurement."""
    others = [one.others for one in measurements]
    children = [one.child_megabytes for one in measurements if one.child_megabytes is not None]
    seconds = sum(one.seconds for one in measurements)
    return Measurement(
        seconds,
        sum(one.cpu_seconds for one in measurements),
        None
        if None in others
        else sum((one.others or 0.0) * one.seconds for one in measurements) / seconds,
        max(one.coordinator_megabytes for one in measurements),
        max(children, default=None),
        max((one.code for one in measurements), key=abs),
        "".join(one.output for one in measurements),
        tuple(sample for one in measurements for sample in one.samples),
    )


def _ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


# --- CPU -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ControlGroup:
    """A control group of this benchmark's own.

    Parameters
    ----------
    folder : of the group
    usage : reads what its processes have used, in seconds
    """

    folder: Path
    usage: Callable[[Path], float]

    @property
    def enter(self) -> tuple[str, ...]:
        """The words before a command that start it in the group."""
        procs = str(self.folder / "cgroup.procs")
        return ("/bin/sh", "-c", 'echo $$ > "$0" && exec "$@"', procs)

    def cpu_seconds(self) -> float:
        return self.usage(self.folder)

    def wait_until_empty(self) -> None:
        """Wait for those that outlive the command; what they use is of its cost too."""
        end = time.monotonic() + EMPTY_SECONDS
        while (self.folder / "cgroup.procs").read_text() and time.monotonic() < end:
            time.sleep(0.01)


def unified_seconds(folder: Path) -> float:
    """Return the CPU seconds of a group of version 2."""
    fields = dict(line.split() for line in (folder / "cpu.stat").read_text().splitlines())
    return int(fields["usage_usec"]) / 1e6


def accounted_seconds(folder: Path) -> float:
    """Return the CPU seconds of a group of version 1's cpuacct."""
    return int((folder / "cpuacct.usage").read_text()) / 1e9


def machine_seconds() -> float:
    """Return the CPU seconds that the whole machine has been busy since it started."""
    user, nice, system, _, _, irq, softirq, *_ = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def group_folders(mounts: str, groups: str) -> list[tuple[Path, Callable[[Path], float]]]:
    """Return where groups of one's own go and how they are read, the best first.

    Parameters
    ----------
    mounts : the text of ``/proc/self/mounts``
    groups : the text of ``/proc/self/cgroup``
    """
    own = {}
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            own[controller] = path.lstrip("/")
    found: list[tuple[Path, Callable[[Path], float]]] = []
    for line in mounts.splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup2" and "" in own:
            found.insert(0, (Path(place, own[""]), unified_seconds))
        elif kind == "cgroup" and "cpuacct" in options.split(",") and "cpuacct" in own:
            found.append((Path(place, own["cpuacct"]), accounted_seconds))
    return found


@contextlib.contextmanager
def control_group() -> Iterator[ControlGroup | None]:
    """Make a control group for a command, or give None where there is no right to."""
    for parent, usage in group_folders(
        Path("/proc/self/mounts").read_text(), Path("/proc/self/cgroup").read_text()
    ):
        group = ControlGroup(parent / f"benchmark-{os.getpid()}-{next(_numbers)}", usage)
        try:
            group.folder.mkdir()
        except OSError:
            continue
        try:
            # To make one is not yet the right to put a process into it.
            trial = subprocess.run([*group.enter, "true"], stderr=subprocess.DEVNULL)
            if trial.returncode == 0 and group.cpu_seconds() >= 0:
                yield group
                return
        finally:
            group.wait_until_empty()  # where this was interrupted; a full one cannot be removed
            with contextlib.suppress(OSError):
                group.folder.rmdir()
    yield None


_numbers = itertools.count()


def counted_by() -> str:
    """Say how CPU is counted here, for the table."""
    with control_group() as group:
        if group is None:
            return "the whole machine's (/proc/stat), that of other programs included"
        version = "version 2" if group.usage is unified_seconds else "version 1, cpuacct"
        return f"that of a control group ({version}): every process of the command, and no other"


# --- Memory ----------------------------------------------------------------------------------


def memory_of(process: int, what: str) -> float:
    """Return ``VmHWM`` or ``VmRSS`` of a process in MB; 0 where it has gone."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    found = [line.split()[1] for line in text.splitlines() if line.startswith(f"{what}:")]
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
                    found.append(process.memory_full_info().uss / MEGABYTE)
    return max(found, default=None)


def _runs(process: psutil.Process | None, child: str) -> bool:
    return process is not None and any(child in word for word in process.cmdline())
