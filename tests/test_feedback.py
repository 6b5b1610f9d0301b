"""Feedback pages: what is on them, what never is, and the same page whoever makes it."""

from __future__ import annotations

import copy
import functools
import html
import re
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path
from typing import Any

import classes
import commanding
import nbformat
import pytest
from browsing import Visit
from classes import ROOT
from databases import sql
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode, v4
from nbgrader.api import Gradebook
from nbgrader.converters import GenerateFeedback
from nbgrader.exchange.default import ExchangeReleaseFeedback
from nbgrader.utils import notebook_hash
from nbgrading import convert
from seen import Seen

from autograder.base.limits import PAGE
from autograder.course.folder import SECRET_FILE, CourseError
from autograder.gradebook import GradebookStore
from autograder.gradebook.cell_marks import CellMark, Marks
from autograder.pages import feedback, feedback_page
from autograder.pages.feedback import LOST, ClassFeedback, PageResult, made_of
from autograder.pages.feedback_page import POLICY, PageError, page
from autograder.pages.markup import card_html, markdown_html, markdown_with_mathml, written_html
from autograder.pages.mathml import MAX_FORMULA, Node, mathml

WORK = {
    "ann": "all-right", "bob": "shows-points", "eve": "markup-in-names-and-messages",
    "kim": "untouched",
}  # fmt: skip
SECRETS = {student: f"secret of {student}" for student in WORK}
COURSE_TEXTS = [*sorted(ROOT.glob("source/*/*.ipynb")), *sorted(ROOT.glob("notebooks/*.ipynb"))]

# nbgrader's own way of adding a submission to its session.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


# --- A graded class ------------------------------------------------------------------------------


def notebook_of(course: Path, student: str) -> Path:
    return course / "autograded" / student / "ps1" / "ps1.ipynb"


def gradebook_of(course: Path) -> str:
    return f"sqlite:///{course / 'gradebook.db'}"


def marks_of(course: Path, *students: str) -> dict[str, Marks]:
    with GradebookStore.open(gradebook_of(course)) as store:
        return store.marks("ps1", "ps1", students)


def write_by_hand(course: Path) -> None:
    """Write what a person writes in Formgrader: points and comments."""
    with Gradebook(gradebook_of(course)) as gradebook:
        softmax = gradebook.find_grade("grade_softmax", "ps1", "ps1", "bob")
        softmax.manual_score, softmax.extra_credit = 5.5, 0.5
        written = gradebook.find_grade("written_shift", "ps1", "ps1", "ann")
        written.manual_score, written.needs_manual_grade = 1.5, False
        comment = gradebook.find_comment("softmax", "ps1", "ps1", "bob")
        comment.manual_comment = "See $x^2$, and <script>alert(1)</script> **axis**."
        gradebook.db.commit()


