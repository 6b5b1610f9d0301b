"""What can be wrong with a picture, as it is drawn: measured, not looked at."""

from __future__ import annotations

from itertools import combinations
from typing import Any
from unittest import mock

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox

PIXELS_PER_INCH = 84  # as `figures.show` displays a picture, where a column is as wide
COLUMN = 780
SLIDE = (1200, 590)  # what a slide of 1280 x 720 has below its heading
SMALLEST = {"page": 12.0, "slide": 20.0}


def complaints(picture: Figure, slide: bool = False) -> list[str]:
    """Return what is wrong with a picture, each in one line; nothing if all is well.

    Parameters
    ----------
    picture : not yet drawn
    slide : whether it is for a slide, which is as wide as a wall and has larger type

    Returns
    -------
    list of str
    """
    texts = _drawn_texts(picture)
    return [
        *_without_alternative(picture),
        *_outside(picture, texts),
        *_small(picture, texts, slide),
        *_overlapping(texts),
        *_under_legend(picture),
        *_beyond_axes(picture),
    ]


def _drawn_texts(picture: Figure) -> list[tuple[Text, Bbox]]:
    """Draw it, and return each text that was drawn, with the room it takes."""
    canvas, seen = FigureCanvasAgg(picture), []
    draw = Text.draw

    def drawn(text: Text, renderer: Any, *args: Any, **kwargs: Any) -> None:
        draw(text, renderer, *args, **kwargs)
        if text.get_visible() and text.get_text().strip():
            seen.append(text)

    with mock.patch.object(Text, "draw", drawn):
        canvas.draw()
    renderer = canvas.get_renderer()
    # An annotation's own extent holds its arrow too.
    return [(text, Text.get_window_extent(text, renderer)) for text in dict.fromkeys(seen)]


def _without_alternative(picture: Figure) -> list[str]:
    said = getattr(picture, "text_alternative", "")
    if not said or not said.endswith(".") or ". " in said or "\n" in said:
        return [f"its text alternative is not one sentence: {said!r}"]
    return []


def _outside(picture: Figure, texts: list[tuple[Text, Bbox]]) -> list[str]:
    width, height = picture.bbox.size
    return [
        f"{text.get_text()!r} is cut off"
        for text, box in texts
        if box.x0 < -0.5 or box.y0 < -0.5 or box.x1 > width + 0.5 or box.y1 > height + 0.5
    ]


def _small(picture: Figure, texts: list[tuple[Text, Bbox]], slide: bool) -> list[str]:
    width, height = picture.get_size_inches()
    inch = min(PIXELS_PER_INCH, COLUMN / width)
    if slide:
        inch = min(SLIDE[0] / width, SLIDE[1] / height)
    smallest = SMALLEST["slide" if slide else "page"]
    sizes = {text.get_text(): text.get_fontsize() / 72 * inch for text, _ in texts}
    return [
        f"{text!r} is {size:.1f} pixels large, less than {smallest:g}"
        for text, size in sizes.items()
        if size < smallest
    ]


def _overlapping(texts: list[tuple[Text, Bbox]]) -> list[str]:
    found = []
    for (one, first), (other, second) in combinations(texts, 2):
        both = Bbox.intersection(first, second)
        # A line's box is higher than its letters: touching is no overlap.
        if (
            both is not None
            and both.width > 1
            and both.height > 0.3 * min(first.height, second.height)
        ):
            found.append(f"{one.get_text()!r} overlaps {other.get_text()!r}")
    return found


def _under_legend(picture: Figure) -> list[str]:
    """Tell which lines run below a legend."""
    found = []
    for axes in picture.axes:
        if (legend := axes.get_legend()) is None:
            continue
        box = legend.get_frame().get_window_extent()
        for line in axes.lines:
            data = np.asarray(line.get_xydata(), dtype=float)
            points = line.get_transform().transform(data[np.isfinite(data).all(axis=1)])
            path = points[:1]
            if line.get_linestyle() != "None" and len(points) > 1:  # with what lies between
                parts = np.linspace(0, 1, 20, endpoint=False)[:, None, None]
                path = (points[:-1] + parts * np.diff(points, axis=0)).reshape(-1, 2)
            path = np.concatenate([path, points])
            if ((path > box.min + 1) & (path < box.max - 1)).all(axis=1).any():
                found.append(f"the legend hides a part of {line.get_label()!r}")
    return found


def _beyond_axes(picture: Figure) -> list[str]:
    """Tell what is drawn in the units of the data, but not within the axes."""
    found = []
    for axes in picture.axes:
        drawn = [
            (line.get_label(), np.asarray(line.get_xydata(), dtype=float))
            for line in axes.lines
            if line.get_transform() == axes.transData
        ]
        drawn += [
            ("a rectangle", np.asarray(patch.get_bbox().get_points()))
            for patch in axes.patches
            if isinstance(patch, Rectangle)
        ]
        for image in axes.images:
            left, right, bottom, top = image.get_extent()
            drawn.append(("an image", np.array([[left, bottom], [right, top]])))
        limits = np.sort([axes.get_xlim(), axes.get_ylim()], axis=1)
        slack = 1e-6 * np.ptp(limits, axis=1)
        for name, points in drawn:
            points = points[np.isfinite(points).all(axis=1)]
            if (points < limits[:, 0] - slack).any() or (points > limits[:, 1] + slack).any():
                low, high = points.min(axis=0), points.max(axis=0)
                found.append(f"{name} from {low} to {high} leaves its axes {limits.tolist()}")
    return found
