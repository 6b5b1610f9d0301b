"""A course's folder: where things lie in it, its settings and its secret.

Knows the layout that nbgrader uses (source, release, submitted, autograded);
neither the sandbox nor the judge.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import re
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.catalogue.name import CONFIG_FILE
from autograder.course.handed_in.hard_links import not_of_owner
from autograder.course.handed_in.reading import UnreadableSubmission, read_bytes
from autograder.course.handed_in.times import Moment, read_moment

SECRET_FILE = ".grading-secret"
MAX_FILE_BYTES = 20 << 20
TIMESTAMP = "timestamp.txt"
SUBMISSION_SECRET = "submission_secret.txt"  # nbgrader's name for it
MAX_BYTES_BESIDE = 200  # of a timestamp, or a secret
UNFINISHED = ".writing-"
# Packages that take seconds to import. They still work when the process forks between their
# import and their use.
HEAVY = ("keras", "pandas", "scipy", "sklearn", "tensorflow")
IMPORT = re.compile(
    r"^[ \t]*(?:import[ \t]+([\w., \t]+)|from[ \t]+([A-Za-z_][\w.]*)[ \t]+import\b)", re.MULTILINE
)
CHECKS = "checks.py"
# While grading, the judge checks. The students' `checks.py` is replaced: its properties give
# hints about the answers.
INERT_CHECKS = Path(__file__).resolve().parents[1] / "checking" / "inert_checks.py"
# Files that appear when someone works in the folder; never part of an assignment.
NOT_SHOWN = (".ipynb", ".pyc")


class CourseError(Exception):
    """Something about the course stops the work; the text says what, and what to do.

    Parameters
    ----------
    message : one or two lines
    code : the command's exit code: 2 where the instructor asked for what is not
        there, 1 where something cannot be read or written
    """

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Submission:
    """Where one student's work on one assignment lies, and where its grading goes."""

    course: Path
    assignment: str
    student: str

    @property
    def folder(self) -> Path:
        return self.course.joinpath("submitted", self.student, self.assignment)

    @property
    def graded_folder(self) -> Path:
        return self.course.joinpath("autograded", self.student, self.assignment)

    def path_of(self, notebook: str) -> Path:
        """Return where a notebook of it is to be handed in."""
        return self.folder / f"{notebook}.ipynb"

    def graded_path_of(self, notebook: str) -> Path:
        """Return where a notebook of it lies when it is graded."""
        return self.graded_folder / f"{notebook}.ipynb"

    @property
    def feedback_folder(self) -> Path:
        return self.course / "feedback" / self.student / self.assignment


def find_submissions(
    course: Path, assignments: Sequence[str], students: Sequence[str] = ()
) -> list[Submission]:
    """Return the submissions of a course, by assignment and student.

    Raises
    ------
    CourseError : there are none, or a student asked for has none
    """
    root = course / "submitted"
    found = []
    for assignment in assignments:
        here = [
            Submission(course, assignment, folder.name)
            for folder in sorted(root.iterdir() if root.is_dir() else ())
            if folder.is_dir()
            and not folder.name.startswith(".")
            and os.path.lexists(folder / assignment)
        ]
        if students:
            missing = sorted(set(students) - {submission.student for submission in here})
            if missing:
                raise CourseError(
                    f"no submission of {assignment} by {', '.join(missing)}: "
                    f"looked in {root}/<student>/{assignment}/"
                )
            here = [submission for submission in here if submission.student in students]
        if not here:
            require_release(course, assignment)
            raise CourseError(
                f"no submissions of {assignment}: looked in {root}/<student>/{assignment}/; "
                f"collect them with `nbgrader collect {assignment}`, or from a download with "
                f"`autograder collect {assignment} DOWNLOAD`"
            )
        found += here
    return found


def find_handed_in(course: Path, assignment: str, students: Sequence[str] = ()) -> list[Submission]:
    """Return what is graded of an assignment, and what waits for it, by student.

    Raises
    ------
    CourseError : there is nothing, or a student asked for has handed in nothing
    """
    found: dict[str, Submission] = {}
    for root in ("autograded", "submitted"):
        for path in sorted((course / root).glob(f"*/{assignment}")):
            student = path.parent.name
            if not student.startswith(".") and (not students or student in students):
                found.setdefault(student, Submission(course, assignment, student))
    missing = sorted(set(students) - set(found))
    if missing:
        raise CourseError(
            f"no graded {assignment} of {', '.join(missing)}: "
            f"looked in {course / 'autograded'}/<student>/{assignment}/"
        )
    if not found:
        raise CourseError(
            f"nothing of {assignment} is graded in {course / 'autograded'}: "
            f"run `autograder grade {assignment}` first"
        )
    return [found[student] for student in sorted(found)]


