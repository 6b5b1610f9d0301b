"""`nbgrader autograde` and Formgrader give what `autograder grade` gives, and run nothing."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import shutil
import subprocess
import sys
import time
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import classes
import nbformat
import pytest
from classes import NOTEBOOKS, ROOT, TIME, graded_notebook
from databases import sql
from jinja2 import Environment
from nbconvert.exporters import HTMLExporter
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrading import convert, settings
from seen import Seen
from traitlets.config import Config
from traitlets.log import get_logger

from autograder.base.limits import PAGE
from autograder.course.folder import SECRET_FILE
from autograder.course.settings import load_config
from autograder.grading import jobs
from autograder.nbgrader_plugin.formgrader.filters import markdown2html
from autograder.pages.markup import card_html, written_html
from autograder.sandbox import IsolationUnavailable, Sandbox

WORK = {
    "crashes": "cell-crashes", "full": "all-right", "hostile": "markup-in-names-and-messages",
    "random": "draws-at-random", "reused": "name-reused-afterwards", "untouched": "untouched",
    "wrong": "shows-points",
}  # fmt: skip
BROKEN = ("duplicated", "ids", "schema-1")
NOT_GRADED = {
    "empty": "ps1.ipynb' is empty",
    "latin": "ps1.ipynb is not UTF-8 text",
    "linked": "the folder of ps1 is a symbolic link",
    "newer": "ps1.ipynb has a newer notebook format than 4",
    "not-json": "ps1.ipynb' is not JSON",
}
CARDS = "verdict-card"

# nbgrader's own way of adding a submission to its session.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


def hand_in_all(course: Path) -> None:
    """Hand in sound and broken work, the broken ones made of the one that is all right."""
    text = (NOTEBOOKS / "all-right.ipynb").read_text(encoding="utf-8")
    twice = json.loads(text)
    check = next(cell for cell in twice["cells"] if cell["id"] == "scores-check")
    twice["cells"].insert(twice["cells"].index(check) + 1, check)
    old = text.replace('"schema_version": 3', '"schema_version": 1')
    broken: dict[str, str | bytes] = {
        "duplicated": json.dumps(twice),
        "empty": "",
        # Ours, in a notebook of which something is said.
        "ids": old.replace('"title"', '"about-this-submission"'),
        "newer": text.replace('"nbformat": 4', '"nbformat": 99'),
        "not-json": text[:300],
        "schema-1": old,
        "latin": text.replace("Nothing", "Nichts, \u00fcbrigens").encode("latin-1"),
    }
    for student, work in WORK.items():
        classes.hand_in(course, student, work)
    for student, work in broken.items():
        classes.hand_in(course, student, work.encode() if isinstance(work, str) else work)
    (course / "submitted" / "linked").mkdir()
    (course / "submitted" / "linked" / "ps1").symlink_to("../full/ps1")
    (course / "submitted" / "full" / "ps1" / "timestamp.txt").write_text(TIME)
    (course / SECRET_FILE).write_text("0" * 64)


@dataclass(frozen=True)
class Roads:
    """The same class, graded by nbgrader and by `autograder grade`."""

    nbgrader: Path
    bulk: Path
    said: str
    troubles: dict[str, str]


@pytest.fixture(scope="module")
def roads(
    released: Path, sandbox: Sandbox, at_once: Executor, tmp_path_factory: pytest.TempPathFactory
) -> Roads:
    root = tmp_path_factory.mktemp("roads")
    there, here = root / "nbgrader", root / "bulk"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GRADEBOOK_URL", raising=False)
        for course in (there, here):
            shutil.copytree(released, course)
            hand_in_all(course)
        said = at_once.submit(told, there).result()
        results = classes.grade(here, at_once)
    troubles = {name: one.trouble for name, one in results.items() if one.trouble}
    assert set(results) == {*WORK, *BROKEN, *NOT_GRADED}
    return Roads(there, here, said, troubles)


def told(course: Path) -> str:
    """Grade a class of which some cannot be graded; return what nbgrader said of it."""
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    get_logger().addHandler(handler)
    try:
        with pytest.raises(NbGraderException, match=f"{len(NOT_GRADED)} of ps1 were not graded"):
            convert(course, Autograde)
    finally:
        get_logger().removeHandler(handler)
    return said.getvalue()


def rows(course: Path, query: str) -> list[tuple[Any, ...]]:
    return sorted(sql(course, query), key=repr)


def of_submissions(table: str, columns: str) -> str:
    return f"""SELECT a.student_id, b.name, {columns} FROM {table} c
        JOIN base_cell b ON c.cell_id = b.id JOIN submitted_notebook n ON c.notebook_id = n.id
        JOIN submitted_assignment a ON n.assignment_id = a.id"""


GRADES = of_submissions("grade", "auto_score, manual_score, extra_credit, needs_manual_grade")
COMMENTS = of_submissions("comment", "auto_comment, manual_comment")


graded = graded_notebook


# --- Two roads, one verdict -----------------------------------------------------------------------


def test_both_roads_write_the_same_grades_and_comments(roads):
    submissions = "SELECT student_id, timestamp FROM submitted_assignment"
    for query in (GRADES, COMMENTS, submissions):
        assert rows(roads.nbgrader, query) == rows(roads.bulk, query)
    points: dict[str, float] = {}
    for student, _, score, *_ in rows(roads.bulk, GRADES):
        points[student] = points.get(student, 0) + (score or 0)
    right, wrong = dict.fromkeys(("full", "reused", "crashes"), 14), {"wrong": 3, "hostile": 0}
    repaired = dict.fromkeys(("duplicated", "ids", "schema-1"), 14)
    assert points == {**dict.fromkeys((*WORK, *BROKEN), 0), **right, **wrong, **repaired}


def test_what_cannot_be_read_is_named_on_both_roads_and_has_no_points(roads):
    assert set(roads.troubles) == set(NOT_GRADED)
    for student, why in NOT_GRADED.items():
        assert why in roads.troubles[student]
        assert f"{student}/ps1 was not graded: {roads.troubles[student]}" in roads.said
        assert not (roads.nbgrader / "autograded" / student).exists()
    assert "Traceback" not in roads.said


def test_a_written_answer_waits_for_a_person_unless_nobody_wrote_one(roads):
    written = {
        student: (score, bool(waits))
        for student, name, score, _, _, waits in rows(roads.nbgrader, GRADES)
        if name == "written_shift"
    }
    assert written["full"] == written["hostile"] == (None, True)
    assert written["untouched"] == (0, False)
    comments = {row[:2]: row[2] for row in rows(roads.nbgrader, COMMENTS)}
    assert comments["untouched", "written_shift"] == "No response."
    assert comments["full", "written_shift"] is None


@pytest.mark.parametrize("student", [*WORK, *BROKEN])
def test_both_roads_make_the_same_notebook(roads, student):
    """The remarks on top, the repairs and every output, cards and errors included."""
    one, other = graded(roads.nbgrader, student), graded(roads.bulk, student)
    for part in ("id", "source"):
        assert [cell[part] for cell in one.cells] == [cell[part] for cell in other.cells]
    assert len({cell.id for cell in one.cells}) == len(one.cells)
    for mine, theirs in zip(one.cells, other.cells, strict=True):
        assert mine.get("outputs") == theirs.get("outputs"), mine.source
        assert mine.metadata.get("nbgrader") == theirs.metadata.get("nbgrader"), mine.source
    assert one.metadata["autograder"] == other.metadata["autograder"]
    nbformat.validate(one)


@pytest.mark.parametrize(
    ("student", "said"),
    [
        ("crashes", "Code cell 6 was left out: the process crashed (signal 11)."),
        ("duplicated", "The cell grade_scores was there 2 times; number 2 counts."),
        ("schema-1", "The grading settings of softmax had been changed"),
    ],
)
def test_nbgraders_road_tells_on_top_what_happened(roads, student, said):
    top = graded(roads.nbgrader, student).cells[0]
    assert top.source.startswith("**About this submission**")
    assert said in top.source


def test_sound_work_has_nothing_on_top(roads):
    assert graded(roads.nbgrader, "full").cells[0].source == "# Three exercises"


# --- Formgrader's button --------------------------------------------------------------------------


@pytest.mark.usefixtures("in_this_process")
def test_formgraders_button_grades_within_a_running_event_loop(course, hand_in):
    hand_in("full", "all-right")
    config = settings(course)
    api = NbGraderAPI(CourseDirectory(config=config), config=config)

    async def press() -> dict[str, Any]:
        return api.autograde("ps1", "full")

    for _ in range(2):  # pressed again, it grades again
        result = asyncio.run(press())
        assert result["success"], result["log"]
    assert sum(row[2] or 0 for row in rows(course, GRADES)) == 14


@pytest.mark.usefixtures("in_this_process")
def test_without_isolation_nbgrader_grades_nothing_and_says_why(course, hand_in, monkeypatch):
    def unavailable(*_: Any) -> Sandbox:
        raise IsolationUnavailable("bubblewrap is not installed: install it")

    monkeypatch.setattr(jobs, "sandbox_for", unavailable)
    hand_in("full", "all-right")
    config = settings(course)
    result = NbGraderAPI(CourseDirectory(config=config), config=config).autograde("ps1", "full")
    assert not result["success"]
    assert "bubblewrap is not installed: install it" in result["log"]
    assert not (course / "autograded" / "full" / "ps1").exists()
    assert {row[2] for row in rows(course, GRADES)} <= {None}
    with pytest.raises(NbGraderException):
        convert(course, Autograde)


# --- Pages ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def feedback(roads: Roads) -> Path:
    """The folder of the pages that `nbgrader generate_feedback` makes after the bulk road."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GRADEBOOK_URL", raising=False)
        convert(roads.bulk, GenerateFeedback)
    return roads.bulk / "feedback"


