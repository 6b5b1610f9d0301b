"""From a system's download to `submitted/` and back: nobody mixed up, nothing lost in silence."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import commanding
import downloads
import pytest
from databases import sql
from downloads import CLASS, NASTY, TWINS, UNLIKE, Person, folder_of, zip_of
from running import PROGRAMS, ended, start

from autograder.base.limits import ArchiveLimits
from autograder.course.folder import CourseError, Submission, submitted_at
from autograder.incoming.collecting.clock import Clock
from autograder.incoming.collecting.collect import (
    CORRECTED,
    NEW,
    OLDER,
    REPLACED,
    SAME,
    UNDECIDED,
    collect,
)
from autograder.incoming.collecting.download import written_name
from autograder.incoming.collecting.gathering import Request
from autograder.incoming.collecting.people import Roster, Sender, Student
from autograder.incoming.collecting.rosters import read_roster_file
from autograder.incoming.collecting.systems import read_names, system_of

FEW = CLASS[:4]
# Of whom each name, in whatever order, is one person's.
BY_NAME = tuple(one for one in UNLIKE if {one.first, one.last} != {"Ann", "Lee"})


def work(one: Person) -> bytes:
    return f'{{"cells": [], "of": "{one.id}"}}'.encode()


def roster(course: Path, text: str, name: str = "roster.csv") -> Path:
    path = course / name
    path.write_text(text, encoding="utf-8")
    return path


def taken(course: Path, download: Path, **how: Any) -> dict[str, str]:
    """Collect; return what became of each hand-in, by student, or by its name where of nobody."""
    found = collect(Request(course, "ps1", download, **how))
    return {row.student or row.sent: row.outcome for row in found.rows}


def handed_in(course: Path, student: str) -> dict[str, bytes]:
    folder = course / "submitted" / student / "ps1"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def of_whom(course: Path) -> dict[str, set[bytes]]:
    """Return by student what lies there of notebooks."""
    folders = [path for path in (course / "submitted").iterdir() if path.is_dir()]
    return {
        folder.name: {
            content
            for name, content in handed_in(course, folder.name).items()
            if name.endswith(".ipynb")
        }
        for folder in folders
    }


def each_their_own(people: tuple[Person, ...]) -> dict[str, set[bytes]]:
    return {one.id: {work(one)} for one in people}


# --- A class of 120 from each system --------------------------------------------------------------

SHEET, GRADES = downloads.worksheet, downloads.canvas_gradebook
LIST, HUB = downloads.students_csv, downloads.github_roster
SYSTEMS = {
    "moodle": (lambda people: downloads.moodle(people, work), SHEET, CLASS),
    "moodle before 4.1": (lambda people: downloads.moodle(people, work, "_"), SHEET, CLASS),
    "moodle without folders": (lambda people: downloads.moodle_flat(people, work), SHEET, CLASS),
    "canvas": (lambda people: downloads.canvas(people, work), GRADES, CLASS),
    "canvas by name": (lambda people: downloads.canvas(people, work), LIST, BY_NAME),
    "blackboard": (lambda people: downloads.blackboard(people, work), LIST, CLASS),
    "brightspace": (lambda people: downloads.brightspace(people, work), LIST, BY_NAME),
    "github": (lambda people: downloads.github(people, work), HUB, CLASS),
    "google": (lambda people: downloads.google(people, work), LIST, BY_NAME),
    "folder": (lambda people: downloads.plain(people, work), LIST, CLASS),
}


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("form", ["zip", "folder"])
def test_a_whole_class_of_each_system_is_matched_and_its_kind_is_found_out(
    course, tmp_path, name, form
):
    make, people_of, people = SYSTEMS[name]
    files = make(people)
    if form == "zip":
        download = zip_of(tmp_path / "download.zip", files, marked="without" not in name)
    else:
        download = folder_of(tmp_path / "unpacked", {f"ps1 (1)/{key}": files[key] for key in files})
    found = collect(Request(course, "ps1", download, roster=roster(course, people_of())))
    assert found.system == name.split()[0]
    assert {row.outcome for row in found.rows} == {NEW}
    assert of_whom(course) == each_their_own(people)
    assert found.missing == sorted({one.id for one in CLASS} - {one.id for one in people})
    again = collect(Request(course, "ps1", download))
    assert {row.outcome for row in again.rows} == {SAME}
    assert of_whom(course) == each_their_own(people)


def test_two_people_of_one_name_are_told_and_not_guessed(course, tmp_path):
    download = zip_of(tmp_path / "d.zip", downloads.brightspace(CLASS, work))
    code, _, said = commanding.run(
        *("collect", "ps1", download, "--course", course),
        *("--roster", roster(course, LIST()), "--timezone", "UTC"),
    )
    twins = [one for one in CLASS if (one.first, one.last) in TWINS]
    assert code == 1
    for one in twins:
        line = f"{5000 + one.place} - Sam Smith was not collected: could be S020x and S021x"
        assert line in said
    assert "Ann Lee was not collected: could be S012x and S013x" in said
    assert {one.id for one in twins} & set(of_whom(course)) == set()
    told = [
        f"--who={5000 + one.place} - {one.name}={one.id}"
        for one in CLASS
        if one.id not in of_whom(course)
    ]
    code, output, said = commanding.run(
        "collect", "ps1", download, "--course", course, "--timezone", "UTC", *told
    )
    assert (code, said) == (0, "")
    assert "as told" in output
    assert of_whom(course) == each_their_own(CLASS)
    # What was said once need not be said again.
    code, _, said = commanding.run(
        "collect", "ps1", download, "--course", course, "--timezone", "UTC"
    )
    assert (code, said) == (0, "")


def test_a_dry_run_says_the_same_and_writes_nothing(course, tmp_path):
    download = zip_of(tmp_path / "d.zip", downloads.moodle(FEW, work))
    before = sorted(path.as_posix() for path in course.rglob("*"))
    sheet = roster(tmp_path, SHEET())
    arguments = ("collect", "ps1", download, "--roster", sheet, "--course", course)
    code, dry, _ = commanding.run(*arguments, "--dry-run")
    assert (code, "nothing is written" in dry) == (0, True)
    assert sorted(path.as_posix() for path in course.rglob("*")) == before
    assert sql(course, "SELECT count(*) FROM student") == [(0,)]
    _, wet, _ = commanding.run(*arguments)
    assert wet.splitlines()[:-1] == dry.splitlines()[:-1]
    assert f"handed in nothing: {CLASS[4].id}, " in wet


# --- Who it is ------------------------------------------------------------------------------------


def student(id: str, first: str = "", last: str = "", **more: Any) -> Student:
    return Student(id, first, last, **more)


@pytest.mark.parametrize(
    ("named", "who"),
    [
        ("Jürgen Müller", "jm"), ("Ju\u0308rgen Mu\u0308ller", "jm"), ("MÜLLER, Jürgen", "jm"),
        ("Juergen Mueller", "jm"), ("Jurgen Muller", "jm"), ("müllerjürgen", "jm"),
        ("J#U00fcrgen M#U00fcller", "jm"), ("Jurgen  Müller ", "jm"),
        ("Siobhan OBrien", "ob"), ("O\u2019Brien Siobhán", "ob"), ("o'brien, siobhán", "ob"),
        ("obriensiobhán", "ob"), ("Große Jorg", "gr"), ("Jörg Grosse", "gr"),
        ("Lukasz Zolw", "lz"), ("Soren Agard", "sa"), ("Soeren Aagaard", "sa"),
        ("Anna Lena von der Heide", "al"), ("vonderheideannalena", "al"),
        ("Jürgen", None), ("Müller", None), ("Jürgen A. Müller", None), ("", None), ("--", None),
    ],
)  # fmt: skip
def test_a_name_is_known_in_whatever_spelling_and_order(named, who):
    people = Roster([
        student("jm", "Jürgen", "Müller"), student("ob", "Siobhán", "O'Brien"),
        student("gr", "Jörg", "Große"), student("lz", "Łukasz", "Żółw"),
        student("sa", "Søren", "Ågård"), student("al", "Anna-Lena", "von der Heide"),
    ])  # fmt: skip
    assert people.match("x", Sender("k", names=(named,))).student == who


def test_a_name_as_it_is_written_goes_before_one_in_plain_letters():
    people = Roster([student("a", "Jan", "Müller"), student("b", "Jan", "Muller")])
    assert people.match("x", Sender("k", names=("Jan Müller",))).student == "a"
    assert people.match("x", Sender("k", names=("Muller Jan",))).student == "b"
    assert people.match("x", Sender("k", names=("Jan Mueller",))).student == "a"


def test_an_id_in_another_case_is_the_same_unless_two_differ_by_it():
    people = Roster([student("Ann1"), student("bo"), student("BO")])
    assert people.match("x", Sender("k", logins=("ANN1",))).student == "Ann1"
    assert people.match("x", Sender("k", logins=("BO",))).student == "BO"
    unclear = people.match("x", Sender("k", logins=("Bo",)))
    assert (unclear.student, unclear.could_be) == (None, {"bo", "BO"})


def test_a_number_that_contradicts_the_name_is_told():
    """The worksheet of another assignment has other numbers."""
    people = Roster([
        student("ann", "Ann", "Lee", numbers=(("moodle", "1"),)),
        student("bo", "Bo", "Ray", numbers=(("moodle", "2"),)),
    ])  # fmt: skip
    match = people.match("moodle", Sender("Bo Ray_1", "1", names=("Bo Ray",)))
    assert (match.student, match.could_be) == (None, {"ann", "bo"})
    assert "the number 1 is ann's, the name is bo's" in match.trouble
    # With another system the number is nothing.
    assert people.match("canvas", Sender("k", "1", names=("Bo Ray",))).student == "bo"
    # A name that has changed since, and none at all, leave the number.
    assert people.match("moodle", Sender("k", "1", names=("Ann Married",))).student == "ann"
    assert people.match("moodle", Sender("k", "1", names=("Participant",))).student == "ann"


def test_who_is_nobody_in_the_roster_is_named_and_not_collected(course, tmp_path):
    download = zip_of(tmp_path / "d.zip", downloads.canvas(FEW, work))
    found = taken(course, download, roster=roster(course, GRADES(FEW[1:])))
    assert found.pop("müllerjürgen_LATE_1000") == "is nobody in the roster"
    assert found == {one.id: NEW for one in FEW[1:]}
    assert set(of_whom(course)) == set(found)


def test_without_a_roster_logins_are_ids_and_names_are_not(course, tmp_path):
    plain = folder_of(tmp_path / "plain", downloads.plain(FEW, work))
    code, _, said = commanding.run("collect", "ps1", plain, "--course", course)
    assert (code, "there is no roster" in said) == (0, True)
    assert set(of_whom(course)) == {one.id.lower() for one in FEW}
    shutil.rmtree(course / "submitted")
    wrapped = {f"all/{name}": content for name, content in downloads.plain(FEW, work).items()}
    taken(course, zip_of(tmp_path / "wrapped.zip", wrapped))
    assert set(of_whom(course)) == {one.id.lower() for one in FEW}
    for files in (downloads.moodle, downloads.canvas, downloads.google, downloads.brightspace):
        download = zip_of(tmp_path / f"{files.__name__}.zip", files(FEW, work))
        code, said = commanding.refused("collect", "ps1", download, "--course", course)
        assert (code, "give --roster FILE" in said) == (2, True)


# --- Rosters --------------------------------------------------------------------------------------


def read(tmp_path: Path, text: str | bytes) -> list[Student]:
    path = tmp_path / "roster.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read_roster_file(path, Clock("UTC", {}).read).students)


def test_each_roster_gives_ids_and_what_downloads_know_people_by(tmp_path):
    one = CLASS[0]
    moodle = read(tmp_path, SHEET())
    assert len(moodle) == 120
    assert (moodle[0].id, moodle[0].full_name, moodle[0].email) == (one.id, one.name, one.email)
    assert moodle[0].numbers == (("moodle", "70000"),)
    assert moodle[0].handed_in is not None
    canvas = read(tmp_path, GRADES())
    assert len(canvas) == 120  # neither the totals nor the test student
    assert (canvas[0].id, canvas[0].first_name, canvas[0].last_name) == (
        one.id,
        one.first,
        one.last,
    )
    assert canvas[0].numbers == (("canvas", "1000"),)
    assert canvas[0].lms_user_id == "1000"
    assert [one.id for one in read(tmp_path, LIST())] == [one.id for one in CLASS]
    assert one.github.upper() in read(tmp_path, HUB())[0].logins


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_roster_may_be_saved_by_whatever_program(tmp_path, encoding, mark):
    text = mark.join(("Nachname", "Vorname", "Anmeldename", "E-Mail-Adresse")) + "\r\n"
    text += mark.join(("Müller", "Jürgen", "jm1", "jm@uni.example")) + "\r\n"
    (one,) = read(tmp_path, text.encode(encoding))
    assert (one.id, one.first_name, one.last_name) == ("jm1", "Jürgen", "Müller")


def test_moodles_worksheet_is_known_in_other_languages(tmp_path):
    text = (
        "ID,Vollständiger Name,E-Mail-Adresse,Status,Bewertung,Bestwertung,"
        "Bewertung kann geändert werden,Zuletzt geändert (Bewertung),Feedback als Kommentar\n"
        "Teilnehmer/in 4711,Jürgen Müller,j.mueller@uni.example,,,100,Ja,-,\n"
    )
    (one,) = read(tmp_path, text)
    assert (one.id, one.numbers) == ("j.mueller", (("moodle", "4711"),))


def test_ids_come_from_what_is_there_and_are_nobody_elses(tmp_path):
    head = "Identifier,Full name,Email address,Grade\n"
    rows = "Participant 1,Ann Lee,ann@a.example,\nParticipant 2,Ann Ray,ann@b.example,\n"
    assert [one.id for one in read(tmp_path, head + rows)] == ["ann@a.example", "ann@b.example"]
    blind = "Identifier,Grade,Maximum grade\nParticipant 7,,10\n"
    assert [one.id for one in read(tmp_path, blind)] == ["7"]
    with pytest.raises(CourseError, match="the id s1 twice: Ann Lee and Bo Ray"):
        read(tmp_path, "id,first_name,last_name\ns1,Ann,Lee\ns1,Bo,Ray\n")


@pytest.mark.parametrize("text", ["", "a,b\n", "a,b\n1,2\n", "\x00\x01", "Section,Score\nA,3\n"])
def test_what_is_no_roster_is_refused_in_words(course, tmp_path, text):
    download = zip_of(tmp_path / "d.zip", downloads.plain(FEW, work))
    path = roster(course, text)
    code, said = commanding.refused(
        "collect", "ps1", download, "--roster", path, "--course", course
    )
    assert (code, "Moodle's grading worksheet" in said) == (2, True)


def test_a_roster_is_kept_in_the_gradebook_and_takes_its_ids(course, tmp_path):
    one, other = CLASS[0], CLASS[1]
    sql(
        course,
        "INSERT INTO student VALUES ('mine', 'Jürgen', 'Müller', NULL, NULL),"
        " ('his', NULL, NULL, ?, '8001')",
        other.email.upper(),
    )
    download = zip_of(tmp_path / "d.zip", downloads.canvas(FEW, work))
    taken(course, download, roster=roster(course, GRADES(FEW)))
    assert set(of_whom(course)) == {"mine", "his", FEW[2].id, FEW[3].id}
    rows = {row[0]: row[1:] for row in sql(course, "SELECT * FROM student")}
    assert rows["mine"] == ("Jürgen", "Müller", None, str(one.canvas))
    assert rows[FEW[2].id][:2] == (FEW[2].first, FEW[2].last)


def test_the_second_time_needs_no_roster(course, tmp_path):
    download = zip_of(tmp_path / "d.zip", downloads.canvas(FEW, work))
    taken(course, download, roster=roster(course, GRADES()))
    assert taken(course, download) == {one.id: SAME for one in FEW}


# --- Attempts and times ---------------------------------------------------------------------------


def stamp_of(course: Path, student: str) -> str:
    return (course / "submitted" / student / "ps1" / "timestamp.txt").read_text()


def test_of_several_attempts_the_newest_is_taken_whole(course, tmp_path):
    files = downloads.blackboard(FEW, lambda one: b"second", hours=5)
    files |= downloads.blackboard(FEW, lambda one: b"first")
    early, late = downloads.brightspace(FEW, work), downloads.brightspace(FEW, lambda _: b"new", 30)
    given = roster(course, LIST())
    taken(course, zip_of(tmp_path / "b.zip", files), roster=given)
    assert {content for one in FEW for content in of_whom(course)[one.id]} == {b"second"}
    assert stamp_of(course, FEW[0].id) == "2025-01-31 18:45:10 UTC"
    shutil.rmtree(course / "submitted")
    taken(course, zip_of(tmp_path / "d.zip", late | early), roster=given)
    assert {content for one in FEW for content in of_whom(course)[one.id]} == {b"new"}


def test_an_older_download_after_a_newer_one_overwrites_nothing(course, tmp_path):
    given = roster(course, LIST())
    first = zip_of(tmp_path / "1.zip", downloads.blackboard(FEW, lambda _: b"first"))
    second = zip_of(tmp_path / "2.zip", downloads.blackboard(FEW, lambda _: b"second", hours=5))
    assert set(taken(course, first, roster=given).values()) == {NEW}
    assert set(taken(course, second, roster=given).values()) == {REPLACED}
    assert set(taken(course, first, roster=given).values()) == {OLDER}
    assert set(taken(course, second, roster=given).values()) == {SAME}
    assert of_whom(course)[FEW[0].id] == {b"second"}


def test_a_zone_that_was_said_once_is_kept_and_can_be_corrected(course, tmp_path):
    """Collecting again without it, or an older download, moves nobody's time."""
    given = roster(course, LIST())
    first = zip_of(tmp_path / "1.zip", downloads.blackboard(FEW, lambda _: b"first"))
    second = zip_of(tmp_path / "2.zip", downloads.blackboard(FEW, lambda _: b"first", hours=5))
    taken(course, second, roster=given, zone="America/New_York")
    said = stamp_of(course, FEW[0].id)
    assert set(taken(course, second).values()) == {SAME}
    assert set(taken(course, first, zone="America/New_York").values()) == {OLDER}
    assert stamp_of(course, FEW[0].id) == said == "2025-01-31 23:45:10 UTC"
    assert set(taken(course, second, zone="Europe/Berlin").values()) == {CORRECTED}
    assert stamp_of(course, FEW[0].id) == "2025-01-31 17:45:10 UTC"
    assert set(taken(course, second).values()) == {SAME}


