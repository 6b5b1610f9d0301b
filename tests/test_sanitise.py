"""Whatever is handed in is read or refused in one sentence, and repaired to the released cells."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from masters import master_of
from nbformat import NotebookNode, v4

from autograder.course.assignment import MasterCell, in_notebook_order
from autograder.course.handed_in.reading import (
    MAX_BRACKETS,
    MAX_NUMBERS,
    MAX_TEXTS,
    UnreadableSubmission,
)
from autograder.submission.sanitise import (
    MAX_CELLS,
    MAX_LINES,
    empty_submission,
    parse_submission,
    read_submission,
    sanitise,
)

STUB = 'def double(x):\n    raise NotImplementedError("not written yet")'
WORK = "def double(x):\n    return 2 * x"
SUM = "a" * 32
MASTER = [
    MasterCell("setup", "code", "import numpy as np", locked=True, checksum=SUM),
    MasterCell("double", "code", STUB, solution=True, checksum=SUM),
    MasterCell("grade_double", "code", "check(double)", 3.0, grade=True, locked=True, checksum=SUM),
    MasterCell("triple", "code", STUB.replace("double", "triple"), solution=True, checksum=SUM),
    MasterCell("grade_triple", "code", "check(triple)", 5.0, grade=True, locked=True, checksum=SUM),
    MasterCell("written_why", "markdown", "Why?", 4.0, grade=True, solution=True, checksum=SUM),
]


def released() -> dict[str, Any]:
    """The release notebook as JSON, with a plain cell in the middle."""
    cells: list[dict[str, Any]] = []
    for master in MASTER:
        cell = {
            "cell_type": master.cell_type, "id": master.grade_id,
            "metadata": {"nbgrader": master.nbgrader, "deletable": False}, "source": master.source,
        }  # fmt: skip
        if master.cell_type == "code":
            cell |= {"execution_count": None, "outputs": []}
        cells.append(cell)
    picture = {"cell_type": "markdown", "id": "picture", "metadata": {}, "source": ["a\n", "b"]}
    cells.insert(3, picture)
    return {
        "cells": cells, "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip


def submitted() -> dict[str, Any]:
    """The release notebook with `double` solved."""
    content = released()
    cell_called(content, "double")["source"] = WORK
    return content


def cell_called(content: dict[str, Any], name: str) -> dict[str, Any]:
    return next(cell for cell in content["cells"] if cell["id"] == name)


def read(tmp_path: Path, content: Any) -> nbformat.NotebookNode:
    path = tmp_path / "ps1.ipynb"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return read_submission(path)


def repaired(tmp_path: Path, content: Any) -> tuple[nbformat.NotebookNode, list[str]]:
    notebook, repairs = sanitise(read(tmp_path, content), MASTER)
    assert_sound(notebook)
    return notebook, repairs


def assert_sound(notebook: nbformat.NotebookNode) -> None:
    """Valid, and each released cell once with what is not the student's restored."""
    nbformat.validate(copy.deepcopy(notebook))
    ids = [cell["id"] for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    named = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    names = [cell.metadata.nbgrader.grade_id for cell in named]
    assert sorted(names) == sorted(master.grade_id for master in MASTER)
    for master in MASTER:
        cell = named[names.index(master.grade_id)]
        assert dict(cell.metadata.nbgrader) == master.nbgrader
        assert cell.cell_type == master.cell_type
        assert master.solution or cell.source == master.source
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"nbgrader", "deletable", "editable"}
        assert cell.cell_type != "code" or (cell.outputs, cell.execution_count) == ([], None)
    places = {name: notebook.cells.index(cell) for name, cell in zip(names, named, strict=True)}
    assert places["double"] < places["grade_double"]
    assert places["triple"] < places["grade_triple"]


def names(notebook: nbformat.NotebookNode) -> list[str | None]:
    return [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]


def source(notebook: nbformat.NotebookNode, name: str) -> str:
    return str(notebook.cells[names(notebook).index(name)].source)


# --- Reading ---------------------------------------------------------------


