"""What happens to a submission besides its answers: broken files, edited tests, forgeries.

Each edit takes the path of a notebook that `examples.build` has written and
changes it, or what lies beside it.  Knows neither answers nor points.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbformat import NotebookNode, v4

Edit = Callable[[Path], None]


@contextmanager
def editing(path: Path) -> Iterator[NotebookNode]:
    """Give a notebook to be changed in place, and write it back."""
    notebook = v4.reads(path.read_text(encoding="utf-8"))
    yield notebook
    write(path, v4.writes(notebook) + "\n")


def write(path: Path, text: str) -> None:
    """Write a text file, with the same bytes on every system."""
    path.write_text(text, encoding="utf-8", newline="\n")


def owned(cell: NotebookNode) -> dict[str, Any]:
    """Return what nbgrader says of a cell; empty for a student's own cell."""
    return cell.metadata.get("nbgrader", {})


# --- Cells -----------------------------------------------------------------------------------


def delete_tests(path: Path) -> None:
    """Delete every test cell."""
    with editing(path) as notebook:
        notebook.cells = [cell for cell in notebook.cells if not _is_test(cell)]


def edit_tests(path: Path) -> None:
    """Replace every test by one that holds, for 1000 points."""
    with editing(path) as notebook:
        for cell in filter(_is_test, notebook.cells):
            cell.source = "assert True"
            owned(cell)["points"] = 1000


def duplicate_cells(path: Path) -> None:
    """Copy each test cell below itself, and put an untouched stub above each solution."""
    with editing(path) as notebook:
        cells = []
        for cell in notebook.cells:
            if owned(cell).get("solution") and cell.cell_type == "code":
                stub = copy.deepcopy(cell)
                stub.source = 'raise NotImplementedError("not written yet")'
                cells.append(stub)
            cells.append(cell)
            if _is_test(cell):
                cells.append(copy.deepcopy(cell))
        notebook.cells = cells


def drop_metadata(path: Path) -> None:
    """Lose all that nbgrader wrote into the cells, as some editors do on saving."""
    with editing(path) as notebook:
        for number, cell in enumerate(notebook.cells):
            cell.metadata = NotebookNode()
            cell.id = f"saved-{number}"


def take_ids(path: Path) -> None:
    """Name cells as the grader names its own, and lose the kernel, so that something is said."""
    drop_kernel(path)
    with editing(path) as notebook:
        for cell, name in zip(notebook.cells, ("", "-2"), strict=False):
            cell.id = f"about-this-submission{name}"


def drop_kernel(path: Path) -> None:
    """Lose the name of the kernel."""
    with editing(path) as notebook:
        del notebook.metadata["kernelspec"]


def schema(version: int) -> Edit:
    """Return the edit that claims another version of nbgrader's metadata."""

    def edit(path: Path) -> None:
        with editing(path) as notebook:
            for cell in notebook.cells:
                if owned(cell):
                    owned(cell)["schema_version"] = version

    return edit


def forge_results(path: Path) -> None:
    """Tag every test cell to be skipped, and save full marks as its result."""
    with editing(path) as notebook:
        notebook.metadata["nbgrader"] = {"score": 1000, "max_score": 36}
        for cell in filter(_is_test, notebook.cells):
            points = float(owned(cell)["points"])
            cell.metadata["tags"] = ["skip-execution", "nbgrader-ignore"]
            cell.execution_count = 1
            cell.outputs = [
                v4.new_output("display_data", data={"text/plain": f"{points} of {points}"}),
                v4.new_output(
                    "execute_result", data={"text/plain": repr(points)}, execution_count=1
                ),
                v4.new_output("error", ename="AssertionError", evalue="", traceback=[]),
            ]


def _is_test(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(owned(cell).get("grade"))


# --- Files -----------------------------------------------------------------------------------


def not_json(path: Path) -> None:
    """Cut the file off in the middle, as a full disk does."""
    text = path.read_text(encoding="utf-8")
    write(path, text[: len(text) // 2])


def empty_file(path: Path) -> None:
    """Leave nothing in the file."""
    path.write_bytes(b"")


def invalid_utf8(path: Path) -> None:
    """Save in another encoding than a notebook's."""
    text = path.read_text(encoding="utf-8")
    path.write_bytes(text.replace("softmax", "sóftmax", 1).encode("latin-1", "replace"))


def nested_too_deeply(path: Path) -> None:
    """Hide the cells behind 20,000 brackets."""
    write(path, '{"nbformat": 4, "cells": ' + "[" * 20_000 + "]" * 20_000 + "}\n")


def old_format(path: Path) -> None:
    """Save in notebook format 3, which had worksheets."""
    cells = [
        {"cell_type": "code", "input": cell.source, "language": "python", "outputs": []}
        for cell in v4.reads(path.read_text(encoding="utf-8")).cells
        if cell.cell_type == "code"
    ]
    old = {
        "metadata": {"name": path.stem},
        "nbformat": 3,
        "nbformat_minor": 0,
        "worksheets": [{"cells": cells, "metadata": {}}],
    }
    write(path, json.dumps(old, indent=1) + "\n")


def symbolic_link(path: Path) -> None:
    """Put a link to the instructor's version, as it lies in a course, in place of the notebook."""
    name = path.name
    path.unlink()
    path.symlink_to(Path("../../..", "source", path.stem, name))


def links_beside(path: Path) -> None:
    """Put links to what a course holds beside the notebook, under names that go with feedback."""
    for name, target in (
        ("a.html", "../../../.grading-secret"),
        ("b.txt", f"../../../source/{path.stem}/{path.name}"),
        ("folder", "../../../source"),
        ("submission_secret.txt", "../../../.grading-secret"),
    ):
        (path.parent / name).symlink_to(target)


GENEROUS = '''"""Stands beside the notebook under the name of something that it imports."""

import builtins

builtins.AssertionError = type("AssertionError", (Warning,), {})


def check(function, name=None):
    return 1000.0


def __getattr__(name):
    return check
'''


def shadow_modules(path: Path) -> None:
    """Put modules beside the notebook that have the names of those that it imports."""
    for name in ("matplotlib/__init__.py", "matplotlib/pyplot.py", "checks.py", "numpy.py"):
        module = path.parent / name
        module.parent.mkdir(exist_ok=True)
        write(module, GENEROUS)
