"""Makes what is graded: the submissions of a class, and the courses in which they are handed in.

A submission is put together exercise by exercise from the sample class's answers.  Nothing hostile
and nothing that hangs: what those cost is set by limits, not by the grader.  The same numbers give
the same bytes, and a small class is the beginning of a large one.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import nbformat
import numpy as np
from nbformat import NotebookNode, v4

from autograder.catalogue.name import CONFIG_FILE
from autograder.course.folder import SECRET_FILE
from benchmarks import plain
from benchmarks.measure import BenchmarkError, environment
from examples.build import HERE, Answer, answers_of, hand_in
from examples.edits import write
from softmax_by_hand import CATALOGUE

Kind = Literal["right", "mistaken", "partly done"]
Answers = dict[str, list[list[Answer]]]

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
SEED = 20261005
# Of ten students; shuffled within each ten, so that every size has the same mixture.
TEN: tuple[Kind, ...] = ("right",) * 5 + ("mistaken",) * 3 + ("partly done",) * 2
STYLES = ("full-vectorised", "full-loops", "full-einsum", "full-verbose")
MISTAKEN = sorted(path.stem for path in (HERE / "answers").glob("wrong-*.py"))
WRITTEN = {"ps1": "written_whole_matrix", "ps2": "written_sum_to_zero"}
HANDED_IN = datetime(2026, 10, 5, 9, 0, 0)
# What the variant's notebooks do besides: import TensorFlow and take one gradient.
TENSORFLOW_CELL = "tensorflow-gradient"
TENSORFLOW = """\
import tensorflow as tf

w = tf.Variable([[0.1, -0.2], [0.3, 0.4]])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(
        tf.nn.softmax_cross_entropy_with_logits(labels=tf.eye(2), logits=tf.linalg.matmul(w, w))
    )
tape.gradient(loss, w).numpy()"""


# --- A class -------------------------------------------------------------------------------------


def student(number: int) -> str:
    """Return the name of a student's folder."""
    return f"student-{number:05d}"


def kind_of(number: int, seed: int = SEED) -> Kind:
    """Return what sort of work a student hands in."""
    ten, place = divmod(number, len(TEN))
    return TEN[np.random.default_rng([seed, 0, ten]).permutation(len(TEN))[place]]


