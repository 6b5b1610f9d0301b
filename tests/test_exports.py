"""The files for Canvas and Moodle hold each score, for the right student, and no formula."""

from __future__ import annotations

import csv
import datetime
import io
from pathlib import Path

import classes
import commanding
import pytest
from databases import result, sql
from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin
from running import PROGRAMS, ended, start

from autograder.course.late_penalties import LatePolicy
from autograder.gradebook import GradebookStore
from autograder.pages.exports import EXPORTERS
from autograder.submission.graded_cells import GradedCell, GradedSubmission

# id, first name, last name, email, LMS id
ROSTER = (
    ("ann", "Ann", "O'Brien, Jr.", "ann@example.org", "1001"),
    ("bo", 'Bo "the \u2028second"', "\u00c5str\u00f6m;", "bo@example.org", "1002"),
    ("eve", "Eve\nX", '=HYPERLINK("http://x.example")', "+eve@example.org", "@1003"),
    ("-f", "\t-2+3", "+1", "f@example.org", None),
    ("nobody", None, None, None, None),
)
DUE = "2026-10-05 12:00:00.000000"
LATE = datetime.datetime(2026, 10, 6, 11)


@pytest.fixture
def graded(course: Path) -> Path:
    """A course with a roster: ann is late, bo has marks of a person, nobody handed in nothing."""
    sql(course, "INSERT INTO student VALUES " + ",".join(["(?, ?, ?, ?, ?)"] * 5), *sum(ROSTER, ()))
    sql(course, "UPDATE assignment SET duedate = ?", DUE)

    def work(student: str, softmax: float, when: datetime.datetime | None) -> GradedSubmission:
        cells = {
            "grade_softmax": GradedCell(softmax), "grade_scores": GradedCell(3.0),
            "grade_add_bias": GradedCell(1 / 3), "written_shift": GradedCell(None, True),
        }  # fmt: skip
        return result(student, when, cells)

    works = [
        work("ann", 8.0, LATE),
        work("bo", 2.5, None),
        work("eve", 0, None),
        work("-f", 8, None),
    ]
    path = course / "nbgrader_config.py"
    path.write_text(path.read_text() + "\nc.LatePenalties.points_per_day = 2\n")
    for one in works:
        folder = classes.hand_in(course, one.student).parent
        if one.timestamp is not None:
            (folder / "timestamp.txt").write_text(f"{one.timestamp} UTC")
        classes.note_as_graded(course, one.student)
    late = LatePolicy(points_per_day=2)
    with GradebookStore.open(f"sqlite:///{course / 'gradebook.db'}") as store:
        store.write(works, lambda student, score, seconds: late.penalty(score, seconds))
    written = "SELECT id FROM base_cell WHERE name = 'written_shift' AND type = 'GradeCell'"
    bo = """SELECT n.id FROM submitted_notebook n JOIN submitted_assignment a
        ON a.id = n.assignment_id WHERE a.student_id = 'bo'"""
    sql(
        course,
        "UPDATE grade SET manual_score = 3.5, extra_credit = 0.25, needs_manual_grade = 0"
        f" WHERE cell_id = ({written}) AND notebook_id = ({bo})",
    )
    return course


def run(*arguments: object) -> tuple[int, str, str]:
    return commanding.run("export", *arguments)


def exported(course: Path, to: str) -> list[list[str]]:
    """Export, and read the file back as any reader of CSV does."""
    path = course / "out.csv"
    code, output, _ = run("ps1", "--to", to, "--output", path, "--course", course)
    assert (code, output) == (0, f"wrote {path}\n")
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


# --- What is in the files -------------------------------------------------------------------------


def test_canvas_reads_back_each_score_with_ids_and_names(graded):
    assert exported(graded, "canvas") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "ps1"],
        ["    Points Possible", "", "", "", "", "18"],
        ["nobody", "", "", "nobody", "", ""],
        ["'+1, -2+3", "", "", "'-f", "", "11.33"],
        ['\'=HYPERLINK("http://x.example"), Eve X', "'@1003", "", "eve", "", "3.33"],
        ["O'Brien, Jr., Ann", "1001", "", "ann", "", "9.33"],
        ['\u00c5str\u00f6m;, Bo "the second"', "1002", "", "bo", "", "9.58"],
    ]


def test_moodle_reads_back_each_score_and_a_dash_where_there_is_none(graded):
    real = "Assignment: ps1 (Real)"
    formula = '\'=HYPERLINK("http://x.example")'
    assert exported(graded, "moodle") == [
        ["First name", "Last name", "ID number", "Email address", "Username", real],
        ["", "", "", "", "nobody", "-"],
        ["'-2+3", "'+1", "", "f@example.org", "'-f", "11.33"],
        ["Eve X", formula, "'@1003", "'+eve@example.org", "eve", "3.33"],
        ["Ann", "O'Brien, Jr.", "1001", "ann@example.org", "ann", "9.33"],
        ['Bo "the second"', "\u00c5str\u00f6m;", "1002", "bo@example.org", "bo", "9.58"],
    ]


@pytest.mark.parametrize("to", ["canvas", "moodle"])
def test_no_cell_is_a_formula_to_a_spreadsheet(graded, to):
    header, *rows = exported(graded, to)
    cells = [cell.lstrip() for row in rows for cell in row if cell != "-"]
    assert [cell for cell in cells if cell[:1] in set("=+-@") and cell] == []
    assert len({len(row) for row in (header, *rows)}) == 1


