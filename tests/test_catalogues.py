"""A course's catalogue is found by its name, apart from any other's, or refused in a line."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from autograder import Catalogue, Criterion, Exercise
from autograder.catalogue import name as named
from autograder.catalogue.name import CatalogueError, CatalogueName, installed_catalogue
from autograder.course.course import Course
from autograder.course.folder import CourseError
from autograder.grading.jobs import catalogue_fingerprint, code_fingerprint

PROGRAM = Path(sys.executable).with_name("autograder")
MADE_HERE = ("lessons", "parts", "helper")
EXERCISE = """
from autograder import Criterion, Exercise

def double(x):
    return {factor} * x

def draws(rng):
    return [(rng.normal(),), (rng.normal(),)]

{variable} = Exercise("{name}(x)", double, (Criterion("values", 1.0, "It is doubled.", draws),))
"""


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leave Python's path and the modules as they were."""
    path = list(sys.path)
    yield
    sys.path[:] = path
    for name in [one for one in sys.modules if one.partition(".")[0] in MADE_HERE]:
        del sys.modules[name]
    named._load.cache_clear()
    named._reached.clear()
    code_fingerprint.cache_clear()
    catalogue_fingerprint.cache_clear()


def write(folder: Path, **files: str) -> Path:
    """Write modules, `package__module` for one in a package."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        for parent in path.parents:
            if parent in (folder, Path(folder.anchor)):
                break
            (parent / "__init__.py").touch()
    return folder


def exercise(name: str = "double", factor: int = 2) -> str:
    return EXERCISE.format(name=name, factor=factor, variable=name.upper())


def course(folder: Path, module: str = "lessons", **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.Catalogue.module = {module!r}\n"
    )
    (folder / "source" / "hw1").mkdir(parents=True)
    return write(folder, **files)


def package(folder: Path, factor: int = 2) -> Path:
    """A course whose catalogue is the package `lessons`, with one exercise."""
    made = course(folder, lessons__hw1__double=exercise(factor=factor))
    catalogue = (
        "from autograder import Catalogue\nCATALOGUE = Catalogue.of_package(__name__, 'hw1')"
    )
    (folder / "lessons" / "__init__.py").write_text(catalogue + "\n")
    return made


def refused(folder: Path) -> str:
    """What every command says of a course's catalogue: one line, with the exit code of misuse."""
    with pytest.raises(CourseError) as failure:
        _ = Course(folder).catalogue
    said = str(failure.value)
    assert failure.value.code == 2
    assert len(said.splitlines()) == 1
    assert str(folder) in said
    return said


# --- What cannot be used --------------------------------------------------------------------------


def test_a_module_that_is_not_there_is_named_with_where_it_was_looked_for(tmp_path: Path) -> None:
    said = refused(course(tmp_path, "lesons"))
    assert f"no module lesons is installed, nor a folder or file of that name in {tmp_path}" in said
    assert said.endswith("correct c.Catalogue.module in nbgrader_config.py")


def test_a_module_without_a_catalogue_is_named_with_its_file(tmp_path: Path) -> None:
    said = refused(course(tmp_path, lessons="X = 1\n"))
    assert f"the module lessons ({tmp_path / 'lessons.py'}) has no CATALOGUE: correct c.Cat" in said


def test_a_name_that_python_itself_has_is_told_from_the_course_s(tmp_path: Path) -> None:
    said = refused(course(tmp_path, "statistics", statistics="CATALOGUE = 1\n"))
    assert f"({sys.modules['statistics'].__file__}) has no CATALOGUE" in said
    assert f"give {tmp_path / 'statistics.py'} another name" in said


@pytest.mark.parametrize("exercises", ["double", "(double,)", "{'double': 2}"])
def test_what_is_no_exercise_is_refused(tmp_path: Path, exercises: str) -> None:
    text = f"def double(x): ...\nCATALOGUE = Catalogue({{'hw1': {exercises}}})\n"
    said = refused(course(tmp_path, lessons=f"from autograder import Catalogue\n{text}"))
    assert "hw1 is given as" in said
    assert "give its exercises in a tuple" in said


