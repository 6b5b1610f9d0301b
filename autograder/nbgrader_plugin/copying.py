"""What nbgrader copies of a student's, by each of its roads: ordinary files, and no link.

nbgrader follows links wherever it copies, and what lies beside a notebook goes with it up to the
feedback that is released.  Here is what `collect`, `zip_collect`, `autograde`,
`generate_feedback` and `release_feedback` do instead, named in ``nbgrader_config.py``.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime
from fnmatch import fnmatch
from glob import glob
from pathlib import Path, PurePosixPath
from typing import Any

from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import ExchangeCollect, ExchangeReleaseFeedback
from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin
from nbgrader.utils import notebook_hash, parse_utc, rmtree
from traitlets import Unicode

from autograder.base.limits import RENDERING
from autograder.course.course import Course
from autograder.course.folder import (
    MAX_BYTES_BESIDE,
    SUBMISSION_SECRET,
    TIMESTAMP,
    CourseError,
    Submission,
)
from autograder.course.handed_in.archives import UnsoundArchive, own_folder, unpack
from autograder.course.handed_in.files import (
    NOTE,
    PASSED_OVER,
    REASONS,
    TOO_LARGE,
    UNSOUND,
    HandIn,
    Refused,
    copy,
    is_real_folder,
    shown_name,
    survey,
    why_not,
    write_note,
)
from autograder.course.handed_in.hard_links import (
    any_hard_link,
    not_of,
    not_of_hand_in,
    not_of_owner,
)
from autograder.course.handed_in.reading import UnreadableSubmission, read_bytes
from autograder.course.handed_in.times import Moment, read_moment
from autograder.gradebook import GradebookStore
from autograder.grading.jobs import Outcome
from autograder.grading.records import store_record
from autograder.grading.standing import LEFT_OUT, Standings, why_not_graded
from autograder.incoming.collecting.collect import opened
from autograder.incoming.collecting.gathering import Request
from autograder.nbgrader_plugin.ahead import Ahead
from autograder.nbgrader_plugin.plain_log import say_plainly
from autograder.pages.feedback import WITH_FEEDBACK, clear_foreign

# nbgrader makes a path of a name.
NAME = re.compile(r"[^./\\][^/\\]*")
TAKEN = "has the name of a file or a folder of the assignment and was left out"


class CarefulDirectory(CourseDirectory):
    """Reads times without following links or waiting for a pipe; what is no time is none."""

    def get_existing_timestamp(self, dest_path: str) -> datetime | None:
        """Return when a submission was handed in, or None."""
        path, root = Path(dest_path, TIMESTAMP), Path(self.root)
        refused = not_of_owner(path, root)
        try:
            moment = read_moment(read_bytes(path, MAX_BYTES_BESIDE, root, refused, cut=True))
        except UnreadableSubmission:
            moment = Moment(trouble="is no time" if path.is_symlink() or path.exists() else None)
        if moment.trouble is not None:
            self.log.warning("%s %s", path, moment.trouble)
        return moment.at


# --- The converters -------------------------------------------------------------------------------


class _CarefulConverter(BaseConverter):
    """Stands between nbgrader's converters and what they have in common."""

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Copy what may be copied, in place of all that lies beside the notebook."""
        source = Path(self._format_source(assignment_id, student_id))
        destination = Path(self._format_dest(assignment_id, student_id))
        if not is_real_folder(source, Path(self.coursedir.root)):
            # Then an empty notebook is graded, which says why.
            self.log.warning("%s is a link, and nothing in it is copied", source)
            return
        refused = not_of_owner(source, Path(self.coursedir.root))
        found = survey(source, PASSED_OVER, refused)
        names = [name for name in found.files if self.may_copy(name)]
        ours = Path(self.coursedir.format_path(self.coursedir.source_directory, ".", assignment_id))
        taken = {name for name in names if _is_in_the_way(name, ours)}
        found.left_out |= dict.fromkeys(sorted(taken), TAKEN)
        free = [name for name in names if name not in taken]
        found.left_out |= copy(source, free, destination, refused)
        for notebook in self.notebooks:  # whatever is wrong with one is said where it is read
            found.left_out.pop(Path(notebook).name, None)
        _warn(self.log, source, found)

    def may_copy(self, name: str) -> bool:
        """Whether a student's file goes with the notebook."""
        # A folder may be called as a notebook is, and would lie where the graded one is to be.
        return not _is_ignored(name, [*self.coursedir.ignore, "*.ipynb"])


