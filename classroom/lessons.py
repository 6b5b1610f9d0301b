"""Runs the lessons: each from top to bottom, with nothing beside it but the pictures.

Knows nothing of slides or pages.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from classroom.palette import shrink

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
BESIDE_A_LESSON = tuple(
    NOTEBOOKS / name for name in ("figures.py", "lesson_figures.py", "digits.npz")
)
DRAWN_BY = (
    Path(__file__),
    *map(Path(__file__).with_name, ("palette.py", "projected.py", "sliders.py")),
)
# Without a lesson's own modules beside it a notebook is a problem set, and stays as it is.
FIRST = """
import importlib.util, classroom.projected, classroom.sliders
classroom.sliders.draw_beforehand()
if importlib.util.find_spec("lesson_figures"): classroom.projected.enlarge_type()
"""
SHAPES_A_LESSON = ("ipykernel", "matplotlib", "numpy", "tensorflow", "tensorflow-cpu")
WIDGET = "application/vnd.jupyter.widget-view+json"


def lessons() -> list[Path]:
    """Return the lessons in their order."""
    return sorted(NOTEBOOKS.glob("*.ipynb"))


def title(notebook: NotebookNode) -> str:
    """Return the heading of a notebook's first heading."""
    for cell in notebook.cells:
        for line in cell.source.splitlines():
            if cell.cell_type == "markdown" and line.startswith("# "):
                return str(line[2:]).strip()
    raise ValueError("a notebook without a heading: start its first cell with '# '")


def run(notebook: NotebookNode, folder: Path, **options: Any) -> NotebookNode:
    """Run a notebook in place and return it; each position of its sliders is drawn.

    Parameters
    ----------
    notebook : changed: its cells get their outputs
    folder : where it runs
    options : for nbclient's `NotebookClient`

    Returns
    -------
    NotebookNode

    Raises
    ------
    nbclient.exceptions.CellExecutionError : if a cell fails, unless `allow_errors` is given
    """
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
        **options,
    )
    # Without a stand-in for the Output widget, what it captures arrives as the cell's own
    # output: a picture, which a page can show. (The stand-in can also lose a message and wait.)
    client.comm_open_handlers = {"jupyter.widget": _no_stand_in}
    notebook.cells.insert(0, nbformat.v4.new_code_cell(FIRST, id="first"))
    try:
        client.execute(env={**os.environ, "PYTHONPATH": str(ROOT)})
    finally:
        del notebook.cells[0]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if WIDGET not in out.get("data", {})]
    return notebook


def _no_stand_in(message: dict[str, Any]) -> None:
    """Answer that nothing stands in for a widget."""


def _installed(package: str) -> str:
    """Return a package and its version; without a version if it is not installed."""
    try:
        return f"{package} {version(package)}\n"
    except PackageNotFoundError:
        return f"{package}\n"


def executed(path: Path, cache: Path) -> NotebookNode:
    """Return a lesson with its outputs; it runs again only if something that it needs has changed.

    Parameters
    ----------
    path : the lesson
    cache : a folder for what has run, made if it is not there

    Returns
    -------
    NotebookNode
    """
    files = [file.read_bytes() for file in (path, *BESIDE_A_LESSON, *DRAWN_BY)]
    inputs = b"".join([*files, *(_installed(name).encode() for name in SHAPES_A_LESSON)])
    kept = cache / f"{path.stem}-{hashlib.sha256(inputs).hexdigest()[:16]}.ipynb"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as folder:
            for file in BESIDE_A_LESSON:
                shutil.copy(file, folder)
            notebook = run(nbformat.read(path, as_version=4), Path(folder))
        for cell in notebook.cells:  # the times of this run
            cell.metadata.pop("execution", None)
            for output in cell.get("outputs", []):
                shrink(output.get("data"))
        cache.mkdir(parents=True, exist_ok=True)
        for old in cache.glob(f"{path.stem}-*.ipynb"):
            old.unlink(missing_ok=True)
        # Two that build at once must not read each other's halves.
        part = kept.with_suffix(f".{os.getpid()}.part")
        part.write_text(nbformat.writes(notebook), encoding="utf-8")
        part.replace(kept)
    return nbformat.read(kept, as_version=4)
