"""When something was handed in: from a system's clock to UTC, and to what `timestamp.txt` says."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from autograder.course.folder import CourseError

# By how they begin in English, German, French, Spanish, Italian and Dutch.
MONTHS = {
    **dict.fromkeys(("jan", "ene", "gen"), 1), **dict.fromkeys(("feb", "fev"), 2),
    **dict.fromkeys(("mar", "maa"), 3), **dict.fromkeys(("apr", "avr", "abr"), 4),
    **dict.fromkeys(("mai", "may", "mag", "mei"), 5), **dict.fromkeys(("jun", "juin", "giu"), 6),
    **dict.fromkeys(("jul", "juil", "lug"), 7), **dict.fromkeys(("aug", "aou", "ago"), 8),
    **dict.fromkeys(("sep", "set"), 9), **dict.fromkeys(("oct", "okt", "ott"), 10), "nov": 11,
    **dict.fromkeys(("dec", "dez", "dic"), 12),
}  # fmt: skip
DAY = re.compile(
    r"(?P<day>\d{1,2})\.? (?:de )?(?P<month>[a-z]+)\.?,? (?:de )?(?P<year>\d{4}),? "
    r"(?P<clock>\d{1,2}:\d\d(?: [ap]m)?)$"
)


class Clock:
    """Reads the times of a system.

    Parameters
    ----------
    zone : in which it tells time where it does not say so; "" for ``c.Exchange.timezone``, else UTC
    config : the course's settings

    Attributes
    ----------
    assumed : whether a time without a zone was taken for UTC, because nobody said otherwise

    Raises
    ------
    CourseError : there is no such zone
    """

    def __init__(self, zone: str, config: Mapping[str, Any]) -> None:
        from dateutil.tz import gettz

        name = zone or str(config.get("Exchange", {}).get("timezone", ""))
        self._guessed, self.assumed = not name, False
        found = gettz(name or "UTC")
        if found is None:
            raise CourseError(f"{name!r} is no time zone: give one such as Europe/Berlin or UTC")
        self._zone = found

    def utc(self, moment: datetime | None) -> datetime | None:
        """Return a moment in UTC, without a zone."""
        if moment is None:
            return None
        if moment.tzinfo is None:
            self.assumed = self._guessed
            moment = moment.replace(tzinfo=self._zone)
        return moment.astimezone(timezone.utc).replace(tzinfo=None)

    def read(self, text: str) -> datetime | None:
        """Return the moment that a text names, in UTC; None where it is none that is known."""
        return self.utc(moment_of(text))


def moment_of(text: str) -> datetime | None:
    """Return the moment that a text names, as its clock has it; None where it is none.

    >>> moment_of("Freitag, 31. Januar 2025, 13:45") == moment_of("31 janv. 2025 1:45 PM")
    True
    """
    from dateutil.parser import parse

    found = DAY.search(_plain(text))
    month = MONTHS.get(found["month"][:4]) or MONTHS.get(found["month"][:3]) if found else None
    if found and month:
        text = f"{found['year']}-{month:02}-{int(found['day']):02} {found['clock']}"
    try:
        return parse(text)
    except (ValueError, OverflowError):
        return None


def _plain(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in parts if not unicodedata.combining(char))


def stamp(moment: datetime | None) -> str:
    """Return a moment as nbgrader's exchange writes it, which every reader of it understands.

    >>> stamp(datetime(2025, 1, 31, 13, 45, 10))
    '2025-01-31 13:45:10 UTC'
    """
    return "" if moment is None else f"{moment.isoformat(' ')} UTC"
