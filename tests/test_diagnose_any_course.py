"""A course that says nothing of how others write its exercises can be diagnosed all the same.

Its subject is linear regression, and it shares names with the course on softmax.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.catalogue.arrangements import Arrangement, same
from autograder.catalogue.catalogue import Catalogue
from autograder.catalogue.model import Criterion, Exercise, Misconception
from autograder.catalogue.name import CatalogueName
from autograder.catalogue.spellings import Spelling, Spellings
from autograder.catalogue.values import Step
from autograder.diagnosis.diagnose import DiagnoseError, Request, diagnose
from autograder.diagnosis.names import Names
from autograder.diagnosis.telling import Diagnosis
from autograder.sandbox import Sandbox


def predict(X, w):
    return X @ w


def mse(y, y_hat):
    return float(np.mean((y - y_hat) ** 2))


def mse_gradient(X, y, w, halved=False):
    return X.T @ (X @ w - y) * (1 if halved else 2) / len(y)


def predict_curve(x, a):
    return np.polyval(a, x)


class Line:
    def fit(self, X, y):
        self.w = np.linalg.lstsq(X, y, rcond=None)[0]
        return self.w

    def predict(self, X):
        return X @ self.w


def sizes(rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    """Yield data, its targets and weights, twice."""
    for samples, features in ((7, 3), (4, 2)):
        X = rng.normal(size=(samples, features))
        yield X, rng.normal(size=samples), rng.normal(size=features)


def exercise(signature: str, reference: Any, calls: Any, wrong: Any = None) -> Exercise:
    words = ("You did it.", "It shows.", "Try it.")
    return Exercise(
        signature=signature,
        reference=reference,
        criteria=(Criterion("values", 2, "They are right.", calls),),
        misconceptions=(Misconception("named mistake", (wrong,), *words),) if wrong else (),
    )


PREDICT = exercise("predict(X, w) -> (N,)", predict, lambda rng: [(X, w) for X, _, w in sizes(rng)])
LINES = Catalogue(
    {
        "lines": (
            PREDICT,
            exercise(
                "mse(y, y_hat) -> float",
                mse,
                lambda rng: [(y, X @ w) for X, y, w in sizes(rng)],
                lambda y, y_hat: float(np.sum((y - y_hat) ** 2)),
            ),
            exercise(
                "mse_gradient(X, y, w, halved=False) -> (D,)",
                mse_gradient,
                lambda rng: [(*given, one) for given in sizes(rng) for one in (False, True)],
            ),
            exercise(
                "Line(), fit(X, y) -> (D,), predict(X) -> (N,)",
                Line,
                lambda rng: [(Step("fit"), X, y, Step("predict"), 2 * X) for X, y, _ in sizes(rng)],
            ),
        )
    }
)
CURVE = exercise(
    "predict(x, a) -> (N,)",
    predict_curve,
    lambda rng: [(y, w) for _, y, w in sizes(rng)],
)
# The first assignment's exercise comes again in the exam.
TWICE = Catalogue({"lines": (PREDICT,), "curves": (CURVE,), "exam": (PREDICT,)})

RIGHT = {
    "predict": "def predict(X, w): return X @ w",
    "mse": "def mse(y, y_hat): return np.mean((y - y_hat) ** 2)",
    "mse_gradient": (
        "def mse_gradient(X, y, w, halved=False):\n"
        "    slope = X.T @ (X @ w - y) / len(y)\n    return slope if halved else 2 * slope"
    ),
    "Line": (
        "class Line:\n"
        "    def fit(self, X, y):\n"
        "        self.w = np.linalg.solve(X.T @ X, X.T @ y)\n        return self.w\n"
        "    def predict(self, X): return X @ self.w"
    ),
}
WRONG = {
    "predict": ("def predict(X, w): return X @ w + 1", None),
    "mse": ("def mse(y, y_hat): return np.sum((y - y_hat) ** 2)", "named mistake"),
    "mse_gradient": ("def mse_gradient(X, y, w, halved=False): return X.T @ (X @ w - y)", None),
    "Line": (RIGHT["Line"].replace("X @ self.w", "-X @ self.w"), None),
}
CURVE_RIGHT = "def predict(x, a): return sum(c * x ** i for i, c in enumerate(a[::-1]))"


@dataclass(frozen=True)
class ByName(CatalogueName):
    """Takes the place of a module's name: loads a catalogue of this file."""

    def load(self) -> Catalogue:
        return {"lines": LINES, "twice": TWICE, "empty": Catalogue({})}[self.module]


Diagnose = Callable[..., Diagnosis]


@pytest.fixture
def diagnosed(sandbox: Sandbox, tmp_path: Path) -> Diagnose:
    """A function that diagnoses a notebook with these cells, after one that imports NumPy."""

    def diagnosed(*sources: str, of: str = "lines", **asked: Any) -> Diagnosis:
        path = tmp_path / "other.ipynb"
        cells = [new_code_cell(source) for source in ("import numpy as np", *sources)]
        nbformat.write(new_notebook(cells=cells), path)
        return diagnose(Request(path, catalogue=ByName(of), **asked), sandbox)

    return diagnosed


