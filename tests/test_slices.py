"""What is shipped beside a notebook is what it uses, and reads as if it had been written so."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.course.course import Course
from autograder.release import ReleaseError
from autograder.release.beside import helpers_of, pictures, put
from autograder.release.slices import parse, sliced, used_of

ROOT = Path(__file__).resolve().parents[1]
SETS = ("ps1", "ps2", "ps3", "ps4", "ps5")
FIGURES = (ROOT / "notebooks" / "figures.py").read_text(encoding="utf-8")


def ruff(*arguments: str, source: str) -> str:
    """Return what ruff says of a text with the project's settings; nothing is its praise."""
    program = Path(sys.executable).with_name("ruff")
    name = ["--stdin-filename", "shipped.py", "--config", str(ROOT / "pyproject.toml"), "-"]
    run = subprocess.run([program, *arguments, *name], input=source, capture_output=True, text=True)
    return run.stdout + run.stderr if run.returncode else ""


def names_of(source: str) -> set[str]:
    return {name for one in parse(source).statements for name in one.names}


MODULE = '''# Licence: free.

"""Pictures."""

from __future__ import annotations

import io
import os
from collections.abc import (
    Callable,
    Iterable,
    Mapping,
)
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.linalg
from numpy import (
    arange,
    zeros,
)

if TYPE_CHECKING:
    from decimal import Decimal
    from fractions import Fraction

__all__ = ["bars", "lines", "Table"]

RED, BLUE = "#f00", "#00f"
# What a bar is filled with.
# It has two lines.
FILL = RED
WIDTH = 3
"""How wide a line is."""
TABLE: dict[str, Callable] = {}

# --- bars -----------------------------------------------------------------------------


def decorated(draw: Callable) -> Callable:
    return draw


@decorated
def bars(points: list, fill: str = FILL) -> Mapping:
    """Draw bars."""
    lines = [point for point in points]
    return cast("Table", lines) if os.curdir else zeros(3)
    # nothing comes after this


# Draws lines.
@decorated
def lines(values: Iterable, share: "Fraction") -> None:
    global _last
    _last = numpy.linalg.norm(values) + WIDTH


_last = 0.0
TABLE["lines"] = lines


def points(share: Decimal) -> io.StringIO:
    return np.sum(arange(3))


class Table(dict):
    colour = BLUE
    WIDTH = WIDTH

    def draw(self) -> Table:
        return self.points()


if __name__ == "__main__":
    points(1)
'''


# --- What is kept ---------------------------------------------------------------------------------


def test_a_picture_brings_what_it_needs_and_nothing_else() -> None:
    assert (
        sliced(MODULE, ["bars"])
        == '''# Licence: free.

"""Pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import cast

from numpy import zeros

__all__ = ["bars", "Table"]

RED, BLUE = "#f00", "#00f"
# What a bar is filled with.
# It has two lines.
FILL = RED
WIDTH = 3
"""How wide a line is."""


def decorated(draw: Callable) -> Callable:
    return draw


@decorated
def bars(points: list, fill: str = FILL) -> Mapping:
    """Draw bars."""
    lines = [point for point in points]
    return cast("Table", lines) if os.curdir else zeros(3)
    # nothing comes after this


class Table(dict):
    colour = BLUE
    WIDTH = WIDTH

    def draw(self) -> Table:
        return self.points()
'''
    )


def test_types_in_text_and_what_is_only_for_types_are_kept_where_they_are_named() -> None:
    text = sliced(MODULE, ["lines"])
    assert "if TYPE_CHECKING:\n    from fractions import Fraction\n\n" in text
    assert "\n# Draws lines.\n@decorated\ndef lines(" in text
    assert "_last = 0.0" in text, "a name that a function sets is one that it needs"
    assert "Decimal" not in text
    assert "TABLE" not in text, "an entry is kept with its table"
    assert "\nimport numpy.linalg\n" in text
    assert "np" not in names_of(text)


