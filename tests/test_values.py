"""What an observation of a call holds, and what a value cannot do to whoever looks at it."""

from __future__ import annotations

import collections
import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.base.limits import EXCHANGE
from autograder.base.words import first_line, printable
from autograder.catalogue.values import (
    ARRAY_DTYPES,
    Observation,
    Opaque,
    RemoteFunction,
    Rng,
    Step,
    entries,
    extent,
    fresh,
    is_remote,
    most_made,
    observe,
    observe_here,
    plain,
    type_name,
)
from autograder.sandbox import wire

anything = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.complex_numbers(),
        st.text(),
        st.binary(max_size=20),
        st.sampled_from(
            [
                np.float64(1.5), np.bool_(True), np.longdouble(1), np.str_("text"),
                np.datetime64("2020-01-01"), np.array([object()], dtype=object),
                np.zeros((0, 10**12)), np.broadcast_to(0.0, (10**6, 10**6)), np.zeros(3, ">f4"),
                np.matrix([[1.0]]), print, int, Rng(1), Opaque("x"), Step("forward"),
            ]
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.lists(inner, max_size=5).map(tuple),
        st.dictionaries(st.one_of(st.text(), st.integers(), st.floats()), inner, max_size=5),
        st.lists(inner, max_size=3).map(collections.deque),
    ),
    max_leaves=15,
)  # fmt: skip


class _Array(np.ndarray):
    def __eq__(self, other: object) -> Any:
        return True


class _List(list):
    def __iter__(self) -> Any:
        raise AssertionError("asked")


class _Str(str):
    def __getitem__(self, key: Any) -> Any:
        raise AssertionError("asked")


# --- plain ----------------------------------------------------------------------------------------


@settings(deadline=None)
@given(anything)
def test_whatever_is_made_plain_can_cross_to_the_other_side(value):
    text, raw = wire.encode(plain(value))
    wire.decode(text, raw)


@pytest.mark.parametrize("value", [None, True, 0, -(2**63), 2**64 - 1, 1.5, math.inf, "text", ()])
def test_plain_values_stay_as_they_are(value):
    assert plain(value) == value
    assert type(plain(value)) is type(value)


def test_a_copy_shares_nothing_with_what_was_copied_and_has_this_machines_byte_order():
    array, inner = np.arange(3, dtype=">i4"), [1]
    copied = plain({"a": array, "b": (inner,)})
    array[:] = 7
    inner.append(2)
    assert (copied["a"].dtype, copied["a"].dtype.isnative) == (np.int32, True)
    assert (copied["a"].tolist(), copied["b"]) == ([0, 1, 2], ([1],))


@pytest.mark.parametrize("dtype", ARRAY_DTYPES, ids=lambda dtype: dtype.name)
def test_numpy_scalars_become_arrays_without_axes(dtype):
    copied = plain(dtype.type(1))
    assert type(copied) is np.ndarray
    assert (copied.shape, copied.dtype) == ((), dtype)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (np.zeros(2).view(_Array), "_Array"), (_List([1]), "_List"), (_Str("a"), "_Str"),
        (np.matrix([[1.0]]), "matrix"), (np.ma.masked_array([1.0]), "MaskedArray"),
        (collections.OrderedDict(a=1), "OrderedDict"), (b"bytes", "bytes"), (1j, "complex"),
        ({1}, "set"), (Observation(), "Observation"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)  # fmt: skip
def test_what_only_looks_plain_is_opaque_and_is_asked_nothing(value, name):
    assert plain(value) == Opaque(name)
    assert plain([value]) == [Opaque(name)]


def test_a_type_that_lies_about_its_name_is_not_asked_for_it():
    class Liar(type):
        @property
        def __name__(cls) -> Any:
            raise AssertionError("asked")

        def __getattribute__(cls, name: str) -> Any:
            raise AssertionError("asked")

    hidden = Liar("Hidden", (), {})
    assert plain(type.__call__(hidden)) == Opaque("Hidden")
    assert type_name(hidden) == "Hidden"


