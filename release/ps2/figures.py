"""The course's pictures: each takes arrays and returns a `Picture`; `show` displays it.

Copied beside every notebook, so it needs only NumPy and Matplotlib, and it must
not know the answer to any exercise: it draws what it is given.  It changes no
global setting: the page stays light and the text dark whatever the theme is.
"""

from __future__ import annotations

import base64
import functools
import html
import io
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ParamSpec, cast

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator
from numpy.typing import ArrayLike, NDArray

_Arguments = ParamSpec("_Arguments")
_Array = NDArray[np.float64]

PAPER, INK, FAINT = "#fdfdfb", "#1a1a1a", "#6b6b6b"
# Okabe and Ito's palette: told apart by colour-blind readers.
BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE = (
    *("#0072b2", "#e69f00", "#009e73"),
    *("#d55e00", "#56b4e9", "#cc79a7"),
)
LINES = ((BLUE, "-", "o"), (VERMILLION, "--", "s"), (GREEN, "-.", "^"), (PURPLE, ":", "D"))
# Light at both ends, so that dark numbers stay readable in every cell.
SIGNED = LinearSegmentedColormap.from_list("signed", ["#8fc4ea", "#ffffff", "#f6b48a"])
UNSIGNED = LinearSegmentedColormap.from_list("unsigned", ["#ffffff", "#9fd3c2"])

# Set to "text" where nobody looks, as while grading: drawing takes most of a notebook's time.
PICTURES = "COURSE_PICTURES"
_PIXELS_PER_INCH = 144
_SCREEN_PIXELS_PER_INCH = 84
_STYLE = {
    name: value
    for value, names in (
        (PAPER, "axes.facecolor figure.facecolor hatch.color legend.facecolor"),
        (INK, "axes.labelcolor axes.titlecolor legend.labelcolor text.color"),
        (INK, "xtick.color ytick.color"),
        (FAINT, "axes.edgecolor"),
        ("#d9d9d5", "grid.color legend.edgecolor"),
        (False, "axes.grid axes.spines.right axes.spines.top"),
        (11.0, "legend.fontsize xtick.labelsize ytick.labelsize"),
        (12.0, "axes.labelsize font.size"),
        (13.0, "axes.titlesize"),
        (2.0, "lines.linewidth"),
        (["sans-serif"], "font.family"),
        ("dejavusans", "mathtext.fontset"),
    )
    for name in names.split()
}


class Picture(Figure):
    """A figure that can also be said in one sentence."""

    text_alternative: str = ""


class _Told:
    """Takes the place of a picture that is told, and of its axes: drawing on it costs nothing."""

    text_alternative: str = ""

    def __getattr__(self, name: str) -> _Told:
        if name.startswith("_"):  # what Python and IPython look for
            raise AttributeError(name)
        return self

    def __call__(self, *_: object, **__: object) -> _Told:
        return self

    def __getitem__(self, _: object) -> _Told:
        return self

    def __repr__(self) -> str:
        return self.text_alternative

    def subplots(self, rows: int = 1, columns: int = 1, squeeze: bool = True, **_: object) -> Any:
        """Return as many axes as a picture would."""
        grid = np.full((rows, columns), _Told())
        if not squeeze:
            return grid
        return grid.item() if grid.size == 1 else grid.squeeze()


def _are_told() -> bool:
    """Tell whether pictures are told in a sentence instead of drawn, as while grading."""
    return os.environ.get(PICTURES) == "text"


def show(picture: Picture) -> None:
    """Display a picture with its text alternative; print nothing, return nothing.

    Parameters
    ----------
    picture : what any function of this module returned
    """
    from IPython.display import display

    text = picture.text_alternative
    if _are_told():
        display({"text/plain": text}, raw=True)
        return
    buffer = io.BytesIO()
    with _style():  # ticks are made as late as this
        FigureCanvasAgg(picture).print_png(buffer)  # savefig would draw twice
    encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
    width = round(picture.get_figwidth() * _SCREEN_PIXELS_PER_INCH)
    # JupyterLab gives a PNG no alternative text of its own, hence the HTML; where
    # only PNG and plain text are kept, the sentence is the plain text.
    page = (
        f'<img alt="{html.escape(text)}" width="{width}" style="max-width: 100%" '
        f'src="data:image/png;base64,{encoded}">'
    )
    bundle = {"image/png": encoded, "text/html": page, "text/plain": text}
    display(bundle, raw=True, metadata={"image/png": {"alt": text, "width": width}})


