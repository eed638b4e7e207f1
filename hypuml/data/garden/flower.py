"""Flowers in space: petals, sepals and centres as rows for the painters, with painting order.

Convention: x right, y down, z towards the viewer; a flower's axis n leans by ``tilt`` towards the
screen angle ``direction``. Petals that show their inner face are painted before the centre, outer
petal layers first; petals that show their back are painted after it, outer layers last. All
flowers of a plant are computed at once, ``F`` flowers with ``P`` petals and sepals each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hypuml.data.garden import blades as b
from hypuml.data.garden import centres as r
from hypuml.data.garden import looks
from hypuml.data.garden.traits import Traits
from hypuml.types import FloatArray

_LIGHT = np.array([-0.42, -0.62, 0.66])
_SEPALS = 5
# Painting orders of one flower lie in [0, ORDERS).
ORDERS = 10.0


@dataclass(frozen=True)
class Poses:
    """Where and how the flowers of a plant stand; every field is ``[F]``.

    Attributes:
        x: place of the flower's middle.
        y: the same, downwards.
        radius: length of an outer petal, in half picture heights.
        tilt: angle of the axis to the line of sight.
        direction: screen angle of the lean.
        spin: rotation about the axis.
        bloom: 0 = bud, 0.5 = open, 1 = overblown.
        light: brightness factor of the whole flower.
    """

    x: FloatArray
    y: FloatArray
    radius: FloatArray
    tilt: FloatArray
    direction: FloatArray
    spin: FloatArray
    bloom: FloatArray
    light: FloatArray


@dataclass(frozen=True)
class _Frames:
    """Flower planes: ``e1``, ``e2`` span the plane, ``n`` is the axis; each ``[F, 3]``."""

    e1: FloatArray
    e2: FloatArray
    n: FloatArray


def opening(traits: Traits, bloom: FloatArray) -> FloatArray:
    """Elevation of the outer petals over the flower's plane, in radians; a bud stands at 1.36."""
    rest = 0.05 + 0.62 * traits.cup
    close = np.clip((0.5 - bloom) / 0.5, 0.0, 1.0)
    over = np.clip((bloom - 0.5) / 0.5, 0.0, 1.0)
    return rest + (1.36 - rest) * close**1.4 - (0.55 + 0.35 * rest) * over


