"""What a student wrote, and the cards, as HTML that neither runs nor loads anything.

Cards are this package's own and keep their looks.  What a student wrote may not
look like one: it has neither styles nor classes but for a few.  Shared by Formgrader,
where a script shows the mathematics, and by feedback pages, which have none.  Nothing
here raises, whatever the text, and all of it is bounded by `autograder.base.limits.PAGE`.
Must not know nbgrader, which takes seconds to import.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import bleach
from bleach.css_sanitizer import CSSSanitizer
from bleach.html5lib_shim import Filter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from autograder.base.limits import PAGE
from autograder.pages.allowance import Allowance
from autograder.pages.highlighting import CLASSES, REMEMBERED, SHORT, bare, fenced_html, legible
from autograder.pages.mathml import Node, mathml

TAGS = bleach.sanitizer.ALLOWED_TAGS | set(
    "p div span pre br hr h1 h2 h3 h4 h5 h6 img table caption thead tbody tr th td "
    "details summary dl dt dd sub sup del ins kbd figure figcaption".split()
)
PROTOCOLS = {"http", "https", "mailto", "data"}
LINKS = re.compile(r"(https?://|mailto:|#)")
# Numbers are small: a cell of a table that claims ten thousand columns takes a browser's time.
ATTRIBUTES = {
    "img": {"alt": re.compile(r".*", re.DOTALL)},
    "th": {
        "scope": re.compile(r"(row|col)(group)?"),
        **dict.fromkeys(("colspan", "rowspan"), re.compile(r"[0-9]{1,2}")),
        "align": re.compile(r"[a-z]{1,10}"),
    },
    "td": {
        **dict.fromkeys(("colspan", "rowspan"), re.compile(r"[0-9]{1,2}")),
        "align": re.compile(r"[a-z]{1,10}"),
    },
    "details": {"open": re.compile(r".*", re.DOTALL)},
}
# What a card is made with.  "background" is left out on purpose: it takes url(...).
CARD_STYLES = CSSSanitizer(
    allowed_css_properties=(
        "color font-weight text-align border-left border-collapse padding margin white-space"
    ).split()
)
CARD_CLASSES = re.compile(r"verdict[\w-]*")
# All that an honest text needs; tables that Markdown makes have it.
WRITTEN_STYLES = CSSSanitizer(allowed_css_properties=["text-align"])
# Longer ones are not parsed: the parser recurses for each bracket.
MAX_STYLE = 200
PICTURE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
# Stands around the number of a formula, or of an attached picture, while the text around it is
# cleaned; removed from what a student wrote.
MARK = "\ue000"
MARKED = re.compile(f"{MARK}([0-9]{{1,5}}){MARK}")
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
# What turns text round, written as a character reference.
TURNING = re.compile(r"&#(?:[xX]0*(?:202[a-eA-E]|206[6-9])|0*(?:823[4-8]|829[4-7]))(?:;|(?![\w]))")
NO_PICTURE = "[a picture from elsewhere is not shown]"
NOT_ATTACHED = "[a picture that is not in the notebook]"
NO_SUCH_KIND = "[a picture of a kind that is not shown]"
TOO_MANY = "[a picture more than can be shown]"
NO_DESCRIPTION = "A picture without a description"


class TooMuch(Exception):
    """A text becomes more HTML than a page has room for."""


# --- Cards, and HTML of whatever origin -----------------------------------------------------------


def card_html(text: str) -> str:
    """Return one of our own cards, cleaned all the same, with its looks."""
    return (_remembered_card if len(text) <= SHORT else _card_html)(text)


def _card_html(text: str) -> str:
    return _clean(text, _in_cards, CARD_STYLES) or ""


# Many submissions have the same card: each card is cleaned once.
_remembered_card = lru_cache(maxsize=REMEMBERED)(_card_html)


def written_html(text: str) -> str:
    """Return HTML that is not ours, without what runs, loads, or poses as a part of a page."""
    cleaned = _clean(text, _in_writing, WRITTEN_STYLES) if len(text) <= PAGE.html_cell else None
    return bare(text) if cleaned is None else cleaned


def _in_cards(tag: str, name: str, value: str) -> bool:
    if name == "class":
        return CARD_CLASSES.fullmatch(value) is not None
    return name in {"role", "aria-label"} or _anywhere(tag, name, value)


def _in_writing(tag: str, name: str, value: str) -> bool:
    if name == "class":
        # The highlighter's, for code in Markdown.
        return value in CLASSES
    return _anywhere(tag, name, value)


def _anywhere(tag: str, name: str, value: str) -> bool:
    if tag == "img" and name == "src":
        return (PICTURE.fullmatch(value) or MARKED.fullmatch(value)) is not None
    if tag == "a" and name == "href":
        return LINKS.match(value) is not None
    if name == "style":
        # No functions, url(...) among them, however it is spelt.
        return len(value) <= MAX_STYLE and not {"(", "\\"} & set(value)
    known = ATTRIBUTES.get(tag, {}).get(name)
    # Never "id": Formgrader finds its score boxes by it.
    return name == "title" or (known is not None and known.fullmatch(value) is not None)


def _clean(
    text: str,
    allowed: Callable[[str, str, str], bool],
    styles: CSSSanitizer,
    formulas: Mapping[int, tuple[str, bool]] | None = None,
    pictures: Mapping[int, str] | None = None,
) -> str | None:
    """Return HTML with what is allowed, or None if it is more than a page has room for."""
    cleaner = bleach.Cleaner(
        tags=TAGS,
        attributes=allowed,
        protocols=PROTOCOLS,
        css_sanitizer=styles,
        filters=[lambda source: _Finish(source, dict(formulas or {}), pictures or {})],
    )
    _bound(cleaner.parser.tree)
    try:
        cleaned = str(cleaner.clean(text))
    except (TooMuch, RecursionError):
        return None
    return legible(TURNING.sub("", cleaned))


def _bound(tree: Any) -> None:
    """Let a parser make so many elements, so deep, and then stop.

    It takes time by their product; a few unclosed tags are opened anew in each
    paragraph, so neither can be seen in the text.
    """
    make, made = tree.elementClass, 0

    def make_one(*arguments: Any) -> Any:
        nonlocal made
        made += 1
        if made > PAGE.elements or len(tree.openElements) > PAGE.depth:
            raise TooMuch
        return make(*arguments)

    tree.elementClass = make_one


# --- Markdown -------------------------------------------------------------------------------------


def markdown_html(source: str, attachments: Any = None, pictures: int = PAGE.pictures) -> str:
    """Render Markdown, mathematics kept for MathJax, and clean the result.

    Parameters
    ----------
    source : of the cell
    attachments : its pictures, by name and type, as the notebook's file has them
    pictures : characters of pictures that may still be shown
    """
    return _markdown(_Written, source, attachments, pictures)


def markdown_with_mathml(
    source: str, attachments: Any = None, pictures: int = PAGE.pictures
) -> str:
    """Render Markdown with its mathematics as MathML, and clean the result.

    Formulas that cannot be read, and text that cannot be rendered, are shown as they are.
    See `markdown_html` for the parameters.
    """
    # Pictures are large, and one student's own: they are not remembered.
    if len(source) > SHORT or attachments:
        return _markdown(_FormulasApart, source, attachments, pictures)
    return _remembered(source)


def markdown_within(
    left: Allowance, render: Callable[[str, Any, int], str], source: str, attachments: Any
) -> str:
    """Render Markdown, in one of the two ways, as far as there is room for it on its page."""
    if len(source) > PAGE.markdown_cell or not left.take("markdown", len(source)):
        return bare(left.cut(source))
    text = render(source, attachments, left.pictures)
    if attachments:
        left.take("pictures", min(len(text), left.pictures))
    return text


@lru_cache(maxsize=REMEMBERED)
def _remembered(source: str) -> str:
    return _markdown(_FormulasApart, source, None, 0)


def _markdown(kind: type[_Written], source: str, attachments: Any, pictures: int) -> str:
    if len(source) > PAGE.markdown_cell:
        return bare(source)
    try:
        renderer = kind(attachments, pictures)
        text = MarkdownWithMath(renderer).render(source.replace(MARK, "\ufffd"))
        cleaned = None
        if len(text) <= PAGE.html_cell:
            apart = renderer.formulas, renderer.apart
            cleaned = _clean(text, _in_writing, WRITTEN_STYLES, *apart)
    except Exception:  # whatever a student wrote: the page is made all the same
        cleaned = None
    return bare(source) if cleaned is None else cleaned


class _Written(IPythonRenderer):
    """Shows the notebook's own pictures, and does not let a few words become a long page.

    A reference to a long address, or to a picture, is a few characters in the source
    and can be repeated a thousand times.  Pictures that stand in an address are addresses.
    """

    def __init__(self, attachments: Any, pictures: int) -> None:
        super().__init__(escape=False, anchor_link_text="", exclude_anchor_links=True)
        self.attached = attachments if isinstance(attachments, Mapping) else {}
        self.pictures = pictures
        self.addresses = 0
        self.apart: dict[int, str] = {}
        self.formulas: dict[int, tuple[str, bool]] = {}

    def link(self, text: str, url: str, title: str | None = None) -> str:
        self._count(url, title)
        return str(super().link(text, url, title))

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Return a picture that is in the notebook, or a line about one that is not."""
        if not url.startswith("attachment:"):
            self._count(url, title)
        else:
            self._count("", title)
            found = self._attachment(url.removeprefix("attachment:"))
            if found.startswith("["):
                return found
            # The picture itself goes around the parser.
            url = f"{MARK}{len(self.apart)}{MARK}"
            self.apart[len(self.apart)] = found
        # nbconvert's own method raises an error where a picture is not attached.
        return str(super(IPythonRenderer, self).image(text, url, title))

    def block_code(self, code: str, info: str | None = None) -> str:
        return fenced_html(code, (info or "").strip().partition(" ")[0])

    def _attachment(self, name: str) -> str:
        """Return an attached picture's address, or a line that says why there is none."""
        bundle = self.attached.get(name, self.attached.get(unquote(name)))
        if not isinstance(bundle, Mapping) or not bundle:
            return NOT_ATTACHED
        for kind in PICTURE_TYPES:
            data = bundle.get(kind)
            if isinstance(data, str) and data:
                address = f"data:{kind};base64,{data}"
                if not PICTURE.fullmatch(address):
                    return NO_SUCH_KIND
                self.pictures -= len(address)
                return address if self.pictures >= 0 else TOO_MANY
        return NO_SUCH_KIND

    def _count(self, url: str, title: str | None) -> None:
        self.addresses += len(url) + len(title or "")
        if self.addresses > PAGE.html_cell:
            raise TooMuch


