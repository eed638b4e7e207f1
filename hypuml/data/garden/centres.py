"""Drawing of flower centres: domes, coronas and stamens, batched like the blades.

Convention: a round item lies in the picture by ``p = c + M w`` with w in the unit disk; r = |w|.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hypuml.data.garden.blades import Fragments, fragments, runs
from hypuml.types import FloatArray

# Columns of a round row; M is [[MXX, MXY], [MYX, MYY]].
CX, CY, MXX, MXY, MYX, MYY, STYLE, PHASE, LIGHT, OPACITY, SHADOW, SPOKES = range(12)
COLUMNS = 12
_BINS = 64


@dataclass(frozen=True)
class RoundStyle:
    """How a round item looks.

    Attributes:
        colours: ``[_BINS, 3]`` sRGB from the middle to the rim.
        seeds: strength of the sunflower pattern, in [0, 1].
        waves: waviness of the rim.
        dome: strength of the shading of a half sphere.
        stamens: 1 = draw stamens instead of a filled disk.
        filament: ``[3]`` sRGB of the stamens' threads.
    """

    colours: FloatArray
    seeds: float = 0.0
    waves: float = 0.0
    dome: float = 0.0
    stamens: float = 0.0
    filament: tuple[float, float, float] = (0.9, 0.9, 0.7)


def radial_axis() -> FloatArray:
    """``[_BINS]`` radii at which a style's colours are sampled."""
    return np.linspace(0.0, 1.0, _BINS, dtype=np.float32)


def paint_rounds(rows: FloatArray, styles: Sequence[RoundStyle], size: int) -> Fragments:
    """Paint round items.

    Args:
        rows: ``[P, COLUMNS]`` one item per row.
        styles: looks, addressed by column ``STYLE``.
        size: picture size in pixels.
    """
    rows = rows.astype(np.float32)
    c = rows[:, :2]
    xx, xy, yx, yy = rows[:, MXX], rows[:, MXY], rows[:, MYX], rows[:, MYY]
    half = np.stack([np.hypot(xx, xy), np.hypot(yx, yy)], 1) * 1.25
    counts, x, y, pixel = runs(c - half, c + half, size)
    item = np.repeat(np.arange(len(rows), dtype=np.int32), counts)
    det = xx * yy - xy * yx
    det = np.where(det < 0, -1.0, 1.0) * np.maximum(np.abs(det), 1e-6)
    flat = rows[item]
    x = x - flat[:, CX]
    y = y - flat[:, CY]
    wx = (yy / det)[item] * x - (xy / det)[item] * y
    wy = (xx / det)[item] * y - (yx / det)[item] * x
    r = np.sqrt(wx * wx + wy * wy) + 1e-6
    near = r < 1.25
    item, pixel, wx, wy, r, flat = item[near], pixel[near], wx[near], wy[near], r[near], flat[near]
    angle = np.arctan2(wy, wx)
    look = flat[:, STYLE].astype(np.int32)
    table = np.array([[s.seeds, s.waves, s.dome, s.stamens] for s in styles], np.float32)
    seeds, waves, dome, stamens = table[look].T
    radius_px = (np.sqrt(np.abs(det)) * size / 2.0)[item]
    phase, spokes = flat[:, PHASE], flat[:, SPOKES]

    rim = 1.0 + waves * np.cos(angle * spokes + phase * 6.0)
    cover = np.clip(0.5 + (rim - r) * radius_px, 0.0, 1.0)
    ring = np.minimum((r / rim * (_BINS - 1)).astype(np.int32), _BINS - 1)
    colour = np.stack([s.colours for s in styles])[look, ring]
    # Seeds sit where two families of logarithmic spirals (21 and 13 arms) cross.
    spiral = 9.0 * np.log(r + 0.08)
    swirl = np.cos(21.0 * angle + spiral + phase) * np.cos(13.0 * angle - 1.3 * spiral)
    fine = np.clip(radius_px / 16.0 - 0.1, 0.0, 1.0)
    light = flat[:, LIGHT] * (1.0 + seeds * fine * 0.26 * swirl * np.clip(r * 3.0 - 0.5, 0.0, 1.0))
    # A dome catches the light from the upper left.
    light = light * (1.0 + dome * (0.16 - 0.30 * r * r - 0.20 * (wx + wy) * 0.7))

    if table[:, 3].any():
        fold = 2.0 * np.pi / spokes
        turn = (angle + phase) / fold
        number = np.round(turn)
        off = (turn - number) * fold
        long = 0.80 + 0.14 * np.sin(number * 12.9898 + phase * 3.0)
        along, aside = r * np.cos(off), r * np.sin(off)
        thread = np.clip(0.5 + (0.035 - np.abs(aside)) * radius_px, 0.0, 1.0) * np.clip(
            0.5 + (long - along) * radius_px, 0.0, 1.0
        )
        anther = np.clip(
            0.5 + (0.125 - np.hypot((along - long) * 0.8, aside)) * radius_px, 0.0, 1.0
        )
        pistil = np.clip(0.5 + (0.17 - r) * radius_px, 0.0, 1.0)
        bloom = np.maximum(anther, pistil)
        thin = np.maximum(thread * 0.75, bloom)
        cover = np.where(stamens > 0, thin, cover)
        threads = np.array([s.filament for s in styles], np.float32)[look]
        mix = (stamens * (1.0 - bloom))[:, None]
        colour = colour + mix * (threads - colour)
        light = np.where(
            stamens > 0, flat[:, LIGHT] * (1.0 - 0.25 * (aside + 0.05) / 0.13 * anther), light
        )
    alpha = cover * flat[:, OPACITY]
    shade = 1.0 - flat[:, SHADOW] * np.clip(1.9 - 1.6 * r, 0.0, 1.0)
    rgba = np.empty((len(r), 4), np.float32)
    rgba[:, :3] = colour * (light * alpha)[:, None]
    rgba[:, 3] = alpha
    return fragments(item, len(rows), pixel, rgba, shade)
