"""What a released notebook carries: the files that lie beside it, for where it is opened alone.

They stand in a code cell, since no other part of a notebook can be read by code everywhere.
A graded notebook and its pages leave them out.
"""

from __future__ import annotations

import base64
import bz2
import inspect
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from autograder.checking import lay_out

if TYPE_CHECKING:
    from nbformat import NotebookNode

MOST_BYTES = 1 << 20  # of text; with more, a notebook opens slowly, and no mail takes it
CELL_ID = "carried-files"
# JupyterLab and Colab fold the cell, and a book leaves it out.
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}, "tags": ["remove-cell"]}
LEFT_OUT = "# Left out here: the files that came with the notebook."
_CALL = "lay_out({"
_FILE = re.compile(r'^    "([^"\n]+)": "([A-Za-z0-9+/=]*)",?\n', re.MULTILINE)


def carrying_cell(name: str, files: Mapping[str, bytes]) -> NotebookNode | None:
    """Return the cell that puts files beside a notebook; None: there are none, or too many bytes.

    The same files give the same cell.  A file has a line, so a difference names the file.

    Parameters
    ----------
    name : of the assignment, ``"ps1"``
    files : by their paths relative to the notebook, with slashes
    """
    lines = [
        f'    "{path}": "{base64.b64encode(bz2.compress(content)).decode()}",\n'
        for path, content in sorted(files.items())
    ]
    if not lines or sum(map(len, lines)) > MOST_BYTES:
        return None
    from nbformat import NotebookNode

    title = f"# @title The files of {name}: run this cell, and leave it as it is"
    return NotebookNode(
        cell_type="code",
        execution_count=None,
        id=CELL_ID,
        metadata=NotebookNode(deletable=False, editable=False, **FOLDED),
        outputs=[],
        source=f"{title}\n{_code(''.join(lines))}",
    )


def carried_files(notebook: NotebookNode) -> dict[str, bytes]:
    """Return the files that a notebook carries, by path; none where it has no such cell.

    >>> from nbformat import NotebookNode
    >>> cell = carrying_cell("ps1", {"checks.py": b"pass"})
    >>> carried_files(NotebookNode(cells=[cell]))
    {'checks.py': b'pass'}
    """
    return {
        path: bz2.decompress(base64.b64decode(text))
        for cell in notebook.cells
        if cell.cell_type == "code" and _CALL in cell.source
        for path, text in _FILE.findall(cell.source)
    }


def without_files(source: str) -> str:
    """Return the source of a code cell without the files that it carries.

    Of a cell that is as it was released its title stays, so that the others keep their numbers;
    what a student wrote in it stays and runs.

    >>> print(without_files(carrying_cell("ps1", {"checks.py": b"pass"}).source))
    # @title The files of ps1: run this cell, and leave it as it is
    # Left out here: the files that came with the notebook.
    """
    if _CALL not in source:
        return source
    rest = _FILE.sub("", source)
    title, _, code = rest.partition("\n")
    return f"{title}\n{LEFT_OUT}" if title.startswith("#") and code == _code("") else rest


def _code(lines: str) -> str:
    packed = "# bz2 and base64 pack them, a line a file."
    return f"{_written()}\n\n{packed}\n{_CALL}\n{lines}}})\ndel lay_out"


@cache
def _written() -> str:
    return inspect.getsource(lay_out.lay_out)