def test_a_package_of_which_no_assignment_is_named_is_refused(tmp_path: Path) -> None:
    text = "from autograder import Catalogue\nCATALOGUE = Catalogue.of_package(__name__)\n"
    assert "no assignment of lessons is named" in refused(course(tmp_path, lessons=text))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "c.Catalogue.modul = 'lessons'",
            "there is no c.Catalogue.modul: write c.Catalogue.module",
        ),
        ("c.Submissions.package = []", "no c.Submissions.package: write c.Submissions.packages"),
        ("c.Catalogue.module = ''", "Catalogue.module is a module's dotted name, not ''"),
    ],
)
def test_a_setting_that_does_nothing_is_named(tmp_path: Path, line: str, said: str) -> None:
    """A misspelt setting would leave the catalogue to the one that is installed."""
    folder = course(tmp_path, lessons=exercise())
    (folder / "nbgrader_config.py").write_text(f"c = get_config()\n{line}\n")
    assert said in refused(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import numpi", "ModuleNotFoundError: No module named 'numpi' ({file}, line 1); mend it"),
        ("\n\n1 / 0", "ZeroDivisionError: division by zero ({file}, line 3); mend it first"),
        ("def f(:", "SyntaxError: invalid syntax (lessons.py, line 1); mend it first"),
        ("exit('no')", "SystemExit: no ({file}, line 1); mend it first"),
        ("raise ValueError('a\\nb')", "ValueError: a ({file}, line 1); mend it first"),
    ],
    ids=["import", "error", "syntax", "exit", "several lines"],
)
def test_a_catalogue_that_raises_is_named_with_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    said = refused(course(tmp_path, lessons=text + "\n"))
    assert "the catalogue lessons cannot be loaded: " in said
    assert message.format(file=tmp_path / "lessons.py") in said


def test_two_exercises_of_one_name_in_one_assignment_are_refused(tmp_path: Path) -> None:
    package(tmp_path)
    (tmp_path / "lessons" / "hw1" / "again.py").write_text(exercise())
    said = refused(tmp_path)
    assert "hw1 has two exercises called double: give one another name" in said


def test_one_exercise_that_two_modules_name_is_one(tmp_path: Path) -> None:
    package(tmp_path)
    again = "from lessons.hw1.double import DOUBLE\nTHE_SAME = DOUBLE\n"
    (tmp_path / "lessons" / "hw1" / "again.py").write_text(again)
    assert list(Course(tmp_path).catalogue.exercises) == ["double"]


def test_a_package_without_exercises_is_refused(tmp_path: Path) -> None:
    package(tmp_path)
    (tmp_path / "lessons" / "hw1" / "double.py").write_text("double = 2\n")
    assert "no module of lessons.hw1 defines an Exercise" in refused(tmp_path)


def test_a_reference_without_a_name_is_refused(tmp_path: Path) -> None:
    package(tmp_path)
    path = tmp_path / "lessons" / "hw1" / "double.py"
    path.write_text(path.read_text().replace("double, (", "lambda x: 2 * x, ("))
    assert "the reference of double is no function or class that a module defines" in refused(
        tmp_path
    )


def test_the_command_says_it_in_one_line(tmp_path: Path) -> None:
    folder = course(tmp_path, lessons="1 / 0\n")
    for command in ("release", "grade"):
        done = subprocess.run(
            [PROGRAM, command, "hw1", "--course", folder], capture_output=True, text=True
        )
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1, done.stderr


# --- What is installed ----------------------------------------------------------------------------


def test_what_is_installed_must_be_declared_so_that_students_cannot_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = write(tmp_path / "site", lessons="CATALOGUE = 1\n")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(site))
    with pytest.raises(CatalogueError, match="nothing says that students must not read it: name"):
        CatalogueName("lessons").sources()
    declared = (EntryPoint("lessons", "lessons", named.INSTALLED),)
    monkeypatch.setattr(named, "entry_points", lambda group: declared)
    assert CatalogueName("lessons").sources() == [site / "lessons.py"]


