"""The kill matrix: every mutant of every exercise, judged at many seeds.

A mutant that earns full marks anywhere shows a property that no fixture has, or that
fixtures have by luck; or it is right, and `reasons.txt` says why.
"""

from __future__ import annotations

import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from autograder.catalogue.model import Arguments, Exercise
from autograder.catalogue.values import observe_here
from autograder.judging.judge import full_marks, questions
from benchmarks import tables
from benchmarks.killing.mutants import Mutant, mutants
from softmax_by_hand import CATALOGUE

REASONS = Path(__file__).with_name("reasons.txt")
# A mutant may loop for ever; a right answer takes a hundredth of this.
SECONDS = 5.0


@dataclass(frozen=True)
class Survivor:
    """A mutant that earned full marks: at how many seeds, and why that is right ("": unknown)."""

    label: str
    seeds: int
    reason: str


@dataclass(frozen=True)
class Row:
    """What became of the mutants of one exercise.

    Parameters
    ----------
    mutants : without the idle ones
    idle : changes around the function that change nothing at any fixture, as a limit
        of 700 on what is never above 1
    """

    exercise: str
    mutants: int
    idle: int
    seeds: int
    survivors: tuple[Survivor, ...]

    @property
    def unexplained(self) -> tuple[Survivor, ...]:
        """Those of which nobody has said why they are right."""
        return tuple(survivor for survivor in self.survivors if not survivor.reason)


def kill(
    exercise: Exercise, seeds: Sequence[int], every: int = 1, say: Callable[[str], None] = print
) -> Row:
    """Judge an exercise's mutants at these seeds.

    Parameters
    ----------
    every : take each so-manieth mutant only, for a quick look
    say : is told how far it is, in a line for each ten seeds
    """
    chosen = mutants(exercise)[::every]
    passed: Counter[str] = Counter()
    for done, seed in enumerate(seeds, start=1):
        passed.update(
            mutant.label
            for mutant, full in zip(chosen, _judged(exercise, chosen, seed), strict=True)
            if full
        )
        if done % 10 == 0 and done < len(seeds):
            alive = f"{len(passed)} of {len(chosen)} alive"
            say(f"{exercise.name}: {done} of {len(seeds)} seeds, {alive}")
    always = [mutant for mutant in chosen if mutant.around and passed[mutant.label] == len(seeds)]
    idle = {mutant.label for mutant in _answering_alike(exercise, always, seeds)}
    survivors = tuple(
        Survivor(label, count, reason(exercise, label, count == len(seeds)))
        for label, count in passed.items()
        if label not in idle
    )
    return Row(exercise.name, len(chosen) - len(idle), len(idle), len(seeds), survivors)


def _answering_alike(
    exercise: Exercise, chosen: Sequence[Mutant], seeds: Sequence[int]
) -> list[Mutant]:
    """Return those that answer and leave all as the right function does, to the last bit."""
    alike = list(chosen)
    for seed in seeds:
        asked = questions(exercise, seed)
        expected = [_seen(exercise.reference, arguments) for arguments in asked]
        alike = [
            mutant
            for mutant in alike
            for function in [mutant.make()]
            if all(_seen(function, a) == right for a, right in zip(asked, expected, strict=True))
        ]
    return alike


def _seen(function: Any, arguments: Arguments) -> Any:
    seen = observe_here(function, arguments, watch_random=False)
    return bits([seen.error, seen.value, seen.arguments])


def bits(value: Any) -> Any:
    """Return what is equal for values that are equal to the last bit, and of one type.

    >>> bits(np.array([0.0])) == bits(np.array([-0.0])), bits(float("nan")) == bits(float("nan"))
    (False, True)
    """
    kind = type(value)
    if kind is np.ndarray:
        return value.shape, value.dtype.str, value.tobytes()
    if kind is list or kind is tuple:
        return kind, [bits(item) for item in value]
    if kind is dict:
        return kind, [(key, bits(item)) for key, item in value.items()]
    if kind is float or isinstance(value, np.generic):
        return kind, repr(value)
    return kind, value if kind in (int, bool, str) or value is None else id(value)


def _judged(exercise: Exercise, chosen: Sequence[Mutant], seed: int) -> Iterator[bool]:
    with _no_longer_than(SECONDS) as start:
        yield from full_marks(exercise, (_made(mutant, start) for mutant in chosen), seed)


def _made(mutant: Mutant, start: Callable[[], None]) -> Any:
    start()
    try:
        return mutant.make()
    except Exception:  # the mutant cannot even be defined
        return None


@contextmanager
def _no_longer_than(seconds: float) -> Iterator[Callable[[], None]]:
    """End what runs too long by an exception in it; gives what starts the time anew."""

    def stop(*_: Any) -> None:
        raise TimeoutError("the mutant does not end")

    def start() -> None:
        # Again and again, in case the mutant catches it.
        signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)

    before = signal.signal(signal.SIGALRM, stop)
    try:
        yield start
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@lru_cache
def reasons() -> tuple[tuple[frozenset[str], bool, str, tuple[str, ...]], ...]:
    """Return what `reasons.txt` says: for whom, whether of luck too, why, parts of labels."""
    found = []
    blocks = re.split(r"^\[(.*?)\](\+?) (.*)\n", REASONS.read_text(encoding="utf-8"), flags=re.M)[
        1:
    ]
    for names, luck, why, parts in zip(*(blocks[i::4] for i in range(4)), strict=True):
        labels = tuple(part.strip() for part in parts.splitlines())
        found.append((frozenset(names.split()), bool(luck), why, labels))
    return tuple(found)


def reason(exercise: Exercise, label: str, everywhere: bool = True) -> str:
    """Return why a mutant is right, or "" where nobody has said so.

    Parameters
    ----------
    everywhere : it passes at all seeds; what passes at some needs a reason that says why
    """
    own = {name for name, them in CATALOGUE.assignments.items() if exercise in them}
    for names, luck, why, parts in reasons():
        asked = names & {exercise.name, *own}
        if asked and any(part in label for part in parts) and (everywhere or luck):
            return why
    return ""


def table(rows: Sequence[Row]) -> list[str]:
    """Return the table, and each reason once with how many mutants it is for, as Markdown."""
    lines = []
    for row in rows:
        unexplained = len(row.unexplained)
        explained = len(row.survivors) - unexplained
        killed = row.mutants - len(row.survivors)
        lines.append([row.mutants, killed, explained, unexplained, row.idle])
    names = [*(row.exercise for row in rows), "together"]
    lines.append([sum(column) for column in zip(*lines, strict=True)])
    text = tables.table(
        ("exercise", "mutants", "killed", "right, for a reason", "unexplained", "idle"),
        [[name, *(f"{n:,}" for n in line)] for name, line in zip(names, lines, strict=True)],
    )
    counted = Counter(one.reason for row in rows for one in row.survivors if one.reason)
    why = [f"- {count} x {reason}" for reason, count in counted.most_common()]
    return [
        text,
        *(["\n".join(["Why those that were not killed are right:", "", *why])] if why else []),
    ]
