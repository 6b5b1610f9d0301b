"""What one submission may use: the one place where the limits are set."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Limits:
    """Limits for one submission.

    Parameters
    ----------
    cell_seconds : wall time of one cell
    call_seconds : wall time of one call of a judged function
    exercise_seconds : wall time of all calls for one exercise
    session_seconds : wall time of a whole submission, restarts included
    restarts : how often a submission whose process died is taken up again
    memory_megabytes : address space beyond that of the warm process
    scratch_megabytes : files, all in memory, gone afterwards
    threads : tasks of the process
    output_bytes : text of one cell's outputs that is kept
    image_bytes : pictures of one cell's outputs that are kept
    all_output_bytes, all_image_bytes : text and pictures of all its outputs that are kept;
        honest work has had 25 kB and 40 kB, and a worker holds them several times over
    """

    cell_seconds: float = 20.0
    call_seconds: float = 5.0
    exercise_seconds: float = 20.0
    session_seconds: float = 120.0
    restarts: int = 3
    memory_megabytes: int = 1024
    scratch_megabytes: int = 64
    threads: int = 64
    output_bytes: int = 100_000
    image_bytes: int = 4 << 20
    all_output_bytes: int = 4 << 20
    all_image_bytes: int = 16 << 20


LIMITS = Limits()
# A notebook of another course may train for minutes, and somebody waits for it.
DIAGNOSE_LIMITS = replace(LIMITS, session_seconds=300.0)
