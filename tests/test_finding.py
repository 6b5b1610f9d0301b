"""A hand-in is found by what is in it, whatever its name, folder or archive."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import classes
import pytest
from classes import NOTEBOOKS

from autograder.course.folder import Submission
from autograder.course.handed_in import finding
from autograder.course.handed_in.finding import Found
from autograder.course.work import find_notebooks

WORKED = (NOTEBOOKS / "all-right.ipynb").read_bytes()
UNTOUCHED = (NOTEBOOKS / "untouched.ipynb").read_bytes()
OTHER_WORK = (NOTEBOOKS / "shows-points.ipynb").read_bytes()
THEN = 1_790_000_000  # a moment in 2026


@pytest.fixture
def found(released: Path, tmp_path: Path) -> Callable[[dict[str, Any]], Found]:
    """A function that hands in files, a minute after one another, and finds the work in them."""
    course = classes.copied(released, tmp_path / "course")

    def found(files: dict[str, bytes]) -> Found:
        folder = course / "submitted" / "ann" / "ps1"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for number, (name, data) in enumerate(files.items()):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            os.utime(path, (THEN, THEN + 60 * number))
        return find_notebooks(Submission(course, "ps1", "ann"))

    return found


def work_of(found: Found) -> tuple[str, bytes]:
    assert found.trouble is None
    assert set(found.works) == {"ps1"}
    return found.works["ps1"].where, found.works["ps1"].data


def zipped(**files: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name.replace("__", "/"), (2026, 9, 1, 12, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return data.getvalue()


def tarred(name: str, content: bytes) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def without_marks(data: bytes) -> bytes:
    notebook = json.loads(data)
    for cell in notebook["cells"]:
        cell["metadata"] = {}
    return json.dumps(notebook, indent=1).encode()


# --- One notebook ---------------------------------------------------------------------------------


def test_of_a_notebook_in_its_place_nothing_is_said(found):
    one = found({"ps1.ipynb": WORKED, "timestamp.txt": b"x", "notes.pdf": b"%PDF"})
    assert work_of(one) == ("ps1.ipynb", WORKED)
    assert one.said == ()


@pytest.mark.parametrize(
    "name",
    ["ps1 (2).ipynb", "PS1_final.ipynb", "ps1-Copy1.ipynb", "ps1/ps1/ps1.ipynb", "Übung é.IPYNB",
     "ps1.ipynb.txt", "ps1.json", "work", "ps2.ipynb"],
)  # fmt: skip
def test_whatever_its_name_a_notebook_is_found_and_said(found, name):
    one = found({name: WORKED, "notes.pdf": b"%PDF"})
    assert work_of(one) == (name, WORKED)
    (said,) = one.said
    assert said.startswith("The notebook of ps1 that counts is '")


@pytest.mark.parametrize(
    ("name", "archive", "where"),
    [
        ("work.zip", zipped(ps1__odd=WORKED, notes=b"x"), "work.zip/ps1/odd"),
        ("no name", zipped(ps1=WORKED), "no name/ps1"),
        ("work.tar.gz", tarred("a/b.ipynb", WORKED), "work.tar.gz/a/b.ipynb"),
        ("twice.zip", zipped(once=zipped(ps1=WORKED)), "twice.zip/once/ps1"),
    ],
)
def test_a_notebook_in_an_archive_is_found(found, name, archive, where):
    assert work_of(found({name: archive})) == (where, WORKED)


def test_a_notebook_without_any_mark_is_known_by_its_text(found):
    bare = without_marks(WORKED)
    one = found({"Untitled.ipynb": bare, "scratch.ipynb": b'{"nbformat": 4, "cells": []}'})
    assert work_of(one) == ("Untitled.ipynb", bare)
    assert one.said[-1] == "'Untitled.ipynb' carries no marks of ps1: it is known by its text."
    # What carries them comes first.
    assert work_of(found({"ps1.ipynb": WORKED, "Untitled.ipynb": bare}))[0] == "ps1.ipynb"


def test_a_notebook_in_which_nothing_is_graded_is_found_too(tmp_path):
    lines = ["# A lecture on softmax", "print(np.exp(scores))", "import numpy as np"]
    content = {"nbformat": 4, "cells": [{"metadata": {}, "source": [line]} for line in lines]}
    released = [finding.released_notebook(name, name, content) for name in ("lecture", "other")]
    folder = tmp_path / "ann" / "lecture"
    folder.mkdir(parents=True)
    (folder / "mine (1).ipynb").write_text(json.dumps(content))
    one = finding.find_works(folder, tmp_path, "lecture", released)
    assert one.works["lecture"].where == "mine (1).ipynb"
    assert one.said == ("The notebook of lecture that counts is 'mine (1).ipynb'.",)
    (folder / "mine (1).ipynb").write_bytes(WORKED)
    assert "has no cell of it" in str(finding.find_works(folder, tmp_path, "lecture", released))


def test_a_notebook_is_found_behind_more_files_than_a_hand_in_may_have(found):
    files = {f"data/{number}.csv": b"1,2" for number in range(150)}
    assert work_of(found({**files, "zz.ipynb": WORKED})) == ("zz.ipynb", WORKED)


# --- Several copies -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "counts"),
    [
        ({"ps1.ipynb": UNTOUCHED, "ps1 (1).ipynb": WORKED}, "ps1 (1).ipynb"),
        ({"ps1 (1).ipynb": WORKED, "ps1.ipynb": UNTOUCHED}, "ps1 (1).ipynb"),
        ({"b.ipynb": OTHER_WORK, "a.ipynb": WORKED}, "a.ipynb"),
        ({"a.ipynb": WORKED, "b.ipynb": OTHER_WORK}, "b.ipynb"),
        ({"work.zip": zipped(ps1=WORKED), "ps1.ipynb": UNTOUCHED}, "work.zip/ps1"),
        ({"ps1.ipynb": WORKED, "cut.ipynb": WORKED[: len(WORKED) // 2]}, "ps1.ipynb"),
        ({"b.ipynb": UNTOUCHED, "ps1.ipynb": UNTOUCHED}, "ps1.ipynb"),
        ({".ipynb_checkpoints/ps1-checkpoint.ipynb": OTHER_WORK, "x.ipynb": WORKED}, "x.ipynb"),
    ],
)
def test_of_several_copies_the_newest_work_counts(found, files, counts):
    assert work_of(found(files))[0] == counts


def test_the_copies_that_do_not_count_are_named_with_the_reason(found):
    one = found(
        {"ps1.ipynb": UNTOUCHED, "old.ipynb": OTHER_WORK, "ps1 (2).ipynb": WORKED, "x": WORKED}
    )
    assert one.said == (
        "The notebook of ps1 that counts is 'x'.",
        "Left aside: 'old.ipynb' (older), 'ps1 (2).ipynb' (the same), 'ps1.ipynb' (as released).",
    )


def test_where_times_tell_nothing_the_number_of_a_copy_does(found):
    one = found(
        {
            "all.zip": zipped(
                **{"ps1 (10).ipynb": WORKED, "ps1 (9).ipynb": OTHER_WORK, "ps1": WORKED}
            )
        }
    )
    assert work_of(one)[0] == "all.zip/ps1 (10).ipynb"


def test_what_is_more_than_can_be_compared_is_left_aside(found, monkeypatch):
    monkeypatch.setattr(finding, "MOST_COMPARED", len(WORKED) + 10)
    one = found({"a.ipynb": WORKED, "b.ipynb": OTHER_WORK})
    assert work_of(one)[0] == "a.ipynb"
    assert one.said[-1] == "Left aside: 'b.ipynb' (not looked at)."


# --- None -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "its folder is empty"),
        ({"timestamp.txt": b"2026-10-05 12:00:00 UTC"}, "its folder is empty"),
        ({"ps1.pdf": b"%PDF", "a.docx": zipped(word=b"<x/>")},
         "'a.docx' holds no notebook and 'ps1.pdf' is no notebook"),
        ({"ps1.ipynb": b'{"nbformat": 4, "cells": []}'}, "'ps1.ipynb' has no cell of it"),
        ({"ps1.ipynb": b""}, "'ps1.ipynb' is empty"),
        ({"ps1.ipynb": b"\xff\xfe{\x00"}, "'ps1.ipynb' is not UTF-8 text"),
        ({"ps1.ipynb": b"{half"}, "'ps1.ipynb' is not JSON"),
        ({"ps1.ipynb": b"[" * 20_000 + b"]" * 20_000}, "'ps1.ipynb' is nested too deeply"),
        ({"work.zip": b"PK\x03\x04 and no more"}, "'work.zip' cannot be unpacked"),
        ({f"{n}.txt": b"" for n in range(9)}, "and 4 more"),
    ],
)  # fmt: skip
def test_where_there_is_none_what_lies_there_is_named(found, files, says):
    one = found(files)
    assert one.works == {}
    assert one.trouble is not None
    assert one.trouble.startswith("there is no notebook of ps1: ")
    assert says in one.trouble


def test_the_notebook_of_another_assignment_is_none_of_this_one(found, released, tmp_path):
    # Both have cells that are called setup and scores; the other has more of this one's.
    other = json.loads((tmp_path / "course" / "release" / "ps1" / "ps1.ipynb").read_bytes())
    for cell in other["cells"]:
        owned = cell["metadata"].get("nbgrader", {})
        if "softmax" in owned.get("grade_id", ""):
            owned["grade_id"] = owned["grade_id"].replace("softmax", "softmax_jacobian")
    folder = tmp_path / "course" / "release" / "ps2"
    folder.mkdir()
    data = json.dumps(other).encode()
    (folder / "ps2.ipynb").write_bytes(data)
    one = found({"ps1.ipynb": data})
    assert one.trouble == "there is no notebook of ps1: 'ps1.ipynb' is the notebook of ps2"
    assert work_of(found({"ps1.ipynb": data, "x.ipynb": WORKED}))[0] == "x.ipynb"


def renamed(change: Callable[[dict[str, Any]], None]) -> bytes:
    """Finished work in which the marks of all cells but the given ones were changed."""
    notebook = json.loads(WORKED)
    for cell in notebook["cells"]:
        owned = cell["metadata"].get("nbgrader", {})
        if owned.get("solution") or owned.get("grade"):
            change(cell["metadata"])
    return json.dumps(notebook).encode()


def test_given_cells_alone_make_no_notebook_one_of_an_assignment(found):
    # Of an assignment that this course does not have: its notebooks begin with the same cells.
    data = renamed(lambda data: data["nbgrader"].update(grade_id=data["nbgrader"]["grade_id"] * 2))
    assert b'"setup"' in data
    assert (
        found({"ps3.ipynb": data}).trouble
        == "there is no notebook of ps1: 'ps3.ipynb' has no cell of it"
    )


def test_work_whose_given_cells_alone_kept_their_marks_is_known_by_its_text(found):
    data = renamed(lambda data: data.pop("nbgrader"))
    assert work_of(found({"ps1.ipynb": data})) == ("ps1.ipynb", data)


def test_a_zip_bomb_costs_no_more_than_a_hand_in_may_have(found):
    bomb = zipped(**{f"a{n}.ipynb": b"{" + b" " * (19 << 20) for n in range(8)})
    assert len(bomb) < 1 << 20
    one = found({"bomb.zip": bomb})
    assert "'bomb.zip' cannot be unpacked: it holds too much" in str(one.trouble)
    many = zipped(**{f"f{n}" * 300: b"" for n in range(3000)})
    one = found({"many.zip": many, "ps1.ipynb": WORKED})
    assert work_of(one) == ("ps1.ipynb", WORKED)
