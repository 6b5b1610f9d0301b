"""What crosses between the trusted side and a child, and everything that may not."""

from __future__ import annotations

import contextlib
import math
import os
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from autograder.base.limits import EXCHANGE
from autograder.catalogue.values import ARRAY_DTYPES, Opaque, Rng
from autograder.sandbox import wire

Hostile = Callable[[int], tuple[bytes, bytes]]

packed = msgspec.msgpack.encode
HANDLE, CALLBACK, ARRAY, LIST, TUPLE, DICT, RNG, STEP, OPAQUE = range(9)  # the tags of nodes

SOON = 0.05  # a deadline for what never comes; no assertion depends on it

numbers = st.integers(min_value=-(2**63), max_value=2**64 - 1)
scalars = st.one_of(st.none(), st.booleans(), numbers, st.floats(), st.text(max_size=30))
arrays = st.sampled_from(ARRAY_DTYPES).flatmap(
    lambda dtype: npst.arrays(dtype, npst.array_shapes(min_dims=0, max_dims=4, min_side=0))
)
references = st.one_of(
    st.builds(Rng, st.integers(0, 2**63)),
    st.builds(Opaque, st.text(max_size=200)),
    st.builds(wire.Handle, st.integers(0, 2**31)),
    st.builds(wire.Callback, st.integers(0, 2**31)),
)
keys = st.one_of(st.text(max_size=10), numbers, st.booleans())
plain_values = st.recursive(
    st.one_of(scalars, arrays, references),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(keys, inner, max_size=4),
    ),
    max_leaves=12,
)


