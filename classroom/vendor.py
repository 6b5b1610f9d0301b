"""reveal.js and MathJax, from npm at the versions of `package-lock.json`; never a CDN."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


class VendorError(Exception):
    """What slides are shown with could not be had; the text says what to do."""


@dataclass(frozen=True)
class Vendored:
    """The text of each file that is built into a deck or stands beside a page."""

    reveal_js: str
    reveal_css: str
    notes_js: str
    mathjax_js: str


def vendored(build: Path) -> Vendored:
    """Return the files, installed under `build` the first time and after a change.

    Parameters
    ----------
    build : a folder for npm's own files, made if it is not there

    Returns
    -------
    Vendored

    Raises
    ------
    VendorError : npm is missing, or cannot install
    """
    lock = HERE / "package-lock.json"
    installed = build / "package-lock.json"
    modules = build / "node_modules"
    if not (modules.exists() and installed.exists() and same(lock, installed)):
        install(HERE, build, "slides, site and formulas in Formgrader", "reveal.js and MathJax")
    reveal, mathjax = modules / "reveal.js", modules / "mathjax"
    return Vendored(
        reveal_js=_script(reveal / "dist/reveal.js"),
        reveal_css=(reveal / "dist/reveal.css").read_text(encoding="utf-8"),
        notes_js=_script(reveal / "plugin/notes/notes.js"),
        mathjax_js=_script(mathjax / "es5/tex-svg-full.js"),
    )


def same(first: Path, second: Path) -> bool:
    """Return whether two files hold the same bytes."""
    return first.read_bytes() == second.read_bytes()


def install(listed: Path, build: Path, what: str, packages: str) -> Path:
    """Install what a `package-lock.json` lists, and return npm's folder of it.

    Parameters
    ----------
    listed : the folder of `package.json` and `package-lock.json`
    build : where npm works, made if it is not there
    what, packages : what needs them and what they are, for the message

    Raises
    ------
    VendorError : npm is missing, or cannot install
    """
    if shutil.which("npm") is None:
        raise VendorError(
            f"{what} need npm, for {packages}: install it (Debian: "
            "apt-get install npm) and run the command again"
        )
    build.mkdir(parents=True, exist_ok=True)
    shutil.copy(listed / "package.json", build)
    # The lock comes last: it says that all is there.
    lock = build / "package-lock.json"
    shutil.copy(listed / lock.name, lock)
    # npm would wait for more than a minute where there is no network, and `make lab` with it.
    patience = ("--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", *patience]
    done = subprocess.run(command, cwd=build, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lock.unlink()
        reason = next((line for line in done.stderr.splitlines() if line.strip()), "no reason")
        raise VendorError(f"npm could not install {packages}: {reason}")
    return build / "node_modules"


def _script(path: Path) -> str:
    """Return a script that may stand inside a page."""
    return path.read_text(encoding="utf-8").replace("</script", "<\\/script")