def test_where_no_hand_in_has_a_time_the_download_has_one(course, tmp_path):
    given = roster(course, GRADES())
    first = zip_of(tmp_path / "1.zip", downloads.canvas(FEW, lambda _: b"first"))
    later = downloads.START.replace(day=30, month=6)
    second = zip_of(tmp_path / "2.zip", downloads.canvas(FEW, lambda _: b"second"), later)
    taken(course, first, roster=given)
    assert set(taken(course, second).values()) == {REPLACED}
    assert set(taken(course, first).values()) == {OLDER}
    assert of_whom(course)[FEW[0].id] == {b"second"}


def test_where_nothing_tells_which_is_newer_a_person_says(course, tmp_path):
    given = roster(course, GRADES())
    first = folder_of(tmp_path / "1", downloads.canvas(FEW, lambda _: b"first"))
    second = folder_of(tmp_path / "2", downloads.canvas(FEW, lambda _: b"second"))
    taken(course, first, roster=given)
    code, _, said = commanding.run("collect", "ps1", second, "--course", course)
    assert (code, said.count(UNDECIDED)) == (1, 4)
    assert of_whom(course)[FEW[0].id] == {b"first"}
    assert set(taken(course, second, replace=True).values()) == {REPLACED}
    assert of_whom(course)[FEW[0].id] == {b"second"}


