"""A released notebook, opened alone, works and is graded like any other.

In the first part the cell's code lays files out in all kinds of folders; then whole notebooks
are run by a kernel as JupyterLab, VS Code and Colab run them, and are graded.
"""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from classes import ROOT
from masters import master_of
from nbclient import NotebookClient
from nbformat import NotebookNode, v4
from traitlets.config import Configurable

from autograder.course.assignment import Assignment
from autograder.course.carried import CELL_ID, carried_files, carrying_cell, without_files
from autograder.course.folder import assignment_files, files_beside
from autograder.nbgrader_plugin.carrying import CarryFiles
from autograder.sandbox import Sandbox
from autograder.submission.notebook import GradedNotebook, grade_notebook
from autograder.submission.sanitise import parse_submission
from examples.build import answers_of, hand_in

PROBLEM_SETS = ("ps1", "ps2", "ps3", "ps4", "ps5")
FULL = {"ps1": 32, "ps4": 40}
FILES = {
    "checks.py": b"who = 'ours'\n",
    "data.npz": b"\x00\r\n\xff",
    "figures.py": b"who = 'ours'\n",
}
CALL = "lay_out({"


def released(name: str) -> NotebookNode:
    return nbformat.read(ROOT / "release" / name / f"{name}.ipynb", as_version=4)


def solved(name: str) -> NotebookNode:
    """Return a problem set as a student has it who has solved it all."""
    answers = [one for one in answers_of("full-vectorised") if one.problem_set == name]
    return hand_in(released(name), answers)


def carrying(notebook: NotebookNode) -> NotebookNode:
    return next(cell for cell in notebook.cells if CALL in cell.source)


# --- What is carried --------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROBLEM_SETS)
def test_a_notebook_carries_what_lies_beside_it_byte_for_byte(name: str) -> None:
    beside = files_beside(ROOT / "release" / name)
    assert {"checks.py", "figures.py"} <= beside.keys()
    assert carried_files(released(name)) == beside


@pytest.mark.parametrize("name", PROBLEM_SETS)
def test_the_first_code_cell_shows_its_code_and_is_folded_away(name: str) -> None:
    notebook = released(name)
    cell = next(one for one in notebook.cells if one.cell_type == "code")
    assert cell is carrying(notebook)
    assert cell.source.startswith(f"# @title The files of {name}"), "Colab's heading for it"
    assert (cell.metadata.cellView, cell.metadata.jupyter.source_hidden) == ("form", True)
    assert (cell.metadata.editable, cell.metadata.deletable) == (False, False)
    shown = (ROOT / "autograder" / "checking" / "lay_out.py").read_text(encoding="utf-8")
    definition, call, tidy = ast.parse(cell.source).body
    assert ast.unparse(definition) == ast.unparse(ast.parse(shown).body[-1])
    assert (
        ast.literal_eval(call.value.args[0]).keys() == files_beside(ROOT / "release" / name).keys()
    )
    assert ast.unparse(tidy) == "del lay_out"


@pytest.mark.parametrize("name", ["ps1", "ps2", "ps3"])
def test_where_it_carries_text_it_is_less_than_half_as_long(name: str) -> None:
    beside = files_beside(ROOT / "release" / name)
    assert len(carrying(released(name)).source) < sum(map(len, beside.values())) / 2


def test_too_much_to_carry_is_not_carried() -> None:
    assert carrying_cell("hw1", {"data.npz": os.urandom(1 << 20)}) is None
    assert carrying_cell("hw1", {}) is None


def test_the_same_files_give_the_same_cell() -> None:
    assert carrying_cell("hw1", FILES) == carrying_cell("hw1", dict(reversed(FILES.items())))


