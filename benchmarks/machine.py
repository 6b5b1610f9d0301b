"""Describes the machine that figures were measured on: no names of hosts, no paths."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

PACKAGES = (
    "numpy matplotlib ipython ipykernel nbgrader nbformat SQLAlchemy tensorflow-cpu tensorflow "
    "distributed"
).split()


def description() -> str:
    """Return one paragraph: processor, cores, memory, kernel, Python and packages."""
    return (
        f"{processor()}, {os.cpu_count()} cores, {memory_gigabytes():.0f} GB, "
        f"{platform.system()} {platform.release()}; Python {platform.python_version()}, "
        f"{', '.join([*versions(), *bubblewrap()])}."
    )


def processor() -> str:
    """Return the processor's name as the kernel has it."""
    text = _read("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def memory_gigabytes() -> float:
    """Return the machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)


def versions() -> list[str]:
    """Return the versions of the packages that matter, those that are installed."""
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return found


def bubblewrap() -> list[str]:
    """Return bubblewrap's version, where it is installed."""
    if shutil.which("bwrap") is None:
        return []
    said = subprocess.run(["bwrap", "--version"], capture_output=True, text=True).stdout
    return [said.strip()]


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
