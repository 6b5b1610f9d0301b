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
