"""Right, and uses the functions' names for something else afterwards."""

import numpy as np

# %% ps1 after grade_softmax
class Softmax:
    """A layer, for later."""

    def forward(self, z):
        e = np.exp(z - z.max(axis=0))
        self.output = e / e.sum(axis=0)
        return self.output

    def __call__(self, z):
        return self.forward(z)


softmax = Softmax()

# %% ps1 after grade_cce
cce_of_a_guess = cce(np.array([0.0, 1.0, 0.0]), np.ones(3) / 3)
scores = [cce_of_a_guess, np.log(3)]
cce = None
