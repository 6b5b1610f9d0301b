"""What passes between the judge and a function, wherever that function runs.

A judged function may live in this process or in the sandbox.  The judge sees
only `Observation`s: plain values, copied out, that no later call can change.
This module knows neither the judge nor the sandbox.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from autograder.base.limits import EXCHANGE
from autograder.base.words import first_line

ARRAY_DTYPES = tuple(
    np.dtype(name)
    for name in (
        *("float16", "float32", "float64", "bool"),
        *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    )
)
# NumPy's scalars that may be keys: each equals Python's own value and has the same hash.
KEY_SCALARS = (
    *(np.bool_, np.str_, np.int8, np.int16, np.int32, np.int64),
    *(np.uint8, np.uint16, np.uint32, np.uint64),
)


@dataclass(frozen=True)
class Rng:
    """A random generator as an argument: each call gets a fresh one with this seed."""

    seed: int

    def generator(self) -> np.random.Generator:
        """Return a new generator; equal seeds give equal streams."""
        return np.random.default_rng(self.seed)


@dataclass(frozen=True)
class Step:
    """As an argument: those after it are for this method of the object that was made.

    So one call of a class is a scenario: the constructor's arguments, then methods
    with theirs, and attributes, in order.

    >>> play(complex, (3, 4, Step("conjugate"), Step("imag")))[0]
    [Opaque(type_name='complex'), 4.0]

    After `ANOTHER` with a constructor's arguments, steps are for one more object; after
    `FIRST` they are for the first again.

    >>> play(complex, (3, 4, ANOTHER, 5, 6, Step("imag"), FIRST, Step("imag")))[0]
    [None, 6.0, None, 4.0]
    """

    name: str


ANOTHER, FIRST = Step("another object"), Step("first object")


@dataclass(frozen=True)
class Opaque:
    """A result that is not a plain value; all that is known is the name of its type."""

    type_name: str


@dataclass(frozen=True)
class Observation:
    """One call of a judged function, as seen from outside.

    Parameters
    ----------
    value : the plain result, or `Opaque`; of steps, the list of theirs; None where
        the call failed
    error : name of the exception's type, or None where the call returned
    message : first line of the exception's text
    arguments : what the call left of the arguments: arrays as they were, of a generator
        the number that it draws next, None of anything else
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
    def observe(
        self, calls: Sequence[tuple[Any, ...]], watch_random: bool = True
    ) -> list[Observation]:
        """Call the function once for each tuple of arguments; nothing that it does raises."""


@dataclass
class _Budget:
    items: int = EXCHANGE.value_items
    bytes: int = EXCHANGE.value_bytes


def plain(value: Any) -> Any:
    """Return an independent copy of a value, with whatever is not plain made `Opaque`.

    Plain are None, bool, int, float, str, arrays of `ARRAY_DTYPES`, and lists,
    tuples and dictionaries of these; keys are text, integers or booleans.  What is
    larger than `autograder.base.limits.Exchange` allows is `Opaque` too.  Types are compared
    exactly: a subclass may answer anything to any question, so it is not asked any.

    >>> plain([1, 2.0, np.zeros(2)])
    [1, 2.0, array([0., 0.])]
    >>> plain(print)
    Opaque(type_name='builtin_function_or_method')
    >>> plain({0.5: "a"})
    Opaque(type_name='dict with a key of type float')
    """
    return _plain(value, EXCHANGE.value_depth, _Budget())


def _plain(value: Any, depth: int, budget: _Budget) -> Any:
    kind = type(value)
    budget.items -= 1
    if depth < 0 or budget.items < 0:
        return Opaque(f"{type_name(kind)} nested too deeply or too long")
    if value is None or kind is bool or kind is float:
        return value
    if kind is int:
        return value if -(2**63) <= value < 2**64 else Opaque("int of more than 64 bits")
    if kind is str:
        return value[: EXCHANGE.value_text]
    if kind is np.ndarray:
        return _plain_array(value, budget)
    if issubclass(kind, np.generic) and kind.__module__ == "numpy":
        array = np.asarray(value)
        return array.copy() if array.dtype in ARRAY_DTYPES else Opaque(type_name(kind))
    if (kind is list or kind is tuple or kind is dict) and len(value) > budget.items:
        return Opaque(f"{type_name(kind)} of {len(value)} items")
    if kind is list or kind is tuple:
        return kind(_plain(item, depth - 1, budget) for item in value)
    if kind is dict:
        return _plain_dict(value, depth, budget)
    if kind is Rng:
        return Rng(value.seed) if type(value.seed) is int else Opaque("Rng")
    if kind is Step:
        return Step(value.name) if type(value.name) is str else Opaque("Step")
    if kind is Opaque:
        return Opaque(value.type_name[:80]) if type(value.type_name) is str else Opaque("Opaque")
    return Opaque(type_name(kind))


