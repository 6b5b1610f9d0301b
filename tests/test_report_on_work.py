"""The report shows what students wrote, why cells failed and who needs help, and no names."""

from __future__ import annotations

import csv
import io
import json
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import classes
import commanding
import nbformat
import pytest
from browsing import Visit
from databases import sql
from nbformat.v4 import new_code_cell
from seen import Seen

from autograder.course.folder import SECRET_FILE, label_of
from autograder.pages.report.formats import as_csv, as_html
from autograder.pages.report.statistics import (
    Attempt,
    Failure,
    Item,
    Record,
    failed_cells,
    figures,
    needing_help,
)
from autograder.pages.report.whole import Gathered, course_figures, student_figures
from autograder.pages.report.work import code_of, failures, names_nobody, words_of
from autograder.submission.causes import CellRun

ITEMS = (Item("softmax", 8.0), Item("cce", 4.0), Item("why", 4.0, by_hand=True))


def about(exercise: str, mistake: str) -> tuple[str, str]:
    return f"You did {mistake}.", "notebooks/02_softmax.ipynb"


def cell(number: int, source: str, error: str = "", text: str = "") -> CellRun:
    return CellRun(number, "code", source, error, text)


# --- Code -----------------------------------------------------------------------------------------


def test_an_example_is_the_function_without_what_may_say_whose_it_is():
    source = '''# Ann Lee, group 7
import numpy as np
NAME = "Ann Lee"

def softmax(z):
    """Written by Ann.

    On two lines.
    """
    # thanks to Bob
    print("Ann Lee was here, in 2026"); e = np.exp(z)  # mine
    print(f"by {NAME}")
    x = np.einsum("ij,jk->ik", e, e)

    return e / e.sum(axis=1)

print("Ann again")
'''
    assert code_of([cell(1, source)], "softmax") == (
        "def softmax(z):\n"
        '    print("…"); e = np.exp(z)\n'
        '    print("…")\n'
        '    x = np.einsum("ij,jk->ik", e, e)\n'
        "    return e / e.sum(axis=1)"
    )


@pytest.mark.parametrize(
    ("sources", "code"),
    [
        (["def f(x):\n  return 1", "check(f)", "f = 3"], "def f(x):\n  return 1"),
        (["def f(x):\n  return 1", "def f(x):\n  return 2"], "def f(x):\n  return 2"),
        (["class f:\n  def g(self):\n    '''x'''\n    pass\n\nx = 1"],
         "class f:\n  def g(self):\n    pass"),
        (["f = lambda x: (\n  x)\ny = 1"], "f = lambda x: (\n  x)"),
        (["%matplotlib inline\ndef f(x): return x"], "def f(x): return x"),
        (["def f(x):\n  return '''a\nvery long text of several lines\n'''"],
         'def f(x):\n  return "…"'),
        (["def g(x):\n  return 1"], ""),
        (["def f(x:\n  return 1"], ""),
        (["def f(x):\n  return '"], ""),
        (["def f(x):\n" + "  x += 1\n" * 40], "def f(x):\n" + "  x += 1\n" * 24 + "..."),
        (["def f(x):\n" + "x" * 30_000], ""),
    ],
)  # fmt: skip
def test_the_code_of_a_name_is_that_which_its_check_met(sources, code):
    assert code_of([cell(*one) for one in enumerate(sources, 1)], "f") == code


def test_code_that_names_its_author_is_no_example():
    ann = {"s001", *words_of("Ann", "O'Brien-Żak")}
    assert names_nobody("def softmax(z):\n    return np.mean(z)", ann)
    for code in ("ann_exp = 1", "x = 'O\u2019Brien'", "s001 = 2", "Żak()"):
        assert not names_nobody(code, ann), code


# --- Failures -------------------------------------------------------------------------------------


