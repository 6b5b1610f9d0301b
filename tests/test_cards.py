"""A card says all that a verdict says, to eyes and to screen readers, and runs nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from seen import Seen

from autograder.base.words import points_text
from autograder.catalogue.model import Exercise
from autograder.judging.cards import verdict_html, verdict_text
from autograder.judging.judge import Finding, Verdict, judge
from softmax_by_hand import EXERCISES

EVIL = "<script>alert(1)</script> & \"'></td><img src=x onerror=alert(2)>"


def verdict(*findings: Finding, exercise: str = "softmax") -> Verdict:
    return Verdict(exercise, sum(finding.points for finding in findings), 8.0, findings)


MIXED = verdict(
    Finding("one sample", True, 2.5, "It sums to 1."),
    Finding("batch", False, 0.0, "The values are wrong.", "whole matrix"),
    Finding("purity", False, 0.0, "not counted: one sample must hold first"),
)


class Tree(Seen):
    """A card, taken apart; every tag is closed."""

    def __init__(self, text: str) -> None:
        self.open: list[str] = []
        super().__init__(text)
        assert self.open == [], "a tag is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        super().handle_endtag(tag)
        assert self.open.pop() == tag


def said_by(found: Verdict, *exercise: Exercise) -> tuple[str, str]:
    """Return what a card says as text, and as HTML."""
    return verdict_text(found, *exercise), "".join(Tree(verdict_html(found, *exercise)).words)


def test_points_are_written_as_people_write_them():
    written = [points_text(points) for points in (0.0, 8.0, 2.5, 1 / 3)]
    assert written == ["0", "8", "2.5", "0.333333"]


def test_the_text_has_a_line_for_each_criterion():
    assert verdict_text(MIXED).splitlines() == [
        "softmax: 2.5 of 8 points",
        "[ok] one sample: It sums to 1.",
        "[no] batch: The values are wrong.",
        "[no] purity: not counted: one sample must hold first",
    ]


def test_a_criterion_without_words_has_no_colon():
    assert verdict_text(verdict(Finding("batch", True, 1.0, ""))).endswith("[ok] batch")


def test_the_card_says_what_the_text_says_and_no_colour_stands_alone():
    said = " ".join(Tree(verdict_html(MIXED)).words)
    words = ("softmax", "2.5", "8 points", "one sample", "It sums to 1.", "batch", "purity")
    for part in (*words, "\u2713 holds", "\u2717 not yet", "\u2013 open"):
        assert part in said


def test_a_card_has_a_name_and_its_table_has_headings():
    card = verdict_html(MIXED)
    assert 'role="group" aria-label="Verdict on softmax"' in card
    assert card.count('<th scope="col"') == 4


def test_a_named_mistake_is_told_once_with_the_catalogues_words():
    exercise = EXERCISES["softmax"]
    mistake = exercise.misconceptions[0]
    twice = verdict(
        Finding("one sample", False, 0.0, "Wrong.", mistake.name),
        Finding("batch", False, 0.0, "Wrong.", mistake.name),
        Finding("purity", False, 0.0, "Wrong.", "of another catalogue"),
    )
    for shown in said_by(twice, exercise):
        assert shown.count(f"This looks like: {mistake.name}.") == 1
        assert shown.count(mistake.did) == 1
        assert mistake.experiment in shown
    assert "of another catalogue" not in verdict_text(twice, exercise)
    assert "This looks like" not in verdict_text(twice)


def test_whatever_a_student_wrote_is_text():
    tree = Tree(verdict_html(verdict(Finding(EVIL, False, 0.0, EVIL), exercise=EVIL)))
    plain = Tree(verdict_html(MIXED))
    assert set(tree.tags) <= set(plain.tags)
    assert tree.names <= plain.names
    assert EVIL in "".join(tree.words)


@pytest.mark.parametrize("name", sorted(EXERCISES))
def test_every_card_of_the_catalogue_survives_the_cleaning_of_pages(name):
    """What Formgrader and feedback show goes through `card_html`."""
    from autograder.pages.markup import card_html

    exercise = EXERCISES[name]
    for function in (exercise.reference, *(entry.wrong[0] for entry in exercise.misconceptions)):
        before = verdict_html(judge(exercise, function), exercise)
        after = card_html(before)
        one, other = Tree(before), Tree(after)
        assert "".join(one.words) == "".join(other.words)
        assert set(one.tags) == set(other.tags)
        styles = [re.sub(r"[\s;]", "", style) for style in one.values("style")]
        assert styles == [re.sub(r"[\s;]", "", style) for style in other.values("style")]


def test_a_card_says_what_was_carried_forward_and_keeps_both_numbers():
    findings = (
        Finding("gate", True, 4.0, "right, given a correct softmax", carried=True),
        Finding("extreme scores", True, 2.0, "holds"),
        Finding("purity", False, 0.0, "The call changed its first argument."),
    )
    carried = Verdict("loss_gradient", 6.0, 8.0, findings, carried_points=4.0, given=("softmax",))
    said = "4 of these 6 points are for what is right, given a correct softmax"
    for text in said_by(carried):
        assert said in text
        assert "On its own it has 2." in text
    assert "[->] gate" in verdict_text(carried)
    assert "Error carried forward" not in verdict_text(MIXED)


def test_a_named_mistake_is_told_with_why_it_looks_right_and_where_to_look():
    looks_right = "In one dimension <it> is right."
    mistake = EXERCISES["softmax"].misconceptions[0]
    entry = replace(mistake, looks_right=looks_right, lesson="02_softmax")
    exercise = replace(EXERCISES["softmax"], misconceptions=(entry,))
    found = verdict(Finding("batch", False, 0.0, "The values are wrong.", entry.name))
    for text in said_by(found, exercise):
        for part in (entry.did, looks_right, entry.symptom, entry.experiment, "02_softmax"):
            assert part in text