def _plain_array(value: np.ndarray, budget: _Budget) -> Any:
    dtype = value.dtype.newbyteorder("=")
    budget.bytes -= value.nbytes
    if (
        dtype not in ARRAY_DTYPES
        or not is_small(value.shape)
        or value.size > EXCHANGE.value_entries
        or budget.bytes < 0
    ):
        return Opaque(f"array of shape {value.shape}, {value.dtype.name[:40]}")
    return np.array(value, dtype=dtype, order="C", copy=True)


def _plain_dict(value: dict[Any, Any], depth: int, budget: _Budget) -> Any:
    """Copy a dictionary; none where two keys might become the same one."""
    if len(value) > EXCHANGE.value_keys:
        return Opaque(f"dict of {len(value)} items")
    copied = {}
    for key, item in value.items():
        kind = type(key)
        if kind in KEY_SCALARS:
            key = key.item()
        elif kind is not str and kind is not int and kind is not bool:
            return Opaque(f"dict with a key of type {type_name(kind)}")
        if type(key) is str and not _is_text(key):
            return Opaque("dict with a key that is too long or no valid text")
        if type(key) is int and not -(2**63) <= key < 2**64:
            return Opaque("dict with a key of more than 64 bits")
        copied[key] = _plain(item, depth - 1, budget)
    return copied


def _is_text(key: str) -> bool:
    try:
        return len(key) <= EXCHANGE.value_text and key.encode() is not None
    except UnicodeEncodeError:  # half of a surrogate pair, which cannot be encoded
        return False


def is_small(shape: Sequence[int]) -> bool:
    """Tell whether an array has few axes and, if it is empty, no long ones.

    An empty array takes no bytes, and yet as many steps as its other axes are long.

    >>> is_small((1000, 1000)), is_small((0, 5)), is_small((0, 10**9))
    (True, True, False)
    """
    if len(shape) > EXCHANGE.array_dimensions:
        return False
    return 0 not in shape or extent(shape) <= EXCHANGE.empty_entries


def extent(shape: Sequence[int]) -> int:
    """Return the number of entries of an array, where an empty axis counts as 1.

    What is computed from an empty array may be as large as its other axes.

    >>> extent((2, 0, 3))
    6
    """
    return math.prod(max(length, 1) for length in shape)


def as_count(number: Any) -> int:
    """Return how many of something a number may ask for; 1 for what is no number.

    >>> as_count(-5), as_count(np.array(10**9)), as_count(0.01), as_count("a")
    (5, 1000000000, 1, 1)
    """
    if type(number) is np.ndarray and number.size == 1:
        number = number.item()
    if type(number) not in (int, float) or not math.isfinite(number):
        return 1
    return max(1, math.ceil(abs(number)))


def entries(argument: Any) -> int:
    """Return how many entries an argument holds, or as a number may ask for; at least 1.

    Numbers in a list are entries of it, and ask for nothing.

    >>> entries(np.zeros((2, 3))), entries(10), entries([1000, 1000]), entries("")
    (6, 10, 2, 1)
    """
    kind = type(argument)
    if kind is np.ndarray:
        return max(extent(argument.shape), as_count(argument))
    if kind in (list, tuple):
        held = sum(1 if type(item) in (int, float) else entries(item) for item in argument)
        return max(1, held)
    if kind is dict:
        return max(1, sum(entries(key) + entries(item) for key, item in argument.items()))
    return max(1, len(argument)) if kind is str else as_count(argument)


def most_made(arguments: Sequence[Any]) -> int:
    """Return how many entries a function makes at most that adds no axes to its arguments.

    One array divided by another may have the longest axis of both along each axis, and a list
    times an integer is as many lists.

    >>> most_made([np.zeros((100, 1)), np.zeros(5)]), most_made([[1, 2], 1000])
    (10000, 2000)
    """
    shapes = [_shape(argument) for argument in arguments]
    longest = max((length for shape in shapes for length in shape), default=1)
    along_axes = int(max(longest, 1) ** max(map(len, shapes), default=0))
    return along_axes * math.prod(as_count(one) for one in arguments if type(one) is int)


