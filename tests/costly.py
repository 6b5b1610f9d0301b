"""Jobs that use more than they may, each in another way; called by tests, in a worker."""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.gradebook.cell_marks import Marks
from autograder.grading import jobs
from autograder.grading.jobs import Job, Outcome
from autograder.grading.working import begun, tell
from autograder.pages import feedback
from autograder.pages.allowance import Allowance
from autograder.pages.feedback import PageJob, PageResult

MEGABYTE = 1 << 20


def process_number() -> int:
    begun()
    return os.getpid()


def burn_in_c() -> None:
    """Backtrack for ages in one call that never lets another thread run."""
    begun()
    re.fullmatch(r"(a|a)*b", "a" * 60)


def burn_before_it_begins(seconds: float) -> str:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
    begun()
    return "done"


def grow_slowly() -> None:
    begun()
    held = []
    while True:
        held.append(bytearray(MEGABYTE))
        time.sleep(0.001)


def ask_for_much_at_once(megabytes: int) -> int:
    begun()
    return len(bytearray(megabytes * MEGABYTE))


def keep(megabytes: int) -> None:
    """Leave something behind in the process, as fragmented memory is left."""
    kept.append(b"1" * (megabytes * MEGABYTE))


kept: list[bytes] = []


def sleep(seconds: float) -> str:
    begun()
    time.sleep(seconds)
    return "slept"


def answer_of(megabytes: int) -> bytes:
    begun()
    return b"1" * (megabytes * MEGABYTE)


def tell_and_burn(news: Any) -> None:
    begun()
    tell(news)
    burn_in_c()


def end_itself() -> None:
    os.kill(os.getpid(), 9)


def fail() -> None:
    raise OSError(5, "Input/output error")


def raise_what_cannot_be_sent() -> None:
    class Odd(Exception):
        pass

    raise Odd("of a library")


def grade_and_burn(job: Job) -> Outcome:
    """Take the place of `grade_here`: eve's work is worth two verdicts and then costs for ever."""
    if job.student == "eve":
        jobs.tell = _burning_after_two(jobs.tell)
    return jobs.grade_here(job)


def _burning_after_two(tell: Callable[[Any], None]) -> Callable[[Any], None]:
    told = itertools.count(1)

    def told_and_burnt(news: Any) -> None:
        tell(news)
        if next(told) == 2:
            burn_in_c()

    return told_and_burnt


def burn_in_parsing(job: Job, reason: str, verdicts: list[bytes]) -> Outcome:
    """Take the place of `write_so_far`: even to read eve's work costs for ever."""
    if job.data is not None:
        burn_in_c()
    return jobs.write_so_far(job, reason, verdicts)


def page_and_burn(job: PageJob, notebook: str, plain: bool) -> PageResult:
    """Take the place of `make_here`: eve's page costs for ever unless it is plain, joe's always."""
    if job.submission.student == "joe" or (job.submission.student == "eve" and not plain):
        burn_in_c()
    return feedback.make_here(job, notebook, plain)


def page_of_and_burn(path: Path, marks: Marks, name: str, plain: bool) -> str:
    """Take the place of `page_of`: the same through nbgrader."""
    if not plain:
        burn_in_c()
    return feedback.page_of(path, marks, name, plain)


def render_for_ever(left: Allowance, source: str, attachments: Any) -> str:
    """Take the place of a filter of Formgrader's."""
    from autograder.nbgrader_plugin.formgrader import filters  # takes more memory than these jobs

    if "costs" in source:
        burn_in_c()
    return filters._markdown(left, source, attachments)
