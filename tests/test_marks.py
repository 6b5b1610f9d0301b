"""Marks by hand as a table: out, filled in by whatever spreadsheet, merged, and in again."""

from __future__ import annotations

import copy
import csv
import io
import json
import re
import shutil
import zipfile
from concurrent.futures import Executor
from pathlib import Path

import classes
import commanding
import databases
import nbformat
import pytest
from databases import sql
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell
from nbgrader.api import Grade, Gradebook
from sqlalchemy import event

from autograder.course.assignment import MasterCell
from autograder.course.folder import SECRET_FILE, label_of
from autograder.gradebook import GradebookStore
from autograder.gradebook.by_hand import HandMark, Place
from autograder.gradebook.cell_marks import CellMark
from autograder.nbgrader_plugin.formgrader import noting
from autograder.pages.feedback import ClassFeedback
from autograder.pages.marking.answers import PICTURE, read_answers

ANSWERS = {
    "ann": "=HYPERLINK(1)\nÜber die Größe: 2 < 3",
    "bob": '- a list;=1+1\n@more, "+quoted"\ttoo\x1b[2J',
    "Çetin": "Weil die Spalten\r\nsich zu 1 summieren.",
    "007": "x" * 40_000,
}
QUESTION = "written_shift"


def work(answer: str) -> bytes:
    notebook = nbformat.read(classes.NOTEBOOKS / "all-right.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == QUESTION:
            cell.source = answer
    return nbformat.writes(notebook).encode()


@pytest.fixture(scope="module")
def graded_once(
    released: Path, at_once: Executor, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    course = classes.copied(released, tmp_path_factory.mktemp("marks") / "course")
    for student, answer in ANSWERS.items():
        classes.hand_in(course, student, work(answer), collected=True)
    classes.hand_in(course, "eve", "untouched")
    classes.grade(course, at_once)
    return course


@pytest.fixture
def graded(graded_once: Path, tmp_path: Path) -> Path:
    return classes.copied(graded_once, tmp_path / "course")


def run(course: Path, *arguments: object) -> tuple[int, str, str]:
    return commanding.run("marks", "ps1", *arguments, "--course", course)


def out(course: Path, *options: object, name: str = "a.csv") -> Path:
    path = course / name
    path.unlink(missing_ok=True)
    code, said, beside = run(course, "--out", path, *options)
    assert (code, beside) == (0, ""), beside
    assert said.startswith("wrote ")
    return path


def rows_of(path: Path, separator: str = ",") -> list[dict[str, str]]:
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=separator))


