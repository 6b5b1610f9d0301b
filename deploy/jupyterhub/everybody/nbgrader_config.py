"""nbgrader's settings for everybody on the hub."""

import json
from pathlib import Path

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - given by traitlets
here = json.loads(Path(__file__).resolve().parents[1].joinpath("course.json").read_text())

c.Exchange.root = here["exchange"]
c.CourseDirectory.course_id = here["course"]
c.Authenticator.plugin_class = "nbgrader.auth.JupyterHubAuthPlugin"
