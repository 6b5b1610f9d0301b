"""The judge: a function and an exercise in, a verdict out.

Pure and deterministic: equal seeds give equal verdicts.  It sees a function only
through what `autograder.catalogue.values` observes, so it does not know where the function runs.
"""

from __future__ import annotations

import builtins
import hashlib
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice, pairwise
from typing import Any

import numpy as np
from numpy.random import mtrand

from autograder.base.words import listed
from autograder.catalogue.model import (
    Arguments,
    Criterion,
    Exercise,
    Misconception,
    Specimen,
    added_up,
)
from autograder.catalogue.values import (
    Observation,
    Opaque,
    by_steps,
    is_remote,
    left_alone,
    observe_here,
)

FLOOR = 1e-2  # floor of the norm in relative comparisons, because the right answer may be 0
NEARLY = 1e-4  # a wrong answer this close is not shown: its digits would tell the right one
SAME = 1e-9  # two answers this close are the same mistake
SAME_OF_TOLERANCE = 1e-2  # with a coarse tolerance: the same mistake within this share of it
REPEATED = 1e-12  # the same call twice must give answers this close
MAX_MESSAGE = 600
MAX_SHOWN = 12  # entries of an array that are shown in full, and keys of a dictionary
MAX_SHOWN_TEXT = 40  # characters of one key
BEGINNING = 4
NOT_WRITTEN = "not written yet"
NOT_COUNTED = "not counted"
ASKED_AGAIN = "rng was asked more often, or less, than the answer takes."
NEARLY_RIGHT = "Nearly right, but not exact"
ONE_SEED = 0  # the seed for finding the criterion in which a wrong answer shows


@dataclass(frozen=True)
class Finding:
    """What one criterion found.

    Parameters
    ----------
    criterion : its name
    passed : whether it held, and counts
    points : earned
    message : what was seen and which property it breaks; plain text, never an answer
    misconception : name of the catalogued mistake that this is, or None
    carried : it holds only with earlier exercises answered rightly for the student
    """

    criterion: str
    passed: bool
    points: float
    message: str
    misconception: str | None = None
    carried: bool = False


@dataclass(frozen=True)
class Verdict:
    """What a function earns in an exercise, and why.

    Parameters
    ----------
    points : earned, of `max_points`, with what was carried forward
    carried_points : the part of them that was earned only with the exercises `given`
        answered rightly for the student
    given : those exercises, earlier ones; empty where nothing was carried forward
    """

    exercise: str
    points: float
    max_points: float
    findings: tuple[Finding, ...]
    misconception: str | None = None
    carried_points: float = 0.0
    given: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all points were earned, and nothing fails that is worth none."""
        return self.points >= self.max_points and all(one.passed for one in self.findings)

    @property
    def data(self) -> dict[str, Any]:
        """It as plain data, its fields by name."""
        return {**vars(self), "findings": [dict(vars(one)) for one in self.findings]}


@dataclass(frozen=True)
class _Trial:
    """One criterion's calls and, from the reference, what should be seen."""

    criterion: Criterion
    calls: tuple[Arguments, ...]
    expected: tuple[Observation, ...]


def judge(exercise: Exercise, function: Any, seed: int = 0) -> Verdict:
    """Judge a function by the criteria of an exercise.

    Parameters
    ----------
    exercise : from the catalogue
    function : anything: a callable of this process, a class too, or a `RemoteFunction`
    seed : non-negative, up to 2**128; the fixtures follow from it and the exercise's name

    Returns
    -------
    Verdict; nothing that the function does or returns raises
    """
    trials, order = _draw(exercise, seed)
    seen = _observe(function, trials, order, seed)
    problems = _problems(exercise, trials, seen)
    names = _names(exercise, trials, seen, problems)
    findings = [
        _finding(exercise, trial.criterion, problem, problems[0], name)
        for trial, problem, name in zip(trials, problems, names, strict=True)
    ]
    return _verdict(exercise, findings)


def full_marks(exercise: Exercise, functions: Iterable[Any], seed: int = 0) -> Iterator[bool]:
    """Tell of each function whether it earns all points, and of none why.

    As `judge` says, but the fixtures are drawn once, and the first wrong answer is the last call.

    Parameters
    ----------
    functions : callables of this process, taken one by one
    """
    trials, order = _draw(exercise, seed)
    for function in functions:
        with _own_random_state(seed), _undisturbed():
            full = callable(function) and _faultless(exercise, function, trials, order)
        yield full