def fill(
    path: Path,
    given: dict[str, dict[str, str]],
    to: Path | None = None,
    separator: str = ",",
    encoding: str = "utf-8-sig",
    written_with: str | None = None,
) -> Path:
    """Save a table as a spreadsheet does, with some cells filled in, by student."""
    rows = rows_of(path, separator)
    for row in rows:
        row.update(given.get(row["student"], {}))
    text = io.StringIO(newline="")
    separator = written_with or separator
    writer = csv.DictWriter(text, list(rows[0]), delimiter=separator, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    to = to or path
    to.write_bytes(text.getvalue().encode(encoding, "replace"))
    return to


def marks(course: Path) -> dict[str, tuple[float | None, bool, str]]:
    """Return of each answer a person's points, whether it waits, and the comment."""
    with GradebookStore.open(f"sqlite:///{course}/gradebook.db") as gradebook:
        return {
            place.student: (one.mark.manual_score, one.mark.waits, one.comment)
            for place, one in gradebook.hand_marks("ps1").items()
            if place.cell == QUESTION
        }


# --- The table ------------------------------------------------------------------------------------


def test_the_table_has_a_row_for_each_answer_that_a_person_marks(graded):
    path = graded / "a.csv"
    code, said, _ = run(graded, "--out", path)
    assert code == 0
    assert "4 answers, 4 of them to be marked" in said
    assert "1 answer left as released: 0 points, and not in the table" in said  # eve's
    rows = rows_of(path)
    assert [row["student"] for row in rows] == ["007", "ann", "bob", "Çetin"]
    assert {row["question"] for row in rows} == {QUESTION}
    assert {(row["points"], row["max_points"], row["comment"]) for row in rows} == {("", "4", "")}
    assert {row["state"] for row in rows} == {"to mark"}
    source = nbformat.read(graded / "source" / "ps1" / "ps1.ipynb", as_version=4)
    scheme = next(
        cell.source
        for cell in source.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == QUESTION
    )
    assert "### BEGIN SOLUTION" in scheme
    lines = [line for line in scheme.split("\n") if "SOLUTION" not in line]
    assert {row["scheme"] for row in rows} == {"\n".join(lines).strip()}
    assert rows[3]["answer"] == "Weil die Spalten\nsich zu 1 summieren."
    # More than a spreadsheet's cell has room for would spill into other cells.
    assert len(rows[0]["answer"]) < 32_767
    assert "more characters: see Formgrader" in rows[0]["answer"]


def test_excel_knows_the_encoding_and_no_cell_is_a_formula_however_it_is_cut(graded):
    sql(graded, "UPDATE student SET last_name = '=1+1;=1+1', first_name = '-x' WHERE id = 'ann'")
    data = out(graded).read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    text = data.decode("utf-8-sig")
    assert "Über die Größe: 2 < 3" in text
    assert "\x1b" not in text
    for delimiter in ",;\t|":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            for cell in row:
                for line in cell.split("\n"):
                    assert (
                        not line.lstrip("\"'").startswith(("=", "@", "+", "-")) or line[0] in "'"
                    ), line


def test_a_semicolon_is_for_spreadsheets_with_a_decimal_comma(graded):
    path = out(graded, "--separator", ";")
    filled = fill(path, {"ann": {"points": "2,5"}}, separator=";")
    assert run(graded, "--in", filled, "--yes")[0] == 0
    assert marks(graded)["ann"] == (2.5, False, "")
    again = out(graded, "--separator", ";", name="b.csv")
    assert {row["points"] for row in rows_of(again, ";") if row["student"] == "ann"} == {"2,5"}


def test_a_blind_table_has_no_identity_and_comes_in_again(graded):
    path = out(graded, "--blind")
    text = path.read_text("utf-8-sig")
    assert not any(name in text for name in ("ann", "bob", "Çetin", "007"))
    labels = [row["student"] for row in rows_of(path)]
    assert labels == sorted(labels)
    secret = (graded / SECRET_FILE).read_bytes()
    label = label_of(secret, "bob")
    code, said, _ = run(graded, "--in", fill(path, {label: {"points": "3"}}), "--yes")
    assert code == 0
    assert label in said
    assert "bob" not in said  # who marks blind is not told whom
    assert marks(graded)["bob"] == (3.0, False, "")
    assert marks(graded)["ann"] == (None, True, "")


def test_a_table_that_is_there_is_never_overwritten(graded):
    path = fill(out(graded), {"ann": {"points": "1"}})
    before = path.read_bytes()
    code, _, said = run(graded, "--out", path)
    assert code == 2
    assert "is there already, and marks may be in it" in said
    assert path.read_bytes() == before


def test_the_same_marks_give_the_same_bytes(graded):
    assert out(graded, name="a.csv").read_bytes() == out(graded, name="b.csv").read_bytes()


# --- In again -------------------------------------------------------------------------------------


def test_what_changes_is_shown_and_nothing_is_written_before_somebody_agrees(graded):
    path = fill(out(graded), {"ann": {"points": "3", "comment": "Gut: größer!"}})
    code, said, beside = run(graded, "--in", path)  # nobody answers
    assert code == 1
    assert "- -> 3 of 4" in said
    assert "Gut: größer!" in said
    assert "write 1 mark?" in said
    assert "nothing is written" in beside
    assert marks(graded)["ann"] == (None, True, "")
    code, said, beside = run(graded, "--in", path, "--yes")
    assert (code, beside) == (0, "")
    assert "wrote 1 mark" in said
    assert marks(graded) == {
        "007": (None, True, ""),
        "ann": (3.0, False, "Gut: größer!"),
        "bob": (None, True, ""),
        "eve": (None, False, ""),
        "Çetin": (None, True, ""),
    }
    code, said, _ = run(graded, "--in", path, "--yes")
    assert (code, said) == (0, "nothing to change: the gradebook has all of it already\n")


def test_a_table_as_it_was_written_changes_nothing(graded):
    sql(graded, "UPDATE grade SET manual_score = 1.0 / 3 WHERE auto_score IS NULL")
    sql(graded, "UPDATE comment SET manual_comment = '=- ''a\nlong one  '")
    for options in ((), ("--blind",), ("--separator", ";"), ("--separator", "tab")):
        code, said, _ = run(graded, "--in", out(graded, *options))
        assert (code, said) == (0, "nothing to change: the gradebook has all of it already\n")


@pytest.mark.parametrize(
    ("encoding", "separator"),
    [("utf-8", ";"), ("utf-16", "\t"), ("cp1252", ";"), ("utf-8-sig", ",")],
)
def test_it_is_read_as_spreadsheets_save_it(graded, encoding, separator):
    sql(graded, "UPDATE comment SET manual_comment = 'α is β' WHERE auto_comment IS NULL")
    path = out(graded)
    given = {
        "ann": {"points": "2,5", "comment": "Größe\nfehlt", "answer": "#NAME?", "scheme": ""},
        # Excel takes it for a number, and shows no noughts before it.
        "007": {"student": "7", "points": "4.0"},
    }
    fill(path, given, encoding=encoding, written_with=separator)
    code, _, beside = run(graded, "--in", path, "--yes")
    assert (code, beside) == (0, "")
    after = marks(graded)
    assert (after["ann"], after["007"]) == ((2.5, False, "Größe\nfehlt"), (4.0, False, "α is β"))
    assert after["bob"] == (None, True, "α is β")  # whatever the file could not hold


@pytest.mark.parametrize(
    ("student", "given", "said"),
    [
        ("ann", {"points": "4.5"}, "a.csv row 3: 4.5 points, of 0 to 4"),
        ("ann", {"points": "-1"}, "a.csv row 3: -1 points, of 0 to 4"),
        ("ann", {"points": "three"}, "a.csv row 3: 'three' is no number of points"),
        ("ann", {"points": "nan"}, "'nan' is no number"),
        ("ann", {"points": "1e0"}, "'1e0' is no number"),
        ("ann", {"row": "x"}, "a.csv row 3: the column `row` is not as it was written"),
        ("ann", {"row": "r" + "a" * 32}, "a.csv row 3: there is no such answer in this"),
        ("ann", {"student": "bob"}, "another student than bob: was one column sorted"),
        ("ann", {"comment": "#NAME?"}, "the spreadsheet took it for a formula"),
    ],
)
def test_what_cannot_be_is_named_and_then_nothing_at_all_is_written(graded, student, given, said):
    path = fill(out(graded), {student: given, "bob": {"points": "2"}})
    code, _, beside = run(graded, "--in", path, "--yes")
    assert code == 1
    assert said in beside
    assert "nothing is written" in beside
    assert marks(graded)["bob"] == (None, True, "")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no table of marks"),
        (b"student,points\nann,3\n", "columns row and points"),
        (b"row,points,points\n", "is no table of marks"),
        (b"PK\x03\x04", "is a spreadsheet's own file: save it as CSV"),
        (b"row\x8d,points\x81", "is no text"),
    ],
)
def test_another_file_is_no_table_and_said_so(graded, data, said):
    path = graded / "a.csv"
    path.write_bytes(data)
    code, _, beside = run(graded, "--in", path, "--yes")
    assert code == 2
    assert said in beside


