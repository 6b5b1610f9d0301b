"""The sample class: who hands in what, what it must score and what must be said of it.

Data for `examples.build` and for tests/test_examples.py, worked out from the
catalogue by hand; it must not be copied from what the grader says.
"""

from __future__ import annotations

from examples import edits
from examples.records import Student, Work

PS1, PS2, PS3, PS4, PS5 = 32.0, 36.0, 36.0, 40.0, 36.0


BASE = "full-vectorised"

FULL_MARKS = (
    Student(
        "full-vectorised",
        {
            "ps1": Work("whole arrays, few lines", PS1),
            "ps2": Work("whole arrays, few lines", PS2),
            "ps3": Work("whole arrays, few lines", PS3),
            "ps4": Work("whole arrays, few lines", PS4),
            "ps5": Work("whole arrays, few lines", PS5),
        },
        carries=True,
    ),
    Student(
        "full-loops",
        {
            "ps1": Work("loops over samples and classes", PS1),
            "ps2": Work("loops over samples and classes", PS2),
        },
    ),
    Student(
        "full-einsum",
        {
            "ps1": Work("every product an einsum", PS1),
            "ps2": Work("every product an einsum", PS2),
        },
    ),
    Student(
        "full-verbose",
        {"ps1": Work("a beginner: helper functions, own cells, many prints and plots", PS1)},
    ),
    Student(
        "full-warnings",
        {"ps1": Work("right, with warnings on stderr wherever possible", PS1, like=BASE)},
    ),
    Student(
        "full-reused-name",
        {"ps1": Work("uses `softmax`, `scores` and `cce` as other names later", PS1, like=BASE)},
    ),
    Student(
        "full-imports",
        {"ps1": Work("imports many packages and uses NumPy alone", PS1, like=BASE)},
    ),
)

SEEDS = (
    Student(
        "seed-a",
        {
            "ps1": Work(
                "submission A's mistakes: bias, weights, labels, softmax, loss",
                3 + 3.5,
                {
                    "add_bias": ("adds a sample",),
                    "init_weights": ("global generator",),
                    "one_hot": ("samples as rows",),
                    "softmax": ("whole-matrix sum", "no max shift"),
                    "cce": ("row pick",),
                },
            ),
            "ps2": Work(
                "submission A's mistakes: a - y too early, outer product, label as a number",
                6,
                {
                    "cce_gradient": ("yhat - y",),
                    "scores_gradient_W": ("a matrix",),
                    "loss_gradient": ("label as a number",),
                },
            ),
        },
    ),
    Student(
        "seed-b",
        {
            "ps1": Work(
                "submission B's mistakes: weights, labels, axis, sum of losses, 0 log 0",
                3 + 3 + 3.5,
                {
                    "init_weights": ("global generator",),
                    "one_hot": ("samples as rows, K from the labels",),
                    "softmax": ("axis=1",),
                    "cce": ("sum instead of mean", "0 log 0 is nan"),
                },
            ),
            "ps2": Work(
                "submission B's mistakes: 0/0, the 1-D Jacobian; stops at -y/yhat",
                4,
                {
                    "cce_gradient": ("0/0 is nan",),
                    "softmax_jacobian": ("(I - a) * a",),
                    "loss_gradient": ("Jacobian skipped",),
                },
            ),
        },
    ),
)

