"""What the kernel takes away from a child before any student code runs in it (Linux).

Namespaces, mounts, resource limits, capabilities and system calls, through
ctypes, because each step must happen in the forked child itself.  Sources: the
manual pages unshare(2), mount(2), user_namespaces(7), capset(2), seccomp(2).
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import tempfile

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (
    *(0x00020000, 0x04000000, 0x08000000),
    *(0x10000000, 0x20000000, 0x40000000),
)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 1, 2, 4, 8, 32, 4096
MS_REC, MS_PRIVATE = 0x4000, 1 << 18
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP = 1, 4, 22
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
SECCOMP_MODE_FILTER = 2
CAPABILITY_VERSION_3 = 0x20080522

# New processes and programs; other processes; mounts and namespaces; kernel
# facilities that a notebook has no use for and that have had holes.
FORBIDDEN = """
fork vfork execve execveat
ptrace process_vm_readv process_vm_writev pidfd_open pidfd_getfd pidfd_send_signal kcmp
process_madvise process_mrelease tkill
unshare setns mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick
mount_setattr swapon swapoff quotactl acct
memfd_create memfd_secret keyctl add_key request_key bpf userfaultfd perf_event_open
io_uring_setup io_uring_enter io_uring_register io_setup
shmget shmat msgget semget mq_open fanotify_init inotify_init inotify_init1
name_to_handle_at open_by_handle_at personality modify_ldt
init_module finit_module delete_module kexec_load kexec_file_load reboot syslog
clock_settime settimeofday adjtimex clock_adjtime sethostname setdomainname
iopl ioperm vhangup seccomp sched_setscheduler sched_setattr setpriority ioprio_set
mlock mlock2 mlockall landlock_create_ruleset mknod mknodat setsid
vmsplice splice tee uselib ustat sysfs lookup_dcookie nfsservctl _sysctl quotactl_fd
move_pages migrate_pages mbind set_mempolicy set_mempolicy_home_node
""".split()
# Calls that must be forbidden: a filter that could not include them is refused.
ESSENTIAL = """
execve execveat ptrace process_vm_writev unshare setns mount keyctl bpf io_uring_setup
""".split()
CLONE_THREAD = 0x00010000
AF_UNIX = 1
MSG_OOB = 1
SO_PASSPIDFD, SO_PEERPIDFD = 76, 77
# (call, argument, mask, value): compared under a mask, because the kernel reads 32 bits of
# these arguments and the filter sees 64.
FORBIDDEN_ARGUMENTS = (
    ("prctl", 0, 0xFFFFFFFF, PR_SET_PDEATHSIG),
    ("prctl", 0, 0xFFFFFFFF, PR_SET_DUMPABLE),
    ("getsockopt", 2, 0xFFFFFFFF, SO_PEERPIDFD),
    ("setsockopt", 2, 0xFFFFFFFF, SO_PASSPIDFD),
    ("sendto", 3, MSG_OOB, MSG_OOB),
    ("sendmsg", 2, MSG_OOB, MSG_OOB),
    ("sendmmsg", 3, MSG_OOB, MSG_OOB),
    ("recvfrom", 3, MSG_OOB, MSG_OOB),
    ("recvmsg", 2, MSG_OOB, MSG_OOB),
    ("recvmmsg", 3, MSG_OOB, MSG_OOB),
)
# cachestat (Linux 6.5): the last call looked at for this list; from 424 on, numbers are the
# same on every architecture.  What is newer does not exist in the box.
LAST_CALL = 451
EPERM, ENOSYS = 1, 38
BPF_LOAD_NUMBER, BPF_IF_GREATER, BPF_RETURN = 0x20, 0x25, 0x06


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent ends."""
    _check(_libc().prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "die with parent")


def new_namespaces() -> None:
    """Enter new user, mount, IPC, network and host name namespaces; the next fork is pid 1."""
    uid, gid = os.getuid(), os.getgid()
    flags = NEWUSER | NEWNS | NEWPID | NEWIPC | NEWNET | NEWUTS
    _check(_libc().unshare(flags), "new namespaces")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def private_mounts() -> None:
    """Enter a mount namespace of one's own, from which nothing spreads (needs root)."""
    libc = _libc()
    _check(libc.unshare(NEWNS), "new mount namespace")
    _check(libc.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None), "private /")


def mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    """mount(2), raising OSError."""
    result = _libc().mount(
        source.encode(),
        target.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode(),
    )
    _check(result, f"mount {kind or 'bind'} on {target}")


def mount_memory(target: str, megabytes: int) -> None:
    """Mount an empty file system in memory, of bounded size, on a folder."""
    flags = MS_NOSUID | MS_NODEV | MS_NOEXEC
    mount("tmpfs", target, "tmpfs", flags, f"size={megabytes}m,nr_inodes=4096,mode=700")


def mount_processes() -> None:
    """Mount a /proc that shows this process namespace alone."""
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)


def make_read_only(target: str) -> None:
    """Make a mounted file system read-only."""
    flags = MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC
    mount("none", target, None, flags | MS_BIND)


def set_resource_limits(
    memory_megabytes: int, cpu_seconds: int, file_megabytes: int, threads: int
) -> None:
    """Limit address space (beyond what is mapped now), CPU time, files and threads."""
    with open("/proc/self/statm") as file:
        mapped = int(file.read().split()[0]) * resource.getpagesize()
    for kind, value in (
        (resource.RLIMIT_AS, mapped + (memory_megabytes << 20)),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, file_megabytes << 20),
        (resource.RLIMIT_NOFILE, 128),
        (resource.RLIMIT_NPROC, threads),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, 1024),
    ):
        resource.setrlimit(kind, (value, value))


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


def drop_privileges() -> None:
    """Give up every capability for good, and the chance to leave a core dump.

    A core that the system pipes to a program of its own is no matter of RLIMIT_CORE.
    """
    libc = _libc()
    for capability in range(64):
        if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            break
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = _CapabilityHeader(CAPABILITY_VERSION_3, 0)
    _check(libc.capset(ctypes.byref(header), (ctypes.c_uint32 * 6)()), "drop capabilities")
    _check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    _check(libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "no core dumps")


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def load_filter(filter_bytes: bytes) -> None:
    """Put a compiled system-call filter into force; it cannot be taken back."""
    buffer = ctypes.create_string_buffer(filter_bytes, len(filter_bytes))
    program = _Program(len(filter_bytes) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    result = _libc().prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)
    _check(result, "system-call filter")


def compile_filter() -> bytes:
    """Compile the system-call filter; runs on the trusted side, where libseccomp is at hand.

    Returns
    -------
    bytes : the kernel's instructions, for `load_filter`

    Raises
    ------
    OSError : libseccomp is not installed
    """
    try:
        import pyseccomp
    except (ImportError, RuntimeError, OSError) as failure:
        raise OSError(f"libseccomp is not to be had: {failure}") from None
    refuse = pyseccomp.ERRNO(EPERM)
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    rules.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.KILL_PROCESS)
    for name in FORBIDDEN:
        try:
            rules.add_rule(refuse, name)
        except (OSError, ValueError):
            # Some calls are missing on some architectures or in some versions of libseccomp.
            if name in ESSENTIAL:
                raise OSError(f"libseccomp does not know {name}") from None
    rules.add_rule(pyseccomp.ERRNO(ENOSYS), "clone3")  # the C library falls back to clone
    thread = pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, 0)
    rules.add_rule(refuse, "clone", thread)
    for name in ("socket", "socketpair"):
        rules.add_rule(refuse, name, pyseccomp.Arg(0, pyseccomp.NE, AF_UNIX))
    for name, number, mask, value in FORBIDDEN_ARGUMENTS:
        rules.add_rule(refuse, name, pyseccomp.Arg(number, pyseccomp.MASKED_EQ, mask, value))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return _refuse_newer_calls() + file.read()


def _refuse_newer_calls() -> bytes:
    """Return the instructions that go before a filter: libseccomp has no "greater than"."""
    return b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in (
            (BPF_LOAD_NUMBER, 0, 0, 0),
            (BPF_IF_GREATER, 0, 1, LAST_CALL),
            (BPF_RETURN, 0, 0, 0x00050000 | ENOSYS),
        )
    )