def test_cells_that_fail_are_told_by_the_cell_that_began_it():
    cells = [
        cell(1, "import pandas as pd", "ModuleNotFoundError", "No module named 'pandas'"),
        cell(2, "data = pd.read_csv(x)", "NameError", "name 'pd' is not defined"),
        cell(3, "def softmax(z)\n  return z", "SyntaxError", "expected ':' (<cell 3>, line 1)"),
        cell(4, "p = softmax(data)", "NameError", "name 'softmax' is not defined"),
        cell(5, "print(p)", "NameError", "name 'p' is not defined"),
        cell(6, "cce(p)", "NotImplementedError", "not written yet"),
        cell(7, "oops", "NameError", "name 'oops' is not defined"),
        cell(8, "a = a", "NameError", "name 'a' is not defined"),
    ]
    missing = {"softmax": "code cell 3 did not run", "one_hot": "it stands in a Markdown cell: x"}
    found = {one.cause: one for one in failures(cells, missing)}
    assert found.pop("missing package: pandas") == Failure("missing package: pandas", "", 1, 1)
    assert found.pop("syntax error") == Failure("syntax error", "expected ':'", 1, 2, ("softmax",))
    assert found.pop("a name that no cell defines").cells == 2
    other = Failure("it stands in a Markdown cell", "", 0, 0, ("one_hot",))
    assert found == {"it stands in a Markdown cell": other}


def test_causes_are_counted_by_students_and_an_error_that_names_somebody_is_not_shown():
    failed = cell(1, "x", "ValueError", "Ann did it")
    assert [one.said for one in failures([failed], {}, {"ann"})] == [""]
    some = [
        Record("a", True, True, failures=(Failure("syntax error", "b", 2, 3, ("cce",)),)),
        Record("b", True, True, failures=(Failure("syntax error", "a", 1, 0, ("cce", "x")),)),
        Record("c", True, True, failures=(Failure("ValueError", "z", 9, 0),)),
    ]
    assert failed_cells(some) == [
        {"cause": "syntax error", "students": 2, "cells": 3, "after_it": 3, "said": "a",
         "not_defined": "cce (2), x (1)"},
        {"cause": "ValueError", "students": 1, "cells": 9, "after_it": 0, "said": "z",
         "not_defined": ""},
    ]  # fmt: skip


# --- Who needs help -------------------------------------------------------------------------------


def of(name: str, softmax: float, cce: float, *mistakes: str, why: float | None = None) -> Record:
    attempts = {
        "softmax": Attempt(softmax, wrong=softmax < 8, mistakes=mistakes),
        "cce": Attempt(cce, wrong=cce < 4, mistakes=mistakes[:1]),
        "why": Attempt(why),
    }
    code = {"softmax": f"def softmax(z):\n    return {softmax}", "cce": "def cce(p):\n    return 0"}
    return Record(name, True, True, attempts, code=code)


CLASS = (
    of("good", 8, 4),
    of("low", 2, 0),
    of("twice", 6, 3, "axis=1"),
    of("many", 7, 3, "a", "b", "c"),
    Record("absent"),
    Record("handed in", handed_in=True),
)


def test_those_who_need_help_are_named_with_the_reason_and_nobody_else():
    table = {row["student"]: row["reasons"] for row in needing_help(ITEMS, CLASS)}
    assert table == {
        "absent": "nothing was handed in",
        "low": "less than half of the points",
        "twice": "axis=1 in softmax and cce",
        "many": "a in softmax and cce; 4 mistakes by name",
    }
    # What a person has yet to mark is no lost point.
    assert needing_help(ITEMS, [of("half", 4, 2.5)]) == []


def test_the_matrix_has_every_student_and_says_nothing_where_there_is_nothing():
    rows = {row["student"]: row for row in figures("ps1", ITEMS, CLASS, about)["matrix"]}
    assert rows["good"]["points"] == {"softmax": 8, "cce": 4, "why": None}
    assert (rows["good"]["total"], rows["absent"]["total"]) == (12, None)
    assert set(rows) == {one.student for one in CLASS}


def gathered() -> list[Gathered]:
    later = [of("good", 8, 4, why=4.0), of("low", 0, 0), of("twice", 8, 2, "axis=1")]
    sets = (("ps1", CLASS), ("ps2", later))
    return [Gathered(name, ITEMS, {one.student: one for one in some}, about) for name, some in sets]


