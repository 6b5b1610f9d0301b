"""What a problem set's ``checks.py`` is written from: what can be shipped, and what is refused."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.catalogue.model import Exercise
from autograder.release import ReleaseError
from autograder.release.written_checks import write_checks

ROOT = Path(__file__).resolve().parents[1]
COURSE = "written_course"
LECTURE = """
def mean(x):
    return x.sum() / len(x)


def total(x):
    return x.sum()
"""
SHARED = """
import numpy as np

TWO = 2


def shifted(f):
    f.agree(f(np.ones(3) + 1), TWO)
"""
EXERCISE = """
from autograder import Criterion, Exercise, purity
from autograder.checking.kit import Properties, Student, normal
from written_course import lecture
{above}


@Properties(lambda x: (), lambda: [(normal(7),)], "One number.")
def {name}(f: Student) -> None:
    f.claim("it holds", "Where?")
    {line}


{upper} = Exercise(
    "{name}(x) -> float",
    lecture.{name},
    (Criterion("values", 2.0, "It is right.", lambda rng: []), purity(0.5)),
    properties={name},
)
"""
Written = Callable[..., str]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    """Give what writes the checks of `mean`, of one line and what stands above it, and of `total`.

    Of a course in an own folder.
    """
    monkeypatch.syspath_prepend(tmp_path)

    def write(
        line: str = "f.expect(True)", above: str = "", total: tuple[str, str] = ("", "")
    ) -> str:
        folder = tmp_path / COURSE
        folder.mkdir()
        files = {"__init__": "", "lecture": LECTURE, "shared": SHARED}
        line = textwrap.indent(textwrap.dedent(line), "    ").strip()
        files["mean"] = EXERCISE.format(name="mean", upper="MEAN", line=line, above=above)
        if total[0]:
            files["total"] = EXERCISE.format(
                name="total", upper="TOTAL", line=total[0], above=total[1]
            )
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        exercises: list[Exercise] = []
        for name in ("mean", "total")[: 1 + bool(total[0])]:
            exercises.append(getattr(importlib.import_module(f"{COURSE}.{name}"), name.upper()))
        return write_checks(exercises, ["numpy"])

    yield write
    for name in [name for name in sys.modules if name.partition(".")[0] == COURSE]:
        del sys.modules[name]


def check_alone(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the checks on right answers where nothing but NumPy can be imported."""
    (folder / "alone").mkdir()
    (folder / "alone" / "checks.py").write_text(text)
    program = (
        f"import checks\n{LECTURE}\nfor name in checks.EXERCISES:\n    checks.check(vars()[name])"
    )
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder / "alone", capture_output=True, text=True
    )


SHIPPED = {
    "a closure that a factory makes": (
        "f.agree(f(TWICE(normal(7))), 2 * f(normal(7)))",
        "def made(k):\n    return lambda x: x * k\n\n\nTWICE = made(2)",
    ),
    "tables made by comprehensions": (
        "[f.agree(f(normal(7) + s), f(normal(7)) + TABLE[s]) for s in SHIFTS]",
        "SHIFTS = [n * 2.0 for n in range(3)]\nTABLE = {n: m for n, m in zip(SHIFTS, SHIFTS)}",
    ),
    "a table filled in a loop": (
        "f.expect(TABLE[1] == 2)",
        "TABLE = {}\nfor n in range(3):\n    TABLE[n] = n * 2",
    ),
    "a constant that is changed after it is made": (
        "f.agree(f(NUMBERS + 1), f(NUMBERS) + 1)",
        "NUMBERS = normal(7) * 3\nNUMBERS[0] = 4",
    ),
    "a constant that depends on a branch": (
        "f.expect(TEN == 10)",
        "import sys\nif sys.version_info > (3,):\n    TEN = 10\nelse:\n    TEN = 11",
    ),
    "a class": (
        "f.agree(f(normal(7) * Case().factor), 2 * f(normal(7)))",
        "from dataclasses import dataclass\n\n\n@dataclass\nclass Case:\n    factor: float = 2.0",
    ),
    "a helper of another module, and what it needs": (
        "shifted(f)",
        "from written_course.shared import shifted",
    ),
    "a name that is imported under another": (
        "f.expect(Z == 2 and drawn(3).shape == (3,))",
        "from written_course.shared import TWO as Z\n"
        "from autograder.checking.kit import normal as drawn",
    ),
    "an import inside, of what students have": ("import numpy\nf.agree(f(numpy.ones(3)), 1)", ""),
    "a global that counts": ("global n\nn += 1\nf.expect(n > 0)", "n = 0"),
    "a name that is not of ASCII": ("f.expect(größe(1) == 1)", "def größe(a):\n    return a"),
}


