"""One error early on, and later work that is right but for it."""

import numpy as np

# %% ps2 cce_gradient
def cce_gradient(Y, Yhat):
    return np.divide(Y, Yhat, out=np.zeros(Yhat.shape), where=Y != 0)

# %% ps2 loss_gradient
def softmax(z):
    e = np.exp(z - np.max(z))
    return e / np.sum(e)


def loss_gradient(W, x, y):
    a = softmax(W @ x)
    links = scores_gradient_W(x, len(W)), softmax_jacobian(a), cce_gradient(y, a)
    return chain_rule(*links)

# %% ps4 batch_indices
def batch_indices(N, batch_size, rng):
    order = rng.permutation(N)
    return [order[i : i + batch_size] for i in range(0, N - batch_size + 1, batch_size)]

# %% ps4 train
def train(X, Y, batch_size, epochs, learning_rate, rng, strength=0.0):
    (D, N), K = X.shape, len(Y)
    W, Xb, history = init_weights(D, K, rng), add_bias(X), []
    for _ in range(epochs):
        total = 0.0
        for batch in batch_indices(N, batch_size, rng=rng):
            x, y = Xb[:, batch], Y[:, batch]
            total += cce(y, softmax(W @ x)) * len(batch)
            uphill = batch_gradient(W, x, y) + l2_gradient(W, strength)
            W = W - learning_rate * uphill
        history.append(total / N)
    return W, np.array(history)

# %% ps4 choose_rate
def choose_rate(rates, histories, last):
    return rates[np.argmin(histories[:, -last:].mean(axis=1))]
