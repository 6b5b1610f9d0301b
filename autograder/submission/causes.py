"""Why a name is not there: the cell that would have defined it, and what became of that cell.

Reads the text of the cells and how each ended; runs and parses nothing.  What it
says is for people and earns nothing.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from autograder.base.words import printable
from autograder.submission.slips import MAX_LINE, said_of_error

STOPPED = "Stopped"  # the name of an error: its process was ended over this cell
NO_CELL = "no cell defines it"
NOT_RUN = "NotRun"  # the submission had come to its end before
MAX_CAUSE = 400
ALIKE = 0.75  # of how two names are compared


@dataclass(frozen=True)
class CellRun:
    """A cell, and how it ended.

    Parameters
    ----------
    number : among the code cells, from 1; 0 for a cell that is no code
    kind : "code", "markdown" or "raw"
    source : its text
    error : the name of what was raised, `STOPPED` or `NOT_RUN`; empty where it ran to its end
    text : what the error says
    line : where it was raised, if that is known
    """

    number: int
    kind: str
    source: str
    error: str = ""
    text: str = ""
    line: int | None = None

    @property
    def end(self) -> str:
        """How it ended, in words."""
        where = f"code cell {self.number}"
        if self.error == STOPPED:
            return f"{where} was stopped: {printable(self.text[:200])}"
        if self.error == NOT_RUN:
            return f"{where} was not run: {printable(self.text[:200])}"
        said = said_of_error(self.error, self.text, self.source, self.line)
        return f"{where} did not run to its end: {said}"


def why_missing(name: str, cells: Sequence[CellRun], others: Collection[str] = ()) -> str:
    """Say why a notebook has nothing of a name; bounded, without what steers a terminal.

    Parameters
    ----------
    name : an identifier
    cells : all that were to run, in their order, Markdown among them
    others : names that are not meant by it, however alike they look
    """
    code = [cell for cell in cells if cell.kind == "code"]
    said = (
        failed(name, cells)
        or _deleted(name, code)
        or _inside(name, code)
        or _no_code(name, cells)
        or _alike(name, code, others)
        or NO_CELL
    )
    return said[:MAX_CAUSE]


def failed(name: str, cells: Sequence[CellRun], deeper: bool = True) -> str:
    """Say how the last cell that would have defined a name ended; empty where none failed."""
    cell = next((cell for cell in reversed(cells) if cell.error and _defines(cell, name)), None)
    if cell is None:
        return ""
    lacking = re.match(r"name '(\w{1,80})' is not defined", cell.text)
    if deeper and cell.error == "NameError" and lacking and lacking[1] != name:
        # That cell may have failed because of an earlier one, such as imports that did not run.
        before = failed(lacking[1], cells, deeper=False)
        return f"{cell.end}; {before}" if before else cell.end
    return cell.end


def _defines(cell: CellRun, name: str) -> bool:
    return cell.kind == "code" and defines(cell.source, name) > 0


def defines(source: str, name: str) -> int:
    """Return how many lines of a cell, not indented, would define a name.

    >>> defines("def f(x):\\n    f = 2\\nf, g = 1, 2", "f")
    2
    """
    if name not in source:
        return 0
    escaped = re.escape(name)
    kinds = (
        rf"(async\s+)?(def|class)\s+{escaped}\b",
        rf"{escaped}\s*(:[^=]*)?=(?!=)",
        rf"(from|import)\s.*\b{escaped}\b",
    )
    rows = (row[:MAX_LINE] for row in source.splitlines() if name in row)
    return sum(any(re.match(kind, row) for kind in kinds) or _assigned(row, name) for row in rows)


def _assigned(row: str, name: str) -> bool:
    """Tell whether a name is among several on the left of an equals sign."""
    left, sign, right = row.partition("=")
    if not sign or right.startswith("=") or row[:1].isspace():
        return False
    return name in (part.strip(" \t()") for part in left.split(","))


def _deleted(name: str, code: Sequence[CellRun]) -> str:
    for cell in reversed(code):
        for row in cell.source.splitlines():
            row = row.strip()[:MAX_LINE]
            if re.match(rf"del\b[\s(].*\b{re.escape(name)}\b", row) or (
                name in row and re.match(r"%reset_selective\b", row)
            ):
                return f"code cell {cell.number} deletes it ({printable(row[:60])})"
            if re.match(r"%reset\b|globals\(\)\.clear\(", row):
                return f"code cell {cell.number} deletes all names ({printable(row[:60])})"
    for cell in reversed(code):
        first = cell.source.lstrip()[:MAX_LINE]
        if first.startswith("%%") and _defines(cell, name):
            magic = printable(first.split()[0][:40])
            return f"code cell {cell.number} begins with {magic}: what it defines is not kept"
    return ""


def _inside(name: str, code: Sequence[CellRun]) -> str:
    """Say in what a definition stands, indented or as a comment."""
    definition = re.compile(rf"\s*(#\s*)?(?:async\s+)?(?:def|class)\s+{re.escape(name)}\b")
    for cell in reversed(code):
        if name not in cell.source:
            continue
        rows = [row[:MAX_LINE] for row in cell.source.splitlines()]
        for i, row in enumerate(rows):
            found = definition.match(row)
            if found is None:
                continue
            where = f"in code cell {cell.number}"
            if found[1]:
                return f"{where} it is a comment (line {i + 1} begins with #)"
            outer = _outer(rows, i)
            kind = re.match(r"(?:async\s+)?(def|class)\s+(\w{1,80})", outer)
            if kind:
                what = "function" if kind[1] == "def" else "class"
                return (
                    f"{where} it is defined inside the {what} {printable(kind[2])}, so that "
                    "outside nothing has this name: move it to the left margin"
                )
            if outer:
                return f"{where} it stands under `{printable(outer[:40])}`, and was not reached"
    return ""


def _outer(rows: Sequence[str], i: int) -> str:
    """Return the line at the left margin under which an indented line stands."""
    if not rows[i][:1].isspace():
        return ""
    above = (row for row in reversed(rows[:i]) if row.strip() and not row[0].isspace())
    return next((row for row in above if row[0] not in "#)]}"), "")


def _no_code(name: str, cells: Sequence[CellRun]) -> str:
    definition = re.compile(rf"(?m)^(?:def|class)\s+{re.escape(name)}\b")
    for cell in reversed(cells):
        if cell.kind != "code" and name in cell.source and definition.search(cell.source):
            kind = "Markdown" if cell.kind == "markdown" else "raw"
            return f"it stands in a {kind} cell, which is not run: make it a code cell"
    return ""


def _alike(name: str, code: Sequence[CellRun], others: Collection[str]) -> str:
    defined: dict[str, tuple[str, int]] = {}
    for cell in code:
        for row in cell.source.splitlines():
            found = re.match(r"(?:(?:def|class)\s+(\w{1,80})|(\w{1,80})\s*=\s*lambda\b)", row)
            other = (found[1] or found[2]) if found else None
            if other and other not in others:
                defined[other.lower()] = (other, cell.number)
    close = difflib.get_close_matches(name.lower(), list(defined)[-1000:], 1, ALIKE)
    if not close:
        return ""
    other, number = defined[close[0]]
    return f"code cell {number} defines {printable(other)}: is it misspelt? Its name is {name}"
