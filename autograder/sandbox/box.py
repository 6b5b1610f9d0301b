"""Starts the box: a fork server inside bubblewrap, or bare where isolation is refused.

The box shows the system's libraries, Python, the packages that a submission may
use and the few files of `inside/`; never the course, the catalogue, the gradebook,
a home folder or a network.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import weakref
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from importlib.util import cache_from_source
from pathlib import Path
from typing import IO

from autograder.base.words import printable
from autograder.sandbox import confine
from autograder.sandbox.packages import Shown, catalogues, shown

START_SECONDS = 120
END_SECONDS = 5  # seconds until a killed box must be gone
KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)  # bubblewrap, or what it ran, was killed
FOLDER_PREFIX = "autograder-box-"
PACKAGE = Path(__file__).resolve().parent.parent
# What the box sees of this package: relative to PACKAGE.
VISIBLE = (
    "base/limits.py",
    "catalogue/values.py",
    "base/words.py",
    "sandbox/wire.py",
    "sandbox/confine.py",
    "sandbox/launch.py",
    "sandbox/inside/__init__.py",
    "sandbox/inside/imports.py",
    "sandbox/inside/placeholders.py",
    "sandbox/inside/server.py",
    "sandbox/inside/shell.py",
    "sandbox/inside/child.py",
    "sandbox/inside/crossing.py",
    "sandbox/inside/frames.py",
    "sandbox/inside/owner.py",
    "sandbox/inside/peer.py",
    "sandbox/inside/proxies.py",
    "sandbox/inside/tester.py",
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
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    # The course's own pictures are told, not drawn: nobody looks, and drawing costs
    # more than all the rest of a notebook.  A student's own plots are drawn.
    "COURSE_PICTURES": "text",
}


class IsolationUnavailable(Exception):
    """Student code cannot be confined here; the text says why and what to do."""


class Box:
    """One fork server, which is started; `control` takes sockets, each of which becomes a child.

    Parameters
    ----------
    isolation : "bwrap" or "none"
    preload : modules that it imports before it forks
    packages : what a submission may use of what is installed; None for all of it
    """

    def __init__(
        self,
        isolation: str = "bwrap",
        preload: Sequence[str] = (),
        packages: Sequence[str] | None = None,
    ) -> None:
        if isolation not in ("bwrap", "none"):
            raise ValueError(f"isolation is 'bwrap' or 'none', not {isolation!r}")
        if not sys.platform.startswith("linux"):
            raise IsolationUnavailable(
                "grading needs Linux: use WSL on Windows, a virtual machine or a container on macOS"
            )
        self.isolation, self.preload = isolation, preload
        self.shown = None if packages is None else shown(packages, package_folders())
        self._inside = _inside_folder()
        # Also when nobody closes the box: at the end of the program.
        self._remove_inside = weakref.finalize(
            self, shutil.rmtree, self._inside, ignore_errors=True
        )
        self.control, theirs = socket.socketpair()
        self._ready = False
        self._log: IO[bytes] = tempfile.TemporaryFile()
        try:
            with theirs, contextlib.ExitStack() as stack:
                if isolation == "bwrap":
                    self._process = self._start_boxed(theirs, stack)
                else:
                    self._process = self._start_bare(theirs)
        except BaseException:
            self.close()
            raise

    def _start_boxed(self, theirs: socket.socket, stack: contextlib.ExitStack) -> subprocess.Popen:
        bwrap = shutil.which("bwrap")
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
        order = {
            "bwrap": os.path.realpath(bwrap),
            "mounts": mounts(self._inside, self.shown),
            "rest": [
                *("--unshare-all", "--die-with-parent", "--new-session", "--clearenv"),
                *("--cap-drop", "ALL"),
                *system_links(),
                *hide_packages(self.shown),
                *("--proc", "/proc", *devices()),
                *("--tmpfs", "/tmp", "--dir", "/course", "--remount-ro", "/"),
                *(
                    item
                    for name, value in {
                        **ENVIRONMENT,
                        "PYTHONPATH": ":".join(["/opt/box", *map(boxed, package_folders())]),
                    }.items()
                    for item in ("--setenv", name, value)
                ),
                *("--chdir", "/tmp"),
                os.path.realpath(sys.executable),
                *("-s", "-m", "autograder.sandbox.inside.server"),
                *("--control", str(theirs.fileno()), "--filter", str(filter_file.fileno())),
                *self._imports(),
            ],
        }
        return subprocess.Popen(
            [sys.executable, "-S", "-m", "autograder.sandbox.launch", json.dumps(order)],
            pass_fds=[theirs.fileno(), filter_file.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            # The copy: it imports neither NumPy nor the rest of this package.
            env={
                "PATH": os.environ.get("PATH", "/usr/bin"),
                "PYTHONPATH": str(self._inside),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            # `-m` imports from the working folder first, and that may be a student's.
            cwd="/",
            start_new_session=True,
        )

    def _start_bare(self, theirs: socket.socket) -> subprocess.Popen:
        environment = {
            **ENVIRONMENT,
            "PATH": os.environ.get("PATH", "/usr/bin"),
            "PYTHONPATH": ":".join([str(self._inside), *map(str, package_folders())]),
            "MPLCONFIGDIR": str(self._inside / "matplotlib"),
            "IPYTHONDIR": str(self._inside / "ipython"),
            "HOME": str(self._inside),
        }
        return subprocess.Popen(
            [
                os.path.realpath(sys.executable),
                *("-s", "-m", "autograder.sandbox.inside.server"),
                *("--control", str(theirs.fileno())),
                *self._imports(),
            ],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env=environment,
            cwd=self._inside,
            start_new_session=True,
        )

    def _imports(self) -> list[str]:
        """Return what the fork server is told of imports."""
        told = ["--preload", *self.preload]
        return told if self.shown is None else [*told, "--refused", *self.shown.refused]

    def wait_until_ready(self) -> None:
        """Wait until it has loaded and warmed what its children need.

        Raises
        ------
        IsolationUnavailable : it cannot be started here
        ConnectionError : it was killed while it started
        """
        if self._ready:
            return
        self.control.settimeout(START_SECONDS)
        try:
            answer = self.control.recv(64)
        except OSError:
            answer = b""
        self.control.settimeout(None)
        self._ready = answer == b"ready\n"
        if not self._ready:
            if self._ended() in KILLED:
                raise ConnectionError("the fork server was killed while it started")
            self._log.seek(0)
            said = self._log.read(4000).decode(errors="replace").strip().splitlines()
            reason = said[-1] if said else "it ended without a word"
            raise IsolationUnavailable(
                f"the sandbox did not start: {printable(reason[:500])} "
                "(run `autograder doctor` to see what to do)"
            )

    def _ended(self) -> int | None:
        try:
            return self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            return None

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

    def has_ended(self) -> bool:
        """Tell whether the fork server has ended, as after it was killed.

        It says nothing after it was ready, so what can be read is the end.  Where it alone
        was killed that is there before its children are gone; where the box was, all were
        killed at once, and a loaded machine may take a while over it.
        """
        if self.control.fileno() < 0:
            return True  # closed here
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        return bool(poll.poll(END_SECONDS * 1000))

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
        self._remove_inside()


def _inside_folder() -> Path:
    """Copy what the box may see of this package into a folder of its own."""
    _remove_left_behind()
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-"))
    for name in ("__init__.py", "catalogue/__init__.py", "sandbox/__init__.py"):
        path = folder / "autograder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    for name in VISIBLE:
        target = folder / "autograder" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        # With its time, by which Python knows that the compiled file is of this text.
        shutil.copy2(PACKAGE / name, target)
        SourceFileLoader(name, str(PACKAGE / name)).get_code(name)  # compiles it where need be
        compiled = Path(cache_from_source(str(PACKAGE / name)))
        if compiled.is_file():  # there may be no right to write it
            (target.parent / "__pycache__").mkdir(exist_ok=True)
            shutil.copyfile(compiled, target.parent / "__pycache__" / compiled.name)
    # Read by the unprivileged user of the box, whatever the umask says; there is
    # nothing in it but this code.
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def _remove_left_behind() -> None:
    """Remove the folders of programs of this user that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*-*"):
        with contextlib.suppress(OSError, ValueError):
            process = int(folder.name.removeprefix(FOLDER_PREFIX).partition("-")[0])
            if folder.stat().st_uid == os.geteuid() and not Path(f"/proc/{process}").exists():
                shutil.rmtree(folder, ignore_errors=True)


