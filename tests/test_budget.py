"""What one hand-in can cost a class: its own row says so, and nobody else's work is touched."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import classes
import commanding
import costly
import pytest
from databases import points_in
from isolation import need_isolation
from jinja2 import Environment
from nbformat import NotebookNode, v4
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrading import convert
from running import fix_secret, orphans_adopted, written

from autograder.base.limits import LIMITS, Budget
from autograder.diagnosis import command
from autograder.grading import engine, jobs
from autograder.grading.cluster import graded_on
from autograder.grading.engine import ClassGrading
from autograder.grading.jobs import Job
from autograder.grading.records import VERDICTS_FILE, Result
from autograder.grading.workers import own_worker
from autograder.nbgrader_plugin import steps
from autograder.nbgrader_plugin.formgrader import filters
from autograder.pages import feedback
from autograder.pages.feedback import ClassFeedback

HONEST = {"ann": "all-right", "bob": "shows-points", "kim": "cell-crashes"}
# So small that any grading exceeds each of them.
TIGHT = {
    "eve": Budget(seconds=4.0, cpu_seconds=-1.0),
    "joe": Budget(seconds=4.0, cpu_seconds=20.0, memory_megabytes=1),
}
SMALL = Budget(20.0, 0.5)
# The worker waits, so that its use is measured before anything is judged.
WAIT = "import time; time.sleep(2)"
PROCESSOR = "grading this submission took more than -1 s of the grader's own time"
MEMORY = "grading this submission took more than 1 MB of the grader's own memory"

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's"),
    # nbgrader's own way of adding a submission to its session.
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),
]


@dataclass(frozen=True)
class Class:
    """A course, and what there is of the honest when nobody else hands in."""

    course: Path
    results: dict[str, Result]
    files: dict[str, bytes]

    def hand_in(self, student: str, work: str = "all-right", first: str = "") -> None:
        """Hand in one of `tests/notebooks`, this code before all its cells."""
        notebook = v4.reads((classes.NOTEBOOKS / f"{work}.ipynb").read_text(encoding="utf-8"))
        if first:
            notebook.cells.insert(0, v4.new_code_cell(first, id="first"))
        classes.hand_in(self.course, student, (v4.writes(notebook) + "\n").encode())


@pytest.fixture(scope="module")
def honest(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Class:
    need_isolation()
    course = classes.copied(released, tmp_path_factory.mktemp("honest") / "course")
    fix_secret(course)
    one = Class(course, {}, {})
    for student, work in HONEST.items():
        one.hand_in(student, work)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GRADEBOOK_URL", raising=False)
        return Class(course, graded(course, on_workers), files_of(course, *HONEST))


@pytest.fixture
def classroom(honest: Class, tmp_path: Path) -> Class:
    return replace(honest, course=classes.copied(honest.course, tmp_path / "course"))


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    resource_tracker.ensure_running()  # Dask's; it ends with this process
    with orphans_adopted() as left:
        yield
        own_worker().close()  # what runs through nbgrader uses this thread's
        assert left() == []


def tight(
    monkeypatch: pytest.MonkeyPatch, budgets: dict[str, Budget], module: Any = engine
) -> None:
    """Give some of the class less to be graded with than grading takes."""
    make_jobs = module.make_jobs

    def with_budget(*given: Any) -> dict[str, Job]:
        return {
            name: replace(job, budget=budgets.get(job.student, job.budget))
            for name, job in make_jobs(*given).items()
        }

    monkeypatch.setattr(module, "make_jobs", with_budget)


def graded(course: Path, on: Callable[[ClassGrading], Iterator[Result]]) -> dict[str, Result]:
    grading = ClassGrading(course, ["ps1"], [], "bwrap", LIMITS, True)
    return {result.student: replace(result, seconds=0.0) for result in on(grading)}


def on_workers(grading: ClassGrading) -> Iterator[Result]:
    return grading.run(2)


def on_dask(grading: ClassGrading) -> Iterator[Result]:
    return graded_on("local", 2, grading)


def verdicts_of(course: Path, student: str) -> list[dict[str, Any]]:
    return json.loads(written(course)[f"{student}/ps1/{VERDICTS_FILE}"])["verdicts"]


def files_of(course: Path, *students: str) -> dict[str, bytes]:
    return {name: data for name, data in written(course).items() if name.split("/")[0] in students}


@pytest.mark.parametrize("road", [on_workers, on_dask], ids=lambda road: road.__name__)
def test_a_hand_in_beyond_its_budget_is_named_and_its_neighbours_rows_stay_the_same(
    classroom, monkeypatch, road
):
    tight(monkeypatch, TIGHT)
    classroom.hand_in("eve", first=WAIT)
    classroom.hand_in("joe", first=WAIT)
    course = classroom.course
    results = graded(course, road)
    assert {name: results[name] for name in HONEST} == classroom.results
    assert files_of(course, *HONEST) == classroom.files
    for student, said in (("eve", PROCESSOR), ("joe", MEMORY)):
        assert results[student].trouble is None
        assert results[student].points == points_in(course)[student] == 0
        assert results[student].max_points == 14
        assert results[student].remarks == (f"Stopped: {said}; what was judged until then stands.",)
        verdicts = verdicts_of(course, student)
        assert [one["findings"][0]["message"] for one in verdicts] == [f"not judged: {said}"] * 3
        assert said in written(course)[f"{student}/ps1/ps1.ipynb"].decode()


def test_what_was_judged_before_it_was_ended_stands(classroom, monkeypatch):
    classroom.hand_in("eve")
    monkeypatch.setattr(jobs, "grade_here", costly.grade_and_burn)
    tight(monkeypatch, {"eve": Budget(seconds=20.0, cpu_seconds=1.0)})
    results = graded(classroom.course, on_workers)
    assert {name: results[name] for name in HONEST} == classroom.results
    verdicts = verdicts_of(classroom.course, "eve")
    assert [one["points"] == one["max_points"] for one in verdicts] == [True, True, False]
    assert results["eve"].points == points_in(classroom.course)["eve"] > 0
    assert results["eve"].remarks[0].startswith("Stopped: grading this submission took more than 1")


def test_work_that_cannot_even_be_read_within_a_budget_is_not_graded_and_named(
    classroom, monkeypatch
):
    classroom.hand_in("eve", first=WAIT)
    tight(monkeypatch, TIGHT)
    monkeypatch.setattr(jobs, "write_so_far", costly.burn_in_parsing)
    monkeypatch.setattr(jobs, "WRITING", Budget(20.0, 0.3))
    results = graded(classroom.course, on_workers)
    assert results["eve"].trouble == f"Not read: {PROCESSOR}."
    assert "eve" not in points_in(classroom.course)
    assert [results[name].trouble for name in HONEST] == [None] * 3


def test_wall_time_alone_counts_only_where_nothing_runs_beside_it(classroom, monkeypatch):
    classroom.hand_in("eve", first=WAIT)
    tight(monkeypatch, {"eve": Budget(seconds=-LIMITS.session_seconds, cpu_seconds=20.0)})
    asked: list[str] = []
    once = engine.grade_one

    def noted(job: Job) -> Any:
        asked.append(job.student)
        return once(job)

    monkeypatch.setattr(engine, "grade_one", noted)
    results = graded(classroom.course, on_workers)
    assert asked.count("eve") == 2
    assert asked[-1] == "eve"
    assert results["eve"].remarks[0].startswith("Stopped: grading this submission was not done")


# --- Pages ----------------------------------------------------------------------------------------


def pages_of(course: Path) -> dict[str, bytes]:
    return {path.parts[-3]: path.read_bytes() for path in course.glob("feedback/*/ps1/ps1.html")}


def test_a_page_beyond_its_budget_is_made_in_a_plain_form_and_the_others_are_the_same(
    classroom, monkeypatch
):
    course = classroom.course
    classroom.hand_in("eve")
    classroom.hand_in("joe")
    graded(course, on_workers)
    assert not [one for one in ClassFeedback(course, ["ps1"], []).run(2) if one.trouble]
    before = pages_of(course)
    monkeypatch.setattr(feedback, "make_here", costly.page_and_burn)
    monkeypatch.setattr(feedback, "RENDERING", SMALL)
    results = {one.student: one for one in ClassFeedback(course, ["ps1"], [], True).run(2)}
    said = "took more than 0.5 s of the grader's own time"
    assert {name: one.plain for name, one in results.items() if one.plain} == {"eve": said}
    assert {name: one.trouble for name, one in results.items() if one.trouble} == {
        "joe": f"making it, even in a plain form, {said}"
    }
    after = pages_of(course)
    assert {name: after[name] for name in HONEST} == {name: before[name] for name in HONEST}
    assert "This page is in a plain form" in after["eve"].decode()


def test_the_command_names_who_has_a_page_in_a_plain_form(classroom, monkeypatch):
    classroom.hand_in("eve")
    graded(classroom.course, on_workers)
    monkeypatch.setattr(feedback, "make_here", costly.page_and_burn)
    monkeypatch.setattr(feedback, "RENDERING", SMALL)
    making = "making it took more than 0.5 s of the grader's own time"
    assert commanding.run("feedback", "ps1", "--course", classroom.course) == (
        *(0, "4 pages made, 0 up to date\n"),
        f"autograder: eve's ps1 has a page in a plain form: {making}\n",
    )


# --- Through nbgrader, and a notebook of another course -------------------------------------------


def test_nbgraders_road_has_the_same_budget(classroom, monkeypatch):
    course = classroom.course
    classroom.hand_in("eve", first=WAIT)
    shutil.rmtree(course / "autograded")
    tight(monkeypatch, TIGHT, steps)
    convert(course, Autograde)
    assert PROCESSOR in (course / "autograded" / "eve" / "ps1" / "ps1.ipynb").read_text()
    honest = {name: classroom.results[name].points for name in HONEST}
    assert points_in(course) == {**honest, "eve": 0}
    monkeypatch.setattr(steps, "page_of", costly.page_of_and_burn)
    monkeypatch.setattr(feedback, "RENDERING", SMALL)
    convert(course, GenerateFeedback)
    pages = pages_of(course)
    assert set(pages) == {*HONEST, "eve"}
    assert all(b"This page is in a plain form" in page for page in pages.values())


def test_a_cell_beyond_its_budget_is_bare_text_in_formgrader_and_so_are_those_below_it(monkeypatch):
    monkeypatch.setattr(filters, "FILTERING", SMALL)
    monkeypatch.setattr(filters, "_markdown", costly.render_for_ever)
    environment = Environment()
    environment.filters["markdown2html"] = filters.markdown2html
    template = environment.from_string(
        "{% for cell in cells %}{{ cell.source | markdown2html }}|{% endfor %}"
    )
    cells = [NotebookNode(source=text) for text in ("**one**", "**costs** <b>", "**two**")]
    shown = template.render(cells=cells, resources={}).split("|")
    assert [text.strip() for text in shown] == [
        *("<p><strong>one</strong></p>", "<pre>**costs** &lt;b&gt;</pre>", "<pre>**two**</pre>", "")
    ]
    assert "<strong>" in template.render(cells=cells[2:], resources={})


def test_a_diagnosis_beyond_its_budget_ends_with_a_line(classroom, monkeypatch):
    monkeypatch.setattr(command, "DIAGNOSING", TIGHT["eve"])
    path = classroom.course / "submitted" / "ann" / "ps1" / "ps1.ipynb"
    said = "ps1.ipynb: judging it took more than -1 s of the grader's own time"
    assert commanding.refused("diagnose", path) == (1, said)
