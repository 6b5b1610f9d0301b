"""The report says of a class what is so, of whom a person must look at it, and no name unasked."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import classes
import commanding
import pytest
from browsing import Visit
from databases import sql
from seen import Seen

from autograder.course.folder import SECRET_FILE, label_of
from autograder.course.handed_in.reading import UnreadableSubmission, read_bytes
from autograder.grading.records import VERDICTS_FILE
from autograder.pages.report.formats import as_html, as_json
from autograder.pages.report.gathering import (
    DIED,
    HOSTILE,
    REMARK,
    TIMED_OUT,
    UNREADABLE,
    kind_of,
)
from autograder.pages.report.gathering import NO_ISOLATION as WITHOUT
from autograder.pages.report.statistics import (
    Attempt,
    Item,
    Record,
    carried_forward,
    correlation,
    exercise,
    figures,
    histogram,
    mistakes,
    scores,
    seconds,
)
from autograder.sandbox.session import MALFORMED, _ending
from autograder.submission.notebook import NO_ISOLATION
from autograder.submission.sanitise import parse_submission

ITEMS = (
    Item("one", 4.0, lesson="notebooks/01_scores.ipynb"),
    Item("two", 2.0),
    Item("why", 4.0, by_hand=True),
)
# Who handed in what; the last two are on the roster alone, or wait to be graded.
WORK = {
    "ann": "all-right", "bob": "shows-points", "cyd": "untouched", "dan": "cell-ends-its-process",
    "eve": b"{",
}  # fmt: skip
NAMES = [*WORK, "fay", "gus"]


def record(student: str, one: float, two: float, why: float | None = None, **more: Any) -> Record:
    attempts = {"one": Attempt(one), "two": Attempt(two), "why": Attempt(why)}
    return Record(student, True, True, attempts, **more)


def about(exercise: str, mistake: str) -> tuple[str, str]:
    return f"{exercise} and {mistake}", "notebooks/09_x.ipynb" if mistake == "far" else ""


# --- Figures --------------------------------------------------------------------------------------


def test_facility_is_the_mean_share_and_discrimination_leaves_the_item_itself_out():
    class_of_4 = [record("a", 4, 2), record("b", 4, 1), record("c", 1, 1), record("d", 0, 0)]
    row = exercise(ITEMS[0], ITEMS, class_of_4)
    assert (row["n"], row["mean"], row["facility"]) == (4, 2.25, 0.5625)
    # Pearson of (4, 4, 1, 0) with (2, 1, 1, 0), the points of the only other exercise.
    assert row["discrimination"] == pytest.approx(4 / (2 * 12.75) ** 0.5)
    # A question is compared with all exercises.
    marked = [record("a", 4, 2, 4), record("b", 0, 0, 0), record("c", 1, 1, None)]
    assert exercise(ITEMS[2], ITEMS, marked)["discrimination"] == 1.0
    assert exercise(ITEMS[2], ITEMS, marked)["n"] == 2


def test_discrimination_is_undefined_where_nothing_varies():
    everybody_right = [record(name, 4, 2) for name in "abc"]
    assert exercise(ITEMS[0], ITEMS, everybody_right)["discrimination"] is None
    assert exercise(ITEMS[0], ITEMS, [record("a", 4, 2)])["discrimination"] is None
    # 0.1 + 0.2 and 0.3 are the same points.
    assert correlation([1, 2], [round(0.1 + 0.2, 9), 0.3]) is None


def test_nobody_marked_is_no_mean_and_not_a_mean_of_nothing():
    row = exercise(ITEMS[2], ITEMS, [record("a", 4, 2), record("b", 1, 1)])
    assert (row["n"], row["mean"], row["facility"], row["discrimination"]) == (0, *[None] * 3)


def test_blank_and_wrong_without_a_name_are_counted_apart():
    def one(name: str, **how: Any) -> Record:
        return Record(name, True, True, {"one": Attempt(0.0, **how)})

    some = [
        *(one("a", blank=True), one("b", blank=True), one("c", wrong=True)),
        *(one("d", wrong=True, mistakes=("far",)), Record("e", True, True, {})),
    ]
    row = exercise(ITEMS[0], ITEMS, some)
    assert (row["blank"], row["blank_share"], row["wrong"], row["wrong_unnamed"]) == (2, 0.5, 2, 1)


def test_mistakes_come_by_number_of_students_and_then_as_in_the_notebook():
    def one(name: str, **found: tuple[str, ...]) -> Record:
        return Record(name, True, True, {key: Attempt(0.0, mistakes=found[key]) for key in found})

    some = [one("a", one=("near", "far")), one("b", one=("near",), two=("near",)), one("c")]
    table = mistakes(ITEMS, some, about)
    assert [(row["exercise"], row["mistake"], row["students"]) for row in table] == [
        *(("one", "near", 2), ("one", "far", 1), ("two", "near", 1))
    ]
    assert [row["lesson"] for row in table] == [
        *("notebooks/01_scores.ipynb", "notebooks/09_x.ipynb", "")
    ]
    assert (table[0]["did"], table[0]["share"]) == ("one and near", 2 / 3)


def test_what_errors_carried_forward_gave_is_told_with_and_without():
    def one(name: str, carried: float) -> Record:
        attempts = {"one": Attempt(4.0, carried), "two": Attempt(1.0), "why": Attempt(3.0)}
        return Record(name, True, True, attempts)

    table = carried_forward(ITEMS, [one("a", 1.5), one("b", 0.0), one("c", 4.0)])
    row = {"students": 2, "points_with": 12.0, "points_without": 6.5}
    assert table == {
        "students": 2,
        "points_with": 15.0,
        "points_without": 9.5,
        "exercises": [{"exercise": "one", **row}],
    }


def test_scores_count_extra_credit_and_say_what_is_still_to_be_added():
    some = [record("a", 4, 2, 4, extra=1.0), record("b", 0, 0), record("c", 2, 1, 2)]
    some.append(record("d", 4, 2, 3, late_penalty=2.5))
    row = scores(ITEMS, some)
    assert (row["n"], row["most"], row["median"], row["waiting"]) == (4, 11.0, 7.0, 1)
    assert (row["late"], row["late_penalties"]) == (1, 2.5)
    # 110, 0, 50 and 90 per cent.
    assert [one["count"] for one in row["bins"]] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 2]


def test_a_class_of_nobody_and_of_one_have_figures_too():
    for some in ([], [record("a", 4, 2, 1, seconds=0.0)]):
        whole = figures("ps1", ITEMS, some, about)
        assert json.loads(as_json(whole)) == whole
        assert as_html(whole).startswith("<!DOCTYPE html>")
    assert scores(ITEMS, [])["mean"] is None


@pytest.mark.parametrize(
    ("values", "bins", "width"),
    [([0.0], 1, 0.05), ([0.2, 0.9], 10, 0.1), ([3, 28.3], 6, 5), ([1, 10_000], 10, 300)],
)
def test_every_time_is_in_a_bin(values, bins, width):
    row = seconds([record("a", 0, 0, seconds=value) for value in values] + [record("b", 0, 0)])
    assert row["n"] == len(values) == sum(one["count"] for one in row["bins"])
    assert (len(row["bins"]), row["bins"][0]["to"]) == (bins, width)


def test_a_bin_holds_its_lower_bound_and_the_last_one_the_rest():
    assert [one["count"] for one in histogram([0, 10, 19.9, 20, 1e9], 10, 3)] == [1, 2, 2]


def test_the_order_of_students_says_nothing_of_their_ids():
    some = [Record(shown, signs=(("kind", "why"),)) for shown in ("z", "a", "m")]
    told = figures("ps1", ITEMS, some, about)
    assert [row["student"] for row in told["people"]] == ["a", "m", "z"]
    assert figures("ps1", ITEMS, some[::-1], about) == told
    assert figures("ps1", ITEMS, some[::-1], about) == figures("ps1", ITEMS, some, about)


# --- What the grader's sentences mean -------------------------------------------------------------


def refusal(read: Callable[[], Any]) -> str:
    with pytest.raises(UnreadableSubmission) as failure:
        read()
    return str(failure.value)


def test_a_persons_reason_is_named_from_what_the_grader_says(tmp_path):
    left_out = "Code cell 4 was left out: {}."
    for remark, kind in (
        (left_out.format(MALFORMED), HOSTILE),
        (left_out.format(_ending({"ended": -31})), HOSTILE),
        (left_out.format(_ending({"ended": -11})), DIED),
        (left_out.format(_ending({"ended": -9})), DIED),
        (left_out.format(_ending({"ended": 1})), DIED),
        ("softmax could not be judged: the process ended.", DIED),
        (left_out.format("this cell did not end within 20 s"), TIMED_OUT),
        ("Judging cce: the submission ran out of its time did not end within 9 s.", TIMED_OUT),
        ("Stopped: the submission used up its 120 s.", TIMED_OUT),
        (NO_ISOLATION, WITHOUT),
        ("grade_x was not judged: the catalogue has no such exercise.", REMARK),
    ):
        assert kind_of(remark) == kind, remark
    (tmp_path / "link.ipynb").symlink_to("nowhere")
    (tmp_path / "folder.ipynb").mkdir()
    (tmp_path / "long.ipynb").write_text("x" * 10)
    kinds = {"none": UNREADABLE, "link": HOSTILE, "folder": HOSTILE, "long": UNREADABLE}
    for name, kind in kinds.items():
        said = refusal(lambda name=name: read_bytes(tmp_path / f"{name}.ipynb", 5))
        assert kind_of(said) == kind, said
    for data in (b"", b"{", b"\xff", b"[]", b"{}", b'{"nbformat": 3}', b'{"nbformat": 4}'):
        said = refusal(lambda data=data: parse_submission(data, "ps1.ipynb"))
        assert kind_of(said) == UNREADABLE, said


# --- A class --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def graded_class(
    released: Path, at_once: Executor, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A graded course; of bob only what nbgrader's own road leaves is there."""
    course = classes.copied(released, tmp_path_factory.mktemp("class") / "course")
    for student, work in WORK.items():
        classes.hand_in(course, student, work)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GRADEBOOK_URL", raising=False)
        classes.grade(course, at_once)
    shutil.copytree(course / "submitted" / "ann", course / "submitted" / "fay")
    sql(course, "INSERT INTO student VALUES ('gus', 'Gus', 'G<b>reen</b>', NULL, NULL)")
    sql(course, "UPDATE student SET first_name = 'Ann', last_name = '=Brown' WHERE id = 'ann'")
    sql(course, "INSERT INTO student (id) VALUES ('eve'), ('fay')")  # who are not graded
    sql(course, "UPDATE student SET email = id || '@example.org'")  # so all are in the roster
    return course


