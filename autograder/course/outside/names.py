"""The names of a cell: what it binds, what it reads, what its functions read later."""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

MAGIC = re.compile(r"^(\s*)[%!?].*$|^(\s*)\S.*\?$", re.MULTILINE)


@dataclass(frozen=True)
class Names:
    """The names of a piece of code, as those of a cell.

    Parameters
    ----------
    binds : names that it gives something, functions and imports among them
    reads : names of the notebook that it or a function in it reads
    later : those of them that are read when a function in it is called
    imports : modules by the names under which they are imported
    deletes : names that it deletes
    star : the modules of which everything is imported
    """

    binds: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    later: frozenset[str] = frozenset()
    imports: tuple[tuple[str, str], ...] = ()
    deletes: frozenset[str] = frozenset()
    star: tuple[str, ...] = ()


def without_magics(source: str) -> str:
    """Return a cell that Python can parse: lines for IPython do nothing.

    >>> without_magics("%matplotlib inline\\nx = 1")
    'pass\\nx = 1'
    """
    if source.lstrip().startswith("%%"):
        return ""
    return MAGIC.sub(lambda found: f"{found[1] or found[2] or ''}pass", source)


@lru_cache(maxsize=1024)
def names_of(source: str) -> Names:
    """Return the names of a cell; none where it cannot be parsed.

    >>> found = names_of("import numpy as np\\ndef f(x):\\n    return np.sum(x) + y\\nz = f(3)")
    >>> sorted(found.binds), sorted(found.reads), sorted(found.later), found.imports
    (['f', 'np', 'z'], ['f', 'np', 'y'], ['np', 'y'], (('np', 'numpy'),))
    """
    text = without_magics(source)
    try:
        tree = ast.parse(text)
        table = symtable.symtable(text, "cell", "exec")
    except (SyntaxError, ValueError, RecursionError):
        return Names()
    later = frozenset(_globals_of(table))
    binds = {
        one.get_name() for one in table.get_symbols() if one.is_assigned() or one.is_imported()
    }
    binds |= {one.get_name() for one in table.get_symbols() if one.is_namespace()}
    binds |= {name for inner in _scopes(table) for name in _declared(inner)}
    reads = {one.get_name() for one in table.get_symbols() if one.is_referenced()}
    imports, star = [], []
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                imports.append((alias.asname or first, alias.name if alias.asname else first))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            star += [node.module for alias in node.names if alias.name == "*"]
            imports += [
                (alias.asname or alias.name, f"{node.module}.{alias.name}")
                for alias in node.names
                if alias.name != "*"
            ]
    deletes = {
        target.id
        for node in _statements(tree)
        if isinstance(node, ast.Delete)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return Names(
        frozenset(binds),
        frozenset(reads) | later,
        later,
        tuple(imports),
        frozenset(deletes),
        tuple(star),
    )


def _scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for inner in table.get_children():
        yield inner
        yield from _scopes(inner)


def _globals_of(table: symtable.SymbolTable) -> Iterator[str]:
    for inner in _scopes(table):
        for one in inner.get_symbols():
            # What is only added to counts as assigned, and is read as well.
            if one.is_global() and (one.is_referenced() or one.is_declared_global()):
                yield one.get_name()


def _declared(table: symtable.SymbolTable) -> Iterator[str]:
    for one in table.get_symbols():
        if one.is_declared_global() and one.is_assigned():
            yield one.get_name()


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that are not in a function or a class."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield node
            yield from _statements(node)


def given_statements(source: str) -> list[str]:
    """Return the imports, functions and classes of a cell that students may edit, as text.

    Those whose body is left to them to write are not among them.

    >>> given_statements("import math\\nx = 1\\ndef f():\\n    return x\\ndef g():\\n    pass")
    ['import math', 'def f():\\n    return x']
    """
    text = without_magics(source)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    return [
        ast.get_source_segment(text, node) or ""
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        or (
            isinstance(node, ast.FunctionDef | ast.ClassDef)
            and not node.decorator_list
            and not _is_stub(node)
        )
    ]


def imports_in(source: str) -> list[str]:
    """Return the imports of a cell, at its left margin."""
    text = without_magics(source)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    found = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return [ast.get_source_segment(text, node) or "" for node in found]


def modules_of(source: str) -> set[str]:
    """Return the packages and modules that code imports.

    >>> sorted(modules_of("import a.b, c as d"))
    ['a', 'c']
    """
    found = names_of(source)
    return {module.partition(".")[0] for _, module in found.imports} | {*found.star}


def _is_stub(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Tell whether a function, or a method of a class, is left to be written."""
    if isinstance(node, ast.ClassDef):
        methods = [one for one in node.body if isinstance(one, ast.FunctionDef)]
        return not methods or any(map(_is_stub, methods))
    body = [one for one in node.body if not _is_text(one)]
    return all(isinstance(one, ast.Pass | ast.Raise) or _returns_nothing(one) for one in body)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _returns_nothing(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Return):
        return False
    return node.value is None or (
        isinstance(node.value, ast.Constant) and node.value.value in (None, Ellipsis)
    )
