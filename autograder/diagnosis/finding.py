"""Finds the exercises of a catalogue among what a notebook defines, and has them judged.

A name proves nothing: what takes other arguments, or answers something else, is
said to be so and not scored.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from autograder.base.words import listed, printable
from autograder.diagnosis.foreign import NOTEBOOK, Running, Version
from autograder.diagnosis.names import Known, Names
from autograder.diagnosis.telling import Answer
from autograder.diagnosis.ways import FLOAT32, GATE_HOLDS, NAMED, Judged, Try, Ways, with_widened
from autograder.judging.judge import NOT_WRITTEN
from autograder.sandbox import Name
from autograder.submission.slips import blocks, left_open

NO_NUMPY = "NameError: name 'np' is not defined"
IMPORT_NUMPY = "import numpy as np"
NUMPY_PUT = "np is not defined; NumPy was put there."
DEFINED = re.compile(r"(?m)^(?:def|class)[ \t]+(\w{1,80})")


class Finder:
    """Judges what a notebook defines: functions, classes and methods.

    Parameters
    ----------
    run : the notebook, which has been run
    aliases : by name, the exercises that a person may mean who says which it is
    wanted : the exercises that are looked for
    own : modules that are the notebook's own
    names : which exercises a name may stand for
    """

    def __init__(
        self,
        run: Running,
        aliases: Mapping[str, Sequence[Known]],
        wanted: Sequence[Known],
        own: Collection[str],
        names: Names,
    ) -> None:
        self.run, self.aliases, self.wanted, self.own, self.names = run, aliases, wanted, own, names
        self.judged: list[Judged] = []
        self.passed_over: list[str] = []
        self.done: set[str] = set()  # names of which something is said

    def answers(self) -> list[Answer]:
        """Return what was judged, in the catalogue's order."""
        in_rows = self._in_rows()
        best = [(judged, judged.best(in_rows)) for judged in self.judged]
        made = [(one.known.place, self._answer(judged, one, in_rows)) for judged, one in best]
        return [answer for _, answer in sorted(made, key=lambda one: one[0]) if answer is not None]

    def meant(self, name: str) -> list[Known]:
        """Return which exercises a name may stand for."""
        if name in self.aliases:
            return list(self.aliases[name])
        return self.names.meant(name, self.wanted)

    def keep(self, judged: Judged, *also: str) -> None:
        """Keep how a function was judged; something is said of these other names with it."""
        self.judged.append(judged)
        self.done |= {judged.name, judged.name.partition(".")[0], *also}

    def pass_over(self, name: str, why: str) -> None:
        """Say why something is not judged, once."""
        if name not in self.done:
            self.passed_over.append(why)
        self.done |= {name, name.partition(".")[0]}

    # --- Names ---

    def functions_and_classes(self) -> None:
        """Judge what the names stand for that may be an exercise's, in the catalogue's order."""
        meant = {name: known for name in self.run.held if (known := self.meant(name))}
        for name in sorted(meant, key=lambda name: meant[name][0].place):
            self._name(name, meant[name])

    def _name(self, name: str, known: Sequence[Known]) -> None:
        said, newest = name in self.aliases, self.run.held[name][0]
        if not said and not any(map(self.is_own, self.run.held[name])):
            named = re.compile(rf"\bimport\b.*\b{re.escape(name)}\b|\bdef {re.escape(name)}\b")
            if any(named.search(source) for source in self.run.sources):
                where = newest.name.module or "elsewhere"
                self.pass_over(name, f"{name} comes from {where}: it is not the notebook's own.")
            return
        kind = known[0].exercise.kind
        if newest.found.kind not in {one.exercise.kind for one in known}:
            # Asked for is a class, and this is a function: it may be a layer's forward pass.
            if said and not (newest.found.kind == "function" and kind == "class"):
                text = f"{name} is a {newest.found.kind}; asked for is a {kind}."
                self.pass_over(name, text)
            return
        reasons = []
        for version in self.run.find(name):
            if not said and not self.is_own(version):
                continue
            found = self.tries(name, version, known)
            if isinstance(found, str):
                reasons.append(found)
                continue
            if reasons:
                late = f"As it was after code cell {version.cell}: later it cannot be judged."
                found = replace(found, notes=(*found.notes, late))
            return self.keep(found)
        gone = f"{name} was gone when it was to be judged."
        return self.pass_over(name, reasons[0] if reasons else gone)

    def is_own(self, version: Version) -> bool:
        """Whether the notebook made it, also where it is wrapped in an object of a library's."""
        name, cell = version.name, version.cell
        if name.module in self.own:
            return True
        source = self.run.sources[cell - 1] if 0 < cell <= len(self.run.sources) else ""
        own = re.escape(name.name)
        bound = re.findall(rf"(?m)^[ \t]*(?:(def) {own}\b|{own}[ \t]*=[^=])", source[:100_000])
        return bound[-1:] == ["def"]

    def is_open(self, name: str) -> bool:
        """Whether the last cell that defines a function left something in it to be filled in."""
        kind, _, last = name.rpartition(".")
        for source in reversed(self.run.sources):
            outer = blocks(source, kind) if kind else [source]
            there = [block for part in outer for block in blocks(part, last)]
            if there:
                return any(map(left_open, there))
        return False

    # --- One function, or class ---

    def tries(self, name: str, version: Version, known: Sequence[Known]) -> Judged | str:
        """Return how a function was tried, or why it cannot be judged."""
        run, found = self.run, version.found
        of_kind = [one for one in known if one.exercise.kind == found.kind]
        ways = Ways(run, version.name, found, self.names.spellings)
        tries, notes = ways.tries(of_kind), []
        if tries and tries[0].failure == NO_NUMPY and run.define(IMPORT_NUMPY):
            tries = ways.tries(of_kind)
            notes = [NUMPY_PUT]
        tries = with_widened(tries)
        if tries and not _likely(tries) and found.kind == "class":
            tries += ways.as_layer(of_kind)
        arrays = run.of_arrays(found) if tries and not _likely(tries) else None
        if arrays is not None:
            given_arrays = Ways(run, version.name, arrays, self.names.spellings)
            of_tensors = with_widened(given_arrays.tries(of_kind))
            if of_tensors and _likely(of_tensors):
                tries, notes = of_tensors, ["Arrays were made tensors, and its tensors arrays."]
        lost = next((one.session.lost for one in (found, arrays) if one and one.session.lost), None)
        if lost is not None:
            run.given_up(name, lost)
        signatures = ", or ".join(one.exercise.signature for one in of_kind)
        if not tries:
            return f"{name} takes {ways.arguments}; asked for is {signatures}."
        exact = name.rpartition(".")[2] in {one.name for one in known}
        said, first = name in self.aliases, ways.first(of_kind)
        judged = Judged(name, tuple(tries), said, exact, tuple(notes), first)
        best = judged.best()
        gate = best.verdict.findings[0]
        if gate.message == NOT_WRITTEN or (not gate.passed and self.is_open(name)):
            return f"{name} is not written yet."
        for one in of_kind if not best.promise[0] else ():
            lookalike = ways.lookalike(one)
            if lookalike:
                return f"{name} {lookalike}"
        if best.failure is not None:
            return (
                f"{name} answers no call as {signatures} is called: "
                f"{tries[0].failure or best.failure}"
            )
        common = best.known.spelling.common
        weak = best.promise[0] == NAMED and common and not exact
        if said or (best.promise[0] and not (weak and best.watched.errors)):
            return judged
        # Answers of the right kind and shape, and a name that fits nothing else: it is wrong.
        if best.likeness[0] >= 0.5:  # most of its answers are right to a few digits
            return judged
        if (exact or found.kind == "class") and best.likeness[1] > 0.5 and not common:
            return judged
        if best.watched.stumble:
            return stumbles(name, best)
        labels = [one.label for one in of_kind]
        by_name = "has the name of an exercise" if exact else f"may be meant as {_or(labels)}"
        return (
            f"{name} {by_name}; {_answers(tries)}, so it is not scored: it may do something else. "
            f"To see how it differs: --as {labels[0]}={name}"
        )

    # --- Methods ---

    def methods(self) -> None:
        """Judge the methods of classes that were not judged as a whole."""
        judged = {one.name for one in self.judged}
        for name, version, found in self.own_methods():
            whole = f"{name}.{found.name}"
            known = [one for one in self._meant_method(whole) if one.exercise.kind == "function"]
            if known and (name not in judged or whole in self.aliases):
                self._method(whole, version, found, known)

    def own_methods(self) -> Iterator[tuple[str, Version, Name]]:
        """Yield of the notebook's classes: the name, what it stands for, and each method."""
        for name, versions in list(self.run.held.items()):
            if versions[0].found.kind != "class" or versions[0].name.module not in self.own:
                continue
            version = self.run.now(name)
            listing = self.run.asked(version.found, "methods") if version is not None else None
            for item in listing if type(listing) is list else []:
                found = _method(item)
                if found is not None and version is not None:
                    yield name, version, found

    def _meant_method(self, whole: str) -> list[Known]:
        """Return which exercises a method may stand for: a class may have a function's name."""
        kind, _, name = whole.partition(".")
        if whole in self.aliases:
            return list(self.aliases[whole])
        called = name in self.names.spellings.called
        return self.names.meant(name, self.wanted) or (self.meant(kind) if called else [])

    def _method(self, whole: str, version: Version, name: Name, known: Sequence[Known]) -> None:
        made = self.run.adapted(version.found, "method", name.name)
        if made is None:
            return self.pass_over(whole, f"{whole}: no object of its class could be made.")
        found = self.tries(whole, Version(version.cell, name, made), known)
        return self.pass_over(whole, found) if isinstance(found, str) else self.keep(found)

    # --- What is left ---

    def unwritten(self) -> None:
        """Say of what stands only in cells that cannot be read whether it is yet to be written."""
        for cell in self.run.cells:
            if not cell.error:
                continue
            for name in dict.fromkeys(DEFINED.findall(cell.source[:100_000])):
                if name in self.run.held or not self.meant(name):
                    continue
                is_open = any(map(left_open, blocks(cell.source, name)))
                why = " is not written yet." if is_open else f": {cell.end}."
                self.pass_over(name, f"{name}{why}")

    def missing(self) -> None:
        """Say which names the notebook does not have that a person gave."""
        for name, known in self.aliases.items():
            if name not in self.done:
                self.passed_over.append(
                    f"{printable(name)}, for --as {known[0].label}: the notebook defines no such "
                    "function."
                )

    def unknown(self) -> tuple[str, ...]:
        """Return what the notebook itself defines and nothing was said of."""
        return tuple(
            name
            for name, versions in self.run.held.items()
            if versions[0].name.module == NOTEBOOK
            and name not in self.done
            and not (set(self.names.meant(name, self.names.known)) - set(self.wanted))
            and versions[0].found.kind in ("function", "class")
        )

    # --- Cards ---

    def _in_rows(self) -> bool | None:
        """Return whether the notebook's samples are rows; None where its functions do not tell."""
        votes = Counter(next(iter(one.layouts)) for one in self.judged if len(one.layouts) == 1)
        return None if votes[True] == votes[False] else votes[True] > votes[False]

    def _answer(self, judged: Judged, best: Try, in_rows: bool | None) -> Answer | None:
        """Return a judged function, in the layout of the notebook where that is one."""
        how, refuted = best.said, best.watched.refuted
        if refuted:
            self.passed_over.append(
                f"{judged.name} gives {refuted}; asked for is {best.exercise.signature}."
            )
            return None
        notes = list(judged.notes)
        others = [
            one
            for one in judged.tries
            if one is not best and one.promise == best.promise and len(one.said) == len(how)
        ]
        told_apart = bool(best.known.spelling.told_apart)
        if others and told_apart and judged.first is None and in_rows is None:
            notes.append(f"It may as well have {listed(others[0].said)}: the answers are the same.")
        if in_rows is not None and judged.layouts == {best.in_rows} and best.in_rows != in_rows:
            rest, here = ("rows", "columns") if in_rows else ("columns", "rows")
            notes.append(
                f"Elsewhere in this notebook samples are {rest}; this one is judged with "
                f"samples as {here}, where it does best."
            )
        if best.watched.dtypes == {"float32"} and FLOAT32 not in how:
            notes.append("Its numbers are float32; asked for are float64, which have more digits.")
        likely = best.promise[0] if judged.exact else best.promise[0] == GATE_HOLDS
        return Answer(
            name=judged.name,
            exercise=best.exercise,
            label=best.known.label + best.exercise.name.removeprefix(best.known.name),
            verdict=best.verdict,
            how=how,
            notes=tuple(notes),
            guess=not judged.said and not likely,
            convention=self.names.spellings.convention,
        )


def _likely(tries: Sequence[Try]) -> int:
    return max(one.promise for one in tries)[0]


def _or(labels: Sequence[str]) -> str:
    return " or ".join(labels)


def _answers(tries: Sequence[Try]) -> str:
    """Say how a function answers that is right in no way of calling it."""
    kinds = {kind for one in tries for kind in one.watched.kinds}
    if len(kinds) == 1 and kinds != {""}:
        return f"it returns {kinds.pop()}"
    if len(tries) == 1:
        return "its answers are not what is asked for"
    return f"its answers are not what is asked for, in any of {len(tries)} ways of calling it"


def stumbles(name: str, best: Try) -> str:
    """Say of a function that it is right where it answers, and does not always."""
    return (
        f"{name} is right as {best.exercise.name} for some arguments, and for others it raises "
        f"{best.watched.stumble}"
    )


def _method(item: Any) -> Name | None:
    """Return a method as the sandbox told it, or None where that is none."""
    if type(item) is not tuple or len(item) != 3:
        return None
    name, least, most = item
    if type(name) is not str or not name.isidentifier() or type(least) is not int:
        return None
    return Name(name[:60], NOTEBOOK, least, most if type(most) is int else None)
