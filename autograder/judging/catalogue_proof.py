"""Whether a catalogue can be trusted: all that is asked of an exercise, tried.

The right answer earns all points, each wrong answer is caught and named as itself, no two
mistakes are alike, and points, names and words are what a student may rely on.  Any course
can call it.  Knows neither the sandbox nor the gradebook.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import json
import re
import textwrap
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, combinations, takewhile
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from autograder.base.limits import EXCHANGE
from autograder.base.words import counted, listed, points_text
from autograder.catalogue.catalogue import Catalogue
from autograder.catalogue.model import Arguments, Criterion, Exercise, Misconception, Specimen
from autograder.catalogue.values import Observation, Opaque, Rng, Step, entries, observe_here, plain
from autograder.checking.kit import Broken, Card, NotWritten, Properties
from autograder.judging.judge import NOT_COUNTED, full_marks, judge, questions

SEEDS = 3  # seeds at which each wrong function is tried
REFERENCE_SEEDS = 100
FACE_SEEDS = 20  # at one of them each further wrong function must get its mistake's name
ROOM = 8  # a lent function must be allowed to make this many times what its own fixtures make
DECIMALS = 6  # answers that agree to this many decimals are the same
FEWEST_CALLS, FEWEST_SHAPES = 2, 3
SHORTEST, LONGEST, LONGEST_REASON = 11, 249, 140  # characters of a sentence
SAME_WORDS = 0.75  # of the shorter sentence's words: two that share as many say the same
SHORTEST_FORMULA = 6  # characters; a shorter one gives no answer away
ASKED = (
    "Give examples as tuples of arguments, and for each () for one number, the shape of an array, "
    "Text(), Truth(), Whole(shape) or Several(parts)."
)
# Where a function among the arguments is asked for an answer, to tell it from another one.
PROBES = (0.5, *(np.linspace(-3, 9, n * k).reshape(n, k) for n, k in ((3, 4), (2, 3), (3, 3))))


@dataclass(frozen=True)
class Problem:
    """Something in a catalogue's entry that a grader cannot rely on.

    Parameters
    ----------
    assignment, exercise : whose entry it is
    about : the mistake or criterion, as ``"mistake 'sign'"``, or ""
    wrong : what is wrong, without a full stop
    advice : what to do, a sentence
    """

    assignment: str
    exercise: str
    about: str
    wrong: str
    advice: str

    def __str__(self) -> str:
        """Say it in one line."""
        where = f"{self.assignment} {self.exercise}" + (f", {self.about}" if self.about else "")
        return " ".join(f"{where}: {self.wrong}. {self.advice}".split())


# A problem without its assignment and exercise: (about, wrong, advice).
Found = tuple[str, str, str]


def problems_of(
    catalogue: Catalogue,
    assignment: str,
    exercise: Exercise,
    seeds: int = SEEDS,
    lessons: Path | None = None,
    reference_seeds: int = REFERENCE_SEEDS,
) -> list[Problem]:
    """Return what is wrong with an exercise of a catalogue; nothing if it can be trusted.

    Parameters
    ----------
    catalogue, assignment : where the exercise stands
    seeds : at how many seeds each wrong function is tried
    lessons : the folder of the lessons' notebooks; None if they are not to be looked at
    reference_seeds : at how many seeds the right answer is judged
    """
    every = chain.from_iterable(catalogue.assignments.values())
    earlier = {one.name: one for one in takewhile(lambda one: one is not exercise, every)}
    found = [*_names(exercise), *_needs(exercise, earlier)]
    if exercise.criteria:
        found += [*_points(exercise), *_words(exercise), *_lessons(exercise, lessons)]
        found += _signature(exercise)
        printed = io.StringIO()
        with warnings.catch_warnings(), contextlib.redirect_stdout(printed):
            warnings.simplefilter("ignore")  # of wrong functions, to be expected
            found += _tried(exercise, earlier, seeds, max(seeds, reference_seeds))
        for line in printed.getvalue().splitlines()[:1]:
            found.append(("", f"a function of it prints {line[:60]!r}", "Take the print away."))
    return [Problem(assignment, exercise.name, *one) for one in found]


def _tried(
    exercise: Exercise, earlier: Mapping[str, Exercise], seeds: int, reference_seeds: int
) -> Iterator[Found]:
    """Try fixtures, the reference, the mistakes; where one fails, the next would only follow."""
    criteria = {None, *(criterion.name for criterion in exercise.criteria)}
    mistakes = [one for one in exercise.misconceptions if one.wrong and one.shows_in in criteria]
    exercise = replace(exercise, misconceptions=tuple(mistakes))  # of the others it is said
    for kind in (
        lambda: _fixtures(exercise),
        lambda: _lent(exercise),
        lambda: _reference(exercise, reference_seeds),
        lambda: _mistakes(exercise, seeds),
        lambda: _properties(exercise, earlier),
    ):
        found = list(kind())
        yield from found
        if found:
            return


def _of(entry: Criterion | Misconception) -> str:
    return f"{'criterion' if isinstance(entry, Criterion) else 'mistake'} {entry.name!r}"


def _said(failure: BaseException) -> str:
    return " ".join(f"{type(failure).__name__}: {failure}".split())[:200]


# --- Names and points -------------------------------------------------------------------------


def _names(exercise: Exercise) -> Iterator[Found]:
    if not exercise.criteria:
        yield "", "it has no criterion", "Give it criteria; the first one is the gate."
    for kind, named in (("criteria", exercise.criteria), ("mistakes", exercise.misconceptions)):
        names = [one.name for one in named]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield "", f"two {kind} are called {name!r}", "Call one of them otherwise."
    criteria = [criterion.name for criterion in exercise.criteria]
    for mistake in exercise.misconceptions:
        if not mistake.wrong:
            yield _of(mistake), "it has no wrong function", "Write one that does as it says."
        if mistake.shows_in is not None and mistake.shows_in not in criteria:
            yield (
                _of(mistake),
                f"it shows in {mistake.shows_in!r}, which is no criterion",
                f"There are {listed(list(map(repr, criteria)))}.",
            )


def _needs(exercise: Exercise, earlier: Mapping[str, Exercise]) -> Iterator[Found]:
    """Tell which needs are no earlier functions, so that none can need itself, or not lent."""
    for need in dict.fromkeys(exercise.needs):
        if exercise.needs.count(need) > 1:
            yield "", f"it needs {need} twice", "Name it once."
        if need not in earlier:
            yield "", f"it needs {need}, which is no earlier exercise", "Name earlier ones only."
        elif earlier[need].kind != "function":
            yield "", f"it needs {need}, which is a class", "Only functions can be lent."
        elif earlier[need].made is None:
            yield (
                "",
                f"it needs {need}, which does not say how much its reference makes",
                f"Say with made=... in {need} how many entries it makes of its arguments.",
            )


def _lent(exercise: Exercise) -> Iterator[Found]:
    """Tell whether a function is refused, when it is lent, what its own fixtures ask of it."""
    made = exercise.made
    for seed in range(SEEDS if made else 0):
        for call in questions(exercise, seed):
            try:
                count = made(*call) if made else 0
            except Exception as failure:  # whatever is wrong with a course's own code
                yield "", f"how much it makes cannot be said: {_said(failure)}", "Correct it."
                return
            for number, most in (
                (count, EXCHANGE.lent_made),
                (sum(map(entries, call)), EXCHANGE.asked_items),
            ):
                if number * ROOM > most:
                    yield (
                        "",
                        f"when it is lent, its own fixtures ask it for {number} of {most} entries",
                        "Say better how much it makes, or draw smaller fixtures.",
                    )
                    return


def _points(exercise: Exercise) -> Iterator[Found]:
    gate, total = exercise.criteria[0], exercise.points
    for criterion in exercise.criteria:
        if not (criterion.points > 0 and (2 * criterion.points).is_integer()):
            yield _of(criterion), f"it earns {criterion.points:g}", "Give halves, more than 0."
    if gate.aspect != "values":
        yield _of(gate), f"the gate is of {gate.aspect}", "Let the first criterion be of values."
    if not total / 4 < gate.points < total:
        yield (
            _of(gate),
            f"the gate earns {points_text(gate.points)} of {points_text(total)}",
            "Give the first criterion more than a quarter of the points, and not all.",
        )
    purity = [criterion for criterion in exercise.criteria if criterion.aspect == "purity"]
    if not any(criterion.points <= total / 4 for criterion in purity):
        yield (
            _of(purity[0]) if purity else "",
            "it earns more than a quarter" if purity else "no criterion is of purity",
            "Let one criterion of purity earn a quarter of the points at most.",
        )


# --- The signature ----------------------------------------------------------------------------


def _signature(exercise: Exercise) -> Iterator[Found]:
    name = exercise.signature.partition("(")[0].strip()
    called = getattr(exercise.reference, "__name__", "")
    if not name == called == exercise.name:
        yield (
            "",
            f"its signature says {name}, its reference is called {called or 'nothing'}",
            "Call both as the exercise is called.",
        )
    for i, (name, wanted) in enumerate(_declared(exercise.signature)):
        function = getattr(exercise.reference, name, None) if i else exercise.reference
        if function is None:
            yield "", f"its signature has {name}, its reference has not", "Let them agree."
            continue
        taken = _parameters(function, without_self=i > 0)
        if _as_written(wanted) != _as_written(taken):
            yield (
                "",
                f"its signature has {name}({wanted}), its reference {name}({taken})",
                "Let them agree.",
            )


def _declared(signature: str) -> list[tuple[str, str]]:
    """Return the function or class of a signature, then each method, with the parameters.

    >>> _declared("Mean(axis=(0, 1)), total (D,), forward(X) -> (D,)")
    [('Mean', 'axis=(0, 1)'), ('forward', 'X')]
    """
    found: list[tuple[str, str]] = []
    for head in re.finditer(r"(\w+)\(", signature):
        end = _closing(signature, head.end())
        if not found or signature.startswith(" ->", end):
            found.append((head[1], signature[head.end() : end - 1]))
    return found


def _closing(text: str, start: int) -> int:
    """Return where the bracket ends that was opened just before `start`."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place + 1
    return len(text) + 1