def page(feedback: Path, student: str) -> Seen:
    return Seen((feedback / student / "ps1" / "ps1.html").read_text(encoding="utf-8"))


def test_every_student_gets_a_page(feedback):
    assert {path.name for path in feedback.iterdir()} == {*WORK, *BROKEN}
    assert not list(feedback.rglob("verdicts.json"))


def test_a_hostile_students_page_runs_nothing_and_loads_no_more_than_an_honest_ones(feedback):
    hostile, honest = page(feedback, "hostile"), page(feedback, "full")
    assert hostile.scripts == honest.scripts == []
    assert hostile.handlers == honest.handlers == []
    assert {address for address in hostile.loaded if not address.startswith("#")} == {
        address for address in honest.loaded if not address.startswith("#")
    }
    assert not {"iframe", "object", "embed", "form", "svg"} & set(hostile.tags)
    assert "javascript:" not in "".join(hostile.loaded)


def test_what_a_hostile_student_wrote_is_there_to_be_read(feedback):
    source = page(feedback, "hostile").source
    for written in (
        *("&lt;script&gt;alert(4)&lt;/script&gt;", '<code class="verbatim">$a &amp; b$</code>'),
        *("<details><summary>More</summary>", "<td>2</td>"),
    ):
        assert written in source


@pytest.mark.parametrize("student", ["full", "hostile", "untouched"])
def test_a_page_shows_the_cards(feedback, student):
    text = page(feedback, student).source
    assert text.count(f'class="{CARDS}"') == 3
    assert ">softmax</strong>" in text
    assert ("<strong>8</strong> of 8 points" in text) == (student == "full")


