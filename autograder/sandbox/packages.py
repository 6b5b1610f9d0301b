"""Which installed files a submission may see: those of the packages that its course allows.

Reads what installers noted beside the packages (``RECORD``, ``METADATA``) and nothing else,
for `importlib.metadata` takes a second for all that is installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from configparser import ConfigParser, Error
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

# Where an installed course says what its catalogue is called.
CATALOGUES = "autograder.catalogues"
# What the fork server itself imports, whatever a course allows.
ALWAYS = ("IPython", "matplotlib", "msgspec", "numpy")
TOP = re.compile(r'^"?([^/,"\n]*)', re.MULTILINE)


@dataclass(frozen=True, eq=False)
class Distribution:
    """An installed package, as its installer left it.

    Parameters
    ----------
    folder : the folder of packages that it is in
    info : its ``.dist-info`` or ``.egg-info`` there
    """

    folder: Path
    info: Path

    @cached_property
    def name(self) -> str:
        return _normal(self.info.stem.partition("-")[0])

    @cached_property
    def record(self) -> str:
        """What was noted of its files, one a line with what follows a comma."""
        record = _text(self.info / "RECORD")
        if not record:  # Debian's own packages note the names of what can be imported
            for name in _text(self.info / "top_level.txt").split():
                there = [path.name for path in self.folder.glob(f"{name}*") if _is(path, name)]
                record += "".join(f"{file},,\n" for file in there)
        return f"{record}{self.info.name}/,,\n"

    @cached_property
    def tops(self) -> set[str]:
        """Its files and folders in this folder; of all that is installed, so it must be quick."""
        return set(TOP.findall(self.record)) - {"..", ""}

    @cached_property
    def files(self) -> list[str]:
        """Its files in this folder, relative to it; folders where only their names are noted."""
        files = [line.rsplit(",", 2)[0].strip('"') for line in self.record.splitlines()]
        inside = [file for file in files if file and not file.startswith(("..", "/"))]
        return [file.rstrip("/") for file in inside]

    @cached_property
    def modules(self) -> set[str]:
        """What can be imported of it, by its first name."""
        return {top.partition(".")[0] for top in self.tops if _importable(top)}

    def requires(self) -> Iterator[str]:
        """Yield the names of what it needs here, its extras left out."""
        prefix, needs = "Requires-Dist:", []
        text = _text(self.info / "METADATA") or _text(self.info / "PKG-INFO")
        for line in text.splitlines():
            if not line:  # a line of spaces belongs to the licence above it
                break
            needs += [line.removeprefix(prefix)] if line.startswith(prefix) else []
        for line in _text(self.info / "requires.txt").splitlines():
            if line.startswith("["):
                break
            needs.append(line)
        for text in needs:
            try:
                need = Requirement(text.strip())
            except InvalidRequirement:
                continue
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                yield _normal(need.name)


@dataclass(frozen=True)
class Shown:
    """What of the installed packages is shown.

    Parameters
    ----------
    entries : files and folders, each with the folder of packages that it is in
    refused : the first names of all modules that are installed and not shown
    """

    entries: tuple[tuple[Path, str], ...]
    refused: tuple[str, ...]


def shown(names: Sequence[str], folders: Sequence[Path]) -> Shown:
    """Find what a submission sees that may use these packages, and what they need.

    Parameters
    ----------
    names : as they are imported, or as they are installed: ``"sklearn"`` or ``"scikit-learn"``
    folders : of installed packages
    """
    there = [found for folder in folders for found in _distributions(folder)]
    wanted, allowed = {*names, *ALWAYS}, set[Distribution]()
    more = {_normal(name) for name in wanted}
    for one in there:
        if one.name in more or one.modules & wanted:
            allowed.add(one)
    waiting = list(allowed)
    while waiting:
        needs = set(waiting.pop().requires())
        new = {one for one in there if one.name in needs} - allowed
        allowed |= new
        waiting += new
    entries: dict[tuple[Path, str], None] = {}
    for folder in folders:
        here = [one for one in there if one.folder == folder]
        mine = [one.files for one in here if one in allowed]
        tops = {top for one in here if one in allowed for top in one.tops}
        others = [one.files for one in here if one not in allowed and one.tops & tops]
        for entry in _apart([f for part in mine for f in part], [f for p in others for f in p]):
            if (folder / entry).exists():
                entries[folder, entry] = None
    modules = {name for one in there if one not in allowed for name in one.modules}
    modules -= {name for one in allowed for name in one.modules}
    return Shown(tuple(sorted(entries)), tuple(sorted(modules - {"autograder"})))


def _distributions(folder: Path) -> list[Distribution]:
    infos = [*folder.glob("*.dist-info"), *folder.glob("*.egg-info")]
    return [Distribution(folder, info) for info in sorted(infos)]


def _apart(mine: Iterable[str], others: Sequence[str], above: str = "") -> list[str]:
    """Return the fewest files and folders with all of mine and nothing of others.

    >>> _apart(["numpy/a.py", "numpy/b.py", "google/x/c.py"], ["google/y/d.py"])
    ['google/x', 'numpy']
    """
    theirs = {file[len(above) :].partition("/")[0] for file in others}
    found: list[str] = []
    below: dict[str, list[str]] = {}
    for file in mine:
        below.setdefault(file[len(above) :].partition("/")[0], []).append(file)
    for name in sorted(below):
        whole = above + name
        if name not in theirs or below[name] == [whole]:
            found.append(whole)
        else:
            inside = [file for file in others if file.startswith(f"{whole}/")]
            found += _apart(below[name], inside, f"{whole}/")
    return found


def _importable(top: str) -> bool:
    name, _, kind = top.partition(".")
    return name.isidentifier() and kind.rpartition(".")[2] in ("", "py", "so")


def _is(path: Path, name: str) -> bool:
    return path.name == name or path.name.startswith(f"{name}.")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def catalogues(folders: Iterable[Path]) -> list[str]:
    """Return the installed packages that hold a course's right answers, as its installer noted."""
    names = set()
    for folder in folders:
        for noted in folder.glob("*-info/entry_points.txt"):
            text = _text(noted)
            if CATALOGUES not in text:
                continue
            parser = ConfigParser(delimiters=("=",))
            try:
                parser.read_string(text)
                values = [module for _, module in parser.items(CATALOGUES)]
            except Error:
                continue
            names |= {module.partition(".")[0] for module in values}
    return sorted(names)
