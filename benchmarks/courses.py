"""Makes the courses in which a class is graded, each as fresh as the other.

A template is released once; every run gets a copy with the first students of the
class, so that nothing is left from the run before.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat

from autograder.course.folder import SECRET_FILE
from benchmarks.classes import make_class, student

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
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


class BenchmarkError(Exception):
    """What was to be measured did not happen; the text says what, and where."""


@dataclass(frozen=True)
class Template:
    """A released course, with a class that can hand in.

    Parameters
    ----------
    course : the folder, without submissions
    classroom : the submissions, a folder for each student
    problem_sets : ``("ps1", "ps2")``
    tensorflow : whether the notebooks have the variant's cell
    """

    course: Path
    classroom: Path
    problem_sets: tuple[str, ...]
    tensorflow: bool = False

    def students(self, submissions: int) -> int:
        """Return how many students hand in that many submissions."""
        return submissions // len(self.problem_sets)


def environment(**more: str) -> dict[str, str]:
    """Return the environment of what is measured: a person's, without this course's switches."""
    dropped = ("COURSE_PICTURES", "GRADEBOOK_URL")
    return {key: value for key, value in os.environ.items() if key not in dropped} | more


def make_template(
    folder: Path, submissions: int, problem_sets: Sequence[str], tensorflow: bool = False
) -> Template:
    """Release a course and make a class for it.

    Parameters
    ----------
    folder : where to; must not exist
    submissions : in the class
    problem_sets : what is released and handed in
    tensorflow : whether the notebooks have the variant's cell

    Raises
    ------
    BenchmarkError : the release failed
    """
    course = folder / "course"
    (course / "notebooks").mkdir(parents=True)
    for path in (ROOT / "notebooks" / "figures.py", *(ROOT / "notebooks").glob("digits*")):
        shutil.copy(path, course / "notebooks")
    shutil.copy(ROOT / "nbgrader_config.py", course)
    for name in problem_sets:
        source = nbformat.read(ROOT / "source" / name / f"{name}.ipynb", as_version=4)
        if tensorflow:
            source.cells.append(nbformat.v4.new_code_cell(TENSORFLOW, id=TENSORFLOW_CELL))
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
    make_class(course / "release", template.classroom, template.students(submissions), problem_sets)
    return template


def fresh_course(template: Template, folder: Path, submissions: int) -> Path:
    """Copy a template, with the first submissions of its class; what was there is removed."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template.course, folder)
    (folder / "submitted").mkdir()
    for number in range(template.students(submissions)):
        name = student(number)
        shutil.copytree(template.classroom / name, folder / "submitted" / name)
    return folder


def graded(course: Path) -> int:
    """Return how many notebooks have been graded in a course."""
    return sum(1 for _ in course.glob("autograded/*/*/*.ipynb"))


def without_gradient(course: Path) -> int:
    """Return in how many graded notebooks of the variant its cell gave no gradient."""
    without = 0
    for path in course.glob("autograded/*/*/*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        shown = [
            str(output.get("data", {}).get("text/plain", ""))
            for cell in notebook.cells
            if cell.get("id") == TENSORFLOW_CELL
            for output in cell.outputs
        ]
        without += not any(text.startswith("array(") for text in shown)
    return without
