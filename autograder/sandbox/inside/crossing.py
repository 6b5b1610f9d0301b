"""Values that cross between a student's process and a tester's, as plain parts and back.

Nothing is pickled or evaluated: what arrives names one of the kinds below, and is built by
that kind's own function from parts that are checked.  A container that stands in a message
twice is one container on the other side too; both sides number the containers of a message
in the order in which they come.
"""

from __future__ import annotations

import collections
import datetime
import math
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from autograder.base.limits import EXCHANGE
from autograder.catalogue.values import ARRAY_DTYPES, is_small
from autograder.sandbox.inside import frames

# Longer lists of numbers alone cross as an array.
LONG_LIST = 32
SHORT = 60  # characters of a text
MAX_DIGITS = 20_000  # of an integer, in hexadecimal
RAW_KINDS = "cSUMm"  # arrays that cross as bytes: complex, text and times

TYPES = {
    kind.__name__: kind
    for kind in (
        *(bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset),
        *(range, slice, object, type, enumerate, zip, map, filter, reversed, type(None)),
    )
}
OTHER_TYPES = {
    f"{kind.__module__}.{kind.__name__}": kind
    for kind in (
        *(collections.OrderedDict, collections.defaultdict, collections.Counter),
        *(collections.deque, datetime.date, datetime.datetime, datetime.time),
        *(datetime.timedelta, Decimal, Fraction, np.ndarray, np.generic, np.number),
        *(np.integer, np.floating, np.complexfloating, np.bool_, np.str_, np.dtype),
        *(np.float16, np.float32, np.float64, np.int8, np.int16, np.int32, np.int64),
        *(np.uint8, np.uint16, np.uint32, np.uint64, np.complex64, np.complex128),
    )
}
BUILTIN_TYPES = {**TYPES, **OTHER_TYPES}
NAME_OF_TYPE = {kind: name for name, kind in BUILTIN_TYPES.items()}
FACTORIES: dict[str, Callable[[], Any]] = {
    kind.__name__: kind for kind in (int, float, str, list, dict, set, bool)
}
VIEWS = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}
SINGLE = {Ellipsis: "...", NotImplemented: "NotImplemented"}
MUTABLE = (
    *(list, dict, set, bytearray, np.ndarray, collections.OrderedDict, collections.defaultdict),
    *(collections.Counter, collections.deque, np.random.Generator, np.random.RandomState),
    random.Random,
)


class CannotCross(Exception):
    """A value that has no plain parts, or parts that are not what they should be."""