def test_an_answer_that_was_handed_in_anew_is_not_marked_by_an_old_table(graded, at_once):
    path = fill(out(graded), {"ann": {"points": "3"}, "bob": {"points": "2"}})
    classes.hand_in(graded, "ann", work("Another answer."))
    classes.grade(graded, at_once)
    code, _, beside = run(graded, "--in", path, "--yes")
    assert code == 1
    assert "ann written_shift was handed in anew since the table was made" in beside
    assert marks(graded)["bob"][0] is None
    # Who is not marked in it may hand in what they like.
    assert run(graded, "--in", fill(path, {"ann": {"points": ""}}), "--yes")[0] == 0
    assert marks(graded)["bob"] == (2.0, False, "")


def test_work_that_is_not_graded_as_it_lies_there_is_not_marked(graded):
    path = fill(out(graded), {"ann": {"points": "3"}, "bob": {"points": "2"}})
    classes.hand_in(graded, "ann", work("Another answer."))
    code, _, beside = run(graded, "--in", path, "--yes")
    assert code == 1
    assert "a.csv row 3: ann's work was handed in again since it was graded: run" in beside
    assert marks(graded)["bob"][0] is None
    other = graded / "b.csv"
    code, said, beside = run(graded, "--out", other)
    assert code == 1
    assert "ann's ps1 was handed in again since it was graded: run `autograder grade" in beside
    assert "3 answers" in said
    assert "ann" not in {row["student"] for row in rows_of(other)}
    shutil.rmtree(graded / "submitted" / "bob")
    other.unlink()
    code, _, beside = run(graded, "--out", other)
    assert code == 1
    assert "bob's ps1 was graded and is no longer in submitted/" in beside


