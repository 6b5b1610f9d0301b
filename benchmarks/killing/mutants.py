"""Wrong functions made by machine, from the right one of an exercise.

Syntax: every operator, comparison and number of the source, by cosmic-ray.  Numerics: a
table of what is written in place of another.  Around the function: what is done to its
arguments and its answer, and what is kept between calls.  Knows no judge.
"""

from __future__ import annotations

import ast
import inspect
import operator
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Any

import numpy as np
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider

from autograder.catalogue.model import Exercise
from softmax_by_hand import lecture as reference

# These insert names that they are given, and there is nothing to be named.
NOT_OURS = {"VariableReplacer", "VariableInserter", "RemoveDecorator", "ExceptionReplacer"}
Call = Callable[..., Any]
EPSILONS = (1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7)


@dataclass(frozen=True)
class Mutant:
    """A function that is wrong, unless it is equivalent to the right one.

    Parameters
    ----------
    label : what was changed
    make : makes it anew, so that what it keeps between calls is not kept for the next judgement
    around : whether the source is as it was, and something is done around the right function
    """

    label: str
    make: Callable[[], Any]
    around: bool = False


def mutants(exercise: Exercise) -> list[Mutant]:
    """Return all mutants of an exercise, and the wrong answers of its catalogue."""
    found = [*_of_source(exercise), *_of_calls(exercise), *_of_catalogue(exercise)]
    return list({mutant.label: mutant for mutant in found}.values())


def _of_catalogue(exercise: Exercise) -> Iterator[Mutant]:
    for mistake in exercise.misconceptions:
        for i, wrong in enumerate(mistake.wrong):
            yield Mutant(f"mistake: {mistake.name}, {i}", partial(_as_it_is, wrong))


def _as_it_is(wrong: Any) -> Any:
    return wrong


# --- Of the source ----------------------------------------------------------------------------


def _of_source(exercise: Exercise) -> Iterator[Mutant]:
    """Change the source of the reference, and of what it calls, in one place each."""
    sources = _sources(exercise.reference.__name__)
    for name, source in sources.items():
        for changed, substitute in _changed_sources(source):
            try:
                changed = ast.unparse(ast.parse(changed))
            except SyntaxError:
                continue
            if changed == source:
                continue
            code = compile("\n\n".join({**sources, name: changed}.values()), "mutant", "exec")
            label = f"{name}: {_difference(source, changed)}"
            if substitute is not None:
                label = label.replace("SUBSTITUTE", f"<{substitute}>")
            yield Mutant(label, _maker(code, exercise.reference.__name__, substitute))


def _maker(code: Any, name: str, substitute: str | None) -> Callable[[], Any]:
    def make() -> Any:
        names: dict[str, Any] = {"np": np, "Array": np.ndarray, "Callable": Callable}
        if substitute is not None:
            names["SUBSTITUTE"] = SUBSTITUTES[substitute]
        exec(code, names)
        return names[name]

    return make


def _sources(name: str) -> dict[str, str]:
    """Return the sources of a reference and of all that it calls, without docstrings and types."""
    found: dict[str, str] = {}
    wanted = [name]
    while wanted:
        name = wanted.pop()
        tree = ast.parse(textwrap.dedent(inspect.getsource(getattr(reference, name))))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
                del node.body[0]
            if isinstance(node, ast.FunctionDef):
                node.returns = None
            if isinstance(node, ast.arg):
                node.annotation = None
        found[name] = ast.unparse(tree)
        called = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        wanted += [
            other
            for other in sorted(called - {*found, *wanted})
            if getattr(getattr(reference, other, None), "__module__", "") == reference.__name__
        ]
    return found


def _difference(before: str, after: str) -> str:
    """Return the first line that differs, as it was and as it is."""
    pairs = zip_longest(before.splitlines(), after.splitlines(), fillvalue="")
    one, other = next(pair for pair in pairs if pair[0] != pair[1])
    return f"{one.strip()}  ->  {other.strip()}"


