"""What `checks.py` is while a notebook is graded: the judge looks at the functions itself."""

__all__ = ["check"]


def check(*_: object, **__: object) -> None:
    """Do nothing: this cell is the grader's business."""


def __getattr__(name: str) -> object:
    raise AttributeError(
        f"checks has no {name} while grading: it has only check, which does nothing"
    )
