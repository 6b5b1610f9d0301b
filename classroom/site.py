"""The book: lays its sources out beside what it takes from elsewhere, and has Sphinx build it.

Knows nothing of how a page looks; that is `classroom/book/`.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell

from classroom.dark import dark
from classroom.directives import DOORS, LESSONS, PICTURES, picture_name
from classroom.lessons import BESIDE_A_LESSON, ROOT, executed, lessons
from classroom.sliders import POSITIONS, SCRIPT, STYLE

BOOK = Path(__file__).resolve().parent / "book"
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same files make the same archive
DOWNLOAD = "Download the notebook"  # a problem set's brings along what it needs
DOWNLOAD_ALL = "Download the notebook, with what it needs (zip)"
COLAB = "Open in Google Colab"  # of what is enough alone: it brings its files along
SOURCE = "Source"
IN_THE_BROWSER = "Open in the browser, nothing to install (JupyterLite)"


@dataclass(frozen=True)
class Lite:
    """A JupyterLite site: where it was built, and its address as seen from the book's index."""

    folder: Path
    address: str

    def links(self, notebook: str) -> list[str]:
        """Return what a page one folder below the index links to; nothing if it is not there."""
        base = self.address if "://" in self.address else f"../{self.address}"
        files = self.folder / "files"
        return [
            f"{base.rstrip('/')}/lab/index.html?path={path.relative_to(files).as_posix()}"
            for path in sorted(files.rglob(notebook))
        ]


@dataclass(frozen=True)
class Repository:
    """Where the course's files can be seen: the address of its root, of one branch, if any.

    On GitHub that is such as ``https://github.com/OWNER/NAME/blob/BRANCH``.
    """

    address: str = ""

    def source(self, path: Path) -> list[tuple[str, str]]:
        """Return a link to a file of the course as it is kept; nothing without an address."""
        place = f"{self.address.rstrip('/')}/{path.relative_to(ROOT).as_posix()}"
        return [(SOURCE, place)] * bool(self.address)

    def colab(self, path: Path) -> list[tuple[str, str]]:
        """Return a link that opens a notebook in Colab, which takes them from GitHub."""
        found = re.fullmatch(r"https://github\.com/(.+)", self.address.rstrip("/"))
        base = f"https://colab.research.google.com/github/{found[1]}" if found else ""
        return [(COLAB, f"{base}/{path.relative_to(ROOT).as_posix()}")] * bool(base)


class SiteError(Exception):
    """The book could not be built; the text says why."""


def build_book(
    target: Path, work: Path, mathjax: str, lite: Lite, repository: Repository = Repository()
) -> None:
    """Build the book.

    Parameters
    ----------
    target : a folder; what is in it is replaced
    work : a folder for lessons that have run, and for what Sphinx reads and remembers
    mathjax : the script that sets formulas
    lite : each page links to JupyterLite where that has the notebook
    repository : each page links to its notebook there, and a problem set's to Colab

    Raises
    ------
    SiteError : Sphinx found something wrong
    """
    source = work / "book"
    shutil.rmtree(source, ignore_errors=True)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(BOOK, source)
    (source / "_static" / "mathjax.js").write_text(mathjax, encoding="utf-8")
    for name, text in (("slider.js", SCRIPT), ("slider.css", STYLE)):
        (source / "_static" / name).write_text(text, encoding="utf-8")
    for folder in (LESSONS, PICTURES, "problem-sets", "_extra/downloads"):
        (source / folder).mkdir(parents=True)
    doors: dict[str, list[tuple[str, str]]] = {}
    for path in lessons():
        _lay_out_lesson(path, source, work / "executed")
        _pack(source, path.stem, (path, *BESIDE_A_LESSON))
        slides = ("Slides", f"../slides/{path.stem}.html")
        doors[f"lessons/{path.stem}"] = [slides, *_doors(path, lite), *repository.source(path)]
    for path in sorted(ROOT.glob("release/*/*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        notebook.cells.insert(1, new_markdown_cell("```{doors}\n```", id="doors"))
        nbformat.write(notebook, source / "problem-sets" / path.name)
        _pack(source, path.stem, sorted(path.parent.iterdir()))
        shutil.copy(path, source / "_extra/downloads")
        alone = (DOWNLOAD, f"../downloads/{path.name}")
        outside = (*repository.colab(path), *repository.source(path))
        doors[f"problem-sets/{path.stem}"] = [alone, *_doors(path, lite), *outside]
    (source / DOORS).write_text(json.dumps(doors), encoding="utf-8")
    _run_sphinx(source, target, work / "doctrees")
    for path in target.rglob("*.map"):  # for those who change the theme's scripts
        path.unlink()


def _lay_out_lesson(path: Path, source: Path, cache: Path) -> None:
    """Write a lesson that has run, and each of its pictures for a light and a dark page."""
    notebook = executed(path, cache)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            for shown in (
                data,
                *(one["data"] for one in data.get(POSITIONS, {"shown": []})["shown"]),
            ):
                if "image/png" in shown:
                    name = picture_name(shown["image/png"])
                    png = base64.b64decode(shown["image/png"])
                    (source / PICTURES / f"{name}-light.png").write_bytes(png)
                    (source / PICTURES / f"{name}-dark.png").write_bytes(dark(png))
    nbformat.write(notebook, source / LESSONS / path.name)


def _pack(source: Path, name: str, files: Iterable[Path]) -> None:
    """Write an archive of a notebook and what it needs."""
    with zipfile.ZipFile(source / "_extra/downloads" / f"{name}.zip", "w") as archive:
        for file in files:
            if file.is_file():
                entry = zipfile.ZipInfo(f"{name}/{file.name}", LONG_AGO)
                archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)


def _doors(notebook: Path, lite: Lite) -> list[tuple[str, str]]:
    """Return where a page leads to its notebook: JupyterLite if it is there, and an archive."""
    return [
        *((IN_THE_BROWSER, address) for address in lite.links(notebook.name)),
        (DOWNLOAD_ALL, f"../downloads/{notebook.stem}.zip"),
    ]


def _run_sphinx(source: Path, target: Path, memory: Path) -> None:
    options = ("-W", "--keep-going", "-q", "--no-color", "-E", "-d", str(memory))
    command = (sys.executable, "-m", "sphinx", *options, str(source), str(target))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SiteError(f"the book could not be built:\n{done.stderr.strip()}")
