"""A course of plain nbgrader assignments: asserts, several notebooks, data beside them.

Each is made anew, as an instructor has it; of each hand-in the points are known.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook

SETTINGS = """
from autograder.nbgrader_plugin import configure

c = get_config()
configure(c, __file__)
c.CourseDirectory.course_id = "plain"
"""
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
SQUARES = '''def squares(n):
    """Return the squares of 1 to n."""
    ### BEGIN SOLUTION
    if n < 1:
        raise ValueError("n must be at least 1")
    return [i ** 2 for i in range(1, n + 1)]
    ### END SOLUTION'''
SEEN = "assert squares(1) == [1]\nassert squares(3) == [1, 4, 9]"
HIDDEN = (
    "assert squares(2) == [1, 4]\n### BEGIN HIDDEN TESTS\n"
    'assert squares(11)[-1] == 121, "the secret eleven"\n### END HIDDEN TESTS'
)
PARTIAL = "points = 0\nfor n in (1, 2, 5, 6):\n    points += len(squares(n)) == n\npoints / 2"
RAISES = """try:
    squares(0)
except ValueError:
    pass
else:
    raise AssertionError("squares(0) did not raise")"""
RIGHT = """def squares(n):
    if n < 1:
        raise ValueError
    return [i * i for i in range(1, n + 1)]"""
# Right for small numbers only, and nothing is refused.
WRONG = "def squares(n):\n    return [i * i for i in range(1, min(n, 5) + 1)]"

TOTAL = """def total():
    ### BEGIN SOLUTION
    return sum(int(line) for line in open("data/numbers.txt"))
    ### END SOLUTION"""
FOUR_TIMES = """def four_times(x):
    ### BEGIN SOLUTION
    return double(double(x))
    ### END SOLUTION"""


def owned(source: str, name: str, kind: str = "code", **flags: Any) -> Any:
    """Return a cell that nbgrader owns."""
    usual = {"grade": False, "solution": False, "locked": False, "task": False}
    data = {**usual, "schema_version": 3, "grade_id": name, "cell_type": kind, **flags}
    make = new_code_cell if kind == "code" else new_markdown_cell
    return make(source, id=name, metadata={"nbgrader": data})


def asserting(source: str, name: str, points: float) -> Any:
    """Return a test cell."""
    return owned(source, name, grade=True, locked=True, points=points)


def notebook_of(*cells: Any, kernel: Mapping[str, str] = KERNEL) -> Any:
    """Return a notebook."""
    return new_notebook(cells=list(cells), metadata={"kernelspec": dict(kernel)})


def asserts() -> Any:
    """Return an assignment of one notebook: 8 points by tests, 6 by hand."""
    return notebook_of(
        new_markdown_cell("# Squares", id="title"),
        owned(SQUARES, "squares", solution=True),
        asserting(SEEN, "seen", 1),
        asserting(HIDDEN, "hidden", 3),
        asserting(PARTIAL, "partial", 2),
        asserting(RAISES, "raises", 2),
        owned(
            "### BEGIN SOLUTION\nprint(squares(4))\n### END SOLUTION",
            "shown",
            grade=True,
            solution=True,
            points=1,
        ),
        owned(
            "Why?\n\n### BEGIN SOLUTION\nBecause.\n### END SOLUTION",
            "why",
            "markdown",
            grade=True,
            solution=True,
            points=2,
        ),
        owned(
            "Draw it.\n\n### BEGIN MARK SCHEME\nAxes: 3.\n### END MARK SCHEME",
            "drawn",
            "markdown",
            task=True,
            locked=True,
            points=3,
        ),
    )


def read_data() -> Any:
    """Return the first notebook of two: it reads a file of the assignment."""
    return notebook_of(
        owned(TOTAL, "total", solution=True),
        asserting("assert total() == 42", "same", 2),
    )


def use_helper() -> Any:
    """Return the second notebook of two: it uses a module of the assignment."""
    return notebook_of(
        new_code_cell("from helper import double", id="import"),
        owned(FOUR_TIMES, "four_times", solution=True),
        asserting("assert four_times(3) == 12", "same", 3),
    )


def write(path: Path, notebook: Any) -> None:
    """Write a notebook where an instructor has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def plain_course(root: Path, settings: str = "") -> Path:
    """Make a course with the assignments squares and two."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "nbgrader_config.py").write_text(SETTINGS + settings)
    write(root / "source/squares/squares.ipynb", asserts())
    write(root / "source/two/first.ipynb", read_data())
    write(root / "source/two/second.ipynb", use_helper())
    (root / "source/two/data").mkdir()
    (root / "source/two/data/numbers.txt").write_text("40\n2\n")
    (root / "source/two/helper.py").write_text("def double(x):\n    return 2 * x\n")
    return root


def hand_in(course: Path, student: str, assignment: str, **answers: str) -> Path:
    """Hand in an assignment as released, some of its cells filled in."""
    folder = course / "submitted" / student / assignment
    shutil.copytree(course / "release" / assignment, folder)
    for path in folder.glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            cell.source = answers.get(name, cell.source)
        nbformat.write(notebook, path)
    return folder


def marks(course: Path, assignment: str) -> dict[str, dict[str, Any]]:
    """Return what the gradebook has: by student, of each cell its points, None where it waits."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        return {
            one.student.id: {
                f"{notebook.name}/{grade.name}": None if grade.needs_manual_grade else grade.score
                for notebook in one.notebooks
                for grade in notebook.grades
            }
            for one in gradebook.assignment_submissions(assignment)
        }
