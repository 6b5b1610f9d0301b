"""The grader of notebooks: what a course needs of it, and nothing else.

A course describes its exercises with these names, and with those of `autograder.checking.kit`,
which is shipped beside its notebooks; what other courses call an exercise, with those of
`autograder.catalogue.spellings` and `autograder.catalogue.arrangements`:

>>> import numpy as np
>>> from autograder import Catalogue, Criterion, Exercise, Misconception, judge, purity
>>> def double(x):
...     return 2 * x
>>> def draws(rng):
...     return [(rng.normal(size=n),) for n in (3, 4)]
>>> DOUBLE = Exercise(
...     signature="double(x) -> same shape as x",
...     reference=double,
...     criteria=(Criterion("values", 1.5, "Each entry is doubled.", draws), purity(0.5)),
...     misconceptions=(
...         Misconception(
...             "squared",
...             (lambda x: x**2,),
...             did="You multiplied each entry by itself.",
...             symptom="Negative entries become positive.",
...             experiment="Print double(np.array([3.0])).",
...             looks_right="For 0 and 2 it is the same.",
...         ),
...     ),
... )
>>> verdict = judge(DOUBLE, lambda x: x * x, seed=1)
>>> verdict.points, verdict.max_points, verdict.misconception
(0.0, 2.0, 'squared')
>>> Catalogue({"hw1": (DOUBLE,)}).of("hw1")["double"].points
2.0

Everything else in `autograder` is private to its folder.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.catalogue.catalogue import Catalogue as Catalogue
    from autograder.catalogue.lent import along_axes as along_axes
    from autograder.catalogue.model import Arguments as Arguments
    from autograder.catalogue.model import Criterion as Criterion
    from autograder.catalogue.model import Exercise as Exercise
    from autograder.catalogue.model import Fixtures as Fixtures
    from autograder.catalogue.model import Misconception as Misconception
    from autograder.catalogue.model import Specimen as Specimen
    from autograder.catalogue.model import purity as purity
    from autograder.catalogue.values import ANOTHER as ANOTHER
    from autograder.catalogue.values import FIRST as FIRST
    from autograder.catalogue.values import Rng as Rng
    from autograder.catalogue.values import Step as Step
    from autograder.catalogue.values import as_count as as_count
    from autograder.catalogue.values import by_steps as by_steps
    from autograder.catalogue.values import entries as entries
    from autograder.catalogue.values import most_made as most_made
    from autograder.judging.judge import Finding as Finding
    from autograder.judging.judge import Verdict as Verdict
    from autograder.judging.judge import judge as judge

# Where each public name is.  They are imported when they are asked for, so that the command
# line answers at once, and the sandbox loads nothing of the judge.
_PUBLIC = {
    "autograder.catalogue.catalogue": ("Catalogue",),
    "autograder.catalogue.lent": ("along_axes",),
    "autograder.catalogue.model": (
        "Arguments",
        "Criterion",
        "Exercise",
        "Fixtures",
        "Misconception",
        "Specimen",
        "purity",
    ),
    "autograder.catalogue.values": (
        "ANOTHER",
        "FIRST",
        "Rng",
        "Step",
        "as_count",
        "by_steps",
        "entries",
        "most_made",
    ),
    "autograder.judging.judge": ("Finding", "Verdict", "judge"),
}
__version__ = "0.1.0"
_HOME = {name: module for module, names in _PUBLIC.items() for name in names}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'autograder' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return __all__