@pytest.fixture
def reported(graded_class: Path, tmp_path: Path) -> Path:
    return classes.copied(graded_class, tmp_path / "course")


def run(*arguments: object) -> tuple[int, str, str]:
    return commanding.run("report", *arguments)


@contextmanager
def verdicts_of(course: Path, student: str) -> Iterator[list[dict[str, Any]]]:
    """Change what is kept of a student's verdicts."""
    path = course / "autograded" / student / "ps1" / VERDICTS_FILE
    kept = json.loads(path.read_text())
    yield kept["verdicts"]
    path.write_text(json.dumps(kept))


def report(course: Path, *options: object) -> dict[str, Any]:
    code, _, said = run("ps1", "--course", course, *options)
    assert (code, "eve's ps1 was not graded" in said) == (1, True)
    whole: dict[str, Any] = json.loads((course / "reports" / "ps1.json").read_text())
    return whole


def row(table: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(one for one in table if one["exercise"] == name)


def test_the_figures_are_those_of_the_class_whichever_road_graded_it(reported):
    whole = report(reported)
    assert whole["class"] == {"students": 7, "handed_in": 6, "graded": 4, "max_points": 18}
    names = [one["exercise"] for one in whole["exercises"]]
    assert names == ["add_bias", "scores", "softmax", "written_shift"]
    softmax = row(whole["exercises"], "softmax")
    assert (softmax["n"], softmax["mean"], softmax["facility"]) == (4, 4, 0.5)
    assert softmax["blank"] == 1
    assert (whole["scores"]["n"], whole["scores"]["least"], whole["scores"]["most"]) == (4, 0, 14)
    assert (whole["seconds"]["n"], whole["carried_forward"]["students"]) == (4, 0)


def test_a_hand_in_of_nobody_in_the_roster_is_said(reported):
    sql(reported, "UPDATE student SET email = NULL WHERE id IN ('bob', 'fay')")
    code, _, said = run("ps1", "--course", reported)
    assert code == 1  # fay is not graded, either
    assert "autograder: ps1: 2 hand-ins of nobody in your roster: bob, fay\n" in said
    people = json.loads((reported / "reports" / "ps1.json").read_text())["people"]
    assert sum(one["kind"] == "not in the roster" for one in people) == 2


def test_those_who_need_a_person_are_listed_with_the_reason(reported):
    people = report(reported, "--names")["people"]
    kinds: dict[str, set[str]] = {}
    for one in people:
        kinds.setdefault(one["kind"], set()).add(one["student"])
    assert "=Brown, Ann (ann)" in kinds.pop("written questions")
    assert {kind: kinds[kind] for kind in ("died", "no submission", "not graded")} == {
        "died": {"dan"},
        "not graded": {"fay"},
        "no submission": {"G<b>reen</b>, Gus (gus)"},
    }
    reasons = [one["reason"] for one in people]
    assert "is handed in but not graded: run `autograder grade ps1`" in reasons
    how = "`autograder marks ps1 --out ps1.csv`, or Formgrader"
    assert f"1 to be marked: written_shift ({how})" in reasons


def test_what_a_person_gives_counts_and_is_no_longer_waited_for(reported):
    before = report(reported)
    sql(
        reported,
        "UPDATE grade SET manual_score = 1.5, needs_manual_grade = 0 WHERE cell_id IN"
        " (SELECT id FROM base_cell WHERE name IN ('written_shift', 'grade_softmax')"
        " AND type = 'GradeCell')",
    )
    whole = report(reported)
    assert before["scores"]["waiting"] > whole["scores"]["waiting"] == 0
    marked = [row(whole["exercises"], name) for name in ("written_shift", "softmax")]
    assert [(one["n"], one["mean"]) for one in marked] == [(4, 1.5)] * 2
    assert not [one for one in whole["people"] if one["kind"] == "written questions"]


def test_points_carried_forward_are_read_from_the_verdicts(reported):
    with verdicts_of(reported, "ann") as verdicts:
        verdicts[2] |= {"carried_points": 2.5, "given": ["scores"]}
    carried = report(reported)["carried_forward"]
    assert (carried["students"], carried["points_with"] - carried["points_without"]) == (1, 2.5)
    assert [one["exercise"] for one in carried["exercises"]] == [verdicts[2]["exercise"]]


def test_a_mistake_is_listed_with_the_catalogues_words(reported):
    with verdicts_of(reported, "ann") as verdicts:
        verdict = next(one for one in verdicts if one["exercise"] == "softmax")
        verdict["points"] = 1.0
        for finding in verdict["findings"][:2]:  # seen twice, had once
            finding["misconception"] = "axis=1"
    found = [one for one in report(reported)["mistakes"] if one["mistake"] == "axis=1"]
    assert [(one["exercise"], one["students"]) for one in found] == [("softmax", 1)]
    assert found[0]["did"].startswith("You ")
    assert found[0]["lesson"] == "notebooks/02_softmax.ipynb"


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"verdicts": [{}]}', b'{"verdicts": [], "repairs": 1}', b"\xff"]
)
def test_damaged_verdicts_cost_no_other_student_and_are_named(reported, damage):
    (reported / "autograded" / "ann" / "ps1" / VERDICTS_FILE).write_bytes(damage)
    whole = report(reported, "--names")
    assert whole["class"]["graded"] == 3
    said = "is handed in but not graded: run `autograder grade ps1`"
    unread = {"student": "=Brown, Ann (ann)", "kind": "not graded", "reason": said}
    assert unread in whole["people"]


