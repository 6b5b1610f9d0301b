"""The child of one submission: runs its cells and calls its functions when asked.

Everything is answered over one socket with `wire`; the trusted side asks, this
side answers, and in the middle of a call may ask back (callbacks).
"""

from __future__ import annotations

import contextlib
import inspect
import random
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.sandbox import wire
from autograder.sandbox.inside.shell import SandboxShell, user_namespace
from autograder.values import Opaque, Rng, fresh, global_random_state, plain, play, type_name

MAX_NAMES = 1000


def serve(connection: socket.socket, shell: SandboxShell, request: dict[str, Any]) -> None:
    """Answer until the trusted side has gone."""
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
        self, connection: socket.socket, shell: SandboxShell, request: dict[str, Any]
    ) -> None:
        self.connection, self.shell, self.request = connection, shell, request
        self.objects: list[Any] = []
        self.asking = threading.Lock()

    def answer(self, question: dict[str, Any]) -> None:
        kind = question["do"]
        if kind == "cell":
            outputs = self.shell.run(
                question["source"], self.request["output_bytes"], self.request["image_bytes"]
            )
            wire.send(self.connection, {"outputs": outputs})
        elif kind == "bind":
            wire.send(self.connection, self.bind(question["name"]))
        elif kind == "names":
            wire.send(self.connection, {"names": self.names()})
        elif kind == "calls":
            target = self.target(question)
            for arguments in question["calls"]:
                answer = self.call(target, arguments, question["keep"], question["watch_random"])
                try:
                    frame = wire.frame(answer)
                except wire.WireError:
                    answer.update(value=Opaque("result too large"), arguments=())
                    frame = wire.frame(answer)
                wire.send_frame(self.connection, frame)

    def bind(self, name: str) -> dict[str, Any]:
        """Hold on to whatever the name stands for now."""
        if name not in self.shell.user_ns:
            return {"kind": "missing"}
        return self.hold(self.shell.user_ns[name])

    def names(self) -> list[tuple[str, str, int | None, int | None]]:
        """Return what can be called in the notebook: name, module, and how many arguments."""
        there = [
            (name, value)
            for name, value in list(self.shell.user_ns.items())
            if not name.startswith("_") and callable(value)
        ]
        return [
            (name[:80], _module(value), *_arguments(value)) for name, value in there[-MAX_NAMES:]
        ]

    def hold(self, value: Any) -> dict[str, Any]:
        self.objects.append(value)
        kind = type_name(type(value))
        if inspect.isclass(value):
            kind = "class"
        elif callable(value):
            kind = "function"
        return {"kind": kind, "handle": wire.Handle(len(self.objects) - 1)}

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

    def callback(self, number: int) -> Callable[..., Any]:
        def f(*arguments: Any) -> Any:
            with self.asking:
                wire.send(
                    self.connection,
                    {"ask": number, "arguments": tuple(plain(item) for item in arguments)},
                )
                reply = wire.receive(self.connection)
            if reply["error"] is not None:
                raise ValueError(reply["error"])
            return reply["value"]

        return f


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
    """Return an array as it is after a call, or True where it is as it was, to the bit."""
    if not isinstance(before, np.ndarray):
        return None
    if type(after) is np.ndarray and (after.dtype, after.shape) == (before.dtype, before.shape):
        return True if after.tobytes() == before.tobytes() else plain(after)
    return plain(after)


class _Nowhere:
    encoding = "utf-8"

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass
