"""An assignment as any nbgrader course has it: tests by asserts, no catalogue; and its hand-ins."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
from nbformat import NotebookNode, v4

NAME = "plain"
SETTINGS = '''\
"""A course of plain nbgrader assignments."""

from autograder.nbgrader_plugin import configure

c = get_config()
configure(c, __file__)
c.CourseDirectory.course_id = "plain"
c.Submissions.packages = ["numpy"]
'''


@dataclass(frozen=True)
class Task:
    """A function to write: its first right body is the source's own, the last line of the tests
    is hidden."""

    head: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    tests: tuple[str, ...]


TASKS = (
    Task(
        "mean(values)",
        ("return sum(values) / len(values)", "return float(np.mean(values))"),
        ("return sum(values) // len(values)", "return np.median(values)"),
        ("assert mean([1, 2, 3]) == 2", "assert abs(mean([1, 2, 4]) - 7 / 3) < 1e-9"),
    ),
    Task(
        "center(X)",
        ("return X - X.mean(axis=0)", "X = X.copy()\nX -= np.mean(X, axis=0)\nreturn X"),
        ("return X - X.mean()", "return X - X.mean(axis=1, keepdims=True)"),
        (
            "X = np.arange(12.0).reshape(4, 3) ** 2",
            "assert center(X).shape == (4, 3)",
            "assert np.allclose(center(X).sum(axis=0), 0)",
        ),
    ),
    Task(
        "running_total(values)",
        (
            "total, found = 0, []\nfor value in values:\n    total += value\n"
            "    found.append(total)\nreturn found",
            "return [int(one) for one in np.cumsum(values)]",
        ),
        (
            "return [sum(values)] * len(values)",
            "return [sum(values[:i]) for i in range(len(values))]",
        ),
        ("assert running_total([1, 2, 3]) == [1, 3, 6]", "assert running_total([5]) == [5]"),
    ),
    Task(
        "one_hot(labels, classes)",
        (
            "return np.eye(classes)[labels]",
            "Y = np.zeros((len(labels), classes))\nY[np.arange(len(labels)), labels] = 1\nreturn Y",
        ),
        ("return np.eye(len(labels))[labels]", "return np.ones((len(labels), classes))"),
        (
            "labels = np.array([0, 2, 1, 2])",
            "assert one_hot(labels, 3).shape == (4, 3)",
            "assert one_hot(labels, 4).argmax(axis=1).tolist() == [0, 2, 1, 2]",
        ),
    ),
    Task(
        "word_counts(text)",
        (
            "counts = {}\nfor word in text.lower().split():\n"
            "    counts[word] = counts.get(word, 0) + 1\nreturn counts",
            "words = text.lower().split()\nreturn {word: words.count(word) for word in words}",
        ),
        ("return {word: 1 for word in text.split()}", "return len(text.split())"),
        (
            "assert word_counts('a b a') == {'a': 2, 'b': 1}",
            "assert word_counts('To be or not to be')['to'] == 2",
        ),
    ),
    Task(
        "safe_root(x)",
        (
            "if x < 0:\n    raise ValueError('no root of a negative number')\nreturn x ** 0.5",
            "if x < 0:\n    raise ValueError\nreturn float(np.sqrt(x))",
        ),
        ("return abs(x) ** 0.5", "return x / 2"),
        (
            "assert abs(safe_root(9) - 3) < 1e-9",
            "try:\n    safe_root(-1)\nexcept ValueError:\n    refused = True\n"
            "else:\n    refused = False\nassert refused",
        ),
    ),
    Task(
        "distances(X, y)",
        (
            "return np.sqrt(((X - y) ** 2).sum(axis=1))",
            "return np.array([np.linalg.norm(x - y) for x in X])",
        ),
        ("return ((X - y) ** 2).sum(axis=1)", "return np.abs(X - y).sum(axis=1)"),
        (
            "X = np.array([[0.0, 0.0], [3.0, 4.0]])",
            "assert distances(X, np.zeros(2)).shape == (2,)",
            "assert np.allclose(distances(X, np.zeros(2)), [0, 5])",
        ),
    ),
    Task(
        "is_prime(n)",
        (
            "return n > 1 and all(n % i for i in range(2, int(n ** 0.5) + 1))",
            "if n < 2:\n    return False\nfor i in range(2, n):\n    if n % i == 0:\n"
            "        return False\nreturn True",
        ),
        ("return n % 2 == 1", "return all(n % i for i in range(2, 10))"),
        ("assert is_prime(7)", "assert sum(n for n in range(20) if is_prime(n)) == 77"),
    ),
)


def source() -> NotebookNode:
    """Return the notebook as an instructor has it."""
    cells = [v4.new_code_cell("import numpy as np", id="imports")]
    for task in TASKS:
        name = task.head.partition("(")[0]
        own = f"### BEGIN SOLUTION\n{task.right[0]}\n### END SOLUTION"
        *seen, hidden = task.tests
        tests = ["### BEGIN HIDDEN TESTS", hidden, "### END HIDDEN TESTS"]
        cells.append(_owned(function(task, own), name, solution=True))
        cells.append(_owned("\n".join((*seen, *tests)), f"test_{name}", grade=True, points=2))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def hand_in(released: NotebookNode, kind: str, rng: np.random.Generator) -> NotebookNode:
    """Return what a student hands in.

    Parameters
    ----------
    kind : as in `benchmarks.classes.Kind`
    """
    done = int(rng.integers(1, len(TASKS))) if kind == "partly done" else len(TASKS)
    missed = set(rng.choice(len(TASKS), size=3, replace=False)) if kind == "mistaken" else ()
    written = {}
    for place, task in enumerate(TASKS[:done]):
        bodies = task.wrong if place in missed else task.right
        body = bodies[int(rng.integers(len(bodies)))]
        written[task.head.partition("(")[0]] = function(task, body)
    notebook = deepcopy(released)
    for cell in notebook.cells:
        cell.source = written.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    numbers = ", ".join(f"{value:.3f}" for value in rng.normal(size=4))
    notebook.cells.append(v4.new_code_cell(f"print(sum([{numbers}]))", id="own"))
    return notebook


def function(task: Task, body: str) -> str:
    """Return a function of a task, with a body of its own."""
    lines = [f"    {line}" for line in body.splitlines()]
    return "\n".join((f"def {task.head}:", *lines))


def _owned(text: str, name: str, **flags: Any) -> NotebookNode:
    usual: Mapping[str, Any] = {"grade": False, "solution": False, "task": False}
    locked = not flags.get("solution")
    data = {**usual, "locked": locked, "schema_version": 3, "grade_id": name, "cell_type": "code"}
    return v4.new_code_cell(text, id=name, metadata={"nbgrader": {**data, **flags}})
