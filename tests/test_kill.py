"""The kill matrix: wrong functions made by machine earn no full marks, or it is said why."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from autograder.catalogue.model import Criterion, Exercise
from autograder.judging.judge import full_marks, judge
from benchmarks.__main__ import app
from benchmarks.killing import matrix as kill
from benchmarks.killing.mutants import Mutant, mutants
from softmax_by_hand import EXERCISES
from softmax_by_hand.lecture import softmax

SOFTMAX = EXERCISES["softmax"]


def quiet(line: str) -> None:
    """Say nothing of how far it is."""


def test_full_marks_are_those_of_the_judge():
    functions = [mutant.make() for mutant in mutants(SOFTMAX)[::9]] + [softmax, None, 3]
    for seed in range(2):
        told = list(full_marks(SOFTMAX, functions, seed))
        assert told == [judge(SOFTMAX, function, seed).passed for function in functions]
        assert any(told)
        assert not all(told)


def test_every_mutant_is_another_and_says_what_was_changed():
    labels = [mutant.label for mutant in mutants(SOFTMAX)]
    assert len(labels) == len(set(labels)) > 150
    assert "softmax: e = np.exp(z - z.max(axis=0))  ->  e = np.exp(z)" in labels
    assert "softmax: return e / e.sum(axis=0)  ->  return e * e.sum(axis=0)" in labels
    assert "mistake: no exponential, 0" in labels


def test_mutant_keeps_nothing_from_one_judgement_to_the_next():
    kept = next(mutant for mutant in mutants(SOFTMAX) if mutant.label == "kept for ever")
    one, other = kept.make(), kept.make()
    assert one(np.zeros(2)).tolist() == [0.5, 0.5]
    assert other(np.zeros(4)).tolist() == [0.25] * 4


def test_weak_fixtures_let_mutants_live_and_a_mutant_that_does_not_end_is_ended(monkeypatch):
    def ones(rng: np.random.Generator) -> list[tuple[np.ndarray]]:
        return [(np.full(3, rng.normal()),), (np.full(3, rng.normal()),)]

    def for_ever(z: np.ndarray) -> np.ndarray:
        while True:
            pass

    weak = Exercise("softmax(z)", softmax, (Criterion("", 1.0, "", ones),))
    looping = [Mutant("for ever", lambda: for_ever), *mutants(weak)]
    monkeypatch.setattr(kill, "mutants", lambda exercise: looping)
    monkeypatch.setattr(kill, "SECONDS", 0.2)
    row = kill.kill(weak, range(2), say=quiet)
    alive = {survivor.label for survivor in row.survivors}
    assert "for ever" not in alive
    assert any("np.mean" in label or "z[0]" in label for label in alive)
    assert row.idle > 0
    assert row.seeds == 2


@pytest.mark.parametrize("name", ["scores", "Dense"])
def test_what_changes_nothing_around_the_right_function_has_full_marks(name: str) -> None:
    exercise = EXERCISES[name]
    around = [mutant for mutant in mutants(exercise) if mutant.around]
    resting = kill._answering_alike(exercise, around, range(1))
    assert 0 < len(resting) < len(around)
    assert all(full_marks(exercise, [mutant.make() for mutant in resting], 0))


@pytest.mark.parametrize(
    ("name", "every"),
    [("softmax", 3), ("cce", 5), ("cce_from_scores", 5), ("one_hot", 1), ("loss_gradient", 5)],
)
def test_no_mutant_lives_without_a_reason(name, every):
    row = kill.kill(EXERCISES[name], range(2), every, quiet)
    assert row.unexplained == ()
    assert row.mutants - len(row.survivors) > 30


def test_command_shows_the_table_and_fails_where_a_reason_is_missing(monkeypatch):
    arguments = ["kill", "scores", "--seeds", "1", "--every", "2"]
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 0
    assert "| scores   |" in outcome.output
    monkeypatch.setattr(kill, "reason", lambda exercise, label, everywhere: "")
    outcome = CliRunner().invoke(app, [*arguments[:1], "cce_gradient", *arguments[2:4]])
    assert outcome.exit_code == 1
    assert "cce_gradient: passes at 1 of 1 seeds: " in outcome.output


def test_command_names_what_it_does_not_know():
    outcome = CliRunner().invoke(app, ["kill", "softmacks"])
    assert outcome.exit_code == 2
    assert "there is no exercise softmacks" in outcome.output