@pytest.mark.parametrize(
    "array",
    [
        np.array([None]), np.array(["a"]), np.zeros(1, complex), np.zeros(1, np.longdouble),
        np.zeros(1, [("a", float)]), np.zeros((0, 10**12)), np.zeros((1,) * 9),
        np.broadcast_to(0.0, (10**6, 10**6)),
        np.broadcast_to(np.uint8(0), (EXCHANGE.value_entries + 1,)), np.zeros((1 << 26, 0), bool),
        np.zeros((EXCHANGE.empty_entries + 1, 0)), np.zeros((101, 0, 101)),
    ],
    ids=lambda array: f"{array.dtype}-{array.ndim}",
)  # fmt: skip
def test_arrays_of_other_kinds_or_sizes_are_opaque_and_say_what_they_are(array):
    result = plain(array)
    assert type(result) is Opaque
    assert result.type_name.startswith(f"array of shape {array.shape}, ")


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, 10**4000])
def test_integers_that_cannot_cross_are_opaque_wherever_they_stand(value):
    assert plain(value) == Opaque("int of more than 64 bits")
    assert plain({value: 1}) == Opaque("dict with a key of more than 64 bits")


def test_text_and_all_arrays_and_lists_of_one_value_are_bounded():
    assert len(plain("x" * (EXCHANGE.value_text + 1))) == EXCHANGE.value_text
    array = np.zeros(EXCHANGE.value_bytes // 32)
    assert [type(item) for item in plain([array] * 6)] == [np.ndarray] * 4 + [Opaque] * 2
    wire.decode(*wire.encode(plain([[0] * 200 for _ in range(200)])))


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        *((key, key) for key in ("a", "", "\u00e9\U0001f600", 0, -1, 2**64 - 1, True)),
        *((np.int64(3), 3), (np.uint8(3), 3), (np.bool_(True), True), (np.str_("W1"), "W1")),
    ],
    ids=ascii,
)
def test_a_key_that_is_or_equals_text_an_integer_or_a_boolean_is_plain(key, kept):
    (copied,) = plain({key: 1})
    assert (copied, type(copied)) == (kept, type(kept))


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (0.5, "of type float"), (None, "of type NoneType"), ((1, 2), "of type tuple"),
        (b"a", "of type bytes"), (np.float64(1), "of type float64"), (_Str("b"), "of type _Str"),
        (Rng(1), "of type Rng"), (Opaque("a"), "of type Opaque"),
        ("x" * (EXCHANGE.value_text + 1), "that is too long or no valid text"),
        ("\ud800", "that is too long or no valid text"),
    ],
    ids=lambda part: ascii(part)[:20],
)  # fmt: skip
def test_a_dictionary_with_another_key_is_opaque_and_says_why(key, said):
    assert plain({"a": 1, key: 2}) == Opaque(f"dict with a key {said}")


def test_a_dictionary_of_many_keys_is_opaque():
    most = EXCHANGE.value_keys
    assert plain(dict.fromkeys(range(most), 0)) == dict.fromkeys(range(most), 0)
    assert plain(dict.fromkeys(range(most + 1), 0)) == Opaque(f"dict of {most + 1} items")


@pytest.mark.parametrize("shape", [(0,), (0, 7), (3, 0, 5), (EXCHANGE.empty_entries, 0)])
def test_an_empty_array_of_a_sensible_shape_is_plain(shape):
    assert plain(np.zeros(shape)).shape == shape


# --- How much a question asks for -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "count"),
    [
        (10**9, 10**9), (-(10**9), 10**9), (1e9, 10**9), (np.array(10**9), 10**9),
        (np.array([[10**9]]), 10**9), (np.array(2.5), 3), (math.inf, 1), (math.nan, 1), (True, 1),
        (0.001, 1), ("text", 4), (None, 1), (np.zeros((2, 3)), 6), (np.zeros((0, 9)), 9),
        ([1000.0, 1001], 2), ((np.zeros(3), [np.zeros(2)], 4), 6), ({"a": np.zeros(3)}, 4), ({}, 1),
        ([], 1), ("", 1), (0, 1),
    ],
    ids=ascii,
)  # fmt: skip
def test_an_argument_counts_for_what_it_holds_or_what_a_number_asks_for(argument, count):
    assert entries(argument) == count


@pytest.mark.parametrize(
    ("arguments", "most"),
    [
        ((), 1), ((5, 0.1), 5), ((np.zeros((0, 7)), np.zeros((3, 0))), 49),
        (([0] * 8, 10**5), 8 * 10**5), (("text", -5), 20), ((np.zeros(7),), 7),
        ((np.zeros((2, 7)), np.zeros(9)), 81), ((np.zeros((7, 1)), np.zeros((1, 7))), 49),
        (([[0] * 5] * 2,), 25), (([[[0]] * 3],), 27),
    ],
    ids=ascii,
)  # fmt: skip
def test_what_products_of_arrays_make_is_as_long_as_the_longest_along_each_axis(arguments, most):
    assert most_made(arguments) == most


def test_a_list_that_holds_itself_ends():
    endless: list[Any] = []
    endless += [endless, endless]
    wire.encode(plain(endless))


