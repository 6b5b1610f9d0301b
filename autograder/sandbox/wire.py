"""Frames and values between the trusted side and a child: the same code on both ends.

What arrives may have been written by anyone.  Nothing is unpickled or
evaluated; every size is checked before memory is asked for, and whatever does
not fit raises `WireError`.  To read a frame takes time and memory in proportion to its
length, and no longer than its deadline.  Knows neither exercises nor notebooks.

A frame is two lengths (JSON text, raw bytes; 32-bit big-endian), the JSON text
of one encoded value, and the bytes of its arrays, one after the other in the
order in which they stand in the JSON.
"""

from __future__ import annotations

import json
import math
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.base.limits import EXCHANGE
from autograder.catalogue.values import ARRAY_DTYPES, Opaque, Rng, Step, is_small

HEADER = struct.Struct("!II")
MAX_NUMBER = 2**64  # largest number of a seed, a handle or a callback
LONGEST_INTEGER = 20  # characters of an integer of 64 bits, with its sign
TAGS = frozenset(("array", "list", "tuple", "dict", "rng", "step", "opaque", "handle", "callback"))
ITEMS_BETWEEN_LOOKS = 1024  # values between two looks at the clock, while a frame is decoded
# The exit code of a child that finds its connection closed.
CLOSED_STATUS = 75
DTYPES = {dtype.name: dtype for dtype in ARRAY_DTYPES}


class WireError(Exception):
    """What arrived is not what the protocol allows, or did not arrive in time."""


class Closed(WireError):
    """The other end has gone."""


class Halfway(Closed):
    """The other end has gone in the middle of a frame."""


class TooLate(WireError):
    """Nothing complete arrived before the deadline."""


@dataclass(frozen=True)
class Handle:
    """An object that stays inside the child; only its number crosses."""

    number: int


@dataclass(frozen=True)
class Callback:
    """A function that stays on the trusted side; only its number crosses."""

    number: int


def encode(value: Any, raw_bytes: int = EXCHANGE.frame_raw_bytes) -> tuple[bytes, bytes]:
    """Return the JSON text and the raw bytes of a plain value.

    Parameters
    ----------
    raw_bytes : of all arrays together, at most

    Raises
    ------
    WireError : for a value that cannot cross

    >>> encode([1, (2.5, None)])
    (b'{"list":[1,{"tuple":[2.5,null]}]}', b'')
    """
    chunks: list[bytes] = []
    text = _JSON_OUT.encode(_encode(value, chunks, EXCHANGE.frame_depth)).encode()
    raw = b"".join(chunks)
    if len(text) > EXCHANGE.frame_text_bytes or len(raw) > raw_bytes:
        raise WireError(f"value too large to send: {len(text)} + {len(raw)} bytes")
    return text, raw


def _encode(value: Any, chunks: list[bytes], depth: int) -> Any:
    kind = type(value)
    if depth < 0:
        raise WireError("value nested too deeply to send")
    if value is None or kind in (bool, int, float, str):
        return value
    if kind is np.ndarray and value.dtype.name in DTYPES and is_small(value.shape):
        chunks.append(value.astype(value.dtype.newbyteorder("<"), copy=False).tobytes())
        return {"array": [value.dtype.name, list(value.shape)]}
    if kind in (list, tuple):
        return {kind.__name__: [_encode(item, chunks, depth - 1) for item in value]}
    if kind is dict:
        if len(value) > EXCHANGE.value_keys:
            raise WireError(f"a dictionary of {len(value)} items cannot cross")
        return {
            "dict": [
                [_encode_key(key), _encode(item, chunks, depth - 1)] for key, item in value.items()
            ]
        }
    if kind is Rng:
        return {"rng": _encode_number(value.seed)}
    if kind is Step:
        return {"step": value.name}
    if kind is Opaque:
        return {"opaque": value.type_name}
    if kind in (Handle, Callback):
        return {kind.__name__.lower(): _encode_number(value.number)}
    raise WireError(f"a {kind.__name__} cannot cross")


