"""From the lessons in `notebooks/` to slides and a site that need no network to be shown."""