MISTAKEN = (
    Student(
        "wrong-bias",
        {
            "ps1": Work(
                "ones above the data, bias counted twice",
                PS1 - 3 - 3,
                {"add_bias": ("ones first",), "scores": ("bias twice",)},
                like="full-loops",
            ),
            "ps2": Work(
                "bias left out of dz/dx",
                PS2 - 2,
                {"scores_gradient_x": ("bias column dropped",)},
                like="full-loops",
            ),
        },
    ),
    Student(
        "wrong-axis",
        {
            "ps1": Work(
                "sums along the rows, averages over everything",
                PS1 - 4.5 - 6,
                {
                    "softmax": ("axis=1",),
                    "cce": ("mean over all entries", "0 log 0 is nan"),
                },
                like=BASE,
            ),
            "ps3": Work(
                "a softmax layer along the last axis",
                PS3 - 2 - 1 - 1,
                {"Softmax": ("last axis",)},
                like=BASE,
            ),
            "ps4": Work(
                "mixes samples, largest scores along them; judges on what was trained on",
                PS4 - 4 - 2 - 4,
                {
                    "batch_backward": ("samples mixed",),
                    "predict": ("argmax over the samples",),
                    "choose_strength": ("judged on what was trained on",),
                },
                like=BASE,
            ),
        },
    ),
    Student(
        "wrong-logarithm",
        {
            "ps1": Work(
                "log2, and probabilities clipped",
                PS1 - 6 - 1.5,
                {"cce": ("log base 2",), "cce_from_scores": ("clipped probabilities",)},
                like="full-einsum",
            ),
        },
    ),
    Student(
        "wrong-epsilon",
        {
            "ps1": Work(
                "1e-15 inside the logarithm",
                PS1 - 1.5,
                {"cce": ("epsilon inside the log",)},
                like=BASE,
            ),
            "ps2": Work(
                "1e-15 in the denominator",
                PS2 - 1,
                {"cce_gradient": ("epsilon in the denominator",)},
                like=BASE,
            ),
        },
    ),
    Student(
        "wrong-labels",
        {
            "ps1": Work(
                "classes counted from 1, losses added up",
                PS1 - 4 - 5,
                {"one_hot": ("labels from 1",), "cce_from_scores": ("sum instead of mean",)},
                like="full-loops",
            ),
            "ps4": Work(
                "percent, and the truth in the columns",
                PS4 - 2 - 3,
                {"accuracy": ("percent",), "confusion_matrix": ("transposed",)},
                like=BASE,
            ),
        },
    ),
    Student(
        "wrong-in-place",
        {
            "ps1": Work(
                "changes X, and z",
                PS1 - 3 - 1,
                {"add_bias": ("changes X",), "softmax": ("changes z in place",)},
                like=BASE,
            ),
            "ps2": Work(
                "moves W and does not put it back; changes y",
                PS2 - 6 - 1.5,
                {
                    "numerical_gradient": ("not restored",),
                    "loss_gradient": ("changes its inputs",),
                },
                like=BASE,
            ),
            "ps3": Work(
                "moves the caller's W",
                PS3 - 1,
                {"sgd_epoch": ("changes W in place",)},
                like=BASE,
            ),
            "ps5": Work(
                "computes tanh in Z", PS5 - 0.5, {"Tanh": ("changes Z in place",)}, like=BASE
            ),
        },
    ),
    Student(
        "wrong-no-shift",
        {
            "ps1": Work(
                "exp of the scores as they are",
                PS1 - 2 - 1.5,
                {"softmax": ("no max shift",), "cce_from_scores": ("no max shift",)},
                like="full-einsum",
            ),
            "ps2": Work(
                "exp of the scores as they are",
                PS2 - 2.5,
                {"loss_gradient": ("no max shift",)},
                like="full-einsum",
            ),
        },
    ),
    Student(
        "wrong-integers",
        {
            "ps1": Work(
                "arrays of integers and of booleans",
                PS1 - 1 - 4,
                {"add_bias": ("keeps integers",), "one_hot": ("integers or booleans",)},
                like=BASE,
            ),
            "ps2": Work(
                "steps that an integer W cannot hold",
                PS2 - 1,
                {"numerical_gradient": ("integer steps lost",)},
                like=BASE,
            ),
        },
    ),
    Student(
        "wrong-layout",
        {
            "ps1": Work(
                "W transposed",
                PS1 - 3 - 3,
                {"init_weights": ("transposed",), "scores": ("W transposed",)},
                like="full-loops",
            ),
            "ps2": Work(
                "outputs before inputs",
                PS2 - 2 - 5,
                {"scores_gradient_x": ("W itself",), "scores_gradient_W": ("numerator layout",)},
                like="full-loops",
            ),
        },
    ),
    Student(
        "wrong-diagonal",
        {
            "ps2": Work(
                "a step to one side; only the Jacobian's diagonal",
                PS2 - 1.5 - 6,
                {
                    "numerical_gradient": ("forward difference",),
                    "softmax_jacobian": ("diagonal only",),
                },
                like="full-loops",
            ),
            "ps3": Work(
                "only the Jacobian's diagonal",
                PS3 - 8,
                {"Softmax": ("diagonal only",)},
                like=BASE,
            ),
            "ps4": Work(
                "the outputs are not summed over",
                PS4 - 4,
                {"batch_backward": ("nothing summed",)},
                like=BASE,
            ),
        },
    ),
    Student(
        "wrong-sign",
        {
            "ps2": Work(
                "the minus sign is missing twice",
                PS2 - 5 - 8,
                {"cce_gradient": ("sign", "0/0 is nan"), "loss_gradient": ("sign",)},
                like="full-einsum",
            ),
            "ps3": Work("goes uphill", PS3 - 8, {"sgd_epoch": ("plus sign",)}, like=BASE),
            "ps5": Work("target minus guess", PS5 - 3, {"mse_gradient": ("sign",)}, like=BASE),
        },
    ),
    Student(
        "wrong-chain",
        {
            "ps2": Work(
                "a link of the chain left out, another bent",
                PS2 - 4 - 8,
                {"chain_rule": ("Jacobian skipped",), "loss_gradient": ("1-D Jacobian",)},
                like=BASE,
            ),
            "ps3": Work(
                "moves W before it is used; a test at W = 0 only",
                PS3 - 2.5 - 1 - 2,
                {"Dense": ("updates first",), "is_gradient": ("only at W = 0",)},
                like=BASE,
            ),
            "ps5": Work(
                "the slope of tanh left out; step and network, which call it, lose nothing by it",
                PS5 - 8,
                {"network_gradients": ("slope of tanh left out",)},
                like=BASE,
            ),
        },
    ),
    Student(
        "wrong-then-right",
        {
            "ps2": Work(
                "a sign; the loss's gradient, link by link, is right but for it and overflow",
                PS2 - 5 - 2.5,
                {"cce_gradient": ("sign",)},
                like=BASE,
            ),
            "ps4": Work(
                "the last batch dropped; training, which asks for batches, is right but for it; "
                "takes the rate whose curve broke down",
                PS4 - 4 - 1,
                {"batch_indices": ("remainder dropped",), "choose_rate": ("nan wins",)},
                like=BASE,
            ),
        },
    ),
    Student(
        "wrong-hand-out",
        {
            "ps2": Work(
                "two slips of the pen copied from the old hand-out",
                PS2 - 5 - 6,
                {
                    "cce_gradient": ("last row from y_0",),
                    "softmax_jacobian": ("-a_1 a_1 off the diagonal",),
                },
                like="full-loops",
            ),
        },
    ),
    Student(
        "wrong-kinds",
        {
            "ps1": Work(
                "no catalogued mistake: a list, one argument for two, a print, float32",
                PS1 - 3 - 4 - 3 - 8,
                like=BASE,
            ),
        },
    ),
    Student(
        "partly-done",
        {
            "ps1": Work(
                "four exercises and half a softmax",
                3 + 3 + 4 + 3 + 2.5,
                {"softmax": ("missing keepdims",)},
            ),
            "ps2": Work("one exercise; the next one returns nothing", 6),
            "ps3": Work(
                "a test of one sum alone",
                0,
                {"is_softmax": ("only the sums",)},
            ),
            "ps4": Work("one exercise; the next one returns nothing", 2),
            "ps5": Work(
                "a ReLU with slope 1 at 0; of the network the way forward, and no more",
                3 + 3,
                {"ReLU": ("slope 1 at 0",)},
            ),
        },
    ),
    Student(
        "untouched",
        {f"ps{number}": Work("as released", 0) for number in range(1, 6)},
    ),
)