def _encode_key(key: Any) -> str | int:
    if type(key) not in (str, int, bool):
        raise WireError(f"a key of type {type(key).__name__} cannot cross")
    return key


def _encode_number(number: Any) -> int:
    if type(number) is not int or not 0 <= number < MAX_NUMBER:
        raise WireError("the number of a generator, a handle or a callback is out of range")
    return number


def decode(text: bytes, raw: bytes | memoryview, deadline: float | None = None) -> Any:
    """Return the value that was encoded; the inverse of `encode`.

    Raises
    ------
    WireError : for anything that `encode` cannot have written; `TooLate` after the deadline
    """
    try:
        node = _JSON_IN.decode(text.decode())
    except (ValueError, RecursionError) as failure:
        raise WireError(f"not JSON: {type(failure).__name__}") from None
    reader = _Reader(raw, math.inf if deadline is None else deadline)
    try:
        value = reader.read(node, EXCHANGE.frame_depth)
    except (TypeError, ValueError, OverflowError, KeyError, RecursionError) as failure:
        raise WireError(f"malformed value: {type(failure).__name__}") from None
    if reader.position != len(raw):
        raise WireError("bytes left over")
    return value


def _tagged(pairs: list[tuple[str, Any]]) -> tuple[str, Any]:
    # Refused while it is read: millions of empty objects would fill the memory.  A tuple, for
    # JSON has none, and a dictionary takes four times as much.
    if len(pairs) != 1 or pairs[0][0] not in TAGS:
        raise WireError("not an encoded value")
    return pairs[0]


def _integer(digits: str) -> int:
    # What takes the square of its length to read is not read.
    if len(digits) > LONGEST_INTEGER:
        raise WireError("integer out of range")
    return int(digits)


# Made once: `json.dumps` and `json.loads` would make one for every frame.
_JSON_OUT = json.JSONEncoder(separators=(",", ":"))
_JSON_IN = json.JSONDecoder(object_pairs_hook=_tagged, parse_int=_integer)


def _text(text: str) -> str:
    # JSON can spell half a surrogate pair, which no file can be written with.
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Reader:
    def __init__(self, raw: bytes | memoryview, deadline: float) -> None:
        self.raw, self.deadline = raw, deadline
        self.position, self.items = 0, 0

    def read(self, node: Any, depth: int) -> Any:
        self.items += 1
        if depth < 0 or self.items > EXCHANGE.frame_items:
            raise WireError("nested too deeply or too many items")
        if not self.items % ITEMS_BETWEEN_LOOKS and time.monotonic() > self.deadline:
            raise TooLate("no time left to read what arrived")
        kind = type(node)
        if node is None or kind is bool or kind is float:
            return node
        if kind is str:
            return _text(node)
        if kind is int:
            if not -(2**63) <= node < 2**64:
                raise WireError("integer out of range")
            return node
        if kind is not tuple:
            raise WireError("not an encoded value")
        tag, content = node
        if tag == "array":
            return self.array(content)
        if tag in ("list", "tuple") and type(content) is list:
            items = [self.read(item, depth - 1) for item in content]
            return items if tag == "list" else tuple(items)
        if tag == "dict" and type(content) is list:
            return self.dictionary(content, depth)
        if tag in ("opaque", "step") and type(content) is str:
            return {"opaque": Opaque, "step": Step}[tag](_text(content[:200]))
        if (
            tag in ("rng", "handle", "callback")
            and type(content) is int
            and 0 <= content < MAX_NUMBER
        ):
            return {"rng": Rng, "handle": Handle, "callback": Callback}[tag](content)
        raise WireError("unknown kind of value")

    def dictionary(self, content: list[Any], depth: int) -> dict[Any, Any]:
        # Few keys, of types whose hashes spread: keys can be chosen so that their hashes collide,
        # and then each insertion takes time in proportion to their number.
        if len(content) > EXCHANGE.value_keys:
            raise WireError("too many keys in a dictionary")
        result = {}
        for pair in content:
            if type(pair) is not list or len(pair) != 2:
                raise WireError("malformed dictionary")
            if type(pair[0]) not in (str, int, bool):
                raise WireError("a key that is neither text nor an integer nor a boolean")
            key = self.read(pair[0], 0)
            if key in result:
                raise WireError("a key twice in a dictionary")
            result[key] = self.read(pair[1], depth - 1)
        return result

    def array(self, content: Any) -> np.ndarray:
        if type(content) is not list or len(content) != 2:
            raise WireError("malformed array header")
        name, shape = content
        if type(name) is not str or name not in DTYPES:
            raise WireError("array dtype refused")
        if type(shape) is not list or len(shape) > EXCHANGE.array_dimensions:
            raise WireError("array shape refused")
        most = EXCHANGE.frame_raw_bytes
        if any(type(length) is not int or not 0 <= length <= most for length in shape):
            raise WireError("array shape refused")
        if not is_small(shape):
            raise WireError("array shape refused")
        dtype, entries = DTYPES[name], math.prod(shape)
        size = entries * dtype.itemsize
        if size > len(self.raw) - self.position:
            raise WireError("array larger than what was sent")
        stored = dtype.newbyteorder("<")
        array = np.frombuffer(self.raw, stored, entries, self.position)
        self.position += size
        if dtype.kind == "b" and bool(np.any(array.view(np.uint8) > 1)):
            raise WireError("boolean array with other values")
        return array.astype(dtype).reshape(shape)


