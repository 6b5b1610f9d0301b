"""The benchmark measures what it says: a lifelike class, every process's CPU, honest tables.

How fast anything is, is measured by `make bench` and asserted nowhere.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from classes import hand_in as classes_hand_in
from masters import master_of
from nbformat import NotebookNode, v4
from typer.testing import CliRunner

from autograder.course.assignment import Assignment
from autograder.course.folder import assignment_files
from autograder.gradebook import GradebookStore
from autograder.sandbox import Sandbox
from autograder.submission.notebook import grade_notebook
from autograder.submission.sanitise import read_submission
from benchmarks import classes, floor, measure, parts, plain, tables, ways
from benchmarks.__main__ import BENCH, PAGES, SOAK, Plan, app
from benchmarks.classes import TENSORFLOW_CELL, Template, without_gradient
from benchmarks.measure import BenchmarkError, Command, Measurement
from benchmarks.ways import FLOOR, OUR_PAGES, OURS, STOCK, STOCK_PAGES, Run, Way
from softmax_by_hand import CATALOGUE

ROOT = Path(__file__).resolve().parents[1]
RELEASE = ROOT / "release"
BOTH = ("ps1", "ps2")


def released(problem_set: str) -> NotebookNode:
    return nbformat.read(RELEASE / problem_set / f"{problem_set}.ipynb", as_version=4)


def bytes_of(folder: Path) -> dict[str, bytes]:
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


# --- The class --------------------------------------------------------------------------------


def test_the_same_numbers_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("once", "again"):
        assert classes.make_class(RELEASE, tmp_path / name, 4) == 8
    assert bytes_of(tmp_path / "once") == bytes_of(tmp_path / "again")


def test_a_small_class_is_the_beginning_of_a_large_one(tmp_path: Path) -> None:
    classes.make_class(RELEASE, tmp_path / "small", 2)
    classes.make_class(RELEASE, tmp_path / "large", 5)
    small, large = bytes_of(tmp_path / "small"), bytes_of(tmp_path / "large")
    assert small.items() <= large.items()


def test_another_seed_gives_another_class() -> None:
    ours = classes.notebook(released("ps1"), "ps1", 0, seed=1)
    assert ours != classes.notebook(released("ps1"), "ps1", 0, seed=2)


def test_no_two_students_hand_in_the_same() -> None:
    texts = {v4.writes(classes.notebook(released("ps2"), "ps2", number)) for number in range(40)}
    assert len(texts) == 40


def test_every_ten_students_are_mixed_as_in_a_real_class() -> None:
    for first in (0, 10, 970):
        kinds = Counter(classes.kind_of(number) for number in range(first, first + 10))
        assert kinds == {"right": 5, "mistaken": 3, "partly done": 2}
    orders = {tuple(classes.kind_of(first + n) for n in range(10)) for first in range(0, 100, 10)}
    assert len(orders) > 1


@pytest.mark.parametrize("problem_set", CATALOGUE.assignments)
def test_submissions_are_valid_notebooks_with_every_released_cell(problem_set: str) -> None:
    ids = [cell.id for cell in released(problem_set).cells]
    for number in range(10):
        made = classes.notebook(released(problem_set), problem_set, number)
        nbformat.validate(made)
        assert [cell.id for cell in made.cells if not cell.id.startswith("own-")] == ids


@pytest.mark.parametrize("problem_set", BOTH)
def test_submissions_score_as_their_kind_does(problem_set: str, sandbox: Sandbox) -> None:
    read = read_submission(RELEASE / problem_set / f"{problem_set}.ipynb")
    files = assignment_files(ROOT, problem_set)
    assignment = Assignment(problem_set, tuple(master_of(read)), files)
    most = sum(exercise.points for exercise in CATALOGUE.assignments[problem_set])
    kinds = [classes.kind_of(number) for number in range(10)]
    for kind in ("right", "mistaken", "partly done"):
        made = classes.notebook(read, problem_set, kinds.index(kind))
        graded = grade_notebook(made, assignment, sandbox, seed=3)
        assert graded.remarks == ()
        points = sum(verdict.points for verdict in graded.verdicts)
        assert points == most if kind == "right" else 0 < points < most, kind


def test_every_exercise_has_right_answers_to_choose_from() -> None:
    for problem_set, exercises in CATALOGUE.assignments.items():
        right = classes.answers(classes.STYLES, problem_set)
        assert all(right[exercise.name] for exercise in exercises)


# --- What is run ------------------------------------------------------------------------------


def course_of(folder: Path, *sources: str) -> Path:
    """A course with what the floor needs: the release, and one submission of these cells."""
    shutil.copytree(RELEASE / "ps1", folder / "release" / "ps1")
    path = folder / "submitted" / "ann" / "ps1" / "ps1.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources]), path)
    return folder


def test_the_floor_runs_every_code_cell_but_the_checks(tmp_path: Path) -> None:
    classes.make_class(RELEASE, tmp_path / "submitted", 1)
    (tmp_path / "release").symlink_to(RELEASE)
    ((name, sources), _) = floor.work_of(tmp_path)["notebooks"]
    assert name == "ps1"
    path = tmp_path / "submitted" / "student-00000" / "ps1" / "ps1.ipynb"
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    checks = [exercise.name for exercise in CATALOGUE.assignments["ps1"]]
    assert not any(source == f"check({name})" for source in sources for name in checks)
    assert sources == [cell.source for cell in cells if not cell.id.endswith("-check")]
    assert len(cells) - len(sources) == len(checks)


def test_the_floor_tells_pictures_as_the_box_does(tmp_path: Path) -> None:
    said = tmp_path / "said"
    environment = "os.environ.get('COURSE_PICTURES', 'drawn')"
    cells = f"import os, figures\nopen({str(said)!r}, 'w').write({environment})"
    cost = measure.measure(floor.command(course_of(tmp_path / "course", cells)))
    assert (cost.code, said.read_text()) == (0, "text"), cost.output


def test_a_child_of_the_floor_that_dies_is_a_failure(tmp_path: Path) -> None:
    course = course_of(tmp_path / "course", "import os", "os._exit(3)")
    assert measure.measure(floor.command(course)).code == 1


def test_stock_settings_name_none_of_our_parts() -> None:
    assert "autograder" not in ways.STOCK_SETTINGS


def doing(program: str) -> Way:
    command = (sys.executable, "-c", f"import sys; print('working'); {program}")
    return Way(lambda course, _: [Command(command, course, {})])


def template_of(folder: Path) -> Template:
    (folder / "course").mkdir()
    classes.make_class(RELEASE, folder / "class", 1)
    return Template(folder / "course", folder / "class", BOTH)


@pytest.mark.parametrize(
    ("program", "said"),
    [("pass", "0 of 2 are there: working"), ("sys.exit(3)", "ended with exit code 3: working")],
)
def test_a_way_that_does_not_do_its_work_is_named_with_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, said: str
) -> None:
    monkeypatch.setitem(ways.WAYS, OURS, doing(program))
    with pytest.raises(BenchmarkError, match=f"{OURS}, 2 submissions: .*{said}"):
        ways.run_rounds(template_of(tmp_path), tmp_path / "run", {OURS: (2,)}, 1, print)


def test_rounds_go_forwards_and_backwards_and_what_is_compared_is_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cost = costing(1.0)
    monkeypatch.setattr(ways, "run_once", lambda *_: cost)
    template = Template(tmp_path, tmp_path, BOTH)
    sizes = {STOCK: (2, 4), OURS: (4, 8)}
    runs = ways.run_rounds(template, tmp_path / "run", sizes, 2, print)
    order = [(run.round, run.way, run.submissions) for run in runs]
    assert order[:4] == [(0, STOCK, 2), (0, OURS, 4), (0, STOCK, 4), (0, OURS, 8)]
    assert order[4:] == [(1, *one) for _, *one in order[3::-1]]


def test_no_run_is_begun_for_which_there_is_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]

    def run_once(way: Way, template: Template, folder: Path, size: int) -> Measurement:
        clock[0] += size
        return costing(float(size))

    monkeypatch.setattr(ways, "run_once", run_once)
    monkeypatch.setattr(ways.time, "monotonic", lambda: clock[0])
    template, said = Template(tmp_path, tmp_path, BOTH), list[str]()
    sizes = {STOCK: (2,), OURS: (20,)}
    runs = ways.run_rounds(template, tmp_path / "run", sizes, 3, said.append, until=30.0)
    assert [(run.round, run.way) for run in runs] == [(0, STOCK), (0, OURS), (1, STOCK), (2, STOCK)]
    assert [line for line in said if "no time" in line] == [
        f"round {turn} of 3: {OURS}, 20 submissions: no time left" for turn in (2, 3)
    ]


def test_notebooks_without_a_gradient_are_counted(tmp_path: Path) -> None:
    for name, shown in (("ann", "array([1.])"), ("bob", None), ("eve", "no module")):
        cell = v4.new_code_cell("", id=TENSORFLOW_CELL)
        if shown:
            cell.outputs = [v4.new_output("execute_result", data={"text/plain": shown})]
        path = tmp_path / "autograded" / name / "ps1" / "ps1.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(v4.new_notebook(cells=[cell]), path)
    assert without_gradient(tmp_path) == 2


# --- Measuring --------------------------------------------------------------------------------

# Works until its own clock of CPU says 0.3 s, in a grandchild that nobody waits for.
UNWAITED = """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
reader, writer = os.pipe()
if os.fork() == 0:
    while time.process_time() < 0.3:
        pass
    os._exit(0)
