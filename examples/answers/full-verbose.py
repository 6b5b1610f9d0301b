"""A beginner who writes helper functions, tries everything out, prints and plots a lot."""

import numpy as np

# %% ps1 add_bias
def make_row_of_ones(how_many):
    # a row, so one pair of brackets more
    return np.ones((1, how_many))


def add_bias(X):
    print("X has the shape", X.shape)
    how_many_samples = X.shape[1]
    row = make_row_of_ones(how_many_samples)
    new_X = np.concatenate((X, row), axis=0)
    print("with bias it has the shape", new_X.shape)
    return new_X

# %% ps1 after add_bias
# trying it out
my_X = np.array([[1, 2, 3], [4, 5, 6]])
print(my_X)
print(add_bias(my_X))
add_bias(my_X).dtype

# %% ps1 init_weights
def init_weights(D, K, rng, scale=0.01):
    number_of_columns = D + 1  # +1 is for the bias
    W = rng.standard_normal((K, number_of_columns))
    W = scale * W
    return W

# %% ps1 after init_weights
import matplotlib.pyplot as plt

plt.hist(init_weights(50, 20, np.random.default_rng(3)).ravel(), bins=30)
plt.title("my weights")
plt.show()

# %% ps1 one_hot
def one_hot(y, K):
    columns = []
    for label in y:
        column = np.zeros(K)
        column[label] = 1
        columns.append(column)
    return np.array(columns).T

# %% ps1 after one_hot
for K in range(3, 6):
    print("K =", K)
    print(one_hot(np.array([0, 2, 1]), K))

# %% ps1 scores
def scores(W, Xb):
    Z = W @ Xb
    return Z

# %% ps1 softmax
def biggest_in_each_column(z):
    return np.max(z, axis=0)


def exponential(z):
    return np.exp(z - biggest_in_each_column(z))


def softmax(z):
    numerator = exponential(z)
    denominator = np.sum(numerator, axis=0)
    a = numerator / denominator
    return a

# %% ps1 after softmax
# what happens when one score grows?
grid = np.linspace(-5, 5, 101)
curves = np.array([softmax(np.array([g, 0.0, 1.0])) for g in grid])
plt.plot(grid, curves)
plt.xlabel("first score")
plt.legend(["class 0", "class 1", "class 2"])
plt.show()
print(curves.sum(axis=1))

# %% ps1 cce
def loss_of_one_sample(y, yhat):
    right_class = np.argmax(y)
    p = yhat[right_class]
    return -np.log(p)


def cce(Y, Yhat):
    if Y.ndim == 1:
        return loss_of_one_sample(Y, Yhat)
    losses = []
    for n in range(Y.shape[1]):
        losses.append(loss_of_one_sample(Y[:, n], Yhat[:, n]))
    return np.mean(losses)

# %% ps1 after cce
print("ln 3 is", np.log(3))
print("and the loss of a guess is", cce(np.array([0.0, 1.0, 0.0]), np.ones(3) / 3))

# %% ps1 cce_from_scores
def loss_from_scores_of_one_sample(z, label):
    biggest = np.max(z)
    return biggest + np.log(np.sum(np.exp(z - biggest))) - z[label]


def cce_from_scores(Z, y):
    if Z.ndim == 1:
        return loss_from_scores_of_one_sample(Z, y)
    losses = [loss_from_scores_of_one_sample(Z[:, n], y[n]) for n in range(len(y))]
    return np.mean(losses)

# %% ps1 written_whole_matrix
# 1. My friend only tried vectors. A vector has only one sample in it, so "the whole matrix" is
#    the same as "the column".
# 2. All the entries are equal and there are $K \cdot N$ of them, so each is $\frac{1}{KN}$.
#    The loss is $-\ln \frac{1}{KN} = \ln(KN)$. The right one is $\ln K$.
# 3. `print(softmax(np.zeros((3, 2))).sum(axis=0))`: should be two ones.
