"""From whatever a student handed in to a notebook that can be graded.

Reads with limits and repairs against the released cells.  Pure functions over
files and notebooks; must not know the gradebook, nbgrader or the sandbox.
"""

from __future__ import annotations

import ast
import itertools
import os
import re
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.base.words import line_breaks, listed, unix_lines
from autograder.course.assignment import MasterCell
from autograder.course.carried import LEFT_OUT, without_files
from autograder.course.handed_in.reading import (
    MAX_BYTES,
    UnreadableSubmission,
    parse_json,
    read_bytes,
)
from autograder.course.releases import Digests, digests_of, made_from

MAX_CELLS = 2000
MAX_LINES = 300_000
CELL_TYPES = ("code", "markdown", "raw")
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
NBGRADER_KEYS = (
    *("cell_type", "checksum", "grade", "grade_id", "locked"),
    *("points", "schema_version", "solution", "task"),
)
HALF_SURROGATE = re.compile("[\ud800-\udfff]")
_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_IMAGE_TYPE = re.compile(r"image/[a-zA-Z0-9.+-]{1,40}")
DEFINED = re.compile(r"^(?:def|class)\s+(\w+)", re.MULTILINE)
MAGIC = re.compile(r"^[ \t]*[%!?].*$", re.MULTILINE)
WORD, SENTENCE = re.compile(r"[^\W\d_]{2,}"), 4  # so many words that are no code are an answer


def empty_submission() -> NotebookNode:
    """Return a valid notebook without cells, to stand for one that cannot be read."""
    return _notebook([])


# --- Reading ---------------------------------------------------------------


def read_submission(
    path: str | os.PathLike[str],
    max_bytes: int = MAX_BYTES,
    inside: str | os.PathLike[str] | None = None,
) -> NotebookNode:
    """Read a submitted notebook, trusting nothing about it: `read_bytes`, `parse_submission`."""
    return parse_submission(read_bytes(path, max_bytes, inside), Path(path).name)


def parse_submission(data: bytes, name: str = "The submission") -> NotebookNode:
    """Return the notebook in a submitted file's bytes.

    Of each cell only its type, id, source, picture attachments and nbgrader
    metadata are kept, checked and as plain values: no outputs, no tags.

    Parameters
    ----------
    data : what was in the file
    name : how a message calls it

    Returns
    -------
    NotebookNode of format 4.5; `sanitise` it before use

    Raises
    ------
    UnreadableSubmission
        for anything that is not such a notebook; nothing else is raised
    """
    try:
        return _parse(data, name)
    except UnreadableSubmission:
        raise
    except (RecursionError, MemoryError):
        reason = f"{name} is nested too deeply, or is too large, to be read."
        raise UnreadableSubmission(reason) from None
    except Exception as error:
        reason = f"{name} cannot be read as a notebook ({type(error).__name__})."
        raise UnreadableSubmission(reason) from None


def _parse(data: bytes, name: str) -> NotebookNode:
    content = parse_json(data, name)
    if type(content) is not dict or type(content.get("nbformat")) is not int:
        raise UnreadableSubmission(f"{name} is JSON but not a notebook.")
    if content["nbformat"] != 4:
        age = "an older" if content["nbformat"] < 4 else "a newer"
        raise UnreadableSubmission(
            f"{name} has {age} notebook format than 4: "
            "open it in JupyterLab, save it and submit it again."
        )
    cells = content.get("cells")
    if type(cells) is not list:
        raise UnreadableSubmission(f"{name} has no list of cells.")
    if len(cells) > MAX_CELLS:
        raise UnreadableSubmission(f"{name} has more than {MAX_CELLS} cells.")
    plain = [_plain_cell(cell, number) for number, cell in enumerate(cells, start=1)]
    if sum(map(_lines, plain)) > MAX_LINES:
        raise UnreadableSubmission(f"{name} has more than {MAX_LINES} lines.")
    return _notebook(plain, _kernel_name(content))


def _lines(cell: NotebookNode) -> int:
    pictures = [data for bundle in cell.get("attachments", {}).values() for data in bundle.values()]
    return sum(map(line_breaks, (cell.source, *pictures)))


