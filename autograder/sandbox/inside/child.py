"""The child of one submission: runs its cells and calls its functions when asked.

Everything is answered over one socket with `wire`; the trusted side asks, this
side answers, and in the middle of a call may ask back (callbacks).
"""

from __future__ import annotations

import contextlib
import inspect
import random
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.base.limits import EXCHANGE
from autograder.catalogue.values import (
    Opaque,
    Rng,
    fresh,
    global_random_state,
    left_of,
    plain,
    play,
    type_name,
)
from autograder.sandbox import wire
from autograder.sandbox.inside.imports import import_beforehand
from autograder.sandbox.inside.owner import Owner
from autograder.sandbox.inside.shell import SandboxShell, user_namespace
from autograder.sandbox.inside.tester import Tester

MISSING = object()  # what a name stands for where it stands for nothing


def serve(connection: wire.Connection, shell: SandboxShell, request: dict[str, Any]) -> None:
    """Answer until the connection is closed, by the trusted side or by student code."""
    # A fork inherits NumPy's global random state: every submission would draw the same numbers.
    np.random.seed(request["random_seed"])  # noqa: NPY002
    random.seed(request["random_seed"])
    user_namespace(shell)
    child = Child(connection, shell, request)
    with contextlib.suppress(wire.Closed):
        while True:
            child.answer(wire.receive(connection))


