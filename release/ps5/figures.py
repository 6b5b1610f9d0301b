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
from numpy.typing import ArrayLike, NDArray

_Arguments = ParamSpec("_Arguments")
_Array = NDArray[np.float64]

PAPER, INK, FAINT = "#fdfdfb", "#1a1a1a", "#6b6b6b"
# Okabe and Ito's palette: told apart by colour-blind readers.
BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE = (
    *("#0072b2", "#e69f00", "#009e73"),
    *("#d55e00", "#56b4e9", "#cc79a7"),
)
CLASS_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION)
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


@_picture
def curves(panels: Mapping[str, Mapping[str, ArrayLike]], step: str = "epoch") -> Picture:
    """Draw numbers that change while a classifier learns, in one panel or several.

    Parameters
    ----------
    panels : for each panel's title, for each name, (M,) numbers, one a step
    step : what is counted below: ``"epoch"``
    """
    who = "curves"
    if not panels:
        raise ValueError('curves: nothing to draw: give at least one {"loss": {"name": numbers}}')
    picture = _canvas(4.6 * len(panels) + 1.2, 3.6)
    said: list[str] = []
    drawn = picture.subplots(1, len(panels), squeeze=False)[0]
    for axes, (title, lines) in zip(drawn, panels.items(), strict=True):
        for (name, values), (colour, line, marker) in zip(lines.items(), LINES, strict=False):
            numbers = _array(values, who, name, 1)
            seen = np.where(np.isfinite(numbers), numbers, np.nan)
            axes.plot(
                np.linspace(1, numbers.size, numbers.size),
                seen,
                line,
                color=colour,
                marker=marker,
                markersize=5,
                markevery=max(1, numbers.size // 10),
                label=name,
            )
            said.append(f"{title} of {name} from {_number(numbers[0])} to {_number(numbers[-1])}")
        axes.set(xlabel=step, ylabel=title)
        axes.grid(True)
        axes.legend()
    picture.text_alternative = f"Over each {step}: {'; '.join(said)}."
    return picture


@_picture
def points(
    X: ArrayLike, labels: ArrayLike, regions: Callable[[_Array], ArrayLike] | None = None
) -> Picture:
    """Draw samples with two features by class, over the regions of a classifier.

    Parameters
    ----------
    X : (2, N), one sample a column
    labels : (N,), whole numbers from 0
    regions : gives the classes (M,) that are predicted for samples (2, M); None: no regions
    """
    who = "points"
    data, y = _array(X, who, "X", 2), _array(labels, who, "labels", 1).astype(int)
    if data.shape != (2, y.size):
        raise ValueError(f"points: X has shape {data.shape}, expected (2, {y.size})")
    picture = _canvas(5.6, 4.4)
    axes = picture.subplots()
    low, high = data.min(axis=1) - 0.5, data.max(axis=1) + 0.5
    classes = int(y.max()) + 1
    said = ""
    if regions is not None:
        across, up = (np.linspace(low[i], high[i], 90) for i in range(2))
        grid = np.array([part.ravel() for part in np.meshgrid(across, up)])
        predicted = _array(regions(grid), who, "the predicted classes", 1).reshape(90, 90)
        axes.contourf(
            across,
            up,
            predicted,
            levels=np.linspace(-0.5, classes - 0.5, classes + 1),
            colors=CLASS_COLOURS[:classes],
            alpha=0.18,
        )
        shares = [float(np.mean(predicted == k)) for k in range(classes)]
        said = f"; the classes' regions take {_listed(shares)} of the area"
    for k in range(classes):
        axes.plot(
            *data[:, y == k],
            "osD^vP"[k % 6],
            color=CLASS_COLOURS[k % 6],
            markersize=6,
            linestyle="none",
            label=f"class {k}",
        )
    axes.set(xlabel="feature 0", ylabel="feature 1")
    axes.legend()
    picture.text_alternative = f"The plane with {y.size} samples of {classes} classes{said}."
    return picture
