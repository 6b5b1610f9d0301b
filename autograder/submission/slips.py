"""Slips of typing that keep a cell from running, in words: an odd space, a curly quotation mark.

Python names what it could not read; this says what is on the screen and what to
do.  Reads text alone: nothing is run or parsed.  Knows no exercise.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from autograder.base.words import listed, printable

MAX_LINE = 500  # characters of a line that are looked at
MAX_SAID = 200
MAX_LINES = 3  # lines that are named where several have the same slip
CANNOT_BE_READ = ("SyntaxError", "IndentationError", "TabError")

MARKS = re.compile(r"<{7}( |$)|={7}$|>{7}( |$)|\|{7}( |$)")
# What editors, web pages and keyboards put in the place of what Python reads.
LOOKALIKES = {
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb", ("a curly quotation mark", '"')),
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u00b4", ("a curly quotation mark", "'")),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", ("a dash", "-")),
    **dict.fromkeys("\u00d7\u2217\u22c5\u00b7", ("a sign for times", "*")),
    "\u00f7": ("a sign for division", "/"),
    "\u2026": ("one character for three dots", "..."),
}
# What Python 2 read: a pattern of a line, and what it is.
PYTHON_2 = (
    (r"\s*print\b(?!\s*[(=.\[])", "Python 2's print: write print(...)"),
    (r"\s*except\s+[\w.]+\s*,\s*\w+\s*:", "Python 2's except: write except Error as e"),
    (r"\s*raise\s+[\w.]+\s*,", "Python 2's raise: write raise Error(...)"),
    (r"\s*exec\s+[\"'\w]", "Python 2's exec: write exec(...)"),
    (r"[^#\"']*<>", "Python 2's <>: write !="),
    (r"[^#\"']*`", "a backtick, which Python 3 does not read"),
)
PYTHON_2_NAMES = {
    "xrange": "range",
    "raw_input": "input",
    "unicode": "str",
    "long": "int",
    "unichr": "chr",
    "basestring": "str",
    "reduce": "functools.reduce",
}


def said_of_error(error: str, text: str, source: str, line: int | None = None) -> str:
    """Return an error in words, with its line and, where one is to be seen, the slip behind it.

    Parameters
    ----------
    error, text : name and text of the exception, as the cell gave them
    source : of the cell
    line : where it was raised, if the text does not say so

    >>> said_of_error("SyntaxError", "invalid syntax (<cell 4>, line 2)", "x\\nprint x")
    "SyntaxError at line 2: line 2 has Python 2's print: write print(...)"
    """
    line = line_of(text) or line
    at = f" at line {line}" if line is not None else ""
    words = slip(error, text, source, line) or told(text)
    return f"{printable(error[:60])}{at}{': ' if words else ''}{words}"


def told(text: str) -> str:
    """Return the first line of an error's text, without places that tell a student nothing."""
    first = next(iter(text[: 4 * MAX_SAID].splitlines()), "")
    first = re.sub(r"\(<[^<>()]{0,40}>, line \d+\)|\(/[^()]{0,300}\)", "", first)
    return printable(" ".join(first.split()))[:MAX_SAID]


def line_of(text: str) -> int | None:
    """Return the line that the text of a syntax error names.

    >>> line_of("invalid syntax (<cell 4>, line 2)"), line_of("x")
    (2, None)
    """
    found = re.search(r"\(<[^<>()]{0,40}>, line (\d{1,6})\)", text[:2000])
    return int(found[1]) if found else None


def slip(error: str, text: str, source: str, line: int | None) -> str:
    """Return in words the slip of typing that explains an error; empty where none is seen."""
    if error == "NameError":
        found = re.match(r"name '(\w{1,20})' is not defined", text)
        newer = PYTHON_2_NAMES.get(found[1]) if found else None
        return f"{found[1]} is Python 2's: write {newer}" if found and newer else ""
    if error not in CANNOT_BE_READ:
        return ""
    lines = [row[:MAX_LINE] for row in source.splitlines()]
    marks = [number for number, row in enumerate(lines, start=1) if MARKS.match(row)]
    if any(lines[number - 1].startswith(("<<<<<<<", ">>>>>>>")) for number in marks):
        return (
            f"{_lines(marks)} the marks of a merge conflict (<<<<<<<, =======, >>>>>>>): keep one "
            "of the two versions, and delete the marks"
        )
    here = lines[line - 1] if line is not None and 0 < line <= len(lines) else ""
    return _odd(text, lines, here) or _tabs(error, lines, line) or _python_2(text, here, line)


