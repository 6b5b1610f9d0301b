"""Makes a class: submissions of the problem sets, as a real class hands them in.

Each is put together exercise by exercise, from the sample class's answers and the
catalogue's wrong answers.  Nothing hostile and nothing that hangs: what those cost
is set by limits, not by the grader.  The same numbers give the same bytes, and a
small class is the beginning of a large one.
"""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from nbformat import NotebookNode, v4

from examples.build import HERE, Answer, answers_of, hand_in
from examples.edits import write
from softmax_by_hand import CATALOGUE

Kind = Literal["right", "mistaken", "partly done"]

SEED = 20261005
# Of ten students; shuffled within each ten, so that every size has the same mixture.
TEN: tuple[Kind, ...] = ("right",) * 5 + ("mistaken",) * 3 + ("partly done",) * 2
STYLES = ("full-vectorised", "full-loops", "full-einsum", "full-verbose")
WRITTEN = {"ps1": "written_whole_matrix", "ps2": "written_sum_to_zero"}
HANDED_IN = datetime(2026, 10, 5, 9, 0, 0)


@dataclass(frozen=True)
class Answers:
    """What there is to choose from for one exercise.

    Parameters
    ----------
    right : the text of the cell, each with the cells in which its author tries it out
    wrong : the text of the cell
    """

    right: tuple[tuple[str, tuple[str, ...]], ...]
    wrong: tuple[str, ...]


def student(number: int) -> str:
    """Return the name of a student's folder."""
    return f"student-{number:05d}"


def kind_of(number: int, seed: int = SEED) -> Kind:
    """Return what sort of work a student hands in."""
    ten, place = divmod(number, len(TEN))
    return TEN[np.random.default_rng([seed, 0, ten]).permutation(len(TEN))[place]]


def answers_from(names: Sequence[str], problem_set: str) -> Iterator[tuple[str, Answer]]:
    """Yield the answers of some students of the sample class, with whose they are."""
    for name in names:
        for answer in answers_of(name):
            if answer.problem_set == problem_set:
                yield name, answer


@lru_cache
def choices(problem_set: str) -> Mapping[str, Answers]:
    """Return what there is to choose from for each exercise of a problem set, in its order."""
    mistaken = sorted(path.stem for path in (HERE / "answers").glob("wrong-*.py"))
    right = list(answers_from(STYLES, problem_set))
    wrong = list(answers_from(mistaken, problem_set))
    found = {}
    for exercise in CATALOGUE.assignments[problem_set]:
        name = exercise.name
        tries: dict[str, list[str]] = {}
        for who, answer in right:
            if answer.cell == name and answer.after:
                tries.setdefault(who, []).append(answer.text)
        found[name] = Answers(
            tuple(
                (answer.text, tuple(tries.get(who, ())))
                for who, answer in right
                if answer.cell == name and not answer.after
            ),
            tuple(answer.text for _, answer in wrong if answer.cell == name and not answer.after)
            + tuple(
                text
                for misconception in exercise.misconceptions
                for function in misconception.wrong
                if (text := source_alone(function, name)) is not None
            ),
        )
    return found


def notebook(
    released: NotebookNode, problem_set: str, number: int, seed: int = SEED
) -> NotebookNode:
    """Return a student's submission of a problem set.

    Parameters
    ----------
    released : the notebook that students get
    problem_set : ``"ps1"``
    number : of the student in the class, from 0
    seed : of the class
    """
    rng = np.random.default_rng([seed, 1, number, int(problem_set.removeprefix("ps"))])
    kind = kind_of(number, seed)
    there = choices(problem_set)
    names = list(there)
    done = int(rng.integers(1, len(names))) if kind == "partly done" else len(names)
    # Some wrong answers are no text that stands by itself, see `source_alone`.
    can_miss = [name for name in names if there[name].wrong]
    missed: set[str] = set()
    if kind == "mistaken":
        missed = set(rng.choice(can_miss, size=int(rng.integers(1, 4)), replace=False).tolist())
    elif kind == "partly done" and rng.random() < 0.5:
        missed = {names[done - 1]} & set(can_miss)  # an attempt at the last one

    answers: list[Answer] = []
    for name in names[:done]:
        if name in missed:
            answers.append(Answer(problem_set, name, False, _one_of(rng, there[name].wrong)))
        else:
            text, tries = _one_of(rng, there[name].right)
            answers.append(Answer(problem_set, name, False, text))
            answers += [Answer(problem_set, name, True, tried) for tried in tries]
    if any("math." in answer.text for answer in answers):
        answers.insert(0, Answer(problem_set, "setup", True, "import math"))
    # Nobody's notebook is another's to the last byte.
    numbers = ", ".join(f"{value:.3f}" for value in rng.normal(size=4))
    own = f"my_numbers = np.array([{numbers}])\nprint(my_numbers.sum())"
    answers.append(Answer(problem_set, "data", True, own))
    if kind != "partly done":
        written = [
            answer
            for _, answer in answers_from(STYLES, problem_set)
            if answer.cell == WRITTEN.get(problem_set)
        ]
        answers += [_one_of(rng, written)] if written else []
    return hand_in(released, answers)