def flowers(
    traits: Traits, poses: Poses, wilt: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Rows of all flowers of a plant, later flowers in front of earlier ones.

    Args:
        traits: the species.
        poses: the flowers.
        wilt: 0 = fresh, 1 = withered.
        rng: small irregularities.

    Returns:
        ``blades [F * P, ...]``, ``blade_order``, ``rounds [Q, ...]``, ``round_order``; paint in
        ascending order.
    """
    st, ct = np.sin(poses.tilt), np.cos(poses.tilt)
    cd, sd = np.cos(poses.direction), np.sin(poses.direction)
    frames = _Frames(
        np.stack([ct * cd, ct * sd, -st], -1),
        np.stack([-sd, cd, np.zeros_like(cd)], -1),
        np.stack([st * cd, st * sd, ct], -1),
    )
    young = np.minimum(poses.bloom / 0.45, 1.0)
    shrink = (0.62 + 0.38 * young) * (1.0 - 0.18 * wilt) * poses.radius
    petals, order = _petals(traits, poses, frames, shrink, wilt, rng)
    rounds, round_order = _centres(traits, poses, frames, shrink)
    return petals, order, rounds, round_order


def _petals(
    traits: Traits, poses: Poses, frames: _Frames, shrink: FloatArray, wilt: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    count, layers, lip = traits.petal_count, traits.layer_count, traits.bilateral
    many, total = len(poses.x), _SEPALS + count * layers
    layer = np.concatenate([np.full(_SEPALS, -1), np.repeat(np.arange(layers), count)])
    step = np.concatenate([np.arange(_SEPALS) / _SEPALS, np.tile(np.arange(count) / count, layers)])
    petal = layer >= 0
    wobble = rng.normal(0.0, 1.0, (4, many, total)).clip(-2.0, 2.0)
    bloom = poses.bloom[:, None]
    loose = 0.03 + 0.16 * wilt + 0.10 * np.maximum(bloom - 0.6, 0.0)
    # A lip hangs down: flowers with one turn only a little about their axis.
    down = ((1.0 - lip) * poses.spin + lip * (np.pi / 2 + 0.45 * np.sin(poses.spin)))[:, None]
    side = 2.0 * np.pi * step + np.where(petal, layer * np.pi / count, 0.35)
    jitter = wobble[0] * (loose * min(5.0 / count, 1.0) * petal)
    turn = side + down + lip * petal * 0.20 * np.sin(2.0 * side) + jitter
    azimuth = turn - poses.direction[:, None]
    length = np.where(petal, (0.60 + 0.24 * traits.inner) ** np.maximum(layer, 0), 0.46)
    if layers == 1:  # a single layer shows the trait as alternately long and short petals
        uneven = 1.0 - 0.5 * max(0.45 - traits.inner, 0.0) * (np.arange(total) % 2)
        length = np.where(petal, length * uneven, length)
    length = length * (1.0 + lip * petal * (0.26 * np.cos(side) + 0.08 * np.cos(2.0 * side)))
    length = shrink[:, None] * length * (1.0 + loose * 0.8 * wobble[1] * petal)
    fold = (1.0 - 0.45 * wilt) * (0.72 + 0.28 * np.minimum(bloom / 0.45, 1.0))
    wide = np.where(petal, (1.0 + lip * 0.30 * np.cos(side)) * fold, 1.0)
    elevation = opening(traits, bloom) + np.where(petal, 0.17 * layer, -0.22)
    elevation = np.minimum(elevation + loose * 1.4 * wobble[2], 1.42)

    ca, sa = np.cos(azimuth)[..., None], np.sin(azimuth)[..., None]
    ce, se = np.cos(elevation)[..., None], np.sin(elevation)[..., None]
    e1, e2, n = frames.e1[:, None], frames.e2[:, None], frames.n[:, None]
    radial, tangent = ca * e1 + sa * e2, ca * e2 - sa * e1
    along, normal = ce * radial + se * n, ce * n - se * radial
    bend = (traits.curl - 0.58) * 0.55 + 0.42 * wilt * wobble[3] - 0.35 * np.maximum(bloom - 0.6, 0)
    q = normal[..., :2] * np.where(petal, bend, -0.1)[..., None]
    q[..., 1] += 0.22 * wilt
    a, t = along[..., :2], tangent[..., :2]
    flat = np.sqrt((a * a).sum(-1)) + 1e-6
    a = a * (np.maximum(flat, 0.22) / flat)[..., None]  # a petal end-on still shows its curvature
    flat = np.maximum(flat, 0.22)
    det = a[..., 0] * t[..., 1] - a[..., 1] * t[..., 0]
    face = np.where(det < 0.0, -1.0, 1.0)
    push = np.maximum(0.20 * flat - np.abs(det), 0.0) * face / flat
    t = t + (push / flat)[..., None] * np.stack([-a[..., 1], a[..., 0]], -1)

    front = face > 0
    light = 0.91 + 0.18 * face * (normal @ _LIGHT) + 0.03 * wobble[1]
    rows = np.zeros((many, total, b.COLUMNS))
    rows[..., b.CX : b.CY + 1] = (
        np.stack([poses.x, poses.y], -1)[:, None]
        + radial[..., :2] * (0.05 * poses.radius)[:, None, None]
    )
    rows[..., b.AX : b.AY + 1] = a * length[..., None]
    rows[..., b.TX : b.TY + 1] = t * length[..., None]
    rows[..., b.QX : b.QY + 1] = q * length[..., None]
    inside = np.where(front, looks.PETAL + np.maximum(layer, 0), looks.BACK)
    rows[..., b.STYLE] = np.where(petal, inside, looks.SEPAL)
    rows[..., b.WIDTH] = wide
    rows[..., b.LIGHT] = light * poses.light[:, None]
    rows[..., b.PHASE] = wobble[3]
    rows[..., b.SLANT] = 0.10 * face * (tangent @ _LIGHT)
    rows[..., b.MARK] = np.where(petal, 1.0 + lip * 0.5 * np.cos(side), 0.0)
    rows[..., b.SHADOW] = 0.24
    rows[..., b.OPACITY] = np.where(petal, 0.96, 1.0)
    order = 0.15 * along[..., 2] + 0.02 * step + np.where(front, 1.0 + layer, 8.0 - layer)
    order = order + ORDERS * np.arange(many)[:, None]
    lost = 1.5 * np.maximum(bloom - 0.86, 0.0) + 0.5 * max(wilt - 0.55, 0.0)
    keep = ~petal | (rng.random((many, total)) >= lost)
    return rows[keep], order[keep]


def _centres(
    traits: Traits, poses: Poses, frames: _Frames, shrink: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Round rows of the flowers' centres."""
    weights = looks.centre_weights(traits)
    size = 0.13 + 0.17 * traits.centre_size + (0.05 if traits.petal_count > 8 else 0.0)
    n2 = frames.n[:, :2]
    # Seen from the side a dome keeps its height.
    plump = 0.35 * np.maximum(1.0 - frames.n[:, 2], 0.0)[:, None, None]
    plane = np.stack([frames.e1[:, :2], frames.e2[:, :2]], -1)
    plane = plane + plump * n2[:, :, None] * n2[:, None, :]
    rows: list[FloatArray] = []
    # A closing flower folds its centre together with its petals.
    room = 0.25 + 0.75 * np.cos(np.clip(opening(traits, poses.bloom), 0.0, np.pi / 2))

    def add(style: int, height: float, reach: float, opacity: float, light: float = 1.0,
            spokes: float = 6.0, shadow: float = 0.0) -> None:  # fmt: skip
        row = np.zeros((len(poses.x), r.COLUMNS))
        row[:, r.CX] = poses.x + n2[:, 0] * height * shrink
        row[:, r.CY] = poses.y + n2[:, 1] * height * shrink
        row[:, r.MXX : r.MYY + 1] = (plane * (reach * shrink * room)[:, None, None]).reshape(-1, 4)
        row[:, r.STYLE], row[:, r.PHASE], row[:, r.SPOKES] = style, poses.spin, spokes
        row[:, r.LIGHT], row[:, r.OPACITY] = light * poses.light, opacity
        row[:, r.SHADOW] = shadow
        rows.append(row)

    if weights["disc"] > 0.0:
        part = size * weights["disc"] ** 0.5
        add(looks.DISC, 0.02, part, 1.0, 0.72, shadow=0.3)
        add(looks.DISC, 0.09, part * 0.97, 1.0)
    if weights["trumpet"] > 0.0:
        part = size * 1.05 * weights["trumpet"] ** 0.5
        tall = (0.18 + 0.26 * traits.inner) * weights["trumpet"]
        for i in range(4):
            f = i / 4.0
            add(looks.CORONA_WALL, tall * f, part * (0.72 + 0.30 * f), 1.0, 0.80 + 0.22 * f,
                12.0, 0.3 if i == 0 else 0.0)  # fmt: skip
        add(looks.CORONA, tall, part * 1.06, 1.0, spokes=12.0)
    if weights["stamens"] > 0.0:
        part = weights["stamens"]
        spokes = float(np.clip(traits.petal_count, 5, 13))
        add(looks.SHEEN, 0.02, size * 0.45, 0.85 * part, shadow=0.3)
        add(looks.STAMENS, 0.16, size * 1.6, part, spokes=spokes)
    order = 6.0 + 0.05 * np.arange(len(rows))[:, None] + ORDERS * np.arange(len(poses.x))
    return np.concatenate(rows), order.ravel()
