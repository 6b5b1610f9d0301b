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
    luck : it holds also for what passes at some seeds only
    """

    exercises: str
    parts: tuple[str, ...]
    why: str
    luck: bool = False


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
ROUNDING_TANH = "beyond 20 tanh is 1 to the last digit, and beyond 50 a sigmoid within 2e-22"
ONE_ROW = "there is one row"
SEVENTH = "no label depends on the seventh digit"
RISING = ("sizes", "exp", "sigmoid", "maximum with 0", "exp over sum", "clipped")
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
        luck=True,
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
        ("axis=0, keepdims=True)", ".shape[-1]", "<ones of integers>", "gradient[:, -1:] = 0"),
        ALIKE,
    ),
    Reason(
        LATER,
        (
            "->  return np.abs(e / e.sum(",
            "->  return np.abs(self.A)",
            "->  return np.abs(np.maximum(Z, 0))",
            "->  return np.abs(softmax(",
            "->  return np.abs(np.array(history))",
            "->  return np.abs(np.argmax(",
            "->  return np.abs(C)",
            "->  return np.abs(float(",
            "<sum of sizes>(W[:, :-1] ** 2)",
            "<sum of sizes>(-Y * log",
        ),
        NEVER_NEGATIVE,
    ),
    Reason(LATER, ("<sum of finite terms>", "<mean of finite terms>"), NEVER_NAN),
    Reason(LATER, ("<exp capped at 700>(z - z.max(axis=0))",), NO_ACT),
    Reason(
        "batch_gradient network_gradients", ("np.clip(z - z.max(axis=0), -50, None)",), ROUNDING
    ),
    Reason(
        "Network",
        ("z.max() > 700 else 0",),
        "training keeps the mean of a sample's scores, so that none has all of them below -700",
    ),
    Reason(
        LATER,
        (
            "->  return np.squeeze(float(",
            "->  return np.squeeze(np.vstack((X, np.ones(",
            "->  return np.squeeze(np.outer(",
            "->  return np.squeeze(scale * ",
            "->  return np.squeeze(gradient)",
            "->  return np.squeeze((softmax(W @ Xb) - Y) @ Xb.T / ",
            "->  return np.squeeze(np.argmax(",
            "->  return np.squeeze(C)",
        ),
        "it is a number, or with two classes, samples or features and more no axis has length 1",
    ),
    Reason(
        "sgd_epoch",
        (
            "->  return np.squeeze(e / e.sum(",
            "->  e = np.exp(z - z.max(",
            "->  e = np.exp(z - np.max(z, axis=0) * (z.ndim == 1))",
            "->  return e / e.sum(",
            "->  return float(np.mean(np.sum(-Y * log",
            "->  return float(np.mean(np.sum(-Y @ log, axis=0)))",
            *(f"->  return float(np.{name}(np.sum(-Y * log, " for name in ("max", "min", "sum")),
            "->  return float(np.prod(np.sum(-Y * log, ",
            "->  return float(<mean by median>(",
            "->  return float(<mean by sum>(",
        ),
        ONE_SAMPLE + ", and a mean is of one number",
    ),
    Reason(
        "sgd_epoch train Network",
        ("np.where(Y <= 0, 1, Yhat)", "np.where(Y == 0, 2, Yhat)"),
        LABELS,
    ),
    Reason(
        "sgd_epoch train Network",
        ("np.mean(np.max(-Y * log, axis=0))", "np.mean(<sum by max>(-Y * log, axis=0))"),
        ONE_TERM,
    ),
    Reason(
        "sgd_epoch train Network",
        ("(Yhat == 0, 1, Yhat)", "np.maximum(Yhat, 1e-300)", "at 1e-300>", "<log finite>"),
        "it acts where a true class has exactly 0: that loss the exercise leaves open",
    ),
    Reason("Dense", ("self.W -= learning_rate",), "the weights are the layer's own array"),
    Reason("train", ("W -= learning_rate",), "the weights are the function's own array"),
    Reason("Network", ("self.W1 -= ", "self.W2 -= "), "the weights are the network's own arrays"),
    Reason(
        "Dense Network",
        ("scale=0.01):  ->  def init_weights(D, K, rng, scale=",),
        "its scale is always given",
    ),
    Reason(
        "predict Network confusion_matrix",
        ("->  return np.round(np.argmax(", "->  return np.round(C, 6)"),
        "integers are round",
    ),
    Reason("predict Network", ("answer in 8 bits",), "labels below 256 fit in 8 bits"),
    Reason("confusion_matrix", ("dtype=np.int32",), "counts below 2**31 fit in 32 bits"),
    Reason("predict", ("arguments rounded to 6 places",), SEVENTH),
    Reason("Softmax ReLU Sigmoid", ("forward: answer clipped at 1e-12",), TOLERANCE),
    Reason("l2_penalty accuracy", ("answer clipped at 1e-12",), TOLERANCE),
    Reason("Network", ("fit: answer clipped at 1e-12",), TOLERANCE),
    Reason(
        "train",
        ("axis=0))) + 1e-08", "np.ones(X.shape[1]))) + 1e-08"),
        TOLERANCE + " where losses are large or steps few",
        luck=True,
    ),
    Reason(
        "Softmax ReLU Tanh Sigmoid",
        ("backward: argument with a default ignored",),
        "a layer without weights has no use for a learning rate",
    ),
    Reason("Tanh Sigmoid", ("forward: arguments between -50 and 50",), ROUNDING_TANH),
    Reason("Tanh Sigmoid", ("forward: arguments between -700 and 700",), ROUNDING_TANH),
    Reason("Tanh", ("forward: arguments between -20 and 20",), ROUNDING_TANH),
    Reason("l2_penalty", ("arguments without signs",), "a square has no sign"),
    Reason("l2_penalty accuracy confusion_matrix", ("upside down",), "a sum has no order"),
    Reason("l2_gradient", ("arguments exchanged",), "a product has no order"),
    Reason(
        "accuracy",
        ("arguments exchanged", "arguments squeezed", "arguments at least 1e-"),
        "of two labels it counts only whether they are equal, and stay so",
    ),
    Reason(
        "to_keras",
        ("kept by the first argument", "kept by the last argument"),
        "W is all of the question",
    ),
    Reason("mse", ("(Yhat[-1] - y)",), ONE_ROW),
    Reason("mse_gradient", ("->  return np.sort(2 * (Yhat - y), axis=0)",), ONE_ROW),
    Reason(
        "Network",
        (*(f"<argmax of {name}>(self.forward(X)" for name in RISING),),
        "what rises with the probabilities has its maximum at the same class",
    ),
    Reason(
        "Network",
        ("<argmax of rounded>(self.forward(X)",),
        "no two classes of a sample are equal to three places and the most probable",
        luck=True,
    ),
    Reason("Network", ("predict: arguments in 32 bits", "predict: arguments rounded"), SEVENTH),
    Reason(
        "Network",
        ("backward: arguments in 32 bits", "backward: arguments as integers"),
        "labels are 0 or 1, which any type holds",
    ),
    Reason("Network", ("backward: arguments at least 1e-12",), TOLERANCE),
    Reason(
        "Network",
        ("forward: wrong on call ",),
        "where that call is one of predict, for an order that stays gives the same labels",
        luck=True,
    ),
    Reason(
        "Network",
        ("backward: wrong on call ",),
        "where that call is in a step of rate 0, which moves nothing",
        luck=True,
    ),
    Reason(
        "is_softmax",
        ("->  Z = np.random.default_rng().", "->  far = Z + np.random.default_rng()."),
        "other scores are tried each time, and at nearly all of them every wrong specimen shows",
        luck=True,
    ),
    Reason(
        "is_softmax is_gradient",
        tuple(
            f"{name}: {before} = "
            for name, befores in (
                ("is_softmax", ("Z", "far", "tried", "rng")),
                ("is_gradient", ("tried",)),
            )
            for before in befores
        ),
        "other samples or weights are tried, and at these every wrong specimen shows too",
    ),
    Reason(
        "is_softmax",
        (
            "->  e = np.exp(z - np.minimum(z.max(axis=0), 700))",
            "->  e = np.exp(z - (z.max(axis=0) if z.max() > 700 else 0))",
            "->  e = np.exp(np.clip(z - z.max(axis=0), -50, None))",
            "->  e = np.exp((z - z.max(axis=0)).astype(np.float32))",
            "->  return np.squeeze(e / e.sum(axis=0))",
            "<exp in 32 bits>",
        ),
        "its own softmax is right at the scores that it tries, as nearly as it compares",
    ),
    Reason(
        "is_gradient",
        ("->  W = W", "->  W = np.asarray(W", "np.float64)  ->  gradient = np.zeros_like(W)"),
        "each step is made on an array of its own",
    ),
    Reason("is_gradient", ("->  return gradient + 1e-08",), "it compares to 1e-7"),
    Reason(
        "is_gradient",
        ("<allclose loosely>",),
        "it compares to 1 percent and 0.01, and the exercise asks to refuse what is 2 percent off, "
        "which in small slopes it may miss; smaller ones would refuse right tests",
        luck=True,
    ),
    Reason(
        "is_softmax is_gradient",
        ("->  return np.squeeze(all(", "->  return np.abs(all("),
        "True and 1 are as good as True, of NumPy too",
    ),
    Reason(
        "is_softmax is_gradient",
        ("<allclose but for nan>",),
        "no right answer is nan, and 0 in its place is no right answer either",
    ),
)


def reason(exercise: str, label: str, everywhere: bool = True) -> str:
    """Return why a mutant is right, or "" where nobody has said so.

    Parameters
    ----------
    everywhere : it passes at all seeds; what passes at some needs a reason that says why
    """
    for one in REASONS:
        if (
            (not one.exercises or exercise in one.exercises.split())
            and any(part in label for part in one.parts)
            and (everywhere or one.luck)
        ):
            return one.why
    return ""
