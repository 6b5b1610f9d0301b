"""The fork server: loads and warms everything once, then forks one child for each submission.

Started by `autograder.sandbox.box`.  For each socket that arrives over the
control socket it forks a guard; the guard enters new namespaces, forks the
child and waits until the child ends or the other end of the socket is closed,
then kills whatever is left.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import os
import resource
import select
import shutil
import signal
import socket
import sys
import tempfile
from types import FrameType
from typing import Any

from autograder.sandbox import confine, wire
from autograder.sandbox.inside import child, placeholders
from autograder.sandbox.inside.shell import SandboxShell, warm_shell

SCRATCH, COURSE = "/tmp", "/course"
# The trusted side watches the time. This is the limit for when it cannot.
GRACE_SECONDS = 5
# Objects made before the collector looks for cycles: a child is too short-lived for 700.
GARBAGE_THRESHOLD = 10_000


def main() -> None:
    """Warm up, say so, and serve until the control socket closes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--control", type=int, required=True)
    parser.add_argument("--filter", type=int, default=None)
    parser.add_argument("--preload", nargs="*", default=())
    parser.add_argument("--refused", nargs="*", default=None)
    options = parser.parse_args()
    # What is loaded and warmed stays: the collector would look through it again and again.
    gc.disable()
    # A limit set for the process that started this one must not pass to the children.
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    filter_bytes = None
    if options.filter is not None:
        with os.fdopen(options.filter, "rb") as file:
            filter_bytes = file.read()
    control = socket.socket(fileno=options.control)
    for name in options.preload:
        # A package that is not installed: the submission's own import will say so.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    shell = warm_shell()
    if options.refused is not None:
        placeholders.install(options.refused)
    gc.set_threshold(GARBAGE_THRESHOLD)
    gc.freeze()
    gc.enable()
    # With this the kernel reaps the guards: nothing here waits for them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    control.sendall(b"ready\n")
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 64, 1)
        if not message or not descriptors:
            return
        if os.fork() == 0:
            control.close()
            status = 1
            try:
                end = socket.socket(fileno=descriptors[0])
                guard(wire.Connection(end), shell, filter_bytes)
                status = 0
            finally:
                os._exit(status)
        os.close(descriptors[0])


