"""One side of the conversation between a student's process and a tester's.

Each side may ask the other in the middle of answering it.  A question carries copies of plain
values and numbers of objects; its answer says what was returned or raised, and what became of
the containers that were given.  Printed text and the state of the global random generators
travel with every message.  The trusted process passes the messages on.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autograder.sandbox import wire
from autograder.sandbox.inside.crossing import (
    CannotCross,
    Packer,
    Unpacker,
    is_as_before,
    replace,
    snapshot,
)

Node = Any
BUILTIN_ERRORS = {
    name: kind
    for name, kind in vars(__import__("builtins")).items()
    if isinstance(kind, type) and issubclass(kind, BaseException)
} | {"LinAlgError": np.linalg.LinAlgError}
NAME_OF_ERROR = {kind: kind.__name__ for kind in BUILTIN_ERRORS.values()}


FILES, FOLDERS, FILE_BYTES = 200, 2, 1 << 20
FOLDER = (0, -1)  # what stands for a folder in the place of a file's time and size
PLAIN_NAME = re.compile(r"(?!\.)[\w .()+=-]{1,80}")


class Lost(BaseException):
    """The other process has ended; nothing that a test catches."""


class Files:
    """The files of the working folder, small ones, as far as they changed."""

    def __init__(self) -> None:
        self.seen: dict[str, tuple[int, int]] = {}

    def changed(self) -> Node:
        """Return the files that are new or other than they were, and which have gone."""
        now = dict(_files(os.getcwd(), "", FOLDERS))
        said: list[Any] = []
        for path, mark in now.items():
            if mark == FOLDER and path not in self.seen:
                said.append([path, True])
            elif self.seen.get(path) != mark and 0 <= mark[1] <= FILE_BYTES:
                with contextlib.suppress(OSError), open(path, "rb") as file:
                    said.append([path, np.frombuffer(file.read(FILE_BYTES), np.uint8)])
        said += [[path, None] for path in reversed(self.seen) if path not in now]
        self.seen = now
        return said

    def take(self, said: Node) -> None:
        """Write what the other side wrote; the course's own files stay as they are."""
        for path, content in said:
            parts = path.split("/")
            if not all(map(PLAIN_NAME.fullmatch, parts)) or len(parts) > FOLDERS + 1:
                continue
            if os.path.islink(path) or os.path.realpath(path) != os.path.join(os.getcwd(), path):
                continue
            with contextlib.suppress(OSError):
                if content is None:
                    gone = self.seen.pop(path, None)
                    os.rmdir(path) if gone == FOLDER else os.remove(path)
                    continue
                if content is True:
                    os.makedirs(path, exist_ok=True)
                    self.seen[path] = FOLDER
                    continue
                with open(path, "wb") as file:
                    file.write(content.tobytes())
                now = os.stat(path)
                self.seen[path] = (now.st_mtime_ns, now.st_size)


