"""What `diagnose` lays beside a notebook: gives functions and classes the course's interface.

Runs in the sandbox, where the notebook can change it at will; so it says nothing in
words, and nothing is earned by it.  Imports nothing of this package.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

MAX_METHODS, MAX_PARAMETERS, MAX_NAME = 40, 20, 60
SIZES = (3, 4, 5)  # for a constructor that wants some


def parameters(function: Any) -> list[tuple[str, bool, bool, bool]]:
    """Return of each parameter name, whether it has a default, a place, and is a switch."""
    try:
        found = list(inspect.signature(function).parameters.values())[:MAX_PARAMETERS]
    except BaseException:
        return []
    return [
        (
            str(p.name)[:MAX_NAME],
            p.default is not p.empty,
            p.kind is not p.KEYWORD_ONLY,
            type(p.default) is bool,
        )
        for p in found
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]


def methods(kind: Any) -> list[tuple[str, int | None, int | None]]:
    """Return the methods that a class defines itself: name, and how many arguments each takes."""
    found: list[tuple[str, int | None, int | None]] = []
    for name, value in list(vars(kind).items()):
        own = getattr(value, "__func__", value)
        if not inspect.isfunction(own) or (name.startswith("_") and name != "__call__"):
            continue
        plain = isinstance(value, staticmethod)
        least, most = _count(own)
        less = 0 if plain else 1
        if most is not None and most < less:
            continue
        most = None if most is None else most - less
        found.append((name[:MAX_NAME], max(least - less, 0), most))
    return found[:MAX_METHODS]


def _count(function: Any) -> tuple[int, int | None]:
    try:
        found = inspect.signature(function).parameters.values()
    except BaseException:
        return 0, None
    by_place = [p for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    without_end = any(p.kind is p.VAR_POSITIONAL for p in found)
    least = sum(p.default is p.empty for p in by_place)
    return least, None if without_end else len(by_place)


def method(kind: Any, name: str) -> Callable[..., Any]:
    """Return a method as a function, of an object that is made for it where it needs one."""
    if isinstance(inspect.getattr_static(kind, name, None), (staticmethod, classmethod)):
        return getattr(kind, name)
    return getattr(made(kind), name)


def made(kind: Any, given: Sequence[Any] = ()) -> Any:
    """Return an object of a class whose constructor takes nothing or some sizes."""
    least, most = _count(kind)
    tries = [given, (), SIZES[:least], ([SIZES[0], SIZES[1]],), SIZES[: most or 0]]
    for arguments in tries:
        try:
            return kind(*arguments)
        except Exception:
            continue
    return object.__new__(kind)  # enough for a method that does not use its object


def switches(function: Any) -> list[str]:
    """Return the parameters of a function that are True or False, and False by default."""
    try:
        found = inspect.signature(function).parameters.values()
    except BaseException:
        return []
    return [str(p.name)[:MAX_NAME] for p in found if p.default is False][:MAX_PARAMETERS]


def switched(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return what a function is where a switch of it is True."""
    return lambda Z: function(Z, **{name: True})


def by_name(function: Callable[..., Any], names: Sequence[str]) -> Callable[..., Any]:
    """Return a function that gives its arguments by place, but for those that have a name here."""

    def called(*arguments: Any) -> Any:
        placed = [value for value, name in zip(arguments, names, strict=False) if not name]
        named = {name: value for value, name in zip(arguments, names, strict=False) if name}
        return function(*placed, **named)

    return called