def _style() -> AbstractContextManager[None]:
    """Return this module's style, for as long as one picture is drawn."""
    return style.context(["default", _STYLE])


def _picture(draw: Callable[_Arguments, Picture]) -> Callable[_Arguments, Picture]:
    """Draw in this module's style, and leave everyone else's style alone."""

    @functools.wraps(draw)
    def drawn(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> Picture:
        with nullcontext() if _are_told() else _style():
            return draw(*args, **kwargs)

    return drawn


def _array(value: ArrayLike, who: str, what: str, *dimensions: int) -> _Array:
    """Return `value` as an array of floats, or say which picture cannot draw it."""
    advice = "; let check(...) pass first, then draw"
    if value is None:
        raise ValueError(f"{who}: {what} is None: does the function return its result?{advice}")
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{who}: {what} is not an array of numbers{advice}") from None
    if array.ndim not in dimensions or array.size == 0:
        wanted = " or ".join(f"{n}-D" for n in dimensions)
        raise ValueError(f"{who}: {what} has shape {array.shape}, expected {wanted}{advice}")
    return array


def _same_shape(who: str, **arrays: _Array) -> None:
    shapes = {name: array.shape for name, array in arrays.items()}
    if len(set(shapes.values())) > 1:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"{who}: the shapes differ: {listed}; let check(...) pass first")


def _number(value: float, digits: int = 2, signed: bool = False) -> str:
    """Return `value` for a cell or a sentence; zero has no sign."""
    if not np.isfinite(value):
        return str(value)
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    return f"{0:.{digits}f}" if float(text) == 0 else text


def _digits(*arrays: _Array) -> int:
    """Return how many decimals show the numbers exactly, up to three; otherwise two."""
    finite = np.concatenate([array[np.isfinite(array)] for array in arrays])
    for digits in range(4):
        if np.allclose(np.round(finite, digits), finite, rtol=0, atol=1e-7):
            return digits
    return 2


def _listed(values: ArrayLike, digits: int | None = None) -> str:
    """Return values as a sentence lists them: ``"0.12, 0.25 and 0.62"``."""
    array = np.ravel(np.asarray(values, dtype=np.float64))
    decimals = _digits(array) if digits is None else digits
    words = [_number(float(value), decimals) for value in array]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _canvas(width: float, height: float) -> Picture:
    """Return an empty picture of this many inches, with room around what is drawn."""
    if _are_told():
        return cast(Picture, _Told())
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12)
    return Picture(figsize=(width, height), dpi=_PIXELS_PER_INCH, layout=layout)


def _colours(*arrays: _Array) -> tuple[Colormap, Normalize, bool]:
    """Return one colour scale for all arrays, and whether it is signed."""
    finite = np.concatenate([array[np.isfinite(array)] for array in arrays])
    largest = float(np.abs(finite).max(initial=0.0)) or 1.0
    if finite.size and finite.min() < 0:
        return SIGNED, Normalize(-largest, largest), True
    return UNSIGNED, Normalize(0.0, largest), False


