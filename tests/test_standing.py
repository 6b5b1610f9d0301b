"""Each command says of each state of a hand-in the same, and none uses marks of another one."""

from __future__ import annotations

import csv
import shutil
import zipfile
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import classes
import commanding
import pytest
from databases import points_in, sql
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrading import convert, settings

from autograder.grading.records import VERDICTS_FILE
from autograder.pages.feedback import ClassFeedback

DUE = "2026-10-05 12:00:00.000000"
AGAIN = "was handed in again since it was graded: run `autograder grade ps1`"
NEVER = "is handed in but not graded: run `autograder grade ps1`"
TIME = "was graded with another time of handing in, due date or late penalty: run"
OTHERWISE = "was graded with other settings, from another release, or with other files beside"
GONE = "was graded and is no longer in submitted/"
NONE = "was not graded: there is no notebook of ps1: 'notes.pdf' is no notebook"
UNREADABLE = "was not graded: there is no notebook of ps1: 'ps1.ipynb' is not JSON"

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


def folder_of(course: Path, student: str) -> Path:
    return course / "submitted" / student / "ps1"


def configure(course: Path, line: str) -> None:
    path = course / "nbgrader_config.py"
    path.write_text(path.read_text() + f"\n{line}\n")


def hand_in_again(course: Path) -> None:
    """Another file, and no other time: nobody noted one."""
    classes.hand_in(course, "ann", "shows-points")


def hand_in_later(course: Path) -> None:
    (folder_of(course, "ann") / "timestamp.txt").write_text("2026-10-07 12:00:00 UTC")


def change_due_date(course: Path) -> None:
    sql(course, "UPDATE assignment SET duedate = ?", "2026-10-01 12:00:00.000000")


def change_policy(course: Path) -> None:
    configure(course, "c.LatePenalties.percent_per_day = 20")
    change_due_date(course)


def change_settings(course: Path) -> None:
    configure(course, "c.ErrorCarriedForward.share = 0.5")


def add_beside(course: Path) -> None:
    (folder_of(course, "ann") / "link.txt").symlink_to("nowhere")


def remove(course: Path) -> None:
    shutil.rmtree(course / "submitted" / "ann")


def lose_notebook(course: Path) -> None:
    (folder_of(course, "ann") / "ps1.ipynb").unlink()
    (folder_of(course, "ann") / "notes.pdf").write_bytes(b"%PDF")


def spoil(course: Path) -> None:
    (folder_of(course, "ann") / "ps1.ipynb").write_bytes(b"{")


def never_graded(course: Path) -> None:
    shutil.rmtree(course / "autograded" / "ann")


def as_it_was(course: Path) -> None:
    """Nothing is another than when it was graded."""


def wait_for_a_person(course: Path) -> None:
    sql(course, "UPDATE grade SET auto_score = NULL, needs_manual_grade = 1 WHERE auto_score = 0")


# What happens after ann was graded; what feedback, report and export say, with exit code 1, or ""
# with exit code 0; what `grade` ends with, and whether the score counts after it.
STATES: dict[Callable[[Path], None], tuple[str, int, bool]] = {
    as_it_was: ("", 0, True),
    wait_for_a_person: ("", 0, True),
    never_graded: (NEVER, 0, True),
    hand_in_again: (AGAIN, 0, True),
    hand_in_later: (TIME, 0, True),
    change_due_date: (TIME, 0, True),
    change_policy: (TIME, 0, True),
    change_settings: (OTHERWISE, 0, True),
    add_beside: (OTHERWISE, 0, True),
    remove: (GONE, 1, False),
    lose_notebook: (NONE, 1, False),
    spoil: (UNREADABLE, 1, False),
}