@pytest.mark.parametrize("kind", [list, tuple, lambda items: dict.fromkeys(items, 0)])
def test_too_many_items_are_counted_and_not_copied(kind):
    result = plain(kind(range(EXCHANGE.value_items + 1)))
    assert type(result) is Opaque
    assert str(EXCHANGE.value_items + 1) in result.type_name


def test_references_of_the_protocol_and_marks_with_wrong_contents_are_not_plain():
    assert plain([wire.Handle(1), wire.Callback(2)]) == [Opaque("Handle"), Opaque("Callback")]
    wrong: list[Any] = [Rng("0"), Opaque(7), Step(7)]  # type: ignore[arg-type]
    assert plain(wrong) == [Opaque("Rng"), Opaque("Opaque"), Opaque("Step")]


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), max_size=5))
def test_the_extent_counts_an_empty_axis_as_one(shape):
    assert extent(shape) == math.prod(length or 1 for length in shape)


# --- Observing a call -----------------------------------------------------------------------------


def test_a_call_is_seen_with_its_value_and_its_arguments():
    seen = observe_here(lambda z, factor: factor * z, (np.ones(2), 2.0))
    assert np.array_equal(seen.value, [2, 2])
    assert np.array_equal(seen.arguments[0], [1, 1])
    assert (seen.error, seen.arguments[1], seen.moved_global_random) == (None, None, False)


def test_a_changed_argument_is_seen_and_the_callers_own_is_untouched():
    mine = np.ones(2)
    assert np.array_equal(observe_here(lambda z: z.fill(0), (mine,)).arguments[0], [0, 0])
    assert np.array_equal(mine, [1, 1])


def test_each_call_gets_its_own_generator_with_the_same_seed():
    first, second = observe(lambda rng: rng.random(), [(Rng(3),), (Rng(3),)])
    assert first.value == second.value == np.random.default_rng(3).random()


def test_use_of_numpys_global_random_state_is_seen_and_of_pythons_is_not():
    assert observe_here(np.random.rand, ()).moved_global_random
    assert not observe_here(random.random, ()).moved_global_random


@pytest.mark.parametrize(
    "failure", [ValueError("why\nand more"), SystemExit("why"), KeyboardInterrupt("why")]
)
def test_an_exception_of_any_kind_is_an_observation(failure):
    def fail() -> None:
        raise failure

    seen = observe_here(fail, ())
    assert (seen.value, seen.error, seen.message) == (None, type(failure).__name__, "why")


def test_arithmetic_warnings_stay_in_the_call_and_other_arguments_are_passed_on():
    assert observe_here(lambda z: np.log(z), (np.zeros(1),)).value == -np.inf
    marker = object()
    assert fresh(marker) is marker


def test_a_remote_function_is_asked_and_what_claims_to_be_one_is_not():
    class Remote(RemoteFunction):
        def observe(self, calls: Any, watch_random: bool = True) -> list[Observation]:
            return [Observation("from afar")] * len(calls)

    class Impostor:
        __class__ = Remote  # type: ignore[assignment]

        def __call__(self) -> str:
            return "from here"

        def observe(self, calls: Any, watch_random: bool = True) -> list[Observation]:
            raise AssertionError("asked")

    assert is_remote(Remote())
    assert observe(Remote(), [(), ()])[1].value == "from afar"
    assert not is_remote(Impostor())
    assert observe(Impostor(), [()])[0].value == "from here"


# --- Text of strangers ----------------------------------------------------------------------------


class _Mute(Exception):
    def __str__(self) -> str:
        raise SystemExit


class _Sly(Exception):
    def __str__(self) -> str:
        return _Str("first\nsecond")


@pytest.mark.parametrize(
    ("failure", "line"),
    [
        (ValueError(), ""), (ValueError("\n\nlast"), ""), (ValueError("one\r\ntwo"), "one"),
        (ValueError("x" * 1000), "x" * 300),
        (ValueError("clear \x1b[2J screen"), "clear ?[2J screen"),
        (ValueError("\u202eright to left"), "?right to left"), (_Mute(), ""), (_Sly(), "first"),
    ],
    ids=["empty", "blank", "lines", "long", "escape", "reordered", "raising", "subclass"],
)  # fmt: skip
def test_the_first_line_of_an_exception_is_short_and_harmless(failure, line):
    assert first_line(failure) == line


@settings(deadline=None)
@given(st.text())
def test_printable_text_keeps_its_length_and_steers_nothing(text):
    shown = printable(text)
    assert len(shown) == len(text)
    assert shown.isprintable()
