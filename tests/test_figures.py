"""The pictures: they draw what they are given, say it in one sentence, and touch nothing else."""

from __future__ import annotations

import ast
import importlib.util
import io
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib import style
from matplotlib.colors import to_rgb

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SOURCE, LESSONS_ONLY = NOTEBOOKS / "figures.py", NOTEBOOKS / "lesson_figures.py"


def load(source: Path) -> Any:
    """Import a module of pictures from its place: it is no part of the package."""
    specification = importlib.util.spec_from_file_location(source.stem, source)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules.setdefault(source.stem, module)
    specification.loader.exec_module(module)
    return module


figures = load(SOURCE)
lesson_figures = load(LESSONS_ONLY)

A = np.array([[0.125, 0.5, 1.0], [0.25, 0.25, 0.0], [0.625, 0.25, 0.0]])
STRIPS = np.einsum("ik,j->ijk", np.eye(3), np.array([2.0, -1.0, 3.0, 1.0]))
GRADIENT = np.outer([0.125, -0.75, 0.625], [2.0, -1.0, 3.0, 1.0])


def nearest_corner(X):
    return (X[0] > X[1]).astype(int)


PICTURES = {
    "matrices": ((("W", GRADIENT), "@", ("x", [2, -1, 3, 1])), {"bias": {"W": "column"}}),
    "matrix_with_sums": ((GRADIENT, "dL/dW", "class", "feature"), {}),
    "one_hot_grid": (([0, 2, 0], [[1, 0, 1], [0, 0, 0], [0, 1, 0]]), {}),
    "weight_histogram": ((np.linspace(-0.02, 0.02, 30), 0.01), {}),
    "softmax_bars": (([0.0, -0.69, 1.61], A[:, 0]), {}),
    "probability_stacks": ((A,), {}),
    "simplex": ((A, 2, ["start", "middle", "end"]), {"towards": A[:, [1, 2, 2]]}),
    "log_loss": (([0.125, 0.5, 1.0], [2.08, 0.69, 0.0], [-8, -2, -1]), {}),
    "initial_loss": (([2, 3, 5], {"scale 0.01": [0.7, 1.1, 1.6], "scale 1.0": [9, 8, 12]}), {}),
    "loss_over_gap": (
        ([0, 500, 1000], {"scores": [0.7, 500, 1000], "softmax": [1, 2, np.inf]}),
        {},
    ),
    "gradient_error": (([1e-8, 1e-4, 1], {"central": [1e-8, 1e-9, 0.1], "exact": [0, 0, 0]}), {}),
    "tensor_strips": ((STRIPS,), {}),
    "tensor_collapse": ((STRIPS, [0.125, -0.75, 0.625], GRADIENT), {}),
    "loss_along": (([0, 0.1, 0.2], [1.4, 0.7, 0.3], "minus the gradient"), {}),
    "curves": (({"loss": {"right": [1.1, 0.5], "wrong": [1.1, 2.5]}, "share": {"a": [1, 0]}},), {}),
    "function_graphs": (
        ([-1.0, 0.0, 1.0], {"a": [0, 1, np.inf], "b": [2, 1, 0]}, "z", "value", 0.5),
        {},
    ),
    "table": (({"entry": [0.25, 1e-11], "right": [True, False]}, ["W1", "W2"]), {}),
    "digit_images": ((np.linspace(-1, 1, 128).reshape(2, 64), ["first", "second"]), {}),
    "points": (([[0, 1, 2], [2, 1, 0]], [0, 1, 1], nearest_corner), {}),
}
FALL = ([1.1, 0.7, 0.3], [0.3, 0.8, 1.0])


def always_one(points: np.ndarray) -> np.ndarray:
    return np.ones(points.shape[1])


IN_LESSONS = {
    "training_curves": (({"right": FALL, "wrong": FALL},), {"guessing": 1.0986}),
    "computation_graph": (
        (
            {"W": (0, 1), "x": (0, 0), "z": (1, 0.5), "L": (2, 0.5)},
            {
                ("W", "z"): (GRADIENT, GRADIENT),
                ("x", "z"): ([2, -1, 3, 1], None),
                ("z", "L"): ([0.0, 0.5], [0.25, -0.25]),
            },
        ),
        {},
    ),
    "decision_regions": (
        ([[0, 1, 2], [2, 0, 1]], [0, 1, 2], {"start": always_one}),
        {"results": {"start": (1.1, 0.33)}},
    ),
    "loss_surface": (([0, 1, 2], [0, 1], [[0, 1, 2], [2, 1, 4]], {"all": [[0, 1], [0, 1]]}), {}),
}
EVERYWHERE = {**PICTURES, **IN_LESSONS}


def function(name: str) -> Any:
    return getattr(figures if name in PICTURES else lesson_figures, name)