@pytest.fixture(scope="module")
def graded(
    released: Path, at_once: Executor, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A small class that is graded, with what a person wrote besides; copy it to change it."""
    course = classes.copied(released, tmp_path_factory.mktemp("feedback") / "course")
    (course / SECRET_FILE).write_text("0" * 64)
    for student, work in WORK.items():
        classes.hand_in(course, student, work, collected=True)
    config = course / "nbgrader_config.py"
    config.write_text(config.read_text() + "\nc.LatePenalties.points_per_day = 1.25\n")
    sql(course, "UPDATE assignment SET duedate = ?", "2026-10-05 20:00:00.000000")
    late = course / "submitted" / "bob" / "ps1" / "timestamp.txt"
    late.write_text("2026-10-06 10:00:00 UTC")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GRADEBOOK_URL", raising=False)
        results = classes.grade(course, at_once).values()
        assert [one.trouble for one in results if one.trouble] == []
        write_by_hand(course)
        yield course


@pytest.fixture
def course(graded: Path, tmp_path: Path) -> Path:
    return classes.copied(graded, tmp_path / "course")


def make(course: Path, executor: Executor, *students: str, force: bool = False) -> dict[str, Any]:
    """Make pages in this process; return the results by student."""
    pages = ClassFeedback(course, ["ps1"], students, force)
    results = [*pages.settled, *pages.on(executor, 1)]
    assert len(results) == pages.total
    return {result.student: result for result in results}


@pytest.fixture(scope="module")
def made(graded: Path, at_once: Executor, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the class's pages."""
    course = classes.copied(graded, tmp_path_factory.mktemp("made") / "course")
    assert [one.trouble for one in make(course, at_once).values() if one.trouble] == []
    return course / "feedback"


def read(folder: Path, student: str) -> str:
    return (folder / student / "ps1" / "ps1.html").read_text(encoding="utf-8")


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# --- Two roads, one page -------------------------------------------------------------------------


def test_nbgrader_makes_the_same_pages_with_the_same_files_beside_them(course, made):
    convert(course, GenerateFeedback)
    assert files(course / "feedback") == files(made)
    assert len(files(made)) == 3 * len(WORK)


def test_what_nbgrader_made_is_up_to_date(course, at_once):
    convert(course, GenerateFeedback)
    assert not any(result.fresh for result in make(course, at_once).values())


def test_the_exchange_releases_a_page_under_the_name_that_its_student_fetches(
    course, at_once, tmp_path
):
    make(course, at_once)
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    with (course / "nbgrader_config.py").open("a") as config:
        config.write(f"\nc.Exchange.root = {str(exchange)!r}\n")
        config.write(f"c.Exchange.assignment_dir = {str(tmp_path)!r}\n")
    convert(course, ExchangeReleaseFeedback)
    released = exchange / "softmax-by-hand" / "feedback"
    name = {
        student: f"{notebook_hash(secret=secret, notebook_id='ps1')}.html"
        for student, secret in SECRETS.items()
    }
    assert {path.name for path in released.iterdir()} == set(name.values())
    assert (released / name["bob"]).read_text(encoding="utf-8") == read(course / "feedback", "bob")


def test_a_secret_that_is_a_link_is_not_followed(course, at_once, tmp_path):
    (tmp_path / "private").write_text("an instructor's file")

    def put_link(folder: str) -> None:
        secret = course / folder / "ann" / "ps1" / "submission_secret.txt"
        secret.unlink()
        secret.symlink_to(tmp_path / "private")

    beside = course / "feedback" / "ann" / "ps1" / "submission_secret.txt"
    put_link("autograded")
    assert make(course, at_once)["ann"].trouble is None
    assert "instructor" not in beside.read_text()  # it is the one that was handed in
    beside.unlink()
    put_link("submitted")
    assert "other files beside it" in make(course, at_once)["ann"].trouble
    assert not beside.exists()


# --- Marks ---------------------------------------------------------------------------------------


def test_marks_are_those_that_nbgrader_reads(graded):
    marks = marks_of(graded, *WORK)
    assert marks_of(graded, "nobody") == {}
    assert sorted(marks) == sorted(WORK)
    with Gradebook(gradebook_of(graded)) as gradebook:
        for student, ours in marks.items():
            theirs = gradebook.find_submission_notebook("ps1", "ps1", student)
            assert ours.score == theirs.score - (theirs.late_submission_penalty or 0)
            assert ours.max_score == theirs.max_score
            assert {grade.name: grade.score for grade in theirs.grades} == {
                name: mark.score for name, mark in ours.cells.items()
            }
            assert {grade.name for grade in theirs.grades if grade.needs_manual_grade} == {
                name for name, mark in ours.cells.items() if mark.waits
            }
            said = {comment.name: comment.comment for comment in theirs.comments}
            assert {name: text for name, text in said.items() if text} == dict(ours.comments)


def test_more_students_than_go_into_one_question_are_all_read(graded, monkeypatch):
    at_once = marks_of(graded, *WORK)
    monkeypatch.setattr("autograder.gradebook.store.CHUNK", 1)
    assert marks_of(graded, *WORK) == at_once


def test_what_a_person_wrote_is_on_the_page(made):
    bob = Seen(read(made, "bob"))
    assert "6 of 8 graded by a person; the check gave 0; with 0.5 of extra credit" in bob.text
    assert "1.25 points are taken away for handing in late." in bob.text
    assert "7.75 of 18 points" in bob.text
    assert "Comment See x2, and <script>alert(1)</script> axis." in bob.text
    assert "script" not in bob.tags
    ann = Seen(read(made, "ann"))
    assert "15.5 of 18 points" in ann.text
    assert "1.5 of 4 points graded by a person" in ann.text


def test_what_waits_for_a_person_says_so(made):
    bob = Seen(read(made, "bob")).text
    assert "0 of 4 waits for a person to grade it" in bob
    assert "4 of them wait for a person to grade them." in bob
    assert "No response." in Seen(read(made, "kim")).text


def test_the_contents_lead_to_each_exercise_with_its_points(made):
    for student in WORK:
        seen = Seen(read(made, student))
        links = [value for value in seen.values("href") if value.startswith("#cell-")]
        assert [link for link in links if "comment" not in link][:1] == ["#cell-grade_add_bias"]
        assert {"#cell-grade_softmax", "#cell-written_shift"} <= set(links)
        ids = seen.values("id")
        assert {link.removeprefix("#") for link in links} <= set(ids)
        assert len(ids) == len(set(ids))


def test_signs_stand_beside_colours(made):
    assert {"\u2713 3 of 3", "\u2713 8 of 8", "\u25d0 1.5 of 4"} <= signs(read(made, "ann"))
    assert {"\u2717 0 of 3", "\u2717 0 of 8"} <= signs(read(made, "kim"))
    assert "\u2026 0 of 4" in signs(read(made, "bob"))


def signs(text: str) -> set[str]:
    words = Seen(text[text.index("<nav") : text.index("</nav>")]).text
    return {
        f"{sign} {rest.split(' of ')[0]} of {rest.split(' of ')[1].split(' ')[0]}"
        for sign in "\u2713\u25d0\u2717\u2026"
        for rest in words.split(f"{sign} ")[1:]
    }


# --- What is on a page ---------------------------------------------------------------------------


def test_a_page_shows_the_work_and_the_cards(made):
    for student in WORK:
        text = read(made, student)
        assert text.count('class="verdict-card"') == 3
        assert Seen(text).text.count("The check's code check(") == 3
    assert "return np.vstack" in Seen(read(made, "ann")).text
    assert "Marking scheme" not in read(made, "ann")


def test_a_page_runs_nothing_and_loads_nothing(made):
    for student in WORK:
        seen = Seen(read(made, student))
        assert not {"script", "iframe", "object", "embed", "form", "svg", "base"} & set(seen.tags)
        assert seen.handlers == []
        assert all(value.startswith("data:") for value in seen.values("src", "srcset"))
        assert all(
            value.startswith(("#", "data:,", "https://", "http://", "mailto:"))
            for value in seen.values("href", "action", "data")
        )
        assert POLICY in seen.values("content")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;" in read(made, "eve")


def owned(cell: NotebookNode, **flags: Any) -> NotebookNode:
    cell.metadata.nbgrader = {"grade": False, "solution": False, "task": False, **flags}
    return cell


def page_of(*cells: NotebookNode, marks: Marks | None = None) -> str:
    text = nbformat.writes(v4.new_notebook(cells=list(cells)))
    return page(text.encode(), marks or Marks(), "ps1", "0" * 64)


def test_hidden_tests_and_marking_schemes_are_left_out():
    check = "assert f(1)\n### BEGIN HIDDEN TESTS\nassert f(2) == 42\n### END HIDDEN TESTS\nassert 3"
    task = "Do it.\n=== BEGIN MARK SCHEME ===\nTwo points for 42.\n=== END MARK SCHEME ==="
    endless = "assert f(1)\n# BEGIN HIDDEN TESTS\nassert f(2) == 42"
    text = page_of(
        owned(v4.new_code_cell(check), grade=True, grade_id="grade_f", locked=True),
        owned(v4.new_markdown_cell(task), task=True, grade_id="task"),
        owned(v4.new_code_cell(endless), grade=True, grade_id="grade_g", locked=True),
    )
    assert "42" not in Seen(text).text
    assert "Do it." in text
    assert "HIDDEN" not in text


def test_what_a_student_wrote_about_hidden_tests_stays():
    student = owned(v4.new_code_cell("# BEGIN HIDDEN TESTS\nx = 1"), solution=True, grade_id="f")
    assert "BEGIN HIDDEN TESTS" in page_of(student)


def shown(*outputs: NotebookNode, source: str = "x") -> str:
    return page_of(v4.new_code_cell(source, outputs=list(outputs)))


@pytest.mark.filterwarnings("ignore:Your element with mimetype")
def test_outputs_are_text_and_pictures_only():
    bundle = {"text/html": "<b onclick=alert(1)>bold</b>", "text/plain": "plain <i>"}
    text = shown(
        v4.new_output("display_data", bundle),
        v4.new_output("display_data", {"image/svg+xml": "<svg onload=alert(1)/>"}),
        v4.new_output("display_data", {"application/javascript": "alert(1)"}),
        v4.new_output("display_data", {"image/png": 'AA==" onerror="alert(1)'}),
        v4.new_output("display_data", {"image/jpeg": "AAA=", "text/plain": "A line\nthat rises"}),
        v4.new_output("execute_result", {"text/plain": "<Figure size 640x480>"}),
        v4.new_output("stream", name="stdout", text="<script>alert(1)</script>"),
    )
    seen = Seen(text)
    assert not {"script", "svg"} & set(seen.tags)
    assert "plain <i>" in seen.text
    assert "bold" not in seen.text
    assert seen.handlers == []
    assert seen.values("src") == [
        "data:image/png;base64,AA==onerror=alert1",
        "data:image/jpeg;base64,AAA=",
    ]
    assert seen.values("alt") == ["A picture that this cell drew", "A line\nthat rises"]


def test_what_steers_a_terminal_or_turns_text_round_is_left_out():
    traceback = ["\x1b[0;31mValueError\x1b[0m: bad", "\u202egnidaer"]
    text = shown(
        v4.new_output("error", ename="ValueError", evalue="bad", traceback=traceback),
        v4.new_output("stream", name="stderr", text="careful\x07\x00"),
        source="x = '\u202e'",
    )
    for said in ("ValueError: bad\ngnidaer", "Stopped with an error", "Warnings and errors"):
        assert said in text
    assert not {"\x1b", "\x07", "\x00", "\u202e"} & set(text)


def test_folders_of_the_instructors_machine_are_left_out():
    line = f'File "{sys.prefix}/lib/python3/site-packages/numpy/linalg.py", line 1'
    text = shown(v4.new_output("error", ename="E", evalue="", traceback=[line, f"{ROOT}/secret"]))
    assert str(ROOT) not in text
    assert "site-packages/numpy/linalg.py" in text


def test_points_carried_forward_are_named():
    verdict = {"carried_points": 2.0, "points": 3.0, "given": ["softmax"]}
    card = v4.new_output("display_data", {"text/plain": ""}, metadata={"autograder": verdict})
    cell = owned(v4.new_code_cell("check(f)", outputs=[card]), grade=True, grade_id="grade_f")
    marks = Marks({"grade_f": CellMark(4.0, 3.0, waits=False)})
    assert "3 of 4 2 of them carried forward" in Seen(page_of(cell, marks=marks)).text


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"cells": 3}', b"\xff", b'{"cells": [1]}'])
def test_what_is_no_graded_notebook_is_said_in_a_line(data):
    with pytest.raises(PageError, match=r"cannot be read .*autograder grade ps1 --force") as error:
        page(data, Marks(), "ps1", "0" * 64)
    assert "\n" not in str(error.value)


