"""A notebook as a deck of slides, one HTML text.

Knows nothing of where notebooks come from or where decks go.
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
    sheets = (TEMPLATES / "colours.css", TEMPLATES / "deck" / "style.css")
    style = "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
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
    course = {"title": title(notebook), "files": files, "style": style}
    text, _ = exporter.from_notebook_node(notebook, resources={"course": course})
    return str(text)
