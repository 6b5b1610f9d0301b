"""The book: complete, folded where it should be, and whole in Chromium without a network."""

from __future__ import annotations

import functools
import io
import re
import shutil
import sys
import threading
import zipfile
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook
from PIL import Image

from classroom import site as building
from classroom.dark import dark
from classroom.directives import HEADING
from classroom.lessons import lessons
from classroom.site import (
    BOOK,
    COLAB,
    IN_THE_BROWSER,
    SOURCE,
    Lite,
    Repository,
    SiteError,
    build_book,
)
from classroom.vendor import VendorError, vendored

ROOT = Path(__file__).parents[1]
LESSONS = [f"lessons/{path.stem}" for path in lessons()]
PROBLEM_SETS = [f"problem-sets/{path.stem}" for path in sorted(ROOT.glob("release/*/*.ipynb"))]
IN_ORDER = ["index", *LESSONS, *PROBLEM_SETS, "terms", "references"]
IN_LITE = "02_softmax"
WITH_THIS_THEME = pytest.mark.skipif(
    sys.version_info < (3, 11),
    reason="the last theme for Python 3.10 shows no icons from a disk, and has pale links",
)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book, built once, beside a JupyterLite site that has one lesson."""
    work = ROOT / "build" / "classroom"
    try:
        files = vendored(work)
    except VendorError as error:
        pytest.skip(str(error))
    return build(tmp_path_factory.mktemp("book"), files.mathjax_js)


def build(folder: Path, mathjax: str) -> Path:
    """Build the book in a folder from the lessons that have run."""
    ran = ROOT / "build" / "classroom" / "executed"
    ran.mkdir(parents=True, exist_ok=True)
    (folder / "work").mkdir()
    (folder / "work" / "executed").symlink_to(ran)
    (folder / "lite/files/anywhere").mkdir(parents=True)
    (folder / f"lite/files/anywhere/{IN_LITE}.ipynb").touch()
    build_book(folder / "site", folder / "work", mathjax, Lite(folder / "lite", "../lite"))
    return folder / "site"


class Page(HTMLParser):
    """What a page leads to, what it fetches, its pictures and its folded answers."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.leads: list[str] = []
        self.fetches: list[str] = []
        self.ids: set[str] = set()
        self.pictures: list[dict[str, str | None]] = []
        self.folded: list[str] = []
        self.open: list[str] = []
        self.answers = 0
        self._in_summary = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        attributes = dict(pairs)
        self.ids.add(attributes.get("id") or "")
        if tag == "a":
            self.leads.append(attributes.get("href") or "")
        elif address := attributes.get("src") or attributes.get("href"):
            self.fetches.append(address)
        if tag == "img" and "logo__image" not in (attributes.get("class") or ""):
            self.pictures.append(attributes)
        if tag == "details" and attributes.get("class") == "answer":
            self.answers += 1
            self.folded.append("")
            if "open" in attributes:
                self.open.append(f"answer {self.answers}")
        self._in_summary = tag == "summary" or (self._in_summary and tag != "p")

    def handle_endtag(self, tag: str) -> None:
        self._in_summary = self._in_summary and tag != "summary"

    def handle_data(self, data: str) -> None:
        if self._in_summary and self.folded:
            self.folded[-1] += data


# --- what a page holds -------------------------------------------------------------------


@pytest.mark.parametrize("name", LESSONS)
def test_a_chapter_has_every_text_answer_and_picture_of_its_lesson(name):
    notebook = nbformat.read(ROOT / "notebooks" / f"{Path(name).name}.ipynb", as_version=4)
    chapter = (BOOK / f"{name}.md").read_text(encoding="utf-8")
    named = re.findall(r"^(?::::\{cells\}|:from:|:answer:) (.*)$", chapter, re.MULTILINE)
    taken = set(" ".join(named).split())
    left_out = [
        cell.id
        for cell in notebook.cells
        if cell.metadata.slideshow.slide_type not in {"notes", "skip"}
        and (cell.cell_type == "code" or HEADING.sub("", cell.source).strip())
        and cell.id not in taken | {"title"}
    ]
    assert left_out == [], "name them in a directive of the chapter"


@pytest.mark.parametrize("name", LESSONS)
def test_each_answer_is_folded_under_a_line_that_names_it(book, name):
    page = Page(book / f"{name}.html")
    asked = re.findall(r"^:answer:", (BOOK / f"{name}.md").read_text(), re.MULTILINE)
    assert page.answers == len(asked) >= 8
    assert page.open == []
    names = [re.sub(r"Code of this picture.*", "", said, flags=re.DOTALL) for said in page.folded]
    assert all(re.match(r"Answer: \S.{6,}", said) for said in names), names
    assert len(set(names)) == len(names)