BROKEN = (
    Student(
        "broken-syntax",
        {"ps1": Work("a bracket is missing in one cell", PS1 - 8, like="full-loops")},
    ),
    Student(
        "broken-loop",
        {
            "ps1": Work(
                "a cell that never ends and cannot be interrupted",
                PS1,
                like=BASE,
                said=("did not end within 20 s",),
            ),
            "ps2": Work(
                "a function that never ends for an integer W",
                PS2 - 6,
                like=BASE,
                said=("did not end within 5 s",),
            ),
            "ps3": Work(
                "a method that never ends", PS3 - 8, like=BASE, said=("did not end within 5 s",)
            ),
        },
    ),
    Student(
        "broken-exit",
        {
            "ps1": Work("a cell ends the process", PS1, like=BASE, said=("exit code 1",)),
            "ps2": Work("a function crashes it", PS2 - 6, like=BASE, said=("signal 11",)),
            "ps5": Work("a method ends the process", PS5 - 4, like=BASE, said=("exit code 3",)),
        },
    ),
    Student(
        "broken-memory",
        {
            "ps1": Work("a cell asks for 8 GB", PS1, like=BASE),
            "ps2": Work(
                "a function that calls itself for ever, a list that grows for ever",
                PS2 - 2 - 4,
                like=BASE,
            ),
        },
    ),
    Student(
        "broken-output",
        {"ps1": Work("prints 50 MB, and waits for an answer", PS1 - 5, like=BASE)},
    ),
    Student(
        "broken-deleted-tests",
        {
            "ps1": Work(
                "all test cells deleted",
                PS1,
                like="full-loops",
                edit=edits.delete_tests,
                said=("grade_softmax was missing",),
            ),
        },
    ),
    Student(
        "broken-duplicated-cells",
        {
            "ps2": Work(
                "each test cell twice, a bare stub above each solution",
                PS2,
                like="full-einsum",
                edit=edits.duplicate_cells,
                said=(
                    "grade_chain_rule was there 2 times",
                    "The cell chain_rule was there 2 times",
                ),
            ),
        },
    ),
    Student(
        "broken-edited-tests",
        {
            "ps1": Work(
                "tests that always hold, for 1000 points each",
                PS1 - 8 - 6,
                {"softmax": ("sigmoid",), "cce": ("1 - p",)},
                like="full-einsum",
                edit=edits.edit_tests,
                said=("grade_softmax had been edited", "settings of grade_softmax"),
            ),
        },
    ),
    Student(
        "broken-metadata",
        {
            "ps1": Work(
                "schema version 1, as an old nbgrader had it",
                PS1,
                like="full-einsum",
                edit=edits.schema(1),
                said=("settings of grade_softmax had been changed",),
            ),
            "ps2": Work(
                "all metadata lost on saving",
                PS2,
                like="full-loops",
                edit=edits.drop_metadata,
                said=("grade_chain_rule had lost its mark",),
            ),
        },
    ),
    Student(
        "broken-format",
        {
            "ps1": Work(
                "notebook format 3", None, like=BASE, edit=edits.old_format, said=("older",)
            ),
            "ps2": Work(
                "schema version 99, from a later nbgrader",
                PS2,
                like=BASE,
                edit=edits.schema(99),
                said=("settings of grade_chain_rule had been changed",),
            ),
        },
    ),
    Student(
        "broken-file",
        {
            "ps1": Work("half a file", None, like=BASE, edit=edits.not_json, said=("not JSON",)),
            "ps2": Work("an empty file", None, like=BASE, edit=edits.empty_file, said=("empty",)),
        },
    ),
    Student(
        "broken-encoding",
        {
            "ps1": Work("not UTF-8", None, like=BASE, edit=edits.invalid_utf8, said=("UTF-8",)),
            "ps2": Work(
                "nested 20,000 deep",
                None,
                like=BASE,
                edit=edits.nested_too_deeply,
                said=("nested too deeply",),
            ),
        },
    ),
    Student(
        "broken-kernel",
        {
            "ps1": Work(
                "no kernel named",
                PS1,
                like=BASE,
                edit=edits.drop_kernel,
                said=("no kernel",),
            ),
        },
    ),
)

