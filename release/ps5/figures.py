"""The course's pictures: each takes arrays and returns a `Picture`; `show` displays it.

Copied beside every notebook, so it needs only NumPy and Matplotlib, and it must
not know the answer to any exercise: it draws what it is given.  It changes no
global setting: the page stays light and the text dark whatever the theme is.

Every colour is named at the top of this file, and has one meaning: blue is negative, orange
is positive, green a size without a sign.  Type is as large as `_style` says, and every other
size in a picture is relative to that.
"""

from __future__ import annotations

import base64
import functools
import html
import io
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, ParamSpec, cast

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextPath
from matplotlib.ticker import MaxNLocator
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
CLASS_MARKERS = ("o", "^", "s", "D", "v", "P")
LINES = ((BLUE, "-", "o"), (VERMILLION, "--", "s"), (GREEN, "-.", "^"), (PURPLE, ":", "D"))
EDGE, LOST = "#b9b9b4", "#e4e4e0"  # around a cell; of a cell whose number is not finite
# Light at both ends, so that dark numbers stay readable in every cell.
SIGNED = LinearSegmentedColormap.from_list("signed", ["#8fc4ea", "#ffffff", "#f6b48a"])
UNSIGNED = LinearSegmentedColormap.from_list("unsigned", ["#ffffff", "#9fd3c2"])

# Set to "text" where nobody looks, as while grading: drawing takes most of a notebook's time.
# Set to "large" for a projector.
PICTURES = "COURSE_PICTURES"
# In points; 72 of them are 84 pixels on a page. All other sizes are relative to it.
_TYPE = {"large": 17.0}
_USUAL_TYPE = 13.0
_PIXELS_PER_INCH = 144
_ROUNDING = 1e-7  # what is smaller is an error of floating-point numbers, not a number to show
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
        ("small", "legend.fontsize xtick.labelsize ytick.labelsize"),
        ("medium", "axes.labelsize axes.titlesize"),
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

    if not isinstance(picture, Picture | _Told):
        what = f"show: this is no picture but {type(picture).__name__}"
        raise _in_one_line("show", ValueError(f"{what}; write figures.show(figures.matrices(...))"))
    text = picture.text_alternative
    if _are_told():
        display({"text/plain": text}, raw=True)
        return
    buffer = io.BytesIO()
    try:
        with _style():  # ticks are made as late as this
            FigureCanvasAgg(picture).print_png(buffer)  # savefig would draw twice
    except (Exception, KeyboardInterrupt) as failure:
        raise _in_one_line("show", failure) from None
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
    size = _TYPE.get(os.environ.get(PICTURES, ""), _USUAL_TYPE)
    return style.context(["default", {**_STYLE, "font.size": size}])


def _em() -> float:
    """Return the size of the type in inches."""
    return 1.0 if _are_told() else float(FontProperties().get_size_in_points()) / 72


def _wide(*texts: str) -> float:
    """Return how wide the longest line of some texts is, in inches."""
    if _are_told():
        return 1.0
    lines = [line for text in texts for line in text.splitlines() if line.strip()]
    size = 72 * _em()
    return max(float(TextPath((0, 0), line, size).get_extents().x1) for line in lines) / 72