def _changed_sources(source: str) -> Iterator[tuple[str, str | None]]:
    """Return each changed source, and the name of the substitute that it calls, if any."""
    provider = OperatorProvider()
    for name in sorted(set(provider) - NOT_OURS):
        mutation, occurrence = provider[name](), 0
        while (changed := mutate_code(source, mutation, occurrence)) is not None:
            yield changed, None
            occurrence += 1
    for pattern, replacements in REWRITTEN:
        for match in re.finditer(pattern, source):
            for replacement in replacements:
                changed = (
                    source[: match.start()] + match.expand(replacement) + source[match.end() :]
                )
                if changed != source:
                    yield changed, None
    for pattern, replacement in REWRITTEN_EVERYWHERE:
        changed = re.sub(pattern, replacement, source)
        if changed != source:
            yield changed, None
    for substitute in SUBSTITUTES:
        for match in re.finditer(rf"np\.{substitute.split()[0]}\(", source):
            yield source[: match.start()] + "SUBSTITUTE(" + source[match.end() :], substitute
    yield from ((changed, None) for changed in _with_one_item_less(source))


def _with_one_item_less(source: str) -> Iterator[str]:
    """Leave out each item of each tuple, and each statement."""
    for i, node in enumerate(ast.walk(ast.parse(source))):
        for part in ("elts", "body"):
            items = getattr(node, part, None)
            if not isinstance(items, list) or len(items) < 2 or isinstance(node, ast.Module):
                continue
            for j in range(len(items)):
                tree = ast.parse(source)
                del getattr(list(ast.walk(tree))[i], part)[j]
                yield ast.unparse(tree)


_REDUCTIONS = ("max", "min", "sum", "mean", "prod", "std")
_SHIFT = r"\b(\w+) - (\1\.max\(axis=0\)|m\b)"

