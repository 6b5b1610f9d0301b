"""The trusted side of one child: asks it to run cells and to call functions.

Everything that comes back is checked against the protocol; whatever does not
fit ends the session.  Knows neither exercises nor nbgrader.
"""

from __future__ import annotations

import base64
import itertools
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

import numpy as np

from autograder.sandbox import wire
from autograder.sandbox.box import Box
from autograder.sandbox.limits import LIMITS, Limits
from autograder.values import Observation, Opaque, RemoteFunction, Rng, first_line, plain

IMAGE_SIGNATURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}


class SessionLost(Exception):
    """The child has gone or no longer keeps to the protocol; the text says how it ended."""


class Session:
    """One submission's process: its namespace lives from the first cell to `close`."""

    def __init__(
        self, box: Box, files: Mapping[str, bytes], limits: Limits, seconds: float | None = None
    ) -> None:
        self.limits = limits
        seconds = limits.session_seconds if seconds is None else seconds
        self.deadline = time.monotonic() + seconds
        self.lost: str | None = None
        self.connection = box.connect()
        self._asked: socket.socket = self.connection
        self._send(
            {
                "files": {name: np.frombuffer(data, np.uint8) for name, data in files.items()},
                "seconds": seconds,
                "memory_megabytes": limits.memory_megabytes,
                "scratch_megabytes": limits.scratch_megabytes,
                "threads": limits.threads,
                "output_bytes": limits.output_bytes,
                "image_bytes": limits.image_bytes,
            },
            seconds,
        )

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child and everything in it."""
        self.connection.close()
        self.lost = self.lost or "the session is closed"

    def run_cell(self, source: str, seconds: float | None = None) -> list[dict[str, Any]]:
        """Run one cell and return its outputs in notebook format 4.

        Raises
        ------
        SessionLost : the cell took too long, ended the process or forged an answer
        """
        seconds = self.limits.cell_seconds if seconds is None else seconds
        answer = self._ask({"do": "cell", "source": source}, seconds, "this cell")
        outputs = answer.get("outputs")
        if type(outputs) is not list:
            raise self._lose("the process gave a malformed answer")
        return [checked for item in outputs if (checked := _output(item)) is not None]

    def bind(self, name: str) -> RemoteObject:
        """Return a handle to what a name stands for now.

        Raises
        ------
        SessionLost
        """
        answer = self._ask({"do": "bind", "name": name}, self.limits.call_seconds, "a name")
        return self._held(answer)

    def _held(self, answer: Any) -> RemoteObject:
        kind = answer.get("kind") if type(answer) is dict else None
        handle = answer.get("handle") if type(answer) is dict else None
        if type(kind) is not str or (kind != "missing" and type(handle) is not wire.Handle):
            raise self._lose("the process gave a malformed answer")
        return RemoteObject(self, handle, kind[:80])

    def calls(
        self,
        target: RemoteObject,
        attribute: str | None,
        calls: Sequence[tuple[Any, ...]],
        keep: bool,
    ) -> list[tuple[Observation, RemoteObject | None]]:
        """Call something in the child once for each tuple of arguments; never raises."""
        results: list[tuple[Observation, RemoteObject | None]] = []
        callbacks: dict[int, Callable[..., Any]] = {}
        try:
            if self.lost is not None:
                raise SessionLost(self.lost)
            end = time.monotonic() + self.limits.exercise_seconds
            encoded = [tuple(_argument(item, callbacks) for item in call) for call in calls]
            question = {
                "do": "calls",
                "handle": target.handle,
                "attribute": attribute,
                "calls": encoded,
                "keep": keep,
            }
            self._send(question, self.limits.call_seconds)
            for _ in calls:
                left = min(self.limits.call_seconds, end - time.monotonic())
                results.append(self._returned(left, callbacks))
        except SessionLost as failure:
            ended = Observation(error="SessionLost", message=str(failure))
            results += [(ended, None)] * (len(calls) - len(results))
        return results

    def _returned(
        self, seconds: float, callbacks: dict[int, Callable[..., Any]]
    ) -> tuple[Observation, RemoteObject | None]:
        until = time.monotonic() + seconds
        while True:
            left = until - time.monotonic()
            answer = self._receive(left, "a call of this function", seconds)
            if "ask" not in answer:
                break
            self._send(_answer(answer, callbacks), max(left, 0.01))
        value, error, message = (answer.get(key) for key in ("value", "error", "message"))
        arguments, moved = answer.get("arguments"), answer.get("moved")
        if (
            not (error is None or type(error) is str)
            or type(message) is not str
            or type(arguments) is not tuple
            or type(moved) is not bool
        ):
            raise self._lose("the process gave a malformed answer")
        held = self._held(answer["object"]) if "object" in answer else None
        value = Opaque("handle") if type(value) in (wire.Handle, wire.Callback, Rng) else value
        error = error[:80] if error is not None else None
        return Observation(value, error, message[:300], arguments, moved), held

    def _ask(self, question: dict[str, Any], seconds: float, what: str) -> dict[str, Any]:
        if self.lost is not None:
            raise SessionLost(self.lost)
        self._send(question, seconds)
        return self._receive(seconds, what, seconds)

    def _send(self, message: dict[str, Any], seconds: float) -> None:
        try:
            wire.send(self.connection, message, self._until(seconds))
        except wire.Closed:
            # The child has ended; its last frame says how.
            return
        except wire.WireError as failure:
            raise self._lose(str(failure)) from None

    def _receive(self, seconds: float, what: str, allowed: float) -> dict[str, Any]:
        try:
            answer = wire.receive(self.connection, self._until(seconds))
        except wire.TooLate:
            if time.monotonic() >= self.deadline:
                raise self._lose("the submission ran out of its time") from None
            raise self._lose(f"{what} did not end within {allowed:g} s") from None
        except wire.Closed:
            raise self._lose("the process ended") from None
        except wire.WireError:
            raise self._lose("the process gave a malformed answer") from None
        if type(answer) is not dict:
            raise self._lose("the process gave a malformed answer")
        if "refused" in answer:
            raise self._lose(f"the sandbox refused: {answer['refused']}"[:300])
        if "ended" in answer:
            raise self._lose(_ending(answer["ended"]))
        return answer

    def _until(self, seconds: float) -> float:
        return min(time.monotonic() + seconds, self.deadline)

    def _lose(self, reason: str) -> SessionLost:
        self.lost = self.lost or reason
        self.connection.close()
        return SessionLost(self.lost)


class RemoteObject(RemoteFunction):
    """Something in the child's memory: a function, a class, an instance or anything else.

    Parameters
    ----------
    kind : "function", "class", "missing", or the name of its type
    """

    def __init__(self, session: Session, handle: wire.Handle | None, kind: str) -> None:
        self.session, self.handle, self.kind = session, handle, kind

    def observe(self, calls: Sequence[tuple[Any, ...]]) -> list[Observation]:
        """Call it once for each tuple of arguments; never raises."""
        return [observation for observation, _ in self.session.calls(self, None, calls, False)]

    def create(self, *arguments: Any) -> tuple[Observation, RemoteObject | None]:
        """Call it and keep the object that it returns."""
        return self.session.calls(self, None, [arguments], True)[0]

    def method(self, name: str, *arguments: Any) -> Observation:
        """Call a method of the object, or read an attribute when there are no arguments."""
        return self.session.calls(self, name, [arguments], False)[0][0]


class Sandbox:
    """One box for one worker: started on first use, started again when it has died."""

    def __init__(self, isolation: str = "bwrap", limits: Limits = LIMITS) -> None:
        self.isolation, self.limits = isolation, limits
        self._box: Box | None = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def session(
        self, files: Mapping[str, bytes] | None = None, seconds: float | None = None
    ) -> Session:
        """Fork a child for one submission; `files` are all it sees of the course.

        Raises
        ------
        IsolationUnavailable : no box can be started
        """
        for _ in range(2):
            if self._box is None or not self._box.running:
                self.close()
                self._box = Box(self.isolation)
            try:
                return Session(self._box, files or {}, self.limits, seconds)
            except ConnectionError:
                self.close()
        raise ConnectionError("the fork server ended twice in a row")

    def close(self) -> None:
        """End the box and everything in it."""
        if self._box is not None:
            self._box.close()
            self._box = None


def _argument(value: Any, callbacks: dict[int, Callable[..., Any]]) -> Any:
    if isinstance(value, RemoteObject):
        return value.handle
    if callable(value):
        number = next(number for number in itertools.count() if number not in callbacks)
        callbacks[number] = value
        return wire.Callback(number)
    return value


def _answer(question: dict[str, Any], callbacks: dict[int, Callable[..., Any]]) -> dict[str, Any]:
    """Answer a callback; whatever is wrong with the question is the asker's error."""
    number, arguments = question.get("ask"), question.get("arguments")
    if type(number) is not int or number not in callbacks or type(arguments) is not tuple:
        return {"value": None, "error": "there is no such function any more"}
    try:
        with np.errstate(all="ignore"):
            return {"value": plain(callbacks[number](*arguments)), "error": None}
    except Exception as failure:
        return {"value": None, "error": first_line(failure) or type(failure).__name__}