def test_a_table_is_kept_with_what_is_entered_in_it() -> None:
    assert names_of(sliced(MODULE, ["TABLE"])) >= {"TABLE", "lines", "WIDTH"}


def test_a_name_that_a_function_has_of_its_own_is_not_the_modules() -> None:
    source = "def points(): pass\ndef f(points):\n    return points\ndef g():\n    return points\n"
    assert names_of(sliced(source, ["f"])) == {"f"}
    assert names_of(sliced(source, ["g"])) == {"g", "points"}


@pytest.mark.parametrize(
    ("source", "needed"),
    [
        ("A = 1\ndef f(x=A): pass", {"A"}),
        ("A = 1\nf = lambda: A", {"A"}),
        ("A = int\nclass f(A): pass", {"A"}),
        ("A = 1\nclass f:\n    A = A", {"A"}),
        ("A = 1\nclass f:\n    def g(self): return [A for _ in ()]", {"A"}),
        ("def A(x): return x\n@A\ndef f(): pass", {"A"}),
        ("A = 1\ndef f(x: 'list[A]'): pass", {"A"}),
        ("A = 1\ndef f() -> 'A | None': pass", {"A"}),
        ("A = 1\ndef f():\n    x: 'A' = 1", {"A"}),
        ("A = 1\ndef f(): return f'{A:{A}}'", {"A"}),
        ("A = [1]\nA += [2]\ndef f(): return A", {"A"}),
        ("A = {}\nA.update(x=1)\ndef f(): return A", {"A"}),
        ("def A(): pass\nA.label = 1\ndef f(): return A", {"A"}),
        ("try:\n    import tomllib as A\nexcept ImportError:\n    A = None\ndef f(): A", {"A"}),
        ("if 1:\n    def A(): pass\nelse:\n    A = 1\nf = A", {"A"}),
        ("A = 1; B = 2\nf = B", {"A", "B"}),
        ("*A, B = 1, 2\nf = B", {"A", "B"}),
        ("A = 1\nA = A + 1\ndef f(): return A", {"A"}),
        ("def f():\n    def inner(): return A\n    return inner\nA = 1", {"A"}),
        ("def f(): return g()\ndef g(): return f()", {"g"}),
    ],
)
def test_whatever_way_a_name_is_needed_it_is_there(source: str, needed: set[str]) -> None:
    text = sliced(f"C = 3\n{source}\ndef other(): return C\n", ["f"])
    assert names_of(text) == {"f", *needed}
    exec(compile(text, "slice", "exec"), {})


@pytest.mark.parametrize(
    "effect",
    [
        "register(draw)",
        "plt.rcParams['x'] = draw",
        "for one in [draw]:\n    one()",
        "assert draw",
        "with plt: draw()",
        "plt.style.use(draw)",
    ],
)
def test_what_does_something_on_import_is_always_kept_with_what_it_needs(effect: str) -> None:
    head = "from matplotlib import plt\nfrom atexit import register\n"
    text = sliced(f"{head}def draw(): pass\ndef other(): pass\ndef f(): pass\n{effect}\n", ["f"])
    assert effect in text
    assert {"f", "draw"} <= names_of(text)
    assert "other" not in names_of(text)


def test_an_import_of_which_no_name_is_used_is_there_for_what_it_does() -> None:
    source = "import os, mpl_toolkits.mplot3d  # noqa: F401\nfrom a import *\nX = os\nY = 1\n"
    text = sliced(source, ["Y"])
    assert text == "import mpl_toolkits.mplot3d\nfrom a import *\n\nY = 1\n"


def test_what_is_only_handed_on_goes_with_its_name() -> None:
    source = 'from a import b, c\n\n__all__ = ("b", "c", "f")\n\n\ndef f(): pass\n'
    assert sliced(source, ["c"]) == 'from a import c\n\n__all__ = ("c",)\n'


@pytest.mark.parametrize("look_up", ["globals()['x']", "eval('x')", "exec('x')"])
def test_a_module_that_looks_names_up_as_text_is_kept_whole(look_up: str) -> None:
    source = f"x = 1\ndef f(): return {look_up}\ndef g(): return x\n"
    assert sliced(source, ["f"]) == source
    assert names_of(sliced(source, ["g"])) == {"x", "g"}


def test_what_python_itself_looks_for_is_kept() -> None:
    source = "A = 1\ndef __getattr__(name): return A\ndef f(): pass\ndef g(): pass\n"
    assert names_of(sliced(source, ["f"])) == {"A", "__getattr__", "f"}


def test_a_list_of_names_that_is_put_together_brings_all_of_them() -> None:
    source = "__all__ = ['f'] + ['g']\ndef f(): pass\ndef g(): pass\ndef h(): pass\n"
    assert names_of(sliced(source, ["f"])) == {"__all__", "f", "g"}


def test_long_lists_of_names_are_written_one_a_line() -> None:
    names = [f"a_rather_long_name_{number}" for number in range(9)]
    source = f"from a import {', '.join(names)}\n\n__all__ = {names!r}\n"
    text = sliced(source, names[1:])
    assert text.startswith("from a import (\n    a_rather_long_name_1,\n")
    assert '__all__ = [\n    "a_rather_long_name_1",\n' in text
    assert ruff("format", "--check", source=text) == ""


def test_names_that_a_module_has_not_are_not_missed_and_nothing_wanted_is_nothing() -> None:
    assert sliced("def f(): pass\n", ["no_such", "if"]) == ""
    assert sliced('"""Words."""\n\nX = 1\n', []) == '"""Words."""\n'
    assert sliced("", ["f"]) == ""


def test_line_ends_and_strange_characters_move_nothing() -> None:
    source = "A = '\x0c\u2028'\r\ndef g(): pass\r\n\r\nä = '''\r\n# no comment'''\r\nf = A, ä\r\n"
    assert sliced(source, ["f"]) == "A = '\x0c\u2028'\n\nä = '''\n# no comment'''\nf = A, ä\n"


def test_what_is_no_python_is_said_to_be_none() -> None:
    with pytest.raises(SyntaxError):
        sliced("def f(:\n", ["f"])


# --- What a notebook uses -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "used"),
    [
        (["import figures", "figures.show(figures.bars(x))"], {"show", "bars"}),
        (["import figures as f\nf.show(1)"], {"show"}),
        (["from figures import bars, show as s\ns(bars())"], {"bars", "show"}),
        (["def draw():\n    from figures import bars\n    return bars"], {"bars"}),
        (["%matplotlib inline\nimport figures\n!ls\nfigures.bars?"], None),
        (["%matplotlib inline\nimport figures\n!ls\nfigures.bars()"], {"bars"}),
        (["import numpy as np\nnp.exp(1)"], set()),
        (["from my import figures\nfigures.bars"], set()),
        (["import figures", "# about figures\nprint('figures of speech')"], set()),
        (["from figures import *"], None),
        (["import figures", "getattr(figures, 'bars')()"], None),
        (["import figures", "f = figures"], None),
        (["import figures", "help(figures)"], None),
        (["import figures", "figures.__dict__['bars']"], None),
        (["import importlib", "importlib.import_module('figures')"], None),
        (["import sys, figures", "sys.modules['figures'].bars"], None),
        (["%run figures.py"], None),
        (["%%time\nimport figures\nfigures.bars()"], None),
        (["!cat figures.py"], None),
        (["open('figures.py').read()"], None),
        (["def f(:"], None),
    ],
)
def test_what_is_used_is_told_from_the_code_or_else_it_may_be_anything(
    cells: list[str], used: set[str] | None
) -> None:
    assert used_of("figures", cells) == used


# --- What lies beside a notebook ------------------------------------------------------------------