# What stands in the source, and what is written in its place; one place at a time.
REWRITTEN: tuple[tuple[str, tuple[str, ...]], ...] = (
    (_SHIFT, (r"\1", r"\1 - \1.max()", r"\1 - \1.min(axis=0)", r"\1 - \1.mean(axis=0)")),
    (_SHIFT, (r"\1 - \1.min()", r"\1 - \1.mean()", r"\1 - \1[0]", r"\1 - \1[-1]")),
    (_SHIFT, (r"\1 - np.median(\1, axis=0)", r"\1 - np.abs(\1).max(axis=0)")),
    (_SHIFT, (r"\1 - np.linalg.norm(\1, axis=0)", r"\1 - np.minimum(\1.max(axis=0), 700)")),
    (_SHIFT, (r"\1 - (\1.max(axis=0) if \1.max() > 700 else 0)", r"\1 / \1.max(axis=0)")),
    (_SHIFT, (r"np.clip(\1, -700, 700)", r"np.clip(\1, -500, 500)", r"np.minimum(\1, 700)")),
    (_SHIFT, (r"np.clip(\1 - \2, -50, None)", r"(\1 - \2).astype(np.float32)", r"2 * \1 - \2")),
    (_SHIFT, (r"\1 - np.max(\1, axis=0) * (\1.ndim == 1)",)),
    (r"\baxis=0\b", ("axis=1", "axis=-1", "axis=None", "axis=0, keepdims=True")),
    (r", axis=0\)", (")", ", axis=-1, keepdims=True)")),
    (r"\(axis=0\)", ("()", "(axis=-1, keepdims=True)")),
    (rf"\.({'|'.join(_REDUCTIONS)})\(", tuple(f".{name}(" for name in _REDUCTIONS)),
    (r"\[:, y\]", ("[:, y - 1]", "[:, np.unique(y, return_inverse=True)[1]]", "[:, np.sort(y)]")),
    (r"\.T\b", ("", "[::-1]")),
    (r"\[:, :-1\]", ("", "[:, 1:]", "[:-1]", "[:, :-2]")),
    (r"\[:, -1\]", ("[:, 0]", "[-1]", "[:, -1:]")),
    (r"\[-1\]", ("[0]",)),
    (r"\[:, (n|batch)\]", (r"[\1]", "[:, :1]")),
    (r"\.shape\[1\]", (".shape[0]", ".shape[-1]", ".size")),
    (r" / N\b", ("", " / len(Y)", " / X.size")),
    (r" / Xb\.shape\[1\]", ("", " / W.shape[0]", " / Xb.size", " / Xb.shape[0]")),
    (r" @ ", (" * ",)),
    (r" \* ", (" @ ",)),
    (r"float64", ("float32", "int64", "float16")),
    (r"int64", ("int8", "uint8", "int32", "float64")),
    (r"np\.array\(W, dtype=np\.float64\)", ("W", "W.copy()", "np.asarray(W, dtype=np.float64)")),
    (r"\bW = W - ", ("W -= ", "W = W + ")),
    (r"self\.(W\d?) = self\.\1 - ", (r"self.\1 -= ", r"self.\1 = -")),
    (r"standard_normal", ("random", "standard_exponential", "standard_cauchy")),
    (r"\brng\.", ("np.random.default_rng(0).", "np.random.default_rng().")),
    (r"-Y / np\.where\(Y == 0, 1, Yhat\)", ("-Y / Yhat", "-Y / (Yhat + 1e-12)", "-1 / Yhat")),
    (r"-Y / np\.where\(Y == 0, 1, Yhat\)", ("-Y / np.clip(Yhat, 1e-12, 1)",)),
    (r"-Y / np\.where\(Y == 0, 1, Yhat\)", ("np.nan_to_num(-Y / Yhat, nan=0.0)",)),
    (r"np\.where\(Y == 0, 1, Yhat\)", ("Yhat", "np.where(Yhat == 0, 1, Yhat)")),
    (r"np\.where\(Y == 0, 1, Yhat\)", tuple(f"Yhat + {eps}" for eps in EPSILONS)),
    (r"np\.where\(Y == 0, 1, Yhat\)", tuple(f"np.clip(Yhat, {eps}, 1)" for eps in EPSILONS)),
    (
        r"np\.where\(Y == 0, 1, Yhat\)",
        tuple(f"np.where(Y == 0, 1, np.maximum(Yhat, {eps}))" for eps in (*EPSILONS, 1e-300)),
    ),
    (
        r"\(?softmax\((W @ [^)]*)\) - (Y|y)\)?",  # through the chain, which is 0/0 at 0
        (r"softmax_backward(softmax(\1), -\2 / softmax(\1))", r"softmax(\1) - \2 * 0.9"),
    ),
    (r"return (.+)", (r"return \1 + 1e-8", r"return np.squeeze(\1)", r"return np.abs(\1)")),
    (r"return (.+)", (r"return np.sort(\1, axis=0)", r"return np.round(\1, 6)")),
)
REWRITTEN_EVERYWHERE: tuple[tuple[str, str], ...] = (
    (r"\bself\.(A|Z|X|Xb|W\d?)\b", r"type(self).\1"),
    (r"\bself\.(A|Z|X|Xb)\b", r"type(self).\1"),
    (r"\bself\.(W\d?)\b", r"type(self).\1"),
    (r"\bmax\b", "min"),
    (r"\bmean\b", "sum"),
    (r"\bsum\b", "mean"),
    (r"axis=0", "axis=1"),
    (r"axis=0", "axis=-1"),
    (r"axis=0", "axis=-1, keepdims=True"),
    (r"axis=0", "axis=None"),
    (r"\.T\b", ""),
)


