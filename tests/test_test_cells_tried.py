"""Where a test cell is judged is decided by a trial with the instructor's own solutions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograder.course.outside.decided as decided_module
from autograder.course.outside.decided import TEST_CELLS_FILE, read_decisions, with_decisions
from autograder.course.outside.plan import (
    INSIDE,
    LOCKED,
    OUTSIDE,
    SOLUTION,
    TEST,
    Decision,
    Given,
    plan,
)
from autograder.sandbox import Sandbox
from autograder.submission.testing import Testing
from autograder.submission.trial import FAILS_ITSELF, tried

SOLVED = """
class Money:
    def __init__(self, amount): self.amount = amount
    def __add__(self, other): return Money(self.amount + other)
    def __eq__(self, other): return self.amount == other
    def is_more(self, other): return self.amount > other
def double(x): return 2 * x
def make(x): return Money(x)
import random
def roll(): return random.random()
class Odd:
    def __len__(self): return 1
    def __iter__(self): return iter([1, 2])
odd = Odd()
def keep(f):
    global kept
    kept = f
def use(): return kept()
"""
STUB = "class Money:\n    pass\ndef double(x): raise NotImplementedError\ndef make(x): pass"
TESTS = {
    "plain": "assert double(2) == 4",
    "operators": "assert Money(1) + 2 == 3",
    "methods": "assert make(3).is_more(2)",
    "number": "0.5 * (double(1) == 2)",
    "seeded": (
        "import random\nrandom.seed(1)\nrolled = roll()\nrandom.seed(1)\n"
        "assert rolled == random.random()"
    ),
    "drawn on": (
        "random.seed(1)\nrolled = [roll(), random.random()]\nrandom.seed(1)\n"
        "assert rolled == [random.random(), random.random()]"
    ),
    "odd length": "assert len(odd) == 1 and list(odd) == [1, 2]",
    "kept": "keep(lambda: 5)\nassert double(2) == 4",
    "used later": "assert use() == 5",
    "inspected": "import inspect\nassert 'return' in inspect.getsource(double)",
    "caller": (
        "import sys\nseen = []\nclass Watch:\n    def __rmul__(self, other):\n"
        "        seen.append(sys._getframe(1).f_code.co_name)\n        return self\n"
        "double(Watch())\nassert seen == ['double']"
    ),
    "own object": "class Two:\n    def __rmul__(self, x): return 5\nassert double(Two()) == 5",
    "after it": "assert seen == ['double']",
    "wrong itself": "assert double(2) == 5",
}


@pytest.fixture(scope="module")
def cells() -> list[Given]:
    return [
        Given("given", LOCKED, "import math"),
        Given("work", SOLUTION, STUB, SOLVED),
        *(Given(name, TEST, source) for name, source in TESTS.items()),
    ]


@pytest.fixture(scope="module")
def decided(cells: list[Given], sandbox: Sandbox) -> dict[str, Decision]:
    return tried(cells, {}, sandbox)


def test_each_cell_goes_where_its_solution_passes(decided: dict[str, Decision]) -> None:
    ways = {name: one.way for name, one in decided.items()}
    inside = {"inspected", "caller", "own object"}
    assert {name for name, way in ways.items() if way == INSIDE} == inside
    assert decided["inspected"].why == "it reads how something is written (inspect)"
    assert decided["caller"].why.startswith("it reads how something is written")
    assert "only in one process (CannotCross" in decided["own object"].why
    assert decided["wrong itself"] == Decision(OUTSIDE, f"{FAILS_ITSELF} (AssertionError)", None)


def test_what_a_solution_needs_is_noted(decided: dict[str, Decision]) -> None:
    assert decided["plain"].needs == () == decided["number"].needs
    assert decided["operators"].needs == ("add given", "eq given")
    assert decided["methods"].needs == (".is_more()",)
    assert decided["odd length"].needs == ("length",)
    assert decided["kept"].needs == ()
    assert decided["used later"].needs == ("earlier functions",)
    # Where a test draws on, a student's function has a say in what it draws; elsewhere it has none.
    assert decided["drawn on"].needs == ("random",)
    assert decided["seeded"].needs == ()


def test_a_test_inside_has_what_an_earlier_one_defined(sandbox: Sandbox) -> None:
    inspected = "import inspect\nassert 'x' in inspect.getsource(f)\n"
    cells = [
        Given("f", SOLUTION, "", "def f(x): return x + 1"),
        Given("value", TEST, "limit = [3]\nassert f(1) == 2"),
        Given("uses it", TEST, f"{inspected}assert limit == [3]"),
        Given("function", TEST, "def right(g):\n    return g(1) == 2\nassert right(f)"),
        Given("calls it", TEST, f"{inspected}assert right(f)"),
        Given("after", TEST, "assert right(f) and limit"),
    ]
    decided = tried(cells, {}, sandbox)
    # A value can be handed over; a function of a test that has ended cannot.
    inside = {"uses it", "function", "calls it"}
    assert {name for name, one in decided.items() if one.way == INSIDE} == inside
    assert decided["function"].why == "calls it stays inside and uses what it defines"
    assert "limit" in plan(cells, {}, decided)[0].back


@pytest.fixture(scope="module")
def evil(sandbox: Sandbox) -> Iterator[object]:
    """A submission whose class says yes to everything, and which every function returns."""
    with sandbox.session({}, 60, 1) as session:
        session.run_cell(
            "class Money:\n    def __init__(self, *_): pass\n"
            "    def __eq__(self, other): return True\n"
            "    __add__ = lambda self, other: self\n"
            "    __bool__ = is_more = startswith = __eq__\n"
            "def double(x): return Money()\nmake = double"
        )
        yield session


def test_no_more_is_passed_on_than_that(
    cells: list[Given], decided: dict[str, Decision], evil: object, sandbox: Sandbox
) -> None:
    # The cell names the class, and yet: its right solution compares none with a plain value.
    more = [*cells, Given("mixed", TEST, "m = Money(1)\nassert double(2) == 4")]
    planned = {one.name: one for one in plan(more, {}, {**decided, "mixed": decided["plain"]})}
    testing = Testing(sandbox, {}, 1)
    passed = {}
    for cell in more:
        if cell.kind == TEST and planned[cell.name].way == OUTSIDE:
            told = testing.run(planned[cell.name], cell.source, evil, 20)  # type: ignore[arg-type]
            kinds = [one["output_type"] for one in told.outputs or ()]
            passed[cell.name] = "error" not in kinds
    testing.close()
    assert not passed["plain"]
    assert not passed["mixed"]
    # What an exercise has its students define, they define.
    assert passed["operators"]
    assert passed["methods"]


def test_a_decision_holds_until_notebook_or_grader_changes(
    cells: list[Given],
    decided: dict[str, Decision],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert read_decisions(tmp_path, "a/a", cells) is None
    path = tmp_path / TEST_CELLS_FILE
    path.write_text(with_decisions(tmp_path, "a/a", cells, decided))
    assert read_decisions(tmp_path, "a/a", cells) == decided
    assert read_decisions(tmp_path, "a/b", cells) is None
    assert read_decisions(tmp_path, "a/a", [*cells, Given("", LOCKED, "x = 1")]) is None
    with monkeypatch.context() as changed:
        changed.setattr(decided_module, "grader_digest", lambda: "an older grader")
        assert read_decisions(tmp_path, "a/a", cells) is None
    kept = json.loads(path.read_text())
    for broken in ("", "[]", '{"a/a": 3}', json.dumps({"a/a": {**kept["a/a"], "cells": 1}})):
        path.write_text(broken)
        assert read_decisions(tmp_path, "a/a", cells) is None
