"""Becomes a unix user, as a program that root starts; see `unix_users.py`.

It makes mounts that it alone sees, in which what is needed can be entered even if it lies under
a folder of mode 0700 (this Python, this checkout), gives up root for good and starts what it is
told to.  What lies beside these in that folder is not to be seen.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

from autograder.sandbox import confine, launch

NO_MOUNTS = 3  # the exit code that says so


def become(
    needed: list[str], uid: int, gid: int, cwd: str, command: list[str], environment: dict[str, str]
) -> None:
    """Become a user, and a program."""
    try:
        confine.private_mounts()
        lead_to([os.path.realpath(path) for path in needed])
    except OSError as failure:
        print(failure, file=sys.stderr)
        sys.exit(NO_MOUNTS)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    os.umask(0o022)
    os.chdir(cwd)
    os.execvpe(command[0], command, environment)


def lead_to(paths: list[str]) -> None:
    """Put an open folder over each closed one on the way to these paths, with only them in it."""
    parts = [part for path in paths for part in _parts(path)]
    closed = {part: folder for part in parts if (folder := _closed_on_the_way(part))}
    if not closed:
        return
    staged = launch.stage([[part, part] for part in closed])
    for folder in set(closed.values()):
        confine.mount("tmpfs", folder, "tmpfs", confine.MS_NOSUID | confine.MS_NODEV, "mode=755")
    for place, part in sorted(staged, key=lambda pair: pair[1]):
        if os.path.isdir(place):
            os.makedirs(part, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(part), exist_ok=True)
            Path(part).touch()
        confine.mount(place, part, None, confine.MS_BIND | confine.MS_REC)


def _parts(path: str) -> list[str]:
    # A mounted folder keeps its mode, so the contents of a closed folder are mounted one by one.
    return [path] if _is_open(path) else sorted(str(part) for part in Path(path).iterdir())


def _closed_on_the_way(path: str) -> str | None:
    return next((str(one) for one in reversed(Path(path).parents) if not _is_open(one)), None)


def _is_open(folder: str | Path) -> bool:
    return bool(os.stat(folder).st_mode & stat.S_IXOTH)


if __name__ == "__main__":
    become(**json.loads(sys.argv[1]))
