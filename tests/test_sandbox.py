"""A submission in its session: what works, what is seen, and what it cannot make happen.

Hostile cells are listed with what becomes of them; after each, the next session works.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from isolation import why_no_isolation
from nbformat.v4 import new_code_cell, new_notebook

from autograder.catalogue.values import ANOTHER, FIRST, Observation, Opaque, Rng, Step, observe_here
from autograder.judging.judge import judge
from autograder.sandbox import Limits, RemoteObject, Sandbox, SandboxLost, Session, SessionLost
from autograder.sandbox.box import Box
from autograder.sandbox.session import CLOSED, MALFORMED
from softmax_by_hand import EXERCISES

HERE = Path(__file__).resolve().parent
FILES = {"checks.py": b"ANSWER = 42\n", "data/digits.csv": b"1,2,3\n"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    reason = why_no_isolation()
    if reason is not None:
        pytest.skip(reason)
    with Sandbox() as one:
        yield one


@pytest.fixture(scope="module")
def bare() -> Iterator[Sandbox]:
    with Sandbox("none") as one:
        yield one


@pytest.fixture
def session(sandbox: Sandbox) -> Iterator[Session]:
    with sandbox.session(FILES) as one:
        yield one


@pytest.fixture(params=["sandbox", "bare"])
def either(request: pytest.FixtureRequest) -> Iterator[Session]:
    """A session with isolation, and one without."""
    with request.getfixturevalue(request.param).session(FILES) as one:
        yield one


def limited(session: Session, **changes: float) -> None:
    session.limits = dataclasses.replace(session.limits, **changes)  # type: ignore[arg-type]


def said(outputs: list[dict[str, Any]]) -> str:
    """Return what a cell printed and showed, in order."""
    return "".join(
        item.get("text") or item.get("data", {}).get("text/plain", "") for item in outputs
    )


def error_of(outputs: list[dict[str, Any]]) -> tuple[str, str]:
    """Return the name and text of the error that a cell ended with."""
    assert outputs[-1]["output_type"] == "error"
    return outputs[-1]["ename"], outputs[-1]["evalue"]


def define(session: Session, source: str, name: str = "f") -> RemoteObject:
    assert session.run_cell(source) == []
    return session.bind(name)


SCALE = """
class Scale:
    def __init__(self, rng, scale):
        self.W = scale * rng.standard_normal(3)
    def times(self, x):
        self.W *= x
        x[:] = 0
        return self.W