def _plain_cell(cell: Any, number: int) -> NotebookNode:
    """Return one cell with nothing in it but plain, checked values."""
    if not isinstance(cell, dict):
        note = f"*Cell {number} of the submission was not a cell and could not be read.*"
        return _cell("markdown", note)
    kind = cell.get("cell_type")
    if kind not in CELL_TYPES:
        kind = "markdown" if kind == "heading" else "raw"
    source = unix_lines(_text(cell.get("source")))
    plain = _cell(kind, without_files(source) if kind == "code" else source)
    identifier = cell.get("id")
    if type(identifier) is str and _CELL_ID.fullmatch(identifier):
        plain["id"] = identifier
    metadata = cell.get("metadata")
    data = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    if isinstance(data, dict):
        known = {key: data[key] for key in NBGRADER_KEYS if key in data}
        plain.metadata["nbgrader"] = NotebookNode(
            {
                key: _text(value) if isinstance(value, str) else value
                for key, value in known.items()
                if value is None or type(value) in (bool, int, float, str)
            }
        )
    attachments = _attachments(cell.get("attachments"))
    if kind == "markdown" and attachments:
        plain["attachments"] = attachments
    return plain


def _text(source: Any) -> str:
    """Return a source as one string that can be encoded, whatever it was."""
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        return ""
    return HALF_SURROGATE.sub("?", source)


def _attachments(attachments: Any) -> NotebookNode:
    """Return the attachments that are pictures, as Markdown can show them."""
    kept = NotebookNode()
    for name, bundle in attachments.items() if isinstance(attachments, dict) else ():
        if isinstance(bundle, dict):
            pictures = {
                mime: _text(data)
                for mime, data in bundle.items()
                if _IMAGE_TYPE.fullmatch(mime) and isinstance(data, (str, list))
            }
            if pictures:
                kept[_text(name)] = NotebookNode(pictures)
    return kept


def _kernel_name(content: Any) -> str | None:
    metadata = content.get("metadata")
    kernelspec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    name = kernelspec.get("name") if isinstance(kernelspec, dict) else None
    return _text(name) if isinstance(name, str) else None


def _cell(kind: str, source: str) -> NotebookNode:
    cell = NotebookNode(cell_type=kind, metadata=NotebookNode(), source=source)
    if kind == "code":
        cell["execution_count"] = None
        cell["outputs"] = []
    return cell


def _notebook(cells: list[NotebookNode], kernel: str | None = KERNELSPEC["name"]) -> NotebookNode:
    metadata = NotebookNode(language_info=NotebookNode(name="python"))
    if kernel is not None:
        metadata["kernelspec"] = NotebookNode({**KERNELSPEC, "name": kernel})
    _name_cells(cells)
    return NotebookNode(cells=cells, metadata=metadata, nbformat=4, nbformat_minor=5)


def free_id(stem: str, taken: Container[str]) -> str:
    """Return an id for a cell that no other cell has: this one, or with a number behind it."""
    names = itertools.chain([stem], (f"{stem[:56]}-{n}" for n in itertools.count(2)))
    return next(name for name in names if name not in taken)


def _name_cells(cells: list[NotebookNode]) -> None:
    """Give each cell an id of its own; the same notebook gets the same ids."""
    used: set[str] = set()
    own = {cell["id"] for cell in cells if "id" in cell}
    for number, cell in enumerate(cells, start=1):
        name = cell.get("id")
        if name is None or name in used:
            grade_id = _grade_id(cell) or ""
            stem = name or (grade_id if _CELL_ID.fullmatch(grade_id) else f"cell-{number}")
            name = free_id(stem, used | own)
        used.add(name)
        cell["id"] = name


# --- Repairing -------------------------------------------------------------