def test_canvas_own_ids_may_be_those_of_the_registry(graded):
    path = graded / "nbgrader_config.py"
    path.write_text(path.read_text() + '\nc.CanvasExporter.lms_user_id = "SIS User ID"\n')
    assert exported(graded, "canvas")[5][:4] == ["O'Brien, Jr., Ann", "", "1001", "ann"]


def test_an_assignment_may_be_called_in_canvas_as_it_is_there(graded):
    path = graded / "nbgrader_config.py"
    path.write_text(path.read_text() + '\nc.CanvasExporter.titles = {"ps1": "Aufgabe 1 (4711)"}\n')
    assert exported(graded, "canvas")[0][-1] == "Aufgabe 1 (4711)"
    path.write_text(path.read_text() + '\nc.CanvasExporter.titles = {"ps1": 3}\n')
    code, said = commanding.refused("export", "ps1", "--to", "canvas", "--course", graded)
    assert (code, "CanvasExporter.titles is a table" in said) == (2, True)


def test_nbgraders_csv_has_nbgraders_columns_and_no_name_moves_or_is_a_formula(graded):
    header, *rows = exported(graded, "csv")
    lines = {line[3].lstrip("'"): dict(zip(header, line, strict=True)) for line in rows}
    ann, eve = lines["ann"], lines["eve"]
    assert (ann["last_name"], ann["first_name"]) == ("O'Brien, Jr.", "Ann")
    assert ann["late_submission_penalty"] == "2.0"
    assert float(ann["score"]) == pytest.approx(9 + 1 / 3)
    assert eve["last_name"] == '\'=HYPERLINK("http://x.example")'
    assert [lines["nobody"][name] for name in ("raw_score", "score", "max_score")] == [
        "",
        "",
        "18.0",
    ]
    assert set(lines) == {"ann", "bo", "eve", "-f", "nobody"}


def test_where_names_need_no_quotes_nbgraders_csv_is_nbgraders_own(graded, tmp_path):
    sql(graded, "DELETE FROM student WHERE id IN ('nobody', '-f')")
    sql(graded, "UPDATE student SET first_name = 'Zo\u00eb', last_name = NULL, email = NULL")
    exported(graded, "csv")
    with Gradebook(f"sqlite:///{graded / 'gradebook.db'}") as gradebook:
        CsvExportPlugin(to=str(tmp_path / "own.csv"), assignment=["ps1"]).export(gradebook)
    assert (graded / "out.csv").read_bytes() == (tmp_path / "own.csv").read_bytes()


def test_several_assignments_are_columns_in_the_order_asked_for(graded):
    sql(graded, "INSERT INTO assignment (id, name, course_id) VALUES ('2', 'a2', 'x')")
    (graded / "source" / "a2").mkdir()
    (graded / "source" / "a2" / "a2.ipynb").write_text("{}")
    code, _, said = run("a2", "ps1", "--to", "canvas", "--course", graded)
    assert (code, "nothing of a2 is graded yet" in said) == (2, True)
    sql(graded, "INSERT INTO submitted_assignment VALUES ('3', '2', 'ann', NULL, NULL)")
    code, _, _ = run("a2", "ps1", "a2", "--to", "canvas", "--course", graded)
    lines = (graded / "grades-canvas.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].endswith("Section,a2,ps1")
    assert lines[5].endswith(",ann,,0,9.33")


def test_the_same_scores_give_the_same_bytes(graded):
    files = []
    for _ in range(2):
        exported(graded, "canvas")
        files.append((graded / "out.csv").read_bytes())
    assert files[0] == files[1]
    assert b"\r" not in files[0]


# --- nbgrader's own command -----------------------------------------------------------------------


@pytest.mark.parametrize("to", ["canvas", "moodle"])
def test_nbgrader_export_writes_the_same_file(graded, to):
    exported(graded, to)
    exporter = f"autograder.pages.exports.{EXPORTERS[to].__name__}"
    export = (PROGRAMS / "nbgrader", "export", "--exporter", exporter, "--to", "b.csv")
    code, _, said = ended(start(*export, cwd=graded))
    assert code == 0, said
    assert (graded / "b.csv").read_bytes() == (graded / "out.csv").read_bytes()


def test_nbgrader_export_says_in_a_line_what_is_not_there(graded):
    command = ("export", "--exporter", "autograder.pages.exports.CanvasExporter")
    for options, words in (
        (("--assignment", "['ps9']"), "ps9 is not in the gradebook"),
        (("--student", "['zoe']"), "the gradebook has no student zoe"),
    ):
        code, _, said = ended(start(PROGRAMS / "nbgrader", *command, *options, cwd=graded))
        assert (code, words in said, "Traceback" in said) == (1, True, False), said
    assert not (graded / "grades-canvas.csv").exists()


# --- What is said ---------------------------------------------------------------------------------


def test_scores_that_wait_for_marks_are_exported_and_said(graded):
    code, output, said = run("ps1", "--to", "canvas", "--course", graded)
    assert (code, output) == (0, f"wrote {graded / 'grades-canvas.csv'}\n")
    assert said == (
        "autograder: ps1: 3 of 4 wait for a person's marks, which count nothing until then: "
        "`autograder marks ps1 --out ps1.csv`, or Formgrader\n"
    )


def test_a_form_that_is_none_is_said_in_a_line(course):
    said = "--to is canvas, moodle or csv, not 'excel'"
    assert commanding.refused("export", "ps1", "--to", "excel", "--course", course) == (2, said)
    assert not list(course.glob("grades*.csv"))


def test_a_place_that_is_not_there_is_said(graded):
    where = graded / "nowhere" / "x.csv"
    code, _, said = run("ps1", "--to", "csv", "--output", where, "--course", graded)
    assert (code, said) == (2, f"autograder: there is no folder {where.parent}\n")
