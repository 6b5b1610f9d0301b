"""When something was handed in, as ``timestamp.txt`` beside it says: in every form of nbgrader's.

Whoever wrote the file may have been a student, so whatever is in it is read or said, and never
raises.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from datetime import datetime, timezone, tzinfo

# dateutil opens a file whose path it takes for a zone.
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")
# What a text leaves out is filled in from one of these: where it leaves out something, they differ.
_DEFAULTS = datetime(2001, 1, 1), datetime(2002, 2, 2)
# As nbgrader itself writes a time: of a class nearly all are so, and need no guesses.
_NBGRADERS = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}) UTC", re.ASCII)


@dataclass(frozen=True)
class Moment:
    """What a timestamp says.

    Parameters
    ----------
    at : in UTC, without a zone; None where it says no time
    trouble : what is wrong with it, a clause, or None
    """

    at: datetime | None = None
    trouble: str | None = None


def read_moment(data: bytes) -> Moment:
    """Return what the content of ``timestamp.txt`` says.

    A time without a zone is in UTC.  A zone may be a number, an abbreviation or a name.

    >>> read_moment(b"2026-10-05 14:03:21 Europe/Berlin").at
    datetime.datetime(2026, 10, 5, 12, 3, 21)
    >>> read_moment(b"yesterday").trouble
    "says 'yesterday', which is no time"
    """
    # Windows' PowerShell writes UTF-16, and other editors a mark before UTF-8.
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig").strip()
    except UnicodeDecodeError:
        return Moment(trouble="is no text")
    if not text:
        return Moment(trouble="is empty")
    try:
        return _moment(text)
    except Exception:  # dateutil's, of whatever a student wrote
        return Moment(trouble=f"says {_shown(text)}, which is no time")


def _moment(text: str) -> Moment:
    if usual := _NBGRADERS.fullmatch(text):
        return Moment(datetime.fromisoformat(usual[1]))
    from dateutil.parser import parse

    unknown: list[str] = []

    def zone(name: str | None, offset: int | None) -> tzinfo | None:
        from dateutil.tz import tzoffset

        if offset is not None:
            return tzoffset(None, offset)
        found = _zone(name or "")
        if found is None and name:
            unknown.append(name)
        return found

    *before, last = text.split(" ")
    named = _zone(last) if len(before) > 1 and _ZONE.fullmatch(last) else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an unknown time zone
        written = " ".join(before) if named else text
        one, other = (parse(written, default=default, tzinfos=zone) for default in _DEFAULTS)
    if one != other:
        raise ValueError("a part of it is missing")
    if named is not None:
        one = one.replace(tzinfo=named)
    if one.tzinfo is not None:
        one = one.astimezone(timezone.utc).replace(tzinfo=None)
    if unknown:
        return Moment(one, f"names the zone {_shown(unknown[0])}, which is unknown: read as UTC")
    return Moment(one)


def _zone(name: str) -> tzinfo | None:
    from dateutil.tz import gettz

    return gettz(name) if _ZONE.fullmatch(name) else None


def _shown(text: str) -> str:
    return repr(re.sub(r"[^\w./ :+,-]", "?", text, flags=re.ASCII)[:60])
