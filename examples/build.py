"""Makes the sample classes: `submitted/` and the table in `README.md`, of both courses.

    python -m examples.build

A submission is the released notebook, a student's answers from `answers/`, and perhaps
an edit; `students.py` says which, and what it must score.  The same inputs give the same
bytes.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from nbformat import NotebookNode, v4

from autograder.course.carried import CELL_ID, carrying_cell
from examples.edits import write
from examples.linear_regression.students import STUDENTS as OF_REGRESSION
from examples.records import Student, Work
from examples.students import STUDENTS

HERE = Path(__file__).parent
REGRESSION = HERE / "linear_regression"
RELEASED_REGRESSION = HERE.parent / "build" / "linear_regression" / "release"
MARKER = re.compile(r"# %% (?P<problem_set>[a-z]+\d+) (?P<after>after )?(?P<cell>\w+)")
STUB = "    raise NotImplementedError("
# In place of what a notebook carries, which grading leaves out and every release changes.
CARRIED = {"checks.py": b"# as it was when this was handed in\n"}
LETTERS = "abcdefghijklmnopqrstuvwxyz"
FIRST_DUE, WEEK = datetime(2026, 10, 5, 14, 3, 21), timedelta(days=7)


@dataclass(frozen=True)
class Answer:
    """The text of one cell: of a released one, or of a new one that comes after it."""

    problem_set: str
    cell: str
    after: bool
    text: str


def answers_of(student: str, folder: Path = HERE) -> list[Answer]:
    """Read ``answers/<student>.py``; what stands before its first marker is for editors.

    Parameters
    ----------
    student : the name
    folder : of the sample class

    Raises
    ------
    ValueError : a line looks like a marker and is none
    """
    path = folder / "answers" / f"{student}.py"
    if not path.exists():
        return []
    answers: list[Answer] = []
    marker: re.Match[str] | None = None
    lines: list[str] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), "# %%"]:
        if not line.startswith("# %%"):
            lines.append(line)
            continue
        if marker is not None:
            text = "\n".join(lines).strip("\n")
            answers.append(
                Answer(marker["problem_set"], marker["cell"], bool(marker["after"]), text)
            )
        marker, lines = MARKER.fullmatch(line), []
        if marker is None and line != "# %%":
            raise ValueError(f"{path}: {line!r} is not '# %% psN cell' or '# %% psN after cell'")
    return answers


def answers_for(
    work: Work, student: Student, problem_set: str, folder: Path = HERE
) -> list[Answer]:
    """Return a student's answers to a problem set; what is left out is as `work.like` has it."""
    answers = answers_of(student.name, folder)
    own = [answer for answer in answers if answer.problem_set == problem_set]
    given = {answer.cell for answer in own if not answer.after}
    if work.like is not None:
        own += [
            answer
            for answer in answers_of(work.like, folder)
            if answer.problem_set == problem_set and (answer.after or answer.cell not in given)
        ]
    return own


def fill(stub: str, text: str) -> str:
    """Return a solution cell with an answer in it.

    An answer to a function that begins with the stub's own first line, and is indented
    like it, keeps its docstring, as students do.
    """
    first = stub.partition("\n")[0] + "\n"
    body = text.removeprefix(first)
    if not stub.startswith("def ") or body == text or not re.match(r" {4}\S", body):
        return text
    return stub.partition(STUB)[0] + body


def uncomment(text: str) -> str:
    """Return the text of a Markdown cell, which stands in comments in the answers."""
    return "\n".join(line.removeprefix("#").removeprefix(" ") for line in text.splitlines())


def hand_in(released: NotebookNode, answers: list[Answer]) -> NotebookNode:
    """Put answers into a released notebook.

    Raises
    ------
    KeyError : the notebook has no such cell
    """
    notebook = v4.reads(v4.writes(released))
    for answer in answers:
        place = _place(notebook, answer.cell)
        cell = notebook.cells[place]
        if answer.after:
            before = sum(other.id.startswith(f"own-{answer.cell}-") for other in notebook.cells)
            own = v4.new_code_cell(answer.text, id=f"own-{answer.cell}-{before + 1}")
            notebook.cells.insert(place + 1 + before, own)
        elif cell.cell_type == "markdown":
            cell.source = uncomment(answer.text)
        else:
            cell.source = fill(cell.source, answer.text)
    return notebook


def with_carried(released: NotebookNode, files: Mapping[str, bytes]) -> NotebookNode:
    """Return a released notebook that carries these files instead of its own; {}: no such cell."""
    own = carrying_cell("this problem set", files)
    cells = [own if cell.id == CELL_ID else cell for cell in released.cells]
    released.cells = [cell for cell in cells if cell is not None]
    return released


