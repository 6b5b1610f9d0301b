"""Stands for an optional package of jsonschema's, see `skip_unused_imports`: it is not there."""

raise ImportError("not needed by any test, and it takes a second of each process")
