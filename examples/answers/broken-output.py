"""Prints 50 MB, and asks a question that nobody answers."""

import numpy as np

# %% ps1 after grade_softmax
for n in range(500_000):
    print("sample", n, "*" * 87)

# %% ps1 after grade_cce
name = input("Your name? ")
print(name)

# %% ps1 cce_from_scores
def cce_from_scores(Z, y):
    base = float(input("Which base? "))
    return np.mean(np.log(np.exp(Z).sum(axis=0)) / np.log(base))