def test_a_page_gives_away_neither_answers_nor_paths(feedback, roads):
    assert "Marking scheme" in (NOTEBOOKS / "source.ipynb").read_text(encoding="utf-8")
    for student in (*WORK, *BROKEN):
        text = page(feedback, student).source
        for path in (roads.bulk, ROOT, sys.prefix, sys.base_prefix, Path.home()):
            assert f"{path}/" not in text, (student, path)
        assert "Marking scheme" not in text
        if student in ("untouched", "hostile"):
            assert not [answer for answer in ("np.vstack", "exponentials") if answer in text]


# --- The two filters ------------------------------------------------------------------------------


def rendered(source: str) -> str:
    environment = Environment()
    environment.filters["markdown2html"] = markdown2html
    template = environment.from_string("{{ source | markdown2html }}")
    return template.render(source=source, cell={})


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<img src='http://example.org/seen.png' srcset='http://example.org/x 2x'>",
        "<a href='javascript:alert(1)' onclick=alert(1)>x</a>",
        "<a href=' &#106;ava\tscript:alert(1)'>x</a>",
        "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
        "<a href='file:///etc/passwd'>x</a>",
        "<svg onload=alert(1)><style><img src=x onerror=alert(1)></style></svg>",
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 "
        "onerror=alert(1)&gt;'>",
        "<iframe src=x></iframe><object data=x></object><embed src=x>",
        "<base href=x><meta http-equiv=refresh content='0;url=x'><link rel=stylesheet href=x>",
        "<form action=x><input id=grade_softmax><button class='btn save'>x</button></form>",
        "<p id=grade_softmax class='btn btn-danger' data-toggle=modal>x</p>",
        "<div style='background:url(javascript:alert(1))'>x</div>",
        "<div style='color:url(http://example.org/)'>x</div>",
        "<div style='color:u\\72l(http://example.org/)'>x</div>",
        "<div style='position:fixed;top:0;left:0;width:100%;height:100%'>x</div>",
        "<details open ontoggle=alert(1)>x</details>",
        "<video src=x onerror=alert(1)></video><audio src=x>",
        "<template><script>alert(1)</script></template><noscript><p title='</noscript>"
        "<img src=x onerror=alert(1)>'>",
        "$</span><img src=x onerror=alert(1)>$",
        "<!-- <img src=x onerror=alert(1)> -->",
    ],
)
@pytest.mark.parametrize("clean", [card_html, written_html, rendered])
def test_nothing_runs_loads_or_poses_as_a_part_of_the_page(clean, text):
    seen = Seen(clean(text))
    assert seen.scripts == seen.handlers == seen.loaded == []
    assert set(seen.tags) <= {"a", "img", "p", "div", "details", "table", "span"}
    parts = seen.source.replace(' style=""', "").split("<")[1:]
    opened = "".join(f"<{part}" for part in parts if part[0] != "/")
    for word in (" id=", "style=", "class=", "data-"):
        assert word not in opened


