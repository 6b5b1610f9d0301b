"""The filters of Formgrader's page of a submission, named in ``nbgrader_config.py``.

They stand in the place of nbconvert's own, which run in Jupyter's server without
limits and raise at what honest students write.  Each is bounded by what is left for
its page, and done in a worker within a budget, so that nothing a student wrote stops the
server.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from autograder.base.limits import FILTERING
from autograder.grading.workers import OverBudget, WorkerLost, own_worker
from autograder.grading.working import begun
from autograder.pages import markup
from autograder.pages.allowance import Allowance
from autograder.pages.highlighting import bare, code_within, legible

LEFT = "autograder_left"  # in the page's resources


def _left(context: Context) -> Allowance:
    resources = context.get("resources")
    if resources is None:  # a template of somebody else's
        return Allowance.of()
    if LEFT not in resources:
        resources[LEFT] = Allowance.of()
    left: Allowance = resources[LEFT]
    return left


def _in_worker(
    context: Context, function: Callable[..., str], text: str, attachments: Any = None
) -> str:
    """Have a text made HTML within a budget; it is shown as it is where that is not enough.

    Parameters
    ----------
    function : takes what is left for the page, the text and the cell's attachments
    """
    left = _left(context)
    try:
        html, now_left = own_worker().do(
            _called, function, left, text, attachments, budget=FILTERING
        )
    except (OverBudget, WorkerLost):
        # Once on a page is enough: its other cells are shown as they are, too.
        left.code = left.markdown = 0
        return bare(left.cut(text))
    vars(left).update(vars(now_left))
    return str(html)


def _called(
    function: Callable[..., str], left: Allowance, text: str, attachments: Any
) -> tuple[str, Allowance]:
    begun()
    return function(left, text, attachments), left


def _markdown(left: Allowance, source: str, attachments: Any) -> str:
    return markup.markdown_within(left, markup.markdown_html, source, attachments)


def _card(left: Allowance, text: str, attachments: Any) -> str:
    return markup.card_html(text)


def _written(left: Allowance, text: str, attachments: Any) -> str:
    return markup.written_html(left.cut(text))


def _code(left: Allowance, source: str, attachments: Any) -> str:
    return code_within(left, source)


@pass_context
def markdown2html(context: Context, source: str) -> str:
    """Render a Markdown cell, mathematics kept for MathJax, and clean the result."""
    attachments = context.get("cell", {}).get("attachments")
    return _in_worker(context, _markdown, source, attachments)


@pass_context
def clean_html(context: Context, element: Any) -> str:
    """Clean HTML: that of a check is a card of ours, any other is a student's."""
    text = element.decode() if isinstance(element, bytes) else str(element)
    cell = context.get("cell", {})
    owned = cell.get("metadata", {}).get("nbgrader", {})
    if cell.get("cell_type") == "code" and owned.get("grade") and not owned.get("solution"):
        return _in_worker(context, _card, text)
    return _in_worker(context, _written, text)


@pass_context
def highlight_code(
    context: Context, source: str, language: Any = None, metadata: Any = None
) -> str:
    """Return code in colours, whatever language its metadata name."""
    return _in_worker(context, _code, source)


@pass_context
def ansi2html(context: Context, text: str) -> str:
    """Return what a cell printed as text, without the colours of a terminal."""
    return escape(legible(_left(context).cut(str(text))))


def strip_files_prefix(text: str) -> str:
    """Return what was cleaned as it is: nothing may change it afterwards."""
    return text
