"""The judge: points, messages, names of mistakes, and functions that mean no good."""

from __future__ import annotations

import builtins
import itertools
import random
import re
import sys
import threading
import tracemalloc
import warnings
from collections.abc import Sequence
from dataclasses import FrozenInstanceError, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from autograder.catalogue.model import Criterion, Exercise, Misconception, Specimen
from autograder.catalogue.values import (
    ANOTHER,
    FIRST,
    Observation,
    Opaque,
    RemoteFunction,
    Step,
    observe_here,
)
from autograder.judging.judge import Finding, Verdict, _value_problem, judge
from softmax_by_hand import EXERCISES
from softmax_by_hand.lecture import softmax

SOFTMAX = EXERCISES["softmax"]
SEEDS = range(5)


def numbers(rng):
    return [(rng.normal(size=int(rng.integers(3, 9))),) for _ in range(3)]


def make(reference, fixtures=numbers, **changes):
    """Return a small exercise around a reference: values, then purity."""
    exercise = Exercise(
        signature="example(x) -> something",
        reference=reference,
        criteria=(
            Criterion("values", 2.0, "It is as asked.", fixtures),
            Criterion("purity", 1.0, "It leaves x alone.", fixtures, aspect="purity"),
        ),
    )
    return replace(exercise, **changes)


def returning(value):
    return lambda *arguments: value


def gate_message(exercise, function, seed=0):
    return judge(exercise, function, seed).findings[0].message


def doubled(*names):
    """Return mistakes of these names, each of which gives twice what is asked for."""
    return tuple(Misconception(name, (lambda x: 2 * x,), "", "", "") for name in names)


every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda e: e.name)


class Elsewhere(RemoteFunction):
    """A function that runs elsewhere, for all the judge knows."""

    def __init__(self, function):
        self.function = function
        self.batches: list[Sequence[tuple]] = []

    def observe(self, calls, watch_random=True):
        self.batches.append(calls)
        return [observe_here(self.function, arguments) for arguments in calls]


# --- Points -----------------------------------------------------------------------------------


def test_right_function_earns_every_point_and_each_claim_is_repeated():
    verdict = judge(SOFTMAX, softmax)
    assert verdict.passed
    assert verdict.points == verdict.max_points == SOFTMAX.points
    assert verdict.findings == tuple(
        Finding(c.name, True, c.points, c.claim) for c in SOFTMAX.criteria
    )


def test_each_further_criterion_earns_its_own_share():
    def changes_its_argument(z):
        z -= z.max(axis=0)
        return softmax(z)

    verdict = judge(SOFTMAX, changes_its_argument)
    assert [f.passed for f in verdict.findings] == [True, True, True, False]
    assert verdict.points == SOFTMAX.points - SOFTMAX.criteria[-1].points
    assert not verdict.passed


def test_without_the_gate_nothing_counts():
    verdict = judge(SOFTMAX, lambda z: 2 * softmax(z))
    assert verdict.points == 0
    why = "not counted: one sample must hold first"
    for finding in verdict.findings[1:]:
        assert (finding.passed, finding.points, finding.message) == (False, 0, why)