class Packer:
    """Takes the values of one message apart.

    Parameters
    ----------
    other : what stands for an object that has no plain parts
    known : containers that the other side has, in the order of their numbers
    """

    def __init__(self, other: Callable[[Any], Any], known: Iterable[Any] = ()) -> None:
        self.other = other
        self.kept = list(known)
        self.numbers = {id(value): number for number, value in enumerate(self.kept)}
        self.left = EXCHANGE.frame_items

    def pack(self, value: Any) -> Any:
        """Return what crosses for a value."""
        kind = type(value)
        self.left -= 1
        if self.left < 0:
            raise CannotCross(f"more than {EXCHANGE.frame_items} values cannot cross at once")
        if value is None or kind is bool or kind is float or kind is str:
            return value
        if kind is int:
            return value if -(2**63) <= value < 2**64 else ("int", _hexadecimal(value))
        if kind is tuple:
            return ("tuple", [self.pack(item) for item in value])
        if kind in MUTABLE or frames.is_mutable(kind):
            number = self.numbers.get(id(value))
            if number is not None:
                return ("same", number)
            self.numbers[id(value)] = len(self.kept)
            self.kept.append(value)
            packed = self.contents(value)
            if packed is not None:
                return packed
            # It does not cross as parts after all, and so has no number.
            self.kept.pop()
            del self.numbers[id(value)]
            return self.other(value)
        packer = _PACKED.get(kind)
        if packer is not None:
            return packer(self, value)
        if issubclass(kind, np.generic) and kind.__module__ == "numpy":
            return self._scalar(value)
        if isinstance(value, np.dtype) and value.kind in "biufcSUmMO":
            return ("dtype", value.str)
        if issubclass(kind, tuple) and (fields := named_fields(kind)):
            return ("namedtuple", kind.__name__, list(fields), [self.pack(item) for item in value])
        if kind is type or issubclass(kind, type):
            name = NAME_OF_TYPE.get(value)
            if name is not None:
                return ("type", name)
            if fields := named_fields(value):
                return ("named", value.__name__, list(fields))
        packed = frames.pack(self.pack, value)
        return self.other(value) if packed is None else packed

    def contents(self, value: Any) -> Any:
        """Return what crosses for a container, whether or not it has a number; None: nothing."""
        kind = type(value)
        if kind is list:
            return self._list(value)
        if kind is dict:
            return ("dict", self._flat(value))
        if kind is np.ndarray:
            return self._array(value)
        if kind is set:
            return ("set", [self.pack(item) for item in value])
        if kind is bytearray:
            return ("bytearray", np.frombuffer(bytes(value), np.uint8))
        if kind is collections.OrderedDict:
            return ("ordered", self._flat(value))
        if kind is collections.Counter:
            return ("counter", self._flat(value))
        if kind is collections.deque:
            return ("deque", [self.pack(item) for item in value], value.maxlen)
        if kind is collections.defaultdict:
            factory = value.default_factory
            name = None if factory is None else NAME_OF_TYPE.get(factory, "")
            if name is not None and name not in FACTORIES:
                return None
            return ("defaultdict", name, self._flat(value))
        if kind is np.random.Generator or kind is np.random.RandomState or kind is random.Random:
            return _generator(self, value)
        return frames.contents(self.pack, value)

    def _flat(self, value: dict[Any, Any]) -> list[Any]:
        return [self.pack(part) for pair in value.items() for part in pair]

    def _list(self, value: list[Any]) -> Any:
        if len(value) > LONG_LIST:
            kinds = set(map(type, value))
            if kinds == {float}:
                return ("floats", np.array(value, np.float64))
            if kinds == {int} and all(-(2**63) <= item < 2**63 for item in value):
                return ("ints", np.array(value, np.int64))
            if kinds == {bool}:
                return ("bools", np.array(value, np.bool_))
        return [self.pack(item) for item in value]

    def _array(self, value: np.ndarray) -> Any:
        dtype = value.dtype
        if not is_small(value.shape) or value.nbytes > EXCHANGE.value_bytes:
            return None
        if dtype in ARRAY_DTYPES:
            return value
        shape = list(value.shape)
        if dtype.kind in RAW_KINDS:
            return ("array", dtype.str, shape, np.frombuffer(value.tobytes(), np.uint8))
        if dtype.kind == "O":
            return ("objects", shape, [self.pack(item) for item in value.ravel().tolist()])
        return None

    def _scalar(self, value: Any) -> Any:
        dtype = value.dtype
        if dtype in ARRAY_DTYPES:
            return ("scalar", np.array(value))
        if dtype.kind in RAW_KINDS:
            return ("raw scalar", dtype.str, np.frombuffer(value.tobytes(), np.uint8))
        return self.other(value)


def named_fields(kind: type) -> tuple[str, ...] | None:
    """Return the fields of a class that `collections.namedtuple` made, unchanged; else None."""
    own = type.__getattribute__(kind, "__dict__")
    fields = own.get("_fields")
    if kind.__mro__[1:] != (tuple, object) or type(fields) is not tuple or "_asdict" not in own:
        return None
    return fields if all(type(name) is str for name in fields) and "__eq__" not in own else None


def _hexadecimal(value: int) -> str:
    if value.bit_length() > 4 * MAX_DIGITS:
        raise CannotCross("an integer of so many digits cannot cross")
    return hex(value)


def _generator(packer: Packer, value: Any) -> Any:
    if type(value) is random.Random:
        version, keys, gauss = value.getstate()
        return ("random", version, np.array(keys, np.uint64), gauss)
    if type(value) is np.random.RandomState:
        state = value.get_state(legacy=False)
    else:
        state = value.bit_generator.state
    if state["bit_generator"] not in BIT_GENERATORS:
        return None
    kind = "state" if type(value) is np.random.RandomState else "rng"
    return (kind, Packer(packer.other).pack(state))


BIT_GENERATORS = {
    name: getattr(np.random, name) for name in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
}


