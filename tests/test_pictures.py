"""The pictures of README and docs: all there, small, used, and told in words."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PICTURE = re.compile(r"!\[(?P<words>[^\]]*)\]\((?P<address>[^)]+)\)")
SHOWN = [
    (page, found["words"], page.parent / found["address"])
    for page in PAGES
    for found in PICTURE.finditer(page.read_text(encoding="utf-8"))
]


def test_each_picture_says_in_words_what_it_shows():
    assert [(page.name, words) for page, words, _ in SHOWN if len(words.split()) < 5] == []


def test_each_picture_is_there_is_shown_and_is_small():
    kept = {path.resolve() for path in (ROOT / "docs/pictures").iterdir()}
    assert {path.resolve() for _, _, path in SHOWN} == kept
    assert [path.name for path in kept if path.stat().st_size >= 60_000] == []
