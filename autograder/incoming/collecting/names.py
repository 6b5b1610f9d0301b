"""Names of people as systems write them: umlauts, apostrophes, first name first or last.

Knows neither rosters nor files.
"""

from __future__ import annotations

import re
import unicodedata

# Straight and curly ones, and the accents that stand for one; systems drop them or turn them.
APOSTROPHES = dict.fromkeys(map(ord, "'\u2018\u2019\u201b\u02bc\u02b9\u02bb`\u00b4\u2032"))
# Letters with two spellings in plain ones: the second is the letter without its sign.
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)
ESCAPED = re.compile("#U([0-9a-fA-F]{4})")  # how `unzip` writes what it has no letter for


def folded(text: str) -> str:
    """Return a text without the differences that mean nothing: case, apostrophes, composition.

    >>> folded("O\u2019BRIEN") == folded("O'Brien")
    True
    """
    text = ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold()).translate(
        APOSTROPHES
    )


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name in an order of their own.

    >>> words_of("Müller, Anna-Lena") == words_of("Anna Lena MÜLLER")
    True
    """
    return tuple(sorted(_words(folded(name))))


def spellings(name: str) -> frozenset[tuple[str, ...]]:
    """Return the words of a name in plain letters, with umlauts written out and without.

    >>> sorted(spellings("Jan Müller"))
    [('jan', 'mueller'), ('jan', 'muller')]
    """
    return frozenset(tuple(sorted(_words(text))) for text in _plain(name))


def run_together(name: str) -> frozenset[str]:
    """Return a name without spaces, beginning at any of its words.

    >>> sorted(run_together("Ann Müller"))
    ['annmüller', 'müllerann']
    """
    words = _words(folded(name))
    return frozenset("".join(words[at:] + words[:at]) for at in range(len(words)))


def plain_together(name: str) -> frozenset[str]:
    """Return `run_together` in plain letters, with umlauts written out and without."""
    return frozenset(whole for text in _plain(name) for whole in run_together(text))


def _plain(name: str) -> tuple[str, str]:
    text = folded(name)
    return _without_marks(text.translate(UMLAUTS)), _without_marks(text.translate(LETTERS))


def _without_marks(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.translate(LETTERS))
    return "".join(char for char in parts if not unicodedata.combining(char))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text)
