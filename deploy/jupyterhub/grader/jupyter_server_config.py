"""Settings of the server in which instructors grade."""

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - given by traitlets

# Formgrader is a page within JupyterLab's, which the hub's own rule would refuse to show.
c.ServerApp.tornado_settings = {"headers": {"Content-Security-Policy": "frame-ancestors 'self'"}}
