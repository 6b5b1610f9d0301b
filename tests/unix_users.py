"""Unix users for a test: made with homes of their own, started as, removed again.  Needs root."""

from __future__ import annotations

import json
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from as_user import NO_MOUNTS
from running import PROGRAMS, start

from autograder.sandbox.launch import UNPRIVILEGED

ROOT = Path(__file__).resolve().parents[1]
AS_USER = Path(__file__).with_name("as_user.py")


@dataclass(frozen=True)
class User:
    """A unix user, its id and that of its group, and its home."""

    name: str
    uid: int
    gid: int
    home: Path

    def start(
        self, *command: str | Path, cwd: Path | None = None, log: Path | None = None
    ) -> subprocess.Popen[str]:
        """Start a command as this user, in its home or in `cwd`, with nothing of root's.

        What it says goes into pipes, or into a log.
        """
        order = {
            "needed": [sys.base_prefix, sys.prefix, str(ROOT)],
            "uid": self.uid,
            "gid": self.gid,
            "cwd": str(cwd or self.home),
            "command": [str(part) for part in command],
            "environment": {
                "HOME": str(self.home), "USER": self.name, "LOGNAME": self.name, "LANG": "C.UTF-8",
                "PATH": f"{PROGRAMS}:{os.defpath}",
            },
        }  # fmt: skip
        command = sys.executable, AS_USER, json.dumps(order)
        if log is None:
            return start(*command, cwd=ROOT)
        with log.open("w") as file:
            return start(*command, cwd=ROOT, stdout=file, stderr=file)

    def own(self, folder: Path) -> None:
        """Give the user a folder and all that is in it."""
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.uid, self.gid)


def why_no_users() -> str | None:
    """Return what this computer lacks for other unix users, or None."""
    if os.getuid() != 0:
        return "only root can make unix users"
    if shutil.which("useradd") is None or shutil.which("userdel") is None:
        return "useradd is not installed (Debian: apt-get install passwd)"
    nobody = User("nobody", UNPRIVILEGED, UNPRIVILEGED, Path("/"))
    process = nobody.start(sys.executable, "-c", "import autograder.cli.commands, nbgrader")
    said = process.communicate()[1].strip().splitlines()
    if process.returncode == NO_MOUNTS:
        return f"no way can be made for other users to this Python: {said[-1]}"
    if process.returncode != 0:
        return f"other users cannot read this Python or this checkout: {said[-1]}"
    return None


@contextmanager
def unix_users(*roles: str) -> Iterator[list[User]]:
    """Make a user for each role, in a folder that all can enter; remove them and it."""
    folder = Path(tempfile.mkdtemp(prefix="unix-users-"))
    folder.chmod(0o755)
    made: list[User] = []
    try:
        for role in roles:
            name = f"{role}-{secrets.token_hex(4)}"
            _run("useradd", "--create-home", "--home-dir", str(folder / role), name)
            entry = pwd.getpwnam(name)
            made.append(User(name, entry.pw_uid, entry.pw_gid, folder / role))
            (folder / role).chmod(0o700)
        yield made
    finally:
        left = [user.name for user in made if not _removed(user.name)]
        shutil.rmtree(folder, ignore_errors=True)
        assert not left, f"these users are still there: {', '.join(left)}"


def _removed(name: str) -> bool:
    return subprocess.run(["userdel", "--force", name], capture_output=True).returncode == 0


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
