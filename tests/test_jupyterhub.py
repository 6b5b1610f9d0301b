"""The hub of deploy/jupyterhub/, with its proxy, users of this computer and a browser.

An instructor releases; two students fetch, work and submit; the instructor grades by button and
releases feedback; both fetch it.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from browsing import PATIENCE, Visit, choose, idle, keep_picture
from classes import ROOT, copied
from isolation import why_no_isolation
from running import end
from test_exchange import RIGHT, WRONG
from test_formgrader import READY, press
from test_jupyterlab import write
from unix_users import User, unix_users, why_no_users

from autograder.cli.doctor import MATHJAX
from classroom.vendor import VendorError, install, same, vendored

DEPLOY = ROOT / "deploy/jupyterhub"
COURSE_ID = "softmax-by-hand"
PASSWORD = "correct horse battery staple"
ROLES = ("grader", "ida", "ada", "ben")


def free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def students_environment(folder: Path) -> Path:
    """Make an environment as students have it: this one's packages without the course's.

    A path in a `.pth` file adds the packages in that folder, and not what is installed there as
    editable, which the course's package is.
    """
    venv.create(folder, symlinks=True)
    here, there = (
        Path(prefix, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")
        for prefix in (sys.prefix, folder)
    )
    (there / "all.pth").write_text(f"{here}\n")
    for name in ("etc", "share"):
        (folder / name).symlink_to(Path(sys.prefix, name))
    return folder


@dataclass(frozen=True)
class Hub:
    """A hub that runs: its address, the course's folder, and who uses it."""

    address: str
    course: Path
    users: dict[str, User]
    students: Path

    def enter(self, visit: Visit, role: str, path: str) -> Any:
        """Log in and go to a page of the hub's; return the page."""
        page = visit.page
        page.set_default_timeout(2 * PATIENCE)
        page.goto(f"{self.address}hub/login?next={path}")
        page.locator("#username_input").fill(self.users[role].name)
        page.locator("#password_input").fill(PASSWORD)
        page.locator("#login_submit").click()
        return page


