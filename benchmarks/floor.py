"""The floor: what running the students' own cells costs, and nothing else.

Two warm processes fork a child for each submission; the child runs every cell but
the locked grade cells once, in the same shell as in the box.  No sandbox, no verdict,
no database.  The course's own pictures are told in words, as in the box.  Run as a
program: the coordinator, which starts the two, or (with the file of the work) one of them.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from autograder.base.limits import LIMITS
from autograder.course.folder import heavy_imports
from autograder.sandbox.box import ENVIRONMENT
from autograder.sandbox.inside.shell import warm_shell
from benchmarks.classes import ROOT
from benchmarks.measure import Command, environment

WORKERS = 2
WORKER, COURSE = "--worker", "--course"


def command(course: Path) -> Command:
    """Return the command that runs the cells of a class, as `fresh_course` makes it."""
    program = (sys.executable, "-m", "benchmarks.floor", COURSE, str(course))
    return Command(program, ROOT, environment(PYTHONPATH=str(ROOT)), child=WORKER)


def work_of(course: Path) -> dict[str, Any]:
    """Return what there is to run in a course: plain data.

    Returns
    -------
    dict with ``files`` (by problem set, the folder with what lies beside the notebook),
    ``notebooks`` (pairs of problem set and the sources of its cells), and ``preload`` (what
    the warm processes import before they fork, as the grader does)
    """
    files: dict[str, str] = {}
    preload: set[str] = set()
    notebooks = []
    for path in sorted(course.glob("submitted/*/*/*.ipynb")):
        name = path.parent.name
        if name not in files:
            files[name] = str(course / "release" / name)
            preload.update(heavy_imports(course, name))
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        notebooks.append([name, ["".join(c["source"]) for c in cells if _is_students(c)]])
    return {"files": files, "notebooks": notebooks, "preload": sorted(preload)}


def _is_students(cell: dict[str, Any]) -> bool:
    owned = cell["metadata"].get("nbgrader", {})
    check = owned.get("grade") and not owned.get("solution")
    return cell["cell_type"] == "code" and not check


def run(course: Path) -> int:
    """Run every notebook of a course and return an exit code."""
    with tempfile.TemporaryDirectory() as folder:
        work, made = Path(folder, "work.json"), work_of(course)
        work.write_text(json.dumps(made))
        warm = {
            **ENVIRONMENT,
            "HOME": folder,
            "MPLCONFIGDIR": str(Path(folder, "matplotlib")),
            "IPYTHONDIR": str(Path(folder, "ipython")),
            "PATH": os.environ.get("PATH", "/usr/bin"),
            "PYTHONPATH": str(ROOT),
        }
        # Both take the next number from one pipe, so that neither has to wait for the other.
        numbers, ours = os.pipe()
        program = [sys.executable, "-m", "benchmarks.floor", WORKER, str(work)]
        workers = [
            subprocess.Popen(program, cwd=ROOT, env=warm, stdin=numbers) for _ in range(WORKERS)
        ]
        os.close(numbers)
        for number in range(len(made["notebooks"])):
            os.write(ours, number.to_bytes(4, "big"))
        os.close(ours)
        return max(abs(worker.wait()) for worker in workers)


def warm_process(work: Path) -> int:
    """Take numbers of notebooks from standard input, and run each in a child."""
    what = json.loads(work.read_text())
    for name in what["preload"]:
        with suppress(ImportError):  # as in the box, where the cell then says so
            importlib.import_module(name)
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
    np.random.seed(0)  # noqa: NPY002 - as in the box
    random.seed(0)
    os.chdir(files)
    sys.path.insert(0, files)
    for source in sources:
        shell.run(source, LIMITS.output_bytes, LIMITS.image_bytes)


if __name__ == "__main__":
    what, place = sys.argv[1], Path(sys.argv[2])
    sys.exit(warm_process(place) if what == WORKER else run(place))