# --- Several people -------------------------------------------------------------------------------


def test_two_assistants_tables_merge(graded):
    path = out(graded)
    a = fill(path, {"ann": {"points": "3"}, "bob": {"points": "1"}}, graded / "b.csv")
    b = fill(path, {"bob": {"points": "1.0", "comment": "Why?"}, "Çetin": {"points": "4"}}, path)
    code, _, beside = run(graded, "--in", a, b, "--yes")
    assert (code, beside) == (0, "")
    after = marks(graded)
    assert after["ann"] == (3.0, False, "")
    assert after["bob"] == (1.0, False, "Why?")
    assert after["Çetin"] == (4.0, False, "")


def test_where_two_tables_disagree_both_are_named_and_nothing_is_written(graded):
    path = out(graded)
    a = fill(path, {"ann": {"points": "3"}, "bob": {"points": "1"}}, graded / "b.csv")
    b = fill(path, {"bob": {"points": "2"}})
    code, _, beside = run(graded, "--in", a, "--in", b, "--yes")
    assert code == 1
    assert (
        "bob written_shift: b.csv row 4 says 1 points, a.csv row 4 says 2 points: "
        "which one is right?" in " ".join(beside.split())
    )
    assert marks(graded)["ann"] == (None, True, "")


def test_what_somebody_else_gave_in_the_meantime_is_not_overwritten(graded):
    path = out(graded)
    by_formgrader = (
        "UPDATE grade SET manual_score = 1, needs_manual_grade = 0 WHERE id IN ("
        "SELECT g.id FROM grade g JOIN submitted_notebook n ON n.id = g.notebook_id"
        " JOIN submitted_assignment s ON s.id = n.assignment_id"
        " WHERE g.auto_score IS NULL AND s.student_id = 'ann')"
    )
    sql(graded, by_formgrader)
    code, _, beside = run(graded, "--in", fill(path, {"ann": {"points": "3"}}), "--yes")
    assert code == 1
    assert "a.csv row 3 says 3 points, and since it was made somebody gave 1 points" in beside
    # The others' rows, and one that says the same, are no conflict.
    fill(path, {"ann": {"points": "1"}, "bob": {"points": "2"}})
    assert run(graded, "--in", path, "--yes")[0] == 0
    assert (marks(graded)["ann"][0], marks(graded)["bob"][0]) == (1.0, 2.0)


def test_a_mark_given_between_the_question_and_the_answer_stops_the_writing(graded):
    from autograder.course.folder import CourseError
    from autograder.pages.marking import Filled

    filled = Filled(graded, "ps1", [fill(out(graded), {"ann": {"points": "3"}})])
    sql(graded, "UPDATE grade SET manual_score = 1 WHERE auto_score IS NULL")
    with pytest.raises(CourseError, match="changed by somebody else meanwhile; nothing was"):
        filled.write()
    assert marks(graded)["ann"][0] == 1.0


# --- Beside Formgrader ----------------------------------------------------------------------------


def test_marks_stay_when_the_class_is_graded_again_and_ask_for_another_look(graded, at_once):
    run(graded, "--in", fill(out(graded), {"ann": {"points": "3", "comment": "Good"}}), "--yes")
    classes.grade(graded, at_once, force=True)
    assert marks(graded)["ann"] == (3.0, True, "Good")
    path = out(graded)
    assert [row["state"] for row in rows_of(path) if row["student"] == "ann"] == ["look again"]
    # As Formgrader's button Resolve.
    code, said, _ = run(graded, "--in", fill(path, {"ann": {"state": "marked"}}), "--yes")
    assert code == 0
    assert "3 stay" in said
    assert marks(graded)["ann"] == (3.0, False, "Good")


def test_points_are_taken_back_as_in_formgrader(graded):
    run(graded, "--in", fill(out(graded), {"ann": {"points": "3", "comment": "Good"}}), "--yes")
    path = fill(out(graded), {"ann": {"points": "", "comment": ""}})
    code, said, _ = run(graded, "--in", path, "--yes")
    assert code == 0
    assert "3 -> - of 4" in said
    assert marks(graded)["ann"] == (None, True, "")


