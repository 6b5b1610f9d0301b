"""Imports what a function would import, before a call of it is timed."""

from __future__ import annotations

import contextlib
import dis
import functools
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

from autograder.sandbox.inside.placeholders import is_refused

_INSIDE: dict[type, str] = {  # where a function may be, but for classes
    CellType: "cell_contents",
    MethodType: "__func__",
    classmethod: "__func__",
    functools.partial: "func",
    property: "fget",
    staticmethod: "__func__",
    type(functools.lru_cache(repr)): "__wrapped__",
}


def import_beforehand(value: Any, names: Mapping[str, Any]) -> None:
    """Import the packages that a function, or a class, imports when it is called.

    The first import of a package can take longer than a call may.  Files that the submission
    wrote itself are left alone, and so is a package that the course does not allow.

    Parameters
    ----------
    value : what will be called; anything may be wrong with it
    names : the names of the notebook, among them the functions that it calls
    """
    with contextlib.suppress(BaseException):  # a student's class may refuse to be looked at
        for name, parts in _imports(value, names):
            with contextlib.suppress(Exception):  # the call meets the same error, and is told it
                if name.partition(".")[0] not in sys.modules and not _is_installed(name):
                    continue
                __import__(name, fromlist=parts)


def _is_installed(name: str) -> bool:
    """Tell whether a module is a package's, or comes with the assignment."""
    first = name.partition(".")[0]
    found = None if is_refused(first) else importlib.util.find_spec(first)
    return found is not None and not (found.origin or "").startswith(os.path.join(os.getcwd(), ""))


def _imports(value: Any, names: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each module that is imported, and the names that are imported from it."""
    waiting, seen = [value], set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if type(value) is FunctionType and value.__globals__ is names:
            waiting += [value.__code__, *(value.__closure__ or ())]
        elif type(value) is CodeType:
            # An instruction has two bytes, its kind first; most functions import nothing.
            imports = dis.opmap["IMPORT_NAME"] in value.co_code[::2]
            steps = list(dis.get_instructions(value)) if imports else []
            for number, step in enumerate(steps):
                if step.opname == "IMPORT_NAME":  # the step before it loads the names
                    yield step.argval, steps[number - 1].argval or ()
            waiting += [names[name] for name in value.co_names if name in names]
            waiting += value.co_consts
        elif isinstance(value, type) and value.__module__ == "__main__":
            waiting += vars(value).values()
        elif type(value) in _INSIDE:
            with contextlib.suppress(ValueError):  # of a closure that is not filled yet
                waiting.append(getattr(value, _INSIDE[type(value)]))