def _parameters(function: Callable[..., Any], without_self: bool) -> str:
    try:
        listed_by_name = list(inspect.signature(function).parameters.values())
    except ValueError:  # of some functions that are compiled
        return "unknown"
    bare = [one.replace(annotation=one.empty) for one in listed_by_name[without_self:]]
    return str(inspect.Signature(bare))[1:-1]


def _as_written(parameters: str) -> str:
    """Return parameters in one way of writing: 1e-5 is 1e-05."""
    try:
        return ast.unparse(ast.parse(f"def f({parameters}): ..."))
    except SyntaxError:
        return parameters


# --- Words ------------------------------------------------------------------------------------


def _words(exercise: Exercise) -> Iterator[Found]:
    try:
        formulas = _formulas(exercise.reference)
    except (OSError, TypeError, SyntaxError):
        formulas = set()
        yield (
            "",
            "the source of its reference cannot be read, so no word can be held against it",
            "Write the reference with def or class in a module of the course.",
        )
    for criterion in exercise.criteria:
        # A claim may name what has to be used: which numbers rng is asked for.
        yield from _sentence(_of(criterion), "claim", criterion.claim, set())
    for mistake in exercise.misconceptions:
        said = {
            side: str(getattr(mistake, side))
            for side in ("did", "looks_right", "symptom", "experiment")
        }
        for side, text in said.items():
            yield from _sentence(_of(mistake), side, text, formulas)
        for one, other in combinations(said, 2):
            words = [set(re.findall(r"\w+", said[side].lower())) for side in (one, other)]
            fewest = min(map(len, words))
            if fewest and len(words[0] & words[1]) >= SAME_WORDS * fewest:
                yield (
                    _of(mistake),
                    f"{one} and {other} say nearly the same",
                    "Say what was done, why it looks right, how it shows, and how to see it.",
                )


