"""What a course sets in ``nbgrader_config.py``: every setting of the grader's own, with its help.

``docs/settings.md`` is written from here, and so is what `autograder settings` prints.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from traitlets import Bool, Dict, Enum, Float, Integer, List, TraitError, Unicode
from traitlets.config import Configurable, LazyConfigValue

from autograder.base.words import listed, named
from autograder.catalogue.name import CONFIG_FILE
from autograder.course.folder import CourseError


class Number(Float):
    """A finite number, and no bool."""

    def validate(self, obj: Any, value: Any) -> float:
        """Return the number as a float."""
        if isinstance(value, bool) or not (isinstance(value, int | float) and math.isfinite(value)):
            self.error(obj, value)
        return float(super().validate(obj, value))


class Text(Unicode):
    """A text of a certain form."""

    def __init__(self, form: str, **others: Any) -> None:
        super().__init__(**others)
        self.form = re.compile(form)

    def validate(self, obj: Any, value: Any) -> str:
        """Return the text."""
        if not isinstance(value, str) or not self.form.fullmatch(value):
            self.error(obj, value)
        return value


class Count(Integer):
    """A whole number, and no bool."""

    def validate(self, obj: Any, value: Any) -> int:
        """Return the number."""
        if isinstance(value, bool):
            self.error(obj, value)
        return int(super().validate(obj, value))


class Names(List):
    """A list of texts; one text alone is no list."""

    def set(self, obj: Any, value: Any) -> None:
        """Set the list; traitlets would make one of a text."""
        if isinstance(value, str):
            self.error(obj, value)
        super().set(obj, value)


def _number(help: str, default: float = 0.0, most: float = math.inf) -> Any:
    must = "a number from 0 on" if most == math.inf else f"a number from 0 to {most:g}"
    return Number(default, min=0.0, max=most, help=help).tag(config=True, must=must)


MODULE = r"[^\W\d]\w*(\.[^\W\d]\w*)*"


class CourseDirectory(Configurable):
    """nbgrader's own: which course this is, and where its gradebook is."""

    course_id = Unicode(help="How nbgrader's exchange calls the course.").tag(
        config=True, must="a name"
    )
    db_url = Unicode(
        help="The gradebook's address. Without it, that of the environment variable "
        "`GRADEBOOK_URL`, else `gradebook.db` in the course's folder."
    ).tag(config=True, must="a database's address")
    student_id_exclude = Unicode(
        help="Students who are left out of grading and feedback, with commas between."
    ).tag(config=True, must='ids with commas between, "test1,test2"')
    groupshared = Bool(
        False,
        help="Whether what nbgrader's own steps and `autograder collect`, `grade` and `feedback` "
        "write for a student can be written by the group as well.",
    ).tag(config=True, must="True or False")


class Catalogue(Configurable):
    """The course's exercises: what they are worth, and how they are judged."""

    module = Text(
        MODULE,
        default_value=None,
        allow_none=True,
        help="The module with the CATALOGUE: one that is installed, or a file or folder of the "
        "course. Without it, that of the installed course.",
    ).tag(config=True, must="a module's dotted name")
    sets = Dict(
        key_trait=Unicode(),
        value_trait=List(Unicode()),
        help="By assignment, which problem sets of the catalogue come first where several have an "
        "exercise of one name. Without it, the set with the assignment's own name.",
    ).tag(config=True, must='a table of such lists, {"hw1": ["ps1", "ps2"]}')


class Submissions(Configurable):
    """What a submission may use."""

    packages = Names(
        Text(MODULE),
        default_value=None,
        allow_none=True,
        help="Which installed packages, besides Python's own library and what the released "
        "notebook imports. Without it, all.",
    ).tag(config=True, must='a list of names, ["numpy", "matplotlib"]')


class ErrorCarriedForward(Configurable):
    """What is right but for an earlier exercise."""

    share = _number(
        "Which part of the points counts of criteria that hold once an earlier exercise is "
        "answered rightly: 0 for none, 1 for all.",
        1.0,
        1.0,
    )


