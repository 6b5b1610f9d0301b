"""Attacks on plain assert cells earn nothing, see nothing hidden, and cost nobody else anything.

Each is what a student wrote in the place of the solution; on stock nbgrader most of them get full
points, or print the hidden tests.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from masters import master_of
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from autograder.course.assignment import Assignment
from autograder.sandbox import LIMITS, Sandbox
from autograder.submission.notebook import GradedNotebook, grade_notebook

SECRET = 8675309
GIVEN = "import numpy as np\nfrom numpy.testing import assert_allclose\nlimit = 100"
HELPER = "def is_square(f, x):\n    return abs(f(x) - x * x) < 1e-9"
STUB = "def square(x):\n    raise NotImplementedError()"
SOLVED = "def square(x):\n    return x * x"
TESTS = {
    "t1": "assert square(3) == 9\nassert square(-2) == 4",
    "t2": f"assert_allclose(square(np.array([1., 2.])), [1, 4])\n"
    f"### BEGIN HIDDEN TESTS\nassert square({SECRET}) == {SECRET} ** 2\n### END HIDDEN TESTS",
    "t3": "assert is_square(square, 7) and is_square(square, 0.5)",
    "t4": "right = [square(n) == n * n for n in (2, 3, 5, 7)]\n0.25 * sum(right)",
    "t5": "assert sorted([square(2), square(1)]) == [1, 4] and square(4) in [16]\n"
    "assert isinstance(square(2), int) and str(square(5)) == '25'",
}


def cell(source: str, name: str, **owned: Any) -> NotebookNode:
    data = {"grade": False, "locked": True, "solution": False, "schema_version": 3, **owned}
    return new_code_cell(source, id=name, metadata={"nbgrader": {"grade_id": name, **data}})


def notebook(work: str) -> NotebookNode:
    cells = [
        cell(GIVEN, "given"),
        cell(HELPER, "helper"),
        cell(work, "square", locked=False, solution=True),
        *(cell(source, name, grade=True, points=1) for name, source in TESTS.items()),
    ]
    return new_notebook(cells=cells)


ASSIGNMENT = Assignment("asserts", tuple(master_of(notebook(STUB))), {})
LIMITED = dataclasses.replace(LIMITS, cell_seconds=3.0)


@pytest.fixture
def graded(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that grades what a student wrote."""

    def graded(work: str, limits: Any = LIMITED) -> GradedNotebook:
        monkeypatch.setattr(sandbox, "limits", limits)
        return grade_notebook(notebook(work), ASSIGNMENT, sandbox, 5)

    return graded


def points(graded: GradedNotebook) -> float:
    return sum(verdict.points for verdict in graded.verdicts)


def shown(graded: GradedNotebook) -> str:
    """Return all that the student's own cells show."""
    return "".join(
        str(one)
        for cell in graded.notebook.cells
        if cell.cell_type == "code" and not cell.metadata.nbgrader.grade
        for one in cell.outputs
    )


def test_the_solution_has_all_points_and_the_stub_none(graded: Any) -> None:
    assert points(graded(SOLVED)) == 5
    assert points(graded(STUB)) == 0