def draw(name: str) -> Any:
    arguments, options = EVERYWHERE[name]
    return function(name)(*arguments, **options)


def png(picture: Any) -> bytes:
    buffer = io.BytesIO()
    picture.savefig(buffer, format="png", dpi=50)
    return buffer.getvalue()


def shown(picture: Any) -> dict[str, str]:
    """Return what `show` hands to the notebook."""
    bundles: list[dict[str, str]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("IPython.display.display", lambda data, **_: bundles.append(data))
        figures.show(picture)
    (bundle,) = bundles
    return bundle


def public(module: Any) -> set[str]:
    return {
        name
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", "") == module.__name__
        if not name.startswith("_") and not isinstance(value, type)
    }


def test_every_picture_is_tested_here():
    assert public(figures) == {*PICTURES, "show"}
    assert public(lesson_figures) == {*IN_LESSONS}


@pytest.mark.parametrize("name", EVERYWHERE)
def test_a_picture_draws_without_warnings_and_says_itself_in_one_sentence(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = draw(name)
        assert png(picture).startswith(b"\x89PNG")
    text = picture.text_alternative
    assert text[0].isupper()
    assert text.endswith(".")
    assert ". " not in text, "one sentence"
    assert "\n" not in text


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_that_is_told_says_the_same_and_draws_nothing(name, monkeypatch):
    said = draw(name).text_alternative
    monkeypatch.setenv(figures.PICTURES, "text")
    monkeypatch.setattr(figures, "Picture", None)
    told = draw(name)
    assert told.text_alternative == repr(told) == said
    assert shown(told) == {"text/plain": said}


@pytest.mark.parametrize("name", ["softmax_bars", "gradient_error", "matrix_with_sums"])
def test_a_picture_looks_the_same_whatever_style_the_reader_has_set(name):
    """A dark style was set in the notebooks that this course replaces; arrows vanished."""
    pages = []
    for theme in ("default", "dark_background"):
        with style.context(theme):
            pages.append(shown(draw(name))["image/png"])
    assert pages[0] == pages[1]


@pytest.mark.parametrize("name", EVERYWHERE)
def test_a_picture_changes_no_global_setting_and_opens_no_window(name):
    before = dict(matplotlib.rcParams)
    draw(name)
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("path", [SOURCE, LESSONS_ONLY], ids=lambda path: path.stem)
def test_the_pictures_know_no_way_to_change_a_setting(path):
    source = ast.parse(path.read_text(encoding="utf-8"))
    attributes = {node.attr for node in ast.walk(source) if isinstance(node, ast.Attribute)}
    assert not attributes & {"use", "update", "rcParams"}
    assert "pyplot" not in path.read_text(encoding="utf-8"), "pyplot keeps global state"


@pytest.mark.parametrize("name", EVERYWHERE)
def test_a_picture_leaves_its_arrays_alone(name):
    arguments, _ = EVERYWHERE[name]
    before = repr(arguments)
    draw(name)
    assert repr(arguments) == before


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("softmax_bars", ([1.0, 2.0], None)), ("softmax_bars", ([1.0, 2.0], "many")),
        ("softmax_bars", ([1.0, 2.0], [0.2, 0.3, 0.5])), ("probability_stacks", ([0.2, 0.8],)),
        ("one_hot_grid", ([0, 1], [[1, 0, 0], [0, 1, 0]])), ("matrices", (("Xb", None),)),
        ("matrices", ()), ("simplex", (np.ones((4, 2)) / 4,)),
        ("tensor_strips", (np.ones((3, 4)),)), ("tensor_collapse", (STRIPS, [1.0, 2.0], GRADIENT)),
        ("loss_along", ([0.0, 1.0], [], "minus the gradient")),
        ("gradient_error", ([0.1, 0.2], {"central": [1.0]})), ("simplex", (A, 0, None, A[:, :2])),
        ("function_graphs", ([0.0, 1.0], {"a": [1.0]}, "z", "value")),
        ("training_curves", ({"right": ([1.0, 0.5], [0.5])},)),
        ("computation_graph", ({"x": (0, 0)}, {("x", "z"): ([1.0], None)})),
        ("computation_graph", ({"x": (0, 0), "z": (1, 0)}, {("x", "z"): ([1.0], [1.0, 2.0])})),
        ("decision_regions", ([[0, 1], [1, 0]], [0], {"start": always_one})),
        ("decision_regions", ([[0, 1], [1, 0]], [0, 1], {})),
        ("loss_surface", ([0, 1, 2], [0, 1], np.ones((3, 2)), {})),
        ("loss_surface", ([0, 1], [0, 1], np.eye(2), {"all": [[0.0, 1.0]]})),
        ("digit_images", (np.ones((2, 60)), ["a", "b"])),
        ("digit_images", (np.ones((2, 64)), ["a"])), ("table", ({}, [])),
        ("table", ({"entry": [1.0]}, ["W1", "W2"])),
        ("curves", ({"loss": {"all": [1.0, 0.5]}}, "epoch", [1])),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_said_in_one_line(name, arguments):
    with pytest.raises(ValueError, match=f"^{name}: ") as error:
        function(name)(*arguments)
    assert "\n" not in str(error.value)
    assert error.value._render_traceback_() == [str(error.value)], "so IPython shows no way to it"


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda: figures.softmax_bars(["a", "b"], A), "softmax_bars: "),
        (lambda: figures.softmax_bars(A), "softmax_bars: the picture was not drawn (TypeError: "),
        (lambda: figures.curves(3), "curves: the picture was not drawn ("),
        (lambda: figures.matrices(("A", A), ("B", object())), "matrices: "),
        (lambda: figures.show(None), "show: this is no picture but NoneType"),
    ],
)
def test_a_picture_of_a_wrong_result_is_one_line_whatever_is_wrong(draw, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}") as error:
        draw()
    assert error.value._render_traceback_() == [str(error.value)]
    assert "\n" not in str(error.value)