class TestCells(Configurable):
    """Test cells of the course's own: asserts, or a number at the end."""

    inside = Enum(
        ("stand", "wait", "refuse"),
        default_value="stand",
        help="What the points of a test are worth that can only be asserted inside, where student "
        "code could reach it (`autograder release` names these): they stand, they wait for a "
        "person, or they are refused.",
    ).tag(config=True, must='"stand", "wait" or "refuse"')


class LatePenalties(Configurable):
    """What a late hand-in costs. Another plugin in `c.AssignLatePenalties.plugin_class` counts
    just as well."""

    points_per_day = _number("Points taken away for each day that has begun.")
    percent_per_day = _number("Of the score, for each day that has begun.", most=100.0)
    grace_hours = _number("Hours for which nothing is taken away; the days begin after them.")
    at_most_percent = _number("Of the score, however late.", 100.0, 100.0)


class ClearSolutions(Configurable):
    """nbgrader's own: what stands in the students' notebook in place of a solution."""

    code_stub = Dict(
        key_trait=Unicode(),
        value_trait=Unicode(),
        default_value={"python": 'raise NotImplementedError("not written yet")'},
        help="In code, in any language and words. A stub that raises NotImplementedError, or does "
        "nothing (`pass`, `...`, or a comment below a docstring), counts as not written.",
    ).tag(config=True, must='a table, {"python": "raise NotImplementedError()"}')
    text_stub = Unicode("*Write your answer here.*", help="In a written answer.").tag(
        config=True, must="a text"
    )


class CarryFiles(Configurable):
    """The files beside a released notebook."""

    enabled = Bool(
        True, help="Whether the notebook carries them, so that it works where it is opened alone."
    ).tag(config=True, must="True or False")


class Watch(Configurable):
    """What `autograder watch` does without being asked."""

    answers_per_day = Count(
        0,
        min=0,
        help="How many hand-ins of a student are graded and answered within 24 hours; what comes "
        "then waits, and the newest counts. 0: all.",
    ).tag(config=True, must="a whole number from 0 on")


class Book(Configurable):
    """Where the lessons are that feedback and reports name."""

    lesson = Text(
        r"(https?://[^\s\"'<>{}]+\{\}[^\s\"'<>{}]*)?",
        help="A lesson's address, with {} for its name. Without it, lessons are named only.",
    ).tag(
        config=True,
        must="the address of a lesson with {} for its name, "
        '"https://course.example/lessons/{}.html"',
    )


class CanvasExporter(Configurable):
    """What `autograder export --to canvas` writes."""

    lms_user_id = Enum(
        ("ID", "SIS User ID"),
        default_value="ID",
        help="Which of Canvas's ids stands in the gradebook's column `lms_user_id`.",
    ).tag(config=True, must='"ID" or "SIS User ID"')
    titles = Dict(
        value_trait=Unicode(),
        key_trait=Unicode(),
        help="What assignments are called in Canvas, where not as here: as at the head of their "
        "column in Canvas's own export, with the number.",
    ).tag(config=True, must='a table, {"ps1": "Problem set 1 (4711)"}')


SECTIONS = (
    *(CourseDirectory, Catalogue, Submissions, TestCells, ErrorCarriedForward, LatePenalties),
    *(ClearSolutions, CarryFiles, Watch, Book, CanvasExporter),
)
NBGRADERS = (CourseDirectory, ClearSolutions, CanvasExporter)  # these have other settings too
# nbgrader's sections with a name that is near to one of ours.
NEAR = ("AssignLatePenalties", "CourseDirectoryApp", "Exchange")
Section = TypeVar("Section", bound=Configurable)


def load_config(course: Path) -> dict:
    """Return the settings of a course's ``nbgrader_config.py``; empty where there is none.

    Raises
    ------
    CourseError : the file cannot be run, or what it sets makes no sense
    """
    from traitlets.config import PyFileConfigLoader

    path = course / CONFIG_FILE
    if not path.is_file():
        return {}
    try:
        config = PyFileConfigLoader(CONFIG_FILE, path=str(course)).load_config()
    except SyntaxError as failure:
        line = f", line {failure.lineno}" if failure.lineno else ""
        raise CourseError(f"{path}{line}: {failure.msg}; mend it first") from None
    except (Exception, SystemExit) as failure:
        line = _line_in(failure, path)
        raise CourseError(f"{path}{line}: {named(failure)}; mend it first") from None
    require_sense(config, str(path))
    return config