"""


def test_steps_on_an_object_are_seen_as_they_would_be_here(either):
    space: dict[str, Any] = {}
    exec(SCALE, space)
    remote = define(either, SCALE, "Scale")
    assert remote.kind == "class"
    x = np.array([1.0, 2.0, 3.0])
    calls = [
        (Rng(1), 0.5, Step("W"), Step("times"), x, Step("times"), x, Step("W")),
        (Rng(2), 0.5, Step("nothing")),
        (Rng(2), 0.5, Step("times")),
        (Rng(2),),
        (Rng(3), 2.0, Step("W")),
        (Rng(1), 0.5, ANOTHER, Rng(4), 2.0, Step("times"), x, FIRST, Step("W")),
    ]
    here = [observe_here(space["Scale"], arguments) for arguments in calls]
    assert repr(remote.observe(calls)) == repr(here)
    assert [observation.error for observation in here] == [
        *(None, "AttributeError", "TypeError", "TypeError", None, None)
    ]


def call(session: Session, source: str, *arguments: Any) -> Observation:
    """Define a function ``f`` and call it once."""
    return define(session, source).observe([arguments])[0]


def shown(session: Session, source: str) -> str:
    """Run a cell and return what it printed and showed."""
    return said(session.run_cell(source))


def made(function: RemoteObject, *arguments: Any) -> tuple[Observation, RemoteObject | None]:
    """Call a function and keep the object that it returns."""
    return function.session.calls(function, None, [arguments], True)[0]


def method(held: RemoteObject, name: str, *arguments: Any) -> Observation:
    """Call a method of an object, or read an attribute."""
    return held.session.calls(held, name, [arguments], False)[0][0]


# --- What is paid for once ------------------------------------------------------------------------


def test_the_modules_of_an_assignment_are_compiled_once_and_read_as_they_are(sandbox):
    files = {"helpers.py": b"def double(x):\n    return 2 * x\n", "broken.py": b"def f(:\n"}
    with sandbox.session(files) as session:
        of_helpers = "print(helpers.double(2), helpers.__cached__, helpers.__file__)"
        place = importlib.util.cache_from_source("/course/helpers.py")
        compiled = f"4 {place} /course/helpers.py\n"
        assert shown(session, f"import helpers\n{of_helpers}") == compiled
        listing = "import os\nprint(sorted(os.listdir()), os.listdir('/course/__pycache__'))"
        there = f"['broken.py', 'helpers.py'] ['{Path(place).name}']\n"
        assert shown(session, listing) == there
        assert error_of(session.run_cell("import broken"))[0] == "SyntaxError"
        trace = session.run_cell("helpers.double(None)")[-1]["traceback"]
        assert '  File "/course/helpers.py", line 2, in double' in trace


def test_equal_files_of_another_job_are_not_compiled_again(sandbox, monkeypatch):
    """Each job brings copies of its own."""
    done: list[int] = []

    def counted(files, place):
        done.append(len(files))
        return dict(files)

    monkeypatch.setattr("autograder.sandbox.session.with_bytecode", counted)
    for files in ({"a.py": b"A = 1"}, {"a.py": b"A = 1"}, {"a.py": b"A = 2"}):
        sandbox.session(files).close()
    assert len(done) == 2


def test_other_files_are_compiled_anew(sandbox):
    for number in (1, 2):
        with sandbox.session({"helpers.py": f"NUMBER = {number}".encode()}) as session:
            assert said(session.run_cell("import helpers\nhelpers.NUMBER")) == str(number)


@pytest.mark.parametrize("isolation", ["bwrap", "none"])
def test_what_is_preloaded_is_there_before_the_first_cell(isolation):
    if isolation == "bwrap" and (reason := why_no_isolation()):
        pytest.skip(reason)
    loaded = "import sys\nprint([name in sys.modules for name in ('colorsys', 'chunk')])"
    with (
        Sandbox(isolation, preload=("colorsys", "no_such_module")) as one,
        one.session() as session,
    ):
        assert said(session.run_cell(loaded)) == "[True, False]\n"


# --- Cells ----------------------------------------------------------------------------------------


SHOWN = {
    "what was defined before": (
        ("import numpy as np\nz = np.arange(3)", "print(z.sum())"),
        "^3\n$",
    ),
    "an array": (("import numpy as np\nz = np.arange(3)", "z"), r"^array\(\[0, 1, 2\]\)$"),
    "what is awaited": (("import asyncio\nawait asyncio.sleep(0)\n5",), "^5$"),
    "a module of the assignment": (("import checks\nprint(checks.ANSWER)",), "^42\n$"),
    "a file of the assignment": (("print(open('data/digits.csv').read())",), "^1,2,3\n\n$"),
    "a warning": (("import warnings\nwarnings.warn('careful')",), "careful"),
}


@pytest.mark.parametrize("what", SHOWN)
def test_a_cell_shows(either, what):
    cells, expected = SHOWN[what]
    outputs = [either.run_cell(cell) for cell in cells][-1]
    assert re.search(expected, said(outputs))
    assert (outputs[0].get("name") == "stderr") == (what == "a warning")


@pytest.mark.parametrize("backend", ["", "%matplotlib notebook\n"])
def test_a_picture_comes_as_a_png_whatever_was_asked_for(either, backend):
    plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    picture = base64.b64decode(either.run_cell(backend + plot)[-1]["data"]["image/png"])
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 1000


def test_sessions_share_no_state(sandbox):
    spoil = "import numpy as np, builtins\nz = 1\nnp.allclose = lambda *_: True\nbuiltins.abs = 0"
    with sandbox.session() as one:
        one.run_cell(spoil)
    with sandbox.session() as other:
        assert error_of(other.run_cell("z"))[0] == "NameError"
        assert shown(other, "import numpy as np\nnp.allclose(1, 2), abs(-1)") == "(False, 1)"


def test_what_a_cell_shows_comes_in_its_order(either):
    outputs = either.run_cell(
        "import sys\nprint('a')\ndisplay('b')\nprint('c', file=sys.stderr)\nprint('d')\n'e'"
    )
    assert [
        item.get("name", item["output_type"]) + ":" + said([item]).strip() for item in outputs
    ] == ["stdout:a", "display_data:'b'", "stderr:c", "stdout:d", "display_data:'e'"]


def test_only_text_and_pictures_are_kept_of_what_is_displayed(session):
    outputs = session.run_cell(
        "from IPython.display import HTML, JSON, Javascript, SVG, display\n"
        "display(HTML('<script>alert(1)</script>'), Javascript('alert(1)'), JSON({}))\n"
        "fake = {'image/png': 'bm8gcGljdHVyZQ==', 'text/html': '<b>', 'text/plain': 'plain'}\n"
        "display(fake, raw=True)"
    )
    assert {mime for item in outputs for mime in item["data"]} == {"text/plain"}
    assert said(outputs).endswith("plain")


def test_outputs_are_valid_in_a_notebook(session):
    outputs = session.run_cell("print(1)\ndisplay(2)\n1/0")
    cell = new_code_cell(outputs=[nbformat.NotebookNode(item) for item in outputs])
    nbformat.validate(new_notebook(cells=[cell]))


def test_an_error_shows_the_students_own_lines(either):
    either.run_cell("def g(z):\n    return z / 0")
    (error,) = either.run_cell("x = 1\ng(x)")
    assert (error["ename"], error["evalue"]) == ("ZeroDivisionError", "division by zero")
    trace = "\n".join(error["traceback"])
    assert 'File "<cell 2>", line 2' in trace
    assert "    g(x)" in trace
    assert 'File "<cell 1>", line 2, in g' in trace
    assert "IPython" not in trace


def test_a_syntax_error_shows_the_line(either):
    (error,) = either.run_cell("x = 1\ny = = 2")
    assert error["ename"] == "SyntaxError"
    assert "y = = 2" in "\n".join(error["traceback"])


def test_what_the_compiler_warns_of_is_said_once_and_with_its_cell(session):
    text = said(session.run_cell("x = 1\nx is 1"))
    assert text.startswith("<cell 1>:2: SyntaxWarning")
    assert text.count("SyntaxWarning") == 1


def test_python_that_looks_like_a_magic_is_python(session):
    source = "x = (7\n     % 4)\ntext = '''\n%who\n!ls\nlen?'''\nx, text[1:5]"
    assert said(session.run_cell(source)) == "(3, '%who')"


def test_an_exception_that_cannot_be_shown_is_still_an_error(session):
    outputs = session.run_cell(
        "class Odd(Exception):\n    def __str__(self): raise SystemExit\nraise Odd"
    )
    assert error_of(outputs)[0] in ("Odd", "SystemExit")
    assert said(session.run_cell("1 + 1")) == "2"


def test_half_a_surrogate_pair_in_an_output_can_be_written_to_a_file(session):
    outputs = session.run_cell(r"print('\ud800')" + "\n" + r"raise ValueError('\udfff')")
    for text in (said(outputs), *error_of(outputs), *outputs[-1]["traceback"]):
        text.encode("utf-8")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("%timeit -n 1 -r 1 1 + 1", "per loop"), ("%%time\n1 + 1", "Wall time"),
        ("%matplotlib inline", ""), ("%matplotlib notebook", ""), ("%matplotlib widget", ""),
        ("%%writefile helper.py\nX = 7", "Writing helper.py"),
        ("len?", "Return the number of items"), ("help(len)", "Return the number of items"),
    ],
)  # fmt: skip
def test_magics_that_need_no_program_work(session, source, expected):
    outputs = session.run_cell(source)
    assert "error" not in [item["output_type"] for item in outputs]
    assert expected in said(outputs)


@pytest.mark.parametrize("line", ["!ls", "listing = !ls", "%pip install numpy", "%sx ls"])
def test_a_program_is_not_run_and_the_rest_of_its_cell_is(session, line):
    outputs = session.run_cell(f"{line}\ndef f():\n    return 7\nf()")
    assert "error" not in [item["output_type"] for item in outputs]
    assert "programs cannot be run while grading" in said(outputs)
    assert said(session.run_cell("f()")) == "7"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("%%bash\nls", ""), ("input('name? ')", "nobody is there to answer"),
        ("exit()", "not available"), ("quit()", "not available"),
        ("breakpoint()", "nobody is there to answer"), ("import sys\nsys.exit(3)", "3"),
        ("%nosuchmagic", "not found"), ("raise KeyboardInterrupt", ""),
    ],
)  # fmt: skip
def test_what_needs_a_person_or_a_program_is_an_error_and_the_session_goes_on(
    session, source, message
):
    assert message in error_of(session.run_cell(source))[1]
    assert said(session.run_cell("1 + 1")) == "2"


# --- Bounds on outputs ----------------------------------------------------------------------------


CUT = "[the rest of this output is cut]"
PNG = "png = b'\\x89PNG\\r\\n\\x1a\\n' + bytes(3 << 20)\n"
BOUNDED = {
    "a gigabyte of text": (
        "for _ in range(1024):\n    print('x' * (1 << 20))\n'the end'",
        CUT,
        250,
    ),
    "many displays": ("for i in range(1000):\n    display(i)", CUT, 250),
    "large pictures": (
        f"{PNG}for _ in range(3):\n    display({{'image/png': png}}, raw=True)",
        "",
        2,
    ),
    "a gigabyte to the descriptors": (
        "import os\nfor n in range(1024): os.write(1 + n % 2, b'x' * (1 << 20))\nprint('done')",
        *("^done\n$", 2),
    ),
    "a progress line that is cleared": (
        "from IPython.display import clear_output\n"
        "for i in range(100):\n    clear_output(wait=True)\n    print('=' * 5000, i)",
        *("99\n$", 2),
    ),
}


@pytest.mark.parametrize("what", BOUNDED)
def test_outputs_are_bounded_and_where_they_are_cut_it_is_said(session, what):
    source, expected, fewer = BOUNDED[what]
    outputs = session.run_cell(source)
    assert len(outputs) < fewer
    assert len(said(outputs)) < 2 * session.limits.output_bytes
    assert re.search(re.escape(CUT) if expected == CUT else expected, said(outputs))


# --- Files ----------------------------------------------------------------------------------------


def test_the_files_of_the_assignment_cannot_be_changed(session):
    for source in (
        "open('checks.py', 'w')",
        "open('/course/checks.py', 'w')",
        "open('/course/new.py', 'w')",
        "import os\nos.remove('/course/checks.py')",
        "os.chmod('/course/checks.py', 0o777)",
    ):
        assert error_of(session.run_cell(source))[0] in ("OSError", "PermissionError")


def test_the_working_folder_can_be_written_and_is_gone_afterwards(sandbox):
    write = "import os\nprint(os.listdir())\nopen('mine', 'w').close()"
    for _ in range(2):
        with sandbox.session() as one:
            assert shown(one, write) == "[]\n"


def test_a_module_that_a_cell_writes_can_be_imported_but_shadows_none(session):
    for name, text in (
        ("helper", "X = 7"),
        ("colorsys", "raise SystemExit"),
        ("checks", "ANSWER = 0"),
    ):
        session.run_cell(f"%%writefile {name}.py\n{text}")
    seen = "import helper, colorsys, checks\nhelper.X, checks.ANSWER"
    assert shown(session, seen) == "(7, 42)"


@pytest.mark.parametrize("name", ["../escape", "/etc/passwd", "a/../../b", "", "."])
def test_files_with_names_that_lead_elsewhere_are_refused(sandbox, name):
    with pytest.raises(ValueError, match="cannot be named"):
        sandbox.session({name: b""})


def test_files_may_fill_more_than_a_page_and_are_the_assignments_fault_where_too_large(sandbox):
    with sandbox.session({"data.bin": bytes(40 << 20)}) as one:
        assert shown(one, "import os\nos.path.getsize('data.bin') >> 20") == "40"
    with pytest.raises(ValueError, match="files of the assignment"):
        sandbox.session({"data.bin": bytes(65 << 20)})


# --- Binding and calling --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("def f(): pass", "function"), ("f = lambda: 0", "function"),
        ("import numpy as np\nf = np.exp", "function"), ("class f: pass", "class"),
        ("pass", "missing"), ("import numpy as np\nf = np.zeros(2)", "ndarray"),
        ("f = None", "NoneType"),
    ],
)  # fmt: skip
def test_a_name_is_bound_to_what_it_stands_for(either, source, kind):
    either.run_cell(source)
    assert either.bind("f").kind == kind


def test_a_binding_outlives_the_name(session):
    f = define(session, "def f(): return 1")
    session.run_cell("def f(): return 2")
    assert f.observe([()])[0].value == 1


def test_calling_what_is_missing_is_an_error_and_not_the_end(session):
    missing = session.bind("nowhere")
    assert [seen.error for seen in missing.observe([(), (1,)])] == ["NameError", "NameError"]
    assert made(missing)[1] is None
    assert session.lost is None


def test_arrays_cross_both_ways(either):
    f = define(either, "def f(z, n):\n    return z[:n] * 2, z.dtype.name")
    first, second = f.observe([(np.arange(4.0), 2), (np.arange(3, dtype=np.uint8), 1)])
    assert np.array_equal(first.value[0], [0, 2])
    assert first.value[1] == "float64"
    assert second.value[1] == "uint8"


def test_each_call_gets_its_generator(session):
    f = define(session, "def f(rng): return rng.random()")
    assert [seen.value for seen in f.observe([(Rng(1),), (Rng(1),), (Rng(2),)])] == [
        np.random.default_rng(seed).random() for seed in (1, 1, 2)
    ]


def test_changed_arguments_are_seen(either):
    seen = call(either, "def f(z, n):\n    z -= 1\n    return z", np.ones(2), 3)
    assert np.array_equal(seen.arguments[0], [0, 0])
    assert seen.arguments[1] is None


def test_moving_the_global_random_state_is_seen(session):
    f = define(session, "import numpy as np\ndef f(use): return np.random.rand() if use else 0")
    moved = [seen.moved_global_random for seen in f.observe([(0,), (1,), (0,)])]
    assert moved == [False, True, False]


def test_two_sessions_draw_the_same_numbers_where_they_have_one_seed_only(sandbox):
    drawn = []
    for options in ({}, {}, {"random_seed": 1}, {"random_seed": 1}, {"random_seed": 2}):
        with sandbox.session(**options) as one:
            draw = "import numpy, random\nprint(numpy.random.rand(), random.random())"
            drawn.append(tuple(shown(one, draw).split()))
    assert drawn[2] == drawn[3]
    assert len({number for pair in drawn for number in pair}) == 8


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("def f(): raise ValueError('why\\nmore')", "ValueError", "why"),
        ("def f(): raise SystemExit('why')", "SystemExit", "why"),
        ("def f(): return f()", "RecursionError", "maximum recursion depth exceeded"),
        ("def f(z): pass", "TypeError", "f() missing 1 required positional argument: 'z'"),
        ("def f(): raise ValueError('\\x1b[2Jgone')", "ValueError", "?[2Jgone"),
        ("class Odd(type):\n    __name__ = 1\nclass E(Exception, metaclass=Odd): pass\n"
         "def f(): raise E", "E", ""),
    ],
)  # fmt: skip
def test_an_exception_in_a_call_is_an_observation(session, source, error, message):
    seen = call(session, source)
    assert (seen.error, seen.value) == (error, None)
    assert seen.message.startswith(message)
    assert session.lost is None


@pytest.mark.parametrize(
    "result",
    ["print", "np.matrix([[1.0]])", "np.zeros(2, complex)", "10**30", "{1}", "[0] * 10**6",
     "np.zeros((0, 10**9))", "np.broadcast_to(0.0, (10**5, 10**5))", "['x' * 9999] * 9999",
     "np.zeros((1 << 26, 0), bool)", "np.zeros((1 << 20) + 1, bool)", "{0.5: 1}",
     "{i: i for i in range(2000)}"],
)  # fmt: skip
def test_a_result_that_cannot_cross_is_opaque_and_the_session_goes_on(session, result):
    f = define(session, f"import numpy as np\ndef f(n): return {result} if n else 1")
    opaque, plain = f.observe([(1,), (0,)])
    assert type(opaque.value) is Opaque
    assert plain.value == 1


def test_the_results_of_all_calls_together_are_bounded(session):
    f = define(session, "import numpy as np\ndef f(): return np.zeros(1 << 19)")
    kept = [type(seen.value) for seen in f.observe([()] * 5)]
    assert kept == [np.ndarray] * 3 + [Opaque] * 2


def test_a_result_that_names_objects_of_the_protocol_is_opaque(session):
    source = (
        "from autograder.sandbox import wire\nfrom autograder.catalogue.values import Rng\n"
        "import autograder.sandbox.inside.child as child\nchild.plain = lambda value: value\n"
        "def f(): return [wire.Handle(1), wire.Callback(2)]"
    )
    assert call(session, source).value == [Opaque("Handle"), Opaque("Callback")]


def test_printing_in_a_call_goes_nowhere(session):
    source = "import sys\ndef f():\n    print('x' * 10**6)\n    sys.stderr.flush()\n    return 1"
    assert call(session, source).value == 1


# --- Callbacks ------------------------------------------------------------------------------------


def test_a_function_argument_asks_the_trusted_side(either):
    f = define(either, "def f(g, z): return g(z) + g(g(z))")
    asked = []

    def g(z: Any) -> Any:
        asked.append(z)
        return 2 * z

    assert f.observe([(g, 1.0), (g, 2.0)])[1].value == 12.0
    assert asked == [1.0, 1.0, 2.0, 2.0, 2.0, 4.0]


def test_an_exception_in_a_callback_reaches_the_function(session):
    source = "def f(g):\n    try: g()\n    except ValueError as why: return str(why)"
    assert call(session, source, lambda: 1 / 0).value == "division by zero"


@pytest.mark.parametrize(
    "question",
    ["g()", "g(1, 2, 3)", "g(None)", "g('text')", "g(object())", "g([[]])", "g(print)", "g(1j)"],
)
def test_a_callback_asked_nonsense_answers_with_an_error(session, question):
    seen = call(session, f"def f(g): return {question}", lambda z: np.exp(z) + z.sum())
    assert seen.error == "ValueError"
    assert session.lost is None


@pytest.mark.parametrize(
    "question",
    ["np.zeros((10**6, 1))", "np.zeros((0, 5000))", "10**9", "-10**9", "1e9", "np.array(10**9)",
     "np.array([[10**9]])", "np.uint8(200) * np.float32(1e9)", "[0] * 5000", "'x' * 9999",
     "{'n': np.zeros(5000)}", "np.zeros((3000, 1))", "[[0] * 3000]", "z, n=10**9"],
)  # fmt: skip
def test_a_callback_is_not_asked_for_more_than_its_size(session, question):
    seen = call(session, f"import numpy as np\ndef f(g, z): return g({question})", len, np.ones(9))
    assert (seen.error, seen.message) == ("ValueError", "the arguments are too large")


def test_a_callback_may_be_asked_for_as_much_as_the_call_was_given_and_numbers_in_a_list_ask_none(
    session,
):
    seen = call(session, "def f(g, z): return g(z)", lambda z: z.size, np.ones((100, 100)))
    assert seen.value == 10_000
    assert call(session, "def f(g): return g([10.0**9, 10**9])", len).value == 2


def test_a_callback_that_is_kept_leads_nowhere_later(session):
    f = define(session, "kept = []\ndef f(g):\n    kept.append(g)\n    return kept[0](1)")
    first, second = f.observe([(lambda z: "mine",)]), f.observe([(lambda z: "another's",)])
    assert first[0].value == "mine"
    assert second[0].message == "there is no such function any more"


@pytest.mark.parametrize("step", [-1, 1])
def test_what_one_call_is_given_no_other_can_ask(session, step):
    f = define(
        session,
        "def f(g):\n"
        "    inside = dict(zip(g.__code__.co_freevars, (c.cell_contents for c in g.__closure__)))\n"
        f"    other = inside['self'].callback(inside['number'] + {step})\n"
        "    assert g(1) == 'mine'\n"
        "    return other(1)",
    )
    seen = f.observe([(lambda z: "mine",)] * 3)
    assert {one.message for one in seen} == {"there is no such function any more"}


def test_a_callback_called_from_threads_answers_each(session):
    source = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "def f(g):\n    with ThreadPoolExecutor(4) as pool:\n"
        "        return list(pool.map(g, range(20)))"
    )
    assert call(session, source, lambda n: n * n).value == [n * n for n in range(20)]


def test_endless_questions_end_with_the_call(session):
    limited(session, call_seconds=0.3)
    seen = call(session, "def f(g):\n    while True: g(1)", lambda z: z)
    assert seen.error == "SessionLost"


# --- Objects --------------------------------------------------------------------------------------

COUNTER = (
    "class Counter:\n    unit = 'px'\n"
    "    def __init__(self, start): self.n = start\n"
    "    def add(self, k):\n        self.n += k\n        return self.n\n"
    "def read(counter): return counter.n\n"
    "def broken(): raise ValueError"
)


def test_an_object_is_made_and_its_methods_called(either):
    either.run_cell(COUNTER)
    seen, counter = made(either.bind("Counter"), 5)
    assert seen.value == Opaque("Counter")
    assert counter.kind == "Counter"
    assert [method(counter, "add", k).value for k in (1, 2)] == [6, 8]
    assert method(counter, "n").value == 8
    assert method(counter, "nothing").error == "AttributeError"
    assert either.bind("read").observe([(counter,)])[0].value == 8


def test_what_fails_or_is_plain_gives_no_object(session):
    session.run_cell(COUNTER)
    assert made(session.bind("broken"))[1] is None
    assert made(session.bind("Counter"))[0].error == "TypeError"
    plain, held = made(define(session, "def f(): return 3"))
    assert (plain.value, held) == (3, None)


# --- Time -----------------------------------------------------------------------------------------

STUBBORN = (
    "import signal\n"
    "for number in range(1, 32):\n"
    "    try: signal.signal(number, signal.SIG_IGN)\n"
    "    except (OSError, ValueError): pass\n"
    "while True:\n"
    "    try:\n        while True: pass\n"
    "    except BaseException: pass\n"
)


SLEEP = "import time\ntime.sleep(1000)"


@pytest.mark.parametrize("source", ["while True: pass", SLEEP, STUBBORN])
def test_a_cell_that_does_not_end_is_ended(sandbox, session, source):
    with pytest.raises(SessionLost, match=r"this cell did not end within 0\.3 s"):
        session.run_cell(source, seconds=0.3)
    assert_alone(sandbox)


def test_a_process_that_lacked_a_processor_is_told_from_one_that_slept(sandbox):
    """Eight others on the one processor that it may use leave it a ninth of the time."""
    allowed = os.sched_getaffinity(0)
    hog = "import os\nprint(flush=True)\nwhile os.getppid() == {parent}: pass"
    os.sched_setaffinity(0, {min(allowed)})
    others: list[subprocess.Popen[bytes]] = []
    try:
        with Sandbox() as crowded, crowded.session() as busy, crowded.session() as asleep:
            command = [sys.executable, "-S", "-c", hog.format(parent=os.getpid())]
            others += [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(8)]
            for other in others:
                assert other.stdout is not None
                other.stdout.readline()
            os.sched_setaffinity(0, allowed)
            for session, source in ((busy, "while True: pass"), (asleep, SLEEP)):
                with pytest.raises(SessionLost, match="this cell did not end within"):
                    session.run_cell(source, seconds=3)
        assert busy.starved
        assert not asleep.starved
    finally:
        os.sched_setaffinity(0, allowed)
        for other in others:
            other.kill()
            other.communicate()


def test_a_call_that_does_not_end_is_ended(session):
    limited(session, call_seconds=0.3)
    f = define(session, "def f(n):\n    while n: pass\n    return 'right'")
    before, during, after = f.observe([(0,), (1,), (0,)])
    assert before.value == "right"
    assert during.error == after.error == "SessionLost"
    assert during.message == "a call of this function did not end within 0.3 s"


@pytest.mark.parametrize("which", ["sandbox", "bare"])
@pytest.mark.parametrize(
    "source",
    [
        "def f(n):\n    import slow\n    return slow.X",
        "def f(n):\n    from slow import X\n    return X",
        "def g():\n    import slow\n    return slow.X\ndef f(n): return g()",
        "from functools import cache\n@cache\ndef f(n):\n    import slow\n    return slow.X",
        "def by(g):\n    return lambda n: g()\n@by\ndef f():\n    import slow\n    return slow.X",
        "class f:\n    def __new__(cls, n):\n        import slow\n        return slow.X",
    ],
)
def test_the_first_import_in_a_function_is_not_charged_to_its_call(which, source, request):
    files = {"slow.py": b"import time\ntime.sleep(2)\nX = 1\n"}
    with request.getfixturevalue(which).session(files) as session:
        session.run_cell(source)
        limited(session, call_seconds=1.5)
        assert session.bind("f").observe([(0,)])[0].value == 1


@pytest.mark.parametrize(
    "imported",
    [
        "import own",
        "import absent",
        "import broken",
        "import figures.absent",
        "from broken import x",
    ],
)
def test_an_import_that_fails_is_the_calls_own(sandbox, imported):
    files = {"broken.py": b"raise SystemError('broken')\n", "figures.py": b""}
    with sandbox.session(files) as session:
        session.run_cell("%%writefile own.py\nraise SystemError('broken')")
        f = define(session, f"def f(n):\n    if n:\n        {imported}\n    return 1\n")
        whole, failed = f.observe([(0,), (1,)])
        assert whole.value == 1
        assert failed.error in ("SystemError", "ModuleNotFoundError")


def test_nothing_that_a_function_holds_keeps_its_import_from_ending(session):
    session.run_cell(
        "class Endless:\n    def __getattr__(self, name): return Endless()\n"
        "class Meta(type):\n    def __getattribute__(cls, name): raise SystemExit\n"
        "class Shy(metaclass=Meta): pass\n"
        "deep, shy = Endless(), Shy\n"
        "def f(n):\n    deep, shy\n    return f and 1"
    )
    assert session.bind("f").observe([(0,)])[0].value == 1


def test_many_slow_calls_end_with_the_exercise(session):
    limited(session, exercise_seconds=0.5)
    f = define(session, "import time\ndef f():\n    time.sleep(0.2)\n    return 1")
    seen = f.observe([()] * 10)
    assert seen[0].value == 1
    assert seen[-1].message == "all calls of this function did not end within 0.5 s"


def test_a_session_ends_when_its_time_is_used_up(sandbox):
    with sandbox.session(seconds=0.5) as one:
        one.run_cell("import time\ntime.sleep(0.1)")
        with pytest.raises(SessionLost, match="ran out of its time"):
            one.run_cell("time.sleep(100)")


def test_processor_time_is_bounded_by_the_kernel(sandbox):
    source = (
        "import resource\nprint(resource.getrlimit(resource.RLIMIT_CPU))\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\n" + STUBBORN
    )
    with sandbox.session() as one, pytest.raises(SessionLost, match="processor time"):
        one.run_cell(source, seconds=60)


# --- The end of a session -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import os\nos._exit(3)", r"ended itself \(exit code 3\)"),
        ("import os\nos._exit(0)", r"ended itself \(exit code 0\)"),
        ("import ctypes\nctypes.string_at(0)", r"crashed \(signal 11\)"),
        ("import os\nos.abort()", r"crashed \(signal \d+\)"),
        ("import os\nos.close(3)", CLOSED),
        ("import os\nos.closerange(0, 1000)", CLOSED),
        ("import os\nos.dup2(os.open('/dev/null', os.O_RDWR), 3)", CLOSED),
        *((f"import socket\nsocket.socket(fileno=3).shutdown({how})", CLOSED) for how in range(3)),
        ("import socket\nsocket.socket(fileno=3).shutdown(0)\nwhile True: pass", CLOSED),
    ],
)
def test_a_lost_session_says_how_it_was_lost(sandbox, session, source, reason):
    with pytest.raises(SessionLost, match=reason):
        session.run_cell(source)
    with pytest.raises(SessionLost, match=reason):
        session.run_cell("1 + 1")
    with pytest.raises(SessionLost, match=reason):
        session.bind("f")
    assert_alone(sandbox)
    assert_works(sandbox)


@pytest.mark.parametrize(
    "answer", ["np.zeros(5000)", "[0] * 5000", "np.zeros((2, 4000))", "10**9", "'x' * 9999"]
)
def test_what_a_lent_function_gets_from_student_code_is_bounded(session, answer):
    """Like 256 numbers times what a generator of the student's own gives for them."""
    session.run_cell(f"import numpy as np\ng = 1\ndef draw(n): return {answer}")
    f = define(session, "def f():\n    return g(draw)")
    with session.lending({"g": lambda draw: draw(3)}):
        (seen,) = f.observe([()])
    assert (seen.error, seen.message) == ("ValueError", "what it returned is too large")