def test_a_fault_of_the_installation_is_told_as_that(monkeypatch, tmp_path):
    notebook = nbformat.writes(v4.new_notebook()).encode()
    with monkeypatch.context() as patch:
        patch.setattr(feedback_page, "TEMPLATES", tmp_path)
        for cached in (feedback_page._exporter, feedback_page._style):
            cached.cache_clear()
        with pytest.raises(PageError, match=r"this installation cannot make pages .*again$"):
            page(notebook, Marks(), "ps1", "0" * 64)
    assert "<h1" in page(notebook, Marks(), "ps1", "0" * 64)


@pytest.mark.parametrize(
    ("formula", "lines"),
    [
        (r"\begin{aligned} a &= b \\ c &= d \\[4pt] &= e \end{aligned}", 3),
        (r"\begin{aligned}[t] a &= b \\&= d \end{aligned}", 2),
        (r"\begin{alignedat}{2} a &= b \cr c &= d \end{alignedat}", 2),
        (r"\begin{gather*} a \\ b \end{gather*}", 2),
        (r"\begin{eqnarray} a &=& b \newline c &=& d \end{eqnarray}", 2),
        (r"f = \begin{dcases} a & x > 0 \\ b \end{dcases}", 2),
        (r"\begin{multline} a \\ b \end{multline}", 2),
        (r"a \\ b", 2),
        (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", 2),
        (r"\begin{split} a &= b \\ c &= d \end{split}", 2),
    ],
)
def test_a_formulas_lines_stay_lines_and_no_sign_of_a_column_is_left(formula, lines):
    for text in (f"$${formula}$$", f"$$\n{formula}\n$$"):
        shown = markdown_with_mathml(text)
        assert "verbatim" not in shown
        assert (shown.count("<mtr>"), shown.count("&amp;")) == (lines, 0)


def test_equals_signs_of_aligned_formulas_stand_below_each_other(visit, tmp_path):
    formula = r"$$\begin{aligned} a + b + c &= d \\ e &= f \end{aligned}$$"
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell(formula)])
    path = tmp_path / "page.html"
    path.write_text(page(nbformat.writes(notebook).encode(), Marks(), "ps1", "0" * 64))
    visit.page.goto(path.as_uri())
    ends = visit.page.evaluate(
        "[...document.querySelectorAll('mtd:first-child')].map("
        "e => Math.round(e.lastElementChild.getBoundingClientRect().right))"
    )
    signs = visit.page.evaluate(
        "[...document.querySelectorAll('mtd:nth-child(2) mo')].map("
        "e => Math.round(e.getBoundingClientRect().left))"
    )
    assert (len(ends), len(set(ends)), len(set(signs))) == (2, 1, 1)


