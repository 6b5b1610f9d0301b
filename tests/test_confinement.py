"""What student code cannot reach from inside the box, and what happens where there is no box.

The box of these tests is started under bad conditions on purpose: from a folder whose modules
have the names of Python's own, under a strict umask, with a secret in the environment.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.machinery
import os
import platform
import re
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Iterator
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import pytest
from isolation import need_isolation

from autograder.sandbox import (
    IsolationUnavailable,
    Sandbox,
    Session,
    SessionLost,
    confine,
    launch,
    wire,
)
from autograder.sandbox import box as box_module
from autograder.sandbox import session as session_module

REPOSITORY = Path(__file__).resolve().parent.parent
SECRET = "a secret of the grader's"
ORDINARY = 61_183  # not the id of a user, and not the one that `launch` gives root's boxes
CANNOT = 77  # exit status of a helper that cannot do what the test needs
EPERM, ENOSYS = 1, 38


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    need_isolation()
    hostile = tmp_path_factory.mktemp("submitted")
    for name in ("json", "pathlib", "os", "ctypes", "autograder", "numpy", "tempfile"):
        (hostile / f"{name}.py").write_text("raise SystemExit('imported from the working folder')")
    one = Sandbox()
    umask = os.umask(0o077)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(hostile)
            patch.setenv("GRADEBOOK_PASSWORD", SECRET)
            one.session().close()
    finally:
        os.umask(umask)
    with one:
        yield one


@pytest.fixture
def session(sandbox: Sandbox) -> Iterator[Session]:
    with sandbox.session() as one:
        yield one


def found(session: Session, source: str) -> Any:
    """Run a cell and return the value of its last expression, which must be a literal."""
    outputs = session.run_cell(source)
    assert [item["output_type"] for item in outputs] == ["display_data"], outputs
    return ast.literal_eval(outputs[0]["data"]["text/plain"])


linux_numbers = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="only x86_64 has a second set of numbers"
)


LIBC = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
CALL = LIBC + (
    "def call(number, *arguments):\n"
    "    ctypes.set_errno(0)\n"
    "    result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))\n"
    "    return result, ctypes.get_errno()\n"
)
TRY = (
    "def tried(action, *arguments):\n"
    "    try: action(*arguments)\n"
    "    except Exception as failure: return type(failure).__name__\n"
    "    return 'allowed'\n"
)


# --- Files ----------------------------------------------------------------------------------------


def test_the_box_shows_a_few_folders_and_nothing_else(session):
    shown = found(session, "import os\nos.listdir('/')")
    of_python = {Path(os.path.realpath(sys.base_prefix)).parts[1]}
    assert set(shown) <= {"course", "dev", "etc", "lib", "lib32", "lib64", "opt", "proc", "tmp",
                          "usr"} | of_python  # fmt: skip
    assert found(session, "sorted(os.listdir('/etc'))") in (
        ["alternatives", "ld.so.cache"],
        ["ld.so.cache"],
    )
    of_the_system = {"lib", "lib32", "lib64", "local", "share", "bin"}
    assert set(found(session, "os.listdir('/usr')")) <= of_the_system
    assert found(session, "sorted(os.listdir('/dev'))") == [
        *("fd", "full", "null", "random", "shm", "urandom", "zero")
    ]


def test_what_is_mounted_is_what_was_chosen_and_cannot_be_written(session):
    lines = found(session, "open('/proc/self/mountinfo').read().splitlines()")
    mounted = {line.split()[4]: set(line.split()[5].split(",")) for line in lines}
    chosen = {target for _, target in box_module.mounts(Path("/nowhere"))}
    own = {"/", "/proc", "/dev", "/tmp", "/course", "/dev/shm"}
    hidden = {place for place in box_module.hide_packages() if place.startswith("/")}
    devices = {f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom")}
    below = {place for place in mounted if any(Path(one) in Path(place).parents for one in chosen)}
    assert set(mounted) - below <= chosen | own | hidden | devices
    written = {place for place, options in mounted.items() if "ro" not in options}
    assert written == {"/proc", "/tmp", "/dev/shm"} | devices
    assert all("nosuid" in options for options in mounted.values())


@pytest.mark.parametrize(
    "path",
    [REPOSITORY, REPOSITORY / "source", REPOSITORY / "softmax_by_hand/lecture.py", "/home",
     Path.home() / ".ssh", Path.home() / ".bashrc", "/etc/passwd", "/etc/shadow", "/etc/hostname",
     "/etc/resolv.conf", "/etc/ssl", "/var", "/run", "/srv", "/mnt", "/sys", "/boot",
     "/usr/bin/env", "/usr/sbin", "/usr/local/share/nbgrader", "/usr/local/bin", "/dev/tty",
     "/dev/ptmx", "/dev/mqueue", Path(sys.prefix, "etc/jupyter"), Path(sys.prefix, "share/jupyter"),
     Path(sys.base_prefix, "share/jupyter"), Path(sys.prefix, "bin/activate"), __file__],
    ids=str,
)  # fmt: skip
def test_what_is_the_graders_is_not_there(session, path):
    ways = [str(path), f"/proc/1/root{path}"]
    assert found(session, f"import os\n[os.path.lexists(way) for way in {ways}]") == [False, False]


def test_files_of_the_grader_are_not_found_by_any_way_round(session, tmp_path):
    secret = tmp_path / "gradebook.db"
    secret.write_text(SECRET)
    ways = [
        str(secret), f"/proc/1/root{secret}", f"/proc/self/cwd/../..{secret}", f"/tmp/../{secret}",
        f"/dev/fd/../root{secret}", os.path.relpath(secret, "/tmp/work"),
    ]  # fmt: skip
    assert found(session, f"import os\n[os.path.lexists(way) for way in {ways}]") == [False] * 6


NOT_ALLOWED = {
    "memory of the kernel and of the machine": (
        "def look(path):\n    with open(path, 'rb') as file: file.read(16)\n"
        "[tried(look, path) for path in ('/proc/kcore', '/dev/mem', '/dev/kmem', '/dev/port')]"
    ),
    "installed packages": (
        "import os, numpy, autograder.catalogue.values as values\n"
        "[tried(open, module.__file__, 'a') for module in (os, numpy, values)]"
    ),
    "devices": (
        "import os, stat\nkinds = (stat.S_IFBLK, stat.S_IFCHR)\n"
        "[tried(os.mknod, '/tmp/disk', 0o600 | kind, os.makedev(8, 0)) for kind in kinds]"
    ),
    "privileges": (
        "import os, socket\n"
        "[tried(os.setuid, 0), tried(os.setgid, 0), tried(os.setgroups, [0]),\n"
        " tried(os.setresuid, 0, 0, 0),\n"
        " tried(os.chroot, '/tmp'), tried(os.nice, -1), tried(socket.sethostname, 'x')]"
    ),
    "names of the network": (
        "import socket, urllib.request\n[tried(socket.getaddrinfo, 'example.org', 80),"
        " tried(urllib.request.urlopen, 'http://127.0.0.1/')]"
    ),
    "the memory of a process": (
        "[tried(open, f'/proc/{pid}/mem', 'r+b') for pid in ('self', 1, 2)]"
    ),
}


@pytest.mark.parametrize("what", NOT_ALLOWED)
def test_what_is_the_machines_or_the_graders_is_not_allowed(session, what):
    assert "allowed" not in found(session, TRY + NOT_ALLOWED[what])


def test_of_this_package_only_what_runs_inside_can_be_imported(session):
    hidden = ["judging.judge", "gradebook", "submission.notebook", "grading.engine",
              "checking.kit", "cli", "course", "catalogue.model", "sandbox.box",
              "sandbox.session"]  # fmt: skip
    source = (
        f"import importlib\n{TRY}"
        f"[tried(importlib.import_module, 'autograder.' + name) for name in {hidden}]"
    )
    assert set(found(session, source)) == {"ModuleNotFoundError"}
    listed = found(
        session,
        "import os\nsorted(os.path.relpath(os.path.join(at, name), '/opt/box')\n"
        "       for at, _, names in os.walk('/opt/box') for name in names)",
    )
    inside = (*box_module.VISIBLE, *("__init__.py", "catalogue/__init__.py", "sandbox/__init__.py"))
    sources = {f"autograder/{name}" for name in inside}
    assert sources <= set(listed) <= sources | set(map(cache_from_source, sources))


@pytest.mark.parametrize(
    "folder",
    ["/", "/course", "/dev", "/etc", "/opt", "/opt/box", "/opt/box/autograder", "/usr", "/usr/lib",
     "/proc", "/proc/self", "/proc/sys/kernel", "/opt/packages", os.__file__.rpartition("/")[0]],
)  # fmt: skip
def test_nothing_can_be_written_outside_the_scratch_folders(session, folder):
    source = (
        f"import os\n{TRY}folder = {folder!r}\nnew = folder + '/new'\n"
        "[tried(open, new, 'w'), tried(os.mkdir, new), tried(os.symlink, '/tmp', new),"
        " tried(os.rename, '/tmp/work', new), tried(os.chmod, folder, 0o777)]"
    )
    assert "allowed" not in found(session, source)


# --- Processes and what they are given ------------------------------------------------------------


def test_there_is_no_other_process_to_be_seen(session):
    source = "import os\n[name for name in os.listdir('/proc') if name.isdigit()]"
    assert found(session, source) == ["1"]
    assert found(session, "(os.getpid(), os.getppid())") == (1, 0)


def test_the_environment_holds_nothing_of_the_graders(session):
    names, values = found(session, "import os\n(sorted(os.environ), sorted(os.environ.values()))")
    added_by_programs = {"PWD", "LC_CTYPE", "COLUMNS", "LINES"}
    assert set(names) <= {*box_module.ENVIRONMENT, "PYTHONPATH"} | added_by_programs
    assert not [value for value in values if SECRET in value or str(REPOSITORY) in value]
    assert found(session, f"{TRY}tried(open, '/proc/self/environ')") == "PermissionError"


def test_the_command_line_names_nothing_of_the_graders(session):
    line = found(session, "open('/proc/self/cmdline').read()")
    assert str(REPOSITORY) not in line
    assert "autograder.sandbox.inside.server" in line


def test_only_the_socket_and_nowhere_are_open(session):
    source = (
        "import os\nopen_ones = {}\n"
        "for name in os.listdir('/proc/self/fd'):\n"
        "    try: open_ones[int(name)] = os.readlink('/proc/self/fd/' + name).split(':')[0]\n"
        "    except OSError: pass\n"
        "open_ones"
    )
    assert found(session, source) == {0: "/dev/null", 1: "/dev/null", 2: "/dev/null", 3: "socket"}


def test_the_child_is_nobody_and_can_do_nothing_special(session):
    lines = found(session, "open('/proc/self/status').read().splitlines()")
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert "0" not in status["Uid"].split() + status["Gid"].split()
    assert status["Groups"].strip() in ("", "65534")
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0
    assert status["NoNewPrivs"].strip() == "1"
    assert status["Seccomp"].strip() == "2"


def test_limits_can_be_lowered_and_never_raised(session):
    source = (
        "import resource\n" + TRY + "hard = {}\n"
        "for name in dir(resource):\n"
        "    if name.startswith('RLIMIT_'):\n"
        "        _, top = resource.getrlimit(getattr(resource, name))\n"
        "        if top != -1:\n"
        "            kind = getattr(resource, name)\n"
        "            hard[name] = [tried(resource.setrlimit, kind, (top, top + 1)),\n"
        "                          tried(resource.setrlimit, kind, (-1, -1))]\n"
        "hard"
    )
    tried = found(session, source)
    assert {"RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_NPROC",
            "RLIMIT_CORE", "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE",
            "RLIMIT_SIGPENDING"} <= set(tried)  # fmt: skip
    assert {answer for answers in tried.values() for answer in answers} == {"ValueError"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/proc/self/uid_map", "0 0 1"), ("/proc/self/gid_map", "0 0 1"),
        ("/proc/self/setgroups", "allow"), ("/proc/self/oom_score_adj", "-1000"),
        ("/proc/self/loginuid", "0"), ("/proc/sys/kernel/core_pattern", "|/tmp/x"),
        ("/proc/sys/kernel/hostname", "x"), ("/proc/sys/kernel/ns_last_pid", "100"),
        ("/proc/sys/kernel/modprobe", "/tmp/x"), ("/proc/sys/vm/drop_caches", "1"),
        ("/proc/sys/vm/overcommit_memory", "1"), ("/proc/sys/net/ipv4/ip_forward", "1"),
        ("/proc/sys/user/max_user_namespaces", "1000"), ("/proc/sysrq-trigger", "b"),
    ],
)  # fmt: skip
def test_settings_of_the_kernel_cannot_be_written(session, path, text):
    source = (
        "import os\n" + TRY + "def write():\n"
        f"    handle = os.open({path!r}, os.O_WRONLY)\n"
        f"    os.write(handle, {text!r}.encode())\ntried(write)"
    )
    assert found(session, source) != "allowed"


# --- The network ----------------------------------------------------------------------------------


def test_no_socket_can_be_made_but_a_local_one(session):
    source = (
        "import socket\n" + TRY + "made = []\n"
        "for family in range(0, 64):\n"
        "    for kind in (1, 2, 3, 5):\n"
        "        if tried(socket.socket, family, kind) == 'allowed': made.append(family)\n"
        "sorted(set(made))"
    )
    assert found(session, source) == [socket.AF_UNIX]


def test_a_family_with_bits_that_the_kernel_ignores_is_refused_too(session):
    number = number_of("socket")
    source = f"{CALL}[call({number}, family | 1 << 32, 1, 0) for family in (2, 10, 16, 17, 40)]"
    assert found(session, source) == [(-1, EPERM)] * 5


def test_the_only_interface_is_a_loopback_that_is_down(session):
    lines = found(session, "open('/proc/net/dev').read().splitlines()[2:]")
    assert [line.split(":")[0].strip() for line in lines] == ["lo"]
    assert found(session, "open('/proc/net/route').read().splitlines()[1:]") == []


def test_local_sockets_of_the_machine_cannot_be_reached(session, tmp_path):
    abstract, named = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    name, path = f"\0grader-{os.getpid()}", str(tmp_path / "socket")
    with abstract, named:
        abstract.bind(name)
        named.bind(path)
        for one in (abstract, named):
            one.listen()
        source = (
            f"import socket\n{TRY}"
            f"[tried(socket.socket(socket.AF_UNIX).connect, name) for name in ({name!r}, {path!r},"
            " '/run/docker.sock', '/run/systemd/notify', '/run/dbus/system_bus_socket')]"
        )
        assert set(found(session, source)) == {"ConnectionRefusedError", "FileNotFoundError"}


def test_the_socket_to_the_grader_tells_nothing_and_takes_no_urgent_bytes(session):
    source = (
        f"{CALL}{TRY}import socket\ngrader = socket.socket(fileno=3)\n"
        "size = ctypes.c_int(4)\nroom = ctypes.create_string_buffer(8)\n"
        "answers = [\n"
        "    grader.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[:4] == bytes(4),\n"
        "    tried(grader.getsockopt, socket.SOL_SOCKET, 77),\n"
        "    tried(grader.setsockopt, socket.SOL_SOCKET, 76, 1),\n"
        "    tried(grader.send, b'x', socket.MSG_OOB),\n"
        "    tried(grader.sendto, b'x', socket.MSG_OOB, ''),\n"
        "    tried(grader.sendmsg, [b'x'], [], socket.MSG_OOB),\n"
        "    tried(grader.recv, 1, socket.MSG_OOB),\n"
        f"    call({number_of('getsockopt')}, 3, 1, 77 | 1 << 32,\n"
        "         ctypes.addressof(room), ctypes.addressof(size)),\n"
        "]\n_ = grader.detach()\nanswers"
    )
    tells_no_pid, *refused, by_number = found(session, source)
    assert tells_no_pid
    assert set(refused) <= {"PermissionError", "FileNotFoundError"}
    assert "allowed" not in refused
    assert by_number == (-1, EPERM)


# --- System calls ---------------------------------------------------------------------------------


def number_of(name: str) -> int:
    """Return the number of a system call, negative where this machine has none of the name."""
    pyseccomp = pytest.importorskip("pyseccomp", exc_type=ImportError)
    return pyseccomp.resolve_syscall(pyseccomp.system_arch(), name)


def test_every_forbidden_system_call_is_refused_by_its_number(session):
    numbers = {name: number_of(name) for name in confine.FORBIDDEN}
    numbers = {name: number for name, number in numbers.items() if number >= 0}
    assert len(numbers) > 80
    source = f"{CALL}{{name: call(n, 0, 0, 0, 0, 0, 0) for name, n in {numbers}.items()}}"
    refused = ((-1, EPERM), (-1, ENOSYS))
    answers = found(session, source).items()
    assert {name: seen for name, seen in answers if seen not in refused} == {}


def test_calls_that_nobody_looked_at_do_not_exist(session):
    newer = range(confine.LAST_CALL + 1, confine.LAST_CALL + 200)
    source = f"{CALL}{{call(n, 0, 0, 0, 0, 0, 0) for n in {list(newer)}}}"
    assert found(session, source) == {(-1, ENOSYS)}


@linux_numbers  # (x32)
def test_the_same_calls_under_numbers_of_another_convention_do_not_exist(session):
    names = ("getpid", "fork", "execve", "ptrace", "mount", "unshare", "socket")
    numbers = [0x40000000 + number_of(name) for name in names] + list(range(0x40000200, 0x40000224))
    source = f"{CALL}{{call(n, 0, 0, 0, 0, 0, 0) for n in {numbers}}}"
    assert found(session, source) == {(-1, ENOSYS)}


@linux_numbers
def test_calls_of_another_architecture_end_the_process(session):
    # mov eax, 20 (getpid); int 0x80; ret
    source = (
        "import ctypes, mmap\n"
        "page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)\n"
        "page.write(b'\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3')\n"
        "at = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
        "print('answered', ctypes.CFUNCTYPE(ctypes.c_int)(at)())"
    )
    with pytest.raises(SessionLost, match="crashed"):
        session.run_cell(source)


@pytest.mark.parametrize("extra", [0, 1 << 32, 1 << 63])
def test_no_process_can_be_cloned_whatever_the_flags(session, extra):
    new = (confine.NEWNS, confine.NEWUSER, confine.NEWPID, confine.NEWNET, confine.NEWIPC)
    vm, vfork, parent, pidfd, sigchld = 0x100, 0x4000, 0x8000, 0x1000, 17
    flags = [0, sigchld, vm | vfork | sigchld, vm, parent | sigchld, pidfd | sigchld, *new]
    flags = [(flag | extra) - (1 << 64) * ((flag | extra) >> 63) for flag in flags]
    source = f"{CALL}{{call({number_of('clone')}, flags, 0, 0, 0, 0) for flags in {flags}}}"
    assert found(session, source) == {(-1, EPERM)}
    source = (
        f"{CALL}room = ctypes.create_string_buffer(88)\n"
        f"call({number_of('clone3')}, ctypes.addressof(room), 88)"
    )
    assert found(session, source) == (-1, ENOSYS)


def test_threads_still_work(session):
    source = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(4) as pool: done = list(pool.map(abs, [-1, -2]))\ndone"
    )
    assert found(session, source) == [1, 2]


def test_no_program_can_be_started(session):
    python = os.path.realpath(sys.executable)
    source = (
        f"import os, subprocess\n{TRY}python = {python!r}\n"
        "[tried(os.execv, python, [python]), tried(subprocess.run, [python, '-V']),\n"
        " tried(os.posix_spawn, python, [python], {}), tried(os.popen, 'id'), tried(os.fork),\n"
        " tried(os.forkpty), tried(os.execve, os.open(python, os.O_RDONLY), [python], {})]"
    )
    assert set(found(session, source)) <= {"PermissionError", "FileNotFoundError"}


def test_it_cannot_be_arranged_to_outlive_the_guard_nor_to_leave_a_core(session):
    number, get, put = number_of("prctl"), 3, 4
    source = f"{CALL}[call({number}, 1 | high, 0, 0, 0, 0) for high in (0, 1 << 32)]"
    assert found(session, source) == [(-1, EPERM)] * 2
    source = f"[call({number}, option, 1) for option in ({get}, {put}, {put} | 1 << 32)]"
    assert found(session, source) == [(0, 0), (-1, EPERM), (-1, EPERM)]


# --- The filter and the mounts, by themselves -----------------------------------------------------


def test_a_filter_without_the_essential_calls_is_none(monkeypatch):
    pyseccomp = pytest.importorskip("pyseccomp", exc_type=ImportError)

    def add_rule(self: Any, action: Any, name: str, *arguments: Any) -> None:
        if name == "ptrace":
            raise OSError("unknown")

    monkeypatch.setattr(pyseccomp.SyscallFilter, "add_rule", add_rule)
    with pytest.raises(OSError, match="ptrace"):
        confine.compile_filter()


def test_a_filter_begins_by_refusing_newer_calls():
    try:
        program = confine.compile_filter()
    except OSError as failure:
        pytest.skip(str(failure))
    assert len(program) % 8 == 0
    assert program.startswith(confine._refuse_newer_calls())


def test_the_staging_folder_hides_nothing_that_is_needed(tmp_path, monkeypatch):
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    monkeypatch.setattr(launch, "STAGES", [str(tmp_path / "absent"), *map(str, folders)])
    assert launch.staging_folder(["/usr"]) == str(folders[0])
    assert launch.staging_folder([str(folders[0] / "venv")]) == str(folders[1])
    with pytest.raises(OSError, match="free to mount on"):
        launch.staging_folder([str(folder / "x") for folder in folders])


# --- What the box shows, for Pythons installed in other ways --------------------------------------


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Pretend that Python and its packages are installed somewhere below a temporary folder."""

    def install(base: str, prefix: str, purelib: str, found_in: str | None = None) -> Path:
        root = tmp_path
        for name in ("bin", SITE, "share/nbgrader/exchange", "etc/jupyter"):
            (root / base / name).mkdir(parents=True, exist_ok=True)
        (root / base / "bin" / "python3.12").touch()
        (root / prefix / "bin").mkdir(parents=True, exist_ok=True)
        executable = root / prefix / "bin" / "python"
        executable.symlink_to(root / base / "bin" / "python3.12")
        packages = root / (found_in or purelib)
        for folder in (root / purelib, packages, packages / "numpy"):
            folder.mkdir(parents=True, exist_ok=True)
        origin = str(packages / "numpy/__init__.py")
        spec = importlib.machinery.ModuleSpec("numpy", None, origin=origin)
        monkeypatch.setattr(sys, "base_prefix", str(root / base))
        monkeypatch.setattr(sys, "prefix", str(root / prefix))
        monkeypatch.setattr(sys, "executable", str(executable))
        monkeypatch.setattr(sysconfig, "get_path", lambda name: str(root / purelib))
        monkeypatch.setattr(
            box_module.importlib.util, "find_spec", lambda name: spec if name == "numpy" else None
        )
        return root

    return install


