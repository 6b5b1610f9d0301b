"""Starts the box: a fork server inside bubblewrap, or bare where isolation is refused.

The box shows the system's libraries, Python, the installed packages and the
few files of `inside/`; never the course, the catalogue, the gradebook, a home
folder or a network.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import site
import socket
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import IO

from autograder.sandbox import confine

START_SECONDS = 120
PACKAGE = Path(__file__).resolve().parent.parent
# What the box sees of this package: relative to PACKAGE.
VISIBLE = (
    "values.py",
    "sandbox/wire.py",
    "sandbox/confine.py",
    "sandbox/inside/__init__.py",
    "sandbox/inside/server.py",
    "sandbox/inside/shell.py",
    "sandbox/inside/child.py",
)
ENVIRONMENT = {
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MPLCONFIGDIR": "/tmp/matplotlib",
    "IPYTHONDIR": "/tmp/ipython",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONUNBUFFERED": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    # Threads do not survive a fork, and two cores are soon over-committed.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


class IsolationUnavailable(Exception):
    """Student code cannot be confined here; the text says why and what to do."""


class Box:
    """One running fork server; `control` takes sockets, each of which becomes a child."""

    def __init__(self, isolation: str = "bwrap") -> None:
        if isolation not in ("bwrap", "none"):
            raise ValueError(f"isolation is 'bwrap' or 'none', not {isolation!r}")
        self.isolation = isolation
        self._inside = _inside_folder()
        self.control, theirs = socket.socketpair()
        self._log: IO[bytes] = tempfile.TemporaryFile()
        try:
            with theirs, contextlib.ExitStack() as stack:
                if isolation == "bwrap":
                    self._process = self._start_boxed(theirs, stack)
                else:
                    self._process = self._start_bare(theirs)
            self._wait_until_ready()
        except BaseException:
            self.close()
            raise

    def _start_boxed(self, theirs: socket.socket, stack: contextlib.ExitStack) -> subprocess.Popen:
        bwrap = shutil.which("bwrap")
        if not sys.platform.startswith("linux"):
            raise IsolationUnavailable(
                "bubblewrap exists on Linux only; grade on Linux (WSL on Windows, a virtual "
                "machine on macOS), or pass --isolation none if you trust every submission"
            )
        if bwrap is None:
            raise IsolationUnavailable(
                "bubblewrap is not installed: run `sudo apt-get install bubblewrap` "
                "(or your system's equivalent)"
            )
        try:
            filter_bytes = confine.compile_filter()
        except OSError as failure:
            raise IsolationUnavailable(
                f"{failure}: run `sudo apt-get install libseccomp2` (or your system's equivalent)"
            ) from None
        filter_file = stack.enter_context(tempfile.TemporaryFile())
        filter_file.write(filter_bytes)
        filter_file.seek(0)
        packages = Path(sysconfig.get_path("purelib"))
        order = {
            "bwrap": bwrap,
            "binds": binds(self._inside),
            "rest": [
                *("--unshare-all", "--die-with-parent", "--new-session", "--clearenv"),
                *("--cap-drop", "ALL"),
                *system_links(),
                *hide_packages(),
                *("--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"),
                *("--tmpfs", "/tmp", "--dir", "/course", "--remount-ro", "/"),
                *(
                    item
                    for name, value in {
                        **ENVIRONMENT,
                        "PYTHONPATH": f"/opt/box:{boxed(packages)}",
                    }.items()
                    for item in ("--setenv", name, value)
                ),
                *("--chdir", "/tmp"),
                str(Path(os.path.realpath(sys.executable))),
                *("-s", "-m", "autograder.sandbox.inside.server"),
                *("--control", str(theirs.fileno()), "--filter", str(filter_file.fileno())),
            ],
        }
        return subprocess.Popen(
            [sys.executable, "-m", "autograder.sandbox.launch", json.dumps(order)],
            pass_fds=[theirs.fileno(), filter_file.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env={"PYTHONPATH": str(PACKAGE.parent), "PATH": os.environ.get("PATH", "/usr/bin")},
            start_new_session=True,
        )

    def _start_bare(self, theirs: socket.socket) -> subprocess.Popen:
        if not hasattr(os, "fork"):
            raise IsolationUnavailable(
                "grading needs a system that can fork: use WSL on Windows, or another computer"
            )
        environment = {
            **ENVIRONMENT,
            "PATH": os.environ.get("PATH", "/usr/bin"),
            "PYTHONPATH": f"{self._inside}:{sysconfig.get_path('purelib')}",
            "MPLCONFIGDIR": str(self._inside / "matplotlib"),
            "IPYTHONDIR": str(self._inside / "ipython"),
            "HOME": str(self._inside),
        }
        return subprocess.Popen(
            [
                os.path.realpath(sys.executable),
                *("-s", "-m", "autograder.sandbox.inside.server"),
                *("--control", str(theirs.fileno())),
            ],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env=environment,
            cwd=self._inside,
            start_new_session=True,
        )

    def _wait_until_ready(self) -> None:
        self.control.settimeout(START_SECONDS)
        try:
            answer = self.control.recv(64)
        except OSError:
            answer = b""
        self.control.settimeout(None)
        if answer != b"ready\n":
            self._log.seek(0)
            said = self._log.read(4000).decode(errors="replace").strip().splitlines()
            reason = said[-1] if said else "it ended without a word"
            raise IsolationUnavailable(
                f"the sandbox did not start: {reason} (run `autograder doctor` to see what to do)"
            )

    def connect(self) -> socket.socket:
        """Have a new child forked and return the socket to it.

        Raises
        ------
        ConnectionError : the fork server has gone
        """
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self.control, [b"child"], [theirs.fileno()])
            except OSError as failure:
                ours.close()
                raise ConnectionError(f"the fork server has gone: {failure}") from None
        return ours

    @property
    def running(self) -> bool:
        """Whether the fork server is there."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the fork server and all that runs in it."""
        self.control.close()
        process = getattr(self, "_process", None)
        if process is not None:
            # The control socket's end asks it to leave; a hung one is killed.
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._log.close()
        shutil.rmtree(self._inside, ignore_errors=True)


