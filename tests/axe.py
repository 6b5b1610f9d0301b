"""Asks axe-core what a reader with a disability would miss on a page, in the tests' browser.

axe-core comes from npm at the version of `package-lock.json` beside this file.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from classroom.vendor import install

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent / "build"
GRAVE = ("serious", "critical")


def axe_script() -> str:
    """Return axe-core's script, installed the first time.

    Raises
    ------
    VendorError : npm is missing, or cannot install
    """
    lock = json.loads((HERE / "package-lock.json").read_text())
    version = lock["packages"]["node_modules/axe-core"]["version"]
    script = BUILD / f"axe-core-{version}.min.js"
    if not script.exists():
        BUILD.mkdir(exist_ok=True)
        # Several test processes may install it at once, each into its own folder; one is kept.
        with tempfile.TemporaryDirectory(dir=BUILD) as folder:
            modules = install(HERE, Path(folder), "tests of accessibility", "axe-core")
            (modules / "axe-core" / "axe.min.js").replace(script)
    return script.read_text(encoding="utf-8")


def grave_findings(page: Any, script: str) -> list[str]:
    """Return axe-core's serious and critical findings on an open page, a line each.

    Parameters
    ----------
    page : of Playwright; it may forbid scripts of its own
    script : as `axe_script` gives it
    """
    page.evaluate(script)
    # Style sheets are not fetched a second time: a page on a disk may not do that.
    found = page.evaluate(
        "() => axe.run(document, { resultTypes: ['violations'], preload: false })"
    )
    return [
        f"{violation['impact']}: {violation['id']}: {node['target']}: {node['html'][:200]}"
        for violation in found["violations"]
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]
