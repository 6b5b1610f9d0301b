"""What is left of a page's limits while it is made; plain numbers that go down."""

from __future__ import annotations

from dataclasses import dataclass

from autograder.base.limits import PAGE, PageLimits


@dataclass
class Allowance:
    """How much more of each kind a page may hold.

    Parameters
    ----------
    code, markdown, pictures, text : characters; see `autograder.base.limits.PageLimits`
    text_cell : characters of one text, which do not go down

    >>> left = Allowance.of(PAGE)
    >>> left.take("code", PAGE.code), left.take("code", 1)
    (True, False)
    """

    code: int
    markdown: int
    pictures: int
    text: int
    text_cell: int

    @classmethod
    def of(cls, limits: PageLimits = PAGE) -> Allowance:
        """Return what a new page may hold."""
        return cls(limits.code, limits.markdown, limits.pictures, limits.text, limits.text_cell)

    def take(self, kind: str, amount: int) -> bool:
        """Take so much of one kind, if it is there; otherwise take nothing and return False."""
        left: int = getattr(self, kind) - amount
        if left < 0:
            return False
        setattr(self, kind, left)
        return True

    def cut(self, text: str) -> str:
        """Return as much of a text as there is room for; what is left out is told in a line."""
        kept = text[: max(0, min(self.text, self.text_cell))]
        self.text -= len(kept)
        return (
            kept if len(kept) == len(text) else f"{kept}\n{LEFT_OUT.format(len(text) - len(kept))}"
        )


INSTALLATION = "this installation cannot make pages ({}): install the package again"
LEFT_OUT = "[{} more characters are left out of this page]"
