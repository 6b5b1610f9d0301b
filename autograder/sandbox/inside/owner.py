"""The student's side: lends objects to a tester's process, and does with them what it asks.

Nothing here is trusted once student code has run.
"""

from __future__ import annotations

import builtins
import copy
import functools
import importlib
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from autograder.sandbox import wire
from autograder.sandbox.inside.crossing import (
    MUTABLE,
    NAME_OF_TYPE,
    CannotCross,
    is_as_before,
    snapshot,
)
from autograder.sandbox.inside.peer import BUILTIN_ERRORS, NAME_OF_ERROR, Files, Node, Peer
from autograder.sandbox.inside.shell import Outputs, SandboxShell, Stream

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "repr": repr,
    "str": str,
    "dir": dir,
    "format": format,
    "bytes": bytes,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "hash": hash,
}
MISSING = object()
TEXT_BYTES = 100_000  # that one call may print
METHODS = (types.FunctionType, classmethod, staticmethod)


class Borrowed:
    """A function of the tester's in the student's process: it can be called, and nothing else."""

    __slots__ = ("__name__", "_call", "number")

    def __init__(self, call: Callable[..., Any], number: int, name: str) -> None:
        self._call, self.number, self.__name__ = call, number, name

    def __call__(self, *values: Any, **keywords: Any) -> Any:
        return self._call(self, *values, **keywords)

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        return self if owner is None else types.MethodType(self, owner)