def test_a_process_that_used_up_its_processor_time_is_told_from_one_that_was_killed(sandbox):
    with sandbox.session(seconds=1) as one:
        one.deadline += 60  # the kernel's limit is reached first
        with pytest.raises(SessionLost, match="more processor time"):
            one.run_cell("while True: pass", seconds=60)


def test_a_function_that_closes_the_connection_is_told_so_in_the_card(session):
    f = define(session, "import os\ndef f(n):\n    os.close(3)\n    return n")
    assert f.observe([(0,)])[0].message == CLOSED


def test_a_function_that_ends_the_process_loses_its_calls_only(session):
    f = define(session, "import os\ndef f(n):\n    if n: os._exit(1)\n    return 'right'")
    seen = f.observe([(0,), (1,), (0,)])
    assert [one.error for one in seen] == [None, "SessionLost", "SessionLost"]
    assert f.observe([(0,)])[0].error == "SessionLost"
    assert made(f)[1] is None


def test_a_closed_session_says_so(session):
    session.close()
    with pytest.raises(SessionLost, match="closed"):
        session.run_cell("1")


SURVIVED = "print('alive')"


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.kill(os.getppid(), 9)",
        "import os\nos.kill(os.getpid(), 9)",
        "import os\nos.kill(1, 15)",
        "import os\nos.kill(-1, 9)",
        "import os\nos.killpg(0, 9)",
        "import os\nfor pid in range(2, 5000):\n    try: os.kill(pid, 9)\n    except OSError: pass",
        "import os\nwhile True: os.fork()",
        "import os\nos.system('sleep 100 &')",
        "import subprocess\nsubprocess.Popen(['/usr/bin/sleep', '100'])",
        "import multiprocessing\nmultiprocessing.get_context('fork').Process(target=print).start()",
        "import os\nos.posix_spawn('/usr/bin/sleep', ['sleep', '100'], {})",
        "import threading, time\nfor _ in range(10_000):\n"
        "    threading.Thread(target=time.sleep, args=(100,), daemon=True).start()",
        "import numpy as np\nz = np.ones(3 << 27)",
        "held = []\nwhile True: held.append(bytearray(1 << 24))",
        "held = [0]\nwhile True: held += held",
        "import mmap\nheld = []\nwhile True: held.append(mmap.mmap(-1, 1 << 28))",
        "for n in range(4):\n    with open(f'/tmp/{n}', 'wb') as file: file.write(bytes(40 << 20))",
        "with open('/dev/shm/x', 'wb') as file: file.write(bytes(40 << 20))",
        "with open('x', 'wb') as file: file.truncate(1 << 40)",
        "for n in range(100_000): open(f'{n}', 'w').close()",
        "held = []\nwhile True: held.append(open('/dev/zero'))",
        "import os\nos.read(0, 10)\nopen('/dev/tty')",
        "import sys\nsys.setrecursionlimit(10**9)\ndef g(n): return g(n + 1)\nheld = []\n"
        "import resource\ng(0) if sys.version_info < (3, 11) else 1 / 0",
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
        "import signal, time\nsignal.setitimer(signal.ITIMER_REAL, 0.01)\ntime.sleep(0.1)",
    ],
)  # fmt: skip
def test_attacks_from_within_a_cell_fail_or_hurt_only_the_attacker(sandbox, monkeypatch, source):
    monkeypatch.setattr(sandbox, "limits", Limits(memory_megabytes=200))
    with sandbox.session(FILES) as session, contextlib.suppress(SessionLost):
        session.run_cell(source)
    assert_alone(sandbox)
    assert_works(sandbox)


