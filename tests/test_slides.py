"""Decks as a lecturer shows them in Chromium: every slide by one key, whole, and offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browsing import Visit, worst_contrast

from classroom.__main__ import build_slides
from classroom.lessons import lessons
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


# --- from the first slide to the last, and back ------------------------------------------


def opened(visit: Visit, slides: Path, name: str) -> Any:
    visit.page.goto((slides / f"{name}.html").as_uri())
    visit.page.wait_for_function("window.Reveal?.isReady()")
    return visit.page


def pressed(page: Any, key: str, last: str) -> list[int]:
    """Return the numbers of the slides seen, each once, while a key is pressed up to the last."""
    seen = [page.evaluate("Reveal.getSlidePastCount()")]
    for _ in range(500):
        if page.evaluate(last):
            return seen
        page.keyboard.press(key)
        now = page.evaluate("Reveal.getSlidePastCount()")
        if now != seen[-1]:
            seen.append(now)
    raise AssertionError(f"{key} never reaches the end; it went through {seen}")


@pytest.mark.parametrize("name", DECKS)
def test_one_key_goes_through_every_slide_and_fragment_and_another_back(slides, visit, name):
    page = opened(visit, slides, name)
    every = list(range(page.evaluate("Reveal.getTotalSlides()")))
    assert len(every) == page.locator("section:not(:has(section))").count() >= 15
    at_the_end = "Reveal.isLastSlide() && !Reveal.availableFragments().next"
    at_the_start = "Reveal.isFirstSlide() && !Reveal.availableFragments().prev"
    for forth, back in (("ArrowRight", "ArrowLeft"), ("PageDown", "PageUp"), ("Space", "p")):
        assert pressed(page, forth, at_the_end) == every, forth
        shown = page.locator(".fragment.visible").count()
        assert shown == page.locator(".fragment").count(), "no answer is skipped"
        assert pressed(page, back, at_the_start) == every[::-1], back
        assert page.locator(".fragment.visible").count() == 0
