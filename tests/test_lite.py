"""The JupyterLite site in Chromium, with Pyodide served along: nothing is asked of the network."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from browsing import choose, idle
from isolation import need_isolation
from pyodide import VERSION, NoPyodideError, pyodide
from running import PROGRAMS
from test_jupyterlab import CARD, RIGHT, WHOLE_MATRIX, code_cell, write, write_and_check

from classroom.lite import LiteError, build_lite, pyodide_address

ROOT = Path(__file__).resolve().parents[1]
STARTS = 240_000  # milliseconds; half a minute where nothing else runs
PICTURE = ".jp-OutputArea img"
UNSAVED = ".lm-TabBar-tab.jp-mod-dirty"
SOLVED = ("add_bias", "one_hot", "scores")


class Quiet(SimpleHTTPRequestHandler):
    """A web server that writes no log."""

    def log_message(self, *_: Any) -> None:
        """Write nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the site, as any web server would serve it."""
    folder = tmp_path_factory.mktemp("lite")
    try:
        build_lite(folder / "lite", folder / "work", pyodide())
    except (NoPyodideError, LiteError) as reason:
        pytest.skip(f"the site cannot be built here: {reason}")
    handler = partial(Quiet, directory=str(folder / "lite"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def opened(visit: Any, site: str, notebook: str) -> Any:
    """Open a notebook; return the page once Python waits for a cell."""
    page = visit.page
    page.set_default_timeout(STARTS)
    page.goto(f"{site}lab/index.html?path={notebook}")
    page.get_by_text("Python is ready").wait_for()
    idle(page)
    return page


def test_what_a_kernel_would_fetch_from_outside_is_seen(visit, site):
    """Without this, no request counted below could mean that none of a worker is ever seen."""
    visit.page.goto(site)
    visit.page.evaluate(
        """() => new Promise((done) => {
             const text = "fetch('https://example.org/x').finally(() => postMessage(1))";
             const worker = new Worker(URL.createObjectURL(new Blob([text])));
             worker.onmessage = done;
           })"""
    )
    assert visit.left == ["https://example.org/x"]


def test_a_page_that_asks_elsewhere_asks_for_the_version_that_is_tested_here():
    address = pyodide_address()
    assert address.startswith("https://")
    assert f"/v{VERSION}/" in address


def test_what_does_nothing_here_is_not_offered(visit, site):
    page = visit.page
    page.set_default_timeout(STARTS)
    page.goto(f"{site}lab/index.html?path=ps3/ps3.ipynb")
    page.locator('[data-jp-item-name="restart"]').wait_for()
    assert page.locator('[data-jp-item-name="interrupt"]').count() == 0
    for menu, offered, absent in (
        ("Kernel", "Restart Kernel", "Interrupt Kernel"),
        # It would give a file that is called ps3_ps3.ipynb, which is graded nowhere.
        ("File", "Save Notebook", "Download"),
    ):
        page.locator(f'.lm-MenuBar-item:has-text("{menu}")').first.click()
        labels = page.locator(".lm-Menu .lm-Menu-itemLabel")
        labels.filter(has_text=offered).first.wait_for()
        assert absent not in labels.all_inner_texts()
        page.keyboard.press("Escape")


def test_the_first_page_leads_to_every_notebook_and_is_readable(visit, site, grave_findings):
    page = visit.page
    page.goto(site)
    links = [a.get_attribute("href") for a in page.locator("a").all()]
    assert len(links) == len(set(links)) == 15
    for link in links:
        asked = page.request.get(f"{site}files/{link.split('path=')[1]}")
        assert asked.ok, link
    assert grave_findings(page) == []


def test_ps1_is_worked_on_downloaded_and_graded(visit, site, tmp_path):
    need_isolation()
    page = opened(visit, site, "ps1/ps1.ipynb")
    choose(page, "Run", "Run All Cells")
    code_cell(page, "check(add_bias)").get_by_text("add_bias: not written yet").wait_for()
    page.wait_for_function("!document.body.innerText.includes('[*]:')")
    for function in SOLVED:
        write(page, code_cell(page, f"def {function}("), RIGHT[function])
        page.keyboard.press("Shift+Enter")
        page.keyboard.press("Shift+Enter")
        page.locator(CARD.replace("softmax", function) + '[aria-label*="hold"]').wait_for()
    drawn = code_cell(page, "figures.one_hot_grid(")
    drawn.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    drawn.locator(PICTURE).wait_for()
    card = write_and_check(page, WHOLE_MATRIX, "fails").inner_text()
    assert "does not hold: every column sums to 1" in card
    assert "Hint: The sum runs over the classes of one sample" in card

    with page.expect_download() as download:
        page.locator('.jp-NotebookPanel-toolbar :text("Download to hand in")').click()
    assert download.value.suggested_filename == "ps1.ipynb"
    course = tmp_path / "course"
    shutil.copytree(ROOT / "source/ps1", course / "source/ps1")
    shutil.copytree(ROOT / "notebooks", course / "notebooks")
    shutil.copy(ROOT / "nbgrader_config.py", course)
    handed_in = course / "submitted/ann/ps1/ps1.ipynb"
    handed_in.parent.mkdir(parents=True)
    download.value.save_as(handed_in)
    # Not JupyterLite's "python", with which stock nbgrader finds no kernel.
    assert json.loads(handed_in.read_text())["metadata"]["kernelspec"]["name"] == "python3"
    for command in (("release", "ps1"), ("grade", "ps1", "--jobs", "1")):
        done = subprocess.run(
            [PROGRAMS / "autograder", *command, "--course", course],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    # All of three exercises (3 + 4 + 3), and what holds of a softmax that sums the whole matrix.
    assert "13.5 / 32" in done.stdout
    assert "softmax: whole-matrix sum" in done.stdout

    write(page, code_cell(page, "def softmax(z)"), "# not saved by hand")
    page.locator(UNSAVED).wait_for()
    page.locator(UNSAVED).wait_for(state="detached")
    page.reload()
    page.locator(".jp-CodeCell").get_by_text("# not saved by hand").wait_for()
    assert visit.left == []


def test_a_lesson_has_pictures_a_slider_that_moves_them_and_says_what_it_skips(visit, site):
    page = opened(visit, site, "lessons/09_tensorflow.ipynb")
    choose(page, "Run", "Run All Cells")
    slider = code_cell(page, "def twice(size)")
    picture = slider.locator(PICTURE)
    picture.wait_for(state="attached")
    before = picture.get_attribute("src")
    handle = slider.locator(".noUi-handle")
    handle.scroll_into_view_if_needed()
    handle.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "([cell, before]) => { const now = cell.querySelector('.jp-OutputArea img');"
        " return now && now.src !== before; }",
        arg=[slider.element_handle(), before],
    )
    # It covers the notebook.
    page.get_by_text("Python is ready").wait_for(state="detached")
    for code in ("import tensorflow as tf", "gaps = compare()", "cap = capped_by_keras()"):
        # Not `inner_text`, which is empty where nobody has scrolled to.
        said = code_cell(page, code).locator(".jp-OutputArea-output").text_content()
        assert said.strip() == "'skipped: TensorFlow is not installed'"
    assert visit.left == []
