"""A function of a notebook, called in another way, with what came back brought back.

Knows neither the judge nor where the function runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.catalogue.arrangements import Arrangement, has_axes
from autograder.catalogue.spellings import Spelling
from autograder.catalogue.values import Observation, RemoteFunction, observe

Watch = Callable[[tuple[Any, ...], Observation, Observation], None]
NOTHING_KNOWN = Spelling()


class Rearranged(RemoteFunction):
    """A function called in another way, and what came back brought back.

    Parameters
    ----------
    function : what `autograder.catalogue.values.observe` takes
    arrangement : how it is called
    spelling : of the exercise: whether others answer it for each sample
    watch : is given each call, what was seen, and that brought back
    widen : make float32 of what it answers float64
    several : it is asked for more than one value
    """

    def __init__(
        self,
        function: Any,
        arrangement: Arrangement,
        spelling: Spelling = NOTHING_KNOWN,
        watch: Watch | None = None,
        widen: bool = False,
        several: bool = False,
    ) -> None:
        self.several = several
        self.function, self.arrangement = function, arrangement
        self.spelling, self.watch, self.widen = spelling, watch, widen
        self.seen: list[Observation] = []
        self.also: dict[str, None] = {}  # what else was done to the answers, in words

    def observe(
        self, calls: Sequence[tuple[Any, ...]], watch_random: bool = True
    ) -> list[Observation]:
        """Call the function once for each tuple of arguments; see `RemoteFunction.observe`."""
        there = [self.arrangement.there(call) for call in calls]
        if isinstance(self.function, RemoteFunction):
            there_seen = self.function.observe(there, watch_random)
        else:
            there_seen = observe(self.function, there)
        # Without the values: a function is tried in many ways, and they may be large.
        self.seen = [replace(seen, value=None, arguments=()) for seen in there_seen]
        answers = [
            self.arrangement.back(call, replace(seen, value=self._one(seen.value)))
            for call, seen in zip(calls, there_seen, strict=False)
        ]
        if self.watch is not None:
            for one in zip(calls, there_seen, answers, strict=False):
                self.watch(*one)
        return answers

    @property
    def said(self) -> tuple[str, ...]:
        """What is different from the course's own function, in words."""
        return (*self.arrangement.said, *self.also)

    def _one(self, value: Any) -> Any:
        if self.widen:
            value = widened(value)
        if not self.several and type(value) is tuple and len(value) > 1:
            self.also[f"the first of the {len(value)} values that it returns"] = None
            value = value[0]
        if self.spelling.each and has_axes(value, 1) and value.size:
            self.also[f"{self.spelling.each}, averaged here"] = None
            with np.errstate(all="ignore"):
                value = np.asarray(np.mean(value))
        return value


def widened(value: Any) -> Any:
    """Arrays of float32 as float64, those in lists and tuples too."""
    if type(value) in (list, tuple):
        return type(value)(map(widened, value))
    is_short = type(value) is np.ndarray and value.dtype == np.float32
    return value.astype(np.float64) if is_short else value