def lines_of(number: int, line_break: bytes) -> bytes:
    """Return a notebook of one cell with so many line breaks."""
    cell = b'{"cell_type": "markdown", "source": "' + line_break * number + b'"}'
    return b'{"nbformat": 4, "cells": [' + cell + b"]}"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"), (b"   \n", "empty"), (b"hello", "not JSON"),
        (b"\xff\xfe{}", "save it as UTF-8"), (b'{"a": "\xfc"}', "save it as UTF-8"),
        (b"[" * 100_000, "too deeply"), (b'{"a":' * 100_000, "too deeply"),
        (b"[]", "not a notebook"), (b"null", "not a notebook"), (b"{}", "not a notebook"),
        (b'{"nbformat": true, "cells": []}', "not a notebook"),
        (b'{"nbformat": 3, "worksheets": []}', "older notebook format"),
        (b'{"nbformat": 5, "cells": []}', "newer notebook format"),
        (b'{"nbformat": 4}', "no list of cells"),
        (b'{"nbformat": 4, "cells": {}}', "no list of cells"),
        (b'{"nbformat": 4, "cells": [' + b"{}," * MAX_CELLS + b"{}]}", "more than"),
        (b'{"nbformat": 4, "x": [' + b"[]," * MAX_BRACKETS + b"[]]}", "far more items"),
        (b'{"nbformat": 4, "x": [' + b'"ab",' * MAX_TEXTS + b'"ab"]}', "far more items"),
        (b'{"nbformat": 4, "x": [' + b"999," * MAX_NUMBERS + b"999]}", "far more items"),
        (b'{"nbformat": 4, "x": [' + b"9e9," * MAX_NUMBERS + b"9e9]}", "far more items"),
        (lines_of(MAX_LINES + 1, b"\\n"), "lines"),
        (lines_of(MAX_LINES + 1, "\u2028".encode()), "lines"),
        (b'{"nbformat": 4, "x": ' + b"9" * 10_000 + b', "cells": []}', "not JSON"),
    ],
)  # fmt: skip
def test_unreadable_content_is_refused_in_one_sentence(tmp_path, data, says):
    with pytest.raises(UnreadableSubmission, match=says) as refused:
        read(tmp_path, data)
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith(".")


def test_a_notebook_with_as_many_lines_and_texts_as_may_be_is_read():
    assert parse_submission(lines_of(MAX_LINES, b"\\n")).cells[0].source == "\n" * MAX_LINES
    many = b", ".join([b'"say \\"x\\""'] * (MAX_TEXTS // 2))
    quoted = b'{"nbformat": 4, "cells": [{"cell_type": "raw", "source": [' + many + b"]}]}"
    assert parse_submission(quoted).cells[0].source.startswith('say "x"say')


PLACES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "nothing": (lambda path: None, r"no notebook ps1\.ipynb"),
    "a folder": (lambda path: path.mkdir(), "ordinary file"),
    "a fifo": (lambda path: os.mkfifo(path), "ordinary file"),
    "a link to a device": (lambda path: path.symlink_to(os.devnull), "symbolic link"),
    "a link to the solutions": (lambda path: path.symlink_to("solution.ipynb"), "symbolic link"),
}


@pytest.mark.parametrize("what", PLACES)
def test_what_stands_in_the_place_of_a_notebook_is_refused_and_not_waited_for(tmp_path, what):
    put, says = PLACES[what]
    (tmp_path / "solution.ipynb").write_text(json.dumps(released()))
    put(tmp_path / "ps1.ipynb")
    with pytest.raises(UnreadableSubmission, match=says):
        read_submission(tmp_path / "ps1.ipynb")


def test_a_device_is_refused():
    with pytest.raises(UnreadableSubmission, match="ordinary file"):
        read_submission(os.devnull)


@pytest.mark.parametrize("linked", ["student", "student/ps1"])
def test_a_linked_folder_of_a_submission_is_refused(tmp_path, linked):
    elsewhere = tmp_path / "source"
    (elsewhere / "ps1").mkdir(parents=True)
    for folder in (elsewhere, elsewhere / "ps1"):
        (folder / "ps1.ipynb").write_text(json.dumps(released()))
    link = tmp_path / "submitted" / linked
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere, target_is_directory=True)
    path = tmp_path / "submitted" / "student" / "ps1" / "ps1.ipynb"
    with pytest.raises(UnreadableSubmission, match=r"folder of ps1\.ipynb is a symbolic link"):
        read_submission(path, inside=tmp_path / "submitted")