def _shape(value: Any) -> tuple[int, ...]:
    if type(value) is np.ndarray:
        return value.shape
    if type(value) in (dict, str):
        return (entries(value),)
    if type(value) not in (list, tuple):
        return ()
    inner = [_shape(item) for item in value]
    deepest = max(map(len, inner), default=0)
    longest = max((length for shape in inner for length in shape), default=1)
    return (len(value), *[longest] * deepest)


def type_name(kind: type) -> str:
    """Return the name of a type, bounded, without asking its metaclass."""
    name = type.__dict__["__name__"].__get__(kind)
    return str.__getitem__(name, slice(80))


def is_remote(function: Any) -> bool:
    """Tell whether a function is a `RemoteFunction`, whatever its `__class__` claims."""
    mro = type.__dict__["__mro__"].__get__(type(function))
    return any(base is RemoteFunction for base in mro)


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
    if is_remote(function):
        return function.observe(calls)
    return [observe_here(function, arguments) for arguments in calls]


def observe_here(
    function: Callable[..., Any], arguments: tuple[Any, ...], watch_random: bool = True
) -> Observation:
    """Call a function of this process once; see `observe`.

    Watching the global random state takes longer than most calls, so that
    functions which are known can go without.
    """
    given = [fresh(argument) for argument in arguments]
    before = global_random_state(move=True) if watch_random else ()
    value, error, message = play(function, given)
    value = plain(value)
    after = tuple(map(left_of, given))
    moved = watch_random and global_random_state() != before
    return Observation(value, error, message, after, moved)


def play(function: Callable[..., Any], arguments: Sequence[Any]) -> tuple[Any, str | None, str]:
    """Call a function, then take the steps among the arguments on what it returned.

    Returns
    -------
    what the function returned, or of steps the list of plain values, as each was
    at its time; the name of an exception's type, or None; where it was raised and
    the first line of its text
    """
    (_, given), *steps = by_steps(arguments)
    at = ""
    try:
        with np.errstate(all="ignore"):
            value = function(*given)
            if steps:
                made = first = value
                value = []
                for name, given in steps:
                    at = f"in {name}: "
                    if name in (ANOTHER.name, FIRST.name):
                        made = function(*given) if name == ANOTHER.name else first
                        value.append(None)
                        continue
                    found = getattr(made, name)
                    value.append(plain(found(*given) if given or callable(found) else found))
        return value, None, ""
    except BaseException as failure:
        return None, type_name(type(failure)), at + first_line(failure)


def by_steps(arguments: Sequence[Any]) -> list[tuple[str, list[Any]]]:
    """Return the name of each step and its arguments; the first, without a name, is the call.

    >>> by_steps((3, Step("forward"), 4, Step("W")))
    [('', [3]), ('forward', [4]), ('W', [])]
    """
    parts: list[tuple[str, list[Any]]] = [("", [])]
    for argument in arguments:
        if type(argument) is Step:
            parts.append((argument.name, []))
        else:
            parts[-1][1].append(argument)
    return parts


def fresh(argument: Any) -> Any:
    """Return an argument for one call: its own array, its own generator."""
    if isinstance(argument, Rng):
        return argument.generator()
    if isinstance(argument, np.ndarray):
        return argument.copy()
    return argument


def left_of(argument: Any) -> Any:
    """Return an array, after a call, or of a generator the number that it draws next."""
    if isinstance(argument, np.ndarray):
        return plain(argument)
    if isinstance(argument, Generator):
        return int(argument.integers(2**62))
    return None


# An entry that was moved and put back may differ in its last digits. A 0 must be 0 again.
PUT_BACK = 1e-9


def left_alone(before: np.ndarray, after: Any) -> bool:
    """Tell whether an argument is as it was, entry by entry, but for rounding."""
    if type(after) is not np.ndarray or (after.shape, after.dtype) != (before.shape, before.dtype):
        return False
    if after.tobytes() == before.tobytes():
        return True
    with np.errstate(all="ignore"):
        now, then = after.astype(np.float64), before.astype(np.float64)
        return np.allclose(now, then, rtol=PUT_BACK, atol=0.0, equal_nan=True)


def global_random_state(move: bool = False) -> tuple[Any, ...]:
    """Return NumPy's global random state in a form that compares with ==."""
    if move:
        # A state that no seed gives: so a function that seeds is noticed at every call, even when
        # it sets the same seed twice.
        np.random.random()  # noqa: NPY002
    kind, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002
    return (kind, np.asarray(keys).tobytes(), *rest)
