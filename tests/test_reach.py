"""What is shipped beside a notebook answers no exercise, of whatever problem set."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder import Catalogue
from autograder.release import ReleaseError, reach
from autograder.release.beside import FIGURES
from autograder.release.proof import leftovers, tree_digest
from autograder.release.release import release
from autograder.sandbox.box import PACKAGE
from softmax_by_hand import CATALOGUE, EXERCISES

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = sorted((ROOT / "release").glob("*/*.py"))


def found(source: str, *names: str) -> list[str]:
    """Return what is found in a module, of these exercises, without the file's name."""
    exercises = {name: EXERCISES[name] for name in names}
    lines = reach.answers_of("checks.py", source.encode(), exercises)
    return [line.removeprefix("checks.py: ") for line in lines]


# --- What students get ----------------------------------------------------------------------------


def test_every_problem_set_ships_its_checks_and_its_pictures():
    sets = [f"ps{number}" for number in range(1, 6)]
    assert [path.relative_to(ROOT / "release").as_posix() for path in SHIPPED] == [
        f"{name}/{module}.py" for name in sets for module in ("checks", "figures")
    ]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_callable_of_a_shipped_module_answers_an_exercise_of_any_set(path: Path) -> None:
    assert reach.answers_in(path.name, path.read_bytes(), CATALOGUE, path.parent.name) == ()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_functions_within_functions_methods_and_tables_are_among_what_is_judged(path):
    with reach._loaded(path.name, path.read_bytes()) as module:
        labels = [label for label, _ in reach.callables_of(module)]
    assert len(labels) > 20
    if path.name == "checks.py":
        assert any(label.endswith(".agree") for label in labels)
    if path.match("ps3/checks.py"):
        assert "WRONG_SOFTMAXES['of 2 z']" in labels
        inside = "WRONG_SOFTMAXES['of -z, which prefers the smallest score'], <lambda> in it"
        assert inside not in labels


@pytest.mark.parametrize(
    "name", ["checking/inert_checks.py", "catalogue/values.py", "base/words.py"]
)
def test_what_else_of_ours_a_submission_can_import_answers_no_exercise(name: str) -> None:
    assert reach.answers_in(Path(name).name, (PACKAGE / name).read_bytes(), CATALOGUE, "") == ()


# --- What would be found --------------------------------------------------------------------------

SOFTMAX = "e = np.exp(z - z.max(axis=0)); return e / e.sum(axis=0)"
HIDING_PLACES = {
    "a function": f"def right(z): {SOFTMAX}",
    "a lambda in a table": "TABLE = {'x': [lambda z: np.exp(z) / np.exp(z).sum(0)]}",
    "a method": f"class Tool:\n    def right(self, z): {SOFTMAX}\n",
    "a static method": f"class Tool:\n    @staticmethod\n    def right(z): {SOFTMAX}\n",
    "a class attribute": "class Tool:\n    right = lambda z: np.exp(z) / np.exp(z).sum(0)\n",
    "a property": f"class Tool:\n    @property\n    def right(z): {SOFTMAX}\n",
    "an object that can be called": (
        f"class Tool:\n    def __call__(self, z): {SOFTMAX}\ntool = Tool()"
    ),
    "a function in a function": f"def outer():\n    def right(z): {SOFTMAX}\n    return right(1)",
    "a lambda in a function": "def f(): return map(lambda z: np.exp(z) / np.exp(z).sum(0), [])",
    "a default argument": f"def right(z): {SOFTMAX}\ndef use(x, f=right): return f\ndel right",
    "a closure": f"def make():\n    def r(z): {SOFTMAX}\n    return lambda: r\nuse = make()",
    "a partial": f"import functools\ndef g(a, z): {SOFTMAX}\ng = functools.partial(g, 0)",
    "a wrapped function": (
        f"import functools\ndef g(z): {SOFTMAX}\n"
        "@functools.wraps(g)\ndef other(z): return None\ndel g"
    ),
    "a field of a dataclass": (
        "from dataclasses import dataclass\nfrom typing import Any\n@dataclass\nclass Box:\n"
        "    f: Any\nbox = Box(lambda z: np.exp(z) / np.exp(z).sum(0))"
    ),
    "one more argument": "def tilted(d, a): e = a * np.exp(d); return e / e.sum(axis=0)",
    "the other sign": "def wrong(z): z = z - z.max(axis=0); return -np.exp(z) / np.exp(z).sum(0)",
    "a pair": "def both(z): e = np.exp(z - z.max(axis=0)); return e / e.sum(axis=0), 1",
}