def _inside_folder() -> Path:
    """Copy what the box may see of this package into a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="autograder-box-"))
    # Read by the unprivileged user of the box; there is nothing in it but this code.
    folder.chmod(0o755)
    for name in ("__init__.py", "sandbox/__init__.py"):
        path = folder / "autograder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    for name in VISIBLE:
        target = folder / "autograder" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PACKAGE / name, target)
    return folder


def boxed(path: Path) -> str:
    """Return where a path under this Python's prefix is found inside the box."""
    if sys.prefix != sys.base_prefix and path.is_relative_to(sys.prefix):
        return str(Path("/opt/venv") / path.relative_to(sys.prefix))
    return str(path)


def binds(inside: Path) -> list[list[str]]:
    """Return the folders that the box shows, each with its place in there."""
    shown = [["/usr", "/usr"], [str(inside), "/opt/box"]]
    if not Path(sys.base_prefix).is_relative_to("/usr"):
        # At its own path: its shared library is looked for there.
        shown.append([sys.base_prefix, sys.base_prefix])
    if sys.prefix != sys.base_prefix:
        shown.append([sys.prefix, "/opt/venv"])
    for path in ("/etc/ld.so.cache", "/etc/fonts", "/etc/alternatives", "/lib", "/lib64", "/bin"):
        if Path(path).exists() and not Path(path).is_symlink():
            shown.append([path, path])
    return shown


def system_links() -> list[str]:
    """Return bubblewrap's arguments for the top-level links into /usr."""
    arguments = []
    for path in ("/lib", "/lib64", "/bin", "/sbin", "/lib32"):
        if Path(path).is_symlink():
            arguments += ["--symlink", os.readlink(path), path]
    return arguments


def hide_packages() -> list[str]:
    """Return bubblewrap's arguments that hide this package where it is installed."""
    arguments = []
    for folder in {*site.getsitepackages(), sysconfig.get_path("purelib")}:
        installed = Path(folder) / "autograder"
        if installed.is_dir():
            arguments += ["--tmpfs", boxed(installed), "--remount-ro", boxed(installed)]
    return arguments
