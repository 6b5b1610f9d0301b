"""A sample class to grade, made by `python -m examples.build`; see README.md."""
