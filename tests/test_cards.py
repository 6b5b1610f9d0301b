"""A card says all that a verdict says, to eyes and to screen readers, and runs nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from autograder.judging.cards import verdict_html, verdict_text
from autograder.judging.judge import Finding, Verdict, judge
from autograder.words import points_text
from softmax_by_hand import EXERCISES

EVIL = "<script>alert(1)</script> & \"'></td><img src=x onerror=alert(2)>"


def verdict(*findings: Finding, exercise: str = "softmax") -> Verdict:
    return Verdict(exercise, sum(finding.points for finding in findings), 8.0, findings)


MIXED = verdict(
    Finding("one sample", True, 2.5, "It sums to 1."),
    Finding("batch", False, 0.0, "The values are wrong.", "whole matrix"),
    Finding("purity", False, 0.0, "not counted: one sample must hold first"),
)


class Tree(HTMLParser):
    """Takes the tags, attributes and text of a card apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.styles: list[str] = []
        self.said: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == [], "a tag is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.styles += [value or "" for name, value in attrs if name == "style"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def test_points_are_written_as_people_write_them():
    assert [points_text(points) for points in (0.0, 8.0, 2.5, 1 / 3)] == [
        "0",
        "8",
        "2.5",
        "0.333333",
    ]


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
    said = " ".join(Tree(verdict_html(MIXED)).said)
    for words in ("softmax", "2.5", "8 points", "one sample", "It sums to 1.", "batch", "purity"):
        assert words in said
    for sign in ("\u2713 holds", "\u2717 not yet", "\u2013 open"):
        assert sign in said


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
    text, said = verdict_text(twice, exercise), "".join(Tree(verdict_html(twice, exercise)).said)
    for shown in (text, said):
        assert shown.count(f"This looks like: {mistake.name}.") == 1
        assert shown.count(mistake.did) == 1
        assert mistake.experiment in shown
    assert "of another catalogue" not in text
    assert "This looks like" not in verdict_text(twice)


def test_whatever_a_student_wrote_is_text():
    tree = Tree(verdict_html(verdict(Finding(EVIL, False, 0.0, EVIL), exercise=EVIL)))
    plain = Tree(verdict_html(MIXED))
    assert tree.tags <= plain.tags
    assert tree.attributes <= plain.attributes
    assert EVIL in "".join(tree.said)


@pytest.mark.parametrize("name", sorted(EXERCISES))
def test_every_card_of_the_catalogue_survives_the_cleaning_of_pages(name):
    """What Formgrader and feedback show goes through `card_html`."""
    from autograder.pages.markup import card_html

    exercise = EXERCISES[name]
    for function in (exercise.reference, *(entry.wrong[0] for entry in exercise.misconceptions)):
        before = verdict_html(judge(exercise, function), exercise)
        after = card_html(before)
        one, other = Tree(before), Tree(after)
        assert "".join(one.said) == "".join(other.said)
        assert one.tags == other.tags
        assert [re.sub(r"[\s;]", "", style) for style in one.styles] == [
            re.sub(r"[\s;]", "", style) for style in other.styles
        ]


def test_a_card_says_what_was_carried_forward_and_keeps_both_numbers():
    carried = Verdict(
        "loss_gradient",
        6.0,
        8.0,
        (
            Finding("gate", True, 4.0, "right, given a correct softmax", carried=True),
            Finding("extreme scores", True, 2.0, "holds"),
            Finding("purity", False, 0.0, "The call changed its first argument."),
        ),
        carried_points=4.0,
        given=("softmax",),
    )
    said = "4 of these 6 points are for what is right, given a correct softmax"
    for text in (verdict_text(carried), "".join(Tree(verdict_html(carried)).said)):
        assert said in text
        assert "On its own it has 2." in text
    assert "[->] gate" in verdict_text(carried)
    assert "Error carried forward" not in verdict_text(MIXED)


def test_a_named_mistake_is_told_with_why_it_looks_right_and_where_to_look():
    entry = replace(
        EXERCISES["softmax"].misconceptions[0],
        looks_right="In one dimension <it> is right.",
        lesson="02_softmax",
    )
    exercise = replace(EXERCISES["softmax"], misconceptions=(entry,))
    found = verdict(Finding("batch", False, 0.0, "The values are wrong.", entry.name))
    for text in (verdict_text(found, exercise), "".join(Tree(verdict_html(found, exercise)).said)):
        for part in (entry.did, entry.looks_right, entry.symptom, entry.experiment, "02_softmax"):
            assert part in text
