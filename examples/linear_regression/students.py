"""The sample class of this course: who hands in what, and what it must score.

Worked out from the catalogue by hand: predict 3 points, mse 3, mse_gradient 4.
"""

from __future__ import annotations

# The classes are those of the first course's class, so that one program makes both.
from examples.records import Student, Work

STUDENTS = (
    Student(
        "full-loops",
        {"hw1": Work("loops over samples and features, no whole arrays", 3 + 3 + 4)},
        carries=True,
    ),
    Student(
        "wrong-root-and-sign",
        {
            "hw1": Work(
                "`mse` takes the root; `mse_gradient` subtracts the wrong way round",
                3 + 0 + 0,
                {"mse": ("root",), "mse_gradient": ("sign",)},
            )
        },
    ),
    Student(
        "wrong-intercept",
        {
            "hw1": Work(
                "`predict` forgets `b`, and `mse_gradient`, right but for that, calls it: "
                "the error is carried forward",
                0 + 3 + 4,
                {"predict": ("intercept left out",)},
                said=("Error carried forward",),
            )
        },
    ),
)