@pytest.mark.parametrize("place", HIDING_PLACES)
def test_an_answer_is_found_wherever_it_hides(place):
    source = "from __future__ import annotations\nimport numpy as np\n" + HIDING_PLACES[place]
    lines = found(source, "softmax")
    assert lines, place
    assert all(line.endswith("answers softmax") for line in lines)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("def product(x, W): return W @ x", "scores"),
        ("def same(W): return W", "scores_gradient_x"),
        ("def share(K, y): return np.eye(K)[y]", "one_hot"),
        ("class Relu:\n    def forward(s, Z): s.Z = Z; return np.maximum(Z, 0)\n"
         "    def backward(s, g, r=None): return g * (s.Z > 0)", "ReLU"),
        ("def share(y, g): return np.mean(y != g)", "accuracy"),
    ],
    ids=["reversed", "what is handed in is no answer of the function's", "reversed and transposed",
         "class", "taken from 1"],
)  # fmt: skip
def test_what_one_line_makes_an_answer_of_is_one(source, name):
    lines = found("import numpy as np\n" + source, name)
    assert bool(lines) == (name != "scores_gradient_x")


def test_numpy_itself_is_no_answer_that_a_module_ships():
    assert found("import numpy as np\nfrom numpy import matmul\nTABLE = [np.tanh]", "scores") == []


def test_judging_them_draws_prints_and_moves_nothing(capsys):
    source = "import numpy as np\ndef loud(z): print(z); np.random.seed(1); return z"
    before = reach.np.random.get_state()[1].tolist()
    assert found(source, "softmax", "scores") == []
    assert capsys.readouterr().out == ""
    assert reach.np.random.get_state()[1].tolist() == before


# --- The proof of a release -----------------------------------------------------------------------


def test_a_release_with_an_answer_within_reach_is_refused(released, tmp_path, monkeypatch):
    monkeypatch.setattr("autograder.release.proof.unexpected_errors", lambda *_: [])
    course = tmp_path / "course"
    shutil.copytree(released, course)
    (course / "notebooks").mkdir()
    (course / FIGURES).write_text(f"import numpy as np\ndef shares(z): {SOFTMAX}\n")
    source = course / "source" / "ps1" / "ps1.ipynb"
    notebook = nbformat.read(source, as_version=4)
    notebook.cells.append(new_code_cell("import figures\nfigures.shares(np.ones(3))", id="last"))
    nbformat.write(notebook, source)
    before = tree_digest(course / "release")
    with pytest.raises(ReleaseError) as refused:
        release(
            course,
            ["ps1"],
            Catalogue({"ps1": tuple(map(EXERCISES.get, ("add_bias", "scores", "softmax")))}),
        )
    assert "release/ps1/figures.py: shares answers softmax" in str(refused.value)
    assert tree_digest(course / "release") == before


def test_a_line_of_a_solution_is_no_less_one_for_standing_in_a_helper(tmp_path):
    line = "powers = np.exp(z - np.max(z, axis=0))"
    notebook = new_notebook(
        cells=[
            new_code_cell(
                f"def softmax(z):\n    ### BEGIN SOLUTION\n    {line}\n    ### END SOLUTION",
                metadata={"nbgrader": {"solution": True}},
            )
        ]
    )
    folder = tmp_path / "ps1"
    folder.mkdir()
    (folder / "figures.py").write_text(f"def shares(z):\n    {line}\n")
    assert leftovers([notebook], folder) == [
        f"release/ps1/figures.py: a line of a solution is left: {line}"
    ]