def _odd(text: str, lines: list[str], here: str) -> str:
    """Name a character that looks like another, or like nothing."""
    named = re.search(r"\(?U\+([0-9A-F]{4,6})\)?", text[:500])
    if named:
        odd = chr(int(named[1], 16))
    elif "unterminated" in text:
        odd = next((char for char in here if char in LOOKALIKES), "")
    else:
        odd = next((char for char in _indent(here) if char not in " \t\f"), "")
    if not odd:
        return ""
    rows = [number for number, row in enumerate(lines, start=1) if odd in row]
    return f"{_lines(rows)} {_character(odd)}" if rows else ""


def _character(char: str) -> str:
    code = f"U+{ord(char):04X}"
    if char in LOOKALIKES:
        what, meant = LOOKALIKES[char]
        return f"{what} ({code}) where {meant} is meant: retype it"
    if char == "\u00a0":
        return f"a no-break space ({code}) where a space is meant: retype it"
    if unicodedata.category(char) == "Zs":
        return f"an unusual space ({code}) where a space is meant: retype it"
    if unicodedata.category(char) in ("Cf", "Cc", "Co", "Cn"):
        return f"an invisible character ({code}): delete the line and type it anew"
    plain = unicodedata.normalize("NFKC", char)
    if plain != char and plain.isascii() and len(plain) == 1:
        return f"a full-width {plain} ({code}) where {plain} is meant: retype it"
    return f"a character that Python does not read there ({code}): retype it"


def _tabs(error: str, lines: list[str], line: int | None) -> str:
    """Name tabs and spaces in one cell, where the error is one of the indentation."""
    if error == "SyntaxError":
        return ""
    tabs = [number for number, row in enumerate(lines, start=1) if "\t" in _indent(row)]
    spaces = any(" " in _indent(row) for row in lines)
    if not tabs or not spaces:
        return ""
    if line in tabs:
        tabs = [line, *(number for number in tabs if number != line)]
    be = "are" if len(tabs) > 1 else "is"
    numbers = _numbers(tabs)
    return f"{numbers} {be} indented with tabs, others with spaces: use spaces alone"


def _python_2(text: str, here: str, line: int | None) -> str:
    if "multiple exception types" in text:
        return f"line {line} has Python 2's except: write except Error as e"
    said = (words for pattern, words in PYTHON_2 if re.match(pattern, here))
    found = next(said, "")
    if not found and "leading zeros in decimal" in text:
        found = "a number that begins with 0, which Python 3 does not read"
    return f"line {line} has {found}" if found else ""


def _indent(row: str) -> str:
    """Return the characters before the first that is to be seen."""
    seen = re.search(r"[^\s\u200b-\u200f\u2060\ufeff]", row)
    return row[: seen.start()] if seen else ""


def _numbers(lines: list[int]) -> str:
    shown = [str(number) for number in sorted(lines[:MAX_LINES])]
    if len(lines) > MAX_LINES:
        return f"lines {', '.join(shown)} and others"
    return f"line{'s' if len(shown) > 1 else ''} {listed(shown)}"


def _lines(lines: list[int]) -> str:
    return f"{_numbers(lines)} {'have' if len(lines) > 1 else 'has'}"


# --- What is not written ------------------------------------------------------------------------

NOTHING = re.compile(
    r"(pass|\.\.\.|Ellipsis|return(\s*\(?\s*(None|\.\.\.|NotImplemented)?\s*\)?)"
    r"|raise NotImplementedError\b.*|assert (False|0)\b.*|print\(.*(?i:implement|to-?do).*\)"
    r"|(global|nonlocal) .*|self\.\w+\s*=\s*None)$"
)
BEGINS = re.compile(r"[ \t]*(async |def |class |@|#)")
# What stands for something to be filled in wherever it stands.
BLANK = re.compile(
    r"(?<!\w)_{3,}(?![\w.])|\?{2,}|(=|return) (__|\.\.\.)$"
    r"|<(?=\w)[^<>=]{0,40}\b(?i:fill|code|to-?do|here|answer|your)\b[^<>=]{0,40}(?<=\w)>"
)
# What templates say where something is to be filled in, and what then stands there.
TO_FILL_IN = re.compile(
    r"(?i)your (own )?(code|implementation|solution|answer)|\bto-?do\b|start code here"
    r"|fill (this )?in|fix ?me\b|code here|implement (this|me|here|the)|complete (this|the)"
    r"|write (your|the)|insert (your )?code|tu c[oó]digo|seu c[oó]digo|votre code|dein code"
    r"|escrib[ae]|completar|"
    r"[àa] compl[ée]ter|à vous|hier ergänzen"
)
LEFT_OPEN = re.compile(
    r"(pass|\.\.\.|None|raise NotImplementedError\b.*|return( None| \.\.\.)?"
    r"|[\w.,\[\]: ]{1,60}=\s*(None|\.\.\.|_+|\?+)?|_{2,}|\?+)$"
)


