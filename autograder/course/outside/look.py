"""What the text of a test cell says of where it can be judged."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from autograder.course.outside.names import without_magics

MAGIC = re.compile(r"^\s*(%{1,2}\w+|!)", re.MULTILINE)
# What is only there where the student's own code ran.
SHELL_NAMES = ("get_ipython", "In", "Out", "_ih", "_oh", "_dh", "_i", "_ii", "_iii")
READS_SOURCE = ("inspect", "ast", "dis", "tokenize", "linecache")
OTHERS_OBJECTS = "it reads objects that someone else wrote"
CODE = re.compile(r"__(code|globals|closure)__|co_\w+|gi_\w+")


# What runs a text as code, or a file: a student's may be that text. Pandas' `query` is such a one.
RUNS_TEXT = (
    *("eval", "exec", "compile", "query", "__import__", "import_module", "run_path", "run_module"),
    *("parse_expr", "lambdify"),
)
READS_OBJECTS = ("pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "runpy")
READING_OBJECTS = ("read_pickle", "read_hdf", "unpickle", "sympify", "load_model", "unsafe_load")
LOADING = (*READS_OBJECTS, "yaml", "torch")  # their `load` may run what is in a file

FILES = re.compile(
    r"\b(open|exists|isfile|isdir|listdir|glob|remove|unlink|Path|loadtxt|genfromtxt|savetxt"
    r"|load|save|read_\w+|to_\w+|imread|imsave|savefig|getsize|stat|mkdir|makedirs|rmtree|connect)\b"
)


def why_inside(source: str) -> str:
    """Return why a test cell has to run in the student's process; empty where nothing says so.

    >>> why_inside("import inspect\\nassert 'for' not in inspect.getsource(f)")
    'it reads how something is written (inspect)'
    >>> why_inside("assert f(1) == 2")
    ''
    """
    magic = MAGIC.search(source)
    if magic:
        return f"it uses IPython's own commands ({magic[1]})"
    try:
        tree = ast.parse(without_magics(source))
    except (SyntaxError, ValueError, RecursionError):
        return ""
    return next(_reasons(tree), "")


def why_helper_inside(source: str) -> str:
    """Return why no test that uses this code of the instructor's may run outside.

    >>> why_helper_inside("def value_of(text):\\n    return eval(text)")
    'it runs a text as code (eval)'
    >>> why_helper_inside("import inspect, pickle")
    ''
    """
    try:
        return next(_running(ast.parse(without_magics(source))), "")
    except (SyntaxError, ValueError, RecursionError):
        return ""


def _reasons(tree: ast.AST) -> Iterator[str]:
    yield from _running(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [getattr(node, "module", None) or "", *(one.name for one in node.names)]
            for module in (one.partition(".")[0] for one in modules):
                if module in READS_SOURCE:
                    yield f"it reads how something is written ({module})"
                if module in READS_OBJECTS:
                    yield f"{OTHERS_OBJECTS} ({module})"
        elif isinstance(node, ast.Name):
            if node.id in SHELL_NAMES:
                yield f"it uses the notebook's own shell ({node.id})"
            if node.id in READS_SOURCE and isinstance(node.ctx, ast.Load):
                yield f"it reads how something is written ({node.id})"
        elif isinstance(node, ast.Attribute) and CODE.fullmatch(node.attr):
            yield f"it reads how something is written ({node.attr})"
        elif isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield "it waits for what runs beside it (await)"


def _running(tree: ast.AST) -> Iterator[str]:
    """Yield what makes code of a text, or of a file: nothing of a student's may run outside."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = _name_of(node.func)
            if isinstance(node.func, ast.Attribute) and name == "compile":  # of a pattern, a model
                continue
            if name in RUNS_TEXT and not all(isinstance(x, ast.Constant) for x in node.args[:1]):
                yield f"it runs a text as code ({name})"
            if isinstance(node.func, ast.Attribute) and _name_of(node.func.value) in LOADING:
                yield f"{OTHERS_OBJECTS} ({_name_of(node.func.value)}.{name})"
        elif isinstance(node, ast.ImportFrom) and node.module in READS_OBJECTS:
            yield f"{OTHERS_OBJECTS} ({node.module})"
        elif isinstance(node, ast.Attribute) and node.attr in READING_OBJECTS:
            yield f"{OTHERS_OBJECTS} ({node.attr})"
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            yield f"{OTHERS_OBJECTS} (allow_pickle)"


def _name_of(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def uses_files(source: str) -> bool:
    """Tell whether a test may look at files that a function wrote, or write some for it.

    >>> uses_files("assert open('a.txt').read() == 'b'"), uses_files("assert f(1) == 2")
    (True, False)
    """
    return FILES.search(source) is not None
