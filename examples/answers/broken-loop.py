"""A cell that never ends and cannot be interrupted; a function that never ends for whole numbers."""

import numpy as np

# %% ps1 after grade_scores
step = 0.1
while step > 0:
    try:
        step = step + 0.1
    except BaseException:
        pass

# %% ps2 numerical_gradient
def numerical_gradient(f, W, h=1e-5):
    gradient = np.zeros(W.shape)
    for index in np.ndindex(W.shape):
        above = W.copy()
        while above[index] == W[index]:
            above[index] += h
        below = W.copy()
        while below[index] == W[index]:
            below[index] -= h
        gradient[index] = (f(above) - f(below)) / (2 * h)
    return gradient

# %% ps3 Softmax
class Softmax:
    def forward(self, Z):
        self.A = softmax(Z)
        return self.A

    def backward(self, grad_a, learning_rate=None):
        while True:
            pass