def test_right_functions_are_right_and_nothing_else_is_said(diagnosed: Diagnose) -> None:
    found = diagnosed(*RIGHT.values())
    assert [(answer.name, answer.verdict.passed, answer.how) for answer in found.answers] == [
        (name, True, ()) for name in RIGHT
    ]
    assert found.happened == found.passed_over == found.unknown == ()
    assert "predict: right" in found.lines()
    assert not any("samples" in line for line in found.lines())


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_function_is_not_right_and_its_mistake_is_named(
    name: str, diagnosed: Diagnose
) -> None:
    source, mistake = WRONG[name]
    (answer,) = diagnosed(source).answers
    assert (answer.name, answer.verdict.points, answer.verdict.misconception) == (name, 0, mistake)
    assert f"{name}: not right" in answer.lines()


def test_functions_that_are_missing_cost_the_others_nothing(diagnosed: Diagnose) -> None:
    found = diagnosed(RIGHT["mse"], "def plot(X): pass")
    assert [(answer.name, answer.verdict.passed) for answer in found.answers] == [("mse", True)]
    assert (found.passed_over, found.unknown) == ((), ("plot",))


def test_where_all_are_missing_the_course_s_own_names_are_said(diagnosed: Diagnose) -> None:
    found = diagnosed("def softmax(z): return np.exp(z) / np.exp(z).sum(axis=0)")
    assert (found.answers, found.unknown) == ((), ("softmax",))
    assert found.nothing_judged("other.ipynb", ["predict", "mse"]).splitlines() == [
        "nothing to judge in other.ipynb: looked for predict and mse, and for names that "
        "often stand for them; it defines softmax.",
        "Say which is which: autograder diagnose other.ipynb --as predict=its_name",
    ]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def mse(y): return 0.0", "mse takes 1 argument; asked for is mse(y, y_hat) -> float."),
        ("def mse(y, y_hat): return 'small'", "mse has the name of an exercise; its answers are"),
        ("def mse(y, y_hat): raise NotImplementedError", "mse is not written yet."),
        ("def mse(y, y_hat): return nothing", "mse answers no call as mse(y, y_hat) -> float is"),
        ("def mse(y, y_hat): return [[1], [1, 2]]", "mse has the name of an exercise; its answe"),
    ],
)
def test_what_cannot_be_judged_is_said_to_be_so(
    source: str, said: str, diagnosed: Diagnose
) -> None:
    found = diagnosed(source)
    assert found.answers == ()
    assert found.passed_over[0].startswith(said)


def test_as_says_what_no_name_tells(diagnosed: Diagnose) -> None:
    source = RIGHT["mse"].replace("mse", "distance")
    assert diagnosed(source).answers == ()
    (answer,) = diagnosed(source, named=["mse=distance"]).answers
    assert (answer.name, answer.label, answer.verdict.passed) == ("distance", "mse", True)


@pytest.mark.parametrize(
    ("source", "label"), [(RIGHT["predict"], "lines/predict"), (CURVE_RIGHT, "curves/predict")]
)
def test_of_two_exercises_of_one_name_the_right_one_is_said(
    source: str, label: str, diagnosed: Diagnose
) -> None:
    (answer,) = diagnosed(source, of="twice").answers
    assert (answer.label, answer.verdict.passed) == (label, True)
    assert f"predict, judged as {label}: right" in answer.lines()


def test_how_others_write_an_exercise_is_said_of_the_first_of_its_name_alone() -> None:
    spelling = Spelling(names=("estimate",), more=(Arrangement(("weights first",), ((1, same),)),))
    names = Names(dataclasses.replace(TWICE, spellings=Spellings({"predict": spelling})))
    assert [one.spelling for one in names.known] == [spelling, Spelling()]
    assert [one.label for one in names.meant("myEstimate", names.known)] == ["lines/predict"]
    own = Spellings({"curves/predict": spelling})
    names = Names(dataclasses.replace(TWICE, spellings=own))
    assert [one.spelling for one in names.known] == [Spelling(), spelling]


def test_one_of_two_exercises_of_one_name_can_be_asked_for(diagnosed: Diagnose) -> None:
    (answer,) = diagnosed(CURVE_RIGHT, of="twice", named=["lines/predict=predict"]).answers
    assert (answer.label, answer.verdict.points) == ("lines/predict", 0)
    assert diagnosed(CURVE_RIGHT, of="twice", exercises=["lines/predict"]).answers == ()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"exercises": ["cce"]}, "there is no exercise cce; there are lines/predict and curves/p"),
        (
            {"named": ["predict"]},
            "--as wants an exercise and a name of the notebook, as in predict",
        ),
        ({"of": "empty"}, "the catalogue empty has no exercise to look for"),
    ],
)
def test_wrong_usage_is_answered_in_the_course_s_own_names(
    asked: dict[str, Any], words: str, diagnosed: Diagnose
) -> None:
    with pytest.raises(DiagnoseError, match="^" + words.replace("(", r"\(")) as failure:
        diagnosed(RIGHT["predict"], **{"of": "twice", **asked})
    assert failure.value.code == 2
