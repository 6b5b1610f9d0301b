"""Why a name is not there is said by its cause; slips of typing are named in words."""

from __future__ import annotations

import nbformat
import pytest
from masters import master_of
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.course.assignment import GRADE_PREFIX, Assignment
from autograder.sandbox import Sandbox
from autograder.submission.causes import NOT_RUN, STOPPED, CellRun, failed, why_missing
from autograder.submission.notebook import GradedNotebook, judge_notebook
from autograder.submission.slips import blocks, does_nothing, left_open, said_of_error

SOFTMAX = "def softmax(z):\n    e = np.exp(z - z.max(axis=0))\n    return e / e.sum(axis=0)"
IMPORT = "import numpy as np"


def ran(*sources: str) -> list[CellRun]:
    return [CellRun(i, "code", source) for i, source in enumerate(sources, start=1)]


# --- Why a name is missing ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([CellRun(7, "code", SOFTMAX, "SyntaxError", "invalid syntax (<cell 9>, line 3)")],
         "code cell 7 did not run to its end: SyntaxError at line 3: invalid syntax"),
        ([CellRun(7, "code", "x\n" + SOFTMAX, "NameError", "name 'x' is not defined", 1)],
         "code cell 7 did not run to its end: NameError at line 1: name 'x' is not defined"),
        ([CellRun(1, "code", "import nump\nimport numpy as np", "ModuleNotFoundError",
                  "No module named 'nump'", 1),
          CellRun(2, "code", "np.eye(2)\n" + SOFTMAX, "NameError", "name 'np' is not defined", 1)],
         "code cell 2 did not run to its end: NameError at line 1: name 'np' is not defined; "
         "code cell 1 did not run to its end: ModuleNotFoundError at line 1: No module named "
         "'nump'"),
        ([CellRun(3, "code", SOFTMAX, STOPPED, "this cell did not end within 20 s")],
         "code cell 3 was stopped: this cell did not end within 20 s"),
        ([CellRun(3, "code", SOFTMAX, NOT_RUN, "its process was lost 4 times")],
         "code cell 3 was not run: its process was lost 4 times"),
        (ran(SOFTMAX, "softmax(x)\ndel softmax"), "code cell 2 deletes it (del softmax)"),
        (ran(SOFTMAX, "del (a, softmax)"), "code cell 2 deletes it (del (a, softmax))"),
        (ran(SOFTMAX, "%reset -f"), "code cell 2 deletes all names (%reset -f)"),
        (ran("%%timeit\n" + SOFTMAX),
         "code cell 1 begins with %%timeit: what it defines is not kept"),
        (ran("def helper():\n    def softmax(z):\n        return z\n    return 1"),
         "in code cell 1 it is defined inside the function helper, so that outside nothing has "
         "this name: move it to the left margin"),
        (ran("class A:\n\n  x = 1\n  def softmax(self, z):\n    return z"),
         "in code cell 1 it is defined inside the class A, so that outside nothing has this name: "
         "move it to the left margin"),
        (ran("if False:\n    def softmax(z):\n        return z"),
         "in code cell 1 it stands under `if False:`, and was not reached"),
        (ran("#def softmax(z):\n#    return z"),
         "in code cell 1 it is a comment (line 1 begins with #)"),
        ([CellRun(0, "markdown", SOFTMAX)],
         "it stands in a Markdown cell, which is not run: make it a code cell"),
        ([CellRun(0, "raw", SOFTMAX)], "it stands in a raw cell, which is not run: make it a code "
         "cell"),
        (ran("def sofmax(z):\n    return z"),
         "code cell 1 defines sofmax: is it misspelt? Its name is softmax"),
        (ran("SoftMax = lambda z: z"),
         "code cell 1 defines SoftMax: is it misspelt? Its name is softmax"),
        (ran("x = 1"), "no cell defines it"),
        ([], "no cell defines it"),
    ],
)  # fmt: skip
def test_a_missing_name_is_told_by_its_cause(cells, said):
    assert why_missing("softmax", cells) == said


def test_another_exercise_is_no_misspelling_of_this_one():
    cells = ran("def cce_gradient(Y, Yhat):\n    return Y", "def scores(W, Xb):\n    return W")
    assert why_missing("cce_gradients", cells, ["cce_gradient", "scores"]) == "no cell defines it"


def test_what_a_cell_says_is_bounded_and_steers_nothing():
    text = "\x1b[2J" + "x" * 10_000 + " (/course/checks.py)"
    said = why_missing("softmax", [CellRun(1, "code", SOFTMAX, "Value\x1bError", text, 1)])
    assert len(said) <= 400
    assert "\x1b" not in said
    assert "/course" not in failed("f", [CellRun(1, "code", "f = 1", "E", "no (/course/a.py)")])


