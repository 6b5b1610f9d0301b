"""One cell ends the process; one function crashes it."""

import numpy as np

# %% ps1 after grade_one_hot
import os

os._exit(1)

# %% ps2 softmax_jacobian
def softmax_jacobian(a):
    import ctypes

    address = 1
    return ctypes.string_at(address)

# %% ps5 Network
import os


class Network:
    def __init__(self, D, H, K, rng):
        self.W1, self.W2 = init_weights(D, H, rng), init_weights(H, K, rng)

    def fit(self, X, Y, batch_size, epochs, learning_rate, rng):
        os._exit(3)

    forward = predict = backward = fit