class CarefulAutograde(Autograde, _CarefulConverter):
    """Copies ordinary files beside a submission, within limits."""

    ahead: Ahead | None = None  # what is graded before nbgrader asks for it

    def init_notebooks(self) -> None:
        """Look for hand-ins: under which names their notebooks lie is no matter."""
        self.assignments: dict[str, list[str]] = {}
        self.notebooks: list[str] = []
        course = self.coursedir
        if not glob(self._format_source(course.assignment_id, course.student_id)):
            BaseConverter.init_notebooks(self)  # which says what is missing

    def convert_notebooks(self) -> None:
        """Grade each hand-in that has a notebook of the assignment; name the others.

        Raises
        ------
        NbGraderException : some have none; nothing is written of these
        """
        course = self.coursedir
        released = Path(course.root, course.release_directory, course.assignment_id)
        names = sorted(path.name for path in released.glob(f"{course.notebook_id}.ipynb"))
        failed = 0
        for folder in sorted(glob(self._format_source(course.assignment_id, course.student_id))):
            student = Path(folder).parent.name
            if student in self.standings.course.excluded:
                self.log.info("%s %s", folder, LEFT_OUT)
            elif trouble := why_not_graded(_submission(self, student)):
                failed += 1
                self.log.error("%s was not graded: %s", folder, trouble)
            else:
                self.assignments[folder] = [str(Path(folder, name)) for name in names]
        for student in self.standings.misplaced if course.student_id == "*" else ():
            failed += 1
            self.log.error(
                "%s's %s %s", student, course.assignment_id, self.standings.of(student).why
            )
        try:
            super().convert_notebooks()
        finally:
            if self.ahead is not None:
                self.ahead.close()
                self.ahead = None
        if failed:
            name = course.assignment_id
            raise NbGraderException(f"{failed} of {name} were not graded, see above")

    def students_after(self, student: str) -> list[str]:
        """Return whose hand-ins nbgrader will probably ask for next, in its order."""
        students = [Path(folder).parent.name for folder in sorted(self.assignments)]
        return [
            one
            for one in students[students.index(student) + 1 :]
            if self.force or not self.standings.of(one).counts
        ]

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        """Say whether a hand-in is to be graded: also where nbgrader sees no newer time."""
        wanted: bool = super().init_destination(assignment_id, student_id)
        if wanted:
            return True
        standing = self.standings.of(student_id)
        if standing.left_out:
            self.log.warning("%s's %s %s", student_id, assignment_id, standing.why)
            rmtree(self._format_dest(assignment_id, student_id))
        return standing.left_out

    def set_permissions(self, assignment_id: str, student_id: str) -> None:
        """Keep what was graded from what, when all else is written; then nbgrader's own."""
        submission = _submission(self, student_id)
        record = getattr(self, "judged", {}).pop(submission, None)
        if record is not None:
            store_record(submission, record)
        super().set_permissions(assignment_id, student_id)

    @property
    def standings(self) -> Standings:
        """How what is graded stood to what is handed in when it was first asked for."""
        if getattr(self, "_standings", None) is None:
            self._standings = _standings_for(self)
        return self._standings


def outcomes_so_far(converter: Any, submission: Submission) -> dict[str, Outcome]:
    """Return what the notebooks of a submission were graded as until now, to be added to."""
    if getattr(converter, "at_work", None) is None or converter.at_work[0] != submission:
        converter.at_work = submission, {}
    outcomes: dict[str, Outcome] = converter.at_work[1]
    return outcomes


def keep_record(converter: Any, submission: Submission, record: dict[str, Any]) -> None:
    """Have a record written when nbgrader has written all else."""
    converter.judged = {**getattr(converter, "judged", {}), submission: record}


def _submission(converter: Any, student: str) -> Submission:
    return Submission(Path(converter.coursedir.root), converter.coursedir.assignment_id, student)


def _standings_for(converter: Any) -> Standings:
    course = converter.coursedir
    with GradebookStore.open(course.db_url) as gradebook:
        return Standings(Course(Path(course.root)), course.assignment_id, gradebook)


def _init_notebooks(converter: Any) -> None:
    if not converter.exporter_class.__module__.startswith(f"{__package__}."):
        BaseConverter.init_notebooks(converter)  # a course that is not configured for this
        return
    be_careful(converter)
    CarefulAutograde.init_notebooks(converter)


