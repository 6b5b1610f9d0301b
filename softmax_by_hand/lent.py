"""The catalogue's references as student code may ask for them, while an error is carried forward.

They run on the trusted side, so each says how much it makes of what it is given, before
it makes it.  Knows nothing of sandboxes, notebooks or nbgrader.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from autograder.catalogue.model import Exercise
from autograder.catalogue.values import as_count, entries, most_made
from autograder.limits import EXCHANGE

# A list of arrays takes as much memory for each of them as this many entries do.
PIECE = 16


def _along_axes(*arguments: Any) -> int:
    """Count what products and quotients of arrays make: no axis is longer than the longest."""
    return most_made(arguments)


# By exercise: about how many entries its reference makes, in memory or in steps.  Every exercise
# that another one needs stands here.
MADE: Mapping[str, Callable[..., int]] = {
    "add_bias": _along_axes,
    "init_weights": lambda D, K, rng, scale=0.01: (as_count(D) + 1) * as_count(K) * entries(scale),
    "one_hot": lambda y, K: as_count(K) * (as_count(K) + entries(y)),
    "scores": _along_axes,
    "softmax": _along_axes,
    "cce": _along_axes,
    "cce_from_scores": _along_axes,
    # W is copied for each of its entries.
    "numerical_gradient": lambda f, W, h=1e-5: entries(W) ** 2,
    "cce_gradient": _along_axes,
    "softmax_jacobian": lambda a: entries(a) ** 2,
    "scores_gradient_W": lambda x, K: entries(x) * as_count(K) ** 2,
    "chain_rule": _along_axes,
    "loss_gradient": lambda W, x, y: most_made((W, x, y)) * entries(x),
    "batch_indices": lambda N, batch_size, rng: PIECE * max(as_count(N), entries(N)),
    "softmax_backward": _along_axes,
    "batch_gradient": _along_axes,
    "l2_penalty": _along_axes,
    "l2_gradient": _along_axes,
    "network_gradients": _along_axes,
}


def lent(exercise: Exercise) -> Callable[..., Any]:
    """Return an exercise's reference, which then refuses to make more than is allowed.

    Raises
    ------
    KeyError : `MADE` does not say how much the exercise makes
    """
    made = MADE[exercise.name]
    signature = inspect.signature(exercise.reference)

    def answer(*arguments: Any, **keywords: Any) -> Any:
        given = signature.bind(*arguments, **keywords)
        if made(*given.args, **given.kwargs) > EXCHANGE.lent_made:
            raise ValueError(f"{exercise.name} is asked for too much")
        return exercise.reference(*arguments, **keywords)

    return answer
