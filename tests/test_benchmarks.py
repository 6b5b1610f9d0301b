"""The benchmark measures what it says: a lifelike class, every process's CPU, honest tables.

How fast anything is, is measured by `make bench` and asserted nowhere.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import nbformat
import numpy as np
import pytest
from masters import master_of
from nbformat import NotebookNode, v4
from typer.testing import CliRunner

from autograder.course.assignment import Assignment
from autograder.course.folder import assignment_files
from autograder.gradebook import GradebookStore
from autograder.grading.engine import ClassGrading
from autograder.judging.judge import judge
from autograder.sandbox import Sandbox
from autograder.submission.notebook import grade_notebook
from autograder.submission.sanitise import read_submission
from benchmarks import (
    classes,
    feedback,
    floor,
    measure,
    parts,
    profiles,
    report,
    rounds,
    soak,
    stock,
    table,
)
from benchmarks.__main__ import FULL, QUICK, app
from benchmarks.courses import TENSORFLOW_CELL, BenchmarkError, Template, without_gradient
from benchmarks.measure import Command, Measurement, Sample
from benchmarks.rounds import FLOOR, OURS, STOCK, Run, Way
from softmax_by_hand import CATALOGUE

ROOT = Path(__file__).resolve().parents[1]
RELEASE = ROOT / "release"
BOTH = ("ps1", "ps2")
ALL_FIVE = ("ps1", "ps2", "ps3", "ps4", "ps5")
EXERCISES_OF = {name: CATALOGUE.assignments[name] for name in ALL_FIVE}
FROM_CATALOGUE = [
    (exercise.name, text)
    for exercise in CATALOGUE.exercises.values()
    for misconception in exercise.misconceptions
    for function in misconception.wrong
    if (text := classes.source_alone(function, exercise.name)) is not None
]


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


@pytest.mark.parametrize("problem_set", ALL_FIVE)
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
    most = sum(exercise.points for exercise in EXERCISES_OF[problem_set])
    kinds = [classes.kind_of(number) for number in range(10)]
    for kind in ("right", "mistaken", "partly done"):
        made = classes.notebook(read, problem_set, kinds.index(kind))
        graded = grade_notebook(made, assignment, sandbox, seed=3)
        assert graded.remarks == ()
        points = sum(verdict.points for verdict in graded.verdicts)
        assert points == most if kind == "right" else 0 < points < most, kind


def test_every_exercise_has_right_and_wrong_answers_to_choose_from() -> None:
    for problem_set in ALL_FIVE:
        choices = classes.choices(problem_set)
        assert list(choices) == [exercise.name for exercise in EXERCISES_OF[problem_set]]
        assert all(one.right for one in choices.values())
        # Of the later ones some wrong answers need their module, and are no text alone.
        assert sum(bool(one.wrong) for one in choices.values()) >= 3
        if problem_set in BOTH:
            assert all(len(one.right) >= 3 and len(one.wrong) >= 3 for one in choices.values())


def test_a_way_is_over_no_stock_where_stock_was_not_measured() -> None:
    runs = [run for run in made_runs() if run.way != STOCK]
    assert rounds.over_stock(runs, OURS, max(rounds.sizes_of(runs, OURS))) == {}
    assert "-" in report.rows(runs)[0]
    (*_, last) = report.class_targets(runs, "all five", times=None, floor=1.4)
    assert "floor" in last.what


@pytest.mark.parametrize(("name", "text"), FROM_CATALOGUE)
def test_a_wrong_answer_of_the_catalogue_is_as_wrong_as_text(name: str, text: str) -> None:
    exercise, namespace = CATALOGUE.exercises[name], {"np": np}
    exec(text, namespace)
    assert judge(exercise, namespace[name], seed=5).points < exercise.points


def test_what_needs_its_module_is_not_taken_from_the_catalogue() -> None:
    constant = 1.0
    assert classes.source_alone(lambda x: x + constant, "f") is None
    assert classes.source_alone(lambda x: json.dumps(x), "f") is None
    assert classes.source_alone(np.exp, "exp") is None
    assert classes.source_alone(lambda x, constant=constant: x + constant, "f") is None
    pair = (lambda x: x, lambda x: -x)
    assert classes.source_alone(pair[0], "f") is None  # two in one line look alike


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
    ((name, sources), _) = floor.work_of(tmp_path)["notebooks"]
    assert name == "ps1"
    path = tmp_path / "submitted" / "student-00000" / "ps1" / "ps1.ipynb"
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    checks = [exercise.name for exercise in EXERCISES_OF["ps1"]]
    assert not any(source == f"check({name})" for source in sources for name in checks)
    assert sources == [cell.source for cell in cells if not cell.id.endswith("-check")]
    assert len(cells) - len(sources) == len(checks)


@pytest.mark.parametrize(("told", "pictures"), [(True, "text"), (False, "drawn")])
def test_the_floor_runs_cells_as_stock_does_or_as_the_box_does(
    tmp_path: Path, told: bool, pictures: str
) -> None:
    said = tmp_path / "said"
    environment = "os.environ.get('COURSE_PICTURES', 'drawn')"
    cells = f"import os, figures\nopen({str(said)!r}, 'w').write({environment})"
    cost = measure.measure(floor.command(course_of(tmp_path / "course", cells), told))
    assert (cost.code, said.read_text()) == (0, pictures), cost.output


def test_a_child_of_the_floor_that_dies_is_a_failure(tmp_path: Path) -> None:
    course = course_of(tmp_path / "course", "import os", "os._exit(3)")
    assert measure.measure(floor.command(course)).code == 1


def test_stock_settings_name_none_of_our_parts(tmp_path: Path) -> None:
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    stock.prepare(tmp_path)
    assert "autograder" not in (tmp_path / "nbgrader_config.py").read_text()


def doing(*arguments: str, code: int = 0) -> Way:
    program = f"import sys; print('working'); sys.exit({code})"
    command = (sys.executable, "-c", program, *arguments)
    return Way(lambda course, _: [Command(command, course, {}, child="nobody")])


def template_of(folder: Path) -> Template:
    (folder / "course").mkdir()
    classes.make_class(RELEASE, folder / "class", 1)
    return Template(folder / "course", folder / "class", BOTH)


def test_a_way_that_grades_nothing_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"0 of 2 were graded, exit code 0; .*working"):
        rounds.run_once(doing(), template_of(tmp_path), tmp_path / "run", 2)


def test_a_way_that_fails_is_named_with_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "ways", lambda preload: {OURS: doing(code=3)})
    with pytest.raises(BenchmarkError, match=f"{OURS}, 2 submissions: .*exit code 3"):
        rounds.run_rounds(
            template_of(tmp_path), tmp_path / "run", {OURS: (2,)}, 1, lambda line: None
        )


def test_rounds_go_forwards_and_backwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cost = costing(1.0)
    monkeypatch.setattr(rounds, "run_once", lambda *_: cost)
    template = Template(tmp_path, tmp_path, BOTH)
    runs = rounds.run_rounds(template, tmp_path, {STOCK: (2,), OURS: (4, 8)}, 2, lambda line: None)
    order = [(run.round, run.way, run.submissions) for run in runs]
    assert order[:3] == [(0, STOCK, 2), (0, OURS, 4), (0, OURS, 8)]
    assert order[3:] == [(1, OURS, 8), (1, OURS, 4), (1, STOCK, 2)]


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


def test_cpu_of_children_that_nobody_waits_for_is_counted(tmp_path: Path) -> None:
    command = Command((sys.executable, "-c", UNWAITED), tmp_path, {}, child="nobody")
    cost = measure.measure(command)
    assert cost.code == 0
    assert cost.cpu_seconds > 0.28
    assert cost.child_megabytes is None


def test_exit_code_and_output_are_kept(tmp_path: Path) -> None:
    program = "import sys; print('out'); sys.stdout.flush(); sys.exit('said')"
    cost = measure.measure(Command((sys.executable, "-c", program), tmp_path, {}, child="nobody"))
    assert (cost.code, cost.output) == (1, "out\nsaid\n")


HYBRID = """\
tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
"""


@pytest.mark.parametrize(
    ("mounts", "groups", "found"),
    [
        (
            HYBRID,
            "5:memory:/m\n2:cpu,cpuacct:/a/b\n0::/u\n",
            [
                ("/sys/fs/cgroup/unified/u", measure.unified_seconds),
                ("/sys/fs/cgroup/cpu,cpuacct/a/b", measure.accounted_seconds),
            ],
        ),
        (
            "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
            "0::/\n",
            [("/sys/fs/cgroup", measure.unified_seconds)],
        ),
        ("proc /proc proc rw 0 0\n", "", []),
    ],
)
def test_control_groups_are_found_where_they_are_mounted(
    mounts: str, groups: str, found: list[tuple[str, Callable[[Path], float]]]
) -> None:
    there = measure.group_folders(mounts, groups)
    assert [(str(folder), usage) for folder, usage in there] == found


def test_no_control_group_is_left_behind() -> None:
    folder = None
    with contextlib.suppress(KeyboardInterrupt), measure.control_group() as group:
        if group is not None:  # where there is the right to make one
            folder = group.folder
            assert folder.is_dir()
        raise KeyboardInterrupt
    assert folder is None or not folder.exists()


def test_both_versions_of_control_groups_are_read(tmp_path: Path) -> None:
    (tmp_path / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 1\nsystem_usec 2\n")
    (tmp_path / "cpuacct.usage").write_text("1500000000\n")
    assert measure.unified_seconds(tmp_path) == 2.5
    assert measure.accounted_seconds(tmp_path) == 1.5


def test_without_a_control_group_the_whole_machine_is_counted_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "group_folders", lambda mounts, groups: [])
    cost = measure.measure(Command((sys.executable, "-c", UNWAITED), tmp_path, {}, child="nobody"))
    assert cost.others is None
    assert cost.cpu_seconds > 0.25  # /proc/stat counts in hundredths
    assert "whole machine" in measure.counted_by()


# --- Figures ----------------------------------------------------------------------------------


def costing(seconds: float, cpu: float = 1.0, others: float | None = 0.0) -> Measurement:
    samples = tuple(Sample(float(at), 100.0 + at, None) for at in range(50))
    return Measurement(seconds, cpu, others, 120.0, 30.0, 0, "", samples)


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


def test_one_more_is_the_slope_without_start_up() -> None:
    slopes = rounds.further(made_runs(), OURS, 100, rounds.seconds)
    assert slopes == pytest.approx({0: 0.12, 1: 0.24})
    assert rounds.further(made_runs(), OURS, 10, rounds.seconds) == {}


def test_ratios_are_taken_within_a_round() -> None:
    runs = made_runs()
    stock_each, ours_each = (4 + 3 * 10) / 10, (6 + 0.12 * 100) / 100
    assert rounds.over_stock(runs, OURS, 100) == pytest.approx(
        dict.fromkeys((0, 1), stock_each / ours_each)
    )
    assert rounds.over_stock(runs, OURS, 100, rounds.further, rounds.further) == pytest.approx(
        dict.fromkeys((0, 1), 25.0)
    )
    assert rounds.over_floor(runs, OURS, 100, rounds.further) == pytest.approx(
        dict.fromkeys((0, 1), 1.2)
    )
    # Start-up is ours to pay, and not in the floor.
    assert rounds.over_floor(runs, OURS, 100) == pytest.approx(dict.fromkeys((0, 1), 1.8))


def test_a_target_is_met_or_missed_by_how_much() -> None:
    assert report.Target("a", 1.4, 1.4).verdict == "met"
    assert report.Target("a", 1.4, 2.1).verdict == "missed by 50.0%"
    assert report.Target("a", 20.0, 15.0, at_most=False).verdict == "missed by 25.0%"
    assert report.Target("a", 20.0, 20.0, at_most=False).verdict == "met"
    assert report.Target("failures", 0, 3).verdict == "missed by 3.00"
    assert report.Target("failures", 0, 0).verdict == "met"


def test_a_slope_of_nothing_gives_no_ratio_and_meets_no_target() -> None:
    runs = [
        run if run.way != STOCK else Run(run.round, STOCK, run.submissions, costing(9.0))
        for run in made_runs()
    ]
    assert rounds.over_stock(runs, OURS, 100, rounds.further, rounds.further) == {}
    (*_, slope) = report.class_targets(runs, "ps1", times=20, floor=None)
    assert not slope.met
    assert slope.verdict.startswith("not told")
    assert "nan" not in report.target_table([slope])


def test_targets_are_judged_with_and_without_start_up() -> None:
    found = report.class_targets(made_runs(), "ps1", times=20, floor=1.4)
    assert [target.verdict for target in found] == [
        "missed by 28.6%",  # 1.8 with start-up
        "met",
        "missed by 16.7%",  # 16.7 times with start-up
        "met",
    ]
    assert len(report.class_targets(made_runs(), "ps1", times=20, floor=None)) == 2


def test_the_table_has_a_row_for_every_way_and_size() -> None:
    text = report.class_table(made_runs(), 2, "that of all")
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 6
    assert len({line.count("|") for line in lines}) == 1
    assert "CPU is that of all." in text


def test_a_busy_machine_is_told() -> None:
    quiet, busy, unknown = (
        [Run(0, OURS, 1, costing(1.0, others=share))] for share in (0.01, 0.4, None)
    )
    assert "measure again" not in report.company(quiet)
    assert "measure again" in report.company(busy)
    assert "could not be told apart" in report.company(unknown)


def test_figures_of_less_work_are_told() -> None:
    spoilt = Run(0, OURS, 20, costing(1.0), without_gradient=7)
    (said,) = report.spoilt([spoilt, Run(0, STOCK, 3, costing(1.0))])
    assert said.startswith(f"**{OURS}: in 7 of 20 graded notebooks")


def test_a_soak_tells_failures_and_memory_over_time() -> None:
    small = [
        Run(turn, OURS, size, costing(6 + 0.1 * size, 6 + 0.1 * size))
        for turn in range(soak.REPEATS)
        for size in soak.SMALL
    ]
    text = "\n\n".join(soak.parts(small, costing(6 + 0.2 * 1000, 6 + 0.1 * 1000), 1000, failures=2))
    assert "missed by 2.00" in text  # failures
    verdicts = [line for line in text.splitlines() if "of one more" in line]
    assert ["missed" in line for line in verdicts] == [True, False]


def test_memory_over_time_keeps_the_highest_of_what_it_leaves_out() -> None:
    samples = [Sample(float(at), 900.0 if at == 17 else 100.0, None) for at in range(101)]
    lines = soak.memory_table(samples, shown=10).splitlines()[2:]
    assert len(lines) == 10
    assert sum("900.0" in line for line in lines) == 1
    assert soak.memory_table(samples[:3], shown=10).count("\n") == 2 + 2
    assert soak.memory_table([]).count("\n") == 1


# --- Tables and the page ----------------------------------------------------------------------


def test_columns_are_in_line() -> None:
    assert table.table(("way", "n"), [["a", "1,000"], ["b|c", "2"]]) == (
        "| way  |     n |\n| ---- | ----: |\n| a    | 1,000 |\n| b\\|c |     2 |"
    )


def test_a_row_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        table.table(("way", "n"), [["a"]])


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
    assert table.number(value) == text


def test_a_section_is_replaced_alone(tmp_path: Path) -> None:
    path = tmp_path / "results.md"
    table.replace_section(path, "Soak", "long\n\n### Memory\n\nflat")
    table.replace_section(path, "Benchmark", "first")
    before = path.read_text()
    assert before.index("## Benchmark\n\nfirst") < before.index("## Soak\n\nlong")
    table.replace_section(path, "Benchmark", "second")
    assert path.read_text() == before.replace("first", "second")
    table.replace_section(path, "Benchmark", "first\n")
    assert path.read_text() == before


def test_an_unknown_section_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="Weather"):
        table.replace_section(tmp_path / "results.md", "Weather", "fine")
    assert not (tmp_path / "results.md").exists()


# --- Parts alone ------------------------------------------------------------------------------


def test_the_writer_writes_every_synthetic_result(course: Path) -> None:
    said = parts.writer(course, "ps1", students=7, batch=3)
    with GradebookStore.open(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        names = gradebook.graded_students("ps1")
    assert names == {classes.student(number) for number in range(7)}
    assert "7 submissions of ps1" in said


def test_the_coordinator_is_measured_over_what_it_graded(
    course: Path,
    hand_in: Callable[..., Path],
    at_once: Executor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hand_in("ann")
    hand_in("bob")
    monkeypatch.setattr(ClassGrading, "run", lambda self, workers: self.on(at_once, lambda: 1))
    assert "2 submissions of ps1" in parts.coordinator(course, ["ps1"])


def test_the_scheduler_is_left_out_where_dask_is_not_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert parts.scheduler(3) is None


@pytest.mark.usefixtures("sandbox")  # says so where there is no isolation
def test_a_profile_names_functions_and_no_folder_of_this_machine(
    course: Path, hand_in: Callable[..., Path]
) -> None:
    for name in ("ann", "bob", "eve"):
        hand_in(name)
    said = profiles.profile(course)
    assert "`grading/jobs.py" in said
    assert "1 submissions" in said
    assert str(ROOT) not in said
    assert sys.prefix not in said


def test_a_command_that_leaves_no_profile_is_said_so(tmp_path: Path) -> None:
    missing = Command((str(tmp_path / "no-such-program"),), tmp_path, {}, child="nobody")
    with pytest.raises(BenchmarkError, match="no-such-program ended with exit code"):
        profiles.profile_command(missing)


def test_the_profile_of_a_command_names_what_it_calls(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("def work():\n    return sum(range(9))\n\nwork()\n")
    said = profiles.profile_command(Command((str(program),), tmp_path, {}, child="nobody"))
    assert "program.py:1 work`" in said
    assert "frozen" not in said


# --- Pages of feedback ------------------------------------------------------------------------


def test_pages_are_compared_within_a_round() -> None:
    """On a machine half as fast in the second round the ratio is the same."""
    costs = {
        feedback.STOCK: [costing(40.0), costing(80.0)],
        feedback.PLUGIN: [costing(20.0), costing(40.0)],
        feedback.OURS: [costing(5.0, others=0.9), costing(10.0, others=0.9)],
    }
    target, rows, said = feedback.tables(costs, 100)
    assert "8.00 × | met" in target
    assert [line.split("|")[-2].strip() for line in rows.splitlines()[2:]] == [
        *("1.00", "2.00", "8.00"),
    ]
    assert "Rounds: 2" in said
    assert "not quiet" not in said, "in the median of all runs it was quiet"


def test_a_command_that_fails_is_not_measured(tmp_path: Path) -> None:
    failed = dataclasses.replace(costing(1.0), code=1, output="autograder: no such course\n")
    command = Command(("autograder", "feedback"), tmp_path, {}, "")
    with pytest.raises(BenchmarkError, match="autograder feedback failed: autograder: no such"):
        feedback.checked(command, failed)


# --- The command line -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("bench", "--rounds", "0"), "--rounds 0"),
        (("bench", "--stock", "3"), "--stock 3"),
        (("bench", "--stock", "-4"), "--stock -4"),
        (("bench", "--quick", "--ours", "8", "--ours", "2"), "--ours 2"),
        (("soak", "--submissions", "100"), "--submissions 100"),
        (("writer", "--students", "0"), "--students 0"),
        (("coordinator", "--submissions", "3"), "--submissions 3"),
        (("scheduler", "--tasks", "0"), "--tasks 0"),
        (("feedback", "--rounds", "0"), "--rounds 0"),
        (("feedback", "--submissions", "3"), "--submissions 3"),
        (("profile", "--submissions", "2"), "--submissions 2"),
        (("bench", "--results", "no-such-folder/results.md"), "there is no folder no-such-folder"),
    ],
)
def test_bad_arguments_are_answered_in_a_line(arguments: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("benchmarks: ")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_what_cannot_be_measured_ends_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise BenchmarkError("the course could not be released: it rains")

    monkeypatch.setattr("benchmarks.__main__.make_template", broken)
    result = CliRunner().invoke(app, ["writer", "--students", "1"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith("benchmarks: the course could not be released: it rains\n")


def test_figures_are_kept_where_what_comes_after_them_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorFlow cannot be measured, and nothing can be profiled: the rest is on the page."""
    main = "benchmarks.__main__"
    runs = made_runs()

    def broken(*_: object, **__: object) -> None:
        raise BenchmarkError("the kernel died")

    monkeypatch.setattr(f"{main}.make_template", lambda *_: Template(tmp_path, tmp_path, BOTH))
    monkeypatch.setattr(f"{main}.run_rounds", lambda *_: runs)
    monkeypatch.setattr(f"{main}._start_ups", lambda *_: [])
    monkeypatch.setattr(f"{main}._all_five", lambda *_: (["### All five problem sets"], []))
    monkeypatch.setattr(f"{main}._with_tensorflow", broken)
    monkeypatch.setattr(f"{main}.fresh_course", broken)
    page = tmp_path / "results.md"
    result = CliRunner().invoke(app, ["bench", "--quick", "--results", str(page)])
    assert result.exit_code == 1
    assert result.stderr.endswith("benchmarks: the kernel died\n")
    kept = page.read_text()
    assert "**With TensorFlow nothing was measured: the kernel died**" in kept
    assert "It could not be profiled: BenchmarkError: the kernel died" in kept
    assert f"| {OURS}" in kept


@pytest.mark.parametrize("plan", [FULL, QUICK])
def test_plans_can_be_measured(plan: object) -> None:
    assert isinstance(plan, type(FULL))
    for sizes, step in ((plan.plain, 2), (plan.all_five, 5), (plan.tensorflow, 1)):
        assert {OURS, FLOOR} <= set(sizes)
        assert STOCK in sizes or sizes is plan.all_five
        for some in sizes.values():
            assert len(some) >= 2  # a slope needs two
            assert list(some) == sorted(set(some))
            assert all(size % step == 0 for size in some)