def test_the_step_that_makes_the_cell_makes_one_however_often_it_is_done(tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_bytes(FILES["checks.py"])

    class Converter(Configurable):
        def _format_dest(self, assignment: str, student: str) -> str:
            return str(tmp_path)

    step = CarryFiles(parent=Configurable(parent=Converter()))
    info = {"assignment": "hw1", "student": ".", "notebook": "hw1"}
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("# hw1"), v4.new_code_cell("x = 1")])
    for _ in range(3):
        notebook, _ = step.preprocess(notebook, {"nbgrader": info})
    assert [cell.id == CELL_ID for cell in notebook.cells] == [False, True, False]
    assert carried_files(notebook) == {"checks.py": FILES["checks.py"]}


# --- Where it lays them -----------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder in which Python works, and imports from as a notebook does."""
    before = dict(sys.modules)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    for name in ("checks", "figures"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield tmp_path
    for name in ("checks", "figures"):
        sys.modules.pop(name, None)
    sys.modules.update({name: before[name] for name in ("checks", "figures") if name in before})


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """A function that runs the cell as a released notebook has it; the lines that it printed."""

    def run(**changes: str) -> list[str]:
        cell = carrying_cell("hw1", FILES)
        assert cell is not None
        source = cell.source
        for old, new in changes.items():
            source = source.replace(old, new)
        space: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(source, "cell", "exec"), space)
        assert space.keys() <= {"__name__", "__builtins__"}, "no name is left behind"
        said = capsys.readouterr()
        assert said.err == ""
        return said.out.splitlines()

    return run


def imported() -> list[str]:
    """Whose modules a notebook gets that imports them now."""
    import checks
    import figures

    return [checks.who, figures.who]


def test_what_is_missing_is_put_there_byte_for_byte_and_said_in_a_line(folder, run):
    assert run() == [f"Put into {folder}: checks.py, data.npz, figures.py."]
    assert files_beside(folder) == FILES
    assert imported() == ["ours", "ours"]


def test_where_all_is_there_nothing_is_done_or_said(folder, run):
    run()
    times = {path: path.stat().st_mtime_ns for path in folder.iterdir() if path.is_file()}
    (folder / "checks.py").write_bytes(FILES["checks.py"].replace(b"\n", b"\r\n"))  # as by mail
    times.pop(folder / "checks.py")
    before = list(sys.path)
    assert run() == []
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())
    assert sys.path == before
    assert imported() == ["ours", "ours"]


@pytest.mark.parametrize("already", [False, True], ids=["not imported", "already imported"])
def test_a_file_of_another_set_or_release_is_left_alone_and_not_used(folder, run, already):
    (folder / "checks.py").write_text("who = 'theirs'\n")
    (folder / "figures.py").write_text("who = 'theirs'\n")
    if already:
        assert imported() == ["theirs", "theirs"]
    put, other = run()
    assert put == f"Put into {folder}: data.npz."
    assert other.startswith(f"In {folder} another version lies there: ")
    assert "this notebook uses its own checks.py, figures.py, in " in other
    assert imported() == ["ours", "ours"]
    assert (folder / "checks.py").read_text() == "who = 'theirs'\n"
    assert Path.cwd() == folder, "what a student saves is found again"
    assert run() == [other.replace(Path(sys.path[1]).name, Path(sys.path[0]).name)], "once more"


def test_a_package_of_that_name_is_not_imported_instead(folder, run):
    (folder / "figures").mkdir()
    (folder / "figures" / "__init__.py").write_text("who = 'theirs'\n")
    assert "this notebook uses its own figures.py, in " in run()[-1]
    assert imported() == ["ours", "ours"]


def test_where_nothing_can_be_written_a_temporary_folder_does(folder, run, monkeypatch):
    write = Path.write_bytes

    def refuse(path: Path, content: bytes) -> int:
        if path.parent == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", refuse)
    (line,) = run()
    assert line.startswith(f"In {folder} nothing can be written (Permission denied): ")
    assert imported() == ["ours", "ours"]
    assert Path("data.npz").read_bytes() == FILES["data.npz"], "data are opened by name"
    assert not list(folder.iterdir())