def test_times_are_read_in_the_systems_zone_and_by_every_reader(course, tmp_path):
    from nbgrader.utils import parse_utc

    given = roster(course, LIST())
    download = zip_of(tmp_path / "d.zip", downloads.blackboard(FEW, work))
    taken(course, download, roster=given, zone="America/New_York")
    said = stamp_of(course, FEW[0].id)
    assert said == "2025-01-31 18:45:10 UTC"
    assert parse_utc(said) == submitted_at(Submission(course, "ps1", FEW[0].id)).at
    code, said = commanding.refused(
        "collect", "ps1", download, "--course", course, "--timezone", "Mars/Olympus"
    )
    assert (code, said) == (
        2,
        "'Mars/Olympus' is no time zone: give one such as Europe/Berlin or UTC",
    )


@pytest.mark.parametrize(
    "text",
    [
        "Friday, 31 January 2025, 1:45 PM", "Friday, January 31, 2025, 1:45 PM",
        "Freitag, 31. Januar 2025, 13:45", "vendredi 31 janvier 2025, 13:45",
        "viernes, 31 de enero de 2025, 13:45", "martedì, 31 gennaio 2025, 13:45",
        "2025-01-31T13:45:00Z", "2025-01-31 13:45:00 UTC",
    ],
)  # fmt: skip
def test_times_are_read_in_the_languages_of_systems(text):
    assert str(Clock("UTC", {}).read(text)) == "2025-01-31 13:45:00"
    assert Clock("UTC", {}).read("31 Smarch 2025, 13:45") is None


