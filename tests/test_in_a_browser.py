"""Slides and sliders as Chromium shows them: nothing leaves this computer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import Lab, Visit, choose, jupyterlab, open_notebook, worst_contrast

from classroom.__main__ import build_slides
from classroom.lessons import BESIDE_A_LESSON, NOTEBOOKS, lessons
from classroom.vendor import VendorError, vendored

ROOT = Path(__file__).parents[1]
DECKS = [path.stem for path in lessons()]


@pytest.fixture(scope="module")
def slides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        files = vendored(ROOT / "build/classroom")
    except VendorError as error:
        pytest.skip(str(error))
    target = tmp_path_factory.mktemp("slides")
    build_slides(target, files)
    return target


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


def test_the_router_sees_what_would_leave(visit):
    """Without this, no request counted below could mean that none is ever seen."""
    visit.page.set_content('<img src="https://example.org/x.png"><script>oops()</script>')
    visit.page.wait_for_load_state("networkidle")
    assert visit.left == ["https://example.org/x.png"]
    assert any("oops" in complaint for complaint in visit.complaints)


def test_axe_core_finds_what_is_wrong(visit, grave_findings):
    """Without this, no finding elsewhere could mean that nothing is ever found."""
    text = '<p style="color: #999; background: #fff">pale</p><img src="data:,">'
    visit.page.set_content(f'<html lang="en"><title>x</title><main>{text}</main></html>')
    assert {finding.split(": ")[1] for finding in grave_findings(visit.page)} == {
        "color-contrast",
        "image-alt",
    }


@pytest.mark.parametrize("name", DECKS)
def test_a_deck_shows_every_slide_whole_and_asks_for_nothing(slides, visit, name):
    page = visit.page
    page.goto((slides / f"{name}.html").as_uri())
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


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (480, "dark")])
def test_a_deck_has_no_serious_finding_of_axe_core(browser, slides, grave_findings, width, scheme):
    one = Visit(browser, color_scheme=scheme, viewport={"width": width, "height": 720})
    one.page.goto((slides / "02_softmax.html").as_uri())
    mathematics(one.page)  # is typeset by then
    assert grave_findings(one.page) == []
    one.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_on_light_and_dark(browser, slides, scheme):
    """WCAG's contrast of 4.5, for each kind of text on a slide."""
    one = Visit(browser, color_scheme=scheme)
    one.page.goto((slides / "08_batches.html").as_uri())
    assert worst_contrast(one.page, "h1, h2, p, li, pre, .highlight span") >= 4.5
    one.context.close()


# --- a slider, moved ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a copy of one lesson."""
    folder = tmp_path_factory.mktemp("lab")
    for file in (*BESIDE_A_LESSON, NOTEBOOKS / "02_softmax.ipynb"):
        shutil.copy(file, folder)
    with jupyterlab(folder, tmp_path_factory.mktemp("jupyter")) as one:
        yield one


def test_a_slider_that_is_moved_changes_its_picture(browser, lab):
    one = Visit(browser)
    page = open_notebook(one, lab, "02_softmax.ipynb")
    choose(page, "Run", "Run All Cells")
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


def test_a_lesson_is_presented_live_without_the_network(browser, lab):
    one = Visit(browser)
    one.page.goto(lab.at("02_softmax.ipynb", door="rise"))
    one.page.locator(".reveal section.present mjx-container").first.wait_for(timeout=60_000)
    one.page.wait_for_load_state("networkidle")
    assert one.left == [], "RISE's default theme would fetch fonts; the notebooks name another"
    one.context.close()
