"""Judges what any notebook has of a course's functions; needs no course's folder, no gradebook."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from autograder.base.limits import DIAGNOSE_LIMITS
from autograder.base.words import listed, printable
from autograder.catalogue.name import CatalogueError, CatalogueName, installed_catalogue
from autograder.checking import inert_checks
from autograder.course.handed_in.reading import UnreadableSubmission, read_bytes
from autograder.diagnosis.finding import Finder
from autograder.diagnosis.foreign import NOTEBOOK, run_notebook
from autograder.diagnosis.names import Known, Names, labels
from autograder.diagnosis.pairs import Pairs
from autograder.diagnosis.telling import Diagnosis, errors
from autograder.diagnosis.ways import SEED
from autograder.grading.working import begun, tell
from autograder.sandbox import IsolationUnavailable, Name, Sandbox, SandboxLost
from autograder.submission.sanitise import parse_submission

CHECKS = "checks.py"  # what a notebook of such a course imports


class DiagnoseError(Exception):
    """Why there is no diagnosis, and what to do.

    Parameters
    ----------
    message : one or two lines
    code : the command's exit code: 1 where there is nothing to judge, 2 where it was
        asked for what cannot be, 3 where isolation cannot be had
    """

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Request:
    """What is to be diagnosed; plain data.

    Parameters
    ----------
    notebook : its path
    named : ``"exercise=name"``, which function of the notebook is which exercise
    exercises : judge only these; empty: all
    files : what the notebook opens and imports
    isolation : "bwrap" or "none"
    catalogue : of which course; None is the installed one
    """

    notebook: Path
    named: Sequence[str] = ()
    exercises: Sequence[str] = ()
    files: Sequence[Path] = ()
    isolation: str = "bwrap"
    catalogue: CatalogueName | None = None


def diagnose(
    request: Request, sandbox: Sandbox, say: Callable[[int, int], None] = lambda number, cells: None
) -> Diagnosis:
    """Run a notebook and judge those of its functions that the catalogue knows.

    Parameters
    ----------
    request : what is to be diagnosed
    sandbox : where the notebook runs
    say : takes the number of the cell that is run next, and how many there are

    Returns
    -------
    Diagnosis

    Raises
    ------
    DiagnoseError : wrong usage, no notebook, no isolation
    """
    catalogue, names = _names(request.catalogue)
    aliases = dict(_alias(text, names) for text in request.named)
    wanted = _wanted(request, names)
    notebook, remarks = read(request.notebook)
    given = {_place(file, request.notebook): _contents(file) for file in request.files}
    beside = {CHECKS: Path(inert_checks.__file__).read_bytes(), **given}
    own = {NOTEBOOK, *(".".join(Path(name).with_suffix("").parts) for name in given)}
    there = [file.name for file in request.notebook.resolve().parent.glob("*.py")][:1000]

    def is_wanted(name: Name) -> bool:
        return name.module in own or name.name in aliases or bool(names.meant(name.name, wanted))

    try:
        try:
            run = run_notebook(notebook, sandbox, SEED, beside, is_wanted, there, say, catalogue)
        except ValueError as failure:  # of the files: too large together
            raise DiagnoseError(f"--file: {failure}") from None
        try:
            finder = Finder(run, aliases, wanted, own, names)
            finder.functions_and_classes()
            Pairs(finder).all()
            finder.methods()
            finder.unwritten()
            answers = finder.answers()
            finder.missing()
            unknown = finder.unknown()
        finally:
            run.close()
    except IsolationUnavailable as failure:
        raise DiagnoseError(str(failure), 3) from None
    except (SandboxLost, ConnectionError) as failure:
        raise DiagnoseError(f"{failure}; run the same command again", 1) from None
    return Diagnosis(
        cells=sum(cell.cell_type == "code" for cell in notebook.cells),
        isolation=sandbox.isolation,
        happened=tuple(dict.fromkeys((*remarks, *errors(run.failures), *run.remarks))),
        answers=tuple(answers),
        passed_over=tuple(finder.passed_over),
        unknown=unknown,
        names=tuple(sorted(run.names)),
    )


def diagnosed(request: Request) -> tuple[list[str], str | None]:
    """Return the diagnosis of a notebook in lines, and what to say where nothing was judged."""
    with Sandbox(request.isolation, DIAGNOSE_LIMITS) as sandbox:
        begun()
        found = diagnose(request, sandbox, lambda *number: tell(number))
    if found.answers:
        return list(found.lines()), None
    sought = request.exercises or labels(_names(request.catalogue)[1].known)
    return list(found.lines()), found.nothing_judged(request.notebook.name, list(sought))


# --- What is asked for ---------------------------------------------------------------------------


def _names(catalogue: CatalogueName | None) -> tuple[CatalogueName, Names]:
    """Return a catalogue, of None the installed course's, and the names of its exercises."""
    try:
        catalogue = catalogue or installed_catalogue()
        names = Names(catalogue.load())
    except CatalogueError as failure:
        raise DiagnoseError(str(failure)) from None
    if not names.known:
        raise DiagnoseError(f"the catalogue {catalogue.module} has no exercise to look for")
    return catalogue, names


