"""Simple statistics of pictures: sharpness and light alone.

Pictures are ``[N, S, S, 3]`` uint8, RGB, as the network sees them before normalisation. Values are
taken in [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hypuml.types import FloatArray

Pixels = NDArray[np.uint8]

# ITU-R BT.601, what "L" is in Pillow and grey in most image libraries.
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_BATCH = 256


def laplacian_variance(pixels: Pixels) -> FloatArray:
    """Variance of the grey picture's Laplacian, ``[N]``: low = blurred (Pech-Pacheco et al. 2000).

    The Laplacian is the sum of the four neighbours less four times the pixel, over pixels that have
    four; a picture without any (side below 3) has variance 0.
    """
    return _in_batches(pixels, _laplacian_variance)


def image_statistics(pixels: Pixels) -> FloatArray:
    """Laplacian variance (its logarithm), brightness, contrast and saturation, ``[N, 4]``.

    Brightness and contrast are mean and standard deviation of the grey picture; saturation is the
    mean distance between the largest and the smallest channel.
    """
    return np.column_stack(
        [np.log(laplacian_variance(pixels) + 1e-6), _in_batches(pixels, _light_and_colour)]
    )


def _in_batches(pixels: Pixels, measure: Callable[[FloatArray], FloatArray]) -> FloatArray:
    # The pixels of a large data set lie on disk; as floats they would not fit in memory.
    return np.concatenate(
        [
            measure(pixels[start : start + _BATCH].astype(np.float32) / 255)
            for start in range(0, len(pixels), _BATCH)
        ]
    )


def _laplacian_variance(images: FloatArray) -> FloatArray:
    g = images @ _LUMA
    if min(g.shape[1:]) < 3:
        return np.zeros(len(g))
    inner = g[:, 1:-1, 1:-1]
    around = g[:, :-2, 1:-1] + g[:, 2:, 1:-1] + g[:, 1:-1, :-2] + g[:, 1:-1, 2:]
    return (around - 4 * inner).var(axis=(1, 2), dtype=np.float64)


def _light_and_colour(images: FloatArray) -> FloatArray:
    g = (images @ _LUMA).astype(np.float64)
    spread = images.max(axis=-1) - images.min(axis=-1)
    return np.column_stack([g.mean((1, 2)), g.std((1, 2)), spread.mean((1, 2))])
