"""Writes a problem set's ``checks.py``: what students may run of its exercises, and of the kit
what that needs.

Read is the text of the course's modules; of these only what the properties need is shipped.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from autograder.base.words import first_line
from autograder.catalogue.model import Exercise
from autograder.checking import kit
from autograder.release import ReleaseError
from autograder.release.slices import (
    LOOKS_NAMES_UP,
    Module,
    Statement,
    exploded,
    import_of,
    is_typing_only,
    listed,
    name_of,
    needed,
    parse,
    sliced,
    without_docstrings,
)

EVERYTHING = "*"  # in the kit's `GRADER_HAS`: all that is installed
_GRADER = kit.__name__.partition(".")[0]
IMPORTS_BY_TEXT = {"__import__", "importlib", "import_module"}
BY_TEXT = "what it imports cannot be told; import at the top of the module, by its name"
_IMPORTS = "an import"
_OF_PYTHON = {name for name in dir(builtins) if not name.startswith("_")}
_HELP = f"students have; properties may use NumPy, Python's own library and {kit.__name__}"
_ANSWER = "it is the reference of an exercise; what is shipped states properties, and no answer"


def write_checks(exercises: Iterable[Exercise], packages: Collection[str] | None) -> str:
    """Return the text of a problem set's ``checks.py``.

    Parameters
    ----------
    exercises : those of the set, in order; one without properties is not offered
    packages : what a submission may import besides the standard library; None: all there is

    Returns
    -------
    Python that needs NumPy alone; the same for the same exercises and packages.  The docstrings
    of the kit are left out but for that of `check`, which is all that students call

    Raises
    ------
    ReleaseError : properties use what cannot be shipped, or two helpers have one name
    """
    exercises = tuple(exercises)
    shipped = _Shipped(exercises)
    pairs = [
        listed("(", [_quoted(one.signature), shipped.add(one)], ")")
        for one in exercises
        if one.properties is not None
    ]
    names = sorted({EVERYTHING} if packages is None else packages)
    tail = [listed("GRADER_HAS |= {", [_quoted(name) for name in names], "}")] if names else []
    tail += (
        [exploded("offer(", [one.replace("\n", "\n    ") for one in pairs], ")")] if pairs else []
    )
    return sliced("\n\n\n".join((shipped.text(), "\n".join(tail))), kit.__all__)


@dataclass(frozen=True)
class _Use:
    """A name that an exercise's properties need, and where they do."""

    exercise: str
    place: ModuleType
    name: str
    statement: Statement | None = None

    def refused(self, why: str) -> ReleaseError:
        line = f", line {self.statement.node.lineno}" if self.statement else ""
        where = f"{self.place.__name__}{line}"
        return ReleaseError(f"the properties of {self.exercise} use {self.name} ({where}): {why}")


