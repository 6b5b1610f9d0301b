"""Whether this computer can isolate student code, asked without the code under test.

Tests that need isolation skip with this reason; a sandbox that is itself broken
must make them fail.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

import pytest


def why_no_isolation() -> str | None:
    """Return what this computer lacks for isolation, or None; asks none of the code under test."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    try:
        import pyseccomp  # noqa: F401
    except (ImportError, RuntimeError) as failure:
        return f"libseccomp is not to be had: {failure}"
    as_nobody: dict[str, Any] = {"user": 61_184, "group": 61_184, "extra_groups": []}
    tried = subprocess.run(
        ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "/bin/true"],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        **(as_nobody if os.getuid() == 0 else {}),
    )
    return None if tried.returncode == 0 else f"bubblewrap cannot work: {tried.stderr.strip()}"


def need_isolation() -> None:
    """Skip a test where student code cannot be isolated."""
    if (reason := why_no_isolation()) is not None:
        pytest.skip(f"student code cannot be isolated here: {reason}")
