"""Code and text of a student's as HTML: coloured where that is quick, escaped always.

Pygments' time grows with the square of what stands on one line (`x.x.x...`) and of blank lines, so
long ones and long cells are shown without colours.  Must not know nbgrader.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from html import escape
from pathlib import Path

from nbconvert.filters.highlight import Highlight2HTML
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers.python import PythonLexer
from pygments.token import STANDARD_TYPES

from autograder.base.limits import PAGE
from autograder.pages.allowance import Allowance

# What steers a terminal, and what makes text read in another order than it is written.
STEERING = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)
# Combining marks: many of them on one letter cover the lines above and below it.
ABOVE = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
PILE = re.compile(f"({ABOVE}{{4}}){ABOVE}+")
# Students hand in the course's own cells too: each is highlighted once and kept in memory, so
# only short ones are.
REMEMBERED = 512
SHORT = 4000
# Classes of the highlighter's, which Markdown may have too.
CLASSES = frozenset(STANDARD_TYPES.values()) - {""} | {"highlight"}
PYTHON = frozenset(("python", "python3", "py", "ipython", "ipython3"))
LONG = re.compile(rf"[^\n]{{{PAGE.line + 1}}}|\s{{{PAGE.blank + 1}}}")


def code_within(left: Allowance, source: str) -> str:
    """Return a cell's code: in colours where that is quick, and there is room on its page."""
    if _is_quick(source) and left.take("code", len(source)):
        return (_remembered if len(source) <= SHORT else _code_html)(source)
    return f'<div class="highlight">{bare(left.cut(source))}</div>'


def _is_quick(source: str) -> bool:
    return len(source) <= PAGE.code_cell and LONG.search(source) is None


def _code_html(source: str) -> str:
    return str(_highlighter()(legible(source, "?")))


_remembered = lru_cache(maxsize=REMEMBERED)(_code_html)


@lru_cache(maxsize=1)
def _highlighter() -> Highlight2HTML:
    return Highlight2HTML(pygments_lexer="ipython3")


def fenced_html(source: str, language: str) -> str:
    """Return code that stands in Markdown.

    Only Python has colours: there are hundreds of other languages, and for some of
    them short texts take hours.
    """
    if language.lower() in PYTHON and _is_quick(source):
        return str(highlight(source, PythonLexer(), HtmlFormatter()))
    return f"<pre><code>{escape(source)}</code></pre>\n"


def legible(text: str, instead: str = "") -> str:
    """Return text without what steers a terminal, turns text round or covers other lines."""
    return PILE.sub(r"\1", STEERING.sub(instead, text))


def bare(text: str) -> str:
    """Return text as it was written."""
    return f"<pre>{escape(legible(text))}</pre>"


def shown(text: str) -> str:
    """Return text that is `legible`, without this machine's folders."""
    text = legible(text)
    for folder in _folders():
        text = text.replace(folder, "")
    return text


@lru_cache(maxsize=1)
def _folders() -> tuple[str, ...]:
    """Return this machine's folders that a traceback may name, the longest first."""
    here = {sys.prefix, sys.base_prefix, str(Path.home()), str(Path(__file__).parents[2])}
    return tuple(f"{folder}/" for folder in sorted(here, key=len, reverse=True) if len(folder) > 1)