class _FormulasApart(_Written):
    """Leaves a mark in the place of each formula."""

    def _apart(self, formula: str, display: bool) -> str:
        number = len(self.formulas)
        self.formulas[number] = (formula, display)
        return f"{MARK}{number}{MARK}"

    def block_math(self, body: str) -> str:
        return self._apart(body, True)

    def latex_environment(self, name: str, body: str) -> str:
        return self._apart(f"\\begin{{{name}}}{body}\\end{{{name}}}", True)

    def inline_math(self, body: str) -> str:
        return self._apart(body, False)


class _Finish(Filter):
    """Puts the formulas back into a cleaned text, element by element, never as markup.

    Each goes back once, since its mark can be forged.  Where a mark has got into an attribute
    (a picture's description), the formula's text takes its place.  Pictures without
    a description, or without a source since it was not in the page, say so.
    """

    def __init__(
        self, source: Any, formulas: dict[int, tuple[str, bool]], pictures: Mapping[int, str]
    ) -> None:
        super().__init__(source)
        self.formulas = formulas
        self.pictures = dict(pictures)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for token in super().__iter__():
            if token["type"] == "Characters":
                yield from self._characters(token["data"])
                continue
            if token["type"] in ("StartTag", "EmptyTag"):
                self._put_picture(token["data"])
                for name, value in token["data"].items():
                    token["data"][name] = MARKED.sub(lambda found: self._words(found[1]), value)
            if token.get("name") == "img":
                if (None, "src") not in token["data"]:
                    token = {"type": "Characters", "data": NO_PICTURE}
                elif not token["data"].get((None, "alt")):
                    token["data"][None, "alt"] = NO_DESCRIPTION
            yield token

    def _put_picture(self, data: dict[Any, str]) -> None:
        found = MARKED.fullmatch(data.get((None, "src"), ""))
        if found is not None:
            data[None, "src"] = self.pictures.pop(int(found[1]), "")

    def _characters(self, data: str) -> Iterator[dict[str, Any]]:
        # The parts at odd places are the numbers of formulas.
        for place, part in enumerate(MARKED.split(data)):
            if place % 2 == 0:
                yield from _text(part)
                continue
            formula, display = self._formula(part)
            tree = mathml(formula, display)
            name, look = ("code", "verbatim") if tree is None else ("span", "formula")
            attributes = {"class": look}
            if display and tree is not None:
                # One that is wider than the window can be scrolled, with the keyboard too.
                attributes = {"class": "formula display", "tabindex": "0"}
            yield _start(name, attributes)
            yield from _text(_dollars(formula, display)) if tree is None else _element(tree)
            yield _end(name)

    def _formula(self, number: str) -> tuple[str, bool]:
        return self.formulas.pop(int(number), ("", False))

    def _words(self, number: str) -> str:
        return _dollars(*self._formula(number))


def _dollars(formula: str, display: bool) -> str:
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
