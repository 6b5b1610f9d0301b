"""Sliders without a kernel: the picture of each position is drawn while a lesson runs.

`classroom.lessons.run` has the kernel call `draw_beforehand()` first.  From then
on `@interact` calls its function for each position of its sliders, and the cell's output holds,
beside what the slider shows at first (`image/png`, `text/plain`, as any picture), all of it
under `POSITIONS`.  A page shows `slider(output)` in its place, and has `SCRIPT` and `STYLE` in
it once:

    for output in cell.outputs:
        if POSITIONS in output.get("data", {}):
            html = slider(output)

`slider` takes a second argument where pictures lie elsewhere than in the page, or are two.
"""

from __future__ import annotations

import functools
import html
import itertools
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SCRIPT = (HERE / "templates/slider.js").read_text(encoding="utf-8")
STYLE = (HERE / "templates/slider.css").read_text(encoding="utf-8")
POSITIONS = "application/vnd.softmax-by-hand.positions+json"
MOST = 64  # pictures of one cell, some 2 MB: several sliders have fewer positions each


# --- in the kernel -----------------------------------------------------------------------


def draw_beforehand() -> None:
    """Let `ipywidgets.interact` draw every position at once, for the rest of this process."""
    import ipywidgets

    ipywidgets.interact = _drawn


def _drawn(function: Callable[..., object] | None = None, /, **controls: Any) -> Any:
    """Take the place of `interact`, as a decorator or as a function."""
    if function is None:
        return lambda later: _drawn(later, **controls)
    import ipywidgets
    from IPython.display import display

    @functools.wraps(function)
    def silent(**_: object) -> None:
        """Have the parameters of the function, which `interactive` would call."""

    widgets = ipywidgets.interactive(silent, **controls).kwargs_widgets
    chosen = thinned([_choices(widget) for widget in widgets])
    names = [widget._kwarg for widget in widgets]
    shown = [
        _seen(function, dict(zip(names, (value for _, value in place), strict=True)))
        for place in itertools.product(*(choices for choices, _ in chosen))
    ]
    described = [
        {"name": widget.description or name, "labels": [label for label, _ in choices], "start": at}
        for widget, name, (choices, at) in zip(widgets, names, chosen, strict=True)
    ]
    lengths = [len(choices) for choices, _ in chosen]
    first = shown[_flat([at for _, at in chosen], lengths)]
    data = {**first["data"], POSITIONS: {"controls": described, "shown": shown}}
    display(data, raw=True, metadata=first["metadata"])
    return function


def _choices(widget: Any) -> tuple[list[tuple[str, Any]], int]:
    """Return each position of a widget as its label and its value, and which is the first."""
    if hasattr(widget, "_options_labels"):
        pairs = zip(widget._options_labels, widget._options_values, strict=True)
        return [(str(label), value) for label, value in pairs], widget.index or 0
    if isinstance(widget.value, bool):
        return [("no", False), ("yes", True)], int(widget.value)
    if not hasattr(widget, "step"):
        kind = type(widget).__name__
        raise TypeError(f"a {kind} has no positions to draw: use a slider, a choice or a check box")
    steps = math.floor((widget.max - widget.min) / widget.step + 1e-9)
    values = [round(widget.min + k * widget.step, 9) for k in range(steps + 1)]
    start = min(range(len(values)), key=lambda k: abs(values[k] - widget.value))
    values[start] = widget.value
    return [(f"{value:g}", value) for value in values], start


def thinned(controls: list[tuple[list[Any], int]]) -> list[tuple[list[Any], int]]:
    """Return fewer positions of each control, so that all together there are at most `MOST`.

    Parameters
    ----------
    controls : for each its positions, and which of them it starts at

    Returns
    -------
    list : the same, thinned evenly; the first, the last and the start are kept

    Examples
    --------
    >>> thinned([([*"abcde"], 2)])
    [(['a', 'b', 'c', 'd', 'e'], 2)]
    >>> [(len(left), left[start]) for left, start in thinned([([*range(81)], 7)] * 3)]
    [(4, 7), (4, 7), (4, 7)]
    """
    left = [len(positions) for positions, _ in controls]
    while math.prod(left) > MOST:
        left[left.index(max(left))] -= 1
    kept = []
    for (positions, start), count in zip(controls, left, strict=True):
        last = len(positions) - 1
        places = [round(k * last / (count - 1)) for k in range(count)] if count > 1 else [start]
        inner = range(1, count - 1) if start not in (0, last) and count > 2 else range(count)
        nearest = min(inner, key=lambda k: abs(places[k] - start))
        places[nearest] = start
        kept.append(([positions[place] for place in places], nearest))
    return kept


def _seen(function: Callable[..., object], values: dict[str, Any]) -> dict[str, Any]:
    """Return what a function displays: data and metadata of the one thing that it shows."""
    from IPython.utils.capture import capture_output

    with capture_output() as captured:
        function(**values)
    if len(captured.outputs) != 1:
        raise ValueError(
            f"{function.__name__} displays {len(captured.outputs)} things at {values}; "
            "a slider shows exactly one: a picture"
        )
    (output,) = captured.outputs
    return {"data": output.data, "metadata": output.metadata or {}}


# --- on a page ---------------------------------------------------------------------------


def _flat(place: list[int], lengths: list[int]) -> int:
    """Return which of all pictures belongs to one position of each control."""
    at = 0
    for index, length in zip(place, lengths, strict=True):
        at = at * length + index
    return at


def as_it_is(shown: dict[str, Any]) -> str:
    """Return what one position shows as HTML: with the picture in it."""
    data = shown["data"]
    return str(data.get("text/html") or f"<pre>{html.escape(data['text/plain'])}</pre>")


def slider(output: Any, picture: Callable[[dict[str, Any]], str] = as_it_is) -> str:
    """Return the HTML of an output that holds `POSITIONS`: a range for each control.

    Parameters
    ----------
    output : with `data` and `metadata`, as it stands in an executed notebook
    picture : makes HTML of one position, which has `data` and `metadata` as well

    Returns
    -------
    str : nothing moves without `SCRIPT`; then the picture of the start is there
    """
    held = output["data"][POSITIONS]
    controls = held["controls"]
    start = _flat([c["start"] for c in controls], [len(c["labels"]) for c in controls])
    shown = "\n".join(
        f"<div{'' if at == start else ' hidden'}>{picture(one)}</div>"
        for at, one in enumerate(held["shown"])
    )
    ranges = "\n".join(_range(control) for control in controls)
    return (
        f'<figure class="positions">\n<div class="shown">\n{shown}\n</div>\n'
        f'<figcaption class="controls-of-picture">\n{ranges}\n</figcaption>\n</figure>'
    )


def _range(control: dict[str, Any]) -> str:
    labels = control["labels"]
    now = html.escape(labels[control["start"]])
    return (
        f"<label>{html.escape(control['name'])} "
        f'<input type="range" min="0" max="{len(labels) - 1}" value="{control["start"]}" '
        f'autocomplete="off" aria-valuetext="{now}" '
        f'data-labels="{html.escape(json.dumps(labels))}"> '
        f"<output>{now}</output></label>"
    )