def package_folders() -> list[Path]:
    """Return the folders of installed packages that the fork server imports from."""
    found = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    for name in ("numpy", "matplotlib", "IPython"):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            # The folders differ with `pip install --user` and in Debian's own Python.
            found.append(os.path.dirname(os.path.dirname(spec.origin)))
    folders = [Path(os.path.realpath(folder)) for folder in found]
    return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]


def library_folders() -> list[Path]:
    """Return the folders of libraries and fonts that the box shows at their own paths.

    Not the whole of /usr or of Python's prefix: a course's exchange folder and its
    settings may lie there.
    """
    base = Path(os.path.realpath(sys.base_prefix))
    libraries = ("lib", "lib32", "lib64")
    folders = [
        *(Path(root, name) for root in ("/", "/usr", "/usr/local", base) for name in libraries),
        *(Path("/usr/share", name) for name in ("fonts", "matplotlib", "zoneinfo")),
        *(Path(name) for name in ("/usr/local/share/fonts", "/etc/alternatives")),
    ]
    # Links among them, as /lib into /usr on most systems, are made as links.
    shown = [path for path in dict.fromkeys(folders) if path.is_dir() and not path.is_symlink()]
    return [path for path in shown if not any(other in path.parents for other in shown)]


def boxed(path: Path) -> str:
    """Return where a folder of packages is found inside the box."""
    if any(path.is_relative_to(folder) for folder in library_folders()):
        # At its own path, because libraries look for each other relative to it.
        return str(path)
    return f"/opt/packages/{package_folders().index(path)}"