def _picture(draw: Callable[_Arguments, Picture]) -> Callable[_Arguments, Picture]:
    """Draw in this module's style, and leave everyone else's style alone."""

    @functools.wraps(draw)
    def drawn(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> Picture:
        try:
            with nullcontext() if _are_told() else _style():
                return draw(*args, **kwargs)
        except (Exception, KeyboardInterrupt) as failure:
            raise _in_one_line(draw.__name__, failure) from None

    return drawn


def _in_one_line(who: str, failure: BaseException) -> BaseException:
    """Return an error that IPython shows as one line: the way to it is inside of Matplotlib."""
    said = (str(failure).splitlines() or [""])[0]
    if not said.startswith(f"{who}: "):
        what = f"{type(failure).__name__}: {said}".strip(": ")
        said = f"{who}: the picture was not drawn ({what}); let check(...) pass first, then draw"
    kind = KeyboardInterrupt if isinstance(failure, KeyboardInterrupt) else ValueError
    error = kind(said)
    error._render_traceback_ = lambda: [said]  # type: ignore[attr-defined]
    return error


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
    """Return `value` as it is written: what is small is not 0, and 0 has no sign.

    >>> _number(-0.0014, 3, signed=True), _number(0.0014, 2), _number(-1e-17, 2)
    ('-0.001', '0.0014', '0.00')
    """
    if not np.isfinite(value):
        return str(value)
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    if float(text) != 0:
        return text
    if abs(value) < _ROUNDING:
        return f"{0:.{digits}f}"
    return f"{value:+.2g}" if signed else f"{value:.2g}"


def _digits(*arrays: _Array) -> int:
    """Return how many decimals show the numbers exactly, up to three; otherwise two or three."""
    finite = np.concatenate([array[np.isfinite(array)] for array in arrays])
    for digits in range(4):
        if np.allclose(np.round(finite, digits), finite, rtol=0, atol=1e-7):
            return digits
    return 2 if np.abs(finite).max() >= 1 else 3


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


def _legend_above(axes: Axes) -> None:
    """Place the legend outside, where curves may be anywhere inside."""
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def _colours(*arrays: _Array) -> tuple[Colormap, Normalize, bool]:
    """Return one colour scale for all arrays, and whether it is signed."""
    finite = np.concatenate([array[np.isfinite(array)] for array in arrays])
    largest = float(np.abs(finite).max(initial=0.0)) or 1.0
    if finite.size and finite.min() < 0:
        return SIGNED, Normalize(-largest, largest), True
    return UNSIGNED, Normalize(0.0, largest), False


def _written(matrix: _Array, digits: int, signed: bool) -> list[str]:
    return [_number(float(value), digits, signed) for value in matrix.flat]


def _cells(
    axes: Axes,
    matrix: _Array,
    colours: tuple[Colormap, Normalize, bool],
    digits: int,
    corner: tuple[float, float] = (-0.5, -0.5),
    size: tuple[float, float] = (1.0, 1.0),
) -> None:
    """Draw a matrix as cells with their numbers in them, from a corner on."""
    colour_map, scale, signed = colours
    texts = _written(matrix, digits, signed)
    for ((row, column), value), text in zip(np.ndenumerate(matrix), texts, strict=True):
        finite = bool(np.isfinite(value))
        face = colour_map(scale(value)) if finite else LOST
        x, y = corner[0] + column * size[0], corner[1] + row * size[1]
        axes.add_patch(Rectangle((x, y), *size, facecolor=face, edgecolor=EDGE, linewidth=0.8))
        weight = "normal" if finite else "bold"
        middle = (x + size[0] / 2, y + size[1] / 2)
        axes.text(*middle, text, ha="center", va="center", weight=weight)


class _Block(NamedTuple):
    """A matrix with its name above it, a text below it, and perhaps its last row set apart."""

    name: str
    values: _Array
    colours: tuple[Colormap, Normalize, bool]
    below: str = ""
    last: str = ""  # "row" or "column"


def _page(width: float, height: float) -> tuple[Picture, Axes]:
    """Return a picture with axes whose unit is an inch, from its upper left corner."""
    if _are_told():
        return cast(tuple[Picture, Axes], (_Told(), _Told()))
    picture = Picture(figsize=(width, height), dpi=_PIXELS_PER_INCH)
    axes = picture.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return picture, axes


def _lines(*lines: Sequence[_Block | str]) -> Picture:
    """Draw lines of blocks and the signs between them; all cells of a line are equally large."""
    if _are_told():
        return cast(Picture, _Told())
    em, gap = _em(), 1.2 * _em()
    placed, top, width = [], 0.7 * em, 0.0
    for line in lines:
        blocks = [item for item in line if isinstance(item, _Block)]
        texts = [t for b in blocks for t in _written(b.values, _digits(b.values), b.colours[2])]
        cell = (max(2.7 * em, _wide(*texts) + 1.0 * em), 2.7 * em)
        rooms = [
            3 * em
            if isinstance(item, str)
            else max(cell[0] * item.values.shape[1], _wide(item.name, item.below))
            for item in line
        ]
        head = 1.4 * em * (1 + max(block.name.count("\n") for block in blocks))
        high = cell[1] * max(block.values.shape[0] for block in blocks)
        foot = 1.6 * em if any(block.below for block in blocks) else 0.0
        placed.append((line, rooms, top + head, high, cell))
        top += head + high + foot + gap
        width = max(width, sum(rooms) + gap * (len(line) - 1) + 1.6 * em)
    picture, axes = _page(width, top - 0.3 * em)
    for line, rooms, start, high, cell in placed:
        left = (width - sum(rooms) - gap * (len(line) - 1)) / 2
        signs = any(isinstance(item, str) for item in line)
        for item, room in zip(line, rooms, strict=True):
            middle = left + room / 2
            if isinstance(item, str):
                place = (middle, start + high / 2)
                axes.text(*place, item, ha="center", va="center", fontsize="x-large")
            else:
                # Rows that stand beside each other line up; an equation is centred.
                down = (high - cell[1] * item.values.shape[0]) / 2 if signs else 0.0
                _draw_block(axes, item, (middle, start + down), cell)
            left += room + gap
    return picture


def _draw_block(
    axes: Axes, block: _Block, top: tuple[float, float], cell: tuple[float, float]
) -> None:
    """Draw a block below the middle of its upper edge."""
    rows, columns = block.values.shape
    (middle, upper), (wide, high), em = top, cell, _em()
    left, lower = middle - columns * wide / 2, upper + rows * high
    _cells(axes, block.values, block.colours, _digits(block.values), (left, upper), cell)
    axes.text(middle, upper - 0.4 * em, block.name, ha="center", va="bottom", linespacing=1.2)
    axes.text(middle, lower + 0.3 * em, block.below, ha="center", va="top", fontsize="small")
    if block.last == "row":
        axes.plot([left, left + columns * wide], [lower - high] * 2, color=INK, linewidth=2.5)
    elif block.last == "column":
        axes.plot([left + (columns - 1) * wide] * 2, [upper, lower], color=INK, linewidth=2.5)


_BIAS = {"row": "last row: bias feature", "column": "last column: biases"}


@_picture
def matrices(
    *items: tuple[str, ArrayLike] | str,
    bias: Mapping[str, str] | None = None,
    stacked: bool = False,
) -> Picture:
    """Draw matrices side by side, as an equation is written, or one below the other.

    Parameters
    ----------
    *items : ``("W", W)`` for an array (1-D is drawn as a column, 2-D as it is), or a
        sign between two arrays: ``"@"``, ``"="``
    bias : which array has a bias ``"row"`` (its last) or ``"column"`` (its last); what is
        said of it, if it is something else: ``"row: the biases again"``
    stacked : one below the other, so that columns line up
    """
    who = "matrices"
    drawn = [
        item if isinstance(item, str) else (item[0], _array(item[1], who, item[0], 1, 2))
        for item in items
    ]
    arrays = {item[0]: item[1] for item in drawn if not isinstance(item, str)}
    if not arrays:
        raise ValueError('matrices: nothing to draw: give at least one ("name", array)')
    line: list[_Block | str] = []
    for item in drawn:
        if isinstance(item, str):
            line.append(item)
            continue
        name, array = item
        last, _, below = (bias or {}).get(name, "").partition(": ")
        block = array[:, None] if array.ndim == 1 else array
        head = f"{name}\n{array.shape}"
        line.append(_Block(head, block, _colours(array), below or _BIAS.get(last, ""), last))
    picture = _lines(*([item] for item in line)) if stacked else _lines(line)
    signs = any(isinstance(item, str) for item in drawn)
    said = (" " if signs else ", ").join(
        item if isinstance(item, str) else f"{item[0]} {item[1].shape}" for item in drawn
    )
    marked = "".join(
        f"; the last {side.split(':')[0]} of {name} is set apart"
        for name, side in (bias or {}).items()
    )
    broken = "".join(
        f"; {np.count_nonzero(~np.isfinite(array))} entries of {name} are not finite"
        for name, array in arrays.items()
        if not np.isfinite(array).all()
    )
    how = "one below the other" if stacked else "side by side"
    picture.text_alternative = f"Matrices {how} with their numbers: {said}{marked}{broken}."
    return picture


@_picture
def table(columns: Mapping[str, Sequence[Any]], rows: Sequence[str]) -> Picture:
    """Draw a table of numbers and words, each column written as it needs.

    Parameters
    ----------
    columns : for each heading, what stands below it
    rows : the name of each row
    """
    if not columns or any(len(column) != len(rows) for column in columns.values()):
        raise ValueError(f"table: give columns of {len(rows)} entries, one for each row")

    def written(entry: Any) -> str:
        if isinstance(entry, str | bool | np.bool_):
            return str(entry)
        # Three digits, so that 1.1 stands as 1.10 beside 1.61.
        return f"{entry:.3g}" if float(entry).is_integer() else f"{entry:#.3g}"

    texts = [list(map(written, column)) for column in columns.values()]
    em = _em()
    rooms = [
        _wide(*rows),
        *(_wide(name, *column) for name, column in zip(columns, texts, strict=True)),
    ]
    edges = np.cumsum([0.9 * em, *(room + 2.4 * em for room in rooms)])
    picture, axes = _page(float(edges[-1]), 1.9 * em * (len(rows) + 1) + em)
    for heading, left, right in zip(["", *columns], edges[:-1], edges[1:], strict=True):
        middle = float(left + right - 1.5 * em) / 2
        column = rows if not heading else texts[list(columns).index(heading)]
        axes.text(middle, 1.3 * em, heading, ha="center", va="center", weight="bold")
        for row, text in enumerate(column):
            axes.text(middle, 1.9 * em * (row + 1) + 1.4 * em, text, ha="center", va="center")
    axes.plot([0.5 * em, edges[-1] - 0.5 * em], [2.3 * em] * 2, color=INK, linewidth=1)
    said = "; ".join(
        f"{row}: {', '.join(f'{name} {t[n]}' for name, t in zip(columns, texts, strict=True))}"
        for n, row in enumerate(rows)
    )
    picture.text_alternative = f"A table: {said}."
    return picture


@_picture
def curves(
    panels: Mapping[str, Mapping[str, ArrayLike]],
    step: str = "epoch",
    steps: ArrayLike | None = None,
) -> Picture:
    """Draw numbers that change while a classifier learns, in one panel or several.

    Parameters
    ----------
    panels : for each panel's title, for each name, (M,) numbers, one a step; a single number is
        a level to compare with, or what was measured once: a dotted line
    step : what is counted below: ``"epoch"``
    steps : (M,), after which steps the numbers are; None: after each, from 1 on
    """
    who = "curves"
    if not panels:
        raise ValueError('curves: nothing to draw: give at least one {"loss": {"name": numbers}}')
    picture = _canvas(4.2 * len(panels) + 1.0, 3.6)
    said: list[str] = []
    drawn = picture.subplots(1, len(panels), squeeze=False)[0]
    for axes, (title, lines) in zip(drawn, panels.items(), strict=True):
        for (name, values), (colour, line, marker) in zip(lines.items(), LINES, strict=False):
            numbers = _array(values, who, name, 0, 1)
            if numbers.ndim == 0:
                axes.axhline(float(numbers), color=colour, linestyle=":", label=name)
                said.append(f"{name} {_number(float(numbers))}, a dotted line")
                continue
            x = np.linspace(1, numbers.size, numbers.size)
            if steps is not None:
                x = _array(steps, who, "steps", 1)
                _same_shape(who, **{"steps": x, name: numbers})
            axes.plot(
                x,
                np.where(np.isfinite(numbers), numbers, np.nan),
                line,
                color=colour,
                marker=marker,
                markersize=5,
                markevery=max(1, numbers.size // 10),
                label=name,
            )
            said.append(f"{title} of {name} from {_number(numbers[0])} to {_number(numbers[-1])}")
        axes.set(xlabel=step, ylabel=title)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
        if title == "accuracy":  # no part of its axis lies above 1
            axes.set_ylim(min(0.9, axes.get_ylim()[0]), 1.005)
        axes.grid(True)
        if len(panels) > 1:
            axes.legend()
        else:
            _legend_above(axes)
    picture.text_alternative = f"Over each {step}: {'; '.join(said)}."
    return picture


@_picture
def function_graphs(
    x: ArrayLike,
    lines: Mapping[str, ArrayLike],
    x_name: str,
    y_name: str,
    level: float | None = None,
) -> Picture:
    """Draw one curve or several over one axis.

    Parameters
    ----------
    x : (M,)
    lines : for each name, (M,) values; what is not finite is left out
    x_name, y_name : for the axes
    level : a height to compare with, drawn as a dotted line
    """
    who = "function_graphs"
    axis = _array(x, who, x_name, 1)
    picture = _canvas(7.2, 3.6)
    axes = picture.subplots()
    said: list[str] = []
    for (name, values), (colour, line, _) in zip(lines.items(), LINES, strict=False):
        y = _array(values, who, name, 1)
        _same_shape(who, **{x_name: axis, name: y})
        axes.plot(axis, np.where(np.isfinite(y), y, np.nan), line, color=colour, label=name)
        said.append(f"{name} from {_number(float(y[0]))} to {_number(float(y[-1]))}")
    if level is not None:
        axes.axhline(level, color=INK, linewidth=1, linestyle=":")
        said.append(f"a dotted line at {_number(level, 4)}")
    axes.set(xlabel=x_name, ylabel=y_name)
    axes.grid(True)
    _legend_above(axes)
    picture.text_alternative = (
        f"{y_name[0].upper()}{y_name[1:]} over {x_name} from {axis[0]:g} to {axis[-1]:g}: "
        f"{'; '.join(said)}."
    )
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
            CLASS_MARKERS[k % 6],
            color=CLASS_COLOURS[k % 6],
            markersize=6,
            linestyle="none",
            label=f"class {k}",
        )
    axes.set(xlabel="feature 0", ylabel="feature 1")
    axes.legend()
    picture.text_alternative = f"The plane with {y.size} samples of {classes} classes{said}."
    return picture
