"""Whether what is shipped beside a notebook answers an exercise.

Every callable of the shipped modules is held to the gate of every exercise, also with the small
changes that one line makes.  Must not know the sandbox: these are the instructor's own files.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import io
import os
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np

from autograder.catalogue.catalogue import Catalogue
from autograder.catalogue.model import Exercise
from autograder.catalogue.values import fresh
from autograder.judging.judge import full_marks

DEEPEST = 8  # containers, closures and functions inside one another
# What a student may write around a call: of the arguments, and of what comes back.
ARGUMENTS: dict[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]] = {
    "": lambda given: given,
    "with its arguments reversed": lambda given: given[::-1],
    "of the first argument": lambda given: given[:1],
    "of the last argument": lambda given: given[-1:],
    "of all arguments but the last": lambda given: given[:-1],
    "of all arguments but the first": lambda given: given[1:],
    "with one more argument, 0": lambda given: (*given, 0),
    "with one more argument, 1": lambda given: (*given, 1),
    "with 0 before the arguments": lambda given: (0, *given),
    "with 1 before the arguments": lambda given: (1, *given),
    "with two more arguments, 0": lambda given: (*given, 0, 0),
    "with two more arguments, 1": lambda given: (*given, 1, 1),
    "with the last argument twice": lambda given: (*given, given[-1]),
}
RESULTS: dict[str, Callable[[Any], Any]] = {
    "": lambda value: value,
    "negated": lambda value: -value,
    "transposed": lambda value: value.T,
    "taken from 1": lambda value: 1 - value,
    "as a float": lambda value: float(value),
    "as an array": lambda value: np.array(value, dtype=float),
    "its first value": lambda value: value[0],
    "its second value": lambda value: value[1],
}


@functools.lru_cache(maxsize=8)
def answers_in(name: str, content: bytes, catalogue: Catalogue, assignment: str) -> tuple[str, ...]:
    """Return which callables of a shipped module answer an exercise, a line for each.

    Parameters
    ----------
    name : of the file, ``"checks.py"``
    content : as it is shipped
    catalogue : every exercise of it is tried; of two with one name that of the assignment
    assignment : with which the file is shipped
    """
    return tuple(answers_of(name, content, catalogue.of(assignment)))


def answers_of(name: str, content: bytes, exercises: Mapping[str, Exercise]) -> list[str]:
    """Return which callables of a module answer which of these exercises; see `answers_in`."""
    found = []
    with _quiet(), _loaded(name, content) as module:
        callables = list(callables_of(module))
        for exercise in exercises.values():
            gate = replace(exercise, criteria=exercise.criteria[:1], misconceptions=())
            for label, way in _passing(gate, callables):
                found.append(f"{name}: {label}{way} answers {exercise.name}")
    return found


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Show and draw nothing, and leave the global random state as it was."""
    before = np.random.get_state()  # noqa: NPY002
    told = mock.patch.dict(os.environ, {"COURSE_PICTURES": "text"})
    with told, contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        try:
            yield
        finally:
            np.random.set_state(before)  # noqa: NPY002


@contextlib.contextmanager
def _loaded(name: str, content: bytes) -> Iterator[types.ModuleType]:
    """Give a module that is there for a while only, whatever is imported under its name."""
    module = types.ModuleType(name.removesuffix(".py"))
    with mock.patch.dict(sys.modules, {module.__name__: module}):
        exec(compile(content, name, "exec"), vars(module))
        yield module


# --- What can be called ---------------------------------------------------------------------------


