"""What a browser test relies on, and a slider in JupyterLab; nothing leaves this computer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import Lab, Visit, choose, jupyterlab, open_notebook

from classroom.lessons import BESIDE_A_LESSON, NOTEBOOKS

PROJECTOR = Path(__file__).parents[1] / "classroom/projector"


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


# --- a slider, moved ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a copy of one lesson, as `make lecture` starts it."""
    folder = tmp_path_factory.mktemp("lab")
    for file in (*BESIDE_A_LESSON, NOTEBOOKS / "02_softmax.ipynb"):
        shutil.copy(file, folder)
    own = tmp_path_factory.mktemp("jupyter")
    settings = shutil.copytree(PROJECTOR, own / "projector")
    with jupyterlab(folder, own, server={"LabApp.user_settings_dir": str(settings)}) as one:
        yield one


def test_a_lesson_is_shown_live_in_large_type_with_a_slider_that_moves(browser, lab):
    one = Visit(browser)
    page = open_notebook(one, lab, "02_softmax.ipynb")
    for what, least in (("h2", 30), (".jp-RenderedMarkdown p", 24), (".cm-line", 22)):
        shown = page.locator(f".jp-Notebook {what}").first
        assert shown.evaluate("(e) => parseFloat(getComputedStyle(e).fontSize)") >= least, what
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
    assert one.left == [], "nothing is fetched"
    one.context.close()