def frame(value: Any, raw_bytes: int = EXCHANGE.frame_raw_bytes) -> bytes:
    """Return the frame of one value, for `send_frame`; see `encode`.

    Raises
    ------
    WireError : for a value that cannot cross
    """
    text, raw = encode(value, raw_bytes)
    return HEADER.pack(len(text), len(raw)) + text + raw


def send(connection: socket.socket, value: Any, deadline: float | None = None) -> None:
    """Send one value; `deadline` is in `time.monotonic` seconds.

    Raises
    ------
    WireError : when it cannot be sent, the other end has gone or does not read
    """
    send_frame(connection, frame(value), deadline)


def send_frame(connection: socket.socket, frame: bytes, deadline: float | None = None) -> None:
    """Send what `frame` returned; see `send`."""
    try:
        connection.settimeout(_left(deadline))
        connection.sendall(frame)
    except TimeoutError:
        raise TooLate("the other end does not read") from None
    except OSError as failure:
        raise Closed(f"the other end has gone: {failure.strerror}") from None


def receive(
    connection: socket.socket,
    deadline: float | None = None,
    raw_bytes: int = EXCHANGE.frame_raw_bytes,
) -> Any:
    """Receive one value; see `send`.

    Parameters
    ----------
    deadline : for all of it to arrive, and to be read
    raw_bytes : of all arrays together, at most

    Raises
    ------
    WireError : `TooLate`, `Closed`, or for anything malformed
    """
    header = _receive_exactly(connection, HEADER.size, deadline)
    text_size, raw_size = HEADER.unpack(header)
    if text_size > EXCHANGE.frame_text_bytes or raw_size > raw_bytes:
        raise WireError(f"frame refused: {text_size} + {raw_size} bytes announced")
    try:
        body = memoryview(_receive_exactly(connection, text_size + raw_size, deadline))
    except Closed as failure:
        raise Halfway(str(failure)) from None
    return decode(bytes(body[:text_size]), body[text_size:], deadline)


def _receive_exactly(connection: socket.socket, size: int, deadline: float | None) -> bytearray:
    # Grows with what arrives, so an announced length costs nothing by itself.
    received = bytearray()
    while len(received) < size:
        try:
            connection.settimeout(_left(deadline))
            chunk = connection.recv(min(size - len(received), 1 << 20))
        except TimeoutError:
            raise TooLate("no complete answer in time") from None
        except OSError as failure:
            raise Closed(f"the other end has gone: {failure.strerror}") from None
        if not chunk:
            raise Closed("the other end has gone")
        received += chunk
    return received


def _left(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TooLate("no time left")
    return left
