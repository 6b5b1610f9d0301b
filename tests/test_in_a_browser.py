"""Slides, pages and sliders as Chromium shows them: nothing leaves this computer."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from classroom.__main__ import build_site
from classroom.lessons import BESIDE_A_LESSON, NOTEBOOKS, lessons
from classroom.vendor import VendorError, vendored

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

ROOT = Path(__file__).parents[1]
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
LOCAL = re.compile(r"(file|data|blob|about):|(https?|wss?)://(127\.0\.0\.1|localhost)[:/]")
DECKS = [path.stem for path in lessons()]
PROBLEM_SETS = sorted(path.stem for path in ROOT.glob("release/*/*.ipynb"))
PAGES = [
    "index",
    *(f"lessons/{name}" for name in DECKS),
    *(f"problem-sets/{name}" for name in PROBLEM_SETS),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        one = driver.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield one
        one.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        files = vendored(ROOT / "build/classroom")
    except VendorError as error:
        pytest.skip(str(error))
    target = tmp_path_factory.mktemp("site")
    build_site(target, files)
    return target


class Visit:
    """A page, with what it asked for outside this computer and what it complained of."""

    def __init__(self, browser: Any, **options: Any) -> None:
        self.left: list[str] = []
        self.complaints: list[str] = []
        self.context = browser.new_context(viewport={"width": 1280, "height": 720}, **options)
        self.context.route("**/*", self._route)
        self.page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _route(self, route: Any) -> None:
        if LOCAL.match(route.request.url):
            route.continue_()
        else:
            self.left.append(route.request.url)
            route.abort()

    def _console(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    one = Visit(browser)
    yield one
    one.context.close()


def mathematics(page: Any) -> tuple[int, int, list[str]]:
    """Return how many formulas stand there, how many failed, and what was left as text."""
    page.wait_for_function("window.MathJax?.startup?.promise")
    page.evaluate("() => MathJax.startup.promise")
    return (
        page.locator("mjx-container svg").count(),
        page.locator("[data-mjx-error], merror").count(),
        page.evaluate(
            """() => [...document.querySelectorAll(".jp-MarkdownOutput")].map((cell) => {
                 const copy = cell.cloneNode(true);
                 copy.querySelectorAll("code, pre, mjx-container").forEach((e) => e.remove());
                 return copy.textContent.match(/\\$.*|\\\\(frac|mathbf|begin).*/)?.[0];
               }).filter(Boolean)"""
        ),
    )


def test_the_router_sees_what_would_leave(visit: Visit) -> None:
    """Without this, no request counted below could mean that none is ever seen."""
    visit.page.set_content('<img src="https://example.org/x.png"><script>oops()</script>')
    visit.page.wait_for_load_state("networkidle")
    assert visit.left == ["https://example.org/x.png"]
    assert any("oops" in complaint for complaint in visit.complaints)


@pytest.mark.parametrize("name", DECKS)
def test_a_deck_shows_every_slide_whole_and_asks_for_nothing(
    site: Path, visit: Visit, name: str
) -> None:
    page = visit.page
    page.goto((site / f"slides/{name}.html").as_uri())
    page.wait_for_function("window.Reveal?.isReady()")
    formulas, failed, left_as_text = mathematics(page)
    assert formulas >= 20
    assert (failed, left_as_text) == (0, [])
    heading = page.locator("section.present h1").first.bounding_box()
    assert heading["height"] > 30, "the first slide is really seen"
    arrow = page.locator(".controls .navigate-right").bounding_box()
    assert arrow["x"] + arrow["width"] < heading["x"], "the arrows stand in the margin"
    off_the_slide = page.evaluate(
        """() => Reveal.getSlides().filter((slide) => {
             const { h, v } = Reveal.getIndices(slide);
             Reveal.slide(h, v, 99);
             const { width, height } = Reveal.getConfig();
             const edge = slide.getBoundingClientRect().left + width * Reveal.getScale() + 1;
             const wide = [...slide.querySelectorAll("pre, img, mjx-container")]
               .filter((e) => !e.closest("aside"))
               .some((e) => e.getBoundingClientRect().right > edge || e.scrollWidth > width);
             return wide || slide.scrollHeight > height || slide.clientHeight < 50;
           }).map((slide) => slide.textContent.trim().slice(0, 40))"""
    )
    assert off_the_slide == []
    assert page.evaluate("Reveal.getTotalSlides()") >= 15
    assert page.locator("img:not([alt]), img[alt='']").count() == 0
    assert (visit.left, visit.complaints) == ([], [])


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_site_is_complete_and_asks_for_nothing(
    site: Path, visit: Visit, name: str
) -> None:
    visit.page.goto((site / f"{name}.html").as_uri())
    visit.page.wait_for_load_state("networkidle")
    if name != "index":
        formulas, failed, left_as_text = mathematics(visit.page)
        assert formulas >= 10
        assert (failed, left_as_text) == (0, [])
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not visit.page.evaluate(wide), "nothing runs off to the right"
    assert (visit.left, visit.complaints) == ([], [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_on_light_and_dark(browser: Any, site: Path, scheme: str) -> None:
    """WCAG's contrast of 4.5, for each kind of text on a slide and on a page."""
    one = Visit(browser, color_scheme=scheme)
    for address in ("slides/08_batches.html", "lessons/08_batches.html"):
        one.page.goto((site / address).as_uri())
        worst = one.page.evaluate(
            """() => {
              const light = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map((c) => c / 255)
                .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
                .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
              const behind = (e) => {
                for (; e; e = e.parentElement) {
                  const colour = getComputedStyle(e).backgroundColor;
                  if (!/, 0\\)$/.test(colour)) return colour;
                }
                return "rgb(255, 255, 255)";
              };
              return Math.min(...[...document.querySelectorAll(
                "h1, h2, p, li, summary, a, pre, .highlight span")].map((e) => {
                const pair = [light(getComputedStyle(e).color), light(behind(e))].sort();
                return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
              }));
            }"""
        )
        assert worst >= 4.5, address
    one.context.close()