def require_assignment(course: Path, assignment: str) -> None:
    """Say so where a course has no such assignment.

    Raises
    ------
    CourseError
    """
    sources = course / "source"
    known = sorted({folder.parent.name for folder in sources.glob("*/*.ipynb")})
    if not known:
        raise CourseError(nothing_here(course))
    if assignment in known and not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", assignment):
        raise CourseError(
            f"{assignment!r} cannot be an assignment's name: it may have letters from a to z, "
            f"digits, - and _, and dots but not as its first; rename {sources / assignment} and "
            "its notebook"
        )
    if assignment not in known:
        said = f"no assignment {assignment!r} in {sources}: there are {', '.join(known)}"
        if assignment in {folder.name for folder in (course / "submitted").glob("*/*")}:
            source = f"source/{assignment}/{assignment}.ipynb"
            said += f". Students have handed in {assignment}: call its source {source} again"
        raise CourseError(said)


def notebooks_in(folder: Path) -> tuple[str, ...]:
    """Return the names of the notebooks of an assignment's folder, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.ipynb") if path.is_file()))


def nothing_here(course: Path) -> str:
    """Say what a folder lacks of a course, and what to do."""
    if not (course / CONFIG_FILE).is_file():
        lacks = f"no {CONFIG_FILE}: is that the course's folder? Go there, or pass --course DIR"
    elif not (course / "source").is_dir():
        lacks = "no source/: put an assignment's notebook at source/hw1/hw1.ipynb"
    else:
        lacks = "no notebook in source/: put one at source/hw1/hw1.ipynb"
    return f"{course} has {lacks}; `autograder init DIR` begins a course"


def course_secret(course: Path) -> bytes:
    """Return the secret from which fixtures are drawn, made on first use (mode 0600).

    Raises
    ------
    CourseError : it can be neither read nor made
    """
    path = course / SECRET_FILE
    try:
        if not path.exists():
            _make_secret(path)
        secret = path.read_bytes()
    except OSError as failure:
        raise CourseError(f"{path}: {failure.strerror}; is the course read-only?", 1) from None
    if len(secret) < 32:
        raise CourseError(f"{path} is damaged: restore it from a backup, or delete it and regrade")
    return secret


def _make_secret(path: Path) -> None:
    """Make a secret that is there whole or not at all; another program's, made first, stays."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def digest_of(data: bytes | None) -> str:
    """Return what stands for a submitted file in a seed; None: there is none that can be read."""
    return "" if data is None else hashlib.sha256(data).hexdigest()


def seed_of(secret: bytes, assignment: str, student: str, digest: str) -> int:
    """Return the seed of one submission's fixtures: unpredictable outside, the same on a regrade.

    Parameters
    ----------
    digest : of the submitted file's bytes, by `digest_of`: what was seen of the fixtures of
        one hand-in is worth nothing in the next one
    """
    text = json.dumps([assignment, student, digest]).encode()
    return int.from_bytes(hmac.digest(secret, text, "sha256")[:16], "big")


def label_of(secret: bytes, student: str) -> str:
    """Return what stands for a student: the same each time, and only the course can tell whom."""
    digest = hmac.digest(secret, json.dumps(["report", student]).encode(), "sha256")
    return "student " + base64.b32encode(digest[:5]).decode().lower()


def assignment_files(course: Path, assignment: str, exercises: bool = True) -> dict[str, bytes]:
    """Return what lies beside the released notebooks, by relative path.

    It is all that a submission sees of the course: never what a student sent,
    which could shadow a module.

    Parameters
    ----------
    exercises : whether it has exercises checked; then `checks.py` is the students' `check`

    Raises
    ------
    CourseError : the assignment was not released
    """
    require_release(course, assignment)
    files = files_beside(course / "release" / assignment)
    if CHECKS in files and exercises:
        files[CHECKS] = INERT_CHECKS.read_bytes()
    return files


def require_release(course: Path, assignment: str) -> None:
    """Say so where an assignment was not released.

    Raises
    ------
    CourseError
    """
    if not notebooks_in(course / "release" / assignment):
        raise CourseError(
            f"{assignment} is not released in {course}: run `autograder release {assignment}`"
        )


