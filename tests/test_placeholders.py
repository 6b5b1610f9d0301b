"""A package that a course does not allow: imports end no cell, uses say why, and earn nothing."""

from __future__ import annotations

from collections.abc import Iterator

import nbformat
import pytest
from classes import NOTEBOOKS, ROOT
from isolation import need_isolation
from masters import master_of

from autograder.course.assignment import Assignment
from autograder.course.folder import INERT_CHECKS
from autograder.judging import cards
from autograder.sandbox import Sandbox, Session
from autograder.sandbox.inside.placeholders import _ready_lines
from autograder.submission.notebook import grade_notebook
from softmax_by_hand import EXERCISES

PACKAGES = ("matplotlib", "numpy")
SCIPY = "scipy is not part of this course: write it in NumPy"


@pytest.fixture(scope="module")
def restricted() -> Iterator[Sandbox]:
    need_isolation()
    with Sandbox(packages=PACKAGES) as one:
        yield one


@pytest.fixture
def session(restricted: Sandbox) -> Iterator[Session]:
    with restricted.session({"helper.py": b"X = 1\n"}) as one:
        yield one


def said(session: Session, source: str) -> str:
    """Return what a cell printed or showed; an error is a failed test."""
    shown = []
    for output in session.run_cell(source):
        assert output["output_type"] != "error", output
        shown.append(output.get("text") or output["data"]["text/plain"])
    return "".join(shown).strip()


def refused(session: Session, source: str) -> str:
    """Return the error that a cell ended with."""
    error = session.run_cell(source)[-1]
    assert error["output_type"] == "error", error
    assert error["ename"] == "NotInThisCourse"
    return str(error["evalue"])


# --- Imports --------------------------------------------------------------------------------------

IMPORTS = [
    "import scipy", "import scipy.special",
    "import tensorflow.keras.layers as L, torch.nn.functional as F",
    "from scipy.special import softmax, expit as sigmoid", "from scipy import special, stats as st",
    "from torch import *", "import pandas as pd\nfrom sklearn.datasets import load_digits",
    "import importlib\nimportlib.import_module('sklearn.metrics')", "__import__('scipy.special')",
    "def load():\n    import jax\nload()",
    "class Net:\n    import keras\n    from keras import layers",
    "import mine, my_package.part\nfrom my_helpers import *", "%load_ext tensorboard",
    "%load_ext autoreload",
    "import numpy, matplotlib.pyplot, IPython.display, PIL.Image, math, sqlite3, helper",
]  # fmt: skip


@pytest.mark.parametrize("source", IMPORTS)
def test_an_import_ends_no_cell(session, source):
    assert said(session, f"{source}\nprint('went on')").endswith("went on")


def test_what_is_there_is_the_thing_itself(session):
    used = "import helper, numpy as np\nhelper.X, float(np.sum([1, 2]))"
    assert said(session, used) == "(1, 3.0)"


READY = [
    "try:\n    import cupy as np\nexcept ImportError:\n    import numpy as np",
    "try:\n    import cupy as np\nexcept (KeyError, ModuleNotFoundError):\n    import numpy as np",
    "try:\n    from jax import numpy as np\nexcept Exception:\n    import numpy as np",
    "try:\n    import cupy as np\nexcept:\n    import numpy as np",
    "import builtins as b\n"
    "try:\n    import cupy as np\nexcept b.ImportError:\n    import numpy as np",
    "def get():\n    import cupy\n    return cupy\n"
    "try:\n    np = get()\nexcept ImportError:\n    import numpy as np",
    "import contextlib, numpy as np\nwith contextlib.suppress(ImportError):\n    import cupy as np",
    "from importlib.util import find_spec\n"
    "import numpy as np\nif find_spec('cupy') or find_spec('scipy.special'):\n    np = None",
    "import cupy\nfrom importlib.util import find_spec\n"
    "import numpy as np\nif find_spec('cupy') is not None:\n    np = None",
]


@pytest.mark.parametrize("source", READY)
def test_code_that_can_do_without_does_without(session, source):
    assert said(session, f"{source}\nprint(np.__name__)") == "numpy"


@pytest.mark.parametrize("package", ["scipy", "cupy"])
def test_a_function_that_can_do_without_does_without_when_it_is_called(session, package):
    session.run_cell(
        f"def f(n):\n    try:\n        import {package}\n        return 1\n"
        "    except ImportError:\n        return 2"
    )
    assert session.bind("f").observe([(0,)])[0].value == 2