# --- a slider, moved ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """JupyterLab on a copy of one lesson, with settings of its own; its address."""
    folder = tmp_path_factory.mktemp("lab")
    for file in (*BESIDE_A_LESSON, NOTEBOOKS / "02_softmax.ipynb"):
        shutil.copy(file, folder)
    own = tmp_path_factory.mktemp("jupyter")  # nothing of the reader's own Jupyter is touched
    log = (folder / "log").open("w")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": "0",
        "ServerApp.root_dir": str(folder),
        "IdentityProvider.token": "lesson",
        "LabApp.news_url": "",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    process = subprocess.Popen(
        [*command, *(f"--{name}={value}" for name, value in options.items())],
        cwd=folder,
        env={**os.environ, "JUPYTER_CONFIG_DIR": str(own), "JUPYTER_RUNTIME_DIR": str(own)},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        yield wait_for_address(folder / "log", process)
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def wait_for_address(log: Path, process: subprocess.Popen[bytes]) -> str:
    for _ in range(240):
        found = re.search(r"http://127\.0\.0\.1:\d+/", log.read_text())
        if found and answers(found.group()):
            return found.group()
        assert process.poll() is None, log.read_text()[-2000:]
        time.sleep(0.25)
    raise AssertionError(f"JupyterLab did not start: {log.read_text()[-2000:]}")


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}api", timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def test_a_slider_that_is_moved_changes_its_picture(browser: Any, jupyterlab: str) -> None:
    one = Visit(browser)
    page = one.page
    page.set_default_timeout(60_000)
    page.goto(f"{jupyterlab}lab/tree/02_softmax.ipynb?token=lesson&reset")
    # "Idle" may show before there is a kernel, and what is typed then is dropped.
    page.wait_for_function("/Idle/.test(document.querySelector('#jp-main-statusbar')?.innerText)")
    page.locator('.lm-MenuBar-item:has-text("Run")').click()
    page.locator('.lm-Menu-itemLabel:text-is("Run All Cells")').click()
    cell = page.locator(".jp-CodeCell", has=page.locator(".widget-slider")).first
    handle, picture = cell.locator(".noUi-handle"), cell.locator(".jp-OutputArea img")
    picture.wait_for()
    before = picture.get_attribute("src"), picture.get_attribute("alt")
    handle.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "([img, alt]) => img.isConnected ? img.alt !== alt : true",
        arg=[picture.element_handle(), before[1]],
    )
    picture.wait_for()
    after = picture.get_attribute("src"), picture.get_attribute("alt")
    assert after[0] != before[0]
    assert "602" in (before[1] or ""), "the slider starts at 600"
    assert after[1] != before[1], "its text alternative says the new numbers"
    one.context.close()


def test_a_lesson_is_presented_live_without_the_network(browser: Any, jupyterlab: str) -> None:
    one = Visit(browser)
    one.page.goto(f"{jupyterlab}rise/02_softmax.ipynb?token=lesson")
    one.page.locator(".reveal section.present mjx-container").first.wait_for(timeout=60_000)
    one.page.wait_for_load_state("networkidle")
    assert one.left == [], "RISE's default theme would fetch fonts; the notebooks name another"
    one.context.close()
