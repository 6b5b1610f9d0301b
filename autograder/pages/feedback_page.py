"""One graded notebook, with its marks, as one page that a student reads.

The page has no script and fetches nothing; its mathematics is MathML.  It is the
same page whether `autograder feedback` asks for it or nbgrader.  Must not know the
gradebook, nor where pages go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape
from nbconvert.exporters.templateexporter import TemplateExporter
from nbformat import NotebookNode, v4
from traitlets.config import Config

from autograder.base.limits import PAGE, PLAIN_PAGE
from autograder.base.words import lesson_address, named, points_text
from autograder.course.assignment import exercise_asked
from autograder.gradebook.cell_marks import CellMark, Marks
from autograder.judging import cards
from autograder.pages import markup
from autograder.pages.allowance import INSTALLATION, Allowance
from autograder.pages.highlighting import code_within, shown
from autograder.submission.graded_cells import NOTE

TEMPLATES = Path(__file__).resolve().parent / "templates"
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'"
)
SHOWN_TYPES = ["text/html", "image/png", "image/jpeg", "text/plain"]
# What nbgrader keeps from students in cells that it restores for grading.
HIDDEN = re.compile(
    r"^[^\n]*BEGIN (HIDDEN TESTS|MARK SCHEME).*?(END \1[^\n]*(\n|\Z)|\Z)", re.MULTILINE | re.DOTALL
)
LESSON = re.compile(r"See the lesson (\w+)\.")  # as a card says it
NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=]")


class PageError(Exception):
    """A page cannot be made of this notebook; the text says why, and what to do."""


PLAIN = (
    "This page is in a plain form, without colours, formulas and pictures, because it could not be "
    "made in time. Points, cards and comments are complete."
)
HAND_IN_AGAIN = (
    "It has no points yet, which is not the same as 0. Hand in the notebook itself, as JupyterLab "
    "saves it ({}.ipynb); what the file is called does not matter."
)
MORE_OUTPUTS = f"[more than {PAGE.outputs} outputs: the others are left out of this page]"


def page(
    graded: bytes, marks: Marks, name: str, made_of: str, plain: bool = False, book: str = ""
) -> str:
    """Return a feedback page; the same work, marks and grader give the same text.

    Parameters
    ----------
    graded : the graded notebook's file
    marks : what the gradebook says of it
    name : of the assignment
    made_of : a hash of all that the page depends on, for its head
    plain : what the student wrote as bare text and not much of it, which takes no time
    book : where its lessons are; see `autograder.course.course.Course.book`

    Raises
    ------
    PageError : the file is no graded notebook
    """
    try:
        exporter = _exporter(), _style()
    except Exception as failure:  # a file or a package that is missing or damaged
        raise PageError(INSTALLATION.format(named(failure))) from failure
    try:
        notebook = v4.reads(graded.decode())
        parts = [_part(cell, marks) for cell in notebook.cells]
        for cell, part in zip(notebook.cells, parts, strict=True):
            cell["part"] = part
            if part.get("kind") in ("check", "task"):
                _leave_out_hidden(cell)
        _leave_out_outputs(notebook)
        whole = _whole(name, marks, [part for part in parts if part])
        whole["notes"] += [PLAIN] if plain else []
        left = Allowance.of(PLAIN_PAGE if plain else PAGE)
        resources = {"page": {**whole, "made_of": made_of, "left": left, "book": book}}
        text, _ = exporter[0].from_notebook_node(notebook, resources=resources)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as failure:
        raise PageError(
            f"the graded notebook cannot be read ({type(failure).__name__}): "
            f"run `autograder grade {name.partition(',')[0]} --force`"
        ) from failure
    return text


def page_without_marks(assignment: str, notebook: str, why: str, made_of: str) -> str:
    """Return the page of a hand-in that could not be graded.

    Parameters
    ----------
    why : "was not graded: ..."

    Raises
    ------
    PageError : the installation is damaged
    """
    said = f"Your hand-in {why.rstrip('.')}."
    whole = {**_whole(assignment, Marks(), []), "score": None, "made_of": made_of, "book": ""}
    whole["notes"] = [said, HAND_IN_AGAIN.format(notebook)]
    try:
        text, _ = _exporter().from_notebook_node(v4.new_notebook(), resources={"page": whole})
    except Exception as failure:  # a file or a package that is missing or damaged
        raise PageError(INSTALLATION.format(named(failure))) from failure
    return text


def _leave_out_hidden(cell: NotebookNode) -> None:
    """Leave out what of a cell students do not have, and what could tell of it."""
    hidden = [one for note in _notes(cell) for one in note.get("hidden", ())]
    if hidden:
        lines = cell.source.split("\n")
        cell.source = "\n".join(
            line for number, line in enumerate(lines, start=1) if number not in hidden
        )
        # The card says which test fails; what was printed may be what a hidden one asked.
        cell.outputs = [
            output
            for output in cell.outputs
            if NOTE in output.get("metadata", {}) or output.output_type == "execute_result"
        ]
    cell.source = HIDDEN.sub("", cell.source)


def _leave_out_outputs(notebook: NotebookNode) -> None:
    left = PAGE.outputs
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        if len(outputs) > left:
            del outputs[left:]
            outputs.append(v4.new_output("stream", name="stdout", text=MORE_OUTPUTS))
        left = max(0, left - len(outputs))


# --- What the template is given -------------------------------------------------------------------


def _part(cell: NotebookNode, marks: Marks) -> dict[str, Any]:
    """Return what is said of a cell that is graded or answered; empty for any other cell."""
    owned = cell.metadata.get("nbgrader", {})
    grade, solution, task = (bool(owned.get(key)) for key in ("grade", "solution", "task"))
    if not (grade or solution or task):
        return {}
    key = str(owned["grade_id"])
    kind = "task" if task else "answer" if solution else "check"
    mark = marks.cells.get(key)
    return {
        "kind": kind,
        "name": exercise_asked(key, cell.source) or key,
        "id": "cell-" + re.sub(r"[^\w-]", "_", key),
        "mark": _mark(mark, kind, _carried(cell)) if mark is not None else None,
        "comment": marks.comments.get(key, ""),
    }


def _mark(mark: CellMark, kind: str, carried: float) -> dict[str, Any]:
    state, sign = _state(mark)
    notes = []
    if mark.open:
        notes.append("waits for a person to grade it")
    elif mark.manual_score is not None and mark.auto_score is not None and kind == "check":
        notes.append(f"graded by a person; the check gave {_number(mark.auto_score)}")
    elif mark.manual_score is not None:
        notes.append("graded by a person")
    elif carried:
        notes.append(f"{_number(carried)} of them carried forward")
    if mark.waits and not mark.open:
        notes.append("a person will look at it once more")
    if mark.extra_credit and not mark.open:
        notes.append(f"with {_number(mark.extra_credit)} of extra credit")
    return {
        "state": state,
        "sign": sign,
        "score": _number(mark.score),
        "max_score": _number(mark.max_score),
        "notes": notes,
    }


def _state(mark: CellMark) -> tuple[str, str]:
    """Return a word for the style sheet, and the sign beside the colour."""
    if mark.open:
        return "open", "\u2026"
    if mark.score >= mark.max_score:
        return "all", "\u2713"
    return ("part", "\u25d0") if mark.score > 0 else ("none", "\u2717")


def _carried(cell: NotebookNode) -> float:
    return sum(float(note.get("carried_points", 0.0)) for note in _notes(cell))


def _notes(cell: NotebookNode) -> list[Mapping[str, Any]]:
    return [output.get("metadata", {}).get(NOTE, {}) for output in cell.get("outputs", [])]


def _whole(name: str, marks: Marks, parts: list[dict[str, Any]]) -> dict[str, Any]:
    commented = {part["name"]: part["id"] for part in parts if part["comment"]}
    contents = [
        {**part, "comments": [commented[part["name"]]] if part["name"] in commented else []}
        for part in parts
        if part["mark"] is not None
    ]
    notes = []
    if marks.late_penalty:
        notes.append(f"{_number(marks.late_penalty)} points are taken away for handing in late.")
    waiting = sum(mark.max_score for mark in marks.cells.values() if mark.open)
    if waiting:
        notes.append(f"{_number(waiting)} of them wait for a person to grade them.")
    return {
        "name": name,
        "policy": POLICY,
        "style": _style(),
        "score": _number(marks.score),
        "max_score": _number(marks.max_score),
        "notes": notes,
        "contents": contents,
    }


def _number(points: float) -> str:
    return points_text(round(points, 2))


@lru_cache(maxsize=1)
def _style() -> str:
    sheet = (TEMPLATES / "feedback" / "style.css").read_text(encoding="utf-8")
    colours = {"holds": cards.HOLDS, "fails": cards.FAILS, "quiet": cards.QUIET}
    for name, colour in colours.items():
        sheet = sheet.replace(f"{{{{ {name} }}}}", colour)
    return sheet


# --- The exporter, with its filters ---------------------------------------------------------------


class _Page(TemplateExporter):
    """nbconvert's exporter for our template; knows no settings but these."""

    export_from_notebook = None  # type: ignore[assignment]
    output_mimetype = "text/html"

    @property
    def default_config(self) -> Config:
        settings = Config()
        settings.Exporter.default_preprocessors = []
        settings.NbConvertBase.display_data_priority = SHOWN_TYPES
        return settings


