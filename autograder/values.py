"""What passes between the judge and a function, wherever that function runs.

A judged function may live in this process or in the sandbox.  The judge sees
only `Observation`s: plain values, copied out, that no later call can change.
This module knows neither the judge nor the sandbox.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

ARRAY_DTYPES = tuple(
    np.dtype(name)
    for name in (
        *("float16", "float32", "float64", "bool"),
        *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    )
)
MAX_DEPTH = 8
MAX_ITEMS = 10_000
MAX_ARRAY_BYTES = 64 << 20
MAX_TEXT = 10_000


@dataclass(frozen=True)
class Rng:
    """A random generator as an argument: each call gets a fresh one with this seed."""

    seed: int

    def generator(self) -> np.random.Generator:
        """Return a new generator; equal seeds give equal streams."""
        return np.random.default_rng(self.seed)


@dataclass(frozen=True)
class Opaque:
    """A result that is not a plain value; all that is known is the name of its type."""

    type_name: str


@dataclass(frozen=True)
class Observation:
    """One call of a judged function, as seen from outside.

    Parameters
    ----------
    value : the plain result, or `Opaque`; None where the call failed
    error : name of the exception's type, or None where the call returned
    message : first line of the exception's text
    arguments : the arguments as they were after the call
    moved_global_random : whether NumPy's global random state changed
    """

    value: Any = None
    error: str | None = None
    message: str = ""
    arguments: tuple[Any, ...] = ()
    moved_global_random: bool = False


class RemoteFunction(ABC):
    """A function that runs somewhere else and can be observed there."""

    @abstractmethod
    def observe(self, calls: Sequence[tuple[Any, ...]]) -> list[Observation]:
        """Call the function once for each tuple of arguments; never raises."""


@dataclass
class _Budget:
    items: int = MAX_ITEMS
    seen: set[int] = field(default_factory=set)


def plain(value: Any) -> Any:
    """Return an independent copy of a value, with whatever is not plain made `Opaque`.

    Plain are None, bool, int, float, str, arrays of `ARRAY_DTYPES`, and lists,
    tuples and dictionaries of these.  Types are compared exactly: a subclass
    may answer anything to any question, so it is not asked any.

    >>> plain([1, 2.0, np.zeros(2)])
    [1, 2.0, array([0., 0.])]
    >>> plain(print)
    Opaque(type_name='builtin_function_or_method')
    """
    return _plain(value, MAX_DEPTH, _Budget())


def _plain(value: Any, depth: int, budget: _Budget) -> Any:
    kind = type(value)
    budget.items -= 1
    if depth < 0 or budget.items < 0:
        return Opaque("too deep or too long " + kind.__name__[:80])
    if value is None or kind in (bool, float):
        return value
    if kind is int:
        return value if -(2**63) <= value < 2**64 else Opaque("int of more than 64 bits")
    if kind is str:
        return value[:MAX_TEXT]
    if kind is np.ndarray:
        if value.dtype not in ARRAY_DTYPES or value.nbytes > MAX_ARRAY_BYTES or value.ndim > 8:
            return Opaque(f"array of dtype {value.dtype.name[:40]}, shape {value.shape}")
        return np.array(value, dtype=value.dtype.newbyteorder("="), order="C", copy=True)
    if issubclass(kind, np.generic) and kind.__module__ == "numpy":
        array = np.asarray(value)
        return array.copy() if array.dtype in ARRAY_DTYPES else Opaque(kind.__name__)
    if kind in (list, tuple):
        return kind(_plain(item, depth - 1, budget) for item in value)
    if kind is dict:
        return {
            key if type(key) in (str, int, bool) else Opaque(type(key).__name__[:80]): _plain(
                item, depth - 1, budget
            )
            for key, item in value.items()
        }
    if kind is Rng or kind is Opaque:
        return value
    return Opaque(str(type.__getattribute__(kind, "__name__"))[:80])


def observe(function: Any, calls: Sequence[tuple[Any, ...]]) -> list[Observation]:
    """Call a function once for each tuple of arguments and note what can be seen.

    Parameters
    ----------
    function : a callable of this process, or a `RemoteFunction`
    calls : tuples of arguments; arrays are copied, `Rng`s become generators

    Returns
    -------
    list of Observation, one for each call; nothing that the function does raises
    """
    if isinstance(function, RemoteFunction):
        return function.observe(calls)
    return [observe_here(function, arguments) for arguments in calls]


def observe_here(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Observation:
    """Call a function of this process once; see `observe`."""
    given = [fresh(argument) for argument in arguments]
    before = global_random_state()
    try:
        with np.errstate(all="ignore"):
            value = plain(function(*given))
        error, message = None, ""
    except BaseException as failure:
        value, error = None, str(type.__getattribute__(type(failure), "__name__"))[:80]
        message = first_line(failure)
    after = tuple(plain(item) if isinstance(item, np.ndarray) else None for item in given)
    return Observation(value, error, message, after, global_random_state() != before)


def fresh(argument: Any) -> Any:
    """Return an argument for one call: its own array, its own generator."""
    if isinstance(argument, Rng):
        return argument.generator()
    if isinstance(argument, np.ndarray):
        return argument.copy()
    return argument


def first_line(failure: BaseException) -> str:
    """Return the first line of an exception's text, bounded; never raises."""
    try:
        return (str(failure).splitlines() or [""])[0][:300]
    except BaseException:
        return ""


def global_random_state() -> tuple[Any, ...]:
    """Return NumPy's global random state in a form that compares with ==."""
    kind, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002
    return (kind, np.asarray(keys).tobytes(), *rest)


def is_finite_number(value: Any) -> bool:
    """Tell whether a value is one finite float or int, of Python's or NumPy's."""
    if type(value) is np.ndarray:
        return value.shape == () and bool(np.isfinite(value))
    return type(value) in (int, float) and math.isfinite(value)
