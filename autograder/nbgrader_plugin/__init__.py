"""What nbgrader and Formgrader load, named in ``nbgrader_config.py``."""
