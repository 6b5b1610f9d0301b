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
from claims import BOOK, CARDS, CARDS_GIVEN, CLAIMS, GIVEN
from in_process import LESSONS, PROBLEM_SETS, ROOT, ran
from matplotlib.figure import Figure
from measuring import complaints

from softmax_by_hand import EXERCISES, lecture

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


CHAPTERS = ROOT / "classroom/book/lessons"


def text_of(path: Path, cell_id: str) -> str:
    """Return the text of a cell, or of a lesson's chapter in the book, which must be there."""
    if cell_id == BOOK:
        return (CHAPTERS / f"{path.stem}.md").read_text(encoding="utf-8")
    (source,) = [
        cell.source for cell in nbformat.read(path, as_version=4).cells if cell.id == cell_id
    ]
    return str(source)


def in_figures(text: str, expressions: Iterable[str], known: dict[str, Any]) -> str:
    """Return a piece of text with its numbers as the expressions give them."""
    values = [np.ravel(eval(expression, dict(known))).tolist() for expression in expressions]
    return text % tuple(chain.from_iterable(values))


def computed(path: Path, text: str, expressions: tuple[str, ...]) -> str:
    """Return a piece of text with its numbers as the notebook's own variables give them."""
    known = {**ran(path).variables, "np": np, "r": lecture}
    with chdir(path.parent if path in LESSONS else ROOT / "release" / path.stem):
        return in_figures(text, expressions, known)


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


SECTIONS = re.compile(r"\bsections? \d+(\.\d+)*(,? (and )?\d+(\.\d+)*)*")  # of other books


def unproved(text: str, claimed: Iterable[str], given: str) -> list[str]:
    """Return the numbers of a text that no claim computes and that are not given."""
    text = SECTIONS.sub(" ", text)
    for claim in claimed:
        text = text.replace(claim, " ")
    return [number for number in NUMBER.findall(text) if number not in given.split()]


@every_notebook
def test_no_text_gives_a_number_that_is_not_computed(path: Path) -> None:
    """Decimals and percentages: add a line to CLAIMS, or to GIVEN if it is no result."""
    texts = {
        cell.id: cell.source
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown"
    }
    if path in LESSONS:
        texts[BOOK] = text_of(path, BOOK)
    found = {}
    for cell_id, text in texts.items():
        claims = [claim for claim in CLAIMS[path.stem] if claim[0] == cell_id]
        claimed = [computed(path, piece, tuple(rest)) for _, piece, *rest in claims]
        if numbers := unproved(text, claimed, GIVEN.get(path.stem, "")):
            found[cell_id] = numbers
    assert found == {}


@pytest.mark.parametrize("exercise", EXERCISES)
def test_every_number_on_a_card_is_computed(exercise: str) -> None:
    mistakes = EXERCISES[exercise].misconceptions
    texts = [text for one in mistakes for text in (one.symptom, one.experiment, one.looks_right)]
    text = re.sub(r"\b\d+\.0\b", " ", " ".join(filter(None, texts)))  # whole numbers, as inputs
    claimed = [in_figures(piece, rest, {"np": np}) for piece, *rest in CARDS.get(exercise, [])]
    assert [claim for claim in claimed if claim not in text] == []
    assert unproved(text, claimed, CARDS_GIVEN) == []


def test_a_new_number_is_found_out() -> None:
    text = "The loss is then 0.33, with 5% to spare, and 0.25 is given; see section 4.2."
    assert unproved(text, ["then 0.30"], "0.25") == ["0.33", "5%"]
    assert unproved(text, ["then 0.33"], "0.25 5%") == []