def callables_of(module: types.ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield every callable that a module itself defines, each once, with where it is found.

    Functions, classes and their methods, what tables, defaults and closures hold, and what
    functions define inside, where that needs nothing from around it.
    """
    seen: set[int] = set()
    kept: list[Any] = []  # kept alive, so that no other object gets the same id
    waiting = [(key, value, 0) for key, value in list(vars(module).items())]
    while waiting:
        label, value, depth = waiting.pop()
        if id(value) in seen or depth > DEEPEST:
            continue
        seen.add(id(value))
        kept.append(value)
        if _is_own(value, module):
            yield label, value
        waiting += [(f"{label}{more}", part, depth + 1) for more, part in _parts(value, module)]


def _is_own(value: Any, module: types.ModuleType) -> bool:
    if isinstance(value, functools.partial):
        return True
    if inspect.isfunction(value):
        return value.__globals__ is vars(module)
    kind = value if isinstance(value, type) else type(value)
    return callable(value) and kind.__module__ == module.__name__


def _parts(value: Any, module: types.ModuleType) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((f"[{key!r:.60}]", item) for key, item in list(value.items()))
    elif isinstance(value, (list, tuple, set, frozenset)):
        yield from ((f"[{number}]", item) for number, item in enumerate(value))
    elif isinstance(value, (staticmethod, classmethod)):
        yield "", value.__func__
    elif isinstance(value, (property, functools.cached_property)):
        yield "", getattr(value, "fget", getattr(value, "func", None))
    elif isinstance(value, functools.partial):
        yield ".func", value.func
        yield ".args", value.args
    elif isinstance(value, types.MethodType):
        yield ".__func__", value.__func__
    elif inspect.isfunction(value) and value.__globals__ is vars(module):
        yield "'s defaults", (value.__defaults__ or (), value.__kwdefaults__ or {})
        for cell in value.__closure__ or ():
            with contextlib.suppress(ValueError):  # an empty cell
                yield "'s closure", cell.cell_contents
        yield "", getattr(value, "__wrapped__", None)
        for code in value.__code__.co_consts:
            if isinstance(code, types.CodeType) and _stands_alone(code):
                inside = types.FunctionType(code, vars(module))
                yield f", {code.co_name} in it", inside
    elif getattr(value, "__module__", None) == module.__name__ or isinstance(value, type):
        own = isinstance(value, type) and value.__module__ != module.__name__
        attributes = {} if own else dict(getattr(value, "__dict__", {}))
        yield from ((f".{key}", part) for key, part in attributes.items())


def _stands_alone(code: types.CodeType) -> bool:
    """Tell whether code is that of a function that needs nothing from around it."""
    is_function = code.co_flags & inspect.CO_OPTIMIZED and code.co_flags & inspect.CO_NEWLOCALS
    # Calling a comprehension's code with anything but an iterator crashes Python.
    written = code.co_name == "<lambda>" or not code.co_name.startswith("<")
    return bool(is_function) and written and not code.co_freevars


# --- Whether one of them is an answer -------------------------------------------------------------


def _passing(
    exercise: Exercise, callables: Sequence[tuple[str, Callable[..., Any]]]
) -> Iterator[tuple[str, str]]:
    """Yield what passes the one criterion of an exercise, and with which small change."""
    if exercise.kind == "class":
        classes = [(label, one) for label, one in callables if isinstance(one, type)]
        full = full_marks(exercise, [one for _, one in classes])
        yield from (
            (label, "") for (label, _), is_right in zip(classes, full, strict=True) if is_right
        )
        return
    call = exercise.criteria[0].fixtures(np.random.default_rng(0))[0]
    wanted = exercise.reference(*map(fresh, call))
    for label, one in callables:
        for way, results in _near(one, call, wanted):
            changed = [_changed(one, ARGUMENTS[way], RESULTS[result]) for result in results]
            right = list(full_marks(exercise, changed))
            if any(right):
                said = (way, results[right.index(True)])
                yield label, "".join(f", {part}" for part in said if part)
                break


def _near(
    function: Callable[..., Any], call: tuple[Any, ...], wanted: Any
) -> Iterator[tuple[str, list[str]]]:
    """Yield the changes with which a function gives the right answer to one call."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    for way, arguments in ARGUMENTS.items():
        given = tuple(map(fresh, arguments(call)))
        try:
            signature.bind(*given)
            value = function(*given)
        except Exception:
            continue
        # An argument that is right as it is handed in does not count: the function added nothing.
        results = [
            result
            for result, change in RESULTS.items()
            if _is_right(change, value, wanted)
            and not any(_is_right(change, argument, wanted) for argument in call)
        ]
        if results:
            yield way, results


def _is_right(change: Callable[[Any], Any], value: Any, wanted: Any) -> bool:
    try:
        return _alike(change(value), wanted)
    except Exception:
        return False


def _alike(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, (list, tuple)):
        return len(value) == len(wanted) and all(map(_alike, value, wanted))
    if isinstance(wanted, dict):
        return all(_alike(value[key], item) for key, item in wanted.items())
    same_shape = np.shape(value) == np.shape(wanted)
    return same_shape and bool(np.allclose(value, wanted, rtol=1e-6, equal_nan=True))


def _changed(
    function: Callable[..., Any],
    arguments: Callable[[tuple[Any, ...]], tuple[Any, ...]],
    result: Callable[[Any], Any],
) -> Callable[..., Any]:
    def changed(*given: Any) -> Any:
        return result(function(*arguments(given)))

    return changed
