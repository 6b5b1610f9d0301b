"""Judges what any notebook has of the course's functions; needs no course and no gradebook.

A name proves nothing: what takes other arguments, or answers something else, is
said to be so and not scored.  What a notebook shows is never repeated here.
"""

from __future__ import annotations

import inspect
import itertools
import json
import pickle
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from nbformat import NotebookNode

from autograder.catalogue.model import Exercise
from autograder.catalogue.name import CatalogueError, CatalogueName, installed_catalogue
from autograder.catalogue.values import Observation, Opaque, Step, by_steps, observe_here
from autograder.course.reading import UnreadableSubmission, read_bytes
from autograder.diagnosis.adapters import BACKWARD, FORWARD, INPUTS, OUTPUTS, SLOPES
from autograder.diagnosis.aliases import meant, slope_of
from autograder.diagnosis.diagnosing import diagnosed
from autograder.diagnosis.foreign import NOTEBOOK, Running, Version, run_notebook
from autograder.diagnosis.layouts import (
    BY_NAME,
    LABELS_TELL_K,
    LAYOUTS,
    PAIRS,
    TRUTH_LAST,
    Arrangement,
    Layout,
    Rearranged,
    arrangements,
    by_scores,
    same,
)
from autograder.grading.workers import OverBudget, WorkerLost, own_worker
from autograder.grading.working import begun, tell
from autograder.judging.cards import verdict_text
from autograder.judging.judge import NEARLY_RIGHT, NOT_WRITTEN, Verdict, judge
from autograder.limits import DIAGNOSE_LIMITS, DIAGNOSING
from autograder.sandbox import IsolationUnavailable, Name, RemoteObject, Sandbox, SandboxLost
from autograder.submission.sanitise import parse_submission
from autograder.submission.slips import blocks, left_open
from autograder.words import listed, printable

SEED = 0  # nothing is earned here, and the same notebook is to be told the same
MAX_ERRORS = 6
MAX_NAMES = 12
NO_NUMPY = "NameError: name 'np' is not defined"
NUMPY_PUT = "np is not defined; NumPy was put there."
CHECKS = "checks.py"  # what a notebook of this course imports


