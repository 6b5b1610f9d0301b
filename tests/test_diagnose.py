"""Any notebook can be diagnosed: what it has of the exercises is judged, whatever else it does.

The notebooks are made here, in the ways of other courses: samples as rows, other names, other
orders of arguments, labels, tensors, data that is not there, and cells that do their worst.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from conftest import Here
from nbformat.v4 import new_code_cell, new_notebook
from typer.testing import CliRunner

from autograder.base.limits import LIMITS
from autograder.catalogue.spellings import Spelling
from autograder.cli import commands as cli
from autograder.diagnosis import command, diagnose
from autograder.diagnosis.command import the_notebook
from autograder.diagnosis.diagnose import DiagnoseError, Request
from autograder.diagnosis.foreign import said_of
from autograder.diagnosis.names import Names
from autograder.diagnosis.rearranged import Rearranged
from autograder.diagnosis.telling import MAX_ERRORS, Answer, Diagnosis
from autograder.judging.judge import judge
from autograder.sandbox import Sandbox
from softmax_by_hand import CATALOGUE, EXERCISES

Diagnose = Callable[..., Diagnosis]
NAMES = Names(CATALOGUE)
SPELLINGS = CATALOGUE.spellings.exercises

IMPORT = "import numpy as np"
SOFTMAX = """
def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)
"""
SOFTMAX_OF_ROWS = """
def softmax(X):
    e = np.exp(X - X.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
"""
CROSS_ENTROPY_OF_LABELS = """
def cross_entropy(y_hat, y):
    return -np.log(y_hat[np.arange(len(y_hat)), y])
"""


def write(folder: Path, *sources: str) -> Path:
    """Write a notebook with these cells."""
    path = folder / "other.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), path)
    return path


@pytest.fixture
def diagnosed(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Diagnose:
    """A function that diagnoses a notebook with these cells, after one that imports NumPy."""

    def diagnosed(
        *sources: str,
        aliases: Mapping[str, str] | None = None,
        exercises: tuple[str, ...] = (),
        files: tuple[Path, ...] = (),
        **limits: Any,
    ) -> Diagnosis:
        monkeypatch.setattr(sandbox, "limits", dataclasses.replace(LIMITS, **limits))
        path = write(tmp_path, IMPORT, *sources)
        named = [f"{exercise}={name}" for name, exercise in (aliases or {}).items()]
        return diagnose.diagnose(Request(path, named, exercises, files), sandbox)

    return diagnosed


def answer(found: Diagnosis, name: str) -> Answer:
    return next(answer for answer in found.answers if answer.name == name)


def text(found: Diagnosis) -> str:
    return "\n".join(found.lines())


# --- Which function is which exercise -------------------------------------------------------------


def test_what_has_the_name_of_an_exercise_is_judged_as_it(diagnosed: Diagnose) -> None:
    found = diagnosed(SOFTMAX, "def accuracy(y, y_pred):\n    return 100 * np.mean(y == y_pred)")
    softmax, accuracy = found.answers
    assert (softmax.name, softmax.how, softmax.verdict.passed) == ("softmax", (), True)
    assert accuracy.verdict.misconception == "percent"
    assert found.happened == found.passed_over == ()
    lines = text(found).splitlines()
    assert "softmax: right" in lines
    assert "accuracy: not right" in lines
    assert any(line.startswith("This looks like: percent.") for line in lines)


def test_a_match_by_alias_is_said_to_be_one(diagnosed: Diagnose) -> None:
    found = diagnosed(SOFTMAX.replace("softmax", "mySoftmax_v2"))
    assert "mySoftmax_v2, judged as softmax: right" in text(found).splitlines()


def test_two_candidates_for_one_exercise_are_both_judged(diagnosed: Diagnose) -> None:
    found = diagnosed(
        SOFTMAX.replace("softmax", "softmax_stable"),
        "def softmax_naive(z):\n    return np.exp(z) / np.exp(z).sum(axis=0)",
    )
    assert answer(found, "softmax_stable").verdict.passed
    assert answer(found, "softmax_naive").verdict.misconception == "no max shift"


def test_as_says_what_no_name_tells(diagnosed: Diagnose) -> None:
    cell = SOFTMAX.replace("softmax", "squash")
    assert diagnosed(cell).answers == ()
    found = diagnosed(cell, aliases={"squash": "softmax", "gone": "cce"})
    assert answer(found, "squash").verdict.passed
    assert found.passed_over == ("gone, for --as cce: the notebook defines no such function.",)


def test_only_the_exercises_that_are_asked_for_are_judged(diagnosed: Diagnose) -> None:
    found = diagnosed(SOFTMAX, "def predict(W, Xb): return W", exercises=("softmax",))
    assert [answer.name for answer in found.answers] == ["softmax"]


def test_other_arguments_than_an_exercise_has_are_named_and_not_scored(
    diagnosed: Diagnose,
) -> None:
    found = diagnosed("def softmax(x, axis):\n    return x")
    assert found.answers == ()
    assert found.passed_over == (
        f"softmax takes 2 arguments; asked for is {EXERCISES['softmax'].signature}.",
    )


def test_an_alias_whose_answers_fit_nothing_is_not_scored(diagnosed: Diagnose) -> None:
    found = diagnosed("def loss(a, b):\n    return 17.0")
    assert found.answers == ()
    (said,) = found.passed_over
    assert said.startswith(
        "loss may be meant as cce or cce_from_scores or mse; its answers are not "
    )
    assert "--as cce=loss" in said
    asked = diagnosed("def loss(a, b):\n    return 17.0", aliases={"loss": "cce"})
    assert answer(asked, "loss").verdict.points == 0


def test_what_only_shares_a_name_is_not_scored(diagnosed: Diagnose) -> None:
    found = diagnosed(
        "def scores(team, player):\n    return 3", "predict = lambda W, X: np.dot(W, X)"
    )
    assert found.answers == ()
    assert found.passed_over[0].startswith(
        "scores has the name of an exercise; its answers are not"
    )
    assert found.passed_over[1].startswith("predict has the name of an exercise; its answers")


def test_what_is_imported_is_not_the_notebook_s_own(diagnosed: Diagnose) -> None:
    found = diagnosed("from scipy.special import softmax")
    assert found.answers == ()
    assert found.passed_over[0].startswith("softmax comes from scipy.special")


def test_a_stub_is_said_to_be_not_written(diagnosed: Diagnose) -> None:
    found = diagnosed("def softmax(z):\n    raise NotImplementedError")
    assert found.passed_over == ("softmax is not written yet.",)


def test_a_name_that_is_used_for_something_else_later_is_judged_as_it_was(
    diagnosed: Diagnose,
) -> None:
    found = diagnosed(SOFTMAX, "softmax = softmax(np.zeros(3))")
    assert answer(found, "softmax").verdict.passed


def test_a_later_version_that_answers_nothing_does_not_hide_an_earlier_one(
    diagnosed: Diagnose,
) -> None:
    later = "import not_installed\ndef softmax(z):\n    return not_installed.softmax(z)"
    found = diagnosed(SOFTMAX, later)
    assert answer(found, "softmax").verdict.passed
    assert "(As it was after code cell 2: later it cannot be judged.)" in text(found)


def test_a_class_is_judged_and_may_take_no_learning_rate(diagnosed: Diagnose) -> None:
    found = diagnosed(
        "class Relu:\n"
        "    def forward(self, x):\n"
        "        self.on = x > 0\n"
        "        return x * self.on\n"
        "    def backward(self, dout):\n"
        "        return dout * self.on\n"
        "def relu(x):\n"
        "    return np.maximum(x, 0)"
    )
    assert [answer.name for answer in found.answers] == ["Relu", "relu"]
    assert "Relu, judged as ReLU: right, with backward without its last argument" in text(found)


# --- Other layouts --------------------------------------------------------------------------------

IN_ROWS = {
    "add_bias": ("lambda X: np.hstack((X, np.ones((len(X), 1))))", ()),
    "one_hot": ("lambda y, K: np.eye(K)[y]", ()),
    "scores": ("lambda W, X: X @ W", ()),
    "predict": ("lambda W, X: np.argmax(X @ W, axis=1)", ()),
    "cce": (
        "lambda p, t: -np.mean(np.sum(t * np.log(np.where(t == 0, 1, p)), axis=-1))",
        ("arguments in the other order",),
    ),
    "batch_gradient": (
        "lambda W, X, Y: X.T @ (softmax(X @ W) - Y) / len(X)",
        (),
    ),
}


@pytest.mark.parametrize("name", IN_ROWS)
def test_samples_as_rows_are_recognised_and_said_to_be_so(name: str, diagnosed: Diagnose) -> None:
    source, also = IN_ROWS[name]
    found = diagnosed(SOFTMAX_OF_ROWS, f"{name} = {source}", exercises=(name,))
    judged = answer(found, name)
    assert judged.verdict.passed
    assert judged.how == ("samples as rows", *also)
    assert f"{name}: right, with samples as rows" in text(found)


def test_a_function_of_batches_alone_is_given_one_sample_as_a_batch(diagnosed: Diagnose) -> None:
    judged = answer(diagnosed(SOFTMAX_OF_ROWS), "softmax")
    assert judged.verdict.passed
    assert judged.how == ("samples as rows, one sample as a batch of one",)


def test_labels_and_a_loss_for_each_sample_are_translated(diagnosed: Diagnose) -> None:
    judged = answer(diagnosed(CROSS_ENTROPY_OF_LABELS), "cross_entropy")
    assert judged.verdict.passed
    assert set(judged.how[1:]) == {
        "labels in place of one-hot vectors",
        "arguments in the other order",
        "one loss for each sample, averaged here",
    }


def test_scores_that_return_something_beside_the_loss_are_judged_by_the_loss(
    diagnosed: Diagnose,
) -> None:
    found = diagnosed(
        "def softmax_loss(x, y):\n"
        "    s = x - x.max(axis=1, keepdims=True)\n"
        "    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))\n"
        "    n = np.arange(len(x))\n"
        "    dx = np.exp(log_p)\n"
        "    dx[n, y] -= 1\n"
        "    return -log_p[n, y].mean(), dx / len(x)"
    )
    judged = answer(found, "softmax_loss")
    assert (judged.exercise.name, judged.verdict.passed) == ("cce_from_scores", True)
    assert "the first of the 2 values that it returns" in judged.how


def test_a_bias_of_its_own_is_taken_from_the_weights(diagnosed: Diagnose) -> None:
    judged = answer(diagnosed("def linear(X, W, b):\n    return X @ W + b"), "linear")
    assert judged.exercise.name == "scores"
    assert judged.verdict.passed
    assert judged.how == ("the bias as an argument of its own", "samples as rows")


def test_a_mistake_is_named_in_samples_as_rows_too(diagnosed: Diagnose) -> None:
    naive = "def softmax(X):\n    e = np.exp(X)\n    return e / e.sum(axis=1, keepdims=True)"
    epsilon = "def cross_entropy(p, t):\n    return -np.sum(t * np.log(p + 1e-9)) / len(p)"
    found = diagnosed(naive, epsilon)
    assert answer(found, "softmax").verdict.misconception == "no max shift"
    assert answer(found, "cross_entropy").verdict.misconception == "epsilon inside the log"


def test_what_is_right_in_the_course_s_own_layout_is_never_called_another(
    diagnosed: Diagnose,
) -> None:
    cells = [SOFTMAX, "def scores(W, Xb):\n    return W @ Xb"]
    assert [answer.how for answer in diagnosed(*cells).answers] == [(), ()]


def test_an_argument_that_is_changed_in_place_is_noticed_in_rows_too(diagnosed: Diagnose) -> None:
    found = diagnosed(
        "def softmax(X):\n"
        "    X -= X.max(axis=-1, keepdims=True)\n"
        "    return np.exp(X) / np.exp(X).sum(axis=-1, keepdims=True)"
    )
    judged = answer(found, "softmax")
    assert judged.how == ("samples as rows",)
    purity = judged.verdict.findings[-1]
    assert (purity.criterion, purity.passed) == ("purity", False)
    assert judged.verdict.misconception == "changes z in place"


def test_every_reference_is_right_in_the_first_arrangement_and_unchanged_by_it() -> None:
    known = {one.name: one for one in Names(CATALOGUE).known}
    for name, exercise in EXERCISES.items():
        spelling = SPELLINGS.get(name, Spelling())
        plain = next(spelling.arrangements(3))
        assert plain.said == ()
        function = Rearranged(
            exercise.reference, plain, spelling, several=known[name].gives_several
        )
        assert judge(exercise, function) == judge(exercise, exercise.reference), name


def test_wrong_answers_of_the_catalogue_are_not_called_right_in_another_layout() -> None:
    """But for those that are another layout, which the catalogue names as mistakes here."""
    others = set()
    for name in ("add_bias", "one_hot", "scores", "softmax", "predict"):
        exercise = EXERCISES[name]
        for mistake in exercise.misconceptions:
            count = 2 if name not in ("add_bias", "softmax") else 1
            for arrangement in SPELLINGS[name].arrangements(count):
                function = Rearranged(mistake.wrong[0], arrangement, SPELLINGS[name])
                if judge(exercise, function).passed:
                    others.add((name, mistake.name))
    assert others == {
        ("add_bias", "adds a sample"),
        ("one_hot", "samples as rows"),
        ("predict", "argmax over the samples"),
        ("softmax", "axis=1"),
        ("scores", "factors exchanged"),
    }


# --- Methods, pairs of functions, layers of any interface -----------------------------------------

MODEL = """
class SoftmaxRegression:
    def __init__(self, n_features, n_classes):
        self.W = np.zeros((n_features, n_classes))
    def softmax(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    @staticmethod
    def one_hot(y, K):
        return np.eye(K)[y]
    @classmethod
    def squash(cls, z):
        e = np.exp(z - z.max(axis=0))
        return e / e.sum(axis=0)
    def predict(self, X):
        return np.argmax(X @ self.W, axis=1)
"""


def test_methods_of_a_class_are_judged(diagnosed: Diagnose) -> None:
    found = diagnosed(MODEL, aliases={"SoftmaxRegression.squash": "softmax"})
    for name in ("softmax", "one_hot", "squash"):
        assert answer(found, f"SoftmaxRegression.{name}").verdict.passed
    assert "SoftmaxRegression.predict takes 1 argument; asked for is" in text(found)


LAYERS = {
    "the seeds' interface": (
        "class Softmax:\n"
        "    def forward(self, input):\n"
        "        e = np.exp(input - input.max(axis=0))\n"
        "        self.output = e / e.sum(axis=0)\n"
        "    def backward(self, output_gradient, learning_rate):\n"
        "        p = self.output\n"
        "        return p * (output_gradient - np.sum(p * output_gradient, axis=0))\n",
        "what forward leaves in `output`",
    ),
    "both left in the layer": (
        "class Activation_ReLU:\n"
        "    def forward(self, inputs):\n"
        "        self.inputs, self.output = inputs, np.maximum(0, inputs)\n"
        "    def backward(self, dvalues):\n"
        "        self.dinputs = dvalues * (self.inputs > 0)\n",
        "what backward leaves in `dinputs`",
    ),
    "called, and a method for its slope": (
        "class Sigmoid:\n"
        "    def __call__(self, x): return 1 / (1 + np.exp(-x))\n"
        "    def gradient(self, x): return self(x) * (1 - self(x))\n",
        "the slopes of its method gradient",
    ),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_layers_of_other_interfaces_are_judged(kind: str, diagnosed: Diagnose) -> None:
    source, how = LAYERS[kind]
    (judged,) = diagnosed(source).answers
    assert judged.verdict.passed
    assert how in judged.how


def test_a_layer_that_works_on_one_column_alone_is_judged_so(diagnosed: Diagnose) -> None:
    (judged,) = diagnosed(
        "class Softmax:\n"
        "    def forward(self, input):\n"
        "        self.output = np.exp(input) / np.sum(np.exp(input))\n"
        "    def backward(self, output_gradient, learning_rate):\n"
        "        n = np.size(self.output)\n"
        "        return np.dot((np.identity(n) - self.output.T) * self.output, output_gradient)\n"
    ).answers
    assert judged.verdict.findings[0].passed
    assert "one sample as a batch of one" in judged.how


PAIRED = {
    "of the scores": ("def relu_derivative(x): return (x > 0) * 1.0", "relu_derivative"),
    "a backward": ("def relu_backward(dA, Z): return dA * (Z > 0)", "relu_backward"),
    "in Spanish": ("def derivada_relu(x): return np.where(x > 0, 1.0, 0.0)", "derivada_relu"),
}


@pytest.mark.parametrize("kind", PAIRED)
def test_an_activation_and_its_slope_are_judged_together(kind: str, diagnosed: Diagnose) -> None:
    source, slope = PAIRED[kind]
    found = diagnosed("def relu(x): return np.maximum(x, 0)", source)
    (judged,) = found.answers
    assert (judged.name, judged.exercise.name, judged.verdict.passed) == ("relu", "ReLU", True)
    assert f"{slope} as its slope" in judged.how
    assert found.passed_over == found.unknown == ()


def test_a_slope_of_the_answers_is_told_from_one_of_the_scores(diagnosed: Diagnose) -> None:
    (judged,) = diagnosed(
        "def sigmoid(z): return 1 / (1 + np.exp(-z))", "def sigmoid_prime(a): return a * (1 - a)"
    ).answers
    assert judged.verdict.passed
    assert "the slope computed from the answers" in judged.how


def test_an_activation_without_its_slope_is_judged_by_itself(diagnosed: Diagnose) -> None:
    (judged,) = diagnosed("tanh = lambda z: np.tanh(z)").answers
    assert (judged.exercise.name, judged.verdict.passed) == ("Tanh.forward", True)


def test_methods_are_paired_with_their_slopes(diagnosed: Diagnose) -> None:
    found = diagnosed(
        "class Net:\n"
        "    def __init__(self, sizes): self.sizes = sizes\n"
        "    def sigmoid(self, x): return 1 / (1 + np.exp(-x))\n"
        "    def sigmoid_derivative(self, x): return self.sigmoid(x) * (1 - self.sigmoid(x))\n"
        "    def relu(self, x): return np.maximum(x, 0)\n",
        "def relu_derivative(x): return (x > 0) * 1.0",
    )
    sigmoid = answer(found, "Net.sigmoid")
    assert (sigmoid.exercise.name, sigmoid.verdict.passed) == ("Sigmoid", True)
    assert sigmoid.how == ("Net.sigmoid_derivative as its slope",)
    # A function beside the class is no slope of its method.
    assert answer(found, "Net.relu").exercise.name == "ReLU.forward"


def test_float32_is_no_mistake_in_an_activation(diagnosed: Diagnose) -> None:
    (judged,) = diagnosed(
        "def relu(x): return np.maximum(x, 0).astype(np.float32)",
        "def relu_backward(dA, Z): return dA * (Z > 0)",
    ).answers
    assert judged.verdict.passed
    assert any("float32" in words for words in judged.how)


def test_what_wraps_a_function_of_the_notebook_is_its_own(diagnosed: Diagnose) -> None:
    found = diagnosed(
        "@np.vectorize\ndef sigmoid(x): return 1 / (1 + np.exp(-x))",
        "scores = np.dot",
        "def scores(team): return 3",
        "def softmax(z): return z\nsoftmax = np.exp",
    )
    assert [one.name for one in found.answers] == ["sigmoid"]
    assert "scores takes 1 argument; asked for is" in text(found)
    assert "softmax comes from numpy" in text(found)


def test_a_forward_alone_is_not_said_to_go_back(diagnosed: Diagnose) -> None:
    (judged,) = diagnosed("def sigmoid(z): return 1 / (1 + np.exp(-z))").answers
    assert judged.verdict.findings[0].criterion == "forward"
    assert "back" not in " ".join(judged.lines())


def test_a_switch_for_the_slope_is_used(diagnosed: Diagnose) -> None:
    (judged,) = diagnosed(
        "def relu(x, derivative=False):\n"
        "    return (x > 0) * 1.0 if derivative else np.maximum(x, 0)"
    ).answers
    assert (judged.exercise.name, judged.verdict.passed) == ("ReLU", True)


# --- Other arguments ------------------------------------------------------------------------------

NUMERICAL = """
def numerical_gradient(f, x, verbose=True, {}h=1e-5):
    assert type(verbose) is bool
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = h
        gradient[i] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient
"""


@pytest.mark.parametrize("between", ["", "*, "])
def test_an_argument_with_a_default_is_given_by_its_name(between: str, diagnosed: Diagnose) -> None:
    judged = answer(diagnosed(NUMERICAL.format(between)), "numerical_gradient")
    assert judged.verdict.passed, judged.verdict
    assert judged.how == ()


ELSEWHERE = {
    "predict": ("def predict(X, W, b): return np.argmax(X @ W + b, axis=1)", "predict"),
    "softmax_derivative": (
        "def softmax_derivative(z):\n"
        "    a = np.exp(z - z.max()); a = a / a.sum()\n"
        "    return np.diag(a) - np.outer(a, a)",
        "softmax_jacobian",
    ),
    "loss": (
        "def loss(logits, Y):\n"
        "    s = logits - logits.max(axis=1, keepdims=True)\n"
        "    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))\n"
        "    return -np.mean(np.sum(Y * log_p, axis=1))",
        "cce_from_scores",
    ),
    "entropia_cruzada": (
        "def entropia_cruzada(y, p):\n"
        "    return -np.mean(np.sum(y * np.log(np.where(y == 0, 1, p)), axis=0))",
        "cce",
    ),
    "kreuzentropie": (
        "def kreuzentropie(y, p):\n"
        "    return -np.mean(np.sum(y * np.log(np.where(y == 0, 1, p)), axis=0))",
        "cce",
    ),
    "zhunquelv": ("def zhunquelv(y, p): return np.mean(y == p)", "accuracy"),
    "précision": ("def précision(y, p): return np.mean(y == p)", "accuracy"),
    "matriz_confusao": (
        "def matriz_confusao(y, p, K):\n"
        "    C = np.zeros((K, K), dtype=int)\n    np.add.at(C, (y, p), 1)\n    return C",
        "confusion_matrix",
    ),
    "one_hot": ("def one_hot(n_classes, y): return np.eye(n_classes)[y]", "one_hot"),
    "CrossEntropy.__call__": (
        "class CrossEntropy:\n"
        "    def __call__(self, p, y):\n"
        "        return -np.mean(np.sum(y * np.log(np.where(y == 0, 1, p)), axis=1))",
        "cce",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ELSEWHERE)
def test_other_names_and_arguments_are_understood(name: str, diagnosed: Diagnose) -> None:
    source, exercise = ELSEWHERE[name]
    judged = answer(diagnosed(source), name)
    assert (judged.exercise.name, judged.verdict.passed) == (exercise, True), judged


# --- Only what is true ----------------------------------------------------------------------------


def test_columns_are_not_called_rows_where_arguments_are_exchanged(diagnosed: Diagnose) -> None:
    (judged,) = diagnosed("scores = lambda x, w: np.dot(w, x)").answers
    assert judged.how == ("arguments in the other order",)


def test_a_layout_is_no_mistake_where_the_rest_of_the_notebook_has_it(diagnosed: Diagnose) -> None:
    naive = "def softmax(x):\n    return np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)"
    found = diagnosed(naive, "def mse(y, p): return np.mean((y - p) ** 2)", LAYERS_IN_PLAIN)
    judged = answer(found, "softmax")
    assert judged.how == ("samples as rows",)
    assert judged.verdict.misconception == "no max shift"
    assert "axis=1" not in text(found)
    assert "Elsewhere" not in text(found)


def test_a_column_of_biases_is_given_a_column_for_one_sample(diagnosed: Diagnose) -> None:
    judged = answer(
        diagnosed("def linear_forward(A, W, b): return W @ A + b, (A, W, b)"), "linear_forward"
    )
    assert judged.verdict.passed
    assert not any("rows" in words for words in judged.how)


def test_one_label_comes_as_an_array_where_one_sample_is_a_batch(diagnosed: Diagnose) -> None:
    judged = answer(
        diagnosed(
            "def cce_loss(Z, y):\n"
            "    Z = Z - Z.max(axis=1, keepdims=True)\n"
            "    s = np.log(np.exp(Z).sum(axis=1)) - Z[np.arange(len(y)), y]\n"
            "    return s.mean()"
        ),
        "cce_loss",
    )
    assert (judged.exercise.name, judged.verdict.passed) == ("cce_from_scores", True)


CONFUSION = """
def confusion_matrix({}, {}):
    C = np.zeros(({}.max() + 1,) * 2, int)
    np.add.at(C, (true, predicted), 1)
    return C
"""


def test_a_confusion_matrix_may_take_its_classes_from_the_labels(diagnosed: Diagnose) -> None:
    both = "np.append(true, predicted)"
    judged = answer(diagnosed(CONFUSION.format("true", "predicted", both)), "confusion_matrix")
    assert judged.verdict.findings[0].passed
    assert judged.how == ("K taken from the labels",)
    other = answer(diagnosed(CONFUSION.format("predicted", "true", both)), "confusion_matrix")
    assert other.verdict.findings[0].passed
    assert "the prediction before the truth" in other.how


def test_a_transposed_confusion_matrix_is_not_called_another_order(diagnosed: Diagnose) -> None:
    judged = answer(
        diagnosed(
            "def confusion_matrix(y, y_pred, K):\n"
            "    C = np.zeros((K, K), int)\n    np.add.at(C, (y_pred, y), 1)\n    return C"
        ),
        "confusion_matrix",
    )
    assert judged.verdict.findings[0].misconception == "transposed"


def test_hits_may_be_counted_from_probabilities(diagnosed: Diagnose) -> None:
    judged = answer(
        diagnosed("def accuracy(P, Y): return np.mean(P.argmax(1) == Y.argmax(1))"), "accuracy"
    )
    assert judged.verdict.passed
    assert "samples as rows" in judged.how


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("(Z, Y): return softmax(Z) - Y", "by the scores, with samples as rows;"),
        ("(P, Y): return (P - Y) / len(Y)", "divided by the number of samples, with probabilities"),
        (
            "(Z, y):\n    P = softmax(Z)\n    P[np.arange(len(y)), y] -= 1\n    return P / len(y)",
            "with samples as rows and labels in place of one-hot vectors;",
        ),
    ],
)
def test_a_gradient_by_the_scores_is_called_so(source: str, said: str, diagnosed: Diagnose) -> None:
    found = diagnosed(SOFTMAX_OF_ROWS, f"def cce_gradient{source}")
    (why,) = found.passed_over
    assert why.startswith("cce_gradient gives the gradient of the cross-entropy by the scores")
    assert said in why


def test_a_jacobian_of_one_sample_has_neither_rows_nor_columns(diagnosed: Diagnose) -> None:
    found = diagnosed(
        SOFTMAX_OF_ROWS, "def softmax_jacobian(a): return np.diag(a) - np.outer(a, a)"
    )
    assert "Elsewhere" not in text(found)


def test_a_step_that_cannot_be_given_is_left_out(diagnosed: Diagnose) -> None:
    judged = answer(
        diagnosed(
            "def gradiente_numerico(f, x):\n"
            "    g = np.zeros(x.shape)\n"
            "    for i in np.ndindex(x.shape):\n"
            "        step = np.zeros(x.shape)\n        step[i] = 1e-5\n"
            "        g[i] = (f(x + step) - f(x - step)) / 2e-5\n"
            "    return g"
        ),
        "gradiente_numerico",
    )
    assert judged.verdict.findings[0].passed
    assert judged.how == ("no h",)


def test_what_returns_no_plain_value_is_said_to(diagnosed: Diagnose) -> None:
    found = diagnosed("def batch_indices(N, batch_size, rng): yield from range(N)")
    assert "it returns a value of type generator, so it is not scored" in text(found)
    found = diagnosed("def softmax(z): return [float(e) for e in z]")
    assert "softmax has the name of an exercise; it returns a list, so it is not" in text(found)


def test_several_answers_of_different_shapes_are_judged(diagnosed: Diagnose) -> None:
    epoch = "def sgd_epoch(W, X, Y, learning_rate, order):\n    return W, np.zeros(len(order))"
    assert answer(diagnosed(SOFTMAX, epoch), "sgd_epoch").verdict.points == 0


def test_an_activation_has_no_layout(diagnosed: Diagnose) -> None:
    found = diagnosed(
        SOFTMAX_OF_ROWS,
        "def relu(x): return np.maximum(x, 0)",
        "def relu_derivative(x): return (x > 0) * 1.0",
    )
    assert answer(found, "softmax").how[0].startswith("samples as rows")
    assert answer(found, "relu").how == ("relu_derivative as its slope",)


def test_the_loss_of_a_regression_tells_no_layout(diagnosed: Diagnose) -> None:
    found = diagnosed(SOFTMAX_OF_ROWS, "def loss(y, p): return np.mean((y - p) ** 2)")
    assert answer(found, "loss").exercise.name == "mse"
    assert "Elsewhere" not in text(found)


def test_what_was_not_asked_for_is_not_said_to_be_unknown(diagnosed: Diagnose) -> None:
    assert diagnosed(SOFTMAX, exercises=("cce",)).unknown == ()


LAYERS_IN_PLAIN = "def relu(x): return np.maximum(x, 0)"


def test_k_is_said_to_come_from_the_labels_only_where_it_does(diagnosed: Diagnose) -> None:
    fixed = diagnosed("def one_hot(y):\n    return np.eye(10)[y]")
    assert fixed.answers == ()
    assert fixed.passed_over[0].startswith("one_hot gives 10 classes whatever the labels are")
    told = answer(diagnosed("def one_hot(y):\n    return np.eye(y.max() + 1)[y]"), "one_hot")
    assert "K taken from the labels" in told.how


def test_float32_is_called_float32(diagnosed: Diagnose) -> None:
    short = SOFTMAX_OF_ROWS.replace(
        "X.max(axis=1, keepdims=True))", "X.max(axis=1, keepdims=True)).astype(np.float32)"
    )
    judged = answer(diagnosed(short), "softmax")
    assert judged.verdict.passed
    assert any("float32" in words for words in judged.how)


def test_what_is_right_where_it_answers_is_not_called_wrong(diagnosed: Diagnose) -> None:
    found = diagnosed("def relu(x): return np.array([e if e > 0 else 0.0 for e in x])")
    (said,) = found.passed_over
    assert said.startswith("relu is right as ReLU.forward for some arguments, and for others it ")


def test_the_loss_of_a_regression_is_not_called_a_wrong_cross_entropy(diagnosed: Diagnose) -> None:
    found = diagnosed("def cost(y, p): return np.sum((y - p) ** 2) / (2 * len(y))")
    assert all(answer.exercise.name == "mse" for answer in found.answers)
    right = answer(diagnosed("def cost(y, p): return np.mean((y - p) ** 2)"), "cost")
    assert (right.exercise.name, right.verdict.passed) == ("mse", True)


def test_a_method_of_an_estimator_is_not_scored(diagnosed: Diagnose) -> None:
    found = diagnosed("predict = np.dot", "softmax = max")
    assert found.answers == ()


@pytest.mark.parametrize(
    "source",
    [
        "def softmax(z):\n    # YOUR CODE HERE\n",
        "def softmax(z):\n    ### START CODE HERE\n    s = \n    ### END CODE HERE\n    return s",
        "def softmax(z):\n    ...",
        "def softmax(z):\n    pass",
        "def softmax(z):\n    # TODO\n    return 0.0",
        "def softmax(z):\n    # Your code goes here\n    return z",
        "def softmax(z):\n    e = ____\n    return e / e.sum()",
        "def softmax(z):\n    e = <FILL IN>\n    return e",
        "def softmax(z):\n    e = np.zeros_like(z)\n    # \uc5ec\uae30\n    return e",
        "def softmax(z):\n    assert False, 'later'",
    ],
)  # fmt: skip
def test_an_unfilled_template_is_not_written_yet(source: str, diagnosed: Diagnose) -> None:
    found = diagnosed(source)
    assert found.answers == ()
    assert found.passed_over == ("softmax is not written yet.",)
    assert "SyntaxError" not in text(found)
    assert "IndentationError" not in text(found)


@pytest.mark.parametrize(
    "source",
    [
        "def softmax(z)\n    return np.exp(z) / np.exp(z).sum(axis=0)",
        "def softmax(z):\nreturn np.exp(z) / np.exp(z).sum(axis=0)",
        "def softmax(z):\n    e = np.exp(z\n    return e / e.sum(axis=0)\n\n"
        "def later(x):\n    pass",
    ],
)
def test_an_error_of_syntax_is_not_called_unfilled(source: str, diagnosed: Diagnose) -> None:
    said = text(diagnosed(source))
    assert "softmax: code cell 2 did not run to its end: " in said
    assert "not written" not in said
    assert "not filled in" not in said


def test_comments_in_place_of_a_loop_s_body_are_something_to_fill_in(diagnosed: Diagnose) -> None:
    found = diagnosed("for i in range(3):\n    # Step 5: the scores\n    # Step 6: the gradient")
    assert found.happened[0] == "Code cell 2: something in it is not filled in yet"


def test_what_stands_in_a_cell_with_an_error_of_syntax_is_judged(diagnosed: Diagnose) -> None:
    found = diagnosed(f"print 'hello'\n{SOFTMAX}\nx = (")
    assert answer(found, "softmax").verdict.passed


def test_what_is_defined_and_not_judged_is_listed_with_the_reason(diagnosed: Diagnose) -> None:
    found = diagnosed(SOFTMAX, "def plot_loss(h):\n    return h")
    assert found.unknown == ("plot_loss",)
    assert "  `plot_loss`: no exercise of the catalogue has this name." in text(found).splitlines()


def test_a_file_beside_the_notebook_is_named(diagnosed: Diagnose, tmp_path: Path) -> None:
    (tmp_path / "dnn_utils.py").write_text("x = 1")
    found = diagnosed("from dnn_utils import x", "import tensorflow_datasets")
    assert found.happened[:2] == (
        "Code cell 2: needs dnn_utils.py, which lies beside the notebook: give it with --file",
        "Code cell 3: needs the package tensorflow_datasets, which is not installed here",
    )


def test_files_that_a_cell_imports_after_a_package_are_named_too(diagnosed: Diagnose) -> None:
    found = diagnosed("import torch, json\nimport math\nfrom helpers.data import load")
    assert found.happened[:2] == (
        "Code cell 2: needs the package torch, which is not installed here",
        "Code cell 2: needs helpers.data, which is no package that is known here: give "
        "helpers/data.py with --file",
    )


def test_functions_of_a_process_that_was_lost_are_paired_in_the_next(diagnosed: Diagnose) -> None:
    found = diagnosed(
        "def sigmoid(z): return 1 / (1 + np.exp(-z))",
        "def sigmoid_backward(dA, Z): return dA * sigmoid(Z) * (1 - sigmoid(Z))",
        "while True:\n    pass",
        "def relu(z): return np.maximum(z, 0)",
        cell_seconds=0.5,
    )
    assert "sigmoid_backward as its slope" in answer(found, "sigmoid").how


# --- Cells that fail ------------------------------------------------------------------------------


def test_what_a_failed_cell_defines_is_judged_all_the_same(diagnosed: Diagnose) -> None:
    found = diagnosed(f"data = open('train.csv').read()\n{SOFTMAX}", "print(data)")
    assert answer(found, "softmax").verdict.passed
    assert found.happened == (
        "Code cell 2: opens train.csv, which is not in the sandbox: give it with --file",
        "Code cell 3: NameError: name 'data' is not defined",
        "Of cells with errors, what they define was run by itself.",
    )


def test_a_file_that_is_given_is_there(diagnosed: Diagnose, tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("1,2")
    (tmp_path / "mine.py").write_text("import numpy as np\n" + SOFTMAX)
    files = (tmp_path / "train.csv", tmp_path / "mine.py")
    found = diagnosed("open('train.csv').read()\nfrom mine import softmax", files=files)
    assert found.happened == ()
    assert answer(found, "softmax").verdict.passed


def test_a_file_lies_where_it_lay_beside_the_notebook(
    diagnosed: Diagnose, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.py").write_text("import numpy as np\n" + SOFTMAX)
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "train.csv"
    elsewhere.write_text("1,2")
    files = (tmp_path / "data" / "mine.py", elsewhere)
    found = diagnosed("open('train.csv').read()\nfrom data.mine import softmax", files=files)
    assert found.happened == ()
    assert answer(found, "softmax").verdict.passed


def test_a_missing_package_is_named_once_for_each_cell_that_needs_it(diagnosed: Diagnose) -> None:
    found = diagnosed("import not_installed as nt", "def softmax(z):\n    return nt.softmax(z)")
    assert found.happened[0] == (
        "Code cell 2: needs not_installed, which is no package that is known here: give "
        "not_installed.py with --file"
    )
    assert found.answers == ()
    assert found.passed_over[0].endswith("NameError: name 'nt' is not defined")


def test_numpy_takes_the_place_of_an_np_that_came_from_elsewhere(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    found = diagnose.diagnose(
        Request(write(tmp_path, f"from common.np import *\n{SOFTMAX}")), sandbox
    )
    assert answer(found, "softmax").verdict.passed
    assert "(np is not defined; NumPy was put there.)" in text(found)


def test_magics_and_programs_cost_nothing_but_themselves(diagnosed: Diagnose) -> None:
    found = diagnosed("%matplotlib inline", f"!pip install d2l\n{SOFTMAX}", "%nonsense")
    assert answer(found, "softmax").verdict.passed
    assert found.happened[0].startswith("Code cell 4: ")


def test_many_errors_are_counted_and_not_listed(diagnosed: Diagnose) -> None:
    found = diagnosed("1 / 0", "1 / 0", *[f"name_{i}" for i in range(8)], SOFTMAX)
    assert len(found.happened) == MAX_ERRORS + 2
    assert found.happened[0] == "Code cells 2 and 3: ZeroDivisionError: division by zero"
    assert "Further kinds of errors: 3." in found.happened
    assert answer(found, "softmax").verdict.passed


def test_a_cell_that_does_not_end_is_left_out(diagnosed: Diagnose) -> None:
    found = diagnosed("while True:\n    pass", SOFTMAX, cell_seconds=0.5)
    assert answer(found, "softmax").verdict.passed
    assert "Code cell 2 was left out: this cell did not end within 0.5 s." in found.happened


def test_where_nothing_ends_what_is_defined_is_judged(diagnosed: Diagnose) -> None:
    endless = ["while True:\n    pass"] * 3
    found = diagnosed(*endless, SOFTMAX, cell_seconds=0.5, restarts=1)
    assert answer(found, "softmax").verdict.passed
    assert "Only what its cells define was run again, to go on." in found.happened


def test_a_function_that_does_not_come_back_costs_the_others_nothing(diagnosed: Diagnose) -> None:
    found = diagnosed(
        SOFTMAX, "def one_hot(y, K):\n    while True:\n        pass", call_seconds=0.5
    )
    assert answer(found, "softmax").verdict.passed
    (said,) = found.passed_over
    assert said.startswith("one_hot answers no call")
    assert "did not end within 0.5 s" in said


def test_functions_of_tensors_are_given_tensors(diagnosed: Diagnose, tmp_path: Path) -> None:
    """A library of tensors that takes no arrays, with what a softmax needs of one."""
    (tmp_path / "torch.py").write_text(
        "import numpy\n"
        "class Tensor:\n"
        "    def __init__(self, array): self.array = array\n"
        "    def detach(self): return self\n"
        "    def numpy(self): return self.array\n"
        "def from_numpy(array): return Tensor(array)\n"
        "def softmax(tensor, dim):\n"
        "    e = numpy.exp(tensor.array - tensor.array.max(axis=dim, keepdims=True))\n"
        "    return Tensor(e / e.sum(axis=dim, keepdims=True))\n"
    )
    cells = ("import torch", "def softmax(x):\n    return torch.softmax(x, dim=-1)")
    found = diagnosed(*cells, files=(tmp_path / "torch.py",))
    judged = answer(found, "softmax")
    assert judged.verdict.passed
    assert judged.how == ("samples as rows",)
    assert judged.notes == ("Arrays were made tensors, and its tensors arrays.",)


@pytest.mark.parametrize(
    ("error", "words", "said"),
    [
        ("ModuleNotFoundError", "No module named 'torch'", "needs the package torch"),
        ("ModuleNotFoundError", "No module named 'a.b'", "needs a.b, which is no package that"),
        ("Exception", "URL fetch failure: name resolution", "needs the network"),
        (
            "SyntaxError",
            "invalid (<cell 20>, line 2)",
            "SyntaxError at line 2: invalid",
        ),
        ("OSError", "data.csv not found.\nmore", "OSError: data.csv not found."),
        ("ValueError", "{0} \x1b[2J", "ValueError: {0} ?[2J"),
    ],
)
def test_errors_are_told_in_words(error: str, words: str, said: str) -> None:
    assert said_of(error, words).startswith(said)


# --- Hostile notebooks ----------------------------------------------------------------------------


def test_what_a_notebook_prints_is_never_shown(diagnosed: Diagnose) -> None:
    forged = "print('softmax: right\\nsoftmax: 8 of 8 points\\x1b[2J')"
    naive = "def softmax(z):\n    return np.exp(z) / np.exp(z).sum(axis=0)"
    found = diagnosed(forged, naive, forged)
    assert text(found).count("8 of 8") == 0
    assert answer(found, "softmax").verdict.points == 6


def test_no_escape_of_a_notebook_reaches_the_terminal(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(
        tmp_path,
        "raise ValueError('\\x1b[31mright\\x07')",
        "def softmax(z):\n    raise RuntimeError('\\x1b]0;right\\x07')",
        "def one_hot(y, K):\n    return [chr(27) + '[2J']",
        "def accuracy(y, p): pass\naccuracy.__module__ = '\\x1b[1m'",
    )
    code, output, said = run(monkeypatch, sandbox, path)
    assert code == 1
    assert "ValueError: ?[31mright?" in output
    assert not {"\x1b", "\x07"} & set(output + said)


def test_a_notebook_that_spoils_what_looks_at_it_is_judged_or_left(diagnosed: Diagnose) -> None:
    spoiled = diagnosed(
        SOFTMAX,
        "import inspect\n"
        "def nothing(*_, **__): raise SystemExit\n"
        "inspect.signature = nothing\n"
        "globals()[3] = nothing\n"
        "class Odd(type):\n"
        "    def __getattribute__(self, name): raise SystemExit\n"
        "class one_hot(metaclass=Odd): pass\n"
        "class predict:\n"
        "    __signature__ = 'of no use'\n"
        "    def __call__(self): pass\n",
    )
    assert answer(spoiled, "softmax").verdict.passed


def test_a_name_cannot_be_made_of_anything_but_a_name(diagnosed: Diagnose) -> None:
    odd = "globals()['softmax: right\\n8 of 8'] = globals()['softmax'] = lambda z: z"
    found = diagnosed(odd)
    assert [answer.name for answer in found.answers] == ["softmax"]
    assert "8 of 8" not in text(found)


# --- The command ----------------------------------------------------------------------------------


def run(
    monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, *arguments: str | Path
) -> tuple[int, str, str]:
    """Run the command in a sandbox that is there; return exit code, output and what was said."""
    monkeypatch.setattr(diagnose, "Sandbox", lambda *_: nullcontext(sandbox))
    monkeypatch.setattr(command, "own_worker", Here)
    result = CliRunner().invoke(cli.app, ["diagnose", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_the_command_prints_the_cards_and_returns_0(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, IMPORT, SOFTMAX.replace("softmax", "[red]".strip("[]")))
    code, output, said = run(monkeypatch, sandbox, path, "--as", "softmax=red")
    assert (code, said) == (0, "")
    assert output.splitlines()[:5] == [
        "Diagnosis of other.ipynb",
        "2 code cells run in a sandbox. All words here are the judge's, none the notebook's own.",
        "",
        "red, judged as softmax: right",
        "softmax: 8 of 8 points",
    ]
    assert run(monkeypatch, sandbox, path, "--as", "softmax=red") == (code, output, said)


def test_where_there_is_nothing_to_judge_it_says_what_it_looked_for(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "def squash(z):\n    return z")
    code, _, said = run(monkeypatch, sandbox, path, "--exercise", "softmax", "--exercise", "cce")
    assert code == 1
    assert said.splitlines() == [
        "autograder: nothing to judge in other.ipynb: looked for softmax and cce, and for names "
        "that often stand for them; it defines squash.",
        "Say which is which: autograder diagnose other.ipynb --as softmax=its_name",
    ]


def test_where_nothing_could_be_judged_the_reasons_are_above(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, output, said = run(
        monkeypatch, sandbox, write(tmp_path, "def softmax(a, b):\n    return a")
    )
    assert code == 1
    assert "softmax takes 2 arguments" in output
    assert said == ("autograder: nothing in other.ipynb could be judged, for the reasons above\n")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "other.ipynb is empty"),
        (b"def softmax(z): pass", "other.ipynb is not JSON, so it is no notebook"),
        (b"\xff\xfe", "other.ipynb is not UTF-8 text"),
        (b'{"cells": []}', "other.ipynb is JSON but not a notebook"),
        (b'{"nbformat": 9, "cells": []}', "other.ipynb has a newer notebook format than 4"),
        (b'{"nbformat": 3}', "other.ipynb has an older notebook format than 4"),
    ],
)
def test_what_is_no_notebook_is_said_to_be_none(
    content: bytes,
    words: str,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "other.ipynb"
    path.write_bytes(content)
    code, output, said = run(monkeypatch, sandbox, path)
    assert (code, output) == (1, "")
    assert said.startswith(f"autograder: {words}")
    assert "submit" not in said
    assert len(said.splitlines()) == 1


def test_the_one_notebook_of_a_folder_or_an_archive_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "f" / "sub" / "x.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"cells": []}')
    (path.parent / ".ipynb_checkpoints").mkdir()
    (path.parent / ".ipynb_checkpoints" / "x-checkpoint.ipynb").write_bytes(b"{}")
    (path.parent / "notes.txt").write_text("x")
    archive = Path(shutil.make_archive(str(tmp_path / "w"), "zip", tmp_path / "f"))
    for given in (tmp_path / "f", archive, path):
        with the_notebook(given) as found:
            assert (found.name, found.read_bytes()) == ("x.ipynb", b'{"cells": []}')
    (path.parent / "y.ipynb").write_bytes(b"{}")
    for given, why in ((tmp_path / "f", "sub/x.ipynb, sub/y.ipynb"), (tmp_path, "several")):
        with pytest.raises(DiagnoseError, match=why), the_notebook(given):
            pass
    (tmp_path / "empty").mkdir()
    with (
        pytest.raises(DiagnoseError, match="there is no notebook in"),
        the_notebook(tmp_path / "empty"),
    ):
        pass


def test_a_notebook_of_format_3_is_converted(sandbox: Sandbox, tmp_path: Path) -> None:
    cell = {
        "cell_type": "code",
        "collapsed": False,
        "input": IMPORT + SOFTMAX,
        "language": "python",
        "metadata": {},
        "outputs": [],
    }
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [{"cells": [cell], "metadata": {}}],
    }
    path = tmp_path / "old.ipynb"
    path.write_text(json.dumps(old))
    found = diagnose.diagnose(Request(path), sandbox)
    assert found.happened == ("It is of an older format, and was converted.",)
    assert answer(found, "softmax").verdict.passed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.ipynb"], "there is no notebook nowhere.ipynb"),
        (["other.ipynb", "--as", "softmax"], "--as wants an exercise and a name"),
        (["other.ipynb", "--as", "softmax=a b"], "--as wants an exercise and a name"),
        (["other.ipynb", "--as", "soft=a"], "there is no exercise soft; there are add_bias"),
        (["other.ipynb", "--exercise", "soft"], "there is no exercise soft"),
        (["other.ipynb", "--file", "gone.csv"], "--file: there is no file gone.csv"),
        (["other.ipynb", "--isolation", "maybe"], "--isolation is bwrap or none, not 'maybe'"),
    ],
)
def test_wrong_usage_is_named_with_exit_code_2(
    arguments: list[str],
    words: str,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(tmp_path, SOFTMAX)
    monkeypatch.chdir(tmp_path)
    code, output, said = run(monkeypatch, sandbox, *arguments)
    assert (code, output) == (2, "")
    assert said.startswith(f"autograder: {words}")
    assert len(said.splitlines()) == 1


def test_without_bubblewrap_the_exit_code_is_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(command, "own_worker", Here)
    result = CliRunner().invoke(cli.app, ["diagnose", str(write(tmp_path, SOFTMAX))])
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("autograder: bubblewrap is not installed")


def test_a_link_to_a_notebook_is_followed_when_a_person_names_it(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    link = tmp_path / "link.ipynb"
    link.symlink_to(write(tmp_path, IMPORT, SOFTMAX))
    assert answer(diagnose.diagnose(Request(link), sandbox), "softmax").verdict.passed


# --- The tables -----------------------------------------------------------------------------------


def test_spellings_are_of_exercises_that_there_are() -> None:
    assert set(SPELLINGS) <= set(EXERCISES)


@pytest.mark.parametrize(
    ("name", "exercise"),
    [
        ("cross_entropy", "cce"),
        ("crossEntropy", "cce"),
        ("categorical_crossentropy", "cce"),
        ("softmax_stable", "softmax"),
        ("compute_softmax2", "softmax"),
        ("one_hot_encode", "one_hot"),
        ("to_one_hot", "one_hot"),
        ("softmax_grad", "softmax_jacobian"),
        ("get_accuracy", "accuracy"),
        ("eval_numerical_gradient", "numerical_gradient"),
    ],
)
def test_names_that_people_give_are_known(name: str, exercise: str) -> None:
    assert NAMES.meant(name, NAMES.known)[0].name == exercise


@pytest.mark.parametrize("name", ["", "_", "x", "plot", "the", "softmax_regression_model"])
def test_other_names_stand_for_nothing(name: str) -> None:
    assert NAMES.meant(name, NAMES.known) == []


def test_an_exercise_s_own_name_stands_for_nothing_else() -> None:
    for name in EXERCISES:
        assert [one.name for one in NAMES.meant(name, NAMES.known)] == [name]


def test_a_batch_brought_back_is_what_it_was() -> None:
    rng = np.random.default_rng(0)
    for call in ((rng.normal(size=(3, 5)), rng.normal(size=(3, 5))), (np.ones(3), np.ones(3))):
        for arrangement in SPELLINGS["cce_gradient"].arrangements(2):
            first = next(part for part in arrangement.parts(call) if part[0] == 0)
            there = first[1](call[0])
            answer = arrangement.one if call[0].ndim == 1 else arrangement.answer
            assert np.array_equal(answer(there), call[0]), arrangement.said


def test_diagnose_error_carries_its_exit_code() -> None:
    assert (DiagnoseError("a").code, DiagnoseError("a", 3).code) == (2, 3)