os.close(writer)
os.read(reader, 1)
"""


def python(folder: Path, program: str) -> Command:
    return Command((sys.executable, "-c", program), folder, {})


def test_cpu_of_children_that_nobody_waits_for_is_counted(tmp_path: Path) -> None:
    cost = measure.measure(python(tmp_path, UNWAITED))
    assert cost.code == 0
    assert cost.cpu_seconds > 0.28
    assert cost.child_megabytes is None


def test_exit_code_and_output_are_kept(tmp_path: Path) -> None:
    program = "import sys; print('out'); sys.stdout.flush(); sys.exit('said')"
    cost = measure.measure(python(tmp_path, program))
    assert (cost.code, cost.output) == (1, "out\nsaid\n")
    with pytest.raises(BenchmarkError, match="a program ended with exit code 1: said"):
        cost.done("a program")


@pytest.mark.parametrize(
    ("mounts", "groups", "parent"),
    [
        (
            "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\ncgroup2 /sys/fs/unified cgroup2 rw 0 0\n",
            "5:memory:/m\n0::/u\n",
            "/sys/fs/unified/u",
        ),
        ("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n", "0::/\n", "/sys/fs/cgroup"),
        ("proc /proc proc rw 0 0\n", "0::/\n", None),
    ],
)
def test_control_groups_are_found_where_they_are_mounted(
    mounts: str, groups: str, parent: str | None
) -> None:
    assert measure.group_parent(mounts, groups) == (Path(parent) if parent else None)


def test_no_control_group_is_left_behind() -> None:
    with contextlib.suppress(KeyboardInterrupt), measure.control_group() as folder:
        assert folder is None or folder.is_dir()  # None: there is no right to make one
        raise KeyboardInterrupt
    assert folder is None or not folder.exists()


def test_without_a_control_group_the_whole_machine_is_counted_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "group_parent", lambda mounts, groups: None)
    cost = measure.measure(python(tmp_path, UNWAITED))
    assert cost.others is None
    assert cost.cpu_seconds > 0.25  # /proc/stat counts in hundredths
    assert "could not be told apart" in tables.company([cost])


# --- Figures ----------------------------------------------------------------------------------


def costing(seconds: float, cpu: float = 1.0, others: float | None = 0.0) -> Measurement:
    return Measurement(seconds, cpu, others, 120.0, 30.0, 0, "")


def made_runs() -> list[Run]:
    """Two rounds, the second on a machine half as fast: ratios must not see it."""
    runs = []
    for turn, slow in ((0, 1.0), (1, 2.0)):
        for way, start, one, sizes in (
            (STOCK, 4.0, 3.0, (2, 10)),
            (OURS, 6.0, 0.12, (10, 100)),
            (FLOOR, 2.0, 0.1, (10, 100)),
        ):
            for size in sizes:
                seconds = slow * (start + one * size)
                runs.append(Run(turn, way, size, costing(seconds, seconds)))
    return runs


def both(value: float) -> Any:
    return pytest.approx(dict.fromkeys((0, 1), value))


def test_one_more_is_the_slope_without_start_up() -> None:
    slopes = tables.further(made_runs(), OURS, 100, "seconds")
    assert slopes == pytest.approx({0: 0.12, 1: 0.24})
    assert tables.further(made_runs(), OURS, 10, "seconds") == {}


def test_a_class_that_was_too_large_is_told_from_start_up_and_slope() -> None:
    each = tables.each(made_runs(), OURS, 1000, "seconds")
    assert each == pytest.approx({0: (6 + 120) / 1000, 1: (12 + 240) / 1000})
    assert tables.each([], OURS, 1000, "seconds") == {}


def test_ratios_are_taken_within_a_round() -> None:
    runs = made_runs()
    assert tables.over_stock(runs, OURS, 100) == both((4 + 3 * 100) / (6 + 0.12 * 100))
    assert tables.over_stock(runs, OURS, 1000) == both((4 + 3 * 1000) / (6 + 0.12 * 1000))
    assert tables.over_stock(runs, OURS, 100, cost=tables.further) == both(25.0)
    assert tables.over_floor(runs, OURS, 100) == both(1.2)


def test_a_target_is_met_or_missed_by_how_much() -> None:
    assert tables.Target("a", 1.4, [1.4]).verdict == "met"
    assert tables.Target("a", 1.4, [2.0, 2.2]).verdict == "missed by 50.0%"
    assert tables.Target("a", 20.0, [15.0], at_most=False).verdict == "missed by 25.0%"
    assert tables.Target("a", 20.0, [20.0], at_most=False).verdict == "met"


def test_a_target_is_told_with_its_spread() -> None:
    table = tables.target_table([tables.Target("a", 1.4, [1.0, 1.1, 1.5])])
    assert "1.10 (1.00-1.50) ×" in table


def test_a_slope_of_nothing_gives_no_ratio_and_meets_no_target() -> None:
    runs = [
        run if run.way != STOCK else Run(run.round, STOCK, run.submissions, costing(9.0))
        for run in made_runs()
    ]
    assert tables.over_stock(runs, OURS, 100, cost=tables.further) == {}
    (_, slope, _) = tables.targets_of(runs, "ps1", {"stock": 20})
    assert slope.verdict.startswith("not told")
    assert "nan" not in tables.target_table([slope])


def test_targets_are_judged_with_and_without_start_up() -> None:
    found = tables.targets_of(made_runs(), "ps1", {"floor": 1.4, "stock": 24})
    assert [(target.what.partition(": ")[0], target.verdict) for target in found] == [
        ("ps1, one more", "met"),
        ("ps1, a class of 1,000", "missed by 0.7%"),  # 23.8 times
        *[("ps1, one more", "met")] * 2,  # by the clock, and by CPU
    ]
    assert found[1].what.endswith("start-up included, told from 100")


def test_targets_of_what_was_not_measured_are_not_told() -> None:
    wanted = dict.fromkeys(("floor", "stock", "plugin", "ten"), 1.0)
    found = tables.targets_of([], "ps1", wanted)
    assert {target.verdict.partition(":")[0] for target in found} == {"not told"}


def test_a_way_is_over_no_stock_where_stock_was_not_measured() -> None:
    runs = [run for run in made_runs() if run.way != STOCK]
    assert tables.over_stock(runs, OURS, 100) == {}
    assert "stock" not in tables.class_table(runs).splitlines()[0]


def test_a_soak_tells_what_one_more_costs_in_a_large_class_and_its_memory() -> None:
    costs = {10: costing(7.0, 7.0), 100: costing(16.0, 16.0), 1000: costing(206.0, 106.0)}
    runs = [Run(0, OURS, size, cost) for size, cost in costs.items()]
    wanted = {"growth": 1.1, "memory": 100, "flat": 1.2}
    time, cpu, memory, grown = tables.targets_of(runs, "ps1", wanted)
    assert time.what == "ps1, 1,000: time of one more, over that at 100"
    assert [one.verdict for one in (time, cpu, memory, grown)] == [
        *("missed by 82.7%", "met", "missed by 20.0%", "met"),
    ]


def test_pages_are_compared_within_a_round() -> None:
    """On a machine half as fast in the second round the ratio is the same."""
    runs = [
        Run(turn, way, 100, costing(slow * seconds))
        for turn, slow in ((0, 1.0), (1, 2.0))
        for way, seconds in ((STOCK_PAGES, 40.0), (OUR_PAGES, 5.0))
    ]
    (target,) = tables.targets_of(runs, "ps1", {"pages": 5})
    assert (target.found, target.verdict) == (8.0, "met")


def test_the_table_has_a_row_for_every_way_and_size() -> None:
    text = tables.class_table(made_runs())
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 6
    assert len({line.count("|") for line in lines}) == 1
    assert "Rounds: 2. Other programs used 0.0%" in text


def test_a_busy_machine_is_told() -> None:
    quiet, busy = ([costing(1.0, others=share)] for share in (0.01, 0.4))
    assert "was not quiet" not in tables.company(quiet)
    assert "was not quiet" in tables.company(busy)


def test_it_is_said_first_how_busy_the_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((100.0, 100.0 + 1.0 * (measure.os.cpu_count() or 1)))
    monkeypatch.setattr(measure, "machine_seconds", lambda: next(clock))
    monkeypatch.setattr(measure.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(measure.time, "monotonic", iter((0.0, 2.0)).__next__)
    said = measure.busy()
    assert "other programs used 50% of the machine" in said
    assert "was not quiet" in said


# --- Tables and the page ----------------------------------------------------------------------


def test_it_is_told_how_far_one_machine_and_many_go() -> None:
    """By hand: 10,000 x 0.2 s / 16 is 125 s; a coordinator of 500 a second takes 20 s for them."""
    lines = tables.arithmetic(0.2, 500).splitlines()
    assert "what 100 processors grade" in lines[0]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "|" in line]
    assert cells[3] == ["10,000", "17 min", "2 min", "20 s (the coordinator)"]
    assert cells[5] == ["1,000,000", "27.8 h", "3.5 h", "33 min (the coordinator)"]


def test_columns_are_in_line() -> None:
    assert tables.table(("way", "n"), [["a", "1,000"], ["b|c", "2"]]) == (
        "| way  |     n |\n| ---- | ----: |\n| a    | 1,000 |\n| b\\|c |     2 |"
    )


def test_a_row_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        tables.table(("way", "n"), [["a"]])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.12345, "0.123"),
        (0.00012345, "0.000123"),
        (1.2345, "1.23"),
        (123.456, "123"),
        (12345.6, "12,346"),
        (-3.971, "-3.97"),
        (None, "not seen"),
    ],
)
def test_numbers_have_as_many_digits_as_mean_something(value: float | None, text: str) -> None:
    assert tables.number(value) == text


def test_a_section_is_replaced_alone(tmp_path: Path) -> None:
    path = tmp_path / "results.md"
    tables.replace_section(path, "Soak", "long\n\n### Memory\n\nflat")
    tables.replace_section(path, "Benchmark", "first")
    before = path.read_text()
    assert before.index("## Benchmark\n\nfirst") < before.index("## Soak\n\nlong")
    tables.replace_section(path, "Benchmark", "second")
    assert path.read_text() == before.replace("first", "second")
    tables.replace_section(path, "Benchmark", "first\n")
    assert path.read_text() == before


# --- Parts alone ------------------------------------------------------------------------------


def test_the_writer_writes_every_synthetic_result(course: Path) -> None:
    said = parts.writer(course, "ps1", students=7, batch=3)
    with GradebookStore.open(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        names = gradebook.graded_students("ps1")
    assert names == {classes.student(number) for number in range(7)}
    assert "7 submissions of ps1" in said


def test_the_coordinator_is_measured_with_answers_that_were_kept(
    course: Path,
    at_once: Executor,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """All but the grading is real: hand-ins are read, and notebooks, rows and verdicts written."""
    asked: list[str] = []

    def submit(workers: Any, function: Callable[..., Any], *given: Any) -> Any:
        asked.append(function.__name__)
        return at_once.submit(function, *given)

    monkeypatch.setattr(parts.Workers, "submit", submit)
    monkeypatch.setattr(parts, "RECORDED", 2)
    for number in range(2):
        classes_hand_in(course, classes.student(number), "all-right")
    classroom = (course / "submitted").rename(tmp_path / "class")
    template = Template(course, classroom, ("ps1",))
    (found,) = parts.coordinator_costs(template, tmp_path / "run", 3, times=1)
    assert found.graded == 3
    assert asked == ["_recorded"] * 2 + ["_replayed"] * 3
    kept = [path.parent.parent.name for path in tmp_path.glob("run/autograded/*/*/verdicts.json")]
    assert sorted(kept) == [classes.student(number) for number in range(3)]


def test_the_scheduler_is_left_out_where_dask_is_not_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "distributed is not installed" in parts.scheduler(3)


# --- The command line -------------------------------------------------------------------------


def test_a_page_that_cannot_be_kept_is_told_before_the_work() -> None:
    result = CliRunner().invoke(app, ["bench", "--results", "no-such-folder/results.md"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("benchmarks: ")
    assert "there is no folder no-such-folder" in result.stderr
    assert result.stderr.count("\n") == 1


def test_figures_are_kept_where_what_comes_after_them_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first class is measured, and the second one cannot be."""
    main = "benchmarks.__main__"
    made: list[Plan] = []

    def template(folder: Path, plan: Plan, quick: bool) -> tuple[Template, int]:
        if made:
            raise BenchmarkError("the course could not be released: it rains")
        made.append(plan)
        return Template(tmp_path, tmp_path, BOTH), 8

    monkeypatch.setattr(f"{main}._template", template)
    monkeypatch.setattr(f"{main}.run_rounds", lambda *_: made_runs())
    monkeypatch.setattr(f"{main}._start_ups", lambda *_: [])
    monkeypatch.setattr(f"{main}._coordinator", lambda *_: tables.Target("", 600, [700.0], False))
    page = tmp_path / "results.md"
    result = CliRunner().invoke(app, ["bench", "--quick", "--results", str(page)])
    assert result.exit_code == 1
    assert result.stderr.endswith("benchmarks: the course could not be released: it rains\n")
    kept = page.read_text()
    assert "**Not all was measured: the course could not be released: it rains**" in kept
    assert f"| {OURS}" in kept
    page.unlink()
    result = CliRunner().invoke(app, ["soak", "--quick", "--results", str(page)])
    assert (result.exit_code, result.stdout, page.exists()) == (1, "", False)