def test_what_times_are_not_known_is_said(course, tmp_path):
    download = zip_of(tmp_path / "d.zip", downloads.canvas(FEW, work))
    _, _, said = commanding.run(
        "collect", "ps1", download, "--course", course, "--roster", roster(course, GRADES())
    )
    assert "of 4 hand-ins nothing says when it was handed in, so it counts as in time" in said
    assert "canvas calls 1 hand-in late, and not by how much: S000x" in said
    sheet = zip_of(tmp_path / "m.zip", downloads.moodle(FEW, work))
    _, _, said = commanding.run(
        "collect", "ps1", sheet, "--course", course, "--roster", roster(course, SHEET())
    )
    assert "taken for UTC: --timezone Europe/Berlin" in said
    # What is there already has its time.
    _, _, said = commanding.run("collect", "ps1", sheet, "--course", course)
    assert "nothing says when" not in said


def test_a_timestamp_that_a_student_sent_is_a_file_like_any_other(course, tmp_path):
    one = FEW[0]
    files = downloads.moodle(FEW, work)
    for name in ("timestamp.txt", "submission_secret.txt", "left-out.json", "verdicts.json"):
        files[f"{one.name}_{one.moodle}_assignsubmission_file/{name}"] = b"1999-01-01 00:00:00 UTC"
    taken(course, zip_of(tmp_path / "d.zip", files), roster=roster(course, SHEET()))
    assert stamp_of(course, one.id) == "2025-01-31 13:45:00 UTC"
    assert sorted(handed_in(course, one.id)) == [
        *("_left-out.json", "_verdicts.json", "ps1.ipynb", "submission_secret (2).txt"),
        *("timestamp (2).txt", "timestamp.txt"),
    ]


def test_of_one_file_uploaded_twice_to_canvas_the_later_is_taken(course, tmp_path):
    files = {
        "leeann_1012_500_ps1.ipynb": b"later", "leeann_1012_400_ps1.ipynb": b"earlier",
        "leeann_1012_501_ps1-1.ipynb": b"other",
    }  # fmt: skip
    taken(course, folder_of(tmp_path / "d", files), roster=roster(course, GRADES()))
    assert handed_in(course, "S012x") == {"ps1.ipynb": b"later", "ps1-1.ipynb": b"other"}


# --- Systems' odd names ---------------------------------------------------------------------------


def told(system: str, *names: str, lines: dict[str, str] | None = None) -> list[tuple[str, ...]]:
    """Return number or login, name, and the student's own name for each file."""
    found = read_names(system, names, "ps1", lambda _: False, lines or {})
    return [
        (*(sent.sender.number or sent.sender.logins[0], *sent.sender.names[:1], sent.inner),)
        for sent in (found[name] for name in names if name in found)
    ]


def test_moodle_keeps_folders_within_a_hand_in_and_text_that_was_typed():
    assert told(
        "moodle",
        "x/Ann Lee_12_assignsubmission_file_/sub/dir/a_1_2_b.ipynb",
        "Ann Lee_12_assignsubmission_onlinetext/onlinetext.html",
        "Ann Lee_12_assignsubmission_file_my_file_1.ipynb",
        "Group 1_77_assignsubmission_file/ps1.ipynb",
        "notes.txt",
    ) == [
        ("12", "Ann Lee", "sub/dir/a_1_2_b.ipynb"), ("12", "Ann Lee", "onlinetext.html"),
        ("12", "Ann Lee", "my_file_1.ipynb"), ("77", "Group 1", "ps1.ipynb"),
    ]  # fmt: skip


