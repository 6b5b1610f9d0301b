"""Why a mutant that is not killed is right: data for the kill matrix."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """Why mutants are right.

    Parameters
    ----------
    exercises : names, with spaces between; "" for every exercise
    parts : what stands in the label, any of them
    why : in one sentence
    """

    exercises: str
    parts: tuple[str, ...]
    why: str


REASONS: tuple[Reason, ...] = ()


def reason(exercise: str, label: str) -> str:
    """Return why a mutant is right, or "" where nobody has said so."""
    for one in REASONS:
        if (not one.exercises or exercise in one.exercises.split()) and any(
            part in label for part in one.parts
        ):
            return one.why
    return ""