# --- Names ----------------------------------------------------------------------------------------


def test_without_the_switch_no_file_and_no_files_name_tells_who_it_is(reported):
    run("ps1", "--course", reported)
    paths = sorted((reported / "reports").iterdir())
    assert [path.name for path in paths] == ["ps1.csv", "ps1.html", "ps1.json"]
    for path in paths:
        text = path.read_text(encoding="utf-8")
        for name in (*NAMES, "Brown", "Green"):
            assert not re.search(rf"\b{name}\b", text), (path.name, name)
        assert label_of((reported / SECRET_FILE).read_text().encode(), "dan") in text


def test_labels_stay_the_same_and_only_the_courses_secret_makes_them():
    one, other = b"1" * 64, b"2" * 64
    assert label_of(one, "ann") == label_of(one, "ann") != label_of(other, "ann")
    assert len({label_of(one, f"s{number}") for number in range(5000)}) == 5000
    assert re.fullmatch(r"student [a-z2-7]{8}", label_of(one, "ann"))


def test_with_the_switch_names_are_shown_and_are_text(reported):
    run("ps1", "--course", reported, "--names")
    page = (reported / "reports" / "ps1.html").read_text(encoding="utf-8")
    assert "=Brown, Ann (ann)" in page
    assert "G&lt;b&gt;reen&lt;/b&gt;, Gus (gus)" in page
    assert "<b>" not in page
    lines = list(csv.reader(io.StringIO((reported / "reports" / "ps1.csv").read_text())))
    assert any(line[1].startswith("'=Brown, Ann (ann): ") for line in lines)
    assert not [cell for line in lines for cell in line[:3] if cell[:1] in ("=", "+", "@")]


