"""Text that can be shown to a person, wherever it comes from; imports nothing."""

from __future__ import annotations

from collections.abc import Sequence

MAX_LINE = 300  # characters of an exception's text


def first_line(failure: BaseException) -> str:
    """Return the first line of an exception's text, bounded; never raises."""
    try:
        # str's own methods: the text may be of a subclass that overrides them
        beginning = str.__getitem__(str(failure), slice(MAX_LINE))
        return printable("".join(str.splitlines(beginning)[:1]))
    except BaseException:
        return ""


def named(failure: BaseException) -> str:
    """Return an exception in a line: the name of its class and the first line of its text."""
    return f"{type(failure).__name__}: {first_line(failure)}"


def printable(text: str) -> str:
    """Return a line with all that steers a terminal, or reorders text, shown as "?".

    >>> printable("shape \x1b[2J")
    'shape ?[2J'
    """
    return "".join(char if char.isprintable() else "?" for char in text)


# All that `str.splitlines` takes for the end of a line.
LINE_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"


def line_breaks(text: str) -> int:
    r"""Return at most how often `str.splitlines` would cut a text, without cutting it.

    >>> line_breaks("one\ntwo\u2028three")
    2
    """
    return sum(map(text.count, LINE_BREAKS))


def unix_lines(text: str) -> str:
    r"""Return text whose lines end as Jupyter writes them, whatever editor it went through.

    >>> unix_lines("one\r\ntwo\rthree")
    'one\ntwo\nthree'
    """
    return text.replace("\r\n", "\n").replace("\r", "\n")


def os_trouble(failure: OSError) -> str:
    """Say in a line what could not be read or written, and why.

    >>> os_trouble(OSError(28, "No space left on device", "release/hw1"))
    'release/hw1: No space left on device'
    """
    parts = failure.args[0] if failure.args else ""
    if isinstance(parts, list):  # shutil's: (from, to, why) of each file of a folder
        _, where, why = parts[0] if len(parts[0]) == 3 else ("", "", parts[0])
        more = f" (and {len(parts) - 1} more)" if len(parts) > 1 else ""
        # Its text has the error's number, and often the path once more.
        reason = str(why).rpartition("] ")[2].partition(": '")[0]
        return f"{where}: {reason}{more}"
    where = f"{failure.filename}: " if failure.filename else ""
    return f"{where}{failure.strerror or failure}"


def points_text(points: float) -> str:
    """Write points without a needless ``.0``.

    >>> points_text(3.0), points_text(2.5)
    ('3', '2.5')
    """
    return f"{points:g}"


def lesson_address(book: str, lesson: str) -> str:
    """Return where a lesson is in a course's book, or "" where there is no book.

    >>> lesson_address("https://course.example/lessons/{}.html", "02_softmax")
    'https://course.example/lessons/02_softmax.html'
    """
    return book.replace("{}", lesson) if book else ""


def counted(number: int, what: str) -> str:
    """Say how many there are of something.

    >>> counted(0, "problem"), counted(1, "problem"), counted(2, "problem")
    ('no problems', '1 problem', '2 problems')
    """
    return f"{number or 'no'} {what}{'s' * (number != 1)}"


def carried_text(points: float, carried: float, given: Sequence[str]) -> str:
    """Say what was carried forward, with both numbers.

    >>> carried_text(6.0, 4.0, ["softmax"])
    'Error carried forward: 4 of these 6 points are for what is right, given a correct softmax. \
On its own it has 2.'
    """
    return (
        f"Error carried forward: {points_text(carried)} of these {points_text(points)} points are "
        f"for what is right, given a correct {listed(given)}. "
        f"On its own it has {points_text(points - carried)}."
    )


def listed(names: Sequence[str]) -> str:
    """Write names as a sentence does.

    >>> listed(["softmax", "cce", "scores"])
    'softmax, cce and scores'
    """
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def spreadsheet_text(text: str) -> str:
    """Return text on one line that no spreadsheet takes for a formula.

    A leading apostrophe marks text; programs that read CSV for its values keep it.

    >>> spreadsheet_text("=1+1"), spreadsheet_text("O'Brien,\\nAnn")
    ("'=1+1", "O'Brien, Ann")
    """
    line = " ".join(printable(" ".join(text.split())).split())
    return f"'{line}" if line.startswith(tuple("=+-@＝＋－＠")) else line
