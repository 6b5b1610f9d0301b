"""Draws the README's picture of the table that grading prints.

`make pictures` runs it after the tests that take the others, and `make grade` comes first:
the table is that of the sample class in build/demo/.  Needs the system's Chromium.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright
from rich.console import Console

from autograder.cli import _tables
from autograder.records import VERDICTS_FILE, summary

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "pictures" / "grading-table.png"
SHOWN = ("full-einsum", "seed-a", "wrong-no-shift", "broken-loop", "hostile-shell", "untouched")
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: white; }}
#shot {{ display: inline-block; max-width: {width}px; padding: 12px;
         font: 14px/1.5 "DejaVu Sans", sans-serif; }}
pre {{ font: 13px/1.35 "DejaVu Sans Mono", monospace !important; margin: 0; }}
</style><div id="shot">{body}</div>"""


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
    """Write the picture, with few colours so that it is small."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("pictures: Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(device_scale_factor=1.5)
        page.set_content(PAGE.format(body=grading_table(), width=900))
        taken = page.locator("#shot").screenshot()
        browser.close()
    picture = Image.open(io.BytesIO(taken)).convert("RGB")
    picture.quantize(64, dither=Image.Dither.NONE).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