def test_a_picture_is_there_for_light_and_for_dark_and_can_be_said(book):
    for name in LESSONS:
        pictures = Page(book / f"{name}.html").pictures
        for light, dark_one in zip(pictures[::2], pictures[1::2], strict=True):
            assert [one["class"].split()[0] for one in (light, dark_one)] == [
                "only-light",
                "only-dark",
            ]
            assert len(light["alt"]) > 40
            assert light["alt"] == dark_one["alt"]


def test_every_link_leads_to_something_and_nothing_is_fetched_from_outside(book):
    pages = {
        path: Page(path) for path in sorted(book.rglob("*.html")) if path.parent.name[0] != "_"
    }
    for path, page in pages.items():
        assert [address for address in page.fetches if "://" in address] == []
        for address in page.leads:
            if "://" in address or address.startswith(("../slides/", "../../lite/")):
                continue
            file, _, anchor = address.partition("#")
            target = (path.parent / file).resolve() if file else path
            assert target.is_file(), f"{path.name}: {address}"
            if anchor and target in pages:
                assert anchor in pages[target].ids, f"{path.name}: {address}"


@pytest.mark.parametrize(("link", "order"), [("right-next", 1), ("left-prev", -1)])
def test_previous_and_next_lead_through_all_pages_in_order(book, link, order):
    path = book / f"{IN_ORDER[::order][0]}.html"
    seen = [path]
    while found := re.search(rf'class="{link}"\s+href="([^"]+)"', path.read_text(encoding="utf-8")):
        path = (path.parent / found[1]).resolve()
        seen.append(path)
    assert seen == [book / f"{name}.html" for name in IN_ORDER[::order]]


def test_a_page_leads_to_its_slides_its_notebook_and_jupyterlite_where_it_is_there(book):
    for name in LESSONS:
        stem = Path(name).name
        text = (book / f"{name}.html").read_text(encoding="utf-8")
        assert f'href="../slides/{stem}.html"' in text
        assert (IN_THE_BROWSER in text) == (stem == IN_LITE)
    assert f"../../lite/lab/index.html?path=anywhere/{IN_LITE}.ipynb" in (
        book / f"lessons/{IN_LITE}.html"
    ).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("../lite", "../../lite/lab/index.html?path=sets/ps1.ipynb"),
        ("lite/", "../lite/lab/index.html?path=sets/ps1.ipynb"),
        (
            "https://course.example/lite",
            "https://course.example/lite/lab/index.html?path=sets/ps1.ipynb",
        ),
    ],
)
def test_jupyterlite_may_be_anywhere_and_what_it_does_not_have_is_not_linked(
    tmp_path, address, link
):
    lite = Lite(tmp_path, address)
    assert lite.links("ps1.ipynb") == []
    (tmp_path / "files/sets").mkdir(parents=True)
    (tmp_path / "files/sets/ps1.ipynb").touch()
    assert lite.links("ps1.ipynb") == [link]
    assert lite.links("ps2.ipynb") == []


@pytest.mark.parametrize(
    ("name", "beside"),
    [(IN_LITE, "lesson_figures.py"), ("ps1", "checks.py"), ("ps4", "digits.npz")],
)
def test_what_is_downloaded_has_what_the_notebook_needs(book, name, beside):
    with zipfile.ZipFile(book / f"downloads/{name}.zip") as archive:
        held = set(archive.namelist())
        assert {f"{name}/{name}.ipynb", f"{name}/figures.py", f"{name}/{beside}"} <= held
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}, "the same bytes"


def test_the_same_lessons_make_the_same_bytes(book, tmp_path):
    mathjax = (book / "_static/mathjax.js").read_text(encoding="utf-8")
    again = build(tmp_path, mathjax)
    files = [
        {path.relative_to(site): path.read_bytes() for path in site.rglob("*") if path.is_file()}
        for site in (book, again)
    ]
    assert files[0].keys() == files[1].keys()
    assert [str(name) for name in files[0] if files[0][name] != files[1][name]] == []


def test_without_an_address_nothing_leads_to_colab_or_to_a_repository(book):
    """None is made up; with GitHub's, Colab gets what is enough alone from there."""
    text = (book / "problem-sets/ps1.html").read_text(encoding="utf-8")
    assert COLAB not in text
    path = ROOT / "release/ps1/ps1.ipynb"
    seen = Repository("https://github.com/some/course/blob/main/")
    assert seen.source(path) == [
        (SOURCE, "https://github.com/some/course/blob/main/release/ps1/ps1.ipynb")
    ]
    (link,) = [address for _, address in seen.colab(path)]
    assert link.endswith("google.com/github/some/course/blob/main/release/ps1/ps1.ipynb")
    elsewhere = Repository("https://git.example/some/course/main")
    assert (elsewhere.colab(path), len(elsewhere.source(path))) == ([], 1)
    assert Repository().source(path) == Repository().colab(path) == []