def shown() -> dict[str, str]:
    return dict(map(tuple, box_module.mounts(Path("/the/inside"))))


def is_shown(path: Path) -> bool:
    return any(path.is_relative_to(source) for source in shown())


SITE = "lib/python3.12/site-packages"


def test_a_virtual_environment_is_shown_without_its_programs_and_settings(installed):
    root = installed("py", "venv", f"venv/{SITE}")
    (root / "venv/etc/jupyter").mkdir(parents=True)
    for place in ("py/lib", "py/bin/python3.12"):
        assert shown()[str(root / place)] == str(root / place)
    assert shown()[str(root / f"venv/{SITE}")] == "/opt/packages/0"
    private = "venv/etc venv/bin venv/pyvenv.cfg py/share/nbgrader/exchange py/etc"
    assert [place for place in private.split() if is_shown(root / place)] == []


def test_packages_below_pythons_own_folder_stay_at_their_path(installed):
    root = installed("conda", "conda", f"conda/{SITE}")
    packages = root / "conda/lib/python3.12/site-packages"
    assert box_module.boxed(packages) == str(packages)
    assert str(packages) not in shown()
    assert is_shown(packages)


def test_packages_of_one_user_are_shown_without_the_home_folder(installed):
    root = installed("py", "py", f"py/{SITE}", f"home/.local/{SITE}")
    user = root / "home/.local" / SITE
    assert box_module.boxed(user) == shown()[str(user)] == "/opt/packages/1"
    assert not is_shown(root / "home/.ssh")


