"""Lessons that run, and slides: complete, self-contained, and the same each time."""

from __future__ import annotations

import base64
import io
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image

from classroom import lessons, vendor
from classroom.lessons import executed, run, title
from classroom.pages import HIDDEN_ON_SLIDES, deck
from classroom.palette import shrink
from classroom.vendor import Vendored, VendorError, vendored

ROOT = Path(__file__).parents[1]
FILES = Vendored("/* reveal */", ".reveal {}", "/* notes */", "/* mathjax */")


def slide(cell: NotebookNode, kind: str, *tags: str) -> NotebookNode:
    cell.metadata.slideshow = {"slide_type": kind}
    if tags:
        cell.metadata.tags = list(tags)
    return cell


def small_lesson() -> NotebookNode:
    shown = new_code_cell("secret_of_the_picture = 1", id="hidden")
    shown.outputs = [
        nbformat.v4.new_output("display_data", {"text/html": '<img alt="Bars." src="data:,">'})
    ]
    return new_notebook(
        cells=[
            slide(new_markdown_cell("# 1. A small lesson", id="title"), "slide"),
            slide(new_markdown_cell("say this", id="said"), "notes"),
            slide(new_code_cell("left_out = 1", id="setup"), "skip"),
            slide(new_markdown_cell("*Predict:* $x$?", id="asked"), "slide"),
            slide(new_markdown_cell("the answer", id="answer"), "fragment"),
            slide(new_code_cell("typed_live = 1", id="live"), "subslide"),
            slide(shown, "-", HIDDEN_ON_SLIDES),
        ]
    )


class Links(HTMLParser):
    """Collects each address that a page fetches or leads to, and each picture's text."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.pictures: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"src", "href"} and value is not None:
                self.addresses.append(value)
        if tag == "img":
            self.pictures.append(dict(attrs).get("alt"))


def links(text: str) -> Links:
    parser = Links()
    parser.feed(text)
    return parser


# --- decks -------------------------------------------------------------------------------


def test_a_deck_is_one_file_that_asks_for_nothing():
    found = links(deck(small_lesson(), FILES))
    assert all(address.startswith("data:") for address in found.addresses)
    assert found.pictures == ["Bars."]


def test_a_deck_may_take_mathjax_from_beside_it():
    text = deck(small_lesson(), FILES, "../_static/mathjax.js")
    assert '<script src="../_static/mathjax.js"></script>' in text
    assert FILES.mathjax_js not in text
    assert FILES.reveal_js in text


def test_a_picture_in_fewer_colours_is_the_same_to_the_eye_wherever_it_stands():
    shades = np.linspace(0, 255, 600).astype(np.uint8)
    pixels = np.stack([np.tile(one, (40, 1)) for one in (shades, shades[::-1], shades)], axis=2)
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    old = base64.b64encode(written.getvalue()).decode()
    data = {"image/png": old, "text/html": f'<img src="data:,{old}">', "more": [{"image/png": old}]}
    shrink(data)
    new = data["image/png"]
    assert data == {
        "image/png": new,
        "text/html": f'<img src="data:,{new}">',
        "more": [{"image/png": new}],
    }
    shown = Image.open(io.BytesIO(base64.b64decode(new)))
    assert shown.mode == "P"
    assert np.abs(np.asarray(shown.convert("RGB"), int) - pixels).max() <= 4


def test_a_deck_has_slides_fragments_and_notes_and_leaves_out_what_is_skipped():
    text = deck(small_lesson(), FILES)
    assert text.count("<section") == 5, "two slides, and what lies below each other in them"
    assert re.search(r'<aside class="notes">.*?say this.*?</aside>', text, re.DOTALL)
    assert re.search(r'<div class="fragment"\s*>.*?the answer', text, re.DOTALL)
    assert "typed_live" in text
    assert "left_out" not in text
    assert "secret_of_the_picture" not in text


def test_the_same_lesson_makes_the_same_bytes():
    assert deck(small_lesson(), FILES) == deck(small_lesson(), FILES)


def test_a_notebook_without_a_heading_is_told_to_have_one():
    with pytest.raises(ValueError, match="without a heading") as error:
        title(new_notebook(cells=[new_code_cell("# 1. a comment")]))
    assert "\n" not in str(error.value)


# --- running -----------------------------------------------------------------------------

SLIDER = """from IPython.display import display
from ipywidgets import interact


@interact(n=(0, 9))
def show(n=3):
    display(f"n is {n}")
"""


def test_a_slider_becomes_a_still_of_what_it_shows_first(tmp_path):
    notebook = run(new_notebook(cells=[new_code_cell(SLIDER)]), tmp_path)
    (output,) = notebook.cells[0].outputs
    assert output.data["text/plain"] == "'n is 3'"
    assert "widgets" not in notebook.metadata


def test_a_lesson_runs_again_only_when_it_has_changed(tmp_path, monkeypatch):
    ran: list[str] = []

    def recorded(notebook: NotebookNode, folder: Path) -> NotebookNode:
        beside = {"figures.py", "lesson_figures.py", "digits.npz"}
        assert {file.name for file in folder.iterdir()} == beside
        ran.append(notebook.cells[0].source)
        return notebook

    monkeypatch.setattr(lessons, "run", recorded)
    path, cache = tmp_path / "01_x.ipynb", tmp_path / "cache"
    for source in ("1", "1", "2"):
        nbformat.write(new_notebook(cells=[new_code_cell(source, id="a")]), path)
        assert executed(path, cache).cells[0].source == source
    assert ran == ["1", "2"]
    assert len(list(cache.iterdir())) == 1, "nothing old and nothing half is left"
    monkeypatch.setattr(lessons, "version", lambda package: "of another installation")
    executed(path, cache)
    assert ran == ["1", "2", "2"], "TensorFlow may be there now, or not any more"


# --- what is vendored --------------------------------------------------------------------


@pytest.mark.parametrize("folder", [vendor.HERE, ROOT / "tests"])
def test_what_comes_from_npm_is_pinned_and_the_lock_names_no_address(folder):
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    lock = (folder / "package-lock.json").read_text()
    for name, version in wanted.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        package = json.loads(lock)["packages"][f"node_modules/{name}"]
        assert package["version"] == version
        assert package["integrity"].startswith("sha512-")
    assert "://" not in lock


def test_without_npm_it_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(VendorError, match=r"need npm.*install it") as error:
        vendored(tmp_path / "build")
    assert "\n" not in str(error.value)


def test_an_npm_that_fails_is_quoted_in_a_line_and_tried_again_next_time(tmp_path, monkeypatch):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho no route to host >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    for _ in range(2):
        with pytest.raises(VendorError, match=r"no route to host$"):
            vendored(tmp_path / "build")


def test_a_script_cannot_end_the_page_that_it_stands_in(tmp_path, monkeypatch):
    modules = tmp_path / "node_modules"
    for name in ("reveal.js/dist/reveal.js", "reveal.js/dist/reveal.css"):
        (modules / name).parent.mkdir(parents=True, exist_ok=True)
        (modules / name).write_text("'</script>'")
    for name in ("reveal.js/plugin/notes/notes.js", "mathjax/es5/tex-svg-full.js"):
        (modules / name).parent.mkdir(parents=True, exist_ok=True)
        (modules / name).write_text("")
    (tmp_path / "package-lock.json").write_bytes((vendor.HERE / "package-lock.json").read_bytes())
    monkeypatch.setenv("PATH", "")
    assert vendored(tmp_path).reveal_js == "'<\\/script>'"
