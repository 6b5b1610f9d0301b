"""What `autograder diagnose` does: a worker diagnoses a notebook, and what it says is printed."""

from __future__ import annotations

import pickle

from autograder.base.limits import DIAGNOSING
from autograder.base.words import printable
from autograder.diagnosis.diagnose import DiagnoseError, Request, diagnosed
from autograder.grading.workers import OverBudget, WorkerLost, own_worker


def show(request: Request) -> None:
    """Print the diagnosis of a notebook.

    Raises
    ------
    DiagnoseError
    """
    from rich.console import Console
    from rich.text import Text

    console, screen = Console(highlight=False), Console(stderr=True)
    name = request.notebook.name
    with screen.status("starting the sandbox") as status:

        def heard(news: bytes) -> None:
            status.update("running code cell {} of {}".format(*pickle.loads(news)))

        try:
            lines, nothing = own_worker().do(diagnosed, request, budget=DIAGNOSING, heard=heard)
        except OverBudget as excess:
            raise DiagnoseError(f"{printable(name)}: judging it {excess}", 1) from None
        except WorkerLost:
            raise DiagnoseError("the process was killed; run the same command again", 1) from None
    # After all that the notebook did, and nothing of it is markup or steers the terminal.
    for line in (f"Diagnosis of {name}", *lines):
        console.print(Text(printable(line)), soft_wrap=not console.is_terminal)
    if nothing is not None:
        raise DiagnoseError(nothing, 1)
