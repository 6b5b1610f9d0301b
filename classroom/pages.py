"""A notebook as a deck of slides, one HTML text.

Knows nothing of where notebooks come from or where decks go.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

from nbconvert.exporters import SlidesExporter
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from traitlets.config import Config

from classroom import sliders
from classroom.lessons import title
from classroom.vendor import Vendored

HIDDEN_ON_SLIDES = "hide-input"
TEMPLATES = Path(__file__).resolve().parent / "templates"


def deck(notebook: NotebookNode, files: Vendored, mathjax: str = "") -> str:
    """Return one page of slides, self-contained unless MathJax lies beside it.

    Parameters
    ----------
    notebook : with outputs and slide types
    files : built into the page
    mathjax : the address of MathJax's script, as seen from the page; without it, it is built in

    Returns
    -------
    str
    """
    sheets = (TEMPLATES / "colours.css", TEMPLATES / "deck" / "style.css")
    style = "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
    notebook = deepcopy(notebook)
    for output in (one for cell in notebook.cells for one in cell.get("outputs", [])):
        if sliders.POSITIONS in output.get("data", {}):
            output.data = {"text/html": sliders.slider(output)}
    notebook.cells = [cell for idea in _ideas(notebook.cells) for cell in _completed(idea)]
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    settings = Config()
    # On a slide the picture is the message, and not the lines that draw it.
    settings.TagRemovePreprocessor.enabled = True
    settings.TagRemovePreprocessor.remove_input_tags = {HIDDEN_ON_SLIDES}
    exporter = SlidesExporter(
        config=settings,
        template_name="deck",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    course = {
        "title": title(notebook),
        "files": files,
        "mathjax": mathjax,
        "style": style + sliders.STYLE,
        "script": sliders.SCRIPT + (TEMPLATES / "deck/deck.js").read_text(encoding="utf-8"),
    }
    text, _ = exporter.from_notebook_node(notebook, resources={"course": course})
    return str(text)


def _kind(cell: NotebookNode) -> str:
    return str(cell.metadata.get("slideshow", {}).get("slide_type", "-"))


def _ideas(cells: list[NotebookNode]) -> list[list[NotebookNode]]:
    """Return the cells of each slide, with the slides below it."""
    ideas: list[list[NotebookNode]] = [[]]
    for cell in cells:
        if _kind(cell) == "slide":
            ideas.append([])
        ideas[-1].append(cell)
    return ideas


def _completed(idea: list[NotebookNode]) -> list[NotebookNode]:
    """Return the cells of an idea; each of its slides has a title, and all of its notes."""
    notes = [cell for cell in idea if _kind(cell) == "notes"]
    completed: list[NotebookNode] = []
    heading = ""
    for cell in idea:
        kind = _kind(cell)
        if kind == "notes":
            continue
        if kind == "subslide":
            completed += deepcopy(notes)
            if not cell.source.startswith("#"):
                completed.append(_markdown(f"## {heading}", "subslide"))
                cell.metadata.slideshow.slide_type = "-"
        if cell.cell_type == "markdown" and cell.source.startswith("#"):
            heading = cell.source.splitlines()[0].lstrip("# ")
        completed.append(cell)
        if _draws(cell) and HIDDEN_ON_SLIDES not in cell.metadata.get("tags", []):
            picture = deepcopy(cell)
            picture.metadata.tags = [HIDDEN_ON_SLIDES]
            picture.metadata.slideshow.slide_type = "-"
            cell.outputs = []
            completed += [*deepcopy(notes), _markdown(f"## {heading}", "subslide"), picture]
    return completed + notes


def _draws(cell: NotebookNode) -> bool:
    """Tell whether a cell shows a picture, which has a slide of its own below visible code."""
    return any(
        "<img" in out.get("data", {}).get("text/html", "") for out in cell.get("outputs", [])
    )


def _markdown(source: str, kind: str) -> NotebookNode:
    return new_markdown_cell(source, metadata={"slideshow": {"slide_type": kind}})
