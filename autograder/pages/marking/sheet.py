"""The table as CSV: written so that no spreadsheet spoils it, read as spreadsheets save it.

Nothing a student wrote is read back.  What tells rows apart is the column `row`: keyed hashes of
whose answer it is, of the answer, and of points and comment as they were when the table was made.
"""

from __future__ import annotations

import base64
import csv
import hmac
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from autograder.base.words import points_text, printable
from autograder.course.folder import CourseError
from autograder.gradebook.by_hand import Place
from autograder.pages.marking.answers import MARKED, Answer

COLUMNS = (
    *("student", "name", "question", "state", "answer", "scheme"),
    *("points", "max_points", "comment", "row"),
)
NEEDED = ("row", "points")
SEPARATORS = {",": ",", ";": ";", "tab": "\t"}
MAX_CELL = 30_000  # characters; a spreadsheet has room for 32,767 and spills the rest
LENGTHS = (12, 8, 6, 6)  # of the hashes in `row`
ROW = re.compile(rf"r([a-z2-7]{{{sum(LENGTHS)}}})", re.IGNORECASE)
FORMULA = "=+\\-@＝＋－＠"
GUARDED = re.compile(rf"'+[{FORMULA}]")
# Where a spreadsheet that takes another separator, or each line for a row, would begin a cell.
WITHIN = re.compile(rf"(?<=[\n,;\t|])(?=[\"']*[{FORMULA}])")
# What spreadsheets show in place of text that they took for a formula.
SPOILT = re.compile(r"#[A-ZÄÖÜ/0]{2,12}[!?]?|Err:\d{3}")


class Digests(NamedTuple):
    """What the column `row` holds."""

    who: str
    answer: str
    points: str
    comment: str


class Keys:
    """Makes the hashes of one assignment's rows; without the secret they tell nothing.

    Parameters
    ----------
    secret : the course's
    assignment : its name
    """

    def __init__(self, secret: bytes, assignment: str) -> None:
        self._secret, self._assignment = secret, assignment

    def who(self, place: Place) -> str:
        """Return what stands for one graded cell of one student."""
        return self._hash(LENGTHS[0], "who", *place)

    def answer(self, text: str) -> str:
        """Return what stands for an answer."""
        return self._hash(LENGTHS[1], "answer", text)

    def points(self, points: float | None) -> str:
        """Return what stands for points, as exactly as the table shows them."""
        return self._hash(LENGTHS[2], "points", "" if points is None else points_text(points))

    def comment(self, comment: str) -> str:
        """Return what stands for a comment."""
        return self._hash(LENGTHS[3], "comment", plain(comment))

    def row(self, answer: Answer) -> str:
        """Return what tells a row of the table from all others."""
        return "r" + "".join(
            (
                self.who(answer.place),
                self.answer(answer.text),
                self.points(answer.now.mark.points),
                self.comment(answer.now.comment),
            )
        )

    def _hash(self, length: int, *of: str) -> str:
        text = json.dumps(["marks", self._assignment, *of]).encode()
        digest = hmac.digest(self._secret, text, "sha256")
        return base64.b32encode(digest).decode().lower()[:length]


@dataclass(frozen=True)
class Row:
    """A row of a filled table.

    Parameters
    ----------
    where : the file and its row, as the spreadsheet counts
    digests : of its column `row`
    student : as it stands there, or "" where the table has no such column
    points : as they stand there
    comment : None where the table has no such column
    looked_at : it says that the points are given
    unicode : False where the file cannot hold every character
    """

    where: str
    digests: Digests
    student: str
    points: str
    comment: str | None
    looked_at: bool
    unicode: bool = True


def as_csv(
    answers: Iterable[Answer], keys: Keys, names: Mapping[str, tuple[str, str]], separator: str
) -> bytes:
    """Return the table as CSV, UTF-8 with the mark by which spreadsheets know it.

    Parameters
    ----------
    names : what stands for each student, and the name beside it
    separator : of `SEPARATORS`; with a semicolon numbers have a decimal comma
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=SEPARATORS[separator], lineterminator="\r\n")
    writer.writerow(COLUMNS)

    def number(points: float | None) -> str:
        shown = "" if points is None else points_text(points)
        return shown.replace(".", ",") if separator == ";" else shown

    for answer in answers:
        mark = answer.now.mark
        student, name = names[answer.place.student]
        shows = f"\n\n[it shows]\n{answer.shows}" if answer.shows else ""
        writer.writerow(
            (
                guarded(printable(student)),
                guarded(apart(printable(name))),
                guarded(answer.place.cell),
                answer.state,
                guarded(apart(cut(answer.text + shows))),
                guarded(apart(cut(answer.scheme))),
                number(mark.points),
                number(mark.max_score),
                guarded(lines(answer.now.comment)),
                keys.row(answer),
            )
        )
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def lines(text: str) -> str:
    """Return text in which nothing steers a terminal or turns lines round; line ends stay."""
    return "\n".join(map(printable, text.expandtabs(4).replace("\r\n", "\n").split("\n")))


def cut(text: str) -> str:
    """Return as much of a text as a spreadsheet's cell has room for."""
    text = lines(text)
    more = len(text) - MAX_CELL
    return text if more <= 0 else f"{text[:MAX_CELL]}\n[{more} more characters: see Formgrader]"


