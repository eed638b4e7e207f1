"""One degraded picture, for a slider or a test set: NumPy, Pillow and SciPy, no torch.

The twin of ``degradations``: given the same random numbers both make the same picture, up to the
rounding to 8 bits. What the levels mean stands in ``degradation_scale``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from hypuml.data import degradation_scale as scale
from hypuml.types import FloatArray, IntArray


def degrade_picture(image: Image.Image, kind: str, level: float, seed: int = 0) -> Image.Image:
    """Blur, cover, crop, roughen or darken one picture.

    Args:
        image: any picture; converted to RGB.
        kind: one of ``degradation_scale.KINDS``.
        level: strength in [0, 1]; 0 gives a copy of the picture.
        seed: 0 or more; the same seed gives the same place, colour and grain at every level.

    Returns:
        A new RGB picture of the same size.

    Raises:
        ValueError: unknown kind, level not a number in [0, 1], or negative seed.
    """
    scale.check_kind(kind)
    # Written so that not-a-number fails too.
    if not 0 <= level <= 1:
        raise ValueError(f"the level of a degradation has to be in [0, 1], got {level}")
    if seed < 0:
        raise ValueError(f"the seed of a degradation has to be 0 or more, got {seed}")
    rgb = image.convert("RGB")
    if level == 0:
        return rgb
    shape, normal = scale.draws_of(kind, rgb.height, rgb.width)
    rng = np.random.default_rng(seed)
    draws = (rng.standard_normal if normal else rng.random)(shape, dtype=np.float32)
    pixels = np.asarray(rgb, dtype=np.float32) / 255
    result = DEGRADATIONS[kind](pixels, float(level), draws)
    return Image.fromarray(np.round(result.clip(0, 1) * 255).astype(np.uint8))


def _blur(pixels: FloatArray, level: float, draws: FloatArray) -> FloatArray:
    """Gaussian with mirrored borders: one matrix per axis, fast at any sigma."""
    sigma = scale.blur_sigma(level, *pixels.shape[:2])
    down, across = (_gaussian(n, sigma) for n in pixels.shape[:2])
    rows = np.einsum("ij,jwc->iwc", down, pixels, optimize=True)
    return np.einsum("ij,hjc->hic", across, rows, optimize=True)


def _gaussian(size: int, sigma: float) -> FloatArray:
    """``[size, size]``, a Gaussian with mirrored borders, which is diagonal in the cosine basis."""
    k = np.arange(size)
    basis = np.sqrt(2 / size) * np.cos(np.pi / size * np.outer(k + 0.5, k))
    basis[:, 0] /= np.sqrt(2)
    gains = np.exp(-0.5 * (sigma * np.pi / size * k) ** 2)
    return np.asarray((basis * gains) @ basis.T, dtype=np.float32)


def _occlude(pixels: FloatArray, level: float, draws: FloatArray) -> FloatArray:
    """One opaque leaf-coloured rectangle with anti-aliased edges."""
    left, top, right, bottom = scale.occluder(level, *draws[:3])
    down, across = _covered(top, bottom, len(pixels)), _covered(left, right, pixels.shape[1])
    covered = np.outer(down, across)[:, :, None]
    colour = np.array([scale.leaf_colour(draws[3 + c], c) for c in range(3)], dtype=np.float32)
    return pixels + (colour - pixels) * covered


def _covered(start: float, stop: float, size: int) -> FloatArray:
    """Share of each pixel, ``[size]``, between two places given as shares of the side."""
    edge = np.arange(size, dtype=np.float32)
    return (np.minimum(stop * size, edge + 1) - np.maximum(start * size, edge)).clip(0, 1)


def _crop(pixels: FloatArray, level: float, draws: FloatArray) -> FloatArray:
    """A window blown up to the whole picture, bilinearly."""
    left, top, right, bottom = scale.crop_window(level, *draws)
    down, across = _between(top, bottom, len(pixels)), _between(left, right, pixels.shape[1])
    rows = _lerp(pixels[down[0]], pixels[down[1]], down[2][:, None, None])
    return _lerp(rows[:, across[0]], rows[:, across[1]], across[2][:, None])


def _between(start: float, stop: float, size: int) -> tuple[IntArray, IntArray, FloatArray]:
    """For each target pixel its two source pixels and the weight of the second, ``[size]`` each."""
    place = (start + (stop - start) * (np.arange(size) + 0.5) / size) * size - 0.5
    place = place.clip(0, size - 1)
    first = np.floor(place).astype(np.int64)
    return first, np.minimum(first + 1, size - 1), (place - first).astype(np.float32)


def _lerp(first: FloatArray, second: FloatArray, weight: FloatArray) -> FloatArray:
    return first + (second - first) * weight


def _add_noise(pixels: FloatArray, level: float, draws: FloatArray) -> FloatArray:
    """Gaussian noise, the same pattern at every level."""
    return pixels + scale.noise_std(level) * _grain(draws, pixels)


def _darken(pixels: FloatArray, level: float, draws: FloatArray) -> FloatArray:
    """Less light and more of the sensor's own noise; the caller rounds to 8 bits."""
    return pixels * scale.exposure(level) + scale.dark_noise_std(level) * _grain(draws, pixels)


def _grain(draws: FloatArray, pixels: FloatArray) -> FloatArray:
    """Grains ``[3, h, w]`` at the size of the picture, ``[H, W, 3]``, unit variance everywhere."""
    down = scale.grain_weights(draws.shape[1], len(pixels)).astype(np.float32)
    across = scale.grain_weights(draws.shape[2], pixels.shape[1]).astype(np.float32)
    grain: FloatArray = (down @ draws @ across.T).transpose(1, 2, 0)
    return grain


# Deterministic (pixels [H, W, 3] in [0, 1], level, draws) -> pixels, not yet clipped.
DEGRADATIONS: dict[str, Callable[[FloatArray, float, FloatArray], FloatArray]] = {
    "blur": _blur,
    "occlusion": _occlude,
    "crop": _crop,
    "noise": _add_noise,
    "darkness": _darken,
}