def _datetime(_: Packer, value: datetime.datetime) -> Any:
    if value.tzinfo not in (None, datetime.timezone.utc):
        raise CannotCross("a time with a time zone of its own cannot cross")
    parts = [*value.timetuple()[:6], value.microsecond, value.fold]
    return ("datetime", parts, value.tzinfo is not None)


_PACKED: dict[type, Callable[[Packer, Any], Any]] = {
    complex: lambda _, v: ("complex", v.real, v.imag),
    bytes: lambda _, v: ("bytes", np.frombuffer(v, np.uint8)),
    frozenset: lambda p, v: ("frozenset", [p.pack(item) for item in v]),
    range: lambda p, v: ("range", [p.pack(one) for one in (v.start, v.stop, v.step)]),
    slice: lambda p, v: ("slice", [p.pack(one) for one in (v.start, v.stop, v.step)]),
    datetime.date: lambda _, v: ("date", [v.year, v.month, v.day]),
    datetime.time: lambda _, v: ("time", [v.hour, v.minute, v.second, v.microsecond]),
    datetime.timedelta: lambda _, v: ("timedelta", [v.days, v.seconds, v.microseconds]),
    datetime.datetime: _datetime,
    Decimal: lambda _, v: ("decimal", str(v)),
    Fraction: lambda p, v: ("fraction", [p.pack(v.numerator), p.pack(v.denominator)]),
    type(PurePosixPath()): lambda _, v: ("path", str(v)),
    type(Ellipsis): lambda _, v: ("single", "..."),
    type(NotImplemented): lambda _, v: ("single", "NotImplemented"),
    **dict.fromkeys(VIEWS, lambda p, v: ("view", VIEWS[type(v)], [p.pack(item) for item in v])),
}


class Unpacker:
    """Puts the values of one message together again.

    Parameters
    ----------
    other : the object for what `Packer.other` gave
    known : containers that this side has, in the order of their numbers
    """

    def __init__(self, other: Callable[[tuple[Any, ...]], Any], known: Iterable[Any] = ()) -> None:
        self.other = other
        self.kept = list(known)

    def unpack(self, node: Any) -> Any:
        """Return the value that was packed.

        Raises
        ------
        CannotCross : `Packer` cannot have made this
        """
        kind = type(node)
        if kind is str:
            # As Python does with texts like these in code: a function may ask whether one `is` it.
            return sys.intern(node) if len(node) < SHORT and node.isidentifier() else node
        if node is None or kind in (bool, int, float):
            return node
        if kind is list:
            return self._fill(self._new([]), node)
        if kind is np.ndarray:
            return self._new(node)
        if kind is not tuple or not node or type(node[0]) is not str:
            raise CannotCross("not a value")
        try:
            return self._tagged(node)
        except CannotCross:
            raise
        except (TypeError, ValueError, KeyError, OverflowError, ArithmeticError, IndexError) as e:
            raise CannotCross(f"a {node[0][:20]} that is none: {type(e).__name__}") from None

    def _new(self, value: Any) -> Any:
        self.kept.append(value)
        return value

    def _fill(self, value: list[Any], nodes: list[Any]) -> list[Any]:
        value += map(self.unpack, nodes)
        return value

    def _items(self, nodes: Any) -> list[Any]:
        if type(nodes) is not list:
            raise CannotCross("not a list of values")
        return [self.unpack(node) for node in nodes]

    def _pairs(self, nodes: Any) -> Iterable[tuple[Any, Any]]:
        parts = self._items(nodes)
        return zip(parts[::2], parts[1::2], strict=True)

    def _tagged(self, node: tuple[Any, ...]) -> Any:
        tag, *parts = node
        if tag == "same":
            number = parts[0]
            if type(number) is not int or not 0 <= number < len(self.kept):
                raise CannotCross("no such container")
            return self.kept[number]
        if tag == "tuple":
            return tuple(self._items(parts[0]))
        if tag == "dict":
            return self._mapping({}, parts[0])
        if tag in ("floats", "ints", "bools"):
            return self._new(_one_axis(parts[0]).tolist())
        if tag == "scalar":
            return parts[0][()]
        builder = _BUILT.get(tag)
        if builder is not None:
            return builder(self, *parts)
        if frames.is_tag(tag):
            return frames.unpack(self.unpack, self._new, tag, parts)
        return self.other(node)

    def _mapping(self, value: Any, nodes: Any) -> Any:
        self._new(value)
        value.update(dict(self._pairs(nodes)))  # a Counter would count the pairs
        return value

    def _set(self, nodes: Any) -> set[Any]:
        value: set[Any] = self._new(set())
        value.update(self._items(nodes))
        return value

    def _deque(self, nodes: Any, longest: int | None) -> Any:
        value = self._new(collections.deque(maxlen=longest))
        value.extend(self._items(nodes))
        return value

    def _objects(self, shape: Any, nodes: Any) -> np.ndarray:
        value = self._new(np.empty(_shape(shape), object))
        items = self._items(nodes)
        if len(items) != value.size:
            raise CannotCross("an array of objects that does not hold them")
        flat = value.reshape(-1)
        for place, item in enumerate(items):
            flat[place] = item
        return value


