"""JupyterLab as a student meets it: check, Validate, Assignment List, in Chromium and offline."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import (
    PATIENCE,
    Lab,
    choose,
    idle,
    jupyterlab,
    keep_picture,
    open_notebook,
    worst_contrast,
)
from nbformat import v4
from running import PROGRAMS

from examples.build import answers_of

ROOT = Path(__file__).resolve().parents[1]
RIGHT = {one.cell: one.text for one in answers_of("full-vectorised") if one.problem_set == "ps1"}
WRITTEN = "written_whole_matrix"
WHOLE_MATRIX = """\
def softmax(z):
    e = np.exp(z - np.max(z))
    return e / e.sum()
"""
CARD = '[role="group"][aria-label^="check of softmax"]'
RUNNING = "[*]:"
VALIDATE = '.jp-NotebookPanel-toolbar .jp-Toolbar-item:has-text("Validate")'


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty exchange."""
    folder = tmp_path_factory.mktemp("exchange")
    folder.chmod(0o777)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the student works."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def lab(home: Path, exchange: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    settings = {"Exchange.root": str(exchange), "CourseDirectory.course_id": "softmax-by-hand"}
    with jupyterlab(home, tmp_path_factory.mktemp("jupyter"), nbgrader=settings) as one:
        yield one


@pytest.fixture(autouse=True)
def _no_choice_of_an_earlier_test(lab: Lab) -> None:
    """JupyterLab remembers a theme, and what was open."""
    shutil.rmtree(lab.log.parent / "lab", ignore_errors=True)


@pytest.fixture
def hand_out(home: Path, request: pytest.FixtureRequest) -> Callable[..., str]:
    """A function that gives the student ps1, with these exercises solved; its path in the home."""
    folder = home / request.node.name

    def give(*solved: str) -> str:
        shutil.copytree(ROOT / "release/ps1", folder)
        path = folder / "ps1.ipynb"
        notebook = v4.reads(path.read_text(encoding="utf-8"))
        for cell in notebook.cells:
            if (name := cell.metadata.get("nbgrader", {}).get("grade_id")) in solved:
                cell.source = RIGHT[name]
        path.write_text(v4.writes(notebook), encoding="utf-8")
        return f"{folder.name}/ps1.ipynb"

    return give


# --- What a student does ------------------------------------------------------------------


def code_cell(page: Any, text: str) -> Any:
    return page.locator(f'.jp-CodeCell:has-text("{text}")').first


def write(page: Any, cell: Any, text: str) -> None:
    """Replace what stands in a cell, as by typing."""
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)


def write_and_check(page: Any, text: str, outcome: str) -> Any:
    """Write softmax, run its cell and the check below it; return the card that says so."""
    write(page, code_cell(page, "def softmax(z)"), text)
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    card = page.locator(f'{CARD}[aria-label*="{outcome}"]')
    card.wait_for()
    return card


def press_until(page: Any, key: str, condition: str) -> None:
    """Press a key until a condition holds on the page, as somebody does who watches."""
    for _ in range(40):
        if page.evaluate(condition):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{key} does not lead there: {condition}")


def wear(page: Any, theme: str) -> None:
    """Choose a theme, by its name in the menu."""
    page.locator('.lm-MenuBar-item:has-text("Settings")').click()
    page.locator('.lm-Menu-itemLabel:text-is("Theme")').click()
    page.locator(f'.lm-Menu-itemLabel:text-is("{theme}")').click()
    page.wait_for_function("(name) => document.body.dataset.jpThemeName === name", arg=theme)


def validate(page: Any, picture: str | None = None) -> str:
    """Press Validate; return what its dialog says, and close it."""
    page.locator(VALIDATE).click()
    dialog = page.locator('.jp-Dialog:has-text("Validation Results")')
    dialog.wait_for()
    text = str(dialog.inner_text())
    if picture:
        keep_picture(dialog.locator(".jp-Dialog-content"), picture)
    dialog.locator("button").last.click()
    dialog.wait_for(state="detached")
    return text


# --- Alone with the notebook --------------------------------------------------------------


