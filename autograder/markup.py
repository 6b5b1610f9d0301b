"""What a student wrote, as HTML that neither runs nor loads anything.

Shared by Formgrader, where a script shows the mathematics, and by feedback pages,
which have none.  Must not know nbgrader, which takes seconds to import.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html import escape
from typing import Any

import bleach
from bleach.css_sanitizer import CSSSanitizer
from bleach.html5lib_shim import Filter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from autograder.mathml import Node, mathml

TAGS = bleach.sanitizer.ALLOWED_TAGS | set(
    "p div span pre br hr h1 h2 h3 h4 h5 h6 img table caption thead tbody tr th td "
    "details summary dl dt dd sub sup del ins kbd figure figcaption".split()
)
ATTRIBUTES = {
    "img": {"alt"},
    "th": {"scope", "colspan", "rowspan", "align"},
    "td": {"colspan", "rowspan", "align"},
    "details": {"open"},
}
PROTOCOLS = {"http", "https", "mailto", "data"}
# "background" is left out on purpose: it takes url(...).
STYLES = CSSSanitizer(
    allowed_css_properties=(
        "color background-color font-weight font-style font-family font-size text-align border "
        "border-left border-collapse padding margin white-space"
    ).split()
)
# Pygments' classes and our own; Formgrader's buttons act by class, so no others.
CLASSES = re.compile(
    r"(highlight|verdict[\w-]*|[a-z][a-z0-9]{0,2})( (verdict[\w-]*|[a-z][a-z0-9]{0,2}))*"
)
# Cleaning takes time that grows with the square of the depth to which tags are nested.
MAX_MARKDOWN = 30_000
MAX_PICTURES = 8 << 20  # characters of a cell's attached pictures
LINKS = re.compile(r"(https?://|mailto:|#)")
# A class shares its course's cells, and many of its cards: each is cleaned once.
REMEMBERED = 512
# Stands around a formula's number while the text around it is cleaned; removed from what a
# student wrote.
MARK = "\ue000"
MARKED = re.compile(f"{MARK}([0-9]{{1,5}}){MARK}")
NO_PICTURE = "[a picture from elsewhere is not shown]"
NO_DESCRIPTION = "A picture without a description"


def _allowed(tag: str, name: str, value: str) -> bool:
    if tag == "img" and name == "src":
        return value.startswith("data:image/")
    if name == "class":
        return CLASSES.fullmatch(value) is not None
    if tag == "a" and name == "href":
        return LINKS.match(value) is not None
    if name == "style":
        # No functions, url(...) among them, however it is spelt.
        return not {"(", "\\"} & set(value)
    # Never "id": Formgrader finds its score boxes by it.
    return name in {"title", "role", "aria-label"} or name in ATTRIBUTES.get(tag, ())


def clean_html(element: Any) -> str:
    """Return HTML without anything that runs or loads; cards keep their looks."""
    return _cleaned(element.decode() if isinstance(element, bytes) else str(element))


@lru_cache(maxsize=REMEMBERED)
def _cleaned(text: str) -> str:
    return bleach.clean(
        text, tags=TAGS, attributes=_allowed, protocols=PROTOCOLS, css_sanitizer=STYLES
    )


def markdown_html(source: str, attachments: Mapping[str, Any]) -> str:
    """Render Markdown, mathematics kept for MathJax, and clean the result."""
    if len(source) > MAX_MARKDOWN:
        return f"<pre>{escape(source)}</pre>"
    return clean_html(MarkdownWithMath(_renderer(_Bounded, attachments)).render(source))


def markdown_with_mathml(source: str, attachments: Mapping[str, Any]) -> str:
    """Render Markdown with its mathematics as MathML, and clean the result.

    Formulas that cannot be read, and text that cannot be rendered, are shown as they are.
    """
    # Pictures are large, and one student's own: they are not remembered.
    return _with_mathml(source, attachments) if attachments else _remembered(source)


@lru_cache(maxsize=REMEMBERED)
def _remembered(source: str) -> str:
    return _with_mathml(source, {})


def _with_mathml(source: str, attachments: Mapping[str, Any]) -> str:
    if len(source) > MAX_MARKDOWN:
        return f"<pre>{escape(source)}</pre>"
    renderer = _renderer(_FormulasApart, attachments)
    cleaner = bleach.Cleaner(
        tags=TAGS,
        attributes=_allowed,
        protocols=PROTOCOLS,
        css_sanitizer=STYLES,
        filters=[lambda source: _FormulasBack(source, renderer.formulas)],
    )
    try:
        text = MarkdownWithMath(renderer).render(source.replace(MARK, "\ufffd"))
        return str(cleaner.clean(text))
    except Exception:  # of an attachment that is not there, say
        return f"<pre>{escape(source)}</pre>"


def _renderer(kind: type[Any], attachments: Mapping[str, Any]) -> Any:
    return kind(
        escape=False,
        attachments=attachments,
        embed_images=False,
        path="",
        anchor_link_text="",
        exclude_anchor_links=True,
    )


class _Bounded(IPythonRenderer):
    """Shows attached pictures up to a size: a few words can ask for one a thousand times."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.left = MAX_PICTURES

    def image(self, text: str, url: str, title: str | None = None) -> str:
        shown = super().image(text, url, title)
        self.left -= len(shown)
        return shown if self.left >= 0 else "[a picture more than can be shown]"