YES = """
class Yes(__BASE__):
    def yes(self, *_): return True
    def one(self, *_): return self
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __bool__ = yes
    __sub__ = __rsub__ = __add__ = __abs__ = __neg__ = __mul__ = __rmul__ = __pow__ = one
    def __ne__(self, other): return False
    def __hash__(self): return 1
    def __str__(self): return "25"
    def __float__(self): return 0.0
"""
ATTACKS = {
    "an object that equals everything": YES.replace("__BASE__", "object")
    + "def square(x): return Yes()",
    "an integer that equals everything": YES.replace("__BASE__", "int")
    + "def square(x): return Yes()",
    "a float that equals everything": YES.replace("__BASE__", "float")
    + "def square(x): return Yes()",
    "an array that equals everything": YES.replace("__BASE__", "np.ndarray")
    + "def square(x): return np.zeros(()).view(Yes)",
    "a class that lies about itself": YES.replace("__BASE__", "object")
    + "Yes.__class__ = property(lambda self: int)\nYes.__module__ = 'builtins'\n"
    "Yes.__name__ = Yes.__qualname__ = 'int'\ndef square(x): return Yes()",
    "a class of a library's name": YES.replace("__BASE__", "object")
    + "Yes.__module__, Yes.__qualname__ = 'numpy', 'poly1d'\ndef square(x): return Yes()",
    "the mock that equals anything": ("from unittest import mock\ndef square(x): return mock.ANY"),
    "a mock for a function": "from unittest.mock import MagicMock\nsquare = MagicMock()",
    "patched helpers": (
        "is_square = assert_allclose = lambda *_, **__: True\n"
        "import numpy.testing\nnumpy.testing.assert_allclose = assert_allclose\n"
        "np.allclose = assert_allclose\ndef square(x): return 0"
    ),
    "patched builtins": (
        "import builtins\nbuiltins.abs = lambda x: 0\nbuiltins.isinstance = lambda *_: True\n"
        "builtins.sum = lambda x: 4\nbuiltins.sorted = lambda x: [1, 4]\nbuiltins.str = '25'\n"
        "abs = lambda x: 0\nsorted = lambda x: [1, 4]\nsum = lambda x: 4\ndef square(x): return 0"
    ),
    "a patched shell": (
        "ip = get_ipython()\nip.run_cell = lambda *_, **__: None\n"
        "ip.input_transformers_cleanup.append(lambda lines: [])\n"
        "type(ip).run = lambda *_: [{'type': 'result', 'data': {'text/plain': '1'}}]\n"
        "def square(x): return 0"
    ),
    "a module in the place of another": (
        "import cmath, types\nnp = types.ModuleType('numpy')\nnp.array = lambda x: x\n"
        "def square(x): return 0"
    ),
    "a printed result": (
        "def square(x):\n    print('1.0')\n    print({'output_type': 'execute_result'})\n"
        "    return 0"
    ),
    "leaving": "def square(x): raise SystemExit(0)",
    "an interrupt": "def square(x): raise KeyboardInterrupt",
    "leaving a generator": "def square(x): raise GeneratorExit",
    "an exception that lies": (
        "class Fine(BaseException):\n    __class__ = property(lambda self: None)\n"
        "    def __str__(self): raise SystemExit\n"
        "Fine.__name__ = 'SkipTest'\ndef square(x): raise Fine"
    ),
    "a debugger that leaves": "import bdb\ndef square(x): raise bdb.BdbQuit",
    "an end of the process": "import os\ndef square(x): os._exit(0)",
    "no end": "def square(x):\n    while True: pass",
    "no end of values": "def square(x):\n    while True: yield 9",
    "no end of recursion": "def square(x): return square(x)",
    "a great deal of memory": "def square(x): return [0] * 10**9",
    "a large answer": "def square(x): return ['x' * 1000] * 10**6",
    "nested deeply": (
        "def square(x):\n    a = []\n    for _ in range(10**4): a = [a]\n    return a"
    ),
    "what was changed instead": (
        "def square(x):\n    if isinstance(x, np.ndarray): x[...] = 0\n    return x"
    ),
    "forged messages": (
        "import gc, struct, json\n"
        "from autograder.sandbox import wire\n"
        "links = [one for one in gc.get_objects() if type(one) is wire.Connection]\n"
        "OUT = {'answer': {'outputs': [{'type': 'result', 'data': {'text/plain': '1'}}],\n"
        "       'needs': []}, 'do': 'test', 'source': '1.0', 'outputs': [], 'reply': {}}\n"
        "def square(x):\n    wire.send(links[0], OUT)\n    return 0"
    ),
    "an answer that is an order": (
        "import gc\nfrom autograder.sandbox import wire\n"
        "links = [one for one in gc.get_objects() if type(one) is wire.Connection]\n"
        "def square(x):\n"
        "    wire.send(links[0], {'answer': {'do': 'test', 'source': '1.0', 'names': [],\n"
        "        'mine': [], 'theirs': [], 'imports': [], 'step': [], 'back': [],\n"
        "        'needs': None, 'record': False, 'value': 9, 'changed': []}})\n    return 0"
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_earns_nothing(attack: str, graded: Any) -> None:
    done = graded(ATTACKS[attack])
    assert {verdict.exercise: verdict.points for verdict in done.verdicts} == dict.fromkeys(
        TESTS, 0
    )


LOOKS = {
    "frames": (
        "import sys, gc\nseen = []\ndef square(x):\n    frame = sys._getframe()\n"
        "    while frame:\n        seen.append(str(frame.f_code.co_consts) + str(frame.f_locals))\n"
        "        frame = frame.f_back\n    return x * x"
    ),
    "all objects": (
        "import gc\nseen = []\ndef square(x):\n"
        "    seen.extend(str(one) for one in gc.get_objects() if type(one) in (str, dict, tuple))\n"
        "    return x * x"
    ),
    "source of cells": (
        "import linecache\nseen = []\ndef square(x):\n"
        "    seen.append(str(linecache.cache) + str(get_ipython().history_manager.input_hist_raw)\n"
        "        + str([one for name, one in globals().items() if name != 'seen']))\n"
        "    return x * x"
    ),
}


@pytest.mark.parametrize("look", LOOKS)
def test_what_is_hidden_is_not_where_student_code_is(
    look: str, sandbox: Sandbox, graded: Any
) -> None:
    # The number itself reaches the function: what no one can keep from it is its argument.
    work = notebook(LOOKS[look])
    work.cells.append(
        new_code_cell("print([one for one in seen if 'HIDDEN' in one or '** 2' in one][:3])")
    )
    done = grade_notebook(work, ASSIGNMENT, sandbox, 5)
    assert points(done) >= 4
    assert "".join(one.get("text", "") for one in done.notebook.cells[-1].outputs) == "[]\n"


def test_a_function_of_the_tests_gives_nothing_away(sandbox: Sandbox) -> None:
    test = f"def f(x):\n    return x * {SECRET}\nassert apply(f, 2) == {2 * SECRET}"
    work = (
        "found = []\ndef apply(f, x):\n"
        "    for name in dir(f) + ['__globals__', '__code__', '__closure__', '__self__',\n"
        "                          '__wrapped__', '__func__', '__dict__']:\n"
        "        try:\n            found.append((name, str(getattr(f, name))))\n"
        "        except Exception:\n            pass\n    return f(x)"
    )
    cells = [cell("", "s", locked=False, solution=True), cell(test, "t", grade=True, points=1)]
    master = tuple(master_of(new_notebook(cells=cells)))
    cells[0].source = work
    cells.append(new_code_cell(f"print('{SECRET}' in str(found))"))
    done = grade_notebook(new_notebook(cells=cells), Assignment("a", master, {}), sandbox, 5)
    assert points(done) == 1
    assert done.notebook.cells[-1].outputs[0].text == "False\n"


EACH = "found = first(3)\nassert len(found) == 3\nfor n in found:\n    assert n in (0, 1, 2)"
LIES = {
    "a length, and no entry": (
        [EACH],
        "class Three(list):\n    def __len__(self): return 3\ndef first(n): return Three()",
    ),
    "a length, and no entry by its number": (
        [EACH],
        "class Three:\n    def __len__(self): return 3\n"
        "    def __getitem__(self, number): raise IndexError\ndef first(n): return Three()",
    ),
    "the end of the loop that asks": (
        ["for found, n in zip(map(first, (1, 2)), (1, 2)):\n    assert found == list(range(n))"],
        "def first(n): raise StopIteration",
    ),
    "what the test draws": (
        [
            "import random\nn = random.random()\nassert first(n) == n + 1",
            "import numpy as np\nfirst(1)\nn = np.random.rand()\nassert first(n) == n + 1",
        ],
        "import random, numpy as np\ndef first(n):\n"
        "    random.setstate((3, (0,) * 624 + (624,), None))\n"
        "    np.random.set_state(('MT19937', np.zeros(624, np.uint32), 624, 0, 0.0))\n"
        "    return 1.0\nfirst(0)",
    ),
    "a function that an earlier test gave": (
        ["def right(n):\n    return n * n\nfirst(right)", "assert first(7) == right(7)"],
        "kept = []\ndef first(n):\n    if callable(n):\n        kept.append(n)\n    else:\n"
        "        return kept[0](n)",
    ),
    "an array that gives another one without end": (
        ["import numpy as np\nassert np.allclose(first(2), [0, 1])"],
        "class Endless:\n    def __array__(self, *_, **__): return self\n"
        "def first(n): return Endless()",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_is_no_answer_passes_no_test(lie: str, sandbox: Sandbox) -> None:
    tests, attack = LIES[lie]
    cells = [cell("", "s", locked=False, solution=True)]
    cells += [cell(test, f"t{i}", grade=True, points=1) for i, test in enumerate(tests)]
    assignment = Assignment("a", tuple(master_of(new_notebook(cells=cells))), {})
    cells[0].source = attack
    done = grade_notebook(new_notebook(cells=cells), assignment, sandbox, 5)
    # What gives a function away is passed; what uses it afterwards is not.
    assert done.verdicts[-1].points == 0
    assert points(done) == (lie == "a function that an earlier test gave")


def test_after_an_attack_the_next_one_is_graded_as_ever(graded: Any) -> None:
    graded(ATTACKS["a patched shell"])
    assert points(graded(SOLVED)) == 5


def test_a_function_that_hangs_costs_its_own_tests(graded: Any) -> None:
    work = "def square(x):\n    while type(x) is int and x == 7: pass\n    return x * x"
    done = graded(work)
    earned = {verdict.exercise: verdict.points for verdict in done.verdicts}
    assert earned == {"t1": 1, "t2": 1, "t3": 0, "t4": 0, "t5": 1}
    assert any("did not end within 3 s" in remark for remark in done.remarks)
