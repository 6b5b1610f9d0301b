"""What other courses call an exercise, and how they write it: data of a course.

`autograder diagnose` finds the functions of any notebook by it.  A course without any
is looked for by the names of its exercises, called as its own functions are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from autograder.catalogue.arrangements import (
    ALONE,
    ROWS,
    Arrangement,
    Change,
    as_column,
    as_row,
    flat,
    same,
    transposed,
)
from autograder.catalogue.model import Exercise


@dataclass(frozen=True)
class Instead:
    """What others give in place of an argument.

    Parameters
    ----------
    said : what it is, in words
    argument : the place of the argument
    change : makes it of the argument
    of_batch : makes it where one sample is given as a batch of one
    """

    said: str
    argument: int
    change: Change
    of_batch: Change


@dataclass(frozen=True)
class Lookalike:
    """Another function that often has the name of an exercise.

    Parameters
    ----------
    gives : what it gives, in words
    but : what the exercise is, in a clause, so that it is seen why the function is not judged
    of : makes of the exercise one that this function would pass
    arrangements : the ways in which it is called with the exercise's arguments
    """

    gives: str
    but: str
    of: Callable[[Exercise], Exercise]
    arrangements: Callable[[], Iterator[Arrangement]]


@dataclass(frozen=True)
class Spelling:
    """What others call one exercise, and how their functions differ from the course's.

    Arguments are meant by their places.

    Parameters
    ----------
    names : what others call it, besides its own name
    rows : arguments that are transposed where samples are rows; None for all of them,
        and those of methods
    sample : the argument that may be one sample, (K,), if there is one
    orders : further orders of the arguments, each with its words
    instead : what others give in place of one argument, if they do
    each : others return an array, of which the course asks for the mean; what it is, in words
    label : the argument that is a number for one sample, and an array for a batch
    fewer : a method that others give fewer arguments, and how many
    more : ways that fit no pattern
    common : other things are often called so: the name alone says little
    same_in_rows : rows and columns are the same to it, so it does not tell the notebook's layout
    no_samples : nothing in its arguments is a row or a column
    told_apart : it is right in both orders of its first two arguments; pairs of patterns of their
        names, which tell the order
    second_is : it is right in both orders of its first two arguments; a pattern of the names that
        the second has and the first has not
    right_elsewhere : names of mistakes that are right where something else is asked for, so they
        do not tell that a function is meant to be this exercise
    lookalikes : other functions that often have its name
    in_two : of a layer that others write as two functions, its value and its slope: makes of the
        exercise one on the value alone
    """

    names: Sequence[str] = ()
    rows: tuple[int, ...] | None = ()
    sample: int | None = None
    orders: tuple[tuple[str, tuple[int, ...]], ...] = ()
    instead: Instead | None = None
    each: str = ""
    label: int | None = None
    fewer: tuple[str, int] | None = None
    more: tuple[Arrangement, ...] = ()
    common: bool = False
    same_in_rows: bool = False
    no_samples: bool = False
    told_apart: tuple[tuple[str, str], ...] = ()
    second_is: str = ""
    right_elsewhere: tuple[str, ...] = ()
    lookalikes: tuple[Lookalike, ...] = ()
    in_two: Callable[[Exercise], Exercise] | None = None

    @property
    def has_layout(self) -> bool:
        """Whether its samples can be rows or columns."""
        rows = self.rows is None or bool(self.rows) or any(one.rows for one in self.more)
        return rows and not self.no_samples

    def arrangements(self, arguments: int) -> Iterator[Arrangement]:
        """Yield the ways to call a function in place of the exercise's, the course's own first.

        Parameters
        ----------
        arguments : how many the course's own takes at most
        """
        yield Arrangement()
        if self.rows is None:
            yield from self._of_methods()
            return
        orders = (("", tuple(range(arguments))), *self.orders)
        for instead in (None, self.instead) if self.instead else (None,):
            for order_said, order in orders:
                for rows_said, change, answer, one in self._ways():
                    said = (rows_said, instead.said if instead else "", order_said)
                    given = tuple((i, self._change(i, change, instead)) for i in order)
                    if any(said):
                        yield Arrangement(
                            tuple(filter(None, said)),
                            given,
                            answer=answer,
                            sample=self.sample,
                            one=one,
                        )
        yield from self.more

    def _of_methods(self) -> Iterator[Arrangement]:
        for fewer in (None, self.fewer) if self.fewer else (None,):
            less = (f"{fewer[0]} without its last argument",) if fewer else ()
            if fewer:
                yield Arrangement(less, fewer=fewer)
            yield Arrangement((ROWS, *less), None, transposed, fewer, transposed)
            yield Arrangement((f"{ROWS}, {ALONE}", *less), None, as_row, fewer)
            yield Arrangement((ALONE, *less), None, as_column, fewer)

    def _ways(self) -> Iterator[tuple[str, Change, Change, Change]]:
        """Yield words, how arguments with samples change, and how answers come back."""
        yield "", same, same, same
        if self.rows:
            yield ROWS, transposed, transposed, same
        if self.sample is not None:
            yield f"{ROWS}, {ALONE}", as_row, transposed, flat
            yield ALONE, as_column, same, flat

    def _change(self, i: int, change: Change, instead: Instead | None) -> Change:
        batch = change in (as_row, as_column)
        if i == self.label and batch:
            return np.atleast_1d
        if instead is not None and i == instead.argument:
            return instead.of_batch if batch else instead.change
        return change if i in (self.rows or ()) else same


@dataclass(frozen=True)
class Layers:
    """How others write a layer, a class whose methods are forward and backward.

    Parameters
    ----------
    forward, backward : what its methods are called, the course's own name first
    slopes : a method that gives slopes, where there is no backward
    outputs, inputs : where a layer leaves what forward, and backward, do not return
    slope_words : words in a name by which the slope of a function is told from the function
    switch : a pattern of the argument that makes a function give its slope where it is True
    """

    forward: tuple[str, ...]
    backward: tuple[str, ...]
    slopes: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    slope_words: frozenset[str] = frozenset()
    switch: str = "(?!)"


@dataclass(frozen=True)
class Spellings:
    """How other courses write what a course asks for.

    Parameters
    ----------
    exercises : by name of an exercise; where a later assignment has another exercise of this
        name, that one's is ``"ps2/predict"``
    fillers : words of this subject that say nothing in a name, as "layer" in "my_layer"
    arguments : of an argument with a default, by its name what others call it
    called : methods by which a class is called that stands for a function
    layers : how others write layers, where the course has any
    convention : how the course writes data, in a clause as ``": samples are columns"``
    """

    exercises: Mapping[str, Spelling] = field(default_factory=dict)
    fillers: frozenset[str] = frozenset()
    arguments: Mapping[str, frozenset[str]] = field(default_factory=dict)
    called: tuple[str, ...] = ("__call__",)
    layers: Layers | None = None
    convention: str = ""

    def of(self, assignment: str, exercise: str, first: bool = True) -> Spelling:
        """Return what is known of an exercise of an assignment; of an unknown one nothing.

        Parameters
        ----------
        first : no earlier assignment has another exercise of this name
        """
        own = self.exercises.get(f"{assignment}/{exercise}")
        return own or (self.exercises.get(exercise) if first else None) or Spelling()