def test_a_file_that_a_cell_writes_may_import_as_a_cell_may(session):
    said(session, "%%writefile mine.py\nimport scipy.special as s\ndef f(): return s.softmax(1)")
    said(session, "%%writefile ready.py\n" + READY[0])
    assert said(session, "import mine, ready\nready.np.__name__") == "'numpy'"
    assert refused(session, "mine.f()") == SCIPY


def test_a_handler_elsewhere_waits_for_nothing():
    inside = "    def f():\n        import b\n"
    waits = f"try:\n    import a\n{inside}except ImportError:\n    import c\n"
    assert sorted(_ready_lines(waits)) == [2, 3]
    for other in ("except ValueError:", "finally:"):
        assert _ready_lines(f"try:\n    import a\n{other}\n    pass") == frozenset()
    assert _ready_lines("not python at all") == frozenset()


def test_libraries_look_for_optional_packages_in_vain_as_ever(session):
    said(session, "import torch, tensorflow, pandas, jax")
    # Matplotlib asks modules of these names whether what it draws is theirs.
    plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2], label='x')\nplt.legend()\nplt.show()"
    assert "Figure" in said(session, plot)
    assert said(session, "import doctest, warnings\nwarnings.warn\ndoctest.testmod().failed") == "0"


# --- Uses -----------------------------------------------------------------------------------------

USES = [
    "softmax([1, 2])", "scipy.special([1])", "scipy.linalg", "softmax + 1", "2 @ softmax",
    "-softmax", "softmax[0]", "for _ in softmax: pass", "len(softmax)", "with softmax: pass",
    "class Mine(softmax): pass", "@softmax\ndef f(z): return z", "isinstance(1, softmax)",
    "import numpy as np\nnp.asarray(softmax)", "import numpy as np\nnp.exp(softmax)",
    "import pickle\npickle.dumps(scipy)", "import copy\ncopy.copy(scipy)",
    "import copy\ncopy.deepcopy({'a': [softmax]})", "list(map(softmax, [1]))", "float(softmax)",
    "softmax < 1",
]  # fmt: skip


@pytest.mark.parametrize("use", USES)
def test_a_use_says_why_not(session, use):
    said(session, "import scipy\nfrom scipy.special import softmax")
    assert refused(session, use) == SCIPY


def test_looking_at_one_is_no_use_of_it(session):
    said(session, "import scipy\nfrom scipy.special import softmax")
    looks = (
        "import inspect\n[dir(softmax), hasattr(scipy, 'x'), getattr(scipy, 'x', 1), bool(scipy),"
        " inspect.signature(softmax), inspect.getdoc(scipy), inspect.isclass(softmax),"
        " scipy.__name__, scipy.__version__, {softmax: 1}, softmax == scipy]\nNone"
    )
    assert said(session, looks) == ""
    assert said(session, "scipy") == f"<scipy: {SCIPY}>"
    assert "scipy" in said(session, "%whos")


def test_a_file_of_the_students_own_is_told_as_one(session):
    said(session, "import my_network")
    told = refused(session, "my_network.softmax")
    here = "there is no my_network here: the grader has this notebook and the files"
    assert (told.startswith(here), "put the code" in told) == (True, True)


def test_without_isolation_imports_are_the_same():
    with Sandbox("none", packages=PACKAGES) as bare, bare.session() as session:
        said(session, "import pytest, scipy.special\nfrom nbgrader import api")
        assert refused(session, "pytest.main").startswith("pytest is not part of this course")
        assert said(session, READY[0] + "\nprint(np.__name__)") == "numpy"


def test_a_course_that_says_nothing_has_all_that_is_installed(sandbox):
    with sandbox.session() as session:
        assert said(session, "import nbformat\nnbformat.__name__") == "'nbformat'"
        error = session.run_cell("import no_such_package")[-1]
        assert error["ename"] == "ModuleNotFoundError"


# --- What a library's answer earns ----------------------------------------------------------------

