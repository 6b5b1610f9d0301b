"""What the notebooks show and say is right: every picture is measured, every number computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from in_process import LESSONS, PROBLEM_SETS, ran
from matplotlib.figure import Figure
from measuring import complaints

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
