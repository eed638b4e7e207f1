"""Golden values for the disk's JavaScript, from `hypuml.geometry` in float64 at curvature -1.

Everything is made anew from seeds, as lists that survive JSON to the last bit: points all over the
disk (distance from the origin up to 14), pairs that nearly coincide, pairs on a line through the
origin, pairs far apart near the rim.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypuml import geometry as G

F64 = NDArray[np.float64]
FAR = 14.0


def at(distance: F64, angle: F64) -> F64:
    """Points ``[N, 2]`` at distances from the origin and angles ``[N]``."""
    direction = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return G.expmap0(distance[:, None] / 2.0 * direction, 1.0)


def pairs(seed: int, count: int = 400) -> tuple[F64, F64]:
    """``count`` pairs of each kind, two arrays ``[4 * count + 4, 2]``."""
    rng = np.random.default_rng(seed)
    far = rng.uniform(0.0, FAR, (7, count))
    angle = rng.uniform(-np.pi, np.pi, (5, count))
    anywhere = at(far[0], angle[0]), at(far[1], angle[1])
    # A step so small that the second point differs from the first by few units of the gap.
    first = at(far[2], angle[2])
    step = 10.0 ** rng.uniform(-9.0, 0.0, count)
    close = first, G.mobius_add(first, at(step, rng.uniform(-np.pi, np.pi, count)), 1.0)
    side = rng.choice([0.0, np.pi], count)
    radial = at(far[3], angle[3]), at(far[4], angle[3] + side)
    rim = at(FAR - far[5] / FAR, angle[4]), at(FAR - far[6] / FAR, rng.permutation(angle[4]))
    origin, inner = np.zeros((1, 2)), np.array([[0.3, -0.4]])
    special = np.concatenate([origin, origin, inner, inner])
    other = np.concatenate([origin, inner, origin, inner])
    kinds = (anywhere, close, radial, rim, (special, other))
    return np.concatenate([k[0] for k in kinds]), np.concatenate([k[1] for k in kinds])


def goldens(seed: int) -> dict[str, Any]:
    """Inputs and what `hypuml.geometry` says of them; keys are used by `test_disk_maths.py`.

    ``z, w`` are pairs ``[N, 2]``, ``t`` positions in [-0.25, 1.25] that stay within ``FAR`` of the
    origin, ``radius`` hyperbolic radii in (0, 14), ``v`` tangent vectors.
    """
    z, w = pairs(seed)
    rng = np.random.default_rng(seed + 1)
    t = rng.uniform(-0.25, 1.25, len(z))
    outside = G.dist0(G.geodesic(z, w, t, 1.0), 1.0) > FAR
    t[outside] = np.abs(t[outside]) % 1.0
    t[:3] = 0.0, 1.0, 0.5
    radius = 10.0 ** rng.uniform(-6.0, np.log10(FAR), len(z))
    centre, euclidean = G.ball_circle(z, radius, 1.0)
    v = rng.normal(size=z.shape) * 10.0 ** rng.uniform(-6.0, 0.5, (len(z), 1))
    values = {
        "z": z,
        "w": w,
        "t": t,
        "radius": radius,
        "v": v,
        "dist": G.dist(z, w, 1.0),
        "dist0": G.dist0(z, 1.0),
        "geodesic": G.geodesic(z, w, t, 1.0),
        "translated": G.mobius_add(z, w, 1.0),
        "home": G.translate(w, z, 1.0),
        "circle": np.column_stack([centre, euclidean]),
        "exp0": G.expmap0(v, 1.0),
        "log0": G.logmap0(z, 1.0),
        "radius_of": np.tanh(radius / 2.0),
    }
    return {name: value.tolist() for name, value in values.items()}