@lru_cache(maxsize=1)
def _exporter() -> TemplateExporter:
    exporter = _Page(
        template_name="feedback",
        extra_template_basedirs=[str(TEMPLATES)],
        file_extension=".html",
    )
    # Whatever is not cleaned by one of these filters is escaped.
    exporter.environment.autoescape = True
    filters: dict[str, Callable[..., Any]] = {
        "card": _card,
        "comment": lambda text: Markup(markup.markdown_with_mathml(text)),
        "highlighted": _highlighted,
        "markdown_with_mathml": _markdown,
        "picture": _picture,
        "shown": _shown,
    }
    for name, function in filters.items():
        exporter.register_filter(name, function)
    return exporter


def _left(context: Context) -> Allowance:
    left: Allowance = context["resources"]["page"]["left"]
    return left


@pass_context
def _card(context: Context, text: str) -> Markup:
    """Return a card; the lessons that it names lead to the book, where the course has one."""
    book = context["resources"]["page"]["book"]

    def led(found: re.Match[str]) -> str:
        return f'See the lesson <a href="{escape(lesson_address(book, found[1]))}">{found[1]}</a>.'

    card = markup.card_html(text)
    return Markup(LESSON.sub(led, card) if book else card)


@pass_context
def _markdown(context: Context, source: str, attachments: Any = None) -> Markup:
    render = markup.markdown_with_mathml
    return Markup(markup.markdown_within(_left(context), render, source, attachments))


@pass_context
def _highlighted(context: Context, source: str) -> Markup:
    return Markup(code_within(_left(context), source))


@pass_context
def _picture(context: Context, output: Mapping[str, Any], kind: str) -> Markup:
    data = NOT_BASE64.sub("", output["data"][kind])
    if not _left(context).take("pictures", len(data)):
        return Markup("<p>{}</p>").format(markup.TOO_MANY)
    return Markup('<img alt="{}" src="data:{};base64,{}">').format(_description(output), kind, data)


def _description(output: Mapping[str, Any]) -> str:
    """Return a picture's text alternative: what it says of itself, where it does."""
    said = output["data"].get("text/plain", "")
    return shown(said) if said and not said.startswith("<") else "A picture that this cell drew"


@pass_context
def _shown(context: Context, text: str) -> str:
    return shown(_left(context).cut(text))
