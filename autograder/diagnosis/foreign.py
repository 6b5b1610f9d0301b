"""Runs a notebook that belongs to no assignment, and holds on to its functions.

Goes on where a cell fails: what it defines may be right all the same.  Knows
neither exercises nor what becomes of the functions; reuses how a submission runs.
"""

from __future__ import annotations

import importlib.util
import re
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.base.words import printable
from autograder.catalogue.name import CatalogueName
from autograder.course.assignment import Assignment
from autograder.sandbox import Name, RemoteObject, Sandbox, SessionLost
from autograder.submission.notebook import STAND_IN, Run
from autograder.submission.slips import (
    CANNOT_BE_READ,
    blocks,
    left_open,
    line_of,
    said_of_error,
    slip,
    told,
)

NOTEBOOK = "__main__"  # the module of what a notebook itself defines
MAX_SAID = 200

# Runs what a cell defines and imports, each by itself, where the cell as a whole failed.  Of a cell
# that cannot be read, the pieces that begin at the left margin and can be.
DEFINITIONS = """
def _definitions(source):
    import ast, re
    def run(nodes):
        kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
        for node in nodes:
            if isinstance(node, kinds) or isinstance(getattr(node, "value", None), ast.Lambda):
                try:
                    exec(compile(ast.Module([node], []), "<cell>", "exec"), globals())
                except BaseException:
                    pass
    source = get_ipython().transform_cell(source)
    try:
        return run(ast.parse(source).body)
    except SyntaxError:
        pass
    for piece in re.split(r"(?m)^(?=@|def |class |async |import |from |\\w+ *= *lambda)", source):
        # As a whole, or without what follows it at the left margin.
        for text in (piece, re.split(r"\\n(?=[^\\s#)])", piece)[0]):
            try:
                run(ast.parse(text).body)
                break
            except SyntaxError:
                pass


_definitions({source!r})
"""

TOOLS = "_autograder_adapters"  # the module `adapters.py`, beside the notebook and in it
LOAD_TOOLS = f"import {TOOLS}"
TENSOR_LIBRARIES = ("torch", "tf", "tensorflow")
MAX_HELD = 400  # names of a notebook that are held on to

# Modules that an index of packages has; any other is taken for a file of the notebook's own.
PACKAGES = frozenset(
    "torch torchvision torchaudio tensorflow keras tf_keras jax jaxlib flax optax mxnet theano "
    "cntk chainer paddle sklearn pandas scipy seaborn plotly bokeh altair cv2 PIL skimage tqdm "
    "imageio requests bs4 lxml h5py tables sympy statsmodels nltk spacy gensim datasets "
    "transformers tokenizers xgboost lightgbm catboost numba cupy cython networkx graphviz pydot "
    "mnist nnfs d2l autograd tensorflow_datasets tensorflow_probability tensorboard wandb "
    "mlflow tensorboardX "
    "pytorch_lightning lightning torchmetrics torchtext torchsummary einops timm gym gymnasium "
    "ipywidgets ipympl ipyvolume pytest nose mpl_toolkits cvxopt cvxpy pulp deap minepy emnist "
    "idx2numpy python_mnist prettytable tabulate termcolor colorama dill joblib psutil openpyxl "
    "xlrd kaggle kagglehub gdown wget google folium geopandas shapely pyspark dask polars pyarrow "
    "mlxtend imblearn umap hdbscan shap lime eli5 yellowbrick onnx onnxruntime tflearn lasagne "
    "watermark line_profiler memory_profiler nb_black jupyterthemes yfinance praw "
    "skorch fastai fastcore fastbook tinygrad micrograd past future six tensorly pymc pymc3 "
    "arviz emcee GPy gpflow gpytorch sqlalchemy flask fastapi streamlit gradio nbdev".split()
)

IMPORTED = re.compile(
    r"(?m)^[ \t]*(?:from[ \t]+(\w[\w.]{0,80})[ \t]+import\b|import[ \t]+(\w[\w.]{0,80}))"
)
MAX_LACKING = 5

