"""Wrong answers to ps3 to ps5, written as people write them, with the name that each must get.

None is a function of the catalogue: other intermediate steps, other order, other helpers.
A name of None stands for a mistake that the catalogue does not have: it must get no name.
Where several are true at once, all of them stand there, with + between.
"""

import numpy as np

# --- ps3 --------------------------------------------------------------------------------------


def stable(z):
    shifted = z - np.max(z, axis=0, keepdims=True)
    weights = np.exp(shifted)
    return weights / np.sum(weights, axis=0, keepdims=True)


def layer(activation, derivative):
    """Return a layer with a cache, as in many tutorials; derivative takes (cache, upstream)."""

    class Layer:
        def __init__(self):
            self.cache = None

        def forward(self, Z):
            out = activation(Z)
            self.cache = (Z.copy(), out.copy())
            return out

        def backward(self, grad_a, learning_rate=None):
            return derivative(self.cache, grad_a)

    return Layer


def softmax_slope(cache, upstream):
    _, A = cache
    product = A * upstream
    return product - A * product.sum(axis=0, keepdims=True)


def softmax_layer(activation=stable, derivative=softmax_slope):
    return layer(activation, derivative)


def exponentials_over(shift):
    def softmax(z):
        weights = np.exp(z - shift(z))
        return np.divide(weights, np.sum(weights, axis=0))

    return softmax


def jacobian_1d(cache, upstream):
    A = cache[1]
    if A.ndim == 1:
        return np.dot((np.identity(A.size) - A.T) * A, upstream)
    columns = zip(A.T, upstream.T, strict=True)
    return np.stack([np.dot(np.diag(a) - np.outer(a, a), g) for a, g in columns], axis=1)


class SoftmaxOfTheClass:
    probabilities = None

    def forward(self, Z):
        SoftmaxOfTheClass.probabilities = stable(Z)
        return SoftmaxOfTheClass.probabilities.copy()

    def backward(self, grad_a, learning_rate=None):
        return softmax_slope((None, self.probabilities), grad_a)


LAST = {}


class SoftmaxOfAGlobal:
    def forward(self, Z):
        LAST["A"] = stable(Z)
        return LAST["A"]

    def backward(self, grad_a, learning_rate=None):
        return softmax_slope((None, LAST["A"]), grad_a)


class SoftmaxThatSpoils:
    def forward(self, Z):
        self.A = stable(Z)
        return self.A.copy()

    def backward(self, grad_a, learning_rate=None):
        total = np.sum(self.A * grad_a, axis=0)
        self.A *= grad_a - total
        return self.A.copy()


class SoftmaxInUpstream:
    def forward(self, Z):
        self.A = stable(Z)
        return self.A

    def backward(self, grad_a, learning_rate=None):
        grad_a -= (self.A * grad_a).sum(axis=0)
        grad_a *= self.A
        return grad_a


def dense(gradient=None, back=None, first=None, moves_first=False):
    class Dense:
        def __init__(self, D, K, rng, scale=0.01):
            draw = first or (lambda D, K, rng, scale: rng.normal(0.0, scale, (K, D + 1)))
            self.W = draw(D, K, rng, scale)

        def forward(self, X):
            self.inputs = np.concatenate((X, np.ones((1, X.shape[1]))))
            return np.dot(self.W, self.inputs)

        def backward(self, grad_z, learning_rate):
            passed = (back or (lambda W, g: W[:, :-1].T.dot(g)))(self.W, grad_z)
            slope = gradient or (lambda g, X: np.dot(g, X.T) / X.shape[1])
            self.W = self.W - learning_rate * slope(grad_z, self.inputs)
            if moves_first:
                passed = self.W[:, :-1].T.dot(grad_z)
            return passed

    return Dense


def biases_apart(g, X):
    return np.column_stack((g @ X[:-1].T / X.shape[1], g.sum(axis=1)))


def features_only(g, X):
    return np.column_stack((g @ X[:-1].T / X.shape[1], np.zeros(len(g))))


class DenseOfTheClass:
    def __init__(self, D, K, rng, scale=0.01):
        type(self).W = rng.normal(0.0, scale, (K, D + 1))

    def forward(self, X):
        self.X = np.vstack((X, np.ones(X.shape[1])))
        return type(self).W @ self.X

    def backward(self, grad_z, learning_rate):
        passed = self.W[:, :-1].T @ grad_z
        type(self).W = self.W - learning_rate * grad_z @ self.X.T / self.X.shape[1]
        return passed


class DenseThatAddsUp:
    def __init__(self, D, K, rng, scale=0.01):
        self.W = rng.normal(0.0, scale, (K, D + 1))
        self.gradient = np.zeros_like(self.W)

    def forward(self, X):
        self.X = np.vstack((X, np.ones(X.shape[1])))
        return self.W @ self.X

    def backward(self, grad_z, learning_rate):
        passed = self.W[:, :-1].T @ grad_z
        self.gradient += grad_z @ self.X.T / self.X.shape[1]
        self.W = self.W - learning_rate * self.gradient
        return passed


