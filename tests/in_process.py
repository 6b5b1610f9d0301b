"""Notebooks run in this process, so that a test sees their pictures and their variables.

What a kernel would do with a cell is tested elsewhere; here a cell is only its Python.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from functools import lru_cache, partial, wraps
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import ipywidgets
import nbformat
from measuring import complaints

from classroom.projected import shrink

ROOT = Path(__file__).parents[1]
LESSONS = sorted(ROOT.glob("notebooks/*.ipynb"))
PROBLEM_SETS = sorted(ROOT.glob("source/*/*.ipynb"))
MODULES = ("figures", "lesson_figures")  # the second imports the first


@dataclass
class Ran:
    """What a notebook has left: its variables, and of each picture what is wrong with it."""

    variables: dict[str, Any] = field(default_factory=dict)
    said: dict[str, list[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


@lru_cache
def ran(path: Path) -> Ran:
    """Run a notebook with its solutions, from top to bottom; each picture is measured when shown.

    Parameters
    ----------
    path : of a lesson or of a problem set's source

    Returns
    -------
    Ran
    """
    left = Ran({"__name__": "__main__", "display": str})
    beside = path.parent if path in LESSONS else ROOT / "release" / path.stem
    with _at(beside):
        sizes = ("", "large") if path in LESSONS else ("",)  # problem sets are not projected
        modules = [_pictures(name) for name in MODULES]
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                modules[0].show = partial(_measure, left, cell.id, sizes)  # type: ignore[attr-defined]
                source = re.sub(r"(?m)^%.*$", "", cell.source)
                exec(compile(source, f"{path.stem}: {cell.id}", "exec"), left.variables)
    return left


@contextmanager
def _at(folder: Path) -> Iterator[None]:
    """Be in a folder and import from it first; sliders are moved to their ends at once."""
    before, own = os.getcwd(), ("checks", "tensorflow", *MODULES)
    kept = {name: sys.modules.pop(name) for name in own if name in sys.modules}
    sys.path[:0] = [str(folder), str(ROOT / "notebooks")]
    os.chdir(folder)
    try:
        with mock.patch.object(ipywidgets, "interact", _moved), redirect_stdout(StringIO()):
            yield
    finally:
        os.chdir(before)
        del sys.path[:2]
        for name in ("checks", *MODULES):
            sys.modules.pop(name, None)
        sys.modules.update(kept)


def _pictures(name: str) -> ModuleType:
    """Import a module of pictures whose pictures can be drawn again, in another size."""
    specification = importlib.util.spec_from_file_location(name, ROOT / "notebooks" / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    for name, draw in vars(module).copy().items():
        if getattr(draw, "__module__", "") == module.__name__ and hasattr(draw, "__wrapped__"):
            setattr(module, name, _drawn_again(draw))
    return module


def _drawn_again(draw: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(draw)
    def drawn(*args: Any, **kwargs: Any) -> Any:
        picture = draw(*args, **kwargs)
        picture.again = partial(draw, *args, **kwargs)
        return picture

    return drawn


def _measure(left: Ran, cell: str, sizes: tuple[str, ...], picture: Any) -> None:
    left.said.setdefault(cell, []).append(picture.text_alternative)
    module = sys.modules["figures"]
    for size in sizes:
        with mock.patch.dict(os.environ, {module.PICTURES: size}), module._style():
            found = complaints(picture.again(), slide=bool(size))
            if size:  # in a deck the usual type stands on a smaller canvas
                os.environ[module.PICTURES] = ""
                deck = picture.again()
                shrink(deck)
                found += [f"{what} in a deck" for what in complaints(deck)]
        left.wrong += [f"{cell}{' ' if size else ''}{size}: {what}" for what in found]


def _moved(**sliders: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Stand for `interact`: call the function where its sliders start, and at both ends."""

    def of(function: Callable[..., Any]) -> Callable[..., Any]:
        widgets = ipywidgets.interactive(function, {"manual": True}, **sliders).kwargs_widgets
        for position in (_start, _low, _high):
            function(**{widget._kwarg: position(widget) for widget in widgets})
        return function

    return of


def _start(widget: Any) -> Any:
    return widget.value


def _low(widget: Any) -> Any:
    return widget.options[0] if hasattr(widget, "options") else getattr(widget, "min", False)


def _high(widget: Any) -> Any:
    return widget.options[-1] if hasattr(widget, "options") else getattr(widget, "max", True)
