"""`python -m classroom slides`, `site`, and `mathjax`, which Formgrader needs: into build/."""

from __future__ import annotations

import argparse
import shutil
import sys
from html import escape
from pathlib import Path

import nbformat

from classroom.lessons import ROOT, executed, lessons, title
from classroom.pages import TEMPLATES, deck, page, style
from classroom.vendor import Vendored, VendorError, vendored

BUILD = ROOT / "build"
WORK = BUILD / "classroom"


def build_slides(target: Path, files: Vendored) -> list[Path]:
    """Write a deck for each lesson.

    Parameters
    ----------
    target : a folder, made if it is not there
    files : reveal.js and MathJax

    Returns
    -------
    list of Path
    """
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for path in lessons():
        slides = target / f"{path.stem}.html"
        slides.write_text(deck(executed(path, WORK / "executed"), files), encoding="utf-8")
        written.append(slides)
    return written


def build_site(target: Path, files: Vendored) -> list[Path]:
    """Write the site: an index, the lessons with their decks, and the problem sets.

    Parameters
    ----------
    target : a folder; what is in it is replaced
    files : reveal.js and MathJax

    Returns
    -------
    list of Path : the pages, without the decks
    """
    shutil.rmtree(target, ignore_errors=True)
    assets = target / "assets"
    assets.mkdir(parents=True)
    (assets / "style.css").write_text(style("page"), encoding="utf-8")
    (assets / "mathjax.js").write_text(files.mathjax_js, encoding="utf-8")
    build_slides(target / "slides", files)
    home = {"Softmax by Hand": "../index.html"}
    listed: dict[str, list[tuple[str, str]]] = {"lessons": [], "problem-sets": []}
    written = []
    for path in lessons():
        notebook = executed(path, WORK / "executed")
        links = {**home, "Slides of this lesson": f"../slides/{path.stem}.html"}
        listed["lessons"].append((path.stem, title(notebook)))
        written.append(_write(target / "lessons" / f"{path.stem}.html", page(notebook, links)))
    for path in sorted(ROOT.glob("release/*/*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        listed["problem-sets"].append((path.stem, title(notebook)))
        written.append(_write(target / "problem-sets" / f"{path.stem}.html", page(notebook, home)))
    template = (TEMPLATES / "index.html").read_text(encoding="utf-8")
    return [_write(target / "index.html", template.format(**_lists(listed))), *written]


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _lists(listed: dict[str, list[tuple[str, str]]]) -> dict[str, str]:
    """Return the items of the index: each page, and for a lesson its slides."""
    items = {}
    for folder, pages in listed.items():
        lines = []
        for stem, name in pages:
            slides = f' <a href="slides/{stem}.html">slides</a>' if folder == "lessons" else ""
            lines.append(f'<li><a href="{folder}/{stem}.html">{escape(name)}</a>{slides}</li>')
        items[folder.replace("-", "_")] = "\n".join(lines)
    return items


def main() -> None:
    """Build what is asked for, and say where it is."""
    parser = argparse.ArgumentParser(prog="classroom", description=__doc__)
    parser.add_argument("what", choices=("slides", "site", "mathjax"))
    what = parser.parse_args().what
    try:
        files = vendored(WORK)
    except VendorError as error:
        sys.exit(f"classroom: {error}")
    if what == "slides":
        decks = build_slides(BUILD / "slides", files)
        print(f"{len(decks)} decks in {decks[0].parent.relative_to(ROOT)}/")
    elif what == "site":
        pages = build_site(BUILD / "site", files)
        print(f"{len(pages)} pages; open {pages[0].relative_to(ROOT)}")


if __name__ == "__main__":
    main()
