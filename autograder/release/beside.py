"""What is shipped beside a notebook: the checks, and the course's pictures and data."""

from __future__ import annotations

import shutil
from pathlib import Path

CHECKS = Path(__file__).resolve().parents[1] / "checking" / "checks.py"
FIGURES = Path("notebooks", "figures.py")  # beside it lie data, for the notebooks that name them
DATA = (".csv", ".gz", ".npz", ".txt")


def add_helpers(course: Path, folder: Path) -> None:
    """Put the checks beside a notebook, and the course's pictures and data where there are any."""
    text = (folder / f"{folder.name}.ipynb").read_text(encoding="utf-8")
    beside = sorted((course / FIGURES.parent).glob("*"))
    data = [path for path in beside if path.suffix in DATA and path.name in text]
    for helper in (CHECKS, course / FIGURES, *data):
        copied = folder / helper.name
        if helper.is_file() and not (
            copied.is_file() and copied.read_bytes() == helper.read_bytes()
        ):
            shutil.copyfile(helper, copied)