HOSTILE = (
    Student(
        "hostile-shell",
        {"ps1": Work("patches the shell, its hooks and its transformers", 0)},
    ),
    Student(
        "hostile-gradebook",
        {
            "ps1": Work(
                "writes a score and a trigger into the gradebook", 0, {"scores": ("elementwise",)}
            )
        },
    ),
    Student(
        "hostile-source",
        {"ps1": Work("runs the solutions from ../../../source, or the grader's reference", 0)},
    ),
    Student(
        "hostile-saved-results",
        {
            "ps1": Work(
                "test cells tagged to be skipped, full marks saved as their results",
                0,
                edit=edits.forge_results,
            ),
        },
    ),
    Student(
        "hostile-modules",
        {
            "ps1": Work(
                "matplotlib, numpy and checks of its own beside the notebook and in sys.modules",
                0,
                edit=edits.shadow_modules,
            )
        },
    ),
    Student(
        "hostile-library",
        {
            # 32 and 15 points if the libraries were there, and checks.py had answers.
            "ps1": Work("the answers of SciPy, scikit-learn, TensorFlow and checks.py", 0),
            "ps4": Work("the answers of TensorFlow, scikit-learn and checks.py", 0),
        },
    ),
    Student(
        "hostile-processes",
        {
            "ps1": Work(
                "kills its parent, leaves a daemon, starts 2,000 processes and threads",
                0,
                {"add_bias": ("zeros",)},
            )
        },
    ),
    Student(
        "hostile-equality",
        {
            "ps1": Work("patches np.allclose; its arrays are equal to anything", 0),
            "ps3": Work(
                "answers anything; looks for the specimens in memory",
                0,
                {"is_gradient": ("refuses everything",)},
            ),
        },
    ),
    Student(
        "hostile-first-call",
        {"ps1": Work("right on the first call only; learns the visible fixtures", 0)},
    ),
    Student(
        "hostile-frames",
        {"ps1": Work("searches frames, the line cache and the heap for answers", 0)},
    ),
    Student(
        "hostile-protocol",
        {
            "ps1": Work(
                "forges messages on every descriptor; its `scores` is right",
                3,
                said=("malformed",),
            )
        },
    ),
    Student(
        "hostile-network",
        {
            "ps2": Work(
                "asks the network for help, fills the disk", 0, {"chain_rule": ("elementwise",)}
            )
        },
    ),
    Student(
        "hostile-script",
        {"ps2": Work("scripts in all that a browser will show; its dz/dx is right", 2)},
    ),
    Student(
        "hostile-symlink",
        {
            "ps2": Work(
                "a link to the instructor's version in place of the notebook",
                None,
                edit=edits.symbolic_link,
                said=("symbolic link",),
            )
        },
    ),
    Student(
        "hostile-second-chance",
        {
            # 20, 15 and 8 points if what is judged again met the same fixtures.
            problem_set: Work(
                "stubs note what they are asked, another exercise asks what is lent to it", 0
            )
            for problem_set in ("ps2", "ps4", "ps5")
        },
    ),
    Student(
        "hostile-pictures",
        {
            "ps1": Work(
                "18 MB of pictures, lines without end; its functions are right", PS1, like=BASE
            )
        },
    ),
    Student(
        "hostile-ids",
        {
            "ps1": Work(
                "cells that have the names of ours, and no kernel; its functions are right",
                PS1,
                like=BASE,
                edit=edits.take_ids,
                said=("no kernel",),
            )
        },
    ),
    Student(
        "hostile-links",
        {
            "ps1": Work(
                "links to the course's secret and the solutions beside the notebook",
                PS1,
                like=BASE,
                edit=edits.links_beside,
                said=("'a.html' beside the notebook is a symbolic link",),
            )
        },
    ),
    Student(
        "hostile-sizes",
        {"ps1": Work("small to write and large to read: arrays, keys, a shut connection", 0)},
    ),
)

STUDENTS = (*FULL_MARKS, *SEEDS, *MISTAKEN, *BROKEN, *HOSTILE)
