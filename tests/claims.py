"""Numbers that the texts of notebooks, book and cards give, each with what computes it.

For each notebook: the cell (or `BOOK`: the chapter of that lesson), a piece of its text with a
place for each number, and expressions over the notebook's own variables once it has run (`np`, and
`r`, the course's mathematics); an expression may give several numbers.  The text must stand there
exactly as it comes out, so a number that is no longer right is found, and so is a claim whose text
was changed.

`GIVEN` holds what is no result: inputs of a prediction, settings, and what was counted outside
the notebooks.
"""

from __future__ import annotations

HUGE = "np.log(np.finfo(float).max)"
TINY = "np.log(np.finfo(float).smallest_subnormal) - np.log(2) - 2"
TEST = "100 * accuracy(W_digits, X_test, Y_test)"
BEST = "np.log10(steps[np.argmin([abs(g - np.cos(W_demo)).max() for g in %s])]).round()"
CENTRAL = "[((2 + h) ** 3 - (2 - h) ** 3) / (2 * h) for h in (0.1, 0.01)]"
CONFUSED = "confusion_matrix(y_test, predict(W_confused, add_bias(X_test)), 10)[[8, 3], [1, 8]]"
FORWARD = "[((2 + h) ** 3 - 8) / h for h in (0.1, 0.01)]"

BOOK = ""