def course_with(root: Path, source: str, *cells: str, text: str = "") -> Path:
    """Make a course with pictures and one notebook; return the notebook's folder."""
    folder = root / "source" / "ps1"
    folder.mkdir(parents=True)
    (root / "notebooks").mkdir()
    (root / "notebooks" / "figures.py").write_text(source, encoding="utf-8")
    notebook = new_notebook(cells=[new_markdown_cell(text), *map(new_code_cell, cells)])
    nbformat.write(notebook, folder / "ps1.ipynb")
    return folder


def test_pictures_that_only_a_text_or_a_module_beside_it_names_are_there(tmp_path: Path) -> None:
    source = "".join(f"def {name}(): pass\n" for name in "abcde")
    folder = course_with(
        tmp_path, source, "import figures\nfigures.a()  # or figures.b()", text="Try `figures.c()`."
    )
    (folder / "more").mkdir()
    (folder / "more" / "helper.py").write_text("from figures import d\n")
    put(helpers_of(Course(tmp_path), folder, ()), folder)
    assert names_of((folder / "figures.py").read_text()) == set("abcd")
    before = (folder / "figures.py").stat().st_mtime_ns
    put(helpers_of(Course(tmp_path), folder, ()), folder)
    assert (folder / "figures.py").stat().st_mtime_ns == before


def test_a_notebook_that_hands_its_pictures_on_has_all_of_them(tmp_path: Path) -> None:
    source = "def a(): pass\ndef b(): pass\n"
    folder = course_with(tmp_path, source, "import figures\ndir(figures)")
    assert pictures(tmp_path, folder) == source


@pytest.mark.parametrize("source", ["def f(:\n", "\0"])
def test_pictures_that_are_no_python_are_refused_in_a_line(tmp_path: Path, source: str) -> None:
    folder = course_with(tmp_path, source, "import figures\nfigures.f()")
    with pytest.raises(
        ReleaseError, match=r"notebooks/figures\.py cannot be read as Python"
    ) as refused:
        pictures(tmp_path, folder)
    assert "\n" not in str(refused.value)


def test_a_notebook_without_pictures_has_no_module_of_them(tmp_path: Path) -> None:
    folder = course_with(tmp_path, "def a(): pass\n", "1")
    (folder / "figures.py").write_text("# of an earlier release\n")
    put(helpers_of(Course(tmp_path), folder, ()), folder)
    assert [path.name for path in folder.glob("*.py")] == []


def test_a_notebook_that_only_imports_its_pictures_can_do_so(tmp_path: Path) -> None:
    folder = course_with(tmp_path, "def a(): pass\n", "import figures")
    assert pictures(tmp_path, folder) == ""


def test_a_course_without_pictures_has_none(tmp_path: Path) -> None:
    folder = course_with(tmp_path, "", "1")
    (tmp_path / "notebooks" / "figures.py").unlink()
    put(helpers_of(Course(tmp_path), folder, ()), folder)
    assert not (folder / "figures.py").exists()


@pytest.mark.parametrize("name", SETS)
def test_the_pictures_of_a_set_are_those_that_it_uses_and_in_good_style(name: str) -> None:
    text = (ROOT / "release" / name / "figures.py").read_text(encoding="utf-8")
    notebook = nbformat.read(ROOT / "source" / name / f"{name}.ipynb", as_version=4)
    used = used_of("figures", [cell.source for cell in notebook.cells if cell.cell_type == "code"])
    functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    assert {node.name for node in functions if not node.name.startswith("_")} == used
    assert all(ast.get_source_segment(FIGURES, node) for node in functions)
    assert ruff("format", "--check", source=text) == ruff("check", source=text) == ""
    drawn = {node.name: ast.unparse(node) for node in functions}
    whole = {
        node.name: ast.unparse(node) for node in ast.parse(FIGURES).body if hasattr(node, "name")
    }
    assert drawn.items() <= whole.items()


def test_all_names_of_a_module_give_the_module() -> None:
    again = sliced(FIGURES, names_of(FIGURES))
    assert ast.unparse(ast.parse(again)) == ast.unparse(ast.parse(FIGURES))