def test_columns_of_what_is_not_known_are_shown_as_they_were_written():
    assert "verbatim" in markdown_with_mathml(r"$$\begin{unknown} a &= b \\ c \end{unknown}$$")
    assert "<mtext>&amp;</mtext>" in markdown_with_mathml(r"$R \& D$")


# --- What is hostile to a page --------------------------------------------------------------------

# Each makes nbconvert's own page take minutes, or megabytes; twenty cells of it are handed in.
SWELLING = {
    "links": "[a][p] " * 1000 + "\n\n[p]: http://example.org/" + "x" * 5000,
    "titles": "[a][p] " * 1000 + '\n\n[p]: http://example.org/ "' + '"' * 5000 + '"',
    "nested": "<div>" * 2000, "nested lines": "<div>\n\n" * 1400,
    "lists": "".join("  " * depth + "- x\n" for depth in range(140)),
    "quotes": ">" * 5000 + "\n" + "> x\n" * 1000, "brackets": "[" * 9900,
    "emphasis": "*a **a " * 1400, "formulas": "\\\\[=" * 2400, "environments": "\\begin{a}" * 1100,
    "dollars": "$" * 9999, "forged marks": "$" + "x" * 1900 + "$ " + "&#xE000;0&#xE000; " * 400,
    "tables": "a|b\n-|-\n" * 1200,
    "wide table": "|a" * 1600 + "|\n" + "|-" * 1600 + "|\n" + "|b" * 1600 + "|\n",
    "unclosed": "<b title=1><i title=2><b title=3><i title=4>" + "<p>x" * 2400,
    "attributes": "<a " * 3300, "comments": "<!--" * 2500, "references": "&#x" * 3300,
    "definitions": "a\n: " * 2400, "fenced": "```python\n" + "x." * 4900 + "\n```",
    "fenced in another language": "```perl\n" + "s{" * 4900 + "\n```",
    "style": '<p style="' + "[" * 9000 + '">x</p>',
}  # fmt: skip
SLOW_CODE = {
    "attributes": "x." * 10_000, "stars": "*" * 20_000, "digits": "1." * 10_000,
    "lines": "x.\n" * 6000, "wide lines": ("x." * 499 + "\n") * 20, "strings": "f'{" * 6000,
    "questions": "x?" * 10_000, "long": "x = 1\n" * 100_000, "blank": " \n" * 10_000,
}  # fmt: skip
MAX_PAGE = 32 << 20


@functools.cache
def hostile_cells() -> dict[str, list[NotebookNode]]:
    """Return cells of each kind, as many as make a page's limits count."""
    cells = {name: [v4.new_markdown_cell(text)] * 20 for name, text in SWELLING.items()}
    cells |= {f"{name} (code)": [v4.new_code_cell(text)] * 20 for name, text in SLOW_CODE.items()}
    picture = v4.new_markdown_cell("![x](attachment:a) " * 500)
    picture["attachments"] = {"a": {"image/png": "A" * 100_000}}
    cells["one picture a thousand times"] = [picture] * 2
    many = [v4.new_output("stream", name="stdout", text="\x1b[0m")] * 3000
    cells["outputs"] = [v4.new_code_cell("x", outputs=many)] * 3
    large = [v4.new_output("display_data", {"image/png": "A" * (4 << 20)})]
    cells["pictures"] = [v4.new_code_cell("x", outputs=large)] * 12
    text = [v4.new_output("stream", name="stdout", text='"' * 100_000)]
    cells["text"] = [v4.new_code_cell("x", outputs=text)] * 60
    cells["raw"] = [v4.new_raw_cell("&" * 1_000_000)] * 10
    return cells