def _cells(
    axes: Axes,
    matrix: _Array,
    colours: tuple[Colormap, Normalize, bool],
    digits: int,
    font_size: float = 12.0,
) -> None:
    """Draw a matrix as cells with their numbers in them; what is not finite is hatched."""
    if isinstance(axes, _Told):
        return
    colour_map, scale, signed = colours
    rows, columns = matrix.shape
    for (row, column), value in np.ndenumerate(matrix):
        finite = bool(np.isfinite(value))
        face = colour_map(scale(value)) if finite else "#e4e4e0"
        corner = (column - 0.5, row - 0.5)
        axes.add_patch(Rectangle(corner, 1, 1, facecolor=face, edgecolor="#b9b9b4", linewidth=0.8))
        text = _number(float(value), digits, signed)
        weight = "normal" if finite else "bold"
        axes.text(column, row, text, ha="center", va="center", fontsize=font_size, weight=weight)
    axes.set(xlim=(-0.55, columns - 0.45), ylim=(rows - 0.45, -0.55), aspect="equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


@_picture
def matrices(*items: tuple[str, ArrayLike] | str, bias: Mapping[str, str] | None = None) -> Picture:
    """Draw matrices side by side, as an equation is written.

    Parameters
    ----------
    *items : ``("W", W)`` for an array (1-D is drawn as a column, 2-D as it is), or a
        sign between two arrays: ``"@"``, ``"="``
    bias : which array has a bias ``"row"`` (its last) or ``"column"`` (its last)
    """
    who = "matrices"
    drawn = [
        item if isinstance(item, str) else (item[0], _array(item[1], who, item[0], 1, 2))
        for item in items
    ]
    arrays = {item[0]: item[1] for item in drawn if not isinstance(item, str)}
    if not arrays:
        raise ValueError('matrices: nothing to draw: give at least one ("name", array)')
    blocks = {name: a[:, None] if a.ndim == 1 else a for name, a in arrays.items()}
    widths = [0.45 if isinstance(item, str) else blocks[item[0]].shape[1] for item in drawn]
    rows = max(block.shape[0] for block in blocks.values())
    cell = min(0.72, 9.2 / sum(widths))
    width = max(3.4, cell * (sum(widths) + 0.9 * len(widths)))
    picture = _canvas(width, cell * rows + (1.5 if bias else 1.2))
    grid = picture.subplots(1, len(drawn), width_ratios=widths, squeeze=False)[0]
    for axes, item in zip(grid, drawn, strict=True):
        if isinstance(item, str):
            axes.set_axis_off()
            axes.text(0.5, 0.5, item, ha="center", va="center", fontsize=20)
            continue
        name, array = item
        _cells(axes, blocks[name], _colours(array), _digits(array), 12.0 if cell > 0.55 else 10.0)
        axes.set_title(f"{name}\n{array.shape}", fontsize=12)
        _mark_bias(axes, blocks[name], (bias or {}).get(name))
    signs = any(isinstance(item, str) for item in drawn)
    said = (" " if signs else ", ").join(
        item if isinstance(item, str) else f"{item[0]} {item[1].shape}" for item in drawn
    )
    marked = "".join(
        f"; the last {side} of {name} is set apart" for name, side in (bias or {}).items()
    )
    broken = "".join(
        f"; {np.count_nonzero(~np.isfinite(array))} entries of {name} are not finite"
        for name, array in arrays.items()
        if not np.isfinite(array).all()
    )
    picture.text_alternative = f"Matrices side by side with their numbers: {said}{marked}{broken}."
    return picture


def _mark_bias(axes: Axes, block: _Array, side: str | None) -> None:
    rows, columns = block.shape
    if side == "row":
        axes.plot([-0.5, columns - 0.5], [rows - 1.5] * 2, color=INK, linewidth=2.5)
        axes.set_xlabel("last row: bias feature", fontsize=11)
    elif side == "column":
        axes.plot([columns - 1.5] * 2, [-0.5, rows - 0.5], color=INK, linewidth=2.5)
        axes.set_xlabel("last column: biases", fontsize=11)


@_picture
def matrix_with_sums(
    matrix: ArrayLike, name: str, rows: str = "row", columns: str = "column"
) -> Picture:
    """Draw a matrix with the sum of each row and each column in the margins.

    Parameters
    ----------
    matrix : 2-D
    name : what it is, for the title
    rows, columns : what one row and one column stand for: ``"class"``, ``"sample"``
    """
    values = _array(matrix, "matrix_with_sums", name, 2)
    row_sums, column_sums = values.sum(axis=1), values.sum(axis=0)
    digits = _digits(values)
    if digits and np.abs(values[np.isfinite(values)]).max(initial=0.0) < 1:
        digits = 3
    height, width = values.shape
    small = max(values.shape) > 6  # many cells: less room each, so that the type stays large
    picture = _canvas(
        (0.6 if small else 0.95) * width + 2.6, (0.45 if small else 0.72) * height + 2.3
    )
    axes = picture.subplots()
    _cells(axes, values, _colours(values), digits)
    axes.set(xlim=(-0.55, width + 0.75), ylim=(height + 0.5, -0.55))
    signed = bool(np.any(values < 0))
    for row, total in enumerate(row_sums):
        axes.text(width + 0.1, row, _number(total, digits, signed), ha="center", va="center")
    for column, total in enumerate(column_sums):
        axes.text(column, height, _number(total, digits, signed), ha="center", va="center")
    axes.text(width + 0.1, height, "sums", ha="center", va="center", style="italic", color=FAINT)
    axes.plot([width - 0.42] * 2, [-0.5, height + 0.4], color=INK, linewidth=1)
    axes.plot([-0.5, width + 0.7], [height - 0.42] * 2, color=INK, linewidth=1)
    axes.set_xticks(range(width), [str(k) for k in range(width)])
    axes.set_yticks(range(height), [str(k) for k in range(height)])
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel(columns, labelpad=8)
    axes.set_ylabel(rows)
    axes.set_title(f"{name}   {values.shape}", pad=14)
    picture.text_alternative = (
        f"Matrix {name} {values.shape} with sums in its margins: the row sums ({rows}) are "
        f"{_listed(row_sums, digits)}, the column sums ({columns}) "
        f"{_listed(column_sums, digits)}."
    )
    return picture


@_picture
def log_loss(
    probabilities: ArrayLike, losses: ArrayLike, slopes: ArrayLike | None = None
) -> Picture:
    """Draw the loss over the probability of the true class, with tangents if given.

    Parameters
    ----------
    probabilities : (N,) of the true class, in (0, 1]
    losses : (N,)
    slopes : (N,), drawn as a short tangent through each point
    """
    who = "log_loss"
    p, loss = _array(probabilities, who, "probabilities", 1), _array(losses, who, "losses", 1)
    _same_shape(who, probabilities=p, losses=loss)
    picture = _canvas(6.6, 3.5)
    axes = picture.subplots()
    axis = np.linspace(0.01, 1, 400)
    axes.plot(axis, -np.log(axis), color=FAINT, linewidth=1.5, label="-log p")
    axes.plot(p, loss, "o", color=BLUE, markersize=8, label="yours")
    said = f"at {_listed(p)} the loss is {_listed(loss)}"
    if slopes is None:
        for x, y in zip(p, loss, strict=True):
            axes.annotate(_number(float(y)), (x, y), (7, 6), textcoords="offset points")
    else:
        slope = _array(slopes, who, "slopes", 1)
        _same_shape(who, probabilities=p, slopes=slope)
        for x, y, s in zip(p, loss, slope, strict=True):
            reach = 0.16 / np.hypot(1, s / 4)  # equally long on a page four times as high
            ends = np.array([-reach, reach])
            axes.plot(x + ends, y + s * ends, color=VERMILLION, linewidth=2.5)
            axes.annotate(
                f"slope {_number(float(s), 2, True)}", (x, y), (10, 8), textcoords="offset points"
            )
        said += f", with slopes {', '.join(_number(float(s), 2, True) for s in slope)}"
    axes.set(
        xlabel="probability p given to the true class",
        ylabel="loss",
        xlim=(0, 1.15),
        ylim=(-0.35, 4.7),
    )
    axes.axhline(0, color=INK, linewidth=1)
    axes.legend(loc="upper right")
    picture.text_alternative = (
        f"The curve -log p falls from far above 4 near p = 0 to 0 at p = 1; {said}."
    )
    return picture


@_picture
def gradient_error(steps: ArrayLike, errors: Mapping[str, ArrayLike]) -> Picture:
    """Draw the error of numerical gradients over the step: the V-curve.

    Parameters
    ----------
    steps : (M,), the values of h
    errors : for each name, (M,) errors; an error of exactly 0 is left out
    """
    who = "gradient_error"
    h = _array(steps, who, "steps", 1)
    picture = _canvas(7.2, 4.2)
    axes = picture.subplots()
    said: list[str] = []
    for (name, values), (colour, line, marker) in zip(errors.items(), LINES, strict=False):
        error = _array(values, who, name, 1)
        _same_shape(who, steps=h, errors=error)
        seen = np.where(error > 0, error, np.nan)
        axes.loglog(h, seen, line, color=colour, marker=marker, markersize=6, label=name)
        if np.isfinite(seen).any():
            best = int(np.nanargmin(seen))
            axes.plot(h[best], seen[best], "o", markersize=15, fillstyle="none", color=colour)
            said.append(f"{name} is best at h = {h[best]:.0e} with error {seen[best]:.0e}")
    axes.set(xlabel="step h", ylabel="largest error")
    for side in (axes.xaxis, axes.yaxis):
        side.set_major_formatter("{x:.0e}")  # powers in mathematical type take a second to set
        side.set_minor_locator(NullLocator())
    axes.grid(True)
    axes.legend(loc="best")
    picture.text_alternative = (
        "Error of the numerical gradient over the step h, both logarithmic, V-shaped: "
        f"{'; '.join(said)}."
    )
    return picture


@_picture
def tensor_strips(tensor: ArrayLike, name: str = "T") -> Picture:
    """Draw a third-order tensor as one matrix for each value of its last index.

    Parameters
    ----------
    tensor : 3-D, entry [i, j, k]; strip k shows rows i and columns j
    name : for the titles
    """
    values = _array(tensor, "tensor_strips", name, 3)
    rows, columns, depth = values.shape
    digits = _digits(values)
    picture = _canvas(max(4.0, 0.62 * columns * depth + 1.6), 0.62 * rows + 1.3)
    colours = _colours(values)
    for k, axes in enumerate(picture.subplots(1, depth, squeeze=False)[0]):
        _cells(axes, values[:, :, k], colours, digits)
        axes.set_title(f"{name}[:, :, {k}]")
        axes.set_xlabel("j")
        if k == 0:
            axes.set_ylabel("i", rotation=0, labelpad=10)
    picture.text_alternative = (
        f"The {values.shape} tensor {name} as {depth} strips of {rows} x {columns} numbers, "
        f"{int(np.count_nonzero(values))} of {values.size} of them not 0."
    )
    return picture


@_picture
def tensor_collapse(tensor: ArrayLike, vector: ArrayLike, result: ArrayLike) -> Picture:
    """Draw how a tensor times a vector becomes a matrix: weighted strips, added up.

    Parameters
    ----------
    tensor : (I, J, K)
    vector : (K,), one weight for each strip
    result : (I, J), drawn as given: nothing is computed here
    """
    who = "tensor_collapse"
    t, v = _array(tensor, who, "tensor", 3), _array(vector, who, "vector", 1)
    total = _array(result, who, "result", 2)
    if t.shape[2] != v.size or t.shape[:2] != total.shape:
        raise ValueError(
            f"{who}: tensor {t.shape}, vector {v.shape} and result {total.shape} do not fit "
            "(I, J, K), (K,), (I, J); let check(...) pass first"
        )
    rows, columns, depth = t.shape
    picture = _canvas(max(5.0, 0.68 * columns * (depth + 1) + 2.4), 0.68 * rows + 1.2)
    grid = picture.subplots(1, depth + 1, squeeze=False)[0]
    for k in range(depth):
        _cells(grid[k], t[:, :, k], _colours(t), _digits(t), 11)
        sign = "" if k == 0 else "+  "
        grid[k].set_title(f"{sign}({_number(v[k], 3, True)}) x")
    _cells(grid[-1], total, _colours(total), _digits(total), 11)
    grid[-1].set_title("=  the gradient")
    picture.text_alternative = (
        f"The {depth} strips of {rows} x {columns} numbers, weighted by {_listed(v, 3)}, add up "
        f"to one {total.shape} matrix."
    )
    return picture


@_picture
def loss_along(steps: ArrayLike, losses: ArrayLike, direction: str) -> Picture:
    """Draw the loss over how far the weights have moved in one direction.

    Parameters
    ----------
    steps, losses : (M,)
    direction : what one moves along: ``"minus the gradient"``
    """
    who = "loss_along"
    x, y = _array(steps, who, "steps", 1), _array(losses, who, "losses", 1)
    _same_shape(who, steps=x, losses=y)
    picture = _canvas(6.6, 3.3)
    axes = picture.subplots()
    axes.plot(x, y, color=BLUE)
    axes.plot(x[0], y[0], "o", color=VERMILLION, markersize=9, label=f"start: {_number(y[0])}")
    axes.plot(x[-1], y[-1], "s", color=GREEN, markersize=9, label=f"end: {_number(y[-1])}")
    axes.set(xlabel=f"step along {direction}", ylabel="loss")
    axes.grid(True)
    axes.legend()
    picture.text_alternative = (
        f"The loss along {direction}: from {_number(y[0])} at the start to {_number(y[-1])}."
    )
    return picture
