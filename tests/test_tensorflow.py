"""The lecture's numbers are TensorFlow's, and problem set 4 does without it where it is missing."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

from softmax_by_hand import lecture as reference

PS4 = Path(__file__).resolve().parents[1] / "source" / "ps4" / "ps4.ipynb"
TOLERANCE = 1e-10


def cell(name: str) -> str:
    return next(c.source for c in nbformat.read(PS4, as_version=4).cells if c.id == name)


@pytest.fixture
def notebook() -> dict[str, Any]:
    """The notebook's own functions that speak with TensorFlow, with the lecture's to_keras."""
    space: dict[str, Any] = {
        "np": np,
        "os": os,
        "importlib": importlib,
        "to_keras": reference.to_keras,
    }
    exec(cell("keras-numbers"), space)
    return space


@pytest.fixture
def tf(notebook: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("COURSE_PICTURES", raising=False)
    found = notebook["tensorflow_here"]()
    if found is None:
        pytest.skip("TensorFlow is optional and not installed here")
    return found


def test_loss_and_gradient_agree_with_tensorflow(notebook, tf):
    rng = np.random.default_rng(0)
    for D, K, N in ((4, 3, 7), (3, 4, 4), (6, 5, 2)):
        W, X = 3 * rng.normal(size=(K, D + 1)), rng.normal(size=(D, N))
        Y = reference.one_hot(rng.integers(K, size=N), K)
        loss, gradient = notebook["gradient_of_keras"](tf, W, X, Y)
        Xb = reference.add_bias(X)
        assert abs(loss - reference.cce(Y, reference.softmax(W @ Xb))) < TOLERANCE
        assert np.abs(gradient - reference.batch_gradient(W, Xb, Y)).max() < TOLERANCE


def test_keras_divides_by_the_sum_and_clips_as_the_lesson_says(tf):
    truth = np.array([[1.0, 0.0, 0.0]])
    loss = tf.keras.losses.categorical_crossentropy
    assert float(loss(truth, np.array([[0.2, 0.2, 0.2]]))[0]) == pytest.approx(np.log(3), abs=1e-6)
    assert float(loss(truth, np.array([[0.0, 0.5, 0.5]]))[0]) == pytest.approx(16.118, abs=1e-3)


@pytest.mark.parametrize("why", ["missing", "graded"])
def test_without_tensorflow_the_cells_say_so_in_one_line(why, notebook, monkeypatch):
    monkeypatch.delenv("COURSE_PICTURES", raising=False)
    if why == "missing":
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    else:
        monkeypatch.setenv("COURSE_PICTURES", "text")
    said: list[str] = []
    notebook.update(
        display=said.append,
        W_demo=np.ones((3, 4)),
        X_train=np.ones((3, 50)),
        Y_train=np.ones((3, 50)) / 3,
        add_bias=reference.add_bias,
        batch_gradient=reference.batch_gradient,
    )
    exec(cell("keras-picture"), notebook)
    exec(cell("keras-forgives"), notebook)
    assert said == [notebook["SKIPPED"]] * 2
    assert "\n" not in notebook["SKIPPED"]