def apart(text: str) -> str:
    """Return text of which no part is a formula either, however a spreadsheet cuts it.

    >>> apart("softmax;=1+1")
    'softmax; =1+1'
    """
    return WITHIN.sub(" ", text)


def guarded(text: str) -> str:
    """Return text that no spreadsheet takes for a formula; `unguarded` undoes it.

    >>> guarded("=1+1"), guarded("'=1+1"), guarded("x=1")
    ("'=1+1", "''=1+1", 'x=1')
    """
    formula = re.match(rf"\s*'*[{FORMULA}]", text)
    return f"'{text}" if formula else text


def unguarded(text: str) -> str:
    """Undo `guarded`; text that a person wrote without it stays."""
    return text[1:] if GUARDED.match(text) or re.match(rf"'\s+'*[{FORMULA}]", text) else text


def plain(comment: str) -> str:
    """Return a comment as it is compared: line ends and blanks around it say nothing."""
    return lines(comment.replace("\r", "\n") if "\n" not in comment else comment).strip()


# --- Reading --------------------------------------------------------------------------------------


def read_csv(path: Path) -> tuple[list[Row], list[str]]:
    """Read a filled table.

    Returns
    -------
    its rows, and what is wrong with others, a sentence each

    Raises
    ------
    CourseError : it is no such table
    OSError : it cannot be read
    """
    name = printable(path.name)
    text, is_unicode = _decoded(path.read_bytes(), name)
    rows = _parsed(text, name)
    header = [column.strip().lower() for column in rows[0]]
    at = {column: header.index(column) for column in COLUMNS if column in header}
    found, problems = [], []
    for number, cells in enumerate(rows[1:], 2):
        where = f"{name} row {number}"

        def cell(column: str, cells: Sequence[str] = cells) -> str:
            place = at.get(column, len(cells))
            return cells[place] if place < len(cells) else ""

        if not any(map(str.strip, cells)):
            continue
        digests = ROW.fullmatch(cell("row").strip())
        if digests is None:
            problems.append(f"{where}: the column `row` is not as it was written; put it back")
            continue
        found.append(
            Row(
                where,
                _split(digests[1].lower()),
                unguarded(cell("student").strip()),
                cell("points").strip(),
                plain(unguarded(cell("comment").strip())) if "comment" in at else None,
                cell("state").strip().lower() == MARKED,
                is_unicode,
            )
        )
    return found, problems


def _split(digests: str) -> Digests:
    parts, first = [], 0
    for length in LENGTHS:
        parts.append(digests[first : first + length])
        first += length
    return Digests(*parts)


def _decoded(data: bytes, name: str) -> tuple[str, bool]:
    if data.startswith(b"PK"):
        raise CourseError(f"{name} is a spreadsheet's own file: save it as CSV (UTF-8)")
    codec = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    for one in (codec, "cp1252"):  # the last is what Excel's plain CSV is in
        try:
            return data.decode(one), one == codec
        except UnicodeDecodeError:
            continue
    raise CourseError(f"{name} is no text: save the table as CSV (UTF-8)")


def _parsed(text: str, name: str) -> list[list[str]]:
    for separator in SEPARATORS.values():
        try:
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
        except csv.Error as failure:
            raise CourseError(f"{name} cannot be read as CSV: {failure}") from None
        header = [column.strip().lower() for column in rows[0]] if rows else []
        if all(header.count(column) == 1 for column in NEEDED):
            return rows
    raise CourseError(
        f"{name} is no table of marks: its first line must have the columns "
        f"{' and '.join(NEEDED)}, once each, as `autograder marks ... --out` wrote them"
    )


def read_points(text: str) -> float | None:
    """Return points as a person writes them, or None where nothing stands there.

    Raises
    ------
    ValueError : that is no number

    >>> read_points("2,5"), read_points("'3 "), read_points("")
    (2.5, 3.0, None)
    """
    text = text.strip().removeprefix("'").strip()
    if not text:
        return None
    if not re.fullmatch(r"[+-]?\d*[.,]?\d+|[+-]?\d+[.,]", text):
        raise ValueError(text)
    points = float(text.replace(",", "."))
    if not math.isfinite(points):
        raise ValueError(text)
    return points