def test_an_overflowing_c_stack_takes_only_its_own_process(sandbox, session):
    source = (
        "import sys\nsys.setrecursionlimit(10**9)\n"
        "class Deep:\n    def __repr__(self): return repr(Deep())\n"
        "class Deeper:\n    def __eq__(self, other): return [self] == [Deeper()]\n"
        "def down(_): return sorted([0], key=down)\n"
        "for dive in (lambda: repr(Deep()), lambda: Deeper() == 1, lambda: down(0)):\n"
        "    try: dive()\n    except RecursionError: pass"
    )
    with contextlib.suppress(SessionLost):
        session.run_cell(source, seconds=15)
    session.close()
    assert_alone(sandbox)
    assert_works(sandbox)


def test_memory_can_be_used_again_after_an_attack(session):
    assert error_of(session.run_cell("import numpy as np\nz = np.ones(3 << 27)"))[0] != ""
    assert said(session.run_cell("np.ones(1 << 20).sum()")) == "np.float64(1048576.0)"


# --- Forged answers -------------------------------------------------------------------------------

# Nodes are written by their names here: {'list': [1]} is [3, [1]] on the wire.
FORGE = (
    "import msgspec, os, struct, time, threading\n"
    "TAGS = 'handle callback array list tuple dict rng step opaque'.split()\n"
    "def tagged(node):\n"
    "    if type(node) is list: return [tagged(item) for item in node]\n"
    "    if type(node) is not dict: return node\n"
    "    ((tag, content),) = node.items()\n"
    "    return [TAGS.index(tag), *(content if tag == 'array' else [tagged(content)])]\n"
    "def forge(node, raw=b''):\n"
    "    text = node if type(node) is bytes else msgspec.msgpack.encode(tagged(node))\n"
    "    os.write(3, struct.pack('!II', len(text), len(raw)) + text + raw)\n"
    "def record(**fields): return {'dict': [[key, node] for key, node in fields.items()]}\n"
    "def answer(**changes):\n"
    "    fields = dict(value=1, error=None, message='', arguments={'tuple': []}, moved=False)\n"
    "    return record(**(fields | changes))\n"
)


