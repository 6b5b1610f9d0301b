"""Slices of Python source: of a module only what some of its names need.

Pure functions from text to text; nothing is imported or run.  What is kept stands in its old
order, under the comments directly above it, as `ruff format` leaves it.

A definition, an import or an assignment is kept where one of its names is needed.  What changes an
object of the module (``TABLE["x"] = 1``, ``TABLE.append(1)``) is kept with that object.  Everything
else that does something when the module is imported (``register(f)``, ``plt.rcParams["x"] = 1``, a
loop, an import of which no name is used) is kept always, with all that it needs itself; but
``if __name__ == "__main__":`` never is.  Where code may look names up as text (``globals``,
``eval``, ``exec``), the module is kept whole.
"""

from __future__ import annotations

import ast
import contextlib
import re
import symtable
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeGuard

LINE_LENGTH = 100  # what is longer is written on several lines, as any formatter would
LOOKS_NAMES_UP = {"globals", "eval", "exec"}
_DEFINITION = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_IMPORT = ast.Import | ast.ImportFrom


@dataclass(frozen=True)
class Statement:
    """What stands at the top of a module, from its comments to its last line."""

    nodes: tuple[ast.stmt, ...]  # several, where they share a line
    comments: tuple[str, ...]  # the lines directly above it
    text: str
    names: frozenset[str]  # kept where one of them is needed
    needs: frozenset[str]  # names of the module, or of Python, that it uses
    always: bool  # it does something when the module is imported
    above: int  # empty lines

    @property
    def node(self) -> ast.stmt:
        return self.nodes[0]

    @property
    def is_definition(self) -> bool:
        return isinstance(self.node, _DEFINITION)

    @property
    def has_definition(self) -> bool:
        return any(isinstance(inner, _DEFINITION) for inner in ast.walk(self.node))

    @property
    def is_import(self) -> bool:
        return isinstance(self.node, _IMPORT)


@dataclass(frozen=True)
class Module:
    """A module's text in pieces."""

    source: str
    head: str  # what stands above the first statement: comments, the docstring
    statements: tuple[Statement, ...]

    @property
    def idle(self) -> frozenset[str]:
        """Names that are imported but not used: imported for the side effect."""
        imported = {name for one in self.statements if one.is_import for name in one.names}
        listed = {name for one in self.statements for name in _listed_names(one.node) or ()}
        return frozenset(imported.difference(listed, *(one.needs for one in self.statements)))


@lru_cache(maxsize=128)
def parse(source: str) -> Module:
    """Take a module apart.

    Raises
    ------
    SyntaxError : it is no Python

    >>> [sorted(one.names) for one in parse("import os, sys\\nA = B = 1\\nA.x = 2").statements]
    [['os', 'sys'], ['A', 'B'], ['A']]
    """
    tree = ast.parse(source)
    lines = re.split(r"\r\n|\r|\n", source)
    groups = _groups(tree)
    own = {name for group in groups if not isinstance(group[0], _IMPORT) for name in _bound(group)}
    statements = []
    end = tree.body[0].end_lineno or 1 if _is_text(tree.body[:1]) else 0
    first = end
    for number, group in enumerate(groups):
        start = _first_line(group[0]) - 1
        while start > end and lines[start - 1].startswith("#"):
            start -= 1
        if number == 0:
            first = start
        above = start - next((n for n in range(start, end, -1) if lines[n - 1].strip()), end)
        end = group[-1].end_lineno or 1
        following = _first_line(groups[number + 1][0]) - 1 if groups[number + 1 :] else len(lines)
        # Comments at the end of a body belong to it, though no node has them.
        indented = [n for n in range(end, following) if re.match(r"\s+#", lines[n])]
        end = indented[-1] + 1 if indented else end
        text = "\n".join(lines[_first_line(group[0]) - 1 : end])
        comments = tuple(lines[start : _first_line(group[0]) - 1])
        names, needs, always = _meaning(group, own)
        statements.append(Statement(tuple(group), comments, text, names, needs, always, above))
    head = "\n".join(lines[:first]).rstrip()
    return Module(source, head, tuple(statements))