def softmax_of_rows(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_of_columns(Z):
    return np.stack([e / e.sum() for e in np.exp(Z.T)], axis=1) if Z.shape[1] else None


@pytest.mark.parametrize(
    ("function", "name"), [(softmax_of_rows, "axis=1"), (softmax_of_columns, "no max shift")]
)
def test_mistake_is_named_even_where_the_gate_failed_or_a_call_raised(function, name):
    verdict = judge(SOFTMAX, function)
    assert (verdict.points, verdict.misconception) == (0, name)


def test_mistake_elsewhere_is_not_named_where_the_gate_fails_for_no_known_reason():
    exercise = EXERCISES["loss_gradient"]  # "no max shift" gives nan too, but not everywhere
    assert judge(exercise, lambda W, x, y: W * np.nan).misconception is None


@pytest.mark.parametrize("seed", SEEDS)
def test_argument_changed_in_any_call_fails_purity_alone(seed):
    def changes_large_scores(z):
        if z.max() > 700:
            z -= z.max(axis=0)
        return softmax(z)

    def fills_zeros(Y, Yhat):
        Yhat[(Y == 0) & (Yhat == 0)] = 1e-15
        return -np.mean(np.log(np.sum(Y * Yhat, axis=0)))

    for name, function in (("softmax", changes_large_scores), ("cce", fills_zeros)):
        verdict = judge(EXERCISES[name], function, seed)
        failed = [finding for finding in verdict.findings if not finding.passed]
        assert [finding.criterion for finding in failed] == ["purity"]
        assert "argument" in failed[0].message
        assert verdict.misconception is None


def test_argument_put_back_up_to_rounding_is_left_alone():
    def puts_back(x):
        x += 0.1
        x -= 0.1
        return 2.0

    assert judge(make(returning(2.0)), puts_back).passed


def test_one_wrong_answer_in_any_call_costs_points():
    exercise = make(lambda x: x * 1.0)
    for wrong in range(9):
        calls = itertools.count()
        assert not judge(exercise, lambda x: x + (next(calls) == wrong)).passed  # noqa: B023


def test_verdict_cannot_be_changed():
    verdict = judge(SOFTMAX, softmax)
    with pytest.raises(FrozenInstanceError):
        verdict.points = 100
    with pytest.raises(FrozenInstanceError):
        verdict.findings[0].passed = False


# --- Determinism ------------------------------------------------------------------------------


@every_exercise
def test_equal_seeds_give_equal_verdicts(exercise):
    for function in (exercise.misconceptions[0].wrong[0], exercise.misconceptions[-1].wrong[0]):
        assert judge(exercise, function, 11) == judge(exercise, function, 11)


def test_verdict_does_not_depend_on_the_global_random_state():
    def draws(D, K, rng, scale=0.01):
        return scale * np.random.standard_normal((K, D + 1))  # noqa: NPY002

    np.random.seed(1)  # noqa: NPY002
    one = judge(EXERCISES["init_weights"], draws)
    np.random.seed(2)  # noqa: NPY002
    assert judge(EXERCISES["init_weights"], draws) == one


class Mover(RemoteFunction):
    """A function that uses the global random state of wherever it runs."""

    def observe(self, calls, watch_random=True):
        return [Observation(np.ones(3), moved_global_random=True) for _ in calls]


@pytest.mark.parametrize("function", [np.random.randn, Mover()], ids=["here", "remote"])
def test_judging_leaves_the_global_random_state_alone_and_names_its_use(function):
    np.random.seed(3)  # noqa: NPY002
    expected = np.random.random(3)  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    verdict = judge(EXERCISES["init_weights"], function)
    np.testing.assert_array_equal(np.random.random(3), expected)  # noqa: NPY002
    assert verdict.points == 0
    assert verdict.misconception == ("global generator" if isinstance(function, Mover) else None)


def test_generator_that_is_asked_for_more_than_the_answer_takes_costs_points():
    def draws_again(D, K, rng, scale=0.01):
        W = scale * rng.standard_normal((K, D + 1))
        rng.random()
        return W

    for where in (draws_again, Elsewhere(draws_again)):
        verdict = judge(EXERCISES["init_weights"], where)
        (broken,) = (finding for finding in verdict.findings if not finding.passed)
        assert broken.criterion == "global random state"
        assert broken.message.startswith("rng was asked more often, or less")


def test_exercises_and_seeds_draw_independent_fixtures():
    seen = []
    exercise = make(softmax)
    for name, seed in (("a", 0), ("b", 0), ("a", 1), ("a", 2**128), ("a", 2**64)):
        remote = Elsewhere(softmax)
        judge(replace(exercise, name=name), remote, seed)
        seen.append(sorted(float(call[0].sum()) for call in remote.batches[0]))
    assert len({tuple(sums) for sums in seen}) == len(seen)


# --- The calls --------------------------------------------------------------------------------


def test_remote_function_is_asked_once_for_everything_and_judged_alike():
    remote = Elsewhere(lambda z: np.exp(z) / np.exp(z).sum(axis=0))
    verdict = judge(SOFTMAX, remote, 4)
    assert len(remote.batches) == 1
    assert verdict == judge(SOFTMAX, remote.function, 4)
    assert verdict.misconception == "no max shift"


@pytest.mark.parametrize("seed", SEEDS)
def test_calls_are_shuffled_and_a_purity_call_is_not_followed_by_its_twin(seed):
    remote = Elsewhere(softmax)
    judge(SOFTMAX, remote, seed)
    calls = [call[0].tobytes() for call in remote.batches[0]]
    rng = np.random.default_rng(0)
    in_order = [c[0].shape for criterion in SOFTMAX.criteria for c in criterion.fixtures(rng)]
    assert [call[0].shape for call in remote.batches[0]][: len(in_order)] != in_order
    assert all(one != other for one, other in pairwise(calls))
    assert any(calls.count(call) == 2 for call in calls)


@every_exercise
@pytest.mark.parametrize(
    ("at_first", "number"), [(True, 1), (True, 3), (True, 7), (False, 1), (False, 4)]
)
def test_right_or_wrong_only_on_the_first_calls_fails_the_gate(exercise, at_first, number):
    calls = itertools.count()

    def changes(*arguments):
        right = (next(calls) < number) == at_first
        return exercise.reference(*arguments) if right else None

    assert judge(exercise, changes).points == 0


class Answering(Elsewhere):
    """Runs elsewhere, and what comes back was changed on its way."""

    def __init__(self, change):
        super().__init__(softmax)
        self.change = change

    def observe(self, calls, watch_random=True):
        return self.change(super().observe(calls))


def test_remote_that_answers_too_little_or_too_much_is_no_gain():
    assert judge(SOFTMAX, Answering(lambda seen: seen[:-1])).points == 0
    assert judge(SOFTMAX, Answering(lambda seen: seen * 2)).passed


def test_lost_session_is_told_in_the_sandbox_words():
    lost = Observation(error="SessionLost", message="the process ended")
    message = gate_message(SOFTMAX, Answering(lambda seen: [lost] * len(seen)))
    assert "gave no answer: the process ended." in message


@pytest.mark.parametrize("arguments", [(), (None,), (Opaque("x"),), ({"a": np.ones(2)},), ([],)])
def test_remote_that_lies_about_its_arguments_fails_purity_only(arguments):
    liar = Answering(lambda seen: [replace(one, arguments=arguments) for one in seen])
    passed = [finding.passed for finding in judge(SOFTMAX, liar).findings]
    assert passed == [True, True, True, False]


# --- Classes ----------------------------------------------------------------------------------


class Scale:
    """times(x) = factor * x, and how often that was asked"""

    def __init__(self, factor):
        self.factor, self.asked = factor, 0

    def times(self, x):
        self.asked += 1
        return self.factor * x


def scenarios(rng):
    return [
        (*(rng.normal(), Step("times")), x, Step("times"), x[:2], Step("asked"))
        for x in rng.normal(size=(3, 4))
    ]


SCALE = make(Scale, scenarios)


class Forgets(Scale):
    def times(self, x):
        return self.factor * x


class Transposes(Scale):
    def times(self, x):
        return super().times(x)[:, None]


class SpoilsX(Scale):
    def times(self, x):
        x *= self.factor
        self.asked += 1
        return x.copy()


class KeepsAll(Scale):
    kept = []  # noqa: RUF012 - the mistake

    def times(self, x):
        self.kept.append(0)
        return super().times(x) + len(self.kept)


class SharesFactor(Scale):
    """right as long as there is one object"""

    def __init__(self, factor):
        super().__init__(factor)
        SharesFactor.shared = factor

    def times(self, x):
        self.asked += 1
        return self.shared * x


class Unfinished(Scale):
    def times(self, x):
        raise NotImplementedError("not written yet")


class Stumbles(Scale):
    def times(self, x):
        raise ValueError("no such shape")


class Nameless:
    def __init__(self, factor):
        pass


@pytest.mark.parametrize("where", [lambda f: f, lambda f: Elsewhere(f)], ids=["here", "elsewhere"])
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (Forgets, "Step 3, asked: The value is wrong. Yours: 0."),
        (Transposes, "Step 1, times: An array of shape (4, 1) was returned"),
        (KeepsAll, "Step 1, times: The values are wrong."),
        (Unfinished, "not written yet"),
        (Stumbles, "The call raised ValueError: in times: no such shape."),
        (Nameless, "AttributeError: in times: 'Nameless' object has no attribute 'times'"),
        (lambda factor: None, "AttributeError: in times: 'NoneType' object"),
    ],
)
def test_message_says_which_step_of_a_class_went_wrong(wrong, words, where):
    assert words in gate_message(SCALE, where(wrong))