@pytest.mark.parametrize("kind", hostile_cells())
def test_no_hand_in_takes_long_or_makes_a_long_page(kind):
    honest = v4.new_markdown_cell("Mine is $x^2$.")
    for plain in (False, True):
        start = time.process_time()
        cells = [honest, *map(copy.copy, hostile_cells()[kind])]
        for number, cell in enumerate(cells):
            cell["id"] = f"cell-{number}"
        text = nbformat.writes(v4.new_notebook(cells=cells)).encode()
        made = page(text, Marks(), "ps1", "0" * 64, plain=plain)
        assert time.process_time() - start < 15, "minutes before there were limits"
        assert len(made.encode()) < (MAX_PAGE // 8 if plain else MAX_PAGE)


def test_a_page_in_the_plain_form_has_the_same_points_cards_and_comments(graded, made):
    marks = marks_of(graded, "bob")["bob"]
    data = notebook_of(graded, "bob").read_bytes()
    plain, full = page(data, marks, "ps1", "0" * 64, plain=True), read(made, "bob")
    assert "in a plain form, without colours" in plain
    assert "in a plain form" not in full
    for pattern in (
        r'<div class="verdict-card".*?</div>',
        r'<span class="points.*?</span>',
        r'<div class="comment".*?</div>',
    ):
        part = re.compile(pattern, re.DOTALL)
        assert part.findall(plain) == part.findall(full) != []
    assert '<span class="k' not in plain
    assert Seen(plain).tags.count("pre") >= Seen(full).tags.count("pre")
    assert page(data, marks, "ps1", "0" * 64, plain=True) == plain


def test_what_is_left_out_of_a_page_is_said():
    text = page_of(v4.new_raw_cell("x" * (PAGE.text_cell + 7)))
    assert "[7 more characters are left out of this page]" in text
    many = [v4.new_output("stream", name="stdout", text="x")] * (PAGE.outputs + 1)
    assert "[more than 2000 outputs" in page_of(v4.new_code_cell("x", outputs=many))
    large = v4.new_output("display_data", {"image/png": "A" * PAGE.pictures})
    cell = v4.new_code_cell("x", outputs=[large, large])
    assert page_of(cell).count("[a picture more than can be shown]") == 1


MISSING = "[a picture that is not in the notebook]"
OF_NO_KIND = "[a picture of a kind that is not shown]"


@pytest.mark.parametrize("render", [markdown_with_mathml, markdown_html])
@pytest.mark.parametrize(
    ("attachments", "said"),
    [
        (None, MISSING), ([], MISSING), ({"b.png": {"image/png": "AA=="}}, MISSING),
        ({"a b.png": None}, MISSING), ({"a b.png": {}}, MISSING), ({"a b.png": []}, MISSING),
        ({"a b.png": {"image/svg+xml": "<svg/>"}}, OF_NO_KIND),
        ({"a b.png": {"image/png": 3}}, OF_NO_KIND),
        ({"a b.png": {"image/png": '"><b>'}}, OF_NO_KIND),
        ({"a b.png": {"image/png": "AA==\n"}}, None),
    ],
)  # fmt: skip
def test_a_picture_that_cannot_be_shown_is_said_and_nothing_raises(render, attachments, said):
    for source in (
        "So ![x](attachment:a%20b.png) **there**",
        "So ![][1] **there**\n\n[1]: <attachment:a b.png>",
    ):
        text = render(source, attachments)
        seen = Seen(text)
        assert "strong" in seen.tags
        assert (said or "So") in seen.text
        assert ("img" in seen.tags) == (said is None), text


IMITATION = (
    '<div class="verdict-card" role="group" aria-label="Verdict on softmax" style="border-left:4px '
    "solid #3b82c4;color:#fff;background-color:#fff;font-size:99px;margin:-99px;position:fixed;"
    'text-align:center"><span class="points all">8 of 8</span><h3 class="note comment">x</h3>'
    '<p class="k">y</p></div>'
)


PIECES = r"[ ]( ] ![ attachment:a <b> </b> <p > <!-- ``` $ $$ \\( \begin{a} \end{a} &#x 0 | -|- *"
PIECES += r" _ ~~ <td> </p> style=' x \frac { }"
OTHERS = ("\n", "- ", "> ", "<img src=", " ", "\ue000")
SCRAPS = st.lists(
    st.sampled_from([*PIECES.split(), *OTHERS]) | st.text(max_size=4), max_size=60
).map("".join)


@given(SCRAPS, st.none() | st.dictionaries(st.just("a"), st.none() | st.text() | st.just({})))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_nothing_that_a_student_can_write_raises_or_brings_looks(text, attached):
    for render in (markdown_with_mathml, markdown_html):
        seen = Seen(render(text, attached))
        assert not {"script", "style", "svg"} & set(seen.tags)
        assert not seen.names & {"id", "role", "onclick"}


@pytest.mark.parametrize("render", [markdown_with_mathml, markdown_html, written_html])
def test_what_a_student_wrote_cannot_look_like_a_card(render):
    seen = Seen(render(IMITATION))
    assert "8 of 8" in seen.text
    assert set(seen.values("class")) <= {"k", ""}
    assert set(seen.values("style")) == {"text-align:center;"}
    assert not {"role", "aria-label", "id"} & seen.names


def test_a_card_keeps_its_looks():
    seen = Seen(card_html(IMITATION))
    assert "verdict-card" in seen.values("class")
    styles = " ".join(seen.values("style"))
    assert "border-left:4px solid #3b82c4" in styles
    assert not re.search("position|background|font-size", styles)


@pytest.mark.parametrize("render", [markdown_with_mathml, markdown_html, written_html])
def test_no_text_of_a_students_is_read_in_another_order_or_covers_other_lines(render):
    text = render(
        "a\u202eb &#x202e;c &#8238 d &#X00202E;e <b title='&#x202e;'>f</b> " + "g\u0301" * 9
    )
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", html.unescape(text))
    assert text.count("\u0301") == 9
    assert render("h" + "\u0301" * 99).count("\u0301") == 4


@pytest.mark.parametrize("formula", [r"\hspace{-40em}x", r"\rule{99em}{99em}", r"a\kern-30em b"])
def test_a_formula_stays_in_its_place(formula):
    seen = Seen(markdown_with_mathml(f"${formula}$"))
    for value in seen.values("width", "height", "depth", "lspace", "rspace", "voffset"):
        assert abs(float(re.sub(r"[a-z%]+$", "", value))) <= 10, value
        assert not re.match(r"-([1-9]|0?\.[3-9])", value), value


# --- Mathematics ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", COURSE_TEXTS, ids=lambda path: path.stem)
def test_every_formula_of_the_course_is_shown_as_mathematics(path):
    formulas = 0
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            text = markdown_with_mathml(cell.source, {})
            assert 'class="verbatim"' not in text, text
            # A command that was not understood would be left in the page as it is.
            assert "\\" not in "".join(text.split("<math")[1:]).replace("\\\\", ""), text
            formulas += text.count("<math")
    assert formulas > 0


def test_a_formula_becomes_mathml():
    assert markdown_with_mathml("$x<y$", {}) == (
        '<p><span class="formula"><math display="inline"><mrow><mi>x</mi><mo>&lt;</mo>'
        "<mi>y</mi></mrow></math></span></p>\n"
    )
    display = markdown_with_mathml("$$\\frac{1}{2}$$", {})
    assert '<span class="formula display" tabindex="0"><math display="block">' in display
    assert "<mfrac>" in display
    assert "<mtable>" in markdown_with_mathml("\\begin{matrix}1 & 2\\\\3 & 4\\end{matrix}", {})


@pytest.mark.parametrize(
    "formula",
    [
        r"\nocommand{x}", r"\frac{1}", r"\left( x", r"x^2^3", r"\def\a{\b\b}\def\b{xx}\a",
        r"\newcommand{\a}{x}\a", "{" * 500 + "}" * 500, r"\sqrt{" * 300 + "x" + "}" * 300,
        "x" * (MAX_FORMULA + 1),
    ],
)  # fmt: skip
def test_a_formula_that_cannot_be_read_is_shown_as_text(formula):
    assert mathml(formula, display=False) is None
    seen = Seen(markdown_with_mathml(f"so ${formula}$ there", {}))
    assert f"${formula}$" in "".join(seen.words)
    assert seen.tags == ["p", "code"]


@pytest.mark.parametrize(
    "formula",
    [
        r"\text{<script>alert(1)</script>}", r"\text{&lt;script&gt;alert(1)&lt;/script&gt;}",
        r"\mathrm{<img src=x onerror=alert(1)>}", r"\href{javascript:alert(1)}{x}",
        r"\style{background:url(http://example.org)}{x}", r"\class{btn}{x}",
        r"\color{red;background:url(http://example.org)}{x}", r"\verb|<b>|",
        r"</math><script>alert(1)</script>", r"\unicode{x3c}script\unicode{x3e}",
    ],
)  # fmt: skip
def test_a_formula_brings_no_markup_of_its_own(formula):
    for source in (f"${formula}$", f"$${formula}$$", f"![${formula}$](data:image/png;base64,AA)"):
        seen = Seen(markdown_with_mathml(source, {}))
        allowed = {"p", "span", "code", "img"}
        assert all(tag in allowed or tag[0] == "m" for tag in seen.tags), seen.tags
        assert seen.names <= {
            *("class", "display", "tabindex", "src", "alt", "mathvariant", "stretchy")
        }
        assert set(seen.values("class")) <= {"formula", "formula display", "verbatim"}


def test_a_mark_for_a_formula_cannot_be_forged():
    for mark in ("\ue0000\ue000", "&#xE000;7&#xE000;", f"&#xE000;{'9' * 9000}&#xE000;"):
        assert markdown_with_mathml(f"{mark} $x$", {}).count("<mi>x</mi>") == 1


def test_a_tree_of_mathematics_has_only_known_elements():
    tree = mathml(r"\hat{\mathbf{y}} = \arg\max_k \underbrace{a}_{b}", display=True)
    assert isinstance(tree, Node)
    assert tree.name == "math"
    assert "arg" in repr(tree)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("![x](attachment:missing.png)", "[a picture that is not in the notebook]"),
        ("<b>" * PAGE.markdown_cell, "<b><b>"),
        ("<img src=http://example.org/x.png>", "[a picture from elsewhere is not shown]"),
    ],
)
def test_text_that_cannot_be_rendered_is_shown_as_it_is(source, said):
    seen = Seen(markdown_with_mathml(source, {}))
    assert said in "".join(seen.words)
    assert "img" not in seen.tags


