"""Of what a submission displays so much is kept, and where that ends it is said."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from typing import Any

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.base.limits import GRADING, LIMITS
from autograder.course.assignment import Assignment
from autograder.sandbox import Sandbox
from autograder.submission.notebook import GradedNotebook, judge_notebook
from autograder.submission.outputs import MAX_ERROR, KeptOutputs

SMALL = dataclasses.replace(LIMITS, all_output_bytes=10_000, all_image_bytes=10_000)
MEGABYTES = 1 << 20


def stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def picture(number: int) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {"image/png": "A" * number}, "metadata": {}}


def error(text: str) -> dict[str, Any]:
    trace = [*text.splitlines(), "ValueError"]
    return {"output_type": "error", "ename": "ValueError", "evalue": text, "traceback": trace}


def kept(*cells: list[dict[str, Any]]) -> list[list[NotebookNode]]:
    outputs = KeptOutputs(SMALL)
    return [outputs.keep(cell) for cell in cells]


def said(cells: list[list[NotebookNode]]) -> list[int]:
    """Return the numbers of the cells in which it is said that something is not kept."""
    return [
        number
        for number, cell in enumerate(cells)
        for output in cell
        if output.get("text", "").startswith("Not kept, here and below: ")
    ]


def test_all_is_kept_as_it_is_while_there_is_room():
    cell = [stream("one\ntwo"), picture(3000), error("three")]
    assert kept(cell, cell) == [cell, cell]


def test_where_the_text_ends_it_is_said_once_and_pictures_go_on():
    cells = kept([stream("x" * 6000)], [stream("y" * 6000)], [stream("z"), picture(400)])
    assert said(cells) == [1]
    assert "MB of text" in cells[1][0].text
    assert cells[2] == [picture(400)], "what is smaller is not kept either, after that"


def test_where_the_pictures_end_it_is_said_once_and_text_goes_on():
    cells = kept([picture(7000)], [stream("one"), picture(7000), stream("two")], [picture(4)])
    assert said(cells) == [1]
    assert [output.get("text", "")[:3] for output in cells[1]] == ["one", "Not", "two"]
    assert cells[2] == []


@pytest.mark.parametrize(
    "output",
    [stream("\n" * 80), stream("\u2028" * 80), stream("\U0001f600" * 1500), error("x\n" * 35)],
    ids=["empty lines", "lines that are none for most", "wide characters", "a long traceback"],
)
def test_what_takes_more_memory_than_it_has_characters_counts_as_much(output):
    assert said(kept([output], [output])) == [1]


def test_outputs_that_hold_next_to_nothing_count_too():
    assert said(kept([stream("")] * 100)) == [0]


def test_why_a_cell_stopped_is_told_in_a_line_even_where_nothing_else_is_kept():
    cells = kept([stream("x" * 20_000)], [error("long " * 1000)] * 5, [error("short")])
    assert said(cells) == [0]
    assert [len(cell) for cell in cells] == [1, 1, 1], "an honest cell has one error"
    assert len(cells[1][0].traceback[0]) <= MAX_ERROR + 20
    assert cells[2][0].traceback == ["ValueError: short"]


# --- In a submission ------------------------------------------------------------------------------


def graded(sandbox: Sandbox, *sources: str) -> GradedNotebook:
    cells = [new_code_cell(source) for source in sources]
    return judge_notebook(new_notebook(cells=cells), Assignment("ps1", (), {}), sandbox, 1)


def test_cells_that_are_run_again_are_counted_once(sandbox, monkeypatch):
    monkeypatch.setattr(sandbox, "limits", SMALL)
    work = ["print('x' * 3000)", "import os; os._exit(1)", "print('y' * 3000)", "print('z' * 3000)"]
    notebook = graded(sandbox, *work).notebook
    cells = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell[0].get("text", "?")[0] for cell in cells] == ["x", "?", "y", "N"]


PICTURE = """
import os
from IPython.display import Image, display
display(Image(b"\\x89PNG\\r\\n\\x1a\\n" + os.urandom((4 << 20) - 100), format="png"))
"""
LINES = "print('0\\n' * 49_000)"
# A worker's own process: how much memory it took at most, and how large the graded notebook is.
WORKER = """
import json, sys
from autograder.course.assignment import Assignment
from autograder.grading.jobs import Job, close_sandboxes, grade_here
from autograder.base.limits import GRADING, LIMITS
data = sys.stdin.buffer.read()
job = Job("eve", Assignment("ps1", (), {}), data, None, 1, "bwrap", LIMITS)
outcome = grade_here(job)
close_sandboxes()
status = open("/proc/self/status").read().split()
print(json.dumps([int(status[status.index("VmHWM:") + 1]) << 10, len(outcome.notebook)]))
"""


def grade_apart(*cells: NotebookNode) -> tuple[int, int]:
    """Grade in a process of its own; return its most memory, and the size of what it made."""
    done = subprocess.run(
        [sys.executable, "-c", WORKER],
        input=json.dumps(new_notebook(cells=list(cells)), ensure_ascii=False).encode(),
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    most, size = json.loads(done.stdout)
    return most, size


@pytest.mark.parametrize(("source", "cells"), [(PICTURE, 60), (LINES, 100)])
@pytest.mark.usefixtures("sandbox")  # or it says why there is none
def test_a_worker_and_a_graded_notebook_stay_small_whatever_is_displayed(source, cells):
    most, size = grade_apart(*(new_code_cell(source) for _ in range(cells)))
    assert most < GRADING.memory_megabytes * MEGABYTES
    assert size < 30 * MEGABYTES < GRADING.answer_megabytes * MEGABYTES


@pytest.mark.usefixtures("sandbox")
def test_one_wide_character_does_not_make_a_large_notebook_four_times_as_large():
    """As text in memory it would."""
    photo = new_markdown_cell("My derivation \U0001f600: ![](attachment:photo.jpeg)")
    photo.attachments = {"photo.jpeg": {"image/jpeg": "A" * 19_000_000}}
    most, size = grade_apart(photo, *(new_code_cell(PICTURE) for _ in range(4)))
    assert most < GRADING.memory_megabytes * MEGABYTES
    assert 30 * MEGABYTES < size < GRADING.answer_megabytes * MEGABYTES