SILENCE = "did not end within"


@pytest.fixture
def forger(session: Session) -> Session:
    assert session.run_cell(FORGE) == []
    return session


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("os.write(3, struct.pack('!II', 1 << 30, 0) + b'x' * 1000)", MALFORMED),
        ("os.write(3, b'\\xff' * 100_000)", MALFORMED),
        ("os.write(3, struct.pack('!II', 1000, 0) + b'{')\ntime.sleep(99)", SILENCE),
        ("os.write(3, b'\\0')\ntime.sleep(99)", SILENCE),
        (
            "os.write(3, struct.pack('!II', 1000, 0) + b'{')\nos._exit(0)",
            "in the middle of an answer",
        ),
        ("forge(b'\\x91' * 1_000_000)", MALFORMED),
        ("forge(b'not a message')", MALFORMED),
        ("forge([1])", MALFORMED),
        ("forge(b'bytes')", MALFORMED),
        ("forge(7)", MALFORMED),
        ("forge(record())", MALFORMED),
        ("forge(record(outputs=7))", MALFORMED),
        ("forge(record(outputs={'tuple': []}))", MALFORMED),
        ("forge(record(outputs={'array': ['float64', [1 << 60]]}))", MALFORMED),
        ("forge(record(outputs={'array': ['float64', [-1]]}))", MALFORMED),
        ("forge(record(outputs={'array': ['object', [1]]}), bytes(8))", MALFORMED),
        ("forge(record(ready=True))", MALFORMED),
        ("forge(record(refused='the host is on fire'))", MALFORMED),
        ("forge(record(ask=0, arguments={'tuple': []}))", MALFORMED),
        ("forge(record(ended=0))", r"ended itself \(exit code 0\)"),
        ("forge(record(ended=-9))", "was killed"),
        ("forge(record(ended='all is well, give full marks'))", MALFORMED),
        ("forge(record(ended={'list': [1] * 1000}))", MALFORMED),
    ],
)
def test_a_forged_answer_to_a_cell_ends_the_session(sandbox, forger, source, reason):
    with pytest.raises(SessionLost, match=reason):
        forger.run_cell(source, seconds=0.3 if reason == SILENCE else None)
    assert_alone(sandbox)
    assert_works(sandbox)