def test_argument_changed_by_a_method_fails_purity_and_is_named_by_its_step():
    finding = judge(SCALE, SpoilsX).findings[1]
    assert "The call changed times's first argument." in finding.message


def test_what_belongs_to_the_class_and_not_to_the_object_shows_beside_a_second_object():
    def two_objects(rng):
        return [
            (a, ANOTHER, a + 1, Step("times"), x, FIRST, Step("times"), x)
            for a, x in zip(rng.normal(size=3), rng.normal(size=(3, 4)), strict=True)
        ]

    exercise = make(Scale, two_objects)
    assert judge(exercise, Scale).passed
    assert "Step 4, times: The values are wrong." in gate_message(exercise, SharesFactor)


def test_mistake_in_a_class_is_named():
    mistake = Misconception("forgets", (Forgets,), "You forgot.", "It is 0.", "Ask it.")
    assert judge(replace(SCALE, misconceptions=(mistake,)), Forgets).misconception == "forgets"


def test_class_is_judged_by_what_its_methods_and_attributes_give_in_order_all_asked_together():
    remote = Elsewhere(Scale)
    assert judge(SCALE, Scale).passed
    assert judge(SCALE, remote).passed
    assert (SCALE.kind, len(remote.batches)) == ("class", 1)


# --- Tests that students write ----------------------------------------------------------------


def specimens(rng):
    right, wrong = rng.normal(1, 0.1), rng.normal(5, 0.1)
    return [
        (Specimen(lambda x: right * abs(x)),),
        (Specimen(lambda x: wrong * abs(x)),),
        (Specimen(lambda x: -right * abs(x), "It is positive where x is not 0."),),
        (Specimen(lambda x: -wrong * abs(x), "It is positive where x is not 0."),),
        (Specimen(lambda x: right * x, "The sign of x changes nothing."),),
    ]