def _place(notebook: NotebookNode, grade_id: str) -> int:
    for place, cell in enumerate(notebook.cells):
        if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id:
            return place
    raise KeyError(f"the released notebook has no cell {grade_id}: is its name in answers/ right?")


def submissions(
    students: Sequence[Student] = STUDENTS,
) -> Iterator[tuple[int, Student, str, Work]]:
    """Yield every submission with its student's number in the class."""
    for number, student in enumerate(students):
        for problem_set, work in student.work.items():
            yield number, student, problem_set, work


def build(
    release: Path, submitted: Path, students: Sequence[Student] = STUDENTS, folder: Path = HERE
) -> None:
    """Write the submissions of a whole class.

    Parameters
    ----------
    release : the folder of released problem sets
    submitted : the folder to fill; what was there before is removed
    students : of the class
    folder : of the class, where `answers/` is
    """
    shutil.rmtree(submitted, ignore_errors=True)
    for number, student, problem_set, work in submissions(students):
        text = (release / problem_set / f"{problem_set}.ipynb").read_text(encoding="utf-8")
        released = with_carried(v4.reads(text), CARRIED if student.carries else {})
        answers = answers_for(work, student, problem_set, folder)
        path = submitted / student.name / problem_set / f"{problem_set}.ipynb"
        path.parent.mkdir(parents=True)
        write(path, v4.writes(hand_in(released, answers)) + "\n")
        if work.edit is not None:
            work.edit(path)
        due = FIRST_DUE + (int(problem_set.lstrip(LETTERS)) - 1) * WEEK
        moment = due + timedelta(minutes=17 * number)
        write(path.parent / "timestamp.txt", f"{moment:%Y-%m-%d %H:%M:%S.%f} UTC\n")


# --- The table -------------------------------------------------------------------------------

README = """\
# A sample class

{students} students, {submissions} submissions: honest, mistaken, broken and hostile ones, and
the work of the two students from whose mistakes this course was made (`seed-a`, `seed-b`). Grade
them with `make grade`. What each must score is below, and `tests/test_examples.py` holds the
grader to it. The names are ids, not people.

- `students.py`: the class: who hands in what, what it must score, which mistakes must be named.
- `answers/`: what students wrote, a file each. `# %% ps1 softmax` begins the cell of that name,
  `# %% ps1 after softmax` a cell of the student's own after it. Where nothing is written, the
  stub stays, or the answer of another student, if `students.py` says so (`like`).
- `edits.py`: what happened to a notebook besides: broken files, edited tests, forgeries.
- `build.py`: makes `submitted/` and this page from these and from `release/`: `make examples`.

The hostile ones attempt what their descriptions say, against the paths of a course and within
bounds (2,000 processes, 160 MB of files). They are meant for the sandbox and for nowhere else: do
not run them in JupyterLab. The links of `hostile-symlink` and `hostile-links` lead somewhere only
within a course.

The written questions (4 points in each problem set) are marked by people and not counted here.

{table}
"""


def table(students: Sequence[Student]) -> str:
    """Return what each submission of a class must score, in Markdown."""
    lines = [
        "| student | | what it is | must score | must be named, or said |",
        "|---|---|---|---|---|",
    ]
    for student in students:
        for problem_set, work in student.work.items():
            named = [f"{exercise}: {', '.join(names)}" for exercise, names in work.mistakes.items()]
            said = [f'"{text}"' for text in work.said]
            cells = (
                f"`{student.name}`",
                problem_set,
                work.what,
                "not graded" if work.points is None else f"{work.points:g}",
                "; ".join((*named, *said)).replace("|", "\\|"),
            )
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def readme() -> str:
    """Return the text of ``README.md``."""
    return README.format(
        students=len(STUDENTS),
        submissions=sum(len(student.work) for student in STUDENTS),
        table=table(STUDENTS),
    )


def regression_readme() -> str:
    """Return the text of ``linear_regression/README.md``, with the table as it should be."""
    text = (REGRESSION / "README.md").read_text(encoding="utf-8")
    return text.partition("| student |")[0] + table(OF_REGRESSION) + "\n"


def main() -> None:
    """Make everything anew in this folder."""
    build(HERE.parent / "release", HERE / "submitted")
    write(HERE / "README.md", readme())
    # That course's release is not in the repository: `make examples` makes it first.
    build(RELEASED_REGRESSION, REGRESSION / "submitted", OF_REGRESSION, REGRESSION)
    write(REGRESSION / "README.md", regression_readme())


if __name__ == "__main__":
    main()
