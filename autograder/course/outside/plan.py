"""What a test cell needs outside the student's process: names, and the instructor's own code.

Who gives a name its meaning is decided here, from the instructor's notebook: a helper of the tests
is run where the tests run, and never looked up in the student's process, whatever a student calls
so.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from autograder.course.outside.look import uses_files, why_helper_inside, why_inside
from autograder.course.outside.names import (
    Names,
    given_statements,
    imports_in,
    modules_of,
    names_of,
)

OUTSIDE, INSIDE = "outside", "inside"
TEST, SOLUTION, LOCKED, OPEN = "test", "solution", "locked", "open"


@dataclass(frozen=True)
class Given:
    """A code cell of the instructor's notebook.

    Parameters
    ----------
    name : nbgrader's, or ""
    kind : `TEST`, `SOLUTION`, `LOCKED`, or `OPEN` for any other, which students may edit
    source : as the instructor has it; of a solution cell, as students get it
    solution : of a solution cell, as the instructor has it, where that is known
    shown : of a test cell, what students get of it
    """

    name: str
    kind: str
    source: str
    solution: str = ""
    shown: str = ""


@dataclass(frozen=True)
class Piece:
    """Code of the instructor's that runs in the tester's process before a test cell.

    Parameters
    ----------
    number : the same for the same piece of one notebook
    """

    number: int
    source: str


@dataclass(frozen=True)
class Decision:
    """How a test cell is judged, and what its right solution needed.

    Parameters
    ----------
    way : `OUTSIDE` or `INSIDE`
    why : in words; empty where there is nothing to say
    needs : the operations on student's objects that it needs; None where nobody tried
    """

    way: str
    why: str = ""
    needs: tuple[str, ...] | None = None


@dataclass(frozen=True)
class TestCell:
    """How a test cell is judged.

    Parameters
    ----------
    name : nbgrader's
    way : `OUTSIDE` or `INSIDE`
    why : in words
    number : of the piece that it is itself, for later ones
    pieces : the instructor's code that it needs, in the notebook's order
    names : of the student's that are asked for at once
    mine : names that are the instructor's to say
    theirs : names that the student's solution gives their meaning
    imports : by which name the assignment's own code knows a module
    step : names that it may set and that students' functions read
    back : names that it binds and that later cells of the notebook use
    present : names that solutions import: a test has them where the student's notebook does, and
        what they stand for is imported where the test is
    files : whether it looks at files
    needs : the operations on student's objects that it needs; None where nobody tried
    """

    __test__ = False  # pytest takes the name for a test's

    name: str
    way: str = OUTSIDE
    why: str = ""
    number: int = 0
    pieces: tuple[Piece, ...] = ()
    names: tuple[str, ...] = ()
    mine: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    imports: tuple[tuple[str, str], ...] = ()
    step: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    files: bool = False
    needs: tuple[str, ...] | None = None


@dataclass(frozen=True)
class _Part:
    """A piece, and where it stands."""

    piece: Piece
    names: Names
    cell: int


def plan(
    cells: Sequence[Given],
    beside: Mapping[str, bytes] = MappingProxyType({}),
    decided: Mapping[str, Decision] | None = None,
) -> list[TestCell]:
    """Return what each test cell of a notebook needs.

    Parameters
    ----------
    cells : all code cells of the instructor's notebook, in its order
    beside : the files that lie beside it
    decided : by name, what a trial with the solutions found; None: its text alone says it

    >>> [one] = plan([Given("f", SOLUTION, "def f(): ..."), Given("t", TEST, "assert f() == 1")])
    >>> one.way, one.names, one.theirs
    ('outside', ('f',), ('f',))
    """
    local = frozenset(name.partition("/")[0].partition(".")[0] for name in beside)
    tests = [place for place, cell in enumerate(cells) if cell.kind == TEST]
    ways = {cells[place].name: _way(cells[place], decided or {}) for place in tests}
    for place in tests:
        one = _planned(cells, place, local, ways)
        texts = [cells[place].source, *(piece.source for piece in one.pieces)]
        why = next(filter(None, map(why_helper_inside, _with_modules(texts, beside))), "")
        if why and one.way == OUTSIDE:
            ways[one.name] = Decision(INSIDE, why)
    return [_planned(cells, place, local, ways) for place in tests]


def _with_modules(texts: Sequence[str], beside: Mapping[str, bytes]) -> Iterator[str]:
    """Yield code, and that of the assignment's own modules which it imports."""
    waiting, seen = list(texts), set(texts)
    while waiting:
        text = waiting.pop()
        yield text
        for name in modules_of(text):
            for path in (f"{name}.py", f"{name}/__init__.py"):
                module = beside.get(path, b"").decode(errors="replace")
                if module not in seen:
                    seen.add(module)
                    waiting.append(module)