def test_canvas_names_with_numbers_and_marks_in_them():
    assert told(
        "canvas",
        "leeann_12_345_ps1_1_2.ipynb", "leeann_LATE_12_345_ps1.ipynb", "leeann_12_text.html",
        "x_999_888_7_6_ps1.ipynb", "ps1.ipynb",
    ) == [
        ("12", "leeann", "ps1_1_2.ipynb"), ("12", "leeann", "ps1.ipynb"),
        ("12", "leeann", "text.html"), ("999", "x", "7_6_ps1.ipynb"),
    ]  # fmt: skip
    names = [f"{late}anon_aB3x{n}_9000{n}_ps1.ipynb" for n, late in enumerate(("", "LATE_", ""))]
    assert system_of(names, "ps1") == "canvas"
    assert [one[0] for one in told("canvas", *names)] == ["aB3x0", "aB3x1", "aB3x2"]


def test_blackboards_logins_may_have_underscores_and_its_title_too():
    stem = "Problem Set_1_ann_lee_attempt_2025-01-31-13-45-10"
    other = "Problem Set_1_bo_attempt_2025-01-31-13-45-10_x_attempt_2025-01-31-13-45-11.txt"
    assert told(
        "blackboard", f"{stem}_ps1.ipynb", f"{stem}.txt", other,
        lines={f"{stem}.txt": "Name: Ann Lee (ann_lee)"},
    ) == [
        ("ann_lee", "Ann Lee", "ps1.ipynb"), ("ann_lee", "Ann Lee", "blackboard.txt"),
        ("bo", "x_attempt_2025-01-31-13-45-11.txt"),
    ]  # fmt: skip


def test_brightspace_writes_folders_and_flat_names():
    day = "Jan 31, 2025 145 PM"
    assert told(
        "brightspace",
        f"12-34 - Ann-Marie Lee - {day}/sub/ps1.ipynb", f"12-34 - Ann - Lee - {day} - a - b.ipynb",
        "12-34 - Ann Lee - 31 January, 2025 1345/ps1.ipynb", "index.html",
    ) == [
        ("12", "Ann-Marie Lee", "sub/ps1.ipynb"), ("12", "Ann - Lee", "a - b.ipynb"),
        ("12", "Ann Lee", "ps1.ipynb"),
    ]  # fmt: skip


def test_githubs_folders_archives_and_clones(course, tmp_path):
    given = roster(course, HUB())
    repositories = {
        f"ps1-submissions/problem-set-1-{one.github}/ps1.ipynb": work(one) for one in FEW
    }
    repositories |= {
        f"ps1-submissions/problem-set-1-{one.github}/.git/config": b"[core]\nfsmonitor = rm"
        for one in FEW
    }
    found = collect(
        Request(course, "ps1", folder_of(tmp_path / "clones", repositories), roster=given)
    )
    assert found.system == "github"
    assert of_whom(course) == each_their_own(FEW)
    shutil.rmtree(course / "submitted")
    folder = tmp_path / "zips"
    folder.mkdir()
    for one in FEW:
        name = f"ps1-{one.github}-main"
        zip_of(folder / f"{name}.zip", {f"{name}/ps1.ipynb": work(one)})
    found = collect(Request(course, "ps1", folder, roster=given))
    assert (found.system, of_whom(course)) == ("github", each_their_own(FEW))


def test_githubs_table_of_grades_has_the_times(course, tmp_path):
    head = "assignment_name,github_username,roster_identifier,submission_timestamp\n"
    given = roster(course, f"{head}ps1,{FEW[0].github},{FEW[0].id},2025-02-01T09:30:00+01:00\n")
    download = zip_of(tmp_path / "d.zip", downloads.github(FEW[:1], work))
    taken(course, download, roster=given)
    assert stamp_of(course, FEW[0].id) == "2025-02-01 08:30:00 UTC"


def test_drives_parts_and_copies_of_one_person_are_one_hand_in(course, tmp_path):
    one, other = BY_NAME[0], BY_NAME[3]
    folder = tmp_path / "drive"
    folder.mkdir()
    zip_of(folder / "drive-download-001.zip", {f"{one.name} - ps1.ipynb": b"1"})
    more = {f"{one.name} - ps1 (1).ipynb": b"2", f"Copy of ps1 - {other.name}.ipynb": b"3"}
    zip_of(folder / "drive-download-002.zip", more)
    taken(course, folder, system="google", roster=roster(course, LIST()))
    assert of_whom(course) == {one.id: {b"1", b"2"}, other.id: {b"3"}}


def test_plain_folders_as_nbgrader_has_them_and_files_alone(course, tmp_path):
    given = roster(course, LIST())
    files = {
        "all/S000x/ps1/a.ipynb": b"0", "all/S000x/ps1/timestamp.txt": b"2025-01-31 13:45:10 UTC",
        "all/S000x/ps2/b.ipynb": b"x", "all/S001x/deep/er/c.ipynb": b"1",
        f"all/{CLASS[2].name}/d.ipynb": b"2", "all/S003x.ipynb": b"3", "all/ps1_S004x.ipynb": b"4",
    }  # fmt: skip
    taken(course, folder_of(tmp_path / "d", files), roster=given)
    assert of_whom(course) == {f"S00{n}x": {str(n).encode()} for n in range(5)}
    assert stamp_of(course, "S000x") == downloads.UTC


def test_a_course_with_a_pattern_of_its_own_is_collected_by_it(course, tmp_path):
    with (course / "nbgrader_config.py").open("a") as config:
        pattern = r".*/(?P<file_id>\w+)-(?P<student_id>\w+)-(?P<timestamp>\d{8}T\d{6})\.ipynb"
        config.write(f"\nc.FileNameCollectorPlugin.named_regexp = {pattern!r}\n")
    files = {"in/ps1-ann-20250131T134510.ipynb": b"1", "in/ps1-ann-20250201T134510.ipynb": b"2"}
    assert taken(course, folder_of(tmp_path / "d", files)) == {"ann": NEW}
    assert handed_in(course, "ann") == {
        "ps1.ipynb": b"2", "timestamp.txt": b"2025-02-01 13:45:10 UTC"
    }  # fmt: skip