# An error's name, or "" for any, a pattern in its text, and what to say of it.
NOT_THERE = "opens {0}, which is not in the sandbox: give it with --file"
NO_NETWORK = "needs the network, and the sandbox has none"
ERRORS = (
    (
        "FileNotFoundError",
        r"No such file or directory: '([^']+)'",
        NOT_THERE,
    ),
    ("FileNotFoundError", r"^(\S+) not found\.", NOT_THERE),
    ("", r"^File `'?([^\s`']+?)'?` not found", NOT_THERE),
    ("", r"name resolution|getaddrinfo|urlopen error|URL fetch failure|Max retries", NO_NETWORK),
)


@dataclass(frozen=True)
class Version:
    """What a name stood for after one of the cells.

    Parameters
    ----------
    cell : the number of the code cell
    name : what was known of it then
    found : the function or class itself
    """

    cell: int
    name: Name
    found: RemoteObject

    def is_now(self, found: RemoteObject) -> bool:
        """Whether this is the same object."""
        return self.found.session is found.session and self.found.handle == found.handle


@dataclass
class Running(Run):
    """A notebook's course through its sessions, and what it defined on the way.

    Parameters
    ----------
    wanted : whether something that can be called is to be held on to
    beside : names of the files that lie beside the notebook
    """

    wanted: Callable[[Name], bool] = bool
    beside: Collection[str] = ()
    names: set[str] = field(default_factory=set)
    failures: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.held: dict[str, list[Version]] = {}  # by name, the last first
        self.sources: list[str] = []
        self.definitions_only = False

    def visit(self, cell: NotebookNode) -> None:
        """Run a cell; where it fails, what it defines."""
        self.sources.append(cell.source)
        super().visit(cell)
        if self.over is not None:
            return
        failure = next((item for item in cell.outputs if item.output_type == "error"), None)
        if failure is not None:
            if failure.ename != "Stopped":  # that is among the remarks
                said = said_of(failure.ename, failure.evalue, cell.source, self.beside)
                self.failures.append((self.count, said))
                if "NotFound" in failure.ename:
                    others = self.also_lacking(cell.source)
                    self.failures += [(self.count, one) for one in others if one != said]
            self.define(cell.source)
        self.hold(cell.source)

    def also_lacking(self, source: str) -> list[str]:
        """Say which files a cell would import too, beside what it failed for."""
        given = {name.partition("/")[0].removesuffix(".py") for name in self.assignment.files}
        modules = [
            module for found in IMPORTED.findall(source[:100_000]) for module in found if module
        ]
        lacking = [
            module
            for module in dict.fromkeys(modules)
            if not {module.partition(".")[0]} & (given | PACKAGES) and not _is_installed(module)
        ]
        return [_said_of_module(module, self.beside) for module in lacking[:MAX_LACKING]]

    def define(self, source: str) -> bool:
        """Run only what a cell defines, and tell whether there is a session for it."""
        if self.ready():
            self.run_cell(DEFINITIONS.format(source=source))
        return self.over is None

    def hold(self, source: str) -> None:
        """Hold on to what a cell may have defined, whatever its name is used for later."""
        if not self.ready():
            return
        assert self.session is not None
        try:
            there = self.session.names()
            self.names |= {name.name for name in there if name.module == NOTEBOOK}
            for name in there:
                versions = self.held.get(name.name, [])
                new = not versions and len(self.held) < MAX_HELD
                if not self.wanted(name) or not (new or name.name in source):
                    continue
                found = self.session.bind(name.name)
                if found.handle is not None and not any(one.is_now(found) for one in versions[:1]):
                    self.held[name.name] = [Version(self.count, name, found), *versions]
        except SessionLost as failure:
            self.remarks.append(f"After code cell {self.count}: {failure}.")
            self.take_up_again()

    def find(self, name: str) -> Iterator[Version]:
        """Yield what a name stood for on the way, the last first.

        Where the process was lost since then, what it stands for in the later one.
        """
        versions = self.held[name]
        if all(one.found.session.lost for one in versions):
            now = self.bind(name)
            versions = [replace(versions[0], found=now)] if now is not None else []
        for one in versions:
            if one.found.session.lost is None:  # what came before may lose it
                yield one

    def bind(self, name: str) -> RemoteObject | None:
        """Return the function or class that a name stands for now, if it does."""
        if not self.ready() and not self.last_resort():
            return None
        assert self.session is not None
        try:
            found = self.session.bind(name)
        except SessionLost:
            self.take_up_again()
            return None
        return found if found.kind in ("function", "class") else None

    def of_arrays(self, found: RemoteObject) -> RemoteObject | None:
        """Return a function of tensors as one of arrays; None where nothing knows of tensors."""
        if not self.is_here(found):
            return None
        assert self.session is not None
        try:
            kinds = [self.session.bind(library).kind for library in TENSOR_LIBRARIES]
        except SessionLost:
            self.take_up_again()
            return None
        return self.adapted(found, "of_arrays") if "module" in kinds else None

    def is_here(self, found: RemoteObject) -> bool:
        """Whether this is an object of the process that runs now."""
        return self.ready() and found.session is self.session and found.session.lost is None

    def lacks(self, name: str) -> bool:
        """Whether a name stands for nothing now."""
        if not self.ready():
            return False
        assert self.session is not None
        try:
            return self.session.bind(name).kind == "missing"
        except SessionLost:
            self.take_up_again()
            return False

    def now(self, name: str) -> Version | None:
        """Return the last of what a name stood for, or what it stands for in a later process."""
        last = self.held[name][0]
        if self.is_here(last.found):
            return last
        found = self.bind(name)
        return replace(last, found=found) if found is not None else None

    def adapted(self, found: RemoteObject, how: str, *arguments: Any) -> RemoteObject | None:
        """Return what one of `adapters.py`'s functions makes of an object; None where nothing."""
        return self._ask_tools(found, how, arguments, True)[1]

    def asked(self, found: RemoteObject, how: str, *arguments: Any) -> Any:
        """Return what one of `adapters.py`'s functions says of an object, as a plain value."""
        return self._ask_tools(found, how, arguments, False)[0]

    def _ask_tools(
        self, found: RemoteObject, how: str, arguments: Sequence[Any], keep: bool
    ) -> tuple[Any, RemoteObject | None]:
        others = [one for one in arguments if isinstance(one, RemoteObject)]
        if not all(map(self.is_here, (found, *others))):
            return None, None
        assert self.session is not None
        session = self.session
        try:
            tools = session.bind(TOOLS)
            if tools.kind != "module":
                session.run_cell(LOAD_TOOLS)
                tools = session.bind(TOOLS)
        except SessionLost:
            self.take_up_again()
            return None, None
        seen, held = session.calls(tools, how, [(found, *arguments)], keep)[0]
        if held is not None and held.kind not in ("function", "class"):
            held = None
        return seen.value, held

    def given_up(self, name: str, reason: str) -> None:
        """Go on without a function that did not come back."""
        self.remarks.append(f"Judging {name}: {reason}.")
        self.done.append(STAND_IN.format(name=name))
        self.take_up_again()

    def last_resort(self) -> bool:
        """Start once more with nothing but what the cells define, and tell whether that went."""
        if self.definitions_only:
            return False
        self.close()
        self.definitions_only, self.over = True, None
        self.deadline = time.monotonic() + self.limits.session_seconds
        self.restarts, self.done = self.limits.restarts, []
        self.remarks.append("Only what its cells define was run again, to go on.")
        self.start()
        for source in self.sources:
            self.define(source)
        return self.ready()


