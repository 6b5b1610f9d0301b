"""A formula as MathML, which browsers show without a script.

latex2mathml reads the formula.  Its own text is not used: it would let markup
in a formula through.  Only elements and attributes named here are kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import unescape
from xml.etree.ElementTree import Element

from latex2mathml.converter import Converter

MAX_FORMULA = 2000
MAX_DEPTH = 100
# A command of these makes others, and a short formula can then become a very long one.
MACROS = re.compile(r"\\(?:[a-z]*def|let|(?:re)?new|provide|Declare|csname|expandafter)")
# Known to TeX, but not to latex2mathml.
SUBSTITUTES = {r"\arg": r"\operatorname{arg}", r"\cr": r"\\ ", r"\newline": r"\\ "}
SUBSTITUTED = re.compile(r"(\\(?:arg|cr|newline))(?![a-zA-Z])")
AMPERSAND = re.compile(r"(?<!\\)\\&")
# The space after a line's end.
SPACE = re.compile(r"\\\\\*?\s*\[\s*-?[\d.]+\s*[a-z]{2}\s*\]")
# Environments that it does not know, by what has their lines: what begins and what ends it.
ALIGNED = (r"\begin{align*}", r"\end{align*}")
GATHERED = (r"\begin{matrix}", r"\end{matrix}")
ENVIRONMENTS = {
    **dict.fromkeys("aligned alignedat alignat flalign eqnarray".split(), ALIGNED),
    **dict.fromkeys("gathered gather multline equation".split(), GATHERED),
    "dcases": (r"\begin{cases}", r"\end{cases}"),
    "rcases": (r"\left. \begin{matrix}", r"\end{matrix} \right\}"),
}
ENVIRONMENT = re.compile(
    rf"\\(?:(begin){{({'|'.join(ENVIRONMENTS)})\*?}}\s*(?:\[[tbc]\]|{{\d}})?"
    rf"|(end){{({'|'.join(ENVIRONMENTS)})\*?}})"
)
NEW_LINE = ("linebreak", "newline")
ELEMENTS = frozenset(
    "math menclose mfrac mi mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace msqrt "
    "mstyle msub msubsup msup mtable mtd mtext mtr mmultiscripts munder munderover none".split()
)
# Values of these are words, numbers and lengths; anything else is left out.
ATTRIBUTES = frozenset(
    "accent accentunder columnalign columnlines columnspacing depth display displaystyle fence "
    "form height largeop linethickness lspace mathvariant maxsize minsize movablelimits notation "
    "rowlines rowspacing rspace scriptlevel separator stretchy symmetric voffset width".split()
)
# How many parts these have; with fewer, browsers show an error.
PARTS = {
    **dict.fromkeys(("mfrac", "mover", "mroot", "msub", "msup", "munder"), 2),
    **dict.fromkeys(("msubsup", "munderover"), 3),
}
# What holds any number of parts side by side.
ROWS = frozenset("math menclose mpadded mphantom mrow mstyle msqrt mtd".split())
# TeX sets a thin space around log, sin and the like, but none where brackets follow.
THIN = "0.167em"
OPENS = frozenset("([{⟨⌊⌈|‖")
VALUE = re.compile(r"[A-Za-z0-9 .%+-]{1,40}")
# A formula stays in its place: it may draw two signs together, but not cover what is beside it.
LENGTH = re.compile(r"([+-]?)([0-9]*\.?[0-9]+)(em|ex|px|pt|mu|%)?")
LONGEST = {"em": 10, "ex": 20, "px": 160, "pt": 120, "mu": 180, "%": 100, None: 100}


@dataclass(frozen=True)
class Node:
    """One element of a formula, with what may stand in a page and nothing else."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: tuple[Node | str, ...] = ()


def mathml(formula: str, display: bool) -> Node | None:
    """Return a formula as a tree of MathML, or None where it cannot be read.

    Parameters
    ----------
    formula : TeX, without its dollars
    display : whether it stands on a line of its own
    """
    if len(formula) > MAX_FORMULA:
        return None
    known = SUBSTITUTED.sub(lambda found: SUBSTITUTES[found[1]], formula)
    if MACROS.search(known):
        return None
    known = ENVIRONMENT.sub(_environment, SPACE.sub(r"\\\\ ", AMPERSAND.sub(r"\\text{&}", known)))
    try:
        converter = Converter(display="block" if display else "inline")
        return _kept(converter.convert_to_element(known))
    except Exception:  # whatever a student wrote between dollars
        return None


