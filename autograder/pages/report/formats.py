"""A report's figures as a page, as CSV and as JSON; the same figures give the same bytes.

The page needs no network and no script.  What students wrote is text in it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder.base.words import lesson_address, points_text, spreadsheet_text
from autograder.course.folder import write_atomically

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "report"
# What names a row of each table; the rest of it are figures.
ROWS: Mapping[str, tuple[str, ...]] = {
    "bins": ("from", "to"),
    "examples": ("example",),
    "exercises": ("exercise",),
    "failed_cells": ("cause",),
    "hardest": ("exercise",),
    "help": ("student",),
    "matrix": ("student",),
    "mistakes": ("exercise", "mistake"),
    "people": ("student", "set", "kind"),
    "regrades": ("at", "student"),
    "sets": ("set",),
}


def write(
    figures: Mapping[str, Any], folder: Path, formats: Sequence[str], book: str = ""
) -> list[Path]:
    """Write a report in each format, whole or not at all; return the files.

    Raises
    ------
    OSError : a file cannot be written
    """
    paths = []
    for name in formats:
        path = folder / f"{figures['assignment']}.{name}"
        text = as_html(figures, book) if name == "html" else FORMATS[name](figures)
        write_atomically(path, text)
        paths.append(path)
    return paths


def as_json(figures: Mapping[str, Any]) -> str:
    """Return the figures as JSON; what is undefined is null."""
    return json.dumps(figures, ensure_ascii=False, indent=1) + "\n"


def as_csv(figures: Mapping[str, Any]) -> str:
    """Return the figures as CSV, one figure a line; what is undefined is empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("table", "row", "figure", "value"))
    for table, content in figures.items():
        for row, figure, value in _lines("", table, content):
            shown = "" if value is None else value
            shown = spreadsheet_text(shown) if isinstance(shown, str) else shown
            named = "" if figure == table else figure
            writer.writerow((table, spreadsheet_text(row), named, shown))
    return text.getvalue()


def _lines(row: str, figure: str, content: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield row, figure and value of a table; of a row in it the name is put together."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _lines(row, key, value)
    elif isinstance(content, list):
        for part in content:
            names = [name for name in ROWS[figure] if name in part]
            inner = ": ".join((*filter(None, (row,)), *(str(part[name]) for name in names)))
            rest = {key: value for key, value in part.items() if key not in names}
            yield from _lines(inner, figure, rest)
    else:
        yield row, figure, content


def as_html(figures: Mapping[str, Any], book: str = "") -> str:
    """Return the figures as one page; see `autograder.course.course.Course.book`."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": number, "percent": percent, "points": points_text}
    kind = "student" if "student" in figures else "course" if "sets" in figures else "index"
    tables = (figures.get(table, ()) for table in ("exercises", "sets"))
    columns = [
        (row.get("exercise") or row.get("set"), row["max_points"])
        for rows in tables
        for row in rows
    ]
    style = Markup((TEMPLATES / "style.css").read_text(encoding="utf-8"))
    return environment.get_template(f"{kind}.html.j2").render(
        report=figures,
        style=style,
        columns=columns,
        groups=_by_kind(figures.get("people", ())),
        lesson_address=lambda path: lesson_address(book, Path(path).stem),
    )


def number(value: float | None, digits: int = 2) -> str:
    """Write a figure with so many digits, or a dash where it is undefined."""
    return "\u2013" if value is None else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """Write a share in per cent, or a dash where it is undefined.

    >>> percent(0.129), percent(None)
    ('13%', '–')
    """
    return "\u2013" if value is None else f"{100 * value:.0f}%"


def _by_kind(people: Sequence[Mapping[str, str]]) -> list[tuple[str, list[Mapping[str, str]]]]:
    """Return those who need a person, by the kind of reason, rarest first."""
    kinds: dict[str, list[Mapping[str, str]]] = {}
    for one in people:
        kinds.setdefault(one["kind"], []).append(one)
    return sorted(kinds.items(), key=lambda kind: (len(kind[1]), kind[0]))


FORMATS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "html": as_html,
    "csv": as_csv,
    "json": as_json,
}