def run_notebook(
    notebook: NotebookNode,
    sandbox: Sandbox,
    seed: int,
    files: Mapping[str, bytes],
    wanted: Callable[[Name], bool],
    beside: Collection[str],
    say: Callable[[int, int], None],
    catalogue: CatalogueName,
) -> Running:
    """Run all code cells of a notebook, whatever they do.

    Parameters
    ----------
    notebook : as read by `autograder.submission.sanitise.parse_submission`
    sandbox : where it runs
    seed : of the global random states
    files : what it finds beside itself
    wanted, beside : see `Running`
    say : takes the number of the cell that is run next, and how many there are
    catalogue : the course's

    Returns
    -------
    Running, to be closed

    Raises
    ------
    IsolationUnavailable, SandboxLost
    ValueError : the files are too large
    """
    files = {**files, f"{TOOLS}.py": Path(__file__).with_name("adapters.py").read_bytes()}
    assignment = Assignment("", (), files, catalogue=catalogue)
    run = Running(assignment, sandbox, seed, wanted=wanted, beside=beside)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    try:
        for number, cell in enumerate(cells, start=1):
            say(number, len(cells))
            # Whatever it was in a course, here it is a cell like any other.
            cell.metadata = NotebookNode()
            run.visit(cell)
        if run.over is not None:
            run.last_resort()
            run.hold("\n".join(run.sources))
    except BaseException:
        run.close()
        raise
    return run