def test_extra_credit_stays_and_a_late_penalty_is_that_of_the_new_points(graded):
    config = graded / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nc.LatePenalties.percent_per_day = 10\n")
    sql(graded, "UPDATE assignment SET duedate = '2026-10-05 00:00:00.000000'")
    sql(graded, "UPDATE grade SET extra_credit = 1 WHERE auto_score IS NULL")
    run(graded, "--in", fill(out(graded), {"ann": {"points": "3"}}), "--yes")
    with GradebookStore.open(f"sqlite:///{graded}/gradebook.db") as gradebook:
        score = gradebook.scores("ps1")["ann"]
    assert score.cells[QUESTION].score == 4.0
    assert score.late_penalty == pytest.approx(0.1 * score.score)


def test_the_history_says_when_and_by_which_table(graded):
    run(graded, "--in", fill(out(graded), {"ann": {"points": "3", "comment": "x"}}), "--yes")
    code, said, _ = commanding.run("history", "ann", "--course", graded)
    assert code == 0
    last = said.splitlines()[-1]
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d [\d:]{8} ps1: written_shift 3 points and a comment, by hand \(a.csv\)",
        last,
    )
    assert "by hand ps1" not in said
    # One that Formgrader gave has no time.
    sql(graded, "UPDATE grade SET manual_score = 2 WHERE auto_score IS NULL")
    assert (
        "by hand ps1: written_shift 2 points"
        in commanding.run("history", "ann", "--course", graded)[1]
    )


def test_points_given_in_formgrader_are_noted_with_their_time(graded):
    try:
        for _ in range(2):  # settings are read more than once
            noting.note_what_people_give(graded)
        with Gradebook(f"sqlite:///{graded}/gradebook.db") as gradebook:
            for points in (3.0, 3.0, None, 2.5):
                grade = gradebook.find_grade(QUESTION, "ps1", "ps1", "ann")
                grade.manual_score = points
                gradebook.db.commit()
    finally:
        event.remove(Grade.manual_score, "set", noting._given)
    code, said, _ = commanding.run("history", "ann", "--course", graded)
    assert code == 0
    noted = [line.partition(" ps1: ")[2] for line in said.splitlines() if "Formgrader" in line]
    assert noted == [
        "written_shift 3 points, by hand (Formgrader)",
        "written_shift marks taken back, by hand (Formgrader)",
        "written_shift 2.5 points, by hand (Formgrader)",
    ]
    assert "by hand ps1" not in said


def test_wrong_use_says_what_to_do(graded):
    for arguments, words in (
        ((), "say one of them"),
        (("--out", "a", "--in", "b"), "say one of them"),
        (("--out", graded / "no" / "a.csv"), "there is no folder"),
        (("--out", "a", "--separator", "x"), "--separator is"),
    ):
        code, _, said = run(graded, *arguments)
        assert code == 2
        assert words in said
    code, _, said = run(graded, "--in", graded / "none.csv")
    assert code == 1
    assert "none.csv: No such file" in said
    code, _, said = commanding.run("marks", "ps9", "--out", "a", "--course", graded)
    assert code == 2
    assert "no assignment 'ps9'" in said


def test_nothing_graded_is_nothing_to_mark(course):
    code, said = commanding.refused("marks", "ps1", "--out", course / "a.csv", "--course", course)
    assert code == 2
    assert said == "nothing of ps1 is graded yet: run `autograder grade ps1` first"


def test_a_task_is_answered_in_the_cells_below_it_and_code_with_what_it_shows(tmp_path):
    given = databases.released()
    given.cells[4]["cell_type"] = "code"
    given.cells.append(new_markdown_cell("Below you may draw."))
    answered = copy.deepcopy(given)
    answered.cells[4] |= {
        "source": "print(1)",
        "outputs": [
            {"output_type": "stream", "name": "stdout", "text": ["1\n"]},
            {"output_type": "display_data", "data": {"image/png": "", "text/plain": "<Figure>"}},
        ],
    }
    answered.cells += [
        new_markdown_cell(" "),
        new_markdown_cell("My drawing", attachments={"a": {}}),
    ]
    given.cells[5].source += "\n### BEGIN MARK SCHEME\n2 for axes\n### END MARK SCHEME"
    for folder, notebook in (("source", given), ("release", given), ("autograded/ann", answered)):
        path = tmp_path / folder / "hw" / "hw.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook))
    owned = [cell for cell in given.cells if "nbgrader" in cell.metadata]
    keys = ("grade_id", "grade", "solution", "task")
    cells = [
        MasterCell(
            cell_type=cell.cell_type,
            source="",
            **{key: cell.metadata.nbgrader[key] for key in keys},
        )
        for cell in owned
    ]
    marks = {Place("ann", "hw", name): HandMark(CellMark(2.0)) for name in ("draw", "why")}
    why, draw = read_answers(tmp_path, "hw", {"hw": cells}, marks)
    assert (why.text, why.shows) == ("print(1)", f"1\n{PICTURE}")
    assert draw.text == f"My drawing\n{PICTURE}"
    assert "2 for axes" in draw.scheme
    assert why.is_for_people
    assert draw.is_for_people


