"""What students get beside the notebooks: how to begin (`README.md`), and what to install."""

from __future__ import annotations

from collections.abc import Iterable

README, REQUIREMENTS = "README.md", "requirements.txt"
# What a student needs; the versions of pyproject.toml, and JupyterLab for jupyter.
STUDENT_REQUIREMENTS = (
    *("ipywidgets>=8.1", "jupyterlab>=4.3", "matplotlib>=3.8"),
    *("nbgrader>=0.9.5,<0.10", "numpy>=1.26"),
)
ONE_FILE = (
    "Each problem set is one file, `{name}/{name}.ipynb`. It carries what else it needs, and its "
    "first code cell puts that beside it."
)
WHOLE_FOLDER = "Each problem set is a folder, `{name}/`. Keep what is in it beside the notebook."
TEXT = """\
# Start here

1. **What you need.** {files}
2. **JupyterLab** on your computer (Linux, macOS or Windows; Python 3.10 or newer): `pip install -r requirements.txt`, then `jupyter lab`, and open the notebook.
3. **VS Code**: its Python and Jupyter extensions, and `pip install -r requirements.txt`; open the notebook and choose that Python as its kernel.
4. **Google Colab**, nothing to install: *File, Upload notebook*, then *Save a copy in Drive*. After each new connection run the notebook from the top.
5. **A browser alone**, nothing to install: where your course has a JupyterLite page, open it. Your work stays in that one browser, so download the notebook often.
6. **Work from the top**: run each cell (Shift+Enter), write what a stub asks for, run the `check(...)` below it and read its card; it never shows the answer.
7. **Before you hand in**: restart the kernel and run all cells; what works only in the order in which you happened to run it will not work for the grader.
8. **Validate** names what is still missing: a button above the notebook in JupyterLab, `nbgrader validate {name}.ipynb` in a terminal. In Colab and JupyterLite read the cards.
9. **Hand in** the notebook as `{name}.ipynb`, the way your teacher says: *Nbgrader, Assignment List, Submit* where the computers are the course's; else download it (Colab: *File, Download .ipynb*; JupyterLite: *Download to hand in*, above the notebook) and send that one file.
10. **You get back** a page with your points, a card for each exercise, and known mistakes by their names.
"""


def readme(name: str, is_enough: bool) -> str:
    """Return the text for a course whose first assignment is called so.

    Parameters
    ----------
    name : ``"ps1"``
    is_enough : whether the notebook alone is enough
    """
    files = ONE_FILE if is_enough else WHOLE_FOLDER
    return TEXT.replace("{files}", files).replace("{name}", name)


def is_ours(text: str, names: Iterable[str]) -> bool:
    """Tell whether a README is still as one of these was written for a course's assignments."""
    return any(text == readme(name, is_enough) for name in names for is_enough in (True, False))


def requirements() -> str:
    """Return the text of the students' `requirements.txt`."""
    return "\n".join(("# What the notebooks need.", *STUDENT_REQUIREMENTS)) + "\n"
