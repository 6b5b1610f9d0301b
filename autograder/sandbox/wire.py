"""Frames and values between the trusted side and a child: the same code on both ends.

What arrives may have been written by anyone.  Nothing is unpickled or evaluated: msgspec, in C,
reads what the types below declare and nothing else, and whatever does not fit raises `WireError`.
Every size is checked before memory is asked for.  To read a frame takes time and memory in
proportion to its length, and no longer than its deadline.  Knows neither exercises nor notebooks.

A frame is two lengths (one encoded value, raw bytes; 32-bit big-endian), the value in MessagePack,
and the bytes of its arrays, one after the other in the order in which they stand in it.
"""

from __future__ import annotations

import math
import select
import socket
import struct
import time
from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

import msgspec
import numpy as np
from msgspec import Meta, Struct

from autograder.base.limits import EXCHANGE
from autograder.catalogue.values import ARRAY_DTYPES, Opaque, Rng, Step, is_small

HEADER = struct.Struct("!II")
# Bytes of MessagePack and of arrays, at most: what is sent to a child, and what one may send.
QUESTION = EXCHANGE.frame_text_bytes, EXCHANGE.frame_raw_bytes
ANSWER = EXCHANGE.answer_text_bytes, EXCHANGE.answer_raw_bytes
MAX_NUMBER = 2**64  # largest number of a seed, a handle or a callback
# Bytes that are asked of the kernel at a time: small frames come several at once.
AT_LEAST, AT_MOST = 1 << 16, 1 << 20
# The exit code of a child that finds its connection closed.
CLOSED_STATUS = 75
DTYPES = {dtype.name: dtype for dtype in ARRAY_DTYPES}
NAMES = {dtype: dtype.name for dtype in ARRAY_DTYPES}


class WireError(Exception):
    """What arrived is not what the protocol allows, or did not arrive in time."""


class Closed(WireError):
    """The other end has gone."""


class Halfway(Closed):
    """The other end has gone in the middle of a frame."""


class TooLate(WireError):
    """Nothing complete arrived before the deadline."""


# --- What a frame can hold ------------------------------------------------------------------------

Number: TypeAlias = Annotated[int, Meta(ge=0)]
Length: TypeAlias = Annotated[int, Meta(ge=0, le=EXCHANGE.frame_raw_bytes)]
Shape: TypeAlias = Annotated[tuple[Length, ...], Meta(max_length=EXCHANGE.array_dimensions)]


class Node(Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    """What stands for anything but None, a boolean, a number or a text."""


class Handle(Node, tag=0):
    """An object that stays inside the child; only its number crosses."""

    number: Number


class Callback(Node, tag=1):
    """A function that stays on the trusted side; only its number crosses."""

    number: Number


class _Array(Node, tag=2):
    dtype: str
    shape: Shape


class _List(Node, tag=3):
    items: list[Value]


class _Tuple(Node, tag=4):
    items: list[Value]


class _Dict(Node, tag=5):
    # Few keys, of types whose hashes spread: keys can be chosen so that their hashes collide,
    # and then each insertion takes time in proportion to their number.
    items: Annotated[list[tuple[bool | int | str, Value]], Meta(max_length=EXCHANGE.value_keys)]


class _Rng(Node, tag=6):
    seed: Number


class _Step(Node, tag=7):
    name: str


class _Opaque(Node, tag=8):
    type_name: str


SCALARS = frozenset((type(None), bool, int, float, str))
Value: TypeAlias = (
    bool | int | float | str
    | Handle | Callback | _Array | _List | _Tuple | _Dict | _Rng | _Step | _Opaque | None
)  # fmt: skip
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Value)


# --- From a value to bytes ------------------------------------------------------------------------


def encode(value: Any, most: tuple[int, int] = QUESTION) -> tuple[bytes, bytes]:
    """Return the MessagePack and the raw bytes of a plain value.

    Parameters
    ----------
    most : bytes of its MessagePack, and of its arrays

    Raises
    ------
    WireError : for a value that cannot cross

    >>> encode([1, (2.5, None)])[0].hex(" ")
    '92 03 92 01 92 04 92 cb 40 04 00 00 00 00 00 00 c0'
    """
    chunks: list[bytes] = []
    node = _node(value, chunks, EXCHANGE.frame_depth)
    try:
        text = _ENCODER.encode(node)
    except OverflowError:
        raise WireError("an integer of more than 64 bits cannot cross") from None
    raw = b"".join(chunks)
    if len(text) > most[0] or len(raw) > most[1]:
        raise WireError(f"value too large to send: {len(text)} + {len(raw)} bytes")
    return text, raw


