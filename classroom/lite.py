"""A JupyterLite site: problem sets and lessons in a browser, with nothing to install.

JupyterLite's own builder does the work; what is here says of what it builds. Python, compiled
for the browser (Pyodide), comes from its usual address, or from a folder that is served along.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat

from classroom.lessons import BESIDE_A_LESSON, ROOT, lessons, title

TEMPLATES = Path(__file__).resolve().parent / "templates"
EXTENSIONS = Path(sys.prefix) / "share/jupyter/labextensions"
# Neither is of Pyodide: what kernel and front end talk by, and the sliders.
WHEELS = ("comm", "ipywidgets")
# A problem set's cell that imports NumPy begins with a magic, so that Pyodide cannot see from
# its text what it needs; the address of a wheel is relative to the script that starts Pyodide.
AT_THE_START = ("numpy", "matplotlib")
FROM_THE_KERNEL = "../../../../pypi"
KERNEL = "@jupyterlite/pyodide-kernel-extension"
PYODIDE = ("pyodide.mjs", "pyodide-lock.json")
# The version that the tests run. The kernel by itself would ask for the newest that it knows.
PYODIDE_VERSION = "314.0.4"


class LiteError(Exception):
    """The site could not be built; the text says what to do."""


def build_lite(target: Path, work: Path, pyodide: Path | None = None) -> None:
    """Write the site.

    Parameters
    ----------
    target : a folder; what is in it is replaced
    work : where the builder works, made if it is not there
    pyodide : a folder of Pyodide's distribution, which is served along; without it a page
        gets Pyodide from its usual address

    Raises
    ------
    LiteError : the folder is not Pyodide's, or something could not be had
    """
    if pyodide is not None:
        _need_pyodide(pyodide)
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree(target, ignore_errors=True)
    contents = work / "contents"
    _lay_out(contents)
    wheels = _download_wheels(work / "wheels")
    if pyodide is not None:
        shutil.copytree(pyodide, work / "static/pyodide")
    settings = json.dumps(_of_the_builder(target, contents, wheels))
    (work / "jupyter_lite_config.json").write_text(settings, encoding="utf-8")
    shutil.copy(TEMPLATES / "lite/overrides.json", work)
    _run("JupyterLite", work, "-m", "jupyterlite_core", "build")
    _set_up_kernel(target, wheels, alone=pyodide is not None)
    (target / "index.html").write_text(_first_page(contents), encoding="utf-8")


def _need_pyodide(folder: Path) -> None:
    for name in PYODIDE:
        if not (folder / name).is_file():
            raise LiteError(
                f"{folder} is no Pyodide: {name} is not in it. Give the folder that Pyodide's "
                "release unpacks to"
            )


def _lay_out(contents: Path) -> None:
    """Copy what the site shows as files: each problem set, and the lessons."""
    for path in sorted(ROOT.glob("release/*/*.ipynb")):
        shutil.copytree(path.parent, contents / path.stem)
    (contents / "lessons").mkdir(parents=True)
    for path in (*lessons(), *BESIDE_A_LESSON):
        shutil.copy(path, contents / "lessons")


def _download_wheels(folder: Path) -> list[Path]:
    """Get the packages that are not Pyodide's own, at the versions that are installed here."""
    pinned = [f"{name}=={version(name)}" for name in WHEELS]
    command = ("-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), *pinned)
    _run("pip", folder.parent, *command)
    return sorted(folder.glob("*.whl"))


def _set_up_kernel(site: Path, wheels: list[Path], alone: bool) -> None:
    """Write what a page reads of its Python; `alone` says that it must ask nobody."""
    packages = [*AT_THE_START, *(f"{FROM_THE_KERNEL}/{wheel.name}" for wheel in wheels)]
    kernel: dict[str, Any] = {
        "disablePyPIFallback": alone,
        "loadPyodideOptions": {"packages": packages},
    }
    kernel["pyodideUrl"] = "./static/pyodide/pyodide.mjs" if alone else pyodide_address()
    # The builder's own steps write into the same file, and the last may win: so this is after them.
    path = site / "jupyter-lite.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    plugins = settings["jupyter-config-data"].setdefault("litePluginSettings", {})
    plugins.setdefault(f"{KERNEL}:kernel", {}).update(kernel)
    path.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def pyodide_address() -> str:
    """Return where a page gets Pyodide, in the version that is tested: the kernel's own address.

    Raises
    ------
    LiteError : the kernel has no address in which a version stands
    """
    schema = EXTENSIONS / KERNEL / "static/schema/kernel.v0.schema.json"
    usual = json.loads(schema.read_text(encoding="utf-8"))["properties"]["pyodideUrl"]["default"]
    address, found = re.subn(r"/v[\d.]+/", f"/v{PYODIDE_VERSION}/", usual)
    if found != 1:
        raise LiteError(f"the kernel's address of Pyodide, {usual}, has no version to choose")
    return address


def _of_the_builder(target: Path, contents: Path, wheels: list[Path]) -> dict[str, Any]:
    extensions = (
        EXTENSIONS / "@jupyter-widgets/jupyterlab-manager",
        EXTENSIONS / KERNEL,
        TEMPLATES / "lite/hand-in",
    )
    return {
        "LiteBuildConfig": {
            "output_dir": str(target),
            "apps": ["lab"],
            "contents": [str(contents)],
            # Nothing else that is installed here: nbgrader's menu would have no server.
            "ignore_sys_prefix": ["federated_extensions"],
            "federated_extensions": [str(folder) for folder in extensions],
            "no_sourcemaps": True,
            "no_unused_shared_packages": True,
        },
        "PipliteAddon": {"piplite_urls": [str(wheel) for wheel in wheels]},
    }


def _first_page(contents: Path) -> str:
    """Return the page that the site opens with: what it is, and a link to each notebook."""
    items: dict[str, list[str]] = {"lessons": [], "problem_sets": []}
    for path in sorted(contents.glob("*/*.ipynb")):
        place = path.relative_to(contents).as_posix()
        name = escape(title(nbformat.read(path, as_version=4)))
        kind = "lessons" if path.parent.name == "lessons" else "problem_sets"
        items[kind].append(f'<li><a href="lab/index.html?path={place}">{name}</a></li>')
    template = (TEMPLATES / "lite/index.html").read_text(encoding="utf-8")
    return template.format(
        colours=(TEMPLATES / "colours.css").read_text(encoding="utf-8"),
        **{kind: "\n".join(lines) for kind, lines in items.items()},
    )


def _run(what: str, where: Path, *command: str) -> None:
    # JupyterLite's builder keeps a database of its own in the folder in which it is started.
    done = subprocess.run(
        [sys.executable, *command], cwd=where, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        last = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()][-8:]
        raise LiteError(f"{what} could not do its part:\n" + "\n".join(last))
