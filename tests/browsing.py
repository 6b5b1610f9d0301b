"""A page in the tests' browser, cut off from every other computer.

What the tests of slides, pages, JupyterLab and Formgrader share; `conftest.py` has the browser.
"""

from __future__ import annotations

import re
from typing import Any

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
LOCAL = re.compile(r"(file|data|blob|about):|(https?|wss?)://(127\.0\.0\.1|localhost)[:/]")


class Visit:
    """A page, with what it asked for outside this computer and what it complained of."""

    def __init__(self, browser: Any, **options: Any) -> None:
        self.left: list[str] = []
        self.complaints: list[str] = []
        options.setdefault("viewport", {"width": 1280, "height": 720})
        self.context = browser.new_context(**options)
        self.context.route("**/*", self._route)
        self.page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _route(self, route: Any) -> None:
        if LOCAL.match(route.request.url):
            route.continue_()
        else:
            self.left.append(route.request.url)
            route.abort()

    def _console(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)