def test_a_python_reached_through_links_is_shown_where_it_really_is(installed, monkeypatch):
    root = installed("versions/3.12.1", "venv", f"venv/{SITE}")
    (root / "versions/3.12").symlink_to(root / "versions/3.12.1")
    monkeypatch.setattr(sys, "base_prefix", str(root / "versions/3.12"))
    assert str(root / "versions/3.12.1/lib") in shown()
    assert str(root / "versions/3.12.1/bin/python3.12") in shown()


@pytest.mark.parametrize("base", ["/usr", "/usr/local"])
def test_the_systems_own_python_adds_its_program_and_no_folder(base, installed, monkeypatch):
    installed("py", "venv", f"venv/{SITE}")
    monkeypatch.setattr(sys, "base_prefix", base)
    monkeypatch.setattr(sys, "executable", "/bin/sh")
    assert os.path.realpath("/bin/sh") in shown()
    assert set(map(str, box_module.library_folders())) <= {
        *("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib"),
        *("/usr/local/lib32", "/usr/local/lib64", "/usr/share/fonts", "/usr/share/matplotlib"),
        *("/usr/share/zoneinfo", "/usr/local/share/fonts", "/etc/alternatives"),
    }
    for private in ("/usr/bin/env", "/usr/local/share/nbgrader/exchange", "/etc/passwd", "/home"):
        assert not is_shown(Path(private))