CLAIMS: dict[str, list[tuple[str, ...]]] = {
    "01_scores": [
        ("by-hand-answer", "(1,\\ -1,\\ 0)$. **Class %d wins.**", "np.argmax([1, -1, 0])"),
        ("exercise-answer", "$10 \\times 65 = %d$", "10 * (8 * 8 + 1)"),
        ("exercise-answer", "$(64, %d)$, $(65, %d)$", "2 * [np.load('digits.npz')['labels'].size]"),
    ],
    "02_softmax": [
        ("candidates-answer", "(\\tfrac1%d, 0, \\tfrac23)", "sum(abs(k) for k in (-1, 0, 2))"),
        ("eighths-answer", "and the sum is %d", "round(np.exp(z_eighths).sum())"),
        ("big", "ends near $10^{%d}$", "np.log10(np.finfo(float).max)"),
        ("overflow-answer", "a shift of about $%.1f$", HUGE + " - 2"),
        ("overflow-answer", "is then $%.1f$, and $e^{%.1f}$ is the largest power", HUGE, HUGE),
        ("overflow-answer", "at about $%d$, all three are 0", TINY),
        ("overflow-notes", "ln(1.8e308) = %.1f", HUGE),
        ("overflow-notes", "from a shift of %.1f on", HUGE + " - np.log(np.exp([2, 1, 0]).sum())"),
        (BOOK, "near $%.1f \\cdot 10^{308}$", "np.finfo(float).max / 1e308"),
        (BOOK, "(%.3f, %.3f, %.3f)", "softmax_of_one_sample(z_big)"),
        ("bug-stacks-answer", "add up to **%d**", "round(A_batch.sum())"),
        ("bug-stacks-answer", "%d numbers share", "A_batch.size"),
    ],
    "03_cross_entropy": [
        ("bug-classes-answer", "that is %.0f%% of all", "100 * (2 / 3) ** 5"),
        (BOOK, "it is $10^{%d}$", "1797 * np.log10(0.9)"),
        ("bug-classes-notes", "(2/3)^5 = %.2f", "(2 / 3) ** 5"),
        ("by-hand", "\\ln 2 \\approx %.2f", "np.log(2)"),
        ("by-hand-answer", "3 \\ln 2 \\approx %.2f", "losses_eighths[0]"),
        ("by-hand-answer", "2 \\ln 2 \\approx %.2f", "losses_eighths[1]"),
        ("by-hand-answer", "\\ln \\tfrac85 \\approx %.2f", "losses_eighths[2]"),
        ("live-notes", "at 1/e, about %.2f", "np.exp(-1)"),
        ("guessing-answer", "$\\;%.2f$, $\\;%.2f$, $\\;%.2f$", "np.log([2, 3, 10])"),
        ("logits-answer", "+ 800 = %d$", "r.cce_from_scores(np.array([0, -800.0]), 1)"),
        ("logits-notes", "cannot exceed %.1f", "-np.log(1e-7)"),
        (
            "bug-constant",
            "(a) $%.3f$ with 7 samples, and $%.2f$ with 14",
            "0.8109 * np.array([7, 14])",
        ),
        ("bug-constant", "(b) $%.4f$", "0.8109 / np.log(2)"),
        ("bug-constant", "(d) $%.4f$ with 3 classes", "0.8109 / 3"),
        ("bug-constant-answer", "$%.4f = 1 / \\ln 2$", "1 / np.log(2)"),
        ("bug-constant-notes", "would give %.4f", "1 / np.log(10)"),
        ("bug-constant-notes", "N, 1/K, %.4f, %.4f, -1", "1 / np.log(2)", "1 / np.log(10)"),
        ("exercise-answer", "\\ln 4 \\approx %.2f", "np.log(4)"),
        ("exercise-answer", "\\tfrac{5}{16} \\approx %.2f", "-np.log((1 / 2 + 1 / 8) / 2)"),
        ("exercise-answer", "about $-10^{%d}$", "round(np.log10(np.log(1 + 1e-9)))"),
        ("exercise-answer", "0.1 \\ln 0.1 \\approx %.3f", "-0.9 * np.log(0.9) - 0.1 * np.log(0.1)"),
    ],
    "04_jacobian": [
        ("push-answer", "by $0.5$: $\\;(%.4f,\\ %+.4f,\\ %.4f)$", "change"),
        (
            "push-answer",
            "$a_2$ pays %s times as much as $a_0$",
            "{5: 'five'}[round(change[2] / change[0])]",
        ),
        (
            "to-the-loss-answer",
            "(\\tfrac%d8,\\ -\\tfrac%d8,\\ \\tfrac%d8)",
            "np.round(abs(8 * grad_z))",
        ),
    ],
    "05_chain_rule": [
        ("shapes-answer", "$(%d, %d, %d)$: input", "T_course.shape"),
        ("strips-answer", "$K(D+1) = %d$", "np.count_nonzero(T_course)"),
        (
            "collapse-notes",
            "From %d numbers, %d of them 0",
            "T_course.size",
            "np.sum(T_course == 0)",
        ),
        ("exercise-answer", "= %d$, of which at most $%d$", "10 * 65 * 10", "10 * 65"),
        ("exercise-notes", "%.0f%% of T is zeros for ten classes", "100 * (1 - 1 / 10)"),
    ],
    "06_gradient_check": [
        ("secant-answer", "float64 keeps %d digits", "round(-np.log10(np.finfo(float).eps))"),
        ("slider-answer", "off by %.0f%%", "100 * (np.sinh(0.5) / 0.5 - 1)"),
        ("slider-answer", "by %.1f%%", "100 * ((np.exp(0.5) - 1) / 0.5 - 1)"),
        ("two-errors", "\\varepsilon = 10^{%d}", "round(np.log10(np.finfo(float).eps))"),
        (
            "two-errors-answer",
            "$h^3 \\approx \\varepsilon$: $\\;h \\approx 10^{%d}$",
            "round(-16 / 3)",
        ),
        (
            "two-errors-answer",
            "an error near $10^{%d}$",
            "np.log10(errors['central'].min()).round()",
        ),
        ("two-errors-answer", "$h^2 \\approx \\varepsilon$: $\\;h \\approx 10^{%d}$", "-16 / 2"),
        ("v-answer", "\\varepsilon \\approx 10^{%d}", "round(np.log10(np.finfo(np.float32).eps))"),
        (
            "v-answer",
            "$h \\approx 10^{%d}$",
            "np.log10(steps[errors['central, float32'].argmin()]).round()",
        ),
        ("compare-answer", "$\\;\\tfrac1%d$", "round((2 + 1) / (2 - 1))"),
        ("bug-ratio", "off by up to %.0f%% in the others", "100 * abs(drifting - 1).max()"),
    ],
    "07_sgd": [
        ("data", "%d points, three classes", "labels.size"),
        ("data-answer", "\\ln 3 \\approx %.2f", "loss_and_accuracy(W_zero)[0]"),
        ("bug-star", "with an accuracy of %.2f", "loss_and_accuracy(W_wrong[-1])[1]"),
        ("bug-star", "with an accuracy of %.2f", "loss_and_accuracy(W_right[-1])[1]"),
        ("bug-star-notes", "decides %.0f%% correctly", "100 * loss_and_accuracy(W_wrong[-1])[1]"),
    ],
    "08_batches": [
        ("epoch-answer", "\\tfrac{%d}{11} \\approx %.2f", "3 + 3 + 3 + 2 * 3", "15 / 11"),
        ("epoch-answer", "would be $%.1f$", "np.mean([1, 1, 1, 3])"),
        (
            "live-answer",
            "about %.0f%% and %.0f%%",
            "100 * accuracy(W_digits, X_train, Y_train)",
            TEST,
        ),
        ("exercise-answer", "%d steps; $1400 - 43 \\cdot 32 = %d$", "-(-1400 // 32)", "1400 % 32"),
        ("exercise-answer", "w = %.2f", "1e-3 / (2 * 0.01)"),
        ("summary", "reads unseen digits at about %.0f%%", TEST),
    ],
    "09_tensorflow": [
        ("cap-answer", "30 \\ln 10 \\approx %.1f", "30 * np.log(10)"),
        ("cap-answer", "7 \\ln 10 \\approx %.2f", "7 * np.log(10)"),
        (
            "bug-stall",
            "falls from %.2f, and then **stays above %.2f**",
            "np.log([3, 1 + 2 / np.e])",
        ),
        ("bug-stall-answer", "\\approx %.3f", "np.log((np.e + 2) / np.e)"),
        ("bug-stall-answer", "For 10 classes it is %.2f", "np.log((np.e + 9) / np.e)"),
        ("bug-stall-slider-answer", "$(%.2f, %.2f, %.2f)$", "softmax(np.eye(3)[0])"),
        ("exercise", "why %.2f?", "np.log((np.e + 9) / np.e)"),
        ("exercise-answer", "$%d$, $%d$, and $%d$", "4 * 3, 3, 3 * (4 + 1)"),
        ("exercise-answer", "\\approx %.3f", "np.log((np.e + 9) / np.e)"),
        ("summary", "near %.2f", "-np.log(1e-7)"),
    ],
    "10_hidden_layer": [
        ("forward-question", "\\ln 2 \\approx %.3f", "np.log(2)"),
        ("graph-notes", "z1 is (%d, %.2f) here", "z1_one"),
        ("graph-notes", "is %d and about %.2f", "1 - np.tanh(z1_one) ** 2"),
        ("bug-output-notes", "between %.3f and %.2f", "np.exp(1) / (1 + np.exp(1)) ** 2", "1 / 4"),
        ("digits", "reached %.1f%% of the unseen", "100 * 388 / 397"),
        ("digits-answer", "%.1f%%: hardly more", "100 * right"),
        ("exercise-answer", "= %d$", "32 * 65 + 10 * 33"),
    ],
    "ps1": [
        ("init-weights-predict", "(4+1) = %d$ weights", "3 * (4 + 1)"),
        ("one-hot-predict", "\\approx %.0f\\,\\%%$", "100 * (2 / 3) ** 5"),
        ("one-hot-see", "%d, %d, %d and %d", "one_hot(labels_demo, 4).sum(axis=1)"),
        (
            "scores-predict",
            "\\mathbf{z} = (%d, %d, %d)",
            "np.matmul([[1, 1, 0, -1], [1, 2, 0, 1], [-1, 1, 1, 2]], [2, -1, 3, 1])",
        ),
        ("scores-see", "by $(%+d, %+d, %+d)$", "W_demo[:, 0]"),
        ("softmax-idea", "near $e^{%.2f}$", HUGE),
        ("softmax-predict", "(%.3f, %.2f, %.3f)", "softmax(np.log([1, 2, 5]))"),
        ("softmax-see", "e^{\\ln 5} = %d", "round(softmax(z_demo)[2] / softmax(z_demo)[0])"),
        ("cce-predict", "\\ln 2 \\approx %.2f$, $\\ln 5 \\approx %.2f", "np.log(2)", "np.log(5)"),
        (
            "cce-predict",
            "$3 \\ln 2 \\approx %.2f$; $2 \\ln 2 \\approx %.2f$;",
            "-np.log([1 / 8, 2 / 8])",
        ),
        ("cce-predict", "$3 \\ln 2 - \\ln 5 \\approx %.2f$", "-np.log(5 / 8)"),
        ("cce-predict", "\\ln 3 \\approx %.2f", "np.log(3)"),
        (
            "cce-from-scores-predict",
            "2 \\ln 2 \\approx %.2f",
            "cce_from_scores(np.log([1, 2, 5]), 1)",
        ),
        ("cce-from-scores-predict", "+ 800 = %d$", "cce_from_scores(np.array([0.0, -800.0]), 1)"),
        ("cce-from-scores-see", "Near a gap of %d", "-np.log(5e-324) + np.log(2)"),
        ("cce-from-scores-see", "never exceeds %.2f", "-np.log(1e-7)"),
        ("cce-from-scores-see", "$%.2f = -\\ln 10^{-7}$", "-np.log(1e-7)"),
        ("together-see", "\\ln 3 \\approx %.2f", "np.log(3)"),
    ],
    "ps2": [
        ("numerical-gradient-predict", "$%.2f$ and $%.4f$. Forward", CENTRAL),
        ("numerical-gradient-predict", "so $%.2f$ and $%.4f$. Ten", FORWARD),
        ("numerical-gradient-see", "$h = 10^{%d}$ is a good", BEST % "central"),
        ("numerical-gradient-see", "near $10^{%d}$", BEST % "central_float32"),
        ("cce-gradient-predict", "$(%d, %d, %d)$. The loss", "cce_gradient(y_demo, a_demo)"),
        ("cce-gradient-predict", "an entry near $%d000$", "-round(np.exp(10) / 1000)"),
        (
            "scores-gradient-w-predict",
            "= %d$ numbers; %d are not 0",
            "strips.size",
            "np.sum(strips != 0)",
        ),
        ("loss-gradient-predict", "(%.1f, %.2f, %.2f, %.2f)", "uphill[1]"),
        ("scores-gradient-x-see", "by $(%+d, %+d, %+d)$", "scores_gradient_x(W_demo)[0]"),
    ],
    "ps3": [
        ("softmax-layer-predict", "= %d$, so", "a_demo @ [0, -4, 0]"),
        (
            "dense-layer-see",
            "both begin at $%.3f$, near $\\ln 3 = %.3f$",
            "losses_of_rate[0]",
            "np.log(3)",
        ),
        ("dense-layer-predict", "$3 + 8 + 5 = %d$", "np.dot([3, 4, 5], [1, 2, 1])"),
        ("dense-layer-predict", "(%.1f, %.1f, %.1f)", "np.subtract([3, 4, 5], [0.1, 0.2, 0.1])"),
        ("dense-layer-predict", "returned $(%.1f, %.1f)$", "np.subtract([3, 4], [0.1, 0.2])"),
        ("sgd-epoch-predict", "\\ln 3 \\approx %.4f", "np.log(3)"),
    ],
    "ps4": [
        ("batch-indices-predict", "\\approx %.2f", "0.99**100"),
        ("batch-gradient-see", "exactly %d", "(Y_blobs.mean(axis=1) - 1 / 3).round(12)[0]"),
        (
            "l2-gradient-predict",
            "$(%.1f, %.1f, %d)$",
            "(w := np.array([[2.0, -1, 7]])) - 0.1 * l2_gradient(w, 0.5)",
        ),
        (
            "train-predict",
            "= %.1f$, not $%.1f$",
            "np.average([1, 2], weights=[9, 1]), np.mean([1, 2])",
        ),
        ("train-predict", "\\ln 10 \\approx %.3f", "np.log(10)"),
        ("train-see", "It takes %d steps", "1200 // 16"),
        ("accuracy-predict", "8 of 10: %.1f", "(10 - 2) / 10"),
        ("confusion-matrix-see", "%d 8s were taken for a 1, and %d 3s for an 8", CONFUSED),
        ("keras-lesson", "\\approx %.2f", "-np.log(1e-7)"),
        ("written-random", "ln 3 = %.4f", "np.log(3)"),
    ],
    "ps5": [
        (
            "tanh-predict",
            "= %.2f$. The mistakes: $1 - %.2f = %.2f$",
            "[0.64, np.log(2) ** 2, 1 - np.log(2) ** 2]",
        ),
        (
            "tanh-predict",
            "\\tanh^2(%.1f) \\approx %.2f",
            "(H := np.tanh(np.log(2))), 1 - np.tanh(H) ** 2",
        ),
        ("tanh-see", "about $10^{%d}$", "np.log10(1 - np.tanh(10) ** 2).round()"),
    ],
}

