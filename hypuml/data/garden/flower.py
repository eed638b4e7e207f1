"""One flower in space: petals, sepals and centre as rows for the painters, in painting order.

Convention: x right, y down, z towards the viewer; the flower's axis n leans by ``tilt`` towards the
screen angle ``direction``. Petals that show their inner face are painted before the centre, outer
petal layers first; petals that show their back are painted after it, outer layers last.
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


@dataclass(frozen=True)
class Pose:
    """Where and how one flower stands.

    Attributes:
        x: place of the flower's middle.
        y: the same, downwards.
        radius: length of an outer petal, in half picture heights.
        tilt: angle of the axis to the line of sight.
        direction: screen angle of the lean.
        spin: rotation about the axis.
        bloom: 0 = bud, 0.5 = open, 1 = overblown.
        wilt: 0 = fresh, 1 = withered.
        light: brightness factor of the whole flower.
    """

    x: float
    y: float
    radius: float
    tilt: float
    direction: float
    spin: float
    bloom: float
    wilt: float
    light: float = 1.0


def opening(traits: Traits, bloom: float) -> float:
    """Elevation of the outer petals over the flower's plane, in radians: a bud stands at 1.3."""
    rest = 0.10 + 0.75 * traits.cup
    if bloom < 0.5:
        close = (0.5 - bloom) / 0.5
        return rest + (1.36 - rest) * close**1.4
    return rest - (0.55 + 0.35 * rest) * (bloom - 0.5) / 0.5