def test_a_student_is_led_from_a_wrong_softmax_to_a_right_one(visit, lab, hand_out):
    page = open_notebook(visit, lab, hand_out())
    choose(page, "Run", "Run All Cells")
    for function in ("add_bias", "cce_from_scores"):  # the first and the last
        said = code_cell(page, f"check({function})").get_by_text(f"{function}: not written yet")
        said.wait_for()
    page.wait_for_function(f"!document.body.innerText.includes('{RUNNING}')")

    card = write_and_check(page, WHOLE_MATRIX, "fails").inner_text()
    keep_picture(code_cell(page, "check(softmax)"), "check-card")
    assert "does not hold: every column sums to 1" in card
    assert "column sums, shape (7,)" in card
    assert "Hint: The sum runs over the classes of one sample: which axis" in card
    said = code_cell(page, "check(softmax)").locator('[data-mime-type$=".stderr"]')
    assert said.inner_text().strip().count("\n") == 0, "one line, and no traceback"

    card = write_and_check(page, RIGHT["softmax"], "hold").inner_text()
    assert "does not hold" not in card
    assert said.count() == 0
    assert visit.left == []


def test_validate_says_what_is_missing_until_nothing_is(visit, lab, hand_out):
    page = open_notebook(visit, lab, hand_out(*(RIGHT.keys() - {"softmax", WRITTEN})))
    said = validate(page, picture="validate")
    assert "softmax: not written yet" in said
    assert "You did not provide a response." in said, "the written question"
    assert said.count("The following cell failed") == 2

    write(page, code_cell(page, "def softmax(z)"), RIGHT["softmax"])
    question = page.locator('.jp-MarkdownCell:has-text("Write your answer here.")')
    question.dblclick()
    write(page, question, "With one sample, the whole matrix is its column.")
    assert "Success! Your notebook passes all the tests." in validate(page)
    assert visit.left == []


def test_the_card_is_legible_in_each_theme_and_whole_in_a_narrow_window(visit, lab, hand_out):
    page = open_notebook(visit, lab, hand_out())
    code_cell(page, "import figures").locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    for outcome, text in (("hold", RIGHT["softmax"]), ("fails", WHOLE_MATRIX)):
        write_and_check(page, text, outcome)
        for theme in ("Light", "Dark", "Dark High Contrast"):
            wear(page, f"JupyterLab {theme}")
            assert worst_contrast(page, f"{CARD} *:not([aria-hidden])") >= 4.5, (outcome, theme)
            assert worst_contrast(page, f"{CARD} [aria-hidden]") >= 3, "the signs, beside words"
    page.keyboard.press("Control+B")  # the folders go, as they do when there is little room
    for width in (1280, 480):
        page.set_viewport_size({"width": width, "height": 800})
        cut_off = page.locator(CARD).evaluate(
            """(card) => [card, ...card.querySelectorAll("*")].filter((part) =>
                 part.getBoundingClientRect().right > innerWidth ||
                 part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0
               ).map((part) => part.outerHTML.slice(0, 80))"""
        )
        assert cut_off == [], width


def test_a_student_without_a_mouse_opens_edits_runs_and_validates(visit, lab, hand_out):
    path, page = hand_out(), visit.page
    page.set_default_timeout(PATIENCE)
    page.goto(lab.at())
    page.locator(".jp-DirListing-item").first.wait_for()
    page.keyboard.press("Control+Shift+C")
    page.locator(".lm-CommandPalette-input:focus").wait_for()
    page.keyboard.type("Open from Path")
    page.locator('.lm-CommandPalette-item.lm-mod-active:has-text("Open from Path")').wait_for()
    page.keyboard.press("Enter")
    page.locator(".jp-Dialog input:focus").wait_for()
    page.keyboard.type(path)
    page.keyboard.press("Enter")
    idle(page)

    active = 'document.querySelector(".jp-Notebook .jp-Cell.jp-mod-active")'
    press_until(page, "Shift+Enter", f"{active}.innerText.includes('def add_bias(X)')")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("def add_bias(X):\n    return X\n")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    page.locator('[role="group"][aria-label^="check of add_bias"]').wait_for()

    focused = 'document.activeElement.closest(".jp-NotebookPanel-toolbar .jp-Toolbar-item")'
    press_until(page, "Shift+Tab", focused)
    press_until(page, "ArrowRight", f"{focused}.innerText.includes('Validate')")
    page.keyboard.press("Enter")
    dialog = page.locator('.jp-Dialog:has-text("Validation Results")')
    dialog.wait_for()
    assert "add_bias: it " in dialog.inner_text()
    page.keyboard.press("Enter")
    dialog.wait_for(state="detached")