def test_where_nothing_can_be_written_at_all_a_line_says_what_to_do(folder, run, monkeypatch):
    def refuse(path: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    (line,) = run()
    assert line.startswith("This cell cannot provide checks.py, data.npz, figures.py")
    assert "No space left on device" in line
    assert "download the whole folder of this problem set" in line


def test_a_damaged_cell_says_what_to_do_unless_all_is_there(folder, run):
    (line,) = run(QlpoO="QlpoOx")
    assert line.startswith("This cell cannot provide checks.py, data.npz, figures.py (")
    run()
    assert run(QlpoO="QlpoOx") == []


def test_a_python_without_bz2_is_told_what_to_do_in_a_line(folder, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "bz2", None)
    (line,) = run()
    assert line.startswith("This cell cannot provide checks.py, data.npz, figures.py (")


@pytest.mark.parametrize("here", [True, False], ids=["here comes later", "here is not looked at"])
def test_another_module_of_that_name_is_not_imported_instead(folder, run, tmp_path_factory, here):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "figures.py").write_text("who = 'theirs'\n")
    sys.path[:1] = [str(elsewhere), ""] if here else [str(elsewhere)]
    run()
    assert imported() == ["ours", "ours"]


def test_files_in_folders_are_laid_there(folder):
    cell = carrying_cell("hw1", {"data/points.csv": b"1,2\n"})
    exec(cell.source, {})
    assert (folder / "data" / "points.csv").read_bytes() == b"1,2\n"


# --- In a kernel ------------------------------------------------------------------------------


def errors(notebook: NotebookNode) -> list[str]:
    return [
        f"{cell.id}: {output.ename}: {output.evalue}"
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]


def execute(notebook: NotebookNode, folder: Path, first: str = "", **settings: Any) -> NotebookNode:
    """Run a notebook in a plain kernel, which knows nothing of JupyterLab; return it."""
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
        **settings,
    )
    plain = {
        key: text for key, text in os.environ.items() if not key.startswith(("JPY", "JUPYTER"))
    }
    with client.setup_kernel(env={**plain, "IPYTHONDIR": str(folder.parent / "ipython")}):
        if first:
            client.kc.execute(first, silent=True, store_history=False)
        for place, cell in enumerate(notebook.cells):
            if cell.cell_type == "code":
                client.execute_cell(cell, place)
    return notebook