def test_a_picture_that_is_interrupted_is_one_line(monkeypatch):
    def stopped(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(figures, "_canvas", stopped)
    with pytest.raises(KeyboardInterrupt) as error:
        figures.softmax_bars([1.0, 2.0, 3.0], A[:, 0])
    line = "softmax_bars: the picture was not drawn (KeyboardInterrupt)"
    assert error.value._render_traceback_()[0].startswith(line)


def test_what_is_not_a_number_is_drawn_and_said():
    lost = np.full(3, np.nan)
    assert "sum to nan" in figures.softmax_bars([1000.0, 999.0, 998.0], lost).text_alternative
    batch = np.column_stack([A, lost])
    assert figures.probability_stacks(batch).text_alternative.count("nan") == 1
    assert "3 entries of A are not finite" in figures.matrices(("A", batch)).text_alternative


def test_sums_and_numbers_stand_in_the_picture_with_their_signs():
    picture = figures.matrix_with_sums(GRADIENT, "dL/dW", "class", "feature")
    written = [text.get_text() for text in picture.axes[0].texts]
    assert "+1.250" in written
    assert "-2.250" in written
    assert written.count("0.000") == 4, "each column sums to 0, without a sign"


def test_show_displays_the_picture_with_its_text_and_prints_nothing(monkeypatch, capsys):
    shown: list[tuple[dict[str, str], dict[str, Any]]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, **rest: shown.append((data, rest)))
    picture = figures.loss_along([0.0, 1.0], [1.0, 0.5], 'a "quoted" & <odd> direction')
    assert figures.show(picture) is None
    ((bundle, rest),) = shown
    assert set(bundle) == {"image/png", "text/html", "text/plain"}
    assert bundle["text/plain"] == picture.text_alternative
    assert (
        'alt="The loss along a &quot;quoted&quot; &amp; &lt;odd&gt; direction'
        in bundle["text/html"]
    )
    assert rest["metadata"]["image/png"]["alt"] == picture.text_alternative
    assert capsys.readouterr().out == ""


def test_numbers_in_coloured_cells_are_readable():
    """WCAG asks for a contrast of 4.5 for text of this size."""
    backgrounds = [figures.SIGNED(share)[:3] for share in np.linspace(0, 1, 11)]
    backgrounds += [figures.UNSIGNED(share)[:3] for share in np.linspace(0, 1, 11)]
    backgrounds.append(to_rgb(figures.PAPER))
    for background in backgrounds:
        assert contrast(to_rgb(figures.INK), background) > 4.5
    assert contrast(to_rgb(figures.FAINT), to_rgb(figures.PAPER)) > 4.5


def contrast(first: Any, second: Any) -> float:
    """Return the contrast ratio of two sRGB colours, as WCAG 2 defines it."""

    def luminance(colour: Any) -> float:
        channels = np.asarray(colour, dtype=np.float64)
        linear = np.where(
            channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
        )
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def names(node: ast.Import) -> list[str]:
    return [alias.name for alias in node.names]


def test_students_need_only_numpy_and_matplotlib():
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    at_the_top = {
        name.split(".")[0]
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else names(node))
    }
    assert at_the_top - set(sys.stdlib_module_names) == {"matplotlib", "numpy"}


def test_no_answer_travels_with_the_pictures():
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not called & {"outer", "diag", "eye", "logaddexp", "standard_normal", "divide", "arange"}
    (user,) = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Attribute) and inner.attr == "exp"
    ]
    assert user.name == "_label_contours", "exp(-loss) is a probability, nothing more"