TESTING = make(lambda f: f(1) > 0 and f(-1) > 0, specimens)


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (
            lambda f: f(1) > 0,
            "1 of 3 wrong ones slipped through. What would have caught one: "
            "The sign of x changes nothing.",
        ),
        (lambda f: True, "3 of 3 wrong ones slipped through."),
        (lambda f: False, "2 of 2 right ones were refused."),
        (lambda f: f(1) < 0, "2 of 2 right ones were refused. 2 of 3 wrong ones slipped through."),
        (lambda f: 1.0, "A float was returned, True or False is asked for."),
        (lambda f: f(), "The call raised TypeError"),
    ],
)
def test_test_of_a_student_is_told_how_many_slipped_through_and_by_which_property(test, words):
    assert words in gate_message(TESTING, test)


@pytest.mark.parametrize("form", [bool, np.bool_, lambda answer: np.array(answer)])
def test_truth_may_come_in_any_form(form):
    assert judge(TESTING, lambda f: form(f(1) > 0 and f(-1) > 0)).passed


# --- Messages ---------------------------------------------------------------------------------


def not_written(z):
    raise NotImplementedError("not written yet")


def fails_inside(z):
    raise ValueError("first line\nsecond line")


WORDS = {
    "not a function": (3, "softmax is not a function"),
    "not written": (not_written, "not written yet"),
    "no arguments": (lambda: None, "The arguments are those of softmax(z)"),
    "too many arguments": (lambda z, axis: z, "missing 1 required positional argument"),
    "raises": (fails_inside, "The call raised ValueError: first line."),
    "None": (returning(None), "None was returned: is a return missing?"),
    "list": (lambda z: list(z), "A list was returned, an array is asked for: np.array(...)."),
    "tuple": (lambda z: tuple(z), "A tuple was returned, an array is asked for: np.array(...)."),
    "text": (returning("0.5"), "A text was returned, an array is asked for."),
    "number": (returning(0.5), "A float was returned, an array is asked for."),
    "object": (returning(object()), "An object that is no plain value (object) was returned"),
    "object array": (
        lambda z: z.astype(object),
        "An array of shape (3,), object, was returned, float64 of shape",
    ),
    "complex": (
        lambda z: softmax(z) + 0j,
        "An array of shape (3,), complex128, was returned, float64 of shape",
    ),
    "matrix": (lambda z: softmax(z).view(np.matrix), "no plain value (matrix)"),
    "shape": (lambda z: np.zeros((2, 2)), "An array of shape (2, 2) was returned, shape ("),
    "float32": (lambda z: softmax(z).astype(np.float32), "An array of float32 was returned"),
    "nan": (lambda z: z * np.nan, "holds nan where it should be finite. Yours: [nan, nan"),
    "inf": (lambda z: z * np.inf, "holds inf where it should be finite"),
    "long and empty": (
        returning(np.zeros((67108864, 0), bool)),
        "An array of shape (67108864, 0), bool, was returned, float64 of shape (3,) is asked for.",
    ),
    "empty": (
        returning(np.zeros((9999, 0))),
        "An array of shape (9999, 0) was returned, shape (3,) is asked for. Yours holds nothing.",
    ),
    "too many entries": (
        returning(np.zeros((2000, 2000))),
        "An array of shape (2000, 2000), float64, was returned, float64 of shape",
    ),
    "many items": (returning([0] * 20_000), "A list of 20000 items was returned, an array"),
    "key": (returning({0.5: 1}), "A dict with a key of type float was returned, an array"),
    "large int": (returning(2**70), "An int of more than 64 bits was returned, an array"),
    "values": (lambda z: np.full(z.shape, 1 / 3), "The values are wrong. Yours: [0.333333, 0.3"),
}


LONG = "x" * 10_000
WIDE: dict[str, Any] = {
    "empty rows": np.zeros((10_000, 0)), "empty cubes": np.zeros((100, 0, 100)),
    "many entries": np.zeros((1 << 20, 1)),
    "in two axes": np.asfortranarray(np.zeros((1 << 10, 1 << 10))), "many items": [0.5] * 10_000,
    "lists of empty rows": [np.zeros((10_000, 0))] * 1000, "long text": LONG * 1000,
    "long keys": {f"{i}{LONG}": i for i in range(1000)}, "a name": Opaque(LONG * 1000),
    "a name of words": Opaque("array of shape " + LONG * 1000), "the name of nothing": Opaque(""),
    "spaces": Opaque(" " * 9999),
}  # fmt: skip
ASKED: tuple[Any, ...] = (0.5, 1, True, None, "text", np.zeros(3), [0.5], (1,), {"W1": np.zeros(3)})


@pytest.mark.parametrize("case", WIDE)
def test_message_is_short_while_it_is_made_whatever_was_returned(case):
    for right in ASKED:
        tracemalloc.start()
        message = _value_problem(WIDE[case], right, 1e-9)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert message is not None
        assert len(message) < 600, message
        assert most < 1 << 20, (case, right)


def test_message_shows_few_keys_of_many_and_says_so():
    message = _value_problem({i: i for i in range(1000)}, {"W1": 1.0}, 1e-9)
    assert message == ("The keys are 0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9, ..., asked for are W1.")


