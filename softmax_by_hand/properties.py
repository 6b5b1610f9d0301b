"""What students may run of several exercises: examples and properties that these share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.checking.kit import Made, Student, StudentClass, normal, same, sums_to


def unit(*shape: int, at: tuple[int, ...]) -> np.ndarray:
    """An array of zeros with a single 1."""
    array = np.zeros(shape)
    array[at] = 1
    return array


def of_one_sample(
    f: Student, gradient: Callable[[int], np.ndarray], x: np.ndarray, z: np.ndarray, what: str = ""
) -> None:
    """What the gradient by W of one sample's loss has; the last entry of x is not 0.

    Parameters
    ----------
    gradient : gives the student's, (K, D+1), for each class taken as the true one
    x, z : the sample, (D+1,), and its scores, (K,)
    what : of which the claims speak
    """
    K = len(z)
    f.claim(
        f"{what}every column sums to 0",
        "The probabilities sum to 1, and so does y. What follows for the slopes by z? Does every "
        "class get its own?",
    )
    for label in range(K):
        sums_to(f, 0, gradient(label))
    f.claim(
        f"{what}every row is x times one number",
        "A weight's slope is that of its row's score, times the entry of x that it multiplies.",
    )
    for label in range(K):
        G = gradient(label)
        numbers = G[:, -1:] / x[-1]
        f.agree(G, numbers * x, last_column_over_last_x=numbers)
    f.claim(
        f"{what}between two classes that are not the true one, log(row i / row k) = z_i - z_k",
        "These rows stand as the probabilities of their classes do. Is the Jacobian in it once, "
        "and whole? Is softmax that of all the scores?",
    )
    for label in range(K):
        rows = gradient(label)[:, -1]
        others = [k for k in range(K) if k != label]
        with np.errstate(all="ignore"):
            found = np.log(rows[others] / rows[others[0]])
        wanted = z[others] - z[others[0]]
        f.agree(found, wanted, your_log_ratios=found, differences_of_scores=wanted)
    f.claim(
        f"{what}with another true class two rows change and no more: up by x in the old one's, "
        "down by x in the new one's",
        "Which sign? Which row belongs to the true class, and what is subtracted there?",
    )
    before = gradient(0)
    for label in range(1, K):
        wanted = before.copy()
        wanted[0] += x
        wanted[label] -= x
        f.agree(gradient(label), wanted, with_class_0_true=before, so_it_should_be=wanted)


def is_loss_of(f: Student, loss: Any, G: np.ndarray, label: int, x: np.ndarray) -> None:
    """Expect of a sample's loss what its gradient says of the true class's probability."""
    chance = 1 + G[label, -1] / x[-1]
    f.agree(np.exp(-loss), chance, exp_of_minus_your_loss=np.exp(-loss), probability_in_it=chance)


# Scores of three samples so far apart that each one's probabilities are 1 and 0.  True are the
# classes 0, 1 and 2, in this order: the second sample is certain and right, the others are not.
FAR = np.array([[-350.0, -2000, -2000], [350, 2000, -3400], [0, 0, -2700]])
FAR_SLOPES = np.array([[-1.0, 0, 1], [1, 0, 0], [0, 0, -1]])  # of each sample's loss, by FAR
FAR_LOSSES = np.array([700.0, 0, 700])  # by how much the true score lies below the largest

# At FAR a wrong sample's true probability is tiny, at this it is 0; the slopes are the same.
FARTHER = 2 * FAR

FAR_HINT = (
    "Which score is subtracted before exp, and from which sample? Is something divided by a "
    "probability of 0, or a small number added to one?"
)


def samples_of_their_own(N: int) -> np.ndarray:
    """Inputs (N + 1, N): a single 100 in each, so that slopes are large too, and the bias's 1."""
    return np.vstack((100 * np.eye(N), np.ones(N)))


def without_bias(Z: np.ndarray) -> np.ndarray:
    """Weights that give the samples of their own these scores: sample n those of column n."""
    return np.hstack((Z / 100, np.zeros((len(Z), 1))))


def are_apart(f: StudentClass, new: Callable[[], Made], X: Any, slopes: Any, *more: Any) -> None:
    """Expect of two objects that neither knows what the other was given.

    Parameters
    ----------
    new : makes an object, each time the same
    X : what forward gets; the second object gets another one of its shape
    slopes, more : what backward gets
    """
    f.claim(
        "two objects are apart: what the second is given changes nothing of the first",
        "Is it kept on self, or on something that all objects share?",
    )
    alone, one, other = new(), new(), new()
    alone("forward", X)
    wanted = alone("backward", slopes, *more)
    after = alone("forward", X)  # which sees what backward has moved
    one("forward", X)
    other("forward", X[:, ::-1] - 1)
    f.expect(same(one("backward", slopes, *more), wanted), with_one_object_alone=wanted)
    f.expect(same(one("forward", X), after), with_one_object_alone=after)


