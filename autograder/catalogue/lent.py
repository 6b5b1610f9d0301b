"""References as student code may ask for them, while an error is carried forward.

They run on the trusted side, so a course says of each how much it makes of what it is
given, before it makes it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from autograder.base.limits import EXCHANGE
from autograder.catalogue.model import Exercise
from autograder.catalogue.values import most_made


def along_axes(*arguments: Any) -> int:
    """Count what products and quotients of arrays make: no axis is longer than the longest."""
    return most_made(arguments)


def lent(exercise: Exercise) -> Callable[..., Any]:
    """Return an exercise's reference, which then refuses to make more than is allowed.

    Parameters
    ----------
    exercise : one that another one needs; it says how much it makes

    Raises
    ------
    LookupError : it does not say
    """
    made, signature = exercise.made, inspect.signature(exercise.reference)
    if made is None:
        raise LookupError(f"{exercise.name} is lent, and does not say how much it makes")

    def answer(*arguments: Any, **keywords: Any) -> Any:
        given = signature.bind(*arguments, **keywords)
        if made(*given.args, **given.kwargs) > EXCHANGE.lent_made:
            raise ValueError(f"{exercise.name} is asked for too much")
        return exercise.reference(*arguments, **keywords)

    return answer
