"""The exercise predict: its fixtures, its mistakes, and what students may run."""

from __future__ import annotations

import numpy as np

from autograder import Arguments, Criterion, Exercise, Misconception, along_axes, purity
from autograder.checking.kit import Properties, Student, normal
from linear_regression import fixtures, lecture


def several_samples(rng: np.random.Generator) -> list[Arguments]:
    return [(X, w, b) for X, _, w, b in fixtures.problems(rng)]


def one_sample(rng: np.random.Generator) -> list[Arguments]:
    return [(X, w, b) for X, _, w, b in fixtures.single(rng)]


@Properties(
    shape=lambda X, w, b: (X.shape[0],),
    examples=lambda: [(normal(6, 3), normal(3), 0.5), (normal(4, 4), normal(4), -1.0)],
    hint="One number for each sample, which is a row of X.",
)
def predict(f: Student) -> None:
    f.claim("where every weight is 0 all predictions are the intercept", "Where does b enter?")
    for X, w, b in f.examples:
        f.agree(f(X, 0 * w, b), np.full(len(X), b))
    f.claim("a feature that is larger by 1 adds its own weight", "Which weight meets which column?")
    for X, w, b in f.examples:
        before = f(X, w, b)
        for d, step in enumerate(np.eye(w.size)):
            f.agree(f(X + step, w, b), before + w[d], before=before)
    f.claim("every sample is predicted by itself", "Does one row change what another one gets?")
    for X, w, b in f.examples:
        alone = np.concatenate([f(X[n : n + 1], w, b) for n in range(len(X))])
        f.agree(f(X, w, b), alone, each_alone=alone)


PREDICT = Exercise(
    signature="predict(X, w, b) -> (N,); X is (N, D), w is (D,), b is a number",
    reference=lecture.predict,
    made=along_axes,
    criteria=(
        Criterion(
            "every sample",
            2.0,
            "A sample gets its features, each times its weight, and the intercept.",
            several_samples,
        ),
        Criterion("one sample", 0.5, "A single sample gets one number, (1,).", one_sample),
        purity(0.5),
    ),
    misconceptions=(
        Misconception(
            "intercept left out",
            (lambda X, w, b: X @ w,),
            did="You left the intercept out.",
            symptom="Every prediction is off by the same number, b.",
            experiment="Set every weight to 0: each prediction should be b.",
            looks_right="The line has the right slopes, and where b is 0 all is right.",
        ),
        Misconception(
            "intercept weighed",
            (lambda X, w, b: (X + b) @ w,),
            did="You added the intercept to the features, before they are weighed.",
            symptom="Where every weight is 0 the predictions are 0, not b.",
            experiment="Set every weight to 0: each prediction should be b.",
            looks_right="The shape is right, and so is all where the weights sum to 1.",
        ),
        Misconception(
            "a column",
            (lambda X, w, b: (X @ w + b)[:, None],),
            did="You returned a column, one row for each sample.",
            symptom="The shape is (N, 1), and should be (N,).",
            experiment="Print predict(X, w, b).shape beside y.shape.",
            looks_right="Every number is right; only when y is subtracted it becomes (N, N).",
        ),
    ),
    properties=predict,
)
