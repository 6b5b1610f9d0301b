"""Whole arrays, few lines: the way a user of SciPy writes."""

import numpy as np

# %% ps1 add_bias
def add_bias(X):
    return np.concatenate([np.asarray(X, dtype=float), np.ones((1, X.shape[1]))])

# %% ps1 init_weights
def init_weights(D, K, rng, scale=0.01):
    return rng.normal(0.0, scale, size=(K, D + 1))

# %% ps1 one_hot
def one_hot(y, K):
    return (np.arange(K)[:, None] == y).astype(float)

# %% ps1 scores
def scores(W, Xb):
    return np.dot(W, Xb)

# %% ps1 softmax
def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)

# %% ps1 cce
def cce(Y, Yhat):
    return -np.log((Y * Yhat).sum(axis=0)).mean()

# %% ps1 cce_from_scores
def cce_from_scores(Z, y):
    picked = Z[y] if Z.ndim == 1 else Z[y, np.arange(len(y))]
    return (np.logaddexp.reduce(Z, axis=0) - picked).mean()

# %% ps1 written_whole_matrix
# With one sample the matrix has one column, so the sum over the matrix is the sum over the
# classes. In a batch with all scores 0 every entry is $1/(KN)$ and the loss is
# $\ln(KN) = \ln K + \ln N$, which is $\ln N$ more than it should be.
# `np.allclose(softmax(Z).sum(axis=0), 1)` would have shown it.

# %% ps2 numerical_gradient
def numerical_gradient(f, W, h=1e-5):
    W = np.asarray(W, dtype=float)
    steps = h * np.eye(W.size).reshape(W.size, *W.shape)
    slopes = [(f(W + step) - f(W - step)) / (2 * h) for step in steps]
    return np.reshape(slopes, W.shape)

# %% ps2 cce_gradient
def cce_gradient(Y, Yhat):
    return np.where(Y == 0, 0.0, -Y / Yhat)

# %% ps2 softmax_jacobian
def softmax_jacobian(a):
    return a[:, None] * (np.eye(len(a)) - a)

# %% ps2 scores_gradient_x
def scores_gradient_x(W):
    return np.transpose(W)

# %% ps2 scores_gradient_W
def scores_gradient_W(x, K):
    return np.eye(K)[:, None, :] * x[:, None]

# %% ps2 chain_rule
def chain_rule(dz_dW, da_dz, dL_da):
    return np.tensordot(dz_dW, da_dz @ dL_da, axes=1)

# %% ps2 loss_gradient
def loss_gradient(W, x, y):
    z = W @ x
    return (np.exp(z - np.logaddexp.reduce(z)) - y)[:, None] * x

# %% ps2 written_sum_to_zero
# The probabilities sum to 1 and so does a one-hot vector, so the entries of $a - y$ sum to 0.
# Column $j$ of the gradient is $(a - y) x_j$ and sums to 0 as well. A step therefore never
# changes the sum of a column of $W$. A wrong sign would pass this test; the diagonal Jacobian
# would not.

# %% ps3 Softmax
class Softmax:
    def forward(self, Z):
        e = np.exp(Z - Z.max(axis=0))
        self.output = e / e.sum(axis=0)
        return self.output

    def backward(self, grad_a, learning_rate=None):
        product = self.output * grad_a
        return product - self.output * product.sum(axis=0)

# %% ps3 Dense
class Dense:
    def __init__(self, D, K, rng, scale=0.01):
        self.W = rng.normal(0.0, scale, (K, D + 1))

    def forward(self, X):
        self.X = X
        return self.W[:, :-1] @ X + self.W[:, -1:]

    def backward(self, grad_z, learning_rate):
        old = self.W.copy()
        step = np.column_stack([grad_z @ self.X.T, grad_z.sum(axis=1)])
        self.W = old - learning_rate * step / self.X.shape[1]
        return old[:, :-1].T @ grad_z

# %% ps3 sgd_epoch
def sgd_epoch(W, X, Y, learning_rate, order):
    losses = np.empty(len(order))
    for i, n in enumerate(order):
        x = np.append(X[:, n], 1)
        z = W @ x
        z = z - np.logaddexp.reduce(z)
        losses[i] = -z @ Y[:, n]
        W = W + learning_rate * np.outer(Y[:, n] - np.exp(z), x)
    return W, losses

# %% ps3 is_softmax
def is_softmax(f):
    Z = np.random.default_rng(42).normal(size=(4, 6))
    return all(
        np.allclose(f(z), np.exp(z - np.logaddexp.reduce(z, axis=0)), rtol=1e-7, atol=1e-13)
        for z in (Z[:, 0], Z, Z + 1000, 900 * Z[:, 0], Z + [1000, -1000, 0, 7, -3, 500])
    )

# %% ps3 is_gradient
def is_gradient(f, grad):
    rng = np.random.default_rng(42)
    for W, direction in zip(rng.normal(size=(9, 3, 4)), rng.normal(size=(9, 3, 4))):
        slope = (f(W + 1e-5 * direction) - f(W - 1e-5 * direction)) / 2e-5
        if not np.isclose(slope, np.vdot(grad(W), direction), rtol=1e-5, atol=1e-7):
            return False
    return True

# %% ps4 batch_indices
def batch_indices(N, batch_size, rng):
    return np.split(rng.permutation(N), range(batch_size, N, batch_size))

# %% ps4 batch_backward
def batch_backward(J, grad_A):
    return (J * grad_A).sum(axis=1)