def files_beside(folder: Path) -> dict[str, bytes]:
    """Return what lies beside the notebook in an assignment's folder, by relative path.

    Raises
    ------
    CourseError : one is too large
    """
    files = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        hidden = any(part.startswith((".", "__pycache__")) for part in relative.parts)
        if path.is_file() and not hidden and path.suffix not in NOT_SHOWN:
            if path.stat().st_size > MAX_FILE_BYTES:
                raise CourseError(f"{path} is larger than {MAX_FILE_BYTES >> 20} MB")
            files[relative.as_posix()] = path.read_bytes()
    return files


def prose_of(path: Path) -> frozenset[str]:
    """Return the text of the cells of a released notebook that nbgrader does not own.

    Raises
    ------
    CourseError : the notebook cannot be read
    """
    try:
        return frozenset(
            "".join(cell["source"]).strip()
            for cell in json.loads(path.read_bytes())["cells"]
            if "nbgrader" not in cell["metadata"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        name = path.parent.name
        raise CourseError(f"{path} cannot be read: run `autograder release {name}`", 1) from None


def heavy_imports(course: Path, assignment: str) -> tuple[str, ...]:
    """Return what an assignment's notebooks import of `HEAVY`, to be imported once for all.

    Raises
    ------
    CourseError : the released notebook cannot be read
    """
    named = imports_of(course / "release" / assignment)
    return tuple(sorted(name for name in named if name.partition(".")[0] in HEAVY))


def imports_of(folder: Path) -> set[str]:
    """Return the names of all modules that the notebooks of an assignment's folder import."""
    sources: list[str] = []
    for name in notebooks_in(folder):
        path = folder / f"{name}.ipynb"
        try:
            cells = json.loads(path.read_bytes())["cells"]
            sources += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        except (OSError, ValueError, KeyError, TypeError):
            raise CourseError(
                f"{path} cannot be read: run `autograder release {folder.name}`", 1
            ) from None
    found = [names for source in sources for pair in IMPORT.findall(source) for names in pair]
    return {name.split()[0] for names in found for name in names.split(",") if name.strip()}


def write_atomically(path: Path, content: str | bytes, durable: bool = True) -> None:
    """Write a file so that a reader sees the old or the new one, never a part.

    Parameters
    ----------
    durable : wait until the disk has it; not needed of what is made anew where it is missing
        after the power failed
    """
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=UNFINISHED)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def share(folder: Path, root: Path) -> None:
    """Let the group of a shared course read and write a folder, as nbgrader's own steps do.

    Parameters
    ----------
    root : a folder above it, up to which the folders between are shared too
    """
    above = [path for path in folder.parents if path.is_relative_to(root)]
    for path in (*above, folder, *folder.rglob("*")):
        with contextlib.suppress(PermissionError):  # another's of the group, who has done it
            if not path.is_symlink():
                path.chmod(0o2775 if path.is_dir() else 0o664)


def clear_unfinished(folder: Path) -> None:
    """Remove what `write_atomically` left in a folder when it was killed."""
    for name in os.listdir(folder):
        if name.startswith(UNFINISHED):
            (folder / name).unlink(missing_ok=True)


def submitted_at(submission: Submission) -> Moment:
    """Return when a submission was handed in, as far as it was noted beside it.

    The file's own time says when it was copied, so it is no substitute.
    """
    path, inside = submission.folder / TIMESTAMP, submission.course / "submitted"
    refused = not_of_owner(path, submission.course)
    try:
        return read_moment(read_bytes(path, MAX_BYTES_BESIDE, inside, refused, cut=True))
    except UnreadableSubmission:  # none, or a link, as is said of all links
        return Moment()


def timestamp_text(submission: Submission) -> str | None:
    """Return what ``timestamp.txt`` beside a submission says, or None where it is none."""
    return _text_beside(submission, TIMESTAMP)


def secret_text(submission: Submission) -> str | None:
    """Return the secret that came with a hand-in through the exchange, or None.

    ``nbgrader release_feedback`` names the feedback by it, so that only this student finds it.
    """
    return _text_beside(submission, SUBMISSION_SECRET)


def _text_beside(submission: Submission, name: str) -> str | None:
    try:
        path, inside = submission.folder / name, submission.course / "submitted"
        refused = not_of_owner(path, submission.course)
        return read_bytes(path, MAX_BYTES_BESIDE, inside, refused).decode()
    except (UnreadableSubmission, ValueError):
        return None
