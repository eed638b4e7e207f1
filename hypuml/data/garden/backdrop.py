"""What surrounds the plant: creamy bokeh behind it, a near leaf before it, and the light on all.

Convention: pictures are float32 sRGB in [0, 1] until the very end. Out-of-focus parts are painted
on a fixed small grid and enlarged smoothly, so they look the same at every size and cost little.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from hypuml.data.garden.colour import oklch
from hypuml.data.garden.individual import Individual
from hypuml.types import FloatArray

_GRID = 40


@lru_cache(maxsize=32)
def _enlarger(size: int) -> FloatArray:
    """``[size, _GRID]`` cubic B-spline weights: smooth, never ringing."""
    place = (np.arange(size) + 0.5) * _GRID / size - 0.5
    gap = np.abs(place[:, None] - np.arange(_GRID)[None])
    weights = np.where(
        gap < 1.0, 2.0 / 3.0 - gap**2 + gap**3 / 2.0, np.clip(2.0 - gap, 0.0, None) ** 3 / 6.0
    )
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


@lru_cache(maxsize=1)
def _grid() -> tuple[FloatArray, FloatArray]:
    """Coordinates of the small grid, ``[1, _GRID]`` and ``[_GRID, 1]``."""
    line = ((np.arange(_GRID) + 0.5) * 2.0 / _GRID - 1.0).astype(np.float32)
    return line[None, :], line[:, None]


def _enlarge(small: FloatArray, size: int) -> FloatArray:
    """``[_GRID, _GRID, C]`` to ``[size, size, C]``."""
    up = _enlarger(size)
    wide = np.tensordot(up, small, axes=(1, 0))
    return np.ascontiguousarray(np.tensordot(wide, up, axes=(1, 1)).transpose(0, 2, 1))


def background(one: Individual, rng: np.random.Generator, size: int) -> FloatArray:
    """Bokeh of a light garden.

    Returns:
        ``[size, size, 3]`` float32.
    """
    x, y = _grid()
    hue, light = one.background_hue, one.background_light
    top = oklch(0.85 + 0.12 * light, 0.032, hue + 25.0)
    low = oklch(0.70 + 0.19 * light, 0.055, 128.0 + 0.12 * (hue - 128.0))
    lean = rng.normal(0.0, 0.25)
    mix = np.clip(0.5 + 0.42 * (y + lean * x), 0.0, 1.0)[..., None]
    small = top + (mix * mix * (3.0 - 2.0 * mix) * (low - top)).astype(np.float32)
    count = 13
    centre = rng.uniform(-1.15, 1.15, (2, count))
    reach = rng.uniform(0.10, 0.42, count)
    hues = np.where(rng.random(count) < 0.55, 130.0 + rng.normal(0.0, 18.0, count),
                    hue + rng.normal(0.0, 50.0, count))  # fmt: skip
    tones = oklch(0.70 + 0.29 * np.sqrt(rng.random(count)) * (0.7 + 0.3 * light),
                  0.03 + 0.06 * rng.random(count), hues)  # fmt: skip
    haze = rng.uniform(0.15, 0.50, count)
    cx, cy, radius, veil = np.stack([*centre, reach, haze]).astype(np.float32)[..., None, None]
    square = ((x - cx) ** 2 + (y - cy) ** 2) / (radius * radius)
    # Blurred highlights are flat disks with a slightly brighter rim.
    disks = np.clip((1.0 - np.sqrt(square)) * (2.0 + 5.0 * radius) + 0.5, 0.0, 1.0)
    disks *= veil * (0.80 + 0.35 * np.minimum(square, 1.0) ** 2)
    for disk, tone in zip(disks[..., None], tones, strict=True):
        small += disk * (tone - small)
    return _enlarge(small, size)


def light_up(picture: FloatArray, one: Individual, rng: np.random.Generator) -> FloatArray:
    """Cover, sunlight, colour temperature and dusk.

    Args:
        picture: ``[size, size, 3]`` float32, overwritten.
        one: the individual.
        rng: places the near leaf and the sun.

    Returns:
        ``[size, size, 3]`` float32.
    """
    size = len(picture)
    x, y = _grid()
    side = 1.0 if rng.random() < 0.5 else -1.0
    angle, wave, green = rng.uniform(0.2, 1.2), rng.uniform(0.0, 6.0), rng.uniform(0.0, 1.0)
    if one.cover > 0.0:
        across = side * (x - one.x) * np.cos(angle) + (y - one.y) * np.sin(angle)
        along = -side * (x - one.x) * np.sin(angle) + (y - one.y) * np.cos(angle)
        edge = 0.42 - 0.62 * one.cover + 0.10 * np.sin(along * 3.0 + wave) + 0.10 * along * along
        hide = np.clip((across - edge) * 5.0 + 0.5, 0.0, 1.0)[..., None]
        tone = oklch(0.50 + 0.16 * green + 0.10 * np.clip(across - edge, 0.0, 1.0), 0.09,
                     128.0 + 14.0 * green)  # fmt: skip
        layer = _enlarge(np.concatenate([tone * hide, hide], -1).astype(np.float32), size)
        picture *= 1.0 - layer[..., 3:]
        picture += layer[..., :3]
    day = 1.0 - one.dusk
    sun = np.exp(-((x + side * 0.9) ** 2 + (y + 1.0) ** 2) * 1.1)
    sun = (0.20 * day * (0.5 + 0.5 * one.background_light)) * sun
    glow = _enlarge(sun[..., None] * np.array([1.0, 0.95, 0.80], np.float32), size)
    picture += glow * (1.0 - picture)
    warm, d = one.temperature, one.dusk
    tint = np.array([1.0 + 0.07 * warm, 1.0 + 0.005 * warm, 1.0 - 0.10 * warm])
    night = np.array([0.40, 0.50, 0.78]) * 0.42
    tint = one.exposure * tint * (1.0 - d + d * night)
    picture *= tint.astype(np.float32)
    # Highlights roll off softly, so that white petals stay apart from a bright sky.
    over = np.maximum(picture - np.float32(0.7), 0.0)
    picture -= over
    picture += over / (1.0 + np.float32(1.25) * over)
    vivid = one.saturation * (1.0 - 0.45 * d)
    # One colour matrix: saturation, and the blue of the hour mixed into what is left.
    grey = 1.0 - vivid + 0.45 * d * np.array([-0.08, -0.02, 0.16])
    matrix = vivid * np.eye(3) + np.full((3, 1), 1.0 / 3.0) * grey
    return picture @ matrix.astype(np.float32)
