"""What `autograder diagnose` does: a worker diagnoses a notebook, and what it says is printed."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from autograder.base.limits import DIAGNOSING, HAND_IN
from autograder.base.words import printable
from autograder.course.handed_in.archives import (
    HEAD_BYTES,
    UnsoundArchive,
    is_archive,
    read_archive,
)
from autograder.course.handed_in.files import NAMED, PASSED_OVER, survey
from autograder.course.handed_in.finding import SUFFIX, is_json
from autograder.course.handed_in.reading import UnreadableSubmission, read_bytes
from autograder.diagnosis.diagnose import DiagnoseError, Request, diagnosed
from autograder.grading.workers import OverBudget, WorkerLost, own_worker

if TYPE_CHECKING:
    from rich.console import Console


def show(request: Request) -> None:
    """Print the diagnosis of a notebook.

    Raises
    ------
    DiagnoseError
    """
    from rich.console import Console
    from rich.text import Text

    console, screen = Console(highlight=False), Console(stderr=True)
    with the_notebook(request.notebook) as notebook:
        name = notebook.name
        lines, nothing = _diagnosed(replace(request, notebook=notebook), screen)
    # After all that the notebook did, and nothing of it is markup or steers the terminal.
    for line in (f"Diagnosis of {name}", *lines):
        console.print(Text(printable(line)), soft_wrap=not console.is_terminal)
    if nothing is not None:
        raise DiagnoseError(nothing, 1)


def _diagnosed(request: Request, screen: Console) -> tuple[list[str], str | None]:
    name = request.notebook.name
    with screen.status("starting the sandbox") as status:

        def heard(news: bytes) -> None:
            status.update("running code cell {} of {}".format(*pickle.loads(news)))

        try:
            found = own_worker().do(diagnosed, request, budget=DIAGNOSING, heard=heard)
        except OverBudget as excess:
            raise DiagnoseError(f"{printable(name)}: judging it {excess}", 1) from None
        except WorkerLost:
            raise DiagnoseError("the process was killed; run the same command again", 1) from None
    lines, nothing = found
    return lines, nothing


@contextmanager
def the_notebook(path: Path) -> Iterator[Path]:
    """Give the one notebook that is in a folder or an archive; any other file as it is.

    Raises
    ------
    DiagnoseError : there is none, or several
    """
    with tempfile.TemporaryDirectory() as scratch:
        try:
            if path.is_dir():
                found = {name: path / name for name in survey(path, PASSED_OVER).files}
            elif path.suffix != SUFFIX and path.is_file() and _is_archive(path):
                found = dict(_unpacked(path, Path(scratch)))
            else:
                yield path
                return
        except (UnreadableSubmission, UnsoundArchive) as failure:
            raise DiagnoseError(f"{path} cannot be unpacked: {failure}") from None
        names = sorted(name for name in found if name.lower().endswith(SUFFIX))
        if not names:
            raise DiagnoseError(f"there is no notebook in {path}")
        if len(names) > 1:
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            named = f"{', '.join(names[:NAMED])}{more}"
            raise DiagnoseError(f"{path} has several notebooks, give one: {printable(named)}")
        yield found[names[0]]


def _is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        return is_archive(file.read(HEAD_BYTES))


def _unpacked(archive: Path, scratch: Path) -> Iterator[tuple[str, Path]]:
    data = read_bytes(archive.resolve(), HAND_IN.total_bytes)
    for name, _, content in read_archive(data, is_json):
        parts = PurePosixPath(name).parts
        if name.lower().endswith(SUFFIX) and PASSED_OVER.isdisjoint(parts):
            path = scratch / f"{len(list(scratch.iterdir()))}" / PurePosixPath(name).name
            path.parent.mkdir()
            path.write_bytes(content)
            yield name, path
