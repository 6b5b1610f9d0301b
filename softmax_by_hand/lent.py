"""How much each reference makes of what it is given, of those that are lent."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from autograder.catalogue.lent import along_axes
from autograder.catalogue.values import as_count, entries, most_made

# A list of arrays takes as much memory for each of them as this many entries do.
PIECE = 16

# By exercise: about how many entries its reference makes, in memory or in steps.  Every exercise
# that another one needs stands here.
MADE: Mapping[str, Callable[..., int]] = {
    "add_bias": along_axes,
    "init_weights": lambda D, K, rng, scale=0.01: (as_count(D) + 1) * as_count(K) * entries(scale),
    "one_hot": lambda y, K: as_count(K) * (as_count(K) + entries(y)),
    "scores": along_axes,
    "softmax": along_axes,
    "cce": along_axes,
    "cce_from_scores": along_axes,
    # W is copied for each of its entries.
    "numerical_gradient": lambda f, W, h=1e-5: entries(W) ** 2,
    "cce_gradient": along_axes,
    "softmax_jacobian": lambda a: entries(a) ** 2,
    "scores_gradient_W": lambda x, K: entries(x) * as_count(K) ** 2,
    "chain_rule": along_axes,
    "loss_gradient": lambda W, x, y: most_made((W, x, y)) * entries(x),
    "batch_indices": lambda N, batch_size, rng: PIECE * max(as_count(N), entries(N)),
    "softmax_backward": along_axes,
    "batch_gradient": along_axes,
    "l2_penalty": along_axes,
    "l2_gradient": along_axes,
    "network_gradients": along_axes,
}
