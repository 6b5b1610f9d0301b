"""Keeps out of a process what takes long to import and is never used there."""

from __future__ import annotations

import sys


def skip_unused_imports() -> None:
    """Have optional imports fail that cost more than a worker's first submission.

    jsonschema, which nbformat imports, compiles a grammar of international addresses where it
    finds the first of these packages: 1.7 s.  A notebook's schema has neither addresses nor spans
    of time.
    """
    for package in ("rfc3987_syntax", "isoduration"):
        sys.modules.setdefault(package, None)  # type: ignore[arg-type]
