"""What people call the functions of the catalogue in notebooks of their own.

Data, and how names are compared: without case, underscores and the words that say
nothing (`my_softmax`, `computeSoftmax2`).  Imports nothing; knows no catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

# Dropped before names are compared, unless nothing would be left.
FILLERS = frozenset(
    "a an the my our own get to do calc calculate compute computes func function fn np numpy "
    "stable stabilized stabilised safe naive simple basic better vectorized vectorised loop loops "
    "scratch from manual custom test v layer activation batch forward fwd".split()
)

# By exercise; a name may stand for several.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "add_bias": (
        *("add_ones", "append_bias", "append_ones", "add_intercept", "add_bias_column"),
        *("add_bias_row", "add_bias_term", "bias_trick", "augment", "with_bias"),
    ),
    "init_weights": (
        *("initialize_weights", "initialise_weights", "weights_init", "weight_init"),
        *("random_weights", "make_weights", "create_weights"),
    ),
    "one_hot": (
        *("one_hot_encode", "one_hot_encoder", "one_hot_encoding", "one_hot_labels"),
        *("convert_to_one_hot", "labels_to_one_hot", "y_to_one_hot", "one_hot_vector"),
        *("to_categorical", "encode_one_hot", "make_one_hot", "onehotify", "one_hot_y"),
        *("convert_labels", "indicator_matrix", "dense_to_one_hot"),
    ),
    "scores": (
        *("score", "logits", "linear", "affine", "class_scores", "raw_scores", "net_input"),
        *("linear_scores", "linear_model", "affine_transform"),
    ),
    "softmax": ("soft_max", "softmax_probabilities", "softmax_probs", "softmax_rows"),
    "cce": (
        *("cross_entropy", "cross_entropy_loss", "cross_entropy_error", "cross_entropy_cost"),
        *("categorical_cross_entropy", "categorical_cross_entropy_loss", "cat_cross_entropy"),
        *("crossentropy_categorical", "multiclass_cross_entropy", "xentropy", "x_entropy", "xent"),
        *("ce", "ce_loss", "cce_loss", "nll", "nll_loss", "negative_log_likelihood", "log_loss"),
        *("loss", "cost", "loss_fn", "cost_fn", "softmax_loss", "categorical_loss"),
        *("softmax_cross_entropy", "sparse_categorical_cross_entropy"),
    ),
    "cce_from_scores": (
        *("softmax_loss", "softmax_cross_entropy", "softmax_cross_entropy_loss"),
        *("softmax_cross_entropy_with_logits", "cross_entropy_with_logits", "softmax_ce"),
        *("cross_entropy_from_logits", "cross_entropy_from_scores", "cce_from_logits"),
        *("softmax_with_cross_entropy", "sparse_softmax_cross_entropy", "softmax_and_loss"),
        *("cross_entropy", "cross_entropy_loss", "loss", "log_softmax_loss"),
    ),
    "numerical_gradient": (
        *("numeric_gradient", "numerical_grad", "num_grad", "numeric_grad", "num_gradient"),
        *("eval_numerical_gradient", "finite_difference", "finite_differences"),
        *("gradient_numerical", "finite_difference_gradient", "grad_numerical"),
    ),
    "cce_gradient": (
        *("cross_entropy_gradient", "cross_entropy_grad", "cross_entropy_derivative"),
        *("cross_entropy_prime", "grad_cross_entropy", "cross_entropy_backward", "cce_grad"),
        *("categorical_cross_entropy_derivative", "categorical_cross_entropy_prime"),
        *("categorical_cross_entropy_gradient", "cross_entropy_loss_derivative", "dcross_entropy"),
        *("loss_derivative", "loss_prime", "cross_entropy_loss_gradient"),
    ),
    "softmax_jacobian": (
        *("jacobian_softmax", "softmax_grad", "softmax_gradient", "softmax_derivative"),
        *("softmax_prime", "softmax_deriv", "d_softmax", "dsoftmax", "derivative_softmax"),
        *("grad_softmax", "softmax_jacobi", "jacobian"),
    ),
    "softmax_backward": ("softmax_backprop", "backward_softmax", "softmax_back", "softmax_bwd"),
    "batch_gradient": (
        *("gradient", "grad", "gradients", "weight_gradient", "gradient_weights", "grad_w"),
        *("softmax_regression_gradient", "loss_gradient", "gradient_loss"),
    ),
    "batch_indices": ("minibatch_indices", "mini_batch_indices", "batches_of_indices"),
    "l2_penalty": ("l2_loss", "l2_regularization", "l2_regularisation", "l2_cost", "l2_reg"),
    "l2_gradient": ("l2_grad", "l2_derivative", "grad_l2"),
    "predict": ("predictions", "predict_class", "predict_classes", "predict_labels", "prediction"),
    "accuracy": ("accuracy_score", "acc", "classification_accuracy", "model_accuracy"),
    "confusion_matrix": ("conf_matrix", "conf_mat", "confusion", "cm", "confusion_mat"),
    "mse": ("mean_squared_error", "mse_loss", "mean_square_error", "squared_error"),
    "mse_gradient": ("mse_grad", "mse_derivative", "mse_prime", "mean_squared_error_derivative"),
    "Softmax": ("softmax_activation", "activation_softmax"),
    "ReLU": ("rectified_linear_unit", "activation_relu", "relu_activation"),
    "Tanh": ("activation_tanh", "tanh_activation", "hyperbolic_tangent"),
    "Sigmoid": ("activation_sigmoid", "sigmoid_activation", "logistic"),
    "Dense": (
        "fully_connected",
        "dense_layer",
        "affine",
        "linear",
        "fc",
        "fc_layer",
        "layer_dense",
    ),
    "Network": ("neural_network", "mlp", "two_layer_net", "nn", "net", "multi_layer_perceptron"),
}


def normalised(name: str) -> str:
    """Return a name as it is compared.

    >>> normalised("computeCrossEntropy_v2"), normalised("my_function")
    ('crossentropy', 'myfunction')
    """
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name.replace("_", " ")[:200])
    kept = [word for word in map(str.lower, words) if word not in FILLERS]
    return "".join(kept or map(str.lower, words))


def meant(name: str, exercises: Iterable[str]) -> list[str]:
    """Return which of these exercises a name of a notebook may stand for, likeliest first.

    >>> meant("crossEntropy", ("softmax", "cce")), meant("net_2", ("softmax", "cce"))
    (['cce'], [])
    """
    exercises = list(exercises)
    if name in exercises:
        return [name]
    same = normalised(name)
    if not same:
        return []
    names = {exercise: (exercise, *ALIASES.get(exercise, ())) for exercise in exercises}
    return [
        exercise
        for exercise, others in names.items()
        if any(normalised(other) == same for other in others)
    ]