# nbgrader looks for names before it makes the exporter, by which the class is changed otherwise.
Autograde.init_notebooks = _init_notebooks


class CarefulGenerateFeedback(GenerateFeedback, _CarefulConverter):
    """Puts a page and what nbgrader needs beside it into a folder, and nothing else."""

    def convert_notebooks(self) -> None:
        """Make the pages of what is graded as it lies there now; name the others.

        Raises
        ------
        NbGraderException : some have no page
        """
        standings, failed = _standings_for(self), 0
        for folder in list(self.assignments):
            student = Path(folder).parent.name
            standing = standings.of(student)
            if not standing.counts:
                del self.assignments[folder]
            if standing.left_out:
                failed += 1
                self.log.error("%s's %s %s", student, self.coursedir.assignment_id, standing.why)
        super().convert_notebooks()
        if failed:
            raise NbGraderException(f"{failed} have no page, see above")

    def may_copy(self, name: str) -> bool:
        """Whether a file goes out with the feedback."""
        return name in WITH_FEEDBACK

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        """Say whether a page is to be made; take away what is not feedback in any case."""
        folder = Path(self._format_dest(assignment_id, student_id))
        pages = pages_of(self.coursedir, assignment_id)
        for path in clear_foreign(folder, pages):
            self.log.warning("%s is no feedback of ours, and is removed", path)
        if folder.is_dir() and not any((folder / page).exists() for page in pages):
            shutil.rmtree(folder)  # for nbgrader a folder means that its page is made
        made: bool = super().init_destination(assignment_id, student_id)
        return made


def be_careful(converter: Any) -> None:
    """Have one of nbgrader's converters copy only what may be copied.

    nbgrader has no setting for their class; the exporter, which has one, is made before
    anything is copied and knows the converter.
    """
    say_plainly(converter.log)
    for kind, careful in (
        (Autograde, CarefulAutograde),
        (GenerateFeedback, CarefulGenerateFeedback),
    ):
        if type(converter) is kind:
            converter.__class__ = careful
            _read_times_carefully(converter.coursedir)


def _read_times_carefully(course: CourseDirectory) -> None:
    if type(course) is CourseDirectory:
        course.__class__ = CarefulDirectory


def pages_of(course: CourseDirectory, assignment: str) -> set[str]:
    """Return the names of an assignment's pages of feedback."""
    released = Path(course.root, course.release_directory, assignment)
    return {f"{path.stem}.html" for path in released.glob("*.ipynb")}


def _is_ignored(name: str, patterns: Sequence[str]) -> bool:
    """Whether the course's settings leave a file out, or a folder that it is in."""
    return any(fnmatch(part, pattern) for part in Path(name).parts for pattern in patterns)


def _is_in_the_way(name: str, ours: Path) -> bool:
    """Whether a file would be a folder where the course has a file, or the other way round."""
    path = ours / name
    return path.is_dir() or any(above.is_file() for above in path.parents)


def _warn(log: Any, folder: Path, found: HandIn) -> None:
    for sentence in found.sentences:
        log.warning("%s: %s", folder, sentence)


# --- The exchange ---------------------------------------------------------------------------------


