"""The floor: what running the students' own cells costs, and nothing else.

Two warm processes fork a child for each submission; the child runs every cell but
the locked grade cells once, in the same shell as in the box.  No sandbox, no verdict,
no database.  The cells are run as stock nbgrader runs them, with the course's own
pictures drawn; or with these told in words, as in the box.  Run as a program: the
coordinator, which starts the two, or (``--worker``) one of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.courses import ROOT, environment
from benchmarks.measure import Command

WORKERS = 2
PROGRAM = "benchmarks.floor"
WORKER = "--worker"


def command(course: Path, told: bool = False, preload: str = "") -> Command:
    """Return the command that runs a class's cells.

    Parameters
    ----------
    course : as `benchmarks.courses.fresh_course` makes it
    told : whether the course's own pictures are told in words, as in the box
    preload : a module that the warm process imports before it forks
    """
    return Command(
        (
            *(sys.executable, "-m", PROGRAM, str(course)),
            *(("--told",) if told else ()),
            *(("--preload", preload) if preload else ()),
        ),
        ROOT,
        environment(PYTHONPATH=str(ROOT)),
        child=WORKER,
    )


def work_of(course: Path) -> dict[str, Any]:
    """Return what there is to run in a course: plain data.

    Returns
    -------
    dict with ``files`` (by problem set, the folder with what lies beside the
    notebook) and ``notebooks`` (pairs of problem set and the sources of its cells)
    """
    files: dict[str, str] = {}
    notebooks = []
    for path in sorted(course.glob("submitted/*/*/*.ipynb")):
        name = path.parent.name
        files[name] = str(course / "release" / name)
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        notebooks.append([name, [_source(cell) for cell in cells if _is_students(cell)]])
    return {"files": files, "notebooks": notebooks}


def _is_students(cell: dict[str, Any]) -> bool:
    owned = cell["metadata"].get("nbgrader", {})
    check = owned.get("grade") and not owned.get("solution")
    return cell["cell_type"] == "code" and not check


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


# --- The coordinator -------------------------------------------------------------------------


def run(course: Path, told: bool, preload: str) -> int:
    """Run every notebook of a course and return an exit code."""
    from autograder.sandbox.box import ENVIRONMENT

    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder, "work.json")
        made = work_of(course)
        work.write_text(json.dumps(made))
        warm = {
            **ENVIRONMENT,
            "HOME": folder,
            "MPLCONFIGDIR": str(Path(folder, "matplotlib")),
            "IPYTHONDIR": str(Path(folder, "ipython")),
            "PATH": os.environ.get("PATH", "/usr/bin"),
            "PYTHONPATH": str(ROOT),
        }
        if not told:
            del warm["COURSE_PICTURES"]
        # Both take the next number from one pipe, so that neither has to wait for the other.
        numbers, ours = os.pipe()
        workers = [
            subprocess.Popen(
                [sys.executable, "-m", PROGRAM, WORKER, str(work), "--preload", preload],
                cwd=ROOT,
                env=warm,
                stdin=numbers,
            )
            for _ in range(WORKERS)
        ]
        os.close(numbers)
        for number in range(len(made["notebooks"])):
            os.write(ours, number.to_bytes(4, "big"))
        os.close(ours)
        return max(abs(worker.wait()) for worker in workers)


# --- A warm process --------------------------------------------------------------------------


def warm_process(work: Path, preload: str) -> int:
    """Take numbers of notebooks from standard input, and run each in a child."""
    import gc
    import importlib

    from autograder.sandbox.inside.shell import warm_shell

    what = json.loads(work.read_text())
    if preload:
        importlib.import_module(preload)
    shell = warm_shell()
    gc.collect()
    gc.freeze()
    failures = 0
    while number := os.read(0, 4):
        process = os.fork()
        if process == 0:
            status = 1
            try:
                name, sources = what["notebooks"][int.from_bytes(number, "big")]
                run_cells(shell, what["files"][name], sources)
                status = 0
            finally:
                os._exit(status)
        failures += os.waitpid(process, 0)[1] != 0
    return 1 if failures else 0


def run_cells(shell: Any, files: str, sources: list[str]) -> None:
    """Run the cells of one notebook, each once; its outputs go nowhere."""
    import random

    import numpy as np

    from autograder.limits import LIMITS

    np.random.seed(0)  # noqa: NPY002 - as in the box
    random.seed(0)
    os.chdir(files)
    sys.path.insert(0, files)
    for source in sources:
        shell.run(source, LIMITS.output_bytes, LIMITS.image_bytes)


def main() -> int:
    """Read the arguments and be the coordinator or a warm process."""
    parser = argparse.ArgumentParser(prog=f"python -m {PROGRAM}", description=__doc__)
    parser.add_argument("path", type=Path, help="the course, or the worker's work")
    parser.add_argument("--told", action="store_true", help="tell the course's pictures")
    parser.add_argument("--preload", default="", help="a module to import before forking")
    parser.add_argument(WORKER, action="store_true", help="be a warm process")
    options = parser.parse_args()
    if options.worker:
        return warm_process(options.path, options.preload)
    return run(options.path, options.told, options.preload)


if __name__ == "__main__":
    sys.exit(main())