@pytest.fixture(scope="module")
def hub(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    pytest.importorskip("jupyterhub", reason="jupyterhub is not installed: run `make setup`")
    reason = why_no_users() or why_no_isolation()
    if reason is None and shutil.which("chpasswd") is None:
        reason = "chpasswd is not installed (Debian: apt-get install passwd)"
    if reason is not None:
        pytest.skip(reason)
    proxy = ROOT / "build/jupyterhub"
    try:
        lock = proxy / "package-lock.json"
        if not (lock.exists() and same(DEPLOY / lock.name, lock)):
            install(DEPLOY, proxy, "tests of the hub", "configurable-http-proxy")
        vendored(ROOT / "build/classroom")
    except VendorError as error:
        pytest.skip(str(error))
    with unix_users(*ROLES) as made:
        users = dict(zip(ROLES, made, strict=True))
        lines = "".join(f"{users[role].name}:{PASSWORD}\n" for role in ROLES[1:])
        done = subprocess.run(["chpasswd"], input=lines, capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"users cannot be given passwords here: {done.stderr.strip()}")
        everything = users["grader"].home.parent
        port, inner, proxys, services = free_ports(4)
        course = users["grader"].home / "courses/softmax by hand"
        course.parent.mkdir()
        copied(released, course)
        script = course / MATHJAX
        for name in (script.name, "ui/safe.js"):
            (script.parent / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / Path(MATHJAX).parent / name, script.parent / name)
        users["grader"].own(users["grader"].home)
        exchange = everything / "exchange"
        exchange.mkdir()
        exchange.chmod(0o777)
        users["grader"].own(exchange)
        students = students_environment(everything / "students")
        settings = Path(shutil.copytree(DEPLOY, everything / "etc"))
        settings.chmod(0o755)
        (settings / "node_modules").symlink_to(proxy / "node_modules")
        here = {
            **json.loads((DEPLOY / "course.json").read_text()),
            "folder": str(course),
            "grader": users["grader"].name,
            "port": services,
            "exchange": str(exchange),
            "watch": [],
            "environments": {"students": str(students), "grader": sys.prefix},
        }
        (settings / "course.json").write_text(json.dumps(here))
        people = {
            "instructors": [users["ida"].name],
            "students": [users["ada"].name, users["ben"].name],
        }
        (settings / "people.json").write_text(json.dumps(people))
        (settings / "people.json").chmod(0o600)
        state = everything / "state"
        state.mkdir(mode=0o700)
        root = User("root", 0, 0, state)
        process = root.start(
            *(sys.executable, "-m", "jupyterhub", "-f", settings / "jupyterhub_config.py"),
            f"--JupyterHub.bind_url=http://127.0.0.1:{port}/",
            f"--JupyterHub.hub_bind_url=http://127.0.0.1:{inner}",
            f"--ConfigurableHTTPProxy.api_url=http://127.0.0.1:{proxys}",
            cwd=state,
            log=state / "log",
        )
        try:
            one = Hub(f"http://127.0.0.1:{port}/", course, users, students)
            wait_for(one, process, state / "log")
            yield one
        finally:
            process.terminate()  # ends the servers and services too
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                end([process])
            ours = {user.uid for user in made}
            left = [one for one in psutil.process_iter(["uids"]) if one.info["uids"][0] in ours]
            for one_left in left:
                one_left.kill()
            psutil.wait_procs(left)


def wait_for(hub: Hub, process: subprocess.Popen[str], log: Path) -> None:
    """Wait until the hub answers."""
    for _ in range(400):
        try:
            with urllib.request.urlopen(f"{hub.address}hub/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, log.read_text()[-3000:]
            time.sleep(0.25)
    raise AssertionError(f"the hub did not start: {log.read_text()[-3000:]}")


def assignments(page: Any) -> Any:
    """Open the list of assignments; return its panel."""
    page.locator(".jp-DirListing-content").wait_for()
    choose(page, "Nbgrader", "Assignment List")
    return page.locator("#nbgrader-assignment-list")


def button(panel: Any, name: str) -> Any:
    return panel.locator(f'button:text-is("{name}"), a:text-is("{name}")')


def work(page: Any, softmax: str) -> None:
    """Fetch ps1, write functions, run the check of softmax, and submit."""
    panel = assignments(page)
    button(panel, "Fetch").click()
    button(panel, "Submit").wait_for()
    page.locator('.jp-DirListing-item:has-text("ps1")').dblclick()
    page.locator('.jp-DirListing-item:has-text("ps1.ipynb")').dblclick()
    idle(page)
    for name, text in {**RIGHT, "softmax": softmax}.items():
        cell = page.locator(f'.jp-CodeCell:has-text("def {name}(")').first
        if name in ("add_bias", "scores", "softmax"):
            write(page, cell, text)
    choose(page, "Run", "Run All Cells")
    page.locator('[role="group"][aria-label^="check of softmax"]').wait_for()
    page.keyboard.press("Control+S")
    page.locator(".lm-mod-current.jp-mod-dirty").wait_for(state="detached")
    choose(page, "Nbgrader", "Assignment List")
    button(panel, "Submit").click()
    panel.locator("#submitted_assignments_list").get_by_text("ps1").first.wait_for()


def test_a_class_on_a_hub_from_release_to_feedback(hub, browser):
    people = {role: Visit(browser) for role in ROLES[1:]}
    ida = hub.enter(people["ida"], "ida", f"/services/{COURSE_ID}/lab")
    ida.locator(".jp-DirListing-content").wait_for()
    choose(ida, "Nbgrader", "Formgrader")
    frame = ida.locator('iframe[src*="formgrader"]').element_handle().content_frame()
    ps1 = frame.locator("#main-table tr").filter(has=frame.locator('td.name:has-text("ps1")'))
    press(ps1, "release")

    for role, softmax in (("ada", RIGHT["softmax"]), ("ben", WRONG)):
        work(hub.enter(people[role], role, "/hub/spawn"), softmax)

    press(ps1, "collect")
    service = f"{hub.address}services/{COURSE_ID}"
    for role in ("ada", "ben"):
        frame.goto(f"{service}/formgrader/manage_submissions/ps1")
        name = hub.users[role].name
        row = frame.locator("#main-table tr").filter(
            has=frame.locator(f'td.student-id:text-is("{name}")')
        )
        press(row, "autograde")
    keep_picture(ida, "hub-formgrader")
    frame.goto(f"{service}/formgrader/manage_assignments")
    for column in ("generate-feedback", "release-feedback"):
        press(ps1, column)
    for role, points in (("ada", "8 of 8"), ("ben", "3.5 of 8")):
        page = people[role].page
        page.locator("#refresh_assignments_list").click()
        panel = page.locator("#nbgrader-assignment-list")
        button(panel, "Fetch Feedback").click()
        panel.locator('a:has-text("view feedback")').click()
        page.locator('.jp-DirListing-item:has-text("ps1.html")').dblclick()
        feedback = page.frame_locator(".jp-HTMLViewer iframe").locator("body")
        feedback.get_by_text(f"softmax: {points} points").wait_for()
        keep_picture(page, "hub-feedback")

    # Formulas in Formgrader, with the course somewhere below the home of its account.
    frame.goto(f"{service}/formgrader/gradebook/ps1/ps1")
    frame.locator('#main-table a:text-is("Submission #1")').click()
    frame.wait_for_function(READY)
    assert frame.evaluate("MathJax.version").startswith("3.")
    assert all(visit.left == [] for visit in people.values())

    # What a student must not reach.
    ada = people["ada"].context.new_page()
    assert ada.goto(f"{service}/lab").status == 403
    assert ada.goto(f"{hub.address}user/{hub.users['ada'].name}/formgrader").status == 404
    assert ada.goto(f"{hub.address}user/{hub.users['ben'].name}/lab").status in (403, 404)
    kernels = [
        one.cmdline()[0]
        for one in psutil.process_iter(["uids", "cmdline"])
        if one.info["uids"][0] == hub.users["ada"].uid
        and "ipykernel_launcher" in " ".join(one.info["cmdline"])
    ]
    python = str(hub.students / "bin/python")
    assert kernels == [python]
    packages = (
        "import importlib.util as u; print(*map(u.find_spec, ('autograder', 'softmax_by_hand')))"
    )
    said = subprocess.run([python, "-c", packages], capture_output=True, text=True, cwd="/")
    assert said.stdout.split() == ["None", "None"]
