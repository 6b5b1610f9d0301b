"""What the notebooks show and say is right: every picture is measured, every number computed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import chdir
from itertools import chain
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from claims import CLAIMS, GIVEN
from in_process import LESSONS, PROBLEM_SETS, ROOT, ran
from matplotlib.figure import Figure
from measuring import complaints
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from softmax_by_hand import lecture

every_notebook = pytest.mark.parametrize("path", [*LESSONS, *PROBLEM_SETS], ids=lambda p: p.stem)


# --- pictures ----------------------------------------------------------------------------


@every_notebook
def test_every_picture_is_whole_readable_and_told(path: Path) -> None:
    """At all ends of its sliders, and for lessons as large as on a slide."""
    left = ran(path)
    assert left.said
    assert left.wrong == []


def picture(width: float = 5, height: float = 3) -> tuple[Figure, Any]:
    """Return a small picture in which nothing is wrong yet."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.text_alternative = "A line."  # type: ignore[attr-defined]
    axes = figure.subplots()
    axes.plot([0, 1, 2], [3, 1, 2], label="line")
    axes.tick_params(labelsize=11)
    axes.set_title("a title", fontsize=12)
    return figure, axes


def cut_off(figure: Figure, axes: Any) -> None:
    axes.set_title("a title much too long for a picture that is five inches wide, and so on")


def off_the_page(figure: Figure, axes: Any) -> None:
    figure.text(0.99, 0.5, "aside", fontsize=12)


def small_type(figure: Figure, axes: Any) -> None:
    axes.set_xlabel("steps", fontsize=8)


def overlap(figure: Figure, axes: Any) -> None:
    for place in (1.0, 1.05):
        axes.text(place, 2, f"at {place}", fontsize=12)


def beyond(figure: Figure, axes: Any) -> None:
    axes.set_ylim(0, 2.5)


def bar_beyond(figure: Figure, axes: Any) -> None:
    axes.bar([1], [9])
    axes.set_ylim(0, 4)


def image_beyond(figure: Figure, axes: Any) -> None:
    axes.imshow(np.eye(4), extent=(0, 9, 0, 4), aspect="auto")
    axes.set_xlim(0, 4)


def untold(figure: Figure, axes: Any) -> None:
    figure.text_alternative = ""  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (cut_off, "is cut off"),
        (off_the_page, "'aside' is cut off"),
        (small_type, "'steps' is 9.3 pixels large, less than 12"),
        (overlap, "'at 1.0' overlaps 'at 1.05'"),
        (beyond, "line from [0. 1.] to [2. 3.] leaves its axes"),
        (bar_beyond, "a rectangle"),
        (image_beyond, "an image"),
        (untold, "its text alternative is not one sentence"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_spoilt_picture_is_found_out(spoil: Any, said: str) -> None:
    figure, axes = picture()
    assert complaints(figure) == []
    figure, axes = picture()
    spoil(figure, axes)
    found = complaints(figure)
    assert len(found) == 1, found
    assert said in found[0]


def test_type_for_a_page_is_too_small_for_a_slide() -> None:
    assert complaints(picture(8, 8)[0]) == []
    assert "less than 20" in complaints(picture(8, 8)[0], slide=True)[0]


# --- numbers -----------------------------------------------------------------------------


def text_of(path: Path, cell_id: str) -> str:
    """Return the text of a cell, which must be there."""
    (source,) = [
        cell.source for cell in nbformat.read(path, as_version=4).cells if cell.id == cell_id
    ]
    return str(source)


def computed(path: Path, text: str, expressions: tuple[str, ...]) -> str:
    """Return a piece of text with its numbers as the notebook's own variables give them."""
    known = {**ran(path).variables, "np": np, "r": lecture}
    with chdir(path.parent if path in LESSONS else ROOT / "release" / path.stem):
        values = [np.ravel(eval(expression, known)).tolist() for expression in expressions]
    return text % tuple(chain.from_iterable(values))


@every_notebook
def test_every_number_that_a_text_gives_is_what_the_code_computes(path: Path) -> None:
    wrong = []
    for cell_id, text, *expressions in CLAIMS[path.stem]:
        right = computed(path, text, tuple(expressions))
        if right not in text_of(path, cell_id):
            wrong.append(f"{cell_id}: it should say {right!r}")
    assert wrong == []


# Whole numbers are too many, and mostly names: exercise 3, class 1.
NUMBER = re.compile(r"(?<![\w.])\d+\.\d+(?![\w.]*\d)|\d+\s*\\?%")


def unproved(path: Path, cells: Iterable[NotebookNode]) -> list[str]:
    """Return the numbers of texts that no claim computes and that are not given."""
    given = GIVEN.get(path.stem, "").split()
    found = []
    for cell in cells:
        if cell.cell_type != "markdown":
            continue
        rest = cell.source
        for cell_id, text, *expressions in CLAIMS[path.stem]:
            if cell_id == cell.id:
                rest = rest.replace(computed(path, text, tuple(expressions)), " ")
        found += [f"{cell.id}: {number}" for number in NUMBER.findall(rest) if number not in given]
    return found


@every_notebook
def test_no_text_gives_a_number_that_is_not_computed(path: Path) -> None:
    """Decimals and percentages: add a line to CLAIMS, or to GIVEN if it is no result."""
    assert unproved(path, nbformat.read(path, as_version=4).cells) == []


def test_a_new_number_is_found_out() -> None:
    cells = [new_markdown_cell("The loss is then 0.33, with 5% to spare.", id="new")]
    assert unproved(LESSONS[0], cells) == ["new: 0.33", "new: 5%"]