def sgd(soft=stable, slope=lambda a, y: a - y, loss=None, sign=1.0, rate_of=None, at_end=False):
    def sgd_epoch(W, X, Y, learning_rate, order):
        rows, losses, W = np.vstack((X, np.ones((1, X.shape[1]))), dtype=float), [], W.copy()
        rate = rate_of(learning_rate, X) if rate_of else learning_rate
        for i in order:
            column, target = rows[:, i], Y[:, i]
            probabilities = soft(W.dot(column))
            cost = loss or (lambda y, p: -np.log(p[np.argmax(y)]))
            if not at_end:
                losses.append(cost(target, probabilities))
            step = np.outer(slope(probabilities, target), column)
            W = W - sign * rate * step
            if at_end:
                losses.append(cost(target, soft(W.dot(column))))
        return W, np.asarray(losses)

    return sgd_epoch


def chained(p, y, eps=0.0):
    upstream = np.negative(np.divide(y, p + eps))
    return np.dot(np.diag(p) - np.outer(p, p), upstream)


def accepts(f):
    return True


def sums_to_one(f):
    rng = np.random.default_rng(11)
    return all(np.allclose(f(z).sum(axis=0), 1.0) for z in rng.normal(size=(5, 4)))


def invariant(f):
    z = np.array([1.0, 2.0, 3.0])
    return bool(np.allclose(f(z), f(z + 100)))


def known_values(f):
    return bool(np.allclose(f(np.array([1.0, 2.0, 3.0])), [0.09003057, 0.24472847, 0.66524096]))


def one_sample_and_batch(f):
    Z = np.random.default_rng(5).normal(size=(3, 5))
    return bool(np.allclose(f(Z), stable(Z)) and np.allclose(f(Z[:, 2]), stable(Z[:, 2])))


def gradient_always(f, grad):
    return True


def gradient_of(look, at):
    def is_gradient(f, grad):
        W, numeric = at.copy(), np.zeros((3, 4))
        for index in np.ndindex(3, 4):
            up, down = W.copy(), W.copy()
            up[index] += 1e-5
            down[index] -= 1e-5
            numeric[index] = (f(up) - f(down)) / 2e-5
        return bool(np.allclose(look(grad(W)), look(numeric), rtol=1e-5, atol=1e-7))

    return is_gradient


SOME_W = np.random.default_rng(6).normal(size=(3, 4))


# --- ps4 --------------------------------------------------------------------------------------


def cut(order, size):
    return [order[i : i + size] for i in range(0, len(order), size)]


def batches_again(N, batch_size, rng):
    batches = cut(rng.permutation(N), batch_size)
    rng.shuffle(np.arange(N))
    return batches


def batches_of_global(N, batch_size, rng):
    order = np.arange(N)
    np.random.shuffle(order)  # noqa: NPY002 - the mistake
    return cut(order, batch_size)