def _ending(status: Any) -> str:
    if status == -9:
        return (
            "the process was killed (it used more memory, processor time or threads than allowed)"
        )
    if type(status) is int and status < 0:
        return f"the process crashed (signal {-status})"
    return f"the process ended itself (exit code {status})"[:80]


def _output(item: Any) -> dict[str, Any] | None:
    """Return one output in notebook format 4, or None where it is not one that is kept."""
    if type(item) is not dict:
        return None
    kind = item.get("type")
    if kind == "stream" and type(item.get("text")) is str:
        name = "stderr" if item.get("name") == "stderr" else "stdout"
        return {"output_type": "stream", "name": name, "text": item["text"]}
    if kind == "error":
        label, value, trace = (item.get(key) for key in ("name", "value", "traceback"))
        if type(label) is str and type(value) is str and type(trace) is str:
            return {
                "output_type": "error",
                "ename": label,
                "evalue": value,
                "traceback": trace.splitlines(),
            }
    if kind in ("display", "result") and type(item.get("data")) is dict:
        data = _data(item["data"])
        if data:
            # Shown to people, never scored: what a cell displays is no result of a grade cell.
            return {"output_type": "display_data", "data": data, "metadata": {}}
    return None


def _data(data: dict[Any, Any]) -> dict[str, str]:
    kept = {}
    for mime, content in data.items():
        if mime == "text/plain" and type(content) is str:
            kept[mime] = content
        elif mime in IMAGE_SIGNATURES and type(content) is np.ndarray and content.dtype == np.uint8:
            raw = content.tobytes()
            if raw.startswith(IMAGE_SIGNATURES[mime]):
                kept[mime] = base64.b64encode(raw).decode()
    return kept