def guard(connection: wire.Connection, shell: SandboxShell, filter_bytes: bytes | None) -> None:
    """Run one child, and leave nothing of it behind."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    confine.die_with_parent()
    request = wire.receive(connection)
    confined = filter_bytes is not None
    folder = SCRATCH
    # Opened now: the child hides it.
    processes = os.open("/proc", os.O_PATH)
    try:
        if confined:
            confine.new_namespaces()
        else:
            folder = tempfile.mkdtemp(prefix="submission-")
        process = os.fork()
        if process == 0:
            become_child(connection, shell, request, filter_bytes, folder)
        ended = wait(process, processes, connection, request["seconds"])
        with contextlib.suppress(wire.WireError):
            wire.send(connection, ended)
    except OSError as failure:
        with contextlib.suppress(wire.WireError):
            wire.send(connection, {"refused": f"{type(failure).__name__}: {failure}"[:300]})
    finally:
        if not confined:
            shutil.rmtree(folder, ignore_errors=True)


def wait(
    process: int, processes: int, connection: wire.Connection, seconds: float
) -> dict[str, Any]:
    """Wait for the child's end, or kill it when nobody listens or time is up.

    Returns
    -------
    its exit code; for how many seconds it was ready to run and had no processor; whether it
    was killed because its connection was closed; whether it used up its processor time
    """
    handle = os.pidfd_open(process)
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    poll.register(connection, select.POLLRDHUP)
    ready = [descriptor for descriptor, _ in poll.poll((seconds + GRACE_SECONDS) * 1000)]
    if handle not in ready:
        os.kill(process, signal.SIGKILL)
    os.close(handle)
    waited = seconds_waited(process, processes)
    _, status, usage = os.wait4(process, 0)
    return {
        "ended": os.waitstatus_to_exitcode(status),
        "waited": waited,
        # Shut from either end: this process and its child hold the same socket.
        "closed": bool(ready) and handle not in ready,
        # The kernel's limit goes by samples, which on a busy machine are off by half; what else
        # it kills for, memory that the whole machine lacks, comes sooner.
        "out_of_processor_time": usage.ru_utime + usage.ru_stime > (int(seconds) + 1) / 3,
    }


def seconds_waited(process: int, processes: int) -> float | None:
    """Return for how long a process waited for a processor; None where nobody counts.

    The second figure of ``/proc/<pid>/schedstat``, in nanoseconds (Linux's sched-stats.rst).
    """

    def here(path: str, flags: int) -> int:
        return os.open(path, flags, dir_fd=processes)

    try:
        with open(f"{process}/schedstat", opener=here) as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return None


def become_child(
    connection: wire.Connection,
    shell: SandboxShell,
    request: dict,
    filter_bytes: bytes | None,
    folder: str,
) -> None:
    """Confine this process, then serve the trusted side; never returns."""
    status = 70
    try:
        connection = keep_only(connection)
        try:
            prepare(request, filter_bytes, folder)
        except Exception as failure:
            # Nothing of the submission has run: this is for whoever runs the grader.
            wire.send(connection, {"refused": f"{type(failure).__name__}: {failure}"[:300]})
        else:
            wire.send(connection, {"ready": True})
            child.serve(connection, shell, request)
            status = wire.CLOSED_STATUS
    finally:
        os._exit(status)


def prepare(request: dict, filter_bytes: bytes | None, folder: str) -> None:
    """Lay out the files of this process and confine it."""
    confine.die_with_parent()
    os.setsid()
    if filter_bytes is None:
        course = os.path.join(folder, ".course")
        os.mkdir(course)
        work = os.path.join(folder, "work")
    else:
        confine.mount_processes()
        confine.mount_memory("/dev/shm", 1)
        confine.mount_memory(COURSE, 2 + 2 * (sum(map(len, request["files"].values())) >> 20))
        confine.mount_memory(SCRATCH, request["scratch_megabytes"])
        course, work = COURSE, os.path.join(SCRATCH, "work")
    os.mkdir(work)
    lay_out(request["files"], course, work)
    if filter_bytes is not None:
        confine.make_read_only(COURSE)
    os.chdir(work)
    # The course's own files first; a student's never before an installed package.
    elsewhere = [path for path in sys.path if path not in ("", SCRATCH)]
    sys.path[:] = [course, *elsewhere, ""]
    signal.signal(signal.SIGINT, _interrupted)
    # Whoever started the grader may have held it back.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    confine.set_resource_limits(
        request["memory_megabytes"],
        int(request["seconds"]) + 1,
        request["scratch_megabytes"],
        request["threads"] if filter_bytes is not None else 1 << 14,
    )
    if filter_bytes is not None:
        confine.drop_privileges()
        confine.load_filter(filter_bytes)


def _interrupted(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def keep_only(connection: wire.Connection) -> wire.Connection:
    """Close every descriptor but the connection; the standard three lead nowhere."""
    kept = os.dup(connection.fileno())
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    os.dup2(kept, 3)
    os.closerange(4, 1 << 16)
    connection.socket.detach()
    return wire.Connection(socket.socket(fileno=3))


def lay_out(files: dict, course: str, work: str) -> None:
    """Write the files of the assignment, read-only, and link them into the working folder.

    Its folders are made there, so that a notebook can write new files into them.
    """
    for name, content in files.items():
        path = os.path.join(course, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content.tobytes())
        os.chmod(path, 0o444)
    for folder, folders, names in os.walk(course):
        folders[:] = [name for name in folders if name != "__pycache__"]
        here = os.path.join(work, os.path.relpath(folder, course))
        for name in folders:
            os.mkdir(os.path.join(here, name))
        for name in names:
            os.symlink(os.path.join(folder, name), os.path.join(here, name))


if __name__ == "__main__":
    main()
