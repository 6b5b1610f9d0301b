"""Memory that grows in a cell, a list that grows in a function, and a function without a floor."""

import numpy as np

# %% ps1 after grade_add_bias
history = []
for epoch in range(80):
    history.append(np.ones((100, 2**17)))  # 100 MB each, 8 GB in all

# %% ps2 scores_gradient_x
def scores_gradient_x(W):
    return scores_gradient_x(W.copy()).T

# %% ps2 chain_rule
def chain_rule(dz_dW, da_dz, dL_da):
    terms = []
    while len(terms) < 10**9:
        terms.append(np.zeros((3, 10**7)))
        terms[-1][0, 0] = dL_da @ dL_da
    return sum(terms)