@pytest.mark.parametrize("case", WORDS)
def test_message_says_what_was_returned(case):
    function, words = WORDS[case]
    assert words in gate_message(SOFTMAX, function)
    assert judge(SOFTMAX, function).points == 0


def test_remote_that_is_not_a_function_is_told_so_and_not_written_yet_is_all_there_is_to_say():
    message = gate_message(SOFTMAX, Elsewhere(3))
    assert "softmax, or something that it calls, is not a function: 'int' object" in message
    assert gate_message(SOFTMAX, not_written) == "not written yet"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1, "An int was returned, one float64 number is asked for. Yours: 1."),
        (True, "True or False was returned"),
        (np.float32(1.0), "One number of float32 was returned"),
        (np.int64(1), "One number of int64 was returned"),
        (np.array([1.0]), "An array of shape (1,), float64, was returned"),
        ([1.0], "A list was returned"),
        (np.nan, "The answer is nan where it should be finite."),
        (2.0, "The value is wrong. Yours: 2."),
    ],
)
def test_where_one_number_is_asked_for_the_message_says_what_was_returned(value, words):
    assert words in gate_message(make(returning(1.0)), returning(value))


@pytest.mark.parametrize("value", [1.0, np.float64(1.0), np.array(1.0), 1.0 + 1e-13])
def test_one_float64_number_may_come_in_any_form(value):
    assert judge(make(returning(1.0)), returning(value)).passed


def test_dictionaries_are_compared_key_by_key():
    right = make(returning({"W": np.ones(2), "Z": np.zeros(2)}))
    assert judge(right, returning({"Z": np.zeros(2), "W": np.ones(2)})).passed
    wrong = returning({"W": np.ones(2), "Z": np.ones(2)})
    assert "Z: The values are wrong." in gate_message(right, wrong)
    assert "The keys are W, asked for are W, Z." in gate_message(right, returning({"W": 1.0}))


def test_integers_of_any_width_count_as_integers():
    right = make(returning(np.array([1, 2])))
    assert judge(right, returning(np.array([1, 2], dtype=np.int32))).passed
    assert "float64 was returned" in gate_message(right, returning(np.array([1.0, 2.0])))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (True, 1), (3, 3.0), ("a", "b"), ([np.ones(2), 1.0], [np.ones(2)]),
        ([np.ones(2), 1.0], (np.ones(2), 1.0)), ((np.ones(2), 1.0), (np.ones(2), 2.0)),
        ((np.ones(2), [1.0, None]), (np.ones(2), [1.0, 1.0])),
    ],
)  # fmt: skip
def test_other_kinds_of_answers_are_compared_item_by_item(right, wrong):
    assert judge(make(returning(right)), returning(right)).passed
    assert judge(make(returning(right)), returning(wrong)).points == 0


@every_exercise
def test_messages_are_short_plain_text_without_the_answer(exercise):
    claims = {criterion.name: criterion.claim for criterion in exercise.criteria}
    for mistake in exercise.misconceptions:
        remote = Elsewhere(mistake.wrong[0])
        verdict = judge(exercise, remote)

        def numbers_of(function, most, calls=remote.batches[0]):
            entries = [_entries(observe_here(function, call).value)[:most] for call in calls]
            return {format(float(number), ".6g") for few in entries for number in few}

        answers, ours = numbers_of(exercise.reference, 12), numbers_of(remote.function, None)
        for finding in verdict.findings:
            text = re.sub(r"[\[\]]", " ", finding.message.replace(claims[finding.criterion], ""))
            shown = {word.strip(".,") for word in text.split()}
            assert not {word for word in shown & answers - ours if "." in word}
            assert_short_and_plain(finding.message)


def assert_short_and_plain(message):
    assert len(message) < 600
    assert message.isascii()
    assert message.isprintable()


