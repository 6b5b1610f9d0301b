"""Decks as a lecturer shows them in Chromium: every slide by one key, whole, and offline."""

from __future__ import annotations

import itertools
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
def test_a_deck_is_complete_fits_and_asks_for_nothing(slides, visit, name):
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
    assert page.evaluate("Reveal.getTotalSlides()") >= 15
    assert page.locator("img:not([alt]), img[alt='']").count() == 0
    assert_every_slide_has_a_title_and_notes_fits_and_is_large_enough_to_read(page, name)
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


# Which keys there are is the same in every deck: each deck is gone through by one pair.
KEYS = itertools.cycle([("ArrowRight", "ArrowLeft"), ("PageDown", "PageUp"), ("Space", "p")])


@pytest.mark.parametrize(("name", "forth", "back"), [(name, *next(KEYS)) for name in DECKS])
def test_one_key_goes_through_every_slide_and_fragment_and_another_back(
    slides, visit, name, forth, back
):
    page = opened(visit, slides, name)
    every = list(range(page.evaluate("Reveal.getTotalSlides()")))
    assert len(every) == page.locator("section:not(:has(section))").count() >= 15
    at_the_end = "Reveal.isLastSlide() && !Reveal.availableFragments().next"
    at_the_start = "Reveal.isFirstSlide() && !Reveal.availableFragments().prev"
    assert pressed(page, forth, at_the_end) == every
    shown = page.locator(".fragment.visible").count()
    assert shown == page.locator(".fragment").count(), "no answer is skipped"
    assert pressed(page, back, at_the_start) == every[::-1]
    assert page.locator(".fragment.visible").count() == 0


# --- what the last row sees --------------------------------------------------------------

LEAST = 20  # pixels, on a slide of 1280 x 720
EACH_SLIDE = """() => Reveal.getSlides().map((slide) => {
  const { h, v } = Reveal.getIndices(slide);
  Reveal.slide(h, v, 99);
  const seen = (e) => e.offsetParent && !e.closest("aside, [hidden], mjx-container");
  const letters = [...slide.querySelectorAll("*")].filter((e) => seen(e)
    && [...e.childNodes].some((child) => child.nodeType === 3 && child.data.trim()));
  const pictures = [...slide.querySelectorAll("img")].filter(seen);
  const parts = [...slide.querySelectorAll("pre, img, mjx-container svg, input, p, li")]
    .filter((e) => !e.closest("aside, [hidden]"));
  return {
    title: slide.querySelector("h1, h2")?.textContent.trim() ?? "",
    notes: slide.querySelector("aside.notes")?.textContent.trim() ?? "",
    type: Math.min(...letters.map((e) => parseFloat(getComputedStyle(e).fontSize)))
      * Reveal.getScale(),
    pictures: pictures.map((e) => e.getBoundingClientRect().width * e.dataset.typePerWidth),
    height: Math.max(slide.scrollHeight, ...parts.map((e) => e.getBoundingClientRect().bottom)),
    right: Math.max(...parts.map((e) => e.getBoundingClientRect().right
      + (e.matches("pre") ? e.scrollWidth - e.clientWidth : 0))),
    filled: Math.max(...parts.map((e) => e.getBoundingClientRect().bottom)) / 720,
  };
})"""


def assert_every_slide_has_a_title_and_notes_fits_and_is_large_enough_to_read(page, name):
    each = page.evaluate(EACH_SLIDE)
    for number, slide in enumerate(each, 1):
        where = f"{name}, slide {number}: {slide}"
        assert slide["title"], where
        assert len(slide["notes"]) > 30, where
        assert slide["type"] >= LEAST, where
        assert all(size >= LEAST for size in slide["pictures"]), where
        assert slide["height"] <= 720, where
        assert slide["right"] <= 1280, where
        if slide["pictures"]:
            assert slide["filled"] > 0.55, where
    assert sum(len(slide["pictures"]) for slide in each) >= 4


# --- sliders without a kernel ------------------------------------------------------------


@pytest.mark.parametrize("name", DECKS)
def test_a_slider_of_a_deck_changes_its_picture_by_keys_and_by_mouse(slides, visit, name):
    page = opened(visit, slides, name)
    page.evaluate(
        """() => {
             const slide = document.querySelector("figure.positions").closest("section");
             const { h, v } = Reveal.getIndices(slide);
             Reveal.slide(h, v, 99);
           }"""
    )
    figure = page.locator("section.present figure.positions")
    picture = figure.locator(".shown > :not([hidden]) img")
    said, number = [picture.get_attribute("alt")], page.evaluate("Reveal.getSlidePastCount()")
    sources = {picture.get_attribute("src")}

    def moved() -> None:
        assert picture.count() == 1
        assert picture.bounding_box()["width"] > 300
        said.append(picture.get_attribute("alt"))
        sources.add(picture.get_attribute("src"))

    for control in figure.locator("input").all():
        control.focus()
        was, start = control.input_value(), control.get_attribute("aria-valuetext")
        page.keyboard.press("ArrowRight" if was != control.get_attribute("max") else "ArrowLeft")
        moved()
        assert control.input_value() != was
        now = control.get_attribute("aria-valuetext")
        assert now != start
        assert figure.locator("output").all_inner_texts().count(now) >= 1
    assert page.evaluate("Reveal.getSlidePastCount()") == number, "the slide is the same"
    figure.locator("input").first.click(position={"x": 8, "y": 8})
    moved()
    for key in ("ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
        moved()
    assert len(sources) >= 2
    assert None not in said
    assert page.evaluate("Reveal.getSlidePastCount()") == number
    page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.getSlidePastCount()") == number + 1, "the keys are the slides'"
    page.keyboard.press("ArrowLeft")
    figure.locator("input").first.focus()
    page.keyboard.press("PageDown")
    assert page.evaluate("Reveal.getSlidePastCount()") == number + 1, "a remote goes on"
