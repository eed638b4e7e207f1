"""From a picture to a network's input, the same way every time.

This is *evaluation* preprocessing, in Pillow and NumPy only: deterministic, no torch, the crop of
the thumbnails. A gallery stores its settings, so that a query is prepared as its images were.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hypuml.data.images import square_crop
from hypuml.types import FloatArray


def preprocess(
    image: Image.Image, size: int, mean: Sequence[float], std: Sequence[float]
) -> FloatArray:
    """Centre square, resampled, scaled to [0, 1], then ``(x - mean) / std`` per channel.

    Args:
        image: any picture; converted to RGB.
        size: side of the square in pixels.
        mean: three channel means, in units of the [0, 1] range.
        std: three positive channel standard deviations, same units.

    Returns:
        ``[3, size, size]`` float32, channels R, G, B.

    Raises:
        ValueError: ``size`` below 1, not three means and deviations, or a deviation not positive.
    """
    return normalise(np.asarray(square_crop(image.convert("RGB"), size)), mean, std)


def normalise(pixels: NDArray[np.uint8], mean: Sequence[float], std: Sequence[float]) -> FloatArray:
    """Scale to [0, 1], then ``(x - mean) / std`` per channel.

    Args:
        pixels: ``[..., H, W, 3]`` RGB.
        mean: three channel means, in units of the [0, 1] range.
        std: three positive channel standard deviations, same units.

    Returns:
        ``[..., 3, H, W]`` float32.

    Raises:
        ValueError: not three means and deviations, or a deviation not positive.
    """
    tables = _tables(tuple(mean), tuple(std))
    result = np.empty((*pixels.shape[:-3], 3, *pixels.shape[-3:-1]), dtype=np.float32)
    for channel, table in enumerate(tables):
        # Clipping never happens; it spares the check of every index.
        np.take(table, pixels[..., channel], out=result[..., channel, :, :], mode="clip")
    return result


@lru_cache(maxsize=8)
def _tables(mean: tuple[float, ...], std: tuple[float, ...]) -> FloatArray:
    """What each of the 256 values of each channel becomes, ``[3, 256]``: four times faster."""
    shift, scale = np.asarray(mean, dtype=np.float32), np.asarray(std, dtype=np.float32)
    if shift.shape != (3,) or scale.shape != (3,) or not (scale > 0).all():
        raise ValueError(
            "preprocessing needs three means and three positive deviations (R, G, B), "
            f"got mean {list(mean)} and std {list(std)}"
        )
    values = np.arange(256, dtype=np.float32) / 255
    return (values - shift[:, None]) / scale[:, None]