def questions(exercise: Exercise, seed: int = 0) -> list[Arguments]:
    """Return the calls that a judgement with this seed makes, in their order."""
    trials, order = _draw(exercise, seed)
    return [trials[t].calls[c] for t, c in order]


def _faultless(
    exercise: Exercise, function: Any, trials: Sequence[_Trial], order: Sequence[tuple[int, int]]
) -> bool:
    seen = [[Observation()] * len(trial.calls) for trial in trials]
    for t, c in order:
        trial = trials[t]
        seen[t][c] = _observe_one_here(function, trial, trial.calls[c])
        question = (seen[t][c], trial.expected[c], trial.calls[c])
        if _call_problem(exercise, trial, *question) is not None:
            return False
    return _problems(exercise, trials, seen) == [None] * len(trials)


def _verdict(exercise: Exercise, findings: Sequence[Finding], given: Sequence[str] = ()) -> Verdict:
    """Sum findings up; `given` counts where one of them was carried forward."""
    carried = [finding.points for finding in findings if finding.carried]
    named = [finding.misconception for finding in findings if finding.misconception]
    return Verdict(
        exercise=exercise.name,
        points=added_up(finding.points for finding in findings),
        max_points=exercise.points,
        findings=tuple(findings),
        misconception=named[0] if named else None,
        carried_points=added_up(carried),
        given=tuple(given) if carried else (),
    )


def _finding(
    exercise: Exercise,
    criterion: Criterion,
    problem: str | None,
    gate_problem: str | None,
    misconception: str | None,
) -> Finding:
    gate = exercise.criteria[0]
    if gate_problem is not None and criterion is not gate:
        return _not_counted(criterion, gate, misconception)
    if problem is None:
        return Finding(criterion.name, True, float(criterion.points), criterion.claim)
    message = problem if problem == NOT_WRITTEN else _bounded(f"{problem} {criterion.claim}")
    return Finding(criterion.name, False, 0.0, message, misconception)


def _not_counted(
    criterion: Criterion, gate: Criterion, misconception: str | None = None
) -> Finding:
    message = f"{NOT_COUNTED}: {gate.name} must hold first"
    return Finding(criterion.name, False, 0.0, message, misconception)


def unjudged(exercise: Exercise, reason: str) -> Verdict:
    """Return the verdict on what could not be called: no points, and the reason at the gate."""
    gate, *others = exercise.criteria
    findings = [Finding(gate.name, False, 0.0, reason)]
    findings += [_not_counted(criterion, gate) for criterion in others]
    return _verdict(exercise, findings)


def carry_forward(
    exercise: Exercise, alone: Verdict, helped: Verdict, given: Sequence[str], share: float
) -> Verdict:
    """Return the verdict on a function whose earlier exercises were answered for it.

    What held alone stands.  What holds only so earns its share, and the mistakes
    that are named are those which are left.

    Parameters
    ----------
    alone, helped : the verdicts without and with those exercises answered rightly
    given : those exercises
    share : of the points of what holds only so, from 0 to 1
    """
    if not given or (alone.findings[0].passed and not helped.findings[0].passed):
        return alone
    points = {criterion.name: criterion.points for criterion in exercise.criteria}
    findings = []
    for one, other in zip(alone.findings, helped.findings, strict=True):
        if one.passed:
            other = one
        elif other.passed:
            message = f"right, given a correct {listed(given)}. {other.message}"
            earned = float(share * points[one.criterion])
            other = Finding(one.criterion, True, earned, message, carried=True)
        findings.append(other)
    return _verdict(exercise, findings, given)


def answered_for(verdict: Verdict, names: Sequence[str]) -> Verdict:
    """Return a verdict that says which exercises were answered that the notebook does not have."""
    if not names:
        return verdict
    gate, *others = verdict.findings
    are = "are" if len(names) > 1 else "is"
    said = f"{listed(names)} {are} no part of this notebook: answered rightly for you."
    return replace(
        verdict, findings=(replace(gate, message=_bounded(f"{said} {gate.message}")), *others)
    )


# --- The calls, and what is seen --------------------------------------------------------------


