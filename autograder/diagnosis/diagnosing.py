"""What the worker of `autograder diagnose` does; imports late what takes long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.catalogue.name import CatalogueName
from autograder.grading.lean import skip_unused_imports


def diagnosed(
    path: Path,
    aliases: Mapping[str, str],
    exercises: Sequence[str],
    files: Sequence[Path],
    isolation: str,
    catalogue: CatalogueName | None = None,
) -> tuple[list[str], str | None]:
    """Return a diagnosis in lines; see `autograder.diagnosis.diagnose.diagnosed_here`."""
    skip_unused_imports()
    from autograder.diagnosis.diagnose import diagnosed_here

    return diagnosed_here(path, aliases, exercises, files, isolation, catalogue)
