"""The trusted side of one child: asks it to run cells and to call functions.

Everything that comes back is checked against the protocol; whatever does not
fit ends the session.  Knows neither exercises nor nbgrader.
"""

from __future__ import annotations

import base64
import itertools
import math
import signal
import socket
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from autograder.base.limits import EXCHANGE, LIMITS, Limits
from autograder.base.words import first_line, printable
from autograder.catalogue.values import (
    Observation,
    Opaque,
    RemoteFunction,
    Rng,
    entries,
    most_made,
    plain,
    type_name,
)
from autograder.sandbox import wire
from autograder.sandbox.box import Box, IsolationUnavailable
from autograder.sandbox.bytecode import with_bytecode

MALFORMED = "the process gave a malformed answer"
# For a child to confine itself; hundreds of times what it takes.
START_SECONDS = 30
# For a guard to end a child that had to be stopped, and to say how it fared.
END_SECONDS = 5
# A child that waited for a processor for more than this share of the time that it was
# allowed might have made it on a machine that is not so loaded.
STARVED = 0.1
COURSE = "/course"  # where a child finds the files, see `inside/server.py`
CLOSED = "the process closed its connection to the grader"
IMAGE_SIGNATURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}


class SessionLost(Exception):
    """The child has gone or no longer keeps to the protocol; the text says how it ended."""


class SandboxLost(Exception):
    """The fork server was killed in the middle of a submission, which is not to blame."""


@dataclass(frozen=True)
class Name:
    """Something in a notebook's namespace that can be called.

    Parameters
    ----------
    name : an identifier
    module : where it was defined; "__main__" is the notebook itself
    least, most : how many arguments it takes by place; None where that is not known or has no end
    """

    name: str
    module: str
    least: int | None
    most: int | None