def test_this_package_is_hidden_wherever_it_is_installed(installed, monkeypatch):
    root = installed("py", "venv", f"venv/{SITE}")
    assert box_module.hide_packages() == []
    places = [root / "py/lib/python3.12/site-packages", root / "py/lib/python3/dist-packages",
              root / "venv/lib/python3.12/site-packages"]  # fmt: skip
    for place in places:
        (place / "autograder").mkdir(parents=True)
    (root / "py/lib/course/autograder").mkdir(parents=True)
    monkeypatch.setattr(box_module, "PACKAGE", root / "py/lib/course/autograder")
    arguments = box_module.hide_packages()
    made_read_only, hidden = (
        {arguments[at + 1] for at, word in enumerate(arguments) if word == option}
        for option in ("--remount-ro", "--tmpfs")
    )
    assert hidden == {
        "/opt/packages/0/autograder",
        str(places[0] / "autograder"),
        str(places[1] / "autograder"),
        str(root / "py/lib/course/autograder"),
    }
    assert made_read_only == hidden


def test_an_installed_courses_answers_are_hidden_too(installed):
    place = installed("py", "venv", f"venv/{SITE}") / "venv" / SITE
    info = place / "linear_course-1.0.dist-info"
    for folder in (place / "linear_course", info):
        folder.mkdir(parents=True)
    point = "[autograder.catalogues]\nlinear-course = linear_course.catalogue\n"
    (info / "entry_points.txt").write_text(point)
    hidden = "/opt/packages/0/linear_course"
    assert box_module.hide_packages() == ["--tmpfs", hidden, "--remount-ro", hidden]