# --- Downloads that nobody would want -------------------------------------------------------------


def test_nothing_in_a_download_is_a_path_and_what_is_left_out_is_said(course, tmp_path):
    one = FEW[0]
    own = f"{one.name}_{one.moodle}_assignsubmission_file"
    path = zip_of(tmp_path / "d.zip", downloads.moodle(FEW, work))
    with zipfile.ZipFile(path, "a") as made:
        made.writestr(f"{own}/../../../escaped.ipynb", b"x")
        made.writestr(f"/{own}/escaped2.ipynb", b"x")
        made.writestr(f"{own}/big.ipynb", bytes(21 << 20), zipfile.ZIP_DEFLATED)
        made.writestr(f"{own}/a\x1b[2J:?*<b>.txt", b"x")
        made.writestr(f"{own}/{'long' * 60}.csv", b"x")
        made.writestr(f"{own}/__MACOSX/._ps1.ipynb", b"x")
        made.writestr(f"{own}/feedback/deep.ipynb", b"x")
        link = zipfile.ZipInfo(f"{own}/link.ipynb")
        link.external_attr = 0o120777 << 16
        made.writestr(link, "/etc/passwd")
    code, _, said = commanding.run(
        "collect", "ps1", path, "--course", course, "--roster", roster(course, SHEET())
    )
    assert code == 0
    assert not list(tmp_path.rglob("escaped*"))
    names = sorted(handed_in(course, one.id))
    assert names[:2] == ["_feedback/deep.ipynb", "a_[2J____b_.txt"]
    assert {"left-out.json", "ps1.ipynb", "timestamp.txt"} < set(names)
    assert len(names) == 6
    assert "S000x: 'big.ipynb' is larger than 20 MB and was left out." in said
    assert "'link.ipynb' is a symbolic link" in said
    assert said.count("escaped") == 2
    assert "\x1b" not in said


def test_one_broken_file_of_a_download_costs_nobody_else_anything(course, tmp_path):
    path = zip_of(tmp_path / "d.zip", downloads.moodle(FEW, lambda one: os.urandom(50) + work(one)))
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as made:
        broken, locked = made.infolist()[:2]
    data[broken.header_offset + 30 + len(broken.filename.encode()) + 20] ^= 0xFF
    entry = data.index(locked.filename.encode(), data.index(b"PK\x01\x02")) - 46
    data[entry + 8] |= 1
    data[locked.header_offset + 6] |= 1
    path.write_bytes(data)
    found = collect(Request(course, "ps1", path, roster=roster(course, SHEET())))
    assert {row.student: bool(row.remarks) for row in found.rows} == {
        one.id: one in FEW[:2] for one in FEW
    }
    assert "left-out.json" in handed_in(course, FEW[0].id)


def test_a_broken_download_replaces_nothing_that_can_be_read(course, tmp_path):
    given = roster(course, LIST())
    taken(course, zip_of(tmp_path / "1.zip", downloads.blackboard(FEW[:1], work)), roster=given)
    path = zip_of(tmp_path / "2.zip", downloads.blackboard(FEW[:1], work, hours=9))
    data = bytearray(path.read_bytes())
    for sign, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        found = data.find(sign)
        while found >= 0:
            data[found + at] |= 1  # encrypted
            found = data.find(sign, found + 4)
    path.write_bytes(data)
    code, _, said = commanding.run("collect", "ps1", path, "--course", course)
    assert (code, "cannot be read, and what is there stays: download it again" in said) == (1, True)
    assert of_whom(course) == each_their_own(FEW[:1])


@pytest.mark.parametrize("encoding", ["cp437", "cp1252", "utf-8"])
def test_names_in_archives_are_read_as_they_were_meant(encoding):
    for name in ("Jürgen Müller", "José Núñez", "Jörg Größe", "Éva Ängström"):
        written = name.encode(encoding)
        assert written_name(zipfile.ZipInfo(written.decode("cp437"))) == name


def test_the_roster_may_lie_in_the_downloads_folder(course, tmp_path):
    folder = folder_of(tmp_path / "d", downloads.canvas(FEW, work))
    given = roster(folder, GRADES())
    assert taken(course, folder, roster=given) == {one.id: NEW for one in FEW}


def test_long_names_are_nobodys_and_are_read_at_once(course, tmp_path):
    name = "_1" * 10_000 + " - x" * 5_000
    download = zip_of(tmp_path / "d.zip", {f"{at}{name}.ipynb": b"" for at in range(20)})
    given = roster(course, LIST())
    for system in ("moodle", "canvas", "blackboard", "brightspace", "google", "folder", "github"):
        found = taken(course, download, roster=given, system=system)
        assert NEW not in found.values()


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "is no archive, or a broken one"), (b"PK\x03\x04 cut off", "download it again")],
)
def test_a_download_that_is_broken_as_a_whole_is_said_so(course, tmp_path, content, why):
    path = tmp_path / "d.zip"
    path.write_bytes(content)
    code, said = commanding.refused("collect", "ps1", path, "--course", course)
    assert (code, why in said) == (2, True)


def test_a_download_has_limits(course, tmp_path, monkeypatch):
    from autograder.incoming.collecting import download as opening

    path = zip_of(tmp_path / "d.zip", downloads.plain(FEW, lambda _: bytes(5000)))
    monkeypatch.setattr(opening, "ARCHIVE", ArchiveLimits(files=3))
    code, said = commanding.refused("collect", "ps1", path, "--course", course)
    assert (code, "files and folders" in said) == (2, True)
    monkeypatch.setattr(opening, "ARCHIVE", ArchiveLimits(total_bytes=8000))
    code, said = commanding.refused("collect", "ps1", path, "--course", course)
    assert (code, "unpack it, and give the folder" in said) == (2, True)
    assert not (course / "submitted").exists()