@pytest.mark.parametrize("render", [markdown_with_mathml, markdown_html])
def test_a_picture_that_is_asked_for_a_thousand_times_is_shown_up_to_a_size(render):
    attached = {"a": {"image/png": "A" * 10_000}}
    source = "![x][p] " * 1000 + "\n\n[p]: attachment:a"
    text = render(source, attached, 100_000)
    assert 0 < text.count("<img") <= 10
    assert text.count("[a picture more than can be shown]") == 1000 - text.count("<img")


def test_a_picture_always_has_a_description():
    text = markdown_with_mathml("![](data:image/png;base64,AA) ![a](data:image/png;base64,AA)", {})
    assert Seen(text).values("alt") == ["A picture without a description", "a"]


# --- What is made, and what is left --------------------------------------------------------------


def fresh(results: dict[str, PageResult]) -> set[str]:
    return {student for student, result in results.items() if result.fresh}


def test_only_pages_that_are_not_up_to_date_are_made(course, at_once, monkeypatch):
    assert fresh(make(course, at_once)) == set(WORK)
    before = files(course / "feedback")
    assert fresh(make(course, at_once)) == set()
    with Gradebook(gradebook_of(course)) as gradebook:
        gradebook.find_comment("softmax", "ps1", "ps1", "ann").manual_comment = "Well done."
        gradebook.db.commit()
    assert fresh(make(course, at_once)) == {"ann"}
    assert "Well done." in read(course / "feedback", "ann")
    graded = notebook_of(course, "bob")
    graded.write_text(graded.read_text().replace("Three exercises", "Four exercises"))
    (course / "feedback" / "kim" / "ps1" / "submission_secret.txt").unlink()
    (course / "feedback" / "eve" / "ps1" / "ps1.html").write_text("half a page")
    assert fresh(make(course, at_once)) == {"bob", "eve", "kim"}
    assert files(course / "feedback")["eve/ps1/ps1.html"] == before["eve/ps1/ps1.html"]
    assert fresh(make(course, at_once, "ann", force=True)) == {"ann"}
    monkeypatch.setattr(feedback, "_code", lambda: "another template")
    assert fresh(make(course, at_once)) == set(WORK)