def make_class(
    release: Path,
    submitted: Path,
    students: int,
    problem_sets: Sequence[str] = ("ps1", "ps2"),
    seed: int = SEED,
) -> int:
    """Write the submissions of a class and return how many there are.

    Parameters
    ----------
    release : the folder of released problem sets
    submitted : the folder to fill
    students : how many; each hands in every problem set
    problem_sets : ``("ps1", "ps2")``
    seed : of the class
    """
    for problem_set in problem_sets:
        path = release / problem_set / f"{problem_set}.ipynb"
        released = v4.reads(path.read_text(encoding="utf-8"))
        for number in range(students):
            folder = submitted / student(number) / problem_set
            folder.mkdir(parents=True)
            made = notebook(released, problem_set, number, seed)
            write(folder / f"{problem_set}.ipynb", v4.writes(made) + "\n")
            moment = HANDED_IN + timedelta(seconds=61 * number)
            write(folder / "timestamp.txt", f"{moment:%Y-%m-%d %H:%M:%S.%f} UTC\n")
    return students * len(problem_sets)


def _one_of(rng: np.random.Generator, things: Sequence[Any]) -> Any:
    return things[int(rng.integers(len(things)))]


# --- The catalogue's wrong answers as text ---------------------------------------------------


def source_alone(function: Callable[..., Any], name: str) -> str | None:
    """Return a wrong answer as a student would write it, or None where it needs its module.

    Parameters
    ----------
    function : of the catalogue
    name : of the exercise
    """
    if not inspect.isfunction(function) or function.__closure__:
        return None
    path = inspect.getsourcefile(function)
    assert path is not None
    found = _functions(path).get(function.__code__.co_firstlineno, ())
    if len(found) != 1 or _needed(found[0]) - {"np"}:
        return None  # several lambdas in one line look alike from here
    node = found[0]
    if isinstance(node, ast.Lambda):
        return f"def {name}({ast.unparse(node.args)}):\n    return {ast.unparse(node.body)}"
    body = [line for line in node.body if not _is_docstring(line)]
    lines = "\n".join(ast.unparse(line) for line in body).splitlines()
    return f"def {name}({_plain(node.args)}):\n" + "\n".join(f"    {line}" for line in lines)


@lru_cache
def _functions(path: str) -> Mapping[int, tuple[ast.Lambda | ast.FunctionDef, ...]]:
    found: dict[int, tuple[ast.Lambda | ast.FunctionDef, ...]] = {}
    for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Lambda | ast.FunctionDef):
            found[node.lineno] = (*found.get(node.lineno, ()), node)
    return found


def _needed(node: ast.Lambda | ast.FunctionDef) -> set[str]:
    """Return the names that a function takes from around it, annotations aside."""
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    inside = [inner for part in body for inner in ast.walk(part) if isinstance(inner, ast.Name)]
    given = {inner.arg for inner in ast.walk(node) if isinstance(inner, ast.arg)}
    given |= {inner.id for inner in inside if not isinstance(inner.ctx, ast.Load)}
    # Defaults are worked out where the function stands, before it has arguments.
    defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
    outside = {
        inner.id for part in defaults for inner in ast.walk(part) if isinstance(inner, ast.Name)
    }
    return (({inner.id for inner in inside} - given) | outside) - set(dir(builtins))


def _plain(arguments: ast.arguments) -> str:
    """Return arguments without annotations, which students do not write."""
    bare = copy.deepcopy(arguments)
    for node in ast.walk(bare):
        if isinstance(node, ast.arg):
            node.annotation = None
    return ast.unparse(bare)


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
