"""Measures the grader: `python -m benchmarks --help`.  Nothing else imports this."""
