"""The kill matrix: every mutant of every exercise, judged at many seeds.

A mutant that earns full marks anywhere shows a property that no fixture has, or that
fixtures have by luck; or it is right, and `kill_reasons` says why.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from autograder.catalogue.model import Arguments, Exercise
from autograder.catalogue.values import observe_here
from autograder.judging.judge import full_marks, questions
from benchmarks.kill_idle import acts, bits, record
from benchmarks.kill_mutants import Mutant, mutants
from benchmarks.kill_reasons import reason

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
    passed = dict.fromkeys((mutant.label for mutant in chosen), 0)
    idle = {mutant.label for mutant in chosen if mutant.around}
    for done, seed in enumerate(seeds, start=1):
        acting = _acting(exercise, chosen, seed)
        idle -= {mutant.label for mutant in acting}
        full = dict(zip(acting, _judged(exercise, acting, seed), strict=True))
        for mutant in chosen:
            passed[mutant.label] += full.get(mutant, True)  # what does nothing is right
        if done % 10 == 0 and done < len(seeds):
            alive = sum(map(bool, passed.values())) - len(idle)
            say(f"{exercise.name}: {done} of {len(seeds)} seeds, {alive} of {len(chosen)} alive")
    alike = [
        mutant
        for mutant in chosen
        if mutant.around and passed[mutant.label] == len(seeds) and mutant.label not in idle
    ]
    idle |= _answering_alike(exercise, alike, seeds)
    survivors = tuple(
        Survivor(label, count, reason(exercise.name, label, count == len(seeds)))
        for label, count in passed.items()
        if count and label not in idle
    )
    return Row(exercise.name, len(chosen) - len(idle), len(idle), len(seeds), survivors)


def _acting(exercise: Exercise, chosen: Sequence[Mutant], seed: int) -> list[Mutant]:
    """Leave out those that do exactly what the right function does, to the last bit."""
    calls = record(exercise, seed)
    right = exercise.reference
    return [
        mutant
        for mutant in chosen
        if mutant.around is None
        or acts(mutant.around, getattr(right, mutant.method, right), calls[mutant.method])
    ]


def _answering_alike(
    exercise: Exercise, chosen: Sequence[Mutant], seeds: Sequence[int]
) -> set[str]:
    """Return the labels of those that answer and leave all as the right function does."""
    alike = list(chosen)
    for seed in seeds:
        asked = questions(exercise, seed)
        expected = [_seen(exercise.reference, arguments) for arguments in asked]
        made = [(mutant, mutant.make()) for mutant in alike]
        alike = [
            mutant
            for mutant, function in made
            if all(
                _seen(function, arguments) == right
                for arguments, right in zip(asked, expected, strict=True)
            )
        ]
    return {mutant.label for mutant in alike}


def _seen(function: Any, arguments: Arguments) -> Any:
    seen = observe_here(function, arguments, watch_random=False)
    return bits([seen.error, seen.value, seen.arguments])


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


def table(rows: Sequence[Row]) -> list[str]:
    """Return the table and the list of survivors, as Markdown."""
    lines = ["| exercise | mutants | killed | right, for a reason | unexplained | idle |"]
    lines.append("|---|---:|---:|---:|---:|---:|")
    total = [0] * 5
    for row in rows:
        unexplained = len(row.unexplained)
        counts = (
            row.mutants,
            row.mutants - len(row.survivors),
            len(row.survivors) - unexplained,
            unexplained,
            row.idle,
        )
        total = [one + other for one, other in zip(total, counts, strict=True)]
        lines.append(f"| {row.exercise} | {' | '.join(f'{count:,}' for count in counts)} |")
    lines.append(f"| together | {' | '.join(f'{count:,}' for count in total)} |")
    return ["\n".join(lines), *_reasons(rows)]


def _reasons(rows: Sequence[Row]) -> list[str]:
    """Return each reason once, with the number of mutants for which it is given."""
    found: dict[str, int] = {}
    for row in rows:
        for survivor in row.survivors:
            if survivor.reason:
                found[survivor.reason] = found.get(survivor.reason, 0) + 1
    if not found:
        return []
    lines = [
        f"- {count} x {why}" for why, count in sorted(found.items(), key=lambda item: -item[1])
    ]
    return ["Why those that were not killed are right:\n\n" + "\n".join(lines)]
