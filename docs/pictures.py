"""Draws the two pictures of the README from what the tools really show.

Run with `.venv/bin/python docs/pictures.py` after `make grade`: the table is that of
the sample class in build/demo/.  Needs the system's Chromium.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from playwright.sync_api import sync_playwright
from rich.console import Console

from autograder.cli import _tables
from autograder.records import VERDICTS_FILE, summary

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
SHOWN = ("full-einsum", "seed-a", "wrong-no-shift", "broken-loop", "hostile-shell", "untouched")
WRONG = """
import sys; sys.path.insert(0, "autograder")
import numpy as np
from checks import check
def softmax(z):
    e = np.exp(z - np.max(z))
    return e / e.sum()
check(softmax)
"""
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: white; }}
#shot {{ display: inline-block; max-width: {width}px; padding: 12px;
         font: 14px/1.5 "DejaVu Sans", sans-serif; }}
pre {{ font: 13px/1.35 "DejaVu Sans Mono", monospace !important; margin: 0; }}
</style><div id="shot">{body}</div>"""


def check_card() -> str:
    """Return the HTML of the card that a wrong softmax gets."""
    shell = InteractiveShell.instance()
    with capture_output() as captured, contextlib.redirect_stderr(io.StringIO()):
        shell.run_cell(WRONG)
    return next(o.data["text/html"] for o in captured.outputs if "text/html" in o.data)


def grading_table() -> str:
    """Return the HTML of the table for a few submissions of the sample class."""
    results = []
    for student in SHOWN:
        for folder in sorted((ROOT / "build/demo/autograded" / student).glob("ps*")):
            record = json.loads((folder / VERDICTS_FILE).read_text())
            results.append(summary(record, 0.0, fresh=True))
    console = Console(record=True, width=96, file=io.StringIO())
    console.print(*_tables(results))
    return console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")


def main() -> None:
    """Write both pictures."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("pictures: Chromium is not installed")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        for name, body, width in (
            ("check-card", check_card(), 640),
            ("grading-table", grading_table(), 900),
        ):
            page = browser.new_page(device_scale_factor=1.5)
            page.set_content(PAGE.format(body=body, width=width))
            page.locator("#shot").screenshot(path=PICTURES / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
