"""What a report shows of the students' own work: a function's code, and why cells failed.

Reads text alone: nothing of a student's is run or parsed.  Comments, texts and names of
students stay out of what is shown.
"""

from __future__ import annotations

import io
import json
import re
import tokenize
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.base.words import printable, unix_lines
from autograder.pages.highlighting import legible
from autograder.pages.report.statistics import Failure
from autograder.submission.causes import NOT_RUN, STOPPED, CellRun, defines
from autograder.submission.slips import CANNOT_BE_READ, slip, told

MAX_CODE = 20_000  # characters of a cell that is looked at
SHOWN_LINES, SHOWN_COLUMNS = 25, 100
MAX_SAID = 80  # characters of an error's text
LONGEST_TEXT = 20  # characters of a text in code; longer ones may say anything
LEFT_OUT = '"\u2026"'
MAGIC = re.compile(r"\s*[%!?]")
# Words that are nobody's, however short a name is.
SHORTEST_NAME = 3
NOT_WRITTEN = "NotImplementedError"


def read_cells(path: Path) -> list[CellRun]:
    """Return the cells of a graded notebook and how each ended; none where it cannot be read."""
    try:
        cells = json.loads(path.read_bytes())["cells"]
        return list(_runs(cells))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def _runs(cells: Iterable[Mapping[str, Any]]) -> Iterable[CellRun]:
    number = 0
    for cell in cells:
        source = unix_lines("".join(cell["source"]))
        if cell["cell_type"] != "code":
            yield CellRun(0, cell["cell_type"], source)
            continue
        number += 1
        error = next((o for o in cell["outputs"] if o["output_type"] == "error"), None)
        if error is None:
            yield CellRun(number, "code", source)
        else:
            yield CellRun(number, "code", source, str(error["ename"]), str(error["evalue"]))


# --- Code -----------------------------------------------------------------------------------------


def code_of(cells: Sequence[CellRun], name: str) -> str:
    """Return the code that defines a name, without what may say who wrote it; "" where none does.

    Comments and docstrings are left out, and texts of more than a few characters. What comes
    after the check of that name was not judged.
    """
    check = [place for place, cell in enumerate(cells) if cell.source.strip() == f"check({name})"]
    for cell in reversed(cells[: check[0]] if check else cells):
        if cell.kind == "code" and len(cell.source) <= MAX_CODE and defines(cell.source, name):
            code = _definition(cell.source, name)
            if code:
                return code
    return ""


def _definition(source: str, name: str) -> str:
    rows = ["" if MAGIC.match(row) else row for row in source.split("\n")]
    try:
        text = "\n".join(rows) + "\n"
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError, RecursionError):
        return ""
    begin = end = None
    for place, token in enumerate(tokens):
        if token.start[1] == 0 and _begins(tokens[place : place + 3], name):
            begin, end = place, _end(tokens, place)
    # From Python 3.12 on what cannot be read is an error, before it is a token.
    if begin is None or end is None or any(x.type == tokenize.ERRORTOKEN for x in tokens):
        return ""
    rows = _without_texts(rows, tokens[begin:end])
    last = max(x.start[0] for x in tokens[begin:end] if x.type == tokenize.NEWLINE)
    kept = [row.rstrip() for row in rows[tokens[begin].start[0] - 1 : last]]
    shown = [legible(row, "?")[:SHOWN_COLUMNS] for row in kept if row.strip()]
    more = ["..."] if len(shown) > SHOWN_LINES else []
    return "\n".join([*shown[:SHOWN_LINES], *more])


def _begins(tokens: Sequence[tokenize.TokenInfo], name: str) -> bool:
    words = [token.string for token in tokens]
    return words[:2] in (["def", name], ["class", name]) or words[:2] == [name, "="]


def _end(tokens: Sequence[tokenize.TokenInfo], begin: int) -> int:
    """Return the place after the last token of what begins at the left margin."""
    depth = 0
    for place in range(begin, len(tokens)):
        kind = tokens[place].type
        depth += (kind == tokenize.INDENT) - (kind == tokenize.DEDENT)
        following = tokens[place + 1].type if place + 1 < len(tokens) else tokenize.ENDMARKER
        ends_line = kind == tokenize.NEWLINE and following not in (
            *(tokenize.INDENT, tokenize.NL, tokenize.COMMENT),
        )
        if depth == 0 and (kind == tokenize.DEDENT or ends_line):
            return place if kind == tokenize.DEDENT else place + 1
    return len(tokens)