def _one_axis(array: Any) -> np.ndarray:
    if type(array) is not np.ndarray or array.ndim != 1:
        raise CannotCross("not a row of numbers")
    return array


def _shape(shape: Any) -> tuple[int, ...]:
    if not all(type(length) is int and length >= 0 for length in shape) or not is_small(shape):
        raise CannotCross("not a shape")
    if math.prod(shape) > EXCHANGE.value_entries:
        raise CannotCross("too many entries")
    return tuple(shape)


def _raw(text: Any, shape: Any, raw: Any) -> np.ndarray:
    dtype = np.dtype(text) if type(text) is str and len(text) < 20 else None
    if dtype is None or dtype.kind not in RAW_KINDS:
        raise CannotCross("not an array")
    return np.frombuffer(_one_axis(raw).tobytes(), dtype).reshape(_shape(shape)).copy()


def _integer(digits: str) -> int:
    if type(digits) is not str or len(digits) > MAX_DIGITS + 3:
        raise CannotCross("not an integer")
    return int(digits, 16)


def _named(name: Any, fields: Any) -> type:
    key = (name, *fields)
    if key not in _named_classes:
        if len(_named_classes) > EXCHANGE.value_keys:
            raise CannotCross("too many classes")
        _named_classes[key] = collections.namedtuple(str(name), [str(one) for one in fields])
    return _named_classes[key]


_named_classes: dict[tuple[str, ...], Any] = {}


def _random(_: Unpacker, version: int, keys: np.ndarray, gauss: float | None) -> random.Random:
    value = random.Random()
    value.setstate((version, tuple(_one_axis(keys).tolist()), gauss))
    return value


def _rng(unpacker: Unpacker, kind: str, node: Any) -> Any:
    state = Unpacker(unpacker.other).unpack(node)
    bits = BIT_GENERATORS[state["bit_generator"]](0)
    if kind == "rng":
        bits.state = state
        return unpacker._new(np.random.Generator(bits))
    value = np.random.RandomState(bits)
    value.set_state(state)
    return unpacker._new(value)


_BUILT: dict[str, Callable[..., Any]] = {
    "int": lambda u, digits: _integer(digits),
    "complex": lambda u, real, imaginary: complex(float(real), float(imaginary)),
    "bytes": lambda u, raw: _one_axis(raw).tobytes(),
    "bytearray": lambda u, raw: u._new(bytearray(_one_axis(raw).tobytes())),
    "set": Unpacker._set,
    "frozenset": lambda u, nodes: frozenset(u._items(nodes)),
    "ordered": lambda u, nodes: u._mapping(collections.OrderedDict(), nodes),
    "counter": lambda u, nodes: u._mapping(collections.Counter(), nodes),
    "defaultdict": lambda u, name, nodes: u._mapping(
        collections.defaultdict(None if name is None else FACTORIES[name]), nodes
    ),
    "deque": Unpacker._deque,
    "range": lambda u, nodes: range(*u._items(nodes)),
    "slice": lambda u, nodes: slice(*u._items(nodes)),
    "view": lambda u, name, nodes: _view(name, u._items(nodes)),
    "date": lambda u, parts: datetime.date(*parts),
    "time": lambda u, parts: datetime.time(*parts),
    "timedelta": lambda u, parts: datetime.timedelta(*parts),
    "datetime": lambda u, parts, utc: datetime.datetime(*parts[:7]).replace(
        tzinfo=datetime.timezone.utc if utc else None, fold=parts[7]
    ),
    "decimal": lambda u, text: Decimal(text),
    "fraction": lambda u, nodes: Fraction(*u._items(nodes)),
    "path": lambda u, text: PurePosixPath(text),
    "single": lambda u, name: {"...": Ellipsis, "NotImplemented": NotImplemented}[name],
    "array": lambda u, text, shape, raw: u._new(_raw(text, shape, raw)),
    "raw scalar": lambda u, text, raw: _raw(text, [], raw)[()],
    "dtype": lambda u, text: np.dtype(text[:20]),
    "objects": Unpacker._objects,
    "namedtuple": lambda u, name, fields, nodes: _named(name, fields)(*u._items(nodes)),
    "named": lambda u, name, fields: _named(name, fields),
    "type": lambda u, name: BUILTIN_TYPES[name],
    "random": lambda u, *parts: u._new(_random(u, *parts)),
    "rng": lambda u, node: _rng(u, "rng", node),
    "state": lambda u, node: _rng(u, "state", node),
}