def tar_of(path: Path, files: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as made:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1_738_331_110
            made.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            made.addfile(info)
    return path


@pytest.mark.parametrize("name", ["d.tar", "d.tar.gz", "d.tgz"])
def test_a_tar_file_is_opened_as_a_zip_is(course, tmp_path, monkeypatch, name):
    from autograder.incoming.collecting import download as opening

    files = {**downloads.plain(FEW, work), "../s009x/ps1.ipynb": b"elsewhere"}
    path = tar_of(tmp_path / name, files, {"s009x/ps1.ipynb": "/etc/passwd"})
    code, _, said = commanding.run(
        "collect", "ps1", path, "--course", course, "--roster", roster(course, LIST())
    )
    assert code == 1  # of S009x there is nothing but a link
    assert "S009x: 'ps1.ipynb' is a symbolic link and was left out" in said
    assert {one.id: of_whom(course)[one.id] for one in FEW} == each_their_own(FEW)
    assert not (course / "s009x").exists()
    assert not (tmp_path / "s009x").exists()
    monkeypatch.setattr(opening, "ARCHIVE", ArchiveLimits(files=3))
    code, said = commanding.refused("collect", "ps1", path, "--course", course)
    assert (code, "files and folders" in said) == (2, True)
    monkeypatch.setattr(opening, "ARCHIVE", ArchiveLimits(total_bytes=8000))
    bomb = tar_of(tmp_path / name, downloads.plain(FEW, lambda _: bytes(5000)))
    code, said = commanding.refused("collect", "ps1", bomb, "--course", course)
    assert (code, "unpack it, and give the folder" in said) == (2, True)


def test_an_archive_that_a_student_sent_stays_as_it_is(course, tmp_path):
    inner = zip_of(tmp_path / "inner.zip", {"ps1/ps1.ipynb": b"1"}).read_bytes()
    files = downloads.moodle(FEW[:1], lambda _: inner)
    files = {name.replace("ps1.ipynb", "ps1.zip"): content for name, content in files.items()}
    taken(course, zip_of(tmp_path / "d.zip", files), roster=roster(course, SHEET()))
    assert handed_in(course, FEW[0].id)["ps1.zip"] == inner


def test_links_in_a_folder_and_in_the_course_are_not_followed(course, tmp_path):
    files = downloads.plain(FEW, work)
    folder = folder_of(tmp_path / "d", files)
    secret = course / ".grading-secret"
    secret.write_text("the course's own")
    (folder / "s000x" / "link.ipynb").symlink_to(secret)
    os.link(secret, folder / "s000x" / "hard.ipynb")
    (folder / "s119x").symlink_to(course / "source")
    (course / "submitted").mkdir()
    (course / "submitted" / "S001x").symlink_to(tmp_path)
    code, _, said = commanding.run(
        "collect", "ps1", folder, "--course", course, "--roster", roster(tmp_path, LIST())
    )
    assert code == 1
    assert "S001x is no folder: remove it" in said
    assert "'link.ipynb' is a symbolic link" in said
    assert "'hard.ipynb' is a hard link" in said
    assert [*handed_in(course, "S000x")] != []
    assert b"the course's own" not in b"".join(handed_in(course, "S000x").values())
    assert not (tmp_path / "ps1").exists()


def test_a_course_that_a_group_shares_stays_shared(course, tmp_path):
    with (course / "nbgrader_config.py").open("a") as config:
        config.write("\nc.CourseDirectory.groupshared = True\n")
    taken(course, folder_of(tmp_path / "d", {"ann/sub/ps1.ipynb": b"1"}))
    folder = course / "submitted" / "ann"
    for path, mode in (
        (folder, 0o2775),
        (folder / "ps1/sub", 0o2775),
        (folder / "ps1/sub/ps1.ipynb", 0o664),
    ):
        assert path.stat().st_mode & 0o7777 == mode


def test_what_cannot_be_asked_for_is_said_in_words(course, tmp_path):
    path = zip_of(tmp_path / "d.zip", downloads.plain(FEW, work))
    for arguments, said in (
        (("ps9", path), "no assignment 'ps9'"),
        (("ps1", tmp_path / "nothing"), "there is no file and no folder"),
        (("ps1", path, "--from", "sakai"), "--from is one of blackboard, brightspace"),
        (("ps1", path, "--roster", tmp_path / "none.csv"), "No such file"),
        (("ps1", path, "--who", "ann"), "--who says whose a hand-in is"),
    ):
        code, words = commanding.refused("collect", *arguments, "--course", course)
        assert (code, said in words) == (2, True), words
    (tmp_path / "empty").mkdir()
    code, words = commanding.refused("collect", "ps1", tmp_path / "empty", "--course", course)
    assert (code, "there is nothing in" in words) == (2, True)


# --- nbgrader's own command -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["moodle", "brightspace"])
def test_nbgraders_command_collects_the_same(course, tmp_path, name):
    make, people_of, _ = SYSTEMS[name]
    given = roster(tmp_path, people_of())
    download = zip_of(tmp_path / "d.zip", make(BY_NAME[:9]))
    ours = tmp_path / "ours"
    shutil.copytree(course, ours)
    taken(ours, download, roster=given)
    archive = course / "downloaded" / "ps1" / "archive"
    archive.mkdir(parents=True)
    shutil.copy(download, archive)
    for _ in range(2):
        command = ("zip_collect", "ps1", "--force", f"--Extractor.roster={given}")
        code, _, said = ended(start(PROGRAMS / "nbgrader", *command, cwd=course))
        assert code == 0, said

    def all_of(root: Path) -> dict[str, bytes]:
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in (root / "submitted").rglob("*")
            if path.is_file()
        }

    assert all_of(course) == all_of(ours)
    assert len(all_of(course)) == 19


# --- And back -------------------------------------------------------------------------------------


