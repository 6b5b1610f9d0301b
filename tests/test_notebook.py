"""A submission earns what its code deserves, cell by cell, and what happened is said on top.

Each behaviour has a notebook of its own in `tests/notebooks/`, a submission to the three
exercises of `source.ipynb` there: add_bias (3 points), scores (3) and softmax (8).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from masters import master_of
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.utils import determine_grade

from autograder.course.assignment import Assignment, MasterCell
from autograder.judging.judge import Verdict
from autograder.sandbox import LIMITS, Sandbox, SandboxLost, SessionLost
from autograder.submission.notebook import GradedNotebook, grade_notebook
from autograder.submission.sanitise import read_submission

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "tests" / "notebooks"
SEED = 11

Grade = Callable[..., GradedNotebook]


def assignment() -> Assignment:
    """The three exercises as they are released; what is not written is a stub."""
    released = read_submission(NOTEBOOKS / "untouched.ipynb")
    checks = (ROOT / "release" / "ps1" / "checks.py").read_bytes()
    return Assignment("ps1", tuple(master_of(released)), {"checks.py": checks})


@pytest.fixture
def grade(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Grade:
    """A function that grades a notebook of `tests/notebooks`, or the one that it is given."""

    def grade(work: str | NotebookNode, **limits: Any) -> GradedNotebook:
        monkeypatch.setattr(sandbox, "limits", dataclasses.replace(LIMITS, **limits))
        if isinstance(work, str):
            work = read_submission(NOTEBOOKS / f"{work}.ipynb")
        return grade_notebook(work, assignment(), sandbox, SEED)

    return grade


RIGHT = {"add_bias": 3, "scores": 3, "softmax": 8}
NOTHING = dict.fromkeys(RIGHT, 0)


def points(graded: GradedNotebook) -> dict[str, float]:
    return {verdict.exercise: verdict.points for verdict in graded.verdicts}


def reasons(graded: GradedNotebook) -> dict[str, str]:
    """Return the first line of each card: why there are no points, or what holds."""
    return {verdict.exercise: verdict.findings[0].message for verdict in graded.verdicts}


def outputs(graded: GradedNotebook, cell_id: str) -> list[NotebookNode]:
    return next(cell.outputs for cell in graded.notebook.cells if cell.id == cell_id)


def shown(graded: GradedNotebook, cell_id: str) -> str:
    """Return all that a cell shows, as text."""
    return "".join(
        output.get("text") or output.get("evalue") or output["data"].get("text/plain", "")
        for output in outputs(graded, cell_id)
    )


def checks_of(graded: GradedNotebook) -> list[NotebookNode]:
    return [cell for cell in graded.notebook.cells if cell.source.startswith("check(")]


# --- Where an exercise is judged ------------------------------------------------------------------


def test_right_answers_earn_all_points_and_nothing_is_remarked(grade):
    graded = grade("all-right")
    assert points(graded) == RIGHT
    assert graded.repairs == graded.remarks == ()
    assert graded.notebook.cells[0].id == "title"
    assert "0.33333333" in shown(graded, "together")
    assert graded.isolation == "bwrap"


EARNED = {
    "all-right": RIGHT,
    "name-reused-afterwards": RIGHT,
    # One solution cell does not bind the name, the other is still the stub.
    "defined-below-its-check": RIGHT,
    "warns": RIGHT,
    "untouched": NOTHING,
    "half-a-character": RIGHT | {"softmax": 0},  # in a printed line, an error and a card
}


@pytest.mark.parametrize("name", EARNED)
def test_what_is_right_earns_its_points_wherever_it_stands(grade, name):
    graded = grade(name)
    assert list(points(graded).items()) == list(EARNED[name].items()), "as the check cells stand"
    assert [shown(graded, cell.id)[-3:] for cell in checks_of(graded)] == [
        repr(float(earned)) for earned in EARNED[name].values()
    ]
    nbformat.validate(graded.notebook)
    assert nbformat.writes(graded.notebook).encode()


def test_each_verdict_is_told_at_once_and_a_later_one_replaces_it(sandbox):
    told: list[Verdict] = []
    work = read_submission(NOTEBOOKS / "defined-below-its-check.ipynb")
    graded = grade_notebook(work, assignment(), sandbox, SEED, on_verdict=told.append)
    earned = [(verdict.exercise, verdict.points) for verdict in told]
    assert earned[0] == ("add_bias", 3)
    assert earned.count(("scores", 0)) == earned.count(("scores", 3)) == 1
    assert {verdict.exercise: verdict for verdict in told} == {
        verdict.exercise: verdict for verdict in graded.verdicts
    }


def test_a_cell_may_have_the_name_of_the_cell_that_is_put_on_top(grade):
    work = read_submission(NOTEBOOKS / "cell-crashes.ipynb")
    for cell, name in zip(work.cells, ("", "-2", "-4"), strict=False):
        cell.id = f"about-this-submission{name}"
    cells = grade(work).notebook.cells
    assert [cell.id[len("about-this-submission") :] for cell in cells[:4]] == ["-3", "", "-2", "-4"]
    assert len({cell.id for cell in cells}) == len(cells)
    nbformat.validate(new_notebook(cells=cells))


def test_what_is_not_written_says_so_and_nothing_else(grade):
    graded = grade("untouched")
    assert set(reasons(graded).values()) == {"not written yet"}
    assert graded.remarks == ()


def test_a_name_that_is_nowhere_defined_is_said_to_be_so(grade):
    work = read_submission(NOTEBOOKS / "all-right.ipynb")
    next(cell for cell in work.cells if cell.id == "scores-stub").source = "pass"
    graded = grade(work)
    assert points(graded) == {"add_bias": 3, "scores": 0, "softmax": 8}
    assert reasons(graded)["scores"] == "scores is not defined: no cell defines it"


def test_what_is_no_function_is_said_to_be_what_it_is(grade):
    graded = grade("not-functions")
    assert points(graded) == NOTHING
    assert reasons(graded) == {
        "add_bias": "add_bias is None, not a function",
        "scores": "scores is an array, not a function",
        "softmax": "softmax is a class, not a function",
    }


# --- What a grade cell shows ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["all-right", "untouched", "shows-points", "not-functions"])
def test_a_check_cell_shows_a_card_and_its_points_and_nothing_else(grade, name):
    graded = grade(name)
    cells = checks_of(graded)
    assert len(cells) == 3
    for cell, verdict in zip(cells, graded.verdicts, strict=True):
        card, result = cell.outputs
        assert card.output_type == "display_data"
        assert set(card.data) == {"text/plain", "text/html"}
        assert result.output_type == "execute_result"
        assert set(result.data) == {"text/plain"}
        assert result.data["text/plain"] == repr(float(verdict.points))
        assert determine_grade(cell) == (verdict.points, verdict.max_points)


def test_a_warning_in_right_code_is_shown(grade):
    seen = shown(grade("warns"), "try-it")
    assert "careful" in seen
    assert "a new array is made" in seen


def test_what_a_cell_displays_is_never_scored(grade):
    graded = grade("shows-points")
    assert points(graded) == {"add_bias": 3, "scores": 0, "softmax": 0}
    kinds = {output.output_type for output in outputs(graded, "scores-stub")}
    assert kinds == {"display_data"}, "the student's 3.0 is no result of a grade cell"
    assert "8.0" in shown(graded, "softmax-stub")
    assert all("text/html" not in output.data for output in outputs(graded, "softmax-stub"))


def test_a_check_of_no_exercise_has_no_points_and_is_remarked(sandbox):
    """nbgrader would give all points to a check that shows nothing."""
    master = MasterCell("grade_sofmax", "code", "check(sofmax)", 5.0, grade=True, locked=True)
    check = new_code_cell("check(sofmax)", metadata={"nbgrader": dict(master.nbgrader)})
    graded = grade_notebook(
        new_notebook(cells=[check]), Assignment("ps1", (master,), {}), sandbox, SEED
    )
    said = "grade_sofmax was not judged: the catalogue has no such exercise."
    assert graded.remarks == (said,)
    cell = graded.notebook.cells[-1]
    assert [output.output_type for output in cell.outputs] == ["display_data", "execute_result"]
    assert determine_grade(cell) == (0.0, 5.0)


def test_a_code_cell_that_a_person_grades_runs_and_waits_for_them(sandbox):
    stub = MasterCell("plot", "code", "# your plot", 4.0, grade=True, solution=True, checksum="x")
    answer = new_code_cell("print(6 * 7)", id="plot", metadata={"nbgrader": dict(stub.nbgrader)})
    graded = grade_notebook(
        new_notebook(cells=[answer]), Assignment("ps1", (stub,), {}), sandbox, SEED
    )
    assert shown(graded, "plot") == "42\n"
    cell = next(cell for cell in graded.notebook.cells if cell.id == "plot")
    assert determine_grade(cell) == (None, 4.0)


# --- Cells and functions that do not come back ----------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cell", "reason"),
    [
        ("cell-ends-its-process", "leave", "the process ended itself (exit code 3)"),
        ("cell-crashes", "crash", "the process crashed (signal 11)"),
        ("cell-does-not-end", "wait", "this cell did not end within 2 s"),
    ],
)
def test_a_cell_that_is_lost_is_left_out_and_the_rest_earns_its_points(grade, name, cell, reason):
    graded = grade(name, cell_seconds=2.0)
    assert points(graded) == RIGHT
    assert graded.remarks == (f"Code cell 6 was left out: {reason}.",)
    (error,) = outputs(graded, cell)
    assert (error.output_type, error.ename, error.evalue) == ("error", "Stopped", reason)
    assert "0.33333333" in shown(graded, "together"), "what came before is there again"


def test_a_cell_that_takes_all_memory_costs_only_itself(grade):
    graded = grade("cell-takes-all-memory", memory_megabytes=128)
    assert points(graded) == RIGHT
    assert outputs(graded, "hoard")[-1].output_type == "error"


def test_a_function_that_does_not_end_costs_only_itself(grade):
    """Later cells that call it fail at once: each would cost a restart otherwise."""
    graded = grade("function-does-not-end", restarts=1, call_seconds=2.0)
    assert points(graded) == {"add_bias": 3, "scores": 3, "softmax": 0}
    assert graded.remarks == ("Judging softmax: a call of this function did not end within 2 s.",)
    assert "did not end within 2 s" in reasons(graded)["softmax"]
    for cell in ("together", "again"):
        (error,) = outputs(graded, cell)
        assert error.ename == "TimeoutError"
        assert "softmax did not come back when it was judged" in error.evalue
    assert shown(graded, "own") == "42"


def test_a_function_that_ends_its_process_costs_only_itself(grade):
    graded = grade("function-ends-its-process")
    assert points(graded) == {"add_bias": 3, "scores": 0, "softmax": 8}
    assert "ended itself (exit code 7)" in reasons(graded)["scores"]


def test_after_too_many_losses_what_was_judged_stands_and_the_rest_has_the_reason(grade):
    graded = grade("cells-end-their-process-again-and-again", restarts=2)
    assert points(graded) == {"add_bias": 3, "scores": 3, "softmax": 0}
    assert reasons(graded)["softmax"] == "not judged: its process was lost 3 times"
    assert graded.remarks[-1] == "Stopped: its process was lost 3 times."
    assert "Not run: its process was lost 3 times" in shown(graded, "together")
    assert determine_grade(checks_of(graded)[-1]) == (0.0, 8.0)


class Scripted:
    """A sandbox whose sessions do as they are told: each is a list of cells to lose."""

    isolation = "bwrap"
    limits = LIMITS
    starved = False

    def __init__(self, *lost: set[str]) -> None:
        self.lost = list(lost)
        self.ran: list[list[str]] = []

    def session(self, files: Any, seconds: float, random_seed: int) -> Scripted:
        self.ran.append([])
        return self

    def run_cell(self, source: str, scored: bool = False) -> list[Any]:
        if source in self.lost[len(self.ran) - 1]:
            raise SessionLost("it broke")
        self.ran[-1].append(source)
        return []

    def close(self) -> None:
        pass


def run(sandbox: Any, *sources: str) -> GradedNotebook:
    cells = [new_code_cell(source, id=f"cell-{source}") for source in sources]
    empty = Assignment("ps1", (), {})
    return grade_notebook(new_notebook(cells=cells), empty, sandbox, SEED)


def test_a_cell_that_breaks_only_when_run_again_is_left_out_then():
    sandbox = Scripted({"c"}, {"a"}, set())
    graded = run(sandbox, "a", "b", "c", "d")
    assert sandbox.ran == [["a", "b"], [], ["b", "d"]]
    assert graded.remarks == (
        "Code cell 3 was left out: it broke.",
        "A code cell was left out when run again: it broke.",
    )


def test_a_submission_that_uses_up_its_time_is_stopped(monkeypatch):
    sandbox = Scripted({"b"})
    monkeypatch.setattr(sandbox, "limits", dataclasses.replace(LIMITS, session_seconds=60.0))
    now = iter([0.0, 0.0, 0.0, 61.0, 61.0])
    monkeypatch.setattr("autograder.submission.notebook.time.monotonic", lambda: next(now))
    graded = run(sandbox, "a", "b", "c")
    assert graded.remarks[-1] == "Stopped: the submission used up its 60 s."
    assert "Not run: the submission used up its 60 s" in shown(graded, "cell-c")


class Killed(Scripted):
    """A sandbox whose fork server is killed in the first sessions, so many of them."""

    def __init__(self, times: int) -> None:
        super().__init__(*[set()] * (times + 1))
        self.times = times

    def run_cell(self, source: str, scored: bool = False) -> list[Any]:
        if source == "b" and len(self.ran) <= self.times:
            raise SandboxLost("the fork server was killed")
        return super().run_cell(source)


def test_a_killed_fork_server_costs_a_submission_nothing():
    sandbox = Killed(2)
    graded = run(sandbox, "a", "b", "c")
    assert sandbox.ran == [["a"], ["a"], ["a", "b", "c"]]
    assert graded.remarks == ()
    with pytest.raises(SandboxLost):
        run(Killed(3), "a", "b", "c")


def test_that_time_ran_out_for_want_of_a_processor_is_noted():
    class Starved(Scripted):
        starved = True

    assert run(Starved(set()), "a").starved
    assert not run(Scripted(set()), "a").starved


# --- What is said, and what students wrote --------------------------------------------------------


def test_what_happened_is_told_on_top_of_the_notebook(grade):
    work = read_submission(NOTEBOOKS / "cell-ends-its-process.ipynb")
    work.cells = [cell for cell in work.cells if cell.id != "add-bias-check"]
    graded = grade(work)
    top = graded.notebook.cells[0]
    assert (top.cell_type, top.metadata) == ("markdown", {})
    assert top.source.splitlines() == [
        "**About this submission**",
        "",
        "- The cell grade_add_bias was missing; it has been put back.",
        "- Code cell 6 was left out: the process ended itself (exit code 3).",
    ]
    assert points(graded)["add_bias"] == 3


def test_grading_without_isolation_is_said_on_top(monkeypatch):
    sandbox = Scripted(set())
    monkeypatch.setattr(sandbox, "isolation", "none")
    graded = run(sandbox, "a")
    said = "Graded without isolation: its code could do all that the grader can."
    assert graded.isolation == "none"
    assert graded.remarks == (said,)
    assert said in graded.notebook.cells[0].source


def test_what_a_student_wrote_is_text_on_a_card(grade):
    graded = grade("markup-in-names-and-messages")
    cards = "".join(cell.outputs[0].data["text/html"] for cell in checks_of(graded))
    for written in ("<script", "<img", "<svg", "</td><svg"):
        assert written not in cards
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;" in cards
    assert "scores is a &lt;img src=x onerror=alert(2)&gt;, not a function" in cards
    assert "&lt;/td&gt;&lt;svg onload=alert(3)&gt;" in cards


@pytest.mark.parametrize("name", ["all-right", "draws-at-random"])
def test_two_gradings_give_the_same_verdicts_and_the_same_notebook(grade, name):
    """Also of functions that draw at random, from Python's and from NumPy's global states."""
    one, other = grade(name), grade(name)
    assert repr(one.verdicts) == repr(other.verdicts)
    assert nbformat.writes(one.notebook) == nbformat.writes(other.notebook)


def test_other_seeds_give_other_fixtures(grade, sandbox):
    work = read_submission(NOTEBOOKS / "draws-at-random.ipynb")
    seen = {str(grade_notebook(work, assignment(), sandbox, seed).verdicts[1]) for seed in (1, 2)}
    assert len(seen) == 2


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_the_notebooks_of_these_tests_are_valid_and_of_use(path):
    nbformat.validate(nbformat.read(path, as_version=4))
    mentions = "".join(
        file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("*.py")
    )
    assert f'"{path.stem}"' in mentions or f'"{path.name}"' in mentions
