"""A test cell runs in a process of its own, and what it does to a student's objects happens there.

One notebook's worth of student code in one child, and a tester's process beside it for each test.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest

from autograder.course.outside.plan import (
    LOCKED,
    OPEN,
    OUTSIDE,
    SOLUTION,
    TEST,
    Given,
    TestCell,
    plan,
)
from autograder.sandbox import Sandbox, Session
from autograder.sandbox.relay import Relayed
from autograder.submission.testing import Testing

SOLUTIONS = '''
import abc
import enum
import sys
import random
import numpy as np

class Vector:
    """A vector."""
    made = 0
    def __init__(self, x, y=0):
        self.x, self.y = x, y
        Vector.made += 1
    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)
    def __eq__(self, other):
        return isinstance(other, Vector) and (self.x, self.y) == (other.x, other.y)
    def __len__(self):
        return 2
    def __getitem__(self, place):
        return (self.x, self.y)[place]
    def __repr__(self):
        return f"Vector({self.x}, {self.y})"
    def scale(self, by, *, twice=False):
        self.x *= by * (1 + twice)
        return self
    @property
    def length(self):
        return (self.x ** 2 + self.y ** 2) ** 0.5
    @staticmethod
    def zero():
        return Vector(0, 0)
class Point(Vector):
    pass
class Level(int):
    pass
class Colour(enum.Enum):
    RED = 1
    BLUE = 2
class Shape(abc.ABC):
    pass
class Circle(Shape):
    pass
class Refused(ValueError):
    def __init__(self, what):
        super().__init__(f"refused: {what}")
        self.what = what
class Managed:
    def __enter__(self):
        return self
    def __exit__(self, kind, error, trace):
        self.seen = kind
        return kind is KeyError
def add(a, b=1, *more, scale=1):
    return (a + b + sum(more)) * scale
def append(items, item):
    items.append(item)
    return items
def fill(array):
    array[...] = 7
def deep(d):
    d["a"][0]["b"] = {1, 2}
def apply(f, *values):
    return f(*values)
def count(n):
    while n:
        got = yield n
        n -= got or 1
def refuse(what):
    raise Refused(what)
def say(text):
    print(text)
    print("aside", file=sys.stderr)
    return None
def draw():
    return random.random(), float(np.random.rand())
def remember(value, kept=[]):
    kept.append(value)
    return list(kept)
def scaled(x):
    return x * factor
def same(x):
    return x
def widen(table):
    table["new"] = 5
def write(path, text):
    with open(path, "w") as file:
        file.write(text)
def read(path):
    return open(path).read()
def plot(x, y):
    import matplotlib.pyplot as plt
    plt.plot(x, y, label="line")
    plt.title("A title")
    return plt.gca()
factor = 2
counted = 0
def tick():
    global counted
    counted += 1
log = []
def note(x):
    log.append(x)
def meddle():
    there = globals()
    there["limits"][:] = [100]
    there["limits"] = [50]
grid = [[0] * 2] * 2
def is_mean(how): return how is "mean"
def kept_name(): return "mean"
def ask():
    return int(input("First? ")) + int(input("Second? "))
class Wrong(Exception): pass
class Missing(Wrong, KeyError): pass
def missing(): raise Missing("it")
class Hand:
    _real = 1
    def __len__(self): return 2
    def __getitem__(self, number): return "ab"[number]
'''


@pytest.fixture(scope="module")
def student(sandbox: Sandbox) -> Iterator[Session]:
    """A child in which the solutions ran."""
    with sandbox.session({}, 100, 1) as session:
        session.run_cell(SOLUTIONS)
        yield session


@pytest.fixture(scope="module")
def testing(sandbox: Sandbox) -> Iterator[Testing]:
    one = Testing(sandbox, {}, 1)
    yield one
    one.close()


Run = Callable[..., Relayed]


@pytest.fixture
def run(student: Session, testing: Testing) -> Run:
    """A function that runs the last of some cells, a test, outside."""

    def run(test: str, *before: Given, record: bool = False, needs: object = ...) -> Relayed:
        cells = [Given("s", SOLUTION, SOLUTIONS), *before, Given("t", TEST, test)]
        planned = plan(cells)[-1]
        if needs is not ...:
            planned = dataclasses.replace(planned, needs=needs)
        testing.ran.clear()
        return testing.run(planned, test, student, 20, record)

    return run


def failure(told: Relayed) -> str:
    """Return the error of a test cell, or ""."""
    assert told.outputs is not None, told.lost
    errors = [one for one in told.outputs if one["output_type"] == "error"]
    return f"{errors[0]['ename']}: {errors[0]['evalue']}" if errors else ""


def printed(told: Relayed) -> str:
    return "".join(one.get("text", "") for one in told.outputs or [])


HOLDS = {
    "a call by place and by name": "assert add(1) == 2 and add(1, 2, 3, scale=2) == 12",
    "the result is plain": "assert type(add(1)) is int and add([1], [2]) if False else True",
    "a class makes objects of its own": (
        "v = Vector(3, y=4)\nassert isinstance(v, Vector) and type(v) is Vector\n"
        "assert v.x == 3 and v.length == 5 and Vector.__name__ == 'Vector'"
    ),
    "a class knows its base": (
        "assert issubclass(Point, Vector) and isinstance(Point(1), Vector)\n"
        "assert not isinstance(Vector(1), Point)"
    ),
    "what a class keeps": "n = Vector.made\nVector(1)\nassert Vector.made == n + 1",
    "operators between a student's objects": (
        "assert Vector(1, 2) + Vector(3, 4) == Vector(4, 6)\nassert Vector(1) != Vector(2)"
    ),
    "a class of the student's above one of Python's": (
        "assert isinstance(Level(2), int) and type(Level(2)) is Level\n"
        "assert Colour.RED is Colour.RED and Colour.RED.name == 'RED' and len(Colour) == 2\n"
        "assert Colour['RED'] in Colour and [c.value for c in Colour] == [1, 2]\n"
        "assert isinstance(Circle(), Shape) and Circle().__class__.__name__ == 'Circle'"
    ),
    "length, index and iteration": (
        "v = Vector(1, 2)\nassert len(v) == 2 and v[1] == 2 and list(v) == [1, 2] and sum(v) == 3"
    ),
    "a method that changes its object": (
        "v = Vector(2)\nassert v.scale(3, twice=True) is v and v.x == 12"
    ),
    "attributes are set and deleted": (
        "v = Vector(1)\nv.colour = 'red'\nassert v.colour == 'red'\ndel v.colour\n"
        "assert not hasattr(v, 'colour') and hasattr(v, 'x')\n"
        "assert v.__dict__ == {'x': 1, 'y': 0} and vars(v) == v.__dict__"
    ),
    "text of an object": (
        "assert repr(Vector(1)) == 'Vector(1, 0)' and f'{Vector(1)}' == 'Vector(1, 0)'\n"
        "assert Vector.__doc__ == 'A vector.' and 'scale' in dir(Vector) and 'x' in dir(Vector(1))"
    ),
    "a static method": "assert Vector.zero() == Vector(0, 0)",
    "a copy of an object": (
        "import copy\nv = Vector(1)\nw = copy.deepcopy(v)\nw.x = 5\nassert v.x == 1 and w.x == 5"
    ),
    "the same object twice": "v = Vector(1)\nassert apply(lambda one: one, v) is v",
    "a list changed in place": "a = [1]\nr = append(a, 2)\nassert a == [1, 2] and r is a",
    "a list left alone": "a = [3]\nassert add(a, [4]) == [3, 4] if False else a == [3]",
    "an array changed in place": (
        "import numpy\na = numpy.zeros(3)\nassert fill(a) is None and (a == 7).all()"
    ),
    "changed deep inside": "d = {'a': [{}]}\ndeep(d)\nassert d == {'a': [{'b': {1, 2}}]}",
    "containers that are one": "assert grid[0] is grid[1]",
    "a function of the test's": (
        "seen = []\ndef f(x, y):\n    seen.append(x)\n    return x * y\n"
        "assert apply(f, 3, 4) == 12 and seen == [3] and apply(lambda: None) is None"
    ),
    "a function of a library's": (
        "import math\nassert apply(math.sqrt, 9) == 3\nassert apply(len, 'ab') == 2"
    ),
    "an exception through a function of the test's": (
        "def f():\n    raise KeyError('k')\n"
        "try:\n    apply(f)\nexcept KeyError as e:\n    assert e.args == ('k',)\n"
        "else:\n    assert 0"
    ),
    "a generator": (
        "import types\ng = count(3)\nassert isinstance(g, types.GeneratorType) and next(g) == 3\n"
        "assert g.send(2) == 1 and list(g) == [] and list(count(2)) == [2, 1]\n"
        "g = count(2)\nnext(g)\ng.close()\nassert list(g) == []"
    ),
    "an exception of the student's own": (
        "try:\n    refuse('this')\nexcept Refused as e:\n"
        "    assert str(e) == 'refused: this' and e.what == 'this' and isinstance(e, ValueError)\n"
        "else:\n    assert 0"
    ),
    "an exception by its builtin base": (
        "try:\n    refuse(1)\nexcept ValueError:\n    pass\nelse:\n    assert 0\n"
        "try:\n    add('a')\nexcept TypeError as e:\n    assert 'str' in str(e)"
    ),
    "a with statement": (
        "with Managed() as m:\n    raise KeyError('k')\nassert m.seen is KeyError"
    ),
    "printed text": (
        "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as out:\n"
        "    say('hello')\nassert out.getvalue() == 'hello\\n'"
    ),
    "the global random states": (
        "import random\nimport numpy as np\nrandom.seed(3)\nnp.random.seed(4)\na = draw()\n"
        "random.seed(3)\nnp.random.seed(4)\nassert a == (random.random(), np.random.rand())\n"
        "assert a != draw()"
    ),
    "state between calls": "assert remember(1)[-1] == 1 and remember(2)[-2:] == [1, 2]",
    "a global that a function reads": (
        "assert scaled(2) == 4\nfactor = 5\nassert scaled(2) == 10\nfactor = 2"
    ),
    "a global that a function changes": (
        "counted = 5\ntick()\ntick()\nassert counted == 7\ncounted = 0\ntick()\nassert counted == 1"
    ),
    "a global list that a function changes": (
        "assert log == []\nnote(1)\nassert log == [1]\nlog.append(2)\nnote(3)\n"
        "assert log == [1, 2, 3]\nlog.clear()\nnote(4)\nassert log == [4]\nlog = []\nnote(5)\n"
        "assert log == [5]\ndel log[:]\nnote(0)\nlog = []"
    ),
    "a global that is deleted": (
        "kept = factor\ndel factor\ntry:\n    scaled(1)\nexcept NameError:\n    pass\n"
        "else:\n    assert 0\nfactor = kept\nassert scaled(1) == 2"
    ),
    "names by text": (
        "assert 'Vector' in globals() and 'nothing' not in globals() and 'add' in dir()"
    ),
    "a name that is missing": (
        "try:\n    no_such_name\nexcept NameError as e:\n    assert 'no_such_name' in str(e)"
    ),
    "files that a function writes and reads": (
        "import os\nwrite('out.txt', 'written')\nassert open('out.txt').read() == 'written'\n"
        "os.remove('out.txt')\nwith open('in.txt', 'w') as file:\n    file.write('given')\n"
        "assert read('in.txt') == 'given'\nos.makedirs('d')\nwrite('d/x.txt', '1')\n"
        "assert os.listdir('d') == ['x.txt']"
    ),
    "what is drawn": (
        "import matplotlib.pyplot as plt\nimport matplotlib\nax = plot([1, 2], [3, 4])\n"
        "assert isinstance(ax, matplotlib.axes.Axes) and isinstance(ax, plt.Axes)\n"
        "assert ax.get_title() == 'A title' and plt.gca() is ax and len(ax.lines) == 1\n"
        "assert list(ax.lines[0].get_xdata()) == [1, 2]\nfig, axes = plt.subplots(1, 2)\n"
        "axes[0].plot([1], [2])\nassert axes.shape == (2,) and len(fig.axes) == 2"
    ),
    "what is asked of a person": (
        "from unittest.mock import patch\n"
        "with patch('builtins.input', side_effect=['3', '4']) as m:\n"
        "    assert ask() == 7\nassert m.call_count == 2\ntry:\n    ask()\n"
        "except RuntimeError:\n    pass\nelse:\n    assert 0"
    ),
    "exceptions of several classes": (
        "try:\n    missing()\nexcept KeyError as e:\n    assert isinstance(e, Missing)\n"
        "else:\n    assert 0"
    ),
    "entries by their number": (
        "h = Hand()\nassert len(h) == 2 and list(h) == ['a', 'b'] and 'b' in list(h)"
    ),
    "texts that are compared by what they are": (
        "assert is_mean('mean') and not is_mean('max') and kept_name() is 'mean'"
    ),
    "attributes of any name": "assert Hand()._real == 1",
    "numpy without an import here": "assert np.allclose(np.ones(2), 1)",
}


@pytest.mark.parametrize("case", HOLDS)
def test_a_test_cell_sees_what_it_would_see_in_one_process(case: str, run: Run) -> None:
    assert failure(run(HOLDS[case])) == ""


VALUES = """
None; True; 3; -2.5; 10**40; "text"; b"bytes"; bytearray(b"b"); 1 + 2j; (1, (2,)); [1, [2]]
{"a": 1, (1, 2): [3], None: 0.5}; {1, 2}; frozenset("ab"); range(3); slice(1, None); ...
list(range(100)); [0.5] * 40; {"k": 1}.keys(); {"k": [1]}.items()
np.arange(6).reshape(2, 3); np.float32(0.5); np.int64(3); np.bool_(True); np.array(3.0)
np.array([1 + 2j]); np.array(["a", "bc"]); np.array([1, None, "x"], object)
np.datetime64("2020-01-02"); np.arange(3).astype("M8[D]"); np.dtype("int32"); np.float64
datetime.date(2020, 1, 2); datetime.datetime(2020, 1, 2, 3, 4, 5, 6); datetime.timedelta(1, 2, 3)
datetime.time(1, 2); datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc)
Decimal("1.10"); Fraction(1, 3); collections.OrderedDict(a=1); collections.Counter("aab")
collections.defaultdict(list, {1: [2]}); collections.deque([1, 2], 3); float("inf"); int; ValueError
Point3(1, y=2); [float("nan")]; pathlib.PurePosixPath("a/b")
"""


def test_values_of_every_kind_cross_both_ways_as_they_are(run: Run) -> None:
    values = [part for line in VALUES.split("\n") for part in line.split(";") if part.strip()]
    test = (
        "import collections, datetime, pathlib\nfrom decimal import Decimal\n"
        "from fractions import Fraction\nimport numpy as np\n"
        "Point3 = collections.namedtuple('Point3', 'x y')\n"
        f"for value in [{', '.join(part.strip() for part in values)}]:\n"
        "    got = same(value)\n"
        "    assert type(got).__name__ == type(value).__name__, (value, got)\n"
        "    assert repr(got) == repr(value), (value, got)\n"
        "a = [1]\nb = same([a, a])\nassert b[0] is a and b[1] is a\n"
        "a.append(a)\nassert same(a)[1] is a\n"
        "rng, other = np.random.default_rng(3), np.random.default_rng(3)\n"
        "assert apply(lambda r: r.random(), rng) == other.random()\n"
        "assert rng.random() == other.random()"
    )
    assert failure(run(test)) == ""


def test_tables_cross_both_ways(run: Run) -> None:
    test = """
