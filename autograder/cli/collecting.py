"""What `autograder collect` prints: who was matched how, who could be several, who is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from autograder.base.words import counted, printable
from autograder.incoming.collecting.collect import (
    CORRECTED,
    NEW,
    OLDER,
    REPLACED,
    SAME,
    Collected,
)

HEADINGS = ("student", "in the download", "matched by", "handed in", "")
WORDS = {
    NEW: "new",
    REPLACED: "newer than before",
    CORRECTED: CORRECTED,
    SAME: "the same as before",
    OLDER: "older",
}


def table_of(found: Collected) -> Table:
    """Return a row for each hand-in, those with trouble last."""
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for heading in HEADINGS:
        table.add_column(heading, overflow="fold")
    for row in found.rows:
        cells = (row.student, row.sent, row.how, row.at.removesuffix(" UTC"), row.outcome)
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table


def summary_of(found: Collected) -> Iterator[str]:
    """Yield how many became what, and who is missing."""
    took = Counter(row.outcome for row in found.rows if not row.trouble)
    parts = [f"{took[outcome]} {word}" for outcome, word in WORDS.items() if took[outcome]]
    trouble = sum(row.trouble for row in found.rows)
    parts += [f"{trouble} not collected"] if trouble else []
    yield f"{found.system}: {counted(len(found.rows), 'hand-in')} ({', '.join(parts)})"
    if found.missing:
        yield f"handed in nothing: {', '.join(map(printable, found.missing))}"
