"""Points and comments are read from a graded notebook as nbgrader itself reads them."""

from __future__ import annotations

from typing import Any

import pytest
from databases import submission
from hypothesis import given
from hypothesis import strategies as some
from nbformat import NotebookNode, from_dict
from nbgrader import utils

from autograder.submission.graded_cells import GradedCell, cells_of, checksum, verdicts_of


def test_points_and_comments_are_read_as_nbgrader_reads_them():
    assert cells_of(submission(2.5, "ValueError")) == {
        "double": GradedCell(),
        "grade_double": GradedCell(2.5),
        "grade_again": GradedCell(0.0),
        "why": GradedCell(None, needs_manual=True),
    }
    untouched = cells_of(submission(0.0, 0.0, solved=False, answer="Why?"))
    assert untouched["why"] == GradedCell(0.0, comment="No response.")
    assert untouched["double"] == GradedCell(comment="No response.")


# --- The same as nbgrader ------------------------------------------------------

TEXTS = ["1.5", "2", "0", "-1", "2.5", "nan", "inf", "1e-3", " 1 ", "one", "True", "", "[1]"]
results = some.sampled_from(TEXTS) | some.lists(some.sampled_from(TEXTS), max_size=2)
outputs = some.one_of(
    some.builds(
        lambda text: {"output_type": "execute_result", "data": {"text/plain": text}}, results
    ),
    some.builds(
        lambda name: {"output_type": "stream", "name": name, "text": "..."},
        some.sampled_from(["stdout", "stderr"]),
    ),
    some.sampled_from(
        [
            {"output_type": "error", "ename": "E", "evalue": "", "traceback": []},
            {"output_type": "display_data", "data": {"text/plain": "1"}},
            {"output_type": "execute_result", "data": {}},
        ]
    ),
)


@some.composite
def cells(draw: some.DrawFn) -> NotebookNode:
    """A cell with any of nbgrader's flags, as released or changed since."""
    data: dict[str, Any] = {"grade_id": draw(some.sampled_from(["a", "grade_ü"]))}
    for flag in ("grade", "solution", "locked", "task"):
        if draw(some.booleans()):
            data[flag] = draw(some.booleans())
    data["points"] = draw(some.sampled_from([0, 2, 2.0, 1.5]))
    cell: dict[str, Any] = {
        "cell_type": draw(some.sampled_from(["code", "markdown"])),
        "source": draw(some.sampled_from(["", "x = 1", "é∇"])),
        "metadata": {"nbgrader": data},
    }
    if cell["cell_type"] == "code":
        cell["outputs"] = draw(some.lists(outputs, max_size=3))
    node = from_dict(cell)
    released = draw(some.sampled_from(["same", "changed", None]))
    if released is not None:
        data["checksum"] = utils.compute_checksum(node) if released == "same" else "0" * 32
    return from_dict(cell)


def as_nbgrader(cell: NotebookNode) -> dict[str, GradedCell] | type[Exception]:
    """What nbgrader's SaveAutoGrades takes from one cell."""
    data = cell.metadata.nbgrader
    if not utils.is_grade(cell) and not utils.is_solution(cell):
        return {}
    try:
        score = utils.determine_grade(cell)[0] if utils.is_grade(cell) else None
    except (KeyError, ValueError) as error:
        return type(error)
    same = utils.is_solution(cell) and data.get("checksum") == utils.compute_checksum(cell)
    waits = bool(utils.is_grade(cell)) and score is None
    return {data.grade_id: GradedCell(score, waits, "No response." if same else None)}


@given(cells())
def test_every_cell_is_read_as_nbgrader_reads_it(cell):
    expected = as_nbgrader(cell)
    if isinstance(expected, type):
        with pytest.raises(expected):
            cells_of(NotebookNode(cells=[cell]))
    else:
        assert cells_of(NotebookNode(cells=[cell])) == expected


@given(cells())
def test_the_checksum_is_nbgraders(cell):
    assert checksum(cell) == utils.compute_checksum(cell)


def test_cells_that_nbgrader_does_not_own_have_no_points():
    cell = {"cell_type": "code", "source": "", "metadata": {}, "outputs": []}
    assert cells_of(from_dict({"cells": [cell]})) == {}


def test_verdicts_are_found_where_the_grader_puts_them_and_nowhere_else():
    verdict = {"exercise": "softmax", "points": 3.0}
    check = {
        "metadata": {"nbgrader": {"grade": True}},
        "outputs": [
            {"output_type": "display_data", "metadata": {"autograder": verdict}},
            {"output_type": "execute_result", "metadata": {}},
        ],
    }
    own = {
        "metadata": {},
        "outputs": [{"output_type": "display_data", "metadata": {"autograder": {"points": 9}}}],
    }
    text = {"metadata": {"nbgrader": {"grade": True}}}
    assert verdicts_of({"cells": [own, check, text]}) == [verdict]  # type: ignore[arg-type]
