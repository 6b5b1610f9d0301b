"""Judges what any notebook has of the course's functions; needs no course and no gradebook.

A name proves nothing: what takes other arguments, or answers something else, is
said to be so and not scored.  What a notebook shows is never repeated here.
"""

from __future__ import annotations

import inspect
import json
import pickle
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nbformat import NotebookNode

from autograder.aliases import meant
from autograder.cards import verdict_text
from autograder.exercises import EXERCISES, Exercise
from autograder.foreign import NOTEBOOK, Running, Version, run_notebook
from autograder.judge import NEARLY_RIGHT, NOT_WRITTEN, Verdict, judge
from autograder.layouts import LAYOUTS, Arrangement, Layout, Rearranged, arrangements
from autograder.limits import DIAGNOSE_LIMITS, DIAGNOSING
from autograder.reading import UnreadableSubmission, read_bytes
from autograder.sandbox import IsolationUnavailable, Name, RemoteObject, Sandbox, SandboxLost
from autograder.sanitise import parse_submission
from autograder.words import listed, printable
from autograder.workers import OverBudget, WorkerLost, own_worker
from autograder.working import begun, tell

SEED = 0  # nothing is earned here, and the same notebook is to be told the same
MAX_ERRORS = 6
MAX_NAMES = 12
NO_NUMPY = "NameError: name 'np' is not defined"
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
    names : what else the notebook defines
    """

    cells: int
    isolation: str
    happened: tuple[str, ...]
    cards: tuple[Card, ...]
    passed_over: tuple[str, ...]
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
        if self.passed_over:
            yield ""
            yield "Not judged:"
            yield from (f"  {sentence}" for sentence in self.passed_over)


def diagnose(
    path: Path,
    sandbox: Sandbox,
    aliases: Mapping[str, str] | None = None,
    exercises: Collection[str] = (),
    files: Sequence[Path] = (),
    say: Callable[[int, int], None] = lambda number, cells: None,
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

    Returns
    -------
    Diagnosis

    Raises
    ------
    DiagnoseError : wrong usage, no notebook, no isolation
    """
    aliases = dict(aliases or {})
    for exercise in (*exercises, *aliases.values()):
        if exercise not in EXERCISES:
            raise DiagnoseError(
                f"there is no exercise {printable(exercise)}; there are {listed(list(EXERCISES))}"
            )
    wanted = list(exercises or EXERCISES)
    notebook, remarks = read(path)
    beside = {CHECKS: Path(__file__).with_name(CHECKS).read_bytes()}
    beside |= {_place(file, path): _contents(file) for file in files}
    own = {NOTEBOOK, *(".".join(Path(name).with_suffix("").parts) for name in beside)}

    def is_wanted(name: str) -> bool:
        return name in aliases or bool(meant(name, wanted))

    try:
        run = run_notebook(notebook, sandbox, SEED, beside, is_wanted, say)
        try:
            cards, passed_over = _judge_all(run, aliases, wanted, own)
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

    @property
    def failure(self) -> str | None:
        """The first call's error, where no call at all returned."""
        seen = self.function.seen
        if not seen or any(one.error is None for one in seen):
            return None
        return f"{seen[0].error}: {seen[0].message}" if seen[0].message else seen[0].error

    @property
    def promise(self) -> tuple[int, float, bool]:
        """How much speaks for it that this is what the function is meant to be."""
        gate = self.verdict.findings[0]
        signs = (gate.passed, gate.misconception, gate.message.startswith(NEARLY_RIGHT))
        likely = next((len(signs) - i for i, sign in enumerate(signs) if sign), 0)
        return likely, self.verdict.points, self.failure is None


def _judge_all(
    run: Running, aliases: Mapping[str, str], wanted: Sequence[str], own: Collection[str]
) -> tuple[list[Card], list[str]]:
    """Return the cards in the catalogue's order, and what was not judged and why."""
    order = list(EXERCISES)
    there = {name: [aliases[name]] if name in aliases else meant(name, wanted) for name in run.held}
    cards, passed_over = [], []
    for name in sorted(there, key=lambda name: order.index(there[name][0])):
        module = run.held[name][0].name.module
        if module not in own and name not in aliases:
            passed_over.append(f"{name} comes from {module}: it is not the notebook's own.")
            continue
        judged = _judge(run, name, there[name], name in aliases)
        if isinstance(judged, Card):
            cards.append(judged)
        elif judged is not None:
            passed_over.append(judged)
    for name, exercise in aliases.items():
        if name not in there:
            passed_over.append(
                f"{printable(name)}, for --as {exercise}: the notebook defines no such function."
            )
    return cards, passed_over


def _judge(run: Running, name: str, exercises: Sequence[str], said: bool) -> Card | str | None:
    """Return a card, or why there is none; None where there is nothing to say.

    Parameters
    ----------
    name : of the function
    exercises : what it may be
    said : whether the person said so
    """
    answers: list[Card | str | None] = []
    for version in run.find(name):
        judged = _judge_version(run, version, exercises, said)
        if isinstance(judged, Card) and answers:
            late = f"As it was after code cell {version.cell}: later it cannot be judged."
            return replace(judged, notes=(*judged.notes, late))
        if isinstance(judged, Card):
            return judged
        answers.append(judged)
    return answers[0] if answers else f"{name} was gone when it was to be judged."


