"""The mistakes of one student's work on the old hand-out, step by step, in these stubs.

The bias is put first and adds a sample; the weights come from the global generator and have no
bias column; labels are encoded in rows; softmax divides by the sum over the whole matrix, without
a shift; the loss picks whole rows; `a - y` is given where -y/yhat is asked for, in place, so that
it destroys yhat; the first term is an outer product; the label is subtracted as a number.
"""

import numpy as np

# %% ps1 after data
my_X = np.random.randint(3, 10, (4, 5))
my_labels = np.random.randint(0, 3, 5)
my_X, my_labels

# %% ps1 add_bias
def add_bias(X):
    bias = np.ones((len(X), 1))
    return np.hstack((bias, X))

# %% ps1 init_weights
def init_weights(D, K, rng, scale=0.01):
    return np.random.randn(K, D)

# %% ps1 after grade_init_weights
my_W = init_weights(4, 3, None)
my_W

# %% ps1 one_hot
def one_hot(y, K):
    return np.eye(K)[y]

# %% ps1 scores
def scores(W, Xb):
    return np.dot(W, Xb)

# %% ps1 softmax
def softmax(z):
    e = np.exp(z)
    return e / np.sum(e)

# %% ps1 after grade_softmax
my_a = softmax(scores(my_W, my_X))
my_labels = 1
-np.log(my_a[my_labels])

# %% ps1 cce
def cce(Y, Yhat):
    label = np.argmax(Y, axis=0)
    return -np.log(Yhat[label])

# %% ps1 cce_from_scores
def cce_from_scores(Z, y):
    a = np.exp(Z) / np.sum(np.exp(Z))
    return -np.log(a[y])

# %% ps1 after grade_cce_from_scores
class Layer:
    def forward(self, scores):
        e = np.exp(scores)
        self.a = e / np.sum(e)

    def backward(self, label):
        return self.a - label


softmax = Layer()

# %% ps2 cce_gradient
def cce_gradient(Y, Yhat):
    gradient = Yhat
    gradient[np.argmax(Y, axis=0)] -= 1
    return gradient

# %% ps2 softmax_jacobian
def softmax_jacobian(a):
    return np.diag(a) - np.outer(a, a)

# %% ps2 after grade_softmax_jacobian
softmax_jacobian(np.random.rand(3))

# %% ps2 scores_gradient_W
def scores_gradient_W(x, K):
    return np.outer(np.ones(K), x)

# %% ps2 loss_gradient
def loss_gradient(W, x, y):
    e = np.exp(W @ x)
    label = np.argmax(y)
    return np.outer(e / np.sum(e) - label, x)

# %% ps2 after grade_loss_gradient
my_loss = [14.0, 15.5, 17.0]
for n in range(1):
    def loss_of(label, a):
        return -np.sum(label * np.log(a))

    print("sample", n, "loss", my_loss)
    print("sample", n, "gradient", loss_gradient(W_demo, x_demo, y_demo))
