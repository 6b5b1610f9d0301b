"""An error is carried forward: what is right but for an earlier exercise earns its points.

And the stand-in for that earlier exercise earns nothing for anybody who gets hold of it.
"""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from autograder.catalogue.model import Exercise
from autograder.catalogue.values import Observation, observe_here
from autograder.course.assignment import Assignment
from autograder.course.course import Course
from autograder.course.folder import CourseError
from autograder.judging.judge import Verdict, carry_forward, judge, questions
from autograder.sandbox import Sandbox, Session
from autograder.submission.graded_cells import comments_on
from autograder.submission.notebook import GradedNotebook, judge_notebook
from examples.build import answers_of
from softmax_by_hand import EXERCISES
from softmax_by_hand import lecture as reference

SEED = 7
EMPTY = Assignment("ps2", (), {})
LECTURE = inspect.getsource(reference)
# Exercises whose solution in the lecture calls what they need; others may or may not.


def _calls(function: Callable[..., object], name: str) -> bool:
    return re.search(rf"\b{name}\(", inspect.getsource(function)) is not None


NEEDY = {
    name: called
    for name, exercise in EXERCISES.items()
    if (called := {need for need in exercise.needs if _calls(exercise.reference, need)})
}

BASE_2 = "def softmax(z):\n    e = 2.0 ** (z - np.max(z))\n    return e / np.sum(e)"
STUB = "def softmax(z):\n    raise NotImplementedError('not written yet')"
GRADIENT = "def loss_gradient(W, x, y):\n    return np.outer(softmax(W @ x) - y, x)  # {}".format
RIGHT_GRADIENT = GRADIENT("right")
Graded = Callable[..., GradedNotebook]


@pytest.fixture
def grade(sandbox: Sandbox) -> Graded:
    """A function that grades cells: code, or the name of an exercise to be judged there."""

    def grade(*cells: str, share: float = 1.0) -> GradedNotebook:
        notebook = new_notebook(cells=[_cell(source) for source in ("import numpy as np", *cells)])
        return judge_notebook(notebook, replace(EMPTY, carried_share=share), sandbox, SEED)

    return grade


def _cell(source: str) -> NotebookNode:
    if source not in EXERCISES:
        return new_code_cell(source)
    owned = {
        "grade": True, "grade_id": f"grade_{source}", "locked": True,
        "points": EXERCISES[source].points, "schema_version": 3, "solution": False,
    }  # fmt: skip
    return new_code_cell(f"check({source})", metadata={"nbgrader": owned})


def verdict(graded: GradedNotebook, name: str) -> Verdict:
    return next(verdict for verdict in graded.verdicts if verdict.exercise == name)


def test_the_lecture_calls_what_it_taught_before():
    assert len(NEEDY) >= 9, sorted(NEEDY)


@pytest.mark.parametrize("name", NEEDY)
def test_each_exercise_is_right_given_what_it_may_call(sandbox, name):
    """The lecture's own code, with every function wrong that it may call."""
    exercise = EXERCISES[name]
    spoilt = "".join(
        f"\ndef {need}(*_, **__):\n    raise RuntimeError('the wrong {need}')\n"
        for need in exercise.needs
    )
    with sandbox.session() as session:
        for cell in (LECTURE, spoilt):
            assert session.run_cell(cell) == []
        function = session.bind(name)
        alone = judge(exercise, function, SEED)
        with session.lending({need: EXERCISES[need].reference for need in exercise.needs}) as asked:
            helped = judge(exercise, function, SEED)
        again = judge(exercise, function, SEED)
    assert alone.points < exercise.points
    assert helped.points == exercise.points, helped
    assert asked == NEEDY[name]
    assert again == alone


def test_who_has_only_softmax_wrong_loses_nothing_else(grade):
    graded = grade(BASE_2, "softmax", RIGHT_GRADIENT, "loss_gradient")
    assert verdict(graded, "softmax").points == 0
    found = verdict(graded, "loss_gradient")
    assert (found.points, found.carried_points, found.given) == (8, 8, ("softmax",))
    assert all(finding.carried for finding in found.findings)
    assert "right, given a correct softmax" in found.findings[0].message
    assert found.misconception is None
    comments = comments_on(graded.notebook)
    assert list(comments) == ["loss_gradient"]
    assert "8 of these 8 points" in comments["loss_gradient"]
    assert graded.remarks == ()