def said_of(error: str, text: str, source: str = "", beside: Collection[str] = ()) -> str:
    """Say what made a cell fail, and what can be done about it.

    Parameters
    ----------
    error, text : name and text of the exception
    source : of the cell
    beside : names of the files that lie beside the notebook, given or not
    """
    lacking = re.search(r"No module named '([\w.]+)'", text) if "NotFound" in error else None
    if lacking is not None:
        return _said_of_module(lacking[1][:80], beside)
    for name, pattern, words in ERRORS:
        found = re.search(pattern, text[:2000]) if name in ("", error) else None
        if found is not None:
            return words.format(*map(_line, found.groups()))
    if error in (*CANNOT_BE_READ, "NameError"):
        seen = slip(error, text, source, line_of(text))
        if error in CANNOT_BE_READ and not seen and _is_open_at(text, source):
            seen = "something in it is not filled in yet"
        if error in CANNOT_BE_READ or seen:
            return said_of_error(error, text, source) if not seen.startswith("some") else seen
    return _line(f"{error}: {told(text)}") if text.strip() else _line(error)


def _said_of_module(module: str, beside: Collection[str]) -> str:
    """Say what to do about a module that is not here: a package, or a file of the notebook's."""
    top = module.partition(".")[0]
    files = [name for name in beside if name in (f"{module.replace('.', '/')}.py", f"{top}.py")]
    if files:
        return f"needs {_line(files[0])}, which lies beside the notebook: give it with --file"
    if top in PACKAGES:
        return f"needs the package {top}, which is not installed here"
    place = f"{module.replace('.', '/')}.py"
    return f"needs {module}, which is no package that is known here: give {place} with --file"


def _is_open_at(text: str, source: str) -> bool:
    """Tell whether a cell cannot be read because something in it is not filled in."""
    line = line_of(text)
    if line is None:
        return False
    rows = source.splitlines()
    if "expected an indented block" in text or "incomplete input" in text:
        ends = rows[line - 1 : line] if "expected" in text else []
        above = rows[: line - 1] if "expected" in text else rows
        code = [row for row in above if row.strip() and not row.strip().startswith("#")]
        noted = bool(above) and above[-1].strip().startswith("#")
        next_begins = not ends or re.match(r"[ \t]*(def |class |@)", ends[0][:MAX_SAID])
        if code and code[-1].rstrip().endswith(":") and (noted or next_begins):
            return True
    names = re.findall(r"(?m)^[ \t]*def[ \t]+(\w{1,80})", source[:100_000])[:50]
    for block in (one for name in dict.fromkeys(names) for one in blocks(source, name)):
        first = "\n".join(rows).find(block)
        start = "\n".join(rows)[: max(first, 0)].count("\n") + 1
        if first >= 0 and start <= line <= start + block.count("\n") and left_open(block):
            return True
    return False


def _is_installed(module: str) -> bool:
    top = module.partition(".")[0]
    try:
        return top in sys.stdlib_module_names or importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return True


def _line(text: str) -> str:
    return printable(text[:MAX_SAID])
