"""JupyterLab and Chromium for the browser tests: how to start, drive and watch them.

A server has folders of its own, so that nothing of the reader's own Jupyter is read or
touched; a page records what it asks for outside this computer.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
LOCAL = re.compile(r"(file|data|blob|about):|(https?|wss?)://(127\.0\.0\.1|localhost)[:/]")
TOKEN = "course"
PICTURES = "PICTURES"  # names the folder for the pictures of the docs: `make pictures`
PATIENCE = 60_000  # milliseconds, for what takes one or two seconds on a quiet machine
# No question about news: it would cover the page, and ask the network.
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": False,
    }
}


# --- Chromium ---------------------------------------------------------------------------------


@contextmanager
def chromium() -> Iterator[Any]:
    """Start the system's Chromium, or skip the test with the reason."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        one = driver.chromium.launch(executable_path=program, args=list(FLAGS))
        yield one
        one.close()


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


# --- JupyterLab, started ----------------------------------------------------------------------


@dataclass(frozen=True)
class Lab:
    """A JupyterLab that runs: where it is, and what it says."""

    address: str
    log: Path

    def at(self, path: str = "", door: str = "lab/tree") -> str:
        """Return the address of a file or folder below its root, with a clean workspace."""
        place = f"{door}/{path}" if path else "lab"
        return f"{self.address}{place}?token={TOKEN}&reset"


@contextmanager
def jupyterlab(
    root: Path,
    own: Path,
    *,
    nbgrader: Mapping[str, Any] | None = None,
    server: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Lab]:
    """Start JupyterLab in a folder; end it and its kernels afterwards.

    Parameters
    ----------
    root : the folder that is shown, and that the server is started in
    own : an empty folder for its settings, data and log
    nbgrader : settings of nbgrader by trait, such as `{"Exchange.root": "/tmp/exchange"}`;
        a course's own `nbgrader_config.py` in `root` wins over them
    server : further settings of the server by trait
    environment : variables that are added to this process's
    """
    own.mkdir(parents=True, exist_ok=True)
    lines = [f"c.{trait} = {value!r}\n" for trait, value in (nbgrader or {}).items()]
    (own / "nbgrader_config.py").write_text("c = get_config()\n" + "".join(lines))
    (own / "labconfig").mkdir()
    (own / "labconfig/default_setting_overrides.json").write_text(json.dumps(SETTINGS))
    log = own / "log"
    options = {
        "ServerApp.ip": "127.0.0.1", "ServerApp.port": "0", "ServerApp.root_dir": str(root),
        "IdentityProvider.token": TOKEN, "LabApp.news_url": "",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate", **(server or {}),
    }  # fmt: skip
    folders = {"CONFIG": own, "DATA": own / "data", "RUNTIME": own / "runtime"}
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            cwd=root,
            env={
                **{name: value for name, value in os.environ.items() if name != "GRADEBOOK_URL"},
                **{f"JUPYTER_{name}_DIR": str(folder) for name, folder in folders.items()},
                "IPYTHONDIR": str(own / "ipython"),
                **(environment or {}),
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Lab(_address(log, process), log)
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    for _ in range(240):
        found = re.search(r"http://127\.0\.0\.1:\d+/", log.read_text())
        if found and _answers(found.group()):
            return found.group()
        assert process.poll() is None, log.read_text()[-2000:]
        time.sleep(0.25)
    raise AssertionError(f"JupyterLab did not start: {log.read_text()[-2000:]}")


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}api", timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


# --- JupyterLab, driven -----------------------------------------------------------------------


def open_notebook(visit: Visit, lab: Lab, path: str) -> Any:
    """Open a notebook; return the page once there is a kernel that waits for a cell."""
    page = visit.page
    page.set_default_timeout(PATIENCE)
    page.goto(lab.at(path))
    idle(page)
    return page


def idle(page: Any) -> None:
    """Wait until there is a kernel, with nothing to do."""
    # "Idle" may show elsewhere before there is a kernel, and what is typed then is dropped.
    page.wait_for_function("/Idle/.test(document.querySelector('#jp-main-statusbar')?.innerText)")


def choose(page: Any, menu: str, entry: str) -> None:
    """Choose an entry of a menu, by their names as they are read."""
    page.locator(f'.lm-MenuBar-item:has-text("{menu}")').click()
    page.locator(f'.lm-Menu-itemLabel:text-is("{entry}")').click()


def worst_contrast(page: Any, selector: str) -> float:
    """Return the least contrast of WCAG between the text of these elements and what is behind."""
    return float(
        page.evaluate(
            """(selector) => {
              const parts = (colour) => {
                const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
                return { rgb: [r, g, b], a };
              };
              const over = ({ rgb, a }, below) => rgb.map((c, i) => c * a + below[i] * (1 - a));
              const behind = (e) => {
                if (!e) return [255, 255, 255];
                const colour = parts(getComputedStyle(e).backgroundColor);
                return colour.a === 1 ? colour.rgb : over(colour, behind(e.parentElement));
              };
              const light = (rgb) => rgb.map((c) => c / 255)
                .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
                .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
              return Math.min(...[...document.querySelectorAll(selector)].map((e) => {
                const below = behind(e);
                const pair = [light(over(parts(getComputedStyle(e).color), below)), light(below)];
                return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
              }));
            }""",
            selector,
        )
    )


def keep_picture(shown: Any, name: str, **options: Any) -> None:
    """Keep a screenshot of a page or of an element for the docs, where the environment asks."""
    if folder := os.environ.get(PICTURES):
        save_picture(shown.screenshot(**options), Path(folder, f"{name}.png"))


def save_picture(png: bytes, path: Path) -> None:
    """Write a picture with few colours, so that it is small; text stays as it is."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)
    assert path.stat().st_size < 60_000, f"{path.name} is too large for the docs"