@pytest.mark.parametrize(("line", "above"), SHIPPED.values(), ids=SHIPPED)
def test_whatever_properties_need_is_there_and_the_course_is_not(
    written: Written, tmp_path: Path, line: str, above: str
) -> None:
    text = written(line, above)
    assert COURSE not in text
    done = check_alone(text, tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_helper_of_two_exercises_is_written_once(written: Written, tmp_path: Path) -> None:
    helper = "from written_course.shared import shifted"
    text = written("shifted(f)", helper, ("f.expect(shifted)", helper))
    assert text.count("def shifted") == 1
    done = check_alone(text, tmp_path)
    assert done.returncode == 0, done.stderr


IS_REFERENCE = "it is the reference of an exercise"
BY_TEXT = "what it imports cannot be told"
REFUSED = {
    "the reference": (
        "f.agree(f(normal(7)), right(normal(7)))",
        "from written_course.lecture import mean as right",
        IS_REFERENCE,
    ),
    "the reference in a helper": (
        "helper()",
        "def helper():\n    return lecture.mean(normal(7))",
        "lecture (written_course.mean, line 5): it is a module; import from it",
    ),
    "a constant made by the reference": (
        "f.agree(f(normal(7)), ANSWER)",
        "from written_course.lecture import mean as right\nANSWER = right(normal(7))",
        IS_REFERENCE,
    ),
    "the reference of another exercise": (
        "f.expect(total(normal(7)))",
        "from written_course.lecture import total",
        IS_REFERENCE,
    ),
    "an import inside, of the course": (
        "from written_course.shared import TWO\nf.expect(TWO)",
        "",
        "it is imported inside of something; import at the top of the module",
    ),
    "an import inside, of what students do not have": (
        "import scipy\nf.expect(scipy)",
        "",
        "it is imported inside of something",
    ),
    "an import by text": ("f.expect(__import__('written_course.shared'))", "", BY_TEXT),
    "an import by another text": (
        "import importlib\nf.expect(importlib.import_module('written_course.shared'))",
        "",
        BY_TEXT,
    ),
    "an import by a function for it": (
        "f.expect(import_module('written_course.shared'))",
        "from importlib import import_module",
        BY_TEXT,
    ),
    "a name looked up as text": ("f.expect(globals()['normal'])", "", "looks up as text"),
    "the kit as a module": (
        "f.expect(kit.normal(3).shape)",
        "from autograder.checking import kit",
        "it is a module; import from it the names that are used",
    ),
    "what is the grader's own": (
        "f.expect(LIMITS)",
        "from autograder.base.limits import LIMITS",
        "it is of the grader itself",
    ),
    "a name of the kit": (
        "f.expect(same(1, 1))",
        "def same(a, b):\n    return a == b",
        "autograder.checking.kit has another same, and both would stand in one file",
    ),
    "a name that the kit imports": (
        "f.expect(field(3) == 3)",
        "from math import fabs as field",
        "an import has another field",
    ),
    "the name of what a student calls": (
        "f.expect(check(1))",
        "def check(a):\n    return a",
        "autograder.checking.kit has another check",
    ),
    "the name of something of Python's": (
        "f.expect(len([]) == 1)",
        "def len(a):\n    return 1",
        "Python's own len would be lost to all that stands in the same file",
    ),
    "something of Python's by an import": (
        "f.expect(sum(3) == 3)",
        "from math import fabs as sum",
        "Python's own sum would be lost",
    ),
    "a star": ("f.expect(sqrt(4) == 2)", "from math import *", "no line of written_course.mean"),
}


@pytest.mark.parametrize(("line", "above", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_shipped_is_refused_with_its_place(
    written: Written, line: str, above: str, said: str
) -> None:
    both = ("f.expect(True)", "")
    with pytest.raises(ReleaseError) as refused:
        written(line, above, both)
    text = str(refused.value)
    assert text.startswith("the properties of mean use ")
    assert f"({COURSE}.mean, line " in text
    assert said in text
    assert "\n" not in text


def test_two_helpers_of_one_name_are_refused(written: Written) -> None:
    one, other = ("def helper():\n    return 1", "def helper():\n    return 2")
    with pytest.raises(
        ReleaseError, match=r"the properties of total use helper .*has another help"
    ):
        written("helper()", one, ("helper()", other))


def test_what_is_shipped_can_be_read_through() -> None:
    text = (ROOT / "release" / "ps1" / "checks.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 1000
    documented = [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node)
    ]
    assert "check" in documented, "what students call says how"