def test_names_of_what_can_be_called_come_with_module_and_number_of_arguments(session):
    session.run_cell(
        "from math import hypot\nvalue = 3\ndef f(a, b, c=1, *, d=2): pass\ng = lambda *a: 1\n"
        "class A:\n    def __init__(self, n): pass"
    )
    there = {name.name: (name.module, name.least, name.most) for name in session.names()}
    assert there["f"] == ("__main__", 2, 3)
    assert there["g"] == ("__main__", 0, None)
    assert there["A"] == ("__main__", 1, 1)
    assert there["hypot"][0] == "math"
    assert "value" not in there


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        ("{'list': [{'tuple': ['f', '__main__', 1, 1]}, 7, None, {'tuple': ['f']}]}", ["f"]),
        ("{'list': [{'tuple': ['a\\nb', 'm', 1, 1]}, {'tuple': [1, 'm', 1, 1]}]}", []),
        ("{'list': [{'tuple': ['f', 7, 1, 1]}]}", []),
        ("{'list': [{'tuple': ['f', '\\x1b[2J', 'one', 1.5]}]}", ["f"]),
    ],
)
def test_forged_names_are_names_or_nothing(forger, names, kept):
    # Written before it is asked for, so that the next read finds it.
    forger.run_cell(f"forge(record(outputs={{'list': []}}))\nforge(record(names={names}))")
    found = forger.names()
    assert [name.name for name in found] == kept
    assert all(name.module.isprintable() for name in found)
    assert all(type(one) in (int, type(None)) for name in found for one in (name.least, name.most))


def test_a_forged_list_of_names_that_is_none_ends_the_session(forger):
    forger.run_cell("forge(record(outputs={'list': []}))\nforge(record(names=7))")
    with pytest.raises(SessionLost, match=MALFORMED):
        forger.names()


@pytest.mark.parametrize(
    "item",
    [
        "7", "None", "'text'", "{'list': []}", "record()", "record(type='stream')",
        "record(type='stream', text=7)", "record(type='stream', name=7, text='kept')",
        "record(type='error', name=1, value='', traceback='')",
        "record(type='error', name='E', value='kept', traceback={'list': []})",
        "record(type='error', name='E', value='kept', traceback='')",
        "record(type='execute_result', data=record())",
        "record(type='result', data=record(**{'text/plain': '4.0'}))",
        "record(type='result', data={'dict': [[1, 'x'], ['text/html', ''], ['text/plain', '']]})",
        "record(type='display', data=record(**{'text/html': '<script>'}))",
        "record(type='display', data=record(**{'image/png': 'PNG'}))",
        "record(type='display', data=record(**{'image/png': {'array': ['uint8', [0]]}}))",
        "record(type='display', data=record(**{'image/svg+xml': '<svg>'}))",
        "record(output_type='execute_result', data=record(**{'text/plain': '36.0'}))",
    ],
)  # fmt: skip
def test_forged_outputs_are_outputs_of_a_notebook_or_nothing_and_never_points(forger, item):
    outputs = forger.run_cell(f"forge(record(outputs={{'list': [{item}]}}))\ntime.sleep(99)")
    cell = new_code_cell(outputs=[nbformat.NotebookNode(output) for output in outputs])
    nbformat.validate(new_notebook(cells=[cell]))
    assert "execute_result" not in [output["output_type"] for output in outputs]
    assert {mime for output in outputs for mime in output.get("data", {})} <= {"text/plain"}


@pytest.mark.parametrize(
    "outputs",
    [
        "{'list': [record(type='stream', text='x' * 500_000)] * 4}",
        "{'list': [record(type='stream', text='x')] * 9_000}",
        "{'list': [record(type='error', name='x' * 10**6, value='', traceback='')] * 2}",
        "{'list': [record(type='error', name='x', value='x', traceback='\\n' * 1_500_000)]}",
        "{'list': [record(type='result', data=record(**{'text/plain': 'x' * 100_000}))] * 20}",
    ],
)
def test_forged_outputs_are_bounded_like_honest_ones(forger, outputs):
    kept = forger.run_cell(f"forge(record(outputs={outputs}))\ntime.sleep(99)")
    bound = forger.limits.output_bytes + 200_000
    assert len(kept) <= 250
    assert sum(len(str(value)) for output in kept for value in output.values()) <= bound


def test_forged_pictures_are_bounded_like_honest_ones(forger):
    kept = forger.run_cell(
        "png = b'\\x89PNG\\r\\n\\x1a\\n' + bytes(3_000_000)\n"
        "picture = {'array': ['uint8', [len(png)]]}\n"
        "shown = record(type='display', data=record(**{'image/png': picture}))\n"
        "forge(record(outputs={'list': [shown] * 5}), png * 5)\ntime.sleep(99)"
    )
    assert len(kept) == 1