class Owner(Peer):
    """Holds what a notebook's names stand for."""

    def __init__(
        self,
        connection: wire.Connection,
        answer: Callable[[dict[str, Any]], None],
        shell: SandboxShell,
    ) -> None:
        super().__init__(connection, answer)
        self.names = shell.user_ns
        self.described: set[int] = set()
        self.stubs: dict[int, Borrowed] = {}
        self.outputs = Outputs(TEXT_BYTES, 0)
        self.input = builtins.input
        # What the tester knows of the notebook's names, and what each was when it was told.
        self.shared: dict[str, tuple[Any, Any]] = {}
        self.serving = 0  # questions of the tester's that are being answered now
        # What names stood for before a test took them away, or put a function of its own there.
        self.taken_away: dict[str, Any] = {}

    # --- Objects ---------------------------------------------------------------------------

    def lend(self, value: Any) -> Node:
        """Return the number of an object, with its class where it is told for the first time."""
        if type(value) is Borrowed:
            return ("yours", value.number)
        if type(value) is types.ModuleType:
            return ("module", str(value.__name__), self.number(value))
        number = self.number(value)
        if isinstance(value, type) and isinstance(type(value), type) and _is_class(value):
            return self._class(value)
        return ("mine", number, self._class(type(value)))

    def _class(self, kind: type) -> Node:
        number = self.number(kind)
        if number in self.described:
            return ("class", number)
        self.described.add(number)
        error = NAME_OF_ERROR.get(kind)
        if error is not None:
            return ("class", number, {"error": error})
        mro = type.__dict__["__mro__"].__get__(kind)
        names = {name for one in mro[:-1] for name in _own(one)}
        said = {
            "name": _text(type.__dict__["__name__"].__get__(kind)),
            "module": _text(_own(kind).get("__module__", "builtins")),
            "qualname": _text(type.__dict__["__qualname__"].__get__(kind)),
            "doc": _text(_own(kind).get("__doc__") or ""),
            "bases": [self._base(one) for one in kind.__bases__ if one is not object],
            "specials": sorted(name for name in names if name[:2] == "__" and name[-2:] == "__"),
            "methods": sorted(
                name
                for name in names
                if name[:2] != "__"
                and isinstance(next(_own(one)[name] for one in mro if name in _own(one)), METHODS)
            ),
            "none": sorted(
                name for name in names if name[:2] == "__" and _found(mro, name) is None
            ),
        }
        return ("class", number, said)

    def _base(self, kind: type) -> Node:
        return ("type", NAME_OF_TYPE[kind]) if kind in NAME_OF_TYPE else self._class(kind)

    def borrow(self, node: Node) -> Any:
        """Return the object of a node."""
        tag, *parts = node
        if tag == "yours":
            return self.held(parts[0])
        if tag == "call":
            number, name = parts
            if number not in self.stubs:
                self.stubs[number] = Borrowed(self._call_back, number, name)
            return self.stubs[number]
        if tag == "library":
            return functools.reduce(getattr, parts[1].split("."), importlib.import_module(parts[0]))
        if tag == "module":
            return importlib.import_module(parts[0])
        if tag == "error":
            return BUILTIN_ERRORS[parts[0]](parts[1])
        raise CannotCross(f"nothing crosses as {tag!r}")

    def _call_back(self, function: Borrowed, *values: Any, **keywords: Any) -> Any:
        if not self.serving:  # nobody would answer
            raise RuntimeError(f"{function.__name__} is a function of a test that has ended")
        return self.ask("call", [function, *values], keywords)

    def serve(self, question: dict[str, Any]) -> None:
        """Answer a question of the tester's."""
        self.serving += 1
        try:
            super().serve(question)
        finally:
            self.serving -= 1

    def restore(self) -> None:
        """Give names back what they stood for, where a test left a function of its own there."""
        for name, value in self.taken_away.items():
            if type(self.names.get(name)) is Borrowed:
                self.names[name] = value
        self.taken_away.clear()
        if type(builtins.input) is Borrowed:
            builtins.input = self.input

    def _take_away(self, name: str) -> None:
        value = self.names.pop(name, MISSING)
        if value is not MISSING and type(value) is not Borrowed:
            self.taken_away[name] = value

    # --- What the tester asks for ----------------------------------------------------------

    def do(self, question: dict[str, Any], values: list[Any], keywords: dict[str, Any]) -> Any:
        """Do one thing; what it prints goes to the tester."""
        kind, name = question["ask"], str(question.get("name"))
        with self._printing():
            if kind == "names":
                return self._names(question["names"])
            if kind == "all names":
                return [one for one in list(self.names) if type(one) is str]
            if kind == "function":
                return FUNCTIONS[name](*values, **keywords)
            if kind == "nothing":  # what came with it is all
                return None
            target, *given = values
            if kind == "call":
                return target(*given, **keywords)
            if kind == "method":
                return getattr(target, name)(*given, **keywords)
            if kind == "special":
                return getattr(type(target), name)(target, *given, **keywords)
            if kind == "get":
                return getattr(target, name)
            if kind == "set":
                return setattr(target, name, *given)
            if kind == "delete":
                return delattr(target, name)
        raise CannotCross(f"nobody can {kind!r}")

    def _names(self, names: list[str]) -> dict[str, Any]:
        found = {name: self.names[name] for name in names if name in self.names}
        for name, value in found.items():
            self._share(name, value)
        return found

    def _share(self, name: str, value: Any) -> None:
        self.shared[name] = (value, snapshot(value) if type(value) in MUTABLE else None)

    def _changed(self, name: str) -> bool:
        value, before = self.shared[name]
        if self.names.get(name, MISSING) is not value:
            return True
        return type(value) in MUTABLE and not is_as_before(value, before)

    def hear(self, unpack: Callable[[Node], Any], message: dict[str, Any]) -> None:
        """Take in which names a test gave something, or deleted."""
        if "files" in message and self.files is None:
            self.files = Files()
        super().hear(unpack, message)
        if message.get("new"):  # a tester's process in the place of one that ended
            self.described.clear()
            self.stubs.clear()
        if message.get("begins"):
            self.shared.clear()
            if message.get("draws"):  # it may not have heard what was drawn for other tests
                self.random = None
        if "input" in message:
            builtins.input = unpack(message["input"]) or self.input
        for name in message.get("unbind", ()):
            self._take_away(name)
            self.shared.pop(name, None)
        for name, node in message.get("assign", ()):
            value = unpack(node)
            self._take_away(name)
            self.names[name] = value
            self._share(name, self.names[name])

    @contextmanager
    def _printing(self) -> Iterator[None]:
        streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = Stream(self.outputs, "stdout"), Stream(self.outputs, "stderr")
        try:
            yield
        finally:
            sys.stdout, sys.stderr = streams

    def raised(self, pack: Callable[[Any], Node], failure: BaseException) -> Node:
        """Return the nearest class of an exception, its arguments, its text, and itself."""
        arguments = vars(BaseException)["args"].__get__(failure)
        if isinstance(failure, OSError) and len(arguments) == 2 and failure.filename is not None:
            arguments = (*arguments, failure.filename)
        try:
            text = str(failure)
        except BaseException:
            text = ""
        try:
            packed = pack(tuple(arguments))
        except CannotCross:
            packed = pack((text,))
        return [self._class(type(failure)), packed, text[:10_000], self.number(failure)]

    def failure(self, unpack: Callable[[Node], Any], node: Node) -> BaseException:
        """Return the exception that a function of the tester's raised."""
        name, text, number = node
        return BUILTIN_ERRORS[name](*text) if number is None else self.held(number)

    def told(self, pack: Callable[[Any], Node]) -> dict[str, Any]:
        """Return what was printed, besides what each message says."""
        said = super().told(pack)
        text = [[one["name"], one["text"]] for one in self.outputs.plain() if "text" in one]
        self.outputs.clear()
        if text:
            said["text"] = text
        changed = [name for name in self.shared if self._changed(name)]
        if changed:
            there = [name for name in changed if name in self.names]
            said["unbind"] = [name for name in changed if name not in self.names]
            said["assign"] = [[name, pack(self.names[name])] for name in there]
            for name in there:
                self._share(name, self.names[name])
            for name in said["unbind"]:
                del self.shared[name]
        return said


def _is_class(value: Any) -> bool:
    return any(one is type for one in type.__dict__["__mro__"].__get__(type(value)))


def _own(kind: type) -> Any:
    return type.__dict__["__dict__"].__get__(kind)


def _found(mro: tuple[type, ...], name: str) -> Any:
    return next(_own(one)[name] for one in mro if name in _own(one))


def _text(value: Any) -> str:
    return value[:1000] if type(value) is str else ""
