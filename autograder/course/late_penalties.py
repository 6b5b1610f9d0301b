"""What a late hand-in costs, as ``nbgrader_config.py`` says.

Arithmetic and the reading of settings.  Imports nbgrader, which takes seconds, only for a
course that has set a plugin of its own.
"""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.base.words import named
from autograder.catalogue.name import CONFIG_FILE
from autograder.course import settings
from autograder.course.folder import CourseError

# (student, score, seconds late) -> points to take away, as in nbgrader's plugin
LatePenalty = Callable[[str, float, float], float | None]
DAY, HOUR = 86_400, 3_600
SECTION, OURS = "LatePenalties", "autograder.nbgrader_plugin.steps.LatePenalties"
NBGRADERS = "LateSubmissionPlugin"


@dataclass(frozen=True)
class LatePolicy:
    """So much for each day that has begun after the due date and a time of grace.

    Parameters
    ----------
    points_per_day : taken away for each day; or
    percent_per_day : of the score that was reached
    grace_hours : for which a late hand-in costs nothing; the days begin after it
    at_most_percent : of the score, however late
    """

    points_per_day: float = 0.0
    percent_per_day: float = 0.0
    grace_hours: float = 0.0
    at_most_percent: float = 100.0

    def penalty(self, score: float, seconds_late: float) -> float:
        """Return the points to take away.

        >>> LatePolicy(percent_per_day=10, grace_hours=1).penalty(20.0, 25 * 3600)
        2.0
        >>> LatePolicy(percent_per_day=10, grace_hours=1).penalty(20.0, 25 * 3600 + 1)
        4.0
        """
        days = max(0, math.ceil((seconds_late - self.grace_hours * HOUR) / DAY))
        taken = days * (self.points_per_day + score * self.percent_per_day / 100)
        return min(taken, score * self.at_most_percent / 100)

    @property
    def takes_nothing(self) -> bool:
        """Whether no hand-in costs anything, however late."""
        return self.points_per_day == self.percent_per_day == 0


@dataclass(frozen=True)
class LateRule:
    """What is called for a late hand-in, and the settings on which its answer depends."""

    penalty: LatePenalty
    settings: str


def late_rule(config: Mapping[str, Any], folder: Path | None = None) -> LateRule | None:
    """Return what a course takes away for late hand-ins, or None where nothing.

    Parameters
    ----------
    config : as `autograder.course.settings.load_config` gives it
    folder : the course's; a plugin of its own may lie there

    Raises
    ------
    CourseError
        where the settings make no sense
    """
    policy = read_policy(config)
    plugin = config.get("AssignLatePenalties", {}).get("plugin_class", NBGRADERS)
    name = plugin if isinstance(plugin, str) else f"{plugin.__module__}.{plugin.__qualname__}"
    section = name.rpartition(".")[2]
    used = f"{name} {sorted(config.get(section, {}).items())}"
    if name == OURS:
        return None if policy.takes_nothing else LateRule(_of(policy), used)
    if not policy.takes_nothing:
        raise CourseError(
            f"{CONFIG_FILE}: {SECTION} says what is taken away, but nothing uses it: "
            f'set c.AssignLatePenalties.plugin_class = "{OURS}"'
        )
    method = config.get(NBGRADERS, {}).get("penalty_method", "none")
    if section == NBGRADERS and method == "none":
        return None
    with _importable(folder):
        return LateRule(_plugin(plugin, name, config), used)


def read_policy(config: Mapping[str, Any]) -> LatePolicy:
    """Return the settings of ``c.LatePenalties``.

    Raises
    ------
    CourseError
        where they make no sense
    """
    given = settings.read(settings.LatePenalties, config)
    policy = LatePolicy(**{name: getattr(given, name) for name in given.trait_names(config=True)})
    if policy.points_per_day and policy.percent_per_day:
        raise CourseError(
            f"{CONFIG_FILE}: {SECTION} has points_per_day and percent_per_day: set one of them"
        )
    if policy.at_most_percent == 0 and not policy.takes_nothing:
        raise CourseError(
            f"{CONFIG_FILE}: {SECTION}.at_most_percent is 0, so nothing is ever taken away: "
            "raise it, or leave out what is taken a day"
        )
    return policy


def _of(policy: LatePolicy) -> LatePenalty:
    return lambda student, score, seconds_late: policy.penalty(score, seconds_late)


@contextmanager
def _importable(folder: Path | None) -> Iterator[None]:
    """Have modules of a folder found, as nbgrader does with the folder that it is started in."""
    if folder is None:
        yield
        return
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _plugin(plugin: Any, name: str, config: Mapping[str, Any]) -> LatePenalty:
    """Return what another plugin answers; it is made as nbgrader makes it."""
    from traitlets.config import Config

    try:
        if isinstance(plugin, str):
            module, _, attribute = name.rpartition(".")
            plugin = getattr(importlib.import_module(module or "nbgrader.plugins"), attribute)
        penalty: LatePenalty = plugin(config=Config(config)).late_submission_penalty
    except Exception as failure:
        raise CourseError(
            f"{CONFIG_FILE}: AssignLatePenalties.plugin_class {name} cannot be used "
            f"({named(failure)}): correct it"
        ) from None
    return penalty