def test_a_path_out_of_the_submissions_is_refused(tmp_path):
    (tmp_path / "ps1.ipynb").write_text(json.dumps(released()))
    for path in ("submitted/../ps1.ipynb", "ps1.ipynb"):
        with pytest.raises(UnreadableSubmission):
            read_submission(tmp_path / path, inside=tmp_path / "submitted")


def test_a_file_over_the_limit_is_refused_and_one_at_the_limit_is_read(tmp_path):
    data = json.dumps(released()).encode()
    (tmp_path / "ps1.ipynb").write_bytes(data)
    assert read_submission(tmp_path / "ps1.ipynb", max_bytes=len(data)).cells
    with pytest.raises(UnreadableSubmission, match="larger than"):
        read_submission(tmp_path / "ps1.ipynb", max_bytes=len(data) - 1)


def test_impossible_paths_are_refused(tmp_path):
    for name in ("a\0b", "x" * 5000):
        with pytest.raises(UnreadableSubmission):
            read_submission(tmp_path / name)


def test_a_byte_order_mark_is_no_obstacle(tmp_path):
    assert read(tmp_path, b"\xef\xbb\xbf" + json.dumps(released()).encode()).cells


@pytest.mark.parametrize("minor", [0, 4, 5, 99, None, "x"])
def test_any_minor_format_becomes_the_current_one(tmp_path, minor):
    notebook, repairs = repaired(tmp_path, submitted() | {"nbformat_minor": minor})
    assert (notebook.nbformat, notebook.nbformat_minor, repairs) == (4, 5, [])


def test_malformed_cells_are_mended_where_they_can_be(tmp_path):
    cells = [
        {"cell_type": "code", "source": ["x = 1\n", 2, "y = 2"]},
        {"cell_type": "heading", "source": "Title", "metadata": None},
        {"cell_type": "video", "source": "?", "metadata": []}, {"cell_type": "markdown"}, 17,
        {"cell_type": ["code"], "source": {"a": 1}, "id": "x y"},
        {"cell_type": "code", "source": "s = '\ud800'", "metadata": {"nbgrader": [1]}},
    ]  # fmt: skip
    content = {"nbformat": 4, "cells": cells}
    notebook = read(tmp_path, content)
    nbformat.validate(copy.deepcopy(notebook))
    kinds = " ".join(cell.cell_type for cell in notebook.cells)
    assert kinds == "code markdown raw markdown markdown raw code"
    assert notebook.cells[0].source == "x = 1\ny = 2"
    assert "Cell 5" in notebook.cells[4].source
    assert notebook.cells[6].source.encode()
    repaired(tmp_path, content)


def test_deep_nesting_that_json_still_reads_is_not_passed_on(tmp_path):
    deep: Any = 0
    for _ in range(400):
        deep = {"a": [deep]}
    content = submitted()
    first = content["cells"][0]
    content["metadata"]["deep"] = first["metadata"]["deep"] = first["attachments"] = deep
    first["metadata"]["nbgrader"]["points"] = deep
    copy.deepcopy(repaired(tmp_path, content)[0])


def test_pictures_stay_attached_and_other_attachments_go(tmp_path):
    content = submitted()
    good, bad = {"image/png": "aGk="}, {"text/html": "<script>"}
    cell_called(content, "written_why")["attachments"] = {"a.png": good, "b.html": bad, "c": 3}
    cell_called(content, "picture")["attachments"] = "oops"
    notebook, _ = repaired(tmp_path, content)
    cell = notebook.cells[names(notebook).index("written_why")]
    assert cell.attachments == {"a.png": good}
    assert sum("attachments" in cell for cell in notebook.cells) == 1


# --- Repairing -------------------------------------------------------------


def test_an_honest_submission_needs_no_repair(tmp_path):
    honest = submitted()
    notebook, repairs = repaired(tmp_path, honest)
    assert repairs == []
    assert names(notebook) == names(nbformat.from_dict(honest))
    assert source(notebook, "double") == WORK
    assert [cell["id"] for cell in notebook.cells] == [cell["id"] for cell in honest["cells"]]