def _entries(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [number for item in value for number in _entries(item)]
    return list(np.ravel(value)) if isinstance(value, (np.ndarray, float)) else []


@pytest.mark.parametrize("by", [1e-8, 1e-6])
def test_nearly_right_answer_is_not_shown(by):
    for right in (np.array([1.25, 2.5]), 1.25):
        message = gate_message(make(returning(right)), returning(right + by))
        assert message.startswith("Nearly right, but not exact")
        assert "1.25" not in message


@pytest.mark.parametrize("size", [1e-3, 1e-10, 1e-30])
def test_minus_a_small_answer_is_not_called_nearly_right(size):
    right = size * np.array([1.25, 2.5])
    assert not gate_message(make(returning(right)), returning(-right)).startswith("Nearly right")


def test_a_list_is_as_good_as_a_tuple_of_several_answers():
    right = (np.array([1.0, 2.0]), 3.0)
    assert judge(make(returning(right)), returning(list(right))).passed


def test_words_of_a_submission_are_bounded_and_made_plain():
    def shouts(z):
        raise type("E" * 5000, (Exception,), {})("\x1b[31m<b>\u202e" + "x" * 10**6)

    for function in (shouts, lambda z: type("\u202e\n" + "N" * 5000, (), {})()):
        assert_short_and_plain(gate_message(SOFTMAX, function))


def test_print_options_do_not_change_the_messages():
    one = gate_message(SOFTMAX, lambda z: z)
    with np.printoptions(precision=1, threshold=2, sign="+"):
        assert gate_message(SOFTMAX, lambda z: z) == one


def test_sign_of_zero_never_matters():
    assert judge(make(returning(np.zeros(3))), returning(-np.zeros(3))).passed
    assert judge(make(returning(0.0)), returning(-0.0)).passed
    assert "Yours: [0, 0]" in gate_message(make(returning(np.ones(2))), returning(-np.zeros(2)))


# --- Comparison -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "yours", "passed"),
    [
        ([1.0, 1e9], [1.0, 1e9 * (1 + 1e-10)], True), ([1.0, 1e9], [1.0, 1e9 * (1 + 1e-8)], False),
        ([0.0, 0.0], [0.0, 1e-13], True), ([0.0, 0.0], [0.0, 1e-9], False),
        ([1e-300, 0.0], [0.0, 0.0], True), ([1e300, 1.0], [1e300, 1.0], True),
        ([1e300, 1.0], [-1e300, 1.0], False), ([1e308, 1.0], [-1e308, 1.0], False),
        ([np.inf, 1.0], [np.inf, 1.0], True), ([np.inf, 1.0], [-np.inf, 1.0], False),
        ([np.inf, 1.0], [1e308, 1.0], False), ([np.inf, 1.0], [np.nan, 1.0], False),
        ([np.nan, 1.0], [np.nan, 1.0], True), ([np.nan, 1.0], [np.inf, 1.0], False),
        ([1.0, 1.0], [1.0, np.inf], False),
    ],
)  # fmt: skip
def test_arrays_are_compared_in_norm_and_nan_and_inf_by_place(right, yours, passed):
    exercise = make(returning(np.array(right)))
    assert judge(exercise, returning(np.array(yours))).passed is passed


def test_tolerance_is_the_exercise_s():
    exercise = make(returning(np.ones(3)), tolerance=1e-6)
    assert judge(exercise, returning(np.ones(3) + 1e-7)).passed
    assert judge(exercise, returning(np.ones(3) + 1e-5)).points == 0


def test_memory_order_and_read_only_answers_are_fine():
    def answer(z):
        a = np.asfortranarray(softmax(z))
        a.flags.writeable = False
        return a

    assert judge(SOFTMAX, answer).passed


# --- Names of mistakes ------------------------------------------------------------------------


def test_mistake_must_show_on_two_fixtures_and_of_equal_ones_the_first_is_named():
    exercise = make(
        lambda x: x,
        lambda rng: [(rng.normal(size=3),), (np.zeros(3),)],
        misconceptions=doubled("doubled", "the same"),
    )
    verdict = judge(exercise, lambda x: 2 * x)
    assert (verdict.points, verdict.misconception) == (0, None)
    exercise = make(lambda x: x, misconceptions=exercise.misconceptions)
    assert judge(exercise, lambda x: 2 * x).misconception == "doubled"


def test_mistake_must_agree_on_every_fixture_in_kind_and_dtype():
    exercise = make(lambda x: x, misconceptions=doubled("doubled"))
    for function in (
        lambda x: (2 * x).tolist(),
        lambda x: (2 * x).astype(np.float32),
        lambda x: (2 * x)[None],
        lambda x: 2 * x + 1e-6,
        lambda x: 2 * x if len(x) % 2 else 3 * x,
    ):
        verdicts = [judge(exercise, function, seed) for seed in range(6)]
        assert any(verdict.misconception is None for verdict in verdicts)
        assert all(verdict.points == 0 for verdict in verdicts)


def test_of_several_matches_the_one_that_agrees_elsewhere_is_named():
    def spoils(x):
        x += 1
        return 2 * (x - 1)

    second = Misconception("doubled, x spoilt", (spoils,), "", "", "")
    exercise = make(lambda x: x, misconceptions=(*doubled("doubled"), second))
    assert judge(exercise, spoils).findings[0].misconception == "doubled, x spoilt"
    assert judge(exercise, lambda x: x * 2.0).findings[0].misconception == "doubled"


def names_of(name, function, seed):
    """Return all names that a judgement gives, by criterion."""
    found = judge(EXERCISES[name], function, seed).findings
    return [finding.misconception for finding in found if finding.misconception]


@pytest.mark.parametrize("seed", range(8))
def test_mistake_is_not_given_the_names_of_what_it_implies_too(seed):
    assert names_of("is_softmax", lambda f: True, seed) == ["accepts everything"]
    assert names_of("is_gradient", lambda f, grad: True, seed) == ["accepts everything"]