def _node(value: Any, chunks: list[bytes], depth: int) -> Value:
    kind = type(value)
    if depth < 0:
        raise WireError("value nested too deeply to send")
    if kind is str:
        return _text(value)
    if kind in SCALARS:
        return value
    if kind is np.ndarray:
        name = NAMES.get(value.dtype.newbyteorder("="))
        if name is not None and is_small(value.shape):
            chunks.append(value.astype(value.dtype.newbyteorder("<"), copy=False).tobytes())
            return _Array(name, value.shape)
    if kind is list:
        return _List([_node(item, chunks, depth - 1) for item in value])
    if kind is tuple:
        return _Tuple([_node(item, chunks, depth - 1) for item in value])
    if kind is dict:
        if len(value) > EXCHANGE.value_keys:
            raise WireError(f"a dictionary of {len(value)} items cannot cross")
        return _Dict([(_key(key), _node(item, chunks, depth - 1)) for key, item in value.items()])
    if kind is Rng:
        return _Rng(_number(value.seed))
    if kind is Step:
        return _Step(_text(value.name))
    if kind is Opaque:
        return _Opaque(_text(value.type_name))
    if kind is Handle or kind is Callback:
        _number(value.number)
        return value
    raise WireError(f"a {kind.__name__} cannot cross")


def _key(key: Any) -> bool | int | str:
    if type(key) is str:
        return _text(key)
    if type(key) not in (int, bool):
        raise WireError(f"a key of type {type(key).__name__} cannot cross")
    return key


def _number(number: Any) -> int:
    if type(number) is not int or not 0 <= number < MAX_NUMBER:
        raise WireError("the number of a generator, a handle or a callback is out of range")
    return number


def _text(text: str) -> str:
    # Python's texts can hold half a surrogate pair, which no file can be written with.
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# --- From bytes to a value ------------------------------------------------------------------------


def decode(text: bytes | memoryview, raw: bytes | memoryview, deadline: float | None = None) -> Any:
    """Return the value that was encoded; the inverse of `encode`.

    Raises
    ------
    WireError : for anything that `encode` cannot have written; `TooLate` after the deadline
    """
    reader = _Reader(raw, math.inf if deadline is None else deadline)
    try:
        value = reader.read(_DECODER.decode(text), EXCHANGE.frame_depth)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as failure:
        raise WireError(f"not an encoded value: {type(failure).__name__}") from None
    if reader.position != len(raw):
        raise WireError("bytes left over")
    return value


class _Reader:
    def __init__(self, raw: bytes | memoryview, deadline: float) -> None:
        self.raw, self.deadline = raw, deadline
        self.position, self.items = 0, 0

    def read(self, node: Value, depth: int) -> Any:
        if isinstance(node, _Array):
            return self.array(node)
        if isinstance(node, _List):
            return self.all(node.items, depth - 1)
        if isinstance(node, _Tuple):
            return tuple(self.all(node.items, depth - 1))
        if isinstance(node, _Dict):
            keys = [key for key, _ in node.items]
            values = self.all([item for _, item in node.items], depth - 1)
            result = dict(zip(keys, values, strict=True))
            if len(result) < len(keys):
                raise WireError("a key twice in a dictionary")
            return result
        if isinstance(node, _Rng):
            return Rng(node.seed)
        if isinstance(node, _Step):
            return Step(node.name[:200])
        if isinstance(node, _Opaque):
            return Opaque(node.type_name[:200])
        return node  # a scalar, a handle or a callback

    def all(self, nodes: Sequence[Value], depth: int) -> list[Any]:
        self.items += len(nodes)
        if (nodes and depth < 0) or self.items > EXCHANGE.frame_items:
            raise WireError("nested too deeply or too many items")
        if time.monotonic() > self.deadline:
            raise TooLate("no time left to read what arrived")
        return [node if type(node) in SCALARS else self.read(node, depth) for node in nodes]

    def array(self, node: _Array) -> np.ndarray:
        dtype = DTYPES.get(node.dtype)
        if dtype is None:
            raise WireError("array dtype refused")
        if not is_small(node.shape):
            raise WireError("array shape refused")
        entries = math.prod(node.shape)
        size = entries * dtype.itemsize
        if size > len(self.raw) - self.position:
            raise WireError("array larger than what was sent")
        array = np.frombuffer(self.raw, dtype.newbyteorder("<"), entries, self.position)
        self.position += size
        if dtype.kind == "b" and bool(np.any(array.view(np.uint8) > 1)):
            raise WireError("boolean array with other values")
        return array.astype(dtype).reshape(node.shape)