def test_the_course_has_all_sets_in_one_report():
    whole = course_figures(gathered())
    assert [(one["set"], one["graded"], one["low"]) for one in whole["sets"]] == [
        ("ps1", 4, 1), ("ps2", 3, 1),
    ]  # fmt: skip
    rows = {row["student"]: row for row in whole["matrix"]}
    assert rows["good"] == {"student": "good", "points": {"ps1": 12, "ps2": 16}, "total": 28}
    assert rows["absent"]["total"] is None
    reasons = {row["student"]: row["reasons"] for row in whole["help"]}
    assert reasons["low"] == "less than half of the points: ps1 and ps2"
    assert reasons["absent"] == "nothing handed in: ps1"
    told = "axis=1 in ps1 softmax, ps1 cce, ps2 softmax and ps2 cce"
    assert reasons["twice"] == told
    assert whole["mistakes"][0] == {
        "mistake": "a", "students": 1, "more_than_once": 1, "where": "ps1 softmax (1), ps1 cce (1)",
    }  # fmt: skip
    assert whole["hardest"][0]["exercise"] == "ps2 cce"


def test_one_students_page_has_what_concerns_them_alone():
    whole = student_figures(gathered(), "twice")
    assert [(one["set"], one["points"]) for one in whole["sets"]] == [("ps1", 9), ("ps2", 10)]
    assert {one["exercise"] for one in whole["mistakes"]} == {
        "ps1 softmax", "ps1 cce", "ps2 softmax", "ps2 cce",
    }  # fmt: skip
    text = Seen(as_html(whole)).text
    assert "You did axis=1." in text
    assert "good" not in text
    assert [one["state"] for one in student_figures(gathered(), "absent")["sets"]] == [
        "nothing handed in"
    ]


@pytest.mark.parametrize("what", ["index", "course", "student"])
def test_every_page_has_its_figures_as_csv_and_the_same_bytes_each_time(what):
    def made() -> dict[str, Any]:
        if what == "index":
            return figures("ps1", ITEMS, CLASS, about)
        return (
            course_figures(gathered()) if what == "course" else student_figures(gathered(), "low")
        )

    assert as_html(made()) == as_html(made())
    assert as_csv(made()) == as_csv(made())
    lines = list(csv.reader(io.StringIO(as_csv(made()), newline="")))
    assert len({tuple(line[:3]) for line in lines}) == len(lines), "each figure has one name"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_reader_can_read_the_pages(browser, grave_findings, tmp_path, scheme, width):
    hostile = "<script>alert(1)</script> & x = 1" + " + 1" * 40
    some = [*CLASS, of("x" * 60, 1, 1, "axis=1")]
    object.__setattr__(some[-1], "code", {"softmax": hostile})
    path = tmp_path / "page.html"
    for whole in (
        figures("ps1", ITEMS, some, about, names=True),
        course_figures(gathered()),
        student_figures(gathered(), "twice"),
    ):
        path.write_text(as_html(whole), encoding="utf-8")
        visit = Visit(browser, viewport={"width": width, "height": 800}, color_scheme=scheme)
        visit.page.goto(path.as_uri())
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        assert (grave_findings(visit.page), visit.left, visit.complaints) == ([], [], [])
        visit.context.close()


# --- A class --------------------------------------------------------------------------------------

WRONG = "def softmax(z):\n    e = np.exp(z)  # {}\n    return e / e.sum(axis=1, keepdims=True)"


def work(softmax: str, more: str = "") -> bytes:
    notebook = nbformat.read(classes.NOTEBOOKS / "all-right.ipynb", as_version=4)
    for one in notebook.cells:
        if one.metadata.get("nbgrader", {}).get("grade_id") == "softmax":
            one.source = softmax
    if more:
        notebook.cells.append(new_code_cell(more, id="more"))
    return nbformat.writes(notebook).encode()


