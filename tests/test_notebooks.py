"""The notebooks as people meet them: they run, they keep their shape, their formulas are right."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearSolutions
from traitlets.config import Config

from classroom.lessons import BESIDE_A_LESSON, executed, lessons, title
from classroom.lessons import run as run_in_place
from softmax_by_hand import EXERCISES
from softmax_by_hand import lecture as reference

ROOT = Path(__file__).parents[1]
SOURCES = sorted(ROOT.glob("source/*/*.ipynb"))
WALKTHROUGHS = lessons()
CACHE = ROOT / "build/classroom/executed"
NOTEBOOKS = [*SOURCES, *WALKTHROUGHS]


def named(path: Path) -> str:
    return path.stem


every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
every_source = pytest.mark.parametrize("path", SOURCES, ids=named)
every_walkthrough = pytest.mark.parametrize("path", WALKTHROUGHS, ids=named)


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def grading(cell: NotebookNode) -> dict[str, Any]:
    """Return what nbgrader is told about a cell; nothing for an ordinary one."""
    return cell.metadata.get("nbgrader", {})


def exercise_cells(notebook: NotebookNode) -> dict[str, int]:
    """Return where each exercise's solution cell is."""
    return {
        grading(cell)["grade_id"]: place
        for place, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and grading(cell).get("solution")
    }


def syntax(cell: NotebookNode) -> ast.Module:
    """Parse a code cell without its IPython magics."""
    return ast.parse(re.sub(r"(?m)^%.*$", "", cell.source))


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def as_released(notebook: NotebookNode) -> NotebookNode:
    """Return a student's version: nbgrader's own preprocessor takes the solutions out."""
    settings = Config()
    settings.ClearSolutions.code_stub = {"python": 'raise NotImplementedError("not written yet")'}
    released, _ = ClearSolutions(config=settings).preprocess(notebook, {})
    return released


def beside(path: Path) -> list[Path]:
    """Return what is released beside a notebook."""
    return [other for other in (ROOT / "release" / path.stem).iterdir() if other.suffix != ".ipynb"]


def run(notebook: NotebookNode, folder: Path, *beside: Path, allow_errors: bool = False) -> None:
    for file in beside:
        shutil.copy(file, folder)
    run_in_place(notebook, folder, allow_errors=allow_errors)


def outputs(notebook: NotebookNode) -> list[NotebookNode]:
    return [output for cell in code_cells(notebook) for output in cell.outputs]


# --- they run ----------------------------------------------------------------------------


@every_source
def test_with_its_solutions_a_problem_set_runs_from_top_to_bottom(
    path: Path, tmp_path: Path
) -> None:
    notebook = read(path)
    run(notebook, tmp_path, *beside(path))
    assert not [out for out in outputs(notebook) if out.output_type == "error"]
    pictures = [out for out in outputs(notebook) if "image/png" in out.get("data", {})]
    assert len(pictures) >= len(exercise_cells(notebook))
    for picture in pictures:
        assert picture.data["text/plain"].endswith("."), "the text alternative, one sentence"
    assert not [out for out in outputs(notebook) if out.output_type == "stream"], "no warnings"


@every_source
def test_before_it_is_written_a_problem_set_says_nothing_but_not_written_yet(
    path: Path, tmp_path: Path
) -> None:
    notebook = as_released(read(path))
    run(notebook, tmp_path, *beside(path), allow_errors=True)
    errors = [out for out in outputs(notebook) if out.output_type == "error"]
    assert len(errors) >= 2 * len(exercise_cells(notebook)), "each check and each picture"
    for error in errors:
        assert error.ename in {"NotImplementedError", "AssertionError"}
        assert error.evalue.endswith("not written yet")
        assert len(error.traceback) == 1, "one line, without a traceback"
        if error.ename == "NotImplementedError":
            assert re.match(
                r"This cell needs \w+(\.\w+)?, which is not written", error.traceback[0]
            )


@every_source
def test_what_fails_in_a_check_or_a_picture_does_not_end_run_all(path: Path) -> None:
    """Of the cells that are not a student's to write; what they rest upon ends it."""
    cells = [cell for cell in code_cells(read(path)) if not grading(cell).get("solution")]
    goes_on = [cell for cell in cells if "raises-exception" in cell.metadata.get("tags", [])]
    assert goes_on == [cell for cell in cells if grading(cell).get("grade", True)]