def test_long_hostile_texts_are_read_in_linear_time():
    """They are as long as a notebook may be; each of these reads would take hours if quadratic."""
    for piece in (
        "softmax",
        "(softmax,",
        'def softmax("""',
        "    #def softmax(:\n",
        "'''\n\"\"\"\n",
    ):
        text = (piece * 500_000)[:500_000]
        why_missing("softmax", [CellRun(1, "code", text, "SyntaxError", "a (<cell 1>, line 1)")])
        why_missing("softmax", [CellRun(1, "code", text)])
        all(map(does_nothing, blocks(text, "softmax")[:1]))


# --- Slips ----------------------------------------------------------------------------------------


def error_of(source: str) -> str:
    """Return what is said of a cell, which Python refuses, with the names of its own error."""
    try:
        compile(source, "<cell 3>", "exec")
    except SyntaxError as failure:
        return said_of_error(type(failure).__name__, str(failure), source)
    raise AssertionError("Python reads it")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("x = 1\ny =\u00a02",
         "SyntaxError at line 2: line 2 has a no-break space (U+00A0) where a space is meant: "
         "retype it"),
        ("if 1:\n\u00a0\u00a0x = 1", "has a no-break space (U+00A0) where a space is meant"),
        ("x = 1\n\u3000y = 2", "an unusual space (U+3000) where a space is meant"),
        ("print(\u201chello\u201d)", "a curly quotation mark (U+201C) where \" is meant"),
        ("print(\u2018hello\u2019)", "a curly quotation mark (U+2018) where ' is meant"),
        ("print('hello\u2019)", "a curly quotation mark (U+2019) where ' is meant"),
        ("a = 1 \u2212 2", "a dash (U+2212) where - is meant"),
        ("a = 2 \u00d7 2", "a sign for times (U+00D7) where * is meant"),
        ("f\uff081, 2)", "a full-width ( (U+FF08) where ( is meant"),
        ("f(1\uff0c 2)", "a full-width , (U+FF0C) where , is meant"),
        ("a\u200b = 1", "an invisible character (U+200B): delete the line and type it anew"),
        ("x\n\ufeffy = 1", "an invisible character (U+FEFF)"),
        ("if 1:\n\tx = 1\n        y = 2", "line 2 is indented with tabs, others with spaces"),
        ("if 1:\n        x = 1\n\ty = 2", "line 3 is indented with tabs, others with spaces"),
        ("<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> b",
         "lines 1, 3 and 5 have the marks of a merge conflict (<<<<<<<, =======, >>>>>>>): keep "
         "one of the two versions, and delete the marks"),
        ("x = 1\nprint x", "line 2 has Python 2's print: write print(...)"),
        ("print 'a' % 1", "Python 2's print"),
        ("print \"a\", 1", "Python 2's print"),
        ("try:\n    1\nexcept ValueError, e:\n    2", "Python 2's except"),
        ("raise ValueError, 'no'", "Python 2's raise"),
        ("if 1 <> 2: 3", "Python 2's <>"),
        ("x = 1\ny = (1", "SyntaxError at line 2: '(' was never closed"),
        ("def f(x)\n    return x  # don\u2019t", "SyntaxError at line 1: expected ':'"),
    ],
)  # fmt: skip
def test_slips_of_typing_are_named_in_words(source, words):
    assert words in error_of(source)


def test_a_name_of_python_2_is_named():
    said = said_of_error("NameError", "name 'xrange' is not defined", "xrange(3)", 1)
    assert said == "NameError at line 1: xrange is Python 2's: write range"


# --- What is not written --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    ["pass", "...", "return", "return  # TODO", "return None", "return (None)", '"""Text."""',
     '"""Text\n    of two lines."""\n    return', "raise NotImplementedError('later')",
     "# only a comment", "pass; return None", "'A text.'\n    ...", 'r"""$x$"""\n\n    pass'],
)  # fmt: skip
def test_a_body_that_does_nothing_is_seen_to(body):
    for head in ("def f(x):", "async def f(x: dict[str, int] = {}) -> None:", "def f(\n    x,\n):"):
        (block,) = blocks(f"import a\n{head}\n    {body}\n\ny = f(1)", "f")
        assert does_nothing(block), block


@pytest.mark.parametrize("body", ["x + 1", "y = x\n    return", "return x", "print(x)\n    pass"])
def test_a_body_that_does_something_is_written(body):
    (block,) = blocks(f"def f(x):\n    {body}\n", "f")
    assert not does_nothing(block)


