"""The proof that a release is fit to give: no solution in it, no answer within reach, no surprise.

Must not know the sandbox: what is run here is the instructor's own notebook.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.base.words import first_line
from autograder.catalogue.catalogue import Catalogue
from autograder.course.assignment import exercise_asked
from autograder.course.carried import carried_files
from autograder.course.folder import IMPORT, files_beside, notebooks_in
from autograder.judging.judge import NOT_WRITTEN
from autograder.release.reach import answers_in
from autograder.release.source import sources_in
from autograder.submission.causes import defines
from autograder.submission.slips import does_nothing

REGIONS = ("SOLUTION", "HIDDEN TESTS", "MARK SCHEME")
STUB = f'raise NotImplementedError("{NOT_WRITTEN}")'
SHORTEST_LINE = 12  # a shorter line, as `return z`, may stand anywhere by chance


def release_problems(
    course: Path,
    assignment: str,
    folder: Path,
    catalogue: Catalogue,
    raising: Path | None = None,
    stub: str = STUB,
) -> list[str]:
    """Return what is wrong with a generated release, a line for each.

    Parameters
    ----------
    course, assignment : where its source is
    folder : the generated release of that assignment
    catalogue : nothing in the folder may answer an exercise of the assignment
    raising : the same release with `STUB` in place of the course's own stub; it is the one that is
        run, since what follows from a stub that does nothing cannot be told from a slip
    stub : what stands in place of solutions; a source may have it where it has no solution
    """
    problems = leftovers(sources_in(course / "source" / assignment).values(), folder, stub)
    notebooks = {
        name: nbformat.read(folder / f"{name}.ipynb", as_version=4) for name in notebooks_in(folder)
    }
    for name, notebook in notebooks.items():
        problems += _carried_problems(notebook, folder, f"release/{assignment}/{name}.ipynb")
    # Elsewhere a cell may be there to be completed, and what fails before it is says nothing.
    checked = {name: one for name, one in notebooks.items() if any(map(_is_check, one.cells))}
    for path in sorted(folder.rglob("*.py")) if checked else ():
        name = path.relative_to(folder).as_posix()
        answers = answers_in(name, path.read_bytes(), catalogue, assignment)
        problems += [f"release/{assignment}/{line}" for line in answers]
    for name, notebook in checked.items():
        where = f"release/{assignment}/{name}.ipynb"
        unparsed = [line for cell in notebook.cells for line in _unparsed(cell, where)]
        # What does not parse is not run: the same error would be told twice.
        problems += unparsed or unexpected_errors(raising or folder, name)
    return problems


def _is_check(cell: NotebookNode) -> bool:
    """Tell whether a released cell has an exercise of a catalogue checked."""
    return exercise_asked(str(_owned(cell).get("grade_id")), cell.source) is not None


def _owned(cell: NotebookNode) -> Mapping[str, Any]:
    owned: Mapping[str, Any] = cell.metadata.get("nbgrader", {})
    return owned


def stub_problems(stub: str) -> list[str]:
    """Return why a course's stub would not be known as one, by `check` and the judge.

    >>> stub_problems('raise NotImplementedError("noch nicht geschrieben")')
    []
    >>> stub_problems("return 0")[0].partition(":")[0]
    'c.ClearSolutions.code_stub'
    """
    body = "def f():\n    ''\n" + "\n".join(f"    {line}" for line in stub.split("\n"))
    where = "c.ClearSolutions.code_stub"
    try:
        statements = ast.parse(body).body[0].body[1:]  # type: ignore[attr-defined]
    except SyntaxError as error:
        return [f"{where}: does not parse: {error.msg}"]
    raised = [ast.unparse(one.exc) for one in statements if isinstance(one, ast.Raise) and one.exc]
    if any(one.startswith("NotImplementedError") for one in raised) or does_nothing(body):
        return []
    return [
        f"{where}: it neither raises NotImplementedError nor does nothing, as `pass` does: nobody "
        "could tell it from an answer"
    ]


def _carried_problems(notebook: NotebookNode, folder: Path, where: str) -> list[str]:
    """Return where a notebook that carries files does not carry those that are proved here."""
    carried, beside = carried_files(notebook), files_beside(folder)
    return [
        f"{where} carries another {name} than lies beside it"
        for name in sorted(carried.keys() | beside.keys() if carried else ())
        if carried.get(name) != beside.get(name)
    ]


def leftovers(sources: Iterable[NotebookNode], folder: Path, stub: str = STUB) -> list[str]:
    """Return what is left in a release of what only instructors may see.

    Parameters
    ----------
    sources : the source notebooks
    folder : the generated release; all its files are searched
    stub : what stands in place of solutions
    """
    secret, public = _split([cell for source in sources for cell in source.cells])
    public += f"\n{stub}"
    released = {
        path.relative_to(folder).as_posix(): _text_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    problems = []
    for name, text in released.items():
        where = f"release/{folder.name}/{name}"
        marks = [f"{end} {region}" for region in REGIONS for end in ("BEGIN", "END")]
        problems += [f"{where}: the mark {mark} is left" for mark in marks if mark in text]
        problems += [
            f"{where}: a line of a solution is left: {line[:80]}"
            for line in secret
            if line in text and line not in public
        ]
    return problems


def _split(cells: Iterable[NotebookNode]) -> tuple[list[str], str]:
    """Return the lines inside solution, hidden test and mark scheme regions, and the text outside.

    A solution cell without a region is replaced as a whole, so all of it is inside.
    """
    secret: dict[str, None] = {}
    public = []
    for cell in cells:
        is_solution = bool(cell.metadata.get("nbgrader", {}).get("solution"))
        inside = is_solution and "BEGIN SOLUTION" not in cell.source
        for line in cell.source.splitlines():
            if any(f"BEGIN {region}" in line for region in REGIONS):
                inside = True
            elif any(f"END {region}" in line for region in REGIONS):
                inside = False
            elif not inside:
                public.append(line)
            elif len(line.strip()) >= SHORTEST_LINE and not IMPORT.match(line):
                secret[line.strip()] = None
    return list(secret), "\n".join(public)


def _text_of(path: Path) -> str:
    """Return all text in a file; of a notebook as it reads, not as JSON escapes it."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix != ".ipynb":
        return text
    notebook = nbformat.reads(text, as_version=4)
    sources = [cell.pop("source") for cell in notebook.cells]
    return "\n".join([*sources, json.dumps(notebook, ensure_ascii=False)])


