"""Whether a change around a right function changes anything, by what is recorded of its calls.

Most such changes act on few exercises only, as a limit of 700 does nothing to labels.  To
replay recorded calls tells so at a fraction of what a judgement takes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np

from autograder.catalogue.model import Exercise
from autograder.judging.judge import full_marks

Function = Callable[..., Any]


@dataclass(frozen=True)
class Call:
    """One call of the right function: copies of what it was given and what it answered."""

    arguments: tuple[Any, ...]
    answer: Any


def record(exercise: Exercise, seed: int) -> dict[str, list[Call]]:
    """Judge the reference and return its calls by the name of the method, "" of a function."""
    calls: dict[str, list[Call]] = defaultdict(list)

    def recorded(name: str, function: Function) -> Function:
        def right(*arguments: Any) -> Any:
            given = _copied(arguments)
            answer = function(*arguments)
            calls[name].append(Call(given, _copied(answer)))
            return answer

        return right

    right = exercise.reference
    if isinstance(right, type):
        methods = {name: recorded(name, member) for name, member in methods_of(right).items()}
        watched: Any = type(right.__name__, (right,), methods)
    else:
        watched = recorded("", right)
    if not all(full_marks(exercise, [watched], seed)):
        raise ValueError(f"the reference of {exercise.name} has not full marks at seed {seed}")
    return calls


def methods_of(kind: type) -> dict[str, Function]:
    """Return the methods that a class defines itself."""
    return {name: member for name, member in vars(kind).items() if callable(member)}


def acts(wrap: Callable[[Function], Function], function: Function, calls: Sequence[Call]) -> bool:
    """Tell whether a change around a function changes an argument, an answer, or what is called."""
    asked = -1

    @wraps(function)
    def replay(*arguments: Any) -> Any:
        nonlocal asked
        asked += 1
        if bits(arguments) != bits(calls[asked].arguments):
            raise ValueError("other arguments")
        return _copied(calls[asked].answer)

    try:
        changed = wrap(replay)
        for i, call in enumerate(calls):
            given = _copied(call.arguments)
            answer = changed(*given)
            if (asked, bits(answer), bits(given)) != (i, bits(call.answer), bits(call.arguments)):
                return True
    except Exception:  # other arguments, or it fails by itself
        return True
    return False


def bits(value: Any) -> Any:
    """Return what is equal for values that are equal to the last bit, and of one type.

    >>> bits(np.array([0.0])) == bits(np.array([-0.0])), bits(float("nan")) == bits(float("nan"))
    (False, True)
    """
    kind = type(value)
    if kind is np.ndarray:
        return value.shape, value.dtype.str, value.tobytes()
    if kind is list or kind is tuple:
        return kind, [bits(item) for item in value]
    if kind is dict:
        return kind, [(key, bits(item)) for key, item in value.items()]
    if kind is float or isinstance(value, np.generic):
        return kind, repr(value)
    return kind, value if kind in (int, bool, str) or value is None else id(value)


def _copied(value: Any) -> Any:
    kind = type(value)
    if kind is np.ndarray:
        return value.copy()
    if kind is list or kind is tuple:
        return kind(map(_copied, value))
    return {key: _copied(item) for key, item in value.items()} if kind is dict else value