class _Shipped:
    """What properties need of the course's modules, as it is found, below the kit.

    All of it shares one space of names.  A name has an owner: a module, or the imports.
    """

    def __init__(self, exercises: Iterable[Exercise]) -> None:
        references = [inspect.unwrap(one.reference) for one in exercises]
        self.answers = {(one.__module__, getattr(one, "__name__", "")) for one in references}
        self.kit = without_docstrings(inspect.getsource(kit), kit.__all__)
        self.owners: dict[str, str] = {}
        self.texts: set[tuple[str, str]] = set()  # owner and statement
        self.imports: dict[str, str] = {}
        self.pieces: list[str] = []
        self.brought: set[tuple[str, object]] = set()
        for statement in parse(self.kit).statements:
            if statement.is_import:
                for node, alias in _imports_in(statement):
                    self.own([name_of(alias)], _IMPORTS, import_of(node, [alias]))
            else:
                self.own(statement.names, kit.__name__, statement.text)

    def own(self, names: Iterable[str], owner: str, text: str) -> None:
        self.owners.update(dict.fromkeys(names, owner))
        self.texts.add((owner, text))
        if owner == _IMPORTS:
            self.imports.update(dict.fromkeys(names, text))

    def is_new(self, names: Collection[str], owner: str, text: str, use: _Use) -> bool:
        """Tell whether a statement is to be added, and keep its names for it.

        Raises
        ------
        ReleaseError : something else is called so
        """
        for name in sorted(set(names).intersection(_OF_PYTHON)):
            raise replace(use, name=name).refused(
                f"Python's own {name} would be lost to all that stands in the same file; "
                "give it another name"
            )
        taken = {name: self.owners[name] for name in sorted(names) if name in self.owners}
        for name, other in taken.items():
            if (other, text) in self.texts and (other != owner or owner == _IMPORTS):
                return False
            if other != owner or owner == _IMPORTS:
                raise replace(use, name=name).refused(
                    f"{other} has another {name}, and both would stand in one file; "
                    "give one of them another name"
                )
        self.own(names, owner, text)
        return True

    def text(self) -> str:
        """Return the kit with all that is imported, and what was added to it."""
        lines = self.kit.split("\n")
        places = [one.node for one in parse(self.kit).statements if one.is_import]
        above, below = lines[: places[0].lineno - 1], lines[places[-1].end_lineno :]
        whole = "\n".join((*above, *_sorted_imports(self.imports.values()), *below))
        return "".join((whole.rstrip(), *self.pieces))

    def add(self, exercise: Exercise) -> str:
        """Add what an exercise's properties need; return the name that they have in the file."""
        properties = exercise.properties
        home = getattr(getattr(properties, "ask", None), "__module__", None)
        place = sys.modules.get(home) if isinstance(home, str) else None
        names = [key for key, value in vars(place).items() if value is properties] if place else []
        if place is None or not names:
            raise ReleaseError(
                f"the properties of {exercise.name} stand at the top of no module: write them as "
                "a function of the exercise's module, below @Properties(...)"
            )
        self.bring(place, names[0], _Use(exercise.name, place, names[0]))
        return names[0]

    def bring(self, place: ModuleType, name: str, use: _Use) -> None:
        """Add a name of one of the course's modules, and all that it needs."""
        if (place.__name__, name) in self.brought:
            return
        self.brought.add((place.__name__, name))
        try:
            module = parse(inspect.getsource(place))
        except (OSError, TypeError, SyntaxError) as failure:
            why = f"{place.__name__} cannot be read: {first_line(failure)}"
            raise use.refused(why) from None
        kept, names = _kept(module, name)

        def used(name: str, by: Statement | None = None) -> _Use:
            users = (one for one in kept if name in one.needs and not one.is_import)
            return _Use(use.exercise, place, name, by or next(users, None))

        given = {one for statement in kept for one in statement.names}.union(dir(builtins))
        for one in sorted(names - given - {"__name__", "__file__"}):
            raise (used(one) if one != name else use).refused(
                f"no line of {place.__name__} gives it; write it there, or import it by its name"
            )
        for one in sorted(names & LOOKS_NAMES_UP):
            raise used(one).refused("what code needs that it looks up as text cannot be told")
        for one in sorted(names & IMPORTS_BY_TEXT):
            raise used(one).refused(BY_TEXT)
        for statement in kept:
            imports = [pair for pair in _imports_in(statement) if name_of(pair[1]) in names]
            if _only_imports(statement):
                for node, alias in imports:
                    self.bring_import(node, alias, used(name_of(alias)))
                continue
            key = (place.__name__, statement.node.lineno)
            if key in self.brought:
                continue
            self.brought.add(key)
            for node, alias in _imports_in(statement):
                imported = _module_of(node, alias, place)
                if imported.partition(".")[0] in IMPORTS_BY_TEXT:
                    raise used(alias.name, statement).refused(BY_TEXT)
                if not _is_at_hand(imported):
                    why = "it is imported inside of something; import at the top of the module"
                    raise used(alias.name, statement).refused(why)
            for one in sorted(statement.names):
                if (place.__name__, one) in self.answers:
                    raise used(one).refused(_ANSWER)
            if self.is_new(statement.names, place.__name__, statement.text, used(name, statement)):
                lines = (*statement.comments, statement.text)
                self.pieces.append("\n" * (1 + max(1, statement.above)) + "\n".join(lines))

    def bring_import(self, node: ast.Import | ast.ImportFrom, alias: ast.alias, use: _Use) -> None:
        """Add what an import at the top of one of the course's modules gives."""
        module = _module_of(node, alias, use.place)
        top, bound = module.partition(".")[0], name_of(alias)
        if module == "__future__":
            return
        if _is_at_hand(module):
            self.is_new([bound], _IMPORTS, import_of(node, [alias]), use)
            return
        is_grader = top == _GRADER
        if not is_grader and not _is_of_course(module, use.place):
            raise use.refused(f"{top} is nothing that {_HELP}")
        source = importlib.import_module(module)
        given = getattr(source, alias.name, None)
        if isinstance(node, ast.Import) or isinstance(given, ModuleType):
            raise use.refused("it is a module; import from it the names that are used")
        if is_grader and (given is None or given is not getattr(kit, alias.name, None)):
            raise use.refused(f"it is of the grader itself, nothing that {_HELP}")
        if (module, alias.name) in self.answers:
            raise use.refused(_ANSWER)
        if not is_grader:
            self.bring(source, alias.name, replace(use, name=alias.name))
        text = f"{bound} = {alias.name}"
        if bound != alias.name and self.is_new([bound], use.place.__name__, text, use):
            self.pieces.append(f"\n\n{text}")


