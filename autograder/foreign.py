"""Runs a notebook that belongs to no assignment, and holds on to its functions.

Goes on where a cell fails: what it defines may be right all the same.  Knows
neither exercises nor what becomes of the functions; reuses how a submission runs.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from nbformat import NotebookNode

from autograder.assignment import Assignment
from autograder.notebook import STAND_IN, Run
from autograder.sandbox import Name, RemoteObject, Sandbox, SessionLost
from autograder.words import printable

NOTEBOOK = "__main__"  # the module of what a notebook itself defines
MAX_SAID = 200

# Runs what a cell defines and imports, each by itself, where the cell as a whole failed.
DEFINITIONS = """
def _definitions(source):
    import ast
    try:
        nodes = ast.parse(get_ipython().transform_cell(source)).body
    except SyntaxError:
        return
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    for node in nodes:
        if isinstance(node, kinds) or isinstance(getattr(node, "value", None), ast.Lambda):
            try:
                exec(compile(ast.Module([node], []), "<cell>", "exec"), globals())
            except BaseException:
                pass


_definitions({source!r})
"""

# Makes of a function of tensors one of arrays, whichever library they are of.
TENSORS = """
def _of_arrays(function):
    import sys, numpy
    torch = sys.modules.get("torch")

    def given(value):
        is_array = torch is not None and isinstance(value, numpy.ndarray)
        return torch.from_numpy(value) if is_array else value

    def taken(value):
        if isinstance(value, (tuple, list)):
            return type(value)(map(taken, value))
        value = value.detach() if hasattr(value, "detach") else value
        return value.numpy() if hasattr(value, "numpy") else value

    return lambda *arguments: taken(function(*map(given, arguments)))


_arrays = _of_arrays({name})
"""
TENSOR_LIBRARIES = ("torch", "tf", "tensorflow")

# An error's name, or "" for any, a pattern in its text, and what to say of it.
NO_NETWORK = "needs the network, and the sandbox has none"
ERRORS = (
    (
        "ModuleNotFoundError",
        r"No module named '([\w.]+)'",
        "needs {0}, which is not here: install it, or give its file with --file",
    ),
    (
        "FileNotFoundError",
        r"No such file or directory: '([^']+)'",
        "opens {0}, which is not in the sandbox: give it with --file",
    ),
    ("FileNotFoundError", r"^(\S+) not found\.", "opens {0}, which is not in the sandbox: --file"),
    ("", r"name resolution|getaddrinfo|urlopen error|URL fetch failure|Max retries", NO_NETWORK),
    ("RuntimeError", r"^programs cannot be run", "starts a program (a line with ! or a magic)"),
    ("SyntaxError", r"", "is no Python 3: {error}"),
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
    wanted : whether a function or class of this name is to be held on to
    """

    wanted: Callable[[str], bool] = bool
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
                self.failures.append((self.count, said_of(failure.ename, failure.evalue)))
            self.define(cell.source)
        self.hold(cell.source)

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
                if not self.wanted(name.name) or (versions and name.name not in source):
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
            if one.found.session.lost is None:  # it may be lost over the one before
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

    def of_arrays(self, name: str) -> RemoteObject | None:
        """Return a function of tensors as one of arrays; None where nothing knows of tensors."""
        if not self.ready():
            return None
        assert self.session is not None
        try:
            kinds = [self.session.bind(library).kind for library in TENSOR_LIBRARIES]
        except SessionLost:
            self.take_up_again()
            return None
        if "module" not in kinds:
            return None
        self.run_cell(TENSORS.format(name=name))
        return self.bind("_arrays")

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
    wanted: Callable[[str], bool],
    say: Callable[[int, int], None],
) -> Running:
    """Run all code cells of a notebook, whatever they do.

    Parameters
    ----------
    notebook : as read by `autograder.sanitise.parse_submission`
    sandbox : where it runs
    seed : of the global random states
    files : what it finds beside itself
    wanted : see `Running`
    say : takes the number of the cell that is run next, and how many there are

    Returns
    -------
    Running, to be closed

    Raises
    ------
    IsolationUnavailable, SandboxLost
    """
    run = Running(Assignment("", (), files), sandbox, seed, wanted=wanted)
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


def said_of(error: str, text: str) -> str:
    """Say what made a cell fail, and what can be done about it."""
    # The cells that were added here count too, so their numbers are not the notebook's.
    shown = _line(f"{error}: {re.sub(r'<cell [0-9]+>, ', '', _first(text))}")
    for name, pattern, words in ERRORS:
        found = re.search(pattern, text) if name in ("", error) else None
        if found is not None:
            return words.format(*map(_line, found.groups()), error=shown)
    return shown


def _first(text: str) -> str:
    return next(iter(text.splitlines()), "")


def _line(text: str) -> str:
    return printable(text[:MAX_SAID])