def _unparsed(cell: NotebookNode, where: str) -> list[str]:
    from IPython.core.inputtransformer2 import TransformerManager

    if cell.cell_type != "code":
        return []
    try:
        ast.parse(TransformerManager().transform_cell(cell.source))
    except SyntaxError as error:
        what = f"{where}, cell {cell.id}, line {error.lineno}: does not parse: {error.msg}"
        is_stub = bool(cell.metadata.get("nbgrader", {}).get("solution"))
        hint = "; a stub of comments needs a docstring above it, or `pass` in it"
        return [what + hint if is_stub and "expected an indented block" in error.msg else what]
    return []


def unexpected_errors(folder: Path, name: str) -> list[str]:
    """Run a release as a student who wrote nothing; return all errors but "not written yet".

    Parameters
    ----------
    folder : the release; it is run in a copy, of the notebook alone where that carries the rest
    name : the notebook's name
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    where = f"release/{folder.name}/{name}.ipynb"
    with tempfile.TemporaryDirectory(prefix="release-run-") as run:
        desk = Path(run, folder.name)
        notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
        if carried_files(notebook):
            desk.mkdir()
        else:
            shutil.copytree(folder, desk)
        client = NotebookClient(
            notebook,
            timeout=120,
            kernel_name="python3",
            allow_errors=True,
            resources={"metadata": {"path": str(desk)}},
        )
        try:
            # The user's start-up files are not run: they may define what is missing here.
            # The kernel's own log messages are not shown.
            client.execute(
                env={**os.environ, "IPYTHONDIR": str(Path(run, "ipython"))},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except (CellTimeoutError, DeadKernelError) as error:
            return [f"{where} cannot be run: {first_line(error) or '?'}"]
    to_define = _to_define(notebook)
    return [
        f"{where}, cell {cell.id}: {output.ename}{_first(output)}{_hint(output)}"
        for cell in notebook.cells
        if _is_check(cell) or not _owned(cell).get("grade")  # a test of its own is to fail
        for output in cell.get("outputs", [])
        if output.output_type == "error" and not _says_not_written(output, to_define)
    ]


def _first(output: NotebookNode) -> str:
    return f": {output.evalue.splitlines()[0][:120]}" if output.evalue else ""


def _hint(output: NotebookNode) -> str:
    """Return what to do about a name that is not there."""
    return ": define it, or import it, in a cell above" if _lacks(output) else ""


def _lacks(output: NotebookNode) -> str:
    found = re.match(r"name '(\w+)' is not defined", output.evalue)
    return found[1] if found and output.ename == "NameError" else ""


def _to_define(notebook: NotebookNode) -> set[str]:
    """Return the exercises of which students get no line: their names are for them to define."""
    solutions = (one for one in notebook.cells if one.metadata.get("nbgrader", {}).get("solution"))
    code = [one.source for one in notebook.cells if one.cell_type == "code"]
    names = {one.metadata.nbgrader["grade_id"] for one in solutions if one.cell_type == "code"}
    return {name for name in names if not any(defines(text, name) for text in code)}


def _says_not_written(output: NotebookNode, to_define: Collection[str]) -> bool:
    if output.ename == "NotImplementedError":
        return bool(output.evalue == NOT_WRITTEN)
    if _lacks(output) in to_define:
        return True
    return bool(output.ename == "AssertionError" and output.evalue.endswith(NOT_WRITTEN))


def tree_digest(folder: Path) -> dict[str, str]:
    """Return a hash of each file in a folder, by its relative path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def drift(before: Path, after: Path) -> list[str]:
    """Return the files that differ between two folders."""
    old, new = tree_digest(before), tree_digest(after)
    return [
        f"release/{after.name}/{name} is not what source/ gives now: run `autograder release`"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