# --- From a download to the page, whatever program a student worked in ----------------------------


# What became of the cell of the question, by who handed it in.
LOST = {
    "created anew": lambda _, text: [new_markdown_cell(text)],
    "typed below": lambda cell, text: [cell, new_markdown_cell(text)],
    "a raw cell": lambda cell, text: [{**new_raw_cell(text), "metadata": cell["metadata"]}],
    "raw and unmarked": lambda _, text: [new_raw_cell(text)],
    "a code cell": lambda cell, text: [{**new_code_cell(text), "metadata": cell["metadata"]}],
    "a comment below": lambda cell, text: [cell, new_code_cell(f"# {text}")],
    "words as code": lambda cell, text: [cell, new_code_cell(text)],
    "colab": lambda cell, text: [
        {
            "cell_type": "markdown",
            "source": [text],
            "metadata": {**cell["metadata"], "id": "aB3_x", "colab_type": "text"},
        }
    ],
    "vs code": lambda cell, text: [
        {**cell, "source": text, "metadata": {**cell["metadata"], "vscode": {"languageId": "md"}}}
    ],
}


def work_of(kind: str) -> bytes:
    """Return a notebook in which the answer stands as one of these programs leaves it."""
    notebook = json.loads((classes.NOTEBOOKS / "untouched.ipynb").read_bytes())
    cells = []
    for cell in notebook["cells"]:
        asked = cell["metadata"].get("nbgrader", {}).get("grade_id") == QUESTION
        cells += LOST[kind](cell, f"The shift cancels out, says {kind}") if asked else [cell]
    if kind == "colab":  # saves format 4.0, without ids, and its own metadata
        notebook["nbformat_minor"] = 0
        notebook["metadata"] = {"colab": {"provenance": []}, "kernelspec": {"name": "python3"}}
        for cell in cells:
            cell.pop("id", None)
    return json.dumps({**notebook, "cells": cells}).encode()


def test_a_written_answer_goes_from_the_download_to_the_page_wherever_it_was_typed(
    released, tmp_path, at_once, in_process, monkeypatch
):
    monkeypatch.setattr(
        ClassFeedback, "run", lambda self, _: (one for one in (*self.settled, *self.on(at_once, 1)))
    )
    course = classes.copied(released, tmp_path / "course")
    who = {f"s{number}": kind for number, kind in enumerate(LOST)}
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as made:
        for number, (student, kind) in enumerate(who.items()):
            folder = f"{student}_{number}_assignsubmission_file"
            made.writestr(f"{folder}/ps1 ({number}).ipynb", work_of(kind))
    (tmp_path / "students.csv").write_text("\n".join(["id,first_name", *(f"{s},{s}" for s in who)]))
    given = ("--roster", tmp_path / "students.csv", "--course", course)
    assert commanding.run("collect", "ps1", tmp_path / "d.zip", *given)[0] == 0
    assert commanding.run("grade", "ps1", "--course", course)[0] == 0
    path = out(course)
    rows = {row["student"]: row for row in rows_of(path)}
    for student, kind in who.items():
        assert f"The shift cancels out, says {kind}" in rows[student]["answer"], kind
    fill(path, {student: {"points": "2", "comment": f"For {student}."} for student in who})
    assert run(course, "--in", path, "--yes")[0] == 0
    code, _, said = commanding.run("feedback", "ps1", "--zip", "moodle", "--course", course)
    assert (code, "wait" in said) == (0, False)
    with zipfile.ZipFile(course / "feedback-ps1-moodle.zip") as packed:
        for number, (student, kind) in enumerate(who.items()):
            page = packed.read(f"{student}_{number}_assignfeedback_file_/ps1.html").decode()
            assert f"says {kind}" in page
            assert f"For {student}." in page
