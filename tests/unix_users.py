"""Unix users for a test: made with homes of their own, started as, removed again.  Needs root.

As a program it becomes one of them: it makes mounts that it alone sees, in which this Python
and this checkout can be entered even if they lie under a folder of mode 0700, gives up root for
good and starts what it is told to.  What lies beside them in that folder is not to be seen.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from running import PROGRAMS, start

from autograder.sandbox import confine, launch

ROOT = Path(__file__).resolve().parents[1]
NEEDED = (sys.base_prefix, sys.prefix, str(ROOT))
NO_MOUNTS = 3


@dataclass(frozen=True)
class User:
    """A unix user, its id (its group has the same) and its home."""

    name: str
    uid: int
    home: Path

    def start(self, *command: str | Path, cwd: Path | None = None) -> subprocess.Popen[str]:
        """Start a command as this user, in its home or in `cwd`, with nothing of root's."""
        order = {
            "uid": self.uid,
            "cwd": str(cwd or self.home),
            "command": [str(part) for part in command],
            "environment": {
                "HOME": str(self.home),
                "USER": self.name,
                "LOGNAME": self.name,
                "LANG": "C.UTF-8",
                "PATH": f"{PROGRAMS}:{os.defpath}",
            },
        }
        return start(sys.executable, __file__, json.dumps(order), cwd=ROOT)

    def own(self, folder: Path) -> None:
        """Give the user a folder and all that is in it."""
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.uid, self.uid)


def why_no_users() -> str | None:
    """Return what this computer lacks for other unix users, or None."""
    if os.getuid() != 0:
        return "only root can make unix users"
    if shutil.which("useradd") is None or shutil.which("userdel") is None:
        return "useradd is not installed (Debian: apt-get install passwd)"
    nobody = User("nobody", launch.UNPRIVILEGED, Path("/"))
    process = nobody.start("/bin/true")
    said = process.communicate()[1]
    if process.returncode == NO_MOUNTS:
        return f"other users cannot be led to this Python: {said.strip()}"
    assert process.returncode == 0, said
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
            (folder / role).chmod(0o700)
            made.append(User(name, (folder / role).stat().st_uid, folder / role))
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


# --- As a program ---------------------------------------------------------------------------------


def become(uid: int, cwd: str, command: list[str], environment: dict[str, str]) -> None:
    """Become a user, and a program."""
    try:
        confine.private_mounts()
        lead_to([os.path.realpath(path) for path in NEEDED])
    except OSError as failure:
        print(failure, file=sys.stderr)
        sys.exit(NO_MOUNTS)
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    os.umask(0o022)
    os.chdir(cwd)
    os.execvpe(command[0], command, environment)


def lead_to(paths: list[str]) -> None:
    """Put an open folder over each closed one on the way to these paths, with only them in it."""
    closed = {path: folder for path in paths if (folder := _closed_on_the_way(path))}
    if not closed:
        return
    staged = launch.stage([[path, path] for path in closed])
    for folder in set(closed.values()):
        confine.mount("tmpfs", folder, "tmpfs", confine.MS_NOSUID | confine.MS_NODEV, "mode=755")
    for place, path in sorted(staged, key=lambda pair: pair[1]):
        os.makedirs(path, exist_ok=True)
        confine.mount(place, path, None, confine.MS_BIND | confine.MS_REC)


def _closed_on_the_way(path: str) -> str | None:
    for folder in reversed(Path(path).parents):
        if not folder.stat().st_mode & stat.S_IXOTH:
            return str(folder)
    return None


if __name__ == "__main__":
    become(**json.loads(sys.argv[1]))