def _sentence(about: str, side: str, text: str, formulas: set[str]) -> Iterator[Found]:
    longest = LONGEST_REASON if side == "looks_right" else LONGEST
    if not text.strip():
        yield about, f"{side} is empty", "Say it to the student in a plain sentence."
        return
    if not SHORTEST <= len(text) <= longest:
        yield (
            about,
            f"{side} has {len(text)} characters",
            f"Say it with {SHORTEST} to {longest}.",
        )
    if not text.isascii():
        odd = next(char for char in text if not char.isascii())
        yield about, f"{side} has the character {odd!r}", "Write it with ASCII alone."
    if text[-1] not in ".?" or (side == "looks_right" and text[-1] != "."):
        yield about, f"{side} is no sentence: it ends with {text[-1]!r}", "End it with a full stop."
    for formula in sorted(formulas):
        if formula in text.replace(" ", ""):
            yield (
                about,
                f"{side} has {formula} in it, which is a formula of the answer",
                "Say it without the answer.",
            )


def _formulas(reference: Callable[..., Any]) -> set[str]:
    """Return the formulas in the source of a function or class, without their spaces."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(reference)))
    kinds = (ast.BinOp, ast.Call, ast.Compare)
    written = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, kinds)]
    return {text.replace(" ", "") for text in written if len(text) >= SHORTEST_FORMULA}


def _lessons(exercise: Exercise, folder: Path | None) -> Iterator[Found]:
    """Tell where a student would be sent to a lesson that does not treat it."""
    if folder is None:
        return
    sent: list[tuple[str, Exercise | Misconception]] = [("", exercise)]
    sent += [(_of(mistake), mistake) for mistake in exercise.misconceptions]
    for about, entry in sent:
        if not entry.lesson:
            continue
        text = _lesson(folder / f"{entry.lesson}.ipynb")
        if text is None:
            yield (
                about,
                f"there is no lesson {entry.lesson} that can be read",
                f"Correct its name, or the notebook in {folder}.",
            )
        elif entry is not exercise and entry.lesson == exercise.lesson:
            yield about, f"its lesson {entry.lesson} is the exercise's own", "Leave it out."
        elif not entry.treated:
            yield (
                about,
                f"it does not say by which words the lesson {entry.lesson} treats it",
                "Give them as treated=...",
            )
        elif entry.treated not in text:
            yield (
                about,
                f"the lesson {entry.lesson} has not the words {entry.treated!r}",
                "Give words by which it treats this, or another lesson.",
            )


@lru_cache(maxsize=64)
def _lesson(path: Path) -> str | None:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return None
    return "\n".join("".join(cell["source"]) for cell in cells)


# --- Fixtures ---------------------------------------------------------------------------------


def _fixtures(exercise: Exercise) -> Iterator[Found]:
    try:
        one, again, other = (_drawn(exercise, seed) for seed in (0, 0, 1))
    except Exception as failure:  # whatever is wrong with a course's own code
        yield "", f"its fixtures cannot be drawn: {_said(failure)}", "Correct their maker."
        return
    for criterion, calls, same, others in zip(exercise.criteria, one, again, other, strict=True):
        about = _of(criterion)
        if not all(type(call) is tuple for call in calls):
            yield about, "a fixture is no tuple of arguments", "Write (X,) for one argument X."
            return
        for said in dict.fromkeys(filter(None, map(_no_plain, chain.from_iterable(calls)))):
            yield about, f"an argument is no plain value: {said}", "Give plain values; Rng(seed)."
            return
        if len(calls) < FEWEST_CALLS:
            yield (
                about,
                f"it has {counted(len(calls), 'fixture')}",
                f"Draw {FEWEST_CALLS} at least.",
            )
        if repr(_told(calls)) != repr(_told(same)):
            yield about, "one seed gives two fixtures", "Draw from the generator alone."
        elif calls and repr(_told(calls)) == repr(_told(others)) and _can_be_told(calls):
            yield about, "every seed gives the same fixtures", "Draw them from the generator."
    yield from _shapes(exercise)


def _drawn(exercise: Exercise, seed: int) -> list[list[Arguments]]:
    rng = np.random.default_rng(seed)
    return [list(criterion.fixtures(rng)) for criterion in exercise.criteria]


def _shapes(exercise: Exercise) -> Iterator[Found]:
    """Tell whether a function that is right for one shape only could pass the gate."""
    calls = [call for seed in range(3) for call in _drawn(exercise, seed)[0]]
    if any(map(callable, chain.from_iterable(calls))):
        return  # then the shapes are in what that function is called with
    shapes = {
        repr(
            [one.shape if isinstance(one, np.ndarray) else one for one in call if not _seeded(one)]
        )
        for call in calls
    }
    if len(shapes) < FEWEST_SHAPES:
        yield (
            _of(exercise.criteria[0]),
            f"its arguments have {counted(len(shapes), 'shape')} in all",
            f"Draw sizes too, so that there are {FEWEST_SHAPES} at least.",
        )


def _seeded(argument: Any) -> bool:
    return type(argument) is Rng


def _no_plain(argument: Any) -> str:
    """Say what an argument is that cannot pass as it is to where the function runs."""
    if callable(argument) or type(argument) in (Rng, Step):
        return ""
    return _opaque(plain(argument))


def _opaque(copy: Any) -> str:
    if type(copy) is Opaque:
        return copy.type_name
    inside = copy.values() if type(copy) is dict else copy
    return next(filter(None, map(_opaque, inside)), "") if type(copy) in (list, tuple, dict) else ""


def _told(value: Any) -> Any:
    """Return a value in a form whose text tells it from any other, but for the last digits.

    Of a function it is what this answers; of a specimen which property it has not, too.
    """
    if isinstance(value, (list, tuple)):
        return [_told(item) for item in value]
    if isinstance(value, dict):
        return {key: _told(item) for key, item in value.items()}
    if isinstance(value, (float, np.ndarray)):
        array = np.asarray(value)
        # + 0.0: the sign of zero never matters
        numbers = np.round(array, DECIMALS) + 0.0 if array.dtype.kind == "f" else array
        return array.shape, str(array.dtype), numbers.tobytes()
    if callable(value):
        answers = [observe_here(value, (probe,), watch_random=False) for probe in PROBES]
        breaks = value.breaks if type(value) is Specimen else ""
        return breaks, [(one.error, _told(one.value)) for one in answers]
    return value


def _can_be_told(calls: Sequence[Arguments]) -> bool:
    """Tell whether each function among the arguments answers anything that it is asked here."""
    functions = [one for call in calls for one in call if callable(one)]
    return all(any(error is None for error, _ in _told(one)[1]) for one in functions)


# --- Right and wrong answers ------------------------------------------------------------------


def _reference(exercise: Exercise, seeds: int) -> Iterator[Found]:
    for seed in range(SEEDS):
        for call in questions(exercise, seed):
            wrong = _no_reference(observe_here(exercise.reference, call), call)
            if wrong:
                yield "", f"the right answer {wrong}, at seed {seed}", "Correct the reference."
                return
    failed: dict[str, Found] = {}
    for seed in range(seeds):
        try:
            verdict = judge(exercise, exercise.reference, seed)
        except Exception as failure:  # whatever is wrong with a course's own code
            said = f"its fixtures cannot be drawn at seed {seed}: {_said(failure)}"
            yield "", said, "Correct their maker."
            return
        for finding in verdict.findings:
            counts = not finding.message.startswith(NOT_COUNTED)
            if not finding.passed and counts and finding.criterion not in failed:
                named = finding.misconception
                said = f" and is named {named!r}" if named else ""
                failed[finding.criterion] = (
                    f"criterion {finding.criterion!r}",
                    f"the right answer fails{said} at seed {seed}: {finding.message.rstrip('.')}",
                    "Correct the reference, or these fixtures; the mistakes were not tried.",
                )
    yield from failed.values()


def _no_reference(seen: Observation, call: Arguments) -> str:
    """Say what the judge, which compares with a reference, would ask of right answers too."""
    if seen.error is not None:
        return f"raises {seen.error}: {seen.message}".rstrip(": ")
    if _opaque(seen.value):
        return f"gives no plain value: {_opaque(seen.value)}"
    if seen.moved_global_random:
        return "moves NumPy's global random state"
    for number, (before, after) in enumerate(zip(call, seen.arguments, strict=True), 1):
        if isinstance(before, np.ndarray) and before.tobytes() != after.tobytes():
            return f"changes its argument number {number}"
    return ""


def _mistakes(exercise: Exercise, seeds: int) -> Iterator[Found]:
    alike: set[str] = set()
    mistakes = exercise.misconceptions
    for one, other in _alike(exercise, mistakes):
        alike |= {one.name, other.name}
        yield (
            _of(other),
            f"on all fixtures it answers as {one.name!r} does",
            "Add a fixture that tells them apart, or make them one mistake.",
        )
    uncaught = _uncaught(exercise, mistakes, seeds)
    for mistake in mistakes:
        for i in range(len(mistake.wrong)):
            if (mistake.name, i) in uncaught:
                yield (
                    _of(mistake),
                    f"{_face(mistake, i)} earns all points at seed {uncaught[mistake.name, i]}",
                    "Add a fixture on which it errs, at every seed.",
                )
            elif mistake.name not in alike:
                yield from (
                    _other_unnamed(exercise, mistake, i)
                    if i
                    else _first_unnamed(exercise, mistake, seeds)
                )


def _alike(
    exercise: Exercise, mistakes: Sequence[Misconception]
) -> Iterator[tuple[Misconception, Misconception]]:
    calls = questions(exercise, 5)
    answers = []
    for mistake in mistakes:
        seen = [observe_here(mistake.wrong[0], call) for call in calls]
        told = [(one.error, _told(one.value), _told(one.arguments)) for one in seen]
        answers.append((mistake, repr(told)))
    for (one, its), (other, others) in combinations(answers, 2):
        if its == others:
            yield one, other


def _uncaught(
    exercise: Exercise, mistakes: Sequence[Misconception], seeds: int
) -> dict[tuple[str, int], int]:
    """Return the wrong functions that earn all points, with the first seed at which they do."""
    faces = [(one.name, i, face) for one in mistakes for i, face in enumerate(one.wrong)]
    found: dict[tuple[str, int], int] = {}
    for seed in range(seeds):
        full = full_marks(exercise, [face for *_, face in faces], seed)
        for (name, i, _), passed in zip(faces, full, strict=True):
            if passed:
                found.setdefault((name, i), seed)
    return found


def _first_unnamed(exercise: Exercise, mistake: Misconception, seeds: int) -> Iterator[Found]:
    """Tell where the mistake alone is not named first, and in the criterion that shows it."""
    for seed in range(seeds):
        named = _named(exercise, mistake.wrong[0], seed)
        if next(iter(named.values()), None) != mistake.name:
            said = f"is named {next(iter(named.values()))!r}" if named else "is given no name"
            yield (
                _of(mistake),
                f"{_face(mistake, 0)} {said} at seed {seed}",
                "Let it do this mistake alone, and err on two calls of one criterion.",
            )
            return
        if mistake.shows_in and named.get(mistake.shows_in) != mistake.name:
            wrong = f"{_face(mistake, 0)} is not named in {mistake.shows_in!r} at seed {seed}"
            yield _of(mistake), wrong, "Correct shows_in, or leave it out."
            return


def _other_unnamed(exercise: Exercise, mistake: Misconception, i: int) -> Iterator[Found]:
    """Tell of a wrong function that makes another mistake too where this one has no name.

    At most seeds the other mistake may hide it.
    """
    others: set[str] = set()
    for seed in range(FACE_SEEDS):
        names = set(_named(exercise, mistake.wrong[i], seed).values())
        if mistake.name in names:
            return
        others |= names
    said = f"is named {listed(sorted(map(repr, others)))}" if others else "is given no name"
    yield (
        _of(mistake),
        f"{_face(mistake, i)} {said}, whichever of {FACE_SEEDS} seeds is taken",
        "Let it err as the first one does in one criterion, or make it a mistake of its own.",
    )


def _named(exercise: Exercise, function: Callable[..., Any], seed: int) -> dict[str, str]:
    """Return the mistakes that a judgement names, by criterion, in their order."""
    findings = judge(exercise, function, seed).findings
    return {one.criterion: one.misconception for one in findings if one.misconception}


def _face(mistake: Misconception, i: int) -> str:
    count = len(mistake.wrong)
    return "its wrong function" if count == 1 else f"wrong function {i + 1} of {count}"


# --- What students may run --------------------------------------------------------------------


def _properties(exercise: Exercise, earlier: Mapping[str, Exercise]) -> Iterator[Found]:
    """Tell where a right answer is refused by what students may run, or a wrong one is not."""
    if exercise.properties is None:
        return
    if exercise.properties.kind != exercise.kind:
        said = f"what students may run asks for a {exercise.properties.kind}"
        yield "", f"{said}, its reference is a {exercise.kind}", "Let them agree."
        return
    asked = _not_asked_for(exercise.properties)
    if asked:
        yield "", f"what students may run {asked}", ASKED
        return
    answers: list[tuple[str, str, Callable[..., Any]]] = [
        ("", "the right answer", exercise.reference)
    ]
    for one in exercise.misconceptions:
        answers += [(_of(one), _face(one, i), face) for i, face in enumerate(one.wrong)]
    # What an answer may ask of its notebook: the earlier functions, and there they are right.
    beside = {need: earlier[need].reference for need in exercise.needs if need in earlier}
    random_state = np.random.get_state()  # noqa: NPY002
    try:
        for about, which, function in answers:
            try:
                refused = _refused(exercise, _in_a_notebook(function, beside))
            except Exception as failure:  # whatever is wrong with a course's own code
                said = f"what students may run stumbles over {which}: {_said(failure)}"
                yield about, said, "Correct the properties."
                continue
            if not about and refused is not None:
                said = f"what students may run refuses the right answer: {refused.text}"
                yield about, said, "Correct the reference, or the properties."
            elif about and refused is None:
                said = f"what students may run finds nothing wrong with {which}"
                yield about, said, "Add a property that it has not."
            elif refused is not None and not (refused.hint and str(refused).isascii()):
                lacks = "no hint" if not refused.hint else "other words than ASCII"
                said = f"what students may run has {lacks} for {which}: {refused.text!a}"
                yield about, said, "Say the property and a hint in plain words."
    finally:
        np.random.set_state(random_state)  # noqa: NPY002


def _not_asked_for(properties: Properties) -> str:
    """Say what its examples ask for, if that is neither a shape nor of the kit."""
    try:
        examples = list(properties.examples())
        if properties.kind == "class":  # what a method gives may depend on the object
            asked = []
        else:
            asked = [properties.shape(*arguments) for arguments in examples]
    except Exception as failure:  # whatever is wrong with a course's own code
        return f"cannot make its examples: {_said(failure)}"
    if not examples:
        return "has no example"
    for one in asked:
        is_shape = isinstance(one, tuple) and all(isinstance(length, int) for length in one)
        if not is_shape and (isinstance(one, type) or not hasattr(one, "problem_of")):
            return f"asks for {one!r}"
    return ""


@dataclass(frozen=True)
class _Refusal:
    text: str
    hint: str


def _refused(exercise: Exercise, function: Callable[..., Any]) -> _Refusal | None:
    """Return which property a function has not, as `check` would say it."""
    properties, card = exercise.properties, Card(exercise.signature)
    assert properties is not None
    properties.sign(exercise.signature)
    student = properties.student(function, properties, card)
    try:
        student.takes_and_returns_what_is_asked()
        properties.ask(student)
    except NotWritten as missing:
        return _Refusal(str(missing), "")
    except Broken as broken:
        text = ": ".join(filter(None, (card.claims[-1], broken.message)))
        return _Refusal(text, card.hint or broken.hint)
    return None


def _in_a_notebook(
    function: Callable[..., Any], beside: Mapping[str, Callable[..., Any]]
) -> Callable[..., Any]:
    """Return the same function with others beside it, as in a notebook."""
    if not beside or type(function) is not FunctionType:
        return function
    names = {**beside, **function.__globals__}
    made = FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )
    made.__kwdefaults__ = function.__kwdefaults__
    return made