def flower(
    traits: Traits, pose: Pose, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Rows of one flower.

    Args:
        traits: the species.
        pose: this flower.
        rng: small irregularities.

    Returns:
        ``blades [P, ...]``, ``blade_order [P]``, ``rounds [Q, ...]``, ``round_order [Q]``; paint in
        ascending order (values in [0, 10)).
    """
    st, ct = np.sin(pose.tilt), np.cos(pose.tilt)
    cd, sd = np.cos(pose.direction), np.sin(pose.direction)
    e1, e2 = np.array([ct * cd, ct * sd, -st]), np.array([-sd, cd, 0.0])
    n = np.array([st * cd, st * sd, ct])
    rise = opening(traits, pose.bloom)
    count, layers = traits.petal_count, traits.layer_count
    bilateral = traits.bilateral
    shrink = (0.62 + 0.38 * min(pose.bloom / 0.45, 1.0)) * (1.0 - 0.18 * pose.wilt)

    total = _SEPALS + count * layers
    layer = np.concatenate([np.full(_SEPALS, -1), np.repeat(np.arange(layers), count)])
    step = np.concatenate(
        [np.arange(_SEPALS) / _SEPALS, np.tile(np.arange(count) / count, layers)]
    )
    petal = layer >= 0
    wobble = rng.normal(0.0, 1.0, (4, total))
    loose = 0.035 + 0.16 * pose.wilt + 0.10 * max(pose.bloom - 0.6, 0.0)
    down = pose.spin  # a lip points to the flower's own "down"
    turn = 2.0 * np.pi * step + down + np.where(petal, layer * np.pi / count, 0.35)
    side = turn - down
    turn = turn + bilateral * petal * 0.22 * np.sin(2.0 * side) + loose * wobble[0] * petal * (
        5.0 / max(count, 5)
    )
    azimuth = turn - pose.direction
    inner = 0.60 + 0.24 * traits.inner
    length = np.where(petal, inner ** np.maximum(layer, 0), 0.46)
    if layers == 1:  # a single layer shows the trait as alternately long and short petals
        uneven = 1.0 - 0.5 * max(0.45 - traits.inner, 0.0) * (np.arange(total) % 2)
        length = np.where(petal, length * uneven, length)
    lip = 1.0 + bilateral * petal * (0.34 * np.cos(side) + 0.10 * np.cos(2.0 * side) - 0.06)
    length = pose.radius * shrink * length * lip * (1.0 + loose * 0.8 * wobble[1] * petal)
    wide = np.where(petal, 1.0 + bilateral * (0.42 * np.cos(side) - 0.05), 1.0)
    wide = wide * (1.0 - 0.45 * pose.wilt) * (0.72 + 0.28 * min(pose.bloom / 0.45, 1.0))
    wide = np.where(petal, wide, 1.0)
    elevation = np.where(petal, rise + 0.17 * layer, rise - 0.22) + loose * 1.4 * wobble[2]
    elevation = np.minimum(elevation, 1.42)

    ca, sa = np.cos(azimuth)[:, None], np.sin(azimuth)[:, None]
    ce, se = np.cos(elevation)[:, None], np.sin(elevation)[:, None]
    radial = ca * e1 + sa * e2
    tangent = -sa * e1 + ca * e2
    along = ce * radial + se * n
    normal = -se * radial + ce * n
    bend = (traits.curl - 0.58) * 0.55 + 0.42 * pose.wilt * wobble[3]
    bend = np.where(petal, bend - 0.35 * max(pose.bloom - 0.6, 0.0), -0.1)
    a, t, q = along[:, :2], tangent[:, :2].copy(), normal[:, :2] * bend[:, None]
    q[:, 1] += 0.22 * pose.wilt
    flat = np.sqrt((a * a).sum(1)) + 1e-6
    a = a * (np.maximum(flat, 0.22) / flat)[:, None]  # never thinner than a petal's own curvature
    flat = np.maximum(flat, 0.22)
    det = a[:, 0] * t[:, 1] - a[:, 1] * t[:, 0]
    face = np.where(det < 0.0, -1.0, 1.0)
    push = (np.maximum(np.abs(det), 0.20 * flat) - np.abs(det)) * face / flat
    t += push[:, None] * np.stack([-a[:, 1], a[:, 0]], 1) / flat[:, None]

    front = face > 0
    shine = (normal * face[:, None]) @ _LIGHT
    light = pose.light * (0.86 + 0.20 * shine + 0.035 * wobble[1])
    light = np.where(petal & ~front, light * 0.97, light)
    core = np.array([pose.x, pose.y])
    rows = np.zeros((total, b.COLUMNS))
    rows[:, [b.CX, b.CY]] = core + radial[:, :2] * (0.05 * pose.radius)
    rows[:, [b.AX, b.AY]] = a * length[:, None]
    rows[:, [b.TX, b.TY]] = t * length[:, None]
    rows[:, [b.QX, b.QY]] = q * length[:, None]
    rows[:, b.STYLE] = np.where(
        petal, np.where(front, looks.PETAL + np.maximum(layer, 0), looks.BACK), looks.SEPAL
    )
    rows[:, b.WIDTH] = wide
    rows[:, b.LIGHT] = light
    rows[:, b.PHASE] = wobble[3]
    rows[:, b.MARK] = np.where(petal, 1.0 + bilateral * 0.5 * np.cos(side), 0.0)
    rows[:, b.SHADOW] = 0.26
    rows[:, b.OPACITY] = np.where(petal, 0.965, 1.0)
    depth = along[:, 2] * 0.5
    order = np.where(
        front, 1.0 + layer + 0.3 * depth + 0.02 * step, 8.0 - layer + 0.3 * depth + 0.02 * step
    )
    keep = np.ones(total, dtype=bool)
    lost = max(pose.bloom - 0.86, 0.0) * 1.5 + max(pose.wilt - 0.55, 0.0) * 0.5
    if lost > 0.0:
        keep[petal] = rng.random(int(petal.sum())) >= lost
    disks = _centre(traits, pose, core, e1, e2, n, shrink)
    return rows[keep], order[keep], disks, 6.0 + 0.05 * np.arange(len(disks))


def _centre(
    traits: Traits, pose: Pose, core: FloatArray, e1: FloatArray, e2: FloatArray, n: FloatArray,
    shrink: float,
) -> FloatArray:
    """Round rows of the flower's centre, in painting order."""
    weights = looks.centre_weights(traits)
    size = 0.16 + 0.22 * traits.centre_size
    if traits.petal_count > 8:
        size += 0.05
    radius = pose.radius * shrink
    rows: list[list[float]] = []

    def add(style: int, height: float, reach: float, opacity: float, light: float = 1.0,
            spokes: float = 6.0, shadow: float = 0.0) -> None:  # fmt: skip
        x, y = core + n[:2] * (height * radius)
        k = reach * radius
        m = np.stack([e1[:2], e2[:2]], 1) * k
        if n[2] < 0.3:  # seen from the side a dome keeps its height
            m = m + 0.35 * k * np.outer(n[:2], n[:2]) * (1.0 - n[2])
        rows.append(
            [x, y, m[0, 0], m[0, 1], m[1, 0], m[1, 1], style, pose.spin, light * pose.light,
             opacity, shadow, spokes]
        )  # fmt: skip

    if weights["disc"] > 0.0:
        part = np.sqrt(weights["disc"])
        for height, dim in ((0.02, 0.62), (0.08, 0.85)):
            add(looks.DISC, height, size * part, 1.0, dim, shadow=0.3)
        add(looks.DISC, 0.13, size * 0.95 * part, 1.0)
    if weights["trumpet"] > 0.0:
        part = weights["trumpet"]
        tall = (0.20 + 0.28 * traits.inner) * part
        for i in range(4):
            f = i / 4.0
            add(looks.CORONA_WALL, tall * f, size * (0.72 + 0.30 * f) * part**0.5, 1.0,
                0.78 + 0.24 * f, shadow=0.3 if i == 0 else 0.0)  # fmt: skip
        add(looks.CORONA, tall, size * 1.06 * part**0.5, 1.0, spokes=12.0)
    if weights["stamens"] > 0.0:
        part = weights["stamens"]
        spokes = float(max(traits.petal_count, 5) if traits.petal_count < 13 else 13)
        add(looks.SHEEN, 0.02, size * 0.42, 0.85 * part, shadow=0.3)
        add(looks.STAMENS, 0.16, size * 1.35, part, spokes=spokes)
    return np.array(rows, dtype=np.float64).reshape(-1, r.COLUMNS)
