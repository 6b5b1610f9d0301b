"""Stands in for what a course does not allow: importing it works, using it says why not.

Honest notebooks are full of imports that they never use, so an import ends no cell.  Where
code is ready for a missing package (``try: ... except ImportError``) it is missing.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import linecache
import os
import sys
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType
from typing import Any, NoReturn

NOT_ALLOWED = "{} is not part of this course: write it in NumPy"
NOT_HERE = (
    "there is no {} here: the grader has this notebook and the files that were released with it; "
    "put the code of a file of your own into the notebook"
)
# Known without being installed: to be told as a package, not as a file of the student's.
WELL_KNOWN = """
    autograd cupy cv2 jax keras mxnet numba pandas plotly scipy seaborn sklearn skimage
    statsmodels sympy tensorflow tensorflow_datasets theano torch torchvision tqdm xgboost
"""
CATCHING = ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")
IMPORTLIB = str(importlib.__file__)
LOADING_EXTENSIONS = "IPython/core/extensions.py"


class NotInThisCourse(AttributeError):
    """What is not here was used.  An AttributeError, so that ``hasattr`` says False."""


class Placeholder(ModuleType):
    """A package, a module of it, or anything imported from it."""

    def __init__(self, name: str, said: str) -> None:
        super().__init__(name)
        self.__said = said
        self.__path__: list[str] = []
        self.__all__: list[str] = []
        self.__version__ = "none: it is not here"

    def __getattr__(self, name: str) -> Any:
        # Python, IPython and libraries look for these attributes; a computation does not.
        if name.startswith("_") or name == "load_ipython_extension":
            raise AttributeError(f"{self.__name__} has no {name}")
        self.refuse()

    def refuse(self, *_: object, **__: object) -> NoReturn:
        """Say why this cannot be used.

        Raises
        ------
        NotInThisCourse
        """
        raise NotInThisCourse(self.__said)

    def __repr__(self) -> str:
        return f"<{self.__name__}: {self.__said}>"

    def __bool__(self) -> bool:
        return True


_USES = """
    call getitem setitem delitem iter next len contains enter exit array copy deepcopy reduce_ex
    mro_entries instancecheck subclasscheck float int complex index neg pos abs invert
    lt le gt ge add radd sub rsub mul rmul matmul rmatmul truediv rtruediv floordiv rfloordiv
    mod rmod pow rpow and rand or ror xor rxor lshift rshift
"""
for _use in _USES.split():
    setattr(Placeholder, f"__{_use}__", Placeholder.refuse)


class Finder(Loader, MetaPathFinder):
    """Finds placeholders, for imports in the notebook's own code alone.

    Parameters
    ----------
    refused : first names of modules that this one answers for; None for all
    packages : first names that are told as packages
    """

    def __init__(self, refused: frozenset[str] | None, packages: frozenset[str]) -> None:
        self.refused, self.packages = refused, packages

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a placeholder, or None where this is no business of ours."""
        first, _, below = name.partition(".")
        if below and not isinstance(sys.modules.get(name.rpartition(".")[0]), Placeholder):
            return None
        if not below and self.refused is not None and first not in self.refused:
            return None
        return ModuleSpec(name, self, is_package=True) if _imported_by_a_cell() else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Make the placeholder."""
        first = spec.name.partition(".")[0]
        return Placeholder(
            spec.name, (NOT_ALLOWED if first in self.packages else NOT_HERE).format(first)
        )

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: there is nothing in it."""


def install(refused: Iterable[str]) -> None:
    """Let notebooks import what is not here.

    Parameters
    ----------
    refused : the first names of what is installed and not allowed
    """
    known = frozenset(refused)
    packages = known | frozenset(WELL_KNOWN.split())
    # Without isolation the packages themselves would be found, so these come first.
    sys.meta_path.insert(0, Finder(known, packages))
    sys.meta_path.append(Finder(None, packages))
    find = importlib.util.find_spec

    def find_spec(name: str, package: str | None = None) -> ModuleSpec | None:
        try:
            found = find(name, package)
        except ModuleNotFoundError:  # of a module whose package is not there
            return None
        return None if found is not None and isinstance(found.loader, Finder) else found

    find_spec.__doc__ = find.__doc__
    importlib.util.find_spec = find_spec


def is_refused(package: str) -> bool:
    """Tell whether a package is installed and not allowed."""
    finders = [one for one in sys.meta_path if isinstance(one, Finder)]
    return any(package in one.refused for one in finders if one.refused is not None)


def _imported_by_a_cell() -> bool:
    """Tell whether an import is under way, written in a cell, that no handler waits for."""
    frame: FrameType | None = sys._getframe(2)
    loading = False
    while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
        loading = loading or frame.f_code.co_name == "_find_and_load"
        frame = frame.f_back
    while frame is not None and frame.f_code.co_filename == IMPORTLIB:
        frame = frame.f_back
    if frame is None or not loading:
        return False
    if frame.f_code.co_filename.endswith(LOADING_EXTENSIONS):  # %load_ext
        return True
    if not _is_students(frame.f_code.co_filename):
        return False
    while frame is not None:
        if _is_ready(frame):
            return False
        frame = frame.f_back
    return True


def _is_students(name: str) -> bool:
    """Tell whether code stands in a cell, or in a file that a cell has written."""
    return name.startswith(("<cell ", os.path.join(os.getcwd(), "")))


def _is_ready(frame: FrameType) -> bool:
    """Tell whether a line of a cell stands where an ImportError would be caught."""
    name = frame.f_code.co_filename
    if not _is_students(name):
        return False
    return frame.f_lineno in _ready_lines("".join(linecache.getlines(name)))


@lru_cache(maxsize=16)
def _ready_lines(source: str) -> frozenset[int]:
    """Return the lines of a cell in which an ImportError is caught where it is raised.

    >>> sorted(_ready_lines('try:\\n    import cupy as np\\nexcept ImportError:\\n    pass'))
    [2]
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    ready: set[int] = set()
    # Outer blocks first. A function defined inside a `try` runs later, outside of it.
    for node in ast.walk(tree):
        body: list[ast.stmt] = []
        if isinstance(node, ast.Try):
            body = node.body if any(_catches(h.type) for h in node.handlers) else []
        elif isinstance(node, ast.With):
            body = node.body if any(_suppresses(i.context_expr) for i in node.items) else []
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            ready -= set(_lines(node.body))
        ready |= set(_lines(body))
    return frozenset(ready)


def _lines(body: list[ast.stmt]) -> range:
    return range(body[0].lineno, (body[-1].end_lineno or 0) + 1) if body else range(0)


def _catches(kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(map(_catches, kind.elts))
    return kind is None or getattr(kind, "id", getattr(kind, "attr", None)) in CATCHING


def _suppresses(call: ast.expr) -> bool:
    if not isinstance(call, ast.Call):
        return False
    name = getattr(call.func, "id", getattr(call.func, "attr", None))
    return name == "suppress" and any(map(_catches, call.args))