@pytest.fixture(scope="module")
def reported(released: Path, at_once: Executor, tmp_path_factory: pytest.TempPathFactory) -> Path:
    course = classes.copied(released, tmp_path_factory.mktemp("work") / "course")
    classes.hand_in(course, "s001", work(WRONG.format("Ann Lee")))
    classes.hand_in(course, "s002", work(WRONG.format("Bob")))
    classes.hand_in(course, "s003", work("def softmax(z)\n    return z", "softmax(1)"))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GRADEBOOK_URL", raising=False)
        classes.grade(course, at_once)
    sql(course, "UPDATE student SET last_name = 'Chan'")
    sql(course, "UPDATE student SET first_name = 'Ann', last_name = 'Lee' WHERE id = 's001'")
    return course


def run(course: Path, *arguments: object) -> tuple[str, dict[str, Any]]:
    """Report; return the page's text and the figures."""
    code, said, beside = commanding.run("report", *arguments)
    assert (code, beside) == (0, "")
    page = next(Path(line[6:]) for line in said.splitlines() if line.endswith(".html"))
    return page.read_text(encoding="utf-8"), json.loads(page.with_suffix(".json").read_text())


def test_a_mistake_has_examples_and_nobodys_name_unless_asked(reported, tmp_path):
    page, whole = run(reported, "ps1", "--course", reported, "--output", tmp_path)
    mistake = next(one for one in whole["mistakes"] if one["exercise"] == "softmax")
    assert mistake["who"] == ""
    assert mistake["examples"] == [
        {"example": 1, "written_by": 2,
         "code": "def softmax(z):\n    e = np.exp(z)\n    return e / e.sum(axis=1, keepdims=True)"},
    ]  # fmt: skip
    assert not [name for name in ("Ann", "Lee", "Bob", "s001") if name in page]
    page, whole = run(reported, "ps1", "--names", "--course", reported, "--output", tmp_path)
    mistake = next(one for one in whole["mistakes"] if one["exercise"] == "softmax")
    assert mistake["who"] == "Chan (s002); Lee, Ann (s001)"
    assert "Lee, Ann (s001)" in page


def test_a_syntax_error_is_told_as_that_and_not_as_a_missing_name(reported, tmp_path):
    _, whole = run(reported, "ps1", "--course", reported, "--output", tmp_path)
    row = next(one for one in whole["failed_cells"] if one["cause"] == "syntax error")
    assert (row["students"], row["cells"], row["not_defined"]) == (1, 1, "softmax (1)")
    assert row["after_it"] >= 1
    assert not [one for one in whole["failed_cells"] if "no cell defines" in one["cause"]]


@pytest.mark.parametrize("bare", [True, False])
def test_without_assignments_the_report_is_on_the_course(reported, tmp_path, bare, monkeypatch):
    monkeypatch.chdir(reported)
    asked = ("--course",) if bare else ()
    page, whole = run(reported, *asked, "--output", tmp_path)
    assert "Report on the course" in page
    assert [one["set"] for one in whole["sets"]] == ["ps1"]
    secret = (reported / SECRET_FILE).read_bytes()
    assert label_of(secret, "s003") in {row["student"] for row in whole["matrix"]}
    assert "s003" not in page


def test_one_person_has_a_page_and_somebody_unknown_is_said(reported, tmp_path):
    page, whole = run(reported, "--student", "s001", "--course", reported, "--output", tmp_path)
    assert whole["student"] == "Lee, Ann (s001)"
    assert "Report on Lee, Ann (s001)" in page
    assert (tmp_path / "student-s001.csv").is_file()
    label = label_of((reported / SECRET_FILE).read_bytes(), "s001")
    for one in (label, label.removeprefix("student ")):
        _, again = run(reported, "--student", one, "--course", reported, "--output", tmp_path)
        assert again == whole
    code, said = commanding.refused("report", "--student", "nobody", "--course", reported)
    assert code == 2
    assert said.startswith("nobody is called 'nobody'")


def test_nothing_graded_is_no_report_on_a_course(course):
    code, said = commanding.refused("report", "--course", course)
    assert (code, said) == (2, "nothing is graded yet: run `autograder grade` first")
