"""A notebook as a deck of slides, or as a page to read: one HTML text each.

Knows nothing of where notebooks come from or where pages go.
"""

from __future__ import annotations

from pathlib import Path

from nbconvert.exporters import SlidesExporter
from nbformat import NotebookNode
from traitlets.config import Config

from classroom.lessons import title
from classroom.vendor import Vendored

HIDDEN_ON_SLIDES = "hide-input"
TEMPLATES = Path(__file__).resolve().parent / "templates"


def deck(notebook: NotebookNode, files: Vendored) -> str:
    """Return one self-contained page of slides.

    Parameters
    ----------
    notebook : with outputs and slide types
    files : built into the page

    Returns
    -------
    str
    """
    return _export("deck", notebook, {"files": files, "style": style("deck")})


def page(notebook: NotebookNode, links: dict[str, str]) -> str:
    """Return a page to read; answers are folded away until they are asked for.

    Parameters
    ----------
    notebook : with slide types or without
    links : name and address of each page that the head of this one links to; the page
        expects `style.css` and `mathjax.js` in `../assets`

    Returns
    -------
    str
    """
    return _export("page", notebook, {"links": links})


def style(template: str) -> str:
    """Return the style sheet of ``"deck"`` or ``"page"``, with the colours that both use."""
    sheets = (TEMPLATES / "colours.css", TEMPLATES / template / "style.css")
    return "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)


def _export(template: str, notebook: NotebookNode, course: dict[str, object]) -> str:
    settings = Config()
    # On a slide the picture is the message, and not the lines that draw it.
    settings.TagRemovePreprocessor.enabled = template == "deck"
    settings.TagRemovePreprocessor.remove_input_tags = {HIDDEN_ON_SLIDES}
    exporter = SlidesExporter(
        config=settings,
        template_name=template,
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    resources = {"course": {"title": title(notebook), **course}}
    text, _ = exporter.from_notebook_node(notebook, resources=resources)
    return str(text)