def emptied_folders() -> list[str]:
    """Return the folders of packages that the box sees at their own paths."""
    found = [path for path in package_folders() if boxed(path) == str(path)]
    libraries = library_folders()
    for folder in libraries:
        found += [path for path in folder.glob("python*/*-packages") if path.is_dir()]
    # Nothing can be mounted on a link; where it leads to may be shown as well.
    real = list(dict.fromkeys(map(os.path.realpath, found)))
    return [path for path in real if any(Path(path).is_relative_to(one) for one in libraries)]


def mounts(inside: Path, seen: Shown | None = None) -> list[list[str]]:
    """Return what the box shows, each source with its place in there; "" for an empty folder."""
    executable = os.path.realpath(sys.executable)
    same = [str(path) for path in library_folders()]
    if not any(Path(executable).is_relative_to(folder) for folder in same):
        same.append(executable)
    if Path("/etc/ld.so.cache").exists():
        same.append("/etc/ld.so.cache")
    packages = [[str(path), boxed(path)] for path in package_folders()]
    if seen is None:
        moved = [[source, target] for source, target in packages if source != target]
    else:
        # What is not allowed is not merely forbidden to import: its files are not there.
        moved = [["", path] for path in emptied_folders()]
        for folder, entry in seen.entries:
            moved.append([str(folder / entry), f"{boxed(folder)}/{entry}"])
    return [*([path, path] for path in same), *moved, [str(inside), "/opt/box"]]


def system_links() -> list[str]:
    """Return bubblewrap's arguments for the top-level links into /usr."""
    arguments = []
    for path in ("/lib", "/lib32", "/lib64", "/usr/lib32", "/usr/lib64"):
        if Path(path).is_symlink():
            arguments += ["--symlink", os.readlink(path), path]
    return arguments


def devices() -> list[str]:
    """Return bubblewrap's arguments for the few devices there are; no terminals."""
    arguments = ["--tmpfs", "/dev"]
    for name in ("null", "zero", "full", "random", "urandom"):
        arguments += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    arguments += ["--symlink", "/proc/self/fd", "/dev/fd", "--dir", "/dev/shm"]
    return [*arguments, "--remount-ro", "/dev"]


def hide_packages(seen: Shown | None = None) -> list[str]:
    """Return bubblewrap's arguments that hide this package and catalogues, wherever installed."""
    if seen is not None:
        emptied = emptied_folders()
        closed = [argument for path in emptied for argument in ("--remount-ro", path)]
        hidden = any(
            PACKAGE.is_relative_to(path) for path in [*map(Path, emptied), *package_folders()]
        )
        if hidden or not any(PACKAGE.is_relative_to(path) for path in library_folders()):
            return closed
        return [*("--tmpfs", str(PACKAGE), "--remount-ro", str(PACKAGE)), *closed]
    installed: list[Path] = []
    for name in ("autograder", *catalogues(package_folders())):
        places = {boxed(folder) for folder in package_folders() if (folder / name).is_dir()}
        installed += [Path(place, name) for place in sorted(places)]
        for folder in library_folders():
            installed += sorted(folder.glob(f"python3*/*-packages/{name}"))
    for folder in library_folders():
        if PACKAGE.is_relative_to(folder):
            installed.append(PACKAGE)
    return [
        argument
        for path in dict.fromkeys(installed)
        for argument in ("--tmpfs", str(path), "--remount-ro", str(path))
    ]