def _wanted(request: Request, names: Names) -> list[Known]:
    if not request.exercises:
        return names.known
    asked = [one for text in request.exercises for one in _asked(text, names)]
    return list(dict.fromkeys(asked))


def _asked(text: str, names: Names) -> list[Known]:
    found = names.asked(text)
    if not found:
        there = listed(labels(names.known))
        raise DiagnoseError(f"there is no exercise {printable(text)}; there are {there}")
    return found


def _alias(text: str, names: Names) -> tuple[str, list[Known]]:
    """Return a function's name, and the exercises that a person says it is."""
    exercise, _, name = (part.strip() for part in text.partition("="))
    if not exercise or not all(part.isidentifier() for part in name.split(".")):
        one = names.known[0].name
        raise DiagnoseError(
            f"--as wants an exercise and a name of the notebook, as in {one}=my_{one} or "
            f"{one}=Model.{one}, not {printable(text)}"
        )
    return name, _asked(exercise, names)


# --- Reading -------------------------------------------------------------------------------------


def read(path: Path) -> tuple[NotebookNode, list[str]]:
    """Return the notebook in a file, and what had to be done for it, a sentence each.

    Raises
    ------
    DiagnoseError : there is no such file, or it is no notebook
    """
    if not path.is_file():
        raise DiagnoseError(f"there is no notebook {printable(str(path))}")
    # A link is followed here: whoever names it means the file that it leads to.
    try:
        data = read_bytes(path.resolve())
        newer = _brought_up_to_date(data)
        notebook = parse_submission(newer or data, path.name)
    except UnreadableSubmission as failure:
        raise DiagnoseError(_again(str(failure)), 1) from None
    return notebook, ["It is of an older format, and was converted."] if newer else []


def _brought_up_to_date(data: bytes) -> bytes | None:
    """Return a notebook of format 3 as one of format 4; None where it is no such notebook."""
    import nbformat

    try:
        content = json.loads(data.decode("utf-8-sig"))
        if content["nbformat"] != 3:
            return None
        return str(nbformat.writes(nbformat.convert(nbformat.from_dict(content), 4))).encode()
    except Exception:  # a file may hold anything
        return None


def _again(text: str) -> str:
    return text.replace("submit it again", "try again")


def _place(file: Path, notebook: Path) -> str:
    """Return where a file lies as the notebook sees it: beside it, unless it is below."""
    try:
        return file.resolve().relative_to(notebook.resolve().parent).as_posix()
    except ValueError:
        return file.name


def _contents(path: Path) -> bytes:
    if not path.is_file():
        raise DiagnoseError(f"--file: there is no file {printable(str(path))}")
    try:
        return read_bytes(path.resolve())
    except UnreadableSubmission as failure:
        raise DiagnoseError(f"--file: {_again(str(failure))}") from None