def blocks(source: str, name: str) -> list[str]:
    """Return the text of each function or class of this name, from its first line to its last.

    >>> blocks("x = 1\\ndef f(a):\\n    return a\\ny = 2", "f")
    ['def f(a):\\n    return a']
    """
    if name not in source:
        return []
    start = re.compile(rf"([ \t]*)(?:async[ \t]+)?(?:def|class)[ \t]+{re.escape(name)}\b")
    rows, found, i = source.splitlines(), [], 0
    while i < len(rows):
        head = start.match(rows[i][:MAX_LINE])
        i += 1
        if head is None:
            continue
        block, depth, signed = [rows[i - 1]], _depth(rows[i - 1]), len(head[1])
        while i < len(rows) and (depth > 0 or _inside(rows[i], signed)):
            depth += _depth(rows[i]) if depth > 0 else 0
            block.append(rows[i])
            i += 1
        if len(block) == 1 and depth == 0 and not _body(block[0]).strip():
            # Its body may stand at the margin, up to what begins something else.
            while i < len(rows) and rows[i].strip() and not BEGINS.match(rows[i][:MAX_LINE]):
                block.append(rows[i])
                i += 1
        found.append("\n".join(block).rstrip())
    return found


def _depth(row: str) -> int:
    return sum(map(row.count, "([{")) - sum(map(row.count, ")]}"))


def _inside(row: str, indent: int) -> bool:
    bare = row.strip()
    # A comment may stand anywhere, and says by itself nothing of where a body ends.
    return not bare or len(row) - len(row.lstrip()) > indent or bare.startswith("#")


def does_nothing(block: str) -> bool:
    """Tell whether a function, or a class with its methods, was left as it was found.

    >>> does_nothing("def f(x):\\n    return  # TODO"), does_nothing("def f(x):\\n    x + 1")
    (True, False)
    """
    return all(NOTHING.match(statement) for statement in statements(block))


def left_open(block: str) -> bool:
    """Tell whether a function is a template in which something is not filled in.

    >>> left_open("def f(x):\\n    # YOUR CODE HERE\\n    y = None\\n    return y")
    True
    """
    if does_nothing(block):
        return True
    if _nothing_follows(block):
        return True
    rows = list(statements(block))
    if any(map(BLANK.search, rows)) or _returned_as_begun(block, rows):
        return True
    comments = (row.partition("#")[2] for row in block.splitlines() if "#" in row)
    if not any(TO_FILL_IN.search(comment[:MAX_LINE]) for comment in comments):
        return False
    # A constant, or what it was given, in the place of an answer.
    bare = (
        re.fullmatch(r"return \(?(-?[\d.]+|\w+|np\.zeros\w*\(.*\))\)?", rows[-1]) if rows else None
    )
    if bare and (len(rows) == 1 or not bare[1].isidentifier()):
        return True
    return any(map(LEFT_OPEN.match, rows))


def _returned_as_begun(block: str, rows: list[str]) -> bool:
    """Tell whether an array of zeros, or nothing, is returned, and a comment stands between."""
    begun = re.fullmatch(r"(\w+) = (None|0(\.0*)?|\[\]|np\.(zeros|empty)\w*\(.*\))", rows[0])
    if len(rows) != 2 or begun is None or rows[1] != f"return {begun[1]}":
        return False
    before = block.rstrip().splitlines()[-2:-1]
    return bool(before) and before[0].strip().startswith("#")


def _nothing_follows(block: str) -> bool:
    """Tell whether right after "your code here" the answer is returned, or there is no more."""
    waits = False
    for row in (row.strip()[:MAX_LINE] for row in block.splitlines()):
        if row.startswith("#") or not row:
            if re.search(r"(?i)\bend\b", row) and waits:
                return True
            if re.search(r"(?i)your code|start code|code (goes )?here", row):
                waits = not re.search(r"(?i)\bend\b", row)
        elif waits:
            if re.fullmatch(r"return [\w.]+", row):
                return True
            waits = False
    return waits


def statements(block: str) -> Iterator[str]:
    """Yield the lines of a block that do something: no heads, texts by themselves or comments."""
    text = re.sub(r"(?m)^[ \t]*[rRuUbB]{0,2}(\"\"\"|''')[\s\S]*?\1", "", _body(block))
    for row in text.splitlines():
        row = row.strip()[:MAX_LINE]
        row = _body(row) if re.match(r"(async\s+)?(def|class)\s", row) else row
        for part in re.sub(r"#.*", "", row).split(";"):
            if part.strip() and not re.fullmatch(r"\s*[rRuU]?(\"[^\"]*\"|'[^']*')\s*", part):
                yield part.strip()


def _body(block: str) -> str:
    """Return what follows the head of a function, which may be of several lines.

    A head may lack its colon: then it ends with its line.
    """
    depth = 0
    for place, char in enumerate(block):
        depth += (char in "([{") - (char in ")]}")
        if char in ":\n" and depth == 0:
            return block[place + 1 :]
    return ""
