"""No word of a problem set is the code that it asks for: hints stop before it, to the last one."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import nbformat
import numpy as np
import pytest

from autograder.judging.judge import judge
from softmax_by_hand import CATALOGUE, EXERCISES
from tests.test_notebooks import ROOT, exercise_cells, grading

SETS = {name: ROOT / "source" / name / f"{name}.ipynb" for name in CATALOGUE.assignments}
CASES = [(name, one.name) for name, every in CATALOGUE.assignments.items() for one in every]
every_exercise = pytest.mark.parametrize(
    ("problem_set", "name"), CASES, ids=[name for _, name in CASES]
)
OPERATIONS = (ast.Call, ast.BinOp, ast.Compare, ast.Subscript)


def cells_of(problem_set: str) -> Any:
    return nbformat.read(SETS[problem_set], as_version=4)


def section(problem_set: str, name: str) -> list[str]:
    """Return the texts of an exercise, from its idea to what was seen."""
    notebook = cells_of(problem_set)
    places = exercise_cells(notebook)
    start = places[name] - 3
    end = min([place - 3 for place in places.values() if place > start + 3], default=None)
    return [cell.source for cell in notebook.cells[start:end] if cell.cell_type == "markdown"]


def code_in(text: str) -> list[str]:
    """Return the code of a text: what stands in fences, and between single backticks."""
    fenced = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    return [*fenced, *re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))]


def parsed(code: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code.strip().removeprefix("return ").rstrip(":"))
    except SyntaxError:
        return None


def solution(problem_set: str, name: str) -> ast.AST:
    notebook = cells_of(problem_set)
    return ast.parse(notebook.cells[exercise_cells(notebook)[name]].source).body[0]


def lines_of(tree: ast.AST) -> Iterator[ast.AST]:
    """Give what a line of a solution computes, where that is more than one operation."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Return | ast.Expr):
            value = node.value
            if value and sum(isinstance(inner, OPERATIONS) for inner in ast.walk(value)) > 1:
                yield value


def same_code(node: ast.AST) -> str:
    """Return code as text in which it does not matter whether a name is kept on `self`."""
    return ast.unparse(node).replace("self.", "")


@every_exercise
def test_no_text_holds_a_line_of_the_solution(problem_set: str, name: str) -> None:
    secret = {same_code(line) for line in lines_of(solution(problem_set, name))}
    for text in section(problem_set, name):
        for tree in filter(None, map(parsed, code_in(text))):
            found = {same_code(n) for n in ast.walk(tree) if isinstance(n, ast.expr)} & secret
            assert not found, f"the text of {name} holds {found}"


def bodies(texts: list[str]) -> Iterator[str]:
    """Give what a student may paste as the body: each piece of code, and all of each text."""
    for text in texts:
        pieces = [ast.unparse(tree) for tree in map(parsed, code_in(text)) if tree and tree.body]
        yield from pieces
        if pieces:
            yield "\n".join(pieces)


def returning(body: str) -> ast.Module:
    """Return a body of which the last expression is what is returned."""
    tree = ast.parse(body)
    if isinstance(tree.body[-1], ast.Expr):
        tree.body[-1] = ast.Return(tree.body[-1].value)
    return tree


def given(problem_set: str) -> dict[str, Any]:
    """Return what a problem set gives, without what it asks for."""
    names: dict[str, Any] = {"np": np}
    for cell in cells_of(problem_set).cells:
        if grading(cell).get("grade_id") == "given":
            exec(cell.source, names)
    return names


FUNCTIONS = [case for case in CASES if EXERCISES[case[1]].kind == "function"]


@pytest.mark.parametrize(("problem_set", "name"), FUNCTIONS, ids=[name for _, name in FUNCTIONS])
def test_code_pasted_from_a_text_earns_nothing(problem_set: str, name: str) -> None:
    (definition,) = [solution(problem_set, name)]
    assert isinstance(definition, ast.FunctionDef)
    for body in dict.fromkeys(bodies(section(problem_set, name))):
        try:
            definition.body = returning(body).body
            module = ast.fix_missing_locations(ast.Module([definition], []))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                names = given(problem_set)
                exec(compile(module, name, "exec"), names)
        except SyntaxError:  # a loop without its body, say
            continue
        verdict = judge(EXERCISES[name], quiet(names[name]), 0)
        assert verdict.points == 0, f"in the text of {name} stands {body}"


def quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that warns of nothing."""

    def called(*arguments: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*arguments)

    return called


def test_a_line_of_a_solution_is_found_wherever_it_stands() -> None:
    (text,) = ["Try `self.A * (grad_a - np.sum(self.A * grad_a, axis=0))` there."]
    (code,) = code_in(text)
    tree = parsed(code)
    assert tree
    lines = list(lines_of(ast.parse("s = np.sum(A * grad_a, axis=0)")))
    assert [same_code(line) for line in lines] == ["np.sum(A * grad_a, axis=0)"]
    assert {same_code(n) for n in ast.walk(tree)} & {same_code(line) for line in lines}
