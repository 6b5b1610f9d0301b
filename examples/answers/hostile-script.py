"""Puts scripts into everything that an instructor's browser will show."""

import numpy as np

# %% ps2 after setup
from IPython.display import HTML, Javascript, Markdown, display

display(HTML("<script>document.title = 'score: 40'</script><b>40 of 40</b>"))
display(Javascript("document.title = 'score: 40'"))
display(Markdown("<img src=x onerror=\"document.title = 'score: 40'\">"))
display(
    {"image/png": "iVBORw0KGgo=", "text/html": "<script>document.title = 'score: 40'</script>"},
    raw=True,
    metadata={"image/png": {"width": "1 onerror=document.title='score:40'"}},
)
print("</pre><script>document.title = 'score: 40'</script>")

# %% ps2 softmax_jacobian
def softmax_jacobian(a):
    raise ValueError("</pre><script>document.title = 'score: 40'</script>")

# %% ps2 after grade_softmax_jacobian
raise type("<script>", (Exception,), {})("<img src=x onerror=\"document.title = 'score: 40'\">")

# %% ps2 written_sum_to_zero
# <script>document.title = 'score: 40'</script>
# <img src=x onerror="document.title = 'score: 40'">
# [40 of 40](javascript:void(document.title='score: 40'))

# %% ps2 scores_gradient_x
def scores_gradient_x(W):
    return W.T