def test_links_at_the_top_are_made_as_links():
    arguments = box_module.system_links()
    for at in range(0, len(arguments), 3):
        word, target, path = arguments[at : at + 3]
        assert word == "--symlink"
        assert os.readlink(path) == target
        assert path not in shown()


def test_the_code_of_the_box_can_be_read_by_its_user_under_any_umask():
    umask = os.umask(0o077)
    try:
        folder = box_module._inside_folder()
    finally:
        os.umask(umask)
    with tempfile.TemporaryDirectory() as bin_for_it:
        moved = folder.rename(Path(bin_for_it, "inside"))
        for path in (moved, *moved.rglob("*")):
            assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644)


# --- Where there is no isolation ------------------------------------------------------------------


def refusal(isolation: str = "bwrap") -> str:
    with pytest.raises(IsolationUnavailable) as failure, Sandbox(isolation) as sandbox:
        sandbox.session()
    return str(failure.value)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that the box's unprivileged user can enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        os.chmod(name, 0o755)
        yield Path(name)


def test_a_missing_bubblewrap_is_named_with_what_to_do(public_folder, monkeypatch):
    monkeypatch.setenv("PATH", str(public_folder))
    assert re.search("bubblewrap is not installed.*apt-get install bubblewrap", refusal())


def test_a_missing_libseccomp_is_named_with_what_to_do(public_folder, monkeypatch):
    pretend_bubblewrap(public_folder, monkeypatch, "exit 0")
    monkeypatch.setitem(sys.modules, "pyseccomp", None)
    assert re.search("libseccomp is not to be had.*apt-get install libseccomp2", refusal())