def needed(module: Module, wanted: Iterable[str], effects: bool = True) -> frozenset[str]:
    """Return all names that some names of a module need, those names among them.

    Parameters
    ----------
    effects : also what is kept always, see above
    """
    names = set(wanted)
    if effects:
        names |= {name for one in module.statements for name in one.names if _is_special(name)}
        names.update(module.idle)
        names.update(*(one.needs for one in module.statements if one.always))
    size = -1
    while size < len(names):
        size = len(names)
        names.update(*(one.needs for one in module.statements if one.names & names))
    return frozenset(names)


def sliced(source: str, wanted: Iterable[str]) -> str:
    """Return a module's text with only what some of its names need.

    Parameters
    ----------
    source : as it is
    wanted : names; what the module has not is not missed

    Raises
    ------
    SyntaxError : it is no Python

    >>> print(sliced("import os, sys\\n\\nHERE = sys.path\\nUP = os.pardir\\n", ["UP"]))
    import os
    <BLANKLINE>
    UP = os.pardir
    <BLANKLINE>
    """
    module = parse(source)
    names = needed(module, wanted)
    if names & LOOKS_NAMES_UP:
        return source
    text, last = module.head, -1
    for number, one in enumerate(module.statements):
        if not (one.always or one.names & names):
            continue
        passed = module.statements[last + 1 : number + 1]
        before = module.statements[last] if last >= 0 else None
        text += "\n" * (1 + _gap(before, passed)) if text else ""
        text += cut(one, names)
        last = number
    return text + "\n" if text else ""


def _gap(before: Statement | None, passed: Sequence[Statement]) -> int:
    """Return how many empty lines stand above the last of the statements that were passed."""
    this = passed[-1]
    if this.is_definition or (before is not None and before.has_definition):
        return 2
    if before is None:
        return 1
    most = min(max(one.above for one in passed), 2 if len(passed) == 1 else 1)
    return max(most, before.is_import and not this.is_import)


def cut(statement: Statement, names: Collection[str]) -> str:
    """Return a statement's text; of an import, or of ``__all__``, with these names only."""
    whole = statement.text
    text = whole if len(statement.nodes) > 1 else _cut(statement.node, whole, names)
    return "\n".join((*statement.comments, text))


def _cut(node: ast.stmt, text: str, names: Collection[str]) -> str:
    if isinstance(node, _IMPORT):
        aliases = [alias for alias in node.names if name_of(alias) in names or alias.name == "*"]
        return text if len(aliases) == len(node.names) else import_of(node, aliases)
    if is_typing_only(node):
        lines = text.split("\n")
        parts = lines[: node.body[0].lineno - node.lineno]
        for inner in node.body:
            if _bound([inner]) & set(names):
                first, last = inner.lineno - node.lineno, (inner.end_lineno or 1) - node.lineno
                whole = "\n".join(lines[first : last + 1])
                shorter = _cut(inner, whole, names)
                parts.append(shorter if shorter == whole else _indented(shorter))
        return "\n".join(parts)
    exported = _listed_names(node)
    if exported is None or all(name in names for name in exported):
        return text
    items = [f'"{name}"' for name in exported if name in names]
    start, bracket, _ = re.split(r"([\[(])", text, maxsplit=1)
    closing = "]" if bracket == "[" else ")"
    return listed(start + bracket, items, closing)


def name_of(alias: ast.alias) -> str:
    """Return the name that an import binds."""
    return alias.asname or alias.name.partition(".")[0]


def import_of(node: _IMPORT, aliases: Sequence[ast.alias]) -> str:
    """Write an import of some of its names."""
    items = [f"{one.name} as {one.asname}" if one.asname else one.name for one in aliases]
    if isinstance(node, ast.Import):
        return f"import {', '.join(items)}"
    start = f"from {'.' * node.level}{node.module or ''} import "
    line = start + ", ".join(items)
    return line if len(line) <= LINE_LENGTH else exploded(start + "(", items, ")")


def listed(start: str, items: Sequence[str], end: str) -> str:
    """Write a list, in one line where there is room for it.

    >>> listed("(", ["a"], ")"), listed("{", ["a", "b"], "}")
    ('(a,)', '{a, b}')
    """
    comma = "," if start.endswith("(") and len(items) == 1 else ""
    line = f"{start}{', '.join(items)}{comma}{end}"
    return line if len(line) <= LINE_LENGTH else exploded(start, items, end)


