"""Loops over samples and classes, nothing clever, everything right."""

import math

import numpy as np

# %% ps1 add_bias
def add_bias(X):
    D, N = X.shape
    Xb = np.zeros((D + 1, N))
    for i in range(D):
        for n in range(N):
            Xb[i, n] = X[i, n]
    for n in range(N):
        Xb[D, n] = 1
    return Xb

# %% ps1 init_weights
def init_weights(D, K, rng, scale=0.01):
    W = rng.standard_normal((K, D + 1))
    for k in range(K):
        for j in range(D + 1):
            W[k, j] = W[k, j] * scale
    return W

# %% ps1 one_hot
def one_hot(y, K):
    Y = np.zeros((K, len(y)))
    for n in range(len(y)):
        Y[y[n], n] = 1
    return Y

# %% ps1 scores
def scores(W, Xb):
    if Xb.ndim == 1:
        z = np.zeros(len(W))
        for k in range(len(W)):
            for j in range(len(Xb)):
                z[k] += W[k, j] * Xb[j]
        return z
    Z = np.zeros((len(W), Xb.shape[1]))
    for n in range(Xb.shape[1]):
        Z[:, n] = scores(W, Xb[:, n])
    return Z

# %% ps1 softmax
def softmax(z):
    if z.ndim == 2:
        A = np.zeros(z.shape)
        for n in range(z.shape[1]):
            A[:, n] = softmax(z[:, n])
        return A
    largest = max(z)
    total = 0
    for score in z:
        total += math.exp(score - largest)
    a = np.zeros(len(z))
    for k in range(len(z)):
        a[k] = math.exp(z[k] - largest) / total
    return a

# %% ps1 cce
def cce(Y, Yhat):
    if Y.ndim == 1:
        Y = Y.reshape(-1, 1)
        Yhat = Yhat.reshape(-1, 1)
    K, N = Y.shape
    loss = 0.0
    for n in range(N):
        for k in range(K):
            if Y[k, n] == 1:
                if Yhat[k, n] == 0:
                    return math.inf
                loss -= math.log(Yhat[k, n])
    return loss / N

# %% ps1 cce_from_scores
def cce_from_scores(Z, y):
    if Z.ndim == 1:
        Z = Z.reshape(-1, 1)
        y = [y]
    K, N = Z.shape
    loss = 0.0
    for n in range(N):
        largest = max(Z[:, n])
        total = 0
        for k in range(K):
            total += math.exp(Z[k, n] - largest)
        loss += largest + math.log(total) - Z[y[n], n]
    return float(loss / N)

# %% ps1 after setup
import math

# %% ps1 written_whole_matrix
# For one sample it is the same sum. All entries become 1/(K*N), so the loss is ln(KN) and too
# big. I would print the column sums.

# %% ps2 after setup
import math

# %% ps2 numerical_gradient
def numerical_gradient(f, W, h=1e-5):
    gradient = np.zeros(W.shape)
    for index in np.ndindex(W.shape):
        up = W.astype(float)
        down = W.astype(float)
        up[index] += h
        down[index] -= h
        gradient[index] = (f(up) - f(down)) / (2 * h)
    return gradient

# %% ps2 cce_gradient
def cce_gradient(Y, Yhat):
    gradient = np.zeros(Y.shape)
    for index in np.ndindex(Y.shape):
        if Y[index] != 0:
            gradient[index] = -Y[index] / Yhat[index]
    return gradient

# %% ps2 softmax_jacobian
def softmax_jacobian(a):
    K = len(a)
    J = np.zeros((K, K))
    for i in range(K):
        for k in range(K):
            if i == k:
                J[i, k] = a[i] * (1 - a[i])
            else:
                J[i, k] = -a[i] * a[k]
    return J

# %% ps2 scores_gradient_x
def scores_gradient_x(W):
    K, D1 = W.shape
    gradient = np.zeros((D1, K))
    for j in range(D1):
        for k in range(K):
            gradient[j, k] = W[k, j]
    return gradient

# %% ps2 scores_gradient_W
def scores_gradient_W(x, K):
    T = np.zeros((K, len(x), K))
    for k in range(K):
        for j in range(len(x)):
            T[k, j, k] = x[j]
    return T

# %% ps2 chain_rule
def chain_rule(dz_dW, da_dz, dL_da):
    K, D1, _ = dz_dW.shape
    dL_dz = np.zeros(K)
    for k in range(K):
        for m in range(K):
            dL_dz[k] += da_dz[k, m] * dL_da[m]
    dL_dW = np.zeros((K, D1))
    for i in range(K):
        for j in range(D1):
            for k in range(K):
                dL_dW[i, j] += dz_dW[i, j, k] * dL_dz[k]
    return dL_dW

# %% ps2 loss_gradient
def loss_gradient(W, x, y):
    K, D1 = W.shape
    z = [sum(W[k, j] * x[j] for j in range(D1)) for k in range(K)]
    largest = max(z)
    total = sum(math.exp(score - largest) for score in z)
    gradient = np.zeros((K, D1))
    for k in range(K):
        a_k = math.exp(z[k] - largest) / total
        for j in range(D1):
            gradient[k, j] = (a_k - y[k]) * x[j]
    return gradient

# %% ps2 written_sum_to_zero
# Both a and y sum to 1. So do the columns (they are multiples of a - y), they sum to 0.
# The sum of the weights of each feature stays the same.
