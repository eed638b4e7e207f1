"""Drawing of blades: petals, sepals, leaves and stems, all pixels of all blades in one batch.

Convention: a blade has its own coordinates, u from base (0) to tip (1) and v across, both in blade
lengths. It lies in the picture by ``p = c + u a + v t + u^2 q`` with p in [-1, 1]^2, y down. Pixels
of a blade are kept as ragged runs inside flat arrays ("fragments"), so that a picture with eighty
petals costs a fixed number of NumPy calls. Edges are anti-aliased by the distance to the outline,
first order in the gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypuml.types import FloatArray, IntArray

# 32-bit inside a picture: half the memory traffic.
IndexArray = NDArray[np.signedinteger[Any]]

# Columns of a blade row.
CX, CY, AX, AY, TX, TY, QX, QY, STYLE, WIDTH, LIGHT, PHASE, MARK, SOFT, SHADOW, OPACITY, SLANT = (
    range(17)
)
COLUMNS = 17

_BINS = 192
_LOW, _HIGH = -0.1, 1.25


@dataclass(frozen=True)
class BladeStyle:
    """How the blades of one kind look.

    Attributes:
        half_width: ``[_BINS]`` half width over u in blade lengths; negative outside the blade.
        colours: ``[_BINS, 3]`` sRGB over u.
        mark: ``[3]`` sRGB of the marking.
        veins: strength of coloured veins along the blade, in [0, 1].
        spots: strength of spots.
        picotee: strength of the coloured margin.
        notch: depth of the notch at the tip.
        fringe: depth of the teeth at the margin.
        ruffle: waviness of the margin.
        pinnate: 1 = midrib with side veins (leaf), 0 = parallel texture (petal).
        fold: darkening from midline to margin.
    """

    half_width: FloatArray
    colours: FloatArray
    mark: FloatArray
    veins: float = 0.0
    spots: float = 0.0
    picotee: float = 0.0
    notch: float = 0.0
    fringe: float = 0.0
    ruffle: float = 0.0
    pinnate: float = 0.0
    fold: float = 0.12


@dataclass(frozen=True)
class Fragments:
    """Painted pixels of a batch of items, in item order.

    Attributes:
        starts: ``[P + 1]`` where each item's run starts.
        pixel: ``[F]`` flat pixel numbers.
        rgba: ``[F, 4]`` float32, premultiplied.
        keep: ``[F, 4]`` what is left of the picture below: its own cover, and the shadow on it.
    """

    starts: IntArray
    pixel: IndexArray
    rgba: FloatArray
    keep: FloatArray


def fragments(
    item: IndexArray, count: int, pixel: IndexArray, rgba: FloatArray, shade: FloatArray
) -> Fragments:
    """Gather painted pixels.

    Args:
        item: ``[F]`` item of each fragment, ascending.
        count: number of items.
        pixel: ``[F]``.
        rgba: ``[F, 4]`` premultiplied.
        shade: ``[F]`` how much light reaches what lies below, in [0, 1].
    """
    keep = np.empty_like(rgba)
    keep[:, 3] = 1.0 - rgba[:, 3]
    keep[:, :3] = (keep[:, 3] * shade)[:, None]
    return Fragments(np.searchsorted(item, np.arange(count + 1)), pixel, rgba, keep)


@lru_cache(maxsize=1)
def axis() -> FloatArray:
    """``[_BINS]`` values of u at which styles are sampled."""
    return np.linspace(_LOW, _HIGH, _BINS, dtype=np.float32)


def profile(rise: float, fall: float, width: float, base: float) -> FloatArray:
    """Half width over u: ``u^rise (1 - u)^fall`` scaled to ``width``, at least ``base`` at u = 0.

    A small ``fall`` gives a blunt tip, a large one a point.
    """
    u = axis()
    inside = np.clip(u, 1e-6, 1.0 - 1e-6)
    peak = rise / (rise + fall)
    shape = inside**rise * (1.0 - inside) ** fall / (peak**rise * (1.0 - peak) ** fall)
    half = np.maximum(width * shape, base * np.clip(1.0 - inside * 3.0, 0.0, 1.0))
    half = np.where(u > 1.0, (1.0 - u) * 2.0, half)
    return np.where(u < 0.0, base + u * 3.0, half).astype(np.float32)


def runs(
    low: FloatArray, high: FloatArray, size: int
) -> tuple[IntArray, FloatArray, FloatArray, IndexArray]:
    """Pixels of a batch of boxes.

    Args:
        low: ``[P, 2]`` lower corners in picture coordinates.
        high: ``[P, 2]`` upper corners.
        size: picture size in pixels.

    Returns:
        ``counts [P]``, pixel centres ``x [F]`` and ``y [F]``, and flat pixel numbers ``[F]``.
    """
    first = np.clip(np.floor((low + 1.0) * (size / 2.0)) - 1, 0, size).astype(np.int64)
    last = np.clip(np.ceil((high + 1.0) * (size / 2.0)) + 1, 0, size).astype(np.int64)
    span = np.maximum(last - first, 0)
    counts = span[:, 0] * span[:, 1]
    total = int(counts.sum())
    starts = np.cumsum(counts) - counts
    width = np.repeat(span[:, 0].astype(np.int32), counts)
    local = np.arange(total, dtype=np.int32) - np.repeat(starts.astype(np.int32), counts)
    row = local // width
    column = local - row * width + np.repeat(first[:, 0].astype(np.int32), counts)
    row += np.repeat(first[:, 1].astype(np.int32), counts)
    scale = np.float32(2.0 / size)
    x = (column.astype(np.float32) + np.float32(0.5)) * scale - np.float32(1.0)
    y = (row.astype(np.float32) + np.float32(0.5)) * scale - np.float32(1.0)
    return counts, x, y, row * np.int32(size) + column


def paint_blades(rows: FloatArray, styles: Sequence[BladeStyle], size: int) -> Fragments:
    """Paint blades.

    Args:
        rows: ``[P, COLUMNS]`` one blade per row.
        styles: looks, addressed by column ``STYLE``.
        size: picture size in pixels.
    """
    rows = rows.astype(np.float32)
    kind = rows[:, STYLE].astype(np.int64)
    widest = np.array([s.half_width.max() for s in styles], np.float32)[kind] * rows[:, WIDTH]
    a, t = rows[:, AX : AX + 2], rows[:, TX : TX + 2]
    det = a[:, 0] * t[:, 1] - a[:, 1] * t[:, 0]
    det = np.where(det < 0, -1.0, 1.0) * np.maximum(np.abs(det), 1e-5)
    inverse = np.stack([t[:, 1], -t[:, 0], -a[:, 1], a[:, 0]]) / det
    item, pixel, u, v = _locate(rows, inverse, widest, size)
    return _shade(rows, kind, inverse, widest, styles, (item, pixel, u, v), size)


def _locate(
    rows: FloatArray, inverse: FloatArray, widest: FloatArray, size: int
) -> tuple[IndexArray, IndexArray, FloatArray, FloatArray]:
    """Pixels near each blade: ``item``, ``pixel`` and blade coordinates ``u``, ``v``, all ``[F]``.

    Args:
        rows: ``[P, COLUMNS]``.
        inverse: ``[4, P]`` gradients of u and v without bend: u_x, u_y, v_x, v_y.
        widest: ``[P]`` half widths in blade lengths.
        size: picture size in pixels.
    """
    c, a, t, q = (rows[:, i : i + 2] for i in (CX, AX, TX, QX))
    ux, uy, vx, vy = inverse
    mid, tip = c + 0.5 * a + 0.25 * q, c + 1.06 * (a + q)
    side = np.abs(t) * (widest * 1.15)[:, None] + rows[:, SOFT, None]
    low = np.minimum(np.minimum(c, tip), mid) - side
    high = np.maximum(np.maximum(c, tip), mid) + side
    counts, x, y, pixel = runs(low, high, size)
    item = np.repeat(np.arange(len(rows), dtype=np.int32), counts)

    geometry = np.stack(
        [ux, uy, vx, vy, ux * c[:, 0] + uy * c[:, 1], vx * c[:, 0] + vy * c[:, 1],
         ux * q[:, 0] + uy * q[:, 1], vx * q[:, 0] + vy * q[:, 1]]
    )  # fmt: skip
    gux, guy, gvx, gvy, u0, v0, qu, qv = np.repeat(geometry, counts, axis=1)
    u = gux * x + guy * y - u0
    v = gvx * x + gvy * y - v0
    # The bend is quadratic in u; one fixed-point step inverts it well enough for gentle bends.
    squared = np.clip(u, -0.1, 1.3) ** 2
    u = u - qu * squared
    v = v - qv * squared
    near = (u > _LOW) & (u < 1.2) & (np.abs(v) < np.repeat(widest * 1.2 + 0.06, counts))
    return item[near], pixel[near], u[near], v[near]


def _shade(
    rows: FloatArray, kind: IntArray, inverse: FloatArray, widest: FloatArray,
    styles: Sequence[BladeStyle], where_at: tuple[IndexArray, IndexArray, FloatArray, FloatArray],
    size: int,
) -> Fragments:  # fmt: skip
    """Cover, colour and shadow of the located pixels."""
    item, pixel, u, v = where_at
    ux, uy, vx, vy = inverse
    length = np.hypot(rows[:, AX], rows[:, AY]) + 1e-6
    # From here on every per-blade number is repeated once per fragment, row by row.
    counts = np.bincount(item, minlength=len(rows))
    look = np.repeat(kind, counts)
    reach = widest + 1e-3
    bright = np.clip(reach * length * size / 28.0 - 0.15, 0.0, 1.0)  # fine texture fades when small
    numbers = np.array(
        [[s.veins, s.spots, s.picotee, s.notch, s.fringe, s.ruffle, s.pinnate, s.fold]
         for s in styles], np.float32
    )  # fmt: skip
    blur = np.float32(2.0 / size) + rows[:, SOFT]
    table = np.stack(
        [*numbers[kind].T, *rows[:, [WIDTH, PHASE, LIGHT, SLANT, SHADOW, MARK, OPACITY]].T, reach,
         ux * ux + uy * uy, vx * vx + vy * vy, ux * vx + uy * vy, blur, 0.10 * length + blur,
         bright]
    )  # fmt: skip
    spread = np.repeat(table, counts, axis=1)
    veins, spots, picotee, notch, fringe, ruffle, pinnate, fold = spread[:8]
    width, phase, light, slant, shadow, marked, opacity, reach = spread[8:16]
    uu, vv, uv, blur, fade, fine = spread[16:]

    side = np.abs(v)
    across = v / reach
    edge_u = u
    if numbers[:, 3].any():
        edge_u = edge_u * (1.0 + notch / (1.0 + (across * 3.2) ** 2) ** 2)
    if numbers[:, 4].any():
        teeth = 0.5 + 0.5 * np.cos(across * 25.0 + phase * 2.0 + 9.0 * u)
        edge_u = edge_u + fringe * teeth * np.clip(u - 0.3, 0.0, 1.0)
    where = ((edge_u - _LOW) * ((_BINS - 1) / (_HIGH - _LOW))).astype(np.int32)
    where = np.clip(where, 0, _BINS - 1) + look.astype(np.int32) * _BINS
    halves = np.stack([s.half_width for s in styles])
    slopes = np.gradient(halves, (_HIGH - _LOW) / (_BINS - 1), axis=1).astype(np.float32)
    half = halves.ravel().take(where) * width
    if numbers[:, 5].any():
        half = half * (1.0 + ruffle * np.sin(u * 19.0 + phase * 6.0 + np.sign(v) * 1.3))
    slope = slopes.ravel().take(where) * width
    steep = slope * (slope * uu - 2.0 * np.sign(v) * uv) + vv
    distance = (half - side) / np.sqrt(np.maximum(steep, 1e-9))
    cover = np.clip(0.5 + distance / blur, 0.0, 1.0)
    shade = 1.0 - shadow * np.clip(0.55 + distance / fade, 0.0, 1.0)

    half = np.maximum(half, 1e-3)
    ray = np.clip(v / half, -1.3, 1.3)
    margin = np.abs(ray)
    line = (0.5 + 0.5 * np.cos(ray * (2.0 * np.pi * 2.5))) ** 2
    body = np.clip(u * 3.0, 0.0, 1.0) * np.clip((1.0 - u) * 2.2, 0.0, 1.0) * line
    light = (light + slant * ray) * (1.0 - fold * margin * margin)
    light = light * (1.0 - 0.07 * fine * body * (1.0 - pinnate))
    if numbers[:, 6].any():
        rib = np.clip(1.0 - side / 0.022, 0.0, 1.0)
        ribs = np.cos((u - 0.75 * side) * 44.0)
        light = light * (1.0 + pinnate * fine * (0.14 * rib + 0.05 * ribs * (margin < 1)))
    mark = veins * body * 1.15
    if numbers[:, 1].any():
        dots = np.cos(u * 30.0 + phase * 5.0) * np.cos(ray * 7.5 + phase * 9.0)
        zone = np.clip((0.78 - u) * 6.0, 0.0, 1.0) * np.clip(u * 6.0 - 0.7, 0.0, 1.0)
        mark = mark + spots * np.clip((np.abs(dots) - 0.45) * 5.0, 0.0, 1.0) * zone
    if numbers[:, 2].any():
        rim = np.clip((margin - 0.68) * 4.5, 0.0, 1.0) * np.clip(u * 3.0 - 0.6, 0.0, 1.0)
        rim = np.maximum(rim, np.clip((edge_u - 0.86) * 11.0, 0.0, 1.0))
        mark = np.maximum(mark, picotee * rim)
    mark = np.clip(mark * marked, 0.0, 1.0)
    alpha = cover * opacity
    colour = np.concatenate([s.colours for s in styles]).take(where, axis=0)
    tint = np.stack([s.mark for s in styles]).take(look, axis=0)
    rgba = np.empty((len(u), 4), np.float32)
    tint -= colour
    tint *= mark[:, None]
    colour += tint
    np.multiply(colour, (light * alpha)[:, None], out=rgba[:, :3])
    rgba[:, 3] = alpha
    return fragments(item, len(rows), pixel, rgba, shade)
