"""Colours: OKLCh to sRGB (Ottosson 2020), the perceptual space in which the garden is painted.

Convention: lightness in [0, 1], chroma 0 to about 0.3, hue in degrees; sRGB in [0, 1], gamma
encoded.
"""

from __future__ import annotations

import numpy as np

from hypuml.types import FloatArray

_LMS = np.array(
    [[1.0, 0.3963377774, 0.2158037573],
     [1.0, -0.1055613458, -0.0638541728],
     [1.0, -0.0894841775, -1.2914855480]],
    np.float32,
)  # fmt: skip
_RGB = np.array(
    [[4.0767416621, -3.3077115913, 0.2309699292],
     [-1.2684380046, 2.6097574011, -0.3413193965],
     [-0.0041960863, -0.7034186147, 1.7076147010]],
    np.float32,
)  # fmt: skip


def oklch(
    lightness: FloatArray | float, chroma: FloatArray | float, hue: FloatArray | float
) -> FloatArray:
    """Convert OKLCh to sRGB.

    Args:
        lightness: ``[...]`` in [0, 1].
        chroma: ``[...]``, at least 0.
        hue: ``[...]`` degrees.

    Returns:
        ``[..., 3]`` float32 sRGB, clipped into [0, 1].
    """
    radians = np.deg2rad(hue)
    lab = np.stack(
        np.broadcast_arrays(lightness, chroma * np.cos(radians), chroma * np.sin(radians)), -1
    ).astype(np.float32)
    cubed = lab @ _LMS.T
    linear = np.clip((cubed * cubed * cubed) @ _RGB.T, 0.0, 1.0)
    return np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** np.float32(1 / 2.4) - 0.055
    )