def test_a_folders_name_may_be_any_bytes(reported):
    (reported / "submitted" / os.fsdecode(b"\xff") / "ps1").mkdir(parents=True)
    code, _, said = run("ps1", "--course", reported, "--names")
    assert code == 1
    assert "autograder: ps1: 1 hand-in of nobody in your roster: ?\n" in said


# --- The files ------------------------------------------------------------------------------------


def test_the_same_class_gives_the_same_bytes(reported):
    files = []
    for _ in range(2):
        run("ps1", "--course", reported)
        files.append({path: path.read_bytes() for path in (reported / "reports").iterdir()})
    assert files[0] == files[1]
    assert len(files[0]) == 3


def test_csv_has_every_figure_of_json(reported):
    whole = report(reported)
    header, *lines = csv.reader(io.StringIO((reported / "reports" / "ps1.csv").read_text()))
    assert header == ["table", "row", "figure", "value"]

    def count(content: Any) -> int:
        if isinstance(content, dict):
            return sum(map(count, content.values()))
        return sum(map(count, content)) if isinstance(content, list) else 1

    in_rows = len(whole["exercises"]) + 2 * len(whole["mistakes"]) + 2 * len(whole["people"])
    in_rows += sum(len(whole[table]) for table in ("failed_cells", "help", "matrix"))
    in_rows += sum(len(one["examples"]) for one in whole["mistakes"])
    in_rows += 2 * (len(whole["scores"]["bins"]) + len(whole["seconds"]["bins"]))
    assert len(lines) == count(whole) - in_rows
    found = {tuple(line[:3]): line[3] for line in lines}
    assert float(found["exercises", "softmax", "facility"]) == 0.5
    assert found["exercises", "written_shift", "discrimination"] == ""
    assert found["scores", "0: 10", "count"] == "1"


