"""The tester's process: runs the instructor's test cells; nothing of a student's is in it.

A name that the instructor's own code does not define is looked up in the student's process.
"""

from __future__ import annotations

import builtins
import contextlib
import sys
import types
from collections.abc import Callable, Iterator
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

from autograder.sandbox import wire
from autograder.sandbox.inside.crossing import MUTABLE, CannotCross, is_as_before, snapshot
from autograder.sandbox.inside.peer import Files, Node
from autograder.sandbox.inside.proxies import Borrower, Remote, StudentModule
from autograder.sandbox.inside.shell import SandboxShell

# By what names modules are usually known; others have the last part of their own.
USUAL = {
    "np": "numpy",
    "plt": "matplotlib.pyplot",
    "mpl": "matplotlib",
    "pd": "pandas",
    "sp": ("scipy", "sympy"),
    "la": ("numpy.linalg", "scipy.linalg"),
    "npt": "numpy.testing",
    "sns": "seaborn",
    "nx": "networkx",
    "sm": "statsmodels.api",
    "tf": "tensorflow",
    "dt": "datetime",
}


class Namespace(dict[str, Any]):
    """The names of the test cells; one that is not there may be the student's."""

    def __init__(self, names: dict[str, Any], tester: Tester) -> None:
        super().__init__(names)
        self.tester = tester

    def __missing__(self, name: str) -> Any:
        return self.tester.look_up(name)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or self.tester.has(name)

    def __delitem__(self, name: str) -> None:
        there = dict.__contains__(self, name)
        if there:
            super().__delitem__(name)
        if self.tester.delete(name) or there:
            return
        raise KeyError(name)

    def keys(self) -> Any:
        return dict.fromkeys([*super().keys(), *self.tester.all_names()]).keys()


def _have_drawn(tester: Tester, shell: Any) -> None:
    # What is drawn is drawn, and looked at, in the student's process.
    drawing = sys.modules["matplotlib.pyplot"] = StudentModule("matplotlib.pyplot", tester)
    sys.modules["matplotlib"].pyplot = drawing  # type: ignore[attr-defined]
    shell.enable_matplotlib = lambda *_, **__: ("inline", "inline")


class _NoTextAsCode(MetaPathFinder):
    """Takes from SymPy what makes an expression of a text by running it: it may be a student's."""

    name = "sympy.parsing.sympy_parser"

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Return the module's spec, which leaves `eval_expr` out."""
        found = PathFinder.find_spec(name, path, target) if name == self.name else None
        if found is not None and found.loader is not None:
            run = found.loader.exec_module

            def exec_module(module: types.ModuleType) -> None:
                run(module)
                self.take_away(module)

            found.loader.exec_module = exec_module  # type: ignore[method-assign]
        return found

    @staticmethod
    def take_away(module: Any) -> None:
        """Have a text refused in the place of what runs it."""

        def eval_expr(*_: Any) -> Any:
            raise CannotCross("a text is not read as an expression outside a student's process")

        module.eval_expr = eval_expr


def _read_no_expressions() -> None:
    finder = _NoTextAsCode()
    if finder.name in sys.modules:
        finder.take_away(sys.modules[finder.name])
    sys.meta_path.insert(0, finder)


