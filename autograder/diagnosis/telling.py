"""What is said of a notebook: of each function that was judged, and of what was not.

What the notebook itself shows is never repeated here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autograder.base.words import listed, printable
from autograder.catalogue.model import Exercise
from autograder.judging.cards import verdict_text
from autograder.judging.judge import Verdict

MAX_ERRORS = 6
MAX_NAMES = 12


@dataclass(frozen=True)
class Answer:
    """A function that was judged.

    Parameters
    ----------
    name : in the notebook
    exercise : as which it was judged
    label : what a person calls this exercise: its name, and its assignment where two have one name
    verdict : the judge's
    how : what is different from the course's own function, in words; empty: nothing
    notes : what else there is to say of it, a sentence each
    guess : that it is meant to be this exercise is no more than likely
    convention : how the course writes data, in a clause, or ""
    """

    name: str
    exercise: Exercise
    label: str
    verdict: Verdict
    how: tuple[str, ...]
    notes: tuple[str, ...]
    guess: bool
    convention: str = ""

    def lines(self) -> Iterator[str]:
        """Yield the answer in plain text."""
        right = "right" if self.verdict.passed else "right in part"
        right = right if self.verdict.points else "not right"
        how = f", with {listed(self.how)}" if self.how else ""
        judged_as = "" if self.name == self.label else f", judged as {self.label}"
        yield f"{self.name}{judged_as}: {right}{how}"
        if self.guess:
            yield f"(`{self.name}` may be meant for something else: then this is not about it.)"
        yield from (f"({note})" for note in self.notes)
        if self.how:
            yield (
                f"(Asked for is {self.exercise.signature}. Arguments and answers were changed to "
                f"and from that; shapes and axes below are the course's{self.convention}.)"
            )
        yield from verdict_text(self.verdict, self.exercise).splitlines()


@dataclass(frozen=True)
class Diagnosis:
    """What was found in a notebook.

    Parameters
    ----------
    cells : how many code cells it has
    isolation : how it was confined
    happened : what went wrong on the way, a sentence each
    answers : what was judged, in the catalogue's order
    passed_over : what looked like an exercise and was not judged, and why
    unknown : functions and classes whose names stand for no exercise
    names : what the notebook defines
    """

    cells: int
    isolation: str
    happened: tuple[str, ...]
    answers: tuple[Answer, ...]
    passed_over: tuple[str, ...]
    unknown: tuple[str, ...]
    names: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """Yield all of it in plain text."""
        where = "in a sandbox" if self.isolation != "none" else "WITHOUT ISOLATION"
        cells = f"{self.cells} code cell{'' if self.cells == 1 else 's'}"
        yield f"{cells} run {where}. All words here are the judge's, none the notebook's own."
        yield from (f"  {sentence}" for sentence in self.happened)
        for answer in self.answers:
            yield ""
            yield from answer.lines()
        if self.passed_over or self.unknown:
            yield ""
            yield "Not judged:"
            yield from (f"  {sentence}" for sentence in self.passed_over)
            yield from _unknown(self.unknown)

    def nothing_judged(self, notebook: str, sought: Sequence[str]) -> str:
        """Say why there is no answer, and what to do.

        Parameters
        ----------
        notebook : its file's name
        sought : the exercises that it was looked through for
        """
        notebook = printable(notebook)
        if self.passed_over:
            return f"nothing in {notebook} could be judged, for the reasons above"
        defined = ", ".join(self.names[:MAX_NAMES]) or "no function"
        return (
            f"nothing to judge in {notebook}: looked for {listed(sought)}, and for names that "
            f"often stand for them; it defines {defined}"
            f"{' and more' if len(self.names) > MAX_NAMES else ''}.\n"
            f"Say which is which: autograder diagnose {notebook} --as {sought[0]}=its_name"
        )


def errors(failures: Sequence[tuple[int, str]]) -> Iterator[str]:
    """Say which cells failed and why, what is the same only once."""
    cells: dict[str, list[str]] = {}
    for number, said in failures:
        cells.setdefault(said, []).append(str(number))
    for said, numbers in list(cells.items())[:MAX_ERRORS]:
        yield f"Code cell{'' if len(numbers) == 1 else 's'} {listed(numbers)}: {said}"
    if len(cells) > MAX_ERRORS:
        yield f"Further kinds of errors: {len(cells) - MAX_ERRORS}."
    if cells:
        yield "Of cells with errors, what they define was run by itself."


def _unknown(names: Sequence[str]) -> Iterator[str]:
    """Say of what the notebook defines beside why it is not judged."""
    if names:
        shown, more = [f"`{name}`" for name in names[:MAX_NAMES]], len(names) - MAX_NAMES
        said = listed(shown) if more <= 0 else f"{', '.join(shown)} and {more} more"
        its = "this name" if len(names) == 1 else "these names"
        yield f"  {said}: no exercise of the catalogue has {its}."
