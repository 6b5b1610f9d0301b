"""A hub for one course: docs/jupyterhub.md says how to set it up.

What differs from course to course is in ``course.json``, and who is who in ``people.json``.
"""

import json
import pwd
import sys
from pathlib import Path
from typing import Any

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - given by traitlets
HERE = Path(__file__).resolve().parent


def read(name: str, *keys: str) -> dict[str, Any]:
    """Return what stands in a file of settings, with these keys."""
    try:
        found: dict[str, Any] = json.loads((HERE / name).read_text())
    except (OSError, ValueError) as failure:
        raise SystemExit(f"{HERE / name}: {failure}") from None
    if missing := [key for key in keys if key not in found]:
        raise SystemExit(f"{HERE / name}: {', '.join(missing)} is missing")
    return found


def account(name: str) -> bool:
    """Tell whether this computer has such an account."""
    try:
        return bool(pwd.getpwnam(name))
    except KeyError:
        return False


here = read(
    "course.json", "course", "folder", "grader", "exchange", "port", "watch", "environments"
)
people = read("people.json", "instructors", "students")
course, grader = here["course"], here["grader"]
programs = {who: f"{folder}/bin" for who, folder in here["environments"].items()}
if not account(grader):
    raise SystemExit(f"{HERE / 'course.json'}: this computer has no account {grader}")
for folder in (here["folder"], here["exchange"], *programs.values()):
    if not Path(folder).is_dir():
        raise SystemExit(f"{HERE / 'course.json'}: there is no folder {folder}")
for role, names in people.items():
    # The hub writes every name in small letters.
    people[role] = [name.lower() for name in names if account(name.lower())]
    for name in names:
        if name.lower() not in people[role]:
            said = f"this computer has no account {name.lower()}, which is left out"
            print(f"{HERE / 'people.json'}: {said}", file=sys.stderr)


def settings_of(*parts: str) -> dict[str, str]:
    """Return the environment in which Jupyter and nbgrader read these folders of settings."""
    return {"JUPYTER_CONFIG_PATH": ":".join(str(HERE / part) for part in parts)}


# Who may log in, with the passwords of this computer. The course's account may not.
c.JupyterHub.authenticator_class = "pam"
c.Authenticator.allowed_users = {*people["instructors"], *people["students"]}
c.Authenticator.any_allow_config = True

# nbgrader's JupyterHubAuthPlugin reads from these two groups who is in which course.
instructors, students = f"formgrade-{course}", f"nbgrader-{course}"
c.JupyterHub.load_groups = {
    instructors: {"users": [*people["instructors"], grader]},
    students: {"users": people["students"]},
}

# A server for each student, in an environment in which the course's package is not installed.
c.Spawner.cmd = [f"{programs['students']}/python", "-m", "jupyterhub.singleuser"]
c.Spawner.environment = settings_of("everybody", "students")
c.Spawner.default_url = "/lab"
# The plugin asks the hub for the groups of its own user, and for nothing else.
c.Spawner.server_token_scopes = [
    *("users:activity!user", "access:servers!server"),
    *("read:users:name!user", "read:users:groups!user"),
]

# JupyterLab with Formgrader, run by the course's account: instructors find it under Services.
c.JupyterHub.services = [
    {
        "name": course,
        "url": f"http://127.0.0.1:{here['port']}",
        "command": [
            *(f"{programs['grader']}/python", "-m", "jupyterhub.singleuser"),
            # Formgrader opens notebooks below this folder, in which the course is.
            f"--ServerApp.root_dir={Path(here['folder']).parent}",
        ],
        "user": grader,
        "cwd": here["folder"],
        "environment": settings_of("everybody", "grader"),
        "oauth_no_confirm": True,
    }
]
# What students submit is graded and answered at once; the hub starts this anew where it ends.
if here["watch"]:
    c.JupyterHub.services.append(
        {
            "name": "watch",
            "command": [f"{programs['grader']}/autograder", "watch", *here["watch"]],
            "user": grader,
            "cwd": here["folder"],
            "environment": settings_of("everybody", "grader"),
        }
    )
c.JupyterHub.load_roles = [
    {
        "name": "instructor",
        "groups": [instructors],
        "scopes": [f"access:services!service={course}", f"read:services!service={course}"],
    },
    # Formgrader's page of students puts them into the course's group.
    {
        "name": "formgrader",
        "services": [course],
        "scopes": ["read:users:name", "read:users:groups", "list:groups", "groups"],
    },
]

c.ConfigurableHTTPProxy.command = str(HERE / "node_modules/.bin/configurable-http-proxy")
