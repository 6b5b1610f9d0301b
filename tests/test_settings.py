"""Settings of a course: told in one place, and checked before anything is done."""

from __future__ import annotations

from pathlib import Path

import pytest
from commanding import run

from autograder.course.course import Course
from autograder.course.folder import CourseError
from autograder.course.settings import SECTIONS, Catalogue, Submissions, load_config, page, read

ROOT = Path(__file__).resolve().parents[1]


def course(folder: Path, text: str) -> Path:
    (folder / "nbgrader_config.py").write_text(f"c = get_config()\n{text}\n")
    return folder


def test_the_page_of_settings_is_what_the_traits_say() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == page()


def test_every_setting_has_help_and_says_what_it_must_be() -> None:
    for kind in SECTIONS:
        assert kind.__doc__
        for trait in kind.class_own_traits(config=True).values():
            assert trait.help.endswith(".")
            assert trait.metadata["must"]


def test_the_command_tells_what_this_course_sets(tmp_path: Path) -> None:
    settings = (
        'c.Submissions.packages = ["numpy"]\nc.CourseDirectory.db_url = "pg://me:word@host/x"'
    )
    code, said, _ = run("settings", "--course", course(tmp_path, settings))
    assert code == 0
    assert "**Here: `['numpy']`.**" in said
    assert "**Here: `'pg://...@host/x'`.**" in said
    assert said.count("**Here") == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("c.Submision.packages = []", "there is no c.Submision: write c.Submissions"),
        ("c.LatePenalty.grace_hours = 1", "there is no c.LatePenalty: write c.LatePenalties"),
        ("c.Submissions.packges.append('x')", "no c.Submissions.packges: write c.Submissions.pa"),
        ("c.ClearSolutions.codestub = {}", "c.ClearSolutions.codestub: write c.ClearSolutions.co"),
        ("c.submissions.packages = ['numpy']", "no c.submissions: write c.Submissions"),
        ("c.latePenalty.grace_hours = 1", "there is no c.latePenalty: write c.LatePenalties"),
        ("c.CarryFiles.on = False", "no c.CarryFiles.on: write c.CarryFiles.enabled"),
        ("c.CarryFiles.enabled = 'no'", "CarryFiles.enabled is True or False, not 'no'"),
        ("c.ErrorCarriedForward.share = 2", "share is a number from 0 to 1, not 2"),
        ("c.Book.lesson = 'here'", "Book.lesson is the address of a lesson with {} for its name"),
        (
            "c.Submissions.packages = 'numpy, scipy'",
            'packages is a list of names, ["numpy", "matplo',
        ),
        ("c.Catalogue.sets = ['ps1']", "Catalogue.sets is a table of such lists"),
        ("c.ClearSolutions.code_stub = 'pass'", 'code_stub is a table, {"python": '),
    ],
)
def test_what_is_misspelt_or_makes_no_sense_is_said_with_what_is_right(
    tmp_path: Path, line: str, said: str
) -> None:
    with pytest.raises(CourseError, match=r"nbgrader_config\.py: ") as error:
        load_config(course(tmp_path, line))
    assert said in str(error.value)


def test_what_is_nbgraders_is_left_to_nbgrader(tmp_path: Path) -> None:
    lines = 'c.AssignLatePenalties.plugin_class = "x.Y"\nc.ClearSolutions.enforce_metadata = False'
    assert load_config(course(tmp_path, f"{lines}\nc.Exchange.root = 'x'\nc.NbGrader.logfile = ''"))


def test_a_list_may_be_added_to(tmp_path: Path) -> None:
    lines = "c.Submissions.packages.append('numpy')\nc.Catalogue.sets.update({'hw1': ['ps1']})"
    config = load_config(course(tmp_path, lines))
    assert read(Submissions, config).packages == ["numpy"]
    assert read(Catalogue, config).sets == {"hw1": ["ps1"]}


def test_what_a_course_has_set_before_stays_where_it_is_configured(tmp_path: Path) -> None:
    own = "c.ClearSolutions.code_stub = {'python': 'pass'}\nc.CourseDirectory.ignore = ['*.md']"
    assert not Course(course(tmp_path, own)).is_configured
    configured = "from autograder.nbgrader_plugin import configure\nconfigure(c, __file__)"
    there = Course(course(tmp_path, f"{own}\n{configured}"))
    assert there.is_configured
    assert there.code_stub == "pass"
    assert list(there.settings["CourseDirectory"]["ignore"]) == ["*.md", "verdicts.json"]
