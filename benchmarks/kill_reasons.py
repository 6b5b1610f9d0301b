"""Why a mutant that is not killed is right: data for the kill matrix."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """Why mutants are right.

    Parameters
    ----------
    exercises : names, with spaces between; "" for every exercise
    parts : what stands in the label, any of them
    why : in one sentence
    """

    exercises: str
    parts: tuple[str, ...]
    why: str


LATER = (
    "Softmax Dense sgd_epoch is_softmax is_gradient batch_indices softmax_backward batch_gradient "
    "l2_penalty l2_gradient train predict accuracy confusion_matrix to_keras ReLU Tanh Sigmoid mse "
    "mse_gradient network_gradients Network"
)

REASONS: tuple[Reason, ...] = (
    Reason(
        LATER,
        ("learning_rate: float ", "def ", "tuple[Array,]"),
        "Only an annotation differs, which nothing evaluates.",
    ),
    Reason(
        LATER,
        ("keepdims=True", ".shape[-1]", "<ones of integers>", "gradient[:, -1:]", "Yhat[-1]"),
        "The same numbers, written otherwise.",
    ),
    Reason(
        LATER,
        ("return np.abs(", "<sum of sizes>", "<sum of finite terms>", "<mean of finite terms>"),
        "What is summed or returned is finite and not negative anyway.",
    ),
    Reason(
        LATER,
        ("<exp capped at 700>", "z.max() > 700 else 0", "-50, None)", "tanh by exp>(Z / 2)"),
        "With the maximum subtracted, or where nothing overflows, it gives the same numbers.",
    ),
    Reason(
        "Softmax ReLU Sigmoid accuracy l2_penalty Network train",
        ("clipped at 1e-12", "at least 1e-12", "plus 1e-8", "+ 1e-08"),
        "It differs by less than the tolerance, which rounding needs.",
    ),
    Reason(
        LATER,
        ("return np.squeeze(", "np.round(np.argmax", "np.round(C", "np.sort(2 * (Yhat"),
        "No axis of length 1, fraction or second row occurs in what the exercise may be given.",
    ),
    Reason(
        "sgd_epoch",
        ("softmax: ", "cce: "),
        "For one sample at a time every axis, and the mean of one number, are the same.",
    ),
    Reason(
        "sgd_epoch train Network",
        ("cce: ",),
        "Y is one-hot, and no true class has a probability of 0: its loss may be inf, or what it "
        "tends to.",
    ),
    Reason(
        "Dense train Network",
        ("W -= ", "W1 -= ", "W2 -= "),
        "The weights are the function's own array.",
    ),
    Reason(
        "predict Network confusion_matrix",
        ("in 8 bits", "dtype=np.int32"),
        "Labels below 128 fit in 8 bits, counts in 32; any integers are labels and counts.",
    ),
    Reason(
        "Network",
        ("<argmax of ",),
        "predict compares probabilities, and what keeps their order keeps the label.",
    ),
    Reason(
        "is_softmax is_gradient",
        ("is_softmax: ", "is_gradient: ", "numerical_gradient: ", "softmax: "),
        "Another test that tells every specimen for what it is.",
    ),
    Reason("l2_penalty", ("upside down",), "A sum has no order."),
)


def reason(exercise: str, label: str) -> str:
    """Return why a mutant is right, or "" where nobody has said so."""
    for one in REASONS:
        if (not one.exercises or exercise in one.exercises.split()) and any(
            part in label for part in one.parts
        ):
            return one.why
    return ""