def test_repairing_twice_changes_nothing_more(tmp_path):
    content = submitted()
    content["cells"] = content["cells"][::-1] + content["cells"][2:4]
    once, _ = repaired(tmp_path, content)
    assert sanitise(once, MASTER) == (once, [])


def test_the_submission_itself_is_left_alone(tmp_path):
    content = submitted()
    content["cells"].append(content["cells"][2])
    notebook = read(tmp_path, content)
    before = copy.deepcopy(notebook)
    sanitise(notebook, MASTER)
    assert notebook == before


def test_outputs_tags_and_metadata_are_dropped(tmp_path):
    content = submitted()
    content["metadata"]["autograder"] = {"repairs": ["forged"]}
    check = cell_called(content, "grade_double")
    check["metadata"] |= {"tags": ["skip-execution", "raises-exception"], "magics_language": "x"}
    check["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "3"}}]
    check["execution_count"] = 7
    notebook, repairs = repaired(tmp_path, content)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert repairs == []


def test_edited_checks_and_settings_are_restored_with_a_sentence_each(tmp_path):
    content = submitted()
    check = cell_called(content, "grade_double")
    check["source"] = "3.0"
    check["metadata"]["nbgrader"] |= {"points": 1000, "locked": False, "mine": 1}
    _, repairs = repaired(tmp_path, content)
    assert repairs == [
        "The cell grade_double had been edited; the original is back.",
        "The grading settings of grade_double had been changed; they are restored.",
    ]


@pytest.mark.parametrize("version", [0, 1, 99, None, "3", [3]])
def test_any_schema_version_is_restored(tmp_path, version):
    content = submitted()
    cell_called(content, "double")["metadata"]["nbgrader"]["schema_version"] = version
    notebook, repairs = repaired(tmp_path, content)
    assert source(notebook, "double") == WORK
    assert repairs == ["The grading settings of double had been changed; they are restored."]


def test_a_missing_or_foreign_kernel_is_replaced(tmp_path):
    for metadata, says in (({}, "no kernel"), ({"kernelspec": {"name": "<b>ir"}}, "'?b?ir'")):
        notebook, repairs = repaired(tmp_path, submitted() | {"metadata": metadata})
        assert notebook.metadata.kernelspec.name == "python3"
        assert (len(repairs), says in repairs[0]) == (1, True)


def test_an_unknown_released_name_makes_an_ordinary_cell_that_still_runs(tmp_path):
    content = submitted()
    bonus = {"grade_id": "<script>bonus", "grade": True, "points": 99}
    cell_called(content, "picture")["metadata"]["nbgrader"] = bonus
    notebook, repairs = repaired(tmp_path, content)
    assert (notebook.cells[3].source, len(repairs)) == ("a\nb", 1)
    assert "bonus" in repairs[0]
    assert "<" not in repairs[0]


def test_of_copies_the_last_with_work_counts_and_the_others_still_run(tmp_path):
    content = submitted()
    for text in ("def double(x):\n    return x + x", "", STUB):
        copied = copy.deepcopy(cell_called(content, "double")) | {"source": text}
        content["cells"].append(copied)
    notebook, repairs = repaired(tmp_path, content)
    assert source(notebook, "double") == "def double(x):\n    return x + x"
    assert WORK in [cell.source for cell in notebook.cells if "nbgrader" not in cell.metadata]
    assert repairs[0] == "The cell double was there 4 times; number 2 counts."


def test_copies_of_a_check_go_unless_the_student_wrote_in_them(tmp_path):
    content = submitted()
    check = cell_called(content, "grade_double")
    content["cells"] += [copy.deepcopy(check) | {"source": "helper = 1"}, copy.deepcopy(check)]
    notebook, repairs = repaired(tmp_path, content)
    sources = [cell.source for cell in notebook.cells]
    assert sources.count("check(double)") == 1
    assert sources.count("helper = 1") == 1
    assert repairs == ["The cell grade_double was there 3 times; number 3 counts."]


MOVED = "The cell grade_double stood before double; it has been moved after it."
MISSING = "The cell {} was missing; it has been put back."
IN_PLACE: dict[str, tuple[Callable[[list[Any]], Any], str]] = {
    "the first of two set-ups counts": (
        lambda cells: cells.append(copy.deepcopy(cells[0])),
        "The cell setup was there 2 times; number 1 counts.",
    ),
    "a check before its solution is moved": (lambda cells: cells.insert(1, cells.pop(2)), MOVED),
    "a missing check comes back": (lambda cells: cells.pop(2), MISSING.format("grade_double")),
    "a missing set-up comes back": (lambda cells: cells.pop(0), MISSING.format("setup")),
}


@pytest.mark.parametrize("what", IN_PLACE)
def test_released_cells_are_in_their_places_again(tmp_path, what):
    change, said = IN_PLACE[what]
    content = submitted()
    change(content["cells"])
    notebook, repairs = repaired(tmp_path, content)
    assert names(notebook)[:3] == ["setup", "double", "grade_double"]
    assert repairs == [said]


def test_work_in_a_cell_of_their_own_takes_the_place_of_the_missing_stub(tmp_path):
    content = submitted()
    content["cells"] = [one for one in content["cells"] if "double" not in one["id"]]
    cell_called(content, "picture").update(cell_type="code", source=WORK)
    notebook, _ = repaired(tmp_path, content)
    order = [cell.source for cell in notebook.cells]
    assert STUB not in order
    assert order.index("check(double)") == order.index(WORK) + 1
    assert source(notebook, "double") == WORK


def test_a_notebook_whose_editor_dropped_all_metadata_keeps_its_work(tmp_path):
    content = submitted()
    for cell in content["cells"]:
        cell["metadata"] = {}
    notebook, repairs = repaired(tmp_path, content)
    assert list(filter(None, names(notebook))) == [master.grade_id for master in MASTER]
    assert source(notebook, "double") == WORK
    assert any("lost its mark" in sentence for sentence in repairs)
    assert not any("missing" in sentence for sentence in repairs)


def test_nothing_handed_in_gives_the_release_with_every_cell_missing():
    notebook, repairs = sanitise(empty_submission(), MASTER)
    assert_sound(notebook)
    assert names(notebook) == [master.grade_id for master in MASTER]
    assert len(repairs) == len(MASTER)


def test_a_cell_of_another_type_gets_its_own_back(tmp_path):
    content = submitted()
    cell_called(content, "double")["cell_type"] = "markdown"
    cell_called(content, "written_why")["cell_type"] = "code"
    notebook, repairs = repaired(tmp_path, content)
    assert (source(notebook, "double"), len(repairs)) == (WORK, 2)


def test_missing_and_double_cell_ids_become_unique_and_stay_the_same(tmp_path):
    content = submitted()
    content["cells"][0]["id"] = content["cells"][1]["id"]
    del content["cells"][2]["id"]
    content["cells"][3]["id"] = "with space"
    first, repairs = repaired(tmp_path, content)
    unique = ["double", "double-2", "grade_double", "cell-4"]
    assert [cell["id"] for cell in first.cells][:4] == unique
    assert (first, repairs) == (repaired(tmp_path, content)[0], [])


def test_the_released_cells_are_read_from_a_release_notebook(tmp_path):
    assert master_of(nbformat.from_dict(released())) == MASTER


def test_the_release_gives_the_order_that_the_gradebook_has_not():
    assert in_notebook_order(MASTER[::-1], [cell.grade_id for cell in MASTER]) == MASTER


def test_the_result_passes_nbgraders_own_check(tmp_path):
    validator = pytest.importorskip("nbgrader.nbgraderformat").MetadataValidator()
    content = submitted()
    content["cells"] = content["cells"][2:] + content["cells"][2:5]
    validator.validate_nb(repaired(tmp_path, content)[0])


# --- Anything at all -------------------------------------------------------

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["double", "grade_double", "setup", "code", "markdown", "image/png"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(string.ascii_letters, max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
PLACE = st.integers(0, 30)
MUTATIONS = st.one_of(
    st.tuples(st.just("delete"), PLACE),
    st.tuples(st.just("copy"), PLACE, PLACE),
    st.tuples(st.just("move"), PLACE, PLACE),
    st.tuples(st.just("replace"), PLACE, VALUES),
    st.tuples(
        st.just("cell"),
        PLACE,
        st.sampled_from(["cell_type", "id", "source", "metadata", "attachments", "outputs"]),
        VALUES,
    ),
    st.tuples(
        st.just("nbgrader"),
        PLACE,
        st.sampled_from(["grade_id", "points", "locked", "grade", "solution", "schema_version"]),
        VALUES,
    ),
    st.tuples(
        st.just("notebook"),
        st.sampled_from(["metadata", "nbformat_minor", "cells", "nbformat", "extra"]),
        VALUES,
    ),
)


def mutate(content: dict[str, Any], step: tuple[Any, ...]) -> None:
    kind, *what = step
    cells = content.get("cells")
    if kind == "notebook":
        content[what[0]] = what[1]
    if not isinstance(cells, list) or not cells:
        return
    if kind != "notebook":
        at = what[0] % len(cells)
        cell = cells[at]
    if kind == "delete":
        del cells[at]
    elif kind == "copy":
        cells.insert(what[1] % len(cells), copy.deepcopy(cell))
    elif kind == "move":
        cells.insert(what[1] % len(cells), cells.pop(at))
    elif kind == "replace":
        cells[at] = what[1]
    elif kind == "cell" and isinstance(cell, dict):
        cell[what[1]] = what[2]
    elif kind == "nbgrader" and isinstance(cell, dict):
        metadata = cell.get("metadata")
        if isinstance(metadata, dict) and isinstance(metadata.get("nbgrader"), dict):
            metadata["nbgrader"][what[1]] = what[2]


@settings(
    max_examples=200,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(steps=st.lists(MUTATIONS, max_size=8))
def test_any_mutation_is_refused_in_a_sentence_or_repaired(tmp_path_factory, steps):
    content = submitted()
    for step in steps:
        mutate(content, step)
    path = tmp_path_factory.getbasetemp() / "mutated.ipynb"
    path.write_text(json.dumps(content))
    try:
        notebook = read_submission(path)
    except UnreadableSubmission:
        return
    nbformat.validate(copy.deepcopy(notebook))
    result, repairs = sanitise(notebook, MASTER)
    assert_sound(result)
    assert sanitise(notebook, MASTER) == (result, repairs)
    assert all(sentence.endswith(".") and sentence.isprintable() for sentence in repairs)
    assert nbformat.writes(result).encode()


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_refused_in_a_sentence(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "bytes.ipynb"
    path.write_bytes(data)
    with pytest.raises(UnreadableSubmission):
        read_submission(path)


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_line_ends_of_another_system_are_no_edit(ending):
    content, windows = submitted(), submitted()
    for one in (content, windows):
        cell_called(one, "picture")["source"] = "a\nb"
    for cell in windows["cells"]:
        cell["source"] = cell["source"].replace("\n", ending)
    of_windows = [
        dataclasses.replace(cell, source=cell.source.replace("\n", ending)) for cell in MASTER
    ]
    plain, none = sanitise(parse_submission(json.dumps(content).encode()), MASTER)
    read, repairs = sanitise(parse_submission(json.dumps(windows).encode()), MASTER)
    assert (none, repairs) == ([], [])
    assert read == plain
    # Nor are they where the instructor wrote on that system.
    read, repairs = sanitise(parse_submission(json.dumps(content).encode()), of_windows)
    assert repairs == []
    assert cell_called(read, "triple")["source"] == of_windows[3].source


# --- Written answers in other cells ---------------------------------------------------------------

QUESTION = MasterCell(
    "written_why", "markdown", "*Write your answer here.*", 4.0, grade=True, solution=True
)
ASKED = "### Why?"


def with_answer(*cells: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Sanitise a notebook of a question in the course's own text, with these cells about it."""
    own = v4.new_markdown_cell("## The end", id="end")
    question = v4.new_markdown_cell(ASKED, id="asked")
    notebook = v4.new_notebook(cells=[question, *cells, own])
    return sanitise(notebook, [QUESTION], prose=frozenset((ASKED, "## The end")))


def marked(text: str) -> NotebookNode:
    return v4.new_markdown_cell(text, id="why", metadata={"nbgrader": QUESTION.nbgrader})


@pytest.mark.parametrize(
    "cells",
    [
        [marked(QUESTION.source), v4.new_markdown_cell("Because.", id="own")],
        [v4.new_markdown_cell("Because.", id="own"), marked(QUESTION.source)],
        [marked(""), v4.new_raw_cell("Because.", id="own")],
        [v4.new_markdown_cell("Because.", id="own")],  # its mark is lost
    ],
    ids=["below", "above", "emptied", "lost"],
)
def test_a_written_answer_in_another_cell_is_put_into_its_own_and_said(cells):
    notebook, repairs = with_answer(*cells)
    answers = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert [cell.source for cell in answers] == ["Because."]
    assert [cell.source for cell in notebook.cells].count("Because.") == 1
    assert repairs[-1].startswith("The answer to written_why stood in another cell")
    assert repairs[-1].endswith("it waits for a person.")


@pytest.mark.parametrize(
    "text",
    [
        *("# Because.", '"""Because."""', 'print("Because.")', 'answer = "Because."'),
        *(
            "The shift cancels, so it doesn't matter.",
            "Nothing changes since it cancels",
            "它会抵消",
        ),
    ],
)
def test_an_answer_in_a_code_cell_is_found_and_stays_there(text):
    notebook, repairs = with_answer(marked(QUESTION.source), v4.new_code_cell(text, id="own"))
    assert [cell.source for cell in notebook.cells].count(text) == 2
    assert repairs[-1].endswith("it waits for a person.")


def test_a_question_whose_text_was_written_over_keeps_the_answer():
    asked = v4.new_markdown_cell(f"{ASKED}\n\nBecause.", id="asked")
    notebook, _ = sanitise(
        v4.new_notebook(cells=[asked, marked("")]), [QUESTION], prose=frozenset((ASKED,))
    )
    assert notebook.cells[-1].source == f"{ASKED}\n\nBecause."


PLOT = MasterCell("plot", "code", "# YOUR CODE HERE", 3.0, grade=True, solution=True)
SCORED = MasterCell("cell-7", "code", "def area(r):\n    pass", 3.0, grade=True, solution=True)


@pytest.mark.parametrize(
    ("released", "code"),
    [(PLOT, "x = np.arange(9)\nplt.plot(x)"), (SCORED, "def area(r):\n    return 3 * r * r")],
    ids=["no name", "by what it defines"],
)
@pytest.mark.parametrize("stub_is_there", [True, False])
def test_code_for_a_person_is_found_where_the_cell_lost_its_mark(released, code, stub_is_there):
    stub = v4.new_code_cell(released.source, id="s", metadata={"nbgrader": released.nbgrader})
    cells = [v4.new_markdown_cell(ASKED, id="asked"), *[stub] * stub_is_there]
    cells.append(v4.new_code_cell(code, id="own"))
    notebook, repairs = sanitise(
        v4.new_notebook(cells=cells), [released], prose=frozenset((ASKED,))
    )
    assert [one.source for one in notebook.cells if "nbgrader" in one.metadata] == [code]
    assert [one.source for one in notebook.cells].count(code) == 1
    assert repairs


def test_a_magic_or_a_broken_line_of_code_is_no_written_answer():
    for text in ("%matplotlib inline", "!pip install numpy scipy pandas", "softmax(z"):
        _, repairs = with_answer(marked(QUESTION.source), v4.new_code_cell(text, id="own"))
        assert not [said for said in repairs if "written_why" in said]


def test_where_nothing_was_written_or_the_answer_is_in_its_place_nothing_is_moved():
    for cells in (
        [marked(QUESTION.source), v4.new_code_cell("print(1)", id="own")],
        [marked("Mine."), v4.new_markdown_cell("A note.", id="own")],
    ):
        notebook, repairs = with_answer(*cells)
        assert not [said for said in repairs if "written_why" in said]
        assert [cell.source for cell in notebook.cells][1:3] == [one.source for one in cells]