# %% ps4 batch_gradient
def batch_gradient(W, Xb, Y):
    Z = W @ Xb
    return np.dot(np.exp(Z - np.logaddexp.reduce(Z)) - Y, Xb.T) / len(Xb.T)

# %% ps4 l2_gradient
def l2_gradient(W, strength):
    return 2 * strength * np.column_stack([W[:, :-1], np.zeros(len(W))])

# %% ps4 train
def train(X, Y, batch_size, epochs, learning_rate, rng, strength=0.0):
    Xb, W = add_bias(X), init_weights(len(X), len(Y), rng)
    history = np.zeros(epochs)
    for epoch in range(epochs):
        for batch in batch_indices(len(X.T), batch_size, rng):
            now, truth = Xb[:, batch], Y[:, batch]
            history[epoch] += cce(truth, softmax(W @ now)) * len(batch) / len(X.T)
            pull = l2_gradient(W, strength)
            W = W - learning_rate * (batch_gradient(W, now, truth) + pull)
    return W, history

# %% ps4 choose_rate
def choose_rate(rates, histories, last):
    ends = histories[:, -last:].mean(axis=1) + 0 * histories.sum(axis=1)
    return rates[np.nanargmin(ends)]

# %% ps4 predict
def predict(W, Xb):
    return (W @ Xb).argmax(axis=0)

# %% ps4 accuracy
def accuracy(y, y_pred):
    return np.count_nonzero(y == y_pred) / y.size

# %% ps4 confusion_matrix
def confusion_matrix(y, y_pred, K):
    return np.bincount(K * y + y_pred, minlength=K * K).reshape(K, K)

# %% ps4 choose_strength
def choose_strength(X, Y, held_out, strengths, fit):
    seen = np.setdiff1d(np.arange(len(X.T)), held_out)
    weights = [fit(X[:, seen], Y[:, seen], strength) for strength in strengths]
    losses = [cce(Y[:, held_out], softmax(W @ add_bias(X[:, held_out]))) for W in weights]
    return strengths[np.argmin(losses)], np.array(losses)

# %% ps4 to_keras
def to_keras(W):
    return W.T[:-1], W.T[-1]

# %% ps5 ReLU
class ReLU:
    def forward(self, Z):
        self.positive = Z > 0
        return np.where(self.positive, Z, 0.0)

    def backward(self, grad_a, learning_rate=None):
        return np.where(self.positive, grad_a, 0.0)

# %% ps5 Tanh
class Tanh:
    def forward(self, Z):
        self.slope = 1 - np.tanh(Z) ** 2
        return np.tanh(Z)

    def backward(self, grad_a, learning_rate=None):
        return self.slope * grad_a

# %% ps5 Sigmoid
class Sigmoid:
    def forward(self, Z):
        with np.errstate(over="ignore"):
            self.output = 1 / (1 + np.exp(-Z))
        return self.output

    def backward(self, grad_a, learning_rate=None):
        return self.output * (1 - self.output) * grad_a

# %% ps5 mse
def mse(y, Yhat):
    return np.square(Yhat.ravel() - y).mean()

# %% ps5 mse_gradient
def mse_gradient(y, Yhat):
    return 2 * (Yhat - y[None, :])

# %% ps5 network_forward
def network_forward(W1, W2, X):
    hidden = np.tanh(W1[:, :-1] @ X + W1[:, -1:])
    return hidden, softmax(W2[:, :-1] @ hidden + W2[:, -1:])

# %% ps5 network_gradients
def network_gradients(W1, W2, X, Y):
    X1, n = add_bias(X), Y.shape[1]
    hidden = np.tanh(W1 @ X1)
    H1 = add_bias(hidden)
    g = {"Z2": softmax(W2 @ H1) - Y}
    g["A1"] = np.delete(W2, -1, axis=1).T @ g["Z2"]
    g["Z1"] = g["A1"] - g["A1"] * hidden**2
    g["W2"], g["W1"] = np.inner(g["Z2"], H1) / n, np.inner(g["Z1"], X1) / n
    return g

# %% ps5 network_step
def network_step(W1, W2, X, Y, learning_rate):
    g = network_gradients(W1, W2, X, Y)
    loss = cce(Y, network_forward(W1, W2, X)[1])
    return W1 - learning_rate * g["W1"], W2 - learning_rate * g["W2"], loss

# %% ps5 Network
class Network:
    def __init__(self, D, H, K, rng):
        self.W1 = rng.normal(size=(H, D + 1)) / D**0.5
        self.W2 = rng.normal(size=(K, H + 1)) / H**0.5

    def forward(self, X):
        self.last = X
        return softmax(self.W2 @ add_bias(np.tanh(self.W1 @ add_bias(X))))

    def backward(self, Y):
        g = network_gradients(self.W1, self.W2, self.last, Y)
        return g["W1"], g["W2"]

    def fit(self, X, Y, batch_size, epochs, learning_rate, rng):
        history = np.zeros(epochs)
        for epoch in range(epochs):
            for batch in batch_indices(len(X.T), batch_size, rng):
                A = self.forward(X[:, batch])
                history[epoch] += cce(Y[:, batch], A) * len(batch) / len(X.T)
                for W, g in zip((self.W1, self.W2), self.backward(Y[:, batch])):
                    W -= learning_rate * g
        return history

    def predict(self, X):
        return self.forward(X).argmax(axis=0)
