"""What stands in place of a solution is the course's own affair, as long as it can be told."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import nbformat
import pytest
from commanding import run
from isolation import need_isolation

from autograder.checking.kit import does_nothing
from autograder.cli.begin import begin
from autograder.release.proof import stub_problems

STUBS = {
    "german": 'raise NotImplementedError("noch nicht geschrieben")',
    "nbgrader's own": "# YOUR CODE HERE\nraise NotImplementedError()",
    "pass": "# Hier weiterschreiben\npass",
    "ellipsis": "...",
    "comment": "# your code",
}
USED = "standardise(np.arange(3.0)) * 2"  # fails on what a stub gives, as text and plots do


def course_with(folder: Path, stub: str, text: str = "*Schreibe hier.*") -> Path:
    begin(folder)
    with (folder / "nbgrader_config.py").open("a") as file:
        file.write(f"c.ClearSolutions.code_stub = {{'python': {stub!r}}}\n")
        file.write(f"c.ClearSolutions.text_stub = {text!r}\n")
    path = folder / "source" / "hw1" / "hw1.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(USED, id="used"))
    written = nbformat.v4.new_markdown_cell("It is the mean that goes.", id="why")
    written.metadata["nbgrader"] = {
        "grade": True,
        "solution": True,
        "locked": False,
        "task": False,
        "grade_id": "why",
        "points": 1,
        "schema_version": 3,
    }
    notebook.cells.append(written)
    nbformat.write(notebook, path)
    return folder


@pytest.fixture(scope="module", params=STUBS)
def handed_back(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with a stub of its own, released; a student has handed in what was released."""
    need_isolation()
    course = course_with(tmp_path_factory.mktemp("stub") / "course", STUBS[request.param])
    code, _, said = run("release", "hw1", "--course", course)
    assert (code, said) == (0, "")
    folder = course / "submitted" / "ann" / "hw1"
    folder.mkdir(parents=True)
    (folder / "hw1.ipynb").write_bytes((course / "release" / "hw1" / "hw1.ipynb").read_bytes())
    return course


def test_a_stub_of_the_courses_own_is_released_graded_checked_and_reported(
    handed_back: Path,
) -> None:
    released = nbformat.read(handed_back / "release" / "hw1" / "hw1.ipynb", as_version=4)
    assert released.cells[-1].source == "*Schreibe hier.*"
    assert run("grade", "hw1", "--course", handed_back)[0] == 0
    text = (handed_back / "autograded" / "ann" / "hw1" / "verdicts.json").read_text()
    (verdict,) = json.loads(text)["verdicts"]
    assert (verdict["points"], verdict["findings"][0]["message"]) == (0, "not written yet")
    assert run("report", "hw1", "--course", handed_back)[0] == 0
    report = json.loads((handed_back / "reports" / "hw1.json").read_text())
    assert [one["blank"] for one in report["exercises"]][:1] == [1]
    assert "had been edited" not in text


def test_check_says_of_it_that_it_is_not_written(handed_back: Path) -> None:
    notebook = nbformat.read(handed_back / "release" / "hw1" / "hw1.ipynb", as_version=4)
    cells = {cell.id: cell.source for cell in notebook.cells}
    program = "\n".join((cells["setup"], cells["standardise"], cells["grade_standardise"]))
    done = subprocess.run(
        ["python", "-c", program],
        cwd=handed_back / "release" / "hw1",
        capture_output=True,
        text=True,
    )
    assert done.stderr.splitlines()[-1].endswith("standardise: not written yet")


@pytest.mark.parametrize(
    ("stub", "said"),
    [
        ("return 0", "it neither raises NotImplementedError nor does nothing"),
        ("raise ValueError('no')", "it neither raises NotImplementedError nor does nothing"),
        ("hier schreiben", "does not parse: invalid syntax"),
    ],
)
def test_a_stub_that_nobody_could_tell_from_an_answer_is_refused(
    tmp_path: Path, stub: str, said: str
) -> None:
    course = course_with(tmp_path / "course", stub)
    code, _, words = run("release", "hw1", "--course", course)
    assert code != 0
    assert f"c.ClearSolutions.code_stub: {said}" in words
    assert not (course / "release" / "hw1").exists()


def test_a_stub_may_say_more_than_one_line() -> None:
    assert stub_problems("print('Aufgabe!')\nraise NotImplementedError") == []
    assert stub_problems("if True:\n    raise NotImplementedError") != []


def test_a_function_that_gives_back_something_does_more_than_nothing() -> None:
    assert does_nothing(lambda x: None)
    assert does_nothing(lambda x: ...)
    for function in (lambda x: x, lambda x: 0, lambda x: len(x), len):
        assert not does_nothing(function)


WHOLE = {
    "no region": "def standardise(x):\n    return (x - x.mean()) / x.std()",
    "region around all": "### BEGIN SOLUTION\ndef standardise(x):\n    return x\n### END SOLUTION",
    "no solution": 'raise NotImplementedError("not written yet")',
    "nothing": "# Write standardise(x).",
}


@pytest.mark.parametrize(
    ("source", "stub"),
    [
        *((source, None) for source in WHOLE),
        ("no region", "# Hier schreiben"),
        ("no region", 'raise NotImplementedError("まだ書いていません")'),
    ],
)
def test_students_may_get_no_line_of_a_function(
    tmp_path: Path, source: str, stub: str | None
) -> None:
    course = tmp_path / "course"
    begin(course)
    if stub:
        with (course / "nbgrader_config.py").open("a") as file:
            file.write(f"c.ClearSolutions.code_stub = {{'python': {stub!r}}}\n")
    path = course / "source" / "hw1" / "hw1.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "standardise":
            cell["source"] = WHOLE[source]
    notebook.cells.append(nbformat.v4.new_code_cell(USED, id="used"))
    nbformat.write(notebook, path)
    code, _, said = run("release", "hw1", "--course", course)
    assert (code, "students get nothing of the cell standardise" in said) == (0, True), said
    if stub or source != "no region":
        return
    need_isolation()
    folder = course / "submitted" / "ann" / "hw1"
    folder.mkdir(parents=True)
    (folder / "hw1.ipynb").write_bytes((course / "release" / "hw1" / "hw1.ipynb").read_bytes())
    assert run("grade", "hw1", "--course", course)[0] == 0
    text = (course / "autograded" / "ann" / "hw1" / "verdicts.json").read_text()
    assert json.loads(text)["verdicts"][0]["findings"][0]["message"] == "not written yet"


def test_a_name_that_nothing_defines_is_told_with_what_to_do(tmp_path: Path) -> None:
    course = course_with(tmp_path / "course", "pass")
    path = course / "source" / "hw1" / "hw1.ipynb"
    text = path.read_text()
    path.write_text(text.replace("from checks import check", "import checks"))
    said = run("release", "hw1", "--course", course)[2]
    assert "cell grade_standardise: put `from checks import check` into a code cell above" in said
    path.write_text(text.replace(f'"{USED}"', '"twice"'))
    said = run("release", "hw1", "--course", course)[2]
    assert "name 'twice' is not defined: define it, or import it, in a cell above" in said


def test_a_table_of_stubs_without_one_for_python_is_refused(tmp_path: Path) -> None:
    course = course_with(tmp_path / "course", "pass")
    with (course / "nbgrader_config.py").open("a") as file:
        file.write("c.ClearSolutions.code_stub = {'r': 'stop()'}\n")
    assert 'code_stub has none for "python"' in run("release", "hw1", "--course", course)[2]