def test_the_same_work_gives_the_same_page(graded, made):
    data, marks = notebook_of(graded, "eve").read_bytes(), marks_of(graded, "eve")["eve"]
    assert page(data, marks, "ps1", made_of(data, marks)) == read(made, "eve")


def test_one_page_that_cannot_be_made_costs_no_other(course, at_once):
    notebook_of(course, "ann").write_text("{")
    (course / "feedback").mkdir()
    (course / "feedback" / "bob").write_text("a file where a folder should be")
    (course / "submitted" / "eve" / "ps1" / "timestamp.txt").write_text("2026-10-06 09:00:00 UTC")
    classes.hand_in(course, "new", "all-right", collected=True)
    shutil.copytree(course / "autograded" / "kim", course / "autograded" / "unknown")
    results = make(course, at_once)
    assert fresh(results) == {"kim"}
    said = {student: result.trouble for student, result in results.items() if result.trouble}
    assert sorted(said) == ["ann", "bob", "eve", "new", "unknown"]
    assert "the graded notebook cannot be read" in said["ann"]
    assert said["bob"].startswith(f"cannot write to {course / 'feedback' / 'bob'}")
    assert said["eve"].startswith("it was graded with another time of handing in, due date or late")
    assert said["new"] == "it is handed in but not graded: run `autograder grade ps1`"
    assert said["unknown"].startswith("it was graded and is no longer in submitted/")


def test_a_graded_notebook_that_is_a_link_is_refused(course, at_once):
    notebook_of(course, "ann").unlink()
    notebook_of(course, "ann").symlink_to(notebook_of(course, "bob"))
    assert "symbolic link" in str(make(course, at_once)["ann"].trouble)


class Broken(Executor):
    """Has lost its workers, and says so at once or when it is asked."""

    def __init__(self, at_once: bool) -> None:
        self.at_once = at_once

    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        if self.at_once:
            raise BrokenExecutor
        future: Future[Any] = Future()
        future.set_exception(BrokenExecutor())
        return future


@pytest.mark.parametrize("lost", [Broken(False), Broken(True)], ids=["killed", "never started"])
def test_a_lost_worker_costs_a_line_for_each_page(graded, lost):
    results = list(ClassFeedback(graded, ["ps1"], [], force=True).on(lost, 2))
    assert {result.student: result.trouble for result in results} == dict.fromkeys(WORK, LOST)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((["ps9"], []), "no assignment 'ps9'"), ((["ps1"], ["nobody"]), "no graded ps1 of nobody")],
)
def test_what_is_not_there_is_said_before_anything_is_made(course, arguments, said):
    with pytest.raises(CourseError, match=said):
        ClassFeedback(course, *arguments)


def test_before_anything_is_graded_it_says_what_to_run(released):
    with pytest.raises(CourseError, match="run `autograder grade ps1` first"):
        ClassFeedback(released, ["ps1"], [])


# --- The command ---------------------------------------------------------------------------------


def test_the_command_makes_pages_in_processes_of_its_own(course, made):
    classes.hand_in(course, "new", "all-right", collected=True)
    command = ("feedback", "ps1", "--course", course, "--jobs", "2")
    said = "autograder: new's ps1 has no page: it is handed in but not graded: "
    assert commanding.run(*command) == (
        *(1, "4 pages made, 0 up to date\n"),
        said + "run `autograder grade ps1`\n",
    )
    assert files(course / "feedback") == files(made)
    again = commanding.run(*command, "--student", "ann", "--student", "bob")
    assert again == (0, "0 pages made, 2 up to date\n", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ps9",), "no assignment 'ps9'"),
        (("ps1", "--student", "nobody"), "no graded ps1 of nobody"),
        (("ps1", "--jobs", "0"), "--jobs"),
    ],
)
def test_the_command_says_what_is_wrong_with_what_was_asked(course, arguments, said):
    code, output, words = commanding.run("feedback", *arguments, "--course", course)
    assert (code, output, said in words) == (2, "", True)
    assert not (course / "feedback").exists()