def _without_texts(rows: Sequence[str], tokens: Sequence[tokenize.TokenInfo]) -> list[str]:
    """Return lines of code without comments, docstrings and long texts."""
    rows = list(rows)
    cuts: list[tuple[tuple[int, int], tuple[int, int], str]] = []
    opened: list[tuple[int, int]] = []  # where texts with values in them begin
    before = tokenize.NEWLINE
    for token, following in zip(tokens, (*tokens[1:], None), strict=True):
        kind = tokenize.tok_name[token.type]
        if kind == "FSTRING_START":
            opened.append(token.start)
        elif kind == "FSTRING_END":
            start = opened.pop()
            if not opened:
                cuts.append((start, token.end, LEFT_OUT))
        elif kind == "COMMENT":
            cuts.append((token.start, token.end, ""))
        elif kind == "STRING" and not opened:
            alone = following is None or following.type == tokenize.NEWLINE
            if before in (tokenize.NEWLINE, tokenize.INDENT) and alone:
                cuts.append((token.start, token.end, ""))
            elif "f" in token.string[:2].lower() or len(token.string) > LONGEST_TEXT:
                cuts.append((token.start, token.end, LEFT_OUT))
        if kind not in ("NL", "COMMENT"):
            before = token.type
    for (row, column), (last, end), instead in reversed(cuts):
        rest = rows[last - 1][end:]
        rows[row - 1] = rows[row - 1][:column] + instead + rest
        rows[row:last] = [""] * (last - row)
    return rows


def names_nobody(text: str, words: Collection[str]) -> bool:
    """Whether none of these words, of people's names, stands in a text.

    >>> names_nobody("np.exp(z)", {"ann"}), names_nobody("ann_softmax = 1", {"ann"})
    (True, False)
    """
    found = set(re.findall(r"[^\W\d_]+|\w+", text.lower()))
    found |= set(re.findall(r"[\w.-]+", text.lower()))
    return not found.intersection(words)


def words_of(*names: str) -> set[str]:
    """Return the words of a person's names by which somebody would know them."""
    words = {part for name in names for part in re.findall(r"[^\W\d_]+", name.lower())}
    return {word for word in words if len(word) >= SHORTEST_NAME}


# --- Failures -------------------------------------------------------------------------------------


def failures(
    cells: Sequence[CellRun], missing: Mapping[str, str], nobody: Collection[str] = ()
) -> list[Failure]:
    """Return why cells failed, each cause once; a stub that is not written yet is none.

    Parameters
    ----------
    cells : of one student
    missing : exercises that are not defined, and why, as their verdicts say
    nobody : words that no error's text may show
    """
    failed = [cell for cell in cells if cell.error and cell.error != NOT_WRITTEN]
    own: Counter[str] = Counter()
    after: Counter[str] = Counter()
    said: dict[str, str] = {}
    lost: dict[str, list[str]] = {}

    def note(root: CellRun) -> str:
        cause, words = _cause(root)
        said.setdefault(cause, words if names_nobody(words, nobody) else "")
        return cause

    for cell in failed:
        root = _root(cell, failed)
        (own if root is cell else after)[note(root)] += 1
    for name, why in missing.items():
        definer = _definer(name, failed)
        if definer is not None:
            lost.setdefault(note(_root(definer, failed)), []).append(name)
        else:
            cause = re.sub(r"\bcode cell \d+", "a code cell", why).partition(":")[0][:MAX_SAID]
            said.setdefault(cause, "")
            lost.setdefault(cause, []).append(name)
    return [
        Failure(cause, said[cause], own[cause], after[cause], tuple(lost.get(cause, ())))
        for cause in said
    ]


def _definer(name: str, failed: Sequence[CellRun]) -> CellRun | None:
    return next((cell for cell in reversed(failed) if defines(cell.source, name)), None)


def _root(cell: CellRun, failed: Sequence[CellRun]) -> CellRun:
    """Return the cell because of which one failed: that which would have defined its name."""
    seen = {cell.number}
    while cell.error == "NameError":
        lacking = re.match(r"name '(\w{1,80})' is not defined", cell.text)
        earlier = _definer(lacking[1], failed) if lacking else None
        if earlier is None or earlier.number in seen:
            break
        cell = earlier
        seen.add(cell.number)
    return cell


def _cause(cell: CellRun) -> tuple[str, str]:
    """Return a cause's kind in words, and what its error says."""
    words = told(cell.text)[:MAX_SAID]
    if cell.error == "NameError":
        return "a name that no cell defines", words
    if cell.error in CANNOT_BE_READ:
        return "syntax error", slip(cell.error, cell.text, cell.source, None) or words
    if cell.error in ("ModuleNotFoundError", "ImportError"):
        package = re.search(r"No module named '([\w.]{1,60})'", cell.text)
        return (f"missing package: {package[1]}", "") if package else ("import that fails", words)
    if cell.error in (STOPPED, NOT_RUN):
        return ("stopped" if cell.error == STOPPED else "not run: the time was over"), words
    other = re.match(r"(\w{1,40}) is not part of this course", cell.text)
    if other:
        return f"missing package: {other[1]}", words
    return printable(cell.error[:60]), words
