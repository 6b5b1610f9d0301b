"""Runs student code where it can do no harm, and brings plain values back.

`Sandbox` is one fork server inside one bubblewrap box; `Session` is one
submission in a confined child of it.
"""

from autograder.base.limits import LIMITS, Limits
from autograder.sandbox.box import IsolationUnavailable
from autograder.sandbox.session import (
    Name,
    RemoteObject,
    Sandbox,
    SandboxLost,
    Session,
    SessionLost,
)

__all__ = [
    "LIMITS",
    "IsolationUnavailable",
    "Limits",
    "Name",
    "RemoteObject",
    "Sandbox",
    "SandboxLost",
    "Session",
    "SessionLost",
]