class Session:
    """One submission's process: its namespace lives from the first cell to `close`."""

    def __init__(
        self,
        box: Box,
        files: Mapping[str, bytes],
        limits: Limits,
        seconds: float | None = None,
        random_seed: int | None = None,
        tester: bool = False,
    ) -> None:
        self.limits = limits
        seconds = limits.session_seconds if seconds is None else seconds
        self.lost: str | None = None
        # Whether it ran out of time though it lacked a processor for part of it.
        self.starved = False
        self._box = box
        # A callback's number is used once, so that one kept from before leads nowhere.
        self._numbers = itertools.count()
        # What is answered from here for a while, by its callback's number.
        self._lent: dict[int, Callable[..., Any]] = {}
        self._depth = 0
        _check_names(files)
        self.connection = wire.Connection(box.connect())
        self._start(
            {
                "files": {name: np.frombuffer(data, np.uint8) for name, data in files.items()},
                "seconds": seconds,
                "random_seed": random_seed,
                "tester": tester,
                "memory_megabytes": limits.memory_megabytes,
                "scratch_megabytes": limits.scratch_megabytes,
                "threads": limits.threads,
                "output_bytes": limits.output_bytes,
                "image_bytes": limits.image_bytes,
            }
        )
        # Counted from here: a slow start is not the submission's fault.
        self.deadline = time.monotonic() + seconds

    def _start(self, request: dict[str, Any]) -> None:
        """Have the child confine itself; what goes wrong here is nobody's submission."""
        until = time.monotonic() + START_SECONDS
        try:
            wire.send(self.connection, request, until)
            answer = wire.receive(self.connection, until)
        except (wire.Closed, wire.TooLate) as failure:
            self.connection.close()
            raise ConnectionError(f"the fork server does not answer: {failure}") from None
        except wire.WireError as failure:
            self.connection.close()
            raise ValueError(f"the files of the assignment: {failure}") from None
        if answer != {"ready": True}:
            self.connection.close()
            raise IsolationUnavailable(
                f"a submission could not be confined: {printable(str(answer.get('refused')))} "
                "(run `autograder doctor` to see what to do)"
            )

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child and everything in it."""
        self.connection.close()
        self.lost = self.lost or "the session is closed"

    def run_cell(
        self, source: str, seconds: float | None = None, scored: bool = False
    ) -> list[dict[str, Any]]:
        """Run one cell and return its outputs in notebook format 4.

        Parameters
        ----------
        scored : it is a test cell, whose result is its number of points

        Raises
        ------
        SessionLost : the cell took too long, ended the process or forged an answer
        """
        seconds = self.limits.cell_seconds if seconds is None else seconds
        answer = self._ask({"do": "cell", "source": source}, seconds, "this cell")
        outputs = answer.get("outputs")
        if type(outputs) is not list:
            raise self.lose(MALFORMED)
        return shown(outputs, self.limits, scored)

    def bind(self, name: str) -> RemoteObject:
        """Return a handle to what a name stands for now, once what it imports is imported.

        Raises
        ------
        SessionLost
        """
        # Imports have a cell's time: in a call, the first one of a package could use up all of it.
        what = f"importing what {name} imports"
        answer = self._ask({"do": "bind", "name": name}, self.limits.cell_seconds, what)
        return self._held(answer)

    @contextmanager
    def lending(
        self, functions: Mapping[str, Callable[..., Any]], missing: Collection[str] = ()
    ) -> Iterator[set[str]]:
        """Answer for names of the child's namespace while the block runs.

        Only names that stand for something there are lent, or are said to be missing.
        Afterwards they stand for it again, and whatever the child kept of what was lent
        leads nowhere.

        Parameters
        ----------
        functions : of this process, by name, each of which refuses what would take it long
            or much memory; what is not plain among their arguments reaches them as a
            `BorrowedObject`
        missing : those of them that are lent although they stand for nothing

        Yields
        ------
        the set of names that were asked, which grows

        Raises
        ------
        SessionLost
        """
        asked: set[str] = set()
        numbers = {name: next(self._numbers) for name in functions}

        def noted(name: str) -> Callable[..., Any]:
            def function(*arguments: Any, **keywords: Any) -> Any:
                asked.add(name)
                return functions[name](*arguments, **keywords)

            return function

        seconds = self.limits.call_seconds
        lent = {name: wire.Callback(number) for name, number in numbers.items()}
        question = {"do": "lend", "functions": lent, "missing": list(missing)}
        self._ask(question, seconds, "a name")
        self._lent = {number: noted(name) for name, number in numbers.items()}
        try:
            yield asked
        finally:
            self._lent = {}
        self._ask({"do": "take back"}, seconds, "a name")

    def names(self) -> list[Name]:
        """Return what can be called in the notebook's namespace now, as the child tells it.

        Raises
        ------
        SessionLost
        """
        answer = self._ask({"do": "names"}, self.limits.call_seconds, "a list of names")
        found = answer.get("names")
        if type(found) is not list:
            raise self.lose(MALFORMED)
        found = found[: EXCHANGE.names]
        return [name for item in found if (name := _name(item)) is not None]

    def _held(self, answer: Any) -> RemoteObject:
        kind = answer.get("kind") if type(answer) is dict else None
        handle = answer.get("handle") if type(answer) is dict else None
        if type(kind) is not str or (kind != "missing" and type(handle) is not wire.Handle):
            raise self.lose(MALFORMED)
        return RemoteObject(self, handle, printable(kind[:80]))

    def calls(
        self,
        target: RemoteObject,
        attribute: str | None,
        calls: Sequence[tuple[Any, ...]],
        keep: bool,
        watch_random: bool = True,
    ) -> list[tuple[Observation, RemoteObject | None]]:
        """Call something in the child once for each tuple of arguments; never raises."""
        if target.handle is None:
            missing = Observation(error="NameError", message="there is nothing of this name")
            return [(missing, None)] * len(calls)
        results: list[tuple[Observation, RemoteObject | None]] = []
        # Of each call its own: what one call is given, no other can ask.
        callbacks: list[dict[int, Callable[..., Any]]] = [{} for _ in calls]
        try:
            if self.lost is not None:
                raise SessionLost(self.lost)
            end = time.monotonic() + self.limits.exercise_seconds
            encoded = [
                tuple(self._argument(item, own) for item in call)
                for call, own in zip(calls, callbacks, strict=True)
            ]
            question = {
                "do": "calls",
                "handle": target.handle,
                "attribute": attribute,
                "calls": encoded,
                "keep": keep,
                "watch_random": watch_random,
            }
            self.send(question, self.limits.call_seconds)
            # All answers together stay within what one may be: they are kept until judged.
            room = EXCHANGE.answers_bytes
            for call, own in zip(calls, callbacks, strict=True):
                observation, held = self._returned(end, call, own)
                room -= _bytes((observation.value, observation.arguments))
                if room < 0:
                    observation = Observation(Opaque("result that is too large"))
                results.append((observation, held))
        except SessionLost as failure:
            ended = Observation(error="SessionLost", message=str(failure))
            results += [(ended, None)] * (len(calls) - len(results))
        return results

    def _argument(self, value: Any, callbacks: dict[int, Callable[..., Any]]) -> Any:
        if isinstance(value, RemoteObject):
            return value.handle
        if callable(value):
            number = next(self._numbers)
            callbacks[number] = value
            return wire.Callback(number)
        return value

    def _returned(
        self, end: float, call: tuple[Any, ...], callbacks: dict[int, Callable[..., Any]]
    ) -> tuple[Observation, RemoteObject | None]:
        limits = self.limits
        until, what, allowed = (
            time.monotonic() + limits.call_seconds,
            "a call of this function",
            limits.call_seconds,
        )
        if end < until:
            until, what, allowed = end, "all calls of this function", limits.exercise_seconds
        while True:
            answer = self.receive(until, what, allowed)
            if "ask" not in answer:
                break
            reply = self._answer(answer, callbacks, call, until)
            self.send(reply, max(until - time.monotonic(), 0.01))
        value, error, message = (answer.get(key) for key in ("value", "error", "message"))
        arguments, moved = answer.get("arguments"), answer.get("moved")
        if (
            not (error is None or type(error) is str)
            or type(message) is not str
            or type(arguments) is not tuple
            or len(arguments) not in (0, len(call))
            or type(moved) is not bool
        ):
            raise self.lose(MALFORMED)
        held = self._held(answer["object"]) if "object" in answer else None
        after = tuple(map(_after, call, arguments)) or (None,) * len(call)
        error = printable(error[:80]) if error is not None else None
        return Observation(_seen(value), error, printable(message[:300]), after, moved), held

    def _answer(
        self,
        question: dict[str, Any],
        callbacks: dict[int, Callable[..., Any]],
        call: tuple[Any, ...],
        until: float,
    ) -> dict[str, Any]:
        """Answer a callback; whatever is wrong with the question is the asker's error."""
        number, arguments = question.get("ask"), question.get("arguments")
        keywords = question.get("keywords")
        function, lent = None, False
        if type(number) is int:
            lent = number in self._lent
            function = self._lent[number] if lent else callbacks.get(number)
        if (
            function is None
            or type(arguments) is not tuple
            or type(keywords) is not dict
            or not all(type(key) is str for key in keywords)
        ):
            return {"value": None, "error": "there is no such function any more"}
        # It runs here: what is asked may not be so large that the answer fills the memory.
        # How much it makes, what is lent says itself.
        asked = (*arguments, *keywords.values())
        room = max(EXCHANGE.asked_items, 4 * sum(map(entries, call)))
        too_large = sum(map(entries, asked)) > room
        if too_large or (not lent and most_made(asked) > EXCHANGE.argument_made):
            return {"value": None, "error": "the arguments are too large"}
        if self._depth >= EXCHANGE.nested_calls:
            return {"value": None, "error": "too many calls inside one another"}

        def given(item: Any) -> Any:
            if type(item) is not wire.Handle:
                return item
            if not lent:
                return Opaque("object")
            return BorrowedObject(partial(self._call_borrowed, item, callbacks, until))

        self._depth += 1
        try:
            with np.errstate(all="ignore"):
                value = function(
                    *map(given, arguments), **{key: given(item) for key, item in keywords.items()}
                )
            return {"value": plain(value), "error": None}
        except (SessionLost, SandboxLost):
            raise
        except Exception as failure:
            return {"value": None, "error": first_line(failure) or type_name(type(failure))}
        finally:
            self._depth -= 1

    def _call_borrowed(
        self,
        handle: wire.Handle,
        callbacks: dict[int, Callable[..., Any]],
        until: float,
        attribute: str | None,
        arguments: tuple[Any, ...],
    ) -> Any:
        """Call what the child lent in return, in the middle of answering it; see `lending`.

        Raises
        ------
        ValueError : the call failed, or an argument cannot cross
        SessionLost
        """
        if any(type(plain(item)) is Opaque for item in arguments):
            raise ValueError("what is given to it is no plain value")
        question = {
            "do": "calls",
            "handle": handle,
            "attribute": attribute,
            "calls": [arguments],
            "keep": False,
            "watch_random": False,
        }
        self.send(question, self.limits.call_seconds)
        observation, _ = self._returned(until, arguments, callbacks)
        if observation.error is not None:
            raise ValueError(f"{observation.error}: {observation.message}")
        if entries(observation.value) > EXCHANGE.asked_items:
            raise ValueError("what it returned is too large")
        return observation.value

    def _ask(self, question: dict[str, Any], seconds: float, what: str) -> dict[str, Any]:
        if self.lost is not None:
            raise SessionLost(self.lost)
        self.send(question, seconds)
        return self.receive(time.monotonic() + seconds, what, seconds)

    def send(self, message: dict[str, Any], seconds: float) -> None:
        try:
            wire.send(self.connection, message, min(time.monotonic() + seconds, self.deadline))
        except wire.Closed:
            # The child has ended; its last frame says how.
            return
        except wire.TooLate:
            raise self.lose("the process does not read what it is asked") from None
        except wire.WireError as failure:
            raise self.lose(str(failure)) from None

    def receive(self, until: float, what: str, allowed: float) -> dict[str, Any]:
        try:
            answer = self._read(min(until, self.deadline))
        except wire.TooLate:
            if time.monotonic() >= self.deadline:
                what, allowed = "the submission ran out of its time", self.limits.session_seconds
            else:
                what = f"{what} did not end within {allowed:g} s"
            self.starved = self._waited() > STARVED * allowed
            raise self.lose(what) from None
        except wire.Closed as failure:
            if self._box.has_ended():
                self.lose("the fork server ended")
                raise SandboxLost("the fork server was killed") from None
            if isinstance(failure, wire.Halfway):
                raise self.lose("the process stopped in the middle of an answer") from None
            # A guard that is there says how its child ended; it cannot where the child shut
            # the connection that both have.
            raise self.lose(CLOSED) from None
        except wire.WireError:
            raise self.lose(MALFORMED) from None
        if type(answer) is not dict:
            raise self.lose(MALFORMED)
        if "ended" in answer:
            raise self.lose(_ending(answer))
        return answer

    def _read(self, until: float) -> Any:
        return wire.receive(self.connection, until, wire.ANSWER)

    def _waited(self) -> float:
        """End the child and return for how many seconds it waited for a processor."""
        until = time.monotonic() + END_SECONDS
        try:
            # This tells the guard to end; its report comes after everything that the child sent.
            self.connection.socket.shutdown(socket.SHUT_WR)
            while True:
                answer = self._read(until)
                if type(answer) is dict and "ended" in answer:
                    waited = answer.get("waited")
                    return waited if type(waited) is float else math.inf
        except (wire.WireError, OSError):
            return math.inf

    def lose(self, reason: str) -> SessionLost:
        self.lost = self.lost or reason
        self.connection.close()
        return SessionLost(self.lost)