def require_sense(config: Mapping[str, Any], where: str = CONFIG_FILE) -> None:
    """Say so where the grader's own settings make no sense, or do not exist.

    Raises
    ------
    CourseError : with the nearest right name
    """
    ours = {kind.__name__: kind for kind in SECTIONS}
    for section, values in config.items():
        kind = ours.get(section)
        if kind is None:
            # A name that does not begin with a capital is nobody's, so ours is meant.
            begun = section[:1].upper() + section[1:]
            close = difflib.get_close_matches(begun, [*ours, *NEAR], 1, 0.8)
            if close and close[0] in ours and section not in NEAR:
                raise CourseError(f"{where}: there is no c.{section}: write c.{close[0]}")
            continue
        known = list(kind.class_own_traits(config=True))
        for name in sorted(set(values) - set(known)):
            close = difflib.get_close_matches(name, known, 1)
            if close or kind not in NBGRADERS:
                right = [f"c.{section}.{one}" for one in close or known]
                raise CourseError(f"{where}: there is no c.{section}.{name}: write {listed(right)}")
        read(kind, config, where)


def read(kind: type[Section], config: Mapping[str, Any], where: str = CONFIG_FILE) -> Section:
    """Return a section of the settings.

    Parameters
    ----------
    kind : one of `SECTIONS`
    config : as `load_config` gives it
    where : how a message calls the file

    Raises
    ------
    CourseError : a value makes no sense

    Examples
    --------
    >>> read(Submissions, {"Submissions": {"packages": ["numpy"]}}).packages
    ['numpy']
    """
    section, given = kind(), config.get(kind.__name__, {})
    for name, trait in kind.class_own_traits(config=True).items():
        if name not in given:
            continue
        value = given[name]
        if isinstance(value, LazyConfigValue):  # c.Submissions.packages.append("numpy")
            value = value.get_value(
                getattr(section, name) or ([] if isinstance(trait, List) else {})
            )
        try:
            setattr(section, name, value)
        except TraitError:
            must = trait.metadata["must"]
            raise CourseError(f"{where}: {kind.__name__}.{name} is {must}, not {value!r}") from None
    return section


def _described(config: Mapping[str, Any] | None) -> Iterator[str]:
    for kind in SECTIONS:
        here = None if config is None else read(kind, config)
        yield from (f"## c.{kind.__name__}", "", " ".join((kind.__doc__ or "").split()), "")
        for name, trait in kind.class_own_traits(config=True).items():
            default = getattr(kind(), name)
            yield f"- `c.{kind.__name__}.{name}`: {trait.help}"
            yield f"  Its value is {trait.metadata['must']}; by default `{default!r}`."
            if here is not None and getattr(here, name) != default:
                # A gradebook's address may have a password.
                value = re.sub(r"//[^/@]*@", "//...@", repr(getattr(here, name)))
                yield f"  **Here: `{value}`.**"
        yield ""


def page(config: Mapping[str, Any] | None = None) -> str:
    """Return all of ``docs/settings.md``, or what `autograder settings` prints of a course."""
    begins = (
        "# Settings",
        "",
        f"What a course sets in `{CONFIG_FILE}`, a line each: `c.Submissions.packages = "
        '["numpy"]`. `autograder settings` prints this page with',
        "what the course at hand sets. A name that does not exist stops every command, which says "
        "the nearest right one. All else there is nbgrader's.",
        "",
    )
    return "\n".join((*begins, *_described(config))).rstrip() + "\n"


def _line_in(failure: BaseException, path: Path) -> str:
    trace, line = failure.__traceback__, ""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = f", line {trace.tb_lineno}"
        trace = trace.tb_next
    return line