def pretend_bubblewrap(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    (folder / "bwrap").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'bwrap: setting up uid map: Permission denied' >&2\nexit 1", "uid map"),
        ("echo 'bwrap: No permissions to create new namespace' >&2\nexit 1", "new namespace"),
        ("printf '\\033[2Jgone' >&2\nexit 1", r"?[2Jgone"),
        ("exit 1", "ended without a word"),
        ("echo not ready", "not ready"),
    ],
)
def test_a_bubblewrap_that_fails_is_quoted_with_what_to_do(
    public_folder, monkeypatch, script, reason
):
    pytest.importorskip("pyseccomp", exc_type=ImportError)
    pretend_bubblewrap(public_folder, monkeypatch, script)
    monkeypatch.setattr(tempfile, "tempdir", str(public_folder))
    message = refusal()
    assert reason in message
    assert "autograder doctor" in message
    assert [path.name for path in public_folder.iterdir()] == ["bwrap"]


def test_other_systems_are_told_where_to_grade(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    for isolation in ("bwrap", "none"):
        assert "grading needs Linux" in refusal(isolation)


def test_an_unknown_isolation_is_refused():
    with pytest.raises(ValueError, match="'bwrap' or 'none'"):
        Sandbox("docker").session()


class _PretendedBox:
    """A box whose children answer as the test says, and which counts how often it is started."""

    started = 0
    running = True

    def __init__(self, *_: object) -> None:
        type(self).started += 1

    def wait_until_ready(self) -> None:
        pass

    def connect(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        threading.Thread(target=self.answer, args=(theirs,), daemon=True).start()
        return ours

    @staticmethod
    def answer(theirs: socket.socket) -> None:
        with theirs:
            wire.receive(wire.Connection(theirs))

    def close(self) -> None:
        pass


def test_a_child_that_cannot_be_confined_is_no_fault_of_the_submission(monkeypatch):
    class Refusing(_PretendedBox):
        @staticmethod
        def answer(theirs: socket.socket) -> None:
            with theirs:
                connection = wire.Connection(theirs)
                wire.receive(connection)
                wire.send(connection, {"refused": "OSError: new namespaces: no space left"})

    monkeypatch.setattr(session_module, "Box", Refusing)
    assert re.search("new namespaces: no space left.*autograder doctor", refusal(), re.DOTALL)


class _Hanging(_PretendedBox):
    @staticmethod
    def answer(theirs: socket.socket) -> None:
        with theirs, contextlib.suppress(OSError):
            while theirs.recv(4096):
                pass


@pytest.mark.parametrize("box", [_PretendedBox, _Hanging], ids=["ends", "hangs"])
def test_a_fork_server_that_ends_or_hangs_is_started_again_once(monkeypatch, box):
    counted = type("Counted", (box,), {"started": 0})
    monkeypatch.setattr(session_module, "Box", counted)
    monkeypatch.setattr(session_module, "START_SECONDS", 0.1 if box is _Hanging else 30)
    with pytest.raises(ConnectionError, match="twice in a row"):
        Sandbox().session()
    assert counted.started == 2


# --- Other users, other installations -------------------------------------------------------------

PREPARE = """
import os, stat, sys
from pathlib import Path
sys.path.insert(0, {repository!r})
from autograder.sandbox import confine
try:
    confine.private_mounts()
    confine.mount("tmpfs", "/mnt", "tmpfs", 0, "mode=755")
except OSError as failure:
    print(failure)
    sys.exit({cannot})
"""
# Python, the packages or the project may lie in a folder that other users cannot enter: it is
# covered, in a mount namespace of this process's own, by one that shows them and nothing else.
BECOME_ORDINARY = (
    PREPARE
    + """
needed = {{os.path.realpath(path) for path in (sys.base_prefix, sys.prefix, {repository!r})}}
closed = {{}}
for number, path in enumerate(sorted(needed)):
    above = [str(folder) for folder in reversed(Path(path).parents)]
    first = next((folder for folder in above if not os.stat(folder).st_mode & stat.S_IXOTH), None)
    if first is not None:
        os.mkdir(f"/mnt/{{number}}")
        confine.mount(path, f"/mnt/{{number}}", None, confine.MS_BIND | confine.MS_REC)
        closed.setdefault(first, []).append((path, f"/mnt/{{number}}"))
for folder, paths in closed.items():
    confine.mount("tmpfs", folder, "tmpfs", 0, "mode=755")
    for path, place in paths:
        os.makedirs(path, exist_ok=True)
        confine.mount(place, path, None, confine.MS_BIND | confine.MS_REC)
os.setgroups([])
os.setgid({ordinary})
os.setuid({ordinary})
os.environ.update(HOME="/tmp", PYTHONDONTWRITEBYTECODE="1")
os.chdir({repository!r})
python = sys.argv[1]
if not os.access(python, os.X_OK):
    print(python, "cannot be run by an ordinary user")
    sys.exit({cannot})
os.execv(python, sys.argv[1:])
"""
)
INSTALL = (
    PREPARE
    + """
import shutil, sysconfig
site = sysconfig.get_path("purelib")
for name in ("upper", "work"):
    os.mkdir(f"/mnt/{{name}}")
try:
    layers = f"lowerdir={{site}},upperdir=/mnt/upper,workdir=/mnt/work"
    confine.mount("overlay", site, "overlay", 0, layers)
except OSError as failure:
    print(failure)
    sys.exit({cannot})
for name in ("autograder", "softmax_by_hand"):
    shutil.copytree({repository!r} + "/" + name, site + "/" + name)
os.chdir("/")
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
)


def as_root(script: str, *arguments: str) -> str:
    """Run a command after the preparations of a script; return what it said."""
    need_isolation()
    if os.getuid() != 0:
        pytest.skip("only root can prepare this; the other tests have just run as an ordinary user")
    script = script.format(repository=str(REPOSITORY), cannot=CANNOT, ordinary=ORDINARY)
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    if done.returncode == CANNOT:
        pytest.skip(said.strip()[-300:])
    assert done.returncode == 0, said
    return said


def test_all_of_this_holds_for_an_ordinary_users_sandbox_too():
    this, others = Path(__file__).resolve(), "not ordinary and not installed_package and not own"
    run = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-v", "-rs")
    said = as_root(BECOME_ORDINARY, *run, str(this), "-k", others)
    passed = re.search(r"(\d+) passed", said)
    assert passed is not None
    # If the tests had been skipped there, almost none would have passed.
    assert int(passed[1]) > 90, said
    assert "skipped" not in said or "only x86_64" in said


def test_an_installed_package_is_hidden_too():
    source = (
        "import sysconfig, autograder\n"
        "installed = autograder.__file__.startswith(sysconfig.get_path('purelib'))\n"
        "assert installed, autograder.__file__\n"
        "from softmax_by_hand import lecture\n"
        "from autograder.sandbox import Sandbox\n"
        "with Sandbox() as sandbox, sandbox.session() as session:\n"
        "    print(session.run_cell('import glob, sys\\n'\n"
        "        '[name for at in sys.path for name in glob.glob(at + \"/softmax_by_hand/*\")'\n"
        "        ' + glob.glob(at + \"/autograder/judging/*\")]'))\n"
        "    print(session.run_cell('import softmax_by_hand.lecture')[-1]['ename'])\n"
    )
    said = as_root(INSTALL, "-c", source)
    assert "{'text/plain': '[]'}" in said
    assert "ModuleNotFoundError" in said


def test_the_systems_own_python_with_packages_from_elsewhere_makes_a_box_too():
    need_isolation()
    python = Path("/usr/bin/python3")
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    if os.path.realpath(python) != f"/usr/bin/python{ours}" or sys.base_prefix == "/usr":
        pytest.skip(f"needs a /usr/bin/python3 of version {ours} that does not run these tests")
    source = (
        "from autograder.sandbox import Sandbox\n"
        "with Sandbox() as sandbox, sandbox.session() as session:\n"
        "    print(session.run_cell('import sys, numpy\\nsys.base_prefix, numpy.eye(1).sum()'))\n"
    )
    packages = sysconfig.get_path("purelib")
    done = subprocess.run(
        [str(python), "-c", source],
        env={**os.environ, "PYTHONPATH": f"{packages}:{REPOSITORY}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "('/usr', np.float64(1.0))" in done.stdout, done.stderr


def test_what_a_killed_grader_left_behind_is_removed_by_the_next(tmp_path, monkeypatch):
    ended = subprocess.Popen(["true"])
    ended.wait()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in (f"{ended.pid}-gone", f"{os.getpid()}-mine", "of-another-program"):
        (tmp_path / f"autograder-box-{name}" / "autograder").mkdir(parents=True)
    box_module.Box("none").close()
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [f"autograder-box-{os.getpid()}-mine", "autograder-box-of-another-program"]