def same(one: Any, other: Any) -> bool:
    """Tell whether two plain values agree in type, dtype, shape, order and every bit."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return (
            one.dtype == other.dtype
            and one.shape == other.shape
            and one.tobytes() == other.tobytes()
        )
    if isinstance(one, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one), list(other)) and same(list(one.values()), list(other.values()))
    return one == other


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield wire.Connection(ours), wire.Connection(theirs)


def refused(text: bytes, raw: bytes = b"") -> str:
    """Decode what must not be decodable, and return the reason."""
    with pytest.raises(wire.WireError) as failure:
        wire.decode(text, raw)
    return str(failure.value)


# --- What crosses ---------------------------------------------------------------------------------


@settings(deadline=None)
@given(plain_values)
def test_every_plain_value_comes_back_as_it_was(value):
    assert same(wire.decode(*wire.encode(value)), value)


@pytest.mark.parametrize("dtype", ARRAY_DTYPES, ids=lambda dtype: dtype.name)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (1,) * 8])
def test_arrays_of_every_kind_and_shape_come_back(dtype, shape):
    array = np.arange(math.prod(shape)).astype(dtype).reshape(shape)
    assert same(wire.decode(*wire.encode(array)), array)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=">i4").reshape(2, 3), np.arange(6.0, dtype=">f8")[::2],
        np.arange(6.0).reshape(2, 3).T, np.arange(24.0).reshape(2, 3, 4)[:, ::-1, 1::2],
        np.broadcast_to(1.5, (3, 4)), np.asfortranarray(np.eye(3)),
    ],
    ids=["big-endian", "strided", "transposed", "reversed", "broadcast", "fortran"],
)  # fmt: skip
def test_memory_layout_and_byte_order_do_not_cross(array):
    arrived = wire.decode(*wire.encode(array))
    assert np.array_equal(arrived, array)
    assert arrived.dtype.isnative
    assert arrived.flags.c_contiguous
    assert arrived.flags.writeable


def test_not_a_number_and_the_infinities_cross():
    special = [math.nan, math.inf, -math.inf, -0.0]
    arrived = wire.decode(*wire.encode([*special, np.array(special)]))
    assert same(arrived, [*special, np.array(special)])
    assert math.copysign(1, arrived[3]) == -1


def test_nesting_crosses_up_to_the_limit_and_no_further():
    value: Any = 1.0
    for _ in range(EXCHANGE.frame_depth):
        value = [value]
    assert wire.decode(*wire.encode(value)) == value
    with pytest.raises(wire.WireError, match="too deeply"):
        wire.encode([value])
    assert "too deeply" in refused(b"\x92\x03\x91" * (EXCHANGE.frame_depth + 1) + b"\xc0")


def test_half_a_surrogate_pair_arrives_as_something_that_a_file_can_hold():
    text, raw = wire.encode(["half \ud800", {"key \udfff": Opaque("\ud800")}])
    line, keyed = wire.decode(text, raw)
    assert line == "half �"
    for written in (line, *keyed, keyed["key �"].type_name):
        written.encode("utf-8")


@pytest.mark.parametrize(
    "value",
    [
        np.array([object()]), np.array(["text"]), np.zeros(2, complex), np.zeros(2, "M8[s]"),
        np.zeros(2, [("a", float)]), np.matrix([[1.0]]), np.float64(1.0), b"bytes", {1, 2}, print,
        1j, {0.5: 1}, {None: 1}, {(1, 2): 1}, {Rng(1): 1}, 2**64, -(2**63) - 1, {2**64: 1},
        dict.fromkeys(range(EXCHANGE.value_keys + 1)), np.zeros((1 << 26, 0), bool),
    ],
    ids=lambda value: type(value).__name__ + str(getattr(value, "dtype", "")),
)  # fmt: skip
def test_what_is_not_plain_is_not_sent(value):
    with pytest.raises(wire.WireError, match="cannot cross"):
        wire.encode(value)


def test_what_is_too_large_is_not_sent():
    with pytest.raises(wire.WireError, match="too large"):
        wire.encode("x" * (EXCHANGE.frame_text_bytes + 1))
    with pytest.raises(wire.WireError, match="too large"):
        wire.encode(np.zeros(EXCHANGE.frame_raw_bytes + 1, np.uint8))


# --- What is refused ------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=40))
def test_random_bytes_are_refused_or_read_but_never_raise_anything_else(text, raw):
    with contextlib.suppress(wire.WireError):
        wire.decode(text, raw)


nodes = st.recursive(
    st.one_of(scalars, st.binary(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(max_size=2), inner, max_size=2),
        st.tuples(st.integers(0, 9), inner),
        st.tuples(st.sampled_from([LIST, TUPLE, DICT]), st.lists(inner, max_size=4)),
        st.tuples(st.just(DICT), st.lists(st.tuples(inner, inner), max_size=3)),
        st.tuples(st.just(ARRAY), st.sampled_from([dtype.name for dtype in ARRAY_DTYPES]), inner),
    ),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None)
@given(nodes, st.binary(max_size=40))
def test_any_message_is_refused_or_read_but_never_raises_anything_else(node, raw):
    with contextlib.suppress(wire.WireError):
        wire.decode(packed(node), raw)


@settings(max_examples=150, deadline=None)
@given(plain_values, st.data())
def test_a_damaged_frame_is_refused_or_read_but_never_raises_anything_else(value, data):
    text, raw = wire.encode(value)
    frame = bytearray(wire.HEADER.pack(len(text), len(raw)) + text + raw)
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(frame)
        theirs.close()
        with contextlib.suppress(wire.WireError):
            wire.receive(wire.Connection(ours), time.monotonic() + 10)


EIGHT, LARGEST = b"\0" * 8, b"\xff" * 4


@pytest.mark.parametrize(
    ("node", "raw"),
    [
        ([], b""), ([CALLBACK], b""), ({}, b""), ([9, 1], b""), ([-1, 1], b""),
        ({"list": [1]}, b""), (["list", [1]], b""), ([None, [1]], b""), ([3.0, [1]], b""),
        ([True, [1]], b""),
        ([LIST], b""), ([LIST, [1], [2]], b""), ([LIST, 1], b""), ([LIST, None], b""),
        ([LIST, "ab"], b""), ([LIST, {"a": 1}], b""), ([TUPLE, {}], b""), (b"bytes", b""),
        ([LIST, [b"bytes"]], b""), ([LIST, [{}]], b""), ([LIST, [[]]], b""),
        ([DICT, [["a", 1], ["a", 2]]], b""), ([DICT, [[1, 1], [True, 2]]], b""),
        ([DICT, [["a"]]], b""), ([DICT, [["a", 1, 2]]], b""), ([DICT, ["ab"]], b""),
        ([DICT, {"a": 1}], b""), ([DICT, [[[ARRAY, "uint8", [0]], 1]]], b""),
        *(
            ([DICT, [[key, 1]]], b"")
            for key in (
                *(None, 1.0, math.nan, b"a", [], [LIST, []], [TUPLE, [1, 2]]),
                *([HANDLE, 1], [CALLBACK, 1], [RNG, 1], [OPAQUE, "a"], [STEP, "a"]),
            )
        ),
        ([DICT, [[key, 1] for key in range(1001)]], b""),
        *(
            ([kind, number], b"")
            for kind in (RNG, HANDLE, CALLBACK)
            for number in (-1, 1e3, 1.0, "1", True, None, [1], b"1")
        ),
        *(([kind, name], b"") for kind in (OPAQUE, STEP) for name in (1, None, b"a", ["a"])),
        ([ARRAY, "bool", [67108864, 0]], b""), ([LIST, [[ARRAY, "bool", [67108864, 0]]]], b""),
        ([ARRAY, "uint8", [101, 0, 101]], b""), ([ARRAY, "object", [1]], EIGHT),
        ([ARRAY, "O", [1]], EIGHT), ([ARRAY, "float64,float64", [1]], EIGHT * 2),
        ([ARRAY, "complex128", [1]], EIGHT * 2), ([ARRAY, 1, [1]], EIGHT),
        ([ARRAY, [LIST, []], [1]], EIGHT), ([ARRAY, "float64", [10**12]], EIGHT),
        ([ARRAY, "float64", [-1]], EIGHT), ([ARRAY, "float64", [-1, -1]], EIGHT),
        ([ARRAY, "float64", [True]], EIGHT), ([ARRAY, "float64", [1.0]], EIGHT),
        ([ARRAY, "float64", [math.nan]], EIGHT), ([ARRAY, "float64", ["1"]], EIGHT),
        ([ARRAY, "float64", [1] * 9], EIGHT), ([ARRAY, "float64", [0, 60000000, 60000000]], b""),
        ([ARRAY, "float64", [0, 10**12]], b""), ([ARRAY, "float64", 1], EIGHT),
        ([ARRAY, "float64"], EIGHT), ([ARRAY, "float64", [1], "C"], EIGHT),
        ([ARRAY, "float64", [2]], EIGHT), ([ARRAY, "float64", [1]], EIGHT * 2),
        ([LIST, [[ARRAY, "float64", [1]], [ARRAY, "float64", [1]]]], EIGHT),
        ([ARRAY, "bool", [1]], b"\2"), (None, b"left over"),
        ([LIST, [1] * (EXCHANGE.frame_items + 1)], b""),
    ],
    ids=lambda part: ascii(part)[:40],
)  # fmt: skip
def test_what_nobody_can_have_encoded_is_refused(node, raw):
    refused(packed(node), raw)


@pytest.mark.parametrize(
    "text",
    [
        *(
            b"",
            b"\xc1",
            b"\xc0\xc0",
            b"\xa2\xc3(",
            b"\xa3\xed\xa0\x80",
            b"\xa5abc",
            b"\xcb\0",
            b"\x92",
        ),
        *(b"\xd4\x01a", b"\xd6\xff\0\0\0\0", b"\xc7\x0c\xff" + b"\0" * 12, b"\xc4\x01a", b"\x80"),
        *(b"\xdb" + LARGEST, b"\xdd" + LARGEST, b"\xdf" + LARGEST, b"\xc6" + LARGEST),
        *(b"\x92\x03\xdd" + LARGEST, b"\x92\x05\xdd" + LARGEST, b"\x93\x02\xdb" + LARGEST),
        *(b"\x91" * 500_000, b"\x92\x03\x91" * 100_000, b"\xdd" * 100_000, b"\x81" * 100_000),
    ],
    ids=lambda text: ascii(text[:16]),
)
def test_bytes_that_are_no_message_of_these_types_are_refused(text):
    refused(text)


def peak_memory(text: bytes, raw: bytes = b"") -> int:
    tracemalloc.start()
    try:
        refused(text, raw)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "text",
    [
        b"\x92\x03\xdd" + LARGEST + b"\x80" * 1_000_000, packed([ARRAY, "float64", [8000000]]),
        packed([ARRAY, "float64", [10**12]]), packed([ARRAY, "float64", [0, 60000000, 60000000]]),
        b"\x91" * (EXCHANGE.frame_text_bytes - 1), b"\x92\x03\xdd" + LARGEST,
    ],
    ids=["empty-maps", "fits-the-limit", "huge", "empty-but-wide", "deep", "announced"],
)  # fmt: skip
def test_refusing_takes_little_memory(text):
    assert peak_memory(text) < 40 << 20


# --- Time and memory in proportion to the length --------------------------------------------------


def sized(count: int, tag: int = LIST) -> bytes:
    """Return how a list of so many items begins, or what else has items."""
    return bytes([0x92, tag, 0xDD]) + count.to_bytes(4, "big")


def repeated(part: bytes) -> Hostile:
    """Return a maker of frames of about so many bytes that are one part again and again."""

    def make(size: int) -> tuple[bytes, bytes]:
        count = max(1, size // len(part))
        return sized(count) + part * count, b""

    return make


def of(node: Any) -> Hostile:
    """Return a maker of frames that are one node again and again."""
    return repeated(packed(node))


def numbered(kind: int, step: int) -> Hostile:
    """Return a maker of frames of dictionaries whose keys are that far apart."""

    def make(size: int) -> tuple[bytes, bytes]:
        numbers = [step * i % 2**63 for i in range(size // 15)]
        keys = numbers if kind == DICT else [[kind, number] for number in numbers]
        return packed([DICT, [[key, 1] for key in keys]]), b""

    return make


def in_pieces(step: int, count: int = EXCHANGE.value_keys) -> Hostile:
    """Return a maker of lists of dictionaries with as many keys as are allowed."""
    return of([DICT, [[step * i % 2**63, 1] for i in range(count)]])


HOSTILE = {
    "handles as keys": numbered(HANDLE, 2**61 - 1),
    "callbacks as keys": numbered(CALLBACK, 2**61 - 1),
    "generators as keys": numbered(RNG, 2**61 - 1),
    "integers as keys": numbered(DICT, 2**45), "dictionaries, far apart": in_pieces(2**45),
    "dictionaries, by the prime": in_pieces(2**61 - 1, 4), "dictionaries, dense": in_pieces(1),
    "small dictionaries": of([DICT, [["a", 1]]]), "empty dictionaries": of([DICT, []]),
    "maps": of({}), "maps of one": of({"a": 1}), "empty arrays": of([]),
    "empty lists": of([LIST, []]), "empty tuples": of([TUPLE, []]), "unknown nodes": of([9, 1]),
    "nothing": of(None), "numbers": of(1), "large numbers": of(2**63), "floats": of(1.5),
    "short floats": repeated(b"\xca\0\0\0\0"), "one letter": of("é"), "texts": of("ab"),
    "tiny arrays": of([ARRAY, "bool", [0]]), "handles": of([HANDLE, 1]), "names": of([OPAQUE, ""]),
    "arrays of eight axes": of([ARRAY, "bool", [0, 1, 1, 1, 1, 1, 1, 10000]]),
    "arrays of many axes": of([ARRAY, "bool", [1] * 1000]),
    "nested lists": of([LIST, [[LIST, [[LIST, [1]]]]]]), "bytes": of(b"ab"),
    "times": repeated(b"\xd6\xff\0\0\0\0"), "broken texts": repeated(b"\xa3\xed\xa0\x80"),
    "pairs": lambda size: (sized(size // 3, DICT) + b"\x92\0\0" * (size // 3), b""),
    "depth": lambda size: (b"\x92\x03\x91" * (size // 3), b""),
    "brackets": lambda size: (b"\x91" * size, b""),
    "long heads": lambda size: (b"\xdd" * size, b""),
    "a text": lambda size: (packed("é" * (size // 2)), b""),
    "a key": lambda size: (packed([DICT, [["k" * size, 1]]]), b""),
    "a tag": lambda size: (packed(["k" * size, 1]), b""),
    "a name": lambda size: (packed([ARRAY, "k" * size, [1]]), b""),
    "booleans": lambda size: (packed([ARRAY, "bool", [size]]), b"\1" * size),
}  # fmt: skip


def read(text: bytes, raw: bytes) -> tuple[float, int]:
    """Return the seconds of processor time, and the bytes, that it takes to read or refuse."""
    started = time.process_time()
    with contextlib.suppress(wire.WireError):
        wire.decode(text, raw)
    seconds = time.process_time() - started
    tracemalloc.start()
    with contextlib.suppress(wire.WireError):
        wire.decode(text, raw)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, most


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_it_takes_to_read_a_frame_is_in_proportion_to_its_length(kind):
    """What took the square of it would take minutes."""
    text, raw = HOSTILE[kind](400_000)
    seconds, most = read(text, raw)
    assert seconds < 4, kind
    assert most < (1 << 20) + 60 * (len(text) + len(raw)), kind


parts = st.recursive(
    st.one_of(
        st.sampled_from([1, 1.5, math.nan, None, True, "a", [RNG, 1], {}]).map(packed),
        st.sampled_from(list(HOSTILE)).map(lambda kind: HOSTILE[kind](60)[0]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5).map(lambda items: sized(len(items)) + b"".join(items)),
        st.lists(st.tuples(st.one_of(st.integers(0, 99).map(packed), inner), inner)).map(
            lambda pairs: sized(len(pairs), DICT) + b"".join(b"\x92%s%s" % pair for pair in pairs)
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(parts, st.integers(10, 50_000))
def test_no_part_of_a_frame_costs_more_the_more_often_it_stands_there(part, size):
    text, raw = repeated(part)(size)
    seconds, most = read(text, raw)
    assert seconds < 2 + 20e-6 * len(text), part
    assert most < (1 << 20) + 100 * len(text), part


def test_reading_ends_at_the_deadline():
    text, raw = of([LIST, [1]])(EXCHANGE.frame_items)
    with pytest.raises(wire.TooLate):
        wire.decode(text, raw, time.monotonic() - 1)
    assert len(wire.decode(text, raw, time.monotonic() + 600)) > 1000


@pytest.mark.parametrize("sizes", [(101, 0), (1, 101)])
def test_what_arrives_may_be_held_to_fewer_bytes(pair, sizes):
    ours, theirs = pair
    theirs.socket.sendall(wire.HEADER.pack(*sizes) + b"10")
    with pytest.raises(wire.WireError, match="refused"):
        wire.receive(ours, time.monotonic() + 30, most=(100, 100))
    with pytest.raises(wire.WireError, match="too large"):
        wire.frame("x" * 100, most=(100, 100))
    with pytest.raises(wire.WireError, match="too large"):
        wire.frame(np.zeros(101, np.uint8), most=(100, 100))


def test_an_answer_may_hold_less_than_a_question():
    text = "x" * EXCHANGE.answer_text_bytes
    assert wire.decode(*wire.encode(text)) == text
    with pytest.raises(wire.WireError, match="too large"):
        wire.encode(text, wire.ANSWER)


# --- Frames on a socket ---------------------------------------------------------------------------


def test_frames_arrive_one_after_the_other(pair):
    ours, theirs = pair
    for value in (1, {"a": np.eye(2)}, None):
        wire.send(theirs, value)
    assert wire.receive(ours) == 1
    assert np.array_equal(wire.receive(ours)["a"], np.eye(2))
    assert wire.receive(ours) is None


def test_a_frame_that_arrives_in_single_bytes_is_read(pair):
    ours, theirs = pair
    text, raw = wire.encode([1, np.arange(3)])

    def drip() -> None:
        for byte in wire.HEADER.pack(len(text), len(raw)) + text + raw:
            theirs.socket.sendall(bytes([byte]))

    sender = threading.Thread(target=drip)
    sender.start()
    assert same(wire.receive(ours, time.monotonic() + 30), [1, np.arange(3)])
    sender.join()


@pytest.mark.parametrize("sizes", [(1 << 30, 0), (0, 1 << 30), (2**32 - 1, 2**32 - 1)])
def test_a_huge_frame_is_refused_when_it_is_announced(pair, sizes):
    ours, theirs = pair
    theirs.socket.sendall(wire.HEADER.pack(*sizes) + b"x" * 100)
    with pytest.raises(wire.WireError, match="refused"):
        wire.receive(ours, time.monotonic() + 30)


def test_an_announced_frame_costs_no_memory_until_it_arrives(pair):
    ours, theirs = pair
    theirs.socket.sendall(wire.HEADER.pack(2, EXCHANGE.frame_raw_bytes) + b"10")
    tracemalloc.start()
    with pytest.raises(wire.TooLate):
        wire.receive(ours, time.monotonic() + SOON)
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("start", [b"", b"\0", wire.HEADER.pack(1000, 0), wire.HEADER.pack(4, 9)])
def test_half_a_frame_and_then_silence_ends_at_the_deadline(pair, start):
    ours, theirs = pair
    theirs.socket.sendall(start)
    with pytest.raises(wire.TooLate):
        wire.receive(ours, time.monotonic() + SOON)


@pytest.mark.parametrize("start", [b"", b"\0", wire.HEADER.pack(1000, 0), wire.HEADER.pack(4, 9)])
def test_half_a_frame_and_then_the_end_is_told_apart(pair, start):
    ours, theirs = pair
    theirs.socket.sendall(start)
    theirs.close()
    with pytest.raises(wire.Closed):
        wire.receive(ours)


def test_a_deadline_that_has_passed_is_too_late_even_for_what_is_there(pair):
    ours, theirs = pair
    wire.send(theirs, 1)
    with pytest.raises(wire.TooLate):
        wire.receive(ours, time.monotonic() - 1)


def test_sending_to_one_who_does_not_read_ends_at_the_deadline(pair):
    ours, _ = pair
    with pytest.raises(wire.TooLate):
        wire.send(ours, np.zeros(4_000_000), time.monotonic() + SOON)


def test_sending_to_one_who_has_gone_says_so(pair):
    ours, theirs = pair
    theirs.close()
    with pytest.raises(wire.Closed):
        wire.send(ours, np.zeros(4_000_000))


def test_descriptors_sent_along_are_not_accepted(pair):
    ours, theirs = pair
    text, raw = wire.encode("with a gift")
    with open("/dev/null") as gift:
        before = os.listdir("/proc/self/fd")
        frame = wire.HEADER.pack(len(text), len(raw)) + text
        socket.send_fds(theirs.socket, [frame], [gift.fileno()])
        assert wire.receive(ours) == "with a gift"
        assert os.listdir("/proc/self/fd") == before