def _way(cell: Given, decided: Mapping[str, Decision]) -> Decision:
    why = why_inside(cell.source)
    if why:
        return Decision(INSIDE, why)
    return decided.get(cell.name, Decision(OUTSIDE, "", None))


def _parts(
    cells: Sequence[Given], until: int, local: frozenset[str], ways: Mapping[str, Decision]
) -> Iterator[_Part]:
    """Yield the instructor's code before a cell that may be run in the tester's process."""
    for place, cell in enumerate(cells[:until]):
        texts = [cell.source]
        if cell.kind == OPEN:
            texts = given_statements(cell.source)
        elif cell.kind == SOLUTION:
            # A module beside the notebook may remember what students' functions did with it.
            both = [*imports_in(cell.source), *imports_in(cell.solution)]
            texts = [text for text in both if not modules_of(text) & local]
        elif cell.kind == TEST and ways[cell.name].way == INSIDE:
            texts = []
        for number, text in enumerate(dict.fromkeys(texts)):
            yield _Part(Piece(1000 * place + number, text), names_of(text), place)


def _planned(
    cells: Sequence[Given], place: int, local: frozenset[str], ways: Mapping[str, Decision]
) -> TestCell:
    test = cells[place]
    own = names_of(test.source)
    parts = list(_parts(cells, place, local, ways))
    students = _bound_by_students(cells, place, local, ways)
    wanted, taken = set(own.reads), set()
    last: dict[str, int] = {}  # of the instructor's code, the cell that binds a name last
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        binding = [part for part in parts if name in part.names.binds]
        if binding and binding[-1].cell >= students.get(name, -1):
            last[name] = binding[-1].cell
        for part in binding if name in last else ():
            taken.add(part.piece.number)
            new = part.names.reads - wanted
            wanted |= new
            waiting += new
    # Of what is imported whole nobody knows the names.
    taken |= {part.piece.number for part in parts if part.names.star}
    mine = {name for name in wanted if name in last}
    theirs = {name for name in wanted if name in students} - mine
    asked = {
        name
        for name in wanted - mine - own.binds | (wanted & theirs)
        if name in theirs or not hasattr(builtins, name)
    }
    imports = {
        name: module
        for cell in cells[: place + 1]
        for text in (cell.source, cell.solution)
        for name, module in names_of(text).imports
    }
    used = [part for part in parts if part.piece.number in taken]
    return TestCell(
        test.name,
        ways[test.name].way,
        ways[test.name].why,
        1000 * place,
        tuple(part.piece for part in used),
        tuple(sorted(asked)),
        tuple(sorted(mine)),
        tuple(sorted(theirs)),
        tuple(sorted((name, module) for name, module in imports.items() if name in wanted)),
        tuple(sorted((own.binds | own.deletes) & _read_by_students(cells))),
        tuple(sorted(_used_later(cells, place, ways))),
        tuple(sorted(name for name in mine if cells[last[name]].kind == SOLUTION)),
        any(uses_files(text) for text in (test.source, *(part.piece.source for part in used))),
        ways[test.name].needs,
    )


def _bound_by_students(
    cells: Sequence[Given], until: int, local: frozenset[str], ways: Mapping[str, Decision]
) -> dict[str, int]:
    """Return the names that solutions bind before a cell, each with the last cell that does."""
    bound: dict[str, int] = {}
    for place, cell in enumerate(cells[:until]):
        if cell.kind == SOLUTION:
            both = names_of(cell.source), names_of(cell.solution)
            imported = {
                name
                for names in both
                for name, module in names.imports
                if module.partition(".")[0] not in local
            }
            bound.update(dict.fromkeys((both[0].binds | both[1].binds) - imported, place))
        elif cell.kind == OPEN:
            given = {
                name for text in given_statements(cell.source) for name in names_of(text).binds
            }
            bound.update(dict.fromkeys(names_of(cell.source).binds - given, place))
        elif cell.kind == TEST and ways[cell.name].way == INSIDE:
            bound.update(dict.fromkeys(names_of(cell.source).binds, place))
    return bound


def _read_by_students(cells: Sequence[Given]) -> frozenset[str]:
    """Return the names of the notebook that functions of students' read when they are called."""
    found: frozenset[str] = frozenset()
    for cell in cells:
        if cell.kind in (SOLUTION, OPEN):
            found |= names_of(cell.source).later | names_of(cell.solution).later
    return found


def _used_later(cells: Sequence[Given], place: int, ways: Mapping[str, Decision]) -> set[str]:
    """Return what a test cell binds, in what students see of it, and later cells read."""
    test = cells[place]
    seen = names_of(test.shown or test.source).binds
    later = [
        cell for cell in cells[place + 1 :] if cell.kind != TEST or ways[cell.name].way == INSIDE
    ]
    reads = {
        name
        for cell in later
        for name in names_of(cell.source).reads | names_of(cell.solution).reads
    }
    return set(seen) & reads
