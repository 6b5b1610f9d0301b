"""Starts bubblewrap, first leaving root where that is needed; run as a program.

As root, a private mount namespace is made in which the folders that the box
shows are bound to places that an unprivileged user can enter (Python may live
under a home folder of mode 0700); then root is given up for good.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from autograder.sandbox import confine

# Hidden by the mount only in this process's own namespace; every Linux has the first.
STAGES = ("/mnt", "/media", "/srv")
# Not the id of a user: nothing on the machine belongs to it.
UNPRIVILEGED = 61_184


def main() -> None:
    """Read the order (JSON: mounts and command), prepare, and become bubblewrap."""
    order = json.loads(sys.argv[1])
    mounts: list[list[str]] = order["mounts"]
    if os.getuid() == 0:
        mounts = stage(mounts)
        os.setgroups([])
        os.setgid(UNPRIVILEGED)
        os.setuid(UNPRIVILEGED)
    arguments = [order["bwrap"]]
    for source, target in mounts:
        arguments += ["--ro-bind", source, target] if source else ["--tmpfs", target]
    os.execv(arguments[0], arguments + order["rest"])


def stage(mounts: list[list[str]]) -> list[list[str]]:
    """Bind every source to a place that everybody can enter; return the mounts from there."""
    confine.private_mounts()
    folder = staging_folder([source for source, _ in mounts if source])
    confine.mount("tmpfs", folder, "tmpfs", confine.MS_NOSUID | confine.MS_NODEV, "mode=755")
    staged = []
    for number, (source, target) in enumerate(mounts):
        if not source:
            staged.append([source, target])
            continue
        place = Path(folder, str(number))
        if Path(source).is_dir():
            place.mkdir()
        else:
            place.touch()
        confine.mount(source, str(place), None, confine.MS_BIND | confine.MS_REC)
        staged.append([str(place), target])
    return staged


def staging_folder(sources: list[str]) -> str:
    """Return a folder that none of the sources lies in."""
    for folder in STAGES:
        inside = any(Path(os.path.realpath(source)).is_relative_to(folder) for source in sources)
        if os.path.isdir(folder) and not inside:
            return folder
    raise OSError(f"none of {', '.join(STAGES)} is free to mount on")


if __name__ == "__main__":
    try:
        main()
    except OSError as failure:
        sys.exit(f"the sandbox could not be prepared: {failure}")