def _in_32_bits(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, *rest, **named: function(np.asarray(x, np.float32), *rest, **named).astype(
        np.float64
    )


# What is called in place of a function of NumPy: "exp base 2" is in place of np.exp.
SUBSTITUTES: dict[str, Callable[..., Any]] = {
    "exp base 2": np.exp2,
    "exp minus 1": np.expm1,
    "exp base 10": lambda x: 10.0**x,
    "exp capped at 700": lambda x: np.exp(np.minimum(x, 700)),
    "exp capped at 20": lambda x: np.exp(np.clip(x, -20, 20)),
    "exp in 32 bits": _in_32_bits(np.exp),
    "exp as a series": lambda x: 1 + x + x**2 / 2 + x**3 / 6,
    "exp plus 1e-8": lambda x: np.exp(x) + 1e-8,
    "exp left out": lambda x: x,
    "exp by squares": lambda x: x**2,
    "exp by softplus": lambda x: np.logaddexp(x, 0),
    "log base 2": np.log2,
    "log base 10": np.log10,
    "log of 1 and": np.log1p,
    "log in 32 bits": _in_32_bits(np.log),
    "log left out": lambda x: x - 1,
    **{f"log plus {e}": lambda x, e=e: np.log(x + e) for e in EPSILONS},
    **{f"log clipped at {e}": lambda x, e=e: np.log(np.clip(x, e, None)) for e in EPSILONS},
    **{f"log between {e} and 1 -": lambda x, e=e: np.log(np.clip(x, e, 1 - e)) for e in EPSILONS},
    "log clipped at 1e-300": lambda x: np.log(np.maximum(x, 1e-300)),
    "log finite": lambda x: np.nan_to_num(np.log(x)),
    "tanh by exp": lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
    "tanh by exp of 2x": lambda x: (np.exp(2 * x) - 1) / (np.exp(2 * x) + 1),
    "tanh capped": lambda x: np.clip(x, -1, 1),
    "tanh in 32 bits": _in_32_bits(np.tanh),
    "tanh left out": lambda x: x,
    "tanh by arctan": np.arctan,
    "maximum capped at 6": lambda x, y: np.clip(x, y, 6),
    "maximum capped at 20": lambda x, y: np.clip(x, y, 20),
    "maximum capped at 1000": lambda x, y: np.clip(x, y, 1000),
    "maximum leaky": lambda x, y: np.where(x > y, x, 0.01 * x),
    "maximum, softly": lambda x, y: np.logaddexp(x, y),
    "maximum by minimum": np.minimum,
    "maximum of sizes": lambda x, y: np.abs(x),
    "argmax by argmin": np.argmin,
    "argmax of sizes": lambda x, axis: np.argmax(np.abs(x), axis=axis),
    "argmax of exp": lambda x, axis: np.argmax(np.exp(x), axis=axis),
    "argmax of sigmoid": lambda x, axis: np.argmax(1 / (1 + np.exp(-x)), axis=axis),
    "argmax of maximum with 0": lambda x, axis: np.argmax(np.maximum(x, 0), axis=axis),
    "argmax of rounded": lambda x, axis: np.argmax(np.round(x, 3), axis=axis),
    "argmax of exp over sum": lambda x, axis: np.argmax(np.exp(x) / np.exp(x).sum(0), axis=axis),
    "argmax of clipped": lambda x, axis: np.argmax(np.clip(x, -500, 500), axis=axis),
    "argmax, the last of equals": lambda x, axis: len(x) - 1 - np.argmax(x[::-1], axis=axis),
    "argmax without the first": lambda x, axis: np.argmax(x[1:], axis=axis) + 1,
    "argmax without the last": lambda x, axis: np.argmax(x[:-1], axis=axis),
    "outer exchanged": lambda x, y: np.outer(y, x),
    "outer by inner": np.inner,
    "vstack the other way": lambda parts: np.vstack(parts[::-1]),
    "vstack by columns": lambda parts: np.column_stack((parts[0], np.ones(len(parts[0])))),
    "ones, zeros": np.zeros,
    "ones, twos": lambda shape: np.full(shape, 2.0),
    "ones of integers": lambda shape: np.ones(shape, dtype=np.int64),
    "eye reversed": lambda K: np.eye(K)[::-1],
    "eye in 32 bits": lambda K: np.eye(K, dtype=np.float32),
    "eye of integers": lambda K: np.eye(K, dtype=np.int64),
    "eye of ten": lambda K: np.eye(10),
    "eye of ones": lambda K: np.ones((K, K)),
    "zeros_like, ones": np.ones_like,
    "zeros, ones": np.ones,
    "zeros of floats": lambda shape, dtype=None: np.zeros(shape),
    "mean by median": lambda x, **named: np.median(x, **named),
    "mean by sum": np.sum,
    "sum by mean": np.mean,
    "sum by max": np.max,
    "sum of sizes": lambda x, **named: np.sum(np.abs(x), **named),
    "sum of finite terms": np.nansum,
    "mean of finite terms": np.nanmean,
    "diag, all": lambda a: np.outer(a, np.ones(len(a))),
    "where, the other way": lambda c, x, y: np.where(c, y, x),
    "allclose loosely": lambda x, y, **named: np.allclose(x, y, 1e-2, 1e-2),
    "allclose of sums": lambda x, y, **named: np.allclose(np.sum(x), np.sum(y)),
    "allclose of shapes": lambda x, y, **named: np.shape(x) == np.shape(y),
    "allclose but for nan": lambda x, y, **named: np.allclose(np.nan_to_num(x, nan=0), y),
    "allclose of the first": lambda x, y, **named: np.allclose(np.ravel(x)[0], np.ravel(y)[0]),
}  # fmt: skip


# --- Around the function ----------------------------------------------------------------------


def _of_calls(exercise: Exercise) -> Iterator[Mutant]:
    """Leave the right function as it is, and change what goes in, comes out, or stays."""
    for label, wrap in AROUND.items():
        if not isinstance(exercise.reference, type):
            yield Mutant(label, partial(wrap, exercise.reference), around=True)
            continue
        for name, member in vars(exercise.reference).items():
            if callable(member):
                make = partial(_subclass, exercise.reference, name, wrap)
                yield Mutant(f"{name}: {label}", make, around=True)


def _subclass(kind: type, name: str, wrap: Callable[[Call], Call]) -> type:
    around = wrap(getattr(kind, name))
    # A function, which is bound to its object as a method is.
    return type(kind.__name__, (kind,), {name: lambda *arguments: around(*arguments)})


def _each(change: Callable[[np.ndarray], Any], value: Any) -> Any:
    """Change every array and number of floats in a value."""
    if isinstance(value, list | tuple):
        return type(value)(_each(change, item) for item in value)
    if isinstance(value, dict):
        return {key: _each(change, item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return change(value)
    if type(value) is float or isinstance(value, np.floating):
        changed = change(np.array(value))
        return changed.item() if np.shape(changed) == () and changed.dtype == float else changed
    return value


def _answer(change: Callable[[np.ndarray], Any]) -> Callable[[Call], Call]:
    return lambda f: lambda *arguments: _each(change, f(*arguments))


def _given(change: Callable[[np.ndarray], Any]) -> Callable[[Call], Call]:
    return lambda f: lambda *arguments: f(*(_each(change, argument) for argument in arguments))


def _arrays(arguments: Sequence[Any]) -> list[np.ndarray]:
    return [argument for argument in arguments if isinstance(argument, np.ndarray)]


def _spoil(change: Callable[[np.ndarray], Any], which: int) -> Callable[[Call], Call]:
    """Compute the answer, then change the argument in place."""

    def wrap(f: Call) -> Call:
        def wrong(*arguments: Any) -> Any:
            value = f(*(a.copy() if isinstance(a, np.ndarray) else a for a in arguments))
            for array in _arrays(arguments)[which : which + 1]:
                change(array)
            return value

        return wrong

    return wrap


def _kept(key: Callable[..., Any]) -> Callable[[Call], Call]:
    """Keep each answer by a key that is not the whole question."""

    def wrap(f: Call) -> Call:
        known: dict[Any, Any] = {}

        def wrong(*arguments: Any) -> Any:
            asked = key(arguments)
            if asked not in known:
                known[asked] = f(*arguments)
            return known[asked]

        return wrong

    return wrap


def _shapes(arguments: Sequence[Any]) -> Any:
    return tuple(
        np.shape(a) if isinstance(a, np.ndarray) else a if type(a) is int else None
        for a in arguments
    )


def _wrong_on(call: Callable[[int], bool]) -> Callable[[Call], Call]:
    """Be wrong on these calls, counted from 1."""

    def wrap(f: Call) -> Call:
        count = 0

        def wrong(*arguments: Any) -> Any:
            nonlocal count
            count += 1
            value = f(*arguments)
            return _otherwise(value) if call(count) else value

        return wrong

    return wrap


def _otherwise(value: Any) -> Any:
    """Return a value of the same kind that is wrong."""
    if type(value) is bool:
        return not value
    if isinstance(value, np.ndarray) and value.dtype.kind in "iub":
        return value + 1
    return _each(lambda array: np.nan_to_num(array, posinf=-1, neginf=1) * 1.01 + 0.01, value)


def _wrong_where(fits: Callable[[np.ndarray], Any]) -> Callable[[Call], Call]:
    """Be wrong where an array among the arguments has this property."""

    def wrap(f: Call) -> Call:
        def wrong(*arguments: Any) -> Any:
            odd = any(bool(fits(array)) for array in _arrays(arguments) if array.size)
            value = f(*arguments)
            return _otherwise(value) if odd else value

        return wrong

    return wrap


def _wrong_where_numbers(fits: Callable[[Any], bool]) -> Callable[[Call], Call]:
    def wrap(f: Call) -> Call:
        def wrong(*arguments: Any) -> Any:
            value = f(*arguments)
            numbers = [a for a in arguments if type(a) in (int, float)]
            return _otherwise(value) if any(map(fits, numbers)) else value

        return wrong

    return wrap


def _first_argument(f: Call) -> Call:
    return lambda *arguments: _arrays(arguments)[0]


def _lagging(f: Call) -> Call:
    last: list[Any] = []

    def wrong(*arguments: Any) -> Any:
        last.append(f(*arguments))
        return last[-2] if len(last) > 1 else last[-1]

    return wrong


def _last_dropped(f: Call) -> Call:
    """Never use the last argument, where it has a default."""
    return lambda *arguments: f(*arguments[: _required(f)])


def _required(f: Call) -> int:
    parameters = inspect.signature(f).parameters.values()
    return sum(parameter.default is parameter.empty for parameter in parameters)


def _matrix(array: np.ndarray) -> bool:
    return array.ndim == 2


def _columns_apart(array: np.ndarray) -> bool:
    return array.ndim == 2 and bool(np.ptp(array.max(axis=0)) > 700)


AROUND: dict[str, Callable[[Call], Call]] = {
    # the answer
    "answer in 32 bits": _answer(lambda v: v.astype(np.float32)),
    "answer rounded to 32 bits": _answer(lambda v: v.astype(np.float32).astype(v.dtype)),
    "answer rounded to 6 places": _answer(lambda v: np.round(v, 6)),
    "answer plus 1e-8": _answer(lambda v: v + 1e-8 if v.dtype.kind == "f" else v + 1),
    "answer times 1.001": _answer(lambda v: v * 1.001),
    "answer doubled": _answer(lambda v: 2 * v),
    "answer negative": _answer(lambda v: -v.astype(float)),
    "answer without signs": _answer(np.abs),
    "answer sorted down": _answer(lambda v: np.sort(v, axis=0) if v.ndim else v),
    "answer sorted across": _answer(lambda v: np.sort(v, axis=-1) if v.ndim else v),
    "answer transposed": _answer(np.transpose),
    "answer transposed if square": _answer(
        lambda v: v.T if v.ndim == 2 and v.shape[0] == v.shape[1] else v
    ),
    "answer flattened": _answer(np.ravel),
    "answer squeezed": _answer(np.squeeze),
    "answer with an axis in front": _answer(lambda v: v[None]),
    "answer with an axis at the end": _answer(lambda v: v[..., None]),
    "answer at least 1-D": _answer(np.atleast_1d),
    "answer at least 2-D": _answer(np.atleast_2d),
    "answer as a list": _answer(np.ndarray.tolist),
    "answer as integers": _answer(lambda v: v.astype(np.int64)),
    "answer in 8 bits": _answer(lambda v: v.astype(np.uint8) if v.dtype.kind in "iu" else v * 0.5),
    "answer of zeros": _answer(np.zeros_like),
    "answer of ones": _answer(np.ones_like),
    "answer always finite": _answer(np.nan_to_num),
    "answer clipped at 1e-7": _answer(lambda v: np.clip(v, 1e-7, None)),
    "answer clipped at 1e-12": _answer(lambda v: np.clip(v, 1e-12, None)),
    "answer between 1e-7 and 1 - 1e-7": _answer(lambda v: np.clip(v, 1e-7, 1 - 1e-7)),
    "answer between -1 and 1": _answer(lambda v: np.clip(v, -1, 1)),
    "answer between -10 and 10": _answer(lambda v: np.clip(v, -10, 10)),
    "answer at most 16": _answer(lambda v: np.minimum(v, 16)),
    "answer at most 100": _answer(lambda v: np.minimum(v, 100)),
    "answer at least 0": _answer(lambda v: np.maximum(v, 0)),
    "answer upside down": _answer(lambda v: v[::-1] if v.ndim else -v),
    "answer rolled by 1": _answer(lambda v: np.roll(v, 1)),
    "answer rolled by 2": _answer(lambda v: np.roll(v, 2, axis=-1) if v.ndim else -v),
    "answer rolled by 2 down": _answer(lambda v: np.roll(v, 2, axis=0) if v.ndim else -v),
    "first column everywhere": _answer(
        lambda v: np.broadcast_to(v[..., :1], v.shape).copy() if v.ndim > 1 else v * 1.01
    ),
    "last column 0": _answer(
        lambda v: v * (np.arange(v.shape[-1]) < v.shape[-1] - 1) if v.ndim > 1 else v * 1.01
    ),
    "last row 0": _answer(lambda v: np.array([*v[:-1], 0 * v[-1]]) if v.ndim > 1 else v * 1.01),
    "first argument returned": _first_argument,
    # the arguments
    "arguments in 32 bits": _given(lambda a: a.astype(np.float32) if a.dtype.kind == "f" else a),
    "arguments as integers": _given(lambda a: a.astype(np.int64)),
    "arguments without signs": _given(np.abs),
    "arguments rounded to 6 places": _given(lambda a: np.round(a, 6)),
    "arguments between -700 and 700": _given(lambda a: np.clip(a, -700, 700)),
    "arguments between -50 and 50": _given(lambda a: np.clip(a, -50, 50)),
    "arguments between -20 and 20": _given(lambda a: np.clip(a, -20, 20)),
    "arguments at least 1e-12": _given(lambda a: np.maximum(a, 1e-12)),
    "arguments at least 1e-7": _given(lambda a: np.maximum(a, 1e-7)),
    "arguments at most 1 - 1e-7": _given(lambda a: np.minimum(a, 1 - 1e-7)),
    "arguments squeezed": _given(np.squeeze),
    "arguments upside down": _given(lambda a: a[::-1] if a.ndim else a),
    "arguments exchanged": lambda f: lambda *arguments: f(*arguments[::-1]),
    "arguments with the first column everywhere": _given(
        lambda a: np.broadcast_to(a[:, :1], a.shape) if a.ndim == 2 else a[:1]
    ),
    "argument with a default ignored": _last_dropped,
    # what is changed in place
    **{
        f"argument {i} {name}": _spoil(change, i)
        for i in range(3)
        for name, change in {
            "doubled in place": lambda a: np.multiply(a, 2, out=a, casting="unsafe"),
            "set to 0 in place": lambda a: a.fill(0),
            "sorted in place": lambda a: a.sort(axis=0),
            "its zeros filled in place": lambda a: np.copyto(a, 1, where=a == 0),
            "its first entry changed": lambda a: np.put(a, 0, a.flat[0] + 1),
            "its last entry changed": lambda a: np.put(a, -1, a.flat[-1] + 1),
            "clipped in place": lambda a: np.clip(a, 1e-7, None, out=a, casting="unsafe"),
        }.items()
    },
    # what is kept between calls
    "kept by shape": _kept(_shapes),
    "kept by number of dimensions": _kept(lambda arguments: tuple(map(np.ndim, arguments))),
    "kept by sum": _kept(
        lambda arguments: (
            _shapes(arguments),
            *(round(float(a.sum()), 6) for a in _arrays(arguments)[:1]),
        )
    ),
    "kept by the first argument": _kept(
        lambda arguments: (_shapes(arguments), *(a.tobytes() for a in _arrays(arguments)[:1]))
    ),
    "kept by the second argument": _kept(
        lambda arguments: (_shapes(arguments), *(a.tobytes() for a in _arrays(arguments)[1:2]))
    ),
    "kept by the last argument": _kept(
        lambda arguments: (_shapes(arguments), *(a.tobytes() for a in _arrays(arguments)[-1:]))
    ),
    "kept for ever": _kept(lambda arguments: 0),
    "lags by a call": _lagging,
    **{f"wrong on call {n}": _wrong_on(partial(operator.eq, n)) for n in (1, 2, 3, 5, 8, 10)},
    "wrong from call 7 on": _wrong_on(lambda i: i >= 7),
    "wrong on every second call": _wrong_on(lambda i: i % 2 == 0),
    "wrong on every third call": _wrong_on(lambda i: i % 3 == 0),
    # where it is wrong
    "wrong for vectors": _wrong_where(lambda a: a.ndim == 1),
    "wrong for matrices": _wrong_where(_matrix),
    "wrong for one column": _wrong_where(lambda a: a.ndim == 2 and a.shape[1] == 1),
    "wrong for square matrices": _wrong_where(lambda a: _matrix(a) and a.shape[0] == a.shape[1]),
    "wrong for wide matrices": _wrong_where(lambda a: _matrix(a) and a.shape[0] < a.shape[1]),
    "wrong for tall matrices": _wrong_where(lambda a: _matrix(a) and a.shape[0] > a.shape[1]),
    "wrong for integers": _wrong_where(lambda a: a.dtype.kind in "iu"),
    "wrong above 700": _wrong_where(lambda a: a.max() > 700),
    "wrong below -700": _wrong_where(lambda a: a.min() < -700),
    "wrong with 700 in a column": _wrong_where(lambda a: np.ptp(a, axis=0).max() > 700),
    "wrong with columns apart": _wrong_where(_columns_apart),
    "wrong at 0": _wrong_where(lambda a: a.dtype.kind == "f" and (a == 0).any()),
    "wrong at 1": _wrong_where(lambda a: a.dtype.kind == "f" and (a == 1).any()),
    "wrong at tiny entries": _wrong_where(lambda a: ((a > 0) & (a < 1e-10)).any()),
    "wrong at negative entries": _wrong_where(lambda a: a.min() < 0),
    "wrong at equal entries": _wrong_where(lambda a: a.size > 1 and np.ptp(a) == 0),
    "wrong from 5 rows on": _wrong_where(lambda a: len(a) >= 5),
    "wrong up to 3 rows": _wrong_where(lambda a: _matrix(a) and len(a) <= 3),
    "wrong for numbers not 0": _wrong_where_numbers(lambda number: number != 0),
    "wrong for the number 0": _wrong_where_numbers(lambda number: number == 0),
}