def sanitise(
    notebook: NotebookNode,
    master: Sequence[MasterCell],
    releases: Sequence[Digests] = (),
    prose: Container[str] | None = None,
) -> tuple[NotebookNode, list[str]]:
    """Repair a submitted notebook against the released cells.

    Every released cell is in the result exactly once, with its type and its
    nbgrader metadata; all but solution cells have the released source.  Outputs,
    tags and other metadata are gone.  A student's own cells stay and run.

    Parameters
    ----------
    notebook : as `read_submission` gives it; not changed
    master : the released cells, in the notebook's order
    releases : digests of all until now; what differs because the hand-in was made from an
        earlier one is told as that
    prose : the text of the released cells that nbgrader does not own; None where it is not known

    Returns
    -------
    notebook : NotebookNode of format 4.5, valid for nbformat and for nbgrader
    repairs : one sentence for each repair, for the student and the instructor
    """
    submitted = notebook.get("cells")
    cells = [
        _plain_cell(cell, number)
        for number, cell in enumerate(submitted if isinstance(submitted, list) else [], start=1)
    ]
    repairs: list[str] = []
    kernel = _kernel_name(notebook)
    if cells and kernel not in (KERNELSPEC["name"], "python"):
        was = f"the kernel {_shown(kernel)}" if kernel else "no kernel"
        repairs.append(f"The notebook named {was}; it is graded with Python 3.")
    known = {cell.grade_id: cell for cell in master}
    old = _of_earlier_release(digests_of(NotebookNode(cells=cells)), releases)
    if old:
        repairs.append(
            "The notebook was handed in on an earlier version of this assignment; "
            f"{listed(old)} {'is' if len(old) == 1 else 'are'} as in the present one."
        )
    cells = _demote_unknown(cells, known, old, repairs)
    cells = _keep_one_of_each(cells, master, repairs)
    _adopt(cells, master, repairs)
    missing = {cell.grade_id for cell in master} - {_grade_id(cell) for cell in cells}
    cells = [
        _restore(cell, known[grade_id], old, repairs) if (grade_id := _grade_id(cell)) else cell
        for cell in cells
    ]
    cells = _grade_after_solution(cells, master, repairs)
    cells = _add_missing(cells, master, missing, old, repairs)
    if prose is not None:
        cells = _gather_answers(cells, known, prose, repairs)
    return _notebook(cells), repairs


def _grade_id(cell: NotebookNode) -> str | None:
    data = cell.metadata.get("nbgrader", {})
    grade_id = data.get("grade_id")
    return grade_id if isinstance(grade_id, str) else None


def _places(cells: list[NotebookNode]) -> dict[str, int]:
    return {name: i for i, cell in enumerate(cells) if (name := _grade_id(cell)) is not None}


def _of_earlier_release(there: Digests, releases: Sequence[Digests]) -> list[str]:
    """Return the cells that are as an earlier release had them, and not as the present one."""
    if not there or not releases:
        return []
    was, now = made_from(there, releases), releases[-1]
    names = [name for name in {**now, **was} if was.get(name) != now.get(name)]
    return [name for name in names if there.get(name) == was.get(name)]


def _demote_unknown(
    cells: list[NotebookNode],
    known: dict[str, MasterCell],
    old: Container[str],
    repairs: list[str],
) -> list[NotebookNode]:
    for cell in cells:
        grade_id = _grade_id(cell)
        if grade_id not in known and "nbgrader" in cell.metadata:
            del cell.metadata["nbgrader"]
            if grade_id and grade_id not in old:
                repairs.append(
                    f"A cell called {_shown(grade_id)} is not part of this assignment; "
                    "it counts as an ordinary cell."
                )
    return cells


def _keep_one_of_each(
    cells: list[NotebookNode], master: Sequence[MasterCell], repairs: list[str]
) -> list[NotebookNode]:
    """Keep one copy of each released cell; the others become ordinary cells.

    Students copy a cell to try something, so a copy may define what later cells
    use: it still runs.  Only an unchanged copy of a cell that is not theirs to
    write has nothing to give, and goes.
    """
    dropped: set[int] = set()
    named: dict[str | None, list[int]] = {}
    for i, cell in enumerate(cells):
        named.setdefault(_grade_id(cell), []).append(i)
    for released in master:
        copies = named.get(released.grade_id, [])
        if len(copies) < 2:
            continue
        kept = _copy_to_keep([cells[i].source for i in copies], released)
        for number, i in enumerate(copies):
            if number != kept:
                del cells[i].metadata["nbgrader"]
                if not released.solution and cells[i].source == released.handed_out:
                    dropped.add(i)
        repairs.append(
            f"The cell {released.grade_id} was there {len(copies)} times; number {kept + 1} counts."
        )
    return [cell for i, cell in enumerate(cells) if i not in dropped]


def _copy_to_keep(sources: list[str], released: MasterCell) -> int:
    if not released.solution:
        return len(sources) - 1 if released.grade else 0  # set-up first, checks last
    worked = [i for i, text in enumerate(sources) if text.strip() and text != released.handed_out]
    written = [i for i, text in enumerate(sources) if text.strip()]
    return (worked or written or [0])[-1]