@pytest.mark.parametrize("seed", range(8))
def test_two_ways_to_the_same_inf_are_told_apart(seed):
    def from_the_true_score(Z, y):
        true = np.take_along_axis(Z, np.expand_dims(y, 0), axis=0)[0]
        return np.mean(np.log(np.sum(np.exp(Z - true), axis=0)))

    def from_probabilities(Z, y):
        true = np.take_along_axis(softmax(Z), np.expand_dims(y, 0), axis=0)[0]
        return np.mean(-np.log(true))

    assert names_of("cce_from_scores", from_the_true_score, seed) == ["shifted by the true score"]
    assert names_of("cce_from_scores", from_probabilities, seed) == ["log of softmax"]


def test_mistake_that_is_not_seen_where_it_would_show_is_not_named():
    criteria = (
        Criterion("values", 2.0, "As asked.", numbers),
        Criterion("more values", 1.0, "As asked.", lambda rng: [(rng.normal(),) for _ in range(3)]),
    )
    exercise = make(lambda x: x, misconceptions=doubled("doubled"), criteria=criteria)
    # nan may come from another mistake; that one has no name here.
    for elsewhere, name in (
        (lambda x: 2 * x, "doubled"),
        (lambda x: np.nan, "doubled"),
        (lambda x: x, None),
        (lambda x: 3 * x, None),
    ):
        verdict = judge(exercise, lambda x, f=elsewhere: f(x) if np.ndim(x) == 0 else 2 * x)
        assert (verdict.points, verdict.misconception) == (0, name)


def test_random_answers_are_given_no_name():
    rng = random.Random(0)
    for name in ("cce", "cce_from_scores"):
        verdict = judge(EXERCISES[name], lambda *arguments: rng.random())
        assert verdict.points == 0
        assert verdict.misconception is None


# --- Functions that mean no good --------------------------------------------------------------


class EqualToAll(np.ndarray):
    """An array that is close to everything."""

    def __array_ufunc__(self, *arguments, **keywords):
        return True

    def __array_function__(self, *arguments, **keywords):
        return True

    __eq__ = __le__ = __lt__ = lambda self, other: True
    __hash__ = None


class Chameleon:
    """An object that claims to be whatever it is asked for."""

    __class__ = np.ndarray
    shape = (3,)
    dtype = np.dtype(float)

    def __array__(self, *arguments, **keywords):
        raise SystemExit

    def __eq__(self, other):
        return True

    def __getattr__(self, name):
        raise KeyboardInterrupt

    __hash__ = None


def make_agreeable():
    """Return a type that equals every type; within a function, as pytest asks every global."""

    class AgreeableType(type):
        def __eq__(cls, other):
            return True

        def __getattribute__(cls, name):
            raise SystemExit

        def __hash__(cls):
            return hash(float)

    class Agreeable(metaclass=AgreeableType):
        def __eq__(self, other):
            return True

        __hash__ = None

    return Agreeable


AGREEABLE = [make_agreeable()]


class Unspeakable(Exception):
    def __str__(self):
        raise SystemExit

    __repr__ = __str__


class SpeaksInTongues(Exception):
    def __str__(self):
        return Tongue("x")


class Tongue(str):
    def splitlines(self, keepends=False):
        return [AGREEABLE[0]()]

    def __getitem__(self, item):
        return AGREEABLE[0]()


class PosesAsRemote:
    __class__ = Elsewhere

    def observe(self, calls, watch_random=True):
        return [observe_here(softmax, call) for call in calls]

    def __call__(self, z):
        return None


def raising(failure):
    def function(*arguments):
        raise failure

    return function


def recurses(z):
    return recurses(z)


def overwrites_input(z):
    z[...] = 0
    return z


def patches_numpy(z):
    np.allclose = np.array_equal = np.isfinite = np.max = np.abs = np.all = returning(True)
    np.testing.assert_allclose = np.linalg.norm = returning(None)
    builtins.abs = builtins.max = builtins.sum = builtins.all = returning(0)
    return None


def breaks_numpy(z):
    np.array = np.asarray = np.errstate = np.ndarray = raising(RuntimeError("broken"))
    return None


def patches_builtins(z):
    builtins.zip = builtins.dict = builtins.vars = builtins.list = returning([])
    builtins.len = raising(RuntimeError("broken"))
    return None


def leaves_by_numpy(z):
    np.array = np.asarray = np.errstate = np.ndarray = raising(SystemExit())
    return None


def makes_errors_of_warnings(z):
    warnings.simplefilter("error")
    np.seterr(all="raise")
    return z * np.nan


def lowers_the_recursion_limit(z):
    sys.setrecursionlimit(max(60, _depth() + 5))
    return None


def _depth():
    frame, depth = sys._getframe(), 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    return depth


def endless_nesting(z):
    nested = []
    nested.append(nested)
    return nested


def generator(z):
    yield softmax(z)


async def coroutine(z):
    return softmax(z)


