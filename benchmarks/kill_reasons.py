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


EARLIER = (
    "add_bias init_weights one_hot scores softmax cce cce_from_scores numerical_gradient "
    "cce_gradient softmax_jacobian scores_gradient_x scores_gradient_W chain_rule loss_gradient"
)
LATER = (
    "Softmax Dense sgd_epoch is_softmax is_gradient batch_indices softmax_backward batch_gradient "
    "l2_penalty l2_gradient train predict accuracy confusion_matrix to_keras ReLU Tanh Sigmoid mse "
    "mse_gradient network_gradients Network"
)

ALIKE = "the same by the rules of arrays: an axis of length 1, or one that broadcasts as before"
ONE_SAMPLE = "one sample has one axis, so that every axis is the same"
NEVER_NEGATIVE = "what it is taken of is never negative"
NEVER_NAN = "what it is taken of is never nan or inf"
TOLERANCE = "the difference is within the exercise's tolerance"
ROUNDING = "exp(-50) is 2e-22, less than the sum's last digit"
NO_ACT = (
    "with the maximum subtracted no exponent is above 0 and the sum is 1 or more: it never acts"
)
LABELS = "labels are 0 or 1, and what is multiplied by 0 may be any number"
ONE_TERM = "one class of each sample is the true one: of its terms one is not 0"

# Only what lives is looked up here, so a part may stand in labels of mutants that are killed.
REASONS: tuple[Reason, ...] = (
    Reason(EARLIER, ("keepdims=True", ".shape[-1]", "[0]  ->  z_y = np.take_along_axis"), ALIKE),
    Reason(
        EARLIER, ("return np.squeeze(",), "no axis of this answer has length 1, or it is a number"
    ),
    Reason(EARLIER, ("return np.abs(", "answer without signs", "<sum of sizes>"), NEVER_NEGATIVE),
    Reason(EARLIER, ("<sum of finite terms>", "<mean of finite terms>"), NEVER_NAN),
    Reason(EARLIER, ("np.clip(z - z.max(axis=0), -50", "np.clip(Z - m, -50"), ROUNDING),
    Reason(EARLIER, ("<exp capped at 700>",), NO_ACT),
    Reason("cce_from_scores", ("<log clipped", "<log finite>"), NO_ACT),
    Reason("cce_from_scores", ("<log plus 1e-15>", "<log plus 1e-12>"), TOLERANCE),
    Reason(EARLIER, ("answer clipped at 1e-12",), TOLERANCE),
    Reason("softmax_jacobian chain_rule", ("arguments at least 1e-12",), TOLERANCE),
    Reason("one_hot", ("np.round(",), "0 and 1 are round"),
    Reason("cce cce_gradient", ("np.where(Y == 0, 2", "np.where(Y == 0, 0", "Y <= 0"), LABELS),
    Reason("cce", ("np.max(-Y * log", "<sum by max>"), ONE_TERM),
    Reason(
        "cce_gradient",
        ("nan_to_num", "np.where(Yhat == 0"),
        "0/0 is taken care of, and no slope is asked for where the true class has exactly 0",
    ),
    Reason("cce_gradient", ("1e-300",), "no probability but 0 is below 1e-300"),
    Reason("numerical_gradient", ("np.asarray(",), "each step is made on an array of its own"),
    Reason(
        "numerical_gradient",
        ("1e-08", "1e-8", ", 6)", "32 bits", "6 places"),
        TOLERANCE + ", 1e-6, which a difference quotient needs",
    ),
    Reason("softmax_jacobian", ("<outer exchanged>",), "both factors are the same vector"),
    Reason(
        "scores_gradient_W",
        ("<eye in 32 bits>", "<eye of integers>"),
        "0 and 1 are exact in any type, and the product is float64",
    ),
    Reason(
        "loss_gradient",
        ("axis=-1", "axis=None", "z.max())", "e.sum()", "z.ndim == 1"),
        ONE_SAMPLE,
    ),
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