def _files(folder: str, before: str, depth: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield the files and folders of a folder that are no links, at most so many, with a mark."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in itertools.islice(entries, FILES):
            if not PLAIN_NAME.fullmatch(entry.name) or entry.is_symlink():
                continue
            if entry.is_file():
                yield before + entry.name, (entry.stat().st_mtime_ns, entry.stat().st_size)
            elif depth and entry.is_dir() and entry.name != "__pycache__":
                yield before + entry.name, FOLDER
                yield from _files(entry.path, f"{before}{entry.name}/", depth - 1)


class Peer:
    """What both sides have: objects by number, asking, and answering.

    Parameters
    ----------
    connection : to the trusted process, which passes messages on
    answer : what answers a question of the trusted process in the middle of asking
    """

    def __init__(
        self, connection: wire.Connection, answer: Callable[[dict[str, Any]], None]
    ) -> None:
        self.connection, self.answer = connection, answer
        self.objects: list[Any] = []
        self.numbers: dict[int, int] = {}
        self.random = random_state()
        self.files: Files | None = None  # where files are to be the same on both sides
        self.shares = True  # whether the names that were told last are the other side's too
        # One thread asks at a time; what it asked about may make it ask again.
        self.asking = threading.RLock()

    # --- Objects ---------------------------------------------------------------------------

    def number(self, value: Any) -> int:
        """Return the number by which the other side knows an object, which is kept from now on."""
        if id(value) not in self.numbers:
            self.numbers[id(value)] = len(self.objects)
            self.objects.append(value)
        return self.numbers[id(value)]

    def held(self, number: Any) -> Any:
        """Return an object of this side."""
        if type(number) is not int or not 0 <= number < len(self.objects):
            raise CannotCross("no such object")
        return self.objects[number]

    def lend(self, value: Any) -> Node:
        """Return what stands for an object that has no plain parts."""
        raise NotImplementedError

    def borrow(self, node: Node) -> Any:
        """Return the object that such a node stands for."""
        raise NotImplementedError

    def do(self, question: dict[str, Any], values: list[Any], keywords: dict[str, Any]) -> Any:
        """Do what the other side asks for."""
        raise NotImplementedError

    def raised(self, pack: Callable[[Any], Node], failure: BaseException) -> Node:
        """Return what crosses for an exception."""
        raise NotImplementedError

    def failure(self, unpack: Callable[[Node], Any], node: Node) -> BaseException:
        """Return the exception that such a node stands for."""
        raise NotImplementedError

    # --- Asking ----------------------------------------------------------------------------

    def ask(
        self,
        kind: str,
        values: Sequence[Any],
        keywords: dict[str, Any] | None = None,
        **more: Any,
    ) -> Any:
        """Ask the other side for something and return what it returned.

        Raises
        ------
        whatever it raised; Lost
        """
        with self.asking:
            packer = Packer(self.lend)
            keywords = keywords or {}
            question = {
                "ask": kind,
                "values": list(map(packer.pack, values)),
                "keywords": [[name, packer.pack(item)] for name, item in keywords.items()],
                **more,
            }
            given = len(packer.kept)
            question.update(self.told(packer.pack))
            try:
                wire.send(self.connection, question, most=wire.ANSWER)
            except (wire.Closed, wire.TooLate):
                raise
            except wire.WireError as failure:
                raise ValueError(f"what is given is too large to cross: {failure}") from None
            while "do" in (message := wire.receive(self.connection)):
                self.answer(message)
            reply = message["reply"]
            if "lost" in reply:
                raise Lost(str(reply["lost"]))
            return self.taken(reply, packer.kept, len(packer.kept) if self.shares else given)

    def taken(self, reply: dict[str, Any], kept: list[Any], given: int) -> Any:
        """Take an answer: what was given is brought up to date, and what was raised is raised.

        Parameters
        ----------
        kept : the containers of the question
        given : how many of them, the first, the answer may change
        """
        unpacker = Unpacker(self.borrow, kept)
        known = len(kept)
        for number, node in reply["changed"]:
            if not 0 <= number < known:
                raise CannotCross("no such container")
            new = unpacker.unpack(node)
            if number < given:
                replace(kept[number], new)
        self.hear(unpacker.unpack, reply)
        if "raised" in reply:
            raise self.failure(unpacker.unpack, reply["raised"])
        return unpacker.unpack(reply["value"])

    # --- Answering -------------------------------------------------------------------------

    def serve(self, question: dict[str, Any]) -> None:
        """Answer a question of the other side."""
        try:
            reply = self._reply(question)
            text = wire.frame({"answer": reply}, wire.ANSWER)
        except wire.Closed:
            raise
        except Exception as failure:  # a student's class may be such that it cannot be described
            text = wire.frame({"answer": self._refusal(failure)})
        wire.send_frame(self.connection, text)

    def _refusal(self, failure: Exception) -> dict[str, Any]:
        said = TypeError(f"what would have to be passed on cannot cross: {failure}"[:300])
        return {"changed": [], "raised": self.raised(Packer(self.lend).pack, said)}

    def _reply(self, question: dict[str, Any]) -> dict[str, Any]:
        unpacker = Unpacker(self.borrow)
        values = list(map(unpacker.unpack, question["values"]))
        keywords = {name: unpacker.unpack(node) for name, node in question["keywords"]}
        self.hear(unpacker.unpack, question)
        given = unpacker.kept
        before = list(map(snapshot, given))
        value, failure = None, None
        try:
            value = self.do(question, values, keywords)
        except wire.Closed:
            raise
        except BaseException as raised:
            failure = raised
        packer = Packer(self.lend, given)
        reply: dict[str, Any] = {"changed": []}
        for number, (one, was) in enumerate(zip(list(given), before, strict=True)):
            if not is_as_before(one, was):
                packer.kept.append(None)  # the new contents come as a container of their own
                reply["changed"].append([number, packer.contents(one)])
        reply.update(self.told(packer.pack))
        if failure is not None:
            reply["raised"] = self.raised(packer.pack, failure)
        else:
            reply["value"] = packer.pack(value)
        return reply

    # --- What travels with every message ---------------------------------------------------

    def told(self, pack: Callable[[Any], Node]) -> dict[str, Any]:
        """Return what the other side has to know before it goes on."""
        said: dict[str, Any] = {}
        now = random_state()
        if now != self.random:
            self.random = now
            said["random"] = _packed_random()
        if self.files is not None:
            said["files"] = self.files.changed()
        return said

    def hear(self, unpack: Callable[[Node], Any], message: dict[str, Any]) -> None:
        """Take in what the other side told."""
        for name, text in message.get("text", ()):
            print(text, end="", file=sys.stderr if name == "stderr" else sys.stdout)
        if "files" in message and self.files is not None:
            self.files.take(message["files"])
        if "random" in message:
            _set_random(message["random"])
            self.random = random_state()


def random_state() -> Any:
    """Return the states of the global random generators, to be compared."""
    state = np.random.get_state(legacy=False)  # noqa: NPY002
    inner = state["state"]
    whole = (inner["key"].tobytes(), inner["pos"], state["has_gauss"], state["gauss"])
    return random.getstate(), whole


def _packed_random() -> Node:
    version, keys, gauss = random.getstate()
    state = np.random.get_state(legacy=False)  # noqa: NPY002
    inner = state["state"]
    return [
        *(version, np.array(keys, np.uint64), gauss),
        *(inner["key"].copy(), inner["pos"], state["has_gauss"], float(state["gauss"])),
    ]


def _set_random(node: Node) -> None:
    try:
        version, keys, gauss, key, position, has_gauss, value = node
        random.setstate((version, tuple(keys.tolist()), gauss))
        np.random.set_state(("MT19937", key, position, has_gauss, value))  # noqa: NPY002
    except (TypeError, ValueError, AttributeError):
        raise CannotCross("not a state of random numbers") from None
