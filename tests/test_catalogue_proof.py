"""Whatever is wrong with an entry of a catalogue is said in one line: whose, what, what to do."""

from __future__ import annotations

import dataclasses
import json
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from autograder import Catalogue, Criterion, Exercise, Misconception, Step, along_axes
from autograder.checking.kit import Properties, Student, Text, from_notebook, normal
from autograder.cli.commands import app
from autograder.judging.catalogue_proof import problems_of

# --- A small catalogue with nothing wrong -----------------------------------------------------


def middle(X, weight=0.5):
    return weight * (X.min(axis=0) + X.max(axis=0))


def several(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    return [(rng.normal(1.0, 2.0, rng.integers(3, 9, 2)),) for _ in range(4)]


def weighted(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    return [(*call, float(rng.uniform(1, 2))) for call in several(rng)]


def changed(entry: Any, **fields: Any) -> Any:
    return dataclasses.replace(entry, **fields)


WHOLE = Misconception(
    "whole array",
    (lambda X, weight=0.5: weight * (X.min() + X.max()) + np.zeros(X.shape[1]),),
    did="You took the smallest and the largest of all numbers.",
    symptom="All columns get one answer.",
    experiment="Try two columns that lie far apart: do their middles differ?",
    looks_right="For a single column it is right.",
)
NO_WEIGHT = Misconception(
    "weight ignored",
    (lambda X, weight=0.5: middle(X), lambda X, weight=0.5: 0.5 * (X.min() + X.max(axis=0))),
    did="You always halve the sum.",
    symptom="Whatever weight is handed in, nothing moves.",
    experiment="Call it with weight=1 and with weight=2.",
    looks_right="With the default it is exactly what is asked for.",
    shows_in="weight",
)
GATE = Criterion("columns", 2.0, "Each column has a middle of its own.", several)
WEIGHT = Criterion("weight", 1.0, "The sum is multiplied by the weight.", weighted)
PURITY = Criterion("purity", 1.0, "The data must stay as they were.", several, aspect="purity")
MIDDLE = Exercise(
    "middle(X, weight=.5) -> (N,); X is (D, N)",
    middle,
    (GATE, WEIGHT, PURITY),
    (WHOLE, NO_WEIGHT),
    made=along_axes,
)


def width(X):
    return X.max(axis=0) - X.min(axis=0)


class Counter:
    def __init__(self, start=0):
        self.count = start

    def add(self, number):
        self.count += number
        return self.count


WIDTH = Exercise(
    "width(X) -> (N,)",
    width,
    (GATE, changed(PURITY, points=0.5)),
    needs=("middle",),
)


def counted(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    return [(int(n), Step("add"), int(n) + 3) for n in rng.integers(1000, size=4)]


COUNTER = Exercise(
    "Counter(start=0), add(number) -> int",
    Counter,
    (changed(GATE, fixtures=counted), changed(PURITY, points=0.5, fixtures=counted)),
)


def problems(exercise: Exercise, *before: Exercise) -> list[str]:
    catalogue = Catalogue({"one": (*before, exercise)})
    return [str(one) for one in problems_of(catalogue, "one", exercise)]


@pytest.mark.parametrize("exercise", [MIDDLE, WIDTH, COUNTER], ids=lambda e: e.name)
def test_of_what_is_right_nothing_is_said(exercise: Exercise) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert problems(exercise, *([MIDDLE] if exercise is WIDTH else [])) == []


# --- Each thing that can be wrong, one at a time ----------------------------------------------


def with_mistakes(*mistakes: Misconception, **fields: Any) -> Exercise:
    return changed(MIDDLE, misconceptions=mistakes, **fields)


def with_criteria(*criteria: Criterion, **fields: Any) -> Exercise:
    return changed(MIDDLE, criteria=criteria, misconceptions=(), **fields)


def with_gate(maker: Any) -> Exercise:
    return with_criteria(changed(GATE, fixtures=maker), WEIGHT, PURITY)


def with_words(**words: str) -> Exercise:
    return with_mistakes(changed(WHOLE, **words), NO_WEIGHT)


def at_random(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    return several(np.random.default_rng())


def by_hand(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    return several(np.random.default_rng(0))


def sometimes(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    found = several(rng)
    if found[0][0].shape == (3, 4):
        raise ValueError("no (3, 4)")
    return found


def that_counts():
    calls = []

    def middle(X, weight=0.5):
        calls.append(X)
        return weight * (X.min(axis=0) + X.max(axis=0)) + len(calls)

    return middle


def that_sorts():
    def middle(X, weight=0.5):
        X.sort(axis=0)
        return weight * (X[0] + X[-1])

    return middle


def that_draws():
    def middle(X, weight=0.5):
        np.random.random()  # noqa: NPY002
        return weight * (X.min(axis=0) + X.max(axis=0))

    return middle


def of_no_plain_value():
    def middle(X, weight=0.5):
        return [range(3)]

    return middle


def that_raises():
    def middle(X, weight=0.5):
        return X.unknown

    return middle


def that_prints():
    def middle(X, weight=0.5):
        print("here", X.shape)
        return weight * (X.min(axis=0) + X.max(axis=0))

    return middle


def without_source() -> Any:
    space: dict[str, Any] = {}
    exec("def middle(X, weight=0.5):\n return weight * (X.min(axis=0) + X.max(axis=0))", space)
    return space["middle"]


ALSO = changed(WHOLE, name="also whole", did="You asked NumPy for one extreme of everything.")
SIGN = Misconception(
    "sign",
    (lambda X, weight=0.5: -middle(X, weight),),
    did="You exchanged the signs.",
    symptom="Positive data have a negative middle.",
    experiment="Try data that are all larger than 10.",
    looks_right="For data around zero either sign is plausible.",
)

BROKEN: list[tuple[str, Exercise, str]] = [
    # --- the reference
    (
        "reference that keeps something between calls",
        with_criteria(GATE, WEIGHT, PURITY, reference=that_counts()),
        "one middle, criterion 'columns': the right answer fails at seed 0: The values are wrong.",
    ),
    (
        "reference changes its arguments",
        changed(MIDDLE, reference=that_sorts()),
        "one middle: the right answer changes its argument number 1, at seed 0.",
    ),
    (
        "reference draws for itself",
        changed(MIDDLE, reference=that_draws()),
        "one middle: the right answer moves NumPy's global random state, at seed 0.",
    ),
    (
        "reference raises",
        changed(MIDDLE, reference=that_raises()),
        "one middle: the right answer raises AttributeError: 'numpy.ndarray' object has no",
    ),
    (
        "reference prints",
        changed(MIDDLE, reference=that_prints()),
        "one middle: a function of it prints 'here (",
    ),
    (
        "reference gives what cannot be compared",
        changed(MIDDLE, reference=of_no_plain_value()),
        "one middle: the right answer gives no plain value: range, at seed 0.",
    ),
    (
        "reference of another name",
        changed(WIDTH, signature="wide(X) -> (N,)", name="width", needs=()),
        "one width: its signature says wide, its reference is called width.",
    ),
    (
        "another default",
        changed(MIDDLE, signature="middle(X, weight=0.25) -> (N,)"),
        "one middle: its signature has middle(X, weight=0.25), its reference "
        "middle(X, weight=0.5). Let them agree.",
    ),
    (
        "another parameter",
        changed(MIDDLE, signature="middle(Y, weight=0.5) -> (N,)"),
        "one middle: its signature has middle(Y, weight=0.5),",
    ),
    (
        "a parameter too few",
        changed(MIDDLE, signature="middle(X) -> (N,)"),
        "one middle: its signature has middle(X),",
    ),
    (
        "a method with other parameters",
        changed(COUNTER, signature="Counter(start=0), add(more) -> int"),
        "one Counter: its signature has add(more), its reference add(number).",
    ),
    (
        "a method that is not there",
        changed(COUNTER, signature="Counter(start=0), take(number) -> int"),
        "one Counter: its signature has take, its reference has not.",
    ),
    (
        "no source",
        changed(MIDDLE, reference=without_source()),
        "one middle: the source of its reference cannot be read",
    ),
    # --- the mistakes
    (
        "a mistake that is right",
        with_mistakes(WHOLE, changed(NO_WEIGHT, wrong=(middle,))),
        "one middle, mistake 'weight ignored': its wrong function earns all points at seed 0.",
    ),
    (
        "a face that is right",
        with_mistakes(changed(WHOLE, wrong=(*WHOLE.wrong, middle)), NO_WEIGHT),
        "one middle, mistake 'whole array': wrong function 2 of 2 earns all points at seed 0.",
    ),
    (
        "a mistake without a function",
        with_mistakes(changed(WHOLE, wrong=()), NO_WEIGHT),
        "one middle, mistake 'whole array': it has no wrong function.",
    ),
    (
        "two mistakes alike",
        with_mistakes(WHOLE, NO_WEIGHT, ALSO),
        "one middle, mistake 'also whole': on all fixtures it answers as 'whole array' does.",
    ),
    (
        "a mistake that has no name",
        with_mistakes(changed(WHOLE, wrong=(lambda X, weight=0.5: X @ "text",)), NO_WEIGHT),
        "one middle, mistake 'whole array': its wrong function is given no name at seed 0.",
    ),
    (
        "a face of no such mistake",
        with_mistakes(
            changed(WHOLE, wrong=(*WHOLE.wrong, lambda X, weight=0.5: X @ "text")), NO_WEIGHT
        ),
        "one middle, mistake 'whole array': wrong function 2 of 2 is given no name, whichever",
    ),
    (
        "a face of another mistake",
        with_mistakes(changed(WHOLE, wrong=(*WHOLE.wrong, SIGN.wrong[0])), NO_WEIGHT, SIGN),
        "one middle, mistake 'sign': its wrong function is named 'whole array' at seed 0.",
    ),
    (
        "shown where it does not show",
        with_mistakes(WHOLE, changed(NO_WEIGHT, shows_in="columns")),
        "one middle, mistake 'weight ignored': wrong function 1 of 2 is given no name at seed 0.",
    ),
    # --- points
    (
        "no criterion",
        with_criteria(),
        "one middle: it has no criterion.",
    ),
    (
        "a gate of another aspect",
        with_criteria(
            changed(GATE, aspect="global random state"), WEIGHT, PURITY
        ),
        "one middle, criterion 'columns': the gate is of global random state.",
    ),
    (
        "a small gate",
        with_criteria(changed(GATE, points=0.5), WEIGHT, changed(PURITY, points=0.5)),
        "one middle, criterion 'columns': the gate earns 0.5 of 2.",
    ),
    (
        "quarters",
        with_criteria(GATE, changed(WEIGHT, points=1.25), PURITY),
        "one middle, criterion 'weight': it earns 1.25. Give halves, more than 0.",
    ),
    (
        "nothing",
        with_criteria(GATE, changed(WEIGHT, points=0.0), changed(PURITY, points=0.5)),
        "one middle, criterion 'weight': it earns 0.",
    ),
    (
        "no purity",
        with_criteria(GATE, WEIGHT),
        "one middle: no criterion is of purity.",
    ),
    (
        "too much for purity",
        with_criteria(GATE, WEIGHT, changed(PURITY, points=1.5)),
        "one middle, criterion 'purity': it earns more than a quarter.",
    ),
    # --- names
    (
        "two criteria of one name",
        with_criteria(GATE, changed(WEIGHT, name="columns"), PURITY),
        "one middle: two criteria are called 'columns'.",
    ),
    (
        "two mistakes of one name",
        with_mistakes(WHOLE, changed(SIGN, name="whole array")),
        "one middle: two mistakes are called 'whole array'.",
    ),
    (
        "shown in no criterion",
        with_mistakes(changed(WHOLE, shows_in="rows")),
        "one middle, mistake 'whole array': it shows in 'rows', which is no criterion. "
        "There are 'columns', 'weight' and 'purity'.",
    ),
    # --- fixtures
    (
        "fixtures by hand",
        with_gate(by_hand),
        "one middle, criterion 'columns': every seed gives the same fixtures.",
    ),
    (
        "fixtures by chance",
        with_gate(at_random),
        "one middle, criterion 'columns': one seed gives two fixtures.",
    ),
    (
        "one fixture",
        with_gate(lambda rng: several(rng)[:1]),
        "one middle, criterion 'columns': it has 1 fixture. Draw 2 at least.",
    ),
    (
        "no fixture",
        with_criteria(GATE, changed(WEIGHT, fixtures=lambda rng: []), PURITY),
        "one middle, criterion 'weight': it has no fixtures. Draw 2 at least.",
    ),
    (
        "one shape",
        with_gate(lambda rng: [(rng.normal(size=(3, 4)),) for _ in range(4)]),
        "one middle, criterion 'columns': its arguments have 1 shape in all.",
    ),
    (
        "no tuple",
        with_gate(lambda rng: [call[0] for call in several(rng)]),
        "one middle, criterion 'columns': a fixture is no tuple of arguments.",
    ),
    (
        "no plain value",
        with_gate(lambda rng: [(*call, object()) for call in several(rng)]),
        "one middle, criterion 'columns': an argument is no plain value: object.",
    ),
    (
        "a generator",
        with_gate(lambda rng: [(*call, [rng]) for call in several(rng)]),
        "one middle, criterion 'columns': an argument is no plain value: Generator.",
    ),
    (
        "a maker that stumbles",
        with_gate(lambda rng: 1 / 0),
        "one middle: its fixtures cannot be drawn: ZeroDivisionError: division by zero.",
    ),
    (
        "a maker that stumbles at some seed",
        with_gate(sometimes),
        "one middle: its fixtures cannot be drawn at seed",
    ),
    # --- words
    (
        "a claim without words",
        with_criteria(GATE, changed(WEIGHT, claim=""), PURITY),
        "one middle, criterion 'weight': claim is empty.",
    ),
    (
        "no reason why it looks right",
        with_words(looks_right=""),
        "one middle, mistake 'whole array': looks_right is empty.",
    ),
    (
        "too short",
        with_words(did="Wrong."),
        "one middle, mistake 'whole array': did has 6 characters. Say it with 11 to 249.",
    ),
    (
        "too long",
        with_words(looks_right="For a single column it is right" + ", and so on" * 10 + "."),
        "one middle, mistake 'whole array': looks_right has 142 characters.",
    ),
    (
        "no full stop",
        with_words(symptom="All columns get one answer"),
        "one middle, mistake 'whole array': symptom is no sentence: it ends with 'r'.",
    ),
    (
        "no ASCII",
        with_words(symptom="All columns get one answer \N{EM DASH} the same."),
        "one middle, mistake 'whole array': symptom has the character",
    ),
    (
        "the answer among the words",
        with_words(experiment="Compare with X.min( axis = 0 ), and look at it."),
        "one middle, mistake 'whole array': experiment has X.min(axis=0) in it, which is a "
        "formula of the answer.",
    ),
    (
        "one side told twice",
        with_words(symptom="You took the smallest and largest of all the numbers."),
        "one middle, mistake 'whole array': did and symptom say nearly the same.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("exercise", "line"), [pytest.param(*rest, id=what) for what, *rest in BROKEN]
)
def test_what_is_wrong_is_said_in_one_line_and_nothing_else(exercise: Exercise, line: str) -> None:
    (said,) = problems(exercise)
    assert said.startswith(line)
    assert said.endswith(".")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("entry", "fields", "said"),
    [
        (GATE, {"points": "2"}, "Criterion 'columns': points must be a number, not '2'"),
        (GATE, {"fixtures": [(1,)]}, "Criterion 'columns': fixtures must be a function"),
        (GATE, {"aspect": "value"}, "aspect must be one of 'values', 'purity', "),
        (WHOLE, {"wrong": middle}, "Misconception 'whole array': wrong must be functions in a"),
        (WHOLE, {"wrong": ("middle",)}, "wrong must be functions in a tuple"),
        (WHOLE, {"did": None}, "Misconception 'whole array': did must be text, not None"),
        (MIDDLE, {"needs": "width"}, "needs must be a tuple, of one: (\"softmax\",), not 'width'"),
        (MIDDLE, {"criteria": GATE}, "Exercise 'middle': criteria must be a tuple, of one:"),
        (MIDDLE, {"misconceptions": WHOLE}, "misconceptions must be a tuple, of one:"),
        (MIDDLE, {"misconceptions": (GATE,)}, "misconceptions must be a tuple, of one:"),
        (MIDDLE, {"reference": None}, "reference must be a function or a class, not None"),
        (MIDDLE, {"tolerance": "small"}, "tolerance must be a number, not 'small'"),
        (MIDDLE, {"made": 8}, "made must be a function, not 8"),
        (MIDDLE, {"properties": middle}, "properties must be a function below @Properties(...)"),
        (
            MIDDLE,
            {"properties": Properties(middle, list, "")},
            "properties must be a function below @Properties(...)",
        ),
        (MIDDLE, {"signature": "the middle"}, "signature must be as a student reads it"),
        (MIDDLE, {"signature": None}, "signature must be as a student reads it"),
    ],
)
def test_a_field_of_another_type_is_refused_where_it_is_written(
    entry: Any, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(said)):
        changed(entry, **fields)


# --- What an exercise needs of others ---------------------------------------------------------


@pytest.mark.parametrize(
    ("exercise", "before", "line"),
    [
        (WIDTH, [], "it needs middle, which is no earlier exercise."),
        (changed(WIDTH, needs=("width",)), [], "it needs width, which is no earlier exercise."),
        (changed(WIDTH, needs=("Counter",)), [COUNTER], "it needs Counter, which is a class."),
        (changed(WIDTH, needs=("middle",) * 2), [MIDDLE], "it needs middle twice."),
        (
            changed(COUNTER, needs=("width",)),
            [MIDDLE, WIDTH],
            "it needs width, which does not say how much its reference makes. Say with made=...",
        ),
        (
            changed(MIDDLE, made=lambda: 1),
            [],
            "how much it makes cannot be said: TypeError:",
        ),
        (
            changed(MIDDLE, made=lambda X, weight=0.5: 10**9),
            [],
            "when it is lent, its own fixtures ask it for 1000000000 of",
        ),
    ],
)
def test_what_is_needed_is_an_earlier_function_that_can_be_lent(
    exercise: Exercise, before: Sequence[Exercise], line: str
) -> None:
    (said,) = problems(exercise, *before)
    assert said.startswith(f"one {exercise.name}: {line}")


# --- What students may run --------------------------------------------------------------------


def asks(*claims: tuple[str, str, Any]) -> Properties:
    """Return properties: each with its hint, and a function of the student's that must hold."""

    @Properties(lambda X, weight=0.5: (X.shape[1],), lambda: [(normal(3, 4),)], "A column each.")
    def properties(f: Student) -> None:
        for claim, hint, holds in claims:
            f.claim(claim, hint)
            f.expect(holds(f))

    return properties


def asking(shape: Any, *examples: Any) -> Properties:
    return Properties(shape, lambda: list(examples), "A column each.")(lambda f: None)


def of_columns(f: Student) -> bool:
    X = normal(3, 4)
    return bool(np.allclose(f(X)[:1], f(X[:, :1])))


def doubles(f: Student) -> bool:
    return bool(np.allclose(f(normal(3, 4), 1.0), 2 * f(normal(3, 4))))


COLUMNS = ("each column has its own", "Which numbers are compared?", of_columns)
DOUBLES = ("twice the weight gives twice the answer", "Is the weight used?", doubles)


@pytest.mark.parametrize(
    ("exercise", "lines"),
    [
        (changed(MIDDLE, properties=asks(COLUMNS, DOUBLES)), []),
        (
            changed(MIDDLE, properties=asks(DOUBLES)),
            [
                ", mistake 'whole array': what students may run finds nothing wrong with its wrong "
                "function. Add a property that it has not."
            ],
        ),
        (
            changed(MIDDLE, properties=asks(COLUMNS)),
            [
                ", mistake 'weight ignored': what students may run finds nothing wrong with wrong "
                "function 1 of 2.",
            ],
        ),
        (
            with_mistakes(properties=asks(("it is 7", "Is it 7?", lambda f: f(normal(2, 1)) == 7))),
            [": what students may run refuses the right answer: it is 7."],
        ),
        (
            with_mistakes(properties=asks(("it is 7", "Is it 7?", lambda f: f.nothing))),
            [": what students may run stumbles over the right answer: AttributeError:"],
        ),
        (
            with_mistakes(WHOLE, properties=asks(("each column has its own", "", of_columns))),
            [", mistake 'whole array': what students may run has no hint for its wrong"],
        ),
        (
            with_mistakes(WHOLE, properties=asks(("each \u2014 column", "Is it?", of_columns))),
            [
                ", mistake 'whole array': what students may run has other words than ASCII for "
                "its wrong function: 'each \\u2014 column'"
            ],
        ),
        (
            with_mistakes(properties=asking(lambda X, weight=0.5: ((), ()), (normal(3, 4),))),
            [": what students may run asks for ((), ()). Give examples as tuples of"],
        ),
        (
            with_mistakes(properties=asking(lambda X, weight=0.5: str, (normal(3, 4),))),
            [": what students may run asks for <class 'str'>."],
        ),
        (
            with_mistakes(properties=asking(lambda X: (X.shape[1],), normal(3, 4))),
            [": what students may run cannot make its examples: TypeError:"],
        ),
        (
            with_mistakes(properties=asking(lambda X: (X.shape[1],))),
            [": what students may run has no example."],
        ),
        (
            with_mistakes(
                properties=asking(lambda X, weight=0.5: (3, X.shape[1]), (normal(3, 4),))
            ),
            [
                ": what students may run refuses the right answer: it returns a float64 array of "
                "the right shape, finite: it returns shape (4,), not (3, 4)."
            ],
        ),
        (
            changed(COUNTER, properties=asks(COLUMNS)),
            [": what students may run asks for a function, its reference is a class."],
        ),
    ],
)
def test_what_students_may_run_takes_the_right_answer_and_no_wrong_one(
    exercise: Exercise, lines: list[str]
) -> None:
    said = problems(exercise)
    assert len(said) == len(lines)
    for one, line in zip(said, lines, strict=True):
        assert one.startswith(f"one {exercise.name}{line}")


def shout(text):
    return text.upper() + "!"


def test_students_may_be_asked_for_text() -> None:
    @Properties(lambda text: Text(), lambda: [("hello",)], "Text in, text out.")
    def properties(f: Student) -> None:
        f.claim("it ends with an exclamation mark", "What is the last sign?")
        f.expect(f("hello").endswith("!"))

    def texts(rng: np.random.Generator) -> list[tuple[str]]:
        return [("".join(rng.choice(list("abc"), 5)),) for _ in range(4)]

    exercise = with_criteria(
        changed(GATE, fixtures=texts),
        changed(PURITY, points=0.5, fixtures=texts),
        signature="shout(text) -> str",
        name="shout",
        reference=shout,
        made=None,
        properties=properties,
    )
    assert problems(exercise) == []
    quiet = changed(WHOLE, wrong=(lambda text: text.upper(),))
    in_a_list = changed(SIGN, wrong=(lambda text: [*text, "!"],))
    assert problems(changed(exercise, misconceptions=(quiet, in_a_list))) == []


def test_a_wrong_answer_finds_in_its_notebook_the_functions_that_it_needs() -> None:
    space: dict[str, Any] = {}  # without middle
    exec("def width(X):\n return X.min(axis=0) - X.max(axis=0)", space)

    @Properties(lambda X: (X.shape[1],), lambda: [(normal(3, 4),)], "A column each.")
    def properties(f: Student) -> None:
        f.expect(from_notebook(f, "middle") is middle)

    wrong = changed(SIGN, wrong=(space["width"],))
    (said,) = problems(changed(WIDTH, misconceptions=(wrong,), properties=properties), MIDDLE)
    assert "what students may run finds nothing wrong with its wrong function" in said


# --- The lessons ------------------------------------------------------------------------------


@pytest.fixture
def lessons(tmp_path: Path) -> Path:
    for name, text in (("01_middle", "The **middle** of a column."), ("02_weights", "Weights.")):
        cells = [{"cell_type": "markdown", "source": [text, "\n"]}]
        (tmp_path / f"{name}.ipynb").write_text(json.dumps({"cells": cells}))
    (tmp_path / "03_broken.ipynb").write_text("{")
    return tmp_path


@pytest.mark.parametrize(
    ("own", "mistake_s", "line"),
    [
        (("01_middle", "**middle**"), ("02_weights", "Weights"), None),
        (("01_middle", "median"), ("", ""), ": the lesson 01_middle has not the words 'median'."),
        (("01_middle", ""), ("", ""), ": it does not say by which words the lesson 01_middle"),
        (("09_middle", "middle"), ("", ""), ": there is no lesson 09_middle that can be read."),
        (("03_broken", "middle"), ("", ""), ": there is no lesson 03_broken that can be read."),
        (
            ("01_middle", "middle"),
            ("01_middle", "middle"),
            ", mistake 'whole array': its lesson 01_middle is the exercise's own.",
        ),
        (
            ("01_middle", "middle"),
            ("02_weights", "weighs"),
            ", mistake 'whole array': the lesson 02_weights has not the words 'weighs'.",
        ),
    ],
)
def test_a_lesson_to_which_a_student_is_sent_treats_it(
    lessons: Path, own: tuple[str, str], mistake_s: tuple[str, str], line: str | None
) -> None:
    lesson, treated = mistake_s
    mistake = changed(WHOLE, lesson=lesson, treated=treated)
    lesson, treated = own
    exercise = with_mistakes(mistake, NO_WEIGHT, lesson=lesson, treated=treated)
    said = problems_of(Catalogue({"one": (exercise,)}), "one", exercise, lessons=lessons)
    assert [str(one).startswith(f"one middle{line}") for one in said] == [True] * bool(line)


# --- The command ------------------------------------------------------------------------------


COURSE = """
import numpy as np
from autograder import Catalogue, Criterion, Exercise

def twice(X):
    return X + X

def half(X):
    return X - X / 2

def data(rng):
    return [(rng.normal(size=rng.integers(3, 9, 2)),) for _ in range(4)]

def entry(function, points):
    return Exercise(
        f"{function.__name__}(X) -> same shape", function,
        (Criterion("numbers", points, "Each number is looked at by itself.", data),
         Criterion("purity", 0.5, "The numbers must stay as they were.", data, aspect="purity")))

CATALOGUE = Catalogue({"one": (entry(twice, 1.5),), "two": (entry(half, 2.25),)})
"""


@pytest.fixture
def course(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    module = f"catalogue_of_{request.node.name.partition('[')[0]}"
    (tmp_path / f"{module}.py").write_text(COURSE)
    (tmp_path / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.Catalogue.module = {module!r}\n"
    )
    return tmp_path


def run(*arguments: str | Path) -> tuple[int, list[str], str]:
    result = CliRunner().invoke(app, ["prove", *map(str, arguments)])
    return result.exit_code, result.stdout.splitlines(), result.stderr


def test_the_command_names_each_problem_and_counts_what_it_looked_at(course: Path) -> None:
    code, said, _ = run("--course", course)
    assert code == 1
    assert said == [
        "two half, criterion 'numbers': it earns 2.25. Give halves, more than 0.",
        "one: 1 exercise of 2 points, no mistakes, no problems",
        "two: 1 exercise of 2.75 points, no mistakes, 1 problem",
    ]


def test_the_command_looks_at_what_it_is_asked_for_alone(course: Path) -> None:
    code, said, _ = run("one", "--course", course)
    assert (code, said) == (0, ["one: 1 exercise of 2 points, no mistakes, no problems"])
    assert run("--exercise", "twice", "--course", course)[:2] == (code, said)


def test_the_command_says_that_it_has_no_lessons_to_look_at(course: Path) -> None:
    assert "has none" in run("one", "--course", course)[2]


def test_the_command_says_what_cannot_be_released_yet(course: Path) -> None:
    said = run("one", "--course", course)[2]
    assert "one twice has nothing that students may run: it cannot be released" in said


LEN_AS_A_HELPER = """
from dataclasses import replace
from autograder.checking.kit import Properties, normal

def len(a):
    return a.size

@Properties(lambda X: X.shape, lambda: [(normal(3),)], "Some numbers.")
def asked(f):
    f.claim("as many come back", "How many are there?")
    for (X,) in f.examples:
        f.expect(len(f(X)) == len(X))

CATALOGUE = Catalogue({"one": (replace(entry(twice, 1.5), properties=asked),)})
"""


def test_the_command_names_a_helper_that_release_refuses(course: Path) -> None:
    (file,) = course.glob("catalogue_of_*.py")
    file.write_text(COURSE + LEN_AS_A_HELPER)
    code, said, _ = run("--course", course)
    assert code == 1
    assert said[0].startswith("one checks.py: it cannot be written: the properties of twice use ")
    assert "Python's own len would be lost" in said[0]
    assert said[1:] == ["one: 1 exercise of 2 points, no mistakes, 1 problem"]


@pytest.mark.parametrize("assignments", ["{}", "{'one': ()}"])
def test_a_catalogue_without_exercises_is_no_success(course: Path, assignments: str) -> None:
    (file,) = course.glob("catalogue_of_*.py")
    file.write_text(f"from autograder import Catalogue\nCATALOGUE = Catalogue({assignments})\n")
    code, _, said = run("--course", course)
    assert code == 2
    assert "nothing to prove: no exercise is in" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["three"], "the catalogue has no assignment three: it has one, two"),
        (["one", "--exercise", "half"], "the catalogue has no exercise half: it has twice"),
        (["--course", "nowhere"], "there is no folder nowhere"),
        (["--seeds", "0"], "--seeds"),
        (["--seeds", "some"], "--seeds"),
    ],
)
def test_what_the_command_cannot_use_is_named(
    course: Path, arguments: list[str], said: str
) -> None:
    where = [] if "--course" in arguments else ["--course", course]
    code, _, errors = run(*arguments, *where)
    assert code == 2
    assert said in errors


def test_a_catalogue_that_cannot_be_loaded_is_one_line(course: Path) -> None:
    (file,) = course.glob("catalogue_of_*.py")
    file.write_text("import nothing_of_this_name\n")
    code, _, said = run("--course", course)
    assert code == 2
    assert "cannot be loaded: ModuleNotFoundError" in said
    assert "Traceback" not in said