def _draw(exercise: Exercise, seed: int) -> tuple[list[_Trial], list[tuple[int, int]]]:
    """Draw the fixtures, their right answers, and the order in which to call."""
    name = int.from_bytes(hashlib.sha256(exercise.name.encode()).digest()[:8], "big")
    rng = np.random.default_rng([seed, name])
    trials = []
    for criterion in exercise.criteria:
        calls = tuple(criterion.fixtures(rng))
        expected = tuple(
            observe_here(exercise.reference, call, watch_random=False) for call in calls
        )
        repeats = 2 if criterion.aspect == "purity" else 1
        trials.append(_Trial(criterion, calls * repeats, expected * repeats))
    return trials, _shuffled(trials, rng)


def _shuffled(trials: Sequence[_Trial], rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return (trial, call) pairs of all calls, shuffled.

    The gate has the first and the last word, so a function that is right only at
    first, or only later, fails it; and a purity call never follows its own twin.
    """
    pairs = [(t, c) for t, trial in enumerate(trials) for c in range(len(trial.calls))]
    for _ in range(100):
        order = [pairs[i] for i in rng.permutation(len(pairs))]
        gate = [place for place, (t, _) in enumerate(order) if t == 0]
        for place, end in ((gate[0], 0), (gate[-1], -1)):
            order[place], order[end] = order[end], order[place]
        if not any(_twins(trials, *two) for two in pairwise(order)):
            break
    return order


def _twins(trials: Sequence[_Trial], one: tuple[int, int], other: tuple[int, int]) -> bool:
    calls = trials[one[0]].calls
    return one[0] == other[0] and calls[one[1]] is calls[other[1]]


def _observe(
    function: Any, trials: Sequence[_Trial], order: Sequence[tuple[int, int]], seed: int
) -> list[list[Observation]]:
    """Make all calls at once, in this order; return what was seen by trial and call."""
    if is_remote(function):
        # Watched in all calls or in none, so that a function cannot tell which calls are watched.
        watch = any(trial.criterion.aspect == "global random state" for trial in trials)
        observations = list(function.observe([trials[t].calls[c] for t, c in order], watch))
    elif not callable(function):
        observations = [Observation(error="not callable")] * len(order)
    else:
        with _own_random_state(seed), _undisturbed():
            observations = _observe_all_here(function, trials, order)
    missing = [Observation(error="no answer")] * (len(order) - len(observations))
    seen = [[Observation()] * len(trial.calls) for trial in trials]
    for (t, c), observation in zip(order, [*observations, *missing], strict=False):
        seen[t][c] = observation
    return seen


def _observe_all_here(
    function: Callable[..., Any], trials: Sequence[_Trial], order: Sequence[tuple[int, int]]
) -> list[Observation]:
    try:
        return [_observe_one_here(function, trials[t], trials[t].calls[c]) for t, c in order]
    except BaseException:  # the function broke something that observing needs
        return []


def _observe_one_here(
    function: Callable[..., Any], trial: _Trial, arguments: Arguments
) -> Observation:
    watch = trial.criterion.aspect == "global random state"
    return observe_here(function, arguments, watch_random=watch)


@contextmanager
def _own_random_state(seed: int) -> Iterator[None]:
    """Lend NumPy's global random state a generator of its own, then put the old one back.

    So a function that uses it is judged alike each time, and disturbs nothing.
    """
    generator = mtrand.get_bit_generator()
    mtrand.set_bit_generator(np.random.MT19937(seed))
    try:
        yield
    finally:
        mtrand.set_bit_generator(generator)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Undo what a function of this process does to names of Python's and NumPy's own.

    Not a defence, which only the sandbox is: it keeps the judgement, and the
    next one, honest after a careless function.
    """
    modules = [builtins, np, np.linalg, np.random, np.testing]
    undo = [(vars(module).update, dict(vars(module))) for module in modules]
    limit = sys.getrecursionlimit()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for put_back, content in undo:  # without any name that the function may have replaced
            put_back(content)
        sys.setrecursionlimit(limit)


# --- What is wrong with what was seen ---------------------------------------------------------


def _problems(
    exercise: Exercise, trials: Sequence[_Trial], seen: Sequence[Sequence[Observation]]
) -> list[str | None]:
    """Return what breaks each criterion, or None."""
    problems = [_problem(exercise, *pair) for pair in zip(trials, seen, strict=True)]
    wrong_values = any(
        problem is not None and trial.criterion.aspect == "values"
        for trial, problem in zip(trials, problems, strict=True)
    )
    for i, trial in enumerate(trials):
        if problems[i] is not None or trial.criterion.aspect == "values":
            continue
        if trial.criterion.aspect == "purity":
            problems[i] = _changed_anywhere(trials, seen)
        if problems[i] is None and not wrong_values:
            problems[i] = _wrong_here_alone(exercise, trial, seen[i])
    return problems


def _changed_anywhere(
    trials: Sequence[_Trial], seen: Sequence[Sequence[Observation]]
) -> str | None:
    """Return which argument any call changed: some are changed only if large, or holding 0."""
    for trial, observed in zip(trials, seen, strict=True):
        for arguments, *pair in zip(trial.calls, observed, trial.expected, strict=True):
            problem = None if pair[0].error else _changed(pair[0], pair[1], arguments)
            if problem is not None:
                return problem
    return None


def _wrong_here_alone(
    exercise: Exercise, trial: _Trial, observed: Sequence[Observation]
) -> str | None:
    """Return a problem if a value is wrong though in all other criteria all values are right.

    Then it depends on the calls before, or on what only these fixtures have.
    """
    for observation, expected in zip(observed, trial.expected, strict=True):
        problem = _value_problem(observation.value, expected.value, exercise.tolerance)
        if problem is not None:
            return f"{problem} Other calls were answered right: is something kept between calls?"
    return None


def _problem(exercise: Exercise, trial: _Trial, observed: Sequence[Observation]) -> str | None:
    """Return what breaks the criterion, from the first call that does, or None."""
    for i, (observation, expected) in enumerate(zip(observed, trial.expected, strict=True)):
        problem = _call_problem(exercise, trial, observation, expected, trial.calls[i])
        if problem is not None:
            return _slipped(trial, observed) or problem
    if trial.criterion.aspect == "purity":
        half = len(observed) // 2
        for one, other in zip(observed[:half], observed[half:], strict=True):
            if not _same_value(one.value, other.value, REPEATED):
                return "The same call gave two different answers."
    return None


def _slipped(trial: _Trial, observed: Sequence[Observation]) -> str | None:
    """Say how many specimens a student's test judged wrongly, and what would have told one.

    Never which: what the card says must not tell how a specimen is made.
    """
    answers = [
        (specimen.breaks, _scalar(observation.value) is True)
        for arguments, observation in zip(trial.calls, observed, strict=True)
        for specimen in arguments
        if type(specimen) is Specimen and type(_scalar(observation.value)) is bool
    ]
    right = [accepted for breaks, accepted in answers if not breaks]
    slipped = [breaks for breaks, accepted in answers if breaks and accepted]
    said = []
    if not all(right):
        said.append(f"{right.count(False)} of {len(right)} right ones were refused.")
    if slipped:
        wrong = len(answers) - len(right)
        said.append(f"{len(slipped)} of {wrong} wrong ones slipped through.")
        said.append(f"What would have caught one: {slipped[0]}")
    return " ".join(said) or None


def _call_problem(
    exercise: Exercise,
    trial: _Trial,
    observation: Observation,
    expected: Observation,
    arguments: Arguments,
) -> str | None:
    if observation.error is not None:
        return _error_problem(exercise, observation)
    if trial.criterion.aspect == "global random state":
        if observation.moved_global_random:
            return "NumPy's global random state was moved by the call."
        return None if _drawn(observation) == _drawn(expected) else ASKED_AGAIN
    if trial.criterion.aspect == "purity":
        return _changed(observation, expected, arguments)
    names = [name for name, _ in by_steps(arguments)[1:]]
    if names and type(observation.value) is list:  # one value for each step
        items = zip(names, observation.value, expected.value, strict=False)
        for number, (name, value, right) in enumerate(items, start=1):
            problem = _value_problem(value, right, exercise.tolerance)
            if problem is not None:
                return f"Step {number}, {name}: {problem}"
    return _value_problem(observation.value, expected.value, exercise.tolerance)


def _changed(observation: Observation, expected: Observation, arguments: Arguments) -> str | None:
    after = (*observation.arguments, *(None for _ in expected.arguments))
    places = [  # a step itself is at -1
        (name, i)
        for name, given in by_steps(arguments)
        for i in range(-1 if name else 0, len(given))
    ]
    for (name, i), before, now in zip(places, expected.arguments, after, strict=False):
        if type(before) is np.ndarray and not left_alone(before, now):
            return f"The call changed {_possessive(name)} {_ordinal(i)} argument."
    return None


def _drawn(observation: Observation) -> list[int]:
    """Return what each generator among the arguments draws after the call."""
    return [left for left in observation.arguments if type(left) is int]


def _possessive(name: str) -> str:
    return f"{name}'s" if name else "its"


def _error_problem(exercise: Exercise, observation: Observation) -> str:
    error, text = _safe(observation.error or "", 80), _safe(observation.message, 160)
    if error == "not callable":
        return f"{exercise.name} is not a {exercise.kind}."
    if error == "no answer":
        return "The call gave no answer."
    if error == "SessionLost":  # the sandbox's own words
        return f"The call gave no answer: {text}."
    if error == "NotImplementedError":
        return NOT_WRITTEN
    if error == "TypeError" and re.fullmatch(r"'[\w.]+' object is not callable", text):
        return f"{exercise.name}, or something that it calls, is not a function: {text}."
    raised = f"{error}: {text}" if text else error
    if error == "TypeError" and re.search(r"positional argument|keyword argument", text):
        return f"The arguments are those of {exercise.signature}. The call raised {raised}."
    return f"The call raised {raised}."


def _value_problem(value: Any, right: Any, tolerance: float) -> str | None:
    """Compare a returned value with the right one: kind, shape, dtype, finite, values."""
    if value is None and right is not None:
        return "None was returned: is a return missing?"
    value, right = _scalar(value), _scalar(right)
    if type(right) is tuple and type(value) is list:  # it unpacks alike, and Keras gives lists
        value = tuple(value)
    if type(right) is np.ndarray:
        return _array_problem(value, right, tolerance)
    if type(right) is float:
        return _float_problem(value, right, tolerance)
    if type(value) is not type(right):
        return f"{_described(value)} was returned, {_kind(right)} is asked for."
    if type(right) in (list, tuple):
        if len(value) != len(right):
            return f"{_described(value)} was returned, of {len(value)} items."
        items = (_value_problem(*pair, tolerance) for pair in zip(value, right, strict=True))
        return next((problem for problem in items if problem is not None), None)
    if type(right) is dict:
        if value.keys() != right.keys():
            return f"The keys are {_keys(value)}, asked for are {_keys(right)}."
        named = ((key, _value_problem(value[key], right[key], tolerance)) for key in right)
        return next((f"{key}: {problem}" for key, problem in named if problem is not None), None)
    return None if value == right else f"The value is wrong.{_yours(value)}"


def _array_problem(value: Any, right: np.ndarray, tolerance: float) -> str | None:
    if type(value) is Opaque and value.type_name.startswith("array of shape"):
        return (
            f"{_described(value)} was returned, {right.dtype} of shape {right.shape} is asked for."
        )
    if type(value) is not np.ndarray:
        hint = ": np.array(...)" if type(value) in (list, tuple) else ""
        return f"{_described(value)} was returned, an array is asked for{hint}."
    if value.shape != right.shape:
        return (
            f"An array of shape {value.shape} was returned, shape {right.shape} is asked for."
            f"{_yours(value)}"
        )
    if value.dtype != right.dtype and not _whole(value, right):
        return f"An array of {value.dtype} was returned, {right.dtype} is asked for."
    if _same_bits(value, right):
        return None
    finite = np.isfinite(value)
    if not np.all(finite | ~np.isfinite(right)):
        found = "nan" if np.any(np.isnan(value)) else "inf"
        return f"The answer holds {found} where it should be finite.{_yours(value)}"
    if _close(value, right, tolerance):
        return None
    return _nearly(value, right) or f"The values are wrong.{_yours(value)}"


def _whole(*arrays: np.ndarray) -> bool:
    """Tell whether all hold integers; how many bits these have differs between systems."""
    return all(array.dtype.kind in "iu" for array in arrays)


def _float_problem(value: Any, right: float, tolerance: float) -> str | None:
    if type(value) is not float:
        return f"{_described(value)} was returned, one float64 number is asked for.{_yours(value)}"
    if np.isfinite(right) and not np.isfinite(value):
        return f"The answer is {_number(value)} where it should be finite."
    one, other = np.array(value), np.array(right)
    if _close(one, other, tolerance):
        return None
    return _nearly(one, other) or f"The value is wrong.{_yours(value)}"


def _nearly(value: np.ndarray, right: np.ndarray) -> str | None:
    """Say that a wrong answer is nearly right, without showing it: that would show the right."""
    with np.errstate(all="ignore"):
        size = np.max(np.abs(right), initial=0.0, where=np.isfinite(right))
    # The floor is meant for answers that should be 0. For tiny numbers even minus the answer lies
    # below it, so the bound shrinks with them.
    if not _close(value, right, NEARLY if size == 0 else NEARLY * min(size, FLOOR) / FLOOR):
        return None
    return f"{NEARLY_RIGHT}: is a small number added, or something clipped or rounded?"


# --- Comparison -------------------------------------------------------------------------------


def _close(one: np.ndarray, other: np.ndarray, tolerance: float) -> bool:
    """Compare in the maximum norm, relative to `other` with a floor; nan equals nan."""
    if _same_bits(one, other):
        return True
    with np.errstate(all="ignore"):
        one, other = one.astype(np.float64), other.astype(np.float64)
        finite = np.isfinite(one) & np.isfinite(other)
        if not finite.all():
            if not np.array_equal(one[~finite], other[~finite], equal_nan=True):
                return False
            one, other = one[finite], other[finite]
        if one.size == 0:
            return True
        error = np.max(np.abs(one - other))
        return bool(error <= tolerance * max(np.max(np.abs(other)), FLOOR))


def _same_bits(one: np.ndarray, other: np.ndarray) -> bool:
    """Tell at once of most right answers that they are the same."""
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()


def _same_value(one: Any, other: Any, tolerance: float) -> bool:
    """Tell whether two plain values are the same in kind, shape, dtype and value."""
    one, other = _scalar(one), _scalar(other)
    if type(one) is not type(other):
        return False
    if type(one) is np.ndarray:
        alike = one.shape == other.shape and one.dtype == other.dtype
        return alike and _close(one, other, tolerance)
    if type(one) is float:
        return _close(np.array(one), np.array(other), tolerance)
    if type(one) in (list, tuple):
        return len(one) == len(other) and all(
            _same_value(*pair, tolerance) for pair in zip(one, other, strict=True)
        )
    if type(one) is dict:
        return one.keys() == other.keys() and all(
            _same_value(one[key], other[key], tolerance) for key in one
        )
    return bool(one == other)


def _scalar(value: Any) -> Any:
    """Return a 0-d array of float64 or bool, as NumPy gives scalars, as what it stands for."""
    if type(value) is np.ndarray and value.shape == () and value.dtype in (np.float64, np.bool_):
        return value.item()
    return value


# --- Misconceptions ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Candidate:
    """A wrong answer that does in its own criterion what was seen there.

    Parameters
    ----------
    misconception, wrong : the mistake, and the face of it
    home : the criterion in which it is named, by number
    agrees : for each criterion, whether it does what was seen
    agrees_if_finite : the same, where what was seen holds neither nan nor inf
    """

    misconception: Misconception
    wrong: Callable[..., Any]
    home: int
    agrees: tuple[bool, ...]
    agrees_if_finite: tuple[bool, ...]


def _names(
    exercise: Exercise,
    trials: Sequence[_Trial],
    seen: Sequence[Sequence[Observation]],
    problems: Sequence[str | None],
) -> list[str | None]:
    """Return for each criterion the name of the catalogued mistake that explains it, or None.

    The mistake that agrees with the most criteria is named first, and then what it implies is
    never named too.  A further one is named only for what is left.
    """
    names: list[str | None] = [None] * len(trials)
    if not any(problems):
        return names
    failed = [
        problem is not None and sum(observation.error is None for observation in observed) >= 2
        for problem, observed in zip(problems, seen, strict=True)
    ]
    with _own_random_state(ONE_SEED):
        candidates = list(_candidates(exercise, trials, seen, failed))
        # The sort is stable: of mistakes that agree equally, the catalogue's first comes first.
        candidates.sort(key=lambda candidate: sum(candidate.agrees), reverse=True)
        explained: set[int] = set()
        for candidate in candidates:
            home = candidate.home
            if home in explained or not _holds(candidate, trials, explained):
                continue
            names[home] = candidate.misconception.name
            explained |= {home, *_implied(exercise, candidate, trials, seen)}
    return names


def _candidates(
    exercise: Exercise,
    trials: Sequence[_Trial],
    seen: Sequence[Sequence[Observation]],
    failed: Sequence[bool],
) -> Iterator[_Candidate]:
    criteria = [trial.criterion.name for trial in trials]
    for misconception in exercise.misconceptions:
        for wrong in misconception.wrong:
            name = _home(exercise, misconception, wrong)
            home = criteria.index(name) if name is not None else 0
            if name is None or not failed[home]:
                continue
            if not _explains(exercise, wrong, trials[home], seen[home]):
                continue
            yield _candidate(exercise, misconception, wrong, home, trials, seen)


def _candidate(
    exercise: Exercise,
    misconception: Misconception,
    wrong: Callable[..., Any],
    home: int,
    trials: Sequence[_Trial],
    seen: Sequence[Sequence[Observation]],
) -> _Candidate:
    parts = [
        (trial, observed, _answers(wrong, trial))
        for trial, observed in zip(trials, seen, strict=True)
    ]
    agrees = tuple(_agree(exercise, *part) for part in parts)
    agrees_if_finite = tuple(
        agree or _agree(exercise, *part, if_finite=True)
        for agree, part in zip(agrees, parts, strict=True)
    )
    return _Candidate(misconception, wrong, home, agrees, agrees_if_finite)


def _holds(candidate: _Candidate, trials: Sequence[_Trial], explained: set[int]) -> bool:
    """Tell whether a mistake does what was seen in every criterion, right or wrong.

    But not where another mistake was named already.  And nan or inf may come from another
    mistake, except in its own criterion and at the gate.  A mistake that is no wrong value, as
    a changed argument, is seen in its own criterion alone.
    """
    if trials[candidate.home].criterion.aspect != "values":
        return True
    return all(
        candidate.agrees[t] or (t not in (0, candidate.home) and candidate.agrees_if_finite[t])
        for t, trial in enumerate(trials)
        if trial.criterion.aspect == "values" and t not in explained
    )


def _implied(
    exercise: Exercise,
    candidate: _Candidate,
    trials: Sequence[_Trial],
    seen: Sequence[Sequence[Observation]],
) -> list[int]:
    """Return the criteria in which the mistake alone, its first face, does what was seen.

    Of a test that students write: in which it lets anything through, as that has many faces.
    """
    pure, implied = candidate.misconception.wrong[0], []
    for t, (trial, observed) in enumerate(zip(trials, seen, strict=True)):
        if (
            candidate.agrees[t]
            and trial.criterion.aspect == trials[candidate.home].criterion.aspect
        ):
            answers = _answers(pure, trial)
            of_a_test = any(type(argument) is Specimen for argument in trial.calls[0])
            if _agree(exercise, trial, observed, answers) or (
                of_a_test and _problem(exercise, trial, answers) is not None
            ):
                implied.append(t)
    return implied


@cache
def _home(
    exercise: Exercise, misconception: Misconception, wrong: Callable[..., Any]
) -> str | None:
    """Return the criterion in which to look for a wrong answer: the first that it fails."""
    if misconception.shows_in is not None:
        return misconception.shows_in
    for trial in _of_one_seed(exercise):
        if _problem(exercise, trial, _answers(wrong, trial)) is not None:
            return trial.criterion.name
    return None


@cache
def _of_one_seed(exercise: Exercise) -> list[_Trial]:
    return _draw(exercise, ONE_SEED)[0]


def _answers(wrong: Callable[..., Any], trial: _Trial) -> list[Observation]:
    return [_observe_one_here(wrong, trial, arguments) for arguments in trial.calls]


def _explains(
    exercise: Exercise,
    wrong: Callable[..., Any],
    trial: _Trial,
    observed: Sequence[Observation],
) -> bool:
    """Tell whether a wrong answer does the same where both answer, and errs there twice."""
    fixtures = len({id(arguments) for arguments in trial.calls})
    erring = 0
    for i, (arguments, mine) in enumerate(zip(trial.calls, observed, strict=True)):
        theirs = _observe_one_here(wrong, trial, arguments)
        if not _alike(exercise, trial.criterion, mine, theirs):
            return False
        erring += (
            i < fixtures
            and mine.error is None
            and _call_problem(exercise, trial, theirs, trial.expected[i], arguments) is not None
        )
    return erring >= 2


def _agree(
    exercise: Exercise,
    trial: _Trial,
    observed: Sequence[Observation],
    answers: Sequence[Observation],
    if_finite: bool = False,
) -> bool:
    """Tell whether a wrong answer does in a trial what was seen.

    A call that raised, and should not have, is another mistake: no evidence against this one.
    With `if_finite`, so is an answer that holds nan or inf.
    """
    return all(
        _alike(exercise, trial.criterion, mine, theirs) or (if_finite and not _finite(mine.value))
        for mine, theirs in zip(observed, answers, strict=True)
    )


def _finite(value: Any) -> bool:
    """Tell whether a value holds neither nan nor inf."""
    if type(value) in (list, tuple):
        return all(_finite(item) for item in value)
    if type(value) is dict:
        return all(_finite(item) for item in value.values())
    if type(value) is np.ndarray or type(value) is float:
        return bool(np.all(np.isfinite(value)))
    return True


def _alike(
    exercise: Exercise, criterion: Criterion, mine: Observation, theirs: Observation
) -> bool:
    tolerance = min(max(SAME, SAME_OF_TOLERANCE * exercise.tolerance), exercise.tolerance)
    if mine.error is not None or theirs.error is not None:
        return mine.error is not None
    if criterion.aspect == "global random state":
        if mine.moved_global_random or theirs.moved_global_random:
            return mine.moved_global_random == theirs.moved_global_random
        return _drawn(mine) == _drawn(theirs)
    if criterion.aspect == "purity":
        return _same_value(mine.arguments, theirs.arguments, tolerance)
    return _same_value(mine.value, theirs.value, tolerance)


# --- Words ------------------------------------------------------------------------------------


def _kind(value: Any) -> str:
    names = {bool: "True or False", int: "an int", float: "a float", str: "a text"}
    names |= {list: "a list", tuple: "a tuple", dict: "a dictionary", type(None): "None"}
    return names.get(type(value), "an array")


def _described(value: Any) -> str:
    if type(value) is Opaque:
        name = _safe(value.type_name, 80)
        if " " not in name:
            return f"An object that is no plain value ({name})"
        # Of a plain kind, and too large or too deep, or of others' parts: the name says so.
        return f"{'An' if name[0] in 'aeiou' else 'A'} {name}{',' * (',' in name)}"
    if type(value) is np.ndarray:
        if value.shape == ():
            return f"One number of {value.dtype}"
        return f"An array of shape {value.shape}, {value.dtype},"
    text = _kind(value)
    return text[0].upper() + text[1:]


def _yours(value: Any) -> str:
    """Show what was returned; of a large array, how it begins."""
    if type(value) is np.ndarray and value.size == 0:
        return " Yours holds nothing."
    if type(value) is np.ndarray and value.size > MAX_SHOWN:
        beginning = ", ".join(_show(entry) for entry in value.flat[:BEGINNING])
        return f" Yours, of shape {value.shape}, begins {beginning}."
    shown = type(value) in (np.ndarray, float, int, bool)
    return f" Yours: {_show(value)}." if shown else ""


def _show(value: Any) -> str:
    """Format a number or a small array; NumPy's print options play no part."""
    if type(value) is np.ndarray and value.shape != ():
        return "[" + ", ".join(_show(part) for part in value) + "]"
    if isinstance(value, np.ndarray | np.generic):
        return _number(value.item())
    if type(value) in (int, float, bool):
        return _number(value)
    return _safe(value, 80) if type(value) is str else _kind(value)


def _keys(value: dict[Any, Any]) -> str:
    """List the keys, as many as are shown, in order."""
    shown = sorted(str(key)[:MAX_SHOWN_TEXT] for key in islice(value, MAX_SHOWN))
    more = [] if len(value) <= MAX_SHOWN else ["..."]
    return _safe(", ".join(shown + more), 120) or "none"


def _number(value: float) -> str:
    if type(value) is bool:
        return str(value)
    return format(float(value) + 0.0, ".6g")  # + 0.0: the sign of zero never matters


def _ordinal(i: int) -> str:
    return ("first", "second", "third", "fourth")[i] if i < 4 else f"{i + 1}th"


def _safe(text: str, limit: int) -> str:
    """Keep printable ASCII, on one line, of what a submission wrote."""
    kept = "".join(c if " " <= c <= "~" else " " for c in text[: 4 * limit])
    return " ".join(kept.split())[:limit]


def _bounded(text: str) -> str:
    return text if len(text) < MAX_MESSAGE else text[: MAX_MESSAGE - 4] + "..."
