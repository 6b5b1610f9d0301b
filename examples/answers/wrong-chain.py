"""One link of the chain is left out, and another is bent."""

import numpy as np

# %% ps2 chain_rule
def chain_rule(dz_dW, da_dz, dL_da):
    return dz_dW @ dL_da

# %% ps2 loss_gradient
def loss_gradient(W, x, y):
    z = W @ x
    e = np.exp(z - z.max())
    a = e / e.sum()
    J = (np.eye(len(a)) - a.T) * a
    return np.outer(J @ (-y / a), x)

# %% ps3 Dense
class Dense:
    def __init__(self, D, K, rng, scale=0.01):
        self.W = init_weights(D, K, rng, scale)

    def forward(self, X):
        self.X = add_bias(X)
        return self.W @ self.X

    def backward(self, grad_z, learning_rate):
        self.W = self.W - learning_rate * grad_z @ self.X.T / self.X.shape[1]
        return self.W[:, :-1].T @ grad_z

# %% ps3 is_gradient
def is_gradient(f, grad):
    W = np.zeros((3, 4))
    return np.allclose(grad(W), numerical_gradient(f, W), atol=1e-6)

# %% ps5 network_gradients
def network_gradients(W1, W2, X, Y):
    X1, n = add_bias(X), Y.shape[1]
    H1 = add_bias(np.tanh(W1 @ X1))
    Z2 = softmax(W2 @ H1) - Y
    A1 = W2[:, :-1].T @ Z2
    return {"Z2": Z2, "A1": A1, "Z1": A1, "W2": Z2 @ H1.T / n, "W1": A1 @ X1.T / n}