def test_a_notebook_that_came_alone_works_and_its_files_are_folded_away(visit, lab, home):
    mail = home / "mail"
    mail.mkdir()
    shutil.copy(ROOT / "release/ps1/ps1.ipynb", mail)
    page = open_notebook(visit, lab, "mail/ps1.ipynb")
    first = page.locator(".jp-CodeCell").first
    folded = first.locator(".jp-InputPlaceholder")
    assert folded.inner_text().strip().startswith("# @title The files of ps1: run this cell")
    assert first.bounding_box()["height"] < 80
    assert first.locator(".cm-content:visible").count() == 0

    first.locator(".jp-InputPrompt").click()
    page.keyboard.press("Shift+Enter")
    first.get_by_text(f"Put into {mail}: checks.py, figures.py.").wait_for()
    assert sorted(path.name for path in mail.glob("*.py")) == ["checks.py", "figures.py"]
    choose(page, "Run", "Run All Cells")
    code_cell(page, "check(add_bias)").get_by_text("add_bias: not written yet").wait_for()
    assert visit.left == []


# --- Through the exchange -----------------------------------------------------------------


def test_a_student_fetches_submits_and_reads_the_feedback(visit, lab, home, course, exchange):
    def run(program: str, *arguments: str) -> None:
        options = () if program == "autograder" else (f"--Exchange.root={exchange}",)
        done = subprocess.run(
            [PROGRAMS / program, *arguments, *options], cwd=course, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr

    run("nbgrader", "release_assignment", "ps1")
    page = visit.page
    page.set_default_timeout(PATIENCE)
    page.goto(lab.at())
    page.locator(".jp-DirListing-content").wait_for()
    choose(page, "Nbgrader", "Assignment List")
    panel = page.locator("#nbgrader-assignment-list")
    panel.locator('button:text-is("Fetch"), a:text-is("Fetch")').click()
    panel.locator('button:text-is("Submit"), a:text-is("Submit")').wait_for()
    assert (home / "ps1/ps1.ipynb").is_file()

    page = open_notebook(visit, lab, "ps1/ps1.ipynb")
    write(page, code_cell(page, "def softmax(z)"), WHOLE_MATRIX)
    page.keyboard.press("Control+S")
    page.locator(".jp-mod-current.jp-mod-dirty, .lm-mod-current.jp-mod-dirty").wait_for(
        state="detached"
    )
    choose(page, "Nbgrader", "Assignment List")
    panel.locator('button:text-is("Submit"), a:text-is("Submit")').click()
    panel.locator("#submitted_assignments_list").get_by_text("ps1").first.wait_for()

    run("nbgrader", "collect", "ps1")
    run("autograder", "grade", "ps1", "--jobs", "1")
    run("autograder", "feedback", "ps1")
    run("nbgrader", "release_feedback", "ps1")

    page.locator("#refresh_assignments_list").click()
    panel.locator('button:text-is("Fetch Feedback"), a:text-is("Fetch Feedback")').click()
    panel.locator('a:has-text("view feedback")').click()
    page.locator('.jp-DirListing-item:has-text("ps1.html")').dblclick()
    feedback = page.frame_locator(".jp-HTMLViewer iframe").locator("body")
    feedback.get_by_text("softmax: 3.5 of 8 points").wait_for()
    assert "Try:" in feedback.inner_text(), "the experiment that shows the mistake"
    assert visit.left == [], "the page needs nothing from outside either"
