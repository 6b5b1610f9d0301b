"""The filters of Formgrader's page of a submission, named in ``nbgrader_config.py``.

They stand in the place of nbconvert's own, which run in Jupyter's server without
limits and raise at what honest students write.  Each is bounded by what is left for
its page.
"""

from __future__ import annotations

from html import escape
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from autograder import markup
from autograder.allowance import Allowance
from autograder.highlighting import code_within, legible

LEFT = "autograder_left"  # in the page's resources


def _left(context: Context) -> Allowance:
    resources = context.get("resources")
    if resources is None:  # a template of somebody else's
        return Allowance.of()
    if LEFT not in resources:
        resources[LEFT] = Allowance.of()
    left: Allowance = resources[LEFT]
    return left


@pass_context
def markdown2html(context: Context, source: str) -> str:
    """Render a Markdown cell, mathematics kept for MathJax, and clean the result."""
    attachments = context.get("cell", {}).get("attachments")
    return markup.markdown_within(_left(context), markup.markdown_html, source, attachments)


@pass_context
def clean_html(context: Context, element: Any) -> str:
    """Clean HTML: that of a check is a card of ours, any other is a student's."""
    text = element.decode() if isinstance(element, bytes) else str(element)
    cell = context.get("cell", {})
    owned = cell.get("metadata", {}).get("nbgrader", {})
    if cell.get("cell_type") == "code" and owned.get("grade") and not owned.get("solution"):
        return markup.card_html(text)
    return markup.written_html(_left(context).cut(text))


@pass_context
def highlight_code(
    context: Context, source: str, language: Any = None, metadata: Any = None
) -> str:
    """Return code in colours, whatever language its metadata name."""
    return code_within(_left(context), source)


@pass_context
def ansi2html(context: Context, text: str) -> str:
    """Return what a cell printed as text, without the colours of a terminal."""
    return escape(legible(_left(context).cut(str(text))))


def strip_files_prefix(text: str) -> str:
    """Return what was cleaned as it is: nothing may change it afterwards."""
    return text