@pytest.fixture(scope="module")
def graded_class(
    released: Path, at_once: Executor, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    course = classes.copied(released, tmp_path_factory.mktemp("class") / "course")
    configure(course, "c.LatePenalties.percent_per_day = 10")
    sql(course, "UPDATE assignment SET duedate = ?", DUE)
    classes.hand_in(course, "ann")
    (folder_of(course, "ann") / "timestamp.txt").write_text("2026-10-05 11:00:00 UTC")
    classes.hand_in(course, "bob")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GRADEBOOK_URL", raising=False)
        classes.grade(course, at_once)
    return course


@pytest.fixture
def graded(graded_class: Path, tmp_path: Path) -> Path:
    return classes.copied(graded_class, tmp_path / "course")


def score_of(course: Path, student: str) -> str:
    with (course / "grades-canvas.csv").open(encoding="utf-8") as file:
        return next(row[-1] for row in csv.reader(file) if row[3] == student)


@pytest.fixture
def all_in_process(in_process: None, at_once: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pages made here too."""
    monkeypatch.setattr(
        ClassFeedback, "run", lambda self, _: (one for one in (*self.settled, *self.on(at_once, 1)))
    )


@pytest.mark.usefixtures("all_in_process")
@pytest.mark.parametrize("happens", STATES, ids=lambda happens: happens.__name__)
def test_every_command_says_the_same_of_a_state_and_leaves_it_out(graded, happens):
    says, code_of_grade, counts = STATES[happens]
    happens(graded)
    code, output, said = commanding.run("feedback", "ps1", "--course", graded)
    unreadable = happens in (lose_notebook, spoil)
    pages = 2 if not says or unreadable else 0 if happens is change_settings else 1
    assert output == f"{pages} pages made, 0 up to date\n"
    assert (code, says in said) == (bool(says), True)
    assert ("has a page without marks: it was not graded" in said) == unreadable
    code, _, said = commanding.run("report", "ps1", "--course", graded)
    assert (code, says in said) == (bool(says), True)
    code, _, said = commanding.run("export", "ps1", "--to", "canvas", "--course", graded)
    assert (code, says in said) == (bool(says), True)
    assert (score_of(graded, "ann") == "") == bool(says)
    assert score_of(graded, "bob") == ("" if happens is change_settings else "14")
    if happens is wait_for_a_person:
        assert "wait for a person's marks" in said

    code, _, said = commanding.run("grade", "ps1", "--course", graded)
    assert (code, bool(says) and says in said) == (code_of_grade, not counts)
    code, _, said = commanding.run("export", "ps1", "--to", "canvas", "--course", graded)
    assert (code, bool(says) and says in said) == (code_of_grade, not counts)
    assert (score_of(graded, "ann") != "") == counts


@pytest.mark.usefixtures("all_in_process")
def test_what_could_not_be_graded_has_a_page_that_says_why_until_it_can_be(graded):
    """Also where nobody else is graded; nothing of an earlier page stays."""
    page = graded / "feedback" / "ann" / "ps1" / "ps1.html"
    assert commanding.run("feedback", "ps1", "--course", graded)[0] == 0
    lose_notebook(graded)
    options = ("--student", "ann", "--zip", "folder", "--course", graded)
    code, output, said = commanding.run("feedback", "ps1", *options)
    assert (code, output.splitlines()[0]) == (1, "1 pages made, 0 up to date")
    assert f"ann's ps1 has a page without marks: it {NONE}" in said
    text = page.read_text(encoding="utf-8")
    assert "<strong>Not graded</strong>" in text
    assert "there is no notebook of ps1: &#39;notes.pdf&#39; is no notebook.</p>" in text
    assert "not the same as 0. Hand in the notebook itself" in text
    assert "of 14 points" not in text
    with zipfile.ZipFile(graded / "feedback-ps1-folder.zip") as zipped:
        assert zipped.read("ann/ps1.html") == page.read_bytes()
    code, output, _ = commanding.run("feedback", "ps1", *options)
    assert (code, output.splitlines()[0]) == (1, "0 pages made, 1 up to date")
    classes.hand_in(graded, "ann")
    assert commanding.run("grade", "ps1", "--course", graded)[0] == 0
    assert commanding.run("feedback", "ps1", "--course", graded)[0] == 0
    assert "Not graded" not in page.read_text(encoding="utf-8")


@pytest.mark.usefixtures("all_in_process")
@pytest.mark.parametrize(
    ("where", "who"),
    [
        ("cy/ps1.ipynb", "cy"),
        ("cy/PS1/ps1.ipynb", "cy"),
        ("cy/Problem Set 1/ps1/my work.ipynb", "cy"),
        ("a.b-c.ipynb", "a.b-c"),
        ("ps1/cy/ps1.ipynb", "cy"),
    ],
)
def test_work_that_lies_where_nobody_looks_is_named_by_every_command(graded, where, who):
    path = graded / "submitted" / where
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(folder_of(graded, "ann") / "ps1.ipynb", path)
    (graded / "submitted" / "bob" / "notes.txt").write_text("nobody's work")
    (graded / "submitted" / "roster.csv").write_text("id\ncy\n")
    lies = "submitted/" + "/".join(where.split("/")[: 1 if who == "a.b-c" else 2])
    says = f"{who}'s ps1 lies at {lies}, where no hand-in is looked for: move it to"
    for command in ("grade", "feedback", "report", "marks", "export"):
        options = {"export": ("--to", "moodle"), "marks": ("--out", graded / "marks.csv")}
        given = options.get(command, ())
        code, _, said = commanding.run(command, "ps1", *given, "--course", graded)
        named = says if command != "feedback" else says.replace(" lies", " has no page: it lies")
        assert (code, named in said, said.count("ps1 lies")) == (1, True, command != "feedback")
    shutil.rmtree(graded / "submitted" / "ann")
    shutil.rmtree(graded / "submitted" / "bob")
    code, _, said = commanding.run("grade", "ps1", "--course", graded)
    assert (code, "no submissions of ps1" in said, says in said) == (2, True, True)


@pytest.mark.usefixtures("all_in_process")
def test_in_a_groups_course_the_group_can_write_what_is_graded_and_told(graded):
    configure(graded, "c.CourseDirectory.groupshared = True")
    hand_in_again(graded)
    commanding.run("grade", "ps1", "--course", graded)
    commanding.run("feedback", "ps1", "--course", graded)
    for root, file in (("autograded", "ps1.ipynb"), ("feedback", "ps1.html")):
        path = graded / root / "ann" / "ps1" / file
        modes = [one.stat().st_mode & 0o7777 for one in (path, *path.parents[:3])]
        assert modes == [0o664, 0o2775, 0o2775, 0o2775]
    assert (graded / "autograded" / "bob" / "ps1" / "ps1.ipynb").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("command", [("export", "--to", "csv"), ("marks", "--out"), ("report",)])
def test_where_nothing_can_be_graded_nobody_is_told_to_grade_it(released, tmp_path, command):
    course = classes.copied(released, tmp_path / "course")
    (folder := folder_of(course, "ann")).mkdir(parents=True)
    (folder / "notes.pdf").write_bytes(b"%PDF")
    name, *options = command
    options += [tmp_path / "marks.csv"] if name == "marks" else []
    code, said = commanding.refused(name, "ps1", *options, "--course", course)
    assert (code, said) == (1, f"no marks of ps1 count: ann's ps1 {NONE}")


def test_a_new_time_costs_what_it_says_and_nothing_is_run_again(graded, at_once, monkeypatch):
    before = (graded / "autograded" / "ann" / "ps1" / VERDICTS_FILE).read_bytes()
    hand_in_later(graded)
    monkeypatch.setattr("autograder.grading.engine.grade_one", lambda _: pytest.fail("was run"))
    result = classes.grade(graded, at_once)["ann"]
    assert (result.fresh, result.trouble) == (True, None)
    assert result.remarks[-1].startswith("Nothing was run again: only the time")
    taken = "SELECT late_submission_penalty FROM submitted_notebook WHERE late_submission_penalty"
    assert sql(graded, taken) == [(2.8,)]
    assert (graded / "autograded" / "ann" / "ps1" / VERDICTS_FILE).read_bytes() == before
    assert not classes.grade(graded, at_once)["ann"].fresh


def test_both_roads_leave_the_same_record(graded, released, tmp_path, at_once):
    there = classes.copied(graded, tmp_path / "there")
    shutil.rmtree(there / "autograded")
    at_once.submit(convert, there, Autograde).result()
    for student in ("ann", "bob"):
        here = graded / "autograded" / student / "ps1" / VERDICTS_FILE
        assert (there / here.relative_to(graded)).read_bytes() == here.read_bytes()
    assert not any(result.fresh for result in classes.grade(there, at_once).values())


def test_a_time_that_is_none_is_said_in_table_and_report(graded, at_once):
    (folder_of(graded, "ann") / "timestamp.txt").write_text("yesterday")
    remark = "The time of the hand-in: timestamp.txt says 'yesterday', which is no time."
    assert remark in classes.grade(graded, at_once)["ann"].remarks
    code, _, _ = commanding.run("report", "ps1", "--course", graded)
    assert code == 0
    assert "which is no time" in (graded / "reports" / "ps1.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("all_in_process")
def test_who_is_excluded_is_left_out_of_grading_and_feedback_and_said(graded):
    configure(graded, 'c.CourseDirectory.student_id_exclude = "bob, zoe"')
    classes.hand_in(graded, "bob", "untouched")
    code, _, said = commanding.run("grade", "ps1", "--course", graded)
    assert (code, said) == (0, "autograder: c.CourseDirectory.student_id_exclude leaves out bob\n")
    assert points_in(graded)["bob"] == 14
    code, output, said = commanding.run("feedback", "ps1", "--course", graded)
    assert (code, output, said) == (0, "1 pages made, 0 up to date\n", "")
    code, _, said = commanding.run("feedback", "ps1", "--student", "bob", "--course", graded)
    assert (code, "is left out by c.CourseDirectory.student_id_exclude" in said) == (1, True)


def test_nbgraders_road_grades_what_is_another_without_a_newer_time(graded, at_once):
    hand_in_again(graded)
    (graded / "submitted" / "cy").mkdir()
    shutil.copy(folder_of(graded, "ann") / "ps1.ipynb", graded / "submitted" / "cy")
    config = settings(graded)
    converter = Autograde(coursedir=CourseDirectory(config=config), config=config)
    with pytest.raises(NbGraderException, match="1 of ps1 were not graded"):  # cy's, see above
        at_once.submit(converter.start).result()
    assert points_in(graded) == {"ann": 3, "bob": 14}
