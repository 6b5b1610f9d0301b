"""What of a submission's outputs is kept: so much text, and so many pictures.

Knows the limits, neither what made the outputs nor where they go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nbformat import NotebookNode

from autograder.base.limits import Limits
from autograder.base.words import line_breaks

# What an output and a line of it take, in memory and in the file, beside their characters.
OUTPUT_BYTES, LINE_BYTES = 500, 80
MAX_ERROR = 300  # characters of an error of which no more is kept
NOT_KEPT = (
    "Not kept, here and below: with this the outputs of this submission "
    "would hold more than {:g} MB of {}.\n"
)


class KeptOutputs:
    """The outputs of one submission, counted as they come.

    Parameters
    ----------
    limits : of the submission; text and pictures are counted apart
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = {"text": limits.all_output_bytes, "pictures": limits.all_image_bytes}
        self.left = dict(self.limits)

    def keep(self, outputs: Iterable[Mapping[str, Any]]) -> list[NotebookNode]:
        """Return what is kept of one cell's outputs; where that ends, the last one says so.

        Of a cell's error a line is kept whatever came before: it tells why the cell did nothing.

        Parameters
        ----------
        outputs : in notebook format 4, of bounded size
        """
        kept: list[NotebookNode] = []
        shortened = False
        for output in outputs:
            what, size = _counted(output)
            if size <= self.left[what]:
                self.left[what] -= size
                kept.append(NotebookNode(output))
                continue
            if output["output_type"] == "error" and not shortened:
                kept.append(_short(output))
                shortened = True
            if self.left[what] >= 0:
                said = NOT_KEPT.format(self.limits[what] / (1 << 20), what)
                kept.append(NotebookNode(output_type="stream", name="stdout", text=said))
                self.left[what] = -1  # from now on smaller ones are dropped too
        return kept


def _counted(output: Mapping[str, Any]) -> tuple[str, int]:
    """Return as what an output counts, with the text beside a picture, and how many bytes."""
    data = output.get("data", {})
    pictures = [data[mime] for mime in data if mime.startswith("image/")]
    texts = [
        *(output.get(key, "") for key in ("text", "ename", "evalue")),
        *(data[mime] for mime in data if not mime.startswith("image/")),
        *output.get("traceback", ()),
    ]
    size = OUTPUT_BYTES + LINE_BYTES * (sum(map(line_breaks, texts)) + len(texts))
    size += sum(len(text) if text.isascii() else 4 * len(text) for text in texts)
    size += sum(len(picture) * 3 // 4 for picture in pictures)
    return "pictures" if pictures else "text", size


def _short(error: Mapping[str, Any]) -> NotebookNode:
    name, value = error["ename"][:MAX_ERROR], error["evalue"][:MAX_ERROR]
    said = {"ename": name, "evalue": value, "traceback": [f"{name}: {value}"]}
    return NotebookNode({**error, **said})
