"""Judges layers that a notebook writes as plain functions, each with its slope if there is one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from autograder.diagnosis.finding import IMPORT_NUMPY, NUMPY_PUT, Finder, stumbles
from autograder.diagnosis.foreign import Version
from autograder.diagnosis.names import Known
from autograder.diagnosis.ways import Judged, Try, tries_of_class

# What the second of two functions, a slope, takes, and how that is said.
PAIRS: Mapping[str, tuple[str, ...]] = {
    "scores": (),
    "answers": ("the slope computed from the answers",),
    "grad, scores": ("the gradient as an argument of the slope",),
    "grad, answers": ("the gradient as an argument of the slope", "computed from the answers"),
    "grad, cache": ("the gradient and what was kept as arguments of the slope",),
    "scores, grad": ("the gradient as the last argument of the slope",),
    "answers, grad": ("the gradient as the last argument", "computed from the answers"),
}


class Pairs:
    """Judges functions and methods that may be a layer's value, with what may be its slope.

    Parameters
    ----------
    finder : has found and judged the functions and classes of the notebook
    """

    def __init__(self, finder: Finder) -> None:
        self.finder, self.run, self.names = finder, finder.run, finder.names
        self.layers = [one for one in self.names.known if one.spelling.in_two is not None]
        self.no_slopes: dict[str, str] = {}  # by name, why it is no slope
        self.notes: tuple[str, ...] = ()

    def all(self) -> None:
        """Judge all of them, and say of slopes that are left why they are not judged."""
        there = [
            name
            for name, versions in self.run.held.items()
            if self.finder.is_own(versions[0]) and versions[0].found.kind == "function"
            if self.names.meant(name, self.layers)
            or self._slope_of(name)
            or name in self.finder.aliases
        ]
        if there and self.run.lacks("np") and self.run.define(IMPORT_NUMPY):
            self.notes = (NUMPY_PUT,)
        bound = {name: self.run.now(name) for name in there}
        own = {name: version for name, version in bound.items() if version is not None}
        own |= self._methods()
        for name, version in own.items():
            layers = self._meant(name)
            if not layers or name in self.finder.done or self._slope_of(name):
                continue
            kind = name.rpartition(".")[0]
            slopes = {
                other: own[other]
                for other in own
                if other != name and other.rpartition(".")[0] == kind
                if layers[0] in self.names.slope_of(other.rpartition(".")[2], layers)
            }
            self._pair(name, version, layers[0], slopes)
        for name in own:
            of = self._slope_of(name)[:1]
            if name not in self.finder.done and of and of[0] in self.finder.wanted:
                why = (
                    f"{name}: the notebook has no function {of[0].name.lower()} of its own that it "
                    "could be judged with."
                )
                self.finder.pass_over(name, self.no_slopes.get(name, why))

    def _slope_of(self, name: str) -> list[Known]:
        return self.names.slope_of(name.rpartition(".")[2], self.layers)

    def _meant(self, name: str) -> list[Known]:
        """Return which layers a function or a method may stand for."""
        aliases, wanted = self.finder.aliases, self.finder.wanted
        bare = name.rpartition(".")[2]
        found = aliases[name] if name in aliases else self.names.meant(bare, wanted)
        return [one for one in found if one in self.layers]

    def _methods(self) -> dict[str, Version]:
        """Return by name the methods that are layers' values, or slopes of such, as functions."""
        judged = {one.name for one in self.finder.judged}
        found: dict[str, Version] = {}
        for name, version, method in self.finder.own_methods():
            whole = f"{name}.{method.name}"
            if name in judged or not (self._meant(whole) or self._slope_of(whole)):
                continue
            made = self.run.adapted(version.found, "method", method.name)
            if made is not None:
                found[whole] = Version(version.cell, replace(method, name=whole), made)
        return found

    def _pair(
        self, name: str, version: Version, layer: Known, slopes: Mapping[str, Version]
    ) -> None:
        """Judge one value with each function that may be its slope, else by itself."""
        finder = self.finder
        alone = self.run.adapted(version.found, "pair", None, "scores")
        tries = {other: self._with_slope(version, layer, other, slopes[other]) for other in slopes}
        tries |= self._switched(version, layer)
        if alone is None:
            return finder.pass_over(name, f"{name} was gone when it was to be judged.")
        said = name in finder.aliases
        pairs = {
            other: Judged(name, tuple(found), said, True, self.notes)
            for other, found in tries.items()
            if found
        }
        for other, judged in list(pairs.items()):
            if not judged.likely and finder.is_open(other):
                finder.pass_over(other, f"{other} is not written yet.")
                del pairs[other]
        for other, judged in pairs.items():
            if judged.likely:
                return finder.keep(judged, other)
            self.no_slopes.setdefault(
                other,
                f"{other} may be meant as the slope of {name}, and does not answer as it in any of "
                f"{len(judged.tries)} ways of calling it.",
            )
        assert layer.spelling.in_two is not None
        value = tries_of_class(alone, layer, (), layer.spelling.in_two(layer.exercise))
        judged = Judged(name, tuple(value), said, True, self.notes)
        best = judged.best()
        if best.failure is not None:
            return finder.pass_over(name, f"{name} answers no call with an array: {best.failure}")
        if finder.is_open(name) and not best.verdict.passed:
            return finder.pass_over(name, f"{name} is not written yet.")
        if not best.promise[0] and best.watched.stumble:
            return finder.pass_over(name, stumbles(name, best))
        if not best.promise[0] and not judged.said:
            return finder.pass_over(
                name,
                f"{name} may be meant as {layer.label}, by its name; its answers are not what is "
                "asked for, so it is not scored: it may do something else.",
            )
        return finder.keep(judged)

    def _with_slope(self, version: Version, layer: Known, other: str, slope: Version) -> list[Try]:
        """Judge a value with its slope, in each way in which that can be called."""
        tries: list[Try] = []
        for way, words in PAIRS.items():
            count = 1 + way.count(",")
            least, most = slope.name.least, slope.name.most
            if (least is None or least <= count) and (most is None or most >= count):
                made = self.run.adapted(version.found, "pair", slope.found, way)
                if made is not None:
                    tries += tries_of_class(made, layer, (f"{other} as its slope", *words))
        return tries

    def _switched(self, version: Version, layer: Known) -> dict[str, list[Try]]:
        """Judge a function that gives its slope where a switch of its own is True."""
        told = self.run.asked(version.found, "switches")
        names = [name for name in (told if type(told) is list else []) if type(name) is str]
        layers = self.names.spellings.layers
        pattern = layers.switch if layers is not None else "(?!)"
        switch = next((name for name in names if re.fullmatch(pattern, name)), None)
        slope = self.run.adapted(version.found, "switched", switch) if switch else None
        tries: list[Try] = []
        for way in ("scores", "answers"):
            made = slope and self.run.adapted(version.found, "pair", slope, way)
            if made is not None:
                said = (f"its switch {switch} for its slope", *PAIRS[way])
                tries += tries_of_class(made, layer, said)
        return {version.name.name: tries} if tries else {}
