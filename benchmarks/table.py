"""Tables as text, and the page that keeps them: `results.md`, a section for each benchmark.

The tables are Markdown that reads as well in a terminal.  Knows nothing of what
is measured.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

SECTIONS = ("Benchmark", "Soak", "Coordinator", "Writer", "Scheduler", "Feedback", "Kill matrix")
TITLE = """\
# What grading costs

Written by `make bench`, `make soak`, `make kill` and `python -m benchmarks feedback`; each
replaces its own sections and leaves the others.
"""


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Return a Markdown table with its columns in line.

    Parameters
    ----------
    headers : a word for each column
    rows : as many cells each as there are headers
    left : how many columns, from the first, are words and not numbers

    Raises
    ------
    ValueError : a row has more or fewer cells than there are headers
    """
    lines = [[cell.replace("|", "\\|") for cell in row] for row in (headers, *rows)]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    aligned = [
        [cell.ljust(width) if place < left else cell.rjust(width)
         for place, (cell, width) in enumerate(zip(line, widths, strict=True))]
        for line in lines
    ]  # fmt: skip
    rule = [
        "-" * width if place < left else "-" * (width - 1) + ":"
        for place, width in enumerate(widths)
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in (aligned[0], rule, *aligned[1:]))


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with that many significant digits, none of them lost before the point."""
    if value is None:
        return "not seen"
    if value == 0:
        return "0"
    whole = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    if whole:
        return f"{value:,.{max(0, digits - whole)}f}"
    return f"{value:.{digits}g}" if abs(value) < 1e-3 else f"{value:.{digits}f}"


def sections_of(text: str) -> dict[str, str]:
    """Return the sections of a page by name; what it has of no known name is dropped."""
    parts = re.split(rf"^## ({'|'.join(SECTIONS)})\n", text, flags=re.MULTILINE)
    return {name: body.strip("\n") for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def page(sections: Mapping[str, str]) -> str:
    """Return a page of sections, in their fixed order."""
    there = [f"## {name}\n\n{sections[name]}\n" for name in SECTIONS if name in sections]
    return "\n".join((TITLE, *there))


def replace_section(path: Path, name: str, body: str) -> None:
    """Write one section of a page and leave the others as they are.

    Raises
    ------
    KeyError : there is no section of that name
    OSError : the page cannot be read or written
    """
    if name not in SECTIONS:
        raise KeyError(f"{name!r} is none of {', '.join(SECTIONS)}")
    there = sections_of(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(page({**there, name: body.strip("\n")}), encoding="utf-8", newline="\n")
