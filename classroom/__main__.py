"""`python -m classroom slides`, `site`, `lite`, and `mathjax`, for Formgrader: into build/."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from classroom.lessons import ROOT, executed, lessons
from classroom.lite import LiteError, build_lite
from classroom.pages import deck
from classroom.site import Lite, Repository, SiteError, build_book
from classroom.vendor import Vendored, VendorError, vendored

BUILD = ROOT / "build"
WORK = BUILD / "classroom"
SERVE = "python3 -m http.server --directory build/lite, then open http://localhost:8000"


def build_slides(target: Path, files: Vendored, mathjax: str = "") -> list[Path]:
    """Write a deck for each lesson.

    Parameters
    ----------
    target : a folder, made if it is not there
    files : reveal.js and MathJax
    mathjax : where a deck finds MathJax; without it, each has its own

    Returns
    -------
    list of Path
    """
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for path in lessons():
        slides = target / f"{path.stem}.html"
        text = deck(executed(path, WORK / "executed"), files, mathjax)
        slides.write_text(text, encoding="utf-8")
        written.append(slides)
    return written


def build_site(target: Path, files: Vendored, lite: Lite, repository: Repository) -> None:
    """Write the book, and beside its pages the decks that they lead to.

    Parameters
    ----------
    target : a folder; what is in it is replaced
    files : reveal.js and MathJax
    lite, repository : what pages link to, where it is there
    """
    build_book(target, WORK, files.mathjax_js, lite, repository)
    build_slides(target / "slides", files, "../_static/mathjax.js")


def _megabytes(folder: Path) -> int:
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6)


def main() -> None:
    """Build what is asked for, and say where it is."""
    parser = argparse.ArgumentParser(prog="classroom", description=__doc__)
    parser.add_argument("what", choices=("slides", "site", "lite", "mathjax"))
    parser.add_argument(
        "--lite",
        metavar="ADDRESS",
        help="where the site finds what `make lite` built (../lite, seen from its index)",
    )
    parser.add_argument(
        "--repository",
        metavar="ADDRESS",
        default="",
        help="of `site`: where the course's files can be seen, for links to Colab and to sources, "
        "such as https://github.com/OWNER/NAME/blob/BRANCH",
    )
    parser.add_argument(
        "--pyodide",
        metavar="DIR",
        type=Path,
        help="of `lite`: Pyodide's folder, served along, so that no page asks elsewhere",
    )
    arguments = parser.parse_args()
    what = arguments.what
    if what == "lite":
        try:
            build_lite(BUILD / "lite", WORK / "lite", arguments.pyodide)
        except LiteError as error:
            sys.exit(f"classroom: {error}")
        print(f"build/lite/, {_megabytes(BUILD / 'lite')} MB. To look at it: {SERVE}")
        return
    try:
        files = vendored(WORK)
    except VendorError as error:
        sys.exit(f"classroom: {error}")
    if what == "slides":
        decks = build_slides(BUILD / "slides", files)
        print(f"{len(decks)} decks in {decks[0].parent.relative_to(ROOT)}/")
    elif what == "site":
        lite = Lite(BUILD / "lite", arguments.lite or "../lite")
        if arguments.lite and not lite.folder.exists():
            sys.exit("classroom: build/lite is not there to be linked to: run `make lite` first")
        try:
            build_site(BUILD / "site", files, lite, Repository(arguments.repository))
        except SiteError as error:
            sys.exit(f"classroom: {error}")
        print("open build/site/index.html")


if __name__ == "__main__":
    main()