def does_not_learn(f: StudentClass) -> None:
    """Expect of a layer without weights that the learning rate is nothing to it."""
    f.claim("backward gives the same with a learning rate", "Which layer has something to learn?")
    layer = f.new()
    layer("forward", normal(3, 5))
    without = layer("backward", normal(3, 5))
    f.agree(layer("backward", normal(3, 5), 0.5), without, without_learning_rate=without)


def slope_by_scores(f: Student, A: np.ndarray, G: np.ndarray, slope: np.ndarray) -> None:
    """What the slope by the scores has, where A are the probabilities and G the slope by them."""
    sums_to(f, 0, slope)
    ratios = slope / A
    differences, wanted = ratios - ratios[0], G - G[0]
    f.agree(differences, wanted, yours_over_a_less_its_row_0=differences, should_be=wanted)


def passes_on_what_it_is_given(f: StudentClass) -> None:
    """Expect of a layer's backward that it is linear in the slope that it is handed."""
    f.claim(
        "backward: twice grad_a gives twice the answer, and grad_a = 0 gives 0",
        "backward is given the slope by the output and passes it on. Does grad_a enter?",
    )
    for shape in ((3,), (3, 5)):
        layer, G = f.new(), normal(*shape, seed=2)
        layer("forward", normal(*shape))
        once = layer("backward", G)
        f.agree(layer("backward", 2 * G), 2 * once, twice=2 * once)
        f.agree(layer("backward", 0 * G), 0 * G)


def raised(W: np.ndarray) -> np.ndarray:
    """Weights that give every score 1000 more."""
    return np.hstack((W[:, :-1], W[:, -1:] + 1000))


def layer_examples(*shapes: tuple[int, ...]) -> list[tuple[Any, ...]]:
    return [((), ("forward", normal(*s)), ("backward", normal(*s, seed=1))) for s in shapes]


def in_turn(K: int, N: int) -> np.ndarray:
    """One-hot labels of samples whose classes are 0, 1, ..., K - 1, 0, 1, ..."""
    return np.hstack([np.eye(K)] * N)[:, :N]


def batch_of(K: int, D: int, N: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    Xb = normal(D + 1, N)
    Xb[-1] = 1
    return normal(K, D + 1), Xb, in_turn(K, N)


Y_TRUE, Y_GUESS = np.array([0, 1, 2, 2, 1, 0, 2, 2]), np.array([0, 2, 2, 1, 1, 0, 2, 2])


def target_example(N: int) -> tuple[np.ndarray, np.ndarray]:
    return normal(N), normal(1, N, seed=1)


def network_example(D: int, H: int, K: int, N: int) -> tuple[Any, ...]:
    return normal(H, D + 1), normal(K, H + 1, seed=1), normal(D, N), in_turn(K, N)


def of_a_network(
    f: Student,
    gradients: Callable[[int], tuple[np.ndarray, np.ndarray]],
    W1: np.ndarray,
    W2: np.ndarray,
    x: np.ndarray,
    what: str,
) -> None:
    """What the gradients by W1 and W2 of one sample's loss have.

    Parameters
    ----------
    gradients : gives the student's for each class taken as the true one
    x : the sample, (D,)
    """
    z1 = W1 @ np.append(x, 1)
    hidden = np.append(np.tanh(z1), 1)
    of_one_sample(f, lambda label: gradients(label)[1], hidden, W2 @ hidden, f"{what}W2: ")
    f.claim(
        f"{what}W1: every row is x, and 1 for the bias, times one number: the slope of z1",
        "Is the bias row of X in it?",
    )
    by_1, by_2 = gradients(0)
    f.agree(by_1, by_1[:, -1:] * np.append(x, 1), slope_of_z1=by_1[:, -1])
    f.claim(
        f"{what}W1: the slope of z1 is what each hidden unit adds to the scores, weighed with the "
        "slopes of z2, times the slope of tanh, by small steps",
        "Which column of W2 belongs to no hidden unit? Is the slope of tanh in it, once?",
    )
    slope = (np.tanh(z1 + 1e-5) - np.tanh(z1 - 1e-5)) / 2e-5
    for unit_number, column in enumerate(W2.T[:-1]):
        wanted = (column * by_2[:, -1]).sum() * slope[unit_number]
        found = by_1[unit_number, -1]
        f.agree(found, wanted, 1e-8, hidden_unit=unit_number, its_slope=found, by_steps=wanted)