def test_a_class_for_which_there_is_no_time_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.__main__.SECONDS", 0.0)
    monkeypatch.setattr("benchmarks.__main__.busy", lambda: "It is as busy as it is.")
    page = tmp_path / "results.md"
    result = CliRunner().invoke(app, ["bench", "--results", str(page)])
    assert (result.exit_code, "It is as busy as it is." in result.stderr) == (0, True)
    assert "**Not measured: ps1 and ps2: the ten minutes were over;" in page.read_text()


def test_answers_to_plain_asserts_are_right_and_wrong_as_the_asserts_say() -> None:
    for task in plain.TASKS:
        for body in (*task.right, *task.wrong):
            here: dict[str, Any] = {"np": np}
            exec(plain.function(task, body), here)
            failed = False
            try:
                exec("\n".join(task.tests), here)
            except Exception:
                failed = True
            assert failed is (body in task.wrong), (task.head, body)


@pytest.mark.parametrize("plan", [*BENCH, SOAK, PAGES])
def test_plans_can_be_measured(plan: Plan) -> None:
    for sizes in (plan.sizes, plan.quick):
        assert sizes.keys() == plan.sizes.keys()
        for some in sizes.values():
            assert len(some) >= 2 or plan is PAGES  # a slope needs two
            assert list(some) == sorted(set(some))
            assert all(size % len(plan.problem_sets) == 0 for size in some)