@pytest.mark.parametrize(
    "fields",
    ["value={'rng': 1}, error=7", "message=7", "message=None", "arguments={'list': []}",
     "arguments=None", "arguments={'tuple': [1, 2, 3, 4]}", "moved=1", "moved=None",
     "value={'array': ['float64', [1 << 40]]}", "object=7", "object=record(kind=7)",
     "object=record(kind='class')", "object=record(kind='class', handle=0)",
     "value={'dict': [[1, 1], [1, 2]]}",
     "value={'dict': [[{'handle': 2**45 * i}, 1] for i in range(45_000)]}",
     "value={'dict': [[i << 45, 1] for i in range(45_000)]}", "value={'rng': -1}",
     "value={'list': [{'array': ['bool', [1 << 26, 0]]}]}", "value={'rng': 1.0}", "value=[9, 1]"],
)  # fmt: skip
def test_a_forged_answer_of_the_wrong_types_ends_the_session(sandbox, forger, fields):
    f = define(forger, f"def f(z):\n    forge(answer({fields}))\n    time.sleep(99)")
    (seen,) = f.observe([(1,)])
    assert (seen.error, seen.message) == ("SessionLost", MALFORMED)
    assert_alone(sandbox)


LARGE = {
    "long and empty": "return np.zeros((67108864, 0), bool)",
    "long and empty in lists": "return [(np.zeros((9999, 0)), {'a': np.zeros((9999, 0))})] * 500",
    "bytes, twice the same": "return np.zeros(1 << 20, np.uint8)",
    "as much as may be": "return np.zeros(1 << 20)",
    "arrays": "return [np.zeros(1 << 20, np.uint8)] * 8",
    "texts": "return ['x' * 300] * 9000",
    "keys": "return {'x' * 3000 + str(i): i for i in range(1000)}",
    "in the arguments": "z[0].resize((1 << 20, 1), refcheck=False) if z[0].flags.owndata else None",
    "a forged array": "forge(answer(value={'array': ['uint8', [16 << 20]]}), bytes(16 << 20))",
    "forged lists": "forge(b'\\x92\\3\\xdd\\0\\x0a\\0\\0' + b'\\x92\\3\\x90' * 655_360)",
    "forged maps": "forge(b'\\x92\\3\\xdd\\0\\x10\\0\\0' + b'\\x80' * 1_048_576)",
    "forged texts": "forge(b'\\x92\\3\\xdd\\0\\x0a\\0\\0' + b'\\xa2ab' * 655_360)",
}


@pytest.mark.parametrize("kind", LARGE)
def test_whatever_is_returned_judging_it_takes_little_memory(forger, kind):
    assert forger.run_cell("import numpy as np") == []
    f = define(forger, f"def f(*z):\n    {LARGE[kind]}")
    limited(forger, exercise_seconds=3.0)
    tracemalloc.start()
    try:
        verdict = judge(EXERCISES["softmax"], f, 0)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert verdict.points == 0
    assert most < 150 << 20
    assert all(len(finding.message) <= 600 for finding in verdict.findings)


def test_a_forged_answer_of_the_right_types_is_a_value_like_any_other(forger):
    source = (
        "def f(z):\n    forge(answer(value={'rng': 1}, error='\\x1b[2J' * 99, message='\\n' * 999,"
        " arguments={'tuple': [{'handle': 3}]}))"
    )
    (seen,) = define(forger, source).observe([(1,)])
    assert seen.value == Opaque("Rng")
    assert len(seen.error) == 80
    assert seen.error.isprintable()
    assert seen.message == "?" * 300
    assert seen.arguments == (None,)


def test_there_is_an_argument_for_each_argument_whatever_comes_back(forger):
    f = define(forger, "def f(*z):\n    forge(answer())\n    time.sleep(99)")
    assert f.observe([(1, np.ones(2))])[0].arguments == (None, None)


def test_answers_queued_in_advance_shift_and_the_session_ends(forger):
    f = define(forger, "def f(n): return n")
    outputs = forger.run_cell(
        "forge(record(outputs={'list': []}))\nforge(answer(value='queued'))\nprint('real')"
    )
    assert outputs == []
    seen = f.observe([(1,), (2,)])
    # First the queued answer, then the cell's answer, which does not answer a call.
    assert seen[0].value == "queued"
    assert seen[1].error == "SessionLost"
    with pytest.raises(SessionLost):
        forger.bind("f")


@pytest.mark.parametrize(
    "node",
    ["record(kind=7)", "record(kind='class')", "record(kind='function', handle=7)",
     "record(handle={'handle': 0})", "record(kind={'list': []}, handle={'handle': 0})"],
)  # fmt: skip
def test_a_forged_binding_ends_the_session(forger, node):
    forger.run_cell(f"forge(record(outputs={{'list': []}}))\nforge({node})\ntime.sleep(0)")
    with pytest.raises(SessionLost, match=MALFORMED):
        forger.bind("f")


def test_a_forged_handle_fails_where_it_is_used(forger):
    forger.run_cell(
        "forge(record(outputs={'list': []}))\n"
        "forge(record(kind='function', handle={'handle': 10**9}))"
    )
    assert forger.bind("f").observe([()])[0].error == "SessionLost"


def test_a_kind_is_short_and_printable(forger):
    forger.run_cell(
        "forge(record(outputs={'list': []}))\n"
        "forge(record(kind='\\x1b[2J' * 99, handle={'handle': 0}))"
    )
    assert forger.bind("f").kind == ("?[2J" * 99)[:80]


def test_a_thread_that_answers_in_the_others_place_changes_nothing_outside(sandbox, forger):
    forger.run_cell(
        "def usurp():\n    while True:\n        os.read(3, 1 << 16)\n"
        "        forge(answer(value='usurped'))\n"
        "threading.Thread(target=usurp, daemon=True).start()\ndef f(): return 'real'"
    )
    limited(forger, call_seconds=1.0, cell_seconds=1.0)
    with contextlib.suppress(SessionLost):
        for _ in range(20):
            forger.bind("f").observe([()] * 3)
    forger.close()
    assert_alone(sandbox)
    assert_works(sandbox)


def test_endless_forged_answers_fill_nothing(sandbox, forger):
    limited(forger, cell_seconds=1.0)
    forger.run_cell("while True: forge(record(outputs={'list': []}))")
    with pytest.raises(SessionLost):
        forger.bind("f")
    assert_alone(sandbox)


def test_descriptors_that_student_code_sends_do_not_arrive(sandbox, session):
    before = os.listdir("/proc/self/fd")
    session.run_cell(
        "import socket, os, struct\nfd = os.open('/dev/null', os.O_RDONLY)\n"
        "text = bytes.fromhex('92059192a76f757470757473920390')\n"
        "frame = struct.pack('!II', len(text), 0) + text\n"
        "socket.send_fds(socket.socket(fileno=3), [frame], [fd] * 50)"
    )
    assert os.listdir("/proc/self/fd") == before


# --- Other submissions ----------------------------------------------------------------------------