class Tester(Borrower):
    """Runs test cells."""

    def __init__(self, connection: Any, answer: Any, shell: SandboxShell) -> None:
        super().__init__(connection, answer)
        self.shell = shell
        # Nothing that a student wrote into the working folder is ever imported here.
        sys.path[:] = [folder for folder in sys.path if folder]
        _have_drawn(self, shell)
        _read_no_expressions()
        self.names = shell.user_ns = Namespace(shell.user_ns, self)
        self.borrowed: dict[str, Any] = {}
        self.mine: frozenset[str] = frozenset()
        self.theirs: frozenset[str] = frozenset()
        self.imports: dict[str, str] = {}
        self.step: tuple[str, ...] = ()
        self.unbound: list[str] = []
        self.hidden: dict[str, Any] = {}  # names that this cell does not have
        self.given: set[str] = set()  # names of the tests that the student's process has too
        # Of each name that the student's process knows too, what it was when it was told.
        self.known: dict[str, tuple[Any, Any]] = {}
        self.running, self.begins, self.new = False, False, True
        self.no_input = self.input = builtins.input

    def run(self, question: dict[str, Any], text_bytes: int, image_bytes: int) -> None:
        """Run a cell of the instructor's and answer with its outputs.

        Parameters
        ----------
        question : ``source``, the code; ``record``, whether to note what it uses, and to allow
            all of it; and of the cell that it is run for what `course.outside.plan.TestCell` says
        """
        self.mine, self.theirs = frozenset(question["mine"]), frozenset(question["theirs"])
        needs = question["needs"]
        self.imports = dict(question["imports"])
        self.needs = None if needs is None else set(needs)
        self.recorded = set() if question["record"] else None
        self.named.clear()
        self.lent_now.clear()
        self.borrowed.clear()
        self.known.clear()
        self.given.clear()
        self.sizes.clear()  # cells of the student's may have run since the last test
        self.step = tuple(question["step"])
        if question["files"] and self.files is None:
            self.files = Files()
        for name in self.theirs:
            dict.pop(self.names, name, None)
        dict.update(self.names, self.hidden)
        self.hidden.clear()
        self.running, self.begins = True, True
        try:
            # One that cannot cross is the error of the line that uses it.
            with contextlib.suppress(Exception):
                self.fetch(question["names"])
                self._hide(question["present"])
            if self.begins and self.files:  # what was written before it
                with contextlib.suppress(Exception):
                    self.ask("nothing", [])
            outputs = self.shell.run(question["source"], text_bytes, image_bytes)
            drawing = sys.modules["matplotlib.pyplot"]
            if isinstance(drawing, StudentModule) and drawing.__dict__.pop("_used", False):
                with contextlib.suppress(Exception):  # as at the end of any cell
                    drawing.close("all")
            self._give_back(question["back"])
        finally:
            self.running = False
        self.note_random()
        used = sorted(self.recorded or ())
        wire.send(self.connection, {"answer": {"outputs": outputs, "needs": used}})

    def _hide(self, names: list[str]) -> None:
        """Leave names out that the student's notebook does not have, though they are known here."""
        there = set(self.ask("all names", [])) if names else set()
        for name in names:
            if name not in there and dict.__contains__(self.names, name):
                self.hidden[name] = dict.pop(self.names, name)

    # --- Names --------------------------------------------------------------------------------

    def fetch(self, names: list[str]) -> None:
        """Ask for names of the student's, all at once."""
        wanted = [name for name in names if self._is_theirs(name) and name not in self.borrowed]
        if not wanted:
            return
        for name, value in self.ask("names", [], names=wanted).items():
            if isinstance(value, types.ModuleType) and not self._is_usual(name, value.__name__):
                continue
            if isinstance(value, Remote):
                self.named.add(value)
            self.borrowed[name] = value
            self._know(name, value)

    def look_up(self, name: str) -> Any:
        """Return what a name stands for in the student's process.

        Raises
        ------
        KeyError : nothing, or it is not for the student to say
        """
        if name not in self.borrowed:
            self.fetch([name])
        return self.borrowed[name]

    def _is_theirs(self, name: str) -> bool:
        if name in self.mine or not self.running or dict.__contains__(self.names, name):
            return False
        return name in self.theirs or not (hasattr(builtins, name) or name.startswith("__"))

    def _is_usual(self, name: str, module: str) -> bool:
        known = self.imports.get(name) or USUAL.get(name)
        if known is None:
            return module.rpartition(".")[2] == name
        return module in ((known,) if type(known) is str else known)

    def has(self, name: object) -> bool:
        """Tell whether a name stands for something in the student's process."""
        if type(name) is not str or not self._is_theirs(name):
            return False
        self.fetch([name])
        return name in self.borrowed

    def delete(self, name: str) -> bool:
        """Delete a name in the student's process; tell whether it was there."""
        if not self.has(name):
            return False
        self.borrowed.pop(name)
        self.known.pop(name, None)
        self.unbound.append(name)
        self.step = (*self.step, name)  # it may be given back what it stood for
        return True

    # --- Names in step ------------------------------------------------------------------------

    def told(self, pack: Callable[[Any], Node]) -> dict[str, Any]:
        """Return which names a test changed that the student's functions read, or deleted."""
        said = super().told(pack)
        if self.begins:
            said["begins"], self.begins = True, False
            said["draws"] = self.takes_random
        if self.new:
            said["new"], self.new = True, False
        if builtins.input is not self.input:  # students' functions ask the same one
            self.input = builtins.input
            said["input"] = pack(None if self.input is self.no_input else self.input)
        if not self.running:
            return said
        for name in [one for one in self.given if not dict.__contains__(self.names, one)]:
            self.given.discard(name)
            self.known.pop(name, None)
            self.unbound.append(name)
        if self.unbound:
            said["unbind"], self.unbound = self.unbound, []
        changed = [one for one in self._shared() if self._is_new(*one)]
        # What only a test sets, a function reads: it is not for the function to change.
        self.shares = all(name in self.theirs for name, _ in changed)
        if changed:
            said["assign"] = [[name, pack(value)] for name, value in changed]
            for name, value in changed:
                self._know(name, value)
                if dict.__contains__(self.names, name):
                    self.given.add(name)
        return said

    def _shared(self) -> Iterator[tuple[str, Any]]:
        for name in self.step:
            if dict.__contains__(self.names, name):
                yield name, self.names[name]
        for name, value in self.borrowed.items():
            if type(value) in MUTABLE and not dict.__contains__(self.names, name):
                yield name, value

    def _is_new(self, name: str, value: Any) -> bool:
        if name not in self.known:
            return True
        before, held = self.known[name]
        return value is not before or (type(value) in MUTABLE and not is_as_before(value, held))

    def _know(self, name: str, value: Any) -> None:
        self.known[name] = (value, snapshot(value) if type(value) in MUTABLE else None)

    def hear(self, unpack: Callable[[Node], Any], message: dict[str, Any]) -> None:
        """Take in what a call did to names that the test uses."""
        super().hear(unpack, message)
        for name in message.get("unbind", ()):
            self.borrowed.pop(name, None)
            if name in self.step and name in self.theirs:
                dict.pop(self.names, name, None)
        for name, node in message.get("assign", ()):
            value = unpack(node)
            if name in self.theirs and dict.__contains__(self.names, name):
                dict.__setitem__(self.names, name, value)
            elif self._is_theirs(name):
                self.borrowed[name] = value
            else:
                continue
            self._know(name, value)

    def _give_back(self, names: list[str]) -> None:
        """Give later cells of the notebook what a test cell bound, as far as it can cross."""
        for name in dict.fromkeys([*self.step, *names]):
            self.step = (name,)
            if any(self._is_new(*one) for one in self._shared()) or self.unbound:
                with contextlib.suppress(Exception):
                    self.ask("nothing", [])

    def all_names(self) -> list[str]:
        """Return all names of the student's that a test may see."""
        if not self.running:
            return []
        return [name for name in self.ask("all names", []) if self._is_theirs(name)]
