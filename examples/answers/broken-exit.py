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
