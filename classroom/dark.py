"""A picture for a dark page: light becomes dark, and every hue stays what it is.

Knows nothing of what a picture shows.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from classroom.palette import with_palette

# Björn Ottosson's Oklab, a space in which one number is how light a colour looks.
TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
# How light a colour is, and how light it becomes.  The course's ink turns nearly white, and white
# nearly the page's dark grey; a colour as light as orange stays lighter than what is around it.
LIGHT = (0.22, 0.75, 1.0)
TURNED = (0.93, 0.52, 0.20)


def dark(png: bytes) -> bytes:
    """Return a picture with its lightness turned round.

    Parameters
    ----------
    png : a picture without transparent places

    Returns
    -------
    bytes : a PNG of the same size
    """
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=np.int64)
    # A picture has few colours, and as one number each they are found fast.
    numbers, places = np.unique(pixels @ np.array([65536, 256, 1]), return_inverse=True)
    colours = np.stack([numbers >> 16, numbers >> 8 & 255, numbers & 255], axis=1) / 255
    lab = np.cbrt(_linear(colours) @ TO_CONES.T) @ TO_LAB.T
    lab[:, 0] = np.interp(lab[:, 0], LIGHT, TURNED)
    cones = (lab @ np.linalg.inv(TO_LAB).T) ** 3
    turned = _displayed(np.clip(cones @ np.linalg.inv(TO_CONES).T, 0, 1))
    shown = np.round(255 * turned).astype(np.uint8)[places.ravel()].reshape(pixels.shape)
    written = io.BytesIO()
    Image.fromarray(shown).save(written, "PNG")
    return with_palette(written.getvalue())


def _linear(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return amounts of light for the numbers of sRGB, both from 0 to 1."""
    return np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)


def _displayed(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the numbers of sRGB for amounts of light, both from 0 to 1."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