@pytest.fixture
def with_pages(course: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of which `feedback` finds pages up to date, made without grading anything."""
    from autograder.pages import feedback

    class Pages:
        def __init__(self, course: Path, names: Any, students: Any, force: bool = False) -> None:
            self._course = course
            self.total, self.said = 0, []

        def run(self, workers: int) -> Any:
            for folder in sorted((self._course / "submitted").iterdir()):
                if folder.is_dir():
                    page = self._course / "feedback" / folder.name / "ps1" / "ps1.html"
                    page.parent.mkdir(parents=True, exist_ok=True)
                    page.write_text(f"<!DOCTYPE html>{folder.name}")
                    yield feedback.PageResult(folder.name, "ps1", fresh=True)

    monkeypatch.setattr(feedback, "ClassFeedback", Pages)
    return course


def pages_in(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as made:
        return {info.filename: made.read(info).decode() for info in made.infolist()}


def given_back(course: Path, system: str, *more: object) -> tuple[int, str, str]:
    return commanding.run("feedback", "ps1", "--zip", system, "--course", course, *more)


def test_moodle_gets_pages_by_its_folders_names(with_pages, tmp_path):
    download = zip_of(tmp_path / "d.zip", downloads.moodle(CLASS, work))
    taken(with_pages, download, roster=roster(with_pages, SHEET()))
    code, output, said = given_back(with_pages, "moodle")
    assert code == 0, said
    path = with_pages / "feedback-ps1-moodle.zip"
    assert f"wrote {path}\n" in output
    pages = pages_in(path)
    for one in CLASS:
        (page,) = (pages[name] for name in pages if f"_{one.moodle}_assignfeedback_file_/" in name)
        assert page == f"<!DOCTYPE html>{one.id}"
    # As Moodle takes such a name apart: what stands before, the number, the kind, the plugin.
    assert all(
        name.split("/")[0].split("_", 4)[2:] == ["assignfeedback", "file", ""] for name in pages
    )
    first = path.read_bytes()
    given_back(with_pages, "moodle")
    assert path.read_bytes() == first


def test_canvas_gets_pages_by_the_files_own_numbers(with_pages, tmp_path):
    files = downloads.canvas(FEW, work)
    files["leeann_1012_text.html"] = b"typed"
    taken(with_pages, zip_of(tmp_path / "d.zip", files), roster=roster(with_pages, GRADES()))
    out = tmp_path / "back.zip"
    code, _, said = given_back(with_pages, "canvas", "--out", out)
    assert code == 1
    assert "S012x's ps1 is not in the zip: handed in no file on Canvas" in said
    for one in FEW:
        # Canvas takes the first two numbers of a name for the person and the file.
        (page,) = (
            page
            for name, page in pages_in(out).items()
            if [part for part in name.split("_") if part.isdigit()][:2]
            == [str(one.canvas), str(90_000 + one.place)]
        )
        assert page == f"<!DOCTYPE html>{one.id}"
    assert all(name.endswith(".html") for name in pages_in(out))


def test_of_several_notebooks_each_page_goes_back(with_pages, tmp_path):
    taken(
        with_pages,
        zip_of(tmp_path / "d.zip", downloads.canvas(FEW[1:2], work)),
        roster=roster(with_pages, GRADES()),
    )
    more = with_pages / "feedback" / FEW[1].id / "ps1" / "more.html"
    more.parent.mkdir(parents=True)
    more.write_text("more")
    assert given_back(with_pages, "canvas")[0] == 0
    assert set(pages_in(with_pages / "feedback-ps1-canvas.zip")) == {
        "mullerjurgen_1001_90001_ps1-ps1.html", "mullerjurgen_1001_90001_ps1-more.html"
    }  # fmt: skip


def test_a_folder_for_each_student_is_for_everything_else(with_pages, tmp_path):
    download = folder_of(tmp_path / "d", downloads.plain(FEW, work))
    taken(with_pages, download, roster=roster(with_pages, LIST()))
    assert given_back(with_pages, "folder")[0] == 0
    pages = pages_in(with_pages / "feedback-ps1-folder.zip")
    assert pages == {f"{one.id}/ps1.html": f"<!DOCTYPE html>{one.id}" for one in FEW}
    code, _, said = given_back(with_pages, "moodle")
    assert (code, "was not collected from Moodle" in said) == (2, True)


def test_the_worksheet_comes_back_with_grades_and_otherwise_as_it_was(with_pages, tmp_path):
    from databases import result

    from autograder.gradebook import GradebookStore
    from autograder.submission.graded_cells import GradedCell

    sheet = SHEET(FEW).replace("Participant 70007", "Participant 70007", 1)
    lines = sheet.splitlines(keepends=True)
    lines[2] = lines[2].replace(",Yes,", ",No,")
    taken(
        with_pages,
        zip_of(tmp_path / "d.zip", downloads.moodle(FEW, work)),
        roster=roster(with_pages, "".join(lines)),
    )
    with GradebookStore.open(f"sqlite:///{with_pages / 'gradebook.db'}") as store:
        store.write([result(one.id, None, {"grade_softmax": GradedCell(2.5)}) for one in FEW[:3]])
    code, _, said = given_back(with_pages, "moodle")
    assert code == 0
    assert "2 grades in feedback-ps1-moodle.csv" in said
    assert "Moodle counts ps1 out of 17.00, here it is out of 18" in said
    assert f"Moodle lets nobody change the grade of {FEW[1].id}" in said
    text = (with_pages / "feedback-ps1-moodle.csv").read_text(encoding="utf-8")
    assert text.startswith("\ufeffIdentifier,")
    before = list(csv.reader(io.StringIO("".join(lines).removeprefix("\ufeff"))))
    after = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    grade = before[0].index("Grade")
    assert [row[grade] for row in after[1:]] == ["2.5", "", "2.5", ""]
    for row in (*before, *after):
        row[grade] = ""
    assert before == after


def test_what_is_remembered_says_nothing_else_and_is_the_same_each_time(course, tmp_path):
    download = zip_of(tmp_path / "d.zip", downloads.moodle(FEW, work))
    taken(course, download, roster=roster(course, SHEET()))
    path = course / "submitted" / ".collected-ps1.json"
    first = path.read_bytes()
    taken(course, download)
    assert path.read_bytes() == first
    assert set(json.loads(first)) == {"students", "worksheet", "participants", "zone"}
    path.write_text("{")
    code, said = commanding.refused("collect", "ps1", download, "--course", course)
    assert (code, said.endswith("cannot be read: delete it, and collect again")) == (1, True)


def test_feedback_is_packed_only_as_it_can_be(course):
    code, said = commanding.refused("feedback", "ps1", "--zip", "sakai", "--course", course)
    assert (code, said) == (2, "--zip is moodle, canvas or folder, not 'sakai'")
    code, said = commanding.refused("feedback", "ps1", "--out", "x.zip", "--course", course)
    assert (code, said) == (2, "--out is the file of --zip, of one assignment")


def test_the_class_of_these_tests_has_the_names_that_it_should():
    assert len(CLASS) == 120
    assert len({one.name for one in CLASS}) == 119
    assert {len(one) for one in NASTY} == {2}