SIGN = "def loss_gradient(W, x, y):\n    return np.outer(y - softmax(W @ x), x)"
OWN = "def loss_gradient(W, x, y):\n    e = np.exp({})\n    return np.outer(e / e.sum() - y, x)"
LEFT = "import os; os._exit(1)"
# Points of `loss_gradient`, how many of them are carried forward, and what was lent for them.
JUDGED = {
    "wrong besides": ((BASE_2, "softmax", SIGN, "loss_gradient"), (0, 0, ())),
    "right on its own": (
        (BASE_2, "softmax", OWN.format("W @ x - (W @ x).max()"), "loss_gradient"), (8, 0, ())
    ),
    "no softmax at all": ((RIGHT_GRADIENT, "loss_gradient"), (0, 0, ())),
    "wrong below, nothing above": (
        ("pass", "softmax", RIGHT_GRADIENT, "loss_gradient", BASE_2), (8, 8, ("softmax",))
    ),
    "wrong below, a stub above": (
        (STUB, "softmax", RIGHT_GRADIENT, "loss_gradient", BASE_2), (8, 8, ("softmax",))
    ),
    "a stub in the end": ((STUB, "softmax", RIGHT_GRADIENT, "loss_gradient"), (8, 8, ("softmax",))),
    "its name used for something else": (
        ("softmax", RIGHT_GRADIENT, "loss_gradient", BASE_2, "loss_gradient, x = 3, loss_gradient"),
        (8, 8, ("softmax",)),
    ),
    # Overflow alone is wrong; then the name stands for something else in a new process.
    "earned at the check, lost at the end": (
        ("softmax", OWN.format("W @ x"), "loss_gradient", "loss_gradient = 3", LEFT, BASE_2),
        (5.5, 0, ()),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", JUDGED)
def test_what_is_right_but_for_softmax_earns_its_points_and_nothing_else_does(grade, what):
    cells, expected = JUDGED[what]
    graded = grade(*cells)
    found = verdict(graded, "loss_gradient")
    assert (found.points, found.carried_points, found.given) == expected
    assert [one.points for one in graded.verdicts if one.exercise == "softmax"] in ([0], [])
    if what == "wrong besides":
        assert found.misconception == "sign"
    if what == "no softmax at all":
        assert "softmax" in found.findings[0].message


def test_a_name_that_is_used_for_something_else_later_is_given_back(grade):
    show = ("print(softmax.__name__)", "print(softmax(np.zeros(2)), softmax.__module__)")
    graded = grade(BASE_2, "softmax", RIGHT_GRADIENT, "loss_gradient", *show)
    shown = [output.text for cell in graded.notebook.cells[-2:] for output in cell.outputs]
    assert shown == ["softmax\n", "[0.5 0.5] __main__\n"]


def test_a_course_sets_the_share(grade):
    work = (BASE_2, "softmax", RIGHT_GRADIENT, "loss_gradient")
    half = verdict(grade(*work, share=0.5), "loss_gradient")
    assert (half.points, half.carried_points, half.passed) == (4, 4, False)
    none = verdict(grade(*work, share=0.0), "loss_gradient")
    assert (none.points, none.carried_points, none.given) == (0, 0, ())


def test_the_share_is_read_from_the_settings_of_the_course(tmp_path):
    assert Course(tmp_path).carried_share == 1.0
    config = tmp_path / "nbgrader_config.py"
    config.write_text("c = get_config()\nc.ErrorCarriedForward.share = 0.25\n")
    assert Course(tmp_path).carried_share == 0.25
    for wrong in ("1.5", "-0.1", "'half'", "True", "float('nan')"):
        config.write_text(f"c = get_config()\nc.ErrorCarriedForward.share = {wrong}\n")
        with pytest.raises(CourseError, match="from 0 to 1"):
            Course(tmp_path).carried_share


def test_what_held_alone_stands_whatever_the_second_look_says():
    exercise = EXERCISES["loss_gradient"]
    right = judge(exercise, reference.loss_gradient, SEED)
    wrong = judge(exercise, lambda W, x, y: None, SEED)
    assert carry_forward(exercise, right, wrong, ["softmax"], 1.0) == right
    assert carry_forward(exercise, wrong, right, [], 1.0) == wrong


# --- The stand-in earns nothing -------------------------------------------------------------------


def test_a_stub_that_looks_its_own_name_up_earns_nothing(grade):
    look = "def {0}({1}):\n    return globals()['{0}']({1})".format
    graded = grade(
        *(look("softmax", "z"), "softmax", look("loss_gradient", "W, x, y"), "loss_gradient")
    )
    assert {verdict.points for verdict in graded.verdicts} == {0}


KEEPS = """
kept = {}
def loss_gradient(W, x, y):
    for name in ("softmax", "softmax_jacobian"):
        now = globals()[name]
        if now.__module__ != __name__:
            kept[name] = now
    return np.outer(softmax(W @ x) - y, x)
"""


def test_a_stand_in_that_was_kept_leads_nowhere(grade):
    graded = grade(
        *(BASE_2, "softmax_jacobian = lambda a: a", "softmax_jacobian", "softmax"),
        *(KEEPS, "loss_gradient", "print(sorted(kept))"),
        *("cce = lambda Y, Yhat: kept['softmax'](Yhat)", "cce"),
    )
    assert verdict(graded, "loss_gradient").given == ("softmax",)
    assert "softmax" in graded.notebook.cells[-3].outputs[0].text, "something was really kept"
    assert "no such function any more" in verdict(graded, "cce").findings[0].message
    points = {v.exercise: v.points for v in graded.verdicts}
    assert points == {"softmax_jacobian": 0, "softmax": 0, "cce": 0, "loss_gradient": 8}


def test_what_one_needs_comes_before_it_in_the_catalogue():
    """So nothing needs itself, and second chances go in an order in which needs come first."""
    names = list(EXERCISES)
    for name, exercise in EXERCISES.items():
        assert all(names.index(need) < names.index(name) for need in exercise.needs)
        assert all(EXERCISES[need].kind == "function" for need in exercise.needs)


# --- What is judged again -------------------------------------------------------------------------


@pytest.mark.parametrize("problem_set", ["ps2", "ps4", "ps5"])
def test_asking_what_is_lent_to_another_exercise_earns_nothing(grade, problem_set):
    """Stubs note their fixtures, another exercise asks the stand-ins, a table answers at last."""
    answers = [one for one in answers_of("hostile-second-chance") if one.problem_set == problem_set]
    cells = [text for one in answers for text in (one.text, one.cell)]
    asked = "print(min(map(len, noted.values())), [len(table) for table in told.values()])"
    graded = grade(*cells, asked)
    assert {verdict.exercise: verdict.points for verdict in graded.verdicts} == {
        one.cell: 0 for one in answers
    }
    noted, told = graded.notebook.cells[-1].outputs[0].text.split(" ", 1)
    assert int(noted) > 5
    assert told == f"{[0] * (len(answers) - 1)}\n", "nothing was lent while all were pending"


VOTES = """
import numpy as np
seen, told, PROBE = {}, [0], np.array([0.3, -1.2, 2.0])

def is_softmax(f):
    answer = repr(np.round(f(PROBE), 9).tolist())
    if told[0] < %d:
        seen[answer] = seen.get(answer, 0) + 1
        told[0] += 1
        %s
    return bool(answer == max(seen, key=seen.get, default=None))
"""


@pytest.mark.parametrize(
    "first", ["raise NotImplementedError", "return True"], ids=["second chance", "carried forward"]
)
def test_a_vote_over_the_functions_of_an_earlier_judgement_earns_nothing(grade, first):
    cells = ("def softmax(z):\n    return z", "softmax", VOTES % (10_000, first), "is_softmax")
    learning = verdict(grade(*cells), "is_softmax")
    calls = len(questions(EXERCISES["is_softmax"], 0))
    cells = ("def softmax(z):\n    return z", "softmax", VOTES % (calls, first), "is_softmax")
    assert verdict(grade(*cells), "is_softmax").points == learning.points == 0


NOTES = """
seen = []
def loss_gradient(W, x, y):
    seen.append((softmax.__module__ == __name__, W.tobytes()))
    return W * softmax(W @ x)[0]
"""


def test_what_is_judged_once_more_with_help_meets_other_fixtures(grade):
    graded = grade(
        *(BASE_2, "softmax", NOTES, "loss_gradient"),
        "alone, helped = ({shown for mine, shown in seen if mine is own} for own in (True, False))",
        "print(len(alone), len(helped), len(alone & helped))",
    )
    alone, helped, both = map(int, graded.notebook.cells[-1].outputs[0].text.split())
    assert alone == helped > 5
    assert both == 0


def test_no_two_judgements_of_an_exercise_have_the_same_seed(grade, monkeypatch):
    seeds: list[tuple[str, int]] = []

    def noted(exercise: Exercise, function: object, seed: int) -> Verdict:
        seeds.append((exercise.name, seed))
        return judge(exercise, function, seed)

    monkeypatch.setattr("autograder.submission.notebook.judge", noted)
    work = (STUB, "softmax", RIGHT_GRADIENT, "loss_gradient", "1", BASE_2)
    graded = grade(*work)
    assert [name for name, _ in seeds].count("softmax") == 2
    assert [name for name, _ in seeds].count("loss_gradient") == 3
    assert len(set(seeds)) == len(seeds)
    assert SEED not in {seed for _, seed in seeds}
    again, seeds = seeds, []
    assert grade(*work).verdicts == graded.verdicts
    assert seeds == again


def test_what_is_still_to_be_judged_is_not_lent(grade):
    """Neither what has its check further down nor what waits for its second chance."""
    asks = (
        "def loss_gradient(W, x, y):\n"
        "    both = (softmax, cce_gradient)\n"
        "    lent.extend(f.__name__ for f in both if f.__module__ != __name__)\n"
        "    return W"
    )
    graded = grade(
        *("lent = []", STUB, "softmax", "def cce_gradient(Y, Yhat):\n    return Y"),
        *(asks, "loss_gradient", "print(lent)", "cce_gradient"),
    )
    assert graded.notebook.cells[-2].outputs[0].text == "[]\n"
    assert sum(verdict.points for verdict in graded.verdicts) == 0


def test_handing_its_arguments_on_is_the_whole_answer_to_no_exercise():
    for exercise in EXERCISES.values():
        if exercise.kind != "function":
            continue
        given = range(len(inspect.signature(exercise.reference).parameters))
        (first, *_) = exercise.criteria[0].fixtures(np.random.default_rng(0))
        for need in exercise.needs:
            lent = EXERCISES[need].reference
            taken = inspect.signature(lent).parameters.values()
            least = sum(parameter.default is parameter.empty for parameter in taken)
            for number in range(least, min(len(taken), len(given)) + 1):
                for order in itertools.permutations(given, number):

                    def hands_on(*arguments: object, lent=lent, order=order) -> object:
                        return lent(*(arguments[place] for place in order))

                    # What raises there, as most do, earns nothing.
                    if observe_here(hands_on, first).error is None:
                        found = judge(exercise, hands_on)
                        assert found.points == 0, (exercise.name, need, order)


def test_what_an_exercise_begins_with_is_drawn_anew_for_each_judgement():
    """Or a table from before would pass the criterion that all others wait for."""

    def plain(value: object) -> object:
        return value.tolist() if isinstance(value, np.ndarray) else repr(value)

    for exercise in EXERCISES.values():
        met: set[str] = set()
        gates = [list(exercise.criteria[0].fixtures(np.random.default_rng(i))) for i in range(20)]
        for gate in gates:
            calls = {repr([plain(value) for value in call]) for call in gate}
            # In a small sample the labels may agree by chance.
            assert len(calls - met) > len(calls) / 2, exercise.name
            met |= calls


# --- Who waits for what it needs loses nothing ----------------------------------------------------

RIGHT = "def softmax(z):\n    e = np.exp(z - z.max(axis=0))\n    return e / e.sum(axis=0)"


def test_what_needs_something_that_is_defined_below_is_judged_when_it_is_there(grade):
    verdicts = grade("softmax", RIGHT_GRADIENT, "loss_gradient", RIGHT).verdicts
    assert [(one.exercise, one.points) for one in verdicts] == [
        ("softmax", 8),
        ("loss_gradient", 8),
    ]
    assert verdicts[1].carried_points == 0


def test_what_waits_is_found_by_its_name_where_its_process_was_lost(grade):
    graded = grade("softmax", RIGHT_GRADIENT, "loss_gradient", BASE_2, LEFT)
    assert (verdict(graded, "loss_gradient").carried_points, len(graded.remarks)) == (8, 1)


def test_second_chances_come_to_what_is_needed_first(grade):
    """In whatever order the checks stand."""
    graded = grade(
        *("loss_gradient", "softmax_jacobian", "softmax"),
        "def loss_gradient(W, x, y):\n    a = softmax(W @ x)\n"
        "    return np.outer(softmax_jacobian(a) @ (-y / a), x)",
        "def softmax_jacobian(a):\n    return np.diag(a) + np.outer(a, a)",
        BASE_2,
    )
    assert verdict(graded, "loss_gradient").given == ("softmax", "softmax_jacobian")
    assert verdict(graded, "softmax_jacobian").points == 0


def test_what_is_broken_on_purpose_costs_its_own_points_and_gives_no_more_than_the_rule(grade):
    verdicts = grade(
        *("def softmax(z):\n    return z", "softmax"),
        *("def loss_gradient(W, x, y):\n    return softmax(W @ x)", "loss_gradient"),
        *("def is_softmax(f):\n    return softmax(np.ones(3)) is f", "is_softmax"),
    ).verdicts
    names = ("softmax", "loss_gradient", "is_softmax")
    assert {found.exercise: found.points for found in verdicts} == dict.fromkeys(names, 0)


# --- Lending, and what a child may make of it -----------------------------------------------------


@pytest.fixture
def session(sandbox: Sandbox) -> Iterator[Session]:
    with sandbox.session() as one:
        yield one


def seen(
    session: Session, source: str, *arguments: object, **lent: Any
) -> tuple[Observation, set[str]]:
    """Call a function ``f`` of student code while these are lent; return which it asked, too."""
    assert session.run_cell(source) == []
    function = session.bind("f")
    with session.lending(lent) as asked:
        (observation,) = function.observe([arguments])
    return observation, set(asked)


def test_a_generator_and_a_function_of_the_child_can_be_arguments(session):
    source = """
import numpy as np
def draw(n, rng): ...
def slope(g, x): ...
def f(seed):
    rng = np.random.default_rng(seed)
    drawn = draw(3, rng=rng).tolist()
    return [drawn, rng.normal(), slope(lambda x: x ** 3 + draw(1, rng)[0] * 0, 2.0)]
"""
    functions = {
        "draw": lambda n, rng: rng.permutation(n),
        "slope": lambda g, x: (g(x + 1e-5) - g(x - 1e-5)) / 2e-5,
    }
    observation, asked = seen(session, source, 5, **functions)
    rng = np.random.default_rng(5)
    expected = [rng.permutation(3).tolist(), rng.normal()]
    assert observation.error is None, observation.message
    assert observation.value[:2] == expected, "the child's own generator was used up alike"
    assert observation.value[2] == pytest.approx(12)
    assert asked == {"draw", "slope"}


HOSTILE = {
    "calls inside one another for ever": (
        "def lent(g): ...\ndef f():\n    def g(*_):\n        return lent(g)\n    return lent(g)",
        "inside one another",
    ),
    "arguments that would fill the memory": (
        "import numpy as np\ndef lent(g): ...\ndef f():\n    return lent(np.zeros(100_000))",
        "too large",
    ),
    "an object that answers anything": (
        "def lent(g): ...\nclass Any:\n    def __getattr__(self, name): return lambda *_: self\n"
        "    def __call__(self, *_): return self\ndef f():\n    return lent(Any())",
        "",
    ),
    "a function that raises": (
        "def lent(g): ...\ndef f():\n    return lent(lambda *_: 1 / 0)",
        "ZeroDivisionError",
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_lent_is_not_worth_attacking(session, what):
    source, said = HOSTILE[what]
    observation, _ = seen(session, source, lent=lambda g: g(1))
    assert observation.error is not None or not isinstance(observation.value, float)
    assert said in observation.message
    assert seen(session, "def f():\n    return 1.5")[0].value == 1.5, "the session works on"


def test_a_child_that_ends_while_something_is_lent_is_only_lost(sandbox):
    with sandbox.session() as session:
        session.run_cell("import os\ndef lent(g): ...\ndef f():\n    lent(lambda *_: os._exit(3))")
        function = session.bind("f")
        with (
            pytest.raises(Exception, match="exit code 3"),
            session.lending({"lent": lambda g: g()}),
        ):
            assert function.observe([()])[0].error == "SessionLost"