def _view(name: str, items: list[Any]) -> Any:
    if name == "keys":
        return dict.fromkeys(items).keys()
    return dict(enumerate(items)).values() if name == "values" else dict(items).items()


# --- What a call changed ---------------------------------------------------------------------


def snapshot(value: Any) -> Any:
    """Return what a container holds now, to be compared with later; see `is_as_before`."""
    kind = type(value)
    if kind is np.ndarray:
        return value.copy()
    if kind in (list, set, collections.deque):
        return list(value)
    if isinstance(value, dict):
        return [part for pair in value.items() for part in pair]
    if kind is bytearray:
        return bytes(value)
    if kind is random.Random:
        return value.getstate()
    if kind in (np.random.Generator, np.random.RandomState):
        return repr(_state_of(value))
    return frames.snapshot(value)


def _state_of(value: Any) -> Any:
    if type(value) is np.random.RandomState:
        state = value.get_state(legacy=False)
        return {**state, "state": {**state["state"], "key": state["state"]["key"].tobytes()}}
    state = value.bit_generator.state
    inner = {
        key: item.tobytes() if type(item) is np.ndarray else item
        for key, item in state["state"].items()
    }
    return {**state, "state": inner}


def is_as_before(value: Any, before: Any) -> bool:
    """Tell whether a container holds just what it held; a new object counts as a change."""
    kind = type(value)
    if kind is np.ndarray:
        if (value.shape, value.dtype) != (before.shape, before.dtype):
            return False
        if value.dtype.kind != "O":
            return value.tobytes() == before.tobytes()
        return _are_same(value.ravel().tolist(), before.ravel().tolist())
    now = snapshot(value)
    if kind in (list, set, collections.deque) or isinstance(value, dict):
        return _are_same(now, before)
    if frames.is_mutable(kind):
        return frames.is_as_before(now, before)
    return now == before


def _are_same(some: Sequence[Any], others: Sequence[Any]) -> bool:
    return len(some) == len(others) and all(a is b for a, b in zip(some, others, strict=True))


def replace(value: Any, new: Any) -> None:
    """Give a container the contents of another one of its kind, in place."""
    kind = type(value)
    if kind is not type(new):
        raise CannotCross("a container cannot become one of another kind")
    if kind is list:
        value[:] = new
    elif kind is np.ndarray:
        _replace_array(value, new)
    elif kind is bytearray:
        value[:] = new
    elif isinstance(value, dict | set):
        value.clear()
        value.update(new)
    elif kind is collections.deque:
        value.clear()
        value.extend(new)
    elif kind is random.Random:
        value.setstate(new.getstate())
    elif kind is np.random.RandomState:
        value.set_state(new.get_state(legacy=False))
    elif kind is np.random.Generator:
        value.bit_generator.state = new.bit_generator.state
    else:
        frames.replace(value, new)


def _replace_array(value: np.ndarray, new: np.ndarray) -> None:
    if value.shape != new.shape and value.size == new.size:
        value.shape = new.shape
    elif value.shape != new.shape:
        value.resize(new.shape, refcheck=False)
    value[...] = new