def test_of_several_installed_catalogues_none_is_taken_by_chance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        named,
        "entry_points",
        lambda group: tuple(EntryPoint(name, name, group) for name in ("one", "two")),
    )
    with pytest.raises(CatalogueError, match=r"several .* \(one, two\): say which in c.Catalogue"):
        installed_catalogue()


# --- Several courses in one process ---------------------------------------------------------------


def value(folder: Path) -> float:
    return Course(folder).catalogue.of("hw1")["double"].reference(10.0)


def test_two_courses_whose_modules_have_one_name_do_not_disturb_each_other(tmp_path: Path) -> None:
    first, second = package(tmp_path / "a", 2), package(tmp_path / "b", 3)
    kept = Course(first).catalogue
    assert [value(first), value(second), value(first), value(second)] == [20, 30, 20, 30]
    assert kept.exercises["double"].reference(10.0) == 20
    assert code_fingerprint(Course(first).catalogue_name) != code_fingerprint(
        Course(second).catalogue_name
    )


def test_nor_do_courses_whose_catalogues_have_modules_beside_them(tmp_path: Path) -> None:
    text = "from autograder import Catalogue\nfrom parts import DOUBLE\n"
    text += "CATALOGUE = Catalogue({'hw1': (DOUBLE,)})\n"
    folders = [
        course(tmp_path / name, lessons=text, parts=exercise(factor=factor))
        for name, factor in (("a", 2), ("b", 3))
    ]
    assert [value(folder) for folder in folders] == [20, 30]


def test_modules_that_lie_in_no_course_are_left_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(write(tmp_path / "tools", helper="X = 1\n"))
    import helper  # type: ignore[import-not-found]

    folder = course(tmp_path / "a", lessons="X = 1\n", helper="X = 2\n")
    refused(folder)
    assert sys.modules["helper"] is helper


# --- The fingerprint ------------------------------------------------------------------------------


def fingerprint(folder: Path) -> str:
    code_fingerprint.cache_clear()
    catalogue_fingerprint.cache_clear()
    return code_fingerprint(Course(folder).catalogue_name)


def test_a_verdict_is_out_of_date_when_any_file_of_the_catalogue_changes(tmp_path: Path) -> None:
    folder = package(tmp_path)
    before = fingerprint(folder)
    (folder / "notes.py").write_text("# beside the package\n")
    assert fingerprint(folder) == before
    path = folder / "lessons" / "hw1" / "double.py"
    path.rename(path.with_name("twice.py"))
    moved = fingerprint(folder)
    path.with_name("twice.py").write_text(exercise(factor=3))
    assert len({before, moved, fingerprint(folder)}) == 3


def test_of_a_module_that_is_no_package_what_lies_beside_it_counts_too(tmp_path: Path) -> None:
    folder = course(tmp_path, lessons="import parts\n", parts=exercise())
    before = fingerprint(folder)
    (folder / "nbgrader_config.py").write_text("c.Catalogue.module = 'lessons'  # a comment\n")
    write(folder, parts=exercise(factor=3))
    assert fingerprint(folder) != before


def test_the_same_catalogue_has_one_fingerprint_wherever_it_lies(tmp_path: Path) -> None:
    assert fingerprint(package(tmp_path / "a")) == fingerprint(package(tmp_path / "b"))


# --- Names ----------------------------------------------------------------------------------------


def test_a_name_may_stand_in_several_assignments_each_with_its_own_exercise() -> None:
    def fixtures(rng: object) -> list[tuple[int]]:
        return [(1,)]

    criteria = (Criterion("values", 1.0, "It is right.", fixtures),)
    one = Exercise("mse(y, y_pred)", lambda y, y_pred: 0, criteria)
    other = Exercise("mse(y, Yhat)", lambda y, Yhat: 0, criteria)
    catalogue = Catalogue({"hw1": (one,), "hw2": (other,)})
    assert catalogue.of("hw1")["mse"] is one
    assert catalogue.of("hw2")["mse"] is other
    with pytest.raises(ValueError, match="hw1 has two exercises called mse: give one another"):
        Catalogue({"hw1": (one, other)})
