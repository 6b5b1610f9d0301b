"""Runs a command as a container that is started with the options of docs/container.md.

    python tests/as_container.py ROOT COURSE COMMAND ...

ROOT is a root file system, in which the folder COURSE is `/course`.  As in a container: a user with
a number of its own, no capability and no way to gain one; mounts, processes, network and host name
of its own; the system-call filter of `deploy/container/seccomp.json`.  Needs root.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import socket
import struct
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pyseccomp
from as_user import lead_to

from autograder.sandbox import confine

PROFILE = Path(__file__).resolve().parents[1] / "deploy/container/seccomp.json"
USER = 1000
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}[os.uname().machine]
MNT_DETACH = 2
SET_FLAGS, UP = 0x8914, 1  # of a network interface
ENVIRONMENT = {"PATH": "/opt/grader/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}


def filter_of(profile: Path, refused: Sequence[str] = ()) -> bytes:
    """Compile a profile in docker's format, and have further calls refused."""
    said = json.loads(profile.read_text())
    assert said["defaultAction"] == "SCMP_ACT_ALLOW"
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for group in said["syscalls"]:
        assert group["action"] == "SCMP_ACT_ERRNO"
        for name in group["names"]:
            rules.add_rule(pyseccomp.ERRNO(group["errnoRet"]), name)
    for name in refused:
        rules.add_rule(pyseccomp.ERRNO(1), name)
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def become(
    root: str,
    course: str,
    command: Sequence[str],
    masked: bool = False,
    refused: Sequence[str] = (),
    needed: Sequence[str] = (),
) -> None:
    """Become a container that runs a command.

    Parameters
    ----------
    root, course : folders
    masked : have a part of /proc read-only, as docker and podman have by default
    refused : calls that are refused besides those of the profile
    needed : what has to be readable, where root is this computer's own
    """
    rules = filter_of(PROFILE, refused)
    confine.private_mounts()
    lead_to(list(map(os.path.realpath, needed)))
    libc = ctypes.CDLL(None, use_errno=True)
    own = confine.NEWPID | confine.NEWIPC | confine.NEWUTS | confine.NEWNET
    confine._check(libc.unshare(own), "namespaces")
    if child := os.fork():
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    confine.die_with_parent()
    place, recursively = "/mnt", confine.MS_BIND | confine.MS_REC
    confine.mount(root, place, None, recursively)
    if root != "/":
        confine.mount("/dev", f"{place}/dev", None, recursively)
        confine.mount(course, f"{place}/course", None, recursively)
    os.chdir(place)
    confine._check(libc.syscall(PIVOT_ROOT, b".", b"."), "pivot_root")
    confine._check(libc.umount2(b".", MNT_DETACH), "the old root")
    os.chdir("/")
    confine.mount_processes()
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sH14x", b"lo", UP))
    if masked:
        confine.mount("/proc/sys", "/proc/sys", None, confine.MS_BIND)
        confine.make_read_only("/proc/sys")
    os.chdir("/course" if root != "/" else course)
    os.setgroups([])
    for capability in range(64):
        libc.prctl(confine.PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    confine.drop_privileges()
    confine.load_filter(rules)
    os.execvpe(command[0], list(command), ENVIRONMENT)


if __name__ == "__main__":
    if sys.argv[1] == "--json":  # of a test
        become(**json.loads(sys.argv[2]))
    become(sys.argv[1], os.path.abspath(sys.argv[2]), sys.argv[3:])