class BorrowedObject:
    """A function, a random generator or another object of the child, as an argument here.

    It can be called, and so can its methods, until the call that it came with ends.
    """

    def __init__(self, call: Callable[[str | None, tuple[Any, ...]], Any]) -> None:
        self._call = call

    def __call__(self, *arguments: Any) -> Any:
        return self._call(None, arguments)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):  # what Python and NumPy look for in any object
            raise AttributeError(name)
        return lambda *arguments: self._call(name, arguments)


class RemoteObject(RemoteFunction):
    """Something in the child's memory: a function, a class, an instance or anything else.

    Parameters
    ----------
    kind : "function", "class", "missing", or the name of its type
    """

    def __init__(self, session: Session, handle: wire.Handle | None, kind: str) -> None:
        self.session, self.handle, self.kind = session, handle, kind

    def observe(
        self, calls: Sequence[tuple[Any, ...]], watch_random: bool = True
    ) -> list[Observation]:
        """Call it once for each tuple of arguments; see `RemoteFunction.observe`."""
        seen = self.session.calls(self, None, calls, False, watch_random)
        return [observation for observation, _ in seen]


class Sandbox:
    """One box for one worker: started on first use, started again when it has died.

    Parameters
    ----------
    isolation : "bwrap" or "none"
    limits : of each submission
    preload : modules that the fork server imports once for all its children, because
        they take long; they must bear a fork
    packages : what a submission may use of what is installed; None for all of it
    """

    def __init__(
        self,
        isolation: str = "bwrap",
        limits: Limits = LIMITS,
        preload: Sequence[str] = (),
        packages: Sequence[str] | None = None,
    ) -> None:
        self.isolation, self.limits, self.preload = isolation, limits, tuple(preload)
        self.packages = packages
        self._box: Box | None = None
        self._files: Mapping[str, bytes] = {}
        self._compiled: Mapping[str, bytes] = {}

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self) -> Box:
        """Begin to start the box where none runs, and return it; see `start`."""
        if self._box is None or not self._box.running:
            self.close()
            self._box = Box(self.isolation, self.preload, self.packages)
        return self._box

    def start(self) -> Box:
        """Start the box where none runs, which may take long, and return it.

        Raises
        ------
        IsolationUnavailable : no box can be started
        ConnectionError : it was killed while it started
        """
        box = self.begin()
        try:
            box.wait_until_ready()
        except BaseException:
            self.close()
            raise
        return box

    def session(
        self,
        files: Mapping[str, bytes] | None = None,
        seconds: float | None = None,
        random_seed: int | None = None,
        tester: bool = False,
    ) -> Session:
        """Fork a child for one submission.

        Parameters
        ----------
        files : all it sees of the course, by relative path
        seconds : wall time of the whole session
        random_seed : below 2**32, of Python's and NumPy's global random states, so
            that what uses them is the same on a regrade; None draws one
        tester : it runs the instructor's test cells; see `autograder.sandbox.relay`

        Raises
        ------
        IsolationUnavailable : no box can be started, or no child of it confined
        ValueError : the files are too large, or the name of one leads out of the folder
        ConnectionError : the fork server ended, or hung, twice in a row
        """
        # Each job brings a copy of its own.
        if files is not None and files != self._files:
            self._files, self._compiled = files, with_bytecode(files, COURSE)
        laid_out = self._compiled if files is not None else {}
        for _ in range(2):
            try:
                return Session(self.start(), laid_out, self.limits, seconds, random_seed, tester)
            except ConnectionError:
                self.close()
        raise ConnectionError("the fork server ended twice in a row")

    def close(self) -> None:
        """End the box and everything in it."""
        if self._box is not None:
            self._box.close()
            self._box = None


