"""When something was handed in: from a system's clock to UTC, and to what `timestamp.txt` says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from autograder.course.folder import CourseError


class Clock:
    """Reads the times of a system.

    Parameters
    ----------
    zone : in which it tells time where it does not say so; "" for ``c.Exchange.timezone``, else UTC
    config : the course's settings

    Raises
    ------
    CourseError : there is no such zone
    """

    def __init__(self, zone: str, config: Mapping[str, Any]) -> None:
        from dateutil.tz import gettz

        name = zone or str(config.get("Exchange", {}).get("timezone", ""))
        self.guessed = not name
        found = gettz(name or "UTC")
        if found is None:
            raise CourseError(f"{name!r} is no time zone: give one such as Europe/Berlin or UTC")
        self._zone = found

    def utc(self, moment: datetime | None) -> datetime | None:
        """Return a moment in UTC, without a zone."""
        if moment is None:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self._zone)
        return moment.astimezone(timezone.utc).replace(tzinfo=None)

    def read(self, text: str) -> datetime | None:
        """Return the moment that a text names, in UTC; None where it is none that is known."""
        from dateutil.parser import parse

        try:
            return self.utc(parse(text))
        except (ValueError, OverflowError):  # another language's month
            return None


def stamp(moment: datetime | None) -> str:
    """Return a moment as nbgrader's exchange writes it, which every reader of it understands.

    >>> stamp(datetime(2025, 1, 31, 13, 45, 10))
    '2025-01-31 13:45:10 UTC'
    """
    return "" if moment is None else f"{moment.isoformat(' ')} UTC"
