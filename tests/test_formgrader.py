"""Formgrader as an instructor uses it, and a student on the other side of the exchange.

In a real browser, within JupyterLab, and without the network.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from browsing import PATIENCE, Lab, Visit, choose, jupyterlab, keep_picture
from classes import ROOT, copied
from databases import every_row, query
from isolation import need_isolation
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import ExchangeFetchAssignment, ExchangeFetchFeedback, ExchangeSubmit
from nbgrading import released_course
from running import done, fix_secret, grade
from traitlets.config import Config

from autograder.cli.doctor import MATHJAX
from autograder.grading.history import read_marks_given
from classroom.vendor import VendorError, vendored

DUE = "2026-10-05 12:00:00.000000"  # some hours before `seed-a` hands in
COURSE_ID = "softmax-by-hand"
STUDENT = "mei"  # goes through the exchange; the others' work lies in submitted/
CLASS = {"ps1": ("seed-a", STUDENT), "ps2": ("hostile-script",)}
ANSWER = "It is right for one sample: the whole matrix is then one column, and $\\sum_k a_k = 1$."
COMMENT = "Right, and the batch? Try $N = 2$."
WRITTEN = "written_whole_matrix"
READY = "window.formgrader?.loaded && MathJax.loaded && formgrader.grades.loaded"
# Each sets a global if it gets to run; a formula is the way around the cleaning of HTML.
TRAPS = r"""
<script>window.ran = "script"</script> <img src="x" onerror="window.ran = 'image'">
<svg onload="window.ran = 'svg'"></svg> [link](javascript:window.ran='link')

$\href{javascript:window.ran='href'}{x}$ $\require{html}\href{javascript:window.ran='require'}{x}$
$\mmlToken{mi}[href="javascript:window.ran='token'" id="%s" class="full-credit"]{y}$ $\cssId{%s}{z}$
"""

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's"),
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),
]


# --- The exchange, from a student's side ----------------------------------------------------------


@dataclass(frozen=True)
class Exchange:
    """nbgrader's exchange in a folder of the test's own."""

    root: Path
    cache: Path
    home: Path

    @property
    def settings(self) -> dict[str, str]:
        return {"Exchange.root": str(self.root), "Exchange.cache": str(self.cache)}

    def do(self, step: type[Any], assignment: str) -> None:
        """Fetch or submit as the student does, in the folder where the student works."""
        config = Config()
        config.Exchange.root, config.Exchange.cache = str(self.root), str(self.cache)
        config.Exchange.assignment_dir = str(self.home)
        config.CourseDirectory.course_id = COURSE_ID
        config.CourseDirectory.assignment_id = assignment
        config.CourseDirectory.student_id = STUDENT
        course = CourseDirectory(config=config)
        step(coursedir=course, authenticator=Authenticator(config=config), config=config).start()


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Exchange:
    folder = tmp_path_factory.mktemp("exchange")
    made = Exchange(folder / "exchange", folder / "cache", folder / "home")
    for path in (made.root, made.cache, made.home):
        path.mkdir()
    made.root.chmod(0o777)  # nbgrader asks for it
    return made


def write_answers(path: Path, work: Path, answer: str) -> None:
    """Give a notebook another student's functions and this written answer."""
    notebook, theirs = nbformat.read(path, 4), nbformat.read(work, 4)
    solved = {cell.id: cell.source for cell in theirs.cells}
    for cell in notebook.cells:
        data = cell.metadata.get("nbgrader", {})
        if data.get("solution"):
            cell.source = answer if data.grade else solved.get(cell.id, cell.source)
    nbformat.write(notebook, path)


# --- A class, graded by buttons -------------------------------------------------------------------


@pytest.fixture(scope="module")
def mathjax() -> Path:
    try:
        vendored(ROOT / "build" / "classroom")
    except VendorError as error:
        pytest.skip(str(error))
    return (ROOT / MATHJAX).parent


