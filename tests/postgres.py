"""A PostgreSQL server of the tests' own: Debian's package, a cluster in a temporary folder,
loopback and a free port, gone when the tests are over.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

USER, PASSWORD = "grader", "a-secret-word"
# A cluster of Debian's own would be started on the standard port.
NO_CLUSTER = Path("/etc/postgresql-common/createcluster.conf")
# A crash of the machine may lose what a test wrote.
SETTINGS = {
    "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
    "listen_addresses": "127.0.0.1", "unix_socket_directories": "",
}  # fmt: skip


class NoServer(Exception):
    """There can be no server here; its text says why."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    programs: Path

    def url(self, database: str, user: str = USER, password: str = PASSWORD) -> str:
        return f"postgresql+psycopg://{user}:{password}@127.0.0.1:{self.port}/{database}"


@dataclass
class Databases:
    """Databases of one server, each made once from what it begins with."""

    server: Server
    made: list[str] = field(default_factory=list)

    def new(self, template: str = "template1") -> str:
        """Make a database and return its URL."""
        name = f"made_{len(self.made)}"
        engine = create_engine(self.server.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        engine.dispose()
        self.made.append(name)
        return self.server.url(name)


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server and stop it at the end.

    Raises
    ------
    NoServer
        with the reason
    """
    programs = _programs()
    # initdb and the server refuse root; pytest's own folders are closed to others.
    user = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        (folder / "password").write_text(PASSWORD)
        if user is not None:
            for path in (folder, folder / "password"):
                os.chown(path, user.pw_uid, user.pw_gid)
        data, port = folder / "data", _free_port()
        make = ["initdb", "--pgdata", data, "--username", USER, "--auth", "scram-sha-256"]
        make += ["--pwfile", folder / "password", "--encoding", "UTF8", "--locale", "C.UTF-8"]
        _run(programs, user, *make, "--no-sync")
        options = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
        control = ["pg_ctl", "--pgdata", data, "--wait"]
        _run(
            programs,
            user,
            *control,
            *("--log", folder / "log", "--options", f"-p {port} {options}", "start"),
        )
        try:
            yield Server(port, programs)
        finally:
            _run(programs, user, *control, "--mode", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    found = _installed()
    if found is None:
        _install()
        found = _installed()
    if found is None:
        raise NoServer("PostgreSQL's package has no initdb under /usr/lib/postgresql")
    return found


def _installed() -> Path | None:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4])
    )
    return found[-1].parent if found else None


def _install() -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise NoServer("PostgreSQL is not installed: run `apt-get install postgresql` as root")
    for package in ("postgresql-common", "postgresql"):
        # The lists may be missing or old on a fresh machine.
        there = _apt("install", package) or (_apt("update") and _apt("install", package))
        if not there:
            raise NoServer(f"the package {package} cannot be installed")
        if "create_main_cluster = false" not in NO_CLUSTER.read_text().splitlines():
            with NO_CLUSTER.open("a") as settings:
                settings.write("\ncreate_main_cluster = false\n")


def _apt(*arguments: str) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "--quiet", "--yes", *arguments]
    return subprocess.run(command, env=environment, capture_output=True).returncode == 0


def _unprivileged() -> pwd.struct_passwd | None:
    """Return who the server runs as; None where that is who runs the tests."""
    try:
        return pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    except KeyError:
        raise NoServer("there is no user postgres for the server to run as") from None


def _run(programs: Path, user: pwd.struct_passwd | None, program: str, *rest: str | Path) -> None:
    as_user: dict[str, Any] = {}
    if user is not None:
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    # The server outlives pg_ctl and keeps its output open, so reading a pipe would never end.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [programs / program, *rest],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            **as_user,
        )
        output.seek(0)
        if done.returncode:
            said = output.read().decode(errors="replace").strip()
            raise NoServer(f"{program} failed: {said[-500:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