def test_formats_and_folder_are_those_asked_for(reported, tmp_path):
    folder = tmp_path / "a" / "b"
    options = ("--format", "json,csv", "--output", folder, "--course", reported)
    written = "".join(f"wrote {folder / name}\n" for name in ("ps1.json", "ps1.csv"))
    assert run("ps1", *options)[:2] == (1, written)
    assert not (reported / "reports").exists()


def test_the_page_has_nothing_that_runs_or_loads(reported):
    text = as_html(report(reported))
    page = Seen(text)
    assert not set(page.tags) & {"script", "link", "img", "iframe", "object", "embed", "a"}
    assert not page.names & {"src", "href", "onclick", "onload", "style"}
    assert not [word for word in ("http", "url(", "@import") if word in text]


# --- What is said ---------------------------------------------------------------------------------


def test_a_format_that_is_none_and_a_release_that_is_not_there_are_said_in_a_line(course):
    def refused(*arguments: object) -> tuple[int, str]:
        return commanding.refused("report", *arguments, "--course", course)

    formats = "--format is of html, csv and json, with commas between, not 'pdf'"
    assert refused("ps1", "--format", "pdf") == (2, formats)
    shutil.move(course / "release", course / "elsewhere")
    code, said = refused("ps1")
    assert (code, "Run `autograder release ps1`" in said) == (1, True)
    assert not (course / "reports").exists()


def test_a_folder_that_cannot_be_written_is_said(reported):
    (reported / "reports").write_text("in the way")
    code, _, said = run("ps1", "--course", reported)
    assert (code, said) == (1, f"autograder: {reported / 'reports'}: File exists\n")