# --- In a browser --------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_open_to_everybody_and_asks_for_nothing(browser, made, grave_findings, scheme):
    for width in (1280, 390):
        one = Visit(browser, color_scheme=scheme, viewport={"width": width, "height": 900})
        for student in WORK:
            one.page.goto((made / student / "ps1" / "ps1.html").as_uri())
            assert grave_findings(one.page) == [], student
            across = one.page.evaluate("document.documentElement.scrollWidth")
            assert across <= width, student
        assert (one.left, one.complaints) == ([], [])
        one.context.close()


def test_no_heading_of_a_table_is_broken_inside_a_word(browser, made):
    one = Visit(browser, viewport={"width": 390, "height": 900})
    one.page.goto((made / "ann" / "ps1" / "ps1.html").as_uri())
    headings = one.page.locator("nav thead th, section.text thead th")
    assert headings.count() > 0
    for heading in headings.all():
        if " " not in heading.inner_text():
            lines = heading.evaluate(
                "e => { const range = document.createRange(); range.selectNodeContents(e);"
                " return new Set([...range.getClientRects()].map(box => box.top)).size }"
            )
            assert lines == 1, heading.inner_text()
    one.context.close()


def test_mathematics_is_drawn_without_a_script(browser, tmp_path):
    text = page_of(v4.new_markdown_cell("$$\\frac{1}{\\sum_k e^{z_k}}$$"))
    one = opened(Visit(browser, java_script_enabled=False), tmp_path, text)
    fraction = one.page.locator("mfrac").bounding_box()
    assert fraction["height"] > 25, "numerator and denominator stand one above the other"
    one.context.close()


def test_the_browser_keeps_the_pages_promise(browser, made, tmp_path):
    """Were there a script or a foreign picture on a page all the same, nothing would come of it."""
    text = read(made, "ann").replace(
        "<main>",
        "<main><script>document.title = 'ran'</script>"
        '<img src="https://example.org/x.png" onerror="document.title = 1">',
    )
    one = opened(Visit(browser), tmp_path, text)
    assert (one.page.title(), one.left) == ("Feedback on ps1", [])
    assert any("Content Security Policy" in complaint for complaint in one.complaints)
    one.context.close()


def opened(one: Visit, folder: Path, text: str) -> Visit:
    (folder / "page.html").write_text(text, encoding="utf-8")
    one.page.goto((folder / "page.html").as_uri())
    return one


# --- Points, formulas, and lessons ----------------------------------------------------------------


def test_a_criterion_that_fails_says_how_much_it_was_worth(made):
    cells = re.compile(r"not yet</td>.*?<td[^>]*>([\d.]+) of ([\d.]+)</td></tr>")
    worth = [found for student in WORK for found in cells.findall(read(made, student))]
    assert {points for points, _ in worth} == {"0"}
    assert len({most for _, most in worth}) > 1


@pytest.mark.parametrize(
    ("formula", "written"),
    [
        ("0 \\log 0", "0 log 0"),
        ("2\\ln 2", "2 ln 2"),
        ("-\\log \\hat y", "−log y^"),
        ("p \\log(p)", "p log(p)"),
        ("\\exp\\left(z\\right)", "exp(z)"),
        ("(a)\\log^2 x", "(a) log2 x"),
        ("\\log\\,x", "log x"),
        ("x + y_k", "x+yk"),
    ],
)
def test_the_name_of_a_function_stands_apart_as_tex_has_it(formula, written):
    text = markdown_with_mathml(f"${formula}$")
    spaced = re.sub(r"<mspace[^>]*>", " ", text)
    assert re.sub(r"<[^>]+>", "", spaced).strip() == written


def test_a_lesson_leads_to_the_book_where_the_course_has_one(graded, at_once, tmp_path):
    course = classes.copied(graded, tmp_path / "course")
    made = make(course, at_once, "bob")
    assert made["bob"].fresh
    plain = read(course / "feedback", "bob")
    assert "lessons/" not in plain
    name = re.search(r"See the lesson (\w+)\.", plain)
    assert name
    settings_of = course / "nbgrader_config.py"
    before = settings_of.read_text(encoding="utf-8")
    book = "https://course.example/book/lessons/{}.html"
    settings_of.write_text(f"{before}\nc.Book.lesson = {book!r}\n", encoding="utf-8")
    assert make(course, at_once, "bob")["bob"].fresh, "a page knows that the book has come"
    link = f'<a href="{book.replace("{}", name[1])}">{name[1]}</a>'
    page = read(course / "feedback", "bob")
    assert link in page
    convert(course, GenerateFeedback, student_id="bob")
    assert read(course / "feedback", "bob") == page, "nbgrader makes the same page"


@pytest.mark.parametrize("book", [3, "lessons/{}.html", "https://a.example/x", 'https://a/"{}'])
def test_an_address_that_is_none_is_refused_before_a_page_is_made(course, book):
    with (course / "nbgrader_config.py").open("a", encoding="utf-8") as settings_of:
        settings_of.write(f"\nc.Book.lesson = {book!r}\n")
    with pytest.raises(CourseError, match="is the address of a lesson with"):
        ClassFeedback(course, ["ps1"], [])
    assert not (course / "feedback").exists()


def test_a_wide_table_of_a_student_s_does_not_widen_the_page(browser, tmp_path):
    row = "|" + "a long heading |" * 20
    table = f"{row}\n{'|--' * 20}|\n{row}"
    one = Visit(browser, viewport={"width": 390, "height": 800})
    opened(one, tmp_path, page_of(v4.new_markdown_cell(table)))
    assert one.page.evaluate("document.documentElement.scrollWidth") == 390
    one.context.close()
