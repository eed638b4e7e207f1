"""What a level of degradation means, in one place: the truth shared by the two twins.

``degradations`` (torch, whole batches) and ``degraded_pictures`` (NumPy, one picture) apply the
same five kinds; this module sets how strong each is at which level and which random numbers it
needs, so that the same numbers give the same picture in both.

Conventions: a level lies in [0, 1]; 0 is the picture itself and 1 leaves it hard to recognise, yet
not blank. Everything is measured in shares of the picture, so that a level looks the same on 64
pixels as on 2,000. Boxes are ``(left, top, right, bottom)`` in shares of width and height. What is
random depends on the draws alone, never on the level: as the level rises the same patch grows, the
same window narrows and the same grain becomes stronger.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from hypuml.types import FloatArray

KINDS = ("blur", "occlusion", "crop", "noise", "darkness")

BLUR_SIGMA = 0.08
"""Standard deviation of the Gaussian at level 1, as a share of the short side."""
OCCLUDED_AREA = 0.65
"""Share of the area that the patch covers at level 1."""
OCCLUDER_STRETCH = 1.5
"""Most that the patch is wider or higher than the picture's own shape; its area times this has to
stay below 1, or the patch would not fit."""
LEAF_DARK = (0.05, 0.15, 0.03)
LEAF_BRIGHT = (0.60, 0.65, 0.40)
"""Opposite corners of the box of RGB colours that the patch has: muted, mostly green or brown."""
MIDDLE = (0.2, 0.8)
"""Where patches grow from and windows close in on, in shares of either side: the subject is seldom
at the rim, and a window there would show an empty background."""
CROP_SIDE = 0.25
"""Side of the window at level 1, as a share of the picture's."""
NOISE_STD = 0.45
"""Standard deviation of the noise at level 1, pixels in [0, 1], before clipping."""
DARKEST = 0.05
"""Factor on the pixels at level 1; its root falls linearly with the level, which to the eye is an
even slide into the dark (equal factors would be black halfway, equal steps would hardly begin)."""
DARK_NOISE_STD = 0.02
"""Standard deviation of the sensor's noise at level 1."""
GREY_LEVELS = 255
"""A darkened picture is rounded to multiples of 1/255: brightening it again does not undo it."""
GRAIN_CELLS = 64
"""Most noise cells along the short side. Noise per pixel would vanish when a large photograph is
reduced to a network's input; grains that are a fixed share of the picture do not."""

# A level, or random numbers: a float, a NumPy array or a tensor. Only arithmetic is done to them.
Numbers = Any
Box = tuple[Numbers, Numbers, Numbers, Numbers]


class Draws(NamedTuple):
    """The random numbers that one picture needs: ``shape``, normal or uniform in [0, 1)."""

    shape: tuple[int, ...]
    normal: bool


def check_kind(kind: str) -> None:
    """Refuse what is no kind of degradation.

    Raises:
        ValueError: unknown kind; the message lists the known ones.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown degradation {kind!r}, expected one of {', '.join(KINDS)}")


def draws_of(kind: str, height: int, width: int) -> Draws:
    """Which random numbers a picture of this size needs.

    Args:
        kind: one of ``KINDS``.
        height: in pixels.
        width: in pixels.

    Returns:
        Nothing for blur; place across and down for crop; the same, stretch and three of colour for
        occlusion; a grid of grains per channel for noise and darkness.

    Raises:
        ValueError: unknown kind.
    """
    check_kind(kind)
    numbers = {"blur": 0, "crop": 2, "occlusion": 6}
    if kind in numbers:
        return Draws((numbers[kind],), normal=False)
    shrink = min(1.0, GRAIN_CELLS / min(height, width))
    return Draws((3, max(1, round(height * shrink)), max(1, round(width * shrink))), normal=True)


def blur_sigma(level: Numbers, height: int, width: int) -> Numbers:
    """Standard deviation of the Gaussian in pixels."""
    return BLUR_SIGMA * min(height, width) * level


def occluder(level: Numbers, across: Numbers, down: Numbers, stretch: Numbers) -> Box:
    """The patch: ``OCCLUDED_AREA * level`` of the area, inside the picture, nested over levels.

    Args:
        level: in [0, 1].
        across: in [0, 1], where the patch grows from, left to right.
        down: in [0, 1], top to bottom.
        stretch: in [0, 1], from high to wide.

    Returns:
        The box in shares of the picture.
    """
    side, ratio = (OCCLUDED_AREA * level) ** 0.5, OCCLUDER_STRETCH ** (stretch - 0.5)
    return _box(across, down, side * ratio, side / ratio)


def leaf_colour(draws: Numbers, channel: int) -> Numbers:
    """Value of one channel of the patch, in [0, 1]; ``draws`` in [0, 1] are that channel's."""
    return LEAF_DARK[channel] + (LEAF_BRIGHT[channel] - LEAF_DARK[channel]) * draws


def crop_window(level: Numbers, across: Numbers, down: Numbers) -> Box:
    """The window that is blown up to the whole picture, nested over levels.

    Args:
        level: in [0, 1].
        across: in [0, 1], from a window at the left to one at the right.
        down: in [0, 1], from top to bottom.

    Returns:
        The box in shares of the picture.
    """
    side = 1 - (1 - CROP_SIDE) * level
    return _box(across, down, side, side)


def _box(across: Numbers, down: Numbers, width: Numbers, height: Numbers) -> Box:
    """A box inside the picture around its one fixed point, which lies in the ``MIDDLE``."""
    start, stop = MIDDLE
    left = (start + (stop - start) * across) * (1 - width)
    top = (start + (stop - start) * down) * (1 - height)
    return left, top, left + width, top + height


def noise_std(level: Numbers) -> Numbers:
    """Standard deviation of the noise, pixels in [0, 1]."""
    return NOISE_STD * level


def exposure(level: Numbers) -> Numbers:
    """Factor on the pixels, in [DARKEST, 1]."""
    return (1 - (1 - DARKEST**0.5) * level) ** 2


def dark_noise_std(level: Numbers) -> Numbers:
    """Standard deviation of the sensor's noise, pixels in [0, 1]."""
    return DARK_NOISE_STD * level


@lru_cache(maxsize=32)
def grain_weights(cells: int, pixels: int) -> FloatArray:
    """Linear interpolation of grains to pixels that keeps their variance.

    Ordinary interpolation averages independent grains and would leave less noise between cells than
    on them; each pixel's weights are therefore scaled to a sum of squares of one.

    Args:
        cells: grains along one side, at least 1.
        pixels: pixels along that side, at least ``cells``.

    Returns:
        ``[pixels, cells]`` float64, read-only.
    """
    centres = np.clip((np.arange(pixels) + 0.5) * cells / pixels - 0.5, 0, cells - 1)
    weights = np.clip(1 - np.abs(centres[:, None] - np.arange(cells)), 0, None)
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    weights.setflags(write=False)
    return weights
