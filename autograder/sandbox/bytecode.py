"""Compiles the modules of an assignment once, so that no child has to compile them again.

They are the course's own; nothing that a student wrote is compiled here.
"""

from __future__ import annotations

import py_compile
import tempfile
from collections.abc import Mapping
from importlib.util import cache_from_source
from pathlib import Path


def with_bytecode(files: Mapping[str, bytes], place: str) -> dict[str, bytes]:
    """Return files and, for each module among them, what Python finds in ``__pycache__``.

    Parameters
    ----------
    files : by relative path
    place : the folder in which they will lie, for tracebacks

    The box runs the same Python as this process.
    """
    compiled = dict(files)
    for name in files:
        if name.endswith(".py"):
            with tempfile.TemporaryDirectory() as folder:
                source, target = Path(folder, "source.py"), Path(folder, "target.pyc")
                source.write_bytes(files[name])
                try:
                    py_compile.compile(
                        str(source),
                        str(target),
                        dfile=f"{place}/{name}",
                        doraise=True,
                        # The source beside it is the same, but for its time.
                        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
                    )
                except py_compile.PyCompileError:
                    continue  # the import in the notebook will say what is wrong
                compiled[cache_from_source(name)] = target.read_bytes()
    return compiled