def _kept(module: Module, name: str) -> tuple[list[Statement], frozenset[str]]:
    """Return the statements that a name of a module needs, and all names that these need.

    A loop that fills a table, or a call, may change what is kept, so it is kept too.
    """
    own = {one for line in module.statements if not line.is_import for one in line.names}
    wanted = frozenset([name])
    while True:
        names = needed(module, wanted, effects=False)
        changes = [one for one in module.statements if one.always and one.needs & names & own]
        wanted = names.union(*(one.names | one.needs for one in changes))
        if wanted == names:
            kept = [one for one in module.statements if one.names & names or one in changes]
            return kept, names


# --- Imports --------------------------------------------------------------------------------------


def _imports_in(statement: Statement) -> Iterator[tuple[ast.Import | ast.ImportFrom, ast.alias]]:
    nodes = (inner for node in statement.nodes for inner in ast.walk(node))
    imports = (node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))
    return ((node, alias) for node in imports for alias in node.names)


def _only_imports(statement: Statement) -> bool:
    """Tell whether a statement only imports, be it for types only."""
    node = statement.node
    body = node.body if is_typing_only(node) else statement.nodes
    return all(isinstance(one, ast.Import | ast.ImportFrom) for one in body)


def _module_of(node: ast.Import | ast.ImportFrom, alias: ast.alias, place: ModuleType) -> str:
    if isinstance(node, ast.Import):
        return alias.name
    relative = "." * node.level + (node.module or "")
    return importlib.util.resolve_name(relative, place.__package__)


def _is_at_hand(module: str) -> bool:
    """Tell whether every student has a module."""
    top = module.partition(".")[0]
    return top == "numpy" or top in sys.stdlib_module_names


def _is_of_course(module: str, place: ModuleType) -> bool:
    """Tell whether two modules are of one course: in one package, or files side by side."""
    top, own = module.partition(".")[0], place.__name__.partition(".")[0]
    if top == own:
        return True
    try:
        specs = importlib.util.find_spec(top), importlib.util.find_spec(own)
    except (ImportError, ValueError):
        return False
    folders = {Path(one.origin or "").parent for one in specs if one and one.origin}
    beside = len(folders) == 1 and not any(one and one.submodule_search_locations for one in specs)
    return beside and not any("-packages" in part for part in folders.pop().parts)


def _sorted_imports(texts: Iterable[str]) -> list[str]:
    """Return imports as they stand at the top of a module."""
    plain: dict[int, set[str]] = {}
    named: dict[int, dict[str, list[ast.alias]]] = {}
    for text in sorted(set(texts)):
        (node,) = ast.parse(text).body
        assert isinstance(node, ast.Import | ast.ImportFrom)
        module = _module_of(node, node.names[0], kit)
        group = 0 if module == "__future__" else 1 if module.partition(".")[0] != "numpy" else 2
        if isinstance(node, ast.Import):
            plain.setdefault(group, set()).add(text)
        else:
            named.setdefault(group, {}).setdefault(module, []).extend(node.names)
    blocks = []
    for group in sorted({*plain, *named}):
        lines = sorted(plain.get(group, ()))
        for module, aliases in sorted(named.get(group, {}).items()):
            aliases.sort(key=lambda one: (_kind(one.name), one.name))
            lines.append(import_of(ast.ImportFrom(module, aliases, 0), aliases))
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks).split("\n")


def _kind(name: str) -> int:
    """Return where imports list a name: constants, then classes, then the others."""
    return 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2


def _quoted(text: str) -> str:
    """Return a text as Python writes it, in the quotes that a formatter prefers."""
    written = repr(text)
    return f'"{written[1:-1]}"' if written[0] == "'" and '"' not in text else written
