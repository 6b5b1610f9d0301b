"""Shows more pictures, and prints more lines, than are kept; what it defines is right."""

# %% ps1 after add_bias
import os

from IPython.display import Image, display


# %% ps1 after init_weights
for _ in range(3):
    display(Image(b"\x89PNG\r\n\x1a\n" + os.urandom(1 << 20), format="png"))
    print("0\n" * 16_000)


# %% ps1 after one_hot
for _ in range(3):
    display(Image(b"\x89PNG\r\n\x1a\n" + os.urandom(1 << 20), format="png"))
    print("0\n" * 16_000)


# %% ps1 after scores
for _ in range(3):
    display(Image(b"\x89PNG\r\n\x1a\n" + os.urandom(1 << 20), format="png"))
    print("0\n" * 16_000)


# %% ps1 after softmax
for _ in range(3):
    display(Image(b"\x89PNG\r\n\x1a\n" + os.urandom(1 << 20), format="png"))
    print("0\n" * 16_000)


# %% ps1 after cce
for _ in range(3):
    display(Image(b"\x89PNG\r\n\x1a\n" + os.urandom(1 << 20), format="png"))
    print("0\n" * 16_000)


# %% ps1 after cce_from_scores
for _ in range(3):
    display(Image(b"\x89PNG\r\n\x1a\n" + os.urandom(1 << 20), format="png"))
    print("0\n" * 16_000)