# --- In a browser ---------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1600])
def test_every_reader_can_read_the_page(browser, grave_findings, tmp_path, scheme, width):
    attempts = {"one": Attempt(1.0, 0.5, wrong=True, mistakes=("far",)), "two": Attempt(2.0)}
    some = [
        record("a", 4, 2, 1, seconds=0.5, late_penalty=1.0),
        record("b", 0, 2, signs=(("died", "<script>alert(1)</script> " + "long " * 60),)),
        Record("c", True, True, attempts, seconds=3.0),
        *(Record(f"z{number}", signs=(("no submission", "nothing"),)) for number in range(30)),
    ]
    path = tmp_path / "page.html"
    path.write_text(as_html(figures("ps1", ITEMS, some, about)), encoding="utf-8")
    visit = Visit(browser, viewport={"width": width, "height": 900}, color_scheme=scheme)
    visit.page.goto(path.as_uri())
    assert grave_findings(visit.page) == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") == width
    assert (visit.left, visit.complaints) == ([], [])
    pictures = visit.page.get_by_role("img")
    assert pictures.count() == 2
    assert "0 to 10 per cent of the points: 0" in pictures.first.text_content()
    assert visit.page.locator("table:not(:has(caption)), table:not(:has(th[scope]))").count() == 0
    visit.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_telephone_each_figure_stands_beside_its_name(browser, tmp_path, scheme):
    attempts = {"one": Attempt(1.0, 0.5, wrong=True, mistakes=("far",)), "two": Attempt(2.0)}
    some = [record("a", 4, 2), Record("c", True, True, attempts)]
    path = tmp_path / "page.html"
    path.write_text(as_html(figures("ps1", ITEMS, some, about)), encoding="utf-8")
    visit = Visit(browser, viewport={"width": 390, "height": 800}, color_scheme=scheme)
    visit.page.goto(path.as_uri())
    for table in visit.page.locator(".wide").all():
        wide = table.evaluate("e => e.scrollWidth > e.clientWidth")
        assert not wide, "nothing is hidden to the right"
    first = visit.page.locator(".wide tbody tr").first
    names = first.evaluate(
        "e => [...e.querySelectorAll('td')].map(d => getComputedStyle(d, '::before').content)"
    )
    assert names[:4] == ['"n: "', '"mean: "', '"of: "', '"facility: "']
    visit.context.close()


# --- Answers that wait, and lessons that are led to -----------------------------------------------


def answers(*points: float | None) -> list[Record]:
    """Return work in which the third item, for a person, was given these points; 0 is empty."""
    return [
        Record(f"s{n}", True, True, {ITEMS[2].name: Attempt(one, blank=one == 0)})
        for n, one in enumerate(points)
    ]


def test_a_question_that_nobody_has_marked_has_no_facility_though_some_left_it_empty():
    row = exercise(ITEMS[2], ITEMS, answers(0.0, None, None))
    assert (row["n"], row["waiting"], row["mean"], row["facility"]) == (0, 2, None, None)
    page = Seen(as_html(figures("ps1", ITEMS, answers(0.0, None, None), about))).text
    assert "not marked yet: 2 to mark" in page


def test_a_question_that_is_marked_in_part_has_a_facility_and_says_what_waits():
    row = exercise(ITEMS[2], ITEMS, answers(0.0, ITEMS[2].max_points, None))
    assert (row["n"], row["waiting"], row["facility"]) == (2, 1, 0.5)
    page = Seen(as_html(figures("ps1", ITEMS, answers(0.0, 2.0, None), about))).text
    assert "! 1 to mark" in page


def test_a_question_that_everybody_left_empty_has_facility_nought():
    row = exercise(ITEMS[2], ITEMS, answers(0.0, 0.0))
    assert (row["n"], row["waiting"], row["facility"]) == (2, 0, 0.0)


def test_a_lesson_is_a_link_where_the_course_has_a_book_and_only_there():
    attempts = {"one": Attempt(1.0, wrong=True, mistakes=("far",))}
    whole = figures("ps1", ITEMS, [Record("c", True, True, attempts)], about)
    lesson = "<code>notebooks/09_x.ipynb</code>"
    assert lesson in as_html(whole)
    assert "<a " not in as_html(whole)
    book = "https://course.example/book/lessons/{}.html"
    link = '<a href="https://course.example/book/lessons/09_x.html">'
    assert f"{link}{lesson}</a>" in as_html(whole, book)
