"""What several exercises draw: data, a line, and targets off the line."""

from __future__ import annotations

import numpy as np

from autograder import Arguments

SIZES = ((7, 3), (5, 2), (3, 5), (4, 4))  # samples, features; square too, where nothing raises


def problems(
    rng: np.random.Generator, sizes: tuple[tuple[int, int], ...] = SIZES
) -> list[Arguments]:
    """Draw (X, y, w, b): features and targets whose means are far from 0, and an intercept."""
    drawn: list[Arguments] = []
    for N, D in sizes:
        X, w = rng.normal(1.5, 1.0, (N, D)), rng.normal(size=D)
        b = float(rng.uniform(2.0, 3.0) * rng.choice((-1, 1)))
        drawn.append((X, X @ w + b + rng.normal(1.0, 1.0, N), w, b))
    return drawn


def single(rng: np.random.Generator) -> list[Arguments]:
    """Draw problems of one sample."""
    return problems(rng, ((1, 3), (1, 1)))