def _name(item: Any) -> Name | None:
    """Return one name as the child told it, or None where it is none."""
    if type(item) is not tuple or len(item) != 4:
        return None
    name, module, *numbers = item
    if type(name) is not str or not name.isidentifier() or type(module) is not str:
        return None
    least, most = (number if type(number) is int else None for number in numbers)
    return Name(name, printable(module[:80]), least, most)


def _check_names(files: Mapping[str, bytes]) -> None:
    for name in files:
        path = PurePosixPath(name)
        if path.is_absolute() or not path.parts or ".." in path.parts:
            raise ValueError(f"a submission's file cannot be named {name!r}")


def _bytes(value: Any) -> int:
    """Return roughly how much memory a plain value takes."""
    kind = type(value)
    if kind is np.ndarray:
        return value.nbytes + 100
    if kind is str:
        return len(value) + 50
    if kind in (list, tuple):
        return 50 + sum(map(_bytes, value))
    if kind is dict:
        return 100 + sum(_bytes(key) + _bytes(item) for key, item in value.items())
    return 50


def _seen(value: Any) -> Any:
    """Return what came back as `observe` would have given it for a function of this process."""
    return plain(value) if type(value) is not Rng else Opaque("Rng")


def _after(given: Any, value: Any) -> Any:
    """Return an argument as it was after the call; True stands for an array left alone."""
    if value is True and type(given) is np.ndarray:
        return given
    if type(given) is Rng:
        return value if type(value) is int else None
    return plain(value) if type(value) is np.ndarray else None