def _adopt(cells: list[NotebookNode], master: Sequence[MasterCell], repairs: list[str]) -> None:
    """Recognise missing released cells among those that have lost their metadata.

    Some editors drop it.  A check is known by its text, a solution by its name or by what it
    defines as it is released (the last one counts), a written answer by its first line.
    """
    there = {_grade_id(cell) for cell in cells}
    for released in master:
        if released.grade_id in there:
            continue
        found = [
            cell
            for cell in cells
            if "nbgrader" not in cell.metadata
            and cell.cell_type == released.cell_type
            and _may_be(cell.source, released)
        ]
        if found:
            found[-1].metadata["nbgrader"] = NotebookNode(released.nbgrader)
            repairs.append(f"The cell {released.grade_id} had lost its mark; it counts again.")


def _may_be(source: str, released: MasterCell) -> bool:
    if not released.solution:
        return source.strip() in (released.source.strip(), released.handed_out.strip())
    if released.cell_type == "code":
        names = (released.grade_id, *DEFINED.findall(released.handed_out))
        name = "|".join(map(re.escape, names))
        sought = rf"^(def|class)\s+({name})\b|^({re.escape(released.grade_id)})\s*=[^=]"
        return re.search(sought, source, re.M) is not None
    first = released.handed_out.strip().partition("\n")[0]
    return bool(first) and source.strip().partition("\n")[0] == first


def _restore(
    cell: NotebookNode, released: MasterCell, old: Container[str], repairs: list[str]
) -> NotebookNode:
    """Return a cell with all that the student does not own of it as released."""
    name = released.grade_id
    restored = _cell(released.cell_type, cell.source)
    if "id" in cell:
        restored["id"] = cell["id"]
    if cell.cell_type != released.cell_type:
        repairs.append(
            f"The cell {name} had been made a {cell.cell_type} cell; "
            f"it is a {released.cell_type} cell again."
        )
    same = cell.source == unix_lines(released.source)
    if same:
        restored["source"] = released.source
    if released.solution:
        if "attachments" in cell and released.cell_type == "markdown":
            restored["attachments"] = cell["attachments"]
    elif not same:
        if name not in old and cell.source != unix_lines(released.handed_out):
            repairs.append(f"The cell {name} had been edited; the original is back.")
        restored["source"] = released.source
    was, owned = cell.metadata["nbgrader"], released.nbgrader
    settings = ("grade", "locked", "points", "schema_version", "solution")
    if name not in old and any(was.get(setting) != owned.get(setting) for setting in settings):
        repairs.append(f"The grading settings of {name} had been changed; they are restored.")
    restored["metadata"] = _metadata(released)
    return restored


def _metadata(released: MasterCell) -> NotebookNode:
    metadata = NotebookNode(deletable=False, nbgrader=NotebookNode(released.nbgrader))
    if not released.solution:
        metadata["editable"] = False
    return metadata


def _grade_after_solution(
    cells: list[NotebookNode], master: Sequence[MasterCell], repairs: list[str]
) -> list[NotebookNode]:
    """Move a check that stands before the solution it checks to just after it."""
    places = _places(cells)
    for released in master:
        grade, solution = places.get(released.grade_id), places.get(released.exercise or "")
        if grade is not None and solution is not None and grade < solution:
            cells.insert(solution, cells.pop(grade))
            places = _places(cells)
            repairs.append(
                f"The cell {released.grade_id} stood before {released.exercise}; "
                "it has been moved after it."
            )
    return cells


