"""Takes the pictures of the sample class: the table that grading prints, a report, feedback.

`make pictures` runs it after the tests that take the others, and `make grade` comes first:
the class is the one in build/demo/.  Needs the system's Chromium.
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

from autograder.cli.commands import _tables
from autograder.grading.records import VERDICTS_FILE, summary

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "build" / "demo"
PICTURES = ROOT / "docs" / "pictures"
# Pages that the commands made, from which element on they are shown, and how much of them.
PAGES = {
    "report": (DEMO / "reports/ps1.html", "h1", 900),
    "feedback": (DEMO / "feedback/seed-a/ps1/ps1.html", "#cell-grade_softmax", 640),
}
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
        for folder in sorted((DEMO / "autograded" / student).glob("ps*")):
            record = json.loads((folder / VERDICTS_FILE).read_text())
            results.append(summary(record, 0.0, fresh=True))
    console = Console(record=True, width=96, file=io.StringIO())
    console.print(*_tables(results))
    return console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")


def keep(taken: bytes, name: str) -> None:
    """Write a picture with few colours, so that it is small."""
    picture = Image.open(io.BytesIO(taken)).convert("RGB")
    picture.quantize(64, dither=Image.Dither.NONE).save(PICTURES / f"{name}.png", optimize=True)


def main() -> None:
    """Take all of them."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("pictures: Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(device_scale_factor=1.5)
        page.set_content(PAGE.format(body=grading_table(), width=900))
        keep(page.locator("#shot").screenshot(), "grading-table")
        for name, (address, first, height) in PAGES.items():
            page = browser.new_page(viewport={"width": 1100, "height": height})
            page.goto(address.as_uri())
            page.locator(first).first.evaluate("e => e.scrollIntoView()")
            keep(page.screenshot(), name)
        browser.close()


if __name__ == "__main__":
    main()