WALK = """
import os
def sources(name):
    for top in ("/opt", "/usr", "/lib", "/root", "/home", "/venv", "/srv"):
        for folder, _, files in os.walk(top):
            for file in files:
                if file.startswith(name) or f"/{name}/" in folder:
                    if not file.endswith(".pyi") and "typeshed" not in folder:
                        yield os.path.join(folder, file)
"""
BY_A_LIBRARY = {
    "imported": "import scipy.special\n"
    "def softmax(z):\n    return scipy.special.softmax(z, axis=0)",
    "from": "from scipy.special import softmax",
    "renamed": "from scipy.special import softmax as sm\ndef softmax(z):\n    return sm(z, axis=0)",
    "inside": "def softmax(z):\n    import scipy.special as s\n    return s.softmax(z, axis=0)",
    "importlib": "import importlib\n"
    "def softmax(z):\n    return importlib.import_module('scipy.special').softmax(z, axis=0)",
    "__import__": "def softmax(z):\n    return __import__('scipy').special.softmax(z, axis=0)",
    "partial": "import functools, scipy.special as s\n"
    "softmax = functools.partial(s.softmax, axis=0)",
    "tensorflow": "import tensorflow as tf\n"
    "def softmax(z):\n    return tf.nn.softmax(z.T).numpy().T",
    "torch": "import torch\ndef softmax(z):\n    return torch.softmax(torch.tensor(z), 0).numpy()",
    "sklearn": "from sklearn.utils.extmath import softmax as s\n"
    "def softmax(z):\n    return s(z.T).T",
    "exec": "exec('from scipy.special import softmax as s')\n"
    "def softmax(z):\n    return s(z, axis=0)",
    "sys.path": "import sys, sysconfig, glob\n"
    "sys.path[:0] = [sysconfig.get_path('purelib'), *glob.glob('/opt/packages/*'),"
    " *glob.glob('/usr/lib/python3*/*-packages')]\n"
    "import scipy.special\ndef softmax(z):\n    return scipy.special.softmax(z, axis=0)",
    "meta_path": "import sys\n"
    "sys.meta_path[:] = [f for f in sys.meta_path if 'placeholder' not in str(f)]\n"
    "import scipy.special\ndef softmax(z):\n    return scipy.special.softmax(z, axis=0)",
    "source on disk": WALK + "found = [path for path in sources('scipy')]\n"
    "assert found, 'nothing of it is here'\n"
    "exec(open(found[0]).read())",
    "a wheel": "import sys, ensurepip, os\n"
    "bundled = os.path.join(os.path.dirname(ensurepip.__file__), '_bundled')\n"
    "sys.path += [os.path.join(bundled, name) for name in os.listdir(bundled)]\n"
    "from pip._vendor import scipy\ndef softmax(z):\n    return scipy.special.softmax(z)",
    "ctypes": "import ctypes.util, ctypes\n"
    "library = ctypes.CDLL(ctypes.util.find_library('tensorflow') or 'libtensorflow_cc.so.2')\n"
    "softmax = library.softmax",
    "checks": "from checks import right_softmax as softmax",
    "checks, looked for": "import checks\n"
    "softmax = next(f for name, f in vars(checks).items() if 'softmax' in name)",
    "figures": "import figures\nsoftmax = figures.softmax",
    "the grader's own": "from softmax_by_hand.lecture import softmax",
    "nbgrader's": "from nbgrader import softmax",
}
NAMES_A_REASON = (
    "is not part of this course: write it in NumPy",
    "the grader has this notebook and the files that were released with it", "No module named",
    "cannot import name", "checks has no", "StopIteration", "AssertionError: nothing of it is here",
    "OSError", "has no attribute 'softmax'",
    "no cell defines it",  # where code that was looked for was to define it,
)  # fmt: skip


@pytest.mark.parametrize("way", BY_A_LIBRARY)
def test_an_answer_of_a_library_earns_nothing_and_the_card_says_why(restricted, way):
    notebook = nbformat.read(NOTEBOOKS / "untouched.ipynb", as_version=4)
    master = tuple(master_of(notebook))
    pictures = (ROOT / "notebooks/figures.py").read_bytes()
    files = {"checks.py": INERT_CHECKS.read_bytes(), "figures.py": pictures}
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "softmax":
            cell.source = BY_A_LIBRARY[way]
    graded = grade_notebook(notebook, Assignment("ps1", master, files), restricted, 5)
    (verdict,) = (one for one in graded.verdicts if one.exercise == "softmax")
    assert verdict.points == 0
    card = cards.verdict_text(verdict, EXERCISES["softmax"])
    assert any(reason in card for reason in NAMES_A_REASON), card
    if way in ("imported", "from", "renamed", "inside", "importlib", "tensorflow", "torch"):
        package = way if way in ("tensorflow", "torch") else "scipy"
        assert f"{package} is not part of this course: write it in NumPy" in card


def test_checks_is_inert_while_grading(restricted):
    with restricted.session({"checks.py": INERT_CHECKS.read_bytes()}) as session:
        assert said(session, "from checks import check\ncheck(print)\ncheck(1, 'softmax')") == ""
        assert said(session, "from checks import *\ncheck(len)") == ""
        names = "import checks\n[n for n in dir(checks) if n[0] != '_']"
        assert said(session, names) == "['check']"
        error = session.run_cell("checks.look_at")[-1]
        assert error["evalue"].startswith("checks has no look_at while grading")
