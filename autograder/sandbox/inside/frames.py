"""Pandas' tables, series and times as plain parts, where pandas is there.

It is imported only when a table arrives; without it nothing here is ever asked.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

TAGS = ("table", "series", "index", "levels", "categories", "timestamp", "difference", "missing")
Pack = Callable[[Any], Any]


def _pandas() -> Any:
    return sys.modules.get("pandas")


def is_mutable(kind: type) -> bool:
    """Tell whether values of a type are tables or series."""
    pandas = _pandas()
    return pandas is not None and kind in (
        getattr(pandas, "DataFrame", None),
        getattr(pandas, "Series", None),
    )


def is_tag(tag: str) -> bool:
    """Tell whether `unpack` knows a kind of node."""
    return tag in TAGS


def contents(pack: Pack, value: Any) -> Any:
    """Return what crosses for a table or a series, its column names and its index."""
    pandas = _pandas()
    if type(value) is pandas.Series:
        return ("series", _column(pack, value.array), pack(value.index), pack(value.name))
    columns = [_column(pack, value.iloc[:, place].array) for place in range(value.shape[1])]
    return ("table", columns, pack(value.columns), pack(value.index))


def pack(pack: Pack, value: Any) -> Any:
    """Return what crosses for any other value of pandas; None where it is none of these."""
    pandas = _pandas()
    if pandas is None or not hasattr(pandas, "Index"):
        return None
    if value is pandas.NaT:
        return ("missing", "NaT")
    if value is pandas.NA:
        return ("missing", "NA")
    if type(value) is pandas.Timestamp and value.tz is None:
        return ("timestamp", value.value)
    if type(value) is pandas.Timedelta:
        return ("difference", value.value)
    if type(value) is pandas.MultiIndex:
        return ("levels", [pack(row) for row in value.tolist()], [pack(x) for x in value.names])
    if type(value) is pandas.RangeIndex:
        return ("index", pack(range(value.start, value.stop, value.step)), pack(value.name))
    if isinstance(value, pandas.Index):
        return ("index", _column(pack, value.array), pack(value.name))
    if isinstance(value, pandas.api.extensions.ExtensionArray):
        return ("series", _column(pack, value), None, None)
    return None


def _column(pack: Pack, array: Any) -> Any:
    """Return what crosses for the values of a column, with its type where pandas has its own."""
    pandas = _pandas()
    dtype = array.dtype
    if isinstance(dtype, pandas.CategoricalDtype):
        codes, names = np.array(array.codes), pack(array.categories)
        return ("categories", pack(codes), names, bool(array.ordered))
    if isinstance(dtype, np.dtype) and dtype.kind in "biufcMm":
        return ("plain", str(dtype), pack(np.array(array)))
    return ("plain", str(dtype), [pack(item) for item in array])


def unpack(
    unpack: Callable[[Any], Any], new: Callable[[Any], Any], tag: str, parts: list[Any]
) -> Any:
    """Return the value that was taken apart."""
    pandas = importlib.import_module("pandas")
    if tag == "missing":
        return {"NaT": pandas.NaT, "NA": pandas.NA}[parts[0]]
    if tag == "timestamp":
        return pandas.Timestamp(int(parts[0]))
    if tag == "difference":
        return pandas.Timedelta(int(parts[0]))
    if tag == "levels":
        rows, names = [unpack(row) for row in parts[0]], [unpack(name) for name in parts[1]]
        return pandas.MultiIndex.from_tuples(rows, names=names)
    if tag == "index":
        node, name = parts
        if node[0] == "range":
            return pandas.RangeIndex(unpack(node), name=unpack(name))
        return pandas.Index(_values(pandas, unpack, node), name=unpack(name))
    if tag == "series":
        # The place of the container comes before those in it.
        frame = new(pandas.Series(dtype=object))
        node, index, name = parts
        values = _values(pandas, unpack, node)
        made = pandas.Series(values, index=unpack(index), name=unpack(name))
    else:
        frame = new(pandas.DataFrame())
        columns = [pandas.Series(_values(pandas, unpack, node)) for node in parts[0]]
        names, index = unpack(parts[1]), unpack(parts[2])
        made = pandas.DataFrame(dict(enumerate(columns)))
        made.columns, made.index = names, index
    frame.__dict__.update(made.__dict__)
    return frame


def _values(pandas: Any, unpack: Callable[[Any], Any], node: Any) -> Any:
    if node[0] == "categories":
        codes, names = unpack(node[1]), unpack(node[2])
        return pandas.Categorical.from_codes(codes, names, ordered=bool(node[3]))
    _, dtype, values = node
    items = [unpack(one) for one in values] if type(values) is list else unpack(values)
    return pandas.array(items, dtype=str(dtype)) if type(items) is list else items


def snapshot(value: Any) -> Any:
    """Return a copy of a table or a series, to be compared with later."""
    return value.copy()


def is_as_before(value: Any, before: Any) -> bool:
    """Tell whether a table holds what it held, its names included."""
    same = value.equals(before) and value.index.equals(before.index)
    if hasattr(value, "columns"):
        return same and value.columns.equals(before.columns)
    return same and value.name == before.name


def replace(value: Any, new: Any) -> None:
    """Give a table or a series what another one holds, in place."""
    value.__dict__.update(new.__dict__)