class _FormulasApart(_Bounded):
    """Leaves a mark in the place of each formula."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.formulas: list[tuple[str, bool]] = []

    def _apart(self, formula: str, display: bool) -> str:
        self.formulas.append((formula, display))
        return f"{MARK}{len(self.formulas) - 1}{MARK}"

    def block_math(self, body: str) -> str:
        return self._apart(body, True)

    def latex_environment(self, name: str, body: str) -> str:
        return self._apart(f"\\begin{{{name}}}{body}\\end{{{name}}}", True)

    def inline_math(self, body: str) -> str:
        return self._apart(body, False)


class _FormulasBack(Filter):
    """Puts the formulas back into a cleaned text, element by element, never as markup.

    Where a mark has got into an attribute (a picture's description), the formula's
    text takes its place.  Pictures without a description, or without a source since it
    was not in the page, say so.
    """

    def __init__(self, source: Any, formulas: list[tuple[str, bool]]) -> None:
        super().__init__(source)
        self.formulas = formulas

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for token in super().__iter__():
            if token["type"] == "Characters":
                yield from self._characters(token["data"])
                continue
            if token["type"] in ("StartTag", "EmptyTag"):
                for name, value in token["data"].items():
                    token["data"][name] = MARKED.sub(lambda found: self._text(found[1]), value)
            if token.get("name") == "img":
                if (None, "src") not in token["data"]:
                    token = {"type": "Characters", "data": NO_PICTURE}
                elif not token["data"].get((None, "alt")):
                    token["data"][None, "alt"] = NO_DESCRIPTION
            yield token

    def _characters(self, data: str) -> Iterator[dict[str, Any]]:
        # Every second part is a number.
        for place, part in enumerate(MARKED.split(data)):
            if place % 2 == 0:
                yield from _text(part)
                continue
            formula, display = self._formula(part)
            tree = mathml(formula, display)
            name, look = ("code", "verbatim") if tree is None else ("span", "formula")
            attributes = {"class": look}
            if display and tree is not None:
                # It may be wider than a narrow window, and is then scrolled by keys too.
                attributes = {"class": "formula display", "tabindex": "0"}
            yield _start(name, attributes)
            yield from _text(self._text(part)) if tree is None else _element(tree)
            yield _end(name)

    def _formula(self, number: str) -> tuple[str, bool]:
        place = int(number)
        return self.formulas[place] if place < len(self.formulas) else ("", False)

    def _text(self, number: str) -> str:
        formula, display = self._formula(number)
        dollars = "$$" if display else "$"
        return f"{dollars}{formula}{dollars}"


def _element(node: Node) -> Iterator[dict[str, Any]]:
    yield _start(node.name, node.attributes)
    for child in node.children:
        yield from _text(child) if isinstance(child, str) else _element(child)
    yield _end(node.name)


def _start(name: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    data = {(None, key): value for key, value in attributes.items()}
    return {"type": "StartTag", "name": name, "namespace": None, "data": data}


def _end(name: str) -> dict[str, Any]:
    return {"type": "EndTag", "name": name, "namespace": None}


def _text(data: str) -> Iterator[dict[str, Any]]:
    if data:
        yield {"type": "Characters", "data": data}