class Collect(ExchangeCollect):
    """Collects ordinary files within limits, from real folders."""

    def init_src(self) -> None:
        """Find the hand-ins; what poses as one is named and left where it is."""
        _read_times_carefully(self.coursedir)
        super().init_src()
        records: list[dict[str, Any]] = self.src_records  # type: ignore[has-type]
        self.src_records = [one for one in records if self._is_hand_in(one, warn=True)]

    def _path_to_record(self, path: str) -> dict[str, Any]:
        try:
            record: dict[str, Any] = super()._path_to_record(path)
            return record
        except Exception:  # a student may give a folder any name, and stops nobody else by it
            return {"username": "", "filename": Path(path).name, "timestamp": datetime.min}

    def _sort_by_timestamp(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        # The first is taken: a link that was put there last does not hide a hand-in.
        found: list[dict[str, Any]] = super()._sort_by_timestamp(records)
        return sorted(found, key=lambda one: not self._is_hand_in(one))

    def _is_hand_in(self, record: dict[str, Any], warn: bool = False) -> bool:
        folder = Path(self.inbound_path, record["filename"])
        known = NAME.fullmatch(record["username"]) is not None
        sound = known and is_real_folder(folder, Path(self.inbound_path))
        if warn and not sound:
            self.log.error("%s is no folder that was handed in; it is not collected", folder)
        return sound

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        """Copy one hand-in."""
        source, destination = Path(src), Path(dest)
        refused = self._not_handed_in(source, destination.parts[-2])
        found = survey(source, PASSED_OVER, refused)
        destination.mkdir(parents=True)
        names = [name for name in found.files if not _is_ignored(name, self.coursedir.ignore)]
        found.left_out |= copy(source, names, destination, refused)
        write_note(destination, found)
        if self.coursedir.groupshared:
            self.set_perms(dest, 0o664, 0o2775)
        _warn(self.log, source, found)

    def _not_handed_in(self, folder: Path, student: str) -> Refused:
        """Return what tells which files are not this student's: the course's, somebody else's."""
        owner = folder.stat().st_uid
        of_course = not_of(student, Path(self.coursedir.root), None)
        of_another = not_of_hand_in(student, folder)

        def refused(status: os.stat_result) -> bool:
            if not any_hard_link(status):
                return False
            return status.st_uid != owner or of_course(status) or of_another(status)

        return refused


class ReleaseFeedback(ExchangeReleaseFeedback):
    """Releases an assignment's own pages, and nothing else that lies beside them."""

    def copy_files(self) -> None:
        """Put each student's page under the name that only this student can find."""
        root = Path(self.coursedir.root, self.coursedir.feedback_directory)
        assignment = self.coursedir.assignment_id
        left_out = Course(Path(self.coursedir.root)).excluded
        failures = []
        for name in sorted(pages_of(self.coursedir, assignment)):
            for page in sorted(
                root.glob(f"{self.coursedir.student_id or '*'}/{assignment}/{name}")
            ):
                student = page.parts[-3]
                if student in left_out:
                    continue
                try:
                    self._release(page, root)
                    self.log.info("Released %s's feedback on %s", student, assignment)
                except (UnreadableSubmission, UnicodeDecodeError) as failure:
                    failures.append(f"{student}'s {assignment}: {failure}")
        for said in failures:
            self.log.error("Not released: %s", said)
        if failures:
            self.fail(f"{len(failures)} pages were not released")

    def _release(self, page: Path, root: Path) -> None:
        text = read_bytes(page, 4 * RENDERING.answer_megabytes << 20, inside=root)
        secret = read_bytes(page.with_name(SUBMISSION_SECRET), MAX_BYTES_BESIDE, inside=root)
        checksum = notebook_hash(secret=secret.decode(), notebook_id=page.stem)
        path = Path(self.dest_path, f"{checksum}.html")
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(text)
        shutil.copymode(page, file.name)
        Path(file.name).replace(path)


# --- Archives of a learning management system -----------------------------------------------------


class Extractor(ExtractorPlugin):
    """Unpacks archives within limits and copies ordinary files; what is unsound is named.

    Without a pattern of the course's own (`named_regexp`) each student's files are laid out as
    `autograder collect` takes them.  With one, what is left out is noted for the student whose file
    the collector takes it for.  The notes are files that the collector takes like any other,
    because nbgrader refuses to collect into a folder in which something is already.
    """

    system = Unicode(help="Which system it is of, as `autograder collect --from`.").tag(config=True)
    roster = Unicode(help="A file, as `autograder collect --roster`.").tag(config=True)

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Unpack what is sound of what was downloaded."""
        source, self.root = Path(archive_path), Path(extracted_path)
        collector = getattr(self.parent, "collector_plugin_inst", None)
        if isinstance(collector, Collector) and not collector.named_regexp:
            self._as_collect_does(source, collector)
            return
        refused = _not_the_courses(self)
        self.left_out: dict[str, str] = {}
        for path in sorted(source.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                continue
            name = path.relative_to(source).as_posix()
            why = why_not(path.lstat(), refused)
            # A class's archive may be larger than a file of a student's.
            if path.suffix in self.zip_ext and why in (None, TOO_LARGE):
                self._unpack(path, name)
            elif why is not None:
                self._leave_out(name, why)
            else:
                for changed, reason in copy(source, [name], self.root, refused).items():
                    self._leave_out(changed, reason)
        self._write_notes()

    def _as_collect_does(self, source: Path, collector: Collector) -> None:
        course = self.parent.coursedir
        request = Request(
            *(Path(course.root), course.assignment_id, source, self.system),
            roster=Path(self.roster) if self.roster else None,
            replace=self.force,
        )
        try:
            with opened(request) as collection:
                rows = [
                    collection.take_into(student, self.root / student)
                    for student in collection.students
                ]
                collection.remember()
                found = collection.collected(rows)
        except CourseError as failure:
            self.parent.fail("%s", failure)
        collector.laid_out = self.root
        for line in found.remarks():
            self.log.error("%s", line)

    def _unpack(self, archive: Path, name: str) -> None:
        folder = own_folder(self.root / name)
        try:
            left = unpack(archive, folder, self.zip_ext)
        except UnsoundArchive as failure:
            self._leave_out(name, f"was left out: {failure}")
            return
        inside = folder.relative_to(self.root).as_posix()
        for inner, why in left.items():
            self._leave_out(f"{inside}/{inner}", f"was not unpacked: {why}")
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            if path.suffix not in self.zip_ext and (large := why_not(path.lstat())) is not None:
                self._leave_out(path.relative_to(self.root).as_posix(), large)
                path.unlink()

    def _leave_out(self, name: str, why: str) -> None:
        self.log.error("%s %s", shown_name(name), why)
        self.left_out[name] = why if why in REASONS else UNSOUND

    def _write_notes(self) -> None:
        collector = getattr(self.parent, "collector_plugin_inst", None)
        if not isinstance(collector, Collector):
            return
        found: dict[str, HandIn] = {}
        for name, why in self.left_out.items():
            student = collector.student_of(str(self.root / name))
            if student is not None:
                found.setdefault(student, HandIn()).left_out[Path(name).name] = why
        for student, hand_in in sorted(found.items()):
            folder = Path(tempfile.mkdtemp(dir=self.root, prefix=".left-out-"))
            write_note(folder, hand_in)
            collector.notes[str(folder / NOTE)] = student


class Collector(FileNameCollectorPlugin):
    """Takes ordinary files of what was unpacked, each of them once, and what was noted."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.notes: dict[str, str] = {}  # and whose they are
        self.laid_out: Path | None = None  # a folder for each student
        # Of each student's file whether a time is known.
        self._taken: dict[tuple[str, str], bool] = {}

    def collect(self, submitted_file: str) -> Any:
        """Return whose file it is, or None for what is not to be collected."""
        if self.laid_out is not None:
            student, *name = Path(submitted_file).relative_to(self.laid_out).parts
            return {"student_id": student, "file_id": "/".join(name)}
        if submitted_file in self.notes:
            return {"student_id": self.notes[submitted_file], "file_id": NOTE}
        path = Path(submitted_file)
        why = why_not(path.lstat(), _not_the_courses(self))
        found: dict[str, Any] | None = None
        if why is None:
            found = super().collect(submitted_file)
            why = None if found is None else self._why_not(found, path.suffix)
        if why is not None:
            self.log.error("%s %s; it is not collected", path, why)
            return None
        return found

    def student_of(self, path: str) -> str | None:
        """Return whose file this would be, or None; no such file need exist."""
        if not self.named_regexp:
            return None
        stem, suffix = os.path.splitext(path)
        if suffix not in self.valid_ext:
            # An archive has its student's name where its notebook would have it.
            path = stem.removesuffix(".tar") + self.valid_ext[0]
        student = (self._match(path) or {}).get("student_id")
        return student if isinstance(student, str) and NAME.fullmatch(student) else None

    def _why_not(self, found: dict[str, Any], suffix: str) -> str | None:
        """Return why nbgrader cannot go on with what a file's name says: it would end there."""
        student, name, stamp = (found.get(key) for key in ("student_id", "file_id", "timestamp"))
        if not isinstance(student, str) or not isinstance(name, str):
            return "does not say whose it is"
        path = PurePosixPath(name)
        if not NAME.fullmatch(student) or path.is_absolute() or ".." in path.parts:
            return "has a name that leads elsewhere"
        if f"{path.stem}{suffix}" == NOTE:
            return "has the name of a note of ours"
        try:
            timed = stamp is not None and parse_utc(stamp) is not None
        except Exception:  # dateutil's, of whatever a name holds
            return "has a name with what is no time"
        # Of two, nbgrader takes the later one; without a time nobody knows which that is.
        before = self._taken.get((student, name))
        if before is False or (before is True and not timed):
            return "is there twice"
        self._taken[student, name] = timed
        return None


def _not_the_courses(plugin: Any) -> Refused:
    """Return what tells which files are hard links to the course's own."""
    course = getattr(plugin.parent, "coursedir", None)
    return any_hard_link if course is None else not_of(None, Path(course.root), None)
