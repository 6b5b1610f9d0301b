"""A verdict as a person reads it: a card of HTML, and the same in plain text.

Every sentence comes from the catalogue or the judge; what a student wrote is
escaped.  Knows neither the sandbox nor the database.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from autograder.base.words import carried_text, points_text
from autograder.judging.judge import NOT_COUNTED

if TYPE_CHECKING:
    from autograder.catalogue.model import Exercise, Misconception
    from autograder.judging.judge import Finding, Verdict

# Mid-tones that are legible on white and on JupyterLab's dark background, and
# apart for colour-blind readers; a sign stands beside every colour.
HOLDS, FAILS, QUIET = "#3b82c4", "#c8690a", "#808080"
CELL, NUMBER = "text-align:left;padding:2px 8px", "text-align:right;padding:2px 8px"


def verdict_text(verdict: Verdict, exercise: Exercise | None = None) -> str:
    """Return a verdict in plain text, a line for each criterion.

    Parameters
    ----------
    verdict : what the judge found
    exercise : the catalogue's entry, for the words of a named mistake
    """
    lines = [
        f"{verdict.exercise}: {points_text(verdict.points)} of "
        f"{points_text(verdict.max_points)} points"
    ]
    for finding in verdict.findings:
        sign = "[ok]" if finding.passed else "[no]"
        sign = "[->]" if finding.carried else sign
        lines.append(f"{sign} {finding.criterion}: {finding.message}".rstrip(": "))
    if verdict.given:
        lines.append(_carried(verdict))
    for entry in named(verdict, exercise):
        lines.append(f"This looks like: {entry.name}. {entry.did} {_why(entry)}{entry.symptom}")
        lines.append(f"  Try: {entry.experiment}{_where(entry, exercise)}")
    if lesson := _unnamed_lesson(verdict, exercise):
        lines.append(lesson)
    return "\n".join(lines)


def verdict_html(verdict: Verdict, exercise: Exercise | None = None) -> str:
    """Return a verdict as a card; see `verdict_text`."""
    rows = []
    most = {one.name: one.points for one in exercise.criteria} if exercise is not None else {}
    for finding in verdict.findings:
        colour, sign = _sign(finding)
        rows.append(
            f'<tr><td style="color:{colour};font-weight:bold;white-space:nowrap;{CELL}">'
            f'{sign}</td><td style="{CELL}">{escape(finding.criterion)}</td>'
            f'<td style="{CELL}">{escape(finding.message)}</td>'
            f'<td style="white-space:nowrap;{NUMBER}">{points_text(finding.points)}'
            f"{f' of {points_text(most[name])}' if (name := finding.criterion) in most else ''}"
            "</td></tr>"
        )
    mistakes = "".join(
        f'<p style="border-left:3px solid {FAILS};padding:2px 8px;margin:6px 0">'
        f"<strong>This looks like: {escape(entry.name)}.</strong> {escape(entry.did)} "
        f"{escape(_why(entry))}{escape(entry.symptom)} "
        f"<em>Try:</em> {escape(entry.experiment)}{escape(_where(entry, exercise))}</p>"
        for entry in named(verdict, exercise)
    )
    if lesson := _unnamed_lesson(verdict, exercise):
        mistakes = f"<p>{escape(lesson)}</p>"
    carried = ""
    if verdict.given:
        carried = (
            f'<p style="border-left:3px solid {HOLDS};padding:2px 8px;margin:6px 0">'
            f"{escape(_carried(verdict))}</p>"
        )
    colour = HOLDS if verdict.passed else FAILS
    return (
        '<div class="verdict-card" role="group" '
        f'aria-label="Verdict on {escape(verdict.exercise)}" '
        f'style="border-left:4px solid {colour};padding:4px 12px;margin:4px 0">'
        f"<p><strong>{escape(verdict.exercise)}</strong>: "
        f"<strong>{points_text(verdict.points)}</strong> of "
        f"{points_text(verdict.max_points)} points</p>"
        '<table style="border-collapse:collapse;margin:0"><thead><tr>'
        f'<th scope="col" style="{CELL}">verdict</th><th scope="col" style="{CELL}">criterion</th>'
        f'<th scope="col" style="{CELL}">what was seen</th>'
        f'<th scope="col" style="{NUMBER}">points</th></tr></thead><tbody>'
        f"{''.join(rows)}</tbody></table>{carried}{mistakes}</div>"
    )


def _carried(verdict: Verdict) -> str:
    return carried_text(verdict.points, verdict.carried_points, verdict.given)


def _why(entry: Misconception) -> str:
    return f"Why it looks right: {entry.looks_right} " if entry.looks_right else ""


def _where(entry: Misconception, exercise: Exercise | None) -> str:
    lesson = entry.lesson or (exercise.lesson if exercise is not None else "")
    return f" See the lesson {lesson}." if lesson else ""


def _unnamed_lesson(verdict: Verdict, exercise: Exercise | None) -> str:
    """Return where to read on if something is wrong that has no name, or ""."""
    if exercise is None or verdict.passed or named(verdict, exercise) or not exercise.lesson:
        return ""
    return f"See the lesson {exercise.lesson}."


def _sign(finding: Finding) -> tuple[str, str]:
    if finding.carried:
        return HOLDS, "&#8618; holds then"
    if finding.passed:
        return HOLDS, "&#10003; holds"
    if finding.message.startswith(NOT_COUNTED):
        return QUIET, "&#8211; open"
    return FAILS, "&#10007; not yet"


def named(verdict: Verdict, exercise: Exercise | None) -> list[Misconception]:
    """Return the named mistakes of a verdict with the catalogue's words, each once."""
    if exercise is None:
        return []
    found = [finding.misconception for finding in verdict.findings if finding.misconception]
    entries = {entry.name: entry for entry in exercise.misconceptions}
    return [entries[name] for name in dict.fromkeys(found) if name in entries]
