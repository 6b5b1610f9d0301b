"""The mistakes of another student's work on the old hand-out, step by step, in these stubs.

Uniform weights from the global generator; one row for each sample and as many classes as there
are labels; softmax along the last axis; the losses summed, and nan at 0 log 0; -y/yhat without
regard to 0/0; the one-dimensional Jacobian (I - a.T) * a; -y/yhat taken for the whole gradient.
It stops there.
"""

import numpy as np

# %% ps1 after data
data = np.random.randint(3, 10, (4, 5))
labels = np.random.randint(0, 3, 5)
print(data, labels)

# %% ps1 add_bias
def add_bias(X):
  ones = np.ones(X.shape[1])
  return np.vstack((X, ones))

# %% ps1 init_weights
def init_weights(D, K, rng, scale=0.01):
  return np.random.rand(K, D + 1)

# %% ps1 one_hot
def one_hot(y, K):
  classes = np.max(y) + 1
  return np.eye(classes)[y]

# %% ps1 after grade_one_hot
labels = one_hot(labels, 3)
print(labels)

# %% ps1 scores
def scores(W, Xb):
  return np.dot(W, Xb)

# %% ps1 softmax
def softmax(z):
  e = np.exp(z - np.max(z, axis=-1, keepdims=True))
  return e / np.sum(e, axis=-1, keepdims=True)

# %% ps1 cce
def cce(Y, Yhat):
  return np.sum(-Y * np.log(Yhat))

# %% ps1 after grade_cce
weights = init_weights(4, 3, None)
for n, x in enumerate(add_bias(data).T):
  print("sample", n + 1, "loss", cce(labels[n], softmax(scores(weights, x))))

# %% ps2 cce_gradient
def cce_gradient(Y, Yhat):
  return -Y / Yhat

# %% ps2 softmax_jacobian
def softmax_jacobian(a):
  return (np.eye(a.size) - a.T) * a

# %% ps2 loss_gradient
def loss_gradient(W, x, y):
  z = scores_of(W, x)
  a = np.exp(z - z.max())
  a = a / a.sum()
  return np.outer(-y / a, x)


def scores_of(W, x):
  return np.dot(W, x)

# %% ps2 after grade_loss_gradient
for n in range(3):
  truth = np.eye(3)[n]
  print("gradient", cce_gradient(truth, a_demo))
print("gradient", cce_gradient(truth, a_demo))
