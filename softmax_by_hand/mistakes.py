"""Mistakes that several exercises can have, each told in the same words everywhere.

Data only: what is wrong belongs to the exercises, which hand it in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograder.catalogue.model import Misconception

Wrong = Callable[..., Any]
LARGE = "large scores"


def no_max_shift(*wrong: Wrong, experiment: str) -> Misconception:
    """Return the mistake of an exp that overflows."""
    return Misconception(
        "no max shift",
        wrong,
        did="You took exp of the scores as they are, without subtracting the maximum first.",
        symptom="nan as soon as a score is above 709, where exp overflows.",
        experiment=experiment,
        looks_right="It is the formula word for word, and for scores of ordinary size the "
        "numbers are the same.",
        shows_in=LARGE,
        lesson="02_softmax",
    )


def other_shift(*wrong: Wrong) -> Misconception:
    """Return the mistake of a shift to the wrong end, or to the middle."""
    return Misconception(
        "another number subtracted",
        wrong,
        did="Before exp you subtracted from each sample another number than its largest score, as "
        "its smallest or its mean.",
        symptom="nan where a score is more than 710 above what was subtracted.",
        experiment="Try a sample with scores -2000, 2000 and -2000: one class is certain.",
        looks_right="Whatever is subtracted from a whole sample cancels, and a common offset of "
        "1000 does no harm.",
        shows_in=LARGE,
        lesson="02_softmax",
    )


def one_maximum(*wrong: Wrong) -> Misconception:
    """Return the mistake of one shift for a whole batch."""
    return Misconception(
        "one maximum for all",
        wrong,
        did="You subtracted the largest score of the whole batch, where each sample has its own.",
        symptom="nan for samples that lie more than 750 below the largest score.",
        experiment="Try two samples, one with all scores at 1000, one with all at -1000.",
        looks_right="For one sample it is right, and for a batch whose scores are alike nothing "
        "differs.",
        shows_in=LARGE,
        lesson="02_softmax",
    )


def clipped_loss(*wrong: Wrong) -> Misconception:
    """Return the mistake of a guard in the logarithm."""
    return Misconception(
        "clipped probabilities",
        wrong,
        did="You clipped the probabilities, or added a small number to them, before the logarithm.",
        symptom="However wrong a prediction is, the loss stops at some number, as 16 for 1e-7.",
        experiment="Give a true class a score 200 below another one: its loss must be 200.",
        looks_right="Warnings are gone, and for ordinary probabilities the losses have the "
        "right digits.",
        shows_in=LARGE,
        lesson="03_cross_entropy",
    )


def nan_in_chain(*wrong: Wrong) -> Misconception:
    """Return the mistake of a division by a probability of 0."""
    return Misconception(
        "0 / 0 in the chain",
        wrong,
        did="On the way back you divided by probabilities, and 0 / 0 is nan.",
        symptom="nan as soon as one score lies more than 750 below another of its sample.",
        experiment="Give one class a score 2000 below the others: the slopes must be finite.",
        looks_right="It is the chain rule word for word, and right as long as no probability is 0.",
        shows_in=LARGE,
        lesson="04_jacobian",
    )


def epsilon_in_chain(*wrong: Wrong) -> Misconception:
    """Return the mistake of a guard in a division by a probability."""
    return Misconception(
        "epsilon in the chain",
        wrong,
        did="You added a small number to the probabilities by which you divide on the way back.",
        symptom="A true class that is nearly impossible has a slope of 0, where it is steepest.",
        experiment="Give the true class a score 200 below another: its own slope should be -1.",
        looks_right="No division fails any more, and for ordinary probabilities hardly a digit "
        "differs.",
        shows_in=LARGE,
        lesson="04_jacobian",
    )


def on_the_class(*wrong: Wrong, again: str = "called again") -> Misconception:
    """Return the mistake of a state that all objects share."""
    return Misconception(
        "kept on the class",
        wrong,
        did="What one object keeps you wrote to the class or a global name, which all share.",
        symptom="A second object changes what the first gives.",
        experiment="Make two, call forward of one, then of the other, then backward of the first.",
        looks_right="As long as there is a single object, it makes no difference.",
        shows_in=again,
    )


def changes_upstream(*wrong: Wrong, name: str) -> Misconception:
    """Return the mistake of computing in the slope that was handed in."""
    return Misconception(
        f"changes {name}",
        wrong,
        did=f"You computed in {name} itself, which belongs to whoever handed it in.",
        symptom=f"{name} holds other numbers after the call.",
        experiment=f"Keep before = {name}.copy() and compare after backward.",
        looks_right="All that is returned is right, and no new array is needed.",
        shows_in="purity",
    )


def passed_on(*wrong: Wrong) -> Misconception:
    """Return the mistake of a backward without a slope of its own."""
    return Misconception(
        "slope passed on",
        wrong,
        did="backward hands back what it was given, as if the layer changed nothing.",
        symptom="The answer is grad_a itself.",
        experiment="Compare backward(grad_a) with grad_a: are they equal?",
        looks_right="The shape is right, and for a layer that only adds a number it is the answer.",
    )


def only_ones(*wrong: Wrong) -> Misconception:
    """Return the mistake of a backward that begins anew."""
    return Misconception(
        "only ones",
        wrong,
        did="backward gives 1 for every entry, whatever went forward and whatever came back.",
        symptom="The answer never changes.",
        experiment="Call backward with grad_a = 0: all of the answer must be 0.",
        looks_right="The shape is right, and a chain of slopes does begin with a 1.",
    )