@lru_cache
def answers(students: tuple[str, ...], problem_set: str) -> Answers:
    """Return what students of the sample class answer, by cell.

    Returns
    -------
    dict of lists; in each an answer, and behind it the cells in which its author tries it out
    """
    found: Answers = defaultdict(list)
    for name in students:
        of_cell: dict[str, list[Answer]] = defaultdict(list)
        for answer in answers_of(name):
            if answer.problem_set == problem_set:
                of_cell[answer.cell].append(answer)
        for cell, group in of_cell.items():
            group.sort(key=lambda answer: answer.after)
            if not group[0].after:
                found[cell].append(group)
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
    right, wrong = answers(STYLES, problem_set), answers(tuple(MISTAKEN), problem_set)
    names = [exercise.name for exercise in CATALOGUE.assignments[problem_set]]
    done = int(rng.integers(1, len(names))) if kind == "partly done" else len(names)
    can_miss = [name for name in names if wrong[name]]
    missed: set[str] = set()
    if kind == "mistaken":
        missed = set(rng.choice(can_miss, size=int(rng.integers(1, 4)), replace=False).tolist())
    elif kind == "partly done" and rng.random() < 0.5:
        missed = {names[done - 1]} & set(can_miss)  # an attempt at the last one

    given: list[Answer] = []
    for name in names[:done]:
        given += _one_of(rng, wrong[name])[:1] if name in missed else _one_of(rng, right[name])
    if any("math." in answer.text for answer in given):
        given.insert(0, Answer(problem_set, "setup", True, "import math"))
    # Nobody's notebook is another's to the last byte.
    numbers = ", ".join(f"{value:.3f}" for value in rng.normal(size=4))
    own = f"my_numbers = np.array([{numbers}])\nprint(my_numbers.sum())"
    given.append(Answer(problem_set, "data", True, own))
    if kind != "partly done" and problem_set in WRITTEN:
        given += _one_of(rng, right[WRITTEN[problem_set]])
    return hand_in(released, given)


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
    """
    for name in problem_sets:
        released = v4.reads((release / name / f"{name}.ipynb").read_text(encoding="utf-8"))
        for number in range(students):
            if name == plain.NAME:
                rng = np.random.default_rng([seed, 3, number])
                made = plain.hand_in(released, kind_of(number, seed), rng)
            else:
                made = notebook(released, name, number, seed)
            folder = submitted / student(number) / name
            folder.mkdir(parents=True)
            write(folder / f"{name}.ipynb", v4.writes(made) + "\n")
            moment = HANDED_IN + timedelta(seconds=61 * number)
            write(folder / "timestamp.txt", f"{moment:%Y-%m-%d %H:%M:%S.%f} UTC\n")
    return students * len(problem_sets)


def _one_of(rng: np.random.Generator, things: Sequence[Any]) -> Any:
    return things[int(rng.integers(len(things)))]


# --- Courses -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Template:
    """A released course, with a class that can hand in.

    Parameters
    ----------
    course : the folder, to be copied
    classroom : the submissions, a folder for each student
    problem_sets : ``("ps1", "ps2")``
    tensorflow : whether the notebooks have the variant's cell
    """

    course: Path
    classroom: Path
    problem_sets: tuple[str, ...]
    tensorflow: bool = False


def make_template(
    folder: Path, submissions: int, problem_sets: Sequence[str], tensorflow: bool = False
) -> Template:
    """Release a course in a folder that does not exist, and make a class for it.

    Parameters
    ----------
    problem_sets : of the course, or `benchmarks.plain.NAME` alone: plain asserts, no catalogue

    Raises
    ------
    BenchmarkError : the release failed
    """
    course = folder / "course"
    course.mkdir(parents=True)
    if plain.NAME in problem_sets:
        (course / CONFIG_FILE).write_text(plain.SETTINGS)
    else:
        (course / "notebooks").mkdir()
        for path in (ROOT / "notebooks" / "figures.py", *(ROOT / "notebooks").glob("digits*")):
            shutil.copy(path, course / "notebooks")
        shutil.copy(ROOT / CONFIG_FILE, course)
    for name in problem_sets:
        if name == plain.NAME:
            source = plain.source()
        else:
            source = nbformat.read(ROOT / "source" / name / f"{name}.ipynb", as_version=4)
        if tensorflow:
            source.cells.append(v4.new_code_cell(TENSORFLOW, id=TENSORFLOW_CELL))
        (course / "source" / name).mkdir(parents=True)
        nbformat.write(source, course / "source" / name / f"{name}.ipynb")
    done = subprocess.run(
        [BIN / "autograder", "release", *problem_sets, "--course", course],
        env=environment(),
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BenchmarkError(f"the course could not be released: {said}")
    # The same fixtures in every run, and the same work.
    (course / SECRET_FILE).write_text("the benchmark's secret, no secret at all")
    (course / SECRET_FILE).chmod(0o600)
    template = Template(course, folder / "class", tuple(problem_sets), tensorflow)
    students = submissions // len(problem_sets)
    make_class(course / "release", template.classroom, students, problem_sets)
    return template


def fresh_course(template: Template, folder: Path, submissions: int) -> Path:
    """Copy a template, with the first submissions of its class; what was there is removed."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template.course, folder)
    for number in range(submissions // len(template.problem_sets)):
        name = student(number)
        to = folder / "submitted" / name
        shutil.copytree(template.classroom / name, to, dirs_exist_ok=True)
    return folder


def without_gradient(course: Path) -> int:
    """Return in how many graded notebooks of the variant its cell gave no gradient."""
    without = 0
    for path in course.glob("autograded/*/*/*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        outputs = [one for c in cells if c.get("id") == TENSORFLOW_CELL for one in c.outputs]
        shown = [str(output.get("data", {}).get("text/plain", "")) for output in outputs]
        without += not any(text.startswith("array(") for text in shown)
    return without