class Child:
    """The objects that the trusted side knows by number, and the answers to its questions."""

    def __init__(
        self, connection: wire.Connection, shell: SandboxShell, request: dict[str, Any]
    ) -> None:
        self.connection, self.shell, self.request = connection, shell, request
        self.objects: list[Any] = []
        self.lent: dict[str, Any] = {}
        # One thread asks at a time; what it asked about may make it ask again.
        self.asking = threading.RLock()
        kind = Tester if request["tester"] else Owner
        self.peer: Owner | Tester = kind(connection, self.answer, shell)

    def answer(self, question: dict[str, Any]) -> None:
        kind = question["do"]
        if kind in ("cell", "bind", "names") and isinstance(self.peer, Owner):
            self.peer.restore()
        if kind == "cell":
            outputs = self.shell.run(
                question["source"], self.request["output_bytes"], self.request["image_bytes"]
            )
            wire.send(self.connection, {"outputs": outputs})
        elif kind == "peer":
            self.peer.serve(question["question"])
        elif kind == "test" and isinstance(self.peer, Tester):
            self.peer.run(question, self.request["output_bytes"], self.request["image_bytes"])
        elif kind == "bind":
            wire.send(self.connection, self.bind(question["name"]))
        elif kind == "names":
            wire.send(self.connection, {"names": self.names()})
        elif kind == "lend":
            names = self.lend(question["functions"], question["missing"])
            wire.send(self.connection, {"lent": names})
        elif kind == "take back":
            wire.send(self.connection, {"lent": self.take_back()})
        elif kind == "calls":
            target = self.target(question)
            for arguments in question["calls"]:
                answer = self.call(target, arguments, question["keep"], question["watch_random"])
                try:
                    frame = wire.frame(answer, wire.ANSWER)
                except wire.WireError:
                    answer.update(value=Opaque("result that is too large"), arguments=())
                    frame = wire.frame(answer)
                wire.send_frame(self.connection, frame)

    def bind(self, name: str) -> dict[str, Any]:
        """Hold on to whatever the name stands for now."""
        if name not in self.shell.user_ns:
            return {"kind": "missing"}
        sys.stdout = sys.stderr = _Nowhere()
        import_beforehand(self.shell.user_ns[name], self.shell.user_ns)
        return self.hold(self.shell.user_ns[name])

    def names(self) -> list[tuple[str, str, int | None, int | None]]:
        """Return what can be called in the notebook: name, module, and how many arguments."""
        there = [
            (name, value)
            for name, value in list(self.shell.user_ns.items())
            if type(name) is str and not name.startswith("_") and callable(value)
        ]
        return [
            (name[:80], _module(value), *_arguments(value))
            for name, value in there[-EXCHANGE.names :]
        ]

    def hold(self, value: Any) -> dict[str, Any]:
        # An object has one number, so that the trusted side can tell it from another.
        number = next((i for i, held in enumerate(self.objects) if held is value), None)
        if number is None:
            number = len(self.objects)
            self.objects.append(value)
        kind = type_name(type(value))
        if inspect.isclass(value):
            kind = "class"
        elif callable(value):
            kind = "function"
        return {"kind": kind, "handle": wire.Handle(number)}

    def lend(self, functions: dict[str, wire.Callback], missing: list[str]) -> list[str]:
        """Let the trusted side answer for names that stand for something now, or are missing."""
        names = [name for name in functions if name in self.shell.user_ns or name in missing]
        for name in names:
            self.lent[name] = self.shell.user_ns.get(name, MISSING)
            self.shell.user_ns[name] = self.callback(functions[name].number, name)
        return names

    def take_back(self) -> list[str]:
        """Give all these names back what they stood for."""
        names = list(self.lent)
        for name, before in self.lent.items():
            if before is MISSING:
                self.shell.user_ns.pop(name, None)
            else:
                self.shell.user_ns[name] = before
        self.lent.clear()
        return names

    def target(self, question: dict[str, Any]) -> Callable[..., Any]:
        held = self.objects[question["handle"].number]
        attribute = question["attribute"]
        if attribute is None:
            return held

        def attribute_of(*arguments: Any) -> Any:
            # Looked up at the call, so that a missing method is the call's error.
            found = getattr(held, attribute)
            return found(*arguments) if callable(found) else found

        return attribute_of

    def call(
        self, target: Any, encoded: tuple[Any, ...], keep: bool, watch_random: bool
    ) -> dict[str, Any]:
        arguments = [self.argument(value) for value in encoded]
        before = [fresh(value) for value in arguments]
        random_before = global_random_state(move=True) if watch_random else ()
        sys.stdout = sys.stderr = _Nowhere()
        value, error, message = play(target, arguments)
        result = plain(value)
        answer: dict[str, Any] = {
            "value": result,
            "error": error,
            "message": message,
            "arguments": tuple(map(_after, before, arguments)),
            "moved": watch_random and global_random_state() != random_before,
        }
        if keep and type(result) is Opaque:
            answer["object"] = self.hold(value)
        return answer

    def argument(self, value: Any) -> Any:
        if type(value) is Rng:
            return value.generator()
        if type(value) is wire.Handle:
            return self.objects[value.number]
        if type(value) is wire.Callback:
            return self.callback(value.number)
        return value

    def callback(self, number: int, name: str = "f") -> Callable[..., Any]:
        def f(*arguments: Any, **keywords: Any) -> Any:
            question = {
                "ask": number,
                "arguments": tuple(map(self.crossing, arguments)),
                "keywords": {key: self.crossing(item) for key, item in keywords.items()},
            }
            with self.asking:
                wire.send(self.connection, question, most=wire.ANSWER)
                # A function or a generator among the arguments is called from there meanwhile.
                while "do" in (reply := wire.receive(self.connection)):
                    self.answer(reply)
            if reply["error"] is not None:
                raise ValueError(reply["error"])
            return reply["value"]

        f.__name__ = f.__qualname__ = name
        return f

    def crossing(self, value: Any) -> Any:
        """Return what crosses for an argument: a plain copy, or a handle to anything else."""
        copy = plain(value)
        return self.hold(value)["handle"] if type(copy) is Opaque else copy


def _module(value: Any) -> str:
    try:
        return str(value.__module__)[:80]
    except BaseException:
        return ""


def _arguments(value: Any) -> tuple[int | None, int | None]:
    """Return how many arguments must be given and how many can be; None where nobody knows."""
    try:
        parameters = inspect.signature(value).parameters.values()
    except BaseException:
        return None, None
    kinds = [parameter.kind for parameter in parameters]
    by_place = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = sum(parameter.default is parameter.empty for parameter in by_place)
    return needed, None if inspect.Parameter.VAR_POSITIONAL in kinds else len(by_place)


def _after(before: Any, after: Any) -> Any:
    """Return what a call left of an argument; True for an array that is as it was, to the bit."""
    if type(after) is np.ndarray and (after.dtype, after.shape) == (before.dtype, before.shape):
        return True if after.tobytes() == before.tobytes() else plain(after)
    return left_of(after)


class _Nowhere:
    encoding = "utf-8"

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass
