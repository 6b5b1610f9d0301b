"""The grader of Softmax by Hand.  Modules import only from those below them (docs/design.md)."""

__version__ = "0.1.0"