def exploded(start: str, items: Iterable[str], end: str) -> str:
    """Write a list with one item a line."""
    return "\n".join([start, *(f"    {item}," for item in items), end])


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))


def without_docstrings(source: str, called: Collection[str] = ()) -> str:
    """Return a module's text without the docstrings of what its users do not call.

    A class or function of which the docstring is all keeps it.

    Parameters
    ----------
    source : as it is
    called : names of functions and classes that keep their docstrings

    >>> print(without_docstrings('def f(x):\\n    "Twice x."\\n    return 2 * x'))
    def f(x):
        return 2 * x
    """
    lines, gone = source.split("\n"), set[int]()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, _DEFINITION) and node.name not in called and _is_text(node.body[:1]):
            text, following = node.body[0], node.body[1:2]
            if following:
                end = _first_line(following[0]) - 1
                comments = [n for n in range(text.end_lineno or 1, end) if lines[n].strip()]
                end = comments[0] if comments else end
                gone.update(range(text.lineno - 1, end))
    return "\n".join(line for number, line in enumerate(lines) if number not in gone)


# --- What is used of a module ---------------------------------------------------------------------


def used_of(module: str, sources: Iterable[str]) -> frozenset[str] | None:
    """Return which names of a module other code uses; None: it may be any of them.

    Parameters
    ----------
    module : its name, as in ``import figures``
    sources : pieces of one program, a notebook's cells; lines of IPython's own are understood

    >>> sorted(used_of("figures", ["import figures as f", "f.show(f.images(x))"]) or ())
    ['images', 'show']
    >>> used_of("figures", ["import figures", "getattr(figures, name)"]) is None
    True
    """
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        trees = [ast.parse(TransformerManager().transform_cell(source)) for source in sources]
    except SyntaxError:
        return None
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names: set[str] = set()
    aliases: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module == module:
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            aliases |= {one.asname or module for one in node.names if one.name == module}
        elif _may_name(node, module):
            return None
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    taken = {id(one.value): one.attr for one in attributes if isinstance(one.value, ast.Name)}
    of_module = [node for node in nodes if isinstance(node, ast.Name) and node.id in aliases]
    names |= {taken.get(id(node), "*") for node in of_module}
    return None if any(name == "*" or _is_special(name) for name in names) else frozenset(names)


def _may_name(node: ast.AST, module: str) -> bool:
    """Tell whether code may reach a module by a text: of a file, of a magic, for the shell."""
    if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("get_ipython()."):
        return bool(re.search(rf"\b{module}\b", ast.unparse(node)))
    return _text_of(node) in (module, f"{module}.py")


# --- What a statement is --------------------------------------------------------------------------


def _groups(tree: ast.Module) -> list[list[ast.stmt]]:
    """Return the statements of a module but its docstring, those together that share a line."""
    groups: list[list[ast.stmt]] = []
    for node in tree.body[1:] if _is_text(tree.body[:1]) else tree.body:
        # A string below an assignment documents it, and stays with it.
        if groups and (_is_text([node]) or _first_line(node) <= (groups[-1][-1].end_lineno or 0)):
            groups[-1].append(node)
        else:
            groups.append([node])
    return groups


def _meaning(
    nodes: Sequence[ast.stmt], own: Collection[str]
) -> tuple[frozenset[str], frozenset[str], bool]:
    """Return the names, the needs and whether there is an effect; `own`: defined in the module."""
    names, needs, always = _bound(nodes), set[str](), False
    for node in nodes:
        needs |= _needs(node)
        changed = _changed(node)
        if changed in own:
            names.add(str(changed))
        else:
            always |= changed is not None or not _only_binds(node)
    return frozenset(names), frozenset(needs), always


def _table(node: ast.stmt) -> symtable.SymbolTable:
    return symtable.symtable(ast.unparse(node), "<statement>", "exec")


def _bound(nodes: Iterable[ast.stmt]) -> set[str]:
    """Return the names of a module that statements bind, or unbind."""
    if any(_is_main(node) for node in nodes):
        return set()
    symbols = [symbol for node in nodes for symbol in _table(node).get_symbols()]
    return {one.get_name() for one in symbols if one.is_assigned() or one.is_imported()}