def _ending(answer: dict[Any, Any]) -> str:
    """Return in words how a child ended, from what its guard says, or the child in its place."""
    status = answer["ended"]
    if type(status) is not int:
        return MALFORMED
    if answer.get("closed") is True or status == wire.CLOSED_STATUS:
        return CLOSED
    if answer.get("out_of_processor_time") is True:
        return "the process used more processor time than allowed"
    if status == -signal.SIGKILL:
        return "the process was killed: it used more memory or processor time than allowed"
    if status < 0:
        return f"the process crashed (signal {-status})"
    return f"the process ended itself (exit code {status})"


def shown(items: list[Any], limits: Limits, scored: bool = False) -> list[dict[str, Any]]:
    """Return outputs in notebook format 4, as many and as large as the limits allow.

    The child keeps to the limits too, unless student code made it do otherwise.

    Parameters
    ----------
    scored : they are those of a test cell, whose result is its number of points
    """
    kept: list[dict[str, Any]] = []
    text_left = limits.output_bytes + EXCHANGE.error_bytes
    pictures_left = limits.image_bytes * 4 // 3 + 4 * EXCHANGE.outputs  # in base 64
    for item in items[: EXCHANGE.outputs]:
        output = _result(item) if scored else _output(item)
        if output is None:
            continue
        data = output.get("data", {})
        pictures = sum(len(data[mime]) for mime in data if mime in IMAGE_SIGNATURES)
        pictures_left -= pictures
        text_left -= _bytes(output) - pictures
        if text_left >= 0 and pictures_left >= 0:
            kept.append(output)
    return kept


def _result(item: Any) -> dict[str, Any] | None:
    """Return one output of a test cell: nothing but a number is its result."""
    output = _output(item)
    if output is None or item["type"] != "result":
        return output
    text = output["data"].get("text/plain", "")
    try:
        float(text)
    except ValueError:
        return output
    data = {"text/plain": text}
    return {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": None}


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
                "traceback": trace[: EXCHANGE.error_bytes].splitlines()[: EXCHANGE.outputs],
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