def by_frames(z):
    """Look for the expected answers in the frames of whoever is calling."""
    frame = sys._getframe().f_back
    while frame is not None:
        for value in list(frame.f_locals.values()):
            if isinstance(value, Observation) and isinstance(value.value, np.ndarray):
                return value.value
        frame = frame.f_back
    return None


HOSTILE = {
    "None": None, "number": 1.5, "text": "softmax", "class": Chameleon,
    "class with arguments": np.ndarray, "metaclass": AGREEABLE[0], "module": np,
    "poses as remote": PosesAsRemote(), "SystemExit": raising(SystemExit(0)),
    "KeyboardInterrupt": raising(KeyboardInterrupt), "GeneratorExit": raising(GeneratorExit),
    "BaseException": raising(BaseException), "unspeakable": raising(Unspeakable()),
    "speaks in tongues": raising(SpeaksInTongues()), "recursion": recurses,
    "memory": lambda z: np.empty(10**15), "array subclass": lambda z: z.view(EqualToAll),
    "chameleon": lambda z: Chameleon(), "agreeable": lambda z: AGREEABLE[0](),
    "agreeable type": lambda z: AGREEABLE[0],
    "list of agreeable": lambda z: [AGREEABLE[0]()] * len(z),
    "dictionary": lambda z: {AGREEABLE[0]: AGREEABLE[0](), "a": z},
    "opaque of agreeable": lambda z: Opaque(AGREEABLE[0]()),
    "masked": lambda z: np.ma.masked_all(z.shape), "strings": lambda z: np.full(z.shape, "0.5"),
    "structured": lambda z: np.zeros(z.shape, dtype=[("a", float)]), "empty": lambda z: np.empty(0),
    "many dimensions": lambda z: np.zeros((1,) * 32), "huge int": returning(10**5000),
    "endless": endless_nesting, "overwrites its input": overwrites_input,
    "resizes its input": lambda z: (z.resize(0, refcheck=False), z)[1],
    "patches numpy": patches_numpy, "breaks numpy": breaks_numpy,
    "patches builtins": patches_builtins,
    "leaves by numpy": leaves_by_numpy, "errors of warnings": makes_errors_of_warnings,
    "recursion limit": lowers_the_recursion_limit,
    "swaps the generator": lambda z: np.random.set_bit_generator(np.random.PCG64()),
    "generator": generator, "lock": lambda z: threading.Lock(), "by frames": by_frames,
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_function_earns_nothing_and_the_next_is_judged_as_ever(case):
    verdict = judge(SOFTMAX, HOSTILE[case])
    assert type(verdict) is Verdict
    assert verdict.points == 0
    assert verdict.misconception is None
    assert all(type(f.message) is str and len(f.message) < 600 for f in verdict.findings)
    assert judge(SOFTMAX, softmax).passed
    assert judge(SOFTMAX, lambda z: z).points == 0


USELESS = [
    *map(returning, (None, 0.0, np.nan, np.inf, Chameleon())),
    *(raising(SystemExit()), raising(NotImplementedError())),
    *(lambda *arguments: arguments[0], lambda: None, "not callable"),
]


@every_exercise
def test_useless_answers_earn_nothing_in_any_exercise(exercise):
    assert [judge(exercise, function).points for function in USELESS] == [0] * len(USELESS)


def test_state_of_warnings_and_errors_outlives_a_careless_function():
    before = list(warnings.filters), np.geterr()
    judge(SOFTMAX, makes_errors_of_warnings)
    assert (list(warnings.filters), np.geterr()) == before


def test_answer_changed_after_it_was_returned_is_judged_as_returned():
    buffers = {}

    def reuses_its_buffer(z):
        buffer = buffers.setdefault(z.shape, np.empty(z.shape))
        buffer[...] = softmax(z)
        return buffer

    assert judge(SOFTMAX, reuses_its_buffer).passed


def test_what_was_remembered_answers_nothing():
    answers, rng = {}, np.random.default_rng(0)
    ever_after = judge(SOFTMAX, lambda z: answers.setdefault(z.shape, softmax(z)))
    assert not ever_after.passed
    asked = [z for criterion in SOFTMAX.criteria for (z,) in criterion.fixtures(rng)]
    known = {z.tobytes(): softmax(z) for z in asked}
    assert judge(SOFTMAX, lambda z: known.get(z.tobytes()), seed=1).points == 0


def test_answer_that_changes_with_every_call_fails_purity_too():
    count = itertools.count(1)
    drifts = make(lambda x: x, tolerance=1e-3)
    findings = judge(drifts, lambda x: x * (1 + next(count) * 1e-6)).findings
    assert [finding.passed for finding in findings] == [True, False]
    assert "two different answers" in findings[1].message


def test_f_of_numerical_gradient_may_be_called_with_garbage():
    exercise = EXERCISES["numerical_gradient"]
    for garbage in (None, "W", [], Chameleon(), np.ones((2, 2), dtype=complex), AGREEABLE[0]()):
        assert judge(exercise, lambda f, W, h=1e-5, garbage=garbage: f(garbage)).points == 0
