"""The command line, stopped by its own signal at one moment; a program for `running.stopped_at`.

    python stopped_at.py KILL|INT <moment> <number> grade ps1 ...

The moment is the number-th time that something of `MOMENTS` happens, so that it does not
depend on how fast the machine is.  INT goes to the whole process group, as Ctrl-C does.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

# Python's own audit events: raised before what they tell of is done.
MOMENTS: dict[str, Callable[[str, tuple[Any, ...]], bool]] = {
    "a submission is read": lambda event, given: (
        event == "open" and "/submitted/" in str(given[0]) and str(given[0]).endswith(".ipynb")
    ),
    "a file is begun": lambda event, given: (
        event == "tempfile.mkstemp" and "/autograded/" in str(given[0])
    ),
    "a notebook is put in place": lambda event, given: (
        event == "os.rename" and str(given[1]).endswith(".ipynb")
    ),
    "a row is written": lambda event, given: event == "sql",
    "verdicts are put in place": lambda event, given: (
        event == "os.rename" and str(given[1]).endswith("verdicts.json")
    ),
}


def main() -> None:
    how, moment, number = sys.argv[1], MOMENTS[sys.argv[2]], int(sys.argv[3])
    sys.argv[:4] = ["autograder"]
    seen = itertools.count(1)

    def stop(event: str, given: tuple[Any, ...]) -> None:
        if moment(event, given) and next(seen) == number:
            if how == "KILL":
                os.kill(os.getpid(), signal.SIGKILL)
            os.killpg(0, signal.SIGINT)

    sys.addaudithook(stop)
    if moment("sql", ()):
        tell_of_rows()
    from autograder.cli.commands import main as command

    command()


def tell_of_rows() -> None:
    """Raise an audit event for each statement of a transaction that writes, its end included."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def statement(connection: Any, cursor: Any, text: str, *_: Any) -> None:
        if not text.startswith(("SELECT", "PRAGMA", "BEGIN")):
            sys.audit("sql")

    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "commit", lambda connection: sys.audit("sql"))


if __name__ == "__main__":
    main()