def _add_missing(
    cells: list[NotebookNode],
    master: Sequence[MasterCell],
    missing: set[str],
    old: Container[str],
    repairs: list[str],
) -> list[NotebookNode]:
    """Put missing released cells back.

    A cell goes after the released cell that it followed, so that the set-up comes
    first and a bare stub comes before what the student may have written in a cell
    of their own.  A check goes after its solution cell; if that is missing too,
    as late as its place allows, so as to find the student's own definition.
    """
    order = [cell.grade_id for cell in master]
    for index, released in enumerate(master):
        if released.grade_id not in missing:
            continue
        places = _places(cells)
        solution = places.get(released.exercise or "")
        if solution is not None and released.exercise not in missing:
            at = solution + 1
        elif solution is not None:
            later = [places[name] for name in order[index + 1 :] if name in places]
            at = max(min(later, default=len(cells)), solution + 1)
        else:
            checks = [
                places[c.grade_id]
                for c in master
                if c.exercise == released.grade_id and c.grade_id in places
            ]
            at = min([places[order[index - 1]] + 1 if index else 0, *checks])
        cell = _cell(
            released.cell_type, released.handed_out if released.solution else released.source
        )
        cell["metadata"] = _metadata(released)
        cells.insert(at, cell)
        if released.grade_id not in old:
            repairs.append(f"The cell {released.grade_id} was missing; it has been put back.")
    return cells


def _shown(name: str | None) -> str:
    """Return a student's name for something, fit for a sentence on any page."""
    return repr(re.sub(r"[^A-Za-z0-9_. -]", "?", name or "")[:60])


# --- Answers for a person in other cells ----------------------------------------------------------


def _gather_answers(
    cells: list[NotebookNode],
    known: Mapping[str, MasterCell],
    prose: Container[str],
    repairs: list[str],
) -> list[NotebookNode]:
    """Put what a student wrote around an empty answer into it, so that a person sees it.

    An editor may have lost the cell's mark, or the answer was typed into a new cell.  Between
    the cells that nbgrader owns lies only the course's own text otherwise.  Code that a person
    marks is moved, so that it runs once; words in a code cell stay there too.
    """
    gone: set[int] = set()
    for i, cell in enumerate(cells):
        released = known.get(_grade_id(cell) or "")
        if released is None or not _is_by_hand(released):
            continue
        if cell.source.strip() not in ("", released.handed_out.strip(), released.source.strip()):
            continue
        around = [j for j in _around(cells, i, known) if j not in gone]
        code = released.cell_type == "code"
        own = [j for j in around if _is_answer(cells[j], prose, code)]
        if not own:
            continue
        cell.source = "\n\n".join(cells[j].source for j in own)
        pictures = {k: v for j in own for k, v in cells[j].get("attachments", {}).items()}
        if pictures:
            cell["attachments"] = NotebookNode(pictures)
        gone |= {j for j in own if code or cells[j].cell_type != "code"}
        repairs.append(
            f"The answer to {released.grade_id} stood in another cell and has been put into its "
            "own; it waits for a person."
        )
    return [cell for i, cell in enumerate(cells) if i not in gone]


def _is_by_hand(released: MasterCell) -> bool:
    return released.grade and released.solution


def _around(cells: list[NotebookNode], at: int, known: Mapping[str, MasterCell]) -> list[int]:
    """Return the places of the ordinary cells next to one, those before another question's out."""
    first, last = at, at + 1
    while first > 0 and _grade_id(cells[first - 1]) is None:
        first -= 1
    before = known.get(_grade_id(cells[first - 1]) or "") if first > 0 else None
    if before is not None and _is_by_hand(before):
        first = at  # what follows a question is the answer to that one
    while last < len(cells) and _grade_id(cells[last]) is None:
        last += 1
    return [*range(first, at), *range(at + 1, last)]


def _is_answer(cell: NotebookNode, prose: Container[str], code: bool) -> bool:
    """Whether a cell holds what a student may have answered.

    Parameters
    ----------
    code : whether code is asked for; otherwise words, also in a code cell
    """
    text = cell.source.strip()
    if not text or text in prose or LEFT_OUT in text:
        return False
    if code or cell.cell_type != "code":
        return cell.cell_type == "code" or not code
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return len(WORD.findall(MAGIC.sub("", text))) >= SENTENCE
    except (RecursionError, MemoryError):
        return False
    return all(map(_is_words, body))


def _is_words(statement: ast.stmt) -> bool:
    """Whether a statement is but a text: alone, printed, or under a name."""
    value = getattr(statement, "value", None)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        texts = value.args if value.func.id == "print" else []
        return bool(texts) and all(map(_is_text, texts))
    # A sentence in a language that needs no spaces is a name to Python.
    named = isinstance(value, ast.Name) and not value.id.isascii()
    return isinstance(statement, (ast.Expr, ast.Assign)) and (named or _is_text(value))


def _is_text(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str)