def batches_full_only(N, batch_size, rng):
    order = rng.permutation(N)
    return [order[i * batch_size : (i + 1) * batch_size] for i in range(N // batch_size)]


def batches_with_empty(N, batch_size, rng):
    order = rng.permutation(N)
    return [order[i : i + batch_size] for i in range(0, N + 1, batch_size)]


def batches_filled(N, batch_size, rng):
    order = rng.permutation(N)
    short = -N % batch_size
    return cut(np.concatenate([order, *([order] * batch_size)])[: N + short], batch_size)


def batches_mixed(N, batch_size, rng):
    starts = np.arange(0, N, batch_size)
    return [np.arange(s, min(s + batch_size, N)) for s in starts[rng.permutation(len(starts))]]


def in_grad(A, grad_A):
    total = np.einsum("kn,kn->n" if A.ndim == 2 else "k,k->", A, grad_A)
    np.subtract(grad_A, total, out=grad_A)
    return np.multiply(A, grad_A)


def batch(soft=stable, slope=lambda A, Y: A - Y, over=lambda Y: Y.shape[1]):
    def batch_gradient(W, Xb, Y):
        total = np.einsum("kn,dn->kd", slope(soft(W.dot(Xb)), Y), Xb)
        return total / over(Y)

    return batch_gradient


def by_columns(A, Y, eps=0.0):
    return np.stack([chained(a, y, eps) for a, y in zip(A.T, Y.T, strict=True)], axis=1)


def rows_softmax(Z):
    weights = np.exp(Z - Z.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def all_softmax(Z):
    weights = np.exp(Z - np.max(Z))
    return weights / np.sum(weights)


def changes_Y(W, Xb, Y):
    Y *= -1
    Y += stable(W @ Xb)
    return np.dot(Y, Xb.T) / len(Xb.T)


def trained(
    soft=stable,
    loss=lambda y, p: -np.log(np.sum(y * p, axis=0)),
    note=lambda losses, N: sum(map(np.sum, losses)) / N,
    batches=lambda N, size, rng: cut(rng.permutation(N), size),
    first=lambda K, D, rng: rng.normal(0.0, 0.01, (K, D)),
    slope=lambda A, Y: A - Y,
    pull=2.0,
    biases=0.0,
    sign=1.0,
    mean=True,
    after=False,
):
    def train(X, Y, batch_size, epochs, learning_rate, rng, strength=0.0):
        N = X.shape[1]
        data = np.r_[X, [np.ones(N)]]
        W = first(len(Y), len(data), rng)
        free = np.append(np.ones(len(X)), biases)
        history = []
        for _ in range(epochs):
            losses = []
            for chosen in batches(N, batch_size, rng):
                x, y = data[:, chosen], Y[:, chosen]
                A = soft(W.dot(x))
                gradient = slope(A, y).dot(x.T) / (len(chosen) if mean else 1)
                before = loss(y, A)
                W = W - sign * learning_rate * (gradient + pull * strength * W * free)
                losses.append(loss(y, soft(W.dot(x))) if after else before)
            history.append(note(losses, N))
        return W, np.array(history, dtype=float)

    return train


def confusion(size=lambda y, y_pred, K: K, dtype=int, pair=lambda t, p: (t, p)):
    def confusion_matrix(y, y_pred, K):
        counts = np.zeros((size(y, y_pred, K),) * 2, dtype=dtype)
        for t, p in zip(y, y_pred, strict=True):
            counts[pair(t, p)] += 1
        return counts

    return confusion_matrix


def confusion_by_true_class(y, y_pred, K):
    counts = np.zeros((K, K), dtype=int)
    for t in np.unique(y):
        for p in np.unique(y):
            counts[t, p] = np.sum((y == t) & (y_pred == p))
    return counts


# --- ps5 --------------------------------------------------------------------------------------


def relu(Z):
    return Z * (Z > 0)


def logistic(Z):
    return np.where(Z >= 0, 1 / (1 + np.exp(-np.abs(Z))), 1 - 1 / (1 + np.exp(-np.abs(Z))))


def of_the_class(activation, derivative):
    class Layer:
        def forward(self, Z):
            Layer.kept = (Z, activation(Z))
            return Layer.kept[1].copy()

        def backward(self, grad_a, learning_rate=None):
            return derivative(Layer.kept, grad_a)

    return Layer


def into_upstream(activation, slope):
    class Layer:
        def forward(self, Z):
            self.kept = (Z.copy(), activation(Z))
            return self.kept[1].copy()

        def backward(self, grad_a, learning_rate=None):
            grad_a *= slope(self.kept)
            return grad_a

    return Layer


def network_slopes(
    soft=stable,
    last=lambda A, Y: A - Y,
    bend=lambda Z, A: 1.0 - np.square(A),
    back=lambda W, g: np.dot(W[:, :-1].T, g),
    over=lambda N: N,
):
    def network_gradients(W1, W2, X, Y):
        N = len(X[0])
        X1 = np.concatenate((X, np.ones((1, N))))
        Z1 = W1.dot(X1)
        A1 = np.tanh(Z1)
        X2 = np.concatenate((A1, np.ones((1, N))))
        g2 = last(soft(W2.dot(X2)), Y)
        a1 = back(W2, g2)
        g1 = a1 * bend(Z1, A1)
        return {
            "W1": g1.dot(X1.T) / over(N),
            "W2": g2.dot(X2.T) / over(N),
            "Z1": g1,
            "A1": a1,
            "Z2": g2,
        }

    return network_gradients


def network(
    soft=stable,
    loss=lambda y, p: -np.log(np.sum(y * p, axis=0)),
    note=lambda losses, N: sum(map(np.sum, losses)) / N,
    batches=lambda N, size, rng: cut(rng.permutation(N), size),
    scales=lambda n: 1 / np.sqrt(n),
    bend=lambda A: 1 - A * A,
    biases=None,
    last_first=False,
):
    class Network:
        def __init__(self, D, H, K, rng):
            if biases is None:
                self.W1 = rng.normal(size=(H, D + 1)) * scales(D)
                self.W2 = rng.normal(size=(K, H + 1)) * scales(H)
            else:
                self.W1 = np.c_[rng.normal(size=(H, D)) * scales(D), np.full(H, biases)]
                self.W2 = np.c_[rng.normal(size=(K, H)) * scales(H), np.full(K, biases)]

        def forward(self, X):
            self.X1 = np.vstack((X, np.ones(X.shape[1])))
            self.A1 = np.tanh(self.W1 @ self.X1)
            self.X2 = np.vstack((self.A1, np.ones(X.shape[1])))
            self.A2 = soft(self.W2 @ self.X2)
            return self.A2

        def backward(self, Y):
            g2 = (self.A2 - Y) / Y.shape[1]
            g1 = (self.W2[:, :-1].T @ g2) * bend(self.A1)
            return g1 @ self.X1.T, g2 @ self.X2.T

        def fit(self, X, Y, batch_size, epochs, learning_rate, rng):
            history, N = [], X.shape[1]
            for _ in range(epochs):
                losses = []
                for chosen in batches(N, batch_size, rng):
                    losses.append(loss(Y[:, chosen], self.forward(X[:, chosen])))
                    G1, G2 = self.backward(Y[:, chosen])
                    self.W2 = self.W2 - learning_rate * G2
                    if last_first:
                        G1, _ = self.backward(Y[:, chosen])
                    self.W1 = self.W1 - learning_rate * G1
                history.append(note(losses, N))
            return np.array(history, dtype=float)

        def predict(self, X):
            return np.argmax(self.forward(X), axis=0)

    return Network


def layers(bend, soft, W1, W2, X):
    A1 = bend(W1 @ np.vstack((X, np.ones(X.shape[1]))))
    return A1, soft(W2 @ np.vstack((A1, np.ones(X.shape[1]))))


def stepped(
    sign=-1, first=1, after=False, over=lambda N: N, note=np.mean,
    loss=lambda y, p: -np.log(np.sum(y * p, axis=0)),
):  # fmt: skip
    slopes = network_slopes(over=over)

    def network_step(W1, W2, X, Y, learning_rate):
        G = slopes(W1, W2, X, Y)
        V1, V2 = W1 + sign * first * learning_rate * G["W1"], W2 + sign * learning_rate * G["W2"]
        at = (V1, V2) if after else (W1, W2)
        return V1, V2, float(note(loss(Y, layers(np.tanh, stable, *at, X)[1])))

    return network_step


def strength_chosen(
    train_on=lambda every, rest: rest, best=np.argmin, note=np.mean,
    loss=lambda y, p: -np.log(np.sum(y * p, axis=0)),
):  # fmt: skip
    def choose_strength(X, Y, held_out, strengths, fit):
        every = np.arange(X.shape[1])
        seen, found = train_on(every, np.setdiff1d(every, held_out)), []
        for strength in strengths:
            W = fit(X[:, seen], Y[:, seen], float(strength))
            p = stable(W[:, :-1] @ X[:, held_out] + W[:, -1:])
            found.append(note(loss(Y[:, held_out], p)))
        return float(strengths[best(found)]), np.array(found)

    return choose_strength


class NetworkOfTheClass(network()):
    def __init__(self, D, H, K, rng):
        super().__init__(D, H, K, rng)
        NetworkOfTheClass.W1, NetworkOfTheClass.W2 = vars(self).pop("W1"), vars(self).pop("W2")


def clip(low, high=1.0):
    return lambda y, p: -np.sum(y * np.log(np.clip(p, low, high)), axis=0)


def plus(eps):
    return lambda y, p: -np.sum(y * np.log(p + eps), axis=0)


OTHER_SHIFT = "another number subtracted"
CHAIN, EPSILON = "0 / 0 in the chain", "epsilon in the chain"
CLIPPED, ONE = "clipped probabilities", "one maximum for all"
SHARED = "kept on the class"

WRONG = {
    "Softmax": {
        "minimum": (softmax_layer(exponentials_over(lambda z: np.min(z, axis=0))), OTHER_SHIFT),
        "mean": (softmax_layer(exponentials_over(lambda z: np.mean(z, axis=0))), OTHER_SHIFT),
        "median": (softmax_layer(exponentials_over(lambda z: np.median(z, axis=0))), OTHER_SHIFT),
        "first": (softmax_layer(exponentials_over(lambda z: z[0])), OTHER_SHIFT),
        "one maximum": (softmax_layer(exponentials_over(np.max)), ONE),
        "no shift": (softmax_layer(exponentials_over(np.zeros_like)), "no max shift"),
        "clipped scores": (softmax_layer(lambda z: stable(np.clip(z, -500, 500))), None),
        "clipped probabilities": (softmax_layer(lambda z: np.clip(stable(z), 1e-7, 1)), None),
        "whole sum": (softmax_layer(all_softmax), "whole-matrix sum"),
        "last axis": (
            softmax_layer(lambda z: stable(z) if z.ndim == 1 else rows_softmax(z)),
            "last axis",
        ),
        "argument": (softmax_layer(derivative=lambda cache, g: g.copy()), "slope passed on"),
        "ones": (softmax_layer(derivative=lambda cache, g: np.ones_like(g)), "only ones"),
        "product": (softmax_layer(derivative=lambda cache, g: cache[1] * g), "sum left out"),
        "sign": (
            softmax_layer(derivative=lambda cache, g: -softmax_slope(cache, g)),
            "sign of backward",
        ),
        "minus upstream": (
            softmax_layer(derivative=lambda cache, g: cache[1] - g),
            "upstream ignored",
        ),
        "own slope": (
            softmax_layer(derivative=lambda cache, g: cache[1] - cache[1] ** 2),
            "upstream not used",
        ),
        "diagonal": (
            softmax_layer(derivative=lambda cache, g: (cache[1] - cache[1] ** 2) * g),
            "diagonal only",
        ),
        "1-D": (softmax_layer(derivative=jacobian_1d), "1-D Jacobian"),
        "class": (SoftmaxOfTheClass, SHARED),
        "global": (SoftmaxOfAGlobal, SHARED),
        "spoils": (SoftmaxThatSpoils, None),
        "in upstream": (SoftmaxInUpstream, "changes grad_a"),
        "divided by N": (
            softmax_layer(derivative=lambda cache, g: softmax_slope(cache, g) / g.shape[-1]),
            None,
        ),
    },
    "Dense": {
        "sum": (dense(lambda g, X: g @ X.T), "sum instead of mean"),
        "over K": (dense(lambda g, X: g @ X.T / g.shape[0]), "divided by K"),
        "biases summed": (dense(biases_apart), "bias step summed"),
        "biases left": (dense(features_only), "bias never updated"),
        "uphill": (dense(lambda g, X: -(g @ X.T) / len(X.T)), "plus sign"),
        "all rows": (dense(back=lambda W, g: W.T @ g), "bias row left in"),
        "first row": (dense(back=lambda W, g: (W.T @ g)[1:]), "first row dropped"),
        "moves first": (dense(moves_first=True), "updates first"),
        "zero biases": (
            dense(first=lambda D, K, rng, s: np.c_[rng.normal(0, s, (K, D)), np.zeros(K)]),
            "biases start at 0",
        ),
        "scale": (
            dense(first=lambda D, K, rng, s: rng.normal(0, 0.01, (K, D + 1))),
            "scale ignored",
        ),
        "zeros": (dense(first=lambda D, K, rng, s: np.zeros((K, D + 1))), "weights all equal"),
        "uniform": (dense(first=lambda D, K, rng, s: s * rng.random((K, D + 1))), None),
        "class": (DenseOfTheClass, SHARED),
        "adds up": (DenseThatAddsUp, "gradients add up"),
    },
    "sgd_epoch": {
        "no shift": (sgd(exponentials_over(np.zeros_like)), "no max shift"),
        "minimum": (sgd(exponentials_over(np.min)), OTHER_SHIFT),
        "mean": (sgd(exponentials_over(np.mean)), OTHER_SHIFT),
        "clip 1e-7": (sgd(loss=clip(1e-7)), CLIPPED),
        "clip 1e-15": (sgd(loss=clip(1e-15, 1 - 1e-15)), CLIPPED),
        "plus 1e-8": (sgd(loss=plus(1e-8)), CLIPPED),
        "clip 1e-30": (sgd(loss=clip(1e-30)), None),
        "chain": (sgd(slope=chained), CHAIN),
        "chain 1e-8": (sgd(slope=lambda p, y: chained(p, y, 1e-8)), EPSILON),
        "chain 1e-15": (sgd(slope=lambda p, y: chained(p, y, 1e-15)), EPSILON),
        "diagonal": (sgd(slope=lambda p, y: (p - p * p) * (-y / p)), "diagonal only"),
        "no Jacobian": (sgd(slope=lambda p, y: -np.divide(y, p)), "Jacobian skipped"),
        "uphill": (sgd(sign=-1.0), "plus sign"),
        "after": (sgd(at_end=True), "loss after the step"),
        "rate over N": (sgd(rate_of=lambda rate, X: rate / X.shape[1]), "rate divided by N"),
        "squared slope": (sgd(slope=lambda p, y: 2 * (p - y)), None),
    },
    "is_softmax": {
        "always": (accepts, "accepts everything"),
        "invariant": (invariant, "only shifts + only one sample + only mild scores"),
        "sums": (sums_to_one, "only the sums + only one sample + only mild scores"),
        "known": (known_values, "only one sample + only mild scores"),
        "mild": (one_sample_and_batch, "only mild scores"),
    },
    "is_gradient": {
        "always": (gradient_always, "accepts everything"),
        "at 0": (gradient_of(lambda G: G, np.zeros((3, 4))), "only at W = 0"),
        "one entry": (gradient_of(lambda G: G[0, 0], SOME_W), "only one entry"),
        "norm": (gradient_of(np.linalg.norm, SOME_W), "only the size"),
        "sum": (gradient_of(np.sum, SOME_W), "only the sum"),
    },
    "batch_indices": {
        "again": (batches_again, "draws again"),
        "global": (batches_of_global, "global generator"),
        "full only": (batches_full_only, "remainder dropped"),
        "empty": (batches_with_empty, "empty batch at the end"),
        "filled": (batches_filled, "last batch filled up"),
        "batches mixed": (batches_mixed, "batches shuffled, not samples"),
        "in order": (lambda N, size, rng: cut(np.arange(N), size), "not shuffled"),
        "choice": (
            lambda N, size, rng: [rng.choice(N, len(b)) for b in cut(np.arange(N), size)],
            "with replacement",
        ),
        "lists": (
            lambda N, size, rng: cut(rng.permutation(N).tolist(), size),
            "lists of indices",
        ),
        "seeded": (
            lambda N, size, rng: cut(np.random.default_rng(42).permutation(N), size),
            "own generator",
        ),
        "split": (
            lambda N, size, rng: np.array_split(rng.permutation(N), -(-N // size)),
            None,
        ),
    },
    "batch_backward": {
        "inputs": (
            lambda J, G: (J * G[:, None]).sum(axis=0) if len(J) == len(G) else J.sum(axis=0),
            None,
        ),
        "mixed": (lambda J, G: J.sum(axis=2) @ G, "samples mixed"),
        "first": (lambda J, G: J[..., 0].dot(G), "first sample's Jacobian for all"),
        "mean": (lambda J, G: (J * G).mean(axis=1), "mean over the outputs"),
        "rows": (lambda J, G: (J * G).sum(axis=1).T, "transposed"),
        "product": (lambda J, G: np.multiply(G, J), "nothing summed"),
    },
    "choose_rate": {
        "lowest": (lambda r, L, last: r[L.min(axis=1).argmin()], None),
        "place": (
            lambda r, L, last: int(
                np.argmin(np.where(np.isfinite(L).all(1), L[:, -last:].mean(1), np.inf))
            ),
            "place instead of rate",
        ),
        "nan": (lambda r, L, last: r[L[:, -last:].sum(axis=1).argmin()], "nan wins"),
    },
    "choose_strength": {
        "leak": (strength_chosen(train_on=lambda every, rest: every), "trained on all samples"),
        "worst": (strength_chosen(best=np.argmax), "largest loss"),
        "clip": (strength_chosen(loss=clip(1e-12)), CLIPPED),
        "median": (strength_chosen(note=np.median), None),
    },
    "batch_gradient": {
        "one maximum": (batch(exponentials_over(np.max)), ONE),
        "no shift": (batch(exponentials_over(np.zeros_like)), "no max shift"),
        "minimum": (batch(exponentials_over(lambda z: z.min(axis=0))), OTHER_SHIFT),
        "mean": (batch(exponentials_over(lambda z: z.mean(axis=0))), OTHER_SHIFT),
        "median": (batch(exponentials_over(lambda z: np.median(z, axis=0))), OTHER_SHIFT),
        "rows": (batch(rows_softmax), "axis=1"),
        "whole": (batch(all_softmax), "whole-matrix sum"),
        "chain": (batch(slope=by_columns), CHAIN),
        "chain 1e-12": (batch(slope=lambda A, Y: by_columns(A, Y, 1e-12)), EPSILON),
        "sum": (batch(over=lambda Y: 1.0), "sum instead of mean"),
        "over K": (batch(over=lambda Y: Y.shape[0]), "divided by K"),
        "over all": (batch(over=lambda Y: Y.size), "divided by K"),
        "sign": (batch(slope=lambda A, Y: Y - A), "sign"),
        "no Jacobian": (batch(slope=lambda A, Y: -(Y / A)), "Jacobian skipped"),
        "diagonal": (batch(slope=lambda A, Y: Y * A - Y), "diagonal only"),
        "logistic": (batch(logistic), "sigmoid"),
        "transposed": (lambda W, Xb, Y: Xb @ (stable(W @ Xb) - Y).T / Y.shape[1], "transposed"),
        "changes Y": (changes_Y, "changes Y"),
        "clipped": (batch(lambda Z: stable(np.clip(Z, -500, 500))), None),
    },
    "l2_gradient": {
        "half": (lambda W, s: s * np.c_[W[:, :-1], np.zeros(len(W))], "half"),
        "all": (lambda W, s: s * 2.0 * W, "biases included"),
        "first": (lambda W, s: 2 * s * np.c_[np.zeros(len(W)), W[:, 1:]], "first column free"),
        "cut": (lambda W, s: s * 2 * np.delete(W, -1, axis=1), "bias column left out"),
        "squares": (lambda W, s: s * np.c_[W[:, :-1] ** 2, np.zeros(len(W))], "squares"),
    },
    "train": {
        "one maximum": (trained(exponentials_over(np.max)), ONE),
        "no shift": (trained(exponentials_over(np.zeros_like)), "no max shift"),
        "minimum": (trained(exponentials_over(lambda z: z.min(axis=0))), OTHER_SHIFT),
        "clip": (trained(loss=clip(1e-12)), CLIPPED),
        "chain": (trained(slope=by_columns), CHAIN),
        "batch means": (
            trained(note=lambda losses, N: np.mean([np.mean(part) for part in losses])),
            "mean of batch means",
        ),
        "last batch": (
            trained(note=lambda losses, N: np.mean(losses[-1])),
            "loss of the last batch",
        ),
        "added": (trained(note=lambda losses, N: sum(map(np.mean, losses))), "losses added up"),
        "after": (trained(after=True), "loss after the step"),
        "in order": (
            trained(batches=lambda N, size, rng: cut(np.arange(N), size)),
            "not shuffled",
        ),
        "zeros": (trained(first=lambda K, D, rng: np.zeros((K, D))), "weights start at 0"),
        "uphill": (trained(sign=-1.0), "plus sign"),
        "summed": (trained(mean=False), "gradient summed"),
        "half": (trained(pull=1.0), "half the penalty"),
        "no pull": (trained(pull=0.0), "penalty forgotten"),
        "biases": (trained(biases=1.0), "biases pulled too"),
        "uniform": (trained(first=lambda K, D, rng: 0.01 * rng.random((K, D))), None),
    },
    "predict": {
        "exp": (lambda W, Xb: np.exp(W.dot(Xb)).argmax(axis=0), "exp of large scores"),
        "unshifted": (
            lambda W, Xb: exponentials_over(np.zeros_like)(W @ Xb).argmax(axis=0),
            "exp of large scores",
        ),
        "sigmoid": (lambda W, Xb: logistic(W @ Xb).argmax(axis=0), "bent scores"),
        "relu": (lambda W, Xb: relu(W @ Xb).argmax(axis=0), "bent scores"),
        "float32": (lambda W, Xb: np.argmax((W @ Xb).astype(np.float32), axis=0), None),
        "rows": (lambda W, Xb: (W @ Xb).argmax(axis=1), "argmax over the samples"),
        "probabilities": (lambda W, Xb: stable(W @ Xb), "probabilities"),
        "no bias": (lambda W, Xb: (W[:, :-1] @ Xb[:-1]).argmax(axis=0), "bias left out"),
    },
    "accuracy": {
        "count": (lambda y, p: float((y == p).sum()), "number of hits"),
        "percent": (lambda y, p: 100.0 * np.mean(y == p), "percent"),
        "errors": (lambda y, p: 1.0 - np.mean(y == p), "error rate"),
    },
    "confusion_matrix": {
        "true size": (
            confusion(lambda y, p, K: max(y.max(), p.max()) + 1),
            "K from the labels present",
        ),
        "ten": (confusion(lambda y, p, K: 10), "ten classes"),
        "by true": (confusion_by_true_class, "classes never true left out"),
        "uint8": (confusion(dtype=np.uint8), "counts of 8 bits"),
        "int8": (confusion(dtype=np.int8), "counts of 8 bits"),
        "floats": (confusion(dtype=float), "floats"),
        "float32": (confusion(dtype=np.float32), None),
        "transposed": (confusion(pair=lambda t, p: (p, t)), "transposed"),
    },
    "to_keras": {
        "whole": (lambda W: (W.T.copy(), W[:, -1].copy()), "bias left in the kernel"),
        "as it is": (lambda W: (np.delete(W, -1, axis=1), W[:, -1]), "not transposed"),
        "first": (lambda W: (np.delete(W, 0, axis=1).T, W[:, 0]), "first column as bias"),
    },
    "ReLU": {
        "cap 6": (layer(lambda Z: np.minimum(relu(Z), 6), lambda c, g: g * (c[0] > 0)), "capped"),
        "cap 20": (
            layer(lambda Z: np.minimum(relu(Z), 20), lambda c, g: g * (c[0] > 0)),
            "capped",
        ),
        "cap 5000": (layer(lambda Z: np.minimum(relu(Z), 5000), lambda c, g: g * (c[0] > 0)), None),
        "at 0": (layer(relu, lambda c, g: np.where(c[0] >= 0, g, 0)), "slope 1 at 0"),
        "passed on": (layer(relu, lambda c, g: g.copy()), "slope 1 everywhere"),
        "mask": (layer(relu, lambda c, g: (c[0] > 0).astype(float)), "upstream ignored"),
        "ones": (layer(relu, lambda c, g: np.ones_like(g)), "only ones"),
        "of upstream": (layer(relu, lambda c, g: g * (g > 0)), "sign of the upstream"),
        "class": (of_the_class(relu, lambda c, g: g * (c[0] > 0)), SHARED),
        "in upstream": (into_upstream(relu, lambda c: c[0] > 0), "changes grad_a"),
    },
    "Tanh": {
        "bracket": (layer(np.tanh, lambda c, g: g - c[1] ** 2), "a bracket left out"),
        "passed on": (layer(np.tanh, lambda c, g: g.copy()), "slope passed on"),
        "input": (layer(np.tanh, lambda c, g: g * (1 - c[0] ** 2)), "input taken for the output"),
        "class": (of_the_class(np.tanh, lambda c, g: g * (1 - c[1] ** 2)), SHARED),
        "in upstream": (into_upstream(np.tanh, lambda c: 1 - c[1] ** 2), "changes grad_a"),
        "sinh": (
            layer(lambda Z: np.sinh(Z) / np.cosh(Z), lambda c, g: g * (1 - c[1] ** 2)),
            "overflow",
        ),
    },
    "Sigmoid": {
        "bracket": (layer(logistic, lambda c, g: g * c[1] - c[1]), "a bracket left out"),
        "passed on": (layer(logistic, lambda c, g: g.copy()), "slope passed on"),
        "input": (
            layer(logistic, lambda c, g: g * c[0] * (1 - c[0])),
            "input taken for the output",
        ),
        "overflow": (
            layer(lambda Z: np.exp(Z) / (np.exp(Z) + 1), lambda c, g: g * c[1] * (1 - c[1])),
            "overflow",
        ),
        "class": (of_the_class(logistic, lambda c, g: g * c[1] * (1 - c[1])), SHARED),
    },
    "mse": {
        "pairs": (lambda y, Yhat: np.mean((Yhat.reshape(-1, 1) - y) ** 2), "every pair of samples"),
        "sum": (lambda y, Yhat: np.sum(np.square(Yhat - y)), "sum instead of mean"),
        "half": (lambda y, Yhat: 0.5 * np.square(Yhat - y).mean(), "half"),
    },
    "mse_gradient": {
        "both": (lambda y, Yhat: (Yhat - y) / Yhat.size, "no 2, and divided by N"),
        "no 2": (lambda y, Yhat: Yhat - y[None], "missing factor 2"),
        "over N": (lambda y, Yhat: -2 * (y - Yhat) / Yhat.size, "divided by N"),
    },
    "network_gradients": {
        "one maximum": (network_slopes(exponentials_over(np.max)), ONE),
        "no shift": (network_slopes(exponentials_over(np.zeros_like)), "no max shift"),
        "minimum": (network_slopes(exponentials_over(lambda z: z.min(axis=0))), OTHER_SHIFT),
        "mean": (network_slopes(exponentials_over(lambda z: z.mean(axis=0))), OTHER_SHIFT),
        "chain": (network_slopes(last=by_columns), CHAIN),
        "chain 1e-7": (network_slopes(last=lambda A, Y: by_columns(A, Y, 1e-7)), EPSILON),
        "logistic slope": (
            network_slopes(bend=lambda Z, A: A - A**2),
            "slope of another bend",
        ),
        "relu slope": (network_slopes(bend=lambda Z, A: (Z > 0) * 1.0), "slope of another bend"),
        "no slope": (network_slopes(bend=lambda Z, A: 1.0), "slope of tanh left out"),
        "sum": (network_slopes(over=lambda N: 1), "sum instead of mean"),
        "sign": (network_slopes(last=lambda A, Y: Y - A), "sign"),
        "first column": (
            network_slopes(back=lambda W, g: (W.T @ g)[1:]),
            "first column dropped",
        ),
    },
    "network_forward": {
        "linear": (lambda W1, W2, X: layers(lambda Z: Z, stable, W1, W2, X), "no bend"),
        "relu": (lambda W1, W2, X: layers(relu, stable, W1, W2, X), "another bend"),
        "logistic": (lambda W1, W2, X: layers(logistic, stable, W1, W2, X), "another bend"),
        "rows": (
            lambda W1, W2, X: layers(np.tanh, rows_softmax, W1, W2, X),
            "softmax along the samples",
        ),
        "whole": (lambda W1, W2, X: layers(np.tanh, all_softmax, W1, W2, X), "whole-matrix sum"),
        "scores": (
            lambda W1, W2, X: layers(np.tanh, lambda Z: Z, W1, W2, X),
            "scores instead of probabilities",
        ),
        "no shift": (
            lambda W1, W2, X: layers(np.tanh, exponentials_over(np.zeros_like), W1, W2, X),
            "no max shift",
        ),
        "one maximum": (
            lambda W1, W2, X: layers(np.tanh, exponentials_over(np.max), W1, W2, X),
            ONE,
        ),
        "turned": (lambda W1, W2, X: layers(np.tanh, stable, W1, W2, X)[::-1], "exchanged"),
        "alone": (lambda W1, W2, X: layers(np.tanh, stable, W1, W2, X)[1], None),
    },
    "network_step": {
        "uphill": (stepped(sign=1), "plus sign"),
        "after": (stepped(after=True), "loss after the step"),
        "last": (stepped(first=0), "only the last layer learns"),
        "sum": (stepped(over=lambda N: 1), "sum instead of mean"),
        "twice": (stepped(over=lambda N: N**2), "divided by N twice"),
        "clip": (stepped(loss=clip(1e-9)), CLIPPED),
        "added": (stepped(note=np.sum), "losses added up"),
        "median": (stepped(note=np.median), None),
    },
    "Network": {
        "no shift": (network(exponentials_over(np.zeros_like)), "largest score not subtracted"),
        "mean": (
            network(exponentials_over(lambda z: z.mean(axis=0))),
            "largest score not subtracted",
        ),
        "one maximum": (network(exponentials_over(np.max)), ONE),
        "clipped scores": (network(lambda Z: stable(np.clip(Z, -500, 500))), None),
        "clip": (network(loss=clip(1e-15)), CLIPPED),
        "plus": (network(loss=plus(1e-9)), CLIPPED),
        "batch means": (
            network(note=lambda losses, N: np.mean([np.mean(part) for part in losses])),
            "mean of batch means",
        ),
        "in order": (
            network(batches=lambda N, size, rng: cut(np.arange(N), size)),
            "not shuffled",
        ),
        "small": (network(scales=lambda n: 0.01), "other first weights"),
        "zero biases": (network(biases=0.0), "biases start at 0"),
        "no slope": (network(bend=lambda A: 1.0), "slope of tanh left out"),
        "last first": (network(last_first=True), "last layer moved first"),
        "class": (NetworkOfTheClass, None),
        "He": (network(scales=lambda n: np.sqrt(2 / n)), None),
    },
}  # fmt: skip