def test_sessions_at_the_same_time_do_not_see_each_other(sandbox):
    places = (
        "places = '/ /tmp /dev /dev/shm /dev/pts /dev/mqueue /course /var/tmp /run /run/lock /opt"
        " /opt/box /usr /usr/lib /etc /proc /proc/self /mnt /home /root .'.split()\n"
        "import os, socket\n"
    )
    leave = places + (
        "for place in places:\n"
        "    try: open(f'{place}/mark', 'w').write('secret')\n"
        "    except OSError: pass\n"
        "abstract = socket.socket(socket.AF_UNIX)\nabstract.bind('\\0mark')\nabstract.listen()\n"
        "named = socket.socket(socket.AF_UNIX)\nnamed.bind('/tmp/named')\nnamed.listen()\n"
        "print([place for place in places if os.path.exists(f'{place}/mark')])"
    )
    look = places + (
        "found = [place for place in places for name in ('mark', 'named')\n"
        "         if os.path.lexists(f'{place}/{name}')]\n"
        "for name in ('\\0mark', '/tmp/named'):\n"
        "    try: found.append(socket.socket(socket.AF_UNIX).connect(name))\n"
        "    except OSError: pass\n"
        "print(found, [name for name in os.listdir('/proc') if name.isdigit()])\n"
        "print(len(open('/proc/net/unix').readlines()) - 1)"
    )
    with sandbox.session() as one, sandbox.session() as other:
        assert said(one.run_cell(leave)) == "['/tmp', '/dev/shm', '.']\n"
        assert said(other.run_cell(look)) == "[] ['1']\n0\n"


def test_sessions_at_the_same_time_do_not_share_memory_or_queues(sandbox):
    for attempt in (
        "from multiprocessing import shared_memory\nshared_memory.SharedMemory('mark', True, 10)",
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "if libc.shmget(77, 4096, 0o1777) < 0: raise OSError(ctypes.get_errno(), 'shmget')",
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "if libc.msgget(77, 0o1777) < 0: raise OSError(ctypes.get_errno(), 'msgget')",
    ):
        with sandbox.session() as one, sandbox.session() as other:
            first = one.run_cell(attempt)
            second = other.run_cell(attempt.replace("True, 10", "False"))
            assert error_of(second)[0] in ("FileNotFoundError", "OSError", "PermissionError")
            assert first == [] or error_of(first)[0] == "PermissionError" or "shmget" in attempt


# --- Processes, descriptors, folders --------------------------------------------------------------


def processes() -> dict[int, tuple[int, str, str]]:
    """Return parent, state and start time of every process."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                text = Path("/proc", name, "stat").read_text()
                state, parent, *rest = text.rpartition(")")[2].split()
                found[int(name)] = (int(parent), state, rest[17])
    return found


def family(root: int) -> set[tuple[int, str]]:
    """Return a process and its descendants, each with its start time."""
    all_of_them = processes()
    members = {root}
    while True:
        more = {pid for pid, (parent, _, _) in all_of_them.items() if parent in members} - members
        if not more:
            break
        members |= more
    return {(pid, all_of_them[pid][2]) for pid in members if pid in all_of_them}


def server_of(sandbox: Sandbox) -> int:
    """Return the process of the fork server itself; its guards look the same, one level below."""

    def is_python_inside(pid: int) -> bool:
        with contextlib.suppress(OSError):
            line = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            return b"autograder.sandbox.inside.server" in line and b"bwrap" not in line[0]
        return False

    members = {pid for pid, _ in family(sandbox._box._process.pid) if is_python_inside(pid)}
    parents = processes()
    (server,) = [pid for pid in members if parents[pid][0] not in members]
    return server


def living(members: set[tuple[int, str]]) -> set[tuple[int, str]]:
    now = processes()
    return {
        (pid, start)
        for pid, start in members
        if pid in now and now[pid][2] == start and now[pid][1] not in "ZX"
    }


def eventually(condition: Any) -> bool:
    """Wait until something holds; the kernel needs a moment to end a process."""
    for _ in range(2000):
        if condition():
            return True
        time.sleep(0.01)
    return False


def assert_works(sandbox: Sandbox) -> None:
    with sandbox.session() as one:
        assert said(one.run_cell("6 * 7")) == "42"


def assert_alone(sandbox: Sandbox) -> None:
    """Nothing runs in the box but the fork server: every guard and child has gone."""
    root = sandbox._box._process.pid  # type: ignore[union-attr]
    idle = 3 if sandbox.isolation == "bwrap" else 1
    assert eventually(lambda: len(living(family(root))) <= idle), family(root)


def test_no_process_is_left_after_a_session(sandbox):
    assert_alone(sandbox)  # those of the test before may still be ending
    with sandbox.session() as one:
        one.run_cell("1")
        assert len(family(sandbox._box._process.pid)) == 5
    assert_alone(sandbox)


def test_many_sessions_leak_no_descriptors_and_no_processes(sandbox):
    before = len(os.listdir("/proc/self/fd"))
    server = server_of(sandbox)
    theirs = len(os.listdir(f"/proc/{server}/fd"))
    for _ in range(200):
        sandbox.session().close()
    assert len(os.listdir("/proc/self/fd")) == before
    assert_alone(sandbox)
    assert eventually(lambda: len(os.listdir(f"/proc/{server}/fd")) == theirs)


def test_a_fork_server_that_is_killed_while_it_starts_is_replaced(monkeypatch):
    killed: list[int] = []
    wait = Box.wait_until_ready

    def kill_the_first(box: Box) -> None:
        if not killed:
            box._process.kill()
            killed.append(box._process.pid)
        wait(box)

    monkeypatch.setattr(Box, "wait_until_ready", kill_the_first)
    with Sandbox() as one, one.session() as session:
        assert said(session.run_cell("print(1 + 1)")) == "2\n"
    assert len(killed) == 1


def test_a_killed_fork_server_is_replaced(sandbox):
    lost = sandbox.session()
    members = family(sandbox._box._process.pid)
    os.kill(server_of(sandbox), signal.SIGKILL)
    with pytest.raises(SandboxLost, match="the fork server was killed"):
        lost.run_cell("while True: pass")
    with pytest.raises(SessionLost):
        lost.run_cell("1")
    assert eventually(lambda: not living(members))
    assert_works(sandbox)
    assert not living(members)


@pytest.mark.parametrize("which", ["sandbox", "bare"])
def test_a_closed_sandbox_leaves_no_process_and_no_folder(which, request):
    one = request.getfixturevalue(which)
    left_open = one.session()
    members, folder = family(one._box._process.pid), one._box._inside
    assert len(members) > 2
    assert folder.is_dir()
    one.close()
    assert eventually(lambda: not living(members))
    assert not folder.exists()
    with pytest.raises(SandboxLost):
        left_open.run_cell("1")


def test_a_sandbox_that_nobody_closes_leaves_no_folder(tmp_path):
    source = (
        f"import sys\nsys.path.insert(0, {str(HERE.parent)!r})\n"
        "from autograder.sandbox.box import Box, _inside_folder\n"
        "Box._start_bare = lambda self, theirs: theirs.sendall(b'ready\\n')\n"
        "box = Box('none')\nprint(box._inside.parent)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", source],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == str(tmp_path), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_killed_grader_leaves_no_process(tmp_path):
    reason = why_no_isolation()
    if reason is not None:
        pytest.skip(reason)
    source = (
        "import sys, time\n"
        f"sys.path.insert(0, {str(HERE.parent)!r})\n"
        "from autograder.sandbox import Sandbox\n"
        "one = Sandbox().session()\n"
        "one.run_cell('import ctypes, threading\\nctypes.CDLL(None).prctl(1, 0)\\n'\n"
        "             'def spin():\\n    while True: pass\\n'\n"
        "             'threading.Thread(target=spin, daemon=True).start()')\n"
        "print('running', flush=True)\n"
        "time.sleep(1000)\n"
    )
    grader = subprocess.Popen(
        [sys.executable, "-c", source],
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    with grader:
        assert grader.stdout.readline() == b"running\n"
        members = family(grader.pid)
        assert len(members) == 6
        grader.kill()
    assert eventually(lambda: not living(members))
