"""Pictures for the last row: their type is large enough on a slide of 1280 x 720.

Runs in the kernel of a lesson, before its first cell.  The type of a picture keeps its points
and the canvas shrinks, so that the same width on a slide shows larger type.
"""

from __future__ import annotations

import re
from typing import Any

LEAST = 20.5  # pixels on the slide
ROOM = (1176, 404)  # pixels that a picture has below a few lines of text
SMALLEST_CANVAS = 0.72  # of its own size: below it, numbers no longer fit into their cells


def enlarge_type() -> None:
    """Let `figures.show` show every picture so, for the rest of this process."""
    import figures
    from IPython.display import display
    from IPython.utils.capture import capture_output

    plain = figures.show

    def show(picture: Any) -> None:
        """Display a picture as `figures.show` does, and say how large its smallest type is."""
        if not isinstance(picture, figures.Picture):
            plain(picture)
            return
        smallest, width = _smallest_type(picture), picture.get_figwidth()
        shrink(picture)
        across = picture.get_figwidth() / width
        with capture_output() as captured:
            plain(picture)
        (output,) = captured.outputs
        # A page to read shows it as wide as ever; a slide, by how large the type becomes.
        wide = round(output.metadata["image/png"]["width"] / across)
        share = round(smallest / 72 / (across * width), 6)
        output.metadata["image/png"] |= {"width": wide, "type_per_width": share}
        image = re.sub(r'width="\d+"', f'width="{wide}"', output.data["text/html"], count=1)
        image = image.replace("<img", f'<img data-type-per-width="{share}"', 1)
        display({**output.data, "text/html": image}, raw=True, metadata=output.metadata)

    figures.show = show


def shrink(picture: Any) -> None:
    """Make the canvas of a picture that is not drawn yet as small as a slide needs it."""
    smallest, (width, height) = _smallest_type(picture), picture.get_size_inches()
    pixels = min(ROOM[0] / width, ROOM[1] / height) / 72 * smallest
    canvas = min(1, max(pixels / LEAST, SMALLEST_CANVAS))
    # Where no axis is drawn, labels were given the width that they need.
    drawn = any(axes.axison or axes.get_aspect() != "auto" for axes in picture.axes)
    across = canvas if drawn else min(1, max(ROOM[0] / width / 72 * smallest / LEAST, canvas))
    picture.set_size_inches(across * width, canvas * height)


def _smallest_type(picture: Any) -> float:
    """Return the size in points of the smallest text that is seen in a picture."""
    from matplotlib.text import Text

    texts = [text for text in picture.findobj(Text) if text.get_text() and text.get_visible()]
    return min((text.get_fontsize() for text in texts), default=12.0)