# --- Frames on a socket ---------------------------------------------------------------------------


class Connection:
    """One end of a socket, of which as much is read as has arrived: often several frames."""

    def __init__(self, end: socket.socket) -> None:
        self.socket = end
        self._ahead = bytearray()
        self._arrival, self._room = select.poll(), select.poll()
        self._arrival.register(end, select.POLLIN)
        self._room.register(end, select.POLLOUT)

    def fileno(self) -> int:
        """Return its number in this process."""
        return self.socket.fileno()

    def close(self) -> None:
        """Close this end."""
        self.socket.close()

    def send(self, data: bytes, deadline: float | None) -> None:
        """Send all of it; see `send_frame`."""
        left = memoryview(data)
        try:
            while left:
                try:
                    left = left[self.socket.send(left, socket.MSG_DONTWAIT) :]
                except BlockingIOError:
                    if not self._room.poll(_milliseconds(deadline)):
                        raise TooLate("the other end does not read") from None
        except OSError as failure:
            raise Closed(f"the other end has gone: {failure.strerror}") from None

    def take(self, size: int, deadline: float | None) -> bytearray:
        """Return so many bytes, as soon as they have arrived; see `receive`."""
        while len(self._ahead) < size:
            if self.socket.fileno() < 0:
                raise Closed("this end was closed")
            # Grows with what arrives, so an announced length costs nothing by itself.
            more = min(max(size - len(self._ahead), AT_LEAST), AT_MOST)
            try:
                if not self._arrival.poll(_milliseconds(deadline)):
                    raise TooLate("no complete answer in time")
                chunk = self.socket.recv(more)
            except OSError as failure:
                raise Closed(f"the other end has gone: {failure.strerror}") from None
            if not chunk:
                raise Closed("the other end has gone")
            self._ahead += chunk
        if len(self._ahead) == size:  # no copy of what may be large
            taken, self._ahead = self._ahead, bytearray()
        else:
            taken = self._ahead[:size]
            del self._ahead[:size]
        return taken


def frame(value: Any, most: tuple[int, int] = QUESTION) -> bytes:
    """Return the frame of one value, for `send_frame`; see `encode`.

    Raises
    ------
    WireError : for a value that cannot cross
    """
    text, raw = encode(value, most)
    return HEADER.pack(len(text), len(raw)) + text + raw


def send(
    connection: Connection,
    value: Any,
    deadline: float | None = None,
    most: tuple[int, int] = QUESTION,
) -> None:
    """Send one value; see `frame`.

    Parameters
    ----------
    deadline : in `time.monotonic` seconds

    Raises
    ------
    WireError : when it cannot be sent, the other end has gone or does not read
    """
    send_frame(connection, frame(value, most), deadline)


def send_frame(connection: Connection, frame: bytes, deadline: float | None = None) -> None:
    """Send what `frame` returned; see `send`."""
    _milliseconds(deadline)
    connection.send(frame, deadline)


def receive(
    connection: Connection,
    deadline: float | None = None,
    most: tuple[int, int] = QUESTION,
) -> Any:
    """Receive one value; see `send`.

    Parameters
    ----------
    deadline : for all of it to arrive, and to be read
    most : bytes of its MessagePack, and of its arrays

    Raises
    ------
    WireError : `TooLate`, `Closed`, or for anything malformed
    """
    _milliseconds(deadline)
    text_size, raw_size = HEADER.unpack(connection.take(HEADER.size, deadline))
    if text_size > most[0] or raw_size > most[1]:
        raise WireError(f"frame refused: {text_size} + {raw_size} bytes announced")
    try:
        body = memoryview(connection.take(text_size + raw_size, deadline))
    except Closed as failure:
        raise Halfway(str(failure)) from None
    return decode(body[:text_size], body[text_size:], deadline)


def _milliseconds(deadline: float | None) -> int | None:
    """Return for how long to wait.

    Raises
    ------
    TooLate : the deadline has passed
    """
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TooLate("no time left")
    return math.ceil(left * 1000)