def _judge_version(
    run: Running, version: Version, exercises: Sequence[str], said: bool
) -> Card | str | None:
    name, found = version.name, version.found
    of_kind = [EXERCISES[one] for one in exercises if EXERCISES[one].kind == found.kind]
    if not of_kind:
        kind = EXERCISES[exercises[0]].kind
        return f"{name.name} is a {found.kind}; asked for is a {kind}." if said else None
    tries, note = _tries(found, name, of_kind), ""
    if tries and tries[0].failure == NO_NUMPY and run.define("import numpy as np"):
        tries, note = _tries(found, name, of_kind), "np is not defined; NumPy was put there."
    arrays = None
    if tries and not _best(tries).promise[0] and found.session.lost is None:
        arrays = run.of_arrays(name.name)
    if arrays is not None:
        of_tensors = _tries(arrays, name, of_kind)
        if of_tensors and _best(of_tensors).promise[0]:
            tries, note = of_tensors, "Arrays were made tensors, and its tensors arrays."
    lost = next((one.session.lost for one in (found, arrays) if one and one.session.lost), None)
    if lost is not None:
        run.given_up(name.name, lost)
    signatures = ", or ".join(exercise.signature for exercise in of_kind)
    if not tries:
        return f"{name.name} takes {_number(name)}; asked for is {signatures}."
    best = _best(tries)
    if best.verdict.findings[0].message == NOT_WRITTEN:
        return f"{name.name} is not written yet."
    if best.failure is not None:
        return (
            f"{name.name} answers no call as {signatures} is called: "
            f"{tries[0].failure or best.failure}"
        )
    by_name = name.name in exercises
    if not best.promise[0] and not by_name and not said:
        names = " or ".join(exercise.name for exercise in of_kind)
        return (
            f"{name.name} may be {names} by its name, and is not by its answers, in "
            f"{len(tries)} ways of calling it. If it is meant to be: "
            f"--as {of_kind[0].name}={name.name}"
        )
    notes = (note,) if note else ()
    likely = best.promise[0] if by_name else best.verdict.passed
    guess = not said and not likely
    return Card(name.name, best.exercise, best.verdict, best.function.said, notes, guess)


def _best(tries: Sequence[_Try]) -> _Try:
    return max(tries, key=lambda one: one.promise)  # the first of equals


def _tries(found: RemoteObject, name: Name, exercises: Sequence[Exercise]) -> list[_Try]:
    """Judge a function as each of these exercises, in each way in which it can be called."""
    tries: list[_Try] = []
    for exercise in exercises:
        for one in _tries_as(found, name, exercise):
            tries.append(one)
            if one.verdict.passed or found.session.lost is not None:
                return tries
    return tries


def _tries_as(found: RemoteObject, name: Name, exercise: Exercise) -> Iterator[_Try]:
    parameters = inspect.signature(exercise.reference).parameters.values()
    needed = sum(parameter.default is parameter.empty for parameter in parameters)
    layout = LAYOUTS.get(exercise.name, Layout())
    for arrangement in arrangements(exercise.name, len(parameters)):
        if not _fits(name, arrangement, needed, len(parameters)):
            continue
        function = Rearranged(found, arrangement, not layout.several, layout.losses)
        yield _Try(exercise, judge(exercise, function, SEED), function)


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
) -> None:
    """Print the diagnosis of a notebook.

    Parameters
    ----------
    path : of the notebook
    named : ``"exercise=name"``, which function of the notebook is which exercise
    exercises : judge only these
    files : what the notebook opens and imports
    isolation : "bwrap" or "none"

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
                diagnosed_here,
                *(path, aliases, exercises, files, isolation),
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
) -> tuple[list[str], str | None]:
    """Return the diagnosis of a notebook in lines, and what to say where nothing was judged."""
    with Sandbox(isolation, DIAGNOSE_LIMITS) as sandbox:
        begun()
        found = diagnose(path, sandbox, aliases, exercises, files, lambda *number: tell(number))
    return list(found.lines()), None if found.cards else _nothing(path, found, exercises)


def _alias(text: str) -> tuple[str, str]:
    """Return the function's name and the exercise's.

    >>> _alias("cce=my_loss")
    ('my_loss', 'cce')
    """
    exercise, _, name = (part.strip() for part in text.partition("="))
    if not exercise or not name.isidentifier():
        raise DiagnoseError(
            f"--as wants an exercise and a name of the notebook, as in softmax=my_softmax, "
            f"not {printable(text)}"
        )
    return name, exercise


def _nothing(path: Path, found: Diagnosis, exercises: Sequence[str]) -> str:
    if found.passed_over:
        return f"nothing in {printable(path.name)} could be judged, for the reasons above"
    sought = listed(list(exercises or EXERCISES))
    defined = ", ".join(found.names[:MAX_NAMES]) or "no function"
    return (
        f"nothing to judge in {printable(path.name)}: looked for {sought}, and for names that "
        f"often stand for them; it defines {defined}"
        f"{' and more' if len(found.names) > MAX_NAMES else ''}.\n"
        f"Say which is which: autograder diagnose {printable(path.name)} --as softmax=its_name"
    )