def test_a_body_on_the_line_of_its_head_is_read_too():
    assert does_nothing("def f(x): pass")
    assert not does_nothing("def f(x): return x")


def test_a_class_whose_methods_do_nothing_is_not_written():
    stub = "class A:\n    def __init__(self):\n        self.x = None\n    def f(self, z):\n        "
    assert does_nothing(stub + "pass")
    assert not does_nothing(stub + "return z")


@pytest.mark.parametrize(
    ("body", "is_open"),
    [
        ("# YOUR CODE HERE\n    s = None\n    return s", True),
        ("### START CODE HERE ###\n    s = \n    ### END CODE HERE ###\n    return s", True),
        ("loss = 0.0\n    # TODO: the gradient\n    pass\n    return loss", True),
        ("# TU CÓDIGO AQUÍ\n    resultado = ...\n    return resultado", True),
        ("s = None\n    return s", False),
        ("# YOUR CODE HERE\n    return x / x.sum()", False),
    ],
)
def test_a_template_that_is_not_filled_in_is_seen_to_be_one(body, is_open):
    (block,) = blocks(f"def f(x):\n    {body}\n", "f")
    assert left_open(block) is is_open


# --- On the card ----------------------------------------------------------------------------------


def graded(sandbox: Sandbox, *cells: str | nbformat.NotebookNode) -> GradedNotebook:
    """Judge `softmax` of a notebook with these cells."""
    check = new_code_cell("check(softmax)")
    check.metadata["nbgrader"] = {
        "grade": True, "grade_id": GRADE_PREFIX + "softmax", "points": 8, "solution": False,
        "locked": True, "schema_version": 3, "task": False,
    }  # fmt: skip
    made = [new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    notebook = new_notebook(cells=[*made, check])
    return judge_notebook(notebook, Assignment("ps1", tuple(master_of(notebook)), {}), sandbox, 3)


def message(found: GradedNotebook) -> str:
    (verdict,) = found.verdicts
    assert verdict.points == 0
    return verdict.findings[0].message


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ((IMPORT, SOFTMAX.replace("e / e", "e // / e")),
         "softmax is not defined: code cell 2 did not run to its end: SyntaxError at line 3: "
         "invalid syntax"),
        ((IMPORT, SOFTMAX.replace("e = ", "e =\u00a0")),
         "softmax is not defined: code cell 2 did not run to its end: SyntaxError at line 2: "
         "line 2 has a no-break space (U+00A0) where a space is meant: retype it"),
        ((IMPORT, "x = 1\n1 / 0\n" + SOFTMAX),
         "softmax is not defined: code cell 2 did not run to its end: ZeroDivisionError at line "
         "2: division by zero"),
        ((IMPORT, "def softmax(z):\n    pass", SOFTMAX + ")"),
         "code cell 3 did not run to its end: SyntaxError at line 3: unmatched ')'. What stands "
         "before it is not written yet"),
        ((IMPORT, new_markdown_cell(SOFTMAX)),
         "softmax is not defined: it stands in a Markdown cell, which is not run: make it a code "
         "cell"),
        ((IMPORT, "def softmax(z):\n    return  # TODO"), "not written yet"),
        ((IMPORT, "def softmax(z):\n    ..."), "not written yet"),
    ],
)  # fmt: skip
def test_the_card_says_the_cause(sandbox, cells, said):
    assert message(graded(sandbox, *cells)) == said


def test_a_name_that_a_failed_cell_would_have_imported_is_traced_to_it(sandbox):
    said = message(graded(sandbox, "import nothing_such, numpy as np", SOFTMAX))
    assert said.startswith("code cell 1 did not run to its end: ModuleNotFoundError at line 1: ")
    assert "NameError: name 'np' is not defined" in said


def test_a_function_that_forgot_its_return_is_not_called_unwritten(sandbox):
    said = message(graded(sandbox, IMPORT, SOFTMAX.replace("return ", "")))
    assert said.startswith("None was returned: is a return missing?")


def test_what_is_written_below_its_check_counts_though_the_stub_returned_none(sandbox):
    found = graded(sandbox, IMPORT, "def softmax(z):\n    return None")
    found.notebook.cells.append(new_code_cell(SOFTMAX))
    cells = [cell for cell in found.notebook.cells if cell.get("source")]
    notebook = new_notebook(cells=cells)
    again = judge_notebook(notebook, Assignment("ps1", tuple(master_of(notebook)), {}), sandbox, 3)
    assert again.verdicts[0].points == 8