def _environment(found: re.Match[str]) -> str:
    begins, ends = ENVIRONMENTS[found[2] or found[4]]
    return begins if found[1] else ends


def _kept(element: Element, depth: int = 0) -> Node:
    """Return an element with what is allowed of it.

    Raises
    ------
    ValueError : there is more in it than a formula needs
    """
    if element.tag not in ELEMENTS or depth > MAX_DEPTH:
        raise ValueError(element.tag)
    if len(element) != PARTS.get(element.tag, len(element)):
        raise ValueError(f"{element.tag} lacks a part")
    attributes = {
        name: value
        for name, value in element.attrib.items()
        if name in ATTRIBUTES and VALUE.fullmatch(value) and _is_small(value)
    }
    children: list[Node | str] = []
    # Symbols are character references in what latex2mathml gives.
    text = unescape((element.text or "").strip())
    if "\\" in text and element.tag != "mtext":
        raise ValueError(f"{text} is no command")
    if text:
        children.append(text)
    if element.tag == "mi" and text == "&":
        raise ValueError("columns of an environment that is not known")
    lines: list[list[Node]] = [[]]
    for child in element:
        if NEW_LINE in child.items():
            lines.append([])
        else:
            lines[-1].append(_kept(child, depth + 1))
    rows = [_spaced(line) if element.tag in ROWS else line for line in lines]
    children += rows[0] if len(rows) == 1 else [_table(rows)]
    return Node(element.tag, attributes, tuple(children))


def _table(rows: Sequence[Sequence[Node]]) -> Node:
    """Return lines one below the other; MathML in browsers has no line breaks."""
    cells = (Node("mtd", {"columnalign": "left"}, tuple(row)) for row in rows)
    return Node("mtable", {"displaystyle": "true"}, tuple(Node("mtr", {}, (one,)) for one in cells))


def _spaced(parts: Sequence[Node]) -> list[Node]:
    """Put a thin space between the name of a function and what stands beside it, as TeX does.

    >>> names = [Node("mn", {}, ("0",)), Node("mi", {}, ("log",)), Node("mn", {}, ("0",))]
    >>> [part.name for part in _spaced(names)]
    ['mn', 'mspace', 'mi', 'mspace', 'mn']
    """
    spaced: list[Node] = []
    for before, part in zip((None, *parts), parts, strict=False):
        if before is not None and (
            (_is_function(part) and _ends_a_factor(before))
            or (_is_function(before) and not _is_sign(part) and part.name != "mspace")
        ):
            spaced.append(Node("mspace", {"width": THIN}))
        spaced.append(part)
    return spaced


def _is_function(node: Node | str) -> bool:
    """Tell whether a part is a function's name, perhaps with what stands above or below it."""
    while isinstance(node, Node) and node.name in (
        "msub",
        "msup",
        "msubsup",
        "munder",
        "munderover",
    ):
        node = node.children[0]
    letters = "".join(map(str, node.children)) if isinstance(node, Node) else ""
    return isinstance(node, Node) and node.name == "mi" and len(letters) > 1 and letters.isalpha()


def _is_sign(node: Node) -> bool:
    """Tell whether a part is a sign, or a bracket, or begins with a bracket that opens."""
    first = node
    while first.name == "mrow" and first.children and isinstance(first.children[0], Node):
        first = first.children[0]
    return node.name == "mo" or (first.name == "mo" and first.children[:1] in {(o,) for o in OPENS})


def _ends_a_factor(node: Node) -> bool:
    """Tell whether a part can be multiplied with what follows it: a number, a closing bracket."""
    return node.name not in ("mo", "mspace") or node.children in ((")",), ("]",), ("}",))


def _is_small(value: str) -> bool:
    """Whether a length is one that formulas need; words are no lengths."""
    for part in value.split():
        length = LENGTH.fullmatch(part)
        if length is None and any(sign.isdigit() for sign in part):
            return False
        if length is not None:
            longest = LONGEST[length[3]] / (30 if length[1] == "-" else 1)
            if float(length[2]) > longest:
                return False
    return True