def _needs(node: ast.stmt) -> set[str]:
    """Return the names that a statement uses and does not have of its own, as Python resolves them.

    Also those in annotations that are text, and of an ``__all__`` that is put together.
    """
    names: set[str] = set()
    tables = [_table(node)]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        # In the body of a class or module, a name that is bound there may have been used before.
        is_open = table.get_type() in ("module", "class")
        names |= {
            one.get_name()
            for one in table.get_symbols()
            if (one.is_referenced() if is_open else one.is_global())
        }
    names.update(*map(_names_in, _annotations(node)))
    if "__all__" in _bound([node]) | {_changed(node)} and _listed_names(node) is None:
        names.update(filter(None, map(_text_of, ast.walk(node))))
    return names


def _names_in(annotation: ast.AST) -> set[str]:
    names = {inner.id for inner in ast.walk(annotation) if isinstance(inner, ast.Name)}
    for text in filter(None, map(_text_of, ast.walk(annotation))):
        with contextlib.suppress(
            SyntaxError, ValueError
        ):  # a text that is no type, as in `Annotated`
            names |= _names_in(ast.parse(text, mode="eval"))
    return names


def _annotations(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what stands for a type in a statement."""
    for inner in ast.walk(node):
        for annotation in (getattr(inner, "annotation", None), getattr(inner, "returns", None)):
            if annotation is not None:
                yield annotation
        if isinstance(inner, ast.Call) and ast.unparse(inner.func) in ("cast", "typing.cast"):
            yield from inner.args[:1]


def _changed(node: ast.stmt) -> str | None:
    """Return the name of the object that a statement changes, ``""`` where it is not known."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign | ast.Delete):
        targets = node.targets
    elif isinstance(node, ast.AugAssign | ast.AnnAssign):
        targets = [node.target]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        targets = [node.value.func] if isinstance(node.value.func, ast.Attribute) else []
    inside = [one for one in targets if isinstance(one, ast.Attribute | ast.Subscript)]
    roots = {_root(one) for one in inside}
    return (roots.pop() if len(roots) == 1 else "") if roots else None


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _only_binds(node: ast.stmt) -> bool:
    """Tell whether a statement gives names values and does nothing else."""
    if isinstance(node, ast.ImportFrom):
        return node.module != "__future__" and node.names[0].name != "*"
    if isinstance(node, ast.If | ast.Try | ast.With) and not _is_main(node):
        handlers = [inner for one in getattr(node, "handlers", ()) for inner in one.body]
        blocks = (node.body, getattr(node, "orelse", []), getattr(node, "finalbody", []), handlers)
        return all(map(_only_binds, (inner for block in blocks for inner in block)))
    simple = (_DEFINITION, ast.Import, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Delete)
    nothing = isinstance(node, ast.Pass | ast.Raise) or _is_text([node]) or _is_main(node)
    changes = _changed(node) is not None
    return nothing or (not changes and (isinstance(node, simple) or _is_type_alias(node)))


def _is_type_alias(node: ast.stmt) -> bool:
    return type(node).__name__ == "TypeAlias"  # since Python 3.12


def _is_main(node: ast.stmt) -> bool:
    """Tell whether a statement is for the module as a program."""
    return isinstance(node, ast.If) and ast.unparse(node.test) in (
        "__name__ == '__main__'",
        "'__main__' == __name__",
    )


def is_typing_only(node: ast.stmt) -> TypeGuard[ast.If]:
    """Tell whether a statement is ``if TYPE_CHECKING:``."""
    return (
        isinstance(node, ast.If)
        and ast.unparse(node.test).rpartition(".")[2] == "TYPE_CHECKING"
        and not node.orelse
    )


def _is_text(nodes: Sequence[ast.stmt]) -> bool:
    return any(isinstance(node, ast.Expr) and _text_of(node.value) is not None for node in nodes)


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _text_of(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _listed_names(node: ast.stmt) -> list[str] | None:
    """Return the names in an ``__all__`` that is written out."""
    if not isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        return None
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    value = node.value
    if [ast.unparse(one) for one in targets] != ["__all__"]:
        return None
    listed = map(_text_of, value.elts) if isinstance(value, ast.List | ast.Tuple) else [None]
    names = [name for name in listed if name is not None]
    return names if len(names) == len(getattr(value, "elts", [None])) else None


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])