def in_colab(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook as Colab writes it: metadata of its own, ids in it, and none of ours."""
    cells = []
    for place, cell in enumerate(notebook.cells):
        kept = {key: cell[key] for key in ("cell_type", "source")}
        if cell.cell_type == "code":
            kept |= {"execution_count": None, "outputs": []}
        form = {"cellView": "form"} if CALL in cell.source else {}
        cells.append(NotebookNode(kept, metadata=NotebookNode(id=f"aB3-{place}_xY", **form)))
    magics = "%%capture\n%pip --version\n!echo student\n%load_ext autoreload\n%autoreload 2"
    own = NotebookNode(
        cell_type="code",
        execution_count=None,
        metadata=NotebookNode(id="magics", colab=NotebookNode(base_uri="x")),
        outputs=[],
        source=magics,
    )
    last = NotebookNode(own, source="%timeit -n 1 -r 1 softmax(z_demo)\n!ls")
    colab = NotebookNode(provenance=[], toc_visible=True)
    kernel = NotebookNode(name="python3", display_name="Python 3")
    metadata = NotebookNode(
        accelerator="GPU", colab=colab, kernelspec=kernel, language_info=NotebookNode(name="python")
    )
    return NotebookNode(cells=[own, *cells, last], metadata=metadata, nbformat=4, nbformat_minor=0)


@pytest.fixture
def grade(sandbox: Sandbox) -> Callable[..., GradedNotebook]:
    """A function that grades a notebook as it was saved."""

    def grade(notebook: NotebookNode, name: str) -> GradedNotebook:
        files = assignment_files(ROOT, name)
        assignment = Assignment(name, tuple(master_of(released(name))), files)
        submission = parse_submission(json.dumps(notebook).encode())
        return grade_notebook(submission, assignment, sandbox, seed=11)

    return grade


def total(graded: GradedNotebook) -> float:
    return sum(verdict.points for verdict in graded.verdicts)


@pytest.mark.parametrize("name", ["ps1", "ps4"])
def test_alone_in_an_empty_folder_it_runs_and_earns_all_points(name, tmp_path, grade):
    desk = tmp_path / "desk"
    desk.mkdir()
    notebook = execute(solved(name), desk)
    assert errors(notebook) == []
    assert files_beside(desk) == files_beside(ROOT / "release" / name)
    graded = grade(notebook, name)
    assert total(graded) == FULL[name]
    assert graded.repairs == ()


def test_in_vs_code_it_runs_also_where_another_folder_is_open(tmp_path):
    """No variable of JupyterLab's; the kernel works in the folder that is open."""
    mail, opened = tmp_path / "mail" / "ps1.ipynb", tmp_path / "opened"
    opened.mkdir()
    # VS Code sets one variable before the first cell; Python sees nothing else of it.
    notebook = execute(released("ps1"), opened, f"__vsc_ipynb_file__ = {str(mail)!r}")
    said = errors(notebook)
    assert len(said) >= 7
    assert all(line.endswith("not written yet") for line in said)
    assert files_beside(opened) == files_beside(ROOT / "release" / "ps1")


def test_with_colabs_metadata_and_magics_it_runs_and_earns_all_points(tmp_path, grade):
    desk = tmp_path / "content"
    desk.mkdir()
    notebook = in_colab(solved("ps1"))
    # Colab's notebooks have no ids of cells, which nbclient does not mind.
    execute(notebook, desk)
    said = [out for cell in notebook.cells for out in cell.get("outputs", ())]
    assert not [out for out in said if out.output_type == "error"]
    graded = grade(notebook, "ps1")
    assert total(graded) == FULL["ps1"]


# --- Graded -----------------------------------------------------------------------------------


def emptied(cell: NotebookNode) -> None:
    cell.source = ""


def cut_off(cell: NotebookNode) -> None:
    cell.source = cell.source[: cell.source.index(CALL) + 200]


def broken(cell: NotebookNode) -> None:
    cell.source = cell.source.replace("def lay_out", "df lay_out")


def written_into(cell: NotebookNode) -> None:
    cell.source += "\n\nimport numpy\n\n\ndef largest(z):\n    return numpy.max(z, axis=0)\n"


@pytest.mark.parametrize("change", [None, emptied, cut_off, broken, written_into])
def test_what_becomes_of_the_cell_costs_nothing(grade, change):
    notebook = solved("ps1")
    cell = carrying(notebook)
    if change is None:
        notebook.cells.remove(cell)
    else:
        change(cell)
    if change is written_into:
        for one in notebook.cells:
            one.source = one.source.replace("np.max(z, axis=0)", "largest(z)")
    graded = grade(notebook, "ps1")
    assert total(graded) == FULL["ps1"]
    assert graded.repairs == (), "a notebook of an earlier release has nothing to repair"
    assert len(json.dumps(graded.notebook)) < 200_000


def test_of_the_cell_a_graded_notebook_shows_its_title_alone(grade):
    graded = grade(solved("ps1"), "ps1")
    cell = next(one for one in graded.notebook.cells if one.cell_type == "code")
    assert cell.id == CELL_ID
    assert cell.source == (
        "# @title The files of ps1: run this cell, and leave it as it is\n"
        "# Left out here: the files that came with the notebook."
    )
    assert cell.execution_count == 1
    assert cell.outputs == []


def test_a_cell_that_only_looks_like_it_stays_as_it_is():
    for source in (
        "lay_out({\n})",
        'lay_out({\n    "mine": [1],\n})',
        'pictures = {\n    "a.png": "iVBORw0KGgo=",\n}',
    ):
        assert without_files(source) == source