def of_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of tensors as one of arrays, whichever library they are of."""
    torch = sys.modules.get("torch")

    def given(value: Any) -> Any:
        is_array = torch is not None and isinstance(value, np.ndarray)
        return torch.from_numpy(value) if is_array else value  # type: ignore[union-attr]

    def taken(value: Any) -> Any:
        if isinstance(value, (tuple, list)):
            return type(value)(map(taken, value))
        value = value.detach() if hasattr(value, "detach") else value
        return value.numpy() if hasattr(value, "numpy") else value

    return lambda *arguments: taken(function(*map(given, arguments)))


# What others call a layer's method forward, where they leave its output, its method backward, where
# they leave the answer of that, and its method that gives slopes; likeliest first.
Tables = Sequence[Sequence[str]]


def ways(kind: Any, tables: Tables) -> tuple[int, int, int, int, int, int] | None:
    """Return how a layer is used: places in the tables, -1 where the course's way will do.

    Its method forward, where its output is; its method backward, how many arguments that
    takes, where its answer is; and the method that gives slopes, where there is no backward.
    """
    forwards, outputs, backwards, inputs, slope_methods = tables
    forward = next((i for i, name in enumerate(forwards) if _own(kind, name)), None)
    backward = next((i for i, name in enumerate(backwards) if _own(kind, name)), None)
    slopes = next((i for i, name in enumerate(slope_methods) if _own(kind, name)), None)
    if forward is None or (backward is None and slopes is None):
        return None
    Z = np.array([[0.5, -1.0, 2.0], [1.0, 0.25, -0.5], [-2.0, 1.5, 0.75]])
    layer = made(kind)
    output = answer = -1
    try:
        if getattr(layer, forwards[forward])(Z.copy()) is None:
            output = _where(layer, outputs, Z.shape)
    except Exception:
        return None
    if backward is None:
        assert slopes is not None
        return forward, output, -1, 1, -1, slopes
    _, most = _count(getattr(layer, backwards[backward]))
    count = 2 if most is None or most >= 2 else 1
    try:
        if getattr(layer, backwards[backward])(*(Z.copy(), 0.1)[:count]) is None:
            answer = _where(layer, inputs, Z.shape)
    except Exception:
        answer = -1
    return forward, output, backward, count, answer, -1


def _own(kind: Any, name: str) -> bool:
    found = inspect.getattr_static(kind, name, None)
    return inspect.isfunction(getattr(found, "__func__", found))


def _where(layer: Any, names: Sequence[str], shape: tuple[int, ...]) -> int:
    values = vars(layer)
    there = (i for i, name in enumerate(names) if np.shape(values.get(name)) == shape)
    return next(there, -1)


def layer(kind: Any, way: Sequence[int], tables: Tables) -> type:
    """Return a class with methods forward and backward, in place of what a layer has."""
    forward, output, backward, count, answer, slopes = way
    forwards, outputs, backwards, inputs, slope_methods = tables

    class Layer:
        def __init__(self) -> None:
            self.made = made(kind)

        def forward(self, Z: Any) -> Any:
            self.Z = np.array(Z)
            value = getattr(self.made, forwards[forward])(Z)
            return vars(self.made).get(outputs[output]) if output >= 0 else value

        def backward(self, grad: Any, learning_rate: Any = None) -> Any:
            if slopes >= 0:
                return grad * getattr(self.made, slope_methods[slopes])(self.Z)
            value = getattr(self.made, backwards[backward])(*(grad, learning_rate)[:count])
            return vars(self.made).get(inputs[answer]) if answer >= 0 else value

    return Layer


def pair(forward: Callable[..., Any], slope: Callable[..., Any] | None, way: str) -> type:
    """Return a layer of two functions, what is computed and its slope.

    Parameters
    ----------
    way : what the second function takes: "scores", "answers", or "grad, scores" and the
        other three that `PAIRS` of `pairs.py` lists
    """

    class Layer:
        def forward(self, Z: Any) -> Any:
            value = forward(Z)
            cache: Any = None
            if isinstance(value, tuple) and value:
                value, cache = value[0], value[-1]
            self.kept = {"scores": np.array(Z), "answers": np.array(value), "cache": cache}
            return value

        def backward(self, grad: Any, learning_rate: Any = None) -> Any:
            assert slope is not None
            first, _, second = way.partition(", ")
            if not second:
                return grad * slope(self.kept[first].copy())
            values = {"grad": grad, **self.kept}
            return slope(values[first], values[second])

    return Layer