def test_links_of_markdown_lead_only_to_the_web():
    text = "[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) ![c](http://example.org/c.png)"
    assert Seen(rendered(text)).loaded == []
    web = "[d](https://example.org/) [e](#top)"
    assert Seen(rendered(web)).loaded == ["https://example.org/", "#top"]


def test_mathematics_tables_and_details_stay():
    assert rendered("$a & b$, $c<d$").strip() == "<p>$a &amp; b$, $c&lt;d$</p>"
    matrix = "$$\\begin{matrix}1 & 2\\\\ 3 & 4\\end{matrix}$$"
    assert matrix.replace("&", "&amp;") in rendered(matrix)
    table = Seen(rendered("| a | b |\n|--:|---|\n| 1 | 2 |")).tags
    assert [tag for tag in table if tag in ("table", "th", "td")] == "table th th td td".split()
    details = "<details open><summary>More</summary>\n\n*here*\n\n</details>"
    assert Seen(rendered(details)).tags[:2] == ["details", "summary"]
    assert "<em>here</em>" in rendered(details)


def test_pictures_within_the_page_and_the_colours_of_code_stay():
    picture = "data:image/png;base64,AAAA"
    assert Seen(written_html(f'<img alt="plot" src="{picture}">')).loaded == [picture]
    coloured = '<div class="highlight"><pre><span class="kn">import</span></pre></div>'
    assert written_html(coloured) == coloured


def test_text_that_would_take_minutes_to_clean_is_shown_as_it_is():
    text = "<div>" * PAGE.markdown_cell
    assert rendered(text) == f"<pre>{text.replace('<', '&lt;').replace('>', '&gt;')}</pre>"


@pytest.fixture(scope="module")
def formgrader(tmp_path_factory: pytest.TempPathFactory) -> HTMLExporter:
    """The exporter of Formgrader's page of a submission, by the course's settings."""
    config = Config(load_config(ROOT))
    config.HTMLExporter.template_name = "formgrade"
    return HTMLExporter(config=config)


