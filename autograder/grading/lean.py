"""Keeps out of our own processes what takes long to import and is never used there."""

from __future__ import annotations

import sys


def skip_unused_imports() -> None:
    """Have optional imports fail that cost more than a first submission.

    jsonschema, which nbformat imports, compiles a grammar of international addresses
    where it finds this package: 1.7 s.  A notebook's schema has no address.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