import pandas as pd
frame = pd.DataFrame(
    {"n": [1, 2], "x": [0.5, None], "t": ["a", None], "b": [True, False],
     "d": pd.to_datetime(["2020-01-01", "2020-01-02"]), "c": pd.Categorical(["u", "v"])},
    index=["i", "j"],
)
for one in (
    frame, frame["n"], frame["t"], frame.index, frame.columns,
    frame.groupby("n").sum(numeric_only=True),
    frame.set_index(["n", "t"]), pd.Timestamp("2020-01-01"), pd.Timedelta("1D"), pd.NaT,
    pd.Series([1, 2], name="s"), pd.DataFrame(), frame[["n", "x"]].T,
):
    got = same(one)
    assert type(got) is type(one)
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(got, one)
    elif isinstance(one, pd.Series):
        pd.testing.assert_series_equal(got, one)
    elif isinstance(one, pd.Index):
        pd.testing.assert_index_equal(got, one)
    else:
        assert got is one or got == one
kept = frame.copy()
assert apply(len, frame) == 2 and frame.equals(kept)
assert widen(frame) is None and list(frame["new"]) == [5, 5] and same(frame) is frame
"""
    assert failure(run(test)) == ""


def test_what_a_call_prints_is_text_of_the_test_cell(run: Run) -> None:
    told = run("say('hello')\nprint('there')")
    assert printed(told) == "hello\naside\nthere\n"


def test_the_number_at_the_end_is_the_result(run: Run) -> None:
    told = run("passed = add(1) == 2\n0.5 * passed")
    assert [one["output_type"] for one in told.outputs or []] == ["execute_result"]
    assert (told.outputs or [])[0]["data"] == {"text/plain": "0.5"}


def test_text_at_the_end_is_no_result(run: Run) -> None:
    told = run("'0.5'")
    assert [one["output_type"] for one in told.outputs or []] == ["display_data"]


def test_helpers_of_the_instructor_run_outside_and_are_nobody_elses(
    run: Run, student: Session
) -> None:
    student.run_cell("def is_right(x): return True\nlimit = 10**9")
    helper = Given("h", LOCKED, "limit = 3\ndef is_right(x):\n    return x < limit")
    assert failure(run("assert not is_right(5)", helper)) == ""
    student.run_cell("def is_left(x): return True")
    # What a cell that fails does not define, is not looked for in the student's process.
    broken = Given("h", LOCKED, "1/0\ndef is_left(x):\n    return False")
    assert "NameError" in failure(run("is_left(5)", broken))


def test_imports_and_helpers_that_students_may_edit_are_taken_from_the_release(
    run: Run, student: Session
) -> None:
    student.run_cell("def isclose(*_): return True\ndef near(a, b): return True")
    shown = Given("", OPEN, "from math import isclose\ndef near(a, b):\n    return isclose(a, b)")
    assert failure(run("assert not isclose(1, 2) and not near(1, 2)", shown)) == ""


def test_what_only_a_test_sets_no_function_changes(run: Run) -> None:
    reads = Given("r", SOLUTION, "def inside(x):\n    return x < limits[0]")
    test = "limits = [3]\nmeddle()\nassert limits == [3]\nmeddle()\nassert limits == [3]"
    assert failure(run(test, reads)) == ""


def test_what_a_student_did_not_import_a_test_does_not_have(run: Run, student: Session) -> None:
    asked = Given("i", SOLUTION, "# import it", "import statistics as stats")
    test = "assert stats.mean([1, 3]) == 2"
    assert "NameError" in failure(run(test, asked))
    student.run_cell("class Any:\n    def mean(self, x): return 5\nstats = Any()")
    # Its meaning is the release's, not the student's.
    assert failure(run(test, asked)) == ""
    student.run_cell("del stats")


def test_what_an_earlier_test_defines_later_ones_use(run: Run) -> None:
    earlier = Given("e", TEST, "def check(f):\n    assert f(1) == 2\nvalue = 5")
    assert failure(run("check(add)\nassert value == 5", earlier)) == ""


def test_what_a_test_binds_later_cells_of_the_notebook_have(
    student: Session, testing: Testing
) -> None:
    cells = [
        Given("s", SOLUTION, SOLUTIONS),
        Given("t", TEST, "table = [add(1), 3]\nsecret = 4"),
        Given("", OPEN, "print(table)"),
    ]
    [planned] = plan(cells)
    assert failure(testing.run(planned, cells[1].source, student, 20)) == ""
    [shown] = student.run_cell("print(table, 'secret' in globals())")
    assert shown["text"] == "[2, 3] False\n"


def test_after_a_test_names_stand_for_the_students_own_functions_again(
    sandbox: Sandbox, testing: Testing
) -> None:
    given = "def edge(x): return x + 1"
    work = "def step(x): return edge(x) * 2"
    test = (
        "kept = edge\ndel edge\ntry:\n    step(1)\nexcept NameError:\n    pass\n"
        "else:\n    raise AssertionError('not used')\nfinally:\n    edge = kept\n"
        "assert step(1) == 4"
    )
    cells = [Given("", OPEN, given), Given("s", SOLUTION, work), Given("t", TEST, test)]
    cells += [Given("", OPEN, "print(step(1), edge(1))")]
    testing.close()  # what it knows is another child's
    with sandbox.session({}, 60, 1) as session:
        session.run_cell(given)
        session.run_cell(work)
        [planned] = plan(cells)
        assert failure(testing.run(planned, test, session, 20)) == ""
        [shown] = session.run_cell("print(step(1), edge(1))")
        assert shown["text"] == "4 2\n"
    testing.close()


def test_a_function_of_a_test_that_has_ended_is_an_error_and_ends_no_process(
    sandbox: Sandbox, testing: Testing
) -> None:
    work = "kept = []\ndef keep(f):\n    kept.append(f)"
    test = "keep(lambda: 5)"
    testing.close()
    with sandbox.session({}, 60, 1) as session:
        session.run_cell(work)
        [planned] = plan([Given("s", SOLUTION, work), Given("t", TEST, test)])
        assert failure(testing.run(planned, test, session, 20)) == ""
        [shown] = session.run_cell("kept[0]()")
        assert "a test that has ended" in shown["evalue"]
        [shown] = session.run_cell("print(1)")
        assert shown["text"] == "1\n"
    testing.close()


def test_a_call_that_never_ends_costs_its_test_and_no_other(
    sandbox: Sandbox, testing: Testing, run: Run
) -> None:
    work = (
        "def forever():\n    while True: yield 1\ndef wait():\n    while True: pass\n"
        "def back(f): return f()\ndef one(): return 1"
    )
    endings = {
        "list(forever())": "did not end within 2 s",
        "wait()": "what this test cell calls did not end within 2 s",
        "def f(): return back(f)\nf()": "",
    }
    for test, said in endings.items():
        testing.close()  # what it knows is another child's
        with sandbox.session({}, 60, 1) as session:
            session.run_cell(work)
            [planned] = plan([Given("s", SOLUTION, work), Given("t", TEST, test)])
            told = testing.run(planned, test, session, 2)
            if said:
                assert said in (told.lost or "")
            else:
                assert "too many calls inside one another" in failure(told)
    testing.close()
    assert failure(run("assert add(1) == 2")) == ""


def test_a_name_of_python_that_the_exercise_asks_for_is_the_students(
    run: Run, student: Session
) -> None:
    student.run_cell("def pow(a, b): return 'mine'")
    asked = Given("p", SOLUTION, "def pow(a, b):\n    raise NotImplementedError")
    assert failure(run("assert pow(1, 2) == 'mine' and abs(-1) == 1", asked)) == ""
    assert failure(run("assert pow(2, 3) == 8")) == ""
    student.run_cell("del pow")


def test_a_plan_says_which_cells_stay_inside() -> None:
    tests = {
        "inspect.getsource(f)": "it reads how something is written (inspect)",
        "%timeit f(1)": "it uses IPython's own commands (%timeit)",
        "assert In[1]": "it uses the notebook's own shell (In)",
        "f.__code__.co_argcount": "it reads how something is written (co_argcount)",
        "df.query(f(1))": "it runs a text as code (query)",
        "yaml.load(f(1))": "it reads objects that someone else wrote (yaml.load)",
        "value_of(f(1))": "it runs a text as code (eval)",
        "helper.value_of(f(1))": "it runs a text as code (exec)",
        "assert f(1) == 2": "",
        "re.compile(f(1)), json.load(f(2)), f(3)": "",
    }
    texts = ("import helper, pickle", "def value_of(text):\n    return eval(text)")
    given = [Given(f"given {number}", LOCKED, text) for number, text in enumerate(texts)]
    planned: list[TestCell] = plan(
        [*given, *(Given(text, TEST, text) for text in tests)],
        {"helper.py": b"from below import value_of", "below/__init__.py": b"exec(x)"},
    )
    assert {one.name: one.why for one in planned} == tests
    assert [one.way == OUTSIDE for one in planned] == [not why for why in tests.values()]


def test_no_text_becomes_an_expression_where_tests_run(sandbox: Sandbox) -> None:
    # SymPy reads a text, which may be a student's, by running it; here is what it does so with.
    parser = b"def eval_expr(code, *names):\n    return eval(code)\n"
    files = {"sympy/__init__.py": b"", "sympy/parsing/__init__.py": b""}
    testing = Testing(sandbox, {**files, "sympy/parsing/sympy_parser.py": parser}, 1)
    test = (
        "from sympy.parsing.sympy_parser import eval_expr\ntry:\n    eval_expr(text, {}, {})\n"
        "except Exception as failure:\n    assert 'not read as an expression' in str(failure)\n"
        "else:\n    assert 0"
    )
    [planned] = plan([Given("s", SOLUTION, "text = ''"), Given("t", TEST, test)])
    with sandbox.session({}, 100, 1) as student:
        student.run_cell("text = '1 + 2'")
        assert failure(testing.run(planned, test, student, 20)) == ""
    testing.close()


def test_new_files_in_a_folder_of_the_assignment_are_there_and_its_own_stay(
    sandbox: Sandbox,
) -> None:
    files = {"data/given.txt": b"7"}
    work = "def save(name):\n    with open(name, 'w') as file:\n        file.write('1')"
    test = (
        "save('data/new.txt')\nassert open('data/new.txt').read() == '1'\ntry:\n"
        "    save('data/given.txt')\nexcept OSError:\n    pass\n"
        "assert open('data/given.txt').read() == '7'"
    )
    [planned] = plan([Given("s", SOLUTION, work), Given("t", TEST, test)])
    testing = Testing(sandbox, files, 1)
    with sandbox.session(files, 100, 1) as student:
        student.run_cell(f"import os\nos.rename('data', 'old')\nos.mkdir('data')\n{work}")
        assert failure(testing.run(planned, test, student, 20)) == ""
    testing.close()