def in_formgrader(exporter: HTMLExporter, *cells: nbformat.NotebookNode) -> str:
    notebook = nbformat.v4.new_notebook(cells=list(cells))
    resources = {"base_url": "", "notebook_id": "ps1", "index": 0, "total": 1}
    text: str = exporter.from_notebook_node(notebook, resources=resources)[0]
    return text[text.index('id="notebook-container"') :]


CARD = '<div class="verdict-card" style="border-left:4px solid #3b82c4">8 of 8</div>'


def test_formgrader_shows_a_card_of_a_check_and_no_imitation(formgrader):
    output = nbformat.v4.new_output("display_data", {"text/html": CARD})
    check = nbformat.v4.new_code_cell("check(f)", outputs=[output])
    check.metadata.nbgrader = {"grade": True, "solution": False, "grade_id": "g", "points": 8}
    assert 'class="verdict-card" style="border-left:4px' in in_formgrader(formgrader, check)
    solution = nbformat.v4.new_code_cell("f = 1", outputs=[output])
    solution.metadata.nbgrader = {"grade": False, "solution": True, "grade_id": "f"}
    others = (nbformat.v4.new_markdown_cell(CARD), nbformat.v4.new_raw_cell(CARD), solution)
    for cell in others:
        text = in_formgrader(formgrader, cell)
        assert "8 of 8" in text
        assert not [word for word in ('class="verdict-card"', "border-left") if word in text]


def test_formgrader_shows_a_page_whatever_a_student_wrote(formgrader):
    attached = nbformat.v4.new_markdown_cell("![x](attachment:none.png) **b** [[](files/x)")
    printed = nbformat.v4.new_output("stream", name="stdout", text="\x1b[31m<b>\x1b[0m" * 3)
    code = nbformat.v4.new_code_cell("x." * 40_000, outputs=[printed])
    links = "[a][p] " * 1000 + "\n\n[p]: http://e.org/" + "x" * 5000
    swelling = nbformat.v4.new_markdown_cell(links)
    start = time.process_time()
    text = in_formgrader(formgrader, attached, *[code] * 5, *[swelling] * 20)
    assert time.process_time() - start < 15, "minutes before there were limits"
    for said in ("[a picture that is not in the notebook]", "<strong>b</strong>", "&lt;b&gt;" * 2):
        assert said in text
    assert len(text) < 4 << 20


# --- Validate -------------------------------------------------------------------------------------


def validated(tmp_path: Path, copied: str, times: int = 2, kind: str = "all-right") -> str:
    """Return what `nbgrader validate` says, in a course, of work in which a cell was copied."""
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    folder = tmp_path / "work"
    shutil.copytree(ROOT / "release" / "ps1", folder)
    notebook = json.loads((NOTEBOOKS / f"{kind}.ipynb").read_text(encoding="utf-8"))
    place, cell = next(
        (n, cell)
        for n, cell in enumerate(notebook["cells"])
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == copied
    )
    notebook["cells"][place:place] = [
        {**cell, "id": f"copy-{number}"} for number in range(times - 1)
    ]
    (folder / "ps1.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "validate", "work/ps1.ipynb"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    # A kernel that is being ended sometimes reports that its sockets are closed already.
    assert "Traceback" not in done.stderr.partition("exception in zmqstream callback")[0]
    assert "corrupted" not in done.stdout + done.stderr
    return " ".join(done.stdout.split())


@pytest.mark.parametrize(("copied", "times"), [("softmax", 2), ("grade_softmax", 3)])
def test_validate_names_a_cell_that_was_copied(tmp_path, copied, times):
    said = validated(tmp_path, copied, times)
    assert "VALIDATION FAILED ON 1 CELL(S)" in said
    assert (
        f"The cell {copied} is there {times} times (copied or split): delete all but one." in said
    )


def test_validate_says_nothing_of_copies_where_there_are_none(tmp_path):
    assert "Success! Your notebook passes all the tests." in validated(tmp_path, "softmax", 1)