def test_formulas_have_numbers_by_which_other_chapters_name_them(book):
    """A number is that of the chapter and of the formula in it."""
    defined, named = set[str](), set[str]()
    for number, name in enumerate(LESSONS, 1):
        text = (book / f"{name}.html").read_text(encoding="utf-8")
        own = re.findall(r'<span class="eqno">\((\d+\.\d+)\)', text)
        assert own == [f"{number}.{place}" for place in range(1, len(own) + 1)]
        named |= set(re.findall(r'href="[^"]*#equation-[^"]*">\((\d+\.\d+)\)', text))
        defined |= set(own)
    assert len(defined) >= 10
    assert named <= defined
    assert len({number.partition(".")[0] for number in named}) >= 4


def test_the_terms_of_every_chapter_can_be_looked_up(book):
    text = (BOOK / "terms.md").read_text(encoding="utf-8")
    terms = re.findall(r"^(\S.*)\n  (.*)$", text.split("{glossary}")[1], re.MULTILINE)
    assert [term for term, _ in terms] == sorted((term for term, _ in terms), key=str.lower)
    assert {place for _, said in terms for place in re.findall(r"\((\S+)\.md\)", said)} == set(
        LESSONS
    )


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading of the first page."""
    text = (BOOK / "index.md").read_text(encoding="utf-8").split(f"## {heading}")[1]
    table = text.split("\n## ")[0].split("\n|---")[1].splitlines()[1:]
    return [line.strip("|").split("|") for line in table if line.startswith("|")]


def test_the_first_page_says_which_exercises_go_with_which_chapter():
    listed = rows("What belongs together")
    assert [re.findall(r"lessons/\w+", row[0]) for row in listed] == [[name] for name in LESSONS]
    linked = set()
    for row in listed:
        for part in row[1].split(";"):
            (name,) = re.findall(r"problem-sets/(\w+)", part)
            linked.add(f"problem-sets/{name}")
            notebook = (ROOT / "release" / name / f"{name}.ipynb").read_text(encoding="utf-8")
            for exercise in re.findall(r"`(\w+)`", part):
                assert f'"grade_{exercise}"' in notebook, f"{name} has no {exercise}"
    assert linked == set(PROBLEM_SETS)


def test_the_first_page_says_what_each_notebook_needs():
    """Each package is named that one imports, or its pictures do."""
    packages = {"numpy": "NumPy", "matplotlib": "Matplotlib", "ipywidgets": "ipywidgets"}
    packages["tensorflow"] = "TensorFlow"
    said: dict[str, str] = {}
    for who, what in rows("What it takes to run them"):
        what = "NumPy, Matplotlib, ipywidgets and TensorFlow" if "the same" in what else what
        for first, last in re.findall(r"(\d+)(?: to (\d+))?", who):
            for number in range(int(first), int(last or first) + 1):
                said[f"ps{number}" if "problem" in who else f"{number:02}_"] = what
    notebooks = [*lessons(), *sorted(ROOT.glob("release/*/*.ipynb"))]
    assert len(said) == len(notebooks)
    for path in notebooks:
        text = path.read_text(encoding="utf-8")
        needed = {
            name for name in packages if re.search(rf"(import|from) {name}|\b{name}\\?\"", text)
        }
        for name in needed | {"matplotlib"}:
            assert packages[name] in said[path.stem[:3]], f"{path.stem} needs {name}"


def test_a_problem_set_can_be_downloaded_alone_and_shows_nothing_of_what_it_carries(book):
    for name in PROBLEM_SETS:
        stem = Path(name).name
        text = (book / f"{name}.html").read_text(encoding="utf-8")
        assert f'href="../downloads/{stem}.ipynb"' in text
        kept = (book / f"downloads/{stem}.ipynb").read_bytes()
        assert kept == (ROOT / "release" / stem / f"{stem}.ipynb").read_bytes()
        assert "lay_out" not in text


def test_the_book_holds_no_solution(book):
    for path in book.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "SOLUTION" not in text
        assert "Marking scheme" not in text


def test_a_chapter_that_names_no_cell_of_its_lesson_is_refused_with_the_name(tmp_path):
    source = tmp_path / "source"
    (source / "_lessons").mkdir(parents=True)
    shutil.copytree(BOOK / "_static", source / "_static")
    shutil.copy(BOOK / "conf.py", source)
    (source / "_extra").mkdir()
    cells = [new_markdown_cell("there", id="there")]
    nbformat.write(new_notebook(cells=cells), source / "_lessons/index.ipynb")
    (source / "index.md").write_text("# A book\n\n:::{cells} there gone\n:::\n")
    with pytest.raises(SiteError, match="index has no cell 'gone': give the id of one"):
        building._run_sphinx(source, tmp_path / "site", tmp_path / "memory")


def test_a_dark_picture_turns_light_round_and_keeps_hues():
    colours = np.array([[(253, 253, 251), (26, 26, 26), (0, 114, 178), (213, 94, 0)]], np.uint8)
    written = io.BytesIO()
    Image.fromarray(colours).save(written, "PNG")
    turned = Image.open(io.BytesIO(dark(written.getvalue()))).convert("RGB")
    shown = np.asarray(turned, dtype=int)[0]
    paper, ink, blue, orange = shown
    assert paper.max() < 40
    assert ink.min() > 220
    assert blue[2] > blue[1] > blue[0]
    assert orange[0] > orange[1] > orange[2]
    assert min(orange.max(), blue.max()) > 150, "seen on dark paper"


# --- in Chromium -------------------------------------------------------------------------


@WITH_THIS_THEME
@pytest.mark.parametrize("name", [*IN_ORDER, "search"])
def test_a_page_is_whole_wide_and_narrow_light_and_dark_and_its_slider_moves(
    book, visit, grave_findings, name
):
    page = visit.page
    page.goto((book / f"{name}.html").as_uri())
    page.wait_for_load_state("networkidle")
    if name in LESSONS + PROBLEM_SETS:
        page.evaluate("() => MathJax.startup.promise")
        assert page.locator("mjx-container svg").count() >= 10
        assert page.locator("[data-mjx-error], merror").count() == 0
    page.evaluate("() => document.querySelectorAll('details').forEach((d) => { d.open = true })")
    for width, scheme in ((1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_function("(s) => document.documentElement.dataset.theme === s", arg=scheme)
        over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(over) <= 0, f"{width} {scheme}: runs off to the right"
        hidden = "dark" if scheme == "light" else "light"
        assert page.locator(f".bd-article img.only-{hidden}:visible").count() == 0
        if (width, scheme) in ((1280, "light"), (390, "dark")):
            assert grave_findings(page) == [], f"{width} {scheme}"
    if name in LESSONS:
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1280, "height": 800})
        page.wait_for_function("document.documentElement.dataset.theme === 'light'")
        assert_a_slider_moves_its_picture_by_the_keyboard(page)
    assert (visit.left, visit.complaints) == ([], [])


def assert_a_slider_moves_its_picture_by_the_keyboard(page):
    """Without a kernel; all answers of the page are unfolded."""
    figure = page.locator("figure.positions").first
    figure.scroll_into_view_if_needed()
    seen = figure.locator("img:visible")
    before = seen.get_attribute("src")
    moved = figure.locator("input").first
    moved.press("End" if moved.input_value() != moved.get_attribute("max") else "Home")
    assert seen.count() == 1
    assert seen.get_attribute("src") != before
    page.wait_for_function(
        "(one) => one.complete && one.naturalWidth > 100", arg=seen.element_handle()
    )


def test_answers_are_printed_and_folded_again_after(book, visit):
    page = visit.page
    page.goto((book / f"{LESSONS[1]}.html").as_uri())
    page.locator("details.answer > summary").first.click()
    code = page.locator("details.code[open]")
    folded = page.locator("details.answer:not([open])")
    before = folded.count()
    page.emulate_media(media="print")
    page.wait_for_function("() => !document.querySelector('details.answer:not([open])')")
    assert page.locator("details.answer img.only-light").first.is_visible()
    assert code.count() == 0, "what draws a picture is not printed unless it was open"
    page.emulate_media(media="screen")
    page.wait_for_function(
        "(n) => document.querySelectorAll('details.answer:not([open])').length === n", arg=before
    )
    assert before >= 8


@pytest.fixture(scope="module")
def served(book):
    """The address of the book on a plain server of files."""
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    handler = functools.partial(quiet, directory=str(book))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@WITH_THIS_THEME
@pytest.mark.parametrize("how", ["from a disk", "from a server"])
def test_the_search_finds_the_jacobian(book, served, visit, how):
    root = book.as_uri() if how == "from a disk" else served
    visit.page.goto(f"{root}/search.html?q=Jacobian")
    visit.page.locator("#search-results li a[href*='04_jacobian']").first.wait_for()
    visit.page.wait_for_load_state("networkidle")
    if how == "from a server":
        extract = visit.page.locator("#search-results li p.context").first
        assert "Jacobian" in extract.inner_text()
    assert (visit.left, visit.complaints) == ([], [])
