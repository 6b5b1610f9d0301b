"""What of a page a reader sees, and what of it could run or load something."""

from __future__ import annotations

from html.parser import HTMLParser

LOADING = ("src", "href", "action", "data", "srcset", "formaction")


class Seen(HTMLParser):
    """The tags and attributes of a page, in order, its scripts and its words."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source, self.inside = source, ""
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside != "style":
            (self.scripts if self.inside == "script" else self.words).append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    @property
    def names(self) -> set[str]:
        """The names of all attributes."""
        return {name for _, name, _ in self.attributes}

    @property
    def handlers(self) -> list[str]:
        return [name for name in self.names if name.startswith("on")]

    @property
    def loaded(self) -> list[str]:
        """The addresses that it leads to, or fetches."""
        return self.values(*LOADING)

    def values(self, *names: str) -> list[str]:
        return [value for _, name, value in self.attributes if name in names]