@pytest.fixture(scope="module")
def course(mathjax: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course as a clone has it, released, with work of some of the sample class."""
    need_isolation()
    root = tmp_path_factory.mktemp("formgrader") / "course"
    released_course(root, [*CLASS], "\nc.LatePenalties.points_per_day = 0.25\n")
    fix_secret(root)
    for name in ("tex-svg-full.js", "ui/safe.js"):
        file = root / Path(MATHJAX).parent / name
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(mathjax / name, file)
    query(f"sqlite:///{root / 'gradebook.db'}", "UPDATE assignment SET duedate = :due", due=DUE)
    for assignment, students in CLASS.items():
        for student in set(students) - {STUDENT}:
            work = ROOT / "examples" / "submitted" / student / assignment
            shutil.copytree(work, root / "submitted" / student / assignment)
    return root


@dataclass(frozen=True)
class Formgrader:
    """A class that was graded by Formgrader's buttons, and JupyterLab with Formgrader open."""

    course: Path
    collected: Path
    lab: Lab
    visit: Visit
    frame: Any

    @property
    def gradebook(self) -> str:
        return f"sqlite:///{self.course / 'gradebook.db'}"

    def address(self, assignment: str, student: str) -> str:
        """Return where Formgrader shows a submission."""
        ((name,),) = query(
            self.gradebook,
            "SELECT n.id FROM submitted_notebook n"
            " JOIN submitted_assignment s ON s.id = n.assignment_id"
            " JOIN assignment a ON a.id = s.assignment_id"
            " WHERE a.name = :assignment AND s.student_id = :student",
            assignment=assignment,
            student=student,
        )
        return f"{self.lab.address}formgrader/submissions/{name}/"

    def open(self, visit: Visit, assignment: str, student: str) -> Any:
        """Open a submission in a page of its own; return it once all of it has come."""
        visit.page.set_default_timeout(PATIENCE)
        visit.page.goto(self.lab.at(door="api/status"))  # signs in
        visit.page.goto(self.address(assignment, student))
        visit.page.wait_for_function(READY)
        return visit.page

    def rows(self, assignment: str) -> Any:
        """Go to the table of an assignment's submissions."""
        self.frame.goto(f"{self.lab.address}formgrader/manage_submissions/{assignment}")
        rows = self.frame.locator("#main-table tr")
        rows.first.wait_for()
        return rows

    def row(self, assignment: str, student: str) -> Any:
        """Return a student's row in that table."""
        cell = self.frame.locator(f'td.student-id:text-is("{student}")')
        return self.rows(assignment).filter(has=cell)


def press(row: Any, column: str) -> None:
    """Press a row's button and wait for Formgrader to say that it went well."""
    frame = row.page.frame_locator('iframe[src*="formgrader"]')
    row.locator(f"td.{column} a").click()
    said = frame.locator("#success-modal, #error-modal")
    said.locator(".modal-title").wait_for()
    assert said.get_attribute("id") == "success-modal", said.inner_text()
    said.locator('button:has-text("OK")').click()
    said.wait_for(state="detached")


@pytest.fixture(scope="module")
def formgrader(
    browser: Any, course: Path, exchange: Exchange, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Formgrader]:
    own = tmp_path_factory.mktemp("jupyter") / "own"
    with jupyterlab(course, own, nbgrader=exchange.settings) as lab:
        visit = Visit(browser)
        page = visit.page
        page.set_default_timeout(PATIENCE)
        page.goto(lab.at(door="lab"))
        choose(page, "Nbgrader", "Formgrader")
        frame = page.locator('iframe[src*="formgrader"]').element_handle().content_frame()
        assignment = frame.locator("#main-table tr").filter(
            has=frame.locator('td.name:has-text("ps1")')
        )
        for button in ("assign", "release"):
            press(assignment, button)
        exchange.do(ExchangeFetchAssignment, "ps1")
        work = ROOT / "examples" / "submitted" / "wrong-axis" / "ps1" / "ps1.ipynb"
        write_answers(exchange.home / "ps1" / "ps1.ipynb", work, ANSWER)
        exchange.do(ExchangeSubmit, "ps1")
        press(assignment, "collect")
        hostile = course / "submitted" / "hostile-script" / "ps2" / "ps2.ipynb"
        add_traps(hostile)
        collected = course.with_name("collected")
        shutil.copytree(course, collected)
        one = Formgrader(course, collected, lab, visit, frame)
        for name, students in CLASS.items():
            for student in students:
                press(one.row(name, student), "autograde")
        yield one
        visit.context.close()


def add_traps(path: Path) -> None:
    """Add formulas to what `hostile-script` wrote."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.metadata.get("nbgrader", {}).get("solution"):
            name = cell.metadata.nbgrader.grade_id
            cell.source += TRAPS.replace("%s", name)
    nbformat.write(notebook, path)


def test_the_generated_release_is_the_one_that_was_proved(formgrader):
    generated, proved = formgrader.course / "release" / "ps1", ROOT / "release" / "ps1"
    names = sorted(path.name for path in proved.iterdir())
    assert sorted(path.name for path in generated.iterdir()) == names
    assert [(generated / name).read_bytes() for name in names] == [
        (proved / name).read_bytes() for name in names
    ]


def test_it_is_graded_by_buttons_as_by_autograder_grade(formgrader, tmp_path):
    bulk = copied(formgrader.collected, tmp_path / "bulk")
    done(grade(bulk, "ps2", "--jobs", "1"))
    by_buttons, rows = every_row(formgrader.gradebook), every_row(f"sqlite:///{bulk}/gradebook.db")
    assert {row[0] for row in rows["grade"]} == {*CLASS["ps1"], *CLASS["ps2"]}
    assert by_buttons["grade"] == rows["grade"]
    assert by_buttons == rows


def test_a_page_shows_cards_points_and_formulas_and_asks_for_nothing(formgrader, browser):
    visit = Visit(browser, viewport={"width": 1000, "height": 620})
    page = formgrader.open(visit, "ps1", STUDENT)
    card = page.locator('.verdict-card[aria-label="Verdict on softmax"]')
    assert "This looks like: axis=1" in card.inner_text()
    last = card.locator("tbody td:last-child").all_inner_texts()
    points = [float(text.split(" of ")[0]) for text in last]
    assert len(points) > 3
    box = page.locator("input#grade_softmax")
    assert float(box.get_attribute("placeholder")) == sum(points) > 0
    assert page.locator("mjx-container svg").count() > 100
    assert page.locator("[data-mjx-error]").count() == 0
    assert formulas_left_as_text(page) == []
    assert visit.left == []
    page.wait_for_function("$(':animated').length === 0")
    box.evaluate("(box) => scrollTo(0, box.getBoundingClientRect().top + scrollY - 110)")
    keep_picture(page, "formgrader-card")
    visit.context.close()


def formulas_left_as_text(page: Any) -> list[str]:
    return page.evaluate(
        """() => [...document.querySelectorAll(".rendered_html")].map((cell) => {
             const copy = cell.cloneNode(true);
             copy.querySelectorAll("code, pre, mjx-container").forEach((e) => e.remove());
             return copy.textContent.match(/\\$.*|\\\\(frac|mathbf|begin).*/)?.[0];
           }).filter(Boolean)"""
    )


def test_without_mathjax_the_boxes_and_keys_work_and_formulas_are_text(formgrader, browser):
    visit = Visit(browser)
    visit.context.route("**/mathjax/**", lambda route: route.fulfill(status=404))
    page = formgrader.open(visit, "ps1", "seed-a")
    assert formulas_left_as_text(page) != []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.comment')")
    assert page.locator("input#grade_softmax").get_attribute("placeholder")
    assert visit.left == []
    visit.context.close()


def test_keys_lead_from_submission_to_submission_within_jupyterlab(formgrader):
    frame = formgrader.frame
    frame.goto(f"{formgrader.lab.address}formgrader/gradebook/ps1/ps1")
    frame.locator('#main-table a:text-is("Submission #1")').click()
    frame.wait_for_function(READY)
    for key, number in (("Control+.", 2), ("Control+,", 1)):
        frame.page.keyboard.press(key)
        frame.locator(f'.panel-title:has-text("Submission {number} / 2")').wait_for()
        frame.wait_for_function(READY)
    frame.page.keyboard.press("Control+,")  # before the first one is the list of all
    frame.locator('#main-table a:text-is("Submission #1")').wait_for()
    assert formgrader.visit.left == []


def test_nothing_that_a_student_wrote_runs_or_poses_as_a_part_of_the_page(formgrader, browser):
    visit = Visit(browser)
    page = formgrader.open(visit, "ps2", "hostile-script")
    written = page.locator(".nbgrader_cell .rendered_html")
    assert 'window.ran = "script"' in written.inner_text(), "it is there to be read"
    assert written.locator("mjx-container").count() == 4, "its formulas were tried"
    for link in written.locator("a").all():
        link.dispatch_event("click")
    assert page.evaluate("window.ran") is None
    assert page.title() == "ps2"
    posing = '[id]:not([id^="MJX-"]), .full-credit, [onerror], [onload], [href]'
    assert written.locator(posing).count() == 0
    assert visit.left == []
    visit.context.close()


# --- A person's points and comments ---------------------------------------------------------------


@pytest.fixture(scope="module")
def by_hand(formgrader: Formgrader) -> Formgrader:
    """The class after a person graded and commented the written answer of `STUDENT`."""
    waiting = formgrader.row("ps1", STUDENT)
    assert waiting.locator("td.status").inner_text() == "needs manual grading"
    frame = formgrader.frame
    frame.goto(formgrader.address("ps1", STUDENT))
    frame.wait_for_function(READY)
    for box, text in ((f"input#{WRITTEN}", "2.5"), (f"textarea#{WRITTEN}-comment", COMMENT)):
        with frame.page.expect_response(lambda one: one.request.method == "PUT" and one.ok):
            frame.locator(box).fill(text)
            frame.page.keyboard.press("Tab")
    return formgrader


def manual(gradebook: str) -> tuple[Any, ...]:
    """Return what a person gave `STUDENT`: points and comments."""
    rows = every_row(gradebook)
    given = {
        table: [row for row in rows[table] if row[5] is not None] for table in ("grade", "comment")
    }
    return tuple([(r[2], r[5]) for r in table if r[0] == STUDENT] for table in given.values())


def test_what_a_person_gave_stays_when_the_class_is_graded_again(by_hand, tmp_path):
    assert manual(by_hand.gradebook) == ([(WRITTEN, 2.5)], [(WRITTEN, COMMENT)])
    again = copied(by_hand.course, tmp_path / "again")
    done(grade(again, "--force", "--jobs", "1"))
    before, after = every_row(by_hand.gradebook), every_row(f"sqlite:///{again}/gradebook.db")
    # By nbgrader's rule a person is asked to look once more at points that were given by hand.
    seen = [(*row[:-1], row[-1] or row[5] is not None) for row in before.pop("grade")]
    assert after.pop("grade") == seen
    assert after == before


def test_when_a_person_gave_points_is_noted(by_hand):
    given = read_marks_given(by_hand.course, "ps1")
    assert {one.by for some in given.values() for one in some} == {"Formgrader"}
    assert given[STUDENT][-1].at


def test_the_pages_say_what_the_gradebook_holds(by_hand):
    """As nbgrader's own pages do: the points before anything is taken away for being late."""
    rows, notebooks = map(every_row(by_hand.gradebook).get, ("grade", "submitted_notebook"))
    assert next(row[3] for row in notebooks if row[:2] == ("seed-a", "ps1")) == 0.25
    for assignment, students in CLASS.items():
        for student in students:
            row = by_hand.row(assignment, student)
            mine = [one for one in rows if one[:2] == (student, assignment)]
            points = sum(one[5] if one[5] is not None else one[4] or 0 for one in mine)
            assert float(row.locator("td.score").inner_text().split("/")[0]) == points
            waits = any(one[7] for one in mine)
            said = "needs manual grading" if waits else "graded"
            assert row.locator("td.status").inner_text() == said


def test_the_student_fetches_feedback_with_card_and_comment(by_hand, exchange):
    for button in ("generate-feedback", "release-feedback"):
        press(by_hand.row("ps1", STUDENT), button)
    exchange.do(ExchangeFetchFeedback, "ps1")
    (page,) = exchange.home.glob("ps1/feedback/*/ps1.html")
    text = page.read_text(encoding="utf-8")
    assert "This looks like: axis=1" in text
    assert "Right, and the batch?" in text
    assert by_hand.visit.left == []