# The same for the cards of an exercise: what is said of its mistakes.
CARDS: dict[str, list[tuple[str, ...]]] = {
    "init_weights": [("is %.3f if the call", "np.random.RandomState(1).random_sample()")],
    "softmax": [
        ("multiply them by %.3f", "np.e"),
        ("the odds should be %.3f", "np.e"),
    ],
    "cce": [
        ("ln 4 = %.3f", "np.log(4)"),
        ("is %.4f times too large", "1 / np.log(2)"),
        ("has probability 1/2: %.4f", "np.log(2)"),
        ("is %.4f times what", "1 / np.log(10)"),
        ("the mean is %.3f", "-np.log([0.9, 0.1]).mean()"),
        ("the loss should be %.1f", "-np.log(0.001)"),
        ("%.3f is right", "np.log(2)"),
    ],
    "cce_from_scores": [
        ("%.3f for 1e-7, %.3f for 1e-12", "-np.log([1e-7, 1e-12])"),
        ("np.array([0])): it should be %.3f", "np.log(2)"),
        ("0): it should be %.3f", "np.log(2)"),
    ],
    "numerical_gradient": [("both should be %.1f", "1 / 2")],
    "Tanh": [
        ("never gets below %.2f", "1 - np.tanh(1) ** 2"),
        ("%.4f is right", "1 - np.tanh(3) ** 2"),
    ],
    "Sigmoid": [("never gets below %.3f", "np.e / (1 + np.e) ** 2")],
}
CARDS_GIVEN = "0.01 0.001 0.1 0.2 0.3 0.5 0.7 1.02"

GIVEN: dict[str, str] = {
    "03_cross_entropy": "6.68 4.61 0.8109 90% 10% 0.9 0.1 0.7",
    "06_gradient_check": "0.5 1.00001 1.0005 1.00005",
    "07_sgd": "0.9 0.01 0.5 1.10 2.9 7.4 99.99",
    "08_batches": "0.01",
    "09_tensorflow": "1.0",
    "ps1": "0.01 0.03 1.0",
    "ps2": "0.1 0.01",
    "ps3": "0.1 0.96 0.4 2.5 1.02",
    "ps4": "0.1 0.99 6.7 4.6 0.2 0.3 0.5 0.6 0.7",
}
