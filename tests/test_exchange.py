"""nbgrader's exchange between real unix users: what arrives, and what stays with whom."""

from __future__ import annotations

import json
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from isolation import why_no_isolation
from running import ended
from unix_users import User, unix_users, why_no_users

from autograder.grading.records import VERDICTS_FILE
from examples.build import answers_of

SETTINGS = """\
c = get_config()
c.Exchange.root = {exchange!r}
c.CourseDirectory.course_id = "softmax-by-hand"
"""
RIGHT = {one.cell: one.text for one in answers_of("full-vectorised") if one.problem_set == "ps1"}
WRONG = "def softmax(z):\n    return np.exp(z) / np.exp(z).sum()\n"
WRITE = """
import json, sys
path, answers = sys.argv[1], json.loads(sys.argv[2])
with open(path) as file:
    notebook = json.load(file)
for cell in notebook["cells"]:
    name = cell["metadata"].get("nbgrader", {}).get("grade_id")
    cell["source"] = answers.get(name, cell["source"])
with open(path, "w") as file:
    json.dump(notebook, file)
"""
FIND = """
import os, sys
folder, sign = sys.argv[1], sys.argv[2].encode()
for place, _, names in os.walk(folder):
    for name in names:
        try:
            with open(os.path.join(place, name), "rb") as file:
                found = sign in file.read()
        except OSError:
            continue
        if found:
            print(os.path.join(place, name))
"""


@pytest.fixture(scope="module")
def people() -> Iterator[list[User]]:
    """An instructor and two students, each with nbgrader's settings for one exchange."""
    reason = why_no_users() or why_no_isolation()
    if reason is not None:
        pytest.skip(reason)
    with unix_users("instructor", "ada", "ben") as users:
        exchange = users[0].home.parent / "exchange"
        exchange.mkdir()
        exchange.chmod(0o777)
        users[0].own(exchange)
        for user in users:
            settings = user.home / ".jupyter/nbgrader_config.py"
            settings.parent.mkdir()
            settings.write_text(SETTINGS.format(exchange=str(exchange)))
            user.own(settings.parent)
        yield users


def sign_of(user: User) -> str:
    """Return what stands in every answer of this user and nowhere else."""
    return f"# the work of {user.name}"


def done(*processes: subprocess.Popen[str]) -> list[str]:
    """Wait for programs that run at once; all must end well. Return their outputs."""
    results = [ended(process) for process in processes]
    assert [code for code, _, _ in results] == [0] * len(results), results
    return [output for _, output, _ in results]


def readable(user: User, folder: Path, sign: str) -> list[str]:
    """Return the files below a folder in which this user can read a sign."""
    return done(user.start(sys.executable, "-c", FIND, folder, sign))[0].splitlines()


def test_work_and_feedback_go_round_and_no_student_sees_the_other_s(people, released):
    instructor, *students = people
    everything = instructor.home.parent
    course = Path(shutil.copytree(released, instructor.home / "course"))
    instructor.own(course)

    done(instructor.start("nbgrader", "release_assignment", "ps1", cwd=course))
    done(*(one.start("nbgrader", "fetch_assignment", "ps1") for one in students))
    for student, softmax in zip(students, (RIGHT["softmax"], WRONG), strict=True):
        answers = {
            name: f"{text}\n{sign_of(student)}"
            for name, text in {**RIGHT, "softmax": softmax}.items()
        }
        notebook = student.home / "ps1/ps1.ipynb"
        done(student.start(sys.executable, "-c", WRITE, notebook, json.dumps(answers)))
    done(*(one.start("nbgrader", "submit", "ps1") for one in students))

    done(instructor.start("nbgrader", "collect", "ps1", cwd=course))
    done(instructor.start("autograder", "grade", "ps1", "--jobs", "1", cwd=course))
    done(instructor.start("nbgrader", "generate_feedback", "ps1", cwd=course))
    done(instructor.start("nbgrader", "release_feedback", "ps1", cwd=course))
    done(*(one.start("nbgrader", "fetch_feedback", "ps1") for one in students))

    points = {}
    for student, other in (students, students[::-1]):
        record = course / "autograded" / student.name / "ps1" / VERDICTS_FILE
        verdicts = json.loads(record.read_text())["verdicts"]
        points[student] = {one["exercise"]: one["points"] for one in verdicts}

        sign = sign_of(student)
        own = readable(student, everything, sign)
        assert any(path.endswith("/feedback.html") or "/feedback/" in path for path in own)
        assert {Path(path).is_relative_to(student.home) for path in own} == {True}
        assert len(readable(instructor, course / "submitted", sign)) == 1
        assert readable(other, everything, sign) == [], "neither work nor feedback"
        assert list_as(other, everything / "exchange/softmax-by-hand/inbound") == "refused"
        assert list_as(other, everything / "exchange/softmax-by-hand/feedback") == "refused"
        assert list_as(other, student.home) == list_as(other, course) == "refused"
    ada, ben = (points[student] for student in students)
    assert ada["softmax"] > ben["softmax"]
    assert ada["scores"] == ben["scores"] > 0


def list_as(user: User, folder: Path) -> str:
    """Return how it ends when this user asks what is in a folder."""
    code, _, said = ended(user.start("ls", folder))
    return "refused" if code and "Permission denied" in said else "listed"


def test_users_are_gone_when_a_test_fails():
    reason = why_no_users()
    if reason is not None:
        pytest.skip(reason)
    made: list[User] = []

    def a_test_that_fails() -> None:
        with unix_users("eve") as users:
            made.extend(users)
            assert pwd.getpwuid(users[0].uid).pw_name == users[0].name
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        a_test_that_fails()
    assert not made[0].home.parent.exists()
    assert made[0].name not in {entry.pw_name for entry in pwd.getpwall()}
