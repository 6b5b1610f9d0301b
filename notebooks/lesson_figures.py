"""The pictures that only the lessons need; `figures.py` has the others, and `show`.

Apart from `figures.py` so that what students are given stays small.  The same rules hold:
a picture draws what it is given, says itself in one sentence, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import numpy as np
from figures import (
    BLUE,
    CLASS_COLOURS,
    CLASS_MARKERS,
    FAINT,
    INK,
    LINES,
    PAPER,
    VERMILLION,
    Picture,
    _array,
    _canvas,
    _digits,
    _em,
    _listed,
    _number,
    _picture,
    _same_shape,
    _wide,
)
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

Predict: TypeAlias = Callable[[NDArray[np.float64]], ArrayLike]
_Side: TypeAlias = Literal["left", "center", "right"]

_LONGEST_TEXT = 20  # what stands on an edge must not reach its nodes
_BACKGROUND = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.85, "pad": 0.5}
# Text above an edge that rises, is level or falls; below it, the other way round.
_ALIGNED: dict[int, _Side] = {1: "right", 0: "center", -1: "left"}


# --- training curves ---------------------------------------------------------------------


@_picture
def training_curves(
    runs: Mapping[str, tuple[ArrayLike, ArrayLike]], guessing: float | None = None
) -> Picture:
    """Draw the loss and the accuracy of one run of training or several, side by side.

    Parameters
    ----------
    runs : for each name, the losses (M,) and the accuracies (M,), one of each a step
    guessing : the loss of one who guesses, ln K, drawn as a dotted line

    Returns
    -------
    Picture
    """
    who = "training_curves"
    picture = _canvas(9.2, 3.7)
    left, right = picture.subplots(1, 2)
    said: list[str] = []
    for (name, (losses, accuracies)), (colour, line, _) in zip(runs.items(), LINES, strict=False):
        loss = _array(losses, who, f"losses of {name}", 1)
        accuracy = _array(accuracies, who, f"accuracies of {name}", 1)
        _same_shape(who, losses=loss, accuracies=accuracy)
        left.plot(loss, line, color=colour, label=name)
        right.plot(accuracy, line, color=colour, label=name)
        said.append(
            f"{name}: loss {_number(loss[0])} to {_number(loss[-1])}, "
            f"accuracy {_number(accuracy[0])} to {_number(accuracy[-1])}"
        )
    if guessing is not None:
        left.axhline(guessing, color=INK, linewidth=1, linestyle=":")
        left.annotate(
            f"guessing: {_number(guessing, 3)}",
            (1, guessing),
            (-4, 4),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            bbox=_BACKGROUND,
        )
        said.append(f"guessing costs {_number(guessing, 3)}")
    left.set(xlabel="step", title="loss")
    left.set_ylim(0, 1.18 * left.dataLim.ymax)  # for what is written above the line
    right.set(xlabel="step", title="accuracy", ylim=(-0.03, 1.05))
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
        axes.grid(True)
    right.legend(loc="lower right")
    picture.text_alternative = f"Loss and accuracy side by side over the steps; {'; '.join(said)}."
    return picture


# --- the chain rule ----------------------------------------------------------------------


@_picture
def computation_graph(
    places: Mapping[str, tuple[float, float]],
    edges: Mapping[tuple[str, str], tuple[ArrayLike, ArrayLike | None]],
) -> Picture:
    """Draw a computation as a graph: values go forward on its edges, gradients come back.

    Parameters
    ----------
    places : for each node its place as (column, row); row 0 is at the bottom
    edges : for each (from, to), the value that goes along it and the gradient of the loss
        with respect to that value, of the same shape; None before the backward pass

    Returns
    -------
    Picture
    """
    who = "computation_graph"
    unknown = {name for edge in edges for name in edge} - set(places)
    if unknown:
        raise ValueError(f"{who}: no place is given for {', '.join(sorted(unknown))}")
    columns = [column for column, _ in places.values()]
    rows = [row for _, row in places.values()]
    wide, high = max(columns) - min(columns), max(rows) - min(rows)
    texts = [
        _short(np.asarray(v, dtype=float)) for pair in edges.values() for v in pair if v is not None
    ]
    step = max(1.6, 0.92 * _wide(*texts, "(3, 4)") + 0.75)  # texts stand between nodes
    picture = _canvas(step * wide + 1.2, (11 * high + 8) * _em())
    axes = picture.subplots()
    said: list[str] = []
    for (start, end), (value, gradient) in edges.items():
        forward = _array(value, who, f"value of {start}", 0, 1, 2)
        line = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.6, "mutation_scale": 16}
        axes.annotate(
            "",
            places[end],
            places[start],
            arrowprops={**line, "shrinkA": 24, "shrinkB": 24},
        )
        (left, below), (right, above) = places[start], places[end]
        # Edges that meet are further apart where they begin: there, texts of both have room.
        part = 0.5 if below == above else 0.4
        middle = (left + part * (right - left), below + part * (above - below))
        side = _ALIGNED[int(np.sign(above - below))]
        text = f"{forward.shape}\n{_short(forward)}".strip()
        _on_edge(axes, middle, (6, side), text, BLUE)
        if gradient is not None:
            backward = _array(gradient, who, f"gradient of {start}", 0, 1, 2)
            _same_shape(who, value=forward, gradient=backward)
            side = _ALIGNED[int(np.sign(below - above))]
            text = f"{_short(backward)}\n{backward.shape}".strip()
            _on_edge(axes, middle, (-6, side), text, VERMILLION)
        back = "" if gradient is None else f", back {_short(backward) or backward.shape}"
        said.append(f"from {start} to {end} {_short(forward) or forward.shape}{back}")
    for name, place in places.items():
        axes.text(
            *place,
            name,
            ha="center",
            va="center",
            fontsize="large",
            weight="bold",
            bbox={"boxstyle": "circle,pad=0.5", "facecolor": PAPER, "edgecolor": INK},
        )
    axes.set(
        xlim=(min(columns) - 0.35, max(columns) + 0.35),
        ylim=(min(rows) - 0.4, max(rows) + 0.35),
    )
    axes.set_axis_off()
    axes.set_title("above an edge: the value forward;  below: the gradient back")
    picture.text_alternative = (
        f"A graph of {len(places)} nodes, values forward and gradients back on its edges: "
        f"{'; '.join(said)}."
    )
    return picture


def _short(values: NDArray[np.float64]) -> str:
    """Return few numbers as they are, and many not at all."""
    if values.ndim == 0:
        return _number(float(values), 3)
    if values.ndim > 1:
        return ""
    digits = _digits(values)
    text = "  ".join(_number(float(value), digits) for value in values)
    return text if len(text) <= _LONGEST_TEXT else ""


def _on_edge(
    axes: Axes, middle: tuple[float, float], beside: tuple[float, _Side], text: str, colour: str
) -> None:
    offset, side = beside
    axes.annotate(
        text,
        middle,
        (0, offset),
        textcoords="offset points",
        ha=side,
        va="bottom" if offset > 0 else "top",
        color=colour,
        fontsize="small",
        weight="bold",
        linespacing=1.25,
        bbox=_BACKGROUND,
    )


# --- training ----------------------------------------------------------------------------


@_picture
def decision_regions(
    X: ArrayLike,
    labels: ArrayLike,
    panels: Mapping[str, Predict],
    results: Mapping[str, tuple[float, float]] | None = None,
) -> Picture:
    """Draw where a classifier decides for which class, with its loss and accuracy.

    Parameters
    ----------
    X : (2, N), the samples
    labels : (N,), their classes, whole numbers
    panels : for each name a function from points (2, M) to classes (M,)
    results : for each name of `panels` the loss and the accuracy

    Returns
    -------
    Picture
    """
    who = "decision_regions"
    points, classes = _array(X, who, "X", 2), _array(labels, who, "labels", 1)
    if points.shape != (2, classes.size):
        raise ValueError(
            f"{who}: {classes.size} labels need X of shape (2, {classes.size}), not {points.shape}"
        )
    if not panels:
        raise ValueError(f"{who}: nothing to draw: give at least one panel")
    count = int(classes.max()) + 1
    low, high = points.min(axis=1) - 0.6, points.max(axis=1) + 0.6
    first, second = np.meshgrid(*(np.linspace(a, b, 161) for a, b in zip(low, high, strict=True)))
    tints = ListedColormap([*CLASS_COLOURS[:count]])
    picture = _canvas(min(max(4.4, 3.3 * len(panels)), 9.4), 3.9 if len(panels) < 3 else 3.4)
    said: list[str] = []
    grid = picture.subplots(1, len(panels), squeeze=False, sharex=True, sharey=True)[0]
    for axes, (name, predict) in zip(grid, panels.items(), strict=True):
        decided = _array(predict(np.stack([first.ravel(), second.ravel()])), who, name, 1)
        region = decided.reshape(first.shape)
        axes.imshow(
            region,
            origin="lower",
            extent=(low[0], high[0], low[1], high[1]),
            cmap=tints,
            vmin=-0.5,
            vmax=count - 0.5,
            alpha=0.3,
            interpolation="nearest",
            aspect="auto",
        )
        for k in range(count):
            axes.plot(
                *points[:, classes == k],
                CLASS_MARKERS[k % len(CLASS_MARKERS)],
                color=CLASS_COLOURS[k % len(CLASS_COLOURS)],
                markeredgecolor=INK,
                markeredgewidth=0.5,
                markersize=5.5,
            )
        title = name
        if results is not None:
            loss, accuracy = results[name]
            title += f"\nloss {_number(loss)}\naccuracy {_number(accuracy)}"
        axes.set_title(title, linespacing=1.3)
        axes.set_xticks([])
        axes.set_yticks([])
        said.append(title.replace("\n", ", "))
    picture.text_alternative = (
        f"Plane with {points.shape[1]} points of {count} classes over the regions in which each "
        f"class is decided for; {'; '.join(said)}."
    )
    return picture


@_picture
def loss_surface(
    first: ArrayLike,
    second: ArrayLike,
    losses: ArrayLike,
    paths: Mapping[str, ArrayLike],
    names: tuple[str, str] = ("first weight", "second weight"),
) -> Picture:
    """Draw contours of the loss over two weights, and the paths that training takes.

    Parameters
    ----------
    first, second : (A,) and (B,), the values of the two weights
    losses : (B, A)
    paths : for each name, (2, M): the two weights after each step
    names : of the two weights

    Returns
    -------
    Picture
    """
    who = "loss_surface"
    across, up = _array(first, who, "first", 1), _array(second, who, "second", 1)
    height = _array(losses, who, "losses", 2)
    if height.shape != (up.size, across.size):
        raise ValueError(
            f"{who}: losses has shape {height.shape}, expected {(up.size, across.size)}: a row "
            "for each value of the second weight"
        )
    picture = _canvas(7.6, 4.8)
    axes = picture.subplots()
    # Closer together near the lowest point, where the paths end.
    rise = (height.max() - height.min()) or 1.0
    levels = height.min() + rise * np.linspace(0, 1, 15) ** 2
    lines = axes.contour(across, up, height, levels=levels[1:-1], colors=FAINT, linewidths=0.9)
    axes.contourf(across, up, height, levels=levels, cmap="Greys", alpha=0.35)
    axes.clabel(lines, levels[2:-1:3], fontsize="small", fmt="%.2f")
    said: list[str] = []
    for (name, values), (colour, line, marker) in zip(paths.items(), LINES, strict=False):
        path = _array(values, who, name, 2)
        if path.shape[0] != 2:
            raise ValueError(f"{who}: path {name} has shape {path.shape}, expected (2, steps)")
        axes.plot(*path, line, color=colour, marker=marker, markersize=3.5, label=name)
        axes.plot(*path[:, -1], marker, color=colour, markersize=12, markeredgecolor=INK)
        said.append(f"{name} takes {path.shape[1] - 1} steps to {_listed(path[:, -1], 2)}")
    axes.set(
        xlabel=names[0],
        ylabel=names[1],
        xlim=(across.min(), across.max()),
        ylim=(up.min(), up.max()),
    )
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    picture.text_alternative = (
        f"Contours of the loss over {names[0]} and {names[1]}, lowest at {height.min():.2f}; "
        f"{'; '.join(said)}."
    )
    return picture