class DiagnoseError(Exception):
    """Why there is no diagnosis, and what to do.

    Parameters
    ----------
    message : one or two lines
    code : the command's exit code: 1 where there is nothing to judge, 2 where it was
        asked for what cannot be, 3 where isolation cannot be had
    """

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Card:
    """A function that was judged.

    Parameters
    ----------
    name : in the notebook
    exercise : as which it was judged
    verdict : the judge's
    how : what is different from the course's own function, in words; empty: nothing
    notes : what else there is to say of it, a sentence each
    guess : that it is meant to be this exercise is no more than likely
    """

    name: str
    exercise: Exercise
    verdict: Verdict
    how: tuple[str, ...]
    notes: tuple[str, ...]
    guess: bool

    def lines(self) -> Iterator[str]:
        """Yield the card in plain text."""
        right = "right" if self.verdict.passed else "right in part"
        right = right if self.verdict.points else "not right"
        how = f", with {listed(self.how)}" if self.how else ""
        same = self.name == self.exercise.name
        yield f"{self.name}{'' if same else f', judged as {self.exercise.name}'}: {right}{how}"
        if self.guess:
            yield f"(`{self.name}` may be meant for something else: then this is not about it.)"
        yield from (f"({note})" for note in self.notes)
        if self.how:
            yield (
                f"(Asked for is {self.exercise.signature}. Arguments and answers were changed to "
                "and from that; shapes and axes below are the course's: samples are columns.)"
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
    cards : what was judged, in the catalogue's order
    passed_over : what looked like an exercise and was not judged, and why
    unknown : functions and classes whose names stand for no exercise
    names : what the notebook defines
    """

    cells: int
    isolation: str
    happened: tuple[str, ...]
    cards: tuple[Card, ...]
    passed_over: tuple[str, ...]
    unknown: tuple[str, ...]
    names: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """Yield all of it in plain text."""
        where = "in a sandbox" if self.isolation != "none" else "WITHOUT ISOLATION"
        cells = f"{self.cells} code cell{'' if self.cells == 1 else 's'}"
        yield f"{cells} run {where}. All words here are the judge's, none the notebook's own."
        yield from (f"  {sentence}" for sentence in self.happened)
        for card in self.cards:
            yield ""
            yield from card.lines()
        if self.passed_over or self.unknown:
            yield ""
            yield "Not judged:"
            yield from (f"  {sentence}" for sentence in self.passed_over)
            yield from _unknown(self.unknown)


def diagnose(
    path: Path,
    sandbox: Sandbox,
    aliases: Mapping[str, str] | None = None,
    exercises: Collection[str] = (),
    files: Sequence[Path] = (),
    say: Callable[[int, int], None] = lambda number, cells: None,
    catalogue: CatalogueName | None = None,
) -> Diagnosis:
    """Run a notebook and judge those of its functions that the catalogue knows.

    Parameters
    ----------
    path : of the notebook
    sandbox : where it runs
    aliases : by name of a function in the notebook, the exercise that it is
    exercises : judge only these; empty: all
    files : what it opens and imports
    say : takes the number of the cell that is run next, and how many there are
    catalogue : of which course; None is the installed one

    Returns
    -------
    Diagnosis

    Raises
    ------
    DiagnoseError : wrong usage, no notebook, no isolation
    """
    aliases = dict(aliases or {})
    known = exercises_of(catalogue)
    for exercise in (*exercises, *aliases.values()):
        if exercise not in known:
            raise DiagnoseError(
                f"there is no exercise {printable(exercise)}; there are {listed(list(known))}"
            )
    wanted = list(exercises or known)
    notebook, remarks = read(path)
    beside = {CHECKS: (Path(__file__).resolve().parents[1] / "checking" / CHECKS).read_bytes()}
    beside |= {_place(file, path): _contents(file) for file in files}
    own = {NOTEBOOK, *(".".join(Path(name).with_suffix("").parts) for name in beside)}

    there = [file.name for file in path.resolve().parent.glob("*.py")][:1000]

    def is_wanted(name: Name) -> bool:
        return name.module in own or name.name in aliases or bool(meant(name.name, wanted))

    try:
        run = run_notebook(notebook, sandbox, SEED, beside, is_wanted, there, say)
        try:
            judging = Judging(run, aliases, wanted, own, known)
            cards, passed_over = judging.all()
            unknown = judging.unknown()
        finally:
            run.close()
    except IsolationUnavailable as failure:
        raise DiagnoseError(str(failure), 3) from None
    except (SandboxLost, ConnectionError) as failure:
        raise DiagnoseError(f"{failure}; run the same command again", 1) from None
    except ValueError as failure:  # of the files: too large together
        raise DiagnoseError(f"--file: {failure}") from None
    return Diagnosis(
        cells=sum(cell.cell_type == "code" for cell in notebook.cells),
        isolation=sandbox.isolation,
        happened=tuple(dict.fromkeys((*remarks, *_errors(run.failures), *run.remarks))),
        cards=tuple(cards),
        passed_over=tuple(passed_over),
        unknown=unknown,
        names=tuple(sorted(run.names)),
    )


def _errors(failures: Sequence[tuple[int, str]]) -> Iterator[str]:
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


# --- Reading -------------------------------------------------------------------------------------


def read(path: Path) -> tuple[NotebookNode, list[str]]:
    """Return the notebook in a file, and what had to be done for it, a sentence each.

    Raises
    ------
    DiagnoseError : there is no such file, or it is no notebook
    """
    if not path.is_file():
        raise DiagnoseError(f"there is no notebook {printable(str(path))}")
    # Whoever asks means what a link leads to.
    try:
        data = read_bytes(path.resolve())
        newer = _brought_up_to_date(data)
        notebook = parse_submission(newer or data, path.name)
    except UnreadableSubmission as failure:
        raise DiagnoseError(_again(str(failure)), 1) from None
    return notebook, ["It is of an older format, and was converted."] if newer else []


def _brought_up_to_date(data: bytes) -> bytes | None:
    """Return a notebook of format 3 as one of format 4; None where it is no such notebook."""
    import nbformat

    try:
        content = json.loads(data.decode("utf-8-sig"))
        if content["nbformat"] != 3:
            return None
        return str(nbformat.writes(nbformat.convert(nbformat.from_dict(content), 4))).encode()
    except Exception:  # a file may hold anything
        return None


def _again(text: str) -> str:
    return text.replace("submit it again", "try again")


def _place(file: Path, notebook: Path) -> str:
    """Return where a file lies as the notebook sees it: beside it, unless it is below."""
    try:
        return file.resolve().relative_to(notebook.resolve().parent).as_posix()
    except ValueError:
        return file.name


def _contents(path: Path) -> bytes:
    if not path.is_file():
        raise DiagnoseError(f"--file: there is no file {printable(str(path))}")
    try:
        return read_bytes(path.resolve())
    except UnreadableSubmission as failure:
        raise DiagnoseError(f"--file: {_again(str(failure))}") from None


# --- Judging -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Try:
    """One function judged as one exercise, called in one way."""

    exercise: Exercise
    verdict: Verdict
    function: Rearranged
    watched: _Watched
    also: tuple[str, ...] = ()

    @property
    def failure(self) -> str | None:
        """The first call's error, where no call at all returned."""
        seen = self.function.seen
        if not seen or any(one.error is None for one in seen):
            return None
        return f"{seen[0].error}: {seen[0].message}" if seen[0].message else seen[0].error

    @property
    def likeness(self) -> tuple[float, float]:
        """In how many of the calls the answer is about the right one, and has its shape."""
        return self.watched.likeness

    @cached_property
    def promise(self) -> tuple[Any, ...]:
        """How much speaks for it that this is what the function is meant to be."""
        gate = self.verdict.findings[0]
        # A loss by its name alone may well be that of a regression.
        named = gate.misconception if gate.misconception != "squared error" else None
        signs = (gate.passed, named, gate.message.startswith(NEARLY_RIGHT))
        likely = next((len(signs) - i for i, sign in enumerate(signs) if sign), 0)
        # How alike other calls are says no more where that much is known.
        alike = (0.0, 0.0) if likely >= NAMED else self.likeness
        return likely, self.verdict.points, *alike, self.failure is None

    @property
    def said(self) -> tuple[str, ...]:
        """What is different from the course's own, in words."""
        return (*self.function.said, *self.also)

    @property
    def in_rows(self) -> bool | None:
        """Whether samples are rows here; None where the exercise has no samples."""
        if self.exercise.name.partition(".")[0] in NO_LAYOUT:
            return None
        layout = LAYOUTS.get(self.exercise.name, Layout())
        has = layout.rows is None or bool(layout.rows) or any(one.rows for one in layout.more)
        return self.function.arrangement.rows if has else None


class _Watched:
    """What is kept of all calls of a function, beside its verdict.

    Parameters
    ----------
    exercise : as which it is called
    """

    def __init__(self, exercise: Exercise) -> None:
        self.exercise = exercise
        self.like: list[tuple[bool, bool]] = []
        self.errors: list[str] = []
        self.right = 0  # of those that gave an answer
        self.kinds: set[str] = set()  # of answers, where they are no plain values
        self.dtypes: set[str] = set()
        # How many classes the labels may be taken to tell, and how many there are.
        self.classes: list[tuple[set[int], int]] = []

    def __call__(self, call: tuple[Any, ...], there: Observation, answer: Observation) -> None:
        right = observe_here(self.exercise.reference, call, watch_random=False)
        self.like.append(_likeness(right, answer))
        self.right += self.like[-1][0]
        if answer.error is not None:
            self.errors.append(f"{answer.error}: {answer.message}")
            return
        opaque = type(there.value) is Opaque
        kind = f"a value of type {printable(there.value.type_name)}" if opaque else ""
        if type(there.value) is list and type(right.value) is np.ndarray:
            kind = "a list"
        self.kinds.add("None" if there.value is None else kind)
        self.dtypes |= {str(array.dtype) for array in _arrays(there.value)}
        labels = [one for one in call if type(one) is np.ndarray and one.dtype.kind == "i"]
        if labels and all(one.size for one in labels) and np.ndim(answer.value) == 2:
            both = np.concatenate([one.ravel() for one in labels])
            told = {int(np.max(one)) + 1 for one in (*labels, both)}
            told |= {np.unique(one).size for one in (*labels, both)}
            self.classes.append((told, np.shape(answer.value)[0]))

    @property
    def likeness(self) -> tuple[float, float]:
        """In how many of the calls the answer is about the right one, and has its shape."""
        if not self.like:
            return 0.0, 0.0
        close, shaped = zip(*self.like, strict=True)
        return sum(close) / len(close), sum(shaped) / len(shaped)

    @property
    def stumble(self) -> str:
        """The error of a function that is right wherever it answers; empty for any other."""
        answered = len(self.like) - len(self.errors)
        return self.errors[0] if self.errors and 0 < answered == self.right else ""

    @property
    def fixed_classes(self) -> int | None:
        """How many classes there are whatever the labels; 0: these tell; None: neither."""
        if self.classes and all(made in told for told, made in self.classes):
            return 0
        numbers = {made for _, made in self.classes}
        return numbers.pop() if len(numbers) == 1 else None


def _watched(
    found: Any,
    exercise: Exercise,
    arrangement: Arrangement,
    also: tuple[str, ...],
    several: bool = False,
    losses: bool = False,
    widen: bool = False,
) -> _Try:
    """Judge a function called in one way, and keep what there is to say of it."""
    watched = _Watched(exercise)
    function = Rearranged(found, arrangement, not several, losses, watched, widen)
    return _Try(exercise, judge(exercise, function, SEED), function, watched, also)


def _likeness(right: Observation, seen: Observation) -> tuple[bool, bool]:
    """Tell whether an answer is about right, and whether it has the kind and shape of one."""
    values = list(_arrays(right.value)), list(_arrays(seen.value))
    if seen.error is not None or not values[0] or len(values[0]) != len(values[1]):
        return False, False
    pairs = list(zip(*values, strict=True))
    if any(one.shape != other.shape or _kind(one) != _kind(other) for one, other in pairs):
        return False, False
    with np.errstate(all="ignore"):
        close = all(np.allclose(other, one, rtol=1e-3, atol=1e-5) for one, other in pairs)
    return close, True


def _arrays(value: Any) -> Iterator[np.ndarray]:
    if type(value) in (list, tuple):
        for item in value:
            yield from _arrays(item)
    elif type(value) is dict:
        yield from _arrays([value[key] for key in sorted(value, key=str)])
    elif type(value) in (np.ndarray, int, float, bool):
        yield np.asarray(value)


def _kind(array: np.ndarray) -> bool:
    return array.dtype.kind in "iub"


@dataclass(frozen=True)
class _Judged:
    """A function, and all the ways in which it was tried."""

    name: str
    tries: tuple[_Try, ...]
    said: bool
    exact: bool
    notes: tuple[str, ...] = ()
    order: str = ""  # the names of its first two parameters, as they speak for an order

    def best(self, in_rows: bool | None = None) -> _Try:
        """Return the likeliest try; of those alike, one in the notebook's own layout."""
        tries = self.tries
        if in_rows is not None:
            # What is another layout is no mistake where the rest of the notebook has it.
            own = [one for one in tries if one.in_rows in (in_rows, None)]
            right = any(one.verdict.passed for one in tries)
            better = right and not any(one.verdict.passed for one in own)
            tries = tuple(own if own and not better else tries)
        top = max(tries, key=lambda one: one.promise)
        alike = [one for one in tries if one.promise == top.promise]
        return min(alike, key=self._strangeness)  # the first of equals

    def _strangeness(self, one: _Try) -> tuple[bool, int]:
        given = one.function.arrangement.given or ()
        first = "W" if given[:1] and given[0][0] == 0 else "X"
        first = "W" if not given else first
        against = one.exercise.name == "scores" and self.order not in ("", first)
        return against, len(one.said)

    @property
    def layouts(self) -> set[bool]:
        """In which layout it does best: samples as rows, or as columns; several where none is."""
        telling = [one for one in _passing(self.tries) if one.exercise.name not in NEUTRAL]
        points = {
            rows: max(
                (one.verdict.points for one in telling if one.in_rows is rows),
                default=0.0,
            )
            for rows in (True, False)
        }
        return {rows for rows, most in points.items() if most and most == max(points.values())}


def _passing(tries: Sequence[_Try]) -> list[_Try]:
    return [one for one in tries if one.verdict.findings[0].passed]


class Judging:
    """Judges what a notebook defines: functions, methods, classes, pairs of functions.

    Parameters
    ----------
    run : the notebook, which has been run
    aliases : by name, the exercise that the person says it is
    wanted : names of exercises
    own : modules that are the notebook's own
    known : every exercise by name
    """

    def __init__(
        self,
        run: Running,
        aliases: Mapping[str, str],
        wanted: Sequence[str],
        own: Collection[str],
        known: Mapping[str, Exercise],
    ) -> None:
        self.known = known
        self.run, self.aliases, self.wanted, self.own = run, aliases, wanted, own
        self.judged: list[_Judged] = []
        self.passed_over: list[str] = []
        self.no_slopes: dict[str, str] = {}  # by name, why it is no slope
        self.numpy = False  # whether NumPy was put where there was none
        self.done: set[str] = set()  # names of which something is said

    def all(self) -> tuple[list[Card], list[str]]:
        """Return the cards in the catalogue's order, and what was not judged and why."""
        order = list(self.known)
        names = [name for name in self.run.held if self.meant(name)]
        for name in sorted(names, key=lambda name: order.index(self.meant(name)[0])):
            self.name(name)
        self.pairs()
        self.methods()
        self.unwritten()
        in_rows = self.layout()
        made = (self.card(one, in_rows) for one in self.judged)
        cards = [card for card in made if card is not None]
        cards.sort(key=lambda card: order.index(card.exercise.name.partition(".")[0]))
        for name, exercise in self.aliases.items():
            if name not in self.done:
                self.passed_over.append(
                    f"{printable(name)}, for --as {exercise}: the notebook defines no such "
                    "function."
                )
        return cards, self.passed_over

    def meant(self, name: str) -> list[str]:
        """Return which exercises a name may stand for."""
        return [self.aliases[name]] if name in self.aliases else meant(name, self.wanted)

    def name(self, name: str) -> None:
        """Judge what a name stands for."""
        exercises, said = self.meant(name), name in self.aliases
        newest = self.run.held[name][0]
        module = newest.name.module
        if not said and not any(map(self.is_own, self.run.held[name])):
            named = re.compile(rf"\bimport\b.*\b{re.escape(name)}\b|\bdef {re.escape(name)}\b")
            if any(named.search(source) for source in self.run.sources):
                where = module or "elsewhere"
                self.pass_over(name, f"{name} comes from {where}: it is not the notebook's own.")
            return
        kinds = {self.known[one].kind for one in exercises}
        if newest.found.kind not in kinds:
            if said:
                kind = self.known[exercises[0]].kind
                text = f"{name} is a {newest.found.kind}; asked for is a {kind}."
                if not (newest.found.kind == "function" and kind == "class"):
                    self.pass_over(name, text)
            return
        reasons = []
        for version in self.run.find(name):
            if not said and not self.is_own(version):
                continue
            found = self.tries(name, version, exercises, said)
            if isinstance(found, str):
                reasons.append(found)
                continue
            if reasons:
                late = f"As it was after code cell {version.cell}: later it cannot be judged."
                found = replace(found, notes=(*found.notes, late))
            self.judged.append(found)
            self.done.add(name)
            return
        self.pass_over(
            name, reasons[0] if reasons else f"{name} was gone when it was to be judged."
        )

    def is_own(self, version: Version) -> bool:
        """Whether the notebook made it, also where it is wrapped in an object of a library's."""
        name, cell = version.name, version.cell
        if name.module in self.own:
            return True
        source = self.run.sources[cell - 1] if 0 < cell <= len(self.run.sources) else ""
        own = re.escape(name.name)
        bound = re.findall(rf"(?m)^[ \t]*(?:(def) {own}\b|{own}[ \t]*=[^=])", source[:100_000])
        return bound[-1:] == ["def"]

    def pass_over(self, name: str, why: str) -> None:
        """Say why something is not judged, once."""
        if name not in self.done:
            self.passed_over.append(why)
        self.done |= {name, name.partition(".")[0]}

    def tries(
        self, name: str, version: Version, exercises: Sequence[str], said: bool
    ) -> _Judged | str:
        """Return how a function was tried, or why it cannot be judged."""
        run, found = self.run, version.found
        of_kind = [self.known[one] for one in exercises if self.known[one].kind == found.kind]
        ways = _Ways(run, version.name, found)
        tries, notes = ways.tries(of_kind), []
        if tries and tries[0].failure == NO_NUMPY and run.define("import numpy as np"):
            tries = ways.tries(of_kind)
            notes = [NUMPY_PUT]
        tries += [one for one in map(_widened, tries) if one is not None]
        if tries and not max(one.promise for one in tries)[0] and found.kind == "class":
            tries += ways.as_layer(of_kind)
        arrays = None
        if tries and not max(one.promise for one in tries)[0]:
            arrays = run.of_arrays(found)
        if arrays is not None:
            of_tensors = _Ways(run, version.name, arrays).tries(of_kind)
            of_tensors += [one for one in map(_widened, of_tensors) if one is not None]
            if of_tensors and max(one.promise for one in of_tensors)[0]:
                tries, notes = of_tensors, ["Arrays were made tensors, and its tensors arrays."]
        lost = next((one.session.lost for one in (found, arrays) if one and one.session.lost), None)
        if lost is not None:
            run.given_up(name, lost)
        signatures = ", or ".join(exercise.signature for exercise in of_kind)
        if not tries:
            return f"{name} takes {_number(ways.name)}; asked for is {signatures}."
        judged = _Judged(
            name, tuple(tries), said, name.rpartition(".")[2] in exercises, tuple(notes), ways.order
        )
        best = judged.best()
        if best.verdict.findings[0].message == NOT_WRITTEN or (
            not best.verdict.findings[0].passed and self.is_open(name)
        ):
            return f"{name} is not written yet."
        loss = next((one for one in of_kind if one.name == "cce_gradient"), None)
        if not best.promise[0] and loss is not None:
            by_scores = ways.by_scores(loss)
            if by_scores:
                return f"{name} {by_scores}"
        if best.failure is not None:
            return (
                f"{name} answers no call as {signatures} is called: "
                f"{tries[0].failure or best.failure}"
            )
        weak = best.promise[0] == NAMED and best.exercise.name in COMMON_NAMES and not judged.exact
        if said or (best.promise[0] and not (weak and best.watched.errors)):
            return judged
        # Answers of the right kind and shape, and a name that stands for nothing else: wrong.
        if best.likeness[0] >= 0.5:  # right but for a few digits, in most of what it was asked
            return judged
        known = judged.exact or found.kind == "class"
        if known and best.likeness[1] > 0.5 and best.exercise.name not in COMMON_NAMES:
            return judged
        if best.watched.stumble:
            return _stumbles(name, best)
        names = " or ".join(exercise.name for exercise in of_kind)
        by_name = "has the name of an exercise" if judged.exact else f"may be meant as {names}"
        return (
            f"{name} {by_name}; {_answers(tries)}, so it is not scored: it may do something else. "
            f"To see how it differs: --as {of_kind[0].name}={name}"
        )

    def is_open(self, name: str) -> bool:
        """Whether the last cell that defines a function left something in it to be filled in."""
        kind, _, last = name.rpartition(".")
        for source in reversed(self.run.sources):
            outer = blocks(source, kind) if kind else [source]
            there = [block for part in outer for block in blocks(part, last)]
            if there:
                return any(map(left_open, there))
        return False

    def layout(self) -> bool | None:
        """Return whether the notebook's samples are rows; None where its functions do not tell."""
        votes = Counter(next(iter(one.layouts)) for one in self.judged if len(one.layouts) == 1)
        return None if votes[True] == votes[False] else votes[True] > votes[False]

    def card(self, judged: _Judged, in_rows: bool | None) -> Card | None:
        """Return the card of a function, in the layout of the notebook where that is one."""
        best = judged.best(in_rows)
        notes = list(judged.notes)
        others = [
            one
            for one in judged.tries
            if one is not best and one.promise == best.promise and len(one.said) == len(best.said)
        ]
        how = best.said
        if others and not judged.order and in_rows is None and best.exercise.name == "scores":
            notes.append(f"It may as well have {listed(others[0].said)}: the answers are the same.")
        if in_rows is not None and best.in_rows not in (in_rows, None) and len(how) < 9:
            rest, here = ("rows", "columns") if in_rows else ("columns", "rows")
            if judged.layouts == {best.in_rows}:
                notes.append(
                    f"Elsewhere in this notebook samples are {rest}; this one is judged with "
                    f"samples as {here}, where it does best."
                )
        if LABELS_TELL_K in how:
            fixed = best.watched.fixed_classes
            if fixed is None:
                ways = (one.watched for one in judged.tries if LABELS_TELL_K in one.said)
                fixed = next((one.fixed_classes for one in ways if one.fixed_classes), None)
            if fixed is None or fixed:
                number = f"{fixed} classes whatever the labels are" if fixed else "other shapes"
                self.passed_over.append(
                    f"{judged.name} gives {number}; asked for is {best.exercise.signature}."
                )
                return None
        if best.watched.dtypes == {"float32"} and FLOAT32 not in how:
            notes.append("Its numbers are float32; asked for are float64, which have more digits.")
        likely = best.promise[0] if judged.exact else best.promise[0] == GATE_HOLDS
        guess = not judged.said and not likely
        return Card(judged.name, best.exercise, best.verdict, how, tuple(notes), guess)

    # --- What is no function of one name ---

    def pairs(self) -> None:
        """Judge activations that are plain functions, each with its slope if there is one."""
        there = [
            name
            for name, versions in self.run.held.items()
            if self.is_own(versions[0]) and versions[0].found.kind == "function"
            if meant(name, ACTIVATIONS) or slope_of(name, ACTIVATIONS) or name in self.aliases
        ]
        self.numpy = bool(there) and self.run.lacks("np") and self.run.define("import numpy as np")
        bound = {name: self.run.now(name) for name in there}
        own = {name: version for name, version in bound.items() if version is not None}
        own |= self.methods_of_activations()
        for name, version in own.items():
            kind, _, bare = name.rpartition(".")
            layers = self.meant_activation(name)
            if not layers or name in self.done or slope_of(bare, ACTIVATIONS):
                continue
            slopes = {
                other: own[other]
                for other in own
                if other != name and other.rpartition(".")[0] == kind
                if layers[0] in slope_of(other.rpartition(".")[2], layers)
            }
            self.pair(name, version, self.known[layers[0]], slopes)
        for name in own:
            of = slope_of(name.rpartition(".")[2], ACTIVATIONS)[:1]
            if name not in self.done and of and of[0] in self.wanted:
                why = (
                    f"{name}: the notebook has no function {of[0].lower()} of its own that it "
                    "could be judged with."
                )
                self.pass_over(name, self.no_slopes.get(name, why))

    def meant_activation(self, name: str) -> list[str]:
        """Return which activations a function or a method may stand for."""
        whole = [self.aliases[name]] if name in self.aliases else None
        found = meant(name.rpartition(".")[2], self.wanted) if whole is None else whole
        return [one for one in found if one in ACTIVATIONS]

    def methods_of_activations(self) -> dict[str, Version]:
        """Return by name the methods that are activations, or slopes of such, as functions."""
        judged = {one.name for one in self.judged}
        found: dict[str, Version] = {}
        for name, version, method in self.own_methods():
            whole = f"{name}.{method.name}"
            if name in judged or not (
                self.meant_activation(whole) or slope_of(method.name, ACTIVATIONS)
            ):
                continue
            made = self.run.adapted(version.found, "method", method.name)
            if made is not None:
                found[whole] = Version(version.cell, replace(method, name=whole), made)
        return found

    def pair(
        self, name: str, version: Version, exercise: Exercise, slopes: Mapping[str, Version]
    ) -> None:
        """Judge one activation with each function that may be its slope, else by itself."""
        notes = (NUMPY_PUT,) if self.numpy else ()
        tries: dict[str, list[_Try]] = {}
        for other, slope in slopes.items():
            for way, words in PAIRS.items():
                if slope.name.least is not None and slope.name.least > 1 + way.count(","):
                    continue
                if slope.name.most is not None and slope.name.most < 1 + way.count(","):
                    continue
                made = self.run.adapted(version.found, "pair", slope.found, way)
                if made is None:
                    continue
                said = (f"{other} as its slope", *words)
                tries.setdefault(other, []).extend(_tries_of(made, exercise, said))
        tries |= self.switched(version, exercise)
        alone = _forward_alone(exercise)
        made = self.run.adapted(version.found, "pair", None, "scores")
        if made is None:
            return self.pass_over(name, f"{name} was gone when it was to be judged.")
        for other, found in list(tries.items()):
            if not max(one.promise for one in found)[0] and self.is_open(other):
                self.pass_over(other, f"{other} is not written yet.")
                del tries[other]
        for other, found in tries.items():
            judged = _Judged(name, tuple(found), name in self.aliases, True)
            if max(one.promise for one in found)[0]:
                self.judged.append(replace(judged, notes=notes))
                self.done |= {name, other, name.partition(".")[0]}
                return None
            self.no_slopes.setdefault(
                other,
                f"{other} may be meant as the slope of {name}, and does not answer as it in any of "
                f"{len(found)} ways of calling it.",
            )
        judged = _Judged(name, tuple(_tries_of(made, alone, ())), name in self.aliases, True)
        best = judged.best()
        if best.failure is not None:
            return self.pass_over(name, f"{name} answers no call with an array: {best.failure}")
        if self.is_open(name) and not best.verdict.passed:
            return self.pass_over(name, f"{name} is not written yet.")
        if not best.promise[0] and best.watched.stumble:
            return self.pass_over(name, _stumbles(name, best))
        if not best.promise[0] and not judged.said:
            return self.pass_over(
                name,
                f"{name} may be meant as {exercise.name}, by its name; its answers are not what is "
                "asked for, so it is not scored: it may do something else.",
            )
        self.done |= {name, name.partition(".")[0]}
        self.judged.append(replace(judged, notes=notes))
        return None

    def switched(self, version: Version, exercise: Exercise) -> dict[str, list[_Try]]:
        """Judge an activation that gives its slope where a switch of its own is True."""
        told = self.run.asked(version.found, "switches")
        names = [name for name in (told if type(told) is list else []) if type(name) is str]
        switch = next((name for name in names if SWITCH.fullmatch(name)), None)
        if switch is None:
            return {}
        slope = self.run.adapted(version.found, "switched", switch)
        tries: list[_Try] = []
        for way in ("scores", "answers"):
            made = slope and self.run.adapted(version.found, "pair", slope, way)
            if made is not None:
                tries += _tries_of(
                    made, exercise, (f"its switch {switch} for its slope", *PAIRS[way])
                )
        return {version.name.name: tries} if tries else {}

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

    def methods(self) -> None:
        """Judge the methods of classes that were not judged as a whole."""
        judged = {one.name for one in self.judged}
        for name, version, found in self.own_methods():
            whole = f"{name}.{found.name}"
            exercises = [
                one for one in self.meant_method(whole) if self.known[one].kind == "function"
            ]
            if exercises and (name not in judged or whole in self.aliases):
                self.method(whole, version, found, exercises)

    def meant_method(self, whole: str) -> list[str]:
        """Return which exercises a method may stand for: a class may have a function's name."""
        kind, _, name = whole.partition(".")
        if whole in self.aliases:
            return [self.aliases[whole]]
        return meant(name, self.wanted) or (self.meant(kind) if name in CALLED else [])

    def method(self, whole: str, version: Version, name: Name, exercises: Sequence[str]) -> None:
        made = self.run.adapted(version.found, "method", name.name)
        if made is None:
            return self.pass_over(whole, f"{whole}: no object of its class could be made.")
        there = Version(version.cell, name, made)
        found = self.tries(whole, there, exercises, whole in self.aliases)
        if isinstance(found, str):
            return self.pass_over(whole, found)
        self.judged.append(found)
        self.done |= {whole, whole.partition(".")[0]}
        return None

    def unwritten(self) -> None:
        """Say of what stands only in cells that cannot be read whether it is yet to be written."""
        for cell in self.run.cells:
            if not cell.error:
                continue
            for name in dict.fromkeys(DEFINED.findall(cell.source[:100_000])):
                if name in self.run.held or not self.meant(name):
                    continue
                if any(map(left_open, blocks(cell.source, name))):
                    self.pass_over(name, f"{name} is not written yet.")
                else:
                    self.pass_over(name, f"{name}: {cell.end}.")

    def unknown(self) -> tuple[str, ...]:
        """Return what the notebook itself defines and nothing was said of."""
        return tuple(
            name
            for name, versions in self.run.held.items()
            if versions[0].name.module == NOTEBOOK
            and name not in self.done
            and not (set(meant(name, self.known)) - set(self.wanted))
            and versions[0].found.kind in ("function", "class")
        )


def _unknown(names: Sequence[str]) -> Iterator[str]:
    """Say of what the notebook defines beside why it is not judged."""
    if names:
        shown, more = [f"`{name}`" for name in names[:MAX_NAMES]], len(names) - MAX_NAMES
        said = listed(shown) if more <= 0 else f"{', '.join(shown)} and {more} more"
        its = "this name" if len(names) == 1 else "these names"
        yield f"  {said}: no exercise of the catalogue has {its}."


DEFINED = re.compile(r"(?m)^(?:def|class)[ \t]+(\w{1,80})")
# The methods by which a class is called that stands for a function.
CALLED = ("__call__", "forward", "calculate", "compute", "compute_loss", "f", "fn", "value")
FLOAT32 = "numbers in float32, compared here to four digits where the course asks for float64"
FLOAT32_DIGITS = 1e-4
# The first of what speaks for a try, where its first criterion holds, or a mistake is named.
GATE_HOLDS, NAMED = 3, 2
ACTIVATIONS = ("ReLU", "Tanh", "Sigmoid")
# Of these a name alone says little: other things are called so too.
COMMON_NAMES = frozenset(
    "scores predict train accuracy add_bias init_weights mse Network Dense".split()
)


def _answers(tries: Sequence[_Try]) -> str:
    """Say how a function answers that is right in no way of calling it."""
    kinds = {kind for one in tries for kind in one.watched.kinds}
    if len(kinds) == 1 and kinds != {""}:
        return f"it returns {kinds.pop()}"
    if len(tries) == 1:
        return "its answers are not what is asked for"
    return f"its answers are not what is asked for, in any of {len(tries)} ways of calling it"


def _stumbles(name: str, best: _Try) -> str:
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


@cache
def _slopes_by_scores(cce_gradient: Exercise) -> tuple[tuple[str, Exercise], ...]:
    """Return what softmax and cross-entropy together give as slope, in words and as exercises."""
    batch = next(one for one in cce_gradient.criteria if one.name == "batch")

    def of_batches(rng: np.random.Generator) -> list[tuple[Any, ...]]:
        return [call for call in batch.fixtures(rng) if np.ndim(call[0]) == 2]

    return tuple(
        (
            words,
            replace(
                cce_gradient,
                reference=reference,
                criteria=(replace(batch, fixtures=of_batches),),
                misconceptions=(),
                tolerance=FLOAT32_DIGITS,
            ),
        )
        for words, reference in (
            ("", lambda Y, Yhat: Yhat - Y),
            (", divided by the number of samples", lambda Y, Yhat: (Yhat - Y) / Y.shape[1]),
        )
    )


@cache
def _forward_alone(exercise: Exercise) -> Exercise:
    """Return an exercise on a layer without what its backward is to do."""

    def only_forward(fixtures: Any) -> Any:
        def drawn(rng: np.random.Generator) -> list[tuple[Any, ...]]:
            return [
                tuple(
                    item
                    for name, given in by_steps(call)
                    if name != "backward"
                    for item in ((Step(name), *given) if name else given)
                )
                for call in fixtures(rng)
            ]

        return drawn

    criteria = tuple(
        replace(one, fixtures=only_forward(one.fixtures))
        for one in exercise.criteria
        if one.name != "called again" and "slope" not in one.claim.lower()
    )
    first = exercise.criteria[0]
    claim = re.split(r"[,;] (?:and )?backward", first.claim)[0].rstrip(".") + "."
    first = replace(first, name="forward", claim=claim, fixtures=only_forward(first.fixtures))
    kept = (first, *(one for one in criteria if one.name != exercise.criteria[0].name))
    return replace(exercise, name=f"{exercise.name}.forward", criteria=kept, misconceptions=())


@dataclass
class _Ways:
    """The ways in which a function of a notebook can be called in place of an exercise's."""

    run: Running
    name: Name
    found: RemoteObject
    listing: list[tuple[str, bool, bool]] = field(init=False)

    def __post_init__(self) -> None:
        told = self.run.asked(self.found, "parameters")
        listing = [
            item
            for item in (told if type(told) is list else [])
            if type(item) is tuple and tuple(map(type, item)) == (str, bool, bool, bool)
        ]
        self.listing = [item[:3] for item in listing]
        # True and False in a signature are switches: none of the course's arguments is one.
        switch = next((i for i, item in enumerate(listing) if item[3] and item[2]), None)
        if switch is not None and self.name.most is not None:
            least = self.name.least or 0
            self.name = replace(self.name, most=max(min(self.name.most, switch), least))

    @property
    def order(self) -> str:
        """Whether weights or data come first, by the names of the parameters."""
        names = [name for name, _, _ in self.listing if name != "self"]
        if len(names) < 2:
            return ""
        if {*names[:2]} == {"A", "W"}:  # of a layer: the answers of the one before
            return "X" if names[0] == "A" else "W"
        signs = [
            "W" if WEIGHTS.fullmatch(name) else "X" if DATA.fullmatch(name) else ""
            for name in names[:2]
        ]
        return signs[0] if sorted(signs) == ["W", "X"] else ""

    @property
    def predicted_first(self) -> bool:
        """Whether the prediction comes before the truth, by the names of the parameters."""
        names = [name for name, _, _ in self.listing if name != "self"][:2]
        told = [PREDICTED.search(name) is not None for name in names]
        return told == [True, False]

    def tries(self, exercises: Sequence[Exercise]) -> list[_Try]:
        """Judge as each of these exercises, in each way in which it can be called."""
        tries: list[_Try] = []
        for exercise in exercises:
            for one in self._of(exercise):
                tries.append(one)
                if self.found.session.lost is not None:
                    return tries
                if one.verdict.passed and exercise.name not in TOLD_BY_ALL:
                    tries += self._other_layout(exercise, one)
                    return tries
        return tries

    def _other_layout(self, exercise: Exercise, right: _Try) -> Iterator[_Try]:
        """Judge what is right in columns in rows too, to see whether it tells them apart."""
        if right.in_rows is False and exercise.name not in NEUTRAL:
            yield from itertools.islice(self._of(exercise, only_rows=True), 2)

    def by_scores(self, cce_gradient: Exercise) -> str:
        """Say of what may be the slope of the loss by the scores whether it is; else nothing."""
        for words, exercise in _slopes_by_scores(cce_gradient):
            for arrangement in by_scores():
                if _fits(self.name, arrangement, 2, 2):
                    one = _watched(self.found, exercise, arrangement, ())
                    if one.verdict.passed:
                        how = f", with {listed(arrangement.said)}" if arrangement.said else ""
                        return (
                            f"gives the gradient of the cross-entropy by the scores{words}{how}; "
                            "cce_gradient is that by the probabilities, so it is not judged as it."
                        )
                if self.found.session.lost is not None:
                    return ""
        return ""

    def _of(self, exercise: Exercise, only_rows: bool = False) -> Iterator[_Try]:
        parameters = list(inspect.signature(exercise.reference).parameters.values())
        needed = sum(parameter.default is parameter.empty for parameter in parameters)
        named, kept = self._by_name(parameters, needed)
        found, name = self.found, self.name
        also: tuple[str, ...] = ()
        if any(named):
            found = self.run.adapted(self.found, "by_name", tuple(named)) or self.found
            name = replace(name, most=len(parameters))
        elif kept < len(parameters):
            also = (f"no {parameters[kept].name}",)
        layout = LAYOUTS.get(exercise.name, Layout())
        for arrangement in arrangements(exercise.name, kept):
            if exercise.name in TOLD_BY_NAMES and (
                self.predicted_first != (TRUTH_LAST in arrangement.said)
            ):
                continue
            if arrangement.given is None and kept < len(parameters) and arrangement.every is same:
                arrangement = replace(arrangement, given=tuple((i, same) for i in range(kept)))
            if _fits(name, arrangement, needed, kept) and arrangement.rows >= only_rows:
                yield _watched(found, exercise, arrangement, also, layout.several, layout.losses)

    def _by_name(self, parameters: Sequence[Any], needed: int) -> tuple[list[str], int]:
        """Return by what name each argument is given, empty by its place; and how many are."""
        names = ["" for _ in parameters]
        own = [name for name, _, _ in self.listing]
        if not own or self.found.kind != "function":
            return names, len(parameters)
        for place, parameter in enumerate(parameters[needed:], start=needed):
            others = BY_NAME.get(parameter.name, frozenset((parameter.name,)))
            there = next((one for one in self.listing if one[0].lower() in others), None)
            if there is None and place < len(own) and place < needed + 1:
                # What stands there is something else, of which the course knows nothing.
                return ["" for _ in parameters], place
            if there is None:
                return names, place
            if not there[2] or own.index(there[0]) != place:
                names[place] = there[0]
        return names, len(parameters)

    def as_layer(self, exercises: Sequence[Exercise]) -> list[_Try]:
        """Judge a layer whose methods are called, or answer, otherwise than the course's."""
        way = self.run.asked(self.found, "ways")
        if type(way) is not tuple or len(way) != 6 or any(type(one) is not int for one in way):
            return []
        made = self.run.adapted(self.found, "layer", way)
        if made is None:
            return []
        forward, output, backward, count, answer, slopes = way
        tables = zip(
            (FORWARD, OUTPUTS, BACKWARD, INPUTS, SLOPES),
            (forward, output, backward, answer, slopes),
            strict=True,
        )
        if any(not -1 <= place < len(table) for table, place in tables):
            return []
        said = [
            f"{FORWARD[forward]} as forward" if forward > 0 else "",
            f"what forward leaves in `{OUTPUTS[output]}`" if output >= 0 else "",
            f"{BACKWARD[backward]} as backward" if backward > 0 else "",
            "backward without its last argument" if backward >= 0 and count == 1 else "",
            f"what backward leaves in `{INPUTS[answer]}`" if answer >= 0 else "",
            f"the slopes of its method {SLOPES[slopes]}" if slopes >= 0 else "",
        ]
        also = tuple(filter(None, said))
        return [one for exercise in exercises for one in _tries_of(made, exercise, also)]


def _tries_of(found: RemoteObject, exercise: Exercise, also: tuple[str, ...]) -> Iterator[_Try]:
    """Judge a class that was made the course's, in each layout."""
    for arrangement in arrangements(exercise.name.partition(".")[0], 0):
        if arrangement.fewer is None:
            one = _watched(found, exercise, arrangement, also)
            wider = _widened(one)
            yield from (one,) if wider is None else (one, wider)
            if one.verdict.passed:
                return


def _widened(one: _Try) -> _Try | None:
    """Judge again to four digits what answers in float32, where it is about right so."""
    if one.promise[0] or "float32" not in one.watched.dtypes or one.likeness[0] < 0.5:
        return None
    exercise = replace(one.exercise, tolerance=max(one.exercise.tolerance, FLOAT32_DIGITS))
    layout = LAYOUTS.get(exercise.name, Layout())
    return _watched(
        one.function.function,
        exercise,
        one.function.arrangement,
        (*one.also, FLOAT32),
        layout.several,
        layout.losses,
        widen=True,
    )


# A product of two matrices is right in several ways, which only the names of its arguments tell.
TOLD_BY_ALL = frozenset(("scores",))
# Of one sample, of labels, or of each entry alone: nothing in them is a row or a column.
NO_LAYOUT = frozenset(("softmax_jacobian", "accuracy", "confusion_matrix", *ACTIVATIONS))
# Right in both orders of its arguments, of which only their names tell which is meant.
TOLD_BY_NAMES = frozenset(("confusion_matrix",))
# Entry by entry, so that rows and columns are the same to it.
NEUTRAL = frozenset("ReLU Tanh Sigmoid mse mse_gradient cce_gradient scores".split())
SWITCH = re.compile(r"(?i)(is_?)?(deriv\w{0,6}|d|der|prime|grad\w{0,5}|backward)")
PREDICTED = re.compile(r"(?i)pred|hat$|_p$|^yp$|^p$|guess|predic|vorher|prev")
WEIGHTS = re.compile(r"(?i)w\d*|weights?|theta|params?|pesos?|poids|gewichte|beta|coef\w*")
DATA = re.compile(r"(?i)x\w{0,6}|data|inputs?|features?|a_?prev|datos|dados|samples?|batch")


def _fits(name: Name, arrangement: Arrangement, needed: int, most: int) -> bool:
    """Tell whether a function takes as many arguments as it would be given."""
    if arrangement.given is not None:
        most = len(arrangement.given)
        needed = sum(i < needed for i, _ in arrangement.given)
    return (name.least is None or name.least <= most) and (name.most is None or name.most >= needed)


def _number(name: Name) -> str:
    least, most = name.least, name.most
    if most is None or least is None:
        return f"at least {least or 0} arguments"
    count = f"{least} to {most}" if least != most else f"{most}"
    return f"{count} argument{'' if count == '1' else 's'}"


# --- The command ---------------------------------------------------------------------------------


def show(
    path: Path,
    named: Sequence[str],
    exercises: Sequence[str],
    files: Sequence[Path],
    isolation: str,
    catalogue: CatalogueName | None = None,
) -> None:
    """Print the diagnosis of a notebook.

    Parameters
    ----------
    path : of the notebook
    named : ``"exercise=name"``, which function of the notebook is which exercise
    exercises : judge only these
    files : what the notebook opens and imports
    isolation : "bwrap" or "none"
    catalogue : of which course; None is the installed one

    Raises
    ------
    DiagnoseError
    """
    from rich.console import Console
    from rich.text import Text

    aliases = dict(map(_alias, named))
    console, screen = Console(highlight=False), Console(stderr=True)
    with screen.status("starting the sandbox") as status:

        def heard(news: bytes) -> None:
            status.update("running code cell {} of {}".format(*pickle.loads(news)))

        try:
            lines, nothing = own_worker().do(
                diagnosed,
                *(path, aliases, exercises, files, isolation, catalogue),
                budget=DIAGNOSING,
                heard=heard,
            )
        except OverBudget as excess:
            raise DiagnoseError(f"{printable(path.name)}: judging it {excess}", 1) from None
        except WorkerLost:
            raise DiagnoseError("the process was killed; run the same command again", 1) from None
    # After all that the notebook did, and nothing of it is markup or steers the terminal.
    for line in (f"Diagnosis of {path.name}", *lines):
        console.print(Text(printable(line)), soft_wrap=not console.is_terminal)
    if nothing is not None:
        raise DiagnoseError(nothing, 1)


def diagnosed_here(
    path: Path,
    aliases: Mapping[str, str],
    exercises: Sequence[str],
    files: Sequence[Path],
    isolation: str,
    catalogue: CatalogueName | None = None,
) -> tuple[list[str], str | None]:
    """Return the diagnosis of a notebook in lines, and what to say where nothing was judged."""
    with Sandbox(isolation, DIAGNOSE_LIMITS) as sandbox:
        begun()
        say = lambda *number: tell(number)  # noqa: E731
        found = diagnose(path, sandbox, aliases, exercises, files, say, catalogue)
    sought = list(exercises or exercises_of(catalogue))
    return list(found.lines()), None if found.cards else _nothing(path, found, sought)


def exercises_of(catalogue: CatalogueName | None) -> Mapping[str, Exercise]:
    """Return the exercises of a catalogue by name; None is the installed course's.

    Raises
    ------
    DiagnoseError : there is no such catalogue
    """
    try:
        return (catalogue or installed_catalogue()).load().exercises
    except CatalogueError as failure:
        raise DiagnoseError(str(failure)) from None


def _alias(text: str) -> tuple[str, str]:
    """Return the function's name and the exercise's.

    >>> _alias("cce=my_loss")
    ('my_loss', 'cce')
    """
    exercise, _, name = (part.strip() for part in text.partition("="))
    if not exercise or not all(part.isidentifier() for part in name.split(".")):
        raise DiagnoseError(
            f"--as wants an exercise and a name of the notebook, as in softmax=my_softmax or "
            f"softmax=Model.softmax, "
            f"not {printable(text)}"
        )
    return name, exercise


def _nothing(path: Path, found: Diagnosis, exercises: Sequence[str]) -> str:
    if found.passed_over:
        return f"nothing in {printable(path.name)} could be judged, for the reasons above"
    sought = listed(exercises)
    defined = ", ".join(found.names[:MAX_NAMES]) or "no function"
    return (
        f"nothing to judge in {printable(path.name)}: looked for {sought}, and for names that "
        f"often stand for them; it defines {defined}"
        f"{' and more' if len(found.names) > MAX_NAMES else ''}.\n"
        f"Say which is which: autograder diagnose {printable(path.name)} --as softmax=its_name"
    )
