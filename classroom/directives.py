"""What a chapter of the book takes from its lesson: cells, questions, folded answers.

An extension of Sphinx.  A chapter `lessons/02_softmax.md` takes from the executed notebook
`_lessons/02_softmax.ipynb`, by the names (ids) of its cells, so no number stands twice.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import nbformat
from docutils import nodes
from docutils.parsers.rst import directives
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

from classroom.pages import HIDDEN_ON_SLIDES
from classroom.sliders import POSITIONS, slider

LESSONS = "_lessons"  # executed notebooks, below the source of the book
PICTURES = "_static/pictures"
SCHEMES = ("light", "dark")
DOORS = "_doors.json"
LABELS = {"predict": "Predict", "bug": "Which bug is this?", "turn": "Your turn"}
WIDE = 500  # pixels: on a narrow screen its type would be too small, and it is scrolled
HEADING = re.compile(r"^#+ .*$", re.MULTILINE)
DISPLAYED = re.compile(r"\$\$.+?\$\$", re.DOTALL)
PREDICT = re.compile(r"\*Predict:\*\s+(\S)")


def picture_name(png: str) -> str:
    """Return a name for a picture that stands in a notebook as base64: the same for the same."""
    return hashlib.sha256(png.strip().encode()).hexdigest()[:16]


class folded(nodes.General, nodes.Element):
    """Something folded away; its first child is the line that is always seen."""


class summary(nodes.Part, nodes.TextElement):
    """The line that names what is folded away."""


def _open_folded(page: HTML5Translator, node: nodes.Element) -> None:
    page.body.append(page.starttag(node, "details"))


def _close_folded(page: HTML5Translator, node: nodes.Element) -> None:
    page.body.append("</details>\n")


def _open_summary(page: HTML5Translator, node: nodes.Element) -> None:
    page.body.append("<summary>")


def _close_summary(page: HTML5Translator, node: nodes.Element) -> None:
    page.body.append("</summary>\n")


class FromLesson(SphinxDirective):
    """A directive that shows cells of the chapter's lesson.

    The first displayed formula of the cells gets a number if `:equation:` gives it a label.
    """

    def cells(self, names: Sequence[str]) -> list[nodes.Node]:
        """Return what a chapter shows of these cells, in this order."""
        path = Path(self.env.srcdir, LESSONS, f"{Path(self.env.docname).name}.ipynb")
        found = {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}
        shown: list[nodes.Node] = []
        for name in names:
            if name not in found:
                raise self.error(f"{path.stem} has no cell {name!r}: give the id of one")
            show = self._text if found[name].cell_type == "markdown" else self._code
            shown += show(found[name])
        return shown

    def fold(self, kind: str, title: str, held: list[nodes.Node]) -> nodes.Node:
        """Return something folded away under a line that names it."""
        words, messages = self.parse_inline(title)
        return folded("", summary("", "", *words), *held, *messages, classes=[kind])

    def _text(self, cell: NotebookNode) -> list[nodes.Node]:
        """Return the text of a slide without its headings: a chapter has its own."""
        text = PREDICT.sub(lambda found: found[1].upper(), HEADING.sub("", cell.source))
        if DISPLAYED.search(text) and (label := self.options.pop("equation", "")):
            text = DISPLAYED.sub(lambda found: f"{found[0]} ({label})", text, count=1)
        return list(self.parse_text_to_nodes(text))

    def _code(self, cell: NotebookNode) -> list[nodes.Node]:
        """Return code, folded where it only draws a picture, and what came of it."""
        code: nodes.Node = nodes.literal_block(cell.source, cell.source, language="python")
        hidden = HIDDEN_ON_SLIDES in cell.metadata.get("tags", [])
        shown: list[nodes.Node] = []
        for output in cell.outputs:
            data = output.get("data", {})
            if POSITIONS in data:
                shown.append(nodes.raw("", slider(output, self._at_a_position), format="html"))
            elif "image/png" in data:
                shown += self._picture(output)
            else:
                text = data.get("text/plain", output.get("text", "")).rstrip()
                shown.append(nodes.literal_block(text, text, language="none", classes=["output"]))
        if hidden:
            return [*shown, self.fold("code", "Code of this picture", [code])]
        return [code, *shown]

    def _picture(self, output: NotebookNode) -> list[nodes.Node]:
        said = output.metadata["image/png"]
        name = picture_name(output.data["image/png"])
        wide = ["wide"] if said["width"] > WIDE else []
        return [
            nodes.image(
                "",
                uri=f"/{PICTURES}/{name}-{scheme}.png",
                alt=said["alt"],
                width=f"{said['width']}px",
                classes=[f"only-{scheme}", *wide],
            )
            for scheme in SCHEMES
        ]

    def _at_a_position(self, shown: dict[str, Any]) -> str:
        """Return the pictures of one position of a slider; fetched when they are first seen."""
        said = shown["metadata"]["image/png"]
        name = picture_name(shown["data"]["image/png"])
        up = "../" * self.env.docname.count("/")
        wide = " wide" if said["width"] > WIDE else ""
        width, height = struct.unpack(">II", base64.b64decode(shown["data"]["image/png"])[16:24])
        size = f'width="{said["width"]}" height="{round(said["width"] * height / width)}"'
        about = f'loading="lazy" alt="{html.escape(said["alt"])}" {size}'
        return "".join(
            f'<img class="only-{scheme}{wide}" src="{up}{PICTURES}/{name}-{scheme}.png" {about}>'
            for scheme in SCHEMES
        )


class Cells(FromLesson):
    """Show cells as they are: ``:::{cells} live live-picture``."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {"equation": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Return the cells."""
        return self.cells(self.arguments[0].split())


class Question(FromLesson):
    """Ask, and fold the answer away under a line that names it.

    The question is what stands in the directive, and the cells of `:from:`; the answer is
    the cells of `:answer:`.  The argument says what the answer holds.
    """

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        "from": directives.unchanged,
        "answer": directives.unchanged_required,
        "equation": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Return the question, and below it the answer."""
        label = nodes.paragraph("", LABELS[self.name], classes=["label"])
        asked = [*self.parse_content_to_nodes(), *self.cells(self.options.get("from", "").split())]
        held = self.cells(self.options["answer"].split())
        answer = self.fold("answer", f"Answer: {self.arguments[0]}", held)
        return [nodes.container("", label, *asked, answer, classes=["question", self.name])]


class Doors(SphinxDirective):
    """Show what a page leads to outside the book: notebook, slides, JupyterLite."""

    def run(self) -> list[nodes.Node]:
        """Return a line of links."""
        path = Path(self.env.srcdir, DOORS)
        doors = json.loads(path.read_text(encoding="utf-8"))[self.env.docname]
        links = [
            nodes.list_item("", nodes.paragraph("", "", nodes.reference("", text, refuri=address)))
            for text, address in doors
        ]
        return [nodes.bullet_list("", *links, classes=["doors"])]


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directives."""
    app.add_node(folded, html=(_open_folded, _close_folded))
    app.add_node(summary, html=(_open_summary, _close_summary))
    app.add_directive("cells", Cells)
    app.add_directive("doors", Doors)
    for name in LABELS:
        app.add_directive(name, Question)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