@every_walkthrough
def test_a_lesson_runs_with_nothing_but_the_pictures_beside_it(path: Path) -> None:
    shown = outputs(executed(path, CACHE))
    assert not [out for out in shown if out.output_type in {"stream", "error"}], "no warnings"
    pictures = [out for out in shown if "image/png" in out.get("data", {})]
    assert len(pictures) >= 4
    for picture in pictures:
        text = picture.data["text/plain"]
        assert text.endswith("."), "the text alternative"
        assert ". " not in text, "in one sentence"


def test_without_tensorflow_its_lesson_says_so_in_one_line_and_runs_on(tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text("raise ImportError\n", encoding="utf-8")
    (path,) = [path for path in WALKTHROUGHS if "tensorflow" in path.stem]
    notebook = read(path)
    run(notebook, tmp_path, *BESIDE_A_LESSON)
    said = [out.data["text/plain"] for out in outputs(notebook) if "data" in out]
    assert said[0] == "'skipped: TensorFlow is not installed'"
    assert sum("skipped" in text for text in said) == 4, "each cell that needs it"
    assert len([out for out in outputs(notebook) if "image/png" in out.get("data", {})]) >= 4


# --- their shape -------------------------------------------------------------------------


@every_notebook
def test_a_notebook_is_committed_clean(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert text == nbformat.writes(notebook) + "\n", "as nbformat writes it"
    for cell in code_cells(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None
    assert notebook.metadata.kernelspec == {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }


@every_notebook
def test_cell_ids_are_unique_and_chosen_by_a_person(path: Path) -> None:
    ids = [cell.id for cell in read(path).cells]
    assert len(ids) == len(set(ids))
    for name in ids:
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name)
        assert not re.fullmatch(r"[0-9a-f]{8}", name), "drawn at random"


@every_notebook
def test_no_path_of_one_machine(path: Path) -> None:
    for cell in read(path).cells:
        assert not re.search(r"(?i)/(home|users|tmp|work|root|mnt)/|\b[a-z]:\\\\", cell.source)
        if cell.cell_type == "code":
            for node in ast.walk(syntax(cell)):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    assert not node.value.startswith(("/", "~"))


@every_notebook
def test_no_lambda_and_no_name_twice(path: Path) -> None:
    defined: list[str] = []
    for cell in code_cells(read(path)):
        for node in ast.walk(syntax(cell)):
            assert not isinstance(node, ast.Lambda), cell.id
        # A loop that trains binds its weights anew; another cell must not.
        bound = {name for statement in syntax(cell).body for name in names_bound_by(statement)}
        defined += sorted(bound - {"_"})
    assert len(defined) == len(set(defined)), sorted({n for n in defined if defined.count(n) > 1})


def names_bound_by(statement: ast.stmt) -> list[str]:
    """Return the global names that a statement binds; what a `def` binds inside is its own."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name for alias in statement.names]
    inside_comprehensions = {
        id(name)
        for node in ast.walk(statement)
        if isinstance(node, ast.comprehension)
        for name in ast.walk(node.target)
    }
    return sorted(
        {
            node.id
            for node in ast.walk(statement)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            if id(node) not in inside_comprehensions
        }
    )


@every_notebook
def test_every_picture_is_shown_with_its_text(path: Path) -> None:
    for cell in code_cells(read(path)):
        tree = syntax(cell)
        modules = {"figures", "lesson_figures"}
        uses = [
            f"{node.value.id}.{node.attr}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in modules
        ]
        shows = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "figures.show"
        ]
        drawn = [ast.unparse(call.args[0]).split("(")[0] for call in shows]
        assert sorted(drawn) == sorted(use for use in uses if use != "figures.show")
        assert "plt." not in cell.source


# --- a problem set's exercises -----------------------------------------------------------


@every_source
def test_points_are_those_of_the_catalogue(path: Path) -> None:
    notebook = read(path)
    points = {
        grading(cell)["grade_id"].removeprefix("grade_"): grading(cell)["points"]
        for cell in code_cells(notebook)
        if grading(cell).get("grade")
    }
    assert points == {name: EXERCISES[name].points for name in exercise_cells(notebook)}


@every_source
def test_a_solution_calls_what_the_catalogue_says_it_may(path: Path) -> None:
    notebook = read(path)
    for name, place in exercise_cells(notebook).items():
        called = {n.id for n in ast.walk(syntax(notebook.cells[place])) if isinstance(n, ast.Name)}
        assert called & set(EXERCISES) <= set(EXERCISES[name].needs), name


@every_source
def test_every_exercise_keeps_the_rhythm(path: Path) -> None:
    """Idea, predict, three hints, stub, check, picture, what did you see."""
    notebook = read(path)
    places = exercise_cells(notebook)
    assert places
    for (name, place), end in zip(
        places.items(), [*list(places.values())[1:], len(notebook.cells)], strict=True
    ):
        idea, predict, hints = (cell.source for cell in notebook.cells[place - 3 : place])
        assert len(idea_lines(idea)) <= 8, name
        assert idea.count("$$") == 2, f"{name}: one formula"
        assert "**Predict**" in predict
        assert predict.count("<details>") == predict.count("</details>") == 1
        assert re.findall(r"<summary>Hint (\d): ", hints) == ["1", "2", "3"], name
        check = notebook.cells[place + 1]
        assert check.source == f"check({name})"
        assert grading(check)["grade_id"] == f"grade_{name}"
        after = notebook.cells[place + 2 : end]
        assert any("figures.show(" in cell.source for cell in after), name
        (see,) = [
            c for c in after if "**What did you see?**" in c.source and "together" not in c.id
        ]
        assert see.source.count("<details>") == 1


@every_source
def test_a_folded_answer_says_what_it_holds(path: Path) -> None:
    text = "\n".join(cell.source for cell in read(path).cells)
    for line in re.findall(r"<summary>(.*?)</summary>", text):
        assert re.match(r"(Hint \d|Answer|Short answer): \S.{5,}", line), line


def idea_lines(source: str) -> list[str]:
    """Return the lines of text of an idea, without its heading and its formula."""
    text = re.sub(r"\$\$.*?\$\$", "", source, flags=re.DOTALL)
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


@every_source
def test_cells_have_the_metadata_that_nbgrader_needs(path: Path) -> None:
    notebook = read(path)
    ids = [grading(cell)["grade_id"] for cell in notebook.cells if grading(cell)]
    assert len(ids) == len(set(ids))
    assert "setup" in ids
    for cell in notebook.cells:
        data = grading(cell)
        if not data:
            continue
        assert data["schema_version"] == 3
        assert data["task"] is False
        assert data["locked"] is not data["solution"], "a student writes in solutions only"
        assert ("points" in data) is data["grade"]


@every_source
def test_a_stub_keeps_its_contract_and_loses_its_solution(path: Path) -> None:
    notebook = as_released(read(path))
    for name, place in exercise_cells(notebook).items():
        (definition,) = syntax(notebook.cells[place]).body
        assert isinstance(definition, ast.FunctionDef | ast.ClassDef)
        assert definition.name == name
        contract = ast.get_docstring(definition) or ""
        assert "Parameters" in contract
        if isinstance(definition, ast.FunctionDef):
            assert len(definition.body) == 2, "the contract, and what is still to be written"
            assert ast.unparse(definition.body[1]).startswith("raise NotImplementedError(")


@every_source
def test_marking_schemes_stay_with_the_instructor(path: Path) -> None:
    source, released = read(path), as_released(read(path))
    written = [
        place
        for place, cell in enumerate(source.cells)
        if cell.cell_type == "markdown" and grading(cell).get("grade")
    ]
    assert written
    assert sum(grading(source.cells[place])["points"] for place in written) == 4
    for place in written:
        assert "Marking scheme" in source.cells[place].source
    assert "Marking scheme" not in nbformat.writes(released)
    assert "SOLUTION" not in nbformat.writes(released)


@every_source
def test_the_conventions_stand_near_the_top(path: Path) -> None:
    top = "\n".join(cell.source for cell in read(path).cells[:3])
    for said in ("samples are columns", "last row", "last column", "float64", "changes its inputs"):
        assert said in top.lower()


# --- a walkthrough's slides --------------------------------------------------------------


def kind(cell: NotebookNode) -> str:
    return str(cell.metadata.slideshow.slide_type)


def slides(path: Path) -> list[list[NotebookNode]]:
    """Return the cells of each slide with its subslides: one idea, from its heading on."""
    ideas: list[list[NotebookNode]] = []
    for cell in read(path).cells:
        if kind(cell) == "slide":
            ideas.append([])
        ideas[-1].append(cell)
    return ideas


def test_the_lessons_are_the_ten_of_the_course_in_order() -> None:
    assert [path.stem[:2] for path in WALKTHROUGHS] == [f"{n:02}" for n in range(1, 11)]
    for number, path in enumerate(WALKTHROUGHS, 1):
        assert title(read(path)).startswith(f"{number}. ")


@every_walkthrough
def test_slides_are_built_in(path: Path) -> None:
    cells = read(path).cells
    assert {kind(cell) for cell in cells} <= {"slide", "subslide", "fragment", "notes", "skip", "-"}
    assert kind(cells[0]) == "slide"
    for cell in cells:
        if kind(cell) == "slide":
            assert cell.source.startswith("#"), f"{cell.id}: a slide has a heading"
        else:
            assert not cell.source.startswith("# "), f"{cell.id}: one title"
        if kind(cell) == "notes":
            assert cell.cell_type == "markdown"
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= 12, cell.id
            assert max(map(len, cell.source.splitlines())) <= 78, f"{cell.id}: off the slide"


@every_walkthrough
def test_only_the_code_of_pictures_is_hidden_on_slides(path: Path) -> None:
    for cell in read(path).cells:
        assert cell.metadata.get("tags", ["hide-input"]) == ["hide-input"]
        if "tags" in cell.metadata:
            assert "figures.show(" in cell.source, cell.id


@every_walkthrough
def test_a_lesson_asks_before_it_shows(path: Path) -> None:
    """Each prediction is answered on its own slide, and not before it was asked for."""
    asked = 0
    for idea in slides(path):
        for place, cell in enumerate(idea):
            if "*Predict:*" in cell.source:
                asked += 1
                after = {kind(later) for later in idea[place + 1 :]}
                assert after & {"fragment", "subslide"}, f"{cell.id}: no answer"
    assert asked >= 8


@every_walkthrough
def test_a_lesson_has_all_its_parts(path: Path) -> None:
    first, *_, last = ideas = slides(path)
    text = "\n".join(cell.source for cell in read(path).cells)
    assert "columns" in first[0].source or "layout" in first[0].source, "the conventions"
    assert kind(first[1]) == "notes"
    assert first[1].source.startswith("50 minutes: "), "a plan for the speaker"
    for heading in ("## Live: ", "## Which bug is this?", "## Your turn (5 minutes, in pairs)"):
        assert any(cell.source.startswith(heading) for idea in ideas for cell in idea), heading
    assert last[0].source.startswith("## Take away")
    for idea in ideas:
        assert any(kind(cell) == "notes" for cell in idea), f"{idea[0].id}: nothing for the speaker"
    (planned,) = re.findall(r"exercise (\d+)", first[1].source)
    assert f"## Your turn ({planned} minutes, in pairs)" in text, "the time that the plan gives"
    assert sum(map(int, re.findall(r" (\d+)[,.]", first[1].source.split(". ")[0] + "."))) == 50
    assert "@interact" in text


# --- the formulas, as they are written ---------------------------------------------------


def matrices_in(path: Path, cell_id: str) -> list[list[list[str]]]:
    """Return the entries of every `bmatrix` of a cell, as LaTeX."""
    (cell,) = [cell for cell in read(path).cells if cell.id == cell_id]
    blocks = re.findall(r"\\begin\{bmatrix\}(.*?)\\end\{bmatrix\}", cell.source, re.DOTALL)
    return [
        [[entry.strip() for entry in row.split("&")] for row in block.split(r"\\")]
        for block in blocks
    ]


def value(latex: str, **known: np.ndarray) -> float:
    """Return the value of an entry such as ``-a_2a_1`` or ``-y_0/\\hat y_0``."""
    text = re.sub(r"\\hat\s*([a-z])", r"\1hat", latex)
    text = re.sub(r"([a-z]+)_(\d)", r"\1[\2]", text)
    text = re.sub(r"\](?=[a-z(])", "]*", text)
    assert re.fullmatch(r"[a-z\[\]0-9()*/+. -]+", text), text
    return float(eval(text, {"__builtins__": {}}, known))


def solutions(path: Path) -> dict[str, Any]:
    """Return a problem set's functions and classes, as the source notebook solves them."""
    notebook = read(path)
    names: dict[str, Any] = {"np": np}
    for cell in code_cells(notebook):
        if grading(cell).get("grade_id") == "given" or grading(cell).get("solution"):
            exec(cell.source, names)
    return names


PS1, PS2, PS3, PS4, PS5 = SOURCES
SCORES = np.array([0.3, -1.1, 0.8])


def test_the_jacobian_as_it_is_written_is_the_derivative_of_softmax() -> None:
    """The hand-out had -a_1 a_1 where -a_2 a_1 belongs."""
    softmax = solutions(PS1)["softmax"]
    a = softmax(SCORES)
    (written,) = matrices_in(PS2, "softmax-jacobian-idea")
    jacobian = np.array([[value(entry, a=a) for entry in row] for row in written])
    h = 1e-6 * np.eye(3)
    measured = [(softmax(SCORES + step) - softmax(SCORES - step)) / 2e-6 for step in h]
    np.testing.assert_allclose(jacobian, measured, atol=1e-9)
    np.testing.assert_allclose(solutions(PS2)["softmax_jacobian"](a), jacobian, atol=1e-15)


def test_the_last_term_as_it_is_written_is_the_derivative_of_the_loss() -> None:
    """The hand-out had -y_0/yhat_2 where -y_2/yhat_2 belongs."""
    ps1, ps2 = solutions(PS1), solutions(PS2)
    guess, y = np.array([0.2, 0.3, 0.5]), np.array([0.1, 0.6, 0.3])
    derivatives, written = matrices_in(PS2, "cce-gradient-idea")
    assert [re.findall(r"\d", row[0]) for row in derivatives] == [["0"], ["1"], ["2"]]
    gradient = np.array([value(row[0], y=y, yhat=guess) for row in written])
    measured = ps2["numerical_gradient"](lambda p: ps1["cce"](y, p), guess)
    np.testing.assert_allclose(gradient, measured, rtol=1e-8)
    np.testing.assert_allclose(ps2["cce_gradient"](y, guess), gradient)


def test_the_tensor_is_the_derivative_of_the_scores() -> None:
    ps2 = solutions(PS2)
    x, W = np.array([2.0, -1.0, 3.0, 1.0]), np.arange(12.0).reshape(3, 4)
    T = ps2["scores_gradient_W"](x, 3)
    assert np.count_nonzero(T) == 12
    for k in range(3):
        measured = ps2["numerical_gradient"](lambda V, k=k: (V @ x)[k], W)
        np.testing.assert_allclose(T[:, :, k], measured, atol=1e-8)


def test_the_predicted_numbers_are_right() -> None:
    """What the answers to *predict* say, computed."""
    ps1, ps2 = solutions(PS1), solutions(PS2)
    (jacobian,) = matrices_in(PS2, "softmax-jacobian-predict")
    a, y = np.array([1, 2, 5]) / 8, np.array([0.0, 1.0, 0.0])
    np.testing.assert_allclose(ps2["softmax_jacobian"](a) * 64, np.array(jacobian, dtype=float))
    first, second = (np.array(m, dtype=float) for m in matrices_in(PS1, "one-hot-predict"))
    np.testing.assert_array_equal(ps1["one_hot"](np.array([2, 0, 0, 1]), 3), first)
    np.testing.assert_array_equal(ps1["one_hot"](np.array([0, 1, 1]), 3), second)
    W, x = (np.array(m, dtype=float) for m in matrices_in(PS1, "scores-predict"))
    np.testing.assert_array_equal(ps1["scores"](W, x[:, 0]), [0, 1, 2])
    grad_z = ps2["softmax_jacobian"](a) @ ps2["cce_gradient"](y, a)
    np.testing.assert_allclose(grad_z, [1 / 8, -3 / 4, 5 / 8])
    np.testing.assert_allclose(grad_z, a - y)
    np.testing.assert_allclose(ps1["softmax"](np.log([1, 2, 5])), a)
    np.testing.assert_allclose(ps1["cce"](y, a), 2 * np.log(2))
    assert ps1["cce_from_scores"](np.array([0.0, -800.0]), 1) == 800


def test_the_numbers_that_problem_set_3_predicts_are_right() -> None:
    ps3 = solutions(PS3)
    layer = ps3["Softmax"]()
    np.testing.assert_allclose(layer.forward(np.log([1, 2, 5])), np.array([1, 2, 5]) / 8)
    grad_z = layer.backward(np.array([0.0, -4.0, 0.0]))
    np.testing.assert_allclose(grad_z, [1 / 8, -3 / 4, 5 / 8])
    np.testing.assert_allclose(layer.backward(np.ones(3)), 0, atol=1e-15)
    dense = ps3["Dense"](2, 1, np.random.default_rng(0))
    dense.W = np.array([[3.0, 4.0, 5.0]])
    assert dense.forward(np.array([[1.0], [2.0]])) == 16
    np.testing.assert_array_equal(dense.backward(np.ones((1, 1)), 0.1), [[3], [4]])
    np.testing.assert_allclose(dense.W, [[2.9, 3.8, 4.9]])
    x, y = np.array([[2.0], [3.0]]), np.array([[0.0], [1.0], [0.0]])
    W, losses = ps3["sgd_epoch"](np.zeros((3, 3)), x, y, 1.0, np.array([0]))
    np.testing.assert_allclose(losses, np.log(3))
    np.testing.assert_allclose(W, np.outer([-1 / 3, 2 / 3, -1 / 3], [2, 3, 1]))


def test_the_numbers_that_problem_set_4_predicts_are_right() -> None:
    ps4 = solutions(PS4)
    batches = ps4["batch_indices"](12, 5, np.random.default_rng(0))
    assert [len(batch) for batch in batches] == [5, 5, 2]
    np.testing.assert_allclose(0.99**100, 0.37, atol=0.005)
    J = np.array([[[1.0, 3]], [[2, 4]]])
    (back,) = numbers_in(PS4, "batch-backward-predict")
    np.testing.assert_array_equal(ps4["batch_backward"](J, np.array([[10.0, 100]])), back)
    curves = np.array(
        [[2, 1, 0.6, 0.5], [1, 0.7, 0.6, 0.6], [2, 0.1, 1, 0.3], [1, 0.1, 0.1, np.nan]]
    )
    assert ps4["choose_rate"](np.arange(4.0), curves, 2) == 0
    assert np.argmin([0.5, np.nan, 0.2]) == 1
    (W,) = numbers_in(PS4, "l2-gradient-predict")
    assert ps4["l2_penalty"](W, 0.5) == 5 / 2
    np.testing.assert_allclose(W - 0.1 * ps4["l2_gradient"](W, 0.5), [[1.8, -0.9, 7]])
    (Z,) = numbers_in(PS4, "predict-predict")
    np.testing.assert_array_equal(ps4["predict"](Z, np.eye(2)), [1, 0])
    np.testing.assert_array_equal(np.argmax(Z, axis=1), [1, 0, 1])
    truth, guess = np.array([0, 1, 1, 2]), np.array([0, 1, 2, 2])
    (C,) = numbers_in(PS4, "confusion-matrix-predict")
    np.testing.assert_array_equal(ps4["confusion_matrix"](truth, guess, 3), C)
    assert np.trace(C) / 4 == ps4["accuracy"](truth, guess)
    kernel, bias = ps4["to_keras"](numbers_in(PS4, "to-keras-predict")[0])
    assert (kernel.tolist(), bias.tolist()) == ([[1, 4], [2, 5]], [3, 6])


def test_the_numbers_that_problem_set_5_predicts_are_right() -> None:
    ps5 = solutions(PS5)
    relu, tanh, sigmoid = (ps5[name]() for name in ("ReLU", "Tanh", "Sigmoid"))
    np.testing.assert_array_equal(relu.forward(np.array([-2.0, 0, 3])), [0, 0, 3])
    np.testing.assert_array_equal(relu.backward(np.array([5.0, 5, -5])), [0, 0, -5])
    np.testing.assert_allclose(tanh.forward(np.log([2])), 3 / 5)
    np.testing.assert_allclose(tanh.backward(np.ones(1)), 0.64)
    np.testing.assert_allclose([1 - np.log(2) ** 2, 1 - np.tanh(0.6) ** 2], [0.52, 0.71], atol=5e-3)
    np.testing.assert_allclose(sigmoid.forward(np.log([3, 1])), [3 / 4, 1 / 2])
    np.testing.assert_allclose(sigmoid.backward(np.ones(2)), [3 / 16, 1 / 4])
    targets, guess = np.array([1.0, 2]), np.array([[1.0, 2]])
    assert ps5["mse"](targets, guess) == 0
    assert np.mean((guess.T - targets) ** 2) == 1 / 2
    assert ps5["mse_gradient"](np.ones(1), np.array([[3.0]])) == 4


def test_the_gradients_of_the_later_problem_sets_are_those_of_their_losses() -> None:
    ps4, ps5 = solutions(PS4), solutions(PS5)
    slope, rng = ps5["numerical_gradient"], np.random.default_rng(8)
    X, Y = rng.normal(size=(4, 7)), np.eye(3)[:, [0, 2, 1, 1, 0, 2, 0]]
    Xb, W = ps4["add_bias"](X), rng.normal(size=(3, 5))
    whole = ps4["batch_gradient"](W, Xb, Y) + ps4["l2_gradient"](W, 0.3)

    def loss(W: np.ndarray) -> float:
        return float(ps4["cce"](Y, ps4["softmax"](W @ Xb)) + ps4["l2_penalty"](W, 0.3))

    np.testing.assert_allclose(whole, slope(loss, W), atol=1e-8)
    W1, W2 = rng.normal(size=(6, 5)), rng.normal(size=(3, 7))

    def loss_of_both(W1: np.ndarray, W2: np.ndarray) -> float:
        A1b = ps5["add_bias"](np.tanh(W1 @ Xb))
        return float(ps5["cce"](Y, ps5["softmax"](W2 @ A1b)))

    found = ps5["network_gradients"](W1, W2, X, Y)
    np.testing.assert_allclose(found["W1"], slope(lambda V: loss_of_both(V, W2), W1), atol=1e-8)
    np.testing.assert_allclose(found["W2"], slope(lambda V: loss_of_both(W1, V), W2), atol=1e-8)
    shapes = {name: gradient.shape for name, gradient in found.items()}
    assert shapes == {"Z2": (3, 7), "W2": (3, 7), "A1": (6, 7), "Z1": (6, 7), "W1": (6, 5)}


def test_a_gradient_of_the_mean_differs_by_exactly_the_number_of_samples() -> None:
    """The warning in problem set 2, exercise 2."""
    ps1, ps2 = solutions(PS1), solutions(PS2)
    guesses = ps1["softmax"](np.random.default_rng(5).normal(size=(3, 7)))
    Y = ps1["one_hot"](np.array([0, 2, 1, 1, 0, 2, 1]), 3)
    measured = ps2["numerical_gradient"](lambda P: ps1["cce"](Y, P), guesses)
    np.testing.assert_allclose(ps2["cce_gradient"](Y, guesses), 7 * measured, atol=1e-6)


# --- the lessons' formulas and numbers ---------------------------------------------------


def lesson(number: int) -> Path:
    return WALKTHROUGHS[number - 1]


def numbers_in(path: Path, cell_id: str) -> list[np.ndarray]:
    return [np.array(matrix, dtype=float) for matrix in matrices_in(path, cell_id)]


def said_by(number: int, cell_id: str) -> str:
    """Return the text alternative of a lesson's picture, or what its cell returned."""
    (cell,) = [cell for cell in executed(lesson(number), CACHE).cells if cell.id == cell_id]
    return str(cell.outputs[-1].data["text/plain"])


def test_the_scores_that_lesson_1_predicts() -> None:
    W, b, x = numbers_in(lesson(1), "by-hand")
    np.testing.assert_array_equal(W @ x + b, [[1], [-1], [0]])


def test_the_jacobian_as_lesson_4_writes_it_is_the_derivative_of_softmax() -> None:
    (written,) = matrices_in(lesson(4), "jacobian")
    for a in (reference.softmax(SCORES), np.array([1, 2, 5]) / 8):
        z = np.log(a)
        jacobian = [[value(entry, a=a) for entry in row] for row in written]
        push = 1e-6 * np.eye(3)
        measured = [(reference.softmax(z + h) - reference.softmax(z - h)) / 2e-6 for h in push]
        np.testing.assert_allclose(jacobian, measured, atol=1e-9)
    in_64ths, diagonal = numbers_in(lesson(4), "jacobian-answer")[0], np.diag([7, 12, 15])
    np.testing.assert_allclose(64 * reference.softmax_jacobian(a), in_64ths)
    np.testing.assert_array_equal(numbers_in(lesson(4), "bug-diagonal")[0], diagonal)
    half, ninths = numbers_in(lesson(4), "exercise-answer")
    np.testing.assert_allclose(reference.softmax_jacobian(np.ones(2) / 2), half / 4)
    np.testing.assert_allclose(reference.softmax_jacobian(np.ones(3) / 3), ninths / 9)


def test_the_pictures_of_lesson_4_find_the_misprint() -> None:
    assert "the row sums (input i) are 0, 0 and 0" in said_by(4, "live-picture")
    assert "the row sums (input i) are 0, 6 and 0" in said_by(4, "bug-misprint-picture")
    assert "column sums (output k) 0, 0 and 6" in said_by(4, "bug-misprint-picture")


def test_the_tensor_of_lesson_5_collapses_to_v_times_x() -> None:
    x, v = np.array([2.0, -1, 3, 1]), np.array([1, -6, 5]) / 8
    T = reference.scores_gradient_W(x, 3)
    np.testing.assert_allclose(T @ v, np.outer(v, x))
    assert "12 of 36 of them not 0" in said_by(5, "strips-picture")
    full = np.repeat(np.tile(x, (3, 1))[:, :, None], 3, axis=2)
    assert not (full @ v).any(), "x in every strip: exactly 0"


def test_the_best_steps_of_lesson_6_are_where_it_says() -> None:
    best = dict(re.findall(r"([a-z0-9, ]+) is best at h = \d+e(-\d+)", said_by(6, "v-picture")))
    steps = {name.strip(" ,"): int(power) for name, power in best.items()}
    assert steps["forward"] in range(-10, -6)
    assert steps["central"] in range(-7, -3)
    assert steps["central, float32"] in range(-4, 0)
    where = ast.literal_eval(re.sub(r"np\.float64\((.*?)\)", r"\1", said_by(6, "where-run")))
    assert where[0] == 0, "the wrong Jacobian passes at W = 0"
    assert where[1] > 0.1


def test_the_star_the_loss_rises_and_the_accuracy_stays() -> None:
    first, second = re.findall(
        r"loss ([\d.]+) to ([\d.]+), accuracy [\d.]+ to ([\d.]+)", said_by(7, "bug-star-picture")
    )
    assert float(first[1]) < 0.2
    assert float(second[1]) > np.log(3), "worse than guessing"
    assert min(float(first[2]), float(second[2])) >= 0.95


def test_the_digits_are_read_as_well_as_lessons_8_and_10_say() -> None:
    accuracies = re.findall(r"0\.\d+", said_by(8, "live-train"))
    assert [round(100 * float(a)) for a in accuracies] == [97, 98]
    (test,) = re.findall(r"test (0\.\d+)", said_by(10, "digits-picture"))
    assert round(100 * float(test)) == 98


def test_the_numbers_that_lessons_3_and_9_give_are_right() -> None:
    e = np.e
    np.testing.assert_allclose((2 / 3) ** 5, 0.13, atol=0.005)
    np.testing.assert_allclose(-0.9 * np.log(0.9) - 0.1 * np.log(0.1), 0.325, atol=5e-4)
    np.testing.assert_allclose(
        [7 * 0.8109, 14 * 0.8109, 0.8109 / np.log(2), 0.8109 / 3],
        [5.676, 11.35, 1.1699, 0.2703],
        rtol=5e-4,
    )
    for cell, number in (("bug-stall-answer", 0.551), ("exercise-answer", 1.461)):
        K = 3 if cell == "bug-stall-answer" else 10
        np.testing.assert_allclose(np.log((e + K - 1) / e), number, atol=5e-4)
        (text,) = [c.source for c in read(lesson(9)).cells if c.id == cell]
        assert str(number) in text
